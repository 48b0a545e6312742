/* Stepping through a TOML file: keys, strings, and over everything else. */
#ifndef LAUNCHER_TOML_H
#define LAUNCHER_TOML_H

#include "launcher.h"

struct toml {
	const uint8_t *at, *end;
	unsigned line;
	const char *file;
};

int toml_peek(const struct toml *toml, size_t offset);
void toml_skip_blank(struct toml *toml);
void toml_skip_comment(struct toml *toml);
void toml_skip_value(struct toml *toml);
char *toml_string(struct toml *toml);
const char *toml_key(struct toml *toml);

#endif

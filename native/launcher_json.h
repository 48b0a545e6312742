/* Reading JSON (RFC 8259) piece by piece. Functions return -1 after failed() has noted where the text is wrong. */
#ifndef LAUNCHER_JSON_H
#define LAUNCHER_JSON_H

#include "launcher.h"

struct json {
	const char *file;
	const uint8_t *start, *at, *end;
};

/* A decoded string. What goes beyond room is counted in length and dropped. */
struct decoded {
	char *at; /* NULL: the string is only checked and counted */
	size_t length, room;
};

int json_wrong(const struct json *json, const char *what);
int json_peek(struct json *json);
int json_expect(struct json *json, int wanted, const char *what);
int json_string(struct json *json, struct decoded *out);
int json_key(struct json *json, struct decoded *key);
int json_scalar(struct json *json);
int json_skip(struct json *json);

#endif

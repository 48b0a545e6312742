/*
 * The launcher's four keys of the configuration file: `key = "value"` before the first [table]. Everything else is
 * stepped over, strings and brackets minded; the daemon checks the whole file and complains.
 */
#include "launcher_toml.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CONFIG_LIMIT (1u << 20)

static int
set_grouping(const struct toml *toml, struct config *config, const char *value)
{
	static const char *const words[] = { "all", "namespace", "pod" };
	for (unsigned i = 0; i < sizeof words / sizeof *words; i++) {
		if (strcmp(value, words[i]) == 0) {
			config->grouping = (enum grouping)i;
			return 0;
		}
	}
	return failed("%s:%u: grouping is \"%s\": it must be \"all\", \"namespace\" or \"pod\"", toml->file, toml->line,
		value);
}

static int
set_path(const struct toml *toml, const char *key, const char **path, const char *value)
{
	if (value[0] != '/')
		return failed("%s:%u: %s is \"%s\": it must be an absolute path", toml->file, toml->line, key, value);
	*path = clean_path(value);
	return 0;
}

int
parse_config(struct bytes content, struct config *config)
{
	struct {
		const char *key;
		const char **path; /* NULL: grouping */
		bool seen;
	} keys[] = {
		{ "grouping", NULL, false },
		{ "socket_dir", &config->socket_dir, false },
		{ "run_dir", &config->run_dir, false },
		{ "node", &config->node, false },
	};
	struct toml toml = { content.at, content.at + content.length, 1, config->file };
	for (int c; (c = toml_peek(&toml, 0)) >= 0;) {
		if (c == '\n' || c == '\r' || c == ' ' || c == '\t') {
			toml.line += c == '\n';
			toml.at++;
			continue;
		}
		if (c == '[')
			break;
		const char *key = c == '#' ? NULL : toml_key(&toml);
		size_t ours = 0;
		while (key != NULL && ours < sizeof keys / sizeof *keys && strcmp(key, keys[ours].key) != 0)
			ours++;
		if (key == NULL || ours == sizeof keys / sizeof *keys) {
			toml_skip_value(&toml);
			continue;
		}
		toml_skip_blank(&toml);
		const char *value = toml_string(&toml);
		toml_skip_blank(&toml);
		if (toml_peek(&toml, 0) == '#')
			toml_skip_comment(&toml);
		if (toml_peek(&toml, 0) == '\r')
			toml.at++;
		if (value == NULL || (toml_peek(&toml, 0) >= 0 && toml_peek(&toml, 0) != '\n'))
			return failed("%s:%u: the value of %s is not a string on one line", toml.file, toml.line, key);
		if (keys[ours].seen)
			return failed("%s:%u: %s is given twice", toml.file, toml.line, key);
		keys[ours].seen = true;
		if ((keys[ours].path == NULL ? set_grouping(&toml, config, value)
					     : set_path(&toml, key, keys[ours].path, value)) != 0)
			return -1;
	}
	return 0;
}

/* A file that CONTAINERD_SHIM_JAIL_CONFIG names must exist; the one in the usual place need not. */
int
read_config(struct config *config)
{
	const char *named = getenv("CONTAINERD_SHIM_JAIL_CONFIG");
	bool given = named != NULL && named[0] != '\0';
	*config = (struct config){ .file = given ? named : DEFAULT_CONFIG, .run_dir = DEFAULT_RUN_DIR };
	if (given && named[0] != '/')
		return failed("CONTAINERD_SHIM_JAIL_CONFIG is %s: it must be an absolute path", named);
	struct bytes content;
	if (read_file(config->file, CONFIG_LIMIT, &content) != 0)
		return errno == ENOENT && !given ? 0 : -1;
	return parse_config(content, config);
}

/*
 * What the daemon writes to its standard error: nothing, but when Node cannot load it or it crashes. Kept in a file of
 * the run directory, from which a failed start takes the line that says why.
 */
#include "launcher.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define WORDS_LIMIT (1u << 20)

static const char *
words_path(const char *run_dir)
{
	return text("%s/stderr", run_dir);
}

/* Empties the file for a daemon that is about to start. Returns the descriptor, which the caller closes. */
int
open_words(const char *run_dir)
{
	const char *path = words_path(run_dir);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	return fd < 0 ? failed("cannot open %s: %s", path, strerror(errno)) : fd;
}

/* Node shows the place in the source first, then a line such as "TypeError: ..." or "Error [ERR_X]: ...". */
static bool
names_error(const char *line)
{
	const char *colon = strchr(line, ':');
	const char *error = strstr(line, "Error");
	if (error == NULL)
		error = strstr(line, "ERROR");
	return colon != NULL && error != NULL && error < colon;
}

/* The line that says most, NULL when nothing was written. */
const char *
last_words(const char *run_dir)
{
	struct bytes content;
	if (read_file(words_path(run_dir), WORDS_LIMIT, &content) != 0)
		return NULL;
	const char *first = NULL;
	for (size_t at = 0; at < content.length;) {
		const uint8_t *end = memchr(content.at + at, '\n', content.length - at);
		size_t length = end != NULL ? (size_t)(end - content.at) - at : content.length - at;
		const char *line = text("%.*s", (int)length, (const char *)content.at + at);
		if (names_error(line))
			return line;
		if (first == NULL && line[strspn(line, " \t\r")] != '\0')
			first = line;
		at += length + 1;
	}
	return first;
}

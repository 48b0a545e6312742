/* Paths as Go's path/filepath cleans and joins them: socket names are hashes of such strings. */
#include "launcher.h"

#include <string.h>

/* The shortest equivalent of a path, found lexically: no "//", ".", inner "..", no "/" at the end; "" becomes ".". */
char *
clean_path(const char *path)
{
	bool rooted = path[0] == '/';
	char *clean = hold(strlen(path) + 2);
	size_t length = 0, keep = 0; /* `..` cannot take away the first `keep` bytes */
	if (rooted) {
		clean[length++] = '/';
		keep = 1;
	}
	for (const char *at = path; *at != '\0';) {
		size_t part = strcspn(at, "/");
		if (part == 0) {
			at++;
			continue;
		}
		if (part == 2 && at[0] == '.' && at[1] == '.') {
			if (length > keep) {
				while (length > keep && clean[length - 1] != '/')
					length--;
				if (length > keep)
					length--; /* the slash */
			} else if (!rooted) {
				if (length > 0)
					clean[length++] = '/';
				clean[length++] = '.';
				clean[length++] = '.';
				keep = length;
			}
		} else if (!(part == 1 && at[0] == '.')) {
			if (length > 0 && clean[length - 1] != '/')
				clean[length++] = '/';
			memcpy(clean + length, at, part);
			length += part;
		}
		at += part;
	}
	if (length == 0)
		clean[length++] = '.';
	clean[length] = '\0';
	return clean;
}

/* Empty parts count for nothing; of only empty parts comes "". */
char *
join_path(const char *const parts[], size_t count)
{
	const char *joined = "";
	for (size_t i = 0; i < count; i++) {
		if (parts[i][0] != '\0')
			joined = joined[0] == '\0' ? parts[i] : text("%s/%s", joined, parts[i]);
	}
	return joined[0] == '\0' ? text("%s", "") : clean_path(joined);
}

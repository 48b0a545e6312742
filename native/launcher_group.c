/*
 * Which daemon a container belongs to: its socket, <socket dir>/<sha256 of the group's key>, and its run directory,
 * <run_dir>/<first 16 digits of the same>.
 */
#include "launcher.h"

#include <string.h>
#include <sys/stat.h>

#define CONFIG_JSON_LIMIT (32u << 20)
#define NOTE "containerd-shim-jail.socket"
#define NOTE_LIMIT 4096
#define HASH_DIGITS 64
#define RUN_DIGITS 16

/* In place of a group in the keys of daemons that serve more than one. */
static const char everyone[] = "containerd-shim-jail";

static int
pod_of(const struct arguments *arguments, const char *bundle, const char **pod)
{
	const char *path = text("%s/config.json", bundle);
	struct bytes content;
	struct annotations annotations;
	if (read_file(path, CONFIG_JSON_LIMIT, &content) != 0 || parse_annotations(path, content, &annotations) != 0)
		return -1;
	*pod = annotations.group != NULL     ? annotations.group
	       : annotations.sandbox != NULL ? annotations.sandbox
					     : arguments->id;
	return 0;
}

int
group_of(const struct arguments *arguments, const struct config *config, const char *bundle, const char *socket_dir,
	struct group *group)
{
	const char *namespace = config->grouping == GROUP_ALL ? "" : arguments->namespace;
	const char *last = everyone;
	if (config->grouping == GROUP_POD && pod_of(arguments, bundle, &last) != 0)
		return -1;
	char hash[HASH_DIGITS + 1];
	group->key = join_path((const char *const[]){ arguments->address, namespace, last }, 3);
	sha256_hex(group->key, strlen(group->key), hash);
	group->socket = text("%s/%s", socket_dir, hash);
	group->run_dir = text("%s/%.*s", config->run_dir, RUN_DIGITS, hash);
	return 0;
}

/*
 * `start` notes the daemon's socket in the bundle for `delete`. It is not always the one in `address`: a daemon of all
 * namespaces serves the tasks of each on a socket of their own. And the grouping may be configured anew meanwhile.
 */
int
note_group(const char *bundle, const struct group *group)
{
	return replace_file(bundle, NOTE, group->socket);
}

/*
 * The group by that note: 1, or 0 when there is none to be trusted: then the group must be worked out again. Trusted is
 * a socket in the configured directory, or the one that the launcher wrote into the run directory when it started that
 * daemon (containerd may have named another directory on stdin).
 */
int
group_from_bundle(const struct config *config, const char *bundle, struct group *group)
{
	const char *path = text("%s/" NOTE, bundle);
	struct stat status;
	struct bytes content;
	if (lstat(path, &status) != 0 || !S_ISREG(status.st_mode) || read_file(path, NOTE_LIMIT, &content) != 0)
		return 0;
	if (content.length == 0 || content.at[0] != '/' || memchr(content.at, '\0', content.length) != NULL)
		return 0;
	const char *socket_path = text("%.*s", (int)content.length, (const char *)content.at);
	const char *name = strrchr(socket_path, '/') + 1;
	if (strlen(name) != HASH_DIGITS || strspn(name, "0123456789abcdef") != HASH_DIGITS)
		return 0;
	group->key = NULL;
	group->socket = clean_path(socket_path);
	group->run_dir = text("%s/%.*s", config->run_dir, RUN_DIGITS, name);
	const char *socket_dir = config->socket_dir != NULL ? config->socket_dir : DEFAULT_SOCKET_DIR;
	if (strcmp(group->socket, text("%s/%s", socket_dir, name)) == 0)
		return 1;
	const char *noted = noted_socket(group->run_dir);
	return noted != NULL && strcmp(noted, group->socket) == 0;
}

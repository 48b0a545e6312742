/*
 * `delete`: the daemon cleans up after the container and says how it ended; without a daemon, main.js does, from the
 * store that the daemon left.
 */
#include "launcher.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool
is_gone(enum outcome outcome)
{
	return outcome == ABSENT || outcome == STALE || outcome == LEAVING;
}

/* Prints the answer's payload, which is a containerd.task.v2.DeleteResponse. */
static int
print_answer(const struct call *call)
{
	if (write_all(STDOUT_FILENO, call->answer.at, call->answer.length) != 0)
		return failed("cannot write the response: %s", strerror(errno));
	return 0;
}

/* Becomes main.js with the lock held as fd 5, so that no daemon starts meanwhile: the lock ends with that process. */
static int
clean_up_alone(const struct arguments *arguments, const struct config *config, const struct group *group, int lock,
	int64_t deadline)
{
	struct program program;
	/* Nobody else takes it while the lock is held; it is released at the exec. */
	if (take_life(group, deadline) < 0 || remove_socket(group->socket) != 0)
		return -1;
	if (delete_program(arguments, config, group, &program) != 0)
		return -1;
	/* dup2 turns close-on-exec off, but not from a descriptor to itself. */
	if (lock == LOCK_FD ? fcntl(lock, F_SETFD, 0) != 0 : dup2(lock, LOCK_FD) < 0)
		return failed("cannot hand the lock on: %s", strerror(errno));
	return become(&program);
}

/*
 * A daemon that ends as it should takes its store with it. Where one was left, a daemon was killed with containers, and
 * containerd deletes all of these at the same time: one new daemon cleans up after all of them when it starts, and
 * answers every launcher, where a program for each would not be done in the time that containerd gives them.
 */
static bool
was_killed(const struct arguments *arguments, const struct config *config, struct group *group)
{
	if (access(text("%s/state.db", group->run_dir), F_OK) != 0)
		return false;
	/* A group that the bundle told has no key; the key is that of the container when both mean the same daemon. */
	struct group own;
	if (group->key == NULL && group_of(arguments, config, arguments->bundle, DEFAULT_SOCKET_DIR, &own) == 0 &&
	    strcmp(own.run_dir, group->run_dir) == 0)
		group->key = own.key;
	return group->key != NULL;
}

static int
find_group(const struct arguments *arguments, const struct config *config, struct group *group)
{
	struct stat status;
	bool exists;
	if (stat(arguments->bundle, &status) != 0)
		return failed("delete: cannot find the bundle %s: %s", arguments->bundle, strerror(errno));
	if (!S_ISDIR(status.st_mode))
		return failed("delete: the bundle %s is not a directory", arguments->bundle);
	const char *socket_dir = config->socket_dir != NULL ? config->socket_dir : DEFAULT_SOCKET_DIR;
	if (group_from_bundle(config, arguments->bundle, group) == 0 &&
	    group_of(arguments, config, arguments->bundle, socket_dir, group) != 0)
		return -1;
	char *directory = text("%s", group->socket);
	*strrchr(directory, '/') = '\0';
	return check_socket_length(group->socket) != 0 ? -1 : check_private(directory, &exists);
}

int
delete_container(const struct arguments *arguments, const struct config *config)
{
	struct group group;
	int64_t deadline = now_ms() + DELETE_MS;
	if (find_group(arguments, config, &group) != 0)
		return -1;
	struct call call = { .method = "Cleanup", .payload = container_payload(arguments, arguments->bundle) };
	enum outcome outcome = ask_daemon(group.socket, &call, deadline);
	if (outcome == ANSWERED)
		return print_answer(&call);
	if (outcome == REFUSED)
		return -1;
	if (outcome == SILENT)
		return failed("the daemon on %s did not answer Cleanup within %d ms", group.socket, DELETE_MS);
	int lock = open_lock(group.run_dir, deadline);
	if (lock < 0)
		return -1;
	outcome = ask_under_lock(&group, &call, deadline);
	if (is_gone(outcome) && was_killed(arguments, config, &group) && start_daemon(arguments, config, NULL, &group, lock, deadline) == 0)
		outcome = ask_under_lock(&group, &call, deadline);
	int result = -1;
	if (outcome == ANSWERED)
		result = print_answer(&call);
	else if (is_gone(outcome))
		result = clean_up_alone(arguments, config, &group, lock, deadline);
	(void)close(lock); /* which unlocks it */
	return result;
}

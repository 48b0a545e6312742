/* `start`: finds or starts the daemon of the container's group, writes `address` into the bundle and prints it. */
#include "launcher.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

/* With the lock held, and sure that the group has no daemon. `shim_cgroup` may be NULL. */
int
start_daemon(const struct arguments *arguments, const struct config *config, const char *shim_cgroup,
	const struct group *group, int lock, int64_t deadline)
{
	struct program program;
	struct place place;
	if (daemon_program(arguments, config, group, &program) != 0 || find_place(shim_cgroup, &place) != 0)
		return -1;
	int life = take_life(group, deadline);
	int listener = life < 0 ? -1 : listen_on(group->socket);
	if (listener < 0) {
		if (life >= 0)
			(void)close(life); /* which unlocks it */
		return -1;
	}
	int status_fd = -1, words = -1;
	pid_t pid = -1;
	if (note_socket(group->run_dir, lock, group->socket) != 0 || (words = open_words(group->run_dir)) < 0)
		(void)close(listener); /* it goes with its name, below */
	else
		pid = spawn_daemon(&program, listener, words, life, &place, &status_fd);
	(void)close(life); /* the daemon has its own, if there is one */
	int result = pid < 0 ? -1 : await_ready(&program, group->run_dir, pid, status_fd);
	if (pid >= 0)
		(void)close(status_fd); /* read to the end, or to where it stopped to matter */
	if (result != 0)
		(void)unlink(group->socket); /* the failure to start is the one to report */
	return result;
}

/* Reserves a place for the container in a daemon, which may have to be started. */
static int
reserve(const struct arguments *arguments, const struct config *config, const struct bootstrap *bootstrap,
	struct group *group, struct call *call)
{
	enum outcome outcome = ask_daemon(group->socket, call, now_ms() + ANSWER_MS);
	if (outcome == ANSWERED)
		return 0;
	if (outcome == REFUSED)
		return -1;
	/* A daemon that is being started listens but does not answer yet; the lock is free when it does. */
	int lock = open_lock(group->run_dir, now_ms() + LOCK_MS);
	if (lock < 0)
		return -1;
	outcome = ask_under_lock(group, call, now_ms() + ANSWER_MS);
	int result = outcome == ANSWERED ? 0 : -1;
	if (outcome == ABSENT || outcome == STALE || outcome == LEAVING) {
		result = start_daemon(arguments, config, bootstrap->shim_cgroup, group, lock, now_ms() + LIFE_MS);
		if (result == 0 && (outcome = ask_under_lock(group, call, now_ms() + ANSWER_MS)) != ANSWERED) {
			if (outcome == ABSENT || outcome == STALE || outcome == LEAVING)
				(void)failed("the daemon ended as soon as it served");
			result = -1;
		}
	}
	(void)close(lock); /* which unlocks it */
	return result;
}

/*
 * Where containerd shall find its tasks: on the daemon's own socket, or on the one that it has for the container's
 * namespace and names in its answer. Only containerd connects to it.
 */
static const char *
task_address(const struct group *group, struct bytes answer)
{
	enum { ANSWER_SOCKET = 2 };
	const char *path = group->socket;
	struct field field;
	int more;
	while ((more = next_field(&answer, &field)) > 0) {
		if (field.number == ANSWER_SOCKET && field.bytes.length > 0)
			path = text("%.*s", (int)field.bytes.length, (const char *)field.bytes.at);
	}
	if (more < 0 || path[0] != '/') {
		(void)failed("the daemon on %s does not say where its tasks are served", group->socket);
		return NULL;
	}
	return text("unix://%s", path);
}

int
start(const struct arguments *arguments, const struct config *config)
{
	struct bytes input;
	struct bootstrap bootstrap;
	struct group group;
	bool exists;
	char *bundle = hold(PATH_MAX + 1);
	if (getcwd(bundle, PATH_MAX) == NULL)
		return failed("start: cannot find the bundle, which is the working directory: %s", strerror(errno));
	if (read_stdin(&input) != 0 || parse_bootstrap(input, arguments, &bootstrap) != 0)
		return -1;
	const char *socket_dir = config->socket_dir != NULL     ? config->socket_dir
				 : bootstrap.socket_dir != NULL ? bootstrap.socket_dir
								: DEFAULT_SOCKET_DIR;
	if (group_of(arguments, config, bundle, socket_dir, &group) != 0 || check_socket_length(group.socket) != 0 ||
	    check_private(socket_dir, &exists) != 0)
		return -1;
	struct call call = { .method = "Reserve", .payload = container_payload(arguments, bundle) };
	if (reserve(arguments, config, &bootstrap, &group, &call) != 0)
		return -1;
	const char *address = task_address(&group, call.answer);
	if (address == NULL || note_group(bundle, &group) != 0)
		return -1;
	/* containerd 1.6 and 1.7 find the daemon again, after a restart of theirs, by this file alone. */
	if (replace_file(bundle, "address", address) != 0)
		return -1;
	struct bytes answer = bootstrap_answer(&bootstrap, address);
	if (write_all(STDOUT_FILENO, answer.at, answer.length) != 0)
		return failed("cannot write the address: %s", strerror(errno));
	return 0;
}

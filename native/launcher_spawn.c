/*
 * Starts the daemon: a session of its own, "/" as working directory, /dev/null as 0 and 1, a file as 2, the listening
 * socket as 3, the status pipe as 4, the lock of its life as 5 and nothing else open. Its 1 and 2 must not be the launcher's: containerd reads those
 * until their last holder is gone.
 */
#include "launcher.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define ABOVE_ALL (LIFE_FD + 1) /* descriptors from here on are no target of the child's dup2 */

struct descriptors {
	int null, words, listener, status, life;
};

/* Between fork and exec: only what signal-safety(7) allows. */
static int
prepare_child(const struct descriptors *from, const struct place *place)
{
	if (setsid() < 0)
		return STEP_SESSION;
	if (chdir("/") != 0)
		return STEP_DIRECTORY;
	/* dup2 leaves close-on-exec off; every other descriptor of the launcher has it on. */
	if (dup2(from->listener, LISTEN_FD) < 0 || dup2(from->life, LIFE_FD) < 0 || dup2(from->null, STDIN_FILENO) < 0 ||
	    dup2(from->null, STDOUT_FILENO) < 0 || dup2(from->words, STDERR_FILENO) < 0)
		return STEP_DESCRIPTORS;
	if (take_place(place) != 0)
		return STEP_PLACE;
	return reset_signals() != 0 ? STEP_SIGNALS : 0;
}

static _Noreturn void
be_daemon(const struct program *program, const struct descriptors *from, const struct place *place)
{
	int step = prepare_child(from, place);
	/* Last, so that nothing else can be at fault when the other end sees no more than the end of the pipe. */
	if (step == 0 && dup2(from->status, STATUS_FD) < 0)
		step = STEP_DESCRIPTORS;
	if (step == 0) {
		(void)execve(program->path, program->argv, program->environment);
		step = STEP_EXECUTE;
	}
	char report[] = { STEP_MARK, (char)step, (char)errno };
	_exit(write_all(from->status, report, sizeof report) != 0 ? 2 : 1);
}

/* Moves a descriptor above those that the child assigns. Returns -1 with errno; the old one is closed either way. */
static int
lift(int fd)
{
	if (fd < 0)
		return -1;
	int lifted = fcntl(fd, F_DUPFD_CLOEXEC, ABOVE_ALL);
	int error = errno;
	(void)close(fd); /* a duplicate lives on, or nothing was done with it */
	errno = error;
	return lifted;
}

/* Closes the listener and words, the daemon's standard error, in every case. The lock of its life, and the status pipe's read end
 * that becomes *status_fd, are to be closed by the caller. */
pid_t
spawn_daemon(const struct program *program, int listener, int words, int life, const struct place *place,
	int *status_fd)
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) != 0) {
		int error = errno;
		(void)close(listener); /* nothing was accepted on it */
		(void)close(words);    /* nor written to this */
		return failed("cannot make a pipe: %s", strerror(error));
	}
	struct descriptors from = { .listener = lift(listener) };
	int error = from.listener < 0 ? errno : 0;
	from.status = lift(ends[1]);
	if (from.status < 0 && error == 0)
		error = errno;
	from.words = lift(words);
	if (from.words < 0 && error == 0)
		error = errno;
	from.life = lift(dup(life));
	if (from.life < 0 && error == 0)
		error = errno;
	from.null = lift(open("/dev/null", O_RDWR | O_CLOEXEC));
	if (from.null < 0 && error == 0)
		error = errno;
	pid_t pid = error == 0 ? fork() : -1;
	if (pid == 0)
		be_daemon(program, &from, place);
	if (pid < 0 && error == 0)
		error = errno;
	const int opened[] = { from.listener, from.status, from.words, from.null, from.life };
	for (size_t i = 0; i < sizeof opened / sizeof *opened; i++) {
		if (opened[i] >= 0)
			(void)close(opened[i]); /* the child has its own */
	}
	if (pid < 0) {
		(void)close(ends[0]); /* nobody will write */
		return failed("cannot start the daemon: %s", strerror(error));
	}
	*status_fd = ends[0];
	return pid;
}

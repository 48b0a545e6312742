/* Signals of the launcher itself, none of which its children inherit, and waiting for a child with a time limit. */
#include "launcher.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

static void
note_nothing(int number)
{
	(void)number;
}

/*
 * SIGCHLD is blocked, to be waited for; it needs a handler, as FreeBSD drops ignored signals even when blocked, and an
 * inherited SIG_IGN would reap the child unseen. A reader of our output that went away is an error of write(2).
 */
int
prepare_signals(void)
{
	struct sigaction child = { .sa_handler = note_nothing }, pipe = { .sa_handler = SIG_IGN };
	sigset_t mask;
	if (sigemptyset(&child.sa_mask) != 0 || sigemptyset(&pipe.sa_mask) != 0 || sigemptyset(&mask) != 0 ||
	    sigaddset(&mask, SIGCHLD) != 0 || sigaction(SIGCHLD, &child, NULL) != 0 ||
	    sigaction(SIGPIPE, &pipe, NULL) != 0 || sigprocmask(SIG_SETMASK, &mask, NULL) != 0)
		return failed("cannot prepare signals: %s", strerror(errno));
	return 0;
}

/* All dispositions to their defaults and nothing blocked. Safe between fork and exec. Returns -1 with errno. */
int
reset_signals(void)
{
	struct sigaction fallback = { .sa_handler = SIG_DFL };
	sigset_t none;
	if (sigemptyset(&fallback.sa_mask) != 0 || sigemptyset(&none) != 0)
		return -1;
	for (int number = 1; number <= SIGRTMAX; number++) {
		/* SIGKILL, SIGSTOP and those that libc keeps for itself cannot be set, nor were they changed. */
		if (sigaction(number, &fallback, NULL) != 0 && errno != EINVAL)
			return -1;
	}
	return sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Waits for the child until the deadline: 1 when it was reaped, 0 when it still runs, -1 with errno. */
int
reap(pid_t pid, int64_t deadline, int *status)
{
	for (;;) {
		pid_t reaped = waitpid(pid, status, WNOHANG);
		if (reaped == pid)
			return 1;
		if (reaped < 0 && errno != EINTR)
			return -1;
		int left = remaining_ms(deadline);
		if (left == 0)
			return 0;
		sigset_t child;
		struct timespec bound = { .tv_sec = left / 1000, .tv_nsec = left % 1000 * 1000000L };
		if (sigemptyset(&child) != 0 || sigaddset(&child, SIGCHLD) != 0)
			return -1;
		if (sigtimedwait(&child, NULL, &bound) < 0 && errno != EAGAIN && errno != EINTR)
			return -1;
	}
}

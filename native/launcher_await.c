/*
 * Waits for the daemon that was just started. On the status pipe it says "ready", or "error: " and why not, on one line;
 * the end of the pipe without either means that it died. A daemon that does not become ready is not left behind.
 */
#include "launcher.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define READY "ready"
#define ERROR "error: "
#define LINE_MAX_BYTES 1024

enum said { SAID_LINE, SAID_NOTHING, SAID_TOO_LATE };

/* Reads until a line is complete, the pipe ends or the deadline passes. */
static int
read_line(int fd, int64_t deadline, char line[LINE_MAX_BYTES + 1], size_t *length)
{
	*length = 0;
	for (;;) {
		struct pollfd wait = { .fd = fd, .events = POLLIN };
		int ready = poll(&wait, 1, remaining_ms(deadline));
		if (ready < 0 && errno == EINTR)
			continue;
		if (ready < 0)
			return failed("poll: %s", strerror(errno));
		if (ready == 0)
			return SAID_TOO_LATE;
		ssize_t got = read(fd, line + *length, LINE_MAX_BYTES - *length);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return failed("cannot read the daemon's status: %s", strerror(errno));
		*length += (size_t)got;
		bool complete = memchr(line, '\n', *length) != NULL || *length == LINE_MAX_BYTES;
		/* What the child itself reports may hold a byte that looks like a newline: it ends with the pipe. */
		if (got > 0 && (!complete || line[0] == STEP_MARK) && *length < LINE_MAX_BYTES)
			continue;
		line[*length] = '\0';
		return *length > 0 ? SAID_LINE : SAID_NOTHING;
	}
}

static const char *
describe_step(const struct program *program, const char *report)
{
	static const char *const steps[] = {
		[STEP_SESSION] = "start a session",
		[STEP_DIRECTORY] = "change to /",
		[STEP_DESCRIPTORS] = "arrange its descriptors",
		[STEP_PLACE] = "enter its cgroup or set its OOM score",
		[STEP_SIGNALS] = "reset its signals",
	};
	size_t step = (unsigned char)report[1];
	const char *why = strerror((unsigned char)report[2]);
	if (step == STEP_EXECUTE)
		return text("cannot execute %s: %s", program->path, why);
	return text("the daemon cannot %s: %s",
		step < sizeof steps / sizeof *steps && steps[step] != NULL ? steps[step] : "be prepared", why);
}

static const char *
describe_end(int status)
{
	if (WIFSIGNALED(status))
		return text("was killed by signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
	return text("exited with status %d", WEXITSTATUS(status));
}

/* Gives the daemon a moment to end by itself, then ends it. Says how it ended, NULL when it had to be killed. */
static const char *
end_daemon(pid_t pid, int64_t patience)
{
	int status;
	int reaped = reap(pid, now_ms() + patience, &status);
	if (reaped == 1)
		return describe_end(status);
	/* The daemon leads a process group; what it may have started must not outlive it. */
	if (kill(-pid, SIGKILL) != 0 && kill(pid, SIGKILL) != 0)
		return text("could not be killed (%s)", strerror(errno));
	while (reaped == 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return NULL;
}

/* 0 when the daemon serves. Otherwise it is gone. */
int
await_ready(const struct program *program, const char *run_dir, pid_t pid, int status_fd)
{
	char line[LINE_MAX_BYTES + 1];
	size_t length;
	int said = read_line(status_fd, now_ms() + READY_MS, line, &length);
	if (said == SAID_LINE && strncmp(line, READY "\n", strlen(READY "\n")) == 0)
		return 0;
	const char *why = said < 0 ? text("%s", failure()) : NULL;
	const char *end = end_daemon(pid, said == SAID_TOO_LATE || said < 0 ? 0 : EXIT_MS);
	if (said < 0)
		return failed("%s", why);
	if (said == SAID_TOO_LATE)
		return failed("the daemon did not serve within %d ms and was killed", READY_MS);
	if (said == SAID_NOTHING) {
		const char *words = last_words(run_dir);
		return failed("the daemon %s before it served%s%s", end != NULL ? end : "closed its status pipe and was killed",
			words != NULL ? ": " : "", words != NULL ? words : "");
	}
	if (line[0] == STEP_MARK && length >= 3)
		return failed("%s", describe_step(program, line));
	line[strcspn(line, "\n")] = '\0';
	if (strncmp(line, ERROR, strlen(ERROR)) == 0)
		return failed("the daemon failed to start: %s", line + strlen(ERROR));
	return failed("the daemon says \"%s\" instead of \"" READY "\"", line);
}

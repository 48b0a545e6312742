/*
 * The lock of a run directory. Who holds it may start the group's daemon, or clean up knowing that none starts. Its
 * file notes the socket of the daemon last started: the directory of sockets may be another by now (configuration,
 * or a newer containerd that names one), and two daemons must never work on one run directory.
 *
 * A daemon holds a lock of its own for as long as it lives, of the file "daemon" there. A socket whose name was removed
 * tells nothing of its daemon: only who gets that lock may start another, or clean up after it.
 */
#include "launcher.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#define NOTE_LIMIT 4096

#ifdef __linux__
#define REFUSALS_MAX 1
#else
/* FreeBSD also refuses connections to a listener whose queue is full: only refusals that last mean that it is gone. */
#define REFUSALS_MAX 20
#endif
#define RETRY_MS 10

static const char *
lock_path(const char *run_dir)
{
	return text("%s/lock", run_dir);
}

static void
wake(int number)
{
	(void)number;
}

/* flock(2) has no time limit; a timer interrupts it, again and again should the first beat the call. */
static int
flock_until(int fd, int64_t deadline)
{
	struct sigaction action = { .sa_handler = wake };
	struct itimerval timer = { .it_interval = { .tv_usec = 50000 } }, off = { 0 };
	int left = remaining_ms(deadline) + 1;
	timer.it_value = (struct timeval){ .tv_sec = left / 1000, .tv_usec = left % 1000 * 1000 };
	if (sigemptyset(&action.sa_mask) != 0 || sigaction(SIGALRM, &action, NULL) != 0 ||
	    setitimer(ITIMER_REAL, &timer, NULL) != 0)
		return -1;
	int result;
	do
		result = flock(fd, LOCK_EX);
	while (result != 0 && errno == EINTR && remaining_ms(deadline) > 0);
	int error = errno;
	if (setitimer(ITIMER_REAL, &off, NULL) != 0)
		return -1;
	errno = error;
	return result;
}

static int
make_run_dir(const char *run_dir)
{
	char *parent = text("%s", run_dir);
	*strrchr(parent, '/') = '\0';
	struct stat status;
	bool exists;
	if (make_directories(run_dir) != 0 || check_private(parent, &exists) != 0)
		return -1;
	if (lstat(run_dir, &status) != 0)
		return failed("cannot look at %s: %s", run_dir, strerror(errno));
	if (!S_ISDIR(status.st_mode) || status.st_uid != geteuid())
		return failed("%s is not a directory of this user", run_dir);
	if ((status.st_mode & 07777) != 0700 && chmod(run_dir, 0700) != 0)
		return failed("cannot give %s mode 0700: %s", run_dir, strerror(errno));
	return 0;
}

/* Opens and locks a file of a run directory that exists. Returns -1 with errno, EINTR when the deadline has passed. */
static int
open_locked(const char *path, int64_t deadline)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	if (fd < 0 || flock_until(fd, deadline) == 0)
		return fd;
	int error = errno;
	(void)close(fd); /* it was not locked */
	errno = error;
	return -1;
}

/* Makes the run directory if need be. Returns the locked descriptor, which the caller closes. */
int
open_lock(const char *run_dir, int64_t deadline)
{
	const char *path = lock_path(run_dir);
	for (;;) {
		if (make_run_dir(run_dir) != 0)
			return -1;
		int fd = open_locked(path, deadline);
		struct stat held, named;
		if (fd < 0)
			return failed("cannot lock %s: %s", path,
				errno == EINTR ? "another launcher has held it for too long" : strerror(errno));
		/* A lock on a file that was removed meanwhile keeps nobody out. */
		if (fstat(fd, &held) == 0 && stat(path, &named) == 0 && held.st_ino == named.st_ino &&
		    held.st_dev == named.st_dev)
			return fd;
		(void)close(fd);
		if (remaining_ms(deadline) == 0)
			return failed("cannot lock %s: it keeps being removed", path);
	}
}

/* NULL when no daemon was started here. */
const char *
noted_socket(const char *run_dir)
{
	struct bytes content;
	if (read_file(lock_path(run_dir), NOTE_LIMIT, &content) != 0)
		return NULL;
	const uint8_t *end = memchr(content.at, '\n', content.length);
	if (end == NULL || content.at[0] != '/')
		return NULL;
	return text("%.*s", (int)(end - content.at), (const char *)content.at);
}

int
note_socket(const char *run_dir, int lock, const char *socket_path)
{
	const char *line = text("%s\n", socket_path);
	if (ftruncate(lock, 0) != 0 || lseek(lock, 0, SEEK_SET) != 0 || write_all(lock, line, strlen(line)) != 0)
		return failed("cannot write %s: %s", lock_path(run_dir), strerror(errno));
	return 0;
}

/*
 * With the lock held: waits for the end of the daemon that does not answer (any more), and keeps others from being one.
 * Returns the descriptor, which the daemon inherits; the lock is released when its last copy is closed.
 */
int
take_life(const struct group *group, int64_t deadline)
{
	const char *path = text("%s/daemon", group->run_dir);
	int fd = open_locked(path, deadline);
	if (fd >= 0)
		return fd;
	if (errno != EINTR)
		return failed("cannot lock %s: %s", path, strerror(errno));
	return failed("the daemon of %s lives, as it holds the lock %s, but does not serve its socket %s: was that removed?",
		group->run_dir, path, group->socket);
}

/* Asks until it is plain whether a daemon serves this socket. */
static enum outcome
ask_until_plain(const char *socket_path, struct call *call, int64_t deadline)
{
	unsigned refusals = 0;
	bool dropped = false;
	for (;;) {
		enum outcome outcome = ask_daemon(socket_path, call, deadline);
		if (outcome == STALE && ++refusals == REFUSALS_MAX)
			return STALE;
		if (outcome == SILENT && dropped)
			return DROPPED;
		if (outcome != DROPPED && outcome != STALE)
			return outcome;
		/* A process that ends drops its connections a moment before its socket refuses new ones. */
		dropped |= outcome == DROPPED;
		if (remaining_ms(deadline) == 0)
			return outcome;
		(void)poll(NULL, 0, RETRY_MS);
	}
}

/*
 * With the lock held: asks the daemon on the group's socket, then one on the socket noted in the lock. The group's
 * socket becomes that of the daemon that answered. ABSENT, STALE and LEAVING mean that the group has no daemon.
 */
enum outcome
ask_under_lock(struct group *group, struct call *call, int64_t deadline)
{
	const char *noted = noted_socket(group->run_dir);
	enum outcome outcome = ask_until_plain(group->socket, call, deadline);
	bool gone = outcome == ABSENT || outcome == STALE || outcome == LEAVING;
	if (gone && noted != NULL && strcmp(noted, group->socket) != 0 && check_socket_length(noted) == 0) {
		enum outcome other = ask_until_plain(noted, call, deadline);
		if (other != ABSENT && other != STALE && other != LEAVING) {
			group->socket = noted;
			outcome = other;
		}
	}
	if (outcome == SILENT)
		(void)failed("the daemon on %s accepts connections but does not answer", group->socket);
	if (outcome == DROPPED)
		(void)failed("the daemon on %s drops every connection", group->socket);
	return outcome;
}

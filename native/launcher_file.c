/* Whole files and streams, and directories that only their owner may write. */
#include "launcher.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define STDIN_LIMIT (10u << 20) /* as containerd's own shim library reads */

/* Appends what the descriptor gives until its end. Returns -1 with errno; EFBIG above the limit, ETIMEDOUT. */
static int
read_to_end(int fd, size_t limit, int64_t deadline, struct bytes *content)
{
	size_t room = 16384, length = 0;
	uint8_t *buffer = hold(room);
	for (;;) {
		if (length == room) {
			uint8_t *larger = hold(room * 2);
			memcpy(larger, buffer, length);
			buffer = larger;
			room *= 2;
		}
		struct pollfd wait = { .fd = fd, .events = POLLIN };
		int ready = poll(&wait, 1, deadline == 0 ? -1 : remaining_ms(deadline));
		if (ready < 0 && errno == EINTR)
			continue;
		if (ready < 0)
			return -1;
		if (ready == 0) {
			errno = ETIMEDOUT;
			return -1;
		}
		ssize_t got = read(fd, buffer + length, room - length);
		if (got < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (got < 0)
			return -1;
		if (got == 0)
			break;
		length += (size_t)got;
		if (length > limit) {
			errno = EFBIG;
			return -1;
		}
	}
	*content = (struct bytes){ buffer, length };
	return 0;
}

/* Reads a regular file. On failure errno stays set, so that a caller can tell a file that is not there. */
int
read_file(const char *path, size_t limit, struct bytes *content)
{
	/* O_NONBLOCK: a FIFO of that name must not hold the launcher up. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	int error = fd < 0 ? errno : 0;
	struct stat status;
	if (error == 0 && fstat(fd, &status) != 0)
		error = errno;
	if (error == 0 && !S_ISREG(status.st_mode))
		error = S_ISDIR(status.st_mode) ? EISDIR : EINVAL;
	if (error == 0 && read_to_end(fd, limit, 0, content) != 0)
		error = errno;
	if (fd >= 0 && close(fd) != 0 && error == 0)
		error = errno;
	if (error == 0)
		return 0;
	(void)failed("cannot read %s: %s", path, strerror(error));
	errno = error;
	return -1;
}

/* A terminal is not read: nobody who starts the launcher by hand has bootstrap parameters to type. */
int
read_stdin(struct bytes *content)
{
	*content = (struct bytes){ (const uint8_t *)"", 0 };
	if (isatty(STDIN_FILENO) == 1)
		return 0;
	if (read_to_end(STDIN_FILENO, STDIN_LIMIT, now_ms() + STDIN_MS, content) == 0)
		return 0;
	if (errno == EFBIG)
		return failed("standard input is larger than %u bytes", STDIN_LIMIT);
	if (errno == ETIMEDOUT)
		return failed("standard input did not end within %d ms", STDIN_MS);
	return failed("cannot read standard input: %s", strerror(errno));
}

/* Returns -1 with errno. */
int
write_all(int fd, const void *content, size_t length)
{
	for (const uint8_t *at = content; length > 0;) {
		ssize_t put = write(fd, at, length);
		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return -1;
		at += put;
		length -= (size_t)put;
	}
	return 0;
}

/* Gives a file its whole content at once: readers see the old file or the new one. */
int
replace_file(const char *directory, const char *name, const char *content)
{
	const char *path = text("%s/%s", directory, name);
	const char *fresh = text("%s/.%s.%ld", directory, name, (long)getpid());
	if (unlink(fresh) != 0 && errno != ENOENT)
		return failed("cannot remove %s: %s", fresh, strerror(errno));
	int fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return failed("cannot create %s: %s", fresh, strerror(errno));
	int error = write_all(fd, content, strlen(content)) != 0 ? errno : 0;
	if (close(fd) != 0 && error == 0)
		error = errno;
	if (error == 0 && rename(fresh, path) != 0)
		error = errno;
	if (error == 0)
		return 0;
	(void)unlink(fresh); /* the error to report is the one that came first */
	return failed("cannot write %s: %s", path, strerror(error));
}

/* mkdir -p with mode 0700 for each directory that is not there. */
int
make_directories(const char *path)
{
	char *part = text("%s", path);
	for (char *at = part + 1;; at++) {
		char was = *at;
		if (was != '/' && was != '\0')
			continue;
		*at = '\0';
		struct stat status;
		if (mkdir(part, 0700) != 0) {
			int error = errno;
			/* mkdir(2) may say EROFS or EACCES for a directory that exists. */
			if (stat(part, &status) != 0)
				return failed("cannot make directory %s: %s", part, strerror(error));
			if (!S_ISDIR(status.st_mode))
				return failed("cannot make directory %s: %s is not a directory", path, part);
		}
		*at = was;
		if (was == '\0')
			return 0;
	}
}

/*
 * A directory in which others may write would let them put their own socket in the daemon's place. One that is not
 * there is no failure: *exists tells.
 */
int
check_private(const char *path, bool *exists)
{
	struct stat status;
	*exists = false;
	if (stat(path, &status) != 0)
		return errno == ENOENT ? 0 : failed("cannot look at %s: %s", path, strerror(errno));
	if (!S_ISDIR(status.st_mode))
		return failed("%s is not a directory", path);
	if (status.st_uid != geteuid() && status.st_uid != 0)
		return failed("%s belongs to user %lu: it must belong to the user of containerd", path,
			(unsigned long)status.st_uid);
	if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return failed("%s can be written by others (mode %04o): it must be its owner's alone", path,
			(unsigned)status.st_mode & 07777);
	*exists = true;
	return 0;
}

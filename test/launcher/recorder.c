/*
 * Stands in for Node as the program that the launcher starts: writes what it finds (open descriptors with their kinds,
 * signals, session, working directory, arguments) to $RECORD and becomes $REAL_NODE.
 */
#ifdef __linux__
#define _GNU_SOURCE
#endif

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LAST_FD 1023

static const char *
kind_of(int fd)
{
	struct stat status, null;
	if (fstat(fd, &status) != 0 || stat("/dev/null", &null) != 0)
		return "unknown";
	if (S_ISCHR(status.st_mode) && status.st_rdev == null.st_rdev)
		return "null";
	return S_ISSOCK(status.st_mode) ? "socket" : S_ISFIFO(status.st_mode) ? "pipe" : S_ISREG(status.st_mode) ? "file" : "other";
}

int
main(int count, char *words[])
{
	char line[8192], directory[PATH_MAX];
	size_t length = 0;
	for (int fd = 0; fd <= LAST_FD; fd++) {
		if (fcntl(fd, F_GETFD) >= 0)
			length += (size_t)snprintf(line + length, sizeof line - length, "fd %d %s\n", fd, kind_of(fd));
	}
	sigset_t mask;
	if (sigprocmask(SIG_SETMASK, NULL, &mask) != 0)
		return 1;
	for (int number = 1; number <= SIGRTMAX; number++) {
		struct sigaction action;
		if (sigismember(&mask, number) == 1)
			length += (size_t)snprintf(line + length, sizeof line - length, "blocked %d\n", number);
		if (sigaction(number, NULL, &action) == 0 && action.sa_handler != SIG_DFL)
			length += (size_t)snprintf(line + length, sizeof line - length, "ignored %d\n", number);
	}
	if (getcwd(directory, sizeof directory) == NULL)
		return 1;
	length += (size_t)snprintf(line + length, sizeof line - length, "leader %d\ncwd %s\n", getsid(0) == getpid(), directory);
	for (int i = 0; i < count; i++)
		length += (size_t)snprintf(line + length, sizeof line - length, "word %s\n", words[i]);
	const char *path = getenv("RECORD"), *node = getenv("REAL_NODE");
	if (path == NULL || node == NULL || length >= sizeof line)
		return 1;
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, line, length) != (ssize_t)length || close(fd) != 0)
		return 1;
	execv(node, words);
	return 1;
}

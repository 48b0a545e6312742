/*
 * The command that containerd runs, as containerd-shim-runc-v2 or containerd-shim-runj-v1, the one that CNI runtimes
 * run, as jail-bridge, and the one that people run, as jailer.
 */
#include "launcher.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#ifdef __linux__
#include <dirent.h>
#include <stdlib.h>
#include <sys/syscall.h>
#endif

#ifndef VERSION
#define VERSION "unknown"
#endif

#define FIRST_FD 3
#define CNI_NAME "jail-bridge"
#define JAILER_NAME "jailer"

#if defined(__linux__) && !defined(SYS_close_range)
#define SYS_close_range 436 /* of every architecture; the headers of Linux before 5.9 lack it */
#endif

/* Nothing that the caller left open may reach the daemon. */
static int
close_inherited(void)
{
#ifndef __linux__
	closefrom(FIRST_FD);
	return 0;
#else
	/* The call and not its wrapper: C libraries got that later than kernels the call (5.9). */
	if (syscall(SYS_close_range, FIRST_FD, ~0u, 0) == 0)
		return 0;
	DIR *directory = opendir("/proc/self/fd");
	if (directory == NULL)
		return failed("cannot read /proc/self/fd: %s", strerror(errno));
	for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
		int fd = atoi(entry->d_name);
		if (fd >= FIRST_FD && fd != dirfd(directory))
			(void)close(fd); /* not ours: the caller's data is the caller's care */
	}
	return closedir(directory) != 0 ? failed("cannot read /proc/self/fd: %s", strerror(errno)) : 0;
#endif
}

/* With 0, 1 or 2 closed the next file opened would get that number, and our output. */
static int
fill_standard(bool *output_closed)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) >= 0)
			continue;
		if (errno != EBADF || open("/dev/null", O_RDWR) != fd)
			return failed("cannot open /dev/null: %s", strerror(errno));
		*output_closed |= fd == STDOUT_FILENO;
	}
	return 0;
}

static int
print_line(const char *line)
{
	const char *ended = text("%s\n", line);
	return write_all(STDOUT_FILENO, ended, strlen(ended)) != 0 ? failed("cannot write: %s", strerror(errno)) : 0;
}

static int
print_info(const struct config *config)
{
	struct program program;
	return info_program(config, &program) != 0 ? -1 : become(&program);
}

static bool
is_called(const char *name, char *const words[])
{
	const char *slash = strrchr(words[0], '/');
	return strcmp(slash != NULL ? slash + 1 : words[0], name) == 0;
}

static int
run_jailer(int count, char *const words[])
{
	struct config config;
	struct program program;
	return read_config(&config) != 0 || jailer_program(&config, count - 1, words + 1, &program) != 0 ? -1 :
													    become(&program);
}

static int
run_cni(void)
{
	struct config config;
	struct program program;
	return read_config(&config) != 0 || cni_program(&config, &program) != 0 ? -1 : become(&program);
}

static int
run(int count, char *words[])
{
	struct arguments arguments;
	struct config config;
	bool output_closed = false;
	if (fill_standard(&output_closed) != 0 || close_inherited() != 0 || prepare_signals() != 0)
		return -1;
	if (output_closed)
		return failed("standard output is closed");
	/* A CNI runtime gives no argument: all that it says is in the environment and on standard input. */
	if (count == 1 && is_called(CNI_NAME, words))
		return run_cni();
	if (count > 0 && is_called(JAILER_NAME, words))
		return run_jailer(count, words);
	if (read_arguments(count, words, &arguments) != 0)
		return -1;
	if (arguments.action == ACTION_HELP)
		return print_line(usage());
	if (arguments.action == ACTION_VERSION)
		return print_line("containerd-shim-jail " VERSION);
	if (read_config(&config) != 0)
		return -1;
	switch (arguments.action) {
	case ACTION_START:
		return start(&arguments, &config);
	case ACTION_DELETE:
		return delete_container(&arguments, &config);
	default:
		return print_info(&config);
	}
}

int
main(int count, char *words[])
{
	int status = 0;
	if (run(count, words) != 0) {
		const char *line = text("containerd-shim-jail: %s\n", failure());
		status = write_all(STDERR_FILENO, line, strlen(line)) != 0 ? 2 : 1;
	}
	release_held();
	return status;
}

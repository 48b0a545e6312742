#define _GNU_SOURCE
#include "system.h"

#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>

long system_read(int descriptor, void *bytes, size_t length) {
	return call3(SYS_read, descriptor, address_of(bytes), length);
}

long system_write(int descriptor, const void *bytes, size_t length) {
	return call3(SYS_write, descriptor, address_of(bytes), length);
}

long system_close(int descriptor) {
	return call1(SYS_close, descriptor);
}

_Noreturn void system_exit(int code) {
	for (;;) call1(NUMBER_EXIT, code);
}

long system_fork(void) {
#if defined(__FreeBSD__)
	/* The kernel gives the child 0, as libc does: cpu_fork() in its vm_machdep.c. */
	return call0(NUMBER_FORK);
#else
	/* arm64 has no fork of its own; 17 is SIGCHLD, what the parent gets at the child's end. */
	return call1(__NR_clone, 17);
#endif
}

long system_poll(struct pollfd *descriptors, unsigned count, int milliseconds) {
#if defined(__FreeBSD__)
	return call3(NUMBER_POLL, address_of(descriptors), count, (int64_t)milliseconds);
#else
	struct timespec time = {milliseconds / 1000, milliseconds % 1000 * 1000000L};
	return call4(NUMBER_PPOLL, address_of(descriptors), count, milliseconds < 0 ? 0 : address_of(&time), 0);
#endif
}

long system_wait(int pid, int *status, int options) {
	return call4(SYS_wait4, (int64_t)pid, address_of(status), options, 0);
}

long system_duplicate(int from, int to) {
#if defined(__FreeBSD__)
	return call2(SYS_dup2, from, to);
#else
	return call3(SYS_dup3, from, to, 0);
#endif
}

long system_open(const char *path, int flags) {
#if defined(__FreeBSD__)
	return call3(SYS_open, address_of(path), flags, 0);
#else
	return call4(SYS_openat, (int64_t)AT_FDCWD, address_of(path), flags, 0);
#endif
}

long system_pipe(int ends[2]) {
	return call2(SYS_pipe2, address_of(ends), O_CLOEXEC);
}

int64_t system_milliseconds(void) {
#if defined(__FreeBSD__)
	uint32_t number = SYS_clock_gettime;
#else
	uint32_t number = __NR_clock_gettime;
#endif
	struct timespec now = {0, 0};
	call2(number, CLOCK_MONOTONIC, address_of(&now));
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

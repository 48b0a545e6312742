/*
 * System calls without a libc, so that one source serves hosted programs and freestanding ones. All return the call's
 * value, or a negative errno.
 */
#ifndef SYSTEM_H
#define SYSTEM_H

#include <stddef.h>
#include <stdint.h>

/* What a program has instead of main, for start.c to call. */
int program_main(int argc, char **argv);

struct outcome {
	int64_t value;
	uint32_t error; /* an errno; 0 if the call succeeded */
};

/* Makes any call, with six arguments whether it has so many or not. */
struct outcome system_call(uint32_t number, const uint64_t arguments[6]);

#if defined(__FreeBSD__)
#include <sys/syscall.h>
enum { SYSTEM = 1 };
/* Numbers that are the same on FreeBSD 12 to 15: sys/syscall.h. */
#define NUMBER_EXIT SYS_exit
#define NUMBER_FORK SYS_fork
#define NUMBER_POLL SYS_poll
#elif defined(__linux__)
#include <asm/unistd.h>
enum { SYSTEM = 2 };
#define SYS_read __NR_read
#define SYS_write __NR_write
#define SYS_close __NR_close
#define SYS_wait4 __NR_wait4
#define SYS_getpid __NR_getpid
#define SYS_kill __NR_kill
#define SYS_ioctl __NR_ioctl
#define SYS_umask __NR_umask
#define SYS_munmap __NR_munmap
#define SYS_mmap __NR_mmap
#define SYS_dup3 __NR_dup3
#define SYS_fcntl __NR_fcntl
#define SYS_socket __NR_socket
#define SYS_bind __NR_bind
#define SYS_listen __NR_listen
#define SYS_setsockopt __NR_setsockopt
#define SYS_getsockname __NR_getsockname
#define SYS_accept4 __NR_accept4
#define SYS_socketpair __NR_socketpair
#define SYS_sendto __NR_sendto
#define SYS_sendmsg __NR_sendmsg
#define SYS_recvmsg __NR_recvmsg
#define SYS_pipe2 __NR_pipe2
#define SYS_openat __NR_openat
#define NUMBER_EXIT __NR_exit_group
#define NUMBER_PPOLL __NR_ppoll
#else
#error "for FreeBSD and Linux"
#endif

#if defined(__x86_64__)
enum { PROCESSOR = 1 };
#elif defined(__aarch64__)
enum { PROCESSOR = 2 };
#else
#error "for amd64 and arm64"
#endif

static inline uint64_t address_of(const void *pointer) {
	return (uint64_t)(uintptr_t)pointer;
}

static inline long call6(uint32_t number, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t f) {
	uint64_t arguments[6] = {a, b, c, d, e, f};
	struct outcome outcome = system_call(number, arguments);
	return outcome.error != 0 ? -(long)outcome.error : (long)outcome.value;
}

#define call0(number) call6(number, 0, 0, 0, 0, 0, 0)
#define call1(number, a) call6(number, (uint64_t)(a), 0, 0, 0, 0, 0)
#define call2(number, a, b) call6(number, (uint64_t)(a), (uint64_t)(b), 0, 0, 0, 0)
#define call3(number, a, b, c) call6(number, (uint64_t)(a), (uint64_t)(b), (uint64_t)(c), 0, 0, 0)
#define call4(number, a, b, c, d) call6(number, (uint64_t)(a), (uint64_t)(b), (uint64_t)(c), (uint64_t)(d), 0, 0)

struct pollfd;
long system_read(int descriptor, void *bytes, size_t length);
long system_write(int descriptor, const void *bytes, size_t length);
long system_close(int descriptor);
/* Forks as fork(2) does: 0 in the child. */
long system_fork(void);
_Noreturn void system_exit(int code);
long system_poll(struct pollfd *descriptors, unsigned count, int milliseconds);
long system_wait(int pid, int *status, int options);
long system_duplicate(int from, int to);
long system_open(const char *path, int flags);
long system_pipe(int ends[2]);
/* A clock that does not go back, in milliseconds. */
int64_t system_milliseconds(void);

#endif

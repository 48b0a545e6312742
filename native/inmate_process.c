/* What a process has been given. */
#define _GNU_SOURCE
#include "inmate.h"
#include "system.h"

#include <sys/resource.h>
#if defined(__FreeBSD__)
#include <sys/ttycom.h>
#else
#define SYS_getuid __NR_getuid
#define SYS_geteuid __NR_geteuid
#define SYS_getgid __NR_getgid
#define SYS_getegid __NR_getegid
#define SYS_getgroups __NR_getgroups
#define SYS___getcwd __NR_getcwd
#include <asm/termios.h>
#endif

enum { MAX_PATH = 4096, MAX_GROUPS = 1024 };

void show_directory(void) {
	char path[MAX_PATH];
	long error = call2(SYS___getcwd, address_of(path), sizeof path);
	if (error < 0) put_error("cwd", error);
	else put_word("cwd", path);
}

/* Real and effective ids, and the groups in the order in which the kernel has them. */
void show_identity(void) {
	uint32_t groups[MAX_GROUPS];
	put_text("uid ");
	put_number(call0(SYS_getuid));
	put_text(" ");
	put_number(call0(SYS_geteuid));
	end_line();
	put_text("gid ");
	put_number(call0(SYS_getgid));
	put_text(" ");
	put_number(call0(SYS_getegid));
	end_line();
	put_text("groups");
	long count = call2(SYS_getgroups, MAX_GROUPS, address_of(groups));
	for (long index = 0; index < count; index++) {
		put_text(" ");
		put_number(groups[index]);
	}
	end_line();
}

static void put_limit(uint64_t limit) {
	/* RLIM_INFINITY: 2^63 - 1 on FreeBSD, 2^64 - 1 on Linux. */
	if (limit >= (uint64_t)INT64_MAX) put_text(" unlimited");
	else put_text(" "), put_number((int64_t)limit);
}

void show_limits(void) {
	static const struct {
		const char *name;
		int number;
	} limits[] = {{"cpu", RLIMIT_CPU}, {"fsize", RLIMIT_FSIZE}, {"data", RLIMIT_DATA}, {"stack", RLIMIT_STACK},
		{"core", RLIMIT_CORE}, {"memlock", RLIMIT_MEMLOCK}, {"nproc", RLIMIT_NPROC}, {"nofile", RLIMIT_NOFILE}};
	for (size_t index = 0; index < sizeof limits / sizeof limits[0]; index++) {
		uint64_t limit[2] = {0, 0};
#if defined(__FreeBSD__)
		call2(SYS_getrlimit, limits[index].number, address_of(limit));
#else
		call4(__NR_prlimit64, 0, limits[index].number, 0, address_of(limit));
#endif
		put_text("limit ");
		put_text(limits[index].name);
		put_limit(limit[0]);
		put_limit(limit[1]);
		end_line();
	}
}

void show_terminal(void) {
	struct winsize size = {0, 0, 0, 0};
	long error = call3(SYS_ioctl, 0, TIOCGWINSZ, address_of(&size));
	if (error < 0) {
		put_error("terminal", error);
		return;
	}
	put_text("terminal ");
	put_number(size.ws_col);
	put_text(" ");
	put_number(size.ws_row);
	end_line();
}

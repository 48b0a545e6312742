#define _GNU_SOURCE
#include "inmate.h"
#include "system.h"

#include <signal.h>

#if defined(__FreeBSD__)
#define BLOCK SIG_BLOCK
#else
#define SYS_sigprocmask __NR_rt_sigprocmask
#define BLOCK 0 /* as the kernel has it: asm-generic/signal.h */
#endif

/* As wide as FreeBSD has it; Linux takes the first 8 bytes: bit n - 1 stands for signal n. */
struct signals {
	uint32_t bits[4];
};

static int64_t take(const struct signals *signals) {
#if defined(__FreeBSD__)
	/* Answers an errno, not -1. */
	int taken = 0;
	return call2(SYS_sigwait, address_of(signals), address_of(&taken)) == 0 ? taken : 0;
#else
	return call4(__NR_rt_sigtimedwait, address_of(signals), 0, 0, 8);
#endif
}

void wait_signal(int64_t signal) {
	struct signals signals = {{0, 0, 0, 0}};
	signals.bits[(signal - 1) / 32 % 4] = 1u << (signal - 1) % 32;
	call4(SYS_sigprocmask, BLOCK, address_of(&signals), 0, 8);
	put_text("waiting ");
	put_number(signal);
	end_line();
	put_text("signal ");
	put_number(take(&signals));
	end_line();
}

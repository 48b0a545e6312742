/* The one place where the programs without a libc enter the kernel. */
#define _GNU_SOURCE
#include "system.h"

#if defined(__x86_64__)

/* Both systems take the number in rax, arguments in rdi rsi rdx r10 r8 r9, and destroy rcx and r11. */
struct outcome system_call(uint32_t number, const uint64_t arguments[6]) {
	uint64_t rax = number;
	uint64_t rdx = arguments[2];
	register uint64_t r10 __asm__("r10") = arguments[3];
	register uint64_t r8 __asm__("r8") = arguments[4];
	register uint64_t r9 __asm__("r9") = arguments[5];
#if defined(__FreeBSD__)
	/* An error sets the carry flag. rdx is a second value; newer kernels clear r8 to r10. */
	uint8_t failed;
	__asm__ volatile("syscall\n\tsetc %1"
		: "+a"(rax), "=q"(failed), "+d"(rdx), "+r"(r10), "+r"(r8), "+r"(r9)
		: "D"(arguments[0]), "S"(arguments[1])
		: "rcx", "r11", "memory", "cc");
	if (failed) return (struct outcome){-1, (uint32_t)rax};
	return (struct outcome){(int64_t)rax, 0};
#else
	__asm__ volatile("syscall"
		: "+a"(rax)
		: "D"(arguments[0]), "S"(arguments[1]), "d"(rdx), "r"(r10), "r"(r8), "r"(r9)
		: "rcx", "r11", "memory", "cc");
#endif
#else

/* Both systems take the number in x8, arguments in x0 to x5. */
struct outcome system_call(uint32_t number, const uint64_t arguments[6]) {
	register uint64_t x8 __asm__("x8") = number;
	register uint64_t x0 __asm__("x0") = arguments[0];
	register uint64_t x1 __asm__("x1") = arguments[1];
	register uint64_t x2 __asm__("x2") = arguments[2];
	register uint64_t x3 __asm__("x3") = arguments[3];
	register uint64_t x4 __asm__("x4") = arguments[4];
	register uint64_t x5 __asm__("x5") = arguments[5];
	uint64_t rax;
#if defined(__FreeBSD__)
	/* An error sets the carry flag; x1 is a second value. */
	uint32_t failed;
	__asm__ volatile("svc #0\n\tcset %w0, cs"
		: "=&r"(failed), "+r"(x0), "+r"(x1)
		: "r"(x8), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
		: "memory", "cc");
	rax = x0;
	if (failed) return (struct outcome){-1, (uint32_t)rax};
	return (struct outcome){(int64_t)rax, 0};
#else
	__asm__ volatile("svc #0"
		: "+r"(x0)
		: "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
		: "memory", "cc");
	rax = x0;
#endif
#endif
#if defined(__linux__)
	/* The last 4095 values are errors. */
	if (rax > (uint64_t)-4096) return (struct outcome){-1, (uint32_t)-rax};
	return (struct outcome){(int64_t)rax, 0};
#endif
}

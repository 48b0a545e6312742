/* How a program begins: from libc, or from the kernel if FREESTANDING is defined. */
#include "abi_tag.h"
#include "system.h"

#if !defined(FREESTANDING)

int main(int argc, char **argv) {
	return program_main(argc, argv);
}

#else

#if defined(__FreeBSD__)
ABI_TAG(1200086);
#else
/* By this FreeBSD tells programs of Linux: system 0 from release 2.6.32 on, see NT_GNU_ABI_TAG of elf.h. */
__attribute__((section(".note.ABI-tag"), used, aligned(4))) static const struct {
	uint32_t name_length, length, type;
	char name[4];
	uint32_t system, release[3];
} linux_tag = {4, 16, 1, "GNU", 0, {2, 6, 32}};
#endif

/*
 * At the program's beginning argc lies at the stack pointer. FreeBSD also passes its address in the first argument's
 * register, see exec_setregs() in its machdep.c, and has aligned the stack pointer away from it on amd64.
 */
#if defined(__x86_64__)
__asm__(".globl _start\n"
	"_start:\n"
#if !defined(__FreeBSD__)
	"	mov %rsp, %rdi\n"
#endif
	"	xor %ebp, %ebp\n"
	"	and $-16, %rsp\n"
	"	call start\n");
#else
__asm__(".globl _start\n"
	"_start:\n"
#if !defined(__FreeBSD__)
	"	mov x0, sp\n"
#endif
	"	mov x29, #0\n"
	"	mov x30, #0\n"
	"	b start\n");
#endif

_Noreturn __attribute__((used)) void start(long *stack);

_Noreturn void start(long *stack) {
	system_exit(program_main((int)stack[0], (char **)&stack[1]));
}

/* What compilers call for on their own, see GCC's documentation of -ffreestanding, and the few others that we call. */
void *memcpy(void *restrict to, const void *restrict from, size_t length) {
	uint8_t *target = to;
	const uint8_t *source = from;
	while (length-- > 0) *target++ = *source++;
	return to;
}

void *memmove(void *to, const void *from, size_t length) {
	uint8_t *target = to;
	const uint8_t *source = from;
	if (target < source) {
		while (length-- > 0) *target++ = *source++;
	} else {
		while (length-- > 0) target[length] = source[length];
	}
	return to;
}

void *memset(void *to, int value, size_t length) {
	uint8_t *target = to;
	while (length-- > 0) *target++ = (uint8_t)value;
	return to;
}

int memcmp(const void *one, const void *other, size_t length) {
	const uint8_t *left = one, *right = other;
	for (; length-- > 0; left++, right++) {
		if (*left != *right) return *left < *right ? -1 : 1;
	}
	return 0;
}

size_t strlen(const char *text) {
	size_t length = 0;
	while (text[length] != '\0') length++;
	return length;
}

int strcmp(const char *one, const char *other) {
	while (*one != '\0' && *one == *other) one++, other++;
	return (int)(uint8_t)*one - (int)(uint8_t)*other;
}

#endif

/*
 * What the kernel looks for to tell a FreeBSD program, and the oldest release that it is for, as __FreeBSD_version has it:
 * sys/elf_common.h, NT_FREEBSD_ABI_TAG. FreeBSD's own start-up code brings it along.
 */
#ifndef ABI_TAG_H
#define ABI_TAG_H

#include <stdint.h>

struct abi_tag {
	uint32_t name_length;
	uint32_t length;
	uint32_t type;
	char name[8];
	uint32_t release;
};

#define ABI_TAG(release) \
	__attribute__((section(".note.tag"), used, aligned(4))) static const struct abi_tag abi_tag = { \
		8, 4, 1, "FreeBSD", release}

#endif

#define _GNU_SOURCE
#include "agent.h"
#include "system.h"

#include <sys/mman.h>

uint8_t *memory_map(size_t size, bool shared) {
	int flags = MAP_ANONYMOUS | (shared ? MAP_SHARED : MAP_PRIVATE);
	long address = call6(SYS_mmap, 0, size, PROT_READ | PROT_WRITE, (uint64_t)flags, (uint64_t)-1, 0);
	return address < 0 ? NULL : (uint8_t *)address;
}

void memory_unmap(uint8_t *bytes, size_t size) {
	if (bytes != NULL) call2(SYS_munmap, address_of(bytes), size);
}

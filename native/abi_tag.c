/* For programs that Zig links: its start-up code for FreeBSD has no such tag. Its oldest release with a libc is 14.0. */
#include "abi_tag.h"

ABI_TAG(1400097);

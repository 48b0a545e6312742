/*
 * Feeds the agent streams of frames that are wrong in places, on a kernel that answers at random: fuzz SEED ROUNDS.
 * Built with the agent's sources but system_call.c and start.c, under AddressSanitizer; agent_batch.c is built with
 * -Dsystem_call=batch_call, so that the calls of a batch, which may have any address, are told from the agent's own.
 */
#define _GNU_SOURCE
#include "agent.h"
#include "system.h"

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>

enum { STREAM_SIZE = 1 << 16, CONTROL = 100, MAX_FRAMES = 12, ADDRESS_MASK = 15 };

struct outcome batch_call(uint32_t number, const uint64_t arguments[6]);

static uint64_t state;
static uint8_t stream[STREAM_SIZE];
static size_t stream_length, stream_read;
static uint64_t answers, refusals, batches, calls;
static jmp_buf exited;
static struct {
	void *base;
} mappings[64];

static uint64_t next(void) {
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static uint32_t below(uint32_t limit) {
	return limit == 0 ? 0 : (uint32_t)(next() % limit);
}

static bool one_in(uint32_t chance) {
	return below(chance) == 0;
}

static void fail(const char *what) {
	fprintf(stderr, "fuzz: %s\n", what);
	abort();
}

/* Collects what the agent writes, and checks that it is frames. */
static uint8_t written[MAX_PAYLOAD + 64];
static size_t written_length;

static void check_written(const uint8_t *bytes, size_t length) {
	if (written_length + length > sizeof written) fail("wrote more than a frame may have");
	memcpy(written + written_length, bytes, length);
	written_length += length;
	struct frame_header header;
	if (written_length < sizeof header) return;
	memcpy(&header, written, sizeof header);
	if (memcmp(header.magic, "JAG1", 4) != 0) fail("wrote a frame without magic");
	if (written_length < sizeof header + header.length) return;
	if (written_length > sizeof header + header.length) fail("wrote more than its frame");
	uint32_t crc = crc_update(0, written + 4, 8);
	if (crc_update(crc, written + sizeof header, header.length) != header.crc) fail("wrote a wrong checksum");
	if (header.type == FRAME_ERROR) refusals++;
	else answers++;
	written_length = 0;
}

static int64_t give(uint8_t *to, size_t length) {
	size_t left = stream_length - stream_read;
	if (left == 0) return 0;
	size_t part = length < left ? length : left;
	if (part > 1 && one_in(4)) part = 1 + below((uint32_t)part);
	memcpy(to, stream + stream_read, part);
	stream_read += part;
	return (int64_t)part;
}

/* Memory of exactly this size, so that AddressSanitizer sees a byte too many. */
static struct outcome map(size_t size) {
	if (one_in(16)) return (struct outcome){-1, ENOMEM};
	for (size_t index = 0; index < sizeof mappings / sizeof mappings[0]; index++) {
		if (mappings[index].base != NULL) continue;
		void *base = calloc(1, size);
		if (base == NULL) return (struct outcome){-1, ENOMEM};
		if ((address_of(base) & ADDRESS_MASK) != 0) fail("calloc is not aligned");
		mappings[index].base = base;
		return (struct outcome){(int64_t)address_of(base), 0};
	}
	fail("memory is not given back");
	return (struct outcome){-1, ENOMEM};
}

static void unmap(uint64_t address) {
	/* The agent's first buffer is its own, and it gives it up as it does mappings. */
	for (size_t index = 0; index < sizeof mappings / sizeof mappings[0]; index++) {
		if (mappings[index].base == NULL || address_of(mappings[index].base) != address) continue;
		free(mappings[index].base);
		mappings[index].base = NULL;
	}
}

static struct outcome receive(const uint64_t arguments[6]) {
	struct msghdr *message = (struct msghdr *)(uintptr_t)arguments[1];
	memset(message->msg_iov[0].iov_base, (int)below(256), message->msg_iov[0].iov_len);
	struct cmsghdr *control = message->msg_control;
	if (one_in(2)) {
		control->cmsg_len = CMSG_LEN(sizeof(int));
		control->cmsg_level = SOL_SOCKET;
		control->cmsg_type = SCM_RIGHTS;
		int descriptor = CONTROL;
		memcpy(CMSG_DATA(control), &descriptor, sizeof descriptor);
	}
	return (struct outcome){one_in(4) ? 0 : (int64_t)message->msg_iov[0].iov_len, 0};
}

/* The agent's own calls. */
struct outcome system_call(uint32_t number, const uint64_t arguments[6]) {
	struct outcome fine = {0, 0};
	uint8_t *bytes = (uint8_t *)(uintptr_t)arguments[1];
	if (number == SYS_mmap) return map(arguments[1]);
	if (number == SYS_munmap) {
		unmap(arguments[0]);
		return fine;
	}
	if (number == NUMBER_EXIT) longjmp(exited, 1);
	if (one_in(64)) return (struct outcome){-1, EINTR};
	switch (number) {
	case SYS_read:
		if (arguments[0] >= CONTROL) return (struct outcome){give(bytes, arguments[2]), 0};
		if (one_in(3)) return fine;
		memset(bytes, 0, arguments[2]);
		return (struct outcome){(int64_t)arguments[2], 0};
	case SYS_sendto:
	case SYS_write: {
		if (one_in(200)) return (struct outcome){-1, EPIPE};
		if (arguments[0] < CONTROL) return (struct outcome){(int64_t)arguments[2], 0};
		size_t part = arguments[2] > 1 && one_in(8) ? 1 + below((uint32_t)arguments[2]) : arguments[2];
		check_written(bytes, part);
		return (struct outcome){(int64_t)part, 0};
	}
	case SYS_recvmsg: return receive(arguments);
	case SYS_pipe2:
		memcpy((void *)(uintptr_t)arguments[0], (int[]){below(5), 7}, 2 * sizeof(int));
		return one_in(8) ? (struct outcome){-1, EMFILE} : fine;
	case SYS_socketpair:
		memcpy((void *)(uintptr_t)arguments[3], (int[]){8, 9}, 2 * sizeof(int));
		return one_in(8) ? (struct outcome){-1, EMFILE} : fine;
	case SYS_wait4:
		if (arguments[1] != 0) memset(bytes, 0, sizeof(int));
		return (struct outcome){one_in(3) ? 1234 : 0, 0};
	case __NR_ppoll: {
		struct pollfd *ready = (struct pollfd *)(uintptr_t)arguments[0];
		for (uint64_t index = 0; index < arguments[1]; index++) ready[index].revents = POLLIN;
		return (struct outcome){(int64_t)arguments[1], 0};
	}
	case __NR_clock_gettime: {
		static int64_t seconds;
		struct timespec now = {.tv_sec = seconds += below(3)};
		memcpy(bytes, &now, sizeof now);
		return fine;
	}
	case __NR_clone:
		if (one_in(8)) return (struct outcome){-1, EAGAIN};
		return (struct outcome){one_in(4) ? 0 : 1234, 0};
	case SYS_fcntl: return (struct outcome){10, 0};
	default: return fine;
	}
}

/* A batch's calls. */
struct outcome batch_call(uint32_t number, const uint64_t arguments[6]) {
	(void)number;
	(void)arguments;
	calls++;
	return one_in(4) ? (struct outcome){-1, 1 + below(133)} : (struct outcome){(int64_t)next(), 0};
}

static void put(uint8_t **to, const void *bytes, size_t length) {
	memcpy(*to, bytes, length);
	*to += length;
}

/* A batch as a client would send it. */
static size_t make_batch(uint8_t *to) {
	uint8_t *begin = to;
	struct batch_header header = {below(4) == 0 ? below(4000) : 8 + below(64), below(5), below(6), 0};
	if (header.arena_length < 8) header.fixup_count = 0;
	put(&to, &header, sizeof header);
	for (uint32_t index = 0; index < header.call_count; index++) {
		struct batch_call call = {
			.number = below(600), .flags = (uint8_t)below(2), .argument_count = (uint8_t)below(MAX_ARGUMENTS + 1)};
		for (uint32_t position = 0; position < call.argument_count; position++) {
			call.kinds[position] = (uint8_t)below(index > 0 ? 3 : 2);
			call.arguments[position] = call.kinds[position] == ARGUMENT_INTEGER ? next()
				: call.kinds[position] == ARGUMENT_ARENA                        ? below(header.arena_length + 1)
																				: below(index);
		}
		put(&to, &call, sizeof call);
	}
	for (uint32_t index = 0; index < header.fixup_count; index++) {
		struct batch_fixup fixup = {below(header.arena_length - 7), below(header.arena_length + 1)};
		put(&to, &fixup, sizeof fixup);
	}
	memset(to, 0, 8);
	to += header.fixup_count % 2 * 8;
	for (uint32_t index = 0; index < header.arena_length; index++) *to++ = (uint8_t)next();
	return (size_t)(to - begin);
}

static size_t make_payload(uint32_t type, uint8_t *to) {
	uint8_t *begin = to;
	struct open_payload open = {PROTOCOL_VERSION, 0, below(3)};
	struct fork_payload fork = {next()};
	struct run_header run = {below(2000), one_in(50) ? (uint32_t)next() : below(100000), 0};
	switch (type) {
	case FRAME_OPEN: put(&to, &open, sizeof open); break;
	case FRAME_FORK: put(&to, &fork, sizeof fork); break;
	case FRAME_RUN: put(&to, &run, sizeof run); to += make_batch(to); break;
	case FRAME_BATCH: to += make_batch(to); break;
	default: to += below(100); break;
	}
	batches += type == FRAME_BATCH || type == FRAME_RUN;
	return (size_t)(to - begin);
}

/* Wrong in one place or a few: a bit, an interesting number, the length. */
static size_t spoil(uint8_t *payload, size_t length) {
	static const uint32_t numbers[] = {0, 1, 7, 8, 15, 16, 0x7fffffff, 0x80000000, 0xffffffff, MAX_ARENA, MAX_ARENA + 1,
		MAX_CALLS, MAX_CALLS + 1, MAX_FIXUPS, MAX_FIXUPS + 1};
	for (uint32_t times = 1 + below(3); times > 0 && length > 0; times--) {
		size_t near = length < 256 || one_in(2) ? length : 256;
		size_t at = below((uint32_t)near);
		if (one_in(3)) payload[at] ^= (uint8_t)(1u << below(8));
		else if (one_in(4)) length -= below((uint32_t)length);
		else if (one_in(8)) length += below(64);
		else if (at + 4 <= length) {
			memcpy(payload + at - at % 4, &numbers[below(sizeof numbers / sizeof numbers[0])], 4);
		}
	}
	return length;
}

/* A batch in memory of exactly its size, with room for exactly its results. */
static void run_exactly(const uint8_t *payload, size_t length) {
	uint8_t *copy = malloc(length);
	if (copy == NULL) fail("no memory");
	memcpy(copy, payload, length);
	struct batch batch;
	struct refusal refusal;
	if (batch_parse(&batch, copy, length, &refusal)) {
		struct batch_result *results = malloc(batch.call_count * sizeof *results);
		uint32_t ran;
		if (results == NULL || !batch_run(&batch, results, &ran)) fail("not run");
		free(results);
	}
	free(copy);
}

static void add_frame(void) {
	static const uint32_t types[] = {FRAME_OPEN, FRAME_BATCH, FRAME_BATCH, FRAME_BATCH, FRAME_FORK, FRAME_RUN, 99};
	static uint8_t payload[STREAM_SIZE];
	memset(payload, 0, sizeof payload);
	uint32_t type = types[below(sizeof types / sizeof types[0])];
	size_t length = make_payload(type, payload);
	if (one_in(2)) length = spoil(payload, length);
	if (type == FRAME_BATCH) run_exactly(payload, length);
	struct frame_header header = {{'J', 'A', 'G', '1'}, type, (uint32_t)length, 0};
	header.crc = crc_update(crc_update(0, (const uint8_t *)&header.type, 8), payload, length);
	if (one_in(20)) ((uint8_t *)&header)[below(sizeof header)] ^= (uint8_t)(1u << below(8));
	if (one_in(10)) length -= below((uint32_t)length + 1);
	if (stream_length + sizeof header + length > STREAM_SIZE) return;
	memcpy(stream + stream_length, &header, sizeof header);
	memcpy(stream + stream_length + sizeof header, payload, length);
	stream_length += sizeof header + length;
}

static void feed_once(void) {
	stream_length = stream_read = written_length = 0;
	for (uint32_t frames = 1 + below(MAX_FRAMES); frames > 0; frames--) add_frame();
	/* All that serve() has is set up by main: as for `agent fd` or `agent device`. */
	char *spare[] = {"agent", "fd", "100", "101", "102", NULL};
	char *device[] = {"agent", "device", "100", NULL};
	bool is_device = one_in(2);
	if (setjmp(exited) == 0) program_main(is_device ? 3 : 5, is_device ? device : spare);
	/* The kernel would take back the memory of a process that ends. */
	for (size_t index = 0; index < sizeof mappings / sizeof mappings[0]; index++) {
		free(mappings[index].base);
		mappings[index].base = NULL;
	}
}

int main(int argc, char **argv) {
	if (argc != 3) fail("usage: fuzz SEED ROUNDS");
	state = strtoull(argv[1], NULL, 10) | 1;
	unsigned long rounds = strtoul(argv[2], NULL, 10);
	for (unsigned long round = 0; round < rounds; round++) feed_once();
	printf("{\"batches\":%llu,\"calls\":%llu,\"answers\":%llu,\"refusals\":%llu}\n", (unsigned long long)batches,
		(unsigned long long)calls, (unsigned long long)answers, (unsigned long long)refusals);
	return 0;
}

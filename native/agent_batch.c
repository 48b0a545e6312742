/* Checks a batch, and runs it: sections 4 and 5 of agent-protocol.md. */
#include "agent.h"
#include "system.h"

#include <string.h>

static bool refuse(struct refusal *refusal, uint32_t index, const char *text) {
	*refusal = (struct refusal){ERROR_BATCH, index, text};
	return false;
}

/*
 * Calls that return twice, or take the memory of this program with them, cannot be part of a batch: both processes
 * would go on with it. FRAME_FORK and FRAME_RUN fork. syscall and __syscall would hide which call is made.
 */
static bool is_forbidden(uint32_t number) {
#if defined(__FreeBSD__)
	return number == SYS_fork || number == SYS_vfork || number == SYS_rfork || number == SYS_syscall ||
		number == SYS___syscall;
#elif defined(__x86_64__)
	return number == __NR_fork || number == __NR_vfork || number == __NR_clone || number == __NR_clone3;
#else
	return number == __NR_clone || number == __NR_clone3;
#endif
}

static bool check_call(const struct batch *batch, uint32_t index, struct refusal *refusal) {
	const struct batch_call *call = &batch->calls[index];
	if ((call->flags & ~CALL_MAY_FAIL) != 0 || call->zero != 0) return refuse(refusal, index, "call: unknown flags");
	if (call->argument_count > MAX_ARGUMENTS) return refuse(refusal, index, "call: too many arguments");
	if (is_forbidden(call->number)) return refuse(refusal, index, "call: forks, or hides what it calls");
	for (uint32_t position = 0; position < MAX_ARGUMENTS; position++) {
		uint64_t value = call->arguments[position];
		uint8_t kind = call->kinds[position];
		if (position >= call->argument_count) {
			if (kind != 0 || value != 0) return refuse(refusal, index, "call: arguments beyond its count");
		} else if (kind == ARGUMENT_ARENA) {
			if (value > batch->arena_length) return refuse(refusal, index, "call: address outside the arena");
		} else if (kind == ARGUMENT_RESULT) {
			if (value >= index) return refuse(refusal, index, "call: result of a call that comes later");
		} else if (kind != ARGUMENT_INTEGER) {
			return refuse(refusal, index, "call: unknown kind of argument");
		}
	}
	return true;
}

bool batch_parse(struct batch *batch, uint8_t *payload, size_t length, struct refusal *refusal) {
	struct batch_header header;
	if (length < sizeof header) return refuse(refusal, 0, "batch: shorter than its header");
	memcpy(&header, payload, sizeof header);
	if (header.zero != 0) return refuse(refusal, 0, "batch: unknown flags");
	if (header.arena_length > MAX_ARENA) return refuse(refusal, 0, "batch: arena too large");
	if (header.fixup_count > MAX_FIXUPS) return refuse(refusal, 0, "batch: too many fixups");
	if (header.call_count > MAX_CALLS) return refuse(refusal, 0, "batch: too many calls");
	size_t fixups = (size_t)header.fixup_count * sizeof(struct batch_fixup);
	size_t calls = (size_t)header.call_count * sizeof(struct batch_call);
	size_t padding = header.fixup_count % 2 * sizeof(struct batch_fixup);
	size_t arena = sizeof header + calls + fixups + padding;
	/* All terms are bounded above: the sum does not overflow. */
	if (length != arena + header.arena_length) return refuse(refusal, 0, "batch: length is not that of its parts");

	/* The payload lies in memory of ours, which is aligned for any of these. */
	*batch = (struct batch){
		.arena = payload + arena,
		.arena_length = header.arena_length,
		.call_count = header.call_count,
		.calls = (const struct batch_call *)(void *)(payload + sizeof header),
		.fixup_count = header.fixup_count,
		.fixups = (const struct batch_fixup *)(void *)(payload + sizeof header + calls),
	};
	for (uint32_t index = 0; index < batch->fixup_count; index++) {
		const struct batch_fixup *fixup = &batch->fixups[index];
		if (batch->arena_length < 8 || fixup->at > batch->arena_length - 8 || fixup->to > batch->arena_length) {
			return refuse(refusal, index, "fixup: outside the arena");
		}
	}
	for (uint32_t index = 0; index < batch->call_count; index++) {
		if (!check_call(batch, index, refusal)) return false;
	}
	return true;
}

static uint64_t argument_of(const struct batch *batch, const struct batch_result *results,
	const struct batch_call *call, uint32_t position) {
	uint64_t value = call->arguments[position];
	switch (call->kinds[position]) {
	case ARGUMENT_ARENA: return address_of(batch->arena) + value;
	case ARGUMENT_RESULT: return (uint64_t)results[value].value;
	default: return value;
	}
}

bool batch_run(const struct batch *batch, struct batch_result *results, volatile uint32_t *ran) {
	for (uint32_t index = 0; index < batch->fixup_count; index++) {
		uint64_t address = address_of(batch->arena) + batch->fixups[index].to;
		memcpy(batch->arena + batch->fixups[index].at, &address, sizeof address);
	}
	for (*ran = 0; *ran < batch->call_count;) {
		const struct batch_call *call = &batch->calls[*ran];
		uint64_t arguments[MAX_ARGUMENTS] = {0};
		for (uint32_t position = 0; position < call->argument_count; position++) {
			arguments[position] = argument_of(batch, results, call, position);
		}
		struct outcome outcome = system_call(call->number, arguments);
#if defined(__FreeBSD__)
		if (call->number == SYS_pdfork && outcome.error == 0 && outcome.value == 0) return false;
#endif
		results[*ran] = (struct batch_result){outcome.value, outcome.error, 0};
		*ran += 1;
		if (outcome.error != 0 && (call->flags & CALL_MAY_FAIL) == 0) break;
	}
	return true;
}

/* Children of an agent: sections 6 and 7 of agent-protocol.md. */
#define _GNU_SOURCE
#include "agent.h"
#include "system.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

enum {
	/* how long a child of a listening agent waits for its connection */
	CONNECTION_MILLISECONDS = 60000,
	/* how often a running child is asked whether it has ended, while it writes nothing */
	WAIT_MILLISECONDS = 10,
	MAX_OUTPUT = 1024 * 1024,
	/* what a descendant may still write after the child's end, in reads of a pipe */
	LAST_READS = 64,
};

void collect_orphans(void) {
	while (system_wait(-1, NULL, WNOHANG) > 0) continue;
}

void close_connections(struct agent *agent) {
	for (size_t index = 0; index < MAX_SPARES; index++) {
		if (agent->spares[index] >= 0) system_close(agent->spares[index]);
		agent->spares[index] = -1;
	}
	if (agent->registry >= 0) system_close(agent->registry);
	if (agent->control >= 0) system_close(agent->control);
	agent->registry = agent->control = -1;
}

_Noreturn void hold(struct agent *agent) {
	close_connections(agent);
	for (;;) system_poll(NULL, 0, -1);
}

static bool refuse(struct agent *agent, uint32_t code, long error, const char *text) {
	struct refusal refusal = {code, error < 0 ? (uint32_t)-error : 0, text};
	return error_write(agent, &refusal);
}

static bool answer_forked(struct agent *agent, long pid) {
	struct forked_payload forked = {(uint32_t)pid, 0};
	struct part part = {&forked, sizeof forked};
	return frame_write(agent, FRAME_FORKED, &part, 1);
}

/* The child takes the next spare descriptor as its connection. */
static bool fork_with_spare(struct agent *agent) {
	size_t index = 0;
	while (index < MAX_SPARES && agent->spares[index] < 0) index++;
	if (index == MAX_SPARES) return refuse(agent, ERROR_STATE, 0, "fork: no spare connection is left");
	int spare = agent->spares[index];
	long pid = system_fork();
	if (pid < 0) return refuse(agent, ERROR_SYSTEM, pid, "fork");
	agent->spares[index] = -1;
	if (pid == 0) {
		close_connections(agent);
		agent->control = spare;
		agent->init = false;
		return greet(agent);
	}
	system_close(spare);
	return answer_forked(agent, pid);
}

/* Waits until the listener hands over the connection that a client has made for this child. */
static int await_connection(int waiting) {
	struct pollfd ready = {waiting, POLLIN, 0};
	struct handover handover;
	long count;
	do {
		count = system_poll(&ready, 1, CONNECTION_MILLISECONDS);
	} while (count == -EINTR);
	return count <= 0 ? -1 : descriptor_receive(waiting, &handover);
}

/* The child waits for a connection to the listener that gives this token. */
static bool fork_with_token(struct agent *agent, uint64_t token) {
	int pair[2];
	long error = call4(SYS_socketpair, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, address_of(pair));
	if (error < 0) return refuse(agent, ERROR_SYSTEM, error, "socketpair");
	long pid = system_fork();
	if (pid == 0) {
		int registry = agent->registry;
		agent->registry = -1;
		close_connections(agent);
		system_close(pair[0]);
		agent->registry = registry;
		agent->control = await_connection(pair[1]);
		system_close(pair[1]);
		if (agent->control < 0) system_exit(1);
		agent->control = descriptor_settle(agent->control);
		return greet(agent);
	}
	system_close(pair[1]);
	struct handover handover = {HANDOVER_WAITING, token};
	if (pid > 0) error = descriptor_send(agent->registry, pair[0], &handover);
	/* If it could not be registered, the child sees the end of its pair, and exits. */
	system_close(pair[0]);
	if (pid < 0) return refuse(agent, ERROR_SYSTEM, pid, "fork");
	if (error < 0) return refuse(agent, ERROR_SYSTEM, error, "sendmsg");
	return answer_forked(agent, pid);
}

bool serve_fork(struct agent *agent, const uint8_t *payload, size_t length) {
	struct fork_payload request;
	if (length != sizeof request) return refuse(agent, ERROR_FRAME, 0, "fork: wrong length");
	memcpy(&request, payload, sizeof request);
	if (agent->registry < 0) return fork_with_spare(agent);
	if (request.token == 0) return refuse(agent, ERROR_FRAME, 0, "fork: no token");
	return fork_with_token(agent, request.token);
}

/* What the child of a RUN shares with its parent. */
struct shared {
	struct batch_result results[MAX_CALLS];
	volatile uint32_t ran;
	_Alignas(16) uint8_t payload[];
};

_Noreturn static void run_child(struct agent *agent, const struct batch *batch, struct shared *shared, int output) {
	int control = agent->control;
	agent->control = -1;
	close_connections(agent);
	system_close(control);
	long nothing = system_open("/dev/null", O_RDONLY);
	if (nothing > 0) {
		system_duplicate((int)nothing, 0);
		if (nothing > 2) system_close((int)nothing);
	}
	system_duplicate(output, 1);
	system_duplicate(output, 2);
	if (!batch_run(batch, shared->results, &shared->ran)) hold(agent);
	system_exit(shared->ran == batch->call_count && (shared->ran == 0 || shared->results[shared->ran - 1].error == 0)
			? 0
			: 127);
}

struct running {
	struct ran_header header;
	uint8_t *output;
	uint32_t limit;
	int pipe;
	bool at_end;
};

static void read_output(struct running *running) {
	uint8_t scrap[4096];
	uint32_t room = running->limit - running->header.output_length;
	long got = room > 0 ? system_read(running->pipe, running->output + running->header.output_length, room)
	                    : system_read(running->pipe, scrap, sizeof scrap);
	if (got == -EINTR) return;
	if (got <= 0) running->at_end = true;
	else if (room > 0) running->header.output_length += (uint32_t)got;
	else running->header.flags |= RAN_OUTPUT_CUT;
}

static bool poll_output(struct running *running, int milliseconds) {
	struct pollfd ready = {running->pipe, POLLIN, 0};
	if (system_poll(&ready, running->at_end ? 0 : 1, milliseconds) <= 0) return false;
	read_output(running);
	return true;
}

static void await_child(struct running *running, uint32_t milliseconds) {
	int64_t begun = system_milliseconds();
	int pid = (int)running->header.pid;
	int status = 0;
	for (;;) {
		poll_output(running, WAIT_MILLISECONDS);
		long ended = system_wait(pid, &status, WNOHANG);
		if (ended != 0 && ended != -EINTR) break;
		bool late = milliseconds > 0 && system_milliseconds() - begun >= (int64_t)milliseconds;
		if (late && (running->header.flags & RAN_TIMED_OUT) == 0) {
			running->header.flags |= RAN_TIMED_OUT;
			call2(SYS_kill, pid, SIGKILL);
		}
	}
	running->header.status = (uint32_t)status;
	for (int reads = 0; reads < LAST_READS && !running->at_end && poll_output(running, 0); reads++) continue;
}

static bool answer_ran(struct agent *agent, const struct running *running, const struct batch *batch,
	const struct shared *shared) {
	struct answer_header answer = {batch->arena_length, shared->ran, 0};
	struct part parts[] = {{&running->header, sizeof running->header}, {&answer, sizeof answer},
		{shared->results, shared->ran * sizeof shared->results[0]}, {batch->arena, batch->arena_length},
		{running->output, running->header.output_length}};
	return frame_write(agent, FRAME_RAN, parts, 5);
}

static bool run_and_answer(struct agent *agent, const struct run_header *request, const struct batch *batch,
	struct shared *shared, uint8_t *output) {
	int pipe[2];
	long error = system_pipe(pipe);
	if (error < 0) return refuse(agent, ERROR_SYSTEM, error, "pipe");
	for (int end = 0; end < 2; end++) pipe[end] = descriptor_settle(pipe[end]);
	long pid = system_fork();
	if (pid == 0) run_child(agent, batch, shared, pipe[1]);
	system_close(pipe[1]);
	struct running running = {
		.header = {.pid = (uint32_t)pid}, .output = output, .limit = request->output_limit, .pipe = pipe[0]};
	if (pid > 0) await_child(&running, request->milliseconds);
	system_close(pipe[0]);
	if (pid < 0) return refuse(agent, ERROR_SYSTEM, pid, "fork");
	return answer_ran(agent, &running, batch, shared);
}

bool serve_run(struct agent *agent, uint8_t *payload, size_t length) {
	struct run_header request;
	if (length < sizeof request) return refuse(agent, ERROR_FRAME, 0, "run: wrong length");
	memcpy(&request, payload, sizeof request);
	length -= sizeof request;
	if (request.zero != 0 || request.output_limit > MAX_OUTPUT) return refuse(agent, ERROR_FRAME, 0, "run: output too large");

	size_t size = sizeof(struct shared) + length;
	struct shared *shared = (struct shared *)(void *)memory_map(size, true);
	uint8_t *output = memory_map(MAX_OUTPUT, false);
	bool goes_on;
	if (shared == NULL || output == NULL) {
		goes_on = refuse(agent, ERROR_MEMORY, 0, "run: no memory");
	} else {
		struct batch batch;
		struct refusal refusal;
		memcpy(shared->payload, payload + sizeof request, length);
		goes_on = batch_parse(&batch, shared->payload, length, &refusal)
			? run_and_answer(agent, &request, &batch, shared, output)
			: error_write(agent, &refusal);
	}
	memory_unmap((uint8_t *)shared, size);
	memory_unmap(output, MAX_OUTPUT);
	return goes_on;
}

/* The agent: runs batches of system calls that come over a connection. agent-protocol.md says what goes over it. */
#ifndef AGENT_H
#define AGENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if !defined(__BYTE_ORDER__) || __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__ || !defined(__LP64__)
#error "the agent is for little-endian 64-bit processors"
#endif

enum {
	PROTOCOL_VERSION = 1,
	MAX_CALLS = 4096,
	MAX_FIXUPS = 65536,
	MAX_ARGUMENTS = 6,
	MAX_ARENA = 64 * 1024 * 1024,
	/* of the payload of a frame: an arena, and what is around it */
	MAX_PAYLOAD = MAX_ARENA + 1024 * 1024,
	MAX_SPARES = 16,
};

/* Frames, section 2 of the protocol. */
enum frame_type {
	FRAME_OPEN = 1,
	FRAME_BATCH = 2,
	FRAME_FORK = 3,
	FRAME_RUN = 4,
	FRAME_HELLO = 129,
	FRAME_ANSWER = 130,
	FRAME_FORKED = 131,
	FRAME_RAN = 132,
	FRAME_ERROR = 255,
};

enum error_code {
	ERROR_FRAME = 1,
	ERROR_BATCH = 2,
	ERROR_MEMORY = 3,
	ERROR_STATE = 4,
	ERROR_SYSTEM = 5,
};

struct frame_header {
	uint8_t magic[4];
	uint32_t type;
	uint32_t length; /* of the payload that follows */
	uint32_t crc;    /* of type, length and payload */
};

struct open_payload {
	uint32_t version;
	uint32_t zero;
	uint64_t token;
};

struct hello_payload {
	uint32_t version;
	uint32_t system;
	uint32_t processor;
	uint32_t pid;
	uint32_t max_payload;
	uint32_t can_fork;
};

struct batch_header {
	uint32_t arena_length;
	uint32_t fixup_count;
	uint32_t call_count;
	uint32_t zero;
};

struct batch_fixup {
	uint32_t at;
	uint32_t to;
};

enum { ARGUMENT_INTEGER, ARGUMENT_ARENA, ARGUMENT_RESULT };
enum { CALL_MAY_FAIL = 1 };

struct batch_call {
	uint32_t number;
	uint8_t flags;
	uint8_t argument_count;
	uint8_t kinds[MAX_ARGUMENTS];
	uint32_t zero;
	uint64_t arguments[MAX_ARGUMENTS];
};

struct batch_result {
	int64_t value;
	uint32_t error;
	uint32_t zero;
};

struct answer_header {
	uint32_t arena_length;
	uint32_t result_count;
	uint64_t zero;
};

struct fork_payload {
	uint64_t token;
};

struct forked_payload {
	uint32_t pid;
	uint32_t zero;
};

struct run_header {
	uint32_t milliseconds;
	uint32_t output_limit;
	uint64_t zero;
};

enum { RAN_TIMED_OUT = 1, RAN_OUTPUT_CUT = 2 };

struct ran_header {
	uint32_t pid;
	uint32_t status;
	uint32_t flags;
	uint32_t output_length;
};

struct error_header {
	uint32_t code;
	uint32_t index; /* which fixup or call, where the text speaks of one; an errno for ERROR_SYSTEM */
};

_Static_assert(sizeof(struct frame_header) == 16, "frame_header");
_Static_assert(sizeof(struct batch_call) == 64, "batch_call");
_Static_assert(sizeof(struct batch_result) == 16, "batch_result");

/* What one agent process serves. */
struct agent {
	int control;             /* the connection */
	bool socket;             /* else a device: noise between frames is skipped */
	int spares[MAX_SPARES];  /* connections for children, -1 once used */
	int registry;            /* of the listener, where children say that they wait; or -1 */
	bool init;               /* process 1: collects orphans while it waits */
};

/* A batch within a payload, checked: every length and offset in it holds. */
struct batch {
	uint8_t *arena;
	uint32_t arena_length;
	uint32_t call_count;
	const struct batch_fixup *fixups;
	uint32_t fixup_count;
	const struct batch_call *calls;
};

struct refusal {
	uint32_t code;
	uint32_t index;
	const char *text;
};

/* agent_batch.c */
bool batch_parse(struct batch *batch, uint8_t *payload, size_t length, struct refusal *refusal);
/*
 * Runs the calls in order until one fails, counting them in *ran; there is room for the results of all. False in the
 * child of a pdfork, which has nothing to do but to be waited for.
 */
bool batch_run(const struct batch *batch, struct batch_result *results, volatile uint32_t *ran);

/* agent_wire.c */
struct buffer {
	uint8_t *bytes;
	size_t size;
};
enum read_outcome { READ_FRAME, READ_REFUSED, READ_END };
enum read_outcome frame_read(struct agent *agent, struct buffer *buffer, uint32_t *type, uint32_t *length);
struct part {
	const void *bytes;
	size_t length;
};
bool frame_write(struct agent *agent, uint32_t type, const struct part *parts, size_t count);
bool error_write(struct agent *agent, const struct refusal *refusal);
uint32_t crc_update(uint32_t crc, const uint8_t *bytes, size_t length);

/* agent_memory.c: NULL if there is none */
uint8_t *memory_map(size_t size, bool shared);
void memory_unmap(uint8_t *bytes, size_t size);

/* agent_fork.c: false if the connection has ended */
bool serve_fork(struct agent *agent, const uint8_t *payload, size_t length);
bool serve_run(struct agent *agent, uint8_t *payload, size_t length);
/* Closes what an agent has open, and does nothing until it is killed. */
_Noreturn void hold(struct agent *agent);
void close_connections(struct agent *agent);
void collect_orphans(void);

/* agent_descriptor.c */
/* With a descriptor: whose end of a pair it is, or for whom a connection is. */
enum { HANDOVER_WAITING = 1, HANDOVER_CONNECTION = 2 };
struct handover {
	uint64_t kind;
	uint64_t token;
};
/* Sends a descriptor over a unix socket: 0 or a negative errno. */
long descriptor_send(int socket, int descriptor, const struct handover *handover);
/* Receives one; -1 at the end of the connection, or if the message has no descriptor. */
int descriptor_receive(int socket, struct handover *handover);
/* The same open file, close-on-exec and above the descriptors of standard input, output and error. */
int descriptor_settle(int descriptor);

/* agent_listen.c */
int listen_tcp(const char *address, const char *port);
int listen_unix(const char *path);
/* Serves connections for ever, each in a child. Returns in such a child, with the connection as its control. */
void listen_for(struct agent *agent, int listener);

/* agent.c */
/* Says who this agent is: HELLO. */
bool greet(struct agent *agent);
/* Ends the process with a message, and the name of a negative errno if there is one. */
_Noreturn void die(const char *what, long error);

#endif

/*
 * agent [fd DESCRIPTOR [SPARE ...]]     serves an open connection, 3 by default
 * agent listen tcp ADDRESS PORT         serves every connection to an address
 * agent listen unix PATH
 * agent device DESCRIPTOR|PATH          serves a terminal device, such as a serial line
 *
 * As process 1 without arguments of this kind it serves the device that is open as descriptor 0, or /dev/console.
 */
#define _GNU_SOURCE
#include "agent.h"
#include "system.h"

#include <fcntl.h>
#include <string.h>
#if defined(__FreeBSD__)
#include <termios.h>
#include <sys/ioctl.h>
#include <sys/ttycom.h>
#else
#include <asm/ioctls.h>
#include <asm/termbits.h>
#endif

enum { HUNG_UP_MILLISECONDS = 1000, DESCRIPTORS = 1024 };

static bool refuse_frame(struct agent *agent, const char *text) {
	struct refusal refusal = {ERROR_FRAME, 0, text};
	return error_write(agent, &refusal);
}

bool greet(struct agent *agent) {
	bool spare = false;
	for (size_t index = 0; index < MAX_SPARES; index++) spare = spare || agent->spares[index] >= 0;
	struct hello_payload hello = {PROTOCOL_VERSION, SYSTEM, PROCESSOR, (uint32_t)call0(SYS_getpid), MAX_PAYLOAD,
		agent->registry >= 0 || spare};
	struct part part = {&hello, sizeof hello};
	return frame_write(agent, FRAME_HELLO, &part, 1);
}

static bool serve_open(struct agent *agent, const uint8_t *payload, size_t length) {
	struct open_payload open;
	if (length != sizeof open) return refuse_frame(agent, "open: wrong length");
	memcpy(&open, payload, sizeof open);
	/* A token is for the listener; there is nobody to pass this connection to any more. */
	if (open.token != 0) return refuse_frame(agent, "open: no child waits for this token");
	return greet(agent);
}

static bool serve_batch(struct agent *agent, uint8_t *payload, size_t length) {
	static struct batch_result results[MAX_CALLS];
	struct batch batch;
	struct refusal refusal;
	uint32_t ran;
	if (!batch_parse(&batch, payload, length, &refusal)) return error_write(agent, &refusal);
	if (!batch_run(&batch, results, &ran)) hold(agent);
	struct answer_header answer = {batch.arena_length, ran, 0};
	struct part parts[] = {
		{&answer, sizeof answer}, {results, ran * sizeof results[0]}, {batch.arena, batch.arena_length}};
	return frame_write(agent, FRAME_ANSWER, parts, 3);
}

/* Serves the connection until it ends. */
static void serve(struct agent *agent) {
	/* Enough for most batches, so that a process whose memory is limited already can still become its program. */
	static _Alignas(16) uint8_t first[128 * 1024];
	struct buffer buffer = {first, sizeof first};
	for (bool goes_on = true; goes_on;) {
		uint32_t type, length;
		enum read_outcome outcome = frame_read(agent, &buffer, &type, &length);
		if (outcome == READ_END) return;
		if (outcome == READ_REFUSED) continue;
		switch (type) {
		case FRAME_OPEN: goes_on = serve_open(agent, buffer.bytes, length); break;
		case FRAME_BATCH: goes_on = serve_batch(agent, buffer.bytes, length); break;
		case FRAME_FORK: goes_on = serve_fork(agent, buffer.bytes, length); break;
		case FRAME_RUN: goes_on = serve_run(agent, buffer.bytes, length); break;
		default: goes_on = refuse_frame(agent, "frame: unknown type"); break;
		}
	}
}

_Noreturn void die(const char *what, long error) {
	char number[] = ": errno 000\n";
	for (size_t digit = 0, rest = (size_t)-error; digit < 3; digit++, rest /= 10) {
		number[sizeof number - 3 - digit] = (char)('0' + rest % 10);
	}
	/* Nobody may be there to read it. */
	(void)system_write(2, "agent: ", 7);
	(void)system_write(2, what, strlen(what));
	(void)(error < 0 ? system_write(2, number, sizeof number - 1) : system_write(2, "\n", 1));
	system_exit(1);
}

static int parse_descriptor(const char *text) {
	int number = 0;
	size_t length = strlen(text);
	if (length == 0 || length > 5) die("not a descriptor", 0);
	for (size_t index = 0; index < length; index++) {
		if (text[index] < '0' || text[index] > '9') die("not a descriptor", 0);
		number = number * 10 + (text[index] - '0');
	}
	long flags = call2(SYS_fcntl, number, F_GETFD);
	if (flags < 0) die("descriptor is not open", flags);
	return number;
}

static int take_descriptor(const char *text) {
	return descriptor_settle(parse_descriptor(text));
}

/* A terminal passes on all bytes as they are; whatever else a device is does so already. */
static void make_raw(int device) {
#if defined(__FreeBSD__)
	unsigned long get = TIOCGETA, set = TIOCSETA;
#else
	unsigned long get = TCGETS, set = TCSETS;
#endif
	struct termios settings;
	memset(&settings, 0, sizeof settings);
	if (call3(SYS_ioctl, device, get, address_of(&settings)) < 0) return;
	settings.c_iflag = IGNBRK;
	settings.c_oflag = 0;
	settings.c_lflag = 0;
	settings.c_cflag = (settings.c_cflag & ~(tcflag_t)(CSIZE | PARENB)) | CS8 | CREAD | CLOCAL;
	settings.c_cc[VMIN] = 1;
	settings.c_cc[VTIME] = 0;
	long error = call3(SYS_ioctl, device, set, address_of(&settings));
	if (error < 0) die("terminal settings", error);
}

static int open_device(const char *path) {
	long device = system_open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (device < 0) die(path, device);
	return descriptor_settle((int)device);
}

static int device_of_init(void) {
	return call2(SYS_fcntl, 0, F_GETFD) >= 0 ? descriptor_settle(0) : open_device("/dev/console");
}

static void serve_device(struct agent *agent, int device) {
	agent->control = device;
	agent->socket = false;
	make_raw(device);
	/* A line that hangs up, or nobody at its other end, is no reason for process 1 to exit: nothing would be left. */
	do {
		if (greet(agent)) serve(agent);
		if (agent->init) system_poll(NULL, 0, HUNG_UP_MILLISECONDS);
	} while (agent->init);
}

static void serve_descriptors(struct agent *agent, int count, char **descriptors) {
	if (count - 1 > MAX_SPARES) die("too many spare connections", 0);
	agent->control = count > 0 ? take_descriptor(descriptors[0]) : take_descriptor("3");
	for (int index = 1; index < count; index++) agent->spares[index - 1] = take_descriptor(descriptors[index]);
	if (greet(agent)) serve(agent);
}

static void serve_listener(struct agent *agent, int listener) {
	listen_for(agent, listener);
	serve(agent);
}

/*
 * Whatever the agent was started with is for itself, but for standard input, output and error. One call could do this
 * (close_range), which FreeBSD 12 does not have, and which ends a program there.
 */
static void keep_descriptors(void) {
	for (int descriptor = 3; descriptor < DESCRIPTORS; descriptor++) {
		call3(SYS_fcntl, descriptor, F_SETFD, FD_CLOEXEC);
	}
}

int program_main(int argc, char **argv) {
	keep_descriptors();
	struct agent agent = {.control = -1, .socket = true, .registry = -1, .init = call0(SYS_getpid) == 1};
	for (size_t index = 0; index < MAX_SPARES; index++) agent.spares[index] = -1;
	const char *mode = argc > 1 ? argv[1] : "";
	if (strcmp(mode, "listen") == 0 && argc == 5 && strcmp(argv[2], "tcp") == 0) {
		serve_listener(&agent, listen_tcp(argv[3], argv[4]));
	} else if (strcmp(mode, "listen") == 0 && argc == 4 && strcmp(argv[2], "unix") == 0) {
		serve_listener(&agent, listen_unix(argv[3]));
	} else if (strcmp(mode, "device") == 0 && argc == 3) {
		bool number = argv[2][0] >= '0' && argv[2][0] <= '9';
		serve_device(&agent, number ? take_descriptor(argv[2]) : open_device(argv[2]));
	} else if (strcmp(mode, "fd") == 0 && argc > 2) {
		serve_descriptors(&agent, argc - 2, argv + 2);
	} else if (agent.init) {
		/* A kernel gives its first program flags of its own. */
		serve_device(&agent, device_of_init());
	} else if (argc < 2) {
		serve_descriptors(&agent, 0, NULL);
	} else {
		die("usage: agent [fd DESCRIPTOR [SPARE ...] | listen tcp ADDRESS PORT | listen unix PATH | device DEVICE]", 0);
	}
	return 0;
}

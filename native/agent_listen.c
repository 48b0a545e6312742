/* The listener: section 3 of agent-protocol.md. */
#define _GNU_SOURCE
#include "agent.h"
#include "system.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

enum {
	BACKLOG = 64,
	MAX_WAITING = 64,
	/* how long an accepted connection may take to say what it wants */
	OPEN_MILLISECONDS = 10000,
	CHILDREN_MILLISECONDS = 100,
};

/* The digits at *text as a number up to most, or -1; *text is moved behind them. */
static long parse_number(const char **text, long most) {
	long number = -1;
	while (**text >= '0' && **text <= '9') {
		number = (number < 0 ? 0 : number * 10) + (*(*text)++ - '0');
		if (number > most) return -1;
	}
	return number;
}

static bool parse_ipv4(const char *text, uint8_t address[4]) {
	for (int part = 0; part < 4; part++) {
		long number = parse_number(&text, 255);
		if (number < 0) return false;
		if (*text != (part < 3 ? '.' : '\0')) return false;
		text++;
		address[part] = (uint8_t)number;
	}
	return true;
}

static long listen_at(int family, const void *address, size_t length) {
	long listener = call3(SYS_socket, family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (listener < 0) return listener;
	int on = 1;
	if (family == AF_INET) {
		call6(SYS_setsockopt, (uint64_t)listener, SOL_SOCKET, SO_REUSEADDR, address_of(&on), sizeof on, 0);
	}
	long error = call3(SYS_bind, listener, address_of(address), length);
	if (error == 0) error = call2(SYS_listen, listener, BACKLOG);
	if (error == 0) return descriptor_settle((int)listener);
	system_close((int)listener);
	return error;
}

/* Tells the port, which is the kernel's choice for port 0. */
static void tell_port(int listener) {
	struct sockaddr_in bound;
	memset(&bound, 0, sizeof bound);
	socklen_t length = sizeof bound;
	long error = call3(SYS_getsockname, listener, address_of(&bound), address_of(&length));
	if (error < 0) die("getsockname", error);
	uint8_t port[2];
	memcpy(port, &bound.sin_port, sizeof port);
	uint32_t number = (uint32_t)port[0] << 8 | port[1];
	char line[] = "listening on port 00000\n";
	for (size_t digit = 0; digit < 5; digit++, number /= 10) line[sizeof line - 3 - digit] = (char)('0' + number % 10);
	/* Nobody may be there to read it. */
	(void)system_write(1, line, sizeof line - 1);
}

int listen_tcp(const char *address, const char *port) {
	struct sockaddr_in bound;
	memset(&bound, 0, sizeof bound);
#if defined(__FreeBSD__)
	bound.sin_len = sizeof bound;
#endif
	bound.sin_family = AF_INET;
	uint8_t bytes[4];
	if (!parse_ipv4(address, bytes)) die("listen tcp: not an IPv4 address", 0);
	memcpy(&bound.sin_addr, bytes, sizeof bytes);
	long number = parse_number(&port, 65535);
	if (number < 0 || *port != '\0') die("listen tcp: not a port", 0);
	uint8_t big_endian[2] = {(uint8_t)(number >> 8), (uint8_t)number};
	memcpy(&bound.sin_port, big_endian, sizeof big_endian);
	long listener = listen_at(AF_INET, &bound, sizeof bound);
	if (listener < 0) die("listen tcp", listener);
	tell_port((int)listener);
	return (int)listener;
}

int listen_unix(const char *path) {
	struct sockaddr_un bound;
	memset(&bound, 0, sizeof bound);
	size_t length = strlen(path);
	if (length == 0 || length >= sizeof bound.sun_path) die("listen unix: path of this length", 0);
#if defined(__FreeBSD__)
	bound.sun_len = sizeof bound;
#endif
	bound.sun_family = AF_UNIX;
	memcpy(bound.sun_path, path, length);
	/* Whoever can connect rules this machine. */
	long mask = call1(SYS_umask, 0177);
	long listener = listen_at(AF_UNIX, &bound, sizeof bound);
	call1(SYS_umask, mask);
	if (listener < 0) die("listen unix", listener);
	static const char line[] = "listening\n";
	(void)system_write(1, line, sizeof line - 1);
	return (int)listener;
}

/* Forked children that wait for their connection; the oldest makes room. */
struct waiting {
	uint64_t token;
	int descriptor;
};
static struct waiting waiting[MAX_WAITING];
static size_t waiting_count;

static void forget_waiting(size_t index) {
	system_close(waiting[index].descriptor);
	waiting_count--;
	memmove(&waiting[index], &waiting[index + 1], (waiting_count - index) * sizeof waiting[0]);
}

static void add_waiting(uint64_t token, int descriptor) {
	if (waiting_count == MAX_WAITING) forget_waiting(0);
	waiting[waiting_count++] = (struct waiting){token, descriptor};
}

/* Gives a connection to the child that waits for it; one that nobody waits for is closed. */
static void give_connection(uint64_t token, int connection) {
	for (size_t index = 0; index < waiting_count; index++) {
		if (waiting[index].token != token) continue;
		struct handover handover = {HANDOVER_CONNECTION, token};
		descriptor_send(waiting[index].descriptor, connection, &handover);
		forget_waiting(index);
		break;
	}
	system_close(connection);
}

static void serve_registry(int registry) {
	struct handover handover;
	int descriptor = descriptor_receive(registry, &handover);
	if (descriptor < 0) return;
	if (handover.kind == HANDOVER_WAITING) add_waiting(handover.token, descriptor);
	else give_connection(handover.token, descriptor);
}

/* In the child that has a connection: true if it is to serve it, false if the connection was for another child. */
static bool open_connection(struct agent *agent) {
	struct pollfd ready = {agent->control, POLLIN, 0};
	if (system_poll(&ready, 1, OPEN_MILLISECONDS) <= 0) return false;
	uint8_t bytes[256];
	struct buffer buffer = {bytes, sizeof bytes};
	uint32_t type, length;
	if (frame_read(agent, &buffer, &type, &length) != READ_FRAME) return false;
	struct open_payload open;
	if (type != FRAME_OPEN || length != sizeof open) return false;
	memcpy(&open, buffer.bytes, sizeof open);
	if (open.token == 0) return greet(agent);
	struct handover handover = {HANDOVER_CONNECTION, open.token};
	descriptor_send(agent->registry, agent->control, &handover);
	return false;
}

/* Returns true in the child. */
static bool serve_listener(struct agent *agent, int listener, const int registry[2]) {
	long connection = call4(SYS_accept4, listener, 0, 0, SOCK_CLOEXEC);
	if (connection < 0) return false;
	int one = 1;
	/* Answers are awaited one by one; fails on a unix socket, which has no such delay. */
	call6(SYS_setsockopt, (uint64_t)connection, IPPROTO_TCP, TCP_NODELAY, address_of(&one), sizeof one, 0);
	call6(SYS_setsockopt, (uint64_t)connection, SOL_SOCKET, SO_KEEPALIVE, address_of(&one), sizeof one, 0);
	long pid = system_fork();
	if (pid != 0) {
		system_close((int)connection);
		return false;
	}
	system_close(listener);
	system_close(registry[0]);
	while (waiting_count > 0) forget_waiting(0);
	agent->control = descriptor_settle((int)connection);
	agent->registry = registry[1];
	agent->init = false;
	if (!open_connection(agent)) system_exit(0);
	return true;
}

void listen_for(struct agent *agent, int listener) {
	int registry[2];
	/* Each message is whole: several children write to it. */
	long error = call4(SYS_socketpair, AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, address_of(registry));
	if (error < 0) die("socketpair", error);
	for (int end = 0; end < 2; end++) registry[end] = descriptor_settle(registry[end]);
	for (;;) {
		struct pollfd ready[] = {{listener, POLLIN, 0}, {registry[0], POLLIN, 0}};
		/* A child's end wakes nobody: no signal is handled. */
		long count = system_poll(ready, 2, CHILDREN_MILLISECONDS);
		collect_orphans();
		if (count <= 0) continue;
		if ((ready[1].revents & POLLIN) != 0) serve_registry(registry[0]);
		else if ((ready[0].revents & POLLIN) != 0 && serve_listener(agent, listener, registry)) return;
	}
}

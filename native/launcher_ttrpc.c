/*
 * One unary ttrpc call on a connection of its own. A frame is a header of ten bytes (data length and stream id as
 * big-endian 32-bit numbers, type, flags) and its data; a client's first stream is 1.
 */
#include "launcher.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define SERVICE "containerd.shim.jail.v1.Daemon"
#define HEADER_LENGTH 10
#define DATA_MAX (4u << 20)

enum { TYPE_REQUEST = 1, TYPE_RESPONSE = 2 };
enum { STREAM = 1 };
enum { REQUEST_SERVICE = 1, REQUEST_METHOD = 2, REQUEST_PAYLOAD = 3, REQUEST_TIMEOUT_NANO = 4 };
enum { RESPONSE_STATUS = 1, RESPONSE_PAYLOAD = 2 };
enum { STATUS_CODE = 1, STATUS_MESSAGE = 2 };
enum { CODE_OK = 0, CODE_UNAVAILABLE = 14 };

/* What Reserve and Cleanup are asked about. */
struct bytes
container_payload(const struct arguments *arguments, const char *bundle)
{
	struct message payload = { 0 };
	put_string(&payload, 1, arguments->namespace);
	put_string(&payload, 2, arguments->id);
	put_string(&payload, 3, bundle);
	return (struct bytes){ payload.at, payload.length };
}

static enum outcome
connect_to(const char *path, int64_t deadline, int *connection)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		(void)failed("cannot make a socket: %s", strerror(errno));
		return REFUSED;
	}
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	memcpy(address.sun_path, path, strlen(path) + 1); /* check_socket_length has been here */
	/* On Linux connect(2) waits while the queue of the listener is full; this bounds it. Zero would mean forever. */
	int left = remaining_ms(deadline) + 1;
	struct timeval bound = { .tv_sec = left / 1000, .tv_usec = left % 1000 * 1000 };
	int error = 0;
	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &bound, sizeof bound) != 0 ||
	    connect(fd, (const struct sockaddr *)&address, sizeof address) != 0)
		error = errno;
	if (error == 0) {
		*connection = fd;
		return ANSWERED;
	}
	(void)close(fd); /* nothing was written */
	if (error == ENOENT)
		return ABSENT;
	if (error == ECONNREFUSED)
		return STALE;
	if (error == EAGAIN)
		return SILENT;
	(void)failed("cannot connect to %s: %s", path, strerror(error));
	return REFUSED;
}

/* Waits for the connection to be ready for events, until the deadline. */
static enum outcome
await_ready_for(int fd, short events, int64_t deadline)
{
	for (;;) {
		struct pollfd wait = { .fd = fd, .events = events };
		int ready = poll(&wait, 1, remaining_ms(deadline));
		if (ready > 0)
			return ANSWERED;
		if (ready == 0)
			return SILENT;
		if (errno != EINTR) {
			(void)failed("poll: %s", strerror(errno));
			return REFUSED;
		}
	}
}

static enum outcome
send_all(int fd, const uint8_t *at, size_t length, int64_t deadline)
{
	while (length > 0) {
		ssize_t put = send(fd, at, length, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (put >= 0) {
			at += put;
			length -= (size_t)put;
		} else if (errno == EAGAIN) {
			enum outcome outcome = await_ready_for(fd, POLLOUT, deadline);
			if (outcome != ANSWERED)
				return outcome;
		} else if (errno != EINTR) {
			return DROPPED;
		}
	}
	return ANSWERED;
}

static enum outcome
receive_all(int fd, uint8_t *at, size_t length, int64_t deadline)
{
	while (length > 0) {
		ssize_t got = recv(fd, at, length, MSG_DONTWAIT);
		if (got > 0) {
			at += got;
			length -= (size_t)got;
		} else if (got < 0 && errno == EAGAIN) {
			enum outcome outcome = await_ready_for(fd, POLLIN, deadline);
			if (outcome != ANSWERED)
				return outcome;
		} else if (got == 0 || errno != EINTR) {
			return DROPPED;
		}
	}
	return ANSWERED;
}

static void
put_be32(uint8_t *at, uint32_t value)
{
	for (unsigned i = 0; i < 4; i++)
		at[i] = (uint8_t)(value >> (24 - 8 * i));
}

static uint32_t
get_be32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static enum outcome
send_request(int fd, const struct call *call, int64_t deadline)
{
	struct message request = { 0 };
	put_string(&request, REQUEST_SERVICE, SERVICE);
	put_string(&request, REQUEST_METHOD, call->method);
	put_bytes(&request, REQUEST_PAYLOAD, call->payload.at, call->payload.length);
	put_varint(&request, REQUEST_TIMEOUT_NANO, (uint64_t)remaining_ms(deadline) * 1000000);
	if (request.length > DATA_MAX) {
		(void)failed("%s: the request has %zu bytes, the limit is %u", call->method, request.length, DATA_MAX);
		return REFUSED;
	}
	uint8_t *frame = hold(HEADER_LENGTH + request.length);
	put_be32(frame, (uint32_t)request.length);
	put_be32(frame + 4, STREAM);
	frame[8] = TYPE_REQUEST;
	memcpy(frame + HEADER_LENGTH, request.at, request.length);
	return send_all(fd, frame, HEADER_LENGTH + request.length, deadline);
}

static enum outcome
receive_response(int fd, const char *path, struct bytes *response, int64_t deadline)
{
	for (;;) {
		uint8_t header[HEADER_LENGTH];
		enum outcome outcome = receive_all(fd, header, sizeof header, deadline);
		if (outcome != ANSWERED)
			return outcome;
		uint32_t length = get_be32(header);
		if (length > DATA_MAX) {
			(void)failed("the daemon on %s does not speak ttrpc: a frame of %u bytes", path, length);
			return REFUSED;
		}
		uint8_t *data = hold(length);
		outcome = receive_all(fd, data, length, deadline);
		if (outcome != ANSWERED)
			return outcome;
		if (get_be32(header + 4) == STREAM && header[8] == TYPE_RESPONSE) {
			*response = (struct bytes){ data, length };
			return ANSWERED;
		}
	}
}

/* The code, or -1 when the bytes are not a Response. */
static int64_t
read_response(struct bytes response, struct bytes *message, struct bytes *payload)
{
	struct bytes status = { 0 };
	struct field field;
	int64_t code = CODE_OK;
	int more;
	*payload = (struct bytes){ (const uint8_t *)"", 0 };
	while ((more = next_field(&response, &field)) > 0) {
		if (field.number == RESPONSE_STATUS && field.bytes.at != NULL)
			status = field.bytes;
		else if (field.number == RESPONSE_PAYLOAD && field.bytes.at != NULL)
			*payload = field.bytes;
	}
	if (more < 0)
		return -1;
	while ((more = next_field(&status, &field)) > 0) {
		if (field.number == STATUS_CODE && field.bytes.at == NULL)
			code = (int64_t)(field.varint & 0x7fffffff);
		else if (field.number == STATUS_MESSAGE && field.bytes.at != NULL)
			*message = field.bytes;
	}
	return more < 0 ? -1 : code;
}

/* Every outcome but REFUSED leaves it to the caller to say what it means. */
enum outcome
ask_daemon(const char *socket_path, struct call *call, int64_t deadline)
{
	int fd;
	struct bytes response = { 0 }, message = { 0 };
	enum outcome outcome = connect_to(socket_path, deadline, &fd);
	if (outcome != ANSWERED)
		return outcome;
	outcome = send_request(fd, call, deadline);
	if (outcome == ANSWERED)
		outcome = receive_response(fd, socket_path, &response, deadline);
	(void)close(fd); /* the answer is in, or will not come */
	if (outcome != ANSWERED)
		return outcome;
	int64_t code = read_response(response, &message, &call->answer);
	if (code == CODE_OK)
		return ANSWERED;
	if (code == CODE_UNAVAILABLE)
		return LEAVING;
	if (code < 0)
		(void)failed("the daemon on %s does not speak ttrpc: its answer is not a Response", socket_path);
	else
		(void)failed("the daemon on %s refuses %s: %.*s (code %d)", socket_path, call->method,
			(int)(message.length > 512 ? 512 : message.length), message.at != NULL ? (const char *)message.at : "",
			(int)code);
	return REFUSED;
}

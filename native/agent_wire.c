/* Frames: section 2 of agent-protocol.md. */
#define _GNU_SOURCE
#include "agent.h"
#include "system.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

static const uint8_t magic[4] = {'J', 'A', 'G', '1'};

/* CRC-32 as of ISO 3309, of Ethernet and zlib, with a table of 16 entries. */
uint32_t crc_update(uint32_t crc, const uint8_t *bytes, size_t length) {
	static const uint32_t table[16] = {0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4,
		0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278,
		0xbdbdf21c};
	crc = ~crc;
	for (size_t index = 0; index < length; index++) {
		crc = table[(crc ^ bytes[index]) & 15] ^ crc >> 4;
		crc = table[(crc ^ bytes[index] >> 4) & 15] ^ crc >> 4;
	}
	return ~crc;
}

/* Process 1 looks after orphans this often while it waits for a frame, so that none stays a zombie for long. */
enum { ORPHANS_MILLISECONDS = 100 };

static bool read_all(struct agent *agent, void *bytes, size_t length) {
	uint8_t *to = bytes;
	while (length > 0) {
		if (agent->init) {
			struct pollfd control = {agent->control, POLLIN, 0};
			long ready = system_poll(&control, 1, ORPHANS_MILLISECONDS);
			collect_orphans();
			if (ready == 0 || ready == -EINTR) continue;
		}
		long got = system_read(agent->control, to, length);
		if (got == -EINTR) continue;
		if (got == -EAGAIN) {
			struct pollfd control = {agent->control, POLLIN, 0};
			system_poll(&control, 1, -1);
			continue;
		}
		if (got <= 0) return false;
		to += got;
		length -= (size_t)got;
	}
	return true;
}

static bool skip(struct agent *agent, size_t length) {
	uint8_t scrap[512];
	while (length > 0) {
		size_t part = length < sizeof scrap ? length : sizeof scrap;
		if (!read_all(agent, scrap, part)) return false;
		length -= part;
	}
	return true;
}

/* Reads a header. On a terminal device, whatever a kernel prints there in between is passed over. */
static bool read_header(struct agent *agent, struct frame_header *header, bool *begins) {
	uint8_t *bytes = (uint8_t *)header;
	if (!read_all(agent, bytes, sizeof magic)) return false;
	*begins = memcmp(bytes, magic, sizeof magic) == 0;
	while (!*begins && !agent->socket) {
		memmove(bytes, bytes + 1, sizeof magic - 1);
		if (!read_all(agent, bytes + sizeof magic - 1, 1)) return false;
		*begins = memcmp(bytes, magic, sizeof magic) == 0;
	}
	return !*begins || read_all(agent, bytes + sizeof magic, sizeof *header - sizeof magic);
}

/* Makes room for a payload. The buffer at hand is kept if there is no memory for a larger one. */
static bool make_room(struct buffer *buffer, size_t size) {
	if (size <= buffer->size) return true;
	uint8_t *bytes = memory_map(size, false);
	if (bytes == NULL) return false;
	memory_unmap(buffer->bytes, buffer->size);
	*buffer = (struct buffer){bytes, size};
	return true;
}

static enum read_outcome refuse(struct agent *agent, uint32_t code, const char *text, bool goes_on) {
	struct refusal refusal = {code, 0, text};
	return error_write(agent, &refusal) && goes_on ? READ_REFUSED : READ_END;
}

enum read_outcome frame_read(struct agent *agent, struct buffer *buffer, uint32_t *type, uint32_t *length) {
	struct frame_header header;
	bool begins;
	if (!read_header(agent, &header, &begins)) return READ_END;
	/* On a socket nothing is lost, so this is not our protocol; on a terminal the next frame is looked for. */
	if (!begins) return refuse(agent, ERROR_FRAME, "frame: no magic", false);
	if (header.length > MAX_PAYLOAD) return refuse(agent, ERROR_FRAME, "frame: too long", !agent->socket);
	if (!make_room(buffer, header.length)) {
		if (!skip(agent, header.length)) return READ_END;
		return refuse(agent, ERROR_MEMORY, "frame: no memory for its payload", true);
	}
	if (!read_all(agent, buffer->bytes, header.length)) return READ_END;
	uint32_t crc = crc_update(0, (const uint8_t *)&header.type, sizeof header.type + sizeof header.length);
	if (crc_update(crc, buffer->bytes, header.length) != header.crc) {
		return refuse(agent, ERROR_FRAME, "frame: wrong checksum", true);
	}
	*type = header.type;
	*length = header.length;
	return READ_FRAME;
}

static bool write_all(struct agent *agent, const void *bytes, size_t length) {
	const uint8_t *from = bytes;
	while (length > 0) {
		/* A signal at the end of the connection would end the agent; ignoring it would pass to the program. */
		long sent = agent->socket
			? call6(SYS_sendto, (uint64_t)agent->control, address_of(from), length, MSG_NOSIGNAL, 0, 0)
			: system_write(agent->control, from, length);
		if (sent == -EINTR) continue;
		if (sent == -EAGAIN) {
			struct pollfd control = {agent->control, POLLOUT, 0};
			system_poll(&control, 1, -1);
			continue;
		}
		if (sent < 0) return false;
		from += sent;
		length -= (size_t)sent;
	}
	return true;
}

bool frame_write(struct agent *agent, uint32_t type, const struct part *parts, size_t count) {
	struct frame_header header = {.type = type};
	memcpy(header.magic, magic, sizeof magic);
	for (size_t index = 0; index < count; index++) header.length += (uint32_t)parts[index].length;
	header.crc = crc_update(0, (const uint8_t *)&header.type, sizeof header.type + sizeof header.length);
	for (size_t index = 0; index < count; index++) {
		header.crc = crc_update(header.crc, parts[index].bytes, parts[index].length);
	}
	if (!write_all(agent, &header, sizeof header)) return false;
	for (size_t index = 0; index < count; index++) {
		if (!write_all(agent, parts[index].bytes, parts[index].length)) return false;
	}
	return true;
}

bool error_write(struct agent *agent, const struct refusal *refusal) {
	struct error_header header = {refusal->code, refusal->index};
	struct part parts[] = {{&header, sizeof header}, {refusal->text, strlen(refusal->text)}};
	return frame_write(agent, FRAME_ERROR, parts, 2);
}

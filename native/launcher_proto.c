/* Protobuf's wire format, as far as the few messages of the launcher need it. */
#include "launcher.h"

#include <string.h>

static int
read_varint(struct bytes *rest, uint64_t *value)
{
	*value = 0;
	for (unsigned shift = 0; shift < 70; shift += 7) {
		if (rest->length == 0)
			return -1;
		uint8_t byte = *rest->at++;
		rest->length--;
		/* The tenth byte has room for one bit. */
		if (shift == 63 && byte > 1)
			return -1;
		*value |= (uint64_t)(byte & 0x7f) << shift;
		if (byte < 0x80)
			return 0;
	}
	return -1;
}

static int
take(struct bytes *rest, uint64_t length, struct bytes *taken)
{
	if (length > rest->length)
		return -1;
	*taken = (struct bytes){ rest->at, (size_t)length };
	rest->at += length;
	rest->length -= (size_t)length;
	return 0;
}

/* The next field of a message: 1, 0 at its end, -1 when the bytes are not a message (groups count as none). */
int
next_field(struct bytes *rest, struct field *field)
{
	uint64_t tag, length;
	struct bytes fixed;
	if (rest->length == 0)
		return 0;
	*field = (struct field){ 0 };
	if (read_varint(rest, &tag) != 0 || tag >> 3 == 0 || tag >> 3 > 0x1fffffff)
		return -1;
	field->number = (uint32_t)(tag >> 3);
	switch (tag & 7) {
	case 0:
		return read_varint(rest, &field->varint) != 0 ? -1 : 1;
	case 2:
		if (read_varint(rest, &length) != 0 || take(rest, length, &field->bytes) != 0)
			return -1;
		return 1;
	case 1:
	case 5:
		if (take(rest, (tag & 7) == 1 ? 8 : 4, &fixed) != 0)
			return -1;
		for (size_t i = 0; i < fixed.length; i++)
			field->varint |= (uint64_t)fixed.at[i] << (8 * i);
		return 1;
	default:
		return -1;
	}
}

static void
put_raw(struct message *message, const void *data, size_t length)
{
	if (message->room - message->length < length) {
		size_t room = message->room * 2 + length + 64;
		uint8_t *larger = hold(room);
		if (message->length > 0)
			memcpy(larger, message->at, message->length);
		message->at = larger;
		message->room = room;
	}
	if (length > 0)
		memcpy(message->at + message->length, data, length);
	message->length += length;
}

static void
put_number(struct message *message, uint64_t value)
{
	uint8_t bytes[10];
	size_t length = 0;
	for (; value >= 0x80; value >>= 7)
		bytes[length++] = (uint8_t)(value | 0x80);
	bytes[length++] = (uint8_t)value;
	put_raw(message, bytes, length);
}

void
put_varint(struct message *message, uint32_t number, uint64_t value)
{
	put_number(message, (uint64_t)number << 3);
	put_number(message, value);
}

void
put_bytes(struct message *message, uint32_t number, const void *data, size_t length)
{
	put_number(message, (uint64_t)number << 3 | 2);
	put_number(message, length);
	put_raw(message, data, length);
}

void
put_string(struct message *message, uint32_t number, const char *value)
{
	put_bytes(message, number, value, strlen(value));
}

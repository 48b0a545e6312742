/*
 * The whole text is checked, as the daemon will read it with a real parser and a launcher that accepts more would only
 * move the error away from its cause. Nothing recurses, so that deep nesting costs no stack.
 */
#include "launcher_json.h"

#include <string.h>

#define DEPTH_MAX 1000

int
json_wrong(const struct json *json, const char *what)
{
	return failed("%s: not JSON: %s at byte %zu", json->file, what, (size_t)(json->at - json->start));
}

static int
here(const struct json *json)
{
	return json->at < json->end ? *json->at : -1;
}

int
json_peek(struct json *json)
{
	while (here(json) == ' ' || here(json) == '\t' || here(json) == '\n' || here(json) == '\r')
		json->at++;
	return here(json);
}

int
json_expect(struct json *json, int wanted, const char *what)
{
	if (json_peek(json) != wanted)
		return json_wrong(json, what);
	json->at++;
	return 0;
}

static int
read_hex4(struct json *json, uint32_t *unit)
{
	*unit = 0;
	for (unsigned i = 0; i < 4; i++, json->at++) {
		int c = here(json);
		bool letter = (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
		if (!letter && !(c >= '0' && c <= '9'))
			return json_wrong(json, "bad \\u escape");
		*unit = *unit << 4 | (uint32_t)(letter ? (c | 0x20) - 'a' + 10 : c - '0');
	}
	return 0;
}

static void
put(struct decoded *out, uint32_t byte)
{
	if (out->at != NULL && out->length < out->room)
		out->at[out->length] = (char)byte;
	out->length++;
}

static void
put_point(struct decoded *out, uint32_t point)
{
	char bytes[4];
	size_t length = encode_utf8(point, bytes);
	for (size_t i = 0; i < length; i++)
		put(out, (uint8_t)bytes[i]);
}

/* Stands behind "\u". A half surrogate becomes U+FFFD, as in Go. */
static int
read_unicode(struct json *json, struct decoded *out)
{
	uint32_t unit, second;
	if (read_hex4(json, &unit) != 0)
		return -1;
	if (unit >= 0xd800 && unit < 0xdc00 && json->end - json->at >= 2 && json->at[0] == '\\' && json->at[1] == 'u') {
		const uint8_t *back = json->at;
		json->at += 2;
		if (read_hex4(json, &second) != 0)
			return -1;
		if (second >= 0xdc00 && second < 0xe000) {
			put_point(out, 0x10000 + ((unit - 0xd800) << 10) + (second - 0xdc00));
			return 0;
		}
		json->at = back;
	}
	put_point(out, unit >= 0xd800 && unit < 0xe000 ? 0xfffd : unit);
	return 0;
}

int
json_string(struct json *json, struct decoded *out)
{
	static const char letters[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
	out->length = 0;
	if (json_expect(json, '"', "expected a string") != 0)
		return -1;
	for (;;) {
		int c = here(json);
		if (c < 0x20)
			return json_wrong(json, c < 0 ? "unfinished string" : "control character in a string");
		json->at++;
		if (c == '"')
			return 0;
		if (c != '\\') {
			put(out, (uint32_t)c);
			continue;
		}
		c = here(json);
		const char *letter = c > 0 ? strchr(letters, c) : NULL;
		if (letter == NULL && c != 'u')
			return json_wrong(json, "bad escape");
		json->at++;
		if (letter != NULL)
			put(out, (uint8_t)values[letter - letters]);
		else if (read_unicode(json, out) != 0)
			return -1;
	}
}

static int
skip_digits(struct json *json)
{
	if (here(json) < '0' || here(json) > '9')
		return json_wrong(json, "bad number");
	while (here(json) >= '0' && here(json) <= '9')
		json->at++;
	return 0;
}

static int
skip_number(struct json *json)
{
	if (here(json) == '-')
		json->at++;
	if (here(json) == '0')
		json->at++;
	else if (skip_digits(json) != 0)
		return -1;
	if (here(json) == '.') {
		json->at++;
		if (skip_digits(json) != 0)
			return -1;
	}
	if (here(json) == 'e' || here(json) == 'E') {
		json->at++;
		if (here(json) == '+' || here(json) == '-')
			json->at++;
		return skip_digits(json);
	}
	return 0;
}

int
json_scalar(struct json *json)
{
	static const char *const words[] = { "true", "false", "null" };
	int c = json_peek(json);
	if (c == '"')
		return json_string(json, &(struct decoded){ .at = NULL });
	if (c == '-' || (c >= '0' && c <= '9'))
		return skip_number(json);
	for (unsigned i = 0; i < 3; i++) {
		size_t length = strlen(words[i]);
		if ((size_t)(json->end - json->at) >= length && memcmp(json->at, words[i], length) == 0) {
			json->at += length;
			return 0;
		}
	}
	return json_wrong(json, "expected a value");
}

int
json_key(struct json *json, struct decoded *key)
{
	return json_string(json, key) != 0 ? -1 : json_expect(json, ':', "expected ':'");
}

/* Steps over one value of any kind. */
int
json_skip(struct json *json)
{
	struct decoded ignored = { .at = NULL };
	char closers[DEPTH_MAX]; /* of the arrays and objects that are open */
	size_t depth = 0;
	for (;;) {
		int c = json_peek(json);
		if (c == '{' || c == '[') {
			if (depth == DEPTH_MAX)
				return json_wrong(json, "nested too deeply");
			closers[depth++] = c == '{' ? '}' : ']';
			json->at++;
			if (json_peek(json) != closers[depth - 1]) {
				if (c == '{' && json_key(json, &ignored) != 0)
					return -1;
				continue;
			}
		} else if (json_scalar(json) != 0) {
			return -1;
		}
		/* A value has ended, or an empty container is about to. */
		while (depth > 0 && json_peek(json) == closers[depth - 1]) {
			json->at++;
			depth--;
		}
		if (depth == 0)
			return 0;
		if (json_expect(json, ',', "expected ',' or a closing bracket") != 0)
			return -1;
		if (closers[depth - 1] == '}' && json_key(json, &ignored) != 0)
			return -1;
	}
}

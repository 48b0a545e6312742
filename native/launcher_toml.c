/* TOML 1.1, as far as finding keys and strings before the first [table] needs it. */
#include "launcher_toml.h"

#include <string.h>

/* The byte at an offset from here, or -1 beyond the end. */
int
toml_peek(const struct toml *toml, size_t offset)
{
	return (size_t)(toml->end - toml->at) > offset ? toml->at[offset] : -1;
}

void
toml_skip_blank(struct toml *toml)
{
	while (toml_peek(toml, 0) == ' ' || toml_peek(toml, 0) == '\t')
		toml->at++;
}

void
toml_skip_comment(struct toml *toml)
{
	while (toml_peek(toml, 0) >= 0 && toml_peek(toml, 0) != '\n')
		toml->at++;
}

/* Stands on a quote; steps behind the string, which may be of the """ kind. */
static void
skip_string(struct toml *toml)
{
	int quote = toml_peek(toml, 0);
	bool multiline = toml_peek(toml, 1) == quote && toml_peek(toml, 2) == quote;
	toml->at += multiline ? 3 : 1;
	for (int c; (c = toml_peek(toml, 0)) >= 0; toml->at++) {
		if (c == '\n' && !multiline)
			return;
		if (c == '\n')
			toml->line++;
		if (c == '\\' && quote == '"' && toml_peek(toml, 1) >= 0 && toml_peek(toml, 1) != '\n')
			toml->at++;
		else if (c == quote && (!multiline || (toml_peek(toml, 1) == quote && toml_peek(toml, 2) == quote))) {
			toml->at += multiline ? 3 : 1;
			/* Up to two quotes may stand before the closing three. */
			while (multiline && toml_peek(toml, 0) == quote)
				toml->at++;
			return;
		}
	}
}

/* Steps to the end of the line on which the value ends. */
void
toml_skip_value(struct toml *toml)
{
	size_t depth = 0;
	for (int c; (c = toml_peek(toml, 0)) >= 0;) {
		if (c == '"' || c == '\'') {
			skip_string(toml);
			continue;
		}
		if (c == '#') {
			toml_skip_comment(toml);
			continue;
		}
		if (c == '\n' && depth == 0)
			return;
		if (c == '\n')
			toml->line++;
		else if (c == '[' || c == '{')
			depth++;
		else if ((c == ']' || c == '}') && depth > 0)
			depth--;
		toml->at++;
	}
}

static int
hex_digit(int c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Stands behind a backslash; writes at most four bytes. Returns their number, 0 for an escape that TOML does not have. */
static size_t
read_escape(struct toml *toml, char *out)
{
	static const char letters[] = "btnfre\"\\", values[] = "\b\t\n\f\r\x1b\"\\";
	int c = toml_peek(toml, 0);
	const char *letter = c > 0 ? strchr(letters, c) : NULL;
	if (letter != NULL) {
		toml->at++;
		out[0] = values[letter - letters];
		return 1;
	}
	size_t digits = c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
	uint32_t point = 0;
	for (size_t i = 1; i <= digits; i++) {
		int digit = hex_digit(toml_peek(toml, i));
		if (digit < 0)
			return 0;
		point = point << 4 | (uint32_t)digit;
	}
	/* NUL is a valid escape, but no path or word of ours can hold one. */
	if (point == 0 || point > 0x10ffff || (point >= 0xd800 && point < 0xe000))
		return 0;
	toml->at += digits + 1;
	return encode_utf8(point, out);
}

/* A one-line string in "" or ''; NULL when none stands here. */
char *
toml_string(struct toml *toml)
{
	int quote = toml_peek(toml, 0);
	if (quote != '"' && quote != '\'')
		return NULL;
	toml->at++;
	size_t room = 0;
	while (toml_peek(toml, room) >= 0 && toml_peek(toml, room) != '\n')
		room++;
	char *value = hold(room + 5); /* no escape is shorter than what it stands for */
	size_t length = 0;
	for (int c; (c = toml_peek(toml, 0)) != quote;) {
		if (c < 0 || (c < 0x20 && c != '\t') || c == 0x7f)
			return NULL;
		toml->at++;
		if (c == '\\' && quote == '"') {
			size_t put = read_escape(toml, value + length);
			if (put == 0)
				return NULL;
			length += put;
		} else {
			value[length++] = (char)c;
		}
	}
	toml->at++;
	return value;
}

/* A bare or quoted key followed by "="; NULL for anything else, as a dotted key. */
const char *
toml_key(struct toml *toml)
{
	char *key;
	if (toml_peek(toml, 0) == '"' || toml_peek(toml, 0) == '\'') {
		key = toml_string(toml);
	} else {
		static const char bare[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
		size_t length = 0;
		while (toml_peek(toml, length) > 0 && strchr(bare, toml_peek(toml, length)) != NULL)
			length++;
		key = text("%.*s", (int)length, (const char *)toml->at);
		toml->at += length;
	}
	toml_skip_blank(toml);
	if (key == NULL || toml_peek(toml, 0) != '=')
		return NULL;
	toml->at++;
	return key;
}

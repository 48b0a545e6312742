/* Memory that lives as long as the launcher, the one error line, and the clock. */
#include "launcher.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

struct held {
	struct held *next;
	_Alignas(max_align_t) unsigned char content[];
};

static struct held *all_held;
static char failure_line[2048];

/* Zeroed memory that lives until release_held(). */
void *
hold(size_t size)
{
	struct held *held = size < SIZE_MAX - sizeof *held ? calloc(1, sizeof *held + size) : NULL;
	if (held == NULL) {
		static const char line[] = "containerd-shim-jail: out of memory\n";
		_exit(write(STDERR_FILENO, line, sizeof line - 1) < 0 ? 2 : 1);
	}
	held->next = all_held;
	all_held = held;
	return held->content;
}

void
release_held(void)
{
	while (all_held != NULL) {
		struct held *next = all_held->next;
		free(all_held);
		all_held = next;
	}
}

/* A formatted string, held. */
char *
text(const char *format, ...)
{
	va_list arguments, again;
	va_start(arguments, format);
	va_copy(again, arguments);
	int length = vsnprintf(NULL, 0, format, arguments);
	va_end(arguments);
	/* vsnprintf fails only on strings over INT_MAX bytes, which no argument list can carry. */
	if (length < 0)
		abort();
	char *result = hold((size_t)length + 1);
	if (vsnprintf(result, (size_t)length + 1, format, again) != length)
		abort();
	va_end(again);
	return result;
}

/*
 * Notes the line that main will print and returns -1. What others wrote (ids, paths, a daemon's message) may stand in
 * it, so control characters are replaced: containerd shows the line to people and writes it to logs.
 */
int
failed(const char *format, ...)
{
	char line[sizeof failure_line];
	va_list arguments;
	va_start(arguments, format);
	int length = vsnprintf(line, sizeof line, format, arguments);
	va_end(arguments);
	if (length < 0)
		line[0] = '\0';
	/* An earlier line may be among the arguments: failure_line is written only now. */
	size_t i = 0;
	for (; line[i] != '\0'; i++)
		failure_line[i] = (unsigned char)line[i] < 0x20 || line[i] == 0x7f ? '?' : line[i];
	failure_line[i] = '\0';
	return -1;
}

const char *
failure(void)
{
	return failure_line;
}

/* A code point below 0x110000 as UTF-8. Returns the number of bytes. */
size_t
encode_utf8(uint32_t point, char out[4])
{
	static const uint8_t lead[] = { 0, 0xc0, 0xe0, 0xf0 };
	size_t more = point < 0x80 ? 0 : point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
	out[0] = (char)(lead[more] | point >> (6 * more));
	for (size_t i = 1; i <= more; i++)
		out[i] = (char)(0x80 | (point >> (6 * (more - i)) & 0x3f));
	return more + 1;
}

/* Milliseconds of a clock that nobody sets. */
int64_t
now_ms(void)
{
	struct timespec now;
	/* Fails only for a clock that does not exist; POSIX requires this one. */
	if (clock_gettime(CLOCK_MONOTONIC, &now) != 0)
		abort();
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* What is left until the deadline, as poll(2) wants it; 0 when it has passed. */
int
remaining_ms(int64_t deadline)
{
	int64_t left = deadline - now_ms();
	if (left <= 0)
		return 0;
	return left > INT_MAX ? INT_MAX : (int)left;
}

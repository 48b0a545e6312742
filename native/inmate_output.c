#include "inmate.h"
#include "system.h"

#include <string.h>

static char line[8192];
static size_t used;

static void flush(void) {
	size_t at = 0;
	while (at < used) {
		long written = system_write(1, line + at, used - at);
		/* Who does not read what it says has it end. */
		if (written < 0) system_exit(126);
		at += (size_t)written;
	}
	used = 0;
}

void put_bytes(const char *bytes, size_t length) {
	while (length-- > 0) {
		if (used == sizeof line) flush();
		line[used++] = *bytes++;
	}
}

void put_text(const char *text) {
	put_bytes(text, strlen(text));
}

void put_number(int64_t number) {
	char digits[20];
	size_t count = 0;
	uint64_t rest = number < 0 ? (uint64_t)0 - (uint64_t)number : (uint64_t)number;
	do digits[count++] = (char)('0' + rest % 10);
	while ((rest /= 10) > 0);
	if (number < 0) put_bytes("-", 1);
	while (count > 0) put_bytes(&digits[--count], 1);
}

void end_line(void) {
	put_bytes("\n", 1);
	flush();
}

void put_word(const char *word, const char *value) {
	put_text(word);
	put_text(" ");
	put_text(value);
	end_line();
}

void put_error(const char *word, long error) {
	put_text(word);
	put_text(" errno ");
	put_number(-error);
	end_line();
}

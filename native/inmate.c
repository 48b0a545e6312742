/*
 * inmate [WORD ...]
 *
 * A program for tests, of which a container needs no other file. It does one thing after the other, and says on standard
 * output, a line each, what came of it. What it has been given, and sees:
 *
 *   args env cwd ids limits host mounts interfaces terminal
 *
 * What it does:
 *
 *   create PATH       makes a new file
 *   open PATH         opens a file to read and write it
 *   read              copies standard input to standard output
 *   write N           writes N bytes
 *   children N        makes N children, which sleep until they are killed
 *   orphans N         makes N children of children that end at once, which sleep until they are killed
 *   wait SIGNAL       waits for a signal, which does not end it
 *   sleep MILLISECONDS
 *   stay              sleeps until it is killed
 *   exit N            ends: with 0 if nothing else is said
 */
#define _GNU_SOURCE
#include "inmate.h"
#include "system.h"

#include <fcntl.h>
#include <stdbool.h>
#include <string.h>

/* The model of the tests knows the program by this text: test/model/inmate.ts. */
static const char usage[] = "usage: inmate [args|env|cwd|ids|limits|host|mounts|interfaces|terminal|read|stay"
	"|{create|open} PATH|{write|children|orphans|wait|sleep|exit} N ...]\n";

enum { WRONG_USAGE = 64 };

static _Noreturn void refuse(void) {
	(void)system_write(2, usage, sizeof usage - 1);
	system_exit(WRONG_USAGE);
}

static int64_t number_of(const char *text) {
	int64_t number = 0;
	if (text == NULL || *text == '\0' || strlen(text) > 12) refuse();
	for (; *text != '\0'; text++) {
		if (*text < '0' || *text > '9') refuse();
		number = number * 10 + (*text - '0');
	}
	return number;
}

static void show_words(const char *name, char **words) {
	for (; *words != NULL; words++) put_word(name, *words);
}

static _Noreturn void stay(void) {
	for (;;) system_poll(NULL, 0, -1);
}

static void make_children(int64_t count) {
	for (; count > 0; count--) {
		long pid = system_fork();
		if (pid == 0) stay();
		put_text(pid < 0 ? "child errno " : "child ");
		put_number(pid < 0 ? -pid : pid);
		end_line();
	}
}

static void make_orphans(int64_t count) {
	long pid = system_fork();
	if (pid == 0) {
		make_children(count);
		system_exit(0);
	}
	if (pid > 0) system_wait((int)pid, NULL, 0);
}

static void touch(const char *word, const char *path, int flags) {
	if (path == NULL) refuse();
#if defined(__FreeBSD__)
	long file = call3(SYS_open, address_of(path), flags, 0644);
#else
	long file = call4(SYS_openat, (int64_t)AT_FDCWD, address_of(path), flags, 0644);
#endif
	if (file >= 0) system_close((int)file);
	put_text(word);
	put_text(" ");
	put_text(path);
	put_text(file < 0 ? " errno " : " done ");
	put_number(file < 0 ? -file : 0);
	end_line();
}

static void copy_input(void) {
	char bytes[4096];
	for (long length; (length = system_read(0, bytes, sizeof bytes)) > 0;) put_bytes(bytes, (size_t)length);
	end_line();
}

/* Lines of 64 bytes, and what is left. */
static void write_much(int64_t length) {
	static const char text[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde";
	for (; length > 64; length -= 64) {
		put_bytes(text, 63);
		end_line();
	}
	if (length > 1) put_bytes(text, (size_t)length - 1);
	if (length > 0) end_line();
}

static bool show(const char *word, char **arguments, char **environment) {
	if (strcmp(word, "args") == 0) show_words("arg", arguments);
	else if (strcmp(word, "env") == 0) show_words("env", environment);
	else if (strcmp(word, "cwd") == 0) show_directory();
	else if (strcmp(word, "ids") == 0) show_identity();
	else if (strcmp(word, "limits") == 0) show_limits();
	else if (strcmp(word, "host") == 0) show_host();
	else if (strcmp(word, "mounts") == 0) show_mounts();
	else if (strcmp(word, "interfaces") == 0) show_interfaces();
	else if (strcmp(word, "terminal") == 0) show_terminal();
	else return false;
	return true;
}

static void act_by_number(const char *word, int64_t number) {
	if (strcmp(word, "write") == 0) write_much(number);
	else if (strcmp(word, "children") == 0) make_children(number);
	else if (strcmp(word, "orphans") == 0) make_orphans(number);
	else if (strcmp(word, "wait") == 0 && number > 0 && number <= 64) wait_signal(number);
	else if (strcmp(word, "sleep") == 0 && number <= INT32_MAX) system_poll(NULL, 0, (int)number);
	else if (strcmp(word, "exit") == 0) system_exit((int)number);
	else refuse();
}

int program_main(int argc, char **argv) {
	char **environment = argv + argc + 1;
	for (char **word = argv + 1; argc > 0 && *word != NULL; word++) {
		if (show(*word, argv, environment)) continue;
		if (strcmp(*word, "read") == 0) copy_input();
		else if (strcmp(*word, "stay") == 0) stay();
		else if (strcmp(*word, "create") == 0) touch(*word, word[1], O_CREAT | O_EXCL | O_WRONLY), word++;
		else if (strcmp(*word, "open") == 0) touch(*word, word[1], O_RDWR | O_NOCTTY), word++;
		else act_by_number(*word, number_of(word[1])), word++;
	}
	return 0;
}

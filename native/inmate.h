/* What the parts of the test program share: inmate.c says what it is. */
#ifndef INMATE_H
#define INMATE_H

#include <stddef.h>
#include <stdint.h>

/* inmate_output.c: lines of standard output, written when they end. */
void put_text(const char *text);
void put_bytes(const char *bytes, size_t length);
void put_number(int64_t number);
void end_line(void);
/* A whole line: a word and what it says, or why it cannot be said: a negative errno. */
void put_word(const char *word, const char *value);
void put_error(const char *word, long error);

/* inmate_process.c: lines about what the process has been given. */
void show_directory(void);
void show_identity(void);
void show_limits(void);
void show_terminal(void);

/* inmate_machine.c: lines about what it sees. */
void show_host(void);
void show_mounts(void);
void show_interfaces(void);

/* inmate_signal.c: keeps a signal from ending the process, waits for it, and says that before and after. */
void wait_signal(int64_t signal);

#endif

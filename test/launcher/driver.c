/*
 * Feeds the launcher's parsers: reads records (kind, length as big-endian 32-bit number, data) from stdin and prints
 * one line for each. The launcher itself would need a process for each.
 */
#include "launcher.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
print_string(const char *string)
{
	if (string == NULL) {
		printf(" -");
		return;
	}
	printf(" =");
	for (; *string != '\0'; string++)
		printf("%02x", (unsigned char)*string);
}

static void
print_failure(void)
{
	printf("failed %s\n", failure());
}

/* The data as words, each ended by a NUL. */
static size_t
split(struct bytes data, char *words[], size_t room)
{
	size_t count = 0;
	for (size_t from = 0, i = 0; i < data.length && count < room; i++) {
		if (data.at[i] == '\0') {
			words[count++] = text("%s", (const char *)data.at + from);
			from = i + 1;
		}
	}
	words[count] = NULL;
	return count;
}

static void
drive_hash(struct bytes data)
{
	char hex[65];
	sha256_hex(data.at, data.length, hex);
	printf("%s\n", hex);
}

static void
drive_join(struct bytes data)
{
	char *words[65];
	size_t count = split(data, words, 64);
	print_string(join_path((const char *const *)words, count));
	printf("\n");
}

static void
drive_annotations(struct bytes data)
{
	struct annotations annotations;
	if (parse_annotations("config.json", data, &annotations) != 0) {
		print_failure();
		return;
	}
	printf("ok");
	print_string(annotations.group);
	print_string(annotations.sandbox);
	printf("\n");
}

static void
drive_config(struct bytes data)
{
	struct config config = { .file = "shim.toml" };
	if (parse_config(data, &config) != 0) {
		print_failure();
		return;
	}
	printf("ok %d", (int)config.grouping);
	print_string(config.socket_dir);
	print_string(config.run_dir);
	print_string(config.node);
	printf("\n");
}

static void
drive_bootstrap(struct bytes data)
{
	struct arguments arguments = { .namespace = "space", .id = "box" };
	struct bootstrap bootstrap;
	if (parse_bootstrap(data, &arguments, &bootstrap) != 0) {
		print_failure();
		return;
	}
	printf("ok %d", bootstrap.params);
	print_string(bootstrap.socket_dir);
	print_string(bootstrap.shim_cgroup);
	printf("\n");
}

static void
drive_arguments(struct bytes data)
{
	char *words[65];
	struct arguments arguments;
	words[0] = text("shim");
	size_t count = split(data, words + 1, 63);
	if (read_arguments((int)count + 1, words, &arguments) != 0) {
		print_failure();
		return;
	}
	printf("ok %d %d", (int)arguments.action, arguments.debug);
	print_string(arguments.namespace);
	print_string(arguments.id);
	print_string(arguments.address);
	print_string(arguments.bundle);
	printf("\n");
}

int
main(void)
{
	static const struct {
		int kind;
		void (*drive)(struct bytes data);
	} drivers[] = {
		{ 'h', drive_hash },
		{ 'p', drive_join },
		{ 'j', drive_annotations },
		{ 't', drive_config },
		{ 'b', drive_bootstrap },
		{ 'a', drive_arguments },
	};
	for (int kind; (kind = getchar()) != EOF;) {
		unsigned char header[4];
		if (fread(header, 1, 4, stdin) != 4)
			return 1;
		size_t length = (size_t)header[0] << 24 | (size_t)header[1] << 16 | (size_t)header[2] << 8 | header[3];
		/* A block of exactly this size, so that the sanitizer sees a byte read too many. */
		uint8_t *data = malloc(length + (length == 0));
		if (data == NULL || fread(data, 1, length, stdin) != length)
			return 1;
		size_t i = 0;
		while (i < sizeof drivers / sizeof *drivers && drivers[i].kind != kind)
			i++;
		if (i == sizeof drivers / sizeof *drivers)
			return 1;
		drivers[i].drive((struct bytes){ data, length });
		free(data);
		release_held();
	}
	return fflush(stdout) != 0;
}

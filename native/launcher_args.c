/* The command line, in the syntax of Go's flag package: -x v, -x=v, --x; the first other word is the action. */
#include "launcher.h"

#include <string.h>

struct flag {
	const char *name;
	const char **value; /* NULL: a switch */
	bool *on;
};

static const char *const true_words[] = { "1", "t", "T", "true", "TRUE", "True" };
static const char *const false_words[] = { "0", "f", "F", "false", "FALSE", "False" };

const char *
usage(void)
{
	return "usage: containerd-shim-runc-v2 -namespace NAMESPACE -id ID -address SOCKET [-publish-binary PATH] "
	       "[-bundle DIRECTORY] [-debug] start|delete, or -info, or -v";
}

static bool
is_among(const char *word, const char *const words[], size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(word, words[i]) == 0)
			return true;
	}
	return false;
}

static int
set_switch(const struct flag *flag, const char *value)
{
	if (value == NULL || is_among(value, true_words, sizeof true_words / sizeof *true_words))
		*flag->on = true;
	else if (is_among(value, false_words, sizeof false_words / sizeof *false_words))
		*flag->on = false;
	else
		return failed("flag -%s: %s is not true or false", flag->name, value);
	return 0;
}

static const struct flag *
find_flag(const struct flag *flags, const char *name, size_t length)
{
	for (; flags->name != NULL; flags++) {
		if (strlen(flags->name) == length && memcmp(flags->name, name, length) == 0)
			return flags;
	}
	return NULL;
}

/* Reads the flags; *next becomes the index of the first word that is none. */
static int
read_flags(int count, char *const words[], const struct flag *flags, int *next)
{
	int i = 1;
	while (i < count) {
		const char *word = words[i];
		if (word[0] != '-' || word[1] == '\0')
			break;
		i++;
		if (strcmp(word, "--") == 0)
			break;
		const char *name = word + (word[1] == '-' ? 2 : 1);
		size_t length = strcspn(name, "=");
		if (length == 0 || name[0] == '-')
			return failed("%s is not a flag", word);
		const struct flag *flag = find_flag(flags, name, length);
		if (flag == NULL)
			return failed("unknown flag -%.*s; %s", (int)length, name, usage());
		const char *value = name[length] == '=' ? name + length + 1 : NULL;
		if (flag->value == NULL) {
			if (set_switch(flag, value) != 0)
				return -1;
			continue;
		}
		if (value == NULL) {
			if (i == count)
				return failed("flag -%s needs a value", flag->name);
			value = words[i++];
		}
		*flag->value = value;
	}
	*next = i;
	return 0;
}

static int
read_action(int count, char *const words[], int next, struct arguments *arguments)
{
	if (next >= count)
		return failed("%s", usage());
	if (strcmp(words[next], "start") == 0)
		arguments->action = ACTION_START;
	else if (strcmp(words[next], "delete") == 0)
		arguments->action = ACTION_DELETE;
	else
		return failed("unknown action %s; %s", words[next], usage());
	if (next + 1 < count)
		return failed("unexpected word %s after %s", words[next + 1], words[next]);
	if (arguments->namespace[0] == '\0')
		return failed("%s: -namespace is missing", words[next]);
	if (arguments->id[0] == '\0')
		return failed("%s: -id is missing", words[next]);
	if (arguments->address[0] == '\0')
		return failed("%s: -address is missing", words[next]);
	if (arguments->action == ACTION_DELETE && arguments->bundle[0] != '/')
		return failed("delete: -bundle is missing or not an absolute path");
	return 0;
}

/*
 * Strings that were not given are "". -publish-binary, -socket and -debug-socket are accepted and not used: events go
 * over ttrpc, and the socket's name follows from the contract.
 */
int
read_arguments(int count, char *const words[], struct arguments *arguments)
{
	const char *unused = "";
	bool version = false, info = false, help = false;
	const struct flag flags[] = {
		{ "namespace", &arguments->namespace, NULL },
		{ "id", &arguments->id, NULL },
		{ "address", &arguments->address, NULL },
		{ "bundle", &arguments->bundle, NULL },
		{ "publish-binary", &unused, NULL },
		{ "socket", &unused, NULL },
		{ "debug-socket", &unused, NULL },
		{ "debug", NULL, &arguments->debug },
		{ "v", NULL, &version },
		{ "version", NULL, &version },
		{ "info", NULL, &info },
		{ "h", NULL, &help },
		{ "help", NULL, &help },
		{ NULL, NULL, NULL },
	};
	*arguments = (struct arguments){ .action = ACTION_NONE, .namespace = "", .id = "", .address = "", .bundle = "" };
	int next = count;
	if (read_flags(count, words, flags, &next) != 0)
		return -1;
	if (help)
		arguments->action = ACTION_HELP;
	else if (version)
		arguments->action = ACTION_VERSION;
	else if (info)
		arguments->action = ACTION_INFO;
	else
		return read_action(count, words, next, arguments);
	return 0;
}

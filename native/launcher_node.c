/* The program that the daemon is: Node, its flags, main.js and the environment. */
#include "launcher.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef __linux__
#include <sys/sysctl.h>
#endif

#ifndef LIBDIR
#define LIBDIR "/usr/local/lib/containerd-shim-jail"
#endif

#define PROCESS_NAME "containerd-shim-jail"
#define MAIN "src/main.js"
#define CLI_MAIN "src/cli/main.js"

/*
 * What Node is told about its memory; the daemon is idle most of the time, and asks for a collection when it comes to
 * rest. Measured together with one malloc arena: 2 MiB of 20 less than by default.
 */
static const char *const daemon_flags[] = {
	"--max-semi-space-size=1",
	"--optimize-for-size",
	"--expose-gc",
};
static char one_arena[] = "MALLOC_ARENA_MAX=1"; /* glibc's mallopt(3); others do not look at it */

/* Of the caller's environment, what would make another program of the daemon or take fd 3 for a channel of Node's. */
static const char *const removed_variables[] = { "NODE_OPTIONS=", "NODE_CHANNEL_FD=", "NODE_UNIQUE_ID=",
	"MALLOC_ARENA_MAX=" };

extern char **environ;

#define COUNT(array) (sizeof(array) / sizeof *(array))

static char **
cleaned_environment(void)
{
	size_t count = 0, kept = 0;
	while (environ != NULL && environ[count] != NULL)
		count++;
	char **cleaned = hold((count + 2) * sizeof *cleaned);
	for (size_t i = 0; i < count; i++) {
		bool removed = false;
		for (size_t j = 0; j < COUNT(removed_variables); j++)
			removed |= strncmp(environ[i], removed_variables[j], strlen(removed_variables[j])) == 0;
		if (!removed)
			cleaned[kept++] = environ[i];
	}
	cleaned[kept] = one_arena;
	return cleaned;
}

static bool
is_program(const char *path)
{
	struct stat status;
	return stat(path, &status) == 0 && S_ISREG(status.st_mode) && access(path, X_OK) == 0;
}

/* Relative entries of PATH do not count: the working directory is the bundle, or anything. */
static const char *
find_node(const struct config *config)
{
	if (config->node != NULL)
		return config->node;
	const char *path = getenv("PATH");
	for (const char *at = path != NULL ? path : ""; *at != '\0';) {
		size_t length = strcspn(at, ":");
		const char *candidate = text("%.*s/node", (int)length, at);
		if (candidate[0] == '/' && length > 0 && is_program(candidate))
			return candidate;
		at += length + (at[length] == ':');
	}
	static const char *const usual[] = { "/usr/local/bin/node", "/usr/bin/node" };
	for (size_t i = 0; i < COUNT(usual); i++) {
		if (is_program(usual[i]))
			return usual[i];
	}
	(void)failed("there is no program node on PATH, in /usr/local/bin or in /usr/bin: set node in %s", config->file);
	return NULL;
}

/* Where this program lies, all links followed; NULL when the kernel does not say. */
static const char *
own_path(void)
{
	char *path = hold(PATH_MAX + 1);
#ifdef __linux__
	ssize_t length = readlink("/proc/self/exe", path, PATH_MAX);
	return length > 0 && path[0] == '/' ? path : NULL;
#else
	int name[] = { CTL_KERN, KERN_PROC, KERN_PROC_PATHNAME, -1 };
	size_t length = PATH_MAX;
	return sysctl(name, COUNT(name), path, &length, NULL, 0) == 0 && path[0] == '/' ? path : NULL;
#endif
}

static const char *
find_main(const char *file)
{
	const char *own = own_path(), *beside = NULL;
	if (own != NULL) {
		const char *directory = text("%.*s", (int)(strrchr(own, '/') - own), own);
		const char *const parts[] = { "/", directory, "../lib/containerd-shim-jail", file };
		beside = join_path(parts, COUNT(parts));
		if (access(beside, R_OK) == 0)
			return beside;
	}
	const char *usual = text(LIBDIR "/%s", file);
	if (access(usual, R_OK) == 0)
		return usual;
	(void)failed("the daemon is not installed: there is neither %s nor %s", beside != NULL ? beside : "(own path unknown)",
		usual);
	return NULL;
}

static int
make_program(const struct config *config, const char *main_file, const char *const flags[], size_t flag_count,
	const char *const words[], size_t word_count, struct program *program)
{
	const char *main_path = find_main(main_file);
	program->path = main_path == NULL ? NULL : find_node(config);
	if (program->path == NULL)
		return -1;
	program->argv = hold((flag_count + word_count + 3) * sizeof *program->argv);
	size_t count = 0;
	program->argv[count++] = text(PROCESS_NAME);
	for (size_t i = 0; i < flag_count; i++)
		program->argv[count++] = text("%s", flags[i]);
	program->argv[count++] = text("%s", main_path);
	for (size_t i = 0; i < word_count; i++)
		program->argv[count++] = text("%s", words[i]);
	program->environment = cleaned_environment();
	return 0;
}

int
daemon_program(const struct arguments *arguments, const struct config *config, const struct group *group,
	struct program *program)
{
	const char *const words[] = { "serve", "-address", arguments->address, "-namespace", arguments->namespace, "-socket",
		group->socket, "-run-dir", group->run_dir, "-group", group->key, "-debug" };
	return make_program(config, MAIN, daemon_flags, COUNT(daemon_flags), words, COUNT(words) - (arguments->debug ? 0 : 1),
		program);
}

int
delete_program(const struct arguments *arguments, const struct config *config, const struct group *group,
	struct program *program)
{
	const char *const words[] = { "delete", "-namespace", arguments->namespace, "-id", arguments->id, "-bundle",
		arguments->bundle, "-address", arguments->address, "-run-dir", group->run_dir, "-socket", group->socket };
	return make_program(config, MAIN, NULL, 0, words, COUNT(words), program);
}

int
info_program(const struct config *config, struct program *program)
{
	const char *const words[] = { "info" };
	return make_program(config, MAIN, NULL, 0, words, COUNT(words), program);
}

int
cni_program(const struct config *config, struct program *program)
{
	const char *const words[] = { "cni", config->run_dir };
	return make_program(config, MAIN, NULL, 0, words, COUNT(words), program);
}

int
jailer_program(const struct config *config, int count, char *const words[], struct program *program)
{
	return make_program(config, CLI_MAIN, NULL, 0, (const char *const *)words, (size_t)count, program);
}

/* Makes this process that program. Returns only when it cannot. */
int
become(const struct program *program)
{
	if (reset_signals() != 0)
		return failed("cannot reset signals: %s", strerror(errno));
	(void)execve(program->path, program->argv, program->environment);
	return failed("cannot execute %s: %s", program->path, strerror(errno));
}

/*
 * The launcher of containerd-shim-jail: what its parts share.
 *
 * containerd runs this program for `start`, `delete` and `-info`; the daemon that it finds or starts does everything
 * else. It lives for milliseconds, so all memory is held until the end and released at once (release_held).
 * Functions that can fail return -1 after noting one line that says why (failed); main prints that line.
 */
#ifndef LAUNCHER_H
#define LAUNCHER_H

#ifdef __linux__
#define _GNU_SOURCE
#endif

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __linux__
#define DEFAULT_CONFIG "/etc/containerd-shim-jail.toml"
#define DEFAULT_SOCKET_DIR "/run/containerd/s"
#define DEFAULT_RUN_DIR "/run/containerd-shim-jail"
#else
#define DEFAULT_CONFIG "/usr/local/etc/containerd-shim-jail.toml"
#define DEFAULT_SOCKET_DIR "/var/run/containerd/s"
#define DEFAULT_RUN_DIR "/var/run/containerd-shim-jail"
#endif

/* How long anything may take, in milliseconds. The sanitizer build of the tests shortens READY_MS. */
#ifndef READY_MS
#define READY_MS 30000 /* from fork to the daemon's "ready" */
#endif
#ifndef LIFE_MS
#define LIFE_MS 15000 /* a daemon that leaves coming to its end: it gives calls and events 5 s each */
#endif
#define ANSWER_MS 2000 /* the daemon's answer to Reserve */
#define DELETE_MS 4000 /* all of `delete` but the program it may end in; containerd gives the whole 5 s */
#define LOCK_MS 60000  /* another launcher starting the daemon */
#define STDIN_MS 10000 /* the caller writing its bootstrap parameters */
#define EXIT_MS 1000   /* a daemon that gave up leaving by itself */

/* Descriptors that the daemon, or `main.js delete`, finds open besides 0, 1 and 2. */
#define LISTEN_FD 3
#define STATUS_FD 4
#define LOCK_FD 5 /* of `main.js delete` */
#define LIFE_FD 5 /* of the daemon */

/* Borrowed bytes, not terminated. */
struct bytes {
	const uint8_t *at;
	size_t length;
};

/* launcher_text.c: memory, the one error line, UTF-8, time */
void *hold(size_t size);
char *text(const char *format, ...) __attribute__((format(printf, 1, 2)));
void release_held(void);
int failed(const char *format, ...) __attribute__((format(printf, 1, 2)));
const char *failure(void);
size_t encode_utf8(uint32_t point, char out[4]);
int64_t now_ms(void);
int remaining_ms(int64_t deadline);

/* launcher_file.c: whole files and streams, directories */
int read_file(const char *path, size_t limit, struct bytes *content);
int read_stdin(struct bytes *content);
int write_all(int fd, const void *content, size_t length);
int replace_file(const char *directory, const char *name, const char *content);
int make_directories(const char *path);
int check_private(const char *path, bool *exists);

/* launcher_path.c */
char *clean_path(const char *path);
char *join_path(const char *const parts[], size_t count);

/* launcher_sha256.c */
void sha256_hex(const void *data, size_t length, char hex[65]);

/* launcher_args.c */
enum action { ACTION_NONE, ACTION_START, ACTION_DELETE, ACTION_INFO, ACTION_VERSION, ACTION_HELP };

struct arguments {
	enum action action;
	const char *namespace;
	const char *id;
	const char *address; /* of containerd's gRPC socket */
	const char *bundle;  /* given to delete only; start finds it in its working directory */
	bool debug;
};

int read_arguments(int count, char *const words[], struct arguments *arguments);
const char *usage(void);

/* launcher_config.c */
enum grouping { GROUP_ALL, GROUP_NAMESPACE, GROUP_POD };

struct config {
	const char *file;
	enum grouping grouping;
	const char *socket_dir; /* NULL: not configured */
	const char *run_dir;
	const char *node; /* NULL: to be looked up */
};

int read_config(struct config *config);
int parse_config(struct bytes content, struct config *config);

/* launcher_annotations.c */
struct annotations {
	const char *group;   /* io.containerd.runc.v2.group, NULL when absent */
	const char *sandbox; /* io.kubernetes.cri.sandbox-id, NULL when absent */
};

int parse_annotations(const char *file, struct bytes content, struct annotations *annotations);

/* launcher_proto.c: protobuf's wire format */
struct field {
	uint32_t number;
	uint64_t varint;    /* of wire types 0, 1 and 5 */
	struct bytes bytes; /* of wire type 2, else at is NULL */
};

struct message {
	uint8_t *at;
	size_t length, room;
};

int next_field(struct bytes *rest, struct field *field);
void put_varint(struct message *message, uint32_t number, uint64_t value);
void put_bytes(struct message *message, uint32_t number, const void *data, size_t length);
void put_string(struct message *message, uint32_t number, const char *value);

/* launcher_bootstrap.c: what containerd says on stdin of `start`, and the answer */
struct bootstrap {
	bool params;             /* stdin held BootstrapParams of this container (containerd 2.3 and later) */
	const char *socket_dir;  /* NULL when not given */
	const char *shim_cgroup; /* NULL when not given */
};

int parse_bootstrap(struct bytes input, const struct arguments *arguments, struct bootstrap *bootstrap);
struct bytes bootstrap_answer(const struct bootstrap *bootstrap, const char *address);

/* launcher_group.c: which daemon a container belongs to */
struct group {
	const char *key;    /* the string that is hashed; NULL when only the socket's name is known */
	const char *socket; /* path */
	const char *run_dir;
};

int group_of(const struct arguments *arguments, const struct config *config, const char *bundle,
	const char *socket_dir, struct group *group);
int note_group(const char *bundle, const struct group *group);
int group_from_bundle(const struct config *config, const char *bundle, struct group *group);

/* launcher_ttrpc.c: one call to the daemon */
enum outcome {
	ANSWERED,
	ABSENT,  /* no such socket */
	STALE,   /* a socket that nobody listens on */
	LEAVING, /* the daemon is shutting down: status Unavailable */
	DROPPED, /* the connection ended without an answer */
	SILENT,  /* no answer in time */
	REFUSED, /* anything else; failed() says what */
};

struct call {
	const char *method;
	struct bytes payload;
	struct bytes answer; /* filled in by ANSWERED */
};

enum outcome ask_daemon(const char *socket_path, struct call *call, int64_t deadline);
struct bytes container_payload(const struct arguments *arguments, const char *bundle);

/* launcher_lock.c: the run directory's lock, and the daemon's socket as noted in it */
int open_lock(const char *run_dir, int64_t deadline);
const char *noted_socket(const char *run_dir);
int note_socket(const char *run_dir, int lock, const char *socket_path);
int take_life(const struct group *group, int64_t deadline);
enum outcome ask_under_lock(struct group *group, struct call *call, int64_t deadline);

/* launcher_listen.c */
int check_socket_length(const char *socket_path);
int listen_on(const char *socket_path);
int remove_socket(const char *socket_path);

/* launcher_node.c: the program that is the daemon */
struct program {
	const char *path;
	char **argv;
	char **environment;
};

int daemon_program(const struct arguments *arguments, const struct config *config, const struct group *group,
	struct program *program);
int delete_program(const struct arguments *arguments, const struct config *config, const struct group *group,
	struct program *program);
int info_program(const struct config *config, struct program *program);
int cni_program(const struct config *config, struct program *program);
int jailer_program(const struct config *config, int count, char *const words[], struct program *program);
int become(const struct program *program);

/* launcher_place.c: where the kernel counts the daemon (Linux: cgroup, OOM score) */
#define PLACES_MAX 64

struct place {
	size_t count;
	struct {
		const char *path;
		const char *word;
		size_t length;
		bool may_refuse;
	} writes[PLACES_MAX];
};

int find_place(const char *shim_cgroup, struct place *place);
int take_place(const struct place *place);

/* launcher_signals.c */
int prepare_signals(void);
int reset_signals(void);
int reap(pid_t pid, int64_t deadline, int *status);

/* launcher_words.c: the daemon's standard error */
int open_words(const char *run_dir);
const char *last_words(const char *run_dir);

/* launcher_spawn.c, launcher_await.c */
enum step {
	STEP_SESSION = 1,
	STEP_DIRECTORY,
	STEP_DESCRIPTORS,
	STEP_PLACE,
	STEP_SIGNALS,
	STEP_EXECUTE,
};

#define STEP_MARK '!' /* then a step and an errno, a byte each: what the child writes when it cannot become the daemon */

pid_t spawn_daemon(const struct program *program, int listener, int words, int life, const struct place *place,
	int *status_fd);
int await_ready(const struct program *program, const char *run_dir, pid_t pid, int status_fd);

/* launcher_start.c, launcher_delete.c */
int start_daemon(const struct arguments *arguments, const struct config *config, const char *shim_cgroup,
	const struct group *group, int lock, int64_t deadline);
int start(const struct arguments *arguments, const struct config *config);
int delete_container(const struct arguments *arguments, const struct config *config);

#endif

/*
 * What containerd says on stdin of `start`. Up to 2.2 a google.protobuf.Any with the task's options, or nothing; from
 * 2.3 on a containerd.runtime.bootstrap.v1.BootstrapParams with the options among its extensions. Either parses as the
 * other, so only the id and the namespace, known from the flags, tell them apart. Bytes that are neither are ignored:
 * the answer to them, a plain address, is the one that every containerd understands.
 */
#include "launcher.h"

#include <string.h>

enum { PARAMS_INSTANCE_ID = 1, PARAMS_NAMESPACE = 2, PARAMS_EXTENSION = 8, PARAMS_SOCKET_DIR = 9 };
enum { EXTENSION_VALUE = 1 };
enum { ANY_TYPE_URL = 1, ANY_VALUE = 2 };
enum { OPTIONS_SHIM_CGROUP = 3 };
enum { RESULT_VERSION = 1, RESULT_ADDRESS = 2, RESULT_PROTOCOL = 3 };

static bool
equals(struct bytes bytes, const char *string)
{
	return bytes.length == strlen(string) && memcmp(bytes.at, string, bytes.length) == 0;
}

/* NULL for an empty string, which in proto3 is one that was not set. */
static int
held_string(const char *what, struct bytes bytes, const char **string)
{
	*string = NULL;
	if (bytes.length == 0)
		return 0;
	char *copy = hold(bytes.length + 1);
	memcpy(copy, bytes.at, bytes.length);
	if (strlen(copy) != bytes.length)
		return failed("standard input: %s holds a NUL", what);
	*string = copy;
	return 0;
}

/* The shim_cgroup of an Any with containerd.runc.v1.Options; other types are left alone. False: not a message. */
static bool
read_options(struct bytes any, struct bytes *shim_cgroup)
{
	static const char wanted[] = "containerd.runc.v1.Options";
	struct bytes type = { 0 }, options = { 0 };
	struct field field;
	int more;
	while ((more = next_field(&any, &field)) > 0) {
		if (field.number == ANY_TYPE_URL && field.bytes.at != NULL)
			type = field.bytes;
		else if (field.number == ANY_VALUE && field.bytes.at != NULL)
			options = field.bytes;
	}
	if (more < 0)
		return false;
	/* The name follows the last "/" of a URL such as type.googleapis.com/…; containerd leaves the host out. */
	for (size_t i = type.length; i > 0; i--) {
		if (type.at[i - 1] == '/') {
			type = (struct bytes){ type.at + i, type.length - i };
			break;
		}
	}
	if (type.at == NULL || !equals(type, wanted))
		return true;
	while ((more = next_field(&options, &field)) > 0) {
		if (field.number == OPTIONS_SHIM_CGROUP && field.bytes.at != NULL)
			*shim_cgroup = field.bytes;
	}
	return more == 0;
}

static bool
read_extension(struct bytes extension, struct bytes *shim_cgroup)
{
	struct field field;
	int more;
	while ((more = next_field(&extension, &field)) > 0) {
		if (field.number == EXTENSION_VALUE && field.bytes.at != NULL && !read_options(field.bytes, shim_cgroup))
			return false;
	}
	return more == 0;
}

static bool
read_params(struct bytes input, const struct arguments *arguments, struct bytes *socket_dir, struct bytes *shim_cgroup)
{
	struct bytes id = { 0 }, namespace = { 0 };
	struct field field;
	int more;
	while ((more = next_field(&input, &field)) > 0) {
		if (field.bytes.at == NULL)
			continue;
		if (field.number == PARAMS_INSTANCE_ID)
			id = field.bytes;
		else if (field.number == PARAMS_NAMESPACE)
			namespace = field.bytes;
		else if (field.number == PARAMS_SOCKET_DIR)
			*socket_dir = field.bytes;
		else if (field.number == PARAMS_EXTENSION && !read_extension(field.bytes, shim_cgroup))
			return false;
	}
	return more == 0 && id.at != NULL && namespace.at != NULL && equals(id, arguments->id) &&
	       equals(namespace, arguments->namespace);
}

int
parse_bootstrap(struct bytes input, const struct arguments *arguments, struct bootstrap *bootstrap)
{
	struct bytes socket_dir = { 0 }, shim_cgroup = { 0 };
	*bootstrap = (struct bootstrap){ 0 };
	bootstrap->params = read_params(input, arguments, &socket_dir, &shim_cgroup);
	if (!bootstrap->params) {
		socket_dir = shim_cgroup = (struct bytes){ 0 };
		if (!read_options(input, &shim_cgroup))
			shim_cgroup = (struct bytes){ 0 };
	}
	if (held_string("socket_dir", socket_dir, &bootstrap->socket_dir) != 0 ||
	    held_string("shim_cgroup", shim_cgroup, &bootstrap->shim_cgroup) != 0)
		return -1;
	if (bootstrap->socket_dir != NULL && bootstrap->socket_dir[0] != '/')
		return failed("standard input: socket_dir is %s: it must be an absolute path", bootstrap->socket_dir);
	if (bootstrap->socket_dir != NULL)
		bootstrap->socket_dir = clean_path(bootstrap->socket_dir);
	return 0;
}

/* BootstrapParams are answered with a BootstrapResult, everything older with the address alone, no newline. */
struct bytes
bootstrap_answer(const struct bootstrap *bootstrap, const char *address)
{
	if (!bootstrap->params)
		return (struct bytes){ (const uint8_t *)address, strlen(address) };
	struct message result = { 0 };
	put_varint(&result, RESULT_VERSION, 3);
	put_string(&result, RESULT_ADDRESS, address);
	put_string(&result, RESULT_PROTOCOL, "ttrpc");
	return (struct bytes){ result.at, result.length };
}

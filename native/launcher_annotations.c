/* The grouping annotations of an OCI config.json. */
#include "launcher_json.h"

#include <string.h>

#define KEY_ROOM 64 /* more than any key that is looked for */

/* Called for each member of an object, standing on its value. */
typedef int member_reader(struct json *json, const char *key, size_t length, struct annotations *annotations);

static int
read_object(struct json *json, member_reader *read_member, struct annotations *annotations)
{
	if (json_expect(json, '{', "expected an object") != 0)
		return -1;
	if (json_peek(json) == '}') {
		json->at++;
		return 0;
	}
	for (;;) {
		char bytes[KEY_ROOM];
		struct decoded key = { bytes, 0, sizeof bytes };
		if (json_key(json, &key) != 0)
			return -1;
		if (read_member(json, bytes, key.length <= sizeof bytes ? key.length : 0, annotations) != 0)
			return -1;
		if (json_peek(json) == '}')
			break;
		if (json_expect(json, ',', "expected ',' or '}'") != 0)
			return -1;
	}
	json->at++;
	return 0;
}

static bool
is_key(const char *key, size_t length, const char *wanted)
{
	return length == strlen(wanted) && memcmp(key, wanted, length) == 0;
}

static int
read_annotation(struct json *json, const char *key, size_t length, struct annotations *annotations)
{
	const char **value = is_key(key, length, "io.containerd.runc.v2.group")	     ? &annotations->group
			     : is_key(key, length, "io.kubernetes.cri.sandbox-id") ? &annotations->sandbox
											     : NULL;
	if (value == NULL)
		return json_skip(json);
	const uint8_t *from = json->at;
	struct decoded out = { .at = NULL };
	if (json_string(json, &out) != 0)
		return -1;
	out = (struct decoded){ hold(out.length + 1), 0, out.length };
	json->at = from;
	if (json_string(json, &out) != 0)
		return -1;
	if (memchr(out.at, '\0', out.length) != NULL)
		return failed("%s: annotation %.*s holds a NUL", json->file, (int)length, key);
	*value = out.at;
	return 0;
}

static int
read_top(struct json *json, const char *key, size_t length, struct annotations *annotations)
{
	if (!is_key(key, length, "annotations"))
		return json_skip(json);
	/* Of two members of one name the last counts, wholly, as in JSON.parse. */
	*annotations = (struct annotations){ NULL, NULL };
	if (json_peek(json) == 'n')
		return json_scalar(json);
	return read_object(json, read_annotation, annotations);
}

int
parse_annotations(const char *file, struct bytes content, struct annotations *annotations)
{
	struct json json = { file, content.at, content.at, content.at + content.length };
	*annotations = (struct annotations){ NULL, NULL };
	if (read_object(&json, read_top, annotations) != 0)
		return -1;
	return json_peek(&json) < 0 ? 0 : json_wrong(&json, "text after the end");
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading plans: whoever may have written, cut or edited them. */
#include "plan_file.h"
#include "../program/json.h"
#include "../program/message.h"
#include "../program/whole_file.h"
#include "../record/hash_text.h"
#include "../../rules/base/arena.h"

#include <errno.h>
#include <fcntl.h>
#include <nettle/base64.h>
#include <string.h>
#include <unistd.h>

bool plan_file_is(const char *path)
{
	char head[256];
	ssize_t got = -1;
	size_t at = 0;
	int fd = strcmp(path, "-") ? open(path, O_RDONLY | O_CLOEXEC |
							O_NOCTTY | O_NONBLOCK) :
				     -1;

	if (fd < 0)
		return false;
	/* A pipe gives nothing twice. */
	if (lseek(fd, 0, SEEK_END) > 0)
		got = pread(fd, head, sizeof(head), 0);
	close(fd);
	while ((ssize_t)at < got && strchr(" \t\r\n", head[at]) && head[at])
		at++;
	return (ssize_t)at < got && head[at] == '{';
}

/* ---- members of the document; NULL or false: it is not as it has to be ----
 */

static bool plan_take_digest(const json_t *o, const char *name, char *out)
{
	const char *text = json_string_value(json_object_get(o, name));

	if (!text || strlen(text) >= DIGEST_TEXT_BYTES)
		return false;
	strcpy(out, text);
	return true;
}

static bool plan_take_state(struct arena *a, const json_t *o,
			    struct plan_state *out)
{
	out->loaded = json_is_true(json_object_get(o, "loaded"));
	out->flags = (uint32_t)json_integer_value(json_object_get(o, "flags"));
	out->table = recorded_text(a, o, "table");
	return json_is_boolean(json_object_get(o, "loaded")) && out->table &&
	       plan_take_digest(o, "digest", out->digest) &&
	       plan_take_digest(o, "actual", out->actual);
}

static char *plan_decode(const char *text, size_t len, size_t *out_len)
{
	char *out = malloc(BASE64_DECODE_LENGTH(len) + 1);
	struct base64_decode_ctx ctx;

	if (!out)
		return NULL;
	base64_decode_init(&ctx);
	*out_len = BASE64_DECODE_LENGTH(len);
	if (base64_decode_update(&ctx, out_len, (uint8_t *)out, len, text) &&
	    base64_decode_final(&ctx))
		return out;
	free(out);
	return NULL;
}

static char *plan_take_bytes(const json_t *o, size_t *len)
{
	const json_t *text = json_object_get(o, "text");
	const json_t *base64 = json_object_get(o, "base64");
	char *out;

	if (json_is_string(base64))
		return plan_decode(json_string_value(base64),
				   json_string_length(base64), len);
	if (!json_is_string(text))
		return NULL;
	*len = json_string_length(text);
	out = malloc(*len + 1);
	if (out)
		memcpy(out, json_string_value(text), *len + 1);
	return out;
}

/* A file whose text is not what its sum says was edited. */
static bool plan_take_file(struct arena *a, const json_t *o,
			   struct recording *r)
{
	const char *path = recorded_text(a, o, "path");
	const char *sum = json_string_value(json_object_get(o, "sha256"));
	char hash[HASH_TEXT_BYTES];
	size_t len = 0;
	char *text = path && sum ? plan_take_bytes(o, &len) : NULL;

	if (!text)
		return false;
	*arena_push(a, &r->files) = (struct recorded_file){ path, text, len };
	hash_of(text, len, hash);
	return !strcmp(hash, sum);
}

static bool plan_take_files(struct arena *a, const json_t *list,
			    struct recording *r)
{
	bool good = json_array_size(list) > 0;

	for (size_t i = 0; good && i < json_array_size(list); i++)
		good = plan_take_file(a, json_array_get(list, i), r);
	return good;
}

static bool plan_take(struct program *p, const json_t *o, struct plan_file *out)
{
	struct arena *a = p->arena;
	struct recording *r = &out->recording;

	r->path = recorded_text(a, o, "path");
	r->folder = recorded_text(a, o, "folder");
	out->digest = recorded_text(a, o, "digest");
	out->made_s = json_integer_value(json_object_get(o, "made_s"));
	return r->path && r->folder && out->digest &&
	       plan_take_state(a, json_object_get(o, "against"),
			       &out->against) &&
	       plan_take_files(a, json_object_get(o, "files"), r) &&
	       recorded_ids_take(a, json_object_get(o, "ids"), &r->ids) &&
	       recorded_definitions_take(a, json_object_get(o, "definitions"),
					 &p->definitions);
}

/* ---- the file ---- */

static int plan_refuse(struct program *p, const char *path, const char *code,
		       const char *what, const char *help)
{
	struct diags diags = { .arena = p->arena };

	diag_error(&diags, NULL, code, "\"%s\" %s", path, what)->help = help;
	if (p->json)
		print_json(json_pack("{s:b, s:o}", "ok", 0, "diagnostics",
				     diags_json(&diags)));
	else
		message_diags(&diags, p->quiet);
	return EXIT_REFUSED;
}

#define MAKE_AGAIN "make it again: mailwall plan -o PLAN POLICY"

static json_t *plan_parse(struct arena *a, const char *text, size_t len,
			  const char **why)
{
	json_error_t e;
	json_t *o = json_loadb(text, len, JSON_REJECT_DUPLICATES, &e);

	if (!o)
		*why = arena_printf(a, "is no plan, or it was cut: line %d: %s",
				    e.line, e.text);
	return o;
}

static int plan_read_text(const char *path, const char **text, size_t *len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	int error;

	if (fd < 0)
		return -errno;
	error = whole_file_read_regular(fd, text, len);
	close(fd);
	return error;
}

static int plan_file_take(struct program *p, const json_t *o,
			  struct plan_file *out)
{
	json_int_t version =
		json_integer_value(json_object_get(o, "mailwall_plan"));

	if (!version)
		return plan_refuse(p, out->path, "no-plan",
				   "is no plan, and no policy begins with "
				   "\"{\"",
				   MAKE_AGAIN);
	if (version != PLAN_FILE_VERSION)
		return plan_refuse(p, out->path, "plan-version",
				   "is a plan of another version of mailwall",
				   MAKE_AGAIN);
	if (!plan_take(p, o, out))
		return plan_refuse(p, out->path, "plan-edited",
				   "was edited, or it is damaged: a member is "
				   "missing, or a file is not what its sum "
				   "says",
				   MAKE_AGAIN);
	return EXIT_DONE;
}

static int plan_file_read(struct program *p, struct plan_file *out)
{
	const char *text = NULL, *why = NULL;
	size_t len = 0;
	json_t *o;
	int code, error = plan_read_text(out->path, &text, &len);

	if (error)
		return plan_refuse(p, out->path, "cannot-read",
				   arena_printf(p->arena, "cannot be read: %s",
						strerror(-error)),
				   NULL);
	o = plan_parse(p->arena, text, len, &why);
	free((char *)text);
	if (!o)
		return plan_refuse(p, out->path, "no-plan", why, MAKE_AGAIN);
	code = plan_file_take(p, o, out);
	json_decref(o);
	return code;
}

/* ---- its policy ---- */

static int planned_read(void *ctx, const char *path, const char **text,
			size_t *len)
{
	const struct recording *r = ctx;
	const char *name =
		recording_absolute(r->program->arena, r->folder, path);

	for (size_t i = 0; i < r->files.n; i++)
		if (!strcmp(r->files.items[i].path, name)) {
			*text = r->files.items[i].text;
			*len = r->files.items[i].len;
			return 0;
		}
	return -ENOENT;
}

static void planned_keep(void *ctx, const char *text, size_t len)
{
	(void)ctx;
	(void)text;
	(void)len;
}

static int planned_user(void *ctx, const char *name, uint32_t *id)
{
	const struct recording *r = ctx;

	return recorded_ids_find(&r->ids, false, name, id);
}

static int planned_group(void *ctx, const char *name, uint32_t *id)
{
	const struct recording *r = ctx;

	return recorded_ids_find(&r->ids, true, name, id);
}

int plan_file_load(struct program *p, const char *path, struct plan_file *out,
		   struct policy **policy)
{
	struct recording *r = &out->recording;
	const struct policy_world *before = p->world;
	int code;

	*out = (struct plan_file){ .path = path,
				   .recording = { .program = p } };
	r->world = (struct policy_world){ .ctx = r,
					  .read = planned_read,
					  .release = planned_keep,
					  .user = planned_user,
					  .group = planned_group };
	code = plan_file_read(p, out);
	if (code)
		return code;
	p->world = &r->world;
	code = load_good_policy(p, r->path, policy);
	p->world = before;
	return code;
}

/* ---- what moved ---- */

void plan_file_changes(const struct plan_file *file, struct texts *out)
{
	struct arena *a = file->recording.program->arena;

	for (size_t i = 0; i < file->recording.files.n; i++) {
		const struct recorded_file *was =
			&file->recording.files.items[i];
		const char *text = NULL;
		size_t len = 0;

		if (!strcmp(was->path, "-"))
			continue;
		if (plan_read_text(was->path, &text, &len)) {
			*arena_push(a, out) = was->path;
			continue;
		}
		if (len != was->len || memcmp(text, was->text, len))
			*arena_push(a, out) = was->path;
		free((char *)text);
	}
}

static int plan_moved(const struct plan_file *file, const char *what,
		      struct fault *f)
{
	return fault_set(f, -ESTALE,
			 "%s since \"%s\" was made: look at it again with "
			 "\"mailwall plan %s\", and apply that",
			 what, file->path, file->recording.path);
}

int plan_file_check(const struct plan_file *file, const struct reading *reading,
		    struct fault *f)
{
	struct program *p = file->recording.program;
	const struct plan_state *was = &file->against;
	struct reading copy = *reading;
	struct plan_state is;
	int error = plan_state_read(p, &copy, &is);

	if (error)
		return fault_set(f, error, "what is loaded cannot be read: %s",
				 strerror(-error));
	if (was->loaded && !is.loaded)
		return plan_moved(file, "the rules were removed", f);
	if (!was->loaded && is.loaded)
		return plan_moved(file, "another policy was loaded", f);
	if (strcmp(was->digest, is.digest) || strcmp(was->table, is.table))
		return plan_moved(file, "another policy was loaded", f);
	if (strcmp(was->actual, is.actual) || was->flags != is.flags)
		return plan_moved(file, "somebody changed the loaded rules", f);
	return 0;
}

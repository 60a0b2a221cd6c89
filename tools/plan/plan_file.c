/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writing plans, and the state of the kernel that they are made against. */
#include "plan_file.h"
#include "../kernel/loaded.h"
#include "../program/message.h"
#include "../program/output.h"
#include "../record/hash_text.h"
#include "../../rules/base/arena.h"

#include <errno.h>
#include <nettle/base64.h>
#include <string.h>
#include <time.h>

/* Sets with more are compared by the run file, as apply does it. */
#define STATE_ELEMENTS_MOST 20000

/* ---- what the kernel holds ---- */

static int state_read_actual(struct program *p, struct reading *reading,
			     enum family family, char *actual)
{
	struct applied applied;
	struct claim claim = { &applied, reading->generation };
	struct loaded loaded;
	struct netlink nl;
	int error = netlink_open(&nl);

	if (error)
		return error;
	applied_load_brief(p, &applied);
	error = loaded_read(&nl, reading, family, STATE_ELEMENTS_MOST,
			    applied_claim, &claim, &loaded);
	digest_objects_free(&loaded.objects);
	netlink_close(&nl);
	if (!error)
		memcpy(actual, loaded.digest, sizeof(loaded.digest));
	return error;
}

int plan_state_read(struct program *p, struct reading *reading,
		    struct plan_state *out)
{
	int family = reading_family(reading);
	const struct present *table;

	*out = (struct plan_state){ .table = "" };
	if (family < 0)
		return 0;
	table = &reading->tables[family];
	out->loaded = true;
	out->table = apply_table_text(p->arena, (enum family)family);
	out->flags = table->flags;
	memcpy(out->digest, table->digest, sizeof(out->digest));
	return state_read_actual(p, reading, (enum family)family, out->actual);
}

/* ---- writing ---- */

static json_t *plan_base64_json(const struct recorded_file *file)
{
	size_t len = BASE64_ENCODE_RAW_LENGTH(file->len);
	char *text = malloc(len + 1);
	json_t *out;

	if (!text)
		return NULL;
	base64_encode_raw(text, file->len, (const uint8_t *)file->text);
	out = json_stringn(text, len);
	free(text);
	return out;
}

/* Text that is not UTF-8, as comments of an old export, becomes base64. */
static json_t *plan_file_json(const struct recorded_file *file)
{
	char hash[HASH_TEXT_BYTES];
	json_t *text = memchr(file->text, 0, file->len) ?
			       NULL :
			       json_stringn(file->text, file->len);

	hash_of(file->text, file->len, hash);
	return text ? json_pack("{s:s, s:s, s:o}", "path", file->path, "sha256",
				hash, "text", text) :
		      json_pack("{s:s, s:s, s:o}", "path", file->path, "sha256",
				hash, "base64", plan_base64_json(file));
}

static json_t *plan_files_json(const struct recording *r)
{
	json_t *list = json_array();

	for (size_t i = 0; i < r->files.n; i++)
		json_array_append_new(list, plan_file_json(&r->files.items[i]));
	return list;
}

static json_t *plan_state_json(const struct plan_state *s)
{
	return json_pack("{s:b, s:s, s:I, s:s, s:s}", "loaded", s->loaded,
			 "table", s->table, "flags", (json_int_t)s->flags,
			 "digest", s->digest, "actual", s->actual);
}

static json_t *plan_file_document(const struct plan *plan,
				  const struct recording *r,
				  const struct plan_state *against)
{
	return json_pack(
		"{s:i, s:s, s:I, s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o}",
		"mailwall_plan", PLAN_FILE_VERSION, "version", VERSION,
		"made_s", (json_int_t)time(NULL), "path", r->path, "folder",
		r->folder, "digest", plan->rules->digest, "against",
		plan_state_json(against), "files", plan_files_json(r), "ids",
		recorded_ids_json(&r->ids), "definitions",
		recorded_definitions_json(&plan->program->definitions), "plan",
		plan_json(plan));
}

static int plan_file_put(json_t *document, const char *path)
{
	struct output out;
	int error = output_open(&out, path);

	if (error)
		return -EIO;
	if (json_dumpf(document, out.file, JSON_INDENT(1)) ||
	    fputc('\n', out.file) == EOF) {
		message_say("\"%s\" cannot be written: %s", path,
			    strerror(errno));
		output_abandon(&out);
		return -EIO;
	}
	return output_finish(&out) ? -EIO : 0;
}

int plan_file_write(struct plan *plan, const struct recording *r,
		    const char *path)
{
	struct plan_state against;
	json_t *document;
	int error = plan_state_read(plan->program, &plan->outcome.reading,
				    &against);

	if (error) {
		message_say("what is loaded cannot be read: %s",
			    strerror(-error));
		return error;
	}
	document = plan_file_document(plan, r, &against);
	if (!document) {
		message_say("no plan is written: the names of its files are "
			    "not UTF-8, or there is no memory");
		return -EINVAL;
	}
	error = plan_file_put(document, path);
	json_decref(document);
	return error;
}

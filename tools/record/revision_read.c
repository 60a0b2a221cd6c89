/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading a revision: its manifest, its copies, and the policy of them. */
#include "revision.h"
#include "revision_priv.h"
#include "journal_chain.h"
#include "../program/message.h"
#include "../program/whole_file.h"
#include "../../rules/base/arena.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- the manifest ---- */

static bool manifest_take_file(struct arena *a, const json_t *o,
			       struct revision_file *file)
{
	const char *sha = json_string_value(json_object_get(o, "sha256"));

	file->path = recorded_text(a, o, "path");
	file->copy = recorded_text(a, o, "copy");
	file->bytes = (uint64_t)json_integer_value(json_object_get(o, "bytes"));
	if (!file->copy || strchr(file->copy, '/') || *file->copy == '.' ||
	    !sha || strlen(sha) >= sizeof(file->sha256))
		return false;
	strcpy(file->sha256, sha);
	return true;
}

static bool manifest_take_files(struct arena *a, const json_t *list,
				struct revision *out)
{
	bool good = json_array_size(list) > 0;

	for (size_t i = 0; good && i < json_array_size(list); i++)
		good = manifest_take_file(a, json_array_get(list, i),
					  arena_push(a, &out->files));
	return good && out->files.items[0].path;
}

static bool manifest_take(struct arena *a, const json_t *o,
			  struct revision *out)
{
	out->time_s = json_integer_value(json_object_get(o, "time_s"));
	out->version = recorded_text(a, o, "version");
	out->name = recorded_text(a, o, "policy");
	out->path = recorded_text(a, o, "path");
	out->run_folder = recorded_text(a, o, "folder");
	out->digest = recorded_text(a, o, "digest");
	out->observe = json_is_true(json_object_get(o, "observe"));
	return out->version && out->name && out->path && out->run_folder &&
	       out->digest &&
	       manifest_take_files(a, json_object_get(o, "files"), out) &&
	       recorded_ids_take(a, json_object_get(o, "ids"), &out->ids) &&
	       recorded_definitions_take(a, json_object_get(o, "definitions"),
					 &out->definitions);
}

/* ---- its copies ---- */

static int revision_read_copy(struct arena *a, const struct revision *rev,
			      const char *name, const char **text, size_t *len)
{
	const char *path = arena_printf(a, "%s/%s", rev->folder, name);
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	int error;

	if (fd < 0)
		return -errno;
	error = whole_file_read_regular(fd, text, len);
	close(fd);
	return error;
}

/* Reads a copy and looks whether it is what was written. */
static int revision_read_file(struct arena *a, const struct revision *rev,
			      const struct revision_file *file,
			      const char **text, size_t *len)
{
	char hash[HASH_TEXT_BYTES];
	int error;

	*text = NULL;
	*len = 0;
	error = revision_read_copy(a, rev, file->copy, text, len);
	if (error)
		return error;
	hash_of(*text, *len, hash);
	if (*len == file->bytes && !strcmp(hash, file->sha256))
		return 0;
	free((char *)*text);
	return -EBADMSG;
}

/* Says what to do about a revision that is not what it was. */
static int revision_refuse(const struct revision *rev, const char *name,
			   int error, struct fault *f)
{
	if (error == -EBADMSG)
		return fault_set(
			f, error,
			"revision %u was edited: \"%s/%s\" is not what was "
			"applied; edit the policy itself and apply that, or "
			"apply another revision: \"mailwall history\" lists "
			"them",
			rev->number, rev->folder, name);
	return fault_set(f, error == -ENOENT ? -EBADMSG : error,
			 "revision %u is damaged: cannot read \"%s/%s\": %s; "
			 "apply the policy itself, or another revision: "
			 "\"mailwall history\" lists them",
			 rev->number, rev->folder, name, strerror(-error));
}

static int revision_check_files(struct arena *a, const struct revision *rev,
				struct fault *f)
{
	for (size_t i = 0; i < rev->files.n; i++) {
		const struct revision_file *file = &rev->files.items[i];
		const char *text;
		size_t len;
		int error = revision_read_file(a, rev, file, &text, &len);

		if (error)
			return revision_refuse(rev, file->copy, error, f);
		free((char *)text);
	}
	return 0;
}

static int revision_read_manifest(struct arena *a, struct revision *out,
				  struct fault *f)
{
	const char *text = NULL;
	size_t len = 0;
	json_t *o;
	bool good;
	int error = revision_read_copy(a, out, MANIFEST_NAME, &text, &len);

	if (error)
		return revision_refuse(out, MANIFEST_NAME, error, f);
	while (len && text[len - 1] == '\n')
		len--;
	o = chain_sum_is_right(text, len) ?
		    json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL) :
		    NULL;
	good = o && manifest_take(a, o, out);
	json_decref(o);
	free((char *)text);
	return good ? 0 : revision_refuse(out, MANIFEST_NAME, -EBADMSG, f);
}

int revision_read_brief(struct program *p, uint32_t number,
			struct revision *out, struct fault *f)
{

	*out = (struct revision){ .number = number,
				  .folder = revision_folder(p, number) };
	if (access(out->folder, F_OK) && errno == ENOENT)
		return fault_set(
			f, -ENOENT,
			"there is no revision %u; \"mailwall history\" "
			"lists those that there are",
			number);
	return revision_read_manifest(p->arena, out, f);
}

int revision_read(struct program *p, uint32_t number, struct revision *out,
		  struct fault *f)
{
	int error = revision_read_brief(p, number, out, f);

	return error ? error : revision_check_files(p->arena, out, f);
}

int revision_text(struct program *p, const struct revision *rev,
		  const char **out, struct fault *f)
{
	const struct revision_file *file = &rev->files.items[0];
	const char *text;
	size_t len;
	int error = revision_read_file(p->arena, rev, file, &text, &len);

	if (error)
		return revision_refuse(rev, file->copy, error, f);
	*out = arena_strndup(p->arena, text, len);
	free((char *)text);
	return 0;
}

/* ---- comparing it ---- */

static bool revision_has_file(const struct revision *rev,
			      const struct recorded_file *file)
{
	char hash[HASH_TEXT_BYTES];

	for (size_t i = 0; i < rev->files.n; i++) {
		const struct revision_file *rf = &rev->files.items[i];

		if (!rf->path || strcmp(rf->path, file->path))
			continue;
		hash_of(file->text, file->len, hash);
		return rf->bytes == file->len && !strcmp(hash, rf->sha256);
	}
	return false;
}

static size_t revision_count_files(const struct revision *rev)
{
	size_t n = 0;

	for (size_t i = 0; i < rev->files.n; i++)
		n += !!rev->files.items[i].path;
	return n;
}

static bool revision_has_definitions(const struct revision *rev,
				     const struct program *p)
{
	bool same = rev->definitions.n == p->definitions.n;

	for (size_t i = 0; same && i < rev->definitions.n; i++)
		same = !strcmp(rev->definitions.items[i].name,
			       p->definitions.items[i].name) &&
		       !strcmp(rev->definitions.items[i].value,
			       p->definitions.items[i].value);
	return same;
}

bool revision_is(const struct revision *rev, const struct recording *r,
		 const char *digest)
{
	bool same = !strcmp(rev->digest, digest) &&
		    !strcmp(rev->path, r->path) &&
		    revision_count_files(rev) == r->files.n &&
		    rev->ids.n == r->ids.n &&
		    revision_has_definitions(rev, r->program);

	for (size_t i = 0; same && i < r->files.n; i++)
		same = revision_has_file(rev, &r->files.items[i]);
	for (size_t i = 0; same && i < r->ids.n; i++)
		same = !strcmp(rev->ids.items[i].name, r->ids.items[i].name) &&
		       rev->ids.items[i].id == r->ids.items[i].id;
	return same;
}

/* ---- the policy of its copies ---- */

struct replay_files {
	struct program *program;
	const struct revision *revision;
};

static int replay_read(void *ctx, const char *path, const char **text,
		       size_t *len)
{
	const struct replay_files *r = ctx;
	const struct revision *rev = r->revision;
	struct arena *a = r->program->arena;
	const char *name = recording_absolute(a, rev->run_folder, path);

	for (size_t i = 0; i < rev->files.n; i++) {
		const struct revision_file *file = &rev->files.items[i];

		if (file->path && !strcmp(file->path, name))
			return revision_read_file(a, rev, file, text, len);
	}
	return -ENOENT;
}

static void replay_release(void *ctx, const char *text, size_t len)
{
	(void)ctx;
	(void)len;
	free((char *)text);
}

static int replay_user(void *ctx, const char *name, uint32_t *id)
{
	const struct replay_files *r = ctx;

	return recorded_ids_find(&r->revision->ids, false, name, id);
}

static int replay_group(void *ctx, const char *name, uint32_t *id)
{
	const struct replay_files *r = ctx;

	return recorded_ids_find(&r->revision->ids, true, name, id);
}

int revision_load(struct program *p, const struct revision *rev,
		  struct policy **out)
{
	struct replay_files files = { p, rev };
	const struct policy_world world = { .ctx = &files,
					    .read = replay_read,
					    .release = replay_release,
					    .user = replay_user,
					    .group = replay_group,
					    .proven = true };
	struct program own = *p;
	int code;

	own.world = &world;
	own.definitions.items = rev->definitions.items;
	own.definitions.n = own.definitions.cap = rev->definitions.n;
	code = load_good_policy(&own, rev->path, out);
	if (code && !p->json)
		message_say("revision %u cannot be loaded", rev->number);
	return code;
}

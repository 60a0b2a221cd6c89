/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Making revisions, and which of them is current. */
#include "revision.h"
#include "revision_priv.h"
#include "folders.h"
#include "journal_chain.h"
#include "../kernel/applied.h"
#include "../program/json.h"
#include "../../rules/base/arena.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define NUMBER_DIGITS 6
#define NEW_START     ".new-" /* a folder that is not whole yet */

const char *revision_place(struct program *p)
{
	return arena_printf(p->arena, "%s/revisions", p->state_dir);
}

const char *revision_folder(struct program *p, uint32_t number)
{
	return arena_printf(p->arena, "%s/%0*u", revision_place(p),
			    NUMBER_DIGITS, number);
}

/* ---- which there are ---- */

/* The number that a folder's name is; 0: it is none. */
static uint32_t revision_number(const char *name)
{
	if (strlen(name) != NUMBER_DIGITS ||
	    strspn(name, "0123456789") != NUMBER_DIGITS)
		return 0;
	return (uint32_t)strtoul(name, NULL, 10);
}

static int revision_order(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

int revision_list(struct program *p, struct numbers *out, struct fault *f)
{
	DIR *dir = opendir(revision_place(p));
	const struct dirent *entry;

	*out = (struct numbers){ 0 };
	if (!dir && errno == ENOENT)
		return 0;
	if (!dir)
		return fault_set(f, -errno, "cannot read \"%s\": %s",
				 revision_place(p), strerror(errno));
	while ((entry = readdir(dir)))
		if (revision_number(entry->d_name))
			*arena_push(p->arena, out) =
				revision_number(entry->d_name);
	closedir(dir);
	if (out->n)
		qsort(out->items, out->n, sizeof(*out->items), revision_order);
	return 0;
}

static const char *revision_link(struct program *p)
{
	return arena_printf(p->arena, "%s/current", p->state_dir);
}

int revision_current(struct program *p, uint32_t *number, struct fault *f)
{
	const char *path = revision_link(p), *slash;
	char target[PATH_MAX];
	ssize_t len = readlink(path, target, sizeof(target) - 1);

	*number = 0;
	if (len < 0 && errno == ENOENT)
		return 0;
	if (len < 0)
		return fault_set(f, -errno, "cannot read \"%s\": %s", path,
				 strerror(errno));
	target[len] = '\0';
	slash = strrchr(target, '/');
	*number = revision_number(slash ? slash + 1 : target);
	if (*number)
		return 0;
	return fault_set(f, -EBADMSG,
			 "\"%s\" points to \"%s\", which is no revision; "
			 "remove it and apply a policy",
			 path, target);
}

int revision_set_current(struct program *p, uint32_t number, struct fault *f)
{
	const char *path = revision_link(p);
	const char *fresh = arena_printf(p->arena, "%s.new", path);
	const char *target =
		arena_printf(p->arena, "revisions/%0*u", NUMBER_DIGITS, number);
	int error = 0;

	if (unlink(fresh) && errno != ENOENT)
		error = -errno;
	if (!error && (symlink(target, fresh) || rename(fresh, path)))
		error = -errno;
	if (!error)
		error = folders_sync(p->state_dir);
	if (error)
		return fault_set(f, error,
				 "cannot make revision %u the current one in "
				 "\"%s\": %s",
				 number, p->state_dir, strerror(-error));
	return 0;
}

/* ---- removing them ---- */

static void revision_remove_folder(const char *path)
{
	DIR *dir = opendir(path);
	const struct dirent *entry;

	if (!dir)
		return;
	/* A folder that nobody may write is its owner's to open again. */
	fchmod(dirfd(dir), 0700);
	while ((entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			unlinkat(dirfd(dir), entry->d_name, 0);
	closedir(dir);
	rmdir(path);
}

void revision_remove(struct program *p, uint32_t number)
{
	revision_remove_folder(revision_folder(p, number));
}

/* Removes what a process that died left behind. */
static void revision_sweep(struct program *p)
{
	DIR *dir = opendir(revision_place(p));
	const struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		if (!strncmp(entry->d_name, NEW_START, strlen(NEW_START)))
			revision_remove_folder(arena_printf(p->arena, "%s/%s",
							    revision_place(p),
							    entry->d_name));
	if (dir)
		closedir(dir);
}

void revision_tidy(struct program *p, uint32_t keep)
{
	struct numbers list;
	struct fault f;
	uint32_t current;

	revision_sweep(p);
	/* Keep all where the current one is not known: any may be it. */
	if (revision_current(p, &current, &f) || revision_list(p, &list, &f))
		return;
	for (size_t i = 0; i + REVISIONS_KEPT < list.n; i++)
		if (list.items[i] != current && list.items[i] != keep)
			revision_remove(p, list.items[i]);
}

/* ---- the manifest ---- */

/* A revision while it is written. */
struct making {
	struct program *program;
	const char *folder; /* its temporary one */
	json_t *files;
};

static json_t *making_manifest(const struct making *m,
			       const struct recording *r,
			       const struct revision_about *about)
{
	return json_pack("{s:s, s:I, s:o, s:o, s:o, s:s, s:b, s:O, s:o, s:o}",
			 "version", VERSION, "time_s", (json_int_t)time(NULL),
			 "policy", text_json(about->name), "path",
			 text_json(r->path), "folder", text_json(r->folder),
			 "digest", about->digest, "observe", about->observe,
			 "files", m->files, "ids", recorded_ids_json(&r->ids),
			 "definitions",
			 recorded_definitions_json(&r->program->definitions));
}

/* ---- its files ---- */

static int making_put(int fd, const char *text, size_t len)
{
	while (len) {
		ssize_t n = write(fd, text, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		text += n;
		len -= (size_t)n;
	}
	return fchmod(fd, 0444) || fsync(fd) ? -errno : 0;
}

static int making_write(const struct making *m, const char *name,
			const char *text, size_t len)
{
	const char *path =
		arena_printf(m->program->arena, "%s/%s", m->folder, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	int error;

	if (fd < 0)
		return -errno;
	error = making_put(fd, text, len);
	if (close(fd) && !error)
		error = -errno;
	return error;
}

/* Writes a copy and notes it; path NULL: it is for people to read. */
static int making_add(struct making *m, const char *path, const char *copy,
		      const char *text, size_t len)
{
	char hash[HASH_TEXT_BYTES];
	json_t *row;

	hash_of(text, len, hash);
	row = json_pack("{s:s, s:I, s:s}", "copy", copy, "bytes",
			(json_int_t)len, "sha256", hash);
	if (path)
		json_object_set_new(row, "path", text_json(path));
	json_array_append_new(m->files, row);
	return making_write(m, copy, text, len);
}

/* "policy" of the first, "01-residential.list" of the second. */
static const char *making_copy_name(struct arena *a, const char *path,
				    size_t index)
{
	const char *slash = strrchr(path, '/');
	char base[64];
	size_t n = 0;

	if (!index)
		return "policy";
	for (const char *c = slash ? slash + 1 : path;
	     *c && n < sizeof(base) - 1; c++)
		base[n++] = (char)((*c >= 'a' && *c <= 'z') ||
						   (*c >= 'A' && *c <= 'Z') ||
						   (*c >= '0' && *c <= '9') ||
						   strchr(".-_", *c) ?
					   *c :
					   '_');
	base[n] = '\0';
	return arena_printf(a, "%02zu-%s", index, base);
}

static const char *making_definitions_text(struct program *p)
{
	const char *text = "";

	for (size_t i = 0; i < p->definitions.n; i++)
		text = arena_printf(p->arena, "%s%s=%s\n", text,
				    p->definitions.items[i].name,
				    p->definitions.items[i].value);
	return text;
}

static int making_copy_all(struct making *m, const struct recording *r,
			   const struct revision_about *about)
{
	struct arena *a = m->program->arena;
	const char *text = making_definitions_text(m->program);
	int error = 0;

	for (size_t i = 0; !error && i < r->files.n; i++) {
		const struct recorded_file *file = &r->files.items[i];

		error = making_add(m, file->path,
				   making_copy_name(a, file->path, i),
				   file->text, file->len);
	}
	if (!error)
		error = making_add(m, NULL, "definitions", text, strlen(text));
	text = arena_printf(a, "%s\n", about->digest);
	return error ? error :
		       making_add(m, NULL, "digest", text, strlen(text));
}

static int making_write_manifest(struct making *m, const struct recording *r,
				 const struct revision_about *about)
{
	json_t *o = making_manifest(m, r, about);
	char *text = o ? json_dumps(o, JSON_COMPACT) : NULL;
	const char *whole;

	json_decref(o);
	if (!text)
		return -ENOMEM;
	whole = arena_printf(m->program->arena, "%s\n",
			     chain_add_sum(m->program->arena, text));
	free(text);
	return making_write(m, MANIFEST_NAME, whole, strlen(whole));
}

static int making_fill(struct making *m, const struct recording *r,
		       const struct revision_about *about)
{
	int error = making_copy_all(m, r, about);

	if (!error)
		error = making_write_manifest(m, r, about);
	if (!error)
		error = folders_sync(m->folder);
	return error;
}

/* ---- all of one ---- */

static int revision_next(struct program *p, uint32_t *number, struct fault *f)
{
	struct numbers list;
	int error = revision_list(p, &list, f);

	if (error)
		return error;
	*number = list.n ? list.items[list.n - 1] + 1 : 1;
	if (*number > REVISION_MOST)
		return fault_set(f, -EOVERFLOW,
				 "there is no number after revision %u",
				 REVISION_MOST);
	return 0;
}

static int revision_open_place(struct program *p, const char *folder)
{
	const char *place = revision_place(p);
	int error = applied_make_folder(p->state_dir);

	if (error)
		return error;
	if (mkdir(place, 0700) && errno != EEXIST)
		return -errno;
	revision_sweep(p);
	return mkdir(folder, 0700) ? -errno : 0;
}

/* Gives the folder its name, once the disk has all of it. */
static int revision_name(struct program *p, const char *folder, uint32_t number)
{
	if (chmod(folder, 0555) || rename(folder, revision_folder(p, number)))
		return -errno;
	return folders_sync(revision_place(p));
}

int revision_make(struct program *p, const struct recording *r,
		  const struct revision_about *about, uint32_t *number,
		  struct fault *f)
{
	struct making m = { .program = p, .files = json_array() };
	int error = revision_next(p, number, f);

	if (error) {
		json_decref(m.files);
		return error;
	}
	m.folder = arena_printf(p->arena, "%s/" NEW_START "%ld",
				revision_place(p), (long)getpid());
	error = revision_open_place(p, m.folder);
	if (!error)
		error = making_fill(&m, r, about);
	if (!error)
		error = revision_name(p, m.folder, *number);
	json_decref(m.files);
	if (!error)
		return 0;
	revision_remove_folder(m.folder);
	return fault_set(f, error, "cannot keep a revision in \"%s\": %s",
			 p->state_dir, strerror(-error));
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The file: a magic line with its version, then numbers of eight bytes, lowest
 * byte first, texts and the ranges of sets, field by field. At its end stands
 * SHA-256 of all but the ranges; those have a digest each set.
 */
#include "applied.h"
#include "../../rules/base/arena.h"
#include "../../rules/base/bytes.h"
#include "../program/program.h"

#include <stdio.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/netfilter/nf_tables.h>
#include <nettle/sha2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char magic[] = "mailwall loaded 1\n";

#define SETS_MOST  100000
#define BYTES_MOST ((size_t)1 << 31)
#define READ_AHEAD 16384

/* The namespace's inode names the file: rules belong to a namespace. */
static const char *file_path(struct program *p)
{
	struct stat st;

	if (stat("/proc/self/ns/net", &st))
		st.st_ino = 0;
	return arena_printf(p->arena, "%s/loaded-%llu", p->run_dir,
			    (unsigned long long)st.st_ino);
}

/* ---- reading: a cursor with a sticky error ---- */

/* Room for all of the file, which is read as far as it is looked at. */
struct cursor {
	int fd;
	bool brief; /* elements are not looked at */
	uint8_t *start, *at, *end, *file_end;
	uint8_t *there; /* up to here it was read */
	bool failed;
	struct sha256_ctx sha; /* all that was read, but the elements */
};

/* Reads up to, not with, end; ahead, since what follows is small. */
static bool fetch(struct cursor *c, const uint8_t *end)
{
	while (c->there < end) {
		size_t left = (size_t)(c->file_end - c->there);
		size_t want = (size_t)(end - c->there);
		ssize_t got;

		if (want < READ_AHEAD)
			want = left < READ_AHEAD ? left : READ_AHEAD;
		got = pread(c->fd, c->there, want, c->there - c->start);
		if (got <= 0)
			return false;
		c->there += got;
	}
	return true;
}

/* In brief the last one is all that is looked at; none is of size 0. */
static uint8_t *applied_take_elements(struct cursor *c, size_t n, size_t size)
{
	uint8_t *at = c->at;
	size_t len = n * size;

	if (c->failed || len > (size_t)(c->end - c->at)) {
		c->failed = true;
		return NULL;
	}
	c->at += len;
	if (c->brief && n && c->there < c->at - size)
		c->there = c->at - size;
	if (!fetch(c, c->at)) {
		c->failed = true;
		return NULL;
	}
	return at;
}

static const void *applied_take(struct cursor *c, size_t len)
{
	const void *at = c->at;

	if (c->failed || len > (size_t)(c->end - c->at) ||
	    !fetch(c, c->at + len)) {
		c->failed = true;
		return NULL;
	}
	c->at += len;
	if (len)
		sha256_update(&c->sha, len, at);
	return at;
}

/* Ranges are read where they lie, so they lie at a multiple of this. */
#define ALIGN 8

static void take_padding(struct cursor *c)
{
	applied_take(c, (ALIGN - (size_t)(c->at - c->start) % ALIGN) % ALIGN);
}

static uint64_t take_u64(struct cursor *c)
{
	const void *at = applied_take(c, sizeof(uint64_t));

	return at ? load_le(at, sizeof(uint64_t)) : 0;
}

static const char *applied_take_text(struct cursor *c, struct arena *a)
{
	size_t len = take_u64(c);
	const char *at = applied_take(c, len);

	return at ? arena_strndup(a, at, len) : "";
}

static void applied_take_digest(struct cursor *c, char *digest)
{
	const void *at = applied_take(c, DIGEST_TEXT_BYTES);

	if (at)
		memcpy(digest, at, DIGEST_TEXT_BYTES);
	digest[DIGEST_TEXT_BYTES - 1] = '\0';
}

/* A range in the file: its first and its last address. */
#define RANGE4_BYTES 8
#define RANGE6_BYTES 32

static bool range_ends_space(const uint8_t *range, bool v6)
{
	if (!v6)
		return load_le(range + 4, 4) == UINT32_MAX;
	return load_le(range + 16, 8) == UINT64_MAX &&
	       load_le(range + 24, 8) == UINT64_MAX;
}

/* Ranges of the file become ranges of memory, each in its own place. */
_Static_assert(sizeof(struct range4) == RANGE4_BYTES, "a range fits");
_Static_assert(sizeof(struct range6) == RANGE6_BYTES, "a range fits");

static struct ranges4 applied_ranges4(uint8_t *at, size_t n)
{
	struct range4 *items = (struct range4 *)at;

	for (size_t i = 0; i < n; i++, at += RANGE4_BYTES)
		items[i] = (struct range4){
			.first = (uint32_t)load_le(at, 4),
			.last = (uint32_t)load_le(at + 4, 4),
		};
	return (struct ranges4){ items, n, n };
}

static struct ranges6 applied_ranges6(uint8_t *at, size_t n)
{
	struct range6 *items = (struct range6 *)at;
	struct range6 range;

	for (size_t i = 0; i < n; i++, at += RANGE6_BYTES) {
		memcpy(range.first.byte, at, 16);
		memcpy(range.last.byte, at + 16, 16);
		items[i] = range;
	}
	return (struct ranges6){ items, n, n };
}

static void applied_take_set(struct cursor *c, struct arena *a,
			     struct known_set *set, char *digest)
{
	char sum[DIGEST_TEXT_BYTES];
	uint8_t *at;
	size_t n, size;
	bool v6;

	set->name = applied_take_text(c, a);
	applied_take_digest(c, digest);
	v6 = take_u64(c);
	size = v6 ? RANGE6_BYTES : RANGE4_BYTES;
	n = take_u64(c);
	if (n > BYTES_MOST / RANGE6_BYTES) {
		c->failed = true;
		return;
	}
	take_padding(c);
	at = applied_take_elements(c, n, size);
	if (!at)
		return;
	set->to_end = n && range_ends_space(at + (n - 1) * size, v6);
	if (c->brief) {
		*(v6 ? &set->v6.n : &set->v4.n) = n;
		return;
	}
	/* Borrowed from the file's text, which lives as long as the arena. */
	if (v6)
		set->v6 = applied_ranges6(at, n);
	else
		set->v4 = applied_ranges4(at, n);
	if (v6)
		digest_elements6(&set->v6, sum);
	else
		digest_elements4(&set->v4, sum);
	c->failed = c->failed || strcmp(sum, digest);
}

static bool applied_sum_is_right(struct cursor *c)
{
	uint8_t sum[SHA256_DIGEST_SIZE];

	sha256_digest(&c->sha, sizeof(sum), sum);
	return fetch(c, c->file_end) && !memcmp(sum, c->end, sizeof(sum));
}

static void applied_take_file(struct cursor *c, struct arena *a,
			      struct applied *out)
{
	const void *head = applied_take(c, sizeof(magic) - 1);
	size_t n;

	if (!head || memcmp(head, magic, sizeof(magic) - 1))
		return;
	out->generation = (uint32_t)take_u64(c);
	applied_take_digest(c, out->digest);
	out->path = applied_take_text(c, a);
	n = take_u64(c);
	if (n > SETS_MOST) {
		c->failed = true;
		return;
	}
	out->set_digests = arena_alloc(a, n * DIGEST_TEXT_BYTES + 1);
	for (size_t i = 0; i < n && !c->failed; i++)
		applied_take_set(c, a, arena_push(a, &out->known),
				 out->set_digests[i]);
	out->n_objects = take_u64(c);
	if (out->n_objects > SETS_MOST) {
		c->failed = true;
		return;
	}
	out->objects = arena_alloc(a, out->n_objects * sizeof(char *) + 1);
	for (size_t i = 0; i < out->n_objects && !c->failed; i++)
		out->objects[i] = applied_take_text(c, a);
	out->valid = !c->failed && c->at == c->end && applied_sum_is_right(c);
}

static bool cursor_open(struct cursor *c, struct arena *a, const char *path)
{
	struct stat st;

	c->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (c->fd < 0)
		return false;
	if (fstat(c->fd, &st) || !S_ISREG(st.st_mode) ||
	    (size_t)st.st_size >= BYTES_MOST ||
	    (size_t)st.st_size < sizeof(magic) - 1 + SHA256_DIGEST_SIZE)
		return false;
	c->start = c->at = c->there = arena_resize(a, NULL, (size_t)st.st_size);
	c->file_end = c->start + st.st_size;
	c->end = c->file_end - SHA256_DIGEST_SIZE;
	sha256_init(&c->sha);
	return true;
}

static void applied_read_text(struct program *p, bool brief,
			      struct applied *out)
{
	struct cursor c = { .brief = brief };

	*out = (struct applied){ 0 };
	if (cursor_open(&c, p->arena, file_path(p)))
		applied_take_file(&c, p->arena, out);
	if (c.fd >= 0)
		close(c.fd);
}

void applied_load(struct program *p, struct applied *out)
{
	applied_read_text(p, false, out);
}

void applied_load_brief(struct program *p, struct applied *out)
{
	applied_read_text(p, true, out);
}

/* ---- writing ---- */

struct writer {
	FILE *file;
	size_t at;
	struct sha256_ctx sha;
};

static void put_elements(struct writer *w, const void *data, size_t len)
{
	if (len)
		fwrite(data, 1, len, w->file);
	w->at += len;
}

static void applied_put(struct writer *w, const void *data, size_t len)
{
	put_elements(w, data, len);
	if (len)
		sha256_update(&w->sha, len, data);
}

static void put_padding(struct writer *w)
{
	static const uint8_t zero[ALIGN];

	applied_put(w, zero, (ALIGN - w->at % ALIGN) % ALIGN);
}

static void put_u64(struct writer *w, uint64_t value)
{
	uint8_t bytes[sizeof(value)];

	store_le(bytes, value, sizeof(bytes));
	applied_put(w, bytes, sizeof(bytes));
}

static void applied_put_text(struct writer *w, const char *text)
{
	put_u64(w, strlen(text));
	applied_put(w, text, strlen(text));
}

static void put_range4(struct writer *w, const struct range4 *range)
{
	uint8_t bytes[RANGE4_BYTES];

	store_le(bytes, range->first, 4);
	store_le(bytes + 4, range->last, 4);
	put_elements(w, bytes, sizeof(bytes));
}

static void put_range6(struct writer *w, const struct range6 *range)
{
	put_elements(w, range->first.byte, sizeof(range->first.byte));
	put_elements(w, range->last.byte, sizeof(range->last.byte));
}

static void applied_put_set(struct writer *w, const struct set *set)
{
	applied_put_text(w, set->name);
	applied_put(w, set->digest, sizeof(set->digest));
	put_u64(w, !set->v4);
	put_u64(w, set_elements(set));
	put_padding(w);
	for (size_t i = 0; set->v4 && i < set->v4->n; i++)
		put_range4(w, &set->v4->items[i]);
	for (size_t i = 0; !set->v4 && i < set->v6->n; i++)
		put_range6(w, &set->v6->items[i]);
}

static void put_file(struct writer *w, const struct ruleset *rs,
		     const struct digest_objects *objects, uint32_t generation,
		     const char *path)
{
	uint8_t sum[SHA256_DIGEST_SIZE];
	size_t fixed = 0;

	sha256_init(&w->sha);
	applied_put(w, magic, sizeof(magic) - 1);
	put_u64(w, generation);
	applied_put(w, rs->digest, sizeof(rs->digest));
	applied_put_text(w, path);
	for (size_t i = 0; i < rs->sets.n; i++)
		fixed += rs->sets.items[i]->v4 || rs->sets.items[i]->v6;
	put_u64(w, fixed);
	for (size_t i = 0; i < rs->sets.n; i++)
		if (rs->sets.items[i]->v4 || rs->sets.items[i]->v6)
			applied_put_set(w, rs->sets.items[i]);
	put_u64(w, objects->n);
	for (size_t i = 0; i < objects->n; i++)
		applied_put_text(w, objects->items[i]);
	sha256_digest(&w->sha, sizeof(sum), sum);
	fwrite(sum, 1, sizeof(sum), w->file);
}

static int write_file(const char *path, const char *temporary,
		      const struct ruleset *rs,
		      const struct digest_objects *objects, uint32_t generation,
		      const char *policy_path)
{
	struct writer w = { 0 };
	int fd, error;

	fd = open(temporary,
		  O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	w.file = fdopen(fd, "w");
	if (!w.file) {
		error = -errno;
		close(fd);
		return error;
	}
	put_file(&w, rs, objects, generation, policy_path);
	error = ferror(w.file) ? -EIO : 0;
	if (fclose(w.file) && !error)
		error = -errno;
	if (!error && rename(temporary, path))
		error = -errno;
	if (error)
		unlink(temporary);
	return error;
}

int applied_make_folder(const char *run_dir)
{
	char path[PATH_MAX];
	int n = snprintf(path, sizeof(path), "%s", run_dir);

	if (n >= (int)sizeof(path))
		return -ENAMETOOLONG;
	for (char *slash = path; *path && (slash = strchr(slash + 1, '/'));) {
		*slash = '\0';
		if (mkdir(path, 0755) && errno != EEXIST)
			return -errno;
		*slash = '/';
	}
	return mkdir(path, 0755) && errno != EEXIST ? -errno : 0;
}

int applied_save(struct program *p, const struct ruleset *rs,
		 uint32_t generation, const char *policy_path)
{
	const char *path = file_path(p);
	const char *temporary =
		arena_printf(p->arena, "%s.%ld", path, (long)getpid());
	struct digest_objects objects = { 0 };
	int error;

	error = applied_make_folder(p->run_dir);
	if (error)
		return error;
	error = ruleset_objects(rs, &objects);
	if (!error)
		error = write_file(path, temporary, rs, &objects, generation,
				   policy_path);
	digest_objects_free(&objects);
	return error;
}

void applied_forget(struct program *p)
{
	unlink(file_path(p));
}

/* ---- comparing it with the kernel ---- */

static const struct present_set *applied_find_set(const struct present *p,
						  const char *name)
{
	for (size_t i = 0; i < p->sets.n; i++)
		if (!strcmp(p->sets.items[i].name, name))
			return &p->sets.items[i];
	return NULL;
}

/* Does the kernel have as many elements as were loaded? See change.h. */
static bool applied_count_fits(const struct known_set *ks,
			       const struct present_set *ps)
{
	size_t n = ks->v4.n + ks->v6.n;

	/*
	 * A range to the end of the space has no end element. With nft a mark
	 * before the first range makes up for it.
	 */
	return ps->count == n || (ks->to_end && ps->count == n - 1 &&
				  ps->flags & NFT_SET_INTERVAL);
}

bool applied_matches(const struct applied *r, const struct present *p)
{
	if (!r->valid || strcmp(r->digest, p->digest))
		return false;
	for (size_t i = 0; i < r->known.n; i++) {
		const struct known_set *ks = &r->known.items[i];
		const struct present_set *ps = applied_find_set(p, ks->name);

		if (ps && ps->has_count && !applied_count_fits(ks, ps))
			return false;
	}
	return true;
}

const char *applied_claim(void *ctx, const struct present_set *set,
			  size_t *elements)
{
	const struct claim *c = ctx;
	const struct applied *r = c->applied;

	for (size_t i = 0; r->valid && i < r->known.n; i++) {
		const struct known_set *ks = &r->known.items[i];

		if (strcmp(ks->name, set->name))
			continue;
		*elements = ks->v4.n + ks->v6.n;
		if (set->has_count && !applied_count_fits(ks, set)) {
			*elements = set->count;
			return "not what was loaded";
		}
		return set->has_count || c->generation == r->generation ?
			       r->set_digests[i] :
			       NULL;
	}
	return NULL;
}

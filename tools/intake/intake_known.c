/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "intake_known.h"

#include <errno.h>
#include <nettle/sha2.h>
#include <stdlib.h>
#include <string.h>

#define HOUR_US	  INT64_C(3600000000)
#define HOURS	  8 /* a power of two */
#define MINUTE_US INT64_C(60000000)
#define LEAST	  1024 /* places; a power of two */
#define DIGEST_0  1    /* stands for a digest of 0, which is a free place */

struct known_line {
	uint64_t digest;
	int64_t minute;
};

/* The digests of an hour: a set, and those of them that are not stored. */
struct known_hour {
	int64_t hour;
	bool used;
	int error;
	uint64_t *set; /* open addressing, at most half full */
	size_t places, n;
	struct known_line *fresh; /* about in the order of their times */
	size_t n_fresh, size_fresh, n_written;
};

struct intake_known {
	struct recorder *recorder;
	bool again;
	int64_t newest_us;
	struct known_hour hours[HOURS];
	/* A transaction's lines are before this minute; where they end. */
	int64_t minute;
	size_t ends[HOURS];
};

/* ---- digests ---- */

static bool is_margin(char c)
{
	return !c || c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

uint64_t intake_digest(const char *line, size_t len)
{
	uint8_t digest[SHA256_DIGEST_SIZE];
	struct sha256_ctx sha;
	uint64_t out;

	for (; len && is_margin(line[len - 1]); len--)
		;
	for (; len && is_margin(*line); len--)
		line++;
	if (len >= 3 && !memcmp(line, "\xef\xbb\xbf", 3)) {
		line += 3;
		len -= 3;
	}
	sha256_init(&sha);
	sha256_update(&sha, len, (const uint8_t *)line);
	sha256_digest(&sha, sizeof(digest), digest);
	memcpy(&out, digest, sizeof(out));
	return out ? out : DIGEST_0;
}

/* ---- an hour ---- */

static uint64_t *hour_place(const struct known_hour *h, uint64_t digest)
{
	size_t at = (size_t)digest & (h->places - 1);

	while (h->set[at] && h->set[at] != digest)
		at = (at + 1) & (h->places - 1);
	return &h->set[at];
}

static int hour_grow(struct known_hour *h)
{
	struct known_hour more = *h;

	more.places = h->places ? h->places * 2 : LEAST;
	more.set = calloc(more.places, sizeof(*more.set));
	if (!more.set)
		return -ENOMEM;
	for (size_t i = 0; i < h->places; i++)
		if (h->set[i])
			*hour_place(&more, h->set[i]) = h->set[i];
	free(h->set);
	*h = more;
	return 0;
}

/* 1: it is there; 0: it is from now on; or -ENOMEM. */
static int hour_add(struct known_hour *h, uint64_t digest)
{
	uint64_t *place;
	int error;

	if (h->n >= h->places / 2) {
		error = hour_grow(h);
		if (error)
			return error;
	}
	place = hour_place(h, digest);
	if (*place)
		return 1;
	*place = digest;
	h->n++;
	return 0;
}

static int hour_add_fresh(struct known_hour *h, uint64_t digest, int64_t minute)
{
	if (h->n_fresh == h->size_fresh) {
		size_t size = h->size_fresh ? h->size_fresh * 2 : LEAST;
		struct known_line *more =
			realloc(h->fresh, size * sizeof(*more));

		if (!more)
			return -ENOMEM;
		h->fresh = more;
		h->size_fresh = size;
	}
	h->fresh[h->n_fresh++] = (struct known_line){ digest, minute };
	return 0;
}

static void hour_free(struct known_hour *h)
{
	free(h->set);
	free(h->fresh);
	*h = (struct known_hour){ 0 };
}

/* ---- the store ---- */

static void hour_load_lines(void *ctx, const struct store_lines *l)
{
	struct known_hour *h = ctx;

	for (uint32_t i = 0; i < l->n; i++) {
		int error = l->digests[i] ? hour_add(h, l->digests[i]) : 0;

		if (error < 0)
			h->error = error;
	}
}

static int hour_load(struct intake_known *k, struct known_hour *h)
{
	int error = 0;

	if (!k->again)
		error = store_lines_of(recorder_store(k->recorder), h->hour,
				       hour_load_lines, h);
	return error ? error : h->error;
}

/* How many of an hour's lines are written once all before a minute are. */
static size_t hour_behind(const struct known_hour *h, int64_t minute)
{
	size_t n = h->n_written;

	while (n < h->n_fresh && h->fresh[n].minute < minute)
		n++;
	return n;
}

static void hour_put(struct store *s, const struct known_hour *h, size_t end)
{
	struct store_lines l = { .hour = h->hour };

	for (size_t i = h->n_written; i < end; i++) {
		l.digests[l.n++] = h->fresh[i].digest;
		if (l.n < STORE_LINES_MOST && i + 1 < end)
			continue;
		store_add_lines(s, &l);
		l.n = 0;
	}
}

/* An hour whose lines are all written, and which is over. */
static bool hour_is_done(const struct known_hour *h, int64_t minute)
{
	return h->n_written == h->n_fresh && (h->hour + 1) * 60 <= minute;
}

/* Runs in the transaction that has the events of these lines. */
static void known_put(void *ctx, struct store *s)
{
	struct intake_known *k = ctx;

	for (size_t i = 0; i < HOURS; i++) {
		k->ends[i] = hour_behind(&k->hours[i], k->minute);
		hour_put(s, &k->hours[i], k->ends[i]);
	}
}

/* Writes events, and which lines before a minute they came from. */
static int known_write(struct intake_known *k, int64_t minute)
{
	int error;

	k->minute = minute;
	error = recorder_flush_also(k->recorder, known_put, k);
	for (size_t i = 0; i < HOURS && !error; i++) {
		struct known_hour *h = &k->hours[i];

		h->n_written = k->ends[i];
		if (h->used && hour_is_done(h, minute))
			hour_free(h);
	}
	return error;
}

/* ---- all hours ---- */

int intake_known_new(struct recorder *recorder, bool again,
		     struct intake_known **out)
{
	struct intake_known *k = calloc(1, sizeof(*k));

	*out = k;
	if (!k)
		return -ENOMEM;
	k->recorder = recorder;
	k->again = again;
	return 0;
}

void intake_known_free(struct intake_known *k)
{
	for (size_t i = 0; k && i < HOURS; i++)
		hour_free(&k->hours[i]);
	free(k);
}

int intake_known_settle(struct intake_known *k)
{
	return known_write(k, (k->newest_us - INTAKE_OPEN_US) / MINUTE_US);
}

int intake_known_finish(struct intake_known *k)
{
	return known_write(k, INT64_MAX / MINUTE_US);
}

static struct known_hour *known_find(struct intake_known *k, int64_t hour,
				     struct known_hour **room)
{
	*room = NULL;
	for (size_t i = 0; i < HOURS; i++) {
		if (k->hours[i].used && k->hours[i].hour == hour)
			return &k->hours[i];
		if (!k->hours[i].used)
			*room = &k->hours[i];
	}
	return NULL;
}

/* The hour of a line, loaded. NULL: *error says why. */
static struct known_hour *known_hour_of(struct intake_known *k, int64_t hour,
					int *error)
{
	struct known_hour *room, *h = known_find(k, hour, &room);

	*error = 0;
	if (h)
		return h;
	if (!room) {
		*error = intake_known_settle(k);
		known_find(k, hour, &room);
	}
	if (*error || !room)
		return NULL;
	*room = (struct known_hour){ .hour = hour, .used = true };
	*error = hour_load(k, room);
	return *error ? NULL : room;
}

int intake_known_add(struct intake_known *k, int64_t time_us, uint64_t digest)
{
	struct known_hour *h;
	int error, known;

	if (time_us > k->newest_us)
		k->newest_us = time_us;
	h = known_hour_of(k, time_us / HOUR_US, &error);

	if (!h)
		return error ? error : -ENOSPC;
	known = hour_add(h, digest);
	if (known)
		return known;
	return hour_add_fresh(h, digest, time_us / MINUTE_US);
}

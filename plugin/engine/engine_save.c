/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is known of sources, as bytes: a magic line with its version, the sizes
 * of the structs (numbers are as this machine has them: the file is never moved
 * to another), the key, the sources, and SHA-256 of all that. Attempts under
 * way are not kept: a SYN repeated across a restart counts as a new attempt.
 */
#include "engine_priv.h"

#include <errno.h>
#include <nettle/sha2.h>

static const char magic[] = ENGINE_STATE "2\n";

struct header {
	uint32_t header_size, source_size, history_size, contact_size,
		cold_size, usage_size;
	uint32_t start_s, now_s, n_sources;
	uint8_t warm, padding[11];
	uint64_t key[2];
	uint16_t ports[PORTS_MOST]; /* 0: none */
};

/* How many of what come behind a history. */
struct tail {
	uint32_t contacts, others;
	uint8_t cold, examples, registers, usage;
};

/* ---- writing ---- */

struct writer {
	int (*write)(void *ctx, const void *bytes, size_t len);
	void *ctx;
	struct sha256_ctx sha;
	int error;
};

static void save_put(struct writer *w, const void *bytes, size_t len)
{
	if (w->error || !len)
		return;
	sha256_update(&w->sha, len, bytes);
	w->error = w->write(w->ctx, bytes, len);
}

static void put_cold(struct writer *w, const struct history *h)
{
	const struct cold *r = h->cold;
	struct cold flat = *r;

	flat.others = (struct distinct){ 0 };
	flat.examples = NULL;
	flat.scan = NULL;
	flat.usage = NULL;
	save_put(w, &flat, sizeof(flat));
	for (uint32_t i = 0; i < r->others.cap; i++)
		if (r->others.items[i])
			save_put(w, &r->others.items[i], sizeof(uint64_t));
	if (r->others.registers)
		save_put(w, r->others.registers,
			 (size_t)1 << DESTINATION_LIMITS.log_registers);
	save_put(w, r->examples,
		 (size_t)r->n_examples * (h->family == 4 ? 4 : 16));
	if (r->usage)
		save_put(w, r->usage, sizeof(*r->usage));
}

static void put_history(struct writer *w, const struct source *s)
{
	const struct history *h = s->history;
	const struct cold *r = history_cold_of(h);
	struct history flat = *h;
	struct tail tail = {
		.contacts = h->n_contacts,
		.others = r->others.n,
		.cold = !!h->cold,
		.examples = r->n_examples,
		.registers = !!r->others.registers,
		.usage = !!r->usage,
	};

	flat.contacts = NULL;
	flat.cold = NULL;
	save_put(w, &flat, sizeof(flat));
	save_put(w, &tail, sizeof(tail));
	for (uint32_t i = 0; i < h->contacts_cap; i++)
		if (h->contacts[i].first_s)
			save_put(w, &h->contacts[i], sizeof(h->contacts[i]));
	if (h->cold)
		put_cold(w, h);
}

static void save_put_source(struct writer *w, const struct source *s)
{
	struct source flat = *s;
	uint8_t has_history = !!s->history;

	flat.history = NULL;
	save_put(w, &flat, sizeof(flat));
	save_put(w, &has_history, sizeof(has_history));
	if (s->history)
		put_history(w, s);
}

static struct header header_of(const struct engine *e)
{
	struct header h = {
		.header_size = sizeof(struct header),
		.source_size = sizeof(struct source),
		.history_size = sizeof(struct history),
		.contact_size = sizeof(struct contact),
		.cold_size = sizeof(struct cold),
		.usage_size = sizeof(struct usage),
		.start_s = e->judge.start_s,
		.now_s = e->judge.now_s,
		.n_sources = e->judge.sources.n,
		.warm = e->judge.warm,
		.key = { e->key.word[0], e->key.word[1] },
	};

	memcpy(h.ports, e->port_numbers, sizeof(h.ports));
	return h;
}

int engine_save(struct engine *e,
		int (*write)(void *ctx, const void *bytes, size_t len),
		void *ctx)
{
	struct writer w = { .write = write, .ctx = ctx };
	struct header h = header_of(e);
	uint8_t sum[SHA256_DIGEST_SIZE];

	sha256_init(&w.sha);
	save_put(&w, magic, sizeof(magic) - 1);
	save_put(&w, &h, sizeof(h));
	for (uint32_t i = 0; i < e->judge.sources.cap; i++) {
		const struct source *s = source_at(&e->judge.sources, i);

		if (s->family)
			save_put_source(&w, s);
	}
	sha256_digest(&w.sha, sizeof(sum), sum);
	return w.error ? w.error : write(ctx, sum, sizeof(sum));
}

/* ---- reading: a cursor with a sticky error ---- */

struct reader {
	const uint8_t *at, *end;
	bool failed;
};

static void save_take(struct reader *r, void *out, size_t len)
{
	memset(out, 0, len);
	if (r->failed || len > (size_t)(r->end - r->at)) {
		r->failed = true;
		return;
	}
	memcpy(out, r->at, len);
	r->at += len;
}

/* Sums that no detector can have made would judge for ever. */
static bool are_sane(const float *sums, int n)
{
	for (int i = 0; i < n; i++)
		if (!(sums[i] >= 0 && sums[i] < 1e9f))
			return false;
	return true;
}

static void take_contacts(struct reader *r, struct sources *t,
			  struct history *h, uint32_t n)
{
	while (n-- && !r->failed) {
		struct contact c;

		save_take(r, &c, sizeof(c));
		if (!r->failed)
			history_restore(t, h, &c);
	}
}

static void take_others(struct reader *r, struct sources *t, struct cold *cold,
			const struct tail *tail)
{
	uint8_t registers[1 << 8];
	uint64_t hash;

	for (uint32_t i = 0; i < tail->others && !r->failed; i++) {
		save_take(r, &hash, sizeof(hash));
		distinct_add(&cold->others, t->pool, &DESTINATION_LIMITS, hash);
	}
	if (!tail->registers)
		return;
	save_take(r, registers, sizeof(registers));
	if (!r->failed)
		distinct_restore(&cold->others, t->pool, &DESTINATION_LIMITS,
				 registers);
}

static void take_examples(struct reader *r, struct sources *t,
			  struct history *h, uint8_t n)
{
	for (uint8_t i = 0; i < n && !r->failed; i++) {
		struct addr6 address = { { 0 } };

		save_take(r, address.byte, h->family == 4 ? 4 : 16);
		if (!r->failed)
			history_example(t, h, address.byte);
	}
}

static void take_usage(struct reader *r, struct sources *t, struct history *h)
{
	struct usage u, *to;

	save_take(r, &u, sizeof(u));
	to = r->failed ? NULL : history_usage(t, h);
	if (!to)
		return;
	*to = u;
	to->n_users = u.n_users > 5 ? 5 : u.n_users;
	to->n_servers = u.n_servers > 3 ? 3 : u.n_servers;
	to->n_helos = u.n_helos > 3 ? 3 : u.n_helos;
}

static void take_cold(struct reader *r, struct sources *t, struct history *h,
		      const struct tail *tail)
{
	struct cold flat, *cold = history_cold(t, h);

	save_take(r, &flat, sizeof(flat));
	if (!cold || !are_sane(flat.sum, DETECTOR_SUMS - DETECTOR_OFTEN))
		r->failed = true;
	if (r->failed)
		return;
	distinct_end(&cold->others, t->pool, &DESTINATION_LIMITS);
	*cold = flat;
	cold->others = (struct distinct){ 0 };
	cold->examples = NULL;
	cold->n_examples = 0;
	cold->scan = NULL;
	cold->usage = NULL;
	take_others(r, t, cold, tail);
	take_examples(r, t, h, tail->examples);
	if (tail->usage)
		take_usage(r, t, h);
}

static void take_history(struct reader *r, struct sources *t, struct source *s)
{
	struct history flat, *h;
	struct tail tail;

	save_take(r, &flat, sizeof(flat));
	save_take(r, &tail, sizeof(tail));
	if (r->failed || !are_sane(flat.sum, DETECTOR_OFTEN) ||
	    history_make(t, s)) {
		r->failed = true;
		return;
	}
	h = s->history;
	*h = flat;
	h->family = s->family;
	h->contacts = NULL;
	h->n_contacts = h->contacts_cap = 0;
	h->cold = NULL;
	take_contacts(r, t, h, tail.contacts);
	if (tail.cold)
		take_cold(r, t, h, &tail);
}

/* Bits of ports, as they are numbered now. */
static uint16_t ports_now(const struct engine *e, const struct header *h,
			  uint16_t bits)
{
	uint16_t out = 0;

	for (unsigned int i = 0; i < 16; i++) {
		unsigned int now = 15;

		if (!(bits >> i & 1))
			continue;
		if (i < 15 && port_is_in(&e->bits, h->ports[i]))
			now = e->port_index[h->ports[i]];
		out |= (uint16_t)(1u << (now < 15 ? now : 15));
	}
	return out;
}

static void save_take_source(struct reader *r, struct engine *e,
			     const struct header *header)
{
	struct sources *t = &e->judge.sources;
	struct source flat, *s;
	uint8_t has_history;

	save_take(r, &flat, sizeof(flat));
	save_take(r, &has_history, sizeof(has_history));
	if (r->failed || (flat.family != 4 && flat.family != 6)) {
		r->failed = true;
		return;
	}
	s = sources_touch(t, source_hash(t, flat.family, flat.key), flat.family,
			  flat.key, NULL);
	if (!s || s->history) {
		r->failed = true;
		return;
	}
	*s = flat;
	s->history = NULL;
	s->ports = ports_now(e, header, flat.ports);
	if (has_history) {
		s->due_s = 0;
		take_history(r, t, s);
	}
}

static void save_take_key(struct engine *e, const uint64_t key[2])
{
	memcpy(e->key.word, key, sizeof(e->key.word));
	memcpy(e->config.key, key, sizeof(e->config.key));
	e->attempts.key = e->judge.key = e->judge.sources.key = e->key;
}

static bool save_sum_is_right(const uint8_t *bytes, size_t len)
{
	struct sha256_ctx sha;
	uint8_t sum[SHA256_DIGEST_SIZE];

	sha256_init(&sha);
	sha256_update(&sha, len - sizeof(sum), bytes);
	sha256_digest(&sha, sizeof(sum), sum);
	return !memcmp(sum, bytes + len - sizeof(sum), sizeof(sum));
}

static bool sizes_are_ours(const struct header *h)
{
	return h->header_size == sizeof(struct header) &&
	       h->source_size == sizeof(struct source) &&
	       h->history_size == sizeof(struct history) &&
	       h->contact_size == sizeof(struct contact) &&
	       h->cold_size == sizeof(struct cold) &&
	       h->usage_size == sizeof(struct usage);
}

static const char *what_is_wrong(const uint8_t *bytes, size_t len,
				 struct header *h)
{
	struct reader r = { .at = bytes, .end = bytes + len };
	char start[sizeof(magic) - 1];

	save_take(&r, start, sizeof(start));
	if (r.failed || memcmp(start, magic, sizeof(start)))
		return "not a file of ours, or of another version";
	save_take(&r, h, sizeof(*h));
	if (r.failed ||
	    len < SHA256_DIGEST_SIZE + sizeof(magic) - 1 + sizeof(*h))
		return "cut short";
	if (!save_sum_is_right(bytes, len))
		return "its checksum is wrong";
	return sizes_are_ours(h) ? NULL :
				   "written by another version or machine";
}

static void take_all(struct reader *r, struct engine *e, const struct header *h)
{
	save_take_key(e, h->key);
	for (uint32_t i = 0; i < h->n_sources && !r->failed; i++)
		save_take_source(r, e, h);
	if (r->at != r->end)
		r->failed = true;
	if (r->failed)
		return;
	/* A clock that stands before this was set back, and counts as that. */
	e->now_us = (int64_t)h->now_s * 1000000;
	e->judge.start_s = h->start_s;
	e->judge.now_s = e->judge.sweep_s = h->now_s;
	e->judge.warm = e->judge.warm || h->warm;
}

int engine_load(struct engine *e, const void *bytes, size_t len,
		const char **why)
{
	const uint64_t key[2] = { e->key.word[0], e->key.word[1] };
	struct header h;
	struct reader r;

	*why = what_is_wrong(bytes, len, &h);
	if (*why)
		return -EBADMSG;
	r = (struct reader){
		.at = (const uint8_t *)bytes + sizeof(magic) - 1 + sizeof(h),
		.end = (const uint8_t *)bytes + len - SHA256_DIGEST_SIZE
	};
	take_all(&r, e, &h);
	if (!r.failed)
		return 0;
	sources_clear(&e->judge.sources);
	save_take_key(e, key);
	*why = "it does not fit together";
	return -EBADMSG;
}

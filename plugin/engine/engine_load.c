/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads the state file, that of 0.1 too, whoever wrote it. */
#include "engine_state.h"

#include <errno.h>
#include <nettle/sha2.h>

static const char magic[] = ENGINE_STATE STATE_VERSION;
static const char magic_0_1[] = ENGINE_STATE STATE_0_1;

/* The header of 0.1, and what in it was the sizes of its structs. */
#define HEADER_0_1  192
#define START_0_1   24
#define NOW_0_1	    28
#define SOURCES_0_1 32
#define WARM_0_1    36
#define KEY_0_1	    48
#define PORTS_0_1   64
static const uint32_t sizes_0_1[] = { HEADER_0_1, 40, 64, 12, 88, 84 };

_Static_assert(sizeof(magic) == sizeof(magic_0_1), "versions have one digit");
_Static_assert(PORTS_MOST <= UINT8_MAX, "their number is a byte of the header");

/* The detectors of 0.1, as their sums follow one another. */
static const uint8_t often_0_1[] = { DETECTOR_FAST, DETECTOR_MEDIUM,
				     DETECTOR_SLOW, DETECTOR_ABANDON,
				     DETECTOR_LATE, DETECTOR_DIRECT_ABANDON };
static const uint8_t cold_0_1[] = { DETECTOR_OUTCOME, DETECTOR_OPERATORS,
				    DETECTOR_LOGIN };

struct loader {
	struct byte_reader in;
	bool is_0_1;
	const uint8_t *block; /* 0.1: the struct that was read last */
	uint32_t start_s, now_s, n_sources;
	bool warm;
	uint64_t key[2];
	uint16_t ports[PORTS_MOST]; /* 0: none */
};

/* ---- records ---- */

/* A number that is too large for its member is no number of ours. */
static bool set_member(uint8_t *member, size_t size, uint64_t value)
{
	uint8_t one = (uint8_t)value;
	uint16_t two = (uint16_t)value;
	uint32_t four = (uint32_t)value;

	switch (size) {
	case sizeof(one):
		*member = one;
		return one == value;
	case sizeof(two):
		memcpy(member, &two, sizeof(two));
		return two == value;
	case sizeof(four):
		memcpy(member, &four, sizeof(four));
		return four == value;
	case sizeof(value):
		memcpy(member, &value, sizeof(value));
		return true;
	}
	return false;
}

static uint64_t field_number(struct loader *l, const struct state_field *f,
			     size_t k)
{
	if (!l->is_0_1)
		return bytes_read_le(&l->in, f->width);
	return load_le(l->block + f->offset_0_1 + k * f->width, f->width);
}

/* The members that are in the file; the others stay as they are. */
static bool load_record(struct loader *l, const struct state_record *kind,
			void *to)
{
	if (l->is_0_1)
		l->block = bytes_read(&l->in, kind->size_0_1);
	for (size_t i = 0; i < kind->n && !l->in.failed; i++) {
		const struct state_field *f = &kind->fields[i];
		uint8_t *member = (uint8_t *)to + f->offset;

		for (size_t k = 0; k < f->n; k++, member += f->size)
			if (!set_member(member, f->size, field_number(l, f, k)))
				l->in.failed = true;
	}
	return !l->in.failed;
}

/* The bit fields of the record that was read last. */
static uint8_t load_bits(struct loader *l, size_t offset_0_1)
{
	if (!l->is_0_1)
		return (uint8_t)bytes_read_le(&l->in, 1);
	return l->in.failed ? 0 : l->block[offset_0_1];
}

/* Where n sums go to, the place of the first, and how 0.1 had them. */
struct sums {
	float *at;
	enum sum_place first;
	size_t n;
	const uint8_t *detectors_0_1;
	size_t n_0_1, offset_0_1;
};

/*
 * One sum, by the number of its detector; that of an unknown one is dropped. A
 * sum that no detector can have made would judge for ever.
 */
static void load_sum(struct loader *l, const struct sums *sums,
		     uint8_t detector, uint32_t bits)
{
	size_t at = detector < DETECTOR_N ?
			    (size_t)detector_sums[detector] - sums->first :
			    sums->n;
	float sum;

	memcpy(&sum, &bits, sizeof(sum));
	if (!(sum >= 0 && sum < 1e9f))
		l->in.failed = true;
	else if (at < sums->n)
		sums->at[at] = sum;
}

static bool load_sums(struct loader *l, const struct sums *sums)
{
	size_t n = l->is_0_1 ? sums->n_0_1 : bytes_read_le(&l->in, 1);

	for (size_t i = 0; i < n && !l->in.failed; i++) {
		uint8_t d = l->is_0_1 ? sums->detectors_0_1[i] :
					(uint8_t)bytes_read_le(&l->in, 1);
		uint64_t bits =
			l->is_0_1 ? load_le(l->block + sums->offset_0_1 + 4 * i,
					    4) :
				    bytes_read_le(&l->in, 4);

		load_sum(l, sums, d, (uint32_t)bits);
	}
	return !l->in.failed;
}

/* ---- sources ---- */

static void load_contacts(struct loader *l, struct sources *t,
			  struct history *h, uint32_t n)
{
	struct contact c;

	while (n-- && load_record(l, &state_contact, &c))
		history_restore(t, h, &c);
}

static void load_others(struct loader *l, struct sources *t, struct cold *cold,
			const struct state_tail *tail)
{
	const uint8_t *registers;

	for (uint32_t i = 0; i < tail->others && !l->in.failed; i++)
		distinct_add(&cold->others, t->pool, &DESTINATION_LIMITS,
			     bytes_read_le(&l->in, 8));
	if (!tail->registers)
		return;
	registers = bytes_read(&l->in,
			       (size_t)1 << DESTINATION_LIMITS.log_registers);
	if (registers)
		distinct_restore(&cold->others, t->pool, &DESTINATION_LIMITS,
				 registers);
}

static void load_examples(struct loader *l, struct sources *t,
			  struct history *h, uint8_t n)
{
	while (n--) {
		const uint8_t *address =
			bytes_read(&l->in, h->family == 4 ? 4 : 16);

		if (!address)
			return;
		history_example(t, h, address);
	}
}

static uint8_t at_most(uint8_t n, uint8_t most)
{
	return n < most ? n : most;
}

static void load_usage(struct loader *l, struct sources *t, struct history *h)
{
	struct usage u = { 0 }, *to;

	if (!load_record(l, &state_usage, &u))
		return;
	u.n_users = at_most(u.n_users, USAGE_USERS);
	u.n_servers = at_most(u.n_servers, USAGE_SERVERS);
	u.n_helos = at_most(u.n_helos, USAGE_HELOS);
	to = history_usage(t, h);
	if (to)
		*to = u;
}

static void load_cold(struct loader *l, struct sources *t, struct history *h,
		      const struct state_tail *tail)
{
	struct cold flat = { 0 }, *cold = history_cold(t, h);
	const struct sums sums = { flat.sum, SUMS_OFTEN,       SUMS_COLD,
				   cold_0_1, sizeof(cold_0_1), COLD_SUMS_0_1 };

	if (!cold || !load_record(l, &state_cold, &flat) ||
	    !load_sums(l, &sums)) {
		l->in.failed = true;
		return;
	}
	/* Contacts may have been counted as others, in a smaller memory. */
	distinct_end(&cold->others, t->pool, &DESTINATION_LIMITS);
	*cold = flat;
	load_others(l, t, cold, tail);
	load_examples(l, t, h, tail->examples);
	if (tail->usage)
		load_usage(l, t, h);
}

static void load_history(struct loader *l, struct sources *t, struct source *s)
{
	struct history flat = { .family = s->family };
	const struct sums sums = { flat.sum,	      0,
				   SUMS_OFTEN,	      often_0_1,
				   sizeof(often_0_1), HISTORY_SUMS_0_1 };
	struct state_tail tail = { 0 };
	uint8_t bits;

	if (!load_record(l, &state_history, &flat))
		return;
	bits = load_bits(l, HISTORY_BITS_0_1);
	flat.submits = bits >> 4 & 1;
	flat.found_high = bits >> 5 & 7;
	if (!load_sums(l, &sums) || !load_record(l, &state_tail, &tail) ||
	    history_make(t, s)) {
		l->in.failed = true;
		return;
	}
	*s->history = flat;
	load_contacts(l, t, s->history, tail.contacts);
	if (tail.cold && !l->in.failed)
		load_cold(l, t, s->history, &tail);
}

/* Bits of ports, as they are numbered now. */
static uint16_t load_ports(const struct engine *e, const struct loader *l,
			   uint16_t bits)
{
	uint16_t out = 0;

	for (unsigned int i = 0; i < 16; i++) {
		unsigned int now = 15;

		if (!(bits >> i & 1))
			continue;
		if (i < 15 && port_is_in(&e->bits, l->ports[i]))
			now = e->port_index[l->ports[i]];
		out |= (uint16_t)(1u << (now < 15 ? now : 15));
	}
	return out;
}

/* NULL: no source, or one that is there already. */
static struct source *new_source(struct sources *t, const struct source *like)
{
	struct source *s;

	if (like->family != 4 && like->family != 6)
		return NULL;
	s = sources_touch(t, source_hash(t, like->family, like->key),
			  like->family, like->key, NULL);
	return s && !s->history ? s : NULL;
}

static uint32_t load_count(uint32_t n)
{
	return n < SOURCE_COUNT_MOST ? n : SOURCE_COUNT_MOST;
}

/* Systems are not kept: the next SYN tells them. */
static struct source source_of_record(const struct state_source_record *r)
{
	return (struct source){ .key = r->key,
				.attempts = load_count(r->attempts),
				.syns = load_count(r->syns),
				.first_s = r->first_s,
				.last_s = r->last_s,
				.address = r->address,
				.ports = r->ports,
				.flags = r->flags };
}

static void load_source(struct loader *l, struct engine *e)
{
	struct sources *t = &e->judge.sources;
	struct state_source_record record = { 0 };
	struct source flat, *s;
	bool has_history;
	uint8_t bits;

	load_record(l, &state_source, &record);
	bits = load_bits(l, SOURCE_BITS_0_1);
	flat = source_of_record(&record);
	has_history = bytes_read_le(&l->in, 1);
	flat.family = bits & 15;
	flat.keep_rank = bits >> 4;
	flat.ports = load_ports(e, l, flat.ports);
	s = l->in.failed ? NULL : new_source(t, &flat);
	if (!s) {
		l->in.failed = true;
		return;
	}
	*s = flat;
	if (has_history) {
		s->due_s = 0;
		load_history(l, t, s);
	}
}

/* ---- the header ---- */

static void load_header_0_1(struct loader *l)
{
	const uint8_t *at = bytes_read(&l->in, HEADER_0_1);

	if (!at)
		return;
	l->start_s = (uint32_t)load_le(at + START_0_1, 4);
	l->now_s = (uint32_t)load_le(at + NOW_0_1, 4);
	l->n_sources = (uint32_t)load_le(at + SOURCES_0_1, 4);
	l->warm = at[WARM_0_1];
	l->key[0] = load_le(at + KEY_0_1, 8);
	l->key[1] = load_le(at + KEY_0_1 + 8, 8);
	for (size_t i = 0; i < PORTS_MOST; i++)
		l->ports[i] = (uint16_t)load_le(at + PORTS_0_1 + 2 * i, 2);
}

static void load_header(struct loader *l)
{
	size_t n_ports;

	l->start_s = (uint32_t)bytes_read_le(&l->in, 4);
	l->now_s = (uint32_t)bytes_read_le(&l->in, 4);
	l->n_sources = (uint32_t)bytes_read_le(&l->in, 4);
	l->warm = bytes_read_le(&l->in, 1);
	l->key[0] = bytes_read_le(&l->in, 8);
	l->key[1] = bytes_read_le(&l->in, 8);
	n_ports = bytes_read_le(&l->in, 1);
	for (size_t i = 0; i < n_ports; i++) {
		uint16_t port = (uint16_t)bytes_read_le(&l->in, 2);

		if (i < PORTS_MOST)
			l->ports[i] = port;
	}
}

/* ---- the file ---- */

static bool load_sum_is_right(const uint8_t *bytes, size_t len)
{
	struct sha256_ctx sha;
	uint8_t sum[SHA256_DIGEST_SIZE];

	sha256_init(&sha);
	sha256_update(&sha, len - sizeof(sum), bytes);
	sha256_digest(&sha, sizeof(sum), sum);
	return !memcmp(sum, bytes + len - sizeof(sum), sizeof(sum));
}

static bool sizes_are_those_of_0_1(const uint8_t *header)
{
	for (size_t i = 0; i < sizeof(sizes_0_1) / sizeof(*sizes_0_1); i++)
		if (load_le(header + 4 * i, 4) != sizes_0_1[i])
			return false;
	return true;
}

static const char *load_refusal(const uint8_t *bytes, size_t len)
{
	size_t n = sizeof(magic) - 1;
	bool is_0_1 = len >= n && !memcmp(bytes, magic_0_1, n);

	if (!is_0_1 && (len < n || memcmp(bytes, magic, n) != 0))
		return "not a file of ours, or of another version";
	if (len < n + SHA256_DIGEST_SIZE + (is_0_1 ? HEADER_0_1 : 0))
		return "cut short";
	if (!is_0_1 && state_layout() != STATE_LAYOUT)
		return "this program was made with other fields than those of "
		       "the version that the file names";
	if (!load_sum_is_right(bytes, len))
		return "its checksum is wrong";
	return is_0_1 && !sizes_are_those_of_0_1(bytes + n) ?
		       "written by another version or machine" :
		       NULL;
}

static void load_key(struct engine *e, const uint64_t key[2])
{
	memcpy(e->key.word, key, sizeof(e->key.word));
	memcpy(e->config.key, key, sizeof(e->config.key));
	e->attempts.key = e->judge.key = e->judge.sources.key = e->key;
}

static void load_all(struct loader *l, struct engine *e)
{
	if (l->is_0_1)
		load_header_0_1(l);
	else
		load_header(l);
	load_key(e, l->key);
	for (uint32_t i = 0; i < l->n_sources && !l->in.failed; i++)
		load_source(l, e);
	if (l->in.at != l->in.end)
		l->in.failed = true;
	if (l->in.failed)
		return;
	/* A clock that stands before this was set back, and counts as that. */
	e->now_us = (int64_t)l->now_s * 1000000;
	e->judge.start_s = l->start_s;
	e->judge.clock_s = e->judge.sweep_s = l->now_s;
	e->judge.now_s = l->now_s;
	e->judge.warm = e->judge.warm || l->warm;
}

int engine_load(struct engine *e, const void *bytes, size_t len,
		const char **why)
{
	const uint64_t key[2] = { e->key.word[0], e->key.word[1] };
	const uint8_t *start = bytes;
	struct loader l = { 0 };

	*why = load_refusal(bytes, len);
	if (*why)
		return -EBADMSG;
	l.is_0_1 = !memcmp(bytes, magic_0_1, sizeof(magic_0_1) - 1);
	l.in = (struct byte_reader){ .at = start + sizeof(magic) - 1,
				     .end = start + len - SHA256_DIGEST_SIZE };
	load_all(&l, e);
	if (!l.in.failed)
		return 0;
	sources_clear(&e->judge.sources);
	load_key(e, key);
	*why = "it does not fit together";
	return -EBADMSG;
}

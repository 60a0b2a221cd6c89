/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "intake_segment.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define SECOND_US INT64_C(1000000)
/* As plugin/engine/attempt.h has them, for SYNs of one attempt. */
#define KEPT_US (180 * SECOND_US)
#define SAME_US (3 * SECOND_US)
/* RFC 6298: no SYN is sent again within a second. */
#define PACKET_US (SECOND_US / 2)
#define FLOW_US	  (3 * SECOND_US) /* two clocks that tell of one flow */

#define WAYS	  8
#define SETS	  (1u << 12) /* at first; a power of two */
#define SETS_MOST (1u << 18)

/* An engine does not count a SYN of another input as a second one. */
#define INPUT_FIRST 0
#define INPUT_AGAIN 1

/* The latest attempt of a tuple. */
struct log_tuple {
	struct addr6 source, destination;
	int64_t last_us;  /* its latest SYN */
	int64_t until_us; /* the end of its flow; 0: none */
	uint32_t seq;	  /* if has_seq */
	uint32_t number;  /* as the segments have it */
	uint16_t source_port, port;
	uint8_t family; /* 0: free */
	bool has_seq, dropped;
};

struct intake_segments {
	void (*fn)(void *ctx, const struct segment *segment);
	void *ctx;
	uint64_t seed;
	struct log_tuple *tuples; /* sets of WAYS */
	uint32_t sets;
	int64_t now_us;
	uint64_t joined;
};

int intake_segments_new(void (*fn)(void *ctx, const struct segment *segment),
			void *ctx, struct intake_segments **out)
{
	struct intake_segments *t = calloc(1, sizeof(*t));

	*out = t;
	if (!t)
		return -ENOMEM;
	t->fn = fn;
	t->ctx = ctx;
	t->sets = SETS;
	t->tuples = calloc((size_t)SETS * WAYS, sizeof(*t->tuples));
	if (t->tuples &&
	    getrandom(&t->seed, sizeof(t->seed), 0) == sizeof(t->seed))
		return 0;
	intake_segments_free(t);
	*out = NULL;
	return -ENOMEM;
}

void intake_segments_free(struct intake_segments *t)
{
	if (!t)
		return;
	free(t->tuples);
	free(t);
}

uint64_t intake_segments_joined(const struct intake_segments *t)
{
	return t->joined;
}

/* ---- tuples ---- */

/* Mixes as SplitMix64 does (Steele, Lea, Flood 2014). */
static uint64_t segment_mix(uint64_t h, uint64_t more)
{
	h += more + UINT64_C(0x9e3779b97f4a7c15);
	h = (h ^ h >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	h = (h ^ h >> 27) * UINT64_C(0x94d049bb133111eb);
	return h ^ h >> 31;
}

static uint64_t segment_hash(uint64_t seed, const struct addr6 *source,
			     const struct addr6 *destination,
			     uint16_t source_port, uint16_t port)
{
	uint64_t words[4], h = seed;

	memcpy(words, source->byte, 16);
	memcpy(words + 2, destination->byte, 16);
	for (int i = 0; i < 4; i++)
		h = segment_mix(h, words[i]);
	return segment_mix(h, (uint64_t)source_port << 16 | port);
}

static struct log_tuple *tuple_set(const struct intake_segments *t,
				   uint64_t hash)
{
	return &t->tuples[(hash & (t->sets - 1)) * WAYS];
}

static bool tuple_is_over(const struct intake_segments *t,
			  const struct log_tuple *k)
{
	return t->now_us - k->last_us > KEPT_US;
}

/* A free place, or that of the oldest. */
static struct log_tuple *tuple_place(struct log_tuple *set)
{
	struct log_tuple *oldest = set;

	for (int i = 0; i < WAYS; i++) {
		if (!set[i].family)
			return &set[i];
		if (set[i].last_us < oldest->last_us)
			oldest = &set[i];
	}
	return oldest;
}

/* Doubles the table. Without memory the oldest tuples are forgotten. */
static void tuples_grow(struct intake_segments *t)
{
	size_t n = (size_t)t->sets * WAYS;
	struct log_tuple *old = t->tuples, *more;

	more = calloc(n * 2, sizeof(*more));
	if (!more)
		return;
	t->tuples = more;
	t->sets *= 2;
	for (size_t i = 0; i < n; i++) {
		const struct log_tuple *k = &old[i];

		if (!k->family || tuple_is_over(t, k))
			continue;
		*tuple_place(tuple_set(
			t, segment_hash(t->seed, &k->source, &k->destination,
					k->source_port, k->port))) = *k;
	}
	free(old);
}

static bool tuple_is_of(const struct log_tuple *k, const struct log_event *e)
{
	return k->family == e->family && k->port == e->port &&
	       k->source_port == e->source_port &&
	       !memcmp(&k->source, &e->source, sizeof(k->source)) &&
	       !memcmp(&k->destination, &e->destination,
		       sizeof(k->destination));
}

/* The tuple of an event; *known says whether there was one before. */
static struct log_tuple *tuple_of(struct intake_segments *t,
				  const struct log_event *e, bool *known)
{
	uint64_t hash = segment_hash(t->seed, &e->source, &e->destination,
				     e->source_port, e->port);
	struct log_tuple *set = tuple_set(t, hash), *place;

	*known = true;
	for (int i = 0; i < WAYS; i++)
		if (tuple_is_of(&set[i], e))
			return &set[i];
	*known = false;
	place = tuple_place(set);
	if (place->family && !tuple_is_over(t, place) && t->sets < SETS_MOST) {
		tuples_grow(t);
		place = tuple_place(tuple_set(t, hash));
	}
	return place;
}

/* ---- one connection or two ---- */

static bool same_number(const struct log_tuple *k, const struct log_event *e)
{
	return !k->has_seq || !e->has_seq || k->seq == e->seq;
}

/* A SYN of the attempt: as an engine sees it, or of its flow. */
static bool packet_belongs(const struct log_tuple *k, const struct log_event *e)
{
	int64_t since_us = e->time_us - k->last_us;

	if (k->until_us && e->time_us <= k->until_us + FLOW_US)
		return since_us <= KEPT_US;
	return since_us <= (same_number(k, e) ? KEPT_US : SAME_US);
}

/* A flow whose packets, or whose other record, came about its start. */
static bool flow_belongs(const struct log_tuple *k, const struct log_event *e)
{
	return k->last_us >= e->time_us - FLOW_US ||
	       (k->until_us && e->time_us < k->until_us);
}

static bool segment_belongs(const struct log_tuple *k,
			    const struct log_event *e)
{
	return e->kind == LOG_PACKET ? packet_belongs(k, e) :
				       flow_belongs(k, e);
}

/* Is it the record of a packet, or of a flow, that was told already? */
static bool is_told(const struct log_tuple *k, const struct log_event *e)
{
	return e->kind != LOG_PACKET || (!e->repeated && same_number(k, e) &&
					 e->time_us - k->last_us < PACKET_US &&
					 k->last_us - e->time_us < PACKET_US);
}

/* ---- segments ---- */

/*
 * "residential:17 block" is ours. Of another's prefix an id is made that no
 * clause has: "[UFW BLOCK]" is "[UFW-BLOCK]:0".
 */
static void make_prefix(const struct log_event *e, char *out, size_t size)
{
	const char *verb = e->dropped ? "block" : "observe";
	size_t n;

	if (e->own) {
		snprintf(out, size, "%s ", e->prefix);
		return;
	}
	snprintf(out, size, "%.100s:0 %s ", *e->prefix ? e->prefix : "log",
		 verb);
	n = strlen(out) - strlen(verb) - 2;
	for (size_t i = 0; i < n; i++)
		if (out[i] <= ' ' || out[i] > '~' || strchr("\"\\", out[i]))
			out[i] = '-';
}

static void segment_answer(struct intake_segments *t, const struct segment *syn,
			   uint8_t flags)
{
	struct segment back = *syn;

	back.source = syn->destination;
	back.destination = syn->source;
	back.source_port = syn->destination_port;
	back.destination_port = syn->source_port;
	back.seq = 0;
	back.ack = syn->seq + 1;
	back.flags = flags;
	back.prefix = NULL;
	t->fn(t->ctx, &back);
}

static void segment_established(struct intake_segments *t,
				const struct segment *syn)
{
	struct segment s = *syn;

	s.seq++;
	s.ack = 1;
	s.flags = TCP_ACK;
	s.prefix = NULL;
	t->fn(t->ctx, &s);
}

/* Packets of the server, and of the client behind its SYN. */
static void segment_outcome(struct intake_segments *t,
			    const struct segment *syn, enum log_kind kind)
{
	switch (kind) {
	case LOG_PACKET:
	case LOG_FLOW_UNANSWERED:
		break;
	case LOG_FLOW_RESET:
		segment_answer(t, syn, TCP_RST | TCP_ACK);
		break;
	case LOG_FLOW_ANSWERED:
		segment_answer(t, syn, TCP_SYN | TCP_ACK);
		segment_established(t, syn);
		break;
	}
}

/* A SYN again. What was dropped stays so, whatever other records say. */
static void segment_syn(struct intake_segments *t, const struct log_event *e,
			struct segment *s, bool told, bool dropped)
{
	char prefix[LOG_PREFIX_SIZE + 16];

	if ((e->kind == LOG_PACKET || e->dropped) &&
	    !(dropped && !e->dropped)) {
		make_prefix(e, prefix, sizeof(prefix));
		s->prefix = prefix;
		s->prefix_len = (uint32_t)strlen(prefix);
	}
	s->input = told ? INPUT_AGAIN : INPUT_FIRST;
	for (uint32_t i = e->repeated ? e->repeated : 1; i--;)
		t->fn(t->ctx, s);
	s->prefix = NULL;
	s->prefix_len = 0;
}

static void tuple_begin(struct log_tuple *k, const struct log_event *e,
			bool known)
{
	uint32_t before = known ? k->number : 0;

	*k = (struct log_tuple){ .source = e->source,
				 .destination = e->destination,
				 .last_us = e->time_us,
				 .number = e->seq,
				 .source_port = e->source_port,
				 .port = e->port,
				 .family = e->family };
	/* An engine tells two attempts of a tuple apart by their numbers. */
	if (!e->has_seq && known)
		k->number = before + 0x10000;
}

static void tuple_note(struct log_tuple *k, const struct log_event *e)
{
	if (e->time_us > k->last_us)
		k->last_us = e->time_us;
	if (e->kind != LOG_PACKET && e->last_us >= k->until_us)
		k->until_us = e->last_us;
	if (e->has_seq) {
		k->seq = e->seq;
		k->has_seq = true;
	}
	k->dropped |= e->dropped;
}

void intake_segments_add(struct intake_segments *t, const struct log_event *e)
{
	bool known, told = false, dropped = false;
	struct log_tuple *k;
	struct segment s = { .time_us = e->time_us,
			     .source = e->source,
			     .destination = e->destination,
			     .source_port = e->source_port,
			     .destination_port = e->port,
			     .flags = TCP_SYN,
			     .family = e->family };

	if (e->time_us > t->now_us)
		t->now_us = e->time_us;
	k = tuple_of(t, e, &known);
	if (known && segment_belongs(k, e)) {
		told = is_told(k, e);
		dropped = k->dropped;
	} else {
		tuple_begin(k, e, known);
	}
	t->joined += told;
	s.seq = k->number;
	tuple_note(k, e);
	if (!told || e->kind == LOG_PACKET || (e->dropped && !dropped))
		segment_syn(t, e, &s, told, dropped);
	segment_outcome(t, &s, (enum log_kind)e->kind);
}

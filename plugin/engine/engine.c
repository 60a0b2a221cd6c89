/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Gathers segments in a batch, so that memory is prefetched for one while
 * others are processed. A segment with payload ends the batch: its bytes are
 * borrowed from the frame.
 */
#include "engine_priv.h"

#include <errno.h>
#include <stdlib.h>

#define SECOND_US    1000000
#define TIME_MOST_US ((int64_t)UINT32_MAX * SECOND_US)
#define STEP_US	     (5 * SECOND_US) /* back by more is a clock that was set */

#define MEMORY_MOST  (UINT64_C(1) << 40) /* tables of 32 bits use no more */

/* A power of two that, with the index, takes a tenth to a fifth of it. */
static uint32_t attempts_most(size_t memory)
{
	uint32_t most = 1024;

	while (most < UINT32_MAX / 4 &&
	       (size_t)most * 2 * (sizeof(struct attempt) + 16) <= memory / 5)
		most *= 2;
	return most;
}

/* Records with their index may take half of the memory. */
static uint32_t sources_most(size_t memory)
{
	size_t most = memory / 2 / (sizeof(struct source) + 10);

	return most > UINT32_MAX / 2 ? UINT32_MAX / 2 : (uint32_t)most;
}

static uint32_t capture_s(const struct engine *e, uint32_t time_s)
{
	return (uint32_t)(engine_shown_us(e, (int64_t)time_s * SECOND_US) /
			  SECOND_US);
}

static void engine_on_finding(void *ctx, const struct finding *finding)
{
	const struct engine *e = ctx;
	struct finding f = *finding;

	f.time_us = engine_shown_us(e, f.time_us);
	f.first_s = capture_s(e, f.first_s);
	f.last_s = capture_s(e, f.last_s);
	if (e->config.finding)
		e->config.finding(e->config.ctx, &f);
}

static int engine_init(struct engine *e)
{
	size_t memory = e->config.memory;
	int error = watch_ports(e, e->config.policy);

	if (error)
		return error;
	e->clauses = calloc(CLAUSES_MOST, sizeof(*e->clauses));
	e->decoder = decoder_new(&e->bits);
	if (!e->clauses || !e->decoder)
		return -ENOMEM;
	error = attempts_init(&e->attempts, &e->pool, &e->key,
			      attempts_most(memory));
	if (error)
		return error;
	e->judge.ctx = e;
	e->judge.finding = engine_on_finding;
	return judge_init(&e->judge, &e->pool, &e->key, sources_most(memory),
			  e->config.policy, e->config.skip_warmup);
}

int engine_new(const struct engine_config *config, struct engine **out)
{
	struct engine *e = calloc(1, sizeof(*e));
	uint64_t memory; /* size_t may have 32 bits */
	int error;

	*out = NULL;
	if (!e)
		return -ENOMEM;
	e->config = *config;
	if (!e->config.memory)
		e->config.memory = ENGINE_MEMORY;
	if (e->config.memory < ENGINE_MEMORY_LEAST)
		e->config.memory = ENGINE_MEMORY_LEAST;
	memory = e->config.memory;
	if (memory > MEMORY_MOST)
		e->config.memory = (size_t)MEMORY_MOST;
	memcpy(e->key.word, config->key, sizeof(e->key.word));
	pool_init(&e->pool, e->config.memory);
	e->end = (struct attempts_end){ e, attempt_judge, attempt_end };
	error = engine_init(e);
	if (error) {
		engine_free(e);
		return error;
	}
	*out = e;
	return 0;
}

void engine_free(struct engine *e)
{
	const struct distinct_limits limits = PAIR_LIMITS;

	if (!e)
		return;
	attempts_free(&e->attempts);
	judge_free(&e->judge);
	for (size_t i = 0; i < e->n_ports; i++)
		distinct_end(&e->ports[i].pairs, &e->pool, &limits);
	pool_end(&e->pool);
	decoder_free(e->decoder);
	free(e->clauses);
	free(e);
}

int engine_policy(struct engine *e, const struct policy *policy)
{
	int error = watch_ports(e, policy);

	if (error)
		return error;
	e->config.policy = policy;
	judge_policy(&e->judge, policy);
	return 0;
}

const uint16_t *engine_ports(const struct engine *e, size_t *n)
{
	*n = e->n_ports;
	return e->port_numbers;
}

/* ---- time ---- */

/* Seconds have 32 bits: a time beyond them comes of a damaged file. */
static bool time_is_wild(int64_t time_us)
{
	return time_us < 0 || time_us > TIME_MOST_US;
}

/* Keeps the latest clocks: frames have that of their time. */
static void engine_set_clock(struct engine *e, int64_t offset_us)
{
	if (!e->n_clocks)
		e->clocks[e->n_clocks++] =
			(struct engine_clock){ INT64_MIN, e->offset_us };
	if (e->n_clocks == ENGINE_CLOCKS)
		memmove(e->clocks, e->clocks + 1,
			--e->n_clocks * sizeof(*e->clocks));
	e->clocks[e->n_clocks++] =
		(struct engine_clock){ e->now_us, offset_us };
	e->offset_us = offset_us;
}

/* Later than all before, so that steps are told apart. */
static void engine_pass_moment(struct engine *e)
{
	e->now_us += e->now_us < TIME_MOST_US;
}

/*
 * Sets the time by a packet and returns the packet's. The engine's time never
 * runs back: a clock that was set back goes on from where it was, and packets
 * in disorder lie behind it.
 */
static int64_t engine_set_time(struct engine *e, int64_t time_us)
{
	int64_t t;

	if (time_is_wild(time_us))
		return e->now_us;
	t = time_us + e->offset_us;
	if (t > TIME_MOST_US)
		return e->now_us;
	if (t < e->now_us - STEP_US && e->now_us) {
		engine_pass_moment(e);
		engine_set_clock(e, e->offset_us + e->now_us - t);
		e->totals.clock_steps++;
		return e->now_us;
	}
	if (t > e->now_us)
		e->now_us = t;
	return t;
}

/* Does what is due by a full second, in the order of time. */
static void engine_pass_second(struct engine *e, int64_t second)
{
	int64_t now_us = second * SECOND_US;

	judge_due(e, now_us);
	attempts_expire(&e->attempts, now_us, &e->end);
	e->passed_s = second;
}

/*
 * Passes every second since the last one while anything is under way: what
 * becomes of a source does not depend on when a packet of another comes.
 */
static void engine_tick(struct engine *e)
{
	int64_t now_s = e->now_us / SECOND_US;

	if (now_s != e->passed_s) {
		while (e->passed_s < now_s && attempts_under_way(&e->attempts))
			engine_pass_second(e, e->passed_s + 1);
		e->passed_s = now_s;
		judge_time(&e->judge, (uint32_t)now_s);
	}
	judge_due(e, e->now_us);
}

/* ---- segments ---- */

static bool is_opening(const struct segment *s)
{
	return (s->flags & (TCP_SYN | TCP_ACK)) == TCP_SYN ||
	       s->kind == SEGMENT_UNREACHABLE;
}

/*
 * The client sends to a watched port. If both ports are watched, the client
 * sent the first SYN: that way is tried first, then the other.
 */
static bool orient(struct engine *e, struct pending *p)
{
	const struct segment *s = &p->segment;
	bool to = port_is_in(&e->bits, s->destination_port);

	if (!to && is_opening(s))
		return false;
	p->from_server = !to;
	if (to)
		p->tuple = (struct tuple){ &s->source, &s->destination,
					   s->source_port, s->destination_port,
					   s->family };
	else
		p->tuple = (struct tuple){ &s->destination, &s->source,
					   s->destination_port, s->source_port,
					   s->family };
	p->hash = tuple_hash(&e->key, &p->tuple);
	return true;
}

/* Warm-up begins with the first packet of any kind, or with engine_time(). */
static void engine_begin(struct engine *e)
{
	judge_begin(&e->judge, (uint32_t)(e->now_us / SECOND_US));
}

static void engine_end_batch(struct engine *e)
{
	for (size_t i = 0; i < e->n_batch; i++)
		attempt_on_segment(e, &e->batch[i]);
	e->n_batch = 0;
}

static void engine_flush(struct engine *e)
{
	engine_end_batch(e);
	engine_tick(e);
}

static void count_packet(struct engine *e, int64_t time_us, uint32_t len,
			 enum decoded decoded)
{
	e->totals.packets++;
	e->totals.bytes += len;
	e->totals.decoded[decoded]++;
	e->totals.times_refused += time_is_wild(time_us);
	e->latest_us = time_us;
	if (e->totals.packets == 1) {
		e->totals.first_us = e->totals.last_us = time_us;
		engine_set_time(e, time_us);
		engine_begin(e);
	}
	if (time_us > e->totals.last_us)
		e->totals.last_us = time_us;
	else if (time_us < e->totals.first_us)
		e->totals.first_us = time_us;
}

static bool second_is_new(const struct engine *e, int64_t time_us)
{
	return !time_is_wild(time_us) &&
	       (time_us + e->offset_us) / SECOND_US != e->passed_s;
}

/*
 * Ends the batch, as of its own time, when a frame of another second comes, and
 * reports what is due by then before the frame, however rare frames are. The
 * frame's segment moves to the front of the next batch.
 */
static struct pending *engine_new_second(struct engine *e, struct pending *p)
{
	struct pending *first = &e->batch[0];

	engine_end_batch(e);
	if (p != first)
		*first = *p;
	first->segment.time_us = engine_set_time(e, first->segment.time_us);
	engine_tick(e);
	return first;
}

/* Adds the segment that stands behind the batch. */
static void engine_submit(struct engine *e)
{
	struct pending *p = &e->batch[e->n_batch];

	if (second_is_new(e, p->segment.time_us))
		p = engine_new_second(e, p);
	else
		p->segment.time_us = engine_set_time(e, p->segment.time_us);
	if (!orient(e, p))
		return;
	p->clause = p->segment.prefix ?
			    clause_of_prefix(e, p->segment.prefix,
					     p->segment.prefix_len) :
			    0;
	p->segment.prefix = NULL;
	index_prefetch(&e->attempts.index, p->hash);
	e->n_batch++;
	if (e->n_batch == BATCH || p->segment.payload_len)
		engine_flush(e);
}

/* A first fragment that hides the header, of a source that may do it again. */
static void engine_on_held(struct engine *e, struct segment *s)
{
	const struct segment held = *s;

	engine_set_time(e, held.time_us);
	engine_flush(e);
	attempt_on_held(e, &held);
}

void engine_frame(struct engine *e, const struct frame *frame)
{
	enum decoded decoded =
		decode_frame(e->decoder, frame, &e->batch[e->n_batch].segment);

	struct segment *s = &e->batch[e->n_batch].segment;

	count_packet(e, frame->time_us, frame->len, decoded);
	if (decoded != DECODED_SEGMENT &&
	    !(decoded == DECODED_HELD && s->hidden))
		return;
	s->time_us = frame->time_us;
	if (frame->prefix) {
		s->prefix = frame->prefix;
		s->prefix_len = frame->prefix_len;
	}
	if (decoded == DECODED_SEGMENT)
		engine_submit(e);
	else
		engine_on_held(e, s);
}

void engine_segment(struct engine *e, const struct segment *segment)
{
	count_packet(e, segment->time_us, 0, DECODED_SEGMENT);
	e->batch[e->n_batch].segment = *segment;
	engine_submit(e);
}

void engine_time(struct engine *e, int64_t now_us)
{
	engine_flush(e);
	e->totals.times_refused += time_is_wild(now_us);
	engine_set_time(e, now_us);
	engine_begin(e);
	engine_tick(e);
}

void engine_clock_step(struct engine *e, int64_t step_us)
{
	engine_flush(e);
	e->clock_told = true;
	if (!e->now_us || time_is_wild(e->now_us - e->offset_us + step_us))
		return;
	engine_pass_moment(e);
	engine_set_clock(e, e->offset_us - step_us);
	e->totals.clock_steps += step_us < -STEP_US;
	if (e->totals.packets) {
		e->totals.first_us += step_us;
		e->totals.last_us += step_us;
		e->latest_us += step_us;
	}
}

void engine_end(struct engine *e)
{
	engine_flush(e);
	if (!time_is_wild(e->latest_us) &&
	    e->latest_us + e->offset_us > e->now_us)
		engine_set_time(e, e->latest_us);
	engine_tick(e);
	attempts_expire(&e->attempts, INT64_MAX, &e->end);
	judge_settle(&e->judge);
}

/* ---- summary and sources ---- */

static void copy_port(struct engine *e, size_t i, struct port_counts *out)
{
	const struct distinct_limits limits = PAIR_LIMITS;
	const struct port_state *p = &e->ports[i];

	*out = p->counts;
	out->port = e->port_numbers[i];
	out->pairs = distinct_count(&p->pairs, &limits);
	out->pairs_exact = distinct_is_exact(&p->pairs);
	out->half_open = out->answered - out->established;
	out->open = out->attempts - out->answered - out->refused -
		    out->icmp_refused - out->unanswered - out->blocked;
}

void engine_summary(struct engine *e, struct engine_summary *out)
{
	engine_flush(e);
	*out = e->totals;
	out->decoded[UNDECODED_FRAGMENT] = decoder_given_up(e->decoder);
	out->sources = e->judge.sources.n;
	out->sources_evicted = e->judge.sources.evicted;
	out->histories_evicted = e->judge.sources.forgotten;
	out->attempts_cut = e->attempts.cut_short;
	out->connections_cut = e->attempts.connections_cut;
	for (enum hidden h = HIDDEN_NOT; h < HIDDEN_N; h++)
		out->hidden[h] = decoder_hidden(e->decoder, h);
	memcpy(out->findings, e->judge.findings, sizeof(out->findings));
	out->memory = e->pool.used;
	out->warm = judge_is_warm(&e->judge);
	out->n_ports = e->n_ports;
	for (size_t i = 0; i < e->n_ports; i++)
		copy_port(e, i, &out->ports[i]);
}

static void source_view_of(struct engine *e, const struct source *s,
			   struct source_view *out)
{
	const struct history *h = s->history;

	*out = (struct source_view){ .family = s->family,
				     .source = source_address(s),
				     .attempts = s->attempts,
				     .syns = (uint32_t)s->syns,
				     .systems = (uint16_t)s->systems,
				     .groups = h ? h->n_contacts : 1,
				     .first_s = capture_s(e, s->first_s),
				     .last_s = capture_s(e, s->last_s),
				     .score = judge_score(&e->judge, s),
				     .allowed = s->flags & SOURCE_ALLOWED,
				     .proven = s->flags & SOURCE_PROVEN };
	out->spam = judge_is_spam(s);
	out->would_be_blocked = s->flags & SOURCE_BLOCKED;
	out->mail_server = judge_mail_server(s);
	out->destinations = judge_destinations(s, &out->destinations_exact);
	for (size_t i = 0; i < e->n_ports; i++)
		if (s->ports >> (i < 15 ? i : 15) & 1 &&
		    (i < 15 || e->ports[i].counts.attempts))
			out->ports[out->n_ports++] = e->port_numbers[i];
}

/* Prefetches a history some sources ahead, and contacts nearer by. */
static void fetch_ahead(const struct sources *t, uint32_t i)
{
	const struct source *far = source_at(t, (i + 16) % t->cap);
	const struct source *near = source_at(t, (i + 8) % t->cap);

	if (far->history)
		history_prefetch(far->history);
	if (near->history)
		history_prefetch_contact(t, near->history, 0);
}

void engine_sources(struct engine *e,
		    void (*fn)(void *ctx, const struct source_view *view),
		    void *ctx)
{
	engine_flush(e);
	for (uint32_t i = 0; i < e->judge.sources.cap; i++) {
		const struct source *s = source_at(&e->judge.sources, i);
		struct source_view v;

		fetch_ahead(&e->judge.sources, i);
		if (!s->family)
			continue;
		source_view_of(e, s, &v);
		fn(ctx, &v);
	}
}

void engine_explain(struct engine *e, uint8_t family,
		    const struct addr6 *source, struct judge_why *why)
{
	judge_explain(&e->judge, family, source, why);
}

int64_t engine_step_us(const struct engine *e, const struct judge_step *step)
{
	return engine_shown_us(e, (int64_t)step->time_s * 1000000);
}

bool engine_source(struct engine *e, uint8_t family, const struct addr6 *source,
		   struct source_view *out)
{
	struct sources *t = &e->judge.sources;
	uint64_t key = source_key(family, source);
	const struct source *s =
		sources_find(t, source_hash(t, family, key), family, key);

	if (s)
		source_view_of(e, s, out);
	return s;
}

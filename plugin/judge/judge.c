/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sources and time. */
#include "judge_priv.h"
#include "../../rules/policy/decide.h"

#define SWEEP_S	   60u	     /* between visits of a source */
#define LAG_S	   5u	     /* attempts are judged within that */
#define IDLE_S	   (3 * DAY) /* after which a source is forgotten */
#define PROMOTE_AT 8u	     /* attempts, after which a source has a history */

/* ---- a judge ---- */

void judge_policy(struct judge *j, const struct policy *policy)
{
	j->policy = policy;
	for (size_t i = 0; i < WATCH_FIGURES; i++)
		j->figures[i] = policy ? policy->watch[i] : watch_rows[i].value;
	judge_set_figures(j);
	for (uint32_t i = 0; i < j->sources.cap; i++)
		if (source_at(&j->sources, i)->history)
			source_at(&j->sources, i)->due_s = 0;
}

int judge_init(struct judge *j, struct pool *pool, const struct hash_key *key,
	       uint32_t most, const struct policy *policy, bool skip_warmup)
{
	j->key = *key;
	j->warm = skip_warmup;
	judge_policy(j, policy);
	return sources_init(&j->sources, pool, key, most);
}

void judge_free(struct judge *j)
{
	sources_free(&j->sources);
}

/* ---- a source and its history ---- */

/* Users behind an address as its class declares them. */
static uint16_t users_of(const struct judge *j, const struct source *s)
{
	struct addr6 address = source_address(s);
	uint32_t users = 0;

	for (size_t i = 0; j->policy && i < j->policy->classes.n; i++) {
		const struct class *c = j->policy->classes.items[i];

		if (c->users > users && class_has(c, s->family, &address))
			users = c->users;
	}
	return (uint16_t)(users < UINT16_MAX ? users : UINT16_MAX);
}

/* Moves the one contact of a record without history to the history. */
static void promote_contact(struct judge *j, struct source *s, uint32_t address)
{
	struct history *h = s->history;
	uint16_t role = s->flags & SOURCE_SUBMISSION ? CONTACT_SUBMISSION : 0;
	struct contact *c =
		history_meet(&j->sources, h, address, role, s->first_s);

	if (!c)
		return;
	contact_touch(c, s->last_s);
	if (role || s->flags & SOURCE_ANSWERED)
		return;
	c->bits |= CONTACT_LATE;
	if (j->warm ||
	    s->first_s - j->start_s >= j->figures[WATCH_WARMUP_ABANDON])
		c->bits |= CONTACT_PENDING;
	if (contact_span_s(c) >= AGAIN_S)
		c->bits |= CONTACT_RETRIED;
	s->due_s = 0;
}

static void promote(struct judge *j, struct source *s)
{
	struct history *h;
	uint32_t address = s->address;

	if (history_make(&j->sources, s))
		return;
	s->due_s = s->first_s + DAY;
	h = s->history;
	h->sums_s = h->abandon_s = h->late_s = j->now_s;
	h->users = users_of(j, s);
	if (s->flags & SOURCE_CONTACT)
		promote_contact(j, s, address);
}

/* ---- an attempt ---- */

static void note_flags(struct source *s, const struct observation *a)
{
	if (a->allowed)
		s->flags |= SOURCE_ALLOWED;
	if (a->blocked)
		s->flags |= SOURCE_BLOCKED;
	if (a->answered && !s->history)
		s->flags |= SOURCE_ANSWERED;
	s->ports |= a->port_bit;
	s->systems |= system_bit(a->system);
}

/* Most sources meet one group a few times, and need no history. */
static bool stays_small(struct source *s, const struct observation *a)
{
	uint32_t address = addr4_load(a->destination);
	uint8_t role = a->role == PORT_TRANSPORT ? 0 : SOURCE_SUBMISSION;
	int host_bits = a->family == 4 ? 16 : 0;

	if (!(s->flags & SOURCE_CONTACT)) {
		s->flags |= SOURCE_CONTACT | role;
		s->address = address;
		return true;
	}
	return s->address >> host_bits == address >> host_bits &&
	       (s->flags & SOURCE_SUBMISSION) == role &&
	       s->attempts < PROMOTE_AT;
}

/* The rank of a history grows with the score of its source. */
static void note_keep_rank(const struct judge *j, struct source *s)
{
	float score = judge_score(j, s);

	s->keep_rank =
		!s->history ? 0 :
		score >= 1  ? WORTH_MOST :
			      1 + (unsigned int)(score * (WORTH_MOST - 2));
}

void judge_begin(struct judge *j, uint32_t now_s)
{
	if (!j->start_s)
		j->start_s = j->sweep_s = j->clock_s = j->now_s = now_s;
}

static void judge_start(struct judge *j, uint32_t time_s)
{
	judge_begin(j, time_s);
	/* After a long silence every network is new again. */
	if (time_s > j->clock_s &&
	    time_s - j->clock_s > j->figures[WATCH_NEW_AFTER])
		j->start_s = time_s;
	if (time_s > j->clock_s)
		j->clock_s = time_s;
}

/*
 * Decides what was due of a source by a time, as of when it was due: that does
 * not depend on when the source is visited.
 */
static void judge_catch_up(struct judge *j, struct source *s, uint32_t time_s)
{
	while (s->history && s->due_s <= time_s) {
		uint32_t due_s = s->due_s;

		j->now_s =
			due_s > s->history->sums_s ? due_s : s->history->sums_s;
		judge_source_due(j, s);
		note_keep_rank(j, s);
		if (s->due_s <= due_s)
			break;
	}
}

/*
 * Sets the time by an observation of a source. It never runs back for the
 * source, and does not depend on what others do.
 */
static void judge_at(struct judge *j, struct source *s, uint32_t time_s)
{
	if (time_s < j->start_s)
		time_s = j->start_s;
	judge_catch_up(j, s, time_s);
	if (s->history && s->history->sums_s > time_s)
		time_s = s->history->sums_s;
	j->now_s = time_s;
}

/* Nothing came of it for so long that it is a new source. */
static bool judge_is_gone(const struct judge *j, const struct source *s,
			  uint32_t time_s)
{
	return time_s > s->last_s && time_s - s->last_s > IDLE_S &&
	       time_s - s->last_s > j->figures[WATCH_NEW_AFTER];
}

/* The source of an observation, at its time; NULL: no memory. */
static struct source *judge_source(struct judge *j, const struct observation *a)
{
	uint64_t key = source_key(a->family, a->source);
	struct source *s;

	judge_start(j, a->time_s);
	s = sources_touch(&j->sources, a->hash, a->family, key, a->hint);
	if (s && s->last_s && judge_is_gone(j, s, a->time_s)) {
		judge_catch_up(j, s, s->last_s + IDLE_S);
		sources_remove(&j->sources, s);
		s = sources_touch(&j->sources, a->hash, a->family, key, NULL);
	}
	if (s)
		judge_at(j, s, a->time_s);
	return s;
}

/* The first and the latest SYN: attempts are counted later, and in disorder. */
static void note_first(struct source *s, uint32_t time_s)
{
	if (!s->first_s || time_s < s->first_s)
		s->first_s = time_s;
}

static void note_last(struct source *s, uint32_t time_s)
{
	if (time_s > s->last_s)
		s->last_s = time_s;
}

/* ---- headers that were hidden ---- */

static void note_evasion(struct judge *j, struct source *s,
			 const struct observation *a)
{
	if (a->evasion == EVASION_NONE || a->allowed)
		return;
	if (!s->history)
		promote(j, s);
	if (s->history)
		judge_evaded(j, s, a);
}

void judge_hidden(struct judge *j, const struct observation *a)
{
	struct source *s = judge_source(j, a);

	if (!s)
		return;
	note_first(s, a->time_s);
	note_evasion(j, s, a);
	note_last(s, a->time_s);
}

/* ---- an attempt of any kind ---- */

void judge_attempt(struct judge *j, const struct observation *a)
{
	struct source *s = judge_source(j, a);

	if (!s)
		return;
	if (j->why)
		j->why->destination = a->destination;
	note_first(s, a->time_s);
	s->attempts += s->attempts < SOURCE_COUNT_MOST;
	source_count_syns(s, a->syns);
	note_flags(s, a);
	if (!(a->allowed && a->role == PORT_TRANSPORT) &&
	    (s->history || !stays_small(s, a))) {
		if (!s->history)
			promote(j, s);
		if (s->history && a->role == PORT_TRANSPORT)
			judge_transport(j, s, a);
		else if (s->history && a->role == PORT_SUBMISSION)
			judge_submission(j, s, a);
		else if (s->history)
			judge_access(j, s, a);
		note_keep_rank(j, s);
	}
	note_evasion(j, s, a);
	note_last(s, a->time_s);
	if (j->why)
		j->why->destination = NULL;
}

void judge_syns(struct judge *j, uint8_t family, const struct addr6 *source,
		uint32_t time_s)
{
	uint64_t key = source_key(family, source);
	struct source *s =
		sources_find(&j->sources, source_hash(&j->sources, family, key),
			     family, key);

	judge_start(j, time_s);
	if (!s)
		return;
	source_count_syns(s, 1);
	note_last(s, time_s);
}

/* ---- connections ---- */

static void note_inbound(struct judge *j, const struct observation *a)
{
	uint64_t key = source_key(a->family, a->destination);
	uint64_t hash = source_hash(&j->sources, a->family, key);
	struct source *s = sources_find(&j->sources, hash, a->family, key);
	uint32_t group = group_of(a->family, a->source);

	if (s && s->history && history_cold(&j->sources, s->history))
		s->history->cold->inbound |= 1ull
					     << (hash_u64(&j->key, group) % 64);
}

void judge_established(struct judge *j, uint64_t hash, uint8_t family,
		       const struct addr6 *source)
{
	struct source *s = sources_find(&j->sources, hash, family,
					source_key(family, source));

	if (s)
		s->flags |= SOURCE_PROVEN;
}

void judge_connection(struct judge *j, const struct observation *a,
		      const struct dialogue *d, bool established)
{
	struct source *s = sources_find(&j->sources, a->hash, a->family,
					source_key(a->family, a->source));

	judge_start(j, a->time_s);
	if (!s)
		return;
	judge_at(j, s, a->time_s);
	if (established)
		s->flags |= SOURCE_PROVEN;
	if (a->role == PORT_TRANSPORT && established)
		note_inbound(j, a);
	if (!s->history && d->seen & (SEEN_AUTH_CLEAR | SEEN_STARTTLS_MASKED))
		promote(j, s);
	if (!s->history)
		return;
	history_destination(&j->sources, s->history, a->destination);
	judge_payload(j, s, a, d);
}

/* ---- time ---- */

/* Attempts of the last seconds may still be under way. */
static void look_at(struct judge *j, struct source *s)
{
	uint32_t by_s = j->clock_s - LAG_S;

	judge_catch_up(j, s, by_s);
	if (judge_is_gone(j, s, by_s))
		sources_remove(&j->sources, s);
}

/* One round through all records every minute, evenly. */
void judge_time(struct judge *j, uint32_t now_s)
{
	uint32_t to, passed;

	if (!j->start_s)
		return;
	judge_start(j, now_s);
	passed = j->clock_s - j->sweep_s;
	to = passed >= SWEEP_S ?
		     j->sources.cap :
		     (uint32_t)((uint64_t)j->sources.cap * passed / SWEEP_S);
	for (;;) {
		j->swept = sources_next(&j->sources, j->swept, to);
		if (j->swept >= to)
			break;
		look_at(j, source_at(&j->sources, j->swept++));
	}
	if (passed >= SWEEP_S) {
		j->swept = 0;
		j->sweep_s = j->clock_s;
	}
	j->now_s = j->clock_s;
}

void judge_settle(struct judge *j)
{
	struct sources *t = &j->sources;

	for (uint32_t i = 0; (i = sources_next(t, i, t->cap)) < t->cap; i++)
		judge_catch_up(j, source_at(t, i), j->clock_s);
	j->now_s = j->clock_s;
}

bool judge_is_warm(const struct judge *j)
{
	return j->warm || (j->start_s && j->clock_s - j->start_s >=
						 j->warmup_s[DETECTOR_SLOW]);
}

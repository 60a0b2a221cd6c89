/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "judge_priv.h"
#include "../../rules/policy/decide.h"

#include <math.h>

#define SWEEP_S	      300u	/* every source is looked at this often */
#define IDLE_S	      (3 * DAY) /* forgotten then, or when all is new to it */
#define PROMOTE_AT    8u /* attempts, after which a source has a history */
#define SERVER_GROUPS 3u /* a client has one smarthost or two */

/* ---- figures ---- */

static bool is_rate(enum detector d)
{
	return watch_rows[detector_rows[d].normal].unit == WATCH_RATE;
}

static enum watch_figure warmup_of(enum detector d)
{
	return d == DETECTOR_FAST    ? WATCH_WARMUP_FAST :
	       d == DETECTOR_ABANDON ? WATCH_WARMUP_ABANDON :
				       WATCH_WARMUP;
}

/*
 * Log likelihood ratios of one observation: of a first contact, the ratio of
 * the rates and of the shares of new groups; of a yes-or-no, that of its
 * probabilities.
 */
static void judge_take_figures(struct judge *j)
{
	const double *f = j->figures;
	double q0 = f[WATCH_NEW_SHARE_NORMAL], q1 = f[WATCH_NEW_SHARE_SPAM];

	for (enum detector d = 0; d < DETECTOR_N; d++)
		j->warmup_s[d] = (uint32_t)f[warmup_of(d)];
	for (enum detector d = 0; d < DETECTOR_SUMS; d++) {
		double normal = f[detector_rows[d].normal];
		double spam = f[detector_rows[d].spam];

		j->threshold[d] = (float)f[detector_rows[d].threshold];
		if (is_rate(d)) {
			j->gain[d] = log(spam / normal) + log(q1 / q0);
			j->loss[d] = 0.5 * log((1 - q1) / (1 - q0));
			j->drift[d] = (float)((spam - normal) / HOUR);
		} else {
			j->gain[d] = log(spam / normal);
			j->loss[d] = log((1 - spam) / (1 - normal));
		}
	}
}

void judge_policy(struct judge *j, const struct policy *policy)
{
	j->policy = policy;
	for (size_t i = 0; i < WATCH_FIGURES; i++)
		j->figures[i] = policy ? policy->watch[i] : watch_rows[i].value;
	judge_take_figures(j);
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

/* ---- sums ---- */

float *sum_at(struct judge *j, struct history *h, enum detector d)
{
	struct cold *r;

	if (d < DETECTOR_OFTEN)
		return &h->sum[d];
	r = history_cold(&j->sources, h);
	j->nowhere = 0;
	return r ? &r->sum[d - DETECTOR_OFTEN] : &j->nowhere;
}

/* Many users behind one address: their rates add up (detection of CGNAT). */
void judge_lower_sums(struct judge *j, struct history *h)
{
	uint32_t passed_s = j->now_s > h->sums_s ? j->now_s - h->sums_s : 0;
	float shared = history_shared(h);
	float more = shared > 1 ? sqrtf(shared) : 1;

	h->sums_s = j->now_s;
	if (!passed_s)
		return;
	sum_lower(&h->sum[DETECTOR_FAST], j->drift[DETECTOR_FAST] * more,
		  passed_s);
	sum_lower(&h->sum[DETECTOR_MEDIUM], j->drift[DETECTOR_MEDIUM] * shared,
		  passed_s);
	sum_lower(&h->sum[DETECTOR_SLOW], j->drift[DETECTOR_SLOW] * shared,
		  passed_s);
	if (h->cold)
		sum_lower(sum_at(j, h, DETECTOR_OPERATORS),
			  j->drift[DETECTOR_OPERATORS] * shared, passed_s);
}

void judge_gain(struct judge *j, struct source *s, enum detector d,
		uint16_t port)
{
	sum_add(sum_at(j, s->history, d), j->gain[d]);
	judge_check(j, s, d, port);
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

struct contact *judge_contact(struct judge *j, struct source *s,
			      const struct observation *a, uint16_t role)
{
	struct contact *c =
		history_contact(&j->sources, s->history,
				group_of(a->family, a->destination), role);

	if (c && a->family == 4 &&
	    c->address == load_be32(a->destination->byte))
		return c;
	if (c || a->family != 4)
		history_destination(&j->sources, s->history, a->destination);
	return c;
}

struct contact *judge_first_contact(struct judge *j, struct history *h,
				    struct contact *known,
				    const struct observation *a, uint16_t role)
{
	if (!known)
		return history_meet(&j->sources, h,
				    load_be32(a->destination->byte), role,
				    j->now_s);
	contact_start(known, j->now_s);
	return known;
}

bool judge_is_new(const struct judge *j, const struct contact *c)
{
	return j->now_s - contact_last_s(c) > j->figures[WATCH_NEW_AFTER];
}

/* What was kept in the record of a source with one contact. */
static void take_contact(struct judge *j, struct source *s, uint32_t address)
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
	if (j->warm ||
	    s->first_s - j->start_s >= j->figures[WATCH_WARMUP_ABANDON])
		c->bits |= CONTACT_PENDING | CONTACT_LATE;
	if (contact_span_s(c) >= AGAIN_S)
		c->bits |= CONTACT_RETRIED;
	if (c->bits & CONTACT_PENDING)
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
		take_contact(j, s, address);
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
}

/* Most sources meet one group a few times, and need no history for that. */
static bool stays_small(struct source *s, const struct observation *a)
{
	uint32_t address = load_be32(a->destination->byte);
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

void judge_begin(struct judge *j, uint32_t now_s)
{
	if (!j->start_s)
		j->start_s = j->sweep_s = j->now_s = now_s;
}

static void judge_start(struct judge *j, uint32_t time_s)
{
	judge_begin(j, time_s);
	/* After a long silence every network is new again. */
	if (time_s > j->now_s &&
	    time_s - j->now_s > j->figures[WATCH_NEW_AFTER])
		j->start_s = time_s;
	if (time_s > j->now_s)
		j->now_s = time_s;
}

/* For who was not found, what a history is worth grows with its score. */
static void note_keep_rank(const struct judge *j, struct source *s)
{
	float score = judge_score(j, s);

	s->keep_rank =
		!s->history ? 0 :
		score >= 1  ? WORTH_MOST :
			      1 + (unsigned int)(score * (WORTH_MOST - 2));
}

void judge_attempt(struct judge *j, const struct observation *a)
{
	struct source *s;

	judge_start(j, a->time_s);
	s = sources_touch(&j->sources, a->hash, a->family,
			  source_key(a->family, a->source), a->hint);
	if (!s)
		return;
	if (!s->attempts)
		s->first_s = j->now_s;
	s->attempts += s->attempts < UINT32_MAX;
	s->syns += a->syns;
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
	s->last_s = j->now_s;
}

void judge_syns(struct judge *j, uint8_t family, const struct addr6 *source,
		uint32_t time_s)
{
	uint64_t key = source_key(family, source);
	struct source *s =
		sources_find(&j->sources, source_hash(&j->sources, family, key),
			     family, key);

	judge_start(j, time_s);
	if (s)
		s->syns++;
}

/* ---- what was said ---- */

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

bool note_once(uint32_t *list, uint8_t *n, uint8_t most, uint64_t hash)
{
	uint32_t value = (uint32_t)hash | 1;

	for (uint8_t i = 0; i < *n; i++)
		if (list[i] == value)
			return false;
	if (*n < most)
		list[(*n)++] = value;
	return true;
}

void judge_connection(struct judge *j, const struct observation *a,
		      const struct dialogue *d, bool established)
{
	struct source *s = sources_find(&j->sources, a->hash, a->family,
					source_key(a->family, a->source));

	judge_start(j, a->time_s);
	if (!s)
		return;
	if (established)
		s->flags |= SOURCE_PROVEN;
	if (a->role == PORT_TRANSPORT && established)
		note_inbound(j, a);
	if (!s->history && d->seen & (SEEN_AUTH_CLEAR | SEEN_STARTTLS_MASKED))
		promote(j, s);
	if (!s->history)
		return;
	history_destination(&j->sources, s->history, a->destination);
	if (a->role == PORT_TRANSPORT && !a->allowed)
		judge_transport_connection(j, s, a, d);
	if (d->seen & SEEN_AUTH_CLEAR)
		judge_report(j, s, DETECTOR_CLEARTEXT, a->port);
	if (d->seen & SEEN_STARTTLS_MASKED)
		judge_report(j, s, DETECTOR_STRIPPED, a->port);
	if (d->seen & (SEEN_AUTH_FAILED | SEEN_AUTH_OK))
		judge_logins(j, s, a, d);
}

/* ---- time ---- */

static void abandonment(struct judge *j, struct source *s)
{
	judge_abandonment(j, s);
	note_keep_rank(j, s);
}

static void look_at(struct judge *j, struct source *s)
{
	if (!s->family)
		return;
	if (j->now_s - s->last_s > IDLE_S &&
	    j->now_s - s->last_s > j->figures[WATCH_NEW_AFTER])
		sources_remove(&j->sources, s);
	else if (s->history && j->now_s >= s->due_s)
		abandonment(j, s);
}

/* One round through all records every five minutes, evenly. */
void judge_time(struct judge *j, uint32_t now_s)
{
	uint32_t to, passed;

	if (!j->start_s)
		return;
	judge_start(j, now_s);
	passed = j->now_s - j->sweep_s;
	to = passed >= SWEEP_S ?
		     j->sources.cap :
		     (uint32_t)((uint64_t)j->sources.cap * passed / SWEEP_S);
	for (; j->swept < to; j->swept++)
		look_at(j, source_at(&j->sources, j->swept));
	if (passed >= SWEEP_S) {
		j->swept = 0;
		j->sweep_s = j->now_s;
	}
}

/* ---- what is thought of a source ---- */

/* How far a sum is on its way to be reported, or most if that is more. */
static inline float further(const struct judge *j, const struct history *h,
			    enum detector d, float most)
{
	float sum = sum_of(h, d), share;

	if (sum <= 0)
		return most;
	share = sum / judge_threshold(j, h, d);
	return share > most ? share : most;
}

float judge_score(const struct judge *j, const struct source *s)
{
	const struct history *h = s->history;
	float most = 0;

	if (!h)
		return 0;
	if (h->found & SPAM_DETECTORS)
		return 2;
	for (enum detector d = DETECTOR_FAST; d <= DETECTOR_LATE; d++)
		most = further(j, h, d, most);
	if (h->cold)
		most = further(j, h, DETECTOR_OUTCOME, most);
	return most + 0.01f;
}

/*
 * It accepts mail from several networks, or it returns to most of the groups
 * that it could not reach, over hours, as a queue does.
 */
bool judge_mail_server(const struct source *s)
{
	const struct history *h = s->history;
	uint32_t retried = 0, all = 0;

	if (!h)
		return false;
	for (uint16_t i = 0; i < h->contacts_cap; i++) {
		const struct contact *c = &h->contacts[i];

		if (!c->first_s || c->bits & CONTACT_SUBMISSION)
			continue;
		all++;
		retried += c->bits & CONTACT_RETRIED &&
			   contact_span_s(c) >= 10 * MINUTE;
	}
	return history_accepts_mail(h) ||
	       (all >= SERVER_GROUPS && retried * 2 >= all &&
		!(h->found & SPAM_DETECTORS));
}

bool judge_is_spam(const struct source *s)
{
	return s->history && s->history->found & SPAM_DETECTORS;
}

bool judge_is_warm(const struct judge *j)
{
	return j->start_s ? judge_warm_for(j, DETECTOR_SLOW) : j->warm;
}

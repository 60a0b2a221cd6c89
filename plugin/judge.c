/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "judge_inner.h"
#include "decide.h"

#include <math.h>

#define SWEEP_S	      300u	/* every source is looked at this often */
#define IDLE_S	      (3 * DAY) /* forgotten then, or when all is new to it */
#define PROMOTE_AT    8u    /* attempts, after which a source has a history */
#define SERVER_GROUPS 3u    /* a client has one smarthost or two */
#define USERS_NORMAL  50.0f /* behind an address that is not shared */

/* ---- figures ---- */

static bool is_rate(enum detector d)
{
	return watch_rows[detector_rows[d].normal].unit == WATCH_RATE;
}

/*
 * Log likelihood ratios of one observation: of a first contact, the ratio of
 * the rates and of the shares of new groups; of a yes-or-no, that of its
 * probabilities.
 */
static void take_figures(struct judge *j)
{
	const double *f = j->figures;
	double q0 = f[WATCH_NEW_SHARE_NORMAL], q1 = f[WATCH_NEW_SHARE_SPAM];

	for (enum detector d = 0; d < DETECTOR_SUMS; d++) {
		double normal = f[detector_rows[d].normal];
		double spam = f[detector_rows[d].spam];

		if (is_rate(d)) {
			j->gain[d] = log(spam / normal) + log(q1 / q0);
			j->loss[d] = 0.5 * log((1 - q1) / (1 - q0));
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
	take_figures(j);
	for (uint32_t i = 0; i < j->sources.cap; i++)
		if (source_at(&j->sources, i)->history)
			source_at(&j->sources, i)->due_s = 0;
}

static float score(const void *ctx, const struct source *s)
{
	return judge_score(ctx, s);
}

int judge_init(struct judge *j, struct pool *pool, const struct hash_key *key,
	       uint32_t most, const struct policy *policy, bool skip_warmup)
{
	j->key = *key;
	j->warm = skip_warmup;
	judge_policy(j, policy);
	j->sources.score = score;
	j->sources.score_ctx = j;
	return sources_init(&j->sources, pool, key, most);
}

void judge_free(struct judge *j)
{
	sources_free(&j->sources);
}

/* ---- sums ---- */

float sum_lower(float sum, double per_hour, uint32_t since_s, uint32_t now_s)
{
	float by = now_s > since_s ?
			   (float)(per_hour * (now_s - since_s) / HOUR) :
			   0;

	return sum > by ? sum - by : 0;
}

void sum_add(float *sum, double what)
{
	*sum += (float)what;
	if (*sum < 0)
		*sum = 0;
}

/* Many users behind one address: their rates add up (detection of CGNAT). */
static double rate_factor(const struct history *h, enum detector d)
{
	return d == DETECTOR_FAST ? sqrt(h->shared) : h->shared;
}

void judge_lower_sums(struct judge *j, struct history *h)
{
	static const enum detector rated[] = { DETECTOR_FAST, DETECTOR_MEDIUM,
					       DETECTOR_SLOW,
					       DETECTOR_OPERATORS };

	for (size_t i = 0; i < sizeof(rated) / sizeof(*rated); i++) {
		enum detector d = rated[i];
		double drift = j->figures[detector_rows[d].spam] -
			       j->figures[detector_rows[d].normal];

		h->sum[d] = sum_lower(h->sum[d], drift * rate_factor(h, d),
				      h->sums_s, j->now_s);
	}
	h->sums_s = j->now_s;
}

static enum watch_figure warmup_of(enum detector d)
{
	return d == DETECTOR_FAST    ? WATCH_WARMUP_FAST :
	       d == DETECTOR_ABANDON ? WATCH_WARMUP_ABANDON :
				       WATCH_WARMUP;
}

bool judge_warm_for(const struct judge *j, enum detector d)
{
	return j->warm || j->now_s - j->start_s >= j->figures[warmup_of(d)];
}

void judge_gain(struct judge *j, struct source *s, enum detector d,
		uint16_t port)
{
	if (!judge_warm_for(j, d))
		return;
	sum_add(&s->history->sum[d], j->gain[d]);
	judge_check(j, s, d, port);
}

/* ---- a source and its history ---- */

/* Users behind an address as its class declares them. */
static float users_of(const struct judge *j, const struct source *s)
{
	struct addr6 address = source_address(s);
	uint32_t users = 0;

	for (size_t i = 0; j->policy && i < j->policy->classes.n; i++) {
		const struct class *c = j->policy->classes.items[i];

		if (c->users > users && class_has(c, s->family, &address))
			users = c->users;
	}
	return users > USERS_NORMAL ? (float)users / USERS_NORMAL : 1;
}

struct contact *judge_first_contact(struct judge *j, struct history *h,
				    uint32_t group, uint16_t role,
				    uint32_t time_s)
{
	struct contact *c = history_contact(&j->sources, h, group, role, true);

	if (c) {
		c->first_s = c->last_s = time_s;
		c->credit_min = 0;
		c->flags = CONTACT_USED | role;
	}
	return c;
}

bool judge_is_new(const struct judge *j, const struct contact *c)
{
	return j->now_s - c->last_s > j->figures[WATCH_NEW_AFTER];
}

/* What was kept in the record of a source with one contact. */
static void promote(struct judge *j, struct source *s)
{
	struct history *h;
	struct contact *c;
	uint16_t role = s->flags & SOURCE_SUBMISSION ? CONTACT_SUBMISSION : 0;
	uint32_t group = s->group;

	if (history_make(&j->sources, s))
		return;
	s->due_s = s->first_s + DAY;
	h = s->history;
	h->sums_s = h->abandon_s = h->late_s = h->direct_sum_s = j->now_s;
	h->shared = users_of(j, s);
	if (!(s->flags & SOURCE_CONTACT))
		return;
	c = judge_first_contact(j, h, group, role, s->first_s);
	if (!c)
		return;
	c->last_s = s->last_s;
	if (role)
		return;
	if (s->flags & SOURCE_ANSWERED)
		return;
	if (j->warm ||
	    s->first_s - j->start_s >= j->figures[WATCH_WARMUP_ABANDON])
		c->flags |= CONTACT_PENDING | CONTACT_LATE;
	if (c->last_s - c->first_s >= AGAIN_S)
		c->flags |= CONTACT_RETRIED;
	if (c->flags & CONTACT_PENDING)
		s->due_s = 0;
}

/* ---- an attempt ---- */

static void note_flags(struct source *s, const struct judged *a)
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
static bool stays_small(struct source *s, const struct judged *a)
{
	uint32_t group = group_of(a->family, a->destination);
	uint8_t role = a->role == PORT_TRANSPORT ? 0 : SOURCE_SUBMISSION;

	if (!(s->flags & SOURCE_CONTACT)) {
		s->flags |= SOURCE_CONTACT | role;
		s->group = group;
		return true;
	}
	return s->group == group && (s->flags & SOURCE_SUBMISSION) == role &&
	       s->attempts < PROMOTE_AT;
}

void judge_begin(struct judge *j, uint32_t now_s)
{
	if (!j->start_s)
		j->start_s = j->sweep_s = j->now_s = now_s;
}

static void start(struct judge *j, uint32_t time_s)
{
	judge_begin(j, time_s);
	/* After a long silence every network is new again. */
	if (time_s > j->now_s &&
	    time_s - j->now_s > j->figures[WATCH_NEW_AFTER])
		j->start_s = time_s;
	if (time_s > j->now_s)
		j->now_s = time_s;
}

void judge_attempt(struct judge *j, const struct judged *a)
{
	struct source *s;

	start(j, a->time_s);
	s = sources_touch(&j->sources, a->hash, a->family,
			  source_key(a->family, a->source));
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

	start(j, time_s);
	if (s)
		s->syns++;
}

/* ---- what was said ---- */

static void note_inbound(struct judge *j, const struct judged *a)
{
	uint64_t key = source_key(a->family, a->destination);
	uint64_t hash = source_hash(&j->sources, a->family, key);
	struct source *s = sources_find(&j->sources, hash, a->family, key);
	uint32_t group = group_of(a->family, a->source);

	if (s && s->history)
		s->history->inbound |= 1ull << (hash_u64(&j->key, group) % 64);
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

void judge_talk(struct judge *j, const struct judged *a,
		const struct dialogue *d, bool established)
{
	struct source *s = sources_find(&j->sources, a->hash, a->family,
					source_key(a->family, a->source));

	start(j, a->time_s);
	if (!s)
		return;
	if (established)
		s->flags |= SOURCE_PROVEN;
	if (a->role == PORT_TRANSPORT && established)
		note_inbound(j, a);
	if (!s->history && d->said & (SAID_AUTH_CLEAR | SAID_STARTTLS_MASKED))
		promote(j, s);
	if (!s->history)
		return;
	history_destination(&j->sources, s, a->destination);
	if (a->role == PORT_TRANSPORT && !a->allowed)
		judge_transport_talk(j, s, a, d);
	if (d->said & SAID_AUTH_CLEAR)
		judge_report(j, s, DETECTOR_CLEARTEXT, a->port);
	if (d->said & SAID_STARTTLS_MASKED)
		judge_report(j, s, DETECTOR_STRIPPED, a->port);
	if (d->said & (SAID_AUTH_FAILED | SAID_AUTH_OK))
		judge_logins(j, s, a, d);
}

/* ---- time ---- */

static void look_at(struct judge *j, struct source *s)
{
	if (!s->family)
		return;
	if (j->now_s - s->last_s > IDLE_S &&
	    j->now_s - s->last_s > j->figures[WATCH_NEW_AFTER])
		sources_remove(&j->sources, s);
	else if (s->history && j->now_s >= s->due_s)
		judge_abandonment(j, s);
}

/* One round through all records every five minutes, evenly. */
void judge_time(struct judge *j, uint32_t now_s)
{
	uint32_t to, passed;

	if (!j->start_s)
		return;
	start(j, now_s);
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

float judge_score(const struct judge *j, const struct source *s)
{
	const struct history *h = s->history;
	float most = 0;

	if (!h)
		return 0;
	if (h->found & SPAM_DETECTORS)
		return 2;
	for (enum detector d = 0; d < DETECTOR_SUMS; d++) {
		float part = h->sum[d] / judge_threshold(j, h, d);

		if (detector_rows[d].finding == FINDING_SPAM_SOURCE &&
		    part > most)
			most = part;
	}
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

		if (!(c->flags & CONTACT_USED) || c->flags & CONTACT_SUBMISSION)
			continue;
		all++;
		retried += c->flags & CONTACT_RETRIED &&
			   c->last_s - c->first_s >= 10 * MINUTE;
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

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Behind a block every attempt fails, so failure says nothing. What still tells
 * a bot from a printer, a misconfigured client or a hobby mail server is how
 * fast it meets new destination groups, whether it comes back to those that
 * failed, and for how long.
 */
#include "judge.h"
#include "decide.h"

#include <math.h>

#define MINUTE 60u
#define HOUR   3600u
#define DAY    86400u

/* Contacts with a known group, in the credit of first-contact tests. */
#define AGAIN_S	   60u
#define CREDIT_MIN 10u

/* Addresses of one domain that are tried one after the other. */
#define SEVERAL	       5u
#define SEVERAL_S      300u

#define SWEEP_S	       300u /* every source is looked at this often */
#define IDLE_S	       (3 * DAY)
#define PROMOTE_AT     8u   /* attempts, after which a source has a history */
#define OPEN_SHARE     0.2f /* answered attempts of a source whose port is open */
#define RECENT	       64.0f /* attempts by which that is told */
#define INBOUND_SERVER 5
#define USERS_NORMAL   50.0f /* behind an address that is not shared */
#define SCAN_AFTER     8u    /* attempts in one group */
#define HELO_ODD       3.0f

/* ---- names ---- */

static const struct {
	const char *name;
	enum finding_kind finding;
	enum watch_figure normal, spam, threshold;
} detectors[DETECTOR_N] = {
	[DETECTOR_FAST] = { "fast", FINDING_SPAM_SOURCE, WATCH_FAST_NORMAL,
			    WATCH_FAST_SPAM, WATCH_FAST_THRESHOLD },
	[DETECTOR_MEDIUM] = { "medium", FINDING_SPAM_SOURCE,
			      WATCH_MEDIUM_NORMAL, WATCH_MEDIUM_SPAM,
			      WATCH_MEDIUM_THRESHOLD },
	[DETECTOR_SLOW] = { "slow", FINDING_SPAM_SOURCE, WATCH_SLOW_NORMAL,
			    WATCH_SLOW_SPAM, WATCH_SLOW_THRESHOLD },
	[DETECTOR_ABANDON] = { "abandon", FINDING_SPAM_SOURCE,
			       WATCH_ABANDON_NORMAL, WATCH_ABANDON_SPAM,
			       WATCH_ABANDON_THRESHOLD },
	[DETECTOR_LATE] = { "late", FINDING_SPAM_SOURCE, WATCH_ABANDON_NORMAL,
			    WATCH_ABANDON_SPAM, WATCH_LATE_THRESHOLD },
	[DETECTOR_OUTCOME] = { "outcome", FINDING_SPAM_SOURCE,
			       WATCH_OUTCOME_NORMAL, WATCH_OUTCOME_SPAM,
			       WATCH_OUTCOME_THRESHOLD },
	[DETECTOR_OPERATORS] = { "operators", FINDING_SUBMISSION_ABUSE,
				 WATCH_OPERATORS_NORMAL, WATCH_OPERATORS_SPAM,
				 WATCH_OPERATORS_THRESHOLD },
	[DETECTOR_LOGIN] = { "login", FINDING_LOGIN_FAILURES,
			     WATCH_LOGIN_NORMAL, WATCH_LOGIN_SPAM,
			     WATCH_LOGIN_THRESHOLD },
	[DETECTOR_SCAN] = { "scan", FINDING_SPAM_SOURCE, 0, 0, 0 },
	[DETECTOR_DIRECT] = { "groups", FINDING_DIRECT_TO_MX, 0, 0, 0 },
	[DETECTOR_DIRECT_ABANDON] = { "abandon", FINDING_DIRECT_TO_MX,
				      WATCH_ABANDON_NORMAL, WATCH_ABANDON_SPAM,
				      WATCH_DIRECT_THRESHOLD },
	[DETECTOR_VOLUME] = { "volume", FINDING_SUBMISSION_ABUSE, 0, 0, 0 },
	[DETECTOR_STORM] = { "storm", FINDING_LOGIN_STORM, 0, 0, 0 },
	[DETECTOR_CLEARTEXT] = { "cleartext", FINDING_CLEARTEXT_LOGIN, 0, 0,
				 0 },
	[DETECTOR_STRIPPED] = { "masked", FINDING_STARTTLS_STRIPPED, 0, 0, 0 },
};

const char *finding_name(enum finding_kind kind)
{
	static const char *const names[FINDING_N] = {
		[FINDING_SPAM_SOURCE] = "spam-source",
		[FINDING_DIRECT_TO_MX] = "direct-to-mx",
		[FINDING_SUBMISSION_ABUSE] = "submission-abuse",
		[FINDING_LOGIN_STORM] = "login-storm",
		[FINDING_LOGIN_FAILURES] = "login-failures",
		[FINDING_CLEARTEXT_LOGIN] = "cleartext-login",
		[FINDING_STARTTLS_STRIPPED] = "starttls-stripped",
	};

	return names[kind];
}

const char *detector_name(enum detector detector)
{
	return detectors[detector].name;
}

enum finding_kind detector_finding(enum detector detector)
{
	return detectors[detector].finding;
}

#define SPAM_DETECTORS                                                         \
	(1u << DETECTOR_FAST | 1u << DETECTOR_MEDIUM | 1u << DETECTOR_SLOW |   \
	 1u << DETECTOR_ABANDON | 1u << DETECTOR_LATE |                        \
	 1u << DETECTOR_OUTCOME | 1u << DETECTOR_SCAN)
#define DIRECT_DETECTORS (1u << DETECTOR_DIRECT | 1u << DETECTOR_DIRECT_ABANDON)

/* ---- figures ---- */

static bool is_rate(enum detector d)
{
	return watch_rows[detectors[d].normal].unit == WATCH_RATE;
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
		double normal = f[detectors[d].normal];
		double spam = f[detectors[d].spam];

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

/* ---- a source and its history ---- */

static float lower(float sum, double per_hour, uint32_t since_s, uint32_t now_s)
{
	float by = now_s > since_s ?
			   (float)(per_hour * (now_s - since_s) / HOUR) :
			   0;

	return sum > by ? sum - by : 0;
}

static void add(float *sum, double what)
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

static void lower_sums(struct judge *j, struct history *h)
{
	static const enum detector rated[] = { DETECTOR_FAST, DETECTOR_MEDIUM,
					       DETECTOR_SLOW,
					       DETECTOR_OPERATORS };

	for (size_t i = 0; i < sizeof(rated) / sizeof(*rated); i++) {
		enum detector d = rated[i];
		double drift = j->figures[detectors[d].spam] -
			       j->figures[detectors[d].normal];

		h->sum[d] = lower(h->sum[d], drift * rate_factor(h, d),
				  h->sums_s, j->now_s);
	}
	h->sums_s = j->now_s;
}

static bool accepts_mail(const struct history *h)
{
	return __builtin_popcountll(h->inbound) >= INBOUND_SERVER;
}

/* A shared address and a mail server have to do more to be reported. */
static float threshold(const struct judge *j, const struct history *h,
		       enum detector d)
{
	static const float shared[DETECTOR_SUMS] = { [DETECTOR_FAST] = 60,
						     [DETECTOR_MEDIUM] = 60,
						     [DETECTOR_SLOW] = 70,
						     [DETECTOR_ABANDON] = 20 };
	float at = (float)j->figures[detectors[d].threshold];

	if (h->shared > 1 && shared[d] > at)
		at = shared[d];
	return accepts_mail(h) ? 2 * at : at;
}

static enum watch_figure warmup_of(enum detector d)
{
	return d == DETECTOR_FAST    ? WATCH_WARMUP_FAST :
	       d == DETECTOR_ABANDON ? WATCH_WARMUP_ABANDON :
				       WATCH_WARMUP;
}

static bool warm_for(const struct judge *j, enum detector d)
{
	return j->warm || j->now_s - j->start_s >= j->figures[warmup_of(d)];
}

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

static uint32_t hits(const struct contact *c)
{
	return c->flags % CONTACT_WINDOW / CONTACT_HIT;
}

static struct contact *first_contact(struct judge *j, struct history *h,
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

/* What was kept in the record of a source with one contact. */
static void promote(struct judge *j, struct source *s)
{
	struct history *h;
	struct contact *c;
	uint16_t role = s->flags & SOURCE_SUBMISSION ? CONTACT_SUBMISSION : 0;

	if (history_make(&j->sources, s))
		return;
	h = s->history;
	h->sums_s = h->abandon_s = h->late_s = h->direct_sum_s = j->now_s;
	h->shared = users_of(j, s);
	if (!(s->flags & SOURCE_CONTACT))
		return;
	c = first_contact(j, h, s->group, role, s->first_s);
	if (!c)
		return;
	c->last_s = s->last_s;
	if (role)
		return;
	if (j->warm ||
	    s->first_s - j->start_s >= j->figures[WATCH_WARMUP_ABANDON])
		c->flags |= CONTACT_PENDING | CONTACT_LATE;
	if (c->last_s - c->first_s >= AGAIN_S)
		c->flags |= CONTACT_RETRIED;
}

/* ---- findings ---- */

static void take_examples(const struct source *s, struct finding *f)
{
	const struct history *h = s->history;
	size_t size = s->family == 4 ? 4 : 16;

	f->n_examples = h->n_examples;
	for (uint8_t i = 0; i < h->n_examples; i++)
		memcpy(f->examples[i].byte, h->examples + i * size, size);
}

static void report(struct judge *j, struct source *s, enum detector d,
		   uint16_t port)
{
	struct history *h = s->history;
	struct finding f = { .detector = d,
			     .family = s->family,
			     .source = source_address(s),
			     .time_us = (int64_t)j->now_s * 1000000,
			     .first_s = s->first_s,
			     .last_s = s->last_s,
			     .attempts = s->attempts,
			     .syns = s->syns,
			     .groups = h->n_contacts,
			     .proven = s->flags & SOURCE_PROVEN,
			     .blocked = h->answered <=
					OPEN_SHARE * (h->answered + h->failed),
			     .port = port };

	/* Once a day each, as long as it goes on. */
	if (h->found && j->now_s - h->found_s >= DAY)
		h->found = 0;
	if (h->found & 1u << d)
		return;
	/* A spam source sends to MX hosts directly: that is said with it. */
	if (DIRECT_DETECTORS & 1u << d && h->found & SPAM_DETECTORS)
		return;
	if (!h->found)
		h->found_s = j->now_s;
	h->found |= 1u << d;
	f.destinations = distinct_count(&h->destinations, &DESTINATION_LIMITS);
	f.destinations_exact = distinct_is_exact(&h->destinations);
	/* The first one was met before there was a history to note it. */
	if (f.destinations < f.groups)
		f.destinations = f.groups;
	take_examples(s, &f);
	j->findings[detector_finding(d)]++;
	if (j->finding)
		j->finding(j->ctx, &f);
}

/* A sum that is beyond its threshold is reported, and does not grow far. */
static void check_sum(struct judge *j, struct source *s, enum detector d,
		      uint16_t port)
{
	float at = threshold(j, s->history, d);

	if (s->history->sum[d] <= at)
		return;
	if (s->history->sum[d] > 2 * at)
		s->history->sum[d] = 2 * at;
	report(j, s, d, port);
}

/* Networks that were new within a day, per hour. */
static double new_per_hour(const struct judge *j, const struct source *s)
{
	const struct history *h = s->history;
	uint32_t seen_s = j->now_s - s->first_s, n = 0;

	for (uint16_t i = 0; i < h->contacts_cap; i++) {
		const struct contact *c = &h->contacts[i];

		n += c->flags & CONTACT_USED &&
		     !(c->flags & CONTACT_SUBMISSION) &&
		     j->now_s - c->first_s < DAY;
	}
	if (seen_s > DAY)
		seen_s = DAY;
	return seen_s ? (double)n * HOUR / seen_s : 0;
}

/*
 * Who never comes back, but hardly ever comes: a script that mails directly is
 * a tiny bot to look at, and a matter of policy.
 */
static void check_abandon(struct judge *j, struct source *s, enum detector d)
{
	if (s->history->sum[d] > threshold(j, s->history, d) &&
	    new_per_hour(j, s) >= j->figures[WATCH_DIRECT_BELOW])
		check_sum(j, s, d, s->history->port);
}

/* ---- transport: first contacts ---- */

static bool is_open(const struct history *h)
{
	return h->answered > OPEN_SHARE * (h->answered + h->failed);
}

static void count_fate(struct history *h, bool answered)
{
	if (h->answered + h->failed >= RECENT) {
		h->answered /= 2;
		h->failed /= 2;
	}
	*(answered ? &h->answered : &h->failed) += 1;
}

static void gain(struct judge *j, struct source *s, enum detector d,
		 uint16_t port)
{
	if (!warm_for(j, d))
		return;
	add(&s->history->sum[d], j->gain[d]);
	check_sum(j, s, d, port);
}

static void check_groups(struct judge *j, struct source *s, uint16_t port)
{
	struct history *h = s->history;
	uint32_t n = 0;

	if (h->n_contacts < j->figures[WATCH_DIRECT_GROUPS] ||
	    (h->direct_s && j->now_s - h->direct_s < MINUTE) ||
	    h->found & 1u << DETECTOR_DIRECT)
		return;
	h->direct_s = j->now_s;
	for (uint16_t i = 0; i < h->contacts_cap; i++) {
		const struct contact *c = &h->contacts[i];

		n += c->flags & CONTACT_USED &&
		     !(c->flags & CONTACT_SUBMISSION) &&
		     j->now_s - c->last_s < DAY;
	}
	if (n >= j->figures[WATCH_DIRECT_GROUPS])
		report(j, s, DETECTOR_DIRECT, port);
}

/*
 * Who met more networks than are kept, and was not found by then, meets old
 * ones as if they were new.
 */
static void new_group(struct judge *j, struct source *s, struct contact *c,
		      const struct judged *a)
{
	if (!a->answered && warm_for(j, DETECTOR_ABANDON))
		c->flags |= CONTACT_PENDING | CONTACT_LATE;
	if (!a->answered && !is_open(s->history) &&
	    s->history->n_contacts < CONTACTS_KEPT) {
		gain(j, s, DETECTOR_FAST, a->port);
		gain(j, s, DETECTOR_MEDIUM, a->port);
		gain(j, s, DETECTOR_SLOW, a->port);
	}
	check_groups(j, s, a->port);
}

static bool earns_credit(const struct contact *c, uint32_t now_s)
{
	uint32_t minutes = (now_s - c->first_s) / MINUTE;

	return now_s - c->last_s >= AGAIN_S &&
	       (!c->credit_min || minutes >= c->credit_min + CREDIT_MIN);
}

/*
 * A queue comes back to where it failed, again and again. Each return, once in
 * the time in which a first contact is given up for abandoned, is one more
 * observation of what a bot does not do. A provider's rarely used address, of
 * which there is one now and then, is outweighed by it.
 */
static void returned(struct judge *j, struct history *h, struct contact *c)
{
	uint32_t apart_s = (uint32_t)j->figures[WATCH_ABANDON_AFTER];
	uint32_t window = (j->now_s - c->first_s) / apart_s % CONTACT_WINDOWS;

	if (window == c->flags / CONTACT_WINDOW ||
	    j->now_s - c->last_s > apart_s)
		return;
	c->flags =
		(uint16_t)(c->flags % CONTACT_WINDOW + window * CONTACT_WINDOW);
	add(&h->sum[DETECTOR_ABANDON], j->loss[DETECTOR_ABANDON]);
	add(&h->sum[DETECTOR_LATE], j->loss[DETECTOR_LATE]);
	add(&h->sum[DETECTOR_DIRECT_ABANDON], j->loss[DETECTOR_DIRECT_ABANDON]);
}

/*
 * A mail server that meets a domain tries several of its addresses at once,
 * five at most by default; a bot goes on to the next victim. So many attempts
 * to few networks are a queue that is flushed.
 */
static void tried_again(struct judge *j, struct history *h, struct contact *c,
			const struct judged *a)
{
	double loss = 2 * j->loss[DETECTOR_FAST];

	if (a->answered || j->now_s - c->first_s > SEVERAL_S ||
	    hits(c) >= SEVERAL)
		return;
	add(&h->sum[DETECTOR_FAST], loss);
	add(&h->sum[DETECTOR_MEDIUM], loss);
}

static void known_group(struct judge *j, struct history *h, struct contact *c,
			uint32_t now_s)
{
	uint32_t minutes = (now_s - c->first_s) / MINUTE;

	if (now_s - c->first_s >= AGAIN_S)
		c->flags |= CONTACT_RETRIED;
	if (!earns_credit(c, now_s))
		return;
	/* 0 means none; a contact of six weeks earns no more. */
	if (minutes > UINT16_MAX && c->credit_min == UINT16_MAX)
		return;
	c->credit_min = minutes > UINT16_MAX ? UINT16_MAX :
			minutes		     ? (uint16_t)minutes :
					       1;
	returned(j, h, c);
	for (enum detector d = DETECTOR_FAST; d <= DETECTOR_SLOW; d++)
		add(&h->sum[d], j->loss[d]);
}

/* ---- transport: a network that is walked ---- */

static uint32_t scanned(const struct scan *scan)
{
	uint32_t set = 0;

	for (int i = 0; i < 8; i++)
		set += (uint32_t)__builtin_popcountll(scan->bits[i]);
	/* Linear counting (Whang et al., ACM TODS 1990). */
	return set >= 512 ? 4096 :
			    (uint32_t)lround(-512 * log((512 - set) / 512.0));
}

static void look_for_scan(struct judge *j, struct source *s, struct contact *c,
			  const struct judged *a)
{
	struct history *h = s->history;
	struct scan *scan = h->scan;
	uint64_t bit;

	if (hits(c) < CONTACT_HITS_MOST)
		c->flags += CONTACT_HIT;
	if (hits(c) < SCAN_AFTER)
		return;
	if (!scan && !(scan = history_scan(&j->sources, h)))
		return;
	if (j->now_s - scan->since_s >= j->figures[WATCH_SCAN_WINDOW])
		*scan = (struct scan){ .group = c->group, .since_s = j->now_s };
	if (scan->group != c->group)
		return;
	bit = hash_2(&j->key, load_u64(a->destination->byte),
		     load_u64(a->destination->byte + 8)) %
	      512;
	scan->bits[bit / 64] |= 1ull << (bit % 64);
	if (scanned(scan) > j->figures[WATCH_SCAN_ADDRESSES])
		report(j, s, DETECTOR_SCAN, a->port);
}

/* ---- transport: an attempt ---- */

static void note_destination(struct judge *j, struct source *s,
			     const struct judged *a)
{
	uint64_t hash = hash_2(&j->key, load_u64(a->destination->byte),
			       load_u64(a->destination->byte + 8));

	if (distinct_add(&s->history->destinations, j->sources.pool,
			 &DESTINATION_LIMITS, hash))
		history_example(&j->sources, s, a->destination);
}

static bool is_new(const struct judge *j, const struct contact *c)
{
	return j->now_s - c->last_s > j->figures[WATCH_NEW_AFTER];
}

/* Before a table is full, what would be new again makes room. */
static void forget_old(struct judge *j, struct history *h)
{
	uint32_t after_s = (uint32_t)j->figures[WATCH_NEW_AFTER];

	if (h->n_contacts + 1 >= h->contacts_cap - h->contacts_cap / 4 &&
	    j->now_s - h->aged_s >= HOUR && j->now_s > after_s) {
		h->aged_s = j->now_s;
		history_age(&j->sources, h, j->now_s - after_s);
	}
}

static void transport_attempt(struct judge *j, struct source *s,
			      const struct judged *a)
{
	uint32_t group = group_of(a->family, a->destination);
	struct history *h = s->history;
	struct contact *c = history_contact(&j->sources, h, group, 0, false);

	h->port = (uint8_t)(a->port < 256 ? a->port : 25);
	count_fate(h, a->answered);
	lower_sums(j, h);
	note_destination(j, s, a);
	if (!c || is_new(j, c)) {
		forget_old(j, h);
		c = first_contact(j, h, group, 0, j->now_s);
		if (!c)
			return;
		new_group(j, s, c, a);
	} else {
		known_group(j, h, c, j->now_s);
		tried_again(j, h, c, a);
		c->last_s = j->now_s;
	}
	if (!a->answered)
		look_for_scan(j, s, c, a);
	if (!a->answered && is_open(h)) {
		add(&h->sum[DETECTOR_OUTCOME], j->gain[DETECTOR_OUTCOME]);
		check_sum(j, s, DETECTOR_OUTCOME, a->port);
	}
}

/* ---- submission and access ---- */

static void count_hour(struct judge *j, struct source *s,
		       const struct judged *a)
{
	struct usage *u = history_usage(&j->sources, s->history);
	uint32_t hour = j->now_s / HOUR, passed;
	double busy = j->figures[WATCH_VOLUME_RATE] * s->history->shared;

	if (!u)
		return;
	passed = hour - u->hour;
	if (passed) {
		u->busy_hours = passed == 1 && u->in_hour > busy ?
					(uint8_t)(u->busy_hours + 1) :
					0;
		u->active = passed < 32 ? u->active << passed : 0;
		u->hour = hour;
		u->in_hour = 0;
	}
	u->active |= 1;
	u->in_hour++;
	/* Three busy hours, and active in 20 of 24. */
	if (u->busy_hours >= 3 &&
	    __builtin_popcount(u->active & 0xffffff) >= 20)
		report(j, s, DETECTOR_VOLUME, a->port);
	if (u->busy_hours > 24)
		u->busy_hours = 24;
}

static void submission_attempt(struct judge *j, struct source *s,
			       const struct judged *a)
{
	uint32_t group = group_of(a->family, a->destination);
	struct history *h = s->history;
	struct contact *c = history_contact(&j->sources, h, group,
					    CONTACT_SUBMISSION, false);

	lower_sums(j, h);
	note_destination(j, s, a);
	count_hour(j, s, a);
	if (c && !is_new(j, c)) {
		c->last_s = j->now_s;
		return;
	}
	if (first_contact(j, h, group, CONTACT_SUBMISSION, j->now_s))
		gain(j, s, DETECTOR_OPERATORS, a->port);
}

/* Two windows side by side stand for one that slides. */
static void access_attempt(struct judge *j, struct source *s,
			   const struct judged *a)
{
	struct usage *u = history_usage(&j->sources, s->history);
	unsigned int i = a->role == PORT_POP3;
	uint32_t window_s = (uint32_t)j->figures[WATCH_STORM_WINDOW] << i;
	uint32_t passed;
	double left;

	if (!u)
		return;
	note_destination(j, s, a);
	passed = j->now_s - u->window_s[i];
	if (passed >= window_s) {
		u->before[i] = passed < 2 * window_s ? u->in_window[i] : 0;
		u->in_window[i] = 0;
		u->window_s[i] = j->now_s - j->now_s % window_s;
		passed = j->now_s % window_s;
	}
	if (u->in_window[i] < UINT16_MAX)
		u->in_window[i]++;
	left = (double)u->before[i] * (window_s - passed) / window_s;
	if (u->in_window[i] + left >=
	    j->figures[WATCH_STORM_ATTEMPTS] * s->history->shared)
		report(j, s, DETECTOR_STORM, a->port);
}

/* ---- an attempt ---- */

static void note_flags(struct source *s, const struct judged *a)
{
	if (a->allowed)
		s->flags |= SOURCE_ALLOWED;
	if (a->blocked)
		s->flags |= SOURCE_BLOCKED;
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
			transport_attempt(j, s, a);
		else if (s->history && a->role == PORT_SUBMISSION)
			submission_attempt(j, s, a);
		else if (s->history)
			access_attempt(j, s, a);
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

static bool note_once(uint32_t *list, uint8_t *n, uint8_t most, uint64_t hash)
{
	uint32_t value = (uint32_t)hash | 1;

	for (uint8_t i = 0; i < *n; i++)
		if (list[i] == value)
			return false;
	if (*n < most)
		list[(*n)++] = value;
	return true;
}

/* HELO names that no mail server uses: once, and not by itself enough. */
static bool odd_helo(struct judge *j, struct source *s,
		     const struct dialogue *d)
{
	struct usage *u = history_usage(&j->sources, s->history);

	if (d->said & SAID_HELO_ODD)
		return true;
	if (!u || !d->helo_hash)
		return false;
	if (u->helo_hour != j->now_s / HOUR) {
		u->helo_hour = j->now_s / HOUR;
		u->n_helos = 0;
	}
	note_once(u->helos, &u->n_helos, 3, d->helo_hash);
	return u->n_helos == 3;
}

static bool was_refused(const struct dialogue *d)
{
	for (int i = 0; i < STAGE_N; i++)
		if (d->replies[i][2])
			return true;
	return d->said & SAID_MAIL && !(d->said & SAID_ACCEPTED) &&
	       !(d->said & SAID_GAP);
}

/* TLS hides the outcome; without payload an answer is all there is to see. */
static void transport_talk(struct judge *j, struct source *s,
			   const struct judged *a, const struct dialogue *d)
{
	struct history *h = s->history;
	float *sum = &h->sum[DETECTOR_OUTCOME];

	if (!is_open(h))
		return;
	if (!h->odd_helo && odd_helo(j, s, d)) {
		h->odd_helo = 1;
		add(sum, HELO_ODD);
	}
	if (!(d->said & (SAID_TLS | SAID_IMPLICIT_TLS)))
		add(sum, was_refused(d) ? j->gain[DETECTOR_OUTCOME] :
					  j->loss[DETECTOR_OUTCOME]);
	check_sum(j, s, DETECTOR_OUTCOME, a->port);
}

static void login_talk(struct judge *j, struct source *s,
		       const struct judged *a, const struct dialogue *d)
{
	struct usage *u = history_usage(&j->sources, s->history);
	float *sum = &s->history->sum[DETECTOR_LOGIN];
	uint64_t server = hash_2(&j->key, load_u64(a->destination->byte),
				 load_u64(a->destination->byte + 8));

	if (!u)
		return;
	for (uint8_t i = 0; i < d->auth_failures; i++)
		add(sum, j->gain[DETECTOR_LOGIN]);
	if (d->said & SAID_AUTH_OK)
		add(sum, j->loss[DETECTOR_LOGIN]);
	if (!d->auth_failures)
		return;
	if (d->user_hash)
		note_once(u->users, &u->n_users, 5, d->user_hash);
	note_once(u->servers, &u->n_servers, 3, server);
	if (u->n_users >= 5 || u->n_servers >= 3)
		check_sum(j, s, DETECTOR_LOGIN, a->port);
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
	note_destination(j, s, a);
	if (a->role == PORT_TRANSPORT && !a->allowed)
		transport_talk(j, s, a, d);
	if (d->said & SAID_AUTH_CLEAR)
		report(j, s, DETECTOR_CLEARTEXT, a->port);
	if (d->said & SAID_STARTTLS_MASKED)
		report(j, s, DETECTOR_STRIPPED, a->port);
	if (d->said & (SAID_AUTH_FAILED | SAID_AUTH_OK))
		login_talk(j, s, a, d);
}

/* ---- abandonment, when it is due ---- */

static void abandoned(struct judge *j, struct source *s, enum detector d,
		      enum watch_figure drift, uint32_t *lowered_s,
		      uint32_t due_s, bool yes)
{
	float *sum = &s->history->sum[d];

	*sum = lower(*sum, j->figures[drift], *lowered_s, due_s);
	if (due_s > *lowered_s)
		*lowered_s = due_s;
	add(sum, yes ? j->gain[d] : j->loss[d]);
}

static void decide_contact(struct judge *j, struct source *s, struct contact *c)
{
	struct history *h = s->history;
	uint32_t due_s = c->first_s + (uint32_t)j->figures[WATCH_ABANDON_AFTER];
	uint32_t late_s = c->last_s + (uint32_t)j->figures[WATCH_LATE_AFTER];
	uint32_t span_s = c->last_s - c->first_s;

	if (c->flags & CONTACT_PENDING &&
	    (c->flags & CONTACT_RETRIED || j->now_s >= due_s)) {
		if (due_s > j->now_s)
			due_s = j->now_s;
		abandoned(j, s, DETECTOR_ABANDON, WATCH_ABANDON_DRIFT,
			  &h->abandon_s, due_s, !(c->flags & CONTACT_RETRIED));
		abandoned(j, s, DETECTOR_DIRECT_ABANDON, WATCH_DIRECT_DRIFT,
			  &h->direct_sum_s, due_s,
			  !(c->flags & CONTACT_RETRIED));
		c->flags &= (uint16_t)~CONTACT_PENDING;
	}
	if (c->flags & CONTACT_LATE && j->now_s >= late_s) {
		abandoned(j, s, DETECTOR_LATE, WATCH_LATE_DRIFT, &h->late_s,
			  late_s, span_s < j->figures[WATCH_LATE_SPAN]);
		c->flags &= (uint16_t)~CONTACT_LATE;
	}
}

/* What a source did long ago is not said again as if it went on. */
static bool goes_on(const struct judge *j, const struct source *s)
{
	const struct history *h = s->history;

	return !h->found || s->last_s > h->found_s ||
	       j->now_s - h->found_s < DAY;
}

static void decide_due(struct judge *j, struct source *s)
{
	struct history *h = s->history;

	for (uint16_t i = 0; i < h->contacts_cap; i++) {
		struct contact *c = &h->contacts[i];

		if (c->flags & (CONTACT_PENDING | CONTACT_LATE) &&
		    c->flags & CONTACT_USED)
			decide_contact(j, s, c);
	}
	if (!goes_on(j, s))
		return;
	check_abandon(j, s, DETECTOR_ABANDON);
	check_abandon(j, s, DETECTOR_LATE);
	if (j->now_s - s->first_s >= DAY)
		check_sum(j, s, DETECTOR_DIRECT_ABANDON, h->port);
}

static void look_at(struct judge *j, struct source *s)
{
	if (!s->family)
		return;
	if (j->now_s - s->last_s > IDLE_S)
		sources_remove(&j->sources, s);
	else if (s->history)
		decide_due(j, s);
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
		float part = h->sum[d] / threshold(j, h, d);

		if (detectors[d].finding == FINDING_SPAM_SOURCE && part > most)
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
	return accepts_mail(h) ||
	       (all >= 2 && retried * 2 >= all && !(h->found & SPAM_DETECTORS));
}

bool judge_is_spam(const struct source *s)
{
	return s->history && s->history->found & SPAM_DETECTORS;
}

bool judge_is_warm(const struct judge *j)
{
	return j->start_s ? warm_for(j, DETECTOR_SLOW) : j->warm;
}

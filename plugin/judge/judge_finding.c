/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sums against thresholds, and findings. */
#include "judge_priv.h"

#define INBOUND_SERVER 5
#define SERVER_GROUPS  3u /* a client has one smarthost or two */

/* ---- names ---- */

struct detector_row {
	const char *name;
	enum finding_kind finding;
	float shared; /* least threshold behind a shared address */
};

#define ROW_SUM(detector, name, finding, spam, module, place, scale, shared,   \
		...)                                                           \
	[DETECTOR_##detector] = { name, FINDING_##finding, shared },
#define ROW_COUNT(detector, name, finding, ...)                                \
	[DETECTOR_##detector] = { name, FINDING_##finding, 0 },
static const struct detector_row detector_rows[DETECTOR_N] = { DETECTORS(
	ROW_SUM, ROW_COUNT) };

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
		[FINDING_EVASION] = "evasion",
		[FINDING_RETRY_STORM] = "retry-storm",
	};

	return names[kind];
}

const char *detector_name(enum detector detector)
{
	return detector_rows[detector].name;
}

enum finding_kind detector_finding(enum detector detector)
{
	return detector_rows[detector].finding;
}

/* ---- thresholds ---- */

/* A server that takes mail from several networks. */
static bool judge_accepts_mail(const struct history *h)
{
	return h->cold &&
	       __builtin_popcountll(h->cold->inbound) >= INBOUND_SERVER;
}

float judge_threshold_raised(const struct judge *j, const struct history *h,
			     enum detector d)
{
	float at = judge_threshold_now(j, d), shared = detector_rows[d].shared;

	if (history_shared(h) > 1 && shared > at)
		at = shared;
	return judge_accepts_mail(h) ? 2 * at : at;
}

/* ---- a finding ---- */

static bool judge_was_found(const struct history *h, enum finding_kind kind)
{
	for (enum detector d = 0; d < DETECTOR_N; d++)
		if (history_found(h) & 1u << d &&
		    detector_rows[d].finding == kind)
			return true;
	return false;
}

uint64_t judge_destinations(const struct source *s, bool *exact)
{
	const struct history *h = s->history;
	uint64_t n = h ? history_destinations(h) : 1;

	*exact = !h || history_is_exact(h);
	/* The first destination was met before there was a history. */
	if (h && n < h->n_contacts)
		n = h->n_contacts;
	/* An estimate may be beyond what there can be. */
	return n < s->attempts ? n : s->attempts;
}

/* A source that left quarantine and goes on is reported at once. */
static uint32_t judge_again_s(const struct judge *j)
{
	uint32_t quarantine_s =
		j->policy ? (uint32_t)j->policy->quarantine_s : 0;

	return quarantine_s && quarantine_s < DAY ? quarantine_s : DAY;
}

/*
 * While the monitor warms up, a server that flushes an old queue looks like a
 * bot for some minutes: nobody is put into quarantine for that.
 */
static bool judge_is_unsure(const struct judge *j, enum detector d)
{
	if (j->warm || !(SPAM_DETECTORS & 1u << d) || detector_sums[d] == SUMS)
		return false;
	return judge_threshold_now(j, d) > j->threshold[d] ||
	       !judge_warm_for(j, d) ||
	       (d == DETECTOR_LATE && !judge_warm_for(j, DETECTOR_ABANDON));
}

/* Who was found in doubt is found once more when there is none. */
static void judge_look_again(struct history *h, bool unsure)
{
	if (unsure || !history_cold_of(h)->unsure)
		return;
	h->cold->unsure = 0;
	history_set_found(h, history_found(h) & ~SPAM_DETECTORS);
}

/* Once a day each, or once a quarantine, as long as it goes on. */
static bool judge_is_due(struct judge *j, struct history *h, enum detector d)
{
	if (history_found(h) &&
	    j->now_s - history_cold_of(h)->found_s >= judge_again_s(j))
		history_set_found(h, 0);
	if (history_found(h) & 1u << d)
		return false;
	/* A spam source sends to MX hosts directly: one implies the other. */
	return !(detector_finding(d) == FINDING_DIRECT_TO_MX &&
		 history_found(h) & SPAM_DETECTORS);
}

void judge_report(struct judge *j, struct source *s, enum detector d,
		  uint16_t port)
{
	struct history *h = s->history;
	bool unsure = judge_is_unsure(j, d);
	struct finding f;

	if (SPAM_DETECTORS & 1u << d)
		judge_look_again(h, unsure);
	if (!judge_is_due(j, h, d))
		return;
	f = (struct finding){ .detector = d,
			      .family = s->family,
			      .source = source_address(s),
			      .time_us = (int64_t)j->now_s * 1000000,
			      .first_s = s->first_s,
			      .last_s = s->last_s,
			      .attempts = s->attempts,
			      .syns = s->syns,
			      .groups = h->n_contacts,
			      .again = judge_was_found(h, detector_finding(d)),
			      .proven = s->flags & SOURCE_PROVEN,
			      .blocked = h->answered + h->failed &&
					 !history_is_open(h),
			      .mail_server = judge_mail_server(s),
			      .unsure = unsure,
			      .systems = (uint16_t)s->systems,
			      .port = port };
	if (!history_found(h) && history_cold(&j->sources, h))
		h->cold->found_s = j->now_s;
	if (h->cold && unsure)
		h->cold->unsure = 1;
	history_set_found(h, history_found(h) | 1u << d);
	f.destinations = judge_destinations(s, &f.destinations_exact);
	f.n_examples = history_examples(h, f.examples);
	j->findings[detector_finding(d)]++;
	judge_tell_found(j, s, d);
	if (j->finding)
		j->finding(j->ctx, &f);
}

/* A sum that is beyond its threshold is reported, and does not grow far. */
void judge_check(struct judge *j, struct source *s, enum detector d,
		 uint16_t port)
{
	float at = judge_threshold(j, s->history, d);
	float sum = sum_of(s->history, d);

	if (sum <= at)
		return;
	if (sum > 2 * at)
		*judge_sum(j, s->history, d) = 2 * at;
	judge_report(j, s, d, port);
}

void judge_gain(struct judge *j, struct source *s, enum detector d,
		uint16_t port)
{
	sum_add(judge_sum(j, s->history, d), j->gain[d]);
	judge_check(j, s, d, port);
}

/* ---- a source ---- */

/* The share of its threshold that a sum has reached, or most if more. */
static inline float sum_further(const struct judge *j, const struct history *h,
				enum detector d, float most)
{
	float sum = sum_of(h, d), share;

	if (sum <= 0)
		return most;
	share = sum / judge_threshold(j, h, d);
	return share > most ? share : most;
}

#define FURTHER_0(place, detector)
#define FURTHER_1(place, detector) FURTHER_##place(detector)
#define FURTHER_OFTEN(detector)                                                \
	most = sum_further(j, h, DETECTOR_##detector, most);
#define FURTHER_COLD(detector)                                                 \
	if (h->cold)                                                           \
		most = sum_further(j, h, DETECTOR_##detector, most);
#define FURTHER(detector, name, finding, spam, module, place, ...)             \
	FURTHER_##spam(place, detector)

float judge_score(const struct judge *j, const struct source *s)
{
	const struct history *h = s->history;
	float most = 0;

	if (!h)
		return 0;
	if (history_found(h) & SPAM_DETECTORS)
		return 2;
	DETECTORS(FURTHER, DETECTOR_SKIP)
	return most + 0.01f;
}

/*
 * A mail server accepts mail from several networks, or returns to most of the
 * groups that it could not reach, over hours, as a queue does.
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
	return judge_accepts_mail(h) ||
	       (all >= SERVER_GROUPS && retried * 2 >= all &&
		!(history_found(h) & SPAM_DETECTORS));
}

bool judge_is_spam(const struct source *s)
{
	return s->history && history_found(s->history) & SPAM_DETECTORS;
}

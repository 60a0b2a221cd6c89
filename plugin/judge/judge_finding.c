/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is found, and how much it takes. */
#include "judge_priv.h"

#define INBOUND_SERVER 5

/* ---- names ---- */

const struct detector_row detector_rows[DETECTOR_N] = {
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
	return detector_rows[detector].name;
}

enum finding_kind detector_finding(enum detector detector)
{
	return detector_rows[detector].finding;
}

/* ---- thresholds ---- */

bool history_accepts_mail(const struct history *h)
{
	return h->cold &&
	       __builtin_popcountll(h->cold->inbound) >= INBOUND_SERVER;
}

float judge_threshold_raised(const struct judge *j, const struct history *h,
			     enum detector d)
{
	static const float shared[DETECTOR_SUMS] = { [DETECTOR_FAST] = 60,
						     [DETECTOR_MEDIUM] = 60,
						     [DETECTOR_SLOW] = 70,
						     [DETECTOR_ABANDON] = 20 };
	float at = j->threshold[d];

	if (history_shared(h) > 1 && shared[d] > at)
		at = shared[d];
	return history_accepts_mail(h) ? 2 * at : at;
}

/* ---- a finding ---- */

#define DIRECT_DETECTORS (1u << DETECTOR_DIRECT | 1u << DETECTOR_DIRECT_ABANDON)

static bool judge_was_found(const struct history *h, enum finding_kind kind)
{
	for (enum detector d = 0; d < DETECTOR_N; d++)
		if (h->found & 1u << d && detector_rows[d].finding == kind)
			return true;
	return false;
}

uint64_t judge_destinations(const struct source *s, bool *exact)
{
	const struct history *h = s->history;
	uint64_t n = h ? history_destinations(h) : 1;

	*exact = !h || history_is_exact(h);
	/* The first one was met before there was a history to note it. */
	if (h && n < h->n_contacts)
		n = h->n_contacts;
	/* An estimate may be beyond what there can be. */
	return n < s->attempts ? n : s->attempts;
}

void judge_report(struct judge *j, struct source *s, enum detector d,
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
			     .blocked = !history_is_open(h),
			     .port = port };

	/* Once a day each, as long as it goes on. */
	if (h->found && j->now_s - history_cold_of(h)->found_s >= DAY)
		h->found = 0;
	if (h->found & 1u << d)
		return;
	/* A spam source sends to MX hosts directly: that is said with it. */
	if (DIRECT_DETECTORS & 1u << d && h->found & SPAM_DETECTORS)
		return;
	f.again = judge_was_found(h, detector_finding(d));
	if (!h->found && history_cold(&j->sources, h))
		h->cold->found_s = j->now_s;
	h->found |= (uint16_t)(1u << d);
	f.destinations = judge_destinations(s, &f.destinations_exact);
	f.n_examples = history_examples(h, f.examples);
	j->findings[detector_finding(d)]++;
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
		*sum_at(j, s->history, d) = 2 * at;
	judge_report(j, s, d, port);
}

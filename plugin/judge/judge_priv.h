/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The inside of the judge. judge.c keeps sources and time; judge_ports.c adds
 * an attempt to a history and calls the hooks of detect_*.h. judge_sum.c keeps
 * sums, judge_finding.c holds them against thresholds and reports.
 */
#ifndef MAILWALL_JUDGE_PRIV_H
#define MAILWALL_JUDGE_PRIV_H

#include "hooks.h"
#include "judge.h"

#define MINUTE 60u
#define HOUR   3600u
#define DAY    86400u

/* An attempt so much later is a retry, not another address of the domain. */
#define AGAIN_S 60u

#define DETECTOR_SPAM_BIT(detector, name, finding, spam, ...)                  \
	(spam##u << DETECTOR_##detector) |
/* Bits of the detectors that tell of a source of spam. */
#define SPAM_DETECTORS (DETECTORS(DETECTOR_SPAM_BIT, DETECTOR_SPAM_BIT) 0u)

/* ---- judge_why.c ---- */

void judge_why_changed(struct judge *j, const struct source *s,
		       const char *seen);
/* Has a finding told with the next step, if somebody asks. */
static inline void judge_tell_found(struct judge *j, const struct source *s,
				    enum detector d)
{
	if (j->why && s->key == j->why->key && s->family == j->why->family)
		j->why->found |= 1u << d;
}
#define SEEN_TIME "time that passed" /* by which sums fall */

/* Tells what a sum went by since it was told last, if somebody asks. */
static inline void judge_tell(struct judge *j, const struct source *s,
			      const char *seen)
{
	if (__builtin_expect(j->why != NULL, 0))
		judge_why_changed(j, s, seen);
}

/* ---- judge_sum.c ---- */

/* Gains, losses, thresholds and warm-ups follow from j->figures. */
void judge_set_figures(struct judge *j);
/* The sum of a detector, in its place; without memory one that is lost. */
float *judge_sum(struct judge *j, struct history *h, enum detector d);
/* Lowers the sums of rates by the time that passed. */
void judge_lower_sums(struct judge *j, struct history *h);

static inline float sum_of(const struct history *h, enum detector d)
{
	enum sum_place at = detector_sums[d];

	return at < SUMS_OFTEN ? h->sum[at] :
				 history_cold_of(h)->sum[at - SUMS_OFTEN];
}

/* A sum that falls by so much a second, and never below 0. */
static inline void sum_lower(float *sum, float per_second, uint32_t passed_s)
{
	float by = per_second * (float)passed_s;

	*sum = *sum > by ? *sum - by : 0;
}

static inline void sum_add(float *sum, double what)
{
	*sum += (float)what;
	if (*sum < 0)
		*sum = 0;
}

static inline bool judge_warm_for(const struct judge *j, enum detector d)
{
	return j->warm || j->now_s - j->start_s >= j->warmup_s[d];
}

/* ---- judge_finding.c ---- */

/*
 * The threshold at this time. While the monitor learns which networks are
 * usual, that of fast is as high as a server's first queue needs; then it falls
 * as the sums do.
 */
static inline float judge_threshold_now(const struct judge *j, enum detector d)
{
	uint32_t learnt_s = j->now_s - j->start_s;
	float at = (float)j->figures[WATCH_COLD_THRESHOLD];

	if (d != DETECTOR_FAST || j->warm)
		return j->threshold[d];
	if (learnt_s > j->warmup_s[d])
		at -= (float)(learnt_s - j->warmup_s[d]) * j->drift[d];
	return at > j->threshold[d] ? at : j->threshold[d];
}

/* A threshold that is raised for a shared address or a mail server. */
float judge_threshold_raised(const struct judge *j, const struct history *h,
			     enum detector d);
static inline float judge_threshold(const struct judge *j,
				    const struct history *h, enum detector d)
{
	return h->cold || history_shared(h) > 1 ?
		       judge_threshold_raised(j, h, d) :
		       judge_threshold_now(j, d);
}

/* Reports a source, once a day for each detector. */
void judge_report(struct judge *j, struct source *s, enum detector d,
		  uint16_t port);
/* Reports a sum that is beyond its threshold. */
void judge_check(struct judge *j, struct source *s, enum detector d,
		 uint16_t port);
/* Adds one observation for a detector, and checks its sum. */
void judge_gain(struct judge *j, struct source *s, enum detector d,
		uint16_t port);

/* ---- judge_ports.c ---- */

void judge_transport(struct judge *j, struct source *s,
		     const struct observation *a);
void judge_submission(struct judge *j, struct source *s,
		      const struct observation *a);
/* IMAP and POP3. */
void judge_access(struct judge *j, struct source *s,
		  const struct observation *a);
/* The payload of a connection, once it is over. */
void judge_payload(struct judge *j, struct source *s,
		   const struct observation *a, const struct dialogue *d);
/* A header that was hidden from rules. */
void judge_evaded(struct judge *j, struct source *s,
		  const struct observation *a);
/* Seconds between the times at which something is due. */
#define DUE_S 60u
/* Has what becomes of a source decided at a time, or before. */
static inline void judge_be_due(struct source *s, uint32_t due_s)
{
	due_s = (due_s / DUE_S + 1) * DUE_S;
	if (s->due_s > due_s)
		s->due_s = due_s;
}
/* Decides what is due of a source, and when it is due again. */
void judge_source_due(struct judge *j, struct source *s);

#endif

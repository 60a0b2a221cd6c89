/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The inside of the judge, for the files that make it up: judge.c keeps sources
 * and time, judge_transport.c and judge_usage.c look at what a source does,
 * judge_finding.c says it.
 */
#ifndef MAILWALL_JUDGE_PRIV_H
#define MAILWALL_JUDGE_PRIV_H

#include "judge.h"

#define USERS_NORMAL 50.0f /* behind an address that is not shared */

#define MINUTE	     60u
#define HOUR	     3600u
#define DAY	     86400u

/* An attempt so much later is one of its own: nobody's second address. */
#define AGAIN_S 60u

struct detector_row {
	const char *name;
	enum finding_kind finding;
	/* Of those with a sum; the others have 0. */
	enum watch_figure normal, spam, threshold;
};
extern const struct detector_row detector_rows[DETECTOR_N];

#define SPAM_DETECTORS                                                         \
	(1u << DETECTOR_FAST | 1u << DETECTOR_MEDIUM | 1u << DETECTOR_SLOW |   \
	 1u << DETECTOR_ABANDON | 1u << DETECTOR_LATE |                        \
	 1u << DETECTOR_OUTCOME | 1u << DETECTOR_SCAN)

/* ---- judge.c ---- */

/* Where a sum lies: never NULL, and without memory it is lost. */
float *sum_at(struct judge *j, struct history *h, enum detector d);
static inline float sum_of(const struct history *h, enum detector d)
{
	return d < DETECTOR_OFTEN ? h->sum[d] :
				    history_cold_of(h)->sum[d - DETECTOR_OFTEN];
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
/* 1, or users behind the address by what is normal. */
static inline float history_shared(const struct history *h)
{
	return h->users > USERS_NORMAL ? h->users / USERS_NORMAL : 1;
}
/* Those of rates, by the time that passed. */
void judge_lower_sums(struct judge *j, struct history *h);
static inline bool judge_warm_for(const struct judge *j, enum detector d)
{
	return j->warm || j->now_s - j->start_s >= j->warmup_s[d];
}
/* One observation more for it; may report. */
void judge_gain(struct judge *j, struct source *s, enum detector d,
		uint16_t port);

/* The contact with the network of a destination, which is counted; or NULL. */
struct contact *judge_contact(struct judge *j, struct source *s,
			      const struct observation *a, uint16_t role);
/* As if it were the first, if it is known or not; NULL: no memory. */
struct contact *judge_first_contact(struct judge *j, struct history *h,
				    struct contact *known,
				    const struct observation *a, uint16_t role);
/* Not met for so long that it counts as new again. */
bool judge_is_new(const struct judge *j, const struct contact *c);
/* A set of a few hashes: true if it was not there. */
bool note_once(uint32_t *list, uint8_t *n, uint8_t most, uint64_t hash);

/* ---- judge_finding.c ---- */

/* It takes mail from several networks. */
bool history_accepts_mail(const struct history *h);
/* A shared address and a mail server have to do more to be reported. */
float judge_threshold_raised(const struct judge *j, const struct history *h,
			     enum detector d);
static inline float judge_threshold(const struct judge *j,
				    const struct history *h, enum detector d)
{
	return h->cold || history_shared(h) > 1 ?
		       judge_threshold_raised(j, h, d) :
		       j->threshold[d];
}
void judge_report(struct judge *j, struct source *s, enum detector d,
		  uint16_t port);
/* Reports a sum that is beyond its threshold. */
void judge_check(struct judge *j, struct source *s, enum detector d,
		 uint16_t port);

/* ---- judge_transport.c ---- */

/* Are its attempts answered, more than now and then? */
bool history_is_open(const struct history *h);
void judge_transport(struct judge *j, struct source *s,
		     const struct observation *a);
void judge_transport_connection(struct judge *j, struct source *s,
				const struct observation *a,
				const struct dialogue *d);
/* Decides which contacts were abandoned, as far as that is due. */
void judge_abandonment(struct judge *j, struct source *s);

/* ---- judge_usage.c ---- */

void judge_submission(struct judge *j, struct source *s,
		      const struct observation *a);
void judge_access(struct judge *j, struct source *s,
		  const struct observation *a);
void judge_logins(struct judge *j, struct source *s,
		  const struct observation *a, const struct dialogue *d);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The sums of evidence, and what one observation adds to them. */
#include "judge_priv.h"

#include <math.h>

struct sum_figures {
	enum watch_figure warmup, normal, spam, threshold;
};

#define SUM_FIGURES(detector, name, finding, spam, module, place, scale,       \
		    shared, warmup, normal, spamming, threshold)               \
	[DETECTOR_##detector] = { WATCH_##warmup, WATCH_##normal,              \
				  WATCH_##spamming, WATCH_##threshold },
static const struct sum_figures sum_figures[DETECTOR_N] = { DETECTORS(
	SUM_FIGURES, DETECTOR_SKIP) };

/*
 * Log likelihood ratios of one observation: of a first contact, the ratio of
 * the rates and of the shares of new groups; of a yes-or-no, that of its
 * probabilities.
 */
static void set_sum_figures(struct judge *j, enum detector d)
{
	const struct sum_figures *of = &sum_figures[d];
	const double *f = j->figures;
	double q0 = f[WATCH_NEW_SHARE_NORMAL], q1 = f[WATCH_NEW_SHARE_SPAM];
	double normal = f[of->normal], spam = f[of->spam];

	j->warmup_s[d] = (uint32_t)f[of->warmup];
	j->threshold[d] = (float)f[of->threshold];
	if (watch_rows[of->normal].unit == WATCH_RATE) {
		j->gain[d] = log(spam / normal) + log(q1 / q0);
		j->loss[d] = 0.5 * log((1 - q1) / (1 - q0));
		j->drift[d] = (float)((spam - normal) / HOUR);
	} else {
		j->gain[d] = log(spam / normal);
		j->loss[d] = log((1 - spam) / (1 - normal));
	}
}

void judge_set_figures(struct judge *j)
{
	for (enum detector d = 0; d < DETECTOR_N; d++)
		if (detector_sums[d] < SUMS)
			set_sum_figures(j, d);
}

float *judge_sum(struct judge *j, struct history *h, enum detector d)
{
	enum sum_place at = detector_sums[d];
	struct cold *r;

	if (at < SUMS_OFTEN)
		return &h->sum[at];
	r = history_cold(&j->sources, h);
	j->nowhere = 0;
	return r ? &r->sum[at - SUMS_OFTEN] : &j->nowhere;
}

/* How much faster sums fall, by the scale of a row. */
struct sum_scale {
	float root, all;
};

#define LOWER_NONE(sum, drift)
#define LOWER_ROOT(sum, drift) sum_lower(sum, (drift)*by.root, passed_s);
#define LOWER_ALL(sum, drift)  sum_lower(sum, (drift)*by.all, passed_s);
#define LOWER_OFTEN_OFTEN(detector, scale)                                     \
	LOWER_##scale(&h->sum[SUM_##detector], j->drift[DETECTOR_##detector])
#define LOWER_OFTEN_COLD(detector, scale)
#define LOWER_COLD_OFTEN(detector, scale)
#define LOWER_COLD_COLD(detector, scale)                                       \
	LOWER_##scale(&h->cold->sum[SUM_##detector - SUMS_OFTEN],              \
		      j->drift[DETECTOR_##detector])
#define LOWER_OFTEN(detector, name, finding, spam, module, place, scale, ...)  \
	LOWER_OFTEN_##place(detector, scale)
#define LOWER_COLD(detector, name, finding, spam, module, place, scale, ...)   \
	LOWER_COLD_##place(detector, scale)

/* Many users behind one address: their rates add up (detection of CGNAT). */
void judge_lower_sums(struct judge *j, struct history *h)
{
	uint32_t passed_s = j->now_s > h->sums_s ? j->now_s - h->sums_s : 0;
	float shared = history_shared(h);
	struct sum_scale by = { shared > 1 ? sqrtf(shared) : 1, shared };

	h->sums_s = j->now_s;
	if (!passed_s)
		return;
	DETECTORS(LOWER_OFTEN, DETECTOR_SKIP)
	if (h->cold) {
		DETECTORS(LOWER_COLD, DETECTOR_SKIP)
	}
}

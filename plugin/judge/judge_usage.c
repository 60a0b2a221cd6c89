/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ports where mail is submitted and read. */
#include "judge_priv.h"

static void count_hour(struct judge *j, struct source *s,
		       const struct observation *a)
{
	struct usage *u = history_usage(&j->sources, s->history);
	uint32_t hour = j->now_s / HOUR, passed;
	double busy =
		j->figures[WATCH_VOLUME_RATE] * history_shared(s->history);

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
		judge_report(j, s, DETECTOR_VOLUME, a->port);
	if (u->busy_hours > 24)
		u->busy_hours = 24;
}

void judge_submission(struct judge *j, struct source *s,
		      const struct observation *a)
{
	struct history *h = s->history;
	struct contact *c = judge_contact(j, s, a, CONTACT_SUBMISSION);

	judge_lower_sums(j, h);
	count_hour(j, s, a);
	if (c && !judge_is_new(j, c)) {
		contact_touch(c, j->now_s);
		return;
	}
	if (judge_first_contact(j, h, c, a, CONTACT_SUBMISSION) &&
	    judge_warm_for(j, DETECTOR_OPERATORS))
		judge_gain(j, s, DETECTOR_OPERATORS, a->port);
}

/* Two windows side by side stand for one that slides. */
void judge_access(struct judge *j, struct source *s,
		  const struct observation *a)
{
	struct usage *u = history_usage(&j->sources, s->history);
	unsigned int i = a->role == PORT_POP3;
	uint32_t window_s = (uint32_t)j->figures[WATCH_STORM_WINDOW] << i;
	uint32_t passed;
	double left;

	if (!u)
		return;
	history_destination(&j->sources, s->history, a->destination);
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
	    j->figures[WATCH_STORM_ATTEMPTS] * history_shared(s->history))
		judge_report(j, s, DETECTOR_STORM, a->port);
}

void judge_logins(struct judge *j, struct source *s,
		  const struct observation *a, const struct dialogue *d)
{
	struct usage *u = history_usage(&j->sources, s->history);
	float *sum = sum_at(j, s->history, DETECTOR_LOGIN);
	uint64_t server = hash_address(&j->key, a->destination->byte);

	if (!u)
		return;
	for (uint8_t i = 0; i < d->auth_failures; i++)
		sum_add(sum, j->gain[DETECTOR_LOGIN]);
	if (d->seen & SEEN_AUTH_OK)
		sum_add(sum, j->loss[DETECTOR_LOGIN]);
	if (!d->auth_failures)
		return;
	if (d->user_hash)
		note_once(u->users, &u->n_users, 5, d->user_hash);
	note_once(u->servers, &u->n_servers, 3, server);
	if (u->n_users >= 5 || u->n_servers >= 3)
		judge_check(j, s, DETECTOR_LOGIN, a->port);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Logins that fail, for several users or at several servers. */
#ifndef MAILWALL_DETECT_LOGIN_H
#define MAILWALL_DETECT_LOGIN_H

#include "judge_priv.h"

static void login_tried(struct judge *j, struct source *s,
			const struct observation *a, const struct dialogue *d)
{
	struct usage *u = history_usage(&j->sources, s->history);
	float *sum = judge_sum(j, s->history, DETECTOR_LOGIN);
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
		usage_note(u->users, &u->n_users, USAGE_USERS, d->user_hash);
	usage_note(u->servers, &u->n_servers, USAGE_SERVERS, server);
	if (u->n_users >= USAGE_USERS || u->n_servers >= USAGE_SERVERS)
		judge_check(j, s, DETECTOR_LOGIN, a->port);
}

static const struct detector_module detect_login = { .login = login_tried };

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "quarantine.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SAY_EVERY_S 60

struct quarantine *quarantine_new(const struct quarantine_ways *ways)
{
	struct quarantine *q = calloc(1, sizeof(*q));

	if (q)
		q->ways = *ways;
	return q;
}

void quarantine_free(struct quarantine *q)
{
	free(q);
}

/* ---- who waits ---- */

static struct quarantine_source *quarantine_find(struct quarantine *q,
						 uint8_t family,
						 const struct addr6 *source)
{
	for (size_t i = 0; i < q->n; i++)
		if (q->items[i].family == family &&
		    !addr6_compare(&q->items[i].source, source))
			return &q->items[i];
	return NULL;
}

static void quarantine_remove(struct quarantine *q, struct quarantine_source *s)
{
	*s = q->items[--q->n];
}

/* Is the turn of a before that of b? */
static bool quarantine_before(const struct quarantine_source *a,
			      const struct quarantine_source *b)
{
	if (a->proven != b->proven)
		return a->proven;
	if (!a->proven && a->syns != b->syns)
		return a->syns > b->syns;
	return a->found_s < b->found_s;
}

/* Makes room: the weakest goes, if it is weaker than the one that comes. */
static bool quarantine_make_room(struct quarantine *q,
				 const struct quarantine_source *comes)
{
	struct quarantine_source *last = &q->items[0];

	if (q->n < QUARANTINE_WAITING_MOST)
		return true;
	for (size_t i = 1; i < q->n; i++)
		if (quarantine_before(last, &q->items[i]))
			last = &q->items[i];
	q->forgotten++;
	if (!quarantine_before(comes, last))
		return false;
	quarantine_remove(q, last);
	return true;
}

void quarantine_add(struct quarantine *q, const struct finding *f,
		    int64_t now_s)
{
	const struct quarantine_source comes = { .family = f->family,
						 .source = f->source,
						 .proven = f->proven,
						 .syns = f->syns,
						 .found_s = now_s,
						 .latest_s = now_s };
	struct quarantine_source *s = quarantine_find(q, f->family, &f->source);

	if (s) {
		s->proven = s->proven || f->proven;
		s->latest_s = now_s;
	} else if (quarantine_make_room(q, &comes)) {
		q->items[q->n++] = comes;
	}
}

/* Learns what an unproven source did meanwhile. True: it is to be forgotten. */
static bool quarantine_renew(struct quarantine *q, struct quarantine_source *s,
			     int64_t now_s)
{
	struct source_view v;

	if (s->proven)
		return false;
	if (q->ways.look(q->ways.ctx, s, &v)) {
		s->proven = v.proven;
		if (v.syns > s->syns)
			s->latest_s = now_s;
		s->syns = v.syns;
	}
	return now_s - s->latest_s >= QUARANTINE_FORGET_S;
}

/* Renews all. How many unproven sources wait. */
static size_t quarantine_renew_all(struct quarantine *q, int64_t now_s)
{
	size_t unproven = 0;

	for (size_t i = q->n; i-- > 0;)
		if (quarantine_renew(q, &q->items[i], now_s)) {
			q->forgotten++;
			quarantine_remove(q, &q->items[i]);
		}
	for (size_t i = 0; i < q->n; i++)
		unproven += !q->items[i].proven;
	return unproven;
}

/* ---- whose turn it is ---- */

static bool quarantine_may_go(const struct quarantine *q,
			      const struct quarantine_source *s,
			      size_t unproven, int64_t now_s)
{
	if (s->proven)
		return true;
	if (now_s - s->found_s < QUARANTINE_SETTLE_S ||
	    q->unproven_in_minute >= QUARANTINE_UNPROVEN_A_MINUTE)
		return false;
	return unproven <= QUARANTINE_CROWD ||
	       s->latest_s - s->found_s >= QUARANTINE_LASTING_S;
}

static struct quarantine_source *quarantine_next(struct quarantine *q,
						 size_t unproven, int64_t now_s)
{
	struct quarantine_source *next = NULL;

	for (size_t i = 0; i < q->n; i++)
		if (quarantine_may_go(q, &q->items[i], unproven, now_s) &&
		    (!next || quarantine_before(&q->items[i], next)))
			next = &q->items[i];
	return next;
}

static const char *quarantine_reason(int error)
{
	switch (error) {
	case -ENOENT:
		return "no policy with that class is loaded";
	case -EBUSY:
		return "too many in one minute";
	case -ENFILE:
	case -ENOSPC:
		return "its set is full";
	case -ETIMEDOUT:
		return "the process that keeps CAP_NET_ADMIN does not answer";
	case -ENOTCONN:
		return "the process that keeps CAP_NET_ADMIN ended";
	}
	return strerror(-error);
}

static void quarantine_tell(struct quarantine *q,
			    const struct quarantine_source *s,
			    const char *before, const char *what,
			    const char *after)
{
	char text[256], source[RANGE_TEXT_MAX];

	addr_print_source(source, s->family, &s->source);
	snprintf(text, sizeof(text), "%s%s %s%s", before, source, what, after);
	q->ways.say(q->ways.ctx, text);
}

/* Says once a minute how many wait, with the reason of one. */
static void quarantine_tell_waiting(struct quarantine *q, const char *reason,
				    int64_t now_s)
{
	char text[256];

	if (q->said_s && now_s - q->said_s < SAY_EVERY_S)
		return;
	q->said_s = now_s;
	snprintf(text, sizeof(text),
		 "%zu source%s to be put into class flagged: %s", q->n,
		 q->n == 1 ? " waits" : "s wait", reason);
	q->ways.say(q->ways.ctx, text);
}

/* Flags one. False: the others have to wait as well. */
static bool quarantine_do(struct quarantine *q, struct quarantine_source *s,
			  int64_t now_s)
{
	enum flag_refusal refusal = FLAG_MAY_BE;
	int error = q->ways.flag(q->ways.ctx, s, &refusal);

	if (!error) {
		q->flagged++;
		q->unproven_in_minute += !s->proven;
		quarantine_tell(q, s, "", "is in class flagged", "");
	} else if (error == -EACCES || error == -EPERM) {
		q->refused++;
		quarantine_tell(q, s, "", "is not put into class flagged: ",
				flag_refusal_text(refusal));
	} else {
		q->retry_s = now_s + (error == -ENFILE || error == -ENOSPC ?
					      QUARANTINE_FULL_RETRY_S :
					      1);
		quarantine_tell_waiting(q, quarantine_reason(error), now_s);
		return false;
	}
	quarantine_remove(q, s);
	return true;
}

void quarantine_run(struct quarantine *q, int64_t now_s)
{
	size_t unproven;
	struct quarantine_source *s;

	if (!q->n)
		return;
	if (now_s / 60 != q->minute) {
		q->minute = now_s / 60;
		q->unproven_in_minute = 0;
	}
	unproven = quarantine_renew_all(q, now_s);
	if (now_s < q->retry_s)
		return;
	for (int i = 0; i < QUARANTINE_A_SECOND &&
			(s = quarantine_next(q, unproven, now_s));
	     i++)
		if (!quarantine_do(q, s, now_s))
			return;
	if (unproven > QUARANTINE_CROWD)
		quarantine_tell_waiting(
			q, "only SYNs tell of them, which anybody can forge",
			now_s);
}

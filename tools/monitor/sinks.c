/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sinks.h"
#include "../program/program.h"
#include "../event/events.h"

void sinks_choose(struct sinks *s, const struct sink *const *table, size_t n,
		  void *ctx)
{
	*s = (struct sinks){ .ctx = ctx };
	for (size_t i = 0; i < n && s->n < SINKS_MOST; i++)
		if (!table[i]->wanted || table[i]->wanted(ctx))
			s->rows[s->n++] = table[i];
}

/* Keeps the first code; a sink that failed gets no more events. */
static void sinks_note(struct sinks *s, size_t i, int code)
{
	s->failed[i] = s->failed[i] || code;
	if (!s->code)
		s->code = code;
}

int sinks_open(struct sinks *s)
{
	for (size_t i = 0; i < s->n && !s->code; i++)
		if (s->rows[i]->open)
			sinks_note(s, i, s->rows[i]->open(s->ctx));
	return s->code;
}

int sinks_start(struct sinks *s)
{
	for (size_t i = 0; i < s->n && !s->code; i++)
		if (s->rows[i]->start)
			sinks_note(s, i, s->rows[i]->start(s->ctx));
	return s->code;
}

bool sinks_want_attempts(const struct sinks *s)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->rows[i]->attempt)
			return true;
	return false;
}

bool sinks_want_early(const struct sinks *s)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->rows[i]->early)
			return true;
	return false;
}

bool sinks_want_outcomes(const struct sinks *s)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->rows[i]->outcome)
			return true;
	return false;
}

void sinks_on_attempt(void *ctx, const struct attempt_event *event)
{
	struct sinks *s = ctx;

	for (size_t i = 0; i < s->n; i++)
		if (s->rows[i]->attempt && !s->failed[i])
			sinks_note(s, i, s->rows[i]->attempt(s->ctx, event));
}

void sinks_on_early(void *ctx, const struct attempt_event *event)
{
	struct sinks *s = ctx;

	for (size_t i = 0; i < s->n; i++)
		if (s->rows[i]->early && !s->failed[i])
			sinks_note(s, i, s->rows[i]->early(s->ctx, event));
}

void sinks_on_outcome(void *ctx, const struct attempt_event *event)
{
	struct sinks *s = ctx;

	for (size_t i = 0; i < s->n; i++)
		if (s->rows[i]->outcome && !s->failed[i])
			sinks_note(s, i, s->rows[i]->outcome(s->ctx, event));
}

void sinks_on_finding(void *ctx, const struct finding *finding)
{
	struct sinks *s = ctx;

	for (size_t i = 0; i < s->n; i++)
		if (s->rows[i]->finding && !s->failed[i])
			sinks_note(s, i, s->rows[i]->finding(s->ctx, finding));
}

void sinks_stepped(struct sinks *s, const struct clock_step *step)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->rows[i]->stepped && !s->failed[i])
			sinks_note(s, i, s->rows[i]->stepped(s->ctx, step));
}

void sinks_sight(struct sinks *s, const struct sight_view *view)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->rows[i]->sight && !s->failed[i])
			sinks_note(s, i, s->rows[i]->sight(s->ctx, view));
}

void sinks_tick(struct sinks *s, uint64_t ticks)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->rows[i]->tick)
			s->rows[i]->tick(s->ctx, ticks);
}

int sinks_fd(const struct sinks *s, size_t i)
{
	return s->rows[i]->fd ? s->rows[i]->fd(s->ctx) : -1;
}

void sinks_ready(struct sinks *s, size_t i)
{
	s->rows[i]->ready(s->ctx);
}

void sinks_summary(struct sinks *s, const struct engine_summary *summary,
		   const struct summary_extra *extra)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->rows[i]->summary)
			sinks_note(s, i,
				   s->rows[i]->summary(s->ctx, summary, extra));
}

void sinks_stop(struct sinks *s)
{
	for (size_t i = s->n; i-- > 0;)
		if (s->rows[i]->stop)
			s->rows[i]->stop(s->ctx);
}

int sinks_close(struct sinks *s)
{
	for (size_t i = s->n; i-- > 0;)
		if (s->rows[i]->close)
			sinks_note(s, i, s->rows[i]->close(s->ctx));
	return s->code;
}

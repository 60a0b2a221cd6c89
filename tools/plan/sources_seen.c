/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sources_seen.h"
#include "../apart/store_used.h"
#include "../store/store.h"
#include "../../rules/base/arena.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct seen {
	struct arena *arena;
	const struct effect_query *query;
	bool (*port)(void *ctx, uint16_t port);
	void *ctx;
	struct seen_result *out;
	struct effect_places places;
};

/* Rows of a source stand together, and of these those of a port. */
static struct seen_hit *seen_hit_of(struct seen *s,
				    const struct store_used *used)
{
	struct seen_hit *last =
		s->out->hits.n ? &s->out->hits.items[s->out->hits.n - 1] : NULL;

	if (last && last->port == used->port && last->family == used->family &&
	    !addr6_compare(&last->source, &used->source))
		return last;
	last = arena_push(s->arena, &s->out->hits);
	*last = (struct seen_hit){ .family = used->family,
				   .source = used->source,
				   .port = used->port,
				   .maybe = true,
				   .mail_server = used->mail_server };
	return last;
}

/*
 * An attempt without an answer may have been blocked by rules that log nothing:
 * where the policy before is not known, only an answer tells that it passed.
 */
static void seen_on_used(void *ctx, const struct store_used *used)
{
	struct seen *s = ctx;
	uint64_t passed = s->query->before ? used->attempts : used->answered;
	struct effect_seen seen = { .family = used->family,
				    .source = used->source,
				    .port = used->port,
				    .clause = used->clause };
	struct seen_hit *hit;
	enum effect effect;

	if (!passed || !s->port(s->ctx, used->port))
		return;
	effect = effect_of_seen(s->query, &s->places, &seen);
	if (effect == EFFECT_NONE)
		return;
	hit = seen_hit_of(s, used);
	hit->attempts += passed;
	hit->maybe = hit->maybe && effect == EFFECT_MAYBE;
}

static int seen_compare(const void *a, const void *b)
{
	const struct seen_hit *x = a, *y = b;
	int order = addr6_compare(&x->source, &y->source);

	if (x->attempts != y->attempts)
		return x->attempts > y->attempts ? -1 : 1;
	return order ? order : x->port < y->port ? -1 : x->port > y->port;
}

static void seen_ask(struct seen *s, const char *path)
{
	int64_t now_s = (int64_t)time(NULL);
	struct store_used_end end;
	struct fault f = { 0 };

	effect_find_places(s->arena, s->query, &s->places);
	if (store_used_read(path, now_s - SEEN_HOURS * (int64_t)3600, now_s,
			    seen_on_used, s, &end, &f))
		s->out->unknown =
			arena_strndup(s->arena, f.text, strlen(f.text));
	s->out->bounded = end.left_out;
	s->out->unnamed = end.unnamed;
	if (s->out->hits.n)
		qsort(s->out->hits.items, s->out->hits.n,
		      sizeof(*s->out->hits.items), seen_compare);
}

void seen_read(struct arena *a, const struct effect_query *q,
	       bool (*port)(void *ctx, uint16_t port), void *ctx,
	       struct seen_result *out)
{
	struct seen s = {
		.arena = a, .query = q, .port = port, .ctx = ctx, .out = out
	};
	const char *path = getenv("MAILWALL_STORE");

	*out = (struct seen_result){ 0 };
	if (!path || !*path)
		path = STORE_PATH;
	if (access(path, F_OK))
		out->unknown =
			arena_printf(a, "there is no store \"%s\"", path);
	else
		seen_ask(&s, path);
}

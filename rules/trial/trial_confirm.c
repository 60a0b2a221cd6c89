/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "trial_confirm.h"
#include "../base/arena.h"
#include "trial_names.h"

#include <string.h>

static const struct present_counter *counter_there(const struct present *p,
						   const char *name)
{
	for (size_t i = 0; i < p->counters.n; i++)
		if (!strcmp(p->counters.items[i].name, name))
			return &p->counters.items[i];
	return NULL;
}

static struct change_step *counter_step(const struct change_list *list,
					const char *name)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->items[i].verb == CHANGE_ADD &&
		    list->items[i].object == BATCH_COUNTER &&
		    !strcmp(list->items[i].name, name))
			return &list->items[i];
	return NULL;
}

/* The step before which all rules are gone, and no counter is used. */
static size_t first_addition(const struct change_list *list)
{
	size_t i = 0;

	while (i < list->n &&
	       (list->items[i].object == BATCH_TABLE ||
		list->items[i].verb != CHANGE_ADD) &&
	       list->items[i].object != BATCH_COUNTER)
		i++;
	return i;
}

/* A counter takes figures only when it is made: it goes, and comes again. */
static void counter_anew(struct arena *a, const struct ruleset *rs,
			 const struct counter *counter, uint64_t packets,
			 uint64_t bytes, struct change_list *out)
{
	struct change_step step = { .verb = CHANGE_REMOVE,
				    .object = BATCH_COUNTER,
				    .family = rs->family,
				    .name = counter->name };

	*arena_push(a, out) = step;
	step.verb = CHANGE_ADD;
	step.what = counter;
	step.packets = packets;
	step.bytes = bytes;
	*arena_push(a, out) = step;
}

static void carry_counter(struct arena *a, const struct ruleset *rs,
			  const struct present *p,
			  const struct counter *counter,
			  struct change_list *list, struct change_list *anew)
{
	const struct present_counter *tried = counter_there(
		p, arena_printf(a, TRIAL_PREFIX "%s", counter->name));
	const struct present_counter *before = counter_there(p, counter->name);
	struct change_step *step = counter_step(list, counter->name);

	if (!tried || !tried->packets)
		return;
	if (step) {
		step->packets += tried->packets;
		step->bytes += tried->bytes;
	} else if (before) {
		counter_anew(a, rs, counter, before->packets + tried->packets,
			     before->bytes + tried->bytes, anew);
	}
}

void trial_confirm_list(struct arena *a, const struct ruleset *rs,
			const struct present present[N_FAMILIES],
			const struct known *known, struct change_list *out,
			struct change_summary *summary)
{
	const struct present *p = &present[rs->family];
	struct change_list list = { 0 }, anew = { 0 };
	size_t at;

	change_list_make(a, rs, present, known, &list, summary);
	for (size_t i = 0; i < rs->counters.n; i++)
		carry_counter(a, rs, p, rs->counters.items[i], &list, &anew);
	at = first_addition(&list);
	*out = (struct change_list){ 0 };
	for (size_t i = 0; i < at; i++)
		*arena_push(a, out) = list.items[i];
	for (size_t i = 0; i < anew.n; i++)
		*arena_push(a, out) = anew.items[i];
	for (size_t i = at; i < list.n; i++)
		*arena_push(a, out) = list.items[i];
}

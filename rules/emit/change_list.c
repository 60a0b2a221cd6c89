/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The steps of a transaction as messages, and as words. */
#include "change.h"
#include "emit_netlink.h"

const char *change_verb_name(enum change_verb verb)
{
	static const char *const names[] = {
		[CHANGE_ADD] = "add",
		[CHANGE_REMOVE] = "remove",
		[CHANGE_EMPTY] = "empty",
		[CHANGE_UPDATE] = "update",
	};

	return names[verb];
}

const char *batch_object_name(enum batch_object object)
{
	static const char *const names[] = {
		[BATCH_TABLE] = "table",       [BATCH_COUNTER] = "counter",
		[BATCH_SET] = "set",	       [BATCH_CHAIN] = "chain",
		[BATCH_ELEMENTS] = "elements", [BATCH_RULE] = "rules",
	};

	return names[object];
}

static bool step_puts(const struct change_step *step)
{
	return step->verb == CHANGE_ADD || step->verb == CHANGE_UPDATE;
}

static void emit_table_step(struct batch *b, const struct ruleset *rs,
			    const struct change_step *step)
{
	if (step_puts(step))
		netlink_table(b, rs, step->flags);
	else
		netlink_table_delete(b, step->family);
}

static void emit_counter_step(struct batch *b, const struct ruleset *rs,
			      const struct change_step *step)
{
	if (step_puts(step))
		netlink_counter(b, rs, step->what, step->packets, step->bytes);
	else
		netlink_counter_delete(b, step->family, step->name);
}

static void emit_set_step(struct batch *b, const struct ruleset *rs,
			  const struct change_step *step)
{
	if (step_puts(step))
		netlink_set(b, rs, step->what, step->set_id);
	else
		netlink_set_delete(b, step->family, step->name);
}

static void emit_difference(struct batch *b, const struct change_step *step)
{
	const struct set *set = step->what;
	struct elements e = { .family = step->family,
			      .set = step->name,
			      .interval = set->interval,
			      .remove = step->verb == CHANGE_REMOVE,
			      .timeout_ms = step->timeout_ms,
			      .origin = set->origin };

	if (step->v4.n)
		netlink_ranges4(b, &e, &step->v4);
	if (step->v6.n)
		netlink_ranges6(b, &e, &step->v6);
}

static void emit_elements_step(struct batch *b, const struct ruleset *rs,
			       const struct change_step *step)
{
	const struct set *set = step->what;

	if (step->verb == CHANGE_EMPTY)
		netlink_set_flush(b, step->family, step->name,
				  set ? set->origin : NULL);
	else if (step->v4.n || step->v6.n)
		emit_difference(b, step);
	else
		netlink_elements(b, rs, set);
}

static void emit_chain_step(struct batch *b, const struct ruleset *rs,
			    const struct change_step *step)
{
	if (step_puts(step))
		netlink_chain(b, rs, step->what);
	else
		netlink_chain_delete(b, step->family, step->name);
}

static void emit_rule_step(struct batch *b, const struct ruleset *rs,
			   const struct change_step *step)
{
	if (step_puts(step))
		netlink_rules(b, rs, step->what);
	else
		netlink_rules_flush(b, step->family);
}

void change_list_emit(struct batch *b, const struct ruleset *rs,
		      const struct change_list *list)
{
	static void (*const emit[])(struct batch * b, const struct ruleset *rs,
				    const struct change_step *step) = {
		[BATCH_TABLE] = emit_table_step,
		[BATCH_COUNTER] = emit_counter_step,
		[BATCH_SET] = emit_set_step,
		[BATCH_ELEMENTS] = emit_elements_step,
		[BATCH_CHAIN] = emit_chain_step,
		[BATCH_RULE] = emit_rule_step,
	};

	for (size_t i = 0; i < list->n; i++)
		emit[list->items[i].object](b, rs, &list->items[i]);
	batch_finish(b);
}

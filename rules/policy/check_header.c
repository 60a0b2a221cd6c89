/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The statements that stand before the classes, and the watch block. */
#include "check.h"
#include "../base/arena.h"
#include "../base/units.h"

#include <string.h>

#define POLICY_NAME_BYTES 31
#define LOG_GROUP	  25
#define LOG_SNAPLEN	  256 /* bytes: headers, with options, and a command */
#define LOG_THRESHOLD	  64  /* packets that wait for each other */

static uint32_t header_duration(struct check *c, const struct word *word)
{
	uint32_t seconds = 0;

	if (word->text && !duration_parse(word->text, &seconds))
		diag_error(c->diags, &word->span, "bad-duration",
			   "\"%.40s\" is not a duration", word->text)
			->help = "90s, 30m, 24h, 7d or 2w";
	return seconds;
}

static void check_policy_name(struct check *c)
{
	const struct word *name = &c->decl.name;

	check_identifier(c, name, "policy", POLICY_NAME_BYTES);
	c->policy->name_span = &c->decl.name.span;
	c->policy->name = arena_strndup(c->arena, name->text,
					strnlen(name->text, POLICY_NAME_BYTES));
}

static void check_exempt(struct check *c)
{
	const struct word *word = &c->decl.exempt_most;
	struct policy *p = c->policy;

	p->exempt_most_s = header_duration(c, word);
	p->exempt_place = word->text ? arena_printf(c->arena, "%s:%u",
						    word->span.source->name,
						    word->span.line) :
				       "";
}

static void check_log(struct check *c)
{
	const struct decl_log *log = &c->decl.log;
	struct policy *p = c->policy;

	p->log_group =
		(uint16_t)check_number(c, &log->group, 0, 65535, LOG_GROUP);
	p->log_snaplen = check_number(c, &log->snaplen, 64, 65535, LOG_SNAPLEN);
	p->log_threshold =
		check_number(c, &log->threshold, 1, 1024, LOG_THRESHOLD);
	p->log_rate = check_rate(c, &log->rate, &log->burst);
}

static void check_device(struct check *c, const struct words *devices, size_t i)
{
	const struct word *word = &devices->items[i];

	if (!interface_is_good(word->text, false))
		diag_error(c->diags, &word->span, "bad-interface",
			   "\"%.40s\" is not a device's name", word->text)
			->help = "1 to 15 letters, digits and marks, no "
				 "wildcard: the kernel binds the hook to the "
				 "device";
	for (size_t k = 0; k < i; k++)
		if (!strcmp(devices->items[k].text, word->text))
			diag_error(c->diags, &word->span, "repeated",
				   "device %s is named twice", word->text);
}

static void check_hook(struct check *c)
{
	static const char *const hooks[] = { "forward", "output", "bridge",
					     "ingress" };
	const struct word *hook = &c->decl.hook;
	const struct words *devices = &c->decl.devices;
	int which;

	if (!hook->text && c->said_before)
		return; /* the statement that was meant to say it, maybe */
	if (!hook->text) {
		diag_error(c->diags, &c->decl.name.span, "no-hook",
			   "the policy does not say where it is enforced")
			->help = "write \"hook forward\" for a router, "
				 "\"hook output\" for this host, \"hook "
				 "bridge\" or \"hook ingress eth1\"";
		return;
	}
	which = check_choose(c, hook, hooks, 4, "a hook");
	if (which < 0)
		return;
	c->policy->hook = (enum hook)which;
	if (c->policy->hook == HOOK_INGRESS && !devices->n)
		diag_error(c->diags, &hook->span, "no-device",
			   "hook ingress needs the name of a device")
			->help = "write \"hook ingress eth1\"";
	if (c->policy->hook != HOOK_INGRESS && devices->n)
		diag_error(c->diags, &devices->items[0].span, "unexpected",
			   "only hook ingress names devices")
			->help =
			"leave the device out; an interface stands in a "
			"class: class NAME { interface \"eth0\" }";
	for (size_t i = 0; i < devices->n; i++)
		check_device(c, devices, i);
	c->policy->devices = *devices;
}

static void refuse_figure(struct check *c, const struct watch_row *row,
			  const struct word *word)
{
	char least[WATCH_TEXT_BYTES], most[WATCH_TEXT_BYTES];

	watch_print(row, row->least, least);
	watch_print(row, row->most, most);
	diag_error(c->diags, &word->span, "bad-watch",
		   "\"%.40s\" will not do for %s", word->text, row->name)
		->help = arena_printf(c->arena, "%s, from %s to %s",
				      watch_wanted(row), least, most);
}

static void check_order(struct check *c, const struct watch_order *order)
{
	const struct watch_row *less = &watch_rows[order->less];
	const struct watch_row *more = &watch_rows[order->more];
	const struct word *words = c->decl.watch.figures;
	const struct word *said = words[order->more].text ?
					  &words[order->more] :
					  &words[order->less];
	char text[WATCH_TEXT_BYTES];

	if (!said->text ||
	    c->policy->watch[order->less] < c->policy->watch[order->more])
		return;
	watch_print(less, c->policy->watch[order->less], text);
	diag_error(c->diags, &said->span, "watch-order",
		   "%s has to be more than %s, which is %s", more->name,
		   less->name, text)
		->help = "the monitor tells spam from others by the difference";
}

static void check_watch(struct check *c)
{
	for (size_t i = 0; i < WATCH_FIGURES; i++) {
		const struct word *word = &c->decl.watch.figures[i];
		const struct watch_row *row = &watch_rows[i];
		double *out = &c->policy->watch[i];

		*out = row->value;
		if (word->text && !watch_parse(row, word->text, out)) {
			refuse_figure(c, row, word);
			*out = row->value;
		}
	}
	for (size_t i = 0; i < n_watch_orders; i++)
		check_order(c, &watch_orders[i]);
}

static void check_encapsulated(struct check *c)
{
	static const char *const fates[] = { "pass", "drop" };
	const struct word *word = &c->decl.encapsulated;

	if (!word->text)
		return;
	c->policy->drop_encapsulated =
		check_choose(c, word, fates, 2,
			     "what becomes of encapsulated frames") == 1;
	if (c->policy->hook != HOOK_BRIDGE && c->policy->hook != HOOK_INGRESS)
		diag_error(c->diags, &word->span, "unexpected",
			   "only hooks bridge and ingress see frames")
			->help = "leave \"encapsulated\" out: what comes to "
				 "this hook is IP";
}

void check_header(struct check *c)
{
	static const char *const modes[] = { "enforce", "observe" };
	static const char *const keeps[] = { "keep", "forget" };
	struct policy *p = c->policy;
	int32_t day;

	check_policy_name(c);
	p->purpose = c->decl.purpose.text;
	p->contact = c->decl.contact.text;
	p->review = c->decl.review.text;
	if (p->review && !date_parse(p->review, &day))
		diag_error(c->diags, &c->decl.review.span, "bad-date",
			   "\"%.40s\" is not a date", p->review)
			->help = "year-month-day, like 2027-06-30";
	if (c->decl.mode.text)
		p->observe =
			check_choose(c, &c->decl.mode, modes, 2, "a mode") == 1;
	check_hook(c);
	check_encapsulated(c);
	check_log(c);
	check_exempt(c);
	p->quarantine_s = header_duration(c, &c->decl.watch.quarantine);
	if (c->decl.watch.destinations.text)
		p->keep_destinations =
			check_choose(c, &c->decl.watch.destinations, keeps, 2,
				     "what becomes of destinations") == 0;
	check_watch(c);
}

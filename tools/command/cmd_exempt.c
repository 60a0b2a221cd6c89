/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Members of a dynamic class come and go while the policy stays loaded. */
#include "commands.h"
#include "../kernel/members.h"
#include "../kernel/kernel_error.h"
#include "../kernel/applied.h"
#include "../../rules/base/arena.h"
#include "../../rules/emit/emit_netlink.h"
#include "../../rules/base/units.h"
#include "../program/json.h"
#include "../program/message.h"
#include "../option/options.h"
#include "../program/program.h"

#include <stdio.h>
#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <stdlib.h>
#include <string.h>

#define TRIES_MOST 20

struct exempt {
	struct program *program;
	const char *class;
	uint64_t timeout_ms;
	int argc;
	char **argv;
	struct netlink netlink;
	struct reading reading;
	int family;		   /* the table's */
	struct members now4, now6; /* with the changes of this call */
	struct diags diags;
};

/* ---- addresses ---- */

static struct range6 widen(const struct addr_range *r)
{
	struct range6 out = { 0 };

	if (r->family == 6)
		return r->v6;
	addr4_store(&out.first, r->v4.first);
	addr4_store(&out.last, r->v4.last);
	return out;
}

static struct range4 narrow(const struct range6 *r)
{
	return (struct range4){ addr4_load(&r->first), addr4_load(&r->last) };
}

static void print_member(const struct member *m, char *out)
{
	struct range4 r4;

	if (m->family == 6) {
		range6_print(out, &m->range);
		return;
	}
	r4 = narrow(&m->range);
	range4_print(out, &r4);
}

static bool holds(const struct range6 *outer, const struct range6 *inner)
{
	return addr6_compare(&outer->first, &inner->first) <= 0 &&
	       addr6_compare(&inner->last, &outer->last) <= 0;
}

static bool meets(const struct range6 *a, const struct range6 *b)
{
	return addr6_compare(&a->first, &b->last) <= 0 &&
	       addr6_compare(&b->first, &a->last) <= 0;
}

/* ---- the sets of the class ---- */

static const char *exempt_set_name(struct exempt *e, int family)
{
	return arena_printf(e->program->arena, "%s.v%d", e->class, family);
}

static const struct present_set *exempt_find_set(struct exempt *e, int family)
{
	const struct present *p = &e->reading.tables[e->family];
	const char *name = exempt_set_name(e, family);

	for (size_t i = 0; i < p->sets.n; i++)
		if (!strcmp(p->sets.items[i].name, name) &&
		    members_are_in(&p->sets.items[i]))
			return &p->sets.items[i];
	return NULL;
}

static const char *dynamic_classes(struct exempt *e)
{
	const struct present *p = &e->reading.tables[e->family];
	const char *out = "";

	for (size_t i = 0; i < p->sets.n; i++) {
		const struct present_set *s = &p->sets.items[i];
		const char *dot = strstr(s->name, ".v4");

		if (dot && !dot[3] && members_are_in(s))
			out = arena_printf(e->program->arena, "%s%s%.*s", out,
					   *out ? ", " : "",
					   (int)(dot - s->name), s->name);
	}
	return out;
}

static int exempt_read_members(struct exempt *e, int family,
			       struct members *out)
{
	return members_read(&e->netlink, e->program->arena,
			    (enum family)e->family, exempt_set_name(e, family),
			    family, out);
}

/* ---- one address ---- */

static struct diag *wrong(struct exempt *e, const char *code, const char *text)
{
	return diag_error(&e->diags, NULL, code, "%s", text);
}

static void put_member(struct exempt *e, struct batch *b,
		       const struct member *m, bool remove)
{
	struct elements to = {
		.family = (enum family)e->family,
		.set = exempt_set_name(e, m->family),
		.interval = true,
		.remove = remove,
		.timeout_ms = remove ? 0 : e->timeout_ms,
	};
	struct range6 r6 = m->range;
	struct range4 r4 = narrow(&r6);

	if (m->family == 4)
		netlink_ranges4(b, &to, &(struct ranges4){ &r4, 1, 1 });
	else
		netlink_ranges6(b, &to, &(struct ranges6){ &r6, 1, 1 });
}

static void drop(struct members *members, size_t i)
{
	members->items[i] = members->items[--members->n];
}

/* Smaller members inside the new one make room for it. */
static void exempt_add(struct exempt *e, struct batch *b,
		       const struct member *new, struct members *now)
{
	char text[RANGE_TEXT_MAX], other[RANGE_TEXT_MAX];

	print_member(new, text);
	for (size_t i = now->n; i-- > 0;) {
		const struct member *m = &now->items[i];

		if (!meets(&m->range, &new->range))
			continue;
		print_member(m, other);
		if (!holds(&new->range, &m->range)) {
			diag_error(&e->diags, NULL, "overlap",
				   holds(&m->range, &new->range) ?
					   "%s lies in %s, which is a member" :
					   "%s overlaps %s, which is a member",
				   text, other)
				->help = "remove that first";
			return;
		}
		put_member(e, b, m, true);
		drop(now, i);
	}
	put_member(e, b, new, false);
	*arena_push(e->program->arena, now) = *new;
}

static void take_away(struct exempt *e, struct batch *b,
		      const struct member *gone, struct members *now)
{
	char text[RANGE_TEXT_MAX], other[RANGE_TEXT_MAX];

	print_member(gone, text);
	for (size_t i = 0; i < now->n; i++) {
		const struct member *m = &now->items[i];

		if (holds(&gone->range, &m->range) &&
		    holds(&m->range, &gone->range)) {
			put_member(e, b, m, true);
			drop(now, i);
			return;
		}
		if (holds(&m->range, &gone->range)) {
			print_member(m, other);
			diag_error(&e->diags, NULL, "not-a-member",
				   "%s is a part of %s", text, other)
				->help = "remove the whole, then add the rest";
			return;
		}
	}
	diag_error(&e->diags, NULL, "not-a-member", "%s is not a member", text);
}

static void change_one(struct exempt *e, struct batch *b, const char *arg,
		       bool adds)
{
	struct addr_range r;
	enum addr_error bad = range_parse(arg, strlen(arg), &r);
	char network[RANGE_TEXT_MAX];
	struct member m = { 0 };
	struct members *now;

	if (bad) {
		diag_error(&e->diags, NULL, "bad-address", "\"%.60s\" %s", arg,
			   addr_error_text(bad));
		return;
	}
	m.family = r.family;
	m.range = widen(&r);
	if (r.host_bits) {
		print_member(&m, network);
		diag_error(&e->diags, NULL, "host-bits",
			   "\"%.60s\" has host bits set", arg)
			->help = arena_printf(e->program->arena,
					      "write \"%s\" for all of it, or "
					      "the address without its length",
					      network);
		return;
	}
	now = r.family == 4 ? &e->now4 : &e->now6;
	if (adds)
		exempt_add(e, b, &m, now);
	else
		take_away(e, b, &m, now);
}

static int change_once(struct exempt *e, bool adds)
{
	struct kernel_errors errors = { 0 };
	struct batch *b = batch_new(e->reading.generation);
	int error = b ? 0 : -ENOMEM;

	if (!error)
		error = exempt_read_members(e, 4, &e->now4);
	if (!error)
		error = exempt_read_members(e, 6, &e->now6);
	for (int i = 0; i < e->argc && !error; i++)
		change_one(e, b, e->argv[i], adds);
	if (!error && !e->diags.errors) {
		batch_finish(b);
		error = batch_error(b);
		if (!error)
			error = transaction_commit(&e->netlink, b, &errors);
	}
	if (error)
		kernel_error_diags(&e->diags, &errors, error);
	batch_free(b);
	return error;
}

/* ---- listing ---- */

static json_t *member_json(const struct member *m)
{
	char text[RANGE_TEXT_MAX];

	print_member(m, text);
	return json_pack(
		"{s:s, s:o}", "member", text, "expires_s",
		m->expires_ms ? json_integer((json_int_t)m->expires_ms / 1000) :
				json_null());
}

static int exempt_list(struct exempt *e)
{
	json_t *all = json_array();
	char text[RANGE_TEXT_MAX];
	struct members members;
	int error;

	for (int family = 4; family <= 6; family += 2) {
		error = exempt_read_members(e, family, &members);
		if (error)
			return error;
		for (size_t i = 0; i < members.n; i++) {
			const struct member *m = &members.items[i];

			json_array_append_new(all, member_json(m));
			if (e->program->json)
				continue;
			print_member(m, text);
			if (m->expires_ms)
				printf("%-44s %llus left\n", text,
				       (unsigned long long)m->expires_ms /
					       1000);
			else
				printf("%-44s stays\n", text);
		}
	}
	if (e->program->json)
		return print_json(json_pack("{s:b, s:s, s:o}", "ok", 1, "class",
					    e->class, "members", all)) ?
			       -EIO :
			       0;
	json_decref(all);
	return 0;
}

/* ---- the command ---- */

static int with_class(struct exempt *e, const char *verb)
{
	if (e->family < 0) {
		wrong(e, "not-loaded", "no policy is loaded")->help =
			"mailwall apply FILE";
		return 0;
	}
	if (!exempt_find_set(e, 4) || !exempt_find_set(e, 6)) {
		const char *others = dynamic_classes(e);

		diag_error(&e->diags, NULL, "no-class",
			   "the loaded policy asks no dynamic class \"%.60s\"",
			   e->class)
			->help = *others ? arena_printf(e->program->arena,
							"it has: %s", others) :
					   "declare \"class exempt dynamic\" "
					   "and use it in a clause";
		return 0;
	}
	if (!strcmp(verb, "list"))
		return exempt_list(e);
	return change_once(e, !strcmp(verb, "add"));
}

static int attempt(struct exempt *e, const char *verb)
{
	int error;

	e->diags.n = e->diags.errors = 0;
	error = kernel_read(&e->netlink, e->program->arena, &e->reading);
	if (error) {
		kernel_error_diags(&e->diags, &(struct kernel_errors){ 0 },
				   error);
		return error;
	}
	e->family = reading_family(&e->reading);
	return with_class(e, verb);
}

static int exempt_finish(struct exempt *e, const char *verb, int error)
{
	int code = error ? EXIT_REFUSED : e->diags.errors ? EXIT_NO : EXIT_DONE;
	int printed;

	if (e->program->json && (code || strcmp(verb, "list"))) {
		printed = print_json(json_pack("{s:b, s:s, s:o}", "ok", !code,
					       "class", e->class, "diagnostics",
					       diags_json(&e->diags)));
		return printed ? printed : code;
	}
	message_diags(&e->diags, e->program->quiet);
	return code;
}

static int exempt_open_and_run(struct exempt *e, const char *verb)
{
	int error = netlink_open(&e->netlink);

	if (error) {
		kernel_error_diags(&e->diags, &(struct kernel_errors){ 0 },
				   error);
		return exempt_finish(e, verb, error);
	}
	error = -ERESTART;
	for (int i = 0; i < TRIES_MOST && transaction_try_again(error); i++)
		error = attempt(e, verb);
	netlink_close(&e->netlink);
	return exempt_finish(e, verb, error);
}

struct exempt_options {
	const char *class;
	uint32_t for_s;
};

static int exempt_run(struct program *p, const void *options, int argc,
		      char **argv)
{
	const struct exempt_options *o = options;
	struct exempt e = { .program = p,
			    .class = o->class,
			    .timeout_ms = (uint64_t)o->for_s * 1000,
			    .argc = argc - 1,
			    .argv = argv + 1,
			    .diags.arena = p->arena };
	const char *verb = argv[0];
	bool lists = !strcmp(verb, "list");

	if (!lists && strcmp(verb, "add") && strcmp(verb, "remove"))
		return usage_error(p, "\"%.40s\" is not add, remove or list",
				   verb);
	if (lists == !!e.argc)
		return usage_error(p, lists ? "list takes no address" :
					      "which address?");
	if (o->for_s && strcmp(verb, "add"))
		return usage_error(p, "only add takes --for");
	return exempt_open_and_run(&e, verb);
}

static const struct option_row exempt_rows[] = {
	{ .name = "class",
	  .letter = 'c',
	  .type = OPTION_TEXT,
	  .place = offsetof(struct exempt_options, class),
	  .value = "CLASS",
	  .hints = "exempt flagged",
	  .help = "the dynamic class to change; exempt if not given" },
	{ .name = "for",
	  .was = 'f',
	  .type = OPTION_DURATION,
	  .place = offsetof(struct exempt_options, for_s),
	  .value = "DURATION",
	  .hints = "1h 24h 7d 30d",
	  .help = "add for this long, not until it is removed" },
	{ OPTION_ROW_JSON },
	{ 0 }
};

static const struct exempt_options exempt_defaults = { .class = "exempt" };

const struct command command_exempt = {
	.name = "exempt",
	.summary = "change a dynamic class",
	.group = GROUP_KERNEL,
	.operands = { "add|remove|list [ADDRESS]...", OPTION_CHOICE, 1, 0,
		      "add, remove or list?", "add remove list" },
	.options = exempt_rows,
	.options_bytes = sizeof(struct exempt_options),
	.defaults = &exempt_defaults,
	.run = exempt_run,
};

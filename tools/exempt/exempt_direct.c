/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "exempt_direct.h"
#include "../book/cover.h"
#include "exempt_time.h"
#include "../option/options.h"
#include "../kernel/kernel_error.h"
#include "../kernel/members.h"
#include "../kernel/transaction.h"
#include "../route/guard_client.h"
#include "../../rules/base/arena.h"
#include "../../rules/emit/emit_netlink.h"
#include "../program/json.h"
#include "../program/message.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define TRIES_MOST 20

struct direct {
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

static struct range4 direct_narrow(const struct range6 *r)
{
	return (struct range4){ addr4_load(&r->first), addr4_load(&r->last) };
}

static void direct_print(const struct member *m, char *out)
{
	struct range4 r4;

	if (m->family == 6) {
		range6_print(out, &m->range);
		return;
	}
	r4 = direct_narrow(&m->range);
	range4_print(out, &r4);
}

/* ---- the sets of the class ---- */

static const char *direct_set_name(struct direct *e, int family)
{
	return arena_printf(e->program->arena, "%s.v%d", e->class, family);
}

static const struct present_set *direct_find_set(struct direct *e, int family)
{
	const struct present *p = &e->reading.tables[e->family];
	const char *name = direct_set_name(e, family);

	for (size_t i = 0; i < p->sets.n; i++)
		if (!strcmp(p->sets.items[i].name, name) &&
		    members_are_in(&p->sets.items[i]))
			return &p->sets.items[i];
	return NULL;
}

static const char *direct_classes(struct direct *e)
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

static int direct_read_members(struct direct *e, int family,
			       struct members *out)
{
	return members_read(&e->netlink, e->program->arena,
			    (enum family)e->family, direct_set_name(e, family),
			    family, out);
}

/* ---- one address ---- */

static struct diag *direct_wrong(struct direct *e, const char *code,
				 const char *text)
{
	return diag_error(&e->diags, NULL, code, "%s", text);
}

static void direct_put(struct direct *e, struct batch *b,
		       const struct member *m, bool remove)
{
	struct elements to = {
		.family = (enum family)e->family,
		.set = direct_set_name(e, m->family),
		.interval = true,
		.remove = remove,
		.timeout_ms = remove ? 0 : e->timeout_ms,
	};
	struct range6 r6 = m->range;
	struct range4 r4 = direct_narrow(&r6);

	if (m->family == 4)
		netlink_ranges4(b, &to, &(struct ranges4){ &r4, 1, 1 });
	else
		netlink_ranges6(b, &to, &(struct ranges6){ &r6, 1, 1 });
}

static void direct_drop(struct members *members, size_t i)
{
	members->items[i] = members->items[--members->n];
}

/* Smaller members inside the new one make room for it. */
static void direct_add(struct direct *e, struct batch *b,
		       const struct member *new, struct members *now)
{
	char text[RANGE_TEXT_MAX], other[RANGE_TEXT_MAX];

	direct_print(new, text);
	for (size_t i = now->n; i-- > 0;) {
		const struct member *m = &now->items[i];

		if (!cover_meets(&m->range, &new->range))
			continue;
		direct_print(m, other);
		if (!cover_holds(&new->range, &m->range)) {
			diag_error(&e->diags, NULL, "overlap",
				   cover_holds(&m->range, &new->range) ?
					   "%s lies in %s, which is a member" :
					   "%s overlaps %s, which is a member",
				   text, other)
				->help = "remove that first";
			return;
		}
		direct_put(e, b, m, true);
		direct_drop(now, i);
	}
	direct_put(e, b, new, false);
	*arena_push(e->program->arena, now) = *new;
}

static void direct_remove(struct direct *e, struct batch *b,
			  const struct member *gone, struct members *now)
{
	char text[RANGE_TEXT_MAX], other[RANGE_TEXT_MAX];

	direct_print(gone, text);
	for (size_t i = 0; i < now->n; i++) {
		const struct member *m = &now->items[i];

		if (cover_holds(&gone->range, &m->range) &&
		    cover_holds(&m->range, &gone->range)) {
			direct_put(e, b, m, true);
			direct_drop(now, i);
			return;
		}
		if (cover_holds(&m->range, &gone->range)) {
			direct_print(m, other);
			diag_error(&e->diags, NULL, "not-a-member",
				   "%s is a part of %s", text, other)
				->help = "remove the whole, then add the rest";
			return;
		}
	}
	diag_error(&e->diags, NULL, "not-a-member", "%s is not a member", text);
}

static void direct_change_one(struct direct *e, struct batch *b,
			      const char *arg, bool adds)
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
	m.range = exempt_range(&r);
	if (r.host_bits) {
		direct_print(&m, network);
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
		direct_add(e, b, &m, now);
	else
		direct_remove(e, b, &m, now);
}

static int direct_change(struct direct *e, bool adds)
{
	struct kernel_errors errors = { 0 };
	struct batch *b = batch_new(e->reading.generation);
	int error = b ? 0 : -ENOMEM;

	if (!error)
		error = direct_read_members(e, 4, &e->now4);
	if (!error)
		error = direct_read_members(e, 6, &e->now6);
	for (int i = 0; i < e->argc && !error; i++)
		direct_change_one(e, b, e->argv[i], adds);
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

static json_t *direct_json(const struct member *m)
{
	char text[RANGE_TEXT_MAX];

	direct_print(m, text);
	return json_pack(
		"{s:s, s:o}", "member", text, "expires_s",
		m->expires_ms ? json_integer((json_int_t)m->expires_ms / 1000) :
				json_null());
}

static const char *direct_left(struct direct *e, const struct member *m)
{
	int64_t now_s = (int64_t)time(NULL);

	return exempt_left_text(e->program->arena,
				m->expires_ms ?
					now_s + (int64_t)m->expires_ms / 1000 :
					EXEMPT_STAYS,
				now_s);
}

static int direct_list(struct direct *e)
{
	json_t *all = json_array();
	char text[RANGE_TEXT_MAX];
	struct members members;
	int error;

	for (int family = 4; family <= 6; family += 2) {
		error = direct_read_members(e, family, &members);
		if (error)
			return error;
		for (size_t i = 0; i < members.n; i++) {
			const struct member *m = &members.items[i];

			json_array_append_new(all, direct_json(m));
			if (e->program->json)
				continue;
			direct_print(m, text);
			printf("%-44s %s\n", text, direct_left(e, m));
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

static int direct_with_class(struct direct *e, const char *verb)
{
	if (e->family < 0) {
		direct_wrong(e, "not-loaded", "no policy is loaded")->help =
			"mailwall apply FILE";
		return 0;
	}
	if (!direct_find_set(e, 4) || !direct_find_set(e, 6)) {
		const char *others = direct_classes(e);

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
		return direct_list(e);
	return direct_change(e, !strcmp(verb, "add"));
}

static int direct_attempt(struct direct *e, const char *verb)
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
	return direct_with_class(e, verb);
}

static int direct_finish(struct direct *e, const char *verb, int error)
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

static int direct_open_and_run(struct direct *e, const char *verb)
{
	struct guard_link link = { .fd = -1 };
	int error = netlink_open(&e->netlink);

	if (!error)
		error = guard_connect(&link, e->program->run_dir, &e->netlink);
	if (error) {
		kernel_error_diags(&e->diags, &(struct kernel_errors){ 0 },
				   error);
		return direct_finish(e, verb, error);
	}
	error = -ERESTART;
	for (int i = 0; i < TRIES_MOST && transaction_try_again(error); i++)
		error = direct_attempt(e, verb);
	guard_disconnect(&link);
	netlink_close(&e->netlink);
	return direct_finish(e, verb, error);
}

int exempt_direct(struct program *p, const char *class, const char *verb,
		  uint32_t for_s, int argc, char **argv)
{
	struct direct e = { .program = p,
			    .class = class,
			    .timeout_ms = (uint64_t)for_s * 1000,
			    .argc = argc,
			    .argv = argv,
			    .diags.arena = p->arena };

	return direct_open_and_run(&e, verb);
}

/* ---- the command, where that is all there is ---- */

static bool direct_takes(const struct exempt_options *o, bool adds)
{
	return !o->ticket && !o->reason && !o->contact && !o->requested_by &&
	       !o->approved_by && !o->until && !o->names && !o->expiring_s &&
	       !o->all && !o->replace && (adds || !o->for_s);
}

int exempt_small_run(struct program *p, const void *options, int argc,
		     char **argv)
{
	const struct exempt_options *o = options;
	const char *class = o->class ? o->class : EXEMPT_CLASS;
	const char *verb = strcmp(argv[0], "revoke") ? argv[0] : "remove";
	bool lists = !strcmp(verb, "list"), adds = !strcmp(verb, "add");

	if (!lists && !adds && strcmp(verb, "remove"))
		return usage_error(p,
				   "class %.60s has no book: it takes add, "
				   "remove and list, not \"%.40s\"",
				   class, argv[0]);
	if (lists == (argc > 1))
		return usage_error(p, lists ? "list takes no address" :
					      "which address?");
	if (!direct_takes(o, adds))
		return usage_error(p,
				   "class %.60s has no book: add takes --for, "
				   "and no other option is known to it",
				   class);
	return exempt_direct(p, class, verb, o->for_s, argc - 1, argv + 1);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command: its verb, and whether that takes what was given. */
#include "exempt_run.h"
#include "../../rules/base/arena.h"
#include "../option/options.h"

#include <string.h>

/* ---- verbs ---- */

#define SAID " ticket reason contact requested-by approved-by "

static const struct exempt_verb exempt_verbs[] = {
	{ "add", exempt_run_add, "which address?", false, 0, true,
	  SAID " for until names both " },
	{ "renew", exempt_run_renew, "which address?", false, 0, true,
	  SAID " for until names both " },
	{ "revoke", exempt_run_revoke, "which address?", false, 0, true,
	  " ticket reason names both " },
	{ "remove", exempt_run_revoke, "which address?", false, 0, true,
	  " ticket reason names both " },
	{ "list", exempt_run_list, NULL, false, 0, false, " expiring all " },
	{ "audit", exempt_run_audit, NULL, true, 1, false, " " },
	{ "import", exempt_run_import, "which table?", false, 1, true,
	  " replace shrink " },
	{ "export", exempt_run_export, NULL, false, 0, false, " all " },
	{ "sync", exempt_run_sync, NULL, false, 0, true, " " },
};

static const struct exempt_verb *exempt_verb(const char *name)
{
	for (size_t i = 0; i < sizeof(exempt_verbs) / sizeof(*exempt_verbs);
	     i++)
		if (!strcmp(exempt_verbs[i].name, name))
			return &exempt_verbs[i];
	return NULL;
}

static const char *exempt_verb_names(struct arena *a)
{
	const char *out = "";

	for (size_t i = 0; i < sizeof(exempt_verbs) / sizeof(*exempt_verbs);
	     i++)
		out = arena_printf(a, "%s%s%s", out, i ? ", " : "",
				   exempt_verbs[i].name);
	return out;
}

/* ---- options ---- */

/* Is the option given that a verb may not take? */
static bool exempt_has(const struct exempt_options *o, const char *name)
{
	const struct {
		const char *name;
		bool given;
	} all[] = {
		{ "for", o->for_s },
		{ "until", o->until },
		{ "ticket", o->ticket },
		{ "reason", o->reason },
		{ "contact", o->contact },
		{ "requested-by", o->requested_by },
		{ "approved-by", o->approved_by },
		{ "names", o->names },
		{ "both", o->both },
		{ "expiring", o->expiring_s },
		{ "all", o->all },
		{ "replace", o->replace },
		{ "shrink", o->shrink },
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		if (!strcmp(all[i].name, name))
			return all[i].given;
	return false;
}

static const char *const exempt_option_names[] = {
	"for",		"until",       "ticket", "reason", "contact",
	"requested-by", "approved-by", "names",	 "both",   "expiring",
	"all",		"replace",     "shrink",
};

static bool exempt_verb_takes(struct program *p, const struct exempt_verb *verb,
			      const char *option)
{
	return strstr(verb->options, arena_printf(p->arena, " %s ", option));
}

static int exempt_check_options(struct program *p,
				const struct exempt_verb *verb,
				const struct exempt_options *o)
{
	for (size_t i = 0;
	     i < sizeof(exempt_option_names) / sizeof(*exempt_option_names);
	     i++) {
		const char *name = exempt_option_names[i];

		if (exempt_has(o, name) && !exempt_verb_takes(p, verb, name))
			return usage_error(p, "%s does not take --%s",
					   verb->name, name);
	}
	return 0;
}

static int exempt_check_operands(struct program *p,
				 const struct exempt_verb *verb, int n)
{
	if (verb->missing && !n)
		return usage_error(p, "%s", verb->missing);
	if (!verb->missing && !verb->any && n)
		return usage_error(p, "%s takes no address", verb->name);
	if (verb->most && n > verb->most)
		return usage_error(p, "%s takes one, not %d", verb->name, n);
	return 0;
}

int exempt_run(struct program *p, const void *options, int argc, char **argv)
{
	struct exempt_call call = { .program = p,
				    .options = options,
				    .lock = -1 };
	const struct exempt_options *o = options;
	const struct exempt_verb *verb = exempt_verb(argv[0]);
	int code;

	if (!verb)
		return usage_error(p, "\"%.40s\" is not one of %s", argv[0],
				   exempt_verb_names(p->arena));
	if (o->class && !strcmp(o->class, EXEMPT_NOT_OURS))
		return exempt_small_run(p, options, argc, argv);
	code = exempt_check_operands(p, verb, argc - 1);
	if (!code)
		code = exempt_check_options(p, verb, o);
	if (code)
		return code;
	call.changes = verb->changes;
	return verb->run(&call, argc - 1, argv + 1);
}

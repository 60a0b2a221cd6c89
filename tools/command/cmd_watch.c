/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The monitor, live: its arguments, and the table of its sinks. */
#include "../../rules/base/units.h"
#include "../monitor/watch.h"
#include "../monitor/watch_sinks.h"
#include "../program/size.h"
#include "commands.h"
#include "store_sinks.h"

#define SUMMARY_EVERY_S 60

/* In the order in which an event reaches them. */
static const struct sink *const sinks[] = {
#ifndef SMALL
	&watch_sink_store,   &watch_sink_pages,
#endif
	&watch_sink_state,   &watch_sink_attempts, &watch_sink_journal,
	&watch_sink_json,    &watch_sink_screen,   &watch_sink_text,
	&watch_sink_flagged, &watch_sink_systemd,
};
#define SINKS (sizeof(sinks) / sizeof(sinks[0]))

/* Values of options that are numbers, as they were written. */
struct watch_texts {
	const char *memory, *every, *keep, *most;
};

static int watch_read_bounds(struct watch *w, const struct watch_texts *t)
{
	uint32_t keep_s = 0;
	size_t most = 0;
	int code;

	if ((t->keep || t->most) && !w->store_path)
		return usage_error(w->program,
				   "--keep and --max are of a --store");
	if (t->keep && !duration_parse(t->keep, &keep_s))
		return usage_error(w->program,
				   "--keep takes a duration like 90d, not "
				   "\"%.40s\"",
				   t->keep);
	code = t->most ? size_read(w->program, "--max", t->most, &most) :
			 EXIT_DONE;
	w->keep_s = keep_s;
	w->most_bytes = most;
	return code;
}

static int watch_read_groups(struct watch *w)
{
	uint32_t group;

	for (size_t i = 0; i < w->groups.n; i++)
		if (!number_parse(w->groups.items[i], 0, 65535, &group))
			return usage_error(w->program,
					   "--group takes a number up to "
					   "65535, not \"%.40s\"",
					   w->groups.items[i]);
	return EXIT_DONE;
}

static int watch_read_numbers(struct watch *w, const struct watch_texts *t)
{
	int code;

	w->every_s = SUMMARY_EVERY_S;
	if (t->every && !duration_parse(t->every, &w->every_s))
		return usage_error(w->program,
				   "--every takes a duration like 60s, not "
				   "\"%.40s\"",
				   t->every);
	if (w->interfaces.n + w->groups.n > WATCH_INPUTS_MOST)
		return usage_error(w->program, "at most %d inputs",
				   WATCH_INPUTS_MOST);
	code = watch_read_groups(w);
	if (!code)
		code = watch_read_bounds(w, t);
	return code ? code :
		      size_read_memory(w->program, t->memory, &w->memory);
}

int cmd_watch(struct program *p, int argc, char **argv)
{
	struct watch w = { .program = p };
	struct watch_texts t = { 0 };
	const struct option_row rows[] = {
		{ "interface", 'i', NULL, NULL, &w.interfaces },
		{ "group", 'g', NULL, NULL, &w.groups },
		{ "policy", 'p', NULL, &w.policy_path, NULL },
		{ "user", 'u', NULL, &w.user, NULL },
		{ "state", 's', NULL, &w.state_path, NULL },
		{ "store", 'S', NULL, &w.store_path, NULL },
		{ "keep", 'k', NULL, &t.keep, NULL },
		{ "max", 'M', NULL, &t.most, NULL },
		{ "http", 'H', NULL, &w.listen, NULL },
		{ "http-remote", 0, &w.listen_remote, NULL, NULL },
		{ "every", 'e', NULL, &t.every, NULL },
		{ "memory", 'm', NULL, &t.memory, NULL },
		{ "incoming", 'I', NULL, &w.incoming, NULL },
		{ "attempts", 'a', &w.attempts, NULL, NULL },
		{ "openings", 'o', &w.openings_only, NULL, NULL },
		{ "no-warmup", 'w', &w.no_warmup, NULL, NULL },
		{ "json", 'j', &p->json, NULL, NULL },
		{ "quiet", 'q', &p->quiet, NULL, NULL },
	};
	int first = read_options(p, argc, argv, rows, 18), code;

	if (first < 0)
		return options_code(p);
	if (first != argc)
		return usage_error(p, "\"%.40s\" is no option", argv[first]);
	if (!w.interfaces.n && !w.groups.n)
		return usage_error(p, "watch what? -i INTERFACE or -g GROUP");
	code = watch_read_numbers(&w, &t);
	if (!code && w.policy_path)
		code = load_good_policy(p, w.policy_path, &w.policy);
	return code ? code : watch_run(&w, sinks, SINKS);
}

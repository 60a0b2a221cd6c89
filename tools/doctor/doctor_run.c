/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command doctor: looks, and prints a line for each thing. */
#include "doctor.h"
#include "../../rules/base/units.h"
#include "../option/options.h"
#include "../program/json.h"
#include "../store/store.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

static void (*const looks[])(struct doctor *d) = {
	doctor_look_at_kernel,	   doctor_look_at_rules, doctor_look_at_others,
	doctor_look_at_iptables,   doctor_look_at_nflog, doctor_look_at_bridges,
	doctor_look_at_forwarding, doctor_look_at_units, doctor_look_at_state,
	doctor_look_at_store,
};

static const char *const level_names[DOCTOR_LEVELS] = {
	[DOCTOR_GOOD] = "good",
	[DOCTOR_NOTE] = "note",
	[DOCTOR_PROBLEM] = "problem",
	[DOCTOR_UNKNOWN] = "unknown",
};

static int doctor_print_json(const struct doctor *d)
{
	json_t *lines = json_array();

	for (size_t i = 0; i < d->lines.n; i++) {
		const struct doctor_line *l = &d->lines.items[i];

		json_array_append_new(
			lines,
			json_pack("{s:s, s:s, s:o, s:s?}", "level",
				  level_names[l->level], "about", l->about,
				  "text", text_json(l->text), "help", l->help));
	}
	return print_json(json_pack("{s:o}", "lines", lines));
}

static void doctor_print(const struct doctor *d, size_t problems,
			 size_t unknown)
{
	for (size_t i = 0; i < d->lines.n; i++) {
		const struct doctor_line *l = &d->lines.items[i];

		printf("%-8s %-10s %s\n", level_names[l->level], l->about,
		       l->text);
		if (l->help)
			printf("%-8s %-10s   %s\n", "", "", l->help);
	}
	printf("%zu problem%s, %zu thing%s not read\n", problems,
	       plural_s(problems), unknown, plural_s(unknown));
}

static int doctor_run(struct program *p, const void *options, int argc,
		      char **argv)
{
	const char *store = getenv("MAILWALL_STORE");
	struct doctor d = { .program = p,
			    .store = store && *store ? store : STORE_PATH };
	size_t n[DOCTOR_LEVELS] = { 0 };
	int code = EXIT_DONE;

	(void)options;
	(void)argc;
	(void)argv;
	for (size_t i = 0; i < sizeof(looks) / sizeof(*looks); i++)
		looks[i](&d);
	netlink_close(&d.netlink);
	for (size_t i = 0; i < d.lines.n; i++)
		n[d.lines.items[i].level]++;
	if (p->json)
		code = doctor_print_json(&d);
	else
		doctor_print(&d, n[DOCTOR_PROBLEM], n[DOCTOR_UNKNOWN]);
	if (code)
		return code;
	return n[DOCTOR_PROBLEM] ? EXIT_NO :
	       n[DOCTOR_UNKNOWN] ? EXIT_REFUSED :
				   EXIT_DONE;
}

static const struct option_row doctor_rows[] = { { OPTION_ROW_JSON }, { 0 } };

const struct command command_doctor = {
	.name = "doctor",
	.summary = "look at this machine, and say what to do",
	.group = GROUP_KERNEL,
	.options = doctor_rows,
	.run = doctor_run,
};

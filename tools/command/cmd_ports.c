/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "commands.h"
#include "../../rules/base/service.h"
#include "../program/json.h"
#include "../option/options.h"
#include "../program/program.h"

#include <stdio.h>

static int print_ports_json(void)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n_services; i++) {
		const struct service *s = &services[i];

		json_array_append_new(
			list,
			json_pack("{s:i, s:s, s:s, s:s, s:s?, s:s}", "port",
				  (int)s->port, "name", s->name, "role",
				  service_role_name(s->role), "encryption",
				  service_encryption_name(s->encryption),
				  "standard", s->standard, "purpose",
				  s->purpose));
	}
	return print_json(json_pack("{s:o}", "ports", list));
}

static int ports_run(struct program *p, const void *options, int argc,
		     char **argv)
{
	(void)options;
	(void)argc;
	(void)argv;
	if (p->json)
		return print_ports_json();
	printf("%-5s %-12s %-11s %-13s %-9s %s\n", "PORT", "NAME", "ROLE",
	       "ENCRYPTION", "STANDARD", "PURPOSE");
	for (size_t i = 0; i < n_services; i++) {
		const struct service *s = &services[i];

		printf("%-5u %-12s %-11s %-13s %-9s %s\n", s->port, s->name,
		       service_role_name(s->role),
		       service_encryption_name(s->encryption),
		       s->standard ? s->standard : "de facto", s->purpose);
	}
	return EXIT_DONE;
}

static const struct option_row ports_rows[] = { { OPTION_ROW_JSON }, { 0 } };

const struct command command_ports = {
	.name = "ports",
	.summary = "list the mail ports",
	.group = GROUP_POLICY,
	.options = ports_rows,
	.run = ports_run,
};

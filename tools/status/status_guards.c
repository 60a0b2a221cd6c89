/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "status_guards.h"
#include "../../rules/base/action.h"

#include <stdio.h>
#include <string.h>

const struct present_counter *guard_counter(const struct present *table,
					    size_t guard)
{
	for (size_t i = 0; i < table->counters.n; i++)
		if (!strcmp(table->counters.items[i].name,
			    guard_infos[guard].counter))
			return &table->counters.items[i];
	return NULL;
}

json_t *guards_json(const struct present *table)
{
	json_t *list = json_array();

	for (size_t g = 0; g < GUARD_N; g++) {
		const struct present_counter *c = guard_counter(table, g);

		if (c)
			json_array_append_new(
				list, json_pack("{s:s, s:s, s:I, s:I}", "name",
						guard_infos[g].counter, "text",
						guard_infos[g].text, "packets",
						(json_int_t)c->packets, "bytes",
						(json_int_t)c->bytes));
	}
	return list;
}

/* A guard that met nothing is left out: there is nothing to ask about. */
void guards_print(const struct present *table)
{
	bool any = false;

	for (size_t g = 0; g < GUARD_N; g++) {
		const struct present_counter *c = guard_counter(table, g);

		if (!c || !c->packets)
			continue;
		if (!any)
			printf("\n%12s %14s  %s\n", "PACKETS", "BYTES",
			       "GUARD");
		any = true;
		printf("%12llu %14llu  %s  %s\n",
		       (unsigned long long)c->packets,
		       (unsigned long long)c->bytes, guard_infos[g].counter,
		       guard_infos[g].text);
	}
}

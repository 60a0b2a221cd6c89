/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The functions that collectd calls: config, init, read, shutdown. */
#include "figures.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define LINE_BYTES 768

void collectd_log(int level, const char *format, ...)
{
	char line[LINE_BYTES];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	plugin_log(level, "mailwall plugin: %s", line);
}

/* ---- the parts ---- */

static struct {
	struct library library;
	struct table table;
	int error;	/* the last reading's; 0: it went well */
	bool uncounted; /* the log says that a set is too large to list */
	struct figures figures; /* a copy, too large for a stack */
} host;

/* The default is the table that mailwall apply makes of the policy. */
static void module_choose_table(void)
{
	struct mailwall_facts facts = { .size = sizeof(facts) };
	const struct library *l = &host.library;

	host.table.family = "inet";
	host.table.name = "mailwall";
	if (settings.family) {
		host.table.family = settings.family;
		host.table.name = settings.table;
	} else if (l->policy &&
		   !l->m->policy_facts(l->policy, &facts, NULL, 0)) {
		host.table.family = facts.table_family;
		host.table.name = facts.table;
	}
}

/* ---- the table; the log says when it comes and goes ---- */

static void module_log_reading(int error)
{
	const struct table *t = &host.table;

	if (!error)
		collectd_log(LOG_NOTICE, "table %s %s is there", t->family,
			     t->name);
	else if (error == -ENOENT)
		collectd_log(LOG_NOTICE,
			     "there is no table %s %s; mailwall apply loads "
			     "it, and its "
			     "values follow",
			     t->family, t->name);
	else if (error == -EPERM)
		collectd_log(LOG_ERR,
			     "table %s %s: not permitted: reading rules needs "
			     "CAP_NET_ADMIN; let collectd run as root, or give "
			     "it that "
			     "capability",
			     t->family, t->name);
	else
		collectd_log(LOG_ERR,
			     "table %s %s cannot be read: %s; it is tried "
			     "again",
			     t->family, t->name, strerror(-error));
}

static void module_log_uncounted(void)
{
	const struct table *t = &host.table;

	if (!settings.elements_most)
		return;
	for (size_t i = 0; i < t->n_sets && !host.uncounted; i++)
		if (!t->sets[i].counted) {
			collectd_log(
				LOG_NOTICE,
				"set %s has more than ElementsMost elements, "
				"and "
				"this kernel does not count them (Linux 6.16 "
				"does): sets like that have no values",
				t->sets[i].name);
			host.uncounted = true;
		}
}

static void module_read_table(void)
{
	int error = table_read(&host.table, settings.elements_most);

	if (error != host.error)
		module_log_reading(error);
	host.error = error;
	if (!error) {
		module_log_uncounted();
		report_table(&host.table, true);
	} else if (error == -ENOENT) {
		table_free(&host.table);
		report_table(&host.table, false);
	}
	table_free(&host.table);
}

/* Always 0: after an error collectd would suspend the plugin, and a table that
 * is absent may come back. */
static int module_read(void)
{
	module_read_table();
	if (capture_figures(&host.figures))
		report_figures(host.library.m, &host.figures);
	return 0;
}

/* ---- start and stop ---- */

static int module_start(void)
{
	settings_finish();
	if (settings.refused) {
		collectd_log(LOG_ERR,
			     "nothing is collected, for the mistakes in the "
			     "configuration that were said");
		return -1;
	}
	if (library_open(&host.library, &settings))
		return -1;
	report_types();
	module_choose_table();
	return capture_start(&host.library, &settings);
}

static int module_shutdown(void)
{
	capture_stop();
	library_close(&host.library);
	settings_free();
	return 0;
}

/* Called after collectd went to the background, where threads could not follow.
 */
static int module_init(void)
{
	int error = module_start();

	if (error) {
		module_shutdown();
		return error;
	}
	return plugin_register_read(PLUGIN_NAME, module_read);
}

void module_register(void)
{
	plugin_register_complex_config(PLUGIN_NAME, settings_read);
	plugin_register_init(PLUGIN_NAME, module_init);
	plugin_register_shutdown(PLUGIN_NAME, module_shutdown);
}

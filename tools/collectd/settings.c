/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The block <Plugin mailwall> of the configuration: a row for each option. */
#include "settings.h"
#include "table.h"

#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TABLE_FAMILY  "inet"
#define TABLE_NAME    "mailwall"
#define ELEMENTS_MOST 65536 /* 20 ms of the kernel's time */
#define MEMORY_LEAST  8	    /* MiB; less counts as that */
#define MEMORY_MOST   1048576
#define GROUPS	      65536
#define COUNT_MOST    UINT32_MAX

struct settings settings = { .elements_most = ELEMENTS_MOST };

/* ---- one function for each kind of option; false: the value is no good ----
 */

struct option {
	const char *name;
	const char *example; /* its values, as they may stand */
	int values, type;
	size_t offset; /* a text's, in settings */
	bool (*set)(const struct option *o, const oconfig_value_t *v);
	bool repeated;
};

static bool settings_keep(char **to, const char *text)
{
	*to = *text ? strdup(text) : NULL;
	return *to != NULL;
}

static bool settings_set_text(const struct option *o, const oconfig_value_t *v)
{
	return settings_keep((char **)((char *)&settings + o->offset),
			     v[0].value.string);
}

static bool settings_set_table(const struct option *o, const oconfig_value_t *v)
{
	(void)o;
	return table_family_is_known(v[0].value.string) &&
	       settings_keep(&settings.family, v[0].value.string) &&
	       settings_keep(&settings.table, v[1].value.string);
}

static bool settings_add_input(const char *name, bool is_file)
{
	struct input_setting *in = &settings.inputs[settings.n_inputs];

	if (settings.n_inputs == INPUTS_MOST) {
		collectd_log(LOG_ERR,
			     "more than %d interfaces, groups and files",
			     INPUTS_MOST);
		return false;
	}
	for (size_t i = 0; i < settings.n_inputs; i++)
		if (!strcmp(settings.inputs[i].name, name)) {
			collectd_log(LOG_ERR, "\"%s\" is there twice", name);
			return false;
		}
	in->is_file = is_file;
	settings.n_inputs += settings_keep(&in->name, name);
	return in->name != NULL;
}

/* libpcap knows devices that are no interfaces: usbmon0, nflog:5. */
static bool settings_add_interface(const struct option *o,
				   const oconfig_value_t *v)
{
	const char *name = v[0].value.string;

	(void)o;
	return strlen(name) < IF_NAMESIZE && !strpbrk(name, "/: \t") &&
	       settings_add_input(name, false);
}

static bool settings_is_whole(const oconfig_value_t *v, double least,
			      double most)
{
	double n = v[0].value.number;

	return n >= least && n <= most && n == (double)(uint64_t)n;
}

static bool settings_add_group(const struct option *o, const oconfig_value_t *v)
{
	char name[32];

	(void)o;
	if (!settings_is_whole(v, 0, GROUPS - 1))
		return false;
	snprintf(name, sizeof(name), "nflog:%u",
		 (unsigned int)v[0].value.number);
	return settings_add_input(name, false);
}

static bool settings_add_file(const struct option *o, const oconfig_value_t *v)
{
	(void)o;
	return *v[0].value.string &&
	       settings_add_input(v[0].value.string, true);
}

static bool settings_set_memory(const struct option *o,
				const oconfig_value_t *v)
{
	(void)o;
	if (!settings_is_whole(v, MEMORY_LEAST, MEMORY_MOST))
		return false;
	settings.memory = (size_t)v[0].value.number << 20;
	return true;
}

static bool settings_set_elements(const struct option *o,
				  const oconfig_value_t *v)
{
	(void)o;
	if (!settings_is_whole(v, 0, COUNT_MOST))
		return false;
	settings.elements_most = (size_t)v[0].value.number;
	return true;
}

static bool settings_set_warmup(const struct option *o,
				const oconfig_value_t *v)
{
	(void)o;
	settings.skip_warmup = !v[0].value.boolean;
	return true;
}

#define TEXT(member)                                                           \
	1, OCONFIG_TYPE_STRING, offsetof(struct settings, member),             \
		settings_set_text, false
#define STRINGS(n, set, repeated) n, OCONFIG_TYPE_STRING, 0, set, repeated
#define NUMBER(set, repeated)	  1, OCONFIG_TYPE_NUMBER, 0, set, repeated

static const struct option options[] = {
	{ "Library", "\"/usr/lib/mailwall.so.1\"", TEXT(library) },
	{ "Policy", "\"/etc/mailwall/mailwall.policy\"", TEXT(policy) },
	{ "Table", "\"inet\" \"mailwall\"",
	  STRINGS(2, settings_set_table, false) },
	{ "Interface", "\"eth0\"", STRINGS(1, settings_add_interface, true) },
	{ "NflogGroup", "25", NUMBER(settings_add_group, true) },
	{ "File", "\"/var/tmp/mail.pcap\"",
	  STRINGS(1, settings_add_file, false) },
	{ "State", "\"/var/lib/collectd/mailwall.state\"", TEXT(state) },
	{ "Memory", "256", NUMBER(settings_set_memory, false) },
	{ "Warmup", "true", 1, OCONFIG_TYPE_BOOLEAN, 0, settings_set_warmup,
	  false },
	{ "ElementsMost", "65536", NUMBER(settings_set_elements, false) },
};

#define N_OPTIONS (sizeof(options) / sizeof(options[0]))

static bool was_given[N_OPTIONS];

/* ---- the block ---- */

static void settings_refuse_unknown(const oconfig_item_t *item)
{
	char names[256] = "";
	size_t n = 0;

	for (size_t i = 0; i < N_OPTIONS; i++)
		n += (size_t)snprintf(names + n, sizeof(names) - n, "%s%s",
				      i ? ", " : "", options[i].name);
	collectd_log(LOG_ERR, "\"%s\" is not an option; there are: %s",
		     item->key, names);
	settings.refused = true;
}

static bool settings_has_values(const struct option *o,
				const oconfig_item_t *item)
{
	if (item->values_num != o->values || item->children_num)
		return false;
	for (int i = 0; i < item->values_num; i++)
		if (item->values[i].type != o->type)
			return false;
	return true;
}

static void settings_read_option(size_t number, const oconfig_item_t *item)
{
	const struct option *o = &options[number];

	if (was_given[number] && !o->repeated) {
		collectd_log(LOG_ERR, "option %s is there twice", o->name);
		settings.refused = true;
	} else if (!settings_has_values(o, item) || !o->set(o, item->values)) {
		collectd_log(LOG_ERR,
			     "option %s has no good value; write it as in: "
			     "%s %s",
			     o->name, o->name, o->example);
		settings.refused = true;
	}
	was_given[number] = true;
}

static void settings_read_item(const oconfig_item_t *item)
{
	for (size_t i = 0; i < N_OPTIONS; i++)
		if (!strcasecmp(item->key, options[i].name)) {
			settings_read_option(i, item);
			return;
		}
	settings_refuse_unknown(item);
}

/* An error here would end collectd: mistakes are kept for the start. */
int settings_read(oconfig_item_t *block)
{
	if (settings.given) {
		collectd_log(LOG_ERR,
			     "there are two blocks <Plugin mailwall>; put all "
			     "options into one");
		settings.refused = true;
		return 0;
	}
	settings.given = true;
	for (int i = 0; i < block->children_num; i++)
		settings_read_item(&block->children[i]);
	return 0;
}

static void settings_check(void)
{
	size_t files = 0;

	for (size_t i = 0; i < settings.n_inputs; i++)
		files += settings.inputs[i].is_file;
	if (files && (files < settings.n_inputs || settings.state))
		collectd_log(LOG_ERR,
			     "File is for a look at captures: leave out "
			     "Interface, NflogGroup and State, or File");
	else if (settings.state && !settings.n_inputs)
		collectd_log(LOG_ERR,
			     "State keeps what was captured: give an Interface "
			     "or a NflogGroup, or leave it out");
	else
		return;
	settings.refused = true;
}

void settings_finish(void)
{
	if (!settings.refused)
		settings_check();
}

void settings_free(void)
{
	free(settings.library);
	free(settings.policy);
	free(settings.state);
	free(settings.family);
	free(settings.table);
	for (size_t i = 0; i < settings.n_inputs; i++)
		free(settings.inputs[i].name);
	settings = (struct settings){ .elements_most = ELEMENTS_MOST };
	memset(was_given, 0, sizeof(was_given));
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The block of the configuration: one row for each option. */
#include "host.h"

#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TABLE_FAMILY  "inet"
#define TABLE_NAME    "mailwall"
#define ELEMENTS_MOST 65536 /* 20 ms of the kernel's time */
#define MEMORY_LEAST  8	    /* MiB; the engine takes less for that */
#define MEMORY_MOST   1048576
#define GROUPS	      65536
#define COUNT_MOST    UINT32_MAX

struct settings settings = { .elements_most = ELEMENTS_MOST };

/* ---- one option each; false: it is not what it should be ---- */

struct option {
	const char *name;
	const char *example; /* of its values */
	int values, type;
	size_t offset; /* of a text in settings */
	bool (*take)(const struct option *o, const oconfig_value_t *v);
	bool repeated;
};

static bool keep(char **to, const char *text)
{
	*to = *text ? strdup(text) : NULL;
	return *to != NULL;
}

static bool settings_take_text(const struct option *o, const oconfig_value_t *v)
{
	return keep((char **)((char *)&settings + o->offset),
		    v[0].value.string);
}

static bool settings_take_table(const struct option *o,
				const oconfig_value_t *v)
{
	(void)o;
	return table_family_is_known(v[0].value.string) &&
	       keep(&settings.family, v[0].value.string) &&
	       keep(&settings.table, v[1].value.string);
}

static bool add_input(const char *name, bool is_file)
{
	struct input_setting *in = &settings.inputs[settings.n_inputs];

	if (settings.n_inputs == INPUTS_MOST) {
		collectd_say(LOG_ERR,
			     "more than %d interfaces, groups and files",
			     INPUTS_MOST);
		return false;
	}
	for (size_t i = 0; i < settings.n_inputs; i++)
		if (!strcmp(settings.inputs[i].name, name)) {
			collectd_say(LOG_ERR, "\"%s\" is there twice", name);
			return false;
		}
	in->is_file = is_file;
	settings.n_inputs += keep(&in->name, name);
	return in->name != NULL;
}

/* libpcap knows devices that are no interfaces: usbmon0, nflog:5. */
static bool take_interface(const struct option *o, const oconfig_value_t *v)
{
	const char *name = v[0].value.string;

	(void)o;
	return strlen(name) < IF_NAMESIZE && !strpbrk(name, "/: \t") &&
	       add_input(name, false);
}

static bool whole_number(const oconfig_value_t *v, double least, double most)
{
	double n = v[0].value.number;

	return n >= least && n <= most && n == (double)(uint64_t)n;
}

static bool take_group(const struct option *o, const oconfig_value_t *v)
{
	char name[32];

	(void)o;
	if (!whole_number(v, 0, GROUPS - 1))
		return false;
	snprintf(name, sizeof(name), "nflog:%u",
		 (unsigned int)v[0].value.number);
	return add_input(name, false);
}

static bool settings_take_file(const struct option *o, const oconfig_value_t *v)
{
	(void)o;
	return *v[0].value.string && add_input(v[0].value.string, true);
}

static bool take_memory(const struct option *o, const oconfig_value_t *v)
{
	(void)o;
	if (!whole_number(v, MEMORY_LEAST, MEMORY_MOST))
		return false;
	settings.memory = (size_t)v[0].value.number << 20;
	return true;
}

static bool settings_take_elements(const struct option *o,
				   const oconfig_value_t *v)
{
	(void)o;
	if (!whole_number(v, 0, COUNT_MOST))
		return false;
	settings.elements_most = (size_t)v[0].value.number;
	return true;
}

static bool take_warmup(const struct option *o, const oconfig_value_t *v)
{
	(void)o;
	settings.skip_warmup = !v[0].value.boolean;
	return true;
}

#define TEXT(member)                                                           \
	1, OCONFIG_TYPE_STRING, offsetof(struct settings, member),             \
		settings_take_text, false
#define STRINGS(n, take, repeated) n, OCONFIG_TYPE_STRING, 0, take, repeated
#define NUMBER(take, repeated)	   1, OCONFIG_TYPE_NUMBER, 0, take, repeated

static const struct option options[] = {
	{ "Library", "\"/usr/lib/mailwall.so.1\"", TEXT(library) },
	{ "Policy", "\"/etc/mailwall/mailwall.policy\"", TEXT(policy) },
	{ "Table", "\"inet\" \"mailwall\"",
	  STRINGS(2, settings_take_table, false) },
	{ "Interface", "\"eth0\"", STRINGS(1, take_interface, true) },
	{ "NflogGroup", "25", NUMBER(take_group, true) },
	{ "File", "\"/var/tmp/mail.pcap\"",
	  STRINGS(1, settings_take_file, false) },
	{ "State", "\"/var/lib/collectd/mailwall.state\"", TEXT(state) },
	{ "Memory", "256", NUMBER(take_memory, false) },
	{ "Warmup", "true", 1, OCONFIG_TYPE_BOOLEAN, 0, take_warmup, false },
	{ "ElementsMost", "65536", NUMBER(settings_take_elements, false) },
};

#define N_OPTIONS (sizeof(options) / sizeof(options[0]))

static bool was_given[N_OPTIONS];

/* ---- the block ---- */

static void refuse_unknown(const oconfig_item_t *item)
{
	char names[256] = "";
	size_t n = 0;

	for (size_t i = 0; i < N_OPTIONS; i++)
		n += (size_t)snprintf(names + n, sizeof(names) - n, "%s%s",
				      i ? ", " : "", options[i].name);
	collectd_say(LOG_ERR, "\"%s\" is not an option; there are: %s",
		     item->key, names);
	settings.refused = true;
}

static bool has_values(const struct option *o, const oconfig_item_t *item)
{
	if (item->values_num != o->values || item->children_num)
		return false;
	for (int i = 0; i < item->values_num; i++)
		if (item->values[i].type != o->type)
			return false;
	return true;
}

static void take_option(size_t number, const oconfig_item_t *item)
{
	const struct option *o = &options[number];

	if (was_given[number] && !o->repeated) {
		collectd_say(LOG_ERR, "option %s is there twice", o->name);
		settings.refused = true;
	} else if (!has_values(o, item) || !o->take(o, item->values)) {
		collectd_say(LOG_ERR,
			     "option %s has no good value; write it as in: "
			     "%s %s",
			     o->name, o->name, o->example);
		settings.refused = true;
	}
	was_given[number] = true;
}

static void take_item(const oconfig_item_t *item)
{
	for (size_t i = 0; i < N_OPTIONS; i++)
		if (!strcasecmp(item->key, options[i].name)) {
			take_option(i, item);
			return;
		}
	refuse_unknown(item);
}

/* An error here would be the end of collectd: it is kept for the start. */
int settings_take(oconfig_item_t *block)
{
	if (settings.given) {
		collectd_say(LOG_ERR,
			     "there are two blocks <Plugin mailwall>; put all "
			     "options into one");
		settings.refused = true;
		return 0;
	}
	settings.given = true;
	for (int i = 0; i < block->children_num; i++)
		take_item(&block->children[i]);
	return 0;
}

static void check_together(void)
{
	size_t files = 0;

	for (size_t i = 0; i < settings.n_inputs; i++)
		files += settings.inputs[i].is_file;
	if (files && (files < settings.n_inputs || settings.state))
		collectd_say(LOG_ERR,
			     "File is for a look at captures: leave out "
			     "Interface, NflogGroup and State, or File");
	else if (settings.state && !settings.n_inputs)
		collectd_say(LOG_ERR,
			     "State keeps what was captured: give an Interface "
			     "or a NflogGroup, or leave it out");
	else
		return;
	settings.refused = true;
}

void settings_finish(void)
{
	if (!settings.refused)
		check_together();
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

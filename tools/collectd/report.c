/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Values and notifications, as collectd takes them. */
#include "figures.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <linux/netfilter/nf_tables.h>
#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include <collectd/core/daemon/globals.h>

#define INSTANCE      "capture"
#define EXAMPLES_MOST 3 /* destinations that a notification names */

/* ---- types ---- */

/* The rows of types.db, which servers need that get values over a network. */
static const struct {
	const char *name;
	int type;
} types[] = {
	{ "mailwall_attempts", DS_TYPE_DERIVE },
	{ "mailwall_findings", DS_TYPE_DERIVE },
	{ "mailwall_lost", DS_TYPE_DERIVE },
	{ "mailwall_sources", DS_TYPE_GAUGE },
};

void report_types(void)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		data_source_t source = { .name = "value",
					 .type = types[i].type,
					 .min = 0,
					 .max = NAN };
		data_set_t set = { .ds_num = 1, .ds = &source };

		if (plugin_get_ds(types[i].name))
			continue;
		snprintf(set.type, sizeof(set.type), "%s", types[i].name);
		plugin_register_data_set(&set);
	}
}

/* ---- values ---- */

/* A name is a part of a path in most that write values. */
static void report_make_name(char *to, size_t size, const char *format,
			     va_list args)
	__attribute__((format(printf, 3, 0)));

static void report_make_name(char *to, size_t size, const char *format,
			     va_list args)
{
	vsnprintf(to, size, format, args);
	for (; *to; to++)
		if (*to == '/' || *to == '\\')
			*to = '_';
}

static void report_value(const char *instance, const char *type, value_t value,
			 const char *format, ...)
	__attribute__((format(printf, 4, 5)));

static void report_value(const char *instance, const char *type, value_t value,
			 const char *format, ...)
{
	value_list_t list = VALUE_LIST_INIT;
	va_list args;

	list.values = &value;
	list.values_len = 1;
	snprintf(list.plugin, sizeof(list.plugin), "%s", PLUGIN_NAME);
	snprintf(list.plugin_instance, sizeof(list.plugin_instance), "%s",
		 instance);
	snprintf(list.type, sizeof(list.type), "%s", type);
	va_start(args, format);
	report_make_name(list.type_instance, sizeof(list.type_instance), format,
			 args);
	va_end(args);
	plugin_dispatch_values(&list);
}

static value_t report_derive(uint64_t n)
{
	return (value_t){ .derive = (derive_t)n };
}

static value_t report_gauge(uint64_t n)
{
	return (value_t){ .gauge = (gauge_t)n };
}

/* ---- the table ---- */

static void report_make_instance(char *to, size_t size, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void report_make_instance(char *to, size_t size, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	report_make_name(to, size, format, args);
	va_end(args);
}

/* Sets of fixed members are as large as they need to be. */
static bool report_can_fill(const struct set *s)
{
	return s->size && s->flags & (NFT_SET_TIMEOUT | NFT_SET_EVAL);
}

static void report_set(const char *instance, const struct set *s)
{
	if (!s->counted)
		return;
	report_value(instance, "count", report_gauge(s->elements), "%s",
		     s->name);
	if (report_can_fill(s))
		report_value(instance, "percent",
			     (value_t){ .gauge = 100.0 * (double)s->elements /
						 (double)s->size },
			     "%s", s->name);
}

void report_table(const struct table *t, bool present)
{
	char instance[DATA_MAX_NAME_LEN];

	report_make_instance(instance, sizeof(instance), "%s-%s", t->family,
			     t->name);
	report_value(instance, "bool", report_gauge(present), "loaded");
	if (present) {
		report_value(instance, "bool", report_gauge(table_acts(t)),
			     "acting");
		report_value(instance, "bool", report_gauge(table_observes(t)),
			     "observe");
	}
	for (size_t i = 0; i < t->n_counters; i++) {
		const struct counter *c = &t->counters[i];

		report_value(instance, "ipt_packets", report_derive(c->packets),
			     "%s", c->name);
		report_value(instance, "ipt_bytes", report_derive(c->bytes),
			     "%s", c->name);
	}
	for (size_t i = 0; i < t->n_sets; i++)
		report_set(instance, &t->sets[i]);
}

/* ---- values of what is captured ---- */

static void report_port(const struct mailwall_api *m,
			const struct port_figures *p)
{
	const char *name;

	report_value(INSTANCE, "mailwall_attempts", report_derive(p->attempts),
		     "%u-all", p->port);
	for (unsigned int i = 0; i < OUTCOMES_MOST; i++) {
		name = m->name(MAILWALL_NAME_OUTCOME, i);
		if (name)
			report_value(INSTANCE, "mailwall_attempts",
				     report_derive(p->outcomes[i]), "%u-%s",
				     p->port, name);
	}
}

static void report_inputs(const struct figures *f)
{
	for (size_t i = 0; i < f->n_inputs; i++) {
		const struct input_figures *in = &f->inputs[i];

		report_value(INSTANCE, "mailwall_lost", report_derive(in->lost),
			     "%s", in->name);
		report_value(INSTANCE, "bool", report_gauge(in->open), "%s",
			     in->name);
	}
}

void report_figures(const struct mailwall_api *m, const struct figures *f)
{
	const char *name;

	for (size_t i = 0; i < f->n_ports; i++)
		report_port(m, &f->ports[i]);
	for (unsigned int i = 0; i < MAILWALL_FINDINGS; i++) {
		name = m->name(MAILWALL_NAME_FINDING, i);
		if (name)
			report_value(INSTANCE, "mailwall_findings",
				     report_derive(f->findings[i]), "%s", name);
	}
	report_value(INSTANCE, "mailwall_sources", report_gauge(f->sources),
		     "%s", "known");
	report_value(INSTANCE, "packets", report_derive(f->packets), "%s",
		     "captured");
	report_value(INSTANCE, "bool", report_gauge(f->warm), "%s", "warm");
	report_inputs(f);
}

/* ---- findings ---- */

static const char *report_utc(char *out, size_t size, int64_t seconds)
{
	time_t t = (time_t)seconds;
	struct tm tm;

	if (!gmtime_r(&t, &tm) ||
	    !strftime(out, size, "%Y-%m-%dT%H:%M:%SZ", &tm))
		*out = '\0';
	return out;
}

static void report_add_examples(char *text, size_t size,
				const struct mailwall_finding *f)
{
	char address[INET6_ADDRSTRLEN];
	size_t n = strlen(text);

	for (uint8_t i = 0; i < f->n_examples && i < EXAMPLES_MOST; i++) {
		inet_ntop(f->family == 4 ? AF_INET : AF_INET6, f->examples[i],
			  address, sizeof(address));
		if (n + strlen(address) + 4 > size)
			return; /* a part of an address is another's */
		n += (size_t)snprintf(text + n, size - n, "%s%s",
				      i ? ", " : "; such as ", address);
	}
}

/* A library before 1.1 does not say. */
static bool report_is_mail_server(const struct mailwall_finding *f)
{
	return f->size > offsetof(struct mailwall_finding, mail_server) &&
	       f->mail_server;
}

static void report_sentence(char *text, size_t size,
			    const struct mailwall_api *m,
			    const struct mailwall_element *e,
			    const struct mailwall_finding *f)
{
	char since[32];

	snprintf(text, size,
		 "%s %s (%s), port %u: %" PRIu64 " attempts, %" PRIu64
		 " SYNs, %s%" PRIu64 " destinations in %" PRIu64
		 " networks since %s%s%s",
		 e->text, m->name(MAILWALL_NAME_FINDING, f->kind),
		 m->name(MAILWALL_NAME_DETECTOR, f->detector), f->port,
		 f->attempts, f->syns, f->destinations_exact ? "" : "about ",
		 f->destinations, f->groups,
		 report_utc(since, sizeof(since), f->first_s),
		 f->proven ? "" : ", no handshake seen",
		 report_is_mail_server(f) ? ", looks like a mail server" : "");
	report_add_examples(text, size, f);
}

static void report_add_facts(notification_t *n,
			     const struct mailwall_element *e,
			     const struct mailwall_finding *f)
{
	plugin_notification_meta_add_string(n, "source", e->text);
	plugin_notification_meta_add_unsigned_int(n, "port", f->port);
	plugin_notification_meta_add_unsigned_int(n, "attempts", f->attempts);
	plugin_notification_meta_add_unsigned_int(n, "destinations",
						  f->destinations);
	plugin_notification_meta_add_boolean(n, "proven", f->proven);
	plugin_notification_meta_add_boolean(n, "again", f->again);
	plugin_notification_meta_add_boolean(n, "mail_server",
					     report_is_mail_server(f));
}

void report_finding(const struct library *l, const struct mailwall_finding *f)
{
	struct mailwall_element e = { .size = sizeof(e) };
	notification_t n = { .severity = NOTIF_WARNING,
			     .time = US_TO_CDTIME_T(f->time_us) };

	if (l->m->finding_element(l->policy, f, &e, NULL, 0))
		return;
	report_sentence(n.message, sizeof(n.message), l->m, &e, f);
	snprintf(n.host, sizeof(n.host), "%s", hostname_g);
	snprintf(n.plugin, sizeof(n.plugin), "%s", PLUGIN_NAME);
	snprintf(n.plugin_instance, sizeof(n.plugin_instance), "%s", INSTANCE);
	snprintf(n.type, sizeof(n.type), "mailwall_findings");
	snprintf(n.type_instance, sizeof(n.type_instance), "%s",
		 l->m->name(MAILWALL_NAME_FINDING, f->kind));
	report_add_facts(&n, &e, f);
	plugin_dispatch_notification(&n);
	plugin_notification_meta_free(n.meta);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What happened in a period, and what is known of one source. */
#include "commands.h"
#include "../report/report.h"
#include "../report/when.h"
#include "../report/xarf.h"

#include "../../rules/base/arena.h"
#include "../../rules/policy/policy.h"
#include "../../rules/base/units.h"

#include <string.h>
#include <time.h>

#define TOP_DEFAULT  20
#define TOP_MOST     100000
#define SINCE	     "7d"
#define SOURCE_SINCE "90d"

struct request {
	struct program *program;
	const char *store, *since, *until, *port, *source, *class, *clause;
	const char *policy_path, *top, *key, *html, *xarf, *organisation;
	const char *contact;
	bool csv;
	struct policy *policy;
	struct pseudonyms pseudonyms;
	struct report_query query;
	struct report report;
};

/* ---- what is wished ---- */

static int report_read_period(struct request *q)
{
	struct report_query *w = &q->query;
	int64_t now_s = (int64_t)time(NULL);
	uint32_t back_s;

	w->until_s = now_s;
	if (q->until && !when_parse(q->until, now_s, &w->until_s))
		return usage_error(q->program,
				   "--until takes a time like " WHEN_WANTED
				   ", not \"%.40s\"",
				   q->until);
	if (duration_parse(q->since, &back_s))
		w->since_s = w->until_s - back_s;
	else if (!when_parse(q->since, now_s, &w->since_s))
		return usage_error(q->program,
				   "--since takes a time like " WHEN_WANTED
				   ", not \"%.40s\"",
				   q->since);
	if (w->since_s >= w->until_s)
		return usage_error(q->program,
				   "the period ends before it begins: --since "
				   "%s, --until %s",
				   q->since, q->until ? q->until : "now");
	return EXIT_DONE;
}

/* The only length that says what a source is anyway. */
static bool is_length_of(const char *rest, int family)
{
	return !*rest || !strcmp(rest, family == 4 ? "/32" : "/64") ||
	       (family == 6 && !strcmp(rest, "/128"));
}

int report_query_source(const struct program *p, const char *address,
			struct report_query *w)
{
	struct addr_range r;

	size_t len = strcspn(address, "/");

	if (addr_parse(address, len, &r) || r.is_range ||
	    !is_length_of(address + len, r.family))
		return usage_error(p, "\"%.60s\" is not an address of a source",
				   address);
	w->has_source = true;
	w->family = (uint8_t)r.family;
	if (r.family == 6) {
		memcpy(w->source.byte, r.v6.first.byte, 8);
		return EXIT_DONE;
	}
	for (int i = 0; i < 4; i++)
		w->source.byte[i] = (uint8_t)(r.v4.first >> (24 - 8 * i));
	return EXIT_DONE;
}

static int report_read_class(struct request *q)
{
	if (!q->class)
		return EXIT_DONE;
	if (!q->policy)
		return usage_error(q->program,
				   "--class needs --policy, which says who is "
				   "in it");
	for (size_t i = 0; i < q->policy->classes.n; i++)
		if (!strcmp(q->policy->classes.items[i]->name, q->class))
			q->query.class = q->policy->classes.items[i];
	if (!q->query.class)
		return usage_error(q->program, "the policy has no class %.40s",
				   q->class);
	return EXIT_DONE;
}

static int read_rest(struct request *q)
{
	struct report_query *w = &q->query;
	uint32_t n = TOP_DEFAULT;

	if (q->top && !number_parse(q->top, 0, TOP_MOST, &n))
		return usage_error(q->program,
				   "--top takes a number up to %d, not "
				   "\"%.40s\"",
				   TOP_MOST, q->top);
	w->top = n;
	n = 0;
	if (q->port && !number_parse(q->port, 1, 65535, &n))
		return usage_error(q->program,
				   "--port takes a number, not \"%.40s\"",
				   q->port);
	w->port = (uint16_t)n;
	w->clause = q->clause;
	if (!q->key)
		return EXIT_DONE;
	w->pseudonyms = &q->pseudonyms;
	return pseudonyms_read(&q->pseudonyms, q->key);
}

static int read_query(struct request *q)
{
	int code = report_read_period(q);

	if (!code && q->source)
		code = report_query_source(q->program, q->source, &q->query);
	if (!code && q->policy_path)
		code = load_good_policy(q->program, q->policy_path, &q->policy);
	if (!code)
		code = report_read_class(q);
	return code ? code : read_rest(q);
}

/* ---- making and writing ---- */

static int make(struct request *q)
{
	struct store *store;
	int code = store_open(q->store, false, &store);

	if (!code)
		code = report_make(store, q->program->arena, &q->query,
				   &q->report);
	store_close(store);
	return code;
}

static int report_write_page(const struct request *q)
{
	struct output o;
	int code = output_open(&o, strcmp(q->html, "-") ? q->html : NULL);

	if (code)
		return code;
	code = report_html(&q->report, o.file);
	if (!code)
		return output_finish(&o);
	output_abandon(&o);
	return code;
}

static int write_xarf(const struct request *q)
{
	struct xarf_sender sender = { .org = q->organisation,
				      .contact = q->contact };

	if (!q->organisation || !q->contact)
		return usage_error(q->program,
				   "--xarf needs --organisation and --contact: "
				   "who reports");
	return xarf_write(&q->report, &sender, q->xarf);
}

static int report_write_report(const struct request *q)
{
	if (q->xarf)
		return write_xarf(q);
	if (q->html)
		return report_write_page(q);
	if (q->program->json)
		return print_json(report_json(&q->report));
	return q->csv ? report_csv(&q->report, stdout) :
			report_text(&q->report, stdout);
}

int cmd_report(struct program *p, int argc, char **argv)
{
	struct request q = { .program = p,
			     .store = STORE_PATH,
			     .since = SINCE };
	const struct option_row rows[] = {
		{ "store", 's', NULL, &q.store, NULL },
		{ "since", 'S', NULL, &q.since, NULL },
		{ "until", 'U', NULL, &q.until, NULL },
		{ "port", 'P', NULL, &q.port, NULL },
		{ "source", 'a', NULL, &q.source, NULL },
		{ "class", 'c', NULL, &q.class, NULL },
		{ "clause", 'C', NULL, &q.clause, NULL },
		{ "policy", 'p', NULL, &q.policy_path, NULL },
		{ "top", 't', NULL, &q.top, NULL },
		{ "pseudonyms", 'k', NULL, &q.key, NULL },
		{ "html", 'H', NULL, &q.html, NULL },
		{ "xarf", 'x', NULL, &q.xarf, NULL },
		{ "organisation", 0, NULL, &q.organisation, NULL },
		{ "contact", 0, NULL, &q.contact, NULL },
		{ "csv", 0, &q.csv, NULL, NULL },
		{ "json", 'j', &p->json, NULL, NULL },
		{ "quiet", 'q', &p->quiet, NULL, NULL },
	};
	int first = read_options(p, argc, argv, rows, 17), code;

	if (first < 0)
		return options_code(p);
	if (first != argc)
		return usage_error(p, "\"%.40s\" is no option", argv[first]);
	if (q.csv + p->json + !!q.html + !!q.xarf > 1)
		return usage_error(p, "--csv, --json, --html or --xarf: one of "
				      "them");
	code = read_query(&q);
	if (!code)
		code = make(&q);
	if (!code)
		code = report_write_report(&q);
	policy_free(q.policy);
	return code;
}

/* ---- one source ---- */

int cmd_source(struct program *p, int argc, char **argv)
{
	struct request q = { .program = p,
			     .store = STORE_PATH,
			     .since = SOURCE_SINCE,
			     .top = "1" };
	const struct option_row rows[] = {
		{ "store", 's', NULL, &q.store, NULL },
		{ "since", 'S', NULL, &q.since, NULL },
		{ "until", 'U', NULL, &q.until, NULL },
		{ "json", 'j', &p->json, NULL, NULL },
	};
	int first = read_options(p, argc, argv, rows, 4), code;

	if (first < 0)
		return options_code(p);
	if (first != argc - 1)
		return usage_error(p, "which source? One address");
	q.source = argv[first];
	code = read_query(&q);
	if (!code)
		code = make(&q);
	if (code)
		return code;
	if (!q.report.top.n && !q.report.findings.n) {
		message_say("%s: nothing is known of it since %s", q.source,
			    q.since);
		return EXIT_NO;
	}
	return p->json ? print_json(report_json(&q.report)) :
			 report_source_text(&q.report, stdout);
}

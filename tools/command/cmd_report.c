/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What happened in a period, and what is known of one source. */
#include "commands.h"
#include "../report/report.h"
#include "../report/writer.h"
#include "../program/when.h"

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
	const char *format, *output;
	const struct report_writer *writer;
	bool csv;
	struct policy *policy;
	struct pseudonyms pseudonyms;
	struct report_query query;
	struct report report;
};

/* ---- what is wished ---- */

static int request_read_period(struct request *q)
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
	struct fault f;
	int error;

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
	error = pseudonyms_read(&q->pseudonyms, q->key, &f);
	return error ? fault_say(&f, error) : EXIT_DONE;
}

static int read_query(struct request *q)
{
	int code = request_read_period(q);

	if (!code && q->source && !report_query_source(&q->query, q->source))
		code = usage_error(q->program,
				   "\"%.60s\" is not an address of a source",
				   q->source);
	if (!code && q->policy_path)
		code = load_good_policy(q->program, q->policy_path, &q->policy);
	if (!code)
		code = report_read_class(q);
	return code ? code : read_rest(q);
}

/* ---- making and writing ---- */

static int report_make_from_store(struct request *q)
{
	struct store *store;
	struct fault f;
	int error = store_open(q->store, false, &store, &f);

	if (!error)
		error = report_make(store, q->program->arena, &q->query,
				    &q->report, &f);
	store_close(store);
	return error ? fault_say(&f, error) : EXIT_DONE;
}

/* The word of the option that was given; the page and XARF say where to. */
static const char *report_format(struct request *q)
{
	if (q->html)
		q->output = q->html;
	if (q->xarf)
		q->output = q->xarf;
	return q->format	? q->format :
	       q->xarf		? "xarf" :
	       q->html		? "html" :
	       q->csv		? "csv" :
	       q->program->json ? "json" :
				  "text";
}

/* "text, source, json, csv, html or xarf" */
static const char *report_formats(const struct request *q)
{
	const struct report_writer *w;
	const char *names = "";

	for (size_t i = 0; (w = report_writer_at(i)); i++)
		names = arena_printf(q->program->arena, "%s%s%s", names,
				     !i			     ? "" :
				     report_writer_at(i + 1) ? ", " :
							       " or ",
				     w->name);
	return names;
}

static int report_find_writer(struct request *q)
{
	const struct report_writer *w;

	if (!!q->format + q->csv + q->program->json + !!q->html + !!q->xarf > 1)
		return usage_error(q->program,
				   "--format, --csv, --json, --html or --xarf: "
				   "one of them");
	w = q->writer = report_writer_named(report_format(q));
	if (!w)
		return usage_error(q->program,
				   "--format takes %s, not \"%.40s\"",
				   report_formats(q), q->format);
	if (w->one_source && !q->source)
		return usage_error(q->program, "--format %s needs --source",
				   w->name);
	if (w->write_folder && !q->output)
		return usage_error(q->program,
				   "--format %s needs --output, a folder",
				   w->name);
	if (w->write_folder && (!q->organisation || !q->contact))
		return usage_error(q->program,
				   "--xarf needs --organisation and --contact: "
				   "who reports");
	return EXIT_DONE;
}

static int report_write_folder(const struct request *q)
{
	struct report_style style = { .sender = { .org = q->organisation,
						  .contact = q->contact } };
	struct fault f;
	int error = q->writer->write_folder(&q->report, &style, q->output, &f);

	return error ? fault_say(&f, error) : EXIT_DONE;
}

static int report_write(const struct request *q)
{
	struct report_style style = { .policy = q->policy };
	bool to_file = q->output && strcmp(q->output, "-");
	struct output o;
	int code, error;

	if (q->writer->write_folder)
		return report_write_folder(q);
	code = output_open(&o, to_file ? q->output : NULL);
	if (code)
		return code;
	error = q->writer->write(&q->report, &style, o.file);
	if (!error)
		return output_finish(&o);
	message_say("cannot write the report: %s", strerror(-error));
	output_abandon(&o);
	return EXIT_REFUSED;
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
		{ "format", 0, NULL, &q.format, NULL },
		{ "output", 0, NULL, &q.output, NULL },
		{ "csv", 0, &q.csv, NULL, NULL },
		{ "json", 'j', &p->json, NULL, NULL },
		{ "quiet", 'q', &p->quiet, NULL, NULL },
	};
	int first = read_options(p, argc, argv, rows, 19), code;

	if (first < 0)
		return options_code(p);
	if (first != argc)
		return usage_error(p, "\"%.40s\" is no option", argv[first]);
	code = report_find_writer(&q);
	if (!code)
		code = read_query(&q);
	if (!code)
		code = report_make_from_store(&q);
	if (!code)
		code = report_write(&q);
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
		code = report_make_from_store(&q);
	if (code)
		return code;
	if (!q.report.top.n && !q.report.findings.n) {
		message_say("%s: nothing is known of it since %s", q.source,
			    q.since);
		return EXIT_NO;
	}
	q.writer = p->json ? &report_writer_json : &report_writer_source;
	return report_write(&q);
}

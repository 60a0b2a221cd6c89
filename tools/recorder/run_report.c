/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reports of a period, and of all that the store has of one source. */
#include "runs.h"
#include "../review/review.h"
#include "../report/report.h"
#include "../program/when.h"
#include "../report/writer.h"

#include "../../rules/base/arena.h"
#include "../../rules/policy/policy.h"
#include "../../rules/base/units.h"
#include "../program/json.h"
#include "../program/message.h"
#include "../option/options.h"
#include "../program/output.h"
#include "../program/policy_file.h"
#include "../program/program.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

struct request {
	struct program *program;
	struct report_options o;
	const struct report_writer *writer;
	struct policy *policy;
	struct pseudonyms pseudonyms;
	struct report_query query;
	struct report report;
};

/* ---- what is wished ---- */

static int request_read_period(struct request *q)
{
	struct report_query *w = &q->query;
	int64_t so_far_s = when_so_far_s(), now_s = so_far_s - 1;
	uint32_t back_s;

	w->until_s = now_s;
	if (q->o.until && !when_parse(q->o.until, now_s, &w->until_s))
		return usage_error(q->program,
				   "--until takes a time like " WHEN_WANTED
				   ", not \"%.40s\"",
				   q->o.until);
	if (w->until_s == now_s)
		w->until_s =
			so_far_s; /* until now: the second that runs, too */
	if (duration_parse(q->o.since, &back_s))
		w->since_s = w->until_s - back_s;
	else if (!when_parse(q->o.since, now_s, &w->since_s))
		return usage_error(q->program,
				   "--since takes a time like " WHEN_WANTED
				   ", not \"%.40s\"",
				   q->o.since);
	if (w->since_s >= w->until_s)
		return usage_error(q->program,
				   "the period ends before it begins: --since "
				   "%s, --until %s",
				   q->o.since, q->o.until ? q->o.until : "now");
	return EXIT_DONE;
}

static int report_read_class(struct request *q)
{
	if (!q->o.class || !q->policy)
		return EXIT_DONE;
	for (size_t i = 0; i < q->policy->classes.n; i++)
		if (!strcmp(q->policy->classes.items[i]->name, q->o.class))
			q->query.class = q->policy->classes.items[i];
	if (!q->query.class)
		return usage_error(q->program, "the policy has no class %.40s",
				   q->o.class);
	return EXIT_DONE;
}

static int read_rest(struct request *q)
{
	struct report_query *w = &q->query;
	struct fault f = { 0 };
	int error;

	w->top = q->o.top;
	w->port = q->o.port;
	w->clause = q->o.clause;
	if (!q->o.pseudonyms)
		return EXIT_DONE;
	w->pseudonyms = &q->pseudonyms;
	error = pseudonyms_read(&q->pseudonyms, q->o.pseudonyms, &f);
	return error ? fault_say(&f, error) : EXIT_DONE;
}

static int read_query(struct request *q)
{
	int code = request_read_period(q);

	if (!code && q->o.source &&
	    !report_query_source(&q->query, q->o.source))
		code = usage_error(q->program,
				   "\"%.60s\" is not an address of a source",
				   q->o.source);
	if (!code && q->o.policy)
		code = load_good_policy(q->program, q->o.policy, &q->policy);
	if (!code)
		code = report_read_class(q);
	return code ? code : read_rest(q);
}

/* ---- making and writing ---- */

static int report_make_from_store(struct request *q)
{
	struct store *store;
	struct fault f = { 0 };
	int error = store_open(q->o.store, false, &store, &f);

	if (!error)
		error = report_make(store, q->program->arena, &q->query,
				    &q->report, &f);
	store_close(store);
	return error ? fault_say(&f, error) : EXIT_DONE;
}

/* The word of the option that was given; the page and XARF say where to. */
static const char *report_format(struct request *q)
{
	if (q->o.html)
		q->o.output = q->o.html;
	if (q->o.xarf)
		q->o.output = q->o.xarf;
	return q->o.format	? q->o.format :
	       q->o.xarf	? "xarf" :
	       q->o.html	? "html" :
	       q->o.csv		? "csv" :
	       q->program->json ? "json" :
				  "text";
}

static int report_find_writer(struct request *q)
{
	const struct report_writer *w;

	if (q->o.output && (q->o.html || q->o.xarf))
		return usage_error(q->program,
				   "--html and --xarf say where to: not "
				   "with --output");
	w = q->writer = report_writer_named(report_format(q));
	if (w->one_source && !q->o.source)
		return usage_error(q->program, "--format %s needs --source",
				   w->name);
	if (w->write_folder && !q->o.output)
		return usage_error(q->program,
				   "--format %s needs --output, a folder",
				   w->name);
	if (w->write_folder && (!q->o.organisation || !q->o.contact))
		return usage_error(q->program,
				   "--xarf needs --organisation and --contact: "
				   "who reports");
	if (!w->write_folder && (q->o.organisation || q->o.contact))
		return usage_error(q->program,
				   "--organisation and --contact are of XARF, "
				   "not of --format %s",
				   w->name);
	return EXIT_DONE;
}

static int report_write_folder(const struct request *q)
{
	struct report_style style = { .sender = { .org = q->o.organisation,
						  .contact = q->o.contact } };
	struct fault f = { 0 };
	int error =
		q->writer->write_folder(&q->report, &style, q->o.output, &f);

	return error ? fault_say(&f, error) : EXIT_DONE;
}

static int report_write(const struct request *q)
{
	struct report_style style = { .policy = q->policy };
	bool to_file = q->o.output && strcmp(q->o.output, "-");
	struct output o;
	int code, error;

	if (q->writer->write_folder)
		return report_write_folder(q);
	code = output_open(&o, to_file ? q->o.output : NULL);
	if (code)
		return code;
	error = q->writer->write(&q->report, &style, o.file);
	if (!error)
		return output_finish(&o);
	message_say("cannot write the report: %s", strerror(-error));
	output_abandon(&o);
	return EXIT_REFUSED;
}

int report_run(struct program *p, const void *options, int argc, char **argv)
{
	struct request q = { .program = p,
			     .o = *(const struct report_options *)options };
	int code = report_find_writer(&q);

	(void)argc;
	(void)argv;
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

int source_run(struct program *p, const void *options, int argc, char **argv)
{
	struct request q = { .program = p,
			     .o = *(const struct report_options *)options };
	int code;

	(void)argc;
	q.o.source = argv[0];
	code = read_query(&q);
	if (!code)
		code = report_make_from_store(&q);
	if (code)
		return code;
	if (!q.report.top.n && !q.report.findings.n) {
		message_say("%s: nothing is known of it since %s", q.o.source,
			    q.o.since);
		return EXIT_NO;
	}
	q.writer = p->json ? &report_writer_json : &report_writer_source;
	return report_write(&q);
}

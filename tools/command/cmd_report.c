/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reports of a period, and of all that the store has of one source. */
#include "commands.h"
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

#define TOP_DEFAULT  20
#define SINCE	     "7d"
#define SOURCE_SINCE "90d"

struct report_options {
	const char *store, *since, *until, *source, *class, *clause, *policy;
	const char *pseudonyms, *html, *xarf, *organisation, *contact;
	const char *format, *output;
	uint32_t top;
	uint16_t port;
	bool csv;
};

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

static int report_run(struct program *p, const void *options, int argc,
		      char **argv)
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

static int source_run(struct program *p, const void *options, int argc,
		      char **argv)
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

/* ---- the rows ---- */

static const char *report_writer_name(size_t i)
{
	const struct report_writer *w = report_writer_at(i);

	return w ? w->name : NULL;
}

#define PLACE(member) .place = offsetof(struct report_options, member)

#define ROW_UNTIL                                                              \
	.name = "until", .was = 'U', .type = OPTION_TIME, PLACE(until),        \
	.value = "TIME", .hints = "now today yesterday",                       \
	.help = "stop before then; now if not given"

static const struct option_row report_rows[] = {
	{ OPTION_ROW_STORE(struct report_options), .was = 's',
	  .help = "the store to read" },
	{ OPTION_ROW_SINCE(struct report_options), .was = 'S',
	  .help = "begin then; 7d before the end if not given" },
	{ ROW_UNTIL },
	{ .name = "port",
	  .was = 'P',
	  .type = OPTION_PORT,
	  PLACE(port),
	  .value = "PORT",
	  .hints = "25 110 143 465 587 993 995 2525",
	  .help = "only attempts to this port" },
	{ .name = "source",
	  .was = 'a',
	  .type = OPTION_ADDRESS,
	  PLACE(source),
	  .value = "ADDRESS",
	  .help = "only this source" },
	{ .name = "class",
	  .letter = 'c',
	  .type = OPTION_TEXT,
	  PLACE(class),
	  .value = "CLASS",
	  .needs = "policy",
	  .help = "only sources of this class of the policy" },
	{ .name = "clause",
	  .was = 'C',
	  .type = OPTION_TEXT,
	  PLACE(clause),
	  .value = "CLAUSE",
	  .help = "only attempts that this clause blocked, as residential:17" },
	{ OPTION_ROW_POLICY(struct report_options),
	  .help = "the policy that knows classes" },
	{ OPTION_ROW_TOP(struct report_options),
	  .help = "this many sources in each list; 20 if not given" },
	{ .name = "pseudonyms",
	  .was = 'k',
	  .type = OPTION_FILE,
	  PLACE(pseudonyms),
	  .value = "KEY",
	  .help = "pseudonyms for addresses, after the key of this file, which "
		  "is made if it is not there" },
	{ .name = "format",
	  .letter = 'f',
	  .type = OPTION_CHOICE,
	  PLACE(format),
	  .value = "FORMAT",
	  .word = report_writer_name,
	  .one_of = "form",
	  .help = "how it is written; as text if not given" },
	{ .name = "output",
	  .letter = 'o',
	  .type = OPTION_FILE,
	  PLACE(output),
	  .value = "FILE",
	  .help = "write to this file; XARF wants a folder" },
	{ .name = "csv",
	  .type = OPTION_FLAG,
	  PLACE(csv),
	  .one_of = "form",
	  .help = "print CSV" },
	{ .name = "html",
	  .was = 'H',
	  .type = OPTION_FILE,
	  PLACE(html),
	  .value = "FILE",
	  .one_of = "form",
	  .help = "write a page to this file, or to \"-\"" },
	{ .name = "xarf",
	  .was = 'x',
	  .type = OPTION_FOLDER,
	  PLACE(xarf),
	  .value = "FOLDER",
	  .one_of = "form",
	  .help = "write a XARF report for each host into this folder" },
	{ .name = "organisation",
	  .type = OPTION_TEXT,
	  PLACE(organisation),
	  .value = "NAME",
	  .needs = "xarf format",
	  .help = "who reports" },
	{ .name = "contact",
	  .type = OPTION_TEXT,
	  PLACE(contact),
	  .value = "ADDRESS",
	  .needs = "xarf format",
	  .help = "the mail address of who reports" },
	{ OPTION_ROW_QUIET },
	{ OPTION_ROW_JSON, .one_of = "form" },
	{ OPTION_ROW_DEFINE, .needs = "policy" },
	{ 0 }
};

static const struct report_options report_defaults = { .store = STORE_PATH,
						       .since = SINCE,
						       .top = TOP_DEFAULT };

const struct command command_report = {
	.name = "report",
	.summary = "review what was blocked, and who keeps trying",
	.group = GROUP_REVIEW,
	.options = report_rows,
	.options_bytes = sizeof(struct report_options),
	.defaults = &report_defaults,
	.run = report_run,
};

static const struct option_row source_rows[] = {
	{ OPTION_ROW_STORE(struct report_options), .was = 's',
	  .help = "the store to read" },
	{ OPTION_ROW_SINCE(struct report_options), .was = 'S',
	  .help = "begin then; 90d before the end if not given" },
	{ ROW_UNTIL },
	{ OPTION_ROW_JSON },
	{ 0 }
};

static const struct report_options source_defaults = { .store = STORE_PATH,
						       .since = SOURCE_SINCE,
						       .top = 1 };

const struct command command_source = {
	.name = "source",
	.summary = "say everything that is known of one source",
	.group = GROUP_REVIEW,
	.operands = { "ADDRESS", OPTION_ADDRESS, 1, 1,
		      "which source? One address", NULL },
	.options = source_rows,
	.options_bytes = sizeof(struct report_options),
	.defaults = &source_defaults,
	.run = source_run,
};

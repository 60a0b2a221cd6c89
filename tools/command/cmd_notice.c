/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Words for people: a letter to a customer, and the page for the public. */
#include "commands.h"
#include "../notice/notice.h"
#include "../notice/publish.h"
#include "../report/report.h"
#include "../program/when.h"

#include "../../rules/base/arena.h"
#include "../program/message.h"
#include "../option/options.h"
#include "../program/policy_file.h"
#include "../program/program.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define SINCE "30d"

/* Ends the writing to standard output, of which error is the outcome. */
static int notice_finish(FILE *out, int error)
{
	if (!error && !fflush(out) && !ferror(out))
		return EXIT_DONE;
	message_say(error == -ENOMEM ? "out of memory" :
				       "cannot write to standard output");
	clearerr(out);
	return EXIT_REFUSED;
}

static int notice_load_words(const char *language, struct lang **out)
{
	switch (words_load(language, out, fault_say_sentence, NULL)) {
	case 0:
		return EXIT_DONE;
	case -EBADMSG:
		return EXIT_NO;
	case -EINVAL:
		return EXIT_USAGE;
	}
	return EXIT_REFUSED;
}

/* ---- notice ---- */

struct notice_options {
	const char *store, *since, *policy, *lang;
};

struct letter {
	const struct notice_options *options;
	struct program *program;
	struct report_query query;
	struct report report;
	struct policy *policy;
	struct lang *lang;
};

static int make_report(struct letter *l, const char *address)
{
	struct store *store;
	struct fault f = { 0 };
	int error;

	l->query.until_s = when_so_far_s();
	l->query.top = 1;
	if (!when_parse(l->options->since, l->query.until_s - 1,
			&l->query.since_s) ||
	    l->query.since_s >= l->query.until_s)
		return usage_error(l->program,
				   "--since takes a time like " WHEN_WANTED
				   ", not \"%.40s\"",
				   l->options->since);
	if (!report_query_source(&l->query, address))
		return usage_error(l->program,
				   "\"%.60s\" is not an address of a source",
				   address);
	error = store_open(l->options->store, false, &store, &f);
	if (!error)
		error = report_make(store, l->program->arena, &l->query,
				    &l->report, &f);
	store_close(store);
	if (error)
		return fault_say(&f, error);
	if (l->report.top.n)
		return EXIT_DONE;
	message_say("%s: no attempt since %s: there is nothing to write about",
		    address, l->options->since);
	return EXIT_NO;
}

static int write_letter(const struct letter *l)
{
	struct report_style style = { .policy = l->policy, .lang = l->lang };
	struct notice n = notice_of(&l->report, l->policy);

	if (notice_has_reason(&n))
		return notice_finish(
			stdout,
			notice_writer.write(&l->report, &style, stdout));
	message_say("%s: of %llu attempts since %s none was blocked, and "
		    "nothing was found: there is nothing to write about",
		    n.source->name, (unsigned long long)n.source->attempts,
		    l->options->since);
	return EXIT_NO;
}

static int notice_run(struct program *p, const void *options, int argc,
		      char **argv)
{
	struct letter l = { .program = p, .options = options };
	int code = make_report(&l, argv[0]);

	(void)argc;
	if (!code && l.options->policy)
		code = load_good_policy(p, l.options->policy, &l.policy);
	if (!code)
		code = notice_load_words(l.options->lang, &l.lang);
	if (!code)
		code = write_letter(&l);
	words_free(l.lang);
	policy_free(l.policy);
	return code;
}

#define OPTION_ROW_LANG(options)                                               \
	.name = "lang", .letter = 'l', .type = OPTION_TEXT,                    \
	.place = offsetof(options, lang), .value = "LANGUAGE",                 \
	.hints = "en es pt_BR", .help = "write in this language"

static const struct option_row notice_rows[] = {
	{ OPTION_ROW_STORE(struct notice_options), .was = 's',
	  .help = "the store to read" },
	{ OPTION_ROW_SINCE(struct notice_options), .was = 'S',
	  .help = "count from then on; 30d if not given" },
	{ OPTION_ROW_POLICY(struct notice_options),
	  .help = "the policy whose words explain what is blocked" },
	{ OPTION_ROW_LANG(struct notice_options) },
	{ OPTION_ROW_QUIET },
	{ OPTION_ROW_DEFINE, .needs = "policy" },
	{ 0 }
};

static const struct notice_options notice_defaults = { .store = STORE_PATH,
						       .since = SINCE };

const struct command command_notice = {
	.name = "notice",
	.summary = "write to the customer behind a source",
	.group = GROUP_REVIEW,
	.operands = { "ADDRESS", OPTION_ADDRESS, 1, 1,
		      "about which source? One address", NULL },
	.options = notice_rows,
	.options_bytes = sizeof(struct notice_options),
	.defaults = &notice_defaults,
	.run = notice_run,
};

/* ---- publish ---- */

struct publish_options {
	const char *lang, *since;
	bool html, text;
};

static int publish_run(struct program *p, const void *options, int argc,
		       char **argv)
{
	const struct publish_options *o = options;
	struct policy *policy = NULL;
	struct lang *lang = NULL;
	int code = load_good_policy(p, argv[0], &policy);

	(void)argc;
	if (!code)
		code = notice_load_words(o->lang, &lang);
	if (!code)
		code = notice_finish(stdout,
				     publish_write(policy, lang,
						   o->html ? PUBLISH_HTML :
						   p->json ? PUBLISH_JSON :
							     PUBLISH_TEXT,
						   o->since, stdout));
	words_free(lang);
	policy_free(policy);
	return code;
}

static const struct option_row publish_rows[] = {
	{ .name = "html",
	  .was = 'H',
	  .type = OPTION_FLAG,
	  .place = offsetof(struct publish_options, html),
	  .one_of = "form",
	  .help = "write a page" },
	{ .name = "text",
	  .was = 'T',
	  .type = OPTION_FLAG,
	  .place = offsetof(struct publish_options, text),
	  .one_of = "form",
	  .help = "write text, which is the default" },
	{ OPTION_ROW_JSON, .one_of = "form" },
	{ .name = "since",
	  .letter = 's',
	  .was = 'S',
	  .type = OPTION_DATE,
	  .place = offsetof(struct publish_options, since),
	  .value = "DATE",
	  .help = "say since when it is so" },
	{ OPTION_ROW_LANG(struct publish_options) },
	{ OPTION_ROW_QUIET },
	{ OPTION_ROW_DEFINE },
	{ 0 }
};

const struct command command_publish = {
	.name = "publish",
	.summary = "tell the public what is blocked, why, and what to use",
	.group = GROUP_REVIEW,
	.operands = { "POLICY", OPTION_POLICY, 1, 1, "which policy? One file",
		      NULL },
	.options = publish_rows,
	.options_bytes = sizeof(struct publish_options),
	.run = publish_run,
};

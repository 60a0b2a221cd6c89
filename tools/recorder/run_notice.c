/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Words for people: a letter to a customer, and the page for the public. */
#include "runs.h"
#include "../review/review.h"
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

int notice_run(struct program *p, const void *options, int argc, char **argv)
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

/* ---- publish ---- */

int publish_run(struct program *p, const void *options, int argc, char **argv)
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

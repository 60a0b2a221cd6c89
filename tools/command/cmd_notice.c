/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Words for people: a letter to a customer, and the page for the public. */
#include "commands.h"
#include "../notice/notice.h"
#include "../notice/publish.h"
#include "../report/report.h"
#include "../program/when.h"

#include "../../rules/base/arena.h"

#include <errno.h>
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

struct letter {
	struct program *program;
	const char *store, *since, *policy_path, *language;
	struct report_query query;
	struct report report;
	struct policy *policy;
	struct lang *lang;
};

static int make_report(struct letter *l, const char *address)
{
	struct store *store;
	struct fault f;
	int error;

	l->query.until_s = (int64_t)time(NULL);
	l->query.top = 1;
	if (!when_parse(l->since, l->query.until_s, &l->query.since_s) ||
	    l->query.since_s >= l->query.until_s)
		return usage_error(l->program,
				   "--since takes a time like " WHEN_WANTED
				   ", not \"%.40s\"",
				   l->since);
	if (!report_query_source(&l->query, address))
		return usage_error(l->program,
				   "\"%.60s\" is not an address of a source",
				   address);
	error = store_open(l->store, false, &store, &f);
	if (!error)
		error = report_make(store, l->program->arena, &l->query,
				    &l->report, &f);
	store_close(store);
	if (error)
		return fault_say(&f, error);
	if (l->report.top.n)
		return EXIT_DONE;
	message_say("%s: no attempt since %s: there is nothing to write about",
		    address, l->since);
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
		    l->since);
	return EXIT_NO;
}

int cmd_notice(struct program *p, int argc, char **argv)
{
	struct letter l = { .program = p, .store = STORE_PATH, .since = SINCE };
	const struct option_row rows[] = {
		{ "store", 's', NULL, &l.store, NULL },
		{ "since", 'S', NULL, &l.since, NULL },
		{ "policy", 'p', NULL, &l.policy_path, NULL },
		{ "lang", 'l', NULL, &l.language, NULL },
		{ "quiet", 'q', &p->quiet, NULL, NULL },
	};
	int first = read_options(p, argc, argv, rows, 5), code;

	if (first < 0)
		return options_code(p);
	if (first != argc - 1)
		return usage_error(p, "about which source? One address");
	code = make_report(&l, argv[first]);
	if (!code && l.policy_path)
		code = load_good_policy(p, l.policy_path, &l.policy);
	if (!code)
		code = notice_load_words(l.language, &l.lang);
	if (!code)
		code = write_letter(&l);
	words_free(l.lang);
	policy_free(l.policy);
	return code;
}

/* ---- publish ---- */

int cmd_publish(struct program *p, int argc, char **argv)
{
	const char *language = NULL, *since = NULL;
	bool html = false, text = false;
	const struct option_row rows[] = {
		{ "lang", 'l', NULL, &language, NULL },
		{ "since", 'S', NULL, &since, NULL },
		{ "html", 'H', &html, NULL, NULL },
		{ "text", 'T', &text, NULL, NULL },
		{ "json", 'j', &p->json, NULL, NULL },
		{ "quiet", 'q', &p->quiet, NULL, NULL },
	};
	int first = read_options(p, argc, argv, rows, 6), code;
	struct policy *policy = NULL;
	struct lang *lang = NULL;

	if (first < 0)
		return options_code(p);
	if (first != argc - 1)
		return usage_error(p, "which policy? One file");
	if (html + text + p->json > 1)
		return usage_error(p, "--html, --text or --json: one of them");
	code = load_good_policy(p, argv[first], &policy);
	if (!code)
		code = notice_load_words(language, &lang);
	if (!code)
		code = notice_finish(stdout,
				     publish_write(policy, lang,
						   html	   ? PUBLISH_HTML :
						   p->json ? PUBLISH_JSON :
							     PUBLISH_TEXT,
						   since, stdout));
	words_free(lang);
	policy_free(policy);
	return code;
}

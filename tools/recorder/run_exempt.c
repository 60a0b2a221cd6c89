/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The book of exemptions, for the program that loads rules: it asks for the
 * members of the classes, a line each.
 */
#include "runs.h"
#include "../exempt/exempt_run.h"
#include "../../rules/base/arena.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- what is loaded with rules ---- */

/* "member exempt.v4 FIRST LAST MILLISECONDS", 0: it stays */
static void book_print_members(const char *class, int family,
			       const struct set_members *m)
{
	char first[RANGE_TEXT_MAX], last[RANGE_TEXT_MAX];
	size_t n = family == 4 ? m->v4.n : m->v6.n;

	printf("set %s.v%d\n", class, family);
	for (size_t i = 0; i < n; i++) {
		if (family == 4) {
			addr4_print(first, m->v4.items[i].first);
			addr4_print(last, m->v4.items[i].last);
		} else {
			addr6_print(first, &m->v6.items[i].first);
			addr6_print(last, &m->v6.items[i].last);
		}
		printf("member %s %s %llu\n", first, last,
		       (unsigned long long)m->timeouts_ms[i]);
	}
}

static int book_print_class(struct exempt_work *w, const char *class,
			    struct fault *f)
{
	struct set_members members;
	int error = 0;

	for (int family = 4; family <= 6 && !error; family += 2) {
		error = exempt_members(w, class, family, &members, f);
		if (!error)
			book_print_members(class, family, &members);
	}
	return error;
}

static int book_print_all(struct exempt_work *w, struct fault *f)
{
	struct words classes = { 0 };
	int error = book_classes(w->book, &classes, f);

	for (size_t i = 0; i < classes.n && !error; i++)
		error = book_print_class(w, classes.items[i].text, f);
	for (size_t i = 0; i < w->diags->n; i++)
		printf("note %s\n", w->diags->items[i].message);
	if (!error)
		printf("policy %lld %s\nend\n", (long long)w->policy.most_s,
		       w->policy.judged);
	return error;
}

static int run_book(struct program *p, const void *options, int argc,
		    char **argv)
{
	struct diags diags = { .arena = p->arena };
	struct exempt_work w = { .arena = p->arena,
				 .who = exempt_who(p->arena),
				 .why = "",
				 .diags = &diags,
				 .kernel.link.fd = -1 };
	struct exempt_syncs syncs = { 0 };
	struct book_policy policy = { 0 };
	struct fault f = { 0 };
	int error = exempt_begin(&w, p, false, &f);

	(void)options;
	if (!error && argc == 1)
		error = book_print_all(&w, &f);
	if (!error && argc == 2)
		error = exempt_sync(&w, true, &syncs, &f);
	if (!error && argc == 5) {
		policy = (struct book_policy){ argv[1], argv[2],
					       strtoll(argv[3], NULL, 10),
					       argv[4] };
		error = exempt_note_policy(&w, &policy, &f);
	}
	exempt_end(&w);
	if (error)
		printf("%s\n", f.text);
	return error ? EXIT_REFUSED : EXIT_DONE;
}

static const struct option_row no_rows[] = { { 0 } };

const struct command command_book = {
	.name = "book",
	.summary =
		"tell the members of the book, make the kernel equal to it, or "
		"note a policy in it",
	.group = GROUP_REVIEW,
	.operands = { "FOLDER [sync|NAME PLACE SECONDS CLASSES]", OPTION_FOLDER,
		      1, 5, "which folder?", NULL },
	.options = no_rows,
	.run = run_book,
};

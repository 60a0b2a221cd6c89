/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Notes for the store and questions to it, by the other program: a line on
 * standard output is the answer, or with another exit code than 0 what is
 * wrong.
 */
#include "runs.h"
#include "../program/fault.h"
#include "../store/store_read.h"
#include "../store/store_write.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define WHO_BYTES 64

/*
 * The user who called sudo, or else the user of the process. A copy: opening
 * the store asks who owns it, and getpwuid() has one answer at a time.
 */
static const char *loaded_note_who(char *out)
{
	const char *name = getenv("SUDO_USER");
	const struct passwd *pw = getpwuid(getuid());

	if (!name || !*name)
		name = pw ? pw->pw_name : "?";
	snprintf(out, WHO_BYTES, "%s", name);
	return out;
}

/* ---- note: what was loaded ---- */

int note_write(const char *path, const struct store_loaded *l, struct fault *f)
{
	struct store *store;
	int error = store_open(path, true, &store, f);

	if (error)
		return error;
	store_begin(store);
	store_add_loaded(store, l);
	error = store_end(store);
	if (error)
		fault_set(f, error, "\"%s\": cannot note what was loaded: %s",
			  path, store_why(store));
	store_close(store);
	return error;
}

static int note_finish(int error, const struct fault *f)
{
	if (error)
		puts(f->text);
	return error ? EXIT_REFUSED : EXIT_DONE;
}

static int note_run(struct program *p, const void *options, int argc,
		    char **argv)
{
	char who[WHO_BYTES];
	const struct store_loaded l = {
		.time_s = (int64_t)time(NULL),
		.policy = argv[1],
		.digest = argv[2],
		.who = loaded_note_who(who),
		.generation = (uint32_t)strtoul(argv[3], NULL, 10),
		.mode = (uint8_t)store_mode_of(argv[4])
	};
	struct fault f = { 0 };

	(void)p;
	(void)options;
	(void)argc;
	return note_finish(note_write(argv[0], &l, &f), &f);
}

static const struct option_row no_rows[] = { { 0 } };

const struct command command_note = {
	.name = "note",
	.operands = { "STORE POLICY DIGEST GENERATION MODE", OPTION_FILE, 5, 5,
		      "which store? It is run by mailwall apply", NULL },
	.options = no_rows,
	.run = note_run,
};

/* ---- facts: findings, and when a monitor last wrote ---- */

struct facts {
	int64_t until_s, last_s;
	unsigned long findings;
};

static void facts_count(void *ctx, const struct store_found *found)
{
	(void)found;
	((struct facts *)ctx)->findings++;
}

static void facts_take_last(void *ctx, const struct store_run *run)
{
	struct facts *facts = ctx;

	if (run->last_s > facts->last_s && run->last_s <= facts->until_s)
		facts->last_s = run->last_s;
}

static int facts_read(const char *path, int64_t since_s, struct facts *out,
		      struct fault *f)
{
	struct store *store;
	int error = store_open(path, false, &store, f);

	if (error)
		return error;
	error = store_findings(store, since_s, out->until_s, facts_count, out);
	if (!error)
		error = store_runs(store, 0, INT64_MAX, facts_take_last, out);
	if (error)
		store_fault(store, "read", f);
	store_close(store);
	return error;
}

static int facts_run(struct program *p, const void *options, int argc,
		     char **argv)
{
	struct facts facts = { .until_s = strtoll(argv[2], NULL, 10) };
	struct fault f = { 0 };
	int error = facts_read(argv[0], strtoll(argv[1], NULL, 10), &facts, &f);

	(void)p;
	(void)options;
	(void)argc;
	if (!error)
		printf("%lu %lld\n", facts.findings, (long long)facts.last_s);
	return note_finish(error, &f);
}

const struct command command_facts = {
	.name = "facts",
	.operands = { "STORE SINCE UNTIL", OPTION_FILE, 3, 3,
		      "which store? It is run by mailwall status", NULL },
	.options = no_rows,
	.run = facts_run,
};

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "options.h"
#include "help.h"
#include "../program/message.h"
#include "../program/when.h"
#include "../../rules/base/arena.h"
#include "../../rules/base/diag.h"
#include "../program/program.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LONG_FIRST 256 /* getopt_long() returns it for the first row */
#define TEXT_SHOWN 512

struct reading {
	struct program *program;
	const struct option_row *rows;
	size_t n;
	void *options;
	bool *given; /* by row */
};

int usage_error(const struct program *p, const char *fmt, ...)
{
	char text[TEXT_SHOWN];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	message_say("%s: %s", p->command->name, text);
	fprintf(stderr, "mailwall help %s says more\n", p->command->name);
	return EXIT_USAGE;
}

static bool options_fail(const struct reading *r, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static bool options_fail(const struct reading *r, const char *fmt, ...)
{
	char text[TEXT_SHOWN];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	usage_error(r->program, "%s", text);
	return false;
}

/* ---- one option ---- */

/* The row whose letter this was in 0.1; NULL: none. */
static const struct option_row *options_had(const struct reading *r, int letter)
{
	for (size_t i = 0; i < r->n && letter; i++)
		if (r->rows[i].was == letter)
			return &r->rows[i];
	return NULL;
}

/* "-S is --since, or -s, since 0.2.0" */
static bool options_moved(const struct reading *r, const struct option_row *row)
{
	if (row->letter)
		return options_fail(r, "-%c is --%s, or -%c, since 0.2.0",
				    row->was, row->name, row->letter);
	return options_fail(r, "-%c is --%s since 0.2.0", row->was, row->name);
}

/* A time where a store is wanted is a habit of 0.1. */
static bool options_is_old_habit(const struct option_row *row,
				 const struct option_row *old, const char *text)
{
	int64_t s;

	return old && row->type == OPTION_FILE && old->type == OPTION_TIME &&
	       when_parse(text, 0, &s) && access(text, F_OK);
}

static bool options_set(struct reading *r, size_t i, int letter,
			const char *text)
{
	const struct option_row *row = &r->rows[i];
	const struct option_row *old = options_had(r, letter);
	const char *wanted;

	if (row->left_out)
		return options_fail(r,
				    "--%s: this mailwall was made small, "
				    "without the store and its pages",
				    row->name);
	if (r->given[i] && !option_repeats(row))
		return options_fail(r, "--%s is given twice", row->name);
	if (text && options_is_old_habit(row, old, text))
		return options_fail(r,
				    "-%c is --%s since 0.2.0, and \"%.40s\" is "
				    "a time: --%s is -%c",
				    letter, row->name, text, old->name,
				    old->letter);
	r->given[i] = true;
	wanted = option_store(r->program, r->options, row, text);
	if (!wanted)
		return true;
	if (old)
		return options_fail(r,
				    "--%s %s, not \"%.60s\"; -%c was --%s "
				    "before 0.2.0, which is -%c now",
				    row->name, wanted, text, letter, old->name,
				    old->letter);
	return options_fail(r, "--%s %s, not \"%.60s\"", row->name, wanted,
			    text);
}

/* ---- what getopt_long() finds ---- */

static bool options_unknown(const struct reading *r, const char *text)
{
	const char *names[64], *near;
	size_t len = strcspn(text, "="), n = 0;

	for (size_t i = 0; i < r->n && n < 64; i++)
		names[n++] = r->rows[i].name;
	near = len > 2 ? nearest_word(text + 2, len - 2, names, n) : NULL;
	if (near)
		return options_fail(r,
				    "%.40s is not an option; did you mean "
				    "--%s?",
				    text, near);
	return options_fail(r, "%.40s is not an option", text);
}

/* optopt is the letter, the row of a flag that was given a value, or 0. */
static bool options_mistake(const struct reading *r, const char *text)
{
	const struct option_row *old = options_had(r, optopt);

	if (old)
		return options_moved(r, old);
	if (optopt >= LONG_FIRST)
		return options_fail(r, "--%s takes no value",
				    r->rows[optopt - LONG_FIRST].name);
	if (optopt && optopt != 'h')
		return options_fail(r, "-%c is not an option", optopt);
	return options_unknown(r, text);
}

static size_t options_row_of(const struct reading *r, int c)
{
	size_t i = 0;

	if (c >= LONG_FIRST)
		return (size_t)(c - LONG_FIRST);
	while (r->rows[i].letter != c)
		i++;
	return i;
}

static bool options_take(struct reading *r, int c, char **argv)
{
	if (c == 'h') {
		help_command(r->program->command, stdout);
		r->program->helped = true;
		return false;
	}
	if (c == ':')
		return options_fail(r, "%s needs a value", argv[optind - 1]);
	if (c == '?')
		return options_mistake(r, argv[optind - 1]);
	return options_set(r, options_row_of(r, c), c < LONG_FIRST ? c : 0,
			   optarg);
}

/* ---- what goes together ---- */

static bool options_in(const char *name, const char *words)
{
	size_t len = strlen(name);

	for (; words; words = strchr(words, ' ')) {
		words += *words == ' ';
		if (!strncmp(words, name, len) &&
		    (!words[len] || words[len] == ' '))
			return true;
	}
	return false;
}

/* "xarf format" as "--xarf or --format" */
static const char *options_list(const struct reading *r, const char *words)
{
	const char *out = "";

	for (size_t len; *words; words += len + (words[len] == ' ')) {
		len = strcspn(words, " ");
		out = arena_printf(r->program->arena, "%s%s--%.*s", out,
				   *out ? " or " : "", (int)len, words);
	}
	return out;
}

static bool options_has_need(const struct reading *r,
			     const struct option_row *row)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->given[i] && options_in(r->rows[i].name, row->needs))
			return true;
	return false;
}

static bool options_fit(const struct reading *r)
{
	for (size_t i = 0; i < r->n; i++) {
		const struct option_row *row = &r->rows[i];

		if (!r->given[i])
			continue;
		if (row->needs && !options_has_need(r, row))
			return options_fail(r, "--%s needs %s", row->name,
					    options_list(r, row->needs));
		for (size_t k = 0; k < i && row->one_of; k++)
			if (r->given[k] && r->rows[k].one_of &&
			    !strcmp(r->rows[k].one_of, row->one_of))
				return options_fail(r, "--%s or --%s, not both",
						    r->rows[k].name, row->name);
	}
	return true;
}

/* ---- all of them ---- */

static struct option *options_longs(const struct reading *r)
{
	struct option *longs =
		arena_alloc(r->program->arena, (r->n + 2) * sizeof(*longs));

	for (size_t i = 0; i < r->n; i++)
		longs[i] = (struct option){ r->rows[i].name,
					    r->rows[i].type == OPTION_FLAG ?
						    no_argument :
						    required_argument,
					    NULL, LONG_FIRST + (int)i };
	longs[r->n] = (struct option){ "help", no_argument, NULL, 'h' };
	return longs;
}

static char *options_letters(const struct reading *r)
{
	char *letters = arena_alloc(r->program->arena, 2 * r->n + 3);
	size_t at = 0;

	letters[at++] = ':';
	letters[at++] = 'h';
	for (size_t i = 0; i < r->n; i++) {
		if (!r->rows[i].letter)
			continue;
		letters[at++] = r->rows[i].letter;
		if (r->rows[i].type != OPTION_FLAG)
			letters[at++] = ':';
	}
	return letters;
}

/* The index of the first operand, or -1 if there is nothing to run. */
static int options_read(struct reading *r, int argc, char **argv)
{
	struct option *longs = options_longs(r);
	char *letters = options_letters(r);
	int c;

	optind = 1;
	while ((c = getopt_long(argc, argv, letters, longs, NULL)) != -1)
		if (!options_take(r, c, argv))
			return -1;
	return options_fit(r) ? optind : -1;
}

static int operands_check(const struct program *p, int argc, char **argv)
{
	const struct operands *o = &p->command->operands;
	size_t n = (size_t)argc, most = o->text ? o->most : 0;

	if (n < o->least)
		return usage_error(p, "%s", o->missing);
	if (n > most && (most || !o->text))
		return usage_error(p, "\"%.40s\" is too much", argv[most]);
	return EXIT_DONE;
}

int command_run(struct program *p, int argc, char **argv)
{
	const struct command *c = p->command;
	size_t n = option_count(c->options);
	struct reading r = { .program = p,
			     .rows = c->options,
			     .n = n,
			     .options = arena_alloc(p->arena,
						    c->options_bytes + 1),
			     .given = arena_alloc(p->arena, n + 1) };
	int first, code;

	if (c->defaults)
		memcpy(r.options, c->defaults, c->options_bytes);
	first = options_read(&r, argc, argv);
	if (first < 0)
		return p->helped ? EXIT_DONE : EXIT_USAGE;
	code = operands_check(p, argc - first, argv + first);
	return code ? code : c->run(p, r.options, argc - first, argv + first);
}

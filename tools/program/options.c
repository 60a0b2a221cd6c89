/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "program.h"
#include "../../rules/base/arena.h"

#include <getopt.h>
#include <stdarg.h>
#include <string.h>

#define ROWS_MOST 24

static const struct command *this_command(const struct program *p)
{
	size_t i = 0;

	while (i < n_commands && strcmp(commands[i].name, p->command))
		i++;
	return &commands[i];
}

int usage_error(const struct program *p, const char *fmt, ...)
{
	const struct command *c;
	char text[256];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	message_say("%s: %s", p->command, text);
	c = this_command(p);
	fprintf(stderr, "usage: mailwall %s %s\n", c->name, c->usage);
	return EXIT_USAGE;
}

int options_code(const struct program *p)
{
	return p->helped ? EXIT_DONE : EXIT_USAGE;
}

void print_command(const struct command *c)
{
	printf("usage: mailwall %s %s\n\n%s\n", c->name, c->usage, c->summary);
}

static void help(struct program *p)
{
	print_command(this_command(p));
	p->helped = true;
}

static bool define(struct program *p, const char *text)
{
	const char *equals = strchr(text, '=');
	size_t len = equals ? (size_t)(equals - text) : 0;
	struct definition *d;

	if (!len || len > 63 ||
	    strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			 "0123456789_") != len) {
		usage_error(p, "-D takes NAME=VALUE, not \"%.60s\"", text);
		return false;
	}
	d = arena_push(p->arena, &p->definitions);
	d->name = arena_strndup(p->arena, text, len);
	d->value = equals + 1;
	return true;
}

/* What make SMALL=1 leaves out. */
static bool is_left_out(const struct option_row *row)
{
#ifdef SMALL
	static const char *const names[] = {
		"store", "keep", "max", "findings", "http", "http-remote"
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(row->name, names[i]))
			return true;
#endif
	(void)row;
	return false;
}

static bool options_take(struct program *p, const struct option_row *row,
			 const char *value)
{
	if (!row)
		return define(p, value);
	if (is_left_out(row)) {
		usage_error(p,
			    "--%s: this mailwall was made small, without the "
			    "store and its pages",
			    row->name);
		return false;
	}
	if (row->flag)
		*row->flag = true;
	else if (row->value)
		*row->value = value;
	else
		*arena_push(p->arena, row->values) = value;
	return true;
}

int read_options(struct program *p, int argc, char **argv,
		 const struct option_row *rows, size_t n_rows)
{
	struct option longs[ROWS_MOST + 2] = { 0 };
	char shorts[2 * ROWS_MOST + 8] = ":h";
	size_t n_longs = 0, at;
	int c;

	if (this_command(p)->definitions)
		strcat(shorts, "D:");
	at = strlen(shorts);
	longs[n_longs++] = (struct option){ "help", no_argument, NULL, 'h' };

	for (size_t i = 0; i < n_rows; i++) {
		longs[n_longs++] =
			(struct option){ rows[i].name,
					 rows[i].flag ? no_argument :
							required_argument,
					 NULL, 256 + (int)i };
		if (!rows[i].letter)
			continue;
		shorts[at++] = rows[i].letter;
		if (!rows[i].flag)
			shorts[at++] = ':';
	}
	optind = 1;
	while ((c = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		const struct option_row *row = NULL;

		if (c == 'h')
			return help(p), -1;
		if (c == ':')
			return usage_error(p, "%s needs a value",
					   argv[optind - 1]),
			       -1;
		if (c == '?' && optopt && optopt < 256)
			return usage_error(p, "-%c is not an option", optopt),
			       -1;
		if (c == '?')
			return usage_error(p, "%s is not an option",
					   argv[optind - 1]),
			       -1;
		for (size_t i = 0; i < n_rows; i++)
			if (c == 256 + (int)i || (c == rows[i].letter && c))
				row = &rows[i];
		if (!options_take(p, row, optarg))
			return -1;
	}
	return optind;
}

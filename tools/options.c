/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "program.h"
#include "../rules/arena.h"

#include <getopt.h>
#include <stdarg.h>
#include <string.h>

#define ROWS_MOST 16

int usage_error(const struct program *p, const char *fmt, ...)
{
	char text[256];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	say("%s: %s", p->command, text);
	for (size_t i = 0; i < n_commands; i++)
		if (!strcmp(commands[i].name, p->command))
			fprintf(stderr, "usage: mailwall %s %s\n", p->command,
				commands[i].usage);
	return EXIT_USAGE;
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

static bool take(struct program *p, const struct option_row *row,
		 const char *value)
{
	if (!row)
		return define(p, value);
	if (row->flag)
		*row->flag = true;
	else
		*row->value = value;
	return true;
}

int read_options(struct program *p, int argc, char **argv,
		 const struct option_row *rows, size_t n_rows)
{
	struct option longs[ROWS_MOST + 1] = { 0 };
	char shorts[2 * ROWS_MOST + 8] = ":D:";
	size_t n_longs = 0, at = strlen(shorts);
	int c;

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

		if (c == ':')
			return usage_error(p, "%s needs a value",
					   argv[optind - 1]),
			       -1;
		if (c == '?')
			return usage_error(p, "%s is not an option",
					   argv[optind - 1]),
			       -1;
		for (size_t i = 0; i < n_rows; i++)
			if (c == 256 + (int)i || (c == rows[i].letter && c))
				row = &rows[i];
		if (!take(p, row, optarg))
			return -1;
	}
	return optind;
}

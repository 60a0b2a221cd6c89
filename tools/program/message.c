/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "message.h"
#include "program.h"
#include "../../rules/base/diag.h"
#include "utf8.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LINE_SHOWN  100 /* bytes of a long line around the mistake */
#define ALIKE_SHOWN 20u /* messages of one kind in a row */

void message_say(const char *fmt, ...)
{
	va_list args;

	fputs("mailwall: ", stderr);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
}

int message_out_of_memory(void)
{
	message_say("out of memory");
	return EXIT_REFUSED;
}

static bool message_tells_pipes;

void message_tell_pipes(void)
{
	message_tells_pipes = true;
}

int message_output_failed(void)
{
	static bool said;

	/* Who reads no further, as head does, knows it. */
	if (!said && (errno != EPIPE || message_tells_pipes))
		message_say("cannot write to standard output: %s",
			    strerror(errno ? errno : EIO));
	said = true;
	clearerr(stdout);
	return EXIT_REFUSED;
}

static const char *line_of(const struct span *span, size_t *len)
{
	const struct source_text *s = span->source;
	const char *start, *end, *last;

	if (span->quote) {
		*len = strlen(span->quote);
		return span->quote;
	}
	if (!s || !s->text)
		return NULL;
	start = s->text + span->offset - (span->column - 1);
	/* A line may be long, and many messages may point into it. */
	last = s->text + span->offset + LINE_SHOWN;
	if (last > s->text + s->len)
		last = s->text + s->len;
	end = memchr(start, '\n', (size_t)(last - start));
	*len = (size_t)((end ? end : last) - start);
	if (*len && start[*len - 1] == '\r')
		--*len;
	return start;
}

static void put_caret(const char *line, size_t from, size_t column, size_t len)
{
	for (size_t i = from; i < column;) {
		size_t n = utf8_clean_length(line + i, column - i);

		/* one column for a character, and for what stands in for it */
		fputc(line[i] == '\t' ? '\t' : ' ', stderr);
		i += n ? n : 1;
	}
	fputc('^', stderr);
	for (size_t i = 1; i < len; i++)
		fputc('~', stderr);
	fputc('\n', stderr);
}

static void put_line(const struct span *span)
{
	size_t len, from = 0, to, column, mark;
	const char *line = line_of(span, &len);

	if (!line || !len || !span->column)
		return;
	column = span->column - 1;
	if (column > len)
		column = len;
	if (column > LINE_SHOWN / 2 && len > LINE_SHOWN)
		from = column - LINE_SHOWN / 2;
	to = len - from > LINE_SHOWN ? from + LINE_SHOWN : len;
	utf8_print(stderr, line + from, to - from);
	fputc('\n', stderr);
	mark = span->len ? span->len : 1;
	if (mark > to - column)
		mark = to - column ? to - column : 1;
	put_caret(line, from, column, mark);
}

static const char *severity_name(enum severity severity)
{
	return severity == SEVERITY_ERROR ? "error" : "warning";
}

static void put_place(const struct span *span)
{
	utf8_puts(stderr, span->source->name);
	fprintf(stderr, ":%u:%u: ", span->line, span->column);
}

static void say_diag(const struct diag *d, bool color)
{
	const char *on =
		d->severity == SEVERITY_ERROR ? "\033[1;31m" : "\033[1;35m";

	if (d->span.source)
		put_place(&d->span);
	fprintf(stderr, "%s%s:%s ", color ? on : "", severity_name(d->severity),
		color ? "\033[0m" : "");
	utf8_puts(stderr, d->message);
	if (d->help) {
		fputs("; ", stderr);
		utf8_puts(stderr, d->help);
	}
	fputc('\n', stderr);
	put_line(&d->span);
	if (d->reference)
		fprintf(stderr, "        (%s)\n", d->reference);
}

/* From the first one on: of one kind, in one text, one after the other. */
static size_t alike(const struct diag *first, size_t most)
{
	size_t n = 1;

	while (n < most && !strcmp(first[n].code, first->code) &&
	       first[n].span.source == first->span.source)
		n++;
	return n;
}

/* A list that is taken for a policy is one mistake, not a million. */
static void say_alike(const struct diag *first, size_t n, bool color)
{
	const struct span *last = &first[n - 1].span;

	for (size_t i = 0; i < n && i < ALIKE_SHOWN; i++)
		say_diag(&first[i], color);
	if (n <= ALIKE_SHOWN)
		return;
	if (last->source)
		put_place(last);
	fprintf(stderr, "this is the last of %zu more like these\n",
		n - ALIKE_SHOWN);
}

void message_diags(const struct diags *diags, bool quiet)
{
	bool color = isatty(STDERR_FILENO);
	size_t hidden = diags->errors + diags->warnings - diags->n;

	for (size_t i = 0, n; i < diags->n; i += n) {
		n = alike(&diags->items[i], diags->n - i);
		if (!quiet || diags->items[i].severity == SEVERITY_ERROR)
			say_alike(&diags->items[i], n, color);
	}
	if (hidden)
		message_say("%zu more mistakes are not shown", hidden);
}

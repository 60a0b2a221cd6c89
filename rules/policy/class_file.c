/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Class files: one member a line. A file may have a million of them, so the
 * plain line is read in one pass and its text is given back at once; only
 * lines that are wrong are copied, for the message.
 */
#include "../base/arena.h"
#include "../text/habit.h"
#include "check.h"
#include "../text/parse.h"

#include <string.h>

#define QUOTE_BYTES   120 /* bytes of a line that a message quotes */
#define LINE_BYTES    13  /* bytes of a line, about */
#define FILE_WARNINGS 10  /* warnings of one kind in one file */

struct class_file {
	struct check *check;
	const char *name;
	const char *at, *end;
	uint32_t line;
	unsigned int warnings;
	struct raw *raw;
	unsigned int order;
};

/* The text goes back before the message is read, so a line is copied. */
static struct span file_span(struct class_file *f, const char *line,
			     const char *word, size_t len)
{
	struct source_text *s = arena_alloc(f->check->arena, sizeof(*s));
	const char *eol = memchr(line, '\n', (size_t)(f->end - line));
	size_t line_len = (size_t)((eol ? eol : f->end) - line);

	s->name = f->name;
	s->order = f->order;
	return (struct span){
		.source = s,
		.line = f->line,
		.column = (uint32_t)(word - line) + 1,
		.len = (uint32_t)len,
		.quote = arena_strndup(f->check->arena, line,
				       line_len < QUOTE_BYTES ? line_len :
								QUOTE_BYTES),
	};
}

/* Tables, quotes and the lists of other programs, by what stands first. */
static const char *file_help(struct check *c, enum addr_error error,
			     const char *word)
{
	const char *habit;

	if (!strncmp(word, "//", 2))
		return "a comment starts with # or ;";
	if (*word == '"' || *word == '\'')
		return "write the address without quotes";
	if (strchr(word, ','))
		return "one member a line; of a table the first column is "
		       "taken "
		       "by: cut -d, -f1 TABLE > FILE";
	if (strchr(word, '|'))
		return "one address, prefix or range a line, without ports and "
		       "directions";
	if (!strcmp(word, "add"))
		return "ipset's words are not read: write the address alone, "
		       "one "
		       "a line";
	habit = habit_help(c->arena, HABIT_MEMBER, word, strlen(word));
	return habit ? habit : addr_help(c->arena, error, word);
}

static void file_error(struct class_file *f, const char *line, const char *word,
		       size_t len, enum addr_error error)
{
	struct check *c = f->check;
	size_t shown = len < 40 ? len : 40;
	struct span at;

	if (c->diags->n >= DIAGS_MAX) { /* only counted from here on */
		diag_error(c->diags, NULL, "bad-member", "-");
		return;
	}
	at = file_span(f, line, word, len);
	if (memchr(word, '\0', len)) {
		diag_error(c->diags, &at, "nul-byte",
			   "a NUL byte: this is not a text file");
		return;
	}
	diag_error(c->diags, &at, "bad-member", "\"%.*s\"%s %s", (int)shown,
		   word, shown < len ? "..." : "", addr_error_text(error))
		->help =
		file_help(c, error, arena_strndup(c->arena, word, len));
}

/* Lists of prefixes to block have ";", our own and most others "#". */
static bool starts_comment(char c)
{
	return c == '#' || c == ';';
}

static bool ends_word(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n' ||
	       starts_comment(c);
}

static const char *skip_blank(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\t' || *p == '\r'))
		p++;
	return p;
}

/* "192.0.2.0 255.255.255.0" is one prefix to who wrote it. */
static const char *too_much_help(struct arena *a, const char *line,
				 const char *word, size_t len)
{
	const char *first = skip_blank(line, word), *end = first;
	const char *mask = NULL;

	while (end < word && !ends_word(*end))
		end++;
	if (len > 4 && len < 16 && !memcmp(word, "255.", 4) &&
	    end - first < 16) {
		mask = arena_printf(a, "%.*s/%.*s", (int)(end - first), first,
				    (int)len, word);
		mask = habit_help(a, HABIT_MEMBER, mask, strlen(mask));
	}
	return mask ? mask : "a comment starts with # or ;";
}

static void file_too_much(struct class_file *f, const char *line,
			  const char *word, size_t len)
{
	struct check *c = f->check;
	struct span at = { 0 };

	if (c->diags->n < DIAGS_MAX)
		at = file_span(f, line, word, len);
	diag_error(c->diags, &at, "bad-member",
		   "\"%.*s\" is too much: one member a line",
		   (int)(len < 40 ? len : 40), word)
		->help = too_much_help(c->arena, line, word, len);
}

/*
 * Nearly every line of a million is an IPv4 address or prefix and nothing
 * else. One pass takes these; whatever is not plainly right is left to the
 * careful way below, which has the words for it.
 */
static bool file_plain_line(struct class_file *f)
{
	const char *p = f->at;
	unsigned int length;
	uint32_t addr, host = 0;

	if (addr4_scan(&p, f->end, &addr))
		return false;
	if (p < f->end && *p == '/') {
		p++;
		if (range_scan_length(&p, f->end, 32, &length))
			return false;
		host = length == 32 ? 0 : UINT32_MAX >> length;
	}
	if ((addr & host) || p == f->end || *p != '\n')
		return false;
	ranges4_push(f->check->arena, &f->raw->v4,
		     (struct range4){ addr, addr | host });
	f->at = p;
	return true;
}

static void file_line(struct class_file *f)
{
	const char *line = f->at, *word = skip_blank(line, f->end);
	const char *p = word;
	struct addr_range range;
	enum addr_error error;

	if (file_plain_line(f))
		return;
	while (p < f->end && !ends_word(*p))
		p++;
	f->at = p;
	if (p == word)
		return;
	error = range_parse(word, (size_t)(p - word), &range);
	if (error) {
		file_error(f, line, word, (size_t)(p - word), error);
		return;
	}
	if (range.host_bits && f->warnings++ < FILE_WARNINGS) {
		struct span at = file_span(f, line, word, (size_t)(p - word));

		warn_host_bits(f->check, &at, word, (size_t)(p - word), &range);
	}
	raw_add(f->check, f->raw, &range);
	p = skip_blank(p, f->end);
	f->at = p;
	if (p < f->end && *p != '\n' && !starts_comment(*p)) {
		while (p < f->end && !ends_word(*p))
			p++;
		file_too_much(f, line, f->at, (size_t)(p - f->at));
	}
}

static void class_file_file_read(struct class_file *f)
{
	ranges4_reserve(f->check->arena, &f->raw->v4,
			(size_t)(f->end - f->at) / LINE_BYTES);
	while (f->at < f->end) {
		const char *eol;

		f->line++;
		file_line(f);
		if (f->at < f->end && *f->at == '\n') {
			f->at++;
			continue;
		}
		eol = memchr(f->at, '\n', (size_t)(f->end - f->at));
		f->at = eol ? eol + 1 : f->end;
	}
}

void class_file_read(struct check *c, const struct word *word, struct raw *raw)
{
	const char *path =
		path_beside(c->arena, word->span.source->name, word->text);
	struct class_file f = { .check = c, .name = path, .raw = raw };
	size_t len, before = raw->v4.n + raw->v6.n;
	size_t errors = c->diags->errors;
	const char *text;
	int error = c->input->read(c->input->ctx, path, &text, &len);

	if (error) {
		diag_error(c->diags, &word->span, "cannot-read",
			   "cannot read \"%s\": %s", path, strerror(-error));
		return;
	}
	f.order = ++c->diags->sources;
	f.at = text;
	f.end = text + len;
	if (len >= 3 && !memcmp(text, "\xef\xbb\xbf", 3))
		f.at += 3; /* a byte order mark */
	class_file_file_read(&f);
	c->input->release(c->input->ctx, text, len);
	if (f.warnings > FILE_WARNINGS)
		diag_warning(c->diags, &word->span, "host-bits",
			     "%u more lines of \"%s\" have host bits set",
			     f.warnings - FILE_WARNINGS, path);
	if (raw->v4.n + raw->v6.n == before && c->diags->errors == errors)
		diag_warning(c->diags, &word->span, "class-empty",
			     "\"%s\" holds no member", path);
}

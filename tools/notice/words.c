/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Texts of a language, filled in and printed. */
#include "words_priv.h"
#include "../program/utf8.h"
#include "../../rules/base/arena.h"
#include "../../rules/base/service.h"

#include <stdio.h>
#include <string.h>

#define COLUMNS 72

const char *words_tag(const struct lang *l)
{
	return l->tag;
}

size_t words_translated(const struct lang *l)
{
	return l->translated;
}

static const char *value_of(const struct words_value *values, const char *name,
			    size_t len)
{
	for (; values && values->name; values++)
		if (strlen(values->name) == len &&
		    !memcmp(values->name, name, len))
			return values->text;
	return NULL;
}

/*
 * The next part of a text: up to a placeholder, or the value of one. Braces
 * come in pairs, which the loader has checked.
 */
static size_t next_part(const char **text, const struct words_value *values,
			const char **part)
{
	size_t len = strcspn(*text, "{");
	const char *value;

	*part = *text;
	if (!len) {
		len = strcspn(*text, "}");
		value = value_of(values, *text + 1, len - 1);
		*text += len + 1;
		if (value)
			*part = value;
		return value ? strlen(value) : len + 1;
	}
	*text += len;
	return len;
}

char *words_text(struct arena *a, const struct lang *l, enum word_key key,
		 const struct words_value *values)
{
	const char *text = l->texts[key], *part;
	char *all = arena_strndup(a, "", 0);

	while (*text) {
		size_t len = next_part(&text, values, &part);

		all = arena_printf(a, "%s%.*s", all, (int)len, part);
	}
	return all;
}

char *words_port(struct arena *a, const struct lang *l, uint16_t port)
{
	const struct service *s = service_by_port(port);
	const char *number = arena_printf(a, "%u", port), *name;

	if (!s)
		return words_text(a, l, WORD_PORT, WORDS({ "port", number }));
	name = l->texts[words_key_of_service(s)];
	return words_text(a, l, WORD_PORT_SERVICE,
			  WORDS({ "port", number },
				{ "service", name ? name : s->purpose }));
}

char *words_instead(struct arena *a, const struct lang *l,
		    const struct service *s)
{
	const char *text = l->texts[words_key_of_offer(s)];

	return text ? arena_strndup(a, text, strlen(text)) :
		      words_port(a, l, s->port);
}

char *words_list(struct arena *a, const struct lang *l,
		 const char *const *items, size_t n)
{
	char *first = arena_strndup(a, "", 0);

	for (size_t i = 0; i + 1 < n; i++)
		first = arena_printf(a, "%s%s%s", first, i ? ", " : "",
				     items[i]);
	if (!n)
		return first;
	return n == 1 ? arena_strndup(a, items[0], strlen(items[0])) :
			words_text(a, l, WORD_LIST_LAST,
				   WORDS({ "first", first },
					 { "last", items[n - 1] }));
}

static void words_put_bytes(FILE *out, const char *text, size_t len,
			    enum words_form form)
{
	for (size_t i = 0; i < len;) {
		size_t n = utf8_length(text + i, len - i);
		const char *instead = NULL;

		if (!n || utf8_is_control(text + i, n))
			instead =
				text[i] == '\t' || text[i] == '\n' ? " " : "?";
		else if (form == WORDS_HTML)
			instead = html_entity((uint8_t)text[i]);
		if (instead)
			fputs(instead, out);
		else
			fwrite(text + i, 1, n, out);
		i += n ? n : 1;
	}
}

void words_put(FILE *out, const char *text, enum words_form form)
{
	if (text)
		words_put_bytes(out, text, strlen(text), form);
}

void words_print(FILE *out, const struct lang *l, enum word_key key,
		 enum words_form form, const struct words_value *values)
{
	const char *text = l->texts[key], *part;

	while (*text) {
		size_t len = next_part(&text, values, &part);

		words_put_bytes(out, part, len, form);
	}
}

/* ---- lines ---- */

/* Counts columns, one for a character: no language here has wide ones. */
static size_t columns(const char *text, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++)
		n += ((unsigned char)text[i] & 0xc0) != 0x80;
	return n;
}

void words_wrap(FILE *out, const char *first, const char *rest,
		const char *text)
{
	size_t column = columns(first, strlen(first));
	bool first_seen = true;

	fputs(first, out);
	for (text += strspn(text, " "); *text; text += strspn(text, " ")) {
		size_t len = strcspn(text, " "), wide = columns(text, len);

		if (!first_seen && column + 1 + wide > COLUMNS) {
			fprintf(out, "\n%s", rest);
			column = columns(rest, strlen(rest));
			first_seen = true;
		}
		if (!first_seen)
			fputc(' ', out);
		words_put_bytes(out, text, len, WORDS_TEXT);
		column += wide + !first_seen;
		first_seen = false;
		text += len;
	}
	fputc('\n', out);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Words to values: numbers, rates, names, addresses of a class. */
#include "check.h"
#include "../text/habit.h"
#include "../base/arena.h"
#include "../base/units.h"

#include <stdlib.h>
#include <string.h>

#define DEFAULT_BURST	5  /* nftables' own default */
#define INTERFACE_BYTES 15 /* IFNAMSIZ without its NUL */

static const char *choice_help(struct arena *a, const char *text,
			       const char *const *table, size_t n)
{
	const char *help = NULL;

	for (size_t i = 0; i < n; i++)
		if (habit_is_case(text, strlen(text), table[i]))
			return arena_printf(a,
					    "write \"%s\": words are in lower "
					    "case",
					    table[i]);
	if (!strcmp(table[0], "forward"))
		help = habit_help(a, HABIT_HOOK, text, strlen(text));
	else if (!strcmp(table[0], "enforce"))
		help = habit_help(a, HABIT_MODE, text, strlen(text));
	return help ? help :
		      did_you_mean(
			      a, text, strlen(text), table, n,
			      arena_printf(a, "write %s",
					   diag_list_words(a, table, n, "or")));
}

/* Returns the index of a word in a table, or -1 after reporting the error. */
int check_choose(struct check *c, const struct word *word,
		 const char *const *table, size_t n, const char *what)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(table[i], word->text))
			return (int)i;
	diag_error(c->diags, &word->span, "unknown-word", "\"%.40s\" is not %s",
		   word->text, what)
		->help = choice_help(c->arena, word->text, table, n);
	return -1;
}

uint32_t check_number(struct check *c, const struct word *word, uint32_t least,
		      uint32_t most, uint32_t otherwise)
{
	uint32_t value;

	if (!word->text)
		return otherwise;
	if (number_parse(word->text, least, most, &value))
		return value;
	diag_error(c->diags, &word->span, "bad-number",
		   "\"%.40s\" is not a number from %u to %u", word->text, least,
		   most);
	return otherwise;
}

static const char *name_help(struct arena *a, const char *text)
{
	char *with = arena_strndup(a, text, strlen(text));

	for (char *p = with; *p; p++)
		*p = *p == '_' || *p == '.' || *p == ' ' ? '-' : *p;
	for (const char *p = with; *p; p++)
		if (!((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') ||
		      (*p >= '0' && *p <= '9' && p > with) ||
		      (*p == '-' && p > with)))
			return "a letter, then letters, digits and -";
	return *text ? arena_printf(a, "write \"%s\"", with) :
		       "a letter, then letters, digits and -";
}

bool check_identifier(struct check *c, const struct word *name,
		      const char *what, size_t most)
{
	const char *p = name->text;
	bool good = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z');

	for (; *p && good; p++)
		good = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') ||
		       (*p >= '0' && *p <= '9') || *p == '-';
	if (strlen(name->text) > most)
		diag_error(c->diags, &name->span, "bad-name",
			   "the %s's name has %zu bytes; %zu is the most", what,
			   strlen(name->text), most);
	else if (!good)
		diag_error(c->diags, &name->span, "bad-name",
			   "\"%s\" cannot name a %s", name->text, what)
			->help = name_help(c->arena, name->text);
	return good && strlen(name->text) <= most;
}

/* "10/min", "10/s": the unit is written out. */
static const char *rate_help(struct arena *a, const char *text)
{
	static const char *const units[] = { "second", "minute", "hour",
					     "day" };
	size_t n = strspn(text, "0123456789");

	for (size_t i = 0; i < 4 && n && text[n] == '/' && text[n + 1]; i++)
		if (text[n + 1] == *units[i] && n < 10 && atoi(text) > 0 &&
		    strcmp(text + n + 1, units[i]))
			return arena_printf(a, "write \"%.*s/%s\"", (int)n,
					    text, units[i]);
	return "a number and a unit: 10/second, 10/minute, 10/hour or 10/day";
}

struct rate check_rate(struct check *c, const struct word *word,
		       const struct word *burst)
{
	struct rate r = { 0 };

	if (!word->text)
		return r;
	if (!rate_parse(word->text, &r.count, &r.unit_s)) {
		diag_error(c->diags, &word->span, "bad-rate",
			   "\"%.40s\" is not a rate", word->text)
			->help = rate_help(c->arena, word->text);
		r.count = r.unit_s = 1;
	}
	r.burst = check_number(c, burst, 1, 1000000, DEFAULT_BURST);
	return r;
}

void raw_add(struct check *c, struct raw *raw, const struct addr_range *r)
{
	if (r->family == 4)
		ranges4_push(c->arena, &raw->v4, r->v4);
	else
		ranges6_push(c->arena, &raw->v6, r->v6);
}

/* "010.0.0.1" to 'write "10.0.0.1"' */
static const char *without_zeros(struct arena *a, const char *text)
{
	char *out = arena_alloc(a, strlen(text) + 1);
	size_t n = 0;

	for (const char *p = text; *p; p++) {
		bool starts = p == text || p[-1] == '.' || p[-1] == '-';

		while (starts && *p == '0' && p[1] >= '0' && p[1] <= '9')
			p++;
		out[n++] = *p;
	}
	return arena_printf(a, "write \"%s\"", out);
}

const char *addr_help(struct arena *a, enum addr_error error, const char *text)
{
	switch (error) {
	case ADDR_EVERYTHING:
		return "write \"any\", the class that is built in";
	case ADDR_BAD_LENGTH:
		return "IPv4 has /1 to /32, IPv6 /1 to /128";
	case ADDR_MAPPED:
		return strchr(text, '.') ?
			       arena_printf(a, "write \"%s\"",
					    strrchr(text, ':') + 1) :
			       "write it as IPv4";
	case ADDR_NOT_ONE:
	case ADDR_OK:
	case ADDR_BACKWARDS:
	case ADDR_MIXED:
		return NULL;
	case ADDR_ZONE:
		return arena_printf(a, "write \"%.*s\"",
				    (int)strcspn(text, "%"), text);
	case ADDR_LEADING_ZERO:
		return without_zeros(a, text);
	}
	return NULL;
}

void warn_host_bits(struct check *c, const struct span *at, const char *text,
		    size_t len, const struct addr_range *r)
{
	char network[RANGE_TEXT_MAX];

	if (r->family == 4)
		range4_print(network, &r->v4);
	else
		range6_print(network, &r->v6);
	diag_warning(c->diags, at, "host-bits",
		     "\"%.*s\" has host bits set and stands for all of %s",
		     (int)len, text, network)
		->help = arena_printf(c->arena,
				      "write \"%s\", or the address without "
				      "its length",
				      network);
}

/* Accepts what the kernel does, without quotes and control characters. */
bool interface_is_good(const char *name, bool wildcard)
{
	size_t len = strlen(name);

	if (wildcard && len && name[len - 1] == '*')
		len--;
	for (size_t i = 0; i < len; i++)
		if (name[i] <= ' ' || name[i] > '~' ||
		    strchr("\"\\/*", name[i]))
			return false;
	return len && len <= INTERFACE_BYTES;
}

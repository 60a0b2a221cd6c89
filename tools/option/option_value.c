/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Values of options, by their type. */
#include "options.h"
#include "definitions.h"
#include "../program/when.h"
#include "../../rules/base/arena.h"
#include "../../rules/base/addr.h"
#include "../../rules/base/units.h"
#include "../../rules/policy/policy.h"
#include "../program/program.h"

#include <stdlib.h>
#include <string.h>

#define SIZE_LEAST ((uint64_t)8 << 20)
#define UNITS_MOST ((uint64_t)1 << 20) /* megabytes or gigabytes */

bool option_repeats(const struct option_row *row)
{
	return row->type == OPTION_TEXTS || row->type == OPTION_INTERFACES ||
	       row->type == OPTION_NUMBERS || row->type == OPTION_DEFINITION;
}

size_t option_count(const struct option_row *rows)
{
	size_t n = 0;

	while (rows && rows[n].name)
		n++;
	return n;
}

static const char *option_number(struct program *p,
				 const struct option_row *row, const char *text,
				 uint32_t *out)
{
	if (number_parse(text, row->least, row->most, out))
		return NULL;
	if (row->most == UINT32_MAX)
		return "takes a number";
	if (!row->least)
		return arena_printf(p->arena, "takes a number up to %u",
				    row->most);
	return arena_printf(p->arena, "takes a number from %u to %u",
			    row->least, row->most);
}

static const char *option_percent(const char *text, uint32_t *out)
{
	char digits[4] = "";
	size_t n = strcspn(text, "%");

	if (n < sizeof(digits) && (!text[n] || !text[n + 1])) {
		memcpy(digits, text, n);
		if (number_parse(digits, 1, 100, out))
			return NULL;
	}
	return "takes a percentage from 1 to 100";
}

/* "256M", "2G": powers of 1024. */
static const char *option_size(const char *text, uint64_t *out)
{
	char *end;
	unsigned long long n = strtoull(text, &end, 10);
	uint64_t unit = *end == 'M' ? (uint64_t)1 << 20 :
			*end == 'G' ? (uint64_t)1 << 30 :
				      0;

	if (*text < '0' || *text > '9' || !unit || end[1] || n > UNITS_MOST ||
	    n * unit < SIZE_LEAST)
		return "takes a size like 256M or 2G, at least 8M";
	*out = n * unit;
	return NULL;
}

/* "takes nft, json or netlink" */
static const char *option_words(struct program *p, const struct option_row *row)
{
	const char *out = "takes ", *word;

	for (size_t i = 0; (word = row->word(i)); i++)
		out = arena_printf(p->arena, "%s%s%s", out,
				   !i		    ? "" :
				   row->word(i + 1) ? ", " :
						      " or ",
				   word);
	return out;
}

static const char *option_choice(struct program *p,
				 const struct option_row *row, const char *text,
				 const char **out)
{
	const char *word;

	for (size_t i = 0; (word = row->word(i)); i++)
		if (!strcmp(word, text)) {
			*out = word;
			return NULL;
		}
	return option_words(p, row);
}

static const char *option_time(const char *text, const char **out)
{
	int64_t s;

	*out = text;
	return when_parse(text, 0, &s) ? NULL :
					 "takes a time like " WHEN_WANTED;
}

static const char *option_date(const char *text, const char **out)
{
	int32_t days;

	*out = text;
	return date_parse(text, &days) ? NULL : "takes a date like 2026-11-24";
}

static const char *option_definition(struct program *p, const char *text)
{
	const char *wrong;

	if (*text != '@')
		return definitions_add(p, text, NULL) ? NULL :
							"takes NAME=VALUE";
	wrong = definitions_read(p, text + 1);
	return wrong ? arena_printf(p->arena, "takes NAME=VALUE, or @FILE; %s",
				    wrong) :
		       NULL;
}

static const char *option_push_number(struct program *p,
				      const struct option_row *row,
				      const char *text, struct numbers *to)
{
	uint32_t number;
	const char *wanted = option_number(p, row, text, &number);

	if (!wanted)
		*arena_push(p->arena, to) = number;
	return wanted;
}

static const char *option_port(const char *text, uint16_t *out)
{
	uint32_t number;

	if (!number_parse(text, 1, 65535, &number))
		return "takes a number from 1 to 65535";
	*out = (uint16_t)number;
	return NULL;
}

/* "127.0.0.1:9525", "[::1]:9525", ":9525": no name that a file is meant by. */
static bool option_is_listen(const char *text)
{
	const char *colon = strrchr(text, ':');
	size_t len = colon ? (size_t)(colon - text) : 0;
	bool closed = len > 1 && *text == '[' && text[len - 1] == ']';
	struct addr6 address;
	uint32_t port;
	int family;

	if (!colon || !number_parse(colon + 1, 0, 65535, &port))
		return false;
	if (!len)
		return true;
	return !addr_parse(text + closed, len - 2 * closed, &family,
			   &address) &&
	       closed == (family == 6);
}

static const char *option_file(const char *text, const char **out)
{
	*out = text;
	return option_is_listen(text) ?
		       "takes a file (an address and a port go with watch "
		       "--http; a file of that name is \"./NAME\")" :
		       NULL;
}

const char *option_store(struct program *p, void *options,
			 const struct option_row *row, const char *text)
{
	char *base = row->shared ? (char *)p : options;
	void *at = base + row->place;

	switch (row->type) {
	case OPTION_FLAG:
		*(bool *)at = true;
		return NULL;
	case OPTION_TEXTS:
	case OPTION_INTERFACES:
		*arena_push(p->arena, (struct texts *)at) = text;
		return NULL;
	case OPTION_CHOICE:
		return option_choice(p, row, text, at);
	case OPTION_TIME:
		return option_time(text, at);
	case OPTION_DATE:
		return option_date(text, at);
	case OPTION_NUMBERS:
		return option_push_number(p, row, text, at);
	case OPTION_NUMBER:
		return option_number(p, row, text, at);
	case OPTION_PORT:
		return option_port(text, at);
	case OPTION_PERCENT:
		return option_percent(text, at);
	case OPTION_SIZE:
		return option_size(text, at);
	case OPTION_DURATION:
		return duration_parse(text, at) ?
			       NULL :
			       "takes a duration like 60s, 24h or 30d";
	case OPTION_DEFINITION:
		return option_definition(p, text);
	case OPTION_FILE:
	case OPTION_POLICY:
	case OPTION_FOLDER:
		return option_file(text, at);
	case OPTION_TEXT:
	case OPTION_ADDRESS:
	case OPTION_LISTEN:
	case OPTION_USER:
	case OPTION_INTERFACE:
	case OPTION_COMMAND:
	case OPTION_TYPES:
		break;
	}
	*(const char **)at = text;
	return NULL;
}

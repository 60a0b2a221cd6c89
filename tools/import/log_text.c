/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses and prefixes as logs write them, and ports that they name. */
#include "../../rules/base/action.h"
#include "../program/utf8.h"
#include "log_priv.h"

#include <strings.h>

/* ---- addresses ---- */

int log_address(struct scan text, struct addr6 *out)
{
	const char *zone = memchr(text.at, '%', scan_left(&text));
	struct addr6 addr;
	int family;

	if (zone && memchr(text.at, ':', (size_t)(zone - text.at)))
		text.end = zone;
	if (addr_parse(text.at, scan_left(&text), &family, &addr))
		return 0;
	*out = addr;
	return family;
}

/* ---- prefixes ---- */

static const char *const stopped[] = {
	"block", "blocked", "drop",    "dropped",   "reject", "rejected",
	"deny",	 "denied",  "discard", "discarded", "drp",    "rej",
};

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool word_says_stopped(const char *word, size_t len)
{
	for (size_t i = 0; i < sizeof(stopped) / sizeof(*stopped); i++)
		if (strlen(stopped[i]) == len &&
		    !strncasecmp(word, stopped[i], len))
			return true;
	return false;
}

/*
 * Prefixes of ours are "residential:17 block" and nothing else: an id that ends
 * in the number of a line, and an action. Returns the action, or ACTION_N.
 */
static enum action log_prefix_own(const struct scan *text)
{
	const char *space = memchr(text->at, ' ', scan_left(text)), *p = space;

	if (!space)
		return ACTION_N;
	for (const char *c = text->at; c < space; c++)
		if (*c < '!' || *c > '~' || strchr("\"\\", *c))
			return ACTION_N;
	while (p > text->at && is_digit(p[-1]))
		p--;
	if (p == space || p - text->at < 2 || p[-1] != ':')
		return ACTION_N;
	return action_by_word(space + 1, (size_t)(text->end - space - 1));
}

static bool prefix_says_stopped(const struct scan *text)
{
	for (const char *p = text->at; p < text->end;) {
		const char *word = p;

		while (p < text->end && is_letter(*p))
			p++;
		if (p > word && word_says_stopped(word, (size_t)(p - word)))
			return true;
		if (p < text->end)
			p++;
	}
	return false;
}

/*
 * Rule names of EdgeOS and VyOS, "[LAN_IN-3001-D]", and of UniFi,
 * "[WAN_LOCAL-D-2147483647]": a letter between hyphens is the verdict (A, D,
 * R).
 */
static bool prefix_letter_says_stopped(const struct scan *text)
{
	const char *p = memchr(text->at, ']', scan_left(text));

	if (!p || *text->at != '[')
		return false;
	if (is_digit(p[-1])) {
		while (is_digit(p[-1]))
			p--;
		p--;
	}
	return p - text->at >= 4 && (*p == ']' || *p == '-') && p[-2] == '-' &&
	       (p[-1] == 'D' || p[-1] == 'R');
}

/* The verdict is of the whole text, the name may be cut. */
void log_prefix(struct scan text, struct log_event *out)
{
	enum action action;

	scan_spaces(&text);
	while (text.end > text.at && text.end[-1] == ' ')
		text.end--;
	action = log_prefix_own(&text);
	out->own = action != ACTION_N && scan_left(&text) < LOG_PREFIX_SIZE;
	if (out->own ? action_may_refuse(action) :
		       prefix_says_stopped(&text) ||
			       prefix_letter_says_stopped(&text))
		out->dropped = true;
	utf8_clean(out->prefix, sizeof(out->prefix), text.at, scan_left(&text));
}

/* ---- ports ---- */

bool log_may_be_ours(const struct scan *line, const char *name,
		     const struct port_bits *ports)
{
	struct scan s = *line;
	bool found = false;

	if (!ports)
		return true;
	while ((s.at = scan_find(&s, name))) {
		int64_t port;

		s.at += strlen(name);
		while (s.at < s.end && (*s.at == ' ' || *s.at == ':'))
			s.at++;
		port = scan_number(&s, 6);
		if (port < 0 || port > UINT16_MAX ||
		    port_is_in(ports, (uint16_t)port))
			return true;
		found = true;
	}
	return !found;
}

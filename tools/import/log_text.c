/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses and prefixes as logs write them, and ports that they name. */
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
	"block",    "blocked", "drop",	 "dropped", "reject",
	"rejected", "deny",    "denied", "discard", "discarded",
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
 * Prefixes of mailwall, "residential:17 block", say it in their last word,
 * because the name of a policy may be any word. Returns that word, or NULL.
 */
static const char *own_verb(const char *prefix)
{
	const char *p = strrchr(prefix, ' ');
	const char *verb = p ? p + 1 : NULL;

	while (p && p > prefix && is_digit(p[-1]))
		p--;
	return p && p > prefix && is_digit(*p) && p[-1] == ':' ? verb : NULL;
}

static bool prefix_says_stopped(const char *prefix)
{
	const char *p = own_verb(prefix);

	for (p = p ? p : prefix; *p;) {
		const char *word = p;

		while (is_letter(*p))
			p++;
		if (p > word && word_says_stopped(word, (size_t)(p - word)))
			return true;
		if (*p)
			p++;
	}
	return false;
}

void log_prefix(struct scan text, struct log_event *out)
{
	scan_spaces(&text);
	while (text.end > text.at && text.end[-1] == ' ')
		text.end--;
	utf8_clean(out->prefix, sizeof(out->prefix), text.at, scan_left(&text));
	if (prefix_says_stopped(out->prefix))
		out->dropped = true;
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

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses and prefixes as logs write them, and ports that they name. */
#include "log_priv.h"

#include <strings.h>

/* ---- addresses ---- */

/* As inet_pton() has it, which wants a NUL: no zero before another digit. */
static bool scan_address4(struct scan *s, uint8_t out[4])
{
	for (int i = 0; i < 4; i++) {
		const char *start;
		int64_t value;

		if (i && !scan_char(s, '.'))
			return false;
		start = s->at;
		value = scan_number(s, 3);
		if (value < 0 || value > 255 ||
		    (*start == '0' && s->at - start > 1))
			return false;
		out[i] = (uint8_t)value;
	}
	return s->at == s->end;
}

/* Of a digit its value and one, of what is none 0. */
static const uint8_t hex[256] = {
	['0'] = 1,  ['1'] = 2,	['2'] = 3,  ['3'] = 4,	['4'] = 5,  ['5'] = 6,
	['6'] = 7,  ['7'] = 8,	['8'] = 9,  ['9'] = 10, ['a'] = 11, ['b'] = 12,
	['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16, ['A'] = 11, ['B'] = 12,
	['C'] = 13, ['D'] = 14, ['E'] = 15, ['F'] = 16,
};

/* Up to four digits; -1 if there are none. */
static int scan_group(struct scan *s)
{
	const char *start = s->at;
	int value = 0, digit;

	for (; s->at < s->end && s->at - start < 4; s->at++) {
		digit = hex[(uint8_t)*s->at];
		if (!digit)
			break;
		value = value << 4 | (digit - 1);
	}
	return s->at == start ? -1 : value;
}

/* RFC 4291, section 2.2 */
static bool scan_address6(struct scan *s, uint8_t out[16])
{
	int n = 0, gap = scan_text(s, "::") ? 0 : -1;

	while (s->at < s->end) {
		struct scan start = *s;
		int group = scan_group(s);

		if (group < 0 || n > 14)
			return false;
		if (scan_peek(s) == '.') {
			if (n > 12 || !scan_address4(&start, out + n))
				return false;
			s->at = s->end;
			n += 4;
			break;
		}
		out[n++] = (uint8_t)(group >> 8);
		out[n++] = (uint8_t)group;
		if (s->at == s->end)
			break;
		if (!scan_char(s, ':') || s->at == s->end)
			return false;
		if (*s->at != ':')
			continue;
		s->at++;
		if (gap >= 0)
			return false;
		gap = n;
	}
	if (gap < 0)
		return n == 16;
	if (n > 14)
		return false;
	memmove(out + 16 - (n - gap), out + gap, (size_t)(n - gap));
	memset(out + gap, 0, (size_t)(16 - n));
	return true;
}

int log_address(struct scan text, struct addr6 *out)
{
	const char *zone;
	uint8_t bytes[16] = { 0 };
	bool v6 = memchr(text.at, ':', scan_left(&text));

	if (v6 && (zone = memchr(text.at, '%', scan_left(&text))))
		text.end = zone;
	if (!(v6 ? scan_address6(&text, bytes) : scan_address4(&text, bytes)))
		return 0;
	memcpy(out->byte, bytes, sizeof(bytes));
	return v6 ? 6 : 4;
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
 * mailwall's "residential:17 block" says it in its last word; the name of a
 * policy may be any word.
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

/* The bytes of a character (RFC 3629), 0 if it is none, or a control. */
static size_t character_len(const struct scan *s)
{
	const uint8_t *p = (const uint8_t *)s->at;
	size_t n = *p < 0xe0 ? 2 : *p < 0xf0 ? 3 : 4;

	if (*p < 0x80)
		return *p >= ' ' && *p != 0x7f;
	if (*p < 0xc2 || *p > 0xf4 || scan_left(s) < n)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	if ((*p == 0xc2 && p[1] < 0xa0) || (*p == 0xe0 && p[1] < 0xa0) ||
	    (*p == 0xed && p[1] > 0x9f) || (*p == 0xf0 && p[1] < 0x90) ||
	    (*p == 0xf4 && p[1] > 0x8f))
		return 0;
	return n;
}

void log_prefix(struct scan text, struct log_event *out)
{
	size_t n = 0;

	scan_spaces(&text);
	while (text.end > text.at && text.end[-1] == ' ')
		text.end--;
	while (text.at < text.end) {
		size_t len = character_len(&text), take = len ? len : 1;

		if (n + take >= sizeof(out->prefix))
			break;
		if (len)
			memcpy(out->prefix + n, text.at, len);
		else
			out->prefix[n] = '?';
		n += take;
		text.at += take;
	}
	out->prefix[n] = '\0';
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

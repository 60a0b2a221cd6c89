/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "addr.h"

#include <arpa/inet.h>

/* ---- text to addresses ---- */

enum addr_error addr4_scan(const char **at, const char *end, uint32_t *out)
{
	const char *p = *at;
	uint32_t addr = 0;

	for (int part = 0; part < 4; part++) {
		unsigned int value = 0;
		const char *start;

		if (part && (p == end || *p++ != '.'))
			return ADDR_NOT_ONE;
		for (start = p; p < end && (unsigned char)(*p - '0') < 10; p++)
			value = value * 10 + (unsigned int)(*p - '0');
		if (p - start > 1 && *start == '0')
			return ADDR_LEADING_ZERO;
		if (p == start || p - start > 3 || value > 255)
			return ADDR_NOT_ONE;
		addr = addr << 8 | value;
	}
	*out = addr;
	*at = p;
	return ADDR_OK;
}

/* The value of each hexadecimal digit plus one; 0 for any other byte. */
static const uint8_t hex[256] = {
	['0'] = 1,  ['1'] = 2,	['2'] = 3,  ['3'] = 4,	['4'] = 5,  ['5'] = 6,
	['6'] = 7,  ['7'] = 8,	['8'] = 9,  ['9'] = 10, ['a'] = 11, ['b'] = 12,
	['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16, ['A'] = 11, ['B'] = 12,
	['C'] = 13, ['D'] = 14, ['E'] = 15, ['F'] = 16,
};

/* Reads up to four digits; -1 if there are none. */
static int addr6_scan_group(const char **at, const char *end)
{
	const char *p = *at;
	int value = 0;

	for (; p < end && p - *at < 4 && hex[(uint8_t)*p]; p++)
		value = value << 4 | (hex[(uint8_t)*p] - 1);
	if (p == *at)
		return -1;
	*at = p;
	return value;
}

/* Bytes of an IPv6 address read so far, and where "::" stands in them. */
struct addr6_text {
	const char *at, *end;
	int n, gap; /* gap: -1 if there is none so far */
	uint8_t byte[16];
};

/* Reads a dotted quad, which may be the last four bytes. */
static bool addr6_scan_quad(struct addr6_text *t)
{
	uint32_t v4;

	if (t->n > 12 || addr4_scan(&t->at, t->end, &v4) || t->at != t->end)
		return false;
	for (int shift = 24; shift >= 0; shift -= 8)
		t->byte[t->n++] = (uint8_t)(v4 >> shift);
	return true;
}

/* Passes the colon between two groups, or the two of the gap. */
static bool addr6_scan_colon(struct addr6_text *t)
{
	if (*t->at++ != ':' || t->at == t->end)
		return false;
	if (*t->at != ':')
		return true;
	if (t->gap >= 0)
		return false;
	t->at++;
	t->gap = t->n;
	return true;
}

static bool addr6_scan_groups(struct addr6_text *t)
{
	while (t->at < t->end) {
		const char *start = t->at;
		int group = addr6_scan_group(&t->at, t->end);

		if (group < 0 || t->n > 14)
			return false;
		if (t->at < t->end && *t->at == '.') {
			t->at = start;
			return addr6_scan_quad(t);
		}
		t->byte[t->n++] = (uint8_t)(group >> 8);
		t->byte[t->n++] = (uint8_t)group;
		if (t->at < t->end && !addr6_scan_colon(t))
			return false;
	}
	return true;
}

/* RFC 4291, section 2.2 */
static enum addr_error addr6_parse(const char *p, const char *end,
				   struct addr6 *out)
{
	struct addr6_text t = { .at = p, .end = end, .gap = -1 };
	size_t behind;

	if (memchr(p, '%', (size_t)(end - p)))
		return ADDR_ZONE;
	if (end - p > 1 && p[0] == ':' && p[1] == ':') {
		t.at += 2;
		t.gap = 0;
	}
	if (!addr6_scan_groups(&t) || (t.gap < 0 ? t.n != 16 : t.n > 14))
		return ADDR_NOT_ONE;
	memcpy(out->byte, t.byte, 16);
	if (t.gap < 0)
		return ADDR_OK;
	behind = (size_t)(t.n - t.gap);
	memset(out->byte + t.gap, 0, (size_t)(16 - t.gap));
	memcpy(out->byte + 16 - behind, t.byte + t.gap, behind);
	return ADDR_OK;
}

enum addr_error addr_parse(const char *text, size_t len, int *family,
			   struct addr6 *out)
{
	const char *end = text + len;
	enum addr_error error;
	uint32_t v4;

	*family = memchr(text, ':', len) ? 6 : 4;
	if (*family == 6)
		return addr6_parse(text, end, out);
	error = addr4_scan(&text, end, &v4);
	if (error)
		return error;
	*out = (struct addr6){ { 0 } };
	addr4_store(out, v4);
	return text == end ? ADDR_OK : ADDR_NOT_ONE;
}

/* ---- addresses to text ---- */

size_t addr_print_byte(char *out, unsigned int value)
{
	size_t n = 0;

	if (value >= 100)
		out[n++] = (char)('0' + value / 100);
	if (value >= 10)
		out[n++] = (char)('0' + value / 10 % 10);
	out[n++] = (char)('0' + value % 10);
	return n;
}

size_t addr4_print(char *out, uint32_t addr)
{
	size_t n = 0;

	for (int shift = 24; shift >= 0; shift -= 8) {
		n += addr_print_byte(out + n, addr >> shift & 0xff);
		if (shift)
			out[n++] = '.';
	}
	out[n] = '\0';
	return n;
}

size_t addr6_print(char *out, const struct addr6 *addr)
{
	inet_ntop(AF_INET6, addr->byte, out, INET6_ADDRSTRLEN);
	return strlen(out);
}

size_t addr_print(char *out, int family, const struct addr6 *addr)
{
	return family == 4 ? addr4_print(out, addr4_load(addr)) :
			     addr6_print(out, addr);
}

size_t addr_print_source(char *out, int family, const struct addr6 *addr)
{
	size_t n = addr_print(out, family, addr);

	if (family == 4)
		return n;
	strcpy(out + n, "/64");
	return n + 3;
}

/* ---- neighbours ---- */

bool addr6_next(struct addr6 *addr)
{
	for (int i = 15; i >= 0; i--)
		if (++addr->byte[i])
			return true;
	return false;
}

bool addr6_prev(struct addr6 *addr)
{
	for (int i = 15; i >= 0; i--)
		if (addr->byte[i]--)
			return true;
	return false;
}

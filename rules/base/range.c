/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "range.h"

#include <string.h>

/* ---- text to a range ---- */

enum addr_error range_scan_length(const char **at, const char *end,
				  unsigned int most, unsigned int *out)
{
	const char *p = *at;
	unsigned int value = 0;

	for (; p < end && (unsigned char)(*p - '0') < 10 && p - *at < 3; p++)
		value = value * 10 + (unsigned int)(*p - '0');
	if (p == *at || value > most)
		return ADDR_BAD_LENGTH;
	*at = p;
	*out = value;
	return value ? ADDR_OK : ADDR_EVERYTHING;
}

/* ::ffff:0:0/96, which no packet carries: RFC 4291, section 2.5.5.2 */
static bool addr6_is_mapped(const struct addr6 *addr)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	return !memcmp(addr->byte, mapped, sizeof(mapped));
}

/* Reads one address, which is a range of one so far. */
static enum addr_error range_parse_end(const char *p, const char *end,
				       struct addr_range *out)
{
	enum addr_error error;
	struct addr6 addr;

	error = addr_parse(p, (size_t)(end - p), &out->family, &addr);
	if (error)
		return error;
	if (out->family == 4) {
		out->v4.first = out->v4.last = addr4_load(&addr);
		return ADDR_OK;
	}
	out->v6.first = out->v6.last = addr;
	return addr6_is_mapped(&addr) ? ADDR_MAPPED : ADDR_OK;
}

static void range4_widen(struct addr_range *r, unsigned int length)
{
	uint32_t host = length == 32 ? 0 : UINT32_MAX >> length;

	r->host_bits = r->v4.first & host;
	r->v4.first &= ~host;
	r->v4.last = r->v4.first | host;
}

static void range6_widen(struct addr_range *r, unsigned int length)
{
	for (unsigned int i = 0; i < 16; i++) {
		unsigned int kept = length > i * 8 ? length - i * 8 : 0;
		uint8_t host = kept >= 8 ? 0 : (uint8_t)(0xff >> kept);

		if (r->v6.first.byte[i] & host)
			r->host_bits = true;
		r->v6.first.byte[i] &= (uint8_t)~host;
		r->v6.last.byte[i] = r->v6.first.byte[i] | host;
	}
}

static enum addr_error range_parse_prefix(const char *text, const char *slash,
					  const char *end,
					  struct addr_range *out)
{
	enum addr_error error = range_parse_end(text, slash, out);
	unsigned int length;

	if (error)
		return error;
	slash++;
	error = range_scan_length(&slash, end, out->family == 4 ? 32 : 128,
				  &length);
	if (slash != end)
		return ADDR_BAD_LENGTH;
	if (error)
		return error;
	if (out->family == 4)
		range4_widen(out, length);
	else
		range6_widen(out, length);
	return ADDR_OK;
}

static enum addr_error range_parse_two(const char *text, const char *dash,
				       const char *end, struct addr_range *out)
{
	struct addr_range last = { 0 };
	enum addr_error error;

	if ((error = range_parse_end(text, dash, out)) ||
	    (error = range_parse_end(dash + 1, end, &last)))
		return error;
	if (out->family != last.family)
		return ADDR_MIXED;
	out->is_range = true;
	if (out->family == 4) {
		out->v4.last = last.v4.last;
		return out->v4.last < out->v4.first ? ADDR_BACKWARDS : ADDR_OK;
	}
	out->v6.last = last.v6.last;
	return memcmp(&out->v6.last, &out->v6.first, 16) < 0 ? ADDR_BACKWARDS :
							       ADDR_OK;
}

enum addr_error range_parse(const char *text, size_t len,
			    struct addr_range *out)
{
	const char *end = text + len, *mark;

	out->host_bits = out->is_range = false;
	if ((mark = memchr(text, '/', len)))
		return range_parse_prefix(text, mark, end, out);
	if ((mark = memchr(text, '-', len)))
		return range_parse_two(text, mark, end, out);
	return range_parse_end(text, end, out);
}

const char *addr_error_text(enum addr_error error)
{
	switch (error) {
	case ADDR_OK:
		return "is fine";
	case ADDR_NOT_ONE:
		return "is not an address, prefix or range";
	case ADDR_BAD_LENGTH:
		return "has a prefix length that does not exist";
	case ADDR_EVERYTHING:
		return "is every address there is";
	case ADDR_BACKWARDS:
		return "is a range that ends before it starts";
	case ADDR_MIXED:
		return "is a range from one address family to the other";
	case ADDR_MAPPED:
		return "is an IPv4 address in IPv6 clothes, which no packet "
		       "carries";
	case ADDR_ZONE:
		return "has a zone, which a packet does not carry";
	case ADDR_LEADING_ZERO:
		return "has a leading zero, which some read as octal";
	}
	return "";
}

/* ---- a range to text ---- */

static size_t range_print_length(char *out, unsigned int length)
{
	size_t n = 0;

	out[n++] = '/';
	n += addr_print_byte(out + n, length);
	out[n] = '\0';
	return n;
}

size_t range4_print(char *out, const struct range4 *r)
{
	uint32_t host = r->first ^ r->last;
	size_t n = addr4_print(out, r->first);

	if (!host)
		return n;
	if (!(host & (host + 1)) && !(r->first & host))
		return n + range_print_length(
				   out + n, (unsigned int)__builtin_clz(host));
	out[n++] = '-';
	return n + addr4_print(out + n, r->last);
}

/* The length of the prefix that is this range, or -1 if it is none. */
static int range6_length(const struct range6 *r)
{
	int length = 0;
	unsigned int i = 0;

	while (i < 16 && r->first.byte[i] == r->last.byte[i])
		i++, length += 8;
	if (i < 16) {
		uint8_t host = r->first.byte[i] ^ r->last.byte[i];

		if ((host & (host + 1)) || (r->first.byte[i] & host))
			return -1;
		length += __builtin_clz(host) - 24;
	}
	for (i++; i < 16; i++)
		if (r->first.byte[i] || r->last.byte[i] != 0xff)
			return -1;
	return length;
}

size_t range6_print(char *out, const struct range6 *r)
{
	size_t n = addr6_print(out, &r->first);
	int length;

	if (range6_is_single(r))
		return n;
	length = range6_length(r);
	if (length >= 0)
		return n + range_print_length(out + n, (unsigned int)length);
	out[n++] = '-';
	return n + addr6_print(out + n, &r->last);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "addr.h"
#include "arena.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

/* ---- text to ranges ---- */

/*
 * Dotted quad only. A million-line class file goes through here: inet_pton()
 * wants a NUL and costs four times as much.
 */
static enum addr_error parse4(const char *p, const char *end, uint32_t *out)
{
	uint32_t addr = 0;

	for (int part = 0; part < 4; part++) {
		unsigned int value = 0, digits = 0;

		if (part && (p == end || *p++ != '.'))
			return ADDR_NOT_ONE;
		for (; p < end && *p >= '0' && *p <= '9'; p++) {
			if (digits && !value)
				return ADDR_LEADING_ZERO;
			value = value * 10 + (unsigned int)(*p - '0');
			if (++digits > 3 || value > 255)
				return ADDR_NOT_ONE;
		}
		if (!digits)
			return ADDR_NOT_ONE;
		addr = addr << 8 | value;
	}
	*out = addr;
	return p == end ? ADDR_OK : ADDR_NOT_ONE;
}

static enum addr_error parse6(const char *p, const char *end, struct addr6 *out)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	char text[INET6_ADDRSTRLEN];
	size_t len = (size_t)(end - p);

	if (memchr(p, '%', len))
		return ADDR_ZONE;
	if (len >= sizeof(text) || memchr(p, '\0', len))
		return ADDR_NOT_ONE;
	memcpy(text, p, len);
	text[len] = '\0';
	if (inet_pton(AF_INET6, text, out->byte) != 1)
		return ADDR_NOT_ONE;
	if (!memcmp(out->byte, mapped, sizeof(mapped)))
		return ADDR_MAPPED;
	return ADDR_OK;
}

static enum addr_error parse_one(const char *p, const char *end,
				 struct addr_range *out)
{
	enum addr_error error;

	/* A family that was decided by the caller's first half stays. */
	if (memchr(p, ':', (size_t)(end - p))) {
		out->family = 6;
		error = parse6(p, end, &out->v6.first);
		out->v6.last = out->v6.first;
	} else {
		out->family = 4;
		error = parse4(p, end, &out->v4.first);
		out->v4.last = out->v4.first;
	}
	return error;
}

static enum addr_error parse_length(const char *p, const char *end,
				    unsigned int most, unsigned int *out)
{
	unsigned int value = 0;

	if (p == end || end - p > 3)
		return ADDR_BAD_LENGTH;
	for (; p < end; p++) {
		if (*p < '0' || *p > '9')
			return ADDR_BAD_LENGTH;
		value = value * 10 + (unsigned int)(*p - '0');
	}
	if (value > most)
		return ADDR_BAD_LENGTH;
	*out = value;
	return value ? ADDR_OK : ADDR_EVERYTHING;
}

static void widen4(struct addr_range *r, unsigned int length)
{
	uint32_t host = length == 32 ? 0 : UINT32_MAX >> length;

	r->host_bits = r->v4.first & host;
	r->v4.first &= ~host;
	r->v4.last = r->v4.first | host;
}

static void widen6(struct addr_range *r, unsigned int length)
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

static enum addr_error parse_prefix(const char *text, const char *slash,
				    const char *end, struct addr_range *out)
{
	enum addr_error error = parse_one(text, slash, out);
	unsigned int length;

	if (error)
		return error;
	error = parse_length(slash + 1, end, out->family == 4 ? 32 : 128,
			     &length);
	if (error)
		return error;
	if (out->family == 4)
		widen4(out, length);
	else
		widen6(out, length);
	return ADDR_OK;
}

static enum addr_error parse_range(const char *text, const char *dash,
				   const char *end, struct addr_range *out)
{
	struct addr_range last = { 0 };
	enum addr_error error;

	if ((error = parse_one(text, dash, out)) ||
	    (error = parse_one(dash + 1, end, &last)))
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

enum addr_error addr_parse(const char *text, size_t len, struct addr_range *out)
{
	const char *end = text + len, *mark;

	out->host_bits = out->is_range = false;
	if ((mark = memchr(text, '/', len)))
		return parse_prefix(text, mark, end, out);
	if ((mark = memchr(text, '-', len)))
		return parse_range(text, mark, end, out);
	return parse_one(text, end, out);
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

/* ---- ranges to text ---- */

static size_t print_u8(char *out, unsigned int value)
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
		n += print_u8(out + n, addr >> shift & 0xff);
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

static size_t print_length(char *out, unsigned int length)
{
	size_t n = 0;

	out[n++] = '/';
	n += print_u8(out + n, length);
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
		return n +
		       print_length(out + n, (unsigned int)__builtin_clz(host));
	out[n++] = '-';
	return n + addr4_print(out + n, r->last);
}

bool range6_is_single(const struct range6 *r)
{
	return !memcmp(&r->first, &r->last, sizeof(r->first));
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
		return n + print_length(out + n, (unsigned int)length);
	out[n++] = '-';
	return n + addr6_print(out + n, &r->last);
}

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

/* ---- lists ---- */

void ranges4_reserve(struct arena *a, struct ranges4 *list, size_t n)
{
	if (list->cap - list->n >= n)
		return;
	list->cap = list->n + n;
	list->items =
		arena_resize(a, list->items, list->cap * sizeof(*list->items));
}

void ranges6_push(struct arena *a, struct ranges6 *list, struct range6 r)
{
	if (list->n == list->cap) {
		list->cap = list->cap ? list->cap * 2 : 16;
		list->items =
			arena_resize(a, list->items, list->cap * sizeof(r));
	}
	list->items[list->n++] = r;
}

static bool sorted4(const struct ranges4 *list)
{
	for (size_t i = 1; i < list->n; i++)
		if (list->items[i].first < list->items[i - 1].first)
			return false;
	return true;
}

/*
 * Least significant digit first, three digits of 11 bits: a shuffled million
 * in 30 ms where qsort() needs 150.
 */
#define DIGIT_BITS 11
#define DIGITS	   (1u << DIGIT_BITS)

/* One digit; false, with nothing moved, if all ranges have the same. */
static bool radix4(const struct range4 *from, struct range4 *to, size_t n,
		   unsigned int shift)
{
	size_t place[DIGITS] = { 0 }, sum = 0;

	for (size_t i = 0; i < n; i++)
		place[from[i].first >> shift & (DIGITS - 1)]++;
	if (place[from[0].first >> shift & (DIGITS - 1)] == n)
		return false;
	for (size_t d = 0; d < DIGITS; d++) {
		size_t count = place[d];

		place[d] = sum;
		sum += count;
	}
	for (size_t i = 0; i < n; i++)
		to[place[from[i].first >> shift & (DIGITS - 1)]++] = from[i];
	return true;
}

static void sort4(struct arena *a, struct ranges4 *list)
{
	struct range4 *other;

	if (sorted4(list))
		return;
	list->cap = list->n;
	other = arena_resize(a, NULL, list->n * sizeof(*other));
	for (unsigned int shift = 0; shift < 32; shift += DIGIT_BITS)
		if (radix4(list->items, other, list->n, shift)) {
			struct range4 *swap = list->items;

			list->items = other;
			other = swap;
		}
	arena_release(a, other);
}

size_t ranges4_merge(struct arena *a, struct ranges4 *list, bool join,
		     struct range4 *example)
{
	size_t kept = 0, overlaps = 0;

	sort4(a, list);
	for (size_t i = 0; i < list->n; i++) {
		struct range4 r = list->items[i];
		struct range4 *last = kept ? &list->items[kept - 1] : NULL;

		if (last && r.first <= last->last) {
			if (!overlaps++ && example)
				*example = r;
			if (r.last > last->last)
				last->last = r.last;
		} else if (last && join && r.first - 1 == last->last) {
			last->last = r.last;
		} else {
			list->items[kept++] = r;
		}
	}
	list->n = kept;
	return overlaps;
}

static int compare6(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct addr6));
}

size_t ranges6_merge(struct arena *a, struct ranges6 *list, bool join,
		     struct range6 *example)
{
	size_t kept = 0, overlaps = 0, sorted = 1;

	(void)a;
	while (sorted < list->n &&
	       compare6(&list->items[sorted - 1], &list->items[sorted]) <= 0)
		sorted++;
	if (sorted < list->n)
		qsort(list->items, list->n, sizeof(*list->items), compare6);
	for (size_t i = 0; i < list->n; i++) {
		struct range6 r = list->items[i];
		struct range6 *last = kept ? &list->items[kept - 1] : NULL;
		struct addr6 before = r.first;

		if (last && compare6(&r.first, &last->last) <= 0) {
			if (!overlaps++ && example)
				*example = r;
			if (compare6(&r.last, &last->last) > 0)
				last->last = r.last;
		} else if (last && join && addr6_prev(&before) &&
			   !compare6(&before, &last->last)) {
			last->last = r.last;
		} else {
			list->items[kept++] = r;
		}
	}
	list->n = kept;
	return overlaps;
}

/*
 * Two merged lists walked side by side. Covering is asked of lists that may
 * touch without being joined, so a range may be covered by several.
 */
bool ranges4_cover(const struct ranges4 *list, const struct ranges4 *all_of)
{
	size_t i = 0;

	for (size_t k = 0; k < all_of->n; k++) {
		uint64_t next = all_of->items[k].first;

		while (next <= all_of->items[k].last) {
			while (i < list->n && list->items[i].last < next)
				i++;
			if (i == list->n || list->items[i].first > next)
				return false;
			next = (uint64_t)list->items[i].last + 1;
		}
	}
	return true;
}

bool ranges6_cover(const struct ranges6 *list, const struct ranges6 *all_of)
{
	size_t i = 0;

	for (size_t k = 0; k < all_of->n; k++) {
		struct addr6 next = all_of->items[k].first;

		while (compare6(&next, &all_of->items[k].last) <= 0) {
			while (i < list->n &&
			       compare6(&list->items[i].last, &next) < 0)
				i++;
			if (i == list->n ||
			    compare6(&list->items[i].first, &next) > 0)
				return false;
			next = list->items[i].last;
			if (!addr6_next(&next))
				return true;
		}
	}
	return true;
}

bool ranges4_meet(const struct ranges4 *a, const struct ranges4 *b,
		  struct range4 *where)
{
	for (size_t i = 0, k = 0; i < a->n && k < b->n;) {
		if (a->items[i].last < b->items[k].first) {
			i++;
		} else if (b->items[k].last < a->items[i].first) {
			k++;
		} else {
			uint32_t fa = a->items[i].first;
			uint32_t fb = b->items[k].first;
			uint32_t la = a->items[i].last, lb = b->items[k].last;

			where->first = fa > fb ? fa : fb;
			where->last = la < lb ? la : lb;
			return true;
		}
	}
	return false;
}

bool ranges6_meet(const struct ranges6 *a, const struct ranges6 *b,
		  struct range6 *where)
{
	for (size_t i = 0, k = 0; i < a->n && k < b->n;) {
		const struct range6 *ra = &a->items[i], *rb = &b->items[k];

		if (compare6(&ra->last, &rb->first) < 0) {
			i++;
		} else if (compare6(&rb->last, &ra->first) < 0) {
			k++;
		} else {
			where->first = compare6(&ra->first, &rb->first) > 0 ?
					       ra->first :
					       rb->first;
			where->last = compare6(&ra->last, &rb->last) < 0 ?
					      ra->last :
					      rb->last;
			return true;
		}
	}
	return false;
}

void ranges4_complement(struct arena *a, const struct ranges4 *of,
			struct ranges4 *out)
{
	uint64_t next = 0;

	for (size_t i = 0; i < of->n; i++) {
		if (of->items[i].first > next)
			ranges4_push(a, out,
				     (struct range4){ (uint32_t)next,
						      of->items[i].first - 1 });
		next = (uint64_t)of->items[i].last + 1;
	}
	if (next <= UINT32_MAX)
		ranges4_push(a, out,
			     (struct range4){ (uint32_t)next, UINT32_MAX });
}

void ranges6_complement(struct arena *a, const struct ranges6 *of,
			struct ranges6 *out)
{
	struct addr6 next = { { 0 } };

	for (size_t i = 0; i < of->n; i++) {
		struct addr6 before = of->items[i].first;

		if (compare6(&of->items[i].first, &next) > 0) {
			addr6_prev(&before);
			ranges6_push(a, out, (struct range6){ next, before });
		}
		next = of->items[i].last;
		if (!addr6_next(&next))
			return;
	}
	struct range6 rest = { .first = next };

	memset(&rest.last, 0xff, sizeof(rest.last));
	ranges6_push(a, out, rest);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "martian.h"

#include "cursor.h"

#include <netinet/in.h>

/* RFC 6890: this network, multicast, the limited broadcast */
static bool ipv4_is_martian(const uint8_t *a)
{
	return a[0] == 0 || a[0] >> 4 == 14 || get32(a) == 0xffffffff;
}

static bool ipv6_is_loopback(const uint8_t *a)
{
	static const uint8_t zero[15];

	return a[15] == 1 && !memcmp(a, zero, sizeof(zero));
}

/* RFC 4291: ::/64 has none and embedded IPv4; ff00::/8 is multicast */
static bool ipv6_is_martian(const uint8_t *a)
{
	static const uint8_t zero[8];

	return a[0] == 0xff ||
	       (!memcmp(a, zero, sizeof(zero)) && !ipv6_is_loopback(a));
}

bool address_is_martian(const uint8_t *a, uint8_t family)
{
	return family == 4 ? ipv4_is_martian(a) : ipv6_is_martian(a);
}

enum scope {
	SCOPE_GLOBAL, /* or of a site: it may be forwarded */
	SCOPE_LINK,
	SCOPE_HOST,
};

static enum scope ipv4_scope(const uint8_t *a)
{
	return a[0] == 127		  ? SCOPE_HOST :
	       a[0] == 169 && a[1] == 254 ? SCOPE_LINK :
					    SCOPE_GLOBAL;
}

static enum scope ipv6_scope(const uint8_t *a)
{
	return ipv6_is_loopback(a)	      ? SCOPE_HOST :
	       a[0] == 0xfe && a[1] >> 6 == 2 ? SCOPE_LINK :
						SCOPE_GLOBAL;
}

static enum scope address_scope(const uint8_t *a, uint8_t family)
{
	return family == 4 ? ipv4_scope(a) : ipv6_scope(a);
}

/*
 * An address of a link or of a host speaks to its like alone: nobody forwards
 * it (RFC 3927, section 2.7; RFC 4291, sections 2.5.3 and 2.5.6).
 */
bool segment_is_martian(const struct segment *s)
{
	const uint8_t *from = s->source.byte, *to = s->destination.byte;

	return address_is_martian(from, s->family) ||
	       address_is_martian(to, s->family) ||
	       address_scope(from, s->family) != address_scope(to, s->family);
}

/* ---- checksums: RFC 1071 ---- */

static uint64_t sum_bytes(const uint8_t *bytes, uint32_t n)
{
	uint64_t sum = 0;

	for (; n > 1; n -= 2, bytes += 2)
		sum += get16(bytes);
	return n ? sum + ((uint64_t)*bytes << 8) : sum;
}

uint16_t ipv4_sum_off(const uint8_t *header, uint32_t n)
{
	if (!get16(header + 10))
		return 0;
	return (uint16_t)(sum_bytes(header, n) % 0xffff);
}

bool moved_explains(struct moved *moved, const struct segment *s,
		    const uint8_t *tcp, uint32_t n, uint16_t off)
{
	uint64_t sum = sum_bytes(tcp, n) + n + IPPROTO_TCP +
		       sum_bytes(s->source.byte, 16) +
		       sum_bytes(s->destination.byte, 16);
	uint64_t *word = &moved->word[off / 64], bit = UINT64_C(1)
						       << (off % 64);

	if (!(tcp[13] & TCP_SYN))
		return *word & bit;
	if (sum % 0xffff != off)
		return false;
	*word |= bit;
	return true;
}

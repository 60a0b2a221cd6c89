/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "frame.h"

#include <string.h>

#define TCP 6

static uint8_t *put16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
	return at + 2;
}

static uint8_t *put32(uint8_t *at, uint32_t value)
{
	return put16(put16(at, value >> 16), value & 0xffff);
}

/* RFC 1071, not yet folded; n is even. */
static uint32_t sum16(uint32_t sum, const uint8_t *bytes, size_t n)
{
	for (size_t i = 0; i < n; i += 2)
		sum += (uint32_t)bytes[i] << 8 | bytes[i + 1];
	return sum;
}

static uint16_t sum_fold(uint32_t sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

/* Addresses from RFC 7042's range for documentation. */
static uint8_t *put_ethernet(uint8_t *at, const struct event *e)
{
	static const uint8_t outwards[12] = { 0x00, 0x00, 0x5e, 0x00,
					      0x53, 0x01, 0x00, 0x00,
					      0x5e, 0x00, 0x53, 0x02 };
	bool reply = event_is_reply(e);

	memcpy(at, outwards + (reply ? 6 : 0), 6);
	memcpy(at + 6, outwards + (reply ? 0 : 6), 6);
	return put16(at + 12, e->ipv6 ? 0x86dd : 0x0800);
}

static uint8_t *put_ip4(uint8_t *at, const struct event *e, size_t n)
{
	uint8_t *p = at;

	p = put16(p, 0x4500);
	p = put16(p, (uint32_t)(20 + n));
	p = put16(p, e->seq & 0xffff); /* identification */
	p = put16(p, 0x4000);	       /* do not fragment */
	p = put16(p, 63 << 8 | TCP);
	p = put16(p, 0);
	p = put32(p, e->source);
	p = put32(p, e->destination);
	put16(at + 10, sum_fold(sum16(0, at, 20)));
	return p;
}

static uint8_t *put_ip6(uint8_t *at, const struct event *e, size_t n)
{
	uint8_t *p = at;

	p = put32(p, 0x60000000);
	p = put16(p, (uint32_t)n);
	p = put16(p, TCP << 8 | 63);
	event_address6(e->source, p);
	event_address6(e->destination, p + 16);
	return p + 32;
}

static uint8_t *put_tcp(uint8_t *at, const struct event *e, size_t n)
{
	uint8_t *p = at;

	p = put16(p, e->sport);
	p = put16(p, e->dport);
	p = put32(p, e->seq);
	p = put32(p, e->ack);
	p = put16(p, (uint32_t)n / 4 << 12 | e->flags);
	p = put16(p, e->flags & EVENT_RST ? 0 : 64240);
	p = put32(p, 0); /* checksum, urgent pointer */
	if (n > 20)
		p = put32(p, 0x020405b4); /* segments of 1460 bytes */
	return p;
}

size_t frame_build(const struct event *e, enum frame_link link, uint8_t *bytes)
{
	size_t n = e->flags & EVENT_SYN ? 24 : 20;
	uint8_t *p = bytes, *addresses, *tcp;
	uint32_t sum;

	if (link == FRAME_ETHERNET)
		p = put_ethernet(p, e);
	tcp = e->ipv6 ? put_ip6(p, e, n) : put_ip4(p, e, n);
	addresses = tcp - (e->ipv6 ? 32 : 8);
	p = put_tcp(tcp, e, n);
	sum = sum16(TCP + (uint32_t)n, addresses, (size_t)(p - addresses));
	put16(tcp + 16, sum_fold(sum));
	return (size_t)(p - bytes);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packets for an engine: IP and TCP, or an ICMP error that quotes them, bare or
 * as NFLOG hands them over. Checksums are zero: nobody asks for them.
 */
#ifndef MAILWALL_PACKET_H
#define MAILWALL_PACKET_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "../../plugin/decode/decode.h"

#define PACKET_MOST 1024

struct packet_of {
	uint8_t family; /* 0 is 4 */
	uint32_t source, destination;
	uint16_t source_port, destination_port;
	uint32_t seq, ack;
	uint8_t flags;
	const void *payload;
	uint16_t payload_len;
	bool unreachable;   /* quoted by an ICMP error */
	const char *prefix; /* NFLOG; NULL: bare */
};

static inline void packet16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static inline void packet32(uint8_t *at, uint32_t value)
{
	packet16(at, value >> 16);
	packet16(at + 2, value);
}

/* An IPv6 address has a /32 for each /16, and a /64 for each address. */
static inline void packet_address6(uint8_t *at, uint32_t address)
{
	memset(at, 0, 16);
	packet16(at, 0x2001);
	packet16(at + 2, address >> 16);
	packet16(at + 6, address);
	at[15] = 1;
}

static inline size_t packet_ip(uint8_t *at, const struct packet_of *p,
			       uint8_t protocol, size_t len)
{
	if (p->family != 6) {
		memset(at, 0, 20);
		at[0] = 0x45;
		packet16(at + 2, (uint32_t)(20 + len));
		at[8] = 64;
		at[9] = protocol;
		packet32(at + 12, p->source);
		packet32(at + 16, p->destination);
		return 20;
	}
	memset(at, 0, 8);
	at[0] = 0x60;
	packet16(at + 4, (uint32_t)len);
	at[6] = protocol == 1 ? 58 : protocol;
	at[7] = 64;
	packet_address6(at + 8, p->source);
	packet_address6(at + 24, p->destination);
	return 40;
}

static inline size_t packet_tcp(uint8_t *at, const struct packet_of *p)
{
	size_t ip = packet_ip(at, p, 6, 20u + p->payload_len);
	uint8_t *tcp = at + ip;

	memset(tcp, 0, 20);
	packet16(tcp, p->source_port);
	packet16(tcp + 2, p->destination_port);
	packet32(tcp + 4, p->seq);
	packet32(tcp + 8, p->ack);
	tcp[12] = 0x50;
	tcp[13] = p->flags;
	if (p->payload_len)
		memcpy(tcp + 20, p->payload, p->payload_len);
	return ip + 20 + p->payload_len;
}

/* The error comes from where the packet went. */
static inline size_t packet_unreachable(uint8_t *at, const struct packet_of *p)
{
	uint8_t quoted[PACKET_MOST];
	size_t n = packet_tcp(quoted, p), ip;
	struct packet_of back = *p;

	back.source = p->destination;
	back.destination = p->source;
	ip = packet_ip(at, &back, 1, 8 + n);
	memset(at + ip, 0, 8);
	at[ip] = p->family == 6 ? 1 : 3;
	at[ip + 1] = p->family == 6 ? 4 : 1;
	memcpy(at + ip + 8, quoted, n);
	return ip + 8 + n;
}

/* An attribute: length and type as this machine has them, filled up to 4. */
static inline size_t packet_attribute(uint8_t *at, uint16_t type,
				      const void *bytes, size_t len)
{
	uint16_t head[2] = { (uint16_t)(4 + len), type };

	memset(at, 0, (4 + len + 3) & ~(size_t)3);
	memcpy(at, head, 4);
	memcpy(at + 4, bytes, len);
	return (4 + len + 3) & ~(size_t)3;
}

static inline size_t packet_nflog(uint8_t *at, const struct packet_of *p,
				  const uint8_t *ip, size_t len)
{
	size_t n = 4;

	memset(at, 0, 4);
	at[0] = p->family == 6 ? 10 : 2;
	n += packet_attribute(at + n, 10, p->prefix, strlen(p->prefix) + 1);
	return n + packet_attribute(at + n, 9, ip, len);
}

/* bytes: 2 * PACKET_MOST of them; payload: 512 bytes at most. */
static inline struct frame packet_frame(const struct packet_of *p,
					int64_t time_us, uint8_t input,
					uint8_t *bytes)
{
	struct frame f = { .data = bytes, .time_us = time_us, .input = input };
	uint8_t ip[PACKET_MOST];
	size_t n =
		p->unreachable ? packet_unreachable(ip, p) : packet_tcp(ip, p);

	f.link = p->prefix ? LINK_NFLOG : LINK_RAW;
	if (p->prefix)
		n = packet_nflog(bytes, p, ip, n);
	else
		memcpy(bytes, ip, n);
	f.caplen = f.len = (uint32_t)n;
	return f;
}

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * captures FILE mixed BYTES
 * captures FILE syns COUNT SOURCES SECONDS
 *
 * Captures to read, the same with every run. Mixed is what an access network
 * carries, Ethernet with a tag here and there, IPv4 and IPv6, one packet in a
 * hundred the SYN of a mail connection; a smaller one is the beginning of a
 * larger one. Syns is nothing else: COUNT attempts of SOURCES customers to
 * servers in many networks, evenly over SECONDS; SOURCES 0 is a new forged
 * source for each. Prints how many packets there are, and how many SYNs.
 *
 * Checksums of TCP and UDP are not right: nobody here looks at them.
 */
#include "../detect/chance.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define START_S	   1767571200 /* 2026-01-05 */
#define FRAME_MOST 1514	      /* without a tag */
#define SERVERS	   (1 << 16)
#define SYN	   0x02
#define ACK	   0x10
#define PSH_ACK	   0x18

struct record {
	uint32_t seconds, microseconds, caplen, len;
};

static FILE *out;
static struct chance seed = { 25 };
static uint64_t written, packets, syns;
static uint8_t noise[FRAME_MOST];

static uint32_t below(uint32_t n)
{
	return chance_below(&seed, n);
}

static bool happens(uint32_t per_thousand)
{
	return below(1000) < per_thousand;
}

/* ---- a frame ---- */

struct packet {
	bool ipv6, tagged;
	uint8_t protocol, flags;
	uint32_t source, destination; /* of IPv6 the last four bytes */
	uint16_t source_port, destination_port;
	uint32_t len; /* of the frame without a tag */
};

static void put16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void put32(uint8_t *at, uint32_t value)
{
	put16(at, value >> 16);
	put16(at + 2, value);
}

static void put_checksum(uint8_t *ip)
{
	uint32_t sum = 0;

	for (int i = 0; i < 20; i += 2)
		sum += (uint32_t)(ip[i] << 8 | ip[i + 1]);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	put16(ip + 10, ~sum);
}

static uint8_t *put_ethernet(uint8_t *at, const struct packet *p)
{
	memset(at, 0, 14);
	at[0] = at[6] = 2;
	at[5] = 1;
	at += 12;
	if (p->tagged) {
		put16(at, 0x8100);
		put16(at + 2, 100);
		at += 4;
	}
	put16(at, p->ipv6 ? 0x86dd : 0x0800);
	return at + 2;
}

static uint8_t *put_ipv4(uint8_t *at, const struct packet *p, uint32_t len)
{
	memset(at, 0, 20);
	at[0] = 0x45;
	put16(at + 2, len);
	put16(at + 4, (uint32_t)chance_next(&seed));
	at[6] = 0x40;
	at[8] = 64;
	at[9] = p->protocol;
	put32(at + 12, p->source);
	put32(at + 16, p->destination);
	put_checksum(at);
	return at + 20;
}

static uint8_t *put_ipv6(uint8_t *at, const struct packet *p, uint32_t len)
{
	memset(at, 0, 40);
	at[0] = 0x60;
	put16(at + 4, len - 40);
	at[6] = p->protocol;
	at[7] = 64;
	put32(at + 8, 0x20010db8);
	put32(at + 12, p->source);
	at[23] = 1;
	put32(at + 24, 0x2a000000 | (p->destination >> 16 & 0xff));
	put32(at + 36, p->destination);
	return at + 40;
}

static uint8_t *put_tcp(uint8_t *at, const struct packet *p)
{
	uint32_t options = p->flags & SYN ? 20 : 12;

	memset(at, 0, 20 + options);
	put16(at, p->source_port);
	put16(at + 2, p->destination_port);
	put32(at + 4, (uint32_t)chance_next(&seed));
	if (p->flags & ACK)
		put32(at + 8, (uint32_t)chance_next(&seed));
	at[12] = (uint8_t)((20 + options) / 4 << 4);
	at[13] = p->flags;
	put16(at + 14, 64240);
	memset(at + 20, 1, options); /* no-operation */
	if (p->flags & SYN)
		memcpy(at + 20, "\x02\x04\x05\xb4", 4);
	return at + 20 + options;
}

static uint8_t *put_udp(uint8_t *at, const struct packet *p, uint32_t len)
{
	put16(at, p->source_port);
	put16(at + 2, p->destination_port);
	put16(at + 4, len);
	put16(at + 6, 0);
	return at + 8;
}

static void write_all(const void *bytes, size_t len)
{
	if (fwrite(bytes, 1, len, out) != len) {
		perror("captures");
		exit(3);
	}
	written += len;
}

static void write_frame(int64_t time_us, const uint8_t *frame, size_t len)
{
	struct record r = { START_S + (uint32_t)(time_us / 1000000),
			    (uint32_t)(time_us % 1000000), (uint32_t)len,
			    (uint32_t)len };

	write_all(&r, sizeof(r));
	write_all(frame, len);
	packets++;
}

/* TLS, QUIC or an echo, as far as the first bytes go, then noise. */
static void put_payload(uint8_t *at, const uint8_t *end, const struct packet *p)
{
	if (at >= end)
		return;
	memcpy(at, noise, (size_t)(end - at));
	if (p->protocol == IPPROTO_TCP && end - at > 5) {
		memcpy(at, "\x17\x03\x03", 3);
		put16(at + 3, (uint32_t)(end - at - 5));
	} else if (p->protocol == IPPROTO_UDP) {
		at[0] = 0x40;
	} else {
		put16(at, 0x0800);
	}
}

static void write_packet(int64_t time_us, const struct packet *p)
{
	uint8_t frame[FRAME_MOST + 4], *at = put_ethernet(frame, p);
	const uint8_t *end = frame + p->len + (p->tagged ? 4 : 0);
	uint32_t len = (uint32_t)(end - at);

	at = p->ipv6 ? put_ipv6(at, p, len) : put_ipv4(at, p, len);
	if (p->protocol == IPPROTO_TCP)
		at = put_tcp(at, p);
	else if (p->protocol == IPPROTO_UDP)
		at = put_udp(at, p, (uint32_t)(end - at));
	put_payload(at, end, p);
	write_frame(time_us, frame, (size_t)(end - frame));
	syns += p->protocol == IPPROTO_TCP && (p->flags & (SYN | ACK)) == SYN &&
		p->destination_port != 443;
}

static void write_header(void)
{
	const uint32_t header[6] = { 0xa1b2c3d4, 2 | 4 << 16, 0, 0, 262144, 1 };

	write_all(header, sizeof(header));
}

/* ---- mixed ---- */

static uint16_t mail_port(void)
{
	static const uint16_t ports[] = { 25,  25,  25,	 25,  25,
					  587, 465, 143, 993, 995 };

	return ports[below(10)];
}

static uint32_t customer(uint32_t n)
{
	return (100u << 24 | 64 << 16) + n; /* 100.64.0.0/10 */
}

static uint32_t server(uint32_t n)
{
	uint32_t h = (uint32_t)chance_hash(n);

	return (16 + (h >> 24) % 80) << 24 | (h & 0xffffff);
}

static const struct kind {
	uint32_t share; /* of a thousand packets */
	uint8_t protocol, flags;
	bool down;	      /* to the customer */
	uint16_t port;	      /* of the server; 0: a mail port */
	uint32_t least, most; /* bytes of payload, as far as a frame has room */
} kinds[] = {
	{ 10, IPPROTO_TCP, SYN, false, 0, 0, 0 },
	{ 380, IPPROTO_TCP, ACK, true, 443, 1448, 1448 },
	{ 290, IPPROTO_TCP, ACK, false, 443, 0, 0 },
	{ 80, IPPROTO_TCP, PSH_ACK, true, 443, 80, 1200 },
	{ 50, IPPROTO_TCP, PSH_ACK, false, 443, 50, 900 },
	{ 10, IPPROTO_TCP, SYN, false, 443, 0, 0 },
	{ 100, IPPROTO_UDP, 0, true, 443, 1250, 1250 },
	{ 50, IPPROTO_UDP, 0, false, 443, 30, 60 },
	{ 25, IPPROTO_UDP, 0, true, 53, 60, 300 },
	{ 5, IPPROTO_ICMP, 0, false, 0, 64, 64 },
};

static const struct kind *draw_kind(void)
{
	uint32_t at = below(1000), i = 0;

	while (at >= kinds[i].share)
		at -= kinds[i++].share;
	return &kinds[i];
}

static uint32_t frame_len(const struct packet *p, uint32_t payload)
{
	uint32_t len = 14 + (p->ipv6 ? 40 : 20) + payload;

	len += p->protocol == IPPROTO_TCP ? (p->flags & SYN ? 40 : 32) : 8;
	return len < FRAME_MOST ? len : FRAME_MOST;
}

static void write_mixed(uint64_t bytes)
{
	int64_t time_us = 0;

	while (written < bytes) {
		const struct kind *k = draw_kind();
		uint32_t inside = customer(below(1 << 16));
		uint32_t outside = server(below(SERVERS));
		uint16_t high = (uint16_t)(32768 + below(28000));
		uint16_t port = k->port ? k->port : mail_port();
		bool icmp = k->protocol == IPPROTO_ICMP;
		struct packet p = {
			.ipv6 = !icmp && happens(200),
			.tagged = happens(100),
			.protocol = k->protocol,
			.flags = k->flags,
			.source = k->down ? outside : inside,
			.destination = k->down ? inside : outside,
			.source_port = k->down ? port : high,
			.destination_port = k->down ? high : port,
		};

		p.len = frame_len(&p, k->least + below(k->most - k->least + 1));
		write_packet(time_us, &p);
		time_us += below(200); /* 10,000 packets a second */
	}
}

/* ---- syns ---- */

static void write_syns(uint64_t count, uint32_t sources, double seconds)
{
	for (uint64_t i = 0; i < count; i++) {
		struct packet p = {
			.protocol = IPPROTO_TCP,
			.flags = SYN,
			.source = sources ? customer(below(sources)) :
					    (uint32_t)chance_next(&seed),
			.destination = server(below(SERVERS)),
			.source_port = (uint16_t)(32768 + below(28000)),
			.destination_port = 25,
			.len = 74,
		};

		write_packet(
			(int64_t)((double)i / (double)count * seconds * 1e6),
			&p);
	}
}

int main(int argc, char **argv)
{
	bool mixed = argc == 4 && !strcmp(argv[2], "mixed");

	if (!mixed && (argc != 6 || strcmp(argv[2], "syns"))) {
		fprintf(stderr, "usage: captures FILE mixed BYTES\n"
				"       captures FILE syns COUNT SOURCES "
				"SECONDS\n");
		return 2;
	}
	out = fopen(argv[1], "wb");
	if (!out) {
		perror("captures");
		return 3;
	}
	setvbuf(out, NULL, _IOFBF, 1 << 20);
	for (size_t i = 0; i < sizeof(noise); i++)
		noise[i] = (uint8_t)chance_next(&seed);
	write_header();
	if (mixed)
		write_mixed(strtoull(argv[3], NULL, 10));
	else
		write_syns(strtoull(argv[3], NULL, 10),
			   (uint32_t)strtoul(argv[4], NULL, 10),
			   strtod(argv[5], NULL));
	if (fclose(out)) {
		perror("captures");
		return 3;
	}
	printf("%llu %llu\n", (unsigned long long)packets,
	       (unsigned long long)syns);
	return 0;
}

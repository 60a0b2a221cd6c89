/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reassembles datagrams in fragments: of IPv4 as many bytes as hold the flags
 * of a TCP header, of IPv6 the options before it, too. Private to the decoder.
 */
#ifndef MAILWALL_REASSEMBLE_H
#define MAILWALL_REASSEMBLE_H

#include "../../rules/base/addr.h"

#define HEAD_BYTES     24  /* fragments begin at multiples of 8 */
#define DATAGRAMS_MOST 256 /* at a time; one more gives up the oldest */
#define PAGES_MOST     64  /* IPv6: of them, those whose bytes are held */
#define PAGE_BYTES     65536
/* Linux gives up after that, too (RFC 791; RFC 8200, section 4.5). */
#define FRAGMENT_AGE_4_S 30
#define FRAGMENT_AGE_6_S 60

/* No padding between its members: keys are compared as bytes. */
struct datagram_key {
	struct addr6 source, destination;
	uint32_t id; /* IPv4: 16 bits */
	uint16_t family;
	uint16_t input;
};

struct datagram {
	struct datagram_key key;
	int64_t time_us; /* when its first fragment was seen */
	uint32_t seen;	 /* bits: which bytes of head */
	bool done;	 /* the head was read */
	bool hidden;	 /* the first fragment lacks what rules read of TCP */
	bool doubtful;	 /* perhaps a copy of one that was whole */
	uint8_t page;	 /* IPv6: bytes that are held, plus one; 0: none */
	uint32_t bytes, end; /* IPv6: so many seen, of so many; 0: unknown */
	uint8_t head[HEAD_BYTES];
};

/* Headers of IPv6 that were followed so far. */
struct chain {
	uint32_t at;  /* where the next one begins */
	uint8_t next; /* its number */
	bool ended;   /* next tells of no other header */
};

/* The bytes of a datagram of IPv6. */
struct page {
	uint32_t end; /* as the last fragment tells; 0: unknown */
	bool has_first;
	struct chain chain;
	uint64_t seen[PAGE_BYTES / 8 / 64]; /* a bit for 8 bytes */
	uint8_t bytes[PAGE_BYTES];
};

/* A fragment of IPv6, all within a page. */
struct part {
	const uint8_t *bytes;
	uint32_t offset, captured, wire;
	uint8_t protocol; /* in the first part: the first header */
	bool more;
};

/* A ring: the oldest is given up first. */
struct reassembly {
	uint32_t hash[DATAGRAMS_MOST]; /* each key's hash; 0: not in use */
	struct datagram datagrams[DATAGRAMS_MOST];
	uint32_t oldest, n;
	uint64_t given_up;
	uint32_t page_hand; /* the next one to be used */
	/* The slot of each page's datagram, plus one; 0: it is not in use. */
	uint32_t page_of[PAGES_MOST];
	struct page *pages; /* PAGES_MOST, not touched before they are used */
};

/* Begins with a reassembly of zeros. 0 or -ENOMEM. */
int reassembly_init(struct reassembly *r);
void reassembly_free(struct reassembly *r);

/* Bytes of a fragment that begins at offset, all within the head. */
struct fragment {
	const uint8_t *bytes;
	uint32_t offset, n;
};

/* Finds a datagram; NULL if no fragment of it was seen, or too long ago. */
struct datagram *reassembly_find(struct reassembly *r,
				 const struct datagram_key *key,
				 int64_t time_us);
/*
 * Adds a fragment and returns its datagram, valid until the next call. Where
 * fragments overlap, the bytes seen first stay. A fragment that a done datagram
 * has seen already begins a new one under the same key.
 */
struct datagram *reassembly_add(struct reassembly *r,
				const struct datagram_key *key, int64_t time_us,
				const struct fragment *fragment);
/* Counts the bytes that are there without a hole, from the first. */
uint32_t datagram_head_len(const struct datagram *d);

/*
 * Finds or begins the datagram of a part, and counts its bytes. One that was
 * whole ends: a part that comes then begins another.
 */
struct datagram *reassembly_begin_part(struct reassembly *r,
				       const struct datagram_key *key,
				       int64_t time_us,
				       const struct part *part);
/* Adds a part to the page of its datagram; another may be given up for it. */
struct page *reassembly_add_part(struct reassembly *r, struct datagram *d,
				 const struct part *part);
/* Frees the page of a datagram; its bytes may be read until the next call. */
void reassembly_end_page(struct reassembly *r, struct datagram *d);
/* Counts the bytes that are there without a hole, from the first. */
uint32_t page_head_len(const struct page *page);

#endif

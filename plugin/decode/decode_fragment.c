/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fragments of IP. Of IPv4 the first bytes of TCP are put together. Of IPv6 all
 * that comes before them is: options may be as long as a datagram, and who
 * wants to hide a SYN cuts there.
 */
#include "layer.h"

#include <netinet/in.h>

#define HEADER_MOST 60 /* bytes of TCP: payload is not put together */

static struct datagram_key fragment_key(const struct packet *p, uint32_t id)
{
	return (struct datagram_key){ .source = p->out->source,
				      .destination = p->out->destination,
				      .id = id,
				      .family = p->out->family,
				      .input = p->frame->input };
}

/* Reads n bytes of a datagram from here on, as a header says what they are. */
static void fragment_read_on(struct packet *p, const uint8_t *bytes, uint32_t n,
			     layer_fn *next)
{
	p->cursor = (struct cursor){
		.at = bytes, .captured = n, .wire = n, .open = true
	};
	p->next = next;
}

/* ---- IPv4 ---- */

/* True if the fragment alone holds the head, and no other is waiting. */
static bool fragment_suffices(struct packet *p, const struct datagram_key *key,
			      const struct fragment *f)
{
	const struct datagram *d;

	if (f->n < HEAD_BYTES) /* a whole head begins at 0 */
		return false;
	d = reassembly_find(&p->decoder->reassembly, key, p->frame->time_us);
	return !d || d->done;
}

/* Rules that ask for flags take this one for an opening: RFC 1858. */
static void fragment_note_tiny(struct packet *p, struct datagram *d,
			       const struct fragment *f)
{
	if (d->hidden || f->offset || f->n < 4 || f->n >= TCP_LEAST ||
	    !packet_is_ours(p, f->bytes))
		return;
	d->hidden = true;
	p->decoder->hidden[HIDDEN_FIRST_FRAGMENT]++;
}

/* Adds the fragment to the head, which is read once it is long enough. */
static void fragment_hold(struct packet *p, const struct datagram_key *key,
			  const struct fragment *f)
{
	struct datagram *d = reassembly_add(&p->decoder->reassembly, key,
					    p->frame->time_us, f);
	uint32_t n;

	if (d->done) { /* the head was read before */
		packet_end(p, DECODED_OTHER);
		return;
	}
	fragment_note_tiny(p, d, f);
	n = datagram_head_len(d);
	if (n < 4 || (n < TCP_LEAST && packet_is_ours(p, d->head))) {
		p->out->hidden = d->hidden && !f->offset ?
					 HIDDEN_FIRST_FRAGMENT :
					 HIDDEN_NOT;
		packet_end(p, DECODED_HELD);
		return;
	}
	if (d->hidden)
		p->hidden = HIDDEN_FIRST_FRAGMENT;
	d->done = true;
	fragment_read_on(p, d->head, n, layer_tcp);
}

/* Linux keeps a multiple of 8 bytes of a fragment that others follow. */
static void fragment_read_tcp(struct packet *p, const struct fragment_of *of)
{
	const struct cursor *c = &p->cursor;
	struct datagram_key key = fragment_key(p, of->id);
	struct fragment f = { c->at, of->offset, HEAD_BYTES - of->offset };
	uint32_t kept = of->more ? c->wire & ~7u : c->wire;

	if (f.n > kept)
		f.n = kept;
	if (!f.n)
		packet_end(p, UNDECODED_BAD_LENGTH);
	else if (f.n > c->captured && f.offset)
		packet_end(p, UNDECODED_TRUNCATED);
	else if (f.n > c->captured || fragment_suffices(p, &key, &f))
		p->next = layer_tcp;
	else
		fragment_hold(p, &key, &f);
}

/*
 * Only a fragment with bytes of a TCP header, or the start of a tunnel,
 * matters. Its protocol is part of what fragments are told apart by.
 */
void fragment_read_ipv4(struct packet *p, const struct fragment_of *f)
{
	if (f->offset >= HEAD_BYTES ||
	    (f->offset && (p->quoted || f->protocol != IPPROTO_TCP))) {
		packet_end(p, DECODED_OTHER);
		return;
	}
	p->cursor.open = true; /* the rest lies in other fragments */
	if (f->protocol == IPPROTO_TCP && !p->quoted && packet_end_forged(p))
		return;
	if (f->protocol == IPPROTO_TCP && !p->quoted)
		fragment_read_tcp(p, f);
	else
		p->next = layer_of_protocol(f->protocol, p->out->family,
					    p->quoted);
}

/* ---- IPv6 ---- */

/* Follows headers as far as n bytes go. */
static void chain_follow(struct chain *c, const uint8_t *bytes, uint32_t n)
{
	while (c->next == IPPROTO_DSTOPTS || c->next == IPPROTO_ROUTING ||
	       c->next == IPPROTO_HOPOPTS || c->next == IPPROTO_AH) {
		const uint8_t *h = bytes + c->at;

		if (c->at + 2 > n)
			return;
		c->at += c->next == IPPROTO_AH ? (h[1] + 2u) * 4 :
						 (h[1] + 1u) * 8;
		c->next = h[0];
	}
	c->ended = true;
}

/* True if n bytes hold what is read behind the chain: of TCP, so many. */
static bool chain_has(const struct chain *c, uint32_t n, uint32_t of_tcp)
{
	return c->ended && c->at <= n &&
	       (c->next != IPPROTO_TCP || n - c->at >= of_tcp);
}

/* The ports are enough where they are not ours. */
static bool chain_is_ready(const struct packet *p, const struct chain *c,
			   const uint8_t *bytes, uint32_t n)
{
	return chain_has(c, n, TCP_LEAST) ||
	       (chain_has(c, n, 4) && !packet_is_ours(p, bytes + c->at));
}

/* Reads what is behind the chain. Headers of a fragment nest no other. */
static void chain_read_on(struct packet *p, const struct chain *c,
			  const uint8_t *bytes, uint32_t n)
{
	fragment_read_on(p, bytes + c->at, n - c->at,
			 c->next == IPPROTO_FRAGMENT ?
				 layer_other :
				 layer_of_protocol(c->next, 6, false));
}

/* The first fragment, which all but a few datagrams have whole. */
static bool part_is_whole(const struct packet *p, const struct part *part,
			  struct chain *c)
{
	*c = (struct chain){ .next = part->protocol };
	chain_follow(c, part->bytes, part->captured);
	return chain_is_ready(p, c, part->bytes, part->captured);
}

/* Rules see a fragment alone: these headers, and a port, are not in it. */
static bool part_hides(const struct part *part, const struct chain *c)
{
	if (part->offset || !part->more)
		return false;
	return c->ended || c->at + 2 > part->wire ?
		       !chain_has(c, part->wire, 4) :
		       false; /* the capture cut it */
}

/* True once what is behind the chain can be read, or never more can be. */
static bool page_is_ready(const struct packet *p, struct page *page, uint32_t n)
{
	if (!page->has_first)
		return false;
	chain_follow(&page->chain, page->bytes, n);
	return chain_is_ready(p, &page->chain, page->bytes, n) ||
	       (n && n == page->end);
}

static void fragment_hold_part(struct packet *p, struct datagram *d,
			       const struct part *part)
{
	struct reassembly *r = &p->decoder->reassembly;
	struct page *page = reassembly_add_part(r, d, part);
	uint32_t n = page_head_len(page);

	if (d->hidden)
		p->hidden = HIDDEN_FIRST_FRAGMENT;
	if (!page_is_ready(p, page, n)) {
		p->out->hidden = d->hidden && !part->offset ?
					 HIDDEN_FIRST_FRAGMENT :
					 HIDDEN_NOT;
		packet_end(p, part->captured < part->wire ?
				      UNDECODED_TRUNCATED :
				      DECODED_HELD);
		return;
	}
	d->done = true;
	if (page->chain.at > n)
		packet_end(p, UNDECODED_BAD_LENGTH);
	else
		chain_read_on(p, &page->chain, page->bytes, n);
	if (p->cursor.captured > HEADER_MOST)
		p->cursor.captured = p->cursor.wire = HEADER_MOST;
	reassembly_end_page(r, d);
}

static void fragment_read_part(struct packet *p, const struct part *part,
			       uint32_t id)
{
	struct reassembly *r = &p->decoder->reassembly;
	struct datagram_key key = fragment_key(p, id);
	struct datagram *d =
		reassembly_begin_part(r, &key, p->frame->time_us, part);
	struct chain chain;

	if (d->done) { /* its header was read */
		packet_end(p, DECODED_OTHER);
		return;
	}
	if (!part->offset && part_is_whole(p, part, &chain) && !d->page) {
		d->done = true;
		chain_read_on(p, &chain, part->bytes, part->captured);
		p->cursor.wire = part->wire - chain.at;
		return;
	}
	if (!part->offset && !d->hidden && part_hides(part, &chain)) {
		d->hidden = true;
		p->decoder->hidden[HIDDEN_FIRST_FRAGMENT]++;
	}
	fragment_hold_part(p, d, part);
}

/*
 * RFC 8200, section 4.5: the first fragment alone says which header it begins
 * with, so that any other may be a part of ours.
 */
void fragment_read_ipv6(struct packet *p, const struct fragment_of *f)
{
	struct cursor *c = &p->cursor;
	struct part part = { .bytes = c->at,
			     .offset = f->offset,
			     .captured = c->captured,
			     .wire = c->wire,
			     .protocol = f->protocol,
			     .more = f->more };

	c->open = true; /* the rest lies in other fragments */
	if (p->quoted && f->offset)
		packet_end(p, DECODED_OTHER);
	else if (p->quoted)
		p->next = layer_of_protocol(f->protocol, 6, true);
	else if (!part.wire || part.wire > PAGE_BYTES - f->offset)
		packet_end(p, UNDECODED_BAD_LENGTH);
	else if (f->protocol == IPPROTO_UDP || !packet_end_forged(p))
		fragment_read_part(p, &part, f->id);
}

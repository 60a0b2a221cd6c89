/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any segments in any order are read within their bounds, and what they say
 * does not depend on where the stream was cut into them.
 *
 * The first byte is the protocol. Then come segments: a byte of flags, one of
 * length, and the bytes; for SKEWED, before these, how far the segment lies
 * from where it should, and how many bytes of it were not captured.
 */
#include "fuzz.h"
#include "../../plugin/dialogue/dialogue.h"

enum { CLIENT = 1, SKEWED = 2, UNSTARTED = 128 };

struct input {
	const uint8_t *at, *end;
};

struct piece {
	bool client;
	uint32_t seq, missing;
	size_t n;
	const uint8_t *bytes;
};

static uint8_t take_byte(struct input *in)
{
	return in->at < in->end ? *in->at++ : 0;
}

static struct piece take_piece(struct input *in, const struct dialogue *d)
{
	uint8_t flags = take_byte(in);
	struct piece p = { .client = flags & CLIENT };

	p.seq = p.client ? d->client.next : d->server.next;
	if (flags & SKEWED) {
		p.seq += (uint32_t)(int8_t)take_byte(in) *
			 (flags & 4 ? 0x1000001u : 1);
		p.missing = take_byte(in);
	}
	p.n = take_byte(in);
	if (p.n > (size_t)(in->end - in->at))
		p.n = (size_t)(in->end - in->at);
	p.bytes = in->at;
	in->at += p.n;
	return p;
}

/* A copy of just that size, so that a byte too far is seen. */
static uint32_t feed(struct dialogue *d, const struct piece *p)
{
	uint8_t *copy = malloc(p->n ? p->n : 1);
	uint32_t news;

	if (!copy)
		abort();
	memcpy(copy, p->bytes, p->n);
	news = dialogue_feed(d, p->client, p->seq, copy, p->n,
			     p->n + p->missing);
	free(copy);
	return news;
}

/* The same, one byte at a time. */
static uint32_t feed_bytes(struct dialogue *d, const struct piece *p)
{
	uint32_t news = 0;

	for (size_t i = 0; i < p->n; i++) {
		struct piece one = { .client = p->client,
				     .seq = p->seq + (uint32_t)i,
				     .n = 1,
				     .bytes = p->bytes + i };

		if (i == p->n - 1)
			one.missing = p->missing;
		news |= feed(d, &one);
	}
	return p->n ? news : feed(d, p);
}

static void check_bounds(const struct dialogue *d)
{
	must(d->n_asked <= DIALOGUE_ASKED && d->first_asked < DIALOGUE_ASKED,
	     "no more is asked than there is room for");
	must(d->client.n <= DIALOGUE_LINE && d->server.n <= DIALOGUE_LINE,
	     "no more of a line is kept than there is room for");
	must(d->seen < SEEN_GAP << 1, "what is said has a name");
	must(d->seen & SEEN_HELO || !d->helo_hash, "a name in HELO needs HELO");
	must(d->seen & SEEN_AUTH_CLEAR || !d->user_hash,
	     "a user needs a login");
	must(d->seen & SEEN_STARTTLS || !(d->seen & SEEN_TLS),
	     "TLS that is not implicit needs STARTTLS");
}

static void check_same(const struct dialogue *a, const struct dialogue *b)
{
	must(a->seen == b->seen && a->state == b->state &&
		     a->auth_failures == b->auth_failures &&
		     !memcmp(a->replies, b->replies, sizeof(a->replies)),
	     "the same was said, however it was cut");
	must(a->helo_hash == b->helo_hash && a->user_hash == b->user_hash,
	     "the names are the same, however they were cut");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint64_t key[2] = { 1, 2 };
	struct input in = { data, data + size };
	uint8_t first = take_byte(&in);
	struct dialogue whole, cut;

	dialogue_init(&whole, first % 3, key);
	if (!(first & UNSTARTED)) {
		dialogue_start(&whole, true, 0xfffffff0);
		dialogue_start(&whole, false, 0x7ffffff0);
	}
	cut = whole;
	while (in.at < in.end) {
		struct piece p = take_piece(&in, &whole);
		uint32_t had = whole.seen, news = feed(&whole, &p);

		must(!(had & news) && (had | news) == whole.seen,
		     "what is new is returned");
		must(feed_bytes(&cut, &p) == news, "and all of it");
		check_bounds(&whole);
		check_same(&whole, &cut);
	}
	return 0;
}

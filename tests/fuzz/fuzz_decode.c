/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any frames are decoded within their bounds. What comes out lies in the frame
 * and is ours; tags before it, or a cut, make no other segment of it.
 *
 * The input is a sequence of frames: link type (an index below), seconds since
 * the last, bytes on the wire that were not captured, length (two bytes, the
 * lower first), bytes.
 */
#include "fuzz.h"
#include "../../plugin/decode/decode.h"

static const uint16_t links[] = {
	LINK_ETHERNET, LINK_NFLOG,	LINK_RAW,	  LINK_SLL,
	LINK_SLL2,     LINK_NULL,	LINK_LOOP,	  LINK_PPP,
	LINK_CHDLC,    LINK_PPP_SERIAL, LINK_PPP_ETHER,	  LINK_IPV4,
	LINK_IPV6,     LINK_RAW_BSD,	LINK_RAW_OPENBSD, 147,
};

#define RECORD_BYTES 5 /* before a frame */

static struct port_bits ports;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const uint16_t mail[] = { 25, 110, 143, 465, 587, 993, 995 };

	(void)argc;
	(void)argv;
	for (size_t i = 0; i < sizeof(mail) / sizeof(*mail); i++)
		ports.word[mail[i] / 64] |= UINT64_C(1) << (mail[i] % 64);
	return 0;
}

/* Reads every byte of it, so that a sanitizer sees where it lies. */
static bool lies_in(const struct frame *f, const void *at, uint32_t n)
{
	const uint8_t *byte = at;
	volatile uint8_t sum = 0;

	for (uint32_t i = 0; i < n; i++)
		sum = (uint8_t)(sum + byte[i]);
	return byte >= f->data && n <= f->caplen &&
	       byte - f->data <= f->caplen - n;
}

static void check_segment(const struct frame *f, const struct segment *s)
{
	static const uint8_t zeros[12];

	must(port_is_in(&ports, s->source_port) ||
		     port_is_in(&ports, s->destination_port),
	     "a port is ours");
	must(s->family == 6 || (s->family == 4 &&
				!memcmp(s->source.byte + 4, zeros, 12) &&
				!memcmp(s->destination.byte + 4, zeros, 12)),
	     "an address has a family, and IPv4 nothing behind it");
	must(s->time_us == f->time_us && s->input == f->input,
	     "time and input are the frame's");
	must(s->payload_len <= s->payload_wire_len, "no more than there was");
	must(!s->payload == !s->payload_len, "a payload is not empty");
	/* 60 bytes of what lies in fragments are put together, header and all
	 */
	must(s->payload_len <= 40 || lies_in(f, s->payload, s->payload_len),
	     "the payload lies in the frame");
	must(!s->prefix == !s->prefix_len, "a prefix is not empty");
	must(!s->prefix || lies_in(f, s->prefix, s->prefix_len),
	     "the prefix lies in the frame");
	must(s->kind == SEGMENT_TCP ||
		     (s->kind == SEGMENT_UNREACHABLE && !s->payload && !s->ack),
	     "of a quoted segment little is known");
}

static enum decoded decode_copy(struct decoder *d, struct frame f,
				struct segment *s)
{
	uint8_t *copy = malloc(f.caplen ? f.caplen : 1);
	enum decoded got;

	if (!copy)
		abort();
	memcpy(copy, f.data, f.caplen);
	f.data = copy;
	got = decode_frame(d, &f, s);
	must(got < DECODED_N && got != UNDECODED_FRAGMENT,
	     "a frame has a result");
	if (got == DECODED_SEGMENT)
		check_segment(&f, s);
	free(copy);
	return got;
}

/* The short way and, with two tags, the long one come to the same end. */
static void check_tagged(struct decoder *d, struct frame f, enum decoded want,
			 const struct segment *s)
{
	uint8_t bytes[8 + UINT16_MAX];
	struct segment tagged;
	enum decoded got;

	memcpy(bytes, f.data, 12);
	memcpy(bytes + 12, "\x81\0\0\0\x81\0\0\0", 8);
	memcpy(bytes + 20, f.data + 12, f.caplen - 12);
	f.data = bytes;
	f.caplen += 8;
	f.len += 8;
	got = decode_copy(d, f, &tagged);
	must(got == want || got == UNDECODED_TOO_DEEP,
	     "tags make no difference");
	if (got == DECODED_SEGMENT)
		must(s->flags == tagged.flags && s->seq == tagged.seq &&
			     s->payload_len == tagged.payload_len &&
			     s->payload_wire_len == tagged.payload_wire_len,
		     "tags make no other segment");
}

/* Without fragments that wait: NFLOG may say at its end what it carries. */
static void check_cut(struct frame f, uint32_t caplen)
{
	struct decoder *d = decoder_new(&ports), *cut = decoder_new(&ports);
	struct segment s;
	enum decoded got, want;

	if (!d || !cut)
		abort();
	want = decode_copy(d, f, &s);
	f.caplen = caplen;
	got = decode_copy(cut, f, &s);
	must(got == want || got == UNDECODED_TRUNCATED,
	     "cut, a frame is truncated or the same");
	decoder_free(d);
	decoder_free(cut);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct decoder *d = decoder_new(&ports), *other = decoder_new(&ports);
	struct frame f = { .input = 3 };
	struct segment s;

	if (!d || !other)
		abort();
	while (size >= RECORD_BYTES) {
		enum decoded got;
		uint32_t len = data[3] | (uint32_t)data[4] << 8;

		f.link = links[data[0] % (sizeof(links) / sizeof(*links))];
		f.time_us += (int8_t)data[1] * INT64_C(1000000);
		f.data = data + RECORD_BYTES;
		size -= RECORD_BYTES;
		f.caplen = len < size ? len : (uint32_t)size;
		f.len = f.caplen + data[2];
		got = decode_copy(d, f, &s);
		if (f.link == LINK_ETHERNET && f.caplen >= 14)
			check_tagged(other, f, got, &s);
		if (f.link != LINK_NFLOG && f.caplen)
			check_cut(f, data[4] % f.caplen);
		data = f.data + f.caplen;
		size -= f.caplen;
	}
	decoder_free(d);
	decoder_free(other);
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages as they will lie in one sendmsg(), read back with libmnl. */
#include "../../unit.h"

#include "../../../../rules/emit/batch.h"
#include "../../../../rules/emit/emit_netlink.h"

#include <arpa/inet.h>
#include <endian.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

/* ---- a walk through all messages ---- */

struct walk {
	size_t messages, bytes;
	uint32_t next_seq;
	bool broken;
};

typedef void message_fn(const struct nlmsghdr *nlh, void *ctx);

/* Every page is full messages, one behind the other. */
static struct walk walk(const struct batch *b, message_fn *fn, void *ctx)
{
	struct walk w = { .next_seq = 1 };
	size_t n;
	const struct iovec *pages = batch_iovec(b, &n);

	for (size_t i = 0; i < n; i++) {
		const struct nlmsghdr *nlh = pages[i].iov_base;
		int rest = (int)pages[i].iov_len;

		expect(rest > 0, "page %zu of %zu is empty", i, n);
		w.bytes += pages[i].iov_len;
		while (mnl_nlmsg_ok(nlh, rest)) {
			expect(nlh->nlmsg_seq == w.next_seq,
			       "message %zu has number %u, want %u", w.messages,
			       nlh->nlmsg_seq, w.next_seq);
			expect(nlh->nlmsg_flags & NLM_F_REQUEST,
			       "message %u is no request", nlh->nlmsg_seq);
			w.next_seq++;
			w.messages++;
			if (fn)
				fn(nlh, ctx);
			nlh = mnl_nlmsg_next(nlh, &rest);
		}
		if (!expect(!rest, "page %zu: %d bytes behind the last message",
			    i, rest))
			w.broken = true;
	}
	return w;
}

static void put_message(struct batch *b, size_t payload, const char *name)
{
	struct nlmsghdr *nlh = batch_open(
		b, NFT_MSG_NEWSET, NFPROTO_INET, NLM_F_CREATE,
		(struct batch_note){ .object = BATCH_SET, .name = name });
	static const char zeros[BATCH_MESSAGE_MOST];

	/* an attribute's length has 16 bits */
	for (; payload > 32000; payload -= 32000)
		mnl_attr_put(nlh, 1, 32000, zeros);
	mnl_attr_put(nlh, 1, payload, zeros);
	batch_close(b, nlh);
}

CLAIM(empty, "an empty batch is a beginning and an end")
{
	struct batch *b = batch_new(0);
	struct walk w;

	assert_non_null(b);
	expect_number("messages", batch_messages(b), 0);
	batch_finish(b);
	w = walk(b, NULL, NULL);
	expect_number("with begin and end", w.messages, 2);
	expect_number("bytes", w.bytes, batch_bytes(b));
	expect_number("error", (unsigned int)batch_error(b), 0);
	expect(!batch_is_last(b, 1) && !batch_is_last(b, 2) &&
		       !batch_is_last(b, 0),
	       "an empty batch has a last message");
	expect(!batch_note_of(b, 0) && !batch_note_of(b, 1) &&
		       !batch_note_of(b, 2) && !batch_note_of(b, UINT32_MAX),
	       "an empty batch has a note");
	batch_free(b);
	batch_free(NULL);
}

struct frame {
	uint16_t first, last;
	uint32_t generation, acks, ack_seq;
	uint8_t family;
	uint16_t res_id;
};

static void read_frame(const struct nlmsghdr *nlh, void *ctx)
{
	struct frame *f = ctx;
	const struct nfgenmsg *nfg = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attr;

	if (nlh->nlmsg_seq == 1) {
		f->first = nlh->nlmsg_type;
		f->family = nfg->nfgen_family;
		f->res_id = ntohs(nfg->res_id);
		mnl_attr_for_each (attr, nlh, sizeof(*nfg))
			if (mnl_attr_get_type(attr) == NFNL_BATCH_GENID)
				f->generation = ntohl(mnl_attr_get_u32(attr));
	}
	f->last = nlh->nlmsg_type;
	if (nlh->nlmsg_flags & NLM_F_ACK) {
		f->acks++;
		f->ack_seq = nlh->nlmsg_seq;
	}
}

CLAIM(frame, "the beginning asks for a generation, the last message for an "
	     "answer")
{
	static const uint32_t generations[] = { 0, 1, 0x01020304, UINT32_MAX };

	for (size_t i = 0; i < COUNT(generations); i++) {
		struct batch *b = batch_new(generations[i]);
		struct frame f = { 0 };
		char in[32];

		for (int k = 0; k < 3; k++)
			put_message(b, 4, "s");
		batch_finish(b);
		walk(b, read_frame, &f);
		sprintf(in, "generation %u", generations[i]);
		expect_number(in, f.generation, generations[i]);
		expect_number(in, f.first, NFNL_MSG_BATCH_BEGIN);
		expect_number(in, f.last, NFNL_MSG_BATCH_END);
		expect_number(in, f.family, AF_UNSPEC);
		expect_number(in, f.res_id, NFNL_SUBSYS_NFTABLES);
		expect_number(in, f.acks, 1);
		expect_number(in, f.ack_seq, 4);
		expect(batch_is_last(b, 4) && !batch_is_last(b, 3) &&
			       !batch_is_last(b, 5),
		       "%s: the last message is another than 4", in);
		batch_free(b);
	}
}

CLAIM(pages, "no message crosses a page, whatever its size")
{
	uint64_t seed = 7;
	static const size_t sizes[] = {
		4, 100, 1000, 65000, 71000, 4096, 60001
	};

	for (size_t s = 0; s <= COUNT(sizes); s++) {
		struct batch *b = batch_new(1);
		size_t n = 0, pages, total = 0;
		struct walk w;

		while (total < 7 * 1024 * 1024) {
			size_t size = s < COUNT(sizes) ? sizes[s] :
							 chance(&seed) % 71000;

			put_message(b, size, "s");
			total += size + 40;
			n++;
		}
		batch_finish(b);
		batch_iovec(b, &pages);
		w = walk(b, NULL, NULL);
		expect(pages > 2, "%zu bytes lie in %zu pages", total, pages);
		expect_number("messages", batch_messages(b), n);
		expect_number("with begin and end", w.messages, n + 2);
		expect_number("bytes", w.bytes, batch_bytes(b));
		expect_number("error", (unsigned int)batch_error(b), 0);
		batch_free(b);
	}
}

CLAIM(notes, "a sequence number leads to its message and what it is for")
{
	static const struct span spans[3];
	struct batch *b = batch_new(0);
	char names[3000][8];

	for (uint32_t i = 0; i < 3000; i++) {
		struct batch_note note = { .object = (enum batch_object)(i % 6),
					   .name = names[i],
					   .origin = i % 4 ? &spans[i % 3] :
							     NULL };
		struct nlmsghdr *nlh =
			batch_open(b, NFT_MSG_NEWSET, NFPROTO_INET, 0, note);

		sprintf(names[i], "n%u", i);
		mnl_attr_put_u32(nlh, 1, i);
		batch_close(b, nlh);
	}
	batch_finish(b);
	for (uint32_t i = 0; i < 3000; i++) {
		const struct batch_note *note = batch_note_of(b, i + 2);
		const struct nlmsghdr *nlh =
			i % 100 ? NULL : batch_message(b, i + 2);
		char want[8];

		sprintf(want, "n%u", i);
		if (!expect(note, "message %u has no note", i))
			continue;
		expect_text(want, note->name, want);
		expect(note->object == (enum batch_object)(i % 6) &&
			       note->origin == (i % 4 ? &spans[i % 3] : NULL),
		       "message %u: object %d", i, note->object);
		if (i % 100)
			continue;
		expect(nlh && mnl_attr_get_u32(mnl_nlmsg_get_payload_offset(
				      nlh, sizeof(struct nfgenmsg))) == i,
		       "message %u is another one", i);
	}
	expect(!batch_note_of(b, 0) && !batch_note_of(b, 1) &&
		       !batch_note_of(b, 3002) && !batch_note_of(b, UINT32_MAX),
	       "begin, end or nothing has a note");
	expect(batch_message(b, 1) && batch_message(b, 3002) &&
		       !batch_message(b, 0) && !batch_message(b, 3003),
	       "begin and end are messages, nothing else is");
	batch_free(b);
}

CLAIM(sticky, "a failure stays, and the messages behind it do no harm")
{
	struct batch *b = batch_new(0);
	size_t before;

	put_message(b, 100, "s");
	before = batch_bytes(b);
	batch_fail(b);
	for (int i = 0; i < 100; i++)
		put_message(b, 70000, "s");
	batch_finish(b);
	expect_number("error", (unsigned int)-batch_error(b), ENOMEM);
	expect_number("bytes behind the failure", batch_bytes(b), before);
	batch_free(b);
}

/* ---- elements ---- */

struct read {
	size_t n, ends, messages, wrong;
	uint16_t type;
	size_t longest;
	uint64_t timeout_ms;
	uint8_t (*keys)[17]; /* and a flag */
	size_t cap;
};

static void read_element(const struct nlattr *elem, struct read *r)
{
	const struct nlattr *attr, *inner, *key = NULL;
	uint32_t flags = 0;

	mnl_attr_for_each_nested (attr, elem) {
		if (mnl_attr_get_type(attr) == NFTA_SET_ELEM_FLAGS)
			flags = ntohl(mnl_attr_get_u32(attr));
		if (mnl_attr_get_type(attr) == NFTA_SET_ELEM_TIMEOUT)
			r->timeout_ms = be64toh(mnl_attr_get_u64(attr));
		if (mnl_attr_get_type(attr) != NFTA_SET_ELEM_KEY)
			continue;
		mnl_attr_for_each_nested (inner, attr)
			if (mnl_attr_get_type(inner) == NFTA_DATA_VALUE)
				key = inner;
	}
	if (!key || mnl_attr_get_payload_len(key) > 16) {
		r->wrong++;
		return;
	}
	if (r->n == r->cap) {
		r->cap = r->cap ? 2 * r->cap : 1024;
		r->keys = realloc(r->keys, r->cap * sizeof(*r->keys));
		assert_non_null(r->keys);
	}
	memset(r->keys[r->n], 0, sizeof(*r->keys));
	memcpy(r->keys[r->n], mnl_attr_get_payload(key),
	       mnl_attr_get_payload_len(key));
	r->keys[r->n][16] = flags & NFT_SET_ELEM_INTERVAL_END ? 1 : 0;
	r->ends += r->keys[r->n][16];
	r->n++;
}

static void read_elements(const struct nlmsghdr *nlh, void *ctx)
{
	struct read *r = ctx;
	const struct nlattr *attr, *elem;

	if (nlh->nlmsg_type >> 8 != NFNL_SUBSYS_NFTABLES)
		return;
	r->type = nlh->nlmsg_type & 0xff;
	r->messages++;
	if (nlh->nlmsg_len > r->longest)
		r->longest = nlh->nlmsg_len;
	mnl_attr_for_each (attr, nlh, sizeof(struct nfgenmsg)) {
		if (mnl_attr_get_type(attr) == NFTA_SET_ELEM_LIST_SET)
			r->wrong += !!strcmp(mnl_attr_get_str(attr), "s");
		if (mnl_attr_get_type(attr) == NFTA_SET_ELEM_LIST_TABLE)
			r->wrong +=
				!!strcmp(mnl_attr_get_str(attr), "mailwall");
		if (mnl_attr_get_type(attr) != NFTA_SET_ELEM_LIST_ELEMENTS)
			continue;
		/* 16 bits of length: more would have gone round */
		r->wrong += (const char *)attr + attr->nla_len !=
			    (const char *)mnl_nlmsg_get_payload_tail(nlh);
		mnl_attr_for_each_nested (elem, attr)
			read_element(elem, r);
	}
}

static struct read read_back(struct batch *b)
{
	struct read r = { 0 };

	batch_finish(b);
	walk(b, read_elements, &r);
	expect_number("error", (unsigned int)batch_error(b), 0);
	expect_number("attributes that are wrong", r.wrong, 0);
	return r;
}

CLAIM(hundred_thousand, "a hundred thousand elements are split over messages, "
			"and none is lost")
{
	struct arena *a = arena_new();
	struct ranges4 v4 = { 0 };
	struct ranges6 v6 = { 0 };

	for (uint32_t i = 0; i < 100000; i++) {
		struct range6 r = { .first = { { 0x20, 1 } } };
		uint32_t high = htonl(i * 2);

		memcpy(r.first.byte + 4, &high, 4);
		r.last = r.first;
		memset(r.last.byte + 8, 0xff, 8);
		ranges6_push(a, &v6, r);
		ranges4_push(a, &v4, (struct range4){ i * 1000, i * 1000 + i });
	}
	for (int family = 4; family <= 6; family += 2)
		for (int interval = 0; interval <= 1; interval++) {
			struct elements e = { .set = "s",
					      .interval = interval };
			struct batch *b = batch_new(0);
			struct read r;
			size_t wrong = 0;
			char in[64];

			if (family == 4)
				netlink_ranges4(b, &e, &v4);
			else
				netlink_ranges6(b, &e, &v6);
			r = read_back(b);
			snprintf(in, sizeof(in), "IPv%d, interval %d", family,
				 interval);
			expect_number(in, r.n, interval ? 200000 : 100000);
			expect_number(in, r.ends, interval ? 100000 : 0);
			expect_number(in, r.type, NFT_MSG_NEWSETELEM);
			expect(r.messages > 10 && r.longest <= 65535,
			       "%s: %zu messages, the longest has %zu bytes",
			       in, r.messages, r.longest);
			for (size_t i = 0; i < r.n; i++) {
				size_t at = interval ? i / 2 : i;
				bool end = interval && i % 2;
				struct addr6 end6 = v6.items[at].last;
				uint32_t want4 =
					htonl(end ? v4.items[at].last + 1 :
						    v4.items[at].first);

				addr6_next(&end6);
				wrong += r.keys[i][16] != end ||
					 (family == 4 ?
						  memcmp(r.keys[i], &want4, 4) :
						  memcmp(r.keys[i],
							 end ? end6.byte :
							       v6.items[at]
									 .first
									 .byte,
							 16));
			}
			expect_number(in, wrong, 0);
			free(r.keys);
			batch_free(b);
		}
	arena_free(a);
}

/* "10.0.0.0 10.0.1.0/end" */
static const char *keys_text(const struct read *r, int family, char *out)
{
	*out = '\0';
	for (size_t i = 0; i < r->n; i++) {
		char text[RANGE_TEXT_MAX];
		struct addr6 v6;
		uint32_t v4;

		memcpy(&v4, r->keys[i], 4);
		memcpy(v6.byte, r->keys[i], 16);
		if (family == 4)
			addr4_print(text, ntohl(v4));
		else
			addr6_print(text, &v6);
		sprintf(out + strlen(out), "%s%s%s", i ? " " : "", text,
			r->keys[i][16] ? "/end" : "");
	}
	return out;
}

CLAIM(interval_ends, "an interval ends before its end, unless that is the end "
		     "of all")
{
	static const struct {
		const char *first, *last;
		bool interval;
		const char *want;
	} vectors[] = {
		{ "10.0.0.0", "10.0.0.255", true, "10.0.0.0 10.0.1.0/end" },
		{ "10.0.0.7", "10.0.0.7", true, "10.0.0.7 10.0.0.8/end" },
		{ "10.0.0.7", "10.0.0.7", false, "10.0.0.7" },
		{ "0.0.0.0", "0.0.0.0", true, "0.0.0.0 0.0.0.1/end" },
		{ "192.0.2.0", "255.255.255.254", true,
		  "192.0.2.0 255.255.255.255/end" },
		{ "192.0.2.0", "255.255.255.255", true, "192.0.2.0" },
		{ "255.255.255.255", "255.255.255.255", true,
		  "255.255.255.255" },
		{ "255.255.255.255", "255.255.255.255", false,
		  "255.255.255.255" },
		{ "0.0.0.0", "255.255.255.255", true, "0.0.0.0" },
		{ "::1", "::1", true, "::1 ::2/end" },
		{ "::1", "::1", false, "::1" },
		{ "2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", true,
		  "2001:db8:: 2001:db9::/end" },
		{ "ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", true,
		  "ff00::" },
		{ "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", true, "::" },
	};

	for (size_t i = 0; i < COUNT(vectors); i++) {
		struct elements e = { .set = "s",
				      .interval = vectors[i].interval };
		struct batch *b = batch_new(0);
		struct addr_range first, last;
		struct read r;
		char got[256], in[128];

		assert_int_equal(range_parse(vectors[i].first,
					     strlen(vectors[i].first), &first),
				 ADDR_OK);
		assert_int_equal(range_parse(vectors[i].last,
					     strlen(vectors[i].last), &last),
				 ADDR_OK);
		first.v6.last =
			first.family == 6 ? last.v6.last : first.v6.last;
		if (first.family == 4) {
			first.v4.last = last.v4.last;
			netlink_ranges4(b, &e,
					&(struct ranges4){ &first.v4, 1, 1 });
		} else {
			netlink_ranges6(b, &e,
					&(struct ranges6){ &first.v6, 1, 1 });
		}
		r = read_back(b);
		sprintf(in, "%s-%s, interval %d", vectors[i].first,
			vectors[i].last, vectors[i].interval);
		expect_text(in, keys_text(&r, first.family, got),
			    vectors[i].want);
		free(r.keys);
		batch_free(b);
	}
}

CLAIM(add_remove, "elements are added or taken away, with their time if they "
		  "have one")
{
	static const struct {
		bool remove;
		uint64_t timeout_ms;
		uint16_t type;
	} vectors[] = {
		{ false, 0, NFT_MSG_NEWSETELEM },
		{ true, 0, NFT_MSG_DELSETELEM },
		{ false, 86400000, NFT_MSG_NEWSETELEM },
		{ false, 0x123456789abcULL, NFT_MSG_NEWSETELEM },
	};

	for (size_t i = 0; i < COUNT(vectors); i++) {
		struct elements e = { .set = "s",
				      .interval = true,
				      .remove = vectors[i].remove,
				      .timeout_ms = vectors[i].timeout_ms };
		struct range4 range = { 1, 5 };
		struct batch *b = batch_new(0);
		struct read r;

		netlink_ranges4(b, &e, &(struct ranges4){ &range, 1, 1 });
		r = read_back(b);
		expect_number("elements", r.n, 2);
		expect_number("type", r.type, vectors[i].type);
		expect_number("timeout", r.timeout_ms, vectors[i].timeout_ms);
		free(r.keys);
		batch_free(b);
	}
}

CLAIM(no_elements, "no elements are no message")
{
	struct elements e = { .set = "s", .interval = true };
	struct batch *b = batch_new(0);

	netlink_ranges4(b, &e, &(struct ranges4){ 0 });
	netlink_ranges6(b, &e, &(struct ranges6){ 0 });
	expect_number("messages", batch_messages(b), 0);
	batch_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIMED(empty),		CLAIMED(frame),
		CLAIMED(pages),		CLAIMED(notes),
		CLAIMED(sticky),	CLAIMED(hundred_thousand),
		CLAIMED(interval_ends), CLAIMED(add_remove),
		CLAIMED(no_elements),
	};

	return cmocka_run_group_tests_name("batch", tests, NULL, NULL);
}

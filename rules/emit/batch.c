/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "batch.h"
#include "../base/arena.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <libnftnl/common.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/*
 * A huge page where the kernel gives one: touching 40 MB of small pages for
 * the first time costs a tenth of what loading them does.
 */
#define PAGE_BYTES (2 * 1024 * 1024)

struct batch {
	struct iovec *pages; /* iov_len counts the bytes used */
	size_t n_pages, pages_cap;
	struct batch_note *notes;
	size_t n_notes, notes_cap;
	struct nlmsghdr *last;
	int error;
	unsigned char spare[BATCH_MESSAGE_MOST]; /* messages go here after a
						    failure */
};

static void add_page(struct batch *b)
{
	struct iovec *pages =
		list_grow(b->pages, b->n_pages, &b->pages_cap, sizeof(*pages));
	void *page = NULL;

	if (pages) {
		b->pages = pages;
		page = aligned_alloc(PAGE_BYTES, PAGE_BYTES);
	}
	if (!page) {
		b->error = -ENOMEM;
		return;
	}
	/* Most batches fit in the first page, which need not be huge. */
	if (b->n_pages)
		madvise(page, PAGE_BYTES, MADV_HUGEPAGE);
	pages[b->n_pages++] = (struct iovec){ page, 0 };
}

/* The place of the next message, with room for the largest. */
static unsigned char *batch_room(struct batch *b)
{
	struct iovec *page;

	if (!b->n_pages ||
	    b->pages[b->n_pages - 1].iov_len + BATCH_MESSAGE_MOST > PAGE_BYTES)
		if (!b->error)
			add_page(b);
	if (b->error)
		return b->spare;
	page = &b->pages[b->n_pages - 1];
	return (unsigned char *)page->iov_base + page->iov_len;
}

static void add_note(struct batch *b, const struct batch_note *note)
{
	struct batch_note *notes =
		list_grow(b->notes, b->n_notes, &b->notes_cap, sizeof(*notes));

	if (!notes) {
		b->error = -ENOMEM;
		return;
	}
	b->notes = notes;
	notes[b->n_notes++] = *note;
}

/* Sequence numbers: begin is 1, the messages follow, the end is last. */
#define SEQ_BEGIN 1

static void put_frame(struct batch *b, uint16_t type, uint32_t generation)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(batch_room(b));
	struct nfgenmsg *nfg;

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST;
	nlh->nlmsg_seq =
		SEQ_BEGIN + (uint32_t)b->n_notes + (type == NFNL_MSG_BATCH_END);
	nfg = mnl_nlmsg_put_extra_header(nlh, sizeof(*nfg));
	nfg->nfgen_family = AF_UNSPEC;
	nfg->version = NFNETLINK_V0;
	nfg->res_id = htons(NFNL_SUBSYS_NFTABLES);
	if (generation)
		mnl_attr_put_u32(nlh, NFNL_BATCH_GENID, htonl(generation));
	batch_close(b, nlh);
}

struct batch *batch_new(uint32_t generation)
{
	struct batch *b = calloc(1, sizeof(*b));

	if (b)
		put_frame(b, NFNL_MSG_BATCH_BEGIN, generation);
	return b;
}

void batch_free(struct batch *b)
{
	if (!b)
		return;
	for (size_t i = 0; i < b->n_pages; i++)
		free(b->pages[i].iov_base);
	free(b->pages);
	free(b->notes);
	free(b);
}

struct nlmsghdr *batch_open(struct batch *b, uint16_t type, uint8_t family,
			    uint16_t flags, struct batch_note note)
{
	struct nlmsghdr *nlh;

	add_note(b, &note);
	nlh = nftnl_nlmsg_build_hdr((char *)batch_room(b), type, family,
				    NLM_F_REQUEST | flags,
				    SEQ_BEGIN + (uint32_t)b->n_notes);
	b->last = nlh;
	return nlh;
}

void batch_close(struct batch *b, struct nlmsghdr *nlh)
{
	if (!b->error)
		b->pages[b->n_pages - 1].iov_len += NLMSG_ALIGN(nlh->nlmsg_len);
}

void batch_finish(struct batch *b)
{
	if (b->last)
		b->last->nlmsg_flags |= NLM_F_ACK;
	put_frame(b, NFNL_MSG_BATCH_END, 0);
}

int batch_error(const struct batch *b)
{
	return b->error;
}

void batch_fail(struct batch *b)
{
	b->error = -ENOMEM;
}

size_t batch_bytes(const struct batch *b)
{
	size_t sum = 0;

	for (size_t i = 0; i < b->n_pages; i++)
		sum += b->pages[i].iov_len;
	return sum;
}

size_t batch_messages(const struct batch *b)
{
	return b->n_notes;
}

const struct iovec *batch_iovec(const struct batch *b, size_t *n)
{
	*n = b->n_pages;
	return b->pages;
}

const struct batch_note *batch_note_of(const struct batch *b, uint32_t seq)
{
	if (seq <= SEQ_BEGIN || seq - SEQ_BEGIN > b->n_notes)
		return NULL;
	return &b->notes[seq - SEQ_BEGIN - 1];
}

const struct nlmsghdr *batch_message(const struct batch *b, uint32_t seq)
{
	for (size_t i = 0; i < b->n_pages; i++) {
		const struct nlmsghdr *nlh = b->pages[i].iov_base;
		int rest = (int)b->pages[i].iov_len;

		for (; mnl_nlmsg_ok(nlh, rest);
		     nlh = mnl_nlmsg_next(nlh, &rest))
			if (nlh->nlmsg_seq == seq)
				return nlh;
	}
	return NULL;
}

bool batch_is_last(const struct batch *b, uint32_t seq)
{
	return b->n_notes && seq == SEQ_BEGIN + b->n_notes;
}

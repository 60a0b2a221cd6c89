/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One nftables transaction as it will lie in one sendmsg(): messages in pages
 * of some megabytes. Every message remembers what it is for, so that the
 * kernel's refusal finds its way back to the line that caused it.
 *
 * The error is sticky: build everything, then ask batch_error() once.
 */
#ifndef MAILWALL_BATCH_H
#define MAILWALL_BATCH_H

#include "../base/diag.h"

#include <linux/netlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

struct batch;

enum batch_object {
	BATCH_TABLE,
	BATCH_COUNTER,
	BATCH_SET,
	BATCH_ELEMENTS,
	BATCH_CHAIN,
	BATCH_RULE,
};

struct batch_note {
	enum batch_object object;
	const char *name; /* name of the object, or of the rule's chain */
	const struct span *origin; /* NULL: the whole policy */
};

/*
 * The transaction happens only if the kernel's generation is still this one;
 * 0 asks for no such thing. NULL if there is no memory.
 */
struct batch *batch_new(uint32_t generation);
void batch_free(struct batch *b);

/* Bound of one message, far above the longest that is built. */
#define BATCH_MESSAGE_MOST (72 * 1024)

/*
 * Starts a message: put attributes behind it with libmnl or libnftnl, then
 * close it. The note's name is borrowed until the batch is freed.
 */
struct nlmsghdr *batch_open(struct batch *b, uint16_t type, uint8_t family,
			    uint16_t flags, struct batch_note note);
void batch_close(struct batch *b, struct nlmsghdr *nlh);

/* Adds the end and asks for one acknowledgement, on the last message. */
void batch_finish(struct batch *b);

int batch_error(const struct batch *b); /* 0 or -ENOMEM */
void batch_fail(struct batch *b);	/* no memory to build a message */
size_t batch_bytes(const struct batch *b);
size_t batch_messages(const struct batch *b); /* without begin and end */
/* The messages as sendmsg() takes them. */
const struct iovec *batch_iovec(const struct batch *b, size_t *n);

/* Returns the note of a sequence number; NULL for begin, end and others. */
const struct batch_note *batch_note_of(const struct batch *b, uint32_t seq);
/* Walks through the messages as they were sent. */
const struct nlmsghdr *batch_message(const struct batch *b, uint32_t seq);
bool batch_is_last(const struct batch *b, uint32_t seq);

#endif

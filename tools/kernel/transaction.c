/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "transaction.h"

#include <errno.h>
#include <libnftnl/common.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define SEND_OVERHEAD (64 * 1024) /* the kernel's own, besides the batch */

static bool transaction_is_word(const struct nlattr *attr)
{
	const char *text = mnl_attr_get_payload(attr);

	return mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) >= 0 &&
	       text[0] >= 'a' && text[0] <= 'z';
}

/* The name of an expression, from the attribute that holds all of it. */
static const char *transaction_expression(const struct nlattr *bad)
{
	const struct nlattr *attr;

	if (transaction_is_word(bad))
		return mnl_attr_get_str(bad);
	mnl_attr_for_each_nested (attr, bad)
		if (mnl_attr_get_type(attr) == NFTA_EXPR_NAME &&
		    transaction_is_word(attr))
			return mnl_attr_get_str(attr);
	return "";
}

/*
 * Keeps the name of the expression at the offset of our message that the kernel
 * reports: most often one that this kernel does not have.
 */
static void transaction_read_wanted(struct kernel_error *e,
				    const struct batch *b,
				    const struct nlmsghdr *nlh)
{
	const struct nlmsghdr *sent;
	const struct nlattr *attr, *bad;
	uint32_t offset;

	if (!(nlh->nlmsg_flags & NLM_F_ACK_TLVS))
		return;
	mnl_attr_for_each (attr, nlh, sizeof(struct nlmsgerr)) {
		if (mnl_attr_get_type(attr) != NLMSGERR_ATTR_OFFS ||
		    mnl_attr_get_payload_len(attr) != sizeof(offset))
			continue;
		offset = mnl_attr_get_u32(attr);
		sent = batch_message(b, nlh->nlmsg_seq);
		if (!sent || offset % MNL_ALIGNTO ||
		    offset + sizeof(*bad) > sent->nlmsg_len)
			return;
		bad = (const struct nlattr *)((const char *)sent + offset);
		if (mnl_attr_ok(bad, (int)(sent->nlmsg_len - offset)))
			snprintf(e->wanted, sizeof(e->wanted), "%s",
				 transaction_expression(bad));
	}
}

static void kernel_errors_add(struct kernel_errors *r, const struct batch *b,
			      const struct nlmsghdr *nlh, int error)
{
	struct kernel_error *e;

	if (r->all++ >= KERNEL_ERRORS_MOST)
		return;
	e = &r->items[r->n++];
	*e = (struct kernel_error){
		.note = batch_note_of(b, nlh->nlmsg_seq),
		.error = error,
	};
	transaction_read_wanted(e, b, nlh);
}

/* libmnl 1.0.4 takes a length past 2^31 for a negative one. */
static bool transaction_is_whole(const struct nlmsghdr *nlh, int rest)
{
	return rest >= (int)sizeof(*nlh) && nlh->nlmsg_len >= sizeof(*nlh) &&
	       nlh->nlmsg_len <= (unsigned int)rest;
}

void kernel_errors_read(struct kernel_errors *r, const struct batch *b,
			const void *datagram, size_t len, bool *done)
{
	const struct nlmsghdr *nlh = datagram;
	int rest = (int)len;

	for (; transaction_is_whole(nlh, rest);
	     nlh = mnl_nlmsg_next(nlh, &rest)) {
		const struct nlmsgerr *e;

		if (nlh->nlmsg_type != NLMSG_ERROR ||
		    nlh->nlmsg_len < mnl_nlmsg_size(sizeof(*e)))
			continue;
		e = mnl_nlmsg_get_payload(nlh);
		/* An errno is below 4096; anything else breaks the protocol. */
		if (e->error)
			kernel_errors_add(r, b, nlh,
					  e->error < 0 && e->error > -4096 ?
						  -e->error :
						  EPROTO);
		else if (batch_is_last(b, nlh->nlmsg_seq))
			*done = true;
	}
}

int kernel_errors_verdict(const struct kernel_errors *r, bool done,
			  bool overrun)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->items[i].error == ERESTART)
			return -ERESTART;
	if (r->all)
		return -r->items[0].error;
	return done && !overrun ? 0 : -ENOBUFS;
}

/* Without privilege the limit of the system holds. */
static void transaction_grow_buffer(int fd, size_t bytes)
{
	int want = (int)(bytes + SEND_OVERHEAD);

	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &want, sizeof(want)))
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &want, sizeof(want));
}

int transaction_send(struct netlink *nl, const struct iovec *pages, size_t n,
		     size_t bytes, transaction_answer_fn *fn, void *ctx)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	struct msghdr msg = { .msg_name = &kernel,
			      .msg_namelen = sizeof(kernel),
			      .msg_iov = (struct iovec *)pages,
			      .msg_iovlen = n };
	int fd = mnl_socket_get_fd(nl->socket), error = 0;

	transaction_grow_buffer(fd, bytes);
	if (sendmsg(fd, &msg, 0) < 0)
		return -errno;
	/* The kernel has sent all its answers before sendmsg() returns. */
	for (;;) {
		ssize_t got =
			recv(fd, nl->buffer, NETLINK_REPLY_BYTES, MSG_DONTWAIT);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 && errno == ENOBUFS) {
			error = -ENOBUFS;
			continue;
		}
		if (got <= 0)
			break;
		fn(ctx, nl->buffer, (size_t)got);
	}
	return error;
}

struct transaction_answers {
	const struct batch *batch;
	struct kernel_errors *errors;
	bool done;
};

static void transaction_on_answer(void *ctx, const void *datagram, size_t len)
{
	struct transaction_answers *a = ctx;

	kernel_errors_read(a->errors, a->batch, datagram, len, &a->done);
}

int transaction_commit(struct netlink *nl, const struct batch *b,
		       struct kernel_errors *errors)
{
	struct transaction_answers a = { .batch = b, .errors = errors };
	size_t n;
	const struct iovec *pages = batch_iovec(b, &n);
	int error;

	*errors = (struct kernel_errors){ 0 };
	if (nl->route)
		error = nl->route->send(nl->route->ctx, b,
					transaction_on_answer, &a);
	else
		error = transaction_send(nl, pages, n, batch_bytes(b),
					 transaction_on_answer, &a);
	if (error && error != -ENOBUFS)
		return error;
	return kernel_errors_verdict(errors, a.done, error == -ENOBUFS);
}

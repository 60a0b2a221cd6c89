/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * LD_PRELOAD: a kernel that refuses each message of one type of nf_tables,
 * REFUSE="TYPE ERRNO"; TYPE -1: all of them. What holds such a message is not
 * sent, and is answered as the kernel would. HIDE_COUNT=1: a kernel
 * before 6.16, which does not say how many elements a set has.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>

#define ANSWER_BYTES                                                           \
	((size_t)NLMSG_ALIGN(NLMSG_LENGTH(sizeof(struct nlmsgerr))))
#define ANSWERS_MOST 4096
#define NEWSET	     9
#define SET_COUNT    20
#define NOTHING	     250

static char answers[ANSWERS_MOST * 64];
static size_t answers_len;

static int refuse_answer(const struct nlmsghdr *of, int error)
{
	struct nlmsghdr *nlh = (void *)(answers + answers_len);
	struct nlmsgerr *e;

	if (answers_len + ANSWER_BYTES > sizeof(answers))
		return 0;
	memset(nlh, 0, ANSWER_BYTES);
	nlh->nlmsg_len = NLMSG_LENGTH(sizeof(*e));
	nlh->nlmsg_type = NLMSG_ERROR;
	nlh->nlmsg_flags = NLM_F_CAPPED;
	nlh->nlmsg_seq = of->nlmsg_seq;
	e = NLMSG_DATA(nlh);
	e->error = -error;
	e->msg = *of;
	answers_len += ANSWER_BYTES;
	return 1;
}

static int refuse_is_one(const struct nlmsghdr *nlh, int type)
{
	return nlh->nlmsg_type >> 8 == NFNL_SUBSYS_NFTABLES &&
	       (type < 0 || (nlh->nlmsg_type & 0xff) == type);
}

/* Answers each message of the type; 0: there is none. */
static int refuse_bytes(const char *bytes, size_t len)
{
	const char *asked = getenv("REFUSE");
	const struct nlmsghdr *nlh, *last = NULL;
	int type, error, any = 0;
	size_t at = 0;

	if (!asked || sscanf(asked, "%d %d", &type, &error) != 2)
		return 0;
	for (; len - at >= sizeof(*nlh); at += NLMSG_ALIGN(nlh->nlmsg_len)) {
		nlh = (const void *)(bytes + at);
		if (nlh->nlmsg_len < sizeof(*nlh) || nlh->nlmsg_len > len - at)
			break;
		if (refuse_is_one(nlh, type))
			any += refuse_answer(nlh, error);
		if (nlh->nlmsg_flags & NLM_F_ACK)
			last = nlh;
	}
	if (any && last)
		refuse_answer(last, 0);
	return any;
}

ssize_t sendto(int fd, const void *bytes, size_t len, int flags,
	       const struct sockaddr *to, socklen_t to_len)
{
	ssize_t (*real)(int, const void *, size_t, int, const struct sockaddr *,
			socklen_t) = dlsym(RTLD_NEXT, "sendto");

	if (to && to->sa_family == AF_NETLINK && refuse_bytes(bytes, len))
		return (ssize_t)len;
	return real(fd, bytes, len, flags, to, to_len);
}

ssize_t sendmsg(int fd, const struct msghdr *msg, int flags)
{
	ssize_t (*real)(int, const struct msghdr *, int) =
		dlsym(RTLD_NEXT, "sendmsg");
	const struct sockaddr *to = msg->msg_name;
	size_t len = 0, any = 0;
	char *all;

	if (!to || to->sa_family != AF_NETLINK)
		return real(fd, msg, flags);
	for (size_t i = 0; i < msg->msg_iovlen; i++)
		len += msg->msg_iov[i].iov_len;
	all = malloc(len + 1);
	if (!all)
		abort();
	for (size_t i = 0, at = 0; i < msg->msg_iovlen; i++) {
		memcpy(all + at, msg->msg_iov[i].iov_base,
		       msg->msg_iov[i].iov_len);
		at += msg->msg_iov[i].iov_len;
	}
	any = (size_t)refuse_bytes(all, len);
	free(all);
	return any ? (ssize_t)len : real(fd, msg, flags);
}

static ssize_t refuse_take(void *to, size_t size)
{
	size_t len = answers_len < size ? answers_len : size;

	memcpy(to, answers, len);
	answers_len = 0;
	return (ssize_t)len;
}

static void hide_in_set(struct nlmsghdr *nlh)
{
	size_t at = NLMSG_HDRLEN + NLMSG_ALIGN(sizeof(struct nfgenmsg));
	struct nlattr *attr;

	for (; at + sizeof(*attr) <= nlh->nlmsg_len;
	     at += NLA_ALIGN(attr->nla_len)) {
		attr = (void *)((char *)nlh + at);
		if (attr->nla_len < sizeof(*attr))
			return;
		if (attr->nla_type == SET_COUNT)
			attr->nla_type = NOTHING;
	}
}

static void hide_counts(char *bytes, ssize_t len)
{
	struct nlmsghdr *nlh;

	if (!getenv("HIDE_COUNT"))
		return;
	for (size_t at = 0; at + sizeof(*nlh) <= (size_t)(len < 0 ? 0 : len);
	     at += NLMSG_ALIGN(nlh->nlmsg_len)) {
		nlh = (void *)(bytes + at);
		if (nlh->nlmsg_len < sizeof(*nlh) ||
		    nlh->nlmsg_len > (size_t)len - at)
			return;
		if (nlh->nlmsg_type == (NFNL_SUBSYS_NFTABLES << 8 | NEWSET))
			hide_in_set(nlh);
	}
}

ssize_t recvmsg(int fd, struct msghdr *msg, int flags)
{
	ssize_t (*real)(int, struct msghdr *, int) =
		dlsym(RTLD_NEXT, "recvmsg");
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };

	ssize_t got;

	if (!answers_len) {
		got = real(fd, msg, flags);
		hide_counts(msg->msg_iov[0].iov_base, got);
		return got;
	}
	if (msg->msg_name)
		memcpy(msg->msg_name, &kernel, sizeof(kernel));
	msg->msg_namelen = sizeof(kernel);
	msg->msg_flags = 0;
	return refuse_take(msg->msg_iov[0].iov_base, msg->msg_iov[0].iov_len);
}

ssize_t recv(int fd, void *to, size_t size, int flags)
{
	ssize_t (*real)(int, void *, size_t, int) = dlsym(RTLD_NEXT, "recv");

	return answers_len ? refuse_take(to, size) : real(fd, to, size, flags);
}

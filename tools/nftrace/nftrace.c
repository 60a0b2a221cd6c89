/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "nftrace.h"
#include "../../rules/base/arena.h"
#include "../../rules/ruleset/digest.h"
#include "../program/utf8.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libnftnl/rule.h>
#include <libnftnl/trace.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <poll.h>
#include <string.h>
#include <time.h>

#define TRACE_BUFFER_BYTES (4 * 1024 * 1024) /* the socket's */
/* The kernel says all of a packet at once, unless a queue holds it. */
#define TRACE_QUIET_MS	 300
#define TRACE_STEPS_MOST 1000 /* more than any packet takes */

/* ---- verdicts ---- */

#define TRACE_VERDICT_MASK 0xff /* above are a queue's number, an error */

static const struct nftrace_verdict {
	int32_t verdict;
	const char *name;
	enum nftrace_fate fate;
} nftrace_verdicts[] = {
	{ NF_ACCEPT, "accept", FATE_GOES_ON },
	{ NF_DROP, "drop", FATE_STOPPED },
	{ NF_QUEUE, "queue", FATE_QUEUED },
	{ NF_STOLEN, "stolen", FATE_TAKEN },
	{ NFT_CONTINUE, "continue", FATE_GOES_ON },
	{ NFT_BREAK, "break", FATE_GOES_ON },
	{ NFT_JUMP, "jump", FATE_GOES_ON },
	{ NFT_GOTO, "goto", FATE_GOES_ON },
	{ NFT_RETURN, "return", FATE_GOES_ON },
};

static const struct nftrace_verdict *nftrace_verdict_row(int32_t verdict)
{
	if (verdict >= 0)
		verdict &= TRACE_VERDICT_MASK;
	for (size_t i = 0;
	     i < sizeof(nftrace_verdicts) / sizeof(*nftrace_verdicts); i++)
		if (nftrace_verdicts[i].verdict == verdict)
			return &nftrace_verdicts[i];
	return NULL;
}

const char *nftrace_verdict_name(int32_t verdict)
{
	const struct nftrace_verdict *row = nftrace_verdict_row(verdict);

	return row ? row->name : "unknown";
}

enum nftrace_fate nftrace_step_fate(const struct nftrace_step *step)
{
	const struct nftrace_verdict *row = nftrace_verdict_row(step->verdict);

	if (step->kind == TRACE_RETURN || !row)
		return FATE_GOES_ON;
	return row->fate;
}

/* ---- one message ---- */

/* Names and comments of others may hold any byte. */
static const char *nftrace_clean(struct arena *a, const char *text)
{
	char clean[300];

	utf8_clean(clean, sizeof(clean), text, strlen(text));
	return arena_printf(a, "%s", clean);
}

static const char *nftrace_text(struct nftrace *t, const struct nftnl_trace *nt,
				uint16_t attr)
{
	const char *text = nftnl_trace_is_set(nt, attr) ?
				   nftnl_trace_get_str(nt, attr) :
				   NULL;

	return text ? nftrace_clean(t->arena, text) : NULL;
}

static uint32_t nftrace_number(const struct nftnl_trace *nt, uint16_t attr)
{
	return nftnl_trace_is_set(nt, attr) ? nftnl_trace_get_u32(nt, attr) : 0;
}

/* The destination, as it is there: a rule before may have changed it. */
static void nftrace_read_headers(const struct nftrace *t,
				 const struct nftnl_trace *nt,
				 struct nftrace_step *s)
{
	uint32_t n = 0, len = t->family == 4 ? 4 : 16;
	uint32_t at = t->family == 4 ? 16 : 24;
	const uint8_t *p;

	if (!nftnl_trace_is_set(nt, NFTNL_TRACE_NETWORK_HEADER) ||
	    !nftnl_trace_is_set(nt, NFTNL_TRACE_TRANSPORT_HEADER))
		return;
	p = nftnl_trace_get_data(nt, NFTNL_TRACE_NETWORK_HEADER, &n);
	if (!p || n < at + len)
		return;
	memcpy(s->destination.byte, p + at, len);
	p = nftnl_trace_get_data(nt, NFTNL_TRACE_TRANSPORT_HEADER, &n);
	if (!p || n < 4)
		return;
	s->source_port = (uint16_t)(p[0] << 8 | p[1]);
	s->destination_port = (uint16_t)(p[2] << 8 | p[3]);
	s->has_destination = true;
}

static enum nftrace_kind nftrace_kind_of(uint32_t type)
{
	if (type == NFT_TRACETYPE_POLICY)
		return TRACE_POLICY;
	return type == NFT_TRACETYPE_RETURN ? TRACE_RETURN : TRACE_RULE;
}

static void nftrace_read_step(struct nftrace *t, const struct nftnl_trace *nt,
			      struct nftrace_step *s)
{
	*s = (struct nftrace_step){
		.kind = nftrace_kind_of(nftrace_number(nt, NFTNL_TRACE_TYPE)),
		.table_family = (uint8_t)nftrace_number(nt, NFTNL_TRACE_FAMILY),
		.table = nftrace_text(t, nt, NFTNL_TRACE_TABLE),
		.chain = nftrace_text(t, nt, NFTNL_TRACE_CHAIN),
		.jump = nftrace_text(t, nt, NFTNL_TRACE_JUMP_TARGET),
		.in = nftrace_number(nt, NFTNL_TRACE_IIF),
		.out = nftrace_number(nt, NFTNL_TRACE_OIF),
		.verdict = (int32_t)nftrace_number(nt, NFTNL_TRACE_VERDICT),
	};
	if (s->kind == TRACE_POLICY)
		s->verdict = (int32_t)nftrace_number(nt, NFTNL_TRACE_POLICY);
	if (nftnl_trace_is_set(nt, NFTNL_TRACE_RULE_HANDLE))
		s->handle = nftnl_trace_get_u64(nt, NFTNL_TRACE_RULE_HANDLE);
	nftrace_read_headers(t, nt, s);
}

/*
 * A newer kernel tells the end of a chain's rules as rule 0, which has the
 * headers that the message after it lacks.
 */
static bool nftrace_is_end(const struct nftrace_step *s)
{
	return s->kind == TRACE_RULE && !s->handle;
}

static void nftrace_add(struct nftrace *t, struct nftrace_step *s)
{
	const struct nftrace_step *end = &t->end;

	if (nftrace_is_end(s)) {
		t->end = *s;
		return;
	}
	if (!s->has_destination && end->has_destination &&
	    !strcmp(end->chain, s->chain) && !strcmp(end->table, s->table)) {
		s->destination = end->destination;
		s->destination_port = end->destination_port;
		s->source_port = end->source_port;
		s->has_destination = true;
		s->in = end->in;
		s->out = end->out;
	}
	t->end = (struct nftrace_step){ 0 };
	*arena_push(t->arena, &t->steps) = *s;
}

/* The first packet that our own table marked is the one. */
static void nftrace_take(struct nftrace *t, const struct nftnl_trace *nt)
{
	uint32_t id = nftrace_number(nt, NFTNL_TRACE_ID);
	struct nftrace_step s;

	if (t->steps.n >= TRACE_STEPS_MOST || (t->caught && id != t->id))
		return;
	nftrace_read_step(t, nt, &s);
	if (!s.table || !s.chain)
		return;
	if (!t->caught && strcmp(s.table, t->table) != 0)
		return;
	t->caught = true;
	t->id = id;
	nftrace_add(t, &s);
}

static int nftrace_on_message(const struct nlmsghdr *nlh, void *ctx)
{
	struct nftnl_trace *nt;

	if (nlh->nlmsg_type != (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_TRACE))
		return MNL_CB_OK;
	nt = nftnl_trace_alloc();
	if (!nt) {
		errno = ENOMEM;
		return MNL_CB_ERROR;
	}
	if (!nftnl_trace_nlmsg_parse(nlh, nt))
		nftrace_take(ctx, nt);
	nftnl_trace_free(nt);
	return MNL_CB_OK;
}

/* ---- waiting ---- */

static int64_t nftrace_clock_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static bool nftrace_is_over(const struct nftrace *t)
{
	return t->steps.n &&
	       nftrace_step_fate(&t->steps.items[t->steps.n - 1]) ==
		       FATE_STOPPED;
}

static int nftrace_read(struct nftrace *t)
{
	ssize_t got = mnl_socket_recvfrom(t->listener, t->owner.buffer,
					  NETLINK_REPLY_BYTES);

	if (got < 0 && errno == ENOBUFS) {
		t->lost = true;
		return 0;
	}
	if (got < 0)
		return errno == EINTR || errno == EAGAIN ? 0 : -errno;
	return mnl_cb_run(t->owner.buffer, (size_t)got, 0, 0,
			  nftrace_on_message, t) < 0 ?
		       -errno :
		       0;
}

int nftrace_wait(struct nftrace *t, uint32_t seconds)
{
	int64_t end_ms = nftrace_clock_ms() + (int64_t)seconds * 1000;
	int error = 0;

	while (!error && !nftrace_is_over(t)) {
		struct pollfd p = { .fd = mnl_socket_get_fd(t->listener),
				    .events = POLLIN };
		int64_t left_ms = end_ms - nftrace_clock_ms();
		int ready;

		if (t->caught)
			left_ms = TRACE_QUIET_MS;
		if (left_ms <= 0)
			break;
		ready = poll(&p, 1, left_ms < 1000 ? (int)left_ms : 1000);
		if (ready < 0 && errno != EINTR)
			return -errno;
		if (!ready && t->caught)
			break;
		if (ready > 0)
			error = nftrace_read(t);
	}
	return error;
}

/* ---- the rules that it met ---- */

struct nftrace_name {
	struct arena *arena;
	const char *comment;
};

static int nftrace_on_rule(const struct nlmsghdr *nlh, void *ctx)
{
	struct nftnl_rule *rule = nftnl_rule_alloc();
	struct nftrace_name *name = ctx;
	const char *comment = NULL;

	if (rule && !nftnl_rule_nlmsg_parse(nlh, rule))
		comment = rule_comment(rule);
	if (comment)
		name->comment = nftrace_clean(name->arena, comment);
	if (rule)
		nftnl_rule_free(rule);
	return MNL_CB_OK;
}

void nftrace_name_rules(struct nftrace *t, struct netlink *nl)
{
	for (size_t i = 0; i < t->steps.n; i++) {
		struct nftrace_step *s = &t->steps.items[i];
		struct nftrace_name name = { t->arena, NULL };
		char buf[1024];
		struct nlmsghdr *nlh;

		if (s->kind != TRACE_RULE || !s->handle ||
		    strlen(s->table) + strlen(s->chain) > sizeof(buf) / 2)
			continue;
		nlh = netlink_request(buf, NFT_MSG_GETRULE, s->table_family, 0);
		mnl_attr_put_strz(nlh, NFTA_RULE_TABLE, s->table);
		mnl_attr_put_strz(nlh, NFTA_RULE_CHAIN, s->chain);
		mnl_attr_put_u64(nlh, NFTA_RULE_HANDLE, htobe64(s->handle));
		if (!netlink_query(nl, nlh, nftrace_on_rule, &name))
			s->comment = name.comment;
	}
}

/* ---- together ---- */

static int nftrace_listen(struct nftrace *t)
{
	int group = NFNLGRP_NFTRACE, bytes = TRACE_BUFFER_BYTES;

	t->listener = mnl_socket_open2(NETLINK_NETFILTER,
				       SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (!t->listener ||
	    mnl_socket_bind(t->listener, 0, MNL_SOCKET_AUTOPID) < 0 ||
	    mnl_socket_setsockopt(t->listener, NETLINK_ADD_MEMBERSHIP, &group,
				  sizeof(group)) < 0)
		return -errno;
	setsockopt(mnl_socket_get_fd(t->listener), SOL_SOCKET, SO_RCVBUFFORCE,
		   &bytes, sizeof(bytes));
	return 0;
}

int nftrace_open(struct nftrace *t, struct arena *a,
		 const struct nftrace_query *query)
{
	int error;

	*t = (struct nftrace){ .arena = a, .family = query->family };
	error = netlink_open(&t->owner);
	if (!error)
		error = nftrace_listen(t);
	if (!error)
		error = nftrace_table_add(t, query);
	return error;
}

void nftrace_close(struct nftrace *t)
{
	if (t->listener)
		mnl_socket_close(t->listener);
	t->listener = NULL;
	netlink_close(&t->owner);
}

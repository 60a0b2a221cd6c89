/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel counts: three dumps, of counters, of sets, and of the
 * elements of those sets that it does not count by itself (before Linux 6.16).
 */
#include "host.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#ifndef NFPROTO_INET
#define NFPROTO_INET 1
#endif

#define REPLY_BYTES  (128 * 1024)
#define TRIES_MOST   10
#define TRY_AGAIN_MS 20 /* somebody loads rules meanwhile */

/* NFTA_SET_COUNT of Linux 6.16; another number stands for a kernel before. */
#ifndef SET_ATTR_COUNT
#define SET_ATTR_COUNT 20
#endif

/* ---- families ---- */

static const struct {
	const char *name;
	uint8_t number;
} families[] = {
	{ "inet", NFPROTO_INET },     { "ip", NFPROTO_IPV4 },
	{ "ip6", NFPROTO_IPV6 },      { "bridge", NFPROTO_BRIDGE },
	{ "netdev", NFPROTO_NETDEV },
};

#define N_FAMILIES (sizeof(families) / sizeof(families[0]))

static uint8_t table_family_number(const char *name)
{
	for (size_t i = 0; i < N_FAMILIES; i++)
		if (!strcmp(families[i].name, name))
			return families[i].number;
	return NFPROTO_UNSPEC;
}

bool table_family_is_known(const char *name)
{
	return table_family_number(name) != NFPROTO_UNSPEC;
}

/* ---- asking ---- */

struct reader {
	struct table *table;
	struct mnl_socket *socket;
	uint32_t seq;
	char reply[REPLY_BYTES];
};

static int reader_open(struct reader *r)
{
	int error;

	r->socket = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
	if (!r->socket)
		return -errno;
	if (mnl_socket_bind(r->socket, 0, MNL_SOCKET_AUTOPID) >= 0)
		return 0;
	error = errno;
	mnl_socket_close(r->socket);
	r->socket = NULL;
	return -error;
}

/* With what it did not read of a dump that was given up. */
static void reader_close(struct reader *r)
{
	if (r->socket)
		mnl_socket_close(r->socket);
	r->socket = NULL;
}

static struct nlmsghdr *table_request(const struct reader *r, char *buf,
				      int type, uint16_t flags)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct nfgenmsg *nfg = mnl_nlmsg_put_extra_header(nlh, sizeof(*nfg));

	nlh->nlmsg_type = (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type);
	nlh->nlmsg_flags = NLM_F_REQUEST | flags;
	nfg->nfgen_family = table_family_number(r->table->family);
	nfg->version = NFNETLINK_V0;
	return nlh;
}

/* 0, or -errno; -ECANCELED: cb had enough. */
static int table_ask(struct reader *r, struct nlmsghdr *nlh, mnl_cb_t cb,
		     void *ctx)
{
	unsigned int port = mnl_socket_get_portid(r->socket);
	int more = 1;

	nlh->nlmsg_seq = ++r->seq;
	if (mnl_socket_sendto(r->socket, nlh, nlh->nlmsg_len) < 0)
		return -errno;
	while (more > 0) {
		ssize_t got = mnl_socket_recvfrom(r->socket, r->reply,
						  sizeof(r->reply));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		more = mnl_cb_run(r->reply, (size_t)got, r->seq, port, cb, ctx);
	}
	return more < 0 ? -errno : 0;
}

static int dump(struct reader *r, int type, uint16_t table_attr, mnl_cb_t cb,
		void *ctx)
{
	char buf[512];
	struct nlmsghdr *nlh = table_request(r, buf, type, NLM_F_DUMP);

	mnl_attr_put_strz(nlh, table_attr, r->table->name);
	return table_ask(r, nlh, cb, ctx);
}

/* ---- attributes ---- */

static const char *string_of(const struct nlattr *attr)
{
	return mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) < 0 ?
		       "" :
		       mnl_attr_get_str(attr);
}

static uint32_t table_be32_of(const struct nlattr *attr)
{
	return mnl_attr_validate(attr, MNL_TYPE_U32) < 0 ?
		       0 :
		       ntohl(mnl_attr_get_u32(attr));
}

static uint64_t table_be64_of(const struct nlattr *attr)
{
	uint64_t n = 0;

	if (mnl_attr_get_payload_len(attr) == sizeof(n))
		memcpy(&n, mnl_attr_get_payload(attr), sizeof(n));
	return be64toh(n);
}

static void copy_name(char *to, const struct nlattr *attr)
{
	const char *from = string_of(attr);
	size_t len = strnlen(from, DATA_MAX_NAME_LEN - 1);

	memcpy(to, from, len);
	to[len] = '\0';
}

/* ---- is it there ---- */

static int table_take_table(const struct nlmsghdr *nlh, void *ctx)
{
	(void)nlh;
	*(bool *)ctx = true;
	return MNL_CB_STOP;
}

static int find_table(struct reader *r)
{
	char buf[512];
	struct nlmsghdr *nlh = table_request(r, buf, NFT_MSG_GETTABLE, 0);
	bool found = false;
	int error;

	mnl_attr_put_strz(nlh, NFTA_TABLE_NAME, r->table->name);
	error = table_ask(r, nlh, table_take_table, &found);
	/* A kernel without the family has no table of it either. */
	if (error == -EAFNOSUPPORT || error == -EOPNOTSUPP)
		return -ENOENT;
	return error || found ? error : -ENOENT;
}

/* ---- counters ---- */

static void *one_more(void *items, size_t n, size_t size)
{
	/* Grows at powers of two. */
	return n & (n - 1) ? items : realloc(items, (n ? 2 * n : 1) * size);
}

static void table_take_figures(const struct nlattr *data, struct counter *c)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested (attr, data) {
		if (mnl_attr_get_type(attr) == NFTA_COUNTER_PACKETS)
			c->packets = table_be64_of(attr);
		else if (mnl_attr_get_type(attr) == NFTA_COUNTER_BYTES)
			c->bytes = table_be64_of(attr);
	}
}

static bool is_of(const struct table *t, const struct nlattr *attr)
{
	return !strcmp(string_of(attr), t->name);
}

static int table_take_counter(const struct nlmsghdr *nlh, void *ctx)
{
	struct table *t = ctx;
	struct counter c = { 0 };
	const struct nlattr *attr, *data = NULL;
	bool mine = false, counts = false;
	void *items;

	mnl_attr_for_each (attr, nlh, sizeof(struct nfgenmsg)) {
		uint16_t type = mnl_attr_get_type(attr);

		if (type == NFTA_OBJ_TABLE)
			mine = is_of(t, attr);
		else if (type == NFTA_OBJ_NAME)
			copy_name(c.name, attr);
		else if (type == NFTA_OBJ_TYPE)
			counts = table_be32_of(attr) == NFT_OBJECT_COUNTER;
		else if (type == NFTA_OBJ_DATA)
			data = attr;
	}
	if (!mine || !counts || !data || !*c.name)
		return MNL_CB_OK;
	table_take_figures(data, &c);
	items = one_more(t->counters, t->n_counters, sizeof(c));
	if (!items)
		return MNL_CB_ERROR;
	t->counters = items;
	t->counters[t->n_counters++] = c;
	return MNL_CB_OK;
}

/* ---- sets ---- */

static void take_size(const struct nlattr *desc, struct set *s)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested (attr, desc)
		if (mnl_attr_get_type(attr) == NFTA_SET_DESC_SIZE)
			s->size = table_be32_of(attr);
}

static void take_set_attr(const struct nlattr *attr, struct set *s)
{
	switch (mnl_attr_get_type(attr)) {
	case NFTA_SET_NAME:
		copy_name(s->name, attr);
		break;
	case NFTA_SET_FLAGS:
		s->flags = table_be32_of(attr);
		break;
	case NFTA_SET_DESC:
		take_size(attr, s);
		break;
	case SET_ATTR_COUNT:
		s->counted = true;
		s->elements = table_be32_of(attr);
		break;
	}
}

/* Maps of ports are how the rules work, not what they know. */
static int table_take_set(const struct nlmsghdr *nlh, void *ctx)
{
	struct table *t = ctx;
	struct set s = { 0 };
	const struct nlattr *attr;
	bool mine = false;
	void *items;

	mnl_attr_for_each (attr, nlh, sizeof(struct nfgenmsg))
		if (mnl_attr_get_type(attr) == NFTA_SET_TABLE)
			mine = is_of(t, attr);
		else
			take_set_attr(attr, &s);
	if (!mine || !*s.name || s.flags & NFT_SET_MAP)
		return MNL_CB_OK;
	items = one_more(t->sets, t->n_sets, sizeof(s));
	if (!items)
		return MNL_CB_ERROR;
	t->sets = items;
	t->sets[t->n_sets++] = s;
	return MNL_CB_OK;
}

/* ---- elements, where the kernel does not say how many ---- */

struct count {
	uint64_t n, most;
};

/* Of an interval, the first key past it is an element, too. */
static bool is_end(const struct nlattr *element)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested (attr, element)
		if (mnl_attr_get_type(attr) == NFTA_SET_ELEM_FLAGS)
			return table_be32_of(attr) & NFT_SET_ELEM_INTERVAL_END;
	return false;
}

static int table_take_elements(const struct nlmsghdr *nlh, void *ctx)
{
	const struct nlattr *attr, *element;
	struct count *c = ctx;

	mnl_attr_for_each (attr, nlh, sizeof(struct nfgenmsg)) {
		if (mnl_attr_get_type(attr) != NFTA_SET_ELEM_LIST_ELEMENTS)
			continue;
		mnl_attr_for_each_nested (element, attr)
			c->n += !is_end(element);
	}
	if (c->n <= c->most)
		return MNL_CB_OK;
	errno = ECANCELED;
	return MNL_CB_ERROR;
}

static int count_elements(struct reader *r, struct set *s, size_t most)
{
	char buf[1024];
	struct nlmsghdr *nlh =
		table_request(r, buf, NFT_MSG_GETSETELEM, NLM_F_DUMP);
	struct count c = { 0, most };
	int error;

	mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_TABLE, r->table->name);
	mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_SET, s->name);
	error = table_ask(r, nlh, table_take_elements, &c);
	if (error == -ECANCELED) {
		reader_close(r);
		return reader_open(r);
	}
	s->elements = c.n;
	s->counted = !error;
	return error;
}

/* ---- all of it ---- */

static int table_read_once(struct reader *r, size_t elements_most)
{
	struct table *t = r->table;
	int error = find_table(r);

	t->n_counters = t->n_sets = 0;
	if (!error)
		error = dump(r, NFT_MSG_GETOBJ, NFTA_OBJ_TABLE,
			     table_take_counter, t);
	if (!error)
		error = dump(r, NFT_MSG_GETSET, NFTA_SET_TABLE, table_take_set,
			     t);
	for (size_t i = 0; i < t->n_sets && !error; i++)
		if (!t->sets[i].counted && elements_most)
			error = count_elements(r, &t->sets[i], elements_most);
	return error;
}

/* -EINTR: the rules changed while they were read. */
static int table_read_steadily(struct reader *r, size_t elements_most)
{
	const struct timespec pause = { .tv_nsec = TRY_AGAIN_MS * 1000000 };
	int error = table_read_once(r, elements_most);

	for (int i = 1; i < TRIES_MOST && error == -EINTR; i++) {
		nanosleep(&pause, NULL);
		reader_close(r);
		error = reader_open(r);
		if (!error)
			error = table_read_once(r, elements_most);
	}
	return error;
}

int table_read(struct table *t, size_t elements_most)
{
	struct reader *r = malloc(sizeof(*r));
	int error;

	if (!r)
		return -ENOMEM;
	r->table = t;
	r->seq = 0;
	error = reader_open(r);
	if (!error)
		error = table_read_steadily(r, elements_most);
	reader_close(r);
	free(r);
	return error;
}

void table_free(struct table *t)
{
	free(t->counters);
	free(t->sets);
	t->counters = NULL;
	t->sets = NULL;
	t->n_counters = t->n_sets = 0;
}

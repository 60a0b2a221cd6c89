/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dump.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

/*
 * NFTA_SET_COUNT of Linux 6.16, which older headers lack. Another number makes
 * every kernel look like one before that.
 */
#ifndef SET_ATTR_COUNT
#define SET_ATTR_COUNT 20
#endif

/* ---- attributes: what is not of its kind counts as 0 or "" ---- */

static const char *dump_string(const struct nlattr *attr)
{
	return mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) < 0 ?
		       "" :
		       mnl_attr_get_str(attr);
}

static uint32_t dump_be32(const struct nlattr *attr)
{
	return mnl_attr_validate(attr, MNL_TYPE_U32) < 0 ?
		       0 :
		       ntohl(mnl_attr_get_u32(attr));
}

static uint64_t dump_be64(const struct nlattr *attr)
{
	uint64_t n = 0;

	if (mnl_attr_get_payload_len(attr) == sizeof(n))
		memcpy(&n, mnl_attr_get_payload(attr), sizeof(n));
	return be64toh(n);
}

/* ---- listing ---- */

/* The caller's function and table, for the callbacks of libmnl. */
struct dump {
	const struct dump_table *table;
	void *ctx;
	dump_counter_fn *counter;
	dump_set_fn *set;
	dump_element_fn *element;
};

static bool dump_is_of_table(const struct dump *d, const struct nlattr *attr)
{
	return !strcmp(dump_string(attr), d->table->name);
}

static int dump_result(int error)
{
	if (!error)
		return MNL_CB_OK;
	errno = -error;
	return MNL_CB_ERROR;
}

int dump_messages(struct netlink *nl, const struct dump_table *t, int type,
		  uint16_t table_attr, mnl_cb_t cb, void *ctx)
{
	char buf[512];
	struct nlmsghdr *nlh =
		netlink_request(buf, type, t->family, NLM_F_DUMP);

	if (table_attr)
		mnl_attr_put_strz(nlh, table_attr, t->name);
	return netlink_query(nl, nlh, cb, ctx);
}

/* ---- the table ---- */

int dump_table(struct netlink *nl, const struct dump_table *t, mnl_cb_t cb,
	       void *ctx)
{
	char buf[512];
	struct nlmsghdr *nlh =
		netlink_request(buf, NFT_MSG_GETTABLE, t->family, 0);
	int error;

	mnl_attr_put_strz(nlh, NFTA_TABLE_NAME, t->name);
	error = netlink_query(nl, nlh, cb, ctx);
	/* A kernel without the family has no table of it either. */
	return error == -EAFNOSUPPORT || error == -EOPNOTSUPP ? -ENOENT : error;
}

/* ---- counters ---- */

static void dump_read_figures(const struct nlattr *data, struct dump_counter *c)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested (attr, data) {
		if (mnl_attr_get_type(attr) == NFTA_COUNTER_PACKETS)
			c->packets = dump_be64(attr);
		else if (mnl_attr_get_type(attr) == NFTA_COUNTER_BYTES)
			c->bytes = dump_be64(attr);
	}
}

static int dump_read_counter(const struct nlmsghdr *nlh, void *ctx)
{
	const struct dump *d = ctx;
	struct dump_counter c = { .name = "" };
	const struct nlattr *attr, *data = NULL;
	bool mine = false, counts = false;

	mnl_attr_for_each (attr, nlh, sizeof(struct nfgenmsg)) {
		uint16_t type = mnl_attr_get_type(attr);

		if (type == NFTA_OBJ_TABLE)
			mine = dump_is_of_table(d, attr);
		else if (type == NFTA_OBJ_NAME)
			c.name = dump_string(attr);
		else if (type == NFTA_OBJ_TYPE)
			counts = dump_be32(attr) == NFT_OBJECT_COUNTER;
		else if (type == NFTA_OBJ_DATA)
			data = attr;
	}
	if (!mine || !counts || !data || !*c.name)
		return MNL_CB_OK;
	dump_read_figures(data, &c);
	return dump_result(d->counter(d->ctx, &c));
}

int dump_counters(struct netlink *nl, const struct dump_table *t,
		  dump_counter_fn *fn, void *ctx)
{
	struct dump d = { .table = t, .ctx = ctx, .counter = fn };

	return dump_messages(nl, t, NFT_MSG_GETOBJ, NFTA_OBJ_TABLE,
			     dump_read_counter, &d);
}

/* ---- sets ---- */

static void dump_read_size(const struct nlattr *desc, struct dump_set *s)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested (attr, desc)
		if (mnl_attr_get_type(attr) == NFTA_SET_DESC_SIZE)
			s->size = dump_be32(attr);
}

static void dump_read_set_attr(const struct nlattr *attr, struct dump_set *s)
{
	switch (mnl_attr_get_type(attr)) {
	case NFTA_SET_NAME:
		s->name = dump_string(attr);
		break;
	case NFTA_SET_FLAGS:
		s->flags = dump_be32(attr);
		break;
	case NFTA_SET_KEY_TYPE:
		s->key_type = dump_be32(attr);
		break;
	case NFTA_SET_TIMEOUT:
		s->timeout_ms = dump_be64(attr);
		break;
	case NFTA_SET_DESC:
		dump_read_size(attr, s);
		break;
	case SET_ATTR_COUNT:
		s->has_count = true;
		s->count = dump_be32(attr);
		break;
	}
}

static bool dump_is_from(const unsigned int v[3], const unsigned int from[3])
{
	for (size_t i = 0; i < 3; i++)
		if (v[i] != from[i])
			return v[i] > from[i];
	return true;
}

/*
 * How often the running kernel may count a member against the size of a set.
 * Both ends of a range count before Linux 6.14; 6.12.13 and 6.13.2 have the
 * repair, 5.10 and 6.1 do not. Debian's releases name no third number, so that
 * such a kernel is taken for one without it.
 */
static unsigned int dump_counts_of(const struct dump_set *s)
{
	const unsigned int repaired[] = { 6, 14, 0 }, kept[] = { 6, 12, 13 };
	unsigned int v[3] = { 0 };
	struct utsname u;

	if (!(s->flags & NFT_SET_INTERVAL) || uname(&u) ||
	    sscanf(u.release, "%3u.%3u.%6u", &v[0], &v[1], &v[2]) < 2 ||
	    dump_is_from(v, repaired))
		return 1;
	return dump_is_from(v, kept) && v[1] == kept[1] ? 1 : 2;
}

static int dump_read_set(const struct nlmsghdr *nlh, void *ctx)
{
	const struct dump *d = ctx;
	struct dump_set s = { .name = "" };
	const struct nlattr *attr;
	bool mine = false;

	mnl_attr_for_each (attr, nlh, sizeof(struct nfgenmsg))
		if (mnl_attr_get_type(attr) == NFTA_SET_TABLE)
			mine = dump_is_of_table(d, attr);
		else
			dump_read_set_attr(attr, &s);
	if (!mine || !*s.name)
		return MNL_CB_OK;
	s.fits = s.size / dump_counts_of(&s);
	return dump_result(d->set(d->ctx, &s));
}

int dump_sets(struct netlink *nl, const struct dump_table *t, dump_set_fn *fn,
	      void *ctx)
{
	struct dump d = { .table = t, .ctx = ctx, .set = fn };

	return dump_messages(nl, t, NFT_MSG_GETSET, NFTA_SET_TABLE,
			     dump_read_set, &d);
}

/* ---- elements ---- */

static void dump_read_key(const struct nlattr *key, struct dump_element *e)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested (attr, key)
		if (mnl_attr_get_type(attr) == NFTA_DATA_VALUE &&
		    mnl_attr_get_payload_len(attr) <= sizeof(e->key)) {
			e->key_len = mnl_attr_get_payload_len(attr);
			memcpy(e->key, mnl_attr_get_payload(attr), e->key_len);
		}
}

static void dump_read_chain(const struct nlattr *verdict,
			    struct dump_element *e)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested (attr, verdict)
		if (mnl_attr_get_type(attr) == NFTA_VERDICT_CHAIN &&
		    *dump_string(attr))
			e->chain = dump_string(attr);
}

static void dump_read_verdict(const struct nlattr *data, struct dump_element *e)
{
	const struct nlattr *verdict;

	mnl_attr_for_each_nested (verdict, data)
		if (mnl_attr_get_type(verdict) == NFTA_DATA_VERDICT)
			dump_read_chain(verdict, e);
}

static void dump_read_element_attr(const struct nlattr *attr,
				   struct dump_element *e)
{
	switch (mnl_attr_get_type(attr)) {
	case NFTA_SET_ELEM_KEY:
		dump_read_key(attr, e);
		break;
	case NFTA_SET_ELEM_DATA:
		dump_read_verdict(attr, e);
		break;
	case NFTA_SET_ELEM_FLAGS:
		e->is_end = dump_be32(attr) & NFT_SET_ELEM_INTERVAL_END;
		break;
	case NFTA_SET_ELEM_TIMEOUT:
		e->timeout_ms = dump_be64(attr);
		break;
	case NFTA_SET_ELEM_EXPIRATION:
		e->expires_ms = dump_be64(attr);
		break;
	}
}

static int dump_read_element(const struct nlattr *nest, const struct dump *d)
{
	struct dump_element e = { 0 };
	const struct nlattr *attr;

	mnl_attr_for_each_nested (attr, nest)
		dump_read_element_attr(attr, &e);
	return e.key_len ? d->element(d->ctx, &e) : 0;
}

static int dump_read_elements(const struct nlmsghdr *nlh, void *ctx)
{
	const struct nlattr *attr, *element;
	int error = 0;

	mnl_attr_for_each (attr, nlh, sizeof(struct nfgenmsg)) {
		if (mnl_attr_get_type(attr) != NFTA_SET_ELEM_LIST_ELEMENTS)
			continue;
		mnl_attr_for_each_nested (element, attr)
			if (!error)
				error = dump_read_element(element, ctx);
	}
	return dump_result(error);
}

int dump_elements(struct netlink *nl, const struct dump_table *t,
		  const char *set, dump_element_fn *fn, void *ctx)
{
	char buf[1024];
	struct dump d = { .table = t, .ctx = ctx, .element = fn };
	struct nlmsghdr *nlh =
		netlink_request(buf, NFT_MSG_GETSETELEM, t->family, NLM_F_DUMP);

	mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_TABLE, t->name);
	mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_SET, set);
	return netlink_query(nl, nlh, dump_read_elements, &d);
}

static void dump_put_key(struct nlmsghdr *nlh, const void *bytes, size_t len)
{
	struct nlattr *list =
		mnl_attr_nest_start(nlh, NFTA_SET_ELEM_LIST_ELEMENTS);
	struct nlattr *elem = mnl_attr_nest_start(nlh, NFTA_LIST_ELEM);
	struct nlattr *key = mnl_attr_nest_start(nlh, NFTA_SET_ELEM_KEY);

	mnl_attr_put(nlh, NFTA_DATA_VALUE, len, bytes);
	mnl_attr_nest_end(nlh, key);
	mnl_attr_nest_end(nlh, elem);
	mnl_attr_nest_end(nlh, list);
}

int dump_element_of(struct netlink *nl, const struct dump_table *t,
		    const char *set, const void *key, size_t key_len,
		    dump_element_fn *fn, void *ctx)
{
	char buf[1024];
	struct dump d = { .table = t, .ctx = ctx, .element = fn };
	struct nlmsghdr *nlh =
		netlink_request(buf, NFT_MSG_GETSETELEM, t->family, NLM_F_ACK);

	mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_TABLE, t->name);
	mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_SET, set);
	dump_put_key(nlh, key, key_len);
	return netlink_query(nl, nlh, dump_read_elements, &d);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The objects of one table as the kernel lists them: counters, sets, elements.
 * This file needs libmnl alone: mailwall's plugin for collectd is built of this
 * file, too.
 *
 * Each function lists one kind of object and calls fn for every one. What fn
 * gets is borrowed for that call; a -errno that it returns ends the listing
 * and is returned. Functions return 0 or -errno; -EINTR: the rules changed
 * while they were read; read again.
 */
#ifndef MAILWALL_DUMP_H
#define MAILWALL_DUMP_H

#include "netlink.h"

#include <stdint.h>
#include <stdbool.h>

struct dump_table {
	uint8_t family;	  /* NFPROTO_INET, ... */
	const char *name; /* "mailwall" */
};

struct dump_counter {
	const char *name;
	uint64_t packets, bytes;
};

struct dump_set {
	const char *name;
	uint32_t flags; /* NFT_SET_ */
	uint32_t key_type;
	uint32_t size; /* elements at most; 0: no limit */
	/* Members that surely fit: size, or half where both ends may count. */
	uint32_t fits;
	uint64_t timeout_ms;
	bool has_count; /* since Linux 6.16 */
	uint32_t count; /* elements now */
};

/* One element of a set; key in network byte order. */
struct dump_element {
	uint8_t key[16];
	uint32_t key_len;
	bool is_end;			 /* the first key past an interval */
	uint64_t timeout_ms, expires_ms; /* 0: never */
	const char *chain; /* the target of a verdict map; or NULL */
};

typedef int dump_counter_fn(void *ctx, const struct dump_counter *counter);
typedef int dump_set_fn(void *ctx, const struct dump_set *set);
typedef int dump_element_fn(void *ctx, const struct dump_element *element);

/*
 * Asks for the table itself and calls cb (NULL: nothing) with the kernel's
 * message. -ENOENT: there is no such table.
 */
int dump_table(struct netlink *nl, const struct dump_table *t, mnl_cb_t cb,
	       void *ctx);
/* Lists the named counters of the table. */
int dump_counters(struct netlink *nl, const struct dump_table *t,
		  dump_counter_fn *fn, void *ctx);
/* Lists the sets of the table, maps included. */
int dump_sets(struct netlink *nl, const struct dump_table *t, dump_set_fn *fn,
	      void *ctx);
/* Lists the elements of one set. */
int dump_elements(struct netlink *nl, const struct dump_table *t,
		  const char *set, dump_element_fn *fn, void *ctx);
/* Calls fn for the element that has the key. -ENOENT: none has. */
int dump_element_of(struct netlink *nl, const struct dump_table *t,
		    const char *set, const void *key, size_t key_len,
		    dump_element_fn *fn, void *ctx);
/* Lists messages of another kind: type and the attribute that names a table. */
int dump_messages(struct netlink *nl, const struct dump_table *t, int type,
		  uint16_t table_attr, mnl_cb_t cb, void *ctx);

#endif

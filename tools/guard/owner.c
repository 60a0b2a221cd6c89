/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "owner.h"
#include "../kernel/transaction.h"
#include "../../rules/emit/emit_netlink.h"

#include <arpa/inet.h>
#include <errno.h>
#include <glob.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_tables.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OWNER_PROBE "mailwall-probe"

/* ---- the kernel ---- */

static void owner_put_table(struct batch *b, enum family family, int type,
			    const char *name, uint32_t flags)
{
	bool makes = type == NFT_MSG_NEWTABLE;
	struct nlmsghdr *nlh = batch_open(
		b, (uint16_t)type, family_number(family),
		makes ? NLM_F_CREATE : 0,
		(struct batch_note){ .object = BATCH_TABLE, .name = name });

	mnl_attr_put_strz(nlh, NFTA_TABLE_NAME, name);
	if (makes)
		mnl_attr_put_u32(nlh, NFTA_TABLE_FLAGS, htonl(flags));
	batch_close(b, nlh);
}

static int owner_commit(struct netlink *nl, struct batch *b)
{
	struct kernel_errors errors;
	int error;

	batch_finish(b);
	error = batch_error(b);
	if (!error)
		error = transaction_commit(nl, b, &errors);
	batch_free(b);
	return error;
}

static int owner_probe(struct netlink *nl)
{
	struct batch *b = batch_new(0);

	if (!b)
		return -ENOMEM;
	owner_put_table(b, FAMILY_INET, NFT_MSG_NEWTABLE, OWNER_PROBE,
			OWNER_TABLE_FLAGS);
	owner_put_table(b, FAMILY_INET, NFT_MSG_DELTABLE, OWNER_PROBE, 0);
	return owner_commit(nl, b);
}

int owner_adopt(struct netlink *nl, enum family family)
{
	struct batch *b = batch_new(0);

	if (!b)
		return -ENOMEM;
	owner_put_table(b, family, NFT_MSG_NEWTABLE, TABLE_NAME,
			OWNER_TABLE_FLAGS);
	return owner_commit(nl, b);
}

/* ---- what nft loads ---- */

#define OWNER_DEPTH_MOST 8

static bool owner_file_names_us(const char *path, int depth, char *where,
				size_t size);

/* The path of an include line, in quotes; NULL: the line is none. */
static const char *owner_included(char *line)
{
	char *end, *at = line + strspn(line, " \t");

	if (strncmp(at, "include", 7))
		return NULL;
	at += 7;
	at += strspn(at, " \t");
	if (*at != '"' && *at != '\'')
		return NULL;
	end = strchr(at + 1, *at);
	if (!end)
		return NULL;
	*end = '\0';
	return at + 1;
}

static bool owner_include_names_us(const char *pattern, int depth, char *where,
				   size_t size)
{
	glob_t found = { 0 };
	bool names = false;

	if (!glob(pattern, 0, NULL, &found))
		for (size_t i = 0; i < found.gl_pathc && !names; i++)
			names = owner_file_names_us(found.gl_pathv[i],
						    depth + 1, where, size);
	globfree(&found);
	return names;
}

/* "table inet mailwall" in a file, or in one that it includes. */
static bool owner_file_names_us(const char *path, int depth, char *where,
				size_t size)
{
	FILE *file = depth > OWNER_DEPTH_MOST ? NULL : fopen(path, "re");
	char *line = NULL;
	size_t cap = 0;
	bool names = false;

	while (file && !names && getline(&line, &cap, file) > 0) {
		const char *included;

		line[strcspn(line, "#\n")] = '\0';
		names = strstr(line, "table ") && strstr(line, TABLE_NAME);
		if (names) {
			snprintf(where, size, "%s", path);
			break;
		}
		included = owner_included(line);
		names = included &&
			owner_include_names_us(included, depth, where, size);
	}
	free(line);
	if (file)
		fclose(file);
	return names;
}

/* ---- together ---- */

bool owner_allowed(struct netlink *nl, const char *nft_conf, struct fault *why)
{
	char where[512];
	int error;

	if (owner_file_names_us(nft_conf, 0, where, sizeof(where))) {
		fault_set(why, -EBUSY,
			  "%s has our table, and nft could not load it any "
			  "more",
			  where);
		return false;
	}
	error = owner_probe(nl);
	if (error == -EOPNOTSUPP || error == -EINVAL)
		fault_set(why, error,
			  "this kernel has no tables that outlive their owner "
			  "(Linux 6.9)");
	else if (error)
		fault_set(why, error, "%s", strerror(-error));
	return !error;
}

enum owner_step owner_next(const struct present *p, uint32_t port)
{
	if (!p->exists || (p->owner && p->owner == port))
		return OWNER_NOTHING;
	if (p->owner)
		return OWNER_FOREIGN;
	return p->flags & OWNER_PERSIST ? OWNER_ADOPT : OWNER_ANEW;
}

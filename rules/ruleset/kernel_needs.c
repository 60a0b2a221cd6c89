/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel_needs.h"
#include "../base/arena.h"

#include <stdio.h>
#include <string.h>

bool kernel_version_parse(const char *text, struct kernel_facts *out)
{
	int end = 0;

	if (text[0] < '1' || text[0] > '9' ||
	    sscanf(text, "%3u.%3u%n", &out->major, &out->minor, &end) != 2)
		return false;
	return end && strspn(text + end, "0123456789") == 0;
}

static bool is_before(const struct kernel_facts *k, unsigned int major,
		      unsigned int minor)
{
	return k->major < major || (k->major == major && k->minor < minor);
}

/* ---- what is used, and where ---- */

/* Tells whether a ruleset has a thing; *at is its place, or stays as it is. */
typedef bool uses_fn(const struct ruleset *rs, const struct span **at);

static bool has_stmt(const struct ruleset *rs, const enum stmt_kind *kinds,
		     size_t n, const struct span **at)
{
	for (size_t i = 0; i < rs->chains.n; i++) {
		const struct chain *chain = rs->chains.items[i];

		for (size_t k = 0; k < chain->rules.n; k++)
			for (unsigned int s = 0; s < chain->rules.items[k].n;
			     s++)
				for (size_t m = 0; m < n; m++) {
					if (chain->rules.items[k]
						    .stmts[s]
						    .kind != kinds[m])
						continue;
					if (chain->rules.items[k].origin)
						*at = chain->rules.items[k]
							      .origin;
					return true;
				}
	}
	return false;
}

/* The first clause or block in a direction, which brought the hook along. */
static bool uses_egress(const struct ruleset *rs, const struct span **at)
{
	bool used = false;

	for (size_t i = 0; i < rs->chains.n; i++)
		used = used || rs->chains.items[i]->hook == BASE_EGRESS;
	for (size_t i = 0; used && i < rs->policy->blocks.n; i++)
		if (rs->policy->blocks.items[i].direction ==
		    DIRECTION_INBOUND) {
			*at = &rs->policy->blocks.items[i].span;
			break;
		}
	return used;
}

static bool uses_devices(const struct ruleset *rs, const struct span **at)
{
	if (rs->family != FAMILY_NETDEV || rs->devices->n < 2)
		return false;
	*at = &rs->devices->items[1].span;
	return true;
}

static bool uses_nat(const struct ruleset *rs, const struct span **at)
{
	static const enum stmt_kind kinds[] = { STMT_DNAT };

	return has_stmt(rs, kinds, 1, at);
}

static bool uses_options4(const struct ruleset *rs, const struct span **at)
{
	static const enum stmt_kind kinds[] = { STMT_LOOSE4, STMT_STRICT4 };

	return has_stmt(rs, kinds, 2, at);
}

static bool uses_reject_netdev(const struct ruleset *rs, const struct span **at)
{
	static const enum stmt_kind kinds[] = { STMT_RESET, STMT_REJECT };

	return rs->family == FAMILY_NETDEV && has_stmt(rs, kinds, 2, at);
}

static bool uses_dynamic(const struct ruleset *rs, const struct span **at)
{
	for (size_t i = 0; i < rs->sets.n; i++)
		if (rs->sets.items[i]->timeout) {
			if (rs->sets.items[i]->origin)
				*at = rs->sets.items[i]->origin;
			return true;
		}
	return false;
}

/* ---- features ---- */

static const struct feature {
	unsigned int major, minor; /* the first release that has it */
	bool needed;		   /* else something is told less well */
	uses_fn *uses;
	const char *what, *help;
} features[] = {
	{ 5, 2, true, uses_nat,
	  "NAT for both families in one table, as a "
	  "redirect needs it",
	  "write \"block\" instead of \"redirect\"" },
	{ 5, 3, true, uses_options4,
	  "matching options of IPv4 headers, which "
	  "close source routes",
	  "no policy can be loaded there: use a newer kernel" },
	{ 5, 5, true, uses_devices, "several devices in one chain",
	  "name one device, or use hook forward" },
	{ 5, 11, true, uses_reject_netdev, "reset and reject at hook ingress",
	  "write \"drop\", or use hook forward" },
	{ 5, 16, true, uses_egress,
	  "a hook towards the device, which the "
	  "inbound block needs",
	  "leave the inbound block away, or use hook forward" },
	{ 6, 5, false, uses_dynamic, "changing the size of a set that is there",
	  "a class keeps the size that it was loaded with; \"mailwall remove\" "
	  "and apply again to change it" },
	{ 6, 16, false, uses_dynamic, "telling how many members a set has",
	  "status counts them by reading, up to a bound" },
};

static void tell_lack(const struct kernel_facts *k, const struct feature *f,
		      const struct span *at, struct diags *out)
{
	if (f->needed)
		diag_error(out, at, "kernel-lacks",
			   "Linux %u.%u does not have %s: that came with %u.%u",
			   k->major, k->minor, f->what, f->major, f->minor)
			->help = f->help;
	else
		diag_warning(out, at, "kernel-less",
			     "Linux %u.%u does not have %s: that came with "
			     "%u.%u",
			     k->major, k->minor, f->what, f->major, f->minor)
			->help = f->help;
}

static void tell_reject(const struct kernel_facts *k, const struct span *at,
			struct diags *out)
{
	const char *help = "write \"drop\", or use hook forward; Debian's "
			   "kernels are made without it";

	if (k->reject_netdev == KERNEL_LACKS)
		diag_error(out, at, "kernel-lacks",
			   "%s kernel was made without "
			   "CONFIG_NFT_REJECT_NETDEV: no reset and no reject "
			   "at hook ingress",
			   k->running ? "this" : "that")
			->help = help;
	else
		diag_warning(out, at, "kernel-not-known",
			     "whether the kernel was made with "
			     "CONFIG_NFT_REJECT_NETDEV is not known: reset and "
			     "reject at hook ingress need it")
			->help = help;
}

bool kernel_needs_reject_netdev(const struct ruleset *rs)
{
	const struct span *at = NULL;

	return uses_reject_netdev(rs, &at);
}

void kernel_needs(const struct ruleset *rs, const struct kernel_facts *kernel,
		  struct diags *out)
{
	for (size_t i = 0; i < sizeof(features) / sizeof(*features); i++) {
		const struct feature *f = &features[i];
		const struct span *at = rs->policy->name_span;

		if (!f->uses(rs, &at))
			continue;
		if (is_before(kernel, f->major, f->minor))
			tell_lack(kernel, f, at, out);
		else if (f->uses == uses_reject_netdev &&
			 kernel->reject_netdev != KERNEL_HAS)
			tell_reject(kernel, at, out);
	}
}

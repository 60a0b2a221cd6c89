/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "acting.h"
#include "../../rules/base/arena.h"
#include "../../rules/trial/trial_names.h"

#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

static const struct acting_info {
	const char *name;
	const char *before, *after; /* the object, in the text */
	const char *help;
	bool opens, drift, grave;
} acting_infos[] = {
	[ACTING_DORMANT] = { "dormant",
			     "the table is dormant, nothing is enforced", "",
			     "apply again", true, true, true },
	[ACTING_OWNED] = { "owned",
			   "another program owns the table, and alone may "
			   "change it: netlink port ",
			   "", "end that program", false, true, true },
	[ACTING_POLICY] = { "policy-drop", "chain ",
			    " has the policy drop, which cuts off all that no "
			    "rule accepts",
			    "apply again", false, true, true },
	[ACTING_NO_CHAIN] = { "no-base-chain", "chain ",
			      " is not hooked, no packet comes to it",
			      "apply again", true, true, true },
	[ACTING_NO_DEVICE] = { "device-missing", "there is no device \"",
			       "\": nothing is enforced on it until there is",
			       "make it, or name the right one in the policy",
			       true, false, true },
	[ACTING_DEVICE_DOWN] = { "device-down", "device \"",
				 "\" is down, no packet passes it", "set it up",
				 false, false, false },
};

static void acting_add(struct arena *a, struct acting *out,
		       enum acting_kind kind, const char *object)
{
	const struct acting_info *info = &acting_infos[kind];
	struct acting_fault *f;

	for (size_t i = 0; i < out->n; i++)
		if (out->items[i].kind == kind &&
		    !strcmp(out->items[i].object, object))
			return;
	f = arena_push(a, out);
	*f = (struct acting_fault){
		.kind = kind,
		.name = info->name,
		.object = object,
		.opens = info->opens,
		.drift = info->drift,
		.grave = info->grave,
	};
	f->help = info->help;
	f->text = arena_printf(a, "%s%s%s", info->before, object, info->after);
}

/* ---- devices ---- */

/*
 * IFF_ flags of a device; -1: there is none of that name. A process that may
 * not ask does not know, and finds no fault.
 */
static int acting_device_flags(const char *name)
{
	struct ifreq request = { 0 };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int error;

	if (fd < 0)
		return IFF_UP;
	memcpy(request.ifr_name, name, strnlen(name, IFNAMSIZ - 1));
	error = ioctl(fd, SIOCGIFFLAGS, &request) ? errno : 0;
	close(fd);
	if (error)
		return error == ENODEV ? -1 : IFF_UP;
	return (unsigned short)request.ifr_flags;
}

static void acting_check_device(struct arena *a, const char *name,
				struct acting *out)
{
	int flags = acting_device_flags(name);

	if (flags < 0)
		acting_add(a, out, ACTING_NO_DEVICE, name);
	else if (!(flags & IFF_UP))
		acting_add(a, out, ACTING_DEVICE_DOWN, name);
}

static void acting_check_devices(struct arena *a, const struct present_chain *c,
				 struct acting *out)
{
	for (const char *at = c->devices; *at;) {
		size_t len = strcspn(at, " ");

		acting_check_device(a, arena_strndup(a, at, len), out);
		at += len + (at[len] == ' ');
	}
}

/* ---- chains ---- */

static bool acting_is_hooked(const struct present *p, const char *chain)
{
	for (size_t i = 0; i < p->chains.n; i++)
		if (p->chains.items[i].is_base &&
		    !strcmp(p->chains.items[i].name, chain))
			return true;
	return false;
}

/* Each map of ports, "forward.ports" or "forward.from.ports", has a hook. */
static void acting_check_map(struct arena *a, const struct present *p,
			     const struct present_set *set, struct acting *out)
{
	const char *chain =
		arena_strndup(a, set->name, strcspn(set->name, "."));

	if ((set->flags & NFT_SET_MAP) && strchr(set->name, '.') &&
	    !trial_owns_set(set->name) && !acting_is_hooked(p, chain))
		acting_add(a, out, ACTING_NO_CHAIN, chain);
}

/* ---- the whole ---- */

void acting_read(struct arena *a, const struct present *p, struct acting *out)
{
	if (p->flags & NFT_TABLE_F_DORMANT)
		acting_add(a, out, ACTING_DORMANT, "");
	if ((p->flags & NFT_TABLE_F_OWNER) && !p->guarded)
		acting_add(a, out, ACTING_OWNED,
			   arena_printf(a, "%u", p->owner));
	for (size_t i = 0; i < p->sets.n; i++)
		acting_check_map(a, p, &p->sets.items[i], out);
	for (size_t i = 0; i < p->chains.n; i++) {
		const struct present_chain *c = &p->chains.items[i];

		if (c->is_base && c->drops)
			acting_add(a, out, ACTING_POLICY, c->name);
		if (c->is_base)
			acting_check_devices(a, c, out);
	}
}

bool acting_opens(const struct acting *acting)
{
	for (size_t i = 0; i < acting->n; i++)
		if (acting->items[i].opens)
			return true;
	return false;
}

bool acting_drift(const struct acting *acting)
{
	for (size_t i = 0; i < acting->n; i++)
		if (acting->items[i].drift)
			return true;
	return false;
}

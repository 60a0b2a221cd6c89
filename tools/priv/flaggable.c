/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "flaggable.h"
#include "../../rules/base/action.h"

#include <string.h>

#define SMTP 25

const char *flag_refusal_text(enum flag_refusal refusal)
{
	static const char *const texts[FLAG_REFUSALS_N] = {
		[FLAG_MAY_BE] = "it may be",
		[FLAG_SPECIAL] = "it is no address of a host",
		[FLAG_STRANGER] = "it is in no block of the policy",
		[FLAG_RELAY] = "it is a relay of the policy, or allowed by it",
		[FLAG_SHARED] = "many users have it",
		[FLAG_EXEMPT] = "it is exempt",
		[FLAG_OWN] = "it is an address of this host",
	};

	return refusal < FLAG_REFUSALS_N ? texts[refusal] : "it may not be";
}

struct range6 flag_range(uint8_t family, const struct addr6 *source)
{
	struct range6 r = { *source, *source };

	if (family == 4) {
		memset(r.first.byte + 4, 0, 12);
		memset(r.last.byte + 4, 0, 12);
	} else {
		memset(r.first.byte + 8, 0, 8);
		memset(r.last.byte + 8, 0xff, 8);
	}
	return r;
}

/* ---- addresses that are no host's ---- */

/* RFC 6890 and its registries; private addresses may be subscribers'. */
static const struct {
	uint8_t family, bits;
	uint8_t prefix[8];
} specials[] = {
	{ 4, 8, { 0 } },
	{ 4, 8, { 127 } },
	{ 4, 16, { 169, 254 } },
	{ 4, 3, { 224 } }, /* groups, class E and broadcast */
	{ 6, 64, { 0 } },  /* ::, ::1, ::ffff:0:0/96 */
	{ 6, 32, { 0, 0x64, 0xff, 0x9b } },
	{ 6, 10, { 0xfe, 0x80 } },
	{ 6, 8, { 0xff } },
};

static bool flag_has_prefix(const uint8_t *address, const uint8_t *prefix,
			    unsigned int bits)
{
	unsigned int rest = bits % 8;

	if (memcmp(address, prefix, bits / 8) != 0)
		return false;
	return !rest ||
	       (address[bits / 8] ^ prefix[bits / 8]) >> (8 - rest) == 0;
}

static bool flag_is_special(uint8_t family, const struct addr6 *source)
{
	for (size_t i = 0; i < sizeof(specials) / sizeof(specials[0]); i++)
		if (specials[i].family == family &&
		    flag_has_prefix(source->byte, specials[i].prefix,
				    specials[i].bits))
			return true;
	return false;
}

/* ---- classes ---- */

/* Has the class a fixed member that the set's element would hit? */
static bool flag_class_meets(const struct class *class, uint8_t family,
			     const struct addr6 *source)
{
	struct range6 r6 = flag_range(family, source), where6;
	struct range4 r4 = { addr4_load(source), addr4_load(source) }, where4;
	const struct ranges4 one4 = { &r4, 1, 1 };
	const struct ranges6 one6 = { &r6, 1, 1 };

	if (family == 4)
		return ranges4_meet(&class->hosts4, &one4, &where4) ||
		       ranges4_meet(&class->nets4, &one4, &where4);
	return ranges6_meet(&class->hosts6, &one6, &where6) ||
	       ranges6_meet(&class->nets6, &one6, &where6);
}

/* An interface's customers, and who comes and goes, have any address. */
static bool flag_is_of_block(const struct block *block, uint8_t family,
			     const struct addr6 *source)
{
	for (size_t i = 0; i < block->of.n; i++) {
		const struct class *c = block->of.items[i];

		if (c->kind != CLASS_STATIC || c->interfaces.n ||
		    flag_class_meets(c, family, source))
			return true;
	}
	return !block->of.n;
}

static bool flag_is_subscriber(const struct policy *p, uint8_t family,
			       const struct addr6 *source)
{
	for (size_t i = 0; i < p->blocks.n; i++)
		if (flag_is_of_block(&p->blocks.items[i], family, source))
			return true;
	return false;
}

static bool flag_refs_meet(const struct class_refs *refs, uint8_t family,
			   const struct addr6 *source)
{
	for (size_t i = 0; i < refs->n; i++)
		if (refs->items[i]->kind == CLASS_STATIC &&
		    !refs->items[i]->builtin &&
		    flag_class_meets(refs->items[i], family, source))
			return true;
	return false;
}

/* Does the clause of a block let mail out? */
static bool flag_clause_allows(const struct block *block,
			       const struct clause *clause)
{
	return block->direction == DIRECTION_OUTBOUND &&
	       action_infos[clause->action].exempts &&
	       clause_decides(clause, SMTP);
}

static bool flag_is_relay(const struct policy *p, uint8_t family,
			  const struct addr6 *source)
{
	for (size_t b = 0; b < p->blocks.n; b++)
		for (size_t i = 0; i < p->blocks.items[b].clauses.n; i++) {
			const struct clause *c =
				&p->blocks.items[b].clauses.items[i];

			if (flag_clause_allows(&p->blocks.items[b], c) &&
			    (flag_refs_meet(&c->from, family, source) ||
			     flag_refs_meet(&c->to, family, source)))
				return true;
		}
	return false;
}

static bool flag_is_shared(const struct policy *p, uint8_t family,
			   const struct addr6 *source)
{
	for (size_t i = 0; i < p->classes.n; i++)
		if (p->classes.items[i]->users > 1 &&
		    flag_class_meets(p->classes.items[i], family, source))
			return true;
	return false;
}

bool flag_class_is_allowed(const struct policy *p, const struct class *class)
{
	for (size_t b = 0; b < p->blocks.n; b++)
		for (size_t i = 0; i < p->blocks.items[b].clauses.n; i++) {
			const struct clause *c =
				&p->blocks.items[b].clauses.items[i];

			if (!flag_clause_allows(&p->blocks.items[b], c))
				continue;
			for (size_t k = 0; k < c->from.n; k++)
				if (c->from.items[k] == class)
					return true;
		}
	return false;
}

enum flag_refusal flag_may_be(const struct policy *policy, uint8_t family,
			      const struct addr6 *source)
{
	if ((family != 4 && family != 6) || flag_is_special(family, source))
		return FLAG_SPECIAL;
	if (!flag_is_subscriber(policy, family, source))
		return FLAG_STRANGER;
	if (flag_is_relay(policy, family, source))
		return FLAG_RELAY;
	if (flag_is_shared(policy, family, source))
		return FLAG_SHARED;
	return FLAG_MAY_BE;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How large a policy may become: clauses x services x classes multiply. What is
 * too much is refused here, before rules are made of it.
 */
#include "check.h"

#define SERVICES_MOST 20000  /* in all clauses: each is looked for above */
#define RULES_MOST    100000 /* 0.5 kB each, and as many lines of text */

/*
 * Where rules look into frames, those of one family stand once more for each of
 * five distances, and those of either for both families.
 */
#define DISTANCES 5

static size_t size_in_frames(enum hook hook, size_t rules, bool of_family)
{
	if (hook != HOOK_BRIDGE && hook != HOOK_INGRESS)
		return rules;
	return rules * (1 + DISTANCES * (of_family ? 1 : 2));
}

/* Sets that a list of classes asks for in a family: rules for each. */
static size_t size_of_list(const struct class_refs *refs, int family)
{
	size_t sets = 0;

	for (size_t i = 0; i < refs->n; i++) {
		const struct class *class = refs->items[i];
		bool hosts = family == 4 ? class->hosts4.n : class->hosts6.n;
		bool nets = family == 4 ? class->nets4.n : class->nets6.n;

		sets += class->kind != CLASS_STATIC ?
				1 :
				(size_t)hosts + nets +
					(class->interfaces.n != 0);
	}
	return refs->n ? sets : 1;
}

static size_t size_of_lists(enum hook hook, const struct class_refs *a,
			    const struct class_refs *b, size_t owners)
{
	size_t n = 0;

	if (!a->n && !b->n)
		return size_in_frames(hook, owners, false);
	for (int family = 4; family <= 6; family += 2)
		n += size_of_list(a, family) * size_of_list(b, family);
	return size_in_frames(hook, n * owners, true);
}

static size_t size_of_clause(enum hook hook, const struct clause *cl)
{
	size_t owners = cl->users.n + cl->groups.n;

	if (cl->users.n && cl->groups.n)
		owners = cl->users.n * cl->groups.n;
	return cl->ports.n *
	       size_of_lists(hook, &cl->from, &cl->to, owners ? owners : 1);
}

/* Ports that a block decides: each of them has to ask for the block's class. */
static size_t size_of_block(enum hook hook, const struct block *b)
{
	static const struct class_refs any;
	uint8_t seen[65536 / 8] = { 0 };
	size_t n = 0;

	for (size_t i = 0; i < b->clauses.n; i++)
		for (size_t k = 0; k < b->clauses.items[i].ports.n; k++) {
			uint16_t port = b->clauses.items[i].ports.items[k];

			n += !(seen[port / 8] >> port % 8 & 1);
			seen[port / 8] |= (uint8_t)(1 << port % 8);
		}
	return n * size_of_lists(hook, &b->of, &any, 1);
}

static void refuse_services(struct check *c, const struct clause *cl)
{
	diag_error(c->diags, &cl->span, "too-many",
		   "all clauses together name at most %d services, and up to "
		   "here they are more",
		   SERVICES_MOST)
		->help = "name the same services in one clause, with all "
			 "classes behind \"from\" or \"to\"";
}

static void refuse_rules(struct check *c, const struct span *at, size_t rules)
{
	diag_error(c->diags, at, "too-many",
		   "a policy becomes at most %d rules, and this alone adds %zu "
		   "to those above",
		   RULES_MOST, rules)
		->help = "each service is multiplied by each class of both "
			 "sides: make one class of several";
}

void check_size(struct check *c)
{
	size_t services = 0, rules = 0, here;

	for (size_t i = 0; i < c->policy->blocks.n; i++) {
		const struct block *b = &c->policy->blocks.items[i];

		rules += here = size_of_block(c->policy->hook, b);
		if (rules > RULES_MOST) {
			refuse_rules(c, &b->span, here);
			return;
		}
		for (size_t k = 0; k < b->clauses.n; k++) {
			const struct clause *cl = &b->clauses.items[k];

			services += cl->ports.n;
			rules += here = size_of_clause(c->policy->hook, cl);
			if (services > SERVICES_MOST)
				refuse_services(c, cl);
			else if (rules > RULES_MOST)
				refuse_rules(c, &cl->span, here);
			else
				continue;
			return;
		}
	}
}

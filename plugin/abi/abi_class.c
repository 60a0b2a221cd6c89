/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Conditions of clauses; classes, their members, sets and elements. */
#include "abi_priv.h"
#include "../../rules/emit/emit.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FLAGGED		"flagged"
#define FLAGGED_PREFIX6 64

/* A function of the host, called item by item until it returns other than 0. */
struct abi_walk {
	const struct mailwall_policy *policy;
	void *ctx;
	mailwall_condition_fn *condition;
	mailwall_class_member_fn *member;
	mailwall_set_fn *set;
	int result;
};

static uint32_t abi_class_index(const struct mailwall_policy *p,
				const struct class *class)
{
	for (size_t i = 0; i < p->policy->classes.n; i++)
		if (p->policy->classes.items[i] == class)
			return (uint32_t)i;
	return MAILWALL_NO_CLASS;
}

/* ---- conditions of a clause ---- */

static void abi_walk_condition(struct abi_walk *w, struct mailwall_condition c)
{
	c.size = sizeof(c);
	if (!w->result && w->condition)
		w->result = w->condition(w->ctx, &c);
}

static void abi_walk_classes(struct abi_walk *w, const struct class_refs *refs,
			     enum mailwall_condition_kind kind)
{
	for (size_t i = 0; i < refs->n; i++)
		abi_walk_condition(
			w, (struct mailwall_condition){
				   .kind = kind,
				   .class_name = refs->items[i]->name,
				   .class_index = abi_class_index(
					   w->policy, refs->items[i]) });
}

static void abi_walk_ids(struct abi_walk *w, const struct ids *ids,
			 enum mailwall_condition_kind kind)
{
	for (size_t i = 0; i < ids->n; i++)
		abi_walk_condition(w, (struct mailwall_condition){
					      .kind = kind,
					      .class_index = MAILWALL_NO_CLASS,
					      .id = ids->items[i] });
}

static void abi_walk_conditions(struct abi_walk *w, const struct clause *c)
{
	for (size_t i = 0; i < c->ports.n; i++)
		abi_walk_condition(w, (struct mailwall_condition){
					      .kind = MAILWALL_CONDITION_PORT,
					      .class_index = MAILWALL_NO_CLASS,
					      .port = c->ports.items[i] });
	if (c->block)
		abi_walk_classes(w, &c->block->of, MAILWALL_CONDITION_BLOCK);
	abi_walk_classes(w, &c->from, MAILWALL_CONDITION_FROM);
	abi_walk_classes(w, &c->to, MAILWALL_CONDITION_TO);
	abi_walk_ids(w, &c->users, MAILWALL_CONDITION_USER);
	abi_walk_ids(w, &c->groups, MAILWALL_CONDITION_GROUP);
}

int abi_policy_conditions(const struct mailwall_policy *p, size_t n,
			  mailwall_condition_fn *fn, void *ctx, char *text,
			  size_t size)
{
	struct why why = abi_why(text, size);
	struct abi_walk w = { .policy = p, .ctx = ctx, .condition = fn };
	int error = abi_check_policy(p, why);

	if (!error && !fn)
		error = abi_no_function(why);
	if (error)
		return error;
	if (n >= p->n_clauses)
		return abi_refuse(why, -ENOENT, "there are %zu clauses",
				  p->n_clauses);
	abi_walk_conditions(&w, abi_clause_at(p, n));
	return abi_walk_result(w.result, why);
}

/* ---- classes ---- */

static int abi_check_class(const struct mailwall_policy *p, size_t n,
			   struct why why)
{
	int error = abi_check_policy(p, why);

	if (error)
		return error;
	return n < p->policy->classes.n ?
		       0 :
		       abi_refuse(why, -ENOENT, "there are %zu classes",
				  p->policy->classes.n);
}

int abi_policy_class(const struct mailwall_policy *p, size_t n,
		     struct mailwall_class *out, char *text, size_t size)
{
	const struct abi_struct s = ABI_STRUCT(mailwall_class, reserved);
	struct why why = abi_why(text, size);
	int error = abi_check_class(p, n, why);
	const struct class *c;

	if (!error)
		error = abi_check_struct(&s, out, why);
	if (error)
		return error;
	c = p->policy->classes.items[n];
	abi_fill_struct(&s,
			&(struct mailwall_class){
				.name = c->name,
				.file = abi_file_name(&c->span),
				.line = c->span.line,
				.column = c->span.column,
				.index = (uint32_t)n,
				.kind = c->kind,
				.size_most = c->size,
				.users = c->users,
				.uses = c->uses,
				.builtin = c->builtin,
				.literal = c->literal,
			},
			out);
	return 0;
}

static void abi_walk_member(struct abi_walk *w, struct mailwall_class_member m)
{
	m.size = sizeof(m);
	if (!w->result && w->member)
		w->result = w->member(w->ctx, &m);
}

static void abi_walk_ranges4(struct abi_walk *w, const struct ranges4 *list)
{
	for (size_t i = 0; i < list->n && !w->result; i++) {
		struct mailwall_class_member m = { .family = 4 };
		uint32_t first = htonl(list->items[i].first);
		uint32_t last = htonl(list->items[i].last);

		memcpy(m.first, &first, sizeof(first));
		memcpy(m.last, &last, sizeof(last));
		abi_walk_member(w, m);
	}
}

static void abi_walk_ranges6(struct abi_walk *w, const struct ranges6 *list)
{
	for (size_t i = 0; i < list->n && !w->result; i++) {
		struct mailwall_class_member m = { .family = 6 };

		memcpy(m.first, list->items[i].first.byte, sizeof(m.first));
		memcpy(m.last, list->items[i].last.byte, sizeof(m.last));
		abi_walk_member(w, m);
	}
}

int abi_policy_class_members(const struct mailwall_policy *p, size_t n,
			     mailwall_class_member_fn *fn, void *ctx,
			     char *text, size_t size)
{
	struct why why = abi_why(text, size);
	struct abi_walk w = { .policy = p, .ctx = ctx, .member = fn };
	int error = abi_check_class(p, n, why);
	const struct class *c;

	if (!error && !fn)
		error = abi_no_function(why);
	if (error)
		return error;
	c = p->policy->classes.items[n];
	abi_walk_ranges4(&w, &c->nets4);
	abi_walk_ranges4(&w, &c->hosts4);
	abi_walk_ranges6(&w, &c->nets6);
	abi_walk_ranges6(&w, &c->hosts6);
	for (size_t i = 0; i < c->interfaces.n; i++)
		abi_walk_member(&w,
				(struct mailwall_class_member){
					.interface_name =
						c->interfaces.items[i].text });
	return abi_walk_result(w.result, why);
}

/* ---- sets of the rules ---- */

static void abi_walk_set(struct abi_walk *w, const struct set *set)
{
	const struct mailwall_set s = {
		.size = sizeof(s),
		.name = set->name,
		.class_name = set->class ? set->class->name : NULL,
		.elements = set_elements(set),
		.class_index = set->class ?
				       abi_class_index(w->policy, set->class) :
				       MAILWALL_NO_CLASS,
		.key = set->key,
		.size_most = set->size,
		.timeout_s = set->timeout_s,
		.interval = set->interval,
		.timeout = set->timeout,
		.dynamic = set->dynamic,
	};

	if (!w->result && w->set)
		w->result = w->set(w->ctx, &s);
}

int abi_policy_sets(const struct mailwall_policy *p, mailwall_set_fn *fn,
		    void *ctx, char *text, size_t size)
{
	struct why why = abi_why(text, size);
	struct abi_walk w = { .policy = p, .ctx = ctx, .set = fn };
	struct ruleset *rs = NULL;
	int error = abi_check_good_policy(p, why);

	if (!error && !fn)
		error = abi_no_function(why);
	if (error)
		return error;
	if (ruleset_new(p->policy, &rs))
		return abi_no_memory(why);
	for (size_t i = 0; i < rs->sets.n; i++)
		abi_walk_set(&w, rs->sets.items[i]);
	ruleset_free(rs);
	return abi_walk_result(w.result, why);
}

/* ---- names of the sets of dynamic classes ---- */

int abi_class_names_make(struct mailwall_policy *p)
{
	size_t n = p->policy->classes.n;

	p->set_names = calloc(n + 1, sizeof(*p->set_names));
	if (!p->set_names)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		const struct class *c = p->policy->classes.items[i];
		size_t room = 2 * (strlen(c->name) + sizeof(".v4"));
		char *names;

		if (c->kind != CLASS_DYNAMIC)
			continue;
		names = p->set_names[i] = malloc(room);
		if (!names)
			return -ENOMEM;
		names += sprintf(names, "%s.v4", c->name) + 1;
		sprintf(names, "%s.v6", c->name);
	}
	return 0;
}

void abi_class_names_free(struct mailwall_policy *p)
{
	for (size_t i = 0; p->set_names && i < p->policy->classes.n; i++)
		free(p->set_names[i]);
	free(p->set_names);
}

/* ---- elements of dynamic classes ---- */

static void abi_element_print4(struct mailwall_element *e)
{
	uint32_t first, last;

	memcpy(&first, e->first, sizeof(first));
	memcpy(&last, e->last, sizeof(last));
	addr4_print(e->first_text, ntohl(first));
	addr4_print(e->last_text, ntohl(last));
}

static void abi_element_print6(struct mailwall_element *e)
{
	struct addr6 first, last;

	memcpy(first.byte, e->first, sizeof(first.byte));
	memcpy(last.byte, e->last, sizeof(last.byte));
	addr6_print(e->first_text, &first);
	addr6_print(e->last_text, &last);
}

/* Fills in all that comes of the prefix. */
static void abi_element_prefix(struct mailwall_element *e, unsigned int family,
			       const uint8_t *address, unsigned int prefix_len)
{
	unsigned int bits = family == 4 ? 32 : 128;

	e->family = (uint8_t)family;
	e->prefix_len = (uint8_t)prefix_len;
	for (unsigned int i = 0; i < bits / 8; i++) {
		unsigned int known =
			prefix_len < 8 * i ? 0 : prefix_len - 8 * i;
		uint8_t open = known >= 8 ? 0 : (uint8_t)(0xff >> known);

		e->first[i] = (uint8_t)(address[i] & ~open);
		e->last[i] = address[i] | open;
	}
	if (family == 4)
		abi_element_print4(e);
	else
		abi_element_print6(e);
	snprintf(e->text, sizeof(e->text),
		 prefix_len == bits ? "%.43s" : "%.43s/%u", e->first_text,
		 prefix_len);
}

/* Fills in all that comes of the policy. */
static void abi_element_class(struct mailwall_element *e,
			      const struct mailwall_policy *p, uint32_t class)
{
	const struct class *c = p->policy->classes.items[class];
	const char *names = p->set_names[class];

	e->table_family = abi_table_family(p->policy->hook);
	e->set = e->family == 4 ? names : names + strlen(names) + 1;
	e->has_set = c->uses > 0;
	if (!strcmp(c->name, FLAGGED))
		e->timeout_s = p->policy->quarantine_s;
}

/* The index of a dynamic class by its name, or -errno. */
static long abi_find_dynamic(const struct mailwall_policy *p, const char *name,
			     struct why why)
{
	for (size_t i = 0; i < p->policy->classes.n; i++) {
		const struct class *c = p->policy->classes.items[i];

		if (c->literal || strcmp(c->name, name))
			continue;
		return c->kind == CLASS_DYNAMIC ?
			       (long)i :
			       abi_refuse(why, -EINVAL,
					  "class \"%.80s\" is not dynamic",
					  name);
	}
	return abi_refuse(why, -ENOENT, "the policy has no class \"%.80s\"",
			  name);
}

static int abi_check_prefix(unsigned int family, const uint8_t *address,
			    unsigned int prefix_len, struct why why)
{
	unsigned int most = family == 4 ? 32 : 128;

	if (!address)
		return abi_refuse(why, -EINVAL, "the address is NULL");
	if (family != 4 && family != 6)
		return abi_refuse(why, -EINVAL, "a family is 4 or 6, not %u",
				  family);
	if (!prefix_len || prefix_len > most)
		return abi_refuse(why, -EINVAL,
				  "a prefix has 1 to %u bits, not %u", most,
				  prefix_len);
	return 0;
}

static const struct abi_struct element_struct = {
	"mailwall_element", sizeof(struct mailwall_element),
	END_OF(mailwall_element, last_text)
};

static int abi_element_make(const struct mailwall_policy *p,
			    const char *class_name, unsigned int family,
			    const uint8_t *address, unsigned int prefix_len,
			    struct mailwall_element *out, struct why why)
{
	struct mailwall_element e = {
		.table = TABLE_NAME,
		.table_family = family_name(FAMILY_INET),
		.set = family == 4 ? FLAGGED ".v4" : FLAGGED ".v6",
	};
	long class = p ? abi_find_dynamic(p, class_name, why) : 0;

	if (class < 0)
		return (int)class;
	abi_element_prefix(&e, family, address, prefix_len);
	if (p)
		abi_element_class(&e, p, (uint32_t) class);
	abi_fill_struct(&element_struct, &e, out);
	return 0;
}

int abi_policy_element(const struct mailwall_policy *p, const char *class_name,
		       unsigned int family, const uint8_t *address,
		       unsigned int prefix_len, struct mailwall_element *out,
		       char *text, size_t size)
{
	struct why why = abi_why(text, size);
	int error = abi_check_good_policy(p, why);

	if (!error && !class_name)
		error = abi_refuse(why, -EINVAL, "the class's name is NULL");
	if (!error)
		error = abi_check_struct(&element_struct, out, why);
	if (!error)
		error = abi_check_prefix(family, address, prefix_len, why);
	if (error)
		return error;
	return abi_element_make(p, class_name, family, address, prefix_len, out,
				why);
}

int abi_finding_element(const struct mailwall_policy *p,
			const struct mailwall_finding *finding,
			struct mailwall_element *out, char *text, size_t size)
{
	const struct abi_struct s = ABI_STRUCT(mailwall_finding, examples);
	struct why why = abi_why(text, size);
	unsigned int prefix_len;
	struct mailwall_finding f;
	int error = p ? abi_check_good_policy(p, why) : 0;

	if (!error)
		error = abi_read_struct(&s, &f, finding, why);
	if (!error)
		error = abi_check_struct(&element_struct, out, why);
	if (error)
		return error;
	prefix_len = f.family == 4 ? 32 : FLAGGED_PREFIX6;
	error = abi_check_prefix(f.family, f.source, prefix_len, why);
	return error ? error :
		       abi_element_make(p, FLAGGED, f.family, f.source,
					prefix_len, out, why);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Describes clauses in a language. */
#include "publish_priv.h"

#include <string.h>

/* ---- words for them ---- */

const char *publish_text_of(struct page *t, enum word_key key,
			    const struct words_value *values)
{
	return words_text(t->arena, t->lang, key, values);
}

static const char *publish_describe_class(struct page *t, const struct class *c)
{
	static const struct {
		const char *name;
		enum word_key key;
	} builtin[] = { { "any", WORD_WHO_ANYONE },
			{ "private", WORD_WHO_PRIVATE },
			{ "internet", WORD_WHO_INTERNET },
			{ "flagged", WORD_WHO_FLAGGED } };

	for (size_t i = 0; i < COUNT(builtin) && c->builtin; i++)
		if (!strcmp(c->name, builtin[i].name))
			return publish_text_of(t, builtin[i].key, NULL);
	return c->literal ? c->name :
			    publish_text_of(t, WORD_WHO_CLASS,
					    WORDS({ "name", c->name }));
}

static const char *publish_describe_refs(struct page *t,
					 const struct class_refs *refs)
{
	const char **names = arena_alloc(t->arena, refs->n * sizeof(*names));

	for (size_t i = 0; i < refs->n; i++)
		names[i] = publish_describe_class(t, refs->items[i]);
	return words_list(t->arena, t->lang, names, refs->n);
}

static const char *publish_describe_ports(struct page *t,
					  const struct ports *ports)
{
	const char **names = arena_alloc(t->arena, ports->n * sizeof(*names));

	for (size_t i = 0; i < ports->n; i++)
		names[i] = words_port(t->arena, t->lang, ports->items[i]);
	return words_list(t->arena, t->lang, names, ports->n);
}

const char *publish_describe_families(struct page *t, unsigned int families)
{
	switch (families) {
	case FAMILY_4:
		return "IPv4";
	case FAMILY_6:
		return "IPv6";
	case FAMILY_BOTH:
		return publish_text_of(t, WORD_RULE_BOTH, NULL);
	}
	return publish_text_of(t, WORD_RULE_NO_FAMILY, NULL);
}

static const char *publish_describe_ids(struct page *t, const struct ids *ids)
{
	const char **names = arena_alloc(t->arena, ids->n * sizeof(*names));

	for (size_t i = 0; i < ids->n; i++)
		names[i] = arena_printf(t->arena, "%u", ids->items[i]);
	return words_list(t->arena, t->lang, names, ids->n);
}

static const char *publish_describe_devices(struct page *t)
{
	const struct words *devices = &t->policy->devices;
	const char **names = arena_alloc(t->arena, devices->n * sizeof(*names));

	for (size_t i = 0; i < devices->n; i++)
		names[i] = devices->items[i].text;
	return words_list(t->arena, t->lang, names, devices->n);
}

/* Describes an end without classes by the hook. */
static const char *end_by_hook(struct page *t, bool own)
{
	if (own && t->policy->hook == HOOK_OUTPUT)
		return publish_text_of(t, WORD_WHO_HOST, NULL);
	if (own && t->policy->hook == HOOK_INGRESS)
		return publish_text_of(
			t, WORD_WHO_BEHIND,
			WORDS({ "interfaces", publish_describe_devices(t) }));
	return publish_text_of(t, WORD_WHO_ANYONE, NULL);
}

static const char *publish_words_add_owners(struct page *t,
					    const struct clause *c,
					    const char *who)
{
	if (c->users.n)
		who = publish_text_of(
			t, WORD_WHO_USERS,
			WORDS({ "who", who },
			      { "users", publish_describe_ids(t, &c->users) }));
	if (c->groups.n)
		who = publish_text_of(
			t, WORD_WHO_GROUPS,
			WORDS({ "who", who },
			      { "groups",
				publish_describe_ids(t, &c->groups) }));
	return who;
}

const char *publish_describe_end(struct page *t, const struct clause *c,
				 bool source, bool narrow)
{
	struct end end = publish_end_of(c, source);
	bool own = source == (c->block->direction == DIRECTION_OUTBOUND);
	const struct class_refs *whole = end.list[0], *part = end.list[1];
	const char *who;

	if (publish_refs_are_all(whole) && publish_refs_are_all(part))
		who = end_by_hook(t, own);
	else if (publish_refs_are_all(part))
		who = publish_describe_refs(t, whole);
	else if (publish_refs_are_all(whole) || narrow)
		who = publish_describe_refs(t, part);
	else
		who = publish_text_of(
			t, WORD_WHO_WITHIN,
			WORDS({ "who", publish_describe_refs(t, part) },
			      { "whole", publish_describe_refs(t, whole) }));
	return source ? publish_words_add_owners(t, c, who) : who;
}

/* ---- a rule in words ---- */

static const char *publish_describe_verb(struct page *t, const struct clause *c)
{
	if (t->policy->observe && !action_only_counts(c->action))
		return publish_text_of(t, WORD_RULE_TRIAL, NULL);
	switch (action_infos[c->action].verdict) {
	case VERDICT_REFUSE:
		return publish_text_of(t, WORD_RULE_BLOCKED, NULL);
	case VERDICT_METER:
		return publish_text_of(t, WORD_RULE_LIMITED, NULL);
	case VERDICT_REDIRECT:
		return publish_text_of(t, WORD_RULE_REDIRECTED, NULL);
	case VERDICT_PASS:
		break;
	}
	return publish_text_of(t, WORD_RULE_OBSERVED, NULL);
}

const char *publish_describe_title(struct page *t, const struct page_rule *rule)
{
	const char *number = arena_printf(t->arena, "%u", rule->number);

	return publish_text_of(
		t, WORD_RULE_TITLE,
		WORDS({ "number", number },
		      { "what", publish_describe_verb(t, rule->clause) },
		      { "ports", publish_describe_ports(t, &rule->ports) }));
}

static const char *publish_describe_refusal(struct page *t,
					    enum refusal refusal)
{
	switch (refusal) {
	case REFUSAL_RESET:
		return publish_text_of(t, WORD_RULE_RESET, NULL);
	case REFUSAL_REJECT:
		return publish_text_of(t, WORD_RULE_REJECT, NULL);
	case REFUSAL_DROP:
		return publish_text_of(t, WORD_RULE_DROP, NULL);
	}
	return "";
}

static const char *publish_describe_unit(struct page *t, uint32_t unit_s)
{
	return publish_text_of(t,
			       unit_s == 1    ? WORD_UNIT_SECOND :
			       unit_s == 60   ? WORD_UNIT_MINUTE :
			       unit_s == 3600 ? WORD_UNIT_HOUR :
						WORD_UNIT_DAY,
			       NULL);
}

static const char *publish_describe_limit(struct page *t,
					  const struct clause *c)
{
	const char *count = arena_printf(t->arena, "%u", c->rate.count);
	const char *burst = arena_printf(t->arena, "%u", c->rate.burst);

	return publish_text_of(
		t, WORD_RULE_LIMIT,
		WORDS({ "count", count }, { "burst", burst },
		      { "unit", publish_describe_unit(t, c->rate.unit_s) },
		      { "over", publish_describe_refusal(t, c->refusal) }));
}

/* Fills up to two targets; returns their number. */
size_t publish_targets_of(struct page *t, const struct clause *c,
			  const char *out[2])
{
	char text[RANGE_TEXT_MAX];
	size_t n = 0;

	if (c->has_target4) {
		addr4_print(text, c->target4);
		out[n++] = arena_strndup(t->arena, text, strlen(text));
	}
	if (c->has_target6) {
		addr6_print(text, &c->target6);
		out[n++] = arena_strndup(t->arena, text, strlen(text));
	}
	return n;
}

static const char *publish_describe_redirect(struct page *t,
					     const struct clause *c)
{
	const char *targets[2];
	size_t n = publish_targets_of(t, c, targets);

	return publish_text_of(
		t, WORD_RULE_REDIRECT,
		WORDS({ "target", words_list(t->arena, t->lang, targets, n) }));
}

static const char *publish_describe_enforced(struct page *t,
					     const struct clause *c)
{
	switch (action_infos[c->action].verdict) {
	case VERDICT_REFUSE:
		return publish_describe_refusal(t, c->refusal);
	case VERDICT_METER:
		return publish_describe_limit(t, c);
	case VERDICT_REDIRECT:
		return publish_describe_redirect(t, c);
	case VERDICT_PASS:
		break;
	}
	return publish_text_of(t, WORD_RULE_OBSERVE, NULL);
}

const char *publish_describe_how(struct page *t, const struct clause *c)
{
	const char *how = publish_describe_enforced(t, c);

	if (t->policy->observe && !action_only_counts(c->action))
		how = publish_text_of(t, WORD_RULE_WOULD,
				      WORDS({ "how", how }));
	if (c->replies)
		how = arena_printf(t->arena, "%s %s", how,
				   publish_text_of(t, WORD_RULE_REPLIES, NULL));
	if (c->log)
		how = arena_printf(t->arena, "%s %s", how,
				   publish_text_of(t, WORD_RULE_LOGGED, NULL));
	return how;
}

/* ---- an exception in words ---- */

static const char *exception_who(struct page *t, const struct exception *x)
{
	const struct clause *c = x->clause;
	bool owners = c->users.n || c->groups.n;
	const char *from = publish_describe_end(t, c, true, x->same_block);
	const char *to = publish_describe_end(t, c, false, x->same_block);
	enum word_key key = WORD_EXCEPT_WHO;

	if (x->same_block && publish_refs_are_all(&c->from) && !owners)
		key = WORD_EXCEPT_TO;
	else if (publish_refs_are_all(&c->to) &&
		 (x->same_block || c->block->direction == DIRECTION_OUTBOUND))
		key = WORD_EXCEPT_FROM; /* the other end is open, or known */
	return publish_text_of(t, key, WORDS({ "from", from }, { "to", to }));
}

const char *publish_describe_exception(struct page *t,
				       const struct page_rule *rule,
				       const struct exception *x)
{
	const char *what = exception_who(t, x);
	unsigned int number = publish_number_of(t, x->clause);

	if (x->ports.n < rule->ports.n)
		what = publish_text_of(
			t, WORD_EXCEPT_PORTS,
			WORDS({ "what", what },
			      { "ports",
				publish_describe_ports(t, &x->ports) }));
	/* Families of a redirect come from its targets, so they are named. */
	if (action_redirects(x->clause->action) &&
	    x->families != rule->families)
		what = publish_text_of(
			t, WORD_EXCEPT_FAMILY,
			WORDS({ "what", what },
			      { "family",
				publish_describe_families(t, x->families) }));
	if (!number)
		return what;
	return publish_text_of(
		t, WORD_EXCEPT_OTHER,
		WORDS({ "what", what },
		      { "rule", arena_printf(t->arena, "%u", number) }));
}

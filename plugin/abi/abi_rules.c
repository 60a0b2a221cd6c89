/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What follows of a policy: rules, decisions, the element of a finding. */
#include "abi_priv.h"
#include "../../rules/emit/emit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(list)	(sizeof(list) / sizeof((list)[0]))
#define FLAGGED		"flagged"
#define FLAGGED_PREFIX6 64

/* ---- rules ---- */

/*
 * What the emitters write goes on to the host. For want of memory they leave
 * a line that no format has, and go on.
 */
struct sink {
	mailwall_write_fn *write;
	void *ctx;
	int error;
	const char *failed; /* the line that says so; NULL: it cannot be */
	size_t seen;	    /* bytes of it */
	bool cut;
};

static const struct format {
	const char *name;
	void (*emit)(const struct ruleset *rs, FILE *out);
	const char *failed;
} formats[] = {
	{ "nft", emit_nft, NULL },
	{ "json", emit_json, "\nout of memory\n" },
	{ "netlink", emit_bytecode, "\n# out of memory\n" },
};

static void look_for_failure(struct sink *s, const char *bytes, size_t len)
{
	for (size_t i = 0; s->failed && i < len; i++) {
		if (bytes[i] == s->failed[s->seen])
			s->seen++;
		else
			s->seen = bytes[i] == s->failed[0];
		if (!s->failed[s->seen]) {
			s->cut = true;
			s->failed = NULL;
		}
	}
}

static ssize_t sink_write(void *cookie, const char *bytes, size_t len)
{
	struct sink *s = cookie;

	look_for_failure(s, bytes, len);
	if (s->cut || s->error)
		return 0;
	s->error = abi_error(s->write(s->ctx, bytes, len));
	return s->error ? 0 : (ssize_t)len;
}

static int emit(const struct ruleset *rs, const struct format *f,
		struct sink *s)
{
	static const cookie_io_functions_t io = { .write = sink_write };
	FILE *out = fopencookie(s, "w", io);
	bool bad;

	if (!out)
		return -ENOMEM;
	f->emit(rs, out);
	bad = ferror(out);
	bad = fclose(out) || bad;
	if (s->cut)
		return -ENOMEM;
	return s->error ? s->error : bad ? -ENOMEM : 0;
}

static const struct format *format_of(const char *name)
{
	for (size_t i = 0; i < COUNT(formats); i++)
		if (!strcmp(formats[i].name, name))
			return &formats[i];
	return NULL;
}

static int check_emit(const struct mailwall_policy *p, const char *format,
		      mailwall_write_fn *write, struct why why)
{
	int error = abi_good_policy(p, why);

	if (error)
		return error;
	if (!format)
		return abi_refuse(why, -EINVAL, "the format is NULL");
	if (!format_of(format))
		return abi_refuse(why, -EINVAL,
				  "\"%.40s\" is not a format: nft, json or "
				  "netlink",
				  format);
	if (!write)
		return abi_refuse(why, -EINVAL, "no function to write with");
	return 0;
}

int abi_policy_emit(const struct mailwall_policy *p, const char *format,
		    mailwall_write_fn *write, void *ctx, char *text,
		    size_t size)
{
	struct why why = why_of(text, size);
	struct sink sink = { .write = write, .ctx = ctx };
	struct ruleset *rs = NULL;
	struct locales locales;
	int error = check_emit(p, format, write, why);

	if (error)
		return error;
	sink.failed = format_of(format)->failed;
	error = abi_use_c_locale(&locales);
	if (error)
		return abi_no_memory(why);
	error = ruleset_new(p->policy, &rs);
	if (!error)
		error = emit(rs, format_of(format), &sink);
	ruleset_free(rs);
	abi_use_locale_before(&locales);
	if (sink.error)
		return abi_refuse(why, error, "writing the rules: %s",
				  strerror(-error));
	return error ? abi_no_memory(why) : 0;
}

int abi_policy_digest(const struct mailwall_policy *p, char *out,
		      size_t out_size, char *text, size_t size)
{
	struct why why = why_of(text, size);
	struct ruleset *rs = NULL;
	int error = abi_good_policy(p, why);

	if (error)
		return error;
	if (!out || out_size < DIGEST_TEXT_BYTES)
		return abi_refuse(why, -EINVAL,
				  "a digest needs %d bytes, and %zu are there",
				  DIGEST_TEXT_BYTES, out ? out_size : 0);
	if (ruleset_new(p->policy, &rs))
		return abi_no_memory(why);
	memcpy(out, rs->digest, DIGEST_TEXT_BYTES);
	ruleset_free(rs);
	return 0;
}

/* ---- decisions ---- */

bool abi_member(void *ctx, const struct class *class, uint8_t family,
		const struct addr6 *address)
{
	const struct mailwall_members *m = ctx;

	return m->member &&
	       m->member(m->ctx, class->name, family, address->byte) != 0;
}

static uint32_t verdict_of(const struct policy *p, const struct clause *c)
{
	if (!c || action_infos[c->action].exempts)
		return MAILWALL_PASS;
	if (p->observe)
		return MAILWALL_OBSERVE;
	switch (action_infos[c->action].verdict) {
	case VERDICT_PASS:
		return MAILWALL_OBSERVE;
	case VERDICT_REFUSE:
		return MAILWALL_BLOCK;
	case VERDICT_METER:
		return MAILWALL_LIMIT;
	case VERDICT_REDIRECT:
		return MAILWALL_REDIRECT;
	}
	return MAILWALL_PASS;
}

static struct opening connection_of(const struct mailwall_connection *c)
{
	struct opening out = {
		.family = c->family,
		.source_port = c->source_port,
		.destination_port = c->destination_port,
		.in = c->in,
		.out = c->out,
		.has_owner = c->has_owner,
		.uid = c->uid,
		.gid = c->gid,
	};
	size_t n = c->family == 4 ? 4 : 16;

	memcpy(out.source.byte, c->source, n);
	memcpy(out.destination.byte, c->destination, n);
	return out;
}

static void abi_rules_answer(const struct mailwall_policy *p,
			     const struct decision *d,
			     struct mailwall_decision *out)
{
	const struct abi_struct s = ABI_STRUCT(mailwall_decision, reserved);
	const struct clause *c = d->clause;
	struct mailwall_decision ours = {
		.verdict = verdict_of(p->policy, c),
		.index = MAILWALL_NO_CLAUSE,
		.unsure = d->unsure,
	};

	if (c) {
		ours.clause = c->id;
		ours.text = c->text;
		ours.index = abi_clause_index(p, c);
		ours.action = c->action;
	}
	abi_give(&s, &ours, out);
}

int abi_policy_decide(const struct mailwall_policy *p,
		      const struct mailwall_members *members,
		      const struct mailwall_connection *theirs,
		      struct mailwall_decision *out, char *text, size_t size)
{
	const struct abi_struct sc = ABI_STRUCT(mailwall_connection, reserved),
				sd = ABI_STRUCT(mailwall_decision, reserved),
				sm = ABI_STRUCT(mailwall_members, member);
	struct why why = why_of(text, size);
	struct mailwall_connection c;
	struct mailwall_members m = { 0 };
	struct decide_input input = { .member = abi_member, .ctx = &m };
	struct opening opening;
	struct decision d;
	int error = abi_good_policy(p, why);

	if (!error)
		error = abi_take(&sc, &c, theirs, why);
	if (!error)
		error = abi_look(&sd, out, why);
	if (!error && members)
		error = abi_take(&sm, &m, members, why);
	if (error)
		return error;
	if (c.family != 4 && c.family != 6)
		return abi_refuse(why, -EINVAL,
				  "a connection's family is 4 or 6, not %u",
				  c.family);
	opening = connection_of(&c);
	policy_decide(p->policy, &input, &opening, &d);
	abi_rules_answer(p, &d, out);
	return 0;
}

/* ---- the element of a finding ---- */

static bool has_flagged(const struct policy *p)
{
	for (size_t i = 0; i < p->classes.n; i++)
		if (!strcmp(p->classes.items[i]->name, FLAGGED))
			return p->classes.items[i]->uses > 0;
	return false;
}

static void name_element4(struct mailwall_element *e)
{
	const uint8_t *b = e->first;
	uint32_t address = (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 |
			   (uint32_t)b[2] << 8 | b[3];

	e->set = FLAGGED ".v4";
	e->prefix_len = 32;
	addr4_print(e->text, address);
	strcpy(e->first_text, e->text);
	strcpy(e->last_text, e->text);
}

static void name_element6(struct mailwall_element *e)
{
	struct range6 r;
	char text[RANGE_TEXT_MAX];

	memset(e->first + FLAGGED_PREFIX6 / 8, 0, 16 - FLAGGED_PREFIX6 / 8);
	memset(e->last + FLAGGED_PREFIX6 / 8, 0xff, 16 - FLAGGED_PREFIX6 / 8);
	memcpy(r.first.byte, e->first, 16);
	memcpy(r.last.byte, e->last, 16);
	e->set = FLAGGED ".v6";
	e->prefix_len = FLAGGED_PREFIX6;
	range6_print(text, &r);
	snprintf(e->text, sizeof(e->text), "%.*s", (int)sizeof(e->text) - 1,
		 text);
	addr6_print(e->first_text, &r.first);
	addr6_print(e->last_text, &r.last);
}

int abi_finding_element(const struct mailwall_policy *p,
			const struct mailwall_finding *finding,
			struct mailwall_element *out, char *text, size_t size)
{
	const struct abi_struct sf = ABI_STRUCT(mailwall_finding, examples),
				se = ABI_STRUCT(mailwall_element, last_text);
	struct why why = why_of(text, size);
	struct mailwall_finding f;
	struct mailwall_element e = { .table = TABLE_NAME,
				      .table_family =
					      family_name(FAMILY_INET) };
	int error = p ? abi_good_policy(p, why) : 0;

	if (!error)
		error = abi_take(&sf, &f, finding, why);
	if (!error)
		error = abi_look(&se, out, why);
	if (error)
		return error;
	if (f.family != 4 && f.family != 6)
		return abi_refuse(why, -EINVAL,
				  "a finding's family is 4 or 6, not %u",
				  f.family);
	if (p) {
		e.table_family = abi_table_family(p->policy->hook);
		e.timeout_s = p->policy->quarantine_s;
		e.has_set = has_flagged(p->policy);
	}
	e.family = f.family;
	memcpy(e.first, f.source, f.family == 4 ? 4 : 16);
	memcpy(e.last, e.first, sizeof(e.last));
	if (f.family == 4)
		name_element4(&e);
	else
		name_element6(&e);
	abi_give(&se, &e, out);
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The rules of a policy, and its decisions. */
#include "abi_priv.h"
#include "../../rules/emit/emit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

/* ---- rules ---- */

/*
 * Passes on to the host what the emitters write. An emitter that has no memory
 * leaves a line that no format has, and goes on.
 */
struct sink {
	mailwall_write_fn *write;
	void *ctx;
	int error;
	const char *failed; /* the line of no memory; NULL: there is none */
	size_t seen;	    /* bytes of that line, so far */
	bool cut;
};

static const struct format {
	const char *name;
	int (*make)(const struct policy *policy, struct ruleset **out);
	void (*emit)(const struct ruleset *rs, FILE *out);
	const char *failed;
} formats[] = {
	{ "nft", ruleset_new_text, emit_nft, NULL },
	{ "json", ruleset_new_text, emit_json, "\nout of memory\n" },
	{ "netlink", ruleset_new, emit_bytecode, "\n# out of memory\n" },
};

static void abi_sink_watch(struct sink *s, const char *bytes, size_t len)
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

static ssize_t abi_sink_write(void *cookie, const char *bytes, size_t len)
{
	struct sink *s = cookie;

	abi_sink_watch(s, bytes, len);
	if (s->cut || s->error)
		return 0;
	s->error = abi_errno(s->write(s->ctx, bytes, len));
	return s->error ? 0 : (ssize_t)len;
}

static int abi_emit_rules(const struct ruleset *rs, const struct format *f,
			  struct sink *s)
{
	static const cookie_io_functions_t io = { .write = abi_sink_write };
	FILE *out = fopencookie(s, "w", io);
	bool bad;

	if (!out)
		return -ENOMEM;
	f->emit(rs, out);
	bad = ferror(out);
	bad = fclose(out) || bad;
	/* An emitter calls a write that failed a want of memory. */
	if (s->error)
		return s->error;
	return s->cut || bad ? -ENOMEM : 0;
}

static const struct format *abi_format(const char *name)
{
	for (size_t i = 0; i < COUNT(formats); i++)
		if (!strcmp(formats[i].name, name))
			return &formats[i];
	return NULL;
}

static int abi_check_emit(const struct mailwall_policy *p, const char *format,
			  mailwall_write_fn *write, struct why why)
{
	int error = abi_check_good_policy(p, why);

	if (error)
		return error;
	if (!format)
		return abi_refuse(why, -EINVAL, "the format is NULL");
	if (!abi_format(format))
		return abi_refuse(why, -EINVAL,
				  "\"%.40s\" is not a format: nft, json or "
				  "netlink",
				  format);
	if (!write)
		return abi_no_function(why);
	return 0;
}

int abi_policy_emit(const struct mailwall_policy *p, const char *format,
		    mailwall_write_fn *write, void *ctx, char *text,
		    size_t size)
{
	struct why why = abi_why(text, size);
	struct sink sink = { .write = write, .ctx = ctx };
	struct ruleset *rs = NULL;
	struct locales locales;
	int error = abi_check_emit(p, format, write, why);

	if (error)
		return error;
	sink.failed = abi_format(format)->failed;
	error = abi_use_c_locale(&locales);
	if (error)
		return abi_no_memory(why);
	error = abi_format(format)->make(p->policy, &rs);
	if (!error)
		error = abi_emit_rules(rs, abi_format(format), &sink);
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
	struct why why = abi_why(text, size);
	struct ruleset *rs = NULL;
	int error = abi_check_good_policy(p, why);

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

int abi_read_members(struct abi_asker *a, const struct mailwall_members *theirs,
		     struct why why)
{
	const struct abi_struct s = ABI_STRUCT(mailwall_members, member);

	return theirs ? abi_read_struct(&s, &a->members, theirs, why) : 0;
}

bool abi_member(void *ctx, const struct class *class, uint8_t family,
		const struct addr6 *address)
{
	struct abi_asker *a = ctx;
	const struct mailwall_members *m = &a->members;
	int result;

	if (!m->member || (a->gone && *a->gone))
		return false;
	result = m->member(m->ctx, class->name, family, address->byte);
	if (result >= 0)
		return result > 0;
	a->failed++;
	if (!a->error) {
		a->error = abi_errno(result);
		a->class_name = class->name;
	}
	return false;
}

int abi_member_failed(const struct abi_asker *a, struct why why)
{
	return abi_refuse(why, a->error, "members of class \"%.80s\": %s",
			  a->class_name, strerror(-a->error));
}

static uint32_t abi_verdict(const struct policy *p, const struct clause *c)
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

static struct opening abi_opening(const struct mailwall_connection *c)
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

static void abi_fill_decision(const struct mailwall_policy *p,
			      const struct decision *d,
			      struct mailwall_decision *out)
{
	const struct abi_struct s = ABI_STRUCT(mailwall_decision, reserved);
	const struct clause *c = d->clause;
	struct mailwall_decision ours = {
		.verdict = abi_verdict(p->policy, c),
		.index = MAILWALL_NO_CLAUSE,
		.unsure = d->unsure,
	};

	if (c) {
		ours.clause = c->id;
		ours.text = c->text;
		ours.index = abi_clause_index(p, c);
		ours.action = c->action;
	}
	abi_fill_struct(&s, &ours, out);
}

static int abi_check_connection(const struct mailwall_connection *c,
				struct why why)
{
	int error = abi_check_reserved("mailwall_connection", c->reserved,
				       sizeof(c->reserved), why);

	if (!error)
		error = abi_check_flag("mailwall_connection", "has_owner",
				       c->has_owner, why);
	if (!error && c->family != 4 && c->family != 6)
		error = abi_refuse(why, -EINVAL,
				   "a connection's family is 4 or 6, not %u",
				   c->family);
	return error;
}

int abi_policy_decide(const struct mailwall_policy *p,
		      const struct mailwall_members *members,
		      const struct mailwall_connection *theirs,
		      struct mailwall_decision *out, char *text, size_t size)
{
	const struct abi_struct sc = ABI_STRUCT(mailwall_connection, reserved),
				sd = ABI_STRUCT(mailwall_decision, reserved);
	struct why why = abi_why(text, size);
	struct mailwall_connection c;
	struct abi_asker asker = { 0 };
	struct decide_input input = { .member = abi_member, .ctx = &asker };
	struct opening opening;
	struct decision d;
	int error = abi_check_good_policy(p, why);

	if (!error)
		error = abi_read_struct(&sc, &c, theirs, why);
	if (!error)
		error = abi_check_struct(&sd, out, why);
	if (!error)
		error = abi_read_members(&asker, members, why);
	if (!error)
		error = abi_check_connection(&c, why);
	if (error)
		return error;
	opening = abi_opening(&c);
	policy_decide(p->policy, &input, &opening, &d);
	if (asker.error)
		return abi_member_failed(&asker, why);
	abi_fill_decision(p, &d, out);
	return 0;
}

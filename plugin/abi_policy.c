/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Policies, as mailwall.h has them. */
#include "abi_inner.h"
#include "../rules/emit.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(list)	(sizeof(list) / sizeof((list)[0]))
#define QUOTE_BYTES	1000
#define FLAGGED		"flagged"
#define FLAGGED_PREFIX6 64

/* ---- the locale: numbers have a point, whatever the host's have ---- */

struct locales {
	locale_t ours, before;
};

static int use_c_locale(struct locales *l)
{
	l->ours = newlocale(LC_ALL_MASK, "C", (locale_t)0);
	if (!l->ours)
		return -ENOMEM;
	l->before = uselocale(l->ours);
	return 0;
}

static void use_locale_before(const struct locales *l)
{
	uselocale(l->before);
	freelocale(l->ours);
}

/* ---- loading: the host's functions, and a text in place of a file ---- */

struct loader {
	struct mailwall_load load;
	bool text_taken;
};

static const char nothing[1];

static int give_text(struct loader *l, const char **text, size_t *len)
{
	l->text_taken = true;
	*text = l->load.text;
	*len = l->load.text_len;
	return 0;
}

static int read_file(void *ctx, const char *path, const char **text,
		     size_t *len)
{
	struct loader *l = ctx;
	int error;

	*text = NULL;
	*len = 0;
	if (l->load.text && !l->text_taken)
		return give_text(l, text, len);
	if (!l->load.read)
		return -ENOTSUP;
	error = abi_error(l->load.read(l->load.ctx, path, text, len));
	if (!error && !*text && *len)
		return -EIO;
	if (!error && !*text)
		*text = nothing;
	return error;
}

static void release_file(void *ctx, const char *text, size_t len)
{
	const struct loader *l = ctx;

	if (text != l->load.text && l->load.release)
		l->load.release(l->load.ctx, text == nothing ? NULL : text,
				len);
}

static int find_user(void *ctx, const char *name, uint32_t *id)
{
	const struct mailwall_load *l = &((const struct loader *)ctx)->load;

	return l->user ? abi_error(l->user(l->ctx, name, id)) : -ENOENT;
}

static int find_group(void *ctx, const char *name, uint32_t *id)
{
	const struct mailwall_load *l = &((const struct loader *)ctx)->load;

	return l->group ? abi_error(l->group(l->ctx, name, id)) : -ENOENT;
}

static int check_load(const struct mailwall_load *l, struct why why)
{
	if (!l->text && !l->path)
		return abi_refuse(why, -EINVAL, "neither a path nor a text");
	if (!l->text && !l->read)
		return abi_refuse(why, -EINVAL,
				  "a path, and no function to read it");
	if (!l->definitions && l->n_definitions)
		return abi_refuse(why, -EINVAL, "definitions are NULL");
	for (size_t i = 0; i < l->n_definitions; i++)
		if (!l->definitions[i].name || !l->definitions[i].value)
			return abi_refuse(why, -EINVAL,
					  "definition %zu is NULL", i);
	return 0;
}

static struct definition *definitions_of(const struct mailwall_load *l)
{
	struct definition *list =
		calloc(l->n_definitions + 1, sizeof(struct definition));

	for (size_t i = 0; list && i < l->n_definitions; i++)
		list[i] = (struct definition){ l->definitions[i].name,
					       l->definitions[i].value };
	return list;
}

/* Takes the policy over. NULL: no memory. */
static struct mailwall_policy *handle_new(struct policy *policy)
{
	size_t n = policy->blocks.n;
	struct mailwall_policy *p =
		calloc(1, sizeof(*p) + (n + 1) * sizeof(p->first[0]));

	if (!p) {
		policy_free(policy);
		return NULL;
	}
	p->policy = policy;
	atomic_init(&p->holders, 1);
	for (size_t i = 0; i < n; i++) {
		p->first[i] = p->n_clauses;
		p->n_clauses += policy->blocks.items[i].clauses.n;
	}
	return p;
}

static int load(struct loader *l, const char *path, struct policy **out)
{
	struct definition *list = definitions_of(&l->load);
	struct policy_input input = {
		.ctx = l,
		.read = read_file,
		.release = release_file,
		.user = find_user,
		.group = find_group,
		.today = l->load.today,
		.definitions = list,
		.n_definitions = l->load.n_definitions,
	};
	struct locales locales;
	int error = list ? use_c_locale(&locales) : -ENOMEM;

	if (!error) {
		error = policy_load(&input, path, out);
		use_locale_before(&locales);
	}
	free(list);
	return error;
}

int abi_policy_load(const struct mailwall_load *theirs,
		    struct mailwall_policy **out, char *text, size_t size)
{
	const struct abi_struct s = ABI_STRUCT(mailwall_load, reserved);
	struct why why = why_of(text, size);
	struct loader l = { 0 };
	struct policy *policy = NULL;
	const char *path;
	int error;

	if (!out)
		return abi_refuse(why, -EINVAL, "no place for the policy");
	*out = NULL;
	error = abi_take(&s, &l.load, theirs, why);
	if (!error)
		error = check_load(&l.load, why);
	if (error)
		return error;
	path = l.load.path ? l.load.path : "policy";
	error = load(&l, path, &policy);
	if (error == -ENOMEM)
		return abi_no_memory(why);
	if (error)
		return abi_refuse(why, error, "cannot read \"%.120s\": %s",
				  path, strerror(-error));
	*out = handle_new(policy);
	return *out ? 0 : abi_no_memory(why);
}

void abi_policy_hold(struct mailwall_policy *p)
{
	atomic_fetch_add_explicit(&p->holders, 1, memory_order_relaxed);
}

void abi_policy_free(struct mailwall_policy *p)
{
	if (!p || atomic_fetch_sub_explicit(&p->holders, 1,
					    memory_order_acq_rel) != 1)
		return;
	policy_free(p->policy);
	free(p);
}

static int look_at_policy(const struct mailwall_policy *p, struct why why)
{
	return p ? 0 : abi_refuse(why, -EINVAL, "the policy is NULL");
}

int abi_good_policy(const struct mailwall_policy *p, struct why why)
{
	size_t errors;

	if (!p)
		return look_at_policy(p, why);
	errors = p->policy->diags.errors;
	return !errors ? 0 :
			 abi_refuse(why, -EINVAL, "the policy has %zu error%s",
				    errors, errors == 1 ? "" : "s");
}

/* ---- what it says of itself ---- */

static const char *table_family(enum hook hook)
{
	switch (hook) {
	case HOOK_FORWARD:
	case HOOK_OUTPUT:
		return family_name(FAMILY_INET);
	case HOOK_BRIDGE:
		return family_name(FAMILY_BRIDGE);
	case HOOK_INGRESS:
		return family_name(FAMILY_NETDEV);
	}
	return NULL;
}

int abi_policy_facts(const struct mailwall_policy *p,
		     struct mailwall_facts *out, char *text, size_t size)
{
	const struct abi_struct s = ABI_STRUCT(mailwall_facts, reserved);
	struct why why = why_of(text, size);
	int error = look_at_policy(p, why);
	const struct policy *of;

	if (!error)
		error = abi_look(&s, out, why);
	if (error)
		return error;
	of = p->policy;
	abi_give(&s,
		 &(struct mailwall_facts){
			 .name = of->name,
			 .purpose = of->purpose,
			 .contact = of->contact,
			 .review = of->review,
			 .hook = hook_name(of->hook),
			 .table = TABLE_NAME,
			 .table_family = table_family(of->hook),
			 .errors = of->diags.errors,
			 .warnings = of->diags.warnings,
			 .n_diagnostics = of->diags.n,
			 .n_clauses = p->n_clauses,
			 .quarantine_s = of->quarantine_s,
			 .log_group = of->log_group,
			 .observe = of->observe,
		 },
		 out);
	return 0;
}

/* The line that a span is in; it may be long, and then it is cut. */
static const char *quote_of(const struct span *span, size_t *len)
{
	const struct source_text *s = span->source;
	const char *start, *end;
	size_t left;

	*len = 0;
	if (span->quote) {
		*len = strnlen(span->quote, QUOTE_BYTES);
		return span->quote;
	}
	if (!s || !s->text || !span->column || span->offset > s->len ||
	    span->column - 1 > span->offset)
		return NULL;
	start = s->text + span->offset - (span->column - 1);
	left = s->len - (size_t)(start - s->text);
	if (left > QUOTE_BYTES)
		left = QUOTE_BYTES;
	end = memchr(start, '\n', left);
	*len = end ? (size_t)(end - start) : left;
	if (*len && start[*len - 1] == '\r')
		--*len;
	return start;
}

static const char *file_of(const struct span *span)
{
	return span->source ? span->source->name : NULL;
}

int abi_policy_diagnostic(const struct mailwall_policy *p, size_t n,
			  struct mailwall_diagnostic *out, char *text,
			  size_t size)
{
	const struct abi_struct s = ABI_STRUCT(mailwall_diagnostic, length);
	struct why why = why_of(text, size);
	int error = look_at_policy(p, why);
	struct mailwall_diagnostic ours;
	const struct diag *d;

	if (!error)
		error = abi_look(&s, out, why);
	if (error)
		return error;
	if (n >= p->policy->diags.n)
		return abi_refuse(why, -ENOENT, "there are %zu diagnostics",
				  p->policy->diags.n);
	d = &p->policy->diags.items[n];
	ours = (struct mailwall_diagnostic){
		.code = d->code,
		.message = d->message,
		.help = d->help,
		.reference = d->reference,
		.file = file_of(&d->span),
		.severity = d->severity,
		.line = d->span.line,
		.column = d->span.column,
		.length = d->span.len,
	};
	ours.quote = quote_of(&d->span, &ours.quote_len);
	abi_give(&s, &ours, out);
	return 0;
}

/* ---- clauses ---- */

uint32_t abi_clause_index(const struct mailwall_policy *p,
			  const struct clause *clause)
{
	const struct block *b = clause->block;
	size_t block = (size_t)(b - p->policy->blocks.items);

	return (uint32_t)(p->first[block] +
			  (size_t)(clause - b->clauses.items));
}

static const struct clause *clause_at(const struct mailwall_policy *p, size_t n)
{
	size_t i = 0;

	if (n >= p->n_clauses)
		return NULL;
	while (n >= p->first[i] + p->policy->blocks.items[i].clauses.n)
		i++;
	return &p->policy->blocks.items[i].clauses.items[n - p->first[i]];
}

static bool has_id(const struct clause *c, const char *id, size_t len)
{
	return c->id && strlen(c->id) == len && !memcmp(c->id, id, len);
}

static const struct clause *clause_of_id(const struct mailwall_policy *p,
					 const char *id)
{
	size_t len = strcspn(id, " \t\n");

	for (size_t i = 0; i < p->n_clauses; i++)
		if (has_id(clause_at(p, i), id, len))
			return clause_at(p, i);
	return NULL;
}

static struct mailwall_clause describe(const struct mailwall_policy *p,
				       size_t n)
{
	const struct clause *c = clause_at(p, n);
	struct mailwall_clause out = {
		.id = c->id,
		.key = c->key,
		.text = c->text,
		.file = file_of(&c->span),
		.line = c->span.line,
		.column = c->span.column,
		.index = (uint32_t)n,
		.action = c->action,
		.refusal = c->refusal,
		.rate = c->rate.count,
		.rate_unit_s = c->rate.unit_s,
		.burst = c->rate.burst,
		.log = c->log,
		.replies = c->replies,
		.has_target4 = c->has_target4,
		.has_target6 = c->has_target6,
	};

	if (c->block)
		out.direction = c->block->direction;
	for (int i = 0; i < 4; i++)
		out.target4[i] = (uint8_t)(c->target4 >> (24 - 8 * i));
	memcpy(out.target6, c->target6.byte, sizeof(out.target6));
	return out;
}

static const struct abi_struct clause_struct = {
	"mailwall_clause", sizeof(struct mailwall_clause),
	END_OF(mailwall_clause, target6)
};

int abi_policy_clause(const struct mailwall_policy *p, size_t n,
		      struct mailwall_clause *out, char *text, size_t size)
{
	struct why why = why_of(text, size);
	int error = look_at_policy(p, why);
	struct mailwall_clause ours;

	if (!error)
		error = abi_look(&clause_struct, out, why);
	if (error)
		return error;
	if (n >= p->n_clauses)
		return abi_refuse(why, -ENOENT, "there are %zu clauses",
				  p->n_clauses);
	ours = describe(p, n);
	abi_give(&clause_struct, &ours, out);
	return 0;
}

int abi_policy_clause_by_id(const struct mailwall_policy *p, const char *id,
			    struct mailwall_clause *out, char *text,
			    size_t size)
{
	struct why why = why_of(text, size);
	int error = look_at_policy(p, why);
	const struct clause *c;
	struct mailwall_clause ours;

	if (!error && !id)
		error = abi_refuse(why, -EINVAL, "the clause's id is NULL");
	if (!error)
		error = abi_look(&clause_struct, out, why);
	if (error)
		return error;
	c = clause_of_id(p, id);
	if (!c)
		return abi_refuse(why, -ENOENT,
				  "the policy has no clause \"%.120s\"", id);
	ours = describe(p, abi_clause_index(p, c));
	abi_give(&clause_struct, &ours, out);
	return 0;
}

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
	error = use_c_locale(&locales);
	if (error)
		return abi_no_memory(why);
	error = ruleset_new(p->policy, &rs);
	if (!error)
		error = emit(rs, format_of(format), &sink);
	ruleset_free(rs);
	use_locale_before(&locales);
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
	if (!c || c->action == ACTION_ALLOW)
		return MAILWALL_PASS;
	if (p->observe)
		return MAILWALL_OBSERVE;
	switch (c->action) {
	case ACTION_ALLOW:
		return MAILWALL_PASS;
	case ACTION_BLOCK:
		return MAILWALL_BLOCK;
	case ACTION_LIMIT:
		return MAILWALL_LIMIT;
	case ACTION_REDIRECT:
		return MAILWALL_REDIRECT;
	case ACTION_OBSERVE:
		return MAILWALL_OBSERVE;
	}
	return MAILWALL_PASS;
}

static struct connection connection_of(const struct mailwall_connection *c)
{
	struct connection out = {
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

static void answer(const struct mailwall_policy *p, const struct decision *d,
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
	struct connection connection;
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
	connection = connection_of(&c);
	decide(p->policy, &input, &connection, &d);
	answer(p, &d, out);
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
		e.table_family = table_family(p->policy->hook);
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

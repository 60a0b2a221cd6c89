/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Policies: loading, and what they say of themselves. */
#include "abi_priv.h"
#include "../../rules/emit/emit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define QUOTE_BYTES 1000

/* ---- the locale: numbers have a point, whatever the host's have ---- */

int abi_use_c_locale(struct locales *l)
{
	l->ours = newlocale(LC_ALL_MASK, "C", (locale_t)0);
	if (!l->ours)
		return -ENOMEM;
	l->before = uselocale(l->ours);
	return 0;
}

void abi_use_locale_before(const struct locales *l)
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

static int abi_policy_read_file(void *ctx, const char *path, const char **text,
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

static void abi_policy_release_file(void *ctx, const char *text, size_t len)
{
	const struct loader *l = ctx;

	if (text != l->load.text && l->load.release)
		l->load.release(l->load.ctx, text == nothing ? NULL : text,
				len);
}

static int abi_policy_find_user(void *ctx, const char *name, uint32_t *id)
{
	const struct mailwall_load *l = &((const struct loader *)ctx)->load;

	return l->user ? abi_error(l->user(l->ctx, name, id)) : -ENOENT;
}

static int abi_policy_find_group(void *ctx, const char *name, uint32_t *id)
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

static int abi_policy_read(struct loader *l, const char *path,
			   struct policy **out)
{
	struct definition *list = definitions_of(&l->load);
	struct policy_input input = {
		.ctx = l,
		.read = abi_policy_read_file,
		.release = abi_policy_release_file,
		.user = abi_policy_find_user,
		.group = abi_policy_find_group,
		.today = l->load.today,
		.definitions = list,
		.n_definitions = l->load.n_definitions,
	};
	struct locales locales;
	int error = list ? abi_use_c_locale(&locales) : -ENOMEM;

	if (!error) {
		error = policy_load(&input, path, out);
		abi_use_locale_before(&locales);
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
	error = abi_policy_read(&l, path, &policy);
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

const char *abi_table_family(enum hook hook)
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
			 .table_family = abi_table_family(of->hook),
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

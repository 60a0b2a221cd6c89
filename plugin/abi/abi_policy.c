/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Policies: loading, mistakes, files, clauses. */
#include "abi_priv.h"
#include "../../rules/emit/emit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define QUOTE_BYTES 1000

/* ---- the locale ---- */

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
	bool text_used;
	struct abi_file *files; /* read so far, for the handle */
	size_t n_files;
	bool no_memory;
};

static const char nothing[1];

static void abi_files_free(struct abi_file *files, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(files[i].path);
	free(files);
}

/* Keeps the name of a file that was read; grows at powers of two. */
static void abi_loader_note(struct loader *l, const char *path, size_t len)
{
	size_t n = l->n_files, cap = n ? 2 * n : 1;
	struct abi_file *more =
		n & (n - 1) ? l->files :
			      realloc(l->files, cap * sizeof(*l->files));

	if (more)
		l->files = more;
	if (more)
		more[n] = (struct abi_file){ strdup(path), len };
	if (more && more[n].path)
		l->n_files++;
	else
		l->no_memory = true;
}

static int abi_loader_find(struct loader *l, const char *path,
			   const char **text, size_t *len)
{
	int error;

	if (l->load.text && !l->text_used) {
		l->text_used = true;
		*text = l->load.text;
		*len = l->load.text_len;
		return 0;
	}
	if (!l->load.read)
		return -ENOTSUP;
	error = abi_errno(l->load.read(l->load.ctx, path, text, len));
	if (!error && !*text && *len)
		return -EIO;
	if (!error && !*text)
		*text = nothing;
	return error;
}

static int abi_policy_read_file(void *ctx, const char *path, const char **text,
				size_t *len)
{
	struct loader *l = ctx;
	int error;

	*text = NULL;
	*len = 0;
	error = abi_loader_find(l, path, text, len);
	if (!error)
		abi_loader_note(l, path, *len);
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

	return l->user ? abi_errno(l->user(l->ctx, name, id)) : -ENOENT;
}

static int abi_policy_find_group(void *ctx, const char *name, uint32_t *id)
{
	const struct mailwall_load *l = &((const struct loader *)ctx)->load;

	return l->group ? abi_errno(l->group(l->ctx, name, id)) : -ENOENT;
}

static int abi_check_load(const struct mailwall_load *l, struct why why)
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
	return abi_check_reserved("mailwall_load", &l->reserved,
				  sizeof(l->reserved), why);
}

static struct definition *abi_definitions(const struct mailwall_load *l)
{
	struct definition *list =
		calloc(l->n_definitions + 1, sizeof(struct definition));

	for (size_t i = 0; list && i < l->n_definitions; i++)
		list[i] =
			(struct definition){ .name = l->definitions[i].name,
					     .value = l->definitions[i].value };
	return list;
}

static void abi_handle_free(struct mailwall_policy *p)
{
	abi_class_names_free(p);
	policy_free(p->policy);
	abi_files_free(p->files, p->n_files);
	free(p);
}

/* Makes a handle, which owns policy and files. NULL: no memory. */
static struct mailwall_policy *abi_handle_new(struct policy *policy,
					      struct loader *l)
{
	size_t n = policy->blocks.n;
	struct mailwall_policy *p =
		calloc(1, sizeof(*p) + (n + 1) * sizeof(p->first[0]));

	if (!p) {
		policy_free(policy);
		return NULL;
	}
	p->policy = policy;
	p->files = l->files;
	p->n_files = l->n_files;
	l->files = NULL;
	l->n_files = 0;
	atomic_init(&p->holders, 1);
	for (size_t i = 0; i < n; i++) {
		p->first[i] = p->n_clauses;
		p->n_clauses += policy->blocks.items[i].clauses.n;
	}
	if (!l->no_memory && !abi_class_names_make(p))
		return p;
	abi_handle_free(p);
	return NULL;
}

static int abi_policy_read(struct loader *l, const char *path,
			   struct policy **out)
{
	struct definition *list = abi_definitions(&l->load);
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
	struct why why = abi_why(text, size);
	struct loader l = { 0 };
	struct policy *policy = NULL;
	const char *path;
	int error;

	if (!out)
		return abi_refuse(why, -EINVAL, "no place for the policy");
	*out = NULL;
	error = abi_read_struct(&s, &l.load, theirs, why);
	if (!error)
		error = abi_check_load(&l.load, why);
	if (error)
		return error;
	path = l.load.path ? l.load.path : "policy";
	error = abi_policy_read(&l, path, &policy);
	if (!error)
		*out = abi_handle_new(policy, &l);
	abi_files_free(l.files, l.n_files);
	if (error && error != -ENOMEM)
		return abi_refuse(why, error, "cannot read \"%.120s\": %s",
				  path, strerror(-error));
	return *out ? 0 : abi_no_memory(why);
}

struct mailwall_policy *abi_policy_ref(struct mailwall_policy *p)
{
	if (p)
		atomic_fetch_add_explicit(&p->holders, 1, memory_order_relaxed);
	return p;
}

void abi_policy_free(struct mailwall_policy *p)
{
	if (p && atomic_fetch_sub_explicit(&p->holders, 1,
					   memory_order_acq_rel) == 1)
		abi_handle_free(p);
}

int abi_check_policy(const struct mailwall_policy *p, struct why why)
{
	return p ? 0 : abi_refuse(why, -EINVAL, "the policy is NULL");
}

int abi_check_good_policy(const struct mailwall_policy *p, struct why why)
{
	size_t errors;

	if (!p)
		return abi_check_policy(p, why);
	errors = p->policy->diags.errors;
	return !errors ? 0 :
			 abi_refuse(why, -EINVAL, "the policy has %zu error%s",
				    errors, errors == 1 ? "" : "s");
}

/* ---- facts, files, diagnostics ---- */

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
	struct why why = abi_why(text, size);
	int error = abi_check_policy(p, why);
	const struct policy *of;

	if (!error)
		error = abi_check_struct(&s, out, why);
	if (error)
		return error;
	of = p->policy;
	abi_fill_struct(&s,
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
				.n_classes = of->classes.n,
				.n_files = p->n_files,
				.quarantine_s = of->quarantine_s,
				.log_group = of->log_group,
				.observe = of->observe,
			},
			out);
	return 0;
}

int abi_policy_file(const struct mailwall_policy *p, size_t n,
		    struct mailwall_file *out, char *text, size_t size)
{
	const struct abi_struct s = ABI_STRUCT(mailwall_file, bytes);
	struct why why = abi_why(text, size);
	int error = abi_check_policy(p, why);

	if (!error)
		error = abi_check_struct(&s, out, why);
	if (error)
		return error;
	if (n >= p->n_files)
		return abi_refuse(why, -ENOENT, "there are %zu files",
				  p->n_files);
	abi_fill_struct(&s,
			&(struct mailwall_file){ .path = p->files[n].path,
						 .bytes = p->files[n].bytes },
			out);
	return 0;
}

/* The line that a span is in, cut where it is long. */
static const char *abi_quote(const struct span *span, size_t *len)
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

const char *abi_file_name(const struct span *span)
{
	return span->source ? span->source->name : NULL;
}

int abi_policy_diagnostic(const struct mailwall_policy *p, size_t n,
			  struct mailwall_diagnostic *out, char *text,
			  size_t size)
{
	const struct abi_struct s = ABI_STRUCT(mailwall_diagnostic, length);
	struct why why = abi_why(text, size);
	int error = abi_check_policy(p, why);
	struct mailwall_diagnostic ours;
	const struct diag *d;

	if (!error)
		error = abi_check_struct(&s, out, why);
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
		.file = abi_file_name(&d->span),
		.severity = d->severity,
		.line = d->span.line,
		.column = d->span.column,
		.length = d->span.len,
	};
	ours.quote = abi_quote(&d->span, &ours.quote_len);
	abi_fill_struct(&s, &ours, out);
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

const struct clause *abi_clause_at(const struct mailwall_policy *p, size_t n)
{
	size_t i = 0;

	if (n >= p->n_clauses)
		return NULL;
	while (n >= p->first[i] + p->policy->blocks.items[i].clauses.n)
		i++;
	return &p->policy->blocks.items[i].clauses.items[n - p->first[i]];
}

static bool abi_clause_has_id(const struct clause *c, const char *id,
			      size_t len)
{
	return c->id && strlen(c->id) == len && !memcmp(c->id, id, len);
}

static const struct clause *abi_clause_find(const struct mailwall_policy *p,
					    const char *id)
{
	size_t len = strcspn(id, " \t\n");

	for (size_t i = 0; i < p->n_clauses; i++)
		if (abi_clause_has_id(abi_clause_at(p, i), id, len))
			return abi_clause_at(p, i);
	return NULL;
}

static struct mailwall_clause
abi_clause_describe(const struct mailwall_policy *p, size_t n)
{
	const struct clause *c = abi_clause_at(p, n);
	struct mailwall_clause out = {
		.id = c->id,
		.key = c->key,
		.text = c->text,
		.file = abi_file_name(&c->span),
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
	struct why why = abi_why(text, size);
	int error = abi_check_policy(p, why);
	struct mailwall_clause ours;

	if (!error)
		error = abi_check_struct(&clause_struct, out, why);
	if (error)
		return error;
	if (n >= p->n_clauses)
		return abi_refuse(why, -ENOENT, "there are %zu clauses",
				  p->n_clauses);
	ours = abi_clause_describe(p, n);
	abi_fill_struct(&clause_struct, &ours, out);
	return 0;
}

int abi_policy_clause_by_id(const struct mailwall_policy *p, const char *id,
			    struct mailwall_clause *out, char *text,
			    size_t size)
{
	struct why why = abi_why(text, size);
	int error = abi_check_policy(p, why);
	const struct clause *c;
	struct mailwall_clause ours;

	if (!error && !id)
		error = abi_refuse(why, -EINVAL, "the clause's id is NULL");
	if (!error)
		error = abi_check_struct(&clause_struct, out, why);
	if (error)
		return error;
	c = abi_clause_find(p, id);
	if (!c)
		return abi_refuse(why, -ENOENT,
				  "the policy has no clause \"%.120s\"", id);
	ours = abi_clause_describe(p, abi_clause_index(p, c));
	abi_fill_struct(&clause_struct, &ours, out);
	return 0;
}

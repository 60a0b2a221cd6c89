/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any text is a policy or a list of mistakes, and what comes of a policy is
 * safe to load: the rules in all three forms, and the transaction.
 *
 * The input is up to three files with a line of "%%" between them: the policy,
 * what it includes (any name that ends in .inc), a class file (any other).
 */
#include "fuzz.h"
#include "../../rules/base/arena.h"
#include "../../rules/emit/batch.h"
#include "../../rules/emit/change.h"
#include "../../rules/emit/emit.h"
#include "../../tools/program/json.h"
#include "../../tools/program/message.h"
#include "../../tools/program/program.h"

#define MARK   "\n%%\n"
#define POLICY "fuzz.policy"
#define TODAY  20833 /* 2027-01-15 */
/* Fewer than the parser's own bound, which takes a sanitizer a minute. */
#define FILES_MOST 40
#define FIRST_ID   1000

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	return be_silent();
}

/* ---- the files ---- */

struct files {
	struct bytes policy, include, members;
	unsigned int left; /* that may still be read */
};

static struct bytes cut(const char *text, size_t len, struct bytes *rest)
{
	const char *mark = memmem(text, len, MARK, strlen(MARK));

	*rest = (struct bytes){ "", 0 };
	if (!mark)
		return (struct bytes){ text, len };
	rest->text = mark + strlen(MARK);
	rest->len = len - (size_t)(rest->text - text);
	return (struct bytes){ text, (size_t)(mark + 1 - text) };
}

static bool ends_in(const char *text, const char *end)
{
	size_t len = strlen(text), end_len = strlen(end);

	return len >= end_len && !strcmp(text + len - end_len, end);
}

static int read_part(void *ctx, const char *path, const char **text,
		     size_t *len)
{
	struct files *f = ctx;

	if (!f->left)
		return -ENFILE;
	f->left--;
	if (ends_in(path, "missing"))
		return -ENOENT;
	return give_bytes(!strcmp(path, POLICY) ? &f->policy :
			  ends_in(path, ".inc") ? &f->include :
						  &f->members,
			  text, len);
}

static int find_id(void *ctx, const char *name, uint32_t *id)
{
	(void)ctx;
	if (*name == 'x')
		return -ENOENT;
	*id = *name == 'r' ? 0 : (uint32_t)strlen(name) + FIRST_ID;
	return 0;
}

/* ---- what comes of it ---- */

static void emit(void (*emitter)(const struct ruleset *, FILE *),
		 const struct ruleset *rs, char **text, size_t *len)
{
	FILE *out = open_memstream(text, len);

	emitter(rs, out);
	must(!ferror(out), "it could be written");
	fclose(out);
}

/* Nothing of the policy's text gets out of its comment or its string. */
static void check_text(const char *text, size_t len)
{
	const char *end = text + len;

	while (text < end) {
		const char *eol = memchr(text, '\n', (size_t)(end - text));
		size_t quotes = 0;

		must(eol, "the last line ends");
		for (const char *p = text; p < eol; p++) {
			unsigned char c = (unsigned char)*p;

			must(c == '\t' || (c >= ' ' && c != 0x7f),
			     "rules hold no control character");
			quotes += c == '"';
		}
		must(*text == '#' || quotes % 2 == 0, "quotes are pairs");
		text = eol + 1;
	}
}

static void check_emitters(const struct ruleset *rs)
{
	char *text, *again;
	size_t len, again_len;
	json_t *json;

	emit(emit_nft, rs, &text, &len);
	emit(emit_nft, rs, &again, &again_len);
	must(len == again_len && !memcmp(text, again, len), "it is the same");
	check_text(text, len);
	free(text);
	free(again);
	emit(emit_json, rs, &text, &len);
	json = json_loadb(text, len, 0, NULL);
	must(json, "the JSON parses");
	json_decref(json);
	free(text);
	emit(emit_bytecode, rs, &text, &len);
	must(len, "there is bytecode");
	free(text);
}

/* ---- the transaction ---- */

static void add_sets(struct arena *a, const struct ruleset *rs,
		     struct present *p, struct known *known)
{
	for (size_t i = 0; i < rs->sets.n; i++) {
		const struct set *set = rs->sets.items[i];
		struct present_set *ps = arena_push(a, &p->sets);
		struct known_set *ks;

		ps->name = set->name;
		ps->flags = set_flags(set);
		ps->key_type = set_key_type(set->key);
		ps->size = set->size;
		ps->timeout_ms = (uint64_t)set->timeout_s * 1000;
		if (!set->v4 && !set->v6)
			continue;
		ks = arena_push(a, known);
		ks->name = set->name;
		if (set->v4)
			ks->v4 = *set->v4;
		if (set->v6)
			ks->v6 = *set->v6;
	}
}

/* What the kernel holds once these rules are loaded. */
static void fill_present(struct arena *a, const struct ruleset *rs,
			 struct present *p, struct known *known)
{
	const char *devices = "";

	p->exists = p->ours = true;
	add_sets(a, rs, p, known);
	for (size_t i = 0; i < rs->counters.n; i++)
		arena_push(a, &p->counters)->name = rs->counters.items[i]->name;
	if (rs->family == FAMILY_NETDEV && rs->devices->n == 1)
		devices = rs->devices->items[0].text;
	for (size_t i = 0; i < rs->chains.n; i++) {
		const struct base_hook_info *base =
			base_hook_info(rs->chains.items[i]->hook);
		struct present_chain *pc = arena_push(a, &p->chains);

		pc->name = rs->chains.items[i]->name;
		pc->type = pc->devices = "";
		if (!base)
			continue;
		pc->is_base = true;
		pc->type = base->type;
		pc->hooknum = base->hooknum;
		pc->priority = base->priority;
		pc->devices = devices;
	}
}

static struct change_summary change(struct arena *a, const struct ruleset *rs,
				    const struct present *present,
				    const struct known *known)
{
	struct batch *b = batch_new(1);
	struct change_summary summary;

	change_build(b, a, rs, present, known, &summary);
	must(!batch_error(b), "the transaction could be built");
	batch_free(b);
	return summary;
}

/* An element less of each set: the difference is sent, and only that. */
static size_t forget_some(struct known *known)
{
	size_t n = 0;

	for (size_t i = 0; i < known->n; i++) {
		struct known_set *ks = &known->items[i];

		n += ks->v4.n || ks->v6.n;
		ks->v4.n -= ks->v4.n > 0;
		ks->v6.n -= ks->v6.n > 0;
	}
	return n;
}

static void check_change(const struct ruleset *rs)
{
	struct arena *a = arena_new();
	struct present present[N_FAMILIES] = { { 0 } };
	struct known known = { 0 };
	struct change_summary s;
	size_t less;

	if (setjmp(*arena_on_failure(a))) {
		arena_free(a);
		return;
	}
	s = change(a, rs, present, NULL);
	must(s.creates_table, "an empty kernel gets a table");
	must(s.sets_added == rs->sets.n && s.counters_added == rs->counters.n,
	     "an empty kernel gets everything");
	fill_present(a, rs, &present[rs->family], &known);
	s = change(a, rs, present, &known);
	must(!s.sets_added && !s.sets_removed && !s.sets_changed &&
		     !s.sets_replaced && !s.counters_added &&
		     !s.counters_removed && !s.elements_added,
	     "what is there stays");
	less = forget_some(&known);
	s = change(a, rs, present, &known);
	must(s.elements_added == less && !s.elements_removed,
	     "what is missing is added");
	arena_free(a);
}

static void check_rules(const struct policy *policy)
{
	struct ruleset *rs;

	if (ruleset_new(policy, &rs))
		return;
	must(strlen(rs->digest) == DIGEST_TEXT_BYTES - 1, "it has a digest");
	check_emitters(rs);
	check_change(rs);
	ruleset_free(rs);
}

static void check_messages(const struct policy *policy)
{
	const struct program program = { 0 };
	json_t *json = diags_json(&policy->diags);

	message_diags(&policy->diags, program.quiet);
	must(json_is_array(json), "messages are JSON");
	for (size_t i = 0; i < json_array_size(json); i++)
		must(json_array_get(json, i), "every message is JSON");
	json_decref(json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct definition definitions[] = {
		{ .name = "GIVEN", .value = "smtp 25 10.0.0.0/8 \"a b\"" },
	};
	struct files files;
	const struct policy_input input = {
		.ctx = &files,
		.read = read_part,
		.release = take_back,
		.user = find_id,
		.group = find_id,
		.today = TODAY,
		.definitions = definitions,
		/* One that is not used would be a mistake. */
		.n_definitions = memmem(data, size, "$GIVEN", 6) ? 1 : 0,
	};
	struct bytes rest;
	struct policy *policy;

	files.left = FILES_MOST;
	files.policy = cut((const char *)data, size, &rest);
	files.include = cut(rest.text, rest.len, &files.members);
	if (policy_load(&input, POLICY, &policy))
		return 0;
	check_messages(policy);
	if (!policy->diags.errors)
		check_rules(policy);
	policy_free(policy);
	return 0;
}

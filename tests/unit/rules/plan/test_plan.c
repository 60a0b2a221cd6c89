/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two policies as the lines and the members that they differ in. */
#include "../../unit.h"

#include "../../../../rules/plan/plan_clauses.h"
#include "../../../../rules/plan/plan_classes.h"

#define CLASSES "class a { 10.0.0.0/8 }\nclass b { 192.0.2.0/24 }\n"
#define OUT(clauses)                                                           \
	HEADER CLASSES "outbound from a {\n" clauses "}\n"                     \
		       "inbound to b {\nblock smtp\n}\n"

/* ---- clauses ---- */

static const char *line_text(struct arena *a, const struct plan_line *l)
{
	const char *was = l->old_clause ? l->old_clause->text :
			  l->old_block	? l->old_block->text :
					  "";
	const char *is = l->new_clause ? l->new_clause->text :
			 l->new_block  ? l->new_block->text :
					 "";

	return arena_printf(a, "%c%s %s%s%s", plan_kind_mark(l->kind),
			    l->block ? " block" : "", was,
			    *was && *is ? " -> " : "", is);
}

static const char *lines_text(struct arena *a, const struct plan_lines *lines)
{
	const char *out = "";

	for (size_t i = 0; i < lines->n; i++)
		out = arena_printf(a, "%s%s%s", out, *out ? "; " : "",
				   line_text(a, &lines->items[i]));
	return arena_printf(a, "%s%s%zu kept", out, *out ? "; " : "",
			    lines->kept);
}

static void expect_lines(const char *before, const char *after,
			 const char *want)
{
	struct arena *a = arena_new();
	struct policy *p = good_policy(before), *q = good_policy(after);
	struct plan_side was, is;
	struct plan_lines lines;

	plan_side_of(a, p, &was);
	plan_side_of(a, q, &is);
	plan_clauses(a, &was, &is, &lines);
	expect_text(after, lines_text(a, &lines), want);
	policy_free(p);
	policy_free(q);
	arena_free(a);
}

CLAIM(clauses, "clauses are found again by what they do, then by their place")
{
	static const struct {
		const char *before, *after, *want;
	} vectors[] = {
		{ OUT("block smtp\n"), OUT("block smtp\n"), "2 kept" },
		/* Other lines, words in another order: nothing. */
		{ OUT("allow submission imap\nblock smtp\n"),
		  OUT("\n\nallow imap submission\n\nblock smtp\n"), "3 kept" },
		{ OUT("allow smtp to b\nblock smtp\n"), OUT("block smtp\n"),
		  "- allow smtp to b; 2 kept" },
		{ OUT("block smtp\n"), OUT("allow smtp to b\nblock smtp\n"),
		  "+ allow smtp to b; 2 kept" },
		{ OUT("block smtp\nallow submission submissions smtp-alt\n"),
		  OUT("block smtp\nallow submission submissions\n"
		      "block smtp-alt reset\n"),
		  "~ allow submission submissions smtp-alt -> "
		  "allow submission submissions; + block smtp-alt reset; "
		  "2 kept" },
		/* Its order decides: what moved is told. */
		{ OUT("allow smtp to b\nallow smtp from b\nblock smtp\n"),
		  OUT("block smtp\nallow smtp to b\nallow smtp from b\n"),
		  "> block smtp -> block smtp; 3 kept" },
		/* The same words twice. */
		{ OUT("block smtp log\nblock smtp log\n"),
		  OUT("block smtp log\n"), "- block smtp log; 2 kept" },
		{ OUT("block smtp\n"), OUT("block smtp log\n"),
		  "~ block smtp -> block smtp log; 1 kept" },
		{ OUT("block smtp\n"), OUT("block smtp drop\n"),
		  "~ block smtp -> block smtp drop; 1 kept" },
		{ OUT("block smtp\n"), OUT("block smtp reset\n"), "2 kept" },
		{ OUT("limit smtp 3/hour per source\nblock imap\n"),
		  OUT("limit smtp 4/hour per source\nblock imap\n"),
		  "~ limit smtp 3/hour per source -> "
		  "limit smtp 4/hour per source; 2 kept" },
		/* A literal is its addresses. */
		{ OUT("allow smtp to 192.0.2.0/25 192.0.2.128/25\n"
		      "block smtp\n"),
		  OUT("allow smtp to 192.0.2.0/24\nblock smtp\n"), "3 kept" },
		{ OUT("allow smtp to 192.0.2.1\nblock smtp\n"),
		  OUT("allow smtp to 192.0.2.2\nblock smtp\n"),
		  "~ allow smtp to 192.0.2.1 -> allow smtp to 192.0.2.2; "
		  "2 kept" },
		/* Two clauses with too few words in common are told apart. */
		{ OUT("block smtp\n"), OUT("allow imap pop3 from b\n"),
		  "+ allow imap pop3 from b; - block smtp; 1 kept" },
		/* A block of other classes; its clauses do as before. */
		{ OUT("block smtp\n"),
		  HEADER CLASSES "outbound from b {\nblock smtp\n}\n"
				 "inbound to b {\nblock smtp\n}\n",
		  "~ block outbound from a -> outbound from b; 2 kept" },
		{ OUT("block smtp\n"),
		  HEADER CLASSES "outbound from a {\nblock smtp\n}\n",
		  "- block inbound to b; - block smtp; 1 kept" },
		{ OUT("block smtp\n"),
		  HEADER CLASSES "inbound to b {\nblock smtp\n}\n"
				 "outbound from a {\nblock smtp\n}\n",
		  "> block outbound from a -> outbound from a; 2 kept" },
	};

	for (size_t i = 0; i < COUNT(vectors); i++)
		expect_lines(vectors[i].before, vectors[i].after,
			     vectors[i].want);
}

CLAIM(from_kernel, "clauses that only the kernel knows are found by counters")
{
	struct arena *a = arena_new();
	struct policy *p = good_policy(OUT("block smtp\nallow imap\n"));
	struct plan_side was = { .name = "p" }, is;
	struct plan_block *block = arena_push(a, &was.blocks);
	struct plan_clause *cl = arena_push(a, &block->clauses);
	struct plan_lines lines;

	plan_side_of(a, p, &is);
	*cl = is.blocks.items[0].clauses.items[0];
	cl = arena_push(a, &block->clauses);
	*cl = (struct plan_clause){ 9, "allow imap pop3", "allow-imap-000000",
				    "allow-imap-000000", NULL };
	plan_clauses(a, &was, &is, &lines);
	expect_text("kernel", lines_text(a, &lines),
		    "~ allow imap pop3 -> allow imap; + block smtp; 1 kept");
	policy_free(p);
	arena_free(a);
}

CLAIM(many, "2000 clauses in the reverse order are compared at once")
{
	struct arena *a = arena_new();
	struct plan_side was = { .name = "p" }, is = { .name = "p" };
	struct plan_block *x = arena_push(a, &was.blocks);
	struct plan_block *y = arena_push(a, &is.blocks);
	struct plan_lines lines;

	for (unsigned int i = 0; i < 2000; i++) {
		const char *text = arena_printf(a, "allow %u", i);
		const char *back = arena_printf(a, "allow %u", 1999 - i);

		*arena_push(a, &x->clauses) =
			(struct plan_clause){ i, text, text, text, NULL };
		*arena_push(a, &y->clauses) =
			(struct plan_clause){ i, back, back, back, NULL };
	}
	plan_clauses(a, &was, &is, &lines);
	expect_number("kept", lines.kept, 1);
	expect_number("moved", lines.n, 1999);
	arena_free(a);
}

/* ---- classes ---- */

#define USING(members)                                                         \
	HEADER "class a { " members " }\n"                                     \
	       "outbound from a {\nblock smtp\n}\n"

static const char *amounts_text(struct arena *a, const char *before,
				const char *after,
				const struct shrink_limit *limit)
{
	struct policy *p = good_policy(before), *q = good_policy(after);
	struct plan_class_changes changes;
	struct plan_side was, is;
	const char *out = "";

	plan_side_of(a, p, &was);
	plan_side_of(a, q, &is);
	plan_classes(a, &was, &is, limit, &changes);
	for (size_t i = 0; i < changes.n; i++) {
		const struct plan_class_change *c = &changes.items[i];

		out = arena_printf(
			a, "%s%s +%zu -%zu (-%llu, -%llu)%s%s%s%s; ", out,
			c->name, c->gained.prefixes, c->lost.prefixes,
			(unsigned long long)c->lost.addresses,
			(unsigned long long)c->lost.networks,
			c->is_new ? " new" : "", c->is_gone ? " gone" : "",
			c->shrinks ? " shrinks" : "",
			c->emptied ? " emptied" : "");
	}
	policy_free(p);
	policy_free(q);
	return arena_printf(a, "%s%zu same", out, changes.same);
}

CLAIM(classes, "members are compared as addresses, of IPv6 as /64s")
{
	static const struct shrink_limit limit = SHRINK_LIMIT_DEFAULT;
	static const struct {
		const char *before, *after, *want;
	} vectors[] = {
		{ USING("10.0.0.0/8"), USING("10.0.0.0/8"), "1 same" },
		{ USING("10.0.0.0/9 10.128.0.0/9"), USING("10.0.0.0/8"),
		  "1 same" },
		{ USING("10.0.0.0/24"), USING("10.0.0.0/24 192.0.2.1"),
		  "a +1 -0 (-0, -0); 0 same" },
		/* A tenth of 160 is 16: one more is too much. */
		{ USING("10.0.0.0-10.0.0.159"), USING("10.0.0.0-10.0.0.143"),
		  "a +0 -1 (-16, -0); 0 same" },
		{ USING("10.0.0.0-10.0.0.159"), USING("10.0.0.0-10.0.0.142"),
		  "a +0 -2 (-17, -0) shrinks; 0 same" },
		/* 17 of 170 are a tenth, not more. */
		{ USING("10.0.0.0-10.0.0.169"), USING("10.0.0.0-10.0.0.152"),
		  "a +0 -5 (-17, -0); 0 same" },
		/* Few addresses may go, but not all. */
		{ USING("10.0.0.0-10.0.0.9"), USING("10.0.0.9"),
		  "a +0 -2 (-9, -0); 0 same" },
		{ USING("10.0.0.0/24"), USING("192.0.2.0/24"),
		  "a +1 -1 (-256, -0) shrinks; 0 same" },
		{ USING("10.0.0.1 10.0.0.2"), USING(""),
		  "a +0 -2 (-2, -0) shrinks emptied; 0 same" },
		{ USING("interface \"ppp0\""), USING(""),
		  "a +0 -0 (-0, -0) shrinks emptied; 0 same" },
		{ USING("10.0.0.1 interface \"ppp0\""),
		  USING("interface \"ppp0\""),
		  "a +0 -1 (-1, -0) shrinks emptied; 0 same" },
		/* Each family by itself: one does not hide the other. */
		{ USING("10.0.0.0/24 2001:db8::/32"), USING("2001:db8::/32"),
		  "a +0 -1 (-256, -0) shrinks; 0 same" },
		{ USING("10.0.0.0/8 2001:db8::/59"),
		  USING("10.0.0.0/8 2001:db8::/60"),
		  "a +0 -1 (-0, -16); 0 same" },
		{ USING("10.0.0.0/8 2001:db8::/58"),
		  USING("10.0.0.0/8 2001:db8::/59"),
		  "a +0 -1 (-0, -32) shrinks; 0 same" },
		/* Parts of a /64 are the /64. */
		{ USING("2001:db8::/64"), USING("2001:db8::1"),
		  "a +0 -64 (-0, -0); 0 same" },
		{ USING("10.0.0.0/8"),
		  HEADER "class c { 10.0.0.0/8 }\n"
			 "outbound from c {\nblock smtp\n}\n",
		  "c +1 -0 (-0, -0) new; "
		  "a +0 -1 (-16777216, -0) gone; 0 same" },
	};
	struct arena *a = arena_new();

	for (size_t i = 0; i < COUNT(vectors); i++)
		expect_text(vectors[i].after,
			    amounts_text(a, vectors[i].before, vectors[i].after,
					 &limit),
			    vectors[i].want);
	arena_free(a);
}

CLAIM(limits, "a policy's own figures of shrinking are kept")
{
	struct arena *a = arena_new();
	const char *before = USING("10.0.0.0/24"),
		   *after = USING("10.0.0.0/25");

	expect_text("50% 16",
		    amounts_text(a, before, after,
				 &(struct shrink_limit){ 50, 16 }),
		    "a +0 -1 (-128, -0); 0 same");
	expect_text("49% 128",
		    amounts_text(a, before, after,
				 &(struct shrink_limit){ 49, 128 }),
		    "a +0 -1 (-128, -0); 0 same");
	expect_text("49% 127",
		    amounts_text(a, before, after,
				 &(struct shrink_limit){ 49, 127 }),
		    "a +0 -1 (-128, -0) shrinks; 0 same");
	arena_free(a);
}

CLAIM(settings, "settings that differ are told by name")
{
	struct arena *a = arena_new();
	struct policy *p = good_policy(OUT("block smtp\n"));
	struct policy *q = good_policy(
		HEADER_OF("q", "output") "mode observe\nlog group 7\n" CLASSES
					 "watch {\nfast-normal 21/hour\n}\n"
					 "outbound from a {\nblock smtp\n}\n");
	struct plan_setting_changes changes;
	struct plan_side was, is;
	const char *out = "";

	plan_side_of(a, p, &was);
	plan_side_of(a, q, &is);
	plan_settings(a, &was, &is, &changes);
	for (size_t i = 0; i < changes.n; i++)
		out = arena_printf(
			a, "%s%s: %s -> %s; ", out, changes.items[i].name,
			changes.items[i].before, changes.items[i].after);
	expect(!strncmp(out,
			"policy: p -> q; mode: enforce -> observe; "
			"hook: forward -> output; log: group 25 ",
			70),
	       "%s", out);
	expect(strstr(out, "fast-normal: 20/hour -> 21/hour; ") != NULL, "%s",
	       out);
	plan_settings(a, &was, &was, &changes);
	expect_number("the same", changes.n, 0);
	policy_free(p);
	policy_free(q);
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIMED(clauses), CLAIMED(from_kernel), CLAIMED(many),
		CLAIMED(classes), CLAIMED(limits),	CLAIMED(settings),
	};

	return cmocka_run_group_tests_name("plan", tests, NULL, NULL);
}

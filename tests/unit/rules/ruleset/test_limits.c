/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Policies that nobody writes by hand: what is huge, broken or hostile. */
#include "../../unit.h"

#include <sys/resource.h>

/* Under a sanitizer on a busy machine, too. */
#define SECONDS_MOST 20.0
#define MEGABYTE     (1024 * 1024)

/* How much a sanitizer costs. */
#ifdef __SANITIZE_ADDRESS__
#define SLOWER 8
#else
#define SLOWER 1
#endif

static bool has_code(const struct policy *p, const char *code)
{
	for (size_t i = 0; i < p->diags.n; i++)
		if (!strcmp(p->diags.items[i].code, code))
			return true;
	return false;
}

CLAIM(ten_thousand_errors, "ten thousand mistakes are ten thousand messages, "
			   "in order")
{
	struct text t;
	FILE *out = text_open(&t);
	struct policy *p;

	fputs(HEADER "outbound {\n", out);
	for (int i = 0; i < 1000; i++)
		fputs("\tblok a b c d e f g h i j\n"
		      "\tallow smpt impa\n"
		      "\tallow smtp from nobdy 1.2.3\n"
		      "\tblock smtp log log log log log log\n",
		      out);
	fputs("}\n", out);
	text_done(&t);
	p = text_policy(t.bytes);
	expect(has_code(p, "too-many"), "4000 clauses are not too many");
	policy_free(p);

	/* few enough clauses to be checked */
	p = NULL;
	free(t.bytes);
	out = text_open(&t);
	fputs(HEADER "outbound {\n", out);
	for (int i = 0; i < 2000; i++)
		fprintf(out,
			"allow smpt impa pop4 from nobody1 nobody2 to "
			"10.0.%d.%d\n",
			i / 256, i % 256);
	fputs("}\n", out);
	text_done(&t);
	p = text_policy(t.bytes);
	expect_number("5 mistakes in 2000 lines", p->diags.errors, 10000);
	expect_number("5 mistakes in 2000 lines", p->diags.n, 10000);
	for (size_t i = 0; i < p->diags.n; i++) {
		static const uint32_t columns[] = { 7, 12, 17, 27, 35 };
		const struct span *at = &p->diags.items[i].span;

		if (!expect(at->line == 7 + i / 5 &&
				    at->column == columns[i % 5],
			    "message %zu is at %u:%u", i, at->line, at->column))
			break;
	}
	policy_free(p);
	free(t.bytes);
}

CLAIM(more_than_kept, "past twenty thousand mistakes are only counted")
{
	struct text_file files[] = { { "main",
				       HEADER "class a { file \"list\" }\n"
					      "outbound from a {\n"
					      "observe smtp\n}\n",
				       0 },
				     { "list", NULL, 0 } };
	struct world w = { .files = files, .n_files = 2 };
	struct text t;
	FILE *out = text_open(&t);
	struct policy *p;

	for (int i = 0; i < 100000; i++)
		fprintf(out, "customer-%d\n10.0.0.1 10.0.0.2\n", i);
	files[1].text = text_done(&t);
	p = world_policy(&w, "main");
	expect_number("200000 bad lines", p->diags.errors, 200000);
	expect_number("200000 bad lines, kept", p->diags.n, DIAGS_MAX);
	expect_number("the first is in line", p->diags.items[0].span.line, 1);
	expect_number("the last is in line",
		      p->diags.items[DIAGS_MAX - 1].span.line, DIAGS_MAX);
	policy_free(p);
	free(t.bytes);
}

/* ---- much that is right ---- */

static long peak_mb(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_maxrss / 1024;
}

/* Of the processor, which a busy machine does not change. */
static double cpu_seconds(void)
{
	return (double)clock() / CLOCKS_PER_SEC;
}

CLAIM(large_classes, "eighty clauses of two classes with a hundred thousand "
		     "hosts are checked in seconds, and the classes merged "
		     "once")
{
	struct text_file files[] = { { "main", NULL, 0 },
				     { "a", NULL, 0 },
				     { "b", NULL, 0 } };
	struct world w = { .files = files, .n_files = COUNT(files) };
	struct text texts[3];
	FILE *out = text_open(&texts[0]);
	double start, took;
	struct policy *p;

	fputs(HEADER "class a { 192.0.2.0/24 2001:db8::/48 file \"a\" }\n"
		     "class b { 198.51.100.0/24 2001:db8:1::/48 file \"b\" "
		     "}\noutbound {\n",
	      out);
	for (int i = 0; i < 80; i++)
		fprintf(out, "allow smtp from %s to 10.1.%d.0/24\n",
			i % 2 ? "b" : "a", i);
	fputs("}\n", out);
	files[0].text = text_done(&texts[0]);
	for (int k = 1; k <= 2; k++) {
		out = text_open(&texts[k]);
		for (int i = 0; i < 100000; i++)
			fprintf(out, "10.%d.%d.%d\n2001:db8:%d::%x:%x\n",
				k * 10 + i / 25600, i / 100 % 256, i % 100 * 2,
				k + 1, i >> 8, i % 256 * 2);
		files[k].text = text_done(&texts[k]);
	}
	start = cpu_seconds();
	p = world_policy(&w, "main");
	took = cpu_seconds() - start;
	expect_number("errors of 80 clauses", p->diags.errors, 0);
	expect_number("clauses", p->blocks.items[0].clauses.n, 80);
	for (size_t i = 0; i < p->classes.n; i++) {
		const struct class *c = p->classes.items[i];

		if (!strcmp(c->name, "a") || !strcmp(c->name, "b"))
			expect(c->hosts4.n == 100000 && c->nets4.n == 1 &&
				       c->hosts6.n == 100000 && c->nets6.n == 1,
			       "class %s: %zu and %zu of IPv4, %zu and %zu of "
			       "IPv6",
			       c->name, c->hosts4.n, c->nets4.n, c->hosts6.n,
			       c->nets6.n);
	}
	expect(took < 10, "80 clauses took %.1f s", took);
	expect(peak_mb() < 300, "%ld MB", peak_mb());
	policy_free(p);
	for (int k = 0; k < 3; k++)
		free(texts[k].bytes);
}

CLAIM(same_clauses, "two thousand times the same clause is checked in two "
		    "seconds, each with a key of its own")
{
	struct text t;
	FILE *out = text_open(&t);
	double start, took;
	struct policy *p;

	fputs(HEADER "outbound {\n", out);
	for (int i = 0; i < 2000; i++)
		fputs("allow smtp from private\n", out);
	fputs("}\n", out);
	text_done(&t);
	start = cpu_seconds();
	p = good_policy(t.bytes);
	took = cpu_seconds() - start;
	expect(took < 2 * SLOWER, "2000 clauses took %.1f s", took);
	expect_number("2000 clauses", p->blocks.items[0].clauses.n, 2000);
	expect_number("1999 never match", p->diags.warnings, 1999);
	for (size_t i = 1; i < 2000; i++) {
		const struct clause *c = p->blocks.items[0].clauses.items;
		char key[64];

		snprintf(key, sizeof(key), "%s-%zu", c->key, i + 1);
		if (!expect(!strcmp(c[i].key, key), "clause %zu has key %s", i,
			    c[i].key))
			break;
	}
	policy_free(p);
	free(t.bytes);
}

/* ---- a little that stands for much ---- */

CLAIM(doubled_definitions, "definitions that double forty times end, and say "
			   "so")
{
	static const char *const uses[] = {
		"class a { $A40 }\noutbound from a {\nobserve smtp\n}\n",
		"outbound {\nobserve $A40 from private\n}\n",
		"outbound {\nobserve smtp from $A40\n}\n",
		"outbound from $A40 {\nobserve smtp\n}\n",
	};

	for (size_t i = 0; i < COUNT(uses); i++) {
		struct text t;
		FILE *out = text_open(&t);
		double start, took;
		struct policy *p;

		fputs(HEADER "define A0 = 10.0.0.1\n", out);
		for (int k = 0; k < 40; k++)
			fprintf(out, "define A%d = $A%d $A%d\n", k + 1, k, k);
		fputs(uses[i], out);
		text_done(&t);
		start = cpu_seconds();
		p = text_policy(t.bytes);
		took = cpu_seconds() - start;
		expect(has_code(p, "too-many"),
		       "in \"%s\" got %s want too-many", uses[i],
		       p->diags.n ? p->diags.items[0].code : "nothing");
		expect(took < 3 * SLOWER, "in \"%s\" %.1f s", uses[i], took);
		policy_free(p);
		free(t.bytes);
	}
}

CLAIM(include_tree, "files that include each other eightfold end, and say so")
{
	struct text_file files[16] = { { "f1", HEADER "include f2\n", 0 } };
	struct world w = { .files = files, .n_files = COUNT(files) };
	char names[16][8], texts[16][160];
	double start = cpu_seconds(), took;
	struct policy *p;

	for (int i = 1; i < 16; i++) {
		sprintf(names[i], "f%d", i + 1);
		texts[i][0] = '\0';
		for (int k = 0; k < 8 && i < 15; k++)
			sprintf(texts[i] + strlen(texts[i]), "include f%d\n",
				i + 2);
		if (i == 15)
			strcpy(texts[i], "# the end\n");
		files[i] = (struct text_file){ names[i], texts[i], 0 };
	}
	p = world_policy(&w, "f1");
	took = cpu_seconds() - start;
	expect(has_code(p, "include-depth"), "got %s want include-depth",
	       p->diags.n ? p->diags.items[0].code : "nothing");
	expect(w.reads <= 1001, "%zu files were read", w.reads);
	expect(took < 3 * SLOWER, "it took %.1f s", took);
	policy_free(p);
}

/* ---- lines of a hundred megabytes ---- */

/* Before, a line that goes on and on, behind; NULL: nothing is wrong. */
static const struct {
	size_t megabytes;
	const char *before, *unit, *behind, *code;
} long_lines[] = {
	{ 100, HEADER "# ", "x", "\noutbound {\nobserve smtp\n}\n", NULL },
	{ 5, HEADER "outbound {\nobserve smtp # ", "x", "\n}\n", NULL },
	{ 5, HEADER "outbound {\nobserve smtp ", " ", "\n}\n", NULL },
	{ 100, HEADER "outbound {\nobserve ", "smtp", "\n}\n",
	  "unknown-service" },
	{ 5, HEADER "outbound {\nobserve ", "9", "\n}\n", "bad-port" },
	{ 5, HEADER "outbound {\nobserve smtp from ", "1.2", "\n}\n",
	  "bad-address" },
	{ 5, HEADER "outbound {\nobserve smtp from \"", "a", "\"\n}\n",
	  "unknown-class" },
	{ 5, HEADER "outbound {\nobserve smtp\n}\npurpose \"", "a", "",
	  "string-not-closed" },
	{ 5, HEADER "outbound {\nobserve smtp\n}\nx \"", "\\\"", "\n",
	  "unknown-statement" },
	{ 5, HEADER "outbound {\nobserve smtp\n}\n", "\x01", "\n",
	  "bad-character" },
	{ 5, HEADER "outbound {\nobserve smtp $", "a", "\n}\n",
	  "bad-definition-name" },
	{ 5, HEADER "class a", "b", " { 10.0.0.1 ::1 }\n", "bad-name" },
	{ 5, "policy a", "b", "\nhook forward\n", "bad-name" },
	{ 5, "", "x", "", "unknown-statement" },
	{ 5, "outbound {\n", "x", "", "unknown-action" },
};

CLAIM(hundred_megabytes, "a line of a hundred megabytes takes seconds, and a "
			 "few times its memory")
{
	for (size_t i = 0; i < COUNT(long_lines); i++) {
		size_t before = strlen(long_lines[i].before);
		size_t unit = strlen(long_lines[i].unit);
		size_t behind = strlen(long_lines[i].behind);
		size_t size = long_lines[i].megabytes * MEGABYTE;
		size_t n = size / unit, len = before + n * unit + behind;
		char *text = malloc(len + 1), *at;
		double start = seconds_now(), took;
		struct policy *p;

		assert_non_null(text);
		at = mempcpy(text, long_lines[i].before, before);
		for (size_t k = 0; k < n; k++)
			at = mempcpy(at, long_lines[i].unit, unit);
		memcpy(at, long_lines[i].behind, behind);
		text[len] = '\0';
		p = text_policy_bytes(text, len);
		took = seconds_now() - start;
		expect(took < SECONDS_MOST, "line %zu took %.1f s", i, took);
		expect(long_lines[i].code ? has_code(p, long_lines[i].code) :
					    !p->diags.n,
		       "line %zu: %zu messages, the first is %s, want %s", i,
		       p->diags.n, p->diags.n ? p->diags.items[0].code : "none",
		       long_lines[i].code ? long_lines[i].code : "none");
		for (size_t k = 0; k < p->diags.n; k++)
			expect(strlen(p->diags.items[k].message) < 300,
			       "line %zu: a message of %zu bytes", i,
			       strlen(p->diags.items[k].message));
		policy_free(p);
		free(text);
	}
	/* the text, our copy, the parser's copy, a word's copy, a clause's */
	expect(peak_mb() < 1200, "%ld MB", peak_mb());
}

CLAIM(class_file_line, "a class file's line of a hundred megabytes is one "
		       "message")
{
	static const char *const units[] = { "1.2.3.4," };
	struct text_file files[] = { { "main",
				       HEADER "class a { file \"list\" }\n"
					      "outbound from a {\n"
					      "observe smtp\n}\n",
				       0 },
				     { "list", NULL, 100 * MEGABYTE } };

	for (size_t i = 0; i < COUNT(units); i++) {
		struct world w = { .files = files, .n_files = 2 };
		char *text = malloc(100 * MEGABYTE);
		double start = seconds_now(), took;
		size_t unit = strlen(units[i]);
		struct policy *p;

		assert_non_null(text);
		for (size_t k = 0; k < 100 * MEGABYTE; k++)
			text[k] = units[i][k % unit];
		files[1].text = text;
		p = world_policy(&w, "main");
		took = seconds_now() - start;
		expect(took < SECONDS_MOST, "%s... took %.1f s", units[i],
		       took);
		expect_number(units[i], p->diags.errors, 1);
		expect_text(units[i], p->diags.items[0].code, "bad-member");
		expect(strlen(p->diags.items[0].message) < 200,
		       "%s...: message \"%.300s\"", units[i],
		       p->diags.items[0].message);
		expect(strlen(p->diags.items[0].span.quote) < 200,
		       "%s...: quoted %zu bytes", units[i],
		       strlen(p->diags.items[0].span.quote));
		policy_free(p);
		free(text);
	}
}

/* ---- names ---- */

CLAIM(long_names, "a name of a thousand bytes is refused with its length or "
		  "its start")
{
	static const struct {
		const char *before, *behind, *code;
	} vectors[] = {
		{ "policy ", "\nhook forward\n", "bad-name" },
		{ HEADER "class ", " { 10.0.0.1 }\n", "bad-name" },
		{ HEADER "class a { interface ", " }\n", "bad-interface" },
		{ HEADER "class a { file ", " }\n", "cannot-read" },
		{ HEADER "class a { ", " }\n", "unknown-class" },
		{ HEADER "include ", "\n", "cannot-read" },
		{ HEADER "define ", " = x\n", "expected" },
		{ HEADER "mode ", "\n", "unknown-word" },
		{ HEADER "review ", "\n", "repeated" },
		{ HEADER "", "\n", "unknown-statement" },
		{ HEADER "outbound {\n", "\n}\n", "unknown-action" },
		{ HEADER "outbound {\nallow ", "\n}\n", "unknown-service" },
		{ HEADER "outbound {\nallow smtp from ", "\n}\n",
		  "unknown-class" },
		{ HEADER "outbound {\nallow smtp log ", "\n}\n", "unexpected" },
		{ HEADER "outbound {\nredirect smtp to ", "\n}\n",
		  "bad-target" },
		{ HEADER "outbound {\nlimit smtp 5/", " per source\n}\n",
		  "bad-rate" },
		{ HEADER_OF("p", "output") "outbound {\nallow smtp user ",
		  "\n}\n", "unknown-user" },
		{ HEADER_OF("p", "ingress ") "", "\n", "unknown-statement" },
		{ HEADER "watch { quarantine ", " }\n", "bad-duration" },
		{ HEADER "log group ", "\n", "bad-number" },
		{ HEADER "outbound from $", " {\nobserve smtp\n}\n",
		  "bad-definition-name" },
	};
	char name[1001];

	memset(name, 'n', 1000);
	name[1000] = '\0';
	for (size_t i = 0; i < COUNT(vectors); i++) {
		struct text t;
		FILE *out = text_open(&t);
		struct policy *p;

		fprintf(out, "%s%s%s", vectors[i].before, name,
			vectors[i].behind);
		text_done(&t);
		p = text_policy(t.bytes);
		expect(has_code(p, vectors[i].code),
		       "in \"%sNAME%s\" got %s want %s", vectors[i].before,
		       vectors[i].behind,
		       p->diags.n ? p->diags.items[0].code : "nothing",
		       vectors[i].code);
		policy_free(p);
		free(t.bytes);
	}
}

/* ---- by chance ---- */

CLAIM(broken_text, "a policy broken at any byte is read to its end")
{
	static const char good[] = HEADER
		"define W = 192.0.2.0/24 2001:db8::/32\n"
		"class a users 3 { $W interface \"eth*\" file \"list\" }\n"
		"class d dynamic size 9\n"
		"log group 3 limit 5/hour per source burst 2\n"
		"outbound from a {\n\tallow smtp from d # x\n"
		"\tlimit 26 5/day per source reset log\n"
		"\tblock smtp reject and replies\n}\n"
		"inbound {\n\tredirect 27 to 192.0.2.1 ::2\n}\n"
		"watch { quarantine 1d }\n";
	static const char bytes[] = "{}\"$#=\n\\\0\xff ;a0";
	struct text_file files[] = { { "main", NULL, 0 },
				     { "list", "10.0.0.1\n", 0 } };
	struct world w = { .files = files, .n_files = 2 };
	size_t len = sizeof(good) - 1;
	char text[sizeof(good)];

	for (size_t at = 1; at < len; at++) { /* cut */
		files[0] = (struct text_file){ "main", good, at };
		policy_free(world_policy(&w, "main"));
	}
	for (size_t at = 0; at < len; at++) /* one byte another */
		for (size_t k = 0; k < sizeof(bytes) - 1; k++) {
			memcpy(text, good, sizeof(good));
			text[at] = bytes[k];
			files[0] = (struct text_file){ "main", text, len };
			policy_free(world_policy(&w, "main"));
		}
	for (size_t at = 0; at < len; at++) { /* one byte gone */
		memcpy(text, good, at);
		memcpy(text + at, good + at + 1, len - at);
		files[0] = (struct text_file){ "main", text, len - 1 };
		policy_free(world_policy(&w, "main"));
	}
	expect_number("texts still open", w.open, 0);
}

CLAIM(noise, "random tokens are read to their end, with a message")
{
	static const char *const tokens[] = {
		"policy p",   "hook ",	  "forward ",  "outbound ",
		"inbound ",   "from ",	  "to ",       "{ ",
		"} ",	      "class ",	  "a ",	       "b ",
		"any ",	      "smtp ",	  "25 ",       "block ",
		"allow ",     "limit ",	  "redirect ", "5/day ",
		"per ",	      "source ",  "burst ",    "log ",
		"and ",	      "replies ", "user ",     "dynamic ",
		"size ",      "users ",	  "file ",     "\"x\" ",
		"interface ", "include ", "define ",   "X ",
		"= ",	      "$X ",	  "watch ",    "quarantine ",
		"\n",	      "\n",	  "\n",	       "10.0.0.0/8 ",
		"::1 ",	      "# ",	  "\"",	       ";",
		"main ",      "flagged ",
	};
	uint64_t seed = 42;

	for (int run = 0; run < 1000; run++) {
		struct text t;
		FILE *out = text_open(&t);
		struct policy *p;

		for (int i = 0; i < 60; i++)
			fputs(tokens[chance(&seed) % COUNT(tokens)], out);
		text_done(&t);
		p = text_policy(t.bytes);
		expect(p->diags.errors, "in \"%s\" no error", t.bytes);
		policy_free(p);
		free(t.bytes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIMED(large_classes), /* first: it looks at the peak */
		CLAIMED(same_clauses),	  CLAIMED(doubled_definitions),
		CLAIMED(include_tree),	  CLAIMED(ten_thousand_errors),
		CLAIMED(more_than_kept),  CLAIMED(hundred_megabytes),
		CLAIMED(class_file_line), CLAIMED(long_names),
		CLAIMED(broken_text),	  CLAIMED(noise),
	};

	return cmocka_run_group_tests_name("limits", tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Policies that nobody writes by hand: what is huge, broken or hostile. */
#include "unit.h"

#include <sys/resource.h>

/* Under a sanitizer on a busy machine, too. */
#define SECONDS_MOST 20.0
#define MEGABYTE     (1024 * 1024)

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

/* ---- lines of a hundred megabytes ---- */

static long peak_mb(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_maxrss / 1024;
}

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
		CLAIMED(ten_thousand_errors),
		CLAIMED(more_than_kept),
		CLAIMED(hundred_megabytes),
		CLAIMED(class_file_line),
		CLAIMED(long_names),
		CLAIMED(broken_text),
		CLAIMED(noise),
	};

	return cmocka_run_group_tests_name("limits", tests, NULL, NULL);
}

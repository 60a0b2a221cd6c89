/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Policy text to messages: what is wrong, and where. */
#include "../../unit.h"

#define FILES_MOST 4

/* "6:2 unknown-service; list.txt:1:1 ~host-bits": ~ marks a warning. */
static char *diags_text(const struct diags *d)
{
	struct text t;
	FILE *out = text_open(&t);

	for (size_t i = 0; i < d->n; i++) {
		const struct diag *item = &d->items[i];
		const struct source_text *s = item->span.source;

		if (i)
			fputs("; ", out);
		if (s && strcmp(s->name, "main"))
			fprintf(out, "%s:", s->name);
		if (s)
			fprintf(out, "%u:%u ", item->span.line,
				item->span.column);
		fprintf(out, "%s%s",
			item->severity == SEVERITY_WARNING ? "~" : "",
			item->code);
	}
	text_done(&t);
	return t.bytes;
}

/* ---- which codes were seen ---- */

static const char *const codes[] = {
	"bad-address",
	"bad-character",
	"bad-date",
	"bad-definition",
	"bad-definition-name",
	"bad-duration",
	"bad-watch",
	"watch-order",
	"bad-interface",
	"bad-member",
	"bad-name",
	"bad-number",
	"bad-port",
	"bad-rate",
	"bad-target",
	"block-empty",
	"bounces-blocked",
	"answers-open",
	"brace-not-closed",
	"policy-included",
	"replies-all",
	"cannot-read",
	"class-empty",
	"class-loop",
	"class-overlap",
	"class-unused",
	"cleartext-allowed",
	"control-character",
	"dynamic-with-members",
	"exempt-unused",
	"expected",
	"host-bits",
	"imaps-blocked",
	"include-depth",
	"include-loop",
	"nat64",
	"never-matches",
	"no-answer-here",
	"no-clause",
	"no-contact",
	"no-device",
	"no-exemption",
	"no-hook",
	"no-interface-here",
	"no-owner-here",
	"no-policy",
	"no-purpose",
	"no-rate",
	"no-redirect-here",
	"no-review",
	"no-target",
	"not-all-checked",
	"not-mail",
	"nul-byte",
	"one-family",
	"pop3s-blocked",
	"quarantine-missing",
	"quarantine-unused",
	"redirect-intercepts",
	"repeated",
	"reserved",
	"review-passed",
	"root-sockets",
	"string-not-closed",
	"submission-blocked",
	"submissions-blocked",
	"too-many",
	"undefined",
	"unexpected",
	"unknown-action",
	"unknown-class",
	"unknown-service",
	"unknown-statement",
	"unknown-user",
	"unknown-word",
	"unused-definition",
	"wrong-side",
};

static bool seen[COUNT(codes)];

static void see(const char *code)
{
	for (size_t i = 0; i < COUNT(codes); i++)
		if (!strcmp(codes[i], code)) {
			seen[i] = true;
			return;
		}
	expect(false, "code \"%s\" is in no list", code);
}

/* A message is a sentence's start: lower case, no full stop, one line. */
static void check_sentence(const struct diag *d)
{
	size_t len = strlen(d->message);

	expect(len && d->message[len - 1] != '.' &&
		       !(d->message[0] >= 'A' && d->message[0] <= 'Z' &&
			 d->message[1] >= 'a' && d->message[1] <= 'z'),
	       "code %s: message \"%s\"", d->code, d->message);
	expect(!d->help || *d->help, "code %s: empty help", d->code);
}

/* The span lies inside of its line. */
static void check_span(const struct diag *d)
{
	const struct span *at = &d->span;
	const char *line;

	if (!at->source || !at->source->text)
		return;
	expect(at->offset <= at->source->len && at->column - 1 <= at->offset &&
		       at->offset + at->len <= at->source->len,
	       "code %s: span at %zu, column %u, %u bytes of %zu", d->code,
	       at->offset, at->column, at->len, at->source->len);
	line = at->source->text + at->offset - (at->column - 1);
	expect(line == at->source->text || line[-1] == '\n' ||
		       !memcmp(line - 3, "\xef\xbb\xbf", 3),
	       "code %s: line %u does not start where it should", d->code,
	       at->line);
	/* the end of the line is a place, too */
	expect(!memchr(line, '\n',
		       at->column - 1 + (at->len ? at->len - 1 : 0)),
	       "code %s: the span at %u:%u leaves its line", d->code, at->line,
	       at->column);
}

struct vector {
	const char *text, *want;
	struct text_file files[FILES_MOST];
	struct definition definitions[2];
	size_t len; /* of text, if it holds a NUL */
};

static void try(const struct vector *v)
{
	struct text_file files[FILES_MOST + 1] = { { "main", v->text,
						     v->len } };
	struct world w = { .files = files,
			   .n_files = COUNT(files),
			   .definitions = v->definitions };
	struct policy *p;
	char *got;

	memcpy(files + 1, v->files, sizeof(v->files));
	while (w.n_definitions < COUNT(v->definitions) &&
	       v->definitions[w.n_definitions].name)
		w.n_definitions++;
	p = world_policy(&w, "main");
	got = diags_text(&p->diags);
	expect_text(v->text, got, v->want);
	for (size_t i = 0; i < p->diags.n; i++) {
		see(p->diags.items[i].code);
		check_sentence(&p->diags.items[i]);
		check_span(&p->diags.items[i]);
	}
	expect(p->diags.errors + p->diags.warnings == p->diags.n,
	       "%zu errors and %zu warnings in %zu messages", p->diags.errors,
	       p->diags.warnings, p->diags.n);
	free(got);
	policy_free(p);
}

static void try_all(const struct vector *vectors, size_t n)
{
	for (size_t i = 0; i < n; i++)
		try(&vectors[i]);
}

#define FREE "outbound {\n\tallow smtp from private\n}\n"

CLAIM(good, "a policy that is right is read without a word")
{
	static const struct vector vectors[] = {
		{ .text = HEADER FREE, .want = "" },
		/* CRLF, a byte order mark, comments, blank lines, no end */
		{ .text = "\xef\xbb\xbfpolicy p\r\npurpose \"x\"\r\n"
			  "contact \"x\"\r\nreview 2030-01-01\r\n\r\n"
			  "hook forward # here\r\n# all\r\n"
			  "outbound\r\n{\r\nobserve imap # x { } \" \r\n}",
		  .want = "" },
		{ .text = HEADER "outbound { observe smtp }\n"
				 "inbound { observe imap }",
		  .want = "" },
		{ .text = HEADER "purposes\n" FREE,
		  .want = "6:1 "
			  "unknown-"
			  "statement" },
		{ .text = HEADER
		  "log group 0 snaplen 64 threshold 1 limit 1/day per "
		  "source burst 1\nmode observe\n"
		  "watch { quarantine 1s\nwarmup 1w }\n"
		  "outbound {\nblock smtp from flagged\n}\n",
		  .want = "" },
		{ .text = HEADER "class a users 10 { 10.0.0.0/8 fc00::/8\n"
				 "10.1.0.0/33-\n}\n" FREE,
		  .want = "7:1 bad-address" },
		{ .text = HEADER_OF("p",
				    "output") "outbound {\nallow smtp user "
					      "alice postfix 7\nallow "
					      "smtp group mail 9\nblock "
					      "smtp reject\n}\n",
		  .want = "" },
		{ .text = HEADER_OF("p", "ingress eth0 eth1") "inbound { block "
							      "smtp drop }\n",
		  .want = "" },
		{ .text = HEADER_OF("p", "bridge") "outbound {\nlimit smtp "
						   "10/hour per source burst 3 "
						   "drop log to private\n}\n",
		  .want = "" },
	};

	try_all(vectors, COUNT(vectors));
}

CLAIM(lexing, "what is no token is reported once, where it stands")
{
	static const struct vector vectors[] = {
		{ .text = HEADER "outbound {\n\tallow smtp; # x\n\tallow "
				 "imaps,,pop3s from private\n}\n",
		  .want = "7:12 bad-character; 8:13 bad-character" },
		{ .text = HEADER FREE "\x01\x02\xff",
		  .want = "9:1 bad-character" },
		{ .text = HEADER FREE "?!&", .want = "9:1 bad-character" },
		{ .text = HEADER FREE "\0\0 \0",
		  .len = sizeof(HEADER FREE "\0\0 \0") - 1,
		  .want = "9:1 nul-byte" },
		{ .text = "policy p\0q\n",
		  .len = sizeof("policy p\0q\n") - 1,
		  .want = "1:9 nul-byte; 1:10 unexpected" },
		{ .text = HEADER "purpose\n" FREE, .want = "6:8 expected" },
		{ .text = "policy p\npurpose \"abc\ncontact \"x\"\n"
			  "review 2030-01-01\nhook forward\n" FREE,
		  .want = "2:9 string-not-closed" },
		{ .text = "policy p\npurpose \"a\x01\x02z\"\ncontact \"x\"\n"
			  "review 2030-01-01\nhook forward\n" FREE,
		  .want = "2:9 control-character" },
		{ .text = "policy p\npurpose \"a\0z\"\ncontact \"x\"\n"
			  "review 2030-01-01\nhook forward\n" FREE,
		  .len = sizeof("policy p\npurpose \"a\0z\"\ncontact \"x\"\n"
				"review 2030-01-01\nhook forward\n" FREE) -
			 1,
		  .want = "2:9 control-character" },
		/* a backslash does not hide a NUL, and escapes no letter */
		{ .text = "policy p\npurpose \"a\\\0b\"\ncontact \"x\"\n"
			  "review 2030-01-01\nhook forward\n" FREE,
		  .len = sizeof("policy p\npurpose \"a\\\0b\"\ncontact \"x\"\n"
				"review 2030-01-01\nhook forward\n" FREE) -
			 1,
		  .want = "2:9 control-character" },
		{ .text = "policy p\npurpose \"C:\\new\"\ncontact \"x\"\n"
			  "review 2030-01-01\nhook forward\n" FREE,
		  .want = "" },
		{ .text = "policy p\npurpose \"say \\\"no\\\" \\\\\"\n"
			  "contact \"x\"\nreview 2030-01-01\n"
			  "hook forward\n" FREE,
		  .want = "" },
		{ .text = HEADER "outbound {\nallow $ from private\n}\n",
		  .want = "7:7 bad-definition-name; 7:9 expected" },
		{ .text = HEADER "outbound {\nallow smtp from $where\n}\n",
		  .want = "7:17 undefined" },
		{ .text = "",
		  .want = "1:1 no-clause; 1:1 no-hook; 1:1 "
			  "no-policy" },
		{ .text = "\n\n# nothing\n",
		  .want = "1:1 no-clause; 1:1 no-hook; 1:1 no-policy" },
	};

	try_all(vectors, COUNT(vectors));
}

CLAIM(header, "every header statement is checked, and said once")
{
	static const struct vector vectors[] = {
		{ .text = "hook forward\n" FREE, .want = "1:1 no-policy" },
		{ .text = "policy 1p\nhook forward\n" FREE,
		  .want = "1:8 bad-name" },
		{ .text = "policy p_q\nhook forward\n" FREE,
		  .want = "1:8 bad-name" },
		{ .text = "policy \"\"\nhook forward\n" FREE,
		  .want = "1:8 bad-name" },
		{ .text = "policy a234567890123456789012345678901\nhook "
			  "forward\npurpose \"x\"\ncontact \"x\"\nreview "
			  "2030-01-01\n" FREE,
		  .want = "" },
		{ .text = "policy a2345678901234567890123456789012\nhook "
			  "forward\n" FREE,
		  .want = "1:8 bad-name" },
		{ .text = "policy p q\nhook forward\n" FREE,
		  .want = "1:10 unexpected" },
		{ .text = HEADER "policy q\n" FREE, .want = "6:8 repeated" },
		{ .text = HEADER "purpose \"y\"\ncontact \"y\"\nreview "
				 "2031-01-01\nhook forward\nmode enforce\nmode "
				 "observe\n" FREE,
		  .want = "6:9 repeated; 7:9 repeated; 8:8 repeated; 9:1 "
			  "repeated; 11:6 repeated" },
		{ .text = HEADER "log group 1 group 2\n" FREE,
		  .want = "6:19 repeated" },
		{ .text = HEADER "log group 1\nlog snaplen 64\n" FREE,
		  .want = "7:1 repeated" },
		{ .text = HEADER "watch { quarantine 1d }\nwatch { warmup 1h "
				 "}\noutbound {\nblock smtp from "
				 "flagged\n}\n",
		  .want = "7:1 repeated" },
		{ .text = "policy p\nhook forward\nreview 2030-02-30\n" FREE,
		  .want = "3:8 bad-date" },
		{ .text = HEADER "mode enforced\n" FREE,
		  .want = "6:6 unknown-word" },
		{ .text = "policy p\nhook foward\n" FREE,
		  .want = "2:6 unknown-word" },
		{ .text = "policy p\nhook\n" FREE, .want = "2:5 expected" },
		{ .text = "policy p\n" FREE, .want = "1:8 no-hook" },
		{ .text = HEADER_OF("p", "forward eth0") FREE,
		  .want = "5:14 unexpected" },
		{ .text = HEADER_OF("p", "ingress") FREE,
		  .want = "5:6 no-device" },
		{ .text = HEADER_OF("p", "ingress eth* a/b "
					 "a234567890123456") FREE,
		  .want = "5:14 bad-interface; 5:19 bad-interface; 5:23 "
			  "bad-interface" },
		{ .text = HEADER_OF("p", "ingress \"a\\\"b\" \"a\\b\" eth0")
			  FREE,
		  .want = "5:14 bad-interface; 5:21 bad-interface" },
		{ .text = HEADER_OF("p", "ingress eth0 eth1 eth0") FREE,
		  .want = "5:24 repeated" },
		{ .text = HEADER
		  "log group 65536 snaplen 63 threshold 1025\n" FREE,
		  .want = "6:11 bad-number; 6:25 bad-number; 6:38 "
			  "bad-number" },
		{ .text = HEADER "log grup 5\n" FREE, .want = "6:5 expected" },
		{ .text = HEADER "log limit 5/fortnight per source\n" FREE,
		  .want = "6:11 bad-rate" },
		{ .text = HEADER "log limit 5/day\n" FREE,
		  .want = "6:16 expected" },
		{ .text = HEADER "log limit 5/day per host\n" FREE,
		  .want = "6:21 expected" },
		{ .text = HEADER "log limit 5/day per source burst 0\n" FREE,
		  .want = "6:34 bad-number" },
		{ .text = HEADER "watch { quarantine 5 }\n" FREE,
		  .want = "6:20 bad-duration" },
		{ .text = HEADER "watch { warmup 5x\nquarantin 5h\n}\n" FREE,
		  .want = "6:16 bad-watch; 7:1 expected" },
		{ .text = HEADER "watch { login-spam 0.1 }\n" FREE,
		  .want = "6:20 watch-order" },
		{ .text = HEADER "watch quarantine 5h\n" FREE,
		  .want = "6:7 expected" },
		{ .text = HEADER "contct \"x\"\n{ smtp\n}\n" FREE,
		  .want = "6:1 unknown-statement; 7:1 unknown-statement" },
		{ .text = HEADER "outbnd {\nallow smtp\n}\n" FREE,
		  .want = "6:1 unknown-statement" },
		{ .text = HEADER "allow smtp\n}\n" FREE,
		  .want = "6:1 unknown-statement; 7:1 unknown-statement" },
		{ .text = HEADER, .want = "1:8 no-clause" },
	};

	try_all(vectors, COUNT(vectors));
}

CLAIM(clauses, "every part of a clause is checked at its own place")
{
	static const struct vector vectors[] = {
		{ .text = HEADER "outbound {\n\tallow smpt from private\n}\n",
		  .want = "7:8 unknown-service" },
		{ .text = HEADER
		  "outbound {\nallow 0 65536 99999999999 25x\n}\n",
		  .want = "7:7 bad-port; 7:9 bad-port; 7:15 bad-port; 7:27 "
			  "unknown-service" },
		{ .text = HEADER "outbound {\nallow 1 65535 025 smtp from "
				 "private\n}\n",
		  .want = "7:19 ~repeated" },
		{ .text = HEADER "outbound {\nalow smtp\npermit smtp\n= "
				 "smtp\n}\n" FREE,
		  .want = "7:1 unknown-action; 8:1 unknown-action; 9:1 "
			  "unknown-action" },
		{ .text = HEADER "outbound {\nallow\nallow from private\n}\n",
		  .want = "7:6 expected; 8:7 expected" },
		{ .text = HEADER "outbound {\nallow smtp from\nallow smtp to "
				 "log\n}\n",
		  .want = "7:16 expected; 8:15 expected" },
		{ .text = HEADER "outbound {\nallow smtp from private frm "
				 "internet\n}\n",
		  .want = "7:25 unknown-class" },
		{ .text = HEADER "outbound {\nallow smtp log frm private\n}\n",
		  .want = "7:16 unexpected" },
		{ .text = HEADER
		  "outbound {\nblock smtp reset drop\nblock imap log "
		  "log\nallow imap from private from internet\n}\n",
		  .want = "7:18 repeated; 8:16 repeated; 9:25 repeated" },
		{ .text = HEADER "outbound {\nblock smtp and replies and "
				 "replies\nblock imap and\n}\n",
		  .want = "7:28 repeated; 8:15 expected" },
		{ .text = HEADER "outbound {\nallow smtp drop\nallow imap "
				 "5/day per source\nallow pop3 and "
				 "replies\n}\n",
		  .want = "7:12 unexpected; 8:12 unexpected; 9:16 "
			  "unexpected" },
		{ .text = HEADER
		  "outbound {\nlimit smtp\nlimit imap 5/week "
		  "per source\nlimit pop3 5/day per source burst "
		  "none\n}\n",
		  .want = "7:1 no-rate; 8:12 bad-rate; 9:35 bad-number" },
		{ .text = HEADER "outbound {\nlimit smtp 5/day 6/day per "
				 "source\n}\n",
		  .want = "7:18 expected" },
		{ .text = HEADER "outbound {\nallow smtp from custmers\nallow "
				 "smtp from 10.0.0.0/40\nallow smtp from "
				 "1.2.3.4/0\n}\n",
		  .want = "7:17 unknown-class; 8:17 bad-address; 9:17 "
			  "bad-address" },
		{ .text = HEADER "outbound {\nallow smtp from 10.0.0.1/8 "
				 "2001:db8::1/32\n}\n",
		  .want = "7:17 ~host-bits; 7:28 ~host-bits" },
		{ .text = HEADER "outbound {\nallow smtp user "
				 "alice\nallow smtp group mail\n}\n",
		  .want = "7:17 no-owner-here; 8:18 no-owner-here" },
		{ .text = HEADER_OF("p", "output") "inbound {\nallow smtp user "
						   "alice\n}\n",
		  .want = "7:17 no-owner-here" },
		{ .text = HEADER_OF("p",
				    "output") "outbound {\nallow smtp user "
					      "mallory 4294967295 group "
					      "alice\n}\n",
		  .want = "7:17 unknown-user; 7:25 unknown-user; 7:42 "
			  "unknown-user" },
		{ .text = HEADER "outbound to private {\nallow smtp\n}\n"
				 "inbound from private {\nobserve smtp\n}\n",
		  .want = "6:10 wrong-side; 9:9 wrong-side" },
		{ .text = HEADER "outbound from {\nobserve smtp\n}\n",
		  .want = "6:15 expected" },
		{ .text = HEADER "outbound from private { observe smtp } x\n",
		  .want = "6:40 unexpected" },
		{ .text = HEADER "outbound private {\n}\n",
		  .want = "6:10 expected" },
	};

	try_all(vectors, COUNT(vectors));
}

CLAIM(hooks, "what a hook cannot do is said of the clause that asks for it")
{
	static const struct vector vectors[] = {
		{ .text = HEADER_OF("p", "bridge") "outbound {\nredirect smtp "
						   "to 192.0.2.1\n}\n",
		  .want = "7:1 no-redirect-here" },
		{ .text = HEADER_OF("p", "output") "inbound {\nredirect smtp "
						   "to 192.0.2.1\n}\n",
		  .want = "7:1 no-redirect-here" },
		{ .text = HEADER "outbound {\nredirect smtp\n}\n",
		  .want = "7:1 no-target" },
		{ .text = HEADER "outbound {\nredirect smtp to private\n"
				 "redirect 26 to 192.0.2.0/24\n"
				 "redirect 27 to 192.0.2.1 192.0.2.2\n"
				 "redirect 28 to ::1-::2\n"
				 "redirect 29 to 192.0.2.1/32 ::1 ::2\n}\n",
		  .want = "7:18 bad-target; 8:16 bad-target; 9:26 bad-target; "
			  "10:16 bad-target; 11:33 bad-target" },
		{ .text = HEADER_OF("p", "ingress eth0") "inbound {\nblock "
							 "smtp\nblock imap "
							 "reject\nlimit pop3 "
							 "1/day per source\n"
							 "block 26 drop\n}\n",
		  .want = "7:1 no-answer-here; 8:1 no-answer-here; 9:1 "
			  "no-answer-here" },
		{ .text = HEADER_OF("p", "bridge") "class l { interface "
						   "eth0\n}\noutbound from l "
						   "{\nallow smtp to l\n}\n",
		  .want = "9:15 no-interface-here" },
		{ .text = HEADER_OF("p", "ingress eth0") "class l { interface "
							 "eth1 }\noutbound "
							 "from l {\nallow smtp "
							 "from l\n}\n",
		  .want = "7:15 no-interface-here; 8:17 no-interface-here" },
		{ .text = HEADER_OF("p", "output") "class l { interface eth1 "
						   "}\noutbound {\nallow smtp "
						   "from l to l\n}\ninbound "
						   "{\nallow smtp from l to "
						   "l\n}\n",
		  .want = "8:17 no-interface-here; 11:22 no-interface-here" },
		/* decided before routing: no outgoing interface yet */
		{ .text = HEADER "class l { interface eth1 }\noutbound "
				 "{\nallow smtp to l\nredirect 26 to "
				 "192.0.2.1 ::2\nallow imap to l\n}\n",
		  .want = "8:15 no-interface-here" },
		{ .text = HEADER "class l { interface eth1 }\ninbound to l "
				 "{\nredirect 26 to 192.0.2.1 ::2\n}\n",
		  .want = "7:12 no-interface-here" },
		{ .text = HEADER_OF("p", "bridge") "class l { interface eth1 "
						   "}\noutbound from l {\n"
						   "observe smtp\n}\ninbound "
						   "{\nblock smtp and "
						   "replies\n}\n",
		  .want = "7:15 no-interface-here" },
	};

	try_all(vectors, COUNT(vectors));
}

CLAIM(classes, "classes nest, and every member is checked at its own place")
{
	static const struct vector vectors[] = {
		{ .text = HEADER "class a { 10.0.0.0/8 fc00::/8 }\nclass b { "
				 "a\n192.0.2.0/24 }\nclass c { b }\noutbound "
				 "from c { observe smtp }\n",
		  .want = "" },
		/* a later class, too */
		{ .text = HEADER "class c { b }\nclass b { a }\nclass a { "
				 "10.0.0.0/8 fc00::/8 }\noutbound from c { "
				 "observe smtp }\n",
		  .want = "" },
		{ .text = HEADER "class a { b }\nclass b { c }\nclass c { a "
				 "}\nclass d { d }\n" FREE,
		  .want = "8:11 class-loop; 9:11 class-loop" },
		{ .text = HEADER "class a { any }\nclass b { flagged }\nclass "
				 "c dynamic\nclass d { c private }\n" FREE,
		  .want = "6:11 bad-member; 7:11 bad-member; 9:11 "
			  "bad-member" },
		{ .text = HEADER "class a { costumers 10.0.0.300 1.2.3.4/0 "
				 "::1%lo ::ffff:1.2.3.4 }\n" FREE,
		  .want = "6:11 unknown-class; 6:21 bad-address; 6:32 "
			  "bad-address; 6:42 bad-address; 6:49 bad-address" },
		{ .text = HEADER "class a { interface \"\" interface a/b "
				 "interface * interface p*p interface "
				 "a234567890123456 interface \"a b\" interface "
				 "a23456789012345* }\n" FREE,
		  .want = "6:21 bad-interface; 6:34 bad-interface; 6:48 "
			  "bad-interface; 6:60 bad-interface; 6:74 "
			  "bad-interface; 6:101 bad-interface" },
		{ .text = HEADER "class a { interface \"a\\\"b\" interface "
				 "\"a\\b\" interface \"a\\\"*\" }\n" FREE,
		  .want = "6:21 bad-interface; 6:38 bad-interface; 6:54 "
			  "bad-interface" },
		{ .text = HEADER "class a { interface }\n" FREE,
		  .want = "6:21 expected" },
		{ .text = HEADER "class a { file }\n" FREE,
		  .want = "6:16 expected" },
		{ .text = HEADER "class a { = 10.0.0.0/8 { }\n" FREE,
		  .want = "6:11 expected; 6:24 expected" },
		{ .text = HEADER "class { 10.0.0.0/8 }\n" FREE,
		  .want = "6:7 expected" },
		{ .text = HEADER "class\n" FREE, .want = "6:6 expected" },
		{ .text = HEADER FREE "class a\ninbound { }\n",
		  .want = "10:1 expected" },
		{ .text = HEADER "class 1a { 10.0.0.1 }\nclass a_b { 10.0.0.1 "
				 "}\nclass "
				 "a2345678901234567890123456789012345678901 { "
				 "10.0.0.1 }\n" FREE,
		  .want = "6:7 bad-name; 7:7 bad-name; 8:7 bad-name" },
		{ .text = HEADER "class from { 10.0.0.1 }\nclass any { "
				 "10.0.0.1 }\nclass private { 10.0.0.1 "
				 "}\n" FREE,
		  .want = "6:7 reserved; 7:7 reserved; 8:7 reserved" },
		{ .text = HEADER "class a { 10.0.0.1 }\nclass a { 10.0.0.2 "
				 "}\n" FREE,
		  .want = "7:7 repeated" },
		{ .text = HEADER
		  "class a users 0 { 10.0.0.1 }\nclass b users "
		  "1000001 { 10.0.0.1 }\nclass c users x { "
		  "10.0.0.1 }\nclass d users 1 users 2 { 10.0.0.1 "
		  "}\n" FREE,
		  .want = "6:15 bad-number; 7:15 bad-number; 8:15 bad-number; "
			  "9:23 repeated" },
		{ .text = HEADER "class a dynamic size 0\nclass b dynamic size "
				 "16777217\nclass c dynamic size "
				 "16777216\nclass d size 5 { 10.0.0.1 }\n" FREE,
		  .want = "6:22 bad-number; 7:22 bad-number; 9:14 "
			  "unexpected" },
		{ .text = HEADER "class a dynamic { 10.0.0.1 }\nclass b "
				 "dynamic x\n" FREE,
		  .want = "6:7 dynamic-with-members; 7:17 unexpected" },
	};

	try_all(vectors, COUNT(vectors));
}

CLAIM(class_files, "a class file's lines are checked, and quoted when it is "
		   "gone")
{
	static const struct vector vectors[] = {
		{ .text = HEADER "class a { file \"z\" }\noutbound from a "
				 "{observe smtp}\n",
		  .want = "",
		  .files = { { .name = "z",
			       .text = "# all of "
				       "them\n10.0.0.0/8\r\n\r\n\t192.0.2.1 "
				       "# one\n192.0.2.7-192.0.2.9#two\n\n"
				       "2001:db8::/32" } } },
		{ .text = HEADER "class a { file \"z\" }\noutbound from a "
				 "{observe smtp}\n",
		  .want = "z:3:1 bad-member; z:4:2 bad-member; z:6:11 "
			  "bad-member; z:7:1 bad-member; z:8:1 bad-member",
		  .files = { { .name = "z",
			       .text = "10.0.0.1\n2001:db8::1\n10.0.0.256\n"
				       "\tcustomers\n10.0.0.2\n10.0.0.3  "
				       "10.0.0.4 "
				       "10.0.0.5\n0.0.0.0/0\r\n"
				       "10.0.0.1,10.0.0.2" } } },
		{ .text = HEADER "class a { file \"z\" }\noutbound from a "
				 "{observe smtp}\n",
		  .want = "z:2:1 nul-byte; z:3:1 nul-byte",
		  .files = { { .name = "z",
			       .text = "10.0.0.1\n\0\n10.0.0.2\0\n::1\n",
			       sizeof("10.0.0.1\n\0\n10.0.0.2\0\n::1\n") -
				       1 } } },
		{ .text = HEADER "class a { file \"z\" }\noutbound from a "
				 "{observe smtp}\n",
		  .want = "z:2:1 nul-byte",
		  .files = { { .name = "z",
			       .text = "10.0.0.1\n2001:db8::1\0junk\n::1\n",
			       sizeof("10.0.0.1\n2001:db8::1\0junk\n::1\n") -
				       1 } } },
		/* it is not empty as well */
		{ .text = HEADER "class a { file \"z\" }\noutbound from a "
				 "{observe smtp}\n",
		  .want = "z:1:1 bad-member; z:2:1 bad-member",
		  .files = { { .name = "z",
			       .text = "10.0.0.256\ncustomers\n" } } },
		{ .text = HEADER "class a { file \"z\" }\noutbound from a "
				 "{observe smtp}\n",
		  .want = "z:1:1 ~host-bits; z:2:1 ~host-bits",
		  .files = { { .name = "z",
			       .text = "10.0.0.1/8\n2001:db8::1/32\n" } } },
		/* ten of a kind, then their number */
		{ .text = HEADER "class a { file \"z\" }\noutbound from a "
				 "{observe smtp}\n",
		  .want = "6:16 ~host-bits; z:1:1 ~host-bits; z:2:1 "
			  "~host-bits; z:3:1 ~host-bits; z:4:1 ~host-bits; "
			  "z:5:1 ~host-bits; z:6:1 ~host-bits; z:7:1 "
			  "~host-bits; z:8:1 ~host-bits; z:9:1 ~host-bits; "
			  "z:10:1 ~host-bits",
		  .files = { { .name = "z",
			       .text = "10.1.0.1/16\n10.2.0.1/16\n10.3.0.1/16\n"
				       "10.4.0.1/16\n10.5.0.1/16\n10.6.0.1/16\n"
				       "10.7.0.1/16\n10.8.0.1/16\n10.9.0.1/16\n"
				       "10.10.0.1/16\n10.11.0.1/16\n"
				       "10.12.0.1/16\n::1\n" } } },
		{ .text = HEADER "class a { file \"none\" file "
				 "\"/none/at/all\" }\n" FREE,
		  .want = "6:16 cannot-read; 6:28 cannot-read" },
		{ .text = HEADER "class a { file \"z\" }\noutbound from a "
				 "{observe smtp}\n",
		  .want = "6:7 ~class-empty; 6:16 ~class-empty",
		  .files = { { .name = "z", .text = "# nobody\n\n" } } },
		/* beside the file that names it */
		{ .text = HEADER "include \"z/i\"\noutbound from a {observe "
				 "smtp}\n",
		  .want = "z/e/l:1:1 bad-member",
		  .files = { { .name = "z/i",
			       .text = "class a { file \"e/l\" file \"/abs\" "
				       "}\n" },
			     { .name = "z/e/l", .text = "x\n10.0.0.2\n" },
			     { .name = "/abs", .text = "10.0.0.1\n::1\n" } } },
	};

	try_all(vectors, COUNT(vectors));
}

CLAIM(includes, "an included file is read beside its includer, and not for "
		"ever")
{
	static const struct vector vectors[] = {
		{ .text = HEADER "include \"a\"\n" FREE,
		  .want = "6:9 cannot-read" },
		{ .text = HEADER "include\ninclude a b\n" FREE,
		  .want = "6:8 expected; 7:9 cannot-read; 7:11 unexpected" },
		{ .text = HEADER "include \"d/a\"\n" FREE,
		  .want = "",
		  .files = { { .name = "d/a",
			       .text = "include \"b\"\ninclude \"/c\"\n" },
			     { .name = "d/b",
			       .text = "inbound { observe imap }" },
			     { .name = "/c", .text = "mode observe\n" } } },
		{ .text = HEADER "include \"z\"\n" FREE,
		  .want = "z:1:14 unexpected; z:2:1 unknown-statement",
		  .files = { { .name = "z", .text = "mode observe x\n}\n" } } },
		{ .text = HEADER "include \"main\"\n" FREE,
		  .want = "6:9 include-loop" },
		{ .text = HEADER "include \"y\"\n" FREE,
		  .want = "z:1:9 include-loop",
		  .files = { { .name = "y", .text = "include \"z\"\n" },
			     { .name = "z", .text = "include \"y\"\n" } } },
		{ .text = HEADER "include z\n" FREE,
		  .want = "z:1:1 policy-included; z:1:8 repeated",
		  .files = { { .name = "z", .text = "policy q\n" } } },
		/* a block does not go on behind the file */
		{ .text = HEADER "include \"z\"\nallow imap\n}\n" FREE,
		  .want = "7:1 unknown-statement; 8:1 unknown-statement; z:1:1 "
			  "brace-not-closed",
		  .files = { { .name = "z",
			       .text = "outbound {\nobserve pop3\n" } } },
		/* twice is no loop */
		{ .text = HEADER "include z\ninclude z\n" FREE,
		  .want = "",
		  .files = { { .name = "z", .text = "# nothing\n" } } },
		/* no line end at its end, and the includer goes on */
		{ .text = HEADER "include z\n" FREE,
		  .want = "",
		  .files = { { .name = "z", .text = "mode observe" } } },
	};

	try_all(vectors, COUNT(vectors));
}

CLAIM(order, "messages stand in the order in which their texts were met, by "
	     "line and column")
{
	struct text_file files[] = {
		{ "z.policy",
		  HEADER "include \"a.policy\"\nclass y { file \"k\" "
			 "}\noutbound from y {\nallow smpt\n}\nmode "
			 "watch\n",
		  0 },
		{ "a.policy",
		  "class x { 10.0.0.256 }\nclass w { file \"m\" }\n", 0 },
		{ "m", "10.0.0.1\nx\n10.0.0.2\ny\nz\n", 0 },
		{ "k", "10.0.0.1\n1.2.3\n10.0.0.3 10.0.0.4\n9\n", 0 },
	};
	struct world w = { .files = files, .n_files = COUNT(files) };
	struct policy *p = world_policy(&w, "z.policy");
	char *got = diags_text(&p->diags);

	expect_text("z.policy, which includes a.policy", got,
		    "z.policy:9:7 unknown-service; z.policy:11:6 unknown-word; "
		    "a.policy:1:11 bad-address; "
		    "m:2:1 bad-member; m:4:1 bad-member; m:5:1 bad-member; "
		    "k:2:1 bad-member; k:3:10 bad-member; k:4:1 bad-member");
	free(got);
	policy_free(p);
}

CLAIM(include_depth, "files include each other sixteen deep and no more")
{
	struct text_file files[20];
	char names[20][8], texts[20][40];

	for (int depth = 15; depth <= 17; depth++) {
		struct world w = { .files = files, .n_files = 0 };
		struct policy *p;
		char *got;

		files[w.n_files++] = (struct text_file){ .name = "main",
							 .text = HEADER
							 "include f2\n" FREE };
		for (int i = 2; i <= depth; i++) {
			sprintf(names[i], "f%d", i);
			sprintf(texts[i], i < depth ? "include f%d\n" : "# %d",
				i + 1);
			files[w.n_files++] =
				(struct text_file){ .name = names[i],
						    .text = texts[i] };
		}
		p = world_policy(&w, "main");
		got = diags_text(&p->diags);
		expect_text(names[depth], got,
			    depth <= 16 ? "" : "f16:1:9 include-depth");
		for (size_t i = 0; i < p->diags.n; i++)
			see(p->diags.items[i].code);
		free(got);
		policy_free(p);
	}
}

CLAIM(definitions, "a definition stands for words, and -D wins over it")
{
	static const struct vector vectors[] = {
		{ .text = HEADER "define N = 10.0.0.0/8 fc00::/8\nclass a { $N "
				 "}\noutbound from a {observe smtp}\n",
		  .want = "" },
		/* from nothing to several services, in a clause, too */
		{ .text = HEADER
		  "define S = smtp imap\ndefine W = private\n"
		  "define ALL = $S pop3s\noutbound {\nallow $ALL "
		  "from $W\n}\n",
		  .want = "" },
		{ .text = HEADER "define\ndefine = x\ndefine a-b = x\ndefine X "
				 "y\ndefine Y = { }\n" FREE,
		  .want = "6:7 expected; 7:8 expected; 8:8 "
			  "bad-definition-name; 9:10 expected; 10:12 "
			  "unexpected; 10:14 unknown-statement" },
		{ .text = HEADER "define X = a\ndefine X = b\n" FREE,
		  .want = "7:8 repeated" },
		{ .text = HEADER "define X = $Y\n" FREE,
		  .want = "6:12 undefined" },
		/* it stands for no statement and no action */
		{ .text = HEADER "$X observe\n" FREE,
		  .want = "-D X:1:1 bad-definition",
		  .definitions = { { "X", "mode" } } },
		{ .text = HEADER "outbound {\n$X smtp\nobserve smtp\n}\n",
		  .want = "-D X:1:1 bad-definition",
		  .definitions = { { "X", "allow" } } },
		{ .text = HEADER "define X = mode\n$X observe\n" FREE,
		  .want = "6:12 bad-definition" },
		{ .text = HEADER "define X = allow\noutbound {\n$X "
				 "smtp\nobserve smtp\n}\n",
		  .want = "6:12 bad-definition" },
		/* what a definition says wrong is wrong there */
		{ .text = HEADER "define X = smpt\noutbound {\nallow $X from "
				 "private\n}\n",
		  .want = "6:12 unknown-service" },
		{ .text = HEADER "define X =\noutbound {\nallow smtp from "
				 "$X\n}\n",
		  .want = "8:19 expected" },
		{ .text = HEADER "define X = nothing\noutbound {\nallow smtp "
				 "from $X\n}\n",
		  .want = "",
		  .definitions = { { "X", "private" } } },
		{ .text = HEADER "outbound {\nallow smtp from $X\n}\n",
		  .want = "",
		  .definitions = { { "X", "private\n10.0.0.1\t10.0.0.2" } } },
		{ .text = HEADER "outbound {\nallow smtp from $X\n}\n",
		  .want = "-D X:1:3 unknown-class",
		  .definitions = { { "X", "  privat" } } },
		{ .text = HEADER "outbound {\nallow smtp from $X\n}\n",
		  .want = "-D X:1:9 bad-definition; -D X:1:11 bad-character",
		  .definitions = { { "X", "private { ;" } } },
		{ .text = HEADER "outbound {\nallow smtp from $X\n}\n",
		  .want = "7:19 expected",
		  .definitions = { { "X", "" } } },
		{ .text = HEADER "define XY = private\noutbound {\nallow smtp "
				 "from $XY\n}\n",
		  .want = "-D XZ:1:1 unused-definition",
		  .definitions = { { "XZ", "internet" } } },
		{ .text = HEADER "define X = private\n" FREE,
		  .want = "",
		  .definitions = { { "X", "internet" } } },
		{ .text = HEADER "outbound {\nallow smtp from $a b\n}\n",
		  .want = "7:20 unknown-class",
		  .definitions = { { "a", "\"10.0.0.1\"" } } },
	};

	try_all(vectors, COUNT(vectors));
}

CLAIM(braces, "a brace that is missing is missed where its block starts")
{
	static const struct vector vectors[] = {
		{ .text = HEADER "outbound {\nobserve smtp\ninbound {\nobserve "
				 "smtp\n}\n",
		  .want = "6:1 brace-not-closed" },
		{ .text = HEADER "outbound {\nobserve smtp\n",
		  .want = "6:1 brace-not-closed" },
		{ .text = HEADER "class a {\n10.0.0.1 ::1\noutbound from a "
				 "{\nobserve smtp\n}\n",
		  .want = "6:1 brace-not-closed" },
		{ .text = HEADER "class a { 10.0.0.1",
		  .want = "6:1 brace-not-closed" },
		{ .text = HEADER FREE "watch { quarantine 5h",
		  .want = "9:1 brace-not-closed" },
		{ .text = HEADER "outbound\nobserve smtp\n}\n" FREE,
		  .want = "7:1 expected" },
		{ .text = HEADER "outbound {\nobserve smtp {\n}\n",
		  .want = "7:14 unexpected" },
		{ .text = HEADER "{\n" FREE, .want = "6:1 unknown-statement" },
		{ .text = HEADER FREE "}\n}}\n",
		  .want = "9:1 unknown-statement; 10:1 unknown-statement; "
			  "10:2 unknown-statement" },
	};

	try_all(vectors, COUNT(vectors));
}

CLAIM(lints, "what is allowed and still not right is a warning")
{
	static const struct vector vectors[] = {
		{ .text = "policy p\nhook forward\n" FREE,
		  .want = "1:8 ~no-contact; 1:8 ~no-purpose; 1:8 ~no-review" },
		{ .text = "policy p\npurpose x\ncontact x\nreview 2024-10-03\n"
			  "hook forward\n" FREE,
		  .want = "4:8 ~review-passed" },
		{ .text = "policy p\npurpose x\ncontact x\nreview 2024-10-04\n"
			  "hook forward\n" FREE,
		  .want = "" },
		{ .text = HEADER "class a { 10.0.0.1 10.0.0.2 10.0.0.1 ::1 }\n"
				 "class e { }\n" FREE,
		  .want = "6:7 ~class-overlap; 6:7 ~class-unused; 7:7 "
			  "~class-empty; 7:7 ~class-unused" },
		{ .text = HEADER "class a { 10.0.0.0/8 10.1.0.0/16 10.2.0.0/16 "
				 "::1 }\noutbound from a {observe smtp}\n",
		  .want = "6:7 ~class-overlap" },
		{ .text = HEADER "class a { 10.0.0.1 }\nclass b { ::1 }\n"
				 "outbound from a b {observe smtp}\noutbound "
				 "from 10.1.0.0/16 {observe imap}\n",
		  .want = "6:7 ~one-family; 7:7 ~one-family; 9:15 "
			  "~one-family" },
		{ .text = HEADER "outbound {\n}\n" FREE,
		  .want = "6:1 ~block-empty" },
		{ .text = HEADER "class a { 10.0.0.0/8 fc00::/8 }\nclass b { "
				 "10.1.0.0/16 fd00::/8 }\noutbound from a "
				 "{observe smtp}\noutbound from b {observe "
				 "imap}\n",
		  .want = "9:1 ~class-overlap" },
		/* first match decides */
		{ .text = HEADER "outbound {\nobserve smtp imap\nallow smtp "
				 "from private\nallow imap pop3s\n}\n",
		  .want = "8:1 ~never-matches; 9:1 ~cleartext-allowed; 9:1 "
			  "~never-matches" },
		{ .text = HEADER "outbound {\nobserve smtp from 10.0.0.0/8\n"
				 "allow smtp from 10.1.0.0/16\nallow smtp from "
				 "11.0.0.0/8\n}\n",
		  .want = "8:1 ~never-matches" },
		{ .text = HEADER "outbound from private {\nobserve smtp from "
				 "internet\n}\n",
		  .want = "7:1 ~never-matches" },
		{ .text = HEADER "class e { }\noutbound {\nobserve smtp to "
				 "e\n}\n",
		  .want = "6:7 ~class-empty; 8:1 ~never-matches" },
		{ .text = HEADER "outbound {\nallow smtp submission "
				 "submissions imaps pop3s from private\nblock "
				 "smtp submission submissions imaps pop3s\n}\n",
		  .want = "8:1 ~imaps-blocked; 8:1 ~pop3s-blocked; 8:1 "
			  "~submission-blocked; 8:1 ~submissions-blocked" },
		{ .text = HEADER "inbound {\nblock smtp submission submissions "
				 "imaps pop3s\n}\n",
		  .want = "" },
		{ .text = HEADER "outbound {\nallow imap\nallow pop3 from "
				 "private\n}\n",
		  .want = "7:1 ~cleartext-allowed" },
		{ .text = HEADER "outbound {\nblock smtp\n}\n",
		  .want = "7:1 ~no-exemption" },
		{ .text = HEADER "outbound {\nredirect smtp to 192.0.2.1\n"
				 "redirect 26 to 192.0.2.1 ::2\n}\n",
		  .want = "7:1 ~one-family; 7:1 ~redirect-intercepts" },
		{ .text = HEADER "outbound {\nblock smtp from flagged\n}\n"
				 "inbound {\nblock smtp\n}\n"
				 "watch { quarantine 1d }\n",
		  .want = "10:1 ~answers-open" },
		{ .text = HEADER "inbound {\nblock smtp and replies\n}\n",
		  .want = "7:1 ~replies-all" },
		{ .text = HEADER "outbound {\nallow smtp from private\n}\n"
				 "inbound {\nblock smtp and replies\n}\n",
		  .want = "7:1 ~bounces-blocked" },
		{ .text = HEADER "class in6 { fc00::/7 10.0.0.0/8 "
				 "64:ff9b:1:8::/64 }\noutbound {\nallow smtp "
				 "to in6\nallow submission to 64:ff9b::/96\n"
				 "block smtp to 64:ff9b::/96\n}\n",
		  .want = "8:1 ~nat64" },
		{ .text = HEADER "outbound {\nallow smtp to 64::/16 "
				 "10.0.0.1\nallow smtp-alt smtp to internet\n"
				 "}\n",
		  .want = "7:1 ~nat64" },
		/* sockets of root */
		{ .text = HEADER_OF("p", "output") "outbound {\nallow smtp "
						   "user 0 8\nobserve "
						   "imap smtp group 0\nblock "
						   "smtp\n}\n",
		  .want = "7:1 ~root-sockets; 8:1 ~root-sockets" },
		{ .text = HEADER_OF("p", "output") "outbound {\nallow imaps "
						   "user 0\nallow smtp "
						   "user 8\nblock smtp\n}\n",
		  .want = "" },
		{ .text = HEADER_OF("p", "output") "outbound {\nallow smtp "
						   "user 8\nblock smtp user "
						   "33\nblock submissions "
						   "group 33\n}\n",
		  .want = "8:1 ~root-sockets; 9:1 ~no-exemption; 9:1 "
			  "~submissions-blocked" },
		/* ports that are not mail's */
		{ .text = HEADER_OF("p", "output") "outbound {\nallow 22 from "
						   "private\nblock 22 443 "
						   "drop\n}\ninbound {\n"
						   "limit 22 5/minute per "
						   "source\n}\n",
		  .want = "8:1 ~no-exemption; 8:1 ~not-mail; 8:1 ~not-mail; "
			  "11:1 ~not-mail" },
		{ .text = HEADER "outbound {\nallow 22 443\nobserve 80\nallow "
				 "26 24 from private\nblock 26 24\nredirect 52 "
				 "to 192.0.2.1 ::2\n}\n",
		  .want = "11:1 ~not-mail" },
		{ .text = HEADER "class nat users 500 { 10.0.0.1 ::1 }\nclass "
				 "b { 10.0.0.2 ::2 }\n" FREE,
		  .want = "7:7 ~class-unused" },
		{ .text = HEADER "exempt expires 365d at most\n" FREE,
		  .want = "6:16 ~exempt-unused" },
		{ .text = HEADER "watch { quarantine 1d }\n" FREE,
		  .want = "6:20 ~quarantine-unused" },
		{ .text = HEADER "outbound {\nblock smtp from flagged\n}\n",
		  .want = "1:8 ~quarantine-missing" },
	};

	try_all(vectors, COUNT(vectors));
}

CLAIM(many_mistakes, "every mistake of a file is found in one run")
{
	static const struct vector v = {
		.text = "polcy p\n"		       /* 1 */
			"purpose \"unclosed\n"	       /* 2 */
			"review 2030-13-01\n"	       /* 3 */
			"hook forwrd\n"		       /* 4 */
			"mode watch\n"		       /* 5 */
			"class a { 10.0.0.999 b }\n"   /* 6 */
			"outbound from c {\n"	       /* 7 */
			"\tallow smpt frm private\n"   /* 8 */
			"\tblok smtp\n"		       /* 9 */
			"\tlimit smtp log\n"	       /* 10 */
			"}\n"			       /* 11 */
			"include \"no.policy\"\n"      /* 12 */
			"log snaplen many; group 1\n", /* 13 */
		.want = "1:1 no-policy; 1:1 unknown-statement; "
			"2:9 string-not-closed; 3:8 bad-date; "
			"4:6 unknown-word; 5:6 unknown-word; "
			"6:11 bad-address; 6:22 unknown-class; "
			"7:15 unknown-class; 8:8 unknown-service; "
			"8:13 unknown-service; "
			"9:2 unknown-action; 10:2 no-rate; "
			"12:9 cannot-read; 13:13 bad-number; "
			"13:17 bad-character",
	};

	try(&v);
}

CLAIM(limits, "what is too many is said, not built")
{
	struct text t;
	FILE *out = text_open(&t);
	struct policy *p;
	char *got;

	fputs(HEADER, out);
	for (int i = 0; i < 1001; i++)
		fprintf(out, "class c%d { 10.0.%d.%d fc00::%x }\n", i, i / 256,
			i % 256, i);
	fputs("outbound {\n", out);
	for (int i = 0; i < 2001; i++)
		fprintf(out, "observe %d\n", i + 1);
	fputs("}\n", out);
	text_done(&t);
	p = text_policy(t.bytes);
	got = diags_text(&p->diags);
	expect_text("1001 classes, 2001 clauses", got,
		    "1:8 too-many; 1006:7 too-many");
	see("too-many");
	free(got);
	policy_free(p);
	free(t.bytes);

	out = text_open(&t);
	fputs(HEADER "outbound {\nobserve smtp from", out);
	for (int i = 0; i < 101; i++)
		fprintf(out, " 10.0.0.%d", i);
	fputs("\n}\n", out);
	text_done(&t);
	p = text_policy(t.bytes);
	got = diags_text(&p->diags);
	expect_text("101 addresses", got, "7:1009 too-many");
	free(got);
	policy_free(p);
	free(t.bytes);
}

/* Writes clauses that each name so many services and classes. */
static char *large_policy(int clauses, int services, int classes)
{
	struct text t;
	FILE *out = text_open(&t);

	fputs(HEADER, out);
	for (int i = 0; i < classes; i++)
		fprintf(out, "class c%d { 10.0.%d.%d }\n", i, i / 256, i % 256);
	fputs("outbound {\n", out);
	for (int i = 0; i < clauses; i++) {
		fputs("observe", out);
		for (int k = 0; k < services; k++)
			fprintf(out, " %d", 1 + (i * services + k) % 65535);
		for (int k = 0; k < classes; k++)
			fprintf(out, "%s c%d", k ? "" : " from", k);
		for (int k = 0; k < classes; k++)
			fprintf(out, "%s c%d", k ? "" : " to", k);
		fputs("\n", out);
	}
	fputs("}\n", out);
	text_done(&t);
	return t.bytes;
}

CLAIM(products,
      "what multiplies is bounded, and the clause that is too much is "
      "named")
{
	static const struct {
		int clauses, services, classes;
		const char *want; /* NULL: no error */
		bool bridge;
	} vectors[] = {
		{ 200, 100, 0, NULL, false },
		{ 201, 100, 0, "207:1 too-many", false },
		{ 1900, 90, 0, "229:1 too-many", false },
		{ 9, 1, 100, NULL, false },
		{ 10, 1, 100, "116:1 too-many", false },
		{ 1, 11, 100, "107:1 too-many", false },
		{ 1, 9, 100, NULL, false },
		/* rules that look into frames count, too */
		{ 1, 1, 100, NULL, true },
		{ 2, 1, 100, "108:1 too-many", true },
		{ 45, 100, 0, NULL, true },
		{ 46, 100, 0, "51:1 too-many", true },
	};

	for (size_t i = 0; i < COUNT(vectors); i++) {
		char *text =
			large_policy(vectors[i].clauses, vectors[i].services,
				     vectors[i].classes);
		struct policy *p;
		char *got;

		if (vectors[i].bridge)
			memcpy(strstr(text, "forward"), "bridge ", 7);
		p = text_policy(text);
		got = diags_text(&p->diags);
		if (vectors[i].want)
			expect(strstr(got, vectors[i].want) &&
				       p->diags.errors == 1,
			       "vector %zu: want %s, got %zu errors: %.200s", i,
			       vectors[i].want, p->diags.errors, got);
		else
			expect(!p->diags.errors, "vector %zu: got %.200s", i,
			       got);
		free(got);
		policy_free(p);
		free(text);
	}
}

CLAIM(classes_of_classes, "classes that take over each other's members are "
			  "bounded, and this is said once")
{
	struct text t;
	FILE *out = text_open(&t);
	struct policy *p;

	fputs(HEADER, out);
	for (int i = 0; i < 600; i++) {
		fprintf(out, "class c%d { 10.%d.%d.1", i, i / 256, i % 256);
		for (int k = 0; k < i; k++)
			fprintf(out, " c%d", k);
		fputs(" }\n", out);
	}
	fputs("outbound from c599 {\nobserve smtp\n}\n", out);
	text_done(&t);
	p = text_policy(t.bytes);
	expect_number("errors", p->diags.errors, 1);
	for (size_t i = 0; i < p->diags.n; i++)
		if (p->diags.items[i].severity == SEVERITY_ERROR)
			expect_text("the error", p->diags.items[i].code,
				    "too-many");
	policy_free(p);
	free(t.bytes);
}

CLAIM(not_compared, "a policy that is too large to look for what never matches "
		    "says so")
{
	struct text t;
	FILE *out = text_open(&t);
	struct policy *p;
	char *got;

	fputs(HEADER, out);
	for (int i = 0; i < 300; i++)
		fprintf(out, "class c%d { 10.%d.%d.1 }\n", i, i / 256, i % 256);
	for (int i = 0; i < 400; i++) {
		fputs("outbound from", out);
		for (int k = 0; k < 100; k++)
			fprintf(out, " c%d", (i * 7 + k) % 300);
		fputs(" { observe smtp }\n", out);
	}
	text_done(&t);
	p = text_policy(t.bytes);
	got = diags_text(&p->diags);
	expect(strstr(got, "1:8 ~not-all-checked"), "got %.300s", got);
	see("not-all-checked");
	free(got);
	policy_free(p);
	free(t.bytes);
}

CLAIM(all_codes, "every code there is was produced by a vector above")
{
	for (size_t i = 0; i < COUNT(codes); i++)
		expect(seen[i], "no vector produced \"%s\"", codes[i]);
}

/* ---- what a message says ---- */

CLAIM(helps, "a message says what instead")
{
	static const struct {
		const char *text, *code, *help; /* part of it */
	} vectors[] = {
		{ "outbound {\nallow smpt\n}\n", "unknown-service",
		  "did you mean \"smtp\"?" },
		{ "outbound {\nallow telnet\n}\n", "unknown-service",
		  "mailwall ports" },
		/* near by letters, far in meaning */
		{ "outbound {\nallow smtps\n}\n", "unknown-service",
		  "465 is \"submissions\"" },
		{ "outbound {\nallow smtpx\n}\n", "unknown-service",
		  "mailwall ports" },
		{ "outbound {\nallow smtp2\n}\n", "unknown-service",
		  "mailwall ports" },
		{ "outbound {\nallow pop\n}\n", "unknown-service",
		  "\"pop3s\", 995, has TLS" },
		{ "outbound {\nallow imapz\n}\n", "unknown-service",
		  "did you mean \"imaps\"?" },
		{ "outbound {\nallow smtp from an\n}\n", "unknown-class",
		  "declare it" },
		{ "outbound {\nallow smtp per hour\n}\n", "unexpected",
		  "after the services come" },
		{ "outbound {\nalow smtp\n}\n", "unknown-action",
		  "did you mean \"allow\"?" },
		{ "outbond {\n}\n", "unknown-statement",
		  "did you mean \"outbound\"?" },
		{ "block smtp\n", "unknown-statement", "stands in" },
		{ "}\n", "unknown-statement", "closes nothing" },
		{ "class customers { }\noutbound from custmers { }\n",
		  "unknown-class", "did you mean \"customers\"?" },
		{ "outbound from 0.0.0.0/0 { }\n", "bad-address", "any" },
		{ "outbound from ::ffff:192.0.2.1 { }\n", "bad-address",
		  "write \"192.0.2.1\"" },
		{ "outbound from ::ffff:0:0/96 { }\n", "bad-address",
		  "write it as IPv4" },
		{ "class a { 10.0.0.77/24 }\n", "host-bits",
		  "write \"10.0.0.0/24\"" },
		{ "mode enforc\n", "unknown-word",
		  "did you mean \"enforce\"?" },
		{ "outbound to private { }\n", "wrong-side",
		  "write \"from ...\" here" },
		{ "outbound {\nallow smtp, imap\n}\n", "bad-character",
		  "separate words with blanks" },
		{ "outbound {\nallow smtp; block imap\n}\n", "bad-character",
		  "one decision a line" },
		{ "outbound {\nallow smtp from $X\n}\n", "undefined", "-D X=" },
	};

	for (size_t i = 0; i < COUNT(vectors); i++) {
		char text[512];
		struct policy *p;
		const struct diag *found = NULL;

		snprintf(text, sizeof(text), "%s%s", HEADER, vectors[i].text);
		p = text_policy(text);
		for (size_t k = 0; k < p->diags.n && !found; k++)
			if (!strcmp(p->diags.items[k].code, vectors[i].code))
				found = &p->diags.items[k];
		expect(found && found->help &&
			       strstr(found->help, vectors[i].help),
		       "in \"%s\" got %s, help \"%s\" want \"%s\"",
		       vectors[i].text, found ? found->message : "nothing",
		       found && found->help ? found->help : "none",
		       vectors[i].help);
		policy_free(p);
	}
}

CLAIM(references, "a warning that relies on a standard names it")
{
	static const struct {
		const char *clause, *code, *reference;
	} vectors[] = {
		{ "block submission", "submission-blocked", "RFC 5068" },
		{ "block submissions", "submissions-blocked", "RFC 8314" },
		{ "block imaps", "imaps-blocked", "RFC 8314" },
		{ "block pop3s", "pop3s-blocked", "RFC 8314" },
		{ "allow pop3", "cleartext-allowed", "RFC 8314" },
		{ "block smtp", "no-exemption", "BITAG" },
		{ "redirect smtp to 192.0.2.1 ::2", "redirect-intercepts",
		  "RFC 5068" },
	};

	for (size_t i = 0; i < COUNT(vectors); i++) {
		char text[512];
		struct policy *p;
		bool found = false;

		snprintf(text, sizeof(text), "%soutbound {\n%s\n}\n", HEADER,
			 vectors[i].clause);
		p = text_policy(text);
		for (size_t k = 0; k < p->diags.n; k++) {
			const struct diag *d = &p->diags.items[k];

			found = found ||
				(!strcmp(d->code, vectors[i].code) &&
				 d->reference &&
				 strstr(d->reference, vectors[i].reference));
		}
		expect(found, "in \"%s\" no %s with a reference to %s",
		       vectors[i].clause, vectors[i].code,
		       vectors[i].reference);
		policy_free(p);
	}
}

/* ---- what comes out of a good policy ---- */

static const struct class *class_named(const struct policy *p, const char *name)
{
	for (size_t i = 0; i < p->classes.n; i++)
		if (!strcmp(p->classes.items[i]->name, name))
			return p->classes.items[i];
	fail_msg("there is no class %s", name);
	return NULL;
}

static void class_text(const struct class *c, char *out)
{
	char text[RANGE_TEXT_MAX];

	*out = '\0';
	for (size_t i = 0; i < c->hosts4.n; i++) {
		range4_print(text, &c->hosts4.items[i]);
		sprintf(out + strlen(out), "h:%s ", text);
	}
	for (size_t i = 0; i < c->nets4.n; i++) {
		range4_print(text, &c->nets4.items[i]);
		sprintf(out + strlen(out), "%s ", text);
	}
	for (size_t i = 0; i < c->hosts6.n; i++) {
		range6_print(text, &c->hosts6.items[i]);
		sprintf(out + strlen(out), "h:%s ", text);
	}
	for (size_t i = 0; i < c->nets6.n; i++) {
		range6_print(text, &c->nets6.items[i]);
		sprintf(out + strlen(out), "%s ", text);
	}
	for (size_t i = 0; i < c->interfaces.n; i++)
		sprintf(out + strlen(out), "%s ", c->interfaces.items[i].text);
}

CLAIM(class_members, "a class is its members, merged, with its classes' own")
{
	static const struct {
		const char *text, *name, *want;
	} vectors[] = {
		{ "class a { 10.0.0.2 10.0.0.1 }\n", "a",
		  "h:10.0.0.1 h:10.0.0.2 " },
		{ "class a { 10.0.1.0/24 10.0.0.0/24 10.0.0.7 }\n", "a",
		  "10.0.0.0/23 " },
		{ "class a { 10.0.0.0/24 192.0.2.1 ::1 }\n", "a",
		  "10.0.0.0/24 192.0.2.1 h:::1 " },
		{ "class a { interface eth0 interface ppp* }\n", "a",
		  "eth0 ppp* " },
		{ "class b { a c 192.0.2.0/24 }\nclass a { 10.0.0.1 interface "
		  "eth0 }\nclass c { 2001:db8::/32 }\n",
		  "b", "10.0.0.1 192.0.2.0/24 2001:db8::/32 eth0 " },
		{ "", "private",
		  "0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 "
		  "169.254.0.0/16 172.16.0.0/12 192.0.0.0-192.0.0.8 "
		  "192.0.0.11-192.0.0.255 192.0.2.0/24 192.168.0.0/16 "
		  "198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/3 "
		  "::/127 100::/63 2001:1:: "
		  "2001:1::4-2001:2:ffff:ffff:ffff:ffff:ffff:ffff "
		  "2001:4::-2001:4:111:ffff:ffff:ffff:ffff:ffff "
		  "2001:4:113::-2001:f:ffff:ffff:ffff:ffff:ffff:ffff "
		  "2001:40::-2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff "
		  "2001:db8::/32 3fff::/20 5f00::/16 fc00::/7 "
		  "fe80::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff " },
		{ "", "internet",
		  "1.0.0.0-9.255.255.255 11.0.0.0-100.63.255.255 "
		  "100.128.0.0-126.255.255.255 128.0.0.0-169.253.255.255 "
		  "169.255.0.0-172.15.255.255 172.32.0.0-191.255.255.255 "
		  "192.0.0.9-192.0.0.10 192.0.1.0/24 "
		  "192.0.3.0-192.167.255.255 192.169.0.0-198.17.255.255 "
		  "198.20.0.0-198.51.99.255 198.51.101.0-203.0.112.255 "
		  "203.0.114.0-223.255.255.255 "
		  "::2-ff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
		  "100:0:0:2::-2001:0:ffff:ffff:ffff:ffff:ffff:ffff "
		  "2001:1::1-2001:1::3 2001:3::/32 2001:4:112::/48 "
		  "2001:10::-2001:3f:ffff:ffff:ffff:ffff:ffff:ffff "
		  "2001:200::-2001:db7:ffff:ffff:ffff:ffff:ffff:ffff "
		  "2001:db9::-3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
		  "3fff:1000::-5eff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
		  "5f01::-fbff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
		  "fe00::/9 " },
	};

	for (size_t i = 0; i < COUNT(vectors); i++) {
		char text[512], got[2048];
		struct policy *p;

		snprintf(text, sizeof(text), "%s%s%s", HEADER, vectors[i].text,
			 FREE);
		p = good_policy(text);
		class_text(class_named(p, vectors[i].name), got);
		expect_text(vectors[i].text, got, vectors[i].want);
		policy_free(p);
	}
}

CLAIM(plain_lines,
      "a line of a class file means the same with blanks around it")
{
	static const char *const words[] = {
		"10.0.0.1",
		"0.0.0.0",
		"255.255.255.255",
		"10.0.0.0/8",
		"10.0.0.0/08",
		"10.0.0.0/008",
		"10.0.0.0/0008",
		"0.0.0.0/1",
		"10.0.0.1/32",
		"10.0.0.1/31",
		"10.0.0.0/0",
		"10.0.0.0/33",
		"10.0.0.0/",
		"10.0.0.0/4294967304",
		"10.0.0.0/8x",
		"010.0.0.1",
		"10.0.0.00",
		"10.0.0.256",
		"10.0.0.4294967297",
		"10.0.0",
		"10.0.0.",
		"10..0.1",
		"10.0.0.1.1",
		"10.0.0.1-10.0.0.9",
		"10.0.0.1x",
		"1",
		".",
		"10.0.0.1/8",
		"10.0.0.1,",
		"::1",
		"2001:db8::/32",
		"10.0.0.1\x01",
		"0",
	};
	static const struct {
		const char *before, *behind;
	} around[] = { { "", "\n" },
		       { "\t ", " \n" },
		       { "", "\r\n" },
		       { "", "#x\n" },
		       { "", "" } };

	for (size_t i = 0; i < COUNT(words); i++) {
		char first[512] = "", codes_of[64];

		for (size_t k = 0; k < COUNT(around); k++) {
			char list[128], got[512];
			struct text_file files[] = {
				{ "main",
				  HEADER "class a { file z }\n"
					 "outbound from a { observe smtp }\n",
				  0 },
				{ "z", list, 0 },
			};
			struct world w = { .files = files, .n_files = 2 };
			struct policy *p;

			snprintf(list, sizeof(list), "%s%s%s", around[k].before,
				 words[i], around[k].behind);
			p = world_policy(&w, "main");
			class_text(class_named(p, "a"), got);
			for (size_t d = 0; d < p->diags.n; d++)
				if (strcmp(p->diags.items[d].code,
					   "one-family")) {
					snprintf(codes_of, sizeof(codes_of),
						 "%s ", p->diags.items[d].code);
					strcat(got, codes_of);
				}
			if (!k)
				strcpy(first, got);
			expect_text(list, got, first);
			expect(*got, "in \"%s\" nothing came out", list);
			policy_free(p);
		}
	}
}

CLAIM(many_hosts, "more than a thousand single addresses among prefixes get a "
		  "set of their own")
{
	for (int n = 1000; n <= 1001; n++) {
		struct text t;
		FILE *out = text_open(&t);
		const struct class *c;
		struct policy *p;

		fputs(HEADER "class a {\n192.0.2.0/24\n", out);
		for (int i = 0; i < n; i++)
			fprintf(out, "10.0.%d.%d\n", i / 100, i % 100 * 2);
		fputs("}\noutbound from a { observe smtp }\n", out);
		text_done(&t);
		p = good_policy(t.bytes);
		c = class_named(p, "a");
		expect(c->hosts4.n == (n > 1000 ? 1001 : 0) &&
			       c->nets4.n == (n > 1000 ? 1 : 1001),
		       "%d addresses, one prefix: %zu hosts, %zu nets", n,
		       c->hosts4.n, c->nets4.n);
		policy_free(p);
		free(t.bytes);
	}
}

CLAIM(values, "what a policy sets is what it holds, and defaults hold else")
{
	struct policy *p = good_policy(
		HEADER "mode observe\nlog group 7 snaplen 300 threshold 2 "
		       "limit 3/hour per source burst 9\nwatch { quarantine "
		       "24h\nwarmup 8h }\nclass d dynamic size 77 users "
		       "12\noutbound from d {\nlimit smtp 26 5/minute per "
		       "source reject log to private\n}\ninbound {\nblock imap "
		       "and replies\nredirect 27 to 192.0.2.1 ::2\n}\n");
	const struct clause *c = &p->blocks.items[0].clauses.items[0];
	const struct class *d = class_named(p, "d");

	assert_string_equal(p->name, "p");
	assert_string_equal(p->purpose, "a test");
	assert_true(p->observe);
	assert_int_equal(p->hook, HOOK_FORWARD);
	assert_int_equal(p->log_group, 7);
	assert_int_equal(p->log_snaplen, 300);
	assert_int_equal(p->log_threshold, 2);
	assert_int_equal(p->log_rate.count, 3);
	assert_int_equal(p->log_rate.unit_s, 3600);
	assert_int_equal(p->log_rate.burst, 9);
	assert_int_equal(p->quarantine_s, 86400);
	assert_int_equal(p->watch[WATCH_WARMUP], 28800);
	assert_int_equal(d->kind, CLASS_DYNAMIC);
	assert_int_equal(d->size, 77);
	assert_int_equal(d->users, 12);
	assert_int_equal(c->action, ACTION_LIMIT);
	assert_int_equal(c->refusal, REFUSAL_REJECT);
	assert_int_equal(c->ports.n, 2);
	assert_int_equal(c->ports.items[1], 26);
	assert_int_equal(c->rate.count, 5);
	assert_int_equal(c->rate.unit_s, 60);
	assert_int_equal(c->rate.burst, 5);
	assert_true(c->log);
	assert_string_equal(c->id, "p:12");
	assert_string_equal(c->text, "limit smtp 26 5/minute per source reject "
				     "log to private");
	assert_true(p->blocks.items[1].clauses.items[0].replies);
	c = &p->blocks.items[1].clauses.items[1];
	assert_true(c->has_target4 && c->has_target6);
	assert_int_equal(c->target4, 0xc0000201);
	policy_free(p);

	p = good_policy("policy p\npurpose \"C:\\new \\\"x\\\" \\\\\"\n"
			"contact \"x\"\nreview 2030-01-01\n"
			"hook forward\n" FREE);
	assert_string_equal(p->purpose, "C:\\new \"x\" \\");
	policy_free(p);

	p = good_policy(HEADER FREE);
	assert_false(p->observe);
	assert_int_equal(p->log_group, 25);
	assert_int_equal(p->log_snaplen, 256);
	assert_int_equal(p->log_threshold, 64);
	assert_int_equal(p->log_rate.count, 0);
	assert_int_equal(p->quarantine_s, 0);
	assert_int_equal(class_named(p, "flagged")->size, 65535);
	assert_int_equal(p->blocks.items[0].clauses.items[0].refusal,
			 REFUSAL_RESET);
	policy_free(p);
}

CLAIM(clause_text, "a clause is its words, without the comment behind them, "
		   "and a # in a string is none")
{
	static const struct {
		const char *text, *block, *want;
		uint32_t len; /* of the clause as it was written */
	} vectors[] = {
		{ "outbound {\n\tallow  smtp from private # why\n}\n",
		  "outbound", "allow smtp from private", 24 },
		{ "outbound from private # x\n{\nallow smtp# x\n}\n",
		  "outbound from private", "allow smtp", 10 },
		{ "outbound {\nallow smtp from \"a#b\" log # \"x\"\n}\n",
		  "outbound", "allow smtp from \"a#b\" log", 25 },
		{ "outbound { allow smtp from \"#\"}", "outbound",
		  "allow smtp from \"#\"", 19 },
		{ "outbound {\nallow smtp # x", "outbound", "allow smtp", 10 },
		{ "define X = private\noutbound from $X # x\n{\nallow smtp "
		  "from $X # x\n}\n",
		  "outbound from $X", "allow smtp from $X", 18 },
		{ "define X = private\noutbound {\nallow smtp from $X log\t# "
		  "x\n}\n",
		  "outbound", "allow smtp from $X log", 22 },
	};

	for (size_t i = 0; i < COUNT(vectors); i++) {
		const struct clause *c;
		char text[512];
		struct policy *p;

		snprintf(text, sizeof(text), "%s%s", HEADER, vectors[i].text);
		p = text_policy(text);
		c = &p->blocks.items[0].clauses.items[0];
		expect_text(vectors[i].text, p->blocks.items[0].text,
			    vectors[i].block);
		expect_text(vectors[i].text, c->text, vectors[i].want);
		expect_number(vectors[i].text, c->span.len, vectors[i].len);
		policy_free(p);
	}
}

CLAIM(clause_keys, "a clause keeps its key when its logging is switched on, "
		   "and shares it with no other")
{
	static const struct {
		const char *first, *second;
		bool same;
	} vectors[] = {
		{ "allow smtp from logs", "allow smtp from logs log", true },
		{ "allow smtp from logs", "allow smtp log from logs", true },
		{ "block smtp reset from logs",
		  "block smtp log reset from logs", true },
		{ "allow smtp from logs", "allow  smtp\tfrom logs # x", true },
		{ "allow smtp from logs", "allow smtp from logs-a", false },
		{ "allow smtp from logs", "allow smtp from s", false },
		{ "allow smtp from logs", "allow smtp to logs", false },
		{ "allow smtp from logs log", "allow imap from logs log",
		  false },
	};

	for (size_t i = 0; i < COUNT(vectors); i++) {
		const char *clauses[] = { vectors[i].first, vectors[i].second };
		char keys[2][64];

		for (size_t k = 0; k < 2; k++) {
			char text[512];
			struct policy *p;

			snprintf(text, sizeof(text),
				 "%sclass logs { 10.0.0.1 ::1 }\nclass logs-a "
				 "{ 10.0.0.2 ::2 }\nclass s { 10.0.0.3 ::3 "
				 "}\noutbound {\n%s\n}\n",
				 HEADER, clauses[k]);
			p = good_policy(text);
			snprintf(keys[k], sizeof(keys[k]), "%s",
				 p->blocks.items[0].clauses.items[0].key);
			policy_free(p);
		}
		expect(!strcmp(keys[0], keys[1]) == vectors[i].same,
		       "in \"%s\" and \"%s\" got %s and %s", clauses[0],
		       clauses[1], keys[0], keys[1]);
	}
}

CLAIM(cannot_read, "a policy that cannot be read is an error number")
{
	struct world w = { 0 };
	struct policy_input input = { .ctx = &w,
				      .read = world_read,
				      .release = world_release,
				      .user = world_user,
				      .group = world_group };
	struct policy *p = (struct policy *)&w;

	assert_int_equal(policy_load(&input, "none", &p), -ENOENT);
	assert_null(p);
	policy_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIMED(good),
		CLAIMED(lexing),
		CLAIMED(header),
		CLAIMED(clauses),
		CLAIMED(hooks),
		CLAIMED(classes),
		CLAIMED(class_files),
		CLAIMED(includes),
		CLAIMED(order),
		CLAIMED(include_depth),
		CLAIMED(definitions),
		CLAIMED(braces),
		CLAIMED(lints),
		CLAIMED(many_mistakes),
		CLAIMED(limits),
		CLAIMED(products),
		CLAIMED(classes_of_classes),
		CLAIMED(not_compared),
		CLAIMED(all_codes),
		CLAIMED(helps),
		CLAIMED(references),
		CLAIMED(class_members),
		CLAIMED(plain_lines),
		CLAIMED(many_hosts),
		CLAIMED(values),
		CLAIMED(clause_text),
		CLAIMED(clause_keys),
		CLAIMED(cannot_read),
	};

	return cmocka_run_group_tests_name("policy", tests, NULL, NULL);
}

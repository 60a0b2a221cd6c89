/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tables of exemptions: what is read of them, and what is said of mistakes. */
#include "../../unit.h"
#include "../../../../tools/exempt/exempt_csv.h"
#include "../../../../tools/exempt/exempt_time.h"

#define NOW_S INT64_C(1796083200) /* 2026-12-01T00:00:00Z */

static struct arena *arena;
static struct diags diags;

static int set_up(void **state)
{
	(void)state;
	setenv("TZ", "UTC", 1);
	tzset();
	arena = arena_new();
	return arena ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

static void read_bytes(const char *text, size_t len, struct exempt_table *out)
{
	struct source_text *source = arena_alloc(arena, sizeof(*source));

	*source = (struct source_text){
		.name = "t.csv",
		.text = arena_strndup(arena, text, len),
		.len = len,
	};
	diags = (struct diags){ .arena = arena };
	exempt_csv_read(arena, &diags, source, "exempt", NOW_S, out);
}

/* "exempt 10.0.0.1 stays ticket|...", a line for each wish. */
static const char *wishes_text(const struct exempt_table *t)
{
	const char *out = "";

	for (size_t i = 0; i < t->wishes.n; i++) {
		const struct exempt_wish *w = &t->wishes.items[i];
		const struct book_said *s = &w->said;
		char range[RANGE_TEXT_MAX];

		out = arena_printf(
			arena, "%s%s%s %s %s %s|%s|%s", out, i ? "\n" : "",
			w->class, cover_print(range, w->family, &w->range),
			!w->has_end ? "-" :
			w->expires_s == EXEMPT_STAYS ?
				      "stays" :
				      exempt_day_text(arena, w->expires_s),
			s->ticket ? s->ticket : "-",
			s->reason ? s->reason : "-",
			s->contact ? s->contact : "-");
	}
	return out;
}

CLAIM(reads, "a table is read as spreadsheets and billing systems write it")
{
	static const struct {
		const char *table, *wishes;
	} vectors[] = {
		{ "member\n10.0.0.1\n", "exempt 10.0.0.1 - -|-|-" },
		{ "member\n10.0.0.1", "exempt 10.0.0.1 - -|-|-" },
		{ "\xef\xbb\xbfmember\r\n10.0.0.1\r\n",
		  "exempt 10.0.0.1 - -|-|-" },
		{ "Member;Ticket\n10.0.0.0/24;A,1\n",
		  "exempt 10.0.0.0/24 - A,1|-|-" },
		{ "member\tticket\n2001:db8::/64\tA 1\n",
		  "exempt 2001:db8::/64 - A 1|-|-" },
		{ "ticket,ip\nA,10.0.0.1\n\n \nB,10.0.0.2\n",
		  "exempt 10.0.0.1 - A|-|-\nexempt 10.0.0.2 - B|-|-" },
		{ "member,expires\n10.0.0.1,\n",
		  "exempt 10.0.0.1 stays -|-|-" },
		/* a date alone is the end of that day */
		{ "member,expires\n10.0.0.1,2027-01-31\n",
		  "exempt 10.0.0.1 2027-02-01 -|-|-" },
		{ "member,until\n10.0.0.1,2027-01-31T10:00:00Z\n",
		  "exempt 10.0.0.1 2027-01-31 -|-|-" },
		{ "member,reason\n10.0.0.1,\"a \"\"mail\"\" server, big\"\n",
		  "exempt 10.0.0.1 - -|a \"mail\" server, big|-" },
		{ "member , contact\n 10.0.0.1 , a@b.example \n",
		  "exempt 10.0.0.1 - -|-|a@b.example" },
		{ "member,reason\n10.0.0.1, \"  kept  \" \n",
		  "exempt 10.0.0.1 - -|  kept  |-" },
		{ "class,member\nvip,10.0.0.1\n,10.0.0.1\n",
		  "vip 10.0.0.1 - -|-|-\nexempt 10.0.0.1 - -|-|-" },
		{ "member\n10.0.0.1-10.0.0.9\n",
		  "exempt 10.0.0.1-10.0.0.9 - -|-|-" },
		/* rows that ended are passed over */
		{ "member,expires\n10.0.0.1,2026-11-30\n10.0.0.2,2026-12-01\n",
		  "exempt 10.0.0.2 2026-12-02 -|-|-" },
		{ "member,state\n10.0.0.1,revoked\n10.0.0.2,active\n"
		  "10.0.0.3,expired\n",
		  "exempt 10.0.0.2 - -|-|-" },
		{ "member,id,created,typed_by\n10.0.0.1,7,x,y\n",
		  "exempt 10.0.0.1 - -|-|-" },
		{ "member\n", "" },
	};
	struct exempt_table t;

	for (size_t i = 0; i < COUNT(vectors); i++) {
		read_bytes(vectors[i].table, strlen(vectors[i].table), &t);
		expect(!diags.errors, "in \"%s\": %s", vectors[i].table,
		       diags.errors ? diags.items[0].message : "");
		expect_text(vectors[i].table, wishes_text(&t),
			    vectors[i].wishes);
	}
}

/* Each with a part of its first sentence, and its line. */
static const struct {
	const char *table;
	unsigned int line;
	const char *said;
} mistakes[] = {
	{ "", 1, "the table is empty" },
	{ "\n\n", 1, "the table is empty" },
	{ "\xef\xbb\xbf", 1, "the table is empty" },
	{ "10.0.0.1\n", 1, "\"10.0.0.1\" is no column" },
	{ "10.0.0.1,A\n10.0.0.2,B\n", 1, "\"10.0.0.1\" is no column" },
	{ "memer\n10.0.0.1\n", 1, "\"memer\" is no column" },
	{ "ticket\nA\n", 1, "names no column \"member\"" },
	{ "member,member\n", 1, "column member is there already" },
	{ "member,ip\n", 1, "column member is there already" },
	{ "member,\n10.0.0.1,\n", 1, "\"\" is no column" },
	{ "member,colour\n", 1, "\"colour\" is no column" },
	{ "member\nfoo\n", 2, "\"foo\" is not an address" },
	{ "member\n10.0.0.256\n", 2, "is not an address" },
	{ "member\n10.0.0\n", 2, "is not an address" },
	{ "member\n10.0.0.1/33\n", 2, "prefix length" },
	{ "member\n10.0.0.1/\n", 2, "prefix length" },
	{ "member\n0.0.0.0/0\n", 2, "every address" },
	{ "member\n::/0\n", 2, "every address" },
	{ "member\n10.0.0.9-10.0.0.1\n", 2, "ends before it starts" },
	{ "member\n10.0.0.1-2001:db8::1\n", 2, "" },
	{ "member\n::ffff:10.0.0.1\n", 2, "" },
	{ "member\nfe80::1%eth0\n", 2, "" },
	{ "member\n010.0.0.1\n", 2, "" },
	{ "member\n10.0.0.1/24\n", 2, "has host bits set" },
	{ "member\n2001:db8::1/64\n", 2, "has host bits set" },
	{ "member,ticket\n,A\n", 2, "\"\" is not an address" },
	{ "member,ticket\n10.0.0.1\n", 2, "has 1 fields, the first one 2" },
	{ "member\n10.0.0.1,A\n", 2, "has 2 fields, the first one 1" },
	{ "member,ticket\n10.0.0.1,A,B\n", 2, "has 3 fields, the first one 2" },
	{ "member;ticket\n10.0.0.1,A\n", 2, "has 1 fields, the first one 2" },
	{ "member,expires\n10.0.0.1,tomorrow\n", 2, "is not a date" },
	{ "member,expires\n10.0.0.1,30d\n", 2, "is not a date" },
	{ "member,expires\n10.0.0.1,2027-02-30\n", 2, "is not a date" },
	{ "member,expires\n10.0.0.1,31.12.2027\n", 2, "is not a date" },
	{ "member,expires\n10.0.0.1,12/31/2027\n", 2, "is not a date" },
	{ "member,expires\n10.0.0.1,1830297600\n", 2, "is not a date" },
	{ "member,expires\n10.0.0.1,2027-01-01T25:00\n", 2, "is not a date" },
	{ "member,expires\n10.0.0.1,2027-01-01T10:00+01:00\n", 2,
	  "is not a date" },
	{ "member,expires\n10.0.0.1,never\n", 2, "is not a date" },
	{ "member\n10.0.0.1\n10.0.0.1\n", 3, "stands in line 2 already" },
	{ "member\n10.0.0.1\n10.0.0.1/32\n", 3, "stands in line 2 already" },
	{ "member\n2001:DB8::1\n10.0.0.1\n2001:db8:0::1\n", 4,
	  "stands in line 2 already" },
	{ "member,class\n10.0.0.1,flagged\n", 2, "is not kept in the book" },
	{ "member,reason\n10.0.0.1,\"open\n10.0.0.2,x\n", 2,
	  "this quote is not closed" },
	{ "member,reason\n10.0.0.1,\"a\"b\n", 2, "ends with its quote" },
	{ "member,reason\n10.0.0.1,caf\xe9\n", 2, "no UTF-8" },
	{ "member,reason\n10.0.0.1,a\x1b[2Jb\n", 2, "control characters" },
	{ "member,reason\n10.0.0.1,a\tb\n", 2, "control characters" },
	{ "member,reason\n10.0.0.1,a\rb\n", 2, "control characters" },
	{ "m\xc3\x28mber\n", 1, "no UTF-8" },
	{ "\xff\xfem\0e\0m\0", 1, "no UTF-8" },
	{ "<html><body>\nmember\n", 1, "is no column" },
	{ "{ \"member\": 1 }\n", 1, "is no column" },
	{ "member = 10.0.0.1\n", 1, "is no column" },
};

CLAIM(refuses,
      "a mistake in a table is told with its line, and nothing is lost")
{
	struct exempt_table t;

	for (size_t i = 0; i < COUNT(mistakes); i++) {
		read_bytes(mistakes[i].table, strlen(mistakes[i].table), &t);
		if (!expect(diags.errors, "nothing is said of \"%s\"",
			    mistakes[i].table))
			continue;
		expect(strstr(diags.items[0].message, mistakes[i].said) &&
			       diags.items[0].span.line == mistakes[i].line,
		       "\"%s\": line %u: %s", mistakes[i].table,
		       diags.items[0].span.line, diags.items[0].message);
	}
}

CLAIM(all_mistakes, "all mistakes of a table are told in one run")
{
	static const char table[] = "member,expires\nfoo,\n10.0.0.1,x\nbar,y\n";
	struct exempt_table t;

	read_bytes(table, strlen(table), &t);
	expect_number(table, diags.errors, 4);
}

CLAIM(bytes, "bytes by chance, and a table that is cut short, crash nothing")
{
	static const char good[] = "member,expires,reason\n"
				   "10.0.0.1,2027-01-31,\"a \"\"b\"\", c\"\r\n"
				   "2001:db8::/64,,d\n";
	struct exempt_table t;
	uint64_t seed = 3;
	char text[sizeof(good)];

	for (size_t n = 0; n < sizeof(good); n++)
		read_bytes(good, n, &t);
	for (int round = 0; round < 20000; round++) {
		memcpy(text, good, sizeof(good));
		for (int i = 0; i < 4; i++)
			text[chance(&seed) % sizeof(text)] =
				(char)chance(&seed);
		read_bytes(text, sizeof(text), &t);
		expect(t.wishes.n <= 3, "%zu wishes", t.wishes.n);
	}
}

CLAIM(round_trip, "what is written can be read again, whatever is in it")
{
	static const char *const texts[] = {
		"",   "plain", "a,b",	 "a;b",		"a\"b",
		"\"", " lead", "trail ", "caf\xc3\xa9", "=1+1",
	};
	struct book_records list = { 0 };
	struct exempt_table t;
	struct text out;

	for (size_t i = 0; i < COUNT(texts); i++) {
		struct book_record *r = arena_push(arena, &list);

		r->class = "exempt";
		r->family = 4;
		addr4_store(&r->range.first, (uint32_t)(0x0a000000 + i));
		r->range.last = r->range.first;
		r->said = (struct book_said){ texts[i], texts[i], texts[i],
					      texts[i], texts[i] };
		r->typed_by = texts[i];
		r->expires_s = i % 2 ? EXEMPT_STAYS : NOW_S + 86400 * 60;
	}
	exempt_csv_write(text_open(&out), &list, NOW_S);
	text_done(&out);
	read_bytes(out.bytes, out.n, &t);
	expect(!diags.errors, "%s", diags.errors ? diags.items[0].message : "");
	assert_int_equal(t.wishes.n, list.n);
	for (size_t i = 0; i < list.n; i++) {
		expect_text(texts[i], t.wishes.items[i].said.reason, texts[i]);
		expect_number(texts[i],
			      (unsigned long long)t.wishes.items[i].expires_s,
			      (unsigned long long)list.items[i].expires_s);
	}
	free(out.bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIMED(reads), CLAIMED(refuses),    CLAIMED(all_mistakes),
		CLAIMED(bytes), CLAIMED(round_trip),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "../../unit.h"

#include <arpa/inet.h>

/* ---- text to one range ---- */

/* "4 10.0.0.0 10.255.255.255 host-bits range" */
static void describe(const struct addr_range *r, char *out)
{
	char first[RANGE_TEXT_MAX], last[RANGE_TEXT_MAX];

	if (r->family == 4) {
		addr4_print(first, r->v4.first);
		addr4_print(last, r->v4.last);
	} else {
		addr6_print(first, &r->v6.first);
		addr6_print(last, &r->v6.last);
	}
	sprintf(out, "%d %s %s%s%s", r->family, first, last,
		r->host_bits ? " host-bits" : "", r->is_range ? " range" : "");
}

CLAIM(parse_good, "addresses, prefixes and ranges are what they say")
{
	static const struct {
		const char *text, *want;
	} vectors[] = {
		{ "0.0.0.0", "4 0.0.0.0 0.0.0.0" },
		{ "255.255.255.255", "4 255.255.255.255 255.255.255.255" },
		{ "192.0.2.1", "4 192.0.2.1 192.0.2.1" },
		{ "10.0.0.0/8", "4 10.0.0.0 10.255.255.255" },
		{ "0.0.0.0/1", "4 0.0.0.0 127.255.255.255" },
		{ "128.0.0.0/1", "4 128.0.0.0 255.255.255.255" },
		{ "192.0.2.0/31", "4 192.0.2.0 192.0.2.1" },
		{ "192.0.2.7/32", "4 192.0.2.7 192.0.2.7" },
		{ "255.255.255.254/31", "4 255.255.255.254 255.255.255.255" },
		{ "192.0.2.77/24", "4 192.0.2.0 192.0.2.255 host-bits" },
		{ "255.255.255.255/1",
		  "4 128.0.0.0 255.255.255.255 host-bits" },
		{ "192.0.2.1/31", "4 192.0.2.0 192.0.2.1 host-bits" },
		{ "192.0.2.3-192.0.2.9", "4 192.0.2.3 192.0.2.9 range" },
		{ "192.0.2.3-192.0.2.3", "4 192.0.2.3 192.0.2.3 range" },
		{ "0.0.0.0-255.255.255.255",
		  "4 0.0.0.0 255.255.255.255 range" },
		{ "::", "6 :: ::" },
		{ "::1", "6 ::1 ::1" },
		{ "2001:DB8::A", "6 2001:db8::a 2001:db8::a" },
		{ "2001:db8:0:0:0:0:0:1", "6 2001:db8::1 2001:db8::1" },
		{ "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
		  "6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
		  "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" },
		{ "2001:db8::/32",
		  "6 2001:db8:: 2001:db8:ffff:ffff:ffff:ffff:ffff:ffff" },
		{ "2001:db8::/36",
		  "6 2001:db8:: 2001:db8:fff:ffff:ffff:ffff:ffff:ffff" },
		{ "::/1", "6 :: 7fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" },
		{ "8000::/1",
		  "6 8000:: ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" },
		{ "2001:db8::1/128", "6 2001:db8::1 2001:db8::1" },
		{ "2001:db8::2/127", "6 2001:db8::2 2001:db8::3" },
		{ "2001:db8::3/127", "6 2001:db8::2 2001:db8::3 host-bits" },
		{ "2001:db8::1/64",
		  "6 2001:db8:: 2001:db8::ffff:ffff:ffff:ffff host-bits" },
		{ "2001:db8:8000::/32",
		  "6 2001:db8:: 2001:db8:ffff:ffff:ffff:ffff:ffff:ffff "
		  "host-bits" },
		{ "2001:db8::1-2001:db8::ff",
		  "6 2001:db8::1 2001:db8::ff range" },
		{ "::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
		  "6 :: ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff range" },
		/* compatible, not mapped: RFC 4291 section 2.5.5.1 */
		{ "::192.0.2.1", "6 ::192.0.2.1 ::192.0.2.1" },
		{ "64:ff9b::192.0.2.1",
		  "6 64:ff9b::c000:201 64:ff9b::c000:201" },
	};

	for (size_t i = 0; i < COUNT(vectors); i++) {
		const char *text = vectors[i].text;
		struct addr_range r;
		enum addr_error error = range_parse(text, strlen(text), &r);
		char got[256];

		if (expect(!error, "in \"%s\" got error \"%s\" want \"%s\"",
			   text, addr_error_text(error), vectors[i].want)) {
			describe(&r, got);
			expect_text(text, got, vectors[i].want);
		}
	}
}

CLAIM(parse_bad, "what is no address says what is wrong with it")
{
	static const struct {
		const char *text;
		enum addr_error want;
	} vectors[] = {
		{ "", ADDR_NOT_ONE },
		{ "customers", ADDR_NOT_ONE },
		{ "1", ADDR_NOT_ONE },
		{ "1.2.3", ADDR_NOT_ONE },
		{ "1.2.3.", ADDR_NOT_ONE },
		{ ".1.2.3", ADDR_NOT_ONE },
		{ "1..2.3", ADDR_NOT_ONE },
		{ "1.2.3.4.5", ADDR_NOT_ONE },
		{ "1.2.3.4x", ADDR_NOT_ONE },
		{ "x1.2.3.4", ADDR_NOT_ONE },
		{ " 1.2.3.4", ADDR_NOT_ONE },
		{ "1.2.3.4 ", ADDR_NOT_ONE },
		{ "+1.2.3.4", ADDR_NOT_ONE },
		{ "1.2.3.256", ADDR_NOT_ONE },
		{ "999.2.3.4", ADDR_NOT_ONE },
		{ "1.2.3.99999999999999999999", ADDR_NOT_ONE },
		{ "0x7f.0.0.1", ADDR_NOT_ONE },
		{ "010.0.0.1", ADDR_LEADING_ZERO },
		{ "1.2.3.00", ADDR_LEADING_ZERO },
		{ "1.2.3.04", ADDR_LEADING_ZERO },
		{ "000.0.0.0", ADDR_LEADING_ZERO },
		{ ":", ADDR_NOT_ONE },
		{ ":::", ADDR_NOT_ONE },
		{ "1::2::3", ADDR_NOT_ONE },
		{ "12345::", ADDR_NOT_ONE },
		{ "2001:db8:1:2:3:4:5:6:7", ADDR_NOT_ONE },
		{ "2001:db8:1:2:3:4:5", ADDR_NOT_ONE },
		{ "g::1", ADDR_NOT_ONE },
		{ "[::1]", ADDR_NOT_ONE },
		{ "0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000",
		  ADDR_NOT_ONE },
		{ "1.2.3.4/", ADDR_BAD_LENGTH },
		{ "1.2.3.4/33", ADDR_BAD_LENGTH },
		{ "1.2.3.4/-1", ADDR_BAD_LENGTH },
		{ "1.2.3.4/x", ADDR_BAD_LENGTH },
		{ "1.2.3.4/8x", ADDR_BAD_LENGTH },
		{ "1.2.3.4/8/8", ADDR_BAD_LENGTH },
		{ "1.2.3.4/0032", ADDR_BAD_LENGTH },
		{ "1.2.3.4/255.255.255.0", ADDR_BAD_LENGTH },
		{ "1.2.3.4/4294967304", ADDR_BAD_LENGTH },
		{ "::1/129", ADDR_BAD_LENGTH },
		{ "::1/", ADDR_BAD_LENGTH },
		{ "::1/999", ADDR_BAD_LENGTH },
		{ "/8", ADDR_NOT_ONE },
		{ "/", ADDR_NOT_ONE },
		{ "1.2.3/8", ADDR_NOT_ONE },
		{ "1.2.3.4-1.2.3.9/24", ADDR_NOT_ONE },
		{ "0.0.0.0/0", ADDR_EVERYTHING },
		{ "192.0.2.1/0", ADDR_EVERYTHING },
		{ "::/0", ADDR_EVERYTHING },
		{ "1.2.3.4-", ADDR_NOT_ONE },
		{ "-1.2.3.4", ADDR_NOT_ONE },
		{ "-", ADDR_NOT_ONE },
		{ "1.2.3.4-5", ADDR_NOT_ONE },
		{ "1.2.3.4-1.2.3.5-1.2.3.6", ADDR_NOT_ONE },
		{ "1.2.3.4-1.2.3.3", ADDR_BACKWARDS },
		{ "255.255.255.255-0.0.0.0", ADDR_BACKWARDS },
		{ "2001:db8::2-2001:db8::1", ADDR_BACKWARDS },
		{ "1.2.3.4-2001:db8::1", ADDR_MIXED },
		{ "2001:db8::1-1.2.3.4", ADDR_MIXED },
		{ "::ffff:192.0.2.1", ADDR_MAPPED },
		{ "::ffff:c000:201", ADDR_MAPPED },
		{ "::FFFF:0:0/96", ADDR_MAPPED },
		{ "::ffff:192.0.2.1-::ffff:192.0.2.9", ADDR_MAPPED },
		{ "fe80::1%eth0", ADDR_ZONE },
		{ "fe80::1%eth0/64", ADDR_ZONE },
		{ "1.2.3.4-010.0.0.1", ADDR_LEADING_ZERO },
	};

	for (size_t i = 0; i < COUNT(vectors); i++) {
		const char *text = vectors[i].text;
		struct addr_range r;
		enum addr_error got = range_parse(text, strlen(text), &r);

		expect(got == vectors[i].want,
		       "in \"%s\" got \"%s\" want \"%s\"", text,
		       addr_error_text(got), addr_error_text(vectors[i].want));
		expect(*addr_error_text(got), "error %d has no text", got);
	}
}

CLAIM(parse_bounds, "a text ends where its length says, NUL or not")
{
	static const struct {
		const char *text;
		size_t len;
		enum addr_error error;
		const char *want;
	} vectors[] = {
		{ "192.0.2.199", 9, ADDR_OK, "4 192.0.2.1 192.0.2.1" },
		{ "192.0.2.0/245", 12, ADDR_OK, "4 192.0.2.0 192.0.2.255" },
		{ "::1-::ff", 7, ADDR_OK, "6 ::1 ::f range" },
		{ "::12", 3, ADDR_OK, "6 ::1 ::1" },
		{ "1.2.3.4\0", 8, ADDR_NOT_ONE, NULL },
		{ "1.2.3.4/8\0", 10, ADDR_BAD_LENGTH, NULL },
	};

	for (size_t i = 0; i < COUNT(vectors); i++) {
		/* no byte more than the length: the sanitizer looks on */
		char *exact = malloc(vectors[i].len), got[256];
		struct addr_range r;
		enum addr_error error;

		memcpy(exact, vectors[i].text, vectors[i].len);
		error = range_parse(exact, vectors[i].len, &r);
		free(exact);
		expect(error == vectors[i].error,
		       "in \"%s\" of %zu bytes got \"%s\"", vectors[i].text,
		       vectors[i].len, addr_error_text(error));
		if (error)
			continue;
		describe(&r, got);
		expect_text(vectors[i].text, got, vectors[i].want);
	}
}

CLAIM(parse4_like_inet, "IPv4 addresses are read as inet_pton() reads them")
{
	uint64_t seed = 20240811;

	for (int i = 0; i < 20000; i++) {
		uint32_t addr = (uint32_t)chance(&seed);
		struct in_addr in = { htonl(addr) };
		char text[INET_ADDRSTRLEN], got[RANGE_TEXT_MAX];
		struct addr_range r;
		enum addr_error error;

		inet_ntop(AF_INET, &in, text, sizeof(text));
		error = range_parse(text, strlen(text), &r);
		expect(!error && r.family == 4 && r.v4.first == addr &&
			       r.v4.last == addr,
		       "in \"%s\" got %#x want %#x", text, r.v4.first, addr);
		expect_number(text, addr4_print(got, addr), strlen(text));
		expect_text(text, got, text);
	}
}

/* ---- ranges to text ---- */

/* Compares addr_parse() with inet_pton() on a text. */
static void compare_with_inet(const char *text)
{
	struct addr6 got, want = { { 0 } };
	bool v6 = strchr(text, ':');
	int family;
	bool good = !addr_parse(text, strlen(text), &family, &got);

	expect(good == (inet_pton(v6 ? AF_INET6 : AF_INET, text, want.byte) ==
			1),
	       "\"%s\" is read differently", text);
	expect(!good || (family == (v6 ? 6 : 4) && !addr6_compare(&got, &want)),
	       "\"%s\" is another address", text);
}

CLAIM(parse_like_inet, "one address of either family is read as inet_pton() "
		       "reads it, mapped ones too")
{
	static const char *const texts[] = {
		"::",
		"::1",
		"1::",
		":",
		":::",
		"1:",
		"1:2:3:4:5:6:7:8",
		"1:2:3:4:5:6:7::",
		"::2:3:4:5:6:7:8",
		"1::2:3:4:5:6:7:8",
		"1:2:3:4:5:6:7:8:9",
		"1:2::3::4",
		"::ffff:192.0.2.1",
		"::192.0.2.1.",
		"1:2:3:4:5:6:7:1.2.3.4",
		"1:2:3:4:5:6:1.2.3.4",
		"::1.2.3.04",
		"::1.2.3",
		"::12345",
		"::g",
		"ABCD:ef01::",
		"1.2.3.4",
		"01.2.3.4",
		"1.2.3.4 ",
		"1.2.3.4-1.2.3.5",
		"1.2.3.0/24",
		"::/0",
		"",
		".",
		"1.2.3.4:",
	};
	static const char signs[] = "0123fF::::..:1";
	char text[20];

	for (size_t i = 0; i < COUNT(texts); i++)
		compare_with_inet(texts[i]);
	srand(1);
	for (int i = 0; i < 200000; i++) {
		size_t n = (size_t)rand() % (sizeof(text) - 1);

		text[n] = '\0';
		while (n)
			text[--n] = signs[(size_t)rand() % (sizeof(signs) - 1)];
		compare_with_inet(text);
	}
}

CLAIM(address_forms, "an IPv4 address is in the first four bytes, and prints "
		     "as it was read")
{
	struct addr6 addr;
	char text[RANGE_TEXT_MAX];
	int family;

	assert_int_equal(addr_parse("192.0.2.1", 9, &family, &addr), ADDR_OK);
	assert_int_equal(addr4_load(&addr), 0xc0000201);
	assert_int_equal(addr_print(text, 4, &addr), 9);
	assert_string_equal(text, "192.0.2.1");
	assert_int_equal(addr_print_source(text, 4, &addr), 9);
	addr4_store(&addr, 0x20010db8);
	assert_int_equal(addr_print_source(text, 6, &addr), 13);
	assert_string_equal(text, "2001:db8::/64");
}

CLAIM(print_back, "a range is printed as what it can be read from")
{
	static const struct {
		const char *text, *want;
	} vectors[] = {
		{ "0.0.0.0", "0.0.0.0" },
		{ "255.255.255.255", "255.255.255.255" },
		{ "10.0.0.0-10.255.255.255", "10.0.0.0/8" },
		{ "0.0.0.0-127.255.255.255", "0.0.0.0/1" },
		{ "128.0.0.0-255.255.255.255", "128.0.0.0/1" },
		{ "192.0.2.0-192.0.2.1", "192.0.2.0/31" },
		{ "192.0.2.1-192.0.2.2", "192.0.2.1-192.0.2.2" },
		{ "192.0.2.1-192.0.2.1", "192.0.2.1" },
		/* a power of two that does not start at one */
		{ "192.0.2.128-192.0.3.127", "192.0.2.128-192.0.3.127" },
		{ "0.0.0.1-255.255.255.255", "0.0.0.1-255.255.255.255" },
		{ "0.0.0.0-255.255.255.254", "0.0.0.0-255.255.255.254" },
		{ "::", "::" },
		{ "2001:db8::/33", "2001:db8::/33" },
		{ "2001:db8::-2001:db8::ffff", "2001:db8::/112" },
		{ "2001:db8::1-2001:db8::ffff", "2001:db8::1-2001:db8::ffff" },
		{ "2001:db8::-2001:db8::fffe", "2001:db8::-2001:db8::fffe" },
		{ "2001:db8::-2001:db8::1", "2001:db8::/127" },
		{ "2001:db8::80-2001:db8::17f", "2001:db8::80-2001:db8::17f" },
		{ "8000::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
		  "8000::/1" },
		{ "1:2:3:4:5:6:7:8-1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8" },
		/* the longest text of all */
		{ "1111:1111:1111:1111:1111:1111:1111:1111-"
		  "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe",
		  "1111:1111:1111:1111:1111:1111:1111:1111-"
		  "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe" },
	};

	for (size_t i = 0; i < COUNT(vectors); i++) {
		const char *text = vectors[i].text;
		struct addr_range r, again;
		char got[RANGE_TEXT_MAX];
		size_t len;

		assert_int_equal(range_parse(text, strlen(text), &r), ADDR_OK);
		len = r.family == 4 ? range4_print(got, &r.v4) :
				      range6_print(got, &r.v6);
		expect_text(text, got, vectors[i].want);
		expect_number(text, len, strlen(got));
		assert_int_equal(range_parse(got, len, &again), ADDR_OK);
		expect(again.family == r.family &&
			       (r.family == 4 ? !memcmp(&again.v4, &r.v4,
							sizeof(r.v4)) :
						!memcmp(&again.v6, &r.v6,
							sizeof(r.v6))),
		       "in \"%s\" printed \"%s\" reads as another range", text,
		       got);
	}
}

CLAIM(print_lengths, "every prefix length is printed and read back")
{
	for (unsigned int length = 1; length <= 128; length++) {
		char text[64], got[RANGE_TEXT_MAX];
		struct addr_range r;

		if (length <= 32) {
			sprintf(text, "0.0.0.0/%u", length);
			assert_int_equal(range_parse(text, strlen(text), &r),
					 ADDR_OK);
			range4_print(got, &r.v4);
			expect_text(text, got, length < 32 ? text : "0.0.0.0");
		}
		sprintf(text, "::/%u", length);
		assert_int_equal(range_parse(text, strlen(text), &r), ADDR_OK);
		range6_print(got, &r.v6);
		expect_text(text, got, length < 128 ? text : "::");
	}
}

CLAIM(next_prev, "one more and one less carry through all bytes")
{
	static const struct {
		const char *text, *next, *prev; /* NULL: round the end */
	} vectors[] = {
		{ "::", "::1", NULL },
		{ "::1", "::2", "::" },
		{ "::ff", "::100", "::fe" },
		{ "2001:db8:0:1::", "2001:db8:0:1::1",
		  "2001:db8::ffff:ffff:ffff:ffff" },
		{ "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
		  "2001:db9::", "2001:db8:ffff:ffff:ffff:ffff:ffff:fffe" },
		{ "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", NULL,
		  "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe" },
	};

	for (size_t i = 0; i < COUNT(vectors); i++) {
		const char *text = vectors[i].text;
		struct addr6 addr, more, less;
		char got[RANGE_TEXT_MAX];
		bool has_next, has_prev;

		assert_int_equal(inet_pton(AF_INET6, text, addr.byte), 1);
		more = less = addr;
		has_next = addr6_next(&more);
		has_prev = addr6_prev(&less);
		addr6_print(got, &more);
		expect_number(text, has_next, vectors[i].next != NULL);
		expect_text(text, got,
			    vectors[i].next ? vectors[i].next : "::");
		addr6_print(got, &less);
		expect_number(text, has_prev, vectors[i].prev != NULL);
		expect_text(text, got,
			    vectors[i].prev ?
				    vectors[i].prev :
				    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIMED(parse_good),	  CLAIMED(parse_bad),
		CLAIMED(parse_bounds),	  CLAIMED(parse4_like_inet),
		CLAIMED(parse_like_inet), CLAIMED(address_forms),
		CLAIMED(print_back),	  CLAIMED(print_lengths),
		CLAIMED(next_prev),
	};

	return cmocka_run_group_tests_name("addr", tests, NULL, NULL);
}

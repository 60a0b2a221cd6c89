/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "../../unit.h"

#include "../../../../rules/base/action.h"
#include "../../../../rules/base/service.h"
#include "../../../../rules/base/units.h"
#include "../../../../rules/text/parse.h"

CLAIM(numbers, "a number is decimal digits between its least and its most")
{
	static const struct {
		const char *text;
		uint32_t least, most;
		bool good;
		uint32_t want;
	} vectors[] = {
		{ "0", 0, 10, true, 0 },
		{ "7", 0, 10, true, 7 },
		{ "10", 0, 10, true, 10 },
		{ "11", 0, 10, false, 0 },
		{ "0", 1, 10, false, 0 },
		{ "0000000010", 1, 10, true, 10 },
		{ "4294967295", 0, UINT32_MAX, true, UINT32_MAX },
		{ "4294967296", 0, UINT32_MAX, false, 0 },
		{ "18446744073709551617", 0, UINT32_MAX, false, 0 },
		{ "99999999999999999999999999999999999999", 0, UINT32_MAX,
		  false, 0 },
		{ "", 0, 10, false, 0 },
		{ "-1", 0, 10, false, 0 },
		{ "+1", 0, 10, false, 0 },
		{ " 1", 0, 10, false, 0 },
		{ "1 ", 0, 10, false, 0 },
		{ "1.0", 0, 10, false, 0 },
		{ "0x5", 0, 10, false, 0 },
		{ "5a", 0, 10, false, 0 },
	};

	for (size_t i = 0; i < COUNT(vectors); i++) {
		uint32_t got = 4711;
		bool good = number_parse(vectors[i].text, vectors[i].least,
					 vectors[i].most, &got);

		expect(good == vectors[i].good &&
			       (!good || got == vectors[i].want),
		       "in \"%s\" from %u to %u got %d %u want %d %u",
		       vectors[i].text, vectors[i].least, vectors[i].most, good,
		       got, vectors[i].good, vectors[i].want);
	}
}

CLAIM(durations, "a duration has one unit, a second at least, ten years at "
		 "most")
{
	static const struct {
		const char *text;
		uint32_t want; /* 0: none */
	} vectors[] = {
		{ "1s", 1 },
		{ "90s", 90 },
		{ "30m", 1800 },
		{ "24h", 86400 },
		{ "7d", 604800 },
		{ "2w", 1209600 },
		{ "3660d", 3660u * 86400 },
		{ "3661d", 0 },
		{ "316224000s", 316224000 },
		{ "316224001s", 0 },
		{ "522w", 522u * 604800 },
		{ "523w", 0 },
		{ "0s", 0 },
		{ "0w", 0 },
		{ "", 0 },
		{ "s", 0 },
		{ "5", 0 },
		{ "5y", 0 },
		{ "5 m", 0 },
		{ "-5m", 0 },
		{ "5ms", 0 },
		{ "1h30m", 0 },
		{ "1.5h", 0 },
		{ "5M", 0 },
		{ "00000000001s", 1 },
		{ "000000000001s", 0 },
		{ "99999999999w", 0 },
		{ "4294967297s", 0 },
		{ "7102w", 0 },
	};

	for (size_t i = 0; i < COUNT(vectors); i++) {
		uint32_t got = 0;
		bool good = duration_parse(vectors[i].text, &got);

		expect(good == (vectors[i].want != 0) &&
			       (!good || got == vectors[i].want),
		       "in \"%s\" got %d %u want %u", vectors[i].text, good,
		       got, vectors[i].want);
	}
}

CLAIM(durations_print, "a duration is printed in its largest exact unit and "
		       "reads back")
{
	static const struct {
		uint32_t seconds;
		const char *want;
	} vectors[] = {
		{ 1, "1s" },	  { 59, "59s" },
		{ 60, "1m" },	  { 61, "61s" },
		{ 3600, "1h" },	  { 5400, "90m" },
		{ 86400, "1d" },  { 90000, "25h" },
		{ 604800, "1w" }, { 1209600, "2w" },
		{ 691200, "8d" }, { 4294967295u, "4294967295s" },
	};

	for (size_t i = 0; i < COUNT(vectors); i++) {
		char text[16], in[32];
		uint32_t back = 0;

		sprintf(in, "%u", vectors[i].seconds);
		duration_print(text, vectors[i].seconds);
		expect_text(in, text, vectors[i].want);
		if (vectors[i].seconds < 316224000) {
			expect(duration_parse(text, &back), "\"%s\" is none",
			       text);
			expect_number(text, back, vectors[i].seconds);
		}
	}
}

CLAIM(rates, "a rate is a count from one to a million and a unit by its name")
{
	static const struct {
		const char *text;
		uint32_t count, unit_s; /* 0: none */
	} vectors[] = {
		{ "10/second", 10, 1 },
		{ "10/minute", 10, 60 },
		{ "10/hour", 10, 3600 },
		{ "10/day", 10, 86400 },
		{ "1/day", 1, 86400 },
		{ "1000000/second", 1000000, 1 },
		{ "1000001/second", 0, 0 },
		{ "0/second", 0, 0 },
		{ "00000000010/second", 10, 1 },
		{ "000000000010/second", 0, 0 },
		{ "", 0, 0 },
		{ "/", 0, 0 },
		{ "10", 0, 0 },
		{ "10/", 0, 0 },
		{ "/second", 0, 0 },
		{ "10/sec", 0, 0 },
		{ "10/seconds", 0, 0 },
		{ "10/Second", 0, 0 },
		{ "10/week", 0, 0 },
		{ "10/s", 0, 0 },
		{ "10//second", 0, 0 },
		{ "x/second", 0, 0 },
		{ "-1/second", 0, 0 },
		{ "1.5/second", 0, 0 },
		{ "10/second/2", 0, 0 },
	};

	for (size_t i = 0; i < COUNT(vectors); i++) {
		uint32_t count = 0, unit_s = 0;
		bool good = rate_parse(vectors[i].text, &count, &unit_s);

		expect(good == (vectors[i].unit_s != 0) &&
			       (!good || (count == vectors[i].count &&
					  unit_s == vectors[i].unit_s)),
		       "in \"%s\" got %d %u/%us want %u/%us", vectors[i].text,
		       good, count, unit_s, vectors[i].count,
		       vectors[i].unit_s);
	}
}

CLAIM(dates, "a date exists, leap years and all")
{
	static const struct {
		const char *text;
		int32_t want; /* -1: none */
	} vectors[] = {
		{ "1970-01-01", 0 },	  { "1970-01-02", 1 },
		{ "1970-12-31", 364 },	  { "1971-01-01", 365 },
		{ "1972-02-29", 789 },	  { "1972-03-01", 790 },
		{ "2000-02-29", 11016 },  { "2000-03-01", 11017 },
		{ "2024-02-29", 19782 },  { "2024-12-31", 20088 },
		{ "2027-06-30", 20999 },  { "2100-03-01", 47541 },
		{ "2400-02-29", 157113 }, { "9999-12-31", 2932896 },
		{ "1969-12-31", -1 },	  { "0000-01-01", -1 },
		{ "1900-02-29", -1 },	  { "2100-02-29", -1 },
		{ "2023-02-29", -1 },	  { "2024-02-30", -1 },
		{ "2024-00-10", -1 },	  { "2024-13-10", -1 },
		{ "2024-04-31", -1 },	  { "2024-04-00", -1 },
		{ "2024-01-32", -1 },	  { "2024-6-30", -1 },
		{ "24-06-30", -1 },	  { "2024/06/30", -1 },
		{ "2024-06-30 ", -1 },	  { " 2024-06-30", -1 },
		{ "30-06-2024", -1 },	  { "20240630", -1 },
		{ "tomorrow..", -1 },	  { "", -1 },
		{ "----------", -1 },	  { "2024--6-30", -1 },
		{ "12024-06-30", -1 },	  { "2027-1--30", -1 },
		{ "2027-01-5-", -1 },	  { "2027-01--5", -1 },
		{ "20-7-01-05", -1 },	  { "-027-01-05", -1 },
	};

	for (size_t i = 0; i < COUNT(vectors); i++) {
		int32_t got = -1;
		bool good = date_parse(vectors[i].text, &got);

		expect(good == (vectors[i].want >= 0) &&
			       (!good || got == vectors[i].want),
		       "in \"%s\" got %d %d want %d", vectors[i].text, good,
		       got, vectors[i].want);
	}
}

CLAIM(dates_like_libc, "days are counted as timegm() counts them")
{
	for (int32_t day = 0; day < 200000; day += 13) {
		time_t then = (time_t)((int64_t)day * 86400);
		char text[64];
		struct tm tm;
		int32_t got = -1;

		gmtime_r(&then, &tm);
		strftime(text, sizeof(text), "%Y-%m-%d", &tm);
		expect(date_parse(text, &got) && got == day,
		       "in \"%s\" got %d want %d", text, got, day);
	}
}

/* ---- did you mean ---- */

CLAIM(nearest, "the nearest word is found, a swap counts once, and nothing is "
	       "guessed")
{
	static const char *const words[] = {
		"smtp",	 "submission", "submissions", "imap",
		"imaps", "pop3",       "pop3s",	      "smtp-alt",
	};
	static const struct {
		const char *written, *want; /* NULL: none is near */
	} vectors[] = {
		{ "smtp", NULL }, /* never itself */
		{ "smpt", "smtp" },
		{ "smt", "smtp" },
		{ "stmp", "smtp" },
		{ "smtpx", "smtp" },
		{ "smtps", "smtp" },
		{ "submision", "submission" },
		{ "submisions", "submissions" },
		{ "submissionss", "submissions" },
		{ "subimssions", "submissions" },
		{ "imps", "imaps" },
		{ "ima", "imap" },
		{ "smtpalt", "smtp-alt" },
		{ "smtp_alt", "smtp-alt" },
		{ "telnet", NULL },
		{ "http", NULL },
		{ "ftp", NULL },
		{ "customers", NULL },
		{ "a-word-that-is-longer-than-31-bytes", NULL },
	};

	for (size_t i = 0; i < COUNT(vectors); i++) {
		const char *written = vectors[i].written;
		const char *got = nearest_word(written, strlen(written), words,
					       COUNT(words));

		expect_text(written, got ? got : "none",
			    vectors[i].want ? vectors[i].want : "none");
	}
	expect(!nearest_word("a#b", 3, (const char *const[]){ "any" }, 1),
	       "\"a#b\" near \"any\"");
	expect(!nearest_word("x", 1, (const char *const[]){ "a" }, 1),
	       "a letter near another one");
	expect(!nearest_word("smtp", 4, NULL, 0), "a word near no words");
	expect(!nearest_word("smtp", 4,
			     (const char *const[]){
				     "smtp-with-very-many-letters-behind-it" },
			     1),
	       "a word near one of 37 letters");
}

CLAIM(nearest_length, "a written word ends where its length says")
{
	static const char *const words[] = { "allow", "block" };

	expect_text("blokkade of 5", nearest_word("blokkade", 4, words, 2),
		    "block");
	expect_text("alow smtp", nearest_word("alow smtp", 4, words, 2),
		    "allow");
}

/* ---- services ---- */

CLAIM(services_table, "every service has a name and a port of its own")
{
	static const struct {
		const char *name;
		uint16_t port;
		const char *role, *encryption;
	} want[] = {
		{ "smtp", 25, "transport", "starttls" },
		{ "submissions", 465, "submission", "implicit-tls" },
		{ "submission", 587, "submission", "starttls" },
		{ "smtp-alt", 2525, "submission", "starttls" },
		{ "imap", 143, "access", "starttls" },
		{ "imaps", 993, "access", "implicit-tls" },
		{ "pop3", 110, "access", "starttls" },
		{ "pop3s", 995, "access", "implicit-tls" },
	};

	expect_number("the services", n_services, COUNT(want));
	for (size_t i = 0; i < COUNT(want); i++) {
		const struct service *s = service_by_name(want[i].name);

		if (!expect(s, "there is no service %s", want[i].name))
			continue;
		expect_number(want[i].name, s->port, want[i].port);
		expect(service_by_port(want[i].port) == s,
		       "port %u is not of %s", want[i].port, want[i].name);
		expect_text(want[i].name, service_role_name(s->role),
			    want[i].role);
		expect_text(want[i].name,
			    service_encryption_name(s->encryption),
			    want[i].encryption);
		expect(*s->purpose, "%s has no purpose", s->name);
	}
	for (size_t i = 1; i < n_services; i++)
		expect(services[i - 1].port < services[i].port,
		       "%s stands before %s", services[i - 1].name,
		       services[i].name);
	expect(!service_by_name("smtps") && !service_by_name("") &&
		       !service_by_name("SMTP"),
	       "a service without a row");
	expect(!service_by_port(0) && !service_by_port(24) &&
		       !service_by_port(65535),
	       "a port without a row");
}

static bool is_of_submission(const struct service *s)
{
	return s->role == ROLE_SUBMISSION;
}

static bool is_imap(const struct service *s)
{
	return s->port == 143;
}

static bool is_none(const struct service *s)
{
	return !s;
}

CLAIM(services_chosen, "services are listed by what their rows say")
{
	char list[SERVICE_LIST_BYTES];

	expect_text("three", service_list_ports(is_of_submission, "or", list),
		    "465, 587 or 2525");
	expect_text("two",
		    service_list_ports(service_is_cleartext, "and", list),
		    "110 and 143");
	expect_text("one", service_list_ports(is_imap, "and", list), "143");
	expect_text("none", service_list_ports(is_none, "and", list), "");
	for (size_t i = 0; i < n_services; i++) {
		const struct service *s = &services[i];

		expect(!s->offer || service_offered(s->role, s->offer) == s,
		       "two services have the rank of %s", s->name);
		expect(s->offer < 2 || service_offered(s->role, s->offer - 1u),
		       "nothing is offered before %s", s->name);
	}
	expect(!service_offered(ROLE_TRANSPORT, 1) &&
		       !service_offered(ROLE_ACCESS, 0),
	       "a service that is not offered");
}

CLAIM(actions_table, "what an action may have follows from its row")
{
	static const struct {
		const char *word;
		bool passes, refuses, blocks, rate, redirects, counts;
	} want[] = {
		[ACTION_ALLOW] = { "allow", true, false, false, false, false,
				   false },
		[ACTION_BLOCK] = { "block", false, true, true, false, false,
				   false },
		[ACTION_LIMIT] = { "limit", true, true, false, true, false,
				   false },
		[ACTION_REDIRECT] = { "redirect", false, false, false, false,
				      true, false },
		[ACTION_OBSERVE] = { "observe", true, false, false, false,
				     false, true },
	};

	for (enum action a = 0; a < COUNT(want); a++) {
		expect_text("its word", action_name(a), want[a].word);
		expect(action_by_word(want[a].word, strlen(want[a].word)) == a,
		       "%s is not found", want[a].word);
		expect(action_lets_through(a) == want[a].passes &&
			       action_may_refuse(a) == want[a].refuses &&
			       action_blocks(a) == want[a].blocks &&
			       action_needs_rate(a) == want[a].rate &&
			       action_redirects(a) == want[a].redirects &&
			       action_only_counts(a) == want[a].counts,
		       "%s does something else", want[a].word);
		expect(is_reserved(want[a].word), "a class may be called %s",
		       want[a].word);
	}
	expect(action_by_word("block", 4) == ACTION_N &&
		       action_by_word("blocks", 6) == ACTION_N &&
		       action_by_word("", 0) == ACTION_N,
	       "a word that is no action");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIMED(numbers),	  CLAIMED(durations),
		CLAIMED(durations_print), CLAIMED(rates),
		CLAIMED(dates),		  CLAIMED(dates_like_libc),
		CLAIMED(nearest),	  CLAIMED(nearest_length),
		CLAIMED(services_table),  CLAIMED(services_chosen),
		CLAIMED(actions_table),
	};

	return cmocka_run_group_tests_name("units", tests, NULL, NULL);
}

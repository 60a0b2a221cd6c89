/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Points in time as people write them. */
#include "../../unit.h"
#include "../../../../tools/program/when.h"

#define NOW INT64_C(1795530645) /* 2026-11-24 14:30:45 UTC */

static void zone(const char *tz)
{
	setenv("TZ", tz, 1);
	tzset();
}

struct vector {
	const char *tz, *text;
	int64_t want;
};

static void expect_all(const struct vector *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		int64_t got = -77;

		zone(rows[i].tz);
		expect(when_parse(rows[i].text, NOW, &got) &&
			       got == rows[i].want,
		       "%s \"%s\": got %lld want %lld", rows[i].tz,
		       rows[i].text, (long long)got, (long long)rows[i].want);
	}
	zone("UTC");
}

CLAIM(ago, "a duration is so long ago, in any zone")
{
	static const struct vector rows[] = {
		{ "UTC", "now", NOW },
		{ "UTC", "1s", NOW - 1 },
		{ "UTC", "90s", NOW - 90 },
		{ "Asia/Tokyo", "30m", NOW - 1800 },
		{ "Asia/Tokyo", "24h", NOW - 86400 },
		{ "Europe/Berlin", "7d", NOW - 7 * 86400 },
		/* Over the end of summer time as well. */
		{ "Europe/Berlin", "60d", NOW - 60 * 86400 },
		{ "UTC", "2w", NOW - 14 * 86400 },
		{ "UTC", "3660d", NOW - INT64_C(3660) * 86400 },
	};

	expect_all(rows, COUNT(rows));
}

CLAIM(midnights, "today and yesterday are their midnights, where one is")
{
	static const struct vector rows[] = {
		{ "UTC", "today", 1795478400 },
		{ "UTC", "yesterday", 1795392000 },
		{ "Europe/Berlin", "today", 1795474800 },
		{ "Europe/Berlin", "yesterday", 1795388400 },
		{ "Asia/Kolkata", "today", 1795458600 },
		{ "America/New_York", "today", 1795496400 },
		/* It is the 25th there. */
		{ "Pacific/Kiritimati", "today", 1795514400 },
	};

	expect_all(rows, COUNT(rows));
}

CLAIM(dates, "a date is its midnight, a time may stand behind it, and a Z says "
	     "UTC")
{
	static const struct vector rows[] = {
		{ "UTC", "1970-01-01", 0 },
		{ "UTC", "1970-01-02", 86400 },
		{ "UTC", "2026-11-24", 1795478400 },
		{ "UTC", "2026-11-24 08:30", 1795509000 },
		{ "UTC", "2026-11-24T08:30", 1795509000 },
		{ "UTC", "2026-11-24T08:30:07", 1795509007 },
		{ "UTC", "2026-11-24 23:59:59", 1795564799 },
		{ "UTC", "2024-02-29", 1709164800 },
		{ "UTC", "2000-02-29", 951782400 },
		{ "UTC", "2026-12-31T23:59", 1798761540 },
		{ "UTC", "9999-12-31", INT64_C(253402214400) },
		{ "Europe/Berlin", "2026-11-24", 1795474800 },
		{ "Europe/Berlin", "2026-11-24 08:30", 1795505400 },
		{ "Europe/Berlin", "2026-07-01 00:00", 1782856800 },
		{ "Europe/Berlin", "2026-11-24Z", 1795478400 },
		{ "Europe/Berlin", "2026-11-24T08:30Z", 1795509000 },
		{ "Europe/Berlin", "2026-11-24 08:30:07Z", 1795509007 },
		{ "Europe/Berlin", "2026-07-01T00:00Z", 1782864000 },
		{ "America/New_York", "2026-11-24", 1795496400 },
		{ "Asia/Kolkata", "2026-11-24T00:00:00", 1795458600 },
		{ "Asia/Kolkata", "1970-01-01Z", 0 },
	};

	expect_all(rows, COUNT(rows));
}

CLAIM(summer, "an hour that is skipped or comes twice is a time within an hour "
	      "of it, and those around it are exact")
{
	static const struct vector exact[] = {
		{ "Europe/Berlin", "2026-03-29 01:59:59", 1774745999 },
		{ "Europe/Berlin", "2026-03-29 03:00", 1774746000 },
		{ "Europe/Berlin", "2026-03-29T02:30Z", 1774751400 },
		{ "Europe/Berlin", "2026-10-25 01:59:59", 1792886399 },
		{ "Europe/Berlin", "2026-10-25 03:00", 1792893600 },
		{ "Europe/Berlin", "2026-10-25T02:30Z", 1792895400 },
		{ "America/New_York", "2026-03-08 03:00", 1772953200 },
	};
	static const struct {
		const char *tz, *text;
		int64_t one, other;
	} rows[] = {
		{ "Europe/Berlin", "2026-03-29 02:30", 1774744200, 1774747800 },
		{ "Europe/Berlin", "2026-10-25 02:30", 1792888200, 1792891800 },
		{ "America/New_York", "2026-11-01 01:15", 1793510100,
		  1793513700 },
	};

	expect_all(exact, COUNT(exact));
	for (size_t i = 0; i < COUNT(rows); i++) {
		int64_t got = -77, again;

		zone(rows[i].tz);
		expect(when_parse(rows[i].text, NOW, &got) &&
			       (got == rows[i].one || got == rows[i].other),
		       "%s \"%s\": got %lld", rows[i].tz, rows[i].text,
		       (long long)got);
		/* Whatever was asked ahead of it. */
		when_parse("2026-07-01", NOW, &again);
		when_parse(rows[i].text, NOW, &again);
		expect(got == again, "%s \"%s\": %lld, then %lld", rows[i].tz,
		       rows[i].text, (long long)got, (long long)again);
	}
	zone("UTC");
}

CLAIM(no_midnight, "where a day begins at one o'clock, today and its date are "
		   "that day, not the one ahead")
{
	static const struct {
		const char *tz, *date;
		int64_t noon_s;
	} rows[] = {
		{ "America/Sao_Paulo", "2018-11-04", 1541340000 },
		{ "Asia/Beirut", "2026-03-29", 1774774800 },
		{ "Africa/Cairo", "2026-04-24", 1777021200 },
		{ "America/Havana", "2026-03-08", 1772985600 },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		static const char *const texts[] = { "today", NULL };

		for (size_t k = 0; k < COUNT(texts); k++) {
			const char *text = texts[k] ? texts[k] : rows[i].date;
			int64_t got = -77;
			char date[16];
			struct tm tm;
			time_t at;

			zone(rows[i].tz);
			expect(when_parse(text, rows[i].noon_s, &got),
			       "%s \"%s\" is none", rows[i].tz, text);
			at = (time_t)got;
			localtime_r(&at, &tm);
			strftime(date, sizeof(date), "%Y-%m-%d", &tm);
			expect(!strcmp(date, rows[i].date),
			       "%s \"%s\" on %s is %s %02d:%02d", rows[i].tz,
			       text, rows[i].date, date, tm.tm_hour, tm.tm_min);
		}
	}
	zone("UTC");
}

CLAIM(refused, "what is no time is refused")
{
	static const char *const texts[] = {
		"",
		" ",
		"Z",
		"T",
		"-",
		":",
		"0",
		"7",
		"d",
		"0d",
		"-1d",
		"+1d",
		"1.5d",
		"7d ",
		" 7d",
		"7dd",
		"7D",
		"1h30m",
		"4294967297s",
		"99999999999999999999d",
		"3661d",
		"1y",
		"7 d",
		"Today",
		"today ",
		"tomorrow",
		"yesterdayx",
		"nowZ",
		"2026-02-30",
		"2026-02-29",
		"2100-02-29",
		"2026-13-01",
		"2026-00-10",
		"2026-11-00",
		"2026-11-31",
		"2026-1-1",
		"26-11-24",
		"1969-12-31",
		"0000-01-01",
		"12026-11-24",
		"2026/11/24",
		"24.11.2026",
		"2026-11-24T",
		"2026-11-24 ",
		"2026-11-24T8:30",
		"2026-11-24T08",
		"2026-11-24T08:",
		"2026-11-24T08:3",
		"2026-11-24T08:30:",
		"2026-11-24T08:30:0",
		"2026-11-24T24:00",
		"2026-11-24T23:60",
		"2026-11-24T23:59:61",
		"2026-11-24T-1:00",
		"2026-11-24T08:30:00.5",
		"2026-11-24T08:30:00x",
		"2026-11-24T08:30:00ZZ",
		"2026-11-24ZT08:30",
		"2026-11-24T08:30z",
		"2026-11-24T08:30+01:00",
		"2026-11-24_08:30",
		"2026-11-24  08:30",
		"2026-11-24T08:30 ",
		"2026-11-24t08:30",
		"2026-11-24\n",
		"\xef\xbc\x92\x30\x32\x36-11-24",
		"2026-11-2\xff",
	};

	for (size_t i = 0; i < COUNT(texts); i++) {
		int64_t got = -77;

		expect(!when_parse(texts[i], NOW, &got), "\"%s\" is %lld",
		       texts[i], (long long)got);
	}
}

CLAIM(long_texts, "a text of a megabyte is refused, at once")
{
	static const char *const begins[] = {
		"",  "7d",    "2026-11-24",  "2026-11-24T08:30",
		"9", "today", "2026-11-24Z", "2026-11-24 "
	};
	static const char fills[] = "0 9Zzd-:\xff";
	size_t n = (size_t)1 << 20;
	char *text = malloc(n + 1);
	double start = seconds_now();

	assert_non_null(text);
	for (size_t i = 0; i < COUNT(begins); i++)
		for (size_t k = 0; k < sizeof(fills) - 1; k++) {
			int64_t got = -77;

			memset(text, fills[k], n);
			memcpy(text, begins[i], strlen(begins[i]));
			text[n] = '\0';
			expect(!when_parse(text, NOW, &got),
			       "\"%s%c...\" is %lld", begins[i], fills[k],
			       (long long)got);
		}
	expect(seconds_now() - start < 5, "it takes %.1f s",
	       seconds_now() - start);
	free(text);
}

/* Each text lies at the end of what was allocated: a sanitizer sees beyond. */
CLAIM(any, "no text is read beyond its end, and what is a time is one of UTC "
	   "as strftime writes it")
{
	static const char full[] = "2026-11-24T08:30:59Z";
	static const char letters[] = "0123456789-:TZ tdwhs\x80";
	uint64_t seed = 31;

	for (size_t len = 0; len < sizeof(full); len++)
		for (unsigned int turn = 0; turn < 2000; turn++) {
			char *text = malloc(len + 1);
			int64_t got;

			memcpy(text, full, len);
			text[len] = '\0';
			if (len && turn)
				text[chance(&seed) % len] =
					letters[chance(&seed) %
						(sizeof(letters) - 1)];
			when_parse(text, NOW, &got);
			free(text);
		}
	for (unsigned int turn = 0; turn < 20000; turn++) {
		time_t at = (time_t)(chance(&seed) % UINT64_C(100000000000));
		int64_t got = -77;
		char text[64];
		struct tm tm;

		gmtime_r(&at, &tm);
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
		expect(when_parse(text, NOW, &got) && got == at,
		       "\"%s\": got %lld want %lld", text, (long long)got,
		       (long long)at);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIMED(ago),	     CLAIMED(midnights),   CLAIMED(dates),
		CLAIMED(summer),     CLAIMED(no_midnight), CLAIMED(refused),
		CLAIMED(long_texts), CLAIMED(any),
	};

	return cmocka_run_group_tests_name("when", tests, NULL, NULL);
}

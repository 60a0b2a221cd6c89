/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sentences of findings follow from their figures. */
#include "../../unit.h"
#include "../../../../plugin/judge/judge.h"
#include "../../../../tools/report/report_priv.h"

static void print_one(const char *detector, uint64_t groups, int64_t span_s,
		      char *out, size_t size)
{
	const struct report_finding f = { .detector = detector,
					  .groups = groups,
					  .first_s = 1000,
					  .last_s = 1000 + span_s };
	FILE *stream = fmemopen(out, size, "w");

	assert_non_null(stream);
	expect(report_print_meaning(&f, stream), "%s has no sentence",
	       detector);
	fclose(stream);
}

/* Words that claim a time or a number, and what makes them true. */
CLAIM(extremes, "every detector has a sentence, and it claims no time and no "
		"number that the finding does not have")
{
	static const int64_t spans[] = { 0,	 1,	 12,	   119,
					 120,	 7199,	 7200,	   172799,
					 172800, 864000, 315360000 };
	static const uint64_t groups[] = { 0, 1, 2, 768, UINT64_MAX };
	static const struct {
		const char *word;
		int64_t least_s;
	} words[] = { { " days", 172800 },
		      { " hours", 7200 },
		      { " minutes", 120 },
		      { "for days", INT64_MAX },
		      { "night", INT64_MAX } };

	for (enum detector d = 0; d < DETECTOR_N; d++)
		for (size_t i = 0; i < COUNT(spans) * COUNT(groups); i++) {
			int64_t span_s = spans[i % COUNT(spans)];
			uint64_t n = groups[i / COUNT(spans)];
			char text[256] = "", number[32];

			print_one(detector_name(d), n, span_s, text,
				  sizeof(text));
			snprintf(number, sizeof(number),
				 "it met %llu network%s ",
				 (unsigned long long)n, n == 1 ? "" : "s");
			expect(!strstr(text, "it met") || strstr(text, number),
			       "%s: \"%s\" of %llu", detector_name(d), text,
			       (unsigned long long)n);
			for (size_t k = 0; k < COUNT(words); k++)
				expect(!strstr(text, words[k].word) ||
					       span_s >= words[k].least_s,
				       "%s: \"%s\" after %lld s",
				       detector_name(d), text,
				       (long long)span_s);
		}
}

CLAIM(unknown, "a detector of another version has none")
{
	const struct report_finding f = { .detector = "later" };

	expect(!report_print_meaning(&f, stdout), "it has one");
}

int main(void)
{
	const struct CMUnitTest tests[] = { CLAIMED(extremes),
					    CLAIMED(unknown) };

	return cmocka_run_group_tests_name("meaning", tests, NULL, NULL);
}

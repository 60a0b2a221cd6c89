/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The figures of the watch block: names, units, bounds. */
#include "../../unit.h"

#include "../../../../rules/base/watch.h"

#define FREE "outbound {\n\tallow smtp from private\n}\n"

/* "name:1d" and alike; the code of the first mistake, or "". */
static const char *set(const char *name, const char *value, double *out)
{
	static char code[64];
	char text[512];
	struct policy *p;

	snprintf(text, sizeof(text), HEADER "watch {\n%s %s\n}\n" FREE, name,
		 value);
	p = text_policy(text);
	snprintf(code, sizeof(code), "%s",
		 p->diags.n ? p->diags.items[0].code : "");
	for (size_t i = 0; i < WATCH_FIGURES; i++)
		if (!strcmp(watch_rows[i].name, name))
			*out = p->watch[i];
	policy_free(p);
	return code;
}

/* A number in the words of its unit, if it has any. */
static bool in_words(const struct watch_row *row, double value, char *out,
		     size_t size)
{
	switch (row->unit) {
	case WATCH_DURATION:
		snprintf(out, size, "%.0fs", value);
		return value >= 1;
	case WATCH_RATE:
		snprintf(out, size, "%.0f/hour", value);
		return value >= 1 && value == (double)(long)value;
	case WATCH_NUMBER:
	case WATCH_SHARE:
		snprintf(out, size, "%.3f", value);
		return value >= 0;
	}
	return false;
}

CLAIM(rows, "every figure has a name of its own, and a default within its "
	    "bounds")
{
	for (size_t i = 0; i < WATCH_FIGURES; i++) {
		const struct watch_row *row = &watch_rows[i];

		if (!expect(row->name, "row %zu has no name", i))
			continue;
		expect(row->least < row->most && row->value >= row->least &&
			       row->value <= row->most,
		       "%s: %f, from %f to %f", row->name, row->value,
		       row->least, row->most);
		expect(*watch_wanted(row), "%s wants nothing", row->name);
		expect(row->unit != WATCH_SHARE ||
			       (row->least > 0 && row->most < 1),
		       "%s: a share of 0 or 1 has no logarithm", row->name);
		for (size_t k = 0; k < i; k++)
			expect(strcmp(watch_rows[k].name, row->name),
			       "%s stands twice", row->name);
	}
}

CLAIM(defaults, "without a watch block every figure is its default")
{
	struct policy *p = good_policy(HEADER FREE);

	for (size_t i = 0; i < WATCH_FIGURES; i++)
		expect(p->watch[i] == watch_rows[i].value, "%s: %f",
		       watch_rows[i].name, p->watch[i]);
	policy_free(p);
}

CLAIM(by_name, "every figure is set by its name, within its bounds and not "
	       "beyond")
{
	for (size_t i = 0; i < WATCH_FIGURES; i++) {
		const struct watch_row *row = &watch_rows[i];
		const double values[] = { row->least, row->most, row->most + 1,
					  row->least - 0.001,
					  row->most + 0.01 };

		for (size_t k = 0; k < COUNT(values); k++) {
			char text[64];
			const char *code;
			double got = -1, v = values[k];
			bool good = v >= row->least && v <= row->most;

			if (!in_words(row, v, text, sizeof(text)))
				continue;
			/* No fraction of a second, none of an attempt. */
			if (v != (double)(long)v && row->unit == WATCH_DURATION)
				continue;
			code = set(row->name, text, &got);
			/* Some bounds are beyond another figure. */
			expect(!strcmp(code, good ? "" : "bad-watch") ||
				       (good && !strcmp(code, "watch-order")),
			       "%s %s: \"%s\"", row->name, text, code);
			expect(!good || got == v, "%s %s: %f", row->name, text,
			       got);
		}
	}
}

CLAIM(units, "a value of another unit is refused, and said what is wanted")
{
	static const struct {
		const char *name, *value, *code;
	} vectors[] = {
		{ "warmup", "30m", "" },
		{ "warmup", "30", "bad-watch" },
		{ "warmup", "20/hour", "bad-watch" },
		{ "warmup", "0.5", "bad-watch" },
		{ "fast-normal", "20/hour", "" },
		{ "fast-normal", "3/minute", "" },
		{ "fast-normal", "1/day", "" },
		{ "fast-normal", "0.5/hour", "" },
		{ "fast-normal", "0/hour", "bad-watch" },
		{ "fast-normal", "/hour", "bad-watch" },
		{ "fast-normal", "5/minute", "watch-order" },
		{ "abandon-drift", "0/hour", "" },
		{ "direct-drift", "0.02/hour", "" },
		{ "warmup", "0h", "" },
		{ "new-after", "0h", "bad-watch" },
		{ "fast-spam", "20/hour", "watch-order" },
		{ "fast-spam", "20.1/hour", "" },
		{ "late-span", "8h", "watch-order" },
		{ "late-after", "3h", "" },
		{ "login-spam", "0.1", "watch-order" },
		{ "fast-normal", "20", "bad-watch" },
		{ "fast-normal", "20/fortnight", "bad-watch" },
		{ "fast-threshold", "40", "" },
		{ "fast-threshold", "40.5", "" },
		{ "fast-threshold", "40.", "" },
		{ "fast-threshold", "1e3", "bad-watch" },
		{ "fast-threshold", "4.0.5", "bad-watch" },
		{ "fast-threshold", "1234567890123", "bad-watch" },
		{ "fast-threshold", "0x40", "bad-watch" },
		{ "fast-threshold", "nan", "bad-watch" },
		{ "fast-threshold", "inf", "bad-watch" },
		{ "new-share-spam", "0.5", "" },
		{ "new-share-spam", "1", "bad-watch" },
		{ "new-share-spam", "0", "bad-watch" },
		{ "new-share-spam", "50%", "bad-watch" },
	};

	for (size_t i = 0; i < COUNT(vectors); i++) {
		double got = 0;
		const char *code = set(vectors[i].name, vectors[i].value, &got);

		expect(!strcmp(code, vectors[i].code),
		       "%s %s: \"%s\", want \"%s\"", vectors[i].name,
		       vectors[i].value, code, vectors[i].code);
	}
}

CLAIM(rates, "rates are per hour, whatever they were written in")
{
	static const struct {
		const char *text;
		double want;
	} vectors[] = {
		{ "12/hour", 12 },
		{ "12/minute", 720 },
		{ "12/day", 0.5 },
		{ "1/second", 3600 },
	};

	for (size_t i = 0; i < COUNT(vectors); i++) {
		double got = 0;

		expect(watch_parse(&watch_rows[WATCH_FAST_SPAM],
				   vectors[i].text, &got) &&
			       got == vectors[i].want,
		       "%s: %f", vectors[i].text, got);
	}
}

CLAIM(unknown, "an unknown word is told, with the one that was meant")
{
	struct policy *p =
		text_policy(HEADER "watch {\nwarmup-fats 1h\n}\n" FREE);
	const struct diag *d = &p->diags.items[0];

	assert_int_equal(p->diags.errors, 1);
	expect(!strcmp(d->code, "expected") &&
		       strstr(d->message, "warmup-fats"),
	       "%s: %s", d->code, d->message);
	expect(strstr(d->message, "warmup-fast") ||
		       (d->help && strstr(d->help, "warmup-fast")),
	       "%s, %s", d->message, d->help ? d->help : "no help");
	policy_free(p);
}

CLAIM(twice, "a figure is set once")
{
	struct policy *p = text_policy(HEADER "watch {\nwarmup 1h\nslow-spam "
					      "4/hour\nwarmup 2h\n}\n" FREE);

	assert_int_equal(p->diags.errors, 1);
	expect(p->diags.items[0].span.line == 9, "line %u: %s",
	       p->diags.items[0].span.line, p->diags.items[0].message);
	policy_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIMED(rows),	CLAIMED(defaults), CLAIMED(by_name),
		CLAIMED(units), CLAIMED(rates),	   CLAIMED(unknown),
		CLAIMED(twice),
	};

	return cmocka_run_group_tests_name("watch", tests, NULL, NULL);
}

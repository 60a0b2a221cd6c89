/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "../../unit.h"
#include "../../../../tools/program/value.h"
#include "../../../../tools/program/when.h"

/* Compares a value's text with what is wanted, and frees the value. */
static void is_text(json_t *value, const char *want)
{
	const char *got = json_string_value(value);

	expect(got && !strcmp(got, want), "got %s, want %s", got ? got : "none",
	       want);
	json_decref(value);
}

CLAIM(times, "a time is of UTC, whole seconds or microseconds, before 1970, "
	     "too")
{
	char text[WHEN_TEXT_BYTES];

	is_text(value_time_s(0), "1970-01-01T00:00:00Z");
	is_text(value_time_s(1795509208), "2026-11-24T08:33:28Z");
	is_text(value_time_us(1795509208123456), "2026-11-24T08:33:28.123456Z");
	is_text(value_time_us(-1), "1969-12-31T23:59:59.999999Z");
	is_text(value_time_s(INT64_MAX), "-");
	assert_ptr_equal(when_print_s(text, 253402300799), text);
	assert_string_equal(text, "9999-12-31T23:59:59Z");
}

CLAIM(addresses, "an address is the text of its family, an IPv6 source its "
		 "prefix")
{
	const struct addr6 v4 = { { 192, 0, 2, 1 } };
	const struct addr6 v6 = { { 0x20, 0x01, 0x0d, 0xb8 } };

	is_text(value_address(4, &v4), "192.0.2.1");
	is_text(value_source(4, &v4), "192.0.2.1");
	is_text(value_address(6, &v6), "2001:db8::");
	is_text(value_source(6, &v6), "2001:db8::/64");
}

CLAIM(members, "counts and flags are members, and a document is ASCII")
{
	json_t *object = json_object();
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	value_set_count(object, "syns", 25);
	value_set_flag(object, "exact", true);
	json_object_set_new(object, "service", value_service(25));
	json_object_set_new(object, "other", value_service(1));
	json_object_set_new(object, "who", json_string("\xc3\xa4"));
	assert_true(value_print(out, object));
	fclose(out);
	assert_non_null(strstr(text, "\"syns\": 25,"));
	assert_non_null(strstr(text, "\"exact\": true,"));
	assert_non_null(strstr(text, "\"service\": \"smtp\","));
	assert_non_null(strstr(text, "\"other\": null,"));
	assert_non_null(strstr(text, "\"who\": \"\\u00E4\"\n}\n"));
	json_decref(object);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIMED(times),
		CLAIMED(addresses),
		CLAIMED(members),
	};

	return cmocka_run_group_tests_name("value", tests, NULL, NULL);
}

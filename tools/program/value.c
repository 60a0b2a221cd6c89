/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "value.h"
#include "../../rules/base/service.h"
#include "when.h"

#include <stdio.h>

json_t *value_time_us(int64_t time_us)
{
	char text[WHEN_TEXT_BYTES];

	when_print_us(text, time_us);
	return json_string(text);
}

json_t *value_time_s(int64_t time_s)
{
	char text[WHEN_TEXT_BYTES];

	when_print_s(text, time_s);
	return json_string(text);
}

json_t *value_address(int family, const struct addr6 *address)
{
	char text[RANGE_TEXT_MAX];

	addr_print(text, family, address);
	return json_string(text);
}

json_t *value_source(int family, const struct addr6 *source)
{
	char text[RANGE_TEXT_MAX];

	addr_print_source(text, family, source);
	return json_string(text);
}

json_t *value_service(uint16_t port)
{
	const struct service *s = service_by_port(port);

	return s ? json_string(s->name) : json_null();
}

void value_set_count(json_t *object, const char *name, uint64_t count)
{
	json_object_set_new(object, name, json_integer((json_int_t)count));
}

void value_set_flag(json_t *object, const char *name, bool flag)
{
	json_object_set_new(object, name, json_boolean(flag));
}

bool value_print(FILE *out, const json_t *document)
{
	int failed = json_dumpf(document, out,
				JSON_INDENT(2) | JSON_ENSURE_ASCII |
					JSON_REAL_PRECISION(4));

	fputc('\n', out);
	return !failed;
}

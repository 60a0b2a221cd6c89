/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Connections and decisions as text, for the tests of rules/policy/decide.c. */
#ifndef MAILWALL_CONNECTION_H
#define MAILWALL_CONNECTION_H

#include "unit.h"

#include "../../rules/policy/decide.h"

/* The first address of the range that is written; the family is returned. */
static inline uint8_t read_address(const char *text, struct addr6 *out)
{
	struct addr_range r;

	if (range_parse(text, strlen(text), &r))
		fail_msg("\"%s\" is no address", text);
	memset(out, 0, sizeof(*out));
	if (r.family == 6)
		*out = r.v6.first;
	for (int i = 0; i < 4 && r.family == 4; i++)
		out->byte[i] = (uint8_t)(r.v4.first >> (24 - 8 * i));
	return (uint8_t)r.family;
}

/* In host byte order. */
static inline uint32_t address4(const struct addr6 *address)
{
	const uint8_t *b = address->byte;

	return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 |
	       (uint32_t)b[2] << 8 | b[3];
}

static inline struct opening
connection_of(const char *source, const char *destination, uint16_t port)
{
	struct opening c = { .source_port = 40000, .destination_port = port };

	c.family = read_address(source, &c.source);
	if (read_address(destination, &c.destination) != c.family)
		fail_msg("%s and %s are of two families", source, destination);
	return c;
}

/* "block smtp", "-" for none; a "?" in front: unsure. */
static inline const char *decision_text(const struct decision *d, char *out,
					size_t size)
{
	snprintf(out, size, "%s%s", d->unsure ? "?" : "",
		 d->clause ? d->clause->text : "-");
	return out;
}

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* JSON values that are written alike in every document. */
#ifndef MAILWALL_VALUE_H
#define MAILWALL_VALUE_H

#include "../../rules/base/addr.h"

#include <stdint.h>
#include <stdbool.h>
#include <jansson.h>
#include <stdio.h>

/* Make "2026-11-24T08:33:28.123456Z", and the same to the second. */
json_t *value_time_us(int64_t time_us);
json_t *value_time_s(int64_t time_s);
/* Make "192.0.2.1", and "2001:db8:1:2::/64" for an IPv6 source. */
json_t *value_address(int family, const struct addr6 *address);
json_t *value_source(int family, const struct addr6 *source);
/* Makes the name of a port's service, or null. */
json_t *value_service(uint16_t port);

/* Set a member of an object. */
void value_set_count(json_t *object, const char *name, uint64_t count);
void value_set_flag(json_t *object, const char *name, bool flag);

/*
 * Prints a document on lines of its own, in ASCII. False if it cannot; whether
 * the file took all of it is for the caller to see.
 */
bool value_print(FILE *out, const json_t *document);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Counters of the guards of a table: packets that no clause decides. */
#ifndef MAILWALL_STATUS_GUARDS_H
#define MAILWALL_STATUS_GUARDS_H

#include "../../rules/emit/change.h"
#include "../program/json.h"

/* The counter of a guard (rules/base/action.h), or NULL: the table has none. */
const struct present_counter *guard_counter(const struct present *table,
					    size_t guard);
json_t *guards_json(const struct present *table);
void guards_print(const struct present *table);

#endif

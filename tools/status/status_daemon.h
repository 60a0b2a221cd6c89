/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guard, the daemon that keeps the table: mailwall-guard(8). */
#ifndef MAILWALL_STATUS_DAEMON_H
#define MAILWALL_STATUS_DAEMON_H

#include "../../rules/emit/change.h"
#include "../program/json.h"

/*
 * Both ask the guard of run_dir. A table that a guard owned and that has no
 * guard now is told, too: it filters, and anybody may change it.
 */
json_t *daemon_json(const char *run_dir, const struct present *table);
void daemon_print(const char *run_dir, const struct present *table);

#endif

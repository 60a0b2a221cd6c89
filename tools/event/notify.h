/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages to systemd, and findings for its journal. Where systemd did not
 * start the monitor nothing happens.
 */
#ifndef MAILWALL_NOTIFY_H
#define MAILWALL_NOTIFY_H

#include "../../plugin/judge/judge.h"

#include <stdbool.h>

/* Open the sockets while privilege lets them be reached. */
void notify_open(void);
void journal_open(void);

/* Sends "READY=1", "RELOADING=1", "STOPPING=1", "STATUS=..."; see sd_notify(3).
 */
void notify_send(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Seconds between two "WATCHDOG=1" that systemd waits for; 0: none. */
unsigned int notify_watchdog_s(void);
/*
 * Sends a finding as a journal entry with fields (MAILWALL_SOURCE=...). False:
 * standard error is not the journal, or the journal did not take it.
 */
bool journal_finding(const struct finding *finding);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What systemd is told, where it started us; else nothing happens. */
#ifndef MAILWALL_NOTIFY_H
#define MAILWALL_NOTIFY_H

#include "../../plugin/judge/judge.h"

/* Opens the sockets while they can be reached. */
void notify_open(void);
/* "READY=1", "RELOADING=1", "STOPPING=1", "STATUS=...": sd_notify(3) */
void notify_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Seconds between signs of life that systemd wants; 0: none */
unsigned int notify_watchdog_s(void);
/*
 * A finding as a journal entry with fields (MAILWALL_SOURCE=...), if standard
 * error is the journal. False: it is not, or it would not take it.
 */
bool journal_finding(const struct finding *finding);

#endif

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
/*
 * Gives systemd a descriptor to keep (FileDescriptorStoreMax=), and takes one
 * that it kept: -1 if there is none of that name. The second function also
 * closes what else was kept.
 */
void notify_store_fd(const char *name, int fd);
int notify_stored_fd(const char *name);
/*
 * A timer that is readable twice in the time in which systemd waits for
 * "WATCHDOG=1"; -1: it does not wait. The second function sends it.
 */
int notify_watchdog_fd(void);
void notify_watchdog(int fd);
/*
 * Sends a finding as a journal entry with fields (MAILWALL_SOURCE=...). False:
 * standard error is not the journal, or the journal did not take it.
 */
bool journal_finding(const struct finding *finding);

#endif

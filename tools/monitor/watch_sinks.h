/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sinks of a monitor that need neither store nor pages. The ctx of each is
 * a struct watch.
 */
#ifndef MAILWALL_WATCH_SINKS_H
#define MAILWALL_WATCH_SINKS_H

#include "sink.h"

extern const struct sink watch_sink_state;    /* --state */
extern const struct sink watch_sink_journal;  /* findings; before text */
extern const struct sink watch_sink_attempts; /* --attempts, text or JSON */
extern const struct sink watch_sink_json;     /* findings, summaries: --json */
extern const struct sink watch_sink_screen;   /* on a terminal */
extern const struct sink watch_sink_text;     /* elsewhere */
extern const struct sink watch_sink_flagged;  /* the quarantine of a policy */
extern const struct sink watch_sink_systemd;  /* the last: all is ready */

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The pages of a running monitor: the report, which a thread of its own makes
 * so that no packet waits for it, metrics, and whether all is well.
 */
#ifndef MAILWALL_LIVE_H
#define MAILWALL_LIVE_H

#include "../program/events.h"
#include "../monitor/keeper.h"
#include "http.h"
#include "../store/recorder.h"

struct live;

struct live_wish {
	const char *listen; /* "127.0.0.1:9525" */
	bool allow_remote;
	const char *store_path; /* NULL: there is no report */
};

/* An exit code. Before privilege is dropped. */
int live_open(struct live **out, const struct live_wish *wish);
/* What the pages tell of; all of it outlives the pages. */
void live_show(struct live *l, struct engine *engine, struct keeper *keeper,
	       struct recorder *recorder);
void live_close(struct live *l);

int live_fd(const struct live *l);
/* When that is readable, and once a second, with what was lost so far. */
void live_run(struct live *l, const struct summary_extra *losses);

#endif

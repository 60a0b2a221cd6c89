/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The pages of a running monitor: report, metrics and health. A thread of its
 * own makes the report, so that no packet waits for it.
 */
#ifndef MAILWALL_STATUS_PAGES_H
#define MAILWALL_STATUS_PAGES_H

#include "../event/events.h"
#include "../priv/priv.h"
#include "http.h"
#include "../store/recorder.h"

#include <stdbool.h>

struct status_pages;

struct status_pages_options {
	const char *listen; /* "127.0.0.1:9525" */
	bool allow_remote;
	const char *store_path; /* NULL: there is no report */
	/* Called by that thread when a report cannot be made. */
	void (*say)(void *ctx, const char *sentence);
	void *ctx;
};

/* Listens, before privilege is dropped. 0, or -errno and why. */
int status_pages_open(struct status_pages **out,
		      const struct status_pages_options *options,
		      struct fault *f);
/* Sets what the pages show, which outlives them, and starts their thread. */
void status_pages_show(struct status_pages *l, struct engine *engine,
		       struct priv *priv, struct recorder *recorder);
void status_pages_close(struct status_pages *l);

/* The address of the pages: "127.0.0.1:9525". */
const char *status_pages_address(const struct status_pages *l);

int status_pages_fd(const struct status_pages *l);
/*
 * Serves clients. To be called when the descriptor is readable, and once a
 * second, with the losses so far.
 */
void status_pages_run(struct status_pages *l,
		      const struct summary_extra *losses);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The pages of a running monitor: report, metrics and health. They are made
 * in the recorder; a thread of its own makes the report.
 */
#ifndef MAILWALL_STATUS_PAGES_H
#define MAILWALL_STATUS_PAGES_H

#include "../event/events.h"
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
/* Figures of the process that reads packets; borrowed. */
struct status_view {
	const struct engine_summary *summary;
	const struct summary_extra *extra;
	bool has_priv, priv_up; /* the process with CAP_NET_ADMIN */
	const char *loaded;	/* as priv_bytes.h has it; NULL: not known */
	size_t loaded_len;
};
struct status_health {
	const char
		*complaint; /* about the process with CAP_NET_ADMIN; "": none */
	const struct sight_view *sight;
};

/* Ways to ask it; false: it does not answer. */
struct status_ways {
	bool (*view)(void *ctx, struct status_view *out);
	bool (*health)(void *ctx, struct status_health *out);
	void *ctx;
};

/* Sets what the pages show, which outlives them, and starts their thread. */
void status_pages_show(struct status_pages *l, const struct status_ways *ways,
		       struct recorder *recorder);
void status_pages_close(struct status_pages *l);

/* The address of the pages: "127.0.0.1:9525". */
const char *status_pages_address(const struct status_pages *l);

int status_pages_fd(const struct status_pages *l);
/* Serves clients: when the descriptor is readable, and once a second. */
void status_pages_run(struct status_pages *l);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sources of the last day that a new policy would block: what the store
 * remembers of them, asked of both policies.
 */
#ifndef MAILWALL_SOURCES_SEEN_H
#define MAILWALL_SOURCES_SEEN_H

#include "../../rules/plan/effect.h"

#define SEEN_HOURS 24

/* A source and a port that it tried. */
struct seen_hit {
	uint8_t family;
	struct addr6 source;
	uint16_t port;
	uint64_t attempts;
	bool maybe; /* depends on what the store does not know */
	bool mail_server;
};

struct seen_result {
	const char *unknown; /* why nothing is known, a sentence's end; NULL */
	bool bounded;	     /* rows were left out */
	bool unnamed;	     /* the store had let names of sources go */
	struct {
		struct seen_hit *items;
		size_t n, cap;
	} hits; /* most attempts first */
};

/*
 * Reads the store of the environment variable MAILWALL_STORE, else the usual
 * one. port: is the port one that the new policy blocks?
 */
void seen_read(struct arena *a, const struct effect_query *q,
	       bool (*port)(void *ctx, uint16_t port), void *ctx,
	       struct seen_result *out);

#endif

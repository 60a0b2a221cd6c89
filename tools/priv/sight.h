/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether the rules that are loaded show the monitor what it is to see. Silence
 * of an NFLOG group is no proof that nothing was blocked.
 */
#ifndef MAILWALL_SIGHT_H
#define MAILWALL_SIGHT_H

#include "priv.h"
#include "priv_bytes.h"

#define SIGHT_TEXT_BYTES 2048

struct sight {
	uint32_t generation; /* the rules that were looked at */
	unsigned int wait;   /* calls since rules were looked at */
	bool looked;
	char said[SIGHT_TEXT_BYTES]; /* sentences, a line each */
};

struct sight_wanted {
	const uint32_t *groups; /* as priv_job.groups has them */
	size_t n_groups;
	const char *policy; /* its name; NULL: any */
};

/* Writes what is wrong, a line each; "" if nothing. reply: of priv_loaded(). */
void sight_text(const struct priv_head *reply,
		const struct sight_wanted *wanted, char *out, size_t size);

/* To be called once a second: says what is wrong when that changes. */
void sight_look(struct sight *sight, struct priv *priv,
		const struct sight_wanted *wanted);

#endif

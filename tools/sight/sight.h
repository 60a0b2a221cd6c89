/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether the rules that are loaded show the monitor what it is to see. Silence
 * of an NFLOG group is no proof that nothing was blocked.
 */
#ifndef MAILWALL_SIGHT_H
#define MAILWALL_SIGHT_H

#include "../event/sight_view.h"
#include "../priv/priv.h"
#include "../priv/priv_bytes.h"

struct policy;

struct sight {
	uint32_t generation; /* the rules that were looked at */
	unsigned int wait;   /* calls since rules were looked at */
	bool looked;	     /* false: look at once */
	struct sight_view view;
};

struct sight_wanted {
	const uint32_t *groups; /* as priv_job.groups has them */
	size_t n_groups;	/* 0: there are no complaints */
	const char *policy;	/* its name; NULL: any */
	char digest[64];	/* digest of the rules; "": any */
	char text_digest[64]; /* digest as nft would load the text; "": the same
			       */
	bool observes;	      /* mode observe is wanted */
};

/* Sets what of a policy is compared; NULL: any is good. */
void sight_want(struct sight_wanted *wanted, const struct policy *policy);

/* Makes the view of a reply of priv_loaded(). */
void sight_make(const struct priv_head *reply,
		const struct sight_wanted *wanted, struct sight_view *out);

/*
 * To be called once a second. Says what is wrong when that changes. Returns
 * whether the view changed.
 */
bool sight_look(struct sight *sight, struct priv *priv,
		const struct sight_wanted *wanted);

#endif

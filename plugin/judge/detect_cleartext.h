/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Logins that pass in clear, and STARTTLS that something on the way masked. */
#ifndef MAILWALL_DETECT_CLEARTEXT_H
#define MAILWALL_DETECT_CLEARTEXT_H

#include "judge_priv.h"

static void cleartext_talked(struct judge *j, struct source *s,
			     const struct observation *a,
			     const struct dialogue *d)
{
	if (d->seen & SEEN_AUTH_CLEAR)
		judge_report(j, s, DETECTOR_CLEARTEXT, a->port);
	if (d->seen & SEEN_STARTTLS_MASKED)
		judge_report(j, s, DETECTOR_STRIPPED, a->port);
}

static const struct detector_module detect_cleartext = {
	.talked = cleartext_talked
};

#endif

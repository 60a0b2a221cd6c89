/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An event as bytes, as they would be captured: checksums are right, a SYN
 * has the option of the segment size and nothing else.
 */
#ifndef MAILWALL_DETECT_FRAME_H
#define MAILWALL_DETECT_FRAME_H

#include <stddef.h>
#include <stdint.h>

#include "generate.h"

enum frame_link {
	FRAME_ETHERNET, /* DLT_EN10MB */
	FRAME_RAW,	/* DLT_RAW: begins with the IP header */
};

#define FRAME_MOST 78 /* Ethernet, IPv6, TCP with one option */

/* Returns the length, 40 at least; the buffer has FRAME_MOST bytes. */
size_t frame_build(const struct event *, enum frame_link, uint8_t *bytes);

#endif

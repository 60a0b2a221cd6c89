/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What flood.c and its program in the kernel both know. */
#ifndef MAILWALL_FLOOD_H
#define MAILWALL_FLOOD_H

#include <linux/types.h>

#define FLOOD_BYTES 64
#define MAIL_PORT   25

struct flood {
	__u64 frame[FLOOD_BYTES / 8];
	__u64 interval_ns;  /* from frame to frame; 0: none */
	__u32 source, mask; /* mask: bits that are random; host order */
	__u32 sum;	    /* of the IP header but for source and checksum */
	__u32 one_in;	    /* so many is one to MAIL_PORT */
};

struct flood_sent {
	__u64 all, mail, other;
};

#endif

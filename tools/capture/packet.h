/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packets of libpcap as frames of an input. */
#ifndef MAILWALL_PACKET_H
#define MAILWALL_PACKET_H

#include "input.h"

#include <stdint.h>
#include <pcap/pcap.h>

#define SECONDS_MOST INT64_C(253402300799) /* the end of the year 9999 */

/* A file may hold any number; libpcap 1.10 reads 32 bits of it as signed. */
static inline int64_t packet_time_us(const struct timeval *t)
{
	int64_t seconds = t->tv_sec;

	if (seconds < 0)
		seconds = (uint32_t)t->tv_sec;
	if (seconds > SECONDS_MOST)
		seconds = SECONDS_MOST;
	return seconds * 1000000 + (t->tv_usec > 0 ? t->tv_usec : 0);
}

/* Passes a packet of libpcap on; u is the input. */
static inline void packet_submit(u_char *u, const struct pcap_pkthdr *h,
				 const u_char *data)
{
	input_on_frame((struct input *)u, data, h->caplen, h->len,
		       packet_time_us(&h->ts));
}

#endif

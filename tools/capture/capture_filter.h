/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel lets through of an interface, as pcap-filter(7) has it. */
#ifndef MAILWALL_CAPTURE_FILTER_H
#define MAILWALL_CAPTURE_FILTER_H

#include "capture.h"

/*
 * For link, as pcap_datalink() says. Every frame that a decoder could make a
 * segment of passes, and of others as few as a filter can tell. The caller
 * frees it; NULL: no memory.
 */
char *capture_filter(const struct live_options *options, int link);

#endif

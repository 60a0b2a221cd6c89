/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Events as a capture file, for what reads such: the program itself, tcpdump.
 * Microseconds, the writer's byte order; libpcap is not needed.
 */
#ifndef MAILWALL_PCAP_H
#define MAILWALL_PCAP_H

#include "frame.h"

struct trace_file;

/* NULL and errno, where the file cannot be made. */
struct trace_file *trace_create(const char *path, enum frame_link);

/* A failure is kept, and told by trace_close(). */
void trace_write(struct trace_file *, const struct event *);

/* 0 or -errno; frees in either case. */
int trace_close(struct trace_file *);

#endif

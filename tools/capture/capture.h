/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Frames from live interfaces, from NFLOG groups and from files, one loop for
 * all. The only user of libpcap.
 */
#ifndef MAILWALL_CAPTURE_H
#define MAILWALL_CAPTURE_H

#include "../../plugin/decode/segment.h"

#include <stddef.h>

struct capture;

typedef void frame_fn(void *ctx, const struct frame *frame);

/*
 * Any number of inputs; the n-th one added is frame.input n-1, and 255 is of
 * all that come behind. A function that fails has said why, and returns an
 * exit code of program.h; the capture is good for more.
 */
struct capture *capture_new(void); /* NULL: no memory */
void capture_free(struct capture *c);

/*
 * A file, or "-" for standard input, plain or gzip; pcap or pcapng. The frames
 * of several files come in the order of time.
 */
int capture_add_file(struct capture *c, const char *path);
/* Mail traffic of an interface, by a filter in the kernel. */
struct live_options {
	const uint16_t *ports;
	size_t n_ports;
	int buffer_bytes;   /* 0: 32 MiB */
	bool openings_only; /* no payload: SYN, RST, ICMP errors */
};
int capture_add_live(struct capture *c, const char *interface,
		     const struct live_options *options);
int capture_add_nflog(struct capture *c, uint16_t group);

/* "eth0", "nflog:25", "friday.pcap" */
const char *capture_name(const struct capture *c, uint8_t input);

/*
 * Files: hands over every frame. A file that ends in the middle of a packet or
 * is damaged is said and the rest goes on; the exit code tells it at the end,
 * and of files that could not be added, too. *stop is looked at between
 * frames; to end a wait for a pipe, its signal must interrupt read().
 */
int capture_run_files(struct capture *c, frame_fn *fn, void *ctx,
		      const volatile bool *stop);

/*
 * Live: a descriptor to wait on per input, and a function to read what is
 * there, at most a bounded amount. 0 or -errno; -ENETDOWN: the interface is
 * gone, which is the caller's to say. One that is only down is waited for.
 */
size_t capture_n(const struct capture *c);
int capture_fd(const struct capture *c, size_t input);
int capture_read(struct capture *c, size_t input, frame_fn *fn, void *ctx);

/* Is the interface there no more? Nothing tells who waits for its packets. */
bool capture_is_gone(const struct capture *c, size_t input);

/* What the system says of an input; lost is exact for NFLOG. */
struct capture_loss {
	uint64_t lost;
	bool exact;
	uint64_t blocked; /* logs of "CLAUSE block" that came */
};
void capture_loss(struct capture *c, size_t input, struct capture_loss *out);

#endif

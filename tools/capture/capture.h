/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Frames from live interfaces, from NFLOG groups and from files, through one
 * interface.
 *
 * A capture holds any number of inputs: the first one added is frame.input 0,
 * and 255 stands for all inputs behind the 255th. Functions return 0 or
 * -errno. What went wrong is reported as a sentence to the function that
 * capture_new() got; the capture stays usable.
 */
#ifndef MAILWALL_CAPTURE_H
#define MAILWALL_CAPTURE_H

#include "../../plugin/decode/segment.h"

struct capture;

typedef void frame_fn(void *ctx, const struct frame *frame);
typedef void capture_problem_fn(void *ctx, const char *sentence);

/* Makes a capture without inputs; NULL: no memory. */
struct capture *capture_new(capture_problem_fn *problem, void *ctx);
void capture_free(struct capture *c);

/*
 * Adds a file, or "-" for standard input; pcap or pcapng, plain or gzip.
 * -EINVAL: standard input is a terminal, or was added before.
 */
int capture_add_file(struct capture *c, const char *path);

/* Adds an interface, or "any", with a filter in the kernel for mail traffic. */
struct live_options {
	const uint16_t *ports;
	size_t n_ports;
	int buffer_bytes;   /* 0: 32 MiB */
	bool openings_only; /* no payload: SYN, RST, ICMP errors */
};
int capture_add_live(struct capture *c, const char *interface,
		     const struct live_options *options);

/* Adds an NFLOG group. */
int capture_add_nflog(struct capture *c, uint16_t group);

/* The name of an input: "eth0", "nflog:25", "friday.pcap". */
const char *capture_name(const struct capture *c, uint8_t input);

/*
 * Reads all files to their end, frames in the order of time, until *stop is
 * set. A file that is damaged or ends in the middle of a packet is reported,
 * and the others go on. Returns the first error of a file, adding included; an
 * -EINVAL only if there is no other. To end a wait for a pipe, the signal that
 * sets *stop must interrupt read().
 */
int capture_run_files(struct capture *c, frame_fn *fn, void *ctx,
		      const volatile bool *stop);

#endif

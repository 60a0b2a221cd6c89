/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Live inputs of a capture while it runs. Inputs are numbered from 0. */
#ifndef MAILWALL_CAPTURE_READ_H
#define MAILWALL_CAPTURE_READ_H

#include "capture.h"

#include <stdint.h>
#include <stdbool.h>

/* The number of inputs. */
size_t capture_n(const struct capture *c);

/* A descriptor to wait on for frames. */
int capture_fd(const struct capture *c, size_t input);

/*
 * Reads frames, at most a bounded number. 0 or -errno; -ENETDOWN: the interface
 * is gone, which is not reported. An interface that is only down has no frames.
 */
int capture_read(struct capture *c, size_t input, frame_fn *fn, void *ctx);

/* Is the interface gone? A descriptor that is waited on does not tell. */
bool capture_is_gone(const struct capture *c, size_t input);

/* The losses of an input, as the system counts them. */
struct capture_loss {
	uint64_t lost;
	bool exact;	  /* lost is a count: NFLOG; else an estimate */
	uint64_t blocked; /* logs "CLAUSE block" that came */
};
void capture_loss(struct capture *c, size_t input, struct capture_loss *out);

#endif

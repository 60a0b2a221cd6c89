/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An input of a capture: what capture.c knows of every one, and the row of
 * functions that each kind brings along. A kind is a file: capture_live.c,
 * capture_file.c, nflog.c.
 */
#ifndef MAILWALL_INPUT_H
#define MAILWALL_INPUT_H

#include "capture.h"

#include <stdint.h>
#include <stdbool.h>

/* The first member of each kind's own struct. */
struct input {
	const struct input_verbs *verbs;
	struct capture *capture;
	char *name;
	uint16_t link;
	uint8_t number;
	bool exact;	  /* lost is a count, not an estimate */
	uint64_t lost;	  /* frames that did not reach us */
	uint64_t blocked; /* logs of what a clause blocked */
	frame_fn *fn;	  /* receives the frames of the run under way */
	void *ctx;	  /* fn's argument */
};

/* Functions that a kind has no use for are NULL, but for free. */
struct input_verbs {
	int (*fd)(const struct input *in); /* to wait on */
	int (*read)(struct input *in);	   /* as capture_read() */
	void (*count_lost)(struct input *in);
	bool (*is_gone)(struct input *in);
	void (*free)(struct input *in); /* all but the name and the struct */
};

extern const struct input_verbs file_verbs;
/*
 * Makes an input, zeroed but for the name, of the size of the kind's struct.
 * NULL: no memory, which was reported.
 */
void *input_new(struct capture *c, size_t size, const struct input_verbs *verbs,
		const char *name);
void input_free(struct input *in);

/* Passes a frame on to the function of the run under way. */
static inline void input_on_frame(struct input *in, const void *data,
				  uint32_t caplen, uint32_t len,
				  int64_t time_us)
{
	struct frame frame = {
		.data = data,
		.caplen = caplen,
		.len = len,
		.time_us = time_us,
		.link = in->link,
		.input = in->number,
	};

	in->fn(in->ctx, &frame);
}

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What capture.c knows of every input, and what each kind brings along. */
#ifndef MAILWALL_INPUT_H
#define MAILWALL_INPUT_H

#include "capture.h"

#include <pcap/pcap.h>

/* The first member of each kind's own struct. */
struct input {
	const struct input_verbs *verbs;
	char *name;
	uint16_t link;
	uint8_t number;
	bool exact;	  /* is lost? */
	uint64_t lost;	  /* frames that were not handed over */
	uint64_t blocked; /* logs of what a clause blocked */
	frame_fn *fn;	  /* of the run under way */
	void *ctx;
};

struct input_verbs {
	int (*fd)(const struct input *in);
	int (*read)(struct input *in); /* as capture_read() */
	void (*count_lost)(struct input *in);
	bool (*is_gone)(const struct input *in);
	void (*free)(struct input *in); /* but for the name and the struct */
};

extern const struct input_verbs file_verbs;

struct capture {
	struct input **items;
	size_t n, cap;
	int code; /* what became of files so far */
};

/*
 * Zeroed and with a name, of the size of the kind's struct; NULL: no memory,
 * which was said.
 */
void *input_new(size_t size, const struct input_verbs *verbs, const char *name);
void input_free(struct input *in);
/* Takes the input, and gives it its number. An exit code. */
int capture_add(struct capture *c, struct input *in);

static inline void input_hand_over(struct input *in, const void *data,
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

#define SECONDS_MOST INT64_C(253402300799) /* the end of the year 9999 */

/* A file may hold any number; libpcap 1.10 takes 32 bits of it for signed. */
static inline int64_t input_time_us(const struct timeval *t)
{
	int64_t seconds = t->tv_sec < 0 ? (uint32_t)t->tv_sec : t->tv_sec;

	if (seconds > SECONDS_MOST)
		seconds = SECONDS_MOST;
	return seconds * 1000000 + (t->tv_usec > 0 ? t->tv_usec : 0);
}

/* What is given as u is the input. */
static inline void input_hand_packet(u_char *u, const struct pcap_pkthdr *h,
				     const u_char *data)
{
	input_hand_over((struct input *)u, data, h->caplen, h->len,
			input_time_us(&h->ts));
}

#endif

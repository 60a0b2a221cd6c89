/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One interface, NFLOG group or file, captured through libpcap. */
#ifndef MAILWALL_COLLECTD_INPUT_H
#define MAILWALL_COLLECTD_INPUT_H

#include "settings.h"

typedef void frame_fn(void *ctx, const struct mailwall_frame *frame);

struct input {
	const struct input_setting *setting;
	struct pcap *pcap;  /* NULL: it cannot be captured now */
	unsigned int index; /* an interface's; else 0 */
	uint8_t number;
	bool ready;	 /* poll() says that there is something */
	bool ended;	 /* the file was read */
	bool complained; /* the log says why it cannot be captured */
	bool opened;	 /* at least once */
	uint64_t lost;
	unsigned int dropped; /* as libpcap last said, mod 2^32 */
	frame_fn *fn;
	void *ctx;
};

/* Opens what is not open and has not ended; a failure is logged once. */
void input_open(struct input *in, const uint16_t *ports, size_t n_ports);
/* Reads some of what is there; an input that fails is closed. */
void input_read(struct input *in, frame_fn *fn, void *ctx);
/* Adds to lost, and closes an interface that is gone. */
void input_count_lost(struct input *in);
void input_close(struct input *in);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads logs, line by line, and puts their events in order. Says which lines
 * could not be read, and what a file is of which no line could.
 */
#ifndef MAILWALL_INTAKE_LOG_H
#define MAILWALL_INTAKE_LOG_H

#include "../import/log_line.h"
#include "intake_order.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define INTAKE_SHOWN 80 /* bytes of a line */

/* A log that is read. */
struct intake_log {
	const char *name;
	const struct log_format *text, *json; /* by their look; NULL: not yet */
	bool logemu; /* so far it has nothing but lines of that format */
	struct log_clock clock;
	uint64_t size, bytes, lines, filled;
	uint64_t understood, other, bad, unknown;
	uint64_t first_unknown;
	char unknown_text[INTAKE_SHOWN + 1];
	bool refused;
	bool cut; /* the start of a line that is too long was taken */
	const char *hint, *bad_why; /* the first, or NULL */
	unsigned int hints;
	int64_t latest_us;
	uint64_t events;
};

/* Set by the caller, up to ctx; the rest is zero at first. */
struct intake {
	const struct log_format *format; /* NULL: by the look of lines */
	const struct port_bits *ports;
	struct intake_order *order;
	struct log_hosts *hosts; /* or NULL */
	int year;		 /* the first line has; 0: the last that fits */
	bool quiet;
	int64_t now_s;
	const volatile bool *stop;
	/* Shows the part of a file that is read, from 0 to 1. */
	void (*show)(void *ctx, double part);
	void *ctx;
	struct intake_log log;
	/* totals of all logs */
	uint64_t read, not_ours, bad, unknown;
	uint64_t late, future; /* events out of order; later than now */
	int64_t late_most_us, future_us;
};

/*
 * Reads a log, whose last change was at changed_s, of so many bytes or 0. An
 * exit code: EXIT_NO if nothing of it is of a firewall.
 */
int intake_read(struct intake *in, const char *name, FILE *file,
		int64_t changed_s, uint64_t size);

#endif

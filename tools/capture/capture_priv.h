/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The inside of a capture, for the kinds of inputs. */
#ifndef MAILWALL_CAPTURE_PRIV_H
#define MAILWALL_CAPTURE_PRIV_H

#include "input.h"

struct capture {
	struct input **items;
	size_t n, cap;
	capture_problem_fn *problem;
	void *ctx; /* problem's argument */
	int error; /* the first of a file; -EINVAL gives way to others */
};

/* Reports a problem as a sentence; returns error. */
int capture_fail(struct capture *c, int error, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Keeps the error of a file, if it is one, for capture_run_files(). */
void capture_note(struct capture *c, int error);

/* Adds the input, which it owns from then on, and numbers it. 0 or -errno. */
int capture_add(struct capture *c, struct input *in);

#endif

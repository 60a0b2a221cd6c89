/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The end of the recorder's socket that the process with the engine has. The
 * recorder is a process of its own, the program with the store; it ends when
 * this end is closed.
 */
#ifndef MAILWALL_RECORD_H
#define MAILWALL_RECORD_H

#include "record_wire.h"

/* How long the recorder of a monitor may take for what is at once. */
#define RECORD_PATIENCE_S 10
/* The same for the end, where the rest is written. */
#define RECORD_END_S 60

struct record;

/* Questions of the recorder, for its pages; each call is for one number.
 */
struct record_answers {
	void (*view)(void *ctx, struct record *r, uint32_t number);
	void (*health)(void *ctx, struct record *r, uint32_t number);
	void *ctx;
};

/*
 * Starts the recorder, before privilege is dropped, and waits until it has what
 * it is to have. An exit code; what is wrong was said.
 */
int record_start(struct record **out, const struct record_open *options,
		 const struct record_answers *answers);

/* The address of the pages; "": there are none. */
const char *record_address(const struct record *r);
int record_fd(const struct record *r);
int record_pid(const struct record *r);

/* Each sends a message, and returns an exit code: not 0 once it has ended. */
int record_attempt(struct record *r, const struct attempt_event *event);
int record_early(struct record *r, const struct attempt_event *event);
int record_finding(struct record *r, const struct finding *finding);
int record_step(struct record *r, const struct clock_step *step);
/* To be called once a second: what was sent before is written. */
int record_tick(struct record *r, const struct record_tick *tick);
/* Has it write what was sent, before it takes more: for events from files. */
int record_submit(struct record *r);
/* Answers to record_answers. */
void record_put(struct record *r, enum record_kind kind, const void *row);

/* Takes what came; to be called when the descriptor is readable. */
int record_ready(struct record *r);

/* Ends the recorder, which writes the rest. An exit code; r may be NULL. */
int record_close(struct record *r);

#endif

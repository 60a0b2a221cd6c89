/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages for people, on standard error. */
#ifndef MAILWALL_MESSAGE_H
#define MAILWALL_MESSAGE_H

#include <stdbool.h>

struct diags;

/* Prints "mailwall: " and the sentence, on a line of its own. */
void message_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Prints "out of memory" and returns EXIT_REFUSED. */
int message_out_of_memory(void);
/*
 * Says once that standard output cannot be written, by errno, and clears its
 * error. Returns EXIT_REFUSED each time.
 */
int message_output_failed(void);
/* From here on that says so of a pipe that nobody reads any more, too. */
void message_tell_pipes(void);
/*
 * Prints what is wrong with a policy, each with its line and a caret under the
 * place. quiet leaves out warnings.
 */
void message_diags(const struct diags *diags, bool quiet);

#endif

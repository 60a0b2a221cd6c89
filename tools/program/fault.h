/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Why a call failed: a library returns -errno and fills a sentence, and the
 * command that called it shows the sentence. No library prints.
 */
#ifndef MAILWALL_FAULT_H
#define MAILWALL_FAULT_H

struct fault {
	char text[1024]; /* one sentence, lower case, without a full stop */
};

/* Fills the sentence and returns error, which is -errno. */
int fault_set(struct fault *f, int error, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* "out of memory"; returns -ENOMEM. */
int fault_no_memory(struct fault *f);

/*
 * Shows the sentence and returns the exit code of a command: EXIT_USAGE for
 * -EINVAL, which is a mistake of the user's, else EXIT_REFUSED.
 */
int fault_say(const struct fault *f, int error);
/* Shows a sentence: a callback for libraries that have more than one. */
void fault_say_sentence(void *ctx, const char *sentence);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Commands of a protocol, as a table of verbs. */
#ifndef MAILWALL_DIALOGUE_VERB_H
#define MAILWALL_DIALOGUE_VERB_H

#include "dialogue_asked.h"

/* A row of a protocol's commands. */
struct verb {
	const char *word; /* NULL ends a table */
	enum asked asked; /* if read is NULL: nothing to read behind the word */
	enum asked (*read)(struct dialogue *d, struct text rest);
};

/* Finds the verb of a line in the table, and reads what is behind it. */
enum asked verb_read(struct dialogue *d, const struct verb *verbs,
		     struct text line);
/* Reads STARTTLS or STLS. */
enum asked verb_starttls(struct dialogue *d, struct text rest);

#endif

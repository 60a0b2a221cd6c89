/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The chain of the journal's lines: where it ends, and where it breaks. */
#ifndef MAILWALL_JOURNAL_CHAIN_H
#define MAILWALL_JOURNAL_CHAIN_H

#include "hash_text.h"
#include "journal.h"

struct chain_end {
	uint64_t sequence; /* the last whole line's; 0: there is none */
	char hash[HASH_TEXT_BYTES]; /* the last line's, whole or not; "" */
	uint64_t
		cut_bytes; /* bytes of last lines that are cut short; 0: none */
	bool unended;	   /* the file does not end with the end of a line */
	uint64_t open;	   /* the line of what was begun and not ended; 0 */
};

/* Reads the last lines of the journal. 0 or -errno. */
int chain_find_end(int fd, struct chain_end *out);

/*
 * Adds the last member to the text of a line: the SHA-256 of all that stands
 * before it, so that an edited last line is found too.
 */
const char *chain_add_sum(struct arena *a, const char *object);
/* Is the last member the sum of all that stands before it? */
bool chain_sum_is_right(const char *text, size_t len);

const char *journal_path(struct program *p);
int journal_what_find(const char *text);
/*
 * Returns what is open after a line: itself, what was open before, or nothing
 * (0). what is the line's, -1: not known.
 */
uint64_t journal_is_open(int what, uint64_t sequence, uint64_t before);

#endif

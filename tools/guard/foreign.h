/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Changes of the rules that were not ours, as the kernel tells them: a group of
 * messages for the objects that came and went, then the new generation with the
 * name and number of the process. The name is the process's own claim.
 */
#ifndef MAILWALL_FOREIGN_H
#define MAILWALL_FOREIGN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FOREIGN_TEXT	     256
#define FOREIGN_PARENTS_MOST 4

struct foreign_process {
	int32_t pid;
	char comm[16]; /* printable ASCII; other bytes are ? */
};

/* One change of our table, told by one generation. */
struct foreign_change {
	uint32_t generation;
	struct foreign_process by; /* as the kernel names it; pid 0: not told */
	bool gone;		   /* the process had ended when we looked */
	char command[FOREIGN_TEXT]; /* its command line; "": not known */
	char login[64]; /* user who logged in; "": none, or not known */
	struct foreign_process parents[FOREIGN_PARENTS_MOST];
	size_t n_parents;
	unsigned int acts; /* a bit for each row of foreign_acts */
	bool deleted;	   /* the table went */
	int64_t seen_ms;   /* CLOCK_MONOTONIC */
};

/* The names of what was done: "delete table, new rule". */
void foreign_acts_text(unsigned int acts, char *out, size_t size);

/* Messages so far of a generation that has not ended. */
struct foreign_reader {
	uint32_t own_ports[2]; /* netlink ports whose changes are ours */
	unsigned int acts;
	bool deleted;
};

typedef void foreign_fn(void *ctx, struct foreign_change *change);

/*
 * Reads one datagram of the group; calls fn for each change of our table that
 * is not by one of own_ports. What the process was is left to foreign_look().
 */
void foreign_read(struct foreign_reader *r, const void *datagram, size_t len,
		  foreign_fn *fn, void *ctx);

/* Fills in what /proc still tells of the process: it is gone soon. */
void foreign_look(struct foreign_change *change);

#endif

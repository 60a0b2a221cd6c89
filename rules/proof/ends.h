/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The sources, or the destinations, that a line of a test tells apart. */
#ifndef MAILWALL_ENDS_H
#define MAILWALL_ENDS_H

#include "kinds.h"

enum end_side { END_FROM, END_TO };

/* One source or destination of its kind. */
struct end_kind {
	uint8_t family;
	struct addr6 address;
	const char *interface; /* NULL: nothing asks for it */
	bool is_told;	       /* the interface is none like any other */
	bool has_owner;
	uint32_t uid, gid;
	const struct class_list *dynamic; /* classes that may hold it */
	uint32_t in;			  /* a bit for each of these */
};

struct end_kinds {
	struct end_kind *items;
	size_t n, cap;
};

/*
 * Adds each kind that the line is about. False if there are too many: *steps,
 * of which each is taken off, did not last.
 */
bool ends_of(struct arena *a, const struct policy *policy,
	     const struct expectation *line, enum end_side side, uint8_t family,
	     uint64_t *steps, struct end_kinds *out);

/* Is it a member of a dynamic class? */
bool end_is_in(const struct end_kind *end, const struct class *class);
/* Does a clause ask for the user or the group of a connection? */
bool ends_have_owners(const struct policy *policy);
/* Prints the address into RANGE_TEXT_MAX bytes. */
void end_print(char *out, const struct end_kind *end);
/* ", when the source is in exempt", and its interface; "" for neither. */
const char *ends_text(struct arena *a, const struct end_kind *end,
		      enum end_side side);

#endif

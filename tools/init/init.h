/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A first policy: questions, from the command line, a file or a terminal, and
 * the policy that their answers make.
 */
#ifndef MAILWALL_INIT_H
#define MAILWALL_INIT_H

#include "../option/command.h"

#include <stdio.h>

extern const struct command command_init;

/* Places where a policy may stand, one row each. */
#define INIT_PLACES(X)                                                         \
	X(ROUTER, "router", "forward")                                         \
	X(BRIDGE, "bridge", "bridge")                                          \
	X(HOST, "host", "output")

enum init_place {
#define INIT_PLACE(name, word, hook) INIT_##name,
	INIT_PLACES(INIT_PLACE)
#undef INIT_PLACE
		INIT_PLACES_N
};

/* Answers; a text that is NULL, or a list without items, is not given. */
struct init_answers {
	const char *place; /* a word of INIT_PLACES */
	const char *name, *contact;
	const char *mode;	  /* "observe" or "enforce" */
	const char *user;	  /* the user that sends mail of this host */
	struct texts interfaces;  /* subscribers are behind them */
	struct texts subscribers; /* prefixes */
	struct texts relays;	  /* addresses */
};

const char *init_place_word(size_t i);
/* The number of a place's word, or INIT_PLACES_N. */
enum init_place init_place_of(const char *word);

/*
 * init_answers.c: reads "place = router" and so on from a file. An exit code;
 * what is wrong is printed with its line.
 */
int init_read_file(struct program *p, const char *path,
		   struct init_answers *out);
/* Asks for what is not given, where somebody can answer. An exit code. */
int init_ask(struct program *p, struct init_answers *a);

/* init_policy.c: writes the policy of the answers. */
void init_write(FILE *out, const struct init_answers *a);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One run of a command: exit codes, and what several commands share. */
#ifndef MAILWALL_PROGRAM_H
#define MAILWALL_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	EXIT_DONE = 0,
	EXIT_NO = 1, /* the answer is no: errors, drift, nothing loaded */
	EXIT_USAGE = 2,
	EXIT_REFUSED = 3, /* by the kernel or the system */
	EXIT_CHANGES = 4, /* plan has something to do */
};

struct arena;
struct command;
struct definition;
struct nagios;
struct policy_world;

struct texts {
	const char **items;
	size_t n, cap;
};

struct numbers {
	uint32_t *items;
	size_t n, cap;
};

struct definitions {
	struct definition *items;
	size_t n, cap;
};

struct program {
	struct arena *arena; /* lives as long as the command */
	const struct command *command;
	struct nagios *nagios; /* for status --nagios; NULL: not asked for */
	bool json;
	bool quiet;
	bool helped;	       /* --help was asked for, and answered */
	const char *run_dir;   /* where what was loaded is remembered */
	const char *state_dir; /* revisions and journal, which outlast a boot */
	const struct policy_world *world; /* NULL: files, this machine */
	struct definitions definitions;
};

#endif

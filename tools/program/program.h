/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What all subcommands share. */
#ifndef MAILWALL_PROGRAM_H
#define MAILWALL_PROGRAM_H

#include "../../rules/policy/policy.h"

#include <jansson.h>
#include <stdio.h>

enum {
	EXIT_DONE = 0,
	EXIT_NO = 1, /* the answer is no: errors, drift, nothing loaded */
	EXIT_USAGE = 2,
	EXIT_REFUSED = 3, /* by the kernel or the system */
};

/* What the options that several commands share have set. */
struct program {
	struct arena *arena; /* lives as long as the command */
	const char *command;
	bool json;
	bool quiet;
	bool helped;	     /* --help was asked for, and answered */
	const char *run_dir; /* where what was loaded is remembered */
	struct {
		struct definition *items;
		size_t n, cap;
	} definitions;
};

/* One row is dispatch, usage and completion at once. */
struct command {
	const char *name;
	int (*run)(struct program *p, int argc, char **argv);
	const char *usage; /* behind the name */
	const char *summary;
	bool definitions; /* reads policies, and so takes -D */
};
extern const struct command commands[];
extern const size_t n_commands;
void print_command(const struct command *c); /* how it is used */

/* ---- options ---- */

/*
 * Reads the options of a command: a letter in *flags is set to true when it is
 * seen, the value of an option that takes one is stored. Returns the index of
 * the first argument that is none, or -1 with the mistake said.
 */
struct option_row {
	const char *name; /* "strict", or "n" for a single letter */
	char letter;	  /* the short form; 0: none */
	bool *flag;	  /* one of the three */
	const char **value;
	struct texts *values; /* may be given more than once */
};
struct texts {
	const char **items;
	size_t n, cap;
};
int read_options(struct program *p, int argc, char **argv,
		 const struct option_row *rows, size_t n_rows);
/* What a command returns when read_options() did. */
int options_code(const struct program *p);
int usage_error(const struct program *p, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* ---- messages on standard error: "mailwall: ..." ---- */

void message_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Says it; returns EXIT_REFUSED. */
int message_out_of_memory(void);

/* Prints what is wrong with a policy; as text to standard error. */
void say_diags(const struct program *p, const struct diags *diags);
json_t *diags_json(const struct diags *diags);
/* Any bytes as a JSON string: what is not UTF-8 becomes "?". */
json_t *text_json(const char *text);

/* ---- reading ---- */

/*
 * Loads and checks. EXIT_DONE: *out is set, even if it has errors. Else
 * EXIT_REFUSED, and diags says why.
 */
int load_policy(struct program *p, const char *path, struct policy **out,
		struct diags *diags);
/*
 * The same for commands that need a policy without errors. Mistakes are said,
 * as text or as the JSON document {"ok": false, "diagnostics": [...]}, and
 * the exit code is returned.
 */
int load_good_policy(struct program *p, const char *path, struct policy **out);

/* ---- writing results ---- */

/*
 * Standard output, or a file that appears whole or not at all. finish says
 * what went wrong and returns an exit code.
 */
struct output {
	FILE *file;
	const char *path; /* NULL: standard output */
	char *temporary;  /* NULL: written in place */
};
int output_open(struct output *o, const char *path);
int output_finish(struct output *o);
void output_abandon(struct output *o);
/* The same for libraries, which do not print: 0, or -errno and why. */
struct fault;
int output_begin(struct output *o, const char *path, struct fault *f);
int output_commit(struct output *o, struct fault *f);

/* Prints one JSON document to standard output and gives it up. */
int print_json(json_t *document);

#endif

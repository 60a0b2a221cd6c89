/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Commands as rows. A row says what a command is called, what it takes and what
 * runs it; parsing, help, completion and the synopsis of the manual are made of
 * it. A row lives in its command's file, and main.c lists the rows.
 */
#ifndef MAILWALL_COMMAND_H
#define MAILWALL_COMMAND_H

#include "../program/program.h"

#include <stdbool.h>
#include <stdint.h>

/* Types of values. A value is checked when it is read, and stored as the type
 * says.
 */
enum option_type {
	OPTION_FLAG,  /* bool; the only type without a value */
	OPTION_TEXT,  /* const char * */
	OPTION_TEXTS, /* struct texts; may be repeated */
	OPTION_FILE,  /* const char *, as the rest up to OPTION_DATE */
	OPTION_POLICY,
	OPTION_FOLDER,
	OPTION_ADDRESS,
	OPTION_LISTEN, /* address and port */
	OPTION_USER,
	OPTION_INTERFACE,
	OPTION_CHOICE,	   /* one of the words of the row */
	OPTION_TIME,	   /* as when_parse() reads it */
	OPTION_DATE,	   /* 2026-11-24 */
	OPTION_INTERFACES, /* struct texts; may be repeated */
	OPTION_NUMBERS,	   /* struct numbers; may be repeated */
	OPTION_NUMBER,	   /* uint32_t, from least to most */
	OPTION_PORT,	   /* uint16_t */
	OPTION_PERCENT,	   /* uint32_t, 1 to 100 */
	OPTION_SIZE,	   /* uint64_t bytes, at least 8 MiB */
	OPTION_DURATION,   /* uint32_t seconds */
	OPTION_DEFINITION, /* into struct program; may be repeated */
	OPTION_COMMAND,	   /* operands only: the name of a command */
	OPTION_TYPES
};

/* A list of rows ends with one that has no name. */
struct option_row {
	const char *name; /* "since" */
	char letter;	  /* 's'; 0: long only */
	char was;	  /* its letter in 0.1, if that is gone */
	enum option_type type;
	bool shared;   /* place is in struct program */
	bool left_out; /* by make SMALL=1 */
	bool hidden;   /* from help and completion */
	size_t place;  /* offsetof() in the command's options */
	uint32_t least, most;
	const char *value;  /* name of the value: "TIME" */
	const char *help;   /* one sentence */
	const char *needs;  /* "xarf format": it takes one of these, too */
	const char *one_of; /* rows with the same word exclude each other */
	const char *hints;  /* "1h 24h": values that completion offers */
	/* The words of a choice, by number; NULL behind the last. */
	const char *(*word)(size_t i);
};

/* Arguments behind the options. */
struct operands {
	const char *text; /* "FILE..."; NULL: none are taken */
	enum option_type type;
	size_t least, most;  /* most 0: any number */
	const char *missing; /* "which policy?" */
	const char *words;   /* "add remove list": what the first may be */
};

enum command_group {
	GROUP_POLICY,
	GROUP_KERNEL,
	GROUP_MONITOR,
	GROUP_REVIEW,
	GROUP_ABOUT,
	COMMAND_GROUPS
};

struct command {
	const char *name;
	const char *summary; /* one line, without a full stop */
	enum command_group group;
	struct operands operands;
	const struct option_row *options;
	size_t options_bytes; /* size of the struct that they fill */
	const void *defaults; /* the same before; NULL: zeros */
	/*
	 * Runs it with its options and operands. Returns an exit code. NULL:
	 * the program with the store runs it.
	 */
	int (*run)(struct program *p, const void *options, int argc,
		   char **argv);
	/* Runs instead of command_run(), which it calls; NULL: nothing does. */
	int (*around)(struct program *p, int argc, char **argv);
	bool left_out; /* by make SMALL=1 */
};

#ifdef SMALL
#define LEFT_OUT true
#else
#define LEFT_OUT false
#endif

/* ---- rows that several commands have; members may be added behind ---- */

#define OPTION_ROW_JSON                                                        \
	.name = "json", .letter = 'j', .type = OPTION_FLAG, .shared = true,    \
	.place = offsetof(struct program, json), .help = "print JSON"
#define OPTION_ROW_QUIET                                                       \
	.name = "quiet", .letter = 'q', .type = OPTION_FLAG, .shared = true,   \
	.place = offsetof(struct program, quiet),                              \
	.help = "leave out warnings and what goes without saying"
#define OPTION_ROW_DEFINE                                                      \
	.name = "define", .letter = 'D', .type = OPTION_DEFINITION,            \
	.value = "NAME=VALUE",                                                 \
	.help = "give the policy this definition, or @FILE"
#define OPTION_ROW_POLICY(options)                                             \
	.name = "policy", .letter = 'p', .type = OPTION_POLICY,                \
	.place = offsetof(options, policy), .value = "POLICY"
#define OPTION_ROW_STORE(options)                                              \
	.name = "store", .letter = 'S', .type = OPTION_FILE,                   \
	.place = offsetof(options, store), .value = "STORE"
#define OPTION_ROW_SINCE(options)                                              \
	.name = "since", .letter = 's', .type = OPTION_TIME,                   \
	.place = offsetof(options, since), .value = "TIME",                    \
	.hints = "1d 7d 30d 90d today yesterday"
#define OPTION_ROW_MEMORY(options)                                             \
	.name = "memory", .letter = 'm', .type = OPTION_SIZE,                  \
	.place = offsetof(options, memory), .value = "SIZE",                   \
	.help = "use at most this much memory", .hints = "64M 256M 1G 4G"
#define OPTION_ROW_TOP(options)                                                \
	.name = "top", .letter = 't', .type = OPTION_NUMBER,                   \
	.place = offsetof(options, top), .most = 100000, .value = "N"
#define OPTION_ROW_NO_WARMUP(options)                                          \
	.name = "no-warmup", .letter = 'w', .type = OPTION_FLAG,               \
	.place = offsetof(options, no_warmup),                                 \
	.help = "report sources from the first packet on, without learning "   \
		"the network first"

#endif

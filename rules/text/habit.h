/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Words that people bring along from other firewalls and from everyday speech,
 * and what this language says instead.
 */
#ifndef MAILWALL_HABIT_H
#define MAILWALL_HABIT_H

#include <stdbool.h>
#include <stddef.h>

struct arena;

/* Places where a word is looked for. */
enum habit_place {
	HABIT_ACTION = 1,    /* the first word of a clause */
	HABIT_SERVICE = 2,   /* among the services and options of one */
	HABIT_MEMBER = 4,    /* among classes and addresses */
	HABIT_STATEMENT = 8, /* the first word of a statement */
	HABIT_HOOK = 16,
	HABIT_MODE = 32,
};

/* Returns what to write instead; NULL: it is no habit that is known there. */
const char *habit_help(struct arena *a, enum habit_place place,
		       const char *word, size_t len);
/* Do two words differ by upper and lower case alone? */
bool habit_is_case(const char *word, size_t len, const char *wanted);

#endif

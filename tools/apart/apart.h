/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The program with the store, mailwall-store: SQLite, HTTP and pages are there,
 * so that who compiles and applies rules loads none of them. It lies beside
 * this program, or in LIBEXECDIR.
 */
#ifndef MAILWALL_APART_H
#define MAILWALL_APART_H

#include <stddef.h>

/* Becomes that program, with the same arguments. An exit code: it failed. */
int apart_exec(char **argv);

/*
 * Runs it with these words, which end with NULL, and takes its standard output,
 * a line: without its end, and cut to size. Its exit code; or EXIT_REFUSED, and
 * the line says why.
 */
int apart_ask(const char *const *words, char *line, size_t size);

/*
 * Does the same with an output of many lines: calls fn for each, without its
 * end. Lines over 4 kB are cut.
 */
int apart_ask_lines(const char *const *words,
		    void (*fn)(void *ctx, const char *line), void *ctx);

/* Its path, which stays until the next call. */
const char *apart_path(void);

#endif

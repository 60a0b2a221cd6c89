/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Expressions of a rule as text of our own. It is the same with every version
 * of libnftnl, on every kernel and in every byte order: numbers are decimal,
 * bytes stand in the order of the packet, and what is zero is not written.
 */
#ifndef MAILWALL_DIGEST_EXPR_H
#define MAILWALL_DIGEST_EXPR_H

#include <stdio.h>

struct nftnl_rule;

/*
 * Writes a blank and the text: a word as it is, all else in quotes, with hex
 * for what could end it.
 */
void digest_print_text(FILE *out, const char *text);

/* Writes a line for each expression. 0 or -ENOMEM. */
int digest_print_rule(FILE *out, struct nftnl_rule *rule);

#endif

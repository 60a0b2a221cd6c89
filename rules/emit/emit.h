/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A ruleset in the forms that others read. What nft loads from the text or the
 * JSON is what our own messages load; both are written of a ruleset that
 * ruleset_new_text() made, since nft has no words for some rules.
 */
#ifndef MAILWALL_EMIT_H
#define MAILWALL_EMIT_H

#include "../ruleset/ruleset.h"

/*
 * Writes to out; the caller looks at ferror() at the end. The text is for nft
 * -f and for including: it declares, flushes the rules of our table alone and
 * loads them again, so counters and dynamic elements stay.
 */
void emit_nft(const struct ruleset *rs, FILE *out);
void emit_json(const struct ruleset *rs, FILE *out);
/* The bytecode as text, one expression a line. */
void emit_bytecode(const struct ruleset *rs, FILE *out);

/* Names of interfaces from the 16 bytes that stand for them. */
#define IFNAME_TEXT_MAX 18
void ifname_print(char *out, const struct range6 *r);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text of others on its way to a person: a terminal, a page, a label. Nothing
 * in it may steer the terminal, or break the page.
 */
#ifndef MAILWALL_UTF8_H
#define MAILWALL_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* The length of the character at p; 0 if it is not UTF-8 (RFC 3629). */
size_t utf8_length(const char *p, size_t left);
/* True for both sets of control characters; U+0080 is c2 80, U+009F c2 9f. */
bool utf8_is_control(const char *p, size_t len);
/* The character of that length. */
uint32_t utf8_rune(const char *p, size_t len);

/*
 * The length of the character at p if a person may see it; 0 for a byte to
 * replace: one that is not UTF-8, or of a control character.
 */
size_t utf8_clean_length(const char *p, size_t left);
/*
 * Copies text with "?" for each byte to replace. A character that does not fit
 * into size bytes with a NUL ends it. Returns the length.
 */
size_t utf8_clean(char *out, size_t size, const char *text, size_t len);
/* Prints text with "?" for each byte to replace. A tab stays. */
void utf8_print(FILE *out, const char *text, size_t len);
void utf8_puts(FILE *out, const char *text); /* up to its NUL */

/* The entity for a character in HTML and in its attributes; NULL: itself. */
const char *html_entity(uint32_t rune);

#endif

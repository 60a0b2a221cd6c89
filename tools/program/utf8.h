/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text of others on its way to a person: a terminal, a page, a label. */
#ifndef MAILWALL_UTF8_H
#define MAILWALL_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The length of the character at p, 0 if it is none (RFC 3629). */
size_t utf8_length(const char *p, size_t left);
/* Both sets of control characters; U+0080 to U+009F are c2 80 to c2 9f. */
bool utf8_is_control(const char *p, size_t len);
/* The character of that length. */
uint32_t utf8_rune(const char *p, size_t len);

/* What stands for it in HTML, also in a value of an attribute; or NULL. */
const char *html_entity(uint32_t rune);

#endif

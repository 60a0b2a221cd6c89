/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SHA-256 as text. */
#ifndef MAILWALL_HASH_TEXT_H
#define MAILWALL_HASH_TEXT_H

#include <stddef.h>

#define HASH_TEXT_BYTES 65

/* Writes 64 hexadecimal digits and a NUL. */
void hash_of(const void *bytes, size_t len, char out[HASH_TEXT_BYTES]);

#endif

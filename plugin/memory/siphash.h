/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SipHash-2-4: J.-P. Aumasson, D. J. Bernstein, INDOCRYPT 2012. */
#ifndef MAILWALL_SIPHASH_H
#define MAILWALL_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

/*
 * Who does not know the key can neither choose what collides nor try names
 * until one fits. The key is 128 bits of chance, its first word the half that
 * the paper calls k0; the result is the same on every machine.
 */
uint64_t siphash_24(const uint64_t key[2], const void *bytes, size_t len);

#endif

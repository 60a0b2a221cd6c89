/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SipHash-2-4: J.-P. Aumasson, D. J. Bernstein, INDOCRYPT 2012. */
#ifndef MAILWALL_SIPHASH_H
#define MAILWALL_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

/*
 * Hashes bytes under a random key of 128 bits, whose first word is the paper's
 * k0. Without the key no one can choose colliding bytes, or try names until one
 * fits. The result is the same on every machine.
 */
uint64_t siphash_24(const uint64_t key[2], const void *bytes, size_t len);

#endif

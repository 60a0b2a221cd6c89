/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A keyed hash for tables that strangers fill. The key is drawn at start, so
 * that no one can choose addresses that meet in one place of a table.
 */
#ifndef MAILWALL_HASH_H
#define MAILWALL_HASH_H

#include <endian.h>
#include <stdint.h>
#include <string.h>

struct hash_key {
	uint64_t word[2];
};

/* Folds the two halves of a 128-bit product. */
#ifdef __SIZEOF_INT128__
static inline uint64_t hash_fold(uint64_t a, uint64_t b)
{
	__extension__ typedef unsigned __int128 wide;
	wide product = (wide)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}
#else
/* The same of 32-bit digits, where the compiler has no wider number. */
static inline uint64_t hash_fold(uint64_t a, uint64_t b)
{
	uint64_t a_low = (uint32_t)a, a_high = a >> 32;
	uint64_t b_low = (uint32_t)b, b_high = b >> 32;
	uint64_t low = a_low * b_low;
	uint64_t middle = a_high * b_low + (low >> 32);
	uint64_t cross = a_low * b_high + (uint32_t)middle;

	return ((cross << 32) | (uint32_t)low) ^
	       (a_high * b_high + (middle >> 32) + (cross >> 32));
}
#endif

static inline uint64_t hash_u64(const struct hash_key *key, uint64_t value)
{
	uint64_t h = hash_fold(value ^ key->word[0], key->word[1] | 1);

	return hash_fold(h ^ key->word[1], 0x9e3779b97f4a7c15u);
}

static inline uint64_t hash_2(const struct hash_key *key, uint64_t a,
			      uint64_t b)
{
	/* The constant gives the factor many bits for any key. */
	return hash_fold(hash_u64(key, a) ^ b,
			 (key->word[0] ^ 0xd6e8feb86659fd93u) | 1);
}

/* Lowest byte first on every machine: what is hashed may be saved. */
static inline uint64_t load_u64(const uint8_t *at)
{
	uint64_t value;

	memcpy(&value, at, sizeof(value));
	return le64toh(value);
}

/* Hashes the 16 bytes of an address. */
static inline uint64_t hash_address(const struct hash_key *key,
				    const uint8_t *byte)
{
	return hash_2(key, load_u64(byte), load_u64(byte + 8));
}

#endif

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
static inline uint64_t hash_fold(uint64_t a, uint64_t b)
{
	__extension__ typedef unsigned __int128 wide;
	wide product = (wide)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

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

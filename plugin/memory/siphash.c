/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "siphash.h"

static uint64_t siphash_rotate(uint64_t x, unsigned int bits)
{
	return x << bits | x >> (64 - bits);
}

static void siphash_mix(uint64_t v[4], unsigned int rounds)
{
	while (rounds--) {
		v[0] += v[1];
		v[1] = siphash_rotate(v[1], 13) ^ v[0];
		v[0] = siphash_rotate(v[0], 32);
		v[2] += v[3];
		v[3] = siphash_rotate(v[3], 16) ^ v[2];
		v[0] += v[3];
		v[3] = siphash_rotate(v[3], 21) ^ v[0];
		v[2] += v[1];
		v[1] = siphash_rotate(v[1], 17) ^ v[2];
		v[2] = siphash_rotate(v[2], 32);
	}
}

static void siphash_add(uint64_t v[4], uint64_t word)
{
	v[3] ^= word;
	siphash_mix(v, 2);
	v[0] ^= word;
}

/* Reads n bytes as a little-endian word; missing bytes are 0. */
static uint64_t siphash_word(const uint8_t *bytes, size_t n)
{
	uint64_t word = 0;

	for (size_t i = 0; i < n; i++)
		word |= (uint64_t)bytes[i] << 8 * i;
	return word;
}

uint64_t siphash_24(const uint64_t key[2], const void *bytes, size_t len)
{
	/* "somepseudorandomlygeneratedbytes": section 2.1 */
	uint64_t v[4] = {
		key[0] ^ UINT64_C(0x736f6d6570736575),
		key[1] ^ UINT64_C(0x646f72616e646f6d),
		key[0] ^ UINT64_C(0x6c7967656e657261),
		key[1] ^ UINT64_C(0x7465646279746573),
	};
	const uint8_t *at = bytes;
	size_t left = len;

	for (; left >= 8; at += 8, left -= 8)
		siphash_add(v, siphash_word(at, 8));
	siphash_add(v, siphash_word(at, left) | (uint64_t)len << 56);
	v[2] ^= 0xff;
	siphash_mix(v, 4);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

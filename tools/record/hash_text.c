/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hash_text.h"

#include <nettle/sha2.h>
#include <stdint.h>
#include <stdio.h>

void hash_of(const void *bytes, size_t len, char out[HASH_TEXT_BYTES])
{
	uint8_t sum[SHA256_DIGEST_SIZE];
	struct sha256_ctx sha;

	sha256_init(&sha);
	if (len)
		sha256_update(&sha, len, bytes);
	sha256_digest(&sha, sizeof(sum), sum);
	for (size_t i = 0; i < sizeof(sum); i++)
		snprintf(out + 2 * i, 3, "%02x", sum[i]);
}

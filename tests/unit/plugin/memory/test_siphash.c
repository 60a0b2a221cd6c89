/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "../../unit.h"

#include "../../../../plugin/memory/siphash.h"

CLAIM(reference, "the hash is that of the reference implementation, whatever "
		 "the length")
{
	/* Of the bytes 00 01 02 ..., with the key 00 01 ... 0f */
	static const uint64_t vectors[] = {
		0x726fdb47dd0e0e31, 0x74f839c593dc67fd, 0x0d6c8009d9a94f5a,
		0x85676696d7fb7e2d, 0xcf2794e0277187b7, 0x18765564cd99a68d,
		0xcbc9466e58fee3ce, 0xab0200f58b01d137, 0x93f5f5799a932462,
		0x9e0082df0ba9e4b0, 0x7a5dbbc594ddb9f3, 0xf4b32f46226bada7,
		0x751e8fbc860ee5fb, 0x14ea5627c0843d90, 0xf723ca908e7af2ee,
		0xa129ca6149be45e5,
	};
	const uint64_t key[2] = { 0x0706050403020100, 0x0f0e0d0c0b0a0908 };
	uint8_t bytes[COUNT(vectors)];

	for (size_t i = 0; i < COUNT(vectors); i++) {
		uint64_t got = siphash_24(key, bytes, i);

		bytes[i] = (uint8_t)i;
		expect(got == vectors[i],
		       "of %zu bytes got %016llx want %016llx", i,
		       (unsigned long long)got, (unsigned long long)vectors[i]);
	}
}

CLAIM(keys, "another key gives another hash")
{
	const uint64_t one[2] = { 1, 2 }, other[2] = { 1, 3 };

	expect(siphash_24(one, "alice", 5) != siphash_24(other, "alice", 5),
	       "of \"alice\" with two keys got the same");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIMED(reference),
		CLAIMED(keys),
	};

	return cmocka_run_group_tests_name("siphash", tests, NULL, NULL);
}

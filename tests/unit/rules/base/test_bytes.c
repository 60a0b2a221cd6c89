/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers as bytes of a file. */
#include "../../unit.h"

#include "../../../../rules/base/bytes.h"

struct sink {
	uint8_t bytes[2048];
	size_t n, calls;
	int error;
};

static int take(void *ctx, const void *bytes, size_t len)
{
	struct sink *s = ctx;

	s->calls++;
	if (s->error)
		return s->error;
	assert_true(len <= sizeof(s->bytes) - s->n);
	memcpy(s->bytes + s->n, bytes, len);
	s->n += len;
	return 0;
}

CLAIM(order, "a number of 1 to 8 bytes has its lowest byte first")
{
	struct sink s = { .n = 0 };
	struct byte_writer w = { .write = take, .ctx = &s };
	struct byte_reader r;

	for (size_t width = 1; width <= 8; width++)
		bytes_write_le(&w, 0x0807060504030201u, width);
	assert_int_equal(bytes_flush(&w), 0);
	expect_number("bytes", s.n, 36);
	for (size_t width = 1, at = 0; width <= 8; at += width++)
		for (size_t i = 0; i < width; i++)
			expect(s.bytes[at + i] == i + 1,
			       "width %zu byte %zu: %u", width, i,
			       s.bytes[at + i]);
	r = (struct byte_reader){ .at = s.bytes, .end = s.bytes + s.n };
	for (size_t width = 1; width <= 8; width++)
		expect(bytes_read_le(&r, width) ==
			       (0x0807060504030201u &
				UINT64_MAX >> (64 - 8 * width)),
		       "width %zu", width);
	expect(!r.failed && r.at == r.end, "it is not read to the end");
}

CLAIM(end, "a read beyond the end gives nothing, and so does every later one")
{
	static const uint8_t bytes[] = { 1, 2, 3 };
	struct byte_reader r = { .at = bytes, .end = bytes + sizeof(bytes) };

	expect_number("two", bytes_read_le(&r, 2), 0x0201);
	expect_number("two more", bytes_read_le(&r, 2), 0);
	expect(r.failed && !bytes_read(&r, 1), "one more is read");
	expect_number("one", bytes_read_le(&r, 1), 0);
}

CLAIM(many, "more bytes than wait at once arrive in order")
{
	struct sink s = { .n = 0 };
	struct byte_writer w = { .write = take, .ctx = &s };
	uint8_t bytes[1500];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 7);
	bytes_write_le(&w, 0xaabb, 2);
	bytes_write(&w, bytes, sizeof(bytes));
	assert_int_equal(bytes_flush(&w), 0);
	expect_number("bytes", s.n, 1502);
	expect(!memcmp(s.bytes + 2, bytes, sizeof(bytes)), "they differ");
}

CLAIM(error, "the first error stays, and nothing is written after it")
{
	struct sink s = { .error = -ENOSPC };
	struct byte_writer w = { .write = take, .ctx = &s };

	for (size_t i = 0; i < 1000; i++)
		bytes_write_le(&w, i, 8);
	s.error = 0;
	expect(bytes_flush(&w) == -ENOSPC, "it is %d", bytes_flush(&w));
	expect_number("calls", s.calls, 1);
	expect_number("bytes", s.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIMED(order),
		CLAIMED(end),
		CLAIMED(many),
		CLAIMED(error),
	};

	return cmocka_run_group_tests_name("bytes", tests, NULL, NULL);
}

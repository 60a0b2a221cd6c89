/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whatever is in a state file, the engine that reads it works: what it took can
 * be saved and read again, and is the same.
 *
 * The input is a state file. Its magic line and its SHA-256 are made right
 * before it is read, and so are the sizes of structs in the header of 0.1.
 * Inputs that begin with '!' are read as they are, those that begin with '2'
 * or with the magic line of 0.1 as files of 0.1, all others as files of today.
 */
#include "fuzz.h"
#include "../unit/packet.h"
#include "../../plugin/engine/engine.h"

#include <nettle/sha2.h>

#define SECOND 1000000

static const char magic[] = ENGINE_STATE "3\n";
static const char magic_0_1[] = ENGINE_STATE "2\n";
/* The header of 0.1 begins with its size and those of five structs. */
static const uint8_t sizes_0_1[24] = { 192, 0, 0, 0, 40, 0, 0, 0, 64, 0, 0, 0,
				       12,  0, 0, 0, 88, 0, 0, 0, 84, 0, 0, 0 };

struct saved {
	uint8_t *bytes;
	size_t n;
};

static int keep(void *ctx, const void *bytes, size_t len)
{
	struct saved *s = ctx;
	uint8_t *grown = realloc(s->bytes, s->n + len);

	if (!grown)
		abort();
	memcpy(grown + s->n, bytes, len);
	s->bytes = grown;
	s->n += len;
	return 0;
}

static struct engine *engine_of(void)
{
	struct engine_config config = { .key = { 1, 2 }, .memory = 1 };
	struct engine *e;

	if (engine_new(&config, &e))
		abort();
	return e;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	return 0;
}

static bool is_of_0_1(const uint8_t *bytes, size_t n)
{
	size_t len = strlen(magic_0_1);

	return *bytes == '2' || (n >= len && !memcmp(bytes, magic_0_1, len));
}

static void make_right(uint8_t *bytes, size_t n)
{
	bool old = is_of_0_1(bytes, n);
	size_t len = strlen(magic);
	struct sha256_ctx sha;

	if (n < len + sizeof(sizes_0_1) + SHA256_DIGEST_SIZE)
		return;
	memcpy(bytes, old ? magic_0_1 : magic, len);
	if (old)
		memcpy(bytes + len, sizes_0_1, sizeof(sizes_0_1));
	sha256_init(&sha);
	sha256_update(&sha, n - SHA256_DIGEST_SIZE, bytes);
	sha256_digest(&sha, SHA256_DIGEST_SIZE, bytes + n - SHA256_DIGEST_SIZE);
}

static void see_source(void *ctx, const struct source_view *v)
{
	must(v->family == 4 || v->family == 6, "a source has a family");
	must(v->n_ports <= PORTS_MOST, "and ports");
	must(v->score >= 0 && v->score < 1e10f, "and a score");
	++*(uint64_t *)ctx;
}

static uint64_t count(struct engine *e)
{
	struct engine_summary s;
	uint64_t n = 0;

	engine_sources(e, see_source, &n);
	engine_summary(e, &s);
	must(n == s.sources, "sources are counted");
	must(s.memory <= ENGINE_MEMORY_LEAST, "memory has a limit");
	return n;
}

/* Attempts, one answered with a word said, to many networks. */
static void use(struct engine *e, int64_t now_us)
{
	static const char hello[] = "EHLO a\r\n";
	uint8_t bytes[2 * PACKET_MOST];

	for (uint32_t i = 0; i < 40; i++) {
		struct packet_of p = { .family = 4 + (i % 8 == 7) * 2,
				       .source = 0x0a000001,
				       .destination = 0xc0000000 + (i << 16),
				       .source_port = (uint16_t)(2000 + i),
				       .destination_port = i % 5 ? 25 : 143,
				       .seq = i,
				       .flags = TCP_SYN };
		struct packet_of said = p, answer = p;
		struct frame f = packet_frame(&p, now_us, 0, bytes);

		engine_frame(e, &f);
		now_us += SECOND;
		if (i % 3)
			continue;
		answer.source = p.destination;
		answer.destination = p.source;
		answer.source_port = p.destination_port;
		answer.destination_port = p.source_port;
		answer.ack = p.seq + 1;
		answer.flags = TCP_SYN | TCP_ACK;
		f = packet_frame(&answer, now_us, 0, bytes);
		engine_frame(e, &f);
		said.seq = p.seq + 1;
		said.ack = 1;
		said.flags = TCP_ACK;
		said.payload = hello;
		said.payload_len = sizeof(hello) - 1;
		f = packet_frame(&said, now_us, 0, bytes);
		engine_frame(e, &f);
	}
	for (int i = 0; i < 4; i++)
		engine_time(e, now_us += (int64_t)3600 * SECOND);
}

static void check_again(struct engine *e)
{
	struct saved again = { 0 };
	struct engine *other = engine_of();
	const char *why;

	must(!engine_save(e, keep, &again), "it can be saved");
	must(!engine_load(other, again.bytes, again.n, &why),
	     "what was saved can be read");
	must(count(e) == count(other), "and has as many sources");
	engine_free(other);
	free(again.bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size ? size : 1);
	struct engine *e = engine_of();
	const char *why = NULL;
	int error;

	if (!copy)
		abort();
	if (size)
		memcpy(copy, data, size);
	if (size && *data != '!')
		make_right(copy, size);
	error = engine_load(e, copy, size, &why);
	free(copy);
	must(!error == !why, "who refuses says why");
	must(!error || error == -EBADMSG, "an error is one of ours");
	if (error)
		must(!count(e), "nothing is taken of what is refused");
	else
		check_again(e);
	use(e, INT64_C(1767571200) * SECOND);
	must(count(e) > 0, "it goes on");
	engine_end(e);
	check_again(e);
	engine_free(e);
	return 0;
}

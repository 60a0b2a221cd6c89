/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * table SOURCES SERVERS
 *
 * What an attempt costs on its way through the engine, decoding aside: every
 * source makes one to begin with, then twice as many come from sources at
 * random, each to one of the SERVERS that its source knows. A quarter of a
 * million attempts are under way, or as many as there are sources.
 *
 * Beside it what the same memory costs to read, change and write at random, 64
 * bytes at a time: all at once, and each when the last is done. Prints the
 * nanoseconds of an attempt, of decoding it, and of both kinds of access, then
 * bytes in use, sources and attempts cut short.
 */
#include "../../plugin/engine/engine_priv.h"
#include "../detect/chance.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

#define BLOCK	       65536
#define FRAME_BYTES    64 /* 40 of them used */
#define UNDER_WAY      262144
#define KEPT_US	       ((int64_t)ATTEMPT_KEPT_S * 1000000)
#define START_US       (INT64_C(1767571200) * 1000000)
#define ATTEMPTS_LEAST 1000000 /* measured, in as many rounds as it takes */
#define ACCESSES       4000000
#define MEMORY	       ((size_t)12 << 30)

struct cost {
	double attempt_s, decode_s;
	uint64_t attempts;
};

static struct chance seed = { 25 };
static uint8_t frames[BLOCK][FRAME_BYTES];
static struct engine_summary summary;

static double now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static uint32_t below(uint32_t n)
{
	return chance_below(&seed, n);
}

/* ---- attempts ---- */

struct round {
	struct engine *engine;
	struct decoder *decoder;
	uint32_t sources, servers;
	int64_t time_us, step_us;
};

static void no_finding(void *ctx, const struct finding *finding)
{
	(void)ctx;
	(void)finding;
}

static void put32(uint8_t *at, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		at[i] = (uint8_t)(value >> (24 - 8 * i));
}

static void make_frame(const struct round *r, uint8_t *f, uint32_t source)
{
	uint32_t server = (uint32_t)chance_hash((uint64_t)source * r->servers +
						below(r->servers));

	memset(f, 0, FRAME_BYTES);
	f[0] = 0x45;
	f[3] = 40;
	f[8] = 64;
	f[9] = 6;
	put32(f + 12, (10u << 24) + source);
	put32(f + 16, server >> 1 | 1u << 24);
	put32(f + 20, (1024 + below(60000)) << 16 | 25);
	put32(f + 24, (uint32_t)chance_next(&seed));
	f[32] = 0x50;
	f[33] = TCP_SYN;
}

static struct frame frame_of(const struct round *r, uint32_t i)
{
	return (struct frame){ .data = frames[i],
			       .caplen = 40,
			       .len = 40,
			       .time_us = r->time_us + i * r->step_us,
			       .link = LINK_RAW };
}

/* Both ways over the same frames: the second shows what decoding is of it. */
static void run_block(struct round *r, uint32_t n, struct cost *cost)
{
	struct segment segment;
	double start_s = now_s(), middle_s;
	uint32_t wrong = 0;

	for (uint32_t i = 0; i < n; i++) {
		struct frame f = frame_of(r, i);

		engine_frame(r->engine, &f);
	}
	middle_s = now_s();
	for (uint32_t i = 0; i < n; i++) {
		struct frame f = frame_of(r, i);

		wrong += decode_frame(r->decoder, &f, &segment) !=
			 DECODED_SEGMENT;
	}
	cost->decode_s += now_s() - middle_s;
	cost->attempt_s += middle_s - start_s;
	cost->attempts += n;
	r->time_us += n * r->step_us;
	if (wrong)
		abort();
}

static void run_attempts(struct round *r, uint64_t n, bool in_turn,
			 struct cost *cost)
{
	for (uint64_t at = 0; at < n;) {
		uint32_t i = 0;

		for (; i < BLOCK && at < n; i++, at++)
			make_frame(r, frames[i],
				   in_turn ? (uint32_t)at : below(r->sources));
		run_block(r, i, cost);
	}
}

static void run_round(uint32_t sources, uint32_t servers, struct cost *cost)
{
	uint32_t under_way = sources < UNDER_WAY ? sources : UNDER_WAY;
	struct engine_config config = { .memory = MEMORY,
					.skip_warmup = true,
					.finding = no_finding };
	struct round r = { .sources = sources,
			   .servers = servers,
			   .time_us = START_US,
			   .step_us = KEPT_US / under_way };
	struct cost warm = { 0 };

	config.key[0] = chance_next(&seed);
	config.key[1] = chance_next(&seed);
	if (engine_new(&config, &r.engine))
		abort();
	r.decoder = decoder_new(&r.engine->bits);
	if (!r.decoder)
		abort();
	run_attempts(&r, sources, true, &warm);
	run_attempts(&r, (uint64_t)sources * 2, false, cost);
	engine_summary(r.engine, &summary);
	decoder_free(r.decoder);
	engine_free(r.engine);
}

/* ---- memory ---- */

/* Less than n. */
static uint64_t place(uint64_t random, uint64_t n)
{
	__extension__ typedef unsigned __int128 wide;

	return (uint64_t)((wide)random * n >> 64);
}

/* waits: what a line holds says where the next one is. */
/* Two functions in one: a choice at run time would make every one wait. */
static inline __attribute__((always_inline)) double
access_ns(uint64_t (*lines)[8], uint64_t n, bool waits)
{
	uint64_t random = 88172645463325252, sum = 0;
	double start_s = now_s(), took_s;

	for (uint32_t i = 0; i < ACCESSES; i++) {
		uint64_t *line;

		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		line = lines[place(random + (waits ? sum : 0), n)];
		for (int k = 0; k < 8; k++)
			line[k] += i;
		sum = line[7];
	}
	took_s = now_s() - start_s;
	/* The sum is used, so that none of it can be left out. */
	return sum == 1 ? 0 : took_s / ACCESSES * 1e9;
}

static void print_memory(size_t bytes)
{
	uint64_t(*lines)[8] = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (lines == MAP_FAILED)
		abort();
	memset(lines, 1, bytes);
	printf(" %.2f", access_ns(lines, bytes / 64, false));
	printf(" %.2f", access_ns(lines, bytes / 64, true));
	munmap(lines, bytes);
}

int main(int argc, char **argv)
{
	uint32_t sources = argc == 3 ? (uint32_t)strtoul(argv[1], NULL, 10) : 0;
	uint32_t servers = argc == 3 ? (uint32_t)strtoul(argv[2], NULL, 10) : 0;
	struct cost cost = { 0 };
	double n;

	if (!sources || !servers) {
		fprintf(stderr, "usage: table SOURCES SERVERS\n");
		return 2;
	}
	while (cost.attempts < ATTEMPTS_LEAST)
		run_round(sources, servers, &cost);
	n = (double)cost.attempts;
	printf("%.2f %.2f", (cost.attempt_s - cost.decode_s) / n * 1e9,
	       cost.decode_s / n * 1e9);
	print_memory(summary.memory);
	printf(" %zu %llu %llu\n", summary.memory,
	       (unsigned long long)summary.sources,
	       (unsigned long long)summary.attempts_cut);
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The inside of an engine, for the files that make it up. */
#ifndef MAILWALL_ENGINE_PRIV_H
#define MAILWALL_ENGINE_PRIV_H

#include "attempt.h"
#include "engine.h"

#define BATCH	     32
#define CLAUSES_MOST 8192    /* named by NFLOG; a power of two */
#define CLAUSE_BYTES 128     /* at most, in a log prefix */
#define CLAUSE_OTHER "other" /* names those that find no place */
/* 400,000 pairs are counted exactly, more with an error of 0.8 %. */
#define PAIR_LIMITS                                                            \
	{                                                                      \
		.exact_most = 1 << 19, .log_registers = 14                     \
	}

_Static_assert(PORTS_MOST <= 1 << 6, "attempt.port has six bits");
_Static_assert(CLAUSES_MOST < 1 << 14, "attempt.clause has fourteen bits");
_Static_assert(OUTCOME_N < 1 << 3, "attempt.early has three bits");

/* A segment of a watched port, in the batch. */
struct pending {
	struct segment segment;
	struct tuple tuple;
	uint64_t hash;
	uint16_t clause;
	bool from_server;
};

/* A clause and what it does, by a log prefix. */
struct logged_clause {
	char id[CLAUSE_BYTES];
	uint8_t len;
	bool blocks;
	uint8_t hidden; /* enum hidden: what it drops, if it is no clause */
};

struct port_state {
	struct port_counts counts;
	struct distinct pairs;
	enum port_role role;
	enum dialogue_protocol protocol;
};

#define ENGINE_CLOCKS 8

/* The clock of frames from a time of the engine on. */
struct engine_clock {
	int64_t since_us, offset_us;
};

struct engine {
	struct engine_config config;
	struct pool pool;
	struct hash_key key;
	struct decoder *decoder;
	struct attempts attempts;
	struct judge judge;
	struct attempts_end end;
	struct port_bits bits;
	uint8_t port_index[65536];
	struct port_state ports[PORTS_MOST];
	uint16_t port_numbers[PORTS_MOST];
	size_t n_ports;
	int64_t passed_s;	   /* second of the last engine_tick() */
	int64_t latest_us;	   /* of the latest frame, whatever it was */
	int64_t now_us, offset_us; /* the engine's time - the frames' */
	struct engine_clock clocks[ENGINE_CLOCKS]; /* latest last */
	size_t n_clocks;
	bool clock_told; /* by engine_clock_step(): frames tell no steps */
	struct engine_summary totals;  /* counts so far */
	struct logged_clause *clauses; /* CLAUSES_MOST, by hash; index + 1 */
	uint32_t n_clauses;
	struct pending batch[BATCH];
	size_t n_batch;
};

/*
 * A time of the engine as in the frames of that time. Times from before the
 * clocks that are kept are those of the first one.
 */
static inline int64_t capture_us(const struct engine *e, int64_t time_us)
{
	size_t i = e->n_clocks;

	while (i > 1 && time_us < e->clocks[i - 1].since_us)
		i--;
	return time_us - (i ? e->clocks[i - 1].offset_us : 0);
}

/*
 * A time of the engine as the clock shows it now. A clock that was set is
 * believed since; the frames of a file are believed each for itself.
 */
static inline int64_t engine_shown_us(const struct engine *e, int64_t time_us)
{
	return e->clock_told ? time_us - e->offset_us : capture_us(e, time_us);
}

/* ---- engine_ports.c ---- */

/* Watches the services and the ports of the policy. 0 or -E2BIG. */
int watch_ports(struct engine *e, const struct policy *policy);
/* The number of a clause by its log prefix, "residential:17 block "; 0: not
   one of ours. */
uint16_t clause_of_prefix(struct engine *e, const char *prefix, size_t len);

/* ---- engine_attempt.c ---- */

void attempt_on_segment(struct engine *e, struct pending *p);
/* Judges the attempts that are due by a time. */
void judge_due(struct engine *e, int64_t now_us);
void attempt_judge(void *ctx, struct attempt *a);
void attempt_on_held(struct engine *e, const struct segment *s);
void attempt_end(void *ctx, const struct attempt *a, const struct dialogue *d);

#endif

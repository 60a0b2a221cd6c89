/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages between the process that reads packets and its recorder, which has
 * the store and the pages. Each may have been taken over: record_is_sane()
 * checks what the other sent.
 */
#ifndef MAILWALL_RECORD_WIRE_H
#define MAILWALL_RECORD_WIRE_H

#include "../event/events.h"
#include "../store/store.h"
#include "../wire/wire.h"

#include <stdbool.h>
#include <stdint.h>

/* A row is a message: its name, and its struct. */
enum record_kind {
	/* To the recorder. */
	RECORD_OPEN, /* the first: what is wanted */
	RECORD_ATTEMPT,
	RECORD_EARLY,
	RECORD_FINDING,
	RECORD_STEP,
	RECORD_TICK,
	RECORD_SUBMIT, /* write, before more is read */
	RECORD_LOADED, /* a piece of what is loaded; RECORD_VIEW is behind it */
	RECORD_VIEW,
	RECORD_HEALTH,
	RECORD_CLOSE, /* the last; the reply is RECORD_DONE */
	/* From the recorder. */
	RECORD_READY, /* the reply to RECORD_OPEN */
	RECORD_ALIVE, /* the reply to RECORD_TICK */
	RECORD_ASK,   /* for RECORD_VIEW or RECORD_HEALTH */
	RECORD_DONE,
	RECORD_KINDS
};

struct record_open {
	bool live; /* a monitor: privilege is given up, a run is noted */
	bool keep_destinations, allow_remote;
	int64_t keep_s;
	uint64_t most_bytes;
	const char *store, *listen, *user, *inputs; /* "": none */
};

/* An attempt, as far as the store keeps it. */
struct record_attempt {
	int64_t time_us;
	struct addr6 source;
	uint16_t port, syns;
	uint8_t family, outcome, was_early, early_outcome, observed;
	const char *clause, *decided; /* "": none */
};

struct record_tick {
	int64_t now_s;
	uint64_t lost, unlogged;
};

#define RECORD_PIECE	   16384
#define RECORD_LOADED_MOST (16 << 20)

struct record_loaded {
	uint32_t number; /* as RECORD_ASK has it */
	uint32_t n;
	uint8_t bytes[RECORD_PIECE];
};

struct record_view {
	uint32_t number;
	bool has_priv, priv_up, loaded; /* loaded: all pieces came before */
	struct summary_extra extra;
	struct engine_summary summary;
};

struct record_health {
	uint32_t number;
	struct sight_view sight;
	const char
		*complaint; /* about the process with CAP_NET_ADMIN; "": none */
};

struct record_ready {
	int32_t code;	     /* an exit code: not 0, and why was said */
	const char *address; /* the pages'; "": none */
};

struct record_ask {
	uint32_t number, kind; /* RECORD_VIEW or RECORD_HEALTH */
};

struct record_done {
	int32_t code;
};

union record_row {
	struct record_open open;
	struct record_attempt attempt;
	struct finding finding;
	struct store_step step;
	struct record_tick tick;
	struct record_loaded loaded;
	struct record_view view;
	struct record_health health;
	struct record_ready ready;
	struct record_ask ask;
	struct record_done done;
};

/* By enum record_kind. */
extern const struct wire_form record_forms[RECORD_KINDS];

/* Is each value one that the other end may send? Texts were checked. */
bool record_is_sane(uint32_t kind, const union record_row *row);
/* Is it a message to the recorder, or from it? */
bool record_is_to_recorder(uint32_t kind);

/* The descriptor at which the recorder finds its end. */
#define RECORD_FD 3

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state file: what is known of sources, as bytes, for engine_save.c and
 * engine_load.c. Numbers stand lowest byte first.
 *
 *     magic line with the version
 *     header    start_s, now_s, sources (4 bytes each), warm (1), key (16),
 *               ports (1, then 2 each)
 *     sources   source, then if it has a history: history, tail, contacts;
 *               then if that has a cold part: cold, hashes of destinations,
 *               registers, examples, usage
 *     SHA-256 of all before it
 *
 * Version 2 was that of 0.1: structs as they lay in the memory of a 64-bit,
 * little-endian machine. It is read, not written. A field that is added, moved
 * or widened is another version, and STATE_LAYOUT with it.
 */
#ifndef MAILWALL_ENGINE_STATE_H
#define MAILWALL_ENGINE_STATE_H

#include "engine_priv.h"
#include "../../rules/base/bytes.h"

#define STATE_VERSION "3\n"
#define STATE_0_1     "2\n"
#define STATE_LAYOUT  0x83895fedu /* state_layout() of that version */

/* A member, or all elements of one that is an array. */
struct state_field {
	uint16_t offset;     /* in the struct in memory */
	uint8_t size, n;     /* in memory, of an element; elements */
	uint8_t width;	     /* in the file, of an element */
	uint16_t offset_0_1; /* in the struct of 0.1 */
	const char *name;
};

/* A struct in the file: its fields in this order, without padding. */
struct state_record {
	const struct state_field *fields;
	size_t n;
	size_t size_0_1; /* bytes in 0.1, with padding */
};
extern const struct state_record state_source, state_history, state_tail,
	state_contact, state_cold, state_usage;

/*
 * A hash of the fields of a record: their names, numbers and widths, in their
 * order. It goes on from that of the record before; 0 for the first.
 */
uint32_t state_layout_of(uint32_t before, const struct state_record *kind);
/* The hash of all records. */
uint32_t state_layout(void);

/* Bit fields have a byte of their own behind the record: where 0.1 had it. */
#define SOURCE_BITS_0_1	 38 /* family, and keep_rank from bit 4 */
#define HISTORY_BITS_0_1 39 /* bit 4: submits; 5 to 7: found_high */
/*
 * Sums stand behind that: how many are not 0 (1 byte), then the number of the
 * detector (1) and the bits of the float (4) each. Where 0.1 had them:
 */
#define HISTORY_SUMS_0_1 0
#define COLD_SUMS_0_1	 32

/* A source, whose counts are bit fields. */
struct state_source_record {
	uint64_t key;
	uint32_t attempts, syns, first_s, last_s, address;
	uint16_t ports;
	uint8_t flags;
};

/* How much comes behind a history. */
struct state_tail {
	uint32_t contacts, others;
	uint8_t cold, examples, registers, usage;
};

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kind of system that sends a SYN, by its hop limit, its window and the
 * order of its options. Whoever sends can write them as he likes, and what is
 * on the way may change them: it is a hint for people, and no evidence.
 */
#ifndef MAILWALL_SYSTEM_H
#define MAILWALL_SYSTEM_H

#include <stdint.h>

/* Rows are only appended: hosts know a system by its number. */
enum system {
	SYSTEM_NONE, /* no SYN was seen: a log names addresses and ports */
	SYSTEM_LINUX,
	SYSTEM_WINDOWS,
	SYSTEM_WINDOWS_OLD,
	SYSTEM_BSD,
	SYSTEM_APPLE,
	SYSTEM_EMBEDDED,
	SYSTEM_SCANNER,
	SYSTEM_UNKNOWN, /* a SYN like none of these */
	SYSTEM_N
};

/* Systems as bits, of which a source has ten. */
#define SYSTEMS_BITS 10
_Static_assert(SYSTEM_N - 1 <= SYSTEMS_BITS, "a source has a bit for each");
#define SYSTEMS_ALL ((1u << (SYSTEM_N - 1)) - 1)

static inline uint16_t system_bit(enum system system)
{
	return (uint16_t)(system ? 1u << (system - 1) : 0);
}

/* How many of them a source shows: stacks that differ behind its address. */
static inline unsigned int systems_count(uint16_t systems)
{
	return (unsigned int)__builtin_popcount(systems);
}

/* "linux", "windows", ... */
const char *system_name(enum system system);
/* "Linux", "Windows", ... for people */
const char *system_text(enum system system);
/*
 * Writes systems for people: "Windows", "Linux and a small device"; "" if none
 * was seen. Returns out.
 */
#define SYSTEMS_TEXT_BYTES 160
char *systems_text(uint16_t systems, char out[SYSTEMS_TEXT_BYTES]);

/* A SYN, as far as it tells of its sender. */
struct syn_traits {
	uint8_t hop_limit; /* as it arrived */
	uint16_t window;
	const uint8_t *options; /* TCP options */
	uint32_t options_len;
};
enum system system_of_syn(const struct syn_traits *t);

#endif

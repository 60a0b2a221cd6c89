/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What habits are made of: machines that sleep until they have something to
 * do, customers that they belong to, and attempts to connect. For generate.c,
 * habit.c and classes.c only.
 */
#ifndef MAILWALL_MACHINE_H
#define MAILWALL_MACHINE_H

#include "chance.h"
#include "generate.h"
#include "internet.h"

#define NEVER INT64_MAX

/* The first member of what it drives; it says when it wants to go on. */
struct machine {
	int64_t (*step)(struct world *, struct machine *, int64_t now_us);
	bool cell; /* from machine_cell(), given back after NEVER */
};

/* A cell holds any small machine. Zeroed; never NULL. */
#define MACHINE_CELL 80
void *machine_cell(struct world *);

/* Zeroed, kept as long as the world; never NULL. */
void *world_keep(struct world *, size_t size);

void machine_start(struct world *, struct machine *, int64_t time_us);

struct customer {
	struct world_source seen; /* from outside */
	struct chance chance;	  /* of everything that happens to it */
	struct chance loss;
	uint64_t seed; /* of what stays the same, as its correspondents */
	uint16_t sport;
};

const struct internet *world_internet(const struct world *);
const struct world_config *world_config(const struct world *);

/* When an operating system sends the SYN again, and when it gives up. */
struct schedule {
	const char *name;
	uint8_t n;
	uint8_t syn_s[11]; /* after the first */
	uint16_t gives_up_s;
};

enum os {
	OS_LINUX,
	OS_LINUX_OLD,
	OS_WINDOWS,
	OS_MACOS,
	OS_FREEBSD,
	OS_RAW, /* a scanner's own packets */
	N_OS,
};

extern const struct schedule syn_schedules[N_OS];

/* How a program connects. */
struct dialer {
	const struct schedule *schedule;
	int64_t timeout_us; /* its own; the system's may be shorter */
	double dead; /* destinations that fail, if more than the world's */
};

enum outcome {
	OUTCOME_ACCEPTED,
	OUTCOME_REFUSED,
	OUTCOME_SILENT,
};

struct fate {
	enum outcome outcome;
	int64_t hang_us; /* until the program can do something else */
};

/* At a time from now on. The fate is known at once, and seen later. */
struct fate dialer_attempt(struct world *, struct customer *,
			   const struct dialer *, uint32_t destination,
			   uint16_t dport, int64_t time_us);

/* classes.c: starts what runs at a source. */
void customer_populate(struct world *, struct customer *);

#endif

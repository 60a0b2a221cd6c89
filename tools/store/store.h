/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The store is one SQLite file. It holds attempts by minute, source, port,
 * clause and outcome; the same by day, with the hours of the day; findings;
 * policies that were loaded; runs of monitors, and what they lost.
 * store_write.h writes it, store_read.h reads it.
 *
 * Times are seconds since 1970; days and hours of the store are of UTC.
 * Functions that can fail return 0 or -errno. Nothing is printed: the reason is
 * in the fault of store_open(), and afterwards in store_fault().
 */
#ifndef MAILWALL_STORE_H
#define MAILWALL_STORE_H

#include "../program/fault.h"

#include <stdbool.h>
#include <stdint.h>
#include "../../plugin/engine/engine.h"

#define STORE_PATH "/var/lib/mailwall/mailwall.db"

struct store;

/*
 * Opens the file. To be read it has to exist; to be written it is made, or
 * brought up to date. The path is borrowed until store_close().
 */
int store_open(const char *path, bool write, struct store **out,
	       struct fault *f);
/*
 * Takes the place of a writer that others are to keep away from: of the one
 * monitor, or of the one command that writes what others saw. 0, or -errno and
 * why; -EBUSY: another process has it, and had it for wait_s.
 */
enum store_role { STORE_SHARED, STORE_MONITOR, STORE_IMPORT };
int store_lock(struct store *s, enum store_role role, unsigned int wait_s,
	       struct fault *f);
/*
 * Opens the path anew to be written, after it was replaced or deleted: to be
 * called once store_end() said -ESTALE. 0, or -errno and why; then it is to be
 * tried again.
 */
int store_reopen(struct store *s, struct fault *f);
/* Closes the file; s may be NULL. */
void store_close(struct store *s);

/* SQLite's reason for the last failure. */
const char *store_why(const struct store *s);
/* Fills '"PATH": cannot be VERB: WHY', and returns the last -errno. */
int store_fault(const struct store *s, const char *verb, struct fault *f);

/* ---- rows that are written and read alike ---- */

enum store_mode {
	STORE_MODE_UNKNOWN,
	STORE_ENFORCE,
	STORE_OBSERVE,
	STORE_MODES
};
/* "" of one that is not known, "enforce", "observe"; and the other way. */
const char *store_mode_name(uint8_t mode);
enum store_mode store_mode_of(const char *name);

/* A policy that was loaded. */
struct store_loaded {
	int64_t time_s;
	const char *policy; /* "": the rules were removed */
	const char *digest, *who;
	uint32_t generation;
	uint8_t mode; /* enum store_mode */
};

/* A clock that was set while a monitor ran. */
struct store_step {
	int64_t time_s;	 /* the clock, after the step */
	int64_t seconds; /* set forward; below 0: back */
};

/* A run of a monitor, and what it lost; written again as long as it runs. */
struct store_run {
	/* 0: a new run. Set by store_end(); the struct has to live until then.
	 */
	int64_t id;
	int64_t start_s, last_s;
	uint64_t lost, unlogged;
	const char *inputs; /* "eth1 nflog:25" */
};

#endif

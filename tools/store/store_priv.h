/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The inside of a store, for the files that make it up. */
#ifndef MAILWALL_STORE_PRIV_H
#define MAILWALL_STORE_PRIV_H

#include "store_read.h"
#include "store_write.h"

#include <stdint.h>
#include <stdbool.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define DAY_S	    86400
#define TIME_LAST_S 253402300799 /* end of the year 9999 */
#define HOURS_BYTES (24 * 6)	 /* each: the hour, and 32 bits by seven */

enum store_statement {
	PUT_SOURCE,
	SEE_SOURCE,
	PUT_CLAUSE,
	PUT_SERIES,
	GET_CLAUSE,
	PUT_MINUTE,
	TAKE_MINUTE,
	FIND_MINUTE,
	PUT_DAY,
	PUT_FINDING,
	PUT_LOADED,
	PUT_RUN,
	PUT_LINES,
	PUT_CLOCK,
	PUT_STEP,
	STATEMENTS
};

/* Series (port, outcome, clause, observed) by their numbers, as written last.
 */
#define KNOWN_SERIES 256
struct known_series {
	uint32_t number; /* 0: free */
	uint16_t port;
	uint8_t outcome;
	bool observed;
	char clause[128];
};

/*
 * Sources and days of the open transaction, by their hash. A collision writes
 * the older one to the database.
 */
#define KNOWN_SOURCES 16384u
struct known_source {
	uint8_t family; /* 0: free */
	bool seen; /* in this transaction, so its times are to be written */
	uint32_t number;
	struct addr6 address;
	int64_t first_s, last_s;
};

#define KNOWN_DAYS 8192u
struct known_day {
	int64_t day;
	uint32_t source, series;
	bool used;
	int64_t attempts, syns;
	uint32_t hours[24];
};

struct store {
	const char *path;	 /* as the user wrote it */
	char real[2 * PATH_MAX]; /* its folder resolved */
	dev_t device;
	ino_t inode;	     /* number of the file that is open */
	int version;	     /* schema of the file */
	sqlite3 *db;	     /* NULL: the file is not open, or is remote */
	struct wire *remote; /* to the child that has it open; or NULL */
	int remote_pid;
	enum store_role role;
	int lock_fd;		 /* -1: none */
	unsigned int bus_errors; /* pages that were missing when it began */
	bool broken;	 /* pages were missing: nothing is moved to the file */
	int64_t until_s; /* steady: a query that takes longer ends */
	sqlite3_stmt *statements[STATEMENTS];
	int64_t data_version; /* PRAGMA data_version, which other writers change
			       */
	struct store_run *run; /* the run of this transaction, and its number */
	int64_t run_number;
	int64_t trimmed_s; /* steady, of the last trim; 0: none */
	int error; /* errno of the open transaction, or of the last reading */
	char why[1024];
	struct known_series series[KNOWN_SERIES];
	struct known_source *sources; /* NULL: the file is only read */
	struct known_day *days;
};

void store_fail(struct store *s, int sqlite_code);
void store_run_sql(struct store *s, const char *sql);
/* Prepares a statement once; NULL after an error. */
sqlite3_stmt *store_statement(struct store *s, enum store_statement which,
			      const char *sql);
/* Runs a query; the first column of its first row, or 0. */
int64_t store_number(struct store *s, const char *sql);

/* How long a query may take: opening, one transaction, one report. */
#define STORE_OPENING_S 20
#define STORE_WRITING_S 120
#define STORE_READING_S 600
void store_give_time(struct store *s, int64_t seconds);

/* Is the path no longer the file that is open? */
bool store_is_replaced(const struct store *s);
/* Forgets numbers of the database. */
void store_forget_known(struct store *s);

/* Runs a statement; the number of its row, or 0. */
int64_t store_run(struct store *s, sqlite3_stmt *q);

/* ---- store_trim.c ---- */

/* The time by which rows are deleted, as the file keeps it. */
struct retention {
	int64_t trusted_s; /* time to delete by */
	int64_t wall_s;	   /* clock at that time */
	int64_t held_s;	   /* how long it has run evenly, away from that */
};
/* Goes on to the clock's wall_s, passed_s later by a steady one. */
void retention_advance(struct retention *r, int64_t wall_s, int64_t passed_s);

/* Fill '"PATH": WHY', or the sentence for the last failure; what: "open". */
int store_refuse(const struct store *s, struct fault *f, int error,
		 const char *why);
int store_failed(const struct store *s, struct fault *f, const char *what);

/* ---- bus_error.c: pages of a mapping that are missing ---- */

/* Has them read as zeros, where the process would end. */
void bus_error_catch(void);
/* Counts them. */
unsigned int bus_error_count(void);

/* ---- store_file.c: the file itself ---- */

bool store_file_exists(const char *path, const char *suffix);
/* Fills s->real. 0, or -errno and why. */
int store_resolve(struct store *s, struct fault *f);
int store_open_file(struct store *s, bool write, struct fault *f);
/* Takes the place, or takes it again in a new file; -EBUSY: of *holder. */
int store_lock_file(struct store *s, enum store_role role, int *holder);
int store_reopen_file(struct store *s, struct fault *f);
void store_close_file(struct store *s);

/* ---- store_schema.c: 0, or -errno and why ---- */

/* Is it a database of mailwall, or empty? */
int store_check_owner(struct store *s, struct fault *f);
/* Has it our schema, and nothing else? A writer brings it up to date. */
int store_check_schema(struct store *s, bool write, struct fault *f);

void hours_unpack(const uint8_t *blob, size_t len, uint32_t hours[24]);
size_t hours_pack(const uint32_t hours[24], uint8_t out[HOURS_BYTES]);

#endif

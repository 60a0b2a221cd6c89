/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The schema: its versions, and whether a file has it. A file may come from
 * whoever can write it, so what is in it has to be exactly what is made here: a
 * trigger or a view is somebody else's code.
 */
#include "store_priv.h"
#include "../database/database.h"

#include <errno.h>
#include <stdio.h>

#define APPLICATION_ID 0x6d77616c /* "mwal" */

/*
 * A row is a version; a file of an older version gets those behind its own, in
 * order. Port, clause and outcome of a row are one small number, so that a
 * minute of a source takes about twenty bytes.
 */
static const char *const schemas[] = {
	"CREATE TABLE source ("
	" number INTEGER PRIMARY KEY,"
	" address BLOB NOT NULL UNIQUE," /* 4 bytes, or 8 of an IPv6 /64 */
	" first INTEGER NOT NULL, last INTEGER NOT NULL) STRICT;"
	"CREATE TABLE clause ("
	" number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE) STRICT;"
	"CREATE TABLE what ("
	" number INTEGER PRIMARY KEY, port INTEGER NOT NULL,"
	" outcome INTEGER NOT NULL, clause INTEGER NOT NULL,"
	" UNIQUE (port, outcome, clause)) STRICT;"
	"CREATE TABLE minute ("
	" minute INTEGER NOT NULL, source INTEGER NOT NULL,"
	" what INTEGER NOT NULL, attempts INTEGER NOT NULL,"
	" syns INTEGER NOT NULL,"
	" PRIMARY KEY (minute, source, what)) STRICT, WITHOUT ROWID;"
	"CREATE TABLE day ("
	" day INTEGER NOT NULL, source INTEGER NOT NULL,"
	" what INTEGER NOT NULL, attempts INTEGER NOT NULL,"
	" syns INTEGER NOT NULL,"
	" hours BLOB NOT NULL," /* pairs of an hour and its attempts, in LEB128
				 */
	" PRIMARY KEY (day, source, what)) STRICT, WITHOUT ROWID;"
	"CREATE INDEX day_source ON day (source);"
	"CREATE TABLE finding ("
	" number INTEGER PRIMARY KEY, time INTEGER NOT NULL,"
	" source INTEGER NOT NULL, finding TEXT NOT NULL,"
	" detector TEXT NOT NULL, port INTEGER NOT NULL,"
	" attempts INTEGER NOT NULL, syns INTEGER NOT NULL,"
	" destinations INTEGER NOT NULL, exact INTEGER NOT NULL,"
	" groups INTEGER NOT NULL, first INTEGER NOT NULL,"
	" last INTEGER NOT NULL, proven INTEGER NOT NULL,"
	" blocked INTEGER NOT NULL, examples TEXT NOT NULL,"
	" UNIQUE (time, source, finding, detector, port)) STRICT;"
	"CREATE TABLE loaded ("
	" number INTEGER PRIMARY KEY, time INTEGER NOT NULL,"
	" policy TEXT NOT NULL, digest TEXT NOT NULL, who TEXT NOT NULL,"
	" generation INTEGER NOT NULL) STRICT;"
	"CREATE TABLE run ("
	" number INTEGER PRIMARY KEY, start INTEGER NOT NULL,"
	" last INTEGER NOT NULL, lost INTEGER NOT NULL,"
	" unlogged INTEGER NOT NULL, inputs TEXT NOT NULL) STRICT;"
	"CREATE TABLE imported ("
	" key TEXT PRIMARY KEY," /* SHA-256 of the first line */
	" name TEXT NOT NULL, time INTEGER NOT NULL,"
	" bytes INTEGER NOT NULL) STRICT;",
	/* 2: one row, of store_trim.c; and when the clock was set. */
	"CREATE TABLE clock ("
	" number INTEGER PRIMARY KEY,"
	" trusted INTEGER NOT NULL, wall INTEGER NOT NULL,"
	" held INTEGER NOT NULL) STRICT;"
	"CREATE TABLE step ("
	" number INTEGER PRIMARY KEY, time INTEGER NOT NULL,"
	" seconds INTEGER NOT NULL) STRICT;",
	/* 3: lines of logs are known one by one. */
	"DROP TABLE imported;"
	"CREATE TABLE line ("
	" number INTEGER PRIMARY KEY, hour INTEGER NOT NULL,"
	" digests BLOB NOT NULL) STRICT;" /* 8 bytes each, little-endian */
	"CREATE INDEX line_hour ON line (hour);",
	/* 4: whether the source of a finding looked like a mail server. */
	"ALTER TABLE finding"
	" ADD COLUMN mail_server INTEGER NOT NULL DEFAULT 0;",
	/* 5: what only mode observe let pass, and the mode that was loaded. */
	"ALTER TABLE what RENAME TO what4;"
	"CREATE TABLE what ("
	" number INTEGER PRIMARY KEY, port INTEGER NOT NULL,"
	" outcome INTEGER NOT NULL, clause INTEGER NOT NULL,"
	" observed INTEGER NOT NULL DEFAULT 0,"
	" UNIQUE (port, outcome, clause, observed)) STRICT;"
	"INSERT INTO what (number, port, outcome, clause)"
	" SELECT number, port, outcome, clause FROM what4;"
	"DROP TABLE what4;"
	"ALTER TABLE loaded ADD COLUMN mode TEXT NOT NULL DEFAULT '';",
	/* 6: the systems that a source's SYNs tell of, as bits. */
	"ALTER TABLE finding"
	" ADD COLUMN systems INTEGER NOT NULL DEFAULT 0;",
};
#define SCHEMA ((int)(sizeof(schemas) / sizeof(*schemas)))

static const struct database_schema store_schema = { APPLICATION_ID, schemas,
						     SCHEMA };

/* ---- the schema ---- */

/*
 * Reads the version under the lock: another program may have migrated
 * meanwhile.
 */
static void store_migrate(struct store *s)
{
	char sql[64];
	int from;

	store_run_sql(s, "BEGIN IMMEDIATE");
	from = (int)store_number(s, "PRAGMA user_version");
	for (int i = from; i < SCHEMA; i++)
		store_run_sql(s, schemas[i]);
	snprintf(sql, sizeof(sql), "PRAGMA user_version = %d", SCHEMA);
	store_run_sql(s, sql);
	snprintf(sql, sizeof(sql), "PRAGMA application_id = %d",
		 APPLICATION_ID);
	store_run_sql(s, sql);
	store_run_sql(s, "COMMIT");
}

/*
 * A database without a table may become ours; that of another program may not.
 */
int store_check_owner(struct store *s, struct fault *f)
{
	int64_t application = store_number(s, "PRAGMA application_id");
	int64_t tables = store_number(s, "SELECT count(*) FROM sqlite_schema");

	if (s->error)
		return store_failed(s, f, "read");
	if (application != APPLICATION_ID && tables)
		return store_refuse(s, f, -EBADMSG,
				    "is a database of another program");
	return 0;
}

int store_check_schema(struct store *s, bool write, struct fault *f)
{
	int error = store_check_owner(s, f);
	int64_t version = store_number(s, "PRAGMA user_version");
	int64_t tables = store_number(s, "SELECT count(*) FROM sqlite_schema");

	if (error || s->error)
		return error ? error : store_failed(s, f, "read");
	if (version < 0)
		return store_refuse(s, f, -EBADMSG,
				    "is damaged: its version is below 0");
	if (version > SCHEMA)
		return fault_set(f, -EPROTO,
				 "\"%s\": was written by a newer mailwall "
				 "(schema %lld, this one knows %d); use that "
				 "one",
				 s->path, (long long)version, SCHEMA);
	if (!write && version < 1)
		return store_refuse(s, f, -EPROTO,
				    tables ? "is of no schema that is known" :
					     "is empty");
	if (write && version < SCHEMA)
		store_migrate(s);
	if (s->error)
		return store_failed(s, f, "make its tables");
	s->version = write ? SCHEMA : (int)version;
	return database_compare(s->db, &store_schema, s->version, s->path, f);
}

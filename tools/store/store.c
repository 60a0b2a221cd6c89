/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The schema, and the opening of a file. */
#include "store_priv.h"
#include "../program/message.h"
#include "../program/program.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define APPLICATION_ID 0x6d77616c /* "mwal" */
#define BUSY_MS	       5000

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
};
#define SCHEMA ((int)(sizeof(schemas) / sizeof(*schemas)))

/* ---- errors ---- */

void store_fail(struct store *s, int code)
{
	if (s->error)
		return;
	s->error = code == SQLITE_FULL				   ? -ENOSPC :
		   code == SQLITE_BUSY				   ? -EBUSY :
		   code == SQLITE_READONLY			   ? -EROFS :
		   code == SQLITE_NOMEM				   ? -ENOMEM :
		   code == SQLITE_CORRUPT || code == SQLITE_NOTADB ? -EBADMSG :
								     -EIO;
	snprintf(s->why, sizeof(s->why), "%s", sqlite3_errmsg(s->db));
}

const char *store_why(const struct store *s)
{
	return s->why;
}

void store_run_sql(struct store *s, const char *sql)
{
	int code = s->error ? SQLITE_OK :
			      sqlite3_exec(s->db, sql, NULL, NULL, NULL);

	if (code != SQLITE_OK)
		store_fail(s, code);
}

sqlite3_stmt *store_statement(struct store *s, enum store_statement which,
			      const char *sql)
{
	sqlite3_stmt **at = &s->statements[which];
	int code;

	if (!s->error && !*at) {
		code = sqlite3_prepare_v3(s->db, sql, -1,
					  SQLITE_PREPARE_PERSISTENT, at, NULL);
		if (code != SQLITE_OK)
			store_fail(s, code);
	}
	return s->error ? NULL : *at;
}

int64_t store_number(struct store *s, const char *sql)
{
	sqlite3_stmt *q = NULL;
	int64_t n = 0;
	int code;

	if (s->error)
		return 0;
	code = sqlite3_prepare_v2(s->db, sql, -1, &q, NULL);
	if (code == SQLITE_OK)
		code = sqlite3_step(q);
	if (code == SQLITE_ROW)
		n = sqlite3_column_int64(q, 0);
	else if (code != SQLITE_DONE)
		store_fail(s, code);
	sqlite3_finalize(q);
	return n;
}

/* ---- the schema ---- */

static int store_refuse(const struct store *s, struct fault *f, int error,
			const char *why)
{
	return fault_set(f, error, "\"%s\": %s", s->path, why);
}

static int store_failed(const struct store *s, struct fault *f,
			const char *what)
{
	switch (s->error) {
	case -EBUSY:
		return store_refuse(s, f, s->error,
				    "another program has locked it; try again");
	case -EROFS:
		return store_refuse(s, f, s->error,
				    "it, or its folder, cannot be written");
	case -EBADMSG:
		return fault_set(f, s->error,
				 "\"%s\": is no database of mailwall, or it is "
				 "damaged: %s; move it away, and a new one is "
				 "made",
				 s->path, s->why);
	}
	return fault_set(f, s->error, "\"%s\": cannot %s: %s", s->path, what,
			 s->why);
}

int store_fault(const struct store *s, const char *verb, struct fault *f)
{
	return fault_set(f, s->error, "\"%s\": cannot be %s: %s", s->path, verb,
			 s->why);
}

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
static int store_check_owner(struct store *s, struct fault *f)
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

static int store_check_schema(struct store *s, bool write, struct fault *f)
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
	if (!write && version < SCHEMA)
		return store_refuse(
			s, f, -EPROTO,
			tables ? "is of an older schema; open it once "
				 "with a command that writes" :
				 "is empty");
	if (version < SCHEMA)
		store_migrate(s);
	return s->error ? store_failed(s, f, "make its tables") : 0;
}

/* ---- hours of a day, as a blob ---- */

void hours_unpack(const uint8_t *at, size_t len, uint32_t hours[24])
{
	const uint8_t *end = at + len;

	memset(hours, 0, 24 * sizeof(*hours));
	while (at < end) {
		uint8_t hour = *at++;
		uint32_t n = 0;

		for (unsigned int shift = 0; at < end && shift < 32;
		     shift += 7) {
			n |= (uint32_t)(*at & 0x7f) << shift;
			if (!(*at++ & 0x80))
				break;
		}
		if (hour < 24)
			hours[hour] += n;
	}
}

size_t hours_pack(const uint32_t hours[24], uint8_t out[HOURS_BYTES])
{
	uint8_t *at = out;

	for (uint8_t hour = 0; hour < 24; hour++) {
		uint32_t n = hours[hour];

		if (!n)
			continue;
		*at++ = hour;
		for (; n >= 0x80; n >>= 7)
			*at++ = (uint8_t)(n | 0x80);
		*at++ = (uint8_t)n;
	}
	return (size_t)(at - out);
}

/* add_hours(hours, more) */
static void add_hours(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
	uint32_t hours[24], more[24];
	uint8_t out[HOURS_BYTES];
	size_t len;

	(void)argc;
	hours_unpack(sqlite3_value_blob(argv[0]),
		     (size_t)sqlite3_value_bytes(argv[0]), hours);
	hours_unpack(sqlite3_value_blob(argv[1]),
		     (size_t)sqlite3_value_bytes(argv[1]), more);
	for (int i = 0; i < 24; i++)
		hours[i] += more[i];
	len = hours_pack(hours, out);
	sqlite3_result_blob(ctx, out, (int)len, SQLITE_TRANSIENT);
}

/* ---- opening ---- */

static void store_close_database(struct store *s)
{
	for (int i = 0; i < STATEMENTS; i++)
		sqlite3_finalize(s->statements[i]);
	memset(s->statements, 0, sizeof(s->statements));
	sqlite3_close(s->db);
	s->db = NULL;
}

static int store_open_database(struct store *s, const char *name, int flags,
			       struct fault *f)
{
	int code = sqlite3_open_v2(name, &s->db, flags, NULL);

	s->error = 0;
	if (code != SQLITE_OK) {
		store_fail(s, code);
		return store_failed(s, f, "open");
	}
	sqlite3_busy_timeout(s->db, BUSY_MS);
	sqlite3_extended_result_codes(s->db, 0);
	sqlite3_create_function(s->db, "add_hours", 2,
				SQLITE_UTF8 | SQLITE_DETERMINISTIC, NULL,
				add_hours, NULL, NULL);
	return 0;
}

/*
 * Mode 0640: not every user may read who was blocked. Files that SQLite puts
 * beside it get the same mode, and the same owner if root makes them.
 */
static int store_make_file(const struct store *s, struct fault *f)
{
	int fd = open(s->path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);

	if (fd >= 0) {
		close(fd);
		return 0;
	}
	return fault_set(f, -errno, "cannot open \"%s\": %s", s->path,
			 strerror(errno));
}

static int store_open_to_write(struct store *s, struct fault *f)
{
	int error = store_make_file(s, f);

	if (!error)
		error = store_open_database(s, s->path,
					    SQLITE_OPEN_READWRITE |
						    SQLITE_OPEN_CREATE |
						    SQLITE_OPEN_NOMUTEX,
					    f);
	/* Nothing is changed in a database of another program. */
	if (!error)
		error = store_check_owner(s, f);
	if (error)
		return error;
	/* auto_vacuum is set before there is a table, or never. */
	if (!store_number(s, "SELECT count(*) FROM sqlite_schema"))
		store_run_sql(s, "PRAGMA auto_vacuum = INCREMENTAL");
	store_run_sql(s, "PRAGMA journal_mode = WAL");
	store_run_sql(s, "PRAGMA synchronous = NORMAL");
	store_run_sql(s, "PRAGMA cache_size = -32768");
	store_run_sql(s, "PRAGMA journal_size_limit = 67108864");
	return s->error ? store_failed(s, f, "open") :
			  store_check_schema(s, true, f);
}

static bool store_file_exists(const char *path, const char *suffix)
{
	char name[PATH_MAX];
	struct stat st;

	snprintf(name, sizeof(name), "%s%s", path, suffix);
	return !stat(name, &st) && st.st_size;
}

/* Escapes "?", "#" and "%", which mean something in a URI. */
static void store_print_uri(const char *path, char *out, size_t size)
{
	/* A path with two slashes at its start would be a host. */
	size_t n = (size_t)snprintf(out, size, "file:%s",
				    *path == '/' ? "//" : "");

	for (; *path && n + 4 < size; path++)
		n += (size_t)snprintf(out + n, size - n,
				      strchr("?#%", *path) ? "%%%02x" : "%c",
				      (unsigned char)*path);
	snprintf(out + n, size - n, "?immutable=1");
}

/*
 * A reader of a WAL needs a file beside the database. If there is none and none
 * can be made, nobody writes, and the database can be read as immutable.
 */
static int store_open_to_read(struct store *s, struct fault *f)
{
	char uri[3 * PATH_MAX + 32];
	int error = store_open_database(s, s->path, SQLITE_OPEN_READONLY, f);

	if (error)
		return error;
	store_number(s, "PRAGMA user_version");
	if (s->error && s->error != -EBADMSG &&
	    !store_file_exists(s->path, "-wal")) {
		store_close_database(s);
		store_print_uri(s->path, uri, sizeof(uri));
		error = store_open_database(
			s, uri, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, f);
	}
	error = error ? error : store_check_schema(s, false, f);
	if (!error)
		store_run_sql(s, "BEGIN");
	return error;
}

static int store_allocate(struct store *s, bool write)
{
	if (!write)
		return 0;
	s->sources = calloc(KNOWN_SOURCES, sizeof(*s->sources));
	s->days = calloc(KNOWN_DAYS, sizeof(*s->days));
	return s->sources && s->days ? 0 : -ENOMEM;
}

int store_open(const char *path, bool write, struct store **out,
	       struct fault *f)
{
	struct store *s;
	int error;

	*out = NULL;
	if (!write && !store_file_exists(path, ""))
		return fault_set(f, -ENOENT,
				 "\"%s\": there is no database; \"mailwall "
				 "watch --store\" or \"mailwall import\" makes "
				 "one",
				 path);
	s = calloc(1, sizeof(*s));
	if (!s)
		return fault_no_memory(f);
	s->path = path;
	if (store_allocate(s, write))
		error = fault_no_memory(f);
	else
		error = write ? store_open_to_write(s, f) :
				store_open_to_read(s, f);
	if (error)
		store_close(s);
	else
		*out = s;
	return error;
}

void store_close(struct store *s)
{
	if (!s)
		return;
	store_close_database(s);
	free(s->sources);
	free(s->days);
	free(s);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The opening of a file. It may come from whoever can write it: its schema runs
 * nothing, and no query runs for ever.
 */
#include "store_priv.h"
#include "../database/database.h"
#include "../program/file_lock.h"
#include "../program/message.h"
#include "../program/program.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define BUSY_MS 5000

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

void store_close_file(struct store *s)
{
	store_close_database(s);
	if (s->role != STORE_SHARED && s->lock_fd >= 0)
		close(s->lock_fd);
	s->role = STORE_SHARED;
}

static int store_open_database(struct store *s, const char *name, int flags,
			       struct fault *f)
{
	int code;

	s->error = 0;
	store_give_time(s, STORE_OPENING_S);
	code = database_open(name, flags, &s->until_s, &s->db);
	if (code != SQLITE_OK) {
		store_fail(s, code);
		return store_failed(s, f, "open");
	}
	sqlite3_busy_timeout(s->db, BUSY_MS);
	sqlite3_create_function(s->db, "add_hours", 2,
				SQLITE_UTF8 | SQLITE_DETERMINISTIC, NULL,
				add_hours, NULL, NULL);
	return 0;
}

static int store_cannot_open(const struct store *s, struct fault *f, int error)
{
	if (error == ELOOP)
		return fault_set(f, -ELOOP,
				 "\"%s\": is a symbolic link, which is not "
				 "followed; name the file that it points to",
				 s->path);
	return fault_set(f, -error, "cannot open \"%s\": %s", s->path,
			 strerror(error));
}

/* The folder may be reached by links, the file itself may not be one. */
int store_resolve(struct store *s, struct fault *f)
{
	const char *slash = strrchr(s->path, '/');
	size_t n = slash ? (size_t)(slash - s->path) : 0;
	char dir[PATH_MAX], real[PATH_MAX];

	snprintf(dir, sizeof(dir), "%.*s",
		 (int)(n < sizeof(dir) ? n : sizeof(dir) - 1), s->path);
	if (!realpath(slash ? (n ? dir : "/") : ".", real))
		return store_cannot_open(s, f, errno);
	snprintf(s->real, sizeof(s->real), "%s/%s",
		 strcmp(real, "/") == 0 ? "" : real,
		 slash ? slash + 1 : s->path);
	return 0;
}

/*
 * Mode 0640: not every user may read who was blocked. Files that SQLite puts
 * beside it get the same mode, and the same owner if root makes them. Nothing
 * but a regular file is opened, and a FIFO keeps nobody waiting.
 */
static int store_take_file(struct store *s, bool write, struct fault *f)
{
	int flags = write ? O_RDWR | O_CREAT : O_RDONLY;
	int fd = open(s->real, flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC,
		      0640);
	struct stat st;
	int error = fd < 0 || fstat(fd, &st) ? errno : 0;

	if (fd >= 0)
		close(fd);
	if (error)
		return store_cannot_open(s, f, error);
	if (!S_ISREG(st.st_mode))
		return fault_set(f, -EINVAL,
				 "cannot open \"%s\": it is no regular file",
				 s->path);
	s->device = st.st_dev;
	s->inode = st.st_ino;
	return 0;
}

static int store_open_to_write(struct store *s, struct fault *f)
{
	int error = store_open_database(s, s->real, SQLITE_OPEN_READWRITE, f);

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

bool store_file_exists(const char *path, const char *suffix)
{
	char name[2 * PATH_MAX + 8];
	struct stat st;

	snprintf(name, sizeof(name), "%s%s", path, suffix);
	return !lstat(name, &st) && st.st_size;
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
	int error = store_open_database(s, s->real, SQLITE_OPEN_READONLY, f);

	if (error)
		return error;
	store_number(s, "PRAGMA user_version");
	if (s->error && s->error != -EBADMSG &&
	    !store_file_exists(s->real, "-wal")) {
		store_close_database(s);
		store_print_uri(s->real, uri, sizeof(uri));
		error = store_open_database(
			s, uri, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, f);
	}
	if (error)
		return error;
	/* The schema that is checked is that of the rows that are read. */
	if (!s->error)
		store_run_sql(s, "BEGIN");
	return store_check_schema(s, false, f);
}

/* Makes "db-lock" beside the file, as SQLite does with its own. */
int store_lock_file(struct store *s, enum store_role role, int *holder)
{
	char name[2 * PATH_MAX + 8];
	int fd;

	snprintf(name, sizeof(name), "%s-lock", s->real);
	if (s->role != STORE_SHARED && s->lock_fd >= 0)
		close(s->lock_fd);
	s->role = role;
	fd = file_lock(AT_FDCWD, name, role, holder);
	s->lock_fd = fd < 0 ? -1 : fd;
	return fd < 0 ? fd : 0;
}

/* A file that was deleted took its place along. */
static int store_lock_again(struct store *s, struct fault *f)
{
	int holder, error = 0;

	if (s->role != STORE_SHARED)
		error = store_lock_file(s, s->role, &holder);
	return error ? fault_set(f, error,
				 "\"%s\": process %d writes it already",
				 s->path, holder) :
		       0;
}

int store_open_file(struct store *s, bool write, struct fault *f)
{
	int error = store_resolve(s, f);

	bus_error_catch();

	if (!error)
		error = store_take_file(s, write, f);
	if (error)
		return error;
	return write ? store_open_to_write(s, f) : store_open_to_read(s, f);
}

/*
 * Moves what the log beside the file has into the file that is open, wherever
 * that is now: SQLite does not see to it when it closes a file that was moved,
 * and would take the log for that of the new one.
 */
int store_reopen_file(struct store *s, struct fault *f)
{
	int error;

	if (s->db && s->broken)
		sqlite3_db_config(s->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1,
				  NULL);
	else if (s->db)
		sqlite3_wal_checkpoint_v2(
			s->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	store_close_database(s);
	store_forget_known(s);
	s->run = NULL;
	s->error = 0;
	s->broken = false;
	error = store_lock_again(s, f);
	if (!error)
		error = store_open_file(s, true, f);
	/* No file is number 0: the next transaction says -ESTALE again. */
	if (error)
		s->inode = 0;
	return error;
}

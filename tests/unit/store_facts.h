/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rows for a store, all that one holds as text, and work in a child. */
#ifndef MAILWALL_STORE_FACTS_H
#define MAILWALL_STORE_FACTS_H

#include "folder.h"
#include "../../tools/store/store_priv.h"

#include <fcntl.h>
#include <sys/wait.h>

#define DAY    INT64_C(20500)  /* 2026-02-16 */
#define MINUTE (DAY * 24 * 60) /* its first */
#define NOBODY 65534
#define EVER   (INT64_C(1) << 60)

/* ---- rows ---- */

static inline struct addr6 v4(uint32_t address)
{
	return (struct addr6){ { (uint8_t)(address >> 24),
				 (uint8_t)(address >> 16),
				 (uint8_t)(address >> 8), (uint8_t)address } };
}

static inline struct addr6 v6(uint64_t prefix)
{
	struct addr6 a = { { 0 } };

	for (int i = 0; i < 8; i++)
		a.byte[i] = (uint8_t)(prefix >> (56 - 8 * i));
	return a;
}

static inline struct store_row row_of(int64_t minute, uint32_t source,
				      int32_t attempts)
{
	return (struct store_row){ .minute = minute,
				   .family = 4,
				   .source = v4(source),
				   .port = 25,
				   .clause = "",
				   .attempts = attempts,
				   .syns = attempts };
}

/*
 * Triggers are off in a store. Tests turn them on again, to have a transaction
 * fail within.
 */
static inline void let_triggers(struct store *s)
{
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 1, NULL);
}

static inline struct store *open_good(const char *path, bool write)
{
	struct store *s;

	if (store_open(path, write, &s, &why))
		fail_msg("\"%s\" cannot be opened", path);
	return s;
}

static inline int put(struct store *s, const struct store_row *rows, size_t n)
{
	store_begin(s);
	for (size_t i = 0; i < n; i++)
		store_add(s, &rows[i]);
	return store_end(s);
}

static inline void put_good(struct store *s, const struct store_row *rows,
			    size_t n)
{
	int error = put(s, rows, n);

	if (error)
		fail_msg("%s: %s", strerror(-error), store_why(s));
}

/* ---- all that a store holds, as sorted lines ---- */

struct facts {
	FILE *to;
	struct store_source sources[64];
	char clauses[64][400];
};

static inline void take_source(void *ctx, const struct store_source *source)
{
	struct facts *f = ctx;
	char text[RANGE_TEXT_MAX];

	assert_true(source->number < COUNT(f->sources));
	f->sources[source->number] = *source;
	addr_print_source(text, source->family, &source->source);
	fprintf(f->to, "source %s %lld %lld\n", text,
		(long long)source->first_s, (long long)source->last_s);
}

static inline void take_clause(void *ctx, const struct store_clause *clause)
{
	struct facts *f = ctx;

	assert_true(clause->number < COUNT(f->clauses));
	snprintf(f->clauses[clause->number], sizeof(f->clauses[0]), "%s",
		 clause->id);
}

static inline void print_key(struct facts *f, uint32_t source, uint16_t port,
			     uint8_t outcome, uint32_t clause)
{
	char text[RANGE_TEXT_MAX] = "others";

	assert_true(source < COUNT(f->sources));
	assert_true(clause < COUNT(f->clauses));
	if (source && !f->sources[source].family)
		snprintf(text, sizeof(text), "NOBODY-%u", source);
	else if (source)
		addr_print_source(text, f->sources[source].family,
				  &f->sources[source].source);
	fprintf(f->to, " %s :%u %s [%s]", text, port, outcome_name(outcome),
		f->clauses[clause]);
}

static inline void take_minute(void *ctx, const struct store_minute *m)
{
	struct facts *f = ctx;

	fprintf(f->to, "minute %lld", (long long)m->minute);
	print_key(f, m->source, m->port, m->outcome, m->clause);
	fprintf(f->to, " %u %u\n", m->attempts, m->syns);
}

static inline void take_day(void *ctx, const struct store_day *d)
{
	struct facts *f = ctx;

	fprintf(f->to, "day %lld", (long long)d->day);
	print_key(f, d->source, d->port, d->outcome, d->clause);
	fprintf(f->to, " %llu %llu", (unsigned long long)d->attempts,
		(unsigned long long)d->syns);
	for (int h = 0; h < 24; h++)
		if (d->hours[h])
			fprintf(f->to, " %d:%u", h, d->hours[h]);
	fputc('\n', f->to);
}

static inline void take_finding(void *ctx, const struct store_found *found)
{
	struct facts *f = ctx;

	fprintf(f->to, "finding %lld %u %s %s :%u\n", (long long)found->time_s,
		found->source, found->finding, found->detector, found->port);
}

static inline void take_loaded(void *ctx, const struct store_loaded *l)
{
	struct facts *f = ctx;

	fprintf(f->to, "loaded %lld %s\n", (long long)l->time_s, l->policy);
}

static inline void take_run(void *ctx, const struct store_run *run)
{
	struct facts *f = ctx;

	fprintf(f->to, "run %lld %lld %llu %llu %s\n", (long long)run->start_s,
		(long long)run->last_s, (unsigned long long)run->lost,
		(unsigned long long)run->unlogged, run->inputs);
}

static inline int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static char *sorted(char *bytes)
{
	struct text out;
	char *lines[1024], *save;
	size_t n = 0;

	for (char *at = strtok_r(bytes, "\n", &save); at;
	     at = strtok_r(NULL, "\n", &save)) {
		assert_true(n < COUNT(lines));
		lines[n++] = at;
	}
	qsort(lines, n, sizeof(*lines), by_text);
	text_open(&out);
	for (size_t i = 0; i < n; i++)
		fprintf(out.file, "%s\n", lines[i]);
	if (!text_done(&out))
		abort();
	return out.bytes;
}

static char *facts_of(struct store *s)
{
	struct facts f = { 0 };
	struct text all;
	char *out;

	f.to = text_open(&all);
	assert_int_equal(store_sources(s, take_source, &f), 0);
	assert_int_equal(store_clauses(s, take_clause, &f), 0);
	assert_int_equal(store_minutes(s, -EVER, EVER, take_minute, &f), 0);
	assert_int_equal(store_days(s, -EVER, EVER, take_day, &f), 0);
	assert_int_equal(store_findings(s, -EVER, EVER, take_finding, &f), 0);
	assert_int_equal(store_loads(s, -EVER, EVER, take_loaded, &f), 0);
	assert_int_equal(store_runs(s, -EVER, EVER, take_run, &f), 0);
	text_done(&all);
	out = sorted(all.bytes);
	free(all.bytes);
	return out;
}

static char *facts_in(const char *path)
{
	struct store *s = open_good(path, false);
	char *out = facts_of(s);

	store_close(s);
	return out;
}

static inline void expect_facts(const char *path, const char *what,
				const char *want)
{
	char *got = facts_in(path);

	expect_text(what, got, want);
	free(got);
}

/* ---- in another process ---- */

/*
 * A child does what may end the process, and is the other writer: within one
 * process there are no two, as closing a file drops the locks of both. It is
 * made before the store is opened, as SQLite's locks are not to be inherited.
 */
struct child {
	pid_t pid;
	int go;
};

static inline struct child child_new(int (*fn)(const char *path),
				     const char *path)
{
	struct child c;
	int ends[2];
	char byte;

	assert_int_equal(pipe(ends), 0);
	c.go = ends[1];
	c.pid = fork();
	assert_true(c.pid >= 0);
	if (c.pid) {
		close(ends[0]);
		return c;
	}
	close(ends[1]);
	_exit(read(ends[0], &byte, 1) == 1 ? fn(path) : 99);
}

static inline void child_start(struct child *c)
{
	if (c->go < 0)
		return;
	assert_int_equal(write(c->go, "", 1), 1);
	close(c->go);
	c->go = -1;
}

/* Its exit code, or 128 and its signal. */
static inline int child_run(struct child *c)
{
	int status;

	child_start(c);
	assert_int_equal(waitpid(c->pid, &status, 0), c->pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static inline int in_child(int (*fn)(const char *path), const char *path)
{
	struct child c = child_new(fn, path);

	return child_run(&c);
}

/* What a store with one row of MINUTE holds. */
static const char two_rows[] =
	"day 20500 10.0.0.1 :25 unanswered [] 1 1 0:1\n"
	"minute 29520000 10.0.0.1 :25 unanswered [] 1 1\n"
	"source 10.0.0.1 1771200000 1771200059\n";

#define IN_FOLDER(fn)                                                          \
	{                                                                      \
		fn##_claim, fn##_test, make_folder, remove_folder, NULL        \
	}

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The child of store_remote.h: it has the file open as the user who owns it. */
#include "store_remote.h"

#include <errno.h>
#include <stdlib.h>

union request {
	uint8_t room[WIRE_ROW_MOST];
	struct wire_ask ask;
	struct wire_trim trim;
	struct wire_lock lock;
	struct store_row row;
	struct store_finding finding;
	struct store_loaded loaded;
	struct store_run run;
	struct store_step step;
	struct store_lines lines;
};

struct server {
	struct wire wire;
	struct store *store;
	struct store_run run;
	struct store_row from; /* row of the latest WIRE_MOVE */
	char clause[WIRE_TEXT_MOST + 1], inputs[WIRE_TEXT_MOST + 1];
	bool moves;
};

static void serve_done(struct server *v, int error, uint64_t number)
{
	const struct wire_done done = { error, number,
					error ? v->store->why : "" };

	wire_put(&v->wire, WIRE_DONE, &done);
	wire_flush(&v->wire);
}

/* ---- reading ---- */

#define SERVE(name, type, kind)                                                \
	static void serve_##name(void *ctx, const type *row)                   \
	{                                                                      \
		wire_put(ctx, kind, row);                                      \
	}
SERVE(day, struct store_day, WIRE_DAYS)
SERVE(day_of, struct store_day, WIRE_DAYS_OF)
SERVE(minute, struct store_minute, WIRE_MINUTES)
SERVE(source, struct store_source, WIRE_SOURCES)
SERVE(clause, struct store_clause, WIRE_CLAUSES)
SERVE(found, struct store_found, WIRE_FINDINGS)
SERVE(load, struct store_loaded, WIRE_LOADS)
SERVE(run, struct store_run, WIRE_RUNS)
SERVE(step, struct store_step, WIRE_STEPS)
SERVE(lines, struct store_lines, WIRE_LINES_OF)
#undef SERVE

static void serve_port(void *ctx, uint16_t port)
{
	wire_put(ctx, WIRE_PORTS, &port);
}

static int serve_rows(struct server *v, const struct wire_ask *a)
{
	struct store *s = v->store;
	struct wire *w = &v->wire;

	switch ((int)a->kind) {
	case WIRE_DAYS:
		return store_days(s, a->first, a->end, serve_day, w);
	case WIRE_DAYS_OF:
		return store_days_of(s, a->source, a->first, a->end,
				     serve_day_of, w);
	case WIRE_MINUTES:
		return store_minutes(s, a->first, a->end, serve_minute, w);
	case WIRE_SOURCES:
		return store_sources(s, serve_source, w);
	case WIRE_CLAUSES:
		return store_clauses(s, serve_clause, w);
	case WIRE_PORTS:
		return store_ports(s, serve_port, w);
	case WIRE_FINDINGS:
		return store_findings(s, a->first, a->end, serve_found, w);
	case WIRE_LOADS:
		return store_loads(s, a->first, a->end, serve_load, w);
	case WIRE_RUNS:
		return store_runs(s, a->first, a->end, serve_run, w);
	case WIRE_STEPS:
		return store_steps(s, a->first, a->end, serve_step, w);
	case WIRE_LINES_OF:
		return store_lines_of(s, a->first, serve_lines, w);
	}
	return 0;
}

/* ---- writing ---- */

/* Texts of a message live until the next: what a later one needs is copied. */
static void serve_move_from(struct server *v, const struct store_row *row)
{
	v->from = *row;
	snprintf(v->clause, sizeof(v->clause), "%s", row->clause);
	v->from.clause = v->clause;
	v->moves = true;
}

static void serve_add(struct server *v, const struct store_row *row)
{
	if (v->moves)
		store_move(v->store, &v->from, row);
	else
		store_add(v->store, row);
	v->moves = false;
}

static void serve_add_run(struct server *v, const struct store_run *run)
{
	v->run = *run;
	snprintf(v->inputs, sizeof(v->inputs), "%s", run->inputs);
	v->run.inputs = v->inputs;
	store_add_run(v->store, &v->run);
}

static void serve_trim(struct server *v, const struct wire_trim *t)
{
	int error;
	bool more =
		store_trim(v->store, &t->now, t->keep_s, t->most_bytes, &error);

	serve_done(v, error, more);
}

static void serve_end(struct server *v)
{
	int error = store_end(v->store);

	serve_done(v, error, (uint64_t)v->run.id);
}

static void serve_reopen(struct server *v)
{
	struct fault f = { { 0 } };
	int error = store_reopen_file(v->store, &f);

	if (error)
		snprintf(v->store->why, sizeof(v->store->why), "%s", f.text);
	serve_done(v, error, 0);
}

/* The number is whose it is, and 0 once it is ours. */
static void serve_lock(struct server *v, const struct wire_lock *l)
{
	int holder;
	int error = store_lock_file(v->store, l->role, &holder);

	if (error == -EBUSY)
		serve_done(v, 0, holder > 0 ? (uint64_t)holder : 1);
	else
		serve_done(v, error, 0);
}

static void serve_write(struct server *v, enum wire_kind kind,
			const union request *r)
{
	switch ((int)kind) {
	case WIRE_BEGIN:
		v->run = (struct store_run){ 0 };
		store_begin(v->store);
		break;
	case WIRE_ADD:
		serve_add(v, &r->row);
		break;
	case WIRE_MOVE:
		serve_move_from(v, &r->row);
		break;
	case WIRE_FINDING:
		store_add_finding(v->store, &r->finding);
		break;
	case WIRE_LOADED:
		store_add_loaded(v->store, &r->loaded);
		break;
	case WIRE_RUN:
		serve_add_run(v, &r->run);
		break;
	case WIRE_STEP:
		store_add_step(v->store, &r->step);
		break;
	case WIRE_LINES:
		store_add_lines(v->store, &r->lines);
		break;
	}
}

/* ---- all of them ---- */

static void serve_one(struct server *v, enum wire_kind kind,
		      const union request *r)
{
	switch ((int)kind) {
	case WIRE_ASK:
		serve_done(v, serve_rows(v, &r->ask), 0);
		break;
	case WIRE_TRIM:
		serve_trim(v, &r->trim);
		break;
	case WIRE_LOCK:
		serve_lock(v, &r->lock);
		break;
	case WIRE_END:
		serve_end(v);
		break;
	case WIRE_REOPEN:
		serve_reopen(v);
		break;
	default:
		serve_write(v, kind, r);
	}
}

void store_serve(int fd, struct store *s, bool write)
{
	struct server *v = calloc(1, sizeof(*v));
	struct fault f = { { 0 } };
	union request request;
	uint32_t kind;
	int error;

	if (!v)
		return;
	v->wire.fd = fd;
	v->wire.forms = store_forms;
	v->wire.n_forms = WIRE_KINDS;
	v->store = s;
	s->remote = NULL; /* the end that is root's */
	error = store_open_file(s, write, &f);
	if (error)
		snprintf(s->why, sizeof(s->why), "%s", f.text);
	serve_done(v, error, (uint64_t)s->version);
	while (!error && wire_get(&v->wire, &kind, &request))
		serve_one(v, (enum wire_kind)kind, &request);
	store_close_file(s);
	free(v);
}

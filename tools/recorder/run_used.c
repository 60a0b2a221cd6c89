/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Prints what sources used in a period, for mailwall plan. A line each source,
 * port and clause: address, port, clause or "-", attempts that were not
 * blocked, those of them that were answered, and 1 if a finding says that the
 * source looks like a mail server. The last line is "end", then 1 if rows were
 * left out, then 1 if there were sources without a name.
 */
#include "runs.h"
#include "../program/fault.h"
#include "../program/program.h"
#include "../../rules/base/arena.h"
#include "../store/store_read.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Rows of the store that are looked at: 64 MB. */
#define USED_ROWS_MOST	 2000000
#define USED_FINDING_S	 (30 * (int64_t)86400)
#define USED_CLAUSE_MOST 200

/* Attempts of one source on one port by one clause. */
struct used_row {
	uint32_t source, clause;
	uint16_t port;
	uint64_t attempts, answered;
};

struct used_clause {
	uint32_t number;
	char *id;
};

struct used {
	struct {
		struct used_row *items;
		size_t n, cap;
	} rows;
	struct {
		struct used_clause *items;
		size_t n, cap;
	} clauses;
	struct numbers mail_servers; /* sources whose findings say so */
	bool left_out, unnamed, no_memory;
};

#define used_push(u, list)                                                     \
	used_grow((u), (void **)&(list)->items, (list)->n, &(list)->cap,       \
		  sizeof(*(list)->items))

static bool used_grow(struct used *u, void **items, size_t n, size_t *cap,
		      size_t size)
{
	void *more = list_grow(*items, n, cap, size);

	u->no_memory = u->no_memory || !more;
	if (more)
		*items = more;
	return more;
}

/* ---- rows ---- */

/* A word on our lines has no blank, whatever a hostile store holds. */
static bool used_is_word(const char *id)
{
	size_t len = strlen(id);

	for (const char *at = id; *at; at++)
		if (*at <= ' ' || *at > '~')
			return false;
	return len && len <= USED_CLAUSE_MOST;
}

static void used_on_clause(void *ctx, const struct store_clause *clause)
{
	struct used *u = ctx;
	struct used_clause *to;

	if (!used_is_word(clause->id) || !used_push(u, &u->clauses))
		return;
	to = &u->clauses.items[u->clauses.n];
	to->number = clause->number;
	to->id = strdup(clause->id);
	u->clauses.n += to->id != NULL;
}

static void used_on_minute(void *ctx, const struct store_minute *m)
{
	struct used *u = ctx;

	if (m->outcome == OUTCOME_BLOCKED)
		return;
	u->unnamed = u->unnamed || !m->source;
	u->left_out = u->left_out || u->rows.n == USED_ROWS_MOST;
	if (!m->source || u->left_out || !used_push(u, &u->rows))
		return;
	u->rows.items[u->rows.n++] = (struct used_row){
		.source = m->source,
		.clause = m->clause,
		.port = m->port,
		.attempts = m->attempts,
		.answered = m->outcome == OUTCOME_ANSWERED ? m->attempts : 0,
	};
}

static void used_on_finding(void *ctx, const struct store_found *f)
{
	struct used *u = ctx;

	if (f->mail_server && used_push(u, &u->mail_servers))
		u->mail_servers.items[u->mail_servers.n++] = f->source;
}

static int used_compare(const void *a, const void *b)
{
	const struct used_row *x = a, *y = b;

	if (x->source != y->source)
		return x->source < y->source ? -1 : 1;
	if (x->port != y->port)
		return x->port < y->port ? -1 : 1;
	return x->clause < y->clause ? -1 : x->clause > y->clause;
}

/* Adds up rows of the same source, port and clause. */
static void used_add_up(struct used *u)
{
	size_t kept = 0;

	if (u->rows.n)
		qsort(u->rows.items, u->rows.n, sizeof(*u->rows.items),
		      used_compare);
	for (size_t i = 0; i < u->rows.n; i++) {
		const struct used_row *row = &u->rows.items[i];
		struct used_row *last = kept ? &u->rows.items[kept - 1] : NULL;

		if (!last || used_compare(last, row)) {
			u->rows.items[kept++] = *row;
			continue;
		}
		last->attempts += row->attempts;
		last->answered += row->answered;
	}
	u->rows.n = kept;
}

/* ---- lines ---- */

static const char *used_clause_id(const struct used *u, uint32_t number)
{
	for (size_t i = 0; i < u->clauses.n; i++)
		if (u->clauses.items[i].number == number)
			return u->clauses.items[i].id;
	return "-";
}

static bool used_is_mail_server(const struct used *u, uint32_t source)
{
	for (size_t i = 0; i < u->mail_servers.n; i++)
		if (u->mail_servers.items[i] == source)
			return true;
	return false;
}

static size_t used_first_row(const struct used *u, uint32_t source)
{
	size_t low = 0, high = u->rows.n;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (u->rows.items[middle].source < source)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void used_on_source(void *ctx, const struct store_source *source)
{
	const struct used *u = ctx;
	char text[RANGE_TEXT_MAX];

	addr_print(text, source->family, &source->source);
	for (size_t i = used_first_row(u, source->number);
	     i < u->rows.n && u->rows.items[i].source == source->number; i++) {
		const struct used_row *row = &u->rows.items[i];

		printf("%s %u %s %" PRIu64 " %" PRIu64 " %d\n", text, row->port,
		       used_clause_id(u, row->clause), row->attempts,
		       row->answered, used_is_mail_server(u, source->number));
	}
}

/* ---- the command ---- */

static int used_read(struct used *u, struct store *store, int64_t since_s,
		     int64_t until_s)
{
	int error = store_clauses(store, used_on_clause, u);

	if (!error)
		error = store_minutes(store, since_s / 60, until_s / 60 + 1,
				      used_on_minute, u);
	if (!error)
		error = store_findings(store, until_s - USED_FINDING_S,
				       until_s + 1, used_on_finding, u);
	used_add_up(u);
	if (!error && u->rows.n)
		error = store_sources(store, used_on_source, u);
	return error;
}

static void used_free(struct used *u)
{
	for (size_t i = 0; i < u->clauses.n; i++)
		free(u->clauses.items[i].id);
	free(u->clauses.items);
	free(u->rows.items);
	free(u->mail_servers.items);
}

static int used_answer(const char *path, int64_t since_s, int64_t until_s,
		       struct fault *f)
{
	struct used u = { 0 };
	struct store *store;
	int error = store_open(path, false, &store, f);

	if (error)
		return error;
	error = used_read(&u, store, since_s, until_s);
	if (error)
		store_fault(store, "read", f);
	else if (u.no_memory)
		error = fault_no_memory(f);
	else
		printf("end %d %d\n", u.left_out, u.unnamed);
	used_free(&u);
	store_close(store);
	return error;
}

static int used_run(struct program *p, const void *options, int argc,
		    char **argv)
{
	struct fault f = { 0 };

	(void)p;
	(void)options;
	(void)argc;
	if (!used_answer(argv[0], strtoll(argv[1], NULL, 10),
			 strtoll(argv[2], NULL, 10), &f))
		return EXIT_DONE;
	printf("error %s\n", f.text);
	return EXIT_REFUSED;
}

static const struct option_row used_rows[] = { { 0 } };

const struct command command_used = {
	.name = "used",
	.operands = { "STORE SINCE UNTIL", OPTION_FILE, 3, 3,
		      "which store? It is run by mailwall plan", NULL },
	.options = used_rows,
	.run = used_run,
};

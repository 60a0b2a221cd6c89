/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rollup.h"
#include "../../plugin/memory/hash.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define INDEX	      (2 * ROLLUP_ROWS)
#define LAST	      1024u  /* places for what little is left of a row */
#define MINUTE_PLACES 32768u /* for ROLLUP_MINUTE_ROWS keys; a power of two */

static const char rollup_other[] = "other";

/*
 * The tables here are not those of plugin/memory/index.h, which grow in an
 * engine's pool: these have a fixed size, and rows that do not fit are folded.
 */
int rollup_init(struct rollup *s)
{
	s->rows = malloc(ROLLUP_ROWS * sizeof(*s->rows));
	s->index = calloc(INDEX, sizeof(*s->index));
	s->n = 0;
	s->folded = 0;
	s->full_minute = 0;
	return s->rows && s->index ? 0 : -ENOMEM;
}

void rollup_free(struct rollup *s)
{
	free(s->rows);
	free(s->index);
	*s = (struct rollup){ 0 };
}

int rollup_memory_init(struct rollup_memory *m, const uint64_t key[2])
{
	*m = (struct rollup_memory){ .key = { key[0], key[1] } };
	m->clauses = calloc(2 * ROLLUP_CLAUSES, sizeof(*m->clauses));
	for (size_t i = 0; i < ROLLUP_MINUTES && m->clauses; i++) {
		m->minutes[i].keys = calloc(MINUTE_PLACES, sizeof(uint64_t));
		if (!m->minutes[i].keys)
			return -ENOMEM;
		m->minutes[i].minute = -1;
	}
	return m->clauses ? 0 : -ENOMEM;
}

void rollup_memory_free(struct rollup_memory *m)
{
	for (size_t i = 0; i < 2 * ROLLUP_CLAUSES && m->clauses; i++)
		free(m->clauses[i]);
	free(m->clauses);
	for (size_t i = 0; i < ROLLUP_MINUTES; i++)
		free(m->minutes[i].keys);
	*m = (struct rollup_memory){ 0 };
}

const char *rollup_clause(struct rollup_memory *m, const char *clause)
{
	uint32_t at = text_hash((uint32_t)m->key[0], clause);
	char *copy;

	if (!*clause)
		return "";
	for (;; at++) {
		const char *known = m->clauses[at % (2 * ROLLUP_CLAUSES)];

		if (!known)
			break;
		if (!strcmp(known, clause))
			return known;
	}
	copy = m->n_clauses < ROLLUP_CLAUSES ? strdup(clause) : NULL;
	if (!copy)
		return rollup_other;
	m->n_clauses++;
	return m->clauses[at % (2 * ROLLUP_CLAUSES)] = copy;
}

/* ---- rows ---- */

static uint64_t rollup_hash(const struct rollup_memory *m,
			    const struct store_row *r)
{
	const struct hash_key key = { { m->key[0], m->key[1] } };
	uint64_t what = (uint64_t)r->port << 16 | (uint64_t)r->outcome << 8 |
			(uint64_t)r->observed << 12 | r->family;
	uint64_t hash =
		hash_2(&key, (uint64_t)r->minute, load_u64(r->source.byte));

	/* Clauses are unique, so that their address identifies them. */
	return hash_2(&key, hash, what << 32 ^ (uintptr_t)r->clause);
}

static bool rollup_is_same(const struct store_row *a, const struct store_row *b)
{
	return a->minute == b->minute && a->family == b->family &&
	       a->port == b->port && a->outcome == b->outcome &&
	       a->observed == b->observed && a->clause == b->clause &&
	       !memcmp(&a->source, &b->source, sizeof(a->source));
}

static struct store_row *rollup_find(struct rollup *s,
				     const struct rollup_memory *m,
				     const struct store_row *row,
				     uint32_t *slot)
{
	uint32_t at = (uint32_t)rollup_hash(m, row) & (INDEX - 1);

	for (; s->index[at]; at = (at + 1) & (INDEX - 1))
		if (rollup_is_same(&s->rows[s->index[at] - 1], row))
			return &s->rows[s->index[at] - 1];
	*slot = at;
	return NULL;
}

static void rollup_keep(struct rollup *s, struct store_row *row)
{
	(void)s;
	(void)row;
}

static void rollup_drop_source(struct rollup *s, struct store_row *row)
{
	if (row->family)
		s->folded += (uint64_t)(int64_t)row->attempts;
	row->family = 0;
	row->source = (struct addr6){ { 0 } };
}

static void rollup_drop_clause(struct rollup *s, struct store_row *row)
{
	(void)s;
	row->clause = rollup_other;
}

static void rollup_drop_minute(struct rollup *s, struct store_row *row)
{
	if (!s->full_minute)
		s->full_minute = row->minute;
	row->minute = s->full_minute;
}

static void rollup_drop_port(struct rollup *s, struct store_row *row)
{
	(void)s;
	row->port = 0;
}

/*
 * Names that a row loses when the places up to an end are taken. It keeps its
 * outcome, and whether it was observed: the last places are one for each.
 */
static const struct rollup_step {
	uint32_t end;
	void (*drop)(struct rollup *s, struct store_row *row);
} rollup_steps[] = {
	{ ROLLUP_ROWS / 8 * 7, rollup_keep },
	{ ROLLUP_ROWS - 2 * LAST, rollup_drop_source },
	{ ROLLUP_ROWS - LAST, rollup_drop_clause },
	{ ROLLUP_ROWS - 2 * OUTCOME_N, rollup_drop_minute },
	{ ROLLUP_ROWS, rollup_drop_port },
};
#define STEPS (sizeof(rollup_steps) / sizeof(rollup_steps[0]))

static void rollup_count(struct store_row *to, const struct store_row *row)
{
	to->attempts += row->attempts;
	to->syns += row->syns;
}

/* Adds to a row that is there, or in a place before the end. */
static bool rollup_add_before(struct rollup *s, const struct rollup_memory *m,
			      const struct store_row *row, uint32_t end)
{
	uint32_t slot = 0;
	struct store_row *known = rollup_find(s, m, row, &slot);

	if (known) {
		rollup_count(known, row);
		return true;
	}
	if (s->n >= end)
		return false;
	s->rows[s->n++] = *row;
	s->index[slot] = s->n;
	return true;
}

void rollup_add(struct rollup *s, const struct rollup_memory *m,
		const struct store_row *row)
{
	struct store_row less = *row;

	for (size_t i = 0; i < STEPS; i++) {
		rollup_steps[i].drop(s, &less);
		if (rollup_add_before(s, m, &less, rollup_steps[i].end))
			return;
	}
}

bool rollup_take_back(struct rollup *s, const struct rollup_memory *m,
		      const struct store_row *row)
{
	uint32_t slot = 0;
	struct store_row *known = rollup_find(s, m, row, &slot);

	if (!known || known->attempts < 1)
		return false;
	known->attempts--;
	known->syns -= known->syns > 0;
	return true;
}

/* ---- a minute's bound ---- */

static struct rollup_minute *rollup_minute_of(struct rollup_memory *m,
					      int64_t minute)
{
	struct rollup_minute *at =
		&m->minutes[(uint64_t)minute % ROLLUP_MINUTES];

	if (at->minute != minute) {
		at->minute = minute;
		at->n = 0;
		memset(at->keys, 0, MINUTE_PLACES * sizeof(*at->keys));
	}
	return at;
}

static bool rollup_has_room(struct rollup_memory *m,
			    const struct store_row *row)
{
	struct rollup_minute *minute = rollup_minute_of(m, row->minute);
	uint64_t hash = rollup_hash(m, row) | 1;
	uint32_t at = (uint32_t)(hash >> 32) & (MINUTE_PLACES - 1);

	for (; minute->keys[at]; at = (at + 1) & (MINUTE_PLACES - 1))
		if (minute->keys[at] == hash)
			return true;
	/*
	 * The second half is for sources with two attempts or more. Further
	 * SYNs of an attempt go where the attempt went.
	 */
	if (row->attempts < 1 || minute->n >= ROLLUP_MINUTE_ROWS ||
	    (minute->n >= ROLLUP_MINUTE_ROWS / 2 && row->attempts < 2))
		return false;
	minute->keys[at] = hash;
	minute->n++;
	return true;
}

static int rollup_compare(const void *a, const void *b)
{
	const struct store_row *x = a, *y = b;
	int order;

	if (x->minute != y->minute)
		return x->minute < y->minute ? -1 : 1;
	if (x->family != y->family)
		return x->family < y->family ? -1 : 1;
	order = memcmp(&x->source, &y->source, sizeof(x->source));
	if (order)
		return order;
	return x->port != y->port ? (x->port < y->port ? -1 : 1) : 0;
}

/* Joins folded rows, which lie side by side after sorting. */
static void rollup_join_folded(struct rollup *s)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < s->n; i++) {
		uint32_t k = n;

		while (k && !s->rows[i].family &&
		       s->rows[k - 1].minute == s->rows[i].minute &&
		       !s->rows[k - 1].family &&
		       !rollup_is_same(&s->rows[k - 1], &s->rows[i]))
			k--;
		if (k && !s->rows[i].family &&
		    rollup_is_same(&s->rows[k - 1], &s->rows[i]))
			rollup_count(&s->rows[k - 1], &s->rows[i]);
		else
			s->rows[n++] = s->rows[i];
	}
	s->n = n;
}

void rollup_settle(struct rollup *s, struct rollup_memory *m)
{
	for (uint32_t i = 0; i < s->n; i++) {
		struct store_row *row = &s->rows[i];

		if (!row->family || rollup_has_room(m, row))
			continue;
		rollup_drop_source(s, row);
	}
	qsort(s->rows, s->n, sizeof(*s->rows), rollup_compare);
	rollup_join_folded(s);
}

void rollup_clear(struct rollup *s)
{
	memset(s->index, 0, INDEX * sizeof(*s->index));
	s->n = 0;
	s->folded = 0;
	s->full_minute = 0;
}

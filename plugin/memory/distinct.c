/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "distinct.h"

#include <math.h>
#include <string.h>

#define CAP_LEAST 4 /* items at first: one block of the smallest size */

static uint32_t distinct_place(const struct distinct *d, uint64_t hash)
{
	uint32_t at = (uint32_t)hash & (d->cap - 1);

	while (d->items[at] && d->items[at] != hash)
		at = (at + 1) & (d->cap - 1);
	return at;
}

static int distinct_grow(struct distinct *d, struct pool *p)
{
	struct distinct old = *d;
	uint32_t cap = d->cap ? d->cap * 2 : CAP_LEAST;
	uint64_t *items = pool_take(p, cap * sizeof(*items));

	if (!items)
		return -1;
	d->items = items;
	d->cap = cap;
	for (uint32_t i = 0; i < old.cap; i++)
		if (old.items[i])
			d->items[distinct_place(d, old.items[i])] =
				old.items[i];
	pool_give(p, old.items, old.cap * sizeof(*old.items));
	return 0;
}

static bool distinct_note(struct distinct *d, const struct distinct_limits *l,
			  uint64_t hash)
{
	uint8_t *reg = &d->registers[hash >> (64 - l->log_registers)];
	uint64_t rest = hash << l->log_registers;
	uint8_t rank = rest ? (uint8_t)(__builtin_clzll(rest) + 1) :
			      (uint8_t)(65 - l->log_registers);

	if (*reg >= rank)
		return false;
	*reg = rank;
	return true;
}

static int distinct_estimate(struct distinct *d, struct pool *p,
			     const struct distinct_limits *l)
{
	d->registers = pool_take(p, (size_t)1 << l->log_registers);
	if (!d->registers)
		return -1;
	for (uint32_t i = 0; i < d->cap; i++)
		if (d->items[i])
			distinct_note(d, l, d->items[i]);
	pool_give(p, d->items, d->cap * sizeof(*d->items));
	d->items = NULL;
	d->n = d->cap = 0;
	return 0;
}

bool distinct_add(struct distinct *d, struct pool *p,
		  const struct distinct_limits *l, uint64_t hash)
{
	uint32_t at;

	hash += !hash;
	if (d->registers)
		return distinct_note(d, l, hash);
	if (d->cap && d->items[distinct_place(d, hash)])
		return false;
	if (d->n >= d->cap - d->cap / 4) {
		if (d->cap >= l->exact_most || distinct_grow(d, p)) {
			if (!distinct_estimate(d, p, l))
				return distinct_note(d, l, hash);
			d->lossy = true;
			return true;
		}
	}
	at = distinct_place(d, hash);
	if (d->items[at])
		return false;
	d->items[at] = hash;
	d->n++;
	return true;
}

bool distinct_has(const struct distinct *d, uint64_t hash)
{
	return d->cap && d->items[distinct_place(d, hash + !hash)];
}

uint64_t distinct_count(const struct distinct *d,
			const struct distinct_limits *l)
{
	uint32_t m = 1u << l->log_registers, empty = 0;
	double sum = 0, alpha = 0.7213 / (1 + 1.079 / m), e;

	if (!d->registers)
		return d->n;
	for (uint32_t i = 0; i < m; i++) {
		sum += ldexp(1, -d->registers[i]);
		empty += !d->registers[i];
	}
	e = alpha * m * m / sum;
	/* Small numbers are better counted by the empty registers. */
	if (e <= 2.5 * m && empty)
		e = m * log((double)m / empty);
	/* Registers that were read may say more than a number can. */
	return e < 1e18 ? (uint64_t)(e + 0.5) : (uint64_t)1e18;
}

void distinct_restore(struct distinct *d, struct pool *p,
		      const struct distinct_limits *l, const uint8_t *registers)
{
	size_t n = (size_t)1 << l->log_registers;
	uint8_t most = (uint8_t)(65 - l->log_registers);

	if (!d->registers && distinct_estimate(d, p, l))
		return;
	for (size_t i = 0; i < n; i++)
		d->registers[i] = registers[i] < most ? registers[i] : most;
}

void distinct_end(struct distinct *d, struct pool *p,
		  const struct distinct_limits *l)
{
	pool_give(p, d->items, d->cap * sizeof(*d->items));
	pool_give(p, d->registers, (size_t)1 << l->log_registers);
	*d = (struct distinct){ 0 };
}

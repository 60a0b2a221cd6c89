/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Attempts under way: which SYN belongs to which, and that each ends once. */
#include "../../unit.h"
#include "../../../../plugin/engine/attempt.h"

#include <unistd.h>

#define SECOND	INT64_C(1000000)
#define LIMIT	((size_t)16 << 20)
#define IDS	4096 /* of connections; the source port tells them apart */
#define GIVE_UP 240  /* seconds: a loop without end is a failure, no wait */

struct counted {
	unsigned int judged[IDS], ended[IDS], connections[IDS];
	unsigned int n_judged, n_ended;
	uint16_t order[2 * IDS]; /* of the endings */
};

struct table {
	struct pool pool;
	struct attempts attempts;
	struct hash_key key;
	struct counted counted;
	struct attempts_end end;
};

static void count_judge(void *ctx, struct attempt *a)
{
	struct counted *c = ctx;

	c->judged[a->source_port % IDS]++;
	c->n_judged++;
}

static void count_end(void *ctx, const struct attempt *a,
		      const struct dialogue *d)
{
	struct counted *c = ctx;

	c->ended[a->source_port % IDS]++;
	c->connections[a->source_port % IDS] += d != NULL;
	c->order[c->n_ended++ % COUNT(c->order)] = a->source_port;
}

static struct table *table_of(uint32_t most, size_t limit)
{
	struct table *t = calloc(1, sizeof(*t));

	assert_non_null(t);
	t->key = (struct hash_key){ { 3, 5 } };
	pool_init(&t->pool, limit);
	assert_int_equal(attempts_init(&t->attempts, &t->pool, &t->key, most),
			 0);
	t->end = (struct attempts_end){ &t->counted, count_judge, count_end };
	return t;
}

static void table_free(struct table *t)
{
	attempts_free(&t->attempts);
	pool_end(&t->pool);
	free(t);
}

static struct addr6 client = { { 10, 0, 0, 1 } }, server = { { 192, 0, 2, 1 } };

static struct tuple tuple_of(uint16_t port)
{
	return (struct tuple){ &client, &server, port, 25, 4 };
}

static struct ref find(struct table *t, uint16_t port)
{
	struct tuple e = tuple_of(port);

	return attempts_find(&t->attempts, &e, tuple_hash(&t->key, &e));
}

static struct attempt *add(struct table *t, uint16_t port, int64_t now_us)
{
	struct tuple e = tuple_of(port);
	struct attempt *a = attempts_add(&t->attempts, &e,
					 tuple_hash(&t->key, &e), &t->end);

	a->first_us = now_us;
	a->syns = 1;
	return a;
}

static void expire(struct table *t, int64_t now_us)
{
	attempts_expire(&t->attempts, now_us, &t->end);
}

/* ---- time ---- */

CLAIM(due, "an attempt is due for its source three seconds after its first "
	   "SYN, once")
{
	struct table *t = table_of(1024, LIMIT);
	struct attempt *out[4];

	add(t, 1, 10 * SECOND);
	add(t, 2, 11 * SECOND);
	expect_number("due before 3 s",
		      attempts_due(&t->attempts, 13 * SECOND - 1, out, 4), 0);
	expect_number("due at 3 s",
		      attempts_due(&t->attempts, 13 * SECOND, out, 4), 1);
	expect_number("which", out[0]->source_port, 1);
	expect(out[0]->judged, "it is not marked");
	expect_number("due again",
		      attempts_due(&t->attempts, 13 * SECOND, out, 4), 0);
	add(t, 3, 12 * SECOND);
	expect_number("at most one",
		      attempts_due(&t->attempts, 99 * SECOND, out, 1), 1);
	expect_number("the other one",
		      attempts_due(&t->attempts, 99 * SECOND, out, 4), 1);
	expect_number("which", out[0]->source_port, 3);
	expire(t, INT64_MAX);
	expect_number("judged at the end", t->counted.n_judged, 0);
	expect_number("ended", t->counted.n_ended, 3);
	table_free(t);
}

CLAIM(kept, "an attempt ends when its latest SYN is more than 180 s old")
{
	struct table *t = table_of(1024, LIMIT);

	add(t, 1, 10 * SECOND);
	expire(t, 190 * SECOND);
	expect(find(t, 1).attempt, "gone after 180 s");
	expire(t, 190 * SECOND + 1);
	expect(!find(t, 1).attempt, "there after 180 s and a bit");
	expect_number("judged", t->counted.judged[1], 1);
	expect_number("ended", t->counted.ended[1], 1);
	table_free(t);
}

CLAIM(goes_on, "an attempt whose SYNs go on past 180 s stays, alone in the "
	       "ring too")
{
	struct table *t = table_of(1024, LIMIT);
	struct attempt *a = add(t, 1, 10 * SECOND);

	attempt_seen(a, a->first_us + 127 * SECOND);
	expire(t, 200 * SECOND);
	expect_number("judged", t->counted.judged[1], 1);
	expect_number("ended", t->counted.ended[1], 0);
	expect(find(t, 1).attempt, "it is gone");
	expire(t, 317 * SECOND);
	expect(find(t, 1).attempt, "gone at 180 s after the latest");
	expire(t, 318 * SECOND);
	expect_number("ended", t->counted.ended[1], 1);
	expect_number("judged", t->counted.judged[1], 1);
	table_free(t);
}

CLAIM(idle, "a talk ends after 600 s without a word, the idlest first")
{
	struct table *t = table_of(1024, LIMIT);
	struct ref f;

	for (uint16_t i = 1; i <= 3; i++) {
		add(t, i, SECOND);
		f = find(t, i);
		assert_non_null(
			attempts_answered(&t->attempts, &f, SECOND, &t->end));
	}
	f = find(t, 1);
	connection_touch(&t->attempts, f.connection, 2 * SECOND);
	expire(t, 601 * SECOND);
	expect_number("ended at 600 s", t->counted.n_ended, 0);
	expire(t, 601 * SECOND + 1);
	expect_number("ended after it", t->counted.n_ended, 2);
	expect(t->counted.order[0] == 2 && t->counted.order[1] == 3,
	       "they ended as %u, %u", t->counted.order[0],
	       t->counted.order[1]);
	expect(find(t, 1).connection, "who spoke is gone");
	expire(t, INT64_MAX);
	expect_number("with a dialogue", t->counted.connections[1], 1);
	table_free(t);
}

/* ---- room ---- */

CLAIM(grows, "a ring grows to its limit and loses nothing; beyond it the "
	     "oldest ends")
{
	struct table *t = table_of(4096, LIMIT);

	/* Its start lies in the middle when it grows. */
	for (uint16_t i = 0; i < 700; i++)
		add(t, i, i);
	expire(t, 181 * SECOND);
	expect_number("the first ended", t->counted.n_ended, 700);
	memset(&t->counted, 0, sizeof(t->counted));
	for (unsigned int i = 0; i < 4096; i++) {
		add(t, (uint16_t)i, 181 * SECOND + i);
		if (i % 97)
			continue;
		for (unsigned int k = 0; k <= i; k++)
			expect(find(t, (uint16_t)k).attempt,
			       "%u is lost when %u comes", k, i);
	}
	expect_number("none ended", t->counted.n_ended, 0);
	for (uint16_t i = 0; i < 10; i++)
		add(t, (uint16_t)(5000 + i), 182 * SECOND);
	expect_number("ended", t->counted.n_ended, 10);
	expect_number("cut short", t->attempts.cut_short, 10);
	for (uint16_t i = 0; i < 10; i++)
		expect(t->counted.order[i] == i, "number %u was %u", i,
		       t->counted.order[i]);
	expect_number("judged with it", t->counted.n_judged, 10);
	expire(t, INT64_MAX);
	expect_number("all", t->counted.n_ended, 4106);
	table_free(t);
}

CLAIM(memory, "without memory to grow the oldest ends, and the limit holds")
{
	struct table *t = table_of(1 << 16, (size_t)400 << 10);

	for (unsigned int i = 0; i < 20000; i++) {
		struct ref f;

		add(t, (uint16_t)i, i);
		f = find(t, (uint16_t)i);
		expect(f.attempt, "number %u is not there", i);
		if (f.attempt && i % 3 == 0)
			attempts_answered(&t->attempts, &f, i, &t->end);
	}
	expect(t->pool.used <= t->pool.limit, "%zu bytes of %zu", t->pool.used,
	       t->pool.limit);
	expire(t, INT64_MAX);
	expect_number("ended", t->counted.n_ended, 20000);
	expect_number("judged", t->counted.n_judged, 20000);
	table_free(t);
}

CLAIM(midstream, "a talk whose start was not seen ends without a judge")
{
	struct table *t = table_of(1024, LIMIT);
	struct tuple e = tuple_of(9);

	assert_non_null(attempts_midstream(
		&t->attempts, &e, tuple_hash(&t->key, &e), SECOND, &t->end));
	expect(find(t, 9).connection, "it is not found");
	expire(t, INT64_MAX);
	expect_number("judged", t->counted.n_judged, 0);
	expect_number("ended", t->counted.n_ended, 1);
	table_free(t);
}

/* ---- by chance, beside a model ---- */

struct modelled {
	bool there, connection;
	int64_t first_us, latest_us, active_us;
	unsigned int begun;
};

static bool is_too_old(const struct modelled *m, int64_t now_us)
{
	return m->connection ?
		       now_us - m->active_us > CONNECTION_IDLE_S * SECOND :
		       now_us - m->latest_us > ATTEMPT_KEPT_S * SECOND;
}

/*
 * Who is kept moves behind those that are younger, and may be noticed late, at
 * the latest when these are too old. So the model asks this way round only.
 */
static void model_expire(struct table *t, struct modelled *m, int64_t now_us)
{
	expire(t, now_us);
	for (uint16_t i = 0; i < IDS; i++) {
		bool there;

		if (!m[i].there)
			continue;
		there = find(t, i).attempt != NULL;
		expect(there || is_too_old(&m[i], now_us),
		       "%u ended before its time", i);
		m[i].there = there;
	}
}

static void model_step(struct table *t, struct modelled *m, uint64_t r,
		       int64_t now_us)
{
	uint16_t id = (uint16_t)(r >> 8) % IDS;
	struct modelled *mine = &m[id];
	struct ref f = find(t, id);

	expect(!f.attempt == !mine->there && !f.connection == !mine->connection,
	       "%u is %s, a talk is %s", id, f.attempt ? "there" : "gone",
	       f.connection ? "there" : "gone");
	if (!f.attempt) {
		add(t, id, now_us);
		*mine = (struct modelled){ .there = true,
					   .first_us = now_us,
					   .latest_us = now_us,
					   .begun = mine->begun + 1 };
	} else if (r % 16 == 0) {
		attempts_finish(&t->attempts, &f, &t->end);
		mine->there = mine->connection = false;
	} else if (f.connection) {
		connection_touch(&t->attempts, f.connection, now_us);
		mine->active_us = now_us;
	} else if (r % 16 < 6) {
		attempts_answered(&t->attempts, &f, now_us, &t->end);
		expect(f.connection == find(t, id).connection,
		       "%u moved elsewhere", id);
		mine->connection = true;
		mine->active_us = now_us;
	} else {
		attempt_seen(f.attempt, now_us);
		mine->latest_us = now_us;
	}
}

static void model_due(struct table *t, int64_t now_us)
{
	struct attempt *out[32];
	size_t n;

	while ((n = attempts_due(&t->attempts, now_us, out, COUNT(out))))
		while (n--) {
			expect(now_us - out[n]->first_us >=
				       ATTEMPT_SAME_S * SECOND,
			       "%u is due too early", out[n]->source_port);
			count_judge(&t->counted, out[n]);
		}
}

CLAIM(model, "whatever is done, each attempt is found until its time, has one "
	     "judge and one end")
{
	struct table *t = table_of(1 << 14, LIMIT);
	struct modelled *m = calloc(IDS, sizeof(*m));
	uint64_t seed = 4711;
	int64_t now_us = SECOND;

	assert_non_null(m);
	for (int i = 0; i < 200000; i++) {
		uint64_t r = chance(&seed);

		now_us += (int64_t)(r >> 32) % 40000;
		model_step(t, m, r, now_us);
		if (i % 64 == 0)
			model_due(t, now_us);
		if (i % 512 == 0)
			model_expire(t, m, now_us);
		for (uint16_t k = 0; i % 512 == 0 && k < IDS; k++)
			m[k].connection = m[k].connection && m[k].there;
		if (failures > 20)
			break;
	}
	expire(t, INT64_MAX);
	expect_number("cut short", t->attempts.cut_short, 0);
	expect_number("left in the index", t->attempts.index.n, 0);
	for (uint16_t i = 0; i < IDS; i++)
		expect(t->counted.judged[i] == m[i].begun &&
			       t->counted.ended[i] == m[i].begun,
		       "%u: %u begun, %u judged, %u ended", i, m[i].begun,
		       t->counted.judged[i], t->counted.ended[i]);
	free(m);
	table_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIMED(due),	  CLAIMED(kept),   CLAIMED(idle),
		CLAIMED(grows),	  CLAIMED(memory), CLAIMED(midstream),
		CLAIMED(goes_on), CLAIMED(model),
	};

	alarm(GIVE_UP);
	return cmocka_run_group_tests_name("attempt", tests, NULL, NULL);
}

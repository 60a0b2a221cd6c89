/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Attempts added up in bounded memory: nothing is lost, whatever is folded. */
#include "../../unit.h"
#include "../../../../tools/store/rollup.h"

#define MINUTE INT64_C(29520000)

struct both {
	struct rollup rollup;
	struct rollup_memory memory;
};

static void both_init(struct both *b)
{
	static const uint64_t key[2] = { 11, 22 };

	assert_int_equal(rollup_init(&b->rollup), 0);
	assert_int_equal(rollup_memory_init(&b->memory, key), 0);
}

static void both_free(struct both *b)
{
	rollup_free(&b->rollup);
	rollup_memory_free(&b->memory);
}

static struct addr6 v4(uint32_t address)
{
	return (struct addr6){ { (uint8_t)(address >> 24),
				 (uint8_t)(address >> 16),
				 (uint8_t)(address >> 8), (uint8_t)address } };
}

static struct store_row row_of(int64_t minute, uint32_t source,
			       int32_t attempts)
{
	return (struct store_row){ .minute = minute,
				   .family = 4,
				   .source = v4(source),
				   .port = 25,
				   .clause = "",
				   .attempts = attempts,
				   .syns = 2 * attempts };
}

static void give(struct both *b, struct store_row row)
{
	rollup_add(&b->rollup, &b->memory, &row);
}

struct total {
	int64_t attempts, syns;
	uint32_t kept, folded_rows;
	uint64_t folded;
};

static struct total total_of(const struct rollup *s)
{
	struct total t = { 0 };

	for (uint32_t i = 0; i < s->n; i++) {
		const struct store_row *r = &s->rows[i];

		t.attempts += r->attempts;
		t.syns += r->syns;
		t.kept += r->family != 0;
		t.folded_rows += !r->family;
		t.folded += r->family ? 0 : (uint64_t)(int64_t)r->attempts;
	}
	return t;
}

static int compare(const struct store_row *a, const struct store_row *b)
{
	int order;

	if (a->minute != b->minute)
		return a->minute < b->minute ? -1 : 1;
	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	order = memcmp(&a->source, &b->source, sizeof(a->source));
	if (order)
		return order;
	return (a->port > b->port) - (a->port < b->port);
}

static bool same_key(const struct store_row *a, const struct store_row *b)
{
	return !compare(a, b) && a->outcome == b->outcome &&
	       a->clause == b->clause;
}

/* Ascending for the store, and no key twice. */
static void expect_order(const struct rollup *s, const char *what)
{
	for (uint32_t i = 1; i < s->n; i++) {
		const struct store_row *now = &s->rows[i];

		if (!expect(compare(&s->rows[i - 1], now) <= 0,
			    "%s: row %u comes before the one ahead of it", what,
			    i))
			return;
		for (uint32_t k = i; k && !compare(&s->rows[k - 1], now); k--)
			if (!expect(!same_key(&s->rows[k - 1], now),
				    "%s: rows %u and %u are the same", what,
				    k - 1, i))
				return;
	}
}

CLAIM(adds, "what agrees in everything is one row, and what differs in "
	    "anything is another")
{
	struct both b;
	struct store_row base = row_of(MINUTE, 7, 3), other[6];

	both_init(&b);
	base.clause = rollup_clause(&b.memory, "p:1");
	for (size_t i = 0; i < COUNT(other); i++)
		other[i] = base;
	other[0].minute++;
	other[1].source.byte[3]++;
	other[2].family = 6;
	other[3].port = 587;
	other[4].outcome = OUTCOME_BLOCKED;
	other[5].clause = rollup_clause(&b.memory, "p:2");
	for (int turn = 0; turn < 3; turn++) {
		give(&b, base);
		for (size_t i = 0; i < COUNT(other); i++)
			give(&b, other[i]);
	}
	expect_number("rows", b.rollup.n, 7);
	for (uint32_t i = 0; i < b.rollup.n; i++)
		expect(b.rollup.rows[i].attempts == 9 &&
			       b.rollup.rows[i].syns == 18,
		       "row %u: %d %d", i, b.rollup.rows[i].attempts,
		       b.rollup.rows[i].syns);
	rollup_settle(&b.rollup, &b.memory);
	expect_number("settled", b.rollup.n, 7);
	expect_order(&b.rollup, "settled");
	rollup_clear(&b.rollup);
	expect_number("cleared", b.rollup.n, 0);
	give(&b, base);
	expect_number("anew", b.rollup.n, 1);
	expect_number("its attempts", (uint64_t)b.rollup.rows[0].attempts, 3);
	both_free(&b);
}

CLAIM(prefixes, "sources that agree in eight bytes are told apart by the rest")
{
	struct both b;
	struct store_row one = row_of(MINUTE, 7, 1), two = one;

	both_init(&b);
	one.family = two.family = 6;
	two.source.byte[15] = 1;
	give(&b, one);
	give(&b, two);
	expect_number("rows", b.rollup.n, 2);
	both_free(&b);
}

CLAIM(clauses, "a clause is one text for ever, and beyond their bound it is "
	       "\"other\"")
{
	struct both b;
	char name[32];
	const char *first[ROLLUP_CLAUSES];

	both_init(&b);
	expect_text("none", rollup_clause(&b.memory, ""), "");
	for (unsigned int i = 0; i < ROLLUP_CLAUSES + 1000; i++) {
		const char *got;

		snprintf(name, sizeof(name), "policy:%u", i);
		got = rollup_clause(&b.memory, name);
		expect_text(name, got, i < ROLLUP_CLAUSES ? name : "other");
		if (i < ROLLUP_CLAUSES)
			first[i] = got;
	}
	for (unsigned int i = 0; i < ROLLUP_CLAUSES; i++) {
		snprintf(name, sizeof(name), "policy:%u", i);
		expect(rollup_clause(&b.memory, name) == first[i],
		       "%s is another text", name);
	}
	both_free(&b);
}

CLAIM(bound, "two hundred thousand sources of many minutes fit into the rows "
	     "there are, and what was folded is exact")
{
	enum { N = 200000 };
	struct both b;
	struct total t;
	int64_t before = 0;

	both_init(&b);
	for (uint32_t i = 0; i < N; i++)
		give(&b, row_of(MINUTE + i % 40, i, 1 + (int32_t)(i % 3)));
	for (uint32_t i = 0; i < N; i++)
		before += 1 + i % 3;
	expect(b.rollup.n <= ROLLUP_ROWS, "%u rows", b.rollup.n);
	t = total_of(&b.rollup);
	expect_number("attempts", (uint64_t)t.attempts, (uint64_t)before);
	expect_number("syns", (uint64_t)t.syns, (uint64_t)before * 2);
	expect_number("folded", b.rollup.folded, t.folded);
	expect(t.kept >= ROLLUP_ROWS / 2, "only %u rows are of a source",
	       t.kept);
	rollup_settle(&b.rollup, &b.memory);
	t = total_of(&b.rollup);
	expect_number("settled", (uint64_t)t.attempts, (uint64_t)before);
	expect_number("its syns", (uint64_t)t.syns, (uint64_t)before * 2);
	expect_number("its folded", b.rollup.folded, t.folded);
	expect_order(&b.rollup, "settled");
	both_free(&b);
}

CLAIM(bound_full, "even when there are more minutes than rows, no attempt is "
		  "lost, and none gets another outcome")
{
	enum { N = ROLLUP_ROWS + 50000 };
	struct both b;
	int64_t of[OUTCOME_N] = { 0 };

	both_init(&b);
	for (uint32_t i = 0; i < N; i++) {
		struct store_row row = row_of(MINUTE + i, i, 1);

		row.outcome = (uint8_t)(i % 7 % OUTCOME_N);
		of[row.outcome]++;
		give(&b, row);
	}
	expect(b.rollup.n <= ROLLUP_ROWS, "%u rows", b.rollup.n);
	rollup_settle(&b.rollup, &b.memory);
	expect_number("attempts", (uint64_t)total_of(&b.rollup).attempts, N);
	for (uint32_t i = 0; i < b.rollup.n; i++)
		of[b.rollup.rows[i].outcome] -= b.rollup.rows[i].attempts;
	for (size_t i = 0; i < OUTCOME_N; i++)
		expect(!of[i], "outcome %zu: %lld are lost", i,
		       (long long)of[i]);
	both_free(&b);
}

CLAIM(bound_order, "as room runs out the source goes first, then the clause, "
		   "the minute and the port; what is known before is added to")
{
	struct both b;
	struct store_row row = row_of(MINUTE, 1, 1), last;
	int lost = 0;

	both_init(&b);
	row.clause = rollup_clause(&b.memory, "p:1");
	for (uint32_t i = 0; i < ROLLUP_ROWS / 8 * 7; i++)
		give(&b, row_of(MINUTE, i + 2, 1));
	for (uint32_t i = 0; lost < 4 && i < 3 * ROLLUP_ROWS; i++) {
		row.minute++;
		row.port = (uint16_t)(25 + i % 60000);
		row.outcome = (uint8_t)(i % OUTCOME_N);
		give(&b, row);
		last = b.rollup.rows[b.rollup.n - 1];
		if (last.family)
			break;
		lost = !last.port		 ? 4 :
		       last.minute != row.minute ? 3 :
		       last.clause != row.clause ? 2 :
						   lost;
		if (lost == 2)
			expect_text("clause", last.clause, "other");
	}
	expect_number("lost at last", (uint64_t)lost, 4);
	both_free(&b);
}

CLAIM(a_minute, "of a minute not more than its bound are kept; in the second "
		"half only who came twice")
{
	struct both b;
	struct total t;
	uint32_t twice = 0;

	both_init(&b);
	for (uint32_t i = 0; i < 30000; i++)
		give(&b, row_of(MINUTE, i, i >= 20000 ? 2 : 1));
	rollup_settle(&b.rollup, &b.memory);
	t = total_of(&b.rollup);
	expect_number("kept", t.kept, ROLLUP_MINUTE_ROWS);
	expect_number("folded", t.folded_rows, 1);
	expect_number("attempts", (uint64_t)t.attempts, 40000);
	expect_number("of them folded", b.rollup.folded, t.folded);
	for (uint32_t i = 0; i < b.rollup.n; i++)
		twice += b.rollup.rows[i].family &&
			 b.rollup.rows[i].attempts == 2;
	expect_number("that came twice", twice, ROLLUP_MINUTE_ROWS / 2);
	expect_order(&b.rollup, "settled");
	both_free(&b);
}

CLAIM(a_minute_again, "who was kept in a minute is kept in its next batch, "
		      "and who was not is not, until the minute is another")
{
	struct both b;
	struct total t;

	both_init(&b);
	for (uint32_t i = 0; i < 8000; i++)
		give(&b, row_of(MINUTE, i, 2));
	rollup_settle(&b.rollup, &b.memory);
	expect_number("kept", total_of(&b.rollup).kept, 8000);
	rollup_clear(&b.rollup);
	/* Known ones come once; new ones once, and twice. */
	for (uint32_t i = 0; i < 8000; i++)
		give(&b, row_of(MINUTE, i, 1));
	for (uint32_t i = 8000; i < 9000; i++)
		give(&b, row_of(MINUTE, i, 1));
	for (uint32_t i = 9000; i < 20000; i++)
		give(&b, row_of(MINUTE, i, 2));
	rollup_settle(&b.rollup, &b.memory);
	t = total_of(&b.rollup);
	expect_number("known and new", t.kept, ROLLUP_MINUTE_ROWS);
	expect_number("attempts", (uint64_t)t.attempts, 9000 + 22000);
	for (uint32_t i = 0; i < b.rollup.n; i++)
		expect(!b.rollup.rows[i].family ||
			       b.rollup.rows[i].source.byte[2] < 8000 >> 8 ||
			       b.rollup.rows[i].attempts == 2 ||
			       b.rollup.rows[i].source.byte[2] == 8000 >> 8,
		       "row %u was once, and new", i);
	rollup_clear(&b.rollup);
	for (uint32_t i = 30000; i < 33000; i++)
		give(&b, row_of(MINUTE + 1, i, 1));
	rollup_settle(&b.rollup, &b.memory);
	expect_number("another minute", total_of(&b.rollup).kept, 3000);
	both_free(&b);
}

CLAIM(ring, "each of sixteen minutes has its own bound, and the seventeenth "
	    "takes the place of the first")
{
	struct both b;
	struct total t;

	both_init(&b);
	for (int64_t m = 0; m < ROLLUP_MINUTES; m++)
		for (uint32_t i = 0; i < 6000; i++)
			give(&b, row_of(MINUTE + m, i, 1));
	rollup_settle(&b.rollup, &b.memory);
	t = total_of(&b.rollup);
	expect_number("kept", t.kept, ROLLUP_MINUTES * ROLLUP_MINUTE_ROWS / 2);
	expect_number("folded rows", t.folded_rows, ROLLUP_MINUTES);
	expect_number("attempts", (uint64_t)t.attempts, ROLLUP_MINUTES * 6000);
	expect_order(&b.rollup, "settled");
	rollup_clear(&b.rollup);
	for (uint32_t i = 6000; i < 12000; i++)
		for (int64_t m = 1; m <= ROLLUP_MINUTES;
		     m += ROLLUP_MINUTES - 1)
			give(&b, row_of(MINUTE + m, i, 1));
	rollup_settle(&b.rollup, &b.memory);
	t = total_of(&b.rollup);
	/* The second minute is full by half; the seventeenth is new. */
	expect_number("the seventeenth", t.kept, ROLLUP_MINUTE_ROWS / 2);
	both_free(&b);
}

CLAIM(old_minute, "rows of minutes that share a place are added up in time")
{
	struct both b;
	double start;

	both_init(&b);
	for (uint32_t i = 0; i < 40000; i++)
		give(&b, row_of(MINUTE + (i % 2) * ROLLUP_MINUTES, i, 1));
	start = seconds_now();
	rollup_settle(&b.rollup, &b.memory);
	expect(seconds_now() - start < 5, "it takes %.1f s",
	       seconds_now() - start);
	expect_number("attempts", (uint64_t)total_of(&b.rollup).attempts,
		      40000);
	both_free(&b);
}

CLAIM(joined, "folded rows are one for each minute, port, outcome and clause")
{
	struct both b;
	struct total t;
	const char *names[3];

	both_init(&b);
	names[0] = "";
	names[1] = rollup_clause(&b.memory, "p:1");
	names[2] = rollup_clause(&b.memory, "p:2");
	for (uint32_t i = 0; i < 90000; i++) {
		struct store_row row = row_of(MINUTE + i % 2, i, 1);

		row.port = i % 3 ? 25 : 587;
		row.outcome = (uint8_t)(i % 5);
		row.clause = names[i % 7 % 3];
		give(&b, row);
	}
	rollup_settle(&b.rollup, &b.memory);
	t = total_of(&b.rollup);
	expect_number("folded rows", t.folded_rows, 2 * 2 * 5 * 3);
	expect_number("kept", t.kept, ROLLUP_MINUTE_ROWS);
	expect_number("attempts", (uint64_t)t.attempts, 90000);
	expect_number("folded", b.rollup.folded, t.folded);
	expect_order(&b.rollup, "settled");
	both_free(&b);
}

CLAIM(given_folded, "rows that come folded stay so, are never refused, and "
		    "count for no bound")
{
	struct both b;
	struct total t;

	both_init(&b);
	for (uint32_t i = 0; i < 5; i++) {
		struct store_row row = row_of(MINUTE, 0, 100);

		row.family = 0;
		give(&b, row);
	}
	for (uint32_t i = 0; i < 5000; i++)
		give(&b, row_of(MINUTE, i, 1));
	rollup_settle(&b.rollup, &b.memory);
	t = total_of(&b.rollup);
	expect_number("kept", t.kept, 5000);
	expect_number("attempts", (uint64_t)t.attempts, 5500);
	expect_number("folded by this", b.rollup.folded, 0);
	both_free(&b);
}

CLAIM(taken_back, "one is taken back of a row of the batch, of no other row, "
		  "and never below 0")
{
	struct both b;
	struct store_row row = row_of(MINUTE, 1, 2), other = row;
	struct total t;

	both_init(&b);
	give(&b, row);
	other.outcome++;
	expect(!rollup_take_back(&b.rollup, &b.memory, &other),
	       "another outcome");
	other = row;
	other.minute++;
	expect(!rollup_take_back(&b.rollup, &b.memory, &other),
	       "another minute");
	for (int i = 0; i < 3; i++)
		expect(rollup_take_back(&b.rollup, &b.memory, &row) == (i < 2),
		       "turn %d", i);
	rollup_settle(&b.rollup, &b.memory);
	t = total_of(&b.rollup);
	expect(!t.attempts, "attempts: %lld", (long long)t.attempts);
	rollup_clear(&b.rollup);
	expect(!rollup_take_back(&b.rollup, &b.memory, &row),
	       "of a batch before");
	both_free(&b);
}

CLAIM(by_chance, "whatever comes, in whatever batches, attempts and SYNs of a "
		 "minute, port, outcome and clause are what went in")
{
	enum { MINUTES = 20, PORTS = 2, CLAUSES = 3 };
	struct both b;
	const char *names[CLAUSES];
	uint64_t seed = 77;
	double start = seconds_now();

	both_init(&b);
	names[0] = "";
	names[1] = rollup_clause(&b.memory, "p:1");
	names[2] = rollup_clause(&b.memory, "p:2");
	for (unsigned int turn = 0; turn < 12; turn++) {
		int64_t in[MINUTES][PORTS][OUTCOME_N][CLAUSES] = { 0 };
		int64_t syns_in = 0, syns = 0, folded = 0;
		uint32_t n = (uint32_t)(chance(&seed) % 120000);
		uint32_t few = (uint32_t)(chance(&seed) % 40000) + 1;
		uint32_t minutes = turn % 3 ? MINUTES / 2 : 2;

		for (uint32_t i = 0; i < n; i++) {
			uint64_t r = chance(&seed);
			uint32_t minute = r % minutes, port = r >> 8 & 1;
			uint32_t outcome = (r >> 9) % OUTCOME_N;
			uint32_t clause = (r >> 12) % CLAUSES;
			struct store_row row = row_of(
				MINUTE + minute, (uint32_t)(r >> 20) % few,
				(int32_t)(r >> 52) % 5 - 1);

			row.family = r >> 60 ? 4 : 6;
			row.port = port ? 25 : 587;
			row.outcome = (uint8_t)outcome;
			row.clause = names[clause];
			give(&b, row);
			in[minute][port][outcome][clause] += row.attempts;
			syns_in += row.syns;
		}
		rollup_settle(&b.rollup, &b.memory);
		expect_order(&b.rollup, "by chance");
		for (uint32_t i = 0; i < b.rollup.n; i++) {
			const struct store_row *r = &b.rollup.rows[i];
			uint32_t clause = r->clause == names[1] ? 1 :
					  r->clause == names[2] ? 2 :
								  0;

			in[r->minute - MINUTE][r->port == 25][r->outcome]
			  [clause] -= r->attempts;
			syns += r->syns;
			folded += r->family ? 0 : r->attempts;
		}
		for (size_t i = 0; i < sizeof(in) / sizeof(int64_t); i++)
			expect(!((int64_t *)in)[i],
			       "turn %u: %lld of place %zu are lost", turn,
			       (long long)((int64_t *)in)[i], i);
		expect(syns == syns_in, "turn %u: %lld SYNs of %lld", turn,
		       (long long)syns, (long long)syns_in);
		expect((int64_t)b.rollup.folded == folded,
		       "turn %u: %lld folded, and said %lld", turn,
		       (long long)folded, (long long)b.rollup.folded);
		rollup_clear(&b.rollup);
	}
	expect(seconds_now() - start < 20, "it takes %.1f s",
	       seconds_now() - start);
	both_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIMED(adds),	     CLAIMED(prefixes),
		CLAIMED(clauses),    CLAIMED(bound),
		CLAIMED(bound_full), CLAIMED(bound_order),
		CLAIMED(a_minute),   CLAIMED(a_minute_again),
		CLAIMED(ring),	     CLAIMED(old_minute),
		CLAIMED(joined),     CLAIMED(given_folded),
		CLAIMED(taken_back),

		CLAIMED(by_chance),
	};

	return cmocka_run_group_tests_name("sums", tests, NULL, NULL);
}

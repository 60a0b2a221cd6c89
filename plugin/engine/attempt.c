/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "attempt.h"

#include <errno.h>
#include <string.h>

#define RING_LEAST	    1024u
#define INDEX_LEAST	    4096u
#define CONNECTIONS_A_PIECE 32u
#define END_AHEAD	    8
#define SECOND_US	    1000000
#define KEPT_US		    ((int64_t)ATTEMPT_KEPT_S * SECOND_US)
#define IDLE_US		    ((int64_t)CONNECTION_IDLE_S * SECOND_US)
#define CLOSED_US	    ((int64_t)CONNECTION_CLOSED_S * SECOND_US)

/*
 * A reference of the index is 31 bits of a position in the ring, or the number
 * of a connection with the top bit set. The ring is far smaller, so 31 bits
 * tell positions apart.
 */
#define REF_CONNECTION 0x80000000u
#define REF_MASK       0x7fffffffu

static uint64_t hash_long(const struct hash_key *key, const struct tuple *e)
{
	uint64_t h = hash_2(key, load_u64(e->client->byte),
			    load_u64(e->server->byte));

	return h ^ hash_2(key, load_u64(e->client->byte + 8),
			  load_u64(e->server->byte + 8) ^ h);
}

static uint64_t both_short(const struct tuple *e)
{
	return (uint64_t)addr4_load(e->client) << 32 | addr4_load(e->server);
}

uint64_t tuple_hash(const struct hash_key *key, const struct tuple *e)
{
	uint64_t ports = (uint64_t)e->client_port << 16 | e->server_port;

	return hash_2(key, e->family == 4 ? both_short(e) : hash_long(key, e),
		      ports << 8 | e->family);
}

int attempts_init(struct attempts *t, struct pool *pool,
		  const struct hash_key *key, uint32_t most)
{
	*t = (struct attempts){
		.pool = pool,
		.key = *key,
		.ring_cap = RING_LEAST,
		.ring_most = most < RING_LEAST ? RING_LEAST : most,
		.connections_free = CONNECTION_NONE,
		.open = { CONNECTION_NONE, CONNECTION_NONE },
		.closed = { CONNECTION_NONE, CONNECTION_NONE }
	};
	t->ring = pool_resize(pool, NULL, 0, RING_LEAST * sizeof(*t->ring));
	t->connections = pool_resize(pool, NULL, 0,
				     CONNECTIONS_MOST / CONNECTIONS_A_PIECE *
					     sizeof(*t->connections));
	if (!t->ring || !t->connections)
		return -ENOMEM;
	return index_init(&t->index, pool, INDEX_LEAST);
}

void attempts_free(struct attempts *t)
{
	if (t->ring)
		pool_drop(t->pool, t->ring, t->ring_cap * sizeof(*t->ring));
	index_free(&t->index);
	if (t->connections)
		pool_drop(t->pool, t->connections,
			  CONNECTIONS_MOST / CONNECTIONS_A_PIECE *
				  sizeof(*t->connections));
	*t = (struct attempts){ 0 };
}

/* ---- the index: references are REF_ numbers ---- */

static struct connection *connection_at(const struct attempts *t, uint32_t n)
{
	return (struct connection
			*)((uint8_t *)t->connections[n / CONNECTIONS_A_PIECE] +
			   n % CONNECTIONS_A_PIECE * sizeof(struct connection));
}

static struct attempt *ring_at(const struct attempts *t, uint64_t position)
{
	return &t->ring[position & (t->ring_cap - 1)];
}

static bool attempts_is_full(struct attempts *t)
{
	return t->index.n >= t->index.cap / 4 * 3 && index_grow(&t->index);
}

static bool is_between(const struct attempt *a, const struct tuple *e)
{
	return a->source_port == e->client_port &&
	       a->destination_port == e->server_port &&
	       a->family == e->family &&
	       !memcmp(&a->source, e->client, sizeof(a->source)) &&
	       !memcmp(&a->destination, e->server, sizeof(a->destination));
}

struct ref attempts_find(struct attempts *t, const struct tuple *tuple,
			 uint64_t hash)
{
	const struct index *x = &t->index;
	uint32_t slot = index_home(x, hash);
	struct ref f = { 0 };

	for (; x->entries[slot]; slot = index_next(x, slot)) {
		uint32_t ref = index_reference(x, slot);

		if (!index_may_be(x, slot, hash))
			continue;
		f.connection = ref & REF_CONNECTION ?
				       connection_at(t, ref & REF_MASK) :
				       NULL;
		f.attempt =
			f.connection ? &f.connection->attempt : ring_at(t, ref);
		f.slot = slot;
		if (is_between(f.attempt, tuple))
			return f;
	}
	return (struct ref){ 0 };
}

static uint64_t hash_anew(const struct attempts *t, const struct attempt *a)
{
	struct tuple e = { &a->source, &a->destination, a->source_port,
			   a->destination_port, a->family };

	return tuple_hash(&t->key, &e);
}

static uint64_t attempt_hash_of(const struct attempts *t,
				const struct attempt *a)
{
	return attempt_is_open(a) ? (uint64_t)a->hash << 32 : hash_anew(t, a);
}

/* The slot of the entry that refers to an attempt; the entry exists. */
static uint32_t slot_of(const struct attempts *t, const struct attempt *a,
			uint32_t reference)
{
	return index_slot(&t->index, attempt_hash_of(t, a), reference);
}

/* Prefetches the index entry of an attempt that will end soon. */
static void prefetch_end(const struct attempts *t, uint64_t position)
{
	const struct attempt *a;

	if (position >= t->head)
		return;
	a = &t->ring[position & (t->ring_cap - 1)];
	if (a->state != ATTEMPT_GONE)
		index_prefetch(&t->index, attempt_hash_of(t, a));
}

/* ---- the ring ---- */

/* Positions stay; attempts whose place is in the new half move there. */
static int grow_ring(struct attempts *t)
{
	size_t cap = t->ring_cap;
	struct attempt *ring;

	if (cap == t->ring_most)
		return -ENOSPC;
	if ((uint64_t)t->index.cap < cap * 4 && index_grow(&t->index))
		return -ENOMEM;
	ring = pool_resize(t->pool, t->ring, cap * sizeof(*ring),
			   2 * cap * sizeof(*ring));
	if (!ring)
		return -ENOMEM;
	t->ring = ring;
	for (uint64_t at = t->tail; at < t->head; at++)
		if (at & cap)
			ring[at & (2 * cap - 1)] = ring[at & (cap - 1)];
	t->ring_cap = (uint32_t)(2 * cap);
	return 0;
}

static void attempt_judge_now(struct attempt *a, const struct attempts_end *end)
{
	if (a->judged || a->state == ATTEMPT_GONE ||
	    a->state == ATTEMPT_MIDSTREAM)
		return;
	a->judged = true;
	end->judge(end->ctx, a);
}

size_t attempts_due(struct attempts *t, int64_t now_us, struct attempt **out,
		    size_t most)
{
	int64_t before_us = now_us - (int64_t)ATTEMPT_SAME_S * SECOND_US;
	size_t n = 0;

	for (; n < most && t->judged < t->head; t->judged++) {
		struct attempt *a = ring_at(t, t->judged);

		if (a->first_us > before_us && a->state != ATTEMPT_GONE)
			break;
		if (a->judged || a->state == ATTEMPT_GONE)
			continue;
		a->judged = true;
		out[n++] = a;
	}
	return n;
}

static void judge_oldest(struct attempts *t, const struct attempts_end *end)
{
	/* All before t->judged are judged. */
	if (t->judged > t->tail)
		return;
	t->judged = t->tail + 1;
	attempt_judge_now(ring_at(t, t->tail), end);
}

static void end_oldest(struct attempts *t, const struct attempts_end *end)
{
	struct attempt *a = ring_at(t, t->tail);

	judge_oldest(t, end);
	if (a->state != ATTEMPT_GONE) {
		index_remove(&t->index,
			     slot_of(t, a, (uint32_t)t->tail & REF_MASK));
		end->end(end->ctx, a, NULL);
	}
	t->tail++;
}

static bool connection_give_up(struct attempts *t,
			       const struct attempts_end *end);

static void attempts_make_room(struct attempts *t,
			       const struct attempts_end *end)
{
	while ((t->head - t->tail == t->ring_cap && grow_ring(t)) ||
	       (t->tail < t->head && attempts_is_full(t))) {
		t->cut_short += ring_at(t, t->tail)->state != ATTEMPT_GONE;
		end_oldest(t, end);
	}
	/* Connections alone can fill an index that may not grow. */
	while (attempts_is_full(t) && connection_give_up(t, end))
		;
}

struct attempt *attempts_add(struct attempts *t, const struct tuple *tuple,
			     uint64_t hash, const struct attempts_end *end)
{
	struct attempt *a;

	if (t->head - t->tail == t->ring_cap || attempts_is_full(t))
		attempts_make_room(t, end);
	index_add(&t->index, hash, (uint32_t)t->head & REF_MASK);
	a = ring_at(t, t->head++);
	*a = (struct attempt){ .source = *tuple->client,
			       .destination = *tuple->server,
			       .source_port = tuple->client_port,
			       .destination_port = tuple->server_port,
			       .hash = (uint32_t)(hash >> 32),
			       .family = tuple->family,
			       .state = ATTEMPT_OPENING };
	return a;
}

/* ---- connections ---- */

static struct connection_list *list_of(struct attempts *t,
				       const struct connection *k)
{
	return k->closed ? &t->closed : &t->open;
}

static void connection_unlink(struct attempts *t, const struct connection *k)
{
	struct connection_list *list = list_of(t, k);

	if (k->newer == CONNECTION_NONE)
		list->newest = k->older;
	else
		connection_at(t, k->newer)->older = k->older;
	if (k->older == CONNECTION_NONE)
		list->oldest = k->newer;
	else
		connection_at(t, k->older)->newer = k->newer;
}

static void link_newest(struct attempts *t, struct connection *k)
{
	struct connection_list *list = list_of(t, k);

	k->newer = CONNECTION_NONE;
	k->older = list->newest;
	if (list->newest == CONNECTION_NONE)
		list->oldest = k->self;
	else
		connection_at(t, list->newest)->newer = k->self;
	list->newest = k->self;
}

void connection_touch(struct attempts *t, struct connection *k, int64_t now_us)
{
	k->active_us = now_us;
	if (list_of(t, k)->newest == k->self)
		return;
	connection_unlink(t, k);
	link_newest(t, k);
}

void connection_close(struct attempts *t, struct connection *k)
{
	if (k->closed)
		return;
	connection_unlink(t, k);
	k->closed = true;
	link_newest(t, k);
}

static void connection_end(struct attempts *t, struct connection *k,
			   uint32_t slot, const struct attempts_end *end)
{
	index_remove(&t->index, slot);
	attempt_judge_now(&k->attempt, end);
	end->end(end->ctx, &k->attempt, &k->dialogue);
	connection_unlink(t, k);
	k->older = t->connections_free;
	t->connections_free = k->self;
}

static void connection_end_oldest(struct attempts *t,
				  const struct connection_list *list,
				  const struct attempts_end *end)
{
	struct connection *k = connection_at(t, list->oldest);

	connection_end(t, k, slot_of(t, &k->attempt, k->self | REF_CONNECTION),
		       end);
}

/* Ends one for lack of room, a closed one first. false: there is none. */
static bool connection_give_up(struct attempts *t,
			       const struct attempts_end *end)
{
	if (t->closed.oldest != CONNECTION_NONE) {
		connection_end_oldest(t, &t->closed, end);
		return true;
	}
	if (t->open.oldest == CONNECTION_NONE)
		return false;
	t->connections_cut++;
	connection_end_oldest(t, &t->open, end);
	return true;
}

static int connections_new(struct attempts *t)
{
	uint32_t piece = t->connections_n / CONNECTIONS_A_PIECE;

	if (t->connections_n == CONNECTIONS_MOST)
		return -ENOSPC;
	t->connections[piece] = pool_take(
		t->pool, CONNECTIONS_A_PIECE * sizeof(struct connection));
	if (!t->connections[piece])
		return -ENOMEM;
	for (uint32_t i = CONNECTIONS_A_PIECE; i--;) {
		struct connection *k = connection_at(t, t->connections_n + i);

		k->self = t->connections_n + i;
		k->older = t->connections_free;
		t->connections_free = k->self;
	}
	t->connections_n += CONNECTIONS_A_PIECE;
	return 0;
}

/* NULL: no memory for even one. */
static struct connection *connection_new(struct attempts *t, int64_t now_us,
					 const struct attempts_end *end)
{
	struct connection *k;

	if (t->connections_free == CONNECTION_NONE && connections_new(t) &&
	    !connection_give_up(t, end))
		return NULL;
	k = connection_at(t, t->connections_free);
	t->connections_free = k->older;
	k->active_us = now_us;
	k->closing[0] = k->closing[1] = k->closed = false;
	link_newest(t, k);
	return k;
}

struct connection *attempts_answered(struct attempts *t, struct ref *ref,
				     int64_t now_us,
				     const struct attempts_end *end)
{
	struct attempt copy = *ref->attempt;
	struct connection *k = connection_new(t, now_us, end);
	struct tuple e = { &copy.source, &copy.destination, copy.source_port,
			   copy.destination_port, copy.family };

	if (!k)
		return NULL;
	/* Another connection may have ended, and moved index entries. */
	*ref = attempts_find(t, &e, tuple_hash(&t->key, &e));
	ref->attempt->state = ATTEMPT_GONE;
	k->attempt = copy;
	index_refer(&t->index, ref->slot, k->self | REF_CONNECTION);
	ref->connection = k;
	ref->attempt = &k->attempt;
	return k;
}

struct connection *attempts_midstream(struct attempts *t,
				      const struct tuple *tuple, uint64_t hash,
				      int64_t now_us,
				      const struct attempts_end *end)
{
	struct connection *k =
		attempts_is_full(t) ? NULL : connection_new(t, now_us, end);

	if (!k)
		return NULL;
	k->attempt = (struct attempt){ .first_us = now_us,
				       .source = *tuple->client,
				       .destination = *tuple->server,
				       .source_port = tuple->client_port,
				       .destination_port = tuple->server_port,
				       .family = tuple->family,
				       .state = ATTEMPT_MIDSTREAM };
	index_add(&t->index, hash, k->self | REF_CONNECTION);
	return k;
}

/* ---- endings ---- */

void attempts_finish(struct attempts *t, struct ref *ref,
		     const struct attempts_end *end)
{
	if (ref->connection) {
		connection_end(t, ref->connection, ref->slot, end);
		return;
	}
	index_remove(&t->index, ref->slot);
	attempt_judge_now(ref->attempt, end);
	end->end(end->ctx, ref->attempt, NULL);
	ref->attempt->state = ATTEMPT_GONE;
}

bool attempt_is_over(const struct ref *ref, int64_t now_us)
{
	const struct connection *k = ref->connection;

	if (k)
		return now_us - k->active_us >
		       (k->closed ? CLOSED_US : IDLE_US);
	return now_us - attempt_last_us(ref->attempt) > KEPT_US;
}

/* SYNs still come: the attempt moves to the head, under a new position. */
static void keep_oldest(struct attempts *t)
{
	struct attempt copy = *ring_at(t, t->tail);
	uint32_t slot = slot_of(t, &copy, (uint32_t)t->tail & REF_MASK);

	t->tail++;
	index_refer(&t->index, slot, (uint32_t)t->head & REF_MASK);
	*ring_at(t, t->head++) = copy;
}

static void connections_expire(struct attempts *t,
			       const struct connection_list *list,
			       int64_t before_us,
			       const struct attempts_end *end)
{
	while (list->oldest != CONNECTION_NONE &&
	       connection_at(t, list->oldest)->active_us < before_us)
		connection_end_oldest(t, list, end);
}

void attempts_expire(struct attempts *t, int64_t now_us,
		     const struct attempts_end *end)
{
	bool all = now_us == INT64_MAX;
	uint64_t end_of_line = t->head; /* each is visited once */

	while (t->tail < end_of_line) {
		struct attempt *a = ring_at(t, t->tail);

		prefetch_end(t, t->tail + END_AHEAD);
		if (a->state == ATTEMPT_GONE) {
			judge_oldest(t, end);
			t->tail++;
		} else if (!all && now_us - a->first_us <= KEPT_US) {
			break;
		} else if (!all && now_us - attempt_last_us(a) <= KEPT_US) {
			judge_oldest(t, end);
			keep_oldest(t);
		} else {
			end_oldest(t, end);
		}
	}
	connections_expire(t, &t->open, all ? now_us : now_us - IDLE_US, end);
	connections_expire(t, &t->closed, all ? now_us : now_us - CLOSED_US,
			   end);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "attempt.h"

#include <errno.h>
#include <string.h>

#define RING_LEAST     1024u
#define INDEX_LEAST    4096u
#define TALKS_A_PIECE  32u
#define END_AHEAD      8
#define SECOND_US      1000000
#define KEPT_US	       ((int64_t)ATTEMPT_KEPT_S * SECOND_US)
#define TALK_IDLE_US   ((int64_t)TALK_IDLE_S * SECOND_US)
#define TALK_CLOSED_US ((int64_t)TALK_CLOSED_S * SECOND_US)

/*
 * A reference of the index is 31 bits of a position in the ring, or the number
 * of a talk with the top bit set. The ring is far smaller, so 31 bits tell
 * positions apart.
 */
#define REF_TALK 0x80000000u
#define REF_MASK 0x7fffffffu

static uint64_t hash_long(const struct hash_key *key, const struct ends *e)
{
	uint64_t h = hash_2(key, load_u64(e->client->byte),
			    load_u64(e->server->byte));

	return h ^ hash_2(key, load_u64(e->client->byte + 8),
			  load_u64(e->server->byte + 8) ^ h);
}

static uint64_t both_short(const struct ends *e)
{
	return (uint64_t)load_be32(e->client->byte) << 32 |
	       load_be32(e->server->byte);
}

uint64_t ends_hash(const struct hash_key *key, const struct ends *e)
{
	uint64_t ports = (uint64_t)e->client_port << 16 | e->server_port;

	return hash_2(key, e->family == 4 ? both_short(e) : hash_long(key, e),
		      ports << 8 | e->family);
}

int attempts_init(struct attempts *t, struct pool *pool,
		  const struct hash_key *key, uint32_t most)
{
	*t = (struct attempts){ .pool = pool,
				.key = *key,
				.ring_cap = RING_LEAST,
				.ring_most =
					most < RING_LEAST ? RING_LEAST : most,
				.talks_free = TALK_NONE,
				.open = { TALK_NONE, TALK_NONE },
				.closed = { TALK_NONE, TALK_NONE } };
	t->ring = pool_resize(pool, NULL, 0, RING_LEAST * sizeof(*t->ring));
	t->talks = pool_resize(pool, NULL, 0,
			       TALKS_MOST / TALKS_A_PIECE * sizeof(*t->talks));
	if (!t->ring || !t->talks)
		return -ENOMEM;
	return index_init(&t->index, pool, INDEX_LEAST);
}

void attempts_free(struct attempts *t)
{
	if (t->ring)
		pool_drop(t->pool, t->ring, t->ring_cap * sizeof(*t->ring));
	index_free(&t->index);
	if (t->talks)
		pool_drop(t->pool, t->talks,
			  TALKS_MOST / TALKS_A_PIECE * sizeof(*t->talks));
	*t = (struct attempts){ 0 };
}

/* ---- the index: references are REF_ numbers ---- */

static struct talk *talk_at(const struct attempts *t, uint32_t n)
{
	return (struct talk *)((uint8_t *)t->talks[n / TALKS_A_PIECE] +
			       n % TALKS_A_PIECE * sizeof(struct talk));
}

static struct attempt *ring_at(const struct attempts *t, uint64_t position)
{
	return &t->ring[position & (t->ring_cap - 1)];
}

static bool is_full(struct attempts *t)
{
	return t->index.n >= t->index.cap / 4 * 3 && index_grow(&t->index);
}

static bool is_between(const struct attempt *a, const struct ends *e)
{
	return a->source_port == e->client_port &&
	       a->destination_port == e->server_port &&
	       a->family == e->family &&
	       !memcmp(&a->source, e->client, sizeof(a->source)) &&
	       !memcmp(&a->destination, e->server, sizeof(a->destination));
}

struct found attempts_find(struct attempts *t, const struct ends *ends,
			   uint64_t hash)
{
	const struct index *x = &t->index;
	uint32_t slot = index_home(x, hash);
	struct found f = { 0 };

	for (; x->entries[slot]; slot = index_next(x, slot)) {
		uint32_t ref = index_reference(x, slot);

		if (!index_may_be(x, slot, hash))
			continue;
		f.talk = ref & REF_TALK ? talk_at(t, ref & REF_MASK) : NULL;
		f.attempt = f.talk ? &f.talk->attempt : ring_at(t, ref);
		f.slot = slot;
		if (is_between(f.attempt, ends))
			return f;
	}
	return (struct found){ 0 };
}

static uint64_t hash_anew(const struct attempts *t, const struct attempt *a)
{
	struct ends e = { &a->source, &a->destination, a->source_port,
			  a->destination_port, a->family };

	return ends_hash(&t->key, &e);
}

static uint64_t hash_of(const struct attempts *t, const struct attempt *a)
{
	return attempt_is_open(a) ? (uint64_t)a->hash << 32 : hash_anew(t, a);
}

/* The slot of the entry that refers to this; it is there. */
static uint32_t slot_of(const struct attempts *t, const struct attempt *a,
			uint32_t reference)
{
	return index_slot(&t->index, hash_of(t, a), reference);
}

/* What is to end soon: its entry of the index is on its way. */
static void prefetch_end(const struct attempts *t, uint64_t position)
{
	const struct attempt *a;

	if (position >= t->head)
		return;
	a = &t->ring[position & (t->ring_cap - 1)];
	if (a->state != ATTEMPT_GONE)
		index_prefetch(&t->index, hash_of(t, a));
}

/* ---- the ring ---- */

/* Positions stay: those whose place is in the new half move there. */
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

static void judge(struct attempt *a, const struct attempts_end *end)
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
	/* Those before it were. */
	if (t->judged > t->tail)
		return;
	t->judged = t->tail + 1;
	judge(ring_at(t, t->tail), end);
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

static bool give_up_talk(struct attempts *t, const struct attempts_end *end);

static void make_room(struct attempts *t, const struct attempts_end *end)
{
	while ((t->head - t->tail == t->ring_cap && grow_ring(t)) ||
	       (t->tail < t->head && is_full(t))) {
		t->cut_short += ring_at(t, t->tail)->state != ATTEMPT_GONE;
		end_oldest(t, end);
	}
	/* Talks alone can fill an index that may not grow. */
	while (is_full(t) && give_up_talk(t, end))
		;
}

struct attempt *attempts_add(struct attempts *t, const struct ends *ends,
			     uint64_t hash, const struct attempts_end *end)
{
	struct attempt *a;

	if (t->head - t->tail == t->ring_cap || is_full(t))
		make_room(t, end);
	index_add(&t->index, hash, (uint32_t)t->head & REF_MASK);
	a = ring_at(t, t->head++);
	*a = (struct attempt){ .source = *ends->client,
			       .destination = *ends->server,
			       .source_port = ends->client_port,
			       .destination_port = ends->server_port,
			       .hash = (uint32_t)(hash >> 32),
			       .family = ends->family,
			       .state = ATTEMPT_OPENING };
	return a;
}

/* ---- talks ---- */

static struct talk_list *list_of(struct attempts *t, const struct talk *k)
{
	return k->closed ? &t->closed : &t->open;
}

static void unlink_talk(struct attempts *t, const struct talk *k)
{
	struct talk_list *list = list_of(t, k);

	if (k->newer == TALK_NONE)
		list->newest = k->older;
	else
		talk_at(t, k->newer)->older = k->older;
	if (k->older == TALK_NONE)
		list->oldest = k->newer;
	else
		talk_at(t, k->older)->newer = k->newer;
}

static void link_newest(struct attempts *t, struct talk *k)
{
	struct talk_list *list = list_of(t, k);

	k->newer = TALK_NONE;
	k->older = list->newest;
	if (list->newest == TALK_NONE)
		list->oldest = k->self;
	else
		talk_at(t, list->newest)->newer = k->self;
	list->newest = k->self;
}

void talk_touch(struct attempts *t, struct talk *k, int64_t now_us)
{
	k->active_us = now_us;
	if (list_of(t, k)->newest == k->self)
		return;
	unlink_talk(t, k);
	link_newest(t, k);
}

void talk_close(struct attempts *t, struct talk *k)
{
	if (k->closed)
		return;
	unlink_talk(t, k);
	k->closed = true;
	link_newest(t, k);
}

static void end_talk(struct attempts *t, struct talk *k, uint32_t slot,
		     const struct attempts_end *end)
{
	index_remove(&t->index, slot);
	judge(&k->attempt, end);
	end->end(end->ctx, &k->attempt, &k->dialogue);
	unlink_talk(t, k);
	k->older = t->talks_free;
	t->talks_free = k->self;
}

static void end_oldest_talk(struct attempts *t, const struct talk_list *list,
			    const struct attempts_end *end)
{
	struct talk *k = talk_at(t, list->oldest);

	end_talk(t, k, slot_of(t, &k->attempt, k->self | REF_TALK), end);
}

/* For lack of room, one that is over first. false: there is none. */
static bool give_up_talk(struct attempts *t, const struct attempts_end *end)
{
	if (t->closed.oldest != TALK_NONE) {
		end_oldest_talk(t, &t->closed, end);
		return true;
	}
	if (t->open.oldest == TALK_NONE)
		return false;
	t->talks_cut++;
	end_oldest_talk(t, &t->open, end);
	return true;
}

static int new_talks(struct attempts *t)
{
	uint32_t piece = t->talks_n / TALKS_A_PIECE;

	if (t->talks_n == TALKS_MOST)
		return -ENOSPC;
	t->talks[piece] =
		pool_take(t->pool, TALKS_A_PIECE * sizeof(struct talk));
	if (!t->talks[piece])
		return -ENOMEM;
	for (uint32_t i = TALKS_A_PIECE; i--;) {
		struct talk *k = talk_at(t, t->talks_n + i);

		k->self = t->talks_n + i;
		k->older = t->talks_free;
		t->talks_free = k->self;
	}
	t->talks_n += TALKS_A_PIECE;
	return 0;
}

/* NULL: there is no memory for even one. */
static struct talk *new_talk(struct attempts *t, int64_t now_us,
			     const struct attempts_end *end)
{
	struct talk *k;

	if (t->talks_free == TALK_NONE && new_talks(t) && !give_up_talk(t, end))
		return NULL;
	k = talk_at(t, t->talks_free);
	t->talks_free = k->older;
	k->active_us = now_us;
	k->closing[0] = k->closing[1] = k->closed = false;
	link_newest(t, k);
	return k;
}

struct talk *attempts_answered(struct attempts *t, struct found *found,
			       int64_t now_us, const struct attempts_end *end)
{
	struct attempt copy = *found->attempt;
	struct talk *k = new_talk(t, now_us, end);
	struct ends e = { &copy.source, &copy.destination, copy.source_port,
			  copy.destination_port, copy.family };

	if (!k)
		return NULL;
	/* Another talk may have ended for it, and entries moved. */
	*found = attempts_find(t, &e, ends_hash(&t->key, &e));
	found->attempt->state = ATTEMPT_GONE;
	k->attempt = copy;
	index_refer(&t->index, found->slot, k->self | REF_TALK);
	found->talk = k;
	found->attempt = &k->attempt;
	return k;
}

struct talk *attempts_midstream(struct attempts *t, const struct ends *ends,
				uint64_t hash, int64_t now_us,
				const struct attempts_end *end)
{
	struct talk *k = is_full(t) ? NULL : new_talk(t, now_us, end);

	if (!k)
		return NULL;
	k->attempt = (struct attempt){ .first_us = now_us,
				       .source = *ends->client,
				       .destination = *ends->server,
				       .source_port = ends->client_port,
				       .destination_port = ends->server_port,
				       .family = ends->family,
				       .state = ATTEMPT_MIDSTREAM };
	index_add(&t->index, hash, k->self | REF_TALK);
	return k;
}

/* ---- endings ---- */

void attempts_finish(struct attempts *t, struct found *found,
		     const struct attempts_end *end)
{
	if (found->talk) {
		end_talk(t, found->talk, found->slot, end);
		return;
	}
	index_remove(&t->index, found->slot);
	judge(found->attempt, end);
	end->end(end->ctx, found->attempt, NULL);
	found->attempt->state = ATTEMPT_GONE;
}

bool attempt_is_over(const struct found *found, int64_t now_us)
{
	const struct talk *k = found->talk;

	if (k)
		return now_us - k->active_us >
		       (k->closed ? TALK_CLOSED_US : TALK_IDLE_US);
	return now_us - attempt_last_us(found->attempt) > KEPT_US;
}

/* Its SYNs still come: to the end of the line, under a new position. */
static void keep_oldest(struct attempts *t)
{
	struct attempt copy = *ring_at(t, t->tail);
	uint32_t slot = slot_of(t, &copy, (uint32_t)t->tail & REF_MASK);

	t->tail++;
	index_refer(&t->index, slot, (uint32_t)t->head & REF_MASK);
	*ring_at(t, t->head++) = copy;
}

static void expire_talks(struct attempts *t, const struct talk_list *list,
			 int64_t before_us, const struct attempts_end *end)
{
	while (list->oldest != TALK_NONE &&
	       talk_at(t, list->oldest)->active_us < before_us)
		end_oldest_talk(t, list, end);
}

void attempts_expire(struct attempts *t, int64_t now_us,
		     const struct attempts_end *end)
{
	bool all = now_us == INT64_MAX;
	uint64_t end_of_line = t->head; /* each is looked at once */

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
	expire_talks(t, &t->open, all ? now_us : now_us - TALK_IDLE_US, end);
	expire_talks(t, &t->closed, all ? now_us : now_us - TALK_CLOSED_US,
		     end);
}

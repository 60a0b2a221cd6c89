/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "baselines.h"

#include <string.h>

#include "chance.h"
#include "memory.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define FAILED_US    (5 * WORLD_SECOND)	  /* Zeek's tcp_attempt_delay */
#define SAME_US	     (180 * WORLD_SECOND) /* longer than any schedule of SYNs */

enum sight {
	SIGHT_SYN,     /* every one */
	SIGHT_ATTEMPT, /* the first of its kind */
	SIGHT_ACCEPTED,
	SIGHT_REFUSED,
	SIGHT_SILENT, /* no answer in FAILED_US */
};

/* What a rule is told. */
struct observation {
	enum sight sight;
	int64_t time_us;
	uint64_t key; /* of the attempt: 5-tuple and sequence number */
	uint32_t destination;
	uint16_t dport;
};

/* ---- small sets ---- */

/* True if it is there or was put there; false: there is no room. */
static bool hosts_add(uint32_t *hosts, uint32_t *n, uint32_t room,
		      uint32_t host)
{
	for (uint32_t i = 0; i < *n; i++)
		if (hosts[i] == host)
			return true;
	if (*n == room)
		return false;
	hosts[(*n)++] = host;
	return true;
}

/* The last few times; true if the oldest was less than that long ago. */
static bool times_within(int64_t *times, uint32_t room, uint32_t *n,
			 int64_t now_us, int64_t window_us)
{
	int64_t *oldest = &times[*n % room];
	bool within = *n >= room && now_us - *oldest < window_us;

	*oldest = now_us;
	(*n)++;
	return within;
}

/* ---- Zeek ---- */

/*
 * policy/misc/scan.zeek up to 3.x: addr_scan_threshold = 25 distinct hosts on
 * one port with failed connections, addr_scan_interval = 5 min. SumStats has
 * fixed epochs, not a sliding window, and crosses at 25, not above it.
 */
struct zeek {
	int64_t epoch;
	struct zeek_port {
		uint16_t port;
		uint32_t n, hosts[24];
	} ports[8];
};

static struct zeek_port *zeek_port(struct zeek *z, uint16_t port)
{
	for (size_t i = 0; i < COUNT(z->ports); i++) {
		if (!z->ports[i].port)
			z->ports[i].port = port;
		if (z->ports[i].port == port)
			return &z->ports[i];
	}
	return NULL;
}

static bool zeek_see(void *state, const struct observation *o)
{
	struct zeek *z = state;
	int64_t epoch = o->time_us / (300 * WORLD_SECOND);
	struct zeek_port *port;

	if (o->sight != SIGHT_REFUSED && o->sight != SIGHT_SILENT)
		return false;
	if (epoch != z->epoch)
		*z = (struct zeek){ .epoch = epoch };
	port = zeek_port(z, o->dport);
	return port && !hosts_add(port->hosts, &port->n, COUNT(port->hosts),
				  o->destination);
}

/* ---- BotFlex ---- */

/*
 * Khattak et al., a set of Bro scripts: over 15 SMTP connections in 15 min, as
 * docs/detection.md has it. (The scripts' own defaults went from 20 to 25 and
 * 40 in 5 min.) The window slides here.
 */
struct botflex {
	uint32_t n;
	int64_t times_us[15];
};

static bool botflex_see(void *state, const struct observation *o)
{
	struct botflex *b = state;

	return o->sight == SIGHT_ATTEMPT &&
	       times_within(b->times_us, COUNT(b->times_us), &b->n, o->time_us,
			    15 * 60 * WORLD_SECOND);
}

/* ---- TRW ---- */

/*
 * Jung, Paxson, Berger, Balakrishnan, "Fast Portscan Detection Using
 * Sequential Hypothesis Testing", IEEE S&P 2004. A first contact that fails
 * multiplies the likelihood ratio by (1 - theta1) / (1 - theta0) = 4, one that
 * succeeds by theta1 / theta0 = 1/4; a scanner from P_D / P_F = 99 on, benign
 * up to (1 - P_D) / (1 - P_F) = 1/99. So four more failures than successes
 * decide. Benign once is not benign for ever: the walk begins again, as Bro's
 * trw.bro does after a while; contacts stay known.
 */
struct trw {
	int walk;	  /* log of the ratio, to base 4 */
	uint32_t n, room; /* of hosts, a set; 0 is free */
	uint32_t *hosts;
};

static void trw_put(uint32_t *hosts, uint32_t room, uint32_t host)
{
	uint32_t at = (uint32_t)chance_hash(host) % room;

	while (hosts[at])
		at = (at + 1) % room;
	hosts[at] = host;
}

static bool trw_known(const struct trw *t, uint32_t host)
{
	uint32_t at;

	if (!t->room)
		return false;
	at = (uint32_t)chance_hash(host) % t->room;
	while (t->hosts[at] && t->hosts[at] != host)
		at = (at + 1) % t->room;
	return t->hosts[at] == host;
}

static void trw_add(struct trw *t, uint32_t host)
{
	if (t->n * 2 >= t->room) {
		uint32_t room = t->room ? t->room * 2 : 16;
		uint32_t *hosts = or_abort(calloc(room, sizeof(*hosts)));

		for (uint32_t i = 0; i < t->room; i++)
			if (t->hosts[i])
				trw_put(hosts, room, t->hosts[i]);
		free(t->hosts);
		t->hosts = hosts;
		t->room = room;
	}
	trw_put(t->hosts, t->room, host);
	t->n++;
}

static bool trw_see(void *state, const struct observation *o)
{
	struct trw *t = state;

	if (o->sight == SIGHT_SYN || o->sight == SIGHT_ATTEMPT ||
	    trw_known(t, o->destination))
		return false;
	trw_add(t, o->destination);
	t->walk += o->sight == SIGHT_ACCEPTED ? -1 : 1;
	if (t->walk <= -4)
		t->walk = 0;
	return t->walk >= 4;
}

static void trw_clear(void *state)
{
	struct trw *t = state;

	free(t->hosts);
}

/* ---- MikroTik ---- */

/*
 * The recipe of many forums: protocol=tcp dst-port=25 connection-limit=30,32
 * limit=50,5 action=add-src-to-address-list. It is read as over 30 connections
 * at once; more than 50 in a burst, as docs/detection.md has it, are that too.
 * (To the letter "limit" is true up to a rate, and for all sources together,
 * so it never makes the rule true.) RouterOS keeps an unanswered SYN for 5 s, a
 * refused connection for 10 s; for an accepted one, whose end is not in the
 * trace, 10 s are assumed.
 */
struct mikrotik {
	uint32_t n;
	struct {
		uint64_t key;
		int64_t until_us;
	} live[30];
};

static void mikrotik_expire(struct mikrotik *m, int64_t now_us)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < m->n; i++)
		if (m->live[i].until_us > now_us)
			m->live[kept++] = m->live[i];
	m->n = kept;
}

/* False: it is the 31st. */
static bool mikrotik_live(struct mikrotik *m, uint64_t key, int64_t until_us)
{
	uint32_t i = 0;

	while (i < m->n && m->live[i].key != key)
		i++;
	if (i == COUNT(m->live))
		return false;
	m->live[i].key = key;
	m->live[i].until_us = until_us;
	if (i == m->n)
		m->n++;
	return true;
}

static bool mikrotik_see(void *state, const struct observation *o)
{
	struct mikrotik *m = state;
	int64_t stays_us = (o->sight == SIGHT_SYN ? 5 : 10) * WORLD_SECOND;

	if (o->dport != 25 || o->sight == SIGHT_ATTEMPT ||
	    o->sight == SIGHT_SILENT)
		return false;
	mikrotik_expire(m, o->time_us);
	return !mikrotik_live(m, o->key, o->time_us + stays_us);
}

/* ---- ntopng ---- */

/*
 * The check "SMTP contacts" (check_definitions/host/smtp_contacts.lua, not on
 * by default): over 5 SMTP or SMTPS servers contacted. The count is a
 * HyperLogLog kept with the host, of which no reset was found; here it is
 * exact and begins anew each day, since hosts are forgotten when idle.
 */
struct ntopng {
	int64_t day;
	uint32_t n, hosts[5];
};

static bool ntopng_see(void *state, const struct observation *o)
{
	struct ntopng *s = state;
	int64_t day = o->time_us / WORLD_DAY;

	if (o->sight != SIGHT_ATTEMPT ||
	    (o->dport != 25 && o->dport != 465 && o->dport != 587))
		return false;
	if (day != s->day)
		*s = (struct ntopng){ .day = day };
	return !hosts_add(s->hosts, &s->n, COUNT(s->hosts), o->destination);
}

/* ---- CESNET ---- */

/*
 * Nemea's smtp_spam_detector (smtp_entity.py, g.py): each 5 min a score of
 * ln(flows), plus 1 with more than 10 servers, otherwise minus 1, minus 1 as
 * long as little comes in; spam if 1 / (1 + e^(-score / 2)) > 0.9. Without
 * payload that is over 81 flows and over 10 servers, or over 598 flows. That
 * replies are not flows towards the source is assumed.
 */
struct cesnet {
	int64_t epoch;
	uint32_t flows, n, hosts[10];
	bool many; /* servers, over 10 */
};

static bool cesnet_see(void *state, const struct observation *o)
{
	struct cesnet *c = state;
	int64_t epoch = o->time_us / (300 * WORLD_SECOND);

	if (o->sight != SIGHT_ATTEMPT)
		return false;
	if (epoch != c->epoch)
		*c = (struct cesnet){ .epoch = epoch };
	if (!hosts_add(c->hosts, &c->n, COUNT(c->hosts), o->destination))
		c->many = true;
	c->flows++;
	return c->flows > (c->many ? 81 : 598);
}

/* ---- the table ---- */

static const struct rule {
	const char *name, *text;
	size_t size; /* of a source's state; it begins as zeros */
	bool (*see)(void *state, const struct observation *);
	void (*clear)(void *state);
} baseline_rules[N_BASELINES] = {
	[BASELINE_ZEEK] = { "zeek", "25 hosts failed on a port in 5 min",
			    sizeof(struct zeek), zeek_see, NULL },
	[BASELINE_BOTFLEX] = { "botflex", "over 15 connections in 15 min",
			       sizeof(struct botflex), botflex_see, NULL },
	[BASELINE_TRW] = { "trw", "four more first contacts failed than not",
			   sizeof(struct trw), trw_see, trw_clear },
	[BASELINE_MIKROTIK] = { "mikrotik", "over 30 connections at once",
				sizeof(struct mikrotik), mikrotik_see, NULL },
	[BASELINE_NTOPNG] = { "ntopng", "over 5 servers in a day",
			      sizeof(struct ntopng), ntopng_see, NULL },
	[BASELINE_CESNET] = { "cesnet", "over 81 flows, 10 servers in 5 min",
			      sizeof(struct cesnet), cesnet_see, NULL },
};

const char *baseline_name(enum baseline baseline)
{
	return baseline_rules[baseline].name;
}

const char *baseline_text(enum baseline baseline)
{
	return baseline_rules[baseline].text;
}

/* ---- attempts: which SYN is a new one, and what became of it ---- */

struct record {
	uint64_t key;
	int64_t first_us;
	uint32_t index, destination;
	uint16_t dport;
	bool settled;
	uint64_t next; /* of the same bucket */
};

struct baselines {
	baseline_flagged *flagged;
	void *ctx;
	struct record *records;	       /* a ring; numbers go on for ever */
	uint64_t *buckets;	       /* numbers of records */
	uint64_t room;		       /* a power of two, of both */
	uint64_t oldest, waiting, end; /* records from to, unsettled from */
	struct watched {
		void *states[N_BASELINES];
		bool flagged[N_BASELINES];
	} * watched; /* by the sources' index */
	uint32_t n_watched;
};

#define NO_RECORD UINT64_MAX

static struct record *record_of(const struct baselines *b, uint64_t number)
{
	return &b->records[number & (b->room - 1)];
}

static uint64_t *bucket_of(const struct baselines *b, uint64_t key)
{
	return &b->buckets[key & (b->room - 1)];
}

static void record_link(struct baselines *b, uint64_t number)
{
	struct record *r = record_of(b, number);
	uint64_t *bucket = bucket_of(b, r->key);

	r->next = *bucket;
	*bucket = number;
}

static void records_resize(struct baselines *b, uint64_t room)
{
	struct baselines old = *b;

	b->room = room;
	b->records = or_abort(calloc(room, sizeof(*b->records)));
	b->buckets = or_abort(malloc(room * sizeof(*b->buckets)));
	memset(b->buckets, 0xff, room * sizeof(*b->buckets));
	for (uint64_t i = old.oldest; i != old.end; i++) {
		*record_of(b, i) = *record_of(&old, i);
		record_link(b, i);
	}
	free(old.records);
	free(old.buckets);
}

static struct record *record_find(const struct baselines *b, uint64_t key)
{
	uint64_t at = *bucket_of(b, key);

	while (at != NO_RECORD && record_of(b, at)->key != key)
		at = record_of(b, at)->next;
	return at == NO_RECORD ? NULL : record_of(b, at);
}

static struct record *record_add(struct baselines *b, const struct event *e,
				 uint64_t key)
{
	struct record *r;

	if (b->end - b->oldest == b->room)
		records_resize(b, b->room * 2);
	r = record_of(b, b->end);
	*r = (struct record){
		.key = key,
		.first_us = e->time_us,
		.index = e->index,
		.destination = e->destination,
		.dport = e->dport,
	};
	record_link(b, b->end++);
	return r;
}

/* The oldest is the last of its bucket. */
static void record_drop(struct baselines *b)
{
	uint64_t *at = bucket_of(b, record_of(b, b->oldest)->key);

	while (*at != b->oldest)
		at = &record_of(b, *at)->next;
	*at = NO_RECORD;
	b->oldest++;
}

static struct watched *watched_of(struct baselines *b, uint32_t index)
{
	uint32_t n = b->n_watched ? b->n_watched : 64;

	while (n <= index)
		n *= 2;
	if (n > b->n_watched) {
		b->watched =
			or_abort(realloc(b->watched, n * sizeof(*b->watched)));
		memset(b->watched + b->n_watched, 0,
		       (n - b->n_watched) * sizeof(*b->watched));
		b->n_watched = n;
	}
	return &b->watched[index];
}

static void state_free(struct watched *w, unsigned rule)
{
	if (w->states[rule] && baseline_rules[rule].clear)
		baseline_rules[rule].clear(w->states[rule]);
	free(w->states[rule]);
	w->states[rule] = NULL;
}

static void tell(struct baselines *b, const struct record *r, enum sight sight,
		 int64_t time_us)
{
	struct watched *w = watched_of(b, r->index);
	struct observation o = {
		sight, time_us, r->key, r->destination, r->dport,
	};
	uint32_t index = r->index;

	for (unsigned i = 0; i < N_BASELINES; i++) {
		if (w->flagged[i])
			continue;
		if (!w->states[i])
			w->states[i] =
				or_abort(calloc(1, baseline_rules[i].size));
		if (!baseline_rules[i].see(w->states[i], &o))
			continue;
		w->flagged[i] = true;
		state_free(w, i);
		b->flagged(b->ctx, (enum baseline)i, index, time_us);
	}
}

void baselines_advance(struct baselines *b, int64_t time_us)
{
	for (; b->waiting != b->end; b->waiting++) {
		struct record *r = record_of(b, b->waiting);

		if (r->first_us + FAILED_US > time_us)
			break;
		if (!r->settled)
			tell(b, r, SIGHT_SILENT, r->first_us + FAILED_US);
		r->settled = true;
	}
	while (b->oldest != b->waiting &&
	       record_of(b, b->oldest)->first_us + SAME_US <= time_us)
		record_drop(b);
}

/* The same of a SYN and of what answers it. */
static uint64_t event_key(const struct event *e)
{
	bool reply = event_is_reply(e);
	uint64_t from = reply ? e->destination : e->source;
	uint64_t to = reply ? e->source : e->destination;
	uint64_t ports = reply ? (uint64_t)e->dport << 16 | e->sport :
				 (uint64_t)e->sport << 16 | e->dport;
	uint64_t seq = reply ? e->ack - 1 : e->seq;

	return chance_mix(from << 32 | to, ports << 32 | seq);
}

void baselines_feed(struct baselines *b, const struct event *e)
{
	uint64_t key = event_key(e);
	struct record *r;

	baselines_advance(b, e->time_us);
	r = record_find(b, key);
	if (event_is_reply(e)) {
		if (r && !r->settled)
			tell(b, r,
			     e->flags & EVENT_RST ? SIGHT_REFUSED :
						    SIGHT_ACCEPTED,
			     e->time_us);
		if (r)
			r->settled = true;
		return;
	}
	if (!r) {
		r = record_add(b, e, key);
		tell(b, r, SIGHT_ATTEMPT, e->time_us);
	}
	tell(b, r, SIGHT_SYN, e->time_us);
}

struct baselines *baselines_new(baseline_flagged *flagged, void *ctx)
{
	struct baselines *b = or_abort(calloc(1, sizeof(*b)));

	b->flagged = flagged;
	b->ctx = ctx;
	records_resize(b, 4096);
	return b;
}

void baselines_free(struct baselines *b)
{
	if (!b)
		return;
	for (uint32_t i = 0; i < b->n_watched; i++)
		for (unsigned j = 0; j < N_BASELINES; j++)
			state_free(&b->watched[i], j);
	free(b->watched);
	free(b->records);
	free(b->buckets);
	free(b);
}

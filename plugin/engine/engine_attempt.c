/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Applies a segment to the attempt that it belongs to. */
#include "engine_priv.h"

#define SECOND_US     1000000
#define SYN_DATA_MOST 65536u /* with TCP Fast Open */

const char *outcome_name(enum outcome outcome)
{
	static const char *const names[OUTCOME_N] = {
		[OUTCOME_UNANSWERED] = "unanswered",
		[OUTCOME_ANSWERED] = "answered",
		[OUTCOME_REFUSED] = "refused",
		[OUTCOME_ICMP_REFUSED] = "icmp-refused",
		[OUTCOME_BLOCKED] = "blocked",
	};

	return names[outcome];
}

static struct port_state *attempt_port(struct engine *e,
				       const struct attempt *a)
{
	return &e->ports[a->port];
}

/* ---- policy and log ---- */

static const struct logged_clause *attempt_clause(const struct engine *e,
						  const struct attempt *a)
{
	return a->clause ? &e->clauses[a->clause - 1] : NULL;
}

static void decide_attempt(const struct engine *e, const struct policy *policy,
			   const struct attempt *a, struct decision *out)
{
	static const struct decide_input nobody;
	struct opening c = { .family = a->family,
			     .source = a->source,
			     .destination = a->destination,
			     .source_port = a->source_port,
			     .destination_port = a->destination_port,
			     .in = e->config.interface };

	/* The policy is taken to be enforced where packets are seen. */
	if (policy->hook == HOOK_OUTPUT && !c.in)
		c.out = "";
	if (policy->hook == HOOK_INGRESS && !c.in && policy->devices.n)
		c.in = policy->devices.items[0].text;
	policy_decide(policy, e->config.members ? e->config.members : &nobody,
		      &c, out);
}

static inline void attempt_decide(const struct engine *e,
				  const struct attempt *a, struct decision *out)
{
	*out = (struct decision){ 0 };
	if (e->config.policy)
		decide_attempt(e, e->config.policy, a, out);
}

static bool would_block(const struct engine *e, const struct decision *d)
{
	return d->clause && decision_blocks(e->config.policy, d);
}

static bool was_answered(const struct attempt *a)
{
	return a->state == ATTEMPT_ANSWERED || a->state == ATTEMPT_ESTABLISHED;
}

static inline enum outcome outcome_of(const struct engine *e,
				      const struct attempt *a)
{
	const struct logged_clause *c = attempt_clause(e, a);

	if (was_answered(a))
		return OUTCOME_ANSWERED;
	if (c && c->blocks)
		return OUTCOME_BLOCKED;
	return a->state == ATTEMPT_REFUSED	? OUTCOME_REFUSED :
	       a->state == ATTEMPT_ICMP_REFUSED ? OUTCOME_ICMP_REFUSED :
						  OUTCOME_UNANSWERED;
}

/* ---- events ---- */

static struct attempt_event event_of(const struct engine *e,
				     const struct attempt *a,
				     const struct dialogue *d,
				     const struct decision *decision)
{
	const struct logged_clause *c = attempt_clause(e, a);
	int64_t time_us = capture_us(e, a->first_us);

	return (struct attempt_event){
		.time_us = time_us,
		.last_us = time_us + attempt_last_us(a) - a->first_us,
		.family = a->family,
		.input = a->input,
		.source = a->source,
		.destination = a->destination,
		.source_port = a->source_port,
		.port = a->destination_port,
		.syns = a->syns,
		.outcome = outcome_of(e, a),
		.established = a->state == ATTEMPT_ESTABLISHED,
		.clause = c ? c->id : NULL,
		.hidden = a->hidden,
		.decided = decision->clause,
		.would_block = would_block(e, decision),
		.observed = decision_observes(e->config.policy, decision),
		.was_early = a->early,
		.early_outcome = a->early ? (enum outcome)(a->early - 1) :
					    OUTCOME_UNANSWERED,
		.seen = d ? d->seen : 0,
		.dialogue = d,
	};
}

static void event_attempt(struct engine *e, const struct attempt *a,
			  const struct dialogue *d,
			  const struct decision *decision)
{
	struct attempt_event event = event_of(e, a, d, decision);

	e->config.attempt(e->config.ctx, &event);
}

static void event_outcome(struct engine *e, const struct attempt *a)
{
	struct attempt_event event;
	struct decision decision;

	if (!e->config.outcome)
		return;
	attempt_decide(e, a, &decision);
	event = event_of(e, a, NULL, &decision);
	e->config.outcome(e->config.ctx, &event);
}

static void event_early(struct engine *e, struct attempt *a,
			const struct decision *decision)
{
	struct attempt_event event;

	if (!e->config.early || a->early)
		return;
	event = event_of(e, a, NULL, decision);
	a->early = (uint8_t)(event.outcome + 1) & 7;
	e->config.early(e->config.ctx, &event);
}

static void event_early_known(struct engine *e, struct attempt *a)
{
	struct decision decision;

	if (!e->config.early || a->early)
		return;
	attempt_decide(e, a, &decision);
	event_early(e, a, &decision);
}

/* ---- outcomes ---- */

/* The count of an outcome; that of the answered rises with the SYN-ACK. */
static uint64_t *outcome_counter(struct port_counts *c, enum outcome outcome)
{
	switch (outcome) {
	case OUTCOME_UNANSWERED:
		return &c->unanswered;
	case OUTCOME_ANSWERED:
		return &c->answered;
	case OUTCOME_REFUSED:
		return &c->refused;
	case OUTCOME_ICMP_REFUSED:
		return &c->icmp_refused;
	case OUTCOME_BLOCKED:
		return &c->blocked;
	case OUTCOME_N:
		break;
	}
	return &c->unanswered;
}

/*
 * Counts and reports an outcome as soon as it is known, and takes back the one
 * before. That nobody answers is known only at the end.
 */
static void outcome_changed(struct engine *e, struct attempt *a,
			    enum outcome before)
{
	struct port_counts *c = &attempt_port(e, a)->counts;
	enum outcome now = outcome_of(e, a);

	if (now == before)
		return;
	if (before != OUTCOME_UNANSWERED)
		--*outcome_counter(c, before);
	++*outcome_counter(c, now);
	c->had[now]++;
	event_outcome(e, a);
	/* A RST may be a rule's, which the log names a moment later. */
	if (now == OUTCOME_ANSWERED || now == OUTCOME_BLOCKED)
		event_early_known(e, a);
}

/* ---- the judge ---- */

/* Only a log tells that a policy refuses a capsule. */
static enum evasion evasion_of(const struct engine *e, const struct attempt *a)
{
	const struct logged_clause *c = attempt_clause(e, a);

	switch ((enum hidden)a->hidden) {
	case HIDDEN_FIRST_FRAGMENT:
	case HIDDEN_SOURCE_ROUTE:
		return EVASION_CERTAIN;
	case HIDDEN_STACKED_TAGS:
		return EVASION_LIKELY;
	case HIDDEN_ENCAPSULATED:
		return c && c->hidden ? EVASION_LIKELY : EVASION_NONE;
	case HIDDEN_NOT:
	case HIDDEN_N:
		break;
	}
	return EVASION_NONE;
}

static inline uint64_t observation_hash(const struct engine *e,
					const struct attempt *a)
{
	return source_hash(&e->judge.sources, a->family,
			   source_key(a->family, &a->source));
}

static inline struct observation observation_of(struct engine *e,
						const struct attempt *a,
						uint64_t hash,
						const struct decision *d)
{
	const struct logged_clause *c = attempt_clause(e, a);

	return (struct observation){
		.family = a->family,
		.source = &a->source,
		.destination = &a->destination,
		.hash = hash,
		.time_s = (uint32_t)(a->first_us / SECOND_US),
		.syns = a->syns,
		.port = a->destination_port,
		.port_bit = (uint16_t)(1u << (a->port < 15 ? a->port : 15)),
		.role = attempt_port(e, a)->role,
		/* Payload implies an answer, even if the SYN-ACK was missed. */
		.answered = was_answered(a) || a->has_payload,
		.allowed = d->clause && action_infos[d->clause->action].exempts,
		.blocked = (c && c->blocks) || would_block(e, d),
		.system = a->system,
		.evasion = a->hidden ? evasion_of(e, a) : EVASION_NONE,
	};
}

void attempt_on_held(struct engine *e, const struct segment *s)
{
	struct observation a = {
		.family = s->family,
		.source = &s->source,
		.destination = &s->destination,
		.hash = source_hash(&e->judge.sources, s->family,
				    source_key(s->family, &s->source)),
		.time_s = (uint32_t)(e->now_us / SECOND_US),
		.evasion = EVASION_UNSEEN,
	};

	judge_hidden(&e->judge, &a);
}

static void attempt_observe(struct engine *e, struct attempt *a, uint64_t hash,
			    struct source *hint)
{
	struct decision d;
	struct observation j;

	attempt_decide(e, a, &d);
	event_early(e, a, &d);
	j = observation_of(e, a, hash, &d);
	j.hint = hint;
	judge_attempt(&e->judge, &j);
}

void attempt_judge(void *ctx, struct attempt *a)
{
	struct engine *e = ctx;

	attempt_observe(e, a, observation_hash(e, a), NULL);
}

static void judge_now(struct engine *e, struct attempt *a)
{
	if (a->judged)
		return;
	a->judged = true;
	attempt_judge(e, a);
}

_Static_assert(BATCH <= UINT8_MAX, "a place in a batch is one byte");

/* Prefetches, in rounds, what each attempt needs of memory. */
static void fetch_sources(const struct engine *e, struct attempt *const *due,
			  uint64_t *hash, struct source **s, size_t n)
{
	const struct sources *t = &e->judge.sources;
	uint8_t with_history[BATCH] = { 0 };
	size_t n_with = 0;

	for (size_t i = 0; i < n; i++) {
		hash[i] = observation_hash(e, due[i]);
		index_prefetch(&t->index, hash[i]);
	}
	for (size_t i = 0; i < n; i++) {
		s[i] = sources_hint(t, hash[i]);
		if (s[i])
			source_prefetch(s[i]);
	}
	for (size_t i = 0; i < n; i++) {
		if (!s[i] || !s[i]->history)
			continue;
		history_prefetch(s[i]->history);
		with_history[n_with++] = (uint8_t)i;
	}
	for (size_t k = 0; k < n_with; k++) {
		size_t i = with_history[k];

		history_prefetch_contact(
			t, s[i]->history,
			group_of(due[i]->family, &due[i]->destination));
	}
}

void judge_due(struct engine *e, int64_t now_us)
{
	struct attempt *due[BATCH];
	uint64_t hash[BATCH];
	struct source *hint[BATCH];
	size_t n;

	while ((n = attempts_due(&e->attempts, now_us, due, BATCH))) {
		fetch_sources(e, due, hash, hint, n);
		for (size_t i = 0; i < n; i++)
			attempt_observe(e, due[i], hash[i], hint[i]);
	}
}

/* ---- the end of an attempt ---- */

void attempt_end(void *ctx, const struct attempt *a, const struct dialogue *d)
{
	struct engine *e = ctx;
	struct port_counts *counts = &attempt_port(e, a)->counts;
	struct decision decision;

	if (a->state == ATTEMPT_MIDSTREAM)
		return;
	attempt_decide(e, a, &decision);
	if (outcome_of(e, a) == OUTCOME_UNANSWERED) {
		counts->unanswered++;
		counts->had[OUTCOME_UNANSWERED]++;
	}
	counts->would_block += would_block(e, &decision);
	if (d) {
		struct observation j =
			observation_of(e, a, observation_hash(e, a), &decision);

		judge_connection(&e->judge, &j, d,
				 a->state == ATTEMPT_ESTABLISHED);
	}
	if (e->config.attempt)
		event_attempt(e, a, d, &decision);
}

/* ---- openings ---- */

static uint64_t pair_of_v4(const struct addr6 *a, const struct addr6 *b)
{
	return (uint64_t)addr4_load(a) << 32 | addr4_load(b);
}

static void count_pair(struct engine *e, const struct attempt *a)
{
	const struct distinct_limits limits = PAIR_LIMITS;
	uint64_t hash =
		a->family == 4 ?
			hash_2(&e->key, pair_of_v4(&a->source, &a->destination),
			       a->destination_port) :
			hash_2(&e->key, hash_address(&e->key, a->source.byte),
			       hash_address(&e->key, a->destination.byte) ^
				       a->destination_port);

	distinct_add(&attempt_port(e, a)->pairs, &e->pool, &limits, hash);
}

/* The clause, and the worst way to hide it, of a SYN or of its log. */
static void attempt_note_hidden(const struct engine *e, struct attempt *a,
				const struct pending *p)
{
	enum hidden hidden = p->segment.hidden;

	if (p->clause) {
		a->clause = p->clause & 0x3fff;
		if (e->clauses[p->clause - 1].hidden)
			hidden = e->clauses[p->clause - 1].hidden;
	}
	if (hidden && (!a->hidden || hidden < a->hidden))
		a->hidden = (unsigned int)hidden & 7;
}

static void attempt_new(struct engine *e, const struct pending *p)
{
	const struct segment *s = &p->segment;
	struct attempt *a =
		attempts_add(&e->attempts, &p->tuple, p->hash, &e->end);

	a->first_us = s->time_us;
	a->isn = s->seq;
	a->syns = 1;
	a->has_data = s->payload_wire_len > 0;
	attempt_note_hidden(e, a, p);
	a->input = s->input;
	a->system = s->system & 15;
	a->port = e->port_index[p->tuple.server_port] & 0x7f;
	attempt_port(e, a)->counts.syns++;
	attempt_port(e, a)->counts.attempts++;
	count_pair(e, a);
	outcome_changed(e, a, OUTCOME_UNANSWERED);
}

/* A SYN that was seen elsewhere as well is not a second one. */
static void attempt_on_retry(struct engine *e, struct attempt *a,
			     const struct pending *p)
{
	const struct segment *s = &p->segment;
	enum outcome before = outcome_of(e, a);

	attempt_note_hidden(e, a, p);
	outcome_changed(e, a, before);
	a->has_data |= s->payload_wire_len > 0;
	if (s->input != a->input || attempt_is_copy(a, s))
		return;
	a->isn = s->seq;
	attempt_seen(a, s->time_us);
	a->syns += a->syns < UINT16_MAX;
	attempt_port(e, a)->counts.syns++;
	if (a->judged)
		judge_syns(&e->judge, a->family, &a->source,
			   (uint32_t)(s->time_us / SECOND_US));
}

static bool attempt_is_same(const struct ref *f, const struct segment *s)
{
	const struct attempt *a = f->attempt;
	int64_t since_us = s->time_us - attempt_last_us(a);

	if (a->state == ATTEMPT_MIDSTREAM ||
	    (f->connection && f->connection->closed && a->isn != s->seq))
		return false;
	return since_us <= (int64_t)ATTEMPT_SAME_S * SECOND_US ||
	       (a->isn == s->seq &&
		since_us <= (int64_t)ATTEMPT_KEPT_S * SECOND_US);
}

/*
 * What is due is judged before a SYN that is sent again: it counts for its
 * source at once if its attempt was judged, in whatever batch it comes.
 */
static void on_syn(struct engine *e, const struct pending *p, struct ref *f)
{
	if (f->attempt)
		judge_due(e, p->segment.time_us);
	if (f->attempt && attempt_is_same(f, &p->segment)) {
		attempt_on_retry(e, f->attempt, p);
		return;
	}
	if (f->attempt)
		attempts_finish(&e->attempts, f, &e->end);
	attempt_new(e, p);
}

/* ---- after the SYN ---- */

static struct connection *attempt_connection(struct engine *e, struct ref *f)
{
	struct attempt *a;
	struct connection *k;

	if (f->connection)
		return f->connection;
	k = attempts_answered(&e->attempts, f, e->now_us, &e->end);
	if (!k)
		return NULL;
	a = f->attempt;
	dialogue_init(&k->dialogue, attempt_port(e, a)->protocol,
		      e->config.key);
	dialogue_start(&k->dialogue, true, a->isn + 1);
	return k;
}

/* RFC 9293, 3.10.7.3: acknowledges the SYN, or data that came with it. */
static bool answers_syn(const struct attempt *a, const struct segment *s)
{
	return s->flags & TCP_ACK &&
	       s->ack - a->isn - 1 < (a->has_data ? SYN_DATA_MOST : 1);
}

static void on_syn_ack(struct engine *e, const struct segment *s, struct ref *f)
{
	struct connection *k;
	enum outcome before = outcome_of(e, f->attempt);

	if (!attempt_is_open(f->attempt) || !answers_syn(f->attempt, s))
		return;
	f->attempt->state = ATTEMPT_ANSWERED;
	f->attempt->server_isn = s->seq;
	outcome_changed(e, f->attempt, before);
	judge_now(e, f->attempt);
	k = attempt_connection(e, f);
	if (k)
		dialogue_start(&k->dialogue, false, s->seq + 1);
}

static void attempt_refused(struct engine *e, struct attempt *a,
			    enum attempt_state state)
{
	enum outcome before = outcome_of(e, a);

	a->state = state & 7;
	outcome_changed(e, a, before);
}

static void on_server_segment(struct engine *e, const struct segment *s,
			      struct ref *f)
{
	struct attempt *a = f->attempt;

	if (s->flags & TCP_SYN && s->flags & TCP_ACK)
		on_syn_ack(e, s, f);
	else if (s->flags & TCP_RST && a->state == ATTEMPT_OPENING &&
		 answers_syn(a, s))
		attempt_refused(e, a, ATTEMPT_REFUSED);
}

/* Bytes sent by the server. A client cannot acknowledge more unseen. */
static uint32_t sent_by_server(const struct ref *f)
{
	return f->connection ? f->connection->dialogue.server.next -
				       f->attempt->server_isn - 1 :
			       0;
}

static void on_client_segment(struct engine *e, const struct segment *s,
			      const struct ref *f)
{
	struct attempt *a = f->attempt;

	if (a->state != ATTEMPT_ANSWERED || s->flags & TCP_RST ||
	    !(s->flags & TCP_ACK) ||
	    s->ack - a->server_isn - 1 > sent_by_server(f))
		return;
	a->state = ATTEMPT_ESTABLISHED;
	attempt_port(e, a)->counts.established++;
	judge_established(&e->judge, observation_hash(e, a), a->family,
			  &a->source);
}

/* An ICMP error quotes the SYN, with its number. */
static void on_unreachable(struct engine *e, const struct segment *s,
			   struct ref *f)
{
	if (f->attempt && f->attempt->state == ATTEMPT_OPENING &&
	    f->attempt->isn == s->seq)
		attempt_refused(e, f->attempt, ATTEMPT_ICMP_REFUSED);
}

/* A forged RST or FIN only ends a connection once it is silent for a while. */
static void on_closing(struct engine *e, const struct pending *p,
		       struct connection *k)
{
	const struct segment *s = &p->segment;

	if (s->flags & TCP_FIN)
		k->closing[!p->from_server] = true;
	if (s->flags & TCP_RST || (k->closing[0] && k->closing[1]))
		connection_close(&e->attempts, k);
}

static struct connection *connection_midstream(struct engine *e,
					       const struct pending *p)
{
	uint8_t port = e->port_index[p->tuple.server_port];
	struct connection *k = attempts_midstream(&e->attempts, &p->tuple,
						  p->hash, e->now_us, &e->end);

	if (!k)
		return NULL;
	k->attempt.port = port & 0x7f;
	dialogue_init(&k->dialogue, e->ports[port].protocol, e->config.key);
	e->ports[port].counts.midstream++;
	return k;
}

static void count_seen(struct port_counts *c, uint32_t seen)
{
	c->banner += !!(seen & SEEN_BANNER);
	c->implicit_tls += !!(seen & SEEN_IMPLICIT_TLS);
	c->starttls += !!(seen & SEEN_STARTTLS);
	c->starttls_tls += !!(seen & SEEN_TLS);
	c->cleartext_auth += !!(seen & SEEN_AUTH_CLEAR);
}

static void on_payload(struct engine *e, const struct pending *p, struct ref *f)
{
	const struct segment *s = &p->segment;
	struct connection *k = f->attempt ? attempt_connection(e, f) :
					    connection_midstream(e, p);

	if (!k)
		return;
	k->attempt.has_payload = true;
	count_seen(&e->ports[k->attempt.port].counts,
		   dialogue_feed(&k->dialogue, !p->from_server,
				 s->seq + !!(s->flags & TCP_SYN), s->payload,
				 s->payload_len, s->payload_wire_len));
}

/* An attempt whose time is over is ended, and not found. */
static struct ref engine_find(struct engine *e, const struct tuple *tuple,
			      uint64_t hash, int64_t time_us)
{
	struct ref f = attempts_find(&e->attempts, tuple, hash);

	if (!f.attempt || !attempt_is_over(&f, time_us))
		return f;
	attempts_finish(&e->attempts, &f, &e->end);
	return (struct ref){ 0 };
}

/*
 * If both ports are watched, either end may be the client. If both have tried,
 * the segment belongs to the attempt that it answers.
 */
static void find_other_way(struct engine *e, struct pending *p, struct ref *f)
{
	const struct segment *s = &p->segment;
	struct tuple back = { &s->destination, &s->source, s->destination_port,
			      s->source_port, s->family };
	uint64_t hash = tuple_hash(&e->key, &back);
	struct ref other;

	if (p->from_server || !port_is_in(&e->bits, s->source_port))
		return;
	other = engine_find(e, &back, hash, s->time_us);
	if (!other.attempt)
		return;
	if (f->attempt &&
	    !(attempt_is_open(other.attempt) && answers_syn(other.attempt, s)))
		return;
	*f = other;
	p->tuple = back;
	p->hash = hash;
	p->from_server = true;
}

void attempt_on_segment(struct engine *e, struct pending *p)
{
	const struct segment *s = &p->segment;
	struct ref f = engine_find(e, &p->tuple, p->hash, s->time_us);

	if (s->kind == SEGMENT_UNREACHABLE) {
		on_unreachable(e, s, &f);
		return;
	}
	if ((s->flags & (TCP_SYN | TCP_ACK)) == TCP_SYN) {
		on_syn(e, p, &f);
		return;
	}
	/* An answer that comes late finds its attempt judged, in any batch. */
	judge_due(e, s->time_us);
	if (!f.attempt || s->flags & (TCP_SYN | TCP_RST))
		find_other_way(e, p, &f);
	if (f.attempt && p->from_server)
		on_server_segment(e, s, &f);
	else if (f.attempt)
		on_client_segment(e, s, &f);
	if (s->payload_len || (f.attempt && s->payload_wire_len))
		on_payload(e, p, &f);
	if (f.connection)
		connection_touch(&e->attempts, f.connection, e->now_us);
	if (f.connection && s->flags & (TCP_FIN | TCP_RST))
		on_closing(e, p, f.connection);
}

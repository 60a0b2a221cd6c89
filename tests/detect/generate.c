/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "generate.h"

#include <stdlib.h>
#include <string.h>

#include "machine.h"
#include "memory.h"

/* ---- memory: kept until the end, or cells that go round ---- */

#define BLOCK_SIZE (1 << 18)

struct memory_block {
	struct memory_block *next;
	size_t used;
	_Alignas(16) unsigned char bytes[];
};

struct free_cell {
	struct free_cell *next;
};

/* A machine and when it goes on; who was first stays first. */
struct turn {
	int64_t time_us;
	uint64_t order;
	struct machine *machine;
};

struct world {
	struct world_config config;
	struct internet net;
	int64_t end_us;
	struct customer *customers;
	uint32_t n_sources;
	struct memory_block *blocks;
	struct free_cell *cells;
	struct turn *turns; /* a heap */
	size_t n_turns, turns_room;
	uint64_t order;
	struct event event; /* what the last step sent, */
	bool sent;	    /* if it did */
};

void *world_keep(struct world *w, size_t size)
{
	struct memory_block *b = w->blocks;

	size = (size + 15) & ~(size_t)15;
	if (!b || b->used + size > BLOCK_SIZE) {
		size_t room = size > BLOCK_SIZE ? size : BLOCK_SIZE;

		b = or_abort(calloc(1, sizeof(*b) + room));
		b->next = w->blocks;
		w->blocks = b;
	}
	b->used += size;
	return b->bytes + b->used - size;
}

void *machine_cell(struct world *w)
{
	struct free_cell *cell = w->cells;

	if (!cell)
		return world_keep(w, MACHINE_CELL);
	w->cells = cell->next;
	return memset(cell, 0, MACHINE_CELL);
}

static void cell_free(struct world *w, void *memory)
{
	struct free_cell *cell = memory;

	cell->next = w->cells;
	w->cells = cell;
}

/* ---- turns: a heap of four children each ---- */

static bool turn_before(const struct turn *a, const struct turn *b)
{
	return a->time_us != b->time_us ? a->time_us < b->time_us :
					  a->order < b->order;
}

static void turns_rise(struct world *w, struct turn turn)
{
	size_t at = w->n_turns++;

	while (at && turn_before(&turn, &w->turns[(at - 1) / 4])) {
		w->turns[at] = w->turns[(at - 1) / 4];
		at = (at - 1) / 4;
	}
	w->turns[at] = turn;
}

static size_t turns_first_child(const struct world *w, size_t at)
{
	size_t first = 4 * at + 1, best = first;

	for (size_t i = first + 1; i < first + 4 && i < w->n_turns; i++)
		if (turn_before(&w->turns[i], &w->turns[best]))
			best = i;
	return best;
}

static struct turn turns_pop(struct world *w)
{
	struct turn top = w->turns[0], last = w->turns[--w->n_turns];
	size_t at = 0;

	while (4 * at + 1 < w->n_turns) {
		size_t child = turns_first_child(w, at);

		if (!turn_before(&w->turns[child], &last))
			break;
		w->turns[at] = w->turns[child];
		at = child;
	}
	w->turns[at] = last;
	return top;
}

void machine_start(struct world *w, struct machine *machine, int64_t time_us)
{
	if (w->n_turns == w->turns_room) {
		w->turns_room = w->turns_room ? w->turns_room * 2 : 1024;
		w->turns = or_abort(
			realloc(w->turns, w->turns_room * sizeof(*w->turns)));
	}
	turns_rise(w, (struct turn){ time_us, w->order++, machine });
}

/* ---- attempts: a SYN, the same again, or an answer ---- */

/*
 * Linux: docs/facts.md 19, measured; macOS counts alike but gives up at
 * net.inet.tcp.keepinit, 75 s. Windows: facts.md, and seen of the bot in CTU-13
 * (0, 2.96, 9.01 s). FreeBSD: tcp_syn_backoff[] of tcp_timer.c is 1, 1, 1, 1,
 * 1, 2, 4, 8, 16, here times the 3 s of before release 14; keepinit 75 s.
 */
const struct schedule syn_schedules[N_OS] = {
	[OS_LINUX] = { "linux",
		       11,
		       { 0, 1, 2, 3, 4, 5, 7, 11, 19, 35, 67 },
		       131 },
	[OS_LINUX_OLD] = { "linux-old", 7, { 0, 1, 3, 7, 15, 31, 63 }, 127 },
	[OS_WINDOWS] = { "windows", 3, { 0, 3, 9 }, 21 },
	[OS_MACOS] = { "macos",
		       11,
		       { 0, 1, 2, 3, 4, 5, 7, 11, 19, 35, 67 },
		       75 },
	[OS_FREEBSD] = { "freebsd", 9, { 0, 3, 6, 9, 12, 15, 21, 33, 57 }, 75 },
	[OS_RAW] = { "raw", 1, { 0 }, 5 },
};

struct attempt {
	struct machine machine;
	struct customer *customer;
	const struct schedule *schedule;
	int64_t first_us, until_us; /* the program hangs up then */
	uint32_t destination, seq;
	uint32_t reply_us; /* after the SYN, if there is one */
	uint16_t sport, dport;
	uint8_t sent; /* SYNs */
	uint8_t outcome;
};

_Static_assert(sizeof(struct attempt) <= MACHINE_CELL, "an attempt is a cell");

static void send_event(struct world *w, struct customer *s, struct event event)
{
	if (chance_unit(&s->loss) < w->config.loss)
		return;
	w->event = event;
	w->event.ipv6 = s->seen.ipv6;
	w->event.index = (uint32_t)(s - w->customers);
	w->sent = true;
}

static void send_syn(struct world *w, const struct attempt *a, int64_t now_us)
{
	send_event(w, a->customer,
		   (struct event){
			   .time_us = now_us,
			   .source = a->customer->seen.address,
			   .destination = a->destination,
			   .sport = a->sport,
			   .dport = a->dport,
			   .seq = a->seq,
			   .flags = EVENT_SYN,
		   });
}

static void send_reply(struct world *w, const struct attempt *a, int64_t now_us)
{
	bool accepted = a->outcome == OUTCOME_ACCEPTED;

	send_event(
		w, a->customer,
		(struct event){
			.time_us = now_us,
			.source = a->destination,
			.destination = a->customer->seen.address,
			.sport = a->dport,
			.dport = a->sport,
			.seq = accepted ? (uint32_t)chance_hash(a->seq) : 0,
			.ack = a->seq + 1,
			.flags = (accepted ? EVENT_SYN : EVENT_RST) | EVENT_ACK,
		});
}

/* Timers fire up to some ticks late, never early. */
static int64_t attempt_again(const struct attempt *a)
{
	int64_t at = a->first_us + a->schedule->syn_s[a->sent] * WORLD_SECOND +
		     (int64_t)(chance_mix(a->seq, a->sent) % 20000);

	return at < a->until_us ? at : NEVER;
}

static int64_t attempt_step(struct world *w, struct machine *m, int64_t now_us)
{
	struct attempt *a = (struct attempt *)m;

	if (a->sent && a->outcome != OUTCOME_SILENT) {
		send_reply(w, a, now_us);
		return NEVER;
	}
	send_syn(w, a, now_us);
	a->sent++;
	if (a->outcome != OUTCOME_SILENT)
		return now_us + a->reply_us;
	return a->sent < a->schedule->n ? attempt_again(a) : NEVER;
}

/*
 * Where mail is open some destinations are always dead, half of them refusing,
 * half silent; one attempt in 200 fails anyhow (assumptions).
 */
static enum outcome outcome_open(const struct world *w, struct customer *s,
				 const struct dialer *d, uint32_t destination)
{
	uint64_t x = chance_mix(w->net.seed ^ 0x64656164, destination);
	double dead = w->config.failure > d->dead ? w->config.failure : d->dead;

	if (chance_unit_of(x) < dead)
		return x & 1 ? OUTCOME_REFUSED : OUTCOME_SILENT;
	if (dead > 0 && chance_below(&s->chance, 200) == 0)
		return OUTCOME_SILENT;
	return OUTCOME_ACCEPTED;
}

static enum outcome outcome_of(const struct world *w, struct customer *s,
			       const struct dialer *d, uint32_t destination,
			       uint16_t dport)
{
	if (dport == 25 && w->config.block == WORLD_DROP)
		return OUTCOME_SILENT;
	if (dport == 25 && w->config.block == WORLD_RESET)
		return OUTCOME_REFUSED;
	return outcome_open(w, s, d, destination);
}

/* A block near by answers at once (facts.md 20), a host after its distance. */
static uint32_t reply_after_us(const struct world *w, struct customer *s,
			       uint16_t dport)
{
	bool near = dport == 25 && w->config.block == WORLD_RESET;

	return (uint32_t)chance_octave(&s->chance,
				       near ? (struct range){ 100, 2000 } :
					      (struct range){ 5000, 200000 });
}

/* A session lasts a second or two (assumption). */
static int64_t hang_us(struct customer *s, const struct dialer *d,
		       enum outcome outcome, uint32_t reply_us)
{
	int64_t gives_up_us = d->schedule->gives_up_s * WORLD_SECOND;

	if (outcome == OUTCOME_SILENT)
		return d->timeout_us && d->timeout_us < gives_up_us ?
			       d->timeout_us :
			       gives_up_us;
	if (outcome == OUTCOME_REFUSED)
		return reply_us + (int64_t)chance_below(&s->chance, 20000);
	return (int64_t)chance_octave(&s->chance, (struct range){ 5e5, 5e6 });
}

/* Linux picks a port by chance, the others go up; both are seen of NATs. */
static uint16_t next_port(struct customer *s, const struct schedule *schedule)
{
	if (schedule == &syn_schedules[OS_WINDOWS] ||
	    schedule == &syn_schedules[OS_MACOS]) {
		s->sport = s->sport < 49152 || s->sport == 65535 ?
				   49152 :
				   (uint16_t)(s->sport + 1);
		return s->sport;
	}
	return (uint16_t)(32768 + chance_below(&s->chance, 28232));
}

struct fate dialer_attempt(struct world *w, struct customer *s,
			   const struct dialer *d, uint32_t destination,
			   uint16_t dport, int64_t time_us)
{
	enum outcome outcome = outcome_of(w, s, d, destination, dport);
	uint32_t reply_us = reply_after_us(w, s, dport);
	uint16_t sport = next_port(s, d->schedule);
	uint32_t seq = (uint32_t)chance_next(&s->chance);
	int64_t hang = hang_us(s, d, outcome, reply_us);
	struct attempt *a;

	if (time_us >= w->config.start_us && time_us < w->end_us) {
		a = machine_cell(w);
		*a = (struct attempt){
			.machine = { attempt_step, true },
			.customer = s,
			.schedule = d->schedule,
			.first_us = time_us,
			.until_us = time_us + hang,
			.destination = destination,
			.seq = seq,
			.reply_us = reply_us,
			.sport = sport,
			.dport = dport,
			.outcome = (uint8_t)outcome,
		};
		machine_start(w, &a->machine, time_us);
	}
	return (struct fate){ outcome, hang };
}

/* ---- the world ---- */

const struct internet *world_internet(const struct world *w)
{
	return &w->net;
}

const struct world_config *world_config(const struct world *w)
{
	return &w->config;
}

/* Customers of class n have 10.n.0.0/16. */
static void customer_init(struct world *w, struct customer *s,
			  const struct detect_class *class, uint32_t number)
{
	uint32_t row = (uint32_t)(class - detect_classes);
	const struct world_config *c = &w->config;

	s->seed = chance_mix(chance_mix(c->seed, row), number);
	s->chance.state = chance_mix(s->seed, 1);
	s->loss.state = chance_mix(s->seed, 2);
	s->seen = (struct world_source){
		.class = class,
		.number = number,
		.address = 10u << 24 | row << 16 | number,
		.ipv6 = chance_unit(&s->chance) < c->ipv6,
		.bot = class->kind == DETECT_BOT,
		.cured_us = NEVER,
	};
	s->seen.users = (uint32_t)chance_octave(
		&s->chance, (struct range){ class->users[0], class->users[1] });
	if (class->declared)
		s->seen.declared = s->seen.users;
}

/* Also drawn for the benign, so that kinds may change and traffic does not. */
static void customer_infect(struct world *w, struct customer *s,
			    int64_t active_us)
{
	const struct world_config *c = &w->config;
	struct range when = { (double)c->infected_us[0],
			      (double)c->infected_us[1] };
	int64_t after_us;

	if (when.low <= 0 && when.high <= 0)
		when = (struct range){ (double)c->duration_us / 8,
				       (double)c->duration_us / 4 };
	after_us = (int64_t)chance_uniform(&s->chance, when);
	if (!s->seen.bot)
		return;
	s->seen.infected_us = c->start_us + after_us;
	if (active_us)
		s->seen.cured_us = s->seen.infected_us + active_us;
}

/* The number of sources; 0 where the configuration makes no sense. */
static uint32_t config_check(const struct world_config *c)
{
	uint32_t n = 0;

	for (size_t i = 0; i < c->n_classes; i++) {
		const struct population *p = &c->classes[i];

		if (!detect_class_by_name(p->name) || p->sources > 65536)
			return 0;
		for (size_t j = 0; j < i; j++)
			if (!strcmp(c->classes[j].name, p->name))
				return 0;
		n += p->sources;
	}
	return n;
}

static void world_populate(struct world *w)
{
	const struct world_config *c = &w->config;
	struct customer *s = w->customers;

	for (size_t i = 0; i < c->n_classes; i++) {
		const struct population *p = &c->classes[i];
		const struct detect_class *class =
			detect_class_by_name(p->name);

		for (uint32_t number = 0; number < p->sources; number++, s++) {
			customer_init(w, s, class, number);
			customer_infect(w, s, p->active_us);
			customer_populate(w, s);
		}
	}
	w->config.classes = NULL;
}

struct world *world_new(const struct world_config *config)
{
	uint32_t n = config_check(config);
	struct world *w = n ? calloc(1, sizeof(*w)) : NULL;

	if (!w)
		return NULL;
	w->customers = calloc(n, sizeof(*w->customers));
	if (!w->customers) {
		free(w);
		return NULL;
	}
	w->n_sources = n;
	w->config = *config;
	if (!w->config.start_us)
		w->config.start_us = WORLD_START;
	w->end_us = w->config.start_us + w->config.duration_us;
	w->net.seed = chance_mix(config->seed, 0x6e6574);
	world_populate(w);
	return w;
}

void world_free(struct world *w)
{
	struct memory_block *next;

	if (!w)
		return;
	for (struct memory_block *b = w->blocks; b; b = next) {
		next = b->next;
		free(b);
	}
	free(w->turns);
	free(w->customers);
	free(w);
}

static void world_step(struct world *w)
{
	struct turn turn = turns_pop(w);
	struct machine *m = turn.machine;
	int64_t next_us = m->step(w, m, turn.time_us);

	if (next_us != NEVER)
		machine_start(w, m, next_us);
	else if (m->cell)
		cell_free(w, m);
}

bool world_next(struct world *w, struct event *event)
{
	while (w->n_turns && w->turns[0].time_us < w->end_us) {
		w->sent = false;
		world_step(w);
		if (w->sent) {
			*event = w->event;
			return true;
		}
	}
	return false;
}

uint32_t world_sources(const struct world *w)
{
	return w->n_sources;
}

const struct world_source *world_source(const struct world *w, uint32_t index)
{
	return &w->customers[index].seen;
}

/* 2a00:(upper half):(lower half)::1, customers 2a0e:0a(row):(number)::1. */
void event_address6(uint32_t address, uint8_t bytes[16])
{
	memset(bytes, 0, 16);
	bytes[0] = 0x2a;
	bytes[2] = (uint8_t)(address >> 24);
	bytes[3] = (uint8_t)(address >> 16);
	bytes[4] = (uint8_t)(address >> 8);
	bytes[5] = (uint8_t)address;
	bytes[15] = 1;
	if (bytes[2] == 10)
		bytes[1] = 0x0e;
}

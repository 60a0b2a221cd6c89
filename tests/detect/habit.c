/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "habit.h"

#define COUNT(array)   (sizeof(array) / sizeof((array)[0]))
#define ADDRESSES_MOST 5 /* smtp_mx_address_limit, hosts_max_try */
#define SITES	       256

/* A destination that did not answer: not tried again until then. */
struct site {
	uint64_t key;		    /* 0: none */
	int64_t since_us, until_us; /* 0: it answers */
	uint32_t trying;	    /* deliveries at this moment */
};

struct sender {
	struct machine machine;
	struct customer *customer;
	const struct habit *habit;
	const struct mta_rule *mta;
	struct dialer dialer;
	double gap_s;	/* mean time between two beginnings */
	double popular; /* share drawn by Zipf, or of known correspondents */
	bool timer;
	bool idle;
	int64_t until_us; /* end of being idle or active */
	int64_t stop_us;
	uint32_t size, cursor, base, groups;
	uint32_t burst, addresses, retries;
	double retry_s;
	int64_t run_us, run_phase_us; /* queue runs: how often, and when */
	struct site *sites;	      /* SITES of them, or NULL */
	uint32_t at_work;	      /* deliveries, */
	struct delivery *parked, **parked_end; /* and those that wait for it */
};

/* A message on its way. */
struct delivery {
	struct machine machine;
	struct sender *sender;
	int64_t born_us;
	uint64_t site; /* which one the domain belongs to */
	uint32_t domain;
	uint16_t tries;
	uint8_t n, tried;    /* addresses of the present try */
	bool over, accepted; /* as it will be when the last one has hung */
	uint32_t addresses[ADDRESSES_MOST];
	struct delivery *next; /* parked */
};

_Static_assert(sizeof(struct delivery) <= MACHINE_CELL, "a delivery is a cell");

/* ---- when a mail server tries again ---- */

struct mta_rule {
	const char *name;
	int64_t (*again)(const struct sender *, const struct delivery *,
			 int64_t now_us);
	int64_t (*dead_us)(int64_t failing_us); /* sites; NULL: all are tried */
	bool by_domain;	    /* a site is a domain, not a set of hosts */
	uint32_t parallel;  /* deliveries to one site, */
	uint32_t processes; /* and at all, but for the first try */
	bool parks; /* what finds no process waits; otherwise it is left */
	int64_t lifetime_us;
	double timeout_s; /* 0: the habit's */
	struct range run_s;
};

static int64_t again_never(const struct sender *s, const struct delivery *d,
			   int64_t now_us)
{
	(void)s;
	(void)d;
	(void)now_us;
	return NEVER;
}

static int64_t again_some(const struct sender *s, const struct delivery *d,
			  int64_t now_us)
{
	if (d->tries > s->retries)
		return NEVER;
	return now_us +
	       (int64_t)(chance_uniform(&s->customer->chance,
					(struct range){ .5e6, 1.5e6 }) *
			 s->retry_s);
}

static int64_t next_run(const struct sender *s, int64_t from_us)
{
	int64_t since = from_us - s->run_phase_us, run = s->run_us;

	return s->run_phase_us + (since + run - 1) / run * run;
}

/*
 * Postfix, qmgr_active_defer(): the time to the next try is the message's age,
 * at least minimal_backoff_time (300 s), at most maximal_backoff_time (4000 s);
 * the deferred queue is looked through every queue_run_delay (300 s).
 */
static int64_t again_postfix(const struct sender *s, const struct delivery *d,
			     int64_t now_us)
{
	int64_t wait = now_us - d->born_us;

	if (wait < 300 * WORLD_SECOND)
		wait = 300 * WORLD_SECOND;
	if (wait > 4000 * WORLD_SECOND)
		wait = 4000 * WORLD_SECOND;
	return next_run(s, now_us + wait) +
	       chance_below(&s->customer->chance, 2000000);
}

/*
 * Exim and Sendmail look at each message at each queue run, Exim at a host
 * only when its retry time has come (below).
 */
static int64_t again_run(const struct sender *s, const struct delivery *d,
			 int64_t now_us)
{
	(void)d;
	return next_run(s, now_us + WORLD_SECOND) +
	       chance_below(&s->customer->chance, 30000000);
}

/* A host that was down is dead to Postfix for minimal_backoff_time. */
static int64_t dead_postfix(int64_t failing_us)
{
	(void)failing_us;
	return 300 * WORLD_SECOND;
}

/* The default retry rule: F,2h,15m; G,16h,1h,1.5; F,4d,6h. */
static int64_t dead_exim(int64_t failing_us)
{
	int64_t at = 2 * WORLD_HOUR, wait = WORLD_HOUR;

	if (failing_us < 2 * WORLD_HOUR)
		return 15 * 60 * WORLD_SECOND;
	if (failing_us >= 16 * WORLD_HOUR)
		return 6 * WORLD_HOUR;
	while (at + wait <= failing_us) {
		at += wait;
		wait += wait / 2;
	}
	return wait;
}

/* Sendmail remembers a dead host for one queue run. */
static int64_t dead_run(int64_t failing_us)
{
	(void)failing_us;
	return 30 * 60 * WORLD_SECOND;
}

static int64_t dead_flush(int64_t failing_us)
{
	(void)failing_us;
	return 60 * WORLD_SECOND;
}

static const struct mta_rule mta_rules[N_MTA] = {
	[MTA_NONE] = {
		.name = "none",
		.again = again_never,
		.lifetime_us = NEVER,
	},
	[MTA_RETRY] = {
		.name = "retry",
		.again = again_some,
		.lifetime_us = NEVER,
	},
	[MTA_FLUSH] = {
		.name = "flush",
		.again = again_never,
		.dead_us = dead_flush,
		.by_domain = true,
		.parallel = 5,
		.processes = 100,
		.lifetime_us = NEVER,
		.timeout_s = 30,
	},
	[MTA_POSTFIX] = {
		.name = "postfix",
		.again = again_postfix,
		.dead_us = dead_postfix,
		.by_domain = true,
		.parallel = 5, /* initial_destination_concurrency */
		.processes = 100, /* default_process_limit */
		.parks = true,
		.lifetime_us = 5 * WORLD_DAY, /* maximal_queue_lifetime */
		.timeout_s = 30, /* smtp_connect_timeout */
		.run_s = { 300, 300 }, /* queue_run_delay */
	},
	[MTA_EXIM] = {
		.name = "exim",
		.again = again_run,
		.dead_us = dead_exim,
		.parallel = 1, /* a queue run does one at a time, */
		.processes = 5, /* and there are queue_run_max runs */
		.parks = true,
		.lifetime_us = 4 * WORLD_DAY,
		.timeout_s = 300, /* connect_timeout */
		.run_s = { 900, 1800 }, /* -q15m, -q30m */
	},
	[MTA_SENDMAIL] = {
		.name = "sendmail",
		.again = again_run,
		.dead_us = dead_run,
		.parallel = 1,
		.processes = 5, /* assumption: runs that overlap */
		.parks = true,
		.lifetime_us = 5 * WORLD_DAY, /* Timeout.queuereturn */
		.timeout_s = 300, /* Timeout.connect */
		.run_s = { 1800, 3600 }, /* -q30m, -q1h */
	},
};

/* Assumption, for people's own servers. */
static enum mta mta_pick(struct chance *c)
{
	double unit = chance_unit(c);

	return unit < .5 ? MTA_POSTFIX : unit < .9 ? MTA_EXIM : MTA_SENDMAIL;
}

/* ---- sites ---- */

static uint64_t site_key(struct world *w, const struct sender *s,
			 uint32_t domain)
{
	if (!s->sites)
		return 0;
	if (s->mta->by_domain)
		return domain + 1ull;
	return internet_exchange(world_internet(w), domain).key + 1;
}

/* NULL: none is kept, or its place is taken by one that is being tried. */
static struct site *site_of(const struct delivery *d)
{
	struct site *site;

	if (!d->sender->sites)
		return NULL;
	site = &d->sender->sites[chance_hash(d->site) % SITES];
	if (site->key != d->site && site->trying)
		return NULL;
	if (site->key != d->site)
		*site = (struct site){ .key = d->site };
	return site;
}

/* False: it is dead, or enough are at it. */
static bool site_enter(const struct delivery *d, int64_t now_us)
{
	struct site *site = site_of(d);

	if (!site)
		return true;
	if (now_us < site->until_us || site->trying >= d->sender->mta->parallel)
		return false;
	site->trying++;
	return true;
}

static void site_leave(const struct delivery *d, int64_t now_us, bool alive)
{
	struct site *site = site_of(d);
	int64_t failing_us;

	if (!site)
		return;
	if (site->trying)
		site->trying--;
	if (alive || !site->until_us)
		site->since_us = now_us;
	failing_us = now_us - site->since_us;
	site->until_us =
		alive ? 0 : now_us + d->sender->mta->dead_us(failing_us);
}

/* ---- a delivery: address after address, then again ---- */

static int64_t delivery_later(struct delivery *d, int64_t now_us)
{
	const struct sender *s = d->sender;
	int64_t again_us;

	d->tries++;
	d->n = d->tried = 0;
	d->over = false;
	again_us = s->mta->again(s, d, now_us);
	if (again_us == NEVER || again_us - d->born_us > s->mta->lifetime_us)
		return NEVER;
	return again_us;
}

/* One of ten is told to come again: greylisting (assumption). */
static int64_t delivery_accepted(struct delivery *d, int64_t now_us)
{
	if (!d->tries && chance_below(&d->sender->customer->chance, 10) == 0)
		return delivery_later(d, now_us);
	return NEVER;
}

/* ---- processes: a queue has only so many ---- */

static bool process_free(const struct sender *s, const struct delivery *d)
{
	return !s->mta->processes || s->at_work < s->mta->processes ||
	       !d->tries;
}

static int64_t delivery_park(struct delivery *d, int64_t now_us)
{
	struct sender *s = d->sender;

	if (!s->mta->parks)
		return delivery_later(d, now_us);
	if (!s->parked)
		s->parked_end = &s->parked;
	*s->parked_end = d;
	s->parked_end = &d->next;
	d->next = NULL;
	d->machine.cell = false; /* asleep, not done */
	return NEVER;
}

static void delivery_wake_next(struct world *w, struct sender *s,
			       int64_t now_us)
{
	struct delivery *d = s->parked;

	if (!d)
		return;
	s->parked = d->next;
	d->machine.cell = true;
	machine_start(w, &d->machine, now_us);
}

/* A message sleeps through queue runs that would find its site dead still. */
static int64_t delivery_skip(struct world *w, struct delivery *d,
			     int64_t now_us)
{
	struct sender *s = d->sender;
	const struct site *site = site_of(d);

	delivery_wake_next(w, s, now_us);
	if (site && s->mta->again == again_run && site->until_us > now_us)
		now_us = site->until_us;
	return delivery_later(d, now_us);
}

static void delivery_begin(struct world *w, struct delivery *d)
{
	struct sender *s = d->sender;

	d->n = (uint8_t)internet_mx(world_internet(w), d->domain,
				    &s->customer->chance, d->addresses,
				    s->addresses);
	s->at_work++;
}

static int64_t delivery_end(struct world *w, struct delivery *d, int64_t now_us)
{
	struct sender *s = d->sender;

	s->at_work--;
	site_leave(d, now_us, d->accepted);
	delivery_wake_next(w, s, now_us);
	return d->accepted ? delivery_accepted(d, now_us) :
			     delivery_later(d, now_us);
}

static int64_t delivery_dial(struct world *w, struct delivery *d,
			     int64_t now_us)
{
	struct sender *s = d->sender;
	struct fate fate = dialer_attempt(w, s->customer, &s->dialer,
					  d->addresses[d->tried++], 25, now_us);

	d->accepted = fate.outcome == OUTCOME_ACCEPTED;
	d->over = d->accepted || d->tried == d->n;
	return now_us + fate.hang_us;
}

static int64_t delivery_step(struct world *w, struct machine *m, int64_t now_us)
{
	struct delivery *d = (struct delivery *)m;
	struct sender *s = d->sender;

	if (now_us >= s->stop_us)
		return NEVER;
	if (d->over)
		return delivery_end(w, d, now_us);
	if (!d->n && !process_free(s, d))
		return delivery_park(d, now_us);
	if (!d->n && !site_enter(d, now_us))
		return delivery_skip(w, d, now_us);
	if (!d->n)
		delivery_begin(w, d);
	return delivery_dial(w, d, now_us);
}

static void delivery_start(struct world *w, struct sender *s, uint32_t domain,
			   int64_t now_us)
{
	struct delivery *d = machine_cell(w);

	d->machine = (struct machine){ delivery_step, true };
	d->sender = s;
	d->born_us = now_us;
	d->domain = domain;
	d->site = site_key(w, s, domain);
	machine_start(w, &d->machine, now_us);
}

/* ---- whom a sender turns to ---- */

/* Who is written to often is known to many others as well. */
static uint32_t contact(const struct sender *s, uint32_t number)
{
	uint64_t x = chance_mix(s->customer->seed ^ 0x636f6e, number);

	return chance_zipf_of(chance_unit_of(x), INTERNET_DOMAINS);
}

static uint32_t pick_domain(struct sender *s)
{
	struct chance *c = &s->customer->chance;

	if (s->habit->target == TARGET_OWN_LIST)
		return contact(s, s->cursor);
	if (s->habit->target == TARGET_CONTACTS)
		return chance_unit(c) < s->popular ?
			       contact(s, chance_zipf(c, s->size)) :
			       chance_zipf(c, INTERNET_DOMAINS);
	return chance_unit(c) < s->popular ? chance_zipf(c, INTERNET_DOMAINS) :
					     chance_below(c, INTERNET_DOMAINS);
}

/* Shares of the ports are assumptions. */
static uint16_t host_port(const struct world *w, const struct sender *s,
			  uint64_t x)
{
	enum habit_ports ports = s->habit->ports;

	if (ports == PORTS_MX || !world_config(w)->submission)
		return 25;
	if (ports == PORTS_CLIENT && x % 10 < 3)
		return 25;
	x /= 10;
	return x % 10 < 5 ? 587 : x % 10 < 7 ? 465 : 993;
}

/*
 * A host's name keeps its address most of the time; one look-up of ten gets
 * another of the operator's three (assumption).
 */
static int64_t dial_host(struct world *w, struct sender *s, int64_t now_us)
{
	struct chance *c = &s->customer->chance;
	uint64_t x = chance_mix(s->base, s->cursor);
	uint32_t domain = chance_zipf_of(chance_unit_of(x), INTERNET_DOMAINS);
	unsigned member = chance_below(c, 10) ? 0 : chance_below(c, 3);
	uint32_t address =
		internet_smarthost(world_internet(w), domain, member);

	return dialer_attempt(w, s->customer, &s->dialer, address,
			      host_port(w, s, chance_hash(x)), now_us)
		.hang_us;
}

/* A set is made of numbers: the same for all copies of a sender. */
static uint32_t set_address(const struct sender *s, uint32_t i)
{
	struct chance group = { chance_mix(s->base, 0x736574 + i % s->groups) };

	return (internet_public(&group) & 0xffff0000) |
	       (chance_mix(s->base, i) & 0xffff);
}

static int64_t dial_set(struct world *w, struct sender *s, int64_t now_us)
{
	uint32_t i = s->habit->target == TARGET_ROUND ?
			     s->cursor :
			     chance_below(&s->customer->chance, s->size);

	return dialer_attempt(w, s->customer, &s->dialer, set_address(s, i), 25,
			      now_us)
		.hang_us;
}

static int64_t dial_address(struct world *w, struct sender *s, int64_t now_us)
{
	uint32_t address;

	if (s->habit->target == TARGET_ANY || s->cursor == 0)
		s->base = internet_public(&s->customer->chance);
	if (s->habit->target == TARGET_WALK) /* not beyond the /16 */
		address = (s->base & 0xffff0000) |
			  ((s->base + s->cursor) & 0xffff);
	else
		address = s->base;
	return dialer_attempt(w, s->customer, &s->dialer, address, 25, now_us)
		.hang_us;
}

/* Most bots try the first address and leave it at that. */
static int64_t dial_domain(struct world *w, struct sender *s, int64_t now_us)
{
	uint32_t domain = pick_domain(s), address;

	if (s->addresses > 1 || s->habit->mta != MTA_NONE) {
		delivery_start(w, s, domain, now_us);
		return 0;
	}
	internet_mx(world_internet(w), domain, &s->customer->chance, &address,
		    1);
	return dialer_attempt(w, s->customer, &s->dialer, address, 25, now_us)
		.hang_us;
}

/* Until when it is busy. */
static int64_t sender_dial(struct world *w, struct sender *s, int64_t now_us)
{
	int64_t hang = 0;

	switch (s->habit->target) {
	case TARGET_LIST:
	case TARGET_CONTACTS:
	case TARGET_OWN_LIST:
		hang = dial_domain(w, s, now_us);
		break;
	case TARGET_HOSTS:
		hang = dial_host(w, s, now_us);
		break;
	case TARGET_SET:
	case TARGET_ROUND:
		hang = dial_set(w, s, now_us);
		break;
	case TARGET_WALK:
	case TARGET_ANY:
		hang = dial_address(w, s, now_us);
		break;
	}
	if (++s->cursor >= s->size)
		s->cursor = 0;
	return now_us + hang;
}

/* ---- a sender: when it begins ---- */

/*
 * Mail that people write, hour by hour, the mean being 1: little at night, two
 * humps by day (assumption; UTC, as if all lived there).
 */
static const double hour_weight[24] = {
	.3,  .2,  .15, .15, .2,	 .3,  .6,  1.0, 1.5, 1.8, 1.9, 1.8,
	1.4, 1.5, 1.8, 1.8, 1.7, 1.4, 1.1, 1.0, .9,  .7,  .5,  .3,
};
#define HOUR_WEIGHT_MOST 2.0

/* Lewis and Shedler's thinning. */
static int64_t next_by_day(struct sender *s, int64_t now_us)
{
	struct chance *c = &s->customer->chance;
	double weight;

	do {
		now_us +=
			(int64_t)(1e6 *
				  chance_wait(c, s->gap_s / HOUR_WEIGHT_MOST));
		weight = hour_weight[now_us / WORLD_HOUR % 24];
	} while (chance_unit(c) * HOUR_WEIGHT_MOST > weight);
	return now_us;
}

static int64_t sender_next(struct sender *s, int64_t now_us, int64_t free_us)
{
	struct chance *c = &s->customer->chance;
	const struct habit *h = s->habit;

	if (h->think_s.high > 0)
		return free_us + (int64_t)(1e6 * chance_uniform(c, h->think_s));
	if (h->rhythm == RHYTHM_DAY)
		return next_by_day(s, now_us);
	if (s->timer)
		return now_us +
		       (int64_t)(1e6 * s->gap_s *
				 (1 + h->jitter * (2 * chance_unit(c) - 1)));
	return now_us + (int64_t)(1e6 * chance_wait(c, s->gap_s));
}

/* Idle becomes active and the other way round. */
static void sender_turn(struct sender *s, int64_t now_us)
{
	const struct habit *h = s->habit;
	struct range range;

	s->idle = !s->idle;
	range = s->idle ? h->off_s : h->on_s;
	if (range.high > 0)
		s->until_us =
			now_us +
			(int64_t)(1e6 *
				  chance_octave(&s->customer->chance, range));
	else
		s->until_us = NEVER; /* the list's end */
}

static int64_t sender_begin(struct world *w, struct sender *s, int64_t now_us)
{
	struct chance *c = &s->customer->chance;
	int64_t free_us = now_us, at_us = now_us;

	for (uint32_t i = 0; i < s->burst; i++) {
		free_us = sender_dial(w, s, at_us);
		at_us += 50000 + chance_below(c, 450000);
	}
	if (s->habit->target == TARGET_OWN_LIST && s->cursor == 0 &&
	    s->habit->off_s.high > 0)
		s->until_us = now_us;
	return sender_next(s, now_us, free_us);
}

static int64_t sender_step(struct world *w, struct machine *m, int64_t now_us)
{
	struct sender *s = (struct sender *)m;

	if (now_us >= s->stop_us)
		return NEVER;
	if (now_us >= s->until_us && s->habit->off_s.high > 0) {
		sender_turn(s, now_us);
		if (s->idle)
			return s->until_us;
	}
	return sender_begin(w, s, now_us);
}

/* ---- a new sender ---- */

/*
 * Who runs what, in hundredths in the order of enum os: assumptions. Bots are
 * mostly Windows at home, the rest devices with Linux; half of the scanners
 * make their own packets.
 */
static const uint8_t systems[N_RUNS][N_OS] = {
	[RUNS_DESKTOP] = { 4, 4, 70, 22, 0, 0 },
	[RUNS_SERVER] = { 45, 47, 5, 0, 3, 0 },
	[RUNS_DEVICE] = { 5, 85, 0, 0, 10, 0 },
	[RUNS_BOT] = { 10, 25, 62, 2, 1, 0 },
	[RUNS_SCANNER] = { 25, 25, 0, 0, 0, 50 },
};

static const struct schedule *pick_schedule(struct chance *c, enum runs runs)
{
	uint32_t at = chance_below(c, 100);
	enum os os = OS_LINUX;

	while (at >= systems[runs][os])
		at -= systems[runs][os++];
	return &syn_schedules[os];
}

/* 0 in a habit means one. */
static uint32_t pick_count(struct chance *c, struct range r)
{
	uint32_t n;

	r.high += r.high > r.low ? 1 : 0;
	n = (uint32_t)chance_octave(c, r);
	return n ? n : 1;
}

static double pick_rate_h(struct chance *c, const struct habit *h)
{
	double middle, rate;

	if (!(h->sigma > 0))
		return chance_octave(c, h->rate_h);
	middle = chance_root(h->rate_h.low * h->rate_h.high);
	rate = middle * chance_exp(h->sigma * chance_normal(c));
	if (rate < h->rate_h.low)
		return h->rate_h.low;
	return rate < h->rate_h.high ? rate : h->rate_h.high;
}

static void sender_draw_mta(struct world *w, struct sender *s)
{
	struct chance *c = &s->customer->chance;
	enum mta mta = s->habit->mta;

	if (mta == MTA_SERVER)
		mta = mta_pick(c);
	s->mta = &mta_rules[mta];
	s->retries = pick_count(c, s->habit->retries);
	s->retry_s = chance_octave(c, s->habit->retry_s);
	s->dialer.timeout_us =
		(int64_t)(1e6 *
			  (s->mta->timeout_s > 0 ?
				   s->mta->timeout_s :
				   chance_octave(c, s->habit->timeout_s)));
	s->run_us = (int64_t)(1e6 * chance_octave(c, s->mta->run_s));
	if (s->run_us)
		s->run_phase_us = world_config(w)->start_us - 6 * WORLD_DAY -
				  (int64_t)(chance_unit(c) * (double)s->run_us);
	if (s->mta->dead_us)
		s->sites = world_keep(w, SITES * sizeof(*s->sites));
}

static struct sender *sender_draw(struct world *w, struct customer *customer,
				  const struct habit *h)
{
	struct chance *c = &customer->chance;
	struct sender *s = world_keep(w, sizeof(*s));
	double rate_h = pick_rate_h(c, h);

	s->machine.step = sender_step;
	s->customer = customer;
	s->habit = h;
	s->dialer.schedule = pick_schedule(c, h->runs);
	s->dialer.dead = h->dead;
	s->gap_s = rate_h > 0 ? 3600 / rate_h : 0;
	/* assumptions: of a spammer's list, of one's correspondents */
	s->popular = chance_uniform(c, h->target == TARGET_LIST ?
					       (struct range){ .1, .6 } :
					       (struct range){ .5, .95 });
	s->timer = h->rhythm == RHYTHM_TIMER ||
		   (h->rhythm == RHYTHM_EITHER && chance_below(c, 2));
	s->size = h->size.high > 0 ? pick_count(c, h->size) : UINT32_MAX;
	s->base = (uint32_t)chance_next(c);
	s->burst = pick_count(c, h->burst);
	s->groups = pick_count(c, h->groups);
	s->addresses = pick_count(c, h->addresses);
	sender_draw_mta(w, s);
	return s;
}

/* What runs before the trace begins has a full queue when it does. */
static int64_t first_us(const struct world *w, struct sender *s,
			const struct habit_part *part)
{
	const struct world_config *c = world_config(w);
	const struct habit *h = s->habit;
	double unit = chance_unit(&s->customer->chance);

	if (part->infection)
		return s->customer->seen.infected_us;
	if (h->early)
		return c->start_us + (int64_t)(unit * (double)WORLD_HOUR);
	if (h->late)
		return c->start_us +
		       (int64_t)(unit * (double)c->duration_us / 2);
	if (s->mta->lifetime_us != NEVER)
		return c->start_us - s->mta->lifetime_us;
	return c->start_us + (int64_t)(unit * 1e6 * s->gap_s);
}

/* In the midst of being active or idle, but the infected begin at once. */
static int64_t first_turn(struct sender *s, const struct habit_part *part,
			  int64_t first)
{
	const struct habit *h = s->habit;
	struct chance *c = &s->customer->chance;
	double on = (h->on_s.low + h->on_s.high) / 2;
	double off = (h->off_s.low + h->off_s.high) / 2;

	s->idle = true;
	s->until_us = first;
	if (!(off > 0) || part->infection || h->late || h->early)
		return first;
	if (chance_unit(c) * (on + off) < off) {
		s->until_us += (int64_t)(1e6 * off * chance_unit(c));
		return s->until_us;
	}
	s->idle = false;
	s->until_us += (int64_t)(1e6 * on * chance_unit(c));
	return first;
}

void habit_start(struct world *w, struct customer *customer,
		 const struct habit_part *part, uint32_t copies)
{
	struct sender *s = sender_draw(w, customer, part->habit);
	int64_t first = first_turn(s, part, first_us(w, s, part));

	s->stop_us = part->infection ? customer->seen.cured_us : NEVER;
	machine_start(w, &s->machine, first);
	for (uint32_t i = 1; i < copies; i++) {
		struct sender *copy = world_keep(w, sizeof(*copy));

		*copy = *s;
		machine_start(
			w, &copy->machine,
			first + chance_below(&customer->chance, 10000000));
	}
}

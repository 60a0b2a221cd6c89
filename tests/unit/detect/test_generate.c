/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The generator that detectors are judged by, and the baselines. The habits of
 * mail servers are included: what they are tested by is their own.
 */
#define world policy_world /* unit.h has a world too, of policies */
#include "../unit.h"
#undef world

#include <pcap/pcap.h>
#include <unistd.h>

#include "../../detect/baselines.h"
#include "../../detect/habit.c"
#include "../../detect/internet.h"
#include "../../detect/machine.h"
#include "../../detect/pcap.h"
#include "../../detect/stats.h"

#define HOUR_US ((double)WORLD_HOUR)

/* ---- one attempt: all SYNs of a connection, and the answer ---- */

struct tried {
	uint32_t index, source, destination, seq;
	uint16_t sport, dport;
	uint8_t n;     /* SYNs */
	uint8_t reply; /* flags, 0: none */
	int64_t time_us[12], reply_us;
};

struct run {
	struct world *world;
	struct tried *tried; /* by source, then by time */
	size_t n;
};

static uint64_t event_seq(const struct event *e)
{
	return event_is_reply(e) ? e->ack - 1 : e->seq;
}

static int by_attempt(const void *a, const void *b)
{
	const struct event *x = a, *y = b;

	if (x->index != y->index)
		return x->index < y->index ? -1 : 1;
	if (event_seq(x) != event_seq(y))
		return event_seq(x) < event_seq(y) ? -1 : 1;
	return x->time_us < y->time_us ? -1 : x->time_us > y->time_us;
}

static int by_time(const void *a, const void *b)
{
	const struct tried *x = a, *y = b;

	if (x->index != y->index)
		return x->index < y->index ? -1 : 1;
	if (x->time_us[0] != y->time_us[0])
		return x->time_us[0] < y->time_us[0] ? -1 : 1;
	return 0;
}

static struct event *world_events(struct world *w, size_t *n)
{
	size_t room = 1024;
	struct event *events = malloc(room * sizeof(*events));

	*n = 0;
	while (events && world_next(w, &events[*n]))
		if (++*n == room)
			events = realloc(events, (room *= 2) * sizeof(*events));
	assert_non_null(events);
	return events;
}

static void tried_add(struct run *r, const struct event *e)
{
	struct tried *t = r->n ? &r->tried[r->n - 1] : NULL;

	if (event_is_reply(e)) {
		if (t && t->seq == e->ack - 1) {
			t->reply = e->flags;
			t->reply_us = e->time_us;
		}
		return;
	}
	if (t && t->index == e->index && t->seq == e->seq &&
	    t->sport == e->sport && t->destination == e->destination) {
		assert_true(t->n < 12);
		t->time_us[t->n++] = e->time_us;
		return;
	}
	r->tried[r->n++] = (struct tried){
		.index = e->index,
		.source = e->source,
		.destination = e->destination,
		.seq = e->seq,
		.sport = e->sport,
		.dport = e->dport,
		.n = 1,
		.time_us = { e->time_us },
	};
}

static struct run run_world(const struct world_config *config)
{
	struct run r = { .world = world_new(config) };
	struct event *events;
	size_t n;

	assert_non_null(r.world);
	events = world_events(r.world, &n);
	qsort(events, n, sizeof(*events), by_attempt);
	r.tried = malloc((n + 1) * sizeof(*r.tried));
	assert_non_null(r.tried);
	for (size_t i = 0; i < n; i++)
		tried_add(&r, &events[i]);
	free(events);
	qsort(r.tried, r.n, sizeof(*r.tried), by_time);
	return r;
}

static void run_done(struct run *r)
{
	world_free(r->world);
	free(r->tried);
}

/* The attempts of one source. */
static struct tried *run_source(const struct run *r, uint32_t index, size_t *n)
{
	size_t from = 0, to;

	while (from < r->n && r->tried[from].index < index)
		from++;
	to = from;
	while (to < r->n && r->tried[to].index == index)
		to++;
	*n = to - from;
	return &r->tried[from];
}

static struct run run_class(const char *name, uint32_t sources, double hours,
			    enum world_block block)
{
	struct population class = { name, sources, 0 };

	return run_world(&(struct world_config){
		.seed = 7,
		.classes = &class,
		.n_classes = 1,
		.duration_us = (int64_t)(hours * HOUR_US),
		.block = block,
		.failure = .1,
		.infected_us = { 1, 2 },
	});
}

/* Distinct numbers of the attempts, after a shift. */
static size_t distinct(const struct tried *t, size_t n, unsigned shift)
{
	uint32_t *seen = calloc(n + 1, sizeof(*seen));
	size_t n_seen = 0, j;

	assert_non_null(seen);
	for (size_t i = 0; i < n; i++) {
		for (j = 0; j < n_seen; j++)
			if (seen[j] == t[i].destination >> shift)
				break;
		if (j == n_seen)
			seen[n_seen++] = t[i].destination >> shift;
	}
	free(seen);
	return n_seen;
}

/* ---- the world ---- */

static uint64_t digest(uint64_t seed, int block)
{
	struct population classes[] = {
		{ "medium", 3, 0 },	   { "hobby", 3, 0 },
		{ "nat", 3, 0 },	   { "threads", 1, 0 },
		{ "wifi", 2, 0 },	   { "scan-walk", 1, 60000000 },
		{ "misconfigured", 3, 0 },
	};
	struct world_config config = {
		.seed = seed,
		.classes = classes,
		.n_classes = COUNT(classes),
		.duration_us = 6 * WORLD_HOUR,
		.block = (enum world_block)block,
		.failure = .1,
		.loss = .1,
		.ipv6 = .3,
		.background = .5,
		.submission = true,
	};
	struct world *w = world_new(&config);
	struct event e;
	uint64_t sum = 0, n = 0;

	assert_non_null(w);
	while (world_next(w, &e)) {
		sum = chance_mix(sum, (uint64_t)e.time_us);
		sum = chance_mix(sum, (uint64_t)e.source << 32 | e.destination);
		sum = chance_mix(sum, (uint64_t)e.sport << 16 | e.dport);
		sum = chance_mix(sum, (uint64_t)e.seq << 32 | e.ack);
		sum = chance_mix(sum, (uint64_t)e.index << 16 | e.ipv6 << 8 |
					      e.flags);
		n++;
	}
	expect(n > 1000, "seed %llu block %d got %llu events",
	       (unsigned long long)seed, block, (unsigned long long)n);
	world_free(w);
	return sum;
}

CLAIM(same_seed, "the same seed gives the same events, another one others")
{
	for (int block = WORLD_DROP; block <= WORLD_OPEN; block++) {
		uint64_t first = digest(1, block);

		expect(first == digest(1, block), "block %d: not the same",
		       block);
		expect(first != digest(2, block), "block %d: the same", block);
	}
}

CLAIM(in_order, "events of every class come in the order of time, within the "
		"duration, from their own address")
{
	for (size_t i = 0; i < n_detect_classes; i++) {
		struct population class = { detect_classes[i].name, 2, 0 };
		struct world_config config = {
			.seed = 3,
			.classes = &class,
			.n_classes = 1,
			.duration_us = i == 0 ? WORLD_HOUR : 6 * WORLD_HOUR,
			.block = (enum world_block)(i % 3),
			.submission = true,
		};
		struct world *w = world_new(&config);
		int64_t last_us = WORLD_START;
		uint64_t wrong = 0, n = 0;
		struct event e;

		assert_non_null(w);
		for (; world_next(w, &e); n++) {
			uint32_t own =
				event_is_reply(&e) ? e.destination : e.source;

			wrong += e.time_us < last_us ||
				 own != world_source(w, e.index)->address;
			last_us = e.time_us;
		}
		expect(!wrong && last_us < WORLD_START + config.duration_us,
		       "class %s: %llu of %llu wrong", class.name,
		       (unsigned long long)wrong, (unsigned long long)n);
		world_free(w);
	}
}

static bool same_attempts(const struct tried *a, size_t n,
			  const struct tried *b, size_t m)
{
	if (n != m)
		return false;
	for (size_t i = 0; i < n; i++)
		if (a[i].time_us[0] != b[i].time_us[0] ||
		    a[i].destination != b[i].destination ||
		    a[i].seq != b[i].seq || a[i].n != b[i].n)
			return false;
	return true;
}

CLAIM(alone, "a source does the same whatever else is in the world")
{
	struct population mixed[] = { { "medium", 2, 0 },
				      { "nat", 2, 0 },
				      { "hobby", 3, 0 } };
	struct world_config config = {
		.seed = 7,
		.classes = mixed,
		.n_classes = COUNT(mixed),
		.duration_us = 8 * WORLD_HOUR,
		.infected_us = { 1, 2 },
	};
	struct run many = run_world(&config);
	struct run few = run_class("hobby", 2, 8, WORLD_DROP);

	for (uint32_t i = 0; i < 2; i++) {
		size_t n, m;
		struct tried *a = run_source(&few, i, &n);
		struct tried *b = run_source(&many, 4 + i, &m);

		expect(n > 10 && same_attempts(a, n, b, m),
		       "hobby %u: %zu attempts alone, %zu among others", i, n,
		       m);
	}
	run_done(&many);
	run_done(&few);
}

CLAIM(loss, "capture loss takes its share of the packets and changes no other")
{
	struct population class = { "medium", 20, 0 };
	struct world_config config = {
		.seed = 5,
		.classes = &class,
		.n_classes = 1,
		.duration_us = 12 * WORLD_HOUR,
	};
	struct world *whole = world_new(&config), *part;
	struct event a, b;
	uint64_t n = 0, kept = 0;

	config.loss = .3;
	part = world_new(&config);
	while (world_next(part, &b)) {
		kept++;
		do {
			assert_true(world_next(whole, &a));
			n++;
		} while (a.time_us != b.time_us || a.seq != b.seq ||
			 a.source != b.source);
	}
	expect((double)kept / (double)n > .69 && (double)kept / (double)n < .71,
	       "at loss .3 got %llu of %llu", (unsigned long long)kept,
	       (unsigned long long)n);
	world_free(whole);
	world_free(part);
}

CLAIM(refusals, "a world that makes no sense is none")
{
	static const struct {
		struct population classes[2];
		size_t n;
	} vectors[] = {
		{ { { "medium", 1, 0 } }, 0 },
		{ { { "medium", 0, 0 } }, 1 },
		{ { { "large", 1, 0 } }, 1 },
		{ { { "medium", 65537, 0 } }, 1 },
		{ { { "medium", 1, 0 }, { "medium", 1, 0 } }, 2 },
	};

	for (size_t i = 0; i < COUNT(vectors); i++) {
		struct world_config config = {
			.classes = vectors[i].classes,
			.n_classes = vectors[i].n,
			.duration_us = WORLD_HOUR,
		};

		expect(!world_new(&config), "vector %zu has a world", i);
	}
}

/* ---- SYNs ---- */

static const struct schedule *schedule_of(const struct tried *t)
{
	for (unsigned os = 0; os < N_OS; os++) {
		const struct schedule *s = &syn_schedules[os];
		unsigned i = 0;

		while (i < t->n && i < s->n) {
			int64_t late = t->time_us[i] - t->time_us[0] -
				       s->syn_s[i] * WORLD_SECOND;

			if (late < 0 || late >= 20000)
				break;
			i++;
		}
		if (i == t->n)
			return s;
	}
	return NULL;
}

CLAIM(retransmissions, "under drop SYNs are sent again as their system does, "
		       "with the same number, and nobody answers")
{
	struct run r = run_class("threads", 12, 1, WORLD_DROP);
	uint64_t again[12] = { 0 }, wrong = 0;

	for (size_t i = 0; i < r.n; i++) {
		wrong += !schedule_of(&r.tried[i]) || r.tried[i].reply;
		again[r.tried[i].n - 1]++;
	}
	expect(r.n > 1000 && !wrong, "%llu of %zu attempts",
	       (unsigned long long)wrong, r.n);
	/* Windows sends 3, Linux 7 or 11 as long as the trace goes on */
	expect(again[2] > r.n / 4 && again[6] + again[10] > r.n / 50,
	       "3 SYNs %llu, 7 %llu, 11 %llu of %zu",
	       (unsigned long long)again[2], (unsigned long long)again[6],
	       (unsigned long long)again[10], r.n);
	run_done(&r);
}

CLAIM(resets, "under reset each SYN is answered by one RST at once, and not "
	      "sent again")
{
	struct run r = run_class("medium", 10, 12, WORLD_RESET);
	uint64_t wrong = 0;

	for (size_t i = 0; i < r.n; i++) {
		const struct tried *t = &r.tried[i];
		int64_t after_us = t->reply_us - t->time_us[0];

		wrong += t->n != 1 || t->reply != (EVENT_RST | EVENT_ACK) ||
			 after_us <= 0 || after_us > 20000;
	}
	/* a reply may come after the end of the trace */
	expect(r.n > 1000 && wrong <= 1, "%llu of %zu attempts",
	       (unsigned long long)wrong, r.n);
	run_done(&r);
}

CLAIM(open_port, "where mail is open about the share asked for fails, some by "
		 "RST, some without an answer")
{
	struct run r = run_class("medium", 20, 24, WORLD_OPEN);
	size_t accepted = 0, refused = 0, silent = 0;

	for (size_t i = 0; i < r.n; i++) {
		accepted += r.tried[i].reply == (EVENT_SYN | EVENT_ACK);
		refused += r.tried[i].reply == (EVENT_RST | EVENT_ACK);
		silent += !r.tried[i].reply;
	}
	expect(accepted > r.n * 8 / 10 && accepted < r.n * 95 / 100 &&
		       refused > r.n / 50 && silent > r.n / 50,
	       "of %zu: %zu accepted, %zu refused, %zu silent", r.n, accepted,
	       refused, silent);
	run_done(&r);
}

/* ---- classes ---- */

CLAIM(rates, "each source of a class has a rate within what the class claims, "
	     "and they are a population")
{
	static const struct {
		const char *name;
		double hours;
		enum world_block block;
		double low, high; /* attempts an hour */
		double spread;	  /* of the highest to the lowest, at least */
	} vectors[] = {
		{ "medium", 48, WORLD_DROP, 20, 200, 3 },
		{ "medium", 48, WORLD_OPEN, 20, 200, 3 },
		{ "slow", 120, WORLD_DROP, 2, 20, 3 },
		{ "very-slow", 480, WORLD_DROP, .5, 2, 1.5 },
		{ "snowshoe", 240, WORLD_DROP, 1, 6, 2 },
		{ "scan-walk", .5, WORLD_DROP, 600, 36000, 3 },
		{ "scan-random", .5, WORLD_DROP, 600, 36000, 3 },
		/* 5 to 200 threads of 21 to 131 s each and up to 3 s */
		{ "threads", 2, WORLD_DROP, 5 * 3600 / 134.0, 200 * 3600 / 21.2,
		  4 },
		/* at most 7 tries of each target */
		{ "retrying", 48, WORLD_DROP, 5, 700, 4 },
		{ "iot", 480, WORLD_DROP, 1.0 / 24, 60, 10 },
		{ "monitor", 24, WORLD_DROP, 6, 120, 3 },
		/* 1 to 20 messages a day, two addresses each */
		{ "script", 960, WORLD_DROP, 1.0 / 24, 40.0 / 24, 4 },
		/* bursts of 2 to 8, 20 to 300 an hour */
		{ "wifi", 12, WORLD_DROP, 40, 2400, 4 },
	};

	for (size_t i = 0; i < COUNT(vectors); i++) {
		struct run r = run_class(vectors[i].name, 16, vectors[i].hours,
					 vectors[i].block);
		double lowest = 1e9, highest = 0;

		for (uint32_t j = 0; j < 16; j++) {
			double rate, slack;
			size_t n;

			run_source(&r, j, &n);
			rate = (double)n / vectors[i].hours;
			slack = 4 / chance_root((double)n + 1) + .02;
			lowest = rate < lowest ? rate : lowest;
			highest = rate > highest ? rate : highest;
			expect(rate > vectors[i].low * (1 - slack) &&
				       rate < vectors[i].high * (1 + slack),
			       "%s %u: %.3f an hour, want %.3f to %.3f",
			       vectors[i].name, j, rate, vectors[i].low,
			       vectors[i].high);
		}
		expect(highest > lowest * vectors[i].spread,
		       "%s: from %.3f to %.3f", vectors[i].name, lowest,
		       highest);
		run_done(&r);
	}
}

/* Attempts in each minute that has both neighbours busy. */
static double busy_minute(const struct tried *t, size_t n, size_t minutes)
{
	uint32_t *of = calloc(minutes + 2, sizeof(*of));
	double sum = 0, busy = 0;

	assert_non_null(of);
	for (size_t i = 0; i < n; i++)
		of[1 + (size_t)((t[i].time_us[0] - WORLD_START) / 60000000)]++;
	for (size_t i = 1; i <= minutes; i++) {
		if (!of[i - 1] || !of[i] || !of[i + 1])
			continue;
		sum += of[i];
		busy++;
	}
	free(of);
	return busy > 0 ? sum / busy : 0;
}

CLAIM(fast_rate, "a fast bot makes 60 to 2000 attempts a minute while it is "
		 "busy")
{
	struct run r = run_class("fast", 12, .5, WORLD_RESET);
	double lowest = 1e9, highest = 0;

	for (uint32_t i = 0; i < 12; i++) {
		size_t n;
		struct tried *t = run_source(&r, i, &n);
		double rate = busy_minute(t, n, 30);

		lowest = rate < lowest ? rate : lowest;
		highest = rate > highest ? rate : highest;
		expect(rate > 55 && rate < 2050, "fast %u: %.1f a minute", i,
		       rate);
	}
	expect(highest > 4 * lowest, "from %.1f to %.1f", lowest, highest);
	run_done(&r);
}

CLAIM(bursts, "a burst is over within two minutes, and the next one is hours "
	      "away")
{
	struct run r = run_class("burst", 10, 48, WORLD_RESET);

	for (uint32_t i = 0; i < 10; i++) {
		size_t n, bursts_seen = 1;
		struct tried *t = run_source(&r, i, &n);
		int64_t began = n ? t[0].time_us[0] : 0;

		for (size_t j = 1; j < n; j++) {
			int64_t gap = t[j].time_us[0] - t[j - 1].time_us[0];

			if (gap > 60 * WORLD_SECOND) {
				expect(gap > 2 * WORLD_HOUR -
						       WORLD_SECOND * 120,
				       "burst %u: a gap of %.0f s", i,
				       (double)gap / 1e6);
				began = t[j].time_us[0];
				bursts_seen++;
			}
			expect(t[j].time_us[0] - began < 120 * WORLD_SECOND,
			       "burst %u goes on", i);
		}
		expect(bursts_seen > 1 && n / bursts_seen >= 10,
		       "burst %u: %zu attempts in %zu bursts", i, n,
		       bursts_seen);
	}
	run_done(&r);
}

CLAIM(groups, "sources meet as many hosts and networks as their class says")
{
	static const struct {
		const char *name;
		uint32_t sources;
		double hours;
		/* a source's hosts and /16s, at least and at most */
		size_t hosts[2], networks[2];
	} vectors[] = {
		/* up to three addresses of each host */
		{ "misconfigured", 16, 48, { 1, 6 }, { 1, 6 } },
		{ "iot", 16, 48, { 0, 3 }, { 0, 3 } },
		{ "monitor", 16, 24, { 1, 3 }, { 1, 3 } },
		{ "wifi", 8, 12, { 2, 18 }, { 2, 18 } },
		{ "medium", 16, 24, { 150, 3500 }, { 120, 2500 } },
		{ "slow", 16, 24, { 20, 450 }, { 15, 350 } },
		{ "very-slow", 16, 24, { 5, 60 }, { 4, 55 } },
		{ "snowshoe", 16, 24, { 10, 150 }, { 8, 130 } },
		{ "hobby", 16, 24, { 15, 800 }, { 8, 400 } },
		{ "script", 16, 48, { 1, 60 }, { 1, 50 } },
		{ "scan-walk", 4, .5, { 250, 18500 }, { 1, 200 } },
		{ "scan-random", 4, .1, { 40, 3800 }, { 40, 3800 } },
		{ "nat", 6, 24, { 2, 1500 }, { 2, 800 } },
		{ "cgnat", 2, 12, { 40, 1500 }, { 30, 800 } },
	};

	for (size_t i = 0; i < COUNT(vectors); i++) {
		struct run r = run_class(vectors[i].name, vectors[i].sources,
					 vectors[i].hours, WORLD_RESET);

		for (uint32_t j = 0; j < vectors[i].sources; j++) {
			size_t n;
			struct tried *t = run_source(&r, j, &n);
			size_t hosts = distinct(t, n, 0);
			size_t networks = distinct(t, n, 16);

			expect(hosts >= vectors[i].hosts[0] &&
				       hosts <= vectors[i].hosts[1] &&
				       networks >= vectors[i].networks[0] &&
				       networks <= vectors[i].networks[1],
			       "%s %u: %zu attempts, %zu hosts, %zu networks",
			       vectors[i].name, j, n, hosts, networks);
		}
		run_done(&r);
	}
}

CLAIM(list_like_measured, "a bot meets new networks as the one that was "
			  "captured did: 331 among 463 hosts")
{
	struct run r = run_class("medium", 20, 24, WORLD_DROP);
	double hosts = 0, networks = 0;

	for (uint32_t i = 0; i < 20; i++) {
		size_t n;
		struct tried *t = run_source(&r, i, &n);

		n = n < 1000 ? n : 1000;
		hosts += (double)distinct(t, n, 0);
		networks += (double)distinct(t, n, 16);
	}
	expect(networks / hosts > .6 && networks / hosts < .95,
	       "%.0f networks of %.0f hosts", networks, hosts);
	run_done(&r);
}

CLAIM(probes, "a monitor's gap never changes, a mail program's is 5 to 30 min "
	      "while the computer is on")
{
	struct run r = run_class("monitor", 8, 24, WORLD_DROP);
	size_t n, short_ones = 0, gaps = 0;
	struct tried *t;

	for (uint32_t i = 0; i < 8; i++) {
		int64_t first;

		t = run_source(&r, i, &n);
		first = t[1].time_us[0] - t[0].time_us[0];
		for (size_t j = 2; j < n; j++) {
			int64_t gap = t[j].time_us[0] - t[j - 1].time_us[0];

			expect(llabs(gap - first) <= first / 500,
			       "monitor %u: %lld after %lld us", i,
			       (long long)gap, (long long)first);
		}
	}
	run_done(&r);
	r = run_class("misconfigured", 12, 72, WORLD_DROP);
	for (size_t i = 1; i < r.n; i++) {
		int64_t gap = r.tried[i].time_us[0] - r.tried[i - 1].time_us[0];

		if (r.tried[i].index != r.tried[i - 1].index)
			continue;
		short_ones += gap < 270 * WORLD_SECOND;
		gaps += gap < 1980 * WORLD_SECOND;
	}
	expect(!short_ones && gaps > r.n * 8 / 10, "%zu short, %zu of %zu",
	       short_ones, gaps, r.n);
	run_done(&r);
}

CLAIM(walks, "a sequential scanner goes from address to address of a network")
{
	struct run r = run_class("scan-walk", 4, .5, WORLD_DROP);
	size_t steps = 0;

	for (size_t i = 1; i < r.n; i++)
		steps += r.tried[i].destination ==
			 r.tried[i - 1].destination + 1;
	expect(steps > r.n * 98 / 100, "%zu steps of %zu", steps, r.n);
	run_done(&r);
}

/* How long a source went on with one of its first hosts, at the longest. */
static double longest_h(const struct tried *t, size_t n)
{
	int64_t longest = 0;

	for (size_t i = 0; i < n && i < 100; i++)
		for (size_t j = n; j-- > i;) {
			int64_t since = t[j].time_us[0] - t[i].time_us[0];

			if (t[j].destination != t[i].destination)
				continue;
			longest = since > longest ? since : longest;
			break;
		}
	return (double)longest / HOUR_US;
}

CLAIM(give_up, "a retrying bot gives a rare host up within hours, a mail "
	       "server and who mimics one try for days")
{
	static const struct {
		const char *name;
		double low, high; /* hours */
	} vectors[] = {
		{ "mimic", 20, 48 },
		{ "hobby", 20, 48 },
	};
	struct run r = run_class("retrying", 6, 48, WORLD_DROP);
	size_t again = 0, late = 0, hosts = 0;

	for (size_t i = 0; i < r.n; i++) {
		const struct tried *t = &r.tried[i];
		size_t tries = 1;
		int64_t last = t->time_us[0];

		for (size_t j = i + 1; j < r.n && t->index == r.tried[j].index;
		     j++)
			if (r.tried[j].destination == t->destination) {
				tries++;
				last = r.tried[j].time_us[0];
			}
		if (tries > 8) /* a big provider's */
			continue;
		hosts++;
		again += tries > 1;
		late += last - t->time_us[0] > 4 * WORLD_HOUR;
	}
	expect(again > hosts / 3 && late < hosts / 4,
	       "of %zu: %zu again, %zu for over four hours", hosts, again,
	       late);
	run_done(&r);
	for (size_t i = 0; i < COUNT(vectors); i++) {
		r = run_class(vectors[i].name, 6, 48, WORLD_RESET);
		for (uint32_t j = 0; j < 6; j++) {
			size_t n;
			struct tried *t = run_source(&r, j, &n);
			double hours = longest_h(t, n);

			expect(hours >= vectors[i].low &&
				       hours <= vectors[i].high,
			       "%s %u: %.1f hours", vectors[i].name, j, hours);
		}
		run_done(&r);
	}
}

CLAIM(back_off, "mail servers try again as their manuals say")
{
	static const struct {
		enum mta mta;
		double age_s, want_s; /* failing for, dead for */
	} vectors[] = {
		{ MTA_POSTFIX, 0, 300 },      { MTA_POSTFIX, 9e4, 300 },
		{ MTA_EXIM, 0, 900 },	      { MTA_EXIM, 7100, 900 },
		{ MTA_EXIM, 7200, 3600 },     { MTA_EXIM, 10900, 5400 },
		{ MTA_EXIM, 16300, 8100 },    { MTA_EXIM, 60000, 21600 },
		{ MTA_SENDMAIL, 5000, 1800 },
	};
	struct customer customer = { .seed = 1 };
	struct sender s = { .customer = &customer,
			    .run_us = 300 * WORLD_SECOND };
	struct delivery d = { .sender = &s };

	for (size_t i = 0; i < COUNT(vectors); i++) {
		const struct mta_rule *rule = &mta_rules[vectors[i].mta];
		int64_t got = rule->dead_us((int64_t)(1e6 * vectors[i].age_s));

		expect(got == (int64_t)(1e6 * vectors[i].want_s),
		       "%s failing for %.0f s: dead for %.0f s, want %.0f",
		       rule->name, vectors[i].age_s, (double)got / 1e6,
		       vectors[i].want_s);
	}
	for (int64_t age = 0; age < 20000; age += 500) {
		int64_t least = age < 300 ? 300 : age > 4000 ? 4000 : age;
		int64_t got = again_postfix(&s, &d, age * WORLD_SECOND) -
			      age * WORLD_SECOND;

		expect(got >= least * WORLD_SECOND &&
			       got <= (least + 303) * WORLD_SECOND,
		       "postfix at %lld s waits %.0f s", (long long)age,
		       (double)got / 1e6);
	}
}

CLAIM(shared, "a NAT has 20 to 500 users, a CGNAT 2000 to 10000 that the "
	      "policy declares; bots have a time of infection, others none")
{
	struct population classes[] = { { "nat", 40, 0 },
					{ "cgnat", 10, 0 },
					{ "hobby", 10, 0 },
					{ "medium", 10, 0 } };
	struct world_config config = { .classes = classes,
				       .n_classes = COUNT(classes),
				       .duration_us = WORLD_DAY };
	struct world *w = world_new(&config);

	assert_int_equal(world_sources(w), 70);
	for (uint32_t i = 0; i < 70; i++) {
		const struct world_source *s = world_source(w, i);
		uint32_t least = i < 40 ? 20 : i < 50 ? 2000 : 1;
		uint32_t most = i < 40 ? 500 : i < 50 ? 10000 : 1;

		expect(s->users >= least && s->users <= most &&
			       s->declared ==
				       (i >= 40 && i < 50 ? s->users : 0),
		       "%s %u: %u users, %u declared", s->class->name, i,
		       s->users, s->declared);
		expect(s->bot == (i >= 60) &&
			       (s->bot ? s->infected_us >= WORLD_START +
								   WORLD_DAY /
									   8 &&
						 s->infected_us <=
							 WORLD_START +
								 WORLD_DAY / 4 :
					 !s->infected_us),
		       "%s %u: infected %lld", s->class->name, i,
		       (long long)s->infected_us);
	}
	world_free(w);
}

CLAIM(cured, "a bot is silent before its infection and after its cure")
{
	struct population class = { "medium", 10, 2 * WORLD_HOUR };
	struct world_config config = { .classes = &class,
				       .n_classes = 1,
				       .block = WORLD_RESET,
				       .duration_us = WORLD_DAY };
	struct run r = run_world(&config);
	size_t wrong = 0;

	for (size_t i = 0; i < r.n; i++) {
		const struct world_source *s =
			world_source(r.world, r.tried[i].index);

		wrong += r.tried[i].time_us[0] < s->infected_us ||
			 r.tried[i].time_us[0] >= s->cured_us;
	}
	expect(r.n > 100 && !wrong, "%zu of %zu", wrong, r.n);
	run_done(&r);
}

CLAIM(other_ports, "only where asked for are there ports but 25, and those are "
		   "open")
{
	struct population classes[] = { { "wifi", 5, 0 }, { "nat", 5, 0 } };
	struct world_config config = { .classes = classes,
				       .n_classes = COUNT(classes),
				       .duration_us = 6 * WORLD_HOUR };

	for (int asked = 0; asked < 2; asked++) {
		struct run r;
		size_t other = 0, unanswered = 0;

		config.submission = asked;
		r = run_world(&config);
		for (size_t i = 0; i < r.n; i++) {
			other += r.tried[i].dport != 25;
			unanswered +=
				r.tried[i].dport != 25 && !r.tried[i].reply;
		}
		expect(asked ? other > r.n / 3 : !other, "asked %d: %zu of %zu",
		       asked, other, r.n);
		expect(unanswered <= 5, "%zu unanswered", unanswered);
		run_done(&r);
	}
}

/* RFC 6890, as far as whole /16s of it are there. */
static bool is_public(uint32_t address)
{
	static const struct {
		uint32_t first, mask;
	} special[] = {
		{ 0x00000000, 0xff000000 }, { 0x0a000000, 0xff000000 },
		{ 0x7f000000, 0xff000000 }, { 0xe0000000, 0xe0000000 },
		{ 0x64400000, 0xffc00000 }, { 0xac100000, 0xfff00000 },
		{ 0xa9fe0000, 0xffff0000 }, { 0xc0a80000, 0xffff0000 },
		{ 0xc6120000, 0xfffe0000 },
	};

	for (size_t i = 0; i < COUNT(special); i++)
		if ((address & special[i].mask) == special[i].first)
			return false;
	return true;
}

CLAIM(mail_world, "a few providers have most mail in a few networks each; the "
		  "tail is in thousands")
{
	struct internet net = { 11 };
	struct chance c = { 1 };
	static uint8_t seen[65536];
	size_t networks = 0, google = 0;

	for (uint32_t domain = 0; domain < INTERNET_DOMAINS; domain += 10) {
		uint32_t addresses[5];
		unsigned n = internet_mx(&net, domain, &c, addresses, 5);

		expect(n >= 1 && n <= 5, "domain %u has %u", domain, n);
		for (unsigned i = 0; i < n; i++) {
			networks += !seen[addresses[i] >> 16];
			seen[addresses[i] >> 16] = 1;
			expect(is_public(addresses[i]), "domain %u at %x",
			       domain, addresses[i]);
		}
		google += internet_exchange(&net, domain).key == 0;
	}
	expect(networks > 4000 && networks < 12000, "%zu networks", networks);
	expect(google > 2000 && google < 3200, "%zu of 20000", google);
}

CLAIM(turns_of_resolver, "a big provider hands out many addresses of few "
			 "networks")
{
	struct internet net = { 11 };
	struct chance c = { 1 };
	uint32_t hosts[64] = { 0 }, networks[16] = { 0 };
	size_t n_hosts = 0, n_networks = 0;

	for (int i = 0; i < 2000; i++) {
		uint32_t addresses[5];
		unsigned n = internet_mx(&net, 0, &c, addresses, 5);

		for (unsigned j = 0; j < n; j++) {
			uint32_t h = 0, g = 0;

			while (h < n_hosts && hosts[h] != addresses[j])
				h++;
			hosts[h] = addresses[j];
			n_hosts += h == n_hosts;
			while (g < n_networks &&
			       networks[g] != addresses[j] >> 16)
				g++;
			networks[g] = addresses[j] >> 16;
			n_networks += g == n_networks;
		}
	}
	expect(n_hosts == 30 && n_networks == 5, "%zu hosts, %zu networks",
	       n_hosts, n_networks);
}

/* ---- baselines ---- */

struct flags {
	bool set[N_BASELINES];
	int64_t time_us[N_BASELINES];
};

static void note_flag(void *ctx, enum baseline baseline, uint32_t index,
		      int64_t time_us)
{
	struct flags *flags = ctx;

	expect(!flags->set[baseline] && index == 3, "%s flags %u again",
	       baseline_name(baseline), index);
	flags->set[baseline] = true;
	flags->time_us[baseline] = time_us;
}

/* What one source does, in the letters of each attempt. */
struct play {
	unsigned n; /* attempts */
	double gap_s;
	unsigned hosts; /* in turn */
	unsigned syns;	/* of each, a second apart */
	char fate;	/* '-' no answer, 'r' refused, 'a' accepted; 'm': three
			   refused, one accepted */
	uint16_t port;
};

static struct event play_syn(const struct play *p, unsigned i, unsigned again)
{
	return (struct event){
		.time_us = WORLD_START +
			   (int64_t)(1e6 * (p->gap_s * i + again * .01)),
		.source = 0x0a000001,
		.destination = 0xc0000201 + (i % p->hosts) * 65536,
		.sport = (uint16_t)(40000 + i % 20000),
		.dport = p->port ? p->port : 25,
		.seq = i * 7919,
		.flags = EVENT_SYN,
		.index = 3,
	};
}

static void play_reply(const struct play *p, unsigned i, struct baselines *b)
{
	struct event syn = play_syn(p, i, 0), e = syn;
	bool accepted = p->fate == 'a' || (p->fate == 'm' && i % 4 == 3);

	e.time_us += 9000;
	e.source = syn.destination;
	e.destination = syn.source;
	e.sport = syn.dport;
	e.dport = syn.sport;
	e.ack = syn.seq + 1;
	e.flags = (accepted ? EVENT_SYN : EVENT_RST) | EVENT_ACK;
	if (p->fate != '-')
		baselines_feed(b, &e);
}

static struct flags play(const struct play *p)
{
	struct flags flags = { 0 };
	struct baselines *b = baselines_new(note_flag, &flags);

	for (unsigned i = 0; i < p->n; i++) {
		struct event e = play_syn(p, i, 0);

		baselines_feed(b, &e);
		play_reply(p, i, b);
		for (unsigned j = 1; j < p->syns; j++) {
			e = play_syn(p, i, j);
			baselines_feed(b, &e);
		}
	}
	baselines_advance(b, WORLD_START + WORLD_DAY * 2);
	baselines_free(b);
	return flags;
}

CLAIM(baselines_flag, "each baseline flags its own case and not the one below "
		      "its threshold")
{
	static const struct {
		enum baseline baseline;
		struct play play;
		bool want;
	} vectors[] = {
		{ BASELINE_ZEEK, { 25, 2, 25, 1, '-', 0 }, true },
		{ BASELINE_ZEEK, { 25, 2, 25, 1, 'r', 0 }, true },
		{ BASELINE_ZEEK, { 24, 2, 24, 3, 'r', 0 }, false },
		{ BASELINE_ZEEK, { 500, .5, 24, 1, 'r', 0 }, false },
		{ BASELINE_ZEEK, { 100, 2, 100, 1, 'a', 0 }, false },
		{ BASELINE_ZEEK, { 200, 13, 200, 1, 'r', 0 }, false },
		{ BASELINE_ZEEK, { 200, 12, 200, 1, 'r', 0 }, true },
		{ BASELINE_ZEEK, { 25, 2, 25, 1, 'r', 587 }, true },
		{ BASELINE_BOTFLEX, { 16, 59, 1, 1, '-', 0 }, true },
		{ BASELINE_BOTFLEX, { 15, 1, 15, 1, '-', 0 }, false },
		{ BASELINE_BOTFLEX, { 15, 1, 15, 5, '-', 0 }, false },
		{ BASELINE_BOTFLEX, { 400, 61, 50, 1, 'a', 0 }, false },
		{ BASELINE_TRW, { 4, 100, 4, 1, '-', 0 }, true },
		{ BASELINE_TRW, { 4, 100, 4, 1, 'r', 0 }, true },
		{ BASELINE_TRW, { 3, 100, 3, 9, '-', 0 }, false },
		{ BASELINE_TRW, { 99, 100, 3, 1, 'r', 0 }, false },
		{ BASELINE_TRW, { 400, 100, 400, 1, 'a', 0 }, false },
		{ BASELINE_TRW, { 7, 100, 7, 1, 'm', 0 }, true },
		{ BASELINE_TRW, { 6, 100, 6, 1, 'm', 0 }, true },
		{ BASELINE_TRW, { 5, 100, 5, 1, 'm', 0 }, false },
		{ BASELINE_MIKROTIK, { 31, .1, 1, 1, '-', 0 }, true },
		{ BASELINE_MIKROTIK, { 30, .1, 30, 3, '-', 0 }, false },
		{ BASELINE_MIKROTIK, { 500, .17, 30, 1, '-', 0 }, false },
		{ BASELINE_MIKROTIK, { 500, .16, 30, 1, '-', 0 }, true },
		{ BASELINE_MIKROTIK, { 99, .1, 30, 1, '-', 587 }, false },
		{ BASELINE_NTOPNG, { 6, 3000, 6, 1, '-', 0 }, true },
		{ BASELINE_NTOPNG, { 900, 3, 5, 1, '-', 0 }, false },
		{ BASELINE_NTOPNG, { 6, 3000, 6, 1, 'a', 465 }, true },
		{ BASELINE_NTOPNG, { 60, 30, 60, 1, 'a', 993 }, false },
		{ BASELINE_NTOPNG, { 8, 20000, 8, 1, '-', 0 }, false },
		{ BASELINE_CESNET, { 82, 3, 11, 1, '-', 0 }, true },
		{ BASELINE_CESNET, { 81, 3, 81, 4, '-', 0 }, false },
		{ BASELINE_CESNET, { 598, .5, 10, 1, '-', 0 }, false },
		{ BASELINE_CESNET, { 599, .5, 1, 1, '-', 0 }, true },
		{ BASELINE_CESNET, { 900, 3.8, 81, 1, '-', 0 }, false },
	};

	for (size_t i = 0; i < COUNT(vectors); i++) {
		const struct play *p = &vectors[i].play;
		struct flags got = play(p);

		expect(got.set[vectors[i].baseline] == vectors[i].want,
		       "%s: %u attempts %.2f s apart to %u hosts of %u SYNs, "
		       "'%c', port %u: got %d want %d",
		       baseline_name(vectors[i].baseline), p->n, p->gap_s,
		       p->hosts, p->syns, p->fate, p->port ? p->port : 25,
		       got.set[vectors[i].baseline], vectors[i].want);
	}
}

CLAIM(baselines_time, "a flag has the time at which the rule became true")
{
	static const struct {
		enum baseline baseline;
		struct play play;
		double want_s;
	} vectors[] = {
		{ BASELINE_ZEEK, { 40, 2, 40, 1, '-', 0 }, 48 + 5 },
		{ BASELINE_ZEEK, { 40, 2, 40, 1, 'r', 0 }, 48 + .009 },
		{ BASELINE_BOTFLEX, { 40, 2, 40, 1, '-', 0 }, 30 },
		{ BASELINE_TRW, { 40, 2, 40, 1, '-', 0 }, 6 + 5 },
		{ BASELINE_MIKROTIK, { 40, .1, 1, 1, '-', 0 }, 3 },
		{ BASELINE_NTOPNG, { 40, 2, 40, 1, '-', 0 }, 10 },
		{ BASELINE_CESNET, { 99, 2, 99, 1, '-', 0 }, 162 },
	};

	for (size_t i = 0; i < COUNT(vectors); i++) {
		struct flags got = play(&vectors[i].play);
		double after_s = (double)(got.time_us[vectors[i].baseline] -
					  WORLD_START) /
				 1e6;

		expect(after_s > vectors[i].want_s - 1e-5 &&
			       after_s < vectors[i].want_s + 1e-5,
		       "%s: after %f s, want %f",
		       baseline_name(vectors[i].baseline), after_s,
		       vectors[i].want_s);
	}
}

struct crowd {
	const struct world *world;
	size_t flagged[N_BASELINES][2]; /* bots, others */
};

static void note_crowd(void *ctx, enum baseline baseline, uint32_t index,
		       int64_t time_us)
{
	struct crowd *crowd = ctx;

	(void)time_us;
	crowd->flagged[baseline][!world_source(crowd->world, index)->bot]++;
}

CLAIM(baselines_world, "behind a block baselines find fast bots, and TRW finds "
		       "hobby servers as well")
{
	struct population classes[] = { { "fast", 6, WORLD_HOUR / 12 },
					{ "hobby", 10, 0 },
					{ "iot", 10, 0 } };
	struct world_config config = { .seed = 2,
				       .classes = classes,
				       .n_classes = COUNT(classes),
				       .duration_us = 6 * WORLD_HOUR };
	struct crowd crowd = { .world = world_new(&config) };
	struct baselines *b = baselines_new(note_crowd, &crowd);
	struct event e;

	while (world_next((struct world *)crowd.world, &e))
		baselines_feed(b, &e);
	baselines_advance(b, WORLD_START + WORLD_DAY);
	for (unsigned i = 0; i < N_BASELINES; i++)
		expect(crowd.flagged[i][0] >= 4, "%s flags %zu of 6",
		       baseline_name((enum baseline)i), crowd.flagged[i][0]);
	expect(crowd.flagged[BASELINE_TRW][1] >= 9, "TRW flags %zu",
	       crowd.flagged[BASELINE_TRW][1]);
	baselines_free(b);
	world_free((struct world *)crowd.world);
}

/* ---- frames and files ---- */

static const struct event frame_events[] = {
	{ .time_us = WORLD_START + 1,
	  .source = 0x0a010203,
	  .destination = 0xd8ef2001,
	  .sport = 50000,
	  .dport = 25,
	  .seq = 0xfffffff0,
	  .flags = EVENT_SYN },
	{ .time_us = WORLD_START + 999999,
	  .source = 0xd8ef2001,
	  .destination = 0x0a010203,
	  .sport = 25,
	  .dport = 50000,
	  .ack = 0xfffffff1,
	  .flags = EVENT_RST | EVENT_ACK },
	{ .time_us = WORLD_START + 1000000,
	  .source = 0xd8ef2001,
	  .destination = 0x0a010203,
	  .sport = 587,
	  .dport = 1,
	  .seq = 77,
	  .ack = 1,
	  .flags = EVENT_SYN | EVENT_ACK },
};

/* RFC 1071: a sum over all that carries one is ffff. */
static bool sums_up(uint32_t sum, const uint8_t *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		sum += i % 2 ? bytes[i] : (uint32_t)bytes[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum == 0xffff;
}

static bool checksums_good(const uint8_t *ip, size_t n, bool ipv6)
{
	size_t header = ipv6 ? 40 : 20, addresses = ipv6 ? 8 : 12;
	uint32_t sum = 6 + (uint32_t)(n - header);

	return (ipv6 || sums_up(0, ip, 20)) &&
	       sums_up(sum, ip + addresses, n - addresses);
}

CLAIM(frames, "a frame has the event's fields and right checksums")
{
	for (size_t i = 0; i < COUNT(frame_events) * 4; i++) {
		struct event e = frame_events[i / 4];
		enum frame_link link = i & 1 ? FRAME_RAW : FRAME_ETHERNET;
		uint8_t bytes[FRAME_MOST], address[16];
		size_t n, ip = i & 1 ? 0 : 14, tcp;

		e.ipv6 = i & 2;
		n = frame_build(&e, link, bytes);
		tcp = ip + (e.ipv6 ? 40 : 20);
		event_address6(e.source, address);
		expect(n == tcp + (e.flags & EVENT_SYN ? 24u : 20u) &&
			       checksums_good(bytes + ip, n - ip, e.ipv6),
		       "event %zu way %zu: %zu bytes", i / 4, i % 4, n);
		expect(bytes[tcp] << 8 == (e.sport & 0xff00) &&
			       bytes[tcp + 3] == (e.dport & 255) &&
			       bytes[tcp + 7] == (e.seq & 255) &&
			       bytes[tcp + 8] == e.ack >> 24 &&
			       bytes[tcp + 13] == e.flags,
		       "event %zu way %zu: TCP header", i / 4, i % 4);
		expect(e.ipv6 ? !memcmp(bytes + ip + 8, address, 16) :
				bytes[ip + 12] == e.source >> 24 &&
					bytes[ip + 19] == (e.destination & 255),
		       "event %zu way %zu: addresses", i / 4, i % 4);
	}
}

CLAIM(addresses6, "each /16 has its own /32, and each address its own /64")
{
	uint8_t a[16], b[16];

	event_address6(0xd8ef2001, a);
	event_address6(0xd8efff02, b);
	expect(!memcmp(a, b, 4) && memcmp(a, b, 8), "one /16");
	event_address6(0xd8f02001, b);
	expect(memcmp(a, b, 4), "two /16s");
	event_address6(0x0a010203, a);
	event_address6(0x0a010204, b);
	expect(memcmp(a, b, 8), "two customers");
}

CLAIM(capture_file, "libpcap reads a capture file with every event as a packet")
{
	char path[] = "/tmp/mailwall-trace-XXXXXX", error[PCAP_ERRBUF_SIZE];
	static const bpf_u_int32 bytes[] = { 44, 40, 44 };
	int fd = mkstemp(path);
	struct trace_file *t = trace_create(path, FRAME_RAW);
	struct pcap_pkthdr *packet;
	const u_char *data;
	size_t n = 0;
	pcap_t *file;

	assert_true(fd >= 0 && t);
	close(fd);
	for (size_t i = 0; i < COUNT(frame_events); i++)
		trace_write(t, &frame_events[i]);
	assert_int_equal(trace_close(t), 0);
	file = pcap_open_offline(path, error);
	assert_non_null(file);
	expect(pcap_datalink(file) == DLT_RAW, "link %d", pcap_datalink(file));
	for (; pcap_next_ex(file, &packet, &data) == 1; n++) {
		int64_t time_us =
			packet->ts.tv_sec * 1000000ll + packet->ts.tv_usec;

		expect(n < COUNT(frame_events) &&
			       time_us == frame_events[n].time_us &&
			       packet->caplen == bytes[n] &&
			       packet->len == bytes[n],
		       "packet %zu: at %lld, %u of %u bytes", n,
		       (long long)time_us, packet->caplen, packet->len);
	}
	expect(n == COUNT(frame_events), "%zu packets", n);
	pcap_close(file);
	unlink(path);
	expect(!trace_create("/nowhere/at/all", FRAME_RAW), "made nowhere");
	t = trace_create("/dev/full", FRAME_RAW);
	for (int i = 0; i < 1000; i++)
		trace_write(t, &frame_events[0]);
	expect(trace_close(t) < 0, "a full disk goes unseen");
}

/* ---- numbers ---- */

CLAIM(wilson, "an interval of Wilson is as in Newcombe's table")
{
	/* Newcombe, Statistics in Medicine 17, 1998, p. 861, method 3 */
	static const struct {
		uint64_t hits, n;
		double low, high;
	} vectors[] = {
		{ 81, 263, .2553, .3662 }, { 15, 148, .0624, .1605 },
		{ 0, 20, 0, .1611 },	   { 1, 29, .0061, .1718 },
		{ 20, 20, .8389, 1 },	   { 0, 0, 0, 1 },
	};

	for (size_t i = 0; i < COUNT(vectors); i++) {
		struct interval got = wilson_95(vectors[i].hits, vectors[i].n);

		expect(got.low > vectors[i].low - 6e-5 &&
			       got.low < vectors[i].low + 6e-5 &&
			       got.high > vectors[i].high - 6e-5 &&
			       got.high < vectors[i].high + 6e-5,
		       "%llu of %llu: %f to %f, want %f to %f",
		       (unsigned long long)vectors[i].hits,
		       (unsigned long long)vectors[i].n, got.low, got.high,
		       vectors[i].low, vectors[i].high);
	}
}

CLAIM(functions, "logarithm, exponential and root are right to twelve digits")
{
	static const double vectors[][4] = {
		/* x, ln x, sqrt x */
		{ 1, 0, 1, 2.718281828459045 },
		{ 2, 0.6931471805599453, 1.4142135623730951, 7.38905609893065 },
		{ 1e-3, -6.907755278982137, 0.03162277660168379,
		  1.0010005001667084 },
		{ 10, 2.302585092994046, 3.1622776601683795,
		  22026.465794806718 },
		{ 200001, 12.206077645517674, 447.2147135325491, 0 },
		{ 1.4142135623730951, 0.3465735902799727, 1.189207115002721,
		  4.1132503787829275 },
	};

	for (size_t i = 0; i < COUNT(vectors); i++) {
		const double *v = vectors[i];
		double ln = chance_ln(v[0]) - v[1];
		double root = chance_root(v[0]) / v[2] - 1;
		double e = v[3] > 0 ? chance_exp(v[0]) / v[3] - 1 : 0;

		expect(ln < 1e-12 && ln > -1e-12 && root < 1e-12 &&
			       root > -1e-12 && e < 1e-12 && e > -1e-12,
		       "of %g: off by %g, %g, %g", v[0], ln, root, e);
	}
}

CLAIM(spreads, "what is drawn by chance has the mean that it should")
{
	struct chance c = { 1 };
	double sums[5] = { 0 };
	const double want[5] = { .5, 3, 0, 1, 20 };
	uint32_t first = 0;

	for (int i = 0; i < 100000; i++) {
		double normal = chance_normal(&c);

		sums[0] += chance_unit(&c);
		sums[1] += chance_wait(&c, 3);
		sums[2] += normal;
		sums[3] += normal * normal;
		sums[4] += chance_poisson(&c, 20);
		first += chance_zipf(&c, 1000) == 0;
	}
	for (size_t i = 0; i < COUNT(sums); i++)
		expect(sums[i] / 1e5 > want[i] - .03 - want[i] / 100 &&
			       sums[i] / 1e5 < want[i] + .03 + want[i] / 100,
		       "%zu: mean %f, want %f", i, sums[i] / 1e5, want[i]);
	/* ln 2 / ln 1001 */
	expect(first > 9700 && first < 10400, "the first of Zipf %u of 100000",
	       first);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIMED(same_seed),
		CLAIMED(in_order),
		CLAIMED(alone),
		CLAIMED(loss),
		CLAIMED(refusals),
		CLAIMED(retransmissions),
		CLAIMED(resets),
		CLAIMED(open_port),
		CLAIMED(rates),
		CLAIMED(fast_rate),
		CLAIMED(bursts),
		CLAIMED(groups),
		CLAIMED(list_like_measured),
		CLAIMED(probes),
		CLAIMED(walks),
		CLAIMED(give_up),
		CLAIMED(back_off),
		CLAIMED(shared),
		CLAIMED(cured),
		CLAIMED(other_ports),
		CLAIMED(mail_world),
		CLAIMED(turns_of_resolver),
		CLAIMED(baselines_flag),
		CLAIMED(baselines_time),
		CLAIMED(baselines_world),
		CLAIMED(frames),
		CLAIMED(addresses6),
		CLAIMED(capture_file),
		CLAIMED(wilson),
		CLAIMED(functions),
		CLAIMED(spreads),
	};

	return cmocka_run_group_tests_name("generate", tests, NULL, NULL);
}

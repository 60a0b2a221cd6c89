/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A world of machines that try to send mail, and what a monitor sees of it:
 * TCP SYNs to mail ports and, where somebody answers, the first reply.
 *
 * Ask for classes and how many sources of each, then take event after event
 * in the order of time. Nothing is drawn in advance: a heap holds what each
 * machine does next, so a week of ten thousand sources needs no more memory
 * than what is under way.
 *
 *	struct population classes[] = {
 *		{ "medium", 100 }, { "hobby", 1000 }
 *	};
 *	struct world_config config = {
 *		.seed = 1, .classes = classes, .n_classes = 2,
 *		.duration_us = 2 * WORLD_DAY, .block = WORLD_DROP,
 *	};
 *	struct world *world = world_new(&config);
 *	struct event event;
 *
 *	while (world_next(world, &event))
 *		feed(&event);
 *	world_free(world);
 *
 * The same seed gives the same events, with any compiler on any machine. More
 * than that: what a source does follows from the configuration, its class and
 * its number in it, so it does the same whatever else is in the world; and
 * capture loss takes events away and changes nothing else.
 *
 * What runs before the trace begins has run for days when it does: a blocked
 * mail server starts with its queue full. (That takes about 10 ms of each
 * server, before the first event.)
 *
 * This is the side that judges. It was written from docs/detection.md without
 * knowledge of the detector's code, and should stay so: a generator that is
 * fitted to a detector proves nothing.
 */
#ifndef MAILWALL_GENERATE_H
#define MAILWALL_GENERATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WORLD_SECOND ((int64_t)1000000)
#define WORLD_HOUR   (3600 * WORLD_SECOND)
#define WORLD_DAY    (24 * WORLD_HOUR)
#define WORLD_START  (1767571200 * WORLD_SECOND) /* 2026-01-05, a Monday */

#define EVENT_RST    0x04 /* as in the TCP header */
#define EVENT_SYN    0x02
#define EVENT_ACK    0x10

/* A packet as captured at the customers' side. */
struct event {
	int64_t time_us;	      /* since 1970 */
	uint32_t source, destination; /* of this packet; see event_address6() */
	uint16_t sport, dport;
	uint32_t seq, ack;
	uint8_t flags;
	bool ipv6;
	uint32_t index; /* of the source that began it, also in a reply */
};

/* A reply goes the other way round. */
static inline bool event_is_reply(const struct event *e)
{
	return e->flags != EVENT_SYN;
}

/*
 * Of an IPv6 event the sixteen bytes: a /32 for each IPv4 /16 and a /64 for
 * each IPv4 address, so that networks are as many in either family.
 */
void event_address6(uint32_t address, uint8_t bytes[16]);

enum detect_kind {
	DETECT_BOT,    /* to be found */
	DETECT_BENIGN, /* never to be called a spam source */
	DETECT_GREY,   /* no bot, but does what bots do; to be reported apart */
};

struct habit_part; /* see habit.h */

struct detect_class {
	const char *name, *text;
	enum detect_kind kind;
	bool limit;	 /* known not to be found: reported, not aimed at */
	double users[2]; /* behind one address, at least and at most */
	bool declared;	 /* the policy says "users N" of it */
	const struct habit_part *parts; /* what runs there */
	size_t n_parts;
};

extern const struct detect_class detect_classes[];
extern const size_t n_detect_classes;

const struct detect_class *detect_class_by_name(const char *);

struct population {
	const char *name;  /* of a class */
	uint32_t sources;  /* at most 65,536; a class stands in the list once */
	int64_t active_us; /* bots stop so long after infection; 0: never */
};

enum world_block {
	WORLD_DROP,  /* port 25 is dropped: retransmissions, no reply */
	WORLD_RESET, /* port 25 is reset at once */
	WORLD_OPEN,  /* port 25 is open: some destinations fail */
};

struct world_config {
	uint64_t seed;
	const struct population
		*classes; /* borrowed until world_new() is done */
	size_t n_classes;
	int64_t start_us; /* 0: WORLD_START */
	int64_t duration_us;
	enum world_block block; /* other ports are always open */
	double loss;	   /* share of the packets that the capture misses */
	double failure;	   /* share of the destinations that fail where open */
	double ipv6;	   /* share of the sources that speak it, and only it */
	double background; /* share of the bots that are clients as well */
	bool submission;   /* with 587, 465, 993; otherwise all is port 25 */
	int64_t infected_us[2]; /* after the start, from to; both 0: an eighth
				   to a quarter of the duration */
};

struct world_source {
	const struct detect_class *class;
	uint32_t number; /* in its class */
	uint32_t address;
	bool ipv6;
	bool bot;
	uint32_t users;	     /* hosts behind the address in truth, */
	uint32_t declared;   /* and what the policy would say; 0: nothing */
	int64_t infected_us; /* since 1970; bots only, otherwise 0 */
	int64_t cured_us;    /* INT64_MAX: not in this trace */
};

/* NULL: an unknown class, one that stands twice, too many, or no memory. */
struct world *world_new(const struct world_config *);
void world_free(struct world *);

/* False when the duration is over. Out of memory ends the program. */
bool world_next(struct world *, struct event *);

uint32_t world_sources(const struct world *);
const struct world_source *world_source(const struct world *, uint32_t index);

#endif

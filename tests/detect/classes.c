/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The classes of docs/detection.md ("What to expect, and report") and what
 * they are made of. Rates that the document gives are its own; everything
 * else is an assumption, and says so.
 */
#include <string.h>

#include "habit.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define MINUTE_S     60
#define HOUR_S	     3600
#define DAY_S	     86400

/* ---- bots ---- */

/* Assumption: campaigns of minutes to hours with pauses between them. */
static const struct habit fast = {
	.name = "fast",
	.rate_h = { 60 * 60, 2000 * 60 },
	.rhythm = RHYTHM_EITHER,
	.jitter = .5,
	.on_s = { 10 * MINUTE_S, 4 * HOUR_S },
	.off_s = { 1 * MINUTE_S, 1 * HOUR_S },
	.target = TARGET_LIST,
	.runs = RUNS_BOT,
	.timeout_s = { 5, 60 },
};

static const struct habit medium = {
	.name = "medium",
	.rate_h = { 20, 200 },
	.rhythm = RHYTHM_EITHER,
	.jitter = .5,
	.target = TARGET_LIST,
	.runs = RUNS_BOT,
	.timeout_s = { 5, 60 },
};

static const struct habit slow = {
	.name = "slow",
	.rate_h = { 2, 20 },
	.rhythm = RHYTHM_EITHER,
	.jitter = .5,
	.target = TARGET_LIST,
	.runs = RUNS_BOT,
	.timeout_s = { 5, 60 },
};

static const struct habit very_slow = {
	.name = "very slow",
	.rate_h = { .5, 2 },
	.rhythm = RHYTHM_EITHER,
	.jitter = .5,
	.target = TARGET_LIST,
	.runs = RUNS_BOT,
	.timeout_s = { 5, 60 },
};

/* A thread waits for the system's timeout, 21 to 131 s (facts.md 20). */
static const struct habit thread = {
	.name = "thread",
	.think_s = { .2, 3 }, /* assumption */
	.target = TARGET_LIST,
	.runs = RUNS_BOT,
};

/* Pauses of hours are an assumption. */
static const struct habit burst = {
	.name = "burst",
	.rate_h = { 60 * 60, 1000 * 60 },
	.rhythm = RHYTHM_CHANCE,
	.on_s = { 15, 110 },
	.off_s = { 2 * HOUR_S, 24 * HOUR_S },
	.target = TARGET_LIST,
	.runs = RUNS_BOT,
	.timeout_s = { 5, 60 },
};

/* Assumption: up to six more tries within two hours, then no more. */
static const struct habit retrying = {
	.name = "retrying",
	.rate_h = { 5, 100 },
	.rhythm = RHYTHM_CHANCE,
	.target = TARGET_LIST,
	.mta = MTA_RETRY,
	.retries = { 1, 6 },
	.retry_s = { 1 * MINUTE_S, 20 * MINUTE_S },
	.runs = RUNS_BOT,
	.timeout_s = { 5, 60 },
};

/* A spammer's list behind a real mail server's queue. */
static const struct habit mimic = {
	.name = "mimic",
	.rate_h = { 1, 12 }, /* assumption */
	.rhythm = RHYTHM_CHANCE,
	.target = TARGET_LIST,
	.addresses = { 5, 5 },
	.mta = MTA_SERVER,
	.runs = RUNS_SERVER,
};

/* Assumption: each address a few an hour, the campaign is all of them. */
static const struct habit snowshoe = {
	.name = "snowshoe",
	.rate_h = { 1, 6 },
	.rhythm = RHYTHM_EITHER,
	.jitter = .5,
	.target = TARGET_LIST,
	.runs = RUNS_SERVER,
	.timeout_s = { 10, 60 },
};

/* Rates, sizes and how few answer are assumptions. */
static const struct habit scan_walk = {
	.name = "scan walk",
	.rate_h = { 10 * 60, 600 * 60 },
	.rhythm = RHYTHM_EITHER,
	.jitter = .2,
	.target = TARGET_WALK,
	.size = { 256, 65536 },
	.runs = RUNS_SCANNER,
	.timeout_s = { 1, 10 },
	.dead = .97,
};

static const struct habit scan_any = {
	.name = "scan any",
	.rate_h = { 10 * 60, 600 * 60 },
	.rhythm = RHYTHM_EITHER,
	.jitter = .2,
	.target = TARGET_ANY,
	.runs = RUNS_SCANNER,
	.timeout_s = { 1, 10 },
	.dead = .99,
};

/* Some addresses in few networks, again and again. */
static const struct habit few = {
	.name = "few",
	.rate_h = { 600, 12000 },
	.rhythm = RHYTHM_EITHER,
	.jitter = .5,
	.target = TARGET_SET,
	.size = { 30, 100 },
	.groups = { 8, 16 },
	.runs = RUNS_BOT,
	.timeout_s = { 5, 60 },
};

/* The exchangers of one large provider. */
static const struct habit provider = {
	.name = "provider",
	.rate_h = { 240, 6000 },
	.rhythm = RHYTHM_EITHER,
	.jitter = .5,
	.target = TARGET_SET,
	.size = { 6, 24 },
	.groups = { 1, 4 },
	.runs = RUNS_BOT,
	.timeout_s = { 5, 60 },
};

static const struct habit twenty = {
	.name = "twenty",
	.rate_h = { 300, 6000 },
	.rhythm = RHYTHM_EITHER,
	.jitter = .5,
	.target = TARGET_SET,
	.size = { 20, 20 },
	.groups = { 10, 20 },
	.runs = RUNS_BOT,
	.timeout_s = { 5, 60 },
};

static const struct habit ninety = {
	.name = "ninety",
	.rate_h = { 60.0 / 90, 60.0 / 90 },
	.rhythm = RHYTHM_TIMER,
	.jitter = .001,
	.target = TARGET_LIST,
	.runs = RUNS_BOT,
	.timeout_s = { 5, 60 },
};

/* ---- the benign ---- */

/* What waited for a holiday's end: all of it at once, then a queue. */
static const struct habit holiday = {
	.name = "holiday",
	.rate_h = { 3600, 36000 },
	.rhythm = RHYTHM_CHANCE,
	.off_s = { 6 * DAY_S, 8 * DAY_S },
	.target = TARGET_OWN_LIST,
	.size = { 20, 60 },
	.addresses = { 5, 5 },
	.mta = MTA_SERVER,
	.runs = RUNS_SERVER,
	.early = true,
};

static const struct habit holiday_later = {
	.name = "holiday, later",
	.rate_h = { 3600, 36000 },
	.rhythm = RHYTHM_CHANCE,
	.off_s = { 6 * DAY_S, 8 * DAY_S },
	.target = TARGET_OWN_LIST,
	.size = { 20, 60 },
	.addresses = { 5, 5 },
	.mta = MTA_SERVER,
	.runs = RUNS_SERVER,
	.late = true,
};

/* Fifty mail servers each five minutes, within a few seconds. */
static const struct habit probes = {
	.name = "probes",
	.rate_h = { 12, 12 },
	.rhythm = RHYTHM_TIMER,
	.jitter = .001,
	.burst = { 50, 50 },
	.target = TARGET_ROUND,
	.size = { 50, 50 },
	.groups = { 10, 50 },
	.runs = RUNS_SERVER,
	.timeout_s = { 5, 30 },
};

/* The addresses of a smarthost's name, in turn. */
static const struct habit camera = {
	.name = "camera",
	.rate_h = { 1, 60 },
	.rhythm = RHYTHM_EITHER,
	.jitter = .2,
	.target = TARGET_SET,
	.size = { 5, 20 },
	.groups = { 5, 20 },
	.runs = RUNS_DEVICE,
	.timeout_s = { 10, 60 },
};

/* A program that tries one dead host as fast as it can. */
static const struct habit hammer = {
	.name = "hammer",
	.rate_h = { 1200, 7200 },
	.rhythm = RHYTHM_EITHER,
	.jitter = .5,
	.target = TARGET_SET,
	.size = { 1, 2 },
	.groups = { 1, 2 },
	.runs = RUNS_DEVICE,
	.timeout_s = { 1, 20 },
};

/* A mail program; the computer is on for hours and off for hours (assumed). */
static const struct habit misconfigured = {
	.name = "misconfigured",
	.rate_h = { 2, 12 },
	.rhythm = RHYTHM_TIMER,
	.jitter = .1,
	.on_s = { 2 * HOUR_S, 16 * HOUR_S },
	.off_s = { 10 * MINUTE_S, 14 * HOUR_S },
	.target = TARGET_HOSTS,
	.size = { 1, 2 },
	.runs = RUNS_DESKTOP,
	.timeout_s = { 20, 120 },
};

static const struct habit device = {
	.name = "device",
	.rate_h = { 1.0 / 24, 60 },
	.rhythm = RHYTHM_EITHER,
	.jitter = .2,
	.target = TARGET_HOSTS,
	.size = { 1, 1 },
	.runs = RUNS_DEVICE,
	.timeout_s = { 10, 60 },
};

static const struct habit probe = {
	.name = "probe",
	.rate_h = { 6, 120 }, /* assumption: each 30 s to 10 min */
	.rhythm = RHYTHM_TIMER,
	.jitter = .0005,
	.target = TARGET_HOSTS,
	.size = { 1, 1 },
	.runs = RUNS_SERVER,
	.timeout_s = { 5, 30 },
};

/* About one message an hour; the spread and who is written to are assumed. */
static const struct habit hobby = {
	.name = "hobby",
	.rate_h = { .1, 10 },
	.sigma = 1,
	.rhythm = RHYTHM_DAY,
	.target = TARGET_CONTACTS,
	.size = { 5, 100 },
	.addresses = { 5, 5 },
	.mta = MTA_SERVER,
	.runs = RUNS_SERVER,
};

/* Assumption: a form's owner, and those who filled it in. */
static const struct habit script = {
	.name = "script",
	.rate_h = { 1.0 / 24, 20.0 / 24 },
	.rhythm = RHYTHM_DAY,
	.target = TARGET_CONTACTS,
	.size = { 1, 30 },
	.addresses = { 1, 2 },
	.runs = RUNS_SERVER,
	.timeout_s = { 10, 60 },
};

/* Assumption: a few hundred to thousand subscribers, each one to seven days. */
static const struct habit campaign = {
	.name = "campaign",
	.rate_h = { 10 * 60, 60 * 60 },
	.rhythm = RHYTHM_CHANCE,
	.off_s = { 1 * DAY_S, 7 * DAY_S },
	.target = TARGET_OWN_LIST,
	.size = { 200, 5000 },
	.addresses = { 5, 5 },
	.mta = MTA_SERVER,
	.runs = RUNS_SERVER,
	.late = true,
};

/*
 * Assumption: somebody flushes the queue each five minutes to two hours. What
 * is in it was tried before, by the same means, before the trace begins or in
 * its first hours: a queue of hundreds that nobody has tried is a campaign.
 */
static const struct habit storm = {
	.name = "storm",
	.rate_h = { 60 * 60, 600 * 60 },
	.rhythm = RHYTHM_CHANCE,
	.off_s = { 5 * MINUTE_S, 2 * HOUR_S },
	.target = TARGET_OWN_LIST,
	.size = { 20, 1000 },
	.addresses = { 5, 5 },
	.mta = MTA_FLUSH,
	.runs = RUNS_SERVER,
};

/* Assumption: clients come back after each gap in the radio, all at once. */
static const struct habit reconnect = {
	.name = "reconnect",
	.rate_h = { 20, 300 },
	.rhythm = RHYTHM_CHANCE,
	.burst = { 2, 8 },
	.target = TARGET_HOSTS,
	.size = { 2, 6 },
	.runs = RUNS_DESKTOP,
	.timeout_s = { 5, 30 },
	.ports = PORTS_CLIENT,
};

/* A mail program that works: only where other ports are in the trace. */
static const struct habit client = {
	.name = "client",
	.rate_h = { 2, 12 },
	.rhythm = RHYTHM_TIMER,
	.jitter = .1,
	.on_s = { 2 * HOUR_S, 16 * HOUR_S },
	.off_s = { 10 * MINUTE_S, 14 * HOUR_S },
	.target = TARGET_HOSTS,
	.size = { 1, 3 },
	.runs = RUNS_DESKTOP,
	.ports = PORTS_SUBMISSION,
};

/* Assumption: old software that looks whether an address exists, and such. */
static const struct habit odd = {
	.name = "odd",
	.rate_h = { .2 / 24, 3.0 / 24 },
	.rhythm = RHYTHM_CHANCE,
	.target = TARGET_LIST,
	.runs = RUNS_DESKTOP,
	.timeout_s = { 10, 60 },
};

/* ---- classes ---- */

#define PARTS(...)                                                             \
	.parts = (const struct habit_part[]){ __VA_ARGS__ },                   \
	.n_parts = sizeof((const struct habit_part[]){ __VA_ARGS__ }) /        \
		   sizeof(struct habit_part)
#define ONE(habit_)                                                            \
	{                                                                      \
		.habit = &(habit_), .count = { 1, 1 }                          \
	}
#define INFECTION(habit_, least, most)                                         \
	{                                                                      \
		.habit = &(habit_), .count = { least, most },                  \
		.infection = true                                              \
	}
#define SHARE(habit_, share_)                                                  \
	{                                                                      \
		.habit = &(habit_), .share = (share_)                          \
	}
#define SINGLE                                                                 \
	{                                                                      \
		1, 1                                                           \
	}

/* What share of those behind one address does what: assumptions. */
#define OFFICE                                                                 \
	SHARE(misconfigured, .05), SHARE(device, .05), SHARE(hobby, .004),     \
		SHARE(script, .004), SHARE(odd, .02), SHARE(client, .3)
#define HOMES                                                                  \
	SHARE(misconfigured, .01), SHARE(device, .005), SHARE(hobby, .0003),   \
		SHARE(script, .0002), SHARE(odd, .002), SHARE(client, .2)

/* The row is part of addresses and of seeds: append only. */
const struct detect_class detect_classes[] = {
	{ .name = "fast",
	  .text = "bot, 60 to 2000 attempts a minute",
	  .users = SINGLE,
	  PARTS(INFECTION(fast, 1, 1)) },
	{ .name = "medium",
	  .text = "bot, 20 to 200 attempts an hour",
	  .users = SINGLE,
	  PARTS(INFECTION(medium, 1, 1)) },
	{ .name = "slow",
	  .text = "bot, 2 to 20 attempts an hour",
	  .users = SINGLE,
	  PARTS(INFECTION(slow, 1, 1)) },
	{ .name = "very-slow",
	  .text = "bot, one attempt in half an hour to two hours",
	  .users = SINGLE,
	  PARTS(INFECTION(very_slow, 1, 1)) },
	{ .name = "threads",
	  .text = "bot of 5 to 200 threads that wait for an answer",
	  .users = SINGLE,
	  PARTS(INFECTION(thread, 5, 200)) },
	{ .name = "burst",
	  .text = "bot, up to two minutes at once, then nothing for hours",
	  .users = SINGLE,
	  PARTS(INFECTION(burst, 1, 1)) },
	{ .name = "retrying",
	  .text = "bot, tries each destination some times, then no more",
	  .users = SINGLE,
	  PARTS(INFECTION(retrying, 1, 1)) },
	{ .name = "mimic",
	  .text = "bot that backs off for days as a mail server does",
	  .limit = true,
	  .users = SINGLE,
	  PARTS(INFECTION(mimic, 1, 1)) },
	{ .name = "snowshoe",
	  .text = "one of many addresses that send a little each",
	  .users = SINGLE,
	  PARTS(INFECTION(snowshoe, 1, 1)) },
	{ .name = "scan-walk",
	  .text = "scanner, one address of a network after the other",
	  .users = SINGLE,
	  PARTS(INFECTION(scan_walk, 1, 1)) },
	{ .name = "scan-random",
	  .text = "scanner, any address",
	  .users = SINGLE,
	  PARTS(INFECTION(scan_any, 1, 1)) },
	{ .name = "nat-bot",
	  .text = "medium bot in a NAT of 20 to 500",
	  .users = { 20, 500 },
	  PARTS(OFFICE, INFECTION(medium, 1, 1)) },
	{ .name = "cgnat-bot",
	  .text = "medium bot in a CGNAT of 2000 to 10000",
	  .limit = true,
	  .users = { 2000, 10000 },
	  .declared = true,
	  PARTS(HOMES, INFECTION(medium, 1, 1)) },
	{ .name = "misconfigured",
	  .text = "mail program, 1 or 2 smarthosts each 5 to 30 min",
	  .kind = DETECT_BENIGN,
	  .users = SINGLE,
	  PARTS(ONE(misconfigured)) },
	{ .name = "iot",
	  .text = "printer or camera, one host, once a day to 60 an hour",
	  .kind = DETECT_BENIGN,
	  .users = SINGLE,
	  PARTS(ONE(device)) },
	{ .name = "monitor",
	  .text = "probe of one host at a fixed interval",
	  .kind = DETECT_BENIGN,
	  .users = SINGLE,
	  PARTS(ONE(probe)) },
	{ .name = "hobby",
	  .text = "somebody's own mail server, about a message an hour",
	  .kind = DETECT_BENIGN,
	  .users = SINGLE,
	  PARTS(ONE(hobby)) },
	{ .name = "script",
	  .text = "web form that mails directly and never again, 1 to 20 a day",
	  .kind = DETECT_GREY,
	  .users = SINGLE,
	  PARTS(ONE(script)) },
	{ .name = "newsletter",
	  .text = "hobby server that also sends 200 to 5000 at once",
	  .kind = DETECT_BENIGN,
	  .users = SINGLE,
	  PARTS(ONE(hobby), ONE(campaign)) },
	{ .name = "nat",
	  .text = "20 to 500 of all the benign behind one address",
	  .kind = DETECT_BENIGN,
	  .users = { 20, 500 },
	  PARTS(OFFICE) },
	{ .name = "cgnat",
	  .text = "2000 to 10000 subscribers behind one address",
	  .kind = DETECT_BENIGN,
	  .users = { 2000, 10000 },
	  .declared = true,
	  PARTS(HOMES) },
	{ .name = "retry-storm",
	  .text = "mail server whose whole queue is tried again and again",
	  .kind = DETECT_BENIGN,
	  .users = SINGLE,
	  PARTS(ONE(hobby), ONE(storm)) },
	{ .name = "wifi",
	  .text = "hotspot whose clients connect again to a few hosts",
	  .kind = DETECT_BENIGN,
	  .users = { 5, 50 },
	  PARTS(ONE(reconnect)) },
	{ .name = "few-networks",
	  .text = "bot, 30 to 100 addresses in 8 to 16 networks",
	  .users = SINGLE,
	  PARTS(INFECTION(few, 1, 1)) },
	{ .name = "one-provider",
	  .text = "bot, 6 to 24 addresses of one provider",
	  .users = SINGLE,
	  PARTS(INFECTION(provider, 1, 1)) },
	{ .name = "twenty",
	  .text = "bot, a list of 20 addresses",
	  .users = SINGLE,
	  PARTS(INFECTION(twenty, 1, 1)) },
	{ .name = "ninety",
	  .text = "bot, one attempt every 90 minutes",
	  .users = SINGLE,
	  PARTS(INFECTION(ninety, 1, 1)) },
	{ .name = "holiday",
	  .text = "new mail server, 20 to 60 recipients at once",
	  .kind = DETECT_BENIGN,
	  .users = SINGLE,
	  PARTS(ONE(holiday)) },
	{ .name = "holiday-known",
	  .text = "hobby server, 20 to 60 more recipients at once",
	  .kind = DETECT_BENIGN,
	  .users = SINGLE,
	  PARTS(ONE(hobby), ONE(holiday_later)) },
	{ .name = "monitoring",
	  .text = "probes of 50 mail servers every five minutes",
	  .kind = DETECT_BENIGN,
	  .users = SINGLE,
	  PARTS(ONE(probes)) },
	{ .name = "round-robin",
	  .text = "camera whose smarthosts lie in 5 to 20 networks",
	  .kind = DETECT_BENIGN,
	  .users = SINGLE,
	  PARTS(ONE(camera)) },
	{ .name = "dead-host",
	  .text = "program that tries one or two dead hosts all the time",
	  .kind = DETECT_GREY,
	  .users = SINGLE,
	  PARTS(ONE(hammer)) },
};

const size_t n_detect_classes = COUNT(detect_classes);

const struct detect_class *detect_class_by_name(const char *name)
{
	for (size_t i = 0; i < n_detect_classes; i++)
		if (!strcmp(detect_classes[i].name, name))
			return &detect_classes[i];
	return NULL;
}

/* Threads share one draw of figures, others draw each for itself. */
static void part_populate(struct world *w, struct customer *s,
			  const struct habit_part *part)
{
	struct range range = { part->count[0], part->count[1] + .999 };
	uint32_t n = part->share > 0 ?
			     chance_poisson(&s->chance,
					    part->share * s->seen.users) :
			     (uint32_t)chance_octave(&s->chance, range);

	if (part->habit->ports == PORTS_SUBMISSION &&
	    !world_config(w)->submission)
		return;
	if (part->habit->think_s.high > 0) {
		habit_start(w, s, part, n);
		return;
	}
	for (uint32_t i = 0; i < n; i++)
		habit_start(w, s, part, 1);
}

/* Some of those who have a bot have a mail program too. */
static const struct habit_part background = ONE(misconfigured);

void customer_populate(struct world *w, struct customer *s)
{
	const struct detect_class *class = s->seen.class;

	for (size_t i = 0; i < class->n_parts; i++)
		part_populate(w, s, &class->parts[i]);
	if (s->seen.bot &&
	    chance_unit(&s->chance) < world_config(w)->background)
		part_populate(w, s, &background);
}

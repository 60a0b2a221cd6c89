/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * trace [-s SEED] [-h HOURS] [-b drop|reset|open] [-l LOSS] [-f FAILURE]
 *       [-6 SHARE] [-p] [-w FILE] CLASS[=SOURCES]...
 *
 * Looks at generated traffic before a detector does: for each class what a
 * source does in a day, which share of the sources each baseline flags (with
 * Wilson's 95 % interval), and how fast events come. -p adds the other mail
 * ports, -w makes a capture file. CLASS "all" is every class.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "baselines.h"
#include "pcap.h"
#include "stats.h"

#define CLASSES_MOST 64

struct tally {
	uint64_t syns, attempts, replies;
	uint64_t destinations, groups;
	uint64_t flagged[N_BASELINES];
};

/* What has been seen: a set of numbers that grows. */
struct seen {
	uint64_t *keys;
	size_t n, room;
};

static struct world_config config = { .seed = 1, .duration_us = WORLD_DAY };
static struct population classes[CLASSES_MOST];
static struct tally tallies[CLASSES_MOST];
static struct seen seen;
static struct world *world;
static const char *capture;

static uint64_t hash(uint64_t x)
{
	x = (x ^ (x >> 32)) * 0xd6e8feb86659fd93;
	x = (x ^ (x >> 32)) * 0xd6e8feb86659fd93;
	return (x ^ (x >> 32)) | 1;
}

static void seen_grow(struct seen *s)
{
	struct seen old = *s;

	s->room = old.room ? old.room * 2 : 1 << 16;
	s->keys = calloc(s->room, sizeof(*s->keys));
	if (!s->keys)
		abort();
	for (size_t i = 0; i < old.room; i++) {
		size_t at = old.keys[i] / 2 % s->room;

		while (old.keys[i] && s->keys[at])
			at = (at + 1) % s->room;
		if (old.keys[i])
			s->keys[at] = old.keys[i];
	}
	free(old.keys);
}

static bool seen_new(struct seen *s, uint64_t key)
{
	size_t at;

	if (s->n * 2 >= s->room)
		seen_grow(s);
	for (at = key / 2 % s->room; s->keys[at]; at = (at + 1) % s->room)
		if (s->keys[at] == key)
			return false;
	s->keys[at] = key;
	s->n++;
	return true;
}

static void count(struct tally *t, const struct event *e)
{
	uint64_t who = (uint64_t)e->index << 32;

	if (event_is_reply(e)) {
		t->replies++;
		return;
	}
	t->syns++;
	t->attempts +=
		seen_new(&seen, hash(hash(who | e->destination) ^
				     ((uint64_t)e->sport << 32 | e->seq)));
	t->destinations += seen_new(&seen, hash(who | e->destination) ^ 2);
	t->groups += seen_new(&seen, hash(who | e->destination >> 16) ^ 4);
}

static size_t class_row(uint32_t index)
{
	const struct detect_class *class = world_source(world, index)->class;
	size_t i = 0;

	while (strcmp(classes[i].name, class->name))
		i++;
	return i;
}

static void print_tallies(void)
{
	double days = (double)config.duration_us / (double)WORLD_DAY;

	printf("%-14s %8s %11s %11s %11s %10s %10s\n", "class", "sources",
	       "syns/day", "tries/day", "replies/day", "hosts", "groups");
	for (size_t i = 0; i < config.n_classes; i++) {
		const struct tally *t = &tallies[i];
		double n = classes[i].sources;

		printf("%-14s %8u %11.1f %11.1f %11.1f %10.1f %10.1f\n",
		       classes[i].name, classes[i].sources,
		       (double)t->syns / n / days,
		       (double)t->attempts / n / days,
		       (double)t->replies / n / days,
		       (double)t->destinations / n, (double)t->groups / n);
	}
}

static void note_flag(void *ctx, enum baseline baseline, uint32_t index,
		      int64_t time_us)
{
	(void)ctx;
	(void)time_us;
	tallies[class_row(index)].flagged[baseline]++;
}

static void print_baselines(void)
{
	printf("%-14s", "flagged, %");
	for (int i = 0; i < N_BASELINES; i++)
		printf(" %15s", baseline_name((enum baseline)i));
	putchar('\n');
	for (size_t i = 0; i < config.n_classes; i++) {
		printf("%-14s", classes[i].name);
		for (int j = 0; j < N_BASELINES; j++) {
			uint64_t hits = tallies[i].flagged[j];
			uint64_t n = classes[i].sources;
			struct interval share = wilson_95(hits, n);

			printf(" %5.1f (%3.0f-%3.0f)",
			       100.0 * (double)hits / (double)n,
			       100 * share.low, 100 * share.high);
		}
		putchar('\n');
	}
}

static double seconds_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* What events cost without being counted. */
static void print_speed(void)
{
	struct world *w = world_new(&config);
	struct event event;
	uint64_t n = 0;
	double began = seconds_now(), took;

	while (world_next(w, &event))
		n++;
	took = seconds_now() - began;
	world_free(w);
	printf("%llu events in %.2f s, %.2f million a second\n",
	       (unsigned long long)n, took, (double)n / took / 1e6);
}

static int watch(struct trace_file *file)
{
	struct baselines *b = baselines_new(note_flag, NULL);
	struct event event;

	while (world_next(world, &event)) {
		count(&tallies[class_row(event.index)], &event);
		baselines_feed(b, &event);
		if (file)
			trace_write(file, &event);
	}
	baselines_advance(b, INT64_MAX / 2);
	baselines_free(b);
	return file ? trace_close(file) : 0;
}

static int run(void)
{
	struct trace_file *file = NULL;
	int error;

	world = world_new(&config);
	if (!world) {
		fprintf(stderr, "trace: these classes make no world\n");
		return 1;
	}
	if (capture && !(file = trace_create(capture, FRAME_ETHERNET))) {
		perror(capture);
		world_free(world);
		return 1;
	}
	error = watch(file);
	world_free(world);
	if (error)
		fprintf(stderr, "%s: %s\n", capture, strerror(-error));
	print_tallies();
	print_baselines();
	print_speed();
	return error ? 1 : 0;
}

static void add_class(char *word)
{
	char *equals = strchr(word, '=');
	uint32_t n = equals ? (uint32_t)atol(equals + 1) : 100;

	if (equals)
		*equals = '\0';
	for (size_t i = 0; i < n_detect_classes; i++) {
		const char *name = detect_classes[i].name;

		if (config.n_classes < CLASSES_MOST &&
		    (!strcmp(word, "all") || !strcmp(word, name)))
			classes[config.n_classes++] =
				(struct population){ name, n, 0 };
	}
}

static void set_block(const char *word)
{
	config.block = !strcmp(word, "reset") ? WORLD_RESET :
		       !strcmp(word, "open")  ? WORLD_OPEN :
						WORLD_DROP;
}

int main(int argc, char **argv)
{
	int option;

	while ((option = getopt(argc, argv, "s:h:b:l:f:6:w:p")) != -1) {
		if (option == 's')
			config.seed = strtoull(optarg, NULL, 0);
		else if (option == 'h')
			config.duration_us =
				(int64_t)(atof(optarg) * (double)WORLD_HOUR);
		else if (option == 'b')
			set_block(optarg);
		else if (option == 'l')
			config.loss = atof(optarg);
		else if (option == 'f')
			config.failure = atof(optarg);
		else if (option == '6')
			config.ipv6 = atof(optarg);
		else if (option == 'w')
			capture = optarg;
		else if (option == 'p')
			config.submission = true;
		else
			return 2;
	}
	config.classes = classes;
	while (optind < argc)
		add_class(argv[optind++]);
	return run();
}

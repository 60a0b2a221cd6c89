/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * measure [-s SEED] [-d DAYS] [-cwq] [-b drop|reset|open] [CLASS...]
 *
 * The detector against generated traffic: for each class of source how many
 * are flagged and how soon, with 95 % intervals, beside what others published
 * on the same events. Never one pooled accuracy.
 *
 * -c: bots begin in the first hour, while the monitor warms up; -w: the same,
 * and warm-up is skipped. -q: a tenth of the sources.
 */
#include "../../plugin/engine/engine.h"
#include "baselines.h"
#include "frame.h"
#include "stats.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What is asked of a class, and how long it is watched for that. */
struct row {
	const char *class;
	uint32_t sources;
	int days;
	double within_h; /* after infection; 0: to the end */
	double loss;
	int64_t active_s; /* the bot stops after that; 0: never */
};

/*
 * Benign classes have enough source-days to tell 2 in 10,000 from more: with
 * no hit in 20,000 the interval ends at 1.9.
 */
static const struct row rows[] = {
	{ "fast", 400, 3, 24, 0, 0 },
	{ "medium", 400, 3, 24, 0, 0 },
	{ "slow", 400, 4, 24, 0, 0 },
	{ "very-slow", 400, 6, 72, 0, 0 },
	{ "threads", 400, 3, 24, 0, 0 },
	{ "burst", 400, 3, 24, 0, 0 },
	{ "retrying", 400, 4, 24, 0, 0 },
	{ "scan-walk", 400, 3, 24, 0, 0 },
	{ "scan-random", 400, 3, 24, 0, 0 },
	{ "snowshoe", 400, 6, 72, 0, 0 },
	{ "nat-bot", 200, 5, 24, 0, 0 },
	{ "cgnat-bot", 20, 4, 24, 0, 0 },
	{ "mimic", 200, 6, 72, 0, 0 },
	{ "misconfigured", 3000, 7, 0, 0, 0 },
	{ "iot", 3000, 7, 0, 0, 0 },
	{ "monitor", 3000, 7, 0, 0, 0 },
	{ "hobby", 3000, 7, 0, 0, 0 },
	{ "script", 1000, 7, 0, 0, 0 },
	{ "newsletter", 300, 7, 0, 0, 0 },
	{ "nat", 1000, 7, 0, 0, 0 },
	{ "cgnat", 30, 3, 0, 0, 0 },
	{ "retry-storm", 1000, 7, 0, 0, 0 },
	{ "wifi", 1000, 7, 0, 0, 0 },
	{ "few-networks", 400, 3, 24, 0, 0 },
	{ "one-provider", 400, 3, 24, 0, 0 },
	{ "twenty", 400, 3, 24, 0, 0 },
	{ "ninety", 400, 17, 336, 0, 0 },
	{ "holiday", 3000, 7, 0, 0, 0 },
	{ "holiday-known", 1000, 7, 0, 0, 0 },
	{ "monitoring", 200, 7, 0, 0, 0 },
	{ "round-robin", 1000, 7, 0, 0, 0 },
	{ "dead-host", 100, 3, 0, 0, 0 },
};

static uint64_t seed = 1;
static uint32_t divide = 1;
static int days; /* 0: as the row has them */
static enum world_block block = WORLD_DROP;
static double loss;
static bool verbose, cold, skip_warmup;

struct outcome_of {
	int64_t spam_us, any_us; /* 0: never */
	uint32_t attempts;	 /* until then */
	enum detector detector;
	int64_t baseline_us[N_BASELINES];
};

struct run {
	const struct row *row;
	struct world *world;
	struct engine *engine;
	struct policy *policy;
	struct outcome_of *of;
	uint32_t *order; /* sources by address */
	uint32_t n;
	uint64_t found[DETECTOR_N];
};

/* ---- which source? ---- */

static const struct run *sorting;

static uint64_t address_of(const struct run *r, uint32_t i)
{
	const struct world_source *s = world_source(r->world, i);

	return (uint64_t)s->ipv6 << 32 | s->address;
}

static int by_address(const void *a, const void *b)
{
	uint64_t one = address_of(sorting, *(const uint32_t *)a);
	uint64_t two = address_of(sorting, *(const uint32_t *)b);

	return one < two ? -1 : one > two;
}

static uint32_t index_of(const struct run *r, const struct finding *f)
{
	const uint8_t *b = f->source.byte;
	uint64_t address = (uint64_t)b[0] << 24 | (uint64_t)b[1] << 16 |
			   (uint64_t)b[2] << 8 | b[3];
	uint32_t from = 0, to = r->n;

	while (from < to) {
		uint32_t middle = from + (to - from) / 2;

		if (address_of(r, r->order[middle]) < address)
			from = middle + 1;
		else
			to = middle;
	}
	return from < r->n ? r->order[from] : 0;
}

/* ---- what is flagged ---- */

static void take_finding(void *ctx, const struct finding *f)
{
	struct run *r = ctx;
	struct outcome_of *o = &r->of[index_of(r, f)];

	if (!o->any_us)
		o->any_us = f->time_us;
	if (detector_finding(f->detector) != FINDING_SPAM_SOURCE)
		return;
	r->found[f->detector]++;
	if (o->spam_us)
		return;
	o->spam_us = f->time_us;
	o->attempts = f->attempts;
	o->detector = f->detector;
	if (verbose)
		fprintf(stderr,
			"%s %u: %s after %.2f h, %u attempts, %u networks\n",
			r->row->class, index_of(r, f),
			detector_name(f->detector),
			(double)(f->time_us - WORLD_START) / WORLD_HOUR,
			f->attempts, f->groups);
}

static void take_baseline(void *ctx, enum baseline b, uint32_t index,
			  int64_t time_us)
{
	((struct run *)ctx)->of[index].baseline_us[b] = time_us;
}

/* ---- a policy that says how many users share an address ---- */

static const char *policy_text;

static int read_text(void *ctx, const char *path, const char **text,
		     size_t *len)
{
	(void)ctx;
	(void)path;
	*text = policy_text;
	*len = strlen(policy_text);
	return 0;
}

static void release_text(void *ctx, const char *text, size_t len)
{
	(void)ctx;
	(void)text;
	(void)len;
}

static int no_id(void *ctx, const char *name, uint32_t *id)
{
	(void)ctx;
	(void)name;
	(void)id;
	return -ENOENT;
}

static void make_policy(struct run *r)
{
	struct policy_input input = { .read = read_text,
				      .release = release_text,
				      .user = no_id,
				      .group = no_id };
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	uint32_t classes = 0;

	fputs("policy measured\npurpose \"-\"\ncontact \"-\"\n"
	      "review 2099-01-01\nhook forward\n",
	      out);
	for (uint32_t i = 0; i < r->n; i++) {
		const struct world_source *s = world_source(r->world, i);

		if (s->declared && classes < 900)
			fprintf(out, "class c%u users %u { %u.%u.%u.%u }\n",
				classes++, s->declared, s->address >> 24,
				s->address >> 16 & 255, s->address >> 8 & 255,
				s->address & 255);
	}
	fputs("outbound { block smtp drop }\n", out);
	fclose(out);
	policy_text = text;
	if (classes && policy_load(&input, "measured", &r->policy))
		abort();
	if (r->policy && r->policy->diags.errors) {
		fprintf(stderr, "measure: %s\n",
			r->policy->diags.items[0].message);
		exit(1);
	}
	free(text);
}

/* ---- one class ---- */

static void start(struct run *r)
{
	struct population p = { r->row->class, r->row->sources / divide,
				r->row->active_s * WORLD_SECOND };
	struct world_config config = {
		.seed = seed,
		.classes = &p,
		.n_classes = 1,
		.duration_us = r->row->days * WORLD_DAY,
		.block = block,
		.loss = loss,
		.failure = 0.05,
		.submission = false,
		.infected_us = { 25 * WORLD_HOUR, 36 * WORLD_HOUR },
	};
	const int64_t first_hour_us[2] = { 1, WORLD_HOUR };
	struct engine_config e = { .ctx = r,
				   .finding = take_finding,
				   .skip_warmup = skip_warmup,
				   .key = { seed, 1 } };

	if (cold)
		memcpy(config.infected_us, first_hour_us,
		       sizeof(first_hour_us));
	r->world = world_new(&config);
	if (!r->world) {
		fprintf(stderr, "measure: no class %s\n", r->row->class);
		exit(1);
	}
	r->n = world_sources(r->world);
	r->of = calloc(r->n, sizeof(*r->of));
	r->order = calloc(r->n, sizeof(*r->order));
	for (uint32_t i = 0; i < r->n; i++)
		r->order[i] = i;
	sorting = r;
	qsort(r->order, r->n, sizeof(*r->order), by_address);
	make_policy(r);
	e.policy = r->policy;
	if (engine_new(&e, &r->engine))
		abort();
}

static void feed(struct run *r)
{
	struct baselines *b = baselines_new(take_baseline, r);
	uint8_t bytes[FRAME_MOST];
	struct event event;

	engine_time(r->engine, WORLD_START);
	while (world_next(r->world, &event)) {
		uint32_t len = (uint32_t)frame_build(&event, FRAME_RAW, bytes);
		struct frame frame = { .data = bytes,
				       .caplen = len,
				       .len = len,
				       .time_us = event.time_us,
				       .link = LINK_RAW };

		engine_frame(r->engine, &frame);
		baselines_feed(b, &event);
	}
	baselines_advance(b, WORLD_START + r->row->days * WORLD_DAY);
	engine_time(r->engine, WORLD_START + r->row->days * WORLD_DAY);
	engine_end(r->engine);
	baselines_free(b);
}

static bool in_time(const struct run *r, uint32_t i, int64_t at_us)
{
	const struct world_source *s = world_source(r->world, i);

	if (!at_us)
		return false;
	if (!s->bot || r->row->within_h == 0)
		return true;
	return at_us >= s->infected_us &&
	       at_us - s->infected_us <=
		       (int64_t)(r->row->within_h * WORLD_HOUR);
}

static int by_value(const void *a, const void *b)
{
	double one = *(const double *)a, two = *(const double *)b;

	return one < two ? -1 : one > two;
}

static void print_share(uint64_t hits, uint64_t n)
{
	struct interval i = wilson_95(hits, n);

	printf(" %6.2f%% (%5.2f-%6.2f)",
	       n ? 100.0 * (double)hits / (double)n : 0, 100 * i.low,
	       100 * i.high);
}

static void print_delay(const struct run *r)
{
	double *seconds = calloc(r->n, sizeof(double));
	double *attempts = calloc(r->n, sizeof(double));
	size_t n = 0;

	for (uint32_t i = 0; i < r->n; i++) {
		const struct world_source *s = world_source(r->world, i);

		if (!s->bot || !in_time(r, i, r->of[i].spam_us))
			continue;
		seconds[n] = (double)(r->of[i].spam_us - s->infected_us) / 1e6;
		attempts[n++] = r->of[i].attempts;
	}
	qsort(seconds, n, sizeof(double), by_value);
	qsort(attempts, n, sizeof(double), by_value);
	if (n)
		printf("  %7.0f %7.0f s %5.0f %5.0f", seconds[n / 2],
		       seconds[n * 95 / 100], attempts[n / 2],
		       attempts[n * 95 / 100]);
	else
		printf("  %7s %7s   %5s %5s", "-", "-", "-", "-");
	free(seconds);
	free(attempts);
}

static void print_detectors(const struct run *r)
{
	uint64_t first[DETECTOR_N] = { 0 };

	for (uint32_t i = 0; i < r->n; i++)
		if (r->of[i].spam_us)
			first[r->of[i].detector]++;
	printf("  ");
	for (enum detector d = 0; d < DETECTOR_N; d++)
		if (first[d])
			printf("%s %llu ", detector_name(d),
			       (unsigned long long)first[d]);
}

static void print_run(const struct run *r)
{
	const struct detect_class *class = detect_class_by_name(r->row->class);
	uint64_t spam = 0, any = 0, baseline[N_BASELINES] = { 0 };

	for (uint32_t i = 0; i < r->n; i++) {
		spam += in_time(r, i, r->of[i].spam_us);
		any += in_time(r, i, r->of[i].any_us);
		for (int b = 0; b < N_BASELINES; b++)
			baseline[b] += in_time(r, i, r->of[i].baseline_us[b]);
	}
	printf("%-13s %-6s %5u x %d d", r->row->class,
	       class->kind == DETECT_BOT    ? "bot" :
	       class->kind == DETECT_BENIGN ? "benign" :
					      "grey",
	       r->n, r->row->days);
	print_share(spam, r->n);
	print_share(any, r->n);
	print_delay(r);
	printf(" |");
	for (int b = 0; b < N_BASELINES; b++)
		printf(" %5.1f", 100.0 * (double)baseline[b] / r->n);
	print_detectors(r);
	if (class->kind == DETECT_BENIGN)
		printf(" [%.2f in 10,000 source-days]",
		       1e4 * (double)spam / (r->n * (double)r->row->days));
	printf("\n");
	fflush(stdout);
}

static void run(const struct row *of)
{
	struct row row = *of;
	struct run r = { .row = &row };

	if (days)
		row.days = days;

	start(&r);
	feed(&r);
	print_run(&r);
	engine_free(r.engine);
	policy_free(r.policy);
	world_free(r.world);
	free(r.of);
	free(r.order);
}

static bool is_wanted(const char *class, int argc, char **argv)
{
	for (int i = 0; i < argc; i++)
		if (!strcmp(argv[i], class))
			return true;
	return argc == 0;
}

static enum world_block block_by_name(const char *name)
{
	return !strcmp(name, "reset") ? WORLD_RESET :
	       !strcmp(name, "open")  ? WORLD_OPEN :
					WORLD_DROP;
}

int main(int argc, char **argv)
{
	int c;

	while ((c = getopt(argc, argv, "s:b:l:d:cwqv")) != -1)
		switch (c) {
		case 's':
			seed = strtoull(optarg, NULL, 10);
			break;
		case 'b':
			block = block_by_name(optarg);
			break;
		case 'l':
			loss = strtod(optarg, NULL);
			break;
		case 'w':
			skip_warmup = true;
			cold = true;
			break;
		case 'c':
			cold = true;
			break;
		case 'd':
			days = atoi(optarg);
			break;
		case 'v':
			verbose = true;
			break;
		case 'q':
			divide = 10;
			break;
		default:
			fprintf(stderr,
				"usage: measure [-s SEED] "
				"[-b drop|reset|open] [-l LOSS] [-d DAYS] "
				"[-cwqv] "
				"[CLASS...]\n");
			return 2;
		}
	printf("%-13s %-6s %13s %-24s %-24s  %-30s |", "class", "kind",
	       "sources", " spam source", " any finding",
	       "delay, median and 95 %");
	for (int b = 0; b < N_BASELINES; b++)
		printf(" %.5s", baseline_name(b));
	printf("  first detector\n");
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (is_wanted(rows[i].class, argc - optind, argv + optind))
			run(&rows[i]);
	return 0;
}

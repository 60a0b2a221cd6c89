/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "svg.h"

#include <stdio.h>
#include <math.h>
#include <time.h>

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

#define TIME_PX	    240
#define PORT_PX	    44 /* height of a row with a name and a bar */
#define HEAT_PX	    24u
#define BARS_MOST   400 /* with more, bars are thinner than a line */
#define TICKS	    8	/* ticks with a name */
#define DAY_S	    86400

const enum outcome svg_order[OUTCOME_N] = {
	OUTCOME_ANSWERED,     OUTCOME_BLOCKED,	  OUTCOME_REFUSED,
	OUTCOME_ICMP_REFUSED, OUTCOME_UNANSWERED,
};

/* ---- parts ---- */

/* Prints an attribute in percent; %f would follow the locale. */
static void put_share(FILE *out, const char *attribute, double share)
{
	long n = lround(share * 100000);

	fprintf(out, " %s=\"%ld.%03ld%%\"", attribute, n / 1000, n % 1000);
}

static void put_class(FILE *out, enum outcome outcome)
{
	fputs(" class=\"", out);
	page_text(out, outcome_name(outcome));
	fputc('"', out);
}

static double ratio(uint64_t part, uint64_t all)
{
	return all ? (double)part / (double)all : 0;
}

/*
 * Opens a drawing with a title and a description, whose ids are "id-t" and
 * "id-d". The caller prints the description; svg_body() ends it.
 */
static void svg_open(FILE *out, const char *id, unsigned int height_px,
		     const char *title)
{
	fprintf(out,
		"<svg id=\"%s\" class=\"chart\" role=\"img\" "
		"height=\"%u\" aria-labelledby=\"%s-t %s-d\">"
		"<title id=\"%s-t\">%s</title><desc id=\"%s-d\">",
		id, height_px, id, id, id, title, id);
}

static void svg_body(FILE *out)
{
	fputs("</desc>\n", out);
}

void svg_patterns(FILE *out)
{
	fputs("<svg width=\"0\" height=\"0\" aria-hidden=\"true\" "
	      "focusable=\"false\" style=\"position:absolute\"><defs>"
	      "<pattern id=\"hatch-refused\" patternUnits=\"userSpaceOnUse\" "
	      "width=\"5\" height=\"5\" patternTransform=\"rotate(45)\">"
	      "<rect width=\"5\" height=\"5\" class=\"on-refused\"/>"
	      "<line x1=\"0\" y1=\"0\" x2=\"0\" y2=\"5\" stroke-width=\"3\" "
	      "class=\"gap\"/></pattern>"
	      "<pattern id=\"hatch-icmp\" patternUnits=\"userSpaceOnUse\" "
	      "width=\"4\" height=\"4\">"
	      "<rect width=\"4\" height=\"4\" class=\"on-icmp\"/>"
	      "<line x1=\"0\" y1=\"0\" x2=\"4\" y2=\"0\" stroke-width=\"3\" "
	      "class=\"gap\"/></pattern></defs></svg>\n",
	      out);
}

void svg_swatch(FILE *out, enum outcome outcome)
{
	fputs("<svg class=\"swatch\" width=\"14\" height=\"14\" "
	      "aria-hidden=\"true\"><rect width=\"14\" height=\"14\"",
	      out);
	put_class(out, outcome);
	fputs("/></svg>", out);
}

/* Prints "123 attempts: 100 blocked, 23 answered". */
static void put_tally(FILE *out, const struct tally *t)
{
	const char *before = ": ";

	page_count(out, tally_sum(t), "attempt", "attempts");
	for (size_t i = 0; i < OUTCOME_N; i++) {
		enum outcome o = svg_order[i];

		if (!t->outcome[o])
			continue;
		fputs(before, out);
		page_number(out, t->outcome[o]);
		fputc(' ', out);
		page_text(out, outcome_name(o));
		before = ", ";
	}
}

/* ---- timeline ---- */

struct axis {
	uint64_t step;
	unsigned int steps;
	double top; /* the last step may be beyond 64 bits */
};

/* The smallest of 1, 2, 5, 10, 20, ... that makes at most four steps. */
static uint64_t axis_step(uint64_t most)
{
	static const unsigned int firsts[] = { 1, 2, 5 };

	for (uint64_t ten = 1;; ten *= 10)
		for (size_t i = 0; i < COUNT(firsts); i++) {
			uint64_t step = ten * firsts[i];

			if (most / 4 + (most % 4 > 0) <= step)
				return step;
		}
}

static struct axis axis_of(uint64_t most)
{
	uint64_t step = axis_step(most);
	uint64_t steps = most ? most / step + (most % step > 0) : 1;

	return (struct axis){ step, (unsigned int)steps,
			      (double)step * (double)steps };
}

/* Buckets in a bar: hours that divide a day, or whole days. */
static size_t bar_buckets(const struct report *r)
{
	static const size_t hours[] = { 1, 2, 3, 4, 6, 12 };
	size_t least = (r->timeline.n + BARS_MOST - 1) / BARS_MOST;

	if (r->timeline.seconds >= DAY_S)
		return least ? least : 1;
	for (size_t i = 0; i < COUNT(hours); i++)
		if (hours[i] >= least)
			return hours[i];
	return (least + 23) / 24 * 24;
}

size_t svg_bars(const struct report *r)
{
	size_t each = bar_buckets(r);

	return (r->timeline.n + each - 1) / each;
}

int64_t svg_bar_s(const struct report *r)
{
	return (int64_t)bar_buckets(r) * r->timeline.seconds;
}

struct report_bucket svg_bar(const struct report *r, size_t i)
{
	size_t each = bar_buckets(r);
	struct report_bucket bar = {
		.start_s = r->timeline.items[i * each].start_s
	};

	for (size_t k = i * each; k < (i + 1) * each && k < r->timeline.n; k++)
		for (int o = 0; o < OUTCOME_N; o++)
			bar.now.outcome[o] +=
				r->timeline.items[k].now.outcome[o];
	return bar;
}

static uint64_t timeline_most(const struct report *r, size_t *at)
{
	uint64_t most = 0;

	for (size_t i = 0; i < svg_bars(r); i++) {
		struct report_bucket bar = svg_bar(r, i);
		uint64_t n = tally_sum(&bar.now);

		if (n > most) {
			most = n;
			*at = i;
		}
	}
	return most;
}

static void put_grid(FILE *out, const struct axis *a)
{
	for (unsigned int i = 0; i <= a->steps; i++) {
		double y = 1 - (double)i / a->steps;

		fprintf(out, "<line class=\"%s\" x1=\"0\" x2=\"100%%\"",
			i ? "grid" : "axis");
		put_share(out, "y1", y);
		put_share(out, "y2", y);
		fputs("/>", out);
		if (i && a->step > UINT64_MAX / i)
			return;
		fputs("<text class=\"e\" x=\"-8\" dy=\".35em\"", out);
		put_share(out, "y", y);
		fputc('>', out);
		page_short(out, i * a->step);
		fputs("</text>\n", out);
	}
}

enum when svg_bar_when(const struct report *r)
{
	int64_t seconds = (int64_t)r->timeline.n * r->timeline.seconds;

	if (svg_bar_s(r) < DAY_S)
		return WHEN_HOUR;
	return seconds < 300 * DAY_S ? WHEN_DAY : WHEN_DATE;
}

/*
 * The share of a bar in its place: with many bars, gaps would fill the drawing.
 */
static double bar_share(size_t n)
{
	return n <= 62 ? 0.8 : n <= 200 ? 0.88 : 1;
}

static void put_stack(FILE *out, const struct report *r, size_t i,
		      const struct axis *a)
{
	const struct report_bucket b = svg_bar(r, i);
	double width = 1.0 / (double)svg_bars(r);
	double bar = bar_share(svg_bars(r)), low = 1;

	fputs("<g><title>", out);
	page_when(out, b.start_s, svg_bar_when(r), r->made_s);
	fputs(", ", out);
	put_tally(out, &b.now);
	fputs("</title><rect class=\"hit\" height=\"100%\"", out);
	put_share(out, "x", (double)i * width);
	put_share(out, "width", width);
	fputs("/>", out);
	for (size_t k = 0; k < OUTCOME_N; k++) {
		enum outcome o = svg_order[k];
		double height = (double)b.now.outcome[o] / a->top;

		if (!b.now.outcome[o])
			continue;
		low = height > low ? 0 : low - height;
		fputs("<rect", out);
		put_class(out, o);
		put_share(out, "x", ((double)i + (1 - bar) / 2) * width);
		put_share(out, "y", low);
		put_share(out, "width", bar * width);
		put_share(out, "height", height);
		fputs("/>", out);
	}
	fputs("</g>\n", out);
}

static bool is_short(const struct report *r)
{
	return (int64_t)r->timeline.n * r->timeline.seconds <= 2 * DAY_S;
}

static int64_t bar_start(const struct report *r, size_t i)
{
	return r->timeline.items[i * bar_buckets(r)].start_s;
}

/*
 * Has the bar a tick? At the start of a day; in a short period every third
 * hour.
 */
static bool is_tick(const struct report *r, size_t i)
{
	time_t start = (time_t)bar_start(r, i);
	time_t before = start - (time_t)svg_bar_s(r);
	struct tm tm, last;

	if (svg_bar_s(r) >= DAY_S)
		return true;
	if (!localtime_r(&start, &tm) || !localtime_r(&before, &last))
		return false;
	return is_short(r) ? tm.tm_hour % 3 == 0 : tm.tm_yday != last.tm_yday;
}

static enum when tick_when(const struct report *r)
{
	if (is_short(r))
		return WHEN_CLOCK;
	if (svg_bar_when(r) == WHEN_DATE)
		return WHEN_SHORT;
	return svg_bar_s(r) < DAY_S ? WHEN_TICK : WHEN_MONTH;
}

/* Prints a tick. Its name begins there, so that the last ticks have none. */
static void put_tick(FILE *out, const struct report *r, size_t i, bool wide)
{
	double x = (double)i / (double)svg_bars(r);

	fputs("<rect class=\"tick\" y=\"100%\" width=\"1\" height=\"5\"", out);
	put_share(out, "x", x);
	fputs("/>", out);
	if (x > 0.88)
		return;
	fprintf(out, "<text%s y=\"100%%\" dy=\"18\"",
		wide ? " class=\"wide\"" : "");
	put_share(out, "x", x);
	fputc('>', out);
	page_when(out, bar_start(r, i), tick_when(r), r->made_s);
	fputs("</text>\n", out);
}

static void put_ticks(FILE *out, const struct report *r)
{
	size_t n = 0, stride, k = 0;

	for (size_t i = 0; i < svg_bars(r); i++)
		n += is_tick(r, i);
	stride = n ? (n + TICKS - 1) / TICKS : 1;
	for (size_t i = 0; i < svg_bars(r); i++) {
		if (!is_tick(r, i))
			continue;
		if (k % stride == 0)
			put_tick(out, r, i, k / stride % 2);
		k++;
	}
}

/* Prints a line for each loaded policy, which may explain a change. */
static void put_policies(FILE *out, const struct report *r)
{
	int64_t start = r->timeline.items[0].start_s;
	int64_t length = (int64_t)svg_bars(r) * svg_bar_s(r);

	for (size_t i = 0; i < r->loaded.n; i++) {
		const struct report_loaded *l = &r->loaded.items[i];
		double x = (double)(l->time_s - start) / (double)length;

		if (x < 0 || x >= 1)
			continue;
		fputs("<line class=\"policy\" y1=\"0\" y2=\"100%\"", out);
		put_share(out, "x1", x);
		put_share(out, "x2", x);
		fputs("/>\n", out);
	}
}

void svg_timeline(FILE *out, const struct report *r)
{
	size_t at = 0;
	uint64_t most = timeline_most(r, &at);
	struct axis a = axis_of(most);
	struct report_bucket highest = svg_bar(r, at);

	svg_open(out, "d-time", TIME_PX, "Attempts over time, by outcome");
	page_count(out, svg_bars(r), "bar", "bars");
	fputs(" of ", out);
	page_duration(out, svg_bar_s(r));
	fputs("; the highest is ", out);
	page_when(out, highest.start_s, svg_bar_when(r), r->made_s);
	fputs(", ", out);
	put_tally(out, &highest.now);
	svg_body(out);
	put_grid(out, &a);
	for (size_t i = 0; i < svg_bars(r); i++)
		put_stack(out, r, i, &a);
	put_policies(out, r);
	put_ticks(out, r);
	fputs("</svg>\n", out);
}

/* ---- ports ---- */

static uint64_t ports_most(const struct report *r)
{
	uint64_t most = 0;

	for (size_t i = 0; i < r->ports.n; i++) {
		uint64_t n = tally_sum(&r->ports.items[i].now);

		most = n > most ? n : most;
	}
	return most;
}

static void put_port_bar(FILE *out, const struct report_port *p, unsigned int y,
			 uint64_t most)
{
	double x = 0;

	fprintf(out,
		"<rect class=\"cell\" y=\"%u\" width=\"100%%\" "
		"height=\"12\"/>",
		y);
	for (size_t k = 0; k < OUTCOME_N; k++) {
		uint64_t n = p->now.outcome[svg_order[k]];

		if (!n)
			continue;
		fprintf(out, "<rect y=\"%u\" height=\"12\"", y);
		put_class(out, svg_order[k]);
		put_share(out, "x", x);
		put_share(out, "width", ratio(n, most));
		fputs("/>", out);
		x += ratio(n, most);
	}
}

static void put_port(FILE *out, const struct report *r,
		     const struct report_port *p, unsigned int y, uint64_t most)
{
	uint64_t n = tally_sum(&p->now);

	fputs("<g><title>", out);
	put_tally(out, &p->now);
	fprintf(out, "</title><text class=\"name\" x=\"0\" y=\"%u\">", y + 14);
	page_port(out, p->port);
	fprintf(out, "</text><text class=\"e\" x=\"100%%\" y=\"%u\">", y + 14);
	page_number(out, n);
	fputs(", ", out);
	page_share(out, n, tally_sum(&r->now));
	fputs("</text>", out);
	put_port_bar(out, p, y + 22, most);
	fputs("</g>\n", out);
}

void svg_ports(FILE *out, const struct report *r)
{
	uint64_t most = ports_most(r);
	unsigned int rows = 0, y = 0;

	for (size_t i = 0; i < r->ports.n; i++)
		rows += tally_sum(&r->ports.items[i].now) > 0;
	svg_open(out, "d-ports", rows * PORT_PX,
		 "Attempts by port and outcome");
	page_count(out, rows, "port", "ports");
	fputs("; the table below has the numbers", out);
	svg_body(out);
	for (size_t i = 0; i < r->ports.n; i++) {
		if (!tally_sum(&r->ports.items[i].now))
			continue;
		put_port(out, r, &r->ports.items[i], y, most);
		y += PORT_PX;
	}
	fputs("</svg>\n", out);
}

/* ---- hours of the week ---- */

static uint64_t heat_most(const struct report *r, unsigned int *day,
			  unsigned int *hour)
{
	uint64_t most = 0;

	for (unsigned int d = 0; d < 7; d++)
		for (unsigned int h = 0; h < 24; h++)
			if (r->heat[d][h] > most) {
				most = r->heat[d][h];
				*day = d;
				*hour = h;
			}
	return most;
}

/* Prints a mark whose area is the number, so that colour is not needed. */
static void put_mark(FILE *out, unsigned int day, unsigned int hour,
		     double share)
{
	double side = sqrt(share), cell = 1.0 / 24;
	double px = (HEAT_PX - 2) * side;
	long tenths = lround(10 * px);
	long y = lround(10 * (day * HEAT_PX + (HEAT_PX - px) / 2));

	fprintf(out, "<rect class=\"h%d\" y=\"%ld.%ld\" height=\"%ld.%ld\"",
		1 + (int)(side * 4.99), y / 10, y % 10, tenths / 10,
		tenths % 10);
	put_share(out, "x", (hour + 0.5 - side * 0.46) * cell);
	put_share(out, "width", side * 0.92 * cell);
	fputs("/>", out);
}

static void put_cell(FILE *out, const struct report *r, unsigned int day,
		     unsigned int hour, uint64_t most)
{
	uint64_t n = r->heat[day][hour];

	fprintf(out, "<g><title>%s %02u:00, ", page_weekdays[day], hour);
	page_count(out, n, "attempt", "attempts");
	fprintf(out, "</title><rect class=\"cell\" y=\"%u\" height=\"%u\"",
		day * HEAT_PX + 1, HEAT_PX - 2);
	put_share(out, "x", (hour + 0.04) / 24);
	put_share(out, "width", 0.92 / 24);
	fputs("/>", out);
	if (n)
		put_mark(out, day, hour, ratio(n, most));
	fputs("</g>\n", out);
}

static void put_hours(FILE *out)
{
	for (unsigned int h = 0; h < 24; h += 3) {
		fprintf(out, "<text class=\"mid%s\" y=\"%u\"",
			h % 6 ? " wide" : "", 7 * HEAT_PX + 18);
		put_share(out, "x", (h + 0.5) / 24);
		fprintf(out, ">%02u</text>\n", h);
	}
}

void svg_heat(FILE *out, const struct report *r)
{
	unsigned int day = 0, hour = 0;
	uint64_t most = heat_most(r, &day, &hour);

	svg_open(out, "d-heat", 7 * HEAT_PX, "Attempts by weekday and hour");
	fprintf(out, "the most are of %s %02u:00, ", page_weekdays[day], hour);
	page_count(out, most, "attempt", "attempts");
	svg_body(out);
	for (unsigned int d = 0; d < 7; d++) {
		fprintf(out,
			"<text class=\"e\" x=\"-8\" y=\"%u\" dy=\".35em\">"
			"%s</text>\n",
			d * HEAT_PX + HEAT_PX / 2, page_weekdays[d]);
		for (unsigned int h = 0; h < 24; h++)
			put_cell(out, r, d, h, most);
	}
	put_hours(out);
	fputs("</svg>\n", out);
}

/* ---- sparkline ---- */

static uint32_t spark_most(const struct report_source *s)
{
	uint32_t most = 0;

	for (size_t i = 0; i < REPORT_SPARKS; i++)
		most = s->spark[i] > most ? s->spark[i] : most;
	return most;
}

static void put_spark_bars(FILE *out, const struct report_source *s,
			   uint32_t most)
{
	for (size_t i = 0; i < REPORT_SPARKS; i++) {
		/* One attempt is one pixel at least. */
		uint64_t px = 1 + (uint64_t)s->spark[i] * 19 / most;

		if (s->spark[i])
			fprintf(out,
				"<rect x=\"%zu\" y=\"%u\" width=\"2\" "
				"height=\"%u\"/>",
				i * 2, (unsigned int)(20 - px),
				(unsigned int)px);
	}
}

void svg_spark(FILE *out, const struct report_source *s, int64_t part_s)
{
	uint32_t most = spark_most(s);

	fprintf(out,
		"<svg class=\"spark\" role=\"img\" width=\"%d\" "
		"height=\"22\"><title>Attempts of ",
		2 * REPORT_SPARKS);
	page_text(out, s->name);
	fputs(" over time</title><desc>at most ", out);
	page_number(out, most);
	fputs(" in ", out);
	page_duration(out, part_s);
	fprintf(out,
		"</desc><line x1=\"0\" x2=\"%d\" y1=\"20.5\" "
		"y2=\"20.5\"/>",
		2 * REPORT_SPARKS);
	if (most)
		put_spark_bars(out, s, most);
	fputs("</svg>", out);
}

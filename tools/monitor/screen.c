/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "screen.h"
#include "../../rules/base/service.h"
#include "../program/utf8.h"
#include "../program/when.h"
#include "monitor_text.h"
#include "../event/events.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* Control sequences of ECMA-48 and xterm. */
#define ALTERNATE_ON  "\033[?1049h\033[?25l"
#define ALTERNATE_OFF "\033[?25h\033[?1049l"
#define HOME	      "\033[H"
#define CLEAR_LINE    "\033[K\n"
#define CLEAR_BELOW   "\033[J"

static unsigned int screen_rows(void)
{
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) || !size.ws_row)
		return 24;
	return size.ws_row;
}

static unsigned int screen_columns(void)
{
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) || size.ws_col < 40)
		return 80;
	return size.ws_col;
}

void screen_open(struct screen *s)
{
	*s = (struct screen){ .is_open = true };
	fputs(ALTERNATE_ON, stdout);
}

void screen_close(struct screen *s)
{
	size_t n = s->n_findings < SCREEN_FINDINGS ? s->n_findings :
						     SCREEN_FINDINGS;

	s->is_open = false;
	fputs(ALTERNATE_OFF, stdout);
	for (size_t i = s->n_findings - n; i < s->n_findings; i++)
		text_finding(stdout, &s->findings[i % SCREEN_FINDINGS]);
}

void screen_finding(struct screen *s, const struct finding *finding)
{
	if (!s->is_open)
		text_finding(stdout, finding);
	else
		s->findings[s->n_findings++ % SCREEN_FINDINGS] = *finding;
}

static unsigned int screen_draw_port(struct screen *s, size_t i,
				     const struct port_counts *p)
{
	const struct service *service = service_by_port(p->port);
	uint64_t syns = p->syns - s->syns[i];
	uint64_t attempts = p->attempts - s->attempts[i];

	s->syns[i] = p->syns;
	s->attempts[i] = p->attempts;
	if (!p->syns)
		return 0;
	printf("%5u %-11s %8" PRIu64 " %8" PRIu64 " %10" PRIu64 " %9" PRIu64
	       " %9" PRIu64 " %9" PRIu64 " %9" PRIu64 CLEAR_LINE,
	       p->port, service ? service->name : "-", syns, attempts,
	       p->attempts, p->answered, p->refused + p->icmp_refused,
	       p->unanswered, p->blocked);
	return 1;
}

static void screen_draw_findings(struct screen *s, unsigned int most)
{
	size_t n = s->n_findings < most ? s->n_findings : most;

	if (n > SCREEN_FINDINGS)
		n = SCREEN_FINDINGS;
	for (size_t i = 1; i <= n; i++) {
		const struct finding *f =
			&s->findings[(s->n_findings - i) % SCREEN_FINDINGS];
		char source[RANGE_TEXT_MAX], time[WHEN_TEXT_BYTES];

		addr_print_source(source, f->family, &f->source);
		when_print_us(time, f->time_us);
		printf("  %.8s %-24s %s (%s), %u attempts, %u "
		       "networks" CLEAR_LINE,
		       time + 11, source,
		       finding_name(detector_finding(f->detector)),
		       detector_name(f->detector), f->attempts, f->groups);
	}
}

/* A line: the policy and its mode, or what keeps it from being seen. */
static void screen_draw_sight(const struct sight_view *v)
{
	const char *mode = sight_mode(v);
	char line[SIGHT_TEXT_BYTES + 128], more[32] = "";
	int n = 0;

	if (mode)
		n = snprintf(line, sizeof(line), "policy %s  mode %s%s  ",
			     v->policy, mode,
			     v->observes ? ": nothing is blocked" : "");
	if (v->n + v->more > 1)
		snprintf(more, sizeof(more), " (1 of %u)", v->n + v->more);
	if (v->n)
		snprintf(line + n, sizeof(line) - (size_t)n, "%s%s: %s",
			 sight_sees(v) ? "note" : "CANNOT SEE", more,
			 v->items[0].text);
	else
		line[n] = 0;
	if (strlen(line) >= screen_columns())
		strcpy(line + screen_columns() - 4, "...");
	utf8_puts(stdout, line);
	fputs(CLEAR_LINE, stdout);
}

void screen_draw(struct screen *s, const struct engine_summary *summary,
		 const struct summary_extra *extra)
{
	unsigned int used = 6, height = screen_rows();

	printf(HOME "mailwall  %" PRIu64 " packets/s  %" PRIu64
		    " sources  %" PRIu64 " lost%s%s" CLEAR_LINE,
	       summary->packets - s->packets, summary->sources,
	       extra->lost + extra->unlogged, extra->lost_exact ? "" : "~",
	       summary->warm ? "" : "  (warming up)");
	screen_draw_sight(&extra->sight);
	s->packets = summary->packets;
	printf(" port service       SYNs/s    new/s   attempts  answered   "
	       "refused unanswered  blocked" CLEAR_LINE);
	for (size_t i = 0; i < summary->n_ports; i++)
		used += screen_draw_port(s, i, &summary->ports[i]);
	printf(CLEAR_LINE "findings: %zu" CLEAR_LINE, s->n_findings);
	if (height > used + 1)
		screen_draw_findings(s, height - used - 1);
	fputs(CLEAR_BELOW, stdout);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "monitor_text.h"
#include "../../rules/base/service.h"
#include "../capture/capture.h"
#include "../program/when.h"
#include "../program/program.h"
#include "../program/message.h"
#include "../event/events.h"
#include "../../rules/base/units.h"

#include <stdio.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

static const char *text_service(uint16_t port)
{
	const struct service *s = service_by_port(port);

	return s ? s->name : "-";
}

/* Seconds are enough for a person: 2026-11-24 08:33:28, UTC. */
static const char *text_time(char *out, int64_t time_us)
{
	when_print_us(out, time_us);
	out[strcspn(out, ".")] = '\0';
	if (strchr(out, 'T'))
		*strchr(out, 'T') = ' ';
	return out;
}

static int text_attempt_line(const struct attempt_event *e)
{
	char time[WHEN_TEXT_BYTES];
	char source[RANGE_TEXT_MAX], destination[RANGE_TEXT_MAX];

	addr_print(source, e->family, &e->source);
	addr_print(destination, e->family, &e->destination);
	printf("%s %s %u > %s %u %s, %u SYN%s", text_time(time, e->time_us),
	       source, e->source_port, destination, e->port,
	       outcome_name(e->outcome), e->syns, plural_s(e->syns));
	if (e->clause)
		printf(", by %s", e->clause);
	if (e->hidden)
		printf(", hidden: %s", hidden_name(e->hidden));
	if (e->decided)
		printf(", %s: %s%s", e->decided->id,
		       e->observed ? "would be blocked, " : "",
		       e->decided->text);
	if (putchar('\n') != EOF)
		return EXIT_DONE;
	return message_output_failed();
}

int text_attempt(const struct program *p, const struct attempt_event *e,
		 const struct capture *capture)
{
	return p->json ? print_event(attempt_json(
				 e, capture_name(capture, e->input))) :
			 text_attempt_line(e);
}

/* ---- ports ---- */

static bool text_is_idle(const struct port_counts *p)
{
	return !p->syns && !p->midstream;
}

static void text_port(const struct port_counts *p)
{
	printf("%5u %-11s %9" PRIu64 " %9" PRIu64 " %8" PRIu64 "%s %9" PRIu64
	       " %8" PRIu64 " %6" PRIu64 " %10" PRIu64 " %8" PRIu64 " %8" PRIu64
	       " %7" PRIu64 " %7" PRIu64 "\n",
	       p->port, text_service(p->port), p->syns, p->attempts, p->pairs,
	       p->pairs_exact ? " " : "~", p->answered, p->refused,
	       p->icmp_refused, p->unanswered, p->blocked, p->starttls,
	       p->implicit_tls, p->cleartext_auth);
}

void text_ports(const struct engine_summary *s)
{
	char first[WHEN_TEXT_BYTES], last[WHEN_TEXT_BYTES];
	bool any = false;

	if (!s->packets) {
		printf("no packets\n");
		return;
	}
	printf("%" PRIu64 " packets, %" PRIu64 " bytes, %s to %s UTC\n\n",
	       s->packets, s->bytes, text_time(first, s->first_us),
	       text_time(last, s->last_us));
	for (size_t i = 0; i < s->n_ports; i++)
		any = any || !text_is_idle(&s->ports[i]);
	if (!any) {
		printf("no connections to mail ports\n");
		return;
	}
	printf(" port service          SYNs  attempts    pairs   answered  "
	       "refused   ICMP unanswered  blocked STARTTLS     TLS  "
	       "clear*\n");
	for (size_t i = 0; i < s->n_ports; i++)
		if (!text_is_idle(&s->ports[i]))
			text_port(&s->ports[i]);
	printf("* logins without encryption\n");
}

/* ---- sources ---- */

static void text_port_list(const struct source_view *v)
{
	char text[64] = "";
	size_t n = 0;

	for (size_t i = 0; i < v->n_ports && n < sizeof(text) - 8; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%u",
				      i ? "," : "", v->ports[i]);
	printf(" %s", text);
}

static void text_source(const struct source_view *v)
{
	char name[RANGE_TEXT_MAX], servers[24];

	addr_print_source(name, v->family, &v->source);
	snprintf(servers, sizeof(servers), "%s%" PRIu64,
		 v->destinations_exact ? "" : "~", v->destinations);
	printf("  %-28s %9u %9u %8s %7u", name, v->attempts, v->syns, servers,
	       v->groups);
	text_port_list(v);
	printf("%s%s\n", v->spam ? "  spam source" : "",
	       v->mail_server ? "  looks like a mail server" : "");
}

void text_sources(const struct source_view *list, size_t n, uint64_t all)
{
	if (!n)
		return;
	printf("\nsources: %zu of %" PRIu64 "\n", n, all);
	printf("  %-28s  attempts      SYNs  servers  groups ports\n", "");
	for (size_t i = 0; i < n; i++)
		text_source(&list[i]);
}

/* ---- what a policy would do ---- */

void text_impact(const struct impact *im)
{
	printf("\nunder policy %s\n", im->policy->name);
	printf("  attempts  answered  clause\n");
	for (size_t i = 0; i < im->n_clauses; i++) {
		const struct clause_impact *c = &im->clauses[i];

		if (c->attempts)
			printf("  %8" PRIu64 "  %8" PRIu64 "  %s: %s\n",
			       c->attempts, c->answered, c->clause->id,
			       c->clause->text);
	}
	if (im->undecided)
		printf("  %8" PRIu64 "            no clause: they pass\n",
		       im->undecided);
	printf("would be blocked: %" PRIu64 " attempts of %" PRIu64
	       " sources; %" PRIu64 " of these attempts were answered\n",
	       im->would_block, im->sources, im->newly_blocked);
	if (!im->servers)
		return;
	printf("%" PRIu64 " of these sources look%s like %s; ask before you "
	       "block %s:\n",
	       im->servers, im->servers == 1 ? "s" : "",
	       im->servers == 1 ? "a mail server" : "mail servers",
	       im->servers == 1 ? "it" : "them");
	for (size_t i = 0; i < im->n_shown; i++)
		text_source(&im->servers_shown[i]);
}

/* ---- findings ---- */

void text_finding(FILE *out, const struct finding *f)
{
	char source[RANGE_TEXT_MAX], at[WHEN_TEXT_BYTES];
	char systems[SYSTEMS_TEXT_BYTES];

	addr_print_source(source, f->family, &f->source);
	fprintf(out,
		"%s %s %s (%s), port %u: %u attempts, %u SYNs, %s%" PRIu64
		" destinations in %u networks%s",
		text_time(at, f->time_us), source,
		finding_name(detector_finding(f->detector)),
		detector_name(f->detector), f->port, f->attempts, f->syns,
		f->destinations_exact ? "" : "about ", f->destinations,
		f->groups, f->n_examples ? "; " : "");
	for (uint8_t i = 0; i < f->n_examples && i < 3; i++) {
		char text[RANGE_TEXT_MAX];

		addr_print(text, f->family, &f->examples[i]);
		fprintf(out, "%s%s", i ? " " : "", text);
	}
	fprintf(out, "%s%s%s%s\n", f->n_examples > 3 ? " ..." : "",
		f->systems ? "; sent by " : "",
		systems_text(f->systems, systems),
		f->unsure ? "; unsure, the monitor warms up" : "");
}

void text_findings(const struct finding *list, size_t n)
{
	printf("\nfindings: %zu\n", n);
	for (size_t i = 0; i < n; i++) {
		fputs("  ", stdout);
		text_finding(stdout, &list[i]);
	}
}

/* "fast 3.21 -> 6.42 of 10.00, raised by a new network, 192.0.2.1" */
void text_step(const struct judge_step *s, int64_t time_us, uint8_t family)
{
	char at[WHEN_TEXT_BYTES], to[RANGE_TEXT_MAX];

	printf("%s %s (%s)", text_time(at, time_us), detector_name(s->detector),
	       finding_name(detector_finding(s->detector)));
	if (s->found)
		printf(" reports the source, at %s", s->seen);
	else
		printf(" %.2f -> %.2f of %.2f, %s by %s", (double)s->before,
		       (double)s->after, (double)s->threshold,
		       s->after > s->before ? "raised" : "lowered", s->seen);
	if (s->destination) {
		addr_print(to, family, s->destination);
		printf(", %s", to);
	}
	putchar('\n');
}

/* ---- notes ---- */

static void text_undecoded(const struct engine_summary *s)
{
	for (enum decoded d = UNDECODED_TRUNCATED; d < DECODED_N; d++)
		if (s->decoded[d])
			printf("note: %" PRIu64 " frames not decoded: %s\n",
			       s->decoded[d], decoded_name(d));
}

static void text_hidden(const struct engine_summary *s)
{
	for (enum hidden h = HIDDEN_NOT + 1; h < HIDDEN_N; h++)
		if (s->hidden[h])
			printf("note: %" PRIu64 " packets hid the ports of TCP "
			       "from rules: %s\n",
			       s->hidden[h], hidden_name(h));
}

void text_notes(const struct engine_summary *s)
{
	text_undecoded(s);
	text_hidden(s);
	if (!s->warm && s->packets)
		printf("note: the monitor was still warming up: at a cold "
		       "start every network is new, so slow senders are not "
		       "judged yet (--no-warmup judges all the same)\n");
	if (s->sources_evicted)
		printf("note: %" PRIu64 " sources were given up for lack of "
		       "memory, those with the lowest score first\n",
		       s->sources_evicted);
	if (s->attempts_cut)
		printf("note: %" PRIu64 " attempts ended early for lack of "
		       "memory; SYNs that came later count as new attempts\n",
		       s->attempts_cut);
	if (s->clock_steps)
		printf("note: the time ran back %" PRIu64 " times\n",
		       s->clock_steps);
}

void text_losses(const struct summary_extra *extra)
{
	if (extra->lost)
		printf("note: %s%" PRIu64 " packets were lost before they were "
		       "read\n",
		       extra->lost_exact ? "" : "about ", extra->lost);
	if (extra->unlogged)
		printf("note: at least %" PRIu64 " packets were blocked and no "
		       "log of them came\n",
		       extra->unlogged);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A plan as a person reads it: marks, lines, effects, then what to do. */
#include "plan.h"
#include "../program/utf8.h"
#include "../../rules/base/arena.h"
#include "../../rules/base/service.h"
#include "../../rules/base/units.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define EXAMPLES_MOST 3

/* Texts of the kernel and of files hold what they like. */
static void put_text(const char *before, const char *text, const char *after)
{
	fputs(before, stdout);
	utf8_puts(stdout, text);
	fputs(after, stdout);
}

/* ---- the first line ---- */

static void print_age(int64_t time_s)
{
	int64_t age_s = (int64_t)time(NULL) - time_s;
	static const struct {
		int64_t seconds;
		const char *name;
	} units[] = { { 86400, "day" }, { 3600, "hour" }, { 60, "minute" } };

	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
		if (age_s >= units[i].seconds) {
			long long n = age_s / units[i].seconds;

			printf("loaded %lld %s%s ago", n, units[i].name,
			       plural_s((size_t)n));
			return;
		}
	fputs(age_s < 0 ? "loaded later than now" : "loaded just now", stdout);
}

static void print_before(const struct plan_before *b)
{
	if (b->source == PLAN_FROM_NOTHING)
		return;
	fputs(" (", stdout);
	if (b->revision)
		printf("revision %u, ", b->revision);
	if (b->time_s)
		print_age(b->time_s);
	else
		fputs("when it was loaded is not known", stdout);
	if (b->who)
		put_text(" by ", b->who, "");
	if (b->why)
		put_text(", \"", b->why, "\"");
	fputs(")", stdout);
}

static void print_first_line(const struct plan *plan)
{
	const struct plan_before *b = &plan->before;

	put_text("",
		 b->source == PLAN_FROM_NOTHING ? "nothing is loaded" :
		 *b->name			? b->name :
						  "a policy without a name",
		 " -> ");
	put_text("", plan->policy->name, "");
	print_before(b);
	putchar('\n');
	if (b->source == PLAN_FROM_KERNEL)
		puts("  there is no revision of what is loaded: clauses are "
		     "those that rules name, and openings of blocks are not "
		     "known");
}

/* ---- settings, lines ---- */

static void print_settings(const struct plan *plan)
{
	for (size_t i = 0; i < plan->settings.n; i++) {
		const struct plan_setting_change *s = &plan->settings.items[i];

		put_text("  ~ ", s->name, " ");
		put_text("", *s->before ? s->before : "(not given)", "  ->  ");
		put_text("", *s->after ? s->after : "(not given)", "\n");
	}
}

static void print_place(const struct plan_line *l)
{
	const struct plan_clause *c =
		l->new_clause ? l->new_clause : l->old_clause;
	const struct plan_block *b = l->new_block ? l->new_block : l->old_block;
	const char *place = !l->block && c ? c->place : NULL;
	uint32_t line = l->block && b ? b->line : c ? c->line : 0;

	printf("  %c %sline %u%s%s  ", plan_kind_mark(l->kind),
	       l->kind == PLAN_REMOVED ? "old " : "", line, place ? " of " : "",
	       place ? place : "");
}

static void print_line(const struct plan_line *l)
{
	const char *was = l->block ?
				  (l->old_block ? l->old_block->text : NULL) :
				  (l->old_clause ? l->old_clause->text : NULL);
	const char *is = l->block ?
				 (l->new_block ? l->new_block->text : NULL) :
				 (l->new_clause ? l->new_clause->text : NULL);
	uint32_t old_line = l->old_clause ? l->old_clause->line :
			    l->old_block  ? l->old_block->line :
					    0;

	print_place(l);
	switch (l->kind) {
	case PLAN_ADDED:
		put_text("", is, "\n");
		break;
	case PLAN_REMOVED:
		put_text("", was, "\n");
		break;
	case PLAN_CHANGED:
		put_text("", was, "  ->  ");
		put_text("", is, "\n");
		break;
	case PLAN_MOVED:
		put_text("", is, "");
		printf(", from line %u\n", old_line);
		break;
	}
}

/* ---- classes ---- */

static void print_amounts(const struct plan_class_change *c)
{
	printf("+%zu -%zu prefixes", c->gained.prefixes, c->lost.prefixes);
	if (c->gained.addresses || c->lost.addresses)
		printf(", +%llu -%llu addresses",
		       (unsigned long long)c->gained.addresses,
		       (unsigned long long)c->lost.addresses);
	if (c->gained.networks || c->lost.networks)
		printf(", +%llu -%llu /64s",
		       (unsigned long long)c->gained.networks,
		       (unsigned long long)c->lost.networks);
}

static void print_class(const struct plan_class_change *c)
{
	put_text(c->is_new  ? "  + class " :
		 c->is_gone ? "  - class " :
			      "  ~ class ",
		 c->name, "  ");
	if (c->dynamic)
		fputs("dynamic", stdout);
	else if (c->known)
		print_amounts(c);
	else
		fputs("its members before are not known", stdout);
	if (strcmp(c->interfaces_before, c->interfaces_after)) {
		put_text("  interfaces \"", c->interfaces_before, "\" -> \"");
		put_text("", c->interfaces_after, "\"");
	}
	if (c->emptied)
		fputs("  nothing is left: apply wants --shrink", stdout);
	else if (c->shrinks)
		fputs("  more than a tenth is gone: apply wants --shrink",
		      stdout);
	putchar('\n');
}

/* ---- what stays ---- */

static void print_kept(const struct plan *plan)
{
	printf("  = %zu clause%s as before", plan->lines.kept,
	       plural_s(plan->lines.kept));
	if (plan->lines.renumbered)
		printf(" (%zu on other lines)", plan->lines.renumbered);
	printf("; %zu counter%s of clauses stay%s", plan->counters.kept,
	       plural_s(plan->counters.kept),
	       plan->counters.kept == 1 ? "s" : "");
	if (plan->members.stay)
		printf("; %zu member%s of dynamic classes stay",
		       plan->members.stay, plural_s(plan->members.stay));
	putchar('\n');
}

static void print_counters_gone(const struct plan *plan)
{
	unsigned long long packets = 0;

	for (size_t i = 0; i < plan->counters.go.n; i++)
		packets += plan->counters.go.items[i].packets;
	if (plan->counters.go.n)
		printf("  - %zu counter%s go%s, with %llu packet%s\n",
		       plan->counters.go.n, plural_s(plan->counters.go.n),
		       plan->counters.go.n == 1 ? "es" : "", packets,
		       plural_s(packets));
}

static void print_members(const struct plan *plan)
{
	const struct plan_members *m = &plan->members;

	if (m->go)
		printf("  - %zu member%s of dynamic classes that the policy "
		       "does not use any more go%s\n",
		       m->go, plural_s(m->go), m->go == 1 ? "es" : "");
	for (size_t i = 0; i < m->named.n && i < EXAMPLES_MOST; i++) {
		const struct plan_member *one = &m->named.items[i];

		put_text("  ! ", one->class, " ");
		put_text("", one->text, ": ");
		if (one->lost)
			put_text("class ", one->lost,
				 " held it, and no class does any more\n");
		else
			puts("no class holds it");
	}
	if (m->without > EXAMPLES_MOST)
		printf("  ! %zu more members that no class holds\n",
		       m->without - EXAMPLES_MOST);
	if (m->bounded)
		puts("  ? a dynamic class has too many members to be read: "
		     "effects are told as if they were none");
}

/* ---- effects ---- */

static const char *port_text(struct arena *a, uint16_t port)
{
	const struct service *s = service_by_port(port);

	return s ? s->name : arena_printf(a, "port %u", port);
}

/* The ports of hits, each once, ascending: "smtp and smtp-alt". */
struct port_list {
	uint16_t items[64];
	size_t n;
};

static void port_list_add(struct port_list *l, uint16_t port)
{
	size_t at = 0;

	while (at < l->n && l->items[at] < port)
		at++;
	if ((at < l->n && l->items[at] == port) ||
	    l->n == sizeof(l->items) / sizeof(*l->items))
		return;
	memmove(l->items + at + 1, l->items + at,
		(l->n - at) * sizeof(*l->items));
	l->items[at] = port;
	l->n++;
}

static void print_ports(struct arena *a, const struct port_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		printf("%s%s",
		       !i	     ? "" :
		       i + 1 == l->n ? " and " :
				       ", ",
		       port_text(a, l->items[i]));
}

static void print_source(const struct seen_hit *h)
{
	char text[RANGE_TEXT_MAX];

	addr_print_source(text, h->family, &h->source);
	printf("%s %llu", text, (unsigned long long)h->attempts);
}

struct seen_sums {
	size_t sources, maybe, mail_servers;
	struct port_list ports;
};

static void sum_seen(const struct seen_result *seen, struct seen_sums *out)
{
	*out = (struct seen_sums){ 0 };
	for (size_t i = 0; i < seen->hits.n; i++) {
		const struct seen_hit *h = &seen->hits.items[i];

		out->sources += !h->maybe;
		out->maybe += h->maybe;
		out->mail_servers += h->mail_server;
		port_list_add(&out->ports, h->port);
	}
}

static void print_seen_sums(struct arena *a, const struct seen_result *seen,
			    const struct seen_sums *sums)
{
	printf("last %d h: %zu source%s used ", SEEN_HOURS, seen->hits.n,
	       plural_s(seen->hits.n));
	print_ports(a, &sums->ports);
	if (!sums->sources)
		fputs(" and may be blocked, which depends on the destination",
		      stdout);
	else if (sums->maybe)
		printf(" and would be blocked (%zu of them perhaps)",
		       sums->maybe);
	else
		fputs(" and would be blocked", stdout);
	for (size_t i = 0; i < seen->hits.n && i < EXAMPLES_MOST; i++) {
		fputs(i ? ", " : " (", stdout);
		print_source(&seen->hits.items[i]);
	}
	fputs(seen->hits.n > EXAMPLES_MOST ? ", ...)" : ")", stdout);
	if (sums->mail_servers)
		printf("; %zu of them look%s like %smail server%s",
		       sums->mail_servers, sums->mail_servers == 1 ? "s" : "",
		       sums->mail_servers == 1 ? "a " : "",
		       plural_s(sums->mail_servers));
	putchar('\n');
}

static void print_sources(struct arena *a, const struct seen_result *seen)
{
	struct seen_sums sums;

	sum_seen(seen, &sums);
	if (seen->unknown) {
		printf("last %d h", SEEN_HOURS);
		put_text(": not known: ", seen->unknown, "\n");
	} else if (!seen->hits.n)
		printf("last %d h: no source would be blocked that got "
		       "through\n",
		       SEEN_HOURS);
	else
		print_seen_sums(a, seen, &sums);
	if (seen->bounded)
		puts("  the store has more than is looked at: there may be "
		     "more of them");
	if (seen->unnamed)
		puts("  the store has let names of sources go: there may be "
		     "more of them");
}

static void print_sessions(struct arena *a, const struct plan_sessions *s)
{
	struct port_list ports = { 0 };

	for (size_t i = 0; i < s->named.n; i++)
		port_list_add(&ports,
			      s->named.items[i].opening.destination_port);
	if (s->live.unknown) {
		printf("now: not known: %s\n", s->live.unknown);
		return;
	}
	if (!s->cut && !s->maybe) {
		puts("now: no session would be cut");
	} else {
		printf("now: %zu session%s on ", s->cut + s->maybe,
		       plural_s(s->cut + s->maybe));
		print_ports(a, &ports);
		fputs(s->cut ? " would be cut at once" : " may be cut", stdout);
		if (s->cut && s->maybe)
			printf(" (%zu of them perhaps)", s->maybe);
		putchar('\n');
	}
	if (s->live.bounded)
		printf("  only %zu sessions were looked at: there may be "
		       "more\n",
		       s->live.sessions);
}

static void print_effects(const struct plan *plan)
{
	struct arena *a = plan->program->arena;

	if (plan->policy->observe) {
		puts("mode observe: nothing would be blocked");
		return;
	}
	print_sources(a, &plan->seen);
	print_sessions(a, &plan->sessions);
}

/* ---- the transaction ---- */

/* Rules are all loaded anew: their number is enough. */
static bool step_is_told(const struct change_step *s)
{
	return s->object != BATCH_RULE && s->object != BATCH_CHAIN;
}

static void print_step(const struct change_step *s)
{
	printf("  %s %s", change_verb_name(s->verb),
	       batch_object_name(s->object));
	if (s->object == BATCH_TABLE)
		printf(" %s %s", family_name(s->family), TABLE_NAME);
	if (s->name)
		put_text(" ", s->name, "");
	if (s->n)
		printf(" %zu", s->n);
	putchar('\n');
}

#define STEPS_MOST 12

static void print_transaction(const struct plan *plan)
{
	size_t told = 0, more = 0;

	printf("in one transaction: %zu rule%s loaded anew",
	       plan->outcome.summary.rules,
	       plan->outcome.summary.rules == 1 ? " is" : "s are");
	for (size_t i = 0; i < plan->list.n; i++)
		told += step_is_told(&plan->list.items[i]);
	puts(told ? ", and" : "");
	for (size_t i = 0; i < plan->list.n; i++) {
		if (!step_is_told(&plan->list.items[i]))
			continue;
		if (more++ < STEPS_MOST)
			print_step(&plan->list.items[i]);
	}
	if (more > STEPS_MOST)
		printf("  %zu more steps: --json lists them\n",
		       more - STEPS_MOST);
	for (size_t i = 0; i < plan->outcome.acting.n; i++)
		if (plan->outcome.acting.items[i].drift)
			printf("would be mended: %s\n",
			       plan->outcome.acting.items[i].text);
}

/* ---- what to do ---- */

static void print_how(const struct plan *plan)
{
	size_t n = plan_changes(plan);

	if (n)
		printf("%zu change%s. To load %s: ", n, plural_s(n),
		       n == 1 ? "it" : "them");
	else
		fputs("No clause and no class changes; the rules are loaded "
		      "anew. To do so: ",
		      stdout);
	printf("mailwall apply %s%s\n", plan->shrinks ? "--shrink " : "",
	       plan->path);
	/* A trial needs rules to go back to, in a table of the same family. */
	if (plan->outcome.reading.tables[plan->rules->family].ours)
		printf("To try first: mailwall apply --trial 10m %s\n",
		       plan->path);
}

void plan_print_same(const char *name, const char *digest)
{
	put_text("", name, ": nothing to do, digest ");
	put_text("", digest, " is loaded\n");
}

void plan_print(const struct plan *plan)
{
	if (!plan->outcome.changed) {
		plan_print_same(plan->policy->name, plan->rules->digest);
		return;
	}
	print_first_line(plan);
	print_settings(plan);
	for (size_t i = 0; i < plan->lines.n; i++)
		print_line(&plan->lines.items[i]);
	for (size_t i = 0; i < plan->classes.n; i++)
		print_class(&plan->classes.items[i]);
	print_kept(plan);
	print_counters_gone(plan);
	print_members(plan);
	print_effects(plan);
	print_transaction(plan);
	print_how(plan);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names and units after prometheus.io/docs/practices/naming; the format after
 * prometheus.io/docs/instrumenting/exposition_formats.
 */
#include "metrics.h"
#include "../program/utf8.h"
#include "../../rules/base/service.h"

#include <stdio.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))
#define SECOND_US   1000000
#define PORT_BYTES  8

enum kind { COUNTER, GAUGE };

struct family;

struct writer {
	const struct metrics *m;
	const struct family *family;
	FILE *out;
	bool headed; /* HELP and TYPE of the family are out */
};

/*
 * A row is a metric: its name, its help and the function that writes samples.
 */
struct family {
	const char *name;
	enum kind kind;
	const char *help;
	void (*write)(struct writer *w);
	size_t at; /* offset of the number in the struct of write() */
};

struct label {
	const char *name, *value;
};

/* ---- samples ---- */

/*
 * Prometheus refuses a whole scrape for one value that is not UTF-8, and
 * control characters could control a terminal with curl. Both become "\x1b", so
 * that different values stay different.
 */
static void put_value(const char *value, FILE *out)
{
	for (const char *p = value; *p;) {
		size_t len = utf8_length(p, strlen(p));

		if (*p == '\n')
			fputs("\\n", out);
		else if (*p == '\\' || *p == '"')
			fprintf(out, "\\%c", *p);
		else if (!len || utf8_is_control(p, len))
			fprintf(out, "\\\\x%02x", (unsigned char)*p);
		else
			fwrite(p, 1, len, out);
		/*
		 * The second byte of a control character is not one by itself.
		 */
		p += len && !utf8_is_control(p, len) ? len : 1;
	}
}

static void metrics_put_head(struct writer *w)
{
	const struct family *f = w->family;

	if (w->headed)
		return;
	fprintf(w->out, "# HELP %s %s\n# TYPE %s %s\n", f->name, f->help,
		f->name, f->kind == COUNTER ? "counter" : "gauge");
	w->headed = true;
}

static void put_labels(struct writer *w, const struct label *labels, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		fprintf(w->out, "%c%s=\"", i ? ',' : '{', labels[i].name);
		put_value(labels[i].value, w->out);
		fputc('"', w->out);
	}
	if (n)
		fputc('}', w->out);
}

static void sample(struct writer *w, const struct label *labels, size_t n,
		   uint64_t value)
{
	metrics_put_head(w);
	fputs(w->family->name, w->out);
	put_labels(w, labels, n);
	fprintf(w->out, " %" PRIu64 "\n", value);
}

static void plain(struct writer *w, uint64_t value)
{
	sample(w, NULL, 0, value);
}

static uint64_t number_at(const void *of, const struct family *f)
{
	uint64_t value;

	memcpy(&value, (const char *)of + f->at, sizeof(value));
	return value;
}

/* ---- what is written: numbers at f->at ---- */

static void write_metric(struct writer *w)
{
	plain(w, number_at(w->m, w->family));
}

static void write_watched(struct writer *w)
{
	if (w->m->summary)
		write_metric(w);
}

static void write_store(struct writer *w)
{
	if (w->m->has_store)
		write_metric(w);
}

static void write_quarantine(struct writer *w)
{
	if (w->m->has_quarantine)
		write_metric(w);
}

static void write_summary(struct writer *w)
{
	if (w->m->summary)
		plain(w, number_at(w->m->summary, w->family));
}

static void write_clauses(struct writer *w)
{
	for (size_t i = 0; i < w->m->n_clauses; i++) {
		const struct metrics_clause *c = &w->m->clauses[i];
		const struct label labels[] = { { "clause", c->id } };

		sample(w, labels, COUNT(labels), number_at(c, w->family));
	}
}

static void write_observed(struct writer *w)
{
	for (size_t i = 0; i < w->m->n_clauses; i++) {
		const struct metrics_clause *c = &w->m->clauses[i];
		const struct label labels[] = { { "clause", c->id } };

		if (c->observed)
			sample(w, labels, COUNT(labels),
			       number_at(c, w->family));
	}
}

/* Writes a sample of a port, with one label more if there are several. */
static void port_sample(struct writer *w, const struct port_counts *p,
			const struct label *more, uint64_t value)
{
	const struct service *s = service_by_port(p->port);
	char port[PORT_BYTES];
	struct label labels[3] = { { "port", port },
				   { "service", s ? s->name : "" } };

	snprintf(port, sizeof(port), "%u", p->port);
	if (more)
		labels[2] = *more;
	sample(w, labels, more ? 3 : 2, value);
}

static void write_ports(struct writer *w)
{
	const struct engine_summary *s = w->m->summary;

	for (size_t i = 0; s && i < s->n_ports; i++)
		port_sample(w, &s->ports[i], NULL,
			    number_at(&s->ports[i], w->family));
}

/* ---- what is written: all else ---- */

static void write_build(struct writer *w)
{
	const struct label labels[] = { { "version", VERSION } };

	sample(w, labels, COUNT(labels), 1);
}

static void write_start(struct writer *w)
{
	if (w->m->start_s > 0)
		plain(w, (uint64_t)w->m->start_s);
}

static void write_loaded(struct writer *w)
{
	if (w->m->loaded_known)
		plain(w, w->m->policy != NULL);
}

static void write_policy(struct writer *w)
{
	const char *digest = w->m->digest;
	const struct label labels[] = { { "policy", w->m->policy },
					{ "digest", digest ? digest : "" } };

	if (w->m->policy)
		sample(w, labels, COUNT(labels), 1);
}

static void write_drift(struct writer *w)
{
	if (w->m->drift_known)
		plain(w, w->m->drift);
}

static void write_acting(struct writer *w)
{
	if (w->m->policy)
		plain(w, w->m->acting);
}

static void metrics_write_mode(struct writer *w)
{
	const struct label labels[] = {
		{ "mode", w->m->observes ? "observe" : "enforce" }
	};

	if (w->m->policy)
		sample(w, labels, COUNT(labels), 1);
}

static void metrics_write_faults(struct writer *w)
{
	for (size_t i = 0; i < w->m->n_faults; i++) {
		const struct metrics_fault *f = &w->m->faults[i];
		const struct label labels[] = { { "fault", f->name },
						{ "object", f->object } };

		sample(w, labels, COUNT(labels), 1);
	}
}

static void write_clause_texts(struct writer *w)
{
	for (size_t i = 0; i < w->m->n_clauses; i++) {
		const struct metrics_clause *c = &w->m->clauses[i];
		const struct label labels[] = {
			{ "clause", c->id }, { "text", c->text ? c->text : "" }
		};

		sample(w, labels, COUNT(labels), 1);
	}
}

static void metrics_put_set(struct writer *w, const char *name, uint64_t value)
{
	const struct label labels[] = { { "set", name } };

	sample(w, labels, COUNT(labels), value);
}

static void metrics_write_elements(struct writer *w)
{
	for (size_t i = 0; i < w->m->n_sets; i++)
		if (w->m->sets[i].known)
			metrics_put_set(w, w->m->sets[i].name,
					w->m->sets[i].elements);
}

static void metrics_write_known(struct writer *w)
{
	for (size_t i = 0; i < w->m->n_sets; i++)
		metrics_put_set(w, w->m->sets[i].name, w->m->sets[i].known);
}

static void write_capacities(struct writer *w)
{
	for (size_t i = 0; i < w->m->n_sets; i++)
		if (w->m->sets[i].size)
			metrics_put_set(w, w->m->sets[i].name,
					w->m->sets[i].size);
}

static void write_guards(struct writer *w)
{
	for (size_t i = 0; i < w->m->n_guards; i++) {
		const struct label labels[] = { { "guard",
						  w->m->guards[i].name } };

		sample(w, labels, COUNT(labels), w->m->guards[i].packets);
	}
}

static void metrics_write_trial(struct writer *w)
{
	if (w->m->policy && w->m->trial_known)
		sample(w, NULL, 0, w->m->has_trial);
}

static void metrics_write_trial_left(struct writer *w)
{
	if (w->m->has_trial)
		sample(w, NULL, 0, w->m->trial_left_s);
}

static void metrics_write_trial_sources(struct writer *w)
{
	const struct label ipv4[] = { { "family", "ipv4" } };
	const struct label ipv6[] = { { "family", "ipv6" } };

	if (!w->m->trial_counts)
		return;
	sample(w, ipv4, COUNT(ipv4), w->m->trial_sources4);
	sample(w, ipv6, COUNT(ipv6), w->m->trial_sources6);
}

static void metrics_write_trial_most(struct writer *w)
{
	if (w->m->trial_counts)
		sample(w, NULL, 0, w->m->trial_sources_most);
}

static void write_undecoded(struct writer *w)
{
	const struct engine_summary *s = w->m->summary;

	for (enum decoded d = UNDECODED_TRUNCATED; s && d < DECODED_N; d++) {
		const struct label labels[] = { { "reason", decoded_name(d) } };

		sample(w, labels, COUNT(labels), s->decoded[d]);
	}
}

static void write_hidden(struct writer *w)
{
	const struct engine_summary *s = w->m->summary;

	for (enum hidden h = HIDDEN_NOT + 1; s && h < HIDDEN_N; h++) {
		const struct label labels[] = { { "reason", hidden_name(h) } };

		sample(w, labels, COUNT(labels), s->hidden[h]);
	}
}

static void write_findings(struct writer *w)
{
	const struct engine_summary *s = w->m->summary;

	for (enum finding_kind k = 0; s && k < FINDING_N; k++) {
		const struct label labels[] = { { "finding",
						  finding_name(k) } };

		sample(w, labels, COUNT(labels), s->findings[k]);
	}
}

static void write_outcomes(struct writer *w)
{
	const struct engine_summary *s = w->m->summary;

	for (size_t i = 0; s && i < s->n_ports; i++)
		for (enum outcome o = 0; o < OUTCOME_N; o++) {
			const struct label label = { "outcome",
						     outcome_name(o) };

			port_sample(w, &s->ports[i], &label,
				    s->ports[i].had[o]);
		}
}

static void write_lost_exact(struct writer *w)
{
	if (w->m->summary)
		plain(w, w->m->lost_exact);
}

static void write_priv(struct writer *w)
{
	if (w->m->has_priv)
		plain(w, w->m->priv_up);
}

static bool metrics_has_sight(const struct writer *w)
{
	const struct sight_view *v = w->m->sight;

	return v && v->looked && v->reads_logs;
}

static void metrics_write_sees(struct writer *w)
{
	if (metrics_has_sight(w) && w->m->sight->known)
		plain(w, sight_sees(w->m->sight));
}

static void metrics_write_complaints(struct writer *w)
{
	for (enum sight_complaint c = 0; c < SIGHT_N; c++) {
		const struct label labels[] = { { "complaint",
						  sight_complaint_name(c) } };

		if (metrics_has_sight(w))
			sample(w, labels, COUNT(labels),
			       w->m->sight->counts[c]);
	}
}

static void write_memory(struct writer *w)
{
	if (w->m->summary)
		plain(w, w->m->summary->memory);
}

static void write_warm(struct writer *w)
{
	if (w->m->summary)
		plain(w, w->m->summary->warm);
}

static void write_last_packet(struct writer *w)
{
	const struct engine_summary *s = w->m->summary;

	if (!s || s->last_us <= 0)
		return;
	metrics_put_head(w);
	fprintf(w->out, "%s %" PRId64 ".%06" PRId64 "\n", w->family->name,
		s->last_us / SECOND_US, s->last_us % SECOND_US);
}

/* ---- the table ---- */

#define METRIC(field) write_watched, offsetof(struct metrics, field)
#define STORE(field)  write_store, offsetof(struct metrics, field)
#define QUARANTINE(field)                                                      \
	write_quarantine, offsetof(struct metrics, quarantine_##field)
#define SUMMARY(field)	write_summary, offsetof(struct engine_summary, field)
#define CLAUSES(field)	write_clauses, offsetof(struct metrics_clause, field)
#define OBSERVED(field) write_observed, offsetof(struct metrics_clause, field)
#define PORTS(field)	write_ports, offsetof(struct port_counts, field)

/*
 * Figures that can fall and are no state are left out, such as answered
 * attempts not yet established: a counter that falls looks like a restart.
 */
static const struct family families[] = {
	{ "mailwall_build_info", GAUGE, "The version that runs; always 1.",
	  write_build, 0 },
	{ "process_start_time_seconds", GAUGE,
	  "Start of the monitor, in seconds since 1970.", write_start, 0 },

	{ "mailwall_policy_loaded", GAUGE,
	  "Whether the kernel has a policy of mailwall.", write_loaded, 0 },
	{ "mailwall_policy_info", GAUGE,
	  "The policy that the kernel has; always 1.", write_policy, 0 },
	{ "mailwall_policy_drift", GAUGE,
	  "Whether the rules in the kernel are others than were loaded.",
	  write_drift, 0 },
	{ "mailwall_policy_acting", GAUGE,
	  "Whether what is loaded acts: it enforces, and no fault opens it.",
	  write_acting, 0 },
	{ "mailwall_policy_mode", GAUGE,
	  "The mode of what is loaded, enforce or observe; always 1.",
	  metrics_write_mode, 0 },
	{ "mailwall_policy_fault", GAUGE,
	  "What keeps the rules from acting as they were loaded; always 1.",
	  metrics_write_faults, 0 },
	{ "mailwall_clause_info", GAUGE, "What a clause says; always 1.",
	  write_clause_texts, 0 },
	{ "mailwall_clause_packets_total", COUNTER,
	  "Packets that a clause decided, as the kernel counts.",
	  CLAUSES(packets) },
	{ "mailwall_clause_bytes_total", COUNTER,
	  "Bytes that a clause decided, as the kernel counts.",
	  CLAUSES(bytes) },
	{ "mailwall_clause_observed_packets_total", COUNTER,
	  "Openings that mode observe let through where a clause blocks.",
	  OBSERVED(observed_packets) },
	{ "mailwall_clause_observed_bytes_total", COUNTER,
	  "Bytes of the openings that mode observe let through.",
	  OBSERVED(observed_bytes) },
	{ "mailwall_guard_packets_total", COUNTER,
	  "Packets that hide from the clauses, as the kernel counts.",
	  write_guards, 0 },
	{ "mailwall_set_elements", GAUGE, "Elements of a set in the kernel.",
	  metrics_write_elements, 0 },
	{ "mailwall_set_elements_known", GAUGE,
	  "Whether the elements of a set could be counted.",
	  metrics_write_known, 0 },
	{ "mailwall_set_capacity", GAUGE,
	  "Elements that a set has room for, if it is limited.",
	  write_capacities, 0 },
	{ "mailwall_trial", GAUGE, "Whether a policy is on trial.",
	  metrics_write_trial, 0 },
	{ "mailwall_trial_left_seconds", GAUGE,
	  "Time until the rules before the trial decide again.",
	  metrics_write_trial_left, 0 },
	{ "mailwall_trial_sources", GAUGE,
	  "Sources that the trial blocked and that were not blocked before.",
	  metrics_write_trial_sources, 0 },
	{ "mailwall_trial_sources_most", GAUGE,
	  "Sources of a family above which the trial ends.",
	  metrics_write_trial_most, 0 },

	{ "mailwall_packets_total", COUNTER, "Packets that were read.",
	  SUMMARY(packets) },
	{ "mailwall_packet_bytes_total", COUNTER,
	  "Bytes of the packets that were read.", SUMMARY(bytes) },
	{ "mailwall_last_packet_timestamp_seconds", GAUGE,
	  "Time of the latest packet, in seconds since 1970.",
	  write_last_packet, 0 },
	{ "mailwall_undecoded_packets_total", COUNTER,
	  "Packets that could not be decoded.", write_undecoded, 0 },
	{ "mailwall_hidden_packets_total", COUNTER,
	  "Packets that hid the ports of TCP from rules.", write_hidden, 0 },
	{ "mailwall_lost_packets_total", COUNTER,
	  "Packets that were lost before they were read.", METRIC(lost) },
	{ "mailwall_lost_packets_exact", GAUGE,
	  "Whether the lost packets are counted, and not estimated.",
	  write_lost_exact, 0 },
	{ "mailwall_unlogged_packets_total", COUNTER,
	  "Packets that clauses blocked and that no log told of.",
	  METRIC(unlogged) },

	{ "mailwall_syns_total", COUNTER,
	  "SYNs, with those that were sent again.", PORTS(syns) },
	{ "mailwall_attempts_total", COUNTER, "Attempts to connect.",
	  PORTS(attempts) },
	{ "mailwall_open_attempts", GAUGE,
	  "Attempts without an outcome so far.", PORTS(open) },
	{ "mailwall_attempt_outcomes_total", COUNTER,
	  "Attempts by what became of them.", write_outcomes, 0 },
	{ "mailwall_would_block_attempts_total", COUNTER,
	  "Attempts that the policy would block.", PORTS(would_block) },
	{ "mailwall_pairs", GAUGE,
	  "Different pairs of source and destination, perhaps estimated.",
	  PORTS(pairs) },
	{ "mailwall_established_connections_total", COUNTER,
	  "Connections of which the client completed the handshake.",
	  PORTS(established) },
	{ "mailwall_midstream_connections_total", COUNTER,
	  "Connections of which the start was not seen.", PORTS(midstream) },
	{ "mailwall_banners_total", COUNTER,
	  "Connections in which the server sent its greeting.", PORTS(banner) },
	{ "mailwall_implicit_tls_total", COUNTER,
	  "Connections with TLS from the first byte.", PORTS(implicit_tls) },
	{ "mailwall_starttls_total", COUNTER,
	  "Connections in which the client asked for STARTTLS.",
	  PORTS(starttls) },
	{ "mailwall_starttls_handshakes_total", COUNTER,
	  "Connections in which TLS followed the STARTTLS.",
	  PORTS(starttls_tls) },
	{ "mailwall_cleartext_logins_total", COUNTER,
	  "Connections with a login that was not encrypted.",
	  PORTS(cleartext_auth) },

	{ "mailwall_findings_total", COUNTER, "Findings about sources.",
	  write_findings, 0 },
	{ "mailwall_sources", GAUGE, "Sources that are known now.",
	  SUMMARY(sources) },
	{ "mailwall_warm", GAUGE,
	  "Whether the warm-up is over, and findings are made.", write_warm,
	  0 },
	{ "mailwall_memory_bytes", GAUGE, "Memory that the engine uses.",
	  write_memory, 0 },
	{ "mailwall_evicted_sources_total", COUNTER,
	  "Sources that were forgotten for lack of memory.",
	  SUMMARY(sources_evicted) },
	{ "mailwall_evicted_histories_total", COUNTER,
	  "Histories of sources that were forgotten for lack of memory.",
	  SUMMARY(histories_evicted) },
	{ "mailwall_cut_attempts_total", COUNTER,
	  "Attempts that were cut short for lack of memory.",
	  SUMMARY(attempts_cut) },
	{ "mailwall_cut_dialogues_total", COUNTER,
	  "Dialogues that were cut short for lack of memory.",
	  SUMMARY(connections_cut) },
	{ "mailwall_cut_clauses_total", COUNTER,
	  "Names of clauses in logs beyond those that are told apart.",
	  SUMMARY(clauses_cut) },
	{ "mailwall_clock_steps_total", COUNTER,
	  "Steps back of the time of packets, of more than 5 seconds.",
	  SUMMARY(clock_steps) },

	{ "mailwall_privileged_process_up", GAUGE,
	  "Whether the process that keeps CAP_NET_ADMIN answers.", write_priv,
	  0 },
	{ "mailwall_monitor_sees", GAUGE,
	  "Whether the rules that are loaded show what they block.",
	  metrics_write_sees, 0 },
	{ "mailwall_monitor_complaints", GAUGE,
	  "What the monitor finds wrong with the rules that are loaded.",
	  metrics_write_complaints, 0 },
	{ "mailwall_quarantine_flagged_total", COUNTER,
	  "Sources that were put into class flagged.", QUARANTINE(flagged) },
	{ "mailwall_quarantine_waiting", GAUGE,
	  "Sources that wait to be put into class flagged.",
	  QUARANTINE(waiting) },
	{ "mailwall_quarantine_refused_total", COUNTER,
	  "Sources that the policy keeps out of class flagged.",
	  QUARANTINE(refused) },
	{ "mailwall_quarantine_forgotten_total", COUNTER,
	  "Sources that waited for class flagged and sent no more.",
	  QUARANTINE(forgotten) },

	{ "mailwall_store_rows_total", COUNTER, "Rows written to the store.",
	  STORE(store_rows) },
	{ "mailwall_store_errors_total", COUNTER,
	  "Writes to the store that failed.", STORE(store_errors) },
};

int metrics_write(const struct metrics *m, FILE *out)
{
	for (size_t i = 0; i < COUNT(families); i++) {
		struct writer w = { m, &families[i], out, false };

		families[i].write(&w);
	}
	return ferror(out) ? -EIO : 0;
}

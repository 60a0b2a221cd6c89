/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Frames in; attempts, findings and a summary out.
 *
 *     frame --decode--> segment --ends--> attempt --judge--> finding
 *
 * An engine opens nothing, reads no clock (time is that of the frames) and has
 * no state outside itself. It belongs to one thread at a time; a policy may
 * serve many. What it hands to a callback is borrowed for the call.
 */
#ifndef MAILWALL_ENGINE_H
#define MAILWALL_ENGINE_H

#include "../decode/decode.h"
#include "../judge/judge.h"
#include "engine_event.h"

#define PORTS_MOST 64 /* watched by one engine */

struct engine_config {
	const struct policy *policy; /* may be NULL; borrowed */
	const struct decide_input
		*members;      /* members of dynamic classes, or NULL */
	const char *interface; /* where all packets come in, if known */
	uint64_t key[2];       /* secret and random */
	size_t memory;	       /* bytes, 0: ENGINE_MEMORY */
	bool skip_warmup;
	void *ctx;
	void (*attempt)(void *ctx, const struct attempt_event *event);
	/*
	 * Called when an attempt is answered, or a log says that it was
	 * blocked, else three seconds after its first SYN; may be NULL.
	 * attempt() comes minutes later, most often with the same outcome.
	 */
	void (*early)(void *ctx, const struct attempt_event *event);
	/*
	 * Called whenever an attempt gets another outcome than unanswered: at
	 * once, and again if a later packet changes it; may be NULL.
	 */
	void (*outcome)(void *ctx, const struct attempt_event *event);
	void (*finding)(void *ctx, const struct finding *finding);
};
#define ENGINE_MEMORY	    ((size_t)256 << 20)
#define ENGINE_MEMORY_LEAST ((size_t)8 << 20)

struct port_counts {
	uint16_t port;
	uint64_t syns, attempts;
	uint64_t pairs; /* different source and destination */
	bool pairs_exact;
	uint64_t answered, established, half_open;
	uint64_t refused, icmp_refused, unanswered, blocked;
	uint64_t open; /* without an outcome yet */
	/* Attempts that had an outcome, even if it changed: these never fall.
	 */
	uint64_t had[OUTCOME_N];
	uint64_t banner, implicit_tls, starttls, starttls_tls, cleartext_auth;
	uint64_t midstream;   /* connections whose SYN was not seen */
	uint64_t would_block; /* attempts that ended, by the policy */
};

struct engine_summary {
	uint64_t packets, bytes;
	int64_t first_us, last_us; /* 0: no packet */
	uint64_t decoded[DECODED_N];
	uint64_t sources; /* known now */
	uint64_t sources_evicted, histories_evicted;
	uint64_t attempts_cut, connections_cut; /* by lack of room */
	uint64_t clock_steps;			/* back, by more than 5 s */
	uint64_t times_refused; /* before 1970 or past 2106: ignored */
	uint64_t clauses_cut;	/* NFLOG prefixes beyond the table */
	/* First fragments and SYNs to mail ports that hid their ports so. */
	uint64_t hidden[HIDDEN_N];
	uint64_t findings[FINDING_N];
	size_t memory; /* bytes in use */
	bool warm;
	size_t n_ports;
	struct port_counts ports[PORTS_MOST];
};

struct engine;

/* 0, -ENOMEM, or -E2BIG: the policy names more ports than PORTS_MOST. */
int engine_new(const struct engine_config *config, struct engine **out);
void engine_free(struct engine *e);
/* Replaces the policy; the old one may be freed afterwards. 0 or -E2BIG. */
int engine_policy(struct engine *e, const struct policy *policy);

/* The watched ports: those of mail services and of the policy. */
const uint16_t *engine_ports(const struct engine *e, size_t *n);

/* Adds a frame; its bytes are borrowed for the call. */
void engine_frame(struct engine *e, const struct frame *frame);
/*
 * Adds a segment that another source than a frame knows of, such as a log. A
 * prefix is one of NFLOG; the segment is borrowed for the call.
 */
void engine_segment(struct engine *e, const struct segment *segment);
/* Advances time without a frame. */
void engine_time(struct engine *e, int64_t now_us);
/*
 * Tells that the clock which stamps frames was set, by so much, before the next
 * frame. The engine's time goes on as if it had not been; what is known of
 * sources is shown by the new clock, attempts by that of their time.
 */
void engine_clock_step(struct engine *e, int64_t step_us);
/* Ends all attempts: each gets its outcome. */
void engine_end(struct engine *e);

/* Writes the counts of all packets so far. */
void engine_summary(struct engine *e, struct engine_summary *out);

/* A source, as engine_sources() shows it. */
struct source_view {
	uint8_t family;
	struct addr6 source; /* IPv6: the first address of the /64 */
	uint32_t attempts, syns, groups;
	uint64_t destinations;
	bool destinations_exact; /* else an estimate */
	int64_t first_s, last_s;
	uint16_t ports[PORTS_MOST]; /* tried by the source */
	size_t n_ports;
	uint16_t systems; /* senders of its SYNs, by system_bit() */
	float score;	  /* 1 and more: reported as spam source */
	bool spam, would_be_blocked, allowed, mail_server, proven;
};
/* Calls fn for every source, in no order. */
void engine_sources(struct engine *e,
		    void (*fn)(void *ctx, const struct source_view *view),
		    void *ctx);
/* Looks up one source; false: it is not known, or no longer. */
bool engine_source(struct engine *e, uint8_t family, const struct addr6 *source,
		   struct source_view *out);

/*
 * Has each step told that changes a score of a source, from now on. Times are
 * those of the engine: engine_step_us() has them as in the frames.
 */
void engine_explain(struct engine *e, uint8_t family,
		    const struct addr6 *source, struct judge_why *why);
int64_t engine_step_us(const struct engine *e, const struct judge_step *step);

/* A state file begins with this, whatever its version. */
#define ENGINE_STATE "mailwall sources "
/*
 * engine_save() writes what a restart needs to go on without a new warm-up:
 * write() gets the bytes in order, and returns 0 or -errno. engine_load() reads
 * them into a new engine, on any machine: 0, or -EBADMSG with a sentence in
 * *why, and the engine as it was.
 */
int engine_save(struct engine *e,
		int (*write)(void *ctx, const void *bytes, size_t len),
		void *ctx);
int engine_load(struct engine *e, const void *bytes, size_t len,
		const char **why);

#endif

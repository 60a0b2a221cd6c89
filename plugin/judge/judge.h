/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which sources are likely to send spam, with the evidence. The detectors and
 * their figures stand in mailwall.policy(5) under "watch"; where they come
 * from stands with each in judge_*.c.
 *
 * Time is that of the packets, in seconds since 1970, and never runs back.
 */
#ifndef MAILWALL_JUDGE_H
#define MAILWALL_JUDGE_H

#include "../../rules/policy/policy.h"
#include "../dialogue/dialogue.h"
#include "source.h"

/* "spam-source", "direct-to-mx", ... and "fast", "abandon", ... */
const char *finding_name(enum finding_kind kind);
const char *detector_name(enum detector detector);
enum finding_kind detector_finding(enum detector detector);

struct finding {
	enum detector detector;
	uint8_t family;
	/* An IPv6 source is a /64. */
	struct addr6 source;
	int64_t time_us;
	uint32_t first_s, last_s;
	uint32_t attempts, syns, groups;
	uint64_t destinations;
	bool destinations_exact;
	bool again;   /* a finding of this kind is out already */
	bool proven;  /* it completed a handshake: the address is no forgery */
	bool blocked; /* judged as behind a block, where every attempt fails */
	uint16_t port;
	uint8_t n_examples;
	struct addr6 examples[EXAMPLES_MOST];
};

enum port_role { PORT_TRANSPORT, PORT_SUBMISSION, PORT_IMAP, PORT_POP3 };

struct judge {
	struct sources sources;
	const struct policy *policy; /* NULL: figures by default */
	double figures[WATCH_FIGURES];
	double gain[DETECTOR_N], loss[DETECTOR_N]; /* of sums, else 0 */
	float threshold[DETECTOR_N];
	float drift[DETECTOR_N];       /* of rates, a second */
	float nowhere;		       /* a sum for which there is no memory */
	uint32_t warmup_s[DETECTOR_N]; /* of sums */
	uint32_t start_s; /* of warm-up; 0: nothing was seen so far */
	uint32_t now_s;
	uint32_t swept; /* records of this round */
	uint32_t sweep_s;
	bool warm; /* warm-up is over, or skipped */
	struct hash_key key;
	struct detector_hooks hooks;
	void *ctx;
	void (*finding)(void *ctx, const struct finding *finding);
	uint64_t findings[FINDING_N];
};

/* key[2] is secret and random. most: sources kept. 0 or -ENOMEM. */
int judge_init(struct judge *j, struct pool *pool, const struct hash_key *key,
	       uint32_t most, const struct policy *policy, bool skip_warmup);
void judge_free(struct judge *j);
/* A new policy takes over; sources stay. */
void judge_policy(struct judge *j, const struct policy *policy);

/* Warm-up runs from here; only the first call counts. */
void judge_begin(struct judge *j, uint32_t now_s);

/* One attempt, once it is known whether it was answered, or after 3 s. */
struct observation {
	uint8_t family;
	const struct addr6 *source, *destination;
	uint64_t hash;	     /* of the source */
	struct source *hint; /* as sources_touch() has it */
	uint32_t time_s, syns;
	uint16_t port, port_bit;
	enum port_role role;
	bool answered;
	bool allowed; /* by a clause: its source is not judged for it */
	bool blocked; /* by a clause */
};
void judge_attempt(struct judge *j, const struct observation *a);
/* SYNs that came after that. */
void judge_syns(struct judge *j, uint8_t family, const struct addr6 *source,
		uint32_t time_s);
/* What was said after it was answered. */
void judge_connection(struct judge *j, const struct observation *a,
		      const struct dialogue *d, bool established);

/* Time passes: what is due is decided. */
void judge_time(struct judge *j, uint32_t now_s);

/* 1.0 and more: reported as spam source; what eviction and lists go by. */
float judge_score(const struct judge *j, const struct source *s);
/* Does it look like a mail server, by what it accepts and what it retries? */
bool judge_mail_server(const struct source *s);
/* Different addresses that it tried; exact: that is no estimate. */
uint64_t judge_destinations(const struct source *s, bool *exact);
bool judge_is_spam(const struct source *s);
bool judge_is_warm(const struct judge *j);

#endif

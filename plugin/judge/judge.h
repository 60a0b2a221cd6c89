/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The judge finds sources that are likely to send spam, with the evidence. The
 * detectors and their figures stand in mailwall.policy(5) under "watch"; the
 * reason of each stands in detect_*.h.
 *
 * Time is that of the packets, in seconds since 1970, and never runs back.
 */
#ifndef MAILWALL_JUDGE_H
#define MAILWALL_JUDGE_H

#include "../../rules/policy/policy.h"
#include "../dialogue/dialogue.h"
#include "../decode/system.h"
#include "../source/source.h"

/* "spam-source", "direct-to-mx", ... and "fast", "abandon", ... */
const char *finding_name(enum finding_kind kind);
const char *detector_name(enum detector detector);
enum finding_kind detector_finding(enum detector detector);

struct finding {
	enum detector detector;
	uint8_t family;
	/* IPv6: the first address of a /64. */
	struct addr6 source;
	int64_t time_us;
	uint32_t first_s, last_s;
	uint32_t attempts, syns, groups;
	uint64_t destinations;
	bool destinations_exact;
	bool again;	  /* a finding of this kind was reported */
	bool proven;	  /* a handshake was completed: not spoofed */
	bool blocked;	  /* the port is blocked: every attempt fails */
	bool mail_server; /* the source looks like one */
	bool unsure;	  /* a spam source, but the monitor warms up */
	uint16_t systems; /* senders of its SYNs, by system_bit() */
	uint16_t port;
	uint8_t n_examples;
	struct addr6 examples[EXAMPLES_MOST];
};

/* How surely a packet hid its header from rules. */
enum evasion {
	EVASION_NONE,
	EVASION_LIKELY, /* a broken device may do it, too */
	EVASION_CERTAIN,
	/* A header that was not seen at all: an observation without a port. */
	EVASION_UNSEEN,
};

/* A step of the judge's working: a sum changed, or a source was reported. */
struct judge_step {
	uint32_t time_s;
	enum detector detector;
	bool found;	  /* reported; a detector that counts has no sum */
	const char *seen; /* "a new network", ...: what changed it */
	float before, after, threshold;
	const struct addr6 *destination; /* NULL: no attempt changed it */
};

/* One source whose working is told. It outlives the judge. */
struct judge_why {
	void *ctx;
	void (*step)(void *ctx, const struct judge_step *step);
	/* Private to the judge. */
	uint8_t family;
	uint64_t key;
	float sum[SUMS]; /* as they were told */
	uint32_t found;	 /* bits of detectors that reported since */
	const struct addr6 *destination;
};

enum port_role { PORT_TRANSPORT, PORT_SUBMISSION, PORT_IMAP, PORT_POP3 };

struct judge {
	struct sources sources;
	const struct policy *policy; /* NULL: figures by default */
	double figures[WATCH_FIGURES];
	double gain[DETECTOR_N], loss[DETECTOR_N]; /* 0 for counts */
	float threshold[DETECTOR_N];
	float drift[DETECTOR_N];       /* a second; 0 but for rates */
	float nowhere;		       /* stands in for a sum without memory */
	uint32_t warmup_s[DETECTOR_N]; /* 0 for counts */
	uint32_t start_s; /* start of warm-up; 0: nothing seen yet */
	uint32_t now_s;	  /* time of the source looked at */
	uint32_t clock_s; /* the latest of all */
	uint32_t swept;	  /* records visited in this round */
	uint32_t sweep_s;
	bool warm; /* warm-up is over, or skipped */
	struct hash_key key;
	struct judge_why *why; /* NULL: nobody asks */
	void *ctx;
	void (*finding)(void *ctx, const struct finding *finding);
	uint64_t findings[FINDING_N];
};

/* Keeps up to most sources; key is secret and random. 0 or -ENOMEM. */
int judge_init(struct judge *j, struct pool *pool, const struct hash_key *key,
	       uint32_t most, const struct policy *policy, bool skip_warmup);
void judge_free(struct judge *j);
/* Replaces the policy; sources stay. */
void judge_policy(struct judge *j, const struct policy *policy);

/* Tells each step that changes a score of a source, from now on. */
void judge_explain(struct judge *j, uint8_t family, const struct addr6 *source,
		   struct judge_why *why);

/* Starts warm-up; only the first call counts. */
void judge_begin(struct judge *j, uint32_t now_s);

/* An attempt, when it is answered or after 3 s. */
struct observation {
	uint8_t family;
	const struct addr6 *source, *destination;
	uint64_t hash;	     /* source_hash() */
	struct source *hint; /* for sources_touch() */
	uint32_t time_s, syns;
	uint16_t port, port_bit;
	enum port_role role;
	bool answered;
	bool allowed; /* by a clause: its source is not judged */
	bool blocked; /* by a clause */
	enum evasion evasion;
	enum system system; /* SYSTEM_NONE: not told */
};
void judge_attempt(struct judge *j, const struct observation *a);
/* A packet that hid the header of TCP: its port is not known. */
void judge_hidden(struct judge *j, const struct observation *a);
/* Counts a SYN that came after that. */
void judge_syns(struct judge *j, uint8_t family, const struct addr6 *source,
		uint32_t time_s);
/* Notes that a source completed a handshake: its address is not forged. */
void judge_established(struct judge *j, uint64_t hash, uint8_t family,
		       const struct addr6 *source);
/* Adds the payload of an answered attempt. */
void judge_connection(struct judge *j, const struct observation *a,
		      const struct dialogue *d, bool established);

/* Advances time, and decides what is due. */
void judge_time(struct judge *j, uint32_t now_s);
/* Decides all that is due by now: no attempt is under way. */
void judge_settle(struct judge *j);

/* How far a source is from a finding: 1 and more is a spam source. */
float judge_score(const struct judge *j, const struct source *s);
/* Looks like a mail server, by what it accepts and what it retries. */
bool judge_mail_server(const struct source *s);
/* Different addresses that were tried, exact or an estimate. */
uint64_t judge_destinations(const struct source *s, bool *exact);
bool judge_is_spam(const struct source *s);
bool judge_is_warm(const struct judge *j);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An attempt as an engine reports it: its ends, its outcome, its verdict. */
#ifndef MAILWALL_ENGINE_EVENT_H
#define MAILWALL_ENGINE_EVENT_H

#include "../../rules/policy/decide.h"
#include "../decode/segment.h"
#include "../dialogue/dialogue.h"

enum outcome {
	OUTCOME_UNANSWERED,
	OUTCOME_ANSWERED,     /* a SYN-ACK came */
	OUTCOME_REFUSED,      /* a RST came */
	OUTCOME_ICMP_REFUSED, /* an ICMP error came */
	OUTCOME_BLOCKED,      /* NFLOG named the clause that stopped it */
	OUTCOME_N
};
/* "unanswered", "answered", "refused", "icmp-refused", "blocked" */
const char *outcome_name(enum outcome outcome);

struct attempt_event {
	int64_t time_us, last_us; /* first and latest SYN */
	uint8_t family, input;
	struct addr6 source, destination;
	uint16_t source_port, port;
	uint16_t syns;
	enum outcome outcome;
	bool established; /* the client completed the handshake */
	/* "residential:17", "residential:source-route" of NFLOG; or NULL */
	const char *clause;
	enum hidden hidden; /* how its SYN was hidden from rules */
	/* The verdict of the policy, if there is one. */
	const struct clause *decided; /* NULL: no clause */
	bool would_block;
	bool observed; /* its clause stops it, and mode observe does not */
	/* Outcome reported earlier through early(), which this supersedes. */
	bool was_early;
	enum outcome early_outcome;
	uint32_t seen;			 /* SEEN_ bits of the payload */
	const struct dialogue *dialogue; /* NULL: no payload */
};

#endif

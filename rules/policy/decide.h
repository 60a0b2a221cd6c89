/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A policy's decision about one connection, made without a kernel: the same
 * that its rules would make.
 */
#ifndef MAILWALL_DECIDE_H
#define MAILWALL_DECIDE_H

#include "policy.h"

/*
 * The opening packet, as the policy's hook would see it. Hooks output and
 * ingress see it in two places: in alone means where it comes in, out alone
 * (or an owner) where it goes out, both mean both, one after the other.
 */
struct opening {
	uint8_t family; /* 4 or 6 */
	/* IPv4 lies in the first four bytes, and zeros behind it. */
	struct addr6 source, destination;
	uint16_t source_port, destination_port;
	/* Interfaces; NULL: not known; "": one whose name is not known. */
	const char *in, *out;
	bool has_owner; /* uid and gid of the socket are known */
	uint32_t uid, gid;
};

struct decide_input {
	/* Is the address in a dynamic class now? NULL: they are empty. */
	bool (*member)(void *ctx, const struct class *class, uint8_t family,
		       const struct addr6 *address);
	void *ctx;
};

struct decision {
	const struct clause *clause; /* NULL: no clause decides, it passes */
	/*
	 * An earlier clause (any clause, if none decides) depends on an
	 * interface or an owner that is not known. It was taken not to match.
	 */
	bool unsure;
};

/*
 * The first clause that matches decides; observe only counts, but it, too,
 * is the last clause asked. Where two places see the packet, the second is
 * asked if the first lets it through, and its clause is told if it does not,
 * or if the first had none.
 *
 * Of "and replies" the replies are not asked: this is about the packet that
 * opens a connection. Calls from many threads are fine.
 */
void policy_decide(const struct policy *policy,
		   const struct decide_input *input,
		   const struct opening *opening, struct decision *out);

/*
 * Is the address one of the class's fixed members? What a dynamic class holds
 * at run time only the kernel knows.
 */
bool class_has(const struct class *class, uint8_t family,
	       const struct addr6 *address);

/*
 * A condition on something unknown may match. Conditions that must all hold
 * match as the least of them does; of alternatives the greatest counts.
 */
enum match { MATCH_NO, MATCH_MAYBE, MATCH_YES };

/* Parts of a clause, and whether a connection meets each. */
struct clause_match {
	bool concerns;	 /* port and family are its own */
	enum match seen; /* the packet passes where the block is enforced */
	enum match block, from, to, owner;
};

/* Asks one clause, whatever those before it say. */
void policy_ask(const struct policy *policy, const struct decide_input *input,
		const struct opening *opening, const struct clause *clause,
		struct clause_match *out);

/* Is it one of the class's interfaces? */
bool class_has_interface(const struct class *class, const char *name);

/* Does only mode observe let it pass that a block decides? */
bool decision_observes(const struct policy *policy, const struct decision *d);
/* Is the connection stopped: by a block, unless the policy only observes? */
bool decision_blocks(const struct policy *policy, const struct decision *d);

#endif

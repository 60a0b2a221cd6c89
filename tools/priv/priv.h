/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one process of a monitor that keeps CAP_NET_ADMIN. It reads our counters
 * and the members of dynamic classes, and puts sources into class flagged, when
 * the process that reads packets requests it. It reads nothing from the
 * network, and the only address in a request is the source to flag; for how
 * long and how often sources are flagged was set before it started.
 */
#ifndef MAILWALL_PRIV_H
#define MAILWALL_PRIV_H

#include "flaggable.h"
#include "../../rules/base/addr.h"

enum priv_health {
	PRIV_NONE, /* none was started */
	PRIV_WELL,
	PRIV_LATE, /* does not answer: stopped, or busy for long */
	PRIV_ENDED
};

struct priv {
	int fd;		/* requests go here; -1: there is no such process */
	int members_fd; /* a file in memory with long replies: priv_bytes.h */
	int pid;
	enum priv_health health;
	int status; /* as waitpid() gave it */
	/* The request that has no reply yet. */
	bool waits;
	uint8_t asked[32];
	uint32_t sequence;
	int64_t asked_ms;
	uint32_t generation; /* of the rules, by priv_look(); 0: not known */
	/* Where the process is a service: its socket, and a connection that
	 * waits for its first reply, or -1. */
	char path[108];
	int pending;
	uint64_t job;
};

#define PRIV_PATIENCE_MS      400 /* for a reply; then packets have their turn */
#define PRIV_LATE_MS	      1500 /* without a reply it is late */

#define PRIV_FLAGS_PER_MINUTE 600 /* sources that it flags at most */
#define PRIV_GROUPS_MOST      64

/* A sentence for an error of priv_members(). */
const char *priv_error_text(int error);

struct policy;

struct priv_job {
	const struct policy *policy; /* names those to flag; NULL: nobody */
	uint32_t quarantine_s;	     /* 0: it flags nobody */
	uint16_t groups[PRIV_GROUPS_MOST]; /* NFLOG groups that are read */
	size_t n_groups;
	const char *run_dir; /* as applied.h uses it */
};

/*
 * Connects to the process where it is a service, else starts it, before
 * privilege is dropped. An exit code; says why.
 */
int priv_start(struct priv *priv, const struct priv_job *job);
/* Is the process a service? Then it may come back, and needs no privilege. */
bool priv_is_service(const struct priv *priv);
bool priv_finds_service(const struct priv_job *job);
/* After a policy was read again: a service that comes back has it, too. */
void priv_expect(struct priv *priv, const struct priv_job *job);
/*
 * Is that service: serves a monitor after the other at the socket. -errno, when
 * it cannot.
 */
int priv_serve_socket(int listener, const struct priv_job *job);
/* Ends the process and waits for it, but not if it is stopped. */
void priv_stop(struct priv *priv);

/*
 * Looks whether the process is there and answers, and leaves no zombie of one
 * that ended. To be called once a second; it does not wait.
 */
enum priv_health priv_look(struct priv *priv);
/* Says why it is not well: "... ended by signal 9: ..."; NULL: it is. */
const char *priv_complaint(const struct priv *priv);

/*
 * The functions below send a request and wait for the reply, but not longer
 * than PRIV_PATIENCE_MS: -ETIMEDOUT, and the same request made again gets the
 * reply when it is there. 0 or -errno, as the kernel or the process said;
 * -ENOTCONN: there is no process.
 */
/*
 * Puts a source into class flagged. -EBUSY: too many in this minute; -ENFILE:
 * the set is full; -EACCES: the policy forbids it, and *refusal says why.
 */
int priv_flag(struct priv *priv, uint8_t family, const struct addr6 *source,
	      enum flag_refusal *refusal);

/* Packets blocked by clauses that log to a group, if no rate held it back. */
struct block_counts {
	uint64_t packets;
	uint64_t clauses; /* a hash of which clauses they are */
};
int priv_counts(struct priv *priv, struct block_counts *out);

/*
 * Reads the members of dynamic classes into members_fd, unless *generation is
 * still that of the rules; sets *generation. bytes: how many were written.
 */
int priv_members(struct priv *priv, uint32_t *generation, size_t *bytes);

/* Reads what is loaded, and counters, into members_fd. */
int priv_loaded(struct priv *priv, size_t *bytes);

#endif

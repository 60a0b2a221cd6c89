/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hooks of a module of detectors, detect_*.h, for judge_ports.c. */
#ifndef MAILWALL_HOOKS_H
#define MAILWALL_HOOKS_H

#include <stdbool.h>

struct judge;
struct source;
struct contact;
struct observation;
struct dialogue;

typedef void detector_contact_fn(struct judge *j, struct source *s,
				 struct contact *c,
				 const struct observation *a);
typedef void detector_attempt_fn(struct judge *j, struct source *s,
				 const struct observation *a);
typedef void detector_dialogue_fn(struct judge *j, struct source *s,
				  const struct observation *a,
				  const struct dialogue *d);

/*
 * The hooks of a module: what judge_ports.c calls, in the order of the rows.
 * The source has a history, and j->now_s is the time. NULL: nothing to do. A
 * module is constant and in one object with its caller, so that the compiler
 * puts hooks in place and drops what is NULL.
 */
struct detector_module {
	/* Transport: a network that is new, or counts as new again. */
	detector_contact_fn *met;
	/* Transport: a known network, when its contact earns a credit. */
	detector_contact_fn *credited;
	/* Transport: a known network, after that. */
	detector_contact_fn *known;
	/* Transport: every attempt, after all these. first: it was met. */
	void (*tried)(struct judge *j, struct source *s, struct contact *c,
		      const struct observation *a, bool first);
	/* Submission: every attempt; then a network that is new. */
	detector_attempt_fn *submitted;
	detector_contact_fn *submitted_new;
	/* IMAP and POP3: every attempt. */
	detector_attempt_fn *accessed;
	/* Payload was seen, at the end of a connection; then: a login was. */
	detector_dialogue_fn *talked, *login;
	/* A header was hidden from rules: at any port, or at none that is
	 * known. */
	detector_attempt_fn *evaded;
	/* s->due_s came: it is UINT32_MAX, and may be lowered. */
	void (*due)(struct judge *j, struct source *s);
};

#endif

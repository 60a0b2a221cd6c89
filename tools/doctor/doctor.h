/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One page on this machine: what the kernel can do, who else has rules, what
 * would keep a policy from acting, and what to do about each. What could not be
 * read is a line of its own.
 */
#ifndef MAILWALL_DOCTOR_H
#define MAILWALL_DOCTOR_H

#include "../kernel/kernel.h"
#include "../option/command.h"

extern const struct command command_doctor;

enum doctor_level {
	DOCTOR_GOOD,
	DOCTOR_NOTE,	/* nothing is wrong; it is good to know */
	DOCTOR_PROBLEM, /* something to do */
	DOCTOR_UNKNOWN, /* not read */
	DOCTOR_LEVELS
};

struct doctor_line {
	enum doctor_level level;
	const char *about; /* "kernel": a contract */
	const char *text;
	const char *help; /* the remedy; or NULL */
};

struct doctor {
	struct program *program;
	const char *store;
	struct {
		struct doctor_line *items;
		size_t n, cap;
	} lines;
	struct netlink netlink;
	struct reading reading;
	bool has_kernel; /* nf_tables was read */
};

/* Adds a line; help may be NULL. */
void doctor_add(struct doctor *d, enum doctor_level level, const char *about,
		const char *help, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));

/* doctor_kernel.c */
void doctor_look_at_kernel(struct doctor *d);
void doctor_look_at_rules(struct doctor *d);
void doctor_look_at_others(struct doctor *d);

/* doctor_host.c */
void doctor_look_at_iptables(struct doctor *d);
void doctor_look_at_nflog(struct doctor *d);
void doctor_look_at_bridges(struct doctor *d);
void doctor_look_at_forwarding(struct doctor *d);
void doctor_look_at_units(struct doctor *d);
void doctor_look_at_state(struct doctor *d);
void doctor_look_at_store(struct doctor *d);

#endif

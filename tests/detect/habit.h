/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A habit is what one program does: how often, towards whom, and what it does
 * when that fails. Classes are made of habits, a NAT of a hundred of them.
 * Each sender draws its own figures from the habit's ranges.
 */
#ifndef MAILWALL_HABIT_H
#define MAILWALL_HABIT_H

#include "machine.h"

enum rhythm {
	RHYTHM_CHANCE, /* a Poisson process */
	RHYTHM_TIMER,  /* the same gap, give or take */
	RHYTHM_EITHER, /* half of the senders the one, half the other */
	RHYTHM_DAY,    /* by chance, as often as people write at that hour */
};

enum target {
	TARGET_LIST,	 /* a spammer's list of addresses */
	TARGET_CONTACTS, /* mostly those written to before */
	TARGET_OWN_LIST, /* subscribers, or a queue: one after the other */
	TARGET_HOSTS,	 /* always the same hosts */
	TARGET_SET,	 /* addresses in a few networks, any of them */
	TARGET_ROUND,	 /* the same, one after the other */
	TARGET_WALK,	 /* address after address of a network */
	TARGET_ANY,	 /* any address */
};

enum runs {
	RUNS_DESKTOP,
	RUNS_SERVER,
	RUNS_DEVICE,
	RUNS_BOT,
	RUNS_SCANNER,
	N_RUNS,
};

enum habit_ports {
	PORTS_MX,	  /* 25 */
	PORTS_CLIENT,	  /* 25, 587, 465, 993 */
	PORTS_SUBMISSION, /* 587, 465, 993 */
};

enum mta {
	MTA_NONE,   /* one try, all addresses */
	MTA_RETRY,  /* some more, then no more */
	MTA_FLUSH,  /* the whole queue again and again */
	MTA_SERVER, /* one of the next three */
	MTA_POSTFIX,
	MTA_EXIM,
	MTA_SENDMAIL,
	N_MTA,
};

struct habit {
	const char *name;
	struct range rate_h; /* begun an hour while active */
	double sigma;	     /* rates are log-normal about the ranges' middle */
	enum rhythm rhythm;
	double jitter;		  /* of a timer's gap */
	struct range on_s, off_s; /* off 0: always active; on 0: the list's
				     length */
	struct range think_s; /* a thread: begins again so long after the end */
	struct range burst;   /* attempts at once; 0: one */
	enum target target;
	struct range size;	/* of the list, or hosts, or a network */
	struct range groups;	/* /16s that a set lies in */
	struct range addresses; /* at most in one try; 0: one */
	enum mta mta;
	struct range retries, retry_s; /* of MTA_RETRY */
	enum runs runs;
	struct range timeout_s; /* of connecting; 0: the system's */
	double dead;		/* destinations that never answer, anyhow */
	enum habit_ports ports;
	bool late;  /* begins some time in the first half, */
	bool early; /* or in the first hour */
};

/* How often a class has a habit. */
struct habit_part {
	const struct habit *habit;
	double count[2];
	double share;	/* of the users instead, where not 0 */
	bool infection; /* begins with it and ends with it */
};

/* As many copies that share all figures: the threads of one program. */
void habit_start(struct world *, struct customer *, const struct habit_part *,
		 uint32_t copies);

#endif

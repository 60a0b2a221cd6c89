/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A monitor that runs: inputs, an engine, and sinks for what the engine finds.
 * The command fills in what it was asked for, and calls watch_run().
 */
#ifndef MAILWALL_MONITOR_WATCH_H
#define MAILWALL_MONITOR_WATCH_H

#include "losses.h"
#include "membership.h"
#include "../priv/quarantine.h"
#include "screen.h"
#include "../sight/sight.h"
#include "sinks.h"
#include "state_file.h"
#include "../program/program.h"
#include "../event/events.h"

#include <stdbool.h>
#include <stdint.h>

struct record;

#define WATCH_INPUTS_MOST 64

struct watch {
	/* Filled in by the command. */
	struct program *program;
	struct texts interfaces;
	struct numbers groups;	 /* NFLOG's, 0 to 65535 */
	const char *policy_path; /* NULL: no policy */
	const char *user;	 /* to become; NULL: the default */
	const char *state_path;	 /* NULL: none is kept */
	const char *incoming;	 /* as engine_config.interface */
	const char *store_path;	 /* NULL: none is kept */
	const char *listen;	 /* "127.0.0.1:9525"; NULL: no pages */
	bool listen_remote, attempts, openings_only, no_warmup;
	uint32_t every_s;    /* between two summaries */
	size_t memory;	     /* bytes for the engine; 0: the default */
	int64_t keep_s;	     /* age of rows in the store; 0: any */
	uint64_t most_bytes; /* size of the store; 0: any */
	struct policy
		*policy; /* loaded from policy_path; replaced by a reload */

	/* Filled in by watch_run(). */
	struct capture *capture;
	struct engine *engine;
	struct sinks sinks;
	struct decide_input decide; /* asks members */
	struct priv priv;
	enum priv_health priv_health; /* as it was said */
	struct membership members;
	struct losses losses;
	struct sight sight;
	struct sight_wanted wanted; /* the policy to be loaded */
	int64_t clock_us;   /* the clock less a steady one; 0: not known yet */
	int64_t read_us;    /* the clock when frames began to be read */
	int signals, timer; /* descriptors */
	bool stop;	    /* a signal asked for it */
	bool lost[WATCH_INPUTS_MOST]; /* inputs that ended */
	int input_code;		      /* the exit code that they make */

	/* State of the sinks. */
	struct screen screen;
	struct state_file state;
	struct record *record;
	int recorder_pid; /* 0: none */
	struct quarantine *quarantine;
	bool in_journal; /* the journal took the latest finding */
};

/* Runs until a signal ends it, and frees what it made. An exit code. */
int watch_run(struct watch *w, const struct sink *const *sinks, size_t n);

/*
 * Is mailwall-priv.service instead: the process that keeps CAP_NET_ADMIN for
 * monitors with these groups and this policy. An exit code.
 */
int watch_be_service(struct watch *w);

/* The losses so far, of inputs and of logs. */
struct summary_extra watch_losses(struct watch *w);

/* Is standard output a terminal that shows figures and no attempts? */
bool watch_has_screen(const struct watch *w);

/* Ends it with EXIT_REFUSED, for a reason that was said. */
void watch_end(struct watch *w);

/* The clock, as time_us of frames has it. */
int64_t watch_now_us(void);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Status for those who watch over hosts: a line after the Monitoring Plugins'
 * guidelines (monitoring-plugins.org/doc/guidelines.html), and metrics for the
 * textfile collector of Prometheus's node_exporter. Neither lists what is in a
 * set that is not small.
 */
#ifndef MAILWALL_STATUS_HOSTS_H
#define MAILWALL_STATUS_HOSTS_H

#include "../kernel/acting.h"
#include "../kernel/loaded.h"
#include "../program/program.h"
#include "status_trial.h"

#include <stdbool.h>
#include <stdint.h>

enum state {
	STATE_AS_LOADED,
	STATE_DRIFT,	  /* somebody changed the table */
	STATE_OTHER,	  /* another policy than the one asked about */
	STATE_UNVERIFIED, /* as loaded, but for sets too large to read back */
	STATE_VERSION,	  /* loaded by a mailwall with another digest */
};

/* Results of status; all of it is borrowed. */
struct host_facts {
	const char *path; /* the policy it was compared with; NULL: none */
	const struct present *table; /* NULL: nothing is loaded */
	const struct loaded *loaded;
	const struct acting *acting;
	bool observe_wanted; /* the policy at path has mode observe */
	enum state state;
	const char *difference; /* "missing: chain forward"; NULL: not known */
	size_t differences;
	const struct trial_facts *trial;
};

/* An exit code: 0 whatever is loaded, if all of it could be written. */
int prometheus_report(struct arena *a, const struct host_facts *f);

/* Limits: percent of a set for a warning and for critical, findings. */
struct nagios_limits {
	uint32_t warning, critical, findings;
};

struct nagios {
	struct nagios_limits limits;
	bool answered;
	int caught; /* descriptor of what was printed on standard error */
};

/* Is the line asked for? Before options are read: their mistakes are answers.
 */
bool nagios_is_asked(int argc, char **argv);
/* Prints the line. OK, WARNING, CRITICAL or UNKNOWN is exit code 0 to 3. */
int nagios_report(struct arena *a, struct nagios *n,
		  const struct host_facts *f);
/*
 * Runs the command with standard error caught. Where nagios_report() was not
 * called, the first sentence of standard error is the line: UNKNOWN.
 */
int nagios_run(struct program *p, int argc, char **argv);

#endif

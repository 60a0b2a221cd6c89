/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The figures of what is captured: made by the thread of capture.c, told to
 * collectd by report.c. state.c keeps the engine's knowledge over a restart.
 */
#ifndef MAILWALL_FIGURES_H
#define MAILWALL_FIGURES_H

#include "library.h"
#include "table.h"

#define OUTCOMES_MOST 8 /* enum mailwall_outcome has room to grow */

struct port_figures {
	uint16_t port;
	uint64_t attempts;
	uint64_t outcomes[OUTCOMES_MOST];
};

struct input_figures {
	const char *name;
	uint64_t lost;
	bool open;
};

struct figures {
	struct port_figures ports[MAILWALL_PORTS];
	struct input_figures inputs[INPUTS_MOST];
	size_t n_ports, n_inputs;
	uint64_t findings[MAILWALL_FINDINGS];
	uint64_t packets, sources;
	bool warm;
};

/* Starts capturing. 0, or -1 and the log says why; 0 without inputs, too. */
int capture_start(const struct library *l, const struct settings *s);
/* Copies the figures of the last second. false: nothing is captured. */
bool capture_figures(struct figures *out);
/* Ends the thread and saves the state. */
void capture_stop(void);

/* Registers the types of types.db, unless collectd has read that file. */
void report_types(void);
/* Submits the values of a table; present: there is such a table. */
void report_table(const struct table *t, bool present);
/* Submits the values of what is captured. */
void report_figures(const struct mailwall_api *m, const struct figures *f);
/* Sends a notification. */
void report_finding(const struct library *l, const struct mailwall_finding *f);

/* Loads the engine's state of the last run; failures are logged. */
void state_load(const struct mailwall_api *m, struct mailwall_engine *e,
		const char *path);
/* Writes the state, whole or not at all; failures are logged. */
void state_save(const struct mailwall_api *m, struct mailwall_engine *e,
		const char *path);

#endif

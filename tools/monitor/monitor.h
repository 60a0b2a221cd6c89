/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by watch, replay and import: an engine, a capture, an end by signals.
 */
#ifndef MAILWALL_MONITOR_H
#define MAILWALL_MONITOR_H

#include "../capture/capture.h"
#include "sinks.h"

#include <stdbool.h>

struct decide_input;
struct policy;

struct monitor_options {
	const struct policy *policy; /* NULL: none; it outlives the engine */
	const struct decide_input *members; /* in dynamic classes; or NULL */
	const char *interface;		    /* as engine_config.interface */
	size_t memory;			    /* bytes; 0: the default */
	bool skip_warmup;
	struct sinks *sinks; /* chosen; they outlive the engine */
};

/* Makes an engine; what is wrong was said. An exit code. */
int monitor_engine(const struct monitor_options *options, struct engine **out);

/* Makes a capture that says its problems. NULL: no memory, which was said. */
struct capture *monitor_capture(void);
/* The exit code for an error of a capture that was said. */
int monitor_code(int error);

/* Becomes true when SIGINT or SIGTERM comes, once that is asked for. */
extern volatile bool monitor_stop;
void monitor_stop_on_signals(void);

#endif

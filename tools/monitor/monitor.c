/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "monitor.h"
#include "../program/program.h"
#include "../program/message.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/random.h>

volatile bool monitor_stop;

static void monitor_on_signal(int number)
{
	(void)number;
	monitor_stop = true;
}

void monitor_stop_on_signals(void)
{
	struct sigaction action = { .sa_handler = monitor_on_signal };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

static void monitor_on_problem(void *ctx, const char *sentence)
{
	(void)ctx;
	message_say("%s", sentence);
}

struct capture *monitor_capture(void)
{
	struct capture *c = capture_new(monitor_on_problem, NULL);

	if (!c)
		message_out_of_memory();
	return c;
}

/* -EINVAL is a mistake of the command line. */
int monitor_code(int error)
{
	return !error		? EXIT_DONE :
	       error == -EINVAL ? EXIT_USAGE :
				  EXIT_REFUSED;
}

int monitor_engine(const struct monitor_options *o, struct engine **out)
{
	struct engine_config config = {
		.policy = o->policy,
		.members = o->members,
		.interface = o->interface,
		.memory = o->memory,
		.skip_warmup = o->skip_warmup,
		.ctx = o->sinks,
		.attempt =
			sinks_want_attempts(o->sinks) ? sinks_on_attempt : NULL,
		.early = sinks_want_early(o->sinks) ? sinks_on_early : NULL,
		.outcome =
			sinks_want_outcomes(o->sinks) ? sinks_on_outcome : NULL,
		.finding = sinks_on_finding,
	};
	int error;

	if (getrandom(config.key, sizeof(config.key), 0) !=
	    sizeof(config.key)) {
		message_say("no random numbers to be had: %s", strerror(errno));
		return EXIT_REFUSED;
	}
	error = engine_new(&config, out);
	if (!error)
		return EXIT_DONE;
	if (error != -E2BIG)
		return message_out_of_memory();
	message_say("the policy names more than %d ports, which is the most "
		    "that can be watched",
		    PORTS_MOST);
	return EXIT_REFUSED;
}

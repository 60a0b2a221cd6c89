/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Old logs become attempts as packets do: each line goes through an engine, so
 * that a SYN that was logged twice is one attempt and spam sources are found.
 * First all logs are read and their events put in order, whatever clocks wrote
 * them; then events that are not known yet go to the engine.
 */
#include "runs.h"
#include "../review/review.h"
#include "../event/events.h"
#include "../priv/folder.h"
#include "../program/json.h"
#include "../program/message.h"
#include "../option/options.h"
#include "../program/policy_file.h"
#include "../program/program.h"
#include "../monitor/monitor.h"
#include "../import/log_line.h"
#include "../intake/intake_known.h"
#include "../intake/intake_log.h"
#include "../intake/intake_order.h"
#include "../intake/intake_segment.h"
#include "../program/when.h"
#include "../report/progress.h"
#include "../store/recorder.h"
#include "../capture/stream.h"

#include "../../rules/base/arena.h"
#include "../../rules/base/units.h"

#include <stdio.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define WRITTEN_AT_ONCE 65536 /* fewer than fill a batch */
#define EVENTS_SHOWN	4096
#define SECOND_US	1000000

struct import {
	struct program *program;
	const struct import_options *options;
	struct policy *policy;
	struct engine *engine;
	struct recorder *recorder;
	struct intake_known *known;
	struct intake_order *order;
	struct intake_segments *segments;
	struct log_hosts *hosts;
	struct port_bits ports;
	struct progress progress;
	struct intake intake;
	uint64_t handed, events, known_lines, attempts, settled, findings;
	struct sinks sinks;
};

/* ---- sinks ---- */

static int import_store_attempt(void *ctx, const struct attempt_event *event)
{
	struct import *im = ctx;

	recorder_attempt(im->recorder, event);
	im->attempts++;
	return EXIT_DONE;
}

static int import_store_finding(void *ctx, const struct finding *finding)
{
	struct import *im = ctx;

	im->findings++;
	recorder_finding(im->recorder, finding);
	return EXIT_DONE;
}

static int import_close_store(void *ctx)
{
	return recorder_close(((struct import *)ctx)->recorder) ? EXIT_REFUSED :
								  EXIT_DONE;
}

static const struct sink import_sink_store = {
	.name = "store",
	.attempt = import_store_attempt,
	.finding = import_store_finding,
	.close = import_close_store,
};

static const struct sink *const sinks[] = { &import_sink_store };

/* ---- a file ---- */

struct import_file {
	struct stream *stream;
	int64_t changed_s;
	uint64_t size;
};

static int import_refuse(const char *name, const char *why)
{
	message_say("cannot read \"%s\": %s", name, why);
	return EXIT_REFUSED;
}

static int import_open_file(const struct import *im, const char *name,
			    struct import_file *file)
{
	int fd = strcmp(name, "-") ? open(name, O_RDONLY | O_CLOEXEC) :
				     dup(STDIN_FILENO);
	struct stat st;

	if (fd < 0)
		return import_refuse(name, strerror(errno));
	if (isatty(fd)) {
		close(fd);
		return import_refuse(name, "is a terminal; pipe a log into it");
	}
	if (fstat(fd, &st) || S_ISDIR(st.st_mode)) {
		close(fd);
		return import_refuse(name, strerror(EISDIR));
	}
	file->changed_s = S_ISREG(st.st_mode) ? st.st_mtime : im->intake.now_s;
	file->size = S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0;
	file->stream = stream_open(fd);
	if (!file->stream)
		return import_refuse(name, strerror(errno));
	if (!stream_packer(file->stream) ||
	    !strcmp(stream_packer(file->stream), "gzip"))
		return EXIT_DONE;
	message_say("\"%s\" is packed with %s; unpack it first, as in %s -dc",
		    name, stream_packer(file->stream),
		    stream_packer(file->stream));
	stream_close(file->stream);
	return EXIT_REFUSED;
}

static void import_show(void *ctx, double part)
{
	progress_show(&((struct import *)ctx)->progress, part);
}

static int import_one(struct import *im, const char *name)
{
	struct import_file file = { 0 };
	int code = import_open_file(im, name, &file);

	if (code)
		return code;
	stream_stop_by(file.stream, &monitor_stop);
	code = intake_read(&im->intake, name, stream_file(file.stream),
			   file.changed_s, file.size);
	if (stream_fault(file.stream)) {
		message_say("\"%s\" %s", name, stream_fault(file.stream));
		code = EXIT_REFUSED;
	}
	stream_close(file.stream);
	return code;
}

/* ---- events, in order ---- */

static void import_segment(void *ctx, const struct segment *segment)
{
	engine_segment(((struct import *)ctx)->engine, segment);
}

/* Writes what has ended, now and then. 0 or -errno. */
static int import_settle(struct import *im)
{
	if (im->attempts < im->settled + WRITTEN_AT_ONCE)
		return 0;
	im->settled = im->attempts;
	return intake_known_settle(im->known);
}

/* Other than 0 ends it: a failing store, or a signal. */
static int import_hand(void *ctx, const struct log_event *e, uint64_t digest)
{
	struct import *im = ctx;
	int known, error;

	if (im->sinks.code || monitor_stop)
		return 1;
	if (!(im->handed++ % EVENTS_SHOWN))
		progress_show(&im->progress,
			      (double)im->handed / (double)im->intake.read);
	error = import_settle(im);
	if (error)
		return error;
	known = intake_known_add(im->known, e->time_us, digest);
	if (known < 0)
		return known;
	if (known && !im->options->again) {
		im->known_lines++;
		return 0;
	}
	intake_segments_add(im->segments, e);
	im->events += e->repeated ? e->repeated : 1;
	return 0;
}

static int import_failed(struct import *im, int error)
{
	struct store *store = recorder_store(im->recorder);
	struct fault f = { 0 };

	if (error == -ENOMEM)
		return message_out_of_memory();
	return fault_say(&f, store_fault(store, "written", &f));
}

/* All that was read goes to the engine, and into the store. */
static int import_hand_all(struct import *im)
{
	int error = intake_order_read(im->order, import_hand, im);

	if (error < 0)
		return import_failed(im, error);
	if (im->sinks.code)
		return im->sinks.code;
	engine_end(im->engine);
	/* The recorder says why. */
	return intake_known_finish(im->known) ? EXIT_REFUSED : EXIT_DONE;
}

/* ---- the command ---- */

static int import_print_json(const struct import *im)
{
	struct recorder_state state;
	char future[WHEN_TEXT_BYTES] = "";

	recorder_state(im->recorder, &state);
	if (im->intake.future)
		when_print_s(future, im->intake.future_us / SECOND_US);
	return print_json(json_pack(
		"{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:f, s:I, s:s*, "
		"s:I}",
		"events", (json_int_t)im->events, "not_ours",
		(json_int_t)im->intake.not_ours, "bad",
		(json_int_t)im->intake.bad, "attempts",
		(json_int_t)im->attempts, "findings", (json_int_t)im->findings,
		"folded", (json_int_t)state.folded, "known",
		(json_int_t)im->known_lines, "not_understood",
		(json_int_t)im->intake.unknown, "late",
		(json_int_t)im->intake.late, "late_most",
		(double)im->intake.late_most_us / SECOND_US, "future",
		(json_int_t)im->intake.future, "future_last",
		im->intake.future ? future : NULL, "joined",
		(json_int_t)intake_segments_joined(im->segments)));
}

static const char *import_were(uint64_t lines)
{
	return lines == 1 ? " was" : "s were";
}

static void import_print_rest(const struct import *im)
{
	char text[WHEN_TEXT_BYTES];
	uint64_t joined = intake_segments_joined(im->segments);

	if (im->known_lines)
		printf("%llu line%s imported before, and %s not counted "
		       "again\n",
		       (unsigned long long)im->known_lines,
		       import_were(im->known_lines),
		       im->known_lines == 1 ? "is" : "are");
	if (joined)
		printf("%llu record%s of packets or connections that "
		       "others tell of\n",
		       (unsigned long long)joined,
		       joined == 1 ? " tells" : "s tell");
	if (im->intake.late)
		printf("%llu line%s out of order, by up to %.0f seconds; "
		       "each counts at its own time\n",
		       (unsigned long long)im->intake.late,
		       import_were(im->intake.late),
		       (double)im->intake.late_most_us / SECOND_US);
	if (im->intake.future)
		printf("%llu line%s later than now, up to %s; the clock "
		       "that wrote %s was wrong\n",
		       (unsigned long long)im->intake.future,
		       im->intake.future == 1 ? " is" : "s are",
		       when_print_s(text, im->intake.future_us / SECOND_US),
		       im->intake.future == 1 ? "it" : "them");
	if (im->intake.bad)
		printf("%llu line%s could not be read\n",
		       (unsigned long long)im->intake.bad,
		       plural_s(im->intake.bad));
	if (im->intake.unknown)
		printf("%llu line%s not understood\n",
		       (unsigned long long)im->intake.unknown,
		       import_were(im->intake.unknown));
}

static int import_print(const struct import *im)
{
	if (im->known_lines && im->known_lines == im->intake.read &&
	    !im->program->quiet)
		message_say("all of it was imported before; --again takes it "
			    "once more");
	if (im->program->json)
		return import_print_json(im);
	if (im->program->quiet)
		return EXIT_DONE;
	printf("%llu logged SYN%s %llu attempt%s, with %llu finding%s\n",
	       (unsigned long long)im->events,
	       im->events == 1 ? " is" : "s are",
	       (unsigned long long)im->attempts, plural_s(im->attempts),
	       (unsigned long long)im->findings, plural_s(im->findings));
	import_print_rest(im);
	return EXIT_DONE;
}

static int open_all(struct import *im)
{
	struct recorder_options options = { .path = im->options->store,
					    .say = fault_say_sentence };
	struct monitor_options o = { .policy = im->policy,
				     .skip_warmup = im->options->no_warmup,
				     .memory = im->options->memory,
				     .sinks = &im->sinks };
	const uint16_t *ports;
	struct fault f = { 0 };
	size_t n;
	int error;
	int code = folder_make_of(im->program, im->options->store, NULL);

	if (im->policy)
		options.keep_destinations = im->policy->keep_destinations;
	if (!code)
		code = monitor_engine(&o, &im->engine);
	if (code)
		return code;
	ports = engine_ports(im->engine, &n);
	for (size_t i = 0; i < n; i++)
		im->ports.word[ports[i] / 64] |= 1ull << (ports[i] % 64);
	error = recorder_open(&im->recorder, &options, &f);
	if (error)
		return fault_say(&f, error);
	if (intake_known_new(im->recorder, im->options->again, &im->known) ||
	    intake_order_new(0, &im->order) ||
	    intake_segments_new(import_segment, im, &im->segments))
		return message_out_of_memory();
	im->hosts = log_hosts_new();
	im->intake = (struct intake){ .ports = &im->ports,
				      .order = im->order,
				      .hosts = im->hosts,
				      .year = (int)im->options->year,
				      .quiet = im->program->quiet,
				      .now_s = (int64_t)time(NULL),
				      .stop = &monitor_stop,
				      .show = import_show,
				      .ctx = im };
	if (im->options->format)
		im->intake.format = log_format_named(im->options->format);
	return EXIT_DONE;
}

/* One log that fails does not end the others; the exit code tells. */
static int import_files(struct import *im, int argc, char **argv)
{
	int code = EXIT_DONE;

	progress_begin(&im->progress, "importing");
	for (int i = 0; i < argc && !monitor_stop; i++) {
		int one = import_one(im, argv[i]);

		code = code > one ? code : one;
	}
	progress_end(&im->progress);
	return code;
}

static int import_work(struct import *im, int argc, char **argv)
{
	int code = open_all(im), one;

	if (code)
		return code;
	code = import_files(im, argc, argv);
	/* A signal ended the reading; what was read counts. */
	monitor_stop = false;
	progress_begin(&im->progress, "counting");
	one = import_hand_all(im);
	progress_end(&im->progress);
	code = code > one ? code : one;
	one = import_print(im);
	return code > one ? code : one;
}

static void import_free(struct import *im)
{
	engine_free(im->engine);
	intake_known_free(im->known);
	intake_order_free(im->order);
	intake_segments_free(im->segments);
	log_hosts_free(im->hosts);
}

int import_run(struct program *p, const void *options, int argc, char **argv)
{
	struct import im = { .program = p, .options = options };
	int code = EXIT_DONE, closed;

	if (im.options->policy)
		code = load_good_policy(p, im.options->policy, &im.policy);
	if (code)
		return code;
	monitor_stop_on_signals();
	sinks_choose(&im.sinks, sinks, 1, &im);
	code = import_work(&im, argc, argv);
	import_free(&im);
	closed = sinks_close(&im.sinks);
	policy_free(im.policy);
	return code ? code : closed;
}

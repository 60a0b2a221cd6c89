/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Old logs become attempts as packets do: each line goes through an engine, so
 * that a SYN that was logged twice is one attempt and spam sources are found.
 */
#include "commands.h"
#include "../event/events.h"
#include "../priv/folder.h"
#include "../program/json.h"
#include "../program/message.h"
#include "../option/options.h"
#include "../program/policy_file.h"
#include "../program/program.h"
#include "../monitor/monitor.h"
#include "../import/log_line.h"
#include "../program/utf8.h"
#include "../program/when.h"
#include "../report/progress.h"
#include "../store/recorder.h"
#include "../capture/stream.h"

#include "../../rules/base/arena.h"
#include "../../rules/base/units.h"

#include <stdio.h>
#include <errno.h>
#include <fcntl.h>
#include <nettle/sha2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define BLOCK_BYTES	 (1u << 20)
#define BAD_SHOWN	 5
#define RECORDED_AT_ONCE 65536
#define KEY_BYTES	 (2 * SHA256_DIGEST_SIZE + 1)

struct import_options {
	const char *store, *policy, *format;
	uint32_t year;
	uint64_t memory;
	bool again, no_warmup;
};

struct import {
	struct program *program;
	const struct import_options *options;
	struct policy *policy;
	struct engine *engine;
	struct recorder *recorder;
	struct port_bits ports;
	const struct log_format *format; /* as was said; NULL: by its look */
	struct progress progress;
	/* the file that is read */
	const char *name;
	const struct log_format *look;
	struct log_clock clock;
	struct log_hosts *hosts;
	int64_t changed_s; /* no line is younger */
	uint64_t size, bytes, lines, skip;
	char key[KEY_BYTES];
	/* totals */
	uint64_t events, not_ours, bad, attempts, findings;
	struct sinks sinks;
};

/* ---- sinks ---- */

static int import_store_attempt(void *ctx, const struct attempt_event *event)
{
	struct import *im = ctx;
	struct recorder_state state;

	recorder_attempt(im->recorder, event);
	if (++im->attempts % RECORDED_AT_ONCE)
		return EXIT_DONE;
	recorder_submit(im->recorder);
	recorder_state(im->recorder, &state);
	return state.failing ? EXIT_REFUSED : EXIT_DONE;
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

/* ---- an event ---- */

/*
 * "residential:17 block" is ours. Of another's prefix an id is made that a
 * clause could have: "[UFW BLOCK]" is "[UFW-BLOCK]:0".
 */
static void make_prefix(const struct log_event *e, char *out, size_t size)
{
	const char *verb = e->dropped ? "block" : "observe";
	size_t n;

	if (e->own) {
		snprintf(out, size, "%s ", e->prefix);
		return;
	}
	snprintf(out, size, "%.100s:0 %s ", *e->prefix ? e->prefix : "log",
		 verb);
	n = strlen(out) - strlen(verb) - 2;
	for (size_t i = 0; i < n; i++)
		if (out[i] <= ' ' || out[i] > '~' || strchr("\"\\", out[i]))
			out[i] = '-';
}

static struct segment answer_to(const struct segment *s, uint8_t flags)
{
	struct segment back = *s;

	back.source = s->destination;
	back.destination = s->source;
	back.source_port = s->destination_port;
	back.destination_port = s->source_port;
	back.seq = 0;
	back.ack = s->seq + 1;
	back.flags = flags;
	back.prefix = NULL;
	return back;
}

static void import_submit_flow(struct import *im, const struct segment *syn,
			       enum log_kind kind)
{
	struct segment s;

	if (kind == LOG_FLOW_RESET) {
		s = answer_to(syn, TCP_RST | TCP_ACK);
		engine_segment(im->engine, &s);
	} else if (kind == LOG_FLOW_ANSWERED) {
		s = answer_to(syn, TCP_SYN | TCP_ACK);
		engine_segment(im->engine, &s);
		s = *syn;
		s.seq++;
		s.ack = 1;
		s.flags = TCP_ACK;
		s.prefix = NULL;
		engine_segment(im->engine, &s);
	}
}

static void import_submit(struct import *im, const struct log_event *e)
{
	char prefix[LOG_PREFIX_SIZE + 16];
	struct segment s = { .time_us = e->time_us,
			     .source = e->source,
			     .destination = e->destination,
			     .source_port = e->source_port,
			     .destination_port = e->port,
			     .seq = e->seq,
			     .flags = TCP_SYN,
			     .family = e->family };

	if (e->kind == LOG_PACKET || e->dropped) {
		make_prefix(e, prefix, sizeof(prefix));
		s.prefix = prefix;
		s.prefix_len = (uint32_t)strlen(prefix);
	}
	for (uint32_t i = e->repeated ? e->repeated : 1; i--; im->events++)
		engine_segment(im->engine, &s);
	import_submit_flow(im, &s, (enum log_kind)e->kind);
}

/* ---- a line ---- */

static void print_bad(const struct import *im, const char *line, size_t len,
		      const char *why)
{
	char text[81];
	size_t n = utf8_clean(text, sizeof(text), line, len);

	message_say("%s:%llu: %s: \"%s%s\"", im->name,
		    (unsigned long long)im->lines, why, text,
		    len > n ? "..." : "");
}

static int64_t import_local_s(void *ctx, int year, int month, int day, int hour,
			      int minute, int second)
{
	struct tm tm = { .tm_year = year - 1900,
			 .tm_mon = month - 1,
			 .tm_mday = day,
			 .tm_hour = hour,
			 .tm_min = minute,
			 .tm_sec = second };

	(void)ctx;
	return when_local_s(&tm);
}

/* Clocks that are set back by up to two hours show an hour again. */
static int64_t import_again_s(void *ctx, int64_t first_s)
{
	static const int back_s[] = { 1800, 3600, 7200 };
	time_t t = (time_t)first_s;
	struct tm first, again;

	(void)ctx;
	localtime_r(&t, &first);
	for (size_t i = 0; i < sizeof(back_s) / sizeof(*back_s); i++) {
		t = (time_t)first_s + back_s[i];
		localtime_r(&t, &again);
		if (again.tm_hour == first.tm_hour &&
		    again.tm_min == first.tm_min)
			return t;
	}
	return INT64_MIN;
}

static void take_line(struct import *im, const char *line, size_t len)
{
	struct log_event e;
	const char *why;

	im->lines++;
	if (len && line[len - 1] == '\r')
		len--;
	if (!im->look)
		im->look = log_line_format(line, len);
	if (!im->look) {
		im->not_ours++;
		return;
	}
	switch (log_line_parse(im->look, &im->clock, &im->ports, line, len, &e,
			       &why)) {
	case LOG_EVENT:
		import_submit(im, &e);
		break;
	case LOG_NOT_OURS:
	case LOG_OTHER:
	case LOG_UNKNOWN:
		im->not_ours++;
		break;
	case LOG_BAD:
		if (im->bad++ < BAD_SHOWN && !im->program->quiet)
			print_bad(im, line, len, why);
		break;
	}
}

/* ---- a file ---- */

static void import_make_key(struct import *im, const char *line, size_t len)
{
	uint8_t digest[SHA256_DIGEST_SIZE];
	struct sha256_ctx sha;

	sha256_init(&sha);
	sha256_update(&sha, len, (const uint8_t *)line);
	sha256_digest(&sha, sizeof(digest), digest);
	for (size_t i = 0; i < sizeof(digest); i++)
		snprintf(im->key + 2 * i, 3, "%02x", digest[i]);
}

/* Skips lines that an earlier import had, when the file was shorter. */
static void look_at_first(struct import *im, const char *line, size_t len)
{
	import_make_key(im, line, len);
	if (!im->options->again)
		im->skip = store_imported_bytes(recorder_store(im->recorder),
						im->key);
}

/* Whole lines of a block; how many bytes they were. */
static size_t take_lines(struct import *im, const char *block, size_t len)
{
	size_t done = 0;

	while (done < len && !im->sinks.code) {
		const char *line = block + done;
		const char *end = memchr(line, '\n', len - done);
		size_t n;

		if (!end)
			break;
		n = (size_t)(end - line);
		if (!*im->key)
			look_at_first(im, line, n);
		im->bytes += n + 1;
		done += n + 1;
		if (im->bytes > im->skip)
			take_line(im, line, n);
		else
			im->lines++;
	}
	return done;
}

/* A line that does not fit is cut: its start says that it is too long. */
static int read_lines(struct import *im, FILE *file)
{
	char *block = malloc(BLOCK_BYTES);
	size_t have = 0, got, done;

	if (!block)
		return message_out_of_memory();
	while (!im->sinks.code && !monitor_stop &&
	       (got = fread(block + have, 1, BLOCK_BYTES - 1 - have, file))) {
		have += got;
		done = take_lines(im, block, have);
		if (!done && have == BLOCK_BYTES - 1) {
			block[have++] = '\n';
			done = take_lines(im, block, have);
			have = done;
		}
		memmove(block, block + done, have - done);
		have -= done;
		if (im->size)
			progress_show(&im->progress,
				      (double)im->bytes / (double)im->size);
	}
	if (have && !im->sinks.code && !monitor_stop) {
		block[have++] = '\n';
		take_lines(im, block, have);
	}
	free(block);
	return im->sinks.code;
}

static int note_imported(struct import *im)
{
	struct store *store = recorder_store(im->recorder);
	struct store_imported done = { .key = im->key,
				       .name = im->name,
				       .time_s = (int64_t)time(NULL),
				       .bytes = im->bytes };

	/* A log that was not understood may be read as another format. */
	if (!*im->key || !im->look)
		return EXIT_DONE;
	if (recorder_flush(im->recorder))
		return EXIT_REFUSED;
	store_begin(store);
	store_add_imported(store, &done);
	return store_end(store) ? EXIT_REFUSED : EXIT_DONE;
}

static int import_refuse(const char *name, const char *why)
{
	message_say("cannot read \"%s\": %s", name, why);
	return EXIT_REFUSED;
}

static int import_open_file(struct import *im, const char *name,
			    struct stream **stream)
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
	im->changed_s = S_ISREG(st.st_mode) ? st.st_mtime : time(NULL);
	im->size = S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0;
	*stream = stream_open(fd);
	if (!*stream)
		return import_refuse(name, strerror(errno));
	if (!stream_packer(*stream) || !strcmp(stream_packer(*stream), "gzip"))
		return EXIT_DONE;
	message_say("\"%s\" is packed with %s; unpack it first, as in %s -dc",
		    name, stream_packer(*stream), stream_packer(*stream));
	stream_close(*stream);
	return EXIT_REFUSED;
}

static void begin_file(struct import *im, const char *name)
{
	time_t t = (time_t)im->changed_s;
	struct tm tm;

	localtime_r(&t, &tm);
	im->name = name;
	im->look = im->format;
	log_hosts_clear(im->hosts);
	im->clock = (struct log_clock){ .year = tm.tm_year + 1900,
					.latest_s = im->changed_s + 86400,
					.local = import_local_s,
					.again = import_again_s,
					.hosts = im->hosts };
	if (im->options->year) {
		im->clock.year = (int)im->options->year;
		im->clock.latest_s = 0;
	}
	im->bytes = im->lines = im->skip = 0;
	*im->key = '\0';
}

static int import_file(struct import *im, const char *name)
{
	uint64_t before = im->events;
	struct stream *stream;
	int code = import_open_file(im, name, &stream);

	if (code)
		return code;
	begin_file(im, name);
	stream_stop_by(stream, &monitor_stop);
	code = read_lines(im, stream_file(stream));
	if (stream_fault(stream)) {
		message_say("\"%s\" %s", name, stream_fault(stream));
		code = EXIT_REFUSED;
	}
	stream_close(stream);
	if (im->skip && im->skip >= im->bytes && !im->program->quiet)
		message_say("\"%s\" was imported before; --again takes it once "
			    "more",
			    name);
	else if (im->events == before && !im->program->quiet)
		message_say("\"%s\": no attempt to a mail port in %llu lines",
			    name, (unsigned long long)im->lines);
	return code ? code : note_imported(im);
}

/* ---- the command ---- */

static int print_result(const struct import *im)
{
	struct recorder_state state;

	recorder_state(im->recorder, &state);
	if (im->program->json)
		return print_json(json_pack(
			"{s:I, s:I, s:I, s:I, s:I, s:I}", "events",
			(json_int_t)im->events, "not_ours",
			(json_int_t)im->not_ours, "bad", (json_int_t)im->bad,
			"attempts", (json_int_t)im->attempts, "findings",
			(json_int_t)im->findings, "folded",
			(json_int_t)state.folded));
	if (im->program->quiet)
		return EXIT_DONE;
	printf("%llu logged SYNs are %llu attempts, with %llu findings\n",
	       (unsigned long long)im->events, (unsigned long long)im->attempts,
	       (unsigned long long)im->findings);
	if (im->bad)
		printf("%llu lines could not be read\n",
		       (unsigned long long)im->bad);
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
	return error ? fault_say(&f, error) : EXIT_DONE;
}

static int import_files(struct import *im, int argc, char **argv)
{
	int code = open_all(im), one;

	progress_begin(&im->progress, "importing");
	for (int i = 0; i < argc && !im->sinks.code && im->recorder &&
			im->engine && code != EXIT_USAGE;
	     i++) {
		one = import_file(im, argv[i]);
		code = code ? code : one;
	}
	progress_end(&im->progress);
	if (im->engine && im->recorder && !im->sinks.code)
		engine_end(im->engine);
	if (im->recorder && recorder_flush(im->recorder))
		code = EXIT_REFUSED;
	if (im->recorder && im->engine) {
		one = print_result(im);
		code = code ? code : one;
	}
	return code ? code : im->sinks.code;
}

static const char *import_format(size_t i)
{
	const struct log_format *f = log_format_at(i);

	return f ? log_format_name(f) : NULL;
}

static int import_run(struct program *p, const void *options, int argc,
		      char **argv)
{
	struct import im = { .program = p, .options = options };
	int code = EXIT_DONE, closed;

	if (im.options->format)
		im.format = log_format_named(im.options->format);
	if (im.options->policy)
		code = load_good_policy(p, im.options->policy, &im.policy);
	if (code)
		return code;
	monitor_stop_on_signals();
	im.hosts = log_hosts_new();
	sinks_choose(&im.sinks, sinks, 1, &im);
	code = import_files(&im, argc, argv);
	engine_free(im.engine);
	log_hosts_free(im.hosts);
	closed = sinks_close(&im.sinks);
	policy_free(im.policy);
	return code ? code : closed;
}

#define PLACE(member) .place = offsetof(struct import_options, member)

static const struct option_row import_rows[] = {
	{ OPTION_ROW_STORE(struct import_options), .was = 's',
	  .help = "the store to write to" },
	{ .name = "format",
	  .letter = 'f',
	  .type = OPTION_CHOICE,
	  PLACE(format),
	  .value = "FORMAT",
	  .word = import_format,
	  .help = "what the logs are; by their look if not given" },
	{ OPTION_ROW_POLICY(struct import_options),
	  .help = "the policy whose ports, classes and figures count" },
	{ .name = "year",
	  .was = 'y',
	  .type = OPTION_NUMBER,
	  PLACE(year),
	  .least = 1970,
	  .most = 2100,
	  .value = "YEAR",
	  .help = "the year of lines that have none" },
	{ .name = "again",
	  .was = 'A',
	  .type = OPTION_FLAG,
	  PLACE(again),
	  .help = "take in what was imported before once more" },
	{ OPTION_ROW_NO_WARMUP(struct import_options) },
	{ OPTION_ROW_MEMORY(struct import_options) },
	{ OPTION_ROW_QUIET },
	{ OPTION_ROW_JSON },
	{ OPTION_ROW_DEFINE, .needs = "policy" },
	{ 0 }
};

static const struct import_options import_defaults = { .store = STORE_PATH };

const struct command command_import = {
	.name = "import",
	.summary = "take old firewall logs into the store",
	.group = GROUP_REVIEW,
	.operands = { "FILE...", OPTION_FILE, 1, 0,
		      "which log? \"-\" is standard input", NULL },
	.options = import_rows,
	.options_bytes = sizeof(struct import_options),
	.defaults = &import_defaults,
	.run = import_run,
};

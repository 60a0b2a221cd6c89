/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "intake_log.h"
#include "intake_known.h"
#include "../program/message.h"
#include "../program/program.h"
#include "../program/utf8.h"
#include "../program/when.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BLOCK_BYTES (1u << 20)
#define BAD_SHOWN   5
#define HINTS_MOST  1000
#define SECOND_US   INT64_C(1000000)
#define LATE_US	    (5 * SECOND_US)
#define DAY_S	    86400

/* ---- a line ---- */

static void intake_print_bad(const struct intake_log *log, const char *line,
			     size_t len, const char *why)
{
	char text[INTAKE_SHOWN + 1];
	size_t n = utf8_clean(text, sizeof(text), line, len);

	message_say("%s:%llu: %s: \"%s%s\"", log->name,
		    (unsigned long long)log->lines, why, text,
		    len > n ? "..." : "");
}

static int64_t intake_local_s(void *ctx, int year, int month, int day, int hour,
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
static int64_t intake_again_s(void *ctx, int64_t first_s)
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

/* ---- the format of a line ---- */

static bool intake_is_json(const char *line, size_t len)
{
	const char *end = line + len;

	while (line < end && (!*line || *line == ' ' || *line == '\x1e'))
		line++;
	return line < end && *line == '{';
}

/* Lines of JSON name their format; what does not is of that before. */
static const struct log_format *intake_json_of(struct intake_log *log,
					       const char *line, size_t len)
{
	const struct log_format *look = log_line_format(line, len);

	if (look)
		log->json = look;
	return log->json;
}

/*
 * Lines of text are of one format. What looks like ulogd's own file is one as
 * long as all of its lines do.
 */
static const struct log_format *intake_text_of(struct intake_log *log,
					       const char *line, size_t len)
{
	if (log->logemu && !len)
		return log->text;
	if (log->logemu) {
		log->text = log_line_format(line, len);
		log->logemu = log->text == log_format_named("logemu");
		return log->text;
	}
	if (!log->text || log->text == log_format_named("logemu"))
		log->text = log_line_format(line, len);
	if (log->text == log_format_named("logemu"))
		log->text = log_format_named("kernel");
	return log->text;
}

static const struct log_format *intake_format_of(struct intake *in,
						 const char *line, size_t len)
{
	if (in->format)
		return in->format;
	return intake_is_json(line, len) ? intake_json_of(&in->log, line, len) :
					   intake_text_of(&in->log, line, len);
}

/* Is the beginning of a log of nothing but ulogd's lines? */
static bool intake_is_logemu(const char *block, size_t len)
{
	const struct log_format *logemu = log_format_named("logemu");
	const char *end = block + len, *newline;
	bool any = false;

	for (; (newline = memchr(block, '\n', (size_t)(end - block)));
	     block = newline + 1) {
		size_t n = (size_t)(newline - block);

		if (n && log_line_format(block, n) != logemu)
			return false;
		any |= n;
	}
	return any;
}

/* ---- what becomes of a line ---- */

static void intake_note_time(struct intake *in, int64_t time_us)
{
	struct intake_log *log = &in->log;
	int64_t late_us = log->events > 1 ? log->latest_us - time_us : 0;

	if (late_us > LATE_US) {
		in->late++;
		if (late_us > in->late_most_us)
			in->late_most_us = late_us;
	}
	if (log->events == 1 || time_us > log->latest_us)
		log->latest_us = time_us;
	if (time_us / SECOND_US <= in->now_s + DAY_S)
		return;
	in->future++;
	if (time_us > in->future_us)
		in->future_us = time_us;
}

static int intake_event(struct intake *in, const struct log_event *e,
			const char *line, size_t len)
{
	int error = intake_order_add(in->order, e, intake_digest(line, len));

	in->read++;
	in->log.events++;
	in->log.understood++;
	intake_note_time(in, e->time_us);
	if (!error)
		return EXIT_DONE;
	message_say("cannot put the lines in order: %s; TMPDIR names a folder "
		    "with room",
		    strerror(-error));
	return EXIT_REFUSED;
}

static void intake_unknown(struct intake_log *log, const char *line, size_t len)
{
	if (log->unknown++)
		return;
	log->first_unknown = log->lines;
	utf8_clean(log->unknown_text, sizeof(log->unknown_text), line, len);
}

/* Some lines that are not read may say what they are. */
static void intake_hint(struct intake_log *log, const char *line, size_t len)
{
	if (!log->hint && log->hints++ < HINTS_MOST)
		log->hint = log_hint_line(line, len);
}

static void intake_note_line(struct intake *in, enum log_result result,
			     const char *line, size_t len, const char *why)
{
	struct intake_log *log = &in->log;

	switch (result) {
	case LOG_EVENT:
		break;
	case LOG_NOT_OURS:
		log->understood++;
		break;
	case LOG_OTHER:
		log->other++;
		intake_hint(log, line, len);
		break;
	case LOG_UNKNOWN:
		intake_unknown(log, line, len);
		intake_hint(log, line, len);
		break;
	case LOG_BAD:
		log->bad_why = log->bad_why ? log->bad_why : why;
		if (in->bad + log->bad++ < BAD_SHOWN && !in->quiet)
			intake_print_bad(log, line, len, why);
		intake_hint(log, line, len);
		break;
	}
}

static int intake_line(struct intake *in, const char *line, size_t len)
{
	const struct log_format *format;
	enum log_result result;
	const char *why = NULL;
	struct log_event e;

	in->log.lines++;
	if (len && line[len - 1] == '\r')
		len--;
	in->log.filled += len && (len < 3 || memcmp(line, "-- ", 3));
	format = intake_format_of(in, line, len);
	result = log_line_parse(format, &in->log.clock, in->ports, line, len,
				&e, &why);
	if (result == LOG_EVENT)
		return intake_event(in, &e, line, len);
	intake_note_line(in, result, line, len, why);
	return EXIT_DONE;
}

/* ---- a file ---- */

/* Takes whole lines of a block; how many bytes they were. */
static size_t intake_lines(struct intake *in, const char *block, size_t len,
			   int *code)
{
	size_t done = 0;

	while (done < len && !*code) {
		const char *line = block + done;
		const char *end = memchr(line, '\n', len - done);
		size_t n;

		if (!end)
			break;
		n = (size_t)(end - line);
		in->log.bytes += n + 1;
		done += n + 1;
		if (!in->log.cut)
			*code = intake_line(in, line, n);
		in->log.cut = false;
	}
	return done;
}

/* Looks at the first bytes: a file of another kind is not read further. */
static int intake_begin_block(struct intake *in, const char *block, size_t len)
{
	const char *is = log_hint_file(block, len);

	in->log.logemu = intake_is_logemu(block, len);
	if (!is || in->format)
		return EXIT_DONE;
	in->log.refused = true;
	message_say("\"%s\" %s", in->log.name, is);
	return EXIT_NO;
}

/* Fills a block as far as a pipe lets it, so that its first lines are seen. */
static size_t intake_fill(FILE *file, char *block, size_t have)
{
	return have + fread(block + have, 1, BLOCK_BYTES - 1 - have, file);
}

/*
 * A line that does not fit is taken for its start, which says that it is too
 * long. Its rest is no line: a stranger may have chosen where that begins.
 */
static int intake_block(struct intake *in, char *block, size_t *have)
{
	int code = EXIT_DONE;
	size_t done = intake_lines(in, block, *have, &code);

	if (!done && *have == BLOCK_BYTES - 1) {
		if (!in->log.cut)
			code = intake_line(in, block, *have);
		in->log.cut = true;
		in->log.bytes += *have;
		done = *have;
	}
	memmove(block, block + done, *have - done);
	*have -= done;
	return code;
}

static int intake_blocks(struct intake *in, FILE *file, char *block)
{
	size_t have = 0, before = 0;
	bool first = true;
	int code = EXIT_DONE;

	while (!code && !*in->stop &&
	       (have = intake_fill(file, block, have)) > before) {
		if (first)
			code = intake_begin_block(in, block, have);
		first = false;
		if (!code)
			code = intake_block(in, block, &have);
		before = have;
		if (in->log.size)
			in->show(in->ctx,
				 (double)in->log.bytes / (double)in->log.size);
	}
	if (code || !have || *in->stop)
		return code;
	block[have++] = '\n';
	intake_lines(in, block, have, &code);
	return code;
}

static void intake_begin_log(struct intake *in, const char *name,
			     int64_t changed_s, uint64_t size)
{
	time_t t = (time_t)changed_s;
	struct tm tm;

	in->log = (struct intake_log){ .name = name, .size = size };

	localtime_r(&t, &tm);
	log_hosts_clear(in->hosts);
	in->log.clock = (struct log_clock){ .year = tm.tm_year + 1900,
					    .latest_s = t + DAY_S,
					    .local = intake_local_s,
					    .again = intake_again_s,
					    .hosts = in->hosts };
	if (in->year) {
		in->log.clock.year = (int)in->year;
		in->log.clock.latest_s = 0;
	}
}

static const char *intake_why_nothing(const struct intake_log *log)
{
	if (log->hint)
		return log->hint;
	if (log->bad_why)
		return log->bad_why;
	if (log->other)
		return "other programs than the kernel and ulogd wrote them";
	return "it is of no kind that import reads; see KINDS OF LOGS in "
	       "mailwall-import(8)";
}

/* Says what was not understood. A log of which nothing was is a failure. */
static int intake_understood(const struct intake *in)
{
	const struct intake_log *log = &in->log;
	unsigned long long lines = log->lines;

	if (!log->understood) {
		message_say("\"%s\": no line was understood, of %llu: %s%s",
			    log->name, lines, log->hint ? "it looks like " : "",
			    intake_why_nothing(log));
		return EXIT_NO;
	}
	if (in->quiet)
		return EXIT_DONE;
	if (log->unknown)
		message_say("\"%s\": %llu of %llu lines were not understood; "
			    "the first is line %llu: \"%s\"",
			    log->name, (unsigned long long)log->unknown, lines,
			    (unsigned long long)log->first_unknown,
			    log->unknown_text);
	if (log->hint && log->hint != log_hint_mail)
		message_say("\"%s\": other lines look like %s", log->name,
			    log->hint);
	if (!log->events)
		message_say("\"%s\": no attempt to a mail port in %llu lines",
			    log->name, lines);
	return EXIT_DONE;
}

static int intake_end_log(struct intake *in)
{
	const struct intake_log *log = &in->log;

	in->not_ours +=
		log->understood - log->events + log->other + log->unknown;
	in->bad += log->bad;
	in->unknown += log->unknown;
	if (log->filled)
		return intake_understood(in);
	if (!in->quiet)
		message_say("\"%s\" is empty", log->name);
	return EXIT_DONE;
}

int intake_read(struct intake *in, const char *name, FILE *file,
		int64_t changed_s, uint64_t size)
{
	char *block = malloc(BLOCK_BYTES);
	int code;

	if (!block)
		return message_out_of_memory();
	intake_begin_log(in, name, changed_s, size);
	code = intake_blocks(in, file, block);
	free(block);
	if (in->log.refused || code)
		return code;
	return intake_end_log(in);
}

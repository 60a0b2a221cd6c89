/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Format "kernel": lines of a syslog, of journalctl or of dmesg, which have a
 * time, a host, a writer and the message. Lines of journalctl -o json are of
 * the same format.
 */
#include "log_priv.h"

/* ---- the line ---- */

/*
 * A line of another program is never an event, because a stranger may have
 * chosen its text. One whose text begins like a rule's is told, because its
 * writer may be the kernel under a tag that is not known, or ulogd without one.
 */
static enum log_result syslog_other_line(struct scan s, const char **why)
{
	scan_spaces(&s);
	if (!scan_find(&s, LOG_TCP))
		return LOG_OTHER;
	if (scan_is(&s, "IN=", 3))
		return log_bad(why, "not of the kernel, though it reads like "
				    "it");
	if (scan_find(&s, " IN=") && scan_find(&s, " MARK="))
		return log_bad(why, "names no writer; --format logemu reads a "
				    "log that ulogd alone writes");
	return LOG_OTHER;
}

/* A line without a time may be of the kernel, as journalctl -o cat has it. */
static enum log_result syslog_no_time(const struct scan *line, const char **why)
{
	if (line->at == line->end || scan_is(line, "-- ", 3))
		return LOG_OTHER;
	return scan_find(line, LOG_TCP " ") ? log_bad(why, LOG_NO_DATE) :
					      LOG_UNKNOWN;
}

/* "last message repeated 3 times" stands for the last line of its host. */
static enum log_result syslog_last(const struct head *head,
				   struct log_clock *clock,
				   const struct log_host *host,
				   struct log_event *out, const char **why)
{
	if (!host || !host->has_event)
		return LOG_OTHER;
	*out = host->event;
	out->repeated = head->repeated;
	*why = stamp_time(&head->stamp, clock, &out->time_us);
	return *why ? LOG_BAD : LOG_EVENT;
}

static enum log_result syslog_message(const struct head *head,
				      struct log_clock *clock,
				      const struct port_bits *ports,
				      struct log_event *out, const char **why)
{
	enum log_result result = kernel_message(ports, head->text, out, why);

	if (result != LOG_EVENT)
		return result;
	out->repeated = head->repeated;
	*why = stamp_time(&head->stamp, clock, &out->time_us);
	return *why ? LOG_BAD : LOG_EVENT;
}

static enum log_result syslog_by_writer(const struct head *head,
					struct log_clock *clock,
					const struct port_bits *ports,
					const struct log_host *host,
					struct log_event *out, const char **why)
{
	switch (head->writer) {
	case WRITER_KERNEL:
	case WRITER_ULOGD:
		return syslog_message(head, clock, ports, out, why);
	case WRITER_LAST:
		return syslog_last(head, clock, host, out, why);
	case WRITER_OTHER:
		break;
	}
	return syslog_other_line(head->text, why);
}

static enum log_result syslog_line(struct log_clock *clock,
				   const struct port_bits *ports,
				   struct scan line, struct log_event *out,
				   const char **why)
{
	enum log_result result;
	struct log_host *host;
	struct head head;

	if (!head_scan(line, clock, &head))
		return syslog_no_time(&line, why);
	host = log_host_of(clock, head.host);
	clock->host_s = host ? &host->last_s : NULL;
	result = syslog_by_writer(&head, clock, ports, host, out, why);
	clock->host_s = NULL;
	if (result == LOG_EVENT && out->repeated > LOG_REPEATED_MOST)
		return log_bad(why, "repeated more often than a syslog does");
	if (host && head.writer != WRITER_LAST) {
		host->has_event = result == LOG_EVENT;
		if (host->has_event)
			host->event = *out;
	}
	return result;
}

/* ---- the format ---- */

static bool syslog_looks_like(const struct scan *line)
{
	struct log_clock clock = { 0 };
	struct head head;

	if (scan_peek(line) == '{')
		return journal_looks_like(line);
	return head_scan(*line, &clock, &head) &&
	       (head.text.at < head.text.end || head.stamp.bare);
}

static enum log_result syslog_parse(struct log_clock *clock,
				    const struct port_bits *ports,
				    struct scan line, struct log_event *out,
				    const char **why)
{
	return scan_peek(&line) == '{' ?
		       journal_line(ports, line, out, why) :
		       syslog_line(clock, ports, line, out, why);
}

const struct log_format log_format_kernel = { syslog_looks_like, syslog_parse };

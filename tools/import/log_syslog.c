/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Format "kernel": lines of a syslog, of journalctl or of dmesg, which have a
 * time, a host, a writer and the message. Lines of journalctl -o json are of
 * the same format.
 */
#include "log_priv.h"

/* ---- the line ---- */

/* "[12345.678901] ", "[    1.234567] " */
static void syslog_scan_uptime(struct scan *s)
{
	struct scan start = *s;

	if (scan_char(s, '[')) {
		scan_spaces(s);
		if (scan_number(s, 12) >= 0 && scan_char(s, '.') &&
		    scan_number(s, 9) >= 0 && scan_char(s, ']'))
			return;
	}
	*s = start;
}

enum writer {
	WRITER_KERNEL,
	WRITER_ULOGD, /* LOGEMU has no tag: "host PREFIX IN=" */
	WRITER_OTHER,
};

/*
 * Moves behind host and tag. Two words may come before the tag: a host, and
 * "kern.warn" where BusyBox writes. A word that ends in a colon is a program's
 * tag.
 */
static enum writer syslog_scan_tag(struct scan *s)
{
	struct scan after_host = *s;

	for (int i = 0; i < 3; i++) {
		struct scan word;

		scan_spaces(s);
		if (scan_text(s, "kernel: "))
			return WRITER_KERNEL;
		word = scan_word(s);
		if (word.at == word.end || word.end[-1] == ':')
			return WRITER_OTHER;
		if (!i)
			after_host = *s;
	}
	*s = after_host;
	return WRITER_ULOGD;
}

/*
 * A line of another program is never an event, because a stranger may have
 * chosen its text. One that begins like a rule's may be by LOGEMU, with a colon
 * in the prefix.
 */
static enum log_result syslog_other_line(struct scan s, const char **why)
{
	scan_spaces(&s);
	if (scan_is(&s, "IN=", 3) && scan_find(&s, LOG_TCP))
		return log_bad(why, "not of the kernel, though it reads like "
				    "it");
	return LOG_NOT_OURS;
}

static enum log_result syslog_line(struct log_clock *clock,
				   const struct port_bits *ports,
				   struct scan line, struct log_event *out,
				   const char **why)
{
	enum log_result result;
	struct stamp stamp;

	stamp_scan(&line, clock, &stamp);
	if (stamp.kind == STAMP_NONE)
		return scan_find(&line, LOG_TCP " ") ?
			       log_bad(why, "does not begin with a date") :
			       LOG_NOT_OURS;
	if (!stamp.bare && syslog_scan_tag(&line) == WRITER_OTHER)
		return syslog_other_line(line, why);
	scan_spaces(&line);
	syslog_scan_uptime(&line);
	result = kernel_message(ports, line, out, why);
	if (result != LOG_EVENT)
		return result;
	*why = stamp_time(&stamp, clock, &out->time_us);
	return *why ? LOG_BAD : LOG_EVENT;
}

/* ---- the format ---- */

static bool syslog_looks_like(const struct scan *line)
{
	struct log_clock clock = { 0 };
	struct scan s = *line;
	struct stamp stamp;

	if (scan_peek(line) == '{')
		return journal_looks_like(line);
	stamp_scan(&s, &clock, &stamp);
	return stamp.kind != STAMP_NONE && scan_peek(&s) == ' ';
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

const struct log_format log_format_kernel = { "kernel", syslog_looks_like,
					      syslog_parse };

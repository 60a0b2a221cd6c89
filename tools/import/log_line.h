/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One line of an old firewall log becomes an event: somebody tried to open a
 * TCP connection to a port. Nothing is opened, kept or asked here: the line
 * is borrowed, need not end in NUL and may be anything; what a parse has to
 * know of the lines before is in the caller's clock. A clock belongs to one
 * thread at a time; otherwise there is nothing to share.
 *
 * A line of a syslog counts only if the kernel wrote it: what a mail server or
 * sshd logs, a stranger may have chosen.
 */
#ifndef MAILWALL_LOG_LINE_H
#define MAILWALL_LOG_LINE_H

#include "../../plugin/decode/decode.h"
#include "../../plugin/decode/segment.h"

#define LOG_LINE_MOST	65536 /* bytes; what is longer is LOG_BAD */
#define LOG_PREFIX_SIZE 128   /* with the NUL: NF_LOG_PREFIXLEN */

/* A format of logs, for ever. NULL: none that is known. */
struct log_format;

enum log_result {
	LOG_EVENT,
	LOG_NOT_OURS, /* no firewall's line, no opening, or another port */
	LOG_BAD,      /* a firewall's line that cannot be read */
};

enum log_kind {
	LOG_PACKET, /* a SYN was seen; what came of it is not known */
	LOG_FLOW_ANSWERED,
	LOG_FLOW_UNANSWERED,
	LOG_FLOW_RESET, /* the server refused */
};

struct log_event {
	int64_t time_us; /* since 1970, UTC; of a flow: when it began */
	/* IPv4 lies in the first four bytes, and zeros behind it. */
	struct addr6 source, destination;
	uint32_t seq; /* if has_seq */
	uint16_t source_port, port;
	uint8_t family; /* 4 or 6 */
	uint8_t flags;	/* TCP_SYN ...; of a flow TCP_SYN alone */
	uint8_t kind;	/* enum log_kind */
	bool has_seq;
	/*
	 * The log says that it was stopped: Suricata in so many words, others
	 * by a word of the prefix ("drop", "BLOCK", "rejected").
	 */
	bool dropped;
	/* Of the rule, trimmed; UTF-8 without control characters; or "". */
	char prefix[LOG_PREFIX_SIZE];
};

/*
 * The time of lines that do not say all of it. The caller sets the first
 * three and zeros the rest.
 */
struct log_clock {
	/*
	 * Of lines without one: that of the first line. It counts on when the
	 * month goes from 12 to 1, and back should a late line go from 1 to 12.
	 */
	int32_t year;
	/*
	 * Seconds since 1970 of a local time, INT64_MIN if there is none. It
	 * is asked once for each quarter of an hour, as zones change only
	 * there. NULL: local time is UTC.
	 */
	int64_t (*local)(void *ctx, int year, int month, int day, int hour,
			 int minute, int second);
	void *ctx;

	int last_month; /* 1 to 12 */
	/* What was asked last: of a month's name, and of local(). */
	char month_name[8];
	uint8_t month_len, month;
	bool has_quarter;
	int64_t quarter, quarter_s;
};

/* The format at an index from 0 on; NULL behind the last. */
const struct log_format *log_format_at(size_t i);
/* "kernel", "ulogd-json", "eve" */
const struct log_format *log_format_named(const char *name);
const char *log_format_name(const struct log_format *format);

/*
 * The format that a line looks like. A line of a syslog is "kernel" whoever
 * wrote it, for one of the kernel's may follow.
 */
const struct log_format *log_line_format(const char *line, size_t len);

/*
 * The time of any line of a "kernel" log that is not JSON, whoever wrote it;
 * false if it has none. Of the first line it tells whether the year is right:
 * an event may come months after it.
 */
bool log_line_time(struct log_clock *clock, const char *line, size_t len,
		   int64_t *time_us);

/*
 * The line comes without its newline. ports NULL: all are ours. *out is filled
 * for LOG_EVENT only; *why is then NULL, for LOG_BAD a text that lives for
 * ever: "SRC= is not an address".
 */
enum log_result log_line_parse(const struct log_format *format,
			       struct log_clock *clock,
			       const struct port_bits *ports, const char *line,
			       size_t len, struct log_event *out,
			       const char **why);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Parses one line of an old firewall log into an event: somebody tried to open
 * a TCP connection to a port. The line is borrowed, need not end in NUL and may
 * hold any bytes. No file is opened and no clock is read. What a parse has to
 * know of earlier lines is in the caller's struct log_clock, which one thread
 * uses at a time.
 *
 * A line of a syslog counts only if the kernel wrote it. Lines of a mail server
 * or of sshd hold text that a stranger may have chosen.
 */
#ifndef MAILWALL_LOG_LINE_H
#define MAILWALL_LOG_LINE_H

#include "../../plugin/decode/decode.h"
#include "../../plugin/decode/segment.h"

#include <stdint.h>
#include <stdbool.h>

#define LOG_LINE_MOST	  65536 /* bytes; a longer line is LOG_BAD */
#define LOG_REPEATED_MOST 10000 /* times, by one line; more is LOG_BAD */
#define LOG_PREFIX_SIZE	  128	/* with the NUL: NF_LOG_PREFIXLEN */

/* A format of logs, a constant. NULL stands for an unknown one. */
struct log_format;
/*
 * X(NAME, WORD) stands for log_format_NAME, which has a file of its own; WORD
 * is the name that --format takes.
 */
#define LOG_FORMATS(X)                                                         \
	X(eve, "eve")                                                          \
	X(logemu, "logemu")                                                    \
	X(kernel, "kernel")                                                    \
	X(ulogd_json, "ulogd-json")

enum log_result {
	LOG_EVENT,
	LOG_NOT_OURS, /* the kernel's or a firewall's, no SYN to our port */
	LOG_OTHER,    /* another program's, or empty */
	LOG_UNKNOWN,  /* no log is known to have such lines */
	LOG_BAD,      /* a firewall's line that cannot be read */
};

enum log_kind {
	LOG_PACKET, /* a SYN was seen; its outcome is not known */
	LOG_FLOW_ANSWERED,
	LOG_FLOW_UNANSWERED,
	LOG_FLOW_RESET, /* the server refused */
};

struct log_event {
	int64_t time_us; /* since 1970, UTC; when a flow began */
	int64_t last_us; /* when a flow ended; a packet: 0 */
	/* An IPv4 address is in the first four bytes, with zeros behind it. */
	struct addr6 source, destination;
	uint32_t seq; /* if has_seq */
	uint16_t source_port, port;
	uint8_t family; /* 4 or 6 */
	uint8_t flags;	/* TCP_SYN ...; for a flow TCP_SYN alone */
	uint8_t kind;	/* enum log_kind */
	bool has_seq;
	/*
	 * The log says that the packet was stopped: Suricata by a field, others
	 * by a word of the prefix ("drop", "BLOCK", "rejected").
	 */
	bool dropped;
	/* The prefix has the whole form of ours, "residential:17 block". */
	bool own;
	/* The line says that so many more like the one before it came; 0: no.
	 */
	uint32_t repeated;
	/*
	 * Prefix of the rule, trimmed, UTF-8 without control characters; or "".
	 */
	char prefix[LOG_PREFIX_SIZE];
};

/* Hosts of a log, a bounded number of them, and the clock of each. */
struct log_hosts;

/* NULL: no memory, which costs only what hosts would tell. */
struct log_hosts *log_hosts_new(void);
/* Forgets all hosts, for another log. hosts may be NULL. */
void log_hosts_clear(struct log_hosts *hosts);
void log_hosts_free(struct log_hosts *hosts);

/*
 * Completes the time of lines that leave out the year or the zone. The caller
 * sets the first members, up to hosts, and zeros the rest.
 */
struct log_clock {
	/*
	 * Year of the first line, for lines without a year. It goes up when the
	 * month goes from 12 to 1, and down when a late line goes from 1 to 12.
	 */
	int32_t year;
	/*
	 * Not 0: no line is later. Then a line without a year is of the last
	 * one in which this holds, whatever the lines before it had.
	 */
	int64_t latest_s;
	/*
	 * Returns a local time as seconds since 1970, or INT64_MIN. Called once
	 * for each quarter of an hour, because zones change only there. NULL:
	 * local time is UTC.
	 */
	int64_t (*local)(void *ctx, int year, int month, int day, int hour,
			 int minute, int second);
	/*
	 * Returns the second of the two times that a local time is when clocks
	 * are set back, given the first; INT64_MIN: it is one time. Or NULL.
	 */
	int64_t (*again)(void *ctx, int64_t first_s);
	void *ctx;
	/*
	 * NULL: nothing is known of hosts. Then a line that repeats the last
	 * one of its host is not read, and an hour that comes twice is the
	 * first.
	 */
	struct log_hosts *hosts;

	int last_month; /* 1 to 12 */
	/* Results of the last line: the name of its month, and its quarter. */
	char month_name[8];
	uint8_t month_len, month;
	bool has_quarter;
	int64_t quarter, quarter_s, again_s;
	int64_t *host_s; /* log_host.last_s of this line's host */
};

/* The format at an index from 0 on; NULL behind the last. */
const struct log_format *log_format_at(size_t i);
/* The format called "kernel", "logemu", "ulogd-json" or "eve", or NULL. */
const struct log_format *log_format_named(const char *name);
const char *log_format_name(const struct log_format *format);

/*
 * The format that a line looks like, or NULL. Any line of a syslog is "kernel",
 * because a line of the kernel's may follow.
 */
const struct log_format *log_line_format(const char *line, size_t len);

/*
 * Reads the time of any line of a "kernel" log that is not JSON, also of lines
 * by other programs. False: the line has no time. The first line of a log shows
 * in this way whether the year is right; its first event may come months later.
 */
bool log_line_time(struct log_clock *clock, const char *line, size_t len,
		   int64_t *time_us);

/*
 * Parses a line, which has no newline. ports NULL: every port is ours.
 * LOG_EVENT fills *out. LOG_BAD sets *why to a constant text, "SRC= is not an
 * address"; otherwise *why is NULL.
 */
enum log_result log_line_parse(const struct log_format *format,
			       struct log_clock *clock,
			       const struct port_bits *ports, const char *line,
			       size_t len, struct log_event *out,
			       const char **why);

/*
 * Files and lines that are not read: "is a capture of packets; mailwall replay
 * reads it" by the first bytes of a file, and "Cisco ASA, which is not read" by
 * a line. NULL: not known.
 */
const char *log_hint_file(const char *bytes, size_t len);
const char *log_hint_line(const char *line, size_t len);
/* One of these, of lines that are in many a log beside those of a firewall. */
extern const char log_hint_mail[];

#endif

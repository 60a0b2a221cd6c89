/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Formats of logs: each is one row and has a file. Parts of a line that several
 * formats have: times, addresses, prefixes.
 */
#ifndef MAILWALL_LOG_PRIV_H
#define MAILWALL_LOG_PRIV_H

#include "log_line.h"
#include "log_scan.h"

#include <stdint.h>
#include <stdbool.h>

struct log_format {
	/* Does the trimmed line look like this format? */
	bool (*looks_like)(const struct scan *line);
	/*
	 * Parses a trimmed line of at most LOG_LINE_MOST, as log_line_parse().
	 */
	enum log_result (*parse)(struct log_clock *clock,
				 const struct port_bits *ports,
				 struct scan line, struct log_event *out,
				 const char **why);
};

#define LOG_FORMAT_EXTERN(name, word)                                          \
	extern const struct log_format log_format_##name;
LOG_FORMATS(LOG_FORMAT_EXTERN)
#undef LOG_FORMAT_EXTERN

/* ---- log_time.c ---- */

enum stamp_kind {
	STAMP_NONE,
	STAMP_MONTH,  /* a date with a month in no language that is known */
	STAMP_UPTIME, /* seconds since a boot */
	STAMP_PERIOD, /* seconds since the line before */
	STAMP_LOCAL,
	STAMP_OFFSET, /* with an offset from UTC */
	STAMP_UNIX,
};

struct stamp {
	enum stamp_kind kind;
	bool bare; /* dmesg wrote it: the text follows, without a host */
	bool iso;  /* has the form of ISO 8601 */
	bool fine; /* a fraction of a second was written */
	int year;  /* 0: that of the clock */
	int month, day, hour, minute, second;
	int32_t micro, offset_s;
	int64_t unix_s;
};

/*
 * Reads the time that a line begins with, and moves behind it; STAMP_NONE
 * leaves s as it was. Notes the month in the clock.
 */
void stamp_scan(struct scan *s, struct log_clock *clock, struct stamp *out);
/* Reads "2026-11-24T08:33:28.123456+01:00", and no other form. */
bool stamp_scan_iso(struct scan *s, struct stamp *out);
/* Fills *time_us and returns NULL, or why the stamp is no time. */
const char *stamp_time(const struct stamp *stamp, struct log_clock *clock,
		       int64_t *time_us);

/* ---- log_head.c ---- */

enum writer {
	WRITER_OTHER, /* another program, or none that is known */
	WRITER_KERNEL,
	WRITER_ULOGD, /* by its tag */
	WRITER_LAST,  /* a syslog, of the line before by the same host */
};

struct head {
	struct stamp stamp;
	enum writer writer;
	bool foreign; /* the line names a facility other than the kernel's */
	uint32_t repeated; /* 0: the line stands for itself */
	struct scan host;
	struct scan text; /* behind the head */
};

/* Parses the head of a line. False: the line does not begin with a time. */
bool head_scan(struct scan line, struct log_clock *clock, struct head *out);

/* ---- log_hosts.c ---- */

/* State of one host that wrote lines of a log. */
struct log_host {
	uint64_t hash;
	int64_t last_s; /* local time of the last line that had one */
	bool used, has_event;
	struct log_event event; /* the last line, if it was one */
};

/* The state of a host; NULL: hosts are not kept apart. */
struct log_host *log_host_of(struct log_clock *clock, struct scan name);

/* ---- log_text.c ---- */

/* Parses an address with or without a zone. The family, or 0 if it is none. */
int log_address(struct scan text, struct addr6 *out);
/*
 * Fills the prefix, trimmed and cleaned, and sets dropped if a word of it says
 * so.
 */
void log_prefix(struct scan text, struct log_event *out);

/* May a field of this name, "DPT=", hold one of the ports? */
bool log_may_be_ours(const struct scan *line, const char *name,
		     const struct port_bits *ports);

static inline bool log_wants(const struct port_bits *ports, uint16_t port)
{
	return !ports || port_is_in(ports, port);
}

static inline bool log_is_opening(uint8_t flags)
{
	return (flags & (TCP_SYN | TCP_ACK | TCP_RST)) == TCP_SYN;
}

static inline enum log_result log_bad(const char **why, const char *text)
{
	*why = text;
	return LOG_BAD;
}

/* ---- log_kernel.c, log_journal.c ---- */

#define LOG_TCP " PROTO=TCP"
#define LOG_NO_DATE                                                            \
	"does not begin with a date; journalctl -k -o short-iso writes one, "  \
	"and a writer"

/* Parses the message of the kernel, which has all of an event but its time. */
enum log_result kernel_message(const struct port_bits *ports,
			       struct scan message, struct log_event *out,
			       const char **why);

bool journal_looks_like(const struct scan *line);
enum log_result journal_line(const struct port_bits *ports, struct scan line,
			     struct log_event *out, const char **why);

#endif

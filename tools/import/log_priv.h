/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the formats of logs share: a row is a format, and has a file. */
#ifndef MAILWALL_LOG_PRIV_H
#define MAILWALL_LOG_PRIV_H

#include "log_line.h"
#include "log_scan.h"

struct log_format {
	const char *name; /* as --format has it */
	/* Is the trimmed line, which is not empty, of this format? */
	bool (*looks_like)(const struct scan *line);
	/* As log_line_parse(), of a trimmed line of at most LOG_LINE_MOST. */
	enum log_result (*parse)(struct log_clock *clock,
				 const struct port_bits *ports,
				 struct scan line, struct log_event *out,
				 const char **why);
};

/* A format NAME is log_format_NAME, in a file of its own. */
#define LOG_FORMATS(X) X(eve) X(kernel) X(ulogd_json)

#define LOG_FORMAT_EXTERN(name)                                                \
	extern const struct log_format log_format_##name;
LOG_FORMATS(LOG_FORMAT_EXTERN)
#undef LOG_FORMAT_EXTERN

/* ---- log_time.c ---- */

enum stamp_kind {
	STAMP_NONE,
	STAMP_MONTH,  /* a date whose month is in no language of ours */
	STAMP_UPTIME, /* seconds since some boot */
	STAMP_LOCAL,
	STAMP_OFFSET, /* from UTC */
	STAMP_UNIX,
};

struct stamp {
	enum stamp_kind kind;
	bool bare; /* what follows is the message, not a host */
	int year;  /* 0: the clock's */
	int month, day, hour, minute, second;
	int32_t micro, offset_s;
	int64_t unix_s;
};

/*
 * Passes what a line begins with. A stamp that is none passes nothing. The
 * clock learns of the month.
 */
void stamp_scan(struct scan *s, struct log_clock *clock, struct stamp *out);
/* "2026-11-24T08:33:28.123456+01:00" and nothing else. */
bool stamp_scan_iso(struct scan *s, struct stamp *out);
/* NULL if that is a time, which is in *time_us, else why it is not. */
const char *stamp_time(const struct stamp *stamp, struct log_clock *clock,
		       int64_t *time_us);

/* ---- log_text.c ---- */

/* An address with or without zone; the family, or 0 if it is none. */
int log_address(struct scan text, struct addr6 *out);
/* Trims and cleans; sets dropped if a word says so. */
void log_prefix(struct scan text, struct log_event *out);

/* Does a field like DPT=25, whose name is given, hold one of these ports? */
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

/* Reads what the kernel said: all of an event but its time. */
enum log_result kernel_message(const struct port_bits *ports,
			       struct scan message, struct log_event *out,
			       const char **why);

bool journal_looks_like(const struct scan *line);
enum log_result journal_line(const struct port_bits *ports, struct scan line,
			     struct log_event *out, const char **why);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the readers of log lines share. */
#ifndef MAILWALL_LOG_PRIV_H
#define MAILWALL_LOG_PRIV_H

#include "log_line.h"

#include <endian.h>
#include <string.h>

/* A cursor over a line. */
struct scan {
	const char *at, *end;
};

static inline size_t scan_left(const struct scan *s)
{
	return (size_t)(s->end - s->at);
}

static inline bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The next byte, which is not passed; '\0' at the end, too. */
static inline char scan_peek(const struct scan *s)
{
	return s->at < s->end ? *s->at : '\0';
}

static inline bool scan_char(struct scan *s, char c)
{
	if (s->at == s->end || *s->at != c)
		return false;
	s->at++;
	return true;
}

static inline bool scan_is(const struct scan *s, const char *text, size_t n)
{
	return scan_left(s) >= n && !memcmp(s->at, text, n);
}

static inline bool scan_text(struct scan *s, const char *text)
{
	size_t n = strlen(text);

	if (!scan_is(s, text, n))
		return false;
	s->at += n;
	return true;
}

static inline void scan_spaces(struct scan *s)
{
	while (s->at < s->end && *s->at == ' ')
		s->at++;
}

/* From one to most digits, most being at most 18; -1 if there are none. */
static inline int64_t scan_number(struct scan *s, int most)
{
	const char *start = s->at;
	int64_t value = 0;

	while (s->at < s->end && is_digit(*s->at) && s->at - start < most)
		value = value * 10 + (*s->at++ - '0');
	return s->at == start ? -1 : value;
}

/*
 * The first space, or the end. Words are short: eight bytes at a time beat a
 * call of memchr() (the test for a zero byte is S. E. Anderson's).
 */
static inline const char *scan_space(const char *at, const char *end)
{
	const uint64_t ones = UINT64_MAX / 255;

	for (; end - at >= 8; at += 8) {
		uint64_t eight, zeros;

		memcpy(&eight, at, 8);
		eight = le64toh(eight) ^ ones * ' ';
		zeros = (eight - ones) & ~eight & ones << 7;
		if (zeros)
			return at + __builtin_ctzll(zeros) / 8;
	}
	while (at < end && *at != ' ')
		at++;
	return at;
}

/* Up to the space that ends it, which is not passed. */
static inline struct scan scan_word(struct scan *s)
{
	struct scan word = { s->at, scan_space(s->at, s->end) };

	s->at = word.end;
	return word;
}

/* Where in s the text begins, NULL if it is not there. */
static inline const char *scan_find(const struct scan *s, const char *text)
{
	return memmem(s->at, scan_left(s), text, strlen(text));
}

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

/* ---- log_line.c ---- */

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

/* ---- log_kernel.c, log_json.c ---- */

enum log_result kernel_line(struct log_clock *clock,
			    const struct port_bits *ports, struct scan line,
			    struct log_event *out, const char **why);
/* What the kernel said, without time. */
enum log_result kernel_message(const struct port_bits *ports,
			       struct scan message, struct log_event *out,
			       const char **why);

enum log_result journal_line(struct log_clock *clock,
			     const struct port_bits *ports, struct scan line,
			     struct log_event *out, const char **why);
enum log_result ulogd_line(struct log_clock *clock,
			   const struct port_bits *ports, struct scan line,
			   struct log_event *out, const char **why);
enum log_result eve_line(struct log_clock *clock, const struct port_bits *ports,
			 struct scan line, struct log_event *out,
			 const char **why);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Format "logemu": the file that ulogd's LOGEMU output writes. A line has a
 * time, a host, the prefix and the fields, and nothing that names its writer:
 *
 *	Nov 24 08:33:28 host DROP IN=lo OUT= MAC= SRC=... LEN=60 TOS=00
 *PREC=0x00 TTL=64 ID=1 PROTO=TCP SPT=1 DPT=25 SEQ=1 ACK=0 WINDOW=1 SYN URGP=0
 *MARK=0
 *
 * In a file that other programs write, too, a stranger could bring about such a
 * line. So a line looks like this format only if it has all of the form, with a
 * prefix of one word, and import reads a file as one only if all lines do.
 */
#include "log_priv.h"

/* Moves behind the host. False: there is no time, or one of another form. */
static bool logemu_head(struct scan *s, struct log_clock *clock,
			struct stamp *stamp)
{
	struct scan host;

	stamp_scan(s, clock, stamp);
	if (stamp->bare || stamp->iso ||
	    (stamp->kind != STAMP_LOCAL && stamp->kind != STAMP_MONTH))
		return false;
	scan_spaces(s);
	host = scan_word(s);
	if (host.at == host.end || host.end[-1] == ':')
		return false;
	scan_spaces(s);
	return true;
}

static bool logemu_looks_like(const struct scan *line)
{
	static const char *const fields[] = { " OUT=",	 " SRC=", " DST=",
					      " PROTO=", " LEN=", " MARK=" };
	struct log_clock clock = { 0 };
	struct scan s = *line;
	struct stamp stamp;

	if (!logemu_head(&s, &clock, &stamp))
		return false;
	if (!scan_is(&s, "IN=", 3)) {
		scan_word(&s);
		scan_spaces(&s);
	}
	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++)
		if (!scan_find(&s, fields[i]))
			return false;
	/* The kernel has this field, ulogd has not. */
	return scan_is(&s, "IN=", 3) && !scan_find(&s, " RES=0x");
}

static enum log_result logemu_parse(struct log_clock *clock,
				    const struct port_bits *ports,
				    struct scan line, struct log_event *out,
				    const char **why)
{
	enum log_result result;
	struct stamp stamp;

	if (line.at == line.end)
		return LOG_OTHER;
	if (!logemu_head(&line, clock, &stamp))
		return LOG_UNKNOWN;
	result = kernel_message(ports, line, out, why);
	if (result != LOG_EVENT)
		return result;
	*why = stamp_time(&stamp, clock, &out->time_us);
	return *why ? LOG_BAD : LOG_EVENT;
}

const struct log_format log_format_logemu = { logemu_looks_like, logemu_parse };

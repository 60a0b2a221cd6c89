/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of formats, and the way of a line to one of them. */
#include "log_priv.h"

/*
 * Formats are tried in this order; a line is of the first that it looks like.
 */
static const struct log_format *const formats[] = {
#define LOG_FORMAT_ROW(name, word) &log_format_##name,
	LOG_FORMATS(LOG_FORMAT_ROW)
#undef LOG_FORMAT_ROW
};
static const char *const format_names[] = {
#define LOG_FORMAT_WORD(name, word) word,
	LOG_FORMATS(LOG_FORMAT_WORD)
#undef LOG_FORMAT_WORD
};
#define FORMATS		 (sizeof(formats) / sizeof(*formats))

#define RECORD_SEPARATOR '\x1e'

const struct log_format *log_format_at(size_t i)
{
	return i < FORMATS ? formats[i] : NULL;
}

const struct log_format *log_format_named(const char *name)
{
	for (size_t i = 0; i < FORMATS; i++)
		if (!strcmp(format_names[i], name))
			return formats[i];
	return NULL;
}

const char *log_format_name(const struct log_format *format)
{
	size_t i = 0;

	while (formats[i] != format)
		i++;
	return format_names[i];
}

/* ---- a line ---- */

/*
 * Spaces and a carriage return belong to no format. Zeros are where a machine
 * lost its power while it wrote; a whole line may stand behind them. A mark
 * stands before a record of journalctl -o json-seq, or at the start of a file.
 */
static struct scan log_line_trimmed(const char *line, size_t len)
{
	struct scan s = { line, line + len };

	while (s.at < s.end && (!*s.at || *s.at == RECORD_SEPARATOR))
		s.at++;
	scan_text(&s, "\xef\xbb\xbf");
	while (s.end > s.at && (s.end[-1] == '\r' || s.end[-1] == '\n' ||
				s.end[-1] == ' ' || s.end[-1] == '\t'))
		s.end--;
	while (s.at < s.end && (*s.at == ' ' || *s.at == '\t'))
		s.at++;
	return s;
}

const struct log_format *log_line_format(const char *line, size_t len)
{
	struct scan s;

	if (!len || len > LOG_LINE_MOST)
		return NULL;
	s = log_line_trimmed(line, len);
	for (size_t i = 0; i < FORMATS; i++)
		if (formats[i]->looks_like(&s))
			return formats[i];
	return NULL;
}

bool log_line_time(struct log_clock *clock, const char *line, size_t len,
		   int64_t *time_us)
{
	struct head head;

	if (!len || len > LOG_LINE_MOST ||
	    !head_scan(log_line_trimmed(line, len), clock, &head))
		return false;
	return !stamp_time(&head.stamp, clock, time_us);
}

enum log_result log_line_parse(const struct log_format *format,
			       struct log_clock *clock,
			       const struct port_bits *ports, const char *line,
			       size_t len, struct log_event *out,
			       const char **why)
{
	*why = NULL;
	if (!len)
		return LOG_OTHER;
	if (len > LOG_LINE_MOST)
		return log_bad(why, "longer than 64 KiB");
	if (!format)
		return LOG_UNKNOWN;
	return format->parse(clock, ports, log_line_trimmed(line, len), out,
			     why);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The head of a line, which says when it was written, where, and by whom:
 *
 *	line    = [ "<" PRI ">" ] ( dmesg | syslog | rfc5424 )
 *	dmesg   = [ "kern  :warn  : " ] "[" time "]" text
 *	          | ISO 8601 with a comma and a zone " " text
 *	syslog  = time " " [ host " " ] [ facility "." level " " ] tag [ " " ]
 *text tag     = name [ "[" pid "]" ] ":" rfc5424 = [ "1 " ] time " " host " "
 *name " " pid " " id " " data [ text ]
 *
 * Before the text of the kernel may stand how long it ran, "[12345.678901]",
 * and what called it, "[    C0]". A syslog that found a message again writes
 * "message repeated 3 times: [ text]", or "last message repeated 3 times".
 *
 * A line that does not have this form was not written by the kernel, whatever
 * its text says.
 */
#include "log_priv.h"

static bool is_name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       is_digit(c) || (c && strchr("_-./", c));
}

static bool is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

static bool scan_is_text(const struct scan *s, const char *text)
{
	return scan_left(s) == strlen(text) &&
	       !memcmp(s->at, text, strlen(text));
}

/* ---- before the time ---- */

/* Skips "<4>" (RFC 3164). Facilities other than the first are programs'. */
static void head_scan_priority(struct scan *s, struct head *out)
{
	struct scan start = *s;
	int64_t priority;

	if (!scan_char(s, '<'))
		return;
	priority = scan_number(s, 3);
	if (priority < 0 || !scan_char(s, '>')) {
		*s = start;
		return;
	}
	out->foreign = priority > 7;
	/* RFC 5424: its version. */
	if (scan_left(s) > 5 && s->at[0] == '1' && s->at[1] == ' ' &&
	    is_digit(s->at[2]))
		s->at += 2;
}

/* Reads "kern  :" of dmesg -x: a word, spaces, a colon. */
static bool head_scan_column(struct scan *s, struct scan *word)
{
	word->at = s->at;
	while (is_lower(scan_peek(s)))
		s->at++;
	word->end = s->at;
	scan_spaces(s);
	return word->at < word->end && scan_char(s, ':');
}

/* Skips "kern  :warn  : " of dmesg -x. */
static void head_scan_columns(struct scan *s, struct head *out)
{
	struct scan start = *s, facility, level;

	if (is_lower(scan_peek(s)) && head_scan_column(s, &facility) &&
	    head_scan_column(s, &level) && scan_char(s, ' '))
		out->foreign |= !scan_is_text(&facility, "kern");
	else
		*s = start;
}

/* ---- behind the time ---- */

/* Reads "kernel:" or "ulogd[612]:". */
static bool head_scan_tag(struct scan *s, struct scan *name)
{
	struct scan start = *s;

	name->at = s->at;
	while (is_name_char(scan_peek(s)))
		s->at++;
	name->end = s->at;
	if (scan_char(s, '[') &&
	    (scan_number(s, 10) < 0 || !scan_char(s, ']'))) {
		*s = start;
		return false;
	}
	if (name->at < name->end && scan_char(s, ':'))
		return true;
	*s = start;
	return false;
}

/* Skips "kern.warn", which BusyBox and OpenWrt write before the tag. */
static void head_scan_facility(struct scan *s, struct head *out)
{
	struct scan start = *s, word = scan_word(s);
	const char *dot = memchr(word.at, '.', scan_left(&word));
	bool good = dot && dot > word.at && dot + 1 < word.end &&
		    scan_peek(s) == ' ';

	for (const char *p = word.at; good && p < word.end; p++)
		good = p == dot || is_lower(*p) || is_digit(*p);
	if (!good) {
		*s = start;
		return;
	}
	scan_spaces(s);
	word.end = dot;
	out->foreign |= !scan_is_text(&word, "kern");
}

/* Skips structured data of RFC 5424: "-", or elements in brackets. */
static bool head_scan_data(struct scan *s)
{
	if (scan_char(s, '-'))
		return true;
	if (scan_peek(s) != '[')
		return false;
	while (scan_char(s, '[')) {
		while (s->at < s->end && *s->at != ']')
			s->at += *s->at == '\\' && s->end - s->at > 1 ? 2 : 1;
		if (!scan_char(s, ']'))
			return false;
	}
	return true;
}

/* Reads what RFC 5424 has behind the host: "kernel - - - ". */
static bool head_scan_5424(struct scan *s, struct scan *name)
{
	struct scan start = *s, pid, id;

	*name = scan_word(s);
	if (name->at < name->end && scan_char(s, ' ')) {
		pid = scan_word(s);
		if (pid.at < pid.end && scan_char(s, ' ')) {
			id = scan_word(s);
			if (id.at < id.end && scan_char(s, ' ') &&
			    head_scan_data(s) &&
			    (s->at == s->end || *s->at == ' '))
				return true;
		}
	}
	*s = start;
	return false;
}

static void head_set_writer(struct head *out, const struct scan *name)
{
	if (out->foreign)
		out->writer = WRITER_OTHER;
	else if (scan_is_text(name, "kernel"))
		out->writer = WRITER_KERNEL;
	else if (scan_is_text(name, "ulogd"))
		out->writer = WRITER_ULOGD;
}

/*
 * Reads host and tag. Only a tag at its place counts: a word between the host
 * and "kernel:" is a program that wrote the rest.
 */
static void head_scan_writer(struct scan *s, struct head *out)
{
	struct scan start, name;

	scan_spaces(s);
	/* A tag of the kernel's without a host: EdgeOS. */
	start = *s;
	if (head_scan_tag(s, &name)) {
		head_set_writer(out, &name);
		return;
	}
	*s = start;
	out->host = scan_word(s);
	scan_spaces(s);
	head_scan_facility(s, out);
	if (head_scan_tag(s, &name) ||
	    (out->stamp.iso && head_scan_5424(s, &name)))
		head_set_writer(out, &name);
}

/* ---- before the kernel's text ---- */

/* Skips "[12345.678901] " or "[    1.234567] ". */
static void head_scan_uptime(struct scan *s)
{
	struct scan start = *s;

	if (scan_char(s, '[')) {
		scan_spaces(s);
		if (scan_number(s, 12) >= 0 && scan_char(s, '.') &&
		    scan_number(s, 9) >= 0 && scan_char(s, ']')) {
			scan_spaces(s);
			return;
		}
	}
	*s = start;
}

/* Skips "[    C0] " or "[  T123] ", with CONFIG_PRINTK_CALLER. */
static void head_scan_caller(struct scan *s)
{
	struct scan start = *s;

	if (scan_char(s, '[')) {
		scan_spaces(s);
		if ((scan_char(s, 'C') || scan_char(s, 'T')) &&
		    scan_number(s, 10) >= 0 && scan_char(s, ']')) {
			scan_spaces(s);
			return;
		}
	}
	*s = start;
}

/* Reads "3 times"; the number, or -1. */
static int64_t head_scan_times(struct scan *s)
{
	int64_t n = scan_number(s, 18);

	return n > 0 && !is_digit(scan_peek(s)) && scan_text(s, " times") ? n :
									    -1;
}

/* Reads "message repeated 3 times: [ text]", of which the text remains. */
static void head_scan_repeated(struct scan *s, struct head *out)
{
	struct scan start = *s;
	int64_t n;

	if (!scan_text(s, "message repeated "))
		return;
	n = head_scan_times(s);
	if (n < 0 || !scan_text(s, ": [") || s->end[-1] != ']') {
		*s = start;
		return;
	}
	s->end--;
	scan_spaces(s);
	out->repeated =
		n > LOG_REPEATED_MOST ? LOG_REPEATED_MOST + 1 : (uint32_t)n;
}

/* Is the line behind the host "last message repeated 3 times"? */
static bool head_is_last(struct scan s, struct head *out)
{
	int64_t n;

	scan_spaces(&s);
	if (!scan_text(&s, "last message repeated "))
		return false;
	n = head_scan_times(&s);
	if (n < 0 || s.at != s.end)
		return false;
	out->repeated =
		n > LOG_REPEATED_MOST ? LOG_REPEATED_MOST + 1 : (uint32_t)n;
	return true;
}

/* Apache before 2.4 has the time of dmesg -T, and then "[error] ". */
static bool head_is_apache(const struct scan *s)
{
	return s->end - s->at > 2 && *s->at == '[' && is_lower(s->at[1]);
}

static void head_scan_text(struct scan *s, struct head *out)
{
	scan_spaces(s);
	scan_text(s, "\xef\xbb\xbf"); /* RFC 5424: the text is UTF-8 */
	head_scan_repeated(s, out);
	head_scan_uptime(s);
	head_scan_caller(s);
	if (out->stamp.bare && head_is_apache(s))
		out->writer = WRITER_OTHER;
}

bool head_scan(struct scan line, struct log_clock *clock, struct head *out)
{
	struct scan behind;

	*out = (struct head){ .writer = WRITER_OTHER };
	head_scan_priority(&line, out);
	head_scan_columns(&line, out);
	stamp_scan(&line, clock, &out->stamp);
	if (out->stamp.kind == STAMP_NONE)
		return false;
	if (out->stamp.bare) {
		out->writer = out->foreign ? WRITER_OTHER : WRITER_KERNEL;
	} else {
		behind = line;
		scan_spaces(&behind);
		out->host = scan_word(&behind);
		if (head_is_last(behind, out))
			out->writer = WRITER_LAST;
		else
			head_scan_writer(&line, out);
	}
	if (out->writer == WRITER_KERNEL || out->writer == WRITER_ULOGD)
		head_scan_text(&line, out);
	out->text = line;
	return true;
}

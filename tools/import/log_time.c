/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The times that lines of a log begin with. */
#include "../../rules/base/units.h"
#include "log_priv.h"

#include <strings.h>

#define QUARTER_S 900
#define LATE_S	  5
#define END_S	  INT64_C(253402300800) /* end of the year 9999 */

/* ---- months ---- */

/*
 * Months as strftime() writes %b, and so does journalctl, in English, German,
 * French, Spanish, Portuguese and Italian, without a dot behind. Letters beyond
 * ASCII stand in UTF-8 and in Latin-1.
 */
static const struct {
	char name[8];
	uint8_t month;
} months[] = {
	{ "jan", 1 },
	{ "feb", 2 },
	{ "mar", 3 },
	{ "apr", 4 },
	{ "may", 5 },
	{ "jun", 6 },
	{ "jul", 7 },
	{ "aug", 8 },
	{ "sep", 9 },
	{ "oct", 10 },
	{ "nov", 11 },
	{ "dec", 12 },
	/* German */
	{ "j\xc3\xa4n", 1 },
	{ "j\xe4n", 1 },
	{ "m\xc3\xa4r", 3 },
	{ "m\xe4r", 3 },
	{ "m\xc3\xa4rz", 3 },
	{ "m\xe4rz", 3 },
	{ "mrz", 3 },
	{ "mai", 5 },
	{ "juni", 6 },
	{ "juli", 7 },
	{ "sept", 9 },
	{ "okt", 10 },
	{ "dez", 12 },
	/* French */
	{ "janv", 1 },
	{ "f\xc3\xa9vr", 2 },
	{ "f\xe9vr", 2 },
	{ "f\xc3\xa9v", 2 },
	{ "f\xe9v", 2 },
	{ "fevr", 2 },
	{ "mars", 3 },
	{ "avril", 4 },
	{ "avr", 4 },
	{ "juin", 6 },
	{ "juil", 7 },
	{ "ao\xc3\xbbt", 8 },
	{ "ao\xfbt", 8 },
	{ "aout", 8 },
	{ "d\xc3\xa9"
	  "c",
	  12 },
	{ "d\xe9"
	  "c",
	  12 },
	/* Spanish */
	{ "ene", 1 },
	{ "abr", 4 },
	{ "ago", 8 },
	{ "dic", 12 },
	/* Portuguese */
	{ "fev", 2 },
	{ "set", 9 },
	{ "out", 10 },
	/* Italian */
	{ "gen", 1 },
	{ "mag", 5 },
	{ "giu", 6 },
	{ "lug", 7 },
	{ "ott", 10 },
};

static uint8_t month_named(struct scan name)
{
	if (name.end > name.at && name.end[-1] == '.')
		name.end--;
	for (size_t i = 0; i < sizeof(months) / sizeof(*months); i++)
		if (strlen(months[i].name) == scan_left(&name) &&
		    !strncasecmp(months[i].name, name.at, scan_left(&name)))
			return months[i].month;
	return 0;
}

/*
 * Reads a month, 1 to 12, or 0. Most lines have the month of the line before.
 */
static uint8_t scan_month(struct scan *s, struct log_clock *clock)
{
	struct scan name = { s->at, s->at };

	if (clock->month_len && scan_left(s) > clock->month_len &&
	    s->at[clock->month_len] == ' ' &&
	    !memcmp(s->at, clock->month_name, clock->month_len)) {
		s->at += clock->month_len;
		return clock->month;
	}
	while (name.end < s->end && *name.end != ' ' &&
	       name.end - name.at < (int)sizeof(clock->month_name))
		name.end++;
	s->at = name.end;
	clock->month_len = 0;
	clock->month = month_named(name);
	if (clock->month) {
		clock->month_len = (uint8_t)scan_left(&name);
		memcpy(clock->month_name, name.at, clock->month_len);
	}
	return clock->month;
}

/*
 * A month that is lower by two or more begins another year. One that is lower
 * by one is a late line at the end of a month. A log is taken to have a line in
 * any eleven months.
 */
static void note_month(struct log_clock *clock, int month)
{
	if (clock->latest_s || month == clock->last_month)
		return;
	if (clock->last_month == 1 && month == 12)
		clock->year--;
	else if (clock->last_month - month > 1)
		clock->year++;
	clock->last_month = month;
}

/* ---- reading ---- */

/* Reads digits behind a point, as millionths; further digits are skipped. */
static int32_t scan_fraction(struct scan *s)
{
	const char *start = s->at;
	int64_t value = scan_number(s, 6);

	if (value < 0)
		return 0;
	for (ptrdiff_t n = s->at - start; n < 6; n++)
		value *= 10;
	while (is_digit(scan_peek(s)))
		s->at++;
	return (int32_t)value;
}

/* Reads "08:33:28", "08:33:28.123456" or "08:33:28,123456". */
static bool scan_clock(struct scan *s, struct stamp *out)
{
	out->hour = (int)scan_number(s, 2);
	if (!scan_char(s, ':'))
		return false;
	out->minute = (int)scan_number(s, 2);
	if (!scan_char(s, ':'))
		return false;
	out->second = (int)scan_number(s, 2);
	out->fine = scan_char(s, '.') || scan_char(s, ',');
	if (out->fine)
		out->micro = scan_fraction(s);
	return out->hour >= 0 && out->hour < 24 && out->minute >= 0 &&
	       out->minute < 60 && out->second >= 0 && out->second <= 60;
}

/* Reads "Z", "+01:00", "+0100" or "+01"; without any, time is local. */
static bool scan_zone(struct scan *s, struct stamp *out)
{
	int64_t hours, minutes = 0;
	int sign;

	out->kind = STAMP_OFFSET;
	if (scan_char(s, 'Z'))
		return true;
	if (scan_peek(s) != '+' && scan_peek(s) != '-') {
		out->kind = STAMP_LOCAL;
		return true;
	}
	sign = *s->at++ == '-' ? -1 : 1;
	hours = scan_number(s, 2);
	if (scan_char(s, ':') || is_digit(scan_peek(s)))
		minutes = scan_number(s, 2);
	out->offset_s = (int32_t)(sign * (hours * 3600 + minutes * 60));
	return hours >= 0 && hours < 24 && minutes >= 0 && minutes < 60;
}

static bool scan_date(struct scan *s, struct stamp *out)
{
	out->year = (int)scan_number(s, 4);
	if (!scan_char(s, '-'))
		return false;
	out->month = (int)scan_number(s, 2);
	if (!scan_char(s, '-'))
		return false;
	out->day = (int)scan_number(s, 2);
	return out->year > 0 && out->month > 0 && out->day > 0;
}

bool stamp_scan_iso(struct scan *s, struct stamp *out)
{
	*out = (struct stamp){ 0 };
	if (scan_date(s, out) && (scan_char(s, 'T') || scan_char(s, ' ')) &&
	    scan_clock(s, out) && scan_zone(s, out))
		return true;
	out->kind = STAMP_NONE;
	return false;
}

/*
 * dmesg --time-format=iso: "2026-11-24T08:33:28,123456+01:00". Other programs
 * write a comma, too, but neither the T nor the zone.
 */
static bool log_time_is_dmesg(const char *start, const struct scan *s)
{
	return s->at - start == 32 && start[10] == 'T' && start[19] == ',' &&
	       (start[26] == '+' || start[26] == '-') && start[29] == ':';
}

static bool scan_iso(struct scan *s, struct stamp *out)
{
	const char *start = s->at;

	if (!stamp_scan_iso(s, out))
		return false;
	out->iso = true;
	out->bare = log_time_is_dmesg(start, s);
	return true;
}

/* journalctl -o short-full: "Tue 2026-11-24 08:33:28 CET host kernel: ..." */
static bool scan_full(struct scan *s, struct stamp *out)
{
	struct scan zone;

	scan_word(s);
	if (!scan_char(s, ' ') || !stamp_scan_iso(s, out) || !scan_char(s, ' '))
		return false;
	zone = scan_word(s);
	if (scan_left(&zone) == 3 && scan_text(&zone, "UTC"))
		out->kind = STAMP_OFFSET;
	return true;
}

/* "Nov 24 08:33:28", a day before the 10th after two spaces, or after one */
static bool scan_syslog(struct scan *s, struct log_clock *clock,
			struct stamp *out)
{
	out->month = scan_month(s, clock);
	if (!scan_char(s, ' '))
		return false;
	scan_spaces(s);
	out->day = (int)scan_number(s, 2);
	if (out->day < 1 || out->day > 31 || !scan_char(s, ' ') ||
	    !scan_clock(s, out))
		return false;
	out->kind = out->month ? STAMP_LOCAL : STAMP_MONTH;
	if (out->month)
		note_month(clock, out->month);
	return true;
}

/* "Tue Nov 24 08:33:28 2026", which leaves the clock as it is */
static bool scan_ctime(struct scan *s, struct stamp *out)
{
	struct log_clock other = { 0 };

	scan_word(s);
	if (!scan_char(s, ' ') || !scan_syslog(s, &other, out) ||
	    !scan_char(s, ' '))
		return false;
	out->year = (int)scan_number(s, 4);
	return out->year > 0;
}

/* dmesg: "[12345.678901]", from behind the bracket */
static bool log_time_scan_uptime(struct scan *s, struct stamp *out)
{
	scan_spaces(s);
	if (scan_number(s, 12) < 0 || !scan_char(s, '.') ||
	    scan_number(s, 9) < 0 || !scan_char(s, ']'))
		return false;
	out->kind = STAMP_UPTIME;
	out->bare = true;
	return true;
}

/* journalctl -o short-unix: "1795505608.123456" */
static bool scan_unix(struct scan *s, struct stamp *out)
{
	out->unix_s = scan_number(s, 12);
	out->kind = STAMP_UNIX;
	if (!scan_char(s, '.') || !is_digit(scan_peek(s)))
		return false;
	out->micro = scan_fraction(s);
	return true;
}

/* dmesg -H: "[Nov24 08:33]" and "[  +0.000123]", from behind the bracket */
static bool log_time_scan_period(struct scan *s, struct stamp *out)
{
	struct scan start = *s, name;

	scan_spaces(s);
	out->kind = STAMP_PERIOD;
	out->bare = true;
	if (scan_char(s, '+') && scan_number(s, 12) >= 0 && scan_char(s, '.') &&
	    scan_number(s, 9) >= 0 && scan_char(s, ']'))
		return true;
	*s = start;
	name.at = s->at;
	while (s->at < s->end && !is_digit(*s->at) && *s->at != ' ')
		s->at++;
	name.end = s->at;
	return month_named(name) && scan_number(s, 2) > 0 &&
	       scan_char(s, ' ') && scan_number(s, 2) >= 0 &&
	       scan_char(s, ':') && scan_number(s, 2) >= 0 && scan_char(s, ']');
}

/* dmesg, without and with -T, and with -H */
static bool scan_bracket(struct scan *s, struct stamp *out)
{
	struct scan start = *s;

	if (log_time_scan_uptime(s, out))
		return true;
	*s = start;
	if (log_time_scan_period(s, out))
		return true;
	*s = start;
	*out = (struct stamp){ 0 };
	/* Apache has a fraction there, and text of strangers behind it. */
	if (!scan_ctime(s, out) || out->fine)
		return false;
	out->bare = true;
	return scan_char(s, ']');
}

/* Reads a time behind a weekday: journalctl, or OpenWrt's logread. */
static bool scan_weekday(struct scan *s, struct stamp *out)
{
	struct scan start = *s;

	if (scan_full(s, out))
		return true;
	*s = start;
	return scan_ctime(s, out);
}

static bool scan_any(struct scan *s, struct log_clock *clock, struct stamp *out)
{
	struct scan start;

	if (scan_char(s, '['))
		return scan_bracket(s, out);
	if (is_digit(scan_peek(s)))
		return scan_left(s) > 4 && s->at[4] == '-' ? scan_iso(s, out) :
							     scan_unix(s, out);
	start = *s;
	if (scan_syslog(s, clock, out))
		return true;
	*s = start;
	return scan_weekday(s, out);
}

void stamp_scan(struct scan *s, struct log_clock *clock, struct stamp *out)
{
	struct scan start = *s;

	*out = (struct stamp){ 0 };
	if (scan_any(s, clock, out) &&
	    (s->at == s->end || *s->at == ' ' || (out->bare && *s->at == '[')))
		return;
	*s = start;
	out->kind = STAMP_NONE;
}

/* ---- time ---- */

/* Asks for the zone of a quarter of an hour; no zone changes within one. */
static void log_time_ask(struct log_clock *clock, const struct stamp *t,
			 int year, int64_t quarter)
{
	clock->quarter_s = clock->local(clock->ctx, year, t->month, t->day,
					t->hour, t->minute / 15 * 15, 0);
	clock->again_s = clock->again && clock->quarter_s >= 0 &&
					 clock->quarter_s < END_S ?
				 clock->again(clock->ctx, clock->quarter_s) :
				 INT64_MIN;
	clock->quarter = quarter;
	clock->has_quarter = true;
}

/*
 * An hour comes twice when clocks are set back: a host whose time would go back
 * is in the second one.
 */
static int64_t log_time_which(const struct log_clock *clock, int64_t first_s)
{
	int64_t again_s = first_s + clock->again_s - clock->quarter_s;

	if (clock->again_s == INT64_MIN || !clock->host_s)
		return first_s;
	return first_s < *clock->host_s - LATE_S &&
			       again_s >= *clock->host_s - LATE_S ?
		       again_s :
		       first_s;
}

static int64_t log_time_local_s(struct log_clock *clock, const struct stamp *t,
				int year, int64_t wall_s)
{
	int64_t quarter = wall_s / QUARTER_S;

	if (!clock->has_quarter || quarter != clock->quarter)
		log_time_ask(clock, t, year, quarter);
	if (clock->quarter_s < 0 || clock->quarter_s >= END_S)
		return -1;
	/* A leap second is the first of the next minute. */
	return log_time_which(clock, clock->quarter_s + t->minute % 15 * 60 +
					     t->second);
}

/* Seconds since 1970 of a date and an hour and minute, were they of UTC. */
static int64_t log_time_wall_s(const struct stamp *t, int year)
{
	return date_days(year, t->month, t->day) * 86400 + t->hour * 3600 +
	       t->minute * 60;
}

/*
 * The year of a date that leaves it out: the last one in which it is not too
 * late. Eight years have a 29 February.
 */
static int log_time_year(const struct stamp *t, const struct log_clock *clock)
{
	int year = clock->year + 1;

	if (!clock->latest_s)
		return clock->year;
	for (; year > clock->year - 8; year--)
		if (date_exists(year, t->month, t->day) &&
		    log_time_wall_s(t, year) <= clock->latest_s)
			return year;
	return clock->year;
}

static const char *wall_time(const struct stamp *t, struct log_clock *clock,
			     int64_t *s)
{
	int year = t->year ? t->year : log_time_year(t, clock);
	int64_t wall_s;

	if (year < 1970 || year > 9999)
		return "a year before 1970";
	if (!date_exists(year, t->month, t->day))
		return t->month == 2 && t->day == 29 && !t->year ?
			       "29 February, which this year does not have" :
			       "a day that does not exist";
	wall_s = log_time_wall_s(t, year);
	if (t->kind == STAMP_OFFSET)
		*s = wall_s + t->second - t->offset_s;
	else
		*s = clock->local ? log_time_local_s(clock, t, year, wall_s) :
				    wall_s + t->second;
	if (clock->host_s)
		*clock->host_s = *s;
	return NULL;
}

const char *stamp_time(const struct stamp *stamp, struct log_clock *clock,
		       int64_t *time_us)
{
	const char *why = NULL;
	int64_t s = 0;

	switch (stamp->kind) {
	case STAMP_NONE:
		return LOG_NO_DATE;
	case STAMP_MONTH:
		return "a month whose name is not known";
	case STAMP_UPTIME:
		return "has no date, only seconds since the start; dmesg "
		       "--time-format=iso writes dates";
	case STAMP_PERIOD:
		return "has no date, only the time since the line before; "
		       "dmesg --time-format=iso writes dates";
	case STAMP_UNIX:
		s = stamp->unix_s;
		break;
	case STAMP_LOCAL:
	case STAMP_OFFSET:
		why = wall_time(stamp, clock, &s);
		break;
	}
	if (why)
		return why;
	if (s < 0 || s >= END_S)
		return "a time that does not exist";
	if (s >= UINT32_MAX)
		return "a time past the year 2106";
	*time_us = s * 1000000 + stamp->micro;
	return NULL;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "when.h"

#include "../../rules/base/units.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

int64_t when_so_far_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec + 1;
}

static int64_t midnight(int64_t now_s, int days_ago)
{
	time_t now = (time_t)now_s;
	struct tm tm;

	localtime_r(&now, &tm);
	tm.tm_mday -= days_ago;
	tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
	tm.tm_isdst = -1;
	return mktime(&tm);
}

/* Reads two digits up to most; -1 if there are none. */
static int two_digits(const char **at, int most)
{
	const char *p = *at;
	int n;

	if (p[0] < '0' || p[0] > '9' || p[1] < '0' || p[1] > '9')
		return -1;
	n = (p[0] - '0') * 10 + p[1] - '0';
	*at += 2;
	return n > most ? -1 : n;
}

static bool clock_parse(const char **at, struct tm *tm)
{
	if (**at != 'T' && **at != ' ')
		return false;
	(*at)++;
	tm->tm_hour = two_digits(at, 23);
	if (tm->tm_hour < 0 || *(*at)++ != ':')
		return false;
	tm->tm_min = two_digits(at, 59);
	if (tm->tm_min < 0)
		return false;
	if (**at != ':')
		return true;
	(*at)++;
	tm->tm_sec = two_digits(at, 60);
	return tm->tm_sec >= 0;
}

/* mktime() by itself would go by what it was asked before. */
int64_t when_local_s(const struct tm *wanted)
{
	struct tm tm = *wanted;
	time_t t;

	tm.tm_isdst = 1;
	t = mktime(&tm);
	if (tm.tm_isdst == 1 && tm.tm_hour == wanted->tm_hour &&
	    tm.tm_min == wanted->tm_min)
		return t;
	tm = *wanted;
	tm.tm_isdst = 0;
	return mktime(&tm);
}

static bool date_time_parse(const char *text, int64_t *out)
{
	struct tm tm = { .tm_isdst = -1 };
	const char *at = text + 10;
	char date[11];
	int32_t days;
	time_t t;

	if (strlen(text) < 10)
		return false;
	memcpy(date, text, 10);
	date[10] = '\0';
	if (!date_parse(date, &days))
		return false;
	t = (time_t)days * 86400;
	gmtime_r(&t, &tm);
	tm.tm_isdst = -1;
	if (*at && *at != 'Z' && !clock_parse(&at, &tm))
		return false;
	if (*at && strcmp(at, "Z"))
		return false;
	*out = *at ? timegm(&tm) : when_local_s(&tm);
	return true;
}

bool when_parse(const char *text, int64_t now_s, int64_t *out)
{
	uint32_t seconds;

	if (!strcmp(text, "now"))
		*out = now_s;
	else if (!strcmp(text, "today"))
		*out = midnight(now_s, 0);
	else if (!strcmp(text, "yesterday"))
		*out = midnight(now_s, 1);
	else if (duration_parse(text, &seconds))
		*out = now_s - seconds;
	else
		return date_time_parse(text, out);
	return true;
}

/* The date and the clock, without a zone; "" if no calendar has them. */
static size_t when_print_utc(char *out, int64_t time_s)
{
	time_t seconds = (time_t)time_s;
	struct tm tm;

	if (!gmtime_r(&seconds, &tm))
		return 0;
	return strftime(out, WHEN_TEXT_BYTES, "%Y-%m-%dT%H:%M:%S", &tm);
}

const char *when_print_s(char *out, int64_t time_s)
{
	size_t n = when_print_utc(out, time_s);

	strcpy(out + n, n ? "Z" : "-");
	return out;
}

void when_print_us(char *out, int64_t time_us)
{
	int64_t seconds = time_us / 1000000;
	long fraction = (long)(time_us % 1000000);
	size_t n;

	if (fraction < 0) {
		fraction += 1000000;
		seconds--;
	}
	n = when_print_utc(out, seconds);
	if (n)
		snprintf(out + n, WHEN_TEXT_BYTES - n, ".%06ldZ", fraction);
	else
		strcpy(out, "-");
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "units.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	char letter;
	const char *name;
	uint32_t seconds;
} units[] = {
	{ 'w', NULL, 604800 }, { 'd', "day", 86400 }, { 'h', "hour", 3600 },
	{ 'm', "minute", 60 }, { 's', "second", 1 },
};

#define N_UNITS	  (sizeof(units) / sizeof(units[0]))
#define LONGEST_S (10u * 366 * 86400)

bool number_parse(const char *text, uint32_t least, uint32_t most,
		  uint32_t *out)
{
	uint64_t value = 0;

	if (!*text)
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return false;
		value = value * 10 + (uint64_t)(*text - '0');
		if (value > most)
			return false;
	}
	*out = (uint32_t)value;
	return value >= least;
}

bool duration_parse(const char *text, uint32_t *seconds)
{
	size_t len = strlen(text);
	char digits[12];
	uint32_t count;

	if (len < 2 || len > sizeof(digits))
		return false;
	memcpy(digits, text, len - 1);
	digits[len - 1] = '\0';
	for (size_t i = 0; i < N_UNITS; i++)
		if (units[i].letter == text[len - 1]) {
			if (!number_parse(digits, 1,
					  LONGEST_S / units[i].seconds, &count))
				return false;
			*seconds = count * units[i].seconds;
			return true;
		}
	return false;
}

void duration_print(char *out, uint32_t seconds)
{
	size_t i = 0;

	while (seconds % units[i].seconds)
		i++;
	snprintf(out, 16, "%u%c", seconds / units[i].seconds, units[i].letter);
}

bool rate_unit_parse(const char *text, uint32_t *unit_s)
{
	for (size_t i = 0; i < N_UNITS; i++)
		if (units[i].name && !strcmp(units[i].name, text)) {
			*unit_s = units[i].seconds;
			return true;
		}
	return false;
}

bool rate_parse(const char *text, uint32_t *count, uint32_t *unit_s)
{
	const char *slash = strchr(text, '/');
	char digits[12];

	if (!slash || slash == text || (size_t)(slash - text) >= sizeof(digits))
		return false;
	memcpy(digits, text, (size_t)(slash - text));
	digits[slash - text] = '\0';
	return number_parse(digits, 1, 1000000, count) &&
	       rate_unit_parse(slash + 1, unit_s);
}

/* ---- dates ---- */

bool date_exists(int year, int month, int day)
{
	static const uint8_t days[] = { 31, 28, 31, 30, 31, 30,
					31, 31, 30, 31, 30, 31 };
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return month >= 1 && month <= 12 && day >= 1 &&
	       day <= days[month - 1] + (month == 2 && leap);
}

/* The year begins in March here, so that a leap day is the last of one. */
int64_t date_days(int year, int month, int day)
{
	int64_t y = month > 2 ? year : year - 1, era = y / 400;
	int64_t of_era = y - era * 400;
	int64_t of_year =
		(153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 +
	       of_year - 719468;
}

bool date_parse(const char *text, int32_t *days)
{
	int year, month, day;

	if (strlen(text) != 10 || strspn(text, "0123456789-") != 10)
		return false;
	for (int i = 0; i < 10; i++)
		if ((text[i] == '-') != (i == 4 || i == 7))
			return false;
	year = atoi(text);
	month = atoi(text + 5);
	day = atoi(text + 8);
	if (year < 1970 || !date_exists(year, month, day))
		return false;
	*days = (int32_t)date_days(year, month, day);
	return true;
}

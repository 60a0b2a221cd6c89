/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sources: the first-contact figures (CUSUM of Page, Biometrika 1954, on
 * contacts with new destination groups), abandonment and the rest were set for
 * a port that is blocked, where TRW (Jung et al., IEEE S&P 2004) and SPOT (Duan
 * et al., INFOCOM 2009) have no failures or verdicts to lean on.
 */
#include "watch.h"
#include "units.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOUR 3600.0
#define DAY  (24 * HOUR)

#define WATCH_ROW(figure, name, unit, value, least, most)                      \
	[WATCH_##figure] = { name, WATCH_##unit, value, least, most },
const struct watch_row watch_rows[WATCH_FIGURES] = { WATCH_ROWS(WATCH_ROW) };

/* Pairs of figures: the second must be more than the first. */
const struct watch_order watch_orders[] = {
	{ WATCH_FAST_NORMAL, WATCH_FAST_SPAM },
	{ WATCH_MEDIUM_NORMAL, WATCH_MEDIUM_SPAM },
	{ WATCH_SLOW_NORMAL, WATCH_SLOW_SPAM },
	{ WATCH_NEW_SHARE_NORMAL, WATCH_NEW_SHARE_SPAM },
	{ WATCH_ABANDON_NORMAL, WATCH_ABANDON_SPAM },
	{ WATCH_LATE_SPAN, WATCH_LATE_AFTER },
	{ WATCH_OUTCOME_NORMAL, WATCH_OUTCOME_SPAM },
	{ WATCH_OPERATORS_NORMAL, WATCH_OPERATORS_SPAM },
	{ WATCH_LOGIN_NORMAL, WATCH_LOGIN_SPAM },
};
const size_t n_watch_orders = sizeof(watch_orders) / sizeof(*watch_orders);

static bool decimal(const char *text, size_t len, double *out)
{
	char digits[16];
	bool point = false;

	if (!len || len > 12 || *text == '.')
		return false;
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '.' && !point)
			point = true;
		else if (text[i] < '0' || text[i] > '9')
			return false;
	}
	memcpy(digits, text, len);
	digits[len] = '\0';
	*out = strtod(digits, NULL);
	return true;
}

/* "20/hour", and unlike the rate of a limit "0.1/hour". */
static bool rate(const char *text, double *out)
{
	size_t len = strcspn(text, "/");
	uint32_t unit_s;

	if (!text[len] || !rate_unit_parse(text + len + 1, &unit_s) ||
	    !decimal(text, len, out))
		return false;
	*out *= HOUR / unit_s;
	return true;
}

/* "30m", and unlike elsewhere "0h". */
static bool watch_duration(const char *text, double *out)
{
	uint32_t seconds = 0;
	bool none = text[0] == '0' && text[1] && strchr("smhd", text[1]) &&
		    !text[2];

	if (!none && !duration_parse(text, &seconds))
		return false;
	*out = seconds;
	return true;
}

bool watch_parse(const struct watch_row *row, const char *text, double *out)
{
	bool good = false;

	switch (row->unit) {
	case WATCH_DURATION:
		good = watch_duration(text, out);
		break;
	case WATCH_RATE:
		good = rate(text, out);
		break;
	case WATCH_NUMBER:
	case WATCH_SHARE:
		good = decimal(text, strlen(text), out);
		break;
	}
	return good && *out >= row->least && *out <= row->most;
}

void watch_print(const struct watch_row *row, double value, char *out)
{
	if (row->unit == WATCH_DURATION && value > 0)
		duration_print(out, (uint32_t)value);
	else
		snprintf(out, WATCH_TEXT_BYTES, "%.10g%s", value,
			 row->unit == WATCH_RATE     ? "/hour" :
			 row->unit == WATCH_DURATION ? "s" :
						       "");
}

const char *watch_wanted(const struct watch_row *row)
{
	switch (row->unit) {
	case WATCH_DURATION:
		return "a duration like 30m";
	case WATCH_RATE:
		return "a rate like 20/hour";
	case WATCH_NUMBER:
		return "a number like 40";
	case WATCH_SHARE:
		return "a share like 0.35";
	}
	return "";
}

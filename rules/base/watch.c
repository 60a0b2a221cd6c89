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

const struct watch_row watch_rows[WATCH_FIGURES] = {
	[WATCH_NEW_AFTER] = { "new-after", WATCH_DURATION, 2 * DAY, HOUR,
			      30 * DAY },
	[WATCH_WARMUP_FAST] = { "warmup-fast", WATCH_DURATION, 1.5 * HOUR, 0,
				30 * DAY },
	[WATCH_WARMUP] = { "warmup", WATCH_DURATION, 8 * HOUR, 0, 30 * DAY },
	[WATCH_WARMUP_ABANDON] = { "warmup-abandon", WATCH_DURATION, DAY, 0,
				   30 * DAY },
	[WATCH_FAST_NORMAL] = { "fast-normal", WATCH_RATE, 20, 0.01, 1e6 },
	[WATCH_FAST_SPAM] = { "fast-spam", WATCH_RATE, 240, 0.01, 1e6 },
	[WATCH_FAST_THRESHOLD] = { "fast-threshold", WATCH_NUMBER, 40, 1, 1e6 },
	[WATCH_MEDIUM_NORMAL] = { "medium-normal", WATCH_RATE, 4, 0.01, 1e6 },
	[WATCH_MEDIUM_SPAM] = { "medium-spam", WATCH_RATE, 40, 0.01, 1e6 },
	[WATCH_MEDIUM_THRESHOLD] = { "medium-threshold", WATCH_NUMBER, 50, 1,
				     1e6 },
	[WATCH_SLOW_NORMAL] = { "slow-normal", WATCH_RATE, 0.3, 0.01, 1e6 },
	[WATCH_SLOW_SPAM] = { "slow-spam", WATCH_RATE, 3, 0.01, 1e6 },
	[WATCH_SLOW_THRESHOLD] = { "slow-threshold", WATCH_NUMBER, 60, 1, 1e6 },
	[WATCH_NEW_SHARE_NORMAL] = { "new-share-normal", WATCH_SHARE, 0.35,
				     0.001, 0.999 },
	[WATCH_NEW_SHARE_SPAM] = { "new-share-spam", WATCH_SHARE, 0.75, 0.001,
				   0.999 },
	[WATCH_ABANDON_AFTER] = { "abandon-after", WATCH_DURATION, 2.5 * HOUR,
				  60, 7 * DAY },
	[WATCH_ABANDON_NORMAL] = { "abandon-normal", WATCH_SHARE, 0.10, 0.001,
				   0.999 },
	[WATCH_ABANDON_SPAM] = { "abandon-spam", WATCH_SHARE, 0.60, 0.001,
				 0.999 },
	[WATCH_ABANDON_DRIFT] = { "abandon-drift", WATCH_RATE, 0.1, 0, 1e6 },
	[WATCH_ABANDON_THRESHOLD] = { "abandon-threshold", WATCH_NUMBER, 14, 1,
				      1e6 },
	[WATCH_LATE_AFTER] = { "late-after", WATCH_DURATION, 7 * HOUR, 60,
			       7 * DAY },
	[WATCH_LATE_SPAN] = { "late-span", WATCH_DURATION, 2 * HOUR, 60,
			      7 * DAY },
	[WATCH_LATE_DRIFT] = { "late-drift", WATCH_RATE, 1.0, 0, 1e6 },
	[WATCH_LATE_THRESHOLD] = { "late-threshold", WATCH_NUMBER, 25, 1, 1e6 },
	[WATCH_SCAN_ADDRESSES] = { "scan-addresses", WATCH_NUMBER, 64, 2, 400 },
	[WATCH_SCAN_WINDOW] = { "scan-window", WATCH_DURATION, HOUR, 60, DAY },
	[WATCH_OUTCOME_NORMAL] = { "outcome-normal", WATCH_SHARE, 0.15, 0.001,
				   0.999 },
	[WATCH_OUTCOME_SPAM] = { "outcome-spam", WATCH_SHARE, 0.60, 0.001,
				 0.999 },
	[WATCH_OUTCOME_THRESHOLD] = { "outcome-threshold", WATCH_NUMBER, 9.2, 1,
				      1e6 },
	[WATCH_DIRECT_BELOW] = { "direct-below", WATCH_RATE, 0.75, 0, 1e6 },
	[WATCH_DIRECT_GROUPS] = { "direct-groups", WATCH_NUMBER, 25, 2, 768 },
	[WATCH_DIRECT_DRIFT] = { "direct-drift", WATCH_RATE, 0.02, 0, 1e6 },
	[WATCH_DIRECT_THRESHOLD] = { "direct-threshold", WATCH_NUMBER, 8, 1,
				     1e6 },
	[WATCH_OPERATORS_NORMAL] = { "operators-normal", WATCH_RATE, 0.5, 0.01,
				     1e6 },
	[WATCH_OPERATORS_SPAM] = { "operators-spam", WATCH_RATE, 10, 0.01,
				   1e6 },
	[WATCH_OPERATORS_THRESHOLD] = { "operators-threshold", WATCH_NUMBER, 30,
					1, 1e6 },
	[WATCH_VOLUME_RATE] = { "volume-rate", WATCH_RATE, 60, 1, 1e6 },
	[WATCH_STORM_ATTEMPTS] = { "storm-attempts", WATCH_NUMBER, 30, 2, 1e6 },
	[WATCH_STORM_WINDOW] = { "storm-window", WATCH_DURATION, 60, 1, HOUR },
	[WATCH_LOGIN_NORMAL] = { "login-normal", WATCH_SHARE, 0.1, 0.001,
				 0.999 },
	[WATCH_LOGIN_SPAM] = { "login-spam", WATCH_SHARE, 0.7, 0.001, 0.999 },
	[WATCH_LOGIN_THRESHOLD] = { "login-threshold", WATCH_NUMBER, 9.2, 1,
				    1e6 },
};

/* Pairs of which the second has to be more than the first. */
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

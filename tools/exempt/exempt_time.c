/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "exempt_time.h"
#include "../book/cover.h"
#include "../../rules/base/arena.h"
#include "../../rules/base/units.h"
#include "../program/when.h"

#include <ctype.h>
#include <string.h>
#include <time.h>

static const struct {
	int64_t seconds;
	const char *name;
} exempt_units[] = {
	{ 86400, "days" },
	{ 3600, "hours" },
	{ 60, "minutes" },
	{ 1, "seconds" },
};

/* At least two of a unit, rounded down. */
static const char *exempt_span_text(struct arena *a, int64_t seconds)
{
	size_t i = 0;

	while (i < 3 && seconds < 2 * exempt_units[i].seconds)
		i++;
	return arena_printf(a, "%lld %s",
			    (long long)(seconds / exempt_units[i].seconds),
			    seconds == 1 ? "second" : exempt_units[i].name);
}

static const char *exempt_time_text(struct arena *a, int64_t time_s, bool clock)
{
	time_t t = (time_t)time_s;
	struct tm tm;
	char text[32];

	if (!localtime_r(&t, &tm) ||
	    !(clock ? strftime(text, sizeof(text), "%Y-%m-%d %H:%M", &tm) :
		      strftime(text, sizeof(text), "%Y-%m-%d", &tm)))
		return "?";
	return arena_strndup(a, text, strlen(text));
}

const char *exempt_day_text(struct arena *a, int64_t time_s)
{
	return exempt_time_text(a, time_s, false);
}

/* An end at midnight is that of the day before. */
const char *exempt_until_text(struct arena *a, int64_t end_s)
{
	return arena_printf(a, "until %s",
			    exempt_time_text(a, end_s - 1, false));
}

const char *exempt_left_text(struct arena *a, int64_t end_s, int64_t now_s)
{
	int64_t left = end_s - now_s;

	if (end_s == EXEMPT_STAYS)
		return "stays";
	if (left <= 0)
		return arena_printf(a, "expired %s",
				    exempt_time_text(a, end_s, false));
	if (left < 2 * 86400)
		return arena_printf(a, "%s left, until %s",
				    exempt_span_text(a, left),
				    exempt_time_text(a, end_s, true));
	return arena_printf(a, "%s left, %s", exempt_span_text(a, left),
			    exempt_until_text(a, end_s));
}

bool exempt_end_parse(const char *text, int64_t *out)
{
	int32_t days;
	time_t t;
	struct tm tm;

	if (!date_parse(text, &days))
		return isdigit((unsigned char)*text) && strlen(text) > 10 &&
		       when_parse(text, 0, out);
	t = ((time_t)days + 1) * 86400;
	if (!gmtime_r(&t, &tm))
		return false;
	*out = when_local_s(&tm);
	return true;
}

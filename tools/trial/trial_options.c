/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "trial_options.h"
#include "../../rules/base/units.h"

#include <errno.h>
#include <string.h>

static int stop_refuse(const char *text, struct fault *f)
{
	return fault_set(f, -EINVAL,
			 "\"%.60s\" stops no trial: sources=50 and "
			 "submission=50%% do",
			 text);
}

static int stop_parse(const char *text, struct trial_stops *out,
		      struct fault *f)
{
	const char *value = strchr(text, '=');
	char digits[16];
	size_t len;

	if (!value)
		return stop_refuse(text, f);
	value++;
	len = strlen(value);
	if (!strncmp(text, "sources=", strlen("sources=")) &&
	    number_parse(value, 1, TRIAL_SOURCES_MOST, &out->sources))
		return 0;
	if (strncmp(text, "submission=", strlen("submission=")) || len < 2 ||
	    len >= sizeof(digits) || value[len - 1] != '%')
		return stop_refuse(text, f);
	memcpy(digits, value, len - 1);
	digits[len - 1] = '\0';
	return number_parse(digits, 1, 100, &out->submission_percent) ?
		       0 :
		       stop_refuse(text, f);
}

int trial_stops_parse(const char *const *texts, size_t n,
		      struct trial_stops *out, struct fault *f)
{
	int error = 0;

	*out = (struct trial_stops){ 0 };
	for (size_t i = 0; i < n && !error; i++)
		error = stop_parse(texts[i], out, f);
	return error;
}

int trial_duration_check(uint32_t seconds, struct fault *f)
{
	if (seconds >= TRIAL_SECONDS_LEAST && seconds <= TRIAL_SECONDS_MOST)
		return 0;
	return fault_set(f, -EINVAL,
			 "a trial takes from 1s to 7d: in that time its rules "
			 "are confirmed, or go");
}

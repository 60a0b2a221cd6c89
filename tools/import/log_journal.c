/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The journal as JSON: systemd.journal-fields(7). */
#include "log_json.h"

/*
 * The journal itself writes _TRANSPORT; SYSLOG_IDENTIFIER is the tag, for
 * exports without the former.
 */
static bool journal_names_writer(json_t *o)
{
	return json_object_get(o, "_TRANSPORT") ||
	       json_object_get(o, "SYSLOG_IDENTIFIER");
}

static bool journal_is_kernels(json_t *o)
{
	if (json_object_get(o, "_TRANSPORT"))
		return log_json_text_is(o, "_TRANSPORT", "kernel");
	return log_json_text_is(o, "SYSLOG_IDENTIFIER", "kernel");
}

static enum log_result journal_record(json_t *o, struct log_clock *clock,
				      const struct port_bits *ports,
				      struct log_event *out, const char **why)
{
	int64_t us = log_json_number(o, "__REALTIME_TIMESTAMP",
				     INT64_C(253402300799999999));
	enum log_result result;
	struct scan message;

	(void)clock;
	/* A message that is not UTF-8 comes as an array, and is of no rule. */
	if (!journal_names_writer(o))
		return log_bad(why, "has no _TRANSPORT, which says who wrote "
				    "it");
	if (!journal_is_kernels(o) || !log_json_text(o, "MESSAGE", &message))
		return LOG_OTHER;
	result = kernel_message(ports, message, out, why);
	if (result != LOG_EVENT)
		return result;
	if (us < 0)
		return log_bad(why, "has no __REALTIME_TIMESTAMP");
	out->time_us = us;
	return LOG_EVENT;
}

/* ---- lines ---- */

bool journal_looks_like(const struct scan *line)
{
	static const char *const names[] = { "\"__REALTIME_TIMESTAMP\"",
					     "\"MESSAGE\"", NULL };

	return log_json_has(line, names);
}

enum log_result journal_line(const struct port_bits *ports, struct scan line,
			     struct log_event *out, const char **why)
{
	enum log_result result = log_json_look(&line, " DPT=", ports, why);

	if (result != LOG_EVENT)
		return result;
	return scan_find(&line, "PROTO=TCP") ?
		       log_json_parse(journal_record, NULL, ports, line, out,
				      why) :
		       LOG_NOT_OURS;
}

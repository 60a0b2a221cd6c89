/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fields of logs that are JSON, one object a line.
 *
 * Parsing is expensive. A line is parsed only if its text names one of our
 * ports. A quote within a string is escaped, so a name in quotes is a name.
 */
#include "log_json.h"

#include <strings.h>

/* ---- fields ---- */

bool log_json_text(json_t *o, const char *name, struct scan *out)
{
	json_t *text = json_object_get(o, name);

	if (!json_is_string(text))
		return false;
	out->at = json_string_value(text);
	out->end = out->at + json_string_length(text);
	return true;
}

bool log_json_text_is(json_t *o, const char *name, const char *want)
{
	struct scan text;

	return log_json_text(o, name, &text) &&
	       scan_left(&text) == strlen(want) &&
	       !strncasecmp(text.at, want, strlen(want));
}

int64_t log_json_number(json_t *o, const char *name, int64_t most)
{
	json_t *number = json_object_get(o, name);
	int64_t value = -1;
	struct scan text;

	if (json_is_integer(number)) {
		value = json_integer_value(number);
	} else if (log_json_text(o, name, &text)) {
		value = scan_number(&text, 18);
		if (text.at != text.end)
			return -1;
	}
	return value >= 0 && value <= most ? value : -1;
}

static bool log_json_flag(json_t *o, const char *name)
{
	json_t *flag = json_object_get(o, name);

	return json_is_true(flag) ||
	       (json_is_integer(flag) && json_integer_value(flag));
}

int log_json_hex(json_t *o, const char *name)
{
	struct scan text;
	int value = 0;

	if (!log_json_text(o, name, &text) || text.at == text.end ||
	    scan_left(&text) > 2)
		return -1;
	for (; text.at < text.end; text.at++) {
		static const char digits[] = "0123456789abcdef";
		const char *d =
			*text.at ? strchr(digits, *text.at | 0x20) : NULL;

		if (!d)
			return -1;
		value = value << 4 | (int)(d - digits);
	}
	return value;
}

uint8_t log_json_flags(json_t *o, const struct log_json_flag *names)
{
	uint8_t flags = 0;

	for (; names->name; names++)
		if (log_json_flag(o, names->name))
			flags |= names->flag;
	return flags;
}

/* ---- what these logs have in common ---- */

const char *log_json_tuple(json_t *o, struct log_event *out)
{
	int64_t source_port = log_json_number(o, "src_port", UINT16_MAX);
	int64_t port = log_json_number(o, "dest_port", UINT16_MAX);
	struct scan text;
	int family;

	if (source_port < 0)
		return "src_port is missing, or not a port";
	if (port < 0)
		return "dest_port is missing, or not a port";
	if (!log_json_text(o, "src_ip", &text) ||
	    !(family = log_address(text, &out->source)))
		return "src_ip is missing, or not an address";
	out->family = (uint8_t)family;
	if (!log_json_text(o, "dest_ip", &text) ||
	    !(family = log_address(text, &out->destination)))
		return "dest_ip is missing, or not an address";
	if (family != out->family)
		return "src_ip and dest_ip are of two families";
	out->source_port = (uint16_t)source_port;
	out->port = (uint16_t)port;
	return NULL;
}

void log_json_seq(json_t *o, const char *name, struct log_event *out)
{
	int64_t seq = log_json_number(o, name, UINT32_MAX);

	out->has_seq = seq >= 0;
	out->seq = out->has_seq ? (uint32_t)seq : 0;
}

const char *log_json_time(json_t *o, const char *name, struct log_clock *clock,
			  struct log_event *out)
{
	struct stamp stamp;
	struct scan text;

	if (!log_json_text(o, name, &text))
		return "has no time";
	if (!stamp_scan_iso(&text, &stamp) || text.at != text.end)
		return "its time cannot be read";
	return stamp_time(&stamp, clock, &out->time_us);
}

enum log_result log_json_finish(const struct port_bits *ports,
				const struct log_event *e, const char **why)
{
	if (*why)
		return LOG_BAD;
	return log_wants(ports, e->port) ? LOG_EVENT : LOG_NOT_OURS;
}

/* ---- lines ---- */

bool log_json_has(const struct scan *line, const char *const *names)
{
	if (scan_peek(line) != '{')
		return false;
	for (; *names; names++)
		if (scan_find(line, *names))
			return true;
	return false;
}

enum log_result log_json_look(const struct scan *line, const char *port_name,
			      const struct port_bits *ports, const char **why)
{
	if (line->at == line->end)
		return LOG_OTHER;
	if (*line->at != '{' || line->end[-1] != '}')
		return log_bad(why, "not a JSON object");
	return log_may_be_ours(line, port_name, ports) ? LOG_EVENT :
							 LOG_NOT_OURS;
}

enum log_result log_json_parse(log_record_fn fn, struct log_clock *clock,
			       const struct port_bits *ports, struct scan line,
			       struct log_event *out, const char **why)
{
	json_error_t error;
	json_t *o =
		json_loadb(line.at, scan_left(&line), JSON_ALLOW_NUL, &error);
	enum log_result result;

	if (!json_is_object(o)) {
		json_decref(o);
		return log_bad(why, "not a JSON object");
	}
	memset(out, 0, sizeof(*out));
	result = fn(o, clock, ports, out, why);
	json_decref(o);
	return result;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Logs that are JSON, one object a line: ulogd2's (its names are those of
 * ulogd_raw2packet_BASE, IP2STR and NFLOG), Suricata's eve.json (sections
 * "Event type: Drop" and "Event type: Flow" of its manual) and the journal
 * (systemd.journal-fields(7)).
 *
 * A line is parsed only if its text may be what we want: parsing is the dear
 * part. A quote within a string is escaped, so a name in quotes is a name.
 */
#include "log_priv.h"

#include <jansson.h>
#include <strings.h>

#define TCP_PROTOCOL 6

/* ---- fields ---- */

/* Text as it is, with any NUL; false if the field is not there, or no text. */
static bool get_text(json_t *o, const char *name, struct scan *out)
{
	json_t *text = json_object_get(o, name);

	if (!json_is_string(text))
		return false;
	out->at = json_string_value(text);
	out->end = out->at + json_string_length(text);
	return true;
}

static bool text_is(json_t *o, const char *name, const char *want)
{
	struct scan text;

	return get_text(o, name, &text) && scan_left(&text) == strlen(want) &&
	       !strncasecmp(text.at, want, strlen(want));
}

/* A number from 0 to most, else -1; the journal writes it as a string. */
static int64_t get_number(json_t *o, const char *name, int64_t most)
{
	json_t *number = json_object_get(o, name);
	int64_t value = -1;
	struct scan text;

	if (json_is_integer(number)) {
		value = json_integer_value(number);
	} else if (get_text(o, name, &text)) {
		value = scan_number(&text, 18);
		if (text.at != text.end)
			return -1;
	}
	return value >= 0 && value <= most ? value : -1;
}

static bool get_flag(json_t *o, const char *name)
{
	json_t *flag = json_object_get(o, name);

	return json_is_true(flag) ||
	       (json_is_integer(flag) && json_integer_value(flag));
}

/* "1b" */
static int get_hex(json_t *o, const char *name)
{
	struct scan text;
	int value = 0;

	if (!get_text(o, name, &text) || text.at == text.end ||
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

struct flag_name {
	const char *name;
	uint8_t flag;
};

static uint8_t get_flags(json_t *o, const struct flag_name *names)
{
	uint8_t flags = 0;

	for (; names->name; names++)
		if (get_flag(o, names->name))
			flags |= names->flag;
	return flags;
}

/* ---- what these logs have in common ---- */

static const char *fill_tuple(json_t *o, struct log_event *out)
{
	int64_t source_port = get_number(o, "src_port", UINT16_MAX);
	int64_t port = get_number(o, "dest_port", UINT16_MAX);
	struct scan text;
	int family;

	if (source_port < 0)
		return "src_port is missing, or not a port";
	if (port < 0)
		return "dest_port is missing, or not a port";
	if (!get_text(o, "src_ip", &text) ||
	    !(family = log_address(text, &out->source)))
		return "src_ip is missing, or not an address";
	out->family = (uint8_t)family;
	if (!get_text(o, "dest_ip", &text) ||
	    !(family = log_address(text, &out->destination)))
		return "dest_ip is missing, or not an address";
	if (family != out->family)
		return "src_ip and dest_ip are of two families";
	out->source_port = (uint16_t)source_port;
	out->port = (uint16_t)port;
	return NULL;
}

static void fill_seq(json_t *o, const char *name, struct log_event *out)
{
	int64_t seq = get_number(o, name, UINT32_MAX);

	out->has_seq = seq >= 0;
	out->seq = out->has_seq ? (uint32_t)seq : 0;
}

static const char *fill_time(json_t *o, const char *name,
			     struct log_clock *clock, struct log_event *out)
{
	struct stamp stamp;
	struct scan text;

	if (!get_text(o, name, &text))
		return "has no time";
	if (!stamp_scan_iso(&text, &stamp) || text.at != text.end)
		return "its time cannot be read";
	return stamp_time(&stamp, clock, &out->time_us);
}

/* The last of the errors of a record, and whose port it is. */
static enum log_result log_json_finish(const struct port_bits *ports,
				       const struct log_event *e,
				       const char **why)
{
	if (*why)
		return LOG_BAD;
	return log_wants(ports, e->port) ? LOG_EVENT : LOG_NOT_OURS;
}

/* ---- ulogd2 ---- */

static const struct flag_name ulogd_flags[] = {
	{ "tcp.syn", TCP_SYN },
	{ "tcp.ack", TCP_ACK },
	{ "tcp.rst", TCP_RST },
	{ "tcp.fin", TCP_FIN },
	{ NULL, 0 },
};

/* "oob.time." is the packet's; "timestamp" may be that of the writing. */
static const char *ulogd_time(json_t *o, struct log_clock *clock,
			      struct log_event *out)
{
	int64_t s = get_number(o, "oob.time.sec", UINT32_MAX);
	int64_t us = get_number(o, "oob.time.usec", 999999);

	if (s > 0) {
		out->time_us = s * 1000000 + (us < 0 ? 0 : us);
		return NULL;
	}
	return fill_time(
		o, json_object_get(o, "timestamp") ? "timestamp" : "@timestamp",
		clock, out);
}

static enum log_result ulogd_record(json_t *o, struct log_clock *clock,
				    const struct port_bits *ports,
				    struct log_event *out, const char **why)
{
	struct scan prefix;

	if (!json_object_get(o, "tcp.syn"))
		return get_number(o, "ip.protocol", 255) == TCP_PROTOCOL ?
			       log_bad(why, "has no tcp.syn") :
			       LOG_NOT_OURS;
	out->flags = get_flags(o, ulogd_flags);
	if (!log_is_opening(out->flags))
		return LOG_NOT_OURS;
	*why = fill_tuple(o, out);
	if (!*why)
		*why = ulogd_time(o, clock, out);
	fill_seq(o, "tcp.seq", out);
	/* With boolean_label set, from a label of the rule. */
	out->dropped = text_is(o, "action", "blocked");
	if (get_text(o, "oob.prefix", &prefix))
		log_prefix(prefix, out);
	return log_json_finish(ports, out, why);
}

/* ---- Suricata ---- */

static const struct flag_name eve_flags[] = {
	{ "syn", TCP_SYN }, { "ack", TCP_ACK }, { "rst", TCP_RST },
	{ "fin", TCP_FIN }, { NULL, 0 },
};

static enum log_result eve_drop(json_t *o, struct log_clock *clock,
				const struct port_bits *ports,
				struct log_event *out, const char **why)
{
	json_t *drop = json_object_get(o, "drop");
	struct scan text;

	if (!json_object_get(drop, "syn"))
		return log_bad(why, "a drop without flags");
	out->flags = get_flags(drop, eve_flags);
	if (!log_is_opening(out->flags))
		return LOG_NOT_OURS;
	*why = fill_tuple(o, out);
	if (!*why)
		*why = fill_time(o, "timestamp", clock, out);
	fill_seq(drop, "tcpseq", out);
	if (get_text(json_object_get(o, "alert"), "signature", &text) ||
	    get_text(drop, "reason", &text))
		log_prefix(text, out);
	out->dropped = true;
	return log_json_finish(ports, out, why);
}

/* By the flags of all packets to the client. */
static enum log_kind flow_kind(int server)
{
	if (server & TCP_SYN)
		return LOG_FLOW_ANSWERED;
	return server & TCP_RST ? LOG_FLOW_RESET : LOG_FLOW_UNANSWERED;
}

static enum log_result eve_flow(json_t *o, struct log_clock *clock,
				const struct port_bits *ports,
				struct log_event *out, const char **why)
{
	json_t *flow = json_object_get(o, "flow");
	json_t *tcp = json_object_get(o, "tcp");
	int client = get_hex(tcp, "tcp_flags_ts");
	int server = get_hex(tcp, "tcp_flags_tc");

	if (client < 0 || server < 0)
		return log_bad(why, "a flow without flags");
	/* Seen from its middle; or, with none at all, not followed. */
	if (!(client & TCP_SYN))
		return LOG_NOT_OURS;
	*why = fill_tuple(o, out);
	if (!*why)
		*why = json_object_get(flow, "start") ?
			       fill_time(flow, "start", clock, out) :
			       fill_time(o, "timestamp", clock, out);
	out->flags = TCP_SYN;
	out->kind = flow_kind(server);
	out->dropped = text_is(flow, "action", "drop");
	return log_json_finish(ports, out, why);
}

typedef enum log_result (*record_fn)(json_t *o, struct log_clock *clock,
				     const struct port_bits *ports,
				     struct log_event *out, const char **why);

static const struct {
	const char *type;
	record_fn fn;
} events[] = {
	{ "drop", eve_drop },
	{ "flow", eve_flow },
};

static enum log_result eve_record(json_t *o, struct log_clock *clock,
				  const struct port_bits *ports,
				  struct log_event *out, const char **why)
{
	if (!text_is(o, "proto", "TCP") && !text_is(o, "proto", "006"))
		return LOG_NOT_OURS;
	for (size_t i = 0; i < sizeof(events) / sizeof(*events); i++)
		if (text_is(o, "event_type", events[i].type))
			return events[i].fn(o, clock, ports, out, why);
	return LOG_NOT_OURS;
}

/* Most of what Suricata writes is of other types. */
static bool is_eve_event(const struct scan *line)
{
	static const char name[] = "\"event_type\"";
	struct scan s = *line;

	while ((s.at = scan_find(&s, name))) {
		s.at += sizeof(name) - 1;
		while (s.at < s.end && (*s.at == ' ' || *s.at == ':'))
			s.at++;
		if (scan_is(&s, "\"drop\"", 6) || scan_is(&s, "\"flow\"", 6))
			return true;
	}
	return false;
}

/* ---- the journal ---- */

/* Absent it may be: journalctl --output-fields leaves out the most. */
static bool is_kernels(json_t *o)
{
	if (json_object_get(o, "_TRANSPORT"))
		return text_is(o, "_TRANSPORT", "kernel");
	return !json_object_get(o, "SYSLOG_IDENTIFIER") ||
	       text_is(o, "SYSLOG_IDENTIFIER", "kernel");
}

static enum log_result journal_record(json_t *o, struct log_clock *clock,
				      const struct port_bits *ports,
				      struct log_event *out, const char **why)
{
	int64_t us = get_number(o, "__REALTIME_TIMESTAMP",
				INT64_C(253402300799999999));
	enum log_result result;
	struct scan message;

	(void)clock;
	/* What is not UTF-8 comes as an array of bytes: not of a rule. */
	if (!is_kernels(o) || !get_text(o, "MESSAGE", &message))
		return LOG_NOT_OURS;
	result = kernel_message(ports, message, out, why);
	if (result != LOG_EVENT)
		return result;
	if (us < 0)
		return log_bad(why, "has no __REALTIME_TIMESTAMP");
	out->time_us = us;
	return LOG_EVENT;
}

/* ---- lines ---- */

static enum log_result parse(record_fn fn, struct log_clock *clock,
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

/* LOG_EVENT if it is worth parsing. */
static enum log_result look(const struct scan *line, const char *port_name,
			    const struct port_bits *ports, const char **why)
{
	if (line->at == line->end)
		return LOG_NOT_OURS;
	if (*line->at != '{' || line->end[-1] != '}')
		return log_bad(why, "not a JSON object");
	return log_may_be_ours(line, port_name, ports) ? LOG_EVENT :
							 LOG_NOT_OURS;
}

enum log_result ulogd_line(struct log_clock *clock,
			   const struct port_bits *ports, struct scan line,
			   struct log_event *out, const char **why)
{
	enum log_result result = look(&line, "\"dest_port\"", ports, why);

	return result == LOG_EVENT ?
		       parse(ulogd_record, clock, ports, line, out, why) :
		       result;
}

enum log_result eve_line(struct log_clock *clock, const struct port_bits *ports,
			 struct scan line, struct log_event *out,
			 const char **why)
{
	enum log_result result = look(&line, "\"dest_port\"", ports, why);

	if (result != LOG_EVENT)
		return result;
	return is_eve_event(&line) ?
		       parse(eve_record, clock, ports, line, out, why) :
		       LOG_NOT_OURS;
}

enum log_result journal_line(struct log_clock *clock,
			     const struct port_bits *ports, struct scan line,
			     struct log_event *out, const char **why)
{
	enum log_result result = look(&line, " DPT=", ports, why);

	if (result != LOG_EVENT)
		return result;
	return scan_find(&line, "PROTO=TCP") ?
		       parse(journal_record, clock, ports, line, out, why) :
		       LOG_NOT_OURS;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Suricata's eve.json: sections "Event type: Drop" and "Event type: Flow" of
 * its manual.
 */
#include "log_json.h"

static const struct log_json_flag eve_flags[] = {
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
	out->flags = log_json_flags(drop, eve_flags);
	if (!log_is_opening(out->flags))
		return LOG_NOT_OURS;
	*why = log_json_tuple(o, out);
	if (!*why)
		*why = log_json_time(o, "timestamp", clock, out);
	log_json_seq(drop, "tcpseq", out);
	if (log_json_text(json_object_get(o, "alert"), "signature", &text) ||
	    log_json_text(drop, "reason", &text))
		log_prefix(text, out);
	out->dropped = true;
	return log_json_finish(ports, out, why);
}

/* The end of a flow; its start, if the record does not have it. */
static int64_t flow_end_us(json_t *flow, struct log_clock *clock,
			   const struct log_event *e)
{
	struct log_event end = { 0 };

	if (log_json_time(flow, "end", clock, &end) || end.time_us < e->time_us)
		return e->time_us;
	return end.time_us;
}

/* Tells the outcome of a flow from the flags of all packets to the client. */
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
	int client = log_json_hex(tcp, "tcp_flags_ts");
	int server = log_json_hex(tcp, "tcp_flags_tc");

	if (client < 0 || server < 0)
		return log_bad(why, "a flow without flags");
	/*
	 * Skip flows seen from their middle, and flows that were not followed.
	 */
	if (!(client & TCP_SYN))
		return LOG_NOT_OURS;
	*why = log_json_tuple(o, out);
	if (!*why)
		*why = json_object_get(flow, "start") ?
			       log_json_time(flow, "start", clock, out) :
			       log_json_time(o, "timestamp", clock, out);
	if (!*why)
		out->last_us = flow_end_us(flow, clock, out);
	out->flags = TCP_SYN;
	out->kind = flow_kind(server);
	out->dropped = log_json_text_is(flow, "action", "drop");
	return log_json_finish(ports, out, why);
}

static const struct {
	const char *type;
	log_record_fn fn;
} events[] = {
	{ "drop", eve_drop },
	{ "flow", eve_flow },
};

static enum log_result eve_record(json_t *o, struct log_clock *clock,
				  const struct port_bits *ports,
				  struct log_event *out, const char **why)
{
	if (!log_json_text_is(o, "proto", "TCP") &&
	    !log_json_text_is(o, "proto", "006"))
		return LOG_NOT_OURS;
	for (size_t i = 0; i < sizeof(events) / sizeof(*events); i++)
		if (log_json_text_is(o, "event_type", events[i].type))
			return events[i].fn(o, clock, ports, out, why);
	return LOG_NOT_OURS;
}

/* Most events of Suricata are of other types, and are not parsed. */
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

/* ---- the format ---- */

static bool eve_looks_like(const struct scan *line)
{
	static const char *const names[] = { "\"event_type\"", NULL };

	return log_json_has(line, names);
}

static enum log_result eve_parse(struct log_clock *clock,
				 const struct port_bits *ports,
				 struct scan line, struct log_event *out,
				 const char **why)
{
	enum log_result result =
		log_json_look(&line, "\"dest_port\"", ports, why);

	if (result != LOG_EVENT)
		return result;
	return is_eve_event(&line) ? log_json_parse(eve_record, clock, ports,
						    line, out, why) :
				     LOG_NOT_OURS;
}

const struct log_format log_format_eve = { eve_looks_like, eve_parse };

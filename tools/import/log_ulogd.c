/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ulogd2's JSON output. Its names are those of ulogd_raw2packet_BASE, IP2STR
 * and NFLOG.
 */
#include "log_json.h"

#define TCP_PROTOCOL 6

static const struct log_json_flag ulogd_flags[] = {
	{ "tcp.syn", TCP_SYN },
	{ "tcp.ack", TCP_ACK },
	{ "tcp.rst", TCP_RST },
	{ "tcp.fin", TCP_FIN },
	{ NULL, 0 },
};

/* "oob.time." is the time of the packet; "timestamp" may be that of writing. */
static const char *ulogd_time(json_t *o, struct log_clock *clock,
			      struct log_event *out)
{
	int64_t s = log_json_number(o, "oob.time.sec", UINT32_MAX);
	int64_t us = log_json_number(o, "oob.time.usec", 999999);

	if (s > 0) {
		out->time_us = s * 1000000 + (us < 0 ? 0 : us);
		return NULL;
	}
	return log_json_time(
		o, json_object_get(o, "timestamp") ? "timestamp" : "@timestamp",
		clock, out);
}

static enum log_result ulogd_record(json_t *o, struct log_clock *clock,
				    const struct port_bits *ports,
				    struct log_event *out, const char **why)
{
	struct scan prefix;

	if (!json_object_get(o, "tcp.syn"))
		return log_json_number(o, "ip.protocol", 255) == TCP_PROTOCOL ?
			       log_bad(why, "has no tcp.syn") :
			       LOG_NOT_OURS;
	out->flags = log_json_flags(o, ulogd_flags);
	if (!log_is_opening(out->flags))
		return LOG_NOT_OURS;
	*why = log_json_tuple(o, out);
	if (!*why)
		*why = ulogd_time(o, clock, out);
	log_json_seq(o, "tcp.seq", out);
	/* "action" comes with boolean_label, from a label of the rule. */
	out->dropped = log_json_text_is(o, "action", "blocked");
	if (log_json_text(o, "oob.prefix", &prefix))
		log_prefix(prefix, out);
	return log_json_finish(ports, out, why);
}

/* ---- the format ---- */

static bool ulogd_looks_like(const struct scan *line)
{
	static const char *const names[] = { "\"oob.", "\"dvc\"",
					     "\"ip.protocol\"", NULL };

	return log_json_has(line, names);
}

static enum log_result ulogd_parse(struct log_clock *clock,
				   const struct port_bits *ports,
				   struct scan line, struct log_event *out,
				   const char **why)
{
	enum log_result result =
		log_json_look(&line, "\"dest_port\"", ports, why);

	return result == LOG_EVENT ? log_json_parse(ulogd_record, clock, ports,
						    line, out, why) :
				     result;
}

const struct log_format log_format_ulogd_json = { ulogd_looks_like,
						  ulogd_parse };

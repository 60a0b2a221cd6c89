/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fields of an object, and parsing of a line, for formats that are JSON. */
#ifndef MAILWALL_LOG_JSON_H
#define MAILWALL_LOG_JSON_H

#include "log_priv.h"

#include <stdint.h>
#include <stdbool.h>
#include <jansson.h>

/* ---- fields of an object ---- */

/*
 * Gets a text as it is, with any NUL. False: the field is absent, or no text.
 */
bool log_json_text(json_t *o, const char *name, struct scan *out);
/* Is the field this text, in whatever case? */
bool log_json_text_is(json_t *o, const char *name, const char *want);
/*
 * Gets a number from 0 to most, else -1. The journal writes numbers as texts.
 */
int64_t log_json_number(json_t *o, const char *name, int64_t most);
/* Gets a number of one or two hexadecimal digits, "1b", else -1. */
int log_json_hex(json_t *o, const char *name);

struct log_json_flag {
	const char *name; /* NULL ends a list */
	uint8_t flag;	  /* TCP_SYN */
};
/* Gets the flags whose fields are true. */
uint8_t log_json_flags(json_t *o, const struct log_json_flag *names);

/* ---- parts of an event; NULL, or why it is bad ---- */

/* Fills addresses and ports from src_ip, src_port, dest_ip and dest_port. */
const char *log_json_tuple(json_t *o, struct log_event *out);
/* Fills the time from a field in ISO 8601. */
const char *log_json_time(json_t *o, const char *name, struct log_clock *clock,
			  struct log_event *out);
/* Fills the sequence number, if the field is there. */
void log_json_seq(json_t *o, const char *name, struct log_event *out);
/* LOG_BAD if *why is set, else whether the port is one of ours. */
enum log_result log_json_finish(const struct port_bits *ports,
				const struct log_event *e, const char **why);

/* ---- a line ---- */

typedef enum log_result (*log_record_fn)(json_t *o, struct log_clock *clock,
					 const struct port_bits *ports,
					 struct log_event *out,
					 const char **why);

/* Is it an object that holds one of these names, which end with NULL? */
bool log_json_has(const struct scan *line, const char *const *names);
/* LOG_EVENT: the line is worth parsing; port_name is the field with the port.
 */
enum log_result log_json_look(const struct scan *line, const char *port_name,
			      const struct port_bits *ports, const char **why);
/* Parses the line, zeros *out and calls fn with the object. */
enum log_result log_json_parse(log_record_fn fn, struct log_clock *clock,
			       const struct port_bits *ports, struct scan line,
			       struct log_event *out, const char **why);

#endif

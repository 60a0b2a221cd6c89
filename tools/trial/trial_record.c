/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "trial_record.h"
#include "../record/journal.h"
#include "../../rules/base/arena.h"

#include <errno.h>
#include <string.h>
#include <time.h>

int64_t monotonic_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static const char *record_text(const json_t *o, const char *name)
{
	const char *text = json_string_value(json_object_get(o, name));

	return text ? text : "";
}

static int64_t record_number(const json_t *o, const char *name)
{
	return json_integer_value(json_object_get(o, name));
}

static enum family record_family(const char *name)
{
	for (int f = FAMILY_INET; f <= FAMILY_NETDEV; f++)
		if (!strcmp(name, family_name((enum family)f)))
			return (enum family)f;
	return FAMILY_INET;
}

void trial_record_take(struct trial_record *out, json_t *line)
{
	const json_t *t = json_object_get(line, "trial");
	char boot_id[BOOT_ID_BYTES];

	journal_boot_id(boot_id);
	*out = (struct trial_record){
		.line = line,
		.confirming = !strcmp(record_text(line, "what"),
				      journal_what_name(JOURNAL_CONFIRMING)),
		.other_boot =
			strcmp(record_text(line, "boot_id"), boot_id) != 0,
		.revision = (uint32_t)record_number(line, "revision"),
		.digest = record_text(line, "digest"),
		.base = (uint32_t)record_number(t, "base_revision"),
		.policy = record_text(t, "policy"),
		.family = record_family(record_text(t, "family")),
		.duration_s = (uint32_t)record_number(t, "duration_s"),
		.ends_ms = record_number(t, "ends_ms"),
		.stops = { (uint32_t)record_number(t, "stop_sources"),
			   (uint32_t)record_number(t,
						   "stop_submission_percent") },
	};
}

int trial_record_open(struct program *p, struct trial_record *out,
		      struct fault *f)
{
	struct journal_state state;
	json_t *line;
	int error = journal_open_line(p, &line, &state, f);

	*out = (struct trial_record){ 0 };
	if (error || !line)
		return error;
	if (!json_object_get(line, "trial")) {
		json_decref(line);
		return 0;
	}
	trial_record_take(out, line);
	return 1;
}

json_t *trial_record_json(const struct trial_record *r)
{
	return json_pack("{s:{s:I, s:s, s:s, s:I, s:I, s:I, s:I}}", "trial",
			 "base_revision", (json_int_t)r->base, "policy",
			 r->policy, "family", family_name(r->family),
			 "duration_s", (json_int_t)r->duration_s, "ends_ms",
			 (json_int_t)r->ends_ms, "stop_sources",
			 (json_int_t)r->stops.sources,
			 "stop_submission_percent",
			 (json_int_t)r->stops.submission_percent);
}

int trial_refuse_beside(struct program *p, struct fault *f)
{
	struct trial_record r;
	int open = trial_record_open(p, &r, f);

	if (open <= 0)
		return open;
	fault_set(f, -EBUSY,
		  "revision %u is on trial: keep it with \"mailwall confirm\" "
		  "or end it with \"mailwall rollback\" first",
		  r.revision);
	json_decref(r.line);
	return -EBUSY;
}

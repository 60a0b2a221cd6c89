/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A trial's options, and its line in the journal. */
#include "../../scene.h"

#include "../../../../rules/trial/trial_confirm.h"
#include "../../../../tools/record/journal.h"
#include "../../../../tools/trial/trial_options.h"
#include "../../../../tools/trial/trial_record.h"

/* ---- options ---- */

CLAIM(test_stops, "stops are sources and a percentage of submission")
{
	static const struct {
		const char *text;
		int error;
		struct trial_stops want;
	} vectors[] = {
		{ "sources=1", 0, { 1, 0 } },
		{ "sources=65536", 0, { 65536, 0 } },
		{ "submission=1%", 0, { 0, 1 } },
		{ "submission=100%", 0, { 0, 100 } },
		{ "sources=0", -EINVAL, { 0 } },
		{ "sources=65537", -EINVAL, { 0 } },
		{ "sources=-1", -EINVAL, { 0 } },
		{ "sources=1x", -EINVAL, { 0 } },
		{ "sources", -EINVAL, { 0 } },
		{ "sources=", -EINVAL, { 0 } },
		{ "submission=50", -EINVAL, { 0 } },
		{ "submission=0%", -EINVAL, { 0 } },
		{ "submission=101%", -EINVAL, { 0 } },
		{ "submission=%", -EINVAL, { 0 } },
		{ "submission=99999999999999999999%", -EINVAL, { 0 } },
		{ "sourcesx=1", -EINVAL, { 0 } },
		{ "", -EINVAL, { 0 } },
	};

	for (size_t i = 0; i < COUNT(vectors); i++) {
		struct trial_stops got;
		struct fault f = { "" };
		int error = trial_stops_parse(&vectors[i].text, 1, &got, &f);

		expect(error == vectors[i].error, "\"%s\": %d", vectors[i].text,
		       error);
		expect(!error == !*f.text, "\"%s\": \"%s\"", vectors[i].text,
		       f.text);
		if (!error)
			expect(!memcmp(&got, &vectors[i].want, sizeof(got)),
			       "\"%s\": %u %u", vectors[i].text, got.sources,
			       got.submission_percent);
	}
}

CLAIM(test_durations, "a trial takes from a second to a week")
{
	static const struct {
		uint32_t seconds;
		int error;
	} vectors[] = {
		{ 0, -EINVAL }, { 1, 0 }, { 604800, 0 }, { 604801, -EINVAL }
	};

	for (size_t i = 0; i < COUNT(vectors); i++) {
		struct fault f;

		expect(trial_duration_check(vectors[i].seconds, &f) ==
			       vectors[i].error,
		       "%u seconds", vectors[i].seconds);
	}
}

/* ---- the journal's line ---- */

static json_t *line_of(const struct trial_record *r, const char *what)
{
	json_t *line = trial_record_json(r);
	char boot_id[BOOT_ID_BYTES];

	journal_boot_id(boot_id);
	json_object_set_new(line, "what", json_string(what));
	json_object_set_new(line, "boot_id", json_string(boot_id));
	json_object_set_new(line, "revision", json_integer(r->revision));
	json_object_set_new(line, "digest", json_string(r->digest));
	return line;
}

CLAIM(test_record, "a line of the journal gives the trial that it was made of")
{
	const struct trial_record in = {
		.revision = 42,
		.base = 41,
		.policy = "residential",
		.digest = "90aef4fc0d6c47a95f0b2a7f6ad4b3a1",
		.family = FAMILY_NETDEV,
		.duration_s = 600,
		.ends_ms = INT64_MAX / 4,
		.stops = { 50, 75 },
	};
	static const struct {
		const char *what;
		bool confirming;
	} vectors[] = { { "trial", false }, { "confirming", true } };

	for (size_t i = 0; i < COUNT(vectors); i++) {
		struct trial_record out;

		trial_record_take(&out, line_of(&in, vectors[i].what));
		expect(out.confirming == vectors[i].confirming, "%s",
		       vectors[i].what);
		expect(!out.other_boot, "it is of this boot");
		expect(out.revision == 42 && out.base == 41 &&
			       out.family == FAMILY_NETDEV &&
			       out.duration_s == 600 &&
			       out.ends_ms == in.ends_ms &&
			       out.stops.sources == 50 &&
			       out.stops.submission_percent == 75,
		       "%s: another trial", vectors[i].what);
		expect_text("policy", out.policy, in.policy);
		expect_text("digest", out.digest, in.digest);
		json_object_set_new(out.line, "boot_id", json_string("x"));
		trial_record_take(&out, out.line);
		expect(out.other_boot, "it is of another boot");
		json_decref(out.line);
	}
}

CLAIM(test_strange_line, "a line that lacks what it should have is taken, and "
			 "no number of it trusted")
{
	static const char *const lines[] = {
		"{}",
		"{\"trial\": {}}",
		"{\"trial\": [], \"what\": 3, \"revision\": \"x\"}",
		"{\"trial\": {\"family\": \"ip\", \"policy\": null}}",
	};

	for (size_t i = 0; i < COUNT(lines); i++) {
		struct trial_record out;

		trial_record_take(&out, json_loads(lines[i], 0, NULL));
		expect(!out.confirming && !out.revision && !out.base &&
			       out.family == FAMILY_INET && !*out.policy &&
			       !*out.digest,
		       "%s", lines[i]);
		json_decref(out.line);
	}
}

/* ---- counters of a confirmed trial ---- */

static void set_counter(struct arena *a, struct present *p, const char *prefix,
			const char *name, uint64_t packets)
{
	struct present_counter *pc = arena_push(a, &p->counters);

	pc->name = arena_printf(a, "%s%s", prefix, name);
	pc->packets = packets;
	pc->bytes = 40 * packets;
}

CLAIM(test_carry, "a clause goes on with what it counted before and in a trial")
{
	static const char old[] = HEADER "outbound {\nblock smtp drop\n}\n";
	static const char next[] =
		HEADER "outbound {\nblock smtp drop\nblock imap drop\n"
		       "block pop3 drop\n}\n";
	struct scene s = scene(old, next);
	struct present *p = &s.present[FAMILY_INET];
	const struct clause *cl = s.policy->blocks.items[0].clauses.items;
	struct change_list list;
	uint64_t want[] = { 107, 3, 0 };

	for (size_t i = 0; i < p->counters.n; i++)
		if (!strcmp(p->counters.items[i].name, cl[0].key))
			p->counters.items[i].packets = 100;
	set_counter(s.a, p, "trial.", cl[0].key, 7);
	set_counter(s.a, p, "trial.", cl[1].key, 3);
	set_counter(s.a, p, "trial.", cl[2].key, 0);
	trial_confirm_list(s.a, s.rs, s.present, NULL, &list, &s.summary);
	for (size_t k = 0; k < 3; k++) {
		size_t adds = 0, removes = 0;
		uint64_t packets = 0;

		for (size_t i = 0; i < list.n; i++) {
			const struct change_step *step = &list.items[i];

			if (step->object != BATCH_COUNTER ||
			    strcmp(step->name, cl[k].key))
				continue;
			removes += step->verb == CHANGE_REMOVE;
			adds += step->verb == CHANGE_ADD;
			packets = step->packets;
			expect(adds || step->verb == CHANGE_REMOVE,
			       "%s is removed before it comes", cl[k].text);
		}
		expect(adds == 1 && removes == (k == 0),
		       "%s: %zu added, %zu removed", cl[k].text, adds, removes);
		expect_number(cl[k].text, packets, want[k]);
	}
	scene_free(&s);
}

static const struct CMUnitTest tests[] = {
	CLAIMED(test_stops),  CLAIMED(test_durations),
	CLAIMED(test_record), CLAIMED(test_strange_line),
	CLAIMED(test_carry),
};

int main(void)
{
	return cmocka_run_group_tests_name("trial", tests, NULL, NULL);
}

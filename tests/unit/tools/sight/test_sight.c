/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a monitor says of the rules that are loaded, from replies made up. */
#include "../../unit.h"

#include "../../../../tools/sight/sight.h"

/* The reply: its head, and one fault behind it. */
struct sight_reply {
	struct priv_head head;
	struct priv_fault fault;
};

static const uint32_t groups[] = { 25, 26, 27 };

static struct sight_wanted want_home(void)
{
	return (struct sight_wanted){ .groups = groups,
				      .n_groups = 1,
				      .policy = "home",
				      .digest = "aa" };
}

/* The policy that is wanted, in order. */
static struct sight_reply reply_home(void)
{
	return (struct sight_reply){ .head = { .policy = "home",
					       .digest = "aa",
					       .loaded = 1,
					       .comparable = 1,
					       .acting = 1,
					       .log_groups = 1,
					       .log_group = 25 } };
}

/* "no-log: no rule ..., other-policy: ..." */
static const char *complaints_of(const struct sight_view *v)
{
	static char text[SIGHT_ITEMS_MOST * (SIGHT_TEXT_BYTES + 32)];
	size_t n = 0;

	*text = 0;
	for (uint32_t i = 0; i < v->n; i++)
		n += (size_t)snprintf(
			text + n, sizeof(text) - n, "%s%s: %s", n ? ", " : "",
			sight_complaint_name(v->items[i].complaint),
			v->items[i].text);
	return text;
}

static void expect_view(const char *in, const struct sight_reply *reply,
			const struct sight_wanted *wanted, bool sees,
			const char *want)
{
	struct sight_view v;

	sight_make(&reply->head, wanted, &v);
	expect_text(in, complaints_of(&v), want);
	expect(sight_sees(&v) == sees, "%s: sees %d", in, !sees);
}

CLAIM(complains, "each reason for which the monitor does not see has its name "
		 "and its sentence, and what only does not act leaves it sight")
{
	struct sight_wanted wanted = want_home();
	struct sight_reply r = reply_home();

	expect_view("what is wanted", &r, &wanted, true, "");
	r.head.loaded = 0;
	expect_view("nothing loaded", &r, &wanted, false,
		    "no-policy: no policy is loaded: nothing is blocked, and "
		    "nothing is logged");
	r = reply_home();
	r.head.log_groups = 0;
	r.head.unlogged = 1;
	expect_view("no log", &r, &wanted, false,
		    "no-log: no rule of policy home logs: nothing comes from "
		    "an NFLOG group; add log to its clauses");
	r = reply_home();
	wanted.n_groups = 3;
	r.head.unlogged = 4;
	expect_view("a group", &r, &wanted, false,
		    "no-group-log: group 27 is read, but no rule of policy "
		    "home logs to it; it logs to group 25");
	wanted = want_home();
	r = reply_home();
	r.head.n_faults = 1;
	strcpy(r.fault.text, "the table is dormant");
	expect_view("a fault", &r, &wanted, true,
		    "fault: policy home: the table is dormant");
	r.fault.opens = 1;
	expect_view("a fault that opens", &r, &wanted, false,
		    "open: policy home: the table is dormant");
}

CLAIM(compares, "another policy is one of another name, or of the same name "
		"and another digest that can be compared")
{
	struct sight_wanted wanted = want_home();
	struct sight_reply r = reply_home();

	strcpy(r.head.policy, "other");
	expect_view("another name", &r, &wanted, false,
		    "other-policy: policy other is loaded, not home: attempts "
		    "are judged by another policy than the one that blocks");
	wanted.policy = NULL;
	*wanted.digest = 0;
	expect_view("any policy", &r, &wanted, true, "");
	wanted = want_home();
	r = reply_home();
	strcpy(r.head.digest, "bb");
	expect_view("another digest", &r, &wanted, false,
		    "other-rules: policy home is loaded with other rules "
		    "(digest bb, not aa): attempts are judged by another "
		    "policy than the one that blocks; apply it, or send "
		    "SIGHUP");
	strcpy(wanted.text_digest, "bb");
	expect_view("the digest of the text", &r, &wanted, true, "");
	*wanted.text_digest = 0;
	r.head.comparable = 0;
	expect_view("a digest of another version", &r, &wanted, true, "");
}

CLAIM(observes, "mode observe is a complaint unless the monitor's policy has "
		"it, and leaves sight")
{
	struct sight_wanted wanted = want_home();
	struct sight_reply r = reply_home();
	struct sight_view v;

	r.head.observes = 1;
	r.head.acting = 0;
	expect_view("not wanted", &r, &wanted, true,
		    "observe: policy home has mode observe: nothing is "
		    "blocked");
	wanted.observes = true;
	expect_view("wanted", &r, &wanted, true, "");
	sight_make(&r.head, &wanted, &v);
	expect_text("mode", sight_mode(&v), "observe");
	expect(!v.acting, "acts");
}

CLAIM(counts, "complaints past the room for them are counted, with what they "
	      "mean; without a group there are none")
{
	struct sight_wanted wanted = want_home();
	struct sight_reply r = reply_home();
	struct sight_view v;
	uint32_t many[64] = { 0 };

	wanted.groups = many;
	wanted.n_groups = COUNT(many);
	r.head.unlogged = UINT64_MAX;
	sight_make(&r.head, &wanted, &v);
	expect_number("items", v.n, SIGHT_ITEMS_MOST);
	expect_number("more", v.more, COUNT(many) - SIGHT_ITEMS_MOST);
	expect_number("groups", v.counts[SIGHT_NO_GROUP_LOG], COUNT(many));
	wanted.n_groups = 0;
	r.head.loaded = 0;
	expect_view("no group", &r, &wanted, true, "");
}

static void expect_json(const char *in, const struct sight_view *v,
			const char *want)
{
	json_t *json = sight_json(v, 0);
	char *text = json_dumps(json, JSON_COMPACT);

	expect_text(in, text, want);
	free(text);
	json_decref(json);
}

CLAIM(event, "the event says what is not known by null")
{
	struct sight_wanted wanted = want_home();
	struct sight_reply r = reply_home();
	struct sight_view v = { .looked = true, .reads_logs = true };

	expect_json("not known", &v,
		    "{\"event\":\"sight\","
		    "\"time\":\"1970-01-01T00:00:00.000000Z\",\"sees\":null,"
		    "\"policy\":null,\"digest\":null,\"mode\":null,"
		    "\"acting\":null,\"complaints\":[],\"more\":0}");
	strcpy(r.head.policy, "other");
	sight_make(&r.head, &wanted, &v);
	expect_json(
		"another policy", &v,
		"{\"event\":\"sight\","
		"\"time\":\"1970-01-01T00:00:00.000000Z\",\"sees\":false,"
		"\"policy\":\"other\",\"digest\":\"aa\",\"mode\":\"enforce\","
		"\"acting\":true,\"complaints\":[{\"complaint\":"
		"\"other-policy\",\"text\":\"policy other is loaded, not "
		"home: attempts are judged by another policy than the one "
		"that blocks\"}],\"more\":0}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIMED(complains), CLAIMED(compares), CLAIMED(observes),
		CLAIMED(counts),    CLAIMED(event),
	};

	return cmocka_run_group_tests_name("sight", tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A plan as text and as JSON, without a kernel. */
#include "../../unit.h"
#include "../../scene.h"

#include "../../../../tools/plan/plan.h"

#include <unistd.h>

#define CLASSES(members)                                                       \
	HEADER "class subs { " members " }\nclass relays { 192.0.2.25 }\n"     \
	       "class exempt dynamic\n"
#define BEFORE                                                                 \
	CLASSES("100.64.0.0/10 2001:db8::/32")                                 \
	"outbound from subs {\nallow smtp to relays\nblock smtp\n"             \
	"allow submission submissions smtp-alt\n}\n"
#define AFTER                                                                  \
	CLASSES("100.64.0.0/11 2001:db8::/32")                                 \
	"outbound from subs {\nallow smtp to relays\nblock smtp\n"             \
	"allow submission submissions\nblock smtp-alt\n}\n"

struct printed {
	struct scene scene;
	struct program program;
	struct plan plan;
};

static void compare(struct plan *plan, struct scene *s)
{
	static const struct shrink_limit limit = SHRINK_LIMIT_DEFAULT;

	if (s->before)
		plan_side_of(s->a, s->before_policy, &plan->old_side);
	plan_side_of(s->a, s->policy, &plan->new_side);
	plan_settings(s->a, &plan->old_side, &plan->new_side, &plan->settings);
	plan_clauses(s->a, &plan->old_side, &plan->new_side, &plan->lines);
	plan_classes(s->a, &plan->old_side, &plan->new_side, &limit,
		     &plan->classes);
	change_list_make(s->a, s->rs, s->present, &s->known, &plan->list,
			 &plan->outcome.summary);
	for (size_t i = 0; i < plan->classes.n; i++)
		plan->shrinks |= plan->classes.items[i].shrinks;
}

static void printed_begin(struct printed *p, const char *before,
			  const char *after)
{
	*p = (struct printed){ .scene = scene(before, after) };
	p->program.arena = p->scene.a;
	p->plan = (struct plan){ .program = &p->program,
				 .path = "/etc/mailwall/p.policy",
				 .policy = p->scene.policy,
				 .rules = p->scene.rs,
				 .outcome = { .changed = true } };
	p->plan.before = (struct plan_before){ .source = PLAN_FROM_NOTHING,
					       .name = "",
					       .digest = "" };
	compare(&p->plan, &p->scene);
}

/* Returns the printed text, with digests and hashes of counters in it. */
static char *text_of(const struct plan *plan)
{
	FILE *file = tmpfile();
	int out = dup(STDOUT_FILENO);
	char *text;
	size_t n;

	assert_non_null(file);
	fflush(stdout);
	dup2(fileno(file), STDOUT_FILENO);
	plan_print(plan);
	fflush(stdout);
	dup2(out, STDOUT_FILENO);
	close(out);
	n = (size_t)lseek(fileno(file), 0, SEEK_END);
	text = calloc(1, n + 1);
	assert_non_null(text);
	assert_int_equal(pread(fileno(file), text, n, 0), n);
	fclose(file);
	return text;
}

static void add_effects(struct printed *p)
{
	struct arena *a = p->scene.a;
	struct plan_session *session = arena_push(a, &p->plan.sessions.named);
	struct seen_hit *hit;

	p->plan.before = (struct plan_before){
		.source = PLAN_FROM_REVISION,
		.name = "p",
		.digest = "0123",
		.revision = 41,
		.time_s = (int64_t)time(NULL) - 3 * 86400 - 60,
		.who = "noc1",
		.why = "NET-311\x1b[2J",
	};
	p->plan.counters.kept = 2;
	*arena_push(a, &p->plan.counters.go) =
		(struct plan_counter){ "allow-submission-000000", 9120, 4 };
	p->plan.members = (struct plan_members){ .stay = 2, .without = 1 };
	*arena_push(a, &p->plan.members.named) =
		(struct plan_member){ "exempt", "100.127.0.9", "subs" };
	session->opening.family = 4;
	addr4_store(&session->opening.source, 0x64400001);
	addr4_store(&session->opening.destination, 0xc6336401);
	session->opening.source_port = 40000;
	session->opening.destination_port = 2525;
	p->plan.sessions.cut = 1;
	p->plan.sessions.live.sessions = 7;
	for (uint32_t i = 0; i < 4; i++) {
		hit = arena_push(a, &p->plan.seen.hits);
		hit->family = 4;
		addr4_store(&hit->source, 0x64400001 + i);
		hit->port = 2525;
		hit->attempts = 212 - i;
		hit->maybe = i == 3;
		hit->mail_server = i == 0;
	}
}

CLAIM(text, "the text tells clauses, classes, effects, steps, what to do")
{
	struct printed p;
	char *got, *at;

	printed_begin(&p, BEFORE, AFTER);
	add_effects(&p);
	got = text_of(&p.plan);
	at = strstr(got, "in one transaction: ");
	assert_non_null(at);
	*at = 0;
	expect_text("text", got,
		    "p -> p (revision 41, loaded 3 days ago by noc1, "
		    "\"NET-311?[2J\")\n"
		    "  ~ line 12  allow submission submissions smtp-alt  ->  "
		    "allow submission submissions\n"
		    "  + line 13  block smtp-alt\n"
		    "  ~ class subs  +0 -1 prefixes, +0 -2097152 addresses  "
		    "more than a tenth is gone: apply wants --shrink\n"
		    "  = 2 clauses as before; 2 counters of clauses stay; "
		    "2 members of dynamic classes stay\n"
		    "  - 1 counter goes, with 9120 packets\n"
		    "  ! exempt 100.127.0.9: class subs held it, and no class "
		    "does any more\n"
		    "last 24 h: 4 sources used smtp-alt and would be blocked "
		    "(1 of them perhaps) (100.64.0.1 212, 100.64.0.2 211, "
		    "100.64.0.3 210, ...); 1 of them looks like a mail "
		    "server\n"
		    "now: 1 session on smtp-alt would be cut at once\n");
	at += strlen(at + 1) + 1;
	expect(strstr(at - 90, "3 changes. To load them: mailwall apply "
			       "--shrink /etc/mailwall/p.policy\n") != NULL,
	       "ends with \"%s\"", at - 90);
	free(got);
	scene_free(&p.scene);
}

CLAIM(first, "a first policy is all new; what is not known is said")
{
	struct printed p;
	char *got;

	printed_begin(&p, NULL, AFTER);
	p.plan.sessions.live.unknown = "this host tracks no connections";
	p.plan.seen.unknown = "there is no store \"x\"";
	got = text_of(&p.plan);
	expect(!strncmp(got,
			"nothing is loaded -> p\n"
			"  + line 9  outbound from subs\n"
			"  + line 10  allow smtp to relays\n",
			60),
	       "%s", got);
	expect(strstr(got, "last 24 h: not known: there is no store \"x\"\n"
			   "now: not known: this host tracks no "
			   "connections\n") != NULL,
	       "%s", got);
	free(got);
	p.plan.outcome.changed = false;
	got = text_of(&p.plan);
	expect(!strncmp(got, "p: nothing to do, digest ", 25), "%s", got);
	free(got);
	scene_free(&p.scene);
}

static long long number_at(const json_t *o, const char *a, const char *b)
{
	return json_integer_value(json_object_get(json_object_get(o, a), b));
}

CLAIM(document, "the document has all of the text, typed")
{
	struct printed p;
	const json_t *class, *line, *step;
	json_t *o;

	printed_begin(&p, BEFORE, AFTER);
	add_effects(&p);
	o = plan_json(&p.plan);
	assert_non_null(o);
	expect(json_is_true(json_object_get(o, "shrinks")) &&
		       json_integer_value(json_object_get(o, "changes")) == 3,
	       "changes");
	expect_number("revision", number_at(o, "before", "revision"), 41);
	expect_text("why",
		    json_string_value(json_object_get(
			    json_object_get(o, "before"), "why")),
		    "NET-311\x1b[2J");
	line = json_array_get(json_object_get(o, "lines"), 0);
	expect_text("kind", json_string_value(json_object_get(line, "kind")),
		    "changed");
	expect_number("line", number_at(line, "after", "line"), 12);
	class = json_array_get(json_object_get(o, "classes"), 0);
	expect_number("lost", number_at(class, "lost", "addresses"), 2097152);
	expect_number("before", number_at(class, "before", "networks"),
		      (unsigned long long)1 << 32);
	expect_number("stay", number_at(o, "members", "stay"), 2);
	expect_number("cut", number_at(o, "sessions", "cut"), 1);
	expect_number("blocked", number_at(o, "sources", "blocked"), 3);
	expect_number("perhaps", number_at(o, "sources", "perhaps"), 1);
	expect_number("servers", number_at(o, "sources", "mail_servers"), 1);
	expect_number("steps",
		      json_array_size(json_object_get(o, "transaction")),
		      p.plan.list.n);
	step = json_array_get(json_object_get(o, "transaction"), 0);
	expect_text("verb", json_string_value(json_object_get(step, "verb")),
		    "empty");
	json_decref(o);
	scene_free(&p.scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIMED(text),
		CLAIMED(first),
		CLAIMED(document),
	};

	return cmocka_run_group_tests_name("plan_print", tests, NULL, NULL);
}

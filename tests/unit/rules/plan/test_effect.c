/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Connections that a new policy would block, and the one before did not. */
#include "../../unit.h"

#include "../../../../rules/plan/effect.h"

#define CLASSES                                                                \
	"class subs { 100.64.0.0/10 2001:db8:4000::/34 }\n"                    \
	"class relays { 192.0.2.25 2001:db8::25 }\n"                           \
	"class exempt dynamic\n"
#define BEFORE_LINES                                                           \
	CLASSES "outbound from subs {\n"                                       \
		"allow smtp to relays\nallow smtp from exempt\nblock smtp\n"   \
		"allow submission smtp-alt\n}\n"
#define BEFORE HEADER BEFORE_LINES
#define AFTER                                                                  \
	HEADER CLASSES "outbound from subs {\n"                                \
		       "allow smtp from exempt\nblock smtp smtp-alt\n"         \
		       "allow submission\n}\n"
#define OBSERVE                                                                \
	HEADER "mode observe\n" CLASSES "outbound from subs {\n"               \
	       "block smtp smtp-alt\n}\n"
#define BY_INTERFACE                                                           \
	HEADER CLASSES "class ppp { interface \"ppp*\" }\n"                    \
		       "outbound from subs {\n"                                \
		       "allow smtp-alt from ppp\nblock smtp-alt\n}\n"

static void address_of(const char *text, uint8_t *family, struct addr6 *out)
{
	int n;

	assert_int_equal(addr_parse(text, strlen(text), &n, out), ADDR_OK);
	*family = (uint8_t)n;
}

static const char *const names[] = {
	[EFFECT_NONE] = "none",
	[EFFECT_MAYBE] = "maybe",
	[EFFECT_BLOCKED] = "blocked",
};

static void exempt_of(struct arena *a, struct effect_dynamics *out)
{
	struct effect_dynamic *d = arena_push(a, out);

	d->name = "exempt";
	ranges4_push(a, &d->v4, (struct range4){ 0x64400909, 0x64400909 });
}

CLAIM(openings, "a connection is cut where only the new policy blocks it")
{
	static const struct {
		const char *before, *after;
		const char *source, *destination;
		uint16_t port;
		bool forgets;
		const char *want;
	} vectors[] = {
		{ BEFORE, AFTER, "100.64.0.1", "198.51.100.1", 2525, false,
		  "blocked" },
		{ BEFORE, AFTER, "100.64.0.1", "198.51.100.1", 587, false,
		  "none" },
		{ BEFORE, AFTER, "100.64.0.1", "192.0.2.25", 25, false,
		  "blocked" },
		/* The old policy blocks it, too. */
		{ BEFORE, AFTER, "100.64.0.1", "198.51.100.1", 25, false,
		  "none" },
		{ BEFORE, AFTER, "203.0.113.1", "198.51.100.1", 2525, false,
		  "none" },
		{ BEFORE, AFTER, "2001:db8:4000::1", "2001:db8::25", 25, false,
		  "blocked" },
		/* Exempt by a member that only the kernel has: 100.64.9.9. */
		{ BEFORE, AFTER, "100.64.9.9", "198.51.100.1", 25, false,
		  "none" },
		{ BEFORE, AFTER, "100.64.9.9", "198.51.100.1", 25, true,
		  "blocked" },
		{ BEFORE, OBSERVE, "100.64.0.1", "198.51.100.1", 2525, false,
		  "none" },
		{ OBSERVE, BEFORE, "100.64.0.1", "198.51.100.1", 25, false,
		  "blocked" },
		{ NULL, AFTER, "100.64.0.1", "198.51.100.1", 25, false,
		  "blocked" },
		{ BEFORE, BY_INTERFACE, "100.64.0.1", "198.51.100.1", 2525,
		  false, "maybe" },
	};
	struct arena *a = arena_new();
	struct effect_dynamics dynamics = { 0 };

	exempt_of(a, &dynamics);
	for (size_t i = 0; i < COUNT(vectors); i++) {
		struct policy *before = vectors[i].before ?
						good_policy(vectors[i].before) :
						NULL;
		struct policy *after = good_policy(vectors[i].after);
		struct effect_query q = { before, after, &dynamics,
					  vectors[i].forgets };
		struct opening o = { .destination_port = vectors[i].port };
		uint8_t family;
		char in[80];

		address_of(vectors[i].source, &family, &o.source);
		address_of(vectors[i].destination, &o.family, &o.destination);
		sprintf(in, "%zu: %s to %s %u", i, vectors[i].source,
			vectors[i].destination, vectors[i].port);
		expect_text(in, names[effect_of_opening(&q, &o)],
			    vectors[i].want);
		if (before)
			policy_free(before);
		policy_free(after);
	}
	arena_free(a);
}

CLAIM(sources,
      "a source of the store is blocked at every destination that fits")
{
	/* Line 10 of BEFORE is "allow smtp to relays", 13 allows 2525. */
	static const struct {
		const char *after, *source;
		uint16_t port;
		const char *clause, *want;
	} vectors[] = {
		{ AFTER, "100.64.0.1", 2525, "p:13", "blocked" },
		{ AFTER, "100.64.0.1", 2525, NULL, "blocked" },
		{ AFTER, "100.64.0.1", 587, NULL, "none" },
		{ AFTER, "100.64.0.1", 25, "p:10", "blocked" },
		/* A destination of another class would have been blocked. */
		{ AFTER, "100.64.0.1", 25, NULL, "maybe" },
		{ AFTER, "203.0.113.9", 2525, NULL, "none" },
		{ BEFORE, "100.64.0.1", 2525, "p:13", "none" },
		{ AFTER, "2001:db8:4000:1::", 2525, NULL, "blocked" },
		{ AFTER, "100.64.9.9", 25, "p:11", "none" },
		{ AFTER, "100.64.0.1", 2525, "gone:7", "blocked" },
	};
	struct arena *a = arena_new();
	struct policy *before = good_policy(BEFORE);
	struct effect_dynamics dynamics = { 0 };

	exempt_of(a, &dynamics);
	for (size_t i = 0; i < COUNT(vectors); i++) {
		struct policy *after = good_policy(vectors[i].after);
		struct effect_query q = { before, after, &dynamics, false };
		struct effect_seen seen = { .port = vectors[i].port,
					    .clause = vectors[i].clause };
		struct effect_places places;
		char in[80];

		address_of(vectors[i].source, &seen.family, &seen.source);
		effect_find_places(a, &q, &places);
		sprintf(in, "%zu: %s %u", i, vectors[i].source,
			vectors[i].port);
		expect_text(in, names[effect_of_seen(&q, &places, &seen)],
			    vectors[i].want);
		policy_free(after);
	}
	policy_free(before);
	arena_free(a);
}

CLAIM(parts, "of an IPv6 source with one address in a class it is not known")
{
	struct policy *before =
		good_policy(HEADER "class one { 2001:db8:4000::25 }\n" CLASSES
				   "outbound {\nallow smtp\n}\n");
	struct policy *after = good_policy(
		HEADER "class one { 2001:db8:4000::25 }\n" CLASSES
		       "outbound {\nallow smtp from one\nblock smtp\n}\n");
	struct effect_query q = { before, after, NULL, false };
	struct effect_seen seen = { .port = 25 };
	struct arena *a = arena_new();
	struct effect_places places;

	effect_find_places(a, &q, &places);
	address_of("2001:db8:4000::", &seen.family, &seen.source);
	expect_text("its /64", names[effect_of_seen(&q, &places, &seen)],
		    "maybe");
	address_of("2001:db8:4000:1::", &seen.family, &seen.source);
	expect_text("another", names[effect_of_seen(&q, &places, &seen)],
		    "blocked");
	policy_free(before);
	policy_free(after);
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIMED(openings),
		CLAIMED(sources),
		CLAIMED(parts),
	};

	return cmocka_run_group_tests_name("effect", tests, NULL, NULL);
}

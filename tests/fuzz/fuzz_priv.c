/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages between the process that reads packets and the one that keeps
 * CAP_NET_ADMIN, each hostile to the other. The first byte is the kind: a
 * source to flag, members of dynamic classes, or what is loaded.
 */
#include "fuzz.h"
#include "../../tools/monitor/membership.h"
#include "../../tools/priv/priv_bytes.h"

static const char policy_text[] =
	"policy fuzz\nhook forward\n"
	"class subs { 100.64.0.0/10 10.0.0.0/8 2001:db8::/32 }\n"
	"class relays { 100.64.0.25 2001:db8:1:2::25 }\n"
	"class exempt dynamic\n"
	"outbound from subs {\nblock smtp from flagged\n"
	"allow smtp from relays\nallow smtp from exempt\nblock smtp\n}\n"
	"watch { quarantine 1h }\n";

static struct policy *fuzz_policy;

static int read_policy(void *ctx, const char *path, const char **text,
		       size_t *len)
{
	const struct bytes own = { policy_text, sizeof(policy_text) - 1 };

	(void)ctx;
	(void)path;
	return give_bytes(&own, text, len);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const struct policy_input input = { .read = read_policy,
					    .release = take_back };

	(void)argc;
	(void)argv;
	must(!policy_load(&input, "policy", &fuzz_policy) &&
		     !fuzz_policy->diags.errors,
	     "the policy is good");
	return be_silent();
}

/* ---- a source to flag ---- */

static bool is_subscriber(uint8_t family, const uint8_t *a)
{
	if (family == 4)
		return a[0] == 10 || (a[0] == 100 && a[1] >> 6 == 1);
	return a[0] == 0x20 && a[1] == 1 && a[2] == 0x0d && a[3] == 0xb8;
}

static bool is_relay(uint8_t family, const uint8_t *a)
{
	static const uint8_t v4[] = { 100, 64, 0, 25 };
	static const uint8_t v6[] = { 0x20, 1, 0x0d, 0xb8, 0, 1, 0, 2 };

	return family == 4 ? !memcmp(a, v4, 4) : !memcmp(a, v6, 8);
}

static void check_flag(const uint8_t *data, size_t size)
{
	struct addr6 source = { 0 };
	struct range6 r;
	bool may_be;

	if (size < 1 + sizeof(source))
		return;
	memcpy(&source, data + 1, sizeof(source));
	r = flag_range(data[0], &source);
	must(addr6_compare(&r.first, &r.last) <= 0, "the range goes up");
	may_be = !flag_may_be(fuzz_policy, data[0], &source);
	must(may_be == ((data[0] == 4 || data[0] == 6) &&
			is_subscriber(data[0], source.byte) &&
			!is_relay(data[0], source.byte)),
	     "subscribers alone may be flagged, and no relay");
}

/* ---- long replies ---- */

static void check_members(const uint8_t *data, size_t size)
{
	struct membership m = { .bytes = malloc(size + 1), .len = size };
	struct addr6 address = { 0 };

	if (m.bytes && size)
		memcpy(m.bytes, data, size);
	memcpy(&address, data, size < sizeof(address) ? size : sizeof(address));
	if (m.bytes && priv_members_are_whole(m.bytes, m.len))
		for (size_t i = 0; i < fuzz_policy->classes.n; i++) {
			const struct class *c = fuzz_policy->classes.items[i];

			membership_has(&m, c, 4, &address);
			membership_has(&m, c, 6, &address);
		}
	membership_free(&m);
}

static void check_loaded(const uint8_t *data, size_t size)
{
	char *copy = malloc(size + 1); /* aligned, as it is read */
	const struct priv_head *head = (const void *)copy;
	const struct priv_clause *c = (const void *)(head + 1);

	if (copy && size)
		memcpy(copy, data, size);
	if (copy && priv_loaded_is_whole(copy, size)) {
		const struct priv_fill *f = (const void *)(c + head->n_clauses);
		size_t n = strlen(head->policy) + strlen(head->digest);

		for (size_t i = 0; i < head->n_clauses; i++)
			n += strlen(c[i].id) + strlen(c[i].text);
		for (size_t i = 0; i < head->n_sets; i++)
			n += strlen(f[i].name);
		must(n < size, "no text is longer than all of it");
	}
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size)
		return 0;
	switch (data[0] % 3) {
	case 0:
		check_flag(data + 1, size - 1);
		break;
	case 1:
		check_members(data + 1, size - 1);
		break;
	case 2:
		check_loaded(data + 1, size - 1);
		break;
	}
	return 0;
}

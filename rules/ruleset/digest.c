/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "digest.h"
#include "../base/list.h"
#include "expr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <libnftnl/chain.h>
#include <libnftnl/common.h>
#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <libnftnl/udata.h>
#include <linux/netfilter/nf_tables.h>
#include <nettle/sha2.h>
#include <stdlib.h>
#include <string.h>

#define EXPR_TEXT_MOST 2048

/* ---- digests ---- */

#define DIGEST_BYTES 16 /* half of SHA-256 names a policy well enough */

static void digest_print(struct sha256_ctx *sha, char *out)
{
	uint8_t bytes[DIGEST_BYTES];

	sha256_digest(sha, sizeof(bytes), bytes);
	for (int i = 0; i < DIGEST_BYTES; i++)
		snprintf(out + 2 * i, 3, "%02x", bytes[i]);
}

#define HASHED_AT_ONCE 512 /* ranges */

void digest_elements4(const struct ranges4 *ranges, char *digest)
{
	struct sha256_ctx sha;
	uint32_t words[2 * HASHED_AT_ONCE];
	size_t n = 0;

	sha256_init(&sha);
	for (size_t i = 0; i < ranges->n; i++) {
		words[n++] = htonl(ranges->items[i].first);
		words[n++] = htonl(ranges->items[i].last);
		if (n == 2 * HASHED_AT_ONCE || i + 1 == ranges->n) {
			sha256_update(&sha, n * sizeof(*words),
				      (const uint8_t *)words);
			n = 0;
		}
	}
	digest_print(&sha, digest);
}

void digest_elements6(const struct ranges6 *ranges, char *digest)
{
	struct sha256_ctx sha;

	sha256_init(&sha);
	if (ranges->n)
		sha256_update(&sha, ranges->n * sizeof(*ranges->items),
			      (const uint8_t *)ranges->items);
	digest_print(&sha, digest);
}

static int compare_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int digest_finish(const struct digest_objects *c,
		  char digest[DIGEST_TEXT_BYTES])
{
	struct sha256_ctx sha;
	char **sorted;

	if (c->failed || !(sorted = malloc((c->n + 1) * sizeof(*sorted))))
		return -ENOMEM;
	if (c->n)
		memcpy(sorted, c->items, c->n * sizeof(*sorted));
	qsort(sorted, c->n, sizeof(*sorted), compare_text);
	sha256_init(&sha);
	for (size_t i = 0; i < c->n; i++)
		sha256_update(&sha, strlen(sorted[i]),
			      (const uint8_t *)sorted[i]);
	free(sorted);
	digest_print(&sha, digest);
	return 0;
}

/* ---- objects to text ---- */

void digest_objects_free(struct digest_objects *c)
{
	for (size_t i = 0; i < c->n; i++)
		free(c->items[i]);
	free(c->items);
	*c = (struct digest_objects){ 0 };
}

/* Adds a text, which the list owns from here on. */
static void add_text(struct digest_objects *c, char *text)
{
	char **items = text && !c->failed ? list_grow(c->items, c->n, &c->cap,
						      sizeof(*items)) :
					    NULL;

	if (!items) {
		c->failed = true;
		free(text);
		return;
	}
	c->items = items;
	items[c->n++] = text;
}

void digest_add_counter(struct digest_objects *c, const char *name)
{
	char *text = NULL;

	if (asprintf(&text, "counter %s\n", name) < 0)
		text = NULL;
	add_text(c, text);
}

void digest_add_set(struct digest_objects *c, const struct digest_set *set)
{
	char *text = NULL;
	int len;

	if (set->digest)
		len = asprintf(&text, "set %s %s%s elements %zu sha256 %s\n",
			       set->name, set->key,
			       set->interval ? " interval" : "", set->elements,
			       set->digest);
	else
		len = asprintf(&text, "set %s %s%s%s timeout %us\n", set->name,
			       set->key, set->interval ? " interval" : "",
			       set->timeout ? " timeout" : "", set->timeout_s);
	add_text(c, len < 0 ? NULL : text);
}

void digest_add_map(struct digest_objects *c, const char *name,
		    const struct port_jumps *jumps)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (!out) {
		c->failed = true;
		return;
	}
	fprintf(out, "map %s", name);
	for (size_t i = 0; i < jumps->n; i++)
		fprintf(out, " %u:%s", jumps->items[i].port,
			jumps->items[i].chain);
	fputc('\n', out);
	if (ferror(out))
		c->failed = true;
	if (fclose(out))
		c->failed = true;
	add_text(c, text);
}

/* The kernel keeps devices in an order of its own. */
static void digest_print_devices(const struct nftnl_chain *chain, FILE *out)
{
	const char *const *devices =
		nftnl_chain_get(chain, NFTNL_CHAIN_DEVICES);
	const char *last = NULL, *next;

	if (devices)
		fputs(" devices", out);
	while (devices) {
		next = NULL;
		for (size_t i = 0; devices[i]; i++)
			if ((!last || strcmp(devices[i], last) > 0) &&
			    (!next || strcmp(devices[i], next) < 0))
				next = devices[i];
		if (!next)
			return;
		fprintf(out, " %s", next);
		last = next;
	}
}

void digest_chain_begin(struct digest_chain *cc, struct digest_objects *c,
			const struct nftnl_chain *chain)
{
	cc->objects = c;
	cc->text = NULL;
	cc->out = open_memstream(&cc->text, &cc->len);
	if (!cc->out) {
		c->failed = true;
		return;
	}
	fprintf(cc->out, "chain %s",
		nftnl_chain_get_str(chain, NFTNL_CHAIN_NAME));
	if (nftnl_chain_is_set(chain, NFTNL_CHAIN_TYPE)) {
		fprintf(cc->out, " %s hook %u priority %d",
			nftnl_chain_get_str(chain, NFTNL_CHAIN_TYPE),
			nftnl_chain_get_u32(chain, NFTNL_CHAIN_HOOKNUM),
			nftnl_chain_get_s32(chain, NFTNL_CHAIN_PRIO));
		digest_print_devices(chain, cc->out);
	}
	fputc('\n', cc->out);
}

void digest_chain_end(struct digest_chain *cc)
{
	if (!cc->out)
		return;
	if (ferror(cc->out))
		cc->objects->failed = true;
	if (fclose(cc->out))
		cc->objects->failed = true;
	add_text(cc->objects, cc->text);
}

/* The kernel hands a lookup back with more attributes than it was given. */
static void print_lookup(struct digest_chain *cc, struct nftnl_expr *e)
{
	uint32_t flags = nftnl_expr_get_u32(e, NFTNL_EXPR_LOOKUP_FLAGS);

	fprintf(cc->out, "    [ lookup reg %u %s %s ]\n",
		nftnl_expr_get_u32(e, NFTNL_EXPR_LOOKUP_SREG),
		flags & NFT_LOOKUP_F_INV ? "not in" : "in",
		nftnl_expr_get_str(e, NFTNL_EXPR_LOOKUP_SET));
}

static void digest_cut(char *text, const char *part)
{
	char *at = strstr(text, part);

	if (at)
		memmove(at, at + strlen(part), strlen(at + strlen(part)) + 1);
}

static void print_expr(struct digest_chain *cc, struct nftnl_expr *e)
{
	const char *kind = nftnl_expr_get_str(e, NFTNL_EXPR_NAME);
	char text[EXPR_TEXT_MOST];

	if (!strcmp(kind, "lookup")) {
		print_lookup(cc, e);
		return;
	}
	nftnl_expr_snprintf(text, sizeof(text), e, NFTNL_OUTPUT_DEFAULT, 0);
	/* Flags that the kernel adds. */
	if (!strcmp(kind, "dynset"))
		digest_cut(text, " timeout 0ms");
	if (!strcmp(kind, "nat")) {
		digest_cut(text, " addr_max reg 1");
		digest_cut(text, " flags 0x1");
	}
	fprintf(cc->out, "    [ %s %s]\n", kind, text);
}

const char *udata_string(const void *udata, size_t len, uint8_t type)
{
	const uint8_t *p = udata, *end = p + len;

	while (end - p >= 2 && end - p - 2 >= p[1]) {
		if (p[0] == type && p[1] && !p[2 + p[1] - 1])
			return (const char *)p + 2;
		p += 2 + p[1];
	}
	return NULL;
}

const char *rule_comment(const struct nftnl_rule *rule)
{
	const void *udata;
	uint32_t len;

	if (!nftnl_rule_is_set(rule, NFTNL_RULE_USERDATA))
		return NULL;
	udata = nftnl_rule_get_data(rule, NFTNL_RULE_USERDATA, &len);
	return udata_string(udata, len, NFTNL_UDATA_RULE_COMMENT);
}

bool digest_parse_comment(const char *comment, char name[32],
			  char digest[DIGEST_TEXT_BYTES])
{
	int end = 0;

	return sscanf(comment, "mailwall %31s sha256:%32[0-9a-f]%n", name,
		      digest, &end) == 2 &&
	       !comment[end] && strlen(digest) == 2 * DIGEST_BYTES;
}

void digest_chain_rule(struct digest_chain *cc, struct nftnl_rule *rule)
{
	const char *comment = rule_comment(rule);
	struct nftnl_expr_iter *i;
	struct nftnl_expr *e;
	char name[32], digest[DIGEST_TEXT_BYTES];

	if (!cc->out)
		return;
	i = nftnl_expr_iter_create(rule);
	if (!i) {
		cc->objects->failed = true;
		return;
	}
	fputs("  rule", cc->out);
	if (comment && !digest_parse_comment(comment, name, digest))
		fprintf(cc->out, " \"%s\"", comment);
	fputc('\n', cc->out);
	while ((e = nftnl_expr_iter_next(i)))
		print_expr(cc, e);
	nftnl_expr_iter_destroy(i);
}

/* ---- our own ruleset ---- */

static void add_own_set(struct digest_objects *c, const struct set *set)
{
	struct digest_set cs = {
		.name = set->name,
		.key = set_key_name(set->key),
		.interval = set->interval,
		.timeout = set->timeout,
		.timeout_s = set->timeout_s,
		.elements = set_elements(set),
		.digest = *set->digest ? set->digest : NULL,
	};

	if (set->jumps)
		digest_add_map(c, set->name, set->jumps);
	else
		digest_add_set(c, &cs);
}

/* libnftnl copies what it is given: false where it has no memory. */
static bool set_devices(struct nftnl_chain *c, const struct words *devices)
{
	const char **all = calloc(devices->n + 1, sizeof(*all));
	bool good;

	if (!all)
		return false;
	for (size_t i = 0; i < devices->n; i++)
		all[i] = devices->items[i].text;
	good = nftnl_chain_set_data(
		       c, NFTNL_CHAIN_DEVICES, all,
		       (uint32_t)((devices->n + 1) * sizeof(*all))) >= 0;
	free(all);
	return good;
}

static bool set_hook(struct nftnl_chain *c, const struct ruleset *rs,
		     const struct base_hook_info *base)
{
	if (nftnl_chain_set_str(c, NFTNL_CHAIN_TYPE, base->type) < 0)
		return false;
	nftnl_chain_set_u32(c, NFTNL_CHAIN_HOOKNUM, base->hooknum);
	nftnl_chain_set_s32(c, NFTNL_CHAIN_PRIO, base->priority);
	return rs->family != FAMILY_NETDEV || set_devices(c, rs->devices);
}

static struct nftnl_chain *digest_chain_object(const struct ruleset *rs,
					       const struct chain *chain)
{
	const struct base_hook_info *base = base_hook_info(chain->hook);
	struct nftnl_chain *c = nftnl_chain_alloc();

	if (!c)
		return NULL;
	if (nftnl_chain_set_str(c, NFTNL_CHAIN_NAME, chain->name) >= 0 &&
	    (!base || set_hook(c, rs, base)))
		return c;
	nftnl_chain_free(c);
	return NULL;
}

static void add_own_chain(struct digest_objects *c, const struct ruleset *rs,
			  const struct chain *chain)
{
	struct digest_chain cc;
	struct nftnl_chain *object = digest_chain_object(rs, chain);

	if (!object) {
		c->failed = true;
		return;
	}
	digest_chain_begin(&cc, c, object);
	nftnl_chain_free(object);
	for (size_t i = 0; i < chain->rules.n; i++) {
		struct nftnl_rule *rule =
			rule_object(rs, chain, &chain->rules.items[i]);

		if (!rule) {
			c->failed = true;
			break;
		}
		digest_chain_rule(&cc, rule);
		nftnl_rule_free(rule);
	}
	digest_chain_end(&cc);
}

int ruleset_objects(const struct ruleset *rs, struct digest_objects *out)
{
	for (size_t i = 0; i < rs->counters.n; i++)
		digest_add_counter(out, rs->counters.items[i]->name);
	for (size_t i = 0; i < rs->sets.n; i++)
		add_own_set(out, rs->sets.items[i]);
	for (size_t i = 0; i < rs->chains.n; i++)
		add_own_chain(out, rs, rs->chains.items[i]);
	return out->failed ? -ENOMEM : 0;
}

int ruleset_digest(struct ruleset *rs)
{
	struct digest_objects objects = { 0 };
	int error;

	for (size_t i = 0; i < rs->sets.n; i++) {
		struct set *set = rs->sets.items[i];

		if (set->v4)
			digest_elements4(set->v4, set->digest);
		if (set->v6)
			digest_elements6(set->v6, set->digest);
	}
	error = ruleset_objects(rs, &objects);
	if (!error)
		error = digest_finish(&objects, rs->digest);
	digest_objects_free(&objects);
	return error;
}

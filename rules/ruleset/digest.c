/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "digest.h"
#include "../base/arena.h"
#include "digest_expr.h"
#include "expr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <libnftnl/chain.h>
#include <libnftnl/common.h>
#include <libnftnl/rule.h>
#include <libnftnl/udata.h>
#include <nettle/sha2.h>
#include <stdlib.h>
#include <string.h>

/* ---- digests ---- */

#define DIGEST_BYTES 16 /* half of SHA-256 names a policy well enough */
#define DIGEST_HEAD  "mailwall digest " DIGEST_VERSION_TEXT

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
	sha256_update(&sha, sizeof(DIGEST_HEAD), (const uint8_t *)DIGEST_HEAD);
	for (size_t i = 0; i < c->n; i++)
		sha256_update(&sha, strlen(sorted[i]) + 1,
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

/* One object being written; out is NULL where there is no memory. */
struct object_text {
	char *text;
	size_t len;
	FILE *out;
};

static FILE *object_begin(struct digest_objects *c, struct object_text *t,
			  const char *kind, const char *name)
{
	*t = (struct object_text){ 0 };
	t->out = open_memstream(&t->text, &t->len);
	if (!t->out) {
		c->failed = true;
		return NULL;
	}
	fputs(kind, t->out);
	digest_print_text(t->out, name);
	return t->out;
}

static void object_end(struct digest_objects *c, struct object_text *t)
{
	fputc('\n', t->out);
	if (ferror(t->out))
		c->failed = true;
	if (fclose(t->out))
		c->failed = true;
	add_text(c, t->text);
}

void digest_add_counter(struct digest_objects *c, const char *name)
{
	struct object_text t;

	if (object_begin(c, &t, "counter", name))
		object_end(c, &t);
}

void digest_add_set(struct digest_objects *c, const struct digest_set *set)
{
	struct object_text t;
	FILE *out = object_begin(c, &t, "set", set->name);

	if (!out)
		return;
	fprintf(out, " %s%s", set->key, set->interval ? " interval" : "");
	if (set->digest)
		fprintf(out, " elements %zu sha256 %s", set->elements,
			set->digest);
	else
		fprintf(out, "%s seconds %u", set->timeout ? " timeout" : "",
			set->timeout_s);
	object_end(c, &t);
}

void digest_add_map(struct digest_objects *c, const char *name,
		    const struct port_jumps *jumps)
{
	struct object_text t;
	FILE *out = object_begin(c, &t, "map", name);

	if (!out)
		return;
	for (size_t i = 0; i < jumps->n; i++) {
		fprintf(out, " %u", jumps->items[i].port);
		digest_print_text(out, jumps->items[i].chain);
	}
	object_end(c, &t);
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
		digest_print_text(out, next);
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
	fputs("chain", cc->out);
	digest_print_text(cc->out,
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

/* Version 1 was the text of libnftnl, and did not say so. */
static unsigned int comment_version(const char *rest)
{
	unsigned int version = 0;
	int end = 0;

	if (!*rest)
		return 1;
	if (rest[0] != ' ' || rest[1] < '1' || rest[1] > '9' ||
	    sscanf(rest, " %3u%n", &version, &end) != 1 || rest[end])
		return 0;
	return version < 2 ? 0 : version;
}

unsigned int digest_parse_comment(const char *comment, char name[32],
				  char digest[DIGEST_TEXT_BYTES])
{
	int end = 0;

	if (sscanf(comment, "mailwall %31s sha256:%32[0-9a-f]%n", name, digest,
		   &end) != 2 ||
	    strlen(digest) != 2 * DIGEST_BYTES)
		return 0;
	return comment_version(comment + end);
}

unsigned int digest_parse_trial(const char *comment, char name[32],
				char digest[DIGEST_TEXT_BYTES])
{
	int end = 0;

	if (sscanf(comment, "trial of %31s sha256:%32[0-9a-f]%n", name, digest,
		   &end) != 2 ||
	    strlen(digest) != 2 * DIGEST_BYTES)
		return 0;
	return comment_version(comment + end);
}

/* A digest is not made of itself. */
static bool comment_has_digest(const char *comment)
{
	char name[32], digest[DIGEST_TEXT_BYTES];

	return digest_parse_comment(comment, name, digest) ||
	       digest_parse_trial(comment, name, digest);
}

void digest_chain_rule(struct digest_chain *cc, struct nftnl_rule *rule)
{
	const char *comment = rule_comment(rule);

	if (!cc->out)
		return;
	fputs("  rule", cc->out);
	if (comment && !comment_has_digest(comment))
		digest_print_text(cc->out, comment);
	fputc('\n', cc->out);
	if (digest_print_rule(cc->out, rule))
		cc->objects->failed = true;
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

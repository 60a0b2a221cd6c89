/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The schema of libnftables-json(5). One command is built, written and freed
 * at a time, a large set in slices, so memory does not grow with the sets.
 */
#include "emit.h"
#include "../base/arena.h"

#include <jansson.h>
#include <string.h>

#define SLICE 1024 /* elements in one command */

struct writer {
	const struct ruleset *rs;
	FILE *out;
	bool first;
};

/* Takes the value over; NULL, for want of memory, fails the whole output. */
static void write_command(struct writer *w, const char *verb,
			  const char *object, json_t *value)
{
	json_t *command = json_pack("{s:{s:o}}", verb, object, value);

	if (!command) {
		fprintf(w->out, "\nout of memory\n");
		return;
	}
	fputs(w->first ? "\n" : ",\n", w->out);
	w->first = false;
	if (json_dumpf(command, w->out, JSON_COMPACT | JSON_ENSURE_ASCII))
		fprintf(w->out, "\nout of memory\n");
	json_decref(command);
}

/* Puts a member into an object. Without memory the object is freed. */
static void keep_if(json_t **whole, bool good)
{
	if (good)
		return;
	json_decref(*whole);
	*whole = NULL;
}

static void json_put(json_t **object, const char *key, json_t *value)
{
	keep_if(object, !json_object_set_new(*object, key, value));
}

static void json_push(json_t **array, json_t *value)
{
	keep_if(array, !json_array_append_new(*array, value));
}

static json_t *named(const struct writer *w, const char *name)
{
	return json_pack("{s:s, s:s, s:s}", "family",
			 family_name(w->rs->family), "table", TABLE_NAME,
			 "name", name);
}

static json_t *json_table(const struct writer *w)
{
	return json_pack("{s:s, s:s}", "family", family_name(w->rs->family),
			 "name", TABLE_NAME);
}

/* ---- sets ---- */

static json_t *prefix_or_range(const char *text)
{
	const char *mark;

	if ((mark = strchr(text, '/')))
		return json_pack("{s:{s:s%, s:i}}", "prefix", "addr", text,
				 (size_t)(mark - text), "len", atoi(mark + 1));
	if ((mark = strchr(text, '-')))
		return json_pack("{s:[s%, s]}", "range", text,
				 (size_t)(mark - text), mark + 1);
	return json_string(text);
}

static json_t *element(const struct set *set, size_t i)
{
	char text[RANGE_TEXT_MAX];

	if (set->jumps)
		return json_pack("[i, {s:{s:s}}]",
				 (int)set->jumps->items[i].port, "jump",
				 "target", set->jumps->items[i].chain);
	if (set->key == KEY_IFNAME) {
		ifname_print(text, &set->v6->items[i]);
		return json_string(text);
	}
	if (set->v4)
		range4_print(text, &set->v4->items[i]);
	else
		range6_print(text, &set->v6->items[i]);
	return prefix_or_range(text);
}

static json_t *set_object(const struct writer *w, const struct set *set)
{
	json_t *o = named(w, set->name), *flags = json_array();

	json_put(&o, "type", json_string(set_key_name(set->key)));
	if (set->jumps)
		json_put(&o, "map", json_string("verdict"));
	if (set->size)
		json_put(&o, "size", json_integer(set->size));
	if (set->interval)
		json_push(&flags, json_string("interval"));
	/* nft 1.0.6 has no word for dynamic here; the rules imply it. */
	if (set->timeout)
		json_push(&flags, json_string("timeout"));
	json_put(&o, "flags", flags);
	if (set->timeout_s)
		json_put(&o, "timeout", json_integer(set->timeout_s));
	return o;
}

static void json_write_elements(struct writer *w, const struct set *set)
{
	size_t n = set_elements(set);

	for (size_t i = 0; i < n; i += SLICE) {
		json_t *list = json_array(), *o = named(w, set->name);

		for (size_t k = i; k < n && k < i + SLICE; k++)
			json_push(&list, element(set, k));
		json_put(&o, "elem", list);
		write_command(w, "add", "element", o);
	}
}

/* ---- rules ---- */

static json_t *match(const char *op, json_t *left, json_t *right)
{
	return json_pack("{s:{s:s, s:o, s:o}}", "match", "op", op, "left", left,
			 "right", right);
}

static json_t *meta(const char *key)
{
	return json_pack("{s:{s:s}}", "meta", "key", key);
}

static json_t *payload(const char *protocol, const char *field)
{
	return json_pack("{s:{s:s, s:s}}", "payload", "protocol", protocol,
			 "field", field);
}

static json_t *json_set_name(const struct set *set)
{
	return json_sprintf("@%s", set->name);
}

static json_t *address(int family, const char *field)
{
	return payload(family == 4 ? "ip" : "ip6", field);
}

static json_t *set_match(const struct set *set, const char *field)
{
	return match("==", address(set->key == KEY_IPV4 ? 4 : 6, field),
		     json_set_name(set));
}

static json_t *flags_match(const char *op)
{
	json_t *left = json_pack("{s:[o, [s, s]]}", "&",
				 payload("tcp", "flags"), "syn", "ack");

	return match(op, left, json_string("syn"));
}

static json_t *id_match(const char *key, uint32_t id)
{
	return match("==", meta(key), json_integer(id));
}

static json_t *ports_vmap(const char *field, const struct set *map)
{
	return json_pack("{s:{s:o, s:o}}", "vmap", "key", payload("tcp", field),
			 "data", json_set_name(map));
}

static json_t *target(const struct stmt *s)
{
	char text[RANGE_TEXT_MAX];

	if (s->target.family == 4)
		addr4_print(text, s->target.v4);
	else
		addr6_print(text, &s->target.v6);
	return json_string(text);
}

static json_t *dnat_status(void)
{
	return match("in", json_pack("{s:{s:s}}", "ct", "key", "status"),
		     json_string("dnat"));
}

/* A source is an IPv4 address or an IPv6 /64, as a meter has it. */
static json_t *json_source(const struct set *set)
{
	json_t *key = address(set->key == KEY_IPV4 ? 4 : 6, "saddr");

	if (set->key == KEY_IPV6)
		key = json_pack("{s:[o, s]}", "&", key,
				"ffff:ffff:ffff:ffff::");
	return key;
}

static json_t *meter(const struct stmt *s, bool over)
{
	const struct set *set = s->meter.set;
	const struct rate *rate = &s->meter.rate;
	json_t *limit =
		json_pack("{s:i, s:i, s:s}", "rate", (int)rate->count, "burst",
			  (int)rate->burst, "per", unit_name(rate->unit_s));

	if (over)
		json_put(&limit, "inv", json_true());
	return json_pack("{s:{s:s, s:o, s:o, s:[{s:o}]}}", "set", "op",
			 "update", "elem", json_source(set), "set",
			 json_set_name(set), "stmt", "limit", limit);
}

static json_t *set_update_json(const char *op, json_t *key,
			       const struct set *set)
{
	return json_pack("{s:{s:s, s:o, s:o}}", "set", "op", op, "elem", key,
			 "set", json_set_name(set));
}

static json_t *verdict(const char *what)
{
	return json_pack("{s:n}", what);
}

static json_t *bytes_match_json(const struct bytes_match *m)
{
	static const char *const ops[] = { "==", "!=", ">=" };
	json_t *left = json_pack("{s:{s:s, s:i, s:i}}", "payload", "base",
				 m->link ? "ll" : "nh", "offset", 8 * m->offset,
				 "len", 8 * m->len);

	if (m->mask)
		left = json_pack("{s:[o, i]}", "&", left, (int)m->mask);
	/* nft's numbers have a sign. */
	return match(ops[m->op], left,
		     json_sprintf("0x%llx", (unsigned long long)m->value));
}

/* Names the protocol where nft would look at a tag in its place. */
static json_t *ip_match(const struct ruleset *rs, int family)
{
	if (rs->family == FAMILY_INET)
		return match("==", meta("nfproto"),
			     json_string(family == 4 ? "ipv4" : "ipv6"));
	return match("==", meta("protocol"),
		     json_string(family == 4 ? "ip" : "ip6"));
}

static json_t *exthdr_match(const char *op, const char *header,
			    const char *field, int value)
{
	return match(op,
		     json_pack("{s:{s:s, s:s}}", "exthdr", "name", header,
			       "field", field),
		     json_integer(value));
}

static json_t *fragment4_match(int mask, int value)
{
	return match(
		"==",
		json_pack("{s:[o, i]}", "&", payload("ip", "frag-off"), mask),
		json_integer(value));
}

static json_t *option4_match(const char *option)
{
	return match("==", json_pack("{s:{s:s}}", "ip option", "name", option),
		     json_true());
}

/*
 * Most statements are one object; the list is for those that are two. False
 * without memory: a rule that lost a statement must not be written.
 */
static bool add_stmt(const struct ruleset *rs, json_t *list,
		     const struct stmt *s)
{
	json_t *o = NULL;

	switch (s->kind) {
	case STMT_TCP:
		o = match("==", meta("l4proto"), json_string("tcp"));
		break;
	case STMT_SYN:
		o = flags_match("==");
		break;
	case STMT_NOT_SYN:
		o = flags_match("!=");
		break;
	case STMT_RST:
		o = match("in", payload("tcp", "flags"), json_string("rst"));
		break;
	case STMT_LOCAL:
		o = match("==",
			  json_pack("{s:{s:s, s:[s]}}", "fib", "result", "type",
				    "flags", "daddr"),
			  json_string("local"));
		break;
	case STMT_SADDR_IS:
	case STMT_DADDR_IS:
		o = match("==",
			  address(s->target.family,
				  s->kind == STMT_SADDR_IS ? "saddr" : "daddr"),
			  target(s));
		break;
	case STMT_FAMILY:
		o = ip_match(rs, s->target.family);
		break;
	case STMT_SADDR:
		o = set_match(s->set, "saddr");
		break;
	case STMT_DADDR:
		o = set_match(s->set, "daddr");
		break;
	case STMT_IIFNAME:
		o = match("==", meta("iifname"), json_set_name(s->set));
		break;
	case STMT_OIFNAME:
		o = match("==", meta("oifname"), json_set_name(s->set));
		break;
	case STMT_SKUID:
		o = id_match("skuid", s->id);
		break;
	case STMT_SKGID:
		o = id_match("skgid", s->id);
		break;
	case STMT_DNAT_TO:
	case STMT_DNAT_FROM:
		if (json_array_append_new(list, dnat_status()))
			return false;
		o = match("==",
			  address(s->target.family,
				  s->kind == STMT_DNAT_TO ? "daddr" : "saddr"),
			  target(s));
		break;
	case STMT_DPORT:
		o = ports_vmap("dport", s->set);
		break;
	case STMT_SPORT:
		o = ports_vmap("sport", s->set);
		break;
	case STMT_DPORT_IS:
	case STMT_SPORT_IS:
		o = match("==",
			  payload("tcp",
				  s->kind == STMT_DPORT_IS ? "dport" : "sport"),
			  json_integer(s->port));
		break;
	case STMT_FIRST4:
		o = fragment4_match(0x3fff, 0x2000);
		break;
	case STMT_FIRST6:
		if (json_array_append_new(list, ip_match(rs, 6)))
			return false;
		o = exthdr_match("==", "frag", "frag-off", 0);
		break;
	case STMT_SECOND4:
		o = fragment4_match(0x1fff, 1);
		break;
	case STMT_EARLY6:
		if (json_array_append_new(list, ip_match(rs, 6)))
			return false;
		o = exthdr_match("<", "frag", "frag-off", 2);
		break;
	case STMT_HAS_FLAGS:
		o = match(">=", payload("tcp", "flags"), json_integer(0));
		break;
	case STMT_NOT_TCP:
		o = match("!=", meta("l4proto"), json_string("tcp"));
		break;
	case STMT_OPTIONS4:
		o = match("!=", payload("ip", "hdrlength"), json_integer(5));
		break;
	case STMT_LOOSE4:
	case STMT_STRICT4:
		if (json_array_append_new(list, ip_match(rs, 4)))
			return false;
		o = option4_match(s->kind == STMT_LOOSE4 ? "lsrr" : "ssrr");
		break;
	case STMT_ROUTED6:
		if (json_array_append_new(list, ip_match(rs, 6)))
			return false;
		o = exthdr_match("!=", "rt", "seg-left", 0);
		break;
	case STMT_PROTOCOL:
	case STMT_NOT_PROTOCOL:
		o = match(s->kind == STMT_PROTOCOL ? "==" : "!=",
			  meta("protocol"), json_integer(s->protocol));
		break;
	case STMT_BYTES:
		o = bytes_match_json(&s->bytes);
		break;
	case STMT_METER:
		o = meter(s, false);
		break;
	case STMT_METER_OVER:
		o = meter(s, true);
		break;
	case STMT_ARMED:
		o = match("==", meta("l4proto"), json_set_name(s->set));
		break;
	case STMT_DISARM:
		o = set_update_json("delete", meta("l4proto"), s->set);
		break;
	case STMT_SEEN:
		o = set_update_json("add", json_source(s->set), s->set);
		break;
	case STMT_COUNTER:
		o = json_pack("{s:s}", "counter", s->counter->name);
		break;
	case STMT_LOG:
		o = json_pack("{s:{s:s, s:i, s:i, s:i}}", "log", "prefix",
			      s->log.prefix, "group", (int)s->log.group,
			      "snaplen", (int)s->log.snaplen, "queue-threshold",
			      (int)s->log.threshold);
		break;
	case STMT_ACCEPT:
		o = verdict("accept");
		break;
	case STMT_DROP:
		o = verdict("drop");
		break;
	case STMT_RESET:
		o = json_pack("{s:{s:s}}", "reject", "type", "tcp reset");
		break;
	case STMT_REJECT:
		o = json_pack("{s:{s:s, s:s}}", "reject", "type", "icmpx",
			      "expr", "admin-prohibited");
		break;
	case STMT_JUMP:
		o = json_pack("{s:{s:s}}", "jump", "target", s->chain);
		break;
	case STMT_GOTO:
		o = json_pack("{s:{s:s}}", "goto", "target", s->chain);
		break;
	case STMT_RETURN:
		o = verdict("return");
		break;
	case STMT_DNAT:
		o = json_pack("{s:{s:s, s:o}}", "dnat", "family",
			      s->target.family == 4 ? "ip" : "ip6", "addr",
			      target(s));
		break;
	}
	return !json_array_append_new(list, o);
}

static void write_rules(struct writer *w, const struct chain *chain)
{
	for (size_t i = 0; i < chain->rules.n; i++) {
		const struct rule *rule = &chain->rules.items[i];
		json_t *list = json_array(), *o;

		for (unsigned int k = 0; k < rule->n && list; k++)
			if (!add_stmt(w->rs, list, &rule->stmts[k])) {
				json_decref(list);
				list = NULL;
			}
		o = json_pack("{s:s, s:s, s:s, s:o}", "family",
			      family_name(w->rs->family), "table", TABLE_NAME,
			      "chain", chain->name, "expr", list);
		if (rule->comment)
			json_put(&o, "comment", json_string(rule->comment));
		write_command(w, "add", "rule", o);
	}
}

static json_t *devices(const struct words *names)
{
	json_t *list;

	if (names->n == 1)
		return json_string(names->items[0].text);
	list = json_array();
	for (size_t i = 0; i < names->n; i++)
		json_push(&list, json_string(names->items[i].text));
	return list;
}

static json_t *json_chain_object(const struct writer *w,
				 const struct chain *chain)
{
	const struct base_hook_info *base = base_hook_info(chain->hook);
	json_t *o = named(w, chain->name);

	if (!base)
		return o;
	json_put(&o, "type", json_string(base->type));
	json_put(&o, "hook", json_string(base->hook));
	json_put(&o, "prio", json_integer(base->priority));
	json_put(&o, "policy", json_string("accept"));
	if (w->rs->family == FAMILY_NETDEV)
		json_put(&o, "dev", devices(w->rs->devices));
	return o;
}

static const char *json_set_word(const struct set *set)
{
	return set->jumps ? "map" : "set";
}

static void write_sets(struct writer *w)
{
	const struct ruleset *rs = w->rs;

	for (size_t i = 0; i < rs->sets.n; i++)
		write_command(w, "add", json_set_word(rs->sets.items[i]),
			      set_object(w, rs->sets.items[i]));
	write_command(w, "flush", "table", json_table(w));
	for (size_t i = 0; i < rs->sets.n; i++)
		if (set_elements(rs->sets.items[i]))
			write_command(w, "flush",
				      json_set_word(rs->sets.items[i]),
				      named(w, rs->sets.items[i]->name));
}

void emit_json(const struct ruleset *rs, FILE *out)
{
	struct writer w = { .rs = rs, .out = out, .first = true };
	json_t *table;

	fprintf(out, "{\"nftables\":[");
	table = json_table(&w);
	json_put(&table, "comment", json_string(TABLE_COMMENT));
	write_command(&w, "add", "table", table);
	write_sets(&w);
	for (size_t i = 0; i < rs->counters.n; i++)
		write_command(&w, "add", "counter",
			      named(&w, rs->counters.items[i]->name));
	for (size_t i = 0; i < rs->chains.n; i++)
		write_command(&w, "add", "chain",
			      json_chain_object(&w, rs->chains.items[i]));
	for (size_t i = 0; i < rs->sets.n; i++)
		json_write_elements(&w, rs->sets.items[i]);
	for (size_t i = 0; i < rs->chains.n; i++)
		write_rules(&w, rs->chains.items[i]);
	fprintf(out, "\n]}\n");
}

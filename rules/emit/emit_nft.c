/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "emit.h"
#include "../base/arena.h"
#include "../base/units.h"

#include <string.h>

void ifname_print(char *out, const struct range6 *r)
{
	size_t n = 0;

	while (n < 16 && r->first.byte[n]) {
		out[n] = (char)r->first.byte[n];
		n++;
	}
	if (!range6_is_single(r))
		out[n++] = '*';
	out[n] = '\0';
}

/* ---- sets ---- */

#define ELEMENT_TEXT_MAX 400 /* a port and the name of a chain */

static const char *element_text(const struct set *set, size_t i, char *out)
{
	char name[IFNAME_TEXT_MAX];

	if (set->jumps) {
		snprintf(out, ELEMENT_TEXT_MAX, "%u : jump %s",
			 set->jumps->items[i].port, set->jumps->items[i].chain);
	} else if (set->v4) {
		range4_print(out, &set->v4->items[i]);
	} else if (set->key == KEY_IFNAME) {
		ifname_print(name, &set->v6->items[i]);
		snprintf(out, RANGE_TEXT_MAX, "\"%s\"", name);
	} else {
		range6_print(out, &set->v6->items[i]);
	}
	return out;
}

/*
 * Print few elements on one line and many one a line, so that a diff of two
 * versions is readable.
 */
#define ELEMENTS_ON_A_LINE 4

static void print_elements(const struct set *set, FILE *out)
{
	size_t n = set_elements(set);
	const char *between = n > ELEMENTS_ON_A_LINE ? ",\n\t\t\t" : ", ";
	char text[ELEMENT_TEXT_MAX];

	if (!n)
		return;
	fputs(n > ELEMENTS_ON_A_LINE ? "\t\telements = {\n\t\t\t" :
				       "\t\telements = { ",
	      out);
	for (size_t i = 0; i < n; i++) {
		if (i)
			fputs(between, out);
		fputs(element_text(set, i, text), out);
	}
	fputs(n > ELEMENTS_ON_A_LINE ? "\n\t\t}\n" : " }\n", out);
}

static void print_flags(const struct set *set, FILE *out)
{
	const char *flags[3];
	int n = 0;

	if (set->interval)
		flags[n++] = "interval";
	if (set->dynamic)
		flags[n++] = "dynamic";
	if (set->timeout)
		flags[n++] = "timeout";
	for (int i = 0; i < n; i++)
		fprintf(out, "%s%s", i ? "," : "\t\tflags ", flags[i]);
	if (n)
		fputc('\n', out);
}

static const char *nft_set_word(const struct set *set)
{
	return set->jumps ? "map" : "set";
}

static void print_set(const struct set *set, bool elements, FILE *out)
{
	char timeout[16];

	fprintf(out, "\t%s %s {\n\t\ttype %s%s\n", nft_set_word(set), set->name,
		set_key_name(set->key), set->jumps ? " : verdict" : "");
	if (set->size)
		fprintf(out, "\t\tsize %u\n", set->size);
	print_flags(set, out);
	if (set->timeout_s) {
		duration_print(timeout, set->timeout_s);
		fprintf(out, "\t\ttimeout %s\n", timeout);
	}
	if (elements)
		print_elements(set, out);
	fputs("\t}\n", out);
}

/* ---- rules ---- */

static void print_target(const char *before, const char *between,
			 const struct stmt *s, FILE *out)
{
	char text[RANGE_TEXT_MAX];

	if (s->target.family == 4)
		addr4_print(text, s->target.v4);
	else
		addr6_print(text, &s->target.v6);
	fprintf(out, "%s%s%s%s", before, s->target.family == 4 ? "ip" : "ip6",
		between, text);
}

static void print_set_match(const char *field, const struct set *set, FILE *out)
{
	fprintf(out, "%s %s @%s", set->key == KEY_IPV4 ? "ip" : "ip6", field,
		set->name);
}

static void print_meter(const struct stmt *s, const char *over, FILE *out)
{
	const struct set *set = s->meter.set;

	fprintf(out, "update @%s { %s limit rate %s%u/%s burst %u packets }",
		set->name,
		set->key == KEY_IPV4 ? "ip saddr" :
				       "ip6 saddr & ffff:ffff:ffff:ffff::",
		over, s->meter.rate.count, unit_name(s->meter.rate.unit_s),
		s->meter.rate.burst);
}

/* A source is an IPv4 address or an IPv6 /64, as a meter has it. */
static void print_seen(const struct set *set, FILE *out)
{
	fprintf(out, "add @%s { %s }", set->name,
		set->key == KEY_IPV4 ? "ip saddr" :
				       "ip6 saddr & ffff:ffff:ffff:ffff::");
}

static void print_bytes(const struct bytes_match *m, FILE *out)
{
	static const char *const ops[] = { "==", "!=", ">=" };

	fprintf(out, "@%s,%d,%d ", m->link ? "ll" : "nh", 8 * m->offset,
		8 * m->len);
	if (m->mask)
		fprintf(out, "& 0x%x ", m->mask);
	fprintf(out, "%s 0x%llx", ops[m->op], (unsigned long long)m->value);
}

/* Names the protocol where nft would look at a tag in its place. */
static const char *ip_version(const struct ruleset *rs, int family)
{
	if (rs->family == FAMILY_INET)
		return family == 4 ? "meta nfproto ipv4" : "meta nfproto ipv6";
	return family == 4 ? "meta protocol ip" : "meta protocol ip6";
}

static void print_stmt(const struct ruleset *rs, const struct stmt *s,
		       FILE *out)
{
	switch (s->kind) {
	case STMT_TCP:
		fputs("meta l4proto tcp", out);
		break;
	case STMT_SYN:
		fputs("tcp flags syn / syn,ack", out);
		break;
	case STMT_NOT_SYN:
		fputs("tcp flags != syn / syn,ack", out);
		break;
	case STMT_RST:
		fputs("tcp flags rst", out);
		break;
	case STMT_LOCAL:
		fputs("fib daddr type local", out);
		break;
	case STMT_SADDR_IS:
		print_target("", " saddr ", s, out);
		break;
	case STMT_DADDR_IS:
		print_target("", " daddr ", s, out);
		break;
	case STMT_FAMILY:
		fputs(ip_version(rs, s->target.family), out);
		break;
	case STMT_SADDR:
		print_set_match("saddr", s->set, out);
		break;
	case STMT_DADDR:
		print_set_match("daddr", s->set, out);
		break;
	case STMT_IIFNAME:
		fprintf(out, "iifname @%s", s->set->name);
		break;
	case STMT_OIFNAME:
		fprintf(out, "oifname @%s", s->set->name);
		break;
	case STMT_SKUID:
		fprintf(out, "meta skuid %u", s->id);
		break;
	case STMT_SKGID:
		fprintf(out, "meta skgid %u", s->id);
		break;
	case STMT_DNAT_TO:
		print_target("ct status dnat ", " daddr ", s, out);
		break;
	case STMT_DNAT_FROM:
		print_target("ct status dnat ", " saddr ", s, out);
		break;
	case STMT_DPORT:
		fprintf(out, "tcp dport vmap @%s", s->set->name);
		break;
	case STMT_SPORT:
		fprintf(out, "tcp sport vmap @%s", s->set->name);
		break;
	case STMT_DPORT_IS:
		fprintf(out, "tcp dport %u", s->port);
		break;
	case STMT_SPORT_IS:
		fprintf(out, "tcp sport %u", s->port);
		break;
	case STMT_FIRST4:
		fputs("ip frag-off & 0x3fff == 0x2000", out);
		break;
	case STMT_FIRST6:
		fprintf(out, "%s frag frag-off 0", ip_version(rs, 6));
		break;
	case STMT_SECOND4:
		fputs("ip frag-off & 0x1fff == 1", out);
		break;
	case STMT_EARLY6:
		fprintf(out, "%s frag frag-off < 2", ip_version(rs, 6));
		break;
	case STMT_HAS_FLAGS:
		fputs("tcp flags >= 0x0", out);
		break;
	case STMT_NOT_TCP:
		fputs("meta l4proto != tcp", out);
		break;
	case STMT_OPTIONS4:
		fputs("ip hdrlength != 5", out);
		break;
	case STMT_LOOSE4:
		fprintf(out, "%s ip option lsrr exists", ip_version(rs, 4));
		break;
	case STMT_STRICT4:
		fprintf(out, "%s ip option ssrr exists", ip_version(rs, 4));
		break;
	case STMT_ROUTED6:
		fprintf(out, "%s rt seg-left != 0", ip_version(rs, 6));
		break;
	case STMT_PROTOCOL:
		fprintf(out, "meta protocol 0x%04x", s->protocol);
		break;
	case STMT_NOT_PROTOCOL:
		fprintf(out, "meta protocol != 0x%04x", s->protocol);
		break;
	case STMT_BYTES:
		print_bytes(&s->bytes, out);
		break;
	case STMT_METER:
		print_meter(s, "", out);
		break;
	case STMT_METER_OVER:
		print_meter(s, "over ", out);
		break;
	case STMT_ARMED:
		fprintf(out, "meta l4proto @%s", s->set->name);
		break;
	case STMT_DISARM:
		fprintf(out, "delete @%s { meta l4proto }", s->set->name);
		break;
	case STMT_SEEN:
		print_seen(s->set, out);
		break;
	case STMT_COUNTER:
		fprintf(out, "counter name \"%s\"", s->counter->name);
		break;
	case STMT_LOG:
		fprintf(out,
			"log prefix \"%s\" group %u snaplen %u "
			"queue-threshold %u",
			s->log.prefix, s->log.group, s->log.snaplen,
			s->log.threshold);
		break;
	case STMT_ACCEPT:
		fputs("accept", out);
		break;
	case STMT_DROP:
		fputs("drop", out);
		break;
	case STMT_RESET:
		fputs("reject with tcp reset", out);
		break;
	case STMT_REJECT:
		fputs("reject with icmpx admin-prohibited", out);
		break;
	case STMT_JUMP:
		fprintf(out, "jump %s", s->chain);
		break;
	case STMT_GOTO:
		fprintf(out, "goto %s", s->chain);
		break;
	case STMT_RETURN:
		fputs("return", out);
		break;
	case STMT_DNAT:
		print_target("dnat ", " to ", s, out);
		break;
	}
}

static void print_rule(const struct ruleset *rs, const struct rule *rule,
		       FILE *out)
{
	fputc('\t', out);
	for (unsigned int i = 0; i < rule->n; i++) {
		fputc(i ? ' ' : '\t', out);
		print_stmt(rs, &rule->stmts[i], out);
	}
	if (rule->comment)
		fprintf(out, " comment \"%s\"", rule->comment);
	fputc('\n', out);
}

static void nft_print_devices(const struct words *devices, FILE *out)
{
	if (devices->n == 1) {
		fprintf(out, " device \"%s\"", devices->items[0].text);
		return;
	}
	fputs(" devices = {", out);
	for (size_t i = 0; i < devices->n; i++)
		fprintf(out, "%s \"%s\"", i ? "," : "", devices->items[i].text);
	fputs(" }", out);
}

static void print_chain(const struct ruleset *rs, const struct chain *chain,
			FILE *out)
{
	const struct base_hook_info *base = base_hook_info(chain->hook);

	fprintf(out, "\n\tchain %s {\n", chain->name);
	if (base) {
		fprintf(out, "\t\ttype %s hook %s", base->type, base->hook);
		if (rs->family == FAMILY_NETDEV)
			nft_print_devices(rs->devices, out);
		fprintf(out, " priority %s; policy accept;\n",
			base->priority_name);
	}
	for (size_t i = 0; i < chain->rules.n; i++)
		print_rule(rs, &chain->rules.items[i], out);
	fputs("\t}\n", out);
}

/* ---- the file ---- */

static bool has_fixed_elements(const struct set *set)
{
	return set->v4 || set->v6 || set->jumps;
}

static void print_header(const struct ruleset *rs, FILE *out)
{
	const struct policy *p = rs->policy;

	fprintf(out, "#!/usr/sbin/nft -f\n# policy %s, digest sha256:%s\n",
		p->name, rs->digest);
	if (p->purpose)
		fprintf(out, "# purpose: %s\n", p->purpose);
	if (p->contact)
		fprintf(out, "# contact: %s\n", p->contact);
	fputs("#\n# Made by mailwall; edit the policy, not this file. Loading "
	      "it again changes\n# nothing: counters and dynamic elements "
	      "stay, other tables are not touched.\n",
	      out);
	if (ruleset_looks_inside(p))
		fputs("#\n# Left out, since nft has no words for them: rules "
		      "that look behind a second\n# tag, PPPoE, MPLS, LLC and "
		      "SNAP. mailwall apply loads them, too.\n",
		      out);
	fputc('\n', out);
}

/*
 * Sets are declared before they are flushed, since at the first load there
 * is nothing to flush; the rules go with the table's flush.
 */
static void print_clearing(const struct ruleset *rs, FILE *out)
{
	const char *family = family_name(rs->family);

	fprintf(out, "table %s %s {\n\tcomment \"%s\"\n", family, TABLE_NAME,
		TABLE_COMMENT);
	for (size_t i = 0; i < rs->sets.n; i++)
		print_set(rs->sets.items[i], false, out);
	fprintf(out, "}\n\nflush table %s %s\n", family, TABLE_NAME);
	for (size_t i = 0; i < rs->sets.n; i++)
		if (has_fixed_elements(rs->sets.items[i]))
			fprintf(out, "flush %s %s %s %s\n",
				nft_set_word(rs->sets.items[i]), family,
				TABLE_NAME, rs->sets.items[i]->name);
	fputc('\n', out);
}

void emit_nft(const struct ruleset *rs, FILE *out)
{
	print_header(rs, out);
	print_clearing(rs, out);
	fprintf(out, "table %s %s {\n\tcomment \"%s\"\n\n",
		family_name(rs->family), TABLE_NAME, TABLE_COMMENT);
	for (size_t i = 0; i < rs->counters.n; i++)
		fprintf(out, "\tcounter %s {\n\t}\n",
			rs->counters.items[i]->name);
	for (size_t i = 0; i < rs->sets.n; i++) {
		fputc('\n', out);
		print_set(rs->sets.items[i], true, out);
	}
	for (size_t i = 0; i < rs->chains.n; i++)
		print_chain(rs, rs->chains.items[i], out);
	fputs("}\n", out);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "digest_expr.h"

#include <errno.h>
#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define FIELDS_MOST 8

static bool digest_is_word(const char *text)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				    "-_./:*@";

	return *text && !text[strspn(text, plain)];
}

void digest_print_text(FILE *out, const char *text)
{
	if (digest_is_word(text)) {
		fprintf(out, " %s", text);
		return;
	}
	fputs(" \"", out);
	for (; *text; text++) {
		uint8_t byte = (uint8_t)*text;

		if (byte < ' ' || byte == '"' || byte == '\\')
			fprintf(out, "\\x%02x", byte);
		else
			fputc(byte, out);
	}
	fputc('"', out);
}

/* ---- fields ---- */

enum field_type {
	FIELD_END,
	FIELD_NUMBER, /* zero is not written: the kernel fills zeros in */
	FIELD_ALWAYS, /* a number that says something by being there */
	FIELD_TEXT,
	FIELD_VALUE, /* as wide as the register that it is compared to */
	FIELD_VERDICT,
};

struct expr_field {
	const char *word;
	uint16_t attr;
	enum field_type type;
	uint32_t without;	  /* bits that the kernel adds */
	const char *const *words; /* for numbers up to the first NULL */
};

struct expr_kind {
	const char *name;
	struct expr_field fields[FIELDS_MOST];
};

/* A rule being written: does register 1 hold a number of the host? */
struct expr_writer {
	FILE *out;
	bool host_number;
};

/* libnftnl keeps numbers in the byte order of the host. */
static uint64_t digest_number(const void *data, uint32_t len)
{
	uint8_t n8;
	uint16_t n16;
	uint32_t n32;
	uint64_t n64;

	switch (len) {
	case sizeof(n8):
		memcpy(&n8, data, len);
		return n8;
	case sizeof(n16):
		memcpy(&n16, data, len);
		return n16;
	case sizeof(n32):
		memcpy(&n32, data, len);
		return n32;
	case sizeof(n64):
		memcpy(&n64, data, len);
		return n64;
	}
	return UINT64_MAX;
}

/* Writes a number that has a word as that word, its field's name aside. */
static bool put_word(const struct expr_writer *w, const char *const *words,
		     uint64_t number)
{
	for (uint64_t i = 0; words && words[i]; i++)
		if (i == number) {
			fprintf(w->out, " %s", words[i]);
			return true;
		}
	return false;
}

static void put_number(const struct expr_writer *w, const struct expr_field *f,
		       const void *data, uint32_t len)
{
	uint64_t number = digest_number(data, len) & ~(uint64_t)f->without;

	if (put_word(w, f->words, number))
		return;
	if (number || f->type == FIELD_ALWAYS)
		fprintf(w->out, " %s %ju", f->word, (uintmax_t)number);
}

static void put_register(const struct expr_writer *w,
			 const struct expr_field *f, const void *data,
			 uint32_t len)
{
	const uint8_t *bytes = data;

	if (w->host_number && len <= sizeof(uint64_t)) {
		fprintf(w->out, " %s %ju", f->word,
			(uintmax_t)digest_number(data, len));
		return;
	}
	fprintf(w->out, " %s 0x", f->word);
	for (uint32_t i = 0; i < len; i++)
		fprintf(w->out, "%02x", bytes[i]);
}

static void put_verdict_word(const struct expr_writer *w, int32_t verdict)
{
	static const struct {
		int32_t verdict;
		const char *word;
	} words[] = {
		{ NF_DROP, "drop" },	      { NF_ACCEPT, "accept" },
		{ NFT_CONTINUE, "continue" }, { NFT_BREAK, "break" },
		{ NFT_JUMP, "jump" },	      { NFT_GOTO, "goto" },
		{ NFT_RETURN, "return" },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (words[i].verdict == verdict) {
			fprintf(w->out, " %s", words[i].word);
			return;
		}
	fprintf(w->out, " verdict %d", (int)verdict);
}

static void put_field(const struct expr_writer *w, const struct expr_field *f,
		      struct nftnl_expr *e)
{
	uint32_t len = 0;
	const void *data = nftnl_expr_is_set(e, f->attr) ?
				   nftnl_expr_get(e, f->attr, &len) :
				   NULL;

	if (!data)
		return;
	switch (f->type) {
	case FIELD_NUMBER:
	case FIELD_ALWAYS:
		put_number(w, f, data, len);
		break;
	case FIELD_TEXT:
		fprintf(w->out, " %s", f->word);
		digest_print_text(w->out, data);
		break;
	case FIELD_VALUE:
		put_register(w, f, data, len);
		break;
	case FIELD_VERDICT:
		put_verdict_word(w, (int32_t)digest_number(data, len));
		break;
	case FIELD_END:
		break;
	}
}

/* ---- kinds ---- */

static const char *const meta_words[] = {
	"len",	   "protocol",	"priority", "mark",    "iif",	  "oif",
	"iifname", "oifname",	"iiftype",  "oiftype", "skuid",	  "skgid",
	"nftrace", "rtclassid", "secmark",  "nfproto", "l4proto", NULL
};
static const char *const base_words[] = { "link", "network", "transport",
					  NULL };
static const char *const compare_words[] = { "eq", "neq", "lt", "lte",
					     "gt", "gte", NULL };

#define WORD(words, attr)                                                      \
	{                                                                      \
		"number", attr, FIELD_ALWAYS, 0, words                         \
	}
#define NUMBER(word, attr)                                                     \
	{                                                                      \
		word, attr, FIELD_NUMBER, 0, NULL                              \
	}
#define WITHOUT(word, attr, bits)                                              \
	{                                                                      \
		word, attr, FIELD_NUMBER, bits, NULL                           \
	}
#define ALWAYS(word, attr)                                                     \
	{                                                                      \
		word, attr, FIELD_ALWAYS, 0, NULL                              \
	}
#define TEXT(word, attr)                                                       \
	{                                                                      \
		word, attr, FIELD_TEXT, 0, NULL                                \
	}
#define VALUE(word, attr)                                                      \
	{                                                                      \
		word, attr, FIELD_VALUE, 0, NULL                               \
	}
#define VERDICT(attr)                                                          \
	{                                                                      \
		"", attr, FIELD_VERDICT, 0, NULL                               \
	}

/*
 * NF_NAT_RANGE_MAP_IPS is set by the kernel, as is the last address of a NAT,
 * which is the first; a lookup's set has a name and no number.
 */
static const struct expr_kind kinds[] = {
	{ "meta",
	  { WORD(meta_words, NFTNL_EXPR_META_KEY),
	    NUMBER("to", NFTNL_EXPR_META_DREG),
	    NUMBER("from", NFTNL_EXPR_META_SREG) } },
	{ "payload",
	  { WORD(base_words, NFTNL_EXPR_PAYLOAD_BASE),
	    NUMBER("offset", NFTNL_EXPR_PAYLOAD_OFFSET),
	    NUMBER("bytes", NFTNL_EXPR_PAYLOAD_LEN),
	    NUMBER("to", NFTNL_EXPR_PAYLOAD_DREG),
	    NUMBER("from", NFTNL_EXPR_PAYLOAD_SREG) } },
	{ "exthdr",
	  { NUMBER("op", NFTNL_EXPR_EXTHDR_OP),
	    NUMBER("type", NFTNL_EXPR_EXTHDR_TYPE),
	    NUMBER("offset", NFTNL_EXPR_EXTHDR_OFFSET),
	    NUMBER("bytes", NFTNL_EXPR_EXTHDR_LEN),
	    NUMBER("flags", NFTNL_EXPR_EXTHDR_FLAGS),
	    NUMBER("to", NFTNL_EXPR_EXTHDR_DREG),
	    NUMBER("from", NFTNL_EXPR_EXTHDR_SREG) } },
	{ "fib",
	  { NUMBER("result", NFTNL_EXPR_FIB_RESULT),
	    NUMBER("flags", NFTNL_EXPR_FIB_FLAGS),
	    NUMBER("to", NFTNL_EXPR_FIB_DREG) } },
	{ "ct",
	  { NUMBER("key", NFTNL_EXPR_CT_KEY),
	    NUMBER("direction", NFTNL_EXPR_CT_DIR),
	    NUMBER("to", NFTNL_EXPR_CT_DREG),
	    NUMBER("from", NFTNL_EXPR_CT_SREG) } },
	{ "cmp",
	  { WORD(compare_words, NFTNL_EXPR_CMP_OP),
	    NUMBER("from", NFTNL_EXPR_CMP_SREG),
	    VALUE("value", NFTNL_EXPR_CMP_DATA) } },
	{ "range",
	  { NUMBER("op", NFTNL_EXPR_RANGE_OP),
	    NUMBER("from", NFTNL_EXPR_RANGE_SREG),
	    VALUE("first", NFTNL_EXPR_RANGE_FROM_DATA),
	    VALUE("last", NFTNL_EXPR_RANGE_TO_DATA) } },
	{ "bitwise",
	  { NUMBER("op", NFTNL_EXPR_BITWISE_OP),
	    NUMBER("from", NFTNL_EXPR_BITWISE_SREG),
	    NUMBER("to", NFTNL_EXPR_BITWISE_DREG),
	    NUMBER("bytes", NFTNL_EXPR_BITWISE_LEN),
	    VALUE("and", NFTNL_EXPR_BITWISE_MASK),
	    VALUE("xor", NFTNL_EXPR_BITWISE_XOR),
	    NUMBER("shift", NFTNL_EXPR_BITWISE_DATA) } },
	{ "lookup",
	  { NUMBER("from", NFTNL_EXPR_LOOKUP_SREG),
	    TEXT("set", NFTNL_EXPR_LOOKUP_SET),
	    NUMBER("to", NFTNL_EXPR_LOOKUP_DREG),
	    NUMBER("flags", NFTNL_EXPR_LOOKUP_FLAGS) } },
	{ "dynset",
	  { NUMBER("op", NFTNL_EXPR_DYNSET_OP),
	    NUMBER("from", NFTNL_EXPR_DYNSET_SREG_KEY),
	    NUMBER("data", NFTNL_EXPR_DYNSET_SREG_DATA),
	    TEXT("set", NFTNL_EXPR_DYNSET_SET_NAME),
	    NUMBER("timeout", NFTNL_EXPR_DYNSET_TIMEOUT),
	    NUMBER("flags", NFTNL_EXPR_DYNSET_FLAGS) } },
	{ "limit",
	  { NUMBER("rate", NFTNL_EXPR_LIMIT_RATE),
	    NUMBER("seconds", NFTNL_EXPR_LIMIT_UNIT),
	    NUMBER("burst", NFTNL_EXPR_LIMIT_BURST),
	    NUMBER("type", NFTNL_EXPR_LIMIT_TYPE),
	    NUMBER("flags", NFTNL_EXPR_LIMIT_FLAGS) } },
	{ "objref",
	  { NUMBER("type", NFTNL_EXPR_OBJREF_IMM_TYPE),
	    TEXT("name", NFTNL_EXPR_OBJREF_IMM_NAME),
	    NUMBER("from", NFTNL_EXPR_OBJREF_SET_SREG),
	    TEXT("set", NFTNL_EXPR_OBJREF_SET_NAME) } },
	{ "log",
	  { TEXT("prefix", NFTNL_EXPR_LOG_PREFIX),
	    ALWAYS("group", NFTNL_EXPR_LOG_GROUP),
	    NUMBER("snaplen", NFTNL_EXPR_LOG_SNAPLEN),
	    NUMBER("threshold", NFTNL_EXPR_LOG_QTHRESHOLD),
	    ALWAYS("level", NFTNL_EXPR_LOG_LEVEL),
	    NUMBER("flags", NFTNL_EXPR_LOG_FLAGS) } },
	{ "reject",
	  { ALWAYS("type", NFTNL_EXPR_REJECT_TYPE),
	    NUMBER("code", NFTNL_EXPR_REJECT_CODE) } },
	{ "immediate",
	  { NUMBER("to", NFTNL_EXPR_IMM_DREG),
	    VALUE("value", NFTNL_EXPR_IMM_DATA),
	    VERDICT(NFTNL_EXPR_IMM_VERDICT),
	    TEXT("chain", NFTNL_EXPR_IMM_CHAIN) } },
	{ "nat",
	  { NUMBER("type", NFTNL_EXPR_NAT_TYPE),
	    NUMBER("family", NFTNL_EXPR_NAT_FAMILY),
	    NUMBER("address", NFTNL_EXPR_NAT_REG_ADDR_MIN),
	    NUMBER("port", NFTNL_EXPR_NAT_REG_PROTO_MIN),
	    NUMBER("last-port", NFTNL_EXPR_NAT_REG_PROTO_MAX),
	    WITHOUT("flags", NFTNL_EXPR_NAT_FLAGS, 1) } },
};

static const struct expr_kind *kind_named(const char *name)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (!strcmp(kinds[i].name, name))
			return &kinds[i];
	return NULL;
}

/* ---- rules ---- */

/* Ids, marks, address types and states are numbers; addresses, ports and
 * protocols stand as in the packet. */
static bool loads_host_number(const char *kind, struct nftnl_expr *e)
{
	if (!strcmp(kind, "meta"))
		switch (nftnl_expr_get_u32(e, NFTNL_EXPR_META_KEY)) {
		case NFT_META_PROTOCOL:
		case NFT_META_IIFNAME:
		case NFT_META_OIFNAME:
			return false;
		default:
			return true;
		}
	return !strcmp(kind, "fib") || !strcmp(kind, "ct");
}

static bool loads_register(const char *kind)
{
	static const char *const loading[] = { "meta", "payload", "exthdr",
					       "fib",  "ct",	  "immediate" };

	for (size_t i = 0; i < sizeof(loading) / sizeof(*loading); i++)
		if (!strcmp(loading[i], kind))
			return true;
	return false;
}

/* An expression that mailwall never makes is named: no digest of ours has it.
 */
static int print_expr(struct nftnl_expr *e, void *ctx)
{
	struct expr_writer *w = ctx;
	const char *name = nftnl_expr_get_str(e, NFTNL_EXPR_NAME);
	const struct expr_kind *kind = kind_named(name);

	if (loads_register(name))
		w->host_number = loads_host_number(name, e);
	fprintf(w->out, "    %s%s", name, kind ? "" : " unknown");
	for (size_t i = 0;
	     kind && i < FIELDS_MOST && kind->fields[i].type != FIELD_END; i++)
		put_field(w, &kind->fields[i], e);
	fputc('\n', w->out);
	if (kind && !strcmp(name, "dynset"))
		nftnl_expr_expr_foreach(e, print_expr, w);
	return 0;
}

int digest_print_rule(FILE *out, struct nftnl_rule *rule)
{
	struct expr_writer w = { .out = out };
	struct nftnl_expr_iter *i = nftnl_expr_iter_create(rule);
	struct nftnl_expr *e;

	if (!i)
		return -ENOMEM;
	while ((e = nftnl_expr_iter_next(i)))
		print_expr(e, &w);
	nftnl_expr_iter_destroy(i);
	return 0;
}

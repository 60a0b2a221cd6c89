/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages of the kernel for "log prefix" of nft and for LOG of iptables, as
 * net/netfilter/nf_log_syslog.c prints them:
 *
 *	PREFIXIN=eth1 OUT=eth0 MAC=... SRC=100.64.0.7 DST=192.0.2.9 LEN=60
 *	TOS=0x00 PREC=0x00 TTL=63 ID=4660 DF PROTO=TCP SPT=51234 DPT=25 SEQ=1
 *	ACK=0 WINDOW=64240 RES=0x00 SYN URGP=0
 *
 * An ICMP error quotes such a packet in brackets behind its own PROTO=ICMP.
 */
#include "log_priv.h"

#define NAME_MOST 16 /* IFNAMSIZ */

/* ---- fields ---- */

enum {
	HAS_SRC = 1,
	HAS_DST = 2,
	HAS_SPT = 4,
	HAS_DPT = 8,
	HAS_TCP = 16,
	HAS_END = 32, /* URGP=, behind the flags */
	HAS_FRAGMENT = 64,
	HAS_CUT = 128,
	HAS_OTHER = 256, /* another protocol, or port */
};

struct fields {
	const struct port_bits *ports;
	unsigned int has;
	struct scan source, destination;
	int64_t source_port, port, seq;
	uint8_t flags;
};

/* Fields that an event needs. The first that is missing is reported. */
static const struct {
	unsigned int bit;
	const char *why;
} needed[] = {
	{ HAS_SRC, "has no SRC=" },	  { HAS_DST, "has no DST=" },
	{ HAS_SPT, "has no SPT=" },	  { HAS_DPT, "has no DPT=" },
	{ HAS_END, "ends before URGP=" },
};

#define WORD(a, b, c, d)                                                       \
	((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 |      \
	 (uint32_t)(d))

/*
 * Packs the first four bytes of a word; a word of three is padded with a space.
 */
static uint32_t word_begin(const struct scan *w)
{
	const uint8_t *p = (const uint8_t *)w->at;

	if (scan_left(w) >= 4)
		return WORD(p[0], p[1], p[2], p[3]);
	if (scan_left(w) == 3)
		return WORD(p[0], p[1], p[2], ' ');
	return 0;
}

/* The number behind a name of four characters, "SPT=", else -1. */
static int64_t word_number(struct scan w)
{
	int64_t value;

	w.at += 4;
	value = scan_number(&w, 10);
	return w.at == w.end ? value : -1;
}

static void see_text(struct fields *f, unsigned int bit, struct scan *to,
		     struct scan w)
{
	if (f->has & bit)
		return;
	f->has |= bit;
	*to = (struct scan){ w.at + 4, w.end };
}

/* Ports count only behind PROTO=TCP. */
static void see_number(struct fields *f, unsigned int bit, int64_t *to,
		       struct scan w)
{
	if (f->has & bit || !(f->has & HAS_TCP))
		return;
	f->has |= bit;
	*to = word_number(w);
}

/* A flag is a word of its own between RES= and URGP=; "ACK=0" is a number. */
static void see_flag(struct fields *f, uint8_t flag, const struct scan *w)
{
	if (scan_left(w) == 3 && (f->has & HAS_DPT))
		f->flags |= flag;
}

/* False: the port is not watched, so the rest of the line does not matter. */
static bool see_port(struct fields *f, struct scan w)
{
	see_number(f, HAS_DPT, &f->port, w);
	if (f->port >= 0 && f->port <= UINT16_MAX &&
	    !log_wants(f->ports, (uint16_t)f->port))
		f->has |= HAS_OTHER;
	return !(f->has & HAS_OTHER);
}

/* False: the rest of the line is not of this packet, or not wanted. */
static bool see_word(struct fields *f, struct scan w)
{
	switch (word_begin(&w)) {
	case WORD('S', 'R', 'C', '='):
		see_text(f, HAS_SRC, &f->source, w);
		break;
	case WORD('D', 'S', 'T', '='):
		see_text(f, HAS_DST, &f->destination, w);
		break;
	case WORD('P', 'R', 'O', 'T'):
		f->has |= scan_left(&w) == 9 && scan_is(&w, "PROTO=TCP", 9) ?
				  HAS_TCP :
				  HAS_OTHER;
		return f->has & HAS_TCP;
	case WORD('S', 'P', 'T', '='):
		see_number(f, HAS_SPT, &f->source_port, w);
		break;
	case WORD('D', 'P', 'T', '='):
		return see_port(f, w);
	case WORD('S', 'E', 'Q', '='):
		f->seq = word_number(w);
		break;
	case WORD('S', 'Y', 'N', ' '):
		see_flag(f, TCP_SYN, &w);
		break;
	case WORD('A', 'C', 'K', ' '):
		see_flag(f, TCP_ACK, &w);
		break;
	case WORD('R', 'S', 'T', ' '):
		see_flag(f, TCP_RST, &w);
		break;
	case WORD('F', 'I', 'N', ' '):
		see_flag(f, TCP_FIN, &w);
		break;
	case WORD('F', 'R', 'A', 'G'):
		f->has |= HAS_FRAGMENT;
		break;
	case WORD('I', 'N', 'C', 'O'):
		f->has |= HAS_CUT;
		return false;
	case WORD('U', 'R', 'G', 'P'):
		f->has |= scan_left(&w) > 5 && w.at[4] == '=' ? HAS_END : 0;
		return false;
	default:
		return *w.at != '[';
	}
	return true;
}

static void scan_fields(struct scan s, const struct port_bits *ports,
			struct fields *f)
{
	*f = (struct fields){
		.ports = ports, .source_port = -1, .port = -1, .seq = -1
	};
	for (scan_spaces(&s); s.at < s.end; scan_spaces(&s))
		if (!see_word(f, scan_word(&s)))
			return;
}

/* ---- the packet ---- */

static const char *log_kernel_missing(const struct fields *f)
{
	if (f->has & HAS_CUT)
		return "the kernel had not all of the packet";
	for (size_t i = 0; i < sizeof(needed) / sizeof(*needed); i++)
		if (!(f->has & needed[i].bit))
			return needed[i].why;
	if (f->source_port < 0 || f->source_port > UINT16_MAX)
		return "SPT= is not a port";
	if (f->port < 0 || f->port > UINT16_MAX)
		return "DPT= is not a port";
	return NULL;
}

static const char *fill_addresses(const struct fields *f, struct log_event *out)
{
	int family = log_address(f->source, &out->source);

	if (!family)
		return "SRC= is not an address";
	out->family = (uint8_t)family;
	family = log_address(f->destination, &out->destination);
	if (!family)
		return "DST= is not an address";
	return family == out->family ? NULL :
				       "SRC= and DST= are of two families";
}

static void fill_numbers(const struct fields *f, struct log_event *out)
{
	out->source_port = (uint16_t)f->source_port;
	out->port = (uint16_t)f->port;
	out->flags = f->flags;
	out->kind = LOG_PACKET;
	out->has_seq = f->seq >= 0 && f->seq <= UINT32_MAX;
	out->seq = out->has_seq ? (uint32_t)f->seq : 0;
}

static enum log_result fill(const struct fields *f, struct log_event *out,
			    const char **why)
{
	/* Only the first fragment has ports. */
	if (f->has & HAS_FRAGMENT && !(f->has & HAS_DPT))
		return LOG_NOT_OURS;
	*why = log_kernel_missing(f);
	if (*why)
		return LOG_BAD;
	if (!log_is_opening(f->flags))
		return LOG_NOT_OURS;
	*why = fill_addresses(f, out);
	if (*why)
		return LOG_BAD;
	fill_numbers(f, out);
	return LOG_EVENT;
}

/* ---- the message ---- */

/* Goes back from " OUT=" over the name of one interface, to "IN=". */
static const char *find_in(const char *start, const char *out)
{
	const char *p = out;

	while (p > start && p[-1] != ' ' && out - p < NAME_MOST + 3) {
		p--;
		if (out - p >= 3 && !memcmp(p, "IN=", 3))
			return p;
	}
	return NULL;
}

/* Splits a message at IN=, which may follow the prefix without a space. */
static bool find_fields(const struct scan *message, struct scan *prefix,
			struct scan *fields)
{
	struct scan s = *message;

	while ((s.at = memchr(s.at, '=', scan_left(&s)))) {
		const char *out, *in;

		s.at++;
		if (s.at - message->at < 8 || memcmp(s.at - 5, " OUT", 4))
			continue;
		out = s.at - 5;
		in = find_in(message->at, out);
		if (!in)
			continue;
		*prefix = (struct scan){ message->at, in };
		*fields = (struct scan){ out, message->end };
		return true;
	}
	return false;
}

enum log_result kernel_message(const struct port_bits *ports,
			       struct scan message, struct log_event *out,
			       const char **why)
{
	struct scan prefix, text;
	struct fields f;
	enum log_result result;

	if (!find_fields(&message, &prefix, &text))
		return scan_find(&message, " PROTO=TCP ") ?
			       log_bad(why, "has no IN= and OUT=") :
			       LOG_NOT_OURS;
	scan_fields(text, ports, &f);
	if (!(f.has & HAS_TCP) || f.has & HAS_OTHER)
		return LOG_NOT_OURS;
	memset(out, 0, sizeof(*out));
	result = fill(&f, out, why);
	if (result == LOG_EVENT)
		log_prefix(prefix, out);
	return result;
}

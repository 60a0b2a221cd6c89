/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An engine takes any packets, in any order and at any time: every attempt
 * ends once, counts add up, memory stays within its limit, and time, as it
 * counts it, does not hang it.
 *
 * The input is a sequence of records of eight bytes: what (below), source,
 * destination, ports (source above, destination below), number of the SYN,
 * seconds and its power (two bits), input, length of what follows.
 */
#include "fuzz.h"
#include "../unit/packet.h"
#include "../../plugin/engine/engine.h"

#define RECORD_BYTES 8
#define SECOND	     1000000

enum {
	DO_SYN,
	DO_SYN_ACK,
	DO_ACK,
	DO_RST,
	DO_CLIENT_SAYS,
	DO_SERVER_SAYS,
	DO_UNREACHABLE,
	DO_LOGGED,
	DO_FRAME,
	DO_TIME,
	DO_SUMMARY,
	DO_BURST,
	DO_N
};

struct seen {
	uint64_t ended[OUTCOME_N], findings;
};

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	return 0;
}

static void see_attempt(void *ctx, const struct attempt_event *a)
{
	struct seen *seen = ctx;

	must(a->outcome < OUTCOME_N && outcome_name(a->outcome),
	     "an outcome has a name");
	must(a->syns > 0, "an attempt has a SYN");
	must(a->last_us >= a->time_us, "its last SYN is not before its first");
	must(!a->clause || strlen(a->clause) >= 3, "a clause has a name");
	must(a->family == 4 || a->family == 6, "and a family");
	seen->ended[a->outcome]++;
}

static void see_finding(void *ctx, const struct finding *f)
{
	struct seen *seen = ctx;

	must(f->detector < DETECTOR_N, "a detector found it");
	must(f->n_examples <= EXAMPLES_MOST, "with a few examples");
	seen->findings++;
}

static void see_source(void *ctx, const struct source_view *v)
{
	must(v->n_ports <= PORTS_MOST && v->score >= 0, "a source has facts");
	++*(uint64_t *)ctx;
}

static void check_summary(struct engine *e, const struct seen *seen, bool ended)
{
	struct engine_summary s;
	uint64_t attempts = 0, answered = 0, others = 0, open = 0, sources = 0;
	uint64_t findings = 0, failed;

	engine_summary(e, &s);
	engine_sources(e, see_source, &sources);
	for (size_t i = 0; i < s.n_ports; i++) {
		const struct port_counts *p = &s.ports[i];

		must(p->syns >= p->attempts, "no attempt without a SYN");
		must(p->established <= p->answered, "none half, none whole");
		must(p->open <= p->attempts, "not more outcomes than attempts");
		attempts += p->attempts;
		answered += p->answered;
		others += p->refused + p->icmp_refused + p->unanswered +
			  p->blocked;
		open += p->open;
	}
	for (int i = 0; i < FINDING_N; i++)
		findings += s.findings[i];
	must(findings == seen->findings, "findings are counted");
	must(sources == s.sources, "sources are counted");
	must(s.memory <= ENGINE_MEMORY_LEAST, "memory has a limit");
	must(attempts == answered + others + open, "counts add up");
	failed = seen->ended[OUTCOME_UNANSWERED] +
		 seen->ended[OUTCOME_REFUSED] +
		 seen->ended[OUTCOME_ICMP_REFUSED] +
		 seen->ended[OUTCOME_BLOCKED];
	/* An outcome counts when it is known, and is told again at the end. */
	must(ended ? others == failed : others >= failed,
	     "what failed was told once");
	must(seen->ended[OUTCOME_ANSWERED] <= answered, "so was what did not");
	must(!ended || (!open && seen->ended[OUTCOME_ANSWERED] == answered),
	     "at the end everything was told");
}

/* Just these bytes, so that the sanitizer sees where they end. */
static void give(struct engine *e, struct frame f)
{
	uint8_t *copy = malloc(f.caplen ? f.caplen : 1);

	if (!copy)
		abort();
	if (f.caplen)
		memcpy(copy, f.data, f.caplen);
	f.data = copy;
	engine_frame(e, &f);
	free(copy);
}

static void give_packet(struct engine *e, const struct packet_of *p,
			int64_t now_us, uint8_t input)
{
	uint8_t bytes[2 * PACKET_MOST];

	give(e, packet_frame(p, now_us, input, bytes));
}

static struct packet_of packet_from(const uint8_t *r)
{
	static const uint16_t ports[] = { 25,  110, 143, 465,
					  587, 993, 995, 40000 };

	return (struct packet_of){
		.family = r[1] & 0x80 ? 6 : 4,
		.source = 0x0a000000u | r[1],
		.destination = 0xc0000000u | (uint32_t)r[2] << 12,
		.source_port = r[3] & 0x80 ? ports[r[3] >> 4 & 7] :
					     (uint16_t)(30000 + (r[3] >> 4)),
		.destination_port = ports[r[3] & 7],
		.seq = r[4] * 0x01010101u,
		.flags = TCP_SYN,
	};
}

/* The other way. */
static struct packet_of reply_to(struct packet_of p)
{
	struct packet_of back = p;

	back.source = p.destination;
	back.destination = p.source;
	back.source_port = p.destination_port;
	back.destination_port = p.source_port;
	back.seq = ~p.seq;
	back.ack = p.seq + 1;
	return back;
}

/* One source, many networks. */
static void burst(struct engine *e, struct packet_of p, int64_t now_us,
		  unsigned int n)
{
	for (unsigned int i = 0; i < 16 * n; i++) {
		p.destination += 0x10000;
		p.source_port++;
		give_packet(e, &p, now_us, 0);
	}
}

static void act(struct engine *e, const struct seen *seen, const uint8_t *r,
		size_t n, int64_t now_us)
{
	static const uint16_t links[] = { LINK_ETHERNET, LINK_NFLOG, LINK_RAW,
					  LINK_SLL };
	struct packet_of p = packet_from(r);
	struct frame f = { .data = r + RECORD_BYTES,
			   .caplen = (uint32_t)n,
			   .len = (uint32_t)n,
			   .time_us = now_us,
			   .link = links[r[4] % 4],
			   .input = r[6] & 1 };
	char prefix[256];

	switch (r[0] % DO_N) {
	case DO_SYN:
		break;
	case DO_SYN_ACK:
		p = reply_to(p);
		p.flags = TCP_SYN | TCP_ACK;
		break;
	case DO_ACK:
		p.ack = ~p.seq + 1;
		p.seq++;
		p.flags = TCP_ACK;
		break;
	case DO_RST:
		p = reply_to(p);
		p.flags = TCP_RST | TCP_ACK;
		break;
	case DO_SERVER_SAYS:
		p = reply_to(p);
		/* fall through */
	case DO_CLIENT_SAYS:
		p.seq++;
		p.flags = TCP_ACK;
		p.payload = r + RECORD_BYTES;
		p.payload_len = (uint16_t)n;
		break;
	case DO_UNREACHABLE:
		p.unreachable = true;
		break;
	case DO_LOGGED:
		memcpy(prefix, r + RECORD_BYTES, n);
		prefix[n] = '\0';
		p.prefix = prefix;
		break;
	case DO_FRAME:
		give(e, f);
		return;
	case DO_TIME:
		engine_time(e, now_us);
		return;
	case DO_SUMMARY:
		check_summary(e, seen, false);
		return;
	default:
		burst(e, p, now_us, r[4]);
		return;
	}
	give_packet(e, &p, now_us, r[6] & 1);
}

/* -128 s to 127 s, or minutes, or hours. */
static int64_t passed_us(const uint8_t *r)
{
	static const int32_t unit[] = { 1, 1, 60, 3600 };

	return (int64_t)(int8_t)r[5] * unit[r[6] >> 6] * SECOND;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct seen seen = { 0 };
	struct engine_config config = { .key = { 1, 2 },
					.memory = 1,
					.skip_warmup = true,
					.ctx = &seen,
					.attempt = see_attempt,
					.finding = see_finding };
	int64_t now_us = INT64_C(1767571200) * SECOND;
	struct engine *e;

	if (engine_new(&config, &e))
		abort();
	while (size >= RECORD_BYTES) {
		const uint8_t *r = data;
		size_t n;

		size -= RECORD_BYTES;
		n = r[7] < size ? r[7] : size;
		/* Only some have something behind them. */
		if (r[0] % DO_N < DO_CLIENT_SAYS || r[0] % DO_N > DO_FRAME)
			n = 0;
		now_us += passed_us(r);
		if (now_us <= 0)
			now_us = SECOND;
		act(e, &seen, r, n, now_us);
		data += RECORD_BYTES + n;
		size -= n;
	}
	engine_end(e);
	check_summary(e, &seen, true);
	engine_free(e);
	return 0;
}

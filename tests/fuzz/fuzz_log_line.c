/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any bytes are read as lines of any log within their bounds. An event is
 * whole, and is the same when only its port is watched; addresses are those of
 * inet_pton().
 *
 * The first byte is the format, by log_format_at(), the rest are lines.
 */
#include "fuzz.h"
#include "../../tools/import/log_line.h"

#include <arpa/inet.h>

#define YEAR_S	  (INT64_C(366) * 86400)
#define LATEST_US (INT64_C(253402300800) * 1000000)

static struct port_bits mail, single;
static struct log_hosts *hosts;
static const struct log_format *kernel;

/* Some zone in which every other day there is no time before noon. */
static int64_t local(void *ctx, int year, int month, int day, int hour,
		     int minute, int second)
{
	(void)ctx;
	must(year >= 1970 && year <= 9999 && month >= 1 && month <= 12 &&
		     day >= 1 && day <= 31 && hour >= 0 && hour < 24 &&
		     minute >= 0 && minute < 60 && second >= 0 && second < 60,
	     "what is asked is a time");
	if (day % 2 && hour < 12)
		return INT64_MIN;
	return (year - 1970) * YEAR_S + month * 31 * 86400 + day * 86400 +
	       hour * 3600 + minute * 60 + second;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const uint16_t ports[] = { 25, 110, 143, 465, 587, 993, 995 };

	(void)argc;
	(void)argv;
	for (size_t i = 0; i < sizeof(ports) / sizeof(*ports); i++)
		mail.word[ports[i] / 64] |= UINT64_C(1) << (ports[i] % 64);
	kernel = log_format_named("kernel");
	hosts = log_hosts_new();
	return hosts ? 0 : -1;
}

static void check_prefix(const struct log_event *e)
{
	size_t len = strnlen(e->prefix, sizeof(e->prefix));

	must(len < sizeof(e->prefix), "a prefix ends");
	must(!len || (*e->prefix != ' '), "a prefix is trimmed");
	for (size_t i = 0; i < len; i++)
		must((uint8_t)e->prefix[i] >= ' ' && e->prefix[i] != 0x7f,
		     "a prefix has no control characters");
}

static void check_event(const struct log_event *e)
{
	static const uint8_t zeros[12];

	must(e->family == 6 || (e->family == 4 &&
				!memcmp(e->source.byte + 4, zeros, 12) &&
				!memcmp(e->destination.byte + 4, zeros, 12)),
	     "an address has a family, and IPv4 nothing behind it");
	must(e->time_us >= 0 && e->time_us < LATEST_US + 1000000,
	     "there is a time");
	must(e->kind <= LOG_FLOW_RESET, "there is a kind");
	must((e->flags & (TCP_SYN | TCP_ACK)) == TCP_SYN, "it is an opening");
	must(e->has_seq || !e->seq, "what is not known is nothing");
	must(e->repeated <= LOG_REPEATED_MOST, "nothing came for ever");
	must(!e->own || strrchr(e->prefix, ':'), "a prefix of ours has a line");
	check_prefix(e);
}

static enum log_result parse(const struct log_format *format,
			     struct log_clock *clock,
			     const struct port_bits *ports, const char *line,
			     size_t len, struct log_event *e)
{
	const char *why;
	enum log_result result =
		log_line_parse(format, clock, ports, line, len, e, &why);

	must((result == LOG_BAD) == (why != NULL), "what is bad has a reason");
	if (result == LOG_EVENT)
		check_event(e);
	return result;
}

/* Only its port is watched, all are, and its port is not. */
static void check_ports(const struct log_format *format, struct log_clock clock,
			const char *line, size_t len, const struct log_event *e)
{
	uint64_t bit = UINT64_C(1) << (e->port % 64);
	struct log_event other;

	single.word[e->port / 64] = bit;
	must(parse(format, &clock, &single, line, len, &other) == LOG_EVENT &&
		     !memcmp(e, &other, sizeof(other)),
	     "it is the same when only its port is watched");
	single.word[e->port / 64] = 0;
	must(parse(format, &clock, &single, line, len, &other) == LOG_NOT_OURS,
	     "and not ours when it is not");
	must(parse(format, &clock, NULL, line, len, &other) == LOG_EVENT,
	     "and ours when all are");
}

/* The time of an event is that of its line, if that is not JSON. */
static void check_time(struct log_clock clock, const char *line, size_t len,
		       const struct log_event *e)
{
	struct log_clock other = clock;
	struct log_event again;
	int64_t time_us;

	if (memchr(line, '{', len))
		return;
	must(log_line_time(&clock, line, len, &time_us) &&
		     time_us == e->time_us,
	     "the time of an event is its line's");
	must(parse(kernel, &other, &mail, line, len, &again) == LOG_EVENT &&
		     other.year == clock.year &&
		     other.last_month == clock.last_month,
	     "and the clock goes on as it does");
}

/* A copy of just that size, so that a byte too far is seen. */
static void check_line(const struct log_format *format, struct log_clock *clock,
		       const char *line, size_t len)
{
	struct log_clock before = *clock;
	const struct log_format *look;
	char *copy = malloc(len ? len : 1);
	struct log_event e;

	if (!copy)
		abort();
	memcpy(copy, line, len);
	look = log_line_format(copy, len);
	must(!look || log_format_named(log_format_name(look)) == look,
	     "a format has a name");
	if (parse(format, clock, &mail, copy, len, &e) == LOG_EVENT) {
		must(port_is_in(&mail, e.port), "a port is ours");
		check_ports(format, before, copy, len, &e);
		if (format == kernel)
			check_time(before, copy, len, &e);
	}
	free(copy);
}

/* As the source of a line that is otherwise good. */
static void check_address(const char *text, size_t len)
{
	char line[512], plain[64], *zone;
	struct log_clock clock = { .year = 2026 };
	struct log_event e;
	uint8_t want[16] = { 0 };
	bool v6 = memchr(text, ':', len), good;
	int n;

	if (len >= sizeof(plain) || memchr(text, ' ', len) ||
	    memchr(text, '\0', len))
		return;
	memcpy(plain, text, len);
	plain[len] = '\0';
	n = snprintf(line, sizeof(line),
		     "Nov 24 08:33:28 h kernel: IN= OUT= SRC=%s DST=%s "
		     "PROTO=TCP SPT=1 DPT=25 SYN URGP=0",
		     plain, v6 ? "::" : "0.0.0.0");
	if (v6 && (zone = strchr(plain, '%')))
		*zone = '\0';
	good = inet_pton(v6 ? AF_INET6 : AF_INET, plain, want) == 1;
	must((parse(kernel, &clock, &mail, line, (size_t)n, &e) == LOG_EVENT) ==
		     good,
	     "an address is one if inet_pton() says so");
	must(!good || !memcmp(want, e.source.byte, sizeof(want)),
	     "and the same");
}

static size_t n_formats(void)
{
	size_t n = 0;

	while (log_format_at(n))
		n++;
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct log_clock clock = { .year = 2026, .local = local }, by_host;
	const char *at = (const char *)data, *end = at + size;
	const struct log_format *format;
	struct log_event e;

	if (!size)
		return 0;
	log_hosts_clear(hosts);
	format = log_format_at(*data % (n_formats() + 1));
	for (at++; at < end;) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		size_t len = (size_t)((newline ? newline : end) - at);

		check_line(format, &clock, at, len);
		by_host = clock;
		by_host.hosts = hosts;
		parse(format, &by_host, &mail, at, len, &e);
		check_address(at, len);
		at += len + (newline != NULL);
	}
	return 0;
}

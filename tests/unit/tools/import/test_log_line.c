/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "../../unit.h"

#include "../../../../tools/import/log_line.h"

/* ---- a line in, a text out ---- */

struct vector {
	const char *line, *want;
};

/* Berlin as it has been since 1996, for 2026 and the years about it. */
static int64_t berlin(void *ctx, int year, int month, int day, int hour,
		      int minute, int second)
{
	struct tm tm = { .tm_year = year - 1900,
			 .tm_mon = month - 1,
			 .tm_mday = day,
			 .tm_hour = hour,
			 .tm_min = minute,
			 .tm_sec = second };
	int64_t s = timegm(&tm);
	bool summer = month > 3 && month < 10;

	/* The last Sundays of 2026. */
	if (month == 3)
		summer = day > 29 || (day == 29 && hour >= 3);
	else if (month == 10)
		summer = day < 25 || (day == 25 && hour < 3);
	if (ctx)
		++*(unsigned int *)ctx;
	return s - (summer ? 7200 : 3600);
}

static void print_address(char *out, int family, const struct addr6 *addr)
{
	uint32_t v4 = (uint32_t)addr->byte[0] << 24 | addr->byte[1] << 16 |
		      addr->byte[2] << 8 | addr->byte[3];

	if (family == 4)
		addr4_print(out, v4);
	else
		addr6_print(out, addr);
}

static void print_event(char *out, size_t size, const struct log_event *e)
{
	static const char *const kinds[] = { "packet", "answered", "unanswered",
					     "reset" };
	char from[RANGE_TEXT_MAX], to[RANGE_TEXT_MAX], when[32], seq[16] = "-";
	time_t s = e->time_us / 1000000;
	struct tm tm;
	int n;

	print_address(from, e->family, &e->source);
	print_address(to, e->family, &e->destination);
	strftime(when, sizeof(when), "%F %T", gmtime_r(&s, &tm));
	if (e->has_seq)
		snprintf(seq, sizeof(seq), "%u", e->seq);
	n = snprintf(out, size, "%s.%06d %s %u %s %u %x %s %s%s [%s]%s", when,
		     (int)(e->time_us % 1000000), from, e->source_port, to,
		     e->port, e->flags, seq, kinds[e->kind],
		     e->dropped ? " dropped" : "", e->prefix,
		     e->own ? " own" : "");
	if (e->repeated)
		snprintf(out + n, size - (size_t)n, " x%u", e->repeated);
}

static void print_result(char *out, size_t size, enum log_result result,
			 const struct log_event *e, const char *why)
{
	switch (result) {
	case LOG_EVENT:
		print_event(out, size, e);
		break;
	case LOG_NOT_OURS:
		snprintf(out, size, "-");
		break;
	case LOG_OTHER:
		snprintf(out, size, "other");
		break;
	case LOG_UNKNOWN:
		snprintf(out, size, "unknown");
		break;
	case LOG_BAD:
		snprintf(out, size, "bad: %s", why);
		break;
	}
}

/* From a copy of just that size, so that a byte too far is seen. */
static enum log_result parse_copy(const char *format, struct log_clock *clock,
				  const char *line, size_t len,
				  struct log_event *e, const char **why)
{
	static struct port_bits ports;
	char *copy = malloc(len ? len : 1);
	enum log_result result;

	ports.word[0] |= UINT64_C(1) << 25;
	ports.word[9] |= UINT64_C(1) << (587 - 576);
	assert_non_null(copy);
	memcpy(copy, line, len);
	result = log_line_parse(format ? log_format_named(format) : NULL, clock,
				&ports, copy, len, e, why);
	free(copy);
	expect((result == LOG_BAD) == (*why != NULL), "in \"%.100s\" why is %s",
	       line, *why ? *why : "none");
	return result;
}

static struct log_clock clock_2026(void)
{
	return (struct log_clock){ .year = 2026, .local = berlin };
}

static void check(const char *format, struct log_clock *clock,
		  const struct vector *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct log_event e;
		const char *why;
		char got[512];
		enum log_result result = parse_copy(
			format, clock, v[i].line, strlen(v[i].line), &e, &why);

		print_result(got, sizeof(got), result, &e, why);
		expect_text(v[i].line, got, v[i].want);
	}
}

/* ---- the kernel ---- */

#define NO_DATE                                                                \
	"bad: does not begin with a date; journalctl -k -o short-iso writes "  \
	"one, and a writer"
#define NO_DATES "; dmesg --time-format=iso writes dates"
#define REST_OF(flags)                                                         \
	"LEN=60 TOS=0x00 PREC=0x00 TTL=63 ID=4660 DF PROTO=TCP SPT=51234 "     \
	"DPT=25 WINDOW=64240 RES=0x00 " flags "URGP=0"
#define REST   REST_OF("SYN ")
#define PACKET "IN=eth1 OUT=eth0 SRC=100.64.0.7 DST=192.0.2.9 " REST
#define EVENT  " 100.64.0.7 51234 192.0.2.9 25 2 - packet "
#define AT     "2026-11-24 07:33:28.000000"
#define AT_US  "2026-11-24 07:33:28.123456"
#define STAMP  "Nov 24 08:33:28 host kernel: [12345.678901] "

CLAIM(stamps, "a line of the kernel's is read whatever wrote its time")
{
	static const struct vector vectors[] = {
		{ "Nov 24 08:33:28 host kernel: [12345.678901] x " PACKET,
		  AT EVENT "[x]" },
		{ "Nov 24 08:33:28 host kernel: [    5.678901] x " PACKET,
		  AT EVENT "[x]" },
		{ "Nov 24 08:33:28 host kernel: x " PACKET, AT EVENT "[x]" },
		{ "Nov 24 08:33:28.123456 host kernel: x " PACKET,
		  AT_US EVENT "[x]" },
		{ "<4>Nov 24 08:33:28 host kernel: x " PACKET, AT EVENT "[x]" },
		{ "2026-11-24T08:33:28.123456+01:00 host kernel: x " PACKET,
		  AT_US EVENT "[x]" },
		{ "2026-11-24T08:33:28+0100 host kernel: x " PACKET,
		  AT EVENT "[x]" },
		{ "2026-11-24T02:33:28.123456-0500 host kernel: x " PACKET,
		  AT_US EVENT "[x]" },
		{ "2026-11-24T07:33:28.123456789Z host kernel: x " PACKET,
		  AT_US EVENT "[x]" },
		{ "2026-11-24T08:33:28.1 host kernel: x " PACKET,
		  "2026-11-24 07:33:28.100000" EVENT "[x]" },
		{ "1795505608.123456 host kernel: x " PACKET,
		  AT_US EVENT "[x]" },
		{ "Tue 2026-11-24 08:33:28 CET host kernel: x " PACKET,
		  AT EVENT "[x]" },
		{ "Tue 2026-11-24 07:33:28 UTC host kernel: x " PACKET,
		  AT EVENT "[x]" },
		{ "Tue Nov 24 08:33:28 2026 kern.warn kernel: [ 5.6] x " PACKET,
		  AT EVENT "[x]" },
		{ "Nov 24 08:33:28 host kern.warn kernel: x " PACKET,
		  AT EVENT "[x]" },
		{ "[Tue Nov 24 08:33:28 2026] x " PACKET, AT EVENT "[x]" },
		{ "2026-11-24T08:33:28,123456+01:00 x " PACKET,
		  AT_US EVENT "[x]" },
		{ "Nov 24 08:33:28 host kernel: x " PACKET "\r",
		  AT EVENT "[x]" },
		{ "{\"__REALTIME_TIMESTAMP\":\"1795505608123456\","
		  "\"_TRANSPORT\":\"kernel\",\"MESSAGE\":\"x " PACKET "\"}",
		  AT_US EVENT "[x]" },
		{ "{\"MESSAGE\":\"x " PACKET
		  "\",\"__REALTIME_TIMESTAMP\":\"1795505608123456\","
		  "\"SYSLOG_IDENTIFIER\":\"kernel\"}",
		  AT_US EVENT "[x]" },
		{ "{\"MESSAGE\":\"x " PACKET
		  "\",\"__REALTIME_TIMESTAMP\":\"1795505608123456\"}",
		  "bad: has no _TRANSPORT, which says who wrote it" },
		{ "[12345.678901] x " PACKET,
		  "bad: has no date, only seconds since the start" NO_DATES },
		{ "[12345.678901] host kernel: x " PACKET,
		  "bad: has no date, only seconds since the start" NO_DATES },
		{ "{\"_TRANSPORT\":\"kernel\",\"MESSAGE\":\"x " PACKET "\"}",
		  "bad: has no __REALTIME_TIMESTAMP" },
		{ "x " PACKET, NO_DATE },
		{ "Nov 24 08:61:28 host kernel: x " PACKET, NO_DATE },
		{ "Nov 31 08:33:28 host kernel: x " PACKET,
		  "bad: a day that does not exist" },
		{ "2026-13-24T08:33:28Z host kernel: x " PACKET,
		  "bad: a day that does not exist" },
		{ "1969-11-24T08:33:28Z host kernel: x " PACKET,
		  "bad: a year before 1970" },
		{ "999999999999.1 host kernel: x " PACKET,
		  "bad: a time that does not exist" },
		{ "4294967295.1 host kernel: x " PACKET,
		  "bad: a time past the year 2106" },
		{ "[Nov24 08:33] x " PACKET, "bad: has no date, only the time "
					     "since the line before" NO_DATES },
		{ "[  +0.000123] x " PACKET, "bad: has no date, only the time "
					     "since the line before" NO_DATES },
	};
	struct log_clock clock = clock_2026();

	check("kernel", &clock, vectors, COUNT(vectors));
}

CLAIM(packets, "what a rule logged is taken from its line")
{
	static const struct vector vectors[] = {
		{ STAMP "residential:17 block IN=eth1 OUT=eth0 MAC=aa:bb:cc "
			"SRC=100.64.0.7 DST=192.0.2.9 LEN=60 TOS=0x00 "
			"PREC=0x00 TTL=63 ID=4660 DF PROTO=TCP SPT=51234 "
			"DPT=25 SEQ=305419896 ACK=0 WINDOW=64240 RES=0x00 SYN "
			"URGP=0 UID=1000 GID=1000",
		  AT " 100.64.0.7 51234 192.0.2.9 25 2 305419896 packet "
		     "dropped [residential:17 block] own" },
		{ STAMP "IN=eth1 OUT= "
			"SRC=2001:0db8:0000:0000:0000:0000:0000:0001 "
			"DST=2001:db8::2 LEN=80 TC=0 HOPLIMIT=63 FLOWLBL=0 "
			"PROTO=TCP SPT=51234 DPT=587 WINDOW=1 RES=0x00 SYN "
			"URGP=0",
		  AT " 2001:db8::1 51234 2001:db8::2 587 2 - packet []" },
		{ STAMP "IN=eth1 OUT= SRC=fe80::1%eth0 DST=fe80::2%2 " REST,
		  AT " fe80::1 51234 fe80::2 25 2 - packet []" },
		{ STAMP "DROPIN=eth1 OUT=eth0 SRC=100.64.0.7 DST=192.0.2.9 "
			"" REST,
		  AT " 100.64.0.7 51234 192.0.2.9 25 2 - packet dropped "
		     "[DROP]" },
		{ STAMP "CHAIN=x IN= OUT=eth0 SRC=100.64.0.7 DST=192.0.2.9 "
			"" REST,
		  AT EVENT "[CHAIN=x]" },
		{ STAMP "IN=eth1 OUT=eth0 SRC=100.64.0.7 DST=192.0.2.9 "
			"" REST_OF("ECE CWR SYN "),
		  AT EVENT "[]" },
		{ STAMP "IN=eth1 OUT=eth0 SRC=100.64.0.7 DST=192.0.2.9 "
			"" REST_OF("ACK SYN "),
		  "-" },
		{ STAMP "IN=eth1 OUT=eth0 SRC=100.64.0.7 DST=192.0.2.9 "
			"" REST_OF("ACK FIN "),
		  "-" },
		{ STAMP "IN=eth1 OUT=eth0 SRC=100.64.0.7 DST=192.0.2.9 "
			"" REST_OF("RST "),
		  "-" },
		{ STAMP "IN=a OUT= SRC=1.2.3.4 DST=1.2.3.5 PROTO=UDP SPT=25 "
			"DPT=25 LEN=9",
		  "-" },
		{ STAMP "IN=a OUT= SRC=1.2.3.4 DST=1.2.3.5 PROTO=TCP SPT=2 "
			"DPT=80 WINDOW=1 RES=0x00 SYN URGP=0",
		  "-" },
		{ STAMP "IN=a OUT= SRC=1.2.3.4 DST=1.2.3.5 LEN=88 PROTO=ICMP "
			"TYPE=3 CODE=1 [SRC=1.2.3.5 DST=1.2.3.4 " REST " ] ",
		  "-" },
		{ STAMP "IN=a OUT= SRC=1.2.3.4 DST=1.2.3.5 FRAG:185 PROTO=TCP",
		  "-" },
		/* A prefix may look like fields. */
		{ STAMP "PROTO=TCP SPT=1 DPT=80 " PACKET,
		  AT EVENT "[PROTO=TCP SPT=1 DPT=80]" },
		/* On a bridge, and with "flags ether". */
		{ STAMP "x IN=br0 OUT=br0 PHYSIN=eth1 PHYSOUT=eth0 "
			"MACSRC=52:54:00:12:34:56 MACDST=52:54:00:ab:cd:ef "
			"MACPROTO=0800 SRC=100.64.0.7 DST=192.0.2.9 " REST,
		  AT EVENT "[x]" },
	};
	struct log_clock clock = clock_2026();

	check("kernel", &clock, vectors, COUNT(vectors));
}

CLAIM(bad_packets, "a rule's line that lacks something says what")
{
	static const struct vector vectors[] = {
		{ STAMP "IN=a OUT= DST=1.2.3.5 " REST, "bad: has no SRC=" },
		{ STAMP "IN=a OUT= SRC=1.2.3.5 " REST, "bad: has no DST=" },
		{ STAMP "IN=a OUT= SRC=1.2.3.4 DST=1.2.3.5 PROTO=TCP DPT=25 "
			"SYN URGP=0",
		  "bad: has no SPT=" },
		{ STAMP "IN=a OUT= SRC=1.2.3.4 DST=1.2.3.5 PROTO=TCP SPT=25 "
			"SYN URGP=0",
		  "bad: has no DPT=" },
		{ STAMP "IN=a OUT= SRC=1.2.3.4 DST=1.2.3.5 PROTO=TCP SPT=25 "
			"DPT=25 WINDOW=64",
		  "bad: ends before URGP=" },
		{ STAMP "IN=a OUT= SRC=1.2.3.4 DST=1.2.3.5 PROTO=TCP SPT=25 "
			"DPT=65561 SYN URGP=0",
		  "bad: DPT= is not a port" },
		{ STAMP "IN=a OUT= SRC=1.2.3.4 DST=1.2.3.5 PROTO=TCP SPT=x "
			"DPT=25 SYN URGP=0",
		  "bad: SPT= is not a port" },
		{ STAMP "IN=a OUT= SRC=1.2.3.4 DST=1.2.3.5 PROTO=TCP "
			"INCOMPLETE [8 bytes] ",
		  "bad: the kernel had not all of the packet" },
		{ STAMP "IN=a OUT= SRC=1.2.3 DST=1.2.3.5 " REST,
		  "bad: SRC= is not an address" },
		{ STAMP "IN=a OUT= SRC=01.2.3.4 DST=1.2.3.5 " REST,
		  "bad: SRC= is not an address" },
		{ STAMP "IN=a OUT= SRC=1::2::3 DST=::1 " REST,
		  "bad: SRC= is not an address" },
		{ STAMP "IN=a OUT= SRC=::1 DST=1:2:3:4:5:6:7: " REST,
		  "bad: DST= is not an address" },
		{ STAMP "IN=a OUT= SRC=::1 DST=1.2.3.4 " REST,
		  "bad: SRC= and DST= are of two families" },
		{ STAMP "SRC=1.2.3.4 DST=1.2.3.5 " REST,
		  "bad: has no IN= and OUT=" },
	};
	struct log_clock clock = clock_2026();

	check("kernel", &clock, vectors, COUNT(vectors));
}

/* RFC 3164, RFC 5424, the journal, dmesg: what may stand before a text. */
CLAIM(heads, "between the time and the prefix of a rule a line has host, tag, "
	     "time since the start and caller, and none becomes the prefix")
{
	static const struct vector vectors[] = {
		{ "<5>2026-11-24T02:33:28-05:00 h kernel:[27198521.247185] x "
		  "" PACKET,
		  AT EVENT "[x]" },
		{ "2026-11-24T02:33:28-05:00 h kernel:[27198521.247185] "
		  "" PACKET,
		  AT EVENT "[]" },
		{ "Nov 24 08:33:28 h kernel[0]: x " PACKET, AT EVENT "[x]" },
		{ "Nov 24 08:33:28 kernel: x " PACKET, AT EVENT "[x]" },
		{ "Nov 24 08:33:28 h kernel: [    5.678901] [    C0] x "
		  "" PACKET,
		  AT EVENT "[x]" },
		{ "Nov 24 08:33:28 h kernel: [ 5.678901][ T1234] x " PACKET,
		  AT EVENT "[x]" },
		{ "[Tue Nov 24 08:33:28 2026] [    C0] x " PACKET,
		  AT EVENT "[x]" },
		{ "[Tue Nov 24 08:33:28 2026][    C0] x " PACKET,
		  AT EVENT "[x]" },
		{ "kern  :warn  : [Tue Nov 24 08:33:28 2026] x " PACKET,
		  AT EVENT "[x]" },
		{ "kern  :warn  : 2026-11-24T08:33:28,123456+01:00 x " PACKET,
		  AT_US EVENT "[x]" },
		{ "<4>1 2026-11-24T08:33:28.123456+01:00 h kernel - - - x "
		  "" PACKET,
		  AT_US EVENT "[x]" },
		{ "<4>1 2026-11-24T08:33:28.123456+01:00 h kernel - - "
		  "[a b=\"x\\]\"][c d=\"\"] \xef\xbb\xbf[ 5.6] x " PACKET,
		  AT_US EVENT "[x]" },
		{ "2026-11-24T08:33:28.123456+01:00 h kernel - - - x " PACKET,
		  AT_US EVENT "[x]" },
		{ "Nov 24 08:33:28 h ulogd[612]: x " PACKET, AT EVENT "[x]" },
		{ "Tue Nov 24 08:33:28 2026 kern.warn kernel: [ 5.6] x "
		  "" PACKET,
		  AT EVENT "[x]" },
		{ "\x1e{\"__REALTIME_TIMESTAMP\":\"1795505608123456\","
		  "\"_TRANSPORT\":\"kernel\",\"MESSAGE\":\"x " PACKET "\"}",
		  AT_US EVENT "[x]" },
		{ "\xef\xbb\xbfNov 24 08:33:28 h kernel: x " PACKET,
		  AT EVENT "[x]" },
	};
	struct log_clock clock = clock_2026();

	check("kernel", &clock, vectors, COUNT(vectors));
}

CLAIM(strangers, "what another program logged is no event, however it reads")
{
	static const struct vector vectors[] = {
		{ "Nov 24 08:33:28 host sshd[7]: Invalid user x " PACKET,
		  "other" },
		{ "Nov 24 08:33:28 host sshd: kernel: x " PACKET, "other" },
		{ "Nov 24 08:33:28 host sshd[7]: " PACKET,
		  "bad: not of the kernel, though it reads like it" },
		{ "Nov 24 08:33:28 host x " PACKET, "other" },
		{ "Nov 24 08:33:28 host sshd 7 Invalid user x " PACKET
		  " from 203.0.113.5 port 22",
		  "other" },
		{ "Nov 24 08:33:28 host sshd[7] Invalid user kernel: x "
		  "" PACKET,
		  "other" },
		{ "Nov 24 08:33:28 host app kernel: x " PACKET, "other" },
		{ "Nov 24 08:33:28 host app kern.warn kernel: x " PACKET,
		  "other" },
		{ "Nov 24 08:33:28 host user.warn kernel: x " PACKET, "other" },
		{ "<13>Nov 24 08:33:28 host kernel: x " PACKET, "other" },
		{ "user  :warn  : [Tue Nov 24 08:33:28 2026] x " PACKET,
		  "other" },
		{ "Nov 24 08:33:28 host kernel x: x " PACKET, "other" },
		{ "Nov 24 08:33:28 host kernel[x]: x " PACKET, "other" },
		{ "Nov 24 08:33:28 host kernel.app: x " PACKET, "other" },
		{ "2026-11-24T08:33:28+01:00 mx1 postfix/smtpd 1234 - - "
		  "improper command: x " PACKET,
		  "other" },
		{ "2026-11-24T08:33:28+01:00 mx1 app kernel - - - x " PACKET,
		  "other" },
		{ "<14>1 2026-11-24T08:33:28+01:00 h kernel - - - x " PACKET,
		  "other" },
		{ "<4>1 2026-11-24T08:33:28+01:00 h app - - - kernel: x "
		  "" PACKET,
		  "other" },
		/* A log of Python's, of Apache 2.4 and of Apache 2.2. */
		{ "2026-11-24 08:33:28,123 login INFO user x " PACKET,
		  "other" },
		{ "[Tue Nov 24 08:33:28.123456 2026] [core:error] [pid 7] x "
		  "" PACKET,
		  NO_DATE },
		{ "[Tue Nov 24 08:33:28 2026] [error] [client 192.0.2.1] x "
		  "" PACKET,
		  "other" },
		{ "{\"__REALTIME_TIMESTAMP\":\"1795505608123456\","
		  "\"_TRANSPORT\":\"syslog\",\"MESSAGE\":\"x " PACKET "\"}",
		  "other" },
		{ "{\"__REALTIME_TIMESTAMP\":\"1795505608123456\","
		  "\"SYSLOG_IDENTIFIER\":\"sshd\",\"MESSAGE\":\"" PACKET "\"}",
		  "other" },
		{ "Nov 24 08:33:28 host IN-work: " PACKET,
		  "bad: not of the kernel, though it reads like it" },
		{ "Nov 24 08:33:28 host kernel: eth0: link up", "-" },
		{ "Nov 24 08:33:28 host postfix/smtpd[7]: connect", "other" },
		{ "Nov 24 08:33:28 host kernel:", "-" },
		{ "Nov 24 08:33:28 host", "other" },
		{ "Nov 24 08:33:28 ", "other" },
		{ "Nov 24 08:33:28", "other" },
		{ "-- Boot 7d0c --", "other" },
		{ "what is this", "unknown" },
		{ "", "other" },
		{ " ", "other" },
	};
	struct log_clock clock = clock_2026();

	check("kernel", &clock, vectors, COUNT(vectors));
}

#define LOGEMU_OF(prefix)                                                      \
	"Nov 24 08:33:28 vm " prefix "IN=lo OUT= MAC= SRC=100.64.0.7 "         \
	"DST=192.0.2.9 LEN=60 TOS=00 PREC=0x00 TTL=63 ID=1 DF PROTO=TCP "      \
	"SPT=51234 DPT=25 SEQ=7 ACK=0 WINDOW=65476 SYN URGP=0 MARK=0x0 "
#define LOGEMU_EVENT " 100.64.0.7 51234 192.0.2.9 25 2 7 packet"

CLAIM(logemu, "ulogd's own file is read, whose lines name no writer")
{
	static const struct vector vectors[] = {
		{ LOGEMU_OF("DROP "), AT LOGEMU_EVENT " dropped [DROP]" },
		{ LOGEMU_OF("DROP  "), AT LOGEMU_EVENT " dropped [DROP]" },
		{ LOGEMU_OF("smtp-drop: "),
		  AT LOGEMU_EVENT " dropped [smtp-drop:]" },
		{ LOGEMU_OF("IN-work: "), AT LOGEMU_EVENT " [IN-work:]" },
		{ LOGEMU_OF(""), AT LOGEMU_EVENT " []" },
		/* As LOGEMU of ulogd2 2.0.8 wrote it. */
		{ "Nov 24 08:33:28 vm DROP  IN=lo OUT= "
		  "MAC=00:00:00:00:00:00:00:00:00:00:00:00:86:dd SRC=::1 "
		  "DST=::1 LEN=80 TC=0 HOPLIMIT=64 FLOWLBL=683502 PROTO=TCP "
		  "SPT=38322 DPT=25 SEQ=3533489272 ACK=0 WINDOW=65476 SYN "
		  "URGP=0 MARK=0x0 ",
		  AT " ::1 38322 ::1 25 2 3533489272 packet dropped [DROP]" },
		{ LOGEMU_OF("[UFW BLOCK] "),
		  AT LOGEMU_EVENT " dropped [[UFW BLOCK]]" },
		{ "Nov 24 08:33:28 DENY: " PACKET, "unknown" },
		{ "2026-11-24T08:33:28+01:00 h x " PACKET, "unknown" },
		{ "x", "unknown" },
		{ "", "other" },
	};
	struct log_clock clock = clock_2026();

	check("logemu", &clock, vectors, COUNT(vectors));
}

CLAIM(repeated, "a message that came again stands for as many more, of its own "
		"host")
{
	static const struct vector vectors[] = {
		{ "Nov 24 08:33:28 a kernel: message repeated 3 times: [ [ "
		  "5.6] "
		  "x " PACKET " ]",
		  AT EVENT "[x] x3" },
		{ "Nov 24 08:33:28 a kernel: message repeated 3 times: [x "
		  "" PACKET "]",
		  AT EVENT "[x] x3" },
		{ "Nov 24 08:33:28 b kernel: y " PACKET, AT EVENT "[y]" },
		{ "Nov 24 08:33:28 c cron[7]: z", "other" },
		{ "Nov 24 08:33:28 b last message repeated 2 times",
		  AT EVENT "[y] x2" },
		{ "Nov 24 08:33:28 a last message repeated 1 times",
		  AT EVENT "[x] x1" },
		{ "Nov 24 08:33:28 c last message repeated 5 times", "other" },
		{ "Nov 24 08:33:28 d last message repeated 5 times", "other" },
		{ "Nov 24 08:33:28 b last message repeated 5 times x",
		  "other" },
		{ "Nov 24 08:33:28 b last message repeated 2 times", "other" },
		{ "Nov 24 08:33:28 a kernel: message repeated "
		  "9223372036854775808 times: [ x " PACKET " ]",
		  AT EVENT "[message repeated 9223372036854775808 times: [ "
			   "x]" },
		{ "Nov 24 08:33:28 a kernel: message repeated 10001 times: [ x "
		  "" PACKET " ]",
		  "bad: repeated more often than a syslog does" },
		{ "Nov 24 08:33:28 a sshd[7]: message repeated 3 times: [ x "
		  "" PACKET " ]",
		  "other" },
	};
	struct log_clock clock = clock_2026();

	clock.hosts = log_hosts_new();
	assert_non_null(clock.hosts);
	check("kernel", &clock, vectors, COUNT(vectors));
	log_hosts_free(clock.hosts);
}

CLAIM(prefixes, "a prefix is trimmed and clean, and says what was stopped")
{
	static const struct {
		const char *in, *want;
		bool dropped, own;
	} vectors[] = {
		{ "", "", false, false },
		{ "   ", "", false, false },
		{ "  a  b  ", "a  b", false, false },
		{ "[UFW BLOCK] ", "[UFW BLOCK]", true, false },
		{ "[UFW ALLOW] ", "[UFW ALLOW]", false, false },
		{ "FINAL_REJECT: ", "FINAL_REJECT:", true, false },
		{ "Shorewall:net2fw:DROP:", "Shorewall:net2fw:DROP:", true,
		  false },
		{ "blocklist:3 observe ", "blocklist:3 observe", false, true },
		{ "drop:3 allow ", "drop:3 allow", false, true },
		{ "a:b.policy:17 block ", "a:b.policy:17 block", true, true },
		{ "a:17 limit ", "a:17 limit", true, true },
		{ "a:17 block x ", "a:17 block x", true, false },
		{ "a:17 block: ", "a:17 block:", true, false },
		{ "a:17 BLOCK ", "a:17 BLOCK", true, false },
		{ "a:17  block ", "a:17  block", true, false },
		{ ":17 block ", ":17 block", true, false },
		{ "a: block ", "a: block", true, false },
		{ "17 block ", "17 block", true, false },
		{ "a:17 ", "a:17", false, false },
		{ "a:17", "a:17", false, false },
		{ "smtp:25 DROP ", "smtp:25 DROP", true, false },
		{ "home:12 ", "home:12", false, false },
		{ "tcp:25 denied: ", "tcp:25 denied:", true, false },
		{ "Rule:3 ", "Rule:3", false, false },
		{ "fw:25 BLOCK out ", "fw:25 BLOCK out", true, false },
		{ "drop:3 reject ", "drop:3 reject", true, false },
		{ "dropbear ", "dropbear", false, false },
		{ "Shorewall:net-fw:drp ", "Shorewall:net-fw:drp", true,
		  false },
		{ "lan rej: ", "lan rej:", true, false },
		{ "[LAN_IN-3001-D]", "[LAN_IN-3001-D]", true, false },
		{ "[WAN_LOCAL-default-D]", "[WAN_LOCAL-default-D]", true,
		  false },
		{ "[LAN_IN-20-R]", "[LAN_IN-20-R]", true, false },
		{ "[LAN_IN-10-A]", "[LAN_IN-10-A]", false, false },
		{ "[WAN_LOCAL-D-2147483647] ", "[WAN_LOCAL-D-2147483647]", true,
		  false },
		{ "[LAN_IN-RET-3] ", "[LAN_IN-RET-3]", false, false },
		{ "[VLAN-D-LINK] ", "[VLAN-D-LINK]", false, false },
		{ "LAN-D]", "LAN-D]", false, false },
		{ "[17]", "[17]", false, false },
		{ "[]", "[]", false, false },
		{ "[-D]", "[-D]", false, false },
		{ "a\tb\x01\x7f ", "a?b??", false, false },
		{ "f\xc3\xbcr \xfc\xc3 ", "f\xc3\xbcr ??", false, false },
		{ "\xc2\x9b[31m ", "??[31m", false, false },
	};
	struct log_clock clock = clock_2026();

	for (size_t i = 0; i < COUNT(vectors); i++) {
		struct log_event e;
		const char *why;
		char line[512];
		int n = snprintf(line, sizeof(line),
				 "Nov 24 08:33:28 host kernel: %s" PACKET,
				 vectors[i].in);
		enum log_result result =
			parse_copy("kernel", &clock, line, (size_t)n, &e, &why);

		if (!expect(result == LOG_EVENT, "in \"%s\" got %d", line,
			    result))
			continue;
		expect_text(line, e.prefix, vectors[i].want);
		expect(e.dropped == vectors[i].dropped &&
			       e.own == vectors[i].own,
		       "in \"%s\" dropped %d own %d", line, e.dropped, e.own);
	}
}

/* ---- time ---- */

CLAIM(months, "months have names in six languages")
{
	static const struct {
		const char *names;
		int month;
	} vectors[] = {
		{ "Jan J\xc3\xa4n J\xe4n janv. ene jan gen", 1 },
		{ "Feb f\xc3\xa9vr. f\xe9vr. fev feb", 2 },
		{ "Mar M\xc3\xa4r M\xe4r Mrz mars", 3 },
		{ "Apr avril avr. abr apr", 4 },
		{ "May Mai mai mag", 5 },
		{ "Jun Juni juin giu", 6 },
		{ "Jul Juli juil. lug", 7 },
		{ "Aug ao\xc3\xbbt ago", 8 },
		{ "Sep sept. set", 9 },
		{ "Oct Okt oct. out ott", 10 },
		{ "Nov nov. NOV", 11 },
		{ "Dec Dez d\xc3\xa9"
		  "c. d\xe9"
		  "c. dic dez DEC",
		  12 },
		{ "Foo D\xc3 . Septembe", 0 },
	};

	for (size_t i = 0; i < COUNT(vectors); i++) {
		char names[64], *rest = names, *name;

		snprintf(names, sizeof(names), "%s", vectors[i].names);
		while ((name = strsep(&rest, " "))) {
			struct log_clock clock = { .year = 2026 };
			char line[512], want[128], got[512];
			struct log_event e;
			const char *why;
			int n = snprintf(line, sizeof(line),
					 "%s 04 08:33:28 h kernel: x " PACKET,
					 name);
			enum log_result result = parse_copy(
				"kernel", &clock, line, (size_t)n, &e, &why);

			print_result(got, sizeof(got), result, &e, why);
			snprintf(want, sizeof(want),
				 "2026-%02d-04 08:33:28.000000" EVENT "[x]",
				 vectors[i].month);
			if (!vectors[i].month)
				strcpy(want, "bad: a month whose name is not "
					     "known");
			expect_text(line, got, want);
		}
	}
}

CLAIM(new_year, "the year counts on from December to January, and a late line "
		"goes back")
{
	static const struct vector vectors[] = {
		{ "Dec 31 23:59:59 h kernel: " PACKET,
		  "2027-12-31 22:59:59.000000" EVENT "[]" },
		{ "Jan  1 00:00:01 h kernel: " PACKET,
		  "2027-12-31 23:00:01.000000" EVENT "[]" },
		{ "Dec 31 23:59:59 h kernel: " PACKET,
		  "2027-12-31 22:59:59.000000" EVENT "[]" },
		{ "Jan 1 01:00:00 h kernel: " PACKET,
		  "2028-01-01 00:00:00.000000" EVENT "[]" },
		{ "Feb 29 12:00:00 h kernel: " PACKET,
		  "2028-02-29 11:00:00.000000" EVENT "[]" },
		{ "Mar  1 12:00:00 h kernel: " PACKET,
		  "2028-03-01 11:00:00.000000" EVENT "[]" },
		{ "Feb 29 23:59:59 h kernel: " PACKET,
		  "2028-02-29 22:59:59.000000" EVENT "[]" },
		/* Lines that are not ours count, too. */
		{ "Nov 30 12:00:00 h cron: x", "other" },
		{ "Feb  1 12:00:00 h cron: x", "other" },
		{ "Mar  1 12:00:00 h kernel: " PACKET,
		  "2029-03-01 11:00:00.000000" EVENT "[]" },
		{ "Feb 29 12:00:00 h kernel: " PACKET,
		  "bad: 29 February, which this year does not have" },
	};
	struct log_clock clock = { .year = 2027, .local = berlin };

	check("kernel", &clock, vectors, COUNT(vectors));
}

CLAIM(last_year, "without a year given, a line is of the last one in which it "
		 "is not later than its log, whatever came before it")
{
	static const struct vector vectors[] = {
		{ "Jan  2 00:00:00 h kernel: " PACKET,
		  "2027-01-01 23:00:00.000000" EVENT "[]" },
		{ "Dec 31 23:59:59 h kernel: " PACKET,
		  "2026-12-31 22:59:59.000000" EVENT "[]" },
		{ "Jan  3 13:00:00 h kernel: " PACKET,
		  "2026-01-03 12:00:00.000000" EVENT "[]" },
		{ "Mar  1 12:00:00 h kernel: " PACKET,
		  "2026-03-01 11:00:00.000000" EVENT "[]" },
		{ "Jan  1 12:00:00 h kernel: " PACKET,
		  "2027-01-01 11:00:00.000000" EVENT "[]" },
		{ "Feb 29 12:00:00 h kernel: " PACKET,
		  "2024-02-29 11:00:00.000000" EVENT "[]" },
	};
	/* The log ends on 2 January 2027, at noon. */
	struct log_clock clock = { .year = 2027,
				   .latest_s = 1798891200 + 86400,
				   .local = berlin };

	check("kernel", &clock, vectors, COUNT(vectors));
}

/* In 2026 Berlin has 2 o'clock twice on 25 October. */
static int64_t berlin_again(void *ctx, int64_t first_s)
{
	(void)ctx;
	return first_s >= 1792886400 && first_s < 1792890000 ? first_s + 3600 :
							       INT64_MIN;
}

CLAIM(twice, "an hour that comes twice is told by the clock of its host")
{
	static const struct vector vectors[] = {
		{ "Oct 25 02:10:00 a kernel: " PACKET,
		  "2026-10-25 00:10:00.000000" EVENT "[]" },
		{ "Oct 25 02:58:00 b kernel: " PACKET,
		  "2026-10-25 00:58:00.000000" EVENT "[]" },
		{ "Oct 25 02:59:58 a kernel: " PACKET,
		  "2026-10-25 00:59:58.000000" EVENT "[]" },
		{ "Oct 25 02:00:01 a kernel: " PACKET,
		  "2026-10-25 01:00:01.000000" EVENT "[]" },
		{ "Oct 25 02:59:00 b kernel: " PACKET,
		  "2026-10-25 00:59:00.000000" EVENT "[]" },
		{ "Oct 25 02:30:00 a kernel: " PACKET,
		  "2026-10-25 01:30:00.000000" EVENT "[]" },
		{ "Oct 25 02:00:00 b kernel: " PACKET,
		  "2026-10-25 01:00:00.000000" EVENT "[]" },
		{ "Oct 25 03:00:00 a kernel: " PACKET,
		  "2026-10-25 02:00:00.000000" EVENT "[]" },
	};
	struct log_clock clock = clock_2026();

	clock.again = berlin_again;
	clock.hosts = log_hosts_new();
	assert_non_null(clock.hosts);
	check("kernel", &clock, vectors, COUNT(vectors));
	log_hosts_free(clock.hosts);
}

CLAIM(any_time, "the time of a line is known whoever wrote it")
{
	static const struct {
		const char *line;
		int64_t want_s;
	} vectors[] = {
		{ "Nov 24 08:33:28 host cron: x", 1795505608 },
		{ "2026-11-24T08:33:28+01:00 host", 1795505608 },
		{ "Nov 31 08:33:28 host cron: x", -1 },
		{ "[1.5] x", -1 },
		{ "{\"MESSAGE\":\"\"}", -1 },
		{ "x", -1 },
		{ "", -1 },
	};
	struct log_clock clock = clock_2026();

	for (size_t i = 0; i < COUNT(vectors); i++) {
		int64_t got_us = -1000000;
		bool good = log_line_time(&clock, vectors[i].line,
					  strlen(vectors[i].line), &got_us);

		expect(good == (vectors[i].want_s >= 0) &&
			       got_us == vectors[i].want_s * 1000000,
		       "in \"%s\" got %lld", vectors[i].line,
		       (long long)got_us);
	}
}

CLAIM(summer, "local time is what the caller says it is, asked once for a "
	      "quarter of an hour")
{
	static const struct vector vectors[] = {
		{ "Mar 29 01:59:59 h kernel: " PACKET,
		  "2026-03-29 00:59:59.000000" EVENT "[]" },
		{ "Mar 29 03:00:00 h kernel: " PACKET,
		  "2026-03-29 01:00:00.000000" EVENT "[]" },
		{ "Mar 29 03:14:59 h kernel: " PACKET,
		  "2026-03-29 01:14:59.000000" EVENT "[]" },
		{ "Oct 25 01:59:59 h kernel: " PACKET,
		  "2026-10-24 23:59:59.000000" EVENT "[]" },
		{ "Oct 25 03:00:00 h kernel: " PACKET,
		  "2026-10-25 02:00:00.000000" EVENT "[]" },
		{ "Oct 25 03:00:60 h kernel: " PACKET,
		  "2026-10-25 02:01:00.000000" EVENT "[]" },
	};
	unsigned int asked = 0;
	struct log_clock clock = { .year = 2026,
				   .local = berlin,
				   .ctx = &asked };

	check("kernel", &clock, vectors, COUNT(vectors));
	expect_number("these lines", asked, 4);
}

/* ---- JSON ---- */

#define ULOGD_OF(more)                                                         \
	"{\"timestamp\": \"2026-11-24T08:33:28.123456+0100\", "                \
	"\"dvc\": \"Netfilter\", \"ip.protocol\": 6, "                         \
	"\"src_ip\": \"100.64.0.7\", \"dest_ip\": \"192.0.2.9\", "             \
	"\"src_port\": 51234, \"dest_port\": 25, " more "}"
#define SYN "\"tcp.seq\": 7, \"tcp.ack\": 0, \"tcp.syn\": 1"

CLAIM(ulogd, "ulogd2's JSON is read")
{
	static const struct vector vectors[] = {
		{ ULOGD_OF("\"raw.label\": 0, \"oob.prefix\": \"a:1 block "
			   "\", " SYN),
		  AT_US " 100.64.0.7 51234 192.0.2.9 25 2 7 packet dropped "
			"[a:1 block] own" },
		{ ULOGD_OF("\"oob.time.sec\": 1795505609, "
			   "\"oob.time.usec\": 5, \"oob.prefix\": \"\", " SYN),
		  "2026-11-24 07:33:29.000005 100.64.0.7 51234 192.0.2.9 25 2 "
		  "7 packet []" },
		{ ULOGD_OF("\"action\": \"blocked\", " SYN),
		  AT_US " 100.64.0.7 51234 192.0.2.9 25 2 7 packet dropped "
			"[]" },
		{ "{\"@timestamp\": \"2026-11-24T07:33:28\", \"oob.family\": "
		  "10, \"src_ip\": \"2001:db8::1\", \"dest_ip\": \"::1\", "
		  "\"src_port\": 1, \"dest_port\": 587, \"tcp.syn\": 1}",
		  "2026-11-24 06:33:28.000000 2001:db8::1 1 ::1 587 2 - "
		  "packet []" },
		/* As ulogd2 2.0.8 wrote it. */
		{ "{\"timestamp\": \"2026-11-24T14:09:12.540746\", \"dvc\": "
		  "\"Netfilter\", \"oob.prefix\": \"residential:17 block \", "
		  "\"oob.time.sec\": 1795529352, \"oob.time.usec\": 540746, "
		  "\"oob.family\": 10, \"oob.protocol\": 34525, "
		  "\"ip.protocol\": 6, \"ip6.nexthdr\": 6, \"src_port\": "
		  "56782, \"dest_port\": 587, \"tcp.seq\": 4035073374, "
		  "\"tcp.urg\": 0, \"tcp.ack\": 0, \"tcp.rst\": 0, "
		  "\"tcp.syn\": 1, \"tcp.fin\": 0, \"src_ip\": \"::1\", "
		  "\"dest_ip\": \"::1\"}",
		  "2026-11-24 14:09:12.540746 ::1 56782 ::1 587 2 4035073374 "
		  "packet dropped [residential:17 block] own" },
		{ ULOGD_OF("\"oob.prefix\": \"a\\u0000b\", " SYN),
		  AT_US " 100.64.0.7 51234 192.0.2.9 25 2 7 packet [a?b]" },
		{ ULOGD_OF("\"tcp.ack\": 1, \"tcp.syn\": 1"), "-" },
		{ ULOGD_OF("\"tcp.ack\": 1, \"tcp.syn\": 0"), "-" },
		{ ULOGD_OF("\"x\": 1"), "bad: has no tcp.syn" },
		{ "{\"ip.protocol\": 17, \"dest_port\": 25}", "-" },
		{ "{\"dest_port\": 80, \"tcp.syn\": 1}", "-" },
		{ "{\"src_port\": 80, \"tcp.syn\": 1}",
		  "bad: dest_port is missing, or not a port" },
		{ "{\"src_port\": 80, \"dest_port\": 25, \"tcp.syn\": 1}",
		  "bad: src_ip is missing, or not an address" },
		{ "{\"src_port\": 80, \"dest_port\": 25, \"tcp.syn\": 1, "
		  "\"src_ip\": \"::1\", \"dest_ip\": \"::2\"}",
		  "bad: has no time" },
		{ "{\"src_port\": 80, \"dest_port\": 25, \"tcp.syn\": 1, "
		  "\"src_ip\": \"::1\", \"dest_ip\": \"::2\", "
		  "\"timestamp\": \"now\"}",
		  "bad: its time cannot be read" },
		{ "{\"dest_port\": 25", "bad: not a JSON object" },
		{ "{\"dest_port\": 25,}", "bad: not a JSON object" },
		{ "[25]", "bad: not a JSON object" },
		{ "", "other" },
	};
	struct log_clock clock = clock_2026();

	check("ulogd-json", &clock, vectors, COUNT(vectors));
}

#define EVE_OF(type, more)                                                     \
	"{\"timestamp\":\"2026-11-24T08:33:28.123456+0100\","                  \
	"\"flow_id\":586497171462735,\"event_type\":\"" type "\","             \
	"\"src_ip\":\"100.64.0.7\",\"src_port\":51234,"                        \
	"\"dest_ip\":\"192.0.2.9\",\"dest_port\":25,\"proto\":\"TCP\"," more   \
	"}"
#define FLOW_OF(to_server, to_client, more)                                    \
	EVE_OF("flow",                                                         \
	       "\"flow\":{\"pkts_toserver\":1,\"pkts_toclient\":1,"            \
	       "\"start\":\"2026-11-24T08:32:28.000000+0100\","                \
	       "\"state\":\"closed\",\"reason\":\"timeout\"" more "},"         \
	       "\"tcp\":{\"tcp_flags\":\"1f\",\"tcp_flags_ts\":\"" to_server   \
	       "\",\"tcp_flags_tc\":\"" to_client "\"}")
#define FLOW_EVENT                                                             \
	"2026-11-24 07:32:28.000000 100.64.0.7 51234 192.0.2.9 25 2 - "

CLAIM(eve, "Suricata's drops and flows are read, and nothing else of it")
{
	static const struct vector vectors[] = {
		{ EVE_OF("drop", "\"drop\":{\"len\":60,\"tcpseq\":7,"
				 "\"syn\":true,\"ack\":false,\"rst\":false,"
				 "\"reason\":\"rules\"}"),
		  AT_US " 100.64.0.7 51234 192.0.2.9 25 2 7 packet dropped "
			"[rules]" },
		{ EVE_OF("drop", "\"drop\":{\"tcpseq\":7,\"syn\":true},"
				 "\"alert\":{\"signature\":\"no mail\"}"),
		  AT_US " 100.64.0.7 51234 192.0.2.9 25 2 7 packet dropped "
			"[no mail]" },
		{ EVE_OF("drop", "\"drop\":{\"syn\":true,\"ack\":true}"), "-" },
		{ EVE_OF("drop", "\"drop\":{\"syn\":false,\"ack\":true}"),
		  "-" },
		{ EVE_OF("drop", "\"drop\":{}"), "bad: a drop without flags" },
		{ EVE_OF("drop", "\"drop\":7"), "bad: a drop without flags" },
		{ FLOW_OF("1b", "1b", ""), FLOW_EVENT "answered []" },
		{ FLOW_OF("02", "14", ""), FLOW_EVENT "reset []" },
		{ FLOW_OF("02", "00", ""), FLOW_EVENT "unanswered []" },
		{ FLOW_OF("06", "12", ""), FLOW_EVENT "answered []" },
		{ FLOW_OF("02", "00", ",\"action\":\"drop\""),
		  FLOW_EVENT "unanswered dropped []" },
		{ FLOW_OF("18", "18", ""), "-" },
		{ FLOW_OF("00", "00", ""), "-" },
		{ FLOW_OF("0g", "00", ""), "bad: a flow without flags" },
		{ FLOW_OF("", "00", ""), "bad: a flow without flags" },
		{ EVE_OF("flow", "\"flow\":{}"), "bad: a flow without flags" },
		{ EVE_OF("alert", "\"alert\":{}"), "-" },
		{ EVE_OF("smtp", "\"smtp\":{}"), "-" },
		{ "{\"event_type\":\"flow\",\"proto\":\"UDP\","
		  "\"dest_port\":25}",
		  "-" },
		{ "{\"event_type\":\"stats\",\"stats\":{\"uptime\":8}}", "-" },
		{ "{\"event_type\": \"flow\", \"proto\":",
		  "bad: not a JSON object" },
	};
	struct log_clock clock = clock_2026();

	check("eve", &clock, vectors, COUNT(vectors));
}

/* ---- any bytes ---- */

static const char *format_name(const struct log_format *format)
{
	return format ? log_format_name(format) : "-";
}

CLAIM(formats, "a log is known by its lines")
{
	static const struct {
		const char *line;
		const char *want;
	} vectors[] = {
		{ STAMP PACKET, "kernel" },
		{ LOGEMU_OF("DROP "), "logemu" },
		{ LOGEMU_OF(""), "logemu" },
		/* A stranger's, under a name that has no colon. */
		{ LOGEMU_OF("sshd 12 Invalid user DROP "), "kernel" },
		{ "Nov 24 08:33:28 host x " PACKET, "kernel" },
		{ "Nov 24 08:33:28 host sshd[7]: x", "kernel" },
		{ "2026-11-24T08:33:28+01:00 host cron: x", "kernel" },
		{ "1795505608.123456 host cron: x", "kernel" },
		{ "[    0.000000] Linux version 6.1", "kernel" },
		{ "{\"__CURSOR\":\"s\",\"__REALTIME_TIMESTAMP\":\"1\"}",
		  "kernel" },
		{ ULOGD_OF(SYN), "ulogd-json" },
		{ EVE_OF("stats", "\"stats\":{}"), "eve" },
		{ "{\"a\": 1}", "-" },
		{ "policy residential", "-" },
		{ "\xd4\xc3\xb2\xa1\x02", "-" },
		{ "-- Journal begins at Tue", "-" },
		{ "", "-" },
	};

	for (size_t i = 0; i < COUNT(vectors); i++)
		expect_text(vectors[i].line,
			    format_name(log_line_format(
				    vectors[i].line, strlen(vectors[i].line))),
			    vectors[i].want);
}

CLAIM(long_lines, "a line of a megabyte is refused, one of 64 KiB is read")
{
	size_t most = 1 << 20;
	char *line = malloc(most);
	struct log_clock clock = clock_2026();
	struct log_event e;
	const char *why;
	int n;

	assert_non_null(line);
	memset(line, 'x', most);
	for (size_t i = 0; log_format_at(i); i++) {
		enum log_result result =
			parse_copy(log_format_name(log_format_at(i)), &clock,
				   line, most, &e, &why);

		expect(result == LOG_BAD && !strcmp(why, "longer than 64 KiB"),
		       "%s got %d", log_format_name(log_format_at(i)), result);
	}
	n = snprintf(line, most, "Nov 24 08:33:28 host kernel: ");
	memcpy(line + 65536 - sizeof(PACKET) + 1, PACKET, sizeof(PACKET) - 1);
	line[n] = 'y';
	expect(parse_copy("kernel", &clock, line, 65536, &e, &why) ==
			       LOG_EVENT &&
		       strlen(e.prefix) == sizeof(e.prefix) - 1,
	       "of 64 KiB got \"%s\"", why ? why : e.prefix);
	free(line);
}

CLAIM(cuts, "a line that was cut anywhere, or has any byte in it, does no harm")
{
	static const struct {
		const char *format;
		const char *line;
	} vectors[] = {
		{ "kernel", STAMP "a:1 block " PACKET },
		{ "kernel", "2026-11-24T08:33:28.123456+01:00 h kernel: "
			    "IN=a OUT= SRC=fe80::1%e DST=::2 " REST },
		{ "kernel", "[Tue Nov 24 08:33:28 2026] x " PACKET },
		{ "ulogd-json", ULOGD_OF(SYN) },
		{ "eve", FLOW_OF("02", "00", "") },
	};

	for (size_t i = 0; i < COUNT(vectors); i++) {
		size_t len = strlen(vectors[i].line);
		struct log_clock clock = clock_2026();
		struct log_event e;
		const char *why;

		for (size_t n = 0; n < len; n++) {
			enum log_result result =
				parse_copy(vectors[i].format, &clock,
					   vectors[i].line, n, &e, &why);

			expect(result != LOG_EVENT, "cut at %zu: \"%s\"", n,
			       vectors[i].line);
		}
		for (size_t n = 0; n < len * 256; n++) {
			char line[1024];

			memcpy(line, vectors[i].line, len);
			line[n / 256] = (char)n;
			parse_copy(vectors[i].format, &clock, line, len, &e,
				   &why);
		}
	}
}

CLAIM(garbage, "binary garbage is nothing, or bad")
{
	uint64_t seed = 7;

	for (int i = 0; i < 20000; i++) {
		char bytes[256];
		struct log_clock clock = clock_2026();
		struct log_event e;
		const char *why;

		for (size_t j = 0; j < sizeof(bytes); j++)
			bytes[j] = (char)(chance(&seed) >> 32);
		expect(parse_copy(i % 5 < 4 ? log_format_name(
						      log_format_at(i % 5)) :
					      NULL,
				  &clock, bytes, chance(&seed) % sizeof(bytes),
				  &e, &why) != LOG_EVENT,
		       "number %d is an event", i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIMED(stamps),   CLAIMED(packets),   CLAIMED(bad_packets),
		CLAIMED(heads),	   CLAIMED(strangers), CLAIMED(logemu),
		CLAIMED(repeated), CLAIMED(last_year), CLAIMED(twice),
		CLAIMED(prefixes), CLAIMED(months),    CLAIMED(new_year),
		CLAIMED(any_time), CLAIMED(summer),    CLAIMED(ulogd),
		CLAIMED(eve),	   CLAIMED(formats),   CLAIMED(long_lines),
		CLAIMED(cuts),	   CLAIMED(garbage),
	};

	return cmocka_run_group_tests_name("log_line", tests, NULL, NULL);
}

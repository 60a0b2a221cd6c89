/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Logs and files that are not read: by what they are known, what they are, and
 * what to do instead.
 */
#include "log_priv.h"

/* ---- files, by their first bytes ---- */

static const struct {
	const char *bytes;
	uint8_t len;
	const char *is;
} files[] = {
#define CAPTURE "is a capture of packets; mailwall replay reads it"
	{ "\xd4\xc3\xb2\xa1", 4, CAPTURE },
	{ "\xa1\xb2\xc3\xd4", 4, CAPTURE },
	{ "\x4d\x3c\xb2\xa1", 4, CAPTURE },
	{ "\xa1\xb2\x3c\x4d", 4, CAPTURE },
	{ "\x0a\x0d\x0d\x0a", 4, CAPTURE },
#undef CAPTURE
	{ "\xff\xfe", 2,
	  "is UTF-16; write it anew as UTF-8: iconv -f UTF-16 -t UTF-8" },
	{ "\xfe\xff", 2,
	  "is UTF-16; write it anew as UTF-8: iconv -f UTF-16 -t UTF-8" },
	{ "LPKSHHRH", 8,
	  "is a file of the journal; journalctl --file=FILE -k -o json writes "
	  "what is read" },
	{ "\x0c\xa5", 2,
	  "is a file of nfdump; flows of NetFlow are not read, and mailwall "
	  "watch sees the packets" },
	{ "\xa5\x0c", 2,
	  "is a file of nfdump; flows of NetFlow are not read, and mailwall "
	  "watch sees the packets" },
	{ "PK\x03\x04", 4, "is packed with zip; unpack it first" },
	{ "SQLite format 3", 15,
	  "is a database; mailwall report --store reads it if it is ours" },
	{ "\x7f"
	  "ELF",
	  4, "is a program, and no log" },
};

/* Every other byte is 0: UTF-16 without a mark. */
static bool hint_is_utf16(const struct scan *s)
{
	const size_t n = scan_left(s) < 64 ? scan_left(s) & ~(size_t)1 : 64;
	size_t even = 0, odd = 0;

	for (size_t i = 0; i < n; i += 2) {
		even += !s->at[i];
		odd += !s->at[i + 1];
	}
	return n >= 8 && (even > n / 2 - n / 8) != (odd > n / 2 - n / 8);
}

const char *log_hint_file(const char *bytes, size_t len)
{
	const struct scan s = { bytes, bytes + len };

	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
		if (scan_is(&s, files[i].bytes, files[i].len))
			return files[i].is;
	return hint_is_utf16(&s) ? "is UTF-16; write it anew as UTF-8: "
				   "iconv -f UTF-16LE -t UTF-8" :
				   NULL;
}

/* ---- lines, by words that they have ---- */

const char log_hint_mail[] = "a log of a mail server, which holds no packets; "
			     "what the firewall drops is in the kernel's log";

static const struct {
	const char *words[3]; /* all of them, in this order */
	const char *is;
} lines[] = {
	{ { "filterlog", "," },
	  "pf's filterlog (OPNsense, pfSense), which is not read; run mailwall "
	  "watch beside it" },
	{ { ",match,", ",in," },
	  "pf's filterlog (OPNsense, pfSense), which is not read; run mailwall "
	  "watch beside it" },
	{ { "%ASA-" }, "Cisco ASA, which is not read" },
	{ { "%FTD-" }, "Cisco Firepower, which is not read" },
	{ { "%SEC-6-IPACCESSLOG" }, "Cisco IOS, which is not read" },
	{ { "devname=", "logid=" }, "FortiGate, which is not read" },
	{ { "logid=", "type=", "subtype=" }, "FortiGate, which is not read" },
	{ { "#separator \\x09" },
	  "Zeek, which is not read; mailwall replay reads the capture" },
	{ { "#fields\tts\tuid" },
	  "Zeek, which is not read; mailwall replay reads the capture" },
	{ { "\"id.orig_h\"" },
	  "Zeek, which is not read; mailwall replay reads the capture" },
	{ { "RT_FLOW" }, "Juniper, which is not read" },
	{ { ",TRAFFIC," }, "Palo Alto, which is not read" },
	{ { "ts,te,td,sa,da," },
	  "CSV of nfdump; flows of NetFlow are not read" },
	{ { "Date first seen", "Proto" },
	  "text of nfdump; flows of NetFlow are not read" },
	{ { "firewall,info" },
	  "MikroTik's firewall, which is not read; mailwall watch sees its "
	  "packets where they pass a Linux router" },
	{ { "#Fields: date time action protocol" },
	  "the firewall of Windows, which is not read" },
	{ { "===>PACKET BOUNDARY" },
	  "ulogd's OPRINT, which is not read; its JSON and LOGEMU outputs "
	  "are" },
	{ { "oob.prefix=" },
	  "ulogd's GPRINT or OPRINT, which is not read; its JSON and LOGEMU "
	  "outputs are" },
	{ { "suricata", "{\"timestamp\"" },
	  "Suricata's events behind a head of syslog, which is not read; its "
	  "file eve.json is" },
	{ { "\"_TRANSPORT\" :" },
	  "journalctl -o json-pretty, which is not read; -o json is" },
	{ { "data: {\"" },
	  "journalctl -o json-sse, which is not read; -o json is" },
	{ { "__CURSOR=" },
	  "journalctl -o export, which is not read; -o json is" },
	{ { "__REALTIME_TIMESTAMP=" },
	  "journalctl -o export, which is not read; -o json is" },
	{ { " [s=", ";i=", ";b=" },
	  "journalctl -o verbose, which is not read; -o json is" },
	{ { "-IN ", "DROP: IN=" }, "Proxmox VE's firewall, which is not read" },
	{ { "-OUT ", "DROP: IN=" },
	  "Proxmox VE's firewall, which is not read" },
	{ { " IP", " > ", ": Flags [" },
	  "text of tcpdump; tcpdump -w writes a capture, which mailwall "
	  "replay reads" },
	{ { "[NEW] tcp", "SYN_SENT" }, "conntrack -E, which is not read" },
	{ { "ipfw: ", "TCP" }, "ipfw, which is not read" },
	{ { "postfix/" }, log_hint_mail },
};

/* A comma in most places: a table. */
static bool hint_is_csv(const struct scan *s)
{
	size_t commas = 0;

	for (const char *p = s->at; p < s->end; p++)
		commas += *p == ',';
	return commas >= 5 && !memchr(s->at, '{', scan_left(s));
}

static bool hint_has_words(struct scan s, const char *const words[3])
{
	for (int i = 0; i < 3 && words[i]; i++) {
		s.at = scan_find(&s, words[i]);
		if (!s.at)
			return false;
		s.at += strlen(words[i]);
	}
	return true;
}

const char *log_hint_line(const char *line, size_t len)
{
	const struct scan s = { line, line + (len > 4096 ? 4096 : len) };

	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++)
		if (hint_has_words(s, lines[i].words))
			return lines[i].is;
	return hint_is_csv(&s) ? "a table of values between commas, which is "
				 "not read" :
				 NULL;
}

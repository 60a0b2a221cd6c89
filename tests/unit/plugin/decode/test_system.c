/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SYNs as systems sent them: the options are those of captured packets. */
#include "../../unit.h"

#include "../../../../plugin/decode/decode.h"

#define OPTIONS_MOST 40

static const struct sent {
	const char *who;
	uint8_t hop_limit;
	uint16_t window;
	const char *options; /* hex */
	enum system want;
} sent[] = {
	{ "Linux 6", 64, 64240,
	  "020405b40402080a3be477a300000000"
	  "0103030a",
	  SYSTEM_LINUX },
	{ "Linux 6, 14 hops away", 50, 64240,
	  "020405b40402080a3be477a3000000000103030a", SYSTEM_LINUX },
	{ "Linux 2.6", 58, 5840, "020405b40402080a3be477a30000000001030302",
	  SYSTEM_LINUX },
	{ "Linux, no timestamps", 64, 64240, "020405b4010104020103030a",
	  SYSTEM_LINUX },
	{ "Linux, no SACK", 64, 64240,
	  "020405b40101080a9957ea2900000000"
	  "0103030a",
	  SYSTEM_LINUX },
	{ "Linux, no scale", 64, 64240, "020405b40402080a5ff55f6200000000",
	  SYSTEM_LINUX },
	{ "Linux, scale only", 64, 64240, "020405b40103030a", SYSTEM_LINUX },
	{ "Linux, SACK only", 64, 64240, "020405b401010402", SYSTEM_LINUX },
	{ "Linux, timestamps only", 64, 64240,
	  "020405b40101080af29d4f8e00000000", SYSTEM_LINUX },
	{ "Linux, asks for a cookie", 64, 64240,
	  "020405b40402080a11fba1cf000000000103030a22020101", SYSTEM_LINUX },
	{ "Windows 10", 122, 64240, "020405b40103030801010402",
	  SYSTEM_WINDOWS },
	{ "Windows 7", 128, 8192, "020405b40103030201010402", SYSTEM_WINDOWS },
	{ "Windows, timestamps", 126, 8192,
	  "0204055001030308"
	  "0402080a0000000100000000",
	  SYSTEM_WINDOWS },
	{ "Windows XP", 127, 65535, "020405b401010402", SYSTEM_WINDOWS_OLD },
	{ "Windows 2000", 128, 16384, "020405b401010402", SYSTEM_WINDOWS_OLD },
	{ "FreeBSD", 51, 65535, "020405b4010303060402080a0000000100000000",
	  SYSTEM_BSD },
	{ "macOS", 64, 65535,
	  "020405b40103030501010"
	  "80a000000010000000004020000",
	  SYSTEM_APPLE },
	{ "macOS, a cookie", 63, 65535,
	  "020405b40103030501"
	  "01080a0000000100000000"
	  "04022206d4e718bf",
	  SYSTEM_APPLE },
	{ "nmap", 43, 4096, "020405b4", SYSTEM_SCANNER },
	{ "nmap", 59, 1024, "020405b4", SYSTEM_SCANNER },
	{ "no options", 240, 1024, "", SYSTEM_SCANNER },
	{ "a segment size alone", 250, 4128, "020405b4", SYSTEM_EMBEDDED },
	{ "a segment size alone", 63, 512, "020405b4", SYSTEM_EMBEDDED },
	/* Like none of these. */
	{ "Linux' order from 128", 128, 64240,
	  "020405b40402080a3be477a3000000000103030a", SYSTEM_UNKNOWN },
	{ "Windows' order from 64", 64, 64240, "020405b40103030801010402",
	  SYSTEM_UNKNOWN },
	{ "macOS' order, another window", 64, 8192,
	  "020405b4010303050101080a000000010000000004020000", SYSTEM_UNKNOWN },
	{ "an order of nobody", 64, 65535, "020405b4040200", SYSTEM_UNKNOWN },
	/* Lengths that lie. */
	{ "a length of 0", 64, 64240, "02000000", SYSTEM_UNKNOWN },
	{ "a length of 1", 64, 64240, "0201", SYSTEM_UNKNOWN },
	{ "a length beyond the end", 64, 64240, "020405b4030a00",
	  SYSTEM_UNKNOWN },
	{ "a kind without length", 64, 64240, "020405b404", SYSTEM_UNKNOWN },
	{ "forty bytes of nothing", 64, 64240,
	  "01010101010101010101010101010101010101010101010101010101010101"
	  "010101010101010101",
	  SYSTEM_UNKNOWN },
};

static uint32_t options_of(const struct sent *s, uint8_t out[OPTIONS_MOST])
{
	uint32_t n = 0;

	for (const char *c = s->options; *c; c += 2) {
		unsigned int byte;

		assert_int_equal(sscanf(c, "%2x", &byte), 1);
		assert_true(n < OPTIONS_MOST);
		out[n++] = (uint8_t)byte;
	}
	return n;
}

CLAIM(tells, "the order of options, the hop limit and the window tell the "
	     "system of a SYN, and lengths that lie tell nothing")
{
	for (size_t i = 0; i < COUNT(sent); i++) {
		const struct sent *s = &sent[i];
		uint8_t bytes[OPTIONS_MOST], *just;
		uint32_t n = options_of(s, bytes);
		enum system is;

		/* Just these bytes, so that one too far is seen. */
		just = malloc(n ? n : 1);
		assert_non_null(just);
		memcpy(just, bytes, n);
		is = system_of_syn(&(struct syn_traits){ s->hop_limit,
							 s->window, just, n });
		free(just);
		expect(is == s->want, "%s: %s, %s expected", s->who,
		       system_name(is), system_name(s->want));
	}
}

/* ---- through the decoder ---- */

#define ETHERNET_BYTES 14

/* A SYN to port 25, behind Ethernet; the IP packet begins there. */
static uint32_t frame_of_syn(const struct sent *s, uint8_t family,
			     uint8_t flags, uint8_t out[128])
{
	uint8_t options[OPTIONS_MOST], *ip = out + ETHERNET_BYTES, *tcp;
	uint32_t n = (options_of(s, options) + 3) / 4 * 4;
	uint32_t header = family == 4 ? 20 : 40, sum = 0;

	memset(out, 0, 128);
	out[12] = family == 4 ? 0x08 : 0x86;
	out[13] = family == 4 ? 0x00 : 0xdd;
	ip[0] = family == 4 ? 0x45 : 0x60;
	if (family == 4) {
		ip[3] = (uint8_t)(40 + n);
		ip[8] = s->hop_limit;
		ip[9] = 6;
		memcpy(ip + 12, (uint8_t[]){ 192, 0, 2, 1, 198, 51, 100, 2 },
		       8);
		for (int i = 0; i < 20; i += 2)
			sum += (uint32_t)(ip[i] << 8 | ip[i + 1]);
		sum = ~((sum & 0xffff) + (sum >> 16)) & 0xffff;
		ip[10] = (uint8_t)(sum >> 8);
		ip[11] = (uint8_t)sum;
	} else {
		ip[5] = (uint8_t)(20 + n);
		ip[6] = 6;
		ip[7] = s->hop_limit;
		ip[8] = ip[24] = 0x20;
		ip[9] = ip[25] = 0x01;
		ip[23] = ip[39] = 7;
	}
	tcp = ip + header;
	tcp[0] = 0x9c;
	tcp[3] = 25;
	tcp[12] = (uint8_t)((20 + n) / 4 << 4);
	tcp[13] = flags;
	tcp[14] = (uint8_t)(s->window >> 8);
	tcp[15] = (uint8_t)s->window;
	memcpy(tcp + 20, options, n);
	return ETHERNET_BYTES + header + 20 + n;
}

static void expect_decoded_as(struct decoder *d, const struct sent *s,
			      uint8_t family, bool raw)
{
	uint8_t bytes[128];
	uint32_t n = frame_of_syn(s, family, TCP_SYN, bytes);
	uint32_t skip = raw ? ETHERNET_BYTES : 0;
	struct frame f = { .data = bytes + skip,
			   .caplen = n - skip,
			   .len = n - skip,
			   .link = raw ? LINK_RAW : LINK_ETHERNET };
	struct segment out;

	memset(&out, 0xee, sizeof(out));
	assert_int_equal(decode_frame(d, &f, &out), DECODED_SEGMENT);
	expect(out.system == s->want, "%s, IPv%u, raw %d: %s, %s expected",
	       s->who, family, raw, system_name(out.system),
	       system_name(s->want));
}

CLAIM(decoded, "a frame's SYN has the system of its options, in IPv4 and in "
	       "IPv6, plain or not; a SYN-ACK has none")
{
	static struct port_bits ports;
	struct decoder *d;
	uint8_t bytes[128];
	struct frame f = { .data = bytes, .link = LINK_ETHERNET };
	struct segment out;

	ports.word[0] |= UINT64_C(1) << 25;
	d = decoder_new(&ports);
	assert_non_null(d);
	for (size_t i = 0; i < COUNT(sent); i++) {
		if (options_of(&sent[i], bytes) % 4)
			continue; /* a header has whole words */
		expect_decoded_as(d, &sent[i], 4, false);
		expect_decoded_as(d, &sent[i], 4, true);
		expect_decoded_as(d, &sent[i], 6, false);
		expect_decoded_as(d, &sent[i], 6, true);
	}
	f.caplen = f.len = frame_of_syn(&sent[0], 4, TCP_SYN | TCP_ACK, bytes);
	assert_int_equal(decode_frame(d, &f, &out), DECODED_SEGMENT);
	expect(out.system == SYSTEM_NONE, "a SYN-ACK is %s",
	       system_name(out.system));
	decoder_free(d);
}

CLAIM(words, "systems of a source are a list for people")
{
	char text[SYSTEMS_TEXT_BYTES];
	uint16_t two = system_bit(SYSTEM_LINUX) | system_bit(SYSTEM_SCANNER);

	assert_string_equal(systems_text(0, text), "");
	assert_string_equal(systems_text(system_bit(SYSTEM_WINDOWS), text),
			    "Windows");
	assert_string_equal(systems_text(two, text),
			    "Linux and a scanning tool");
	two |= system_bit(SYSTEM_APPLE);
	assert_string_equal(systems_text(two, text),
			    "Linux, macOS or iOS and a scanning tool");
	assert_true(strlen(systems_text(SYSTEMS_ALL, text)) + 1 <
		    SYSTEMS_TEXT_BYTES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIMED(tells),
		CLAIMED(decoded),
		CLAIMED(words),
	};

	return cmocka_run_group_tests_name("system", tests, NULL, NULL);
}

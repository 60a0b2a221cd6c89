/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A script has a segment on each line: who speaks, how, and what.
 *
 *	C: text		the client's line; CR LF is added
 *	S= text		the server's bytes as they are
 *	C! text		a line that is missing from the capture
 *
 * %16 is the byte 0x16. What came out is written as facts(), below, has it.
 */
#include "../../unit.h"

#include "../../../../plugin/dialogue/dialogue.h"
#include "../../../../plugin/memory/siphash.h"

#define SEGMENTS_MOST 64
#define SEGMENT_BYTES 400

static const uint64_t key[2] = { 0x0123456789abcdef, 0xfedcba9876543210 };

/* ---- facts ---- */

static const char *const seen_names[] = {
	"banner",  "implicit-tls", "offered",	 "masked",   "starttls",
	"refused", "tls",	   "auth-clear", "failed",   "ok",
	"helo",	   "odd",	   "mail",	 "accepted", "gap",
};

static void put_counts(FILE *f, const char *name, const uint8_t n[3])
{
	if (n[0] || n[1] || n[2])
		fprintf(f, " %s:%u,%u,%u", name, n[0], n[1], n[2]);
}

/* Bits by name, then what was replied by class, then failures. */
static const char *facts(const struct dialogue *d)
{
	static char bytes[512];
	FILE *f = fmemopen(bytes, sizeof(bytes), "w");

	assert_non_null(f);
	bytes[0] = '\0';
	for (size_t i = 0; i < COUNT(seen_names); i++)
		if (d->seen & 1u << i)
			fprintf(f, " %s", seen_names[i]);
	put_counts(f, "MAIL", d->replies[STAGE_MAIL]);
	put_counts(f, "RCPT", d->replies[STAGE_RCPT]);
	put_counts(f, "DATA", d->replies[STAGE_DATA]);
	if (d->auth_failures)
		fprintf(f, " failures:%u", d->auth_failures);
	fclose(f);
	return *bytes ? bytes + 1 : "";
}

/* ---- scripts ---- */

struct script_segment {
	bool client, lost;
	uint32_t seq;
	size_t n;
	uint8_t bytes[SEGMENT_BYTES];
};

struct script {
	size_t n;
	struct script_segment segments[SEGMENTS_MOST];
};

static size_t read_bytes(uint8_t *out, const char *text, size_t len)
{
	size_t n = 0;
	unsigned int byte;

	for (const char *end = text + len; text < end; text++) {
		if (*text == '%' && sscanf(text + 1, "%2x", &byte) == 1) {
			out[n++] = (uint8_t)byte;
			text += 2;
		} else {
			out[n++] = (uint8_t)*text;
		}
	}
	return n;
}

static void read_segment(struct script_segment *s, const char *line, size_t len)
{
	assert_in_range(len, 3, SEGMENT_BYTES - 2);
	s->client = line[0] == 'C';
	s->lost = line[1] == '!';
	s->n = read_bytes(s->bytes, line + 3, len - 3);
	if (line[1] != '=') {
		s->bytes[s->n++] = '\r';
		s->bytes[s->n++] = '\n';
	}
}

static void read_script(struct script *script, const char *text, uint32_t isn)
{
	uint32_t next[2] = { isn + 1, isn + 1000001 };

	for (script->n = 0; *text; script->n++) {
		struct script_segment *s = &script->segments[script->n];
		const char *end = strchr(text, '\n');

		assert_true(script->n < SEGMENTS_MOST && end);
		read_segment(s, text, (size_t)(end - text));
		s->seq = next[s->client];
		next[s->client] += (uint32_t)s->n;
		text = end + 1;
	}
}

/* A copy of just that size: a byte too far is seen. */
static void feed_copy(struct dialogue *d, const struct script_segment *s,
		      size_t from, size_t to)
{
	uint8_t *copy = malloc(to > from ? to - from : 1);

	assert_non_null(copy);
	memcpy(copy, s->bytes + from, to - from);
	dialogue_feed(d, s->client, s->seq + (uint32_t)from, copy, to - from,
		      to - from);
	free(copy);
}

static void begin(struct dialogue *d, enum dialogue_protocol protocol,
		  uint32_t isn)
{
	dialogue_init(d, protocol, key);
	dialogue_start(d, true, isn + 1000001);
	dialogue_start(d, false, isn + 1);
}

static void play(struct dialogue *d, const struct script *script)
{
	for (size_t i = 0; i < script->n; i++)
		if (!script->segments[i].lost)
			feed_copy(d, &script->segments[i], 0,
				  script->segments[i].n);
}

/* ---- vectors ---- */

struct vector {
	enum dialogue_protocol protocol;
	const char *name, *script, *want;
	const char *helo, *user; /* whose hashes these are; NULL: none */
};

static uint64_t hash_of(const char *name)
{
	return name ? siphash_24(key, name, strlen(name)) : 0;
}

static void expect_vector(const struct vector *v, const struct dialogue *d)
{
	expect_text(v->name, facts(d), v->want);
	expect(d->helo_hash == hash_of(v->helo), "in \"%s\" HELO is not %s",
	       v->name, v->helo ? v->helo : "none");
	expect(d->user_hash == hash_of(v->user), "in \"%s\" the user is not %s",
	       v->name, v->user ? v->user : "none");
}

static void expect_vectors(const struct vector *vectors, size_t n)
{
	static struct script script;
	struct dialogue d;

	for (size_t i = 0; i < n; i++) {
		read_script(&script, vectors[i].script, 0);
		begin(&d, vectors[i].protocol, 0);
		play(&d, &script);
		expect_vector(&vectors[i], &d);
	}
}

static const struct vector smtp[] = {
	{ DIALOGUE_SMTP, "a message",
	  "S: 220 mx.example ESMTP\n"
	  "C: EHLO client.example\n"
	  "S: 250-mx.example\n"
	  "S: 250-STARTTLS\n"
	  "S: 250 HELP\n"
	  "C: MAIL FROM:<a@client.example>\n"
	  "S: 250 ok\n"
	  "C: RCPT TO:<b@mx.example>\n"
	  "S: 250 ok\n"
	  "C: DATA\n"
	  "S: 354 go ahead\n"
	  "C: Subject: MAIL FROM:<x>\n"
	  "C: MAIL FROM:<y>\n"
	  "C: AUTH PLAIN\n"
	  "C: STARTTLS\n"
	  "C: ..\n"
	  "C: .\n"
	  "S: 250 queued\n"
	  "C: QUIT\n"
	  "S: 221 bye\n",
	  "banner offered helo mail accepted MAIL:1,0,0 RCPT:1,0,0 DATA:1,0,0",
	  "CLIENT.EXAMPLE", NULL },
	{ DIALOGUE_SMTP, "every class of reply",
	  "S: 220-mx.example\n"
	  "S: 220 ready\n"
	  "C: helo client.example\n"
	  "S: 250 hello\n"
	  "C: mail from:<a@client.example>\n"
	  "S: 451 later\n"
	  "C: mail from:<a@client.example>\n"
	  "S: 250-ok\n"
	  "S: 250 ok\n"
	  "C: rcpt to:<b@mx.example>\n"
	  "S: 550 no\n"
	  "C: rcpt to:<c@mx.example>\n"
	  "S: 450-later\n"
	  "S: 450 later\n"
	  "C: rcpt to:<d@mx.example>\n"
	  "S: 251 elsewhere\n"
	  "C: data\n"
	  "S: 354 go ahead\n"
	  "C: .\n"
	  "S: 554 spam\n",
	  "banner helo mail MAIL:1,1,0 RCPT:1,1,1 DATA:0,0,1", "CLIENT.EXAMPLE",
	  NULL },
	{ DIALOGUE_SMTP, "commands that do not wait: RFC 2920",
	  "S: 220 mx.example\n"
	  "C: EHLO client.example\n"
	  "S: 250 PIPELINING\n"
	  "C= MAIL FROM:<a@x>%0d%0aRCPT TO:<b@x>%0d%0aRCPT TO:<c@x>%0d%0a"
	  "RCPT TO:<d@x>%0d%0aDATA%0d%0a\n"
	  "S= 250 ok%0d%0a550 no%0d%0a450 later%0d%0a250 ok%0d%0a354 go%0d%0a\n"
	  "C= text%0d%0a.%0d%0aMAIL FROM:<a@x>%0d%0aRCPT TO:<b@x>%0d%0a"
	  "DATA%0d%0a\n"
	  "S= 250 queued%0d%0a250 ok%0d%0a250 ok%0d%0a354 go%0d%0a\n"
	  "C= .%0d%0aQUIT%0d%0a\n"
	  "S= 452 full%0d%0a221 bye%0d%0a\n",
	  "banner helo mail accepted MAIL:2,0,0 RCPT:2,1,1 DATA:1,1,0",
	  "CLIENT.EXAMPLE", NULL },
	{ DIALOGUE_SMTP, "a client that waits for nothing, not even the banner",
	  "C: HELO client.example\n"
	  "C: MAIL FROM:<a@x>\n"
	  "C: RCPT TO:<b@x>\n"
	  "C: DATA\n"
	  "C: text\n"
	  "C: .\n"
	  "S: 220 mx.example\n"
	  "S: 250 hello\n"
	  "S: 250 ok\n"
	  "S: 550 no\n"
	  "S: 354 go\n"
	  "S: 250 queued\n",
	  "banner helo mail accepted MAIL:1,0,0 RCPT:0,0,1 DATA:1,0,0",
	  "CLIENT.EXAMPLE", NULL },
	{ DIALOGUE_SMTP, "a DATA that is refused, so that commands follow",
	  "S: 220 mx.example\n"
	  "C: DATA\n"
	  "S: 503 what for?\n"
	  "C: MAIL FROM:<a@x>\n"
	  "S: 250 ok\n",
	  "banner mail MAIL:1,0,0 DATA:0,0,1", NULL, NULL },
	{ DIALOGUE_SMTP, "content that followed a DATA that was refused",
	  "S: 220 mx.example\n"
	  "C: DATA\n"
	  "C: text\n"
	  "C: .\n"
	  "S: 503 what for?\n"
	  "S: 500 text?\n"
	  "S: 500 .?\n"
	  "C: MAIL FROM:<a@x>\n"
	  "S: 250 ok\n"
	  "C: RCPT TO:<b@x>\n"
	  "S: 250 ok\n",
	  "banner mail MAIL:1,0,0 RCPT:1,0,0 DATA:0,0,1", NULL, NULL },
	{ DIALOGUE_SMTP, "no reply at all in the capture",
	  "C: EHLO client.example\n"
	  "C: MAIL FROM:<a@x>\n"
	  "C: DATA\n"
	  "C: STARTTLS\n"
	  "C: .\n"
	  "C: AUTH CRAM-MD5\n",
	  "auth-clear helo mail", "CLIENT.EXAMPLE", NULL },
	{ DIALOGUE_SMTP, "chunks: RFC 3030",
	  "S: 220 mx.example\n"
	  "C: MAIL FROM:<a@x>\n"
	  "S: 250 ok\n"
	  "C= BDAT 10%0d%0a.%0d%0aAUTH X%0aBDAT 12 LAST%0d%0aMAIL FROM:<>\n"
	  "S: 250 10 octets\n"
	  "S: 250 queued\n"
	  "C= BDAT 0 last%0d%0a%0d%0aBDAT 5 ALL%0d%0aRSET%0d%0aBDAT -1%0d%0a\n"
	  "S: 503 no sender\n"
	  "S: 501 syntax\n"
	  "S: 250 ok\n"
	  "S: 501 syntax\n"
	  "C= BDAT 1234567890123456789%0d%0aDATA 5%0d%0a\n"
	  "S: 501 syntax\n"
	  "S: 501 syntax\n"
	  "C= BDAT 2%0aXXBDAT 2%0dYY\n"
	  "S: 250 ok\n"
	  "S: 452 full\n",
	  "banner mail accepted MAIL:1,0,0 DATA:1,1,1", NULL, NULL },
	{ DIALOGUE_SMTP, "bare line ends, blanks and lower case",
	  "S= 220 mx.example%0a\n"
	  "C= ehlo \tclient.example. %0a\n"
	  "S= 250-mx%0a250 starttls%0a\n"
	  "C= mail  from:<a@x>%0d\n"
	  "S= 250 ok%0d\n"
	  "C= data %0a\n"
	  "S= 354 go%0a\n"
	  "C= text%0a.%0aquit%0a\n"
	  "S= 250 queued%0a221 bye%0a\n",
	  "banner offered helo mail accepted MAIL:1,0,0 DATA:1,0,0",
	  "CLIENT.EXAMPLE.", NULL },
	{ DIALOGUE_SMTP, "a server that closes",
	  "S: 554 not you\n"
	  "C: QUIT\n"
	  "S: 221 bye\n",
	  "", NULL, NULL },
	{ DIALOGUE_SMTP, "a server that closes in the midst of a message",
	  "S: 220 mx.example\n"
	  "C: DATA\n"
	  "S: 354 go\n"
	  "C: text\n"
	  "S: 421 timeout\n",
	  "banner DATA:0,1,0", NULL, NULL },
	{ DIALOGUE_SMTP, "extensions that were overwritten",
	  "S: 220 ***********\n"
	  "C: EHLO client.example\n"
	  "S: 250-mx.example\n"
	  "S: 250-XXXXXXXA\n"
	  "S: 250 XXXB\n",
	  "banner masked helo", "CLIENT.EXAMPLE", NULL },
	{ DIALOGUE_SMTP, "extensions that are none of STARTTLS",
	  "S: 220 STARTTLS\n"
	  "C: EHLO client.example\n"
	  "S: 250-STARTTLSX\n"
	  "S: 250-XSTARTTLS\n"
	  "S: 250-XXXB\n"
	  "S: 250-XXXXXXXXXC\n"
	  "S: 250-XXXXXXX1\n"
	  "S: 214 STARTTLS\n",
	  "banner helo", "CLIENT.EXAMPLE", NULL },
	{ DIALOGUE_SMTP, "nothing but NULs and what is no text",
	  "S= %00%00220 mx%0d%0a%ff%fe%00\n"
	  "C= %00%00%00%0d%0aMAIL%00FROM:<a@x>%0d%0a%80%80%80%0a\n"
	  "S= 2%000 ok%0d%0a250%00 ok%0d%0a\n"
	  "C= EHLO a%00b.example%0d%0a\n",
	  "helo", NULL, NULL },
};

CLAIM(smtp_says, "what is said in SMTP is understood")
{
	struct vector last = smtp[COUNT(smtp) - 1];
	struct dialogue d;
	static struct script script;

	expect_vectors(smtp, COUNT(smtp) - 1);
	read_script(&script, last.script, 0);
	begin(&d, DIALOGUE_SMTP, 0);
	play(&d, &script);
	expect_text(last.name, facts(&d), last.want);
	expect(d.helo_hash == siphash_24(key, "A\0B.EXAMPLE", 11),
	       "in \"%s\" HELO lost its NUL", last.name);
}

static const struct vector logins[] = {
	{ DIALOGUE_SMTP, "AUTH PLAIN, at once",
	  "S: 220 mx\n"
	  "C: AUTH PLAIN AGFsaWNlAHNlY3JldA==\n"
	  "S: 235 welcome\n"
	  "C: MAIL FROM:<a@x>\n"
	  "S: 250 ok\n",
	  "banner auth-clear ok mail MAIL:1,0,0", NULL, "alice" },
	{ DIALOGUE_SMTP, "AUTH PLAIN for somebody else",
	  "S: 220 mx\n"
	  "C: auth plain Ym9iAGFsaWNlAHNlY3JldA==\n"
	  "S: 535 no\n",
	  "banner auth-clear failed failures:1", NULL, "alice" },
	{ DIALOGUE_SMTP, "AUTH PLAIN, when asked",
	  "S: 220 mx\n"
	  "C: AUTH PLAIN\n"
	  "S: 334 \n"
	  "C: AGFsaWNlAHNlY3JldA==\n"
	  "S: 535-no\n"
	  "S: 535 no\n"
	  "C: AUTH PLAIN AGJvYgBzZWNyZXQ=\n"
	  "S: 454 later\n",
	  "banner auth-clear failed failures:2", NULL, "bob" },
	{ DIALOGUE_SMTP, "AUTH LOGIN: the line that looks like DATA is none",
	  "S: 220 mx\n"
	  "C: AUTH LOGIN\n"
	  "S: 334 VXNlcm5hbWU6\n"
	  "C: YWxpY2U=\n"
	  "S: 334 UGFzc3dvcmQ6\n"
	  "C: DATA\n"
	  "S: 235 welcome\n"
	  "C: MAIL FROM:<a@x>\n"
	  "S: 250 ok\n",
	  "banner auth-clear ok mail MAIL:1,0,0", NULL, "alice" },
	{ DIALOGUE_SMTP, "AUTH LOGIN with the name at once",
	  "S: 220 mx\n"
	  "C: AUTH LOGIN YWxpY2U=\n"
	  "S: 334 UGFzc3dvcmQ6\n"
	  "C: Ym9i\n"
	  "S: 535 no\n",
	  "banner auth-clear failed failures:1", NULL, "alice" },
	{ DIALOGUE_SMTP, "a mechanism whose users we cannot read",
	  "S: 220 mx\n"
	  "C: AUTH PLAIN AGFsaWNlAHNlY3JldA==\n"
	  "S: 535 no\n"
	  "C: AUTH CRAM-MD5\n"
	  "S: 334 PDEyMz4=\n"
	  "C: AGJvYgBzZWNyZXQ=\n"
	  "S: 235 welcome\n",
	  "banner auth-clear failed ok failures:1", NULL, NULL },
	{ DIALOGUE_SMTP, "what is no base64, or no message of PLAIN",
	  "S: 220 mx\n"
	  "C: AUTH PLAIN A.FsaWNlAHNlY3JldA==\n"
	  "S: 501 no\n"
	  "C: AUTH PLAIN YWxpY2U=\n"
	  "S: 501 no\n"
	  "C: AUTH PLAIN =\n"
	  "S: 501 no\n",
	  "banner auth-clear failed failures:3", NULL, NULL },
	{ DIALOGUE_SMTP, "a login that the client gives up",
	  "S: 220 mx\n"
	  "C: AUTH LOGIN\n"
	  "S: 334 VXNlcm5hbWU6\n"
	  "C: *\n"
	  "S: 501 as you like\n"
	  "C: MAIL FROM:<a@x>\n"
	  "S: 530 no\n",
	  "banner auth-clear failed mail MAIL:0,0,1 failures:1", NULL, NULL },
	{ DIALOGUE_SMTP, "a server that asks and then does not wait",
	  "S: 220 mx\n"
	  "C: AUTH PLAIN\n"
	  "S: 334 \n"
	  "S: 454 too late\n"
	  "C: MAIL FROM:<a@x>\n"
	  "S: 250 ok\n",
	  "banner auth-clear failed mail MAIL:1,0,0 failures:1", NULL, NULL },
	{ DIALOGUE_SMTP, "AUTH alone is no login",
	  "S: 220 mx\n"
	  "C: AUTH\n"
	  "S: 501 what?\n"
	  "C: AUTHPLAIN x\n"
	  "S: 500 what?\n",
	  "banner", NULL, NULL },
	{ DIALOGUE_IMAP, "LOGIN",
	  "S: * OK ready\n"
	  "C: a1 LOGIN alice secret\n"
	  "S: * 5 EXISTS\n"
	  "S: a1 OK [CAPABILITY IMAP4rev1] in\n"
	  "C: a2 LOGIN bob secret\n",
	  "banner auth-clear ok", NULL, "alice" },
	{ DIALOGUE_IMAP, "LOGIN in quotes, twice, and a name for each",
	  "S: * OK ready\n"
	  "C: a1 login \"bob\" \"secret\"\n"
	  "S: a1 NO no\n"
	  "C: a2 login \"al ice \\\"\\\\\" \"secret\"\n"
	  "S: a2 BAD no\n",
	  "banner auth-clear failed failures:2", NULL, "al ice \"\\" },
	{ DIALOGUE_IMAP, "LOGIN in literals",
	  "S: * OK ready\n"
	  "C: a1 LOGIN {15}\n"
	  "S: + go on\n"
	  "C= a9 LOGIN bob x%0d {12+}%0d%0aa9 STARTTLS%0a%0d%0a\n"
	  "S: a9 OK not yours\n"
	  "S: a1 OK in\n",
	  "banner auth-clear ok", NULL, NULL },
	{ DIALOGUE_IMAP, "an empty literal, and one that is refused",
	  "S: * OK ready\n"
	  "C: a1 APPEND x {0}\n"
	  "S: + go on\n"
	  "C= %0d%0aa2 APPEND x {1000}%0d%0a\n"
	  "S: a2 NO full\n"
	  "C: a3 LOGIN alice secret\n"
	  "S: a3 OK in\n",
	  "banner auth-clear ok", NULL, "alice" },
	{ DIALOGUE_IMAP, "what only looks like a literal",
	  "S: * OK ready\n"
	  "C: a1 SEARCH {x}\n"
	  "C: a2 SEARCH {5}}\n"
	  "C: a3 SEARCH {5-}\n"
	  "C: a4 SEARCH {1234567890123456789}\n"
	  "C: a5 SEARCH 5}\n"
	  "C: a6 LOGIN alice secret\n"
	  "S: a6 OK in\n",
	  "banner auth-clear ok", NULL, "alice" },
	{ DIALOGUE_IMAP, "AUTHENTICATE",
	  "S: * OK ready\n"
	  "C: a1 AUTHENTICATE PLAIN\n"
	  "S: + \n"
	  "C: AGFsaWNlAHNlY3JldA==\n"
	  "S: a1 NO no\n"
	  "C: a2 AUTHENTICATE LOGIN\n"
	  "S: +\n"
	  "C: Ym9i\n"
	  "S: + \n"
	  "C: YWxpY2U=\n"
	  "S: * BYE a3 OK\n"
	  "S: a2 NO no\n",
	  "banner auth-clear failed failures:2", NULL, "bob" },
	{ DIALOGUE_IMAP, "replies out of order, told by their tags",
	  "S: * OK ready\n"
	  "C: a1 NOOP\n"
	  "C: a2 LOGIN alice secret\n"
	  "C: a3 NOOP\n"
	  "S: a3 OK\n"
	  "S: a1 OK\n"
	  "S: a2 NO no\n",
	  "banner auth-clear failed failures:1", NULL, "alice" },
	{ DIALOGUE_POP3, "USER and PASS",
	  "S: +OK ready\n"
	  "C: USER alice\n"
	  "S: +OK go on\n"
	  "C: PASS secret\n"
	  "S: +OK in\n"
	  "C: USER bob\n",
	  "banner auth-clear ok", NULL, "alice" },
	{ DIALOGUE_POP3, "USER and PASS that do not wait, twice",
	  "S: +OK ready\n"
	  "C= user bob%0d%0apass x%0d%0auser  alice %0d%0apass x%0d%0a\n"
	  "S= +OK%0d%0a-ERR%0d%0a+OK%0d%0a-ERR%0d%0a\n",
	  "banner auth-clear failed failures:2", NULL, "alice" },
	{ DIALOGUE_POP3, "a user who is not there",
	  "S: +OK ready\n"
	  "C: USER alice\n"
	  "S: -ERR who?\n",
	  "banner auth-clear failed failures:1", NULL, "alice" },
	{ DIALOGUE_POP3, "APOP and AUTH",
	  "S: +OK ready <1@x>\n"
	  "C: APOP bob 0123456789abcdef\n"
	  "S: -ERR no\n"
	  "C: AUTH PLAIN\n"
	  "S: + \n"
	  "C: AGFsaWNlAHNlY3JldA==\n"
	  "S: +OK in\n",
	  "banner auth-clear failed ok failures:1", NULL, "alice" },
	{ DIALOGUE_POP3, "verbs that are alone are no login",
	  "S: +OK ready\n"
	  "C: AUTH\n"
	  "S: +OK mechanisms\n"
	  "S: PLAIN\n"
	  "S: -ERR\n"
	  "S: .\n"
	  "C: USER\n"
	  "S: -ERR who?\n"
	  "C: PASS \n"
	  "S: -ERR\n"
	  "C: APOP\n"
	  "S: -ERR\n",
	  "banner", NULL, NULL },
	{ DIALOGUE_POP3, "lists and mails that look like replies",
	  "S: +OK ready\n"
	  "C: LIST\n"
	  "S: +OK 2\n"
	  "S: -ERR 1\n"
	  "S: .\n"
	  "C: LIST 1\n"
	  "S: +OK 1 100\n"
	  "C: RETR 1\n"
	  "S: +OK\n"
	  "S: STLS\n"
	  "S: +OK\n"
	  "S: ..\n"
	  "S: .\n"
	  "C: USER alice\n"
	  "S: +OK\n"
	  "C: PASS x\n"
	  "S: -ERR\n",
	  "banner auth-clear failed failures:1", NULL, "alice" },
};

CLAIM(logins_are_read, "a login before TLS is seen, with its user and what "
		       "came of it")
{
	expect_vectors(logins, COUNT(logins));
}

static const struct vector tls[] = {
	{ DIALOGUE_SMTP, "TLS from the first byte",
	  "C= %16%03%01%02%00%01%0d%0aMAIL FROM:<x>%0d%0a\n"
	  "S= %16%03%03220 x%0d%0a\n"
	  "C: AUTH PLAIN x\n",
	  "implicit-tls", NULL, NULL },
	{ DIALOGUE_IMAP, "a hello in the form of SSL 2, version 3.1",
	  "C= %80%2e%01%03%01%00%15%00%00\n", "implicit-tls", NULL, NULL },
	{ DIALOGUE_POP3, "a hello of SSL 2", "C= %80%0d%01%00%02\n",
	  "implicit-tls", NULL, NULL },
	{ DIALOGUE_SMTP, "what only begins like TLS",
	  "C= %16%03%05%0aEHLO a.example%0a%16%0aMAIL FROM:<x>%0a\n",
	  "helo mail", "A.EXAMPLE", NULL },
	{ DIALOGUE_SMTP, "what only begins like SSL 2",
	  "C= %80%20%01%01%0aEHLO a.example%0a\n", "helo", "A.EXAMPLE", NULL },
	{ DIALOGUE_IMAP, "a session of TLS that began unseen",
	  "C= %17%03%03%00%10%0d%0aa1 LOGIN alice secret%0d%0a\n", "", NULL,
	  NULL },
	{ DIALOGUE_SMTP, "STARTTLS",
	  "S: 220 mx\n"
	  "C: EHLO a.example\n"
	  "S: 250 STARTTLS\n"
	  "C: STARTTLS\n"
	  "S: 220 go\n"
	  "C= %16%03%01%02%00%01%0d%0aMAIL FROM:<x>%0d%0a\n"
	  "S: 535 no\n",
	  "banner offered starttls tls helo", "A.EXAMPLE", NULL },
	{ DIALOGUE_SMTP, "STARTTLS, and the reply is not in the capture",
	  "C: STARTTLS\n"
	  "C= %16%03%01%0d%0aMAIL FROM:<x>%0d%0a\n",
	  "starttls tls", NULL, NULL },
	{ DIALOGUE_SMTP, "STARTTLS that is refused, and a login all the same",
	  "S: 220 mx\n"
	  "C: STARTTLS\n"
	  "S: 454 not now\n"
	  "C: AUTH PLAIN AGFsaWNlAHNlY3JldA==\n"
	  "S: 235 welcome\n",
	  "banner starttls refused auth-clear ok", NULL, "alice" },
	{ DIALOGUE_SMTP, "what follows STARTTLS in clear text is not read",
	  "S: 220 mx\n"
	  "C: STARTTLS\n"
	  "S: 220 go\n"
	  "C: AUTH PLAIN AGFsaWNlAHNlY3JldA==\n"
	  "S: 235 welcome\n",
	  "banner starttls", NULL, NULL },
	{ DIALOGUE_SMTP, "a command slipped in behind STARTTLS",
	  "S: 220 mx\n"
	  "C= STARTTLS%0d%0aRSET%0d%0aMA\n"
	  "S: 220 go\n"
	  "C= %16%03%03%00%00\n",
	  "banner starttls tls", NULL, NULL },
	{ DIALOGUE_IMAP, "STARTTLS of IMAP, in the greeting's list",
	  "S: * OK [CAPABILITY IMAP4rev1 STARTTLS] ready\n"
	  "C: a1 STARTTLS\n"
	  "S: a1 OK go\n"
	  "C= %16%03%01%0d%0aa2 LOGIN a b%0d%0a\n",
	  "banner offered starttls tls", NULL, NULL },
	{ DIALOGUE_IMAP, "STARTTLS of IMAP, in a list that was asked for",
	  "S: * OK ready\n"
	  "C: a1 CAPABILITY\n"
	  "S: * CAPABILITY IMAP4rev1 starttls LOGINDISABLED\n"
	  "S: a1 OK\n"
	  "C: a2 STARTTLS\n"
	  "S: a2 BAD no\n"
	  "C: a3 LOGIN alice secret\n"
	  "S: a3 NO no\n",
	  "banner offered starttls refused auth-clear failed failures:1", NULL,
	  "alice" },
	{ DIALOGUE_IMAP, "a mailbox that is open, and a server that is closed",
	  "S: * PREAUTH welcome\n"
	  "C: a1 LOGIN alice secret\n",
	  "banner", NULL, NULL },
	{ DIALOGUE_IMAP, "a server that closes",
	  "S: * BYE [CAPABILITY STARTTL] STARTTLS\n", "", NULL, NULL },
	{ DIALOGUE_POP3, "STLS",
	  "S: +OK ready\n"
	  "C: CAPA\n"
	  "S: +OK\n"
	  "S: TOP\n"
	  "S: STLS\n"
	  "S: .\n"
	  "C: STLS\n"
	  "S: +OK go\n"
	  "C= %16%03%01%0d%0aUSER a%0d%0a\n",
	  "banner offered starttls tls", NULL, NULL },
	{ DIALOGUE_POP3, "STLS that is refused",
	  "S: +OK ready\n"
	  "C: STLS\n"
	  "S: -ERR no\n"
	  "C: USER alice\n"
	  "S: +OK\n",
	  "banner starttls refused auth-clear", NULL, "alice" },
};

CLAIM(tls_is_seen, "TLS is seen, offered or not, and behind it nothing is read")
{
	expect_vectors(tls, COUNT(tls));
}

static const struct vector gaps[] = {
	{ DIALOGUE_SMTP, "a reply is missing: the next command is not answered",
	  "S: 220 mx\n"
	  "C: MAIL FROM:<a@x>\n"
	  "S! 250 ok\n"
	  "C: RCPT TO:<b@x>\n"
	  "S: 550 no\n"
	  "C: RCPT TO:<c@x>\n"
	  "S: 250 ok\n",
	  "banner mail gap RCPT:1,0,0", NULL, NULL },
	{ DIALOGUE_SMTP, "a command is missing",
	  "S: 220 mx\n"
	  "C! MAIL FROM:<a@x>\n"
	  "S: 250 ok\n"
	  "C: RCPT TO:<b@x>\n"
	  "S: 550 no\n"
	  "C: RCPT TO:<c@x>\n"
	  "S: 250 ok\n",
	  "banner gap RCPT:1,0,0", NULL, NULL },
	{ DIALOGUE_SMTP, "replies are missing, 354 tells where we are",
	  "S: 220 mx\n"
	  "C= MAIL FROM:<a@x>%0d%0aRCPT TO:<b@x>%0d%0aDATA%0d%0a\n"
	  "S! 250 ok\n"
	  "S: 550 no\n"
	  "S: 354 go\n"
	  "C: QUIT\n"
	  "C: .\n"
	  "S: 250 queued\n",
	  "banner mail accepted gap DATA:1,0,0", NULL, NULL },
	{ DIALOGUE_SMTP, "DATA is missing, 354 tells that content comes",
	  "S: 220 mx\n"
	  "C! DATA\n"
	  "S: 354 go\n"
	  "C: MAIL FROM:<a@x>\n"
	  "C: .\n"
	  "S: 250 queued\n",
	  "banner accepted gap DATA:1,0,0", NULL, NULL },
	{ DIALOGUE_SMTP, "the dot is missing, the reply tells that it was",
	  "S: 220 mx\n"
	  "C: DATA\n"
	  "S: 354 go\n"
	  "C: text\n"
	  "C! .\n"
	  "S: 250 queued\n"
	  "C: MAIL FROM:<a@x>\n"
	  "S: 250 ok\n",
	  "banner mail accepted gap DATA:1,0,0", NULL, NULL },
	{ DIALOGUE_SMTP, "a piece of a chunk is missing, and nothing else",
	  "S: 220 mx\n"
	  "C= BDAT 20 LAST%0d%0a12345\n"
	  "C! 12345678\n"
	  "C= 12345MAIL FROM:<a@x>%0d%0a\n"
	  "S: 250 queued\n"
	  "S: 250 ok\n",
	  "banner mail accepted gap MAIL:1,0,0 DATA:1,0,0", NULL, NULL },
	{ DIALOGUE_SMTP, "more than a chunk is missing",
	  "S: 220 mx\n"
	  "C= BDAT 20 LAST%0d%0a12345\n"
	  "C! 1234567890 1234567890\n"
	  "C: MAIL FROM:<a@x>\n"
	  "S: 250 queued\n"
	  "S: 250 ok\n",
	  "banner mail gap", NULL, NULL },
	{ DIALOGUE_SMTP, "the greeting is missing",
	  "S! 220 mx\n"
	  "C: EHLO a.example\n"
	  "S: 250 hello\n"
	  "C: MAIL FROM:<a@x>\n"
	  "S: 250 ok\n",
	  "helo mail gap MAIL:1,0,0", "A.EXAMPLE", NULL },
	{ DIALOGUE_SMTP, "STARTTLS is missing: no command is found in TLS",
	  "S: 220 mx\n"
	  "C! STARTTLS\n"
	  "S: 220 go\n"
	  "C= %16%03%01%0d%0aMAIL FROM:<x>%0d%0a\n",
	  "banner gap", NULL, NULL },
	{ DIALOGUE_SMTP, "half a line on each side of the gap is a line",
	  "S: 220 mx\n"
	  "C= MAIL FROM:<a@\n"
	  "C! x\n"
	  "C= y>%0d%0aEHLO a.example%0d%0a\n",
	  "banner helo mail gap", "A.EXAMPLE", NULL },
	{ DIALOGUE_SMTP, "a part of a HELO name is none",
	  "S: 220 mx\n"
	  "C= EHLO cli\n"
	  "C! ent.example\n"
	  "C: MAIL FROM:<a@x>\n",
	  "banner helo mail gap", NULL, NULL },
	{ DIALOGUE_SMTP, "a name before the gap is whole",
	  "S: 220 mx\n"
	  "C: HELO a.example\n"
	  "C! MAIL FROM:<a@x>\n"
	  "C: NOOP\n",
	  "banner helo gap", "A.EXAMPLE", NULL },
	{ DIALOGUE_POP3, "a part of a user's name is none",
	  "S: +OK ready\n"
	  "C= USER ali\n"
	  "C! ce\n"
	  "C: NOOP\n",
	  "banner auth-clear gap", NULL, NULL },
	{ DIALOGUE_IMAP, "where its secret is missing, a user is known",
	  "S: * OK ready\n"
	  "C= a1 LOGIN alice sec\n"
	  "C! ret\n"
	  "C: a2 NOOP\n",
	  "banner auth-clear gap", NULL, "alice" },
	{ DIALOGUE_IMAP, "in IMAP the tags tell",
	  "S: * OK ready\n"
	  "C: a1 NOOP\n"
	  "C: a2 LOGIN alice secret\n"
	  "S! a1 OK\n"
	  "S: a2 NO no\n",
	  "banner auth-clear failed gap failures:1", NULL, "alice" },
	{ DIALOGUE_POP3, "the end of a mail is missing",
	  "S: +OK ready\n"
	  "C: RETR 1\n"
	  "S: +OK\n"
	  "S! .\n"
	  "C: NOOP\n"
	  "S: +OK\n"
	  "C: USER alice\n"
	  "S: -ERR\n",
	  "banner auth-clear failed gap failures:1", NULL, "alice" },
};

CLAIM(gaps_are_noted, "where bytes are missing nothing is guessed, and reading "
		      "goes on")
{
	expect_vectors(gaps, COUNT(gaps));
}

/* ---- segments ---- */

static const struct {
	const struct vector *vectors;
	size_t n;
} all[] = {
	{ smtp, COUNT(smtp) },
	{ logins, COUNT(logins) },
	{ tls, COUNT(tls) },
	{ gaps, COUNT(gaps) },
};

static bool is_same(const struct dialogue *a, const struct dialogue *b)
{
	return a->seen == b->seen &&
	       !memcmp(a->replies, b->replies, sizeof(a->replies)) &&
	       a->auth_failures == b->auth_failures &&
	       a->helo_hash == b->helo_hash && a->user_hash == b->user_hash;
}

static void expect_same(const struct vector *v, const struct dialogue *want,
			const struct dialogue *got, const char *how)
{
	char text[512];

	snprintf(text, sizeof(text), "%s", facts(want));
	expect(is_same(want, got),
	       "in \"%s\" %s\n    got  \"%s\"\n    "
	       "want \"%s\"",
	       v->name, how, facts(got), text);
}

/* Segment i is cut in two at byte k; i == n: all are cut everywhere. */
static void play_cut(struct dialogue *d, const struct script *script, size_t i,
		     size_t k)
{
	for (size_t at = 0; at < script->n; at++) {
		const struct script_segment *s = &script->segments[at];

		if (s->lost)
			continue;
		if (at == i) {
			feed_copy(d, s, 0, k);
			feed_copy(d, s, k, s->n);
		} else if (i == script->n) {
			for (size_t b = 0; b < s->n; b++)
				feed_copy(d, s, b, b + 1);
		} else {
			feed_copy(d, s, 0, s->n);
		}
	}
}

static void try_cuts(const struct vector *v, const struct script *script)
{
	struct dialogue want, got;
	char how[64];

	begin(&want, v->protocol, 0);
	play(&want, script);
	begin(&got, v->protocol, 0);
	play_cut(&got, script, script->n, 0);
	expect_same(v, &want, &got, "byte by byte");
	for (size_t i = 0; i < script->n; i++)
		for (size_t k = 1; k < script->segments[i].n; k++) {
			begin(&got, v->protocol, 0);
			play_cut(&got, script, i, k);
			snprintf(how, sizeof(how), "segment %zu cut at %zu", i,
				 k);
			expect_same(v, &want, &got, how);
		}
}

CLAIM(cuts, "wherever the stream is cut into segments, it says the same")
{
	static struct script script;

	for (size_t i = 0; i < COUNT(all); i++)
		for (size_t k = 0; k < all[i].n; k++) {
			read_script(&script, all[i].vectors[k].script, 0);
			try_cuts(&all[i].vectors[k], &script);
		}
}

/* All that a side has said so far, once more and a little at a time. */
static void repeat(struct dialogue *d, const struct script *script, size_t upto)
{
	for (size_t i = 0; i < upto; i++)
		if (!script->segments[i].lost) {
			const struct script_segment *s = &script->segments[i];

			feed_copy(d, s, 0, s->n);
			feed_copy(d, s, s->n / 2, s->n);
		}
}

/* Each segment begins anew with half of the one before it. */
static void feed_overlapping(struct dialogue *d, const struct script_segment *s)
{
	feed_copy(d, s, 0, s->n / 2);
	feed_copy(d, s, s->n / 4, s->n - s->n / 8);
	feed_copy(d, s, 0, s->n);
}

CLAIM(retransmissions, "what was seen before is passed over, even where the "
		       "numbers wrap")
{
	static const uint32_t isns[] = { 0, 0xfffffff0, 0xfff0bdbf,
					 0x7ffffff0 };
	static struct script script;
	struct dialogue want, got;

	for (size_t n = 0; n < COUNT(all) * COUNT(isns); n++)
		for (size_t k = 0; k < all[n % COUNT(all)].n; k++) {
			const struct vector *v =
				&all[n % COUNT(all)].vectors[k];
			uint32_t isn = isns[n / COUNT(all)];

			read_script(&script, v->script, isn);
			begin(&want, v->protocol, isn);
			play(&want, &script);
			begin(&got, v->protocol, isn);
			for (size_t i = 0; i < script.n; i++) {
				if (!script.segments[i].lost)
					feed_overlapping(&got,
							 &script.segments[i]);
				repeat(&got, &script, i + 1);
			}
			expect_same(v, &want, &got, "repeated");
		}
}

CLAIM(numbers, "a side whose SYN was not seen begins with its first segment")
{
	struct dialogue d;

	dialogue_init(&d, DIALOGUE_SMTP, key);
	dialogue_feed(&d, true, 4294967290u, (const uint8_t *)"EHLO a.b\r\n",
		      10, 10);
	dialogue_feed(&d, true, 4, (const uint8_t *)"MAIL FROM:<>\r\n", 14, 14);
	dialogue_start(&d, true, 77); /* too late */
	dialogue_feed(&d, true, 18, (const uint8_t *)"AUTH X\r\n", 8, 8);
	expect_text("a wrap at byte 6", facts(&d), "auth-clear helo mail");
	dialogue_feed(&d, true, 27, (const uint8_t *)"\r\n", 2, 2);
	expect_text("a byte left out", facts(&d), "auth-clear helo mail gap");
}

static void feed_text(struct dialogue *d, bool client, const char *text)
{
	struct dialogue_side *side = client ? &d->client : &d->server;

	dialogue_feed(d, client, side->next, (const uint8_t *)text,
		      strlen(text), strlen(text));
}

CLAIM(midstream, "a reply to what was asked is no greeting, but one without a "
		 "question is")
{
	static const struct {
		enum dialogue_protocol protocol;
		const char *client, *server, *want;
	} vectors[] = {
		{ DIALOGUE_SMTP, "", "220 mx\r\n", "banner" },
		{ DIALOGUE_SMTP, "HELO a.b\r\n", "220 mx\r\n", "banner helo" },
		{ DIALOGUE_SMTP, "RCPT TO:<a@b>\r\n", "550 no\r\n",
		  "RCPT:0,0,1" },
		{ DIALOGUE_SMTP, "STARTTLS\r\n", "220 go\r\n", "starttls" },
		{ DIALOGUE_SMTP, "", "250 ok\r\n220 mx\r\n", "" },
		{ DIALOGUE_SMTP, "", "354 go\r\n220 mx\r\n", "" },
		{ DIALOGUE_SMTP, "", "354 go\r\n552 big\r\n", "DATA:0,0,1" },
		{ DIALOGUE_POP3, "", "+OK\r\n", "banner" },
		{ DIALOGUE_POP3, "USER a\r\nPASS b\r\n", "+OK\r\n-ERR\r\n",
		  "auth-clear failed failures:1" },
		{ DIALOGUE_IMAP, "a LOGIN a b\r\n", "a NO\r\n* OK\r\n",
		  "auth-clear failed failures:1" },
	};

	for (size_t i = 0; i < COUNT(vectors); i++) {
		struct dialogue d;

		dialogue_init(&d, vectors[i].protocol, key);
		feed_text(&d, true, vectors[i].client);
		feed_text(&d, false, vectors[i].server);
		expect_text(vectors[i].server, facts(&d), vectors[i].want);
	}
}

CLAIM(snapped, "of a segment that was cut the rest is a gap")
{
	static const char mail[] = "MAIL FROM:<a@b>\r\nSTARTTLS\r\n";
	struct dialogue d;

	begin(&d, DIALOGUE_SMTP, 0);
	dialogue_feed(&d, true, 1000001, (const uint8_t *)mail, 17, 27);
	expect_text("17 bytes of 27", facts(&d), "mail gap");
	/* The same again, whole: it is too late. */
	dialogue_feed(&d, true, 1000001, (const uint8_t *)mail, 27, 27);
	dialogue_feed(&d, true, 1000001, NULL, 0, 27);
	expect_text("27 bytes", facts(&d), "mail gap");
	dialogue_feed(&d, true, 1000028, NULL, 0, 10);
	dialogue_feed(&d, true, 1000038, (const uint8_t *)"HELO a.b\r\n", 10,
		      10);
	expect_text("none of 10, and a line", facts(&d), "helo mail gap");
}

CLAIM(news, "a bit is returned when it is new, and then never again")
{
	static struct script script;

	for (size_t i = 0; i < COUNT(all); i++)
		for (size_t k = 0; k < all[i].n; k++) {
			const struct vector *v = &all[i].vectors[k];
			struct dialogue d;
			uint32_t sum = 0;

			read_script(&script, v->script, 0);
			begin(&d, v->protocol, 0);
			for (size_t n = 0; n < script.n; n++) {
				const struct script_segment *s =
					&script.segments[n];
				uint32_t news = 0;

				if (!s->lost)
					news = dialogue_feed(&d, s->client,
							     s->seq, s->bytes,
							     s->n, s->n);
				expect(!(news & sum), "in \"%s\" again %x",
				       v->name, news & sum);
				sum |= news;
			}
			expect(sum == d.seen, "in \"%s\" got %x want %x",
			       v->name, sum, d.seen);
		}
}

/* ---- long lines, many commands ---- */

static void feed_run(struct dialogue *d, bool client, char c, size_t n)
{
	char *run = malloc(n + 1);

	assert_non_null(run);
	memset(run, c, n);
	run[n] = '\0';
	feed_text(d, client, run);
	free(run);
}

CLAIM(long_lines, "of a long line the first bytes are read, and it ends where "
		  "it ends")
{
	static const struct {
		const char *before, *after, *want;
	} vectors[] = {
		{ "MAIL FROM:<", ">\r\nHELO a.b\r\n", "helo mail" },
		{ "AUTH PLAIN ", "\r\n", "auth-clear" },
		{ "STARTTLS ", "\r\n\x16\x03\x01", "starttls tls" },
		{ "STARTTLS ", "\x16\x03\x01\r\nHELO a.b\r\n",
		  "starttls helo" },
		{ "BDAT 10 ", "\r\nHELO a.b\r\n", "helo" },
		{ "BDAT 1", "\r\nHELO a.b\r\n", "helo" },
		{ "HELO a.", "\r\n", "helo" },
		{ "X", "\rHELO a.b\r", "helo" },
		{ "DATA\r\n.", "\r\nHELO a.b\r\n.\r\nMAIL FROM:<>\n", "mail" },
	};
	static const size_t lengths[] = { 119, 120, 121, 255, 256, 65536 };

	for (size_t i = 0; i < COUNT(vectors) * COUNT(lengths); i++) {
		size_t n = i % COUNT(vectors);
		struct dialogue d;

		begin(&d, DIALOGUE_SMTP, 0);
		feed_text(&d, true, vectors[n].before);
		feed_run(&d, true, n == 4 ? ' ' : 'x',
			 lengths[i / COUNT(vectors)]);
		feed_text(&d, true, vectors[n].after);
		expect_text(vectors[n].before, facts(&d), vectors[n].want);
		expect(!d.helo_hash || n != 6, "a cut name has a hash");
		expect(!d.user_hash, "a cut user has a hash");
	}
}

CLAIM(long_plain, "a user is read from PLAIN though the secret is cut")
{
	/* NUL "alice" NUL "secretsecre..." */
	struct dialogue d;

	begin(&d, DIALOGUE_SMTP, 0);
	feed_text(&d, true, "AUTH PLAIN AGFsaWNlAHNlY3Jl");
	feed_run(&d, true, 'c', 1000);
	feed_text(&d, true, "\r\n");
	expect(d.user_hash == hash_of("alice"), "in PLAIN no alice is found");
}

CLAIM(long_list, "a list of IMAP's capabilities is read to its end, wherever "
		 "it is cut")
{
	static const struct {
		const char *before;
		size_t blanks; /* behind a word of X's, as long as you like */
		const char *after, *want;
	} vectors[] = {
		{ "* OK [CAPABILITY ", 0, " STARTTLS] x\r\n",
		  "banner offered" },
		{ "* OK [CAPABILITY ", 99, "STARTTLS]\r\n", "banner offered" },
		{ "* OK [CAPABILITY ", 0, "STARTTLS IDLE]\r\n", "banner" },
		{ "* OK [CAPABILITY ", 0, "] STARTTLS\r\n", "banner" },
		{ "* CAPABILITY ", 0, " starttls\r\n", "offered" },
		{ "* CAPABILITY ", 99, " STARTTLSX XSTARTTLS\r\n", "" },
		{ "* CAPABILITY ", 0, "\r\nSTARTTLS STARTTLS\r\n", "" },
		{ "* CAPABILITY ", 0, "\r\n* BYE STARTTLS\r\n", "" },
		{ "* OK ", 0, " STARTTLS\r\n", "banner" },
		{ "* BYE ", 99, "STARTTLS\r\n", "" },
	};

	for (size_t i = 0; i < COUNT(vectors); i++)
		for (size_t n = 1; n < 350; n++) {
			struct dialogue d;

			begin(&d, DIALOGUE_IMAP, 0);
			feed_text(&d, false, vectors[i].before);
			feed_run(&d, false, 'X', n);
			feed_run(&d, false, ' ', vectors[i].blanks);
			feed_text(&d, false, vectors[i].after);
			expect(!strcmp(facts(&d), vectors[i].want),
			       "in \"%s\" + %zu X's + \"%s\" got \"%s\"",
			       vectors[i].before, n, vectors[i].after,
			       facts(&d));
		}
}

CLAIM(many, "what counts sticks at 255, and what is asked too much at once is "
	    "not answered")
{
	static const struct {
		const char *command, *reply;
		unsigned int n;
		const char *want;
	} vectors[] = {
		{ "RCPT TO:<a@b>\r\n", "550 no\r\n", 100, "RCPT:0,0,100" },
		{ "RCPT TO:<a@b>\r\n", "550 no\r\n", 256, "RCPT:0,0,255" },
		{ "RCPT TO:<a@b>\r\n", "550 no\r\n", 257, "" },
		{ "NOOP\r\nRCPT TO:<a@b>\r\n", "250 ok\r\n550 no\r\n", 8,
		  "RCPT:0,0,8" },
		{ "NOOP\r\nRCPT TO:<a@b>\r\n", "250 ok\r\n550 no\r\n", 9, "" },
	};

	for (size_t i = 0; i < COUNT(vectors); i++) {
		struct dialogue d;

		begin(&d, DIALOGUE_SMTP, 0);
		feed_text(&d, false, "554 no banner\r\n");
		for (unsigned int n = 0; n < vectors[i].n; n++)
			feed_text(&d, true, vectors[i].command);
		for (unsigned int n = 0; n < vectors[i].n; n++)
			feed_text(&d, false, vectors[i].reply);
		expect_text(vectors[i].command, facts(&d), vectors[i].want);
		feed_text(&d, true, "MAIL FROM:<a@b>\r\n");
		feed_text(&d, false, "250 ok\r\n");
		expect(d.replies[STAGE_MAIL][0] == 1,
		       "after %u times \"%s\" the two are not in step",
		       vectors[i].n, vectors[i].command);
	}
}

CLAIM(many_logins, "of many logins that IMAP has not answered the latest are "
		   "kept")
{
	struct dialogue d;
	char text[64];

	begin(&d, DIALOGUE_IMAP, 0);
	for (int i = 0; i < 20; i++) {
		sprintf(text, "a%02d LOGIN alice x\r\n", i);
		feed_text(&d, true, text);
	}
	feed_text(&d, false, "a19 NO\r\na18 NO\r\n");
	expect_text("20 times LOGIN", facts(&d),
		    "auth-clear failed failures:1");
	expect_number("20 times LOGIN", d.n_asked, 0);
}

CLAIM(many_failures, "failed logins stick at 255")
{
	struct dialogue d;

	begin(&d, DIALOGUE_POP3, 0);
	feed_text(&d, false, "+OK\r\n");
	for (int i = 0; i < 300; i++) {
		feed_text(&d, true, "PASS x\r\n");
		feed_text(&d, false, "-ERR\r\n");
	}
	expect_text("300 times PASS", facts(&d),
		    "banner auth-clear failed failures:255");
}

/* ---- names ---- */

CLAIM(names, "a name in HELO is odd if no mail server has it")
{
	static const struct {
		const char *name;
		bool odd;
	} vectors[] = {
		{ "mx.example", false },
		{ "mx.example.", false },
		{ "1.2.3.example", false },
		{ "[192.0.2.1]", false },
		{ "[IPv6:2001:db8::1]", false },
		{ "xn--bcher-kva.example", false },
		{ "192.0.2.1", true },
		{ "192.0.2.1.", true },
		{ "3221225985", true },
		{ "2001:db8::1", true },
		{ "::ffff:192.0.2.1", true },
		{ "localhost", true },
		{ "LocalHost.", true },
		{ "localhost.localdomain", true },
		{ "LOCALHOST.localdomain.", true },
		{ "desktop-a1b2c3", true },
		{ "example.", true },
		{ ".", true },
		{ "[", true },
		{ "", true },
	};

	for (size_t i = 0; i < COUNT(vectors); i++) {
		struct dialogue d;

		begin(&d, DIALOGUE_SMTP, 0);
		feed_text(&d, true, "EHLO ");
		feed_text(&d, true, vectors[i].name);
		feed_text(&d, true, "\r\n");
		expect_text(vectors[i].name, facts(&d),
			    vectors[i].odd ? "helo odd" : "helo");
		expect(!*vectors[i].name == !d.helo_hash,
		       "of \"%s\" got hash %llx", vectors[i].name,
		       (unsigned long long)d.helo_hash);
	}
}

CLAIM(hashes, "another key gives other hashes")
{
	const uint64_t other[2] = { 1, 2 };
	struct dialogue a, b;

	dialogue_init(&a, DIALOGUE_SMTP, key);
	dialogue_init(&b, DIALOGUE_SMTP, other);
	feed_text(&a, true, "EHLO a.example\r\nAUTH LOGIN YWxpY2U=\r\n");
	feed_text(&b, true, "EHLO a.example\r\nAUTH LOGIN YWxpY2U=\r\n");
	expect(a.helo_hash && a.helo_hash != b.helo_hash, "HELO: the same");
	expect(a.user_hash && a.user_hash != b.user_hash, "users: the same");
}

/* ---- anything ---- */

CLAIM(anything, "any bytes in any order say only what has a name")
{
	static const char *const words[] = {
		"220 ",	    "250-",	    "354 x",	    "334 ",
		"\r\n",	    "\r\n",	    "\n",	    "DATA",
		".",	    "BDAT 5",	    "AUTH ",	    "PLAIN ",
		"+OK",	    "-ERR",	    "* OK ",	    "a ",
		"LOGIN",    "{3}",	    "STLS",	    "EHLO ",
		"STARTTLS", "[CAPABILITY ", "\x16\x03\x01", "\x80\x01\x01\x03",
	};
	uint64_t seed = 4711;

	for (unsigned int round = 0; round < 3000; round++) {
		struct dialogue d;

		begin(&d, round % 3, (uint32_t)chance(&seed));
		for (int i = 0; i < 60; i++) {
			const char *w = words[chance(&seed) % COUNT(words)];
			bool client = chance(&seed) % 2;
			struct dialogue_side *s =
				client ? &d.client : &d.server;
			uint32_t off =
				chance(&seed) % 8 ?
					0 :
					(uint32_t)chance(&seed) % 300 - 150;
			size_t n = strlen(w);

			dialogue_feed(&d, client, s->next + off,
				      (const uint8_t *)w, n,
				      n + chance(&seed) % 10 / 9);
		}
		expect(!(d.seen >> COUNT(seen_names)) &&
			       d.n_asked <= DIALOGUE_ASKED &&
			       d.client.n <= DIALOGUE_LINE &&
			       d.server.n <= DIALOGUE_LINE,
		       "in round %u said %x", round, d.seen);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIMED(smtp_says),   CLAIMED(logins_are_read),
		CLAIMED(tls_is_seen), CLAIMED(gaps_are_noted),
		CLAIMED(cuts),	      CLAIMED(retransmissions),
		CLAIMED(numbers),     CLAIMED(midstream),
		CLAIMED(snapped),     CLAIMED(news),
		CLAIMED(long_lines),  CLAIMED(long_plain),
		CLAIMED(long_list),   CLAIMED(many),
		CLAIMED(many_logins), CLAIMED(many_failures),
		CLAIMED(names),	      CLAIMED(hashes),
		CLAIMED(anything),
	};

	return cmocka_run_group_tests_name("dialogue", tests, NULL, NULL);
}

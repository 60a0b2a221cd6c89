/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "notice.h"
#include "publish.h"
#include "../../rules/base/arena.h"
#include "../../rules/base/service.h"
#include "../program/message.h"
#include "../program/program.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define LETTER_PORTS 16
#define TIME_BYTES   64

/* A letter that is being written. */
struct letter {
	const struct notice *notice;
	const struct lang *lang;
	struct arena *arena;
	FILE *out;
};

/* ---- paragraphs ---- */

static void letter_paragraph(struct letter *t, enum word_key key,
			     const struct words_value *values)
{
	words_wrap(t->out, "", "", words_text(t->arena, t->lang, key, values));
}

static void title(struct letter *t, enum word_key key)
{
	fputc('\n', t->out);
	letter_paragraph(t, key, NULL);
	fputc('\n', t->out);
}

static void notice_item(struct letter *t, enum word_key key,
			const struct words_value *values)
{
	words_wrap(t->out, "  - ", "    ",
		   words_text(t->arena, t->lang, key, values));
}

static const char *contact_of(const struct letter *t)
{
	const struct policy *p = t->notice->policy;

	return p ? p->contact : NULL;
}

/* ---- times and counts ---- */

/* Prints both clocks: a customer's log may be in UTC. */
static const char *letter_time(struct letter *t, int64_t time_s)
{
	char local[TIME_BYTES] = "", utc[TIME_BYTES] = "";
	time_t seconds = (time_t)time_s;
	struct tm here, there;
	bool same_day;

	if (!localtime_r(&seconds, &here) || !gmtime_r(&seconds, &there))
		return "";
	same_day = here.tm_yday == there.tm_yday;
	strftime(local, sizeof(local), "%Y-%m-%d %H:%M", &here);
	strftime(utc, sizeof(utc),
		 here.tm_gmtoff && same_day ? "%H:%M" : "%Y-%m-%d %H:%M",
		 &there);
	return words_text(t->arena, t->lang,
			  !here.tm_gmtoff ? WORD_NOTICE_TIME_UTC :
			  same_day	  ? WORD_NOTICE_TIME_SAME_DAY :
					    WORD_NOTICE_TIME,
			  WORDS({ "local", local }, { "utc", utc }));
}

static const char *letter_count(struct letter *t, uint64_t n, enum word_key one,
				enum word_key many)
{
	const char *number =
		arena_printf(t->arena, "%llu", (unsigned long long)n);

	return words_text(t->arena, t->lang, n == 1 ? one : many,
			  WORDS({ "n", number }));
}

static const char *letter_attempts(struct letter *t, uint64_t n)
{
	return letter_count(t, n, WORD_COUNT_ATTEMPT, WORD_COUNT_ATTEMPTS);
}

static const char *letter_servers(struct letter *t,
				  const struct report_finding *f)
{
	return letter_count(t, f->destinations, WORD_COUNT_SERVER,
			    f->destinations_exact ? WORD_COUNT_SERVERS :
						    WORD_COUNT_SERVERS_ABOUT);
}

/* ---- what was seen ---- */

static void put_examples(struct letter *t, const struct report_finding *f)
{
	char *list = arena_strndup(t->arena, "", 0);
	const char *p = f->examples ? f->examples : "";

	for (p += strspn(p, " "); *p; p += strspn(p, " ")) {
		size_t n = strcspn(p, " ");

		list = arena_printf(t->arena, "%s%s%.*s", list,
				    *list ? ", " : "", (int)n, p);
		p += n;
	}
	if (*list)
		words_wrap(t->out, "    ", "    ",
			   words_text(t->arena, t->lang, WORD_NOTICE_EXAMPLES,
				      WORDS({ "list", list })));
}

static void notice_put_finding(struct letter *t, const struct report_finding *f)
{
	const char *port = arena_printf(t->arena, "%u", f->port);

	notice_item(t,
		    f->first_s == f->last_s ? WORD_NOTICE_SEEN_ONCE :
					      WORD_NOTICE_SEEN,
		    WORDS({ "attempts", letter_attempts(t, f->attempts) },
			  { "destinations", letter_servers(t, f) },
			  { "port", port },
			  { "first", letter_time(t, f->first_s) },
			  { "last", letter_time(t, f->last_s) }));
	put_examples(t, f);
}

/* Only the latest finding of a kind and port is printed; it comes first. */
static bool is_repeated(const struct notice *n, size_t index)
{
	const struct report_finding *f = &n->findings[index];

	for (size_t i = 0; i < index; i++)
		if (n->findings[i].port == f->port &&
		    !strcmp(n->findings[i].finding, f->finding))
			return true;
	return false;
}

static uint64_t blocked_on(const struct report_port *port)
{
	return port->now.outcome[OUTCOME_BLOCKED];
}

static void put_blocked_port(struct letter *t, const struct report_port *port)
{
	notice_item(
		t, WORD_NOTICE_SEEN_BLOCKED,
		WORDS({ "attempts", letter_attempts(t, blocked_on(port)) },
		      { "port", arena_printf(t->arena, "%u", port->port) }));
}

bool notice_has_reason(const struct notice *n)
{
	for (size_t i = 0; i < n->n_ports; i++)
		if (blocked_on(&n->ports[i]))
			return true;
	return n->n_findings;
}

static const uint16_t system_words[SYSTEM_N] = {
	[SYSTEM_LINUX] = WORD_SYSTEM_LINUX,
	[SYSTEM_WINDOWS] = WORD_SYSTEM_WINDOWS,
	[SYSTEM_WINDOWS_OLD] = WORD_SYSTEM_WINDOWS_OLD,
	[SYSTEM_BSD] = WORD_SYSTEM_BSD,
	[SYSTEM_APPLE] = WORD_SYSTEM_APPLE,
	[SYSTEM_EMBEDDED] = WORD_SYSTEM_EMBEDDED,
	[SYSTEM_SCANNER] = WORD_SYSTEM_SCANNER,
};

/* Prints which systems send: it helps to find the device. */
static void put_systems_seen(struct letter *t)
{
	const struct notice *n = t->notice;
	const char *list = "";
	unsigned int found = 0;
	uint16_t systems = 0;

	for (size_t i = 0; i < n->n_findings; i++)
		systems |= n->findings[i].systems;
	for (enum system s = SYSTEM_LINUX; s < SYSTEM_UNKNOWN; s++)
		if (systems & system_bit(s))
			list = arena_printf(
				t->arena, "%s%s%s", list, found++ ? ", " : "",
				words_text(t->arena, t->lang,
					   (enum word_key)system_words[s],
					   NULL));
	if (found)
		notice_item(
			t, found > 1 ? WORD_NOTICE_SYSTEMS : WORD_NOTICE_SYSTEM,
			WORDS({ "n", arena_printf(t->arena, "%u", found) },
			      { "systems", list }, { "system", list }));
}

static void put_seen(struct letter *t)
{
	const struct notice *n = t->notice;
	const struct report_source *s = n->source;

	title(t, WORD_NOTICE_SEEN_TITLE);
	for (size_t i = 0; i < n->n_findings; i++)
		if (!is_repeated(n, i))
			notice_put_finding(t, &n->findings[i]);
	if (!n->n_findings)
		notice_item(
			t, WORD_NOTICE_SEEN_SOURCE,
			WORDS({ "attempts", letter_attempts(t, s->attempts) },
			      { "first", letter_time(t, s->first_s) },
			      { "last", letter_time(t, s->last_s) }));
	for (size_t i = 0; i < n->n_ports; i++)
		if (blocked_on(&n->ports[i]))
			put_blocked_port(t, &n->ports[i]);
	put_systems_seen(t);
}

/* ---- what it means ---- */

/* Meanings of findings, the worst first. */
static const struct {
	const char *finding;
	enum word_key key;
} meanings[] = {
	{ "spam-source", WORD_MEANS_SPAM_SOURCE },
	{ "evasion", WORD_MEANS_EVASION },
	{ "submission-abuse", WORD_MEANS_SUBMISSION_ABUSE },
	{ "login-failures", WORD_MEANS_LOGIN_FAILURES },
	{ "login-storm", WORD_MEANS_LOGIN_STORM },
	{ "direct-to-mx", WORD_MEANS_DIRECT_TO_MX },
	{ "retry-storm", WORD_MEANS_RETRY_STORM },
	{ "starttls-stripped", WORD_MEANS_STARTTLS_STRIPPED },
	{ "cleartext-login", WORD_MEANS_CLEARTEXT_LOGIN },
};

static bool notice_was_found(const struct notice *n, const char *finding)
{
	for (size_t i = 0; i < n->n_findings; i++)
		if (!strcmp(n->findings[i].finding, finding))
			return true;
	return false;
}

/* A spam source sends mail directly anyway, so that is left out. */
static bool goes_without(const struct notice *n, const char *finding)
{
	return !strcmp(finding, "direct-to-mx") &&
	       notice_was_found(n, "spam-source");
}

static void put_meaning(struct letter *t)
{
	const struct notice *n = t->notice;
	size_t n_printed = 0;

	title(t, WORD_NOTICE_MEANS_TITLE);
	for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++) {
		if (!notice_was_found(n, meanings[i].finding) ||
		    goes_without(n, meanings[i].finding))
			continue;
		if (n_printed++)
			fputc('\n', t->out);
		letter_paragraph(t, meanings[i].key, NULL);
	}
	if (!n_printed)
		letter_paragraph(t,
				 n->n_findings ? WORD_MEANS_OTHER :
						 WORD_MEANS_BLOCKED,
				 NULL);
}

static void notice_put_proof(struct letter *t)
{
	const struct notice *n = t->notice;
	size_t proven = 0;

	if (!n->n_findings)
		return;
	for (size_t i = 0; i < n->n_findings; i++)
		proven += n->findings[i].proven;
	title(t, WORD_NOTICE_SURE_TITLE);
	letter_paragraph(t,
			 !proven		 ? WORD_NOTICE_SURE_UNPROVEN :
			 proven == n->n_findings ? WORD_NOTICE_SURE_PROVEN :
						   WORD_NOTICE_SURE_MIXED,
			 NULL);
}

/* ---- what is blocked ---- */

struct letter_ports {
	uint16_t port[LETTER_PORTS];
	size_t n;
};

static void notice_add_port(struct letter_ports *list, uint16_t port)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->port[i] == port)
			return;
	if (list->n < LETTER_PORTS)
		list->port[list->n++] = port;
}

static struct letter_ports blocked_ports(const struct notice *n)
{
	struct letter_ports list = { 0 };

	for (size_t i = 0; i < n->n_findings; i++)
		if (n->findings[i].blocked)
			notice_add_port(&list, n->findings[i].port);
	for (size_t i = 0; i < n->n_ports; i++)
		if (blocked_on(&n->ports[i]))
			notice_add_port(&list, n->ports[i].port);
	return list;
}

static const char *ports_text(struct letter *t, const struct letter_ports *list)
{
	const char *names[LETTER_PORTS];

	for (size_t i = 0; i < list->n; i++)
		names[i] = words_port(t->arena, t->lang, list->port[i]);
	return words_list(t->arena, t->lang, names, list->n);
}

static void put_purpose(struct letter *t)
{
	const struct policy *p = t->notice->policy;

	if (!p || !p->purpose)
		return;
	fputc('\n', t->out);
	letter_paragraph(t, WORD_NOTICE_PURPOSE,
			 WORDS({ "purpose", p->purpose }));
}

/*
 * A policy that only observes has blocked nothing, also if a finding says so.
 */
static void put_blocked(struct letter *t)
{
	struct letter_ports list = blocked_ports(t->notice);
	const struct policy *p = t->notice->policy;

	title(t, WORD_NOTICE_BLOCKED_TITLE);
	if (!list.n || (p && p->observe)) {
		letter_paragraph(t, WORD_NOTICE_BLOCKED_NOTHING, NULL);
		return;
	}
	letter_paragraph(t, WORD_NOTICE_BLOCKED,
			 WORDS({ "ports", ports_text(t, &list) }));
	for (size_t i = 0; i < list.n; i++)
		if (list.port[i] == PORT_SMTP)
			letter_paragraph(t, WORD_NOTICE_BLOCKED_25, NULL);
	put_purpose(t);
}

/* ---- what to do ---- */

/* Prints a sentence and the offered ports that are open, if there are any. */
static void notice_put_ways(struct letter *t, enum word_key head,
			    enum service_role role)
{
	const struct service *s;
	bool began = false;

	for (unsigned int i = 1; (s = service_offered(role, i)); i++) {
		if (!publish_is_open(t->notice->policy, s->port))
			continue;
		if (!began)
			notice_item(t, head, NULL);
		began = true;
		words_wrap(t->out, "      * ", "        ",
			   words_instead(t->arena, t->lang, s));
	}
}

static void put_advice(struct letter *t)
{
	const char *contact = contact_of(t);

	title(t, WORD_NOTICE_DO_TITLE);
	notice_item(t, WORD_NOTICE_DO_SCAN, NULL);
	notice_item(t, WORD_NOTICE_DO_PASSWORDS, NULL);
	notice_put_ways(t, WORD_NOTICE_DO_SEND, ROLE_SUBMISSION);
	notice_put_ways(t, WORD_NOTICE_DO_READ, ROLE_ACCESS);
	notice_item(t,
		    contact ? WORD_NOTICE_DO_EXCEPTION :
			      WORD_NOTICE_DO_EXCEPTION_NONE,
		    WORDS({ "contact", contact }));
}

/* ---- the letter ---- */

static bool is_ascii(const char *text)
{
	while (*text && !(*text & 0x80))
		text++;
	return !*text;
}

/*
 * Encodes a header (RFC 2047, Q) in words of at most 75 bytes, each with whole
 * characters.
 */
static void put_encoded(FILE *out, const char *text)
{
	static const char begin[] = "=?utf-8?q?", end[] = "?=";
	size_t most = 75 - strlen(begin) - strlen(end), n = 0;

	fputs(begin, out);
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;
		bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
			     (c >= 'A' && c <= 'Z') || strchr("-./:,", c);

		/* A character has up to four bytes, and each takes three. */
		if (n + 12 > most && (c & 0xc0) != 0x80) {
			fprintf(out, "%s\n %s", end, begin);
			n = 0;
		}
		if (plain || c == ' ')
			n += (size_t)fprintf(out, "%c", plain ? c : '_');
		else
			n += (size_t)fprintf(out, "=%02X", c);
	}
	fputs(end, out);
}

static void put_subject(struct letter *t, const char *subject)
{
	fputs("Subject: ", t->out);
	if (is_ascii(subject))
		fputs(subject, t->out);
	else
		put_encoded(t->out, subject);
	fputc('\n', t->out);
}

static void notice_put_head(struct letter *t)
{
	const struct words_value *address =
		WORDS({ "address", t->notice->source->name });

	put_subject(
		t, words_text(t->arena, t->lang, WORD_NOTICE_SUBJECT, address));
	fputs("MIME-Version: 1.0\n"
	      "Content-Type: text/plain; charset=utf-8\n"
	      "Content-Transfer-Encoding: 8bit\n\n",
	      t->out);
	letter_paragraph(t, WORD_NOTICE_GREETING, NULL);
	fputc('\n', t->out);
	letter_paragraph(t, WORD_NOTICE_OPENING, address);
}

static void put_end(struct letter *t)
{
	const char *contact = contact_of(t);

	fputc('\n', t->out);
	letter_paragraph(
		t, contact ? WORD_NOTICE_QUESTIONS : WORD_NOTICE_QUESTIONS_NONE,
		WORDS({ "address", t->notice->source->name },
		      { "contact", contact }));
	fputc('\n', t->out);
	letter_paragraph(t, WORD_NOTICE_CLOSING, NULL);
	if (contact)
		words_wrap(t->out, "", "", contact);
}

static void put_letter(struct letter *t)
{
	notice_put_head(t);
	put_seen(t);
	put_meaning(t);
	notice_put_proof(t);
	put_blocked(t);
	put_advice(t);
	put_end(t);
}

int notice_write(const struct notice *n, const struct lang *l, FILE *out)
{
	struct letter t = { n, l, arena_new(), out };

	if (!t.arena || setjmp(*arena_on_failure(t.arena))) {
		arena_free(t.arena);
		return -ENOMEM;
	}
	put_letter(&t);
	arena_free(t.arena);
	return 0;
}

struct notice notice_of(const struct report *r, const struct policy *policy)
{
	return (struct notice){ .policy = policy,
				.source = r->top.items,
				.findings = r->findings.items,
				.n_findings = r->findings.n,
				.ports = r->ports.items,
				.n_ports = r->ports.n };
}

static int notice_write_report(const struct report *r,
			       const struct report_style *style, FILE *out)
{
	struct notice n = notice_of(r, style->policy);

	return notice_write(&n, style->lang, out);
}

const struct report_writer notice_writer = {
	.name = "letter",
	.type = "text/plain; charset=utf-8",
	.one_source = true,
	.write = notice_write_report,
};

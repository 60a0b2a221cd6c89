/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "xarf.h"
#include "../program/value.h"
#include "../program/when.h"
#include "../program/json.h"
#include "../program/message.h"
#include "../program/output.h"
#include "../program/program.h"

#include <stdio.h>
#include <nettle/base64.h>
#include <nettle/sha1.h>
#include <nettle/sha2.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Bounds of the schema. */
#define TEXT_MOST     1000 /* characters of a description */
#define EVIDENCE_MOST 50
#define TAGS_MOST     20

/*
 * Kinds of findings that are reported. Confidence is not measured: it orders
 * findings, with unproven addresses below all proven ones.
 */
static const struct kind {
	const char *finding, *role;
	double proven, unproven;
	const char *what; /* a sentence, without its full stop */
} kinds[] = {
	{ "spam-source", "suspected spam source", 0.8, 0.4,
	  "The source behaves like a machine that sends spam: it opens "
	  "connections to many mail servers, in a way that mail programs and "
	  "mail "
	  "servers hardly ever do. No message was seen" },
	{ "direct-to-mx", "suspected spam source", 0.5, 0.2,
	  "The source opens connections directly to the mail servers of many "
	  "recipients. It may be an infected machine; it may as well be a "
	  "mail server or a script that its network does not allow" },
	{ "login-storm", "suspected login attack", 0.6, 0.3,
	  "The source opens connections to mailbox servers at the rate of a "
	  "program that tries passwords. The logins themselves were not seen" },
	{ "login-failures", "suspected login attack", 0.9, 0.4,
	  "Logins of the source to mailboxes of several users, or at several "
	  "servers, failed" },
};

static const struct kind *xarf_kind_of(const struct report_finding *f)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(kinds[i].finding, f->finding))
			return &kinds[i];
	return NULL;
}

bool xarf_has_type(const struct report_host *h)
{
	for (size_t i = 0; i < h->n_tests; i++)
		if (xarf_kind_of(h->tests[i]))
			return true;
	return false;
}

/* ---- parts ---- */

const char *xarf_domain(const struct report_sender *s)
{
	const char *at = strchr(s->contact, '@');

	return s->domain ? s->domain : at ? at + 1 : "";
}

/* The name of the source in the report, which may be a pseudonym. */
static const char *xarf_source_of(const struct report_finding *f,
				  char buffer[RANGE_TEXT_MAX])
{
	if (f->name)
		return f->name;
	addr_print_source(buffer, f->family, &f->source);
	return buffer;
}

/* ---- the id ---- */

/*
 * The namespace of mailwall, a random number: no other program makes the same
 * ids.
 */
static const uint8_t namespace[16] = { 0x5d, 0x0c, 0x3b, 0x8e, 0x61, 0xf4,
				       0x4a, 0x27, 0x9c, 0x52, 0xd7, 0x1e,
				       0x88, 0xb3, 0x06, 0xe9 };

static void hash_text(struct sha1_ctx *sha, const char *text)
{
	/* Hashes the NUL as well, so that "ab" "c" is not "a" "bc". */
	sha1_update(sha, strlen(text) + 1, (const uint8_t *)text);
}

static void hash_number(struct sha1_ctx *sha, int64_t number)
{
	char text[32];

	snprintf(text, sizeof(text), "%lld", (long long)number);
	hash_text(sha, text);
}

static void hash_finding(struct sha1_ctx *sha, const struct report_finding *f)
{
	char buffer[RANGE_TEXT_MAX];
	const uint64_t numbers[] = {
		(uint64_t)f->time_s,
		f->port,
		f->attempts,
		f->syns,
		f->destinations,
		f->groups,
		(uint64_t)f->first_s,
		(uint64_t)f->last_s,
		f->destinations_exact,
		f->proven,
		f->blocked,
	};

	hash_text(sha, xarf_source_of(f, buffer));
	hash_text(sha, f->finding);
	hash_text(sha, f->detector);
	hash_text(sha, f->examples ? f->examples : "");
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		hash_number(sha, (int64_t)numbers[i]);
}

static void uuid_print(const uint8_t b[16], char out[XARF_UUID_BYTES])
{
	for (int i = 0; i < 16; i++) {
		bool dash = i == 4 || i == 6 || i == 8 || i == 10;

		out += sprintf(out, "%s%02x", dash ? "-" : "", b[i]);
	}
}

void xarf_id(const struct report_host *h, const struct report_sender *sender,
	     char out[XARF_UUID_BYTES])
{
	uint8_t b[SHA1_DIGEST_SIZE];
	struct sha1_ctx sha;

	sha1_init(&sha);
	sha1_update(&sha, sizeof(namespace), namespace);
	hash_text(&sha, xarf_domain(sender));
	for (size_t i = 0; i < h->n_tests; i++)
		hash_finding(&sha, h->tests[i]);
	sha1_digest(&sha, sizeof(b), b);
	b[6] = (uint8_t)((b[6] & 0x0f) | 0x50); /* version 5 */
	b[8] = (uint8_t)((b[8] & 0x3f) | 0x80); /* the RFC's variant */
	uuid_print(b, out);
}

/* ---- sentences ---- */

/* The warning that a reader needs before acting. */
static const char *grade(const struct report_finding *f)
{
	return f->proven ?
		       "The source completed a TCP handshake: its address is "
		       "not forged." :
		       "UNPROVEN: no completed TCP handshake was seen. The "
		       "source address may be forged; do not "
		       "block or punish by this report alone.";
}

static const char *fate(const struct report_finding *f)
{
	return f->blocked ? "Hardly any connection was answered, as behind a "
			    "firewall that blocks them." :
			    "The connections are not known to be blocked.";
}

static json_t *description(const struct kind *kind,
			   const struct report_finding *f)
{
	char text[TEXT_MOST + 1];

	snprintf(text, sizeof(text),
		 "%s. %llu attempts to %s%llu destinations on TCP port %u. "
		 "%s %s",
		 kind->what, (unsigned long long)f->attempts,
		 f->destinations_exact ? "" : "about ",
		 (unsigned long long)f->destinations, f->port, grade(f),
		 fate(f));
	return text_json(text);
}

/* Prints the evidence for people; programs have the fields. */
static void print_evidence(FILE *out, const struct kind *kind,
			   const struct report_finding *f)
{
	char buffer[RANGE_TEXT_MAX], time[WHEN_TEXT_BYTES];

	fprintf(out, "source:        %s (%s)\n", xarf_source_of(f, buffer),
		kind->role);
	fprintf(out, "found:         %s by detector \"%s\" of mailwall\n",
		when_print_s(time, f->time_s), f->detector);
	fprintf(out, "first seen:    %s\n", when_print_s(time, f->first_s));
	fprintf(out, "last seen:     %s\n", when_print_s(time, f->last_s));
	fprintf(out, "port:          %u/tcp\n", f->port);
	fprintf(out, "attempts:      %llu (SYN packets: %llu)\n",
		(unsigned long long)f->attempts, (unsigned long long)f->syns);
	fprintf(out, "destinations:  %s%llu, in %llu networks\n",
		f->destinations_exact ? "" : "about ",
		(unsigned long long)f->destinations,
		(unsigned long long)f->groups);
	if (f->examples && *f->examples)
		fprintf(out, "among them:    %s\n", f->examples);
	fprintf(out, "address:       %s\n", grade(f));
	fprintf(out, "connections:   %s\n", fate(f));
}

static json_t *base64_json(const char *bytes, size_t len)
{
	char *text = malloc(BASE64_ENCODE_RAW_LENGTH(len) + 1);
	json_t *json;

	if (!text)
		return NULL;
	base64_encode_raw(text, len, (const uint8_t *)bytes);
	text[BASE64_ENCODE_RAW_LENGTH(len)] = '\0';
	json = json_string(text);
	free(text);
	return json;
}

static json_t *hash_json(const char *bytes, size_t len)
{
	char text[8 + 2 * SHA256_DIGEST_SIZE] = "sha256:", *out = text + 7;
	uint8_t digest[SHA256_DIGEST_SIZE];
	struct sha256_ctx sha;

	sha256_init(&sha);
	sha256_update(&sha, len, (const uint8_t *)bytes);
	sha256_digest(&sha, sizeof(digest), digest);
	for (size_t i = 0; i < sizeof(digest); i++)
		out += sprintf(out, "%02x", digest[i]);
	return json_string(text);
}

static json_t *evidence_of(const struct kind *kind,
			   const struct report_finding *f)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	json_t *json = NULL;

	if (!out)
		return NULL;
	print_evidence(out, kind, f);
	if (!fclose(out))
		json = json_pack(
			"{s:s, s:s, s:o, s:o, s:I}", "content_type",
			"text/plain", "description",
			f->proven ? "What was observed" :
				    "What was observed; unproven, the source "
				    "address may be forged",
			"payload", base64_json(text, len), "hash",
			hash_json(text, len), "size", (json_int_t)len);
	free(text);
	return json;
}

/* An item a finding, as many as the schema lets be. */
static json_t *evidence(const struct report_host *h)
{
	json_t *list = json_array();

	for (size_t i = 0; i < h->n_tests; i++) {
		const struct kind *kind = xarf_kind_of(h->tests[i]);

		if (kind && json_array_size(list) < EVIDENCE_MOST)
			json_array_append_new(list,
					      evidence_of(kind, h->tests[i]));
	}
	return list;
}

/* ---- the document ---- */

static json_t *party(const struct report_sender *s)
{
	return json_pack("{s:o, s:o, s:o}", "org", text_json(s->org), "contact",
			 text_json(s->contact), "domain",
			 text_json(xarf_domain(s)));
}

static bool has_text(const json_t *list, const char *text)
{
	for (size_t i = 0; i < json_array_size(list); i++)
		if (!strcmp(json_string_value(json_array_get(list, i)), text))
			return true;
	return false;
}

static void add_tag(json_t *list, const char *space, const char *name)
{
	char text[100];

	snprintf(text, sizeof(text), "%s:%s", space, name);
	if (!has_text(list, text) && json_array_size(list) < TAGS_MOST)
		json_array_append_new(list, json_string(text));
}

static json_t *tags(const struct report_finding *f, const struct report_host *h)
{
	json_t *list = json_array();
	char port[16];

	snprintf(port, sizeof(port), "%u", f->port);
	add_tag(list, "port", port);
	add_tag(list, "address", f->proven ? "proven" : "unproven");
	for (size_t i = 0; i < h->n_tests; i++) {
		if (!xarf_kind_of(h->tests[i]))
			continue;
		add_tag(list, "mailwall", h->tests[i]->finding);
		add_tag(list, "detector", h->tests[i]->detector);
	}
	return list;
}

/*
 * Adds one of the destinations, a recommended field. It has to be an address,
 * which a report with pseudonyms does not have.
 */
static void add_destination(json_t *to, const struct report_finding *f)
{
	size_t len = f->examples ? strcspn(f->examples, " ") : 0;
	char text[RANGE_TEXT_MAX];
	struct addr6 addr;
	int family;

	if (!len || len >= sizeof(text) ||
	    addr_parse(f->examples, len, &family, &addr))
		return;
	snprintf(text, sizeof(text), "%.*s", (int)len, f->examples);
	json_object_set_new(to, "destination_ip", text_json(text));
}

/* Adds the fields of infected_host. */
static void add_fields(json_t *to, const struct kind *kind,
		       const struct report_finding *f)
{
	json_object_set_new(to, "protocol", json_string("tcp"));
	add_destination(to, f);
	if (f->port)
		json_object_set_new(to, "destination_port",
				    json_integer(f->port));
	json_object_set_new(to, "first_seen", value_time_s(f->first_s));
	json_object_set_new(to, "last_seen", value_time_s(f->last_s));
	/* A forged address, or that of a mail server, is no bot. */
	json_object_set_new(to, "bot_type",
			    json_string(f->proven && kind == &kinds[0] ?
						"malicious" :
						"unknown"));
	json_object_set_new(to, "verification_status",
			    json_string("unverified"));
	if (f->attempts)
		json_object_set_new(to, "total_requests",
				    json_integer((json_int_t)f->attempts));
}

/* The surest of the findings. */
static double confidence(const struct report_host *h)
{
	double most = 0;

	for (size_t i = 0; i < h->n_tests; i++) {
		const struct report_finding *f = h->tests[i];
		const struct kind *kind = xarf_kind_of(f);
		double c = !kind     ? 0 :
			   f->proven ? kind->proven :
				       kind->unproven;

		most = c > most ? c : most;
	}
	return most;
}

static json_t *core(const struct kind *kind, const struct report_finding *f,
		    const struct report_host *h,
		    const struct report_sender *sender)
{
	char id[XARF_UUID_BYTES], buffer[RANGE_TEXT_MAX];

	xarf_id(h, sender, id);
	return json_pack(
		"{s:s, s:s, s:o, s:o, s:o, s:o, s:s, s:s, s:s, s:o, "
		"s:f, s:o, s:o}",
		"xarf_version", XARF_VERSION, "report_id", id, "timestamp",
		value_time_s(f->time_s), "reporter", party(sender), "sender",
		party(sender), "source_identifier",
		text_json(xarf_source_of(f, buffer)), "category", "connection",
		"type", "infected_host", "evidence_source", "traffic_analysis",
		"description", description(kind, f), "confidence",
		confidence(h), "tags", tags(f, h), "evidence", evidence(h));
}

/* The gravest finding that is reported, with the figures of all of them. */
static const struct kind *xarf_lead(const struct report_host *h,
				    struct report_finding *out)
{
	const struct kind *kind = NULL;

	for (size_t i = 0; i < h->n_tests && !kind; i++) {
		kind = xarf_kind_of(h->tests[i]);
		*out = *h->tests[i];
	}
	out->time_s = h->time_s;
	out->first_s = h->first_s;
	out->last_s = h->last_s;
	out->attempts = h->attempts;
	out->syns = h->syns;
	out->destinations = h->destinations;
	out->groups = h->groups;
	out->proven = h->proven;
	return kind;
}

json_t *xarf_document(const struct report_host *h,
		      const struct report_sender *sender)
{
	struct report_finding f = { 0 };
	const struct kind *kind = xarf_lead(h, &f);
	json_t *json = kind ? core(kind, &f, h, sender) : NULL;

	if (json)
		add_fields(json, kind, &f);
	return json;
}

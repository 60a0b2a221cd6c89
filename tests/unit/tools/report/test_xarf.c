/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The schema is restated here from github.com/xarf/xarf-spec, version 4.2.0:
 * schemas/v4/xarf-core.json and types/connection-infected-host.json; a
 * login_attack needs a source_port, and is not written.
 */
#include "../../unit.h"
#include "../../../../tools/report/xarf.h"
#include "../../../../tools/program/program.h"
#include "../../../../rules/base/arena.h"

#include <errno.h>
#include <dirent.h>
#include <nettle/base64.h>
#include <nettle/sha2.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct report_sender isp = { "Example ISP", "abuse@isp.example",
					  NULL };

/* 2026-11-20 10:11:12 UTC */
#define FOUND_S 1795169472

#define SPAM_SOURCE                                                            \
	{                                                                      \
		.time_s = FOUND_S, .family = 4, .name = "192.0.2.7",           \
		.finding = "spam-source", .detector = "fast", .port = 25,      \
		.attempts = 4398, .syns = 7842, .destinations = 1203,          \
		.groups = 800, .first_s = FOUND_S - 3600, .last_s = FOUND_S,   \
		.blocked = true, .examples = "198.51.100.1 198.51.100.2"       \
	}

/* Findings of each kind, of both families, with everything and nothing. */
static const struct report_finding findings[] = {
	SPAM_SOURCE,
	{ .time_s = FOUND_S,
	  .family = 6,
	  .name = "2001:db8:1:2::/64",
	  .finding = "direct-to-mx",
	  .detector = "abandon",
	  .port = 25,
	  .attempts = 30,
	  .syns = 30,
	  .destinations = 25,
	  .groups = 25,
	  .destinations_exact = true,
	  .proven = true,
	  .first_s = FOUND_S - 86400,
	  .last_s = FOUND_S,
	  .examples = "2001:db8::1" },
	{ .time_s = FOUND_S,
	  .family = 4,
	  .name = "s-4f2a", /* a pseudonym */
	  .finding = "login-storm",
	  .detector = "storm",
	  .port = 993,
	  .attempts = 60,
	  .first_s = FOUND_S,
	  .last_s = FOUND_S,
	  .proven = true,
	  .examples = "d-11 d-12" },
	{ .time_s = 0,
	  .family = 4,
	  .source = { { 192, 0, 2, 9 } },
	  .finding = "login-failures",
	  .detector = "login" },
};

/* A host with one finding. */
static struct report_host host_of(const struct report_finding *f)
{
	static const struct report_finding *tests[16];
	static size_t next;
	const struct report_finding **at = &tests[next++ % COUNT(tests)];

	*at = f;
	return (struct report_host){ .family = f->family,
				     .source = f->source,
				     .name = f->name,
				     .lead = f,
				     .tests = at,
				     .n_tests = 1,
				     .time_s = f->time_s,
				     .first_s = f->first_s,
				     .last_s = f->last_s,
				     .attempts = f->attempts,
				     .syns = f->syns,
				     .destinations = f->destinations,
				     .groups = f->groups,
				     .proven = f->proven };
}

static json_t *document_of(const struct report_finding *f)
{
	struct report_host h = host_of(f);
	json_t *json = xarf_document(&h, &isp);

	assert_non_null(json);
	return json;
}

static const char *string(const json_t *json, const char *key)
{
	const char *text = json_string_value(json_object_get(json, key));

	return text ? text : "(none)";
}

/* ---- formats ---- */

/* 0: a digit, x: a hexadecimal one, all else itself. */
static bool fits(const char *text, const char *pattern)
{
	for (; *text && *pattern; text++, pattern++) {
		const char *set = *pattern == '0' ? "0123456789" :
				  *pattern == 'x' ? "0123456789abcdef" :
						    NULL;

		if (set ? !strchr(set, *text) : *text != *pattern)
			return false;
	}
	return !*text && !*pattern;
}

static bool is_date_time(const json_t *v)
{
	return fits(json_string_value(v), "0000-00-00T00:00:00Z");
}

static bool is_uuid(const json_t *v)
{
	return fits(json_string_value(v),
		    "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx");
}

static bool is_version(const json_t *v)
{
	return fits(json_string_value(v), "4.0.0");
}

static bool is_port(const json_t *v)
{
	return json_integer_value(v) >= 1 && json_integer_value(v) <= 65535;
}

static bool is_confidence(const json_t *v)
{
	return json_real_value(v) >= 0.0 && json_real_value(v) <= 1.0;
}

static bool is_positive(const json_t *v)
{
	return json_integer_value(v) >= 1;
}

static bool is_description(const json_t *v)
{
	return json_string_length(v) <= 1000;
}

static bool is_address(const json_t *v)
{
	const char *text = json_string_value(v);
	struct addr_range r;

	return !range_parse(text, strlen(text), &r) && !r.is_range &&
	       !strchr(text, '/');
}

static bool is_protocol(const json_t *v)
{
	return !strcmp(json_string_value(v), "tcp");
}

/* The two of the schema's ten that may be said of such a machine. */
static bool is_bot_type(const json_t *v)
{
	return !strcmp(json_string_value(v), "malicious") ||
	       !strcmp(json_string_value(v), "unknown");
}

static bool is_unverified(const json_t *v)
{
	return !strcmp(json_string_value(v), "unverified");
}

static bool is_connection(const json_t *v)
{
	return !strcmp(json_string_value(v), "connection");
}

static bool is_type(const json_t *v)
{
	return !strcmp(json_string_value(v), "infected_host");
}

static bool is_some_text(const json_t *v)
{
	return json_string_length(v) > 0;
}

/* ^[a-z0-9][a-z0-9_+-]*:[a-z0-9][a-z0-9_+-.]*$ */
static bool is_tag(const char *text)
{
	static const char first[] = "abcdefghijklmnopqrstuvwxyz0123456789";
	static const char rest[] = "abcdefghijklmnopqrstuvwxyz0123456789_+-";
	size_t n = strspn(text, rest);

	return strchr(first, *text) && n && text[n] == ':' && text[n + 1] &&
	       strchr(first, text[n + 1]) &&
	       !text[n + 1 + strspn(text + n + 1, rest)];
}

static bool are_tags(const json_t *v)
{
	for (size_t i = 0; i < json_array_size(v); i++)
		if (!is_tag(json_string_value(json_array_get(v, i))))
			return false;
	return json_array_size(v) <= 20;
}

/* contact_info: these three, and additionalProperties is false. */
static bool is_party(const json_t *v)
{
	const char *contact = string(v, "contact");

	return json_object_size(v) == 3 && *string(v, "org") &&
	       strlen(string(v, "org")) <= 200 && strchr(contact, '@') &&
	       !strcmp(string(v, "domain"), strchr(contact, '@') + 1);
}

/* The payload in the clear; for free(). */
static char *payload_of(const json_t *item, size_t *len)
{
	const char *text = string(item, "payload");
	char *bytes = malloc(BASE64_DECODE_LENGTH(strlen(text)) + 1);
	struct base64_decode_ctx ctx;

	assert_non_null(bytes);
	base64_decode_init(&ctx);
	*len = BASE64_DECODE_LENGTH(strlen(text));
	if (!base64_decode_update(&ctx, len, (uint8_t *)bytes, strlen(text),
				  text) ||
	    !base64_decode_final(&ctx))
		*len = 0;
	bytes[*len] = '\0';
	return bytes;
}

static bool hash_fits(const char *hash, const char *bytes, size_t len)
{
	uint8_t digest[SHA256_DIGEST_SIZE];
	struct sha256_ctx sha;
	char want[80] = "sha256:";

	sha256_init(&sha);
	sha256_update(&sha, len, (const uint8_t *)bytes);
	sha256_digest(&sha, sizeof(digest), digest);
	for (size_t i = 0; i < sizeof(digest); i++)
		sprintf(want + 7 + 2 * i, "%02x", digest[i]);
	return !strcmp(hash, want);
}

/* evidence_item: these five at most, and additionalProperties is false. */
static bool is_evidence_item(const json_t *item)
{
	size_t len;
	char *bytes = payload_of(item, &len);
	bool good = json_object_size(item) == 5 &&
		    !strcmp(string(item, "content_type"), "text/plain") &&
		    strlen(string(item, "description")) <= 500 && len &&
		    hash_fits(string(item, "hash"), bytes, len) &&
		    json_integer_value(json_object_get(item, "size")) ==
			    (json_int_t)len;

	free(bytes);
	return good;
}

static bool is_evidence(const json_t *v)
{
	bool good = json_array_size(v) > 0 && json_array_size(v) <= 50;

	for (size_t i = 0; i < json_array_size(v); i++)
		good = good && is_evidence_item(json_array_get(v, i));
	return good;
}

/* ---- the schema ---- */

enum need { ALWAYS, FOR_HOST, MAY };

static const struct field {
	const char *name;
	enum need need;
	json_type type;
	bool (*good)(const json_t *value);
} fields[] = {
	/* xarf-core.json: required */
	{ "xarf_version", ALWAYS, JSON_STRING, is_version },
	{ "report_id", ALWAYS, JSON_STRING, is_uuid },
	{ "timestamp", ALWAYS, JSON_STRING, is_date_time },
	{ "reporter", ALWAYS, JSON_OBJECT, is_party },
	{ "sender", ALWAYS, JSON_OBJECT, is_party },
	{ "source_identifier", ALWAYS, JSON_STRING, is_some_text },
	{ "category", ALWAYS, JSON_STRING, is_connection },
	{ "type", ALWAYS, JSON_STRING, is_type },
	/* recommended there, or optional, and always known to us */
	{ "evidence_source", ALWAYS, JSON_STRING, is_some_text },
	{ "evidence", ALWAYS, JSON_ARRAY, is_evidence },
	{ "tags", ALWAYS, JSON_ARRAY, are_tags },
	{ "confidence", ALWAYS, JSON_REAL, is_confidence },
	{ "description", ALWAYS, JSON_STRING, is_description },
	/* both types: required, and not */
	{ "protocol", ALWAYS, JSON_STRING, is_protocol },
	{ "first_seen", ALWAYS, JSON_STRING, is_date_time },
	{ "last_seen", ALWAYS, JSON_STRING, is_date_time },
	{ "destination_ip", MAY, JSON_STRING, is_address },
	{ "destination_port", MAY, JSON_INTEGER, is_port },
	/* infected_host: required, and not */
	{ "bot_type", FOR_HOST, JSON_STRING, is_bot_type },
	{ "verification_status", FOR_HOST, JSON_STRING, is_unverified },
	{ "total_requests", MAY, JSON_INTEGER, is_positive },
};

static const struct field *field_of(const char *name)
{
	for (size_t i = 0; i < COUNT(fields); i++)
		if (!strcmp(fields[i].name, name))
			return &fields[i];
	return NULL;
}

static void check_field(const char *finding, const json_t *json,
			const struct field *f)
{
	const json_t *value = json_object_get(json, f->name);
	bool host = !strcmp(string(json, "type"), "infected_host");
	bool needed = f->need == ALWAYS || (f->need == FOR_HOST && host);

	if (!value) {
		expect(!needed, "%s: there is no %s", finding, f->name);
		return;
	}
	expect(f->need != FOR_HOST || host, "%s: %s is not of its type",
	       finding, f->name);
	if (expect(json_typeof(value) == f->type, "%s: %s has type %d, not %d",
		   finding, f->name, json_typeof(value), f->type))
		expect(f->good(value), "%s: %s is not as the schema asks",
		       finding, f->name);
}

CLAIM(schema, "a document has what the schema of its type asks, and no more")
{
	for (size_t i = 0; i < COUNT(findings); i++) {
		json_t *json = document_of(&findings[i]), *value;
		const char *key;

		for (size_t k = 0; k < COUNT(fields); k++)
			check_field(findings[i].finding, json, &fields[k]);
		json_object_foreach(json, key, value)
			expect(field_of(key) != NULL, "%s: what is %s?",
			       findings[i].finding, key);
		json_decref(json);
	}
}

CLAIM(values, "a document says what the finding says")
{
	json_t *json = document_of(&findings[0]);
	static const struct {
		const char *key, *value;
	} vectors[] = {
		{ "timestamp", "2026-11-20T10:11:12Z" },
		{ "first_seen", "2026-11-20T09:11:12Z" },
		{ "last_seen", "2026-11-20T10:11:12Z" },
		{ "source_identifier", "192.0.2.7" },
		{ "type", "infected_host" },
		{ "destination_ip", "198.51.100.1" },
	};

	for (size_t i = 0; i < COUNT(vectors); i++)
		expect_text(vectors[i].key, string(json, vectors[i].key),
			    vectors[i].value);
	expect_number("destination_port",
		      (unsigned long long)json_integer_value(
			      json_object_get(json, "destination_port")),
		      25);
	json_decref(json);
}

CLAIM(evidence, "what several tests say of a host is one document, with the "
		"surest confidence, and an item and tags of each")
{
	struct report_finding a = SPAM_SOURCE, b = SPAM_SOURCE, c = SPAM_SOURCE;
	const struct report_finding *tests[60] = { &a, &b, &c };
	struct report_host h = host_of(&a);
	json_t *json;

	b.detector = "slow";
	c.finding = "direct-to-mx";
	c.proven = true;
	for (size_t i = 3; i < COUNT(tests); i++)
		tests[i] = &b;
	h.tests = tests;
	for (h.n_tests = 3; h.n_tests <= COUNT(tests); h.n_tests += 57) {
		json = xarf_document(&h, &isp);
		assert_non_null(json);
		expect_number(
			"items",
			json_array_size(json_object_get(json, "evidence")),
			h.n_tests > 50 ? 50 : 3);
		expect_number("tags",
			      json_array_size(json_object_get(json, "tags")),
			      6);
		expect(json_real_value(json_object_get(json, "confidence")) ==
			       0.5,
		       "it is not as sure as its surest");
		for (size_t k = 0; k < COUNT(fields); k++)
			check_field("several", json, &fields[k]);
		json_decref(json);
	}
}

CLAIM(sources, "a source is named as the report names it, else by address")
{
	static const char *const wants[] = { "192.0.2.7", "2001:db8:1:2::/64",
					     "s-4f2a", "192.0.2.9" };

	for (size_t i = 0; i < COUNT(findings); i++) {
		json_t *json = document_of(&findings[i]);

		expect_text(findings[i].finding,
			    string(json, "source_identifier"), wants[i]);
		json_decref(json);
	}
}

CLAIM(types, "a finding that no type of XARF fits has no document")
{
	static const struct {
		const char *finding, *type;
	} vectors[] = {
		{ "spam-source", "infected_host" },
		{ "direct-to-mx", "infected_host" },
		{ "login-storm", "infected_host" },
		{ "login-failures", "infected_host" },
		{ "submission-abuse", NULL },
		{ "cleartext-login", NULL },
		{ "starttls-stripped", NULL },
		{ "", NULL },
	};

	for (size_t i = 0; i < COUNT(vectors); i++) {
		struct report_finding f = SPAM_SOURCE;
		struct report_host h = host_of(&f);
		json_t *json;

		f.finding = vectors[i].finding;
		json = xarf_document(&h, &isp);
		expect_text(f.finding, json ? string(json, "type") : "(none)",
			    vectors[i].type ? vectors[i].type : "(none)");
		json_decref(json);
	}
}

CLAIM(unproven, "an unproven finding says so in its texts and is less sure")
{
	for (size_t i = 0; i < COUNT(findings); i++) {
		struct report_finding f = findings[i];
		double confidence[2];

		for (int proven = 0; proven < 2; proven++) {
			json_t *json, *item;
			char *payload;
			size_t len;
			bool told;

			f.proven = proven;
			json = document_of(&f);
			item = json_array_get(json_object_get(json, "evidence"),
					      0);
			payload = payload_of(item, &len);
			told = strstr(string(json, "description"),
				      "UNPROVEN") &&
			       strstr(payload, "may be forged") &&
			       strstr(string(item, "description"), "unproven");
			expect(told == !proven, "%s: proven %d, told %d",
			       f.finding, proven, told);
			expect(strcmp(string(json, "bot_type"), "malicious") ||
				       proven,
			       "%s: unproven, and called malicious", f.finding);
			confidence[proven] = json_real_value(
				json_object_get(json, "confidence"));
			free(payload);
			json_decref(json);
		}
		expect(confidence[0] < confidence[1],
		       "%s: confidence %g unproven, %g proven", f.finding,
		       confidence[0], confidence[1]);
		expect(confidence[0] < 0.5, "%s: confidence %g unproven",
		       f.finding, confidence[0]);
	}
}

static void id_of(const struct report_finding *f, const struct report_sender *s,
		  char out[XARF_UUID_BYTES])
{
	struct report_host h = host_of(f);

	xarf_id(&h, s, out);
}

CLAIM(ids, "the same finding has the same id, and another has another")
{
	struct report_finding f = SPAM_SOURCE, others[8];
	static const struct report_sender other_isp = { "Other",
							"abuse@other.example",
							NULL };
	char id[XARF_UUID_BYTES], again[XARF_UUID_BYTES];

	id_of(&f, &isp, id);
	/* Made once: an id that changes would report everything anew. */
	expect_text("the id", id, "1303be86-9a41-5aeb-a1bb-f8f456b00773");
	expect(id[14] == '5', "%s is not of version 5", id);
	expect(strchr("89ab", id[19]) != NULL, "%s is of another variant", id);
	for (size_t i = 0; i < COUNT(others); i++)
		others[i] = f;
	others[0].time_s++;
	others[1].name = "192.0.2.8";
	others[2].detector = "medium";
	others[3].finding = "direct-to-mx";
	others[4].attempts++;
	others[5].proven = true;
	others[6].port = 26;
	others[7].examples = "";
	for (size_t i = 0; i < COUNT(others); i++) {
		id_of(&others[i], &isp, again);
		expect(strcmp(id, again), "finding %zu has the same id", i);
	}
	id_of(&f, &other_isp, again);
	expect(strcmp(id, again), "another reporter has the same id");
	id_of(&f, &isp, again);
	expect_text("again", again, id);
}

/* ---- files ---- */

static size_t files_in(const char *folder, char last[256])
{
	DIR *dir = opendir(folder);
	size_t n = 0;

	assert_non_null(dir);
	for (struct dirent *d = readdir(dir); d; d = readdir(dir)) {
		if (*d->d_name == '.')
			continue;
		n++;
		snprintf(last, 256, "%s", d->d_name);
	}
	closedir(dir);
	return n;
}

static void remove_files(const char *folder)
{
	char name[256], path[600];

	while (files_in(folder, name)) {
		snprintf(path, sizeof(path), "%s/%s", folder, name);
		assert_int_equal(unlink(path), 0);
	}
	rmdir(folder);
}

static int write_folder(const struct report *r, const struct report_sender *s,
			const char *folder)
{
	struct report_style style = { .sender = *s };
	struct fault f = { "" };
	int error = report_writer_xarf.write_folder(r, &style, folder, &f);

	expect(!error == !*f.text, "%d has the sentence \"%s\"", error, f.text);
	return error;
}

/* Its hosts are made of the findings as those of any report are. */
static struct report a_report(struct report_finding *items, size_t n)
{
	struct report r = { .arena = arena_new(),
			    .findings = { .items = items, .n = n } };

	report_hosts(&r);
	return r;
}

CLAIM(files, "each host with a finding of a type is one file, however many "
	     "tests agree, the same when made again")
{
	enum { N = 6 };
	struct report_finding items[N] = { SPAM_SOURCE, SPAM_SOURCE,
					   SPAM_SOURCE, SPAM_SOURCE,
					   SPAM_SOURCE, SPAM_SOURCE };
	struct report r;
	char top[] = "/tmp/mailwall-xarf-XXXXXX", folder[64], name[256];
	char path[600];
	struct stat st;
	json_t *json;

	/* Two hosts with four findings, one without, one a week before. */
	items[1].detector = "medium";
	items[2].finding = "direct-to-mx";
	items[3].source.byte[3] = 9;
	items[4].source.byte[3] = 10;
	items[4].finding = "cleartext-login";
	items[5].time_s -= 7 * 86400;
	r = a_report(items, N);
	assert_non_null(mkdtemp(top));
	snprintf(folder, sizeof(folder), "%s/reports", top);
	for (int i = 0; i < 2; i++) {
		expect_number("code",
			      (unsigned int)write_folder(&r, &isp, folder), 0);
		expect_number("files", files_in(folder, name), 3);
	}
	expect(fits(name, "00000000T000000Z-xxxxxxxx-xxxx-xxxx-xxxx-"
			  "xxxxxxxxxxxx.json"),
	       "a file is called %s", name);
	assert_int_equal(stat(folder, &st), 0);
	expect(!(st.st_mode & 07), "the folder has mode %o", st.st_mode);
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	json = json_load_file(path, 0, NULL);
	expect(json && strstr(name, string(json, "report_id")),
	       "%s has another id, or is no JSON", name);
	json_decref(json);
	remove_files(folder);
	rmdir(top);
	arena_free(r.arena);
}

CLAIM(refused, "without a good sender, or a folder, nothing is written")
{
	struct report_finding items[1] = { SPAM_SOURCE };
	struct report r = a_report(items, 1);
	static const struct {
		struct report_sender sender;
		const char *folder;
		int code;
	} vectors[] = {
		{ { NULL, "a@b.example", NULL }, "/nowhere", -EINVAL },
		{ { "", "a@b.example", NULL }, "/nowhere", -EINVAL },
		{ { "Org", NULL, NULL }, "/nowhere", -EINVAL },
		{ { "Org", "", NULL }, "/nowhere", -EINVAL },
		{ { "Org", "b.example", NULL }, "/nowhere", -EINVAL },
		{ { "Org", "a b@c.example", NULL }, "/nowhere", -EINVAL },
		{ { "Org", "a@b.example>", NULL }, "/nowhere", -EINVAL },
		{ { "Org", "a@", NULL }, "/nowhere", -EINVAL },
		{ { "Org", "a@b.example", "b example" }, "/nowhere", -EINVAL },
		{ { "Org", "a@b.example", NULL }, "/dev/null", -ENOTDIR },
		{ { "Org", "a@b.example", NULL }, "/proc/no/where", -ENOENT },
	};

	for (size_t i = 0; i < COUNT(vectors); i++) {
		int code =
			write_folder(&r, &vectors[i].sender, vectors[i].folder);

		expect(code == vectors[i].code, "vector %zu got %d want %d", i,
		       code, vectors[i].code);
	}
	expect(access("/nowhere", F_OK) != 0, "there is a /nowhere now");
	arena_free(r.arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIMED(schema), CLAIMED(values),   CLAIMED(sources),
		CLAIMED(types),	 CLAIMED(unproven), CLAIMED(ids),
		CLAIMED(files),	 CLAIMED(refused),  CLAIMED(evidence),
	};

	return cmocka_run_group_tests_name("xarf", tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an engine knows, saved and read again; and files that are not so. */
#include "../../unit.h"
#include "../../packet.h"
#include "../../../../plugin/engine/engine.h"
#include "../../../../plugin/engine/engine_state.h"

#define SECOND INT64_C(1000000)
#define START  (INT64_C(1767571200) * SECOND) /* 2026-01-05 */

struct saved {
	uint8_t bytes[1 << 20];
	size_t n;
	int error; /* of write, once half of it is there */
	size_t half;
};

static int keep(void *ctx, const void *bytes, size_t len)
{
	struct saved *s = ctx;

	if (s->error && s->n >= s->half)
		return s->error;
	assert_true(len <= sizeof(s->bytes) - s->n);
	memcpy(s->bytes + s->n, bytes, len);
	s->n += len;
	return 0;
}

static struct engine *engine_of(uint64_t key, bool skip_warmup)
{
	struct engine_config config = { .key = { key, 2 },
					.memory = ENGINE_MEMORY_LEAST,
					.skip_warmup = skip_warmup };
	struct engine *e;

	assert_int_equal(engine_new(&config, &e), 0);
	return e;
}

static void give(struct engine *e, const struct packet_of *p, int64_t now_us)
{
	uint8_t bytes[2 * PACKET_MOST];
	struct frame f = packet_frame(p, now_us, 0, bytes);

	engine_frame(e, &f);
}

/* Sources of all kinds: small ones, bots, clients that log in, IPv6. */
static void live(struct engine *e, unsigned int n)
{
	static const uint16_t ports[] = { 25, 25, 25, 587, 143, 110 };
	int64_t now_us = START;
	uint64_t seed = 5;

	for (unsigned int i = 0; i < n; i++) {
		uint32_t source = (uint32_t)chance(&seed) % 12;
		struct packet_of p = {
			.family = source % 3 ? 4 : 6,
			.source = 0x0a000000 + source,
			.destination = 0xc0000000u +
				       ((uint32_t)chance(&seed) % 200 << 16) +
				       (uint32_t)chance(&seed) % 7,
			.source_port = (uint16_t)(1024 + i),
			.destination_port = ports[source % 6],
			.seq = i,
			.flags = TCP_SYN,
		};

		give(e, &p, now_us += SECOND);
	}
	/* One that meets more than is counted exactly, one that came once. */
	for (uint32_t i = 0; i < 120; i++) {
		struct packet_of p = { .source = 0x0a0000ff,
				       .destination = 0xc1000000 + i,
				       .source_port = (uint16_t)(5000 + i),
				       .destination_port = 25,
				       .flags = TCP_SYN };

		give(e, &p, now_us += SECOND);
	}
	give(e,
	     &(struct packet_of){ .source = 0x0a0000fe,
				  .destination = 0xc2000000,
				  .source_port = 9999,
				  .destination_port = 25,
				  .flags = TCP_SYN },
	     now_us);
	engine_time(e, now_us + 10 * SECOND);
}

/* ---- what is known, as text ---- */

static void print_source(void *ctx, const struct source_view *v)
{
	FILE *to = ctx;

	for (size_t i = 0; i < 16; i++)
		fprintf(to, "%02x", v->source.byte[i]);
	fprintf(to, " %u %u %u %u %llu %lld %lld %a %d%d%d%d%d", v->family,
		v->attempts, v->syns, v->groups,
		(unsigned long long)v->destinations, (long long)v->first_s,
		(long long)v->last_s, (double)v->score, v->spam,
		v->would_be_blocked, v->allowed, v->mail_server, v->proven);
	for (size_t i = 0; i < v->n_ports; i++)
		fprintf(to, " :%u", v->ports[i]);
	fputc('\n', to);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Sources have no order: lines are sorted. */
static char *facts(struct engine *e)
{
	struct text all, sorted;
	char *lines[64], *save;
	size_t n = 0;

	engine_sources(e, print_source, text_open(&all));
	text_done(&all);
	for (char *at = strtok_r(all.bytes, "\n", &save); at;
	     at = strtok_r(NULL, "\n", &save)) {
		assert_true(n < COUNT(lines));
		lines[n++] = at;
	}
	qsort(lines, n, sizeof(*lines), by_text);
	text_open(&sorted);
	for (size_t i = 0; i < n; i++)
		fprintf(sorted.file, "%s\n", lines[i]);
	text_done(&sorted);
	assert_non_null(sorted.bytes);
	free(all.bytes);
	return sorted.bytes;
}

static struct saved *save(struct engine *e)
{
	struct saved *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	assert_int_equal(engine_save(e, keep, s), 0);
	return s;
}

static struct saved *saved_life(unsigned int n)
{
	struct engine *e = engine_of(1, true);
	struct saved *s;

	live(e, n);
	s = save(e);
	engine_free(e);
	return s;
}

static bool is_usable(struct engine *e)
{
	struct engine_summary s;

	engine_summary(e, &s);
	if (s.sources)
		return false;
	live(e, 20);
	engine_end(e);
	engine_summary(e, &s);
	return s.sources > 5;
}

/* ---- there and back ---- */

CLAIM(same, "what was saved and read is the same, under another key too, and "
	    "so it is when saved again")
{
	struct engine *one = engine_of(1, true), *two = engine_of(77, true);
	struct engine *three = engine_of(78, true);
	char *was, *is, *again;
	struct saved *first, *second;
	const char *why = "";

	live(one, 3000);
	was = facts(one);
	first = save(one);
	assert_int_equal(engine_load(two, first->bytes, first->n, &why), 0);
	is = facts(two);
	expect(!strcmp(was, is), "was\n%sis\n%s", was, is);
	second = save(two);
	expect_number("bytes", second->n, first->n);
	assert_int_equal(engine_load(three, second->bytes, second->n, &why), 0);
	again = facts(three);
	expect(!strcmp(was, again), "was\n%sis\n%s", was, again);
	expect(strstr(was, " :25\n") && strstr(was, " :587\n"),
	       "too little was seen\n%s", was);
	free(was);
	free(is);
	free(again);
	free(first);
	free(second);
	engine_free(one);
	engine_free(two);
	engine_free(three);
}

CLAIM(goes_on, "who was saved and read goes on as if nothing had been")
{
	struct engine *one = engine_of(1, false), *two = engine_of(9, false);
	struct saved *s;
	const char *why;
	char *was, *is;

	live(one, 500);
	s = save(one);
	assert_int_equal(engine_load(two, s->bytes, s->n, &why), 0);
	for (uint32_t i = 0; i < 400; i++) {
		struct packet_of p = { .source = 0x0a000001 + i % 2,
				       .destination = 0xc0000000 + (i << 16),
				       .source_port = (uint16_t)(2000 + i),
				       .destination_port = 25,
				       .flags = TCP_SYN };
		int64_t at = START + (100000 + 5 * (int64_t)i) * SECOND;

		give(one, &p, at);
		give(two, &p, at);
	}
	engine_time(one, START + 103000 * SECOND);
	engine_time(two, START + 103000 * SECOND);
	was = facts(one);
	is = facts(two);
	expect(!strcmp(was, is), "one\n%stwo\n%s", was, is);
	free(was);
	free(is);
	free(s);
	engine_free(one);
	engine_free(two);
}

CLAIM(warmth, "warm-up that was over, or under way, is so after a restart")
{
	static const struct {
		int64_t after_s, offline_s;
		bool warm;
	} rows[] = { { 3600, 3600, false },
		     { 40 * 3600, 3600, true },
		     { 40 * 3600, 3 * 86400, false } };

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct engine *e = engine_of(1, false), *other;
		struct engine_summary s;
		struct saved *saved;
		const char *why;

		engine_time(e, START);
		engine_time(e, START + rows[i].after_s * SECOND);
		saved = save(e);
		other = engine_of(2, false);
		assert_int_equal(
			engine_load(other, saved->bytes, saved->n, &why), 0);
		engine_time(other,
			    START + (rows[i].after_s + rows[i].offline_s) *
					    SECOND);
		engine_summary(other, &s);
		expect(s.warm == rows[i].warm,
		       "after %lld s and %lld s it is %s",
		       (long long)rows[i].after_s, (long long)rows[i].offline_s,
		       s.warm ? "warm" : "not");
		free(saved);
		engine_free(e);
		engine_free(other);
	}
}

CLAIM(nothing, "an engine that saw nothing can be saved and read")
{
	struct saved *s = saved_life(0);
	struct engine *e = engine_of(1, false), *other = engine_of(2, false);
	struct saved *empty = save(e);
	const char *why;

	assert_int_equal(engine_load(other, empty->bytes, empty->n, &why), 0);
	expect(is_usable(other), "it is not usable");
	expect(empty->n < s->n, "as long as one that saw something");
	free(s);
	free(empty);
	engine_free(e);
	engine_free(other);
}

/* ---- files of the past, and of this version on any machine ---- */

#define STATE_FOLDER "tests/unit/plugin/engine/state/"

static struct saved *file_of(const char *path)
{
	struct saved *s = calloc(1, sizeof(*s));
	FILE *file = fopen(path, "rb");

	assert_non_null(s);
	assert_non_null(file);
	s->n = fread(s->bytes, 1, sizeof(s->bytes), file);
	fclose(file);
	return s;
}

/*
 * Both files hold the same sources: small ones, bots, one that was refused
 * after an odd HELO, one whose logins failed, one with an estimate, IPv6. 0.1
 * was written by the program before version 3, facts is what that program knew.
 */
CLAIM(versions, "a file of 0.1 and one of this version are read, and say what "
		"the program knew that wrote them")
{
	static const char *const files[] = { STATE_FOLDER "0.1",
					     STATE_FOLDER "3" };
	struct saved *want = file_of(STATE_FOLDER "facts");

	for (size_t i = 0; i < COUNT(files); i++) {
		struct saved *s = file_of(files[i]);
		struct engine *e = engine_of(3, false);
		const char *why = "";
		char *is;

		expect(!engine_load(e, s->bytes, s->n, &why), "%s: %s",
		       files[i], why);
		is = facts(e);
		expect_text(files[i], is, (const char *)want->bytes);
		free(is);
		free(s);
		engine_free(e);
	}
	free(want);
}

CLAIM(bytes, "the bytes of a file are the same on every machine and however "
	     "structs lie in memory")
{
	struct saved *old = file_of(STATE_FOLDER "0.1"), *is;
	struct saved *want = file_of(STATE_FOLDER "3");
	struct engine *e = engine_of(3, false);
	const char *why;
	size_t at = 0;

	assert_int_equal(engine_load(e, old->bytes, old->n, &why), 0);
	is = save(e);
	while (at < is->n && at < want->n && is->bytes[at] == want->bytes[at])
		at++;
	expect(at == want->n && at == is->n,
	       "%zu bytes, %zu expected; the first that differs is %zu", is->n,
	       want->n, at);
	free(old);
	free(is);
	free(want);
	engine_free(e);
}

CLAIM(layout, "rows that are swapped, renamed or widened are another layout "
	      "than that of the version")
{
	static const struct state_record *const kinds[] = {
		&state_source,	&state_history, &state_tail,
		&state_contact, &state_cold,	&state_usage,
	};

	expect(state_layout() == STATE_LAYOUT,
	       "the fields have layout 0x%08x, the version 0x%08x: a change of "
	       "fields is another version",
	       state_layout(), STATE_LAYOUT);
	for (size_t i = 0; i < COUNT(kinds); i++)
		for (size_t k = 1; k < kinds[i]->n; k++) {
			struct state_field rows[32];
			const struct state_record other = { rows, kinds[i]->n,
							    0 };
			uint32_t is = state_layout_of(7, kinds[i]);

			assert_true(kinds[i]->n <= COUNT(rows));
			memcpy(rows, kinds[i]->fields,
			       kinds[i]->n * sizeof(*rows));
			expect(state_layout_of(7, &other) == is,
			       "a copy of record %zu differs", i);
			rows[k].width ^= 8;
			expect(state_layout_of(7, &other) != is,
			       "record %zu, width of row %zu", i, k);
			rows[k] = kinds[i]->fields[k - 1];
			rows[k - 1] = kinds[i]->fields[k];
			expect(state_layout_of(7, &other) != is,
			       "record %zu, row %zu swapped", i, k);
		}
}

/* ---- what is not so ---- */

static void refuse(const uint8_t *bytes, size_t n, struct engine *e,
		   const char *fmt, size_t at)
{
	/* Just these bytes, so that one too far is seen. */
	uint8_t *copy = malloc(n ? n : 1);
	const char *why = NULL;
	int error;

	assert_non_null(copy);
	memcpy(copy, bytes, n);
	error = engine_load(e, copy, n, &why);
	free(copy);
	expect(error == -EBADMSG && why && *why, "%s %zu: got %d, \"%s\"", fmt,
	       at, error, why ? why : "");
}

CLAIM(truncated, "a file cut anywhere, or longer, is refused, and leaves the "
		 "engine usable")
{
	struct saved *s = saved_life(60);
	struct engine *e = engine_of(3, true);
	struct saved *old = file_of(STATE_FOLDER "0.1");

	for (size_t n = 0; n < s->n; n++)
		refuse(s->bytes, n, e, "cut at", n);
	refuse(s->bytes, s->n + 1, e, "longer at", s->n);
	for (size_t n = 0; n < old->n; n++)
		refuse(old->bytes, n, e, "0.1 cut at", n);
	expect(is_usable(e), "it is not usable");
	free(s);
	free(old);
	engine_free(e);
}

CLAIM(flipped, "a byte changed anywhere is refused, and leaves the engine "
	       "usable")
{
	struct saved *s = saved_life(60);
	struct engine *e = engine_of(3, true);

	for (size_t i = 0; i < s->n; i++) {
		uint8_t was = s->bytes[i];

		s->bytes[i] ^= (uint8_t)(1u << i % 8);
		refuse(s->bytes, s->n, e, "flipped at", i);
		s->bytes[i] = (uint8_t)~was;
		refuse(s->bytes, s->n, e, "inverted at", i);
		s->bytes[i] = was;
	}
	expect(is_usable(e), "it is not usable");
	free(s);
	engine_free(e);
}

CLAIM(write_error, "an error in writing is told, and nothing more is written")
{
	struct engine *e = engine_of(1, true);
	struct saved *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	live(e, 60);
	s->error = -ENOSPC;
	s->half = 1000;
	expect(engine_save(e, keep, s) == -ENOSPC, "it is not told");
	expect(s->n < 2000, "%zu bytes are written", s->n);
	free(s);
	engine_free(e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIMED(same),	  CLAIMED(goes_on),	CLAIMED(warmth),
		CLAIMED(layout),  CLAIMED(nothing),	CLAIMED(truncated),
		CLAIMED(flipped), CLAIMED(write_error), CLAIMED(versions),
		CLAIMED(bytes),
	};

	return cmocka_run_group_tests_name("engine_save", tests, NULL, NULL);
}

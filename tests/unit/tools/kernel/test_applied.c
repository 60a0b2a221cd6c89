/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The file that remembers what was loaded. */
#include "../../unit.h"

#include "../../../../rules/emit/emit.h"
#include "../../../../tools/kernel/applied.h"
#include "../../../../tools/program/program.h"

#include <dirent.h>
#include <linux/netfilter/nf_tables.h>
#include <nettle/sha2.h>
#include <sys/stat.h>
#include <unistd.h>

static char directory[] = "/tmp/mailwall-unit-XXXXXX";
static char path[512];

/* ---- a directory of our own, with one file ---- */

/* The only file in the directory; NULL: there is none. */
static const char *only_file(void)
{
	DIR *dir = opendir(directory);
	struct dirent *entry;
	int n = 0;

	assert_non_null(dir);
	while ((entry = readdir(dir)))
		if (entry->d_name[0] != '.') {
			snprintf(path, sizeof(path), "%s/%s", directory,
				 entry->d_name);
			n++;
		}
	closedir(dir);
	expect(n <= 1, "there are %d files", n);
	return n ? path : NULL;
}

static uint8_t *file_bytes(size_t *len)
{
	FILE *f = fopen(only_file(), "rb");
	uint8_t *bytes;

	assert_non_null(f);
	fseek(f, 0, SEEK_END);
	*len = (size_t)ftell(f);
	rewind(f);
	bytes = malloc(*len);
	assert_int_equal(fread(bytes, 1, *len, f), *len);
	fclose(f);
	return bytes;
}

static void write_bytes(const uint8_t *bytes, size_t len)
{
	FILE *f = fopen(path, "wb");

	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, len, f), len);
	fclose(f);
}

static bool loads_as_valid(void)
{
	struct program p = { .arena = arena_new(), .run_dir = directory };
	struct applied r;
	bool valid;

	applied_load(&p, &r);
	valid = r.valid;
	arena_free(p.arena);
	return valid;
}

static void save(const char *text, uint32_t generation, const char *name)
{
	struct program p = { .arena = arena_new(), .run_dir = directory };
	struct policy *policy = good_policy(text);
	struct ruleset *rs;

	assert_int_equal(ruleset_new(policy, &rs), 0);
	assert_int_equal(applied_save(&p, rs, generation, name), 0);
	ruleset_free(rs);
	policy_free(policy);
	arena_free(p.arena);
}

#define SMALL                                                                  \
	HEADER "class a { 10.0.0.0/8 192.0.2.1 ::1 }\nclass d "                \
	       "dynamic\noutbound from a {\nallow smtp from d\n}\n"

CLAIM(round_trip, "what is saved is what is loaded")
{
	struct program p = { .arena = arena_new(), .run_dir = directory };
	struct policy *policy = good_policy(
		HEADER "class a { 10.0.0.0/8 192.0.2.1 2001:db8::/32 ::1 "
		       "interface eth0 }\nclass d dynamic\noutbound from a "
		       "{\nallow smtp imap from d\n}\n");
	struct digest_objects objects = { 0 };
	struct applied r;
	struct ruleset *rs;
	struct stat st;

	assert_int_equal(ruleset_new(policy, &rs), 0);
	assert_int_equal(ruleset_objects(rs, &objects), 0);
	assert_int_equal(applied_save(&p, rs, 4711, "/etc/a policy"), 0);
	applied_load(&p, &r);
	expect(r.valid, "the file is not valid");
	expect_number("generation", r.generation, 4711);
	expect_text("digest", r.digest, rs->digest);
	expect_text("path", r.path, "/etc/a policy");
	expect_number("sets", r.known.n, 3);
	for (size_t i = 0; i < r.known.n; i++) {
		const struct known_set *ks = &r.known.items[i];
		const struct set *s = NULL;

		for (size_t k = 0; k < rs->sets.n; k++)
			if (!strcmp(rs->sets.items[k]->name, ks->name))
				s = rs->sets.items[k];
		if (!expect(s, "a set %s that is in no rule", ks->name))
			continue;
		expect_number(ks->name, ks->v4.n + ks->v6.n, set_elements(s));
		expect(s->v4 ? !memcmp(ks->v4.items, s->v4->items,
				       s->v4->n * sizeof(*s->v4->items)) :
			       !memcmp(ks->v6.items, s->v6->items,
				       s->v6->n * sizeof(*s->v6->items)),
		       "set %s has other elements", ks->name);
		expect_text(ks->name, r.set_digests[i], s->digest);
	}
	expect_number("canonical texts", r.n_objects, objects.n);
	for (size_t i = 0; i < r.n_objects && i < objects.n; i++)
		expect_text("canonical text", r.objects[i], objects.items[i]);
	assert_int_equal(stat(only_file(), &st), 0);
	expect_number("mode of the file", st.st_mode & 0777, 0600);
	digest_objects_free(&objects);
	ruleset_free(rs);
	policy_free(policy);
	arena_free(p.arena);
}

CLAIM(saved_again, "the file that is saved last is the one")
{
	struct program p = { .arena = arena_new(), .run_dir = directory };
	struct applied r;

	save(SMALL, 1, "one");
	save(HEADER "outbound {\nallow smtp\n}\n", 2, "two");
	applied_load(&p, &r);
	expect(r.valid && r.generation == 2 && !strcmp(r.path, "two") &&
		       !r.known.n,
	       "got %d, generation %u, path %s, %zu sets", r.valid,
	       r.generation, r.path, r.known.n);
	only_file();
	arena_free(p.arena);
}

CLAIM(forgotten, "what was forgotten or never known is not valid")
{
	struct program p = { .arena = arena_new(), .run_dir = directory };
	struct program nowhere = { .arena = p.arena,
				   .run_dir = "/tmp/mailwall-unit-none/x" };
	struct applied r;

	save(SMALL, 1, "one");
	expect(loads_as_valid(), "the file is not valid");
	applied_forget(&p);
	expect(!only_file(), "there still is a file");
	expect(!loads_as_valid(), "no file is valid");
	applied_forget(&p);
	applied_load(&nowhere, &r);
	expect(!r.valid && !r.known.n && !r.n_objects, "no directory is valid");
	arena_free(p.arena);
}

CLAIM(new_directory, "the directory is made if it is not there, with those "
		     "above it")
{
	char inner[600];
	struct program p = { .arena = arena_new(), .run_dir = inner };
	struct policy *policy = good_policy(SMALL);
	struct applied r;
	struct ruleset *rs;

	snprintf(inner, sizeof(inner), "%s/.inner", directory);
	assert_int_equal(ruleset_new(policy, &rs), 0);
	expect(!applied_save(&p, rs, 5, "x"), "cannot save into %s", inner);
	applied_load(&p, &r);
	expect(r.valid && r.generation == 5, "what was saved is not valid");
	applied_forget(&p);
	expect(!rmdir(inner), "something is left in %s", inner);
	snprintf(inner, sizeof(inner), "%s/.no//inner/", directory);
	expect(!applied_save(&p, rs, 5, "x"), "cannot save into %s", inner);
	applied_forget(&p);
	expect(!rmdir(inner), "something is left in %s", inner);
	snprintf(inner, sizeof(inner), "%s/.no", directory);
	expect(!rmdir(inner), "something is left in %s", inner);
	snprintf(inner, sizeof(inner), "/dev/null/inner");
	expect(applied_save(&p, rs, 5, "x") == -ENOTDIR, "saved into %s",
	       inner);
	ruleset_free(rs);
	policy_free(policy);
	arena_free(p.arena);
}

/* ---- broken files ---- */

CLAIM(every_cut, "a file cut at any byte is as if there were none")
{
	size_t len;
	uint8_t *bytes;

	save(SMALL, 1, "one");
	bytes = file_bytes(&len);
	for (size_t cut = 0; cut < len; cut++) {
		write_bytes(bytes, cut);
		expect(!loads_as_valid(), "%zu of %zu bytes are valid", cut,
		       len);
	}
	write_bytes(bytes, len);
	expect(loads_as_valid(), "the whole file is not valid");
	free(bytes);
}

CLAIM(every_flip, "a file with any one byte changed is as if there were none")
{
	size_t len;
	uint8_t *bytes;

	save(SMALL, 1, "one");
	bytes = file_bytes(&len);
	for (size_t at = 0; at < len; at++)
		for (int k = 0; k < 3; k++) {
			static const uint8_t flips[] = { 0x01, 0x80, 0xff };

			bytes[at] ^= flips[k];
			write_bytes(bytes, len);
			expect(!loads_as_valid(),
			       "byte %zu changed by %#x is valid", at,
			       flips[k]);
			bytes[at] ^= flips[k];
		}
	bytes = realloc(bytes, len + 8);
	memset(bytes + len, 0, 8);
	write_bytes(bytes, len + 8);
	expect(!loads_as_valid(), "eight bytes more are valid");
	free(bytes);
}

/* More than is read ahead, between two that are not. */
static char *large_policy(void)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	fputs(HEADER "class a { ::1 2001:db8::/32 }\nclass b {", out);
	for (unsigned int i = 0; i < 5000; i++)
		fprintf(out, " 10.%u.%u.0/25", i / 256, i % 256);
	fputs(" }\nclass c { 192.0.2.1 240.0.0.0/4 }\noutbound from a b c {\n"
	      "block smtp drop\n}\n",
	      out);
	fclose(out);
	return text;
}

static void expect_same_set(const struct applied *brief,
			    const struct applied *whole, size_t i)
{
	const struct known_set *b = &brief->known.items[i];
	const struct known_set *w = &whole->known.items[i];

	expect_text("name", b->name, w->name);
	expect_text("digest", brief->set_digests[i], whole->set_digests[i]);
	expect_number("elements", b->v4.n + b->v6.n, w->v4.n + w->v6.n);
	expect_number("to the end", b->to_end, w->to_end);
	expect(!b->v4.items && !b->v6.items, "%s has elements", b->name);
}

CLAIM(brief, "in brief it is the same without the elements")
{
	struct program p = { .arena = arena_new(), .run_dir = directory };
	struct applied brief, whole;
	char *text = large_policy();
	size_t to_end = 0;

	save(text, 4711, "large");
	free(text);
	applied_load(&p, &whole);
	applied_load_brief(&p, &brief);
	expect(whole.valid && brief.valid, "valid: %d, in brief %d",
	       whole.valid, brief.valid);
	expect_number("generation", brief.generation, 4711);
	expect_text("digest", brief.digest, whole.digest);
	expect_text("path", brief.path, "large");
	expect_number("sets", brief.known.n, whole.known.n);
	for (size_t i = 0; i < whole.known.n; i++) {
		expect_same_set(&brief, &whole, i);
		to_end += brief.known.items[i].to_end;
	}
	expect_number("sets to the end", to_end, 1);
	expect_number("objects", brief.n_objects, whole.n_objects);
	for (size_t i = 0; i < whole.n_objects; i++)
		expect_text("object", brief.objects[i], whole.objects[i]);
	arena_free(p.arena);
}

static bool loads_in_brief(void)
{
	struct program p = { .arena = arena_new(), .run_dir = directory };
	struct applied r;
	bool valid;

	applied_load_brief(&p, &r);
	valid = r.valid;
	arena_free(p.arena);
	return valid;
}

CLAIM(brief_damage, "in brief a file that was cut, or has another byte outside "
		    "the elements, is as if there were none")
{
	size_t len, elements = 0;
	uint8_t *bytes;

	save(SMALL, 1, "small");
	bytes = file_bytes(&len);
	for (size_t at = 0; at < len; at++) {
		bytes[at] ^= 0xff;
		write_bytes(bytes, len);
		elements += loads_in_brief();
		bytes[at] ^= 0xff;
		if (at % 16)
			continue;
		write_bytes(bytes, at);
		expect(!loads_in_brief(), "cut at %zu it is valid", at);
	}
	/* 10.0.0.0/8 and 192.0.2.1 with two addresses each, and ::1 */
	expect_number("bytes that do not matter", elements, 2 * 8 + 32);
	free(bytes);
}

static void sum_again(uint8_t *bytes, size_t len)
{
	struct sha256_ctx sha;

	sha256_init(&sha);
	sha256_update(&sha, len - SHA256_DIGEST_SIZE, bytes);
	sha256_digest(&sha, SHA256_DIGEST_SIZE,
		      bytes + len - SHA256_DIGEST_SIZE);
}

/* Everything that a valid file points at can be read. */
static void read_all(void)
{
	struct program p = { .arena = arena_new(), .run_dir = directory };
	struct applied r;
	size_t sum = 0;

	applied_load(&p, &r);
	for (size_t i = 0; r.valid && i < r.known.n; i++) {
		const struct known_set *ks = &r.known.items[i];

		sum += strlen(ks->name) + strlen(r.set_digests[i]);
		for (size_t k = 0; k < ks->v4.n; k++)
			sum += ks->v4.items[k].first + ks->v4.items[k].last;
		for (size_t k = 0; k < ks->v6.n; k++)
			sum += ks->v6.items[k].last.byte[15];
	}
	for (size_t i = 0; r.valid && i < r.n_objects; i++)
		sum += strlen(r.objects[i]);
	expect(sum != SIZE_MAX, "never");
	arena_free(p.arena);
}

CLAIM(right_sum, "a broken file with a right sum does no harm, and is not "
		 "valid if it was cut")
{
	size_t len;
	uint8_t *bytes, *copy;

	save(SMALL, 1, "one");
	bytes = file_bytes(&len);
	copy = malloc(len);
	for (size_t cut = SHA256_DIGEST_SIZE; cut < len; cut++) {
		memcpy(copy, bytes, cut);
		sum_again(copy, cut);
		write_bytes(copy, cut);
		expect(!loads_as_valid(), "%zu of %zu bytes are valid", cut,
		       len);
	}
	for (size_t at = 0; at < len - SHA256_DIGEST_SIZE; at++)
		for (int k = 0; k < 4; k++) {
			static const uint8_t flips[] = { 0x01, 0x10, 0x80,
							 0xff };

			memcpy(copy, bytes, len);
			copy[at] ^= flips[k];
			sum_again(copy, len);
			write_bytes(copy, len);
			read_all();
		}
	free(copy);
	free(bytes);
}

CLAIM(no_file, "a link or a directory in the file's place is not read")
{
	char target[512];

	save(SMALL, 1, "one");
	snprintf(target, sizeof(target), "%s/.target", directory);
	assert_non_null(only_file());
	assert_int_equal(rename(path, target), 0);
	assert_int_equal(symlink(target, path), 0);
	expect(!loads_as_valid(), "a link is valid");
	/* and saving replaces it, not what it points at */
	assert_int_equal(truncate(target, 0), 0);
	save(SMALL, 1, "one");
	expect(loads_as_valid(), "what replaced the link is not valid");
	unlink(target);
	unlink(path);
	assert_int_equal(mkdir(path, 0700), 0);
	expect(!loads_as_valid(), "a directory is valid");
	rmdir(path);
}

/* ---- what it is worth ---- */

CLAIM(matches, "what is remembered counts for the digest it was made for, and "
	       "the numbers of elements")
{
	static const struct {
		const char *what;
		bool valid;
		const char *digest;
		bool has_count;
		uint32_t count;
		bool present, want, to_end;
	} vectors[] = {
		{ "all is right", true, "d1", true, 2, true, true, false },
		{ "not valid", false, "d1", true, 2, true, false, false },
		{ "another digest", true, "d2", true, 2, true, false, false },
		{ "no digest", true, "", true, 2, true, false, false },
		{ "an element more", true, "d1", true, 3, true, false, false },
		{ "nobody counted", true, "d1", false, 0, true, true, false },
		{ "an element less", true, "d1", true, 1, true, false, false },
		{ "to the end", true, "d1", true, 1, true, true, true },
		{ "to it, by nft", true, "d1", true, 2, true, true, true },
		{ "to it, one less", true, "d1", true, 0, true, false, true },
	};

	for (size_t i = 0; i < COUNT(vectors); i++) {
		struct range4 ranges[] = { { 1, 2 }, { 5, 6 } };
		struct known_set known = { .name = "a.v4",
					   .v4 = { ranges, 2, 2 },
					   .to_end = vectors[i].to_end };
		struct present_set set = { .name = "a.v4",
					   .flags = NFT_SET_INTERVAL,
					   .has_count = vectors[i].has_count,
					   .count = vectors[i].count };
		struct applied r = { .valid = vectors[i].valid,
				     .digest = "d1",
				     .known = { &known, 1, 1 } };
		struct present p = { .sets = { &set, vectors[i].present, 1 } };

		strcpy(p.digest, vectors[i].digest);
		expect_number(vectors[i].what, applied_matches(&r, &p),
			      vectors[i].want);
	}
}

CLAIM(claims, "elements are vouched for by their count, or by the generation; "
	      "another count is a difference")
{
	static const struct {
		const char *what, *set;
		bool valid, has_count;
		uint32_t count, generation;
		const char *want;
		size_t elements;
	} vectors[] = {
		{ "counted", "a.v4", true, true, 2, 8, "abc", 2 },
		{ "another count", "a.v4", true, true, 3, 7,
		  "not what was loaded", 3 },
		{ "not counted, the same generation", "a.v4", true, false, 0, 7,
		  "abc", 2 },
		{ "not counted, another generation", "a.v4", true, false, 0, 8,
		  "none", 2 },
		{ "another set", "b.v4", true, true, 2, 7, "none", 0 },
		{ "not valid", "a.v4", false, true, 2, 7, "none", 0 },
	};

	for (size_t i = 0; i < COUNT(vectors); i++) {
		struct range4 ranges[] = { { 1, 2 }, { 5, 6 } };
		struct known_set known = { .name = "a.v4",
					   .v4 = { ranges, 2, 2 } };
		char digests[1][DIGEST_TEXT_BYTES] = { "abc" };
		struct applied r = { .valid = vectors[i].valid,
				     .generation = 7,
				     .known = { &known, 1, 1 },
				     .set_digests = digests };
		struct claim claim = { &r, vectors[i].generation };
		struct present_set set = { .name = vectors[i].set,
					   .has_count = vectors[i].has_count,
					   .count = vectors[i].count };
		size_t elements = 0;
		const char *got = applied_claim(&claim, &set, &elements);

		expect_text(vectors[i].what, got ? got : "none",
			    vectors[i].want);
		expect_number(vectors[i].what, elements, vectors[i].elements);
	}
}

static int make_directory(void **state)
{
	(void)state;
	return mkdtemp(directory) ? 0 : -1;
}

static int remove_directory(void **state)
{
	struct program p = { .arena = arena_new(), .run_dir = directory };

	(void)state;
	applied_forget(&p);
	arena_free(p.arena);
	return rmdir(directory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIMED(round_trip), CLAIMED(saved_again),
		CLAIMED(forgotten),  CLAIMED(new_directory),
		CLAIMED(every_cut),  CLAIMED(every_flip),
		CLAIMED(right_sum),  CLAIMED(no_file),
		CLAIMED(matches),    CLAIMED(claims),
		CLAIMED(brief),	     CLAIMED(brief_damage),
	};

	return cmocka_run_group_tests_name("remember", tests, make_directory,
					   remove_directory);
}

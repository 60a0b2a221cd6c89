/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Revisions: copies that give the ruleset that was applied, and stay so. */
#include "../../../../rules/ruleset/ruleset.h"
#include "../../../../tools/record/revision.h"

#include "state_folder.h"

static struct fault why; /* says why a call failed */

#include <fcntl.h>

#define POLICY                                                                 \
	HEADER "include \"more.conf\"\n"                                       \
	       "class exempt { file \"exempt.list\" }\n"                       \
	       "outbound {\nallow smtp from exempt\nblock smtp log\n}\n"

static void write_policy(void)
{
	static const char text[] = POLICY;

	state_write("a.policy", text, strlen(text));
	state_write("more.conf", "class staff { 10.1.0.0/16 }\n", 28);
	state_write("exempt.list", "192.0.2.7\n2001:db8::7\n", 22);
}

/* Records a policy; its digest is in out, which has room for it. */
static struct recording record(const char *path, char *digest)
{
	struct recording r;
	struct policy *policy;
	struct ruleset *rs;

	assert_int_equal(recording_load(&program, path, &r, &policy), 0);
	assert_int_equal(ruleset_new(policy, &rs), 0);
	strcpy(digest, rs->digest);
	ruleset_free(rs);
	policy_free(policy);
	return r;
}

static uint32_t make_one(void)
{
	char digest[DIGEST_TEXT_BYTES];
	struct recording r = record(state_path("a.policy"), digest);
	const struct revision_about about = { "test", digest, false };
	uint32_t number = 0;

	expect(!revision_make(&program, &r, &about, &number, &why), "%s",
	       why.text);
	recording_free(&r);
	return number;
}

static void expect_same_ruleset(uint32_t number, const char *digest)
{
	struct revision rev;
	struct policy *policy;
	struct ruleset *rs;

	assert_int_equal(revision_read(&program, number, &rev, &why), 0);
	expect_text("digest of the manifest", rev.digest, digest);
	assert_int_equal(revision_load(&program, &rev, &policy), 0);
	assert_int_equal(ruleset_new(policy, &rs), 0);
	expect_text("digest of what it gives", rs->digest, digest);
	ruleset_free(rs);
	policy_free(policy);
}

CLAIM(copies, "a revision gives what was applied, whatever the files are now")
{
	char digest[DIGEST_TEXT_BYTES];
	struct recording r;
	struct revision rev;
	uint32_t number;

	write_policy();
	r = record(state_path("a.policy"), digest);
	recording_free(&r);
	number = make_one();
	expect_number("number", number, 1);
	state_write("exempt.list", "192.0.2.8\n", 10);
	unlink(state_path("more.conf"));
	state_write("a.policy", "nonsense", 8);
	expect_same_ruleset(1, digest);
	assert_int_equal(revision_read(&program, 1, &rev, &why), 0);
	expect_text("path", rev.path, state_path("a.policy"));
	expect_number("files", rev.files.n, 5);
	expect_text("class file", rev.files.items[2].path,
		    state_path("exempt.list"));
}

CLAIM(relative, "files that were named without a folder are found")
{
	char digest[DIGEST_TEXT_BYTES];
	int here = open(".", O_RDONLY);
	struct recording r;
	uint32_t number;

	write_policy();
	assert_int_equal(chdir(state_dir), 0);
	r = record("./a.policy", digest);
	expect(!revision_make(&program, &r,
			      &(struct revision_about){ "t", digest, false },
			      &number, &why),
	       "%s", why.text);
	recording_free(&r);
	assert_int_equal(fchdir(here), 0);
	close(here);
	unlink(state_path("a.policy"));
	expect_same_ruleset(number, digest);
}

CLAIM(numbers, "users and definitions are those of the day it was applied")
{
	static const char text[] =
		"policy t\npurpose \"p\"\ncontact \"c@example\"\n"
		"review 2099-01-01\nhook output\n"
		"outbound {\nallow smtp user root\n"
		"allow smtp to $RELAY\nblock smtp\n}\n";
	char digest[DIGEST_TEXT_BYTES];
	struct definition *d = arena_push(program.arena, &program.definitions);
	struct recording r;
	struct revision rev;
	uint32_t number;

	*d = (struct definition){ .name = "RELAY", .value = "192.0.2.25" };
	state_write("u.policy", text, strlen(text));
	r = record(state_path("u.policy"), digest);
	expect(!revision_make(&program, &r,
			      &(struct revision_about){ "t", digest, false },
			      &number, &why),
	       "%s", why.text);
	d->value = "192.0.2.26";
	assert_int_equal(revision_read(&program, number, &rev, &why), 0);
	expect(!revision_is(&rev, &r, digest), "a definition is not compared");
	expect_number("users", rev.ids.n, 1);
	expect_text("user", rev.ids.items[0].name, "root");
	expect_same_ruleset(number, digest);
	recording_free(&r);
	expect_text("definitions", state_read("revisions/000001/definitions"),
		    "RELAY=192.0.2.25\n");
}

CLAIM(same, "a revision is what was recorded until any of it differs")
{
	static const char *const files[] = { "a.policy", "more.conf",
					     "exempt.list" };
	char digest[DIGEST_TEXT_BYTES];
	struct revision rev;
	struct recording r;

	write_policy();
	make_one();
	assert_int_equal(revision_read(&program, 1, &rev, &why), 0);
	r = record(state_path("a.policy"), digest);
	expect(revision_is(&rev, &r, digest), "nothing differs");
	expect(!revision_is(&rev, &r, "other"), "the digest differs");
	recording_free(&r);
	for (size_t i = 0; i < COUNT(files); i++) {
		write_policy();
		state_write(files[i], strcat(state_read(files[i]), "# more\n"),
			    strlen(state_read(files[i])) + 7);
		r = record(state_path("a.policy"), digest);
		expect(!revision_is(&rev, &r, digest), "%s differs", files[i]);
		recording_free(&r);
	}
}

CLAIM(immutable, "copies are for nobody to write, and an edited one is refused")
{
	static const char *const names[] = {
		"policy",      "01-more.conf", "02-exempt.list",
		"definitions", "digest",       "manifest.json"
	};
	struct stat st;

	for (size_t i = 0; i < COUNT(names); i++) {
		const char *name;
		struct revision rev;
		uint32_t number;

		write_policy();
		number = make_one();
		name = arena_printf(program.arena, "revisions/%06u/%s", number,
				    names[i]);
		assert_int_equal(stat(state_path(name), &st), 0);
		expect_number(names[i], st.st_mode & 07777, 0444);
		expect(!revision_read(&program, number, &rev, &why), "%s",
		       why.text);
		chmod(state_path(name), 0644);
		state_write(name, strcat(state_read(name), " "),
			    strlen(state_read(name)) + 1);
		expect(revision_read(&program, number, &rev, &why) == -EBADMSG,
		       "%s was edited and is read", names[i]);
		expect(strstr(why.text, names[i]) && strstr(why.text, "apply"),
		       "%s", why.text);
		unlink(state_path(name));
		expect(revision_read(&program, number, &rev, &why) == -EBADMSG,
		       "%s is gone and is not missed", names[i]);
	}
}

CLAIM(current_one, "the current one is what it was set to, or an error")
{
	uint32_t number = 7;

	expect(!revision_current(&program, &number, &why) && !number,
	       "there is none");
	write_policy();
	make_one();
	make_one();
	expect(!revision_set_current(&program, 1, &why), "%s", why.text);
	expect(!revision_set_current(&program, 2, &why), "%s", why.text);
	expect(!revision_current(&program, &number, &why), "%s", why.text);
	expect_number("current", number, 2);
	unlink(state_path("current"));
	assert_int_equal(symlink("/etc", state_path("current")), 0);
	expect(revision_current(&program, &number, &why) == -EBADMSG,
	       "a link to anywhere is a revision");
}

CLAIM(kept, "the newest 50 are kept, the current one, and that of a trial")
{
	struct numbers list;

	write_policy();
	for (int i = 0; i < 55; i++)
		make_one();
	expect(!revision_set_current(&program, 2, &why), "%s", why.text);
	assert_int_equal(mkdir(state_path("revisions/.new-1"), 0700), 0);
	state_write("revisions/.new-1/policy", "half", 4);
	revision_tidy(&program, 4);
	assert_int_equal(revision_list(&program, &list, &why), 0);
	expect_number("kept", list.n, 52);
	expect_number("the current one", list.items[0], 2);
	expect_number("that of the trial", list.items[1], 4);
	expect_number("the oldest of 50", list.items[2], 6);
	expect(access(state_path("revisions/.new-1"), F_OK),
	       "what was half written is left behind");
	/* A number is not given twice while its revision is there. */
	expect_number("the next", make_one(), 56);
}

CLAIM(no_room, "a folder that cannot be written makes no revision")
{
	char digest[DIGEST_TEXT_BYTES];
	struct recording r;
	uint32_t number;

	write_policy();
	state_write("revisions", "a file", 6);
	r = record(state_path("a.policy"), digest);
	expect(revision_make(&program, &r,
			     &(struct revision_about){ "t", digest, false },
			     &number, &why) < 0 &&
		       strstr(why.text, state_dir),
	       "%s", why.text);
	recording_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIMED_STATE(copies),	  CLAIMED_STATE(relative),
		CLAIMED_STATE(numbers),	  CLAIMED_STATE(same),
		CLAIMED_STATE(immutable), CLAIMED_STATE(current_one),
		CLAIMED_STATE(kept),	  CLAIMED_STATE(no_room),
	};

	return cmocka_run_group_tests_name("revision", tests, NULL, NULL);
}

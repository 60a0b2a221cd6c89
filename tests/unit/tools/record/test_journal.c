/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The journal: what is written is read, and what was changed is found. */
#include "../../../../tools/record/journal.h"

#include "state_folder.h"

static struct fault why; /* says why a call failed */

static struct journal_line lines[64];
static size_t n_lines;

static void keep_line(void *ctx, const struct journal_line *line)
{
	(void)ctx;
	assert_true(n_lines < COUNT(lines));
	lines[n_lines] = *line;
	lines[n_lines].why =
		line->why ? arena_printf(program.arena, "%s", line->why) : NULL;
	lines[n_lines++].what_text =
		arena_printf(program.arena, "%s", line->what_text);
}

static struct journal_state read_all(void)
{
	struct journal_state st;

	n_lines = 0;
	expect(!journal_read(&program, keep_line, NULL, &st, &why), "%s",
	       why.text);
	return st;
}

static void add(enum journal_what what, uint32_t revision, const char *text)
{
	const struct journal_entry entry = { .what = what,
					     .revision = revision,
					     .generation = 100 + revision,
					     .digest = "d1g3st",
					     .why = text };

	expect(!journal_append(&program, &entry, &why), "%s", why.text);
}

static void add_three(void)
{
	add(JOURNAL_APPLYING, 1, "NET-311");
	add(JOURNAL_APPLIED, 1, "NET-311");
	add(JOURNAL_REMOVED, 0, "the last one");
}

CLAIM(written, "lines are read as they were written, and their chain holds")
{
	struct journal_state st;
	struct stat file;

	add_three();
	st = read_all();
	expect_number("lines", st.lines, 3);
	expect(!st.broken, "%s", st.why.text);
	for (size_t i = 0; i < n_lines; i++) {
		expect_number("sequence", lines[i].sequence, i + 1);
		expect(llabs(lines[i].time_us / 1000000 - time(NULL)) < 60,
		       "the time is %lld", (long long)lines[i].time_us);
	}
	expect_text("first", lines[0].what_text, "applying");
	expect_text("why", lines[1].why, "NET-311");
	expect_number("revision", lines[1].revision, 1);
	expect_number("generation", lines[1].generation, 101);
	expect_number("what", (unsigned int)lines[2].what, JOURNAL_REMOVED);
	assert_int_equal(stat(state_path("journal"), &file), 0);
	expect_number("mode", file.st_mode & 0777, 0600);
}

CLAIM(nothing, "a journal that is not there has no lines")
{
	struct journal_state st = read_all();
	json_t *open;

	expect_number("lines", st.lines, 0);
	expect(!journal_open_line(&program, &open, &st, &why) && !open,
	       "something is open");
}

/* Where a line of the text begins. */
static char *line_at(char *text, size_t number)
{
	while (--number)
		text = strchr(text, '\n') + 1;
	return text;
}

/* Each changes the text, and names the line that must be found. */
static void edit_why(char *text)
{
	memcpy(strstr(line_at(text, 2), "NET"), "LAN", 3);
}
static void edit_last(char *text)
{
	memcpy(strstr(text, "the last"), "THE LAST", 8);
}
static void edit_first(char *text)
{
	memcpy(strstr(text, "d1g3st"), "d1g4st", 6);
}
static void drop_second(char *text)
{
	char *second = line_at(text, 2), *third = line_at(text, 3);

	memmove(second, third, strlen(third) + 1);
}
static void drop_first(char *text)
{
	char *second = line_at(text, 2);

	memmove(text, second, strlen(second) + 1);
}
static void swap_lines(char *text)
{
	char *first = strndup(text, (size_t)(line_at(text, 2) - text));
	char *second = strdup(line_at(text, 2));
	size_t len = (size_t)(strchr(second, '\n') - second + 1);

	memcpy(text, second, len);
	memcpy(text + len, first, strlen(first));
	free(first);
	free(second);
}
static void make_noise(char *text)
{
	memset(line_at(text, 2), '#', 10);
}
static void double_last(char *text)
{
	char *last = strdup(line_at(text, 3));

	strcat(text, last);
	free(last);
}

static const struct {
	const char *name;
	void (*edit)(char *text);
	uint64_t line;
} edits[] = {
	{ "a reason is changed", edit_why, 2 },
	{ "the last line is changed", edit_last, 3 },
	{ "a digest is changed", edit_first, 1 },
	{ "the second line is taken out", drop_second, 2 },
	{ "the first line is taken out", drop_first, 1 },
	{ "two lines change places", swap_lines, 1 },
	{ "a line is overwritten", make_noise, 2 },
	{ "a line is written twice", double_last, 4 },
};

CLAIM(edited, "a line that was changed, taken out or put in is named")
{
	for (size_t i = 0; i < COUNT(edits); i++) {
		struct journal_state st;
		char *text;

		unlink(state_path("journal"));
		add_three();
		text = state_read("journal");
		edits[i].edit(text);
		state_write("journal", text, strlen(text));
		st = read_all();
		expect_number(edits[i].name, st.broken, edits[i].line);
		expect(!st.broken || strstr(st.why.text, "line"), "%s",
		       st.why.text);
	}
}

CLAIM(cut_short, "a line is cut at each byte: told, kept, and gone on from")
{
	char *whole;
	size_t len, last;

	add_three();
	whole = strdup(state_read("journal"));
	len = strlen(whole);
	last = (size_t)(line_at(whole, 3) - whole);
	for (size_t cut = last + 1; cut < len - 1; cut++) {
		struct journal_state st;
		json_t *open = NULL;
		char *now;

		state_write("journal", whole, cut);
		expect(!journal_open_line(&program, &open, &st, &why), "%s",
		       why.text);
		expect(st.cut_at_end && !open, "cut at %zu is not seen", cut);
		st = read_all();
		expect(st.cut_at_end && st.lines == 2 && !st.broken,
		       "cut at %zu: %s", cut, st.why.text);
		add(JOURNAL_APPLYING, 2, "after it");
		add(JOURNAL_APPLIED, 2, "after it");
		st = read_all();
		expect(!st.broken && st.lines == 4 && st.cut_short == 1 &&
			       !st.cut_at_end,
		       "after a cut at %zu: %s", cut, st.why.text);
		expect_number("sequence", lines[2].sequence, 3);
		now = state_read("journal");
		expect(!memcmp(now, whole, cut), "what was cut is lost");
	}
	free(whole);
}

CLAIM(no_newline, "a last line that lost its end alone is a whole line")
{
	char *text;
	struct journal_state st;

	add_three();
	text = state_read("journal");
	state_write("journal", text, strlen(text) - 1);
	add(JOURNAL_APPLYING, 2, NULL);
	st = read_all();
	expect(st.lines == 4 && !st.cut_short && !st.broken, "%s", st.why.text);
}

CLAIM(cut_twice, "lines that were cut one after the other are one gap")
{
	char *text;
	struct journal_state st;

	add_three();
	text = strcat(state_read("journal"), "{\"sequ\n{\"sequence\":4,\"wh");
	state_write("journal", text, strlen(text));
	add(JOURNAL_APPLYING, 2, NULL);
	st = read_all();
	expect(st.lines == 4 && st.cut_short == 2 && !st.broken, "%s",
	       st.why.text);
	/* A gap that somebody made later is not one that was gone on from. */
	text = state_read("journal");
	memmove(strstr(text, "{\"sequ\n"), strstr(text, "sequ\n"),
		strlen(strstr(text, "sequ\n")) + 1);
	state_write("journal", text, strlen(text));
	expect(read_all().broken, "a gap that was changed is not seen");
}

CLAIM(open_line, "what was begun is found until it is ended, notes or not")
{
	json_t *open = NULL;
	struct journal_state st;

	add(JOURNAL_APPLYING, 1, NULL);
	add(JOURNAL_APPLIED, 1, NULL);
	add(JOURNAL_EXEMPT_ADD, 0, NULL);
	expect(!journal_open_line(&program, &open, &st, &why) && !open,
	       "nothing is open");
	add(JOURNAL_TRIAL, 2, "try it");
	add(JOURNAL_EXEMPT_ADD, 0, NULL);
	add(JOURNAL_FOREIGN, 0, NULL);
	expect(!journal_open_line(&program, &open, &st, &why) && open,
	       "the trial is open");
	expect_text("what", json_string_value(json_object_get(open, "what")),
		    "trial");
	json_decref(open);
	add(JOURNAL_CONFIRMING, 2, NULL);
	expect(!journal_open_line(&program, &open, &st, &why) && open,
	       "the confirm is open");
	expect_text("what", json_string_value(json_object_get(open, "what")),
		    "confirming");
	json_decref(open);
	add(JOURNAL_CONFIRMED, 2, NULL);
	add(JOURNAL_HEALED, 2, NULL);
	expect(!journal_open_line(&program, &open, &st, &why) && !open,
	       "nothing is open");
}

CLAIM(hostile, "a file that is no journal is read to its end, or refused")
{
	static const struct text_file files[] = {
		{ "nulls", "\0\0\0\0\0\0\0\0", 8 },
		{ "newlines", "\n\n\n\n", 0 },
		{ "an array", "[1, 2]\n", 0 },
		{ "a number too large",
		  "{\"sequence\":99999999999999999999,\"what\":\"applied\"}\n",
		  0 },
		{ "a sequence below 0",
		  "{\"sequence\":-1,\"what\":\"applied\"}\n", 0 },
		{ "deep", "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", 0 },
		{ "a what of another kind", "{\"sequence\":1,\"what\":7}", 0 },
	};

	for (size_t i = 0; i < COUNT(files); i++) {
		struct journal_state st;
		size_t len =
			files[i].len ? files[i].len : strlen(files[i].text);

		state_write("journal", files[i].text, len);
		read_all();
		add(JOURNAL_APPLYING, 1, NULL);
		st = read_all();
		expect(st.lines >= 1, "%s: nothing was written", files[i].name);
	}
	unlink(state_path("journal"));
	assert_int_equal(mkdir(state_path("journal"), 0700), 0);
	expect(journal_append(&program, &(struct journal_entry){ 0 }, &why) < 0,
	       "a folder is written to");
	rmdir(state_path("journal"));
	assert_int_equal(symlink("/etc/hostname", state_path("journal")), 0);
	expect(journal_append(&program, &(struct journal_entry){ 0 }, &why) < 0,
	       "a link is followed");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIMED_STATE(written),	   CLAIMED_STATE(nothing),
		CLAIMED_STATE(edited),	   CLAIMED_STATE(cut_short),
		CLAIMED_STATE(no_newline), CLAIMED_STATE(cut_twice),
		CLAIMED_STATE(open_line),  CLAIMED_STATE(hostile),
	};

	return cmocka_run_group_tests_name("journal", tests, NULL, NULL);
}

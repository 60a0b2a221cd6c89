/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The state file has one monitor. */
#include "../../store_facts.h"
#include "../../../../rules/base/arena.h"
#include "../../../../tools/monitor/state_file.h"

/* A monitor that begins: there is no file yet, so no engine is filled. */
static int begin(const char *path)
{
	struct program program = { .arena = arena_new() };
	struct state_file state;
	int code = state_file_open(&state, &program, path, "root");

	code = code ? code : state_file_read(&state, NULL);
	fflush(stderr);
	arena_free(program.arena);
	return code;
}

CLAIM(one, "a second monitor with the same state is refused, with the number "
	   "of the first; one with another is not")
{
	const char *path = file_of("sources"), *said;
	struct child second, other_one;
	char want[64];

	hear();
	second = child_new(begin, path);
	other_one = child_new(begin, file_of("others"));
	expect_number("first", (uint64_t)begin(path), EXIT_DONE);
	expect_number("second", (uint64_t)child_run(&second), EXIT_REFUSED);
	expect_number("another", (uint64_t)child_run(&other_one), EXIT_DONE);
	said = heard();
	snprintf(want, sizeof(want), "process %d keeps its state there",
		 (int)getpid());
	expect(strstr(said, want) != NULL, "said \"%s\", want \"%s\"", said,
	       want);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FOLDER(one),
	};

	return cmocka_run_group_tests_name("state_file", tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Definitions from files, and which of two wins. */
#include "../record/state_folder.h"

#include "../../../../tools/option/definitions.h"

static const char *value_of(const char *name)
{
	for (size_t i = 0; i < program.definitions.n; i++)
		if (!strcmp(program.definitions.items[i].name, name))
			return program.definitions.items[i].value;
	return "(none)";
}

CLAIM(lines, "a file has a definition a line, blanks and comments around them")
{
	static const char text[] = "# relays of ours\n"
				   "\n"
				   "RELAY=192.0.2.25\n"
				   "  SMART = 192.0.2.1 192.0.2.2  \r\n"
				   "\t# indented\n"
				   "EMPTY=\n"
				   "EQUALS=a=b\n"
				   "LAST=no newline";
	const char *wrong;

	state_write("d.conf", text, strlen(text));
	wrong = definitions_read(&program, state_path("d.conf"));
	expect(!wrong, "%s", wrong);
	expect_number("definitions", program.definitions.n, 5);
	expect_text("RELAY", value_of("RELAY"), "192.0.2.25");
	expect_text("SMART", value_of("SMART"), "192.0.2.1 192.0.2.2");
	expect_text("EMPTY", value_of("EMPTY"), "");
	expect_text("EQUALS", value_of("EQUALS"), "a=b");
	expect_text("LAST", value_of("LAST"), "no newline");
	expect_text("from", program.definitions.items[0].from,
		    arena_printf(program.arena, "%s:3", state_path("d.conf")));
}

CLAIM(mistakes, "a mistake is named with its line and what to write")
{
	static const struct text_file files[] = {
		{ "no value", "A=1\nRELAY 192.0.2.25\n", 0 },
		{ "no name", "A=1\n=192.0.2.25\n", 0 },
		{ "no name for a definition", "A=1\nA.B=1\n", 0 },
		{ "a NUL", "A=1\nB=\0\n", 9 },
	};

	for (size_t i = 0; i < COUNT(files); i++) {
		const char *wrong;

		state_write("d.conf", files[i].text,
			    files[i].len ? files[i].len :
					   strlen(files[i].text));
		wrong = definitions_read(&program, state_path("d.conf"));
		expect(wrong && strstr(wrong, "d.conf:2: "), "%s: %s",
		       files[i].name, wrong ? wrong : "accepted");
	}
	expect(definitions_read(&program, state_path("none")),
	       "there is no such file");
	expect(definitions_read(&program, state_dir), "it is a folder");
}

CLAIM(machine, "a definition of the command line wins over the machine's")
{
	static const char text[] = "RELAY=192.0.2.25\nMORE=192.0.2.26\n";

	setenv("MAILWALL_DEFINITIONS", state_path("d.conf"), 1);
	expect(definitions_of_machine(&program) && !program.definitions.n,
	       "there is no file");
	state_write("d.conf", text, strlen(text));
	expect(definitions_add(&program, "RELAY=198.51.100.1", NULL), "RELAY");
	expect(definitions_of_machine(&program), "the file is good");
	expect_number("definitions", program.definitions.n, 2);
	expect_text("RELAY", value_of("RELAY"), "198.51.100.1");
	expect_text("MORE", value_of("MORE"), "192.0.2.26");
	expect(!program.definitions.items[0].lax &&
		       program.definitions.items[1].lax,
	       "only the machine's may be left unused");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIMED_STATE(lines),
		CLAIMED_STATE(mistakes),
		CLAIMED_STATE(machine),
	};

	return cmocka_run_group_tests_name("definitions", tests, NULL, NULL);
}

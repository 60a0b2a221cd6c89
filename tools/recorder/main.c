/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The program with the store: mailwall runs it, and watch as its recorder. */
#include "runs.h"
#include "../exempt/exempt_run.h"
#include "../option/start.h"
#include "../program/message.h"
#include "../review/review.h"

#include <string.h>

static const struct {
	const struct command *row;
	command_run_fn *run; /* NULL: as the row says */
} runs[] = {
	{ &command_exempt, exempt_run },   { &command_book, NULL },
	{ &command_import, import_run },   { &command_report, report_run },
	{ &command_source, source_run },   { &command_notice, notice_run },
	{ &command_publish, publish_run }, { &command_note, NULL },
	{ &command_facts, NULL },	   { &command_recorder, NULL },
	{ &command_used, NULL },
};

int main(int argc, char **argv)
{
	program_begin();
	for (size_t i = 0; argc > 1 && i < sizeof(runs) / sizeof(*runs); i++) {
		struct command c = *runs[i].row;

		if (strcmp(c.name, argv[1]))
			continue;
		if (runs[i].run)
			c.run = runs[i].run;
		return program_end(program_start(&c, argc - 1, argv + 1));
	}
	message_say("this is a part of mailwall, which runs it; mailwall help "
		    "lists what there is");
	return EXIT_USAGE;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reports of a period, and of all that the store has of one source. */
#include "review.h"
#include "../report/writer.h"
#include "../store/store.h"

#define TOP_DEFAULT  20
#define SINCE	     "7d"
#define SOURCE_SINCE "90d"

/* Names of the writers, which are in the other program. */
static const char *report_writer_name(size_t i)
{
	static const char *const names[] = {
#define REPORT_WRITER_NAME(name) #name,
		REPORT_WRITERS(REPORT_WRITER_NAME)
#undef REPORT_WRITER_NAME
	};

	return i < sizeof(names) / sizeof(*names) ? names[i] : NULL;
}

#define PLACE(member) .place = offsetof(struct report_options, member)

#define ROW_UNTIL                                                              \
	.name = "until", .was = 'U', .type = OPTION_TIME, PLACE(until),        \
	.value = "TIME", .hints = "now today yesterday",                       \
	.help = "stop before then; now if not given"

static const struct option_row report_rows[] = {
	{ OPTION_ROW_STORE(struct report_options), .was = 's',
	  .help = "the store to read" },
	{ OPTION_ROW_SINCE(struct report_options), .was = 'S',
	  .help = "begin then; 7d before the end if not given" },
	{ ROW_UNTIL },
	{ .name = "port",
	  .was = 'P',
	  .type = OPTION_PORT,
	  PLACE(port),
	  .value = "PORT",
	  .hints = "25 110 143 465 587 993 995 2525",
	  .help = "only attempts to this port" },
	{ .name = "source",
	  .was = 'a',
	  .type = OPTION_ADDRESS,
	  PLACE(source),
	  .value = "ADDRESS",
	  .help = "only this source" },
	{ .name = "class",
	  .letter = 'c',
	  .type = OPTION_TEXT,
	  PLACE(class),
	  .value = "CLASS",
	  .needs = "policy",
	  .help = "only sources of this class of the policy" },
	{ .name = "clause",
	  .was = 'C',
	  .type = OPTION_TEXT,
	  PLACE(clause),
	  .value = "CLAUSE",
	  .help = "only attempts that this clause blocked, as residential:17" },
	{ OPTION_ROW_POLICY(struct report_options),
	  .help = "the policy that knows classes" },
	{ OPTION_ROW_TOP(struct report_options),
	  .help = "this many sources in each list; 20 if not given" },
	{ .name = "pseudonyms",
	  .was = 'k',
	  .type = OPTION_FILE,
	  PLACE(pseudonyms),
	  .value = "KEY",
	  .help = "pseudonyms for addresses, after the key of this file, which "
		  "is made if it is not there" },
	{ .name = "format",
	  .letter = 'f',
	  .type = OPTION_CHOICE,
	  PLACE(format),
	  .value = "FORMAT",
	  .word = report_writer_name,
	  .one_of = "form",
	  .help = "how it is written; as text if not given" },
	{ .name = "output",
	  .letter = 'o',
	  .type = OPTION_FILE,
	  PLACE(output),
	  .value = "FILE",
	  .help = "write to this file; XARF wants a folder" },
	{ .name = "csv",
	  .type = OPTION_FLAG,
	  PLACE(csv),
	  .one_of = "form",
	  .help = "print CSV" },
	{ .name = "html",
	  .was = 'H',
	  .type = OPTION_FILE,
	  PLACE(html),
	  .value = "FILE",
	  .one_of = "form",
	  .help = "write a page to this file, or to \"-\"" },
	{ .name = "xarf",
	  .was = 'x',
	  .type = OPTION_FOLDER,
	  PLACE(xarf),
	  .value = "FOLDER",
	  .one_of = "form",
	  .help = "write a XARF report for each host into this folder" },
	{ .name = "organisation",
	  .type = OPTION_TEXT,
	  PLACE(organisation),
	  .value = "NAME",
	  .needs = "xarf format",
	  .help = "who reports" },
	{ .name = "contact",
	  .type = OPTION_TEXT,
	  PLACE(contact),
	  .value = "ADDRESS",
	  .needs = "xarf format",
	  .help = "the mail address of who reports" },
	{ OPTION_ROW_QUIET },
	{ OPTION_ROW_JSON, .one_of = "form" },
	{ OPTION_ROW_DEFINE, .needs = "policy" },
	{ 0 }
};

static const struct report_options report_defaults = { .store = STORE_PATH,
						       .since = SINCE,
						       .top = TOP_DEFAULT };

const struct command command_report = {
	.name = "report",
	.summary = "review what was blocked, and who keeps trying",
	.group = GROUP_REVIEW,
	.options = report_rows,
	.options_bytes = sizeof(struct report_options),
	.defaults = &report_defaults,
};

static const struct option_row source_rows[] = {
	{ OPTION_ROW_STORE(struct report_options), .was = 's',
	  .help = "the store to read" },
	{ OPTION_ROW_SINCE(struct report_options), .was = 'S',
	  .help = "begin then; 90d before the end if not given" },
	{ ROW_UNTIL },
	{ OPTION_ROW_JSON },
	{ 0 }
};

static const struct report_options source_defaults = { .store = STORE_PATH,
						       .since = SOURCE_SINCE,
						       .top = 1 };

const struct command command_source = {
	.name = "source",
	.summary = "say everything that is known of one source",
	.group = GROUP_REVIEW,
	.operands = { "ADDRESS", OPTION_ADDRESS, 1, 1,
		      "which source? One address", NULL },
	.options = source_rows,
	.options_bytes = sizeof(struct report_options),
	.defaults = &source_defaults,
};

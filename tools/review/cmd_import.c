/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Old logs of firewalls, into the store. */
#include "review.h"
#include "../import/log_line.h"
#include "../store/store.h"

/* Names of the formats, whose readers are in the other program. */
static const char *import_format(size_t i)
{
	static const char *const names[] = {
#define LOG_FORMAT_NAME(name, word) word,
		LOG_FORMATS(LOG_FORMAT_NAME)
#undef LOG_FORMAT_NAME
	};

	return i < sizeof(names) / sizeof(*names) ? names[i] : NULL;
}

#define PLACE(member) .place = offsetof(struct import_options, member)

static const struct option_row import_rows[] = {
	{ OPTION_ROW_STORE(struct import_options), .was = 's',
	  .help = "the store to write to" },
	{ .name = "format",
	  .letter = 'f',
	  .type = OPTION_CHOICE,
	  PLACE(format),
	  .value = "FORMAT",
	  .word = import_format,
	  .help = "what the logs are; by their look if not given" },
	{ OPTION_ROW_POLICY(struct import_options),
	  .help = "the policy whose ports, classes and figures count" },
	{ .name = "year",
	  .was = 'y',
	  .type = OPTION_NUMBER,
	  PLACE(year),
	  .least = 1970,
	  .most = 2100,
	  .value = "YEAR",
	  .help = "the year of lines that have none" },
	{ .name = "again",
	  .was = 'A',
	  .type = OPTION_FLAG,
	  PLACE(again),
	  .help = "take in what was imported before once more" },
	{ OPTION_ROW_NO_WARMUP(struct import_options) },
	{ OPTION_ROW_MEMORY(struct import_options) },
	{ OPTION_ROW_QUIET },
	{ OPTION_ROW_JSON },
	{ OPTION_ROW_DEFINE, .needs = "policy" },
	{ 0 }
};

static const struct import_options import_defaults = { .store = STORE_PATH };

const struct command command_import = {
	.name = "import",
	.summary = "take old firewall logs into the store",
	.group = GROUP_REVIEW,
	.operands = { "FILE...", OPTION_FILE, 1, 0,
		      "which log? \"-\" is standard input", NULL },
	.options = import_rows,
	.options_bytes = sizeof(struct import_options),
	.defaults = &import_defaults,
};

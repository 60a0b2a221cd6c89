/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rows of the commands that need the store and its reports. The program with
 * the store runs them; this one knows them for help and completion.
 */
#ifndef MAILWALL_REVIEW_H
#define MAILWALL_REVIEW_H

#include "../option/command.h"

struct import_options {
	const char *store, *policy, *format;
	uint32_t year;
	uint64_t memory;
	bool again, no_warmup;
};

struct report_options {
	const char *store, *since, *until, *source, *class, *clause, *policy;
	const char *pseudonyms, *html, *xarf, *organisation, *contact;
	const char *format, *output;
	uint32_t top;
	uint16_t port;
	bool csv;
};

struct notice_options {
	const char *store, *since, *policy, *lang;
};

struct publish_options {
	const char *lang, *since;
	bool html, text;
};

extern const struct command command_exempt, command_import, command_report,
	command_source, command_notice, command_publish;

#endif

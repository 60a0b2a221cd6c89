/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Words for people: a letter to a customer, and the page for the public. */
#include "review.h"
#include "../store/store.h"

#define SINCE "30d"

#define OPTION_ROW_LANG(options)                                               \
	.name = "lang", .letter = 'l', .type = OPTION_TEXT,                    \
	.place = offsetof(options, lang), .value = "LANGUAGE",                 \
	.hints = "en es pt_BR", .help = "write in this language"

static const struct option_row notice_rows[] = {
	{ OPTION_ROW_STORE(struct notice_options), .was = 's',
	  .help = "the store to read" },
	{ OPTION_ROW_SINCE(struct notice_options), .was = 'S',
	  .help = "count from then on; 30d if not given" },
	{ OPTION_ROW_POLICY(struct notice_options),
	  .help = "the policy whose words explain what is blocked" },
	{ OPTION_ROW_LANG(struct notice_options) },
	{ OPTION_ROW_QUIET },
	{ OPTION_ROW_DEFINE, .needs = "policy" },
	{ 0 }
};

static const struct notice_options notice_defaults = { .store = STORE_PATH,
						       .since = SINCE };

const struct command command_notice = {
	.name = "notice",
	.summary = "write to the customer behind a source",
	.group = GROUP_REVIEW,
	.operands = { "ADDRESS", OPTION_ADDRESS, 1, 1,
		      "about which source? One address", NULL },
	.options = notice_rows,
	.options_bytes = sizeof(struct notice_options),
	.defaults = &notice_defaults,
};

static const struct option_row publish_rows[] = {
	{ .name = "html",
	  .was = 'H',
	  .type = OPTION_FLAG,
	  .place = offsetof(struct publish_options, html),
	  .one_of = "form",
	  .help = "write a page" },
	{ .name = "text",
	  .was = 'T',
	  .type = OPTION_FLAG,
	  .place = offsetof(struct publish_options, text),
	  .one_of = "form",
	  .help = "write text, which is the default" },
	{ OPTION_ROW_JSON, .one_of = "form" },
	{ .name = "since",
	  .letter = 's',
	  .was = 'S',
	  .type = OPTION_DATE,
	  .place = offsetof(struct publish_options, since),
	  .value = "DATE",
	  .help = "say since when it is so" },
	{ OPTION_ROW_LANG(struct publish_options) },
	{ OPTION_ROW_QUIET },
	{ OPTION_ROW_DEFINE },
	{ 0 }
};

const struct command command_publish = {
	.name = "publish",
	.summary = "tell the public what is blocked, why, and what to use",
	.group = GROUP_REVIEW,
	.operands = { "POLICY", OPTION_POLICY, 1, 1, "which policy? One file",
		      NULL },
	.options = publish_rows,
	.options_bytes = sizeof(struct publish_options),
};

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "action.h"

#include <string.h>

/* A row that lacks a column does not compile. */
#pragma GCC diagnostic push
#pragma GCC diagnostic error "-Wmissing-field-initializers"

const struct action_info action_infos[ACTION_N] = {
#define ACTION_ROW(name, ...) [ACTION_##name] = { __VA_ARGS__ },
	ACTIONS(ACTION_ROW)
#undef ACTION_ROW
};

#pragma GCC diagnostic pop

const char *const action_words[ACTION_N] = {
#define ACTION_WORD(name, word, ...) [ACTION_##name] = word,
	ACTIONS(ACTION_WORD)
#undef ACTION_WORD
};

enum action action_by_word(const char *word, size_t len)
{
	enum action action = 0;

	while (action < ACTION_N && (strlen(action_words[action]) != len ||
				     memcmp(action_words[action], word, len)))
		action++;
	return action;
}

const char *action_name(enum action action)
{
	return action_words[action];
}

bool action_lets_through(enum action action)
{
	switch (action_infos[action].verdict) {
	case VERDICT_PASS:
	case VERDICT_METER:
		return true;
	case VERDICT_REFUSE:
	case VERDICT_REDIRECT:
		break;
	}
	return false;
}

bool action_may_refuse(enum action action)
{
	return action_blocks(action) || action_needs_rate(action);
}

bool action_blocks(enum action action)
{
	return action_infos[action].verdict == VERDICT_REFUSE;
}

bool action_needs_rate(enum action action)
{
	return action_infos[action].verdict == VERDICT_METER;
}

bool action_redirects(enum action action)
{
	return action_infos[action].verdict == VERDICT_REDIRECT;
}

bool action_only_counts(enum action action)
{
	return action_infos[action].verdict == VERDICT_PASS &&
	       !action_infos[action].exempts;
}

const struct guard_info guard_infos[GUARD_N] = {
#define GUARD_ROW(name, ...) [GUARD_##name] = { __VA_ARGS__ },
	GUARDS(GUARD_ROW)
#undef GUARD_ROW
};

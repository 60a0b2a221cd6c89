/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packets that hide from a port match. No clause decides them: a policy of any
 * kind drops and counts them, or counts them alone under mode observe.
 */
#ifndef MAILWALL_GUARD_H
#define MAILWALL_GUARD_H

/*
 * Name, the word in a log prefix ("residential:source-route block "), the
 * counter and chain of the table. The words are contracts.
 */
#define GUARDS(X)                                                              \
	X(FIRST_FRAGMENT, "first-fragment", "first-fragments")                 \
	X(SOURCE_ROUTE, "source-route", "source-routes")

enum guard {
#define GUARD_ENUM(name, ...) GUARD_##name,
	GUARDS(GUARD_ENUM)
#undef GUARD_ENUM
		GUARD_N
};

struct guard_info {
	const char *word, *counter;
};

static const struct guard_info guard_infos[GUARD_N] = {
#define GUARD_ROW(name, word, counter) [GUARD_##name] = { word, counter },
	GUARDS(GUARD_ROW)
#undef GUARD_ROW
};

#endif

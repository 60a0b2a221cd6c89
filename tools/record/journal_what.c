/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kinds of the journal's lines, and where it is. */
#include "journal_chain.h"
#include "../../rules/base/arena.h"

#include <string.h>

/* A line opens what another ends, or is a note between. */
static const struct {
	const char *name;
	enum { OPENS, ENDS, NOTES } role;
} journal_rows[JOURNAL_WHATS] = {
	[JOURNAL_APPLYING] = { "applying", OPENS },
	[JOURNAL_APPLIED] = { "applied", ENDS },
	[JOURNAL_TRIAL] = { "trial", OPENS },
	[JOURNAL_CONFIRMING] = { "confirming", OPENS },
	[JOURNAL_CONFIRMED] = { "confirmed", ENDS },
	[JOURNAL_ROLLED_BACK] = { "rolled-back", ENDS },
	[JOURNAL_REMOVED] = { "removed", ENDS },
	[JOURNAL_FOREIGN] = { "foreign", NOTES },
	[JOURNAL_HEALED] = { "healed", NOTES },
	[JOURNAL_EXEMPT_ADD] = { "exempt-add", NOTES },
	[JOURNAL_EXEMPT_RENEW] = { "exempt-renew", NOTES },
	[JOURNAL_EXEMPT_REVOKE] = { "exempt-revoke", NOTES },
	[JOURNAL_EXEMPT_EXPIRED] = { "exempt-expired", NOTES },
	[JOURNAL_QUARANTINE_LIMITED] = { "quarantine-limited", NOTES },
	[JOURNAL_QUARANTINE_BLOCKED] = { "quarantine-blocked", NOTES },
	[JOURNAL_QUARANTINE_RELEASED] = { "quarantine-released", NOTES },
	[JOURNAL_QUARANTINE_PINNED] = { "quarantine-pinned", NOTES },
};

const char *journal_what_name(enum journal_what what)
{
	return journal_rows[what].name;
}

uint64_t journal_is_open(int what, uint64_t sequence, uint64_t before)
{
	if (what < 0 || journal_rows[what].role == NOTES)
		return before;
	return journal_rows[what].role == OPENS ? sequence : 0;
}

int journal_what_find(const char *text)
{
	for (int i = 0; text && i < JOURNAL_WHATS; i++)
		if (!strcmp(journal_rows[i].name, text))
			return i;
	return -1;
}

const char *journal_path(struct program *p)
{
	return arena_printf(p->arena, "%s/" JOURNAL_NAME, p->state_dir);
}

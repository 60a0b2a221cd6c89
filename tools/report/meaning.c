/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sentence that a finding says of its source. A detector judges by its
 * own window, which a finding does not have: the sentence gives the figures of
 * the finding, and claims no more than the detector looks at.
 */
#include "report_priv.h"
#include "../../rules/base/units.h"

#include <inttypes.h>
#include <string.h>

static const struct {
	const char *detector;
	bool has_rate; /* its sentence begins with networks and time */
	const char *meaning;
} meanings[] = {
	{ "fast", true, "more at once than a mail server meets" },
	{ "medium", true, "more than a mail server meets" },
	{ "slow", true, "more than a mail server meets in the long run" },
	{ "abandon", false,
	  "it did not come back to networks that did not answer; mail servers "
	  "do" },
	{ "late", false, "it gave up sooner than mail servers do" },
	{ "outcome", false,
	  "more of its connections failed, or were refused, than those of a "
	  "mail server" },
	{ "scan", false, "it tried many addresses of one network" },
	{ "groups", true, "without a server of a provider between" },
	{ "operators", true, "more providers than a user submits mail to" },
	{ "volume", false,
	  "it connected to submission servers in nearly every hour of a day" },
	{ "storm", false, "it connected to mailboxes again and again" },
	{ "login", false,
	  "its logins failed, with several names or at several servers" },
	{ "cleartext", false, "it began a login without encryption" },
	{ "masked", false,
	  "something on the way hid that encryption was offered" },
	{ "hidden", false,
	  "it hid the ports of its packets from rules, which no mail program "
	  "does" },
	{ "pace", false,
	  "it came back to addresses that did not answer without the pauses of "
	  "a mail server" },
	{ "retry", false,
	  "it tried an address that did not answer again and again, without a "
	  "pause" },
};

/* The largest unit of which there are two. */
static void print_span(int64_t seconds, FILE *out)
{
	static const struct {
		int64_t seconds;
		const char *name;
	} units[] = { { 86400, "days" }, { 3600, "hours" }, { 60, "minutes" } };

	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
		if (seconds >= 2 * units[i].seconds) {
			fprintf(out, "%" PRId64 " %s",
				seconds / units[i].seconds, units[i].name);
			return;
		}
	if (seconds < 1)
		fputs("less than a second", out);
	else
		fprintf(out, "%" PRId64 " second%s", seconds,
			plural_s(seconds));
}

bool report_print_meaning(const struct report_finding *f, FILE *out)
{
	for (size_t i = 0; i < sizeof(meanings) / sizeof(*meanings); i++) {
		if (strcmp(meanings[i].detector, f->detector) != 0)
			continue;
		if (meanings[i].has_rate) {
			fprintf(out, "it met %" PRIu64 " network%s within ",
				f->groups, plural_s(f->groups));
			print_span(f->last_s - f->first_s, out);
			fputs(", ", out);
		}
		fputs(meanings[i].meaning, out);
		return true;
	}
	return false;
}

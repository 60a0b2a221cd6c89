/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Adds an attempt to a history, by the role of its port; calls the detectors.
 */
#include "detect_abandon.h"
#include "detect_cleartext.h"
#include "detect_evasion.h"
#include "detect_groups.h"
#include "detect_login.h"
#include "detect_operators.h"
#include "detect_outcome.h"
#include "detect_pace.h"
#include "detect_rates.h"
#include "detect_scan.h"
#include "detect_storm.h"
#include "detect_volume.h"

#define CREDIT_MIN 10u /* between credits for a known group */
#define RECENT	   64  /* attempts by which a port is open or not */

/* ---- hooks ---- */

#define MODULE(detector, name, finding, spam, module, ...)                     \
	[DETECTOR_##detector + 1] = &detect_##module,
/* Modules by detector + 1: a module of several rows is called at the first. */
static const struct detector_module *const modules[DETECTOR_N + 1] = {
	DETECTORS(MODULE, MODULE)
};

#define HOOK(detector, module, hook, ...)                                      \
	if (detect_##module.hook &&                                            \
	    modules[DETECTOR_##detector] != modules[DETECTOR_##detector + 1])  \
		detect_##module.hook(j, s, __VA_ARGS__);

#define HOOK_MET(detector, name, finding, spam, module, ...)                   \
	HOOK(detector, module, met, c, a)
#define HOOK_CREDITED(detector, name, finding, spam, module, ...)              \
	HOOK(detector, module, credited, c, a)
#define HOOK_KNOWN(detector, name, finding, spam, module, ...)                 \
	HOOK(detector, module, known, c, a)
#define HOOK_TRIED(detector, name, finding, spam, module, ...)                 \
	HOOK(detector, module, tried, c, a, first)
#define HOOK_SUBMITTED(detector, name, finding, spam, module, ...)             \
	HOOK(detector, module, submitted, a)
#define HOOK_SUBMITTED_NEW(detector, name, finding, spam, module, ...)         \
	HOOK(detector, module, submitted_new, c, a)
#define HOOK_ACCESSED(detector, name, finding, spam, module, ...)              \
	HOOK(detector, module, accessed, a)
#define HOOK_TALKED(detector, name, finding, spam, module, ...)                \
	HOOK(detector, module, talked, a, d)
#define HOOK_LOGIN(detector, name, finding, spam, module, ...)                 \
	HOOK(detector, module, login, a, d)
#define HOOK_EVADED(detector, name, finding, spam, module, ...)                \
	HOOK(detector, module, evaded, a)
#define HOOK_DUE(detector, name, finding, spam, module, ...)                   \
	if (detect_##module.due &&                                             \
	    modules[DETECTOR_##detector] != modules[DETECTOR_##detector + 1])  \
		detect_##module.due(j, s);
/* Calls a hook of all modules, in the order of the rows. */
#define HOOKS(hook) DETECTORS(hook, hook)

/* ---- contacts ---- */

/* The contact with the network of a destination, which is counted; or NULL. */
static struct contact *judge_contact(struct judge *j, struct source *s,
				     const struct observation *a, uint16_t role)
{
	struct contact *c =
		history_contact(&j->sources, s->history,
				group_of(a->family, a->destination), role);

	if (c && a->family == 4 && c->address == addr4_load(a->destination))
		return c;
	if (c || a->family != 4)
		history_destination(&j->sources, s->history, a->destination);
	return c;
}

/* A contact as if it were the first, known or not; NULL: no memory. */
static struct contact *judge_first_contact(struct judge *j, struct history *h,
					   struct contact *known,
					   const struct observation *a,
					   uint16_t role)
{
	if (!known)
		return history_meet(&j->sources, h, addr4_load(a->destination),
				    role, j->now_s);
	contact_start(known, j->now_s);
	return known;
}

/*
 * Not met for so long that it counts as new again. A network to which a source
 * did not come back, as a queue does, is not known by one visit.
 */
static bool judge_is_new(const struct judge *j, const struct contact *c)
{
	uint32_t since_s = j->now_s - contact_last_s(c);

	return since_s > j->figures[WATCH_NEW_AFTER] ||
	       (!(c->bits & (CONTACT_RETRIED | CONTACT_SUBMISSION)) &&
		c->bits & CONTACT_LATE &&
		since_s > j->figures[WATCH_LATE_AFTER]);
}

/* Before a table is full, contacts that would be new again make room. */
static void judge_forget_old(struct judge *j, struct source *s)
{
	uint32_t after_s = (uint32_t)j->figures[WATCH_NEW_AFTER];
	struct history *h = s->history;
	struct cold *r;

	if (j->now_s - s->first_s <= after_s ||
	    h->n_contacts + 1 < h->contacts_cap - h->contacts_cap / 4)
		return;
	r = history_cold(&j->sources, h);
	if (!r || j->now_s - r->aged_s < HOUR)
		return;
	r->aged_s = j->now_s;
	history_age(&j->sources, h, j->now_s - after_s);
}

/* ---- transport ---- */

static void count_fate(struct history *h, bool answered)
{
	if (h->answered + h->failed >= RECENT) {
		h->answered /= 2;
		h->failed /= 2;
	}
	(*(answered ? &h->answered : &h->failed))++;
}

static bool earns_credit(const struct contact *c, uint32_t now_s,
			 uint32_t minutes)
{
	uint32_t credit = contact_credit_min(c);

	return now_s - contact_last_s(c) >= AGAIN_S &&
	       (!credit || minutes >= credit + CREDIT_MIN);
}

static void known_group(struct judge *j, struct source *s, struct contact *c,
			const struct observation *a)
{
	uint32_t since_s = j->now_s - c->first_s;

	if (since_s >= AGAIN_S)
		c->bits |= CONTACT_RETRIED;
	if (earns_credit(c, j->now_s, since_s / MINUTE)) {
		HOOKS(HOOK_CREDITED)
		judge_tell(j, s, "a return to a known network");
		contact_credit(c, since_s / MINUTE);
	}
	HOOKS(HOOK_KNOWN)
	judge_tell(j, s, "a known network");
	contact_touch(c, j->now_s);
}

void judge_transport(struct judge *j, struct source *s,
		     const struct observation *a)
{
	struct history *h = s->history;
	struct contact *c = judge_contact(j, s, a, 0);
	bool first = !c || judge_is_new(j, c);

	h->port = (uint8_t)(a->port < 256 ? a->port : 25);
	count_fate(h, a->answered);
	judge_lower_sums(j, h);
	judge_tell(j, s, SEEN_TIME);
	if (first) {
		if (!c)
			judge_forget_old(j, s);
		c = judge_first_contact(j, h, c, a, 0);
		if (!c)
			return;
		HOOKS(HOOK_MET)
		judge_tell(j, s, "a new network");
	} else {
		known_group(j, s, c, a);
	}
	HOOKS(HOOK_TRIED)
	judge_tell(j, s, "an attempt");
}

/* ---- ports where mail is submitted and read ---- */

void judge_submission(struct judge *j, struct source *s,
		      const struct observation *a)
{
	struct history *h = s->history;
	struct contact *c = judge_contact(j, s, a, CONTACT_SUBMISSION);

	judge_lower_sums(j, h);
	judge_tell(j, s, SEEN_TIME);
	HOOKS(HOOK_SUBMITTED)
	judge_tell(j, s, "a submission");
	if (c && !judge_is_new(j, c)) {
		contact_touch(c, j->now_s);
		return;
	}
	c = judge_first_contact(j, h, c, a, CONTACT_SUBMISSION);
	if (c) {
		HOOKS(HOOK_SUBMITTED_NEW)
		judge_tell(j, s, "a new operator");
	}
}

void judge_access(struct judge *j, struct source *s,
		  const struct observation *a)
{
	if (!history_usage(&j->sources, s->history))
		return;
	judge_lower_sums(j, s->history);
	judge_tell(j, s, SEEN_TIME);
	history_destination(&j->sources, s->history, a->destination);
	HOOKS(HOOK_ACCESSED)
	judge_tell(j, s, "a mailbox");
}

/* ---- payload and time ---- */

void judge_payload(struct judge *j, struct source *s,
		   const struct observation *a, const struct dialogue *d)
{
	HOOKS(HOOK_TALKED)
	if (d->seen & (SEEN_AUTH_FAILED | SEEN_AUTH_OK)) {
		HOOKS(HOOK_LOGIN)
	}
	judge_tell(j, s, "what a connection said");
}

void judge_evaded(struct judge *j, struct source *s,
		  const struct observation *a)
{
	HOOKS(HOOK_EVADED)
	judge_tell(j, s, "a hidden header");
}

void judge_source_due(struct judge *j, struct source *s)
{
	s->due_s = UINT32_MAX;
	HOOKS(HOOK_DUE)
	judge_tell(j, s, "a time that was due");
}

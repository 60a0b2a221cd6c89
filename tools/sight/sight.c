/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sight.h"
#include "../program/message.h"
#include "../../rules/policy/policy.h"
#include "../../rules/ruleset/ruleset.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SIGHT_WAIT 3  /* seconds between two looks at rules that change */
#define SIGHT_IDLE 60 /* devices come and go without a change of rules */

static void want_digest(char *digest, const struct policy *policy,
			int (*make)(const struct policy *policy,
				    struct ruleset **out))
{
	struct ruleset *rules = NULL;

	if (make(policy, &rules))
		return;
	strcpy(digest, rules->digest);
	ruleset_free(rules);
}

/* By apply or by nft, from text that says less: either is the policy. */
void sight_want(struct sight_wanted *wanted, const struct policy *policy)
{
	wanted->policy = policy ? policy->name : NULL;
	wanted->observes = policy && policy->observe;
	*wanted->digest = *wanted->text_digest = 0;
	if (!policy || !wanted->n_groups)
		return;
	want_digest(wanted->digest, policy, ruleset_new);
	if (ruleset_looks_inside(policy))
		want_digest(wanted->text_digest, policy, ruleset_new_text);
}

/* ---- complaints ---- */

__attribute__((format(printf, 3, 4))) static void
sight_add(struct sight_view *v, enum sight_complaint complaint,
	  const char *format, ...)
{
	va_list args;

	v->counts[complaint]++;
	if (v->n == SIGHT_ITEMS_MOST) {
		v->more++;
		return;
	}
	v->items[v->n].complaint = complaint;
	va_start(args, format);
	vsnprintf(v->items[v->n++].text, SIGHT_TEXT_BYTES, format, args);
	va_end(args);
}

static void sight_add_policy(struct sight_view *v, const struct priv_head *h,
			     const struct sight_wanted *wanted)
{
	if (wanted->policy && strcmp(wanted->policy, h->policy) != 0)
		sight_add(v, SIGHT_OTHER_POLICY,
			  "policy %s is loaded, not %s: attempts are judged by "
			  "another policy than the one that blocks",
			  h->policy, wanted->policy);
	else if (*wanted->digest && h->comparable &&
		 strcmp(wanted->digest, h->digest) != 0 &&
		 strcmp(wanted->text_digest, h->digest) != 0)
		sight_add(v, SIGHT_OTHER_RULES,
			  "policy %s is loaded with other rules (digest %s, "
			  "not %s): attempts are judged by another policy than "
			  "the one that blocks; apply it, or send SIGHUP",
			  h->policy, *h->digest ? h->digest : "-",
			  wanted->digest);
}

static void sight_add_groups(struct sight_view *v, const struct priv_head *h,
			     const struct sight_wanted *wanted)
{
	if (!h->log_groups) {
		sight_add(v, SIGHT_NO_LOG,
			  "no rule of policy %s logs: nothing comes from an "
			  "NFLOG group; add log to its clauses",
			  h->policy);
		return;
	}
	for (size_t i = 0; i < wanted->n_groups && i < PRIV_GROUPS_MOST; i++)
		if (h->unlogged >> i & 1)
			sight_add(v, SIGHT_NO_GROUP_LOG,
				  "group %u is read, but no rule of policy %s "
				  "logs to it; it logs to group %u",
				  wanted->groups[i], h->policy,
				  (unsigned int)h->log_group);
}

static void sight_add_faults(struct sight_view *v, const struct priv_head *h)
{
	const struct priv_clause *c = (const void *)(h + 1);
	const struct priv_fill *f = (const void *)(c + h->n_clauses);
	const struct priv_fault *t = (const void *)(f + h->n_sets);

	for (size_t i = 0; i < h->n_faults; i++)
		sight_add(v, t[i].opens ? SIGHT_OPEN : SIGHT_FAULT,
			  "policy %s: %s", h->policy, t[i].text);
}

static void sight_complain(struct sight_view *v, const struct priv_head *h,
			   const struct sight_wanted *wanted)
{
	if (!h->loaded) {
		sight_add(v, SIGHT_NO_POLICY,
			  "no policy is loaded: nothing is blocked, and "
			  "nothing is logged");
		return;
	}
	sight_add_policy(v, h, wanted);
	sight_add_groups(v, h, wanted);
	sight_add_faults(v, h);
	if (h->observes && !wanted->observes)
		sight_add(v, SIGHT_OBSERVES,
			  "policy %s has mode observe: nothing is blocked",
			  h->policy);
}

void sight_make(const struct priv_head *h, const struct sight_wanted *wanted,
		struct sight_view *out)
{
	memset(out, 0, sizeof(*out)); /* views are compared by their bytes */
	out->looked = out->known = true;
	out->reads_logs = wanted->n_groups;
	if (h->loaded) {
		out->observes = h->observes;
		out->acting = h->acting;
		snprintf(out->policy, sizeof(out->policy), "%s", h->policy);
		snprintf(out->digest, sizeof(out->digest), "%s", h->digest);
	}
	if (out->reads_logs)
		sight_complain(out, h, wanted);
}

static void sight_make_unknown(const struct sight_wanted *wanted,
			       const char *why, struct sight_view *out)
{
	memset(out, 0, sizeof(*out));
	out->looked = true;
	out->reads_logs = wanted->n_groups;
	if (out->reads_logs)
		sight_add(out, SIGHT_UNKNOWN, "what is loaded is not known: %s",
			  why);
}

/* ---- looking ---- */

static bool sight_same_complaints(const struct sight_view *a,
				  const struct sight_view *b)
{
	if (a->n != b->n || a->more != b->more)
		return false;
	for (uint32_t i = 0; i < a->n; i++)
		if (strcmp(a->items[i].text, b->items[i].text) != 0)
			return false;
	return true;
}

/* Messages are a line each. */
static void sight_say(const struct sight_view *v)
{
	for (uint32_t i = 0; i < v->n; i++)
		message_say("%s", v->items[i].text);
	if (v->more)
		message_say("and %u complaints more of what is loaded",
			    v->more);
	if (!v->n)
		message_say("sees again: the policy that is loaded acts, and "
			    "logs to the groups that are read");
}

static bool sight_change(struct sight *s, const struct sight_view *now)
{
	if (!memcmp(&s->view, now, sizeof(*now)))
		return false;
	if (!sight_same_complaints(&s->view, now))
		sight_say(now);
	s->view = *now;
	return true;
}

/* Reads the latest reply, for free(); NULL: it is not whole. */
static char *sight_read(const struct priv *priv, size_t len)
{
	char *bytes = malloc(len + 1);

	if (bytes && pread(priv->members_fd, bytes, len, 0) == (ssize_t)len &&
	    priv_loaded_is_whole(bytes, len))
		return bytes;
	free(bytes);
	return NULL;
}

static bool sight_take(struct sight *s, struct priv *priv,
		       const struct sight_wanted *wanted)
{
	struct sight_view now;
	uint32_t generation = priv->generation;
	size_t len;
	int error = priv_loaded(priv, &len);
	char *bytes = error ? NULL : sight_read(priv, len);

	if (bytes) {
		sight_make((const void *)bytes, wanted, &now);
		s->generation = generation;
	} else {
		sight_make_unknown(wanted,
				   priv_error_text(error ? error : -EBADMSG),
				   &now);
	}
	free(bytes);
	return sight_change(s, &now);
}

bool sight_look(struct sight *s, struct priv *priv,
		const struct sight_wanted *wanted)
{
	bool changed = priv->generation != s->generation;
	struct sight_view now;

	if (priv->fd < 0) {
		if (!wanted->n_groups)
			return false;
		sight_make_unknown(wanted, "no process keeps CAP_NET_ADMIN",
				   &now);
		return sight_change(s, &now);
	}
	s->wait += s->looked;
	if (s->looked && s->wait < (changed ? SIGHT_WAIT : SIGHT_IDLE))
		return false;
	s->looked = true;
	s->wait = 0;
	return sight_take(s, priv, wanted);
}

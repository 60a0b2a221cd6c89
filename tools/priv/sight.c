/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sight.h"
#include "../program/message.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SIGHT_WAIT 3  /* seconds between two looks at rules that change */
#define SIGHT_IDLE 60 /* devices come and go without a change of rules */

struct sight_lines {
	char *out;
	size_t size;
};

__attribute__((format(printf, 2, 3))) static void
sight_add(struct sight_lines *l, const char *format, ...)
{
	size_t len = strlen(l->out);
	va_list args;

	va_start(args, format);
	vsnprintf(l->out + len, l->size - len, format, args);
	va_end(args);
}

static void sight_add_groups(struct sight_lines *l, const struct priv_head *h,
			     const struct sight_wanted *wanted)
{
	if (!h->log_groups) {
		sight_add(l,
			  "no rule of policy %s logs: nothing comes from an "
			  "NFLOG group; add log to its clauses\n",
			  h->policy);
		return;
	}
	for (size_t i = 0; i < wanted->n_groups && i < 64; i++)
		if (h->unlogged >> i & 1)
			sight_add(l,
				  "group %u is read, but no rule of policy %s "
				  "logs to it; it logs to group %u\n",
				  wanted->groups[i], h->policy,
				  (unsigned int)h->log_group);
}

static void sight_add_faults(struct sight_lines *l, const struct priv_head *h)
{
	const struct priv_clause *c = (const void *)(h + 1);
	const struct priv_fill *f = (const void *)(c + h->n_clauses);
	const struct priv_fault *t = (const void *)(f + h->n_sets);

	for (size_t i = 0; i < h->n_faults; i++)
		sight_add(l, "policy %s: %s\n", h->policy, t[i].text);
}

void sight_text(const struct priv_head *h, const struct sight_wanted *wanted,
		char *out, size_t size)
{
	struct sight_lines l = { out, size };

	*out = 0;
	if (!h->loaded) {
		sight_add(&l, "no policy is loaded: nothing is blocked, and "
			      "nothing is logged\n");
		return;
	}
	if (wanted->policy && strcmp(wanted->policy, h->policy) != 0)
		sight_add(&l,
			  "policy %s is loaded, not %s: attempts are judged by "
			  "another policy than the one that blocks\n",
			  h->policy, wanted->policy);
	sight_add_groups(&l, h, wanted);
	sight_add_faults(&l, h);
	if (h->observes)
		sight_add(&l,
			  "policy %s has mode observe: nothing is blocked\n",
			  h->policy);
}

/* Messages are a line each. */
static void sight_say(const char *text)
{
	while (*text) {
		int len = (int)strcspn(text, "\n");

		message_say("%.*s", len, text);
		text += len + (text[len] == '\n');
	}
}

static void sight_change(struct sight *s, const char *text)
{
	if (!strcmp(s->said, text))
		return;
	if (*text)
		sight_say(text);
	else
		message_say("sees again: the policy that is loaded acts, and "
			    "logs to the groups that are read");
	snprintf(s->said, sizeof(s->said), "%s", text);
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

static void sight_take(struct sight *s, struct priv *priv,
		       const struct sight_wanted *wanted)
{
	char text[SIGHT_TEXT_BYTES];
	uint32_t generation = priv->generation;
	size_t len;
	int error = priv_loaded(priv, &len);
	char *bytes = error ? NULL : sight_read(priv, len);

	if (bytes) {
		sight_text((const void *)bytes, wanted, text, sizeof(text));
		s->generation = generation;
	} else {
		snprintf(text, sizeof(text),
			 "what is loaded is not known: %s\n",
			 priv_error_text(error ? error : -EBADMSG));
	}
	free(bytes);
	sight_change(s, text);
}

void sight_look(struct sight *s, struct priv *priv,
		const struct sight_wanted *wanted)
{
	bool changed = priv->generation != s->generation;

	if (priv->fd < 0) {
		sight_change(s, "what is loaded is not known: no process keeps "
				"CAP_NET_ADMIN\n");
		return;
	}
	s->wait += s->looked;
	if (s->looked && s->wait < (changed ? SIGHT_WAIT : SIGHT_IDLE))
		return;
	s->looked = true;
	s->wait = 0;
	sight_take(s, priv, wanted);
}

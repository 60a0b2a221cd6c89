/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "dialogue_verb.h"
#include "dialogue_priv.h"

enum asked verb_read(struct dialogue *d, const struct verb *verbs,
		     struct text line)
{
	struct text word = text_split_word(&line);

	for (; verbs->word; verbs++)
		if (text_is_word(word, verbs->word))
			return verbs->read ? verbs->read(d, line) :
					     verbs->asked;
	return ASKED_OTHER;
}

enum asked verb_starttls(struct dialogue *d, struct text rest)
{
	(void)rest;
	d->seen |= SEEN_STARTTLS;
	d->state = READ_EITHER;
	return ASKED_TLS;
}

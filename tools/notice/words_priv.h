/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A loaded language. */
#ifndef MAILWALL_WORDS_PRIV_H
#define MAILWALL_WORDS_PRIV_H

#include "words.h"

struct lang {
	struct arena *arena;
	const char *name, *tag;
	/* Texts by key. After loading, only those of services may be NULL. */
	const char **texts;
	size_t translated; /* translated keys, without those of services */
};

#endif

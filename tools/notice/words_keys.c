/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "words_keys.h"
#include "../../rules/base/arena.h"
#include "../../rules/base/service.h"

static const struct {
	const char *name, *placeholders;
} keys[WORDS_N] = {
#define WORDS_ROW(id, key, placeholders) [WORD_##id] = { key, placeholders },
	WORDS_KEYS(WORDS_ROW)
#undef WORDS_ROW
};

int words_key_count(void)
{
	return WORDS_N + 2 * (int)n_services;
}

int words_key_of_service(const struct service *s)
{
	return WORDS_N + 2 * (int)(s - services);
}

int words_key_of_offer(const struct service *s)
{
	return words_key_of_service(s) + 1;
}

const char *words_key_name(struct arena *a, int key)
{
	const struct service *s;

	if (key < WORDS_N)
		return keys[key].name;
	s = &services[(key - WORDS_N) / 2];
	return key == words_key_of_service(s) ?
		       arena_printf(a, "service.%s", s->name) :
		       arena_printf(a, "instead.%u", s->port);
}

const char *words_key_placeholders(int key)
{
	return key < WORDS_N ? keys[key].placeholders : "";
}

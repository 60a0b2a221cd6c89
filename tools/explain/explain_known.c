/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Asks the book of exemptions and the store about the source. */
#include "explain.h"
#include "../apart/apart.h"
#include "../store/store.h"
#include "../../rules/base/arena.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef SMALL

/* The lines of a document, one behind the other. */
struct known_text {
	struct arena *arena;
	char *items;
	size_t n, cap;
};

static void known_add_line(void *ctx, const char *line)
{
	struct known_text *t = ctx;

	for (; *line; line++)
		*arena_push(t->arena, t) = *line;
	*arena_push(t->arena, t) = '\n';
}

/* The document that a command prints, or NULL. */
static json_t *known_ask(struct explained *e, const char *const *words)
{
	struct known_text text = { .arena = e->program->arena };

	if (apart_ask_lines(words, known_add_line, &text) || !text.n)
		return NULL;
	return json_loadb(text.items, text.n, 0, NULL);
}

static void known_book(struct explained *e, const char *address)
{
	const char *const words[] = { "mailwall", "exempt", "audit", "--json",
				      "--",	  address,  NULL };
	json_t *book;

	if (access(e->program->state_dir, F_OK) && errno == ENOENT) {
		e->records = json_array(); /* nothing was ever exempt here */
		return;
	}
	if (access(e->program->state_dir, R_OK | W_OK | X_OK)) {
		explain_note(e, &e->not_read,
			     "the book of exemptions in \"%s\": %s",
			     e->program->state_dir, strerror(errno));
		return;
	}
	book = known_ask(e, words);
	e->records = json_incref(json_object_get(book, "records"));
	json_decref(book);
	if (!e->records)
		explain_note(e, &e->not_read, "the book of exemptions");
}

static void known_store(struct explained *e, const char *address)
{
	const char *path = e->question->store ? e->question->store :
						getenv("MAILWALL_STORE");
	const char *words[] = { "mailwall", "source", "--json", "--store",
				NULL,	    "--",     address,	NULL };
	json_t *store;

	words[4] = path && *path ? path : STORE_PATH;
	if (access(words[4], R_OK)) {
		explain_note(e, &e->not_read, "the store \"%s\": %s", words[4],
			     strerror(errno));
		return;
	}
	store = known_ask(e, words);
	e->findings = json_incref(json_object_get(store, "findings"));
	e->attempts = json_incref(json_object_get(store, "attempts"));
	json_decref(store);
	if (!e->findings || !e->attempts)
		explain_note(e, &e->not_read, "the store \"%s\"", words[4]);
}

void explain_known(struct explained *e)
{
	char address[RANGE_TEXT_MAX];

	explain_address(address, e->opening.family, &e->opening.source);
	known_book(e, address);
	known_store(e, address);
}

#else

void explain_known(struct explained *e)
{
	explain_note(e, &e->not_read,
		     "book and store: this mailwall was made "
		     "small, without them");
}

#endif

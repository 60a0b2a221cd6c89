/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Services, ports and owners of clauses and tests. */
#include "../base/arena.h"
#include "../base/service.h"
#include "../base/units.h"
#include "../text/habit.h"
#include "check.h"

#include <stdlib.h>
#include <string.h>

static void check_add_port(struct check *c, struct ports *out,
			   const struct word *word, uint16_t port)
{
	if (ports_have(out, port)) {
		diag_warning(c->diags, &word->span, "repeated",
			     "port %u is named twice in this clause", port);
		return;
	}
	*arena_push(c->arena, out) = port;
}

/*
 * Says what to write instead of a name. Where several are as near, the one with
 * TLS comes first. A name that goes on where a service ends, as smtpx does, is
 * more likely another than the one that it begins with.
 */
static const char *service_help(struct check *c, const char *text)
{
	const char **names = arena_alloc(c->arena, n_services * sizeof(*names));
	const char *help = service_alias_help(text);
	size_t n = 0;

	for (size_t i = n_services; i-- > 0;)
		if (strncmp(text, services[i].name, strlen(services[i].name)))
			names[n++] = services[i].name;
	return help ? help :
		      did_you_mean(c->arena, text, strlen(text), names, n,
				   "mailwall ports lists them; a port number "
				   "will do");
}

/* A word of another firewall, or one that stands elsewhere in a clause. */
static const char *service_habit(struct check *c, const char *text)
{
	static const char *const options[] = { "from",	"to",	 "user",
					       "group", "reset", "reject",
					       "drop",	"log",	 "and" };
	const char *help =
		habit_help(c->arena, HABIT_SERVICE, text, strlen(text));

	if (!help && find_class(c, text))
		help = arena_printf(c->arena, "write \"from %s\" or \"to %s\"",
				    text, text);
	for (size_t i = 0; i < sizeof(options) / sizeof(*options) && !help; i++)
		if (habit_is_case(text, strlen(text), options[i]))
			help = arena_printf(c->arena,
					    "write \"%s\": words are in lower "
					    "case",
					    options[i]);
	for (size_t i = 0; i < n_services && !help; i++)
		if (habit_is_case(text, strlen(text), services[i].name))
			help = arena_printf(c->arena,
					    "write \"%s\": words are in lower "
					    "case",
					    services[i].name);
	return help;
}

static bool service_is_unknown(struct check *c, const struct word *word)
{
	const char *habit = service_habit(c, word->text);
	const char *help = service_help(c, word->text);

	diag_error(c->diags, &word->span, "unknown-service",
		   "\"%.60s\" is not a service", word->text)
		->help = habit ? habit : help;
	/* A service that was misspelt has others behind it. */
	return !habit && (service_alias_help(word->text) ||
			  !strncmp(help, "did you mean", 12));
}

bool check_service(struct check *c, const struct word *word, struct ports *out)
{
	const struct service *s = service_by_name(word->text);
	uint32_t port;

	if (s || number_parse(word->text, 1, 65535, &port)) {
		check_add_port(c, out, word, s ? s->port : (uint16_t)port);
		return true;
	}
	if (strspn(word->text, "0123456789") != strlen(word->text))
		return service_is_unknown(c, word);
	diag_error(c->diags, &word->span, "bad-port", "there is no port %.40s",
		   word->text)
		->help = "a TCP port is a number from 1 to 65535";
	return true;
}

static int compare_ids(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static void check_ids(struct check *c, const struct words *words,
		      int (*look_up)(void *ctx, const char *name, uint32_t *id),
		      const char *what, struct ids *out)
{
	size_t kept = 0;

	for (size_t i = 0; i < words->n; i++) {
		const struct word *word = &words->items[i];
		uint32_t id = 0;
		int error = 0;

		if (!number_parse(word->text, 0, UINT32_MAX - 1, &id))
			error = look_up(c->input->ctx, word->text, &id);
		if (error)
			diag_error(c->diags, &word->span, "unknown-user",
				   "there is no %s \"%.40s\" on this machine",
				   what, word->text)
				->help = arena_printf(
				c->arena, "name one that exists, or give its "
					  "number");
		else
			*arena_push(c->arena, out) = id;
	}
	if (out->n)
		qsort(out->items, out->n, sizeof(*out->items), compare_ids);
	for (size_t i = 0, n = out->n; i < n; i++)
		if (!i || out->items[i] != out->items[kept - 1])
			out->items[kept++] = out->items[i];
	out->n = kept;
}

void check_owners(struct check *c, const struct words *users,
		  const struct words *groups, struct ids *uids,
		  struct ids *gids)
{
	check_ids(c, users, c->input->user, "user", uids);
	check_ids(c, groups, c->input->group, "group", gids);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Words to values: numbers, rates, names, services, owners, addresses. */
#include "check.h"
#include "../base/arena.h"
#include "../base/service.h"
#include "../base/units.h"

#include <stdlib.h>
#include <string.h>

#define DEFAULT_BURST	5  /* nftables' own default */
#define INTERFACE_BYTES 15 /* IFNAMSIZ without its NUL */

/* Returns the index of a word in a table, or -1 after reporting the error. */
int check_choose(struct check *c, const struct word *word,
		 const char *const *table, size_t n, const char *what)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(table[i], word->text))
			return (int)i;
	diag_error(c->diags, &word->span, "unknown-word", "\"%.40s\" is not %s",
		   word->text, what)
		->help = did_you_mean(c->arena, word->text, strlen(word->text),
				      table, n, NULL);
	return -1;
}

uint32_t check_number(struct check *c, const struct word *word, uint32_t least,
		      uint32_t most, uint32_t otherwise)
{
	uint32_t value;

	if (!word->text)
		return otherwise;
	if (number_parse(word->text, least, most, &value))
		return value;
	diag_error(c->diags, &word->span, "bad-number",
		   "\"%.40s\" is not a number from %u to %u", word->text, least,
		   most);
	return otherwise;
}

bool check_identifier(struct check *c, const struct word *name,
		      const char *what, size_t most)
{
	const char *p = name->text;
	bool good = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z');

	for (; *p && good; p++)
		good = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') ||
		       (*p >= '0' && *p <= '9') || *p == '-';
	if (strlen(name->text) > most)
		diag_error(c->diags, &name->span, "bad-name",
			   "the %s's name has %zu bytes; %zu is the most", what,
			   strlen(name->text), most);
	else if (!good)
		diag_error(c->diags, &name->span, "bad-name",
			   "\"%s\" cannot name a %s", name->text, what)
			->help = "a letter, then letters, digits and -";
	return good && strlen(name->text) <= most;
}

struct rate check_rate(struct check *c, const struct word *word,
		       const struct word *burst)
{
	struct rate r = { 0 };

	if (!word->text)
		return r;
	if (!rate_parse(word->text, &r.count, &r.unit_s)) {
		diag_error(c->diags, &word->span, "bad-rate",
			   "\"%.40s\" is not a rate", word->text)
			->help = "a number and a unit: 10/second, 10/minute, "
				 "10/hour or 10/day";
		r.count = r.unit_s = 1;
	}
	r.burst = check_number(c, burst, 1, 1000000, DEFAULT_BURST);
	return r;
}

void raw_add(struct check *c, struct raw *raw, const struct addr_range *r)
{
	if (r->family == 4)
		ranges4_push(c->arena, &raw->v4, r->v4);
	else
		ranges6_push(c->arena, &raw->v6, r->v6);
}

const char *addr_help(struct arena *a, enum addr_error error, const char *text)
{
	switch (error) {
	case ADDR_EVERYTHING:
		return "write \"any\", the class that is built in";
	case ADDR_BAD_LENGTH:
		return "IPv4 has /1 to /32, IPv6 /1 to /128";
	case ADDR_MAPPED:
		return strchr(text, '.') ?
			       arena_printf(a, "write \"%s\"",
					    strrchr(text, ':') + 1) :
			       "write it as IPv4";
	case ADDR_NOT_ONE:
	case ADDR_OK:
	case ADDR_BACKWARDS:
	case ADDR_MIXED:
	case ADDR_ZONE:
	case ADDR_LEADING_ZERO:
		return NULL;
	}
	return NULL;
}

void warn_host_bits(struct check *c, const struct span *at, const char *text,
		    size_t len, const struct addr_range *r)
{
	char network[RANGE_TEXT_MAX];

	if (r->family == 4)
		range4_print(network, &r->v4);
	else
		range6_print(network, &r->v6);
	diag_warning(c->diags, at, "host-bits",
		     "\"%.*s\" has host bits set and stands for all of %s",
		     (int)len, text, network)
		->help = arena_printf(c->arena,
				      "write \"%s\", or the address without "
				      "its length",
				      network);
}

/* Accepts what the kernel does, without quotes and control characters. */
bool interface_is_good(const char *name, bool wildcard)
{
	size_t len = strlen(name);

	if (wildcard && len && name[len - 1] == '*')
		len--;
	for (size_t i = 0; i < len; i++)
		if (name[i] <= ' ' || name[i] > '~' ||
		    strchr("\"\\/*", name[i]))
			return false;
	return len && len <= INTERFACE_BYTES;
}

/* ---- services and owners ---- */

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

void check_service(struct check *c, const struct word *word, struct ports *out)
{
	const struct service *s = service_by_name(word->text);
	uint32_t port;

	if (s || number_parse(word->text, 1, 65535, &port)) {
		check_add_port(c, out, word, s ? s->port : (uint16_t)port);
		return;
	}
	if (strspn(word->text, "0123456789") == strlen(word->text)) {
		diag_error(c->diags, &word->span, "bad-port",
			   "there is no port %.40s", word->text)
			->help = "a TCP port is a number from 1 to 65535";
		return;
	}
	diag_error(c->diags, &word->span, "unknown-service",
		   "\"%.60s\" is not a service", word->text)
		->help = service_help(c, word->text);
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

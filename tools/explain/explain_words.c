/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The words of the question: addresses, ports, a user; and the policy. */
#include "explain.h"
#include "../../rules/base/arena.h"
#include "../../rules/base/service.h"
#include "../../rules/base/units.h"
#include "../option/options.h"
#include "../program/message.h"
#include "../program/policy_file.h"
#include "../record/revision.h"

#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void explain_note(struct explained *e, struct explain_texts *list,
		  const char *fmt, ...)
{
	struct arena *a = e->program->arena;
	char text[400];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	*arena_push(a, list) = arena_printf(a, "%s", text);
}

/* ---- addresses and ports ---- */

/* "192.0.2.1:25", "[2001:db8::1]:smtp", or without a port. */
struct words_end {
	const char *address, *port; /* port NULL: none */
};

static struct words_end words_split(struct arena *a, const char *text)
{
	const char *close = strchr(text, ']'), *colon = strchr(text, ':');

	if (*text == '[' && close)
		return (struct words_end){
			arena_strndup(a, text + 1, (size_t)(close - text) - 1),
			close[1] == ':' ? close + 2 : NULL
		};
	if (colon && !strchr(colon + 1, ':'))
		return (struct words_end){
			arena_strndup(a, text, (size_t)(colon - text)),
			colon + 1
		};
	return (struct words_end){ text, NULL };
}

static int words_no_address(struct explained *e, const char *text)
{
	bool is_name = text[strcspn(text, "ghijklmnopqrstuvwxyzGHIJKLMNOPQRSTUV"
					  "WXYZ")];

	if (is_name && !strchr(text, ':'))
		return usage_error(
			e->program,
			"\"%.60s\" is a name: rules see addresses, and a name "
			"may have several; look it up, and give one of them",
			text);
	return usage_error(e->program,
			   "\"%.60s\" is no address; write one like "
			   "100.64.3.9, or [2001:db8::1]:25 with its port",
			   text);
}

static int words_address(struct explained *e, const char *text, uint8_t *family,
			 struct addr6 *out)
{
	struct addr_range r;

	if (range_parse(text, strlen(text), &r))
		return words_no_address(e, text);
	if (r.family == 4 ? !range4_is_single(&r.v4) : !range6_is_single(&r.v6))
		return usage_error(e->program,
				   "\"%.60s\" is more than one address; a "
				   "connection has one on each side",
				   text);
	*family = (uint8_t)r.family;
	*out = (struct addr6){ 0 };
	if (r.family == 4)
		addr4_store(out, r.v4.first);
	else
		*out = r.v6.first;
	return EXIT_DONE;
}

static int words_read_port(struct explained *e, const char *text, uint16_t *out)
{
	const struct service *s = service_by_name(text);
	const char *help = service_alias_help(text);
	uint32_t port;

	if (!s && !number_parse(text, 1, 65535, &port))
		return usage_error(e->program, "\"%.40s\" is no port%s%s", text,
				   help ? "; " :
					  ": a number from 1 to 65535, "
					  "or a service as mailwall "
					  "ports lists them",
				   help ? help : "");
	*out = s ? s->port : (uint16_t)port;
	return EXIT_DONE;
}

static int words_source(struct explained *e)
{
	struct words_end end =
		words_split(e->program->arena, e->question->source);
	struct opening *c = &e->opening;
	int code = words_address(e, end.address, &c->family, &c->source);

	c->source_port = 40000;
	if (!code && end.port)
		code = words_read_port(e, end.port, &c->source_port);
	return code;
}

static int words_destination(struct explained *e)
{
	struct words_end end =
		words_split(e->program->arena, e->question->destination);
	struct opening *c = &e->opening;
	uint8_t family = 0;
	int code = words_address(e, end.address, &family, &c->destination);

	if (code)
		return code;
	if (family != c->family)
		return usage_error(e->program,
				   "%s and %s are of two families; a "
				   "connection has one",
				   e->question->source,
				   e->question->destination);
	if (!end.port)
		return usage_error(
			e->program, "which port of %s? Write %s%s%s:25",
			e->question->destination, family == 6 ? "[" : "",
			end.address, family == 6 ? "]" : "");
	return words_read_port(e, end.port, &c->destination_port);
}

static int words_user(struct explained *e)
{
	const char *user = e->question->user;
	struct opening *c = &e->opening;
	const struct passwd *pw;

	if (!user)
		return EXIT_DONE;
	c->has_owner = true;
	pw = getpwnam(user);
	if (pw) {
		c->uid = pw->pw_uid;
		c->gid = pw->pw_gid;
	} else if (number_parse(user, 0, UINT32_MAX - 1, &c->uid)) {
		pw = getpwuid(c->uid);
		c->gid = pw ? pw->pw_gid : c->uid;
	} else {
		return usage_error(e->program,
				   "there is no user \"%.40s\" on this machine",
				   user);
	}
	return EXIT_DONE;
}

/* ---- the policy ---- */

static int words_current(struct explained *e)
{
	struct program *p = e->program;
	struct revision revision;
	uint32_t number = 0;
	struct fault f;

	if (revision_current(p, &number, &f)) {
		message_say("what was applied cannot be read: %s; run this as "
			    "root, or give --policy FILE",
			    f.text);
		return EXIT_REFUSED;
	}
	if (!number) {
		message_say("no policy was applied on this machine; give "
			    "--policy FILE");
		return EXIT_NO;
	}
	if (revision_read(p, number, &revision, &f)) {
		message_say("%s", f.text);
		return EXIT_REFUSED;
	}
	e->from_where = arena_printf(p->arena, "revision %u, of %s", number,
				     revision.path);
	return revision_load(p, &revision, &e->policy);
}

#define LIVE_SECONDS_MOST 3600

int explain_read(struct explained *e)
{
	int code;

	if (e->question->live_s > LIVE_SECONDS_MOST)
		return usage_error(e->program,
				   "--live takes from 1s to 1h: a customer who "
				   "is on the phone tries at once");
	/* Lint is for who writes the policy. */
	e->program->quiet = true;
	code = words_source(e);
	e->whole = !e->question->destination;
	e->opening.in = e->question->in;
	e->opening.out = e->question->out;
	if (!code && !e->whole)
		code = words_destination(e);
	if (!code)
		code = words_user(e);
	if (code)
		return code;
	if (!e->question->policy)
		return words_current(e);
	e->from_where = e->question->policy;
	return load_good_policy(e->program, e->question->policy, &e->policy);
}

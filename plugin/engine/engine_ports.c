/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Watched ports, and the clauses that log prefixes name. */
#include "engine_priv.h"
#include "../../rules/base/service.h"

#include <errno.h>

static enum port_role role_of(const struct service *s)
{
	switch (s->role) {
	case ROLE_TRANSPORT:
		return PORT_TRANSPORT;
	case ROLE_SUBMISSION:
		return PORT_SUBMISSION;
	case ROLE_ACCESS:
		return s->protocol == PROTOCOL_POP3 ? PORT_POP3 : PORT_IMAP;
	}
	return PORT_TRANSPORT;
}

static enum dialogue_protocol protocol_of(const struct service *s)
{
	switch (s->protocol) {
	case PROTOCOL_NONE:
		return DIALOGUE_NONE;
	case PROTOCOL_SMTP:
		return DIALOGUE_SMTP;
	case PROTOCOL_POP3:
		return DIALOGUE_POP3;
	case PROTOCOL_IMAP:
		return DIALOGUE_IMAP;
	}
	return DIALOGUE_NONE;
}

/* A port that is no service's is taken for one between mail servers. */
static int watch_port(struct engine *e, uint16_t port)
{
	const struct service *s = service_by_port(port);
	struct port_state *p = &e->ports[e->n_ports];

	if (port_is_in(&e->bits, port))
		return 0;
	if (e->n_ports == PORTS_MOST)
		return -E2BIG;
	*p = (struct port_state){
		.role = s ? role_of(s) : PORT_TRANSPORT,
		.protocol = s ? protocol_of(s) : DIALOGUE_SMTP,
	};
	e->port_numbers[e->n_ports] = port;
	e->port_index[port] = (uint8_t)e->n_ports++;
	e->bits.word[port / 64] |= 1ull << (port % 64);
	return 0;
}

static int watch_clauses(struct engine *e, const struct block *b)
{
	for (size_t k = 0; k < b->clauses.n; k++) {
		const struct ports *ports = &b->clauses.items[k].ports;

		for (size_t n = 0; n < ports->n; n++) {
			int error = watch_port(e, ports->items[n]);

			if (error)
				return error;
		}
	}
	return 0;
}

static void unwatch_last(struct engine *e)
{
	uint16_t port = e->port_numbers[--e->n_ports];

	e->port_numbers[e->n_ports] = 0;
	e->bits.word[port / 64] &= ~(1ull << (port % 64));
}

/* Ports that a policy does not name any more are watched on. */
int watch_ports(struct engine *e, const struct policy *policy)
{
	size_t before = e->n_ports;
	int error = 0;

	for (size_t i = 0; i < n_services; i++)
		watch_port(e, services[i].port);
	for (size_t i = 0; policy && i < policy->blocks.n && !error; i++)
		error = watch_clauses(e, &policy->blocks.items[i]);
	while (error && e->n_ports > before)
		unwatch_last(e);
	return error;
}

/* ---- log prefixes: "residential:17 block " ---- */

/*
 * Rules log what they drop before any clause looks at it with the reason in the
 * place of a line: "residential:first-fragment block ".
 */
static enum hidden id_hidden(const char *id, size_t len)
{
	const char *colon = memrchr(id, ':', len);
	size_t n = colon ? (size_t)(id + len - colon - 1) : 0;

	for (enum hidden h = HIDDEN_NOT + 1; n && h < HIDDEN_N; h++)
		if (strlen(hidden_name(h)) == n &&
		    !memcmp(colon + 1, hidden_name(h), n))
			return h;
	return HIDDEN_NOT;
}

static bool is_id(const char *text, size_t len)
{
	/* Before the line may stand a file: "residential:extra.policy:3". */
	const char *colon = memrchr(text, ':', len);

	if (!colon || colon == text || colon == text + len - 1)
		return false;
	for (const char *p = colon + 1; p < text + len; p++)
		if ((*p < '0' || *p > '9') && !id_hidden(text, len))
			return false;
	for (const char *p = text; p < colon; p++)
		if (*p < '!' || *p > '~' || *p == '"' || *p == '\\')
			return false;
	return true;
}

static uint32_t clause_slot(const struct engine *e, const char *text,
			    size_t len)
{
	uint64_t hash = len;

	for (size_t i = 0; i < len; i++)
		hash = hash_u64(&e->key, hash ^ (uint8_t)text[i]);
	return (uint32_t)hash & (CLAUSES_MOST - 1);
}

/* The place of a clause in the table, or the free one where it belongs. */
static uint32_t ports_clause_place(const struct engine *e, const char *id,
				   size_t len, bool blocks)
{
	uint32_t at = clause_slot(e, id, len);

	for (; e->clauses[at].len; at = (at + 1) & (CLAUSES_MOST - 1)) {
		const struct logged_clause *c = &e->clauses[at];

		if (c->len == len && c->blocks == blocks &&
		    !memcmp(c->id, id, len))
			break;
	}
	return at;
}

/* Beyond the table a clause loses its name, not what it does. */
static uint16_t ports_clause_number(struct engine *e, const char *id,
				    size_t len, bool blocks)
{
	uint32_t at = ports_clause_place(e, id, len, blocks);

	if (!e->clauses[at].len && e->n_clauses >= CLAUSES_MOST / 4 * 3) {
		e->totals.clauses_cut++;
		id = CLAUSE_OTHER;
		len = sizeof(CLAUSE_OTHER) - 1;
		at = ports_clause_place(e, id, len, blocks);
	}
	if (!e->clauses[at].len) {
		memcpy(e->clauses[at].id, id, len);
		e->clauses[at].len = (uint8_t)len;
		e->clauses[at].blocks = blocks;
		e->clauses[at].hidden = (uint8_t)id_hidden(id, len);
		e->n_clauses++;
	}
	return (uint16_t)(at + 1);
}

/* Another's prefix may begin like ours: all of the form counts. */
uint16_t clause_of_prefix(struct engine *e, const char *prefix, size_t len)
{
	const char *space = memchr(prefix, ' ', len);
	size_t id_len = space ? (size_t)(space - prefix) : len;
	size_t verb_len = space ? len - id_len - 1 : 0;
	enum action action;

	if (id_len >= CLAUSE_BYTES || !is_id(prefix, id_len))
		return 0;
	if (verb_len && space[verb_len] == ' ')
		verb_len--;
	action = space ? action_by_word(space + 1, verb_len) : ACTION_N;
	return action == ACTION_N ?
		       0 :
		       ports_clause_number(e, prefix, id_len,
					   action_may_refuse(action));
}

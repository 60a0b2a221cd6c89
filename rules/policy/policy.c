/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A policy's accessors, and the names of what it is made of. */
#include "policy.h"
#include "../base/arena.h"

#include <string.h>

void policy_free(struct policy *policy)
{
	if (policy)
		arena_free(policy->arena);
}

bool ports_have(const struct ports *ports, uint16_t port)
{
	for (size_t i = 0; i < ports->n; i++)
		if (ports->items[i] == port)
			return true;
	return false;
}

bool clause_decides(const struct clause *clause, uint16_t port)
{
	return ports_have(&clause->ports, port);
}

const char *direction_name(enum direction direction)
{
	switch (direction) {
	case DIRECTION_OUTBOUND:
		return "outbound";
	case DIRECTION_INBOUND:
		return "inbound";
	}
	return "";
}

const char *hook_name(enum hook hook)
{
	switch (hook) {
	case HOOK_FORWARD:
		return "forward";
	case HOOK_OUTPUT:
		return "output";
	case HOOK_BRIDGE:
		return "bridge";
	case HOOK_INGRESS:
		return "ingress";
	}
	return "";
}

const char *refusal_name(enum refusal refusal)
{
	switch (refusal) {
	case REFUSAL_RESET:
		return "reset";
	case REFUSAL_REJECT:
		return "reject";
	case REFUSAL_DROP:
		return "drop";
	}
	return "";
}

const char *unit_name(uint32_t unit_s)
{
	switch (unit_s) {
	case 1:
		return "second";
	case 60:
		return "minute";
	case 3600:
		return "hour";
	case 86400:
		return "day";
	}
	return "";
}

bool class_is_empty(const struct class *class)
{
	return class->kind == CLASS_STATIC && !class->hosts4.n &&
	       !class->nets4.n && !class->hosts6.n && !class->nets6.n &&
	       !class->interfaces.n;
}

/* FNV-1a (Fowler, Noll, Vo): a short name for a text, not a proof of it. */
uint32_t text_hash(uint32_t hash, const char *text)
{
	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * 16777619u;
	return hash;
}

const char *clause_words(struct arena *a, const char *text)
{
	char *out = arena_alloc(a, strlen(text) + 1);
	size_t n = 0;

	while (*text) {
		size_t len = strcspn(text, " ");

		if (len != 3 || memcmp(text, "log", 3)) {
			if (n)
				out[n++] = ' ';
			memcpy(out + n, text, len);
			n += len;
		}
		text += len;
		text += *text == ' ';
	}
	return out;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Users, groups and definitions that a policy was made with, as revisions and
 * plans keep them in JSON.
 */
#ifndef MAILWALL_RECORDED_H
#define MAILWALL_RECORDED_H

#include "../program/program.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;

/* A user or a group that the policy names. */
struct recorded_id {
	bool group;
	const char *name;
	uint32_t id;
};

struct recorded_ids {
	struct recorded_id *items;
	size_t n, cap;
};

/* The text of a member, in the arena; NULL: none, or one with a NUL in it. */
const char *recorded_text(struct arena *a, const json_t *o, const char *name);

/* [ { "kind": "user" | "group", "name": string, "id": integer } ] */
json_t *recorded_ids_json(const struct recorded_ids *ids);
/* Reads the same; false: it is not as it has to be. */
bool recorded_ids_take(struct arena *a, const json_t *list,
		       struct recorded_ids *out);
/* Finds the number of a name. 0 or -ENOENT. */
int recorded_ids_find(const struct recorded_ids *ids, bool group,
		      const char *name, uint32_t *id);

/* [ { "name": string, "value": string } ] */
json_t *recorded_definitions_json(const struct definitions *d);
/* Reads the same; those that the policy does not use are no mistake. */
bool recorded_definitions_take(struct arena *a, const json_t *list,
			       struct definitions *out);

#endif

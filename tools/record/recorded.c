/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "recorded.h"
#include "../program/json.h"
#include "../program/policy_file.h"
#include "../../rules/base/arena.h"

#include <errno.h>
#include <string.h>

const char *recorded_text(struct arena *a, const json_t *o, const char *name)
{
	const json_t *value = json_object_get(o, name);
	const char *text = json_string_value(value);

	return text && strlen(text) == json_string_length(value) ?
		       arena_strndup(a, text, strlen(text)) :
		       NULL;
}

/* ---- users and groups ---- */

json_t *recorded_ids_json(const struct recorded_ids *ids)
{
	json_t *list = json_array();

	for (size_t i = 0; i < ids->n; i++)
		json_array_append_new(
			list, json_pack("{s:s, s:o, s:I}", "kind",
					ids->items[i].group ? "group" : "user",
					"name", text_json(ids->items[i].name),
					"id", (json_int_t)ids->items[i].id));
	return list;
}

bool recorded_ids_take(struct arena *a, const json_t *list,
		       struct recorded_ids *out)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *o = json_array_get(list, i);
		const char *kind =
			json_string_value(json_object_get(o, "kind"));
		const json_t *id = json_object_get(o, "id");
		struct recorded_id *row = arena_push(a, out);

		row->name = recorded_text(a, o, "name");
		row->group = kind && !strcmp(kind, "group");
		row->id = (uint32_t)json_integer_value(id);
		if (!row->name || !kind || !json_is_integer(id) ||
		    json_integer_value(id) < 0 ||
		    json_integer_value(id) > UINT32_MAX)
			return false;
	}
	return json_is_array(list);
}

int recorded_ids_find(const struct recorded_ids *ids, bool group,
		      const char *name, uint32_t *id)
{
	for (size_t i = 0; i < ids->n; i++)
		if (ids->items[i].group == group &&
		    !strcmp(ids->items[i].name, name)) {
			*id = ids->items[i].id;
			return 0;
		}
	return -ENOENT;
}

/* ---- definitions ---- */

json_t *recorded_definitions_json(const struct definitions *d)
{
	json_t *list = json_array();

	for (size_t i = 0; i < d->n; i++)
		json_array_append_new(
			list, json_pack("{s:o, s:o}", "name",
					text_json(d->items[i].name), "value",
					text_json(d->items[i].value)));
	return list;
}

bool recorded_definitions_take(struct arena *a, const json_t *list,
			       struct definitions *out)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *o = json_array_get(list, i);
		struct definition *d = arena_push(a, out);

		d->name = recorded_text(a, o, "name");
		d->value = recorded_text(a, o, "value");
		d->lax = true; /* all were accepted when it was made */
		if (!d->name || !d->value)
			return false;
	}
	return json_is_array(list);
}

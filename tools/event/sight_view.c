/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sight_view.h"
#include "../program/json.h"
#include "../program/value.h"

static const struct {
	const char *name;
	bool blinds;
} complaints[] = {
#define SIGHT_ROW(id, text, blinds) [SIGHT_##id] = { text, blinds },
	SIGHT_COMPLAINTS(SIGHT_ROW)
#undef SIGHT_ROW
};

const char *sight_complaint_name(enum sight_complaint complaint)
{
	return complaints[complaint].name;
}

const char *sight_mode(const struct sight_view *v)
{
	if (!v->looked || !v->known || !*v->policy)
		return NULL;
	return v->observes ? "observe" : "enforce";
}

bool sight_sees(const struct sight_view *v)
{
	for (enum sight_complaint c = 0; c < SIGHT_N; c++)
		if (v->counts[c] && complaints[c].blinds)
			return false;
	return true;
}

static json_t *sight_text_or_null(const char *text)
{
	return text && *text ? text_json(text) : json_null();
}

json_t *sight_json(const struct sight_view *v, int64_t time_us)
{
	json_t *json = json_object(), *list = json_array();

	for (uint32_t i = 0; i < v->n; i++)
		json_array_append_new(
			list,
			json_pack("{s:s, s:o}", "complaint",
				  sight_complaint_name(v->items[i].complaint),
				  "text", text_json(v->items[i].text)));
	json_object_set_new(json, "event", json_string("sight"));
	json_object_set_new(json, "time", value_time_us(time_us));
	json_object_set_new(json, "sees",
			    v->known && v->reads_logs ?
				    json_boolean(sight_sees(v)) :
				    json_null());
	json_object_set_new(json, "policy", sight_text_or_null(v->policy));
	json_object_set_new(json, "digest", sight_text_or_null(v->digest));
	json_object_set_new(json, "mode", sight_text_or_null(sight_mode(v)));
	json_object_set_new(json, "acting",
			    v->known ? json_boolean(v->acting) : json_null());
	json_object_set_new(json, "complaints", list);
	value_set_count(json, "more", v->more);
	return json;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "json.h"
#include "../../rules/base/diag.h"
#include "message.h"
#include "output.h"
#include "program.h"
#include "utf8.h"
#include "value.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

json_t *text_json(const char *text)
{
	json_t *json;
	char *copy, *out;

	if (!text)
		return json_null();
	json = json_string(text);
	if (json || !(copy = malloc(strlen(text) + 1)))
		return json;
	out = copy;
	for (const char *p = text; *p;) {
		size_t len = utf8_length(p, strlen(p));

		if (len) {
			memcpy(out, p, len);
			out += len;
			p += len;
		} else {
			*out++ = '?';
			p++;
		}
	}
	*out = '\0';
	json = json_string(copy);
	free(copy);
	return json;
}

static const char *severity_word(enum severity severity)
{
	return severity == SEVERITY_ERROR ? "error" : "warning";
}

static json_t *diag_json(const struct diag *d)
{
	const char *file = d->span.source ? d->span.source->name : NULL;

	return json_pack(
		"{s:s, s:s, s:o, s:I, s:I, s:I, s:o, s:o, s:o}", "severity",
		severity_word(d->severity), "code", d->code, "file",
		text_json(file), "line", (json_int_t)d->span.line, "column",
		(json_int_t)d->span.column, "length", (json_int_t)d->span.len,
		"message", text_json(d->message), "help", text_json(d->help),
		"reference", text_json(d->reference));
}

json_t *diags_json(const struct diags *diags)
{
	json_t *list = json_array();

	for (size_t i = 0; i < diags->n; i++)
		json_array_append_new(list, diag_json(&diags->items[i]));
	return list;
}

int print_json(json_t *document)
{
	struct output o;
	bool good;

	output_open(&o, NULL);
	good = value_print(o.file, document);
	json_decref(document);
	if (!good) {
		message_say("cannot write the JSON document");
		return EXIT_REFUSED;
	}
	return output_finish(&o);
}

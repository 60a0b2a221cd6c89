/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "store_remote.h"

const struct wire_form store_forms[WIRE_KINDS] = {
	[WIRE_DAYS] = WIRE_FORM(struct store_day),
	[WIRE_DAYS_OF] = WIRE_FORM(struct store_day),
	[WIRE_MINUTES] = WIRE_FORM(struct store_minute),
	[WIRE_SOURCES] = WIRE_FORM(struct store_source),
	[WIRE_CLAUSES] = WIRE_FORM_1(struct store_clause, id),
	[WIRE_PORTS] = WIRE_FORM(uint16_t),
	[WIRE_FINDINGS] =
		WIRE_FORM_3(struct store_found, finding, detector, examples),
	[WIRE_LOADS] = WIRE_FORM_3(struct store_loaded, policy, digest, who),
	[WIRE_RUNS] = WIRE_FORM_1(struct store_run, inputs),
	[WIRE_STEPS] = WIRE_FORM(struct store_step),
	[WIRE_LINES_OF] = WIRE_FORM(struct store_lines),
	[WIRE_ASK] = WIRE_FORM(struct wire_ask),
	[WIRE_BEGIN] = WIRE_FORM(uint8_t),
	[WIRE_ADD] = WIRE_FORM_1(struct store_row, clause),
	[WIRE_MOVE] = WIRE_FORM_1(struct store_row, clause),
	[WIRE_FINDING] = WIRE_FORM(struct store_finding),
	[WIRE_LOADED] = WIRE_FORM_3(struct store_loaded, policy, digest, who),
	[WIRE_RUN] = WIRE_FORM_1(struct store_run, inputs),
	[WIRE_STEP] = WIRE_FORM(struct store_step),
	[WIRE_LINES] = WIRE_FORM(struct store_lines),
	[WIRE_TRIM] = WIRE_FORM(struct wire_trim),
	[WIRE_END] = WIRE_FORM(uint8_t),
	[WIRE_REOPEN] = WIRE_FORM(uint8_t),
	[WIRE_LOCK] = WIRE_FORM(struct wire_lock),
	[WIRE_DONE] = WIRE_FORM_1(struct wire_done, why),
};

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The fields of the state file, in their order, and where 0.1 had them. */
#include "engine_state.h"

#include <stddef.h>

#define MEMBER(type, member) (((struct type *)NULL)->member)
#define FIELD(type, member, width, at)                                         \
	{                                                                      \
		offsetof(struct type, member), sizeof(MEMBER(type, member)),   \
			1, width, at, #member                                  \
	}
#define FIELDS(type, member, width, at)                                        \
	{                                                                      \
		offsetof(struct type, member),                                 \
			sizeof(MEMBER(type, member)[0]),                       \
			sizeof(MEMBER(type, member)) /                         \
				sizeof(MEMBER(type, member)[0]),               \
			width, at, #member                                     \
	}
#define RECORD(fields, size)                                                   \
	{                                                                      \
		fields, sizeof(fields) / sizeof(*(fields)), size               \
	}

static const struct state_field source_fields[] = {
	FIELD(state_source_record, key, 8, 0),
	FIELD(state_source_record, attempts, 4, 16),
	FIELD(state_source_record, syns, 4, 20),
	FIELD(state_source_record, first_s, 4, 24),
	FIELD(state_source_record, last_s, 4, 28),
	FIELD(state_source_record, address, 4, 32),
	FIELD(state_source_record, ports, 2, 36),
	FIELD(state_source_record, flags, 1, 39),
};
const struct state_record state_source = RECORD(source_fields, 40);

static const struct state_field history_fields[] = {
	FIELD(history, sums_s, 4, 24), FIELD(history, abandon_s, 4, 28),
	FIELD(history, late_s, 4, 32), FIELD(history, answered, 1, 36),
	FIELD(history, failed, 1, 37), FIELD(history, port, 1, 38),
	FIELD(history, users, 2, 60),  FIELD(history, found, 2, 62),
};
const struct state_record state_history = RECORD(history_fields, 64);

static const struct state_field tail_fields[] = {
	FIELD(state_tail, contacts, 4, 0),   FIELD(state_tail, others, 4, 4),
	FIELD(state_tail, cold, 1, 8),	     FIELD(state_tail, examples, 1, 9),
	FIELD(state_tail, registers, 1, 10), FIELD(state_tail, usage, 1, 11),
};
const struct state_record state_tail = RECORD(tail_fields, 12);

static const struct state_field contact_fields[] = {
	FIELD(contact, address, 4, 0),
	FIELD(contact, first_s, 4, 4),
	FIELD(contact, span, 2, 8),
	FIELD(contact, bits, 2, 10),
};
const struct state_record state_contact = RECORD(contact_fields, 12);

static const struct state_field cold_fields[] = {
	FIELD(cold, overlap, 4, 24), FIELD(cold, odd_helo, 1, 29),
	FIELD(cold, found_s, 4, 44), FIELD(cold, direct_s, 4, 48),
	FIELD(cold, aged_s, 4, 52),  FIELD(cold, inbound, 8, 64),
};
const struct state_record state_cold = RECORD(cold_fields, 88);

static const struct state_field usage_fields[] = {
	FIELD(usage, hour, 4, 0),	FIELD(usage, in_hour, 4, 4),
	FIELD(usage, active, 4, 8),	FIELD(usage, busy_hours, 1, 12),
	FIELDS(usage, window_s, 4, 16), FIELDS(usage, in_window, 2, 24),
	FIELDS(usage, before, 2, 28),	FIELDS(usage, users, 4, 32),
	FIELDS(usage, servers, 4, 52),	FIELD(usage, helo_hour, 4, 64),
	FIELDS(usage, helos, 4, 68),	FIELD(usage, n_users, 1, 80),
	FIELD(usage, n_servers, 1, 81), FIELD(usage, n_helos, 1, 82),
};
const struct state_record state_usage = RECORD(usage_fields, 84);

/* ---- the layout ---- */

/* FNV-1a. */
static uint32_t layout_byte(uint32_t hash, uint8_t byte)
{
	return (hash ^ byte) * 16777619u;
}

uint32_t state_layout_of(uint32_t before, const struct state_record *kind)
{
	uint32_t hash = layout_byte(before ^ 2166136261u, (uint8_t)kind->n);

	for (size_t i = 0; i < kind->n; i++) {
		const struct state_field *f = &kind->fields[i];

		for (const char *c = f->name; *c; c++)
			hash = layout_byte(hash, (uint8_t)*c);
		hash = layout_byte(hash, f->n);
		hash = layout_byte(hash, f->width);
	}
	return hash;
}

uint32_t state_layout(void)
{
	static const struct state_record *const kinds[] = {
		&state_source,	&state_history, &state_tail,
		&state_contact, &state_cold,	&state_usage,
	};
	uint32_t hash = 0;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		hash = state_layout_of(hash, kinds[i]);
	return hash;
}

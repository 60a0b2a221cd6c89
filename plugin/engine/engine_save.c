/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes the state file. Attempts under way are not kept: a SYN repeated across
 * a restart counts as a new attempt.
 */
#include "engine_state.h"

#include <nettle/sha2.h>

static const char magic[] = ENGINE_STATE STATE_VERSION;

struct saver {
	struct byte_writer out;
	struct sha256_ctx sha;
	int (*write)(void *ctx, const void *bytes, size_t len);
	void *ctx;
};

static int save_block(void *ctx, const void *bytes, size_t len)
{
	struct saver *s = ctx;

	sha256_update(&s->sha, len, bytes);
	return s->write(s->ctx, bytes, len);
}

/* ---- records ---- */

static uint64_t member_number(const uint8_t *member, size_t size)
{
	uint16_t two;
	uint32_t four;
	uint64_t eight;

	switch (size) {
	case sizeof(two):
		memcpy(&two, member, sizeof(two));
		return two;
	case sizeof(four):
		memcpy(&four, member, sizeof(four));
		return four;
	case sizeof(eight):
		memcpy(&eight, member, sizeof(eight));
		return eight;
	}
	return *member;
}

static void save_record(struct byte_writer *w, const struct state_record *kind,
			const void *from)
{
	for (size_t i = 0; i < kind->n; i++) {
		const struct state_field *f = &kind->fields[i];
		const uint8_t *member = (const uint8_t *)from + f->offset;

		for (size_t k = 0; k < f->n; k++, member += f->size)
			bytes_write_le(w, member_number(member, f->size),
				       f->width);
	}
}

#define SUM_DETECTOR(detector, ...) [SUM_##detector] = DETECTOR_##detector,
static const uint8_t sum_detectors[SUMS] = { DETECTORS(SUM_DETECTOR,
						       DETECTOR_SKIP) };

/* Saves n sums whose first has a place: those that are not 0. */
static void save_sums(struct byte_writer *w, const float *sums,
		      enum sum_place first, size_t n)
{
	uint32_t bits[SUMS];
	size_t written = 0;

	memcpy(bits, sums, n * sizeof(*bits));
	for (size_t i = 0; i < n; i++)
		written += bits[i] != 0;
	bytes_write_le(w, written, 1);
	for (size_t i = 0; i < n; i++) {
		if (!bits[i])
			continue;
		bytes_write_le(w, sum_detectors[first + i], 1);
		bytes_write_le(w, bits[i], 4);
	}
}

/* ---- sources ---- */

static void save_cold(struct byte_writer *w, const struct history *h)
{
	const struct cold *r = h->cold;

	save_record(w, &state_cold, r);
	save_sums(w, r->sum, SUMS_OFTEN, SUMS_COLD);
	for (uint32_t i = 0; i < r->others.cap; i++)
		if (r->others.items[i])
			bytes_write_le(w, r->others.items[i], 8);
	if (r->others.registers)
		bytes_write(w, r->others.registers,
			    (size_t)1 << DESTINATION_LIMITS.log_registers);
	bytes_write(w, r->examples,
		    (size_t)r->n_examples * (h->family == 4 ? 4 : 16));
	if (r->usage)
		save_record(w, &state_usage, r->usage);
}

static void save_history(struct byte_writer *w, const struct history *h)
{
	const struct cold *r = history_cold_of(h);
	struct state_tail tail = {
		.contacts = h->n_contacts,
		.others = r->others.n,
		.cold = !!h->cold,
		.examples = r->n_examples,
		.registers = !!r->others.registers,
		.usage = !!r->usage,
	};

	save_record(w, &state_history, h);
	bytes_write_le(w, (uint64_t)(h->submits | h->found_high << 1) << 4, 1);
	save_sums(w, h->sum, 0, SUMS_OFTEN);
	save_record(w, &state_tail, &tail);
	for (uint32_t i = 0; i < h->contacts_cap; i++)
		if (h->contacts[i].first_s)
			save_record(w, &state_contact, &h->contacts[i]);
	if (h->cold)
		save_cold(w, h);
}

static void save_source(struct byte_writer *w, const struct source *s)
{
	const struct state_source_record flat = { s->key,
						  (uint32_t)s->attempts,
						  (uint32_t)s->syns,
						  s->first_s,
						  s->last_s,
						  s->address,
						  s->ports,
						  s->flags };

	save_record(w, &state_source, &flat);
	bytes_write_le(w, s->family | (uint64_t)s->keep_rank << 4, 1);
	bytes_write_le(w, !!s->history, 1);
	if (s->history)
		save_history(w, s->history);
}

/* ---- the file ---- */

static void save_header(struct byte_writer *w, const struct engine *e)
{
	bytes_write(w, magic, sizeof(magic) - 1);
	bytes_write_le(w, e->judge.start_s, 4);
	bytes_write_le(w, e->judge.clock_s, 4);
	bytes_write_le(w, e->judge.sources.n, 4);
	bytes_write_le(w, e->judge.warm, 1);
	bytes_write_le(w, e->key.word[0], 8);
	bytes_write_le(w, e->key.word[1], 8);
	bytes_write_le(w, e->n_ports, 1);
	for (size_t i = 0; i < e->n_ports; i++)
		bytes_write_le(w, e->port_numbers[i], 2);
}

int engine_save(struct engine *e,
		int (*write)(void *ctx, const void *bytes, size_t len),
		void *ctx)
{
	struct saver s = { .out = { .write = save_block, .ctx = &s },
			   .write = write,
			   .ctx = ctx };
	uint8_t sum[SHA256_DIGEST_SIZE];

	sha256_init(&s.sha);
	save_header(&s.out, e);
	for (uint32_t i = 0; i < e->judge.sources.cap; i++) {
		const struct source *source = source_at(&e->judge.sources, i);

		if (source->family)
			save_source(&s.out, source);
	}
	if (bytes_flush(&s.out))
		return s.out.error;
	sha256_digest(&s.sha, sizeof(sum), sum);
	return write(ctx, sum, sizeof(sum));
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "record_wire.h"

#include <string.h>

#define TIME_MOST_S 4294967295 /* frames have no later time */

const struct wire_form record_forms[RECORD_KINDS] = {
	[RECORD_OPEN] =
		WIRE_FORM_4(struct record_open, store, listen, user, inputs),
	[RECORD_ATTEMPT] = WIRE_FORM_2(struct record_attempt, clause, decided),
	[RECORD_EARLY] = WIRE_FORM_2(struct record_attempt, clause, decided),
	[RECORD_FINDING] = WIRE_FORM(struct finding),
	[RECORD_STEP] = WIRE_FORM(struct store_step),
	[RECORD_TICK] = WIRE_FORM(struct record_tick),
	[RECORD_SUBMIT] = WIRE_FORM(uint8_t),
	[RECORD_LOADED] = WIRE_FORM(struct record_loaded),
	[RECORD_VIEW] = WIRE_FORM(struct record_view),
	[RECORD_HEALTH] = WIRE_FORM_1(struct record_health, complaint),
	[RECORD_CLOSE] = WIRE_FORM(uint8_t),
	[RECORD_READY] = WIRE_FORM_1(struct record_ready, address),
	[RECORD_ALIVE] = WIRE_FORM(uint8_t),
	[RECORD_ASK] = WIRE_FORM(struct record_ask),
	[RECORD_DONE] = WIRE_FORM(struct record_done),
};

_Static_assert(sizeof(struct record_view) < WIRE_MESSAGE_MOST,
	       "a view fits into a message");

/* A byte that is neither 0 nor 1 is no bool to the compiler. */
static bool wire_is_bool(const bool *at)
{
	uint8_t byte;

	memcpy(&byte, at, sizeof(byte));
	return byte <= 1;
}

static bool wire_is_time_us(int64_t time_us)
{
	return time_us >= 0 && time_us / 1000000 <= TIME_MOST_S;
}

static bool wire_is_family(uint8_t family)
{
	return family == 4 || family == 6;
}

static bool attempt_is_sane(const struct record_attempt *a)
{
	return wire_is_time_us(a->time_us) && wire_is_family(a->family) &&
	       a->outcome < OUTCOME_N && a->early_outcome < OUTCOME_N &&
	       a->was_early <= 1 && a->observed <= 1;
}

static bool finding_is_sane(const struct finding *f)
{
	return (unsigned int)f->detector < DETECTOR_N &&
	       wire_is_family(f->family) && wire_is_time_us(f->time_us) &&
	       wire_is_bool(&f->destinations_exact) &&
	       wire_is_bool(&f->again) && wire_is_bool(&f->proven) &&
	       wire_is_bool(&f->blocked) && wire_is_bool(&f->mail_server) &&
	       wire_is_bool(&f->unsure) && f->systems <= SYSTEMS_ALL &&
	       f->n_examples <= EXAMPLES_MOST;
}

static bool sight_is_sane(const struct sight_view *v)
{
	if (!wire_is_bool(&v->looked) || !wire_is_bool(&v->known) ||
	    !wire_is_bool(&v->reads_logs) || !wire_is_bool(&v->observes) ||
	    !wire_is_bool(&v->acting) ||
	    !memchr(v->policy, 0, sizeof(v->policy)) ||
	    !memchr(v->digest, 0, sizeof(v->digest)) || v->n > SIGHT_ITEMS_MOST)
		return false;
	for (uint32_t i = 0; i < v->n; i++)
		if ((unsigned int)v->items[i].complaint >= SIGHT_N ||
		    !memchr(v->items[i].text, 0, sizeof(v->items[i].text)))
			return false;
	return true;
}

static bool view_is_sane(const struct record_view *v)
{
	const struct engine_summary *s = &v->summary;

	for (size_t i = 0; i < PORTS_MOST; i++)
		if (!wire_is_bool(&s->ports[i].pairs_exact))
			return false;
	return wire_is_bool(&v->has_priv) && wire_is_bool(&v->priv_up) &&
	       wire_is_bool(&v->loaded) && wire_is_bool(&v->extra.lost_exact) &&
	       wire_is_bool(&v->extra.final) &&
	       wire_is_bool(&v->extra.has_quarantine) &&
	       sight_is_sane(&v->extra.sight) && wire_is_bool(&s->warm) &&
	       s->n_ports <= PORTS_MOST;
}

static bool open_is_sane(const struct record_open *o)
{
	return wire_is_bool(&o->live) && wire_is_bool(&o->keep_destinations) &&
	       wire_is_bool(&o->allow_remote) && o->keep_s >= 0;
}

static bool ready_is_sane(int32_t code)
{
	return code >= 0 && code <= 255;
}

bool record_is_sane(uint32_t kind, const union record_row *row)
{
	switch ((enum record_kind)kind) {
	case RECORD_OPEN:
		return open_is_sane(&row->open);
	case RECORD_ATTEMPT:
	case RECORD_EARLY:
		return attempt_is_sane(&row->attempt);
	case RECORD_FINDING:
		return finding_is_sane(&row->finding);
	case RECORD_STEP:
		return row->step.time_s >= 0 && row->step.time_s <= TIME_MOST_S;
	case RECORD_TICK:
		return row->tick.now_s >= 0 && row->tick.now_s <= TIME_MOST_S;
	case RECORD_LOADED:
		return row->loaded.n <= RECORD_PIECE;
	case RECORD_VIEW:
		return view_is_sane(&row->view);
	case RECORD_HEALTH:
		return sight_is_sane(&row->health.sight);
	case RECORD_READY:
		return ready_is_sane(row->ready.code);
	case RECORD_ASK:
		return row->ask.kind == RECORD_VIEW ||
		       row->ask.kind == RECORD_HEALTH;
	case RECORD_DONE:
		return ready_is_sane(row->done.code);
	case RECORD_SUBMIT:
	case RECORD_CLOSE:
	case RECORD_ALIVE:
		return true;
	case RECORD_KINDS:
		break;
	}
	return false;
}

bool record_is_to_recorder(uint32_t kind)
{
	return kind <= RECORD_CLOSE;
}

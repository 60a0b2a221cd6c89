/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Engines: events, calls, and what a host may ask of them. */
#include "abi_priv.h"
#include "../../rules/base/service.h"

#include <stdlib.h>
#include <string.h>

#define LOG_PREFIX_MOST 256 /* the kernel's have at most 127 bytes */

struct mailwall_engine {
	struct engine *engine;
	struct mailwall_policy *policy; /* held; may be NULL */
	struct mailwall_engine_config config;
	struct abi_asker asker;
	struct decide_input input;
	bool inside; /* a call is under way: others come from a callback */
	bool gone;   /* a callback freed it: no callback follows */
	bool begun;  /* a frame or a time came */
	char interface_name[];
};

/* ---- events ---- */

static const char *abi_engine_service_name(uint16_t port)
{
	const struct service *s = service_by_port(port);

	return s ? s->name : NULL;
}

static void abi_engine_add_decision(const struct mailwall_engine *m,
				    const struct clause *c,
				    struct mailwall_attempt *out)
{
	out->decided_index = MAILWALL_NO_CLAUSE;
	if (!c)
		return;
	out->decided = c->id;
	out->decided_index = abi_clause_index(m->policy, c);
	out->decided_action = c->action;
}

static void abi_engine_add_replies(const struct dialogue *d,
				   struct mailwall_attempt *out)
{
	if (!d)
		return;
	memcpy(out->replies_mail, d->replies[STAGE_MAIL], 3);
	memcpy(out->replies_rcpt, d->replies[STAGE_RCPT], 3);
	memcpy(out->replies_data, d->replies[STAGE_DATA], 3);
}

static struct mailwall_attempt
abi_engine_attempt(const struct mailwall_engine *m,
		   const struct attempt_event *a)
{
	struct mailwall_attempt out = {
		.size = sizeof(out),
		.time_us = a->time_us,
		.last_us = a->last_us,
		.clause = a->clause,
		.service = abi_engine_service_name(a->port),
		.outcome = a->outcome,
		.early_outcome = a->early_outcome,
		.seen = a->seen,
		.source_port = a->source_port,
		.port = a->port,
		.syns = a->syns,
		.family = a->family,
		.input = a->input,
		.established = a->established,
		.would_block = a->would_block,
		.was_early = a->was_early,
		.hidden = a->hidden,
	};

	abi_engine_add_decision(m, a->decided, &out);
	abi_engine_add_replies(a->dialogue, &out);
	memcpy(out.source, a->source.byte, 16);
	memcpy(out.destination, a->destination.byte, 16);
	return out;
}

static void abi_on_attempt(void *ctx, const struct attempt_event *event)
{
	const struct mailwall_engine *m = ctx;
	struct mailwall_attempt a;

	if (m->gone)
		return;
	a = abi_engine_attempt(m, event);
	m->config.attempt(m->config.ctx, &a);
}

static void abi_on_early(void *ctx, const struct attempt_event *event)
{
	const struct mailwall_engine *m = ctx;
	struct mailwall_attempt a;

	if (m->gone)
		return;
	a = abi_engine_attempt(m, event);
	m->config.early(m->config.ctx, &a);
}

static void abi_on_finding(void *ctx, const struct finding *f)
{
	const struct mailwall_engine *m = ctx;
	struct mailwall_finding out = {
		.size = sizeof(out),
		.time_us = f->time_us,
		.first_s = f->first_s,
		.last_s = f->last_s,
		.attempts = f->attempts,
		.syns = f->syns,
		.destinations = f->destinations,
		.groups = f->groups,
		.kind = detector_finding(f->detector),
		.detector = f->detector,
		.port = f->port,
		.family = f->family,
		.destinations_exact = f->destinations_exact,
		.again = f->again,
		.proven = f->proven,
		.blocked = f->blocked,
		.n_examples = f->n_examples,
		.mail_server = f->mail_server,
		.unsure = f->unsure,
		.systems = f->systems,
	};

	if (m->gone)
		return;
	memcpy(out.source, f->source.byte, 16);
	for (uint8_t i = 0; i < f->n_examples; i++)
		memcpy(out.examples[i], f->examples[i].byte, 16);
	m->config.finding(m->config.ctx, &out);
}

/* ---- entering and leaving a call ---- */

static int abi_engine_enter(struct mailwall_engine *m, struct why why)
{
	if (!m)
		return abi_refuse(why, -EINVAL, "the engine is NULL");
	if (m->inside)
		return abi_refuse(why, -EBUSY,
				  "the engine is in a call already: this is "
				  "one of its callbacks");
	m->inside = true;
	return 0;
}

static void abi_engine_release(struct mailwall_engine *m)
{
	engine_free(m->engine);
	abi_policy_free(m->policy);
	free(m);
}

/* A call during which the engine was freed, or member() failed, failed. */
static int abi_engine_leave(struct mailwall_engine *m, int result,
			    struct why why)
{
	m->inside = false;
	if (m->gone) {
		abi_engine_release(m);
		return abi_refuse(why, -ECANCELED,
				  "a callback freed the engine");
	}
	if (!result && m->asker.error)
		result = abi_member_failed(&m->asker, why);
	m->asker.error = 0;
	return result;
}

void abi_engine_free(struct mailwall_engine *m)
{
	if (!m)
		return;
	if (m->inside)
		m->gone = true;
	else
		abi_engine_release(m);
}

/* ---- making one ---- */

static int abi_engine_refuse(int error, struct why why)
{
	if (error == -E2BIG)
		return abi_refuse(why, error,
				  "the policy names more than %d ports, which "
				  "is the most that can be watched",
				  PORTS_MOST);
	return abi_no_memory(why);
}

static int abi_check_config(const struct mailwall_engine_config *c,
			    struct why why)
{
	uint64_t memory = c->memory; /* size_t may have 32 bits */
	int error;

	if (!c->key[0] && !c->key[1])
		return abi_refuse(why, -EINVAL,
				  "the key is all zeros: it has to be secret "
				  "and random");
	if (memory > MAILWALL_MEMORY_MOST)
		return abi_refuse(why, -EINVAL,
				  "an engine has at most %llu bytes of memory, "
				  "not %zu",
				  (unsigned long long)MAILWALL_MEMORY_MOST,
				  c->memory);
	error = abi_check_flag("mailwall_engine_config", "skip_warmup",
			       c->skip_warmup, why);
	if (!error)
		error = abi_check_reserved("mailwall_engine_config",
					   c->reserved, sizeof(c->reserved),
					   why);
	if (!error && c->policy)
		error = abi_check_good_policy(c->policy, why);
	return error;
}

static int abi_engine_start(struct mailwall_engine *m)
{
	const struct mailwall_engine_config *c = &m->config;
	struct engine_config config = {
		.policy = c->policy ? c->policy->policy : NULL,
		.members = c->members ? &m->input : NULL,
		.interface = c->interface_name ? m->interface_name : NULL,
		.key = { c->key[0], c->key[1] },
		.memory = c->memory,
		.skip_warmup = c->skip_warmup != 0,
		.ctx = m,
		.attempt = c->attempt ? abi_on_attempt : NULL,
		.early = c->early ? abi_on_early : NULL,
		.finding = c->finding ? abi_on_finding : NULL,
	};

	m->input = (struct decide_input){ abi_member, &m->asker };
	return engine_new(&config, &m->engine);
}

/* An engine that was not started; its config has no members any more. */
static struct mailwall_engine *
abi_engine_make(const struct mailwall_engine_config *c,
		const struct abi_asker *asker)
{
	const char *name = c->interface_name ? c->interface_name : "";
	struct mailwall_engine *m = calloc(1, sizeof(*m) + strlen(name) + 1);

	if (!m)
		return NULL;
	strcpy(m->interface_name, name);
	m->config = *c;
	m->asker = *asker;
	m->asker.gone = &m->gone;
	return m;
}

int abi_engine_new(const struct mailwall_engine_config *theirs,
		   struct mailwall_engine **out, char *text, size_t size)
{
	const struct abi_struct s =
		ABI_STRUCT(mailwall_engine_config, reserved);
	struct why why = abi_why(text, size);
	struct mailwall_engine_config c;
	struct abi_asker asker = { 0 };
	struct mailwall_engine *m;
	int error;

	if (!out)
		return abi_refuse(why, -EINVAL, "no place for the engine");
	*out = NULL;
	error = abi_read_struct(&s, &c, theirs, why);
	if (!error)
		error = abi_read_members(&asker, c.members, why);
	if (!error)
		error = abi_check_config(&c, why);
	if (error)
		return error;
	m = abi_engine_make(&c, &asker);
	if (!m)
		return abi_no_memory(why);
	error = abi_engine_start(m);
	if (error) {
		free(m);
		return abi_engine_refuse(error, why);
	}
	m->policy = abi_policy_ref(c.policy);
	*out = m;
	return 0;
}

int abi_engine_set_policy(struct mailwall_engine *m,
			  struct mailwall_policy *policy, char *text,
			  size_t size)
{
	struct why why = abi_why(text, size);
	int error = abi_engine_enter(m, why);

	if (error)
		return error;
	if (policy)
		error = abi_check_good_policy(policy, why);
	if (error)
		return abi_engine_leave(m, error, why);
	error = engine_policy(m->engine, policy ? policy->policy : NULL);
	if (error)
		return abi_engine_leave(m, abi_engine_refuse(error, why), why);
	abi_policy_ref(policy);
	abi_policy_free(m->policy);
	m->policy = policy;
	return abi_engine_leave(m, 0, why);
}

/* ---- frames and time ---- */

static int abi_check_frame(const struct mailwall_frame *f, struct why why)
{
	static const struct abi_struct s = { "mailwall_frame",
					     sizeof(struct mailwall_frame),
					     END_OF(mailwall_frame, reserved) };
	int error = abi_check_struct(&s, f, why);

	if (!error && !f->data && f->caplen)
		error = abi_refuse(why, -EINVAL, "a frame's data is NULL");
	if (!error)
		error = abi_check_reserved(s.name, f->reserved,
					   sizeof(f->reserved), why);
	return error;
}

/*
 * The struct is not copied, which would take longer than most frames do: every
 * member that is read was there in 1.0. A member that comes later is read only
 * where size says that it is there.
 */
int abi_engine_frame(struct mailwall_engine *m, const struct mailwall_frame *f,
		     char *text, size_t size)
{
	struct why why = abi_why(text, size);
	struct frame frame;
	int error = abi_engine_enter(m, why);

	if (error)
		return error;
	error = abi_check_frame(f, why);
	if (error)
		return abi_engine_leave(m, error, why);
	frame = (struct frame){
		.data = f->data ? f->data : (const uint8_t *)"",
		.caplen = f->caplen,
		.len = f->len,
		.time_us = f->time_us,
		.link = f->link,
		.input = f->input,
	};
	if (f->log_prefix && *f->log_prefix) {
		frame.prefix = f->log_prefix;
		frame.prefix_len =
			(uint32_t)strnlen(f->log_prefix, LOG_PREFIX_MOST);
	}
	m->begun = true;
	engine_frame(m->engine, &frame);
	return abi_engine_leave(m, 0, why);
}

int abi_engine_time(struct mailwall_engine *m, int64_t now_us, char *text,
		    size_t size)
{
	struct why why = abi_why(text, size);
	int error = abi_engine_enter(m, why);

	if (error)
		return error;
	m->begun = true;
	engine_time(m->engine, now_us);
	return abi_engine_leave(m, 0, why);
}

int abi_engine_clock_step(struct mailwall_engine *m, int64_t step_us,
			  char *text, size_t size)
{
	struct why why = abi_why(text, size);
	int error = abi_engine_enter(m, why);

	if (error)
		return error;
	engine_clock_step(m->engine, step_us);
	return abi_engine_leave(m, 0, why);
}

int abi_engine_end(struct mailwall_engine *m, char *text, size_t size)
{
	struct why why = abi_why(text, size);
	int error = abi_engine_enter(m, why);

	if (error)
		return error;
	engine_end(m->engine);
	return abi_engine_leave(m, 0, why);
}

/* ---- summary, ports, sources ---- */

static struct mailwall_summary
abi_engine_counts(const struct mailwall_engine *m,
		  const struct engine_summary *s)
{
	struct mailwall_summary out = {
		.packets = s->packets,
		.bytes = s->bytes,
		.first_us = s->first_us,
		.last_us = s->last_us,
		.sources = s->sources,
		.sources_evicted = s->sources_evicted,
		.histories_evicted = s->histories_evicted,
		.attempts_cut = s->attempts_cut,
		.connections_cut = s->connections_cut,
		.clauses_cut = s->clauses_cut,
		.clock_steps = s->clock_steps,
		.times_refused = s->times_refused,
		.members_failed = m->asker.failed,
		.memory = s->memory,
		.n_ports = (uint32_t)s->n_ports,
		.warm = s->warm,
	};

	memcpy(out.decoded, s->decoded, sizeof(s->decoded));
	memcpy(out.findings, s->findings, sizeof(s->findings));
	memcpy(out.hidden, s->hidden, sizeof(s->hidden));
	return out;
}

int abi_engine_summary(struct mailwall_engine *m, struct mailwall_summary *out,
		       char *text, size_t size)
{
	const struct abi_struct s = ABI_STRUCT(mailwall_summary, reserved);
	struct why why = abi_why(text, size);
	struct engine_summary sum;
	struct mailwall_summary ours;
	int error = abi_engine_enter(m, why);

	if (error)
		return error;
	error = abi_check_struct(&s, out, why);
	if (error)
		return abi_engine_leave(m, error, why);
	engine_summary(m->engine, &sum);
	ours = abi_engine_counts(m, &sum);
	if (!m->gone)
		abi_fill_struct(&s, &ours, out);
	return abi_engine_leave(m, 0, why);
}

static struct mailwall_port abi_engine_port_of(const struct port_counts *p)
{
	return (struct mailwall_port){
		.size = sizeof(struct mailwall_port),
		.service = abi_engine_service_name(p->port),
		.syns = p->syns,
		.attempts = p->attempts,
		.pairs = p->pairs,
		.answered = p->answered,
		.established = p->established,
		.half_open = p->half_open,
		.refused = p->refused,
		.icmp_refused = p->icmp_refused,
		.unanswered = p->unanswered,
		.blocked = p->blocked,
		.open = p->open,
		.banner = p->banner,
		.implicit_tls = p->implicit_tls,
		.starttls = p->starttls,
		.starttls_tls = p->starttls_tls,
		.cleartext_auth = p->cleartext_auth,
		.midstream = p->midstream,
		.would_block = p->would_block,
		.port = p->port,
		.pairs_exact = p->pairs_exact,
	};
}

int abi_engine_ports(struct mailwall_engine *m, mailwall_port_fn *fn, void *ctx,
		     char *text, size_t size)
{
	struct why why = abi_why(text, size);
	struct engine_summary sum;
	int result = abi_engine_enter(m, why);

	if (result)
		return result;
	if (!fn)
		return abi_engine_leave(m, abi_no_function(why), why);
	engine_summary(m->engine, &sum);
	for (size_t i = 0; i < sum.n_ports && !result && !m->gone; i++) {
		struct mailwall_port p = abi_engine_port_of(&sum.ports[i]);

		result = fn(ctx, &p);
	}
	return abi_engine_leave(m, abi_walk_result(result, why), why);
}

struct abi_source_walk {
	const struct mailwall_engine *engine;
	mailwall_source_fn *fn;
	void *ctx;
	int result;
};

static void abi_on_source(void *ctx, const struct source_view *v)
{
	struct abi_source_walk *w = ctx;
	struct mailwall_source s = {
		.size = sizeof(s),
		.first_s = v->first_s,
		.last_s = v->last_s,
		.attempts = v->attempts,
		.syns = v->syns,
		.destinations = v->destinations,
		.groups = v->groups,
		.score = (double)v->score,
		.n_ports = (uint32_t)v->n_ports,
		.family = v->family,
		.destinations_exact = v->destinations_exact,
		.spam = v->spam,
		.mail_server = v->mail_server,
		.proven = v->proven,
		.would_be_blocked = v->would_be_blocked,
		.allowed = v->allowed,
	};

	if (w->result || w->engine->gone)
		return;
	memcpy(s.ports, v->ports, sizeof(s.ports));
	memcpy(s.source, v->source.byte, 16);
	w->result = w->fn(w->ctx, &s);
}

int abi_engine_sources(struct mailwall_engine *m, mailwall_source_fn *fn,
		       void *ctx, char *text, size_t size)
{
	struct why why = abi_why(text, size);
	struct abi_source_walk w = { .engine = m, .fn = fn, .ctx = ctx };
	int error = abi_engine_enter(m, why);

	if (error)
		return error;
	if (!fn)
		return abi_engine_leave(m, abi_no_function(why), why);
	engine_sources(m->engine, abi_on_source, &w);
	return abi_engine_leave(m, abi_walk_result(w.result, why), why);
}

/* ---- saved and loaded ---- */

struct abi_save {
	const struct mailwall_engine *engine;
	mailwall_write_fn *write;
	void *ctx;
};

static int abi_save_write(void *ctx, const void *bytes, size_t len)
{
	const struct abi_save *s = ctx;

	return s->engine->gone ? -ECANCELED :
				 abi_errno(s->write(s->ctx, bytes, len));
}

int abi_engine_save(struct mailwall_engine *m, mailwall_write_fn *write,
		    void *ctx, char *text, size_t size)
{
	struct why why = abi_why(text, size);
	struct abi_save save = { m, write, ctx };
	int error = abi_engine_enter(m, why);

	if (error)
		return error;
	if (!write)
		return abi_engine_leave(m, abi_no_function(why), why);
	error = engine_save(m->engine, abi_save_write, &save);
	if (error)
		abi_refuse(why, error, "writing the sources: %s",
			   strerror(-error));
	return abi_engine_leave(m, error, why);
}

int abi_engine_load(struct mailwall_engine *m, const void *bytes, size_t len,
		    char *text, size_t size)
{
	struct why why = abi_why(text, size);
	const char *wrong = NULL;
	int error = abi_engine_enter(m, why);

	if (error)
		return error;
	if (!bytes)
		return abi_engine_leave(
			m, abi_refuse(why, -EINVAL, "bytes are NULL"), why);
	if (m->begun)
		return abi_engine_leave(
			m,
			abi_refuse(why, -EBUSY,
				   "the engine is at work already; "
				   "load into a new one"),
			why);
	error = engine_load(m->engine, bytes, len, &wrong);
	if (error)
		return abi_engine_leave(m, abi_refuse(why, error, "%s", wrong),
					why);
	m->begun = true;
	return abi_engine_leave(m, 0, why);
}

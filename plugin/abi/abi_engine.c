/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Engines, as mailwall.h has them. */
#include "abi_priv.h"
#include "../../rules/base/service.h"

#include <stdlib.h>
#include <string.h>

struct mailwall_engine {
	struct engine *engine;
	struct mailwall_policy *policy; /* held; may be NULL */
	struct mailwall_engine_config config;
	struct mailwall_members members;
	struct decide_input input;
	bool inside; /* a call is under way: what comes now is a callback's */
	bool gone;   /* it was freed by one */
	bool begun;  /* it was told of time */
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

static void add_replies(const struct dialogue *d, struct mailwall_attempt *out)
{
	if (!d)
		return;
	memcpy(out->replies_mail, d->replies[STAGE_MAIL], 3);
	memcpy(out->replies_rcpt, d->replies[STAGE_RCPT], 3);
	memcpy(out->replies_data, d->replies[STAGE_DATA], 3);
}

static struct mailwall_attempt attempt_of(const struct mailwall_engine *m,
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
	};

	abi_engine_add_decision(m, a->decided, &out);
	add_replies(a->dialogue, &out);
	memcpy(out.source, a->source.byte, 16);
	memcpy(out.destination, a->destination.byte, 16);
	return out;
}

static void tell_attempt(void *ctx, const struct attempt_event *event)
{
	const struct mailwall_engine *m = ctx;
	struct mailwall_attempt a = attempt_of(m, event);

	m->config.attempt(m->config.ctx, &a);
}

static void tell_early(void *ctx, const struct attempt_event *event)
{
	const struct mailwall_engine *m = ctx;
	struct mailwall_attempt a = attempt_of(m, event);

	m->config.early(m->config.ctx, &a);
}

static void abi_engine_tell_finding(void *ctx, const struct finding *f)
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
	};

	memcpy(out.source, f->source.byte, 16);
	for (uint8_t i = 0; i < f->n_examples; i++)
		memcpy(out.examples[i], f->examples[i].byte, 16);
	m->config.finding(m->config.ctx, &out);
}

/* ---- from call to call ---- */

static int enter(struct mailwall_engine *m, struct why why)
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

static int leave(struct mailwall_engine *m, int result)
{
	m->inside = false;
	if (m->gone)
		abi_engine_release(m);
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

static int refuse_engine(int error, struct why why)
{
	if (error == -E2BIG)
		return abi_refuse(why, error,
				  "the policy names more than %d ports, which "
				  "is the most that can be watched",
				  PORTS_MOST);
	return abi_no_memory(why);
}

static int check_config(const struct mailwall_engine_config *c, struct why why)
{
	if (!c->key[0] && !c->key[1])
		return abi_refuse(why, -EINVAL,
				  "the key is all zeros: it has to be secret "
				  "and random");
	return c->policy ? abi_good_policy(c->policy, why) : 0;
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
		.attempt = c->attempt ? tell_attempt : NULL,
		.early = c->early ? tell_early : NULL,
		.finding = c->finding ? abi_engine_tell_finding : NULL,
	};

	m->input = (struct decide_input){ abi_member, &m->members };
	return engine_new(&config, &m->engine);
}

int abi_engine_new(const struct mailwall_engine_config *theirs,
		   struct mailwall_engine **out, char *text, size_t size)
{
	const struct abi_struct sc =
		ABI_STRUCT(mailwall_engine_config, reserved);
	const struct abi_struct sm = ABI_STRUCT(mailwall_members, member);
	struct why why = why_of(text, size);
	struct mailwall_engine_config c;
	struct mailwall_members members = { 0 };
	struct mailwall_engine *m;
	const char *name;
	int error;

	if (!out)
		return abi_refuse(why, -EINVAL, "no place for the engine");
	*out = NULL;
	error = abi_take(&sc, &c, theirs, why);
	if (!error && c.members)
		error = abi_take(&sm, &members, c.members, why);
	if (!error)
		error = check_config(&c, why);
	if (error)
		return error;
	name = c.interface_name ? c.interface_name : "";
	m = calloc(1, sizeof(*m) + strlen(name) + 1);
	if (!m)
		return abi_no_memory(why);
	strcpy(m->interface_name, name);
	m->config = c;
	m->members = members;
	error = abi_engine_start(m);
	if (error) {
		free(m);
		return refuse_engine(error, why);
	}
	if (c.policy)
		abi_policy_hold(c.policy);
	m->policy = c.policy;
	*out = m;
	return 0;
}

int abi_engine_policy(struct mailwall_engine *m, struct mailwall_policy *policy,
		      char *text, size_t size)
{
	struct why why = why_of(text, size);
	int error = enter(m, why);

	if (error)
		return error;
	if (policy)
		error = abi_good_policy(policy, why);
	if (error)
		return leave(m, error);
	error = engine_policy(m->engine, policy ? policy->policy : NULL);
	if (error)
		return leave(m, refuse_engine(error, why));
	if (policy)
		abi_policy_hold(policy);
	abi_policy_free(m->policy);
	m->policy = policy;
	return leave(m, 0);
}

/* ---- what it is told ---- */

/*
 * The struct is not copied, which would take longer than most frames do: all
 * that is read of it was there in 1.0. One day's new member is read where
 * size says that it is there.
 */
int abi_engine_frame(struct mailwall_engine *m, const struct mailwall_frame *f,
		     char *text, size_t size)
{
	static const struct abi_struct s = { "mailwall_frame",
					     sizeof(struct mailwall_frame),
					     END_OF(mailwall_frame, reserved) };
	struct why why = why_of(text, size);
	struct frame frame;
	int error = enter(m, why);

	if (error)
		return error;
	error = abi_look(&s, f, why);
	if (!error && !f->data && f->caplen)
		error = abi_refuse(why, -EINVAL, "a frame's data is NULL");
	if (error)
		return leave(m, error);
	frame = (struct frame){
		.data = f->data ? f->data : (const uint8_t *)"",
		.caplen = f->caplen,
		.len = f->len,
		.time_us = f->time_us,
		.link = f->link,
		.input = f->input,
	};
	m->begun = true;
	engine_frame(m->engine, &frame);
	return leave(m, 0);
}

int abi_engine_time(struct mailwall_engine *m, int64_t now_us, char *text,
		    size_t size)
{
	int error = enter(m, why_of(text, size));

	if (error)
		return error;
	m->begun = true;
	engine_time(m->engine, now_us);
	return leave(m, 0);
}

int abi_engine_end(struct mailwall_engine *m, char *text, size_t size)
{
	int error = enter(m, why_of(text, size));

	if (error)
		return error;
	engine_end(m->engine);
	return leave(m, 0);
}

/* ---- what it knows ---- */

static struct mailwall_summary summary_of(const struct engine_summary *s)
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
		.dialogues_cut = s->connections_cut,
		.clauses_cut = s->clauses_cut,
		.clock_steps = s->clock_steps,
		.memory = s->memory,
		.n_ports = (uint32_t)s->n_ports,
		.warm = s->warm,
	};

	memcpy(out.decoded, s->decoded, sizeof(s->decoded));
	memcpy(out.findings, s->findings, sizeof(s->findings));
	return out;
}

int abi_engine_summary(struct mailwall_engine *m, struct mailwall_summary *out,
		       char *text, size_t size)
{
	const struct abi_struct s = ABI_STRUCT(mailwall_summary, warm);
	struct why why = why_of(text, size);
	struct engine_summary sum;
	struct mailwall_summary ours;
	int error = enter(m, why);

	if (error)
		return error;
	error = abi_look(&s, out, why);
	if (error)
		return leave(m, error);
	engine_summary(m->engine, &sum);
	ours = summary_of(&sum);
	abi_give(&s, &ours, out);
	return leave(m, 0);
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
		.number = p->port,
		.pairs_exact = p->pairs_exact,
	};
}

/* A function of the host that ended a walk says so with its number. */
static int ended(int result, struct why why)
{
	if (result)
		abi_refuse(why, result, "the host's function returned %d",
			   result);
	return result;
}

static int no_function(struct why why)
{
	return abi_refuse(why, -EINVAL, "no function to call");
}

int abi_engine_ports(struct mailwall_engine *m,
		     int (*fn)(void *ctx, const struct mailwall_port *port),
		     void *ctx, char *text, size_t size)
{
	struct why why = why_of(text, size);
	struct engine_summary sum;
	int result = enter(m, why);

	if (result)
		return result;
	if (!fn)
		return leave(m, no_function(why));
	engine_summary(m->engine, &sum);
	for (size_t i = 0; i < sum.n_ports && !result; i++) {
		struct mailwall_port p = abi_engine_port_of(&sum.ports[i]);

		result = fn(ctx, &p);
	}
	return leave(m, ended(result, why));
}

struct walk {
	int (*fn)(void *ctx, const struct mailwall_source *source);
	void *ctx;
	int result;
};

static void tell_source(void *ctx, const struct source_view *v)
{
	struct walk *w = ctx;
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
		.spam = v->spam,
		.mail_server = v->mail_server,
		.proven = v->proven,
		.would_be_blocked = v->would_be_blocked,
		.allowed = v->allowed,
	};

	if (w->result)
		return;
	memcpy(s.ports, v->ports, sizeof(s.ports));
	memcpy(s.source, v->source.byte, 16);
	w->result = w->fn(w->ctx, &s);
}

int abi_engine_sources(struct mailwall_engine *m,
		       int (*fn)(void *ctx,
				 const struct mailwall_source *source),
		       void *ctx, char *text, size_t size)
{
	struct why why = why_of(text, size);
	struct walk w = { .fn = fn, .ctx = ctx };
	int error = enter(m, why);

	if (error)
		return error;
	if (!fn)
		return leave(m, no_function(why));
	engine_sources(m->engine, tell_source, &w);
	return leave(m, ended(w.result, why));
}

/* ---- saved and loaded ---- */

int abi_engine_save(struct mailwall_engine *m, mailwall_write_fn *write,
		    void *ctx, char *text, size_t size)
{
	struct why why = why_of(text, size);
	int error = enter(m, why);

	if (error)
		return error;
	if (!write)
		return leave(m, no_function(why));
	error = abi_error(engine_save(m->engine, write, ctx));
	if (error)
		abi_refuse(why, error, "writing what is known: %s",
			   strerror(-error));
	return leave(m, error);
}

int abi_engine_load(struct mailwall_engine *m, const void *bytes, size_t len,
		    char *text, size_t size)
{
	struct why why = why_of(text, size);
	const char *wrong = NULL;
	int error = enter(m, why);

	if (error)
		return error;
	if (!bytes)
		return leave(m, abi_refuse(why, -EINVAL, "bytes are NULL"));
	if (m->begun)
		return leave(m, abi_refuse(why, -EBUSY,
					   "the engine is at work already; "
					   "load into a new one"));
	error = engine_load(m->engine, bytes, len, &wrong);
	if (error)
		return leave(m, abi_refuse(why, error, "%s", wrong));
	m->begun = true;
	return leave(m, 0);
}

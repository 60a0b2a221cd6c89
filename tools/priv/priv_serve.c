/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The process that keeps CAP_NET_ADMIN. */
#include "priv_request.h"
#include "priv_socket.h"
#include "priv_bytes.h"
#include "privilege.h"
#include "sandbox.h"
#include "../../rules/trial/trial_names.h"
#include "../../rules/base/arena.h"
#include "../../rules/emit/emit_netlink.h"
#include "../route/guard_client.h"
#include "../kernel/host_addresses.h"
#include "../kernel/acting.h"
#include "../kernel/members.h"
#include "../kernel/applied.h"
#include "../kernel/transaction.h"
#include "../program/program.h"

#include <stdio.h>
#include <cap-ng.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/netfilter/nf_tables.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define FLAGGED "flagged"
/* Members of a set that the kernel does not count, each time it is asked. */
#define PRIV_UNCOUNTED_MOST 20000
#define PRIV_COUNT_MS	    200
#define TRIES_MOST	    20 /* while others keep changing the rules */

struct priv_state {
	struct netlink netlink;
	struct guard_link link; /* to the guard, if one runs */
	const struct priv_job *job;
	int members_fd;
	bool listens;		/* a service, whose errors are its unit's */
	struct applied applied; /* as it was at the start */
	struct netlink route;
	time_t minute;		/* CLOCK_MONOTONIC */
	unsigned int in_minute; /* sources flagged in it */
	/* The latest difference from the digest in the rules. */
	uint32_t drift_generation;
	char drift[DIGEST_TEXT_BYTES];
};

/* ---- flagging a source ---- */

static void priv_add_source(struct batch *b, enum family family,
			    const struct request *q, uint32_t seconds)
{
	struct elements to = { .family = family,
			       .set = q->family == 4 ? FLAGGED ".v4" :
						       FLAGGED ".v6",
			       .interval = true,
			       .timeout_ms = (uint64_t)seconds * 1000 };
	uint32_t v4 = addr4_load(&q->source);
	struct range4 r4 = { v4, v4 };
	struct range6 r6 = flag_range(q->family, &q->source);

	if (q->family == 4)
		netlink_ranges4(b, &to, &(struct ranges4){ &r4, 1, 1 });
	else
		netlink_ranges6(b, &to, &(struct ranges6){ &r6, 1, 1 });
}

/* Is a member of the class in the range of the source? */
static int priv_class_meets(struct priv_state *s, struct arena *a,
			    enum family table, const struct class *class,
			    const struct request *q, bool *meets)
{
	struct range6 of = flag_range(q->family, &q->source);
	struct members list = { 0 };
	int error =
		members_read(&s->netlink, a, table,
			     arena_printf(a, "%s.v%u", class->name, q->family),
			     q->family, &list);

	for (size_t i = 0; i < list.n && !*meets; i++)
		*meets = addr6_compare(&list.items[i].range.first, &of.last) <=
				 0 &&
			 addr6_compare(&of.first, &list.items[i].range.last) <=
				 0;
	/* Another policy may be loaded, which has no such class. */
	return error == -ENOENT ? 0 : error;
}

static int priv_find_exempt(struct priv_state *s, struct arena *a,
			    enum family table, const struct request *q,
			    bool *exempt)
{
	const struct policy *p = s->job->policy;
	int error = 0;

	for (size_t i = 0; i < p->classes.n && !error && !*exempt; i++)
		if (p->classes.items[i]->kind == CLASS_DYNAMIC &&
		    flag_class_is_allowed(p, p->classes.items[i]))
			error = priv_class_meets(
				s, a, table, p->classes.items[i], q, exempt);
	return error;
}

/* Asks the kernel what the policy cannot know. 0 or -errno. */
static int priv_refuse(struct priv_state *s, struct arena *a, enum family table,
		       const struct request *q, enum flag_refusal *why)
{
	struct range6 of = flag_range(q->family, &q->source);
	bool own = false, exempt = false;
	int error = host_addresses_meet(&s->route, q->family, &of, &own);

	if (!error)
		error = priv_find_exempt(s, a, table, q, &exempt);
	if (!error)
		*why = own ? FLAG_OWN : exempt ? FLAG_EXEMPT : FLAG_MAY_BE;
	return error;
}

/*
 * A guard that was started again has another socket, which this process cannot
 * reach. A service ends, and the next request starts it anew; else the rules
 * are changed without the guard, which works while nobody owns the table.
 */
static bool priv_guard_gone(struct priv_state *s, int error)
{
	if (s->link.fd < 0 ||
	    (error != -EPIPE && error != -ENOBUFS && error != -ECONNRESET))
		return false;
	if (s->listens)
		_exit(0);
	guard_disconnect(&s->link);
	s->netlink.route = NULL;
	return true;
}

static int priv_try_flag(struct priv_state *s, struct arena *a,
			 const struct request *q, enum flag_refusal *why)
{
	struct reading r = { .arena = a };
	struct kernel_errors errors = { 0 };
	struct batch *b;
	int error = kernel_read(&s->netlink, a, &r);
	int family = error ? -1 : reading_family(&r);

	if (error || family < 0)
		return error ? error : -ENOENT;
	error = priv_refuse(s, a, (enum family)family, q, why);
	if (error || *why)
		return error ? error : -EACCES;
	b = batch_new(r.generation);
	if (!b)
		return -ENOMEM;
	priv_add_source(b, (enum family)family, q, s->job->quarantine_s);
	batch_finish(b);
	error = batch_error(b);
	if (!error)
		error = transaction_commit(&s->netlink, b, &errors);
	batch_free(b);
	return priv_guard_gone(s, error) ? -ENOTCONN : error;
}

static int priv_do_flag(struct priv_state *s, struct arena *a,
			const struct request *q, struct reply *out)
{
	enum flag_refusal why = FLAG_MAY_BE;
	struct timespec now;
	int error = -ERESTART;

	if (!s->job->quarantine_s || !s->job->policy)
		return -EPERM;
	why = flag_may_be(s->job->policy, q->family, &q->source);
	clock_gettime(CLOCK_MONOTONIC, &now);
	if (now.tv_sec / 60 != s->minute) {
		s->minute = now.tv_sec / 60;
		s->in_minute = 0;
	}
	if (!why && s->in_minute++ >= PRIV_FLAGS_PER_MINUTE)
		return -EBUSY;
	for (int i = 0; !why && i < TRIES_MOST && transaction_try_again(error);
	     i++)
		error = priv_try_flag(s, a, q, &why);
	out->refusal = why;
	return why ? -EACCES : error;
}

/* ---- counting blocked packets ---- */

static bool priv_listens_to(const struct priv_job *job, int group)
{
	for (size_t i = 0; i < job->n_groups; i++)
		if (job->groups[i] == group)
			return true;
	return false;
}

/* Hashes with FNV-1a, to compare which clauses two counts are of. */
static uint64_t priv_hash_text(uint64_t hash, const char *text)
{
	for (; *text; text++)
		hash = (hash ^ (uint8_t)*text) * 0x100000001b3;
	return (hash ^ 0xff) * 0x100000001b3;
}

/* Packets whose log was held back by a log rate. */
static uint64_t priv_held_back(const struct present *p)
{
	for (size_t i = 0; i < p->counters.n; i++)
		if (!strcmp(p->counters.items[i].name, COUNTER_SUPPRESSED))
			return p->counters.items[i].packets;
	return 0;
}

static int priv_do_counts(struct priv_state *s, struct arena *a,
			  struct block_counts *out)
{
	struct reading r = { .arena = a };
	struct loaded loaded = { 0 };
	int error = kernel_read(&s->netlink, a, &r);
	int family = error ? -1 : reading_family(&r);
	uint64_t without;

	if (error || family < 0)
		return error ? error : -ENOENT;
	error = loaded_read(&s->netlink, &r, (enum family)family, 0, NULL, NULL,
			    &loaded);
	digest_objects_free(&loaded.objects);
	out->clauses = 0xcbf29ce484222325;
	for (size_t i = 0; i < loaded.clauses.n && !error; i++) {
		const struct loaded_clause *c = &loaded.clauses.items[i];

		if (!priv_listens_to(s->job, c->block_group))
			continue;
		out->packets += c->packets;
		out->clauses = priv_hash_text(out->clauses, c->id);
		out->clauses = priv_hash_text(out->clauses, c->text);
	}
	without = priv_held_back(&r.tables[family]);
	out->packets -= without < out->packets ? without : out->packets;
	return error;
}

/* ---- what goes into the file in memory ---- */

static int priv_put_bytes(struct priv_state *s, struct reply *out,
			  const void *bytes, size_t len)
{
	if (pwrite(s->members_fd, bytes, len, (off_t)out->bytes) !=
	    (ssize_t)len)
		return -EIO;
	out->bytes += len;
	return 0;
}

/* Sets expire whatever the clock shows. */
static int64_t priv_now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

static int priv_put_members(struct priv_state *s, const struct present_set *set,
			    const struct members *list, struct reply *out)
{
	struct priv_set head = { .n = list->n };
	int64_t now_ms = priv_now_s() * 1000;
	int error;

	if (strlen(set->name) >= sizeof(head.name))
		return 0;
	strcpy(head.name, set->name);
	error = priv_put_bytes(s, out, &head, sizeof(head));
	for (size_t i = 0; i < list->n && !error; i++) {
		const struct member *m = &list->items[i];
		struct priv_member to = {
			.range = m->range,
			.until_ms = m->expires_ms ?
					    now_ms + (int64_t)m->expires_ms :
					    INT64_MAX,
		};

		error = priv_put_bytes(s, out, &to, sizeof(to));
	}
	return error;
}

static int priv_do_members(struct priv_state *s, struct arena *a,
			   const struct request *q, struct reply *out)
{
	struct reading r = { .arena = a };
	int error = kernel_read(&s->netlink, a, &r);
	int family = error ? -1 : reading_family(&r);
	const struct present *p = family < 0 ? NULL : &r.tables[family];

	out->generation = r.generation;
	if (error || !p || r.generation == q->generation)
		return error;
	for (size_t i = 0; i < p->sets.n && !error; i++) {
		const struct present_set *set = &p->sets.items[i];
		struct members list = { 0 };
		bool v4 = set->key_type == set_key_type(KEY_IPV4);

		if (!members_are_in(set))
			continue;
		error = members_read(&s->netlink, a, (enum family)family,
				     set->name, v4 ? 4 : 6, &list);
		if (!error)
			error = priv_put_members(s, set, &list, out);
	}
	return error;
}

/*
 * Tells whether the request before this one found the same difference. The
 * kernel counts elements of a transaction that is not committed yet, so only a
 * difference that stays is a drift.
 */
static bool priv_drift_stays(struct priv_state *s, const struct loaded *loaded,
			     uint32_t generation)
{
	bool stays = s->drift_generation == generation &&
		     !strcmp(s->drift, loaded->digest);

	s->drift_generation = generation;
	strcpy(s->drift, loaded->digest);
	return stays;
}

/* Maps of ports are how the rules work, not what they know. */
static bool priv_has_fill(const struct present_set *set)
{
	return !(set->flags & NFT_SET_MAP) && !trial_owns_set(set->name);
}

static void priv_count_guards(const struct present *p, struct priv_head *head)
{
	for (size_t i = 0; i < p->counters.n; i++)
		for (size_t g = 0; g < GUARD_N; g++)
			if (!strcmp(p->counters.items[i].name,
				    guard_infos[g].counter)) {
				head->guards[g].counted = 1;
				head->guards[g].packets =
					p->counters.items[i].packets;
			}
}

static uint64_t priv_unlogged(const struct priv_job *job,
			      const struct loaded *loaded)
{
	uint64_t bits = 0;

	for (size_t i = 0; i < job->n_groups; i++) {
		bool logged = false;

		for (size_t k = 0; k < loaded->log_groups.n; k++)
			logged |= loaded->log_groups.items[k] == job->groups[i];
		if (!logged)
			bits |= UINT64_C(1) << i;
	}
	return bits;
}

static int priv_put_head(struct priv_state *s, const struct present *p,
			 const struct loaded *loaded,
			 const struct acting *acting, uint32_t generation,
			 struct reply *out)
{
	struct priv_head head = { .n_clauses = loaded->clauses.n,
				  .n_faults = acting->n,
				  .observes = loaded->observes,
				  .log_groups = loaded->log_groups.n,
				  .unlogged = priv_unlogged(s->job, loaded) };

	if (head.log_groups)
		head.log_group = loaded->log_groups.items[0];
	for (size_t i = 0; p && i < p->sets.n; i++)
		head.n_sets += priv_has_fill(&p->sets.items[i]);
	if (p) {
		priv_count_guards(p, &head);
		head.acting = !loaded->observes && !acting_opens(acting);
		head.loaded = true;
		head.comparable = present_digest_comparable(p);
		head.drift = acting_drift(acting) ||
			     strcmp(loaded->digest, p->digest) != 0;
		head.drift_known = loaded->elements_read &&
				   present_digest_comparable(p) &&
				   (!head.drift ||
				    priv_drift_stays(s, loaded, generation));
		snprintf(head.policy, sizeof(head.policy), "%s", p->policy);
		snprintf(head.digest, sizeof(head.digest), "%s", p->digest);
	}
	return priv_put_bytes(s, out, &head, sizeof(head));
}

static int priv_put_clause(struct priv_state *s, const struct loaded_clause *c,
			   struct reply *out)
{
	struct priv_clause to = { .packets = c->packets,
				  .bytes = c->bytes,
				  .observed = c->would,
				  .observed_packets = c->observed_packets,
				  .observed_bytes = c->observed_bytes };

	snprintf(to.id, sizeof(to.id), "%s", c->id);
	snprintf(to.text, sizeof(to.text), "%s", c->text);
	return priv_put_bytes(s, out, &to, sizeof(to));
}

static int priv_put_fill(struct priv_state *s, const struct present_set *set,
			 struct reply *out)
{
	struct priv_fill to = { .elements = set->count,
				.size = set->fits,
				.known = set->has_count };

	snprintf(to.name, sizeof(to.name), "%s", set->name);
	return priv_put_bytes(s, out, &to, sizeof(to));
}

static int priv_put_fault(struct priv_state *s, const struct acting_fault *f,
			  struct reply *out)
{
	struct priv_fault to = { .opens = f->opens };

	snprintf(to.name, sizeof(to.name), "%s", f->name);
	snprintf(to.object, sizeof(to.object), "%s", f->object);
	snprintf(to.text, sizeof(to.text), "%s", f->text);
	return priv_put_bytes(s, out, &to, sizeof(to));
}

/* Before Linux 6.16 the size of a set is not known until it was read. */
static size_t priv_elements_most(const struct present *p)
{
	for (size_t i = 0; i < p->sets.n; i++)
		if (!p->sets.items[i].has_count)
			return 0;
	return HOSTS_ELEMENTS_MOST;
}

static int priv_read_all(struct priv_state *s, struct reading *r,
			 enum family family, struct loaded *loaded)
{
	struct present *p = &r->tables[family];
	const struct applied *applied = &s->applied;
	struct claim claim = { applied, r->generation };
	size_t most = priv_elements_most(p);
	const struct count_limit limit = { most, PRIV_UNCOUNTED_MOST,
					   PRIV_COUNT_MS };
	bool claims;
	int error;

	claims = applied->valid && !strcmp(applied->digest, p->digest);
	error = loaded_read(&s->netlink, r, family, most,
			    claims ? applied_claim : NULL, &claim, loaded);
	digest_objects_free(&loaded->objects);
	return error ? error :
		       kernel_count_members(&s->netlink, family, p, &limit);
}

static int priv_do_loaded(struct priv_state *s, struct arena *a,
			  struct reply *out)
{
	struct reading r = { .arena = a };
	struct loaded loaded = { 0 };
	int error = kernel_read(&s->netlink, a, &r);
	int family = error ? -1 : reading_family(&r);
	struct present *p = family < 0 ? NULL : &r.tables[family];
	struct acting acting = { 0 };

	if (error || !p)
		return error ? error :
			       priv_put_head(s, NULL, &loaded, &acting, 0, out);
	error = priv_read_all(s, &r, (enum family)family, &loaded);
	acting_read(a, p, &acting);
	if (!error)
		error = priv_put_head(s, p, &loaded, &acting, r.generation,
				      out);
	for (size_t i = 0; i < loaded.clauses.n && !error; i++)
		error = priv_put_clause(s, &loaded.clauses.items[i], out);
	for (size_t i = 0; i < p->sets.n && !error; i++)
		if (priv_has_fill(&p->sets.items[i]))
			error = priv_put_fill(s, &p->sets.items[i], out);
	for (size_t i = 0; i < acting.n && !error; i++)
		error = priv_put_fault(s, &acting.items[i], out);
	return error;
}

static int priv_do(struct priv_state *s, struct arena *a,
		   const struct request *q, struct reply *out)
{
	switch ((enum request_kind)q->kind) {
	case REQUEST_FLAG:
		return priv_do_flag(s, a, q, out);
	case REQUEST_COUNTS:
		return priv_do_counts(s, a, &out->counts);
	case REQUEST_MEMBERS:
		return priv_do_members(s, a, q, out);
	case REQUEST_LOADED:
		return priv_do_loaded(s, a, out);
	case REQUEST_NOTHING:
		return netlink_generation(&s->netlink, &out->generation);
	case REQUEST_RENEW:
		return -EPERM;
	}
	return -EINVAL;
}

/* ---- requests ---- */

static void priv_reply(struct priv_state *s, const struct request *q,
		       struct reply *out)
{
	struct arena *a = arena_new();

	*out = (struct reply){ .error = -ENOMEM, .sequence = q->sequence };
	if (!a || setjmp(*arena_on_failure(a))) {
		arena_free(a);
		return;
	}
	for (int i = 0; i < TRIES_MOST; i++) {
		*out = (struct reply){ .sequence = q->sequence };
		out->error = priv_do(s, a, q, out);
		/* Flagging tries again by itself, and counts once. */
		if (q->kind == REQUEST_FLAG ||
		    !transaction_try_again(out->error))
			break;
	}
	arena_free(a);
}

/*
 * Reads the run file while there are files. Rules that are applied later have
 * another digest: what their large sets hold is then not known.
 */
static void priv_read_applied(struct priv_state *s)
{
	struct arena *a = arena_new();
	struct program program = { .arena = a, .run_dir = s->job->run_dir };

	if (!a || setjmp(*arena_on_failure(a))) {
		arena_free(a);
		s->applied = (struct applied){ 0 };
		return;
	}
	applied_load_brief(&program, &s->applied);
}

/* Standard input and output lead nowhere; a sanitizer needs its errors. */
static int priv_close_files(struct priv_state *s, int fd)
{
	const int keep[] = { fd, s->members_fd,
			     mnl_socket_get_fd(s->netlink.socket),
			     mnl_socket_get_fd(s->route.socket), s->link.fd };
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), last = STDERR_FILENO;

#ifdef __SANITIZE_ADDRESS__
	last = STDOUT_FILENO;
#endif
	if (s->listens)
		last = STDOUT_FILENO;
	if (null < 0)
		return -errno;
	for (int i = STDIN_FILENO; i <= last; i++)
		if (dup2(null, i) < 0)
			return -errno;
	return sandbox_close_others(keep, sizeof(keep) / sizeof(keep[0]));
}

/* Without CAP_SYS_CHROOT Landlock and the filter of calls have to do. */
static int priv_leave_files(const struct priv_job *job)
{
	char path[PATH_MAX];
	int error;

	capng_get_caps_process();
	if (!capng_have_capability(CAPNG_EFFECTIVE, CAP_SYS_CHROOT))
		return 0;
	error = applied_make_folder(job->run_dir);
	if (error)
		return error;
	snprintf(path, sizeof(path), "%s/empty-%d", job->run_dir, getpid());
	return sandbox_empty_root(path);
}

/* Gives up all that serving requests does not need. */
static int priv_drop_others(struct priv_state *s, int fd)
{
	const struct passwd *user = privilege_priv_user();
	int error = priv_close_files(s, fd);

	if (!error)
		error = priv_leave_files(s->job);
	if (!error)
		error = privilege_keep_net_admin(user);
	if (!error)
		error = sandbox_no_files();
	if (error == -ENOSYS) /* a kernel without Landlock */
		error = 0;
	return error ? error : sandbox_serve_calls();
}

static bool priv_send(int fd, const struct reply *r)
{
	return send(fd, r, sizeof(*r), MSG_NOSIGNAL) == sizeof(*r);
}

/* Opens what requests need, and gives up the rest. */
static int priv_begin(struct priv_state *s, int fd)
{
	int error = netlink_open(&s->netlink);

	if (!error)
		error = guard_connect(&s->link, s->job->run_dir, &s->netlink);
	if (!error)
		error = host_addresses_open(&s->route);
	if (error)
		return error;
	priv_read_applied(s);
	return priv_drop_others(s, fd);
}

/* Answers until the other side closes. */
static void priv_converse(struct priv_state *s, int fd)
{
	struct request q;
	struct reply r = { 0 };
	ssize_t len;

	while ((len = recv(fd, &q, sizeof(q), MSG_TRUNC)) > 0) {
		r = (struct reply){ .error = -EBADMSG };
		if (len == sizeof(q) && q.kind == REQUEST_RENEW && s->listens)
			_exit(0);
		if (len == sizeof(q))
			priv_reply(s, &q, &r);
		if (!priv_send(fd, &r))
			break;
	}
}

void priv_serve(int fd, int members_fd, const struct priv_job *job)
{
	struct priv_state s = { .job = job, .members_fd = members_fd };
	struct reply r = { 0 };

	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	r.error = priv_begin(&s, fd);
	if (!priv_send(fd, &r) || r.error)
		_exit(1);
	priv_converse(&s, fd);
	_exit(0);
}

/* ---- as a service ---- */

uint64_t priv_job_hash(const struct priv_job *job)
{
	uint64_t hash = 0xcbf29ce484222325;
	char number[24];

	for (size_t i = 0; i < job->n_groups; i++) {
		snprintf(number, sizeof(number), "%u", job->groups[i]);
		hash = priv_hash_text(hash, number);
	}
	snprintf(number, sizeof(number), "for %u", job->quarantine_s);
	hash = priv_hash_text(hash, number);
	return priv_hash_text(hash, job->policy ? job->policy->name : "");
}

int priv_serve_socket(int listener, const struct priv_job *job)
{
	const struct reply greeting = { .counts = { .clauses = priv_job_hash(
							    job) } };
	struct priv_state s = { .job = job, .listens = true };
	uid_t client = priv_socket_client();
	int error, fd;

	s.members_fd = memfd_create("mailwall-members", MFD_CLOEXEC);
	if (s.members_fd < 0)
		return -errno;
	error = priv_begin(&s, listener);
	if (error)
		return error;
	while ((fd = priv_socket_accept(listener, client)) >= 0) {
		if (priv_socket_greet(fd, s.members_fd, &greeting))
			priv_converse(&s, fd);
		close(fd);
	}
	return fd;
}

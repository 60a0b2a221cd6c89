/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "priv.h"
#include "../../rules/base/arena.h"
#include "../../rules/emit/emit.h"
#include "../kernel/members.h"
#include "../kernel/applied.h"
#include "../kernel/transaction.h"

#include <cap-ng.h>
#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define FLAGGED	   "flagged"
#define TRIES_MOST 20

enum request_kind {
	QUESTION_FLAG,
	QUESTION_COUNTS,
	QUESTION_MEMBERS,
	QUESTION_LOADED
};

struct request {
	uint8_t kind, family;
	struct addr6 source;
	uint32_t generation;
};

struct reply {
	int32_t error;
	uint32_t generation;
	uint64_t bytes;
	struct block_counts counts;
};

/* ---- the process that keeps it ---- */

struct state {
	struct netlink netlink;
	const struct priv_job *job;
	int members_fd;
	time_t minute;
	unsigned int in_minute;
	uint32_t drift_generation; /* of the drift that was found last */
	char drift[DIGEST_TEXT_BYTES];
};

static void priv_put_source(struct batch *b, enum family family,
			    const struct request *q, uint32_t seconds)
{
	struct elements to = { .family = family,
			       .set = q->family == 4 ? FLAGGED ".v4" :
						       FLAGGED ".v6",
			       .interval = true,
			       .timeout_ms = (uint64_t)seconds * 1000 };
	const uint8_t *at = q->source.byte;
	uint32_t v4 = (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 |
		      (uint32_t)at[2] << 8 | at[3];
	struct range4 r4 = { v4, v4 };
	struct range6 r6 = { q->source, q->source };

	/* An IPv6 source is a /64. */
	memset(r6.first.byte + 8, 0, 8);
	memset(r6.last.byte + 8, 0xff, 8);
	if (q->family == 4)
		netlink_ranges4(b, &to, &(struct ranges4){ &r4, 1, 1 });
	else
		netlink_ranges6(b, &to, &(struct ranges6){ &r6, 1, 1 });
}

static int flag_once(struct state *s, struct arena *a, const struct request *q)
{
	struct reading r = { .arena = a };
	struct kernel_errors errors = { 0 };
	struct batch *b;
	int error = kernel_read(&s->netlink, a, &r);
	int family = error ? -1 : reading_family(&r);

	if (error || family < 0)
		return error ? error : -ENOENT;
	b = batch_new(r.generation);
	if (!b)
		return -ENOMEM;
	priv_put_source(b, (enum family)family, q, s->job->quarantine_s);
	batch_finish(b);
	error = batch_error(b);
	if (!error)
		error = netlink_commit(&s->netlink, b, &errors);
	batch_free(b);
	return error;
}

static int flag(struct state *s, struct arena *a, const struct request *q)
{
	time_t minute = time(NULL) / 60;
	int error = -ERESTART;

	if (!s->job->quarantine_s)
		return -EPERM;
	if (minute != s->minute) {
		s->minute = minute;
		s->in_minute = 0;
	}
	if (s->in_minute++ >= KEEPER_PER_MINUTE)
		return -EBUSY;
	for (int i = 0; i < TRIES_MOST && try_again(error); i++)
		error = flag_once(s, a, q);
	return error;
}

static bool listens_to(const struct priv_job *job, int group)
{
	for (size_t i = 0; i < job->n_groups; i++)
		if (job->groups[i] == group)
			return true;
	return false;
}

/* FNV-1a: two accounts are of the same clauses if this is the same. */
static uint64_t add_to_name(uint64_t name, const char *text)
{
	for (; *text; text++)
		name = (name ^ (uint8_t)*text) * 0x100000001b3;
	return (name ^ 0xff) * 0x100000001b3;
}

static uint64_t held_back(const struct present *p)
{
	for (size_t i = 0; i < p->counters.n; i++)
		if (!strcmp(p->counters.items[i].name, COUNTER_SUPPRESSED))
			return p->counters.items[i].packets;
	return 0;
}

static int counts(struct state *s, struct arena *a, struct block_counts *out)
{
	struct reading r = { .arena = a };
	struct loaded loaded = { 0 };
	int error = kernel_read(&s->netlink, a, &r);
	int family = error ? -1 : reading_family(&r);
	uint64_t without;

	if (error || family < 0)
		return error ? error : -ENOENT;
	error = kernel_loaded(&s->netlink, &r, (enum family)family, 0, NULL,
			      NULL, &loaded);
	canon_free(&loaded.canon);
	out->clauses = 0xcbf29ce484222325;
	for (size_t i = 0; i < loaded.clauses.n && !error; i++) {
		const struct loaded_clause *c = &loaded.clauses.items[i];

		if (!listens_to(s->job, c->block_group))
			continue;
		out->packets += c->packets;
		out->clauses = add_to_name(out->clauses, c->id);
		out->clauses = add_to_name(out->clauses, c->text);
	}
	without = held_back(&r.tables[family]);
	out->packets -= without < out->packets ? without : out->packets;
	return error;
}

static int priv_put_bytes(struct state *s, struct reply *out, const void *bytes,
			  size_t len)
{
	if (pwrite(s->members_fd, bytes, len, (off_t)out->bytes) !=
	    (ssize_t)len)
		return -EIO;
	out->bytes += len;
	return 0;
}

static int put_members(struct state *s, const struct present_set *set,
		       const struct members *list, struct reply *out)
{
	struct priv_set head = { .n = list->n };
	int64_t now_ms = (int64_t)time(NULL) * 1000;
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

static int members(struct state *s, struct arena *a, const struct request *q,
		   struct reply *out)
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
			error = put_members(s, set, &list, out);
	}
	return error;
}

/*
 * What a transaction adds counts before it is committed: only a drift that is
 * still there when we are asked again is one.
 */
static bool was_so(struct state *s, const struct loaded *loaded,
		   uint32_t generation)
{
	bool so = s->drift_generation == generation &&
		  !strcmp(s->drift, loaded->digest);

	s->drift_generation = generation;
	strcpy(s->drift, loaded->digest);
	return so;
}

static int priv_put_head(struct state *s, const struct present *p,
			 const struct loaded *loaded, uint32_t generation,
			 size_t n_sets, struct reply *out)
{
	struct priv_head head = { .n_clauses = loaded->clauses.n,
				  .n_sets = n_sets };

	if (p) {
		head.loaded = true;
		head.drift = strcmp(loaded->digest, p->digest) != 0;
		head.drift_known =
			loaded->elements_read &&
			(!head.drift || was_so(s, loaded, generation));
		snprintf(head.policy, sizeof(head.policy), "%s", p->policy);
		snprintf(head.digest, sizeof(head.digest), "%s", p->digest);
	}
	return priv_put_bytes(s, out, &head, sizeof(head));
}

static int priv_put_clause(struct state *s, const struct loaded_clause *c,
			   struct reply *out)
{
	struct priv_clause to = { .packets = c->packets, .bytes = c->bytes };

	snprintf(to.id, sizeof(to.id), "%s", c->id);
	snprintf(to.text, sizeof(to.text), "%s", c->text);
	return priv_put_bytes(s, out, &to, sizeof(to));
}

static int put_fill(struct state *s, const struct present_set *set,
		    struct reply *out)
{
	struct priv_fill to = { .elements = set->count, .size = set->size };

	snprintf(to.name, sizeof(to.name), "%s", set->name);
	return priv_put_bytes(s, out, &to, sizeof(to));
}

/* Of maps and of sets that no counting kernel fills nothing is told. */
static bool has_fill(const struct present_set *set)
{
	return set->has_count && !(set->flags & NFT_SET_MAP);
}

/* Before Linux 6.16 a set that is read back may be of any size. */
static size_t most_to_read(const struct present *p)
{
	for (size_t i = 0; i < p->sets.n; i++)
		if (!p->sets.items[i].has_count)
			return 0;
	return HOSTS_ELEMENTS_MOST;
}

static int priv_read_all(struct state *s, struct reading *r, enum family family,
			 struct loaded *loaded)
{
	struct present *p = &r->tables[family];
	struct program program = { .arena = r->arena,
				   .run_dir = s->job->run_dir };
	struct applied applied;
	struct claim claim = { &applied, r->generation };
	size_t most = most_to_read(p);
	bool claims;
	int error;

	/* Of root's, if we are not root, nothing. */
	applied_load_brief(&program, &applied);
	claims = applied.valid && !strcmp(applied.digest, p->digest);
	error = kernel_loaded(&s->netlink, r, family, most,
			      claims ? applied_claim : NULL, &claim, loaded);
	canon_free(&loaded->canon);
	return error ? error :
		       kernel_count_members(&s->netlink, family, p, most);
}

static int loaded_now(struct state *s, struct arena *a, struct reply *out)
{
	struct reading r = { .arena = a };
	struct loaded loaded = { 0 };
	int error = kernel_read(&s->netlink, a, &r);
	int family = error ? -1 : reading_family(&r);
	struct present *p = family < 0 ? NULL : &r.tables[family];
	size_t n_sets = 0;

	if (error || !p)
		return error ? error :
			       priv_put_head(s, NULL, &loaded, 0, 0, out);
	error = priv_read_all(s, &r, (enum family)family, &loaded);
	for (size_t i = 0; i < p->sets.n; i++)
		n_sets += has_fill(&p->sets.items[i]);
	if (!error)
		error = priv_put_head(s, p, &loaded, r.generation, n_sets, out);
	for (size_t i = 0; i < loaded.clauses.n && !error; i++)
		error = priv_put_clause(s, &loaded.clauses.items[i], out);
	for (size_t i = 0; i < p->sets.n && !error; i++)
		if (has_fill(&p->sets.items[i]))
			error = put_fill(s, &p->sets.items[i], out);
	return error;
}

static int try_answer(struct state *s, struct arena *a, const struct request *q,
		      struct reply *out)
{
	switch ((enum request_kind)q->kind) {
	case QUESTION_FLAG:
		return flag(s, a, q);
	case QUESTION_COUNTS:
		return counts(s, a, &out->counts);
	case QUESTION_MEMBERS:
		return members(s, a, q, out);
	case QUESTION_LOADED:
		return loaded_now(s, a, out);
	}
	return -EINVAL;
}

static void reply(struct state *s, const struct request *q, struct reply *out)
{
	struct arena *a = arena_new();

	*out = (struct reply){ .error = -ENOMEM };
	if (!a || setjmp(*arena_on_failure(a))) {
		arena_free(a);
		return;
	}
	for (int i = 0; i < TRIES_MOST; i++) {
		*out = (struct reply){ 0 };
		out->error = try_answer(s, a, q, out);
		/* To flag is tried again, and counted once, by itself. */
		if (q->kind == QUESTION_FLAG || !try_again(out->error))
			break;
	}
	arena_free(a);
}

/* Without CAP_SETPCAP the bounding set is as whoever started us left it. */
static int keep_one_capability(void)
{
	capng_select_t what = CAPNG_SELECT_CAPS;

	if (capng_get_caps_process())
		return -EPERM;
	if (capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP))
		what = CAPNG_SELECT_BOTH;
	capng_clear(CAPNG_SELECT_BOTH);
	capng_updatev(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED,
		      CAP_NET_ADMIN, -1);
	if (capng_apply(what))
		return -EPERM;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0))
		return -errno;
	return 0;
}

static bool priv_tell(int fd, const struct reply *a)
{
	return send(fd, a, sizeof(*a), MSG_NOSIGNAL) == sizeof(*a);
}

/* The first answer says whether it is there. Ends when the asking side does. */
static void priv_serve(int fd, int members_fd, const struct priv_job *job)
{
	struct state s = { .job = job, .members_fd = members_fd };
	struct request q;
	struct reply a = { 0 };

	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	a.error = keep_one_capability();
	if (!a.error)
		a.error = netlink_open(&s.netlink);
	if (!priv_tell(fd, &a) || a.error)
		_exit(1);
	while (recv(fd, &q, sizeof(q), 0) == sizeof(q)) {
		reply(&s, &q, &a);
		if (!priv_tell(fd, &a))
			break;
	}
	_exit(0);
}

/* ---- the process that asks ---- */

static int priv_refuse(const char *what, int error)
{
	message_say("cannot keep CAP_NET_ADMIN in a process of its own: %s: %s",
		    what, strerror(error));
	return EXIT_REFUSED;
}

static int priv_begin(struct priv *k, int theirs, const struct priv_job *job)
{
	struct reply a = { 0 };

	k->pid = fork();
	if (k->pid < 0)
		return priv_refuse("no process", errno);
	if (!k->pid) {
		close(k->fd);
		priv_serve(theirs, k->members_fd, job);
	}
	close(theirs);
	if (recv(k->fd, &a, sizeof(a), 0) != sizeof(a))
		return priv_refuse("it ended at once", EPIPE);
	return a.error ? priv_refuse("it was refused", -a.error) : EXIT_DONE;
}

int priv_start(struct priv *k, const struct priv_job *job)
{
	int pair[2], code;

	k->members_fd = memfd_create("mailwall-members", MFD_CLOEXEC);
	if (k->members_fd < 0)
		return priv_refuse("no file in memory", errno);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair)) {
		code = priv_refuse("no pair of sockets", errno);
		close(k->members_fd);
		return code;
	}
	k->fd = pair[0];
	code = priv_begin(k, pair[1], job);
	if (code && k->pid < 0)
		close(pair[1]);
	return code;
}

void priv_stop(struct priv *k)
{
	if (k->fd < 0)
		return;
	close(k->fd);
	close(k->members_fd);
	k->fd = -1;
	if (k->pid > 0)
		waitpid(k->pid, NULL, 0);
}

static int priv_ask(struct priv *k, const struct request *q, struct reply *a)
{
	if (k->fd < 0)
		return -ENOTCONN;
	if (send(k->fd, q, sizeof(*q), MSG_NOSIGNAL) != sizeof(*q))
		return -errno;
	if (recv(k->fd, a, sizeof(*a), 0) != sizeof(*a))
		return -EPIPE;
	return a->error;
}

int priv_flag(struct priv *k, uint8_t family, const struct addr6 *source)
{
	struct request q = { .kind = QUESTION_FLAG,
			     .family = family,
			     .source = *source };
	struct reply a;

	return priv_ask(k, &q, &a);
}

int priv_counts(struct priv *k, struct block_counts *out)
{
	struct request q = { .kind = QUESTION_COUNTS };
	struct reply a = { 0 };
	int error = priv_ask(k, &q, &a);

	*out = a.counts;
	return error;
}

int priv_members(struct priv *k, uint32_t *generation, size_t *bytes)
{
	struct request q = { .kind = QUESTION_MEMBERS,
			     .generation = *generation };
	struct reply a = { 0 };
	int error = priv_ask(k, &q, &a);

	*bytes = 0;
	if (error)
		return error;
	*bytes = a.bytes;
	*generation = a.generation;
	return 0;
}

int priv_loaded(struct priv *k, size_t *bytes)
{
	struct request q = { .kind = QUESTION_LOADED };
	struct reply a = { 0 };
	int error = priv_ask(k, &q, &a);

	*bytes = error ? 0 : a.bytes;
	return error;
}

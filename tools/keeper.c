/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "keeper.h"
#include "../rules/arena.h"
#include "../rules/emit.h"
#include "kernel.h"

#include <cap-ng.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define FLAGGED	   "flagged"
#define TRIES_MOST 20

enum question_kind { QUESTION_FLAG, QUESTION_COUNTS };

struct question {
	uint8_t kind, family;
	struct addr6 source;
};

struct answer {
	int32_t error;
	struct logged_counts counts;
};

/* ---- the process that keeps it ---- */

struct state {
	struct netlink netlink;
	uint32_t quarantine_s;
	time_t minute;
	unsigned int in_minute;
};

static void put_source(struct batch *b, enum family family,
		       const struct question *q, uint32_t seconds)
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

static int flag_once(struct state *s, struct arena *a, const struct question *q)
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
	put_source(b, (enum family)family, q, s->quarantine_s);
	batch_finish(b);
	error = batch_error(b);
	if (!error)
		error = netlink_commit(&s->netlink, b, &errors);
	batch_free(b);
	return error;
}

static int flag(struct state *s, struct arena *a, const struct question *q)
{
	time_t minute = time(NULL) / 60;
	int error = -ERESTART;

	if (!s->quarantine_s)
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

/* A clause logs if its text ends so: the comment of a rule has it all. */
static bool logs(const char *text)
{
	const char *log = strstr(text, " log");

	return log && (!log[4] || log[4] == ' ');
}

static int counts(struct state *s, struct arena *a, struct logged_counts *out)
{
	struct reading r = { .arena = a };
	struct loaded loaded = { 0 };
	int error = kernel_read(&s->netlink, a, &r);
	int family = error ? -1 : reading_family(&r);

	if (error || family < 0)
		return error ? error : -ENOENT;
	error = kernel_loaded(&s->netlink, &r, (enum family)family, 0, NULL,
			      NULL, &loaded);
	for (size_t i = 0; i < loaded.clauses.n && !error; i++)
		if (logs(loaded.clauses.items[i].text))
			out->packets += loaded.clauses.items[i].packets;
	out->generation = r.generation;
	return error;
}

static void answer(struct state *s, const struct question *q,
		   struct answer *out)
{
	struct arena *a = arena_new();

	*out = (struct answer){ .error = -ENOMEM };
	if (!a || setjmp(*arena_on_failure(a))) {
		arena_free(a);
		return;
	}
	out->error = q->kind == QUESTION_FLAG ? flag(s, a, q) :
						counts(s, a, &out->counts);
	arena_free(a);
}

static void keep_one_capability(void)
{
	capng_clear(CAPNG_SELECT_BOTH);
	capng_updatev(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED,
		      CAP_NET_ADMIN, -1);
	if (capng_apply(CAPNG_SELECT_BOTH))
		_exit(1);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

/* Ends when the other side of the socket does. */
static void serve(int fd, uint32_t quarantine_s)
{
	struct state s = { .quarantine_s = quarantine_s };
	struct question q;
	struct answer a;

	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	keep_one_capability();
	if (netlink_open(&s.netlink))
		_exit(1);
	while (recv(fd, &q, sizeof(q), 0) == sizeof(q)) {
		answer(&s, &q, &a);
		if (send(fd, &a, sizeof(a), MSG_NOSIGNAL) != sizeof(a))
			break;
	}
	_exit(0);
}

/* ---- the process that asks ---- */

int keeper_start(struct keeper *k, uint32_t quarantine_s)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair)) {
		say("cannot make a pair of sockets: %s", strerror(errno));
		return EXIT_REFUSED;
	}
	k->pid = fork();
	if (k->pid < 0) {
		say("cannot start a process: %s", strerror(errno));
		close(pair[0]);
		close(pair[1]);
		return EXIT_REFUSED;
	}
	if (!k->pid) {
		close(pair[0]);
		serve(pair[1], quarantine_s);
	}
	close(pair[1]);
	k->fd = pair[0];
	return EXIT_DONE;
}

void keeper_stop(struct keeper *k)
{
	if (k->fd < 0)
		return;
	close(k->fd);
	k->fd = -1;
	waitpid(k->pid, NULL, 0);
}

static int ask(struct keeper *k, const struct question *q, struct answer *a)
{
	if (k->fd < 0)
		return -ENOTCONN;
	if (send(k->fd, q, sizeof(*q), MSG_NOSIGNAL) != sizeof(*q))
		return -errno;
	if (recv(k->fd, a, sizeof(*a), 0) != sizeof(*a))
		return -EPIPE;
	return a->error;
}

int keeper_flag(struct keeper *k, uint8_t family, const struct addr6 *source)
{
	struct question q = { .kind = QUESTION_FLAG,
			      .family = family,
			      .source = *source };
	struct answer a;

	return ask(k, &q, &a);
}

int keeper_counts(struct keeper *k, struct logged_counts *out)
{
	struct question q = { .kind = QUESTION_COUNTS };
	struct answer a = { 0 };
	int error = ask(k, &q, &a);

	*out = a.counts;
	return error;
}

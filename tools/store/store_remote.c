/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "store_remote.h"
#include "../database/database.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define SOCKET_AT 3 /* where the child has its end */

/* ---- the child ---- */

/* Drops root, so that nothing brings it back. */
static bool remote_become(uid_t uid, gid_t gid)
{
	const struct rlimit none = { 0, 0 };

	return !setgroups(0, NULL) && !setresgid(gid, gid, gid) &&
	       !setresuid(uid, uid, uid) && geteuid() == uid &&
	       setuid(0) != 0 && !prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) &&
	       !prctl(PR_SET_PDEATHSIG, SIGKILL) &&
	       !setrlimit(RLIMIT_CORE, &none);
}

/* Nothing of root's stays open. */
static bool remote_close_all(int fd)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int i = 0; i < SOCKET_AT; i++)
		if (null < 0 || dup2(null, i) < 0)
			return false;
	return dup2(fd, SOCKET_AT) >= 0 && !close_range(SOCKET_AT + 1, ~0u, 0);
}

static void remote_be_child(int fd, uid_t uid, gid_t gid,
			    void (*serve)(int fd, void *ctx), void *ctx)
{
	if (remote_close_all(fd) && remote_become(uid, gid))
		serve(SOCKET_AT, ctx);
	_exit(0);
}

/* ---- root ---- */

static void remote_limit(struct wire *w)
{
	w->until_s = database_steady_s() + REMOTE_REPLY_S;
}

static void remote_fail(struct store *s, int error, const char *why)
{
	if (s->error)
		return;
	s->error = error;
	snprintf(s->why, sizeof(s->why), "%s",
		 error == -ETIMEDOUT && !*why ?
			 "its owner's process does not answer in time" :
		 *why ? why :
			"its owner's process has ended");
}

/* The end of a reply. */
static uint64_t remote_done(struct store *s)
{
	union {
		uint8_t room[WIRE_ROW_MOST];
		struct wire_done done;
	} row;
	uint32_t kind;

	if (!wire_get(s->remote, &kind, &row))
		remote_fail(s, s->remote->error, "");
	else if (kind != WIRE_DONE)
		remote_fail(s, -EPROTO, "its owner's process answers wrongly");
	else if (row.done.error < 0)
		remote_fail(s, row.done.error, row.done.why);
	else
		return row.done.number;
	return 0;
}

int remote_start(struct store *s, uid_t uid, gid_t gid,
		 void (*serve)(int fd, void *ctx), void *ctx, struct fault *f)
{
	int ends[2];

	s->remote = calloc(1, sizeof(*s->remote));
	if (!s->remote)
		return fault_no_memory(f);
	s->remote->fd = -1;
	s->remote->forms = store_forms;
	s->remote->n_forms = WIRE_KINDS;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
		return fault_set(f, -errno, "cannot make a socket: %s",
				 strerror(errno));
	s->remote_pid = fork();
	if (!s->remote_pid)
		remote_be_child(ends[1], uid, gid, serve, ctx);
	close(ends[1]);
	s->remote->fd = ends[0];
	s->remote->silence_s = REMOTE_SILENCE_S;
	if (s->remote_pid < 0)
		return fault_set(f, -errno, "cannot start a process: %s",
				 strerror(errno));
	remote_limit(s->remote);
	remote_done(s);
	if (!s->error)
		return 0;
	/* A sentence of the other side is whole; ours begins with the path. */
	if (!s->remote->error)
		return fault_set(f, s->error, "%s", s->why);
	return fault_set(f, s->error,
			 "\"%s\": cannot be opened as user %u, its owner: %s",
			 s->path, (unsigned int)uid, s->why);
}

void remote_stop(struct store *s)
{
	if (!s->remote)
		return;
	if (s->remote->fd >= 0) {
		wire_flush(s->remote);
		close(s->remote->fd);
	}
	if (s->remote_pid > 0) {
		/* One that does not answer would not end either. */
		if (s->remote->error)
			kill(s->remote_pid, SIGKILL);
		while (waitpid(s->remote_pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	free(s->remote);
	s->remote = NULL;
}

void remote_put(struct store *s, enum wire_kind kind, const void *row)
{
	remote_limit(s->remote);
	wire_put(s->remote, kind, row);
}

uint64_t remote_call(struct store *s, enum wire_kind kind, const void *row)
{
	s->error = 0;
	remote_put(s, kind, row);
	wire_flush(s->remote);
	return remote_done(s);
}

/* ---- rows ---- */

void remote_ask(struct store *s, enum wire_kind kind, int64_t first,
		int64_t end, uint32_t source)
{
	const struct wire_ask ask = { kind, first, end, source };

	s->error = 0;
	remote_put(s, WIRE_ASK, &ask);
	wire_flush(s->remote);
}

static void remote_fix_bool(bool *at)
{
	uint8_t byte;

	memcpy(&byte, at, sizeof(byte));
	*at = byte != 0;
}

static int64_t remote_time(int64_t time_s)
{
	return time_s < 0 ? 0 : time_s > TIME_LAST_S ? TIME_LAST_S : time_s;
}

static void remote_fix_found(struct store_found *f)
{
	remote_fix_bool(&f->destinations_exact);
	remote_fix_bool(&f->proven);
	remote_fix_bool(&f->blocked);
	remote_fix_bool(&f->mail_server);
	f->systems &= SYSTEMS_ALL;
	f->time_s = remote_time(f->time_s);
	f->first_s = remote_time(f->first_s);
	f->last_s = remote_time(f->last_s);
}

/* The child is not trusted more than its file: values are what they can be. */
static void remote_fix(enum wire_kind kind, void *row)
{
	if (kind == WIRE_DAYS || kind == WIRE_DAYS_OF) {
		struct store_day *d = row;

		d->outcome %= OUTCOME_N;
		remote_fix_bool(&d->observed);
	} else if (kind == WIRE_MINUTES) {
		struct store_minute *m = row;

		m->outcome %= OUTCOME_N;
		remote_fix_bool(&m->observed);
	} else if (kind == WIRE_SOURCES) {
		struct store_source *source = row;

		source->family = source->family == 4 ? 4 : 6;
		source->first_s = remote_time(source->first_s);
		source->last_s = remote_time(source->last_s);
	} else if (kind == WIRE_FINDINGS) {
		remote_fix_found(row);
	} else if (kind == WIRE_LOADS) {
		struct store_loaded *l = row;

		l->time_s = remote_time(l->time_s);
		l->mode %= STORE_MODES;
	} else if (kind == WIRE_RUNS) {
		struct store_run *run = row;

		run->start_s = remote_time(run->start_s);
		run->last_s = remote_time(run->last_s);
	} else if (kind == WIRE_STEPS) {
		struct store_step *step = row;

		step->time_s = remote_time(step->time_s);
	} else if (kind == WIRE_LINES_OF) {
		struct store_lines *l = row;

		l->n = l->n > STORE_LINES_MOST ? STORE_LINES_MOST : l->n;
	}
}

bool remote_next(struct store *s, enum wire_kind kind, void *out, size_t size)
{
	union {
		uint8_t room[WIRE_ROW_MOST];
		struct wire_done done;
	} row;
	uint32_t got;

	if (s->error)
		return false;
	if (!wire_get(s->remote, &got, &row)) {
		remote_fail(s, s->remote->error, "");
		return false;
	}
	if (got == WIRE_DONE && row.done.error < 0)
		remote_fail(s, row.done.error, row.done.why);
	else if (got != WIRE_DONE && got != kind)
		remote_fail(s, -EPROTO, "its owner's process answers wrongly");
	if (s->error || got == WIRE_DONE)
		return false;
	memcpy(out, &row, size);
	remote_fix(kind, out);
	return true;
}

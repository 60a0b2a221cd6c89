/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The side that asks the process that keeps CAP_NET_ADMIN. */
#include "priv_request.h"
#include "priv_socket.h"
#include "privilege.h"
#include "../kernel/kernel_error.h"
#include "../program/program.h"
#include "../program/message.h"

#include <errno.h>
#include <stdio.h>
#include <poll.h>
#include <pwd.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define STOP_PATIENCE_MS 500
#define PRIV_BYTES_MOST	 ((uint64_t)1 << 30) /* in the file in memory */

static int priv_say(const char *what, int error)
{
	message_say("cannot keep CAP_NET_ADMIN in a process of its own: %s: %s",
		    what, strerror(error));
	return EXIT_REFUSED;
}

static int priv_fork(struct priv *priv, int theirs, const struct priv_job *job)
{
	struct reply r = { 0 };

	priv->pid = fork();
	if (priv->pid < 0)
		return priv_say("no process", errno);
	if (!priv->pid) {
		close(priv->fd);
		priv_serve(theirs, priv->members_fd, job);
	}
	close(theirs);
	priv->health = PRIV_WELL;
	if (recv(priv->fd, &r, sizeof(r), 0) != sizeof(r))
		return priv_say("it ended at once", EPIPE);
	return r.error ? priv_say("it was refused", -r.error) : EXIT_DONE;
}

/* The user "nobody" has processes of others, and each can end the next. */
static void priv_say_user(void)
{
	if (geteuid() == 0 && !getpwnam(PRIV_USER))
		message_say(
			"there is no user \"" PRIV_USER "\" for the process "
			"that keeps CAP_NET_ADMIN: it becomes \"nobody\", "
			"as processes of others may; systemd-sysusers makes "
			"the user");
}

static int priv_spawn(struct priv *priv, const struct priv_job *job)
{
	int pair[2], code;

	priv->members_fd = memfd_create("mailwall-members", MFD_CLOEXEC);
	if (priv->members_fd < 0)
		return priv_say("no file in memory", errno);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair)) {
		code = priv_say("no pair of sockets", errno);
		close(priv->members_fd);
		return code;
	}
	priv->fd = pair[0];
	code = priv_fork(priv, pair[1], job);
	if (code && priv->pid < 0)
		close(pair[1]);
	if (!code)
		priv_say_user();
	return code;
}

/* ---- as a service ---- */

#define SERVICE_PATIENCE_MS 5000 /* for systemd to start it */

static void priv_service_path(const struct priv_job *job, char *out, size_t n)
{
	snprintf(out, n, "%s/" PRIV_SOCKET, job->run_dir);
}

bool priv_finds_service(const struct priv_job *job)
{
	char path[sizeof(((struct priv *)0)->path)];

	priv_service_path(job, path, sizeof(path));
	return !access(path, F_OK);
}

bool priv_is_service(const struct priv *priv)
{
	return *priv->path;
}

/* Takes the first reply, if it is there. 0, -EAGAIN: wait; or -errno. */
static int priv_take_greeting(struct priv *priv, bool renews)
{
	const struct request renew = { .kind = REQUEST_RENEW };
	struct reply r = { 0 };
	int got = priv_socket_greeting(priv->pending, &r);

	if (got == -EAGAIN)
		return got;
	if (got >= 0 && r.counts.clauses != priv->job) {
		if (renews)
			send(priv->pending, &renew, sizeof(renew),
			     MSG_NOSIGNAL);
		close(got);
		got = -EEXIST;
	}
	if (got < 0) {
		close(priv->pending);
	} else {
		priv->fd = priv->pending;
		priv->members_fd = got;
		priv->health = PRIV_WELL;
		priv->waits = false;
	}
	priv->pending = -1;
	return got < 0 ? got : 0;
}

static int priv_begin_service(struct priv *priv)
{
	int fd = priv_socket_connect(priv->path);

	if (fd < 0)
		return fd;
	priv->pending = fd;
	return -EAGAIN;
}

static int priv_await_service(struct priv *priv)
{
	struct pollfd fd = { priv->pending, POLLIN, 0 };

	if (poll(&fd, 1, SERVICE_PATIENCE_MS) > 0)
		return priv_take_greeting(priv, true);
	close(priv->pending);
	priv->pending = -1;
	return -ETIMEDOUT;
}

static int priv_say_service(const struct priv *priv, int error)
{
	message_say("cannot use the process that keeps CAP_NET_ADMIN at "
		    "\"%s\": %s",
		    priv->path,
		    error == -EEXIST ?
			    "it was started for other groups or another "
			    "policy; it has the options of "
			    "mailwall-priv.service" :
			    strerror(-error));
	return EXIT_REFUSED;
}

static int priv_join_once(struct priv *priv)
{
	int error = priv_begin_service(priv);

	return error == -EAGAIN ? priv_await_service(priv) : error;
}

/* One with other options ends, and systemd starts it with those of now. */
static int priv_join(struct priv *priv, const struct priv_job *job)
{
	const struct timespec moment = { .tv_nsec = 200 * 1000 * 1000 };
	int error;

	priv_service_path(job, priv->path, sizeof(priv->path));
	priv_expect(priv, job);
	error = priv_join_once(priv);
	if (error == -EEXIST) {
		nanosleep(&moment, NULL);
		error = priv_join_once(priv);
	}
	return error ? priv_say_service(priv, error) : EXIT_DONE;
}

void priv_expect(struct priv *priv, const struct priv_job *job)
{
	priv->job = priv_job_hash(job);
}

int priv_start(struct priv *priv, const struct priv_job *job)
{
	priv->pending = -1;
	return priv_finds_service(job) ? priv_join(priv, job) :
					 priv_spawn(priv, job);
}

/* Tries to come back to a service that ended. */
static void priv_rejoin(struct priv *priv)
{
	if (priv->pending < 0 && priv_begin_service(priv) != -EAGAIN)
		return;
	priv_take_greeting(priv, false);
}

/* ---- the end of it ---- */

static int64_t priv_now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Reaps the process; one that still runs after wait_ms is left to its end. */
static void priv_reap(struct priv *priv, int wait_ms)
{
	const struct timespec moment = { .tv_nsec = 10 * 1000 * 1000 };

	for (; priv->pid > 0; wait_ms -= 10) {
		int pid = waitpid(priv->pid, &priv->status, WNOHANG);

		if (pid)
			priv->pid = 0;
		else if (wait_ms <= 0)
			return;
		else
			nanosleep(&moment, NULL);
	}
}

static void priv_close(struct priv *priv)
{
	if (priv->fd < 0)
		return;
	close(priv->fd);
	close(priv->members_fd);
	priv->fd = priv->members_fd = -1;
}

static int priv_on_end(struct priv *priv)
{
	priv_close(priv);
	priv->health = PRIV_ENDED;
	priv->waits = false;
	priv_reap(priv, 0);
	return -ENOTCONN;
}

void priv_stop(struct priv *priv)
{
	priv_close(priv);
	priv_reap(priv, STOP_PATIENCE_MS);
	priv->health = PRIV_NONE;
}

/* ---- a request and its reply ---- */

/* Is it the reply to the latest request? Others are late, or forged. */
static bool priv_takes(const struct priv *priv, const struct reply *r,
		       ssize_t len)
{
	return len == sizeof(*r) && r->sequence == priv->sequence &&
	       r->error <= 0 && r->bytes <= PRIV_BYTES_MOST;
}

/* Waits for the reply until its time is over. 0, -ETIMEDOUT, -ENOTCONN. */
static int priv_await(struct priv *priv, struct reply *r)
{
	const struct request nothing = { .kind = REQUEST_NOTHING };
	struct pollfd fd = { priv->fd, POLLIN, 0 };

	for (;;) {
		int64_t left =
			priv->asked_ms + PRIV_PATIENCE_MS - priv_now_ms();
		ssize_t len;

		if (poll(&fd, 1, left > 0 ? (int)left : 0) <= 0)
			return -ETIMEDOUT;
		len = recv(priv->fd, r, sizeof(*r), MSG_TRUNC | MSG_DONTWAIT);
		if (len == 0 || (len < 0 && errno != EAGAIN))
			return priv_on_end(priv);
		if (priv_takes(priv, r, len))
			break;
	}
	priv->waits = false;
	priv->health = PRIV_WELL;
	if (!r->error && !memcmp(priv->asked, &nothing, sizeof(nothing)))
		priv->generation = r->generation;
	return 0;
}

static int priv_send_request(struct priv *priv, const struct request *q)
{
	struct request numbered = *q;

	if (!++priv->sequence) /* 0 is that of the start */
		priv->sequence = 1;
	numbered.sequence = priv->sequence;
	if (send(priv->fd, &numbered, sizeof(numbered),
		 MSG_NOSIGNAL | MSG_DONTWAIT) != sizeof(numbered))
		return priv_on_end(priv);
	memcpy(priv->asked, q, sizeof(*q));
	priv->asked_ms = priv_now_ms();
	priv->waits = true;
	return 0;
}

_Static_assert(sizeof(struct request) <= sizeof(((struct priv *)0)->asked),
	       "a request has room in struct priv");

static int priv_request(struct priv *priv, const struct request *q,
			struct reply *r)
{
	int error = priv->fd < 0 ? -ENOTCONN : 0;

	if (!error && priv->waits) {
		error = priv_await(priv, r);
		if (!error && !memcmp(priv->asked, q, sizeof(*q)))
			return r->error;
	}
	if (!error)
		error = priv_send_request(priv, q);
	if (!error)
		error = priv_await(priv, r);
	return error ? error : r->error;
}

/* Is a reply there, which the one who asked has yet to take? */
static bool priv_has_reply(struct priv *priv)
{
	struct pollfd fd = { priv->fd, POLLIN, 0 };
	char byte;

	if (poll(&fd, 1, 0) <= 0)
		return false;
	if (recv(priv->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0)
		return true;
	priv_on_end(priv);
	return false;
}

static void priv_look_again(struct priv *priv)
{
	const struct request nothing = { .kind = REQUEST_NOTHING };
	struct reply r = { 0 };

	if (priv->waits && priv_has_reply(priv)) {
		priv->health = PRIV_WELL;
		if (!memcmp(priv->asked, &nothing, sizeof(nothing)))
			priv_await(priv, &r);
	} else if (priv->fd >= 0 && priv->waits &&
		   priv_now_ms() - priv->asked_ms > PRIV_LATE_MS) {
		priv->health = PRIV_LATE;
	}
	if (priv->fd >= 0 && !priv->waits)
		priv_send_request(priv, &nothing);
}

enum priv_health priv_look(struct priv *priv)
{
	if (priv->health == PRIV_ENDED && priv_is_service(priv))
		priv_rejoin(priv);
	else if (priv->health == PRIV_ENDED)
		priv_reap(priv, 0);
	if (priv->fd >= 0)
		priv_look_again(priv);
	return priv->health;
}

const char *priv_complaint(const struct priv *priv)
{
	switch (priv->health) {
	case PRIV_NONE:
	case PRIV_WELL:
		return NULL;
	case PRIV_LATE:
		return "the process that keeps CAP_NET_ADMIN does not answer";
	case PRIV_ENDED:
		return priv_is_service(priv) ?
			       "the process that keeps CAP_NET_ADMIN ended: "
			       "nobody is put into class flagged, members of "
			       "dynamic classes stay as they were, and "
			       "counters "
			       "are not read, until mailwall-priv.service is "
			       "back" :
			       "the process that keeps CAP_NET_ADMIN ended: "
			       "nobody is "
			       "put into class flagged, members of dynamic "
			       "classes "
			       "stay as they were, and counters are not read; "
			       "start "
			       "the monitor again";
	}
	return NULL;
}

/* ---- what is requested ---- */

const char *priv_error_text(int error)
{
	if (error == -EPIPE || error == -ENOTCONN)
		return "the process that keeps CAP_NET_ADMIN ended";
	return kernel_error_text(-error);
}

int priv_flag(struct priv *priv, uint8_t family, const struct addr6 *source,
	      enum flag_refusal *refusal)
{
	struct request q = { .kind = REQUEST_FLAG,
			     .family = family,
			     .source = *source };
	struct reply r = { 0 };
	int error = priv_request(priv, &q, &r);

	*refusal = r.refusal < FLAG_REFUSALS_N ? r.refusal : FLAG_MAY_BE;
	return error;
}

int priv_counts(struct priv *priv, struct block_counts *out)
{
	struct request q = { .kind = REQUEST_COUNTS };
	struct reply r = { 0 };
	int error = priv_request(priv, &q, &r);

	*out = r.counts;
	return error;
}

int priv_members(struct priv *priv, uint32_t *generation, size_t *bytes)
{
	struct request q = { .kind = REQUEST_MEMBERS,
			     .generation = *generation };
	struct reply r = { 0 };
	int error = priv_request(priv, &q, &r);

	*bytes = 0;
	if (error)
		return error;
	*bytes = r.bytes;
	*generation = r.generation;
	return 0;
}

int priv_loaded(struct priv *priv, size_t *bytes)
{
	struct request q = { .kind = REQUEST_LOADED };
	struct reply r = { 0 };
	int error = priv_request(priv, &q, &r);

	*bytes = error ? 0 : r.bytes;
	return error;
}

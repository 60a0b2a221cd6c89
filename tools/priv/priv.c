/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The side that asks the process that keeps CAP_NET_ADMIN. */
#include "priv_request.h"
#include "../program/program.h"
#include "../program/message.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

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
	if (recv(priv->fd, &r, sizeof(r), 0) != sizeof(r))
		return priv_say("it ended at once", EPIPE);
	return r.error ? priv_say("it was refused", -r.error) : EXIT_DONE;
}

int priv_start(struct priv *priv, const struct priv_job *job)
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
	return code;
}

void priv_stop(struct priv *priv)
{
	if (priv->fd < 0)
		return;
	close(priv->fd);
	close(priv->members_fd);
	priv->fd = -1;
	if (priv->pid > 0)
		waitpid(priv->pid, NULL, 0);
}

static int priv_request(struct priv *priv, const struct request *q,
			struct reply *r)
{
	if (priv->fd < 0)
		return -ENOTCONN;
	if (send(priv->fd, q, sizeof(*q), MSG_NOSIGNAL) != sizeof(*q))
		return -errno;
	if (recv(priv->fd, r, sizeof(*r), 0) != sizeof(*r))
		return -EPIPE;
	return r->error;
}

int priv_flag(struct priv *priv, uint8_t family, const struct addr6 *source)
{
	struct request q = { .kind = REQUEST_FLAG,
			     .family = family,
			     .source = *source };
	struct reply r;

	return priv_request(priv, &q, &r);
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

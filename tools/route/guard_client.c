/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guard_client.h"
#include "../program/message.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>
#include <fcntl.h>

#define GUARD_HELLO_MS 15000 /* it may be loading the policy at its start */

/* ---- to connect ---- */

static int guard_dial(const char *run_dir)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int n = snprintf(to.sun_path, sizeof(to.sun_path), "%s/" GUARD_SOCKET,
			 run_dir);
	int fd, error;

	if (n < 0 || (size_t)n >= sizeof(to.sun_path))
		return -ENOENT; /* no guard can listen there either */
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (!connect(fd, (struct sockaddr *)&to, sizeof(to)))
		return fd;
	error = errno;
	close(fd);
	return -error;
}

/* Whoever could put a socket there as another user is not believed. */
static bool guard_is_trusted(int fd)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	return !getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) &&
	       (peer.uid == 0 || peer.uid == geteuid());
}

static int guard_read_hello(struct guard_link *link)
{
	struct pollfd p = { .fd = link->fd, .events = POLLIN };
	ssize_t got;

	if (poll(&p, 1, GUARD_HELLO_MS) <= 0)
		return -ETIMEDOUT;
	got = recv(link->fd, &link->hello, sizeof(link->hello), MSG_DONTWAIT);
	if (got != sizeof(link->hello) ||
	    memcmp(link->hello.magic, GUARD_MAGIC, sizeof(link->hello.magic)))
		return got < 0 ? -errno : -EPROTO;
	return 0;
}

/* ---- a transaction ---- */

/* A file in memory that nobody can change any more. */
static int guard_pack(const struct batch *b)
{
	int fd = memfd_create("mailwall-transaction",
			      MFD_CLOEXEC | MFD_ALLOW_SEALING);
	size_t n;
	const struct iovec *pages = batch_iovec(b, &n);
	int error = fd < 0 ? errno : 0;

	for (size_t i = 0; i < n && !error; i++)
		for (size_t at = 0; at < pages[i].iov_len && !error;) {
			ssize_t put = write(fd, (char *)pages[i].iov_base + at,
					    pages[i].iov_len - at);

			if (put > 0)
				at += (size_t)put;
			else if (put == 0 || errno != EINTR)
				error = put ? errno : EIO;
		}
	if (!error &&
	    fcntl(fd, F_ADD_SEALS,
		  F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE))
		error = errno;
	if (!error)
		return fd;
	if (fd >= 0)
		close(fd);
	return -error;
}

/* Sends a request with a file, or with pages behind it. */
static int guard_request(int to, uint64_t bytes, int file,
			 const struct iovec *page)
{
	struct guard_request request = { .bytes = bytes };
	struct iovec iov[2] = { { &request, sizeof(request) },
				page ? *page : (struct iovec){ 0 } };
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = page ? 2 : 1 };
	struct cmsghdr *c;

	if (!page) {
		msg.msg_control = &control;
		msg.msg_controllen = sizeof(control);
		c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &file, sizeof(file));
	}
	return sendmsg(to, &msg, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

static int guard_send_batch(int to, const struct batch *b)
{
	size_t n;
	const struct iovec *pages = batch_iovec(b, &n);
	int file, error;

	if (n == 1 && pages->iov_len <= GUARD_INLINE_MOST)
		return guard_request(to, pages->iov_len, -1, pages);
	file = guard_pack(b);
	if (file < 0)
		return file;
	error = guard_request(to, batch_bytes(b), file, NULL);
	close(file);
	return error;
}

/* A large load takes the kernel seconds: waits for as long as the guard lives.
 */
static int guard_read_answers(int fd, transaction_answer_fn *fn, void *ctx)
{
	char *packet =
		malloc(sizeof(struct guard_answer) + GUARD_ANSWER_BYTES_MOST);
	const struct guard_answer *a = (const void *)packet;
	int error = packet ? -EPROTO : -ENOMEM;

	while (packet) {
		ssize_t got = recv(fd, packet,
				   sizeof(*a) + GUARD_ANSWER_BYTES_MOST, 0);

		if (got < 0 && errno == EINTR)
			continue;
		/* Whether the kernel took it is not known: read it back. */
		if (got < (ssize_t)sizeof(*a)) {
			error = -ENOBUFS;
			break;
		}
		if (a->kind == GUARD_END) {
			error = a->error;
			if (got > (ssize_t)sizeof(*a))
				message_say("the guard refused: %.*s",
					    (int)((size_t)got - sizeof(*a)),
					    packet + sizeof(*a));
			break;
		}
		fn(ctx, packet + sizeof(*a), (size_t)got - sizeof(*a));
	}
	free(packet);
	return error;
}

static int guard_send(void *ctx, const struct batch *b,
		      transaction_answer_fn *fn, void *fn_ctx)
{
	const struct guard_link *link = ctx;
	int error = guard_send_batch(link->fd, b);

	return error ? error : guard_read_answers(link->fd, fn, fn_ctx);
}

/* ---- the link ---- */

int guard_connect(struct guard_link *link, const char *run_dir,
		  struct netlink *nl)
{
	int error;

	*link = (struct guard_link){ .fd = guard_dial(run_dir) };
	if (link->fd < 0) {
		error = link->fd;
		link->fd = -1;
		/* A socket without a listener: the guard is gone. */
		return error == -ENOENT || error == -ECONNREFUSED ||
				       error == -ENOTDIR || error == -EACCES ?
			       0 :
			       error;
	}
	error = guard_is_trusted(link->fd) ? guard_read_hello(link) : -EPERM;
	if (error) {
		guard_disconnect(link);
		return error;
	}
	link->route = (struct transaction_route){ guard_send, link };
	nl->route = &link->route;
	return 0;
}

void guard_disconnect(struct guard_link *link)
{
	if (link->fd >= 0)
		close(link->fd);
	link->fd = -1;
}

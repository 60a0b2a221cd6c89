/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guard_serve.h"
#include "../kernel/applied.h"
#include "../kernel/transaction.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define GUARD_PATIENCE_S 2 /* for a client that does not take its answers */

/* ---- the socket ---- */

/* A socket that is taken has a listener; the file of one that ended is not. */
static bool guard_is_taken(const struct sockaddr_un *at)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	bool taken = fd >= 0 &&
		     !connect(fd, (const struct sockaddr *)at, sizeof(*at));

	if (fd >= 0)
		close(fd);
	return taken;
}

static int guard_bind(const struct sockaddr_un *at)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK,
			0);

	if (fd < 0)
		return -errno;
	unlink(at->sun_path);
	/* Everybody may connect: who may change what is decided by the user. */
	if (bind(fd, (const struct sockaddr *)at, sizeof(*at)) ||
	    chmod(at->sun_path, 0666) || listen(fd, GUARD_CLIENTS_MOST)) {
		int error = errno;

		close(fd);
		return -error;
	}
	return fd;
}

int guard_listen(struct guard_server *s, const char *run_dir, struct fault *f)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int n = snprintf(at.sun_path, sizeof(at.sun_path), "%s/" GUARD_SOCKET,
			 run_dir);
	char folder[sizeof(at.sun_path)];
	int error;

	for (size_t i = 0; i < GUARD_CLIENTS_MOST; i++)
		s->clients[i].fd = -1;
	s->fd = -1;
	if (n < 0 || (size_t)n >= sizeof(at.sun_path))
		return fault_set(f, -ENAMETOOLONG,
				 "the path of the guard's socket is too "
				 "long: %s/" GUARD_SOCKET,
				 run_dir);
	snprintf(folder, sizeof(folder), "%s/" GUARD_FOLDER, run_dir);
	error = applied_make_folder(folder);
	if (error)
		return fault_set(f, error, "cannot make %s: %s", folder,
				 strerror(-error));
	if (guard_is_taken(&at))
		return fault_set(f, -EADDRINUSE, "another guard listens at %s",
				 at.sun_path);
	s->fd = guard_bind(&at);
	if (s->fd < 0)
		return fault_set(f, s->fd, "cannot listen at %s: %s",
				 at.sun_path, strerror(-s->fd));
	return 0;
}

void guard_server_close(struct guard_server *s, const char *run_dir)
{
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];

	for (size_t i = 0; i < GUARD_CLIENTS_MOST; i++)
		if (s->clients[i].fd >= 0)
			close(s->clients[i].fd);
	if (s->fd < 0)
		return;
	close(s->fd);
	snprintf(path, sizeof(path), "%s/" GUARD_SOCKET, run_dir);
	unlink(path);
}

/* ---- clients ---- */

static enum guard_scope guard_scope_of(const struct guard_server *s, int fd)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len))
		return GUARD_NOTHING;
	if (peer.uid == 0)
		return GUARD_TABLE;
	return s->flagger && peer.uid == s->flagger ? GUARD_FLAGGED :
						      GUARD_NOTHING;
}

static struct guard_client *guard_free_place(struct guard_server *s)
{
	for (size_t i = 0; i < GUARD_CLIENTS_MOST; i++)
		if (s->clients[i].fd < 0)
			return &s->clients[i];
	return NULL;
}

void guard_accept(struct guard_server *s)
{
	const struct timeval patience = { .tv_sec = GUARD_PATIENCE_S };
	struct guard_client *place = guard_free_place(s);
	int fd = accept4(s->fd, NULL, NULL, SOCK_CLOEXEC);

	if (fd < 0)
		return;
	if (!place ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience,
		       sizeof(patience)) ||
	    send(fd, &s->hello, sizeof(s->hello), MSG_NOSIGNAL) < 0) {
		close(fd);
		return;
	}
	*place = (struct guard_client){ fd, guard_scope_of(s, fd) };
}

static void guard_drop(struct guard_client *client)
{
	close(client->fd);
	client->fd = -1;
}

/* ---- a request ---- */

/* A request as it came: its file, or the bytes behind it. */
struct guard_received {
	struct guard_request request;
	char inside[GUARD_INLINE_MOST] __attribute__((aligned(NLMSG_ALIGNTO)));
	size_t bytes; /* inside */
	int file;     /* -1: none */
};

static int guard_receive(int fd, struct guard_received *r)
{
	struct iovec iov[2] = { { &r->request, sizeof(r->request) },
				{ r->inside, sizeof(r->inside) } };
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct msghdr msg = { .msg_iov = iov,
			      .msg_iovlen = 2,
			      .msg_control = &control,
			      .msg_controllen = sizeof(control) };
	ssize_t got = recvmsg(fd, &msg, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	struct cmsghdr *c = got >= 0 ? CMSG_FIRSTHDR(&msg) : NULL;

	r->file = -1;
	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS &&
	    c->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(&r->file, CMSG_DATA(c), sizeof(r->file));
	if (got >= (ssize_t)sizeof(r->request) &&
	    !(msg.msg_flags & (MSG_CTRUNC | MSG_TRUNC))) {
		r->bytes = (size_t)got - sizeof(r->request);
		if (r->file >= 0 ? !r->bytes : r->bytes == r->request.bytes)
			return 0;
	}
	if (r->file >= 0)
		close(r->file);
	return -EPROTO;
}

/* A seal keeps the bytes between their check and their sending. */
static const char *guard_file_wrong(int file, uint64_t bytes)
{
	const int needs = F_SEAL_SHRINK | F_SEAL_WRITE;
	int seals = fcntl(file, F_GET_SEALS);
	struct stat st;

	if (seals < 0 || (seals & needs) != needs)
		return "the transaction is not sealed";
	if (fstat(file, &st) || (uint64_t)st.st_size != bytes || !bytes ||
	    bytes > GUARD_BATCH_MOST)
		return "the transaction has another length than it says";
	return NULL;
}

static void guard_end(int fd, int error, const char *why)
{
	struct guard_answer end = { GUARD_END, error };
	struct iovec iov[2] = { { &end, sizeof(end) },
				{ (char *)why, why ? strlen(why) : 0 } };
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 2 };

	sendmsg(fd, &msg, MSG_NOSIGNAL);
}

struct guard_answers {
	int fd;
	unsigned int n;
	bool lost;
};

static void guard_on_answer(void *ctx, const void *datagram, size_t len)
{
	struct guard_answers *a = ctx;
	struct guard_answer head = { .kind = GUARD_ANSWER };
	struct iovec iov[2] = { { &head, sizeof(head) },
				{ (void *)datagram, len } };
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 2 };

	if (a->n++ >= GUARD_ANSWERS_MOST || len > GUARD_ANSWER_BYTES_MOST ||
	    sendmsg(a->fd, &msg, MSG_NOSIGNAL) < 0)
		a->lost = true;
}

static void guard_pass(struct guard_server *s, struct guard_client *client,
		       void *batch, size_t bytes)
{
	struct guard_answers a = { .fd = client->fd };
	struct iovec page = { batch, bytes };
	const char *wrong = guard_check(batch, bytes, client->scope);
	int error;

	if (wrong) {
		guard_end(client->fd, -EPERM, wrong);
		return;
	}
	if (s->before)
		s->before(s->ctx);
	error = transaction_send(s->kernel, &page, 1, bytes, guard_on_answer,
				 &a);
	if (s->after)
		s->after(s->ctx);
	guard_end(client->fd, !error && a.lost ? -ENOBUFS : error, NULL);
}

static void guard_serve_file(struct guard_server *s,
			     struct guard_client *client, int file,
			     uint64_t bytes)
{
	const char *wrong = guard_file_wrong(file, bytes);
	void *batch =
		wrong ? MAP_FAILED :
			mmap(NULL, bytes, PROT_READ, MAP_PRIVATE, file, 0);

	if (wrong)
		guard_end(client->fd, -EPERM, wrong);
	else if (batch == MAP_FAILED)
		guard_end(client->fd, -errno, NULL);
	else
		guard_pass(s, client, batch, bytes);
	if (batch != MAP_FAILED)
		munmap(batch, bytes);
	close(file);
}

void guard_serve(struct guard_server *s, struct guard_client *client)
{
	struct guard_received r;

	if (guard_receive(client->fd, &r))
		guard_drop(client);
	else if (r.file >= 0)
		guard_serve_file(s, client, r.file, r.request.bytes);
	else
		guard_pass(s, client, r.inside, r.bytes);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The process that keeps CAP_NET_ADMIN as a service of its own: it serves a
 * monitor after the other at a socket, and outlives them. What it does for them
 * was set where it was started.
 */
#include "priv_socket.h"
#include "priv_request.h"
#include "privilege.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* ---- both ends ---- */

static bool socket_peer_is(int fd, uid_t uid)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	return !getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) &&
	       (peer.uid == uid || !peer.uid);
}

/* One reply and one descriptor. */
union socket_control {
	char bytes[CMSG_SPACE(sizeof(int))];
	struct cmsghdr align;
};

/* ---- the service ---- */

#define FIRST_PASSED 3 /* descriptor that systemd passes: sd_listen_fds(3) */

int priv_socket_passed(void)
{
	const char *pid = getenv("LISTEN_PID"), *n = getenv("LISTEN_FDS");
	int listens = 0;
	socklen_t len = sizeof(listens);

	if (!pid || !n || atoi(pid) != getpid() || atoi(n) != 1 ||
	    getsockopt(FIRST_PASSED, SOL_SOCKET, SO_ACCEPTCONN, &listens,
		       &len) ||
	    !listens)
		return -1;
	fcntl(FIRST_PASSED, F_SETFD, FD_CLOEXEC);
	return FIRST_PASSED;
}

uid_t priv_socket_client(void)
{
	const struct passwd *pw = getpwnam(privilege_default_user());

	return pw ? pw->pw_uid : 0;
}

int priv_socket_accept(int listener, uid_t client)
{
	for (;;) {
		int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

		if (fd >= 0 && socket_peer_is(fd, client))
			return fd;
		if (fd >= 0)
			close(fd);
		else if (errno != EINTR && errno != ECONNABORTED)
			return -errno;
	}
}

bool priv_socket_greet(int fd, int members_fd, const struct reply *r)
{
	union socket_control control = { { 0 } };
	struct iovec part = { (void *)r, sizeof(*r) };
	struct msghdr message = { .msg_iov = &part,
				  .msg_iovlen = 1,
				  .msg_control = control.bytes,
				  .msg_controllen = sizeof(control.bytes) };
	struct cmsghdr *head = CMSG_FIRSTHDR(&message);

	head->cmsg_level = SOL_SOCKET;
	head->cmsg_type = SCM_RIGHTS;
	head->cmsg_len = CMSG_LEN(sizeof(members_fd));
	memcpy(CMSG_DATA(head), &members_fd, sizeof(members_fd));
	return sendmsg(fd, &message, MSG_NOSIGNAL) == sizeof(*r);
}

/* ---- the monitor ---- */

int priv_socket_connect(const char *path)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd, error = 0;

	if (strlen(path) >= sizeof(to.sun_path))
		return -ENAMETOOLONG;
	strcpy(to.sun_path, path);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)))
		error = -errno;
	else if (!socket_peer_is(fd, 0)) /* root listens, for it */
		error = -EACCES;
	if (!error)
		return fd;
	close(fd);
	return error;
}

static int socket_take_descriptor(struct msghdr *message)
{
	struct cmsghdr *head = CMSG_FIRSTHDR(message);
	int fd;

	if (!head || head->cmsg_level != SOL_SOCKET ||
	    head->cmsg_type != SCM_RIGHTS ||
	    head->cmsg_len != CMSG_LEN(sizeof(fd)))
		return -EPROTO;
	memcpy(&fd, CMSG_DATA(head), sizeof(fd));
	return fd;
}

int priv_socket_greeting(int fd, struct reply *r)
{
	union socket_control control = { { 0 } };
	struct iovec part = { r, sizeof(*r) };
	struct msghdr message = { .msg_iov = &part,
				  .msg_iovlen = 1,
				  .msg_control = control.bytes,
				  .msg_controllen = sizeof(control.bytes) };
	ssize_t len = recvmsg(fd, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	int got;

	if (len < 0 && errno == EAGAIN)
		return -EAGAIN;
	if (len <= 0)
		return -ENOTCONN;
	got = socket_take_descriptor(&message);
	if (len == sizeof(*r) && !r->error && !r->sequence)
		return got;
	if (got >= 0)
		close(got);
	return -EPROTO;
}

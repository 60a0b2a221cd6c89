/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "listener.h"

#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LISTENER_BUFFER	  (8 * 1024 * 1024) /* the socket's, in bytes */
#define LISTENER_DATAGRAM (256 * 1024)

int listener_open(struct listener *l)
{
	const int buffer = LISTENER_BUFFER;
	struct sockaddr_nl any = { .nl_family = AF_NETLINK };

	l->joined = false;
	l->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
		       NETLINK_NETFILTER);
	if (l->fd < 0)
		return -errno;
	if (bind(l->fd, (struct sockaddr *)&any, sizeof(any))) {
		int error = errno;

		listener_close(l);
		return -error;
	}
	setsockopt(l->fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof(buffer));
	return 0;
}

void listener_close(struct listener *l)
{
	if (l->fd >= 0)
		close(l->fd);
	l->fd = -1;
	l->joined = false;
}

static void listener_drain(const struct listener *l)
{
	char byte;

	while (recv(l->fd, &byte, 1, MSG_DONTWAIT | MSG_TRUNC) >= 0 ||
	       errno == ENOBUFS || errno == EINTR)
		;
}

int listener_join(struct listener *l, bool joined)
{
	const int group = NFNLGRP_NFTABLES;

	if (l->joined == joined)
		return 0;
	if (setsockopt(l->fd, SOL_NETLINK,
		       joined ? NETLINK_ADD_MEMBERSHIP :
				NETLINK_DROP_MEMBERSHIP,
		       &group, sizeof(group)))
		return -errno;
	l->joined = joined;
	if (!joined) {
		listener_drain(l);
		l->reader.acts = 0;
		l->reader.deleted = false;
	}
	return 0;
}

void listener_read(struct listener *l, foreign_fn *fn, void *ctx, bool *lost)
{
	static char datagram[LISTENER_DATAGRAM]
		__attribute__((aligned(NLMSG_ALIGNTO)));

	for (;;) {
		struct sockaddr_nl from = { 0 };
		socklen_t len = sizeof(from);
		ssize_t got = recvfrom(l->fd, datagram, sizeof(datagram), 0,
				       (struct sockaddr *)&from, &len);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 && errno == ENOBUFS) {
			*lost = true;
			continue;
		}
		if (got < 0)
			return;
		/* Only the kernel has port 0. */
		if (len == sizeof(from) && !from.nl_pid)
			foreign_read(&l->reader, datagram, (size_t)got, fn,
				     ctx);
	}
}

bool listener_affords(const char *meminfo, uint64_t elements)
{
	unsigned long long kib = 0;
	char line[128];
	FILE *file = fopen(meminfo, "re");

	while (file && !kib && fgets(line, sizeof(line), file))
		sscanf(line, "MemAvailable: %llu kB", &kib);
	if (file)
		fclose(file);
	return kib * 1024 / LISTENER_BYTES_PER_ELEMENT > elements;
}

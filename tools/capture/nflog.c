/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * NFLOG groups. libpcap can read them, but does not look at the sequence
 * numbers, by which every lost log is counted here.
 */
#include "capture_priv.h"
#include "nflog_listener.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_log.h>
#include <pcap/dlt.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define BUFFER_BYTES   (32 * 1024 * 1024)
#define COPY_BYTES     256 /* bytes of a packet, unless the rule says less */
#define BATCH_BYTES    (64 * 1024 - 512) /* 64 KiB with the kernel's own */
#define BATCH_LOGS     256 /* logs in a datagram, unless the rule says less */
#define BATCH_CS       10  /* 1/100 s that a log waits in the kernel at most */
#define DATAGRAM_BYTES (2 * BATCH_BYTES)
#define READS_AT_ONCE  64 /* datagrams in one capture_read() */

struct nflog {
	struct input input;
	struct mnl_socket *socket;
	uint16_t group;
	uint32_t next_seq; /* a new listener is numbered from 0 */
	int64_t now_us;	   /* when the datagram was read */
	char buffer[DATAGRAM_BYTES];
};

/* ---- what can be wrong ---- */

/*
 * Reports why the group cannot be read; error is positive. The kernel answers
 * EPERM for a group with another listener as for a lack of privilege.
 */
static int nflog_fail(const struct nflog *g, int error)
{
	struct capture *c = g->input.capture;
	const char *name = g->input.name;
	long listener = -1;

	if (error == EPERM || error == EBUSY)
		listener = nflog_listener(g->group);
	if (listener >= 0)
		return capture_fail(
			c, -EBUSY,
			"%s: this group has a listener already (netlink port "
			"%ld, most often its process id), and can have only "
			"one",
			name, listener);
	if (error == EPERM)
		return capture_fail(c, -error,
				    "%s: not permitted: NFLOG needs "
				    "CAP_NET_ADMIN; run it as root",
				    name);
	if (error == EINVAL || error == EPROTONOSUPPORT)
		return capture_fail(c, -error,
				    "%s: this kernel has no NFLOG "
				    "(nfnetlink_log)",
				    name);
	return capture_fail(c, -error, "%s: %s", name, strerror(error));
}

/* ---- opening ---- */

static void nflog_put_config(const struct nflog *g, struct nlmsghdr *nlh)
{
	struct nfulnl_msg_config_cmd bind = { .command = NFULNL_CFG_CMD_BIND };
	struct nfulnl_msg_config_mode mode = {
		.copy_range = htonl(COPY_BYTES),
		.copy_mode = NFULNL_COPY_PACKET,
	};
	struct nfgenmsg *nfg = mnl_nlmsg_put_extra_header(nlh, sizeof(*nfg));

	nlh->nlmsg_type = NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_CONFIG;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	nfg->nfgen_family = AF_UNSPEC;
	nfg->version = NFNETLINK_V0;
	nfg->res_id = htons(g->group);
	mnl_attr_put(nlh, NFULA_CFG_CMD, sizeof(bind), &bind);
	mnl_attr_put(nlh, NFULA_CFG_MODE, sizeof(mode), &mode);
	mnl_attr_put_u32(nlh, NFULA_CFG_NLBUFSIZ, htonl(BATCH_BYTES));
	mnl_attr_put_u32(nlh, NFULA_CFG_QTHRESH, htonl(BATCH_LOGS));
	mnl_attr_put_u32(nlh, NFULA_CFG_TIMEOUT, htonl(BATCH_CS));
	mnl_attr_put_u16(nlh, NFULA_CFG_FLAGS, htons(NFULNL_CFG_F_SEQ));
}

/* Logs that come before the answer are lost, and their numbers show it. */
static int nflog_read_answer(struct nflog *g)
{
	const struct nlmsghdr *nlh = (const struct nlmsghdr *)g->buffer;
	const struct nlmsgerr *e = mnl_nlmsg_get_payload(nlh);
	int fd = mnl_socket_get_fd(g->socket);
	ssize_t got;

	for (;;) {
		got = recv(fd, g->buffer, sizeof(g->buffer), 0);
		if (got < 0 && errno != EINTR && errno != ENOBUFS)
			return errno;
		if (got >= (ssize_t)mnl_nlmsg_size(sizeof(*e)) &&
		    nlh->nlmsg_type == NLMSG_ERROR)
			return -e->error;
	}
}

static int nflog_bind(struct nflog *g)
{
	char buf[256];
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);

	nflog_put_config(g, nlh);
	if (mnl_socket_sendto(g->socket, nlh, nlh->nlmsg_len) < 0)
		return errno;
	return nflog_read_answer(g);
}

static void nflog_make_room(int fd)
{
	int bytes = BUFFER_BYTES;

	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)))
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
}

static int nflog_open(struct nflog *g)
{
	int error;

	g->socket = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
	if (!g->socket)
		return nflog_fail(g, errno);
	if (mnl_socket_bind(g->socket, 0, MNL_SOCKET_AUTOPID) < 0)
		return nflog_fail(g, errno);
	nflog_make_room(mnl_socket_get_fd(g->socket));
	error = nflog_bind(g);
	return error ? nflog_fail(g, error) : 0;
}

/* ---- reading ---- */

static int64_t nflog_now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void nflog_count_gap(struct nflog *g, const struct nlattr *attr)
{
	uint32_t seq = ntohl(mnl_attr_get_u32(attr));

	g->input.lost += seq - g->next_seq; /* mod 2^32 */
	g->next_seq = seq + 1;
}

/* "residential:17 block " */
static bool nflog_is_block(const struct nlattr *attr)
{
	static const char verb[] = " block ";
	const char *text = mnl_attr_get_payload(attr);
	size_t len = mnl_attr_get_payload_len(attr);
	const char *space = memchr(text, ' ', len);

	return space && len - (size_t)(space - text) >= sizeof(verb) - 1 &&
	       !memcmp(space, verb, sizeof(verb) - 1);
}

static int64_t nflog_timestamp_us(const struct nlattr *attr)
{
	struct nfulnl_msg_packet_timestamp t;

	memcpy(&t, mnl_attr_get_payload(attr), sizeof(t));
	return (int64_t)(be64toh(t.sec) * 1000000 + be64toh(t.usec));
}

static int nflog_on_log(const struct nlmsghdr *nlh, void *ctx)
{
	struct nflog *g = ctx;
	int64_t time_us = g->now_us;
	uint32_t len = (uint32_t)mnl_nlmsg_get_payload_len(nlh);
	const struct nlattr *attr;

	if (nlh->nlmsg_type != (NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_PACKET))
		return MNL_CB_OK;
	mnl_attr_for_each (attr, nlh, sizeof(struct nfgenmsg)) {
		uint16_t type = mnl_attr_get_type(attr);

		if (type == NFULA_SEQ)
			nflog_count_gap(g, attr);
		else if (type == NFULA_TIMESTAMP)
			time_us = nflog_timestamp_us(attr);
		else if (type == NFULA_PREFIX)
			g->input.blocked += nflog_is_block(attr);
	}
	/* DLT_NFLOG begins at struct nfgenmsg. */
	input_on_frame(&g->input, mnl_nlmsg_get_payload(nlh), len, len,
		       time_us);
	return MNL_CB_OK;
}

/* Reads a datagram: its length, 0 if it is not the kernel's, or -errno. */
static ssize_t nflog_receive(struct nflog *g)
{
	struct sockaddr_nl from = { 0 };
	socklen_t from_len = sizeof(from);
	ssize_t got = recvfrom(mnl_socket_get_fd(g->socket), g->buffer,
			       sizeof(g->buffer), MSG_DONTWAIT,
			       (struct sockaddr *)&from, &from_len);

	if (got < 0)
		return -errno;
	return from.nl_pid ? 0 : got;
}

static int nflog_read(struct input *in)
{
	struct nflog *g = (struct nflog *)in;

	for (int i = 0; i < READS_AT_ONCE; i++) {
		ssize_t got = nflog_receive(g);

		if (got == -EAGAIN)
			break;
		/* The kernel had no room: the next number tells how often. */
		if (got == -ENOBUFS || got == -EINTR || !got)
			continue;
		if (got < 0)
			return capture_fail(in->capture, (int)got, "%s: %s",
					    in->name, strerror((int)-got));
		g->now_us = nflog_now_us();
		mnl_cb_run(g->buffer, (size_t)got, 0, 0, nflog_on_log, g);
	}
	return 0;
}

static int nflog_fd(const struct input *in)
{
	return mnl_socket_get_fd(((const struct nflog *)in)->socket);
}

static void nflog_free(struct input *in)
{
	struct nflog *g = (struct nflog *)in;

	if (g->socket)
		mnl_socket_close(g->socket);
}

static const struct input_verbs nflog_verbs = {
	.fd = nflog_fd,
	.read = nflog_read,
	.free = nflog_free,
};

int capture_add_nflog(struct capture *c, uint16_t group)
{
	struct nflog *g;
	char name[16];
	int error;

	snprintf(name, sizeof(name), "nflog:%u", group);
	g = input_new(c, sizeof(*g), &nflog_verbs, name);
	if (!g)
		return -ENOMEM;
	g->group = group;
	g->input.link = DLT_NFLOG;
	g->input.exact = true;
	error = nflog_open(g);
	if (!error)
		return capture_add(c, &g->input);
	input_free(&g->input);
	return error;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "foreign.h"
#include "../../rules/ruleset/ruleset.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* ---- what was done ---- */

static const struct foreign_act {
	int type;
	const char *name;
} foreign_acts[] = {
	{ NFT_MSG_NEWTABLE, "new table" },
	{ NFT_MSG_DELTABLE, "delete table" },
	{ NFT_MSG_NEWCHAIN, "new chain" },
	{ NFT_MSG_DELCHAIN, "delete chain" },
	{ NFT_MSG_NEWRULE, "new rule" },
	{ NFT_MSG_DELRULE, "delete rule" },
	{ NFT_MSG_NEWSET, "new set" },
	{ NFT_MSG_DELSET, "delete set" },
	{ NFT_MSG_NEWSETELEM, "new element" },
	{ NFT_MSG_DELSETELEM, "delete element" },
	{ NFT_MSG_NEWOBJ, "new object" },
	{ NFT_MSG_DELOBJ, "delete object" },
};

#define FOREIGN_ACTS (sizeof(foreign_acts) / sizeof(*foreign_acts))

void foreign_acts_text(unsigned int acts, char *out, size_t size)
{
	size_t n = 0;

	if (size)
		*out = '\0';
	for (size_t i = 0; i < FOREIGN_ACTS && n < size; i++)
		if (acts & 1u << i)
			n += (size_t)snprintf(out + n, size - n, "%s%s",
					      n ? ", " : "",
					      foreign_acts[i].name);
}

static unsigned int foreign_act_bit(int type)
{
	for (size_t i = 0; i < FOREIGN_ACTS; i++)
		if (foreign_acts[i].type == type)
			return 1u << i;
	return 0;
}

/* ---- messages ---- */

static const struct nlattr *foreign_attr(const struct nlmsghdr *nlh,
					 uint16_t type)
{
	const struct nlattr *attr;

	mnl_attr_for_each (attr, nlh, sizeof(struct nfgenmsg))
		if (mnl_attr_get_type(attr) == type)
			return attr;
	return NULL;
}

static bool foreign_names_us(const struct nlmsghdr *nlh)
{
	const struct nlattr *attr = foreign_attr(nlh, NFTA_TABLE_NAME);

	return attr && !mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) &&
	       !strcmp(mnl_attr_get_str(attr), TABLE_NAME);
}

static uint32_t foreign_number(const struct nlmsghdr *nlh, uint16_t type)
{
	const struct nlattr *attr = foreign_attr(nlh, type);

	return attr && mnl_attr_validate(attr, MNL_TYPE_U32) >= 0 ?
		       ntohl(mnl_attr_get_u32(attr)) :
		       0;
}

static void foreign_copy_comm(char *out, size_t size, const char *from,
			      size_t len)
{
	size_t n = 0;

	while (n + 1 < size && n < len && from[n]) {
		out[n] = isprint((unsigned char)from[n]) ? from[n] : '?';
		n++;
	}
	out[n] = '\0';
}

static bool foreign_is_own(const struct foreign_reader *r, uint32_t port)
{
	return port && (port == r->own_ports[0] || port == r->own_ports[1]);
}

/* Members of class flagged change with the traffic: no part of the policy. */
static bool foreign_is_flagging(const struct nlmsghdr *nlh)
{
	int type = nlh->nlmsg_type & 0xff;
	const struct nlattr *attr =
		type == NFT_MSG_NEWSETELEM || type == NFT_MSG_DELSETELEM ?
			foreign_attr(nlh, NFTA_SET_ELEM_LIST_SET) :
			NULL;

	return attr && !mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) &&
	       (!strcmp(mnl_attr_get_str(attr), "flagged.v4") ||
		!strcmp(mnl_attr_get_str(attr), "flagged.v6"));
}

static void foreign_on_object(struct foreign_reader *r,
			      const struct nlmsghdr *nlh)
{
	int type = nlh->nlmsg_type & 0xff;

	if (!foreign_names_us(nlh) || foreign_is_own(r, nlh->nlmsg_pid) ||
	    foreign_is_flagging(nlh))
		return;
	r->acts |= foreign_act_bit(type);
	if (type == NFT_MSG_DELTABLE)
		r->deleted = true;
	if (type == NFT_MSG_NEWTABLE)
		r->deleted = false;
}

static void foreign_on_generation(struct foreign_reader *r,
				  const struct nlmsghdr *nlh, foreign_fn *fn,
				  void *ctx)
{
	const struct nlattr *name = foreign_attr(nlh, NFTA_GEN_PROC_NAME);
	struct foreign_change change = {
		.generation = foreign_number(nlh, NFTA_GEN_ID),
		.by.pid = (int32_t)foreign_number(nlh, NFTA_GEN_PROC_PID),
		.acts = r->acts,
		.deleted = r->deleted,
	};
	struct timespec t;

	r->acts = 0;
	r->deleted = false;
	if (!change.acts)
		return;
	clock_gettime(CLOCK_MONOTONIC, &t);
	change.seen_ms = (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
	if (name)
		foreign_copy_comm(change.by.comm, sizeof(change.by.comm),
				  mnl_attr_get_payload(name),
				  mnl_attr_get_payload_len(name));
	fn(ctx, &change);
}

void foreign_read(struct foreign_reader *r, const void *datagram, size_t len,
		  foreign_fn *fn, void *ctx)
{
	const unsigned char *bytes = datagram;
	size_t at = 0;

	while (len - at >= NLMSG_HDRLEN) {
		const struct nlmsghdr *nlh =
			(const struct nlmsghdr *)(bytes + at);

		if (nlh->nlmsg_len < NLMSG_HDRLEN || nlh->nlmsg_len > len - at)
			return;
		if (nlh->nlmsg_type >> 8 == NFNL_SUBSYS_NFTABLES &&
		    nlh->nlmsg_len >= NLMSG_HDRLEN + sizeof(struct nfgenmsg)) {
			if ((nlh->nlmsg_type & 0xff) == NFT_MSG_NEWGEN)
				foreign_on_generation(r, nlh, fn, ctx);
			else
				foreign_on_object(r, nlh);
		}
		at += NLMSG_ALIGN(nlh->nlmsg_len);
		if (at > len)
			return;
	}
}

/* ---- who it was ---- */

/* A file of /proc as text; the bytes, or 0. */
static size_t foreign_proc(int32_t pid, const char *file, char *out,
			   size_t size)
{
	char path[64];
	ssize_t got;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	got = fd < 0 ? 0 : read(fd, out, size - 1);
	if (fd >= 0)
		close(fd);
	out[got > 0 ? got : 0] = '\0';
	return got > 0 ? (size_t)got : 0;
}

/* The command line, its words separated by blanks, bytes of no text as ?. */
static void foreign_command(struct foreign_change *c)
{
	size_t n = foreign_proc(c->by.pid, "cmdline", c->command,
				sizeof(c->command));

	while (n && !c->command[n - 1])
		n--;
	for (size_t i = 0; i < n; i++)
		if (!c->command[i])
			c->command[i] = ' ';
		else if (!isprint((unsigned char)c->command[i]))
			c->command[i] = '?';
}

static void foreign_login(struct foreign_change *c)
{
	char text[32];
	unsigned long uid;
	const struct passwd *pw;

	if (!foreign_proc(c->by.pid, "loginuid", text, sizeof(text)))
		return;
	uid = strtoul(text, NULL, 10);
	if (uid == UINT32_MAX)
		return;
	pw = getpwuid((uid_t)uid);
	if (pw)
		snprintf(c->login, sizeof(c->login), "%s", pw->pw_name);
	else
		snprintf(c->login, sizeof(c->login), "uid %lu", uid);
}

/* Number of the parent, from "Name: ...\n...PPid:\t17"; 0: not known. */
static int32_t foreign_status(int32_t pid, struct foreign_process *out)
{
	char text[512], comm[32];
	const char *parent;
	size_t n;

	if (!foreign_proc(pid, "status", text, sizeof(text)))
		return 0;
	out->pid = pid;
	n = foreign_proc(pid, "comm", comm, sizeof(comm));
	foreign_copy_comm(out->comm, sizeof(out->comm), comm,
			  n && comm[n - 1] == '\n' ? n - 1 : n);
	parent = strstr(text, "\nPPid:");
	return parent ? (int32_t)strtol(parent + 6, NULL, 10) : 0;
}

void foreign_look(struct foreign_change *c)
{
	struct foreign_process self = { 0 };
	int32_t parent;

	if (c->by.pid <= 0)
		return;
	parent = foreign_status(c->by.pid, &self);
	/* The number may be another process's by now: the name tells. */
	c->gone = !self.pid || strcmp(self.comm, c->by.comm);
	if (c->gone)
		return;
	foreign_command(c);
	foreign_login(c);
	while (parent > 1 && c->n_parents < FOREIGN_PARENTS_MOST) {
		struct foreign_process *p = &c->parents[c->n_parents];
		int32_t next = foreign_status(parent, p);

		if (!p->pid)
			break;
		c->n_parents++;
		parent = next;
	}
}

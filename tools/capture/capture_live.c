/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Interfaces, through libpcap and a filter in the kernel. */
#include "capture_filter.h"
#include "capture_priv.h"
#include "packet.h"
#include "../../rules/base/diag.h"

#include <stdio.h>
#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#define BUFFER_BYTES (32 * 1024 * 1024)
#define BLOCK_MS     100 /* the longest that a frame waits in the kernel */
/* Headers may be as long as a packet: options of IPv6 hide what follows. */
#define SNAP_BYTES	2048
#define FRAMES_AT_ONCE	4096 /* in one capture_read() */
#define READS_PER_LOOK	1024 /* libpcap counts losses in 32 bits */
#define INTERFACES_MOST 64

struct live {
	struct input input;
	pcap_t *pcap;
	unsigned int index; /* the interface's; 0: the input is "any" */
	char name_now[IF_NAMESIZE];
	unsigned int reads;
	unsigned int dropped; /* the latest ps_drop of pcap_stats(), mod 2^32 */
};

/* ---- what can be wrong ---- */

/* Writes "any, lo, eth0", as far as there is room. */
static void live_list_names(char *out, size_t size, const char *const *names,
			    size_t count)
{
	size_t n = 0;

	for (size_t i = 0; i < count && n + IF_NAMESIZE + 2 < size; i++)
		n += (size_t)snprintf(out + n, size - n, "%s%s", i ? ", " : "",
				      names[i]);
}

/* Reports a name that is none, with the nearest one or all. */
static int live_fail_name(struct capture *c, const char *name)
{
	struct if_nameindex *list = if_nameindex();
	const char *names[INTERFACES_MOST] = { "any" }, *near;
	char text[512] = "";
	size_t n = 1;

	for (size_t i = 0; list && list[i].if_index && n < INTERFACES_MOST; i++)
		names[n++] = list[i].if_name;
	near = nearest_word(name, strlen(name), names, n);
	live_list_names(text, sizeof(text), names, n);
	if (near)
		capture_fail(c, -ENODEV,
			     "\"%.40s\" is not an interface; did you mean "
			     "\"%s\"?",
			     name, near);
	else
		capture_fail(c, -ENODEV,
			     "\"%.40s\" is not an interface; there are: %s",
			     name, text);
	if (list)
		if_freenameindex(list);
	return -ENODEV;
}

static int live_fail(const struct live *l, int code)
{
	struct capture *c = l->input.capture;
	const char *name = l->input.name;

	if (code == PCAP_ERROR_NO_SUCH_DEVICE)
		return live_fail_name(c, name);
	if (code == PCAP_ERROR_PERM_DENIED ||
	    code == PCAP_ERROR_PROMISC_PERM_DENIED)
		return capture_fail(c, -EPERM,
				    "%s: not permitted: capturing needs "
				    "CAP_NET_RAW; run it as root",
				    name);
	if (code == PCAP_ERROR_IFACE_NOT_UP)
		return capture_fail(
			c, -ENETDOWN,
			"%s: is down; bring it up: ip link set %s up", name,
			name);
	return capture_fail(c, -EIO, "%s: cannot be captured: %s", name,
			    *pcap_geterr(l->pcap) ? pcap_geterr(l->pcap) :
						    pcap_statustostr(code));
}

/* ---- opening ---- */

static int live_activate(struct live *l, const struct live_options *o)
{
	char error[PCAP_ERRBUF_SIZE];
	int code;

	l->pcap = pcap_create(l->input.name, error);
	if (!l->pcap)
		return capture_fail(l->input.capture, -EIO, "%s: %s",
				    l->input.name, error);
	pcap_set_snaplen(l->pcap, SNAP_BYTES);
	pcap_set_promisc(l->pcap, 0);
	pcap_set_timeout(l->pcap, BLOCK_MS);
	pcap_set_buffer_size(l->pcap, o->buffer_bytes > 0 ? o->buffer_bytes :
							    BUFFER_BYTES);
	code = pcap_activate(l->pcap);
	return code < 0 ? live_fail(l, code) : 0;
}

/* Prefers SLL2, which says which interface of "any" a frame came by. */
static int live_set_link(struct live *l)
{
	if (pcap_datalink(l->pcap) == DLT_LINUX_SLL)
		pcap_set_datalink(l->pcap, DLT_LINUX_SLL2);
	l->input.link = (uint16_t)pcap_datalink(l->pcap);
	return pcap_datalink(l->pcap);
}

/* libpcap filters by itself if the kernel refuses, at many times the cost. */
static bool live_filters_in_kernel(const struct live *l)
{
	socklen_t instructions = 0;

	return !getsockopt(pcap_fileno(l->pcap), SOL_SOCKET, SO_GET_FILTER,
			   NULL, &instructions) &&
	       instructions;
}

static int live_filter(struct live *l, const struct live_options *o)
{
	const struct capture_filter filter = {
		.ports = o->ports,
		.n_ports = o->n_ports,
		.link = live_set_link(l),
		.openings_only = o->openings_only,
	};
	char *text = capture_filter_text(&filter);
	struct bpf_program program;
	int code;

	if (!text)
		return capture_fail(l->input.capture, -ENOMEM, "out of memory");
	code = pcap_compile(l->pcap, &program, text, 1, PCAP_NETMASK_UNKNOWN);
	free(text);
	if (code)
		return live_fail(l, code);
	code = pcap_setfilter(l->pcap, &program);
	pcap_freecode(&program);
	if (code)
		return live_fail(l, code);
	if (!live_filters_in_kernel(l))
		return capture_fail(l->input.capture, -EOPNOTSUPP,
				    "%s: the kernel does not take the filter",
				    l->input.name);
	return 0;
}

/*
 * Locks the filter: whoever takes the process over cannot take it off, and see
 * all that passes.
 */
static int live_lock(const struct live *l)
{
	const int one = 1;

	if (!setsockopt(pcap_fileno(l->pcap), SOL_SOCKET, SO_LOCK_FILTER, &one,
			sizeof(one)))
		return 0;
	return capture_fail(l->input.capture, -errno,
			    "%s: the filter cannot be locked: %s",
			    l->input.name, strerror(errno));
}

static int live_open(struct live *l, const struct live_options *o)
{
	char error[PCAP_ERRBUF_SIZE];
	int result = live_activate(l, o);

	if (!result)
		result = live_filter(l, o);
	if (!result)
		result = live_lock(l);
	if (!result && pcap_setnonblock(l->pcap, 1, error))
		result = capture_fail(l->input.capture, -EIO, "%s: %s",
				      l->input.name, error);
	return result;
}

/* ---- reading ---- */

static int live_fd(const struct input *in)
{
	return pcap_get_selectable_fd(((const struct live *)in)->pcap);
}

static void live_count_lost(struct input *in)
{
	struct live *l = (struct live *)in;
	struct pcap_stat now;

	if (pcap_stats(l->pcap, &now))
		return;
	in->lost += now.ps_drop - l->dropped;
	l->dropped = now.ps_drop;
}

/* Asks by its own socket, since no other can be made any more. */
static bool live_name(const struct live *l, char *now)
{
	struct ifreq asked = { .ifr_ifindex = (int)l->index };

	if (ioctl(pcap_get_selectable_fd(l->pcap), SIOCGIFNAME, &asked))
		return false;
	memcpy(now, asked.ifr_name, IF_NAMESIZE);
	return true;
}

/* An interface that has another name is read on. */
static bool live_is_gone(struct input *in)
{
	struct live *l = (struct live *)in;
	char now[IF_NAMESIZE];

	if (!l->index)
		return false;
	if (!live_name(l, now))
		return true;
	if (strcmp(now, l->name_now)) {
		capture_fail(in->capture, 0,
			     "%s is called %s now; it is read on as %s",
			     l->name_now, now, in->name);
		memcpy(l->name_now, now, sizeof(now));
	}
	return false;
}

static int live_read(struct input *in)
{
	struct live *l = (struct live *)in;
	int n = pcap_dispatch(l->pcap, FRAMES_AT_ONCE, packet_submit,
			      (u_char *)l);

	if (++l->reads % READS_PER_LOOK == 0)
		live_count_lost(in);
	if (n >= 0)
		return 0;
	if (live_is_gone(in))
		return -ENETDOWN;
	return capture_fail(in->capture, -EIO, "%s: %s", in->name,
			    pcap_geterr(l->pcap));
}

static void live_free(struct input *in)
{
	struct live *l = (struct live *)in;

	if (l->pcap)
		pcap_close(l->pcap);
}

static const struct input_verbs live_verbs = {
	.fd = live_fd,
	.read = live_read,
	.count_lost = live_count_lost,
	.is_gone = live_is_gone,
	.free = live_free,
};

int capture_add_live(struct capture *c, const char *interface,
		     const struct live_options *options)
{
	struct live *l;
	int error;

	/* libpcap knows devices that are no interfaces: usbmon0, nflog:5. */
	if (strcmp(interface, "any") && !if_nametoindex(interface))
		return live_fail_name(c, interface);
	l = input_new(c, sizeof(*l), &live_verbs, interface);
	error = l ? live_open(l, options) : -ENOMEM;
	if (l && strcmp(interface, "any"))
		l->index = if_nametoindex(interface);
	if (l)
		snprintf(l->name_now, sizeof(l->name_now), "%s", interface);
	if (!error)
		return capture_add(c, &l->input);
	if (l)
		input_free(&l->input);
	return error;
}

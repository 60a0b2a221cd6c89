/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Interfaces, through libpcap and a filter in the kernel. */
#include "capture_filter.h"
#include "input.h"
#include "../program/program.h"

#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define BUFFER_BYTES	(32 * 1024 * 1024)
#define BLOCK_MS	100 /* the longest that a frame waits in the kernel */
#define SNAP_BYTES	512
#define SNAP_OPENINGS	128
#define FRAMES_AT_ONCE	4096 /* of one capture_read() */
#define READS_PER_LOOK	1024 /* libpcap counts losses in 32 bits */
#define INTERFACES_MOST 64

struct live {
	struct input input;
	pcap_t *pcap;
	unsigned int index; /* of the interface; 0: any of them */
	unsigned int reads;
	unsigned int dropped; /* as pcap_stats() last said, mod 2^32 */
};

/* ---- what can be wrong ---- */

/* "any, lo, eth0", as far as there is room. */
static void list_names(char *out, size_t size, const char *const *names,
		       size_t count)
{
	size_t n = 0;

	for (size_t i = 0; i < count && n + IF_NAMESIZE + 2 < size; i++)
		n += (size_t)snprintf(out + n, size - n, "%s%s", i ? ", " : "",
				      names[i]);
}

static void say_no_interface(const char *name)
{
	struct if_nameindex *list = if_nameindex();
	const char *names[INTERFACES_MOST] = { "any" }, *near;
	char text[512] = "";
	size_t n = 1;

	for (size_t i = 0; list && list[i].if_index && n < INTERFACES_MOST; i++)
		names[n++] = list[i].if_name;
	near = nearest_word(name, strlen(name), names, n);
	list_names(text, sizeof(text), names, n);
	if (near)
		message_say(
			"\"%.40s\" is not an interface; did you mean \"%s\"?",
			name, near);
	else
		message_say("\"%.40s\" is not an interface; there are: %s",
			    name, text);
	if (list)
		if_freenameindex(list);
}

static int live_say_refused(const struct live *l, int code)
{
	const char *name = l->input.name;

	if (code == PCAP_ERROR_NO_SUCH_DEVICE)
		say_no_interface(name);
	else if (code == PCAP_ERROR_PERM_DENIED ||
		 code == PCAP_ERROR_PROMISC_PERM_DENIED)
		message_say("%s: not permitted: capturing needs CAP_NET_RAW; "
			    "run it "
			    "as root",
			    name);
	else if (code == PCAP_ERROR_IFACE_NOT_UP)
		message_say("%s: is down; bring it up: ip link set %s up", name,
			    name);
	else
		message_say("%s: cannot be captured: %s", name,
			    *pcap_geterr(l->pcap) ? pcap_geterr(l->pcap) :
						    pcap_statustostr(code));
	return EXIT_REFUSED;
}

/* ---- opening ---- */

static int live_activate(struct live *l, const struct live_options *o)
{
	char error[PCAP_ERRBUF_SIZE];
	int code;

	l->pcap = pcap_create(l->input.name, error);
	if (!l->pcap) {
		message_say("%s: %s", l->input.name, error);
		return EXIT_REFUSED;
	}
	pcap_set_snaplen(l->pcap,
			 o->openings_only ? SNAP_OPENINGS : SNAP_BYTES);
	pcap_set_promisc(l->pcap, 0);
	pcap_set_timeout(l->pcap, BLOCK_MS);
	pcap_set_buffer_size(l->pcap, o->buffer_bytes > 0 ? o->buffer_bytes :
							    BUFFER_BYTES);
	code = pcap_activate(l->pcap);
	return code < 0 ? live_say_refused(l, code) : EXIT_DONE;
}

/* SLL2 says which interface of "any" it was; where it is not known, fine. */
static int live_choose_link(struct live *l)
{
	if (pcap_datalink(l->pcap) == DLT_LINUX_SLL)
		pcap_set_datalink(l->pcap, DLT_LINUX_SLL2);
	l->input.link = (uint16_t)pcap_datalink(l->pcap);
	return pcap_datalink(l->pcap);
}

/* libpcap filters by itself what the kernel refuses, at many times the cost. */
static bool kernel_filters(const struct live *l)
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
		.link = live_choose_link(l),
		.openings_only = o->openings_only,
	};
	char *text = capture_filter_text(&filter);
	struct bpf_program program;
	int code;

	if (!text) {
		message_say("out of memory");
		return EXIT_REFUSED;
	}
	code = pcap_compile(l->pcap, &program, text, 1, PCAP_NETMASK_UNKNOWN);
	free(text);
	if (code)
		return live_say_refused(l, code);
	code = pcap_setfilter(l->pcap, &program);
	pcap_freecode(&program);
	if (code)
		return live_say_refused(l, code);
	if (!kernel_filters(l)) {
		message_say("%s: the kernel does not take the filter",
			    l->input.name);
		return EXIT_REFUSED;
	}
	return EXIT_DONE;
}

static int live_open(struct live *l, const struct live_options *o)
{
	char error[PCAP_ERRBUF_SIZE];
	int code = live_activate(l, o);

	if (!code)
		code = live_filter(l, o);
	if (!code && pcap_setnonblock(l->pcap, 1, error)) {
		message_say("%s: %s", l->input.name, error);
		code = EXIT_REFUSED;
	}
	return code;
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

static bool live_is_gone(const struct input *in)
{
	const struct live *l = (const struct live *)in;

	return l->index && if_nametoindex(in->name) != l->index;
}

static int live_read(struct input *in)
{
	struct live *l = (struct live *)in;
	int n = pcap_dispatch(l->pcap, FRAMES_AT_ONCE, input_hand_packet,
			      (u_char *)l);

	if (++l->reads % READS_PER_LOOK == 0)
		live_count_lost(in);
	if (n >= 0)
		return 0;
	if (live_is_gone(in))
		return -ENETDOWN;
	message_say("%s: %s", in->name, pcap_geterr(l->pcap));
	return -EIO;
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
	int code;

	/* libpcap knows devices that are no interfaces: usbmon0, nflog:5. */
	if (strcmp(interface, "any") && !if_nametoindex(interface)) {
		say_no_interface(interface);
		return EXIT_REFUSED;
	}
	l = input_new(sizeof(*l), &live_verbs, interface);
	code = l ? live_open(l, options) : EXIT_REFUSED;
	if (l && strcmp(interface, "any"))
		l->index = if_nametoindex(interface);
	if (!code)
		return capture_add(c, &l->input);
	if (l)
		input_free(&l->input);
	return code;
}

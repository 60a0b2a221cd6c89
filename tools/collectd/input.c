/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Interfaces, NFLOG groups and files, through libpcap. An input that cannot be
 * captured is tried again later; the log says so once, and again when it can.
 */
#include "input.h"
#include "../capture/capture_filter.h"
#include "../capture/nflog_listener.h"

#include <errno.h>
#include <net/if.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUFFER_BYTES (8 * 1024 * 1024)
#define BLOCK_MS     100 /* the longest that a frame waits in the kernel */
#define SNAP_BYTES   2048
/* libpcap reads a batch of logs into a buffer that is no larger than this. */
#define SNAP_GROUP     65535
#define FRAMES_AT_ONCE 1024
#define SECONDS_MOST   INT64_C(253402300799) /* the year 9999 */

static bool input_is_group(const struct input *in)
{
	return !in->setting->is_file && strchr(in->setting->name, ':');
}

/* ---- errors, as sentences ---- */

static void input_complain(struct input *in, const char *why)
{
	if (!in->complained)
		collectd_log(LOG_ERR, "%s: %s%s", in->setting->name, why,
			     in->setting->is_file ? "" : "; it is tried again");
	in->complained = true;
}

/* The netlink port that listens to the group; -1: it cannot be known. */
static long input_listener(const struct input *in)
{
	unsigned int group = 0;

	sscanf(in->setting->name, "nflog:%u", &group);
	return nflog_listener((uint16_t)group);
}

static void input_complain_group(struct input *in)
{
	long listener = input_listener(in);
	char why[PCAP_ERRBUF_SIZE + 64];

	if (listener >= 0)
		snprintf(why, sizeof(why),
			 "this group has a listener already (netlink port "
			 "%ld, most often its process id), and can have only "
			 "one",
			 listener);
	else
		snprintf(why, sizeof(why),
			 "%s; NFLOG needs CAP_NET_ADMIN, and nfnetlink_log in "
			 "the kernel",
			 pcap_geterr(in->pcap));
	input_complain(in, why);
}

static void input_refuse(struct input *in, int code)
{
	char why[PCAP_ERRBUF_SIZE + 64];

	if (input_is_group(in))
		input_complain_group(in);
	else if (code == PCAP_ERROR_NO_SUCH_DEVICE)
		input_complain(in, "there is no such interface");
	else if (code == PCAP_ERROR_PERM_DENIED ||
		 code == PCAP_ERROR_PROMISC_PERM_DENIED)
		input_complain(
			in, "not permitted: capturing needs CAP_NET_RAW; let "
			    "collectd run as root, or give it that "
			    "capability");
	else if (code == PCAP_ERROR_IFACE_NOT_UP)
		input_complain(in, "the interface is down");
	else {
		snprintf(why, sizeof(why), "cannot be captured: %s",
			 *pcap_geterr(in->pcap) ? pcap_geterr(in->pcap) :
						  pcap_statustostr(code));
		input_complain(in, why);
	}
	input_close(in);
}

/* ---- opening ---- */

static int input_set_filter(struct input *in, const uint16_t *ports,
			    size_t n_ports)
{
	struct bpf_program program;
	char *text;
	int code = PCAP_ERROR;

	/* SLL2 says which interface of "any" it was; else SLL is fine. */
	if (pcap_datalink(in->pcap) == DLT_LINUX_SLL)
		pcap_set_datalink(in->pcap, DLT_LINUX_SLL2);
	text = capture_filter_text(
		&(struct capture_filter){ .ports = ports,
					  .n_ports = n_ports,
					  .link = pcap_datalink(in->pcap) });
	if (text)
		code = pcap_compile(in->pcap, &program, text, 1,
				    PCAP_NETMASK_UNKNOWN);
	free(text);
	if (code)
		return code;
	code = pcap_setfilter(in->pcap, &program);
	pcap_freecode(&program);
	return code;
}

static int input_activate(struct input *in)
{
	int code;

	pcap_set_snaplen(in->pcap,
			 input_is_group(in) ? SNAP_GROUP : SNAP_BYTES);
	pcap_set_promisc(in->pcap, 0);
	pcap_set_timeout(in->pcap, BLOCK_MS);
	pcap_set_buffer_size(in->pcap, BUFFER_BYTES);
	code = pcap_activate(in->pcap);
	return code < 0 ? code : 0; /* above 0 are warnings */
}

static void input_open_live(struct input *in, const uint16_t *ports,
			    size_t n_ports)
{
	char why[PCAP_ERRBUF_SIZE];
	int code;

	in->index = input_is_group(in) ? 0 : if_nametoindex(in->setting->name);
	in->pcap = pcap_create(in->setting->name, why);
	if (!in->pcap) {
		input_complain(in, why);
		return;
	}
	in->dropped = 0;
	code = input_activate(in);
	if (!code && !input_is_group(in))
		code = input_set_filter(in, ports, n_ports);
	if (!code)
		code = pcap_setnonblock(in->pcap, 1, why);
	if (code)
		input_refuse(in, code);
}

static void input_open_file(struct input *in)
{
	char why[PCAP_ERRBUF_SIZE];

	in->pcap = pcap_open_offline(in->setting->name, why);
	if (in->pcap)
		return;
	input_complain(in, why);
	in->ended = true;
}

void input_open(struct input *in, const uint16_t *ports, size_t n_ports)
{
	if (in->pcap || in->ended)
		return;
	if (in->setting->is_file)
		input_open_file(in);
	else
		input_open_live(in, ports, n_ports);
	if (!in->pcap)
		return;
	if (in->complained || in->opened)
		collectd_log(LOG_NOTICE, "%s: is captured now",
			     in->setting->name);
	in->complained = false;
	in->opened = true;
}

/* ---- reading ---- */

static void input_on_packet(u_char *user, const struct pcap_pkthdr *h,
			    const u_char *data)
{
	struct input *in = (struct input *)user;
	int64_t seconds = h->ts.tv_sec;
	struct mailwall_frame f = {
		.size = sizeof(f),
		.data = data,
		.caplen = h->caplen,
		.len = h->len,
		.link = (uint16_t)pcap_datalink(in->pcap),
		.input = in->number,
	};

	if (seconds < 0 || seconds > SECONDS_MOST)
		seconds = 0;
	f.time_us = seconds * 1000000 + h->ts.tv_usec;
	in->fn(in->ctx, &f);
}

static bool input_is_gone(const struct input *in)
{
	return in->index && if_nametoindex(in->setting->name) != in->index;
}

static void input_end(struct input *in)
{
	char why[PCAP_ERRBUF_SIZE + 16];

	snprintf(why, sizeof(why), "%s",
		 input_is_gone(in) ? "the interface is gone" :
				     pcap_geterr(in->pcap));
	input_complain(in, why);
	input_close(in);
	in->ended = in->setting->is_file;
}

void input_read(struct input *in, frame_fn *fn, void *ctx)
{
	int n;

	if (!in->pcap)
		return;
	in->fn = fn;
	in->ctx = ctx;
	errno = 0;
	n = pcap_dispatch(in->pcap, FRAMES_AT_ONCE, input_on_packet,
			  (u_char *)in);
	/* libpcap 1.10 takes a group that has nothing more for an error. */
	if (n < 0 && input_is_group(in) && errno == EAGAIN)
		return;
	if (n < 0) {
		input_end(in);
	} else if (!n && in->setting->is_file) {
		input_close(in);
		in->ended = true;
	}
}

/* libpcap counts in 32 bits. */
void input_count_lost(struct input *in)
{
	struct pcap_stat now;

	if (!in->pcap || in->setting->is_file)
		return;
	if (input_is_gone(in)) {
		input_end(in);
		return;
	}
	if (pcap_stats(in->pcap, &now))
		return;
	in->lost += now.ps_drop - in->dropped;
	in->dropped = now.ps_drop;
}

void input_close(struct input *in)
{
	if (in->pcap)
		pcap_close(in->pcap);
	in->pcap = NULL;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What flood.c lets the kernel run for each frame: it becomes a SYN from a
 * random source, or other traffic, and goes on into the stack.
 */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "flood.h"

const volatile struct flood flood;
struct flood_sent sent;
__u64 start_ns;

#define IP	   14
#define TCP	   34
#define OTHER_PORT 443
#define TURNS_MOST (1 << 20)

static __always_inline __u16 swap16(__u16 value)
{
	return __builtin_bswap16(value);
}

static __always_inline __u16 ip_checksum(__u32 source)
{
	__u32 sum = flood.sum + (source >> 16) + (source & 0xffff);

	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (__u16)~sum;
}

static long is_due(__u32 turn, void *ctx)
{
	return bpf_ktime_get_ns() >= start_ns + sent.all * flood.interval_ns;
}

/* Waits for the time of this frame; a late one goes at once. */
static __always_inline void pace(void)
{
	if (!flood.interval_ns)
		return;
	if (!start_ns)
		start_ns = bpf_ktime_get_ns();
	bpf_loop(TURNS_MOST, is_due, 0, 0);
}

SEC("xdp")
int flood_pass(struct xdp_md *context)
{
	__u8 *frame = (__u8 *)(long)context->data;
	__u32 random = bpf_get_prandom_u32();
	__u32 source = flood.source | (random & flood.mask);
	__u16 port = MAIL_PORT;

	if (frame + FLOOD_BYTES > (__u8 *)(long)context->data_end)
		return XDP_ABORTED;
	/* The pages go round: all of it is written again. */
	for (int i = 0; i < FLOOD_BYTES / 8; i++)
		((__u64 *)frame)[i] = flood.frame[i];
	pace();
	if (sent.all++ % flood.one_in)
		port = OTHER_PORT;
	if (port == MAIL_PORT)
		sent.mail++;
	else
		sent.other++;
	*(__u32 *)(frame + IP + 12) = __builtin_bswap32(source);
	*(__u16 *)(frame + IP + 10) = swap16(ip_checksum(source));
	*(__u16 *)(frame + TCP) = (__u16)(bpf_get_prandom_u32() | 0x80);
	*(__u16 *)(frame + TCP + 2) = swap16(port);
	*(__u32 *)(frame + TCP + 4) = random;
	return XDP_PASS;
}

char of_program[] SEC("license") = "GPL";

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * inject DEVICE COUNT SOURCE DESTINATION PORT
 *
 * Lets COUNT copies of a TCP SYN enter the stack at DEVICE, as if they had
 * just arrived, and prints the nanoseconds that each one took until it was
 * forwarded or dropped. The kernel's own test run of an XDP program that
 * passes every frame does that: no sender's work is in the figure. Needs root.
 */
#include "device.h"

#include <arpa/inet.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

struct frame {
	struct ethhdr eth;
	struct iphdr ip;
	struct tcphdr tcp;
	uint8_t padding[10]; /* a whole Ethernet frame: 64 bytes */
} __attribute__((packed));

static long bpf(int command, union bpf_attr *attr)
{
	return syscall(SYS_bpf, command, attr, sizeof(*attr));
}

#define STORE(size, offset_, value)                                            \
	{                                                                      \
		.code = BPF_ST | (size) | BPF_MEM, .dst_reg = 2,               \
		.off = (offset_), .imm = (value)                               \
	}

static int32_t bytes4(const void *at)
{
	int32_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

static int32_t bytes2(const void *at)
{
	uint16_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

/*
 * The pages go round: what forwarding changed in a frame (addresses of the
 * link, time to live, checksum) is written again before it is passed.
 */
static int load_pass(const struct frame *f)
{
	const uint8_t *raw = (const uint8_t *)f;
	struct bpf_insn code[] = {
		{ .code = BPF_LDX | BPF_W | BPF_MEM,
		  .dst_reg = 2,
		  .src_reg = 1,
		  .off = offsetof(struct xdp_md, data) },
		{ .code = BPF_LDX | BPF_W | BPF_MEM,
		  .dst_reg = 3,
		  .src_reg = 1,
		  .off = offsetof(struct xdp_md, data_end) },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_X,
		  .dst_reg = 4,
		  .src_reg = 2 },
		{ .code = BPF_ALU64 | BPF_ADD | BPF_K,
		  .dst_reg = 4,
		  .imm = sizeof(struct ethhdr) + sizeof(struct iphdr) },
		{ .code = BPF_JMP | BPF_JGT | BPF_X,
		  .dst_reg = 4,
		  .src_reg = 3,
		  .off = 5 },
		STORE(BPF_W, 0, bytes4(raw)),
		STORE(BPF_W, 4, bytes4(raw + 4)),
		STORE(BPF_W, 8, bytes4(raw + 8)),
		STORE(BPF_B, 22, f->ip.ttl),
		STORE(BPF_H, 24, bytes2(&f->ip.check)),
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = XDP_PASS },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_XDP;
	attr.insns = (uintptr_t)code;
	attr.insn_cnt = sizeof(code) / sizeof(code[0]);
	attr.license = (uintptr_t) "GPL";
	return (int)bpf(BPF_PROG_LOAD, &attr);
}

static uint16_t checksum(const void *data, size_t len, uint32_t sum)
{
	const uint8_t *p = data;

	for (size_t i = 0; i < len; i += 2)
		sum += (uint32_t)(p[i] << 8 | p[i + 1]);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static int fill(struct frame *f, const char *device, char **argv)
{
	uint32_t sum = IPPROTO_TCP + sizeof(f->tcp);

	memset(f, 0, sizeof(*f));
	if (own_address(device, f->eth.h_dest))
		return -1;
	f->eth.h_source[0] = 2;
	f->eth.h_proto = htons(ETH_P_IP);
	f->ip.version = 4;
	f->ip.ihl = 5;
	f->ip.ttl = 64;
	f->ip.protocol = IPPROTO_TCP;
	f->ip.tot_len = htons(sizeof(f->ip) + sizeof(f->tcp));
	if (inet_pton(AF_INET, argv[0], &f->ip.saddr) != 1 ||
	    inet_pton(AF_INET, argv[1], &f->ip.daddr) != 1)
		return -1;
	f->ip.check = htons(checksum(&f->ip, sizeof(f->ip), 0));
	f->tcp.source = htons(40000);
	f->tcp.dest = htons((uint16_t)atoi(argv[2]));
	f->tcp.doff = 5;
	f->tcp.syn = 1;
	f->tcp.window = htons(1024);
	sum += (uint32_t)ntohs(f->ip.saddr & 0xffff) +
	       ntohs((uint16_t)(f->ip.saddr >> 16)) +
	       ntohs(f->ip.daddr & 0xffff) +
	       ntohs((uint16_t)(f->ip.daddr >> 16));
	f->tcp.check = htons(checksum(&f->tcp, sizeof(f->tcp), sum));
	return 0;
}

static double now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	struct xdp_md context = { 0 };
	union bpf_attr attr;
	struct frame frame;
	double start_s;
	int program;

	if (argc != 6 || fill(&frame, argv[1], argv + 3)) {
		fprintf(stderr, "usage: inject DEVICE COUNT SOURCE "
				"DESTINATION PORT\n");
		return 2;
	}
	program = load_pass(&frame);
	if (program < 0) {
		perror("inject: cannot load the program");
		return 3;
	}
	context.data_end = sizeof(frame);
	context.ingress_ifindex = if_nametoindex(argv[1]);
	memset(&attr, 0, sizeof(attr));
	attr.test.prog_fd = (uint32_t)program;
	attr.test.data_in = (uintptr_t)&frame;
	attr.test.data_size_in = sizeof(frame);
	attr.test.ctx_in = (uintptr_t)&context;
	attr.test.ctx_size_in = sizeof(context);
	attr.test.repeat = (uint32_t)strtoul(argv[2], NULL, 10);
	attr.test.flags = BPF_F_TEST_XDP_LIVE_FRAMES;
	attr.test.batch_size = 64;
	start_s = now_s();
	if (bpf(BPF_PROG_TEST_RUN, &attr) < 0) {
		perror("inject: cannot run");
		return 3;
	}
	printf("%.2f\n", (now_s() - start_s) * 1e9 / attr.test.repeat);
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * flood PROGRAM DEVICE RATE COUNT ONE_IN SOURCE BITS DESTINATION
 *
 * Lets COUNT frames, RATE a second (0: as many as it can), enter the stack at
 * DEVICE as if they had just arrived, one in ONE_IN a SYN to port 25 of
 * DESTINATION, the others to port 443. Of SOURCE the last BITS bits are random.
 * Prints how many SYNs and how many others there were, and the seconds that it
 * took. Needs root.
 */
#include "device.h"
#include "flood.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define BATCH	    64
#define FRAMES_MOST 2000000 /* of one run */

static double now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int fail(const char *what)
{
	perror(what);
	return 3;
}

/* ---- the frame ---- */

static int fill(struct flood *f, char **argv)
{
	double rate = strtod(argv[1], NULL);
	uint8_t frame[FLOOD_BYTES] = { 0 };
	struct iphdr ip = { .version = 4,
			    .ihl = 5,
			    .ttl = 64,
			    .protocol = IPPROTO_TCP,
			    .tot_len = htons(40) };
	struct tcphdr tcp = { .doff = 5, .syn = 1, .window = htons(1024) };
	unsigned int bits = (unsigned int)atoi(argv[5]);
	struct in_addr source;

	f->interval_ns = rate > 0 ? (uint64_t)(1e9 / rate) : 0;
	f->one_in = (uint32_t)strtoul(argv[3], NULL, 10);
	if (bits > 32 || inet_pton(AF_INET, argv[4], &source) != 1 ||
	    inet_pton(AF_INET, argv[6], &ip.daddr) != 1 ||
	    own_address(argv[0], frame))
		return -1;
	f->mask = bits == 32 ? UINT32_MAX : ((uint32_t)1 << bits) - 1;
	f->source = ntohl(source.s_addr) & ~f->mask;
	frame[6] = 2;
	frame[12] = 8;
	memcpy(frame + 14, &ip, sizeof(ip));
	memcpy(frame + 34, &tcp, sizeof(tcp));
	memcpy(f->frame, frame, sizeof(frame));
	for (int i = 14; i < 34; i += 2)
		f->sum += (uint32_t)(frame[i] << 8 | frame[i + 1]);
	return 0;
}

/* ---- running ---- */

static struct bpf_map *section(struct bpf_object *o, const char *name)
{
	struct bpf_map *map;

	bpf_object__for_each_map(
		map, o) if (strstr(bpf_map__name(map), name)) return map;
	return NULL;
}

static int send_frames(int program, const char *device, uint32_t n)
{
	struct xdp_md context = { .data_end = FLOOD_BYTES,
				  .ingress_ifindex = if_nametoindex(device) };
	uint8_t frame[FLOOD_BYTES] = { 0 };
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame,
		    .data_size_in = sizeof(frame), .ctx_in = &context,
		    .ctx_size_in = sizeof(context), .repeat = (int)n,
		    .flags = BPF_F_TEST_XDP_LIVE_FRAMES, .batch_size = BATCH);

	return bpf_prog_test_run_opts(program, &options);
}

/* A run ends with a pause of the kernel's: few and long ones. */
static int run(int program, const char *device, uint64_t count, double *took_s)
{
	double start_s = now_s();

	for (uint64_t sent = 0; sent < count;) {
		uint64_t left = count - sent;
		uint32_t n = left < FRAMES_MOST ? (uint32_t)left : FRAMES_MOST;

		if (send_frames(program, device, n))
			return -1;
		sent += n;
	}
	*took_s = now_s() - start_s;
	return 0;
}

int main(int argc, char **argv)
{
	struct flood_sent sent;
	struct flood flood = { 0 };
	struct bpf_object *object;
	struct bpf_map *map;
	uint32_t zero = 0;
	double took_s;
	int program;

	if (argc != 9 || fill(&flood, argv + 2)) {
		fprintf(stderr, "usage: flood PROGRAM DEVICE RATE COUNT "
				"ONE_IN SOURCE BITS DESTINATION\n");
		return 2;
	}
	object = bpf_object__open_file(argv[1], NULL);
	if (!object)
		return fail("flood: cannot open the program");
	map = section(object, ".rodata");
	if (!map || bpf_map__set_initial_value(map, &flood, sizeof(flood)) ||
	    bpf_object__load(object))
		return fail("flood: cannot load the program");
	program = bpf_program__fd(
		bpf_object__find_program_by_name(object, "flood_pass"));
	if (run(program, argv[2], strtoull(argv[4], NULL, 10), &took_s))
		return fail("flood: cannot run");
	map = section(object, ".bss");
	if (!map || bpf_map_lookup_elem(bpf_map__fd(map), &zero, &sent))
		return fail("flood: cannot read the counters");
	printf("%llu %llu %.4f\n", (unsigned long long)sent.mail,
	       (unsigned long long)sent.other, took_s);
	bpf_object__close(object);
	return 0;
}

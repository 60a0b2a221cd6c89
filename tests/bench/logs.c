/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * logs FILE DAYS [SHARE] writes a kernel log of blocked SYNs, and of SHARE
 * per cent (default 0) other lines: 1400 clients that try their smarthost
 * several times an hour in working hours, 20 bots that work for two hours a
 * day, 580 machines that try now and then. About 97,000 attempts a day. Prints
 * how many there are.
 */
#include "../detect/chance.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define START	1767225600 /* 2026-01-01 */
#define CLIENTS 1400u
#define BOTS	20u
#define OTHERS	580u
#define SOURCES (CLIENTS + BOTS + OTHERS)

static struct chance seed = { 25 };
static FILE *out;
static unsigned long long attempts;

static void print_time(char *text, time_t at)
{
	struct tm tm;

	gmtime_r(&at, &tm);
	strftime(text, 32, "%b %e %H:%M:%S", &tm);
}

static void print_attempt(time_t at, uint32_t source, uint32_t destination)
{
	static time_t last;
	static char text[32];

	if (at != last)
		print_time(text, at);
	last = at;
	fprintf(out,
		"%s gw kernel: [%u.%06u] residential:17 block IN=cust0 "
		"OUT=wan0 MAC=02:00:00:00:00:01:02:00:00:00:00:02:08:00 "
		"SRC=100.%u.%u.%u DST=%u.%u.%u.%u LEN=60 TOS=0x00 PREC=0x00 "
		"TTL=63 ID=%u DF PROTO=TCP SPT=%u DPT=25 WINDOW=64240 "
		"RES=0x00 SYN URGP=0 \n",
		text, (unsigned int)(at - START), chance_below(&seed, 1000000),
		64 + (source >> 16), source >> 8 & 255, source & 255,
		destination >> 24, destination >> 16 & 255,
		destination >> 8 & 255, destination & 255,
		chance_below(&seed, 65536), 1024 + chance_below(&seed, 64000));
	attempts++;
}

static void print_other(time_t at)
{
	char text[32];

	print_time(text, at);
	fprintf(out,
		"%s gw sshd[%u]: Connection closed by authenticating user root "
		"192.0.2.%u port %u [preauth]\n",
		text, 1000 + chance_below(&seed, 30000),
		chance_below(&seed, 256), chance_below(&seed, 65536));
}

/* Attempts of a source within this minute of the day. */
static uint32_t how_many(uint32_t source, uint32_t minute)
{
	uint32_t hour = minute / 60;

	if (source < CLIENTS)
		return hour >= 9 && hour < 17 && !chance_below(&seed, 15);
	if (source < CLIENTS + BOTS)
		return hour / 2 == source % 12 ? 15 + chance_below(&seed, 12) :
						 0;
	return !chance_below(&seed, 500);
}

static uint32_t where_to(uint32_t source)
{
	if (source >= CLIENTS && source < CLIENTS + BOTS)
		return 0x0b000000 + chance_below(&seed, 0x70000000);
	return 0xc6336400 + (uint32_t)(chance_hash(source) % 200);
}

static void write_minute(uint32_t day, uint32_t minute, uint32_t share)
{
	time_t at = START + (time_t)day * 86400 + (time_t)minute * 60;

	for (uint32_t i = 0; i < SOURCES; i++)
		for (uint32_t n = how_many(i, minute); n; n--) {
			print_attempt(at, 0x1000 + i * 7, where_to(i));
			if (chance_below(&seed, 100) < share)
				print_other(at);
		}
}

int main(int argc, char **argv)
{
	uint32_t days = argc > 2 ? (uint32_t)atoi(argv[2]) : 0;
	uint32_t share = argc > 3 ? (uint32_t)atoi(argv[3]) : 0;

	if (!days || !(out = fopen(argv[1], "w"))) {
		fprintf(stderr, "usage: logs FILE DAYS [SHARE]\n");
		return 2;
	}
	setvbuf(out, NULL, _IOFBF, 1 << 20);
	for (uint32_t day = 0; day < days; day++)
		for (uint32_t minute = 0; minute < 1440; minute++)
			write_minute(day, minute, share);
	printf("%llu\n", attempts);
	return fclose(out) ? 3 : 0;
}

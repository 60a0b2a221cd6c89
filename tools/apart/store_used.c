/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "store_used.h"
#include "apart.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct used_reader {
	void (*fn)(void *ctx, const struct store_used *used);
	void *ctx;
	struct store_used_end *end;
	struct fault *fault;
	bool ended, failed, broken;
};

static bool used_take_row(const char *line, struct store_used *out,
			  char clause[256])
{
	char address[64];
	unsigned int port, mail_server;
	int family;

	if (sscanf(line, "%63s %u %255s %" SCNu64 " %" SCNu64 " %u", address,
		   &port, clause, &out->attempts, &out->answered,
		   &mail_server) != 6 ||
	    port > UINT16_MAX ||
	    addr_parse(address, strlen(address), &family, &out->source))
		return false;
	out->family = (uint8_t)family;
	out->port = (uint16_t)port;
	out->clause = strcmp(clause, "-") ? clause : NULL;
	out->mail_server = mail_server;
	return true;
}

static void used_on_line(void *ctx, const char *line)
{
	struct used_reader *r = ctx;
	struct store_used used = { 0 };
	char clause[256];
	int left_out, unnamed;

	if (sscanf(line, "end %d %d", &left_out, &unnamed) == 2) {
		*r->end = (struct store_used_end){ left_out, unnamed };
		r->ended = true;
	} else if (!strncmp(line, "error ", 6)) {
		fault_set(r->fault, -EIO, "%s", line + 6);
		r->failed = true;
	} else if (used_take_row(line, &used, clause)) {
		r->fn(r->ctx, &used);
	} else if (!r->broken) {
		fault_set(r->fault, -EIO, "%s", line);
		r->broken = true;
	}
}

int store_used_read(const char *path, int64_t since_s, int64_t until_s,
		    void (*fn)(void *ctx, const struct store_used *used),
		    void *ctx, struct store_used_end *end, struct fault *f)
{
	struct used_reader r = { .fn = fn, .ctx = ctx, .end = end, .fault = f };
	char since[24], until[24];
	const char *words[] = { "mailwall", "used", "--", path,
				since,	    until,  NULL };
	int code;

	*end = (struct store_used_end){ 0 };
	snprintf(since, sizeof(since), "%" PRId64, since_s);
	snprintf(until, sizeof(until), "%" PRId64, until_s);
	code = apart_ask_lines(words, used_on_line, &r);
	if (r.failed || r.broken)
		return -EIO;
	if (code || !r.ended)
		return fault_set(f, -EIO,
				 "\"%s\" ended before it had told all of it",
				 apart_path());
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The pages of a monitor, for a browser and for Prometheus. There is no
 * thread: http_run() does what can be done at once and returns, so that what a
 * page says belongs to one thread only, and a client that is slow, or many,
 * keep no packet waiting; a page that takes long does. One request a
 * connection, GET and HEAD only.
 *
 * It opens before privilege is dropped and needs none afterwards. At a
 * loopback address a browser has to ask for it by such an address or as
 * "localhost", else a name that a stranger points there would make the pages
 * his (DNS rebinding). Elsewhere any name will do: who allows remote clients
 * sees to who they are.
 */
#ifndef MAILWALL_HTTP_H
#define MAILWALL_HTTP_H

#include "../program/fault.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define HTTP_HTML "text/html; charset=utf-8"
#define HTTP_TEXT "text/plain; charset=utf-8"

/* What the sentence that refuses an address names as the way to allow it. */
#define HTTP_REMOTE_OPTION "--http-remote"

#define HTTP_UNWELL	   1

struct http_page {
	const char *path; /* "/metrics" */
	const char *type; /* HTTP_TEXT */
	/*
	 * What was written is given again for so long; 0: never. A page that
	 * takes a while is to be kept, or clients can keep the loop busy.
	 */
	uint32_t keep_s;
	/*
	 * 0: status 200. HTTP_UNWELL: 503, and what was written is the
	 * reason. -errno: 500, and what was written is not shown.
	 */
	int (*write)(void *ctx, FILE *out);
};

struct http_pages {
	const struct http_page *items; /* borrowed until http_close() */
	size_t n;
	void *ctx;
	bool allow_remote; /* addresses that are not loopback, too */
};

struct http;

/*
 * Listens at "127.0.0.1:9525", "[::1]:9525", or ":9525" for 127.0.0.1; port 0
 * is a free one. 0, or -errno and why; -EINVAL: listen is not what it takes.
 */
int http_open(struct http **out, const char *listen,
	      const struct http_pages *pages, struct fault *f);
void http_close(struct http *h); /* may be NULL */

/* Where it listens: "127.0.0.1:9525". */
const char *http_address(const struct http *h);

/* Readable when there is something to do for http_run(). */
int http_fd(const struct http *h);
/* To be called then, and once a second, for clients that are overdue. */
void http_run(struct http *h);

#endif

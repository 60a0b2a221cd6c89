/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Serves pages to browsers and to Prometheus without a thread. http_run() does
 * what can be done at once and returns: slow clients, or many, keep no packet
 * waiting, but a page that takes long does. A connection has one request, GET
 * or HEAD.
 *
 * The socket is opened before privilege is dropped; nothing needs privilege
 * afterwards. At a loopback address the Host of a request has to be such an
 * address or "localhost", because a stranger's name may point there (DNS
 * rebinding). At other addresses any Host is good, and remote clients have to
 * be kept out by other means.
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

/* The option that allows other addresses, for the sentence that refuses one. */
#define HTTP_REMOTE_OPTION "--http-remote"

#define HTTP_UNWELL	   1

struct http_page {
	const char *path; /* "/metrics" */
	const char *type; /* HTTP_TEXT */
	/*
	 * Seconds for which a page is sent again; 0: never. A page that takes
	 * long has to be kept, or clients could keep the loop busy.
	 */
	uint32_t keep_s;
	/*
	 * Writes the page. 0: status 200. HTTP_UNWELL: status 503, the text is
	 * the reason. -errno: status 500, the text is not sent.
	 */
	int (*write)(void *ctx, FILE *out);
};

struct http_pages {
	const struct http_page *items; /* borrowed until http_close() */
	size_t n;
	void *ctx;
	bool allow_remote; /* also listen at addresses that are not loopback */
};

struct http;

/*
 * Listens at "127.0.0.1:9525", "[::1]:9525", or ":9525" for 127.0.0.1; port 0
 * is a free one. 0, or -errno and why; -EINVAL: listen is not what it takes.
 */
int http_open(struct http **out, const char *listen,
	      const struct http_pages *pages, struct fault *f);
void http_close(struct http *h); /* h may be NULL */

/* The address of the socket: "127.0.0.1:9525". */
const char *http_address(const struct http *h);

/* A descriptor that is readable when http_run() has something to do. */
int http_fd(const struct http *h);
/*
 * Serves clients. To be called when http_fd() is readable, and once a second.
 */
void http_run(struct http *h);

#endif

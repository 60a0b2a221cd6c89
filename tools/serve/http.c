/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Opens the socket, and decides which requests are answered; libmicrohttpd
 * parses them.
 */
#include "http.h"
#include "../../rules/base/units.h"
#include "../program/message.h"
#include "../program/program.h"

#include <stdio.h>
#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define COUNT(list)   (sizeof(list) / sizeof((list)[0]))

#define CLIENTS_MOST  32
#define CLIENTS_SPARE 16 /* places for those that come when all are taken */
#define PLACES	      (CLIENTS_MOST + CLIENTS_SPARE)
#define CLIENT_MEMORY ((size_t)32 << 10) /* bytes for a request */
#define IDLE_S	      10
#define DEADLINE_S    30 /* seconds for a request and its answer */
#define ROUNDS_MOST   16 /* rounds of one http_run() */
#define HOST_BYTES    64 /* longer than any literal address */
#define ADDRESS_BYTES (INET6_ADDRSTRLEN + sizeof("[]:65535"))

struct client {
	int fd;		     /* -1: free */
	bool answered;	     /* the answer is queued */
	bool ended;	     /* by us; the daemon has yet to see it */
	uint64_t order, run; /* when it came: of clients, of http_run() */
	int64_t since_s;
};

/* An answer that may be sent again. */
struct kept {
	struct MHD_Response *response;
	unsigned int status;
	int64_t until_s;
};

struct http {
	struct MHD_Daemon *daemon;
	int fd;	      /* epoll: the daemon's descriptor, and again_fd */
	int again_fd; /* readable: http_run() left work */
	struct http_pages pages;
	struct kept *kept; /* one for each page */
	bool loopback;
	char address[ADDRESS_BYTES];
	struct client clients[PLACES];
	uint64_t n_clients, n_runs; /* so far */
};

static int64_t http_now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec;
}

/* ---- addresses ---- */

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static socklen_t address_len(const union address *a)
{
	return a->any.sa_family == AF_INET6 ? sizeof(a->v6) : sizeof(a->v4);
}

static bool address_is_loopback(const union address *a)
{
	if (a->any.sa_family == AF_INET6)
		return IN6_IS_ADDR_LOOPBACK(&a->v6.sin6_addr);
	return ntohl(a->v4.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
}

/* Parses "[::1]" or "127.0.0.1"; no name is looked up. */
static bool address_parse(const char *text, size_t len, union address *out)
{
	bool is_v6 = len > 2 && text[0] == '[' && text[len - 1] == ']';
	char host[HOST_BYTES];

	memset(out, 0, sizeof(*out));
	if (len >= sizeof(host))
		return false;
	len -= is_v6 ? 2 : 0;
	memcpy(host, text + is_v6, len);
	host[len] = '\0';
	out->any.sa_family = is_v6 ? AF_INET6 : AF_INET;
	if (is_v6)
		return inet_pton(AF_INET6, host, &out->v6.sin6_addr) == 1;
	return inet_pton(AF_INET, host, &out->v4.sin_addr) == 1;
}

static void address_set_port(union address *a, uint16_t port)
{
	if (a->any.sa_family == AF_INET6)
		a->v6.sin6_port = htons(port);
	else
		a->v4.sin_port = htons(port);
}

static void listen_print(const union address *a, char *out)
{
	char host[INET6_ADDRSTRLEN];

	if (a->any.sa_family == AF_INET6) {
		inet_ntop(AF_INET6, &a->v6.sin6_addr, host, sizeof(host));
		snprintf(out, ADDRESS_BYTES, "[%s]:%u", host,
			 ntohs(a->v6.sin6_port));
	} else {
		inet_ntop(AF_INET, &a->v4.sin_addr, host, sizeof(host));
		snprintf(out, ADDRESS_BYTES, "%s:%u", host,
			 ntohs(a->v4.sin_port));
	}
}

static bool is_localhost(const char *text, size_t len)
{
	static const char name[] = "localhost";

	if (len == sizeof(name) && text[len - 1] == '.')
		len--;
	return len == sizeof(name) - 1 && !strncasecmp(text, name, len);
}

/* ---- where to listen ---- */

static int http_bad_listen(struct fault *f, const char *text)
{
	struct in6_addr v6;

	if (inet_pton(AF_INET6, text, &v6) == 1)
		return fault_set(f, -EINVAL,
				 "an address of IPv6 is written in brackets, "
				 "and with a port: \"[%s]:9525\"",
				 text);
	return fault_set(f, -EINVAL,
			 "pages are served at ADDRESS:PORT like "
			 "127.0.0.1:9525, not \"%.60s\"",
			 text);
}

static int listen_parse(const char *text, union address *out, struct fault *f)
{
	static const char here[] = "127.0.0.1";
	const char *colon = strrchr(text, ':');
	size_t len = colon ? (size_t)(colon - text) : 0;
	uint32_t port;

	if (!number_parse(colon ? colon + 1 : text, 0, 65535, &port))
		return http_bad_listen(f, text);
	if (!len || is_localhost(text, len))
		address_parse(here, strlen(here), out);
	else if (!address_parse(text, len, out))
		return http_bad_listen(f, text);
	address_set_port(out, (uint16_t)port);
	return 0;
}

static int http_refuse_remote(struct fault *f, const char *where)
{
	return fault_set(f, -EINVAL,
			 "%s can be reached from other hosts, and the pages "
			 "tell who connects to whom; listen at 127.0.0.1 "
			 "behind a web server that asks for a password, or "
			 "allow it with " HTTP_REMOTE_OPTION,
			 where);
}

static int http_cannot_listen(struct fault *f, const char *where, int error)
{
	const char *why =
		error == EADDRINUSE ?
			"another program listens there; stop it or "
			"take another port" :
		error == EADDRNOTAVAIL ?
			"this host does not have the address" :
		error == EACCES ?
			"a port below 1024 is for root; take another" :
			strerror(error);

	/* -EINVAL stands for a mistake of the user's, which this is not. */
	return fault_set(f, error == EINVAL ? -EIO : -error,
			 "cannot serve pages at %s: %s", where, why);
}

/* Opens the socket; its descriptor, or -errno. */
static int listen_open(const union address *a)
{
	int fd = socket(a->any.sa_family,
			SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	const int one = 1;
	int error;

	if (fd < 0)
		return -errno;
	/* A restart need not wait for connections that just ended. */
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	/* "[::]" does not include IPv4. */
	if (a->any.sa_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
	if (!bind(fd, &a->any, address_len(a)) && !listen(fd, CLIENTS_MOST))
		return fd;
	error = errno;
	close(fd);
	return -error;
}

/* ---- whom a browser asked for ---- */

/* Is the rest of a host empty, or a port? Any port, as with a tunnel of ssh. */
static bool is_port(const char *text)
{
	return !*text ||
	       (*text == ':' && !text[1 + strspn(text + 1, "0123456789")]);
}

static bool host_is_loopback(const char *host)
{
	size_t len = *host == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":");
	union address a;

	if (len > strlen(host) || !is_port(host + len))
		return false;
	return is_localhost(host, len) ||
	       (address_parse(host, len, &a) && address_is_loopback(&a));
}

struct hosts {
	unsigned int n;
	bool good;
};

static enum MHD_Result take_header(void *ctx, enum MHD_ValueKind kind,
				   const char *key, const char *value)
{
	struct hosts *h = ctx;

	(void)kind;
	if (strcasecmp(key, MHD_HTTP_HEADER_HOST) != 0)
		return MHD_YES;
	h->n++;
	h->good = h->good && value && host_is_loopback(value);
	return MHD_YES;
}

/*
 * A request without Host is good: every browser sends one, HTTP/1.0 need not.
 */
static bool host_is_good(const struct http *h, struct MHD_Connection *c)
{
	struct hosts hosts = { 0, true };

	if (!h->loopback)
		return true;
	MHD_get_connection_values(c, MHD_HEADER_KIND, take_header, &hosts);
	return hosts.n <= 1 && hosts.good;
}

/* ---- clients ---- */

static void take_client(struct http *h, struct MHD_Connection *c,
			void **of_client)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);

	for (size_t i = 0; info && i < PLACES; i++)
		if (h->clients[i].fd < 0) {
			h->clients[i] =
				(struct client){ .fd = info->connect_fd,
						 .order = h->n_clients++,
						 .run = h->n_runs,
						 .since_s = http_now_s() };
			*of_client = &h->clients[i];
			return;
		}
}

static void note_client(void *ctx, struct MHD_Connection *c, void **of_client,
			enum MHD_ConnectionNotificationCode code)
{
	struct client *client = *of_client;

	if (code == MHD_CONNECTION_NOTIFY_STARTED)
		take_client(ctx, c, of_client);
	else if (client)
		client->fd = -1;
}

static void note_answered(struct MHD_Connection *c)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(c, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	struct client *client = info ? info->socket_context : NULL;

	if (client)
		client->answered = true;
}

/*
 * Has a client ended without an answer? If its bytes and its end come together,
 * the daemon reads the bytes and waits for more (libmicrohttpd 0.9.75, epoll).
 */
static bool has_left(const struct client *client)
{
	char byte;

	return !client->answered &&
	       !recv(client->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
}

/* Ends a client that sends a byte now and then and would stay for ever. */
static bool is_overdue(const struct client *client)
{
	return http_now_s() - client->since_s >= DEADLINE_S;
}

/* Ends clients; the daemon sees it by their descriptors. */
static void end_clients(struct http *h, bool (*is_over)(const struct client *))
{
	for (size_t i = 0; i < PLACES; i++)
		if (h->clients[i].fd >= 0 && is_over(&h->clients[i]))
			shutdown(h->clients[i].fd, SHUT_RDWR);
}

/* May this client be ended before that one, to make room? */
static bool is_ended_before(const struct client *a, const struct client *b)
{
	if (!b || a->answered != b->answered)
		return !b || !a->answered;
	return a->order < b->order;
}

/*
 * Finds a client to end: the oldest without a whole request, since a request
 * comes in one piece; else the oldest that has not read its answer. A client
 * that came in this run may have sent a request that the next one reads.
 */
static struct client *client_to_end(struct http *h)
{
	struct client *found = NULL;

	for (size_t i = 0; i < PLACES; i++) {
		struct client *c = &h->clients[i];

		if (c->fd >= 0 && !c->ended && c->run < h->n_runs &&
		    is_ended_before(c, found))
			found = c;
	}
	return found;
}

/* Keeps places free for those that come. True: another run has to follow. */
static bool make_room(struct http *h)
{
	size_t n = 0;
	bool crowded;
	struct client *c;

	for (size_t i = 0; i < PLACES; i++)
		n += h->clients[i].fd >= 0 && !h->clients[i].ended;
	crowded = n > CLIENTS_MOST;
	for (; n > CLIENTS_MOST && (c = client_to_end(h)); n--) {
		c->ended = true;
		shutdown(c->fd, SHUT_RDWR);
	}
	return crowded;
}

/* ---- answers ---- */

/*
 * Pages show text of strangers: no script runs, nothing is fetched, framed or
 * cached.
 */
static const struct {
	const char *name, *value;
} headers[] = {
	{ "Content-Security-Policy",
	  "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; "
	  "form-action 'none'; frame-ancestors 'none'" },
	{ "X-Content-Type-Options", "nosniff" },
	{ "Referrer-Policy", "no-referrer" },
	{ "Cross-Origin-Resource-Policy", "same-origin" },
	{ "Cache-Control", "no-store" },
	/* The deadline is per connection, so each has one request. */
	{ "Connection", "close" },
};

/* Makes a response. The bytes are from malloc(), and freed in any case. */
static struct MHD_Response *make_response(char *bytes, size_t len,
					  const char *type)
{
	struct MHD_Response *r = MHD_create_response_from_buffer(
		len, bytes, MHD_RESPMEM_MUST_FREE);

	if (!r) {
		free(bytes);
		return NULL;
	}
	for (size_t i = 0; i < COUNT(headers); i++)
		MHD_add_response_header(r, headers[i].name, headers[i].value);
	MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	return r;
}

static struct MHD_Response *make_text(const char *text)
{
	char *bytes = strdup(text);

	return bytes ? make_response(bytes, strlen(text), HTTP_TEXT) : NULL;
}

static enum MHD_Result refuse(struct MHD_Connection *c, unsigned int status,
			      const char *text)
{
	struct MHD_Response *r = make_text(text);
	enum MHD_Result result;

	if (!r)
		return MHD_NO;
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
		MHD_add_response_header(r, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
	result = MHD_queue_response(c, status, r);
	MHD_destroy_response(r);
	return result;
}

/*
 * Writes a page. Returns what write() did; the bytes are for free() in any
 * case.
 */
static int http_write_page(const struct http *h, const struct http_page *page,
			   char **bytes, size_t *len)
{
	FILE *out = open_memstream(bytes, len);
	int result;

	if (!out)
		return -errno;
	result = page->write(h->pages.ctx, out);
	if (ferror(out) && result >= 0)
		result = -EIO;
	if (fclose(out) && result >= 0)
		result = -ENOMEM;
	return result;
}

static struct kept make_answer(const struct http *h,
			       const struct http_page *page)
{
	struct kept answer = { .until_s = http_now_s() + page->keep_s };
	char *bytes = NULL, text[128];
	size_t len = 0;
	int result = http_write_page(h, page, &bytes, &len);

	if (result >= 0) {
		answer.status =
			result ? MHD_HTTP_SERVICE_UNAVAILABLE : MHD_HTTP_OK;
		answer.response = make_response(bytes, len, page->type);
		return answer;
	}
	free(bytes);
	snprintf(text, sizeof(text), "this page cannot be made: %s\n",
		 strerror(-result));
	answer.status = MHD_HTTP_INTERNAL_SERVER_ERROR;
	answer.response = make_text(text);
	return answer;
}

static void http_forget(struct kept *k)
{
	if (k->response)
		MHD_destroy_response(k->response);
	k->response = NULL;
}

/* Clients with the same answer share its memory. */
static enum MHD_Result give(struct http *h, struct MHD_Connection *c, size_t i)
{
	struct kept *k = &h->kept[i];
	enum MHD_Result result;

	if (k->response && http_now_s() >= k->until_s)
		http_forget(k);
	if (!k->response)
		*k = make_answer(h, &h->pages.items[i]);
	if (!k->response)
		return MHD_NO;
	result = MHD_queue_response(c, k->status, k->response);
	if (!h->pages.items[i].keep_s)
		http_forget(k);
	return result;
}

/*
 * Answers a request, once its headers are read. A body is neither awaited nor
 * read.
 */
static enum MHD_Result answer(void *ctx, struct MHD_Connection *c,
			      const char *path, const char *method,
			      const char *version, const char *body,
			      size_t *body_len, void **of_request)
{
	struct http *h = ctx;
	size_t i = 0;

	(void)version, (void)body, (void)body_len, (void)of_request;
	note_answered(c);
	if (!host_is_good(h, c))
		return refuse(c, MHD_HTTP_FORBIDDEN,
			      "ask for it by its address, or as localhost\n");
	while (i < h->pages.n && strcmp(h->pages.items[i].path, path) != 0)
		i++;
	if (i == h->pages.n)
		return refuse(c, MHD_HTTP_NOT_FOUND, "no such page\n");
	if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 &&
	    strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
		return refuse(c, MHD_HTTP_METHOD_NOT_ALLOWED,
			      "pages can only be read\n");
	return give(h, c, i);
}

/* Leaves "%" in a path as it is: no path of ours has one. */
static size_t leave_escaped(void *ctx, struct MHD_Connection *c, char *text)
{
	(void)ctx, (void)c;
	return strlen(text);
}

/* ---- the start, the loop and the end ---- */

static struct MHD_Daemon *start_daemon(struct http *h, int fd)
{
	return MHD_start_daemon(
		MHD_USE_EPOLL, 0, NULL, NULL, answer, h,
		MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT,
		(unsigned int)PLACES, MHD_OPTION_CONNECTION_TIMEOUT,
		(unsigned int)IDLE_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
		CLIENT_MEMORY, MHD_OPTION_STRICT_FOR_CLIENT, 1,
		MHD_OPTION_UNESCAPE_CALLBACK, leave_escaped, NULL,
		MHD_OPTION_NOTIFY_CONNECTION, note_client, h, MHD_OPTION_END);
}

static bool wait_for(struct http *h, int fd)
{
	struct epoll_event event = { .events = EPOLLIN };

	return !epoll_ctl(h->fd, EPOLL_CTL_ADD, fd, &event);
}

static bool http_open_descriptors(struct http *h)
{
	const union MHD_DaemonInfo *info =
		MHD_get_daemon_info(h->daemon, MHD_DAEMON_INFO_EPOLL_FD);

	h->fd = epoll_create1(EPOLL_CLOEXEC);
	h->again_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return info && h->fd >= 0 && h->again_fd >= 0 &&
	       wait_for(h, info->epoll_fd) && wait_for(h, h->again_fd);
}

static struct http *http_new(const struct http_pages *pages)
{
	struct http *h = calloc(1, sizeof(*h));

	if (!h)
		return NULL;
	h->kept = calloc(pages->n + 1, sizeof(*h->kept));
	h->pages = *pages;
	h->fd = h->again_fd = -1;
	for (size_t i = 0; i < PLACES; i++)
		h->clients[i].fd = -1;
	if (h->kept)
		return h;
	free(h);
	return NULL;
}

/*
 * The daemon owns the descriptor. libmicrohttpd does not say whether a daemon
 * that fails to start closes it; the program ends in that case.
 */
static int http_start(struct http *h, int fd)
{
	union address a = { 0 };
	socklen_t len = sizeof(a);

	if (!getsockname(fd, &a.any, &len))
		listen_print(&a, h->address);
	h->loopback = address_is_loopback(&a);
	errno = 0;
	h->daemon = start_daemon(h, fd);
	if (h->daemon && http_open_descriptors(h))
		return 0;
	return errno ? -errno : -ENOMEM;
}

int http_open(struct http **out, const char *listen,
	      const struct http_pages *pages, struct fault *f)
{
	char where[ADDRESS_BYTES];
	union address a = { 0 };
	struct http *h;
	int error = listen_parse(listen, &a, f), fd;

	if (error)
		return error;
	listen_print(&a, where);
	if (!address_is_loopback(&a) && !pages->allow_remote)
		return http_refuse_remote(f, where);
	fd = listen_open(&a);
	if (fd < 0)
		return http_cannot_listen(f, where, -fd);
	h = http_new(pages);
	if (!h) {
		close(fd);
		return http_cannot_listen(f, where, ENOMEM);
	}
	error = http_start(h, fd);
	if (!error) {
		*out = h;
		return 0;
	}
	http_close(h);
	return http_cannot_listen(f, where, -error);
}

void http_close(struct http *h)
{
	if (!h)
		return;
	if (h->fd >= 0)
		close(h->fd);
	if (h->again_fd >= 0)
		close(h->again_fd);
	if (h->daemon)
		MHD_stop_daemon(h->daemon);
	for (size_t i = 0; i < h->pages.n; i++)
		http_forget(&h->kept[i]);
	free(h->kept);
	free(h);
}

const char *http_address(const struct http *h)
{
	return h->address;
}

int http_fd(const struct http *h)
{
	return h->fd;
}

/*
 * The daemon's descriptor signals new events only, so several rounds are run
 * for known ones; then packets have their turn. False: work is left.
 */
static bool run_rounds(struct http *h)
{
	MHD_UNSIGNED_LONG_LONG wait_ms;

	for (int i = 0; i < ROUNDS_MOST; i++) {
		MHD_run(h->daemon);
		if (MHD_get_timeout(h->daemon, &wait_ms) != MHD_YES || wait_ms)
			return true;
	}
	return false;
}

void http_run(struct http *h)
{
	eventfd_t n;

	eventfd_read(h->again_fd, &n);
	end_clients(h, is_overdue);
	h->n_runs++;
	if (!run_rounds(h) || make_room(h))
		eventfd_write(h->again_fd, 1);
	end_clients(h, has_left);
}

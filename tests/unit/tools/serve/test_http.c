/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The server, asked through real sockets by the same thread that runs it: a
 * call that would block shows as a test that does not end.
 */
#include "../../unit.h"

#include "../../../../tools/priv/privilege.h"
#include "../../../../tools/serve/http.h"
#include "../../../../tools/program/program.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define LARGE_BYTES (8 << 20)
#define REPLY_BYTES 4096
#define PATIENCE_S  5.0
#define RUN_MOST_S                                                             \
	2 /* of one http_run(); sanitizers and busy machines are slow */

/* ---- time goes as fast as a test wants ---- */

static int ahead_s;

int clock_gettime(clockid_t clock, struct timespec *t)
{
	long result = syscall(SYS_clock_gettime, clock, t);

	t->tv_sec += ahead_s;
	return (int)result;
}

/* ---- a server ---- */

struct site {
	struct http *http;
	uint16_t port;
	int unwell;
	unsigned int written; /* times that the page "/" was */
};

static int write_root(void *ctx, FILE *out)
{
	((struct site *)ctx)->written++;
	fputs("<!doctype html><title>t</title>", out);
	return 0;
}

static int write_metrics(void *ctx, FILE *out)
{
	(void)ctx;
	fputs("up 1\n", out);
	return 0;
}

static int write_health(void *ctx, FILE *out)
{
	int unwell = ((struct site *)ctx)->unwell;

	fputs(unwell ? "no packet for an hour\n" : "ok\n", out);
	return unwell;
}

static int write_broken(void *ctx, FILE *out)
{
	(void)ctx;
	fputs("half a page", out);
	return -ENOSPC;
}

static int write_large(void *ctx, FILE *out)
{
	(void)ctx;
	for (int i = 0; i < LARGE_BYTES; i++)
		fputc('x', out);
	return 0;
}

static const struct http_page site_pages[] = {
	{ "/", HTTP_HTML, 60, write_root },
	{ "/metrics", "text/plain; version=0.0.4; charset=utf-8", 0,
	  write_metrics },
	{ "/healthz", HTTP_TEXT, 0, write_health },
	{ "/broken", HTTP_HTML, 0, write_broken },
	{ "/large", HTTP_TEXT, 60, write_large },
};

static struct fault why; /* of the last http_open() that failed */

static int site_open(struct site *s, const char *listen, bool allow_remote)
{
	const struct http_pages pages = { site_pages, COUNT(site_pages), s,
					  allow_remote };
	int code;

	*s = (struct site){ 0 };
	code = http_open(&s->http, listen, &pages, &why);
	if (!code)
		s->port =
			(uint16_t)atoi(strrchr(http_address(s->http), ':') + 1);
	return code;
}

static void site_start(struct site *s)
{
	assert_int_equal(site_open(s, "127.0.0.1:0", false), 0);
}

/* Runs it until it has nothing to do; how often it ran. */
static unsigned int settle(struct site *s)
{
	struct pollfd fd = { http_fd(s->http), POLLIN, 0 };
	double end = seconds_now() + PATIENCE_S;
	unsigned int runs = 0;

	while (poll(&fd, 1, 20) > 0 && seconds_now() < end) {
		double start = seconds_now();

		http_run(s->http);
		runs++;
		expect(seconds_now() - start < RUN_MOST_S,
		       "http_run() took %.2f s", seconds_now() - start);
	}
	return runs;
}

static void later(struct site *s, int seconds)
{
	ahead_s += seconds;
	http_run(s->http);
	settle(s);
}

/* ---- a client ---- */

static int dial(const struct site *s)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons(s->port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	return fd;
}

/* Sends what is taken; the server may close before all of it is. */
static void send_all(struct site *s, int fd, const char *bytes, size_t len)
{
	double end = seconds_now() + PATIENCE_S;

	while (len && seconds_now() < end) {
		ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);

		if (n < 0 && errno != EAGAIN)
			return;
		bytes += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
		if (len)
			http_run(s->http);
	}
}

struct reply {
	char text[REPLY_BYTES + 1]; /* the beginning of it */
	size_t n;		    /* of all of it */
	bool ended;
};

static const struct reply *receive(struct site *s, int fd)
{
	static struct reply r;
	struct pollfd fds[] = { { http_fd(s->http), POLLIN, 0 },
				{ fd, POLLIN, 0 } };
	double end = seconds_now() + PATIENCE_S;

	r = (struct reply){ 0 };
	while (!r.ended && seconds_now() < end && poll(fds, 2, 100) >= 0) {
		char bytes[REPLY_BYTES];
		ssize_t n;

		if (fds[0].revents)
			http_run(s->http);
		n = recv(fd, bytes, sizeof(bytes), 0);
		if (n > 0 && r.n < REPLY_BYTES)
			memcpy(r.text + r.n, bytes,
			       (size_t)n < REPLY_BYTES - r.n ?
				       (size_t)n :
				       REPLY_BYTES - r.n);
		r.n += n > 0 ? (size_t)n : 0;
		r.ended = !n || (n < 0 && errno != EAGAIN);
	}
	close(fd);
	return &r;
}

static const struct reply *ask_bytes(struct site *s, const char *request,
				     size_t len)
{
	int fd = dial(s);

	send_all(s, fd, request, len);
	return receive(s, fd);
}

static const struct reply *ask(struct site *s, const char *request)
{
	return ask_bytes(s, request, strlen(request));
}

static unsigned int status_of(const struct reply *r)
{
	unsigned int status = 0;

	return sscanf(r->text, "HTTP/1.%*1[01] %3u", &status) == 1 ? status : 0;
}

static const char *body_of(const struct reply *r)
{
	const char *end = strstr(r->text, "\r\n\r\n");

	return end ? end + 4 : "";
}

static void expect_alive(struct site *s, const char *after)
{
	const struct reply *r =
		ask(s, "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");

	expect(status_of(r) == 200 && !strcmp(body_of(r), "up 1\n"),
	       "after \"%.60s\" got \"%s\"", after, r->text);
}

static void expect_status(struct site *s, const char *request,
			  unsigned int want)
{
	unsigned int got = status_of(ask(s, request));

	expect(got == want, "to \"%s\" got %u want %u", request, got, want);
}

/* ---- pages ---- */

static const struct {
	const char *path;
	unsigned int status;
	const char *type, *body;
} answers[] = {
	{ "/", 200, "text/html; charset=utf-8",
	  "<!doctype html><title>t</title>" },
	{ "/?since=7d", 200, "text/html; charset=utf-8",
	  "<!doctype html><title>t</title>" },
	{ "/metrics", 200, "text/plain; version=0.0.4; charset=utf-8",
	  "up 1\n" },
	{ "/healthz", 200, "text/plain; charset=utf-8", "ok\n" },
	{ "/broken", 500, "text/plain; charset=utf-8",
	  "this page cannot be made: No space left on device\n" },
	{ "/none", 404, "text/plain; charset=utf-8", "no such page\n" },
	{ "/metrics/", 404, "text/plain; charset=utf-8", "no such page\n" },
	{ "//metrics", 404, "text/plain; charset=utf-8", "no such page\n" },
	{ "/%6detrics", 404, "text/plain; charset=utf-8", "no such page\n" },
	{ "/metrics%00", 404, "text/plain; charset=utf-8", "no such page\n" },
	{ "/../../etc/passwd", 404, "text/plain; charset=utf-8",
	  "no such page\n" },
	{ "http://localhost/metrics", 404, "text/plain; charset=utf-8",
	  "no such page\n" },
};

CLAIM(pages, "a page that is there is given, with its type, and no other")
{
	struct site s;

	site_start(&s);
	for (size_t i = 0; i < COUNT(answers); i++) {
		char request[256], type[128];
		const struct reply *r;

		snprintf(request, sizeof(request),
			 "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
			 answers[i].path);
		snprintf(type, sizeof(type), "\r\nContent-Type: %s\r\n",
			 answers[i].type);
		r = ask(&s, request);
		expect(status_of(r) == answers[i].status &&
			       strstr(r->text, type) && r->ended,
		       "to %s got \"%s\" want %u %s", answers[i].path, r->text,
		       answers[i].status, answers[i].type);
		expect_text(answers[i].path, body_of(r), answers[i].body);
	}
	http_close(s.http);
}

CLAIM(heads, "HEAD tells of a page what GET would, and gives no body")
{
	struct site s;
	const struct reply *r;

	site_start(&s);
	r = ask(&s, "HEAD /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");
	expect(status_of(r) == 200 && strstr(r->text, "Content-Length: 5\r\n"),
	       "got \"%s\"", r->text);
	expect_text("HEAD /metrics", body_of(r), "");
	expect_status(&s, "HEAD /no HTTP/1.1\r\nHost: localhost\r\n\r\n", 404);
	http_close(s.http);
}

CLAIM(methods, "other methods are told which two there are")
{
	static const char *const methods[] = { "POST",	"PUT",	 "DELETE",
					       "PATCH", "TRACE", "OPTIONS",
					       "get",	"GETS" };
	struct site s;

	site_start(&s);
	for (size_t i = 0; i < COUNT(methods); i++) {
		char request[256];
		const struct reply *r;

		snprintf(request, sizeof(request),
			 "%s /metrics HTTP/1.1\r\nHost: localhost\r\n"
			 "Content-Length: 3\r\n\r\nabc",
			 methods[i]);
		r = ask(&s, request);
		expect(status_of(r) == 405 &&
			       strstr(r->text, "\r\nAllow: GET, HEAD\r\n"),
		       "to %s got \"%s\"", methods[i], r->text);
	}
	http_close(s.http);
}

CLAIM(health, "a monitor that is unwell says so with status 503")
{
	struct site s;
	const struct reply *r;

	site_start(&s);
	s.unwell = HTTP_UNWELL;
	r = ask(&s, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
	expect_number("/healthz", status_of(r), 503);
	expect_text("/healthz", body_of(r), "no packet for an hour\n");
	http_close(s.http);
}

CLAIM(headers, "every answer keeps scripts, frames and caches away")
{
	static const char *const wanted[] = {
		"Content-Security-Policy: default-src 'none'; ",
		"; style-src 'unsafe-inline'; ",
		"X-Content-Type-Options: nosniff\r\n",
		"Referrer-Policy: no-referrer\r\n",
		"Cache-Control: no-store\r\n",
		"Connection: close\r\n",
	};
	static const char *const asked[] = {
		"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n",
		"GET /no HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"GET /broken HTTP/1.1\r\nHost: localhost\r\n\r\n",
	};
	struct site s;

	site_start(&s);
	for (size_t i = 0; i < COUNT(asked); i++) {
		const struct reply *r = ask(&s, asked[i]);

		for (size_t k = 0; k < COUNT(wanted); k++)
			expect(strstr(r->text, wanted[k]) != NULL,
			       "to \"%s\" got \"%s\" without %s", asked[i],
			       r->text, wanted[k]);
	}
	http_close(s.http);
}

CLAIM(kept, "a page that is kept is written once in its time")
{
	static const char request[] =
		"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
	struct site s;

	site_start(&s);
	for (int i = 0; i < 10; i++)
		expect_status(&s, request, 200);
	expect_number("ten requests", s.written, 1);
	later(&s, 61);
	expect_status(&s, request, 200);
	expect_number("and one after a minute", s.written, 2);
	http_close(s.http);
}

/* ---- names ---- */

static const struct {
	const char *header;
	unsigned int status;
} hosts[] = {
	{ "Host: localhost\r\n", 200 },
	{ "Host: LocalHost:9525\r\n", 200 },
	{ "Host: localhost.\r\n", 200 },
	{ "Host: 127.0.0.1\r\n", 200 },
	{ "Host: 127.0.0.1:1\r\n", 200 },
	{ "Host: 127.1.2.3:9525\r\n", 200 },
	{ "Host: [::1]:9525\r\n", 200 },
	{ "host: [0:0::1]\r\n", 200 },
	{ "Host: evil.example\r\n", 403 },
	{ "Host: evil.example:9525\r\n", 403 },
	{ "Host: localhost.evil.example\r\n", 403 },
	{ "Host: 127.0.0.1.evil.example\r\n", 403 },
	{ "Host: evil.localhost\r\n", 403 },
	{ "Host: localhostx\r\n", 403 },
	{ "Host: localhost..\r\n", 403 },
	{ "Host: localhost:80:80\r\n", 403 },
	{ "Host: localhost:evil\r\n", 403 },
	{ "Host: localhost@evil.example\r\n", 403 },
	{ "Host: localhost, evil.example\r\n", 403 },
	{ "Host: [::1\r\n", 403 },
	{ "Host: [\r\n", 403 },
	{ "Host: []\r\n", 403 },
	{ "Host: [::1]evil\r\n", 403 },
	{ "Host: ::1\r\n", 403 },
	{ "Host: [::2]\r\n", 403 },
	{ "Host: 192.0.2.1\r\n", 403 },
	{ "Host: 0.0.0.0\r\n", 403 },
	{ "Host: 127.1\r\n", 403 },
	{ "Host: 2130706433\r\n", 403 },
	{ "Host: \r\n", 403 },
	{ "Host: localhost\r\nHost: evil.example\r\n", 403 },
	{ "Host: evil.example\r\nHost: localhost\r\n", 403 },
	{ "Host: localhost\r\nX-Forwarded-Host: evil.example\r\n", 200 },
};

CLAIM(rebinding, "at a loopback address only loopback names are answered")
{
	struct site s;

	site_start(&s);
	for (size_t i = 0; i < COUNT(hosts); i++) {
		char request[256];

		snprintf(request, sizeof(request),
			 "GET /metrics HTTP/1.1\r\n%s\r\n", hosts[i].header);
		expect_status(&s, request, hosts[i].status);
	}
	expect_status(&s, "GET /metrics HTTP/1.0\r\n\r\n", 200);
	http_close(s.http);
}

CLAIM(remote, "elsewhere any name is answered, if that is allowed")
{
	struct site s;

	assert_int_equal(site_open(&s, "0.0.0.0:0", true), 0);
	expect_status(&s, "GET /metrics HTTP/1.1\r\nHost: mx.example\r\n\r\n",
		      200);
	http_close(s.http);
}

/* ---- bad clients ---- */

#define BYTES(text)                                                            \
	{                                                                      \
		text, sizeof(text) - 1                                         \
	}
#define GOOD "GET /metrics HTTP/1.1\r\nHost: localhost\r\n"

static const struct {
	const char *bytes;
	size_t len;
} bad_requests[] = {
	BYTES("\r\n\r\n\r\n\r\n"),
	BYTES("GET\r\n\r\n"),
	BYTES("GET /metrics\r\n\r\n"),
	BYTES("GET /metrics HTTP/9.9\r\nHost: localhost\r\n\r\n"),
	BYTES("GET /metrics HTTP/1.1\r\n\r\n"),
	BYTES("GET  HTTP/1.1\r\nHost: localhost\r\n\r\n"),
	BYTES("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"),
	BYTES("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
	BYTES("\0\0\0\0\0\0\0\0\r\n\r\n"),
	BYTES("EHLO client.example\r\nMAIL FROM:<>\r\n\r\n"),
	BYTES("POST /metrics HTTP/1.1\r\nHost: localhost\r\n"
	      "Content-Length: -1\r\n\r\n"),
	BYTES("POST /metrics HTTP/1.1\r\nHost: localhost\r\n"
	      "Content-Length: 99999999999999999999999\r\n\r\n"),
	BYTES("POST /metrics HTTP/1.1\r\nHost: localhost\r\n"
	      "Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\nx"),
	BYTES("POST /metrics HTTP/1.1\r\nHost: localhost\r\n"
	      "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n"),
};

CLAIM(nonsense, "what is no request gets no page, and the next one is served")
{
	struct site s;

	site_start(&s);
	for (size_t i = 0; i < COUNT(bad_requests); i++) {
		int fd = dial(&s);
		const struct reply *r;

		send_all(&s, fd, bad_requests[i].bytes, bad_requests[i].len);
		shutdown(fd, SHUT_WR);
		r = receive(&s, fd);
		expect(r->ended && (!r->n || status_of(r) >= 400 ||
				    !strncmp(r->text, "HTTP/1.", 7)),
		       "to \"%s\" got \"%s\"", bad_requests[i].bytes, r->text);
		expect(status_of(r) != 200 || !strstr(r->text, "up 1"),
		       "to \"%s\" got the page", bad_requests[i].bytes);
		expect_alive(&s, bad_requests[i].bytes);
	}
	http_close(s.http);
}

CLAIM(half_closed, "who asks and closes his side at once gets the page, and "
		   "who did not ask is gone")
{
	struct site s;
	int fd;

	site_start(&s);
	fd = dial(&s);
	send_all(&s, fd, GOOD "\r\n", strlen(GOOD "\r\n"));
	shutdown(fd, SHUT_WR);
	expect_number("a request", status_of(receive(&s, fd)), 200);
	fd = dial(&s);
	send_all(&s, fd, GOOD, strlen(GOOD));
	shutdown(fd, SHUT_WR);
	expect(receive(&s, fd)->ended, "half a request waits");
	http_close(s.http);
}

static const struct {
	const char *start, *again, *what;
} huge[] = {
	{ GOOD, "X-Field: 0123456789abcdef0123456789abcdef\r\n",
	  "a million fields" },
	{ GOOD "X-Field: ", "0123456789abcdef", "a field without an end" },
	{ GOOD "Cookie: a", "; aaaa=bbbb", "cookies" },
	{ "GET /", "aaaaaaaaaaaaaaaa", "a path without an end" },
	{ "GET /?", "a=b&c=%00&", "arguments without an end" },
	{ "", "GETGETGETGET", "a method without an end" },
	{ "", "\r\n", "empty lines" },
};

CLAIM(huge_requests, "a request without an end is given up")
{
	struct site s;

	site_start(&s);
	for (size_t i = 0; i < COUNT(huge); i++) {
		struct text t;
		FILE *out = text_open(&t);
		const struct reply *r;

		fputs(huge[i].start, out);
		for (size_t n = 0; n < 1 << 20; n += strlen(huge[i].again))
			fputs(huge[i].again, out);
		text_done(&t);
		r = ask_bytes(&s, t.bytes, t.n);
		expect((r->ended && status_of(r) != 200) || !r->n,
		       "to %s got \"%s\"", huge[i].what, r->text);
		free(t.bytes);
		later(&s, 11);
		expect_alive(&s, huge[i].what);
	}
	http_close(s.http);
}

CLAIM(chance_bytes, "whatever bytes come, the server goes on")
{
	static const char base[] = GOOD "Content-Length: 4\r\n"
					"Transfer-Encoding: chunked\r\n"
					"Cookie: a=b; c\r\n\r\n4\r\nabcd\r\n";
	uint64_t seed = 42;
	struct site s;

	site_start(&s);
	for (int i = 0; i < 1000; i++) {
		char request[sizeof(base)];
		size_t len = chance(&seed) % sizeof(base);
		int fd = dial(&s);

		memcpy(request, base, sizeof(base));
		for (uint64_t k = chance(&seed) % 6; k; k--)
			request[chance(&seed) % sizeof(base)] =
				(char)chance(&seed);
		send_all(&s, fd, request, len);
		http_run(s.http);
		close(fd);
		http_run(s.http);
	}
	settle(&s);
	expect_alive(&s, "1000 requests by chance");
	http_close(s.http);
}

/* ---- slow and many clients ---- */

static bool is_closed(int fd)
{
	char byte;
	ssize_t n = recv(fd, &byte, 1, MSG_PEEK);

	return n >= 0 || errno != EAGAIN;
}

CLAIM(idle, "who says nothing for ten seconds goes, and costs nothing "
	    "meanwhile")
{
	struct site s;
	int fds[20];

	site_start(&s);
	for (size_t i = 0; i < COUNT(fds); i++) {
		fds[i] = dial(&s);
		send_all(&s, fds[i], GOOD, i * 2);
	}
	settle(&s);
	expect_number("runs while nothing happens", settle(&s), 0);
	expect_alive(&s, "20 clients that wait");
	later(&s, 12);
	later(&s, 1);
	for (size_t i = 0; i < COUNT(fds); i++) {
		expect(is_closed(fds[i]), "client %zu is still there", i);
		close(fds[i]);
	}
	http_close(s.http);
}

CLAIM(dripping, "who sends a byte now and then goes, too")
{
	struct site s;
	int fd;

	site_start(&s);
	fd = dial(&s);
	settle(&s);
	for (size_t i = 0; i < 3; i++) {
		send_all(&s, fd, &GOOD[i], 1);
		later(&s, 8);
		expect(!is_closed(fd), "it went after %zu seconds", i * 8 + 8);
	}
	send_all(&s, fd, "x", 1);
	later(&s, 8);
	later(&s, 0);
	expect(is_closed(fd), "it is still there after 32 seconds");
	close(fd);
	http_close(s.http);
}

CLAIM(slow_readers, "who reads nothing keeps nobody waiting")
{
	static const char request[] =
		"GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n";
	struct site s;
	int fds[10];

	site_start(&s);
	for (size_t i = 0; i < COUNT(fds); i++) {
		fds[i] = dial(&s);
		send_all(&s, fds[i], request, strlen(request));
	}
	settle(&s);
	expect_number("runs while nobody reads", settle(&s), 0);
	expect_alive(&s, "clients that do not read");
	for (size_t i = 0; i < COUNT(fds); i++) {
		const struct reply *r = receive(&s, fds[i]);

		expect(r->ended && r->n > LARGE_BYTES &&
			       r->n < LARGE_BYTES + 1024,
		       "reader %zu got %zu bytes", i, r->n);
	}
	http_close(s.http);
}

CLAIM(gone, "who goes in the middle of a page does no harm")
{
	static const char request[] =
		"GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n";
	const struct linger reset = { 1, 0 };
	struct site s;

	site_start(&s);
	for (int i = 0; i < 20; i++) {
		int fd = dial(&s);

		send_all(&s, fd, request, strlen(request));
		settle(&s);
		if (i % 2)
			setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset,
				   sizeof(reset));
		close(fd);
		settle(&s);
	}
	expect_alive(&s, "20 clients that went");
	http_close(s.http);
}

CLAIM(many, "of a hundred at once each is served in the end")
{
	static const char request[] =
		"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n";
	struct site s;
	int fds[100];
	size_t n = 0;

	site_start(&s);
	for (; n < COUNT(fds); n++) {
		fds[n] = dial(&s);
		send_all(&s, fds[n], request, strlen(request));
		if (n % 20 == 19)
			settle(&s);
	}
	for (size_t i = 0; i < n; i++) {
		const struct reply *r = receive(&s, fds[i]);

		expect(status_of(r) == 200, "client %zu got \"%s\"", i,
		       r->text);
	}
	http_close(s.http);
}

CLAIM(crowd, "a crowd that says nothing is gone when its time is over")
{
	struct site s;
	int fds[60];

	site_start(&s);
	for (size_t i = 0; i < COUNT(fds); i++) {
		fds[i] = dial(&s);
		settle(&s);
		if (i == 31)
			expect_number("runs with all places taken", settle(&s),
				      0);
	}
	for (int i = 0; i < 4; i++)
		later(&s, 12);
	expect_alive(&s, "a crowd");
	for (size_t i = 0; i < COUNT(fds); i++)
		close(fds[i]);
	http_close(s.http);
}

/* Fills fds with clients that sent this, and no time passes. */
static void crowd_in(struct site *s, int *fds, size_t n, const char *bytes)
{
	for (size_t i = 0; i < n; i++) {
		fds[i] = dial(s);
		send_all(s, fds[i], bytes, strlen(bytes));
		if (i % 16 == 15)
			settle(s);
	}
	settle(s);
}

CLAIM(crowd_waits, "a crowd without a whole request delays nobody: the oldest "
		   "of it go, and the latest stay")
{
	static const char *const beginnings[] = { "", "G", GOOD };
	struct site s;
	int fds[200];

	for (size_t i = 0; i < COUNT(beginnings); i++) {
		site_start(&s);
		crowd_in(&s, fds, COUNT(fds), beginnings[i]);
		expect_alive(&s, beginnings[i]);
		expect(is_closed(fds[0]), "the oldest is still there");
		expect(!is_closed(fds[COUNT(fds) - 1]), "the latest went");
		for (size_t k = 0; k < COUNT(fds); k++)
			close(fds[k]);
		http_close(s.http);
	}
}

CLAIM(crowd_reads, "a crowd that reads nothing of a large page delays nobody")
{
	struct site s;
	int fds[100];

	site_start(&s);
	crowd_in(&s, fds, COUNT(fds),
		 "GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n");
	expect_alive(&s, "a crowd that does not read");
	for (size_t i = 0; i < COUNT(fds); i++)
		close(fds[i]);
	http_close(s.http);
}

/* ---- the start ---- */

static int open_and_close(const char *listen, bool allow_remote)
{
	struct site s;
	int error;

	*why.text = '\0';
	error = site_open(&s, listen, allow_remote);
	if (!error)
		http_close(s.http);
	return error;
}

static const struct {
	const char *listen;
	bool allow_remote;
	int error;
	const char *why; /* a part of it */
} listens[] = {
	{ "127.0.0.1:0", false, 0, "" },
	{ "127.0.0.2:0", false, 0, "" },
	{ ":0", false, 0, "" },
	{ "localhost:0", false, 0, "" },
	{ "0.0.0.0:0", true, 0, "" },
	{ "", false, -EINVAL, "ADDRESS:PORT like 127.0.0.1:9525, not \"\"" },
	{ ":", false, -EINVAL, "not \":\"" },
	{ "0", false, 0, "" },
	{ "95x25", false, -EINVAL, "not \"95x25\"" },
	{ "127.0.0.1", false, -EINVAL, "not \"127.0.0.1\"" },
	{ "127.0.0.1:", false, -EINVAL, "not \"127.0.0.1:\"" },
	{ "127.0.0.1:65536", false, -EINVAL, "not \"127.0.0.1:65536\"" },
	{ "127.0.0.1:-1", false, -EINVAL, "not \"127.0.0.1:-1\"" },
	{ "127.0.0.1:http", false, -EINVAL, "not \"127.0.0.1:http\"" },
	{ "127.0.0.1.1:80", false, -EINVAL, "not \"127.0.0.1.1:80\"" },
	{ "mx.example:9525", false, -EINVAL, "not \"mx.example:9525\"" },
	{ "[127.0.0.1]:9525", false, -EINVAL, "not \"[127.0.0.1]:9525\"" },
	{ "[::1:9525", false, -EINVAL, "not \"[::1:9525\"" },
	{ "::1", false, -EINVAL, "brackets, and with a port: \"[::1]:9525\"" },
	{ "0.0.0.0:9525", false, -EINVAL, HTTP_REMOTE_OPTION },
	{ "[::]:9525", false, -EINVAL, HTTP_REMOTE_OPTION },
	{ "192.0.2.1:9525", false, -EINVAL,
	  "192.0.2.1:9525 can be reached from other hosts" },
	{ "[::ffff:127.0.0.1]:9525", false, -EINVAL, HTTP_REMOTE_OPTION },
	{ "192.0.2.1:9525", true, -EADDRNOTAVAIL,
	  "this host does not have the address" },
};

CLAIM(listening, "it listens at loopback addresses, at others if told so, and "
		 "says what is wrong with the rest")
{
	for (size_t i = 0; i < COUNT(listens); i++) {
		int error = open_and_close(listens[i].listen,
					   listens[i].allow_remote);

		expect(error == listens[i].error &&
			       strstr(why.text, listens[i].why) &&
			       (error || !*why.text),
		       "at \"%s\" got %d \"%s\" want %d \"%s\"",
		       listens[i].listen, error, why.text, listens[i].error,
		       listens[i].why);
	}
}

CLAIM(ipv6, "it listens at the loopback address of IPv6, where there is one")
{
	struct site s;
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in6 a = { .sin6_family = AF_INET6,
				  .sin6_addr = IN6ADDR_LOOPBACK_INIT };

	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)))
		skip();
	close(fd);
	assert_int_equal(site_open(&s, "[::1]:0", false), 0);
	expect(!strncmp(http_address(s.http), "[::1]:", 6), "at %s",
	       http_address(s.http));
	a.sin6_port = htons(s.port);
	fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	send_all(&s, fd, GOOD "\r\n", strlen(GOOD "\r\n"));
	expect_number("a request", status_of(receive(&s, fd)), 200);
	http_close(s.http);
}

CLAIM(taken, "a port that is taken is said to be")
{
	struct site s;
	int error;

	site_start(&s);
	error = open_and_close(http_address(s.http), false);
	expect(error == -EADDRINUSE &&
		       strstr(why.text, "another program listens"),
	       "got %d \"%s\"", error, why.text);
	http_close(s.http);
}

CLAIM(dropped, "it serves without any privilege, and without an own thread")
{
	int status = -1;
	pid_t child = fork();

	if (!child) {
		struct site s;
		int failed = site_open(&s, "127.0.0.1:0", false) ||
			     privilege_drop(NULL);

		failed = failed ||
			 status_of(ask(&s, "GET /metrics HTTP/1.1\r\n"
					   "Host: localhost\r\n\r\n")) != 200 ||
			 !access("/proc/self/task/2", F_OK);
		_exit(failed);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	expect(WIFEXITED(status) && !WEXITSTATUS(status), "got status %x",
	       (unsigned int)status);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIMED(pages),		CLAIMED(heads),
		CLAIMED(methods),	CLAIMED(health),
		CLAIMED(headers),	CLAIMED(kept),
		CLAIMED(rebinding),	CLAIMED(remote),
		CLAIMED(nonsense),	CLAIMED(half_closed),
		CLAIMED(huge_requests), CLAIMED(chance_bytes),
		CLAIMED(idle),		CLAIMED(dripping),
		CLAIMED(slow_readers),	CLAIMED(gone),
		CLAIMED(many),		CLAIMED(crowd),
		CLAIMED(crowd_waits),	CLAIMED(crowd_reads),
		CLAIMED(listening),	CLAIMED(ipv6),
		CLAIMED(taken),		CLAIMED(dropped),
	};

	return cmocka_run_group_tests_name("http", tests, NULL, NULL);
}

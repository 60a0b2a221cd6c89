/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wire.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

/* In front of each message. */
struct wire_head {
	uint32_t kind, bytes;
};

/* ---- sending ---- */

static int64_t wire_now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return (int64_t)t.tv_sec;
}

/* Waits until the socket is ready, or the time is up. 0 or -errno. */
static int wire_wait(const struct wire *w, short events)
{
	struct pollfd p = { w->fd, events, 0 };
	int n;

	if (w->until_s && wire_now_s() > w->until_s)
		return -ETIMEDOUT;
	do
		n = poll(&p, 1, w->silence_s ? w->silence_s * 1000 : -1);
	while (n < 0 && errno == EINTR);
	return n > 0 ? 0 : n ? -errno : -ETIMEDOUT;
}

void wire_flush(struct wire *w)
{
	size_t at = 0;

	while (at < w->out_n && !w->error) {
		ssize_t n;

		w->error = wire_wait(w, POLLOUT);
		if (w->error)
			break;
		n = send(w->fd, w->out + at, w->out_n - at,
			 MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n >= 0)
			at += (size_t)n;
		else if (errno != EAGAIN && errno != EINTR)
			w->error = -errno;
	}
	w->out_n = 0;
}

static const char *wire_text(const uint8_t *row, size_t offset)
{
	const char *text;

	memcpy(&text, row + offset, sizeof(text));
	return text ? text : "";
}

static void wire_queue(struct wire *w, const void *bytes, size_t n)
{
	memcpy(w->out + w->out_n, bytes, n);
	w->out_n += n;
}

void wire_put(struct wire *w, uint32_t kind, const void *row)
{
	const struct wire_form *f = &w->forms[kind];
	struct wire_head head = { kind, (uint32_t)f->size };
	size_t lens[WIRE_TEXTS_MOST];

	for (size_t i = 0; i < f->n_texts; i++) {
		lens[i] = strnlen(wire_text(row, f->texts[i]), WIRE_TEXT_MOST);
		head.bytes += (uint32_t)lens[i] + 1;
	}
	if (w->out_n + sizeof(head) + head.bytes > sizeof(w->out))
		wire_flush(w);
	wire_queue(w, &head, sizeof(head));
	wire_queue(w, row, f->size);
	for (size_t i = 0; i < f->n_texts; i++) {
		wire_queue(w, wire_text(row, f->texts[i]), lens[i]);
		wire_queue(w, "", 1);
	}
}

/* ---- reading ---- */

/* Has the buffer hold n bytes from in_at on. */
static bool wire_fill(struct wire *w, size_t n)
{
	if (w->in_at + n > sizeof(w->in)) {
		memmove(w->in, w->in + w->in_at, w->in_n - w->in_at);
		w->in_n -= w->in_at;
		w->in_at = 0;
	}
	while (w->in_n - w->in_at < n && !w->error) {
		ssize_t got;

		w->error = wire_wait(w, POLLIN);
		if (w->error)
			break;
		got = recv(w->fd, w->in + w->in_n, sizeof(w->in) - w->in_n,
			   MSG_DONTWAIT);
		if (got > 0)
			w->in_n += (size_t)got;
		else if (!got)
			w->error = -EPIPE;
		else if (errno != EAGAIN && errno != EINTR)
			w->error = -errno;
	}
	return !w->error;
}

/* The texts are in the buffer, each to its NUL within it. */
static bool wire_take_texts(const struct wire_form *f, uint8_t *row,
			    const char *at, const char *end)
{
	for (size_t i = 0; i < f->n_texts; i++) {
		const char *nul = memchr(at, 0, (size_t)(end - at));

		if (!nul)
			return false;
		memcpy(row + f->texts[i], &at, sizeof(at));
		at = nul + 1;
	}
	return at == end;
}

bool wire_get(struct wire *w, uint32_t *kind, void *row)
{
	const struct wire_form *f;
	struct wire_head head;
	const uint8_t *at;

	if (w->error || !wire_fill(w, sizeof(head)))
		return false;
	memcpy(&head, w->in + w->in_at, sizeof(head));
	f = head.kind < w->n_forms ? &w->forms[head.kind] : NULL;
	if (!f || head.bytes < f->size || head.bytes > WIRE_MESSAGE_MOST) {
		w->error = -EPROTO;
		return false;
	}
	if (!wire_fill(w, sizeof(head) + head.bytes))
		return false;
	at = w->in + w->in_at + sizeof(head);
	w->in_at += sizeof(head) + head.bytes;
	memcpy(row, at, f->size);
	*kind = head.kind;
	if (!wire_take_texts(f, row, (const char *)at + f->size,
			     (const char *)at + head.bytes))
		w->error = -EPROTO;
	return !w->error;
}

/* Takes what came, as far as there is room. */
static void wire_pull(struct wire *w)
{
	ssize_t got;

	if (w->in_at) {
		memmove(w->in, w->in + w->in_at, w->in_n - w->in_at);
		w->in_n -= w->in_at;
		w->in_at = 0;
	}
	got = recv(w->fd, w->in + w->in_n, sizeof(w->in) - w->in_n,
		   MSG_DONTWAIT);
	if (got > 0)
		w->in_n += (size_t)got;
	else if (!got)
		w->error = -EPIPE;
	else if (errno != EAGAIN && errno != EINTR)
		w->error = -errno;
}

/* A length that is too large is for wire_get() to refuse. */
static bool wire_is_whole(const struct wire *w)
{
	size_t n = w->in_n - w->in_at;
	struct wire_head head;

	if (n < sizeof(head))
		return false;
	memcpy(&head, w->in + w->in_at, sizeof(head));
	return head.bytes > WIRE_MESSAGE_MOST || n >= sizeof(head) + head.bytes;
}

bool wire_has(struct wire *w)
{
	if (!w->error && !wire_is_whole(w))
		wire_pull(w);
	return !w->error && wire_is_whole(w);
}

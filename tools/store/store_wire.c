/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "store_remote.h"
#include "../database/database.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

#define TEXTS_MOST 3

/* A message: the size of its struct, and where its texts are. */
struct wire_form {
	size_t size, n_texts, texts[TEXTS_MOST];
};

#define FORM(type)                                                             \
	{                                                                      \
		sizeof(type), 0,                                               \
		{                                                              \
			0                                                      \
		}                                                              \
	}
#define FORM_1(type, a)                                                        \
	{                                                                      \
		sizeof(type), 1,                                               \
		{                                                              \
			offsetof(type, a)                                      \
		}                                                              \
	}
#define FORM_2(type, a, b)                                                     \
	{                                                                      \
		sizeof(type), 2,                                               \
		{                                                              \
			offsetof(type, a), offsetof(type, b)                   \
		}                                                              \
	}
#define FORM_3(type, a, b, c)                                                  \
	{                                                                      \
		sizeof(type), 3,                                               \
		{                                                              \
			offsetof(type, a), offsetof(type, b),                  \
				offsetof(type, c)                              \
		}                                                              \
	}

static const struct wire_form forms[WIRE_KINDS] = {
	[WIRE_DAYS] = FORM(struct store_day),
	[WIRE_DAYS_OF] = FORM(struct store_day),
	[WIRE_MINUTES] = FORM(struct store_minute),
	[WIRE_SOURCES] = FORM(struct store_source),
	[WIRE_CLAUSES] = FORM_1(struct store_clause, id),
	[WIRE_PORTS] = FORM(uint16_t),
	[WIRE_FINDINGS] =
		FORM_3(struct store_found, finding, detector, examples),
	[WIRE_LOADS] = FORM_3(struct store_loaded, policy, digest, who),
	[WIRE_RUNS] = FORM_1(struct store_run, inputs),
	[WIRE_STEPS] = FORM(struct store_step),
	[WIRE_LINES_OF] = FORM(struct store_lines),
	[WIRE_ASK] = FORM(struct wire_ask),
	[WIRE_BEGIN] = FORM(uint8_t),
	[WIRE_ADD] = FORM_1(struct store_row, clause),
	[WIRE_MOVE] = FORM_1(struct store_row, clause),
	[WIRE_FINDING] = FORM(struct store_finding),
	[WIRE_LOADED] = FORM_3(struct store_loaded, policy, digest, who),
	[WIRE_RUN] = FORM_1(struct store_run, inputs),
	[WIRE_STEP] = FORM(struct store_step),
	[WIRE_LINES] = FORM(struct store_lines),
	[WIRE_TRIM] = FORM(struct wire_trim),
	[WIRE_END] = FORM(uint8_t),
	[WIRE_REOPEN] = FORM(uint8_t),
	[WIRE_LOCK] = FORM(struct wire_lock),
	[WIRE_DONE] = FORM_1(struct wire_done, why),
};

/* In front of each message. */
struct wire_head {
	uint32_t kind, bytes;
};

/* ---- sending ---- */

/* Waits until the socket is ready, or the time is up. 0 or -errno. */
static int wire_wait(const struct wire *w, short events)
{
	struct pollfd p = { w->fd, events, 0 };
	int n;

	if (w->until_s && database_steady_s() > w->until_s)
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

void wire_put(struct wire *w, enum wire_kind kind, const void *row)
{
	const struct wire_form *f = &forms[kind];
	struct wire_head head = { kind, (uint32_t)f->size };
	size_t lens[TEXTS_MOST];

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

bool wire_get(struct wire *w, enum wire_kind *kind, void *row)
{
	const struct wire_form *f;
	struct wire_head head;
	const uint8_t *at;

	if (w->error || !wire_fill(w, sizeof(head)))
		return false;
	memcpy(&head, w->in + w->in_at, sizeof(head));
	f = head.kind < WIRE_KINDS ? &forms[head.kind] : NULL;
	if (!f || head.bytes < f->size || head.bytes > WIRE_MESSAGE_MOST) {
		w->error = -EPROTO;
		return false;
	}
	if (!wire_fill(w, sizeof(head) + head.bytes))
		return false;
	at = w->in + w->in_at + sizeof(head);
	w->in_at += sizeof(head) + head.bytes;
	memcpy(row, at, f->size);
	*kind = (enum wire_kind)head.kind;
	if (!wire_take_texts(f, row, (const char *)at + f->size,
			     (const char *)at + head.bytes))
		w->error = -EPROTO;
	return !w->error;
}

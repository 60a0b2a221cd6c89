/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages between two processes of ours by a socket. Both ends are built from
 * one source, so structs go as they lie in memory; texts follow them, each with
 * its NUL. Neither end believes the other: sizes and texts are checked here,
 * values by who reads them.
 */
#ifndef MAILWALL_WIRE_H
#define MAILWALL_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WIRE_BYTES	  65536
#define WIRE_TEXT_MOST	  8192 /* longer texts are cut */
#define WIRE_MESSAGE_MOST 32768
#define WIRE_TEXTS_MOST	  4

/* A message: the size of its struct, and where its texts are. */
struct wire_form {
	size_t size, n_texts, texts[WIRE_TEXTS_MOST];
};

/* Rows of a table of forms: a struct, and those of its members that are texts.
 */
#define WIRE_FORM(type)                                                        \
	{                                                                      \
		sizeof(type), 0,                                               \
		{                                                              \
			0                                                      \
		}                                                              \
	}
#define WIRE_FORM_1(type, a)                                                   \
	{                                                                      \
		sizeof(type), 1,                                               \
		{                                                              \
			offsetof(type, a)                                      \
		}                                                              \
	}
#define WIRE_FORM_2(type, a, b)                                                \
	{                                                                      \
		sizeof(type), 2,                                               \
		{                                                              \
			offsetof(type, a), offsetof(type, b)                   \
		}                                                              \
	}
#define WIRE_FORM_3(type, a, b, c)                                             \
	{                                                                      \
		sizeof(type), 3,                                               \
		{                                                              \
			offsetof(type, a), offsetof(type, b),                  \
				offsetof(type, c)                              \
		}                                                              \
	}
#define WIRE_FORM_4(type, a, b, c, d)                                          \
	{                                                                      \
		sizeof(type), 4,                                               \
		{                                                              \
			offsetof(type, a), offsetof(type, b),                  \
				offsetof(type, c), offsetof(type, d)           \
		}                                                              \
	}

/* One end of the socket. */
struct wire {
	int fd;
	const struct wire_form *forms; /* by kind */
	uint32_t n_forms;
	int silence_s;	 /* how long the other end may take; 0: for ever */
	int64_t until_s; /* CLOCK_BOOTTIME: all of a reply; 0: for ever */
	int error;	 /* the first: nothing is sent or read after it */
	size_t out_n, in_at, in_n;
	uint8_t out[WIRE_BYTES], in[WIRE_BYTES];
};

/*
 * Queues a message: a struct of its kind, with its texts, which are its
 * members. Sends what is queued where there is no room.
 */
void wire_put(struct wire *w, uint32_t kind, const void *row);
/* Sends what is queued. */
void wire_flush(struct wire *w);

/*
 * Reads the next message into row, which has room for the largest form. Its
 * texts live until the next call. False: w->error says why, -EPIPE of an end.
 */
bool wire_get(struct wire *w, uint32_t *kind, void *row);
/* Is a whole message there? Waits for nothing; a failure is in w->error. */
bool wire_has(struct wire *w);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A merge sort: events are gathered in memory, and each time that it is full
 * they are sorted and written as a run. A heap merges the runs.
 */
#include "intake_order.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EVENT_BYTES  offsetof(struct log_event, prefix)
#define RECORD_MOST  (sizeof(struct record) + sizeof(struct log_event))
#define MEMORY_LEAST ((size_t)64 << 10)
#define READ_MOST    ((size_t)256 << 10)
#define READ_LEAST   ((size_t)4 << 10)

/* A record in memory and in a run: this, an event up to its prefix, the prefix.
 */
struct record {
	int64_t due_us;
	uint64_t number;
	uint32_t bytes; /* all of the record, a multiple of 8 */
	uint32_t prefix_len;
};

struct run {
	off_t at, end; /* in the file */
	uint8_t *buffer;
	size_t have, done; /* bytes in the buffer, and those that were read */
};

struct intake_order {
	uint8_t *bytes;
	size_t size, used;
	uint32_t *index; /* offsets of records, in units of 8 */
	size_t n, index_size;
	bool unsorted;
	int64_t last_us;
	int file; /* -1: none */
	off_t file_bytes;
	struct run *runs;
	size_t n_runs;
};

int64_t intake_order_due_us(const struct log_event *e)
{
	return e->kind == LOG_PACKET ? e->time_us :
				       e->time_us + INTAKE_FLOW_WAIT_US;
}

/* ---- memory ---- */

int intake_order_new(size_t memory, struct intake_order **out)
{
	struct intake_order *o = calloc(1, sizeof(*o));

	*out = o;
	if (!o)
		return -ENOMEM;
	o->file = -1;
	o->size = memory ? memory : INTAKE_ORDER_MEMORY;
	if (o->size < MEMORY_LEAST)
		o->size = MEMORY_LEAST;
	o->size &= ~(size_t)7;
	o->index_size = o->size / (sizeof(struct record) + EVENT_BYTES) + 1;
	/* Pages that are not written cost nothing. */
	o->bytes = malloc(o->size);
	o->index = malloc(o->index_size * sizeof(*o->index));
	if (o->bytes && o->index)
		return 0;
	intake_order_free(o);
	*out = NULL;
	return -ENOMEM;
}

void intake_order_free(struct intake_order *o)
{
	if (!o)
		return;
	for (size_t i = 0; i < o->n_runs; i++)
		free(o->runs[i].buffer);
	free(o->runs);
	if (o->file >= 0)
		close(o->file);
	free(o->bytes);
	free(o->index);
	free(o);
}

static const struct record *order_record(const struct intake_order *o, size_t i)
{
	return (const struct record *)(o->bytes + (size_t)o->index[i] * 8);
}

/* Records lie in memory in the order in which they came. */
static int order_compare(const void *a, const void *b, void *ctx)
{
	const struct intake_order *o = ctx;
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	const struct record *r =
		(const struct record *)(o->bytes + (size_t)x * 8);
	const struct record *s =
		(const struct record *)(o->bytes + (size_t)y * 8);

	if (r->due_us != s->due_us)
		return r->due_us < s->due_us ? -1 : 1;
	return x < y ? -1 : x > y;
}

static void order_sort(struct intake_order *o)
{
	if (o->unsorted)
		qsort_r(o->index, o->n, sizeof(*o->index), order_compare, o);
	o->unsorted = false;
}

/* ---- runs ---- */

static int order_open_file(struct intake_order *o)
{
	const char *folder = getenv("TMPDIR");

	if (o->file >= 0)
		return 0;
	if (!folder || !*folder)
		folder = "/var/tmp";
	o->file = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (o->file < 0)
		o->file = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	return o->file < 0 ? -errno : 0;
}

static int order_write(struct intake_order *o, const void *bytes, size_t len)
{
	const uint8_t *at = bytes;

	while (len) {
		ssize_t n = pwrite(o->file, at, len, o->file_bytes);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		o->file_bytes += n;
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

/* Writes the records in order, a buffer at a time. */
static int order_write_records(struct intake_order *o, uint8_t *buffer)
{
	size_t have = 0;
	int error = 0;

	for (size_t i = 0; i < o->n && !error; i++) {
		const struct record *r = order_record(o, i);

		if (have + r->bytes > READ_MOST) {
			error = order_write(o, buffer, have);
			have = 0;
		}
		memcpy(buffer + have, r, r->bytes);
		have += r->bytes;
	}
	return error ? error : order_write(o, buffer, have);
}

/* Writes what is in memory as a run, and empties the memory. */
static int order_spill(struct intake_order *o)
{
	struct run *runs = realloc(o->runs, (o->n_runs + 1) * sizeof(*o->runs));
	uint8_t *buffer = malloc(READ_MOST);
	int error = runs && buffer ? order_open_file(o) : -ENOMEM;

	if (runs)
		o->runs = runs;
	if (!error) {
		order_sort(o);
		o->runs[o->n_runs] = (struct run){ .at = o->file_bytes };
		error = order_write_records(o, buffer);
	}
	free(buffer);
	if (error)
		return error;
	o->runs[o->n_runs++].end = o->file_bytes;
	o->n = o->used = 0;
	o->last_us = INT64_MIN;
	return 0;
}

int intake_order_add(struct intake_order *o, const struct log_event *e,
		     uint64_t number)
{
	struct record r = { .due_us = intake_order_due_us(e),
			    .number = number,
			    .prefix_len = (uint32_t)strlen(e->prefix) };
	uint8_t *at;
	int error;

	r.bytes = (uint32_t)(sizeof(r) + EVENT_BYTES + r.prefix_len + 7) & ~7u;
	if (o->used + r.bytes > o->size || o->n == o->index_size) {
		error = order_spill(o);
		if (error)
			return error;
	}
	at = o->bytes + o->used;
	memset(at + r.bytes - 8, 0, 8);
	memcpy(at, &r, sizeof(r));
	memcpy(at + sizeof(r), e, EVENT_BYTES);
	memcpy(at + sizeof(r) + EVENT_BYTES, e->prefix, r.prefix_len);
	if (o->n && r.due_us < o->last_us)
		o->unsorted = true;
	o->last_us = r.due_us;
	o->index[o->n++] = (uint32_t)(o->used / 8);
	o->used += r.bytes;
	return 0;
}

/* ---- reading ---- */

static void record_event(const uint8_t *at, struct log_event *out)
{
	const struct record *r = (const struct record *)at;

	memcpy(out, at + sizeof(*r), EVENT_BYTES);
	memcpy(out->prefix, at + sizeof(*r) + EVENT_BYTES, r->prefix_len);
	out->prefix[r->prefix_len] = '\0';
}

static int order_read_memory(struct intake_order *o,
			     int (*fn)(void *, const struct log_event *,
				       uint64_t),
			     void *ctx)
{
	order_sort(o);
	for (size_t i = 0; i < o->n; i++) {
		const struct record *r = order_record(o, i);
		struct log_event e;
		int result;

		record_event((const uint8_t *)r, &e);
		result = fn(ctx, &e, r->number);
		if (result)
			return result;
	}
	return 0;
}

/* Fills the buffer of a run, behind what was not read yet. 0 or -errno. */
static int run_fill(const struct intake_order *o, struct run *r, size_t size)
{
	memmove(r->buffer, r->buffer + r->done, r->have - r->done);
	r->have -= r->done;
	r->done = 0;
	while (r->have < size && r->at < r->end) {
		size_t want = size - r->have;
		ssize_t n;

		if ((off_t)want > r->end - r->at)
			want = (size_t)(r->end - r->at);
		n = pread(o->file, r->buffer + r->have, want, r->at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -EIO;
		r->have += (size_t)n;
		r->at += n;
	}
	return 0;
}

/* The next record of a run, or NULL at its end. */
static const struct record *run_next(const struct run *r)
{
	return r->done < r->have ?
		       (const struct record *)(r->buffer + r->done) :
		       NULL;
}

/* A run that is not read to its end has all of its next record in memory. */
static int run_skip(const struct intake_order *o, struct run *r, size_t size)
{
	r->done += run_next(r)->bytes;
	return r->have - r->done < RECORD_MOST && r->at < r->end ?
		       run_fill(o, r, size) :
		       0;
}

static bool run_is_before(const struct run *a, const struct run *b)
{
	const struct record *r = run_next(a), *s = run_next(b);

	if (!r || !s)
		return r;
	/* An earlier run has what was added first. */
	return r->due_us != s->due_us ? r->due_us < s->due_us : a < b;
}

/* Moves a run down the heap until those below it come later. */
static void heap_sink(struct run **heap, size_t n, size_t i)
{
	for (;;) {
		size_t least = i;

		for (size_t k = 2 * i + 1; k <= 2 * i + 2 && k < n; k++)
			if (run_is_before(heap[k], heap[least]))
				least = k;
		if (least == i)
			return;
		struct run *run = heap[i];

		heap[i] = heap[least];
		heap[least] = run;
		i = least;
	}
}

static int order_merge(struct intake_order *o, struct run **heap, size_t size,
		       int (*fn)(void *, const struct log_event *, uint64_t),
		       void *ctx)
{
	int result = 0;

	for (size_t i = o->n_runs; i--;)
		heap_sink(heap, o->n_runs, i);
	while (!result && run_next(heap[0])) {
		const struct record *r = run_next(heap[0]);
		struct log_event e;

		record_event((const uint8_t *)r, &e);
		result = fn(ctx, &e, r->number);
		if (!result)
			result = run_skip(o, heap[0], size);
		heap_sink(heap, o->n_runs, 0);
	}
	return result;
}

/* Runs share the memory that records were gathered in. */
static int order_open_runs(struct intake_order *o, struct run **heap,
			   size_t *size)
{
	int error = 0;

	*size = o->size / o->n_runs & ~(size_t)7;
	if (*size > READ_MOST)
		*size = READ_MOST;
	if (*size < READ_LEAST)
		*size = READ_LEAST;
	for (size_t i = 0; i < o->n_runs && !error; i++) {
		heap[i] = &o->runs[i];
		o->runs[i].buffer = malloc(*size);
		error = o->runs[i].buffer ? run_fill(o, &o->runs[i], *size) :
					    -ENOMEM;
	}
	return error;
}

int intake_order_read(struct intake_order *o,
		      int (*fn)(void *ctx, const struct log_event *event,
				uint64_t number),
		      void *ctx)
{
	struct run **heap;
	size_t size;
	int error = 0;

	if (!o->n_runs)
		return order_read_memory(o, fn, ctx);
	if (o->n)
		error = order_spill(o);
	heap = error ? NULL : calloc(o->n_runs, sizeof(*heap));
	if (!heap)
		return error ? error : -ENOMEM;
	free(o->bytes);
	o->bytes = NULL;
	error = order_open_runs(o, heap, &size);
	if (!error)
		error = order_merge(o, heap, size, fn, ctx);
	free(heap);
	return error;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "journal_chain.h"
#include "../../rules/base/arena.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#define WINDOW_BYTES	  65536
#define WINDOW_BYTES_MOST ((size_t)64 << 20)

/* ---- one line ---- */

/* The last member: ,"sum":"64 digits"} of all that is before it. */
#define SUM_START ",\"sum\":\""
#define SUM_END	  "\"}"
#define SUM_BYTES (sizeof(SUM_START) + HASH_TEXT_BYTES + sizeof(SUM_END) - 3)

const char *chain_add_sum(struct arena *a, const char *object)
{
	size_t len = strlen(object) - 1; /* without its last brace */
	char hash[HASH_TEXT_BYTES];

	hash_of(object, len, hash);
	return arena_printf(a, "%.*s" SUM_START "%s" SUM_END, (int)len, object,
			    hash);
}

bool chain_sum_is_right(const char *text, size_t len)
{
	char sum[SUM_BYTES + 1], hash[HASH_TEXT_BYTES];

	if (len < SUM_BYTES)
		return false;
	hash_of(text, len - SUM_BYTES, hash);
	snprintf(sum, sizeof(sum), SUM_START "%s" SUM_END, hash);
	return !memcmp(text + len - SUM_BYTES, sum, SUM_BYTES);
}

/* An object with a sequence; NULL: no line of ours, or a part of one. */
static json_t *chain_parse(const char *text, size_t len)
{
	json_t *o = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);

	if (json_is_object(o) &&
	    json_is_integer(json_object_get(o, "sequence")) &&
	    json_is_string(json_object_get(o, "what")))
		return o;
	json_decref(o);
	return NULL;
}

static uint64_t chain_number(const json_t *o, const char *name)
{
	json_int_t n = json_integer_value(json_object_get(o, name));

	return n > 0 ? (uint64_t)n : 0;
}

static const char *chain_text(const json_t *o, const char *name)
{
	return json_string_value(json_object_get(o, name));
}

/* ---- the end ---- */

/* The last bytes of the file, up to a number of them. */
struct window {
	char *text;
	size_t len;
	bool from_start;
};

static int window_read(int fd, off_t size, size_t most, struct window *w)
{
	size_t want = (size_t)size < most ? (size_t)size : most;
	off_t at = size - (off_t)want;

	*w = (struct window){ .text = malloc(want + 1), .from_start = !at };
	if (!w->text)
		return -ENOMEM;
	while (w->len < want) {
		ssize_t n = pread(fd, w->text + w->len, want - w->len,
				  at + (off_t)w->len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -EIO;
		w->len += (size_t)n;
	}
	return 0;
}

/* Takes the last line off the window; false: it is not whole there. */
static bool window_take_line(struct window *w, const char **text, size_t *len)
{
	const char *newline;
	size_t end = w->len;

	if (end && w->text[end - 1] == '\n')
		end--;
	newline = end ? memrchr(w->text, '\n', end) : NULL;
	if (!w->len || (!newline && !w->from_start))
		return false;
	*text = newline ? newline + 1 : w->text;
	*len = end - (size_t)(*text - w->text);
	w->len = (size_t)(*text - w->text);
	return true;
}

/* Takes what the last whole line says of itself; false: it is not whole. */
static bool chain_take_end(const char *text, size_t len, struct chain_end *out)
{
	json_t *o = chain_parse(text, len);

	if (!o)
		return false;
	out->sequence = chain_number(o, "sequence");
	out->open = journal_is_open(journal_what_find(chain_text(o, "what")),
				    out->sequence, chain_number(o, "open"));
	json_decref(o);
	return out->sequence;
}

/* False: the window does not reach back to a whole line. */
static bool chain_look_at(struct window *w, struct chain_end *out)
{
	const char *text;
	size_t len;

	out->unended = w->len && w->text[w->len - 1] != '\n';
	while (!out->sequence && window_take_line(w, &text, &len)) {
		if (!*out->hash)
			hash_of(text, len, out->hash);
		if (!chain_take_end(text, len, out))
			out->cut_bytes += len;
	}
	return out->sequence || w->from_start;
}

int chain_find_end(int fd, struct chain_end *out)
{
	struct stat st;
	bool found = false;
	int error = 0;

	*out = (struct chain_end){ 0 };
	if (fstat(fd, &st))
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	for (size_t most = WINDOW_BYTES; !error && !found; most *= 4) {
		struct window w;

		if (most > WINDOW_BYTES_MOST)
			return -EFBIG;
		*out = (struct chain_end){ 0 };
		error = window_read(fd, st.st_size, most, &w);
		found = !error && chain_look_at(&w, out);
		free(w.text);
	}
	return error;
}

/* ---- all of it ---- */

struct follow {
	struct journal_state *state;
	journal_each *each;
	void *ctx;
	uint64_t number;    /* the line's, from 1 */
	uint64_t sequence;  /* the last whole line's */
	uint64_t cut_bytes; /* length of the lines before that are cut short */
	bool was_cut;
	char hash[HASH_TEXT_BYTES]; /* the line before has it; "" */
};

static void follow_break(struct follow *w, uint64_t number, const char *fmt,
			 ...) __attribute__((format(printf, 3, 4)));
static void follow_break(struct follow *w, uint64_t number, const char *fmt,
			 ...)
{
	va_list args;

	if (w->state->broken)
		return;
	w->state->broken = number;
	va_start(args, fmt);
	vsnprintf(w->state->why.text, sizeof(w->state->why.text), fmt, args);
	va_end(args);
}

static int64_t follow_time_us(const char *text)
{
	struct tm tm = { 0 };
	const char *rest =
		text ? strptime(text, "%Y-%m-%dT%H:%M:%S", &tm) : NULL;
	int64_t us = 0;

	if (!rest)
		return 0;
	if (*rest == '.')
		us = (int64_t)(strtod(rest, NULL) * 1e6 + 0.5);
	return timegm(&tm) * INT64_C(1000000) + us;
}

static void follow_tell(struct follow *w, const json_t *o)
{
	const struct journal_line line = {
		.number = w->number,
		.sequence = chain_number(o, "sequence"),
		.time_us = follow_time_us(chain_text(o, "time")),
		.boot_id = chain_text(o, "boot_id"),
		.what = journal_what_find(chain_text(o, "what")),
		.what_text = chain_text(o, "what"),
		.revision = (uint32_t)chain_number(o, "revision"),
		.generation = (uint32_t)chain_number(o, "generation"),
		.digest = chain_text(o, "digest"),
		.why = chain_text(o, "why"),
		.object = o,
	};

	if (w->each)
		w->each(w->ctx, &line);
}

/* The line before was cut short, and this one says so; or neither. */
static void follow_check_cut(struct follow *w, const json_t *o)
{
	if (w->was_cut && chain_number(o, "cut_short") != w->cut_bytes)
		follow_break(w, w->number - 1,
			     "line %llu is no line of a journal",
			     (unsigned long long)w->number - 1);
	if (!w->was_cut && json_object_get(o, "cut_short"))
		follow_break(w, w->number,
			     "a line that was cut short is missing before "
			     "line %llu",
			     (unsigned long long)w->number);
}

static void follow_check(struct follow *w, const json_t *o)
{
	const char *previous = chain_text(o, "previous");
	uint64_t sequence = chain_number(o, "sequence");

	follow_check_cut(w, o);
	if (sequence != w->sequence + 1)
		follow_break(w, w->number,
			     "line %llu is the journal's %lluth, and follows "
			     "the %lluth: lines were taken out or put in",
			     (unsigned long long)w->number,
			     (unsigned long long)sequence,
			     (unsigned long long)w->sequence);
	if (strcmp(previous ? previous : "", w->hash))
		follow_break(w, w->number > 1 ? w->number - 1 : 1,
			     "line %llu is not the one that line %llu was "
			     "written after",
			     (unsigned long long)w->number - 1,
			     (unsigned long long)w->number);
}

static void follow_line(struct follow *w, const char *text, size_t len)
{
	json_t *o = chain_parse(text, len);

	w->number++;
	if (o) {
		if (!chain_sum_is_right(text, len))
			follow_break(w, w->number, "line %llu was edited",
				     (unsigned long long)w->number);
		follow_check(w, o);
		w->sequence = chain_number(o, "sequence");
		w->state->lines++;
		follow_tell(w, o);
	} else {
		w->state->cut_short++;
	}
	w->cut_bytes = o ? 0 : w->cut_bytes + len;
	w->was_cut = !o;
	hash_of(text, len, w->hash);
	json_decref(o);
}

static int follow_file(struct follow *w, FILE *file)
{
	char *text = NULL;
	size_t cap = 0;
	ssize_t len;
	int error;

	while ((len = getline(&text, &cap, file)) > 0) {
		if (text[len - 1] == '\n')
			len--;
		follow_line(w, text, (size_t)len);
	}
	error = ferror(file) ? -EIO : 0;
	free(text);
	w->state->cut_at_end = w->was_cut;
	return error;
}

int journal_read(struct program *p, journal_each *each, void *ctx,
		 struct journal_state *state, struct fault *f)
{
	struct follow w = { .state = state, .each = each, .ctx = ctx };
	const char *path = journal_path(p);
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat st;
	FILE *file;
	int error;

	*state = (struct journal_state){ 0 };
	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0 || fstat(fd, &st))
		return fault_set(f, -errno, "cannot read \"%s\": %s", path,
				 strerror(errno));
	file = S_ISREG(st.st_mode) ? fdopen(fd, "r") : NULL;
	if (!file) {
		close(fd);
		return fault_set(f, -EIO, "\"%s\" is no file", path);
	}
	error = follow_file(&w, file);
	fclose(file);
	return error ? fault_set(f, error, "cannot read \"%s\"", path) : 0;
}

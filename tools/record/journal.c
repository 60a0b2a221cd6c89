/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "journal.h"
#include "journal_chain.h"
#include "folders.h"
#include "who.h"
#include "../kernel/applied.h"
#include "../program/json.h"
#include "../program/when.h"
#include "../../rules/base/arena.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define ROOM_BYTES 16384 /* for the lines that end what a line begins */

void journal_boot_id(char *out)
{
	FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");

	if (!file || !fgets(out, BOOT_ID_BYTES, file))
		*out = '\0';
	out[strcspn(out, "\n")] = '\0';
	if (file)
		fclose(file);
}

/* ---- the text of a line ---- */

static void journal_set_number(json_t *o, const char *name, uint64_t n)
{
	if (n)
		json_object_set_new(o, name, json_integer((json_int_t)n));
}

static void journal_set_text(json_t *o, const char *name, const char *text)
{
	if (text && *text)
		json_object_set_new(o, name, text_json(text));
}

static json_t *journal_time(void)
{
	char text[WHEN_TEXT_BYTES];
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	when_print_us(text, now.tv_sec * INT64_C(1000000) + now.tv_nsec / 1000);
	return json_string(text);
}

static json_t *journal_object(struct program *p,
			      const struct journal_entry *entry,
			      const struct chain_end *end)
{
	char boot_id[BOOT_ID_BYTES];
	struct who who;
	json_t *o = json_pack("{s:I, s:o}", "sequence",
			      (json_int_t)end->sequence + 1, "time",
			      journal_time());

	journal_boot_id(boot_id);
	journal_set_text(o, "boot_id", boot_id);
	journal_set_text(o, "what", journal_what_name(entry->what));
	journal_set_number(o, "revision", entry->revision);
	journal_set_number(o, "generation", entry->generation);
	journal_set_text(o, "digest", entry->digest);
	who_read(p->arena, &who);
	json_object_set_new(o, "who", who_json(&who));
	journal_set_text(o, "why", entry->why);
	if (entry->more)
		json_object_update_missing(o, entry->more);
	journal_set_number(o, "open",
			   journal_is_open(entry->what, 0, end->open));
	journal_set_number(o, "cut_short", end->cut_bytes);
	journal_set_text(o, "previous", end->hash);
	return o;
}

/* A line that is cut short gets its end, so that no other is part of it. */
static const char *journal_text(struct program *p,
				const struct journal_entry *entry,
				const struct chain_end *end)
{
	json_t *o = journal_object(p, entry, end);
	char *text = o ? json_dumps(o, JSON_COMPACT | JSON_ENSURE_ASCII) : NULL;
	const char *line = NULL;

	json_decref(o);
	if (text)
		line = arena_printf(p->arena, "%s%s\n",
				    end->unended ? "\n" : "",
				    chain_add_sum(p->arena, text));
	free(text);
	return line;
}

/* ---- writing it ---- */

static int journal_open_file(struct program *p, struct fault *f)
{
	const char *path = journal_path(p);
	int error = applied_make_folder(p->state_dir), fd;

	if (error)
		return fault_set(f, error, "cannot make \"%s\": %s",
				 p->state_dir, strerror(-error));
	fd = open(path,
		  O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW |
			  O_NONBLOCK,
		  0600);
	if (fd < 0)
		return fault_set(f, -errno, "cannot write \"%s\": %s", path,
				 strerror(errno));
	return fd;
}

/* A file system that cannot set room aside has it, or the write fails. */
static int journal_take_room(int fd, off_t size, size_t len)
{
	if (!fallocate(fd, FALLOC_FL_KEEP_SIZE, size, (off_t)len + ROOM_BYTES))
		return 0;
	return errno == ENOSPC || errno == EDQUOT || errno == EIO ? -errno : 0;
}

static int journal_put(int fd, const char *line, size_t len)
{
	while (len) {
		ssize_t n = write(fd, line, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		line += n;
		len -= (size_t)n;
	}
	return fsync(fd) ? -errno : 0;
}

static int journal_write(int fd, const char *line, const char *folder)
{
	off_t size = lseek(fd, 0, SEEK_END);
	size_t len = strlen(line);
	int error = journal_take_room(fd, size, len);

	if (!error)
		error = journal_put(fd, line, len);
	/* Half a line of ours is no line: nobody was told that it is there. */
	if (error && ftruncate(fd, size))
		return error;
	return error ? error : folders_sync(folder);
}

static int journal_append_to(struct program *p, int fd,
			     const struct journal_entry *entry, struct fault *f)
{
	struct chain_end end;
	const char *line;
	int error = chain_find_end(fd, &end);

	if (error)
		return fault_set(f, error, "cannot read \"%s\": %s",
				 journal_path(p), strerror(-error));
	line = journal_text(p, entry, &end);
	if (!line)
		return fault_no_memory(f);
	error = journal_write(fd, line, p->state_dir);
	if (error)
		return fault_set(f, error,
				 "cannot write \"%s\": %s; what the journal "
				 "does not have is not done",
				 journal_path(p), strerror(-error));
	return 0;
}

int journal_append(struct program *p, const struct journal_entry *entry,
		   struct fault *f)
{
	int fd = journal_open_file(p, f), error;

	if (fd < 0)
		return fd;
	error = journal_append_to(p, fd, entry, f);
	close(fd);
	return error;
}

/* ---- what is open ---- */

struct open_search {
	uint64_t sequence;
	json_t *found;
};

static void journal_look_open(void *ctx, const struct journal_line *line)
{
	struct open_search *s = ctx;

	if (line->sequence != s->sequence)
		return;
	json_decref(s->found);
	s->found = json_deep_copy(line->object);
}

static int journal_find_open(struct program *p, uint64_t sequence, json_t **out,
			     struct fault *f)
{
	struct open_search s = { .sequence = sequence };
	struct journal_state state;
	int error = journal_read(p, journal_look_open, &s, &state, f);

	*out = s.found;
	return error;
}

int journal_open_line(struct program *p, json_t **out, struct journal_state *st,
		      struct fault *f)
{
	const char *path = journal_path(p);
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	int error = fd < 0 ? -errno : 0;
	struct chain_end end = { 0 };

	*out = NULL;
	*st = (struct journal_state){ 0 };
	if (error == -ENOENT)
		return 0;
	if (!error)
		error = chain_find_end(fd, &end);
	if (fd >= 0)
		close(fd);
	if (error)
		return fault_set(f, error, "cannot read \"%s\": %s", path,
				 strerror(-error));
	st->lines = end.sequence;
	st->cut_at_end = end.cut_bytes;
	return end.open ? journal_find_open(p, end.open, out, f) : 0;
}

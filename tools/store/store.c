/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Opening a store, by oneself or, as root, by a child that is its owner. */
#include "store_priv.h"
#include "store_remote.h"

#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* ---- whose it is ---- */

/* Is it a user here? In a user namespace most users of the machine are not. */
static bool store_user_is_here(uid_t uid)
{
	FILE *map = fopen("/proc/self/uid_map", "re");
	unsigned int first, outside, n;
	bool here = !map;

	while (map && !here &&
	       fscanf(map, "%u %u %u", &first, &outside, &n) == 3)
		here = uid >= first && uid - first < n;
	if (map)
		fclose(map);
	return here;
}

static bool store_is_of_other(const char *path, struct stat *st)
{
	return !lstat(path, st) && st->st_uid && store_user_is_here(st->st_uid);
}

/* The nearest folder above that is not root's. */
static bool store_folder_of_other(const char *real, struct stat *st)
{
	char dir[2 * PATH_MAX];
	char *slash;

	snprintf(dir, sizeof(dir), "%s", real);
	while ((slash = strrchr(dir, '/')) && slash != dir) {
		*slash = '\0';
		if (store_is_of_other(dir, st))
			return true;
	}
	return false;
}

/*
 * The owner of a store that is not root's: of the file, or of a folder in which
 * it would be made. Whoever owns that can put anything in its place.
 */
static int store_owner(const struct store *s, struct stat *owner, bool *other,
		       struct fault *f)
{
	struct stat st;
	bool exists = !lstat(s->real, &st);

	*other = store_is_of_other(s->real, owner) ||
		 store_folder_of_other(s->real, owner);
	if (!*other || !exists || st.st_uid)
		return 0;
	return fault_set(f, -EACCES,
			 "\"%s\": belongs to root, and a folder above it to "
			 "user %u; give it to that user: chown %u",
			 s->path, (unsigned int)owner->st_uid,
			 (unsigned int)owner->st_uid);
}

/* ---- opening ---- */

static void serve_to_read(int fd, void *ctx)
{
	store_serve(fd, ctx, false);
}

static void serve_to_write(int fd, void *ctx)
{
	store_serve(fd, ctx, true);
}

static int store_open_as(struct store *s, const struct stat *owner, bool write,
			 struct fault *f)
{
	const struct passwd *pw = getpwuid(owner->st_uid);

	return remote_start(s, owner->st_uid, pw ? pw->pw_gid : owner->st_gid,
			    write ? serve_to_write : serve_to_read, s, f);
}

static int store_open_any(struct store *s, bool write, struct fault *f)
{
	struct stat owner = { 0 };
	bool other = false;
	int error;

	if (geteuid() == 0) {
		error = store_resolve(s, f);
		if (!error)
			error = store_owner(s, &owner, &other, f);
		if (error || other)
			return error ? error :
				       store_open_as(s, &owner, write, f);
	}
	return store_open_file(s, write, f);
}

static int store_allocate(struct store *s, bool write)
{
	if (!write)
		return 0;
	s->sources = calloc(KNOWN_SOURCES, sizeof(*s->sources));
	s->days = calloc(KNOWN_DAYS, sizeof(*s->days));
	return s->sources && s->days ? 0 : -ENOMEM;
}

int store_open(const char *path, bool write, struct store **out,
	       struct fault *f)
{
	struct store *s;
	int error;

	*out = NULL;
	if (!write && !store_file_exists(path, ""))
		return fault_set(f, -ENOENT,
				 "\"%s\": there is no database; \"mailwall "
				 "watch --store\" or \"mailwall import\" makes "
				 "one",
				 path);
	s = calloc(1, sizeof(*s));
	if (!s)
		return fault_no_memory(f);
	s->path = path;
	error = store_allocate(s, write) ? fault_no_memory(f) :
					   store_open_any(s, write, f);
	if (error)
		store_close(s);
	else
		*out = s;
	return error;
}

/* One try. */
static int store_lock_any(struct store *s, enum store_role role, int *holder)
{
	const struct wire_lock asked = { role };
	uint64_t number;

	if (!s->remote)
		return store_lock_file(s, role, holder);
	number = remote_call(s, WIRE_LOCK, &asked);
	*holder = (int)number;
	return s->error ? s->error : number ? -EBUSY : 0;
}

#define TRY_EVERY_MS 200

int store_lock(struct store *s, enum store_role role, unsigned int wait_s,
	       struct fault *f)
{
	const struct timespec pause = { .tv_nsec = TRY_EVERY_MS * 1000000 };
	unsigned int tries = wait_s * 1000 / TRY_EVERY_MS;
	int holder = 0;
	int error = store_lock_any(s, role, &holder);

	while (error == -EBUSY && tries--) {
		nanosleep(&pause, NULL);
		error = store_lock_any(s, role, &holder);
	}
	if (error == -EBUSY && role == STORE_MONITOR)
		return fault_set(f, error,
				 "\"%s\": process %d is its monitor already; "
				 "give this one another store, or end that one",
				 s->path, holder);
	if (error == -EBUSY)
		return fault_set(
			f, error,
			"\"%s\": process %d writes it, and did not end "
			"in %u seconds; try again",
			s->path, holder, wait_s);
	return error ? fault_set(f, error, "cannot lock \"%s-lock\": %s",
				 s->path, strerror(-error)) :
		       0;
}

int store_reopen(struct store *s, struct fault *f)
{
	if (!s->remote)
		return store_reopen_file(s, f);
	remote_call(s, WIRE_REOPEN, "");
	return s->error ? fault_set(f, s->error, "%s", s->why) : 0;
}

void store_close(struct store *s)
{
	if (!s)
		return;
	if (s->remote)
		remote_stop(s);
	else
		store_close_file(s);
	free(s->sources);
	free(s->days);
	free(s);
}

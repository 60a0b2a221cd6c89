/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "loaded_note.h"
#include "store_write.h"
#include "store.h"
#include "../program/message.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define WHO_BYTES 64

/*
 * The user who called sudo, or else the user of the process. A copy: opening
 * the store asks who owns it, and getpwuid() has one answer at a time.
 */
static const char *loaded_note_who(char *out)
{
	const char *name = getenv("SUDO_USER");
	const struct passwd *pw = getpwuid(getuid());

	if (!name || !*name)
		name = pw ? pw->pw_name : "?";
	snprintf(out, WHO_BYTES, "%s", name);
	return out;
}

int loaded_note_write(const char *policy, const char *digest,
		      uint32_t generation, struct fault *f)
{
	const char *path = getenv("MAILWALL_STORE");
	char who[WHO_BYTES];
	struct store_loaded l = { .time_s = (int64_t)time(NULL),
				  .policy = policy,
				  .digest = digest,
				  .who = loaded_note_who(who),
				  .generation = generation };
	struct store *store;
	int error;

	if (!path || !*path)
		path = STORE_PATH;
	if (access(path, F_OK))
		return 0;
	error = store_open(path, true, &store, f);
	if (error)
		return error;
	store_begin(store);
	store_add_loaded(store, &l);
	error = store_end(store);
	if (error)
		fault_set(f, error, "\"%s\": cannot note what was loaded: %s",
			  path, store_why(store));
	store_close(store);
	return error;
}

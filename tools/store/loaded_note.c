/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "loaded_note.h"
#include "store.h"

#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* sudo says who really did it; without it the user does. */
static const char *who(void)
{
	const char *name = getenv("SUDO_USER");
	const struct passwd *pw = getpwuid(getuid());

	if (name && *name)
		return name;
	return pw ? pw->pw_name : "?";
}

void note_loaded(const char *policy, const char *digest, uint32_t generation)
{
	const char *path = getenv("MAILWALL_STORE");
	struct store_loaded l = { .time_s = (int64_t)time(NULL),
				  .policy = policy,
				  .digest = digest,
				  .who = who(),
				  .generation = generation };
	struct store *store;

	if (!path || !*path)
		path = STORE_PATH;
	if (access(path, F_OK) || store_open(path, true, &store))
		return;
	store_begin(store);
	store_add_loaded(store, &l);
	if (store_end(store))
		message_say("\"%s\": cannot note what was loaded: %s", path,
			    store_why(store));
	store_close(store);
}

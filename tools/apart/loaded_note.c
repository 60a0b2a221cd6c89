/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "loaded_note.h"
#include "apart.h"
#include "../store/store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int loaded_note_write(const char *policy, const char *digest, const char *mode,
		      uint32_t generation, struct fault *f)
{
	const char *path = getenv("MAILWALL_STORE");
	char number[16], line[sizeof(f->text)];
	const char *words[] = { "mailwall", "note", "--", path, policy,
				digest,	    number, mode, NULL };

	if (!path || !*path)
		words[3] = path = STORE_PATH;
	if (access(path, F_OK))
		return 0;
	snprintf(number, sizeof(number), "%u", generation);
	if (!apart_ask(words, line, sizeof(line)))
		return 0;
	return fault_set(f, -EIO, "%s", line);
}

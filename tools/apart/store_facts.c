/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "store_facts.h"
#include "apart.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

int store_facts_read(const char *path, int64_t since_s, int64_t until_s,
		     struct store_facts *out, struct fault *f)
{
	char since[24], until[24], line[sizeof(f->text)];
	const char *words[] = { "mailwall", "facts", "--", path,
				since,	    until,   NULL };

	snprintf(since, sizeof(since), "%" PRId64, since_s);
	snprintf(until, sizeof(until), "%" PRId64, until_s);
	if (apart_ask(words, line, sizeof(line)))
		return fault_set(f, -EIO, "%s", line);
	if (sscanf(line, "%lu %" SCNd64, &out->findings, &out->last_s) != 2)
		return fault_set(f, -EPROTO,
				 "\"%s\": it was not understood: "
				 "%.40s",
				 path, line);
	return 0;
}

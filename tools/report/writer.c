/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "writer.h"

#include <string.h>

static const struct report_writer *const writers[] = {
#define REPORT_WRITER_ROW(name) &report_writer_##name,
	REPORT_WRITERS(REPORT_WRITER_ROW)
#undef REPORT_WRITER_ROW
};

const struct report_writer *report_writer_at(size_t i)
{
	return i < sizeof(writers) / sizeof(*writers) ? writers[i] : NULL;
}

const struct report_writer *report_writer_named(const char *name)
{
	const struct report_writer *w;

	for (size_t i = 0; (w = report_writer_at(i)); i++)
		if (!strcmp(w->name, name))
			return w;
	return NULL;
}

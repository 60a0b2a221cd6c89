/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ways to write a report. A row is a way: its name, its media type and the
 * function that writes it. The way NAME is report_writer_NAME, in a file of its
 * own, and NAME stands in REPORT_WRITERS, where commands and pages find it.
 */
#ifndef MAILWALL_WRITER_H
#define MAILWALL_WRITER_H

#include "../program/fault.h"
#include "report.h"

#include <stdbool.h>
#include <stdio.h>

#define REPORT_WRITERS(X) X(text) X(source) X(json) X(csv) X(html) X(xarf)

/* The organisation that reports. It was harmed, and it sends. */
struct report_sender {
	const char *org;     /* "Example ISP" */
	const char *contact; /* "abuse@isp.example" */
	const char *domain;  /* NULL: that of the contact */
};

/* Facts that only some writers need. */
struct report_style {
	struct report_sender sender; /* for an abuse report */
	const struct policy *policy; /* for a letter; NULL: none */
	const struct lang *lang;     /* for a letter */
};

struct report_writer {
	const char *name; /* as --format has it */
	const char *type; /* media type of the output */
	bool one_source;  /* only for a report about one source */
	/* Writes the report. 0 or -errno; the caller sees a failed stream. */
	int (*write)(const struct report *r, const struct report_style *style,
		     FILE *out);
	/*
	 * Instead of write: makes a file for each host. 0, or -errno and
	 * why.
	 */
	int (*write_folder)(const struct report *r,
			    const struct report_style *style,
			    const char *folder, struct fault *f);
};

#define REPORT_WRITER_EXTERN(name)                                             \
	extern const struct report_writer report_writer_##name;
REPORT_WRITERS(REPORT_WRITER_EXTERN)
#undef REPORT_WRITER_EXTERN

/* The writer of that name, or NULL. */
const struct report_writer *report_writer_named(const char *name);
/* The writer at an index from 0 on; NULL behind the last. */
const struct report_writer *report_writer_at(size_t i);

#endif

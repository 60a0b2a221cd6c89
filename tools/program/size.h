/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sizes as options take them: "256M", "2G", by powers of 1024, at least 8M. */
#ifndef MAILWALL_SIZE_H
#define MAILWALL_SIZE_H

#include "program.h"

/* Reads the value of option; says what is wrong with it. An exit code. */
int size_read(const struct program *p, const char *option, const char *text,
	      size_t *bytes);

/* Reads the value of --memory; text NULL leaves *bytes. An exit code. */
int size_read_memory(const struct program *p, const char *text, size_t *bytes);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "size.h"
#include "../../plugin/engine/engine.h"

#include <stdlib.h>

int size_read(const struct program *p, const char *option, const char *text,
	      size_t *bytes)
{
	char *end;
	unsigned long long n;
	size_t unit;

	n = strtoull(text, &end, 10);
	unit = *end == 'M' ? (size_t)1 << 20 :
	       *end == 'G' ? (size_t)1 << 30 :
			     0;
	if (*text < '0' || *text > '9' || !unit || end[1] || n > 1024 * 1024 ||
	    n * unit < ENGINE_MEMORY_LEAST)
		return usage_error(p,
				   "%s takes a size like 256M or 2G, at least "
				   "8M, not \"%.40s\"",
				   option, text);
	*bytes = n * unit;
	return EXIT_DONE;
}

int size_read_memory(const struct program *p, const char *text, size_t *bytes)
{
	return text ? size_read(p, "--memory", text, bytes) : EXIT_DONE;
}

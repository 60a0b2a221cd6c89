/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "progress.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_MS 1000
#define EVERY_MS    200

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void progress_begin(struct progress *p, const char *job)
{
	*p = (struct progress){ .job = job, .start_ms = now_ms() };
	p->wanted = isatty(STDERR_FILENO);
}

void progress_show(struct progress *p, double part)
{
	int64_t now;

	if (!p->wanted)
		return;
	now = now_ms();
	if (now - p->start_ms < PATIENCE_MS || now - p->said_ms < EVERY_MS)
		return;
	p->said_ms = now;
	p->shown = true;
	if (part < 0)
		part = 0;
	fprintf(stderr, "\rmailwall: %s: %.0f %%\033[K", p->job,
		part > 1 ? 100 : part * 100);
	fflush(stderr);
}

void progress_end(struct progress *p)
{
	if (p->shown)
		fputs("\r\033[K", stderr);
	p->shown = false;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "doctor.h"
#include "../../rules/base/arena.h"

#include <stdarg.h>
#include <stdio.h>

void doctor_add(struct doctor *d, enum doctor_level level, const char *about,
		const char *help, const char *fmt, ...)
{
	char text[400];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	*arena_push(d->program->arena, &d->lines) = (struct doctor_line){
		level, about, arena_printf(d->program->arena, "%s", text), help
	};
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fault.h"
#include "message.h"
#include "program.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

int fault_set(struct fault *f, int error, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(f->text, sizeof(f->text), fmt, args);
	va_end(args);
	return error;
}

int fault_no_memory(struct fault *f)
{
	return fault_set(f, -ENOMEM, "out of memory");
}

int fault_say(const struct fault *f, int error)
{
	message_say("%s", f->text);
	return error == -EINVAL ? EXIT_USAGE : EXIT_REFUSED;
}

void fault_say_sentence(void *ctx, const char *sentence)
{
	(void)ctx;
	message_say("%s", sentence);
}

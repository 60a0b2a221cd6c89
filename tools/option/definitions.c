/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "definitions.h"
#include "../program/message.h"
#include "../program/whole_file.h"
#include "../../rules/base/arena.h"
#include "../../rules/policy/policy.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define DEFINITION_LETTERS                                                     \
	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"
#define DEFINITION_NAME_MOST 63
#define BLANKS		     " \t\r"

bool definitions_add(struct program *p, const char *text, const char *from)
{
	const char *equals = strchr(text, '=');
	size_t len = equals ? (size_t)(equals - text) : 0;
	struct definition *d;

	if (!len || len > DEFINITION_NAME_MOST ||
	    strspn(text, DEFINITION_LETTERS) != len)
		return false;
	d = arena_push(p->arena, &p->definitions);
	d->name = arena_strndup(p->arena, text, len);
	d->value = equals + 1;
	d->from = from;
	return true;
}

/* The line without blanks around it, and around its "="; "" of a comment. */
static char *definitions_line(struct arena *a, const char *text, size_t len)
{
	char *line = arena_strndup(a, text, len), *equals;
	size_t name, value;

	line += strspn(line, BLANKS);
	for (len = strlen(line); len && strchr(BLANKS, line[len - 1]);)
		line[--len] = '\0';
	if (*line == '#')
		*line = '\0';
	equals = strchr(line, '=');
	if (!equals)
		return line;
	for (name = (size_t)(equals - line);
	     name && strchr(BLANKS, line[name - 1]);)
		name--;
	value = strspn(equals + 1, BLANKS);
	return arena_printf(a, "%.*s=%s", (int)name, line, equals + 1 + value);
}

static const char *definitions_take(struct program *p, const char *path,
				    const char *text, size_t len)
{
	const char *end = text + len, *newline;
	unsigned int number = 0;

	for (; text < end; text = newline + 1) {
		const char *line, *from;

		newline = memchr(text, '\n', (size_t)(end - text));
		if (!newline)
			newline = end;
		from = arena_printf(p->arena, "%s:%u", path, ++number);
		if (memchr(text, '\0', (size_t)(newline - text)))
			return arena_printf(p->arena, "%s: is no text", from);
		line = definitions_line(p->arena, text,
					(size_t)(newline - text));
		if (*line && !definitions_add(p, line, from))
			return arena_printf(p->arena,
					    "%s: takes NAME=VALUE, not "
					    "\"%.60s\"",
					    from, line);
	}
	return NULL;
}

const char *definitions_read(struct program *p, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	int error = fd < 0 ? -errno : 0;
	const char *text = "", *wrong;
	size_t len = 0;

	if (!error) {
		error = whole_file_read(fd, &text, &len);
		close(fd);
	}
	if (error)
		return arena_printf(p->arena, "cannot read \"%s\": %s", path,
				    strerror(-error));
	wrong = definitions_take(p, path, text, len);
	free((char *)text);
	return wrong;
}

static bool definitions_has(const struct program *p, const char *name,
			    size_t before)
{
	for (size_t i = 0; i < before; i++)
		if (!strcmp(p->definitions.items[i].name, name))
			return true;
	return false;
}

bool definitions_of_machine(struct program *p)
{
	const char *path = getenv("MAILWALL_DEFINITIONS"), *wrong;
	size_t given = p->definitions.n, kept = given;

	if (!path || !*path)
		path = DEFINITIONS_PATH;
	if (access(path, F_OK) && (errno == ENOENT || errno == ENOTDIR))
		return true;
	wrong = definitions_read(p, path);
	for (size_t i = given; i < p->definitions.n; i++) {
		struct definition d = p->definitions.items[i];

		d.lax = true;
		if (!definitions_has(p, d.name, given))
			p->definitions.items[kept++] = d;
	}
	p->definitions.n = kept;
	if (wrong)
		message_say("%s", wrong);
	return !wrong;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "recording.h"
#include "../../rules/base/arena.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *recording_absolute(struct arena *a, const char *folder,
			       const char *path)
{
	if (*path == '/' || !strcmp(path, "-"))
		return path;
	while (!strncmp(path, "./", 2))
		path += 2;
	return arena_printf(a, "%s/%s", strcmp(folder, "/") ? folder : "",
			    path);
}

static const char *recording_folder(struct arena *a)
{
	char *folder = getcwd(NULL, 0);
	const char *copy = arena_printf(a, "%s", folder ? folder : "/");

	free(folder);
	return copy;
}

static int recording_read(void *ctx, const char *path, const char **text,
			  size_t *len)
{
	struct recording *r = ctx;
	struct arena *a = r->program->arena;
	const char *name = recording_absolute(a, r->folder, path);
	struct recorded_file *file;
	int error;

	/* A file that is read again is what it was. */
	for (size_t i = 0; i < r->files.n; i++)
		if (!strcmp(r->files.items[i].path, name)) {
			*text = r->files.items[i].text;
			*len = r->files.items[i].len;
			return 0;
		}
	error = policy_file_read(NULL, path, text, len);
	if (error)
		return error;
	file = arena_push(a, &r->files);
	*file = (struct recorded_file){ arena_printf(a, "%s", name), *text,
					*len };
	return 0;
}

static void recording_keep(void *ctx, const char *text, size_t len)
{
	(void)ctx;
	(void)text;
	(void)len;
}

static int recording_add_id(struct recording *r, bool group, const char *name,
			    uint32_t id)
{
	struct arena *a = r->program->arena;
	struct recorded_id *row = arena_push(a, &r->ids);

	*row = (struct recorded_id){ group, arena_printf(a, "%s", name), id };
	return 0;
}

static int recording_user(void *ctx, const char *name, uint32_t *id)
{
	int error = policy_file_user(NULL, name, id);

	return error ? error : recording_add_id(ctx, false, name, *id);
}

static int recording_group(void *ctx, const char *name, uint32_t *id)
{
	int error = policy_file_group(NULL, name, id);

	return error ? error : recording_add_id(ctx, true, name, *id);
}

int recording_load(struct program *p, const char *path, struct recording *r,
		   struct policy **out)
{
	const struct policy_world *before = p->world;
	int code;

	*r = (struct recording){ .program = p,
				 .folder = recording_folder(p->arena) };
	r->world = (struct policy_world){ .ctx = r,
					  .read = recording_read,
					  .release = recording_keep,
					  .user = recording_user,
					  .group = recording_group };
	r->path = recording_absolute(p->arena, r->folder, path);
	p->world = &r->world;
	code = load_good_policy(p, path, out);
	p->world = before;
	return code;
}

void recording_free(struct recording *r)
{
	for (size_t i = 0; i < r->files.n; i++)
		free((char *)r->files.items[i].text);
	r->files.n = 0;
}

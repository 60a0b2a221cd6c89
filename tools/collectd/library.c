/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mailwall.so.1 and the policy. */
#include "library.h"
#include "../program/whole_file.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* ld.so(8) looks into /usr/local/lib for names that begin with lib alone. */
#ifndef LIBRARY
#define LIBRARY "mailwall.so.1"
#endif
#define MISTAKES_MOST 20 /* logged for one policy */
#define DAY_S	      86400

/* ---- the shared object ---- */

/*
 * Opens a path first, because the message of dlopen() does not say why it
 * cannot.
 */
static bool library_can_read(const char *path)
{
	int fd;

	if (!strchr(path, '/'))
		return true;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		collectd_log(LOG_ERR, "cannot read Library \"%s\": %s", path,
			     strerror(errno));
		return false;
	}
	close(fd);
	return true;
}

static void *library_dlopen(const char *path)
{
	void *so = dlopen(path, RTLD_NOW | RTLD_LOCAL);

	if (!so)
		collectd_log(LOG_ERR,
			     "cannot load mailwall: %s; install it, or name "
			     "the file with Library",
			     dlerror());
	return so;
}

static mailwall_get_fn *library_find_get(void *so, const char *path)
{
	mailwall_get_fn *get = NULL;

	*(void **)&get = dlsym(so, MAILWALL_SYMBOL);
	if (!get)
		collectd_log(LOG_ERR,
			     "\"%s\" is not mailwall's: it has no symbol %s; "
			     "Library is for %s",
			     path, MAILWALL_SYMBOL, LIBRARY);
	return get;
}

/* Asks for the last function that is called here: all before it are there. */
static bool library_is_good(const char *path, const struct mailwall_api *m)
{
	if (!m)
		collectd_log(LOG_ERR,
			     "\"%s\" does not have version %u of the "
			     "interface; take mailwall.so.%u",
			     path, MAILWALL_MAJOR, MAILWALL_MAJOR);
	else if (m->magic != MAILWALL_MAGIC)
		collectd_log(LOG_ERR,
			     "\"%s\" is not mailwall's: its table begins with "
			     "%#lx, not %#lx; Library is for %s",
			     path, (unsigned long)m->magic,
			     (unsigned long)MAILWALL_MAGIC, LIBRARY);
	else if (!MAILWALL_HAS(m, engine_load))
		collectd_log(LOG_ERR,
			     "\"%s\" is too old: its table has %zu bytes, and "
			     "engine_load is not among them; take mailwall "
			     "%u.%u or later",
			     path, m->size, MAILWALL_MAJOR, MAILWALL_MINOR);
	else
		return true;
	return false;
}

static int library_open_so(struct library *l, const char *path)
{
	const struct mailwall_api *m;
	mailwall_get_fn *get = NULL;

	if (library_can_read(path))
		l->so = library_dlopen(path);
	if (l->so)
		get = library_find_get(l->so, path);
	if (!get)
		return -1;
	m = get(MAILWALL_MAJOR);
	if (!library_is_good(path, m))
		return -1;
	l->m = m;
	return 0;
}

/* ---- files ---- */

int library_read_path(const char *path, const char **text, size_t *len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), error;

	if (fd < 0)
		return -errno;
	error = whole_file_read_regular(fd, text, len);
	close(fd);
	return error;
}

static int library_read_file(void *ctx, const char *path, const char **text,
			     size_t *len)
{
	(void)ctx;
	return library_read_path(path, text, len);
}

static void library_release_file(void *ctx, const char *text, size_t len)
{
	(void)ctx;
	(void)len;
	free((char *)text);
}

/* ---- the policy ---- */

static int library_find_user(void *ctx, const char *name, uint32_t *id)
{
	struct passwd pw, *found = NULL;
	char room[4096];

	(void)ctx;
	if (getpwnam_r(name, &pw, room, sizeof(room), &found) || !found)
		return -ENOENT;
	*id = found->pw_uid;
	return 0;
}

static int library_find_group(void *ctx, const char *name, uint32_t *id)
{
	struct group gr, *found = NULL;
	char room[16384];

	(void)ctx;
	if (getgrnam_r(name, &gr, room, sizeof(room), &found) || !found)
		return -ENOENT;
	*id = found->gr_gid;
	return 0;
}

static void library_log_mistakes(const struct library *l)
{
	struct mailwall_diagnostic d = { .size = sizeof(d) };

	for (size_t i = 0; i < MISTAKES_MOST &&
			   !l->m->policy_diagnostic(l->policy, i, &d, NULL, 0);
	     i++)
		collectd_log(
			d.severity == MAILWALL_ERROR ? LOG_ERR : LOG_WARNING,
			"%s:%u:%u: %s: %s%s%s",
			d.file ? d.file : settings.policy, (unsigned int)d.line,
			(unsigned int)d.column,
			l->m->name(MAILWALL_NAME_SEVERITY, d.severity),
			d.message, d.help ? "; " : "", d.help ? d.help : "");
}

static int library_open_policy(struct library *l, const char *path)
{
	struct mailwall_load load = { .size = sizeof(load),
				      .read = library_read_file,
				      .release = library_release_file,
				      .user = library_find_user,
				      .group = library_find_group,
				      .path = path,
				      .today = (int32_t)(time(NULL) / DAY_S) };
	struct mailwall_facts facts = { .size = sizeof(facts) };
	char why[MAILWALL_WHY_BYTES];

	if (l->m->policy_load(&load, &l->policy, why, sizeof(why)) ||
	    l->m->policy_facts(l->policy, &facts, why, sizeof(why))) {
		collectd_log(LOG_ERR, "cannot take Policy \"%s\": %s", path,
			     why);
		return -1;
	}
	library_log_mistakes(l);
	if (!facts.errors)
		return 0;
	collectd_log(LOG_ERR,
		     "Policy \"%s\" has %zu mistake%s: nothing is collected; "
		     "\"mailwall check\" shows all of them",
		     path, facts.errors, facts.errors == 1 ? "" : "s");
	return -1;
}

int library_open(struct library *l, const struct settings *s)
{
	int error = library_open_so(l, s->library ? s->library : LIBRARY);

	if (!error && s->policy)
		error = library_open_policy(l, s->policy);
	if (error)
		library_close(l);
	return error;
}

void library_close(struct library *l)
{
	if (l->policy)
		l->m->policy_free(l->policy);
	if (l->so)
		dlclose(l->so);
	*l = (struct library){ 0 };
}

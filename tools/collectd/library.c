/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mailwall.so.1 and the policy. */
#include "host.h"
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
#define MISTAKES_MOST 20 /* that are said of one policy */
#define DAY_S	      86400

/* ---- the shared object ---- */

/*
 * A path is tried first by itself: dlopen() says of one that is not there no
 * more than that it cannot open it.
 */
static bool library_can_read(const char *path)
{
	int fd;

	if (!strchr(path, '/'))
		return true;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		collectd_say(LOG_ERR, "cannot read Library \"%s\": %s", path,
			     strerror(errno));
		return false;
	}
	close(fd);
	return true;
}

/* The last function that is asked for here, and so all before it. */
static bool library_is_ours(const char *path, const struct mailwall_plugin *m)
{
	if (!m)
		collectd_say(LOG_ERR,
			     "\"%s\" is not mailwall's: it has no symbol %s; "
			     "Library is for %s",
			     path, MAILWALL_SYMBOL, LIBRARY);
	else if (m->magic != MAILWALL_MAGIC)
		collectd_say(
			LOG_ERR,
			"\"%s\" is not mailwall's: its symbol %s begins with "
			"%#lx, not %#lx; Library is for %s",
			path, MAILWALL_SYMBOL, (unsigned long)m->magic,
			(unsigned long)MAILWALL_MAGIC, LIBRARY);
	else if (m->major != MAILWALL_MAJOR)
		collectd_say(
			LOG_ERR,
			"\"%s\" has version %u.%u of the interface, and this "
			"plugin speaks %u; take mailwall.so.%u",
			path, m->major, m->minor, MAILWALL_MAJOR,
			MAILWALL_MAJOR);
	else if (!MAILWALL_HAS(m, finding_element))
		collectd_say(LOG_ERR,
			     "\"%s\" is too old: its struct has %zu bytes, and "
			     "finding_element is not among them; take mailwall "
			     "%u.%u "
			     "or later",
			     path, m->size, MAILWALL_MAJOR, MAILWALL_MINOR);
	else
		return true;
	return false;
}

static int open_so(struct library *l, const char *path)
{
	const struct mailwall_plugin *m;

	if (!library_can_read(path))
		return -1;
	l->so = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!l->so) {
		collectd_say(LOG_ERR,
			     "cannot load mailwall: %s; install it, or name "
			     "the file "
			     "with Library",
			     dlerror());
		return -1;
	}
	m = dlsym(l->so, MAILWALL_SYMBOL);
	if (!library_is_ours(path, m))
		return -1;
	l->m = m;
	return 0;
}

/* ---- files ---- */

/* A FIFO in its place would keep collectd waiting. */
int file_read(const char *path, const char **text, size_t *len)
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
	return file_read(path, text, len);
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

static void say_mistakes(const struct library *l)
{
	struct mailwall_diagnostic d = { .size = sizeof(d) };

	for (size_t i = 0; i < MISTAKES_MOST &&
			   !l->m->policy_diagnostic(l->policy, i, &d, NULL, 0);
	     i++)
		collectd_say(
			d.severity == MAILWALL_ERROR ? LOG_ERR : LOG_WARNING,
			"%s:%u:%u: %s: %s%s%s",
			d.file ? d.file : settings.policy, (unsigned int)d.line,
			(unsigned int)d.column,
			l->m->name(MAILWALL_NAME_SEVERITY, d.severity),
			d.message, d.help ? "; " : "", d.help ? d.help : "");
}

static int open_policy(struct library *l, const char *path)
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
		collectd_say(LOG_ERR, "cannot take Policy \"%s\": %s", path,
			     why);
		return -1;
	}
	say_mistakes(l);
	if (!facts.errors)
		return 0;
	collectd_say(LOG_ERR,
		     "Policy \"%s\" has %zu mistake%s: nothing is collected; "
		     "\"mailwall check\" shows all of them",
		     path, facts.errors, facts.errors == 1 ? "" : "s");
	return -1;
}

int library_open(struct library *l, const struct settings *s)
{
	int error = open_so(l, s->library ? s->library : LIBRARY);

	if (!error && s->policy)
		error = open_policy(l, s->policy);
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

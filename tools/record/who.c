/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "who.h"
#include "../program/json.h"
#include "../../rules/base/arena.h"

#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <utmpx.h>

/* ---- what the process is ---- */

static const char *who_name(struct arena *a, uint32_t uid)
{
	const struct passwd *pw = getpwuid(uid);

	return pw ? arena_printf(a, "%s", pw->pw_name) : NULL;
}

static uint32_t who_login_uid(void)
{
	FILE *file = fopen("/proc/self/loginuid", "re");
	unsigned int uid = WHO_NO_LOGIN;

	if (file && fscanf(file, "%u", &uid) != 1)
		uid = WHO_NO_LOGIN;
	if (file)
		fclose(file);
	return uid;
}

static const char *who_tty_of(struct arena *a, int fd)
{
	char name[64];

	if (ttyname_r(fd, name, sizeof(name)))
		return NULL;
	return arena_printf(a, "%s",
			    strncmp(name, "/dev/", 5) ? name : name + 5);
}

/* The first of the standard files that is a terminal: others are redirected.
 */
static const char *who_tty(struct arena *a)
{
	const char *tty = NULL;

	for (int fd = STDIN_FILENO; !tty && fd <= STDERR_FILENO; fd++)
		tty = who_tty_of(a, fd);
	return tty;
}

/* ---- where the login came from ---- */

/* The host that the record of the terminal's login has. */
static const char *who_login_host(struct arena *a, const char *tty)
{
	struct utmpx wanted = { .ut_type = USER_PROCESS };
	const struct utmpx *found;
	const char *host = NULL;

	if (!tty || strlen(tty) > sizeof(wanted.ut_line))
		return NULL;
	memcpy(wanted.ut_line, tty, strlen(tty));
	setutxent();
	found = getutxline(&wanted);
	if (found && *found->ut_host)
		host = arena_strndup(
			a, found->ut_host,
			strnlen(found->ut_host, sizeof(found->ut_host)));
	endutxent();
	return host;
}

/* "192.0.2.9 50022 203.0.113.1 22": the client is the first word. */
static const char *who_claimed_host(struct arena *a)
{
	const char *text = getenv("SSH_CONNECTION");

	if (!text || !*text)
		text = getenv("SSH_CLIENT");
	return text && *text ? arena_strndup(a, text, strcspn(text, " ")) :
			       NULL;
}

static const char *who_claimed_user(struct arena *a)
{
	const char *text = getenv("SUDO_USER");

	return text && *text ? arena_printf(a, "%s", text) : NULL;
}

void who_read(struct arena *a, struct who *out)
{
	*out = (struct who){ .uid = getuid(),
			     .login_uid = who_login_uid(),
			     .tty = who_tty(a),
			     .sudo_user = who_claimed_user(a) };
	out->user = who_name(a, out->uid);
	if (out->login_uid != WHO_NO_LOGIN)
		out->login = who_name(a, out->login_uid);
	out->ssh_client = who_login_host(a, out->tty);
	if (out->ssh_client)
		return;
	out->ssh_client = who_claimed_host(a);
	out->ssh_claimed = out->ssh_client;
}

/* ---- as JSON, and in words ---- */

static void who_set(json_t *o, const char *name, const char *text)
{
	if (text)
		json_object_set_new(o, name, text_json(text));
}

json_t *who_json(const struct who *w)
{
	json_t *o = json_pack("{s:I}", "uid", (json_int_t)w->uid);
	json_t *claims = json_array();

	who_set(o, "user", w->user);
	if (w->login_uid != WHO_NO_LOGIN)
		json_object_set_new(o, "login_uid", json_integer(w->login_uid));
	who_set(o, "login", w->login);
	who_set(o, "tty", w->tty);
	who_set(o, "ssh_client", w->ssh_client);
	who_set(o, "sudo_user", w->sudo_user);
	if (w->ssh_claimed)
		json_array_append_new(claims, json_string("ssh_client"));
	if (w->sudo_user)
		json_array_append_new(claims, json_string("sudo_user"));
	json_object_set_new(o, "claims", claims);
	return o;
}

static const char *who_member(const json_t *who, const char *name)
{
	return json_string_value(json_object_get(who, name));
}

static bool who_is_claim(const json_t *who, const char *name)
{
	const json_t *claims = json_object_get(who, "claims");
	bool found = false;

	for (size_t i = 0; i < json_array_size(claims); i++) {
		const char *claim =
			json_string_value(json_array_get(claims, i));

		found = found || (claim && !strcmp(claim, name));
	}
	return found;
}

/* The name to call them by; "" if nobody logged in. */
static const char *who_login_text(struct arena *a, const json_t *who)
{
	const char *login = who_member(who, "login");
	const json_t *uid = json_object_get(who, "login_uid");

	if (login)
		return login;
	if (json_is_integer(uid))
		return arena_printf(a, "uid %lld",
				    (long long)json_integer_value(uid));
	login = who_member(who, "sudo_user");
	return login ? arena_printf(a, "%s?", login) : "";
}

static const char *who_process_text(struct arena *a, const json_t *who)
{
	const char *user = who_member(who, "user");

	return user ? user :
		      arena_printf(a, "uid %lld",
				   (long long)json_integer_value(
					   json_object_get(who, "uid")));
}

const char *who_text(struct arena *a, const json_t *who)
{
	const char *login, *user, *tty = who_member(who, "tty");
	const char *ssh = who_member(who, "ssh_client");
	const char *rest = "";

	if (!json_is_object(who))
		return "not known";
	login = who_login_text(a, who);
	user = who_process_text(a, who);
	if (*login && strcmp(login, user))
		rest = arena_printf(a, ", as %s", user);
	if (tty)
		rest = arena_printf(a, "%s, %s", rest, tty);
	if (ssh)
		rest = arena_printf(a, "%s, from %s%s", rest, ssh,
				    who_is_claim(who, "ssh_client") ? "?" : "");
	return arena_printf(a, *rest ? "%s (%s)" : "%s%s",
			    *login ? login : user, *rest ? rest + 2 : "");
}

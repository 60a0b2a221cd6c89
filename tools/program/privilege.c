/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "privilege.h"
#include "program.h"

#include <cap-ng.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

static int privilege_refuse(const char *what, int error)
{
	message_say("cannot give up privileges: %s: %s", what, strerror(error));
	return EXIT_REFUSED;
}

bool may_administer(void)
{
	capng_get_caps_process();
	return capng_have_capability(CAPNG_EFFECTIVE, CAP_NET_ADMIN);
}

/* ---- the user ---- */

/* Ours, where the units or a package made it: who has the store is one. */
const char *default_user(void)
{
	return getpwnam("_mailwall") ? "_mailwall" : "nobody";
}

static int privilege_find_user(const char *name, uid_t *uid, gid_t *gid)
{
	const struct passwd *pw = getpwnam(name);

	if (!pw) {
		message_say(
			"there is no user \"%.40s\" to become; --user names "
			"another",
			name);
		return EXIT_REFUSED;
	}
	*uid = pw->pw_uid;
	*gid = pw->pw_gid;
	return EXIT_DONE;
}

/* In a namespace that "unshare -r" makes there is no user but root. */
static int say_not_become(const char *name, int error)
{
	if (error == EINVAL)
		message_say("cannot become \"%s\", whom this user namespace "
			    "does not "
			    "have; --user root keeps the user and gives up "
			    "only the "
			    "capabilities",
			    name);
	else
		message_say("cannot become \"%s\": %s", name, strerror(error));
	return EXIT_REFUSED;
}

static int become(const char *name, uid_t uid, gid_t gid)
{
	if (setresgid(gid, gid, gid) || setgroups(0, NULL) ||
	    setresuid(uid, uid, uid))
		return say_not_become(name, errno);
	return EXIT_DONE;
}

static bool is_user(uid_t uid)
{
	uid_t real, effective, saved;

	return !getresuid(&real, &effective, &saved) && real == uid &&
	       effective == uid && saved == uid;
}

static bool privilege_is_group(gid_t gid)
{
	gid_t real, effective, saved;

	return !getresgid(&real, &effective, &saved) && real == gid &&
	       effective == gid && saved == gid && getgroups(0, NULL) == 0;
}

/* ---- capabilities ---- */

/* Of those that this process has now. */
static bool has_any(capng_type_t set)
{
	for (unsigned int cap = 0; cap < 64; cap++)
		if (capng_have_capability(set, cap))
			return true;
	return false;
}

/* What a new program could get back; an ordinary user cannot clear it. */
static int clear_bounding(bool *cleared)
{
	if (capng_get_caps_process())
		return privilege_refuse("reading capabilities", errno);
	*cleared = capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP);
	if (!*cleared)
		return EXIT_DONE;
	capng_clear(CAPNG_SELECT_BOUNDS);
	if (capng_apply(CAPNG_SELECT_BOUNDS))
		return privilege_refuse("clearing the bounding set", errno);
	return EXIT_DONE;
}

static int clear_capabilities(void)
{
	capng_clear(CAPNG_SELECT_CAPS | CAPNG_SELECT_AMBIENT);
	if (capng_apply(CAPNG_SELECT_CAPS | CAPNG_SELECT_AMBIENT))
		return privilege_refuse("clearing capabilities", errno);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return privilege_refuse("PR_SET_NO_NEW_PRIVS", errno);
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0))
		return privilege_refuse("PR_SET_DUMPABLE", errno);
	return EXIT_DONE;
}

/* Believes nothing of the above. */
static int verify(bool bounding_cleared)
{
	if (capng_get_caps_process())
		return privilege_refuse("reading capabilities", errno);
	if (has_any(CAPNG_EFFECTIVE) || has_any(CAPNG_PERMITTED) ||
	    has_any(CAPNG_INHERITABLE) || has_any(CAPNG_AMBIENT) ||
	    (bounding_cleared && has_any(CAPNG_BOUNDING_SET)))
		return privilege_refuse("some capabilities are left", EPERM);
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1 ||
	    prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0)
		return privilege_refuse("they could come back", EPERM);
	if (getuid() && !setuid(0))
		return privilege_refuse("root could be had again", EPERM);
	return EXIT_DONE;
}

/* ---- all of it ---- */

/* Root becomes somebody else, unless told not to; others if they ask. */
static int change_user(const char *user)
{
	uid_t uid;
	gid_t gid;
	int code;

	if (!user && geteuid())
		return EXIT_DONE;
	if (!user)
		user = default_user();
	code = privilege_find_user(user, &uid, &gid);
	if (code || is_user(uid))
		return code;
	code = become(user, uid, gid);
	if (!code && (!is_user(uid) || !privilege_is_group(gid)))
		code = say_not_become(user, EPERM);
	return code;
}

int drop_privileges(const char *user)
{
	bool bounding_cleared;
	int code = clear_bounding(&bounding_cleared);

	if (!code)
		code = change_user(user);
	if (!code)
		code = clear_capabilities();
	if (!code)
		code = verify(bounding_cleared);
	return code;
}

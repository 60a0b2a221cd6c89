/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "privilege.h"
#include "../program/program.h"
#include "../program/message.h"

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

bool privilege_has_net_admin(void)
{
	capng_get_caps_process();
	return capng_have_capability(CAPNG_EFFECTIVE, CAP_NET_ADMIN);
}

/* ---- the user ---- */

/* User _mailwall, where a package made it: it owns the store. */
const char *privilege_default_user(void)
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

/* A user namespace of "unshare -r" has no user but root. */
static int privilege_refuse_user(const char *name, int error)
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

static int privilege_become(const char *name, uid_t uid, gid_t gid)
{
	if (setresgid(gid, gid, gid) || setgroups(0, NULL) ||
	    setresuid(uid, uid, uid))
		return privilege_refuse_user(name, errno);
	return EXIT_DONE;
}

static bool privilege_is_user(uid_t uid)
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

/* Has this process any capability of the set? */
static bool privilege_has_any(capng_type_t set)
{
	for (unsigned int cap = 0; cap < 64; cap++)
		if (capng_have_capability(set, cap))
			return true;
	return false;
}

/* Clears what execve() could give back; an ordinary user may not. */
static int privilege_clear_bounding(bool *cleared)
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

static int privilege_clear(void)
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

/* Reads back what the functions above did. */
static int privilege_verify(bool bounding_cleared)
{
	if (capng_get_caps_process())
		return privilege_refuse("reading capabilities", errno);
	if (privilege_has_any(CAPNG_EFFECTIVE) ||
	    privilege_has_any(CAPNG_PERMITTED) ||
	    privilege_has_any(CAPNG_INHERITABLE) ||
	    privilege_has_any(CAPNG_AMBIENT) ||
	    (bounding_cleared && privilege_has_any(CAPNG_BOUNDING_SET)))
		return privilege_refuse("some capabilities are left", EPERM);
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1 ||
	    prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0)
		return privilege_refuse("they could come back", EPERM);
	if (getuid() && !setuid(0))
		return privilege_refuse("root could be had again", EPERM);
	return EXIT_DONE;
}

/* ---- dropping ---- */

/* Changes root to user or the default; another user only if user is set. */
static int privilege_change_user(const char *user)
{
	uid_t uid;
	gid_t gid;
	int code;

	if (!user && geteuid())
		return EXIT_DONE;
	if (!user)
		user = privilege_default_user();
	code = privilege_find_user(user, &uid, &gid);
	if (code || privilege_is_user(uid))
		return code;
	code = privilege_become(user, uid, gid);
	if (!code && (!privilege_is_user(uid) || !privilege_is_group(gid)))
		code = privilege_refuse_user(user, EPERM);
	return code;
}

int privilege_drop(const char *user)
{
	bool bounding_cleared;
	int code = privilege_clear_bounding(&bounding_cleared);

	if (!code)
		code = privilege_change_user(user);
	if (!code)
		code = privilege_clear();
	if (!code)
		code = privilege_verify(bounding_cleared);
	return code;
}

/* ---- the process that serves requests ---- */

const struct passwd *privilege_priv_user(void)
{
	const struct passwd *pw = getpwnam(PRIV_USER);

	return pw ? pw : getpwnam("nobody");
}

/* A user namespace of "unshare -r" has no user but root, which stays. */
static int privilege_become_priv(const struct passwd *pw)
{
	if (!pw)
		return -ENOENT;
	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0))
		return -errno;
	if (setresgid(pw->pw_gid, pw->pw_gid, pw->pw_gid))
		return errno == EINVAL ? 0 : -errno;
	if (setgroups(0, NULL) || setresuid(pw->pw_uid, pw->pw_uid, pw->pw_uid))
		return -errno;
	return privilege_is_user(pw->pw_uid) && privilege_is_group(pw->pw_gid) ?
		       0 :
		       -EPERM;
}

static int privilege_keep_one(void)
{
	if (capng_get_caps_process())
		return -EPERM;
	capng_clear(CAPNG_SELECT_CAPS | CAPNG_SELECT_AMBIENT);
	capng_updatev(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED,
		      CAP_NET_ADMIN, -1);
	if (capng_apply(CAPNG_SELECT_CAPS | CAPNG_SELECT_AMBIENT))
		return -EPERM;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0))
		return -errno;
	return 0;
}

/* Reads back that CAP_NET_ADMIN alone is left. */
static int privilege_verify_one(void)
{
	if (capng_get_caps_process())
		return -EPERM;
	for (unsigned int cap = 0; cap < 64; cap++)
		if ((cap != CAP_NET_ADMIN &&
		     (capng_have_capability(CAPNG_EFFECTIVE, cap) ||
		      capng_have_capability(CAPNG_PERMITTED, cap))) ||
		    capng_have_capability(CAPNG_INHERITABLE, cap) ||
		    capng_have_capability(CAPNG_AMBIENT, cap))
			return -EPERM;
	if (!capng_have_capability(CAPNG_EFFECTIVE, CAP_NET_ADMIN) ||
	    (getuid() && !setuid(0)))
		return -EPERM;
	return 0;
}

int privilege_keep_net_admin(const struct passwd *user)
{
	bool bounding_cleared;
	int error = privilege_clear_bounding(&bounding_cleared) ? -EPERM : 0;

	if (!error && !geteuid())
		error = privilege_become_priv(user);
	if (!error)
		error = privilege_keep_one();
	return error ? error : privilege_verify_one();
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Privileges that were given up are gone. */
#include "../../unit.h"

#include "../../../../tools/priv/privilege.h"

#include <fcntl.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* What a child found that tried; its exit code has eight bits. */
enum {
	REFUSED = 1,
	IS_NOBODY = 2,
	IS_SAME = 4,
	HAS_CAPABILITIES = 8,
	GOT_ROOT_BACK = 16,
	NEW_PRIVILEGES = 32,
	DUMPS_CORE = 64,
};

/* The five sets are zero, but the bounding set of one who never had them. */
static bool has_capabilities(bool was_root)
{
	FILE *status = fopen("/proc/thread-self/status", "r");
	unsigned long long set;
	char line[256];
	bool any = !status;

	while (status && fgets(line, sizeof(line), status)) {
		if (!was_root && !strncmp(line, "CapBnd:", 7))
			continue;
		if (sscanf(line, "Cap%*3s: %llx", &set) == 1 && set)
			any = true;
	}
	if (status)
		fclose(status);
	return any;
}

static int try(const char *user)
{
	const struct passwd *nobody =
		getpwnam(user ? user : privilege_default_user());
	uid_t nobody_id = nobody ? nobody->pw_uid : (uid_t)-1;
	uid_t before = getuid();
	int found = 0, null = open("/dev/null", O_WRONLY);

	dup2(null, STDERR_FILENO);
	if (privilege_drop(user))
		return REFUSED;
	if (getuid() == before && geteuid() == before)
		found |= IS_SAME;
	else if (getuid() == nobody_id && geteuid() == nobody_id)
		found |= IS_NOBODY;
	found |= has_capabilities(!before) ? HAS_CAPABILITIES : 0;
	found |= getuid() && !setuid(0) ? GOT_ROOT_BACK : 0;
	found |= prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? 0 :
							       NEW_PRIVILEGES;
	found |= prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) ? DUMPS_CORE : 0;
	return found;
}

static int in_child(int (*fn)(const char *), const char *argument)
{
	pid_t child = fork();
	int status;

	if (!child)
		_exit(fn(argument));
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Not where the user namespace has root only. */
static int may_be(const char *user)
{
	const struct passwd *pw = getpwnam(user);

	return pw && !setresgid(pw->pw_gid, pw->pw_gid, pw->pw_gid) &&
	       !setresuid(pw->pw_uid, pw->pw_uid, pw->pw_uid);
}

static int found_of(const struct passwd *self, const char *user)
{
	return self && !strcmp(self->pw_name, user) ? IS_SAME :
	       in_child(may_be, user)		    ? IS_NOBODY :
						      REFUSED;
}

CLAIM(dropped, "root becomes _mailwall, nobody, or stays, others stay; none "
	       "keeps or gets back a privilege")
{
	bool root = geteuid() == 0;
	const struct passwd *self = getpwuid(getuid());
	int nobody = found_of(self, "nobody");
	int ours = found_of(self, privilege_default_user());
	const struct {
		const char *user;
		int want;
	} vectors[] = {
		{ NULL, root ? ours : IS_SAME },
		{ "nobody", nobody },
		{ self ? self->pw_name : NULL, self || !root ? IS_SAME : ours },
		{ "no-such-user", REFUSED },
	};

	for (size_t i = 0; i < COUNT(vectors); i++) {
		int found = in_child(try, vectors[i].user);

		expect(found == vectors[i].want,
		       "user %s: found %d instead of %d",
		       vectors[i].user ? vectors[i].user : "by default", found,
		       vectors[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { CLAIMED(dropped) };

	return cmocka_run_group_tests_name("drop", tests, NULL, NULL);
}

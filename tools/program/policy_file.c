/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy_file.h"
#include "whole_file.h"
#include "json.h"
#include "message.h"
#include "program.h"
#include "../../rules/proof/proof.h"
#include "../../rules/base/units.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

int policy_file_read(void *ctx, const char *path, const char **text,
		     size_t *len)
{
	int fd, error;

	(void)ctx;
	if (!strcmp(path, "-"))
		return whole_file_read(STDIN_FILENO, text, len);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return -errno;
	error = whole_file_read(fd, text, len);
	close(fd);
	return error;
}

static void files_release_file(void *ctx, const char *text, size_t len)
{
	(void)ctx;
	(void)len;
	free((char *)text);
}

int policy_file_user(void *ctx, const char *name, uint32_t *id)
{
	const struct passwd *pw = getpwnam(name);

	(void)ctx;
	if (!pw)
		return -ENOENT;
	*id = pw->pw_uid;
	return 0;
}

int policy_file_group(void *ctx, const char *name, uint32_t *id)
{
	const struct group *gr = getgrnam(name);

	(void)ctx;
	if (!gr)
		return -ENOENT;
	*id = gr->gr_gid;
	return 0;
}

/* SOURCE_DATE_EPOCH stands in for the clock where output must not depend on it.
 */
static int32_t today(void)
{
	const char *epoch = getenv("SOURCE_DATE_EPOCH");
	long long seconds = epoch ? atoll(epoch) : (long long)time(NULL);

	return (int32_t)(seconds / 86400);
}

static const struct policy_world files_world = {
	.read = policy_file_read,
	.release = files_release_file,
	.user = policy_file_user,
	.group = policy_file_group,
};

static int files_load(struct program *p, const char *path, struct policy **out)
{
	const struct policy_world *w = p->world ? p->world : &files_world;
	struct policy_input input = {
		.ctx = w->ctx,
		.read = w->read,
		.release = w->release,
		.user = w->user,
		.group = w->group,
		.today = today(),
		.definitions = p->definitions.items,
		.n_definitions = p->definitions.n,
	};

	int error = policy_load(&input, path, out);

	if (!error && !w->proven && policy_prove(*out)) {
		policy_free(*out);
		error = -ENOMEM;
	}
	return error;
}

int load_policy(struct program *p, const char *path, struct policy **out,
		struct diags *diags)
{
	int error = files_load(p, path, out);

	if (!error)
		return EXIT_DONE;
	diag_error(diags, NULL, "cannot-read", "cannot read \"%s\": %s", path,
		   strerror(-error));
	return EXIT_REFUSED;
}

/* The answer to a command that could not begin. */
static int files_refuse(struct program *p, const struct diags *diags, int code)
{
	int printed = 0;

	if (p->json)
		printed =
			print_json(json_pack("{s:b, s:o}", "ok", 0,
					     "diagnostics", diags_json(diags)));
	else
		message_diags(diags, p->quiet);
	return printed ? printed : code;
}

int load_good_policy(struct program *p, const char *path, struct policy **out)
{
	struct diags diags = { .arena = p->arena };
	int code = load_policy(p, path, out, &diags);

	if (code)
		return files_refuse(p, &diags, code);
	if (!(*out)->diags.errors) {
		if (!p->json)
			message_diags(&(*out)->diags, p->quiet);
		return EXIT_DONE;
	}
	code = files_refuse(p, &(*out)->diags, EXIT_NO);
	message_say("%s: %zu error%s: nothing was done", path,
		    (*out)->diags.errors, plural_s((*out)->diags.errors));
	policy_free(*out);
	*out = NULL;
	return code;
}

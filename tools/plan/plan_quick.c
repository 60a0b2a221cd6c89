/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "plan_quick.h"
#include "plan_file.h"
#include "../program/whole_file.h"
#include "../record/hash_text.h"
#include "../../rules/base/arena.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- is the revision what would be read? ---- */

static bool quick_same_file(const struct revision_file *file)
{
	char hash[HASH_TEXT_BYTES] = "";
	const char *text;
	size_t len;
	int fd = open(file->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	bool same;

	if (fd < 0)
		return false;
	same = !whole_file_read_regular(fd, &text, &len);
	close(fd);
	if (!same)
		return false;
	if (len == file->bytes)
		hash_of(text, len, hash);
	same = len == file->bytes && !strcmp(hash, file->sha256);
	free((char *)text);
	return same;
}

static bool quick_same_id(const struct recorded_id *row)
{
	uint32_t id;

	return !(row->group ? policy_file_group(NULL, row->name, &id) :
			      policy_file_user(NULL, row->name, &id)) &&
	       id == row->id;
}

static bool quick_same_definitions(const struct program *p,
				   const struct revision *rev)
{
	bool same = rev->definitions.n == p->definitions.n;

	for (size_t i = 0; same && i < p->definitions.n; i++)
		same = !strcmp(rev->definitions.items[i].name,
			       p->definitions.items[i].name) &&
		       !strcmp(rev->definitions.items[i].value,
			       p->definitions.items[i].value);
	return same;
}

/* Another version of mailwall may make other rules of the same text. */
static bool quick_same_policy(struct program *p, const char *path,
			      const struct revision *rev)
{
	char *folder = getcwd(NULL, 0);
	bool same = folder && !strcmp(rev->version, VERSION) &&
		    !strcmp(rev->run_folder, folder) &&
		    !strcmp(rev->path,
			    recording_absolute(p->arena, folder, path)) &&
		    quick_same_definitions(p, rev);

	for (size_t i = 0; same && i < rev->ids.n; i++)
		same = quick_same_id(&rev->ids.items[i]);
	for (size_t i = 0; same && i < rev->files.n; i++)
		same = !rev->files.items[i].path ||
		       quick_same_file(&rev->files.items[i]);
	free(folder);
	return same;
}

/* ---- is it loaded? ---- */

static bool quick_acts(struct program *p, const struct present *table)
{
	struct acting acting = { 0 };

	acting_read(p->arena, table, &acting);
	return !acting_drift(&acting);
}

static bool quick_is_loaded(struct program *p, const char *digest)
{
	struct plan_state state;
	struct reading reading;
	struct netlink nl;
	int family, tables = 0;
	bool read = !netlink_open(&nl);

	if (!read)
		return false;
	read = !kernel_read(&nl, p->arena, &reading);
	netlink_close(&nl);
	family = read ? reading_family(&reading) : -1;
	if (family < 0)
		return false;
	for (int f = 0; f < N_FAMILIES; f++)
		tables += reading.tables[f].ours;
	return tables == 1 &&
	       present_digest_comparable(&reading.tables[family]) &&
	       !strcmp(reading.tables[family].digest, digest) &&
	       quick_acts(p, &reading.tables[family]) &&
	       !plan_state_read(p, &reading, &state) &&
	       !strcmp(state.actual, digest);
}

bool plan_is_loaded(struct program *p, const char *path, struct revision *out)
{
	struct fault f;
	uint32_t number;

	return strcmp(path, "-") && !revision_current(p, &number, &f) &&
	       number && !revision_read_brief(p, number, out, &f) &&
	       quick_same_policy(p, path, out) &&
	       quick_is_loaded(p, out->digest);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Revisions: what was applied, as copies that nobody changes any more. A
 * revision has all that the ruleset was made of, so it gives the same ruleset
 * at the next boot, and after the files in /etc were edited or are gone.
 *
 * state_dir/revisions/000041/	manifest.json, policy, 01-NAME, ..., definitions
 * state_dir/current		a symbolic link: what the machine boots
 */
#ifndef MAILWALL_REVISION_H
#define MAILWALL_REVISION_H

#include "hash_text.h"
#include "recording.h"
#include "../program/fault.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REVISIONS_KEPT 50
#define REVISION_MOST  999999

struct revision_file {
	const char *path; /* the administrator's; NULL: of the revision alone */
	const char *copy; /* its name in the revision's folder */
	uint64_t bytes;
	char sha256[HASH_TEXT_BYTES];
};

struct revision {
	uint32_t number;
	const char *folder; /* where its copies are */
	int64_t time_s;
	const char *version;	/* the mailwall's that made it */
	const char *name;	/* the policy's */
	const char *path;	/* absolute, or "-" */
	const char *run_folder; /* where paths without one begin */
	const char *digest;	/* the ruleset's */
	bool observe;
	struct {
		struct revision_file *items;
		size_t n, cap;
	} files; /* the policy first */
	struct recorded_ids ids;
	struct definitions definitions;
};

/* Facts that a new revision says beside its recording. */
struct revision_about {
	const char *name, *digest;
	bool observe;
};

/*
 * Makes a revision with the number after the last. The copies are on the disk
 * when it returns; `current` is what it was. 0, or -errno and why; then there
 * is none.
 */
int revision_make(struct program *p, const struct recording *r,
		  const struct revision_about *about, uint32_t *number,
		  struct fault *f);
/* Removes one that came to nothing. */
void revision_remove(struct program *p, uint32_t number);

/* Lists the numbers, ascending. 0, also if there is none; or -errno and why. */
int revision_list(struct program *p, struct numbers *out, struct fault *f);
/* Reads which one is current: 0 if there is none. 0, or -errno and why. */
int revision_current(struct program *p, uint32_t *number, struct fault *f);
/* Makes it the current one. 0 or -errno and why; then current is what it was.
 */
int revision_set_current(struct program *p, uint32_t number, struct fault *f);
/*
 * Removes all but the newest REVISIONS_KEPT, the current one, and keep (0:
 * none), which is that of a trial. What cannot be removed stays.
 */
void revision_tidy(struct program *p, uint32_t keep);

/*
 * Reads what a revision consists of, and looks whether all of it is as it was
 * written. 0; -ENOENT: there is no such revision; -EBADMSG: it was edited or is
 * damaged, and why says what to do; another -errno.
 */
int revision_read(struct program *p, uint32_t number, struct revision *out,
		  struct fault *f);
/* Gives the policy's text, as it was applied, in the arena. 0, or as above. */
int revision_text(struct program *p, const struct revision *rev,
		  const char **out, struct fault *f);
/* Reads what it consists of, and does not look at the copies. */
int revision_read_brief(struct program *p, uint32_t number,
			struct revision *out, struct fault *f);
/* Is it what was recorded, with this digest? */
bool revision_is(const struct revision *rev, const struct recording *r,
		 const char *digest);

/*
 * Loads the policy of a revision, from its copies and with its definitions.
 * Messages name the administrator's files. Returns an exit code, as
 * load_good_policy() does.
 */
int revision_load(struct program *p, const struct revision *rev,
		  struct policy **out);

#endif

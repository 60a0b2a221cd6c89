/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "recover.h"
#include "trial_recover.h"
#include "../kernel/kernel.h"
#include "../kernel/kernel_error.h"
#include "../program/message.h"
#include "../record/change_lock.h"
#include "../record/journal.h"
#include "../record/revision.h"
#include "../record/who.h"
#include "../../rules/base/arena.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* The line that is open, and what the kernel has. */
struct recovery {
	struct program *program;
	const json_t *line;
	uint32_t revision;
	const char *digest; /* of what was to be loaded */
	bool other_boot;    /* the machine was booted since */
	uint32_t generation;
	const char *loaded; /* digest of what is loaded; "": nothing */
};

static const char *recovery_text(const struct recovery *r, const char *name)
{
	const char *text = json_string_value(json_object_get(r->line, name));

	return text ? text : "";
}

static int recovery_look(struct recovery *r, struct fault *f)
{
	struct netlink nl;
	struct reading reading;
	int error = netlink_open(&nl), family;

	if (!error) {
		error = kernel_read(&nl, r->program->arena, &reading);
		netlink_close(&nl);
	}
	if (error)
		return fault_set(f, error, "%s", kernel_error_text(error));
	family = reading_family(&reading);
	r->generation = reading.generation;
	r->loaded = family < 0 ? "" :
				 arena_printf(r->program->arena, "%s",
					      reading.tables[family].digest);
	return 0;
}

static int recovery_note(const struct recovery *r, enum journal_what what,
			 const char *by, struct fault *f)
{
	json_t *more = json_pack("{s:s}", "by", by);
	const struct journal_entry entry = { .what = what,
					     .revision = r->revision,
					     .generation = r->generation,
					     .digest = r->digest,
					     .more = more };
	int error = journal_append(r->program, &entry, f);

	json_decref(more);
	return error;
}

/* ---- a row for each state ---- */

/* The kernel got all of it: what was begun is finished. */
static int recover_forward(const struct recovery *r, struct fault *f)
{
	int error = revision_set_current(r->program, r->revision, f);

	if (!error)
		error = recovery_note(r, JOURNAL_APPLIED, "recovery", f);
	if (!error)
		message_say("the apply of revision %u by %s was cut off; the "
			    "kernel has it, and it is the current one now",
			    r->revision,
			    who_text(r->program->arena,
				     json_object_get(r->line, "who")));
	return error;
}

/* The kernel got nothing of it: it comes to nothing. */
static int recover_back(const struct recovery *r, struct fault *f)
{
	const char *by = r->other_boot ? "reboot" : "cut-off";
	uint32_t current;
	int error = revision_current(r->program, &current, f);

	if (!error)
		error = recovery_note(r, JOURNAL_ROLLED_BACK, by, f);
	if (error)
		return error;
	if (current != r->revision)
		revision_remove(r->program, r->revision);
	message_say(
		"the apply of revision %u by %s was cut off%s; it came to "
		"nothing",
		r->revision,
		who_text(r->program->arena, json_object_get(r->line, "who")),
		r->other_boot ? ", and the machine was booted since" : "");
	return 0;
}

static int recover_applying(const struct recovery *r, struct fault *f)
{
	bool there = *r->digest && !strcmp(r->loaded, r->digest);

	return there ? recover_forward(r, f) : recover_back(r, f);
}

static const struct {
	enum journal_what what;
	int (*end)(const struct recovery *r, struct fault *f);
} recover_rows[] = {
	{ JOURNAL_APPLYING, recover_applying },
};

/* ---- the line that is open ---- */

static void recovery_take(struct recovery *r)
{
	char boot_id[BOOT_ID_BYTES];

	journal_boot_id(boot_id);
	r->other_boot = strcmp(recovery_text(r, "boot_id"), boot_id);
	r->revision = (uint32_t)json_integer_value(
		json_object_get(r->line, "revision"));
	r->digest = recovery_text(r, "digest");
}

/* Lines that have a trial are trial_recover.c's. */
static bool recovery_is_trial(const char *what)
{
	return !strcmp(what, journal_what_name(JOURNAL_TRIAL)) ||
	       !strcmp(what, journal_what_name(JOURNAL_CONFIRMING));
}

static int recover_line(struct program *p, const json_t *line, struct fault *f)
{
	struct recovery r = { .program = p, .line = line };
	const char *what = recovery_text(&r, "what");
	int error;

	if (recovery_is_trial(what))
		return trial_recover(p, line, f);
	recovery_take(&r);
	for (size_t i = 0; i < sizeof(recover_rows) / sizeof(*recover_rows);
	     i++) {
		if (strcmp(what, journal_what_name(recover_rows[i].what)))
			continue;
		error = recovery_look(&r, f);
		return error ? error : recover_rows[i].end(&r, f);
	}
	return fault_set(f, -EPROTO,
			 "the journal has a \"%s\" that did not end, and this "
			 "mailwall does not know how to end it",
			 what);
}

int recover_change(struct program *p, struct fault *f)
{
	struct journal_state state;
	json_t *line;
	int error = journal_open_line(p, &line, &state, f);

	if (error)
		return error;
	if (state.cut_at_end)
		message_say("the last line of \"%s/" JOURNAL_NAME "\" was cut "
			    "short, by a power cut or a full disk: it stays, "
			    "and the next line says so",
			    p->state_dir);
	if (line)
		error = recover_line(p, line, f);
	json_decref(line);
	return error;
}

int change_begin(struct program *p, struct fault *f)
{
	int lock = change_lock(p, CHANGE_LOCK_PATIENCE_MS, f);
	int error = lock < 0 ? lock : recover_change(p, f);

	if (!error)
		return lock;
	if (lock >= 0)
		close(lock);
	return error;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "commands.h"
#include "../change/recover.h"
#include "../kernel/kernel_error.h"
#include "../kernel/applied.h"
#include "../route/guard_client.h"
#include "../apart/loaded_note.h"
#include "../../rules/base/arena.h"
#include "../program/json.h"
#include "../program/message.h"
#include "../option/options.h"
#include "../program/program.h"
#include "../record/change_lock.h"
#include "../record/journal.h"

#include <stdio.h>
#include <errno.h>
#include <unistd.h>

#define TRIES_MOST 20

static int remove_once(struct netlink *nl, struct arena *a, bool *any,
		       struct diags *diags, uint32_t *generation)
{
	struct kernel_errors errors = { 0 };
	struct reading reading;
	struct batch *b = NULL;
	int error = kernel_read(nl, a, &reading);

	diags->n = diags->errors = 0;
	if (!error && !(b = batch_new(reading.generation)))
		error = -ENOMEM;
	*any = !error && change_remove(b, reading.tables);
	if (*any)
		error = transaction_commit(nl, b, &errors);
	*generation = reading.generation;
	if (error)
		kernel_error_diags(diags, &errors, error);
	batch_free(b);
	return error;
}

static int remove_finish(struct program *p, const struct diags *diags, bool any,
			 int error)
{
	int code = error ? EXIT_REFUSED : any ? EXIT_DONE : EXIT_NO;
	int printed;

	if (p->json) {
		printed = print_json(json_pack(
			"{s:b, s:b, s:o}", "ok", !error, "removed",
			!error && any, "diagnostics", diags_json(diags)));
		return printed ? printed : code;
	}
	if (error)
		message_diags(diags, p->quiet);
	else
		printf(any ? "removed, with counters and quarantine; "
			     "exemptions "
			     "stay in their book\n" :
			     "nothing of mailwall's is loaded\n");
	return code;
}

/*
 * Writes the journal's line. A disk that is full keeps nobody from opening the
 * ports: remove is the way out.
 */
static void remove_note(struct program *p, uint32_t generation)
{
	const struct journal_entry entry = { .what = JOURNAL_REMOVED,
					     .generation = generation };
	struct fault f;

	if (journal_append(p, &entry, &f))
		message_say("%s: the rules were removed all the same", f.text);
}

static int remove_loaded(struct program *p, struct netlink *nl, bool *any,
			 struct diags *diags)
{
	uint32_t generation = 0;
	int error = -ERESTART;
	struct fault f = { 0 };

	for (int i = 0; i < TRIES_MOST && transaction_try_again(error); i++)
		error = remove_once(nl, p->arena, any, diags, &generation);
	if (error || !*any)
		return error;
	remove_note(p, generation + 1);
	applied_forget(p);
	if (loaded_note_write("", "", "", 0, &f))
		message_say("%s", f.text);
	return 0;
}

/* Nothing keeps the rules from being removed, but another command. */
static int remove_begin(struct program *p, struct diags *diags)
{
	struct fault f = { 0 };
	int lock = change_lock(p, CHANGE_LOCK_PATIENCE_MS, &f);

	if (lock == -EBUSY)
		diag_error(diags, NULL, "locked", "%s", f.text);
	else if (lock == -EACCES && geteuid())
		; /* the kernel refuses as well, and is the one to say so */
	else if (lock < 0 || recover_change(p, &f))
		message_say("%s", f.text);
	return lock;
}

static int remove_run(struct program *p, const void *options, int argc,
		      char **argv)
{
	struct diags diags = { .arena = p->arena };
	struct netlink nl;
	struct guard_link link;
	bool any = false;
	int error, lock = remove_begin(p, &diags);

	(void)options;
	(void)argc;
	(void)argv;
	if (lock == -EBUSY)
		return remove_finish(p, &diags, false, lock);
	error = netlink_open(&nl);
	if (!error)
		error = guard_connect(&link, p->run_dir, &nl);
	if (error) {
		kernel_error_diags(&diags, &(struct kernel_errors){ 0 }, error);
	} else {
		error = remove_loaded(p, &nl, &any, &diags);
		guard_disconnect(&link);
		netlink_close(&nl);
	}
	if (lock >= 0)
		close(lock);
	return remove_finish(p, &diags, any, error);
}

static const struct option_row remove_rows[] = { { OPTION_ROW_JSON }, { 0 } };

const struct command command_remove = {
	.name = "remove",
	.summary = "take our table out of the kernel",
	.group = GROUP_KERNEL,
	.options = remove_rows,
	.run = remove_run,
};

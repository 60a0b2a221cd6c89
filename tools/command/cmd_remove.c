/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "commands.h"
#include "../kernel/kernel_error.h"
#include "../kernel/applied.h"
#include "../route/guard_client.h"
#include "../apart/loaded_note.h"
#include "../../rules/base/arena.h"
#include "../program/json.h"
#include "../program/message.h"
#include "../option/options.h"
#include "../program/program.h"

#include <stdio.h>
#include <errno.h>

#define TRIES_MOST 20

static int remove_once(struct netlink *nl, struct arena *a, bool *any,
		       struct diags *diags)
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
		printf(any ? "removed; counters and dynamic classes are gone "
			     "with it\n" :
			     "nothing of mailwall's is loaded\n");
	return code;
}

static int remove_run(struct program *p, const void *options, int argc,
		      char **argv)
{
	struct diags diags = { .arena = p->arena };
	struct netlink nl;
	struct guard_link link;
	bool any = false;
	struct fault f = { 0 };
	int error;

	(void)options;
	(void)argc;
	(void)argv;
	error = netlink_open(&nl);
	if (!error)
		error = guard_connect(&link, p->run_dir, &nl);
	if (error) {
		kernel_error_diags(&diags, &(struct kernel_errors){ 0 }, error);
		return remove_finish(p, &diags, false, error);
	}
	error = -ERESTART;
	for (int i = 0; i < TRIES_MOST && transaction_try_again(error); i++)
		error = remove_once(&nl, p->arena, &any, &diags);
	if (!error && any)
		applied_forget(p);
	if (!error && any && loaded_note_write("", "", "", 0, &f))
		message_say("%s", f.text);
	guard_disconnect(&link);
	netlink_close(&nl);
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

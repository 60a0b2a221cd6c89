/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "given.h"
#include "../option/definitions.h"
#include "shrink.h"
#include "../program/json.h"
#include "../program/message.h"

#include <errno.h>
#include <string.h>

static int given_refuse(struct program *p, struct diags *diags, int code)
{
	if (p->json)
		print_json(json_pack("{s:b, s:o}", "ok", 0, "diagnostics",
				     diags_json(diags)));
	else
		message_diags(diags, p->quiet);
	return code;
}

/* ---- reading ---- */

static int given_load_plan(struct given *g, const char *path,
			   struct policy **policy)
{
	struct program *p = g->program;
	struct diags diags = { .arena = p->arena };

	g->is_plan = true;
	if (!p->definitions.n)
		return plan_file_load(p, path, &g->file, policy);
	diag_error(&diags, NULL, "plan-definition",
		   "\"%s\" is a plan, which has its definitions", path)
		->help = "leave out -D";
	return given_refuse(p, &diags, EXIT_USAGE);
}

int given_load(struct program *p, const char *path, bool shrink,
	       struct given *out, struct policy **policy)
{
	int code;

	*policy = NULL;
	*out = (struct given){ .program = p, .shrink = shrink };
	if (plan_file_is(path))
		code = given_load_plan(out, path, policy);
	else
		code = definitions_of_machine(p) ?
			       recording_load(p, path, &out->recording,
					      policy) :
			       EXIT_NO;
	out->policy = *policy;
	return code;
}

void given_free(struct given *g)
{
	recording_free(&g->file.recording);
	recording_free(&g->recording);
}

const struct recording *given_recording(const struct given *g)
{
	return g->is_plan ? &g->file.recording : &g->recording;
}

/* ---- asking ---- */

int given_check_rules(struct given *g, const struct ruleset *rules)
{
	struct diags diags = { .arena = g->program->arena };

	if (!g->is_plan || !strcmp(g->file.digest, rules->digest))
		return EXIT_DONE;
	diag_error(&diags, NULL, "plan-edited",
		   "\"%s\" was edited, or another version of mailwall made it: "
		   "its policy gives other rules than it says",
		   g->file.path)
		->help = "make it again: mailwall plan -o PLAN POLICY";
	return given_refuse(g->program, &diags, EXIT_REFUSED);
}

static int given_check_moved(struct given *g,
			     const struct apply_outcome *so_far,
			     struct diags *diags)
{
	struct fault f = { 0 };
	int error = g->is_plan ?
			    plan_file_check(&g->file, &so_far->reading, &f) :
			    0;

	if (error)
		diag_error(diags, NULL, "plan-moved", "%s", f.text);
	return error;
}

int given_check(void *ctx, const struct apply_outcome *so_far,
		struct diags *diags)
{
	struct given *g = ctx;
	int error = given_check_moved(g, so_far, diags);

	if (error || g->shrink)
		return error;
	error = shrink_check(g->program, g->policy, &so_far->reading,
			     so_far->remembered, diags);
	if (error && !diags->errors)
		diag_error(diags, NULL, "not-read",
			   "what is loaded cannot be read: %s",
			   strerror(-error));
	return error;
}

static int given_read(struct given *g, struct apply_outcome *out)
{
	struct netlink nl;
	int error = netlink_open(&nl);

	if (error)
		return error;
	error = kernel_read(&nl, g->program->arena, &out->reading);
	netlink_close(&nl);
	return error;
}

int given_check_trial(struct given *g, const struct ruleset *rules)
{
	struct diags diags = { .arena = g->program->arena };
	struct apply_outcome now = { 0 };
	int code = given_check_rules(g, rules);

	if (code || !g->is_plan)
		return code;
	if (!given_read(g, &now) && !given_check_moved(g, &now, &diags))
		return EXIT_DONE;
	if (!diags.errors)
		diag_error(&diags, NULL, "not-read",
			   "what is loaded cannot be read");
	return given_refuse(g->program, &diags, EXIT_REFUSED);
}

void given_note_changes(const struct given *g, struct diags *notes)
{
	struct texts changed = { 0 };

	if (g->is_plan)
		plan_file_changes(&g->file, &changed);
	for (size_t i = 0; i < changed.n; i++)
		diag_warning(notes, NULL, "file-changed",
			     "\"%s\" is not any more what was planned; what "
			     "was planned is loaded",
			     changed.items[i]);
}

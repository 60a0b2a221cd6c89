/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "commands.h"
#include "../option/options.h"
#include "../program/json.h"
#include "../program/message.h"
#include "../program/program.h"
#include "../program/utf8.h"
#include "../program/when.h"
#include "../record/journal.h"
#include "../record/revision.h"
#include "../record/who.h"
#include "../../rules/base/arena.h"
#include "../../rules/base/units.h"

#include <stdio.h>
#include <time.h>

struct history_options {
	uint32_t revision; /* to print; 0: none */
	bool verify;
};

struct history_run {
	struct program *program;
	uint32_t current;
	json_t *lines;	  /* with --json */
	uint32_t highest; /* revision that the journal has */
	uint32_t begun;	  /* by the last line, which is no end; or 0 */
};

/* ---- lines ---- */

static const char *history_time(struct arena *a, int64_t time_us)
{
	time_t time_s = (time_t)(time_us / 1000000);
	char text[32] = "-";
	struct tm tm;

	if (localtime_r(&time_s, &tm))
		strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm);
	return arena_printf(a, "%s", text);
}

static const char *history_text_of(const struct journal_line *line,
				   const char *name)
{
	return json_string_value(json_object_get(line->object, name));
}

static void history_print(struct history_run *h,
			  const struct journal_line *line)
{
	struct arena *a = h->program->arena;
	const char *by = history_text_of(line, "by");
	const char *number = "-";

	if (line->revision)
		number = arena_printf(a, "%u%s", line->revision,
				      line->revision == h->current ? "*" : "");
	printf("%s  %-8s %-16s  ", history_time(a, line->time_us), number,
	       arena_printf(a, "%s%s%s", line->what_text, by ? " by " : "",
			    by ? by : ""));
	utf8_puts(stdout, who_text(a, json_object_get(line->object, "who")));
	if (line->why) {
		printf("  \"");
		utf8_puts(stdout, line->why);
		printf("\"");
	}
	putchar('\n');
	if (json_object_get(line->object, "cut_short"))
		printf("%19s  the line before it was cut short\n", "");
}

static void history_line(void *ctx, const struct journal_line *line)
{
	struct history_run *h = ctx;

	if (line->revision > h->highest)
		h->highest = line->revision;
	if (h->lines)
		json_array_append_new(h->lines, json_deep_copy(line->object));
	else
		history_print(h, line);
}

/* ---- the chain ---- */

/* A revision that no line tells of: lines at the end were taken out. */
static void history_check_end(struct history_run *h,
			      struct journal_state *state)
{
	if (state->broken || h->current <= h->highest)
		return;
	state->broken = state->lines + state->cut_short + 1;
	fault_set(&state->why, 0,
		  "revision %u is the current one, and no line tells of it: "
		  "lines at the end are missing",
		  h->current);
}

static void history_say_state(const struct history_run *h,
			      const struct journal_state *state, bool verify)
{
	if (h->begun)
		message_say("the apply of revision %u runs, or was cut off: "
			    "the next command that changes the rules ends it",
			    h->begun);
	if (state->cut_at_end)
		message_say("the last line was cut short, by a power cut or a "
			    "full disk: it stays, and the next line says so");
	if (state->broken)
		message_say("\"%s/" JOURNAL_NAME "\", line %llu: %s",
			    h->program->state_dir,
			    (unsigned long long)state->broken, state->why.text);
	else if (verify && !h->lines)
		printf("%llu line%s, and the chain holds\n",
		       (unsigned long long)state->lines,
		       plural_s(state->lines));
}

static int history_json(struct history_run *h,
			const struct journal_state *state)
{
	return print_json(json_pack(
		"{s:b, s:o, s:I, s:I, s:b, s:o, s:o, s:O}", "ok",
		!state->broken, "current",
		h->current ? json_integer(h->current) : json_null(), "count",
		(json_int_t)state->lines, "cut_short",
		(json_int_t)state->cut_short, "cut_at_end", state->cut_at_end,
		"broken_line",
		state->broken ? json_integer((json_int_t)state->broken) :
				json_null(),
		"broken",
		state->broken ? text_json(state->why.text) : json_null(),
		"lines", h->lines));
}

static int history_show(struct history_run *h, const struct history_options *o)
{
	struct journal_state state;
	struct fault f;
	int error = journal_read(h->program, history_line, h, &state, &f);
	int printed = 0;

	if (error)
		return fault_say(&f, error);
	history_check_end(h, &state);
	if (!state.lines && !h->lines && !state.cut_short && !state.broken)
		printf("nothing was applied yet\n");
	if (h->lines)
		printed = history_json(h, &state);
	history_say_state(h, &state, o->verify);
	if (printed)
		return printed;
	return state.broken ? EXIT_NO : EXIT_DONE;
}

/* ---- one revision ---- */

static json_t *history_files_json(const struct revision *rev)
{
	json_t *list = json_array();

	for (size_t i = 0; i < rev->files.n; i++) {
		const struct revision_file *file = &rev->files.items[i];

		json_array_append_new(list,
				      json_pack("{s:o, s:o, s:I, s:s}", "path",
						text_json(file->path), "copy",
						text_json(file->copy), "bytes",
						(json_int_t)file->bytes,
						"sha256", file->sha256));
	}
	return list;
}

static json_t *history_definitions_json(const struct revision *rev)
{
	json_t *o = json_object();

	for (size_t i = 0; i < rev->definitions.n; i++)
		json_object_set_new(o, rev->definitions.items[i].name,
				    text_json(rev->definitions.items[i].value));
	return o;
}

static int history_revision_json(const struct revision *rev, bool current,
				 const char *text)
{
	char time[WHEN_TEXT_BYTES];

	return print_json(json_pack(
		"{s:b, s:I, s:b, s:s, s:o, s:o, s:s, s:s, s:s, s:o, s:o, s:o}",
		"ok", 1, "revision", (json_int_t)rev->number, "current",
		current, "time", when_print_s(time, rev->time_s), "policy",
		text_json(rev->name), "path", text_json(rev->path), "digest",
		rev->digest, "mode", rev->observe ? "observe" : "enforce",
		"version", rev->version, "definitions",
		history_definitions_json(rev), "files", history_files_json(rev),
		"text", text_json(text)));
}

/* The text of a policy, with what it does not say itself as comments. */
static void history_revision_text(struct program *p, const struct revision *rev,
				  bool current, const char *text)
{
	printf("# revision %u of %s, made %s%s\n# digest %s\n", rev->number,
	       rev->path, history_time(p->arena, rev->time_s * 1000000),
	       current ? ", the current one" : "", rev->digest);
	for (size_t i = 0; i < rev->definitions.n; i++)
		printf("# definition %s=%s\n", rev->definitions.items[i].name,
		       rev->definitions.items[i].value);
	for (size_t i = 1; i < rev->files.n; i++)
		if (rev->files.items[i].path)
			printf("# file %s is %s/%s\n", rev->files.items[i].path,
			       rev->folder, rev->files.items[i].copy);
	fputs(text, stdout);
}

static int history_refuse(struct program *p, const struct fault *f)
{
	if (p->json)
		print_json(json_pack("{s:b, s:o}", "ok", 0, "why",
				     text_json(f->text)));
	else
		message_say("%s", f->text);
	return EXIT_REFUSED;
}

static int history_revision(struct history_run *h, uint32_t number)
{
	struct program *p = h->program;
	const char *text;
	struct revision rev;
	struct fault f;
	int error = revision_read(p, number, &rev, &f);

	if (!error)
		error = revision_text(p, &rev, &text, &f);
	if (error)
		return history_refuse(p, &f);
	if (p->json)
		return history_revision_json(&rev, number == h->current, text);
	history_revision_text(p, &rev, number == h->current, text);
	return EXIT_DONE;
}

static int history_command(struct program *p, const void *options, int argc,
			   char **argv)
{
	const struct history_options *o = options;
	struct history_run h = { .program = p };
	struct fault f;
	int code;

	(void)argc;
	(void)argv;
	if (revision_current(p, &h.current, &f))
		message_say("%s", f.text);
	if (o->revision)
		return history_revision(&h, o->revision);
	h.lines = p->json ? json_array() : NULL;
	code = history_show(&h, o);
	json_decref(h.lines);
	return code;
}

static const struct option_row history_rows[] = {
	{ .name = "policy",
	  .letter = 'p',
	  .type = OPTION_NUMBER,
	  .place = offsetof(struct history_options, revision),
	  .least = 1,
	  .most = REVISION_MOST,
	  .value = "REVISION",
	  .help = "print the policy of a revision" },
	{ .name = "verify",
	  .letter = 'v',
	  .type = OPTION_FLAG,
	  .place = offsetof(struct history_options, verify),
	  .help = "say whether the journal's chain holds" },
	{ OPTION_ROW_JSON },
	{ 0 }
};

const struct command command_history = {
	.name = "history",
	.summary = "what was applied, by whom and why",
	.group = GROUP_KERNEL,
	.options = history_rows,
	.options_bytes = sizeof(struct history_options),
	.run = history_command,
};

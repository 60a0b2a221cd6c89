/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Steps that verbs share: how they begin, and what they say in the end. */
#include "exempt_journal.h"
#include "exempt_run.h"
#include "exempt_say.h"
#include "../../rules/base/arena.h"
#include "../program/json.h"
#include "../program/message.h"
#include "../program/whole_file.h"
#include "../record/change_lock.h"
#include "../record/who.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

const char *exempt_class_of(const struct exempt_call *c)
{
	return c->options->class ? c->options->class : EXEMPT_CLASS;
}

/* ---- answers ---- */

int exempt_answer(struct exempt_call *c, struct exempt_work *w, int code,
		  json_t *more)
{
	json_t *o;
	int printed;

	if (!c->program->json) {
		message_diags(w->diags, c->program->quiet);
		json_decref(more);
		return code;
	}
	o = json_pack("{s:b, s:o, s:o}", "ok", !code, "class",
		      text_json(exempt_class_of(c)), "diagnostics",
		      diags_json(w->diags));
	if (more)
		json_object_update_missing(o, more);
	json_decref(more);
	printed = print_json(o);
	return printed ? printed : code;
}

static void exempt_unlock(struct exempt_call *c)
{
	if (c->lock >= 0)
		close(c->lock);
	c->lock = -1;
}

int exempt_call_fail(struct exempt_call *c, struct exempt_work *w, int error,
		     const struct fault *f)
{
	(void)error;
	exempt_end(w);
	diag_error(w->diags, NULL, w->kernel.code ? w->kernel.code : "book",
		   "%s", f->text);
	exempt_unlock(c);
	return exempt_answer(c, w, EXIT_REFUSED, NULL);
}

const char *exempt_who(struct arena *a)
{
	struct who who;
	json_t *o;
	const char *text;

	who_read(a, &who);
	o = who_json(&who);
	text = who_text(a, o);
	json_decref(o);
	return text;
}

int exempt_call_begin(struct exempt_call *c, struct exempt_work *w,
		      struct diags *diags)
{
	struct program *p = c->program;
	struct fault f;
	int error = 0;

	*diags = (struct diags){ .arena = p->arena };
	*w = (struct exempt_work){ .arena = p->arena,
				   .who = exempt_who(p->arena),
				   .why = "",
				   .diags = diags,
				   .kernel.link.fd = -1 };
	if (c->changes) {
		c->lock = change_lock(p, CHANGE_LOCK_PATIENCE_MS, &f);
		error = c->lock < 0 ? c->lock : 0;
	}
	/* The kernel, too, refuses a user who may not lock, and says it better.
	 */
	if (error == -EACCES)
		exempt_kernel_open(&w->kernel, p, false, &f);
	if (!error)
		error = exempt_begin(w, p, c->changes, &f);
	return error ? exempt_call_fail(c, w, error, &f) : 0;
}

/* Where more was done the numbers are printed. */
#define DONE_LINES_MOST 20

static void exempt_print_done(const struct exempt_work *w)
{
	char text[RANGE_TEXT_MAX];

	for (size_t i = 0; i < w->done.n; i++) {
		const struct exempt_done *d = &w->done.items[i];
		const struct book_record *r = &d->record;

		if (d->what == EXEMPT_ADOPTED)
			continue;
		printf("%s: %s", cover_print(text, r->family, &r->range),
		       exempt_what_name(d->what));
		if (d->what != EXEMPT_REVOKED)
			printf(", %s", exempt_left_text(w->arena, r->expires_s,
							w->now_s));
		putchar('\n');
	}
}

static size_t exempt_count_done(const struct exempt_work *w,
				enum exempt_what what)
{
	size_t n = 0;

	for (size_t i = 0; i < w->done.n; i++)
		n += w->done.items[i].what == what;
	return n;
}

/* "3 added, 95 unchanged" */
static void exempt_print_counts(const struct exempt_work *w)
{
	const char *lead = "";

	for (int what = EXEMPT_ADDED; what < EXEMPT_ADOPTED; what++) {
		size_t n = exempt_count_done(w, (enum exempt_what)what);

		if (!n)
			continue;
		printf("%s%zu %s", lead, n,
		       exempt_what_name((enum exempt_what)what));
		lead = ", ";
	}
	puts(*lead ? "" : "nothing to do");
}

static json_t *exempt_done_json(const struct exempt_work *w)
{
	json_t *list = json_array();

	for (size_t i = 0; i < w->done.n; i++) {
		const struct exempt_done *d = &w->done.items[i];
		json_t *o = exempt_record_json(&d->record, w->now_s);

		json_object_set_new(o, "what",
				    json_string(exempt_what_name(d->what)));
		json_array_append_new(list, o);
	}
	return json_pack("{s:o}", "changes", list);
}

int exempt_call_finish(struct exempt_call *c, struct exempt_work *w)
{
	struct fault f;
	int error;

	if (w->diags->errors) {
		exempt_end(w);
		exempt_unlock(c);
		return exempt_answer(c, w, EXIT_NO, NULL);
	}
	error = exempt_settle(w, &f);
	if (error)
		return exempt_call_fail(c, w, error, &f);
	if (exempt_journal(c->program, w, &f))
		diag_warning(w->diags, NULL, "not-noted",
			     "it is done, and the journal has no line of it: "
			     "%s",
			     f.text);
	if (exempt_note_done(w, &f))
		diag_warning(w->diags, NULL, "not-known", "%s", f.text);
	exempt_end(w);
	if (!c->program->json && w->done.n > DONE_LINES_MOST)
		exempt_print_counts(w);
	else if (!c->program->json)
		exempt_print_done(w);
	return exempt_answer(c, w, EXIT_DONE,
			     c->program->json ? exempt_done_json(w) : NULL);
}

int exempt_read_file(struct arena *a, const char *path, struct source_text *out)
{
	int fd = !strcmp(path, "-") ? dup(STDIN_FILENO) :
				      open(path, O_RDONLY | O_CLOEXEC);
	const char *text;
	int error;

	if (fd < 0)
		return -errno;
	error = whole_file_read(fd, &text, &out->len);
	close(fd);
	if (error)
		return error;
	out->name = path;
	out->text = arena_strndup(a, text, out->len);
	free((void *)(uintptr_t)text);
	return 0;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "exempt_work.h"
#include "../kernel/applied.h"
#include "../../rules/base/arena.h"

#include <errno.h>
#include <time.h>

#define TRIES_MOST 20 /* while others keep changing the rules */
/* Ranges of a set; where more are touched the whole set is sent. */
#define TOUCHED_MOST 1000
/* Members of a set that is read in any case: some 30 ms. */
#define QUICK_READ_MOST 2000

/* ---- what the kernel had before there was a book ---- */

static int exempt_adopt_range(struct exempt_work *w, const char *class,
			      int family, const struct cover_range *r,
			      struct fault *f)
{
	struct book_record record = {
		.class = class,
		.family = family,
		.range = r->range,
		.said = { "", "adopted: the kernel had it", "", "", "" },
		.typed_by = w->who,
		.created_s = w->now_s,
		.expires_s = r->end_s,
	};
	const struct book_change c = { w->now_s, "adopt", w->who, "" };
	struct book_record there;
	int error = book_find(w->book, class, family, &r->range, &there, f);

	if (error || there.id)
		return error;
	error = book_add(w->book, &record, &c, f);
	if (!error)
		*arena_push(w->arena, &w->done) =
			(struct exempt_done){ EXEMPT_ADOPTED, record };
	return error;
}

static int exempt_adopt_family(struct exempt_work *w, const char *class,
			       int family, struct fault *f)
{
	struct cover members;
	int error = exempt_kernel_members(&w->kernel, class, family, w->now_ms,
					  &members, f);

	for (size_t i = 0; i < members.n && !error; i++)
		error = exempt_adopt_range(w, class, family, &members.items[i],
					   f);
	return error;
}

static int exempt_adopt_class(struct exempt_work *w, const char *class,
			      struct fault *f)
{
	size_t before = w->done.n;
	int error = book_begin(w->book, f);

	if (!error)
		error = exempt_adopt_family(w, class, 4, f);
	if (!error)
		error = exempt_adopt_family(w, class, 6, f);
	if (!error)
		error = book_note_class(w->book, class, w->now_s, f);
	if (!error)
		error = book_commit(w->book, f);
	if (error)
		book_rollback(w->book);
	else if (w->done.n > before)
		diag_warning(w->diags, NULL, "adopted",
			     "the book did not know class %s: its %zu members "
			     "in the kernel are taken over, with the time that "
			     "they have left",
			     class, w->done.n - before);
	return error;
}

static int exempt_adopt(struct exempt_work *w, struct fault *f)
{
	struct words classes = { 0 };
	bool knows;
	int error = 0;

	exempt_kernel_classes(&w->kernel, &classes);
	for (size_t i = 0; i < classes.n && !error; i++) {
		const char *class = classes.items[i].text;

		error = book_knows_class(w->book, class, &knows, f);
		if (!error && !knows)
			error = exempt_adopt_class(w, class, f);
	}
	return error;
}

/* ---- beginning and end ---- */

static void exempt_read_clock(struct exempt_work *w)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	w->now_s = (int64_t)now.tv_sec;
	w->now_ms = w->now_s * 1000 + now.tv_nsec / 1000000;
}

static int exempt_open_book(struct exempt_work *w, struct program *p,
			    struct fault *f)
{
	int error = applied_make_folder(p->state_dir);

	if (error)
		return fault_set(f, error, "cannot make \"%s\": %s",
				 p->state_dir, strerror(-error));
	return book_open(w->arena, p->state_dir, true, &w->book, f);
}

/*
 * A disk that cannot be written has the book all the same: who only reads gets
 * what it says, and is told that nothing was taken over from the kernel.
 */
static int exempt_open_to_read(struct exempt_work *w, struct program *p,
			       struct fault *f)
{
	int error = book_open(w->arena, p->state_dir, false, &w->book, f);

	if (!error)
		error = book_read_policy(w->book, &w->policy, f);
	if (!error)
		diag_warning(
			w->diags, NULL, "read-only",
			"the book cannot be written: members that only the "
			"kernel has are not in it");
	return error;
}

int exempt_begin(struct exempt_work *w, struct program *p, bool changes,
		 struct fault *f)
{
	int error = exempt_kernel_open(&w->kernel, p, changes, f);

	exempt_read_clock(w);
	if (error)
		return error;
	error = exempt_open_book(w, p, f);
	if (error == -EROFS && !changes)
		return exempt_open_to_read(w, p, f);
	if (!error)
		error = book_read_policy(w->book, &w->policy, f);
	return error ? error : exempt_adopt(w, f);
}

void exempt_end(struct exempt_work *w)
{
	book_close(w->book);
	exempt_kernel_close(&w->kernel);
}

/* ---- what is touched ---- */

static struct exempt_touched *exempt_touched_of(struct exempt_work *w,
						const char *class, int family)
{
	struct exempt_touched *t;

	for (size_t i = 0; i < w->touched.n; i++) {
		t = &w->touched.items[i];
		if (t->family == family && !strcmp(t->class, class))
			return t;
	}
	t = arena_push(w->arena, &w->touched);
	t->class = class;
	t->family = family;
	return t;
}

void exempt_touch(struct exempt_work *w, const char *class, int family,
		  const struct range6 *range)
{
	*arena_push(w->arena, &exempt_touched_of(w, class, family)->ranges) =
		(struct cover_range){ .range = *range };
}

/* Widens a range until no record goes across its edge. */
static int exempt_widen(struct exempt_work *w, const struct exempt_touched *t,
			struct range6 *range, struct fault *f)
{
	struct range6 before;
	int error;

	do {
		struct book_records met = { 0 };

		before = *range;
		error = book_meeting(w->book, t->class, t->family, range,
				     w->now_s, &met, f);
		for (size_t i = 0; i < met.n && !error; i++) {
			const struct range6 *r = &met.items[i].range;

			if (addr6_compare(&r->first, &range->first) < 0)
				range->first = r->first;
			if (addr6_compare(&r->last, &range->last) > 0)
				range->last = r->last;
		}
	} while (!error && memcmp(&before, range, sizeof(before)));
	return error;
}

/* The cover of the parts that are touched, as the book has it now. */
static int exempt_cover_parts(struct exempt_work *w,
			      const struct exempt_touched *t, struct cover *out,
			      struct fault *f)
{
	struct cover ranges = { 0 };
	int error = 0;

	for (size_t i = 0; i < t->parts.n && !error; i++) {
		struct book_records met = { 0 };

		error = book_meeting(w->book, t->class, t->family,
				     &t->parts.items[i].range, w->now_s, &met,
				     f);
		for (size_t k = 0; k < met.n; k++)
			*arena_push(w->arena, &ranges) =
				(struct cover_range){ met.items[k].range,
						      met.items[k].expires_s,
						      met.items[k].id };
	}
	cover_make(w->arena, t->family, &ranges, out);
	return error;
}

static int exempt_find_parts(struct exempt_work *w, struct exempt_touched *t,
			     struct fault *f)
{
	struct cover wide = { 0 };
	int error = 0;

	t->whole = t->ranges.n > TOUCHED_MOST;
	if (t->whole)
		return 0;
	for (size_t i = 0; i < t->ranges.n && !error; i++) {
		struct cover_range r = t->ranges.items[i];

		error = exempt_widen(w, t, &r.range, f);
		*arena_push(w->arena, &wide) = r;
	}
	cover_join(w->arena, &wide, &t->parts);
	return error ? error : exempt_cover_parts(w, t, &t->before, f);
}

int exempt_touched(struct exempt_work *w, struct fault *f)
{
	int error = book_begin(w->book, f);

	for (size_t i = 0; i < w->touched.n && !error; i++)
		error = exempt_find_parts(w, &w->touched.items[i], f);
	return error;
}

/* ---- the kernel ---- */

static int exempt_cover(struct exempt_work *w, const char *class, int family,
			struct cover *out, struct fault *f)
{
	struct cover ranges = { 0 };
	int error = book_ranges(w->book, class, family, w->now_s, &ranges, f);

	cover_make(w->arena, family, &ranges, out);
	return error;
}

static int exempt_delta_of(struct exempt_work *w,
			   const struct exempt_touched *t,
			   struct exempt_delta *out, struct fault *f)
{
	struct cover after;
	int error;

	*out = (struct exempt_delta){ .class = t->class,
				      .family = t->family,
				      .whole = t->whole };
	if (t->whole)
		return exempt_cover(w, t->class, t->family, &out->come, f);
	error = exempt_cover_parts(w, t, &after, f);
	cover_difference(w->arena, &t->before, &after, &out->gone, &out->come);
	return error;
}

/* Lists the changes, by the book alone, or by what the sets are found to hold.
 */
static int exempt_deltas_make(struct exempt_work *w, bool read,
			      struct exempt_deltas *out, struct fault *f)
{
	int error = 0;

	*out = (struct exempt_deltas){ 0 };
	for (size_t i = 0; i < w->touched.n && !error; i++) {
		const struct exempt_touched *t = &w->touched.items[i];
		struct cover cover;

		if (!exempt_set(&w->kernel, t->class, t->family))
			continue;
		if (!read) {
			error = exempt_delta_of(w, t, arena_push(w->arena, out),
						f);
			continue;
		}
		error = exempt_cover(w, t->class, t->family, &cover, f);
		if (!error)
			error = exempt_delta_read(&w->kernel, t->class,
						  t->family, &cover, w->now_ms,
						  arena_push(w->arena, out), f);
	}
	return error;
}

/* Did the sets hold other members than the book says? */
static bool exempt_differed(int error)
{
	return error == -ENOENT || error == -EEXIST || error == -ENOBUFS;
}

/* With read the sets are read first; they are, too, where the kernel refuses.
 */
static int exempt_make_kernel(struct exempt_work *w, bool read,
			      struct exempt_deltas *deltas, struct fault *f)
{
	int error = -ERESTART;

	for (int i = 0; i < TRIES_MOST; i++) {
		int again = i ? exempt_kernel_read(&w->kernel, f) : 0;

		if (!again)
			again = exempt_deltas_make(w, read, deltas, f);
		if (again)
			return again;
		error = exempt_send(&w->kernel, deltas, w->now_ms, f);
		if (!transaction_try_again(error) && !exempt_differed(error))
			return error;
		read = read || exempt_differed(error);
	}
	return error;
}

int exempt_settle(struct exempt_work *w, struct fault *f)
{
	struct exempt_deltas deltas;
	struct fault aside;
	int error = exempt_make_kernel(w, false, &deltas, f);

	if (error) {
		book_rollback(w->book);
		return error;
	}
	error = book_commit(w->book, f);
	if (!error)
		return 0;
	/* The book did not take it: the kernel gets back what that has. */
	book_rollback(w->book);
	exempt_make_kernel(w, true, &deltas, &aside);
	return error;
}

/* ---- all of it ---- */

/* Is a set large, and has as many members as the book says? */
static bool exempt_looks_equal(const struct exempt_work *w, const char *class,
			       int family, const struct cover *cover)
{
	const struct present_set *s = exempt_set(&w->kernel, class, family);

	return s && s->has_count && s->count == cover->n &&
	       cover->n > QUICK_READ_MOST;
}

static int exempt_sync_touch(struct exempt_work *w, const char *class,
			     int family, bool quick, struct fault *f)
{
	struct cover cover = { 0 };
	int error = quick ? exempt_cover(w, class, family, &cover, f) : 0;

	if (!error && (!quick || !exempt_looks_equal(w, class, family, &cover)))
		exempt_touched_of(w, class, family);
	return error;
}

int exempt_sync(struct exempt_work *w, bool quick, struct exempt_syncs *out,
		struct fault *f)
{
	struct words classes = { 0 };
	struct exempt_deltas deltas = { 0 };
	int error = 0;

	exempt_kernel_classes(&w->kernel, &classes);
	for (size_t i = 0; i < 2 * classes.n && !error; i++)
		error = exempt_sync_touch(w, classes.items[i / 2].text,
					  i % 2 ? 6 : 4, quick, f);
	if (!error)
		error = exempt_make_kernel(w, true, &deltas, f);
	for (size_t i = 0; i < deltas.n && !error; i++) {
		const struct exempt_delta *d = &deltas.items[i];

		if (d->gone.n || d->come.n)
			*arena_push(w->arena, out) =
				(struct exempt_synced){ d->class, d->family,
							d->come.n, d->gone.n };
	}
	return error;
}

int exempt_members(struct exempt_work *w, const char *class, int family,
		   struct set_members *out, struct fault *f)
{
	struct cover cover;
	int error = exempt_cover(w, class, family, &cover, f);

	if (!error)
		cover_members(w->arena, family, &cover, w->now_ms, out);
	return error;
}

int exempt_note_policy(struct exempt_work *w, const struct book_policy *policy,
		       struct fault *f)
{
	const struct book_policy *was = &w->policy;
	int error;

	if (!strcmp(policy->name, was->name) &&
	    !strcmp(policy->place, was->place) &&
	    policy->most_s == was->most_s &&
	    !strcmp(policy->judged, was->judged))
		return 0;
	error = book_begin(w->book, f);
	if (!error)
		error = book_write_policy(w->book, policy, f);
	if (!error)
		error = book_commit(w->book, f);
	if (error)
		book_rollback(w->book);
	return error;
}

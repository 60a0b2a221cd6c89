/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "exempt_kernel.h"
#include "../../rules/base/arena.h"
#include "../../rules/emit/emit_netlink.h"
#include "../kernel/kernel_error.h"

#include <errno.h>
#include <linux/netfilter/nf_tables.h>

#define END_SLACK_S 2

/* The first sentence of what the kernel said. */
static int exempt_kernel_fault(struct exempt_kernel *k,
			       const struct kernel_errors *errors, int error,
			       struct fault *f)
{
	struct diags diags = { .arena = k->arena };

	kernel_error_diags(&diags, errors, error);
	k->code = diags.items[0].code;
	return fault_set(f, error, "%s%s%s", diags.items[0].message,
			 diags.items[0].help ? "; " : "",
			 diags.items[0].help ? diags.items[0].help : "");
}

static int exempt_kernel_plain(struct exempt_kernel *k, int error,
			       struct fault *f)
{
	return exempt_kernel_fault(k, &(struct kernel_errors){ 0 }, error, f);
}

/* ---- the table ---- */

int exempt_kernel_read(struct exempt_kernel *k, struct fault *f)
{
	int error;

	k->reading = (struct reading){ .arena = k->arena };
	error = kernel_read(&k->netlink, k->arena, &k->reading);
	k->family = error ? -1 : reading_family(&k->reading);
	return error ? exempt_kernel_plain(k, error, f) : 0;
}

static int exempt_kernel_guard(struct exempt_kernel *k, struct program *p,
			       struct fault *f)
{
	int error = guard_connect(&k->link, p->run_dir, &k->netlink);

	return error ? fault_set(f, error, "the guard does not answer: %s",
				 strerror(-error)) :
		       0;
}

int exempt_kernel_open(struct exempt_kernel *k, struct program *p, bool changes,
		       struct fault *f)
{
	int error;

	*k = (struct exempt_kernel){ .arena = p->arena,
				     .link.fd = -1,
				     .family = -1 };
	error = netlink_open(&k->netlink);
	if (error)
		return exempt_kernel_plain(k, error, f);
	error = changes ? exempt_kernel_guard(k, p, f) : 0;
	return error ? error : exempt_kernel_read(k, f);
}

void exempt_kernel_close(struct exempt_kernel *k)
{
	guard_disconnect(&k->link);
	netlink_close(&k->netlink);
}

static const char *exempt_set_text(struct arena *a, const char *class,
				   int family)
{
	return arena_printf(a, "%s.v%d", class, family);
}

const struct present_set *exempt_set(const struct exempt_kernel *k,
				     const char *class, int family)
{
	const char *name = exempt_set_text(k->arena, class, family);
	const struct present *p;

	if (k->family < 0)
		return NULL;
	p = &k->reading.tables[k->family];
	for (size_t i = 0; i < p->sets.n; i++)
		if (!strcmp(p->sets.items[i].name, name) &&
		    members_are_in(&p->sets.items[i]))
			return &p->sets.items[i];
	return NULL;
}

bool exempt_has_class(const struct exempt_kernel *k, const char *class)
{
	return exempt_set(k, class, 4) && exempt_set(k, class, 6);
}

void exempt_kernel_classes(const struct exempt_kernel *k, struct words *out)
{
	const struct present *p =
		k->family < 0 ? NULL : &k->reading.tables[k->family];

	for (size_t i = 0; p && i < p->sets.n; i++) {
		const struct present_set *s = &p->sets.items[i];
		size_t n = strlen(s->name);
		const char *class;

		if (n < 4 || strcmp(s->name + n - 3, ".v4") ||
		    !members_are_in(s))
			continue;
		class = arena_strndup(k->arena, s->name, n - 3);
		if (strcmp(class, EXEMPT_NOT_OURS))
			arena_push(k->arena, out)->text = class;
	}
}

/* ---- reading sets ---- */

int exempt_kernel_members(struct exempt_kernel *k, const char *class,
			  int family, int64_t now_ms, struct cover *out,
			  struct fault *f)
{
	struct members members = { 0 };
	int error = members_read(&k->netlink, k->arena, (enum family)k->family,
				 exempt_set_text(k->arena, class, family),
				 family, &members);

	*out = (struct cover){ 0 };
	if (error)
		return exempt_kernel_plain(k, error, f);
	for (size_t i = 0; i < members.n; i++) {
		const struct member *m = &members.items[i];
		int64_t end_ms = now_ms + (int64_t)m->expires_ms;

		*arena_push(k->arena, out) = (struct cover_range){
			m->range,
			m->expires_ms ? (end_ms + 999) / 1000 : EXEMPT_STAYS, 0
		};
	}
	return 0;
}

/* Is it a set of addresses whose name is the start, or goes on with a dot? */
static bool exempt_is_set_of(const struct present_set *s, const char *start)
{
	size_t n = strlen(start);

	return !strncmp(s->name, start, n) &&
	       (!s->name[n] || s->name[n] == '.') && !(s->flags & NFT_SET_MAP);
}

/* Has one of the class's sets the address, "a.v4" or "a.v4.hosts"? */
static int exempt_kernel_has(struct exempt_kernel *k, const char *class,
			     int family, const struct addr6 *addr, bool *yes,
			     struct fault *f)
{
	const struct present *p = &k->reading.tables[k->family];
	const char *start = exempt_set_text(k->arena, class, family);
	int error = 0;

	for (size_t i = 0; i < p->sets.n && !*yes && !error; i++) {
		const struct present_set *s = &p->sets.items[i];

		if (!exempt_is_set_of(s, start))
			continue;
		error = members_have(&k->netlink, (enum family)k->family, s,
				     family, addr, yes);
	}
	return error ? exempt_kernel_plain(k, error, f) : 0;
}

int exempt_kernel_judges(struct exempt_kernel *k, const char *classes,
			 int family, const struct addr6 *addr, bool *yes,
			 struct fault *f)
{
	int error = 0;

	*yes = !strcmp(classes, "*");
	while (*classes && !*yes && !error) {
		size_t n = strcspn(classes, " ");

		if (n)
			error = exempt_kernel_has(
				k, arena_strndup(k->arena, classes, n), family,
				addr, yes, f);
		classes += n + (classes[n] == ' ');
	}
	return error;
}

/* ---- changes ---- */

static bool ends_alike(int64_t a, int64_t b)
{
	if (a == EXEMPT_STAYS || b == EXEMPT_STAYS)
		return a == b;
	return a - b <= END_SLACK_S && b - a <= END_SLACK_S;
}

/* Ends of the kernel's that are near those of the book become these. */
static void exempt_take_ends(struct cover *kernel, const struct cover *book)
{
	size_t k = 0;

	for (size_t i = 0; i < kernel->n; i++) {
		struct cover_range *r = &kernel->items[i];

		while (k < book->n && addr6_compare(&book->items[k].range.first,
						    &r->range.first) < 0)
			k++;
		if (k < book->n && ends_alike(book->items[k].end_s, r->end_s))
			r->end_s = book->items[k].end_s;
	}
}

int exempt_delta_read(struct exempt_kernel *k, const char *class, int family,
		      const struct cover *cover, int64_t now_ms,
		      struct exempt_delta *out, struct fault *f)
{
	struct cover now;
	int error = exempt_kernel_members(k, class, family, now_ms, &now, f);

	*out = (struct exempt_delta){ .class = class, .family = family };
	if (error)
		return error;
	exempt_take_ends(&now, cover);
	cover_difference(k->arena, &now, cover, &out->gone, &out->come);
	return 0;
}

static void exempt_put(struct exempt_kernel *k, struct batch *b,
		       const struct exempt_delta *d, const struct cover *cover,
		       bool remove, int64_t now_ms)
{
	struct set_members members;
	struct elements to = {
		.family = (enum family)k->family,
		.set = exempt_set_text(k->arena, d->class, d->family),
		.interval = true,
		.remove = remove,
	};

	if (!cover->n)
		return;
	/* A range that goes is named whether its time is over or not. */
	cover_members(k->arena, d->family, cover, remove ? 0 : now_ms,
		      &members);
	if (!remove)
		to.timeouts_ms = members.timeouts_ms;
	netlink_ranges4(b, &to, &members.v4);
	netlink_ranges6(b, &to, &members.v6);
}

static int exempt_put_all(struct exempt_kernel *k, struct batch *b,
			  const struct exempt_deltas *deltas, int64_t now_ms)
{
	int n = 0;

	for (size_t i = 0; i < deltas->n; i++) {
		const struct exempt_delta *d = &deltas->items[i];

		if (!exempt_set(k, d->class, d->family))
			continue;
		n += d->whole || d->gone.n || d->come.n;
		if (d->whole)
			netlink_set_flush(
				b, (enum family)k->family,
				exempt_set_text(k->arena, d->class, d->family),
				NULL);
		else
			exempt_put(k, b, d, &d->gone, true, now_ms);
		exempt_put(k, b, d, &d->come, false, now_ms);
	}
	return n;
}

/* Says which set is full, and by how much. */
static int exempt_full(struct exempt_kernel *k,
		       const struct exempt_deltas *deltas,
		       const struct kernel_errors *errors, struct fault *f)
{
	for (size_t i = 0; i < errors->n; i++) {
		const struct kernel_error *e = &errors->items[i];

		for (size_t d = 0; d < deltas->n && e->error == ENFILE; d++) {
			const struct present_set *s =
				exempt_set(k, deltas->items[d].class,
					   deltas->items[d].family);

			if (!s || !e->note || !e->note->name ||
			    strcmp(s->name, e->note->name))
				continue;
			k->code = "set-full";
			return fault_set(
				f, -ENOSPC,
				"set %s is full: its size is %u, and %zu "
				"more do not fit (Linux before 6.14 may "
				"take two for a member); raise its size in "
				"the policy, \"class %s dynamic size %u\"",
				s->name, s->size, deltas->items[d].come.n,
				deltas->items[d].class, s->size * 2);
		}
	}
	return 0;
}

static int exempt_commit(struct exempt_kernel *k, struct batch *b,
			 const struct exempt_deltas *deltas, struct fault *f)
{
	struct kernel_errors errors = { 0 };
	int error = batch_error(b), full;

	if (!error)
		error = transaction_commit(&k->netlink, b, &errors);
	if (!error)
		return 0;
	full = exempt_full(k, deltas, &errors, f);
	return full ? full : exempt_kernel_fault(k, &errors, error, f);
}

int exempt_send(struct exempt_kernel *k, const struct exempt_deltas *deltas,
		int64_t now_ms, struct fault *f)
{
	struct batch *b = batch_new(k->reading.generation);
	int error = 0;

	if (!b)
		return fault_no_memory(f);
	if (exempt_put_all(k, b, deltas, now_ms)) {
		batch_finish(b);
		error = exempt_commit(k, b, deltas, f);
	}
	batch_free(b);
	return error;
}

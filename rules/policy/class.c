/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "../base/arena.h"
#include "check.h"
#include "../text/habit.h"
#include "../text/parse.h"
#include "../base/units.h"
#include "special_purpose.h"

#include <errno.h>
#include <string.h>

#define CLASS_NAME_BYTES  40 /* the kernel's set names have 255 */
#define DYNAMIC_SIZE	  65535
#define DYNAMIC_SIZE_MOST (16 * 1024 * 1024)
#define CLASSES_MOST	  1000
#define TAKEN_OVER_MOST	  (8 * 1024 * 1024) /* ranges of classes in classes */

/*
 * Fewer single addresses than this among prefixes are not worth a second
 * lookup in a hash set of their own.
 */
#define HOSTS_WORTH_A_SET 1000

enum { CLASS_UNREAD, CLASS_READING, CLASS_READ };

/* ---- members ---- */

static void add_interface(struct check *c, struct class *class,
			  const struct word *word)
{
	if (!interface_is_good(word->text, true)) {
		diag_error(c->diags, &word->span, "bad-interface",
			   "\"%.40s\" is not an interface's name", word->text)
			->help =
			"1 to 15 letters, digits and marks; a \"*\" at "
			"its end stands for any rest";
		return;
	}
	*arena_push(c->arena, &class->interfaces) = *word;
}

static void class_append(struct check *c, struct raw *raw, struct class *to,
			 const struct class *from)
{
	for (size_t i = 0; i < from->hosts4.n; i++)
		ranges4_push(c->arena, &raw->v4, from->hosts4.items[i]);
	for (size_t i = 0; i < from->nets4.n; i++)
		ranges4_push(c->arena, &raw->v4, from->nets4.items[i]);
	for (size_t i = 0; i < from->hosts6.n; i++)
		ranges6_push(c->arena, &raw->v6, from->hosts6.items[i]);
	for (size_t i = 0; i < from->nets6.n; i++)
		ranges6_push(c->arena, &raw->v6, from->nets6.items[i]);
	for (size_t i = 0; i < from->interfaces.n; i++)
		*arena_push(c->arena, &to->interfaces) =
			from->interfaces.items[i];
}

struct class *find_class(struct check *c, const char *name)
{
	for (size_t i = 0; i < c->policy->classes.n; i++) {
		struct class *class = c->policy->classes.items[i];

		if (!class->literal && !strcmp(class->name, name))
			return class;
	}
	return NULL;
}

static void class_read(struct check *c, size_t index);

static void add_class(struct check *c, struct class *class, struct raw *raw,
		      struct class *member, const struct span *at)
{
	if (member->kind != CLASS_STATIC) {
		diag_error(c->diags, at, "bad-member",
			   "class %s is %s and cannot be a member of another",
			   member->name,
			   member->kind == CLASS_ANY ? "everything" : "dynamic")
			->help = "name both classes in the clause: \"from a "
				 "b\"";
		return;
	}
	for (size_t i = 0; i < c->decl.classes.n; i++) {
		if (c->policy->classes.items[i] != member)
			continue;
		if (c->class_state[i] == CLASS_READING) {
			diag_error(c->diags, at, "class-loop",
				   "class %s holds itself", member->name);
			return;
		}
		class_read(c, i);
	}
	member->uses++;
	if (c->taken_over > TAKEN_OVER_MOST)
		return; /* said */
	c->taken_over += member->hosts4.n + member->nets4.n + member->hosts6.n +
			 member->nets6.n + member->interfaces.n;
	if (c->taken_over > TAKEN_OVER_MOST) {
		diag_error(c->diags, at, "too-many",
			   "classes take over at most %d members of other "
			   "classes, and with these it is more",
			   TAKEN_OVER_MOST)
			->help = "name both classes in the clause: \"from a "
				 "b\"";
		return;
	}
	class_append(c, raw, class, member);
}

static const char *class_help(struct check *c, const char *text)
{
	size_t n = 0, all = c->policy->classes.n;
	const char **names = arena_alloc(c->arena, all * sizeof(*names) + 1);
	const char *habit;

	for (size_t i = 0; i < all; i++)
		/* Everything is never what somebody meant to write. */
		if (!c->policy->classes.items[i]->literal &&
		    c->policy->classes.items[i]->kind != CLASS_ANY)
			names[n++] = c->policy->classes.items[i]->name;
	habit = habit_help(c->arena, HABIT_MEMBER, text, strlen(text));
	return habit ? habit :
		       did_you_mean(c->arena, text, strlen(text), names, n,
				    "declare it: class NAME { ... }");
}

static bool looks_like_address(const char *text)
{
	size_t len = strlen(text);

	return memchr(text, ':', len) ||
	       ((*text >= '0' && *text <= '9') && strpbrk(text, "./"));
}

static const char *address_help(struct check *c, enum addr_error error,
				const char *text)
{
	const char *habit =
		habit_help(c->arena, HABIT_MEMBER, text, strlen(text));

	return habit ? habit : addr_help(c->arena, error, text);
}

/* A word that is neither a class nor an address. */
static void unknown_member(struct check *c, const struct word *word,
			   enum addr_error error)
{
	if (looks_like_address(word->text))
		diag_error(c->diags, &word->span, "bad-address", "\"%.60s\" %s",
			   word->text, addr_error_text(error))
			->help = address_help(c, error, word->text);
	else
		diag_error(c->diags, &word->span, "unknown-class",
			   "\"%.60s\" is neither a class nor an address",
			   word->text)
			->help = class_help(c, word->text);
}

static void add_address(struct check *c, struct raw *raw,
			const struct word *word)
{
	struct addr_range range;
	enum addr_error error =
		range_parse(word->text, strlen(word->text), &range);

	if (error) {
		unknown_member(c, word, error);
		return;
	}
	if (range.host_bits)
		warn_host_bits(c, &word->span, word->text, strlen(word->text),
			       &range);
	raw_add(c, raw, &range);
}

static void class_add_word(struct check *c, struct class *class,
			   struct raw *raw, const struct word *word)
{
	struct class *member = find_class(c, word->text);

	if (member)
		add_class(c, class, raw, member, &word->span);
	else
		add_address(c, raw, word);
}

/* ---- raw ranges to hosts and nets ---- */

static void note_overlaps(struct check *c, const struct class *class,
			  size_t overlaps, const char *example)
{
	if (overlaps == 1)
		diag_warning(c->diags, &class->span, "class-overlap",
			     "class %s names %s twice, or a network around it",
			     class->name, example);
	else if (overlaps)
		diag_warning(c->diags, &class->span, "class-overlap",
			     "%zu members of class %s repeat others or lie "
			     "in them, %s first",
			     overlaps, class->name, example);
}

/* Splits singles from prefixes, in place for the prefixes. */
static void split4(struct check *c, struct ranges4 *all, struct ranges4 *hosts)
{
	size_t kept = 0;

	for (size_t i = 0; i < all->n; i++)
		if (range4_is_single(&all->items[i]))
			ranges4_push(c->arena, hosts, all->items[i]);
		else
			all->items[kept++] = all->items[i];
	all->n = kept;
}

static void split6(struct check *c, struct ranges6 *all, struct ranges6 *hosts)
{
	size_t kept = 0;

	for (size_t i = 0; i < all->n; i++)
		if (range6_is_single(&all->items[i]))
			ranges6_push(c->arena, hosts, all->items[i]);
		else
			all->items[kept++] = all->items[i];
	all->n = kept;
}

static bool apart(size_t hosts, size_t all)
{
	return hosts == all || hosts > HOSTS_WORTH_A_SET;
}

static void finish4(struct check *c, struct class *class, struct ranges4 *all)
{
	struct range4 example = { 0 };
	char text[RANGE_TEXT_MAX];
	size_t hosts = 0, overlaps;

	for (size_t i = 0; i < all->n; i++)
		hosts += range4_is_single(&all->items[i]);
	if (apart(hosts, all->n) && hosts < all->n)
		split4(c, all, &class->hosts4);
	if (hosts == all->n) {
		class->hosts4 = *all;
		*all = (struct ranges4){ 0 };
	}
	class->nets4 = *all;
	overlaps = ranges4_merge(c->arena, &class->hosts4, false, &example);
	overlaps += ranges4_merge(c->arena, &class->nets4, true, &example);
	range4_print(text, &example);
	note_overlaps(c, class, overlaps, text);
}

static void finish6(struct check *c, struct class *class, struct ranges6 *all)
{
	struct range6 example = { 0 };
	char text[RANGE_TEXT_MAX];
	size_t hosts = 0, overlaps;

	for (size_t i = 0; i < all->n; i++)
		hosts += range6_is_single(&all->items[i]);
	if (apart(hosts, all->n) && hosts < all->n)
		split6(c, all, &class->hosts6);
	if (hosts == all->n) {
		class->hosts6 = *all;
		*all = (struct ranges6){ 0 };
	}
	class->nets6 = *all;
	overlaps = ranges6_merge(c->arena, &class->hosts6, false, &example);
	overlaps += ranges6_merge(c->arena, &class->nets6, true, &example);
	range6_print(text, &example);
	note_overlaps(c, class, overlaps, text);
}

static void finish_class(struct check *c, struct class *class, struct raw *raw)
{
	class->all = arena_alloc(c->arena, sizeof(*class->all));
	finish4(c, class, &raw->v4);
	finish6(c, class, &raw->v6);
}

/* ---- declared classes ---- */

static void check_name(struct check *c, const struct class *class,
		       const struct word *name)
{
	struct class *first = find_class(c, name->text);

	if ((!*name->text && !name->quoted) || /* said by the parser */
	    !check_identifier(c, name, "class", CLASS_NAME_BYTES))
		return;
	if (is_reserved(name->text))
		diag_error(c->diags, &name->span, "reserved",
			   "\"%s\" is a word of the language and cannot name "
			   "a class",
			   name->text);
	else if (first && first != class)
		diag_error(c->diags, &name->span, "repeated",
			   "there is a class %s already, in line %u",
			   name->text, first->span.line);
}

static void class_read(struct check *c, size_t index)
{
	const struct decl_class *decl = &c->decl.classes.items[index];
	struct class *class = c->policy->classes.items[index];
	struct raw raw = { 0 };

	if (c->class_state[index] != CLASS_UNREAD)
		return;
	c->class_state[index] = CLASS_READING;
	for (size_t i = 0; i < decl->members.n; i++) {
		const struct decl_member *m = &decl->members.items[i];

		switch (m->kind) {
		case MEMBER_WORD:
			class_add_word(c, class, &raw, &m->word);
			break;
		case MEMBER_INTERFACE:
			add_interface(c, class, &m->word);
			break;
		case MEMBER_FILE:
			class_file_read(c, &m->word, &raw);
			break;
		}
	}
	finish_class(c, class, &raw);
	c->class_state[index] = CLASS_READ;
}

static void declare(struct check *c, const struct decl_class *decl)
{
	struct class *class = arena_alloc(c->arena, sizeof(*class));

	class->name = decl->name.text;
	class->span = decl->name.span;
	class->kind = decl->dynamic ? CLASS_DYNAMIC : CLASS_STATIC;
	class->size = check_number(c, &decl->size, 1, DYNAMIC_SIZE_MOST,
				   DYNAMIC_SIZE);
	class->users = check_number(c, &decl->users, 1, 1000000, 0);
	if (decl->size.text && !decl->dynamic)
		diag_error(c->diags, &decl->size.span, "unexpected",
			   "only a dynamic class has a size; this one is as "
			   "large as its members");
	*arena_push(c->arena, &c->policy->classes) = class;
	check_name(c, class, &decl->name);
}

/* ---- built-in classes ---- */

static struct class *add_builtin(struct check *c, const char *name,
				 enum class_kind kind)
{
	struct class *class = arena_alloc(c->arena, sizeof(*class));

	class->name = name;
	class->kind = kind;
	class->builtin = true;
	class->size = DYNAMIC_SIZE;
	*arena_push(c->arena, &c->policy->classes) = class;
	return class;
}

static void add_builtins(struct check *c)
{
	struct class *private, *internet;
	struct raw raw = { 0 };

	add_builtin(c, "any", CLASS_ANY);
	add_builtin(c, "flagged", CLASS_DYNAMIC);
	private = add_builtin(c, "private", CLASS_STATIC);
	internet = add_builtin(c, "internet", CLASS_STATIC);
	for (size_t i = 0;
	     i < sizeof(private_members) / sizeof(*private_members); i++) {
		struct addr_range r;

		range_parse(private_members[i], strlen(private_members[i]), &r);
		raw_add(c, &raw, &r);
	}
	finish_class(c, private, &raw);
	internet->all = private->all; /* neither has hosts of its own */
	ranges4_complement(c->arena, &private->nets4, &internet->nets4);
	ranges6_complement(c->arena, &private->nets6, &internet->nets6);
}

void check_classes(struct check *c)
{
	size_t n = c->decl.classes.n;

	if (n > CLASSES_MOST) {
		diag_error(c->diags,
			   &c->decl.classes.items[CLASSES_MOST].name.span,
			   "too-many", "a policy has at most %d classes",
			   CLASSES_MOST)
			->help = "a class may have a million members";
		n = c->decl.classes.n = CLASSES_MOST;
	}
	for (size_t i = 0; i < n; i++)
		declare(c, &c->decl.classes.items[i]);
	add_builtins(c);
	c->class_state = arena_alloc(c->arena, n * sizeof(int) + 1);
	for (size_t i = 0; i < n; i++)
		class_read(c, i);
}

/* ---- references ---- */

/* Addresses in a clause are a class without a name of its own. */
static struct class *literal_class(struct check *c, const struct words *words,
				   struct raw *raw)
{
	struct class *class = arena_alloc(c->arena, sizeof(*class));
	const char *name = "";

	for (size_t i = 0; i < words->n; i++)
		if (!find_class(c, words->items[i].text))
			name = arena_printf(c->arena, "%s%s%s", name,
					    *name ? " " : "",
					    words->items[i].text);
	for (size_t i = 0; i < c->policy->classes.n; i++)
		if (c->policy->classes.items[i]->literal &&
		    !strcmp(c->policy->classes.items[i]->name, name))
			return c->policy->classes.items[i];
	class->name = name;
	class->span = words->items[0].span;
	class->kind = CLASS_STATIC;
	class->literal = true;
	finish_class(c, class, raw);
	*arena_push(c->arena, &c->policy->classes) = class;
	return class;
}

void resolve_refs(struct check *c, const struct words *words,
		  struct class_refs *out)
{
	struct raw raw = { 0 };
	bool any = false;

	if (!words->n)
		return;
	out->span = words->items[0].span;
	for (size_t i = 0; i < words->n; i++) {
		const struct word *word = &words->items[i];
		struct class *class = find_class(c, word->text);

		if (!class) {
			add_address(c, &raw, word);
			continue;
		}
		class->uses++;
		any = any || class->kind == CLASS_ANY;
		*arena_push(c->arena, out) = class;
	}
	if (raw.v4.n || raw.v6.n) {
		struct class *class = literal_class(c, words, &raw);

		class->uses++;
		*arena_push(c->arena, out) = class;
	}
	if (any)
		out->n = 0;
}

const struct ranges4 *class_ranges4(struct arena *a, const struct class *class)
{
	struct ranges4 *all = &class->all->v4;

	if (!class->hosts4.n)
		return &class->nets4;
	if (!class->nets4.n)
		return &class->hosts4;
	if (all->n)
		return all;
	for (size_t i = 0; i < class->hosts4.n; i++)
		ranges4_push(a, all, class->hosts4.items[i]);
	for (size_t i = 0; i < class->nets4.n; i++)
		ranges4_push(a, all, class->nets4.items[i]);
	ranges4_merge(a, all, true, NULL);
	return all;
}

const struct ranges6 *class_ranges6(struct arena *a, const struct class *class)
{
	struct ranges6 *all = &class->all->v6;

	if (!class->hosts6.n)
		return &class->nets6;
	if (!class->nets6.n)
		return &class->hosts6;
	if (all->n)
		return all;
	for (size_t i = 0; i < class->hosts6.n; i++)
		ranges6_push(a, all, class->hosts6.items[i]);
	for (size_t i = 0; i < class->nets6.n; i++)
		ranges6_push(a, all, class->nets6.items[i]);
	ranges6_merge(a, all, true, NULL);
	return all;
}

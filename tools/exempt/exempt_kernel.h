/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sets of dynamic classes in the kernel, made as the book has them.
 * Functions return 0 or -errno, and fill the sentence of the fault.
 */
#ifndef MAILWALL_EXEMPT_KERNEL_H
#define MAILWALL_EXEMPT_KERNEL_H

#include "../book/book.h"
#include "../program/program.h"
#include "../kernel/members.h"
#include "../kernel/transaction.h"
#include "../route/guard_client.h"

/* The class of quarantine: it is not the book's. */
#define EXEMPT_NOT_OURS "flagged"

/* The kernel's table now; family is that of ours, or -1. */
struct exempt_kernel {
	struct arena *arena;
	struct netlink netlink;
	struct guard_link link; /* its transactions go there, if it runs */
	struct reading reading;
	int family;
	const char *code; /* code of its last refusal; NULL: none */
};

/*
 * Opens the way to the kernel and reads the table; who changes nothing does not
 * ask the guard, which may be waiting for the answer itself.
 */
int exempt_kernel_open(struct exempt_kernel *k, struct program *p, bool changes,
		       struct fault *f);
int exempt_kernel_read(struct exempt_kernel *k, struct fault *f);
void exempt_kernel_close(struct exempt_kernel *k);

/* The set of a class and family, "exempt.v4"; NULL: the rules have none. */
const struct present_set *exempt_set(const struct exempt_kernel *k,
				     const char *class, int family);
/* Has the loaded policy the class? */
bool exempt_has_class(const struct exempt_kernel *k, const char *class);
/* The dynamic classes of the loaded policy that are the book's. */
void exempt_kernel_classes(const struct exempt_kernel *k, struct words *out);

/* Reads a set as ranges that end at a time. */
int exempt_kernel_members(struct exempt_kernel *k, const char *class,
			  int family, int64_t now_ms, struct cover *out,
			  struct fault *f);
/* Is the address in a set of a class that has fixed members? */
int exempt_kernel_judges(struct exempt_kernel *k, const char *classes,
			 int family, const struct addr6 *addr, bool *yes,
			 struct fault *f);

/* The change of one set. */
struct exempt_delta {
	const char *class;
	int family;
	bool whole; /* the set is emptied first; gone is not used */
	struct cover gone, come;
};
struct exempt_deltas {
	struct exempt_delta *items;
	size_t n, cap;
};

/*
 * Finds what makes the set of a class and family hold that cover: it reads it.
 * Ends that differ by two seconds or less are one.
 */
int exempt_delta_read(struct exempt_kernel *k, const char *class, int family,
		      const struct cover *cover, int64_t now_ms,
		      struct exempt_delta *out, struct fault *f);
/*
 * Sends changes as one transaction. -ENOENT, -EEXIST: the kernel does not have
 * what they go from. -ERESTART: read the table again. -ENOSPC: *f says which
 * set is full.
 */
int exempt_send(struct exempt_kernel *k, const struct exempt_deltas *deltas,
		int64_t now_ms, struct fault *f);

#endif

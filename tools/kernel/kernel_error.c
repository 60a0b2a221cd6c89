/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel_error.h"

#include <errno.h>
#include <string.h>

static const char *kernel_error_object(enum batch_object object)
{
	switch (object) {
	case BATCH_TABLE:
		return "the table";
	case BATCH_COUNTER:
		return "counter";
	case BATCH_SET:
		return "set";
	case BATCH_ELEMENTS:
		return "elements of set";
	case BATCH_CHAIN:
		return "chain";
	case BATCH_RULE:
		return "a rule in chain";
	}
	return "";
}

/* Errors of system calls and of messages, and what to do about them. */
static const struct kernel_error_row {
	int error;
	const char *text;
	const char *help; /* NULL: the text says it, or there is nothing */
} kernel_error_rows[] = {
	{ EPERM,
	  "not permitted: the kernel's rules need the capability CAP_NET_ADMIN "
	  "in this network namespace (run as root)",
	  NULL },
	{ EACCES,
	  "not permitted: the kernel's rules need the capability CAP_NET_ADMIN "
	  "in this network namespace (run as root)",
	  NULL },
	{ EPROTONOSUPPORT, "this kernel has no nf_tables (module nf_tables)",
	  NULL },
	{ EAFNOSUPPORT, "this kernel has no nf_tables (module nf_tables)",
	  NULL },
	{ EOPNOTSUPP, "this kernel does not support it",
	  "load the kernel's modules for nf_tables, or take a newer kernel" },
	{ ENFILE, "the set is full: it has more elements than its size",
	  "remove members, or give the class a larger size" },
	{ EMSGSIZE,
	  "the transaction is larger than a socket may send; raise "
	  "net.core.wmem_max or run as root",
	  NULL },
	{ ENOBUFS,
	  "the kernel's answer was lost; mailwall status tells what is loaded",
	  NULL },
	{ ERESTART,
	  "other programs keep changing the rules; nothing was changed, try "
	  "again",
	  NULL },
	{ EINTR,
	  "other programs keep changing the rules; nothing was changed, try "
	  "again",
	  NULL },
	{ ENOMEM, "out of memory", NULL },
	{ EBUSY, "in use: rules that are not ours refer to it",
	  "nft list ruleset shows them" },
	{ EEXIST, "is there already, or overlaps what is", NULL },
	{ ENOENT, "the kernel does not find it",
	  "another program changed the table: mailwall apply mends it" },
	{ ENODEV, "there is no such device", NULL },
	{ EINVAL, "the kernel takes it for invalid",
	  "it may be newer than this kernel" },
	{ EMLINK, "chains jump deeper than the kernel follows", NULL },
};

static const struct kernel_error_row *kernel_error_row(int error)
{
	const size_t n =
		sizeof(kernel_error_rows) / sizeof(kernel_error_rows[0]);

	for (size_t i = 0; i < n; i++)
		if (kernel_error_rows[i].error == error)
			return &kernel_error_rows[i];
	return NULL;
}

const char *kernel_error_text(int error)
{
	const struct kernel_error_row *row = kernel_error_row(error);

	return row ? row->text : strerror(error);
}

static const char *kernel_error_help(int error)
{
	const struct kernel_error_row *row = kernel_error_row(error);

	return row ? row->help : NULL;
}

/* ENOENT: what is missing depends on the object that needs it. */
static struct diag *kernel_error_missing(struct diags *out,
					 const struct kernel_error *e,
					 const struct span *at)
{
	const struct batch_note *note = e->note;
	const char *name = note->name ? note->name : "";
	struct diag *d;

	if (note->object == BATCH_RULE && note->name && *e->wanted) {
		d = diag_error(out, at, "kernel-lacks",
			       "this kernel does not know the expression "
			       "\"%s\" here (a rule in chain %s)",
			       e->wanted, name);
		if (!strcmp(e->wanted, "reject"))
			d->help = "write \"drop\", or load the module "
				  "nft_reject for this hook's family";
		return d;
	}
	if (note->object == BATCH_CHAIN)
		return diag_error(out, at, "kernel-lacks",
				  "the kernel finds no device for chain %s%s%s",
				  name, *e->wanted ? ": " : "", e->wanted);
	return diag_error(out, at, "kernel-refused",
			  "the kernel does not find what %s %s needs",
			  kernel_error_object(note->object), name);
}

/*
 * The kernel refuses who lacks the capability at the begin of a transaction; a
 * message alone is refused where another program owns the table.
 */
static void kernel_error_owned(struct diags *out)
{
	diag_error(out, NULL, "table-owned",
		   "another program owns the table, and alone may change it")
		->help = "end that program; mailwall status tells its netlink "
			 "port";
}

static void kernel_error_full(struct diags *out, const struct span *at,
			      const char *name)
{
	diag_error(out, at, "set-full",
		   "set %s is full: it has more elements than its size", name)
		->help = kernel_error_help(ENFILE);
}

static void kernel_error_plain(struct diags *out, const struct span *at,
			       const struct kernel_error *e)
{
	const char *name = e->note && e->note->name ? e->note->name : "";
	const char *object =
		e->note ? kernel_error_object(e->note->object) : "";

	diag_error(out, at, "kernel-refused", "%s%s%s%s%s", object,
		   e->note ? " " : "", name, e->note ? ": " : "",
		   kernel_error_text(e->error))
		->help = kernel_error_help(e->error);
}

static void kernel_error_add(struct diags *out, const struct kernel_error *e)
{
	const struct span *at = e->note ? e->note->origin : NULL;

	if (e->note && e->error == EPERM)
		kernel_error_owned(out);
	else if (e->note && e->error == ENOENT)
		kernel_error_missing(out, e, at);
	else if (e->note && e->error == ENFILE)
		kernel_error_full(out, at, e->note->name ? e->note->name : "");
	else
		kernel_error_plain(out, at, e);
}

/* Once a set is full the kernel has odd reasons for all that follows. */
static bool kernel_error_follows(const struct kernel_errors *errors, size_t i)
{
	const struct batch_note *note = errors->items[i].note;

	for (size_t k = 0; k < errors->n; k++) {
		const struct kernel_error *e = &errors->items[k];

		if (e->error == ENFILE && e->note && note && note->name &&
		    e->note->name && e->note->object == note->object &&
		    !strcmp(e->note->name, note->name))
			return errors->items[i].error != ENFILE;
	}
	return false;
}

/* A sentence that was said of the same place is not said again. */
static void kernel_error_drop_again(struct diags *out, size_t first)
{
	const struct diag *last = &out->items[out->n - 1];

	for (size_t i = first; i + 1 < out->n; i++) {
		const struct diag *d = &out->items[i];

		if (strcmp(d->message, last->message) ||
		    d->span.source != last->span.source ||
		    d->span.line != last->span.line)
			continue;
		out->n--;
		out->errors--;
		return;
	}
}

void kernel_error_diags(struct diags *out, const struct kernel_errors *errors,
			int error)
{
	const size_t first = out->n;
	const struct kernel_error whole = { .error = -error };

	for (size_t i = 0; i < errors->n; i++) {
		if (kernel_error_follows(errors, i))
			continue;
		kernel_error_add(out, &errors->items[i]);
		kernel_error_drop_again(out, first);
	}
	if (!errors->n)
		kernel_error_add(out, &whole);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel_error.h"
#include "../../rules/base/arena.h"

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

const char *kernel_error_text(struct arena *a, int error)
{
	switch (error) {
	case EPERM:
	case EACCES:
		return "not permitted: the kernel's rules need the capability "
		       "CAP_NET_ADMIN in this network namespace (run as root)";
	case EPROTONOSUPPORT:
	case EAFNOSUPPORT:
		return "this kernel has no nf_tables (module nf_tables)";
	case ENFILE:
		return "the set is full: it has more elements than its size";
	case EMSGSIZE:
		return "the transaction is larger than a socket may send; "
		       "raise net.core.wmem_max or run as root";
	case ENOBUFS:
		return "the kernel's answer was lost; mailwall status tells "
		       "what is loaded";
	case ERESTART:
	case EINTR:
		return "other programs keep changing the rules; nothing was "
		       "changed, try again";
	case ENOMEM:
		return "out of memory";
	}
	return arena_printf(a, "%s", strerror(error));
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

static void kernel_error_add(struct diags *out, const struct kernel_error *e)
{
	const struct span *at = e->note ? e->note->origin : NULL;
	const struct batch_note *note = e->note;
	const char *name = note && note->name ? note->name : "";

	if (!note || e->error == EPERM) {
		diag_error(out, NULL, "kernel-refused", "%s",
			   kernel_error_text(out->arena, e->error));
		return;
	}
	switch (e->error) {
	case ENOENT:
		kernel_error_missing(out, e, at);
		break;
	case ENFILE:
		diag_error(out, at, "set-full",
			   "set %s is full: it has more elements than its "
			   "size",
			   name);
		break;
	case EEXIST:
		diag_error(out, at, "kernel-refused",
			   "%s %s: is there already, or overlaps what is",
			   kernel_error_object(note->object), name);
		break;
	default:
		diag_error(out, at, "kernel-refused", "%s %s: %s",
			   kernel_error_object(note->object), name,
			   kernel_error_text(out->arena, e->error));
		break;
	}
}

void kernel_error_diags(struct diags *out, const struct kernel_errors *errors,
			int error)
{
	for (size_t i = 0; i < errors->n; i++)
		kernel_error_add(out, &errors->items[i]);
	if (!errors->n)
		diag_error(out, NULL, "kernel-refused", "%s",
			   kernel_error_text(out->arena, -error));
}

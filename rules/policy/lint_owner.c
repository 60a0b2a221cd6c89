/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Warnings of clauses by owner. The owner of a packet is whoever opened its
 * socket. A program that inherits a listening socket can disconnect it and
 * connect it elsewhere: the packets are those of the user who opened it, which
 * is root for inetd, socket units of systemd, PHP-FPM, Apache and the like.
 */
#include "../base/arena.h"
#include "../base/service.h"
#include "lint.h"

static bool names_root(const struct ids *ids)
{
	return ids->n && !ids->items[0]; /* ascending */
}

static bool decides_smtp_here(const struct check *c, const struct clause *cl)
{
	return c->policy->hook == HOOK_OUTPUT &&
	       cl->block->direction == DIRECTION_OUTBOUND &&
	       clause_decides(cl, PORT_SMTP);
}

/* Does a clause refuse port 25 whoever sends, and wherever to? */
static bool refuses_all(struct check *c, const struct clause *cl, void *data)
{
	(void)data;
	return decides_smtp_here(c, cl) && action_blocks(cl->action) &&
	       !cl->users.n && !cl->groups.n;
}

static void warn_of_root(struct check *c, const struct clause *cl)
{
	struct diag *d = diag_warning(
		c->diags, &cl->span, "root-sockets",
		"port 25 is open for every socket that root opened, also in "
		"the hands of another user");
	d->help = "leave root out and name the user that the mail server "
		  "sends as";
	d->reference = "mailwall.policy(5), root-sockets";
}

static void warn_of_named(struct check *c, const struct clause *cl)
{
	struct diag *d = diag_warning(
		c->diags, &cl->span, "root-sockets",
		"only these owners are refused: a socket that another user "
		"opened, such as root, lets them past");
	d->help = "allow the mail server's user, then \"block smtp\" for all";
	d->reference = "mailwall.policy(5), root-sockets";
}

void lint_owner(struct check *c, const struct clause *cl)
{
	if (!decides_smtp_here(c, cl))
		return;
	if (action_lets_through(cl->action) &&
	    (names_root(&cl->users) || names_root(&cl->groups)))
		warn_of_root(c, cl);
	if (action_blocks(cl->action) && (cl->users.n || cl->groups.n) &&
	    !each_clause(c, refuses_all, NULL))
		warn_of_named(c, cl);
}

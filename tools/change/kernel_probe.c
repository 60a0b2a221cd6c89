/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel_probe.h"
#include "../../rules/emit/emit_netlink.h"
#include "../kernel/transaction.h"

#include <sched.h>
#include <string.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PROBE_HAS, PROBE_LACKS, PROBE_FAILED };

/* Loads one rule that resets, into a chain that no packet comes to. */
static int probe_load(struct netlink *nl, const struct ruleset *rs)
{
	struct rule rule = { .stmts = { { .kind = STMT_RESET } }, .n = 1 };
	struct chain chain = { .name = "probe", .rules = { &rule, 1, 1 } };
	struct kernel_errors errors = { 0 };
	uint32_t generation;
	struct batch *b;
	int error = netlink_generation(nl, &generation);

	if (error || !(b = batch_new(generation)))
		return PROBE_FAILED;
	netlink_table(b, rs, 0);
	netlink_chain(b, rs, &chain);
	netlink_rules(b, rs, &chain);
	batch_finish(b);
	error = batch_error(b);
	if (!error)
		error = transaction_commit(nl, b, &errors);
	batch_free(b);
	if (!error)
		return PROBE_HAS;
	return errors.n == 1 && errors.items[0].note &&
			       errors.items[0].note->object == BATCH_RULE ?
		       PROBE_LACKS :
		       PROBE_FAILED;
}

static int probe_in_namespace(const struct ruleset *rs)
{
	struct netlink nl = { 0 };
	int result;

	if (unshare(CLONE_NEWNET) && unshare(CLONE_NEWUSER | CLONE_NEWNET))
		return PROBE_FAILED;
	if (netlink_open(&nl))
		return PROBE_FAILED;
	result = probe_load(&nl, rs);
	netlink_close(&nl);
	return result;
}

static enum kernel_answer probe_reject(const struct ruleset *rs)
{
	int status = 0;
	pid_t child = fork();

	if (!child)
		_exit(probe_in_namespace(rs));
	if (child < 0 || waitpid(child, &status, 0) != child ||
	    !WIFEXITED(status))
		return KERNEL_NOT_KNOWN;
	switch (WEXITSTATUS(status)) {
	case PROBE_HAS:
		return KERNEL_HAS;
	case PROBE_LACKS:
		return KERNEL_LACKS;
	}
	return KERNEL_NOT_KNOWN;
}

void kernel_probe(const struct ruleset *rs, struct kernel_facts *out)
{
	struct utsname u;

	*out = (struct kernel_facts){ .running = true };
	/* A release that is not read has all that a version brings. */
	if (uname(&u) || !kernel_version_parse(u.release, out))
		out->major = ~0u;
	if (kernel_needs_reject_netdev(rs))
		out->reject_netdev = probe_reject(rs);
}

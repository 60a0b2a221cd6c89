/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "commands.h"
#include "../guard/guard.h"
#include "../option/options.h"

static int guard_command(struct program *p, const void *options, int argc,
			 char **argv)
{
	(void)argc;
	(void)argv;
	return guard_run(p, options);
}

static const struct option_row guard_rows[] = {
	{ .name = "no-owner",
	  .type = OPTION_FLAG,
	  .place = offsetof(struct guard_options, no_owner),
	  .help = "do not own the table: let others change it, and mend it" },
	{ .name = "nft-conf",
	  .type = OPTION_FILE,
	  .place = offsetof(struct guard_options, nft_conf),
	  .value = "FILE",
	  .help = "what nft loads at boot; where it has our table, the guard "
		  "does not own it" },
	{ 0 }
};

static const struct guard_options guard_defaults = {
	.nft_conf = "/etc/nftables.conf",
};

const struct command command_guard = {
	.name = "guard",
	.summary = "keep the current revision in the kernel",
	.group = GROUP_KERNEL,
	.options = guard_rows,
	.options_bytes = sizeof(struct guard_options),
	.defaults = &guard_defaults,
	.run = guard_command,
};

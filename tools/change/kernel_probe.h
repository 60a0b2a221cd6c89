/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The running kernel: its version, and what it can do, tried where it harms
 * nobody. */
#ifndef MAILWALL_KERNEL_PROBE_H
#define MAILWALL_KERNEL_PROBE_H

#include "../../rules/ruleset/kernel_needs.h"

/*
 * Reads the running kernel's version. What is a matter of its configuration and
 * needed by the rules is tried in a network namespace of its own, by a child
 * process; without the right to make one it is not known.
 */
void kernel_probe(const struct ruleset *rs, struct kernel_facts *out);

#endif

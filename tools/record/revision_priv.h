/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of a revision's files, for those who read and those who write them. */
#ifndef MAILWALL_REVISION_PRIV_H
#define MAILWALL_REVISION_PRIV_H

#include <stdint.h>

struct program;

#define MANIFEST_NAME "manifest.json"

/* state_dir/revisions, and a revision's folder in it. */
const char *revision_place(struct program *p);
const char *revision_folder(struct program *p, uint32_t number);

#endif

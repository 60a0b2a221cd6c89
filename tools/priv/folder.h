/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Folders and files that root makes and another user writes. user NULL is
 * privilege_default_user(); without root nothing changes its owner.
 */
#ifndef MAILWALL_FOLDER_H
#define MAILWALL_FOLDER_H

#include "../program/program.h"

/* The folder of a file, in the arena or constant: "/var/lib", "." or "/". */
const char *folder_of(struct program *p, const char *path);

/* Makes the folder if there is none, and gives it to user. 0 or -errno. */
int folder_make(const char *folder, const char *user);

/* Makes the folder of a file in the same way; says a failure. An exit code. */
int folder_make_of(struct program *p, const char *path, const char *user);

/* Gives an SQLite database and its side files to user; says a failure. */
void folder_own_store(const char *path, const char *user);

#endif

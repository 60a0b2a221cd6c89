/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Folders whose files are to outlast a power cut. */
#ifndef MAILWALL_FOLDERS_H
#define MAILWALL_FOLDERS_H

/* Writes what a folder lists to the disk. 0 or -errno. */
int folders_sync(const char *path);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Locks that say who holds them. A file of locks has places; each is of one
 * process at a time, which writes its number there. The lock ends with the
 * process, however that ends.
 */
#ifndef MAILWALL_FILE_LOCK_H
#define MAILWALL_FILE_LOCK_H

/*
 * Takes a place of the file, which is made if there is none. The descriptor, to
 * be closed to let go; or -errno: -EBUSY: *holder has it, 0: nobody knows who.
 */
int file_lock(int folder, const char *name, unsigned int place, int *holder);

#endif

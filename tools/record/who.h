/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The person who runs the command, as far as that can be known. */
#ifndef MAILWALL_WHO_H
#define MAILWALL_WHO_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct arena;

#define WHO_NO_LOGIN UINT32_MAX

/* Texts are NULL where nothing is known. */
struct who {
	uint32_t uid; /* the process's */
	const char *user;
	/*
	 * Set by the login and kept by the kernel through su and sudo;
	 * WHO_NO_LOGIN: none, as in a unit or a cron job.
	 */
	uint32_t login_uid;
	const char *login;
	const char *tty; /* "pts/3" */
	const char *ssh_client;
	bool ssh_claimed; /* the environment says so, and no record of a login
			   */
	const char *sudo_user; /* the environment's claim */
};

/* Looks at the process. Texts are in the arena. */
void who_read(struct arena *a, struct who *out);
/*
 * Makes the object "who" of a journal's line; its member "claims" lists those
 * that the environment alone says.
 */
json_t *who_json(const struct who *w);
/* "noc1 (as root, pts/3, from 192.0.2.9)": of an object that who_json() made.
 */
const char *who_text(struct arena *a, const json_t *who);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names that a client says: of users at a login, of itself at HELO. */
#ifndef MAILWALL_DIALOGUE_NAMES_H
#define MAILWALL_DIALOGUE_NAMES_H

#include "dialogue_asked.h"

/* Notes a login without TLS; its user is not known so far. */
void login_begin(struct dialogue *d);
/* Keeps the hash of a user's name, unless it is empty. */
void login_set_user(struct dialogue *d, const uint8_t *name, size_t n);
/* Reads a SASL mechanism, and its first message if the line has one. */
enum asked login_read_sasl(struct dialogue *d, struct text rest);
/* Read the user from a message of PLAIN, and of LOGIN. */
void login_read_plain(struct dialogue *d, struct text base64);
void login_read_user(struct dialogue *d, struct text base64);

/* Keeps the hash of a HELO name, and whether it is odd. */
void helo_set(struct dialogue *d, struct text name);

#endif

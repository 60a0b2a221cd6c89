/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who somebody says that he is: logins, and HELO. Only hashes are kept. */
#include "dialogue_priv.h"
#include "../memory/siphash.h"

#include <string.h>

/* 0 means that there is none. */
static uint64_t hash_name(const struct dialogue *d, const uint8_t *name,
			  size_t n)
{
	uint64_t hash = siphash_24(d->key, name, n);

	return hash ? hash : 1;
}

/* ---- logins ---- */

void login_begins(struct dialogue *d)
{
	d->seen |= SEEN_AUTH_CLEAR;
	d->user_hash = 0;
}

void note_user(struct dialogue *d, const uint8_t *name, size_t n)
{
	if (n)
		d->user_hash = hash_name(d, name, n);
}

/* RFC 4616: [whose mail] NUL who NUL secret, which may be cut */
void read_plain(struct dialogue *d, struct text base64)
{
	uint8_t message[DIALOGUE_LINE];
	size_t n = base64_decode(text_trim(base64), message);
	const uint8_t *who = memchr(message, '\0', n), *end;

	if (!who)
		return;
	who++;
	end = memchr(who, '\0', n - (size_t)(who - message));
	if (end)
		note_user(d, who, (size_t)(end - who));
}

/* draft-murchison-sasl-login-00 */
void read_user(struct dialogue *d, struct text base64)
{
	uint8_t name[DIALOGUE_LINE];

	if (!is_part(base64))
		note_user(d, name, base64_decode(text_trim(base64), name));
}

/* Mechanisms whose messages say who it is, where it can be read. */
static const struct {
	const char *name;
	enum asked asked;
	void (*read)(struct dialogue *d, struct text base64);
} mechanisms[] = {
	{ "PLAIN", ASKED_LOGIN_PLAIN, read_plain },
	{ "LOGIN", ASKED_LOGIN_USER, read_user },
};

/* The first message may come with the command: RFC 4954, 4959, 5034 */
enum asked ask_sasl(struct dialogue *d, struct text rest)
{
	struct text name = split_word(&rest), message = split_word(&rest);

	login_begins(d);
	for (size_t i = 0; i < sizeof(mechanisms) / sizeof(*mechanisms); i++) {
		if (!is_word(name, mechanisms[i].name))
			continue;
		if (!text_len(message))
			return mechanisms[i].asked;
		mechanisms[i].read(d, message);
	}
	return ASKED_LOGIN;
}

/* ---- HELO ---- */

/*
 * RFC 5321, section 4.1.3: an address belongs in brackets. No top-level domain
 * is of digits only (RFC 3696, section 2), and a colon is in none.
 */
static bool is_odd(struct text name)
{
	bool dot = false, digits = true;

	if (text_len(name) && *name.at == '[' && name.end[-1] == ']')
		return false;
	if (text_len(name) && name.end[-1] == '.')
		name.end--;
	if (is_word(name, "LOCALHOST.LOCALDOMAIN"))
		return true;
	for (; name.at < name.end && *name.at != ':'; name.at++) {
		dot = dot || *name.at == '.';
		digits = digits && (*name.at == '.' ||
				    (*name.at >= '0' && *name.at <= '9'));
	}
	return !dot || digits || name.at < name.end;
}

/* Domains are the same in capitals. */
void note_helo(struct dialogue *d, struct text name)
{
	uint8_t folded[DIALOGUE_LINE];
	size_t n = 0;

	d->seen |= SEEN_HELO;
	if (is_part(name))
		return;
	if (is_odd(name))
		d->seen |= SEEN_HELO_ODD;
	for (; name.at < name.end; name.at++)
		folded[n++] = upper(*name.at);
	if (n)
		d->helo_hash = hash_name(d, folded, n);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names at logins and at HELO. Only keyed hashes are kept. */
#include "dialogue_priv.h"
#include "../memory/siphash.h"

#include <nettle/base64.h>
#include <string.h>

/* Never 0, which means that there is no name. */
static uint64_t name_hash(const struct dialogue *d, const uint8_t *name,
			  size_t n)
{
	uint64_t hash = siphash_24(d->key, name, n);

	return hash ? hash : 1;
}

/* ---- logins ---- */

void login_begin(struct dialogue *d)
{
	d->seen |= SEEN_AUTH_CLEAR;
	d->user_hash = 0;
}

void login_set_user(struct dialogue *d, const uint8_t *name, size_t n)
{
	if (n)
		d->user_hash = name_hash(d, name, n);
}

/*
 * Decodes a text of one word into DIALOGUE_LINE bytes; a quantum that is cut
 * gives the bytes it holds. Returns how many there are, 0 if the text is not
 * base64.
 */
static size_t login_decode(struct text rest, uint8_t *out)
{
	struct text word = text_split_word(&rest);
	struct base64_decode_ctx ctx;
	size_t n = DIALOGUE_LINE;

	base64_decode_init(&ctx);
	if (text_len(text_trim(rest)) ||
	    !base64_decode_update(&ctx, &n, out, text_len(word),
				  (const char *)word.at))
		return 0;
	return n;
}

/* [authzid] NUL user NUL secret, which may be cut: RFC 4616 */
void login_read_plain(struct dialogue *d, struct text base64)
{
	uint8_t message[DIALOGUE_LINE];
	size_t n = login_decode(base64, message);
	const uint8_t *who = memchr(message, '\0', n), *end;

	if (!who)
		return;
	who++;
	end = memchr(who, '\0', n - (size_t)(who - message));
	if (end)
		login_set_user(d, who, (size_t)(end - who));
}

/* draft-murchison-sasl-login-00 */
void login_read_user(struct dialogue *d, struct text base64)
{
	uint8_t name[DIALOGUE_LINE];

	if (!text_is_part(base64))
		login_set_user(d, name, login_decode(base64, name));
}

/* Mechanisms whose messages name the user in clear. */
static const struct {
	const char *name;
	enum asked asked;
	void (*read)(struct dialogue *d, struct text base64);
} mechanisms[] = {
	{ "PLAIN", ASKED_LOGIN_PLAIN, login_read_plain },
	{ "LOGIN", ASKED_LOGIN_USER, login_read_user },
};

/* The first message may come with the command: RFC 4954, 4959, 5034 */
enum asked login_read_sasl(struct dialogue *d, struct text rest)
{
	struct text name = text_split_word(&rest),
		    message = text_split_word(&rest);

	login_begin(d);
	for (size_t i = 0; i < sizeof(mechanisms) / sizeof(*mechanisms); i++) {
		if (!text_is_word(name, mechanisms[i].name))
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
static bool helo_is_odd(struct text name)
{
	bool dot = false, digits = true;

	if (text_len(name) && *name.at == '[' && name.end[-1] == ']')
		return false;
	if (text_len(name) && name.end[-1] == '.')
		name.end--;
	if (text_is_word(name, "LOCALHOST.LOCALDOMAIN"))
		return true;
	for (; name.at < name.end && *name.at != ':'; name.at++) {
		dot = dot || *name.at == '.';
		digits = digits && (*name.at == '.' ||
				    (*name.at >= '0' && *name.at <= '9'));
	}
	return !dot || digits || name.at < name.end;
}

/* Domains are compared without case, so the name is hashed in capitals. */
void helo_set(struct dialogue *d, struct text name)
{
	uint8_t folded[DIALOGUE_LINE];
	size_t n = 0;

	d->seen |= SEEN_HELO;
	if (text_is_part(name))
		return;
	if (helo_is_odd(name))
		d->seen |= SEEN_HELO_ODD;
	for (; name.at < name.end; name.at++)
		folded[n++] = text_upper(*name.at);
	if (n)
		d->helo_hash = name_hash(d, folded, n);
}

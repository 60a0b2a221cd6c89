/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "membership.h"
#include "../program/program.h"
#include "../priv/priv_bytes.h"
#include "../program/message.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int membership_read_bytes(struct membership *m, int fd, size_t len)
{
	char *bytes = malloc(len + 1);
	size_t n = 0;

	if (!bytes)
		return -ENOMEM;
	while (n < len) {
		ssize_t got = pread(fd, bytes + n, len - n, (off_t)n);

		if (got <= 0) {
			free(bytes);
			return got ? -errno : -EIO;
		}
		n += (size_t)got;
	}
	if (!priv_members_are_whole(bytes, len)) {
		free(bytes);
		return -EBADMSG;
	}
	free(m->bytes);
	m->bytes = bytes;
	m->len = len;
	return 0;
}

bool membership_matters(const struct policy *policy)
{
	for (size_t i = 0; policy && i < policy->classes.n; i++)
		if (policy->classes.items[i]->kind == CLASS_DYNAMIC)
			return true;
	return false;
}

void membership_read(struct membership *m, struct priv *priv, int64_t now_ms)
{
	uint32_t generation = m->generation;
	size_t len;
	int error = priv_members(priv, &generation, &len);

	m->now_ms = now_ms;
	if (!error && generation != m->generation)
		error = membership_read_bytes(m, priv->members_fd, len);
	if (!error)
		m->generation = generation;
	else if (!m->failed)
		message_say(
			"cannot read who is in a dynamic class: %s; as far as "
			"known, it stays as it was",
			priv_error_text(error));
	m->failed = error;
}

void membership_free(struct membership *m)
{
	free(m->bytes);
	*m = (struct membership){ 0 };
}

/* Set "exempt.v4" belongs to class exempt. */
static bool membership_is_set_of(const struct priv_set *set,
				 const struct class *class, uint8_t family)
{
	size_t len = strlen(class->name);

	return !strncmp(set->name, class->name, len) &&
	       !strcmp(set->name + len, family == 4 ? ".v4" : ".v6");
}

/* Is key in a range that has not expired? The ranges ascend and are apart. */
static bool membership_find(const struct priv_member *list, size_t n,
			    const struct addr6 *key, int64_t now_ms)
{
	size_t low = 0;

	while (n) {
		size_t half = n / 2;

		if (addr6_compare(&list[low + half].range.first, key) <= 0) {
			low += half + 1;
			n -= half + 1;
		} else {
			n = half;
		}
	}
	return low && addr6_compare(key, &list[low - 1].range.last) <= 0 &&
	       now_ms < list[low - 1].until_ms;
}

bool membership_has(void *ctx, const struct class *class, uint8_t family,
		    const struct addr6 *address)
{
	const struct membership *m = ctx;
	size_t at = 0;

	while (m->len - at >= sizeof(struct priv_set)) {
		const struct priv_set *set =
			(const struct priv_set *)(m->bytes + at);
		const struct priv_member *list =
			(const struct priv_member *)(set + 1);

		if (membership_is_set_of(set, class, family))
			return membership_find(list, set->n, address,
					       m->now_ms);
		at += sizeof(*set) + set->n * sizeof(*list);
	}
	return false;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "priv_bytes.h"

#include <string.h>

/* Takes n items of a size from what is left; false: there are not so many. */
static bool bytes_take(size_t *left, uint64_t n, size_t size)
{
	if (n > *left / size)
		return false;
	*left -= n * size;
	return true;
}

#define TEXT_ENDS(field) (memchr((field), 0, sizeof(field)) != NULL)

static bool members_ascend(const struct priv_member *m, uint64_t n)
{
	for (uint64_t i = 0; i < n; i++)
		if (addr6_compare(&m[i].range.first, &m[i].range.last) > 0 ||
		    (i && addr6_compare(&m[i - 1].range.last,
					&m[i].range.first) >= 0))
			return false;
	return true;
}

bool priv_members_are_whole(const void *bytes, size_t len)
{
	const char *at = bytes;
	size_t left = len;

	while (left) {
		const struct priv_set *set = (const void *)(at + (len - left));

		if (!bytes_take(&left, 1, sizeof(*set)) ||
		    !TEXT_ENDS(set->name) ||
		    !bytes_take(&left, set->n, sizeof(struct priv_member)) ||
		    !members_ascend((const void *)(set + 1), set->n))
			return false;
	}
	return true;
}

static bool clauses_end(const struct priv_clause *c, uint64_t n)
{
	for (uint64_t i = 0; i < n; i++)
		if (!TEXT_ENDS(c[i].id) || !TEXT_ENDS(c[i].text))
			return false;
	return true;
}

static bool fills_end(const struct priv_fill *f, uint64_t n)
{
	for (uint64_t i = 0; i < n; i++)
		if (!TEXT_ENDS(f[i].name))
			return false;
	return true;
}

static bool faults_end(const struct priv_fault *f, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!TEXT_ENDS(f[i].name) || !TEXT_ENDS(f[i].object) ||
		    !TEXT_ENDS(f[i].text))
			return false;
	return true;
}

bool priv_loaded_is_whole(const void *bytes, size_t len)
{
	const struct priv_head *head = bytes;
	const struct priv_clause *c = (const void *)(head + 1);
	const struct priv_fill *f;
	size_t left = len;

	if (!bytes_take(&left, 1, sizeof(*head)) || !TEXT_ENDS(head->policy) ||
	    !TEXT_ENDS(head->digest) ||
	    !bytes_take(&left, head->n_clauses, sizeof(*c)) ||
	    !bytes_take(&left, head->n_sets, sizeof(*f)) ||
	    !bytes_take(&left, head->n_faults, sizeof(struct priv_fault)))
		return false;
	f = (const void *)(c + head->n_clauses);
	return !left && clauses_end(c, head->n_clauses) &&
	       fills_end(f, head->n_sets) &&
	       faults_end((const void *)(f + head->n_sets), head->n_faults);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rule_read.h"
#include "lower.h"
#include "../base/arena.h"

#include <stdio.h>

#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <string.h>

const char *rule_read_counter(struct nftnl_rule *rule)
{
	struct nftnl_expr_iter *i = nftnl_expr_iter_create(rule);
	const char *name = NULL, *kind, *chain = NULL;
	struct nftnl_expr *e;

	while (i && (e = nftnl_expr_iter_next(i))) {
		kind = nftnl_expr_get_str(e, NFTNL_EXPR_NAME);
		if (!strcmp(kind, "objref"))
			name = nftnl_expr_get_str(e,
						  NFTNL_EXPR_OBJREF_IMM_NAME);
		else if (!strcmp(kind, "immediate") &&
			 nftnl_expr_is_set(e, NFTNL_EXPR_IMM_CHAIN))
			chain = nftnl_expr_get_str(e, NFTNL_EXPR_IMM_CHAIN);
	}
	if (i)
		nftnl_expr_iter_destroy(i);
	return name ? name : chain;
}

void rule_read_logs(struct nftnl_rule *rule, rule_log_fn *fn, void *ctx)
{
	struct nftnl_expr_iter *i = nftnl_expr_iter_create(rule);
	struct nftnl_expr *e;

	while (i && (e = nftnl_expr_iter_next(i)))
		if (!strcmp(nftnl_expr_get_str(e, NFTNL_EXPR_NAME), "log"))
			fn(ctx, nftnl_expr_get_str(e, NFTNL_EXPR_LOG_PREFIX),
			   nftnl_expr_get_u16(e, NFTNL_EXPR_LOG_GROUP));
	if (i)
		nftnl_expr_iter_destroy(i);
}

/* Does the text begin with all words of a part but the last, which was cut? */
static bool begins_with(const char *text, const char *part)
{
	const char *last = strrchr(part, ' ');

	return !strncmp(text, part, last ? (size_t)(last - part) : 0);
}

bool comment_is_of(struct arena *a, const char *comment,
		   const struct clause *clause)
{
	size_t id_len = strcspn(comment, " "), len = strlen(comment);
	const char *id = arena_strndup(a, comment, id_len);
	const char *said = comment[id_len] ? comment + id_len + 1 : "";
	const char *words = make_comment(a, "", clause->words) + 1;

	if (!strcmp(comment, make_comment(a, id, clause->text)))
		return true;
	if (len == COMMENT_BYTES && !strcmp(comment + len - 3, "..."))
		return begins_with(words, clause_words(a, said));
	return !strcmp(words, clause_words(a, said));
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files behind mailwall.h share: handles, sentences, structs. */
#ifndef MAILWALL_ABI_PRIV_H
#define MAILWALL_ABI_PRIV_H

#include "../engine/engine.h"
#include "../mailwall.h"

#include <errno.h>
#include <locale.h>
#include <stdatomic.h>

/* The policy of a host, and of the engines that it was given to. */
struct mailwall_policy {
	struct policy *policy;
	atomic_uint holders;
	size_t n_clauses;
	size_t first[]; /* of each block, the number of its first clause */
};

/* ---- sentences ---- */

struct why {
	char *text; /* may be NULL */
	size_t size;
};

/* As a call begins: nothing is wrong. */
static inline struct why why_of(char *text, size_t size)
{
	if (text && size)
		*text = '\0';
	return (struct why){ text, size };
}

/* Returns the error. */
int abi_refuse(struct why why, int error, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
int abi_no_memory(struct why why);
/* Of a callback: 0 or -errno, whatever it was. */
static inline int abi_error(int error)
{
	return error > 0 ? -EIO : error;
}

/* ---- structs of a host ---- */

/* Where a member ends: as much as a struct had in 1.0. */
#define END_OF(type, member)                                                   \
	(offsetof(struct type, member) + sizeof(((struct type *)0)->member))

/* A struct as we have it, and the host's. */
struct abi_struct {
	const char *name;
	size_t ours, least; /* bytes */
};
/* last: the last member of 1.0 */
#define ABI_STRUCT(type, last)                                                 \
	((struct abi_struct){ #type, sizeof(struct type), END_OF(type, last) })

/* Of the host's struct: is there one, and is its size set? 0 or -EINVAL. */
int abi_look(const struct abi_struct *s, const void *theirs, struct why why);
/* Looks, and copies it to ours; what it does not have is zero. */
int abi_take(const struct abi_struct *s, void *ours, const void *theirs,
	     struct why why);
/* After a look: fills it in; what we do not have is zero. */
void abi_give(const struct abi_struct *s, const void *ours, void *theirs);

/* ---- policies ---- */

/* Numbers have a point, whatever the host's have; around what reads or prints.
 */
struct locales {
	locale_t ours, before;
};
int abi_use_c_locale(struct locales *l);
void abi_use_locale_before(const struct locales *l);
const char *abi_table_family(enum hook hook);

/* There is one, and it has no errors: 0 or -EINVAL. */
int abi_good_policy(const struct mailwall_policy *p, struct why why);
void abi_policy_hold(struct mailwall_policy *p);
uint32_t abi_clause_index(const struct mailwall_policy *p,
			  const struct clause *clause);
/* A member() for struct decide_input; ctx is a struct mailwall_members. */
bool abi_member(void *ctx, const struct class *class, uint8_t family,
		const struct addr6 *address);

/* ---- the members of the plugin: abi_policy.c, abi_rules.c, abi_engine.c ----
 */

int abi_policy_load(const struct mailwall_load *load,
		    struct mailwall_policy **out, char *why, size_t why_size);
void abi_policy_free(struct mailwall_policy *p);
int abi_policy_facts(const struct mailwall_policy *p,
		     struct mailwall_facts *out, char *why, size_t why_size);
int abi_policy_diagnostic(const struct mailwall_policy *p, size_t n,
			  struct mailwall_diagnostic *out, char *why,
			  size_t why_size);
int abi_policy_clause(const struct mailwall_policy *p, size_t n,
		      struct mailwall_clause *out, char *why, size_t why_size);
int abi_policy_clause_by_id(const struct mailwall_policy *p, const char *id,
			    struct mailwall_clause *out, char *why,
			    size_t why_size);
int abi_policy_digest(const struct mailwall_policy *p, char *out,
		      size_t out_size, char *why, size_t why_size);
int abi_policy_emit(const struct mailwall_policy *p, const char *format,
		    mailwall_write_fn *write, void *ctx, char *why,
		    size_t why_size);
int abi_policy_decide(const struct mailwall_policy *p,
		      const struct mailwall_members *members,
		      const struct mailwall_connection *opening,
		      struct mailwall_decision *out, char *why,
		      size_t why_size);
int abi_finding_element(const struct mailwall_policy *p,
			const struct mailwall_finding *finding,
			struct mailwall_element *out, char *why,
			size_t why_size);

int abi_engine_new(const struct mailwall_engine_config *config,
		   struct mailwall_engine **out, char *why, size_t why_size);
void abi_engine_free(struct mailwall_engine *m);
int abi_engine_policy(struct mailwall_engine *m, struct mailwall_policy *policy,
		      char *why, size_t why_size);
int abi_engine_frame(struct mailwall_engine *m, const struct mailwall_frame *f,
		     char *why, size_t why_size);
int abi_engine_time(struct mailwall_engine *m, int64_t now_us, char *why,
		    size_t why_size);
int abi_engine_end(struct mailwall_engine *m, char *why, size_t why_size);
int abi_engine_summary(struct mailwall_engine *m, struct mailwall_summary *out,
		       char *why, size_t why_size);
int abi_engine_ports(struct mailwall_engine *m,
		     int (*fn)(void *ctx, const struct mailwall_port *port),
		     void *ctx, char *why, size_t why_size);
int abi_engine_sources(struct mailwall_engine *m,
		       int (*fn)(void *ctx,
				 const struct mailwall_source *source),
		       void *ctx, char *why, size_t why_size);
int abi_engine_save(struct mailwall_engine *m, mailwall_write_fn *write,
		    void *ctx, char *why, size_t why_size);
int abi_engine_load(struct mailwall_engine *m, const void *bytes, size_t len,
		    char *why, size_t why_size);

#endif

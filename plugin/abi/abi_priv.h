/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The parts that the files behind mailwall.h share: handles, sentences, and the
 * structs of a host, which may be older or newer than ours.
 */
#ifndef MAILWALL_ABI_PRIV_H
#define MAILWALL_ABI_PRIV_H

#include "../engine/engine.h"
#include "../mailwall.h"

#include <errno.h>
#include <locale.h>
#include <stdatomic.h>

/* A file that policy_load() read; the path is the handle's own. */
struct abi_file {
	char *path;
	size_t bytes;
};

/* A policy, counted: the host's references, and one of each engine. */
struct mailwall_policy {
	struct policy *policy;
	atomic_uint holders;
	struct abi_file *files;
	size_t n_files;
	char **set_names; /* "flagged.v4\0flagged.v6\0" of dynamic classes */
	size_t n_clauses;
	size_t first[]; /* the number of each block's first clause */
};

/* ---- sentences ---- */

/* The buffer of the host for the reason of an error. */
struct why {
	char *text; /* may be NULL */
	size_t size;
};

/* Begins a call: nothing is wrong, and the sentence is "". */
static inline struct why abi_why(char *text, size_t size)
{
	if (text && size)
		*text = '\0';
	return (struct why){ text, size };
}

/* Writes the sentence and returns the error. */
int abi_refuse(struct why why, int error, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
int abi_no_memory(struct why why);
/* Makes 0 or -errno of what a callback returned, whatever it was. */
static inline int abi_errno(int error)
{
	return error > 0 || error < -4095 ? -EIO : error;
}

/* ---- structs of a host ---- */

/* The end of a member: the size of a struct in 1.0, for its last one then. */
#define END_OF(type, member)                                                   \
	(offsetof(struct type, member) + sizeof(((struct type *)0)->member))

/* The sizes of a struct: ours, and the least that a host's may have. */
struct abi_struct {
	const char *name;
	size_t ours, least; /* bytes */
};
/* last: the last member of 1.0 */
#define ABI_STRUCT(type, last)                                                 \
	((struct abi_struct){ #type, sizeof(struct type), END_OF(type, last) })

/* Checks that the host's struct is there and has a size. 0 or -EINVAL. */
int abi_check_struct(const struct abi_struct *s, const void *theirs,
		     struct why why);
/* Checks and copies the host's struct; members that it lacks become zero. */
int abi_read_struct(const struct abi_struct *s, void *ours, const void *theirs,
		    struct why why);
/* Fills in a struct that was checked; members that we lack become zero. */
void abi_fill_struct(const struct abi_struct *s, const void *ours,
		     void *theirs);
/* Checks n reserved bytes of the host's struct s: 0, or -EINVAL. */
int abi_check_reserved(const char *s, const void *bytes, size_t n,
		       struct why why);
/* Checks a flag of the host's struct s: 0, or -EINVAL. */
int abi_check_flag(const char *s, const char *flag, uint8_t value,
		   struct why why);
int abi_no_function(struct why why);
/* Ends a walk: 0, or the number with which the host's function ended it. */
int abi_walk_result(int result, struct why why);

/* ---- policies ---- */

/* Numbers have a point, whatever the host's have; around what reads or prints.
 */
struct locales {
	locale_t ours, before;
};
int abi_use_c_locale(struct locales *l);
void abi_use_locale_before(const struct locales *l);
const char *abi_table_family(enum hook hook);

/* Checks that there is a policy. 0 or -EINVAL. */
int abi_check_policy(const struct mailwall_policy *p, struct why why);
/* The same, and that it has no errors. */
int abi_check_good_policy(const struct mailwall_policy *p, struct why why);
uint32_t abi_clause_index(const struct mailwall_policy *p,
			  const struct clause *clause);
const struct clause *abi_clause_at(const struct mailwall_policy *p, size_t n);
const char *abi_file_name(const struct span *span);
/* Makes the names of the sets of dynamic classes. 0 or -ENOMEM. */
int abi_class_names_make(struct mailwall_policy *p);
void abi_class_names_free(struct mailwall_policy *p);

/* The host's member function, and the first error that it returned. */
struct abi_asker {
	struct mailwall_members members;
	const bool *gone; /* the engine was freed: ask no more; or NULL */
	int error;
	const char *class_name; /* asked for then */
	uint64_t failed;
};
int abi_read_members(struct abi_asker *a, const struct mailwall_members *theirs,
		     struct why why);
/* A member() for struct decide_input; ctx is a struct abi_asker. */
bool abi_member(void *ctx, const struct class *class, uint8_t family,
		const struct addr6 *address);
/* Writes the sentence of the error that a->error is, and returns it. */
int abi_member_failed(const struct abi_asker *a, struct why why);

/* ---- the members of the table ---- */

/* abi_policy.c */
int abi_policy_load(const struct mailwall_load *load,
		    struct mailwall_policy **out, char *why, size_t why_size);
struct mailwall_policy *abi_policy_ref(struct mailwall_policy *p);
void abi_policy_free(struct mailwall_policy *p);
int abi_policy_facts(const struct mailwall_policy *p,
		     struct mailwall_facts *out, char *why, size_t why_size);
int abi_policy_file(const struct mailwall_policy *p, size_t n,
		    struct mailwall_file *out, char *why, size_t why_size);
int abi_policy_diagnostic(const struct mailwall_policy *p, size_t n,
			  struct mailwall_diagnostic *out, char *why,
			  size_t why_size);
int abi_policy_clause(const struct mailwall_policy *p, size_t n,
		      struct mailwall_clause *out, char *why, size_t why_size);
int abi_policy_clause_by_id(const struct mailwall_policy *p, const char *id,
			    struct mailwall_clause *out, char *why,
			    size_t why_size);

/* abi_class.c */
int abi_policy_conditions(const struct mailwall_policy *p, size_t n,
			  mailwall_condition_fn *fn, void *ctx, char *why,
			  size_t why_size);
int abi_policy_class(const struct mailwall_policy *p, size_t n,
		     struct mailwall_class *out, char *why, size_t why_size);
int abi_policy_class_members(const struct mailwall_policy *p, size_t n,
			     mailwall_class_member_fn *fn, void *ctx, char *why,
			     size_t why_size);
int abi_policy_sets(const struct mailwall_policy *p, mailwall_set_fn *fn,
		    void *ctx, char *why, size_t why_size);
int abi_policy_element(const struct mailwall_policy *p, const char *class_name,
		       unsigned int family, const uint8_t *address,
		       unsigned int prefix_len, struct mailwall_element *out,
		       char *why, size_t why_size);
int abi_finding_element(const struct mailwall_policy *p,
			const struct mailwall_finding *finding,
			struct mailwall_element *out, char *why,
			size_t why_size);

/* abi_rules.c */
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

/* abi_engine.c */
int abi_engine_new(const struct mailwall_engine_config *config,
		   struct mailwall_engine **out, char *why, size_t why_size);
void abi_engine_free(struct mailwall_engine *m);
int abi_engine_set_policy(struct mailwall_engine *m,
			  struct mailwall_policy *policy, char *why,
			  size_t why_size);
int abi_engine_frame(struct mailwall_engine *m, const struct mailwall_frame *f,
		     char *why, size_t why_size);
int abi_engine_time(struct mailwall_engine *m, int64_t now_us, char *why,
		    size_t why_size);
int abi_engine_clock_step(struct mailwall_engine *m, int64_t step_us, char *why,
			  size_t why_size);
int abi_engine_end(struct mailwall_engine *m, char *why, size_t why_size);
int abi_engine_summary(struct mailwall_engine *m, struct mailwall_summary *out,
		       char *why, size_t why_size);
int abi_engine_ports(struct mailwall_engine *m, mailwall_port_fn *fn, void *ctx,
		     char *why, size_t why_size);
int abi_engine_sources(struct mailwall_engine *m, mailwall_source_fn *fn,
		       void *ctx, char *why, size_t why_size);
int abi_engine_save(struct mailwall_engine *m, mailwall_write_fn *write,
		    void *ctx, char *why, size_t why_size);
int abi_engine_load(struct mailwall_engine *m, const void *bytes, size_t len,
		    char *why, size_t why_size);

#endif

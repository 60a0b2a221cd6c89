/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "trial_base.h"
#include "../kernel/acting.h"
#include "../kernel/applied.h"
#include "../kernel/kernel_error.h"
#include "../record/revision.h"
#include "apply.h"

#include <errno.h>
#include <string.h>

#define BASE_ELEMENTS_MOST 20000 /* in a set that is read back */

void trial_base_free(struct trial_base *base)
{
	ruleset_free(base->rules);
	policy_free(base->policy);
	*base = (struct trial_base){ 0 };
}

/* Nothing of ours is loaded: a first policy can be tried, too. */
static int base_is_nothing(struct program *p, const struct reading *r,
			   enum family family, struct fault *f)
{
	if (reading_family(r) >= 0)
		return fault_set(f, -ENOENT,
				 "what is loaded is of no revision: apply it "
				 "once, or remove it, before a trial");
	if (r->tables[family].exists)
		return fault_set(f, -EBUSY,
				 "table %s exists and was not made by mailwall",
				 apply_table_text(p->arena, family));
	return 0;
}

static int base_read(struct program *p, struct trial_base *base,
		     struct fault *f)
{
	struct revision rev;
	bool quiet = p->quiet, loaded;
	int error = revision_read(p, base->revision, &rev, f);

	if (error)
		return error;
	p->quiet = true;
	loaded = !revision_load(p, &rev, &base->policy);
	p->quiet = quiet;
	if (!loaded)
		return fault_set(f, -EBADMSG,
				 "revision %u cannot be loaded any more: apply "
				 "without --trial",
				 base->revision);
	return ruleset_new(base->policy, &base->rules) ? fault_no_memory(f) : 0;
}

static bool base_is_in(const struct trial_base *base, struct reading *r,
		       const struct loaded *there)
{
	const struct present *p = &r->tables[base->rules->family];
	struct acting acting = { 0 };

	acting_read(r->arena, p, &acting);
	return !strcmp(there->digest, base->rules->digest) &&
	       !acting_drift(&acting);
}

static int base_compare(struct program *p, struct netlink *nl,
			struct reading *r, struct trial_base *base,
			struct fault *f)
{
	enum family family = base->rules->family;
	struct applied applied;
	struct claim claim = { &applied, r->generation };
	struct loaded there;
	bool same;
	int error;

	if (!r->tables[family].ours ||
	    strcmp(r->tables[family].digest, base->rules->digest))
		return fault_set(f, -ENOENT,
				 "what is loaded is not revision %u, which is "
				 "the current one: load that with \"mailwall "
				 "apply --current\" before a trial",
				 base->revision);
	applied_load(p, &applied);
	error = loaded_read(nl, r, family, BASE_ELEMENTS_MOST, applied_claim,
			    &claim, &there);
	same = !error && base_is_in(base, r, &there);
	digest_objects_free(&there.objects);
	if (error)
		return fault_set(f, error, "%s", kernel_error_text(-error));
	return same ? 0 :
		      fault_set(f, -ENOENT,
				"somebody changed the table since revision %u "
				"was loaded: load it again with \"mailwall "
				"apply --current\" before a trial",
				base->revision);
}

int trial_base_load(struct program *p, struct netlink *nl, struct reading *r,
		    enum family family, struct trial_base *out, struct fault *f)
{
	int error;

	*out = (struct trial_base){ 0 };
	error = revision_current(p, &out->revision, f);
	if (error)
		return error;
	if (!out->revision)
		return base_is_nothing(p, r, family, f);
	error = base_read(p, out, f);
	return error ? error : base_compare(p, nl, r, out, f);
}

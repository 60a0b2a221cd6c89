/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A ruleset as the canonical text that its digest is made of. */
#include "emit.h"
#include "../ruleset/digest.h"

void emit_bytecode(const struct ruleset *rs, FILE *out)
{
	struct digest_objects objects = { 0 };

	fprintf(out, "table %s %s \"%s\"\ndigest %s sha256:%s\n",
		family_name(rs->family), TABLE_NAME, TABLE_COMMENT,
		rs->policy->name, rs->digest);
	if (ruleset_objects(rs, &objects))
		fputs("# out of memory\n", out);
	for (size_t i = 0; i < objects.n; i++)
		fputs(objects.items[i], out);
	digest_objects_free(&objects);
}

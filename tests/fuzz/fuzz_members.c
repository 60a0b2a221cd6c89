/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any bytes are a class file or a list of mistakes; the members that are read
 * come back the same when they are printed and read again.
 */
#include "fuzz.h"
#include "../../tools/program/json.h"
#include "../../tools/program/message.h"
#include "../../tools/program/program.h"

static const char policy_text[] = "policy fuzz\nhook forward\n"
				  "class members { file \"members\" }\n"
				  "outbound from members { \nblock smtp\n}\n";

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	return be_silent();
}

static int read_part(void *ctx, const char *path, const char **text,
		     size_t *len)
{
	const struct bytes own = { policy_text, sizeof(policy_text) - 1 };

	return give_bytes(strcmp(path, "members") ? &own : ctx, text, len);
}

static struct policy *load(const struct bytes *members)
{
	const struct policy_input input = { .ctx = (void *)members,
					    .read = read_part,
					    .release = take_back };
	struct policy *policy;

	if (policy_load(&input, "policy", &policy))
		return NULL;
	return policy;
}

static const struct class *members_of(const struct policy *policy)
{
	for (size_t i = 0; i < policy->classes.n; i++)
		if (!strcmp(policy->classes.items[i]->name, "members"))
			return policy->classes.items[i];
	must(false, "the class is there");
	return NULL;
}

static void print_list4(const struct ranges4 *list, FILE *out)
{
	char text[RANGE_TEXT_MAX];

	for (size_t i = 0; i < list->n; i++) {
		const struct range4 *r = &list->items[i];

		must(r->first <= r->last, "a range goes up");
		must(!i || r[-1].last < r->first, "ranges are in order");
		must(range4_print(text, r) == strlen(text), "it says how long");
		fprintf(out, "%s\n", text);
	}
}

static void print_list6(const struct ranges6 *list, FILE *out)
{
	char text[RANGE_TEXT_MAX];

	for (size_t i = 0; i < list->n; i++) {
		const struct range6 *r = &list->items[i];

		must(memcmp(&r->first, &r->last, 16) <= 0, "a range goes up");
		must(!i || memcmp(&r[-1].last, &r->first, 16) < 0,
		     "ranges are in order");
		must(range6_print(text, r) == strlen(text), "it says how long");
		fprintf(out, "%s\n", text);
	}
}

static void print_class(const struct class *class, char **text, size_t *len)
{
	FILE *out = open_memstream(text, len);

	print_list4(&class->hosts4, out);
	print_list4(&class->nets4, out);
	print_list6(&class->hosts6, out);
	print_list6(&class->nets6, out);
	fclose(out);
}

/* All addresses at once are printed as /0, which is read as a mistake. */
static bool is_everything(const struct class *class)
{
	static const struct addr6 zero;

	for (size_t i = 0; i < class->nets4.n; i++)
		if (class->nets4.items[i].last - class->nets4.items[i].first ==
		    UINT32_MAX)
			return true;
	for (size_t i = 0; i < class->nets6.n; i++) {
		struct addr6 past = class->nets6.items[i].last;

		if (!memcmp(&class->nets6.items[i].first, &zero, 16) &&
		    !addr6_next(&past))
			return true;
	}
	return false;
}

static void check_again(const struct policy *policy)
{
	struct bytes printed;
	struct policy *again;
	char *text, *text_again;
	size_t len, len_again;

	print_class(members_of(policy), &text, &len);
	printed = (struct bytes){ text, len };
	again = load(&printed);
	if (again) {
		must(!again->diags.errors, "what is printed is read");
		print_class(members_of(again), &text_again, &len_again);
		must(len == len_again && !memcmp(text, text_again, len),
		     "printed and read again it is the same");
		free(text_again);
		policy_free(again);
	}
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct program program = { 0 };
	struct bytes members = { (const char *)data, size };
	struct policy *policy = load(&members);

	if (!policy)
		return 0;
	message_diags(&policy->diags, program.quiet);
	json_decref(diags_json(&policy->diags));
	if (!policy->diags.errors && !is_everything(members_of(policy)))
		check_again(policy);
	policy_free(policy);
	return 0;
}

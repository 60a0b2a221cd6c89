/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of functions; each member is in one of the other abi_*.c. */
#include "abi_priv.h"
#include "../../rules/emit/emit.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define COUNT(list)	  (sizeof(list) / sizeof((list)[0]))
#define STRUCT_BYTES_MOST (64 * 1024)

/* ---- the numbers of mailwall.h are those of the program ---- */

#define SAME(theirs, ours)                                                     \
	_Static_assert((unsigned int)(theirs) == (unsigned int)(ours),         \
		       #theirs " is " #ours)

SAME(MAILWALL_ERROR, SEVERITY_ERROR);
SAME(MAILWALL_WARNING, SEVERITY_WARNING);
SAME(MAILWALL_ACTION_ALLOW, ACTION_ALLOW);
SAME(MAILWALL_ACTION_BLOCK, ACTION_BLOCK);
SAME(MAILWALL_ACTION_LIMIT, ACTION_LIMIT);
SAME(MAILWALL_ACTION_REDIRECT, ACTION_REDIRECT);
SAME(MAILWALL_ACTION_OBSERVE, ACTION_OBSERVE);
SAME(MAILWALL_OUTBOUND, DIRECTION_OUTBOUND);
SAME(MAILWALL_INBOUND, DIRECTION_INBOUND);
SAME(MAILWALL_RESET, REFUSAL_RESET);
SAME(MAILWALL_REJECT, REFUSAL_REJECT);
SAME(MAILWALL_DROP, REFUSAL_DROP);
SAME(MAILWALL_UNANSWERED, OUTCOME_UNANSWERED);
SAME(MAILWALL_ANSWERED, OUTCOME_ANSWERED);
SAME(MAILWALL_REFUSED, OUTCOME_REFUSED);
SAME(MAILWALL_ICMP_REFUSED, OUTCOME_ICMP_REFUSED);
SAME(MAILWALL_BLOCKED, OUTCOME_BLOCKED);
SAME(MAILWALL_SEEN_BANNER, SEEN_BANNER);
SAME(MAILWALL_SEEN_IMPLICIT_TLS, SEEN_IMPLICIT_TLS);
SAME(MAILWALL_SEEN_STARTTLS_OFFERED, SEEN_STARTTLS_OFFERED);
SAME(MAILWALL_SEEN_STARTTLS_MASKED, SEEN_STARTTLS_MASKED);
SAME(MAILWALL_SEEN_STARTTLS, SEEN_STARTTLS);
SAME(MAILWALL_SEEN_STARTTLS_REFUSED, SEEN_STARTTLS_REFUSED);
SAME(MAILWALL_SEEN_TLS, SEEN_TLS);
SAME(MAILWALL_SEEN_AUTH_CLEAR, SEEN_AUTH_CLEAR);
SAME(MAILWALL_SEEN_AUTH_FAILED, SEEN_AUTH_FAILED);
SAME(MAILWALL_SEEN_AUTH_OK, SEEN_AUTH_OK);
SAME(MAILWALL_SEEN_HELO, SEEN_HELO);
SAME(MAILWALL_SEEN_HELO_ODD, SEEN_HELO_ODD);
SAME(MAILWALL_SEEN_MAIL, SEEN_MAIL);
SAME(MAILWALL_SEEN_ACCEPTED, SEEN_ACCEPTED);
SAME(MAILWALL_SEEN_GAP, SEEN_GAP);
SAME(MAILWALL_SPAM_SOURCE, FINDING_SPAM_SOURCE);
SAME(MAILWALL_DIRECT_TO_MX, FINDING_DIRECT_TO_MX);
SAME(MAILWALL_SUBMISSION_ABUSE, FINDING_SUBMISSION_ABUSE);
SAME(MAILWALL_LOGIN_STORM, FINDING_LOGIN_STORM);
SAME(MAILWALL_LOGIN_FAILURES, FINDING_LOGIN_FAILURES);
SAME(MAILWALL_CLEARTEXT_LOGIN, FINDING_CLEARTEXT_LOGIN);
SAME(MAILWALL_STARTTLS_STRIPPED, FINDING_STARTTLS_STRIPPED);
SAME(MAILWALL_EVASION, FINDING_EVASION);
SAME(MAILWALL_RETRY_STORM, FINDING_RETRY_STORM);
SAME(MAILWALL_DECODED_SEGMENT, DECODED_SEGMENT);
SAME(MAILWALL_DECODED_OTHER, DECODED_OTHER);
SAME(MAILWALL_DECODED_HELD, DECODED_HELD);
SAME(MAILWALL_UNDECODED_TRUNCATED, UNDECODED_TRUNCATED);
SAME(MAILWALL_UNDECODED_UNKNOWN, UNDECODED_UNKNOWN);
SAME(MAILWALL_UNDECODED_TOO_DEEP, UNDECODED_TOO_DEEP);
SAME(MAILWALL_UNDECODED_BAD_LENGTH, UNDECODED_BAD_LENGTH);
SAME(MAILWALL_UNDECODED_FRAGMENT, UNDECODED_FRAGMENT);
SAME(MAILWALL_UNDECODED_MARTIAN, UNDECODED_MARTIAN);
SAME(MAILWALL_UNDECODED_CHECKSUM, UNDECODED_CHECKSUM);
SAME(MAILWALL_HIDDEN_NOT, HIDDEN_NOT);
SAME(MAILWALL_HIDDEN_FIRST_FRAGMENT, HIDDEN_FIRST_FRAGMENT);
SAME(MAILWALL_HIDDEN_SOURCE_ROUTE, HIDDEN_SOURCE_ROUTE);
SAME(MAILWALL_HIDDEN_STACKED_TAGS, HIDDEN_STACKED_TAGS);
SAME(MAILWALL_HIDDEN_ENCAPSULATED, HIDDEN_ENCAPSULATED);
SAME(MAILWALL_CLASS_STATIC, CLASS_STATIC);
SAME(MAILWALL_CLASS_DYNAMIC, CLASS_DYNAMIC);
SAME(MAILWALL_CLASS_ANY, CLASS_ANY);
SAME(MAILWALL_KEY_IPV4, KEY_IPV4);
SAME(MAILWALL_KEY_IPV6, KEY_IPV6);
SAME(MAILWALL_KEY_INTERFACE, KEY_IFNAME);
SAME(MAILWALL_KEY_SERVICE, KEY_SERVICE);
SAME(MAILWALL_DIGEST_BYTES, DIGEST_TEXT_BYTES);
/* A number that is new here needs a row above, and one in mailwall.h. */
_Static_assert(OUTCOME_N == 5 && FINDING_N == 9 && DECODED_N == 10 &&
		       PORTS_MOST == MAILWALL_PORTS &&
		       FINDING_N <= MAILWALL_FINDINGS && HIDDEN_N == 5 &&
		       HIDDEN_N <= MAILWALL_HIDDEN &&
		       DECODED_N <= MAILWALL_DECODED && EXAMPLES_MOST == 8,
	       "mailwall.h has all numbers");

/*
 * A member that is appended must not lie in what was padding: an older host
 * did not zero it. So there is none.
 */
#define FULL(type, last)                                                       \
	_Static_assert(END_OF(type, last) == sizeof(struct type),              \
		       "struct " #type " ends in padding")
FULL(mailwall_load, reserved);
FULL(mailwall_facts, reserved);
FULL(mailwall_diagnostic, length);
FULL(mailwall_file, bytes);
FULL(mailwall_clause, target6);
FULL(mailwall_condition, reserved);
FULL(mailwall_class, reserved);
FULL(mailwall_class_member, reserved);
FULL(mailwall_set, reserved);
FULL(mailwall_connection, reserved);
FULL(mailwall_decision, reserved);
FULL(mailwall_members, member);
FULL(mailwall_frame, reserved);
FULL(mailwall_attempt, reserved);
FULL(mailwall_finding, reserved);
FULL(mailwall_engine_config, reserved);
FULL(mailwall_summary, hidden);
FULL(mailwall_port, reserved);
FULL(mailwall_source, reserved);
FULL(mailwall_element, last_text);

/* ---- names ---- */

static const char *const severities[] = { "error", "warning" };
static const char *const verdicts[] = { "pass", "block", "limit", "redirect",
					"observe" };
static const char *const conditions[] = { "port", "block", "from",
					  "to",	  "user",  "group" };
static const char *const classes[] = { "static", "dynamic", "any" };
static const char *const seen[] = {
	"banner",
	"implicit-tls",
	"starttls-offered",
	"starttls-masked",
	"starttls",
	"starttls-refused",
	"tls",
	"cleartext-auth",
	"auth-failed",
	"auth-accepted",
	"helo",
	"helo-odd",
	"mail",
	"message-accepted",
	"gap",
};

static const char *abi_list_name(const char *const *list, size_t n,
				 unsigned int number)
{
	return number < n ? list[number] : NULL;
}

static const char *abi_name(unsigned int what, unsigned int number)
{
	if (number > 64)
		return NULL;
	switch (what) {
	case MAILWALL_NAME_SEVERITY:
		return abi_list_name(severities, COUNT(severities), number);
	case MAILWALL_NAME_ACTION:
		return number >= ACTION_N ? NULL :
					    action_name((enum action)number);
	case MAILWALL_NAME_DIRECTION:
		return number > DIRECTION_INBOUND ?
			       NULL :
			       direction_name((enum direction)number);
	case MAILWALL_NAME_REFUSAL:
		return number > REFUSAL_DROP ?
			       NULL :
			       refusal_name((enum refusal)number);
	case MAILWALL_NAME_VERDICT:
		return abi_list_name(verdicts, COUNT(verdicts), number);
	case MAILWALL_NAME_OUTCOME:
		return number < OUTCOME_N ? outcome_name((enum outcome)number) :
					    NULL;
	case MAILWALL_NAME_SEEN:
		return abi_list_name(seen, COUNT(seen), number);
	case MAILWALL_NAME_FINDING:
		return number < FINDING_N ?
			       finding_name((enum finding_kind)number) :
			       NULL;
	case MAILWALL_NAME_DETECTOR:
		return number < DETECTOR_N ?
			       detector_name((enum detector)number) :
			       NULL;
	case MAILWALL_NAME_DECODED:
		return number < DECODED_N ? decoded_name((enum decoded)number) :
					    NULL;
	case MAILWALL_NAME_CONDITION:
		return abi_list_name(conditions, COUNT(conditions), number);
	case MAILWALL_NAME_CLASS:
		return abi_list_name(classes, COUNT(classes), number);
	case MAILWALL_NAME_KEY:
		return number > KEY_SERVICE ?
			       NULL :
			       set_key_name((enum set_key)number);
	case MAILWALL_NAME_HIDDEN:
		return number < HIDDEN_N ? hidden_name((enum hidden)number) :
					   NULL;
	case MAILWALL_NAME_SYSTEM:
		return number < SYSTEM_N ? system_name((enum system)number) :
					   NULL;
	}
	return NULL;
}

/* ---- sentences ---- */

int abi_refuse(struct why why, int error, const char *fmt, ...)
{
	va_list args;

	if (!why.text || !why.size)
		return error;
	va_start(args, fmt);
	vsnprintf(why.text, why.size, fmt, args);
	va_end(args);
	return error;
}

int abi_no_memory(struct why why)
{
	return abi_refuse(why, -ENOMEM, "out of memory");
}

/* ---- structs of a host ---- */

static size_t abi_struct_size(const void *theirs)
{
	size_t size;

	memcpy(&size, theirs, sizeof(size));
	return size;
}

static size_t abi_smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

int abi_check_struct(const struct abi_struct *s, const void *theirs,
		     struct why why)
{
	size_t size;

	if (!theirs)
		return abi_refuse(why, -EINVAL, "struct %s is NULL", s->name);
	size = abi_struct_size(theirs);
	if (size < s->least)
		return abi_refuse(why, -EINVAL,
				  "struct %s has size %zu, and at least %zu "
				  "are needed",
				  s->name, size, s->least);
	if (size > STRUCT_BYTES_MOST)
		return abi_refuse(why, -EINVAL,
				  "struct %s has size %zu, as if it had not "
				  "been set",
				  s->name, size);
	return 0;
}

int abi_read_struct(const struct abi_struct *s, void *ours, const void *theirs,
		    struct why why)
{
	int error = abi_check_struct(s, theirs, why);

	if (error)
		return error;
	memset(ours, 0, s->ours);
	memcpy(ours, theirs, abi_smaller(s->ours, abi_struct_size(theirs)));
	return 0;
}

void abi_fill_struct(const struct abi_struct *s, const void *ours, void *theirs)
{
	size_t size = abi_struct_size(theirs), n = abi_smaller(s->ours, size);
	const size_t head = sizeof(size);

	memcpy((char *)theirs + head, (const char *)ours + head, n - head);
	memset((char *)theirs + n, 0, size - n);
}

int abi_check_reserved(const char *s, const void *bytes, size_t n,
		       struct why why)
{
	const uint8_t *b = bytes;

	for (size_t i = 0; i < n; i++)
		if (b[i])
			return abi_refuse(why, -EINVAL,
					  "struct %s has reserved bytes that "
					  "are not 0",
					  s);
	return 0;
}

int abi_check_flag(const char *s, const char *flag, uint8_t value,
		   struct why why)
{
	return value <= 1 ? 0 :
			    abi_refuse(why, -EINVAL,
				       "%s of struct %s is 0 or 1, not %u",
				       flag, s, value);
}

int abi_no_function(struct why why)
{
	return abi_refuse(why, -EINVAL, "no function to call");
}

int abi_walk_result(int result, struct why why)
{
	if (result)
		abi_refuse(why, result, "the host's function returned %d",
			   result);
	return result;
}

/* ---- the table ---- */

static const struct mailwall_api table = {
	.magic = MAILWALL_MAGIC,
	.major = MAILWALL_MAJOR,
	.minor = MAILWALL_MINOR,
	.size = sizeof(table),
	.version = VERSION,
	.name = abi_name,
	.policy_load = abi_policy_load,
	.policy_ref = abi_policy_ref,
	.policy_free = abi_policy_free,
	.policy_facts = abi_policy_facts,
	.policy_file = abi_policy_file,
	.policy_diagnostic = abi_policy_diagnostic,
	.policy_clause = abi_policy_clause,
	.policy_clause_by_id = abi_policy_clause_by_id,
	.policy_conditions = abi_policy_conditions,
	.policy_class = abi_policy_class,
	.policy_class_members = abi_policy_class_members,
	.policy_sets = abi_policy_sets,
	.policy_digest = abi_policy_digest,
	.policy_emit = abi_policy_emit,
	.policy_decide = abi_policy_decide,
	.policy_element = abi_policy_element,
	.finding_element = abi_finding_element,
	.engine_new = abi_engine_new,
	.engine_free = abi_engine_free,
	.engine_set_policy = abi_engine_set_policy,
	.engine_frame = abi_engine_frame,
	.engine_time = abi_engine_time,
	.engine_end = abi_engine_end,
	.engine_summary = abi_engine_summary,
	.engine_ports = abi_engine_ports,
	.engine_sources = abi_engine_sources,
	.engine_save = abi_engine_save,
	.engine_load = abi_engine_load,
	.engine_clock_step = abi_engine_clock_step,
};

const struct mailwall_api *mailwall_get(unsigned int major)
{
	return major == MAILWALL_MAJOR ? &table : NULL;
}

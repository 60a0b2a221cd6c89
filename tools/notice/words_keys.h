/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The keys of the texts for customers. A row is the name of a key here, its
 * name in the files, and the placeholders that its text may have.
 *
 * Each row of services[] adds two keys behind these, "service.NAME" and
 * "instead.PORT". English may lack any of them: the row's own words stand in.
 */
#ifndef MAILWALL_WORDS_KEYS_H
#define MAILWALL_WORDS_KEYS_H

struct arena;
struct service;

#define WORDS_KEYS(X)                                                          \
	X(PORT, "port", "port")                                                \
	X(PORT_SERVICE, "port.service", "port service")                        \
	X(LIST_LAST, "list.last", "first last")                                \
                                                                               \
	X(WHO_ANYONE, "who.anyone", "")                                        \
	X(WHO_CLASS, "who.class", "name")                                      \
	X(WHO_PRIVATE, "who.private", "")                                      \
	X(WHO_INTERNET, "who.internet", "")                                    \
	X(WHO_FLAGGED, "who.flagged", "")                                      \
	X(WHO_WITHIN, "who.within", "who whole")                               \
	X(WHO_HOST, "who.host", "")                                            \
	X(WHO_BEHIND, "who.behind", "interfaces")                              \
	X(WHO_USERS, "who.users", "who users")                                 \
	X(WHO_GROUPS, "who.groups", "who groups")                              \
                                                                               \
	X(PAGE_TITLE, "page.title", "")                                        \
	X(PAGE_INTRO, "page.intro", "")                                        \
	X(PAGE_OBSERVE, "page.observe", "")                                    \
	X(PAGE_POLICY, "page.policy", "")                                      \
	X(PAGE_SINCE, "page.since", "")                                        \
	X(PAGE_REVIEW, "page.review", "")                                      \
	X(PAGE_CONTACT, "page.contact", "")                                    \
	X(PAGE_WHY_TITLE, "page.why.title", "")                                \
	X(PAGE_WHY_PURPOSE, "page.why.purpose", "purpose")                     \
	X(PAGE_WHY_NONE, "page.why.none", "")                                  \
	X(PAGE_WHY_25, "page.why.25", "")                                      \
	X(PAGE_RULES_TITLE, "page.rules.title", "")                            \
	X(PAGE_RULES_ORDER, "page.rules.order", "")                            \
	X(PAGE_RULES_NONE, "page.rules.none", "")                              \
	X(PAGE_INSTEAD_TITLE, "page.instead.title", "")                        \
	X(PAGE_EXCEPTION_TITLE, "page.exception.title", "")                    \
	X(PAGE_EXCEPTION, "page.exception", "contact")                         \
	X(PAGE_EXCEPTION_NONE, "page.exception.none", "")                      \
	X(PAGE_COMPLAINT_TITLE, "page.complaint.title", "")                    \
	X(PAGE_COMPLAINT, "page.complaint", "contact")                         \
	X(PAGE_COMPLAINT_NONE, "page.complaint.none", "")                      \
	X(PAGE_GROUPS_TITLE, "page.groups.title", "")                          \
	X(PAGE_GROUPS, "page.groups", "")                                      \
	X(PAGE_GROUP_FIXED, "page.group.fixed", "families")                    \
	X(PAGE_GROUP_INTERFACES, "page.group.interfaces", "")                  \
	X(PAGE_GROUP_DYNAMIC, "page.group.dynamic", "")                        \
	X(PAGE_MADE, "page.made", "policy")                                    \
                                                                               \
	X(RULE_TITLE, "rule.title", "number what ports")                       \
	X(RULE_BLOCKED, "rule.blocked", "")                                    \
	X(RULE_LIMITED, "rule.limited", "")                                    \
	X(RULE_REDIRECTED, "rule.redirected", "")                              \
	X(RULE_OBSERVED, "rule.observed", "")                                  \
	X(RULE_TRIAL, "rule.trial", "")                                        \
	X(RULE_DIRECTION, "rule.direction", "")                                \
	X(RULE_OUTBOUND, "rule.outbound", "")                                  \
	X(RULE_INBOUND, "rule.inbound", "")                                    \
	X(RULE_FROM, "rule.from", "")                                          \
	X(RULE_TO, "rule.to", "")                                              \
	X(RULE_ADDRESSES, "rule.addresses", "")                                \
	X(RULE_BOTH, "rule.both", "")                                          \
	X(RULE_NO_FAMILY, "rule.no-family", "")                                \
	X(RULE_HOW, "rule.how", "")                                            \
	X(RULE_RESET, "rule.reset", "")                                        \
	X(RULE_REJECT, "rule.reject", "")                                      \
	X(RULE_DROP, "rule.drop", "")                                          \
	X(RULE_LIMIT, "rule.limit", "count unit burst over")                   \
	X(RULE_REDIRECT, "rule.redirect", "target")                            \
	X(RULE_OBSERVE, "rule.observe", "")                                    \
	X(RULE_WOULD, "rule.would", "how")                                     \
	X(RULE_REPLIES, "rule.replies", "")                                    \
	X(RULE_LOGGED, "rule.logged", "")                                      \
	X(UNIT_SECOND, "unit.second", "")                                      \
	X(UNIT_MINUTE, "unit.minute", "")                                      \
	X(UNIT_HOUR, "unit.hour", "")                                          \
	X(UNIT_DAY, "unit.day", "")                                            \
                                                                               \
	X(EXCEPT, "except", "")                                                \
	X(EXCEPT_NONE, "except.none", "")                                      \
	X(EXCEPT_FROM, "except.from", "from")                                  \
	X(EXCEPT_TO, "except.to", "to")                                        \
	X(EXCEPT_WHO, "except.who", "from to")                                 \
	X(EXCEPT_PORTS, "except.ports", "what ports")                          \
	X(EXCEPT_FAMILY, "except.family", "what family")                       \
	X(EXCEPT_OTHER, "except.other", "what rule")                           \
                                                                               \
	X(INSTEAD_SEND, "instead.send", "")                                    \
	X(INSTEAD_SEND_NONE, "instead.send.none", "")                          \
	X(INSTEAD_READ, "instead.read", "")                                    \
                                                                               \
	X(NOTICE_SUBJECT, "notice.subject", "address")                         \
	X(NOTICE_GREETING, "notice.greeting", "")                              \
	X(NOTICE_OPENING, "notice.opening", "address")                         \
	X(NOTICE_SEEN_TITLE, "notice.seen.title", "")                          \
	X(NOTICE_SEEN, "notice.seen", "attempts destinations port first last") \
	X(NOTICE_SEEN_ONCE, "notice.seen.once",                                \
	  "attempts destinations port first")                                  \
	X(NOTICE_SEEN_SOURCE, "notice.seen.source", "attempts first last")     \
	X(NOTICE_SEEN_BLOCKED, "notice.seen.blocked", "attempts port")         \
	X(NOTICE_EXAMPLES, "notice.examples", "list")                          \
	X(NOTICE_SYSTEM, "notice.system", "system")                            \
	X(NOTICE_SYSTEMS, "notice.systems", "n systems")                       \
	X(SYSTEM_LINUX, "system.linux", "")                                    \
	X(SYSTEM_WINDOWS, "system.windows", "")                                \
	X(SYSTEM_WINDOWS_OLD, "system.windows-old", "")                        \
	X(SYSTEM_BSD, "system.bsd", "")                                        \
	X(SYSTEM_APPLE, "system.apple", "")                                    \
	X(SYSTEM_EMBEDDED, "system.embedded", "")                              \
	X(SYSTEM_SCANNER, "system.scanner", "")                                \
	X(NOTICE_TIME_SAME_DAY, "notice.time.same-day", "local utc")           \
	X(NOTICE_TIME, "notice.time", "local utc")                             \
	X(NOTICE_TIME_UTC, "notice.time.utc", "utc")                           \
	X(COUNT_ATTEMPT, "count.attempt", "")                                  \
	X(COUNT_ATTEMPTS, "count.attempts", "n")                               \
	X(COUNT_SERVER, "count.server", "")                                    \
	X(COUNT_SERVERS, "count.servers", "n")                                 \
	X(COUNT_SERVERS_ABOUT, "count.servers.about", "n")                     \
	X(NOTICE_MEANS_TITLE, "notice.means.title", "")                        \
	X(MEANS_SPAM_SOURCE, "notice.means.spam-source", "")                   \
	X(MEANS_DIRECT_TO_MX, "notice.means.direct-to-mx", "")                 \
	X(MEANS_SUBMISSION_ABUSE, "notice.means.submission-abuse", "")         \
	X(MEANS_LOGIN_STORM, "notice.means.login-storm", "")                   \
	X(MEANS_LOGIN_FAILURES, "notice.means.login-failures", "")             \
	X(MEANS_CLEARTEXT_LOGIN, "notice.means.cleartext-login", "")           \
	X(MEANS_STARTTLS_STRIPPED, "notice.means.starttls-stripped", "")       \
	X(MEANS_EVASION, "notice.means.evasion", "")                           \
	X(MEANS_RETRY_STORM, "notice.means.retry-storm", "")                   \
	X(MEANS_OTHER, "notice.means.other", "")                               \
	X(MEANS_BLOCKED, "notice.means.blocked", "")                           \
	X(NOTICE_SURE_TITLE, "notice.sure.title", "")                          \
	X(NOTICE_SURE_PROVEN, "notice.sure.proven", "")                        \
	X(NOTICE_SURE_UNPROVEN, "notice.sure.unproven", "")                    \
	X(NOTICE_SURE_MIXED, "notice.sure.mixed", "")                          \
	X(NOTICE_BLOCKED_TITLE, "notice.blocked.title", "")                    \
	X(NOTICE_BLOCKED, "notice.blocked", "ports")                           \
	X(NOTICE_BLOCKED_25, "notice.blocked.25", "")                          \
	X(NOTICE_BLOCKED_NOTHING, "notice.blocked.nothing", "")                \
	X(NOTICE_PURPOSE, "notice.purpose", "purpose")                         \
	X(NOTICE_DO_TITLE, "notice.do.title", "")                              \
	X(NOTICE_DO_SCAN, "notice.do.scan", "")                                \
	X(NOTICE_DO_PASSWORDS, "notice.do.passwords", "")                      \
	X(NOTICE_DO_SEND, "notice.do.send", "")                                \
	X(NOTICE_DO_READ, "notice.do.read", "")                                \
	X(NOTICE_DO_EXCEPTION, "notice.do.exception", "contact")               \
	X(NOTICE_DO_EXCEPTION_NONE, "notice.do.exception.none", "")            \
	X(NOTICE_QUESTIONS, "notice.questions", "contact address")             \
	X(NOTICE_QUESTIONS_NONE, "notice.questions.none", "address")           \
	X(NOTICE_CLOSING, "notice.closing", "")

enum word_key {
#define WORDS_ENUM(name, key, placeholders) WORD_##name,
	WORDS_KEYS(WORDS_ENUM)
#undef WORDS_ENUM
		WORDS_N
};

/* The number of all keys, with those of services. */
int words_key_count(void);
/* The keys of a service: its name, and how it is offered. */
int words_key_of_service(const struct service *s);
int words_key_of_offer(const struct service *s);

/* The name of a key, "page.title", from the arena or constant. */
const char *words_key_name(struct arena *a, int key);
/* The placeholders of a key, "port service", or "". */
const char *words_key_placeholders(int key);

#endif

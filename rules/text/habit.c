/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "habit.h"
#include "../base/arena.h"
#include "../base/range.h"

#include <string.h>

#define ALLOW_IT "write \"allow\""
#define BLOCK_IT                                                               \
	"write \"block\", and \"reset\", \"reject\" or \"drop\" behind it"
#define OWN_WORDS                                                              \
	"a policy has words of its own; port 25 is closed by \"block smtp\" "  \
	"in "                                                                  \
	"an \"outbound { ... }\" block"
#define LEAVE_OUT "leave it out: a port number, or a service, stands alone"
#define IN_CLASS                                                               \
	"an interface stands in a class, class NAME { interface \"eth0\" }, "  \
	"and "                                                                 \
	"the clause or block says \"from NAME\" or \"to NAME\""
#define ABOVE                                                                  \
	"write the exception as a clause above this one: the first match "     \
	"decides"
#define COMMENT	   "a comment begins with #"
#define PLAIN	   "leave it out"
#define NO_NEGATED "there is no negation: " ABOVE
#define BOTH	   "leave it out: a clause is about both families"
#define TLS                                                                    \
	"leave it out: the port tells; submissions, imaps and pop3s have TLS"
#define MASKS "write the prefix with its length: 100.64.0.0/10"
#define HOOKS                                                                  \
	"write \"hook forward\" for a router, \"hook output\" for this "       \
	"host's "                                                              \
	"own connections"
#define MODES "write \"mode enforce\", or \"mode observe\" to count alone"

static const struct {
	int places;
	const char *word, *help;
} habits[] = {
	{ HABIT_ACTION, "accept", ALLOW_IT },
	{ HABIT_ACTION, "permit", ALLOW_IT },
	{ HABIT_ACTION, "pass", ALLOW_IT },
	{ HABIT_ACTION, "open", ALLOW_IT },
	{ HABIT_ACTION, "except", ALLOW_IT " above the clause that blocks" },
	{ HABIT_ACTION, "exempt", "write \"allow smtp from exempt\"" },
	{ HABIT_ACTION, "deny", BLOCK_IT },
	{ HABIT_ACTION, "refuse", BLOCK_IT },
	{ HABIT_ACTION, "close", BLOCK_IT },
	{ HABIT_ACTION, "discard", "write \"block ... drop\"" },
	{ HABIT_ACTION, "drop", "write \"block ... drop\"" },
	{ HABIT_ACTION, "reject", "write \"block ... reject\"" },
	{ HABIT_ACTION, "reset", "write \"block ... reset\"" },
	{ HABIT_ACTION, "return", "write \"block ... reset\" or \"allow\"" },
	{ HABIT_ACTION, "log",
	  "write \"observe ... log\", or \"log\" at the "
	  "end of a clause" },
	{ HABIT_ACTION, "count", "write \"observe\"" },
	{ HABIT_ACTION, "monitor", "write \"observe\"" },
	{ HABIT_ACTION, "ratelimit", "write \"limit\"" },
	{ HABIT_ACTION, "rate-limit", "write \"limit\"" },
	{ HABIT_ACTION, "throttle", "write \"limit\"" },
	{ HABIT_ACTION, "dnat", "write \"redirect smtp to ADDRESS\"" },
	{ HABIT_ACTION, "-",
	  "leave the mark out: a clause begins with its "
	  "action" },
	{ HABIT_ACTION, "*",
	  "leave the mark out: a clause begins with its "
	  "action" },
	{ HABIT_ACTION | HABIT_STATEMENT, "-A", OWN_WORDS },
	{ HABIT_ACTION | HABIT_STATEMENT, "-I", OWN_WORDS },
	{ HABIT_ACTION | HABIT_STATEMENT, "-P", OWN_WORDS },
	{ HABIT_ACTION | HABIT_STATEMENT, "iptables", OWN_WORDS },
	{ HABIT_ACTION | HABIT_STATEMENT, "ip6tables", OWN_WORDS },
	{ HABIT_ACTION | HABIT_STATEMENT, "nft", OWN_WORDS },
	{ HABIT_ACTION | HABIT_STATEMENT, "ufw", OWN_WORDS },
	{ HABIT_ACTION | HABIT_STATEMENT, "firewall-cmd", OWN_WORDS },
	{ HABIT_ACTION | HABIT_STATEMENT, "add", OWN_WORDS },
	{ HABIT_ACTION | HABIT_STATEMENT, "insert", OWN_WORDS },
	{ HABIT_ACTION | HABIT_STATEMENT, "set", OWN_WORDS },
	{ HABIT_ACTION | HABIT_STATEMENT, "rule", OWN_WORDS },
	{ HABIT_ACTION | HABIT_STATEMENT, "chain", OWN_WORDS },
	{ HABIT_ACTION | HABIT_STATEMENT, "table", OWN_WORDS },
	{ HABIT_ACTION | HABIT_STATEMENT, "flush", OWN_WORDS },
	{ HABIT_ACTION | HABIT_STATEMENT, "access-list", OWN_WORDS },
	{ HABIT_ACTION | HABIT_STATEMENT, "ip", OWN_WORDS },
	{ HABIT_ACTION | HABIT_STATEMENT, "tcp", OWN_WORDS },
	{ HABIT_ACTION | HABIT_STATEMENT, "iifname", OWN_WORDS },
	{ HABIT_ACTION | HABIT_STATEMENT, "oifname", OWN_WORDS },
	{ HABIT_ACTION | HABIT_STATEMENT, "/ip", OWN_WORDS },
	{ HABIT_ACTION | HABIT_STATEMENT | HABIT_SERVICE | HABIT_MEMBER, "//",
	  COMMENT },
	{ HABIT_ACTION | HABIT_STATEMENT | HABIT_SERVICE | HABIT_MEMBER, "/*",
	  COMMENT ", on each line" },
	{ HABIT_ACTION | HABIT_STATEMENT | HABIT_SERVICE | HABIT_MEMBER, "--",
	  COMMENT },
	{ HABIT_STATEMENT, "rules", OWN_WORDS },
	{ HABIT_STATEMENT, "version", "leave it out: a policy has no version" },
	{ HABIT_STATEMENT, "group", "write \"class NAME { ... }\"" },
	{ HABIT_STATEMENT, "alias", "write \"class NAME { ... }\"" },
	{ HABIT_STATEMENT, "object-group", "write \"class NAME { ... }\"" },
	{ HABIT_STATEMENT, "let", "write \"define NAME = ...\"" },
	{ HABIT_STATEMENT, "var", "write \"define NAME = ...\"" },
	{ HABIT_STATEMENT, "import", "write \"include \\\"FILE\\\"\"" },
	{ HABIT_STATEMENT, "name", "write \"policy NAME\"" },
	{ HABIT_STATEMENT, "description", "write \"purpose \\\"...\\\"\"" },
	{ HABIT_STATEMENT, "forward", "write \"hook forward\"" },
	{ HABIT_STATEMENT, "egress", "write \"outbound { ... }\"" },
	{ HABIT_STATEMENT, "ingress",
	  "write \"inbound { ... }\", or \"hook "
	  "ingress DEVICE\"" },
	{ HABIT_SERVICE, "all",
	  "there is no word for every port: name the "
	  "services" },
	{ HABIT_SERVICE, "any",
	  "there is no word for every port: name the "
	  "services" },
	{ HABIT_SERVICE, "*",
	  "there is no word for every port: name the "
	  "services" },
	{ HABIT_SERVICE, "tcp", "leave it out: mail is TCP" },
	{ HABIT_SERVICE, "udp", "leave it out: mail is TCP" },
	{ HABIT_SERVICE, "proto", "leave it out: mail is TCP" },
	{ HABIT_SERVICE, "protocol", "leave it out: mail is TCP" },
	{ HABIT_SERVICE, "port", LEAVE_OUT },
	{ HABIT_SERVICE, "ports", LEAVE_OUT },
	{ HABIT_SERVICE, "dport", LEAVE_OUT },
	{ HABIT_SERVICE, "dpt", LEAVE_OUT },
	{ HABIT_SERVICE, "eq", LEAVE_OUT },
	{ HABIT_SERVICE, "service", LEAVE_OUT },
	{ HABIT_SERVICE, "sport",
	  "leave it out: a clause is about the port that "
	  "is connected to" },
	{ HABIT_SERVICE, "in", IN_CLASS },
	{ HABIT_SERVICE, "out", IN_CLASS },
	{ HABIT_SERVICE, "on", IN_CLASS },
	{ HABIT_SERVICE, "via", IN_CLASS },
	{ HABIT_SERVICE, "dev", IN_CLASS },
	{ HABIT_SERVICE, "iif", IN_CLASS },
	{ HABIT_SERVICE, "oif", IN_CLASS },
	{ HABIT_SERVICE, "iifname", IN_CLASS },
	{ HABIT_SERVICE, "oifname", IN_CLASS },
	{ HABIT_SERVICE | HABIT_MEMBER, "interface", IN_CLASS },
	{ HABIT_SERVICE | HABIT_MEMBER, "unless", ABOVE },
	{ HABIT_SERVICE | HABIT_MEMBER, "except", ABOVE },
	{ HABIT_SERVICE | HABIT_MEMBER, "but", ABOVE },
	{ HABIT_SERVICE | HABIT_MEMBER, "not", NO_NEGATED },
	{ HABIT_SERVICE | HABIT_MEMBER, "or",
	  "leave it out: a list holds if "
	  "one of its words does" },
	{ HABIT_MEMBER, "and",
	  "leave it out: a list holds if one of its words "
	  "does" },
	{ HABIT_SERVICE | HABIT_MEMBER | HABIT_ACTION | HABIT_STATEMENT, "if",
	  "there are no conditions but from and to: the first clause that "
	  "matches decides" },
	{ HABIT_ACTION | HABIT_STATEMENT, "else",
	  "the first clause that matches decides, and what none matches "
	  "passes" },
	{ HABIT_ACTION | HABIT_STATEMENT, "default",
	  "what no clause decides passes; end the block with one like \"block "
	  "smtp\"" },
	{ HABIT_STATEMENT, "comment", COMMENT },
	{ HABIT_STATEMENT, "note", COMMENT },
	{ HABIT_STATEMENT, "quarantine", "write \"watch { quarantine 1d }\"" },
	{ HABIT_STATEMENT, "dynamic", "write \"class NAME dynamic\"" },
	{ HABIT_SERVICE, "ipv4", BOTH },
	{ HABIT_SERVICE, "ipv6", BOTH },
	{ HABIT_SERVICE, "ip6", BOTH },
	{ HABIT_SERVICE, "inet", BOTH },
	{ HABIT_SERVICE, "tls", TLS },
	{ HABIT_SERVICE, "ssl", TLS },
	{ HABIT_SERVICE, "logged", "write \"log\"" },
	{ HABIT_SERVICE, "logging", "write \"log\"" },
	{ HABIT_SERVICE, "with", PLAIN },
	{ HABIT_SERVICE, "by", PLAIN },
	{ HABIT_SERVICE, "for", "write \"from\"" },
	{ HABIT_SERVICE, "saddr", "write \"from\"" },
	{ HABIT_SERVICE, "src", "write \"from\"" },
	{ HABIT_SERVICE, "source", "write \"from\"" },
	{ HABIT_SERVICE, "daddr", "write \"to\"" },
	{ HABIT_SERVICE, "dst", "write \"to\"" },
	{ HABIT_SERVICE, "destination", "write \"to\"" },
	{ HABIT_SERVICE, "rate",
	  PLAIN ": the rate stands behind the services" },
	{ HABIT_SERVICE, "at", PLAIN ": the rate stands behind the services" },
	{ HABIT_SERVICE, "max", PLAIN ": the rate stands behind the services" },
	{ HABIT_SERVICE, "counter", "leave it out: every clause counts" },
	{ HABIT_SERVICE, "count", "leave it out: every clause counts" },
	{ HABIT_SERVICE, "quick", "leave it out: the first match decides" },
	{ HABIT_SERVICE, "prefix",
	  "leave it out: a log names the policy and the "
	  "line" },
	{ HABIT_SERVICE, "tcp-reset", "write \"reset\"" },
	{ HABIT_SERVICE, "rst", "write \"reset\"" },
	{ HABIT_SERVICE, "silently", "write \"drop\"" },
	{ HABIT_SERVICE, "return-rst", "write \"reset\"" },
	{ HABIT_MEMBER, "all", "write \"any\"" },
	{ HABIT_MEMBER, "any4",
	  "write \"any\": a clause is about both families" },
	{ HABIT_MEMBER, "any6",
	  "write \"any\": a clause is about both families" },
	{ HABIT_MEMBER, "*", "write \"any\"" },
	{ HABIT_MEMBER, "everyone", "write \"any\"" },
	{ HABIT_MEMBER, "anywhere", "write \"any\"" },
	{ HABIT_MEMBER, "world", "write \"internet\", or \"any\"" },
	{ HABIT_MEMBER, "public", "write \"internet\"" },
	{ HABIT_MEMBER, "external", "write \"internet\", or declare a class" },
	{ HABIT_MEMBER, "lan", "write \"private\", or declare a class" },
	{ HABIT_MEMBER, "rfc1918", "write \"private\"" },
	{ HABIT_MEMBER, "-",
	  "write a range without blanks: 10.0.0.1-10.0.0.9" },
	{ HABIT_MEMBER, "mask", MASKS },
	{ HABIT_MEMBER, "netmask", MASKS },
	{ HABIT_MEMBER, "host", "leave it out: an address stands alone" },
	{ HABIT_MEMBER, "net", "leave it out: a prefix stands alone" },
	{ HABIT_MEMBER, "localhost", "write 127.0.0.1 ::1" },
	{ HABIT_HOOK, "input", HOOKS ", with an \"inbound { ... }\" block" },
	{ HABIT_HOOK, "prerouting", HOOKS },
	{ HABIT_HOOK, "postrouting", HOOKS },
	{ HABIT_HOOK, "router", "write \"hook forward\"" },
	{ HABIT_HOOK, "host", "write \"hook output\"" },
	{ HABIT_HOOK, "local", "write \"hook output\"" },
	{ HABIT_HOOK, "egress",
	  "write \"hook output\", or \"hook ingress "
	  "DEVICE\"" },
	{ HABIT_MODE, "monitor", MODES },
	{ HABIT_MODE, "log", MODES },
	{ HABIT_MODE, "dry-run", MODES },
	{ HABIT_MODE, "test", MODES },
	{ HABIT_MODE, "block", MODES },
	{ HABIT_MODE, "on", MODES },
	{ HABIT_MODE, "off", MODES },
	{ HABIT_MODE, "permissive", MODES },
	{ HABIT_MODE, "enforcing", MODES },
};

static char habit_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool habit_is_case(const char *word, size_t len, const char *wanted)
{
	size_t i = 0;
	bool differs = false;

	for (; i < len && wanted[i] && habit_lower(word[i]) == wanted[i]; i++)
		differs = differs || word[i] != wanted[i];
	return i == len && !wanted[i] && differs;
}

/* ---- forms ---- */

/* "465-587", "465:587": ports from one to another. */
static const char *habit_ports(struct arena *a, const char *word)
{
	size_t n = strspn(word, "0123456789");
	const char *rest = word + n + 1;

	if (!n || !strchr("-:/", word[n]) || !word[n])
		return NULL;
	if (word[n] == '/')
		return !strcmp(rest, "tcp") || !strcmp(rest, "udp") ?
			       arena_printf(a, "write \"%.*s\": mail is TCP",
					    (int)n, word) :
			       NULL;
	if (!*rest || strspn(rest, "0123456789") != strlen(rest))
		return NULL;
	return arena_printf(a,
			    "there are no ranges of ports: name each, \"%.*s "
			    "%s\"",
			    (int)n, word, rest);
}

/* "tcp/25" */
static const char *habit_tcp(struct arena *a, const char *word)
{
	if (strncmp(word, "tcp/", 4) && strncmp(word, "tcp:", 4))
		return NULL;
	return arena_printf(a, "write \"%s\": mail is TCP", word + 4);
}

/* An address where the services stand. */
static const char *habit_address(struct arena *a, const char *word)
{
	struct addr_range r;

	if (range_parse(word, strlen(word), &r))
		return NULL;
	return arena_printf(a, "write \"from %s\" or \"to %s\"", word, word);
}

/* "100.64.*": whole bytes that may be anything. */
static const char *habit_stars(struct arena *a, const char *word)
{
	static const char *const ends[] = { "0.0.0/8", "0.0/16", "0/24" };
	const char *star = strstr(word, ".*");
	size_t dots = 0;

	if (!star || strspn(word, "0123456789.") != (size_t)(star - word) + 1)
		return NULL;
	for (const char *p = word; p < star; p++)
		dots += *p == '.';
	return dots < 3 ? arena_printf(a, "write %.*s.%s", (int)(star - word),
				       word, ends[dots]) :
			  NULL;
}

/* "10.0.0.0/255.0.0.0" */
static const char *habit_mask(struct arena *a, const char *word)
{
	const char *slash = strchr(word, '/');
	char prefix[RANGE_TEXT_MAX];
	const char *text;
	struct addr_range r;
	uint32_t mask;
	int length = 0;

	if (!slash || range_parse(slash + 1, strlen(slash + 1), &r) ||
	    r.family != 4 || !range4_is_single(&r.v4))
		return NULL;
	mask = r.v4.first;
	while (mask & 0x80000000u) {
		length++;
		mask <<= 1;
	}
	if (mask)
		return MASKS;
	text = arena_printf(a, "%.*s/%d", (int)(slash - word), word, length);
	if (range_parse(text, strlen(text), &r) || r.family != 4)
		return MASKS;
	range4_print(prefix, &r.v4);
	return arena_printf(a, "write %s", prefix);
}

/* "10.0.0.1:25" */
static const char *habit_with_port(struct arena *a, const char *word)
{
	const char *colon = strchr(word, ':');

	if (!colon || strchr(colon + 1, ':') || !strchr(word, '.') ||
	    strspn(colon + 1, "0123456789") != strlen(colon + 1))
		return NULL;
	return arena_printf(a,
			    "write %.*s; the port stands behind the action, as "
			    "a service",
			    (int)(colon - word), word);
}

static size_t habit_count(const char *word, char wanted)
{
	size_t n = 0;

	for (; *word; word++)
		n += *word == wanted;
	return n;
}

/* "10.0", "10.0.0.0.1": not four numbers. */
static const char *habit_numbers(struct arena *a, const char *word)
{
	(void)a;
	if (word[strspn(word, "0123456789.")] || !strchr(word, '.') ||
	    habit_count(word, '.') == 3)
		return NULL;
	return "an IPv4 address has four numbers, like 100.64.0.9; a network "
	       "has a length, like 100.64.0.0/10";
}

/* "mail.example.com": names are not looked up. */
static const char *habit_host(struct arena *a, const char *word)
{
	(void)a;
	if (!strchr(word, '.') || strpbrk(word, ":/*") ||
	    !word[strspn(word, "0123456789.-")])
		return NULL;
	return "names are not looked up: a packet has an address; write the "
	       "addresses of that host";
}

/* "ppp*", "eth0", "br-lan": what interfaces are called. */
static const char *habit_interface(struct arena *a, const char *word)
{
	static const char *const starts[] = { "eth",  "enp",  "ens",  "eno",
					      "ppp",  "wan",  "wlan", "br-",
					      "bond", "vlan", "veth", "tun",
					      "tap",  "wg",   "vmbr", "lo" };
	size_t len = strlen(word);

	if (len && word[len - 1] == '*' && !strpbrk(word, ".:/"))
		return arena_printf(
			a,
			"an interface stands in a class: class NAME "
			"{ interface \"%s\" }",
			word);
	for (size_t i = 0; i < sizeof(starts) / sizeof(*starts); i++) {
		size_t n = strlen(starts[i]);

		if (!strncmp(word, starts[i], n) &&
		    (strpbrk(word + n, "0123456789") || !word[n]))
			return arena_printf(a,
					    "an interface stands in a class: "
					    "class NAME { interface \"%s\" }",
					    word);
	}
	return NULL;
}

static const struct {
	int places;
	const char *(*help)(struct arena *a, const char *word);
} forms[] = {
	{ HABIT_SERVICE, habit_ports },	   { HABIT_SERVICE, habit_tcp },
	{ HABIT_SERVICE, habit_address },  { HABIT_MEMBER, habit_stars },
	{ HABIT_MEMBER, habit_mask },	   { HABIT_MEMBER, habit_with_port },
	{ HABIT_MEMBER, habit_numbers },   { HABIT_MEMBER, habit_host },
	{ HABIT_MEMBER, habit_interface },
};

const char *habit_help(struct arena *a, enum habit_place place,
		       const char *word, size_t len)
{
	const char *text = arena_strndup(a, word, len);
	const char *help = NULL;

	for (size_t i = 0; i < sizeof(habits) / sizeof(*habits); i++)
		if (habits[i].places & place &&
		    (habit_is_case(text, len, habits[i].word) ||
		     !strcmp(text, habits[i].word)))
			return habits[i].help;
	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms) && !help; i++)
		if (forms[i].places & place)
			help = forms[i].help(a, text);
	return help;
}

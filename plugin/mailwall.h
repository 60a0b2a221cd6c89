/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mailwall as a plugin: policies for mail ports, asked, compiled and applied
 * to captured frames, from within another program.
 *
 *	#include <dlfcn.h>
 *	#include <mailwall.h>
 *	#include <stdio.h>
 *
 *	static const char text[] =
 *		"policy example\n"
 *		"hook forward\n"
 *		"class relays { 192.0.2.25 }\n"
 *		"outbound {\n"
 *		"	allow smtp to relays\n"
 *		"	block smtp\n"
 *		"}\n";
 *
 *	int main(void)
 *	{
 *		void *so = dlopen("mailwall.so.1", RTLD_NOW | RTLD_LOCAL);
 *		const struct mailwall_plugin *m =
 *			so ? dlsym(so, MAILWALL_SYMBOL) : NULL;
 *		struct mailwall_load load = { .size = sizeof(load) };
 *		struct mailwall_connection c = { .size = sizeof(c) };
 *		struct mailwall_decision d = { .size = sizeof(d) };
 *		struct mailwall_policy *policy;
 *		char why[MAILWALL_WHY_BYTES];
 *
 *		if (!m || m->magic != MAILWALL_MAGIC ||
 *		    m->major != MAILWALL_MAJOR ||
 *		    !MAILWALL_HAS(m, policy_decide))
 *			return 1;
 *		load.text = text;
 *		load.text_len = sizeof(text) - 1;
 *		if (m->policy_load(&load, &policy, why, sizeof(why))) {
 *			fprintf(stderr, "%s\n", why);
 *			return 1;
 *		}
 *		c.family = 4;
 *		c.source[0] = 10;
 *		c.source[3] = 1;
 *		c.destination[0] = 203;
 *		c.destination[2] = 113;
 *		c.destination[3] = 9;
 *		c.destination_port = 25;
 *		if (m->policy_decide(policy, NULL, &c, &d, why, sizeof(why)))
 *			fprintf(stderr, "%s\n", why);
 *		else
 *			printf("%s: %s\n", m->name(MAILWALL_NAME_VERDICT,
 *						   d.verdict),
 *			       d.text ? d.text : "no clause");
 *		m->policy_free(policy);
 *		return 0;
 *	}
 *
 *	cc -std=c11 example.c -ldl && ./a.out
 *	block: block smtp
 *
 * By its name alone the plugin is found in the folders that the loader always
 * searches, as /usr/lib. Elsewhere, /usr/local/lib included, dlopen() needs its
 * path: pkg-config --variable=plugin mailwall.
 *
 * CONCEPTS
 *
 * A policy is what mailwall.policy(5) describes, read and checked: classes of
 * addresses, and clauses in the order of the text, each with an action. It
 * never changes. It answers which clause decides a connection, and it is
 * written out as rules for nftables.
 *
 * An engine takes frames as libpcap hands them over and tells of attempts to
 * open a connection to a mail port, and of findings: sources that are likely
 * to send spam. With a policy it says what that makes of each attempt. A
 * source is an IPv4 address or an IPv6 /64.
 *
 * A finding stands for one element of a set that the rules of a policy have,
 * if a clause of it names class flagged. Who puts it there is the host.
 *
 * The plugin opens no file, reads no clock, prints nothing, starts no thread,
 * handles no signal and keeps nothing outside its handles. Files are read by
 * functions of the host, and time is that of the frames. (One thing is not in
 * its hands: libjansson, which writes format "json", takes a seed from
 * /dev/urandom when it is first used in a process.)
 *
 * VERSIONS
 *
 * The shared object exports one symbol, a constant struct mailwall_plugin.
 * Within a major version, members are only ever appended to any struct here
 * and numbers to any enum. A host checks magic and major, and then with
 * MAILWALL_HAS() each function that it needs. Magic, major, minor and size
 * stay where they are in every major version.
 *
 * Every other struct begins with its size in bytes, set by whom it belongs to:
 * a host sets that of what it passes, zeroed else, and the plugin that of what
 * it hands to a callback. Of a longer struct than this plugin knows the rest is
 * ignored, or zeroed if it is to be filled in; a shorter one is as if what is
 * missing were zero, or is not filled in. One that is shorter than in version
 * 1.0 (or longer than 64 KiB) was not set: -EINVAL. Before a host reads a
 * member that came after 1.0 of a struct that it is handed, it looks at size.
 *
 * ERRORS
 *
 * A function returns 0 or -errno, and the plugin says why as a sentence,
 * lower case and without a full stop, in a buffer of the host: why, of why_size
 * bytes, cut to fit. It may be NULL, or why_size 0. On success it is "".
 *
 *	-EINVAL	 an argument is NULL or no good, a struct too short, or a policy
 *		 with errors was given where a good one is needed
 *	-ENOMEM	 no memory; nothing changed, but see engine_frame()
 *	-ENOENT	 there is no such one
 *	-EBUSY	 an engine's function was called from its own callback, or it is
 *		 too late for that
 *	-E2BIG	 the policy names more ports than an engine watches
 *	-EBADMSG what was to be loaded is damaged
 *	others	 as a callback returned them
 *
 * A NULL argument never crashes: where it means something that is said,
 * everywhere else it is -EINVAL. After an error nothing was filled in, but that
 * a handle that could not be made is NULL.
 *
 * OWNERSHIP
 *
 * Arguments are borrowed for the call, structs and strings in them too. What
 * a callback is handed is borrowed for that call. Strings that a policy's
 * functions fill in belong to the policy, and live until policy_free(). An
 * engine holds on to its policy: the host may free it first. A name() lives as
 * long as the plugin is loaded; free all handles before dlclose().
 *
 * THREADS
 *
 * A policy may serve any number of threads and engines at once; only
 * policy_free() must be the last call with that handle. An engine belongs to
 * one thread at a time; to hand it to another is fine. Different engines know
 * nothing of each other. Callbacks run in the thread of the call that they
 * belong to, before it returns.
 *
 * From a callback all functions of policies may be called, that of an engine
 * not on the same engine: -EBUSY. (engine_free() frees it when that call
 * returns.) A callback returns: no longjmp(), no C++ exception. While a policy
 * is loaded or written out the calling thread has the C locale.
 *
 * UNITS
 *
 * *_us: microseconds since 1970-01-01 UTC; *_s: seconds, a duration or since
 * then; lengths and memory in bytes; ports and families as numbers in host
 * order; addresses as bytes in network order, IPv4 in the first four of
 * sixteen and zeros behind it. family is 4 or 6. Flags are 0 or 1.
 */
#ifndef MAILWALL_PLUGIN_H
#define MAILWALL_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MAILWALL_SYMBOL	   "mailwall_plugin"
#define MAILWALL_MAGIC	   0x4d57414cu /* "MWAL" */
#define MAILWALL_MAJOR	   1
#define MAILWALL_MINOR	   0

#define MAILWALL_WHY_BYTES 256 /* hold most sentences whole */

/* Does the plugin have this member? */
#define MAILWALL_HAS(plugin, member)                                           \
	((plugin)->size >=                                                     \
	 offsetof(struct mailwall_plugin, member) + sizeof((plugin)->member))

struct mailwall_policy;
struct mailwall_engine;

/* ---- numbers, and their names ---- */

/* What name() is asked for. */
enum mailwall_name {
	MAILWALL_NAME_SEVERITY = 0,
	MAILWALL_NAME_ACTION = 1,
	MAILWALL_NAME_DIRECTION = 2,
	MAILWALL_NAME_REFUSAL = 3,
	MAILWALL_NAME_VERDICT = 4,
	MAILWALL_NAME_OUTCOME = 5,
	MAILWALL_NAME_SEEN = 6, /* a bit, as its number: 0 is "banner" */
	MAILWALL_NAME_FINDING = 7,
	MAILWALL_NAME_DETECTOR = 8, /* "fast", ...: mailwall.policy(5) */
	MAILWALL_NAME_DECODED = 9
};

enum mailwall_severity { MAILWALL_ERROR = 0, MAILWALL_WARNING = 1 };

/* What a clause says. */
enum mailwall_action {
	MAILWALL_ACTION_ALLOW = 0,
	MAILWALL_ACTION_BLOCK = 1,
	MAILWALL_ACTION_LIMIT = 2,
	MAILWALL_ACTION_REDIRECT = 3,
	MAILWALL_ACTION_OBSERVE = 4
};

enum mailwall_direction { MAILWALL_OUTBOUND = 0, MAILWALL_INBOUND = 1 };

/* How a block refuses. */
enum mailwall_refusal {
	MAILWALL_RESET = 0,
	MAILWALL_REJECT = 1,
	MAILWALL_DROP = 2
};

/* What becomes of a connection. */
enum mailwall_verdict {
	MAILWALL_PASS = 0, /* by a clause with allow, or by none */
	MAILWALL_BLOCK = 1,
	MAILWALL_LIMIT = 2, /* it passes within a rate, else it is blocked */
	MAILWALL_REDIRECT = 3,
	/* It passes and is counted; in "mode observe", whatever the action. */
	MAILWALL_OBSERVE = 4
};

/* How an attempt ended. */
enum mailwall_outcome {
	MAILWALL_UNANSWERED = 0,
	MAILWALL_ANSWERED = 1,	   /* a SYN-ACK came */
	MAILWALL_REFUSED = 2,	   /* a RST came */
	MAILWALL_ICMP_REFUSED = 3, /* an ICMP error came */
	MAILWALL_BLOCKED = 4	   /* NFLOG named the clause that stopped it */
};

/* Bits of what followed on a connection. */
enum mailwall_seen {
	MAILWALL_SEEN_BANNER = 1 << 0,		 /* the server greeted */
	MAILWALL_SEEN_IMPLICIT_TLS = 1 << 1,	 /* the client began with it */
	MAILWALL_SEEN_STARTTLS_OFFERED = 1 << 2, /* in a capability list */
	MAILWALL_SEEN_STARTTLS_MASKED = 1 << 3,	 /* overwritten on the way */
	MAILWALL_SEEN_STARTTLS = 1 << 4,	 /* the client asked for it */
	MAILWALL_SEEN_STARTTLS_REFUSED = 1 << 5,
	MAILWALL_SEEN_TLS = 1 << 6,	   /* a handshake followed STARTTLS */
	MAILWALL_SEEN_AUTH_CLEAR = 1 << 7, /* a login without TLS */
	MAILWALL_SEEN_AUTH_FAILED = 1 << 8,
	MAILWALL_SEEN_AUTH_OK = 1 << 9,
	MAILWALL_SEEN_HELO = 1 << 10,
	MAILWALL_SEEN_HELO_ODD = 1 << 11, /* an address, or no dot */
	MAILWALL_SEEN_MAIL = 1 << 12,	  /* MAIL FROM */
	MAILWALL_SEEN_ACCEPTED = 1 << 13, /* a message got a 2xx */
	MAILWALL_SEEN_GAP = 1 << 14	  /* bytes are missing */
};

enum mailwall_finding_kind {
	MAILWALL_SPAM_SOURCE = 0,
	MAILWALL_DIRECT_TO_MX = 1,
	MAILWALL_SUBMISSION_ABUSE = 2,
	MAILWALL_LOGIN_STORM = 3,
	MAILWALL_LOGIN_FAILURES = 4,
	MAILWALL_CLEARTEXT_LOGIN = 5,
	MAILWALL_STARTTLS_STRIPPED = 6
};
#define MAILWALL_FINDINGS 16 /* room for more */

/* What became of a frame. */
enum mailwall_decoded {
	MAILWALL_DECODED_SEGMENT = 0, /* of a mail connection */
	MAILWALL_DECODED_OTHER = 1,   /* understood, and nothing of ours */
	MAILWALL_DECODED_HELD = 2,    /* a fragment that waits for others */
	MAILWALL_UNDECODED_TRUNCATED = 3,
	MAILWALL_UNDECODED_UNKNOWN = 4,
	MAILWALL_UNDECODED_TOO_DEEP = 5,
	MAILWALL_UNDECODED_BAD_LENGTH = 6,
	MAILWALL_UNDECODED_FRAGMENT = 7 /* the others never came */
};
#define MAILWALL_DECODED 16 /* room for more */

/* ---- policies ---- */

/* As -D name=value has it: it wins over a define of the policy. */
struct mailwall_definition {
	const char *name, *value; /* this struct never grows */
};

/*
 * What a policy is loaded from: a text in memory, or a path that read() knows.
 */
struct mailwall_load {
	size_t size;
	void *ctx; /* handed to the functions */
	/*
	 * The whole of a file: it stays as it is until release(), which comes
	 * before policy_load() returns. 0, or -errno, which is said where the
	 * file was named. NULL: there are no files, -ENOTSUP. Included files
	 * and those of classes are named as seen from the file that names
	 * them. A host that takes policies from strangers decides here which
	 * files they may read.
	 */
	int (*read)(void *ctx, const char *path, const char **text,
		    size_t *len);
	void (*release)(void *ctx, const char *text, size_t len); /* or NULL */
	/* The number of a user (group), for hook output. -ENOENT, or NULL:
	 * there is no such one. */
	int (*user)(void *ctx, const char *name, uint32_t *id);
	int (*group)(void *ctx, const char *name, uint32_t *id);
	const char *path; /* of the policy; with a text: its name, or NULL */
	const char *text; /* NULL: read(path) */
	size_t text_len;
	const struct mailwall_definition *definitions;
	size_t n_definitions;
	int32_t today;	   /* days since 1970-01-01; 0: no review is overdue */
	uint32_t reserved; /* 0 */
};

/* NULL: not given. */
struct mailwall_facts {
	size_t size;
	const char *name, *purpose, *contact;
	const char *review;	  /* "2027-06-30" */
	const char *hook;	  /* "forward", "output", "bridge", "ingress" */
	const char *table;	  /* "mailwall" */
	const char *table_family; /* "inet", "bridge", "netdev" */
	size_t errors, warnings;
	size_t n_diagnostics;  /* of these kept: at most 20000 */
	size_t n_clauses;      /* in a policy with errors: as far as they go */
	uint32_t quarantine_s; /* that flagged sources are to be blocked; 0:
				  none */
	uint16_t log_group;    /* of NFLOG */
	uint8_t observe;       /* mode observe */
	uint8_t reserved;
};

struct mailwall_diagnostic {
	size_t size;
	const char *code;      /* stable: "unknown-service" */
	const char *message;   /* lower case, no full stop */
	const char *help;      /* what instead; NULL: nothing to say */
	const char *reference; /* the standard behind it; or NULL */
	const char *file;      /* NULL: nowhere in particular */
	const char *quote;     /* the line; it need not end in NUL; or NULL */
	size_t quote_len;      /* bytes, at most 1000 */
	uint32_t severity;     /* enum mailwall_severity */
	/* From 1, in bytes; column 0: the whole line. */
	uint32_t line, column, length;
};

struct mailwall_clause {
	size_t size;
	const char *id;	  /* "residential:17", as in logs and rules */
	const char *key;  /* "block-smtp-3fa91c": stays when lines move */
	const char *text; /* as written, blanks folded */
	const char *file;
	uint32_t line, column;
	uint32_t index;	    /* in the order of the text, from 0 */
	uint32_t action;    /* enum mailwall_action */
	uint32_t direction; /* enum mailwall_direction */
	uint32_t refusal;   /* of block: enum mailwall_refusal */
	/* Of limit: connections a unit and at once. */
	uint32_t rate, rate_unit_s, burst;
	uint32_t reserved;
	uint8_t log, replies;
	uint8_t has_target4, has_target6; /* of redirect */
	uint8_t target4[4], target6[16];
};

/*
 * The packet that opens a connection, as the policy's hook would see it. Hooks
 * output and ingress see it in two places: in alone means where it comes in,
 * out alone (or an owner) where it goes out, both mean both.
 */
struct mailwall_connection {
	size_t size;
	/* Interfaces; NULL: not known; "": one whose name is not known. */
	const char *in, *out;
	uint8_t source[16], destination[16];
	uint32_t uid, gid; /* of the socket, for user and group */
	uint16_t source_port, destination_port;
	uint8_t family;
	uint8_t has_owner; /* uid and gid are known */
	uint8_t reserved[2];
};

#define MAILWALL_NO_CLAUSE UINT32_MAX

struct mailwall_decision {
	size_t size;
	const char *clause; /* its id; NULL: no clause decides, it passes */
	const char *text;   /* of the clause; or NULL */
	uint32_t verdict;   /* enum mailwall_verdict */
	uint32_t index;	    /* of the clause, or MAILWALL_NO_CLAUSE */
	uint32_t action;    /* of the clause: enum mailwall_action */
	/* It hangs on an interface or an owner that is not known, which was
	 * taken not to match. */
	uint8_t unsure;
	uint8_t reserved[3];
};

/* Who is in a dynamic class now, such as "exempt" or "flagged". */
struct mailwall_members {
	size_t size;
	void *ctx;
	/* 0: the address (sixteen bytes, see UNITS) is not in it. */
	int (*member)(void *ctx, const char *class_name, unsigned int family,
		      const uint8_t *address);
};

/* ---- engines ---- */

/* A frame as libpcap hands it over. */
struct mailwall_frame {
	size_t size;
	const uint8_t *data; /* caplen bytes */
	int64_t time_us;
	uint32_t caplen, len; /* bytes captured, bytes on the wire */
	uint16_t link; /* pcap_datalink(), or LINKTYPE_ of a file's header */
	uint8_t input; /* which of the host's inputs it came from */
	uint8_t reserved[5];
};

struct mailwall_attempt {
	size_t size;
	int64_t time_us, last_us; /* of its first and its latest SYN */
	const char *clause;  /* "residential:17", as NFLOG had it; or NULL */
	const char *service; /* IANA's name of the port; NULL: it has none */
	/* With a policy: the clause that decides it; NULL: none does. */
	const char *decided;
	uint32_t decided_index;	 /* or MAILWALL_NO_CLAUSE */
	uint32_t decided_action; /* enum mailwall_action */
	uint32_t outcome;	 /* enum mailwall_outcome */
	/* If early() told of it: the outcome that this one replaces. */
	uint32_t early_outcome;
	uint32_t seen; /* bits of enum mailwall_seen */
	uint16_t source_port, port;
	uint16_t syns; /* sticks at 65535 */
	uint8_t family, input;
	uint8_t established; /* the client completed the handshake */
	uint8_t would_block; /* the policy would */
	uint8_t was_early;   /* early() told of it, with one SYN */
	/* Replies of 2xx and 3xx, of 4xx, of 5xx; they stick at 255. */
	uint8_t replies_mail[3], replies_rcpt[3], replies_data[3];
	uint8_t source[16], destination[16];
};

struct mailwall_finding {
	size_t size;
	int64_t time_us;
	int64_t first_s, last_s; /* attempts of the source */
	uint64_t attempts, syns;
	uint64_t destinations;
	uint64_t groups;   /* destinations by IPv4 /16 or IPv6 /32 */
	uint32_t kind;	   /* enum mailwall_finding_kind */
	uint32_t detector; /* see MAILWALL_NAME_DETECTOR */
	uint16_t port;
	uint8_t family;
	uint8_t destinations_exact;
	uint8_t again;	 /* a finding of this kind is out already */
	uint8_t proven;	 /* it completed a handshake: no forgery */
	uint8_t blocked; /* judged as behind a block, where all attempts fail */
	uint8_t n_examples;
	uint8_t source[16];	 /* of an IPv6 /64 the first address */
	uint8_t examples[8][16]; /* destinations */
};

struct mailwall_engine_config {
	size_t size;
	struct mailwall_policy *policy;		/* or NULL */
	const struct mailwall_members *members; /* or NULL: classes are empty */
	const char *interface_name; /* all packets come in by it; or NULL */
	void *ctx;		    /* handed to the functions */
	/* An attempt has ended: its outcome is known. May be NULL. */
	void (*attempt)(void *ctx, const struct mailwall_attempt *attempt);
	/*
	 * An attempt as far as it is known when it is answered, or a log says
	 * that it was blocked, or three seconds after its first SYN; attempt()
	 * comes minutes later and most often says the same. May be NULL.
	 */
	void (*early)(void *ctx, const struct mailwall_attempt *attempt);
	void (*finding)(void *ctx, const struct mailwall_finding *finding);
	/*
	 * Secret and random, as from getrandom(2): who knows it can make the
	 * engine slow. All zeros are refused.
	 */
	uint64_t key[2];
	size_t memory; /* at most; 0: 256 MiB; below 8 MiB counts as that */
	uint32_t skip_warmup; /* 1: judge from the first packet on */
	uint32_t reserved;    /* 0 */
};

struct mailwall_summary {
	size_t size;
	uint64_t packets, bytes;
	int64_t first_us, last_us;	      /* 0: no packet */
	uint64_t decoded[MAILWALL_DECODED];   /* by enum mailwall_decoded */
	uint64_t findings[MAILWALL_FINDINGS]; /* by kind */
	uint64_t sources;		      /* known now */
	/* For lack of memory: */
	uint64_t sources_evicted, histories_evicted;
	uint64_t attempts_cut, dialogues_cut;
	uint64_t clauses_cut; /* clauses of NFLOG beyond what is kept apart */
	uint64_t clock_steps; /* times went back by more than 5 s */
	uint64_t memory;      /* bytes in use */
	uint32_t n_ports;
	uint32_t warm; /* warm-up is over */
};

/* What was counted of a port that is watched. */
struct mailwall_port {
	size_t size;
	const char *service; /* NULL: it has no name */
	uint64_t syns, attempts;
	uint64_t pairs; /* different source and destination */
	uint64_t answered, established, half_open;
	uint64_t refused, icmp_refused, unanswered, blocked;
	uint64_t open; /* without an outcome so far */
	uint64_t banner, implicit_tls, starttls, starttls_tls, cleartext_auth;
	uint64_t midstream;   /* connections whose start was not seen */
	uint64_t would_block; /* by the policy, of attempts that ended */
	uint32_t number;
	uint32_t pairs_exact;
};

#define MAILWALL_PORTS 64 /* that one engine watches at most */

struct mailwall_source {
	size_t size;
	int64_t first_s, last_s;
	uint64_t attempts, syns, destinations, groups;
	double score; /* 1 and more: reported as spam source */
	uint32_t n_ports;
	uint16_t ports[MAILWALL_PORTS]; /* that it tried */
	uint8_t source[16];		/* of an IPv6 /64 the first address */
	uint8_t family;
	uint8_t spam, mail_server, proven;
	uint8_t would_be_blocked, allowed; /* by the policy */
	uint8_t reserved[6];
};

/* What a finding's source is in the rules. */
struct mailwall_element {
	size_t size;
	const char *table;	  /* "mailwall" */
	const char *table_family; /* of the policy; without one "inet" */
	const char *set;	  /* "flagged.v4" or "flagged.v6" */
	uint32_t timeout_s;	  /* the policy's quarantine; 0: it has none */
	uint8_t family, prefix_len; /* 4 and 32, or 6 and 64 */
	uint8_t has_set;	    /* 1: the policy's rules have this set */
	uint8_t reserved;
	uint8_t first[16], last[16];
	char text[48]; /* "192.0.2.1", "2001:db8:0:1::/64": as nft(8) has it */
	char first_text[48], last_text[48];
};

/* Gets bytes in order. 0, or -errno, which ends it and is returned. */
typedef int mailwall_write_fn(void *ctx, const void *bytes, size_t len);

/* ---- the plugin ---- */

struct mailwall_plugin {
	uint32_t magic;	       /* MAILWALL_MAGIC */
	uint16_t major, minor; /* MAILWALL_MAJOR, ... of the plugin */
	size_t size;	       /* bytes of this struct */
	const char *version;   /* of mailwall: "0.1.0" */

	/* The name of a number; NULL: it has none. */
	const char *(*name)(unsigned int what, unsigned int number);

	/*
	 * Reads and checks. 0: *out is a policy, which may have errors: see
	 * policy_facts(). Only one without can be asked, written out, or given
	 * to an engine. -errno: the first file cannot be read, or no memory.
	 */
	int (*policy_load)(const struct mailwall_load *load,
			   struct mailwall_policy **out, char *why,
			   size_t why_size);
	/* Engines keep what they hold. NULL: nothing is done. */
	void (*policy_free)(struct mailwall_policy *policy);
	int (*policy_facts)(const struct mailwall_policy *policy,
			    struct mailwall_facts *out, char *why,
			    size_t why_size);
	/* The n-th, from 0, in the order of the text. -ENOENT: no more. */
	int (*policy_diagnostic)(const struct mailwall_policy *policy, size_t n,
				 struct mailwall_diagnostic *out, char *why,
				 size_t why_size);
	int (*policy_clause)(const struct mailwall_policy *policy, size_t n,
			     struct mailwall_clause *out, char *why,
			     size_t why_size);
	/*
	 * By its id, which ends at the first blank: the comment of a rule or
	 * a set that the kernel lists, and the prefix of a log, begin with it.
	 */
	int (*policy_clause_by_id)(const struct mailwall_policy *policy,
				   const char *id, struct mailwall_clause *out,
				   char *why, size_t why_size);
	/*
	 * 128 bits of SHA-256 over the rules, as 32 hex digits and a NUL: two
	 * policies with one digest load the same rules. It stands in the
	 * comment of the first rule. Takes as long as policy_emit().
	 */
	int (*policy_digest)(const struct mailwall_policy *policy, char *out,
			     size_t out_size, char *why, size_t why_size);
	/*
	 * The rules in a format: "nft" for nft -f, "json" for nft -j -f,
	 * "netlink" for reading. As mailwall generate writes them. After
	 * -ENOMEM what was written is not whole.
	 */
	int (*policy_emit)(const struct mailwall_policy *policy,
			   const char *format, mailwall_write_fn *write,
			   void *ctx, char *why, size_t why_size);
	/* members may be NULL: dynamic classes are empty. */
	int (*policy_decide)(const struct mailwall_policy *policy,
			     const struct mailwall_members *members,
			     const struct mailwall_connection *connection,
			     struct mailwall_decision *out, char *why,
			     size_t why_size);

	int (*engine_new)(const struct mailwall_engine_config *config,
			  struct mailwall_engine **out, char *why,
			  size_t why_size);
	/* NULL: nothing is done. What has not ended is not told. */
	void (*engine_free)(struct mailwall_engine *engine);
	/*
	 * Another policy takes the place of the one it has; NULL: none. On an
	 * error the old one stays. Ports that it watches it goes on watching.
	 */
	int (*engine_policy)(struct mailwall_engine *engine,
			     struct mailwall_policy *policy, char *why,
			     size_t why_size);
	/*
	 * Frames in the order of time, as far as that goes. Where memory runs
	 * out what matters least is forgotten, and counted: see the summary.
	 */
	int (*engine_frame)(struct mailwall_engine *engine,
			    const struct mailwall_frame *frame, char *why,
			    size_t why_size);
	/* No frame came, and it is as late as this: once a second will do. */
	int (*engine_time)(struct mailwall_engine *engine, int64_t now_us,
			   char *why, size_t why_size);
	/* Nothing more will come: every attempt gets its outcome. */
	int (*engine_end)(struct mailwall_engine *engine, char *why,
			  size_t why_size);
	int (*engine_summary)(struct mailwall_engine *engine,
			      struct mailwall_summary *out, char *why,
			      size_t why_size);
	/*
	 * fn() for every port that is watched, and for every source that is
	 * known, in no order. What it returns other than 0 ends that and is
	 * returned.
	 */
	int (*engine_ports)(struct mailwall_engine *engine,
			    int (*fn)(void *ctx,
				      const struct mailwall_port *port),
			    void *ctx, char *why, size_t why_size);
	int (*engine_sources)(struct mailwall_engine *engine,
			      int (*fn)(void *ctx,
					const struct mailwall_source *source),
			      void *ctx, char *why, size_t why_size);
	/*
	 * What a restart needs to go on without a new warm-up, the key
	 * included: keep it where nobody else reads it. It is for the same
	 * version on the same machine. engine_load() takes it into an engine
	 * that got no frame and no time yet (else -EBUSY); -EBADMSG: it is
	 * damaged or of another version, and nothing was taken.
	 */
	int (*engine_save)(struct mailwall_engine *engine,
			   mailwall_write_fn *write, void *ctx, char *why,
			   size_t why_size);
	int (*engine_load)(struct mailwall_engine *engine, const void *bytes,
			   size_t len, char *why, size_t why_size);

	/* The element of a finding's source. policy may be NULL. */
	int (*finding_element)(const struct mailwall_policy *policy,
			       const struct mailwall_finding *finding,
			       struct mailwall_element *out, char *why,
			       size_t why_size);
};

extern const struct mailwall_plugin mailwall_plugin;

#ifdef __cplusplus
}
#endif

#endif

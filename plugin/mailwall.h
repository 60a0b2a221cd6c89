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
 *		const struct mailwall_api *m = NULL;
 *		struct mailwall_load load = { .size = sizeof(load) };
 *		struct mailwall_connection c = { .size = sizeof(c) };
 *		struct mailwall_decision d = { .size = sizeof(d) };
 *		struct mailwall_policy *policy;
 *		char why[MAILWALL_WHY_BYTES];
 *		mailwall_get_fn *get = NULL;
 *
 *		if (so)
 *			*(void **)&get = dlsym(so, MAILWALL_SYMBOL);
 *		if (get)
 *			m = get(MAILWALL_MAJOR);
 *		if (!m || m->magic != MAILWALL_MAGIC ||
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
 * dlopen() finds the plugin by its name alone in the folders that the loader
 * always searches, as /usr/lib. Elsewhere, /usr/local/lib included, it needs
 * the path: pkg-config --variable=plugin mailwall. A program may also link the
 * plugin (pkg-config --libs mailwall) and call mailwall_get() itself.
 *
 * CONCEPTS
 *
 * A policy is what mailwall.policy(5) describes, read and checked: classes of
 * addresses, and clauses in the order of the text, each with an action. A
 * policy never changes. It answers which clause decides a connection, and it is
 * written out as rules for nftables.
 *
 * An engine takes frames as libpcap hands them over and reports two things:
 * attempts to open a connection to a mail port, and findings, which are sources
 * that are likely to send spam. With a policy the engine also reports which
 * clause decides each attempt. A source is an IPv4 address or an IPv6 /64.
 *
 * Rules match the addresses of a class by sets. A dynamic class, such as
 * "exempt", has members that come and go in the kernel while the policy stays:
 * an element of one of its two sets, NAME.v4 or NAME.v6. The element of a
 * finding is its source, in the set of class flagged. Adding it to the kernel
 * is up to the host. Where no clause names class flagged the rules have no such
 * set, and a finding is a report and no more.
 *
 * The plugin opens no file, reads no clock, prints nothing, starts no thread,
 * handles no signal and keeps nothing outside its handles. Functions of the
 * host read files, and time is that of the frames. (libjansson, which writes
 * format "json", is the one exception: it takes a seed from /dev/urandom when
 * it is first used in a process.)
 *
 * VERSIONS
 *
 * The shared object exports one function, mailwall_get(), which returns the
 * table of all others for a major version. Within a major version members are
 * only ever appended to any struct here, and numbers to any enum. Before its
 * first use of a function a host asks MAILWALL_HAS() whether the table has it.
 * Magic, major, minor and size stay where they are in every major version.
 *
 * Every other struct begins with its size in bytes. A host sets the size of
 * each struct that it passes, and zeroes all else; the plugin sets the size of
 * each struct that it hands to a callback. A struct that is longer than this
 * plugin knows is fine: the rest is ignored, or zeroed if the struct is to be
 * filled in. A shorter one counts as if the missing members were zero, or is
 * filled in as far as it goes. A size that is less than in version 1.0, or more
 * than 64 KiB, was not set: -EINVAL. Before a host reads a member that came
 * after 1.0 of a struct that a callback gets, it looks at size.
 *
 * Bytes that are named reserved are 0, and flags are 0 or 1: anything else in
 * a struct that a host passes is refused with -EINVAL, so that later versions
 * may give these bytes a meaning.
 *
 * ERRORS
 *
 * A function returns 0 or -errno, and the reason as a sentence, lower case and
 * without a full stop, in a buffer of the host: why, of why_size bytes, cut to
 * fit. why may be NULL, or why_size 0. On success the sentence is "".
 *
 *	-EINVAL	 an argument is NULL or no good, a struct is too short, a
 *		 reserved byte is not 0, or a policy with errors was passed
 *		 where a good one is needed
 *	-ENOMEM	 no memory; nothing changed, but see engine_frame()
 *	-ENOENT	 there is no such clause, class, file, ...
 *	-EBUSY	 a function of an engine was called from its own callback, or
 *		 the call came too late
 *	-ECANCELED  a callback freed the engine
 *	-E2BIG	 the policy names more ports than an engine watches
 *	-EBADMSG the bytes to load are damaged
 *	others	 as a callback returned them
 *
 * A NULL argument never crashes: it is -EINVAL, except where NULL is said to
 * have a meaning. After an error nothing was filled in, and a handle that could
 * not be made is NULL.
 *
 * OWNERSHIP
 *
 * Arguments are borrowed for the call, structs and strings in them too. What
 * a callback gets is borrowed for that call. Strings that a policy's functions
 * fill in belong to the policy, and live as long as it does. policy_load()
 * hands out the first reference to a policy; policy_ref() adds one, each
 * engine holds one, and policy_free() drops one. The last one to go frees the
 * policy. The text of name() lives as long as the plugin is loaded; free all
 * handles before dlclose().
 *
 * THREADS
 *
 * Any number of threads and engines may use one policy at once; a thread that
 * keeps a policy while another may free it holds a reference of its own. An
 * engine belongs to one thread at a time; to hand it to another thread is fine.
 * Different engines know nothing of each other. While a policy is loaded or
 * written out the calling thread has the C locale.
 *
 * CALLBACKS
 *
 * A callback runs in the thread of the call that it belongs to, before that
 * call returns. The attempt, early, finding and member functions of an engine
 * run within engine_frame(), engine_time() and engine_end(). Frames are
 * gathered a few at a time, never across a second of frame time; therefore
 * engine_summary(), engine_ports() and engine_sources(), which first deal with
 * the gathered ones, run callbacks, too. No other function of an engine does.
 *
 * A callback may call all functions of policies. Those of its own engine return
 * -EBUSY, except engine_free(): after that no callback of the engine runs any
 * more, whatever the call still has to do, and the engine is freed when the
 * call returns. The call returns -ECANCELED then.
 *
 * A callback returns: no longjmp(), no C++ exception.
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

#define MAILWALL_SYMBOL	      "mailwall_get"
#define MAILWALL_MAGIC	      0x4d57414cu /* "MWAL" */
#define MAILWALL_MAJOR	      1
#define MAILWALL_MINOR	      1

#define MAILWALL_WHY_BYTES    256 /* hold most sentences whole */
#define MAILWALL_DIGEST_BYTES 33  /* 32 hex digits and a NUL */
#define MAILWALL_MEMORY_MOST  (UINT64_C(1) << 40) /* bytes of one engine */
#define MAILWALL_PORTS	      64		  /* watched by one engine */
#define MAILWALL_FINDINGS     16		  /* kinds; room for more */
#define MAILWALL_DECODED      16		  /* results; room for more */
#define MAILWALL_HIDDEN	      8			  /* ways to hide; room */
#define MAILWALL_NO_CLAUSE    UINT32_MAX
#define MAILWALL_NO_CLASS     UINT32_MAX

/* Does the plugin have this member? */
#define MAILWALL_HAS(api, member)                                              \
	((api)->size >=                                                        \
	 offsetof(struct mailwall_api, member) + sizeof((api)->member))

struct mailwall_policy;
struct mailwall_engine;

/* ---- numbers, and their names ---- */

/* Kinds of numbers that name() knows. */
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
	MAILWALL_NAME_DECODED = 9,
	MAILWALL_NAME_CONDITION = 10,
	MAILWALL_NAME_CLASS = 11,
	MAILWALL_NAME_KEY = 12, /* nft's word: "ipv4_addr" */
	MAILWALL_NAME_HIDDEN = 13,
	MAILWALL_NAME_SYSTEM = 14 /* since 1.1: "linux" is 1 */
};

enum mailwall_severity { MAILWALL_ERROR = 0, MAILWALL_WARNING = 1 };

/* The action that a clause is written with. */
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

/* The fate of a connection. */
enum mailwall_verdict {
	MAILWALL_PASS = 0, /* by a clause with allow, or by none */
	MAILWALL_BLOCK = 1,
	MAILWALL_LIMIT = 2, /* passes within a rate, else is blocked */
	MAILWALL_REDIRECT = 3,
	/* Passes and is counted; in "mode observe", whatever the action. */
	MAILWALL_OBSERVE = 4
};

/* The kinds of conditions that a clause has. */
enum mailwall_condition_kind {
	MAILWALL_CONDITION_PORT = 0,
	/* A class of the block: source if outbound, destination if inbound. */
	MAILWALL_CONDITION_BLOCK = 1,
	MAILWALL_CONDITION_FROM = 2, /* a class of the source */
	MAILWALL_CONDITION_TO = 3,   /* a class of the destination */
	MAILWALL_CONDITION_USER = 4,
	MAILWALL_CONDITION_GROUP = 5
};

enum mailwall_class_kind {
	MAILWALL_CLASS_STATIC = 0,  /* its members are in the policy */
	MAILWALL_CLASS_DYNAMIC = 1, /* its members are in the kernel */
	MAILWALL_CLASS_ANY = 2	    /* every address */
};

/* The type of a set's elements. */
enum mailwall_key {
	MAILWALL_KEY_IPV4 = 0,
	MAILWALL_KEY_IPV6 = 1,
	MAILWALL_KEY_INTERFACE = 2,
	MAILWALL_KEY_SERVICE = 3 /* a map of ports to chains */
};

/* How an attempt ended. */
enum mailwall_outcome {
	MAILWALL_UNANSWERED = 0,
	MAILWALL_ANSWERED = 1,	   /* a SYN-ACK came */
	MAILWALL_REFUSED = 2,	   /* a RST came */
	MAILWALL_ICMP_REFUSED = 3, /* an ICMP error came */
	MAILWALL_BLOCKED = 4	   /* a log named the clause that stopped it */
};

/* Bits of what was seen on a connection. */
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
	MAILWALL_STARTTLS_STRIPPED = 6,
	MAILWALL_EVASION = 7,	 /* a header was hidden from rules */
	MAILWALL_RETRY_STORM = 8 /* one address that does not answer, without
				    a pause */
};

/* Ways to hide the ports of TCP from rules. */
enum mailwall_hidden {
	MAILWALL_HIDDEN_NOT = 0,
	/* IPv6: the first fragment ends before them. */
	MAILWALL_HIDDEN_FIRST_FRAGMENT = 1,
	MAILWALL_HIDDEN_SOURCE_ROUTE = 2, /* IPv4 or IPv6 */
	MAILWALL_HIDDEN_STACKED_TAGS = 3, /* several tags of VLAN 0 */
	MAILWALL_HIDDEN_ENCAPSULATED = 4  /* PPPoE, MPLS, QinQ, a tunnel */
};

/* The result of decoding a frame. */
enum mailwall_decoded {
	MAILWALL_DECODED_SEGMENT = 0, /* a segment of a mail connection */
	MAILWALL_DECODED_OTHER = 1,   /* understood, and nothing of ours */
	MAILWALL_DECODED_HELD = 2,    /* a fragment that waits for others */
	MAILWALL_UNDECODED_TRUNCATED = 3,
	MAILWALL_UNDECODED_UNKNOWN = 4,
	MAILWALL_UNDECODED_TOO_DEEP = 5,
	MAILWALL_UNDECODED_BAD_LENGTH = 6,
	MAILWALL_UNDECODED_FRAGMENT = 7, /* the others never came */
	/* A segment of a mail connection, which the address cannot have sent */
	MAILWALL_UNDECODED_MARTIAN = 8,
	MAILWALL_UNDECODED_CHECKSUM = 9 /* an IPv4 header's is another */
};

/* ---- policies ---- */

/* A definition as -D name=value; it wins over a define of the policy. */
struct mailwall_definition {
	const char *name, *value; /* this struct never grows */
};

/*
 * Reads the whole of a file: *text of *len bytes stays as it is until the
 * release function gets it, before policy_load() returns. An empty file may
 * have a NULL text. 0, or -errno, which the diagnostic says where the file was
 * named.
 */
typedef int mailwall_read_fn(void *ctx, const char *path, const char **text,
			     size_t *len);
typedef void mailwall_release_fn(void *ctx, const char *text, size_t len);
/* Finds the number of a user or group. 0, or -ENOENT: there is none. */
typedef int mailwall_id_fn(void *ctx, const char *name, uint32_t *id);

/* The source of a policy: a text in memory, or a path that read() knows. */
struct mailwall_load {
	size_t size;
	void *ctx; /* passed to the functions */
	/*
	 * NULL: there are no files, -ENOTSUP. Files that are included and
	 * those of classes are named as seen from the file that names them.
	 * A host that takes policies from strangers decides here which files
	 * they may read.
	 */
	mailwall_read_fn *read;
	mailwall_release_fn *release; /* or NULL */
	mailwall_id_fn *user, *group; /* for hook output; NULL: -ENOENT */
	const char *path;	      /* with a text: its name, or NULL */
	const char *text;	      /* NULL: read(path) */
	size_t text_len;
	const struct mailwall_definition *definitions;
	size_t n_definitions;
	int32_t today;	   /* days since 1970-01-01; 0: no review is overdue */
	uint32_t reserved; /* 0 */
};

/* A policy at a glance. A text is NULL if the policy does not have it. */
struct mailwall_facts {
	size_t size;
	const char *name, *purpose, *contact;
	const char *review;	  /* "2027-06-30" */
	const char *hook;	  /* "forward", "output", "bridge", "ingress" */
	const char *table;	  /* "mailwall" */
	const char *table_family; /* "inet", "bridge", "netdev" */
	size_t errors, warnings;
	size_t n_diagnostics; /* kept of these: at most 20000 */
	size_t n_clauses;     /* in a policy with errors: as far as they go */
	size_t n_classes, n_files;
	uint32_t quarantine_s; /* how long flagged sources stay; 0: not given */
	uint16_t log_group;    /* NFLOG's */
	uint8_t observe;       /* mode observe */
	uint8_t reserved;
};

struct mailwall_diagnostic {
	size_t size;
	const char *code;      /* stable: "unknown-service" */
	const char *message;   /* lower case, no full stop */
	const char *help;      /* the remedy; or NULL */
	const char *reference; /* the standard behind it; or NULL */
	const char *file;      /* NULL: nowhere in particular */
	const char *quote;     /* the line; it need not end in NUL; or NULL */
	size_t quote_len;      /* bytes, at most 1000 */
	uint32_t severity;     /* enum mailwall_severity */
	/* From 1, in bytes; column 0: the whole line. */
	uint32_t line, column, length;
};

/* A file that policy_load() read; a text in memory counts as one. */
struct mailwall_file {
	size_t size;
	const char *path; /* as read() got it */
	uint64_t bytes;
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
	uint32_t refusal;   /* enum mailwall_refusal, for block */
	/* For limit: connections a unit, and connections at once. */
	uint32_t rate, rate_unit_s, burst;
	uint32_t reserved;
	uint8_t log, replies;
	uint8_t has_target4, has_target6; /* for redirect */
	uint8_t target4[4], target6[16];
};

/*
 * One condition of a clause. A clause matches if, for each kind that it has
 * conditions of, one of these holds.
 */
struct mailwall_condition {
	size_t size;
	const char *class_name; /* NULL where the condition is no class */
	uint32_t class_index;	/* or MAILWALL_NO_CLASS */
	uint32_t kind;		/* enum mailwall_condition_kind */
	uint32_t id;		/* a user's or a group's */
	uint16_t port;
	uint8_t reserved[2];
};

struct mailwall_class {
	size_t size;
	const char *name; /* addresses in a clause: their text */
	const char *file; /* NULL: built in */
	uint32_t line, column;
	uint32_t index;	    /* from 0 */
	uint32_t kind;	    /* enum mailwall_class_kind */
	uint32_t size_most; /* elements of a dynamic class, in each set */
	uint32_t users;	    /* behind one address; 0: not said */
	uint32_t uses;	    /* clauses, blocks and classes that name it */
	uint8_t builtin;    /* "any", "flagged", "private", "internet" */
	uint8_t literal;    /* addresses in a clause, without a name */
	uint8_t reserved[2];
};

/* A range of addresses, or an interface, of a static class. */
struct mailwall_class_member {
	size_t size;
	const char *interface_name; /* "ppp0", "ppp*"; NULL: a range */
	uint8_t first[16], last[16];
	uint8_t family; /* 0: an interface */
	uint8_t reserved[7];
};

/* A set of the rules. */
struct mailwall_set {
	size_t size;
	const char *name;	/* "relays.v4.hosts" */
	const char *class_name; /* NULL: of no class */
	uint64_t elements;	/* in the policy */
	uint32_t class_index;	/* or MAILWALL_NO_CLASS */
	uint32_t key;		/* enum mailwall_key */
	uint32_t size_most;	/* elements; 0: not said */
	uint32_t timeout_s;	/* after which an element goes; 0: never */
	uint8_t interval;	/* its elements are ranges */
	uint8_t timeout;	/* its elements may have a time-out */
	uint8_t dynamic;	/* the rules add elements */
	uint8_t reserved[5];
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
	uint32_t uid, gid; /* the socket's, for user and group */
	uint16_t source_port, destination_port;
	uint8_t family;
	uint8_t has_owner; /* uid and gid are known */
	uint8_t reserved[2];
};

struct mailwall_decision {
	size_t size;
	const char *clause; /* its id; NULL: no clause decides, it passes */
	const char *text;   /* as the clause is written; or NULL */
	uint32_t verdict;   /* enum mailwall_verdict */
	uint32_t index;	    /* the clause's, or MAILWALL_NO_CLAUSE */
	uint32_t action;    /* the clause's: enum mailwall_action */
	/*
	 * 1: a clause before this one (or any, where none decides) depends on
	 * an interface or an owner that the connection does not have. It was
	 * taken not to match; with in, out and owner the answer may be another.
	 */
	uint8_t unsure;
	uint8_t reserved[3];
};

/*
 * Tells whether an address (sixteen bytes, see UNITS) is in a dynamic class
 * now. 0: no; > 0: yes; < 0: -errno. After an error policy_decide() fills in
 * nothing and returns it; a function of an engine takes the address as no
 * member, does all that it has to do, counts the error in members_failed and
 * returns it.
 */
typedef int mailwall_member_fn(void *ctx, const char *class_name,
			       unsigned int family, const uint8_t *address);

/* The members of dynamic classes, such as "exempt" or "flagged". */
struct mailwall_members {
	size_t size;
	void *ctx;
	mailwall_member_fn *member; /* NULL: the classes are empty */
};

/* An address or a prefix as an element of a dynamic class's set. */
struct mailwall_element {
	size_t size;
	const char *table;	    /* "mailwall" */
	const char *table_family;   /* the policy's; without one "inet" */
	const char *set;	    /* "flagged.v4", "exempt.v6" */
	uint32_t timeout_s;	    /* flagged: the quarantine; 0: none */
	uint8_t family, prefix_len; /* 4 and up to 32, or 6 and up to 128 */
	uint8_t has_set; /* 1: a clause names the class, so the set is there */
	uint8_t reserved;
	uint8_t first[16], last[16];
	char text[48]; /* "192.0.2.1", "2001:db8:0:1::/64": as nft(8) has it */
	char first_text[48], last_text[48];
};

/* ---- engines ---- */

/* A frame as libpcap hands it over. */
struct mailwall_frame {
	size_t size;
	const uint8_t *data; /* caplen bytes */
	/*
	 * The prefix that the rule logged the packet with, where data does not
	 * have it: as ulogd hands it over, with the packet from its IP header
	 * on and link 101. Frames of link 239 (NFLOG) have theirs within. NULL:
	 * none.
	 */
	const char *log_prefix;
	int64_t time_us;
	uint32_t caplen, len; /* bytes captured, bytes on the wire */
	uint16_t link; /* pcap_datalink(), or LINKTYPE_ of a file's header */
	uint8_t input; /* a number of the host's for where it came from */
	uint8_t reserved[5];
};

struct mailwall_attempt {
	size_t size;
	int64_t time_us, last_us; /* the first and the latest SYN */
	/* "residential:17", "residential:source-route", as logged; or NULL */
	const char *clause;
	const char *service; /* IANA's name of the port; NULL: it has none */
	/* With a policy: the clause that decides it; NULL: none does. */
	const char *decided;
	uint32_t decided_index;	 /* or MAILWALL_NO_CLAUSE */
	uint32_t decided_action; /* enum mailwall_action */
	uint32_t outcome;	 /* enum mailwall_outcome */
	/* Outcome reported through early(), which this one supersedes. */
	uint32_t early_outcome;
	uint32_t seen; /* bits of enum mailwall_seen */
	uint16_t source_port, port;
	uint16_t syns; /* sticks at 65535 */
	uint8_t family, input;
	uint8_t established; /* the client completed the handshake */
	uint8_t would_block; /* the policy would */
	uint8_t was_early;   /* early() reported it, with one SYN */
	/* Replies of 2xx and 3xx, of 4xx, of 5xx; they stick at 255. */
	uint8_t replies_mail[3], replies_rcpt[3], replies_data[3];
	uint8_t source[16], destination[16];
	/* Since 1.1: enum mailwall_hidden, the worst of its SYNs. */
	uint32_t hidden;
	uint32_t reserved;
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
	uint8_t destinations_exact; /* else an estimate */
	uint8_t again;		    /* a finding of this kind is out already */
	uint8_t proven;	 /* the source completed a handshake: no forgery */
	uint8_t blocked; /* judged as behind a block, where all attempts fail */
	uint8_t n_examples;
	uint8_t source[16];	 /* for an IPv6 /64 its first address */
	uint8_t examples[8][16]; /* destinations */
	/* Since 1.1: outsiders complete handshakes with its port 25. */
	uint8_t mail_server;
	/* Since 1.1: a spam source, found while the engine warms up. */
	uint8_t unsure;
	/*
	 * Since 1.1: systems that sent the SYNs, as far as these tell. Bit 0
	 * is number 1 of MAILWALL_NAME_SYSTEM.
	 */
	uint16_t systems;
	uint8_t reserved[4];
};

typedef void mailwall_attempt_fn(void *ctx,
				 const struct mailwall_attempt *attempt);
typedef void mailwall_finding_fn(void *ctx,
				 const struct mailwall_finding *finding);

struct mailwall_engine_config {
	size_t size;
	struct mailwall_policy *policy;		/* or NULL */
	const struct mailwall_members *members; /* or NULL: classes are empty */
	const char *interface_name; /* all packets come in by it; or NULL */
	void *ctx;		    /* passed to the functions */
	/* An attempt has ended: its outcome is known. May be NULL. */
	mailwall_attempt_fn *attempt;
	/*
	 * An attempt as far as it is known when it is answered, or a log says
	 * that it was blocked, or three seconds after its first SYN; attempt()
	 * comes minutes later and most often says the same. May be NULL.
	 */
	mailwall_attempt_fn *early;
	mailwall_finding_fn *finding; /* may be NULL */
	/*
	 * Secret and random, as from getrandom(2): whoever knows it can make
	 * the engine slow. All zeros are refused.
	 */
	uint64_t key[2];
	/*
	 * Bytes at most; 0: 256 MiB; less than 8 MiB counts as that, and more
	 * than MAILWALL_MEMORY_MOST is -EINVAL.
	 */
	size_t memory;
	uint8_t skip_warmup; /* 1: judge from the first packet on */
	uint8_t reserved[7];
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
	uint64_t attempts_cut, connections_cut;
	uint64_t clauses_cut; /* logged clauses beyond what is kept apart */
	uint64_t clock_steps; /* times went back by more than 5 s */
	/*
	 * Times before 1970 or past 2106, of frames and of engine_time(), that
	 * the engine does not go by: a frame counts as if it came with the one
	 * before. Nanoseconds for microseconds end up here. Seconds do not:
	 * they are times of the year 1970, as first_us and last_us show.
	 */
	uint64_t times_refused;
	uint64_t members_failed; /* errors of the member function */
	uint64_t memory;	 /* bytes in use */
	uint32_t n_ports;
	uint8_t warm; /* warm-up is over */
	uint8_t reserved[3];
	/*
	 * Since 1.1, by enum mailwall_hidden: first fragments that end before
	 * the ports of TCP, and SYNs to watched ports that are hidden so.
	 */
	uint64_t hidden[MAILWALL_HIDDEN];
};

/* The counts of a port that is watched. */
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
	uint64_t would_block; /* by the policy, among attempts that ended */
	uint16_t port;
	uint8_t pairs_exact; /* else an estimate */
	uint8_t reserved[5];
};

struct mailwall_source {
	size_t size;
	int64_t first_s, last_s;
	uint64_t attempts, syns, destinations, groups;
	double score; /* 1 and more: reported as spam source */
	uint32_t n_ports;
	uint16_t ports[MAILWALL_PORTS]; /* tried by it */
	uint8_t source[16];		/* for an IPv6 /64 its first address */
	uint8_t family;
	uint8_t destinations_exact; /* else an estimate */
	uint8_t spam, mail_server, proven;
	uint8_t would_be_blocked, allowed; /* by the policy */
	uint8_t reserved[5];
};

/* ---- functions of the host that a call goes through a list with ---- */

/* Each returns 0 to go on; anything else ends the call, which returns it. */
typedef int mailwall_condition_fn(void *ctx,
				  const struct mailwall_condition *condition);
typedef int
mailwall_class_member_fn(void *ctx, const struct mailwall_class_member *member);
typedef int mailwall_set_fn(void *ctx, const struct mailwall_set *set);
typedef int mailwall_port_fn(void *ctx, const struct mailwall_port *port);
typedef int mailwall_source_fn(void *ctx, const struct mailwall_source *source);

/* Gets bytes in order. 0, or -errno, which ends the call and is returned. */
typedef int mailwall_write_fn(void *ctx, const void *bytes, size_t len);

/* ---- the table ---- */

struct mailwall_api {
	uint32_t magic;	       /* MAILWALL_MAGIC */
	uint16_t major, minor; /* MAILWALL_MAJOR, ... of the plugin */
	size_t size;	       /* bytes of this struct */
	const char *version;   /* mailwall's: "0.1.0" */

	/* Returns the name of a number; NULL: it has none. */
	const char *(*name)(unsigned int what, unsigned int number);

	/*
	 * Reads and checks a policy. 0: *out is one, which may have errors: see
	 * policy_facts(). A policy with errors cannot be asked, written out, or
	 * given to an engine. -errno: the first file cannot be read, or there
	 * is no memory.
	 */
	int (*policy_load)(const struct mailwall_load *load,
			   struct mailwall_policy **out, char *why,
			   size_t why_size);
	/* Adds a reference and returns policy. NULL: nothing is done. */
	struct mailwall_policy *(*policy_ref)(struct mailwall_policy *policy);
	/* Drops a reference. NULL: nothing is done. */
	void (*policy_free)(struct mailwall_policy *policy);
	int (*policy_facts)(const struct mailwall_policy *policy,
			    struct mailwall_facts *out, char *why,
			    size_t why_size);
	/* Describes the n-th file, from 0, as read. -ENOENT: no more. */
	int (*policy_file)(const struct mailwall_policy *policy, size_t n,
			   struct mailwall_file *out, char *why,
			   size_t why_size);
	/* Describes the n-th mistake, in the order of the text. */
	int (*policy_diagnostic)(const struct mailwall_policy *policy, size_t n,
				 struct mailwall_diagnostic *out, char *why,
				 size_t why_size);
	/* Describes the n-th clause, in the order of the text. */
	int (*policy_clause)(const struct mailwall_policy *policy, size_t n,
			     struct mailwall_clause *out, char *why,
			     size_t why_size);
	/*
	 * Finds a clause by its id, which ends at the first blank: the comment
	 * of a rule or a set that the kernel lists, and the prefix of a log,
	 * begin with it.
	 */
	int (*policy_clause_by_id)(const struct mailwall_policy *policy,
				   const char *id, struct mailwall_clause *out,
				   char *why, size_t why_size);
	/* Calls fn() for every condition of the n-th clause. */
	int (*policy_conditions)(const struct mailwall_policy *policy, size_t n,
				 mailwall_condition_fn *fn, void *ctx,
				 char *why, size_t why_size);
	/* Describes the n-th class, from 0, those built in among them. */
	int (*policy_class)(const struct mailwall_policy *policy, size_t n,
			    struct mailwall_class *out, char *why,
			    size_t why_size);
	/*
	 * Calls fn() for every range and interface of the n-th class, in no
	 * order; ranges do not overlap. Only static classes have any.
	 */
	int (*policy_class_members)(const struct mailwall_policy *policy,
				    size_t n, mailwall_class_member_fn *fn,
				    void *ctx, char *why, size_t why_size);
	/* Calls fn() for every set of the rules. As slow as policy_emit(). */
	int (*policy_sets)(const struct mailwall_policy *policy,
			   mailwall_set_fn *fn, void *ctx, char *why,
			   size_t why_size);
	/*
	 * Fills in 128 bits of SHA-256 over the rules, as 32 hex digits and a
	 * NUL, where out_size is at least MAILWALL_DIGEST_BYTES: two policies
	 * with one digest load the same rules. The comment of the first rule
	 * has it. As slow as policy_emit(). At hook bridge and ingress it is
	 * that of mailwall apply and of "netlink"; "nft" and "json" cannot
	 * say all of those rules, and what they write has a digest of its own.
	 */
	int (*policy_digest)(const struct mailwall_policy *policy, char *out,
			     size_t out_size, char *why, size_t why_size);
	/*
	 * Writes the rules in a format: "nft" for nft -f, "json" for nft -j
	 * -f, "netlink" for reading. As mailwall generate writes them. After
	 * -ENOMEM what was written is not whole.
	 */
	int (*policy_emit)(const struct mailwall_policy *policy,
			   const char *format, mailwall_write_fn *write,
			   void *ctx, char *why, size_t why_size);
	/* Decides a connection. members NULL: dynamic classes are empty. */
	int (*policy_decide)(const struct mailwall_policy *policy,
			     const struct mailwall_members *members,
			     const struct mailwall_connection *connection,
			     struct mailwall_decision *out, char *why,
			     size_t why_size);
	/*
	 * Makes the element of a prefix for a dynamic class, to be put into the
	 * kernel by the host. prefix_len is 1 to 32 or 128; bits behind it do
	 * not count. -ENOENT: no such class; -EINVAL: it is not dynamic.
	 */
	int (*policy_element)(const struct mailwall_policy *policy,
			      const char *class_name, unsigned int family,
			      const uint8_t *address, unsigned int prefix_len,
			      struct mailwall_element *out, char *why,
			      size_t why_size);
	/*
	 * Makes the element of a finding's source for class flagged. policy
	 * NULL: as if there were one with hook forward that does not name that
	 * class.
	 */
	int (*finding_element)(const struct mailwall_policy *policy,
			       const struct mailwall_finding *finding,
			       struct mailwall_element *out, char *why,
			       size_t why_size);

	/* Makes an engine, which holds a reference to its policy. */
	int (*engine_new)(const struct mailwall_engine_config *config,
			  struct mailwall_engine **out, char *why,
			  size_t why_size);
	/*
	 * Frees an engine; attempts that have not ended are not reported. From
	 * a callback of the engine: see CALLBACKS. NULL: nothing is done.
	 */
	void (*engine_free)(struct mailwall_engine *engine);
	/*
	 * Puts another policy in the place of the engine's; NULL: none. On an
	 * error the old one stays. The engine goes on watching its ports.
	 */
	int (*engine_set_policy)(struct mailwall_engine *engine,
				 struct mailwall_policy *policy, char *why,
				 size_t why_size);
	/*
	 * Takes a frame. Frames come in the order of time, as far as that goes.
	 * Where memory runs out what matters least is forgotten, and counted:
	 * see the summary.
	 */
	int (*engine_frame)(struct mailwall_engine *engine,
			    const struct mailwall_frame *frame, char *why,
			    size_t why_size);
	/*
	 * Tells the engine how late it is while no frame comes. Live, call it
	 * once a second: early() and attempt() depend on it.
	 */
	int (*engine_time)(struct mailwall_engine *engine, int64_t now_us,
			   char *why, size_t why_size);
	/* Ends all attempts: nothing more will come. */
	int (*engine_end)(struct mailwall_engine *engine, char *why,
			  size_t why_size);
	int (*engine_summary)(struct mailwall_engine *engine,
			      struct mailwall_summary *out, char *why,
			      size_t why_size);
	/* Calls fn() for every port that is watched. */
	int (*engine_ports)(struct mailwall_engine *engine,
			    mailwall_port_fn *fn, void *ctx, char *why,
			    size_t why_size);
	/* Calls fn() for every source that is known, in no order. */
	int (*engine_sources)(struct mailwall_engine *engine,
			      mailwall_source_fn *fn, void *ctx, char *why,
			      size_t why_size);
	/*
	 * Writes what a restart needs to go on without a new warm-up, the key
	 * included: keep it where nobody else reads it. engine_load() reads it
	 * into an engine that got no frame and no time yet (else -EBUSY).
	 * The bytes are the same on every machine; those of 0.1 are read, too,
	 * if a little-endian machine of 64 bits wrote them. -EBADMSG: they are
	 * damaged or of a version that it does not read; nothing was loaded.
	 */
	int (*engine_save)(struct mailwall_engine *engine,
			   mailwall_write_fn *write, void *ctx, char *why,
			   size_t why_size);
	int (*engine_load)(struct mailwall_engine *engine, const void *bytes,
			   size_t len, char *why, size_t why_size);
	/*
	 * Since 1.1, where size says that it is there: tells that the clock
	 * which stamps frames was set, by so much, before the next frame. The
	 * engine's time goes on as if it had not been: nothing ends early, and
	 * nobody is forgotten. What it tells afterwards has the new clock.
	 */
	int (*engine_clock_step)(struct mailwall_engine *engine,
				 int64_t step_us, char *why, size_t why_size);
};

/*
 * Returns the table for a major version, which lives as long as the plugin is
 * loaded; NULL: the plugin does not have that version.
 */
typedef const struct mailwall_api *mailwall_get_fn(unsigned int major);
const struct mailwall_api *mailwall_get(unsigned int major);

#ifdef __cplusplus
}
#endif

#endif

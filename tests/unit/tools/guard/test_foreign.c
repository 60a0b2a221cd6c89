/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Changes by others, from the messages of the kernel. */
#include "../../unit.h"

#include "../../../../tools/guard/foreign.h"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- messages ---- */

struct told {
	union {
		struct nlmsghdr align;
		char bytes[4096];
	};
	size_t len;
};

static struct nlmsghdr *tell(struct told *t, int type, uint32_t port)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(t->bytes + t->len);
	struct nfgenmsg *nfg = mnl_nlmsg_put_extra_header(nlh, sizeof(*nfg));

	nlh->nlmsg_type = (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type);
	nlh->nlmsg_pid = port;
	nfg->nfgen_family = NFPROTO_INET;
	return nlh;
}

static void tell_object(struct told *t, int type, const char *table,
			uint32_t port)
{
	struct nlmsghdr *nlh = tell(t, type, port);

	mnl_attr_put_strz(nlh, NFTA_TABLE_NAME, table);
	t->len += nlh->nlmsg_len;
}

static void tell_generation(struct told *t, uint32_t generation, uint32_t pid,
			    const char *name, size_t len)
{
	struct nlmsghdr *nlh = tell(t, NFT_MSG_NEWGEN, 0);

	mnl_attr_put_u32(nlh, NFTA_GEN_ID, htonl(generation));
	mnl_attr_put_u32(nlh, NFTA_GEN_PROC_PID, htonl(pid));
	if (name)
		mnl_attr_put(nlh, NFTA_GEN_PROC_NAME, len, name);
	t->len += nlh->nlmsg_len;
}

/* "9 nft(812) delete table, new rule gone-table; " for each change. */
static void note(void *ctx, struct foreign_change *c)
{
	char *out = ctx, acts[FOREIGN_TEXT];

	foreign_acts_text(c->acts, acts, sizeof(acts));
	sprintf(out + strlen(out), "%u %s(%d) %s%s; ", c->generation,
		c->by.comm, c->by.pid, acts, c->deleted ? " gone-table" : "");
}

/* ---- claims ---- */

CLAIM(changes, "a change of our table is told once, with its process")
{
	struct foreign_reader r = { .own_ports = { 77 } };
	struct told t = { .len = 0 };
	char out[1024] = "";

	tell_object(&t, NFT_MSG_DELRULE, "mailwall", 5);
	tell_object(&t, NFT_MSG_DELTABLE, "mailwall", 5);
	tell_generation(&t, 9, 812, "nft", 4);
	/* Others' tables, and our own changes. */
	tell_object(&t, NFT_MSG_NEWTABLE, "filter", 5);
	tell_generation(&t, 10, 812, "nft", 4);
	tell_object(&t, NFT_MSG_NEWRULE, "mailwall", 77);
	tell_generation(&t, 11, 1, "mailwall", 9);
	tell_object(&t, NFT_MSG_DELTABLE, "mailwall", 5);
	tell_object(&t, NFT_MSG_NEWTABLE, "mailwall", 5);
	tell_generation(&t, 12, 813, "nft", 4);
	foreign_read(&r, t.bytes, t.len, note, out);
	expect_text("changes", out,
		    "9 nft(812) delete table, delete rule gone-table; "
		    "12 nft(813) new table, delete table; ");
}

CLAIM(parts, "a change may come in many datagrams")
{
	struct foreign_reader r = { .own_ports = { 77 } };
	struct told first = { .len = 0 }, second = { .len = 0 };
	char out[1024] = "";

	tell_object(&first, NFT_MSG_DELRULE, "mailwall", 5);
	foreign_read(&r, first.bytes, first.len, note, out);
	expect_text("not yet", out, "");
	tell_generation(&second, 9, 812, "nft", 4);
	foreign_read(&r, second.bytes, second.len, note, out);
	expect_text("at its end", out, "9 nft(812) delete rule; ");
}

CLAIM(names, "the name of a process is no text to be trusted")
{
	static const struct {
		const char *name;
		size_t len;
		const char *out;
	} vectors[] = {
		{ "nft", 3, "9 nft(1) new rule; " },
		{ "a\x1b[31mb\n", 8, "9 a?[31mb?(1) new rule; " },
		{ "123456789012345678901234567890", 31,
		  "9 123456789012345(1) new rule; " },
		{ "\xff\xfe", 3,
		  "9 ?"
		  "?(1) new rule; " },
		{ "", 0, "9 (1) new rule; " },
		{ NULL, 0, "9 (1) new rule; " },
	};

	for (size_t i = 0; i < COUNT(vectors); i++) {
		struct foreign_reader r = { .own_ports = { 77 } };
		struct told t = { .len = 0 };
		char out[1024] = "";

		tell_object(&t, NFT_MSG_NEWRULE, "mailwall", 5);
		tell_generation(&t, 9, 1, vectors[i].name, vectors[i].len);
		foreign_read(&r, t.bytes, t.len, note, out);
		expect_text("name", out, vectors[i].out);
	}
}

CLAIM(cut_messages, "a message that is cut is not read past its end")
{
	struct told t = { .len = 0 };

	tell_object(&t, NFT_MSG_DELTABLE, "mailwall", 5);
	tell_generation(&t, 9, 812, "nft", 4);
	for (size_t n = 0; n < t.len; n++) {
		struct foreign_reader r = { .own_ports = { 77 } };
		char *copy = malloc(n ? n : 1), out[1024] = "";

		memcpy(copy, t.bytes, n);
		foreign_read(&r, copy, n, note, out);
		expect_text("no generation, no change", out, "");
		free(copy);
	}
}

CLAIM(culprit, "a process that is there is known by its command and parents")
{
	struct foreign_change c = { .by = { .pid = getpid() } };

	/* The kernel's name is the first 15 bytes. */
	snprintf(c.by.comm, sizeof(c.by.comm), "%.15s", "test_foreign");
	foreign_look(&c);
	expect(!c.gone, "this process is there");
	expect(strstr(c.command, "test_foreign"), "its command is \"%s\"",
	       c.command);
}

CLAIM(gone, "a process that has gone, or whose number another has, is gone")
{
	struct foreign_change other = { .by = { getpid(), "nft" } };
	struct foreign_change ended = { .by = { 0, "nft" } };
	pid_t child = fork();

	if (!child)
		_exit(0);
	waitpid(child, NULL, 0);
	ended.by.pid = child;
	foreign_look(&other);
	foreign_look(&ended);
	expect(other.gone, "the name is another");
	expect(ended.gone, "the process has ended");
	expect_text("command", other.command, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIMED(changes),      CLAIMED(parts),	 CLAIMED(names),
		CLAIMED(cut_messages), CLAIMED(culprit), CLAIMED(gone),
	};

	return cmocka_run_group_tests_name("foreign", tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The statements that a rule is made of. Each has a case in expr.c (messages),
 * emit_nft.c (text) and emit_json.c (JSON), which the compiler asks for.
 */
#ifndef MAILWALL_STMT_H
#define MAILWALL_STMT_H

enum stmt_kind {
	STMT_TCP, /* meta l4proto tcp */
	STMT_SYN, /* opens a connection: SYN without ACK, whatever else */
	STMT_NOT_SYN,
	STMT_RST,
	STMT_LOCAL,  /* addressed to this host */
	STMT_FAMILY, /* packet of the target's family */
	STMT_SADDR,  /* address is in set */
	STMT_DADDR,
	STMT_SADDR_IS, /* address is the target */
	STMT_DADDR_IS,
	STMT_IIFNAME,
	STMT_OIFNAME,
	STMT_SKUID, /* owner is id */
	STMT_SKGID,
	STMT_DNAT_TO,	/* our redirect rewrote the destination to target */
	STMT_DNAT_FROM, /* the answer to such a connection */
	STMT_DPORT,	/* a map of ports to chains */
	STMT_SPORT,
	STMT_DPORT_IS, /* one port */
	STMT_SPORT_IS,
	STMT_FIRST4,	/* IPv4 fragment that the datagram begins with */
	STMT_FIRST6,	/* IPv6 with a fragment header, and the data's begin */
	STMT_SECOND4,	/* IPv4 fragment from byte 8 on */
	STMT_EARLY6,	/* IPv6 fragment from byte 0 or byte 8 on */
	STMT_HAS_FLAGS, /* TCP, and its flags can be read */
	STMT_NOT_TCP,	/* a transport that is known, and another */
	STMT_OPTIONS4,	/* IPv4 header with options */
	STMT_LOOSE4,	/* option loose source route */
	STMT_STRICT4,	/* option strict source route */
	STMT_ROUTED6,	/* routing header that has segments left */
	STMT_PROTOCOL,	/* type of the frame, behind one tag */
	STMT_NOT_PROTOCOL,
	STMT_BYTES, /* a number in the packet is value, or another */
	STMT_METER, /* within rate, per source, kept in set */
	STMT_METER_OVER,
	STMT_ARMED,  /* a trial is on, and the packet is what it tries */
	STMT_DISARM, /* ends the trial */
	STMT_SEEN,   /* source is among the first ones, kept in set */
	STMT_COUNTER,
	STMT_LOG,
	STMT_ACCEPT,
	STMT_DROP,
	STMT_RESET,  /* reject with tcp reset */
	STMT_REJECT, /* reject with icmpx admin-prohibited */
	STMT_JUMP,
	STMT_GOTO,
	STMT_RETURN,
	STMT_DNAT, /* to target */
};

#endif

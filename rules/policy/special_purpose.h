/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Members of the class private, made by "make special" of special-purpose.tsv:
 * as of October 2026.
 */
#ifndef MAILWALL_SPECIAL_PURPOSE_H
#define MAILWALL_SPECIAL_PURPOSE_H

static const char *const private_members[] = {
	/* This network, RFC 791 */
	"0.0.0.0/8",
	/* Private-Use, RFC 1918 */
	"10.0.0.0/8",
	/* Shared Address Space, RFC 6598 */
	"100.64.0.0/10",
	/* Loopback, RFC 1122 */
	"127.0.0.0/8",
	/* Link Local, RFC 3927 */
	"169.254.0.0/16",
	/* Private-Use, RFC 1918 */
	"172.16.0.0/12",
	/* IETF Protocol Assignments, RFC 6890 */
	"192.0.0.0-192.0.0.8",
	"192.0.0.11-192.0.0.255",
	/* Documentation (TEST-NET-1), RFC 5737 */
	"192.0.2.0/24",
	/* Private-Use, RFC 1918 */
	"192.168.0.0/16",
	/* Benchmarking, RFC 2544 */
	"198.18.0.0/15",
	/* Documentation (TEST-NET-2), RFC 5737 */
	"198.51.100.0/24",
	/* Documentation (TEST-NET-3), RFC 5737 */
	"203.0.113.0/24",
	/* Multicast, RFC 5771 */
	"224.0.0.0/4",
	/* Reserved, RFC 1112 */
	"240.0.0.0-255.255.255.254",
	/* Limited Broadcast, RFC 919 */
	"255.255.255.255/32",
	/* Unspecified Address, RFC 4291 */
	"::/128",
	/* Loopback Address, RFC 4291 */
	"::1/128",
	/* Discard-Only Address Block, RFC 6666 */
	"100::/64",
	/* Dummy IPv6 Prefix, RFC 9780 */
	"100:0:0:1::/64",
	/* IETF Protocol Assignments, RFC 2928 */
	"2001:1::/128",
	"2001:1::4-2001:1:ffff:ffff:ffff:ffff:ffff:ffff",
	"2001:2:1::-2001:2:ffff:ffff:ffff:ffff:ffff:ffff",
	"2001:4::-2001:4:111:ffff:ffff:ffff:ffff:ffff",
	"2001:4:113::-2001:f:ffff:ffff:ffff:ffff:ffff:ffff",
	"2001:40::-2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff",
	/* Benchmarking, RFC 5180 */
	"2001:2::/48",
	/* Documentation, RFC 3849 */
	"2001:db8::/32",
	/* Documentation, RFC 9637 */
	"3fff::/20",
	/* Segment Routing (SRv6) SIDs, RFC 9602 */
	"5f00::/16",
	/* Unique-Local, RFC 4193 */
	"fc00::/7",
	/* Link-Local Unicast, RFC 4291 */
	"fe80::/10",
	/* Site-Local (deprecated, not in the registry), RFC 3879 */
	"fec0::/10",
	/* Multicast, RFC 4291 */
	"ff00::/8",
};

#endif

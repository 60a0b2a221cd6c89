#!/usr/bin/env python3
"""The class private is what IANA's special-purpose registries say.

special_purpose.py [write]

Compares rules/policy/special_purpose.h with what rules/policy/special-purpose.tsv
makes of it, or writes it. Private is what the registries call not globally
reachable, without the parts that they call reachable, and without what leads to
the IPv4 internet whatever the registries say.
"""

import ipaddress
import pathlib
import sys

ROOM = pathlib.Path(__file__).resolve().parents[2] / "rules" / "policy"
TABLE = ROOM / "special-purpose.tsv"
HEADER = ROOM / "special_purpose.h"
# Hosts of the IPv4 internet under another name.
TRANSLATED = ("64:ff9b:1::/48", "::ffff:0:0/96")
TOP = """/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Members of the class private, made by "make special" of special-purpose.tsv:
 * {date}.
 */
#ifndef MAILWALL_SPECIAL_PURPOSE_H
#define MAILWALL_SPECIAL_PURPOSE_H

static const char *const private_members[] = {{
"""
BOTTOM = """};

#endif
"""


def read_table():
	"""Date of the table; network, name and reachability of each row."""
	lines = TABLE.read_text().splitlines()
	date = lines[0][lines[0].index("as of"):].split(",")[0]
	rows = []
	for line in lines:
		if line and not line.startswith("#"):
			prefix, name, rfc, reachable = line.split("\t")
			if reachable not in ("yes", "no", "n/a"):
				raise ValueError(line)
			rows.append((ipaddress.ip_network(prefix),
				     f"{name}, {rfc}",
				     "no" if reachable == "no" and
				     prefix not in TRANSLATED else "yes"))
	return date, rows


def ranges_without(network, holes):
	"""First and last address of what the holes leave of a network."""
	at, last = int(network[0]), int(network[-1])
	for hole in sorted(holes, key=lambda hole: int(hole[0])):
		if int(hole[0]) > at:
			yield at, int(hole[0]) - 1
		at = max(at, int(hole[-1]) + 1)
	if at <= last:
		yield at, last


def members():
	"""Text and origin of each member: a prefix, or a range that is none."""
	date, rows = read_table()
	for network, origin, reachable in rows:
		inner = [other for other, _, _ in rows
			 if other.version == network.version and
			 other != network and other.subnet_of(network)]
		if reachable == "yes":
			continue
		kind = type(network[0])
		for first, last in ranges_without(network, inner):
			nets = list(ipaddress.summarize_address_range(
				kind(first), kind(last)))
			text = (str(nets[0]) if len(nets) == 1 else
				f"{kind(first)}-{kind(last)}")
			yield text, origin


def made():
	date, _ = read_table()
	last, body = None, ""
	for text, origin in members():
		body += f"\t/* {origin} */\n" if origin != last else ""
		body += f'\t"{text}",\n'
		last = origin
	return TOP.format(date=date) + body + BOTTOM


def main():
	if sys.argv[1:] == ["write"]:
		HEADER.write_text(made())
		return 0
	same = HEADER.read_text() == made()
	print("" if same else "not ", "ok - the class private is what the "
	      "registries say is not globally reachable", sep="")
	return 0 if same else 1


if __name__ == "__main__":
	sys.exit(main())

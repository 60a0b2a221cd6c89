#!/usr/bin/env python3
"""The main job on an example, in a network of namespaces of its own.

demo.py [PROGRAM]

A client, a router and the internet: the residential policy is checked,
explained as rules and applied on the router, real connections are tried on
every mail port, and the clauses' counters are shown. Nothing of this machine's
own rules is touched; everything is gone when it ends.
"""

import os
import pathlib
import sys

sys.dont_write_bytecode = True
if len(sys.argv) > 1:		# whose mail ports are tried
	os.environ["MAILWALL"] = sys.argv[1]

import lab

POLICY = "rules/policies/residential.policy"
ROOT = lab.HERE.parent.parent
SHOWN = 26			# lines of rules

HOSTS = {
	"subscriber": ("client", "100.64.0.7", "2001:db8:4000::7"),
	"exempt": ("client", "100.64.0.25", "2001:db8:4000:25::25"),
	"internet": ("outside", "203.0.113.9", "2001:db8:ff00::9"),
	"relay": ("outside", "192.0.2.25", "2001:db8::25"),
}
WAYS = [("subscriber", "internet"), ("subscriber", "relay"),
	("exempt", "internet")]


def title(text):
	print(f"\n\033[1m{text}\033[0m" if sys.stdout.isatty() else f"\n== {text}",
	      flush=True)


def step(it, program, *words, lines=None, start=""):
	"""Runs mailwall on the router and shows what it says."""
	print("router#", "mailwall", *words)
	done = it.run("router", [program, *words])
	text = done.stdout + done.stderr
	shown = text[text.index(start):].splitlines()
	for line in shown[:lines]:
		print("\t" + line)
	if lines and len(shown) > lines:
		print(f"\t... {len(shown) - lines} lines more")
	if done.returncode:
		raise SystemExit(f"mailwall {words[0]}: exit {done.returncode}")


def attempts():
	for source, target in WAYS:
		for family in (1, 2):
			for port in lab.MAIL_PORTS:
				yield source, target, family, port


def try_ports(it):
	"""Every mail port, both families, three ways at once."""
	rows = list(attempts())
	order = [dict(id=number, sport=0, mark=0, uid=0, gid=0,
		      dials=[[HOSTS[source][family], HOSTS[target][family], port]])
		 for number, (source, target, family, port) in enumerate(rows)]
	fates = {rows[fate["id"]]: fate["fates"][0]
		 for fate in it.probe({"client": order})}
	print("\t" + " " * 31 + "".join(f"{port:>11}" for port in lab.MAIL_PORTS))
	for source, target in WAYS:
		for family, name in ((1, "IPv4"), (2, "IPv6")):
			seen = [fates[source, target, family, port]
				for port in lab.MAIL_PORTS]
			print(f"\t{source:>10} -> {target:<9} {name:<7}" +
			      "".join(f"{fate:>11}" for fate in seen))


def main():
	program = str(pathlib.Path(sys.argv[1] if len(sys.argv) > 1
				   else ROOT / "mailwall").resolve())
	os.chdir(ROOT)
	lab.enter()
	hosts = [lab.Host(name, *where) for name, where in HOSTS.items()]
	title("The policy")
	for line in pathlib.Path(POLICY).read_text().splitlines():
		print("\t" + line)
	links = {"client": "cust0", "outside": "wan0"}
	with lab.Lab("router", links, hosts) as it:
		title("Is it right?")
		step(it, program, "check", "--strict", POLICY)
		print("\tno mistakes, no warnings")
		title("What it means as nftables rules")
		step(it, program, "generate", POLICY, lines=SHOWN,
		     start="\tchain forward {")
		title("Into the kernel of the router")
		step(it, program, "apply", POLICY)
		step(it, program, "apply", POLICY)
		step(it, program, "exempt", "add", "100.64.0.25",
		     "2001:db8:4000:25::/64", "--for", "30d")
		step(it, program, "exempt", "list")
		title("Real connections from the client's side, on every mail port")
		try_ports(it)
		title("What the router counted")
		step(it, program, "status", POLICY)
		title("And gone again")
		step(it, program, "remove")


if __name__ == "__main__":
	main()

#!/usr/bin/env python3
"""Whatever the kernel refuses, each command says it once, and says nothing else.

In namespaces that end with this program; the claims are the first lines of the
functions.
"""

import errno
import json
import os
import pathlib
import re
import subprocess
import sys

sys.dont_write_bytecode = True

import lab
from acting_test import FORWARD, HEADER, clear, mailwall, nft
from watch_test import MAILWALL, build_network, expect, run

# linux/netfilter/nf_tables.h
TYPES = {
	"NEWTABLE": 0, "GETTABLE": 1, "DELTABLE": 2, "NEWCHAIN": 3, "GETCHAIN": 4,
	"DELCHAIN": 5, "NEWRULE": 6, "GETRULE": 7, "DELRULE": 8, "NEWSET": 9,
	"GETSET": 10, "DELSET": 11, "NEWSETELEM": 12, "GETSETELEM": 13,
	"DELSETELEM": 14, "GETGEN": 16, "NEWOBJ": 18, "GETOBJ": 19, "DELOBJ": 20,
	"anything": -1,
}
ERRORS = [errno.EOPNOTSUPP, errno.ENFILE, errno.EPERM]
# What the C library says of them, which tells an administrator nothing.
BARE = re.compile("Too many open files|Operation not supported|Invalid argument"
		  "|Device or resource busy|No such file")


def build_shim(folder):
	shim = pathlib.Path(folder) / "refuse.so"
	run(os.environ.get("CC", "cc"), "-shared", "-fPIC", "-O1", "-o", shim,
	    lab.HERE / "refuse_netlink.c", "-ldl")
	return shim


def refused(shim, type_, error, *words):
	words = ["ip", "netns", "exec", "router", "env", f"LD_PRELOAD={shim}",
		 f"REFUSE={type_} {error}", MAILWALL, *map(str, words)]
	return subprocess.run(words, capture_output=True, text=True, timeout=60)


def listing():
	return re.sub(r" # handle \d+", "", nft("list", "ruleset"))


def is_said_well(done, what):
	said = done.stdout + done.stderr
	expect(done.returncode in (0, 1, 3), f"{what}: exit {done.returncode}: "
	       f"{said}")
	expect(not BARE.search(said), f"{what}: {said}")
	errors = re.findall(".*error: .*", said)
	expect(len(errors) == len(set(errors)) and
	       (done.returncode != 3 or errors), f"{what}: {said}")


def each(shim, *words):
	"""Every refusal: its name, and what the command did."""
	for name, type_ in TYPES.items():
		for error in ERRORS:
			yield (f"{words[0]}: {name} {errno.errorcode[error]}",
			       refused(shim, type_, error, *words))


def load(path):
	clear()
	mailwall("apply", "-q", path)
	mailwall("exempt", "add", "192.0.2.1")


def says_what_is_refused(folder):
	"""a message that the kernel refuses is one sentence, and nothing is changed"""
	shim = build_shim(folder)
	path = pathlib.Path(folder) / "acts.policy"
	path.write_text(HEADER + FORWARD)
	other = pathlib.Path(folder) / "other.policy"
	other.write_text(HEADER + FORWARD.replace("smtp", "submission"))
	load(path)
	before, refusals = listing(), 0
	for words in (["apply", "-q", other], ["remove"],
		      ["exempt", "add", "192.0.2.7", "2001:db8::/64"]):
		for what, done in each(shim, *words):
			is_said_well(done, what)
			if done.returncode == 3:
				refusals += 1
				expect(listing() == before,
				       f"{what}: it was changed")
			elif listing() != before:
				load(path)
	expect(refusals > 60, f"only {refusals} were refused")


def reads_or_says_so(folder):
	"""status: what cannot be read is neither OK nor as loaded"""
	shim = build_shim(folder)
	clear()
	path = pathlib.Path(folder) / "acts.policy"
	mailwall("apply", "-q", path)
	for name, type_ in TYPES.items():
		for error in ERRORS[:2]:
			needs = name.startswith("GET") or name == "anything"
			what = f"{name} {errno.errorcode[error]}"
			done = refused(shim, type_, error, "status")
			is_said_well(done, what)
			expect((done.returncode == 0) != needs,
			       f"{what}: {done.stdout}{done.stderr}")
			done = refused(shim, type_, error, "status", "--nagios")
			expect(done.returncode in ((2, 3) if needs else (0,)) and
			       done.stdout.startswith("MAILWALL ") and
			       not BARE.search(done.stdout),
			       f"{what}: {done.stdout}{done.stderr}")


METER = """hook forward
class exempt dynamic size 10
outbound {
	allow smtp from exempt
	limit smtp 5/day per source
}
"""


def uncounted(shim, *words):
	"""What a kernel before 6.16, which counts no set, has status say."""
	return run("env", f"LD_PRELOAD={shim}", "HIDE_COUNT=1", MAILWALL, "status",
		   *words, ns="router", check=False).stdout


def counts_by_itself(folder):
	"""a kernel that counts no set: each is counted, or said to be not known"""
	shim = build_shim(folder)
	clear()
	path = pathlib.Path(folder) / "acts.policy"
	path.write_text(HEADER + METER)
	mailwall("apply", "-q", path)
	for n in range(9):
		mailwall("exempt", "add", f"192.0.2.{2 * n}")
	sets = {s["name"]: s["elements"] for s in json.loads(uncounted(
		shim, "--json"))["sets"]}
	meter = [name for name in sets if ".sources.v4" in name][0]
	expect(sets["exempt.v4"] == 9 and sets[meter] == 0, sets)
	line = uncounted(shim, "--nagios")
	expect(line.startswith("MAILWALL CRITICAL - ") and
	       "exempt.v4=9;7;8;0;10" in line and "filled to 90%" in line, line)
	page = uncounted(shim, "--prometheus")
	expect('set_elements{set="exempt.v4"} 9\n' in page and
	       'set_elements_known{set="exempt.v4"} 1\n' in page, page)
	mailwall("exempt", "remove", *(f"192.0.2.{2 * n}" for n in range(9)))
	members = ", ".join(f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}"
			    for n in range(200001))
	nft("-f", "-", text=f"add element inet mailwall {meter} {{ {members} }}\n")
	told = json.loads(uncounted(shim, "--json"))
	expect("sets" in told, told)
	sets = {s["name"]: s["elements"] for s in told["sets"]}
	expect(sets[meter] is None and sets["exempt.v4"] == 0, sets)
	expect(re.search(rf"not known +\d+  {meter}", uncounted(shim)), "text")
	line = uncounted(shim, "--nagios")
	expect(line.startswith("MAILWALL UNKNOWN - ") and meter in line and
	       f"{meter}=" not in line, line)
	page = uncounted(shim, "--prometheus")
	expect(f'set_elements{{set="{meter}"}}' not in page and
	       f'set_elements_known{{set="{meter}"}} 0\n' in page, page)
	clear()


CLAIMS = counts_by_itself, says_what_is_refused, reads_or_says_so


def main():
	return lab.hold_below(CLAIMS, build_network)


if __name__ == "__main__":
	sys.exit(main())

#!/usr/bin/env python3
"""replay counts the same when a capture is moved: in address, time or company.

Every capture that can be read goes through tcprewrite (other addresses),
editcap -t (another year) and, with another of its link type, through mergecap.
Where these programs change more than they were asked to, LEFT_OUT says why.
"""

import concurrent.futures
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True

import truth

SEED = 17			# no two addresses of ctu13_s6 become one
# Where the seed makes addresses that nobody can have: networks that change
# places, all of them ordinary.
SWAPS = ",".join(f"{one}:{other},{other}:{one}" for one, other in (
	("128.0.0.0/3", "160.0.0.0/3"), ("192.0.0.0/4", "208.0.0.0/4"),
	("64.0.0.0/4", "80.0.0.0/4"), ("16.0.0.0/4", "32.0.0.0/4")))
SHIFT_S = "31536000.25"		# a year and a quarter of a second
TOOLS = {"tcprewrite": "tcpreplay", "mergecap": "wireshark-common",
	 "editcap": "wireshark-common"}
LEFT_OUT = {
	("tcprewrite", "_derived_dev/p3_icmp_refused.pcap"):
		"it leaves the addresses that an ICMP error quotes as they were",
	("editcap", "the-tcpdump-group_libpcap/"
	 "filter__slip-compressed_sl_print-oobr.pcap"):
		"it writes records longer than the snapshot length it declares",
	("editcap", "the-tcpdump-group_tcpdump/icmp-icmp_print-oobr-2.pcap"):
		"it writes records longer than the snapshot length it declares",
}
# What a program does not read or write is no claim of ours.
UNKNOWN = re.compile(r"No DLT plugin|unsupported|doesn't support|"
		     r"unknown file format")


class Capture:
	"""A file and what replay says of it as it is."""

	def __init__(self, name):
		self.name, self.path = name, truth.CAPTURES / name
		self.code, events, _ = truth.replay("--attempts", "--top", "0",
						    self.path)
		self.ports = ports_of(events)
		self.packets = events[-1]["packets"]
		self.ends = {(e["source"], e["destination"], e["port"])
			     for e in events if e["event"] == "attempt"}
		self.has_strays = any("midstream" in p for p in self.ports.values())


def ports_of(events):
	return {port: {field: n for field, n in fields.items() if n}
		for port, fields in events[-1]["ports"].items()}


def added(one, other):
	"""The counts of two captures that have no connection in common."""
	return {port: {field: n for field in {**one[port], **other[port]}
		       if (n := sum_of(one[port].get(field, 0),
				       other[port].get(field, 0)))}
		for port in one}


def sum_of(a, b):
	return a and b if isinstance(a, bool) else a + b


def differences(before, after):
	return [f"{port} {field}: {before[port].get(field, 0)} became "
		f"{after[port].get(field, 0)}"
		for port in before
		for field in sorted(before[port].keys() | after[port].keys())
		if before[port].get(field, 0) != after[port].get(field, 0)]


def tool(words):
	done = subprocess.run([str(w) for w in words], capture_output=True,
			      text=True, timeout=60)
	return done.returncode, done.stderr.strip()


def link_of(path):
	"""The link type, as the first header or interface has it."""
	done = subprocess.run(["capinfos", "-T", "-r", "-E", str(path)],
			      capture_output=True, text=True, timeout=60)
	return done.stdout.strip().split("\t")[-1]


# ---- ways to move a capture: what is wrong afterwards, or None if left out ----

def counts_of(words, out):
	"""The counts of what a program writes, None if it cannot; what is wrong."""
	code, said = tool(words)
	if code:
		return None, [] if UNKNOWN.search(said) else \
			[f"{words[0]}: exit {code}: {said}"]
	code, events, said = truth.replay("--top", "0", out)
	if code:
		return None, [f"replay: exit {code}: {said}"]
	return ports_of(events), []


def moved(before, words, out):
	after, wrong = counts_of(words, out)
	if after is None:
		return wrong or None
	return differences(before, after)


def makes_martians(words, out):
	if tool(words)[0]:
		return False
	code, events, _ = truth.replay("--top", "0", out)
	return not code and events[-1]["undecoded"]["martian"] > 0


def rewritten(capture, out):
	"""
	Whatever it rewrites, tcprewrite takes Ethernet padding for payload. Hence
	the counts are compared with those of a file where it changed only the TTL.
	"""
	if ("tcprewrite", capture.name) in LEFT_OUT:
		return None
	words = ["tcprewrite", "-i", capture.path, "-o", out]
	before, wrong = counts_of([*words, "--ttl=+1"], out)
	if before is None:
		return wrong or None
	by_seed = [*words, f"--seed={SEED}"]
	return moved(before, [*words, f"--pnat={SWAPS}"] if makes_martians(
		by_seed, out) else by_seed, out)


def shifted(capture, out):
	if ("editcap", capture.name) in LEFT_OUT:
		return None
	return moved(capture.ports, ["editcap", "-t", SHIFT_S, capture.path, out],
		     out)


def merged(pair, out):
	one, other = pair
	code, said = tool(["mergecap", "-F", "pcap", "-w", out, one.path,
			   other.path])
	if code:
		return [f"mergecap: exit {code}: {said}"]
	expected = added(one.ports, other.ports)
	for files in ([out], [one.path, other.path]):	# and by ourselves
		code, events, said = truth.replay("--top", "0", *files)
		if code:
			return [f"replay: exit {code}: {said}"]
		wrong = differences(expected, ports_of(events))
		if wrong:
			return wrong
	return []


def pairs_of(captures):
	"""Each with the next of its link type that it shares no connection with."""
	left = {}
	for capture in captures:
		left.setdefault(link_of(capture.path), []).append(capture)
	for group in left.values():
		while group:
			one = group.pop(0)
			for other in reversed(group):
				if not one.ends & other.ends and not (
						one.has_strays and other.has_strays):
					group.remove(other)
					yield one, other
					break


# ---- the claims ----

def all_of(way, things, folder):
	"""Runs them, two at a time: how many were moved, and what is wrong."""
	def one(numbered):
		number, thing = numbered
		out = pathlib.Path(folder) / f"{way.__name__}{number}.pcap"
		wrong = way(thing, out)
		out.unlink(missing_ok=True)
		names = [c.name for c in thing] if isinstance(thing, tuple) \
			else [thing.name]
		return wrong, " and ".join(names)

	with concurrent.futures.ThreadPoolExecutor(2) as pool:
		done = list(pool.map(one, enumerate(things)))
	return (sum(wrong is not None for wrong, _ in done),
		[f"{name}: {line}" for wrong, name in done for line in wrong or []])


def main():
	if not (truth.CAPTURES / "truth.tsv").exists():
		print(f"ok - captures moved # SKIP no captures in {truth.CAPTURES}")
		return 0
	missing = {TOOLS[t] for t in TOOLS if not shutil.which(t)}
	if missing:
		print("ok - captures moved # SKIP not installed: "
		      + " ".join(sorted(missing)))
		return 0
	names = sorted(str(p.relative_to(truth.CAPTURES))
		       for p in truth.CAPTURES.rglob("*") if truth.is_capture(p))
	captures = [c for c in map(Capture, names) if not c.code and c.packets]
	good = True
	with tempfile.TemporaryDirectory() as folder:
		n, wrong = all_of(rewritten, captures, folder)
		good &= truth.say(f"{n} of {len(captures)} captures through "
				  "tcprewrite: the counts don't move", wrong)
		n, wrong = all_of(shifted, captures, folder)
		good &= truth.say(f"{n} captures through editcap -t: the counts "
				  "don't move", wrong)
		n, wrong = all_of(merged, list(pairs_of(captures)), folder)
		good &= truth.say(f"{n} pairs through mergecap, and read together: "
				  "the counts add up", wrong)
	return 0 if good else 1


if __name__ == "__main__":
	sys.exit(main())

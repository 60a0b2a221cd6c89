#!/usr/bin/env python3
"""The ten commands of the README do what it says.

In namespaces that end with this program; the claims are the first lines of the
functions.
"""

import pathlib
import re
import shlex
import sys

sys.dont_write_bytecode = True

import lab
from watch_test import MAILWALL, build_network, expect, run

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PLACE = "/etc/mailwall/"
BEFORE = "allow   submission submissions smtp-alt"
AFTER = "allow   submission submissions"
CODES = {"plan": 4}	# there are changes


def section():
	text = (ROOT / "README.md").read_text()
	found = re.search(r"^## Change it without fear$(.*?)^## ", text,
			  re.DOTALL | re.MULTILINE)
	expect(found, "the README has the section")
	return found[1]


def commands():
	"""Each command with the first line that the README shows of its output."""
	lines = re.search(r"```\n(.*?)```", section(), re.DOTALL)[1].splitlines()
	for number, line in enumerate(lines):
		if line.startswith("$ "):
			after = lines[number + 1:number + 2]
			shown = after[0] if after and after[0][0] not in "$." else ""
			yield shlex.split(line[2:]), shown


def shape(line):
	"""A line without what differs from one day and host to the next."""
	line = re.sub(r'loaded .*? by \w+, "[^"]*"', "loaded", line)
	line = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "TIME", line)
	line = re.sub(r"\b[0-9a-f]{32}\b", "DIGEST", line)
	return re.sub(r'\b(noc1|root)\s+"[^"]*"', "WHO", line)


def holds(folder):
	"""ten commands, in their order, with the output that is shown"""
	path = pathlib.Path(folder) / "mailwall.policy"
	text = (ROOT / "rules/policies/residential.policy").read_text()
	expect(BEFORE in text, "the policy has the clause")
	path.write_text(text)
	run(MAILWALL, "apply", "-q", "--why", "NET-290", path, ns="router")
	path.write_text(text.replace(BEFORE, AFTER))
	tried = 0
	for words, shown in commands():
		tried += 1
		if words[0] != "mailwall":
			continue
		words = [word.replace(PLACE, f"{folder}/") for word in words[1:]]
		done = run(MAILWALL, *words, ns="router", check=False)
		expect(done.returncode == CODES.get(words[0], 0),
		       f"{words}: exit {done.returncode}: {done.stdout}"
		       f"{done.stderr}")
		expect(not shown or shape(shown) in
		       [shape(line) for line in done.stdout.splitlines()],
		       f"{words}: no line {shown!r} in {done.stdout}")
	expect(tried == 10, f"{tried} commands")


CLAIMS = (holds,)


def main():
	return lab.hold_below(CLAIMS, build_network)


if __name__ == "__main__":
	sys.exit(main())

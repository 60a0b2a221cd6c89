#!/usr/bin/env python3
"""mailwall.policy(5) has each figure of watch with its unit, default and range.

The rows of rules/base/watch.h are the truth; the manual is read as a person
does: a range in brackets, else what the sentence below the table says.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
NAMES = {"MINUTE": 60, "HOUR": 3600, "DAY": 86400}
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def number(text):
	"""1.5 * HOUR, 0.01, 1e6, WATCH_GROUPS_MOST"""
	product = 1.0
	for word in text.split("*"):
		word = word.strip()
		product *= NAMES[word] if word in NAMES else float(word)
	return product


def rows():
	"""{name: (unit, default, least, most)} of the program"""
	text = (ROOT / "rules/base/watch.h").read_text()
	most = re.search(r"#define WATCH_GROUPS_MOST (\d+)", text)[1]
	text = text.replace("\\\n", " ").replace("WATCH_GROUPS_MOST)", f"{most})")
	found = re.findall(r'ROW\(\w+,\s*"([\w-]+)",\s*(\w+),([^)]*)\)', text)
	return {name: (unit.lower(), *map(number, rest.split(",")))
		for name, unit, rest in found}


def written(text):
	"""150m, 0.1/hour, 64"""
	found = re.fullmatch(r"([\d.]+)(/hour|[smhd])?", text)
	return float(found[1]) * UNITS.get(found[2], 1)


def range_of(name, unit, meaning):
	"""The range as the manual has it; None: it has none."""
	found = re.search(r"\((\w+) to (\w+)\)", meaning)
	if found:
		return written(found[1]), written(found[2])
	if unit == "share":
		return 0.001, 0.999
	if name.endswith("-threshold"):
		return 1, 1e6
	if unit == "rate":
		spam = name.endswith(("-normal", "-spam"))
		return (1 if name == "volume-rate" else 0.01 if spam else 0), 1e6
	return None


def manual():
	"""{name: (unit, default, least, most)} of the page"""
	text = (ROOT / "docs/mailwall.policy.5").read_text()
	for sentence in ("A share is from 0.001 to 0.999, a threshold from 1 to "
			 "1000000.", "A rate is at most 1000000/hour",
			 "rate is at least 0.01/hour", "at least 1/hour."):
		if sentence not in text:
			raise AssertionError(f"the page lacks: {sentence}")
	found = re.findall(r"^\.It Cm ([\w-]+) Ta (duration|rate|number|share) "
			   r"Ta (\S+) Ta (.*)$", text, re.M)
	return {name: (unit, written(value),
		       *(range_of(name, unit, meaning) or (None, None)))
		for name, unit, value, meaning in found}


def main():
	"""each figure of watch has in the manual the unit, default and range of its row"""
	wanted, has = rows(), manual()
	wrong = [f"{name}: the row has {wanted.get(name)}, the page "
		 f"{has.get(name)}" for name in sorted({*wanted, *has})
		 if wanted.get(name) != has.get(name)]
	if len(wanted) < 40:
		wrong.append(f"only {len(wanted)} rows were read")
	print(f"{'not ok' if wrong else 'ok'} - {main.__doc__}")
	for line in wrong:
		print(f"# {line}")
	return 1 if wrong else 0


if __name__ == "__main__":
	sys.exit(main())

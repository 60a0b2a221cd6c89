#!/usr/bin/env python3
"""Objects that need each other, by the symbols that the linker sees.

circles.py BUILD    every circle is named in tests/circles, with its reason

A line of tests/circles: OBJECT OBJECT... | why it stays
"""

import collections
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
CIRCLES = ROOT / "tests/circles"
SHARE_MOST = 0.1	# of all objects


def objects(build):
	"""Of the sources that are here, not of those that were once."""
	for top in "rules", "plugin", "tools":
		for source in sorted((ROOT / top).rglob("*.c")):
			made = build / source.relative_to(ROOT).with_suffix(".o")
			if made.exists():
				yield made


def needs(paths):
	"""Object -> objects whose symbols it uses."""
	owner, wanted = {}, collections.defaultdict(set)
	listed = subprocess.run(["nm", "-A", *paths], text=True, check=True,
				capture_output=True).stdout
	for line in listed.splitlines():
		place, rest = line.split(":", 1)
		path, words = pathlib.Path(place), rest.split()
		if len(words) == 3 and words[1] in "TDRBVC":
			owner.setdefault(words[2], path)
		elif len(words) == 2 and words[0] == "U":
			wanted[path].add(words[1])
	return {path: {owner[symbol] for symbol in wanted[path]
		       if owner.get(symbol, path) != path} for path in paths}


def circles(graph):
	"""Strongly connected components of two and more: Tarjan, 1972."""
	index, low, stack, found = {}, {}, [], []

	def visit(node):
		index[node] = low[node] = len(index)
		stack.append(node)
		for other in graph[node]:
			if other not in index:
				visit(other)
				low[node] = min(low[node], low[other])
			elif other in stack:
				low[node] = min(low[node], index[other])
		if low[node] == index[node]:
			at = stack.index(node)
			if len(stack) - at > 1:
				found.append(frozenset(stack[at:]))
			del stack[at:]

	for node in graph:
		if node not in index:
			visit(node)
	return found


def named():
	for line in CIRCLES.read_text().splitlines():
		if line and not line.startswith("#"):
			members, _, why = line.partition("|")
			if not why.strip():
				sys.exit(f"tests/circles: why does {members} stay?")
			yield frozenset(members.split())


def main():
	build = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "build")
	paths = list(objects(ROOT / build))
	if not paths:
		sys.exit(f"no objects in {build}")
	sys.setrecursionlimit(10000)
	found = {frozenset(str(path.relative_to(ROOT / build).with_suffix(""))
			   for path in circle)
		 for circle in circles(needs(paths))}
	known = set(named())
	for circle in sorted(found - known, key=sorted):
		print("a circle:", " ".join(sorted(circle)))
	for circle in sorted(known - found, key=sorted):
		print("no circle any more:", " ".join(sorted(circle)))
	print(f"{'not ' if found != known else ''}ok - objects that need each "
	      "other are named in tests/circles, with the reason")
	inside = sum(map(len, found))
	wide = inside > SHARE_MOST * len(paths)
	print(f"{inside} of {len(paths)} objects are in {len(found)} circles")
	print(f"{'not ' if wide else ''}ok - under a tenth of the objects are "
	      "in circles")
	return 1 if found != known or wide else 0


if __name__ == "__main__":
	sys.exit(main())

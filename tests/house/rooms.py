#!/usr/bin/env python3
"""The wall: which room may include from which, as tests/rooms says.

rooms.py check    every include, and the table in CONTRIBUTING
rooms.py table    the table, for docs/CONTRIBUTING.md (make rooms writes it)

A line of tests/rooms:

ROOM | what it holds | rooms that it may include from | libraries of its own

A library of its own is the start of a header's name, as in <sqlite3.h>: only
the rooms that name it include it; of two, the longer decides. There are no
wildcards. rules/ and plugin/ open no descriptor and read no clock.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
ROOMS = ROOT / "tests/rooms"
CONTRIBUTING = ROOT / "docs/CONTRIBUTING.md"
BEGIN, END = "<!-- rooms: begin -->\n", "<!-- rooms: end -->\n"
INCLUDE = re.compile(r'#include ([<"])(.+)[>"]')
FILES_MOST = 22
# Headers of what only the program may do, and the rooms that stay pure.
WORLD = {"fcntl.h", "poll.h", "pthread.h", "signal.h", "sys/socket.h",
	 "sys/stat.h", "time.h", "unistd.h"}
PURE = ("rules", "plugin")


class Room:
	def __init__(self, line):
		fields = [field.strip() for field in line.split("|")]
		if len(fields) != 4:
			raise ValueError("a room has four fields")
		self.name, self.holds = fields[:2]
		self.may, self.own = (set(field.split()) for field in fields[2:])
		self.used = set()


def read_rooms():
	rooms = {}
	for number, line in enumerate(ROOMS.read_text().splitlines(), 1):
		if not line.strip() or line.startswith("#"):
			continue
		try:
			room = Room(line)
		except ValueError as wrong:
			sys.exit(f"tests/rooms:{number}: {wrong}")
		if "*" in line.replace("tools/*", ""):
			sys.exit(f"tests/rooms:{number}: a wildcard says nothing")
		rooms[room.name] = room
	return rooms


def sources():
	for top in "rules", "plugin", "tools":
		yield from sorted((ROOT / top).rglob("*.[ch]"))


def name_of(folder):
	return str(folder.relative_to(ROOT))


def check_include(room, rooms, path, match):
	"""What is wrong with one include, or None."""
	if match[1] == '"':
		other = name_of((path.parent / match[2]).resolve().parent)
		room.used.add(other)
		if other != room.name and other not in room.may:
			return f"{room.name} may not include from {other}"
		return None
	if match[2] in WORLD and room.name.startswith(PURE) and \
	   room.name != "plugin/example":
		return f"{room.name} opens nothing and reads no clock"
	own = max((own for r in rooms.values() for own in r.own
		   if match[2].startswith(own)), key=len, default=None)
	if own and own not in room.own:
		return f"<{match[2]}> belongs to " + " and ".join(
			r.name for r in rooms.values() if own in r.own)
	room.used.add(own)
	return None


def check_includes(rooms):
	counts = {}
	for path in sources():
		room = rooms.get(name_of(path.parent))
		where = path.relative_to(ROOT)
		if room is None:
			yield f"{where}: {name_of(path.parent)} is not in tests/rooms"
			continue
		counts[room.name] = counts.get(room.name, 0) + 1
		for number, line in enumerate(path.read_text().splitlines(), 1):
			match = INCLUDE.match(line)
			wrong = match and check_include(room, rooms, path, match)
			if wrong:
				yield f"{where}:{number}: {wrong}"
	for name, count in counts.items():
		if count > FILES_MOST:
			yield f"{name} has {count} files, {FILES_MOST} at most"


def check_rooms(rooms):
	"""What tests/rooms allows is needed, known, and goes one way."""
	for room in rooms.values():
		for other in sorted(room.may - set(rooms)):
			yield f"tests/rooms: {room.name}: {other} is no room"
		for other in sorted((room.may | room.own) - room.used):
			yield f"tests/rooms: {room.name} does not need {other}"
	done, open_rooms = set(), []

	def walk(name):
		if name in open_rooms:
			way = open_rooms[open_rooms.index(name):] + [name]
			return [f"a circle of rooms: {' -> '.join(way)}"]
		if name in done or name not in rooms:
			return []
		open_rooms.append(name)
		found = [wrong for other in sorted(rooms[name].may)
			 for wrong in walk(other)]
		open_rooms.pop()
		done.add(name)
		return found

	for name in rooms:
		yield from walk(name)


def table(rooms):
	"""Markdown, as CONTRIBUTING has it."""
	lines = ["| room | holds | may include from | its own |",
		 "|---|---|---|---|"]
	for room in rooms.values():
		top = room.name.split("/")[0] + "/"
		may = ", ".join(f"`{other.removeprefix(top)}`"
				for other in sorted(room.may))
		own = ", ".join(f"`{own}`" for own in sorted(room.own))
		lines.append(f"| `{room.name}` | {room.holds} | {may} | {own} |")
	return "\n".join(lines) + "\n"


def split_contributing():
	text = CONTRIBUTING.read_text()
	head, rest = text.split(BEGIN)
	_, tail = rest.split(END)
	return head, tail


def write_table(rooms):
	head, tail = split_contributing()
	CONTRIBUTING.write_text(head + BEGIN + table(rooms) + END + tail)


def check_table(rooms):
	if BEGIN + table(rooms) + END not in CONTRIBUTING.read_text():
		yield "docs/CONTRIBUTING.md: its rooms are not these: make rooms"


CLAIMS = (
	("no room includes what tests/rooms does not let it", check_includes),
	("tests/rooms allows no more than is used, and no circle", check_rooms),
	("the table of rooms in CONTRIBUTING is this one", check_table),
)


def main():
	rooms = read_rooms()
	if sys.argv[1:] == ["table"]:
		print(table(rooms), end="")
		return 0
	if sys.argv[1:] == ["write"]:
		write_table(rooms)
		return 0
	failed = 0
	for claim, find in CLAIMS:
		wrong = list(find(rooms))
		for line in wrong:
			print(line)
		print(f"{'not ' if wrong else ''}ok - {claim}")
		failed += bool(wrong)
	return 1 if failed else 0


if __name__ == "__main__":
	sys.exit(main())

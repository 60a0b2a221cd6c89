#!/usr/bin/env python3
"""What replay says of a source is the same whoever else is in the capture.

apart.py TRACE

A capture is divided between its clients, each half is replayed alone, and what
is said of a client has to be what the whole said of him: attempts, findings
and the row of the source. Captures are those of this folder, those of
MAILWALL_CAPTURES, and worlds that TRACE makes: APART_WORLDS of them, 20 if not
given. Halves begin and end with the capture, by a frame that is no mail, since
warm-up and end are a monitor's and not a source's. The secret key by which some
numbers are estimated is the same for all.
"""

import concurrent.futures
import json
import os
import pathlib
import random
import struct
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True

import truth

MAIL = {25, 110, 143, 465, 587, 993, 995, 2525}
WORLDS = int(os.environ.get("APART_WORLDS", "20"))
ARP = b"\xff" * 6 + b"\x02" * 6 + b"\x08\x06" + bytes(28)
# Class, and how many at most: worlds are small, so that there are many.
CLASSES = {"fast": 1, "medium": 2, "slow": 3, "very-slow": 3, "threads": 1,
	   "burst": 1, "retrying": 2, "mimic": 2, "snowshoe": 3, "scan-walk": 1,
	   "few-networks": 1, "one-provider": 1, "twenty": 1, "ninety": 2,
	   "holiday": 1, "holiday-known": 1, "monitoring": 1, "hobby": 3,
	   "misconfigured": 3, "iot": 3, "monitor": 2, "script": 3,
	   "newsletter": 1, "nat": 1, "retry-storm": 1, "wifi": 2}
ETHERNET = 1
KEPT_US = 48 * 3600 * 1000000	# who is silent for longer is forgotten in turn


# ---- classic captures of Ethernet, in microseconds ----

def read(path):
	"""[(time, frame, length)], or None if it is another kind of file."""
	data = path.read_bytes()
	for order in "<>":
		if len(data) >= 24 and struct.unpack(order + "I", data[:4])[0] \
				== 0xa1b2c3d4:
			break
	else:
		return None
	if struct.unpack(order + "I", data[20:24])[0] != ETHERNET:
		return None
	frames, at = [], 24
	while at + 16 <= len(data):
		s, us, kept, length = struct.unpack(order + "4I",
						    data[at:at + 16])
		frames.append((s * 1000000 + us, data[at + 16:at + 16 + kept],
			       length))
		at += 16 + kept
	return frames


def write(path, frames):
	with open(path, "wb") as out:
		out.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 262144,
				      ETHERNET))
		for time, frame, length in frames:
			out.write(struct.pack("<4I", *divmod(time, 1000000),
					      len(frame), length) + frame)


def ends(frame):
	"""Both ends, address and port, of TCP in IP in Ethernet; or None."""
	if frame[12:14] == b"\x08\x00" and frame[14:15] == b"\x45" and \
			frame[23:24] == b"\x06" and len(frame) >= 38:
		ports, a, b = 34, frame[26:30], frame[30:34]
	elif frame[12:14] == b"\x86\xdd" and frame[20:21] == b"\x06" and \
			len(frame) >= 58:
		ports, a, b = 54, frame[22:30], frame[38:46]
	else:
		return None
	one, other = struct.unpack("!2H", frame[ports:ports + 4])
	return (a, one), (b, other)


def client(frame):
	"""The address, or /64, that calls a mail port; None if nobody does."""
	both = ends(frame)
	if not both:
		return None
	(a, one), (b, other) = both
	if one in MAIL and other in MAIL:
		return b"?"
	return a if other in MAIL else b if one in MAIL else None


def halves(frames, chance):
	"""
	Each client is in one half. What else there is, is in none; None if that
	is a fragment, a tunnel or an error, or if all clients are one.
	"""
	of, out = {}, ([], [])
	for frame in frames:
		who = client(frame[1])
		if who == b"?":
			return None
		if who is not None:
			out[of.setdefault(who, len(of) % 2)].append(frame)
	if len(of) < 2:
		return None
	swap = chance.random() < 0.5
	return (out[1], out[0]) if swap else out


def bounded(frames, first, last):
	return [(first, ARP, len(ARP)), *frames, (last, ARP, len(ARP))]


# ---- what replay says of the clients ----

def said(path, events, words):
	"""{event: count}, of events with these names."""
	done = subprocess.run([truth.MAILWALL, "replay", "--json", "--attempts",
			       "--top", "100000", *words, str(path)],
			      capture_output=True, text=True,
			      timeout=truth.REPLAY_TIMEOUT_S)
	if done.returncode:
		raise RuntimeError(f"replay: exit {done.returncode}: "
				   f"{done.stderr}")
	counts = {}
	for event in map(json.loads, done.stdout.splitlines()):
		if event["event"] in events:
			event.pop("input", None)
			text = json.dumps(event, sort_keys=True)
			counts[text] = counts.get(text, 0) + 1
	return counts


def added(a, b):
	return {text: a.get(text, 0) + b.get(text, 0) for text in {**a, **b}}


def difference(whole, parts):
	"""The first that one has and the other lacks, or None."""
	for text in sorted({**whole, **parts}):
		if whole.get(text, 0) != parts.get(text, 0):
			where = "halves" if parts.get(text, 0) > \
				whole.get(text, 0) else "whole"
			return f"only the {where} have {text[:400]}"
	return None


def compare(frames, chance, folder, name):
	"""What differs, by options; None if the capture cannot be divided."""
	parts = halves(frames, chance)
	if not parts:
		return None
	times = [time for time, _, _ in frames]
	first, last = min(times), max(times)
	both = sorted(parts[0] + parts[1], key=lambda frame: frame[0])
	paths = []
	for i, part in enumerate((both, *parts)):
		paths.append(pathlib.Path(folder) / f"{name}-{i}.pcap")
		part = part if i else both
		write(paths[-1], bounded(part, first, last))
	events = {"attempt", "finding"}
	if last - first < KEPT_US:
		events.add("source")
	wrong = []
	for words in ((), ("--no-warmup",)):
		whole, one, other = (said(path, events, words)
				     for path in paths)
		what = difference(whole, added(one, other))
		if what:
			wrong.append(f"{' '.join(words) or 'cold'}: {what}")
	for path in paths:
		path.unlink()
	return wrong


# ---- the captures ----

def world_of(trace, seed, path):
	"""Makes a world of some classes; returns the words that make it again."""
	chance = random.Random(seed)
	names = chance.sample(sorted(CLASSES), chance.randint(2, 4))
	words = ["-s", str(seed), "-h", str(chance.choice((1, 3, 12, 30))),
		 "-b", chance.choice(("drop", "reset", "open")),
		 "-f", "0.1", "-6", str(chance.choice((0, 0.3)))]
	words += [f"{n}={chance.randint(1, CLASSES[n])}" for n in names]
	subprocess.run([trace, "-w", str(path), *words], check=True,
		       capture_output=True, timeout=300)
	return " ".join(words)


def world(trace, seed, folder):
	path = pathlib.Path(folder) / f"world{seed}.pcap"
	words = world_of(trace, seed, path)
	frames = read(path)
	path.unlink()
	if not frames:
		return None
	wrong = compare(frames, random.Random(seed), folder, f"world{seed}")
	return wrong and [f"trace {words}: {line}" for line in wrong]


def capture(path, folder, number):
	frames = read(path)
	if not frames:
		return None
	wrong = compare(frames, random.Random(number), folder, f"real{number}")
	return wrong and [f"{path.name}: {line}" for line in wrong]


def claim(results, what):
	results = [r for r in results if r is not None]
	wrong = [line for r in results for line in r]
	good = bool(results) and not wrong
	print(f"{'ok' if good else 'not ok'} - {len(results)} {what}")
	for line in wrong[:20]:
		print(f"# {line}")
	return good


def main():
	trace = sys.argv[1]
	folders = [truth.HERE, truth.CAPTURES]
	paths = [p for f in folders if f.exists() for p in sorted(f.rglob("*"))
		 if truth.is_capture(p)]
	with tempfile.TemporaryDirectory() as folder, \
			concurrent.futures.ThreadPoolExecutor(2) as pool:
		shim = pathlib.Path(folder) / "same_key.so"
		subprocess.run(["gcc", "-shared", "-fPIC", "-O2", "-o", shim,
				truth.HERE / "same_key.c"], check=True)
		os.environ["LD_PRELOAD"] = str(shim)
		worlds = list(pool.map(lambda seed: world(trace, seed, folder),
				       range(1, WORLDS + 1)))
		good = claim(worlds, "worlds: what is said of a source is what "
			     "half of them makes of it")
		if truth.CAPTURES.exists():
			real = list(pool.map(
				lambda n: capture(paths[n], folder, n),
				range(len(paths))))
			good &= claim(real, "captures: the same")
		else:
			print(f"ok - captures # SKIP none in {truth.CAPTURES}")
	return 0 if good else 1


if __name__ == "__main__":
	sys.exit(main())

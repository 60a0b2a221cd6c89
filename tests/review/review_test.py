#!/usr/bin/env python3
"""What went into the store comes out of the report, and nothing breaks it.

Captures are replayed and logs imported into databases of a folder that ends
with this program. The claims are the first lines of the functions.
"""

import csv
import io
import json
import os
import pathlib
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(ROOT / "tests" / part)
		for part in ("captures", "net", "page")]

import lab
import made
import page_test

MAILWALL = os.environ.get("MAILWALL", str(ROOT / "mailwall"))
CAPTURES = pathlib.Path(os.environ.get("MAILWALL_CAPTURES",
				       ROOT.parent / "shared/captures"))
PORTS = (25, 110, 143, 465, 587, 993, 995, 2525)
KILLS = 200
DAY = 86400


def expect(condition, what):
	if not condition:
		raise AssertionError(what)


def run(*words, text=None, code=0, zone=None, env=None):
	done = subprocess.run(
		[MAILWALL, *map(str, words)], input=text, capture_output=True,
		text=True, timeout=120, errors="replace",
		env={**os.environ, **({"TZ": zone} if zone else {}),
		     **(env or {})})
	expect(done.returncode == code,
	       f"{' '.join(map(str, words))}: exit {done.returncode}, not {code}: "
	       f"{done.stdout[-300:]}{done.stderr[-600:]}")
	return done


def report(store, *words, **more):
	return json.loads(run("report", "-S", store, "-j", *words,
			      **more).stdout)


def counts(document):
	return {p["port"]: p["attempts"] for p in document["ports"]}


def kernel_line(at_s, source, port=25, prefix="residential:17 block",
		spt=40000, destination="192.0.2.9", host="gw"):
	at = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime(at_s))
	return (f"{at} {host} kernel: [1.000001] {prefix} IN=cust0 OUT=wan0 "
		f"SRC={source} DST={destination} LEN=60 TOS=0x00 PREC=0x00 "
		f"TTL=63 ID=1 DF PROTO=TCP SPT={spt} DPT={port} WINDOW=64240 "
		f"RES=0x00 SYN URGP=0\n")


def write_log(path, lines):
	path.write_text("".join(lines))
	return path


# ---- counts ----

def replay_counts(folder):
	"""attempts of every capture are in the report, by port and outcome"""
	files = sorted(CAPTURES.glob("*/*.pcap"))[:80]
	if not files:
		print("# no shared captures: only those made here")
	files.append(write_capture(folder / "made.pcap"))
	for file in files:
		store = folder / "replay.db"
		store.unlink(missing_ok=True)
		done = subprocess.run([MAILWALL, "replay", "-j", "-S", store,
				       file], capture_output=True, text=True)
		if done.returncode or not done.stdout:
			continue	# refused: replay has its own test
		said = json.loads(done.stdout.splitlines()[-1])
		if "first" not in said:
			continue
		ports = {int(p): v for p, v in said["ports"].items()
			 if v["attempts"]}
		had = report(store, "-s", "1970-01-02", "--until", "2106-01-01")
		expect(counts(had) == {p: v["attempts"]
				       for p, v in ports.items()},
		       f"{file}: {counts(had)} {ports}")
		for port in had["ports"]:
			for outcome in "answered", "refused", "unanswered":
				want = ports[port["port"]][outcome]
				expect(port["outcomes"][outcome] == want,
				       f"{file} {port} {outcome} {want}")


def write_capture(path):
	"""Three sources, five attempts."""
	import struct, ipaddress
	packets = []
	for i, (source, port) in enumerate((("10.0.0.1", 25), ("10.0.0.1", 25),
					    ("10.0.0.2", 587), ("10.0.0.3", 25),
					    ("10.0.0.3", 143))):
		ends = (ipaddress.ip_address(source), 1000 + i,
			ipaddress.ip_address("192.0.2.1"), port)
		packets.append(made.tcp(ends, made.SYN, 7 + i))
	with open(path, "wb") as out:
		out.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0,
				      65535, 101))
		for i, packet in enumerate(packets):
			out.write(struct.pack("<IIII", 1_700_000_000 + i, 0,
					      len(packet), len(packet)) +
				  packet)
	return path


def import_counts(folder):
	"""what was logged is in the report, by port, source, clause and hour"""
	chance, start = random.Random(5), 1_790_000_000
	log, want, sources = [], {}, {}
	for i in range(5000):
		source = f"100.64.0.{chance.randrange(40)}"
		port = chance.choice(PORTS)
		log.append(kernel_line(start + i * 60, source, port,
				       spt=10000 + i))
		want[port] = want.get(port, 0) + 1
		sources[source] = sources.get(source, 0) + 1
	store = folder / "import.db"
	run("import", "-S", store, write_log(folder / "kern.log", log))
	period = "-s", "2026-09-01", "--until", "2026-10-01"
	had = report(store, *period, "-t", 100, zone="UTC")
	expect(counts(had) == want, f"{counts(had)} {want}")
	expect(had["outcomes"]["blocked"] == 5000, had["outcomes"])
	expect({s["source"]: s["attempts"] for s in had["top"]["items"]} ==
	       sources, "sources differ")
	expect(had["clauses"] == [{"clause": "residential:17",
				   "attempts": 5000, "before": 0}],
	       had["clauses"])
	one = report(store, *period, "--source", "100.64.0.7", "--port", 25)
	lines = [l for l in log if "SRC=100.64.0.7 " in l and " DPT=25 " in l]
	expect(one["attempts"] == len(lines), f"{one['attempts']} {len(lines)}")
	expect(sum(sum(t["outcomes"].values()) for t in had["timeline"]) == 5000,
	       "the timeline has others")
	expect(sum(map(sum, had["week"])) == 5000, "the week has others")
	# A period that begins and ends within a day, by the minute.
	part = report(store, "-s", "2026-09-21T14:30Z", "--until",
		      "2026-09-23T09:15Z")
	first, last = (int(time.mktime(time.strptime(t, "%Y-%m-%dT%H:%M")) -
			   time.timezone)
		       for t in ("2026-09-21T14:30", "2026-09-23T09:15"))
	inside = sum(first <= start + i * 60 - (start + i * 60) % 60 < last
		     for i in range(5000))
	expect(part["attempts"] == inside, f"{part['attempts']} {inside}")
	again = run("import", "-S", store, folder / "kern.log")
	expect("before" in again.stderr and
	       report(store, *period)["attempts"] == 5000, again.stderr)
	with open(folder / "kern.log", "a") as file:
		file.write(kernel_line(start + 400000, "100.64.0.1"))
	run("import", "-S", store, folder / "kern.log")
	expect(report(store, *period)["attempts"] == 5001,
	       "a line that was added is not taken, or others twice")


def page_agrees(folder):
	"""the tables of the page have the numbers of the JSON"""
	store, page = folder / "import.db", folder / "page.html"
	words = "-s", "2026-09-01", "--until", "2026-10-01", "-t", 30
	had = report(store, *words, zone="UTC")
	run("report", "-S", store, *words, "--html", page, zone="UTC")
	tables = page_test.tables(page)

	def column(caption, name):
		head, *rows = tables[caption]
		return {row[0]: row[head.index(name)] for row in rows}

	expect(column("Attempts by outcome", "Attempts") == had["outcomes"],
	       tables["Attempts by outcome"])
	ports = {int(str(port).split()[0]): n for port, n in
		 column("Attempts by port", "Attempts").items()}
	expect(ports == counts(had), f"{ports} {counts(had)}")
	sources = column("Sources with the most attempts", "Attempts")
	expect(sources == {s["source"]: s["attempts"]
			   for s in had["top"]["items"]}, sources)
	clauses = column("Attempts by clause", "Attempts")
	expect(clauses == {c["clause"]: c["attempts"]
			   for c in had["clauses"]}, clauses)
	week = tables["Attempts by hour and weekday"][1:]
	expect([row[1:] for row in week] ==
	       [list(hours) for hours in zip(*had["week"])], week)


def compares_periods(folder):
	"""new, gone and change are told from the period before"""
	now = int(time.time()) // 60 * 60
	log = [kernel_line(now - 9 * DAY + i * 600, "100.64.1.1", spt=2000 + i)
	       for i in range(10)]
	log += [kernel_line(now - 9 * DAY + i * 600, "100.64.1.2", spt=3000 + i)
		for i in range(4)]
	log += [kernel_line(now - 2 * DAY + i * 600, "100.64.1.1", spt=4000 + i)
		for i in range(5)]
	log += [kernel_line(now - 2 * DAY + i * 600, "100.64.1.3", spt=5000 + i)
		for i in range(3)]
	store = folder / "periods.db"
	run("import", "-S", store, write_log(folder / "periods.log", log))
	had = report(store, "-s", "7d")
	expect((had["attempts"], had["before"], had["sources"],
		had["sources_before"]) == (8, 14, 2, 2), had)
	expect([s["source"] for s in had["new"]["items"]] == ["100.64.1.3"],
	       had["new"])
	expect([s["source"] for s in had["quiet"]["items"]] == ["100.64.1.2"],
	       had["quiet"])
	text = run("report", "-S", store, "-s", "7d").stdout
	expect("-43%" in text and "gone quiet" in text, text)
	source = run("source", "100.64.1.1", "-S", store).stdout
	expect("15 " in source and "timeline" in source, source)
	none = run("source", "100.64.9.9", "-S", store, code=1)
	expect("nothing is known" in none.stderr, none.stderr)
	empty = run("report", "-S", store, "-s", "2001-01-01", "--until",
		    "2001-01-02").stdout
	expect("0 attempts" in empty, empty)


def local_days(folder):
	"""days and hours are local ones, also when clocks change"""
	zone = "Europe/Berlin"
	# 2026-10-25 01:00Z to 02:00Z is 02:00 to 03:00 for the second time.
	start = 1792800000		# 2026-10-24T00:00Z
	log = [kernel_line(start + i * 900, "100.64.2.1", spt=2000 + i)
	       for i in range(4 * 24 * 4)]
	store = folder / "zone.db"
	run("import", "-S", store, write_log(folder / "zone.log", log))
	had = report(store, "-s", "2026-10-20", "--until", "2026-11-01", zone=zone)
	days = {t["start"]: sum(t["outcomes"].values())
		for t in had["timeline"]}
	expect(days["2026-10-24T22:00:00Z"] == 100, days)	# 25 hours
	expect(days["2026-10-25T23:00:00Z"] == 96, days)
	sunday = had["week"][6]
	expect(sunday[2] == 8 and sunday[1] == 4 and sunday[3] == 4, sunday)
	expect(sum(map(sum, had["week"])) == 384, "the week has others")


# ---- bad input ----

def bad_logs(folder):
	"""lines that do not parse are counted, and the first few shown"""
	path = folder / "bad.log"
	good = kernel_line(1_790_000_000, "100.64.3.1")
	bad = [good.replace("SRC=100.64.3.1", "SRC=100.64.3.999"),
	       good.replace("DPT=25", "DPT=smtp"),
	       good.replace("SRC=100.64.3.1 ", "")]
	with open(path, "wb") as file:
		file.write(good.encode())
		for line in bad:
			file.write(line.encode())
		file.write(b"x" * 1_000_000 + b"\n")
		file.write(os.urandom(10000) + b"\n")
		file.write(good.replace("SPT=40000", "SPT=40001").encode())
		file.write(b"no newline at the end")
	store = folder / "bad.db"
	done = run("import", "-j", "-S", store, path)
	had = json.loads(done.stdout)
	expect((had["events"], had["attempts"]) == (2, 2), had)
	expect(had["bad"] >= 3 and "bad.log:2:" in done.stderr, done.stderr)
	run("import", "-S", store, folder / "nowhere.log", code=3)
	run("import", "-S", store, "-f", "csv", path, code=2)
	run("import", "-S", store, folder, code=3)


INJECTION = ('x"><script>alert(1)</script>', "=cmd|' /C calc'!A0",
	     "\033]0;owned\007\033[31m", "a,b\"c")


def injections(folder):
	"""what a log says is text in the page, the table and the terminal"""
	log = [kernel_line(1_790_000_000 + i, f"100.64.4.{i}", prefix=p, spt=2000 + i)
	       for i, p in enumerate(INJECTION)]
	store, page = folder / "inject.db", folder / "inject.html"
	run("import", "-S", store, write_log(folder / "inject.log", log))
	period = "-s", "2026-09-01", "--until", "2026-10-01"
	run("report", "-S", store, *period, "--html", page)
	html = page.read_text()
	expect("<script" not in html and "script>" not in
	       html.replace("&lt;/script&gt;", ""), "a script")
	expect("\033" not in html, "an escape in the page")
	text = run("report", "-S", store, *period).stdout
	expect("\033" not in text and "\007" not in text, repr(text))
	table = run("report", "-S", store, *period, "--csv").stdout
	rows = list(csv.DictReader(io.StringIO(table)))
	expect(len(rows) == len(INJECTION), rows)
	expect(not any(cell.startswith(("=", "+", "-", "@")) for row in rows
		       for cell in row.values()), rows)


def bad_databases(folder):
	"""a database that is newer, another's, damaged or locked is said"""
	good = folder / "good.db"
	run("import", "-S", good, write_log(
		folder / "good.log", [kernel_line(1_790_000_000 + i * 60,
						  f"100.64.5.{i % 200}")
				      for i in range(3000)]))

	def variant(name, change, *words, code=3):
		path = folder / name
		with sqlite3.connect(good) as db:
			db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
		path.write_bytes(good.read_bytes())
		change(path)
		for command in (["report", "-S", path],
				["import", "-S", path, folder / "good.log"]):
			said = run(*command, code=code).stderr
			expect(name in said and all(w in said for w in words),
			       f"{command}: {said}")

	def sql(text):
		def change(path):
			db = sqlite3.connect(path)
			db.execute(text)
			db.commit()
			db.close()
		return change

	variant("newer.db", sql("PRAGMA user_version = 99"), "newer")
	variant("other.db", sql("PRAGMA application_id = 1"), "another program")
	variant("text.db", lambda p: p.write_text("not a database at all" * 99),
		"no database")
	variant("cut.db", lambda p: p.write_bytes(p.read_bytes()[:5000]))
	run("report", "-S", folder / "none.db", code=3)
	locked = folder / "locked.db"
	locked.write_bytes(good.read_bytes())
	db = sqlite3.connect(locked, isolation_level=None)
	db.execute("BEGIN EXCLUSIVE")
	said = run("import", "--again", "-S", locked, folder / "good.log",
		   code=3).stderr
	expect("locked" in said, said)
	db.execute("ROLLBACK")
	db.close()


# ---- kill -9 ----

def kills(folder):
	"""200 times killed while it writes, the database is whole"""
	store, log = folder / "kill.db", folder / "kill.log"
	write_log(log, [kernel_line(1_790_000_000 + i, f"100.64.{i % 250}.1",
				    spt=1024 + i % 60000)
			for i in range(120000)])
	chance = random.Random(9)
	start = time.monotonic()
	run("import", "-q", "-S", folder / "whole.db", log)
	whole = time.monotonic() - start
	for _ in range(KILLS):
		child = subprocess.Popen([MAILWALL, "import", "--again", "-q", "-S",
					  store, log],
					 stderr=subprocess.DEVNULL)
		time.sleep(chance.random() * whole)
		child.send_signal(signal.SIGKILL)
		child.wait()
	db = sqlite3.connect(store)
	expect(db.execute("PRAGMA integrity_check").fetchall() == [("ok",)],
	       "integrity_check")
	by_minute, by_day = (db.execute(f"SELECT sum(attempts) FROM {t}")
			     .fetchone()[0] for t in ("minute", "day"))
	expect(by_minute and by_minute == by_day, f"{by_minute} {by_day}")
	db.close()
	had = report(store, "-s", "2026-09-01", "--until", "2026-10-01")
	expect(had["attempts"] == by_minute, f"{had['attempts']} {by_minute}")


def pseudonyms(folder):
	"""with a key, sources have names that stay the same; no address is left"""
	store, key = folder / "import.db", folder / "names.key"
	period = "-s", "2026-09-01", "--until", "2026-10-01"
	first = report(store, *period, "--pseudonyms", key)
	second = report(store, *period, "--pseudonyms", key)
	expect(json.dumps(first) == json.dumps(second), "names change")
	expect("100.64." not in json.dumps(first), "an address is left")
	names = {s["source"] for s in first["top"]["items"]}
	expect(len(names) == 20 and all(n.startswith("anon-") for n in names),
	       names)
	expect(key.stat().st_mode & 0o777 == 0o600, oct(key.stat().st_mode))
	other = report(store, *period, "--pseudonyms", folder / "other.key")
	expect(names.isdisjoint(s["source"] for s in other["top"]["items"]),
	       "another key gives the same names")



def one_way_of_writing(folder):
	"""several ways of writing a report at once are refused, and nothing is written"""
	ways = (["--json"], ["--csv"], ["--html", folder / "twice.html"],
		["--xarf", folder / "twice"], ["--format", "text"])
	for i, one in enumerate(ways):
		for other in ways[i + 1:]:
			run("report", *one, *other, "-S", folder / "none.db",
			    code=2)
	expect(not list(folder.glob("twice*")), "something was written")


CLAIMS = (one_way_of_writing, replay_counts, import_counts, page_agrees, compares_periods,
	  local_days, bad_logs, injections, bad_databases, kills, pseudonyms)


def main():
	with tempfile.TemporaryDirectory() as name:
		return lab.hold(CLAIMS, pathlib.Path(name))


if __name__ == "__main__":
	sys.exit(main())

#!/usr/bin/env python3
"""Logs of several clocks, writers, routers and exports are imported as one.

Each claim is the first line of a function. Lines are those of real routers.
"""

import json
import os
import pathlib
import pwd
import random
import sqlite3
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(ROOT / "tests" / part) for part in ("net", "review")]

import lab
from review_test import (MAILWALL, expect, kernel_line, report, run,
			 write_capture, write_log)
from watch_test import clock_to_set

START = 1_790_000_000		# 2026-09-21T14:13:20Z
MICRO = 1_000_000


def imported(store, *words, code=0, **more):
	done = run("import", "-j", "-w", "-S", store, *words, code=code, **more)
	return json.loads(done.stdout), done.stderr


def rows(store):
	"""Minute, source, outcome and attempts, as they were stored."""
	db = sqlite3.connect(store)
	got = sorted(db.execute(
		"SELECT minute, hex(address), outcome, sum(attempts) FROM minute"
		" JOIN source ON source.number = minute.source"
		" JOIN what ON what.number = minute.what"
		" GROUP BY 1, 2, 3 HAVING sum(attempts)"))
	db.close()
	return got


def findings(store):
	"""Sources and detectors; a count of destinations may be an estimate."""
	db = sqlite3.connect(store)
	got = {(source, detector): at for source, detector, at in db.execute(
		"SELECT hex(address), detector, time FROM finding"
		" JOIN source ON source.number = finding.source")}
	db.close()
	return got


def same_findings(a, b):
	a, b = findings(a), findings(b)
	return a and a.keys() == b.keys() and all(abs(a[key] - b[key]) < 60
						  for key in a)


# ---- time ----

def two_routers(skew_s):
	"""Router b is late; bots scan behind both of them."""
	lines = []
	for i in range(300):
		for host, late in ("rtr-a", 0), ("rtr-b", skew_s):
			at = START + i * 2
			net = 1 if host == "rtr-a" else 2
			lines.append((at, at - late, kernel_line(
				at - late, f"100.64.{net}.1", spt=2000 + i,
				destination=f"192.{net}.{i % 250}.{i % 7}",
				host=host, prefix="DROP")))
	return lines


def own_times(folder):
	"""each event keeps its own time whatever order a log has, and so do findings"""
	for skew in (0, 3, 8, 50, 7200):
		lines = two_routers(skew)
		mixed, ordered = folder / "mixed.db", folder / "ordered.db"
		for store in mixed, ordered:
			store.unlink(missing_ok=True)
		had, _ = imported(mixed, write_log(folder / "mixed.log", [
			line for _, _, line in sorted(lines, key=lambda l: l[0])]))
		imported(ordered, write_log(folder / "ordered.log", [
			line for _, at, line in sorted(lines, key=lambda l: l[1])]))
		expect(rows(mixed) == rows(ordered), f"{skew}: rows differ")
		expect(same_findings(mixed, ordered),
		       f"{skew}: {findings(mixed)} {findings(ordered)}")
		minutes = {row[0] for row in rows(mixed)}
		want = {at // 60 for _, at, _ in lines}
		expect(minutes == want, f"{skew}: {minutes ^ want}")
		expect((had["late"] > 0) == (skew > 5) and
		       (not had["late"] or had["late_most"] >= skew - 2), had)
	shuffled = [line for _, _, line in two_routers(0)]
	random.Random(3).shuffle(shuffled)
	had, _ = imported(folder / "shuffled.db",
			  write_log(folder / "shuffled.log", shuffled))
	zero = folder / "zero.db"
	imported(zero, write_log(folder / "zero.log",
				 [line for _, _, line in two_routers(0)]))
	expect(rows(folder / "shuffled.db") == rows(zero) and
	       same_findings(folder / "shuffled.db", zero), had)
	said = run("import", "-w", "--again", "-S", folder / "said.db",
		   folder / "shuffled.log").stdout
	expect("out of order" in said, said)


def files_in_any_order(folder):
	"""files are one log, whichever is named first"""
	log = [kernel_line(START + i * 5, f"100.64.0.{i % 2}", spt=3000 + i,
			   destination=f"192.0.{i % 200}.1")
	       for i in range(400)]
	parts = [write_log(folder / f"part{i}.log", log[i * 100:i * 100 + 100])
		 for i in range(4)]
	stores = folder / "forth.db", folder / "back.db"
	imported(stores[0], *parts)
	had, _ = imported(stores[1], *reversed(parts))
	expect(rows(stores[0]) == rows(stores[1]) and
	       same_findings(*stores), had)
	expect(had["late"] == 0, had)


def flow(start_s, source, spt, lasts_s=1, flags=("1b", "1b"), action=None):
	def iso(at):
		return time.strftime("%Y-%m-%dT%H:%M:%S.000000+0000",
				     time.gmtime(at))
	record = {"timestamp": iso(start_s + lasts_s + 60), "event_type": "flow",
		  "src_ip": source, "src_port": spt, "dest_ip": "192.0.2.15",
		  "dest_port": 25, "proto": "TCP",
		  "flow": {"start": iso(start_s), "end": iso(start_s + lasts_s),
			   "state": "closed", **({"action": action} if action
						 else {})},
		  "tcp": {"tcp_flags_ts": flags[0], "tcp_flags_tc": flags[1]}}
	return start_s + lasts_s + 60, json.dumps(record) + "\n"


def flows_by_their_end(folder):
	"""records of flows come as flows end, and count as flows began"""
	records = [flow(START + i * 30, f"100.64.0.{i % 5}", 2000 + i,
			lasts_s=1 + i * 1777 % 9000) for i in range(300)]
	log = [line for _, line in sorted(records)]
	store = folder / "flows.db"
	had, _ = imported(store, write_log(folder / "flows.json", log))
	expect(had["attempts"] == 300 and had["late"] > 0, had)
	want = sorted((START + i * 30) // 60 for i in range(300))
	got = sorted(minute for minute, _, _, n in rows(store) for _ in range(n))
	expect(got == want, "flows are at other times")


def new_year(folder):
	"""lines without a year are of the last that fits, in whatever order"""
	def line(stamp, spt):
		return (f"{stamp} gw kernel: DROP IN=a OUT=b SRC=100.64.0.1 "
			f"DST=192.0.2.1 LEN=60 PROTO=TCP SPT={spt} DPT=25 "
			f"WINDOW=1 RES=0x00 SYN URGP=0\n")
	path = write_log(folder / "year.log", [
		line("Jan  2 00:00:05", 1), line("Dec 31 23:59:59", 2),
		line("Jan  1 00:00:00", 3), line("Nov  5 12:00:00", 4)])
	os.utime(path, (1767355200, 1767355200))	# 2026-01-02T12:00Z
	store = folder / "year.db"
	imported(store, path, zone="UTC")
	days = [time.strftime("%F", time.gmtime(row[0] * 60))
		for row in rows(store)]
	expect(days == ["2025-11-05", "2025-12-31", "2026-01-01", "2026-01-02"],
	       days)


def future_times(folder):
	"""a clock that is ahead is told, and its events keep its time"""
	now = int(time.time())
	ahead = now + 400 * 86400
	store = folder / "future.db"
	had, _ = imported(store, write_log(folder / "future.log", [
		kernel_line(now - 60, "100.64.0.1"),
		kernel_line(ahead, "100.64.0.2"),
		kernel_line(now - 30, "100.64.0.3"),
		kernel_line(now - 20, "100.64.0.4").replace("2026", "2107", 1)
		.replace("2027", "2107", 1)]))
	expect(had["future"] == 1 and had["events"] == 3 and had["bad"] == 1,
	       had)
	expect([row[0] for row in rows(store)][-1] == ahead // 60, rows(store))
	said = run("import", "-w", "--again", "-S", folder / "future2.db",
		   folder / "future.log").stdout
	expect("later than now" in said, said)


# ---- one connection ----

def drop(at_s, source, spt, seq):
	at = time.strftime("%Y-%m-%dT%H:%M:%S.000000+0000", time.gmtime(at_s))
	return json.dumps({
		"timestamp": at, "event_type": "drop", "src_ip": source,
		"src_port": spt, "dest_ip": "192.0.2.15", "dest_port": 25,
		"proto": "TCP", "drop": {"tcpseq": seq, "syn": True,
					 "ack": False, "reason": "rules"}}) + "\n"


def one_connection(folder):
	"""a drop and a flow, or a netfilter log and a flow, are one attempt"""
	eve = [drop(START + s, "100.64.0.1", 5001, 7) for s in (0, 1, 3)]
	eve += [drop(START + 20, "100.64.0.2", 5002, 8)]
	eve += [flow(START + s, f"100.64.0.{i}", 5000 + i, 0, ("02", "00"),
		     "drop")[1] for i, s in ((1, 0), (2, 20))]
	kernel = [kernel_line(START + s, "100.64.0.2", spt=5002,
			      destination="192.0.2.15", prefix="x ")
		  for s in (20, 21)]
	kernel += [kernel_line(START + 30, "100.64.0.3", spt=5003,
			       destination="192.0.2.15", prefix="logged ")]
	eve += [flow(START + 30, "100.64.0.3", 5003)[1]]
	for name, files in (("apart", [(eve, "eve.json"), (kernel, "kern.log")]),
			    ("merged", [(kernel + eve, "merged.log")])):
		store = folder / f"{name}.db"
		had, said = imported(store, *(write_log(folder / n, lines)
					      for lines, n in files))
		expect(had["attempts"] == 3 and had["bad"] == 0, f"{had} {said}")
		expect([row[2:] for row in rows(store)] ==
		       [(4, 1), (4, 1), (1, 1)], rows(store))
	db = sqlite3.connect(folder / "apart.db")
	syns = dict(db.execute("SELECT hex(address), sum(syns) FROM minute JOIN"
			       " source ON number = source GROUP BY 1"))
	db.close()
	expect(syns == {"64400001": 3, "64400002": 2, "64400003": 1}, syns)


def merged(folder):
	"""a file may hold lines of text and of JSON, of several formats"""
	message = kernel_line(START + 9, "100.64.0.4").split("kernel: ")[1].strip()
	journal = json.dumps({"__REALTIME_TIMESTAMP": str((START + 9) * MICRO),
			      "_TRANSPORT": "kernel", "MESSAGE": message}) + "\n"
	ulogd = json.dumps({"oob.time.sec": START, "oob.prefix": "x",
			    "ip.protocol": 6, "src_ip": "100.64.0.5",
			    "dest_ip": "192.0.2.9", "src_port": 7,
			    "dest_port": 25, "tcp.syn": 1}) + "\n"
	lines = [drop(START, "100.64.0.1", 5001, 7),
		 kernel_line(START, "100.64.0.2"), journal, ulogd,
		 flow(START + 30, "100.64.0.3", 5003)[1]]
	for i in range(len(lines)):
		path = write_log(folder / "merged.log", lines[i:] + lines[:i])
		had, said = imported(folder / f"merged{i}.db", path)
		expect(had["attempts"] == 5 and not had["bad"], f"{had} {said}")


# ---- lines that were read ----

def known_lines(folder):
	"""a line that was imported is not imported again, in whatever export"""
	log = [kernel_line(START + i * 300, f"100.64.1.{i % 50}", spt=20000 + i)
	       for i in range(150)]
	a, b = (write_log(folder / name, lines) for name, lines in
		(("a.log", log[:100]), ("b.log", log[50:])))
	both = write_log(folder / "both.log", log[:100] + log[50:])
	crlf = write_log(folder / "crlf.log",
			 [line.replace("\n", "\r\n") for line in log])
	backwards = write_log(folder / "backwards.log", log[::-1])
	for name, runs, known in (
			("once", [[a, b]], [50]), ("twice", [[a], [b]], [0, 50]),
			("back", [[b], [a]], [0, 50]), ("one", [[both]], [50]),
			("crlf", [[a], [crlf]], [0, 100]),
			("backwards", [[a], [backwards], [b]], [0, 100, 100])):
		store = folder / f"known-{name}.db"
		had = [imported(store, *files)[0] for files in runs]
		expect([h["known"] for h in had] == known, f"{name} {had}")
		expect(sum(row[3] for row in rows(store)) == 150 and
		       sum(h["attempts"] for h in had) == 150, f"{name} {had}")
	had, said = imported(folder / "known-once.db", a)
	expect("--again" in said and had["events"] == 0, said)
	had, _ = imported(folder / "known-once.db", "--again", a)
	expect(had["events"] == 100 and had["known"] == 0, had)
	# The same first line, and then others.
	header = "-- Journal begins at Tue 2026-11-24 08:33:28 CET. --\n"
	store = folder / "header.db"
	for part in log[:70], log[70:]:
		had, _ = imported(store, write_log(folder / "header.log",
						   [header] + part))
	expect(sum(row[3] for row in rows(store)) == 150, had)
	said = run("import", "-w", "-S", folder / "twice2.db", a, a).stdout
	expect("100 lines were imported before" in said, said)


# ---- who wrote it ----

def forged(folder):
	"""a line of another program is no event, alone or among the kernel's"""
	text = kernel_line(START, "100.64.0.66").split("kernel: [1.000001] ")[1]
	head = "2026-11-24T08:33:28.1+01:00 mx1 "
	ulogd = text.replace("TOS=0x00", "TOS=00").replace("RES=0x00 ", "")\
		.replace("\n", " MARK=0\n").replace("residential:17 block ", "")
	lies = [head + "postfix/smtpd 1234 - - from unknown[203.0.113.5]: " + text,
		"Nov 24 08:33:29 mx1 postfix/smtpd[12]: from unknown: " + text,
		"Nov 24 08:33:30 mx1 sshd 12 Invalid user " + text,
		"Nov 24 08:33:30 mx1 sshd 12 Invalid user " + ulogd,
		"Nov 24 08:33:31 mx1 sshd[12] Invalid user kernel: " + text,
		"Nov 24 08:33:32 mx1 app kernel: " + text,
		"<13>Nov 24 08:33:32 mx1 kernel: " + text,
		"[Tue Nov 24 08:33:28 2026] [error] [client 192.0.2.1] " + text,
		"2026-11-24 08:33:28,123 login INFO user " + text]
	truth = "Nov 24 08:33:20 gw kernel: " + text
	for i, lie in enumerate(lies):
		path = write_log(folder / f"lie{i}.log", [lie])
		had, _ = imported(folder / "lies.db", path, code=1)
		expect(had["events"] == 0, f"{lie} {had}")
	had, _ = imported(folder / "mixed-lies.db",
			  write_log(folder / "lies.log", [truth] + lies))
	expect(had["events"] == 1, had)
	# A line so long that its rest is read apart, where a stranger wants.
	for size in (1 << 20) - 1, (1 << 21) - 2, 1 << 16, 1 << 20:
		start = "Nov 24 08:33:29 mx1 app[1]: "
		long = start + "x" * (size - len(start)) + truth
		path = write_log(folder / "long.log", [truth, long, truth])
		had, _ = imported(folder / f"long{size}.db", path)
		expect(had["events"] + had["known"] == 2, f"{size} {had}")
		path = write_log(folder / "long.log", [long, truth])
		had, _ = imported(folder / f"long{size}.db", "--again", path)
		expect(had["events"] + had["known"] == 1, f"{size} {had}")
	# ulogd's own file, until another program writes to it.
	own = ["Nov 24 08:33:20 gw smtp-drop: " + ulogd] * 3
	had, _ = imported(folder / "own.db",
			  write_log(folder / "own.log", own[:1] + ["\n"] + own))
	expect(had["events"] + had["known"] == 4, had)
	had, _ = imported(folder / "own2.db",
			  write_log(folder / "own2.log", own + lies[1:2]), code=1)
	expect(had["events"] == 0, had)
	had, _ = imported(folder / "own3.db", "-f", "logemu",
			  write_log(folder / "own3.log",
				    ["Nov 24 08:33:20 gw [UFW BLOCK] " + ulogd]))
	expect(had["events"] == 1, had)


# ---- what is not read ----

REFUSED = (
	("MikroTik", "Dec  2 14:23:45 router firewall,info forward: in:b out:w, "
	 "proto TCP (SYN), 100.64.88.254:50123->198.51.100.78:25, len 60\n"),
	("filterlog", "Nov 24 08:33:28 fw filterlog[71]: 4,,,1000000103,igb0,"
	 "match,block,in,4,0x0,,64,1,0,DF,6,tcp,60,100.64.0.7,192.0.2.9,1,25\n"),
	("Cisco ASA", "Nov 24 08:33:28 asa %ASA-4-106023: Deny tcp src "
	 "inside:100.64.0.7/51234 dst outside:192.0.2.9/25 by access-group\n"),
	("FortiGate", 'date=2026-11-24 time=08:33:28 devname="f" '
	 'logid="0000000013" type="traffic" srcip=100.64.0.7 dstport=25\n'),
	("Zeek", "#separator \\x09\n#fields\tts\tuid\tid.orig_h\n"),
	("NetFlow", "ts,te,td,sa,da,sp,dp,pr,flg\n2026-11-24 08:33:28,2026,0,"
	 "100.64.0.7,192.0.2.9,51234,25,TCP,......S.\n"),
	("OPRINT", "===>PACKET BOUNDARY\nraw.pktlen=60\n"),
	("GPRINT", "timestamp=2026/11/24-08:33:28,oob.prefix=x,tcp.syn=1\n"),
	("verbose", "Tue 2026-11-24 08:33:28.1 CET [s=1;i=2;b=3;m=4]\n"
	 "    MESSAGE=DROP\n"),
	("export", "__CURSOR=s=1;i=2\n__REALTIME_TIMESTAMP=1\n"),
	("Suricata", 'Nov 24 08:33:28 fw suricata[1]: {"timestamp":"2026"}\n'),
	("Proxmox", "101 6 tap101i0-OUT 02/Mar/2021:19:40:07 +0100 DROP: IN=a\n"),
	("tcpdump", "08:33:28.1 IP 100.64.0.7.5 > 192.0.2.9.25: Flags [S]\n"),
	("between commas", "a,b,c,d,e,f,g\n1,2,3,4,5,6,7\n"),
	("mail server", "Nov 24 08:33:28 mx postfix/smtpd[7]: connect\n"),
	("other programs", "Nov 24 08:33:28 mx cron[7]: x\n"),
	("KINDS OF LOGS", "what is this\n"),
	("--time-format", "[12345.678901] DROP IN=a OUT= SRC=1.2.3.4 "
	 "DST=1.2.3.5 PROTO=TCP SPT=1 DPT=25 RES=0x00 SYN URGP=0\n"),
)
FILES = (
	("replay", b"\xd4\xc3\xb2\xa1\x02\0\4\0" + bytes(16)),
	("replay", b"\x0a\x0d\x0d\x0a" + bytes(24)),
	("UTF-16", b"\xff\xfe" + "Nov 24 08:33:28 h kernel: x\n".encode("utf-16-le")),
	("UTF-16", "Nov 24 08:33:28 h kernel: x\n".encode("utf-16-le")),
	("journalctl", b"LPKSHHRH" + bytes(40)),
	("zip", b"PK\x03\x04" + bytes(40)),
)


def names_formats(folder):
	"""nothing understood is exit 1, and names what the file looks like"""
	for word, text in REFUSED:
		path = write_log(folder / "refused.log", [text])
		for quiet in [], ["-q"]:
			done = run("import", *quiet, "-S", folder / "refused.db",
				   path, code=1)
			expect(word in done.stderr and "refused.log" in
			       done.stderr, f"{word}: {done.stderr}")
	for word, bytes_ in FILES:
		path = folder / "refused.bin"
		path.write_bytes(bytes_)
		done = run("import", "-S", folder / "refused.db", path, code=1)
		expect(word in done.stderr, f"{word}: {done.stderr}")
	log = write_log(folder / "a-log.pcap", [kernel_line(START, "100.64.0.1")])
	done = run("replay", log, code=3)
	expect("mailwall import" in done.stderr, done.stderr)


def partly_understood(folder):
	"""lines that are not understood are counted, the first is shown"""
	good = [kernel_line(START + i, "100.64.0.1", spt=100 + i)
		for i in range(5)]
	path = write_log(folder / "partly.log", good[:3] + ["what\n", "is this\n"] +
			 good[3:])
	had, said = imported(folder / "partly.db", path)
	expect(had["events"] == 5 and had["not_understood"] == 2, had)
	expect('2 of 7' in said and 'line 4' in said and '"what"' in said, said)
	empty = write_log(folder / "empty.log", [])
	header = write_log(folder / "none.log", ["-- No entries --\n"])
	had, said = imported(folder / "partly.db", empty, header)
	expect(said.count("is empty") == 2, said)


def one_fails(folder):
	"""a file that fails does not end the others, and the exit code tells"""
	good = [write_log(folder / f"good{i}.log",
			  [kernel_line(START + i, "100.64.0.1", spt=100 + i)])
		for i in range(3)]
	bad = write_log(folder / "bad.log", ["what is this\n"])
	store = folder / "fails.db"
	had, _ = imported(store, good[0], bad, good[1], code=1)
	expect(had["events"] == 2, had)
	had, _ = imported(store, folder / "nowhere.log", good[2], folder, code=3)
	expect(had["events"] == 1, had)
	cut = folder / "cut.log.gz"
	packed = subprocess.run(["gzip", "-c", good[0]], capture_output=True)
	cut.write_bytes(packed.stdout[:-9])
	more = write_log(folder / "more.log",
			 [kernel_line(START + 9, "100.64.0.1", spt=900)])
	had, _ = imported(store, cut, more, code=3)
	expect(had["events"] == 1, had)


def killed(folder):
	"""an import that is killed goes on at the next, but for its last minutes"""
	lines, kills = 120_000, 5
	log = write_log(folder / "killed.log", [
		kernel_line(START + i, f"100.64.{i % 250}.1", spt=1024 + i % 60000)
		for i in range(lines)])
	whole = time.monotonic()
	run("import", "-q", "-S", folder / "whole.db", log)
	whole = time.monotonic() - whole
	chance, store = random.Random(9), folder / "killed.db"
	for _ in range(kills):
		child = subprocess.Popen([MAILWALL, "import", "-q", "-S", store, log],
					 stderr=subprocess.DEVNULL)
		time.sleep(chance.random() * whole)
		child.kill()
		child.wait()
	run("import", "-q", "-S", store, log)
	got = sum(row[3] for row in rows(store))
	# Eleven minutes are open, and what one kill leaves, another may, too.
	expect(lines <= got <= lines + kills * 720, got)


def makes_the_folder(folder):
	"""import and replay make the store's folder, for the monitor's user"""
	log = write_log(folder / "folder.log", [kernel_line(START, "100.64.0.1")])
	capture = write_capture(folder / "folder.pcap")
	folder.chmod(0o711)
	owners = set()
	for command, file in ("import", log), ("replay", capture):
		store = folder / command / "new.db"
		run(command, "-S", store, file)
		for path in store, store.parent:
			owners.add(path.stat().st_uid)
		expect(store.parent.stat().st_mode & 0o777 == 0o750,
		       oct(store.parent.stat().st_mode))
	names = [user.pw_uid for name in ("_mailwall", "nobody")
		 for user in pwd.getpwall() if user.pw_name == name]
	want = names[0] if not os.geteuid() and names else os.geteuid()
	expect(owners == {want}, f"{owners}, not {want}")


def reports_until_now(folder):
	"""a report until now has the second that runs, and so has one of a source"""
	minute, store = START - START % 60, folder / "now.db"
	imported(store, write_log(folder / "now.log",
				  [kernel_line(minute, "100.64.0.1")]))
	off, env = clock_to_set(folder)
	for words in ((), ("--until", "now"), ("--source", "100.64.0.1")):
		back = minute - int(time.time())	# the clock: the minute begins
		off.write_bytes(back.to_bytes(8, "little", signed=True))
		had = report(store, *words, env=env)
		expect(had["attempts"] == 1, f"{words}: {had}")
	end = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(minute))
	had = report(store, "--since", "2026-09-01", "--until", end)
	expect(had["attempts"] == 0, had)


CLAIMS = (own_times, files_in_any_order, flows_by_their_end, new_year,
	  future_times, one_connection, merged, known_lines, forged, names_formats,
	  partly_understood, one_fails, killed, makes_the_folder,
	  reports_until_now)


def main():
	with tempfile.TemporaryDirectory() as name:
		return lab.hold(CLAIMS, pathlib.Path(name))


if __name__ == "__main__":
	sys.exit(main())

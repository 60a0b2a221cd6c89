#!/usr/bin/env python3
"""watch sees what a router blocks, holds no privilege, and keeps what it knows.

A client, a router with the residential policy and a server, in namespaces that
end with this program. The claims are the first lines of the functions.
"""

import calendar
import json
import os
import pathlib
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time

import lab

ROOT = lab.HERE.parent.parent
MAILWALL = os.environ.get("MAILWALL", str(ROOT / "mailwall"))
POLICY = ROOT / "rules/policies/residential.policy"
CLIENT, SERVER = "100.64.0.2", "198.51.100.2"
QUARANTINE = """policy quarantine
purpose "test"
contact "test@example"
review 2099-01-01
hook forward
class relays { 100.64.0.9 }
outbound {
	block smtp submission from flagged
	allow smtp from relays
	block smtp reset log
}
watch { quarantine 1h }
"""
EXEMPT = """policy exempt
purpose "test"
contact "test@example"
review 2099-01-01
hook forward
class exempt dynamic
outbound {
	allow smtp from exempt log
	observe submissions log
	block smtp log
}
"""
# Opening packets from a source to port 25 of n networks.
BOT = """
import socket, struct, sys
source, n = socket.inet_aton(sys.argv[1]), int(sys.argv[2])
s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
for i in range(n):
	to = bytes([20 + i // 200 % 200, i % 200, 1, 1])
	ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 40, i % 65536, 0, 64, 6, 0,
			 source, to)
	tcp = struct.pack("!HHIIBBHHH", 2000 + i % 60000, 25, i, 0, 0x50, 2, 1024, 0, 0)
	pseudo = source + to + struct.pack("!BBH", 0, 6, 20)
	total = sum(struct.unpack("!16H", pseudo + tcp))
	total = (total & 0xffff) + (total >> 16)
	total = (total & 0xffff) + (total >> 16)
	tcp = tcp[:16] + struct.pack("!H", ~total & 0xffff) + tcp[18:]
	s.sendto(ip + tcp, (socket.inet_ntoa(to), 0))
"""


def expect(condition, what):
	if not condition:
		raise AssertionError(what)


def run(*words, ns=None, text=None, check=True):
	words = [*(["ip", "netns", "exec", ns] if ns else []), *map(str, words)]
	done = subprocess.run(words, input=text, capture_output=True, text=True,
			      timeout=60)
	expect(not check or not done.returncode,
	       f"{' '.join(words)}: {done.returncode}: {done.stderr}")
	return done


def build_network():
	for ns in "client", "router", "server":
		run("ip", "netns", "add", ns)
		run("ip", "link", "set", "lo", "up", ns=ns)
	for ns, link, near, far in (("client", "cust0", "100.64.0.1", CLIENT),
				    ("server", "wan0", "198.51.100.1", SERVER)):
		run("ip", "link", "add", link, "netns", "router", "type", "veth",
		    "peer", "name", "eth0", "netns", ns)
		for where, name, address in (("router", link, near),
					     (ns, "eth0", far)):
			run("ip", "addr", "add", f"{address}/24", "dev", name,
			    ns=where)
			run("ip", "link", "set", name, "up", ns=where)
		run("ip", "route", "add", "default", "via", near, ns=ns)
	run("ip", "route", "add", "default", "via", SERVER, ns="router")
	run("sysctl", "-qw", "net.ipv4.ip_forward=1", ns="router")


def user_words():
	"""nobody, where there is one in this namespace; else who we are."""
	return [] if lab.id_exists(65534, "uid") else ["--user", "root"]


class Watch:
	"""A monitor in the router, with what it prints."""

	def __init__(self, *words, env=None, **how):
		self.out = tempfile.TemporaryFile("w+")
		self.err = tempfile.TemporaryFile("w+")
		self.child = subprocess.Popen(
			["ip", "netns", "exec", "router", MAILWALL, "watch",
			 "--json", *map(str, words), *user_words()],
			stdout=self.out, stderr=self.err,
			env={**os.environ, **(env or {})}, **how)
		time.sleep(1)

	def said(self):
		self.err.seek(0)
		return self.err.read()

	def events(self):
		self.out.seek(0)
		return [json.loads(line) for line in self.out.read().splitlines()]

	def stop(self, code=0):
		self.child.send_signal(signal.SIGTERM)
		self.child.wait(timeout=30)
		expect(self.child.returncode == code,
		       f"exit {self.child.returncode}: {self.said()}")
		return self.events()


def connect(port, ns="client", address=SERVER):
	run(sys.executable, "-c",
	    "import socket, sys\n"
	    "try: socket.create_connection((sys.argv[1], int(sys.argv[2])), 2)\n"
	    "except OSError: pass\n", address, port, ns=ns)


def logged_packets():
	done = run(MAILWALL, "status", "--json", POLICY, ns="router")
	clauses = json.loads(done.stdout)["clauses"]
	return sum(c["packets"] for c in clauses if c["text"].endswith(" log"))


def counts_agree(folder):
	"""interface and log agree with each other and with the counters"""
	before = logged_packets()
	server = subprocess.Popen(
		["ip", "netns", "exec", "server", sys.executable, "-c",
		 "import socket, time\n"
		 "s = socket.create_server(('', 587))\n"
		 "while True: s.accept()[0].close()\n"])
	time.sleep(0.5)
	both = Watch("-i", "cust0", "-g", 25, "-a")
	for _ in range(5):
		connect(25)
	for _ in range(3):
		connect(587)
	time.sleep(2.5)
	events = both.stop()
	server.kill()
	summary = events[-1]
	expect(summary["event"] == "summary" and summary["final"], events[-1])
	smtp, submission = (summary["ports"][p] for p in ("25", "587"))
	expect((smtp["attempts"], smtp["blocked"]) == (5, 5), smtp)
	expect((submission["attempts"], submission["answered"]) == (3, 3),
	       submission)
	expect(logged_packets() - before == 5, logged_packets())
	expect((summary["lost"], summary["unlogged"]) == (0, 0), summary)
	blocked = [e for e in events if e["event"] == "attempt" and
		   e["port"] == 25]
	expect(len(blocked) == 5 and
	       all(e["outcome"] == "blocked" and e["source"] == CLIENT and
		   re.fullmatch(r"residential:\d+", e["clause"])
		   for e in blocked), blocked)


def holds_no_privilege(folder):
	"""what reads packets has no capability, and is not root"""
	watch = Watch("-i", "cust0", "-g", 25)
	status = pathlib.Path(f"/proc/{watch.child.pid}/status").read_text()
	fields = dict(line.split(":\t", 1) for line in status.splitlines()
		      if ":\t" in line)
	for name in "CapEff", "CapPrm", "CapInh", "CapBnd", "CapAmb":
		expect(int(fields[name], 16) == 0, f"{name} {fields[name]}")
	expect(fields["NoNewPrivs"] == "1" and fields["Seccomp"] == "2",
	       f"{fields['NoNewPrivs']} {fields['Seccomp']}")
	if not user_words():
		expect("0" not in fields["Uid"].split(), fields["Uid"])
	watch.stop()


def starts_and_stops(folder):
	"""systemd is told; a good policy is read again, a bad one is not"""
	path = pathlib.Path(folder) / "again.policy"
	path.write_text(POLICY.read_text())
	os.chmod(folder, 0o755)
	name = f"{folder}/notify"
	with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
		told.bind(name)
		os.chmod(name, 0o777)
		told.settimeout(5)
		watch = Watch("-i", "cust0", "-p", path,
			      env={"NOTIFY_SOCKET": name,
				   "WATCHDOG_USEC": "800000"})
		expect(told.recv(300) == b"READY=1", "not ready")
		for _ in range(3):	# each second would be too seldom
			told.settimeout(0.9)
			while told.recv(300) != b"WATCHDOG=1":
				pass
		watch.child.send_signal(signal.SIGHUP)
		time.sleep(0.5)
		expect("read again" in watch.said(), watch.said())
		path.write_text("policy broken {\n")
		watch.child.send_signal(signal.SIGHUP)
		time.sleep(0.5)
		expect("stays as it was" in watch.said(), watch.said())
		watch.stop()
		told.setblocking(False)
		words = b""
		while b"STOPPING=1" not in words:
			words += told.recv(300)


def keeps_what_it_knows(folder):
	"""sources outlive a restart; a damaged file is put aside and said"""
	state = f"{folder}/state/sources"
	first = Watch("-i", "cust0", "--state", state)
	connect(25)
	time.sleep(4.5)
	expect(first.stop()[-1]["sources"] == 1, "no source")
	second = Watch("-i", "cust0", "--state", state)
	expect(second.stop()[-1]["sources"] == 1, second.said())
	with open(state, "r+b") as file:
		file.seek(100)
		file.write(b"damage")
	third = Watch("-i", "cust0", "--state", state)
	expect(third.stop()[-1]["sources"] == 0, "damage was believed")
	expect("checksum" in third.said(), third.said())
	expect(os.path.exists(state + ".damaged"), os.listdir(f"{folder}/state"))


def leaves_what_others_wrote(folder):
	"""a file of others that is given for the state is left as it is"""
	store = pathlib.Path(folder) / "others" / "store.db"
	store.parent.mkdir()
	store.write_bytes(b"SQLite format 3\0" + bytes(84))
	done = run(MAILWALL, "watch", "-i", "cust0", "--state", store, ns="router",
		   check=False)
	expect(done.returncode == 3, str(done))
	expect("no state of the monitor" in done.stderr, done.stderr)
	expect(len(store.read_bytes()) == 100, "it was written to")
	expect(os.listdir(store.parent) == ["store.db"],
	       os.listdir(store.parent))


def puts_into_quarantine(folder):
	"""a bot comes into class flagged for its time; a relay does not"""
	path = pathlib.Path(folder) / "quarantine.policy"
	path.write_text(QUARANTINE)
	os.chmod(folder, 0o755)
	run(MAILWALL, "apply", "-q", path, ns="router")
	watch = Watch("-g", 25, "-i", "cust0", "-p", path, "--no-warmup")
	for source in CLIENT, "100.64.0.9":
		run("ip", "addr", "replace", f"{source}/24", "dev", "eth0",
		    ns="client")
		run(sys.executable, "-c", BOT, source, 60, ns="client")
	for _ in range(40):	# a source without a handshake waits
		flagged = run("nft", "-j", "list", "set", "inet", "mailwall",
			      "flagged.v4", ns="router").stdout
		if CLIENT in flagged:
			break
		time.sleep(0.5)
	time.sleep(2)
	events = watch.stop()
	found = {e["source"] for e in events if e["event"] == "finding" and
		 e["finding"] == "spam-source"}
	expect(found == {CLIENT}, f"{found} {watch.said()}")
	expect(CLIENT in flagged and "100.64.0.9" not in flagged,
	       f"{flagged} {watch.said()}")
	expect('"expires": 35' in flagged or '"expires": 3600' in flagged, flagged)


def knows_who_is_exempt(folder):
	"""who is exempt is not judged; what they send is not taken for unlogged"""
	path = pathlib.Path(folder) / "exempt.policy"
	path.write_text(EXEMPT)
	os.chmod(folder, 0o755)
	run(MAILWALL, "apply", "-q", path, ns="router")
	watch = Watch("-g", 25, "-i", "cust0", "-p", path, "--no-warmup",
		      "--every", "1s")
	run(MAILWALL, "exempt", "add", "100.64.0.8", ns="router")
	time.sleep(1.5)
	for source in CLIENT, "100.64.0.8":
		run("ip", "addr", "replace", f"{source}/24", "dev", "eth0",
		    ns="client")
		run(sys.executable, "-c", BOT, source, 60, ns="client")
		connect(465)
		time.sleep(1.5)
		run(MAILWALL, "exempt", "add", "100.64.0.7", ns="router")
	time.sleep(4)
	events = watch.stop()
	found = {e["source"] for e in events if e["event"] == "finding"}
	expect(found == {CLIENT}, f"{found} {watch.said()}")
	expect(events[-1]["unlogged"] == 0, events[-1])
	expect(events[-1]["ports"]["25"]["blocked"] == 60,
	       events[-1]["ports"]["25"])


def fetch(path, ns="router"):
	return run("curl", "-s", "-i", f"http://127.0.0.1:9525{path}",
		   ns=ns).stdout


def stores_and_shows(folder):
	"""what was blocked is in the store, in the report, and on the pages"""
	store = f"{folder}/store/mailwall.db"
	os.chmod(folder, 0o755)
	run(MAILWALL, "apply", "-q", POLICY, ns="router")
	watch = Watch("-g", 25, "-S", store, "--http", "127.0.0.1:9525")
	os.environ["MAILWALL_STORE"] = store
	run(MAILWALL, "remove", ns="router")
	run(MAILWALL, "apply", "-q", POLICY, ns="router")
	run(sys.executable, "-c", BOT, CLIENT, 300, ns="client")
	for _ in range(4):
		connect(25)
	time.sleep(2)
	metrics = fetch("/metrics")
	expect('mailwall_attempts_total{port="25",service="smtp"} 304' in
	       metrics and 'policy="residential"' in metrics and
	       re.search(r'clause_packets_total\{clause="residential:\d+"'
			 r'[^}]*\} 304', metrics), metrics)
	expect("200 OK" in fetch("/healthz"), "not healthy")
	summary = watch.stop()[-1]
	had = json.loads(run(MAILWALL, "report", "-j", "-S", store).stdout)
	expect(had["attempts"] == 304 == summary["ports"]["25"]["blocked"] and
	       had["outcomes"]["blocked"] == 304,
	       f"{had['outcomes']} {summary['ports']['25']}")
	expect([(l["policy"]) for l in had["loaded"]] == ["residential", ""],
	       had["loaded"])
	expect(0 < had["watched_seconds"] < 60, had["watched_seconds"])
	again = Watch("-g", 25, "-S", store, "--http", "127.0.0.1:9525")
	page = fetch("/")
	expect("200 OK" in page and CLIENT in page and "304" in page,
	       page[:3000])
	again.stop()


def loses_a_second(folder):
	"""killed while it runs, it loses what came in the last second"""
	store = f"{folder}/killed/mailwall.db"
	os.chmod(folder, 0o755)
	watch = Watch("-g", 25, "-S", store)
	sent = logged_packets()
	run(sys.executable, "-c", BOT, CLIENT, 500, ns="client")
	sent = logged_packets() - sent
	time.sleep(1.5)
	run(sys.executable, "-c", BOT, "100.64.0.77", 50, ns="client")
	watch.child.kill()
	watch.child.wait()
	had = json.loads(run(MAILWALL, "report", "-j", "-S", store).stdout)
	expect(sent > 400 and sent <= had["attempts"] <= sent + 50 and
	       had["outcomes"]["blocked"] == had["attempts"],
	       f"{sent} sent, {had['attempts']} stored")
	second = Watch("-i", "cust0", "-S", store + "2")
	connect(26)
	connect(587)
	connect(25)
	time.sleep(1)
	summary = second.stop()[-1]
	had = json.loads(run(MAILWALL, "report", "-j", "-S",
			     store + "2").stdout)
	ports = {p["port"]: p for p in had["ports"]}
	for port in 25, 587:
		said = summary["ports"][str(port)]
		expect(ports[port]["attempts"] == said["attempts"] and
		       ports[port]["outcomes"]["refused"] == said["refused"],
		       f"{ports[port]} {said}")


CLOCK = """
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
static volatile long *off;
__attribute__((constructor)) static void see(void)
{
	off = mmap(0, 8, PROT_READ, MAP_SHARED, open(getenv("CLOCK_OFF"), 0), 0);
}
int clock_gettime(clockid_t id, struct timespec *t)
{
	int code = (int)syscall(SYS_clock_gettime, id, t);
	if (id == CLOCK_REALTIME)
		t->tv_sec += *off;
	return code;
}
"""


def clock_to_set(folder):
	"""A file of eight bytes, which are added to the clock, and the environment."""
	off, shim = pathlib.Path(folder) / "off", f"{folder}/clock.so"
	off.write_bytes(bytes(8))
	run("cc", "-shared", "-fPIC", "-x", "c", "-o", shim, "-", text=CLOCK)
	options = os.environ.get("ASAN_OPTIONS", "")
	return off, {"LD_PRELOAD": shim, "CLOCK_OFF": str(off),
		     "ASAN_OPTIONS": options + ":verify_asan_link_order=0"}


def knows_a_set_clock(folder):
	"""a clock that is years ahead for seconds is an event, a line and a row"""
	years = 5 * 365 * 86400
	off, env = clock_to_set(folder)
	os.chmod(folder, 0o755)
	watch = Watch("-i", "cust0", "-S", f"{folder}/stepped/db", "--keep",
		      "90d", env=env)
	time.sleep(1.5)
	for seconds in years, 0:
		with open(off, "r+b") as file:
			file.write(seconds.to_bytes(8, "little"))
		time.sleep(2.5)
	said = watch.said()
	steps = [e["step"] for e in watch.stop() if e["event"] == "clock"]
	expect([round(s / years) for s in steps] == [1, -1], f"steps {steps}")
	expect("set forward by 15" in said and "set back by 15" in said, said)
	with sqlite3.connect(f"{folder}/stepped/db") as db:
		rows = [n for n, in db.execute("SELECT seconds FROM step")]
	expect([round(s / years) for s in rows] == [1, -1], f"rows {rows}")


def goes_on_by_a_steady_clock(folder):
	"""a clock that is years ahead or behind for seconds ends no attempt and forgets no source and no exemption, and times are right after it"""
	years = 5 * 365 * 86400
	path = pathlib.Path(folder) / "exempt.policy"
	path.write_text(EXEMPT)
	off, env = clock_to_set(folder)
	os.chmod(folder, 0o755)
	run(MAILWALL, "apply", "-q", path, ns="router")
	run(MAILWALL, "exempt", "add", "100.64.0.8", "--for", "1d", ns="router")
	watch = Watch("-g", 25, "-p", path, "-a", "--every", "1s", "--no-warmup",
		      env=env)
	run(sys.executable, "-c", BOT, "100.64.0.77", 1, ns="client")
	time.sleep(4.5)	# the source is judged after three seconds
	for seconds in years, 0, -years, 0:
		with open(off, "r+b") as file:
			file.write(seconds.to_bytes(8, "little", signed=True))
		connect(25)
		run(sys.executable, "-c", BOT, "100.64.0.8", 30, ns="client")
		time.sleep(1.5)
	time.sleep(3.5)
	before = watch.events()
	events = watch.stop()
	run(MAILWALL, "apply", "-q", POLICY, ns="router")
	expect(len([e for e in events if e["event"] == "clock"]) == 4,
	       watch.said())
	expect(not [e for e in before if e["event"] == "attempt"],
	       f"ended before the end: {before}")
	# The bot's SYNs come again within three minutes, as its time is
	smtp = events[-1]["ports"]["25"]
	expect((events[-1]["sources"], smtp["attempts"], smtp["syns"]) ==
	       (3, 35, 125), events[-1])
	expect(not [e for e in events if e["event"] == "finding"],
	       "an exempt source is judged")
	now = time.time()
	last = [e for e in events if e["event"] == "attempt" and
		e["source"] == CLIENT][-1]
	for at in last["time"], events[-1]["first"], events[-1]["last"]:
		stamp = calendar.timegm(time.strptime(at[:19], "%Y-%m-%dT%H:%M:%S"))
		expect(abs(now - stamp) < 60, f"{at} is not now: {last}")


def survives_a_full_disk(folder):
	"""a disk that is full is said, and monitoring goes on"""
	small = f"{folder}/small"
	os.makedirs(small, exist_ok=True)
	run("mount", "-t", "tmpfs", "-o", "size=400k", "none", small)
	os.chmod(small, 0o777)
	watch = Watch("-g", 25, "-S", f"{small}/a.db", "--every", "1s")
	with open(f"{small}/fill", "wb") as file:
		try:
			file.write(b"x" * 400_000)
		except OSError:
			pass
	for i in range(4):
		run(sys.executable, "-c", BOT, f"100.64.0.{20 + i}", 1500,
		    ns="client")
		time.sleep(0.7)
	time.sleep(1)
	expect("cannot be written" in watch.said(), watch.said())
	os.unlink(f"{small}/fill")
	run("mount", "-o", "remount,size=8m", small)
	time.sleep(2.5)
	expect("written again" in watch.said(), watch.said())
	summary = watch.stop()[-1]
	had = json.loads(run(MAILWALL, "report", "-j", "-S",
			     f"{small}/a.db").stdout)
	run("umount", small)
	expect(had["attempts"] == summary["ports"]["25"]["attempts"],
	       f"{had['attempts']} {summary['ports']['25']}")


def says_what_was_not_logged(folder):
	"""logs for which the kernel had no room are found by the counters"""
	run(MAILWALL, "apply", "-q", POLICY, ns="router")
	watch = Watch("-g", 25)
	watch.child.send_signal(signal.SIGSTOP)
	before = logged_packets()
	run(sys.executable, "-c", BOT, CLIENT, 500000, ns="client")
	sent = logged_packets() - before
	watch.child.send_signal(signal.SIGCONT)
	time.sleep(2)
	summary = watch.stop()[-1]
	missing = sent - summary["packets"]
	expect(missing > 1000, f"{sent} sent, {summary['packets']} read")
	expect(summary["lost"] + summary["unlogged"] == missing and
	       not summary["lost_exact"], f"{missing} {summary}")


def refuses(folder):
	"""a device that is not there and one that goes away are said"""
	done = run(MAILWALL, "watch", "-i", "cust1", *user_words(), ns="router",
		   check=False)
	expect(done.returncode == 3 and '"cust0"' in done.stderr, done.stderr)
	run("ip", "link", "add", "gone0", "type", "veth", "peer", "gone1",
	    ns="router")
	run("ip", "link", "set", "gone0", "up", ns="router")
	watch = Watch("-i", "gone0")
	run("ip", "link", "del", "gone0", ns="router")
	watch.child.wait(timeout=10)
	expect(watch.child.returncode == 3 and "gone0" in watch.said(),
	       f"{watch.child.returncode} {watch.said()}")
	expect(watch.events()[-1]["final"], watch.events())
	run("ip", "link", "add", "gone0", "type", "veth", "peer", "gone1",
	    ns="router")
	run("ip", "link", "set", "gone0", "up", ns="router")
	watch = Watch("-i", "gone0")
	run("ip", "link", "set", "gone0", "down", ns="router")
	time.sleep(1.5)
	expect(watch.child.poll() is None, watch.said())
	run("ip", "link", "del", "gone0", ns="router")
	watch.child.wait(timeout=10)
	expect(watch.child.returncode == 3 and "gone0" in watch.said(),
	       f"after down: {watch.child.returncode} {watch.said()}")


def says_it_at_once(folder):
	"""an outcome is shown within seconds of the packet that tells it: attempts, summaries and metrics"""
	run(MAILWALL, "apply", "-q", POLICY, ns="router")
	watch = Watch("-i", "cust0", "-g", 25, "-a", "--every", "1s",
		      "--http", "127.0.0.1:9525")
	connect(25)
	connect(143, address="100.64.0.1")	# nobody listens
	time.sleep(2.5)
	events = watch.events()
	pages = fetch("/metrics")
	watch.stop()
	text = subprocess.Popen(
		["ip", "netns", "exec", "router", MAILWALL, "watch", "-g", "25",
		 "-a", *user_words()], stdout=subprocess.PIPE, text=True)
	time.sleep(1)
	connect(25)
	time.sleep(2)
	said = os.read(text.stdout.fileno(), 65536).decode()
	text.terminate()
	text.communicate(timeout=30)
	known = {e["port"]: e["outcome"] for e in events
		 if e["event"] == "outcome"}
	expect(known == {25: "blocked", 143: "refused"}, events)
	last = [e for e in events if e["event"] == "summary"][-1]["ports"]
	expect(last["25"]["blocked"] == 1 and last["25"]["open"] == 0, last["25"])
	for port, outcome in known.items():
		expect(re.search(r'^mailwall_\w+\{port="%d",.*outcome="%s"\} 1$'
				 % (port, outcome), pages, re.MULTILINE),
		       f"{port} {outcome} is not in {pages}")
	expect(" 25 blocked, 1 SYN, by residential:" in said, said)


def outlives_an_input(folder):
	"""an input that goes away or is renamed leaves the others; the last summary comes, and the exit code tells"""
	for name in "gone0", "named0":
		run("ip", "link", "add", name, "type", "veth", "peer",
		    f"{name}b", ns="router")
		run("ip", "link", "set", name, "up", ns="router")
	watch = Watch("-i", "gone0", "-i", "cust0", "-i", "named0", "-g", 25)
	run("ip", "link", "del", "gone0", ns="router")
	run("ip", "link", "set", "named0", "down", ns="router")
	run("ip", "link", "set", "named0", "name", "other0", ns="router")
	time.sleep(2.5)
	expect(watch.child.poll() is None, watch.said())
	connect(25)
	summary = watch.stop(code=3)[-1]
	expect(summary["final"] and summary["ports"]["25"]["attempts"] == 1,
	       summary)
	expect("gone0: the interface is gone" in watch.said() and
	       "3 of 4 inputs are left" in watch.said() and
	       "named0 is called other0 now" in watch.said(), watch.said())
	run("ip", "link", "del", "other0", ns="router")


CLAIMS = (counts_agree, says_it_at_once, outlives_an_input, holds_no_privilege, starts_and_stops,
	  keeps_what_it_knows, leaves_what_others_wrote, refuses,
	  puts_into_quarantine, knows_who_is_exempt, stores_and_shows, loses_a_second, survives_a_full_disk, knows_a_set_clock,
	  goes_on_by_a_steady_clock, says_what_was_not_logged)


def main():
	lab.enter()
	with tempfile.TemporaryDirectory() as folder:
		os.environ["MAILWALL_RUN_DIR"] = f"{folder}/run"
		build_network()
		run(MAILWALL, "apply", "-q", POLICY, ns="router")
		return lab.hold(CLAIMS, folder)


if __name__ == "__main__":
	sys.exit(main())

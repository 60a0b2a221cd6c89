#!/usr/bin/env python3
"""The processes of a monitor: their ends are said, and none believes another.

A client, a router and a server, in namespaces that end with this program. The
claims are the first lines of the functions. KILLS=200 kills either that often.
"""

import ctypes
import json
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True

import lab
from watch_test import (BOT, CLIENT, MAILWALL, Watch, build_network, expect,
			fetch, run, user_words)

POLICY = """policy priv
purpose "test"
contact "test@example"
review 2099-01-01
hook forward
class subs { 100.64.0.0/24 2001:db8:1::/48 }
class relays { 100.64.0.9 2001:db8:1:9::25 }
class shared users 50 { 100.64.0.10 }
class exempt dynamic
outbound from subs {
	block smtp submission from flagged
	allow smtp from relays
	allow smtp from exempt
	block smtp reset log
}
watch { quarantine 1h }
"""
PAGES = "127.0.0.1:9525"
# From tools/priv/priv_request.h.
FLAG, COUNTS, MEMBERS, LOADED, NOTHING = range(5)
REQUEST = struct.Struct("=BB2x16sII")
REPLY = struct.Struct("=iII4xQQQ")
SYS_PIDFD_OPEN, SYS_PIDFD_GETFD = 434, 438


def children(pid):
	path = pathlib.Path(f"/proc/{pid}/task/{pid}/children")
	return [int(word) for word in path.read_text().split()]


def state(pid):
	try:
		text = pathlib.Path(f"/proc/{pid}/status").read_text()
	except FileNotFoundError:
		return "gone"
	fields = dict(line.split(":\t", 1) for line in text.splitlines())
	if fields["State"][0] == "Z" and fields["PPid"] == "1":
		return "gone"	# this program is process 1 here, and reaps nobody
	return fields["State"][0]


def until(true, what, seconds=5):
	end = time.monotonic() + seconds
	while not true():
		expect(time.monotonic() < end, what() if callable(what) else what)
		time.sleep(0.05)


class Pair:
	"""A monitor and the process that keeps CAP_NET_ADMIN for it."""

	latest = None

	def __init__(self, folder, *words, **how):
		if Pair.latest and Pair.latest.watch.child.poll() is None:
			Pair.latest.watch.child.kill()	# its claim failed
			Pair.latest.watch.child.wait()
		Pair.latest = self
		path = pathlib.Path(folder) / "priv.policy"
		path.write_text(POLICY)
		os.chmod(folder, 0o755)
		run(MAILWALL, "apply", "-q", "--shrink", path, ns="router")
		self.watch = Watch("-g", 25, "-i", "cust0", "-p", path,
				   "--no-warmup", "--http", PAGES, *words, **how)
		self.reader = self.watch.child.pid
		until(lambda: len(children(self.reader)) == 2, self.watch.said, 30)
		self.priv, self.recorder = children(self.reader)
		until(lambda: "/healthz" in self.watch.said(), self.watch.said,
		      30)

	def socket(self, domain=socket.AF_UNIX, kind=socket.SOCK_SEQPACKET):
		"""A socket of the reader, as one has it who took it over."""
		libc = ctypes.CDLL(None, use_errno=True)
		process = libc.syscall(SYS_PIDFD_OPEN, self.reader, 0)
		for fd in range(64):
			copy = libc.syscall(SYS_PIDFD_GETFD, process, fd, 0)
			if copy < 0:
				continue
			try:
				found = socket.socket(fileno=copy)
			except OSError:
				os.close(copy)
				continue
			if (found.family, found.type) == (domain, kind):
				found.settimeout(5)
				return found
			found.close()
		raise AssertionError("no socket")


def ask(wire, kind, family=0, address="", generation=0):
	packed = b""
	if family:
		packed = socket.inet_pton(socket.AF_INET if "." in address
					  else socket.AF_INET6, address)
	# Behind four bytes of IPv4 an honest reader has zeros.
	wire.send(REQUEST.pack(kind, family, packed.ljust(16, b"\1"),
			       generation, 0x7fffffff))
	while True:	# the reader asks as well
		reply = REPLY.unpack(wire.recv(REPLY.size))
		if reply[2] == 0x7fffffff:
			return reply[0]


def its_end_is_said(folder):
	"""killed, it is no zombie; healthz, metrics and the log say that it ended"""
	pair = Pair(folder)
	expect("200 OK" in fetch("/healthz"), fetch("/healthz"))
	expect("mailwall_privileged_process_up 1" in fetch("/metrics"), "not up")
	os.kill(pair.priv, signal.SIGKILL)
	until(lambda: state(pair.priv) == "gone", lambda: state(pair.priv))
	health = fetch("/healthz")
	expect("503" in health and "CAP_NET_ADMIN ended" in health, health)
	until(lambda: "mailwall_privileged_process_up 0" in fetch("/metrics"),
	      "it is up in metrics")
	until(lambda: "CAP_NET_ADMIN ended" in pair.watch.said(),
	      pair.watch.said)
	expect(pair.watch.said().count("CAP_NET_ADMIN ended") == 1,
	       pair.watch.said())
	pair.watch.stop()


def waits_for_nothing(folder):
	"""stopped, it holds up neither pages nor the end; it goes on, and that is said"""
	pair = Pair(folder)
	os.kill(pair.priv, signal.SIGSTOP)
	until(lambda: "does not answer" in fetch("/healthz"),
	      lambda: fetch("/healthz"))
	expect("mailwall_privileged_process_up 0" in fetch("/metrics"), "up")
	until(lambda: "does not answer" in pair.watch.said(), pair.watch.said)
	os.kill(pair.priv, signal.SIGCONT)
	until(lambda: "200 OK" in fetch("/healthz"), lambda: fetch("/healthz"))
	until(lambda: "answers again" in pair.watch.said(), pair.watch.said)
	expect("mailwall_clause_packets_total" in fetch("/metrics"), "no counts")
	os.kill(pair.priv, signal.SIGSTOP)
	pair.watch.stop()
	os.kill(pair.priv, signal.SIGCONT)
	until(lambda: state(pair.priv) == "gone", "it outlives the reader")


def ends_with_the_reader(folder):
	"""killed, the reader leaves no process behind"""
	pair = Pair(folder)
	pair.watch.child.kill()
	pair.watch.child.wait()
	for pid in pair.priv, pair.recorder:
		until(lambda: state(pid) == "gone", lambda: state(pid))


def ends_with_the_recorder(folder):
	"""killed or stopped, the recorder ends the monitor, which says why and exits 3"""
	for number, why in ((signal.SIGKILL, "was ended by signal 9"),
			    (signal.SIGSTOP, "does not answer")):
		pair = Pair(folder)
		os.kill(pair.recorder, number)
		begun = time.monotonic()
		expect(pair.watch.child.wait(timeout=30) == 3, "exit code")
		expect(number != signal.SIGKILL or
		       time.monotonic() < begun + 5, "it took long")
		expect(why in pair.watch.said(), pair.watch.said())
		for pid in pair.priv, pair.recorder:
			until(lambda: state(pid) == "gone", lambda: state(pid))


def stays_at_signals(folder):
	"""signals of a terminal or of systemd to all leave the recorder its time to write"""
	pair = Pair(folder, "-S", f"{folder}/stays/mailwall.db")
	run(sys.executable, "-c", BOT, "100.64.0.77", 200, ns="client")
	for number in signal.SIGINT, signal.SIGTERM, signal.SIGHUP:
		os.kill(pair.recorder, number)
	os.kill(pair.recorder, signal.SIGTERM)
	pair.watch.stop()
	expect(report(f"{folder}/stays/mailwall.db") == 200, "it lost some")


def fields_of(pid):
	text = pathlib.Path(f"/proc/{pid}/status").read_text()
	return dict(line.split(":\t", 1) for line in text.splitlines()
		    if ":\t" in line)


def keeps_one_privilege(folder):
	"""it has a user of its own, one capability, no file, few calls, no other descriptor"""
	inherited = os.open("/etc/passwd", os.O_RDONLY)
	os.set_inheritable(inherited, True)
	pair = Pair(folder, close_fds=False)
	status = fields_of(pair.priv)
	for name in "CapInh", "CapBnd", "CapAmb":
		expect(int(status[name], 16) == 0, f"{name} {status[name]}")
	for name in "CapEff", "CapPrm":	# CAP_NET_ADMIN
		expect(int(status[name], 16) == 1 << 12, f"{name} {status[name]}")
	expect(status["NoNewPrivs"] == "1" and status["Seccomp"] == "2", status)
	if lab.id_exists(65534, "uid"):
		expect("0" not in status["Uid"].split(), status["Uid"])
		expect("0" not in status["Gid"].split(), status["Gid"])
	expect(status["Groups"].strip() == "", status["Groups"])
	for what in "root", "cwd":
		expect(os.readlink(f"/proc/{pair.priv}/{what}")
		       .endswith(" (deleted)"), f"it has a {what}")
	expect(os.listdir(f"/proc/{pair.priv}/root/") == [], "files")
	told = sorted(re.sub(r"\[\d+\]", "", os.readlink(entry)) for entry in
		      pathlib.Path(f"/proc/{pair.priv}/fd").iterdir())
	others = [name for name in told if name not in (
		"/dev/null", "socket:", "/memfd:mailwall-members (deleted)")]
	expect(told.count("socket:") == 3 and len(others) <= 1 and
	       "/etc/passwd" not in told, told)	# one: a sanitizer's errors
	told = [os.readlink(entry) for entry in
		pathlib.Path(f"/proc/{pair.reader}/fd").iterdir()]
	expect("/etc/passwd" not in told, told)
	os.close(inherited)
	expect(not [name for name in os.listdir(os.environ["MAILWALL_RUN_DIR"])
		    if name.startswith("empty")], "a folder is left")
	pair.watch.stop()


def descriptors(pid):
	return sorted(re.sub(r"\[\d+\]", "", os.readlink(entry)) for entry in
		      pathlib.Path(f"/proc/{pid}/fd").iterdir())


def mapped(pid):
	return pathlib.Path(f"/proc/{pid}/maps").read_text()


def gives_up_what_it_has(folder):
	"""reader and recorder have no capability, no root, few calls, no foreign descriptor; one has no SQLite and no HTTP, the other no packets"""
	inherited = os.open("/etc/passwd", os.O_RDONLY)
	os.set_inheritable(inherited, True)
	pair = Pair(folder, "-S", f"{folder}/gives/mailwall.db", "--state",
		    f"{folder}/gives/state/sources", close_fds=False)
	os.close(inherited)
	for pid in pair.reader, pair.recorder:
		status = fields_of(pid)
		for name in "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb":
			expect(int(status[name], 16) == 0, f"{name} {status[name]}")
		expect(status["NoNewPrivs"] == "1" and status["Seccomp"] == "2",
		       status)
		if lab.id_exists(65534, "uid"):
			expect("0" not in status["Uid"].split() +
			       status["Gid"].split(), status["Uid"])
		expect("/etc/passwd" not in descriptors(pid), descriptors(pid))
	for name in "sqlite", "microhttpd":
		expect(name not in mapped(pair.reader), name)
		expect(name in mapped(pair.recorder), name)
	expect("pcap" not in mapped(pair.recorder), "it reads packets")
	told = " ".join(descriptors(pair.reader))
	expect("mailwall.db" not in told and "eventpoll" not in told, told)
	expect(len(os.listdir(f"/proc/{pair.reader}/task")) == 1, "threads")
	pair.watch.stop()


def compiles_without(folder):
	"""check, generate, apply, status and remove load neither SQLite nor HTTP"""
	path = pathlib.Path(folder) / "alone.policy"
	path.write_text(POLICY)
	for words in (("check", path), ("generate", path), ("apply", "-q", path),
		      ("status",), ("remove",)):
		done = run("env", "LD_DEBUG=libs", MAILWALL, *words, ns="router",
			   check=False)
		# The first word of a line is the process: mailwall-store is another.
		lines = done.stderr.splitlines()
		own = "\n".join(line for line in lines
				if line.split()[:1] == lines[0].split()[:1])
		expect("libnftnl" in own, "nothing is told")
		expect("sqlite" not in own and "microhttpd" not in own, words)


# A recorder that was taken over: it says that it is ready, and then this.
HOSTILE = """#!/usr/bin/env python3
import os, struct
ready = struct.pack("=II", 11, 17) + bytes(16) + b"\\0"
os.read(3, 65536)
os.write(3, ready + {what})
while os.read(3, 65536):
	pass
"""


def believes_no_recorder(folder):
	"""whatever a recorder that was taken over sends, the reader ends by itself and says so"""
	at = pathlib.Path(folder) / "hostile"
	at.mkdir(exist_ok=True)
	shutil.copy(MAILWALL, at / "mailwall")
	other = at / "mailwall-store"
	head = "struct.pack('=II', {}, {}) + bytes({})"
	for what in ("bytes(range(256)) * 64", head.format(0, 72, 72),
		     head.format(13, 8, 8), head.format(14, 4, 4)
		     .replace("bytes(4)", "bytes([255] * 4)"),
		     head.format(99, 1, 1), head.format(12, 1 << 20, 100)):
		other.write_text(HOSTILE.format(what=what))
		other.chmod(0o755)
		done = subprocess.run(
			["ip", "netns", "exec", "router", at / "mailwall",
			 "watch", "-i", "cust0", "--http", PAGES, *user_words()],
			timeout=30, capture_output=True, text=True, check=False)
		expect(done.returncode == 3 and "sends what it may not"
		       in done.stderr, f"{what}: {done.returncode} {done.stderr}")


def believes_no_reader(folder):
	"""whatever a reader that was taken over sends, the recorder ends by itself"""
	random.seed(1)
	some = [bytes(random.randrange(256) for _ in range(n))
		for n in (1, 8, 100, 5000)]
	for what in (b"", b"\0" * 100000, *some,
		     *(struct.pack("=II", kind, len(piece)) + piece
		       for kind in range(20) for piece in some)):
		mine, its = socket.socketpair()
		child = subprocess.Popen(
			["sh", "-c", f'exec "$0" recorder 3<&{its.fileno()}',
			 f"{MAILWALL}-store"], pass_fds=[its.fileno()],
			stderr=subprocess.DEVNULL)
		its.close()
		try:
			mine.sendall(what)
		except BrokenPipeError:
			pass
		mine.close()
		code = child.wait(timeout=20)
		expect(code in (0, 3), f"{what[:20]}: {code}")


class Service:
	"""The process with CAP_NET_ADMIN as a service, as systemd starts it."""

	def __init__(self, path):
		self.at = pathlib.Path(os.environ["MAILWALL_RUN_DIR"], "priv.sock")
		self.path = path
		self.at.unlink(missing_ok=True)
		self.at.parent.mkdir(exist_ok=True)
		self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
		self.listener.bind(str(self.at))
		self.listener.listen()
		os.chmod(self.at, 0o666)
		for at in self.at.parent, self.at.parent.parent:
			os.chmod(at, 0o755)	# nobody goes there
		self.start()

	def start(self):
		fd = self.listener.fileno()
		self.child = subprocess.Popen(
			["ip", "netns", "exec", "router", "sh", "-c",
			 f'export LISTEN_FDS=1 LISTEN_PID=$$; exec "$0" "$@" 3<&{fd}',
			 MAILWALL, "watch", "-g", "25", "-i", "cust0", "-p",
			 self.path, "-q", "--as-service"], pass_fds=[fd])

	def end(self):
		self.child.kill()
		self.child.wait()
		self.listener.close()
		self.at.unlink()


def comes_back_as_a_service(folder):
	"""as a service it outlives monitors, gives up what it has, and its end is said until it is back"""
	path = pathlib.Path(folder) / "priv.policy"
	path.write_text(POLICY)
	run(MAILWALL, "apply", "-q", "--shrink", path, ns="router")
	service = Service(path)
	for _ in range(2):
		watch = Watch("-g", 25, "-i", "cust0", "-p", path, "--no-warmup",
			      "--http", PAGES)
		until(lambda: "/healthz" in watch.said(), watch.said)
		expect(len(children(watch.child.pid)) == 1, "a process of its own")
		status = fields_of(service.child.pid)
		expect([int(status[name], 16) for name in
			("CapEff", "CapPrm", "CapBnd", "CapAmb", "CapInh")] ==
		       [1 << 12, 1 << 12, 0, 0, 0], status)
		expect(status["NoNewPrivs"] == "1" and status["Seccomp"] == "2",
		       status)
		expect(os.listdir(f"/proc/{service.child.pid}/root/") == [],
		       "files")
		run(sys.executable, "-c", BOT, CLIENT, 300, ns="client")
		until(lambda: CLIENT + " " in flagged(), watch.said, 30)
		service.child.kill()
		service.child.wait()
		until(lambda: "ended" in fetch("/healthz"),
		      lambda: fetch("/healthz"), 2)
		service.start()
		until(lambda: "200 OK" in fetch("/healthz"),
		      lambda: fetch("/healthz"))
		watch.stop()
		run("nft", "flush", "set", "inet", "mailwall", "flagged.v4",
		    ns="router")
	other = subprocess.Popen(
		["ip", "netns", "exec", "router", MAILWALL, "watch", "-g", "26",
		 "-p", path, *user_words()], stderr=subprocess.PIPE, text=True)
	expect(service.child.wait(timeout=10) == 0, "it goes on for others")
	service.start()		# as systemd does, with the options of its unit
	said = other.communicate(timeout=30)[1]
	expect(other.returncode == 3 and "for other groups" in said, said)
	service.end()


def serves_its_user_alone(folder):
	"""a service answers root's and _mailwall's monitors, nobody else"""
	path = pathlib.Path(folder) / "priv.policy"
	path.write_text(POLICY)
	service = Service(path)
	answers = []
	others = [0, 4711] if lab.id_exists(4711, "uid") else [0]
	for uid in others:
		done = run(sys.executable, "-c", "import os, socket, sys\n"
			   "os.setresuid(*3 * [int(sys.argv[2])])\n"
			   "s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)\n"
			   "s.settimeout(5)\n"
			   "s.connect(sys.argv[1])\n"
			   "print(len(s.recv(4096)))", service.at, uid, check=False)
		answers.append(done.stdout.strip())
	expect(answers == [str(REPLY.size), "0"][:len(others)], answers)
	service.end()


NO_USER = 'no user "_mailwall-priv"'


def says_whose_it_is(folder):
	"""without a user of its own it is said once that it becomes nobody; with one nothing is"""
	users = pathlib.Path("/etc/passwd").read_text().splitlines(True)
	others = [user for user in users if "_mailwall-priv:" not in user]
	own = "_mailwall-priv:x:65533:65533::/:/usr/sbin/nologin\n"
	for told, more in (1, []), (0, [own]):
		path = pathlib.Path(folder) / "passwd"
		path.write_text("".join(others + more))
		run("mount", "--bind", path, "/etc/passwd")
		try:
			pair = Pair(folder)
		finally:
			run("umount", "/etc/passwd")
		said = pair.watch.said()
		expect(said.count(NO_USER) == told, said)
		if more and lab.id_exists(65533, "uid"):
			expect(fields_of(pair.priv)["Uid"].split() ==
			       ["65533"] * 4, fields_of(pair.priv)["Uid"])
		pair.watch.stop()


SO_DETACH_FILTER, SO_LOCK_FILTER = 27, 44


def locks_its_filter(folder):
	"""the filter of the packet socket cannot be taken off"""
	pair = Pair(folder)
	wire = pair.socket(socket.AF_PACKET, socket.SOCK_RAW)
	expect(wire.getsockopt(socket.SOL_SOCKET, SO_LOCK_FILTER) == 1, "open")
	try:
		wire.setsockopt(socket.SOL_SOCKET, SO_DETACH_FILTER, 1)
	except PermissionError:
		wire.close()
		pair.watch.stop()
		return
	raise AssertionError("it came off")


def takes_any_message(folder):
	"""requests of any kind, family and length are answered, and it goes on"""
	pair = Pair(folder)
	os.kill(pair.reader, signal.SIGSTOP)
	wire = pair.socket()
	for kind in range(256):
		for family in 0, 4, 6, 255:
			wire.send(REQUEST.pack(kind, family, b"\x64\x40\0\1" * 4,
					       0, 7))
			wire.recv(REPLY.size)
	for length in 1, REQUEST.size - 1, REQUEST.size + 1, 4096, 65000:
		wire.send(bytes(length))
		error = REPLY.unpack(wire.recv(REPLY.size))[0]
		expect(error == -74, f"{length} bytes: {error}")
	expect(ask(wire, NOTHING) == 0, "it is not well")
	wire.close()
	os.kill(pair.reader, signal.SIGCONT)
	until(lambda: "200 OK" in fetch("/healthz"), lambda: fetch("/healthz"))
	pair.watch.stop()


def flagged():
	return "".join(run("nft", "list", "set", "inet", "mailwall",
			   f"flagged.v{family}", ns="router").stdout
		       for family in (4, 6))


PROTECTED = """
127.0.0.1 0.0.0.0 169.254.1.1 224.0.0.1 255.255.255.255
100.64.0.1 198.51.100.1
100.64.0.9 100.64.0.8 100.64.0.10
192.0.2.25 8.8.8.8
:: ::1 fe80::1 ff02::1 64:ff9b::100:1
2001:db8:1:9::1 2001:db8:2::1
"""


def flags_only_subscribers(folder):
	"""a reader that was taken over cannot have others flagged than subscribers"""
	pair = Pair(folder)
	run(MAILWALL, "exempt", "add", "100.64.0.8", ns="router")
	os.kill(pair.reader, signal.SIGSTOP)
	wire = pair.socket()
	for address in PROTECTED.split():
		family = 6 if ":" in address else 4
		error = ask(wire, FLAG, family, address)
		expect(error == -13, f"{address}: {error}")
	expect("expires" not in flagged(), flagged())
	expect(ask(wire, FLAG, 5, "100.64.0.77") == -13, "family 5")
	for address in "100.64.0.77", "2001:db8:1:7::5":
		family = 6 if ":" in address else 4
		expect(ask(wire, FLAG, family, address) == 0, address)
	expect(flagged().count("expires") == 2, flagged())
	answers = [ask(wire, FLAG, 4, f"100.64.0.{i % 200 + 20}")
		   for i in range(1300)]
	expect(-16 in answers, "no limit")
	wire.close()
	os.kill(pair.reader, signal.SIGCONT)
	pair.watch.stop()


# Opening packets from each of n sources to m networks: source, n, m.
CROWD = BOT.split("for i in")[0] + """
first, n, m = source, int(sys.argv[2]), int(sys.argv[3])
for k in range(n * m):
	i, source = k // n, first[:2] + bytes([first[2] + k % n // 250, k % n % 250 + 1])
""" + "\tto =" + BOT.split("\tto =", 1)[1]


def is_not_flooded(folder):
	"""SYNs in the names of 600 flag few of them, and who goes on is flagged"""
	path = pathlib.Path(folder) / "crowd.policy"
	path.write_text(POLICY.replace("100.64.0.0/24", "100.64.0.0/16"))
	run(MAILWALL, "apply", "-q", "--shrink", path, ns="router")
	for number in "all", "cust0":
		run("sysctl", "-qw", f"net.ipv4.conf.{number}.rp_filter=0",
		    ns="router")
	watch = Watch("-g", 25, "-p", path, "--no-warmup", "--http", PAGES)
	Pair.latest = None
	run(sys.executable, "-c", CROWD, "100.64.8.0", 600, 30, ns="client")
	until(lambda: "wait to be put" in watch.said(), watch.said, 20)
	run(sys.executable, "-c", BOT, CLIENT, 300, ns="client")
	end = time.monotonic() + 120
	while CLIENT + " " not in flagged():
		expect(time.monotonic() < end, watch.said())
		time.sleep(5)
		run(sys.executable, "-c", BOT, CLIENT, 20, ns="client")
	innocent = flagged().count("100.64.8.") + flagged().count("100.64.9.")
	expect(innocent <= 10, f"{innocent} innocents")
	metrics = fetch("/metrics")
	expect(re.search(r"mailwall_quarantine_waiting (59\d|600)\n", metrics) and
	       all(f"\nmailwall_quarantine_{what}_total " in metrics
		   for what in ("flagged", "refused", "forgotten")), metrics)
	watch.stop()


def waits_for_room(folder):
	"""a full set is said, and the source is flagged when there is room"""
	path = pathlib.Path(folder) / "full.policy"
	path.write_text(POLICY)
	run(MAILWALL, "apply", "-q", "--shrink", path, ns="router")
	at = 0
	for piece in 8192, 1024, 128, 16, 1:	# until not one more has room
		while not run("nft", "-f", "-", ns="router", check=False,
			      text="add element inet mailwall flagged.v4 { "
			      + ", ".join(f"10.{i >> 16}.{i >> 8 & 255}.{i & 255}"
					  for i in range(at, at + 2 * piece, 2))
			      + " }").returncode:
			at += 2 * piece
	watch = Watch("-g", 25, "-p", path, "--no-warmup")
	run(sys.executable, "-c", BOT, CLIENT, 100, ns="client")
	until(lambda: "its set is full" in watch.said(), watch.said, 20)
	run("nft", "flush", "set", "inet", "mailwall", "flagged.v4", ns="router")
	until(lambda: CLIENT + " " in flagged(), watch.said, 30)
	watch.stop()


KILLS = int(os.environ.get("KILLS", "2"))
PROCESSES = "priv", "recorder", "reader"


def report(store):
	done = run(MAILWALL, "report", "-j", "-S", store)
	return json.loads(done.stdout)["attempts"]


def is_still_told(pair, store, before):
	"""Without the process with CAP_NET_ADMIN nothing is lost."""
	until(lambda: "503" in fetch("/healthz"), lambda: fetch("/healthz"))
	seen = pair.watch.stop()[-1]["ports"]["25"]["attempts"]
	had = report(store) - before
	expect(had == seen, f"{had} of {seen} are stored: " + pair.watch.said())


def has_ended(pair, store, before, who):
	"""Without one of the others the monitor ends: systemd starts it anew."""
	code = pair.watch.child.wait(timeout=30)
	expect(code == (-9 if who == "reader" else 3), f"{who}: exit {code}")
	until(lambda: state(pair.recorder) == "gone",
	      lambda: state(pair.recorder))
	had = report(store) - before
	expect(had >= 200, f"{who}: {had} of the first 200 are stored")


def kill_one(pair, store, before, who):
	"""Kills it under load; checks what is left and what is stored."""
	# Whom an earlier monitor flagged is blocked without a log.
	run("nft", "flush", "set", "inet", "mailwall", "flagged.v4", ns="router")
	run(sys.executable, "-c", BOT, "100.64.0.77", 200, ns="client")
	time.sleep(1.5)		# what is older than a second is kept
	load = subprocess.Popen(["ip", "netns", "exec", "client",
				 sys.executable, "-c", BOT, CLIENT, "20000"])
	time.sleep(random.random() / 2)
	os.kill(getattr(pair, who), signal.SIGKILL)
	if who == "priv":
		until(lambda: "503" in fetch("/healthz"),
		      lambda: fetch("/healthz"))
	load.wait()
	if who == "priv":
		is_still_told(pair, store, before)
	else:
		has_ended(pair, store, before, who)
	until(lambda: state(pair.priv) == "gone", lambda: state(pair.priv))


def flags_again(folder, store):
	"""After all of that a source is flagged, and the pages are well."""
	pair = Pair(folder, "-S", store)
	run(sys.executable, "-c", BOT, "100.64.0.99", 300, ns="client")
	until(lambda: "100.64.0.99 " in flagged(), pair.watch.said, 30)
	expect("200 OK" in fetch("/healthz"), fetch("/healthz"))
	pair.watch.stop()


def survives_kills(folder):
	"""killed at any moment under load, none leaves a process or loses more than a second, and the next monitor flags"""
	store = f"{folder}/kills/mailwall.db"
	for _ in range(KILLS):
		for who in PROCESSES:
			pair = Pair(folder, "-S", store)
			before = report(store)
			kill_one(pair, store, before, who)
	flags_again(folder, store)


CLAIMS = (its_end_is_said, waits_for_nothing, ends_with_the_reader,
	  ends_with_the_recorder, stays_at_signals, gives_up_what_it_has,
	  comes_back_as_a_service, serves_its_user_alone,
	  compiles_without, believes_no_recorder, believes_no_reader,
	  keeps_one_privilege, says_whose_it_is, locks_its_filter, takes_any_message,
	  flags_only_subscribers, waits_for_room,
	  is_not_flooded, survives_kills)


def main():
	lab.enter()
	with tempfile.TemporaryDirectory() as folder:
		os.environ["MAILWALL_RUN_DIR"] = f"{folder}/run"
		build_network()
		return lab.hold(CLAIMS, folder)


if __name__ == "__main__":
	sys.exit(main())

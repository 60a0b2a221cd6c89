#!/usr/bin/env python3
"""Every shape of a SYN meets the fate that packets.tsv says, under each policy.

packets.py [--hook HOOK]... [--print] [POLICY...]

The shapes of shapes.py are sent from a customer's side through a laboratory of
its own (lab.py) to servers that really answer. Once without rules: then every
shape that a server answers must be an attempt of `mailwall watch` on the
interface. Then under each shipped policy, at its own hook, and at hook bridge
and hook ingress: no SYN is answered that no clause allowed, and a SYN that a
clause stopped and logged is an attempt of `mailwall watch` on the NFLOG group.

packets.tsv was written by reading, not by running. Its words:

	clause	the policy's clause for port 25 and this source decides
	587	its clause for port 587 does
	drop	a guard stops it, whatever the policy; mode observe counts it
	route	the same, under a policy with a clause for port 25
	pass	no policy for port 25 stops it
	opaque	no hook sees what is inside: counted, and passed
	dead	nobody takes it for a connection; whether it passes is all one
	-	it cannot be sent there
"""

import argparse
import contextlib
import ctypes
import ipaddress
import json
import os
import pathlib
import re
import select
import socket
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True

import frames
import lab
import shapes
import table

SO_RCVBUFFORCE = 33		# Python has no name for it
QUIET_S = 0.5 * lab.PATIENCE	# nothing came for so long
READY_S = 30 * lab.PATIENCE
FLUSH_S = 1.2 * lab.PATIENCE	# the kernel keeps logs back for a second
CLONE_NEWNET = 0x40000000
PACKET_OUTGOING = 4
IPV6_HDRINCL = 36
HOOKS = ("forward", "output", "bridge", "ingress")
# Hook ingress again, where frames that no host understands go on to be seen.
PORT = "ingress of a bridge"

TARGET = {4: "192.31.196.200", 6: "2620:4f:8000::200"}
OTHER_TARGETS = ("2002:c01f:c4c8::1", "64:ff9b::c01f:c4c8")
STRANGER = {4: "203.0.112.9", 6: "2001:db8:9999::9"}
# Whose packets they are, and what the policy's clause for port 25 does to them.
SUBJECTS = {
	"business-mixed": ("198.51.100.9", "2001:db8:6000:9::9", "held"),
	"campus": ("198.51.100.77", "2001:db8:8000:77::77", "held"),
	"cgi-br": ("100.64.3.3", "2001:db8:5000:3::3", "held"),
	"cloud-25": ("10.1.2.3", "2001:db8:7000:3::3", "held"),
	"cloud-all": ("10.1.2.3", "2001:db8:7000:3::3", "held"),
	"cloud-strict": ("10.1.2.3", "2001:db8:7000:3::3", "held"),
	"encrypted-only": ("100.64.3.3", "2001:db8:4000:3::3", None),
	"observe-first": ("100.64.3.3", "2001:db8:4000:3::3", "passes"),
	"residential": ("100.64.3.3", "2001:db8:4000:3::3", "held"),
	"shared-hosting": ("192.0.2.80", "2001:db8:80::80", "held"),
}
# The same with "encapsulated drop", where frames are looked at.
CLOSED = {"cloud-25-closed": "cloud-25"}
SUBJECTS |= {name: SUBJECTS[of] for name, of in CLOSED.items()}
FRAMED_HOOKS = ("bridge", "ingress", PORT)
SUBMISSION_HELD = {"cloud-all"}		# its clause for port 587 stops them
OBSERVING = {"observe-first"}
LOG_GROUP = "25"
WWW_UID = 33
MIDDLES = {"forward": "router", "ingress": "router", "output": "host",
	   "bridge": "bridge", PORT: "bridge"}


# ---- the table ----

class Row:
	def __init__(self, number, fields):
		self.number, self.shape = number, fields[0]
		self.fate = dict(zip(HOOKS, fields[1:]))
		self.fate[PORT] = self.fate["ingress"]


def read_table():
	rows = []
	for number, line in enumerate(
			(lab.HERE / "packets.tsv").read_text().splitlines(), 1):
		if line and not line.startswith("#"):
			rows.append(Row(number, re.split(r"\t+", line)))
	named = [row.shape for row in rows]
	if sorted(named) != sorted(shapes.SHAPES):
		both = set(named) ^ set(shapes.SHAPES)
		raise lab.LabError(f"packets.tsv and shapes.py differ: {both}")
	return rows


# ---- sending and looking ----

@contextlib.contextmanager
def inside(where):
	libc = ctypes.CDLL(None, use_errno=True)
	own = os.open("/proc/self/ns/net", os.O_RDONLY)
	other = os.open(f"/run/netns/{where}", os.O_RDONLY)
	try:
		if libc.setns(other, CLONE_NEWNET):
			raise OSError(ctypes.get_errno(), "setns")
		yield
	finally:
		libc.setns(own, CLONE_NEWNET)
		os.close(own)
		os.close(other)


def packet_socket(where, device):
	with inside(where):
		sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW,
				     socket.htons(3))
		sock.bind((device, 0))
		# Beyond what the system allows: a slow machine reads late.
		try:
			sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 1 << 24)
		except PermissionError:
			sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF,
					1 << 24)
		return sock


def raw_socket(where, family, uid):
	"""Of this user, who has no right to one himself."""
	libc = ctypes.CDLL(None)
	with inside(where):
		libc.setfsuid(uid)
		sock = socket.socket(
			socket.AF_INET if family == 4 else socket.AF_INET6,
			socket.SOCK_RAW, socket.IPPROTO_RAW)
		libc.setfsuid(0)
	if family == 6:
		sock.setsockopt(socket.IPPROTO_IPV6, IPV6_HDRINCL, 1)
	return sock


class Stage:
	"""A laboratory with an eye on the far side, and a way to send."""

	def __init__(self, middle, uid=0):
		subjects = {pair[:2] for pair in SUBJECTS.values()} | {
			(STRANGER[4], STRANGER[6])}
		near = "host" if middle == "host" else "client"
		hosts = [lab.Host(f"subject{n}", near, *pair)
			 for n, pair in enumerate(sorted(subjects))]
		hosts.append(lab.Host("target", "outside", TARGET[4], TARGET[6]))
		hosts += [lab.Host(f"other{n}", "outside", None, address)
			  for n, address in enumerate(OTHER_TARGETS)]
		links = {"outside": "wan0"} if middle == "host" else {
			"client": "cust0", "outside": "wan0"}
		self.middle, self.uid, self.runs = middle, uid, 0
		self.lab = lab.Lab(middle, links, hosts)

	def __enter__(self):
		self.lab.__enter__()
		if self.middle == "router":
			for name in ("all", "cust0"):
				self.lab.must(self.middle, [
					"sh", "-c", "echo 1 >/proc/sys/net/ipv4/conf/"
					f"{name}/accept_source_route"])
		far = self.lab.link_of("outside")
		self.eye = packet_socket("outside", far.far)
		if self.middle == "host":
			self.raw = {family: raw_socket("host", family, self.uid)
				    for family in (4, 6)}
			self.router = {4: "192.0.2.80", 6: "2001:db8:80::80"}
			return self
		near = self.lab.link_of("client")
		self.wire = packet_socket("client", near.far)
		self.macs = (near.mac[1] if self.middle == "router"
			     else far.mac[2], near.mac[2])
		self.router = {family: near.ip(family, 1) for family in (4, 6)}
		return self

	def __exit__(self, *how):
		self.lab.__exit__(*how)

	def send(self, packets, raw):
		for packet in packets:
			if self.middle != "host":
				if raw:
					kind = frames.IPV4 if packet[0] >> 4 == 4 \
						else frames.IPV6
					packet = frames.typed(kind, packet)
				self.wire.send(frames.ethernet(*self.macs, packet))
			elif raw:
				self.send_raw(packet)

	def send_raw(self, packet):
		"""What the host's own stack refuses to send is not sent."""
		family = packet[0] >> 4
		target = str(ipaddress.ip_address(
			packet[16:20] if family == 4 else packet[24:40]))
		with contextlib.suppress(OSError):
			self.raw[family].sendto(packet, (target, 0))

	def clear(self):
		while select.select([self.eye], [], [], 0)[0]:
			self.eye.recv(65536)

	def look(self, cases):
		"""{shape: "answered" or "arrived"} of what the far side saw."""
		seen = {}
		marks = {case.seq.to_bytes(4, "big"): name
			 for name, case in cases.items()}
		answers = {(case.seq + 1).to_bytes(4, "big"): name
			   for name, case in cases.items()}
		while select.select([self.eye], [], [], QUIET_S)[0]:
			data, place = self.eye.recvfrom(65536)
			if place[2] != PACKET_OUTGOING:
				for mark, name in marks.items():
					if mark in data:
						seen.setdefault(name, "arrived")
				continue
			name = answers.get(self.answer_to(data))
			if name:
				seen[name] = "answered"
		return seen

	@staticmethod
	def answer_to(frame):
		"""The number that a SYN-ACK of a mail port answers, or None."""
		kind = frame[12:14]
		at = {b"\x08\x00": 34, b"\x86\xdd": 54}.get(kind)
		if at is None or len(frame) < at + 20:
			return None
		return frame[at + 8:at + 12] if frame[at + 13] & 0x12 == 0x12 \
			else None

	def try_all(self, rows, hook, source):
		"""Sends every shape, and says what became of each."""
		cases, self_made = {}, {}
		self.clear()
		self.runs += 1	# answers may come again, and fragments wait
		for number, row in enumerate(rows, 1000 * self.runs):
			if row.fate[hook] == "-":
				continue
			make, raw = shapes.SHAPES[row.shape]
			case = shapes.Case(number, source, TARGET, self.router)
			packets = make(case)
			cases[row.shape] = case
			self_made[row.shape] = len(packets)
			self.send(packets, raw)
		seen = self.look(cases)
		return {name: (seen.get(name, "held"), self_made[name], case)
			for name, case in cases.items()}


# ---- what should be ----

def meaning(word, policy):
	"""drop, pass or dead under this policy."""
	decided = SUBJECTS[policy][2]
	if word == "clause":
		return "drop" if decided == "held" else "pass"
	if word == "587":
		return "drop" if policy in SUBMISSION_HELD else "pass"
	if word == "opaque":
		return "drop" if policy in CLOSED else "pass"
	if word in ("drop", "route"):
		passes = policy in OBSERVING or (word == "route" and not decided)
		return "pass" if passes else "drop"
	return word


def is_right(word, before, after, pieces):
	"""before: what became of it without rules; after: under the policy."""
	if word == "dead":
		return after != "answered"
	if word == "pass":
		return after == before
	if pieces == 1:
		return after == "held"
	return after != "answered"


def judge(rows, hook, policy, before, after):
	wrong = []
	for row in rows:
		if row.shape not in after:
			continue
		was, pieces, _ = before[row.shape]
		now = after[row.shape][0]
		if not is_right(meaning(row.fate[hook], policy), was, now,
				pieces):
			wrong.append(f"packets.tsv:{row.number}: {row.shape}: "
				     f"{policy} at {hook}: should be "
				     f"{row.fate[hook]}; without rules {was}, "
				     f"now {now}")
	return wrong


# ---- policies ----

def shipped(hook):
	"""The policies of this hook; at bridge and ingress those of forward."""
	for path in sorted(table.SHIPPED.glob("*.policy")):
		text = path.read_text()
		own = re.search(r"^hook\s+(\w+)", text, re.MULTILINE)[1]
		if own == hook or (own == "forward" and
				   hook in FRAMED_HOOKS):
			yield path.stem, at_hook(text, own, hook)
	for name, of in CLOSED.items() if hook in FRAMED_HOOKS else ():
		text = (table.SHIPPED / f"{of}.policy").read_text()
		yield name, re.sub(r"^(hook .*)$", r"\1\nencapsulated drop",
				   at_hook(text, "forward", hook), count=1,
				   flags=re.MULTILINE)


def dropping(text):
	return re.sub(r"^(\s*(?:block|limit)\b.*?)\s(?:reset|reject)\b",
		      r"\1 drop", text, flags=re.MULTILINE)


def at_hook(text, own, hook):
	"""The same decisions at another hook, as far as it can make them."""
	if own == hook:
		return text
	named = {"bridge": "bridge"}.get(hook, "ingress cust0")
	text = re.sub(r"^hook\s+forward", f"hook {named}", text,
		      flags=re.MULTILINE)
	if hook == "bridge":
		text = dropping(text)
	else:	# towards the device a packet can only be dropped
		text = re.sub(r"^inbound.*?^}", lambda block: dropping(block[0]),
			      text, flags=re.MULTILINE | re.DOTALL)
	text = re.sub(r'interface "ppp\*"', "", text)
	# What it tests is so at its own hook.
	text = re.sub(r"^test .*?^}\n", "", text, flags=re.M | re.S)
	return text


def mailwall():
	return os.environ.get("MAILWALL", "./mailwall")


@contextlib.contextmanager
def loaded(stage, name, text):
	with tempfile.NamedTemporaryFile("w", suffix=f"-{name}.policy") as file:
		file.write(text)
		file.flush()
		words = [mailwall(), "apply", "-q", file.name]
		if name == "shared-hosting":
			words += ["-D", "MTA=207"]
		stage.lab.must(stage.middle, words)
		try:
			yield
		finally:
			stage.lab.must(stage.middle, [mailwall(), "remove"])


# ---- the monitor ----

@contextlib.contextmanager
def watching(stage, *where):
	"""Yields a function that ends the watch and returns the ports seen."""
	words = [mailwall(), "watch", "-q", "-j", "-a", "-w", *where]
	with tempfile.TemporaryFile("w+") as out, \
			tempfile.TemporaryDirectory() as folder, \
			socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
		told.bind(f"{folder}/ready")
		told.settimeout(READY_S)
		child = subprocess.Popen(
			stage.lab.command(stage.middle, words), stdout=out,
			stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL,
			env={**os.environ, "NOTIFY_SOCKET": f"{folder}/ready"})
		while b"READY=1" not in told.recv(300):
			pass

		def ports():
			time.sleep(FLUSH_S)
			child.terminate()
			child.wait(lab.COMMAND_TIMEOUT_S)
			out.seek(0)
			events = [json.loads(line) for line in out]
			return {event["source_port"] for event in events
				if event["event"] == "attempt"}

		try:
			yield ports
		finally:
			child.kill()
			child.wait()


def case_ports(row, case):
	return {case.sport, 25} if "from port 25" in row.shape else {case.sport}


def unseen(rows, before, ports):
	"""Shapes that a server answered and the monitor did not see."""
	for row in rows:
		if row.shape not in before:
			continue
		fate, _, case = before[row.shape]
		if fate == "answered" and not case_ports(row, case) & ports:
			yield (f"packets.tsv:{row.number}: {row.shape}: a server "
			       "answered, and the monitor saw no attempt")


def is_framed(shape):
	"""A packet in a frame that no host here understands."""
	return not shapes.SHAPES[shape][1]


def unlogged(rows, hook, policy, before, after, ports):
	"""Openings that a clause stopped and logged, and no log told of."""
	for row in rows:
		if row.shape not in after or row.fate[hook] != "clause" \
				or SUBJECTS[policy][2] != "held":
			continue
		seen = bool(case_ports(row, after[row.shape][2]) & ports)
		wanted = "arrived" if is_framed(row.shape) else "answered"
		if before[row.shape][0] == wanted and not seen:
			yield (f"packets.tsv:{row.number}: {row.shape}: {policy} at "
			       f"{hook}: stopped, and the log told of no attempt")


# ---- the guards' counters ----

GUARDS = {"forward": ("first-fragments", "source-routes"),
	  "output": ("first-fragments",)}
FRAME_GUARDS = ("first-fragments", "source-routes", "stacked-tags",
		"encapsulated", "inner-headers")


def uncounted(stage, hook, policy):
	"""Guards that met packets, and that status tells nothing of."""
	status = [mailwall(), "status"]
	told = json.loads(stage.lab.must(stage.middle, [*status, "--json"]))
	packets = {guard["name"]: guard["packets"] for guard in told["guards"]}
	lines = stage.lab.must(stage.middle, [*status, "--prometheus"])
	text = stage.lab.must(stage.middle, status)
	for name in GUARDS.get(hook, FRAME_GUARDS):
		metric = ("mailwall_guard_packets_total{guard=\"%s\"} %s\n"
			  % (name, packets.get(name)))
		if not packets.get(name) or metric not in lines \
				or f"  {name}  " not in text:
			yield f"{policy} at {hook}: status does not count {name}"


# ---- all together ----

def print_table(hook, rows, before, results):
	names = list(results)
	print(f"\n{hook}: without rules, then " + ", ".join(names))
	for row in rows:
		if row.shape in before:
			fates = [results[name][row.shape][0] for name in names]
			print(f"{row.shape}\t{row.fate[hook]}\t"
			      f"{before[row.shape][0]}\t" + " ".join(fates))


def try_hook(rows, hook, only, show):
	"""What is wrong at one hook."""
	uid = WWW_UID if hook == "output" else 0
	wrong, results = [], {}
	with Stage(MIDDLES[hook], uid) as stage:
		any_source = dict(zip((4, 6), SUBJECTS[
			"shared-hosting" if hook == "output" else "cloud-25"]))
		device = "wan0" if hook == "output" else "cust0"
		with watching(stage, "-i", device) as ports:
			before = stage.try_all(rows, hook, any_source)
			wrong += unseen(rows, before, ports())
		answered = sum(fate == "answered" for fate, *_ in before.values())
		if answered < 20:
			wrong.append(f"{hook}: without rules servers answered "
				     f"only {answered} shapes")
		for name, text in shipped(hook):
			if only and name not in only:
				continue
			source = dict(zip((4, 6), SUBJECTS[name]))
			with loaded(stage, name, text), \
					watching(stage, "-g", LOG_GROUP) as ports:
				results[name] = stage.try_all(rows, hook, source)
				wrong += unlogged(rows, hook, name, before,
						  results[name], ports())
				wrong += uncounted(stage, hook, name)
			wrong += judge(rows, hook, name, before, results[name])
	if show:
		print_table(hook, rows, before, results)
	return wrong


def all_hooks(arguments):
	"""Each in namespaces of its own, all at once."""
	words = [sys.executable, __file__, *["--print"] * arguments.show]
	children = [subprocess.Popen(
		[*words, "--hook", hook, *arguments.policies],
		stdout=subprocess.PIPE, text=True) for hook in (*HOOKS, PORT)]
	for child in children:
		print(child.communicate()[0], end="", flush=True)
	return max(child.returncode for child in children)


def main():
	parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
	parser.add_argument("--hook", action="append", choices=(*HOOKS, PORT))
	parser.add_argument("--print", action="store_true", dest="show")
	parser.add_argument("policies", nargs="*")
	arguments = parser.parse_args()
	if not arguments.hook:
		return all_hooks(arguments)
	lab.enter()
	rows = read_table()
	failed = 0
	for hook in arguments.hook:
		try:
			wrong = try_hook(rows, hook, arguments.policies,
					 arguments.show)
		except Exception as error:
			wrong = [str(error)]
		failed += bool(wrong)
		for line in wrong:
			print(f"# {line}")
		print(f"{'not ' if wrong else ''}ok - {len(rows)} shapes of a "
		      f"SYN at hook {hook}: none is answered that no clause "
		      "allows, and the monitor sees them", flush=True)
	return 1 if failed else 0


if __name__ == "__main__":
	sys.exit(main())

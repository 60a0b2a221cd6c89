#!/usr/bin/env python3
"""replay counts what was put into captures made here, whatever they lie in.

Connections of every kind are written in every framing and file format; what
they amount to is known as they are written. Needs no captures but its own.
"""

import collections
import gzip
import ipaddress
import json
import os
import pathlib
import random
import struct
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
MAILWALL = os.environ.get("MAILWALL", str(HERE.parent.parent / "mailwall"))
FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
START_US = 1_700_000_000_000_000
FIELDS = ("syns", "attempts", "pairs", "answered", "established", "half_open",
	  "refused", "icmp_refused", "unanswered", "banner", "implicit_tls",
	  "starttls", "starttls_tls", "cleartext_auth", "midstream")
HELLO = b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00"	# RFC 8446, 5.1


# ---- packets ----

def checksum(data):
	total = sum(struct.unpack(f"!{(len(data) + 1) // 2}H",
				  data + b"\0" * (len(data) % 2)))
	total = (total & 0xffff) + (total >> 16)
	return ~(total + (total >> 16)) & 0xffff


def ip_packet(source, destination, protocol, body):
	if source.version == 6:
		return struct.pack("!IHBB", 6 << 28, len(body),
				   58 if protocol == 1 else protocol, 64) \
			+ source.packed + destination.packed + body
	head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(body), 1, 0, 64,
			   protocol, 0) + source.packed + destination.packed
	return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + body


def tcp(ends, flags, seq, ack=0, data=b""):
	source, port, destination, to = ends
	return ip_packet(source, destination, 6, struct.pack(
		"!HHIIBBHHH", port, to, seq & 0xffffffff, ack & 0xffffffff, 0x50,
		flags, 8192, 0, 0) + data)


# ---- framings: link type, what goes before an IP packet ----

def ether(kind, *tags):
	"""Ethernet, VLAN tags, then what kind() makes of the IP version."""
	def frame(ip):
		return b"\x02" * 6 + b"\x04" * 6 + b"".join(tags) + kind(ip) + ip
	return frame


def ethertype(ip):
	return b"\x86\xdd" if ip[0] >> 4 == 6 else b"\x08\x00"


def ppptype(ip):
	return b"\x00\x57" if ip[0] >> 4 == 6 else b"\x00\x21"


def within(ip, protocol, between=b""):
	"""In an IPv4 packet of two routers."""
	one, other = map(ipaddress.ip_address, ("198.18.0.1", "198.18.0.2"))
	return ip_packet(one, other, protocol, between + ip)


FRAMINGS = {
	"ether": (1, ether(ethertype)),
	"vlan": (1, ether(ethertype, b"\x81\x00\x00\x64")),
	"qinq": (1, ether(ethertype, b"\x88\xa8\x00\x64", b"\x81\x00\x00\x65")),
	"pppoe": (1, ether(lambda ip: b"\x88\x64\x11\x00\x00\x07"
			   + struct.pack("!H", len(ip) + 2) + ppptype(ip))),
	"mpls": (1, ether(lambda ip: b"\x88\x47\x00\x01\x00\x40\x00\x01\x11\x40")),
	"gre": (101, lambda ip: within(ip, 47, b"\0\0" + ethertype(ip))),
	"ip-in-ip": (101, lambda ip: within(ip, 41 if ip[0] >> 4 == 6 else 4)),
	"raw": (101, lambda ip: ip),
	"null": (0, lambda ip: struct.pack("<I", 30 if ip[0] >> 4 == 6 else 2)
		 + ip),
	"sll": (113, lambda ip: b"\0\0\0\1\0\6" + b"\2" * 6 + b"\0\0"
		+ ethertype(ip) + ip),
	"sll2": (276, lambda ip: ethertype(ip) + b"\0\0\0\0\0\2\0\1\0\6"
		 + b"\2" * 6 + b"\0\0" + ip),
}


# ---- files ----

def pcap(link, frames, order="<", nanoseconds=False):
	magic = 0xa1b23c4d if nanoseconds else 0xa1b2c3d4
	parts = [struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, 65535, link)]
	for time_us, data in frames:
		part = time_us % 1000000 * (1000 if nanoseconds else 1)
		parts.append(struct.pack(order + "IIII", time_us // 1000000, part,
					 len(data), len(data)) + data)
	return b"".join(parts)


def block(order, kind, body):
	body += b"\0" * (-len(body) % 4)
	size = struct.pack(order + "I", len(body) + 12)
	return struct.pack(order + "I", kind) + size + body + size


def pcapng(link, frames, order="<", links=None):
	"""Of several interfaces, if their link types are given."""
	parts = [block(order, 0x0a0d0d0a, struct.pack(order + "IHHq", 0x1a2b3c4d,
						      1, 0, -1))]
	parts += [block(order, 1, struct.pack(order + "HHI", one, 0, 65535))
		  for one in links or [link]]
	for time_us, data in frames:
		parts.append(block(order, 6, struct.pack(
			order + "IIIII", 0, time_us >> 32, time_us & 0xffffffff,
			len(data), len(data)) + data))
	return b"".join(parts)


FORMATS = {
	"little-endian": pcap,
	"big-endian": lambda link, frames: pcap(link, frames, ">"),
	"nanoseconds": lambda link, frames: pcap(link, frames, "<", True),
	"pcapng": pcapng,
	"big-endian pcapng": lambda link, frames: pcapng(link, frames, ">"),
	"gzip": lambda link, frames: gzip.compress(pcap(link, frames)),
}


# ---- connections, and what they amount to ----

class Traffic:
	def __init__(self, seed):
		self.draw = random.Random(seed)
		self.packets = []		# time in microseconds, IP packet
		self.truth = collections.Counter()
		self.pairs = set()
		self.now_us = START_US + seed * 1000 * 1000000

	def ends(self, port):
		"""A client and a server that nobody else is."""
		kind = ipaddress.IPv6Address if self.draw.random() < 0.3 else \
			ipaddress.IPv4Address
		room = 1 << 96 if kind is ipaddress.IPv6Address else 1 << 24
		base = 0x2001 << 112 if room > 1 << 24 else 100 << 24
		client, server = (kind(base + self.draw.randrange(room))
				  for _ in range(2))
		return client, self.draw.randrange(1024, 60000), server, port

	def put(self, packet, wait_us=1000):
		self.now_us += wait_us
		self.packets.append((self.now_us, packet))

	def count(self, port, *fields):
		for field in fields:
			self.truth[port, field] += 1

	def open(self, ends, seq, wait_us=1000, new=True):
		self.put(tcp(ends, SYN, seq), wait_us)
		self.count(ends[3], "syns", *["attempts"] * new)
		if (ends[0], ends[2], ends[3]) not in self.pairs:
			self.pairs.add((ends[0], ends[2], ends[3]))
			self.count(ends[3], "pairs")

	def establish(self, ends, seq, back_seq):
		self.open(ends, seq)
		self.put(tcp(turned(ends), SYN | ACK, back_seq, seq + 1))
		self.put(tcp(ends, ACK, seq + 1, back_seq + 1))
		self.count(ends[3], "answered", "established")

	def talk(self, ends, lines):
		"""(from client?, bytes), each in segments cut anywhere."""
		seq, back_seq = (self.draw.randrange(1 << 32) for _ in range(2))
		self.establish(ends, seq, back_seq)
		at = {True: seq + 1, False: back_seq + 1}
		for from_client, data in lines:
			cut = self.draw.randrange(len(data) + 1)
			for part in filter(None, (data[:cut], data[cut:])):
				self.put(tcp(ends if from_client else turned(ends),
					     PSH | ACK, at[from_client],
					     at[not from_client], part))
				at[from_client] += len(part)
		self.put(tcp(ends, FIN | ACK, at[True], at[False]))


def turned(ends):
	return ends[2], ends[3], ends[0], ends[1]


# A function each, whose first argument is the traffic.

def unanswered(t, port):
	ends, seq = t.ends(port), t.draw.randrange(1 << 32)
	t.open(ends, seq)
	for wait_s in (1, 2, 4):
		t.open(ends, seq, wait_s * 1000000, new=False)
	t.count(port, "unanswered")


def refused(t, port):
	ends, seq = t.ends(port), t.draw.randrange(1 << 32)
	t.open(ends, seq)
	t.put(tcp(turned(ends), RST | ACK, 0, seq + 1))
	t.count(port, "refused")


def icmp_refused(t, port):
	ends, seq = t.ends(port), t.draw.randrange(1 << 32)
	t.open(ends, seq)
	quoted = tcp(ends, SYN, seq)
	body = bytes([3, 13] if ends[0].version == 4 else [1, 1]) + b"\0" * 6 \
		+ quoted[:28 if ends[0].version == 4 else 60]
	t.put(ip_packet(ends[2], ends[0], 1, body))
	t.count(port, "icmp_refused")


def half_open(t, port):
	ends, seq = t.ends(port), t.draw.randrange(1 << 32)
	t.open(ends, seq)
	t.put(tcp(turned(ends), SYN | ACK, 7, seq + 1))
	t.count(port, "answered", "half_open")


def same_ends_again(t, port):
	"""within 3 s with another number it is the same attempt, later it is not"""
	ends = t.ends(port)
	t.open(ends, 1000)
	t.open(ends, 2000, 2000000, new=False)
	t.open(ends, 3000, 4000000)
	t.open(ends, 3000, 170000000, new=False)
	t.open(ends, 3000, 190000000)
	for _ in range(3):
		t.count(port, "unanswered")


def stray(t, port):
	"""a conversation whose start was not seen is no attempt"""
	ends = t.ends(port)
	t.put(tcp(ends, PSH | ACK, 77, 99, b"NOOP\r\n"))
	t.count(port, "midstream")


def other_port(t, port):
	"""no mail at all"""
	t.put(tcp(t.ends(8000 + port % 1000), SYN, 1))


def tls(t, port):
	t.talk(t.ends(port), [(True, HELLO + b"\1" * 40), (False, HELLO)])
	t.count(port, "implicit_tls")


BANNERS = {110: b"+OK ready\r\n", 995: b"+OK ready\r\n",
	   143: b"* OK ready\r\n", 993: b"* OK ready\r\n"}
LOGINS = {110: [b"USER a\r\n", b"PASS b\r\n"], 995: [b"USER a\r\n"],
	  143: [b"a1 LOGIN a b\r\n"], 993: [b"a1 LOGIN a b\r\n"]}
STARTS = {110: b"STLS\r\n", 995: b"STLS\r\n", 143: b"a1 STARTTLS\r\n",
	  993: b"a1 STARTTLS\r\n"}
AGREES = {110: b"+OK\r\n", 995: b"+OK\r\n", 143: b"a1 OK\r\n",
	  993: b"a1 OK\r\n"}


def login(t, port):
	lines = [(False, BANNERS.get(port, b"220 here ESMTP\r\n"))]
	for line in LOGINS.get(port, [b"EHLO me\r\n", b"AUTH PLAIN AGEAYg==\r\n"]):
		lines.append((True, line))
	t.talk(t.ends(port), lines)
	t.count(port, "banner", "cleartext_auth")


def starttls(t, port):
	t.talk(t.ends(port), [
		(False, BANNERS.get(port, b"220 here ESMTP\r\n")),
		(True, STARTS.get(port, b"STARTTLS\r\n")),
		(False, AGREES.get(port, b"220 go ahead\r\n")),
		(True, HELLO + b"\2" * 30), (False, HELLO)])
	t.count(port, "banner", "starttls", "starttls_tls")


KINDS = (unanswered, refused, icmp_refused, half_open, same_ends_again, stray,
	 other_port, tls, login, starttls)
PORTS = (25, 465, 587, 2525, 110, 143, 993, 995)


def traffic(seed):
	t = Traffic(seed)
	tasks = [(kind, port) for kind in KINDS for port in PORTS]
	t.draw.shuffle(tasks)
	for kind, port in tasks:
		kind(t, port)
	return t


# ---- the claims ----

def replay(*files, text=None):
	done = subprocess.run([MAILWALL, "replay", "--json", "--top", "0",
			       *map(str, files)], input=text,
			      capture_output=True, timeout=120)
	lines = done.stdout.decode().splitlines()
	return done.returncode, json.loads(lines[-1]) if lines else {}, \
		done.stderr.decode()


def differences(truth, summary):
	ours = summary.get("ports", {})
	return [f"port {port} {field}: truth {truth[port, field]}, ours "
		f"{ours.get(str(port), {}).get(field)}"
		for port in PORTS for field in FIELDS
		if truth[port, field] != ours.get(str(port), {}).get(field)]


def claim(text, code, wanted_code, wrong, said):
	if code != wanted_code:
		wrong = [f"exit {code}, not {wanted_code}: {said}", *wrong]
	print(f"{'not ok' if wrong else 'ok'} - {text}")
	for line in wrong[:20]:
		print(f"# {line}")
	sys.stdout.flush()
	return not wrong


def framed(framing, t):
	link, frame = FRAMINGS[framing]
	return link, [(time_us, frame(ip)) for time_us, ip in t.packets]


def each_framing_and_format(folder):
	forms = list(FORMATS)
	for number, framing in enumerate(FRAMINGS):
		form = forms[number % len(forms)]
		t, path = traffic(number), folder / f"{number}.pcap"
		path.write_bytes(FORMATS[form](*framed(framing, t)))
		code, summary, said = replay(path)
		yield claim(f"counts are right in {framing}, {form}", code, 0,
			    differences(t.truth, summary), said)


def several_files(folder):
	truth, paths = collections.Counter(), []
	for number, form in enumerate(FORMATS):
		t = traffic(100 + number)	# the times overlap
		paths.append(folder / f"many{number}.pcap")
		paths[-1].write_bytes(FORMATS[form](*framed("ether", t)))
		truth += t.truth
	code, summary, said = replay(*reversed(paths))
	yield claim("counts of several files add up, in any order", code, 0,
		    differences(truth, summary), said)


def standard_input(folder):
	t = traffic(7)
	for form in ("little-endian", "gzip"):
		code, summary, said = replay(
			"-", text=FORMATS[form](*framed("vlan", t)))
		yield claim(f"counts are right from a pipe, {form}", code, 0,
			    differences(t.truth, summary), said)


def bad_files(folder):
	t = traffic(9)
	good = folder / "good.pcap"
	good.write_bytes(pcap(*framed("ether", t)))
	bad = {
		"cut short": (good.read_bytes()[:-7], "ends in the middle"),
		"empty": (b"", "is empty"),
		"no capture": (b"#!/bin/sh\n" * 9, "is not a pcap"),
		"of two link types": (pcapng(1, [(START_US, b"")], links=[1, 101]),
				      "different link types"),
	}
	for name, (content, sentence) in bad.items():
		path = folder / f"{name}.pcap"
		path.write_bytes(content)
		code, summary, said = replay(path, *[good] * (name != "cut short"))
		wrong = [] if f"{path}: " in said and sentence in said else \
			[f"it says: {said}"]
		if name != "cut short":
			wrong += differences(t.truth, summary)
		yield claim(f"a file that is {name} is said, the others are read",
			    code, 3, wrong, said)


def two_devices(_):
	"""tcpdump -i any on a router, which saw three connections twice."""
	code, summary, said = replay(HERE / "two-devices.pcap")
	ours = summary.get("ports", {}).get("25", {})
	wrong = [f"{field}: {ours.get(field)}, not 3"
		 for field in ("syns", "attempts", "answered")
		 if ours.get(field) != 3]
	yield claim("a SYN that two devices saw counts once", code, 0, wrong,
		    said)


def explained(folder):
	"""A source walks through thirty networks, beside one that does not."""
	def syn(i, source, to):
		ends = (ipaddress.ip_address(source), 4000 + i,
			ipaddress.ip_address(to), 25)
		return (START_US + i * 1_000_000,
			ether(ethertype)(tcp(ends, SYN, 7 * i)))
	frames = [f for i in range(30)
		  for f in (syn(i, "192.0.2.1", f"8.{i + 1}.0.1"),
			    syn(i, "192.0.2.2", "9.1.0.1"))]
	path = folder / "walk.pcap"
	path.write_bytes(pcap(1, frames))
	def events(*more):
		done = subprocess.run([MAILWALL, "replay", "--json", "--no-warmup",
				       *more, str(path)], text=True,
				      capture_output=True)
		return done.returncode, [json.loads(line) for line
					 in done.stdout.splitlines()]
	code, asked = events("--why", "192.0.2.1")
	_, plain = events()
	steps = [e for e in asked if e["event"] == "step"]
	last, wrong = {}, []
	for step in steps:
		if step["before"] != last.get(step["detector"], 0):
			wrong.append(f"does not go on from the one before: {step}")
		last[step["detector"]] = step["after"]
	found = [(s["time"], s["detector"]) for s in steps if s["found"]]
	named = [(f["time"], f["detector"]) for f in plain
		 if f["event"] == "finding"]
	if found != named or not found:
		wrong.append(f"findings {named}, told {found}")
	if [e for e in asked if e["event"] != "step"] != plain:
		wrong.append("other events differ")
	if not {s["seen"] for s in steps} >= {"a new network",
					      "time that passed"}:
		wrong.append("what was seen is not told")
	if not all(f["systems"] == ["scanner"] for f in plain
		   if f["event"] in ("finding", "source")):
		wrong.append("SYNs without options are not a scanner's")
	yield claim("each step of a source that is asked about is told, and "
		    "nothing else changes", code, 0, wrong, "")
	code, none = events("--why", "192.0.2.9")
	yield claim("a source that was not seen has no step", code, 0,
		    [e for e in none if e["event"] == "step"], "")
	done = subprocess.run([MAILWALL, "replay", "--why", "192.0.2.0/24",
			       str(path)], text=True, capture_output=True)
	wrong = [] if '"192.0.2.0/24" is no source' in done.stderr else ["?"]
	yield claim("a prefix is no source to ask about", done.returncode, 2,
		    wrong, done.stderr)


def main():
	with tempfile.TemporaryDirectory() as folder:
		outcomes = [good for part in (each_framing_and_format, several_files,
					      standard_input, bad_files,
					      two_devices, explained)
			    for good in part(pathlib.Path(folder))]
	return 0 if all(outcomes) else 1


if __name__ == "__main__":
	sys.exit(main())

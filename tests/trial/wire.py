"""SYNs through a router, and the kernel's own figure of a trial's deadline.

The router is this namespace; "client" and "server" are two more. A packet
carries its number, so that what came out tells what was let through.
"""

import contextlib
import ctypes
import os
import socket
import struct
import subprocess
import threading
import time

LIBC = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNET = 0x40000000
MAC = {"client": "02:00:00:00:00:02", "c0": "02:00:00:00:00:01",
       "server": "02:00:00:00:01:02", "s0": "02:00:00:00:01:01"}
SERVER = {4: "10.9.0.2", 6: "2001:db8:9::2"}


@contextlib.contextmanager
def namespace(name):
	here = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
	there = os.open(f"/run/netns/{name}", os.O_RDONLY)
	try:
		assert not LIBC.setns(there, CLONE_NEWNET)
		yield
	finally:
		LIBC.setns(here, CLONE_NEWNET)
		os.close(here)
		os.close(there)


def ip(*words, ns=None):
	subprocess.run(["ip", *(["-n", ns] if ns else []), *" ".join(words).split()],
		       check=True)


def build():
	for name, device, net in (("client", "c0", 8), ("server", "s0", 9)):
		ip("netns add", name)
		ip(f"link add {device} address {MAC[device]} type veth peer name eth0 "
		   f"address {MAC[name]} netns {name}")
		ip("link set eth0 up", ns=name)
		ip(f"addr add 10.{net}.0.1/24 dev {device}")
		ip(f"addr add 2001:db8:{net}::1/64 dev {device} nodad")
		ip("link set", device, "up")
	ip(f"neigh add {SERVER[4]} lladdr {MAC['server']} dev s0 nud permanent")
	ip(f"neigh add {SERVER[6]} lladdr {MAC['server']} dev s0 nud permanent")
	ip("route add 10.1.0.0/16 dev c0")
	ip("route add 2001:db8:1::/48 dev c0")
	for path in ("ipv4/ip_forward", "ipv6/conf/all/forwarding"):
		with open(f"/proc/sys/net/{path}", "w") as f:
			f.write("1")


def checksum(data):
	total = sum(struct.unpack(f"!{len(data) // 2}H", data))
	while total >> 16:
		total = (total & 0xffff) + (total >> 16)
	return ~total & 0xffff


def raw_mac(name):
	return bytes.fromhex(MAC[name].replace(":", ""))


def frame(source, port, number):
	"""A SYN whose sequence number is the packet's number."""
	family = 6 if ":" in source else 4
	kind = socket.AF_INET6 if family == 6 else socket.AF_INET
	ends = (socket.inet_pton(kind, source) +
		socket.inet_pton(kind, SERVER[family]))
	head = struct.pack("!HHIIBBHHH", 30000, port, number, 0, 0x50, 2, 1024, 0, 0)
	pseudo = ends + struct.pack("!HH", 6, 20) + head
	tcp = head[:16] + struct.pack("!H", checksum(pseudo)) + head[18:]
	ether = raw_mac("c0") + raw_mac("client")
	if family == 6:
		return (ether + b"\x86\xdd" +
			struct.pack("!IHBB", 6 << 28, 20, 6, 64) + ends + tcp)
	packet = struct.pack("!BBHHHBBH", 0x45, 0, 40, 0, 0, 64, 6, 0) + ends
	return (ether + b"\x08\x00" + packet[:10] +
		struct.pack("!H", checksum(packet)) + packet[12:] + tcp)


class Wire:
	def __init__(self):
		self.number = 0
		with namespace("client"):
			self.out = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
			self.out.bind(("eth0", 0))
		with namespace("server"):
			self.came = socket.socket(socket.AF_PACKET, socket.SOCK_RAW,
						  socket.htons(3))
			self.came.setsockopt(socket.SOL_SOCKET, 33, 1 << 26)
			self.came.bind(("eth0", 0))
			self.came.setblocking(False)

	def send(self, source, port):
		self.number += 1
		self.out.send(frame(source, port, self.number))
		return self.number

	def drain(self):
		"""Numbers of the SYNs that came out since the last call."""
		passed = set()
		time.sleep(0.02)
		while True:
			try:
				packet = self.came.recv(2048)
			except BlockingIOError:
				return passed
			at = 54 if packet[12:14] == b"\x86\xdd" else 34
			if len(packet) >= at + 20 and packet[at + 13] == 2:
				passed.add(struct.unpack("!I", packet[at + 4:at + 8])[0])

	def passed(self, source, port, n=5):
		"""How many of n SYNs pass."""
		self.drain()
		sent = {self.send(source, port) for _ in range(n)}
		return len(sent & self.drain())


class Stream:
	"""A SYN each millisecond, with the time at which it was sent."""

	def __init__(self, wire, source, port, every_s=0.001):
		self.wire, self.source, self.port = wire, source, port
		self.every_s, self.times, self.ends = every_s, {}, False

	def __enter__(self):
		self.wire.drain()
		self.thread = threading.Thread(target=self.run)
		self.thread.start()
		return self

	def run(self):
		while not self.ends:
			now = time.monotonic()
			self.times[self.wire.send(self.source, self.port)] = now
			time.sleep(self.every_s)

	def __exit__(self, *_):
		self.ends = True
		self.thread.join()
		self.passed = self.wire.drain() & set(self.times)

	def go_on(self, after, n):
		"""Goes on until n SYNs were sent after a time, however busy it is."""
		while sum(t > after for t in list(self.times.values())[-n:]) < n:
			time.sleep(0.005)

	def first_passed(self, after):
		"""The time of the first SYN that passed after a time."""
		return min((self.times[n] for n in self.passed
			    if self.times[n] > after), default=None)

	def last_lost(self, after):
		"""The time of the last SYN that was lost after a time."""
		return max(t for n, t in self.times.items()
			   if t > after and n not in self.passed)

	def lost(self, after, before):
		return sum(after < t < before and n not in self.passed
			   for n, t in self.times.items())


# ---- the element of a trial, by netlink ----

def attribute(kind, data):
	size = len(data) + 4
	return struct.pack("=HH", size, kind) + data + b"\0" * (-size % 4)


def attributes(data):
	at = 0
	while at + 4 <= len(data):
		size, kind = struct.unpack_from("=HH", data, at)
		yield kind & 0x3fff, data[at + 4:at + size]
		at += (size + 3) & ~3


def message(kind, flags, sequence, family, body):
	head = struct.pack("=IHHII", 20 + len(body), kind, flags, sequence, 0)
	return head + struct.pack("=BBH", family, 0,
				  socket.htons(10) if kind in (16, 17) else 0) + body


def element(timeout_ms=None):
	key = attribute(0x8001, attribute(1, b"\x06"))
	if timeout_ms is not None:
		key += attribute(4, struct.pack("!Q", timeout_ms))
	return attribute(0x8003, attribute(0x8001, key))


def place():
	return attribute(1, b"mailwall\0") + attribute(2, b"armed\0")


def netlink():
	return socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12)


def arm(timeout_ms):
	"""Puts the element there, and returns the times around that."""
	with netlink() as s:
		batch = (message(16, 1, 1, 0, b"") +
			 message(0xa0c, 0x405, 2, 1, place() + element(timeout_ms)) +
			 message(17, 1, 3, 0, b""))
		before = time.monotonic()
		s.send(batch)
		answer = s.recv(65536)
		after = time.monotonic()
	error, = struct.unpack_from("=i", answer, 16)
	if error:
		raise OSError(-error, os.strerror(-error))
	return before, after


def left_ms():
	"""Milliseconds that the element has, as the kernel says; None: gone."""
	with netlink() as s:
		s.send(message(0xa0d, 0x301, 1, 1, place()))
		answer = s.recv(65536)
	kind, = struct.unpack_from("=H", answer, 4)
	if kind != 0xa0c:
		return None
	size, = struct.unpack_from("=I", answer)
	for kind, data in attributes(answer[20:size]):
		for _, one in attributes(data) if kind == 3 else ():
			for what, value in attributes(one):
				if what == 5:
					return struct.unpack("!Q", value)[0] or None
	return None


def deadline():
	"""The time at which the element runs out, as far as it can be read."""
	for _ in range(20):
		before = time.monotonic()
		left = left_ms()
		after = time.monotonic()
		if left is not None and after - before < 0.002:
			return (before + after) / 2 + left / 1000
	raise OSError("the element ran out before its time could be read")

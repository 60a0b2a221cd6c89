#!/usr/bin/env python3
"""Conversations on port 25 whose every packet is in fragments.

A client and a server that are real; what the client's kernel sends goes
through a cutter (a tun device and a packet socket), which makes fragments of
it in one way. Without rules each way that Linux puts together is a whole
conversation. Under a policy that blocks port 25 the server hears nothing in
any of them; under one that allows it those whose first fragment holds the
flags are whole. The claims are the first lines of the functions.
"""

import concurrent.futures
import contextlib
import fcntl
import os
import select
import socket
import struct
import sys
import tempfile
import threading

sys.dont_write_bytecode = True

import frames as f
import lab
import packets

TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 1, 0x1000
DEVICE_BYTES = 1500
PATIENCE_S = 4 * lab.PATIENCE
SOURCES = {"cloud-25": ("10.1.2.3", "2001:db8:7000:3::3"),
	   "residential": ("100.64.3.3", "2001:db8:4000:3::3")}
FAMILIES = {4: socket.AF_INET, 6: socket.AF_INET6}
SAID = b"EHLO client.example\r\nMAIL FROM:<a@client.example>\r\n" \
	b"RCPT TO:<b@server.example>\r\nDATA\r\n" + b"x" * 300 + b"\r\n.\r\n"
HEARD = 5			# replies to SAID, with the greeting before them

# Family, bytes of each fragment, options before TCP, the last one first.
CUTS = [(family, size, options, backwards)
	for family in (4, 6) for size in (8, 16, 24, 64)
	for options in ((0,) if family == 4 else (0, 1, 2))
	for backwards in (False, True)]
# Linux wants the whole header of TCP in the first fragment of IPv6; of IPv4 the
# rules want the flags there.
WHOLE = [(family, size, options, backwards)
	 for family, size, options, backwards in CUTS
	 if size >= (16 if family == 4 else 8 * options + 20)]


def name_of(cut):
	family, size, options, backwards = cut
	return (f"v{family} in {size}s" + f", {options} options" * (options > 0)
		+ ", last first" * backwards)


# ---- the cutter ----

def cut_packet(packet, cut, number):
	"""The fragments of a packet of the client's kernel."""
	family, size, options, backwards = cut
	if family == 4:
		source, target = packet[12:16], packet[16:20]
		make = lambda data, **how: f.ip4(
			socket.inet_ntop(socket.AF_INET, source),
			socket.inet_ntop(socket.AF_INET, target), packet[9],
			data, **how)
		data = packet[(packet[0] & 15) * 4:]
		pieces = f.cut4(make, data, [size] * (len(data) // size),
				number)
	else:
		addresses = [socket.inet_ntop(socket.AF_INET6, packet[at:at + 16])
			     for at in (8, 24)]
		data, following = packet[40:], packet[6]
		for _ in range(options):
			data = f.options6(following) + data
			following = f.OPTIONS
		pieces = f.cut6(*addresses, following, data,
				[size] * (len(data) // size), number)
	return pieces[::-1] if backwards else pieces


class Cutter(threading.Thread):
	"""Takes the client's packets off a tun device, and sends their pieces."""

	def __init__(self, stage):
		super().__init__(daemon=True)
		self.stage, self.number = stage, 0
		self.cuts = {}		# by the client's port
		with packets.inside("client"):
			self.tun = os.open("/dev/net/tun", os.O_RDWR)
			fcntl.ioctl(self.tun, TUNSETIFF, struct.pack(
				"16sH22x", b"cut0", IFF_TUN | IFF_NO_PI))
		orders = [f"link set cut0 up mtu {DEVICE_BYTES}"]
		orders += [f"route replace {packets.TARGET[family]} dev cut0"
			   for family in (4, 6)]
		stage.lab.must("client", ["ip", "-batch", "-"],
			       "\n".join(orders) + "\n")
		self.start()

	def run(self):
		while True:
			packet = os.read(self.tun, 65536)
			tcp = (packet[0] & 15) * 4 if packet[0] >> 4 == 4 else 40
			cut = self.cuts.get(int.from_bytes(packet[tcp:tcp + 2], "big"))
			if not cut or cut[0] != packet[0] >> 4:
				continue
			self.number += 1
			self.stage.send(cut_packet(packet, cut, self.number), True)


# ---- the conversation ----

class Server(threading.Thread):
	"""A mail server; peers: the ports of those who got through."""

	def __init__(self, family):
		super().__init__(daemon=True)
		self.peers = []
		with packets.inside("outside"):
			self.socket = socket.socket(FAMILIES[family])
			self.socket.setsockopt(socket.SOL_SOCKET,
					       socket.SO_REUSEPORT, 1)
			self.socket.setsockopt(socket.SOL_SOCKET,
					       socket.SO_REUSEADDR, 1)
			if family == 6:
				self.socket.setsockopt(socket.IPPROTO_IPV6,
						       socket.IPV6_V6ONLY, 1)
			self.socket.bind((packets.TARGET[family], 25))
			self.socket.listen(64)
		self.start()

	def run(self):
		while True:
			peer, address = self.socket.accept()
			threading.Thread(target=self.talk, daemon=True,
					 args=(peer, address[1])).start()

	def talk(self, peer, port):
		self.peers.append(port)
		with peer, contextlib.suppress(OSError):
			peer.settimeout(20)
			peer.sendall(b"220 server.example\r\n")
			data = b""
			while not data.endswith(b"\r\n.\r\n"):
				more = peer.recv(4096)
				if not more:
					return
				data += more
			for line in (b"250 a", b"250 b", b"250 c", b"354 d"):
				peer.sendall(line + b"\r\n")


class Scene:
	def __init__(self, stage):
		self.stage, self.cutter = stage, Cutter(stage)
		self.servers = {family: Server(family) for family in (4, 6)}

	def client(self, cut, source):
		"""A socket whose packets will be cut so."""
		family = cut[0]
		with packets.inside("client"):
			client = socket.socket(FAMILIES[family])
		client.settimeout(PATIENCE_S)
		client.bind((source[family == 6], 0))
		self.cutter.cuts[client.getsockname()[1]] = cut
		return client

	def converse(self, client, cut):
		"""What became of it: whole, half or nothing."""
		port, got = client.getsockname()[1], b""
		with client, contextlib.suppress(OSError):
			client.connect((packets.TARGET[cut[0]], 25))
			got = client.recv(4096)
			client.sendall(SAID)
			while got.count(b"\n") < HEARD:
				more = client.recv(4096)
				if not more:
					break
				got += more
		if got.count(b"\n") == HEARD:
			return "whole"
		return "half" if got or port in self.servers[cut[0]].peers \
			else "nothing"

	def try_all(self, source, cuts=CUTS):
		"""{cut: what became of its conversation}, all at the same time."""
		clients = [self.client(cut, source) for cut in cuts]
		with concurrent.futures.ThreadPoolExecutor(len(cuts)) as pool:
			return dict(zip(cuts, pool.map(self.converse, clients,
						       cuts)))


def expect(fates, wanted):
	wrong = [f"{name_of(cut)}: {fate}, not {wanted(cut)}"
		 for cut, fate in fates.items() if fate != wanted(cut)]
	if wrong:
		raise lab.LabError("\n".join(wrong))


# ---- the claims ----

def without_rules(scene):
	"""without rules conversations in fragments are whole, hidden ones as well"""
	fates = scene.try_all(SOURCES["cloud-25"])
	hidden = (6, 8, 2, False)	# no map of ports sees this one
	lost = [name_of(cut) for cut in [*WHOLE, hidden]
		if fates[cut] != "whole"]
	if lost:
		raise lab.LabError("not whole: " + "; ".join(lost))


def blocked(scene):
	"""a server hears nothing of those whom cloud-25 or residential blocks"""
	for name, source in SOURCES.items():
		text = (packets.table.SHIPPED / f"{name}.policy").read_text()
		with packets.loaded(scene.stage, name, text):
			expect(scene.try_all(source), lambda cut: "nothing")


def allowed(scene):
	"""allowed mail in fragments that hold the flags passes, others end"""
	text = (packets.table.SHIPPED / "encrypted-only.policy").read_text()
	with packets.loaded(scene.stage, "encrypted-only", text):
		expect(scene.try_all(SOURCES["residential"]),
		       lambda cut: "whole" if cut in WHOLE else "nothing")


LIMIT = """policy limited
hook forward
outbound {
	limit smtp 1/day per source burst 1 drop
}
"""


def limited(scene):
	"""a limit counts conversations in fragments as it counts others"""
	for cut in WHOLE[::2]:
		source = SOURCES["cloud-25"]
		with packets.loaded(scene.stage, "limited", LIMIT):
			fates = [scene.try_all(source, [cut])[cut]
				 for _ in range(2)]
		if fates != ["whole", "nothing"]:
			raise lab.LabError(f"{name_of(cut)}: {fates}")


def limited_flags(scene):
	"""a limit takes SYN with FIN, with data and in pieces for an opening"""
	rows = [row for row in packets.read_table() if row.shape in (
		"v4 flags SF", "v4 flags SFPUEC", "v6 flags SF", "v4 data",
		"v6 data", "v4 fragments of 16", "v6 fragments of 16")]
	source = dict(zip((4, 6), SOURCES["cloud-25"]))
	for row in rows:
		with packets.loaded(scene.stage, "limited", LIMIT):
			fates = [scene.stage.try_all([row], "forward", source)
				 [row.shape][0] for _ in range(2)]
		if fates[0] == "held" or fates[1] != "held" and \
				"fragments" not in row.shape or \
				fates[1] == "answered":
			raise lab.LabError(f"{row.shape}: {fates}")


def main():
	if not os.path.exists("/dev/net/tun"):
		print("ok - conversations in fragments # SKIP no /dev/net/tun")
		return 0
	lab.enter()
	with packets.Stage("router") as stage:
		return lab.hold((without_rules, blocked, allowed, limited,
				 limited_flags), Scene(stage))


if __name__ == "__main__":
	sys.exit(main())

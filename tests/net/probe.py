"""Dials a list of connections at once and says what became of each.

Standard input is a JSON list of attempts, each an object with
	id		returned as it came
	dials		list of [source address, destination address, port], one
			after the other
	sport		source port, 0 for any
	mark		the socket's mark, 0 for none
	uid, gid	whose connection it is
Standard output is a list of {"id": ..., "fates": [...]}, a fate for each dial:
	connected			the server saw both addresses as dialled
	redirected ADDRESS		another one answered
	masked ADDRESS			the server saw another source address
	reset				a RST to the SYN
	icmp				administratively prohibited
	icmp TYPE/CODE			another ICMP error
	silence				nothing came, SILENCE_S long
	cut, stalled			connected, then reset or silence: no policy asks
					for that
	error TEXT			the dialler's own trouble
"""

import asyncio
import contextlib
import errno
import json
import os
import resource
import socket
import struct
import sys

SILENCE_S = 1.5			# more than the first retransmission, 1 s
AT_ONCE = int(os.environ.get("MAILWALL_AT_ONCE", 500))	# fewer on a slow machine

IP_RECVERR = 11
IPV6_RECVERR = 25
IP_BIND_ADDRESS_NO_PORT = 24
FROM_ICMP = (2, 3)		# SO_EE_ORIGIN_ICMP, SO_EE_ORIGIN_ICMP6
PROHIBITED = {socket.AF_INET: (3, 13), socket.AF_INET6: (1, 1)}


@contextlib.contextmanager
def acting_as(uid, gid):
	"""The owner of a socket is who opened it: only that is done in here."""
	os.setresgid(-1, gid, -1)
	os.setresuid(-1, uid, -1)
	try:
		yield
	finally:
		os.setresuid(-1, 0, -1)
		os.setresgid(-1, 0, -1)


def open_socket(attempt, source):
	family = socket.AF_INET6 if ":" in source else socket.AF_INET
	with acting_as(attempt["uid"], attempt["gid"]):
		sock = socket.socket(family, socket.SOCK_STREAM)
	sock.setblocking(False)
	if attempt["mark"]:
		sock.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, attempt["mark"])
	if attempt["sport"]:
		sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
	else:
		sock.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
	if family == socket.AF_INET:
		sock.setsockopt(socket.IPPROTO_IP, IP_RECVERR, 1)
	else:
		sock.setsockopt(socket.IPPROTO_IPV6, IPV6_RECVERR, 1)
	sock.bind((source, attempt["sport"]))
	return sock


def icmp_of(sock):
	"""The (type, code) of the ICMP error in the socket's error queue, or None."""
	try:
		_, controls, _, _ = sock.recvmsg(512, 512, socket.MSG_ERRQUEUE)
	except OSError:
		return None
	for level, kind, data in controls:
		if (level, kind) in ((socket.IPPROTO_IP, IP_RECVERR),
				     (socket.IPPROTO_IPV6, IPV6_RECVERR)):
			origin, icmp_type, code = struct.unpack_from("4xBBB", data)
			if origin in FROM_ICMP:
				return icmp_type, code
	return None


def fate_of_refusal(sock, error):
	icmp = icmp_of(sock)
	if icmp == PROHIBITED[sock.family]:
		return "icmp"
	if icmp:
		return "icmp %d/%d" % icmp
	if error.errno == errno.ECONNREFUSED:
		return "reset"
	return f"error {error.strerror}"


def fate_of_line(line, source, destination, port):
	_, local, local_port, peer, _ = line.split()
	if (local, local_port) != (destination, str(port)):
		return f"redirected {local}"
	if peer != source:
		return f"masked {peer}"
	return "connected"


async def read_line(loop, sock):
	line = b""
	while not line.endswith(b"\n"):
		some = await loop.sock_recv(sock, 512)
		if not some:
			raise ConnectionResetError
		line += some
	return line.decode()


async def dial(loop, attempt, source, destination, port):
	try:
		sock = open_socket(attempt, source)
	except OSError as error:
		return f"error {error.strerror}"
	with sock:
		try:
			await asyncio.wait_for(
				loop.sock_connect(sock, (destination, port)), SILENCE_S)
		except asyncio.TimeoutError:
			return "silence"
		except OSError as error:
			return fate_of_refusal(sock, error)
		try:
			line = await asyncio.wait_for(read_line(loop, sock), SILENCE_S)
		except asyncio.TimeoutError:
			return "stalled"
		except OSError:
			return "cut"
		return fate_of_line(line, source, destination, port)


async def follow(loop, turn, attempt):
	async with turn:
		fates = [await dial(loop, attempt, *where)
			 for where in attempt["dials"]]
	return {"id": attempt["id"], "fates": fates}


async def probe(attempts):
	loop = asyncio.get_running_loop()
	turn = asyncio.Semaphore(AT_ONCE)
	return await asyncio.gather(*(follow(loop, turn, attempt)
				      for attempt in attempts))


most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
json.dump(asyncio.run(probe(json.load(sys.stdin))), sys.stdout)

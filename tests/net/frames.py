"""Packets byte by byte, also those that no socket would send.

Headers follow RFC 791, 8200, 9293; everything is written as it is named, so a
wrong length or checksum is a parameter and not an accident.
"""

import ipaddress
import struct

IPV4, IPV6, ARP = 0x0800, 0x86DD, 0x0806
VLAN, QINQ, PPPOE, MPLS = 0x8100, 0x88A8, 0x8864, 0x8847
TCP, UDP = 6, 17
HOP_BY_HOP, ROUTING, FRAGMENT, AUTHENTICATION, NOTHING, OPTIONS = (
	0, 43, 44, 51, 59, 60)
FIN, SYN, RST, PSH, ACK, URG, ECE, CWR = (1 << bit for bit in range(8))
MSS = b"\2\4\5\264"		# 1460


def packed(address):
	return ipaddress.ip_address(address).packed


def checksum(data):
	"""RFC 1071."""
	if len(data) % 2:
		data += b"\0"
	total = sum(struct.unpack(f"!{len(data) // 2}H", data))
	while total >> 16:
		total = (total & 0xFFFF) + (total >> 16)
	return ~total & 0xFFFF


def pseudo(source, target, protocol, length):
	a, b = packed(source), packed(target)
	if len(a) == 4:
		return a + b + struct.pack("!HH", protocol, length)
	return a + b + struct.pack("!II", length, protocol)


def tcp(source, target, sport, dport, seq, flags=SYN, options=MSS, data=b"",
	header=None, right=True):
	"""A segment; header: its length in words where that is not so."""
	options += b"\0" * (-len(options) % 4)
	words = header if header is not None else 5 + len(options) // 4
	text = struct.pack("!HHIIBBHHH", sport, dport, seq, 0, words << 4,
			   flags, 64240, 0, 0) + options + data
	total = checksum(pseudo(source, target, TCP, len(text)) + text)
	if not right:
		total ^= 0x5555
	return text[:16] + struct.pack("!H", total) + text[18:]


def udp(source, target, sport, dport, data):
	text = struct.pack("!HHHH", sport, dport, 8 + len(data), 0) + data
	total = checksum(pseudo(source, target, UDP, len(text)) + text) or 0xFFFF
	return text[:6] + struct.pack("!H", total) + text[8:]


def ip4(source, target, protocol, data, options=b"", number=1, offset=0,
	more=False, ttl=64, version=4, header=None, length=None, right=True,
	dont=False):
	"""offset in bytes; length: the total where that is not so."""
	options += b"\0" * (-len(options) % 4)
	words = header if header is not None else 5 + len(options) // 4
	total = length if length is not None else 20 + len(options) + len(data)
	bits = offset // 8 | (0x2000 if more else 0) | (0x4000 if dont else 0)
	text = struct.pack("!BBHHHBBH", version << 4 | words, 0, total, number,
			   bits, ttl, protocol, 0) \
		+ packed(source) + packed(target) + options
	total = checksum(text)
	if not right:
		total ^= 0x5555
	return text[:10] + struct.pack("!H", total) + text[12:] + data


def ip6(source, target, following, data, hops=64, length=None):
	return struct.pack("!IHBB", 6 << 28,
			   len(data) if length is None else length, following,
			   hops) + packed(source) + packed(target) + data


def options6(following, size=8):
	"""Hop-by-hop or destination options, all padding."""
	pads, left = b"", size - 2
	while left:
		some = min(left, 257)
		pads += bytes([1, some - 2]) + b"\0" * (some - 2) if some > 1 \
			else b"\0"
		left -= some
	return bytes([following, size // 8 - 1]) + pads


def routing6(following, kind, left=0, addresses=()):
	body = b"".join(packed(address) for address in addresses)
	return bytes([following, len(body) // 8, kind, left]) + b"\0" * 4 + body


def fragment6(following, offset, more, number):
	return struct.pack("!BBHI", following, 0, offset | bool(more), number)


def authentication(following):
	return bytes([following, 4, 0, 0]) + struct.pack("!II", 1, 1) + b"\0" * 12


def cut4(make, data, sizes, number):
	"""IPv4 fragments of data, the first ones of these sizes.

	make(data, offset=, more=, number=) is the packet of one.
	"""
	pieces, at = [], 0
	for size in [*sizes, len(data)]:
		part = data[at:at + size]
		if part:
			more = at + len(part) < len(data)
			pieces.append(make(part, offset=at, more=more,
					   number=number))
		at += size
	return pieces


def cut6(source, target, following, data, sizes, number, before=None):
	"""IPv6 fragments; before(next) is what stands before the header."""
	pieces, at = [], 0
	for size in [*sizes, len(data)]:
		part = data[at:at + size]
		if part:
			text = fragment6(following, at, at + len(part) < len(data),
					 number) + part
			first = FRAGMENT
			if before:
				first, head = before
				text = head + text
			pieces.append(ip6(source, target, first, text))
		at += size
	return pieces


def vlan(tags, kind, data, outer=VLAN):
	"""What follows the two addresses: the tags, outermost first."""
	out, ethertype = b"", outer
	for tag in tags:
		out += struct.pack("!HH", ethertype, tag)
		ethertype = VLAN
	return out + struct.pack("!H", kind) + data


def pppoe(family, data, short=False):
	protocol = {IPV4: 0x21, IPV6: 0x57}[family]
	ppp = bytes([protocol]) if short else struct.pack("!H", protocol)
	return struct.pack("!BBHH", 0x11, 0, 5, len(ppp + data)) + ppp + data


def mpls(labels, data):
	last = len(labels) - 1
	return b"".join(struct.pack("!I", label << 12 | (at == last) << 8 | 64)
			for at, label in enumerate(labels)) + data


def snap(kind, data):
	text = b"\xaa\xaa\x03\0\0\0" + struct.pack("!H", kind) + data
	return struct.pack("!H", len(text)) + text


def typed(kind, data):
	return struct.pack("!H", kind) + data


def ethernet(target, source, rest):
	"""rest begins with the type."""
	mac = lambda text: bytes.fromhex(text.replace(":", ""))
	frame = mac(target) + mac(source) + rest
	return frame + b"\0" * (60 - len(frame))

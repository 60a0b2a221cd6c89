"""The shapes that a SYN to port 25 can take, and some that are none.

Each is a function of a Case, marked with @shape; it returns the packets: what
follows the two addresses of an Ethernet frame, or, where `raw` says so, whole
IP packets that a socket of the host itself can send as well.
"""

import struct

import frames as f
from frames import SYN, FIN, RST, PSH, ACK, URG, ECE, CWR

SHAPES = {}


class Case:
	"""Whose packet, to whom, with numbers of its own."""

	def __init__(self, number, source, target, router):
		self.number = number
		self.source, self.target = source, target	# {4: , 6: }
		self.router = router				# {4: , 6: }
		self.sport = 20000 + number
		self.seq = 0x5A000A51 + number * 0x1000

	def tcp(self, family=4, dport=25, sport=None, source=None, target=None,
		**how):
		return f.tcp(source or self.source[family],
			     target or self.target[family],
			     sport or self.sport, dport, self.seq, **how)

	def ip4(self, data, protocol=f.TCP, source=None, target=None, **how):
		how.setdefault("number", self.number)
		return f.ip4(source or self.source[4], target or self.target[4],
			     protocol, data, **how)

	def ip6(self, data, following=f.TCP, source=None, target=None, **how):
		return f.ip6(source or self.source[6], target or self.target[6],
			     following, data, **how)

	def cut4(self, data, sizes):
		return f.cut4(self.ip4, data, sizes, self.number)

	def cut6(self, following, data, sizes, before=None, number=None):
		return f.cut6(self.source[6], self.target[6], following, data,
			      sizes, number or self.number, before)


def shape(name, raw=True):
	"""raw: IP packets alone; else what an Ethernet frame holds."""
	def mark(make):
		SHAPES[name] = (make, raw)
		return make
	return mark


def link(name):
	return shape(name, raw=False)


# ---- plain, and flags ----

FLAGS = {"S": SYN, "F": FIN, "R": RST, "P": PSH, "A": ACK, "U": URG, "E": ECE,
	 "C": CWR}


def add_flags(family, name):
	bits = sum(FLAGS[letter] for letter in name if letter in FLAGS)

	@shape(f"v{family} flags {name or 'none'}")
	def _(c):
		segment = c.tcp(family, flags=bits)
		return [c.ip4(segment) if family == 4 else c.ip6(segment)]


for family in (4, 6):
	for name in ("S", "SF", "SE", "SC", "SEC", "SP", "SU", "SPU", "SFP",
		     "SFPUEC", "SR"):
		add_flags(family, name)
for name in ("", "A", "SA", "SFA", "FA", "FPU", "R"):
	add_flags(4, name)


@shape("v4 port 587")
def _(c):
	return [c.ip4(c.tcp(dport=587))]


@shape("v6 port 587")
def _(c):
	return [c.ip6(c.tcp(6, dport=587))]


@shape("v4 from port 25")
def _(c):
	return [c.ip4(c.tcp(sport=25))]


@shape("v6 from port 25")
def _(c):
	return [c.ip6(c.tcp(6, sport=25))]


@shape("v4 from port 25 to 587")
def _(c):
	return [c.ip4(c.tcp(sport=25, dport=587))]


# ---- data and options of TCP ----

@shape("v4 data")
def _(c):
	return [c.ip4(c.tcp(data=b"EHLO x\r\n"))]


@shape("v6 data")
def _(c):
	return [c.ip6(c.tcp(6, data=b"EHLO x\r\n"))]


@shape("v4 fast open, asked")
def _(c):
	return [c.ip4(c.tcp(options=f.MSS + b"\x22\2"))]


@shape("v4 fast open, cookie and data")
def _(c):
	return [c.ip4(c.tcp(options=f.MSS + b"\x22\n12345678", data=b"EHLO x"))]


@shape("v6 fast open, cookie and data")
def _(c):
	return [c.ip6(c.tcp(6, options=f.MSS + b"\x22\n12345678",
			    data=b"EHLO x"))]


@shape("v4 no option of TCP")
def _(c):
	return [c.ip4(c.tcp(options=b""))]


@shape("v4 40 bytes of options of TCP")
def _(c):
	return [c.ip4(c.tcp(options=f.MSS + b"\1" * 36))]


@shape("v4 option of TCP without a length")
def _(c):
	return [c.ip4(c.tcp(options=b"\xfd\0\1\1"))]


@shape("v4 header of TCP too short")
def _(c):
	return [c.ip4(c.tcp(header=4))]


@shape("v4 header of TCP past the end")
def _(c):
	return [c.ip4(c.tcp(header=15))]


@shape("v6 header of TCP too short")
def _(c):
	return [c.ip6(c.tcp(6, header=4))]


@shape("v4 wrong checksum of TCP")
def _(c):
	return [c.ip4(c.tcp(right=False))]


@shape("v6 wrong checksum of TCP")
def _(c):
	return [c.ip6(c.tcp(6, right=False))]


# ---- the IPv4 header ----

OPTIONS4 = {
	"no operation": b"\1" * 40,
	"end of list": b"\0" * 4,
	"record route": b"\7\x27\4" + b"\0" * 36 + b"\0",
	"router alert": b"\x94\4\0\0",
	"timestamp": b"\x44\x0c\5\0" + b"\0" * 8,
	"security": b"\x82\x0b" + b"\0" * 9,
	"unknown": b"\x9e\4\0\0",
	"without a length": b"\x9e\0\0\0",
}

for name, bytes_of in OPTIONS4.items():
	@shape(f"v4 option {name}")
	def _(c, bytes_of=bytes_of):
		return [c.ip4(c.tcp(), options=bytes_of)]


def route4(kind, address, pointer=4):
	return bytes([kind, 7, pointer]) + f.packed(address) + b"\0"


for name, kind in (("loose", 0x83), ("strict", 0x89)):
	@shape(f"v4 {name} source route over the router")
	def _(c, kind=kind):
		segment = c.tcp()
		return [c.ip4(segment, target=c.router[4],
			      options=route4(kind, c.target[4]))]

	@shape(f"v4 {name} source route that is used up")
	def _(c, kind=kind):
		return [c.ip4(c.tcp(),
			      options=route4(kind, c.router[4], pointer=8))]


@shape("v4 loose source route behind no operation")
def _(c):
	return [c.ip4(c.tcp(), target=c.router[4],
		      options=b"\1\1\1\1" + route4(0x83, c.target[4]))]


@shape("v4 loose source route, to 587")
def _(c):
	return [c.ip4(c.tcp(dport=587), target=c.router[4],
		      options=route4(0x83, c.target[4]))]


@shape("v4 wrong checksum of IP")
def _(c):
	return [c.ip4(c.tcp(), right=False)]


@shape("v4 length that ends in TCP's ports")
def _(c):
	return [c.ip4(c.tcp(), length=22)]


@shape("v4 length that ends behind TCP's ports")
def _(c):
	return [c.ip4(c.tcp(), length=24)]


@shape("v4 length that ends behind 8 bytes of TCP")
def _(c):
	return [c.ip4(c.tcp(), length=28)]


@shape("v4 length past the end")
def _(c):
	return [c.ip4(c.tcp(), length=200)]


@link("v4 padding behind the packet")
def _(c):
	return [f.typed(f.IPV4, c.ip4(c.tcp()) + b"\0" * 30)]


@shape("v4 header of four words")
def _(c):
	return [c.ip4(c.tcp(), header=4)]


@shape("v4 header past the end")
def _(c):
	return [c.ip4(c.tcp(), header=15)]


@link("v4 of version 5")
def _(c):
	return [f.typed(f.IPV4, c.ip4(c.tcp(), version=5))]


@shape("v4 one hop left")
def _(c):
	return [c.ip4(c.tcp(), ttl=1)]


@shape("v4 do not fragment")
def _(c):
	return [c.ip4(c.tcp(), dont=True)]


# ---- IPv4 fragments ----

for sizes in ([8], [16], [24], [8, 8], [8, 8, 8]):
	@shape(f"v4 fragments of {' '.join(map(str, sizes))}")
	def _(c, sizes=sizes):
		return c.cut4(c.tcp(options=f.MSS + b"\1" * 12), sizes)

	@shape(f"v4 fragments of {' '.join(map(str, sizes))}, last first")
	def _(c, sizes=sizes):
		return c.cut4(c.tcp(options=f.MSS + b"\1" * 12), sizes)[::-1]


@shape("v4 fragments, the first one twice")
def _(c):
	first, *others = c.cut4(c.tcp(), [16])
	return [first, first, *others]


@shape("v4 fragments, the first one alone")
def _(c):
	return c.cut4(c.tcp(data=b"x" * 40), [24])[:1]


@shape("v4 fragments that overlap: 587, then 25")
def _(c):
	other = c.cut4(c.tcp(dport=587), [16])
	mine = c.cut4(c.tcp(), [16])
	return [other[0], mine[0], mine[1]]


@shape("v4 fragments that overlap: 25, then 587")
def _(c):
	other = c.cut4(c.tcp(dport=587), [16])
	mine = c.cut4(c.tcp(), [16])
	return [mine[0], other[0], mine[1]]


@shape("v4 fragments, the second from byte 8 with other flags")
def _(c):
	"""RFC 3128: the tail of the header is written over."""
	quiet = c.tcp(flags=ACK, data=b"x" * 16)
	loud = c.tcp(data=b"x" * 16)
	first = c.ip4(quiet[:24], more=True)
	return [first, c.ip4(loud[8:], offset=8)]


@shape("v4 fragments with options in the first")
def _(c):
	segment = c.tcp()
	return [c.ip4(segment[:8], more=True, options=b"\1\1\1\1"),
		c.ip4(segment[8:], offset=8)]


@shape("v4 fragments that begin behind byte 0")
def _(c):
	return [c.ip4(c.tcp(), offset=8)]


@shape("v4 first fragment of 8 bytes alone")
def _(c):
	return c.cut4(c.tcp(), [8])[:1]


@shape("v4 first fragment that ends in TCP's flags")
def _(c):
	"""Linux keeps 8 bytes of it: the flags come from the second."""
	quiet = c.tcp(flags=ACK)
	return [c.ip4(quiet[:14], more=True), c.ip4(c.tcp()[8:], offset=8)]


@shape("v4 fragments of 8 to 587")
def _(c):
	return c.cut4(c.tcp(dport=587), [8])


@shape("v4 fragments to 587")
def _(c):
	return c.cut4(c.tcp(dport=587, data=b"x" * 40), [24])


for size in (16, 8):
	@shape("v4 fragments of UDP" + " of 8" * (size == 8))
	def _(c, size=size):
		segment = f.udp(c.source[4], c.target[4], c.sport, 4000,
				struct.pack("!I", c.seq) * 10)
		return f.cut4(lambda data, **how: c.ip4(
			data, protocol=f.UDP, **how), segment, [size], c.number)


# ---- IPv6 extension headers ----

def chained(c, headers, **how):
	"""headers: (number, make(next)) from the outermost on, then TCP."""
	data, following = c.tcp(6, **how), f.TCP
	for number, make in reversed(headers):
		data, following = make(following) + data, number
	return c.ip6(data, following)


HOP = (f.HOP_BY_HOP, f.options6)
OPT = (f.OPTIONS, f.options6)
BIG = (f.OPTIONS, lambda following: f.options6(following, 1024))
ATOM = (f.FRAGMENT, lambda following: f.fragment6(following, 0, False, 77))
ROUTE0 = (f.ROUTING, lambda following: f.routing6(following, 0))
ROUTE2 = (f.ROUTING, lambda following: f.routing6(following, 2))
ROUTE4 = (f.ROUTING, lambda following: f.routing6(following, 4))
AUTH = (f.AUTHENTICATION, f.authentication)

CHAINS6 = {
	"hop-by-hop": [HOP],
	"destination options": [OPT],
	"two destination options": [OPT, OPT],
	"twelve destination options": [OPT] * 12,
	"a kilobyte of options": [BIG],
	"hop-by-hop and options": [HOP, OPT],
	"routing type 0": [ROUTE0],
	"routing type 2": [ROUTE2],
	"routing type 4": [ROUTE4],
	"routing and options": [ROUTE0, OPT],
	"atomic fragment": [ATOM],
	"options and atomic fragment": [OPT, ATOM],
	"atomic fragment and options": [ATOM, OPT],
	"two atomic fragments": [ATOM, ATOM],
	"authentication": [AUTH],
}

for name, headers in CHAINS6.items():
	@shape(f"v6 {name}")
	def _(c, headers=headers):
		return [chained(c, headers)]

def route6(c, kind, left):
	"""One address: the target's, and the last one of the way."""
	return f.ROUTING, lambda following: f.routing6(
		following, kind, left, [c.target[6]])


for kind in (0, 2, 3, 4):
	for left in (0, 1):
		@shape(f"v6 routing type {kind}, segments left {left}")
		def _(c, kind=kind, left=left):
			return [chained(c, [route6(c, kind, left)])]


@shape("v6 routing type 4, segments left 1, to 587")
def _(c):
	return [chained(c, [route6(c, 4, 1)], dport=587)]


@shape("v6 routing type 0, segments left 1, behind options")
def _(c):
	return [chained(c, [OPT, route6(c, 0, 1)])]


@shape("v6 routing type 0, segments left 1, in an atomic fragment")
def _(c):
	return [chained(c, [ATOM, route6(c, 0, 1)])]


for name, number in (("mobility", 135), ("HIP", 139), ("shim6", 140),
		     ("experiment", 253)):
	@shape(f"v6 {name} header")
	def _(c, number=number):
		return [chained(c, [(number, lambda following: bytes(
			[following, 0, 0, 0, 0, 0, 0, 0]))])]


@shape("v6 no next header")
def _(c):
	return [c.ip6(c.tcp(6), f.NOTHING)]


@shape("v6 length that ends in TCP's ports")
def _(c):
	return [c.ip6(c.tcp(6), length=2)]


@shape("v6 length that ends behind TCP's ports")
def _(c):
	return [c.ip6(c.tcp(6), length=4)]


@shape("v6 length past the end")
def _(c):
	return [c.ip6(c.tcp(6), length=200)]


@shape("v6 one hop left")
def _(c):
	return [c.ip6(c.tcp(6), hops=1)]


# ---- IPv6 fragments ----

for sizes in ([8], [16], [24], [8, 8]):
	@shape(f"v6 fragments of {' '.join(map(str, sizes))}")
	def _(c, sizes=sizes):
		return c.cut6(f.TCP, c.tcp(6, options=f.MSS + b"\1" * 12), sizes)

	@shape(f"v6 fragments of {' '.join(map(str, sizes))}, last first")
	def _(c, sizes=sizes):
		return c.cut6(f.TCP, c.tcp(6, options=f.MSS + b"\1" * 12),
			      sizes)[::-1]


def behind(c, n, **how):
	"""n destination options, then TCP: what a fragment header has behind."""
	data, following = c.tcp(6, **how), f.TCP
	for _ in range(n):
		data, following = f.options6(following) + data, f.OPTIONS
	return following, data


for n, sizes in ((1, [8]), (2, [8]), (2, [16]), (3, [8]), (3, [8, 8]),
		 (3, [24]), (12, [8]), (12, [48])):
	named = f"{n} options cut at {' '.join(map(str, sizes))}"

	@shape(f"v6 fragments, {named}")
	def _(c, n=n, sizes=sizes):
		return c.cut6(*behind(c, n), sizes)

	@shape(f"v6 fragments, {named}, last first")
	def _(c, n=n, sizes=sizes):
		return c.cut6(*behind(c, n), sizes)[::-1]


@shape("v6 fragments, 2 options cut at 8, the first one twice")
def _(c):
	first, *others = c.cut6(*behind(c, 2), [8])
	return [first, first, *others]


@shape("v6 fragments, 2 options cut at 8, behind hop-by-hop")
def _(c):
	return c.cut6(*behind(c, 2), [8],
		      before=(f.HOP_BY_HOP, f.options6(f.FRAGMENT)))


@shape("v6 fragments, 2 options cut at 8, behind options")
def _(c):
	return c.cut6(*behind(c, 2), [8],
		      before=(f.OPTIONS, f.options6(f.FRAGMENT)))


@shape("v6 fragments, 2 options cut at 8, behind routing")
def _(c):
	return c.cut6(*behind(c, 2), [8],
		      before=(f.ROUTING, f.routing6(f.FRAGMENT, 0)))


@shape("v6 fragments, 2 options cut at 8, in an atomic fragment")
def _(c):
	return c.cut6(*behind(c, 2), [8], before=(
		f.FRAGMENT, f.fragment6(f.FRAGMENT, 0, False, c.number + 1)))


@shape("v6 fragments, routing header in the first")
def _(c):
	return c.cut6(f.ROUTING, f.routing6(f.TCP, 0) + c.tcp(6), [8])


@shape("v6 fragments, hop-by-hop behind the fragment header")
def _(c):
	return c.cut6(f.HOP_BY_HOP, f.options6(f.TCP) + c.tcp(6), [8])


@shape("v6 fragments that overlap: 587, then 25")
def _(c):
	other = c.cut6(f.TCP, c.tcp(6, dport=587), [16])
	mine = c.cut6(f.TCP, c.tcp(6), [16])
	return [other[0], mine[0], mine[1]]


@shape("v6 fragments that overlap: 25, then 587")
def _(c):
	other = c.cut6(f.TCP, c.tcp(6, dport=587), [16])
	mine = c.cut6(f.TCP, c.tcp(6), [16])
	return [mine[0], other[0], mine[1]]


@shape("v6 fragments, the first one alone")
def _(c):
	return c.cut6(f.TCP, c.tcp(6, data=b"x" * 40), [24])[:1]


@shape("v6 fragments to 587")
def _(c):
	return c.cut6(f.TCP, c.tcp(6, dport=587, data=b"x" * 40), [24])


@shape("v6 fragments to 587, 1 option and TCP in the first")
def _(c):
	return c.cut6(*behind(c, 1, dport=587, data=b"x" * 40), [32])


@shape("v6 fragments to 587, 2 options cut at 8")
def _(c):
	return c.cut6(*behind(c, 2, dport=587), [8])


@shape("v6 fragments of 8 to 587")
def _(c):
	return c.cut6(f.TCP, c.tcp(6, dport=587), [8])


for size in (16, 8):
	@shape("v6 fragments of UDP" + " of 8" * (size == 8))
	def _(c, size=size):
		segment = f.udp(c.source[6], c.target[6], c.sport, 4000,
				struct.pack("!I", c.seq) * 10)
		return c.cut6(f.UDP, segment, [size])


# ---- addresses ----

@shape("v4 source outside the class")
def _(c):
	source = "203.0.112.9"
	return [c.ip4(c.tcp(source=source), source=source)]


@shape("v6 source outside the class")
def _(c):
	source = "2001:db8:9999::9"
	return [c.ip6(c.tcp(6, source=source), source=source)]


for name, target in (("mapped", "::ffff:192.31.196.200"),
		     ("6to4", "2002:c01f:c4c8::1"),
		     ("NAT64", "64:ff9b::c01f:c4c8")):
	@shape(f"v6 to a {name} destination")
	def _(c, target=target):
		return [c.ip6(c.tcp(6, target=target), target=target)]


# ---- other transports and tunnels ----

@shape("v4 UDP to port 25")
def _(c):
	return [c.ip4(f.udp(c.source[4], c.target[4], c.sport, 25,
			    struct.pack("!I", c.seq)), f.UDP)]


for name, number in (("SCTP", 132), ("DCCP", 33), ("UDP-Lite", 136)):
	@shape(f"v4 {name} to port 25")
	def _(c, number=number):
		return [c.ip4(struct.pack("!HHI", c.sport, 25, c.seq)
			      + b"\0" * 12, number)]


@shape("v4 in IPv4")
def _(c):
	return [c.ip4(c.ip4(c.tcp()), 4)]


@shape("v6 in IPv4")
def _(c):
	return [c.ip4(c.ip6(c.tcp(6)), 41)]


@shape("v4 in IPv6")
def _(c):
	return [c.ip6(c.ip4(c.tcp()), 4)]


@shape("v4 in GRE")
def _(c):
	return [c.ip4(b"\0\0\x08\0" + c.ip4(c.tcp()), 47)]


@shape("v4 authentication")
def _(c):
	return [c.ip4(f.authentication(f.TCP) + c.tcp(), 51)]


@shape("v6 in UDP (Teredo)")
def _(c):
	return [c.ip4(f.udp(c.source[4], c.target[4], c.sport, 3544,
			    c.ip6(c.tcp(6))), f.UDP)]


# ---- what lies between Ethernet and IP ----

def both(name):
	"""The shape for IPv4 and for IPv6: make(case, type, packet)."""
	def mark(make):
		@link(f"v4 {name}")
		def _(c):
			return [make(f.IPV4, c.ip4(c.tcp()))]

		@link(f"v6 {name}")
		def _(c):
			return [make(f.IPV6, c.ip6(c.tcp(6)))]
		return make
	return mark


@both("tagged 5")
def _(kind, packet):
	return f.vlan([5], kind, packet)


@both("tagged 0")
def _(kind, packet):
	return f.vlan([0x6000], kind, packet)


@both("tagged 5 by 802.1ad")
def _(kind, packet):
	return f.vlan([5], kind, packet, outer=f.QINQ)


@both("tagged 0 by 802.1ad")
def _(kind, packet):
	return f.vlan([0], kind, packet, outer=f.QINQ)


@both("tagged 5 and 6")
def _(kind, packet):
	return f.vlan([5, 6], kind, packet)


@both("tagged 5 by 802.1ad and 6")
def _(kind, packet):
	return f.vlan([5, 6], kind, packet, outer=f.QINQ)


@both("tagged 0 and 0")
def _(kind, packet):
	return f.vlan([0, 0], kind, packet)


@both("tagged 0 by 802.1ad and 0")
def _(kind, packet):
	return f.vlan([0, 0], kind, packet, outer=f.QINQ)


@both("tagged 0 three times")
def _(kind, packet):
	return f.vlan([0, 0, 0], kind, packet)


@both("tagged 5, 6 and 7")
def _(kind, packet):
	return f.vlan([5, 6, 7], kind, packet)


@both("in PPPoE")
def _(kind, packet):
	return f.typed(f.PPPOE, f.pppoe(kind, packet))


@both("in PPPoE, protocol in a byte")
def _(kind, packet):
	return f.typed(f.PPPOE, f.pppoe(kind, packet, short=True))


@both("in PPPoE, tagged 5")
def _(kind, packet):
	return f.vlan([5], f.PPPOE, f.pppoe(kind, packet))


@both("in MPLS")
def _(kind, packet):
	return f.typed(f.MPLS, f.mpls([5], packet))


@both("in MPLS with two labels")
def _(kind, packet):
	return f.typed(f.MPLS, f.mpls([5, 6], packet))


@both("in MPLS with four labels")
def _(kind, packet):
	return f.typed(f.MPLS, f.mpls([5, 6, 7, 8], packet))


@both("in LLC and SNAP")
def _(kind, packet):
	return f.snap(kind, packet)


# Behind two tags, PPPoE, MPLS and SNAP: each distance that a rule reads at.

def tagged(tags, frame, outer=f.VLAN):
	"""Tags in front of what has a type of its own."""
	return f.vlan(tags, 0, b"", outer)[:-2] + frame


@both("tagged 0 and 5")
def _(kind, packet):
	return f.vlan([0, 5], kind, packet)


@both("tagged 5 and 0")
def _(kind, packet):
	return f.vlan([5, 0], kind, packet)


@both("tagged 5 and 6, both by 802.1ad")
def _(kind, packet):
	return tagged([5], f.vlan([6], kind, packet, f.QINQ), f.QINQ)


@both("in PPPoE, tagged 5 and 6")
def _(kind, packet):
	return f.vlan([5, 6], f.PPPOE, f.pppoe(kind, packet), outer=f.QINQ)


@both("in PPPoE, protocol in a byte, tagged 5 and 6")
def _(kind, packet):
	return f.vlan([5, 6], f.PPPOE, f.pppoe(kind, packet, short=True))


@both("in MPLS with explicit null")
def _(kind, packet):
	return f.typed(f.MPLS, f.mpls([0 if kind == f.IPV4 else 2], packet))


@both("in MPLS to many")
def _(kind, packet):
	return f.typed(f.MPLS + 1, f.mpls([5], packet))


@both("in MPLS with three labels")
def _(kind, packet):
	return f.typed(f.MPLS, f.mpls([5, 6, 7], packet))


@both("in MPLS, tagged 5")
def _(kind, packet):
	return f.vlan([5], f.MPLS, f.mpls([6], packet))


@both("in MPLS, tagged 5 and 6")
def _(kind, packet):
	return f.vlan([5, 6], f.MPLS, f.mpls([7], packet))


@both("in MPLS with two labels, tagged 5 and 6")
def _(kind, packet):
	return f.vlan([5, 6], f.MPLS, f.mpls([7, 8], packet))


@both("in MPLS behind a word of control")
def _(kind, packet):
	return f.typed(f.MPLS, f.mpls([5], b"\0\0\0\0" + packet))


@both("in LLC and SNAP, tagged 5")
def _(kind, packet):
	return tagged([5], f.snap(kind, packet))


@both("in LLC and SNAP, tagged 5 and 6")
def _(kind, packet):
	return tagged([5, 6], f.snap(kind, packet))


@link("control of a session of PPPoE")
def _(c):
	return [f.typed(f.PPPOE, struct.pack("!BBHHH", 0x11, 0, 5, 6, 0xC021)
			+ struct.pack("!I", c.seq))]


@link("ARP, tagged 5 and 6")
def _(c):
	return [f.vlan([5, 6], f.ARP, struct.pack("!I", c.seq) * 7)]


def in_session(name):
	"""IP packets in PPPoE: make(case) returns some of them."""
	def mark(make):
		@link(f"{name}, in PPPoE")
		def _(c):
			return [f.typed(f.PPPOE, f.pppoe(
				f.IPV4 if packet[0] >> 4 == 4 else f.IPV6,
				packet)) for packet in make(c)]
		return make
	return mark


@in_session("v4 data")
def _(c):
	return [c.ip4(c.tcp(data=b"EHLO x\r\n"))]


@in_session("v4 from port 25")
def _(c):
	return [c.ip4(c.tcp(sport=25))]


@in_session("v4 flags SFPUEC")
def _(c):
	return [c.ip4(c.tcp(flags=SYN | FIN | PSH | URG | ECE | CWR))]


@in_session("v4 fragments of 8")
def _(c):
	return c.cut4(c.tcp(), [8])


@in_session("v4 fragments that begin behind byte 0")
def _(c):
	return [c.ip4(c.tcp(), offset=8)]


@in_session("v4 UDP to port 25")
def _(c):
	return [c.ip4(f.udp(c.source[4], c.target[4], c.sport, 25,
			    struct.pack("!I", c.seq)), f.UDP)]


@in_session("v4 source outside the class")
def _(c):
	source = "203.0.112.9"
	return [c.ip4(c.tcp(source=source), source=source)]


@in_session("v6 source outside the class")
def _(c):
	source = "2001:db8:9999::9"
	return [c.ip6(c.tcp(6, source=source), source=source)]


@in_session("v6 port 587")
def _(c):
	return [c.ip6(c.tcp(6, dport=587))]


@in_session("v4 options")
def _(c):
	return [c.ip4(c.tcp(), options=b"\1\1\1\1")]


@in_session("v4 loose source route")
def _(c):
	return [c.ip4(c.tcp(), target=c.router[4],
		      options=route4(0x83, c.target[4]))]


for name in ("hop-by-hop", "destination options", "two destination options",
	     "routing type 0", "atomic fragment", "authentication"):
	@in_session(f"v6 {name}")
	def _(c, headers=CHAINS6[name]):
		return [chained(c, headers)]


@in_session("v6 a kilobyte of options")
def _(c):
	return [chained(c, [BIG])]


@in_session("v6 fragments, the first one alone")
def _(c):
	return c.cut6(f.TCP, c.tcp(6), [8])[:1]


@in_session("v6 fragments, 1 option, the first one alone")
def _(c):
	return c.cut6(*behind(c, 1), [24])[:1]


@in_session("v6 fragments of UDP")
def _(c):
	segment = f.udp(c.source[6], c.target[6], c.sport, 4000,
			struct.pack("!I", c.seq) * 10)
	return c.cut6(f.UDP, segment, [16])


@link("v4 40 bytes of options, in PPPoE, tagged 5 and 6")
def _(c):
	packet = c.ip4(c.tcp(), options=b"\1" * 40)
	return [f.vlan([5, 6], f.PPPOE, f.pppoe(f.IPV4, packet))]


@link("v4 options, tagged 5 and 6")
def _(c):
	return [f.vlan([5, 6], f.IPV4, c.ip4(c.tcp(), options=b"\1\1\1\1"))]


@link("v6 destination options, in MPLS")
def _(c):
	return [f.typed(f.MPLS, f.mpls([5], chained(c, [OPT])))]


@link("v6 64 bytes of options, in LLC and SNAP")
def _(c):
	header = (f.OPTIONS, lambda following: f.options6(following, 64))
	return [f.snap(f.IPV6, chained(c, [header]))]


@in_session("v6 UDP to port 25")
def _(c):
	return [c.ip6(f.udp(c.source[6], c.target[6], c.sport, 25,
			    struct.pack("!I", c.seq)), f.UDP)]


@link("v4 options, tagged 5")
def _(c):
	"""The segment is not where it would be without options."""
	return [f.vlan([5], f.IPV4, c.ip4(c.tcp(), options=b"\1\1\1\1"))]


@link("v6 fragments, 2 options cut at 8, tagged 0")
def _(c):
	return [f.vlan([0], f.IPV6, packet)
		for packet in c.cut6(*behind(c, 2), [8])]


@link("v6 fragments, 2 options cut at 8, in PPPoE")
def _(c):
	return [f.typed(f.PPPOE, f.pppoe(f.IPV6, packet))
		for packet in c.cut6(*behind(c, 2), [8])]


@link("v4 port 587, tagged 5")
def _(c):
	return [f.vlan([5], f.IPV4, c.ip4(c.tcp(dport=587)))]


@link("v4 port 587, in PPPoE")
def _(c):
	return [f.typed(f.PPPOE, f.pppoe(f.IPV4, c.ip4(c.tcp(dport=587))))]

"""A private laboratory of network namespaces: nothing of the host is touched.

	client ------- cust0 [ router ] wan0 ------- outside
	(more links as a table asks: ppp ------- ppp0, neighbour ------- cust1)

Every link is a veth pair and leads to a namespace of its own. The middle is a
router (hooks forward, ingress), a host (the same, the addresses are its own)
or a bridge of two ports. Neighbours are permanent, so that no first packet
waits; ICMP errors are not rate limited, so that every reject is seen.

A second way, the bypass, joins two outer namespaces directly. It takes only
connections that are marked, and only one way: the answers come back through
the middle. That is an asymmetric route.
"""

import asyncio
import json
import os
import pathlib
import shlex
import signal
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
INSIDE = "MAILWALL_LAB"			# set in those who are inside
MAILWALL = os.environ.get("MAILWALL", str(HERE.parent.parent / "mailwall"))
SERVICES = {row["name"]: row["port"] for row in json.loads(subprocess.run(
	[MAILWALL, "ports", "--json"], check=True, stdout=subprocess.PIPE)
	.stdout)["ports"]}
MAIL_PORTS = tuple(SERVICES.values())
OTHER_PORT = 8080
BYPASS_MARK = 1
# A machine that is emulated needs many times as long for everything.
PATIENCE = int(os.environ.get("MAILWALL_PATIENCE", "1"))
COMMAND_TIMEOUT_S = 20 * PATIENCE
PYTHON = [sys.executable, "-I", "-S"]	# starts in half the time

SYSCTL = {
	"net/ipv4/ip_forward": "1",
	"net/ipv4/conf/all/rp_filter": "0",
	"net/ipv4/conf/default/rp_filter": "0",
	"net/ipv4/icmp_ratemask": "0",
	"net/ipv6/icmp/ratemask": "",
	"net/ipv6/conf/all/disable_ipv6": "0",
	"net/ipv6/conf/default/disable_ipv6": "0",
	"net/ipv6/conf/all/forwarding": "1",
	"net/ipv6/conf/default/forwarding": "1",
	"net/ipv6/conf/default/accept_dad": "0",
	"net/ipv6/conf/default/accept_ra": "0",
	"net/ipv6/conf/default/addr_gen_mode": "1",
}


def hold(claims, *world):
	"""Each claim of the world, told by its first line; 0 if all are so."""
	failed = 0
	for claim in claims:
		try:
			claim(*world)
			print(f"ok - {claim.__doc__}", flush=True)
		except Exception as error:
			failed += 1
			print(f"not ok - {claim.__doc__}")
			for line in str(error).splitlines():
				print(f"# {line}", flush=True)
	return 1 if failed else 0


def hold_below(claims, build, prepare=lambda folder: None):
	"""The claims in namespaces, with folders and a store of their own."""
	enter()
	with tempfile.TemporaryDirectory() as folder:
		os.chmod(folder, 0o755)
		os.environ["MAILWALL_RUN_DIR"] = f"{folder}/run"
		os.environ["MAILWALL_STATE_DIR"] = f"{folder}/state"
		os.environ["MAILWALL_STORE"] = f"{folder}/store/mailwall.db"
		prepare(pathlib.Path(folder))
		build()
		return hold(claims, folder)


class LabError(Exception):
	pass


def enter():
	"""Runs this program again in namespaces of its own; returns inside."""
	if os.environ.get(INSIDE):
		signal.signal(signal.SIGTERM, lambda *_: sys.exit(3))
		# Beside it are revisions and journals, one folder each namespace.
		os.environ.setdefault("MAILWALL_RUN_DIR", "/run/mailwall")
		return
	kinds = ["-nmp", "--fork", "--kill-child"]
	if not may_unshare(kinds):
		kinds.insert(0, "-r")
	again = " ".join(map(shlex.quote, [sys.executable, *sys.argv]))
	# A sanitizer looks for its threads in /proc; a container may refuse it
	script = ("mount -t proc proc /proc 2>/dev/null; "
		  f"mount -t tmpfs tmpfs /run && exec {again}")
	os.environ[INSIDE] = "1"
	os.execvp("unshare", ["unshare", *kinds, "sh", "-c", script])


def may_unshare(kinds):
	trial = subprocess.run(["unshare", *kinds, "true"], capture_output=True)
	return trial.returncode == 0


def id_exists(number, kind):
	"""Whether the user (kind uid) or group (gid) exists in this namespace."""
	with open(f"/proc/self/{kind}_map") as lines:
		spans = [[int(word) for word in line.split()] for line in lines]
	return any(first <= number < first + n for first, _, n in spans)


class Host:
	"""A pair of addresses in one of the namespaces, with a name for tables."""

	def __init__(self, name, where, ip4=None, ip6=None, uid=0, gid=0):
		self.name, self.where = name, where
		self.ip = {4: ip4, 6: ip6}
		self.uid, self.gid = uid, gid

	def addresses(self):
		return [(family, ip) for family, ip in self.ip.items() if ip]


class Link:
	"""Number n's addresses on both ends; the middle is one, the far end two."""

	def __init__(self, number, where, device):
		self.where, self.device, self.far = where, device, "up0"
		self.prefix = {4: f"169.254.{number}.", 6: f"2001:db8:ffff:{number}::"}
		self.bits = {4: 24, 6: 64}
		self.mac = {end: f"02:00:00:00:{number:02x}:{end:02x}" for end in (1, 2)}

	def ip(self, family, end):
		return f"{self.prefix[family]}{end}"

	def cidr(self, family, end):
		return f"{self.ip(family, end)}/{self.bits[family]}"


class Lab:
	"""Namespaces, links, routes and servers; one with statement long."""

	def __init__(self, middle, links, hosts, bypasses=()):
		self.middle = middle			# router, host or bridge
		self.hosts = hosts
		self.bypasses = list(bypasses)		# pairs of namespaces
		self.links = [Link(number, where, device) for number,
			      (where, device) in enumerate(links.items(), 1)]
		self.names = [middle] + [link.where for link in self.links]
		self.orders = {name: [] for name in self.names}
		self.servers = []

	def __enter__(self):
		try:
			self.build()
			self.serve()
		except BaseException:
			self.__exit__()
			raise
		return self

	def __exit__(self, *_):
		for server in self.servers:
			server.kill()
		for server in self.servers:
			server.wait()
		for name in self.names:
			subprocess.run(["ip", "netns", "del", name],
				       capture_output=True)

	# Running things

	def command(self, where, words):
		return ["nsenter", f"--net=/run/netns/{where}", "--", *words]

	def run(self, where, words, text=None, env=None):
		"""Runs a program in a namespace; the caller judges the outcome."""
		return subprocess.run(
			self.command(where, words), input=text, text=True,
			capture_output=True, timeout=COMMAND_TIMEOUT_S,
			env={**os.environ, **(env or {})})

	def must(self, where, words, text=None):
		done = self.run(where, words, text)
		if done.returncode:
			said = done.stderr.strip() or done.stdout.strip()
			raise LabError(f"in {where}: {shlex.join(words)}: "
				       f"exit {done.returncode}: {said}")
		return done.stdout

	# Building: orders are collected, then given to one ip(8) a namespace

	def build(self):
		for name in self.names:
			subprocess.run(["ip", "netns", "add", name], check=True)
			self.must(name, ["sh", "-c", self.sysctl_script()])
		if self.middle == "bridge":
			self.orders["bridge"] += ["link add br0 type bridge",
						  "link set br0 up"]
		for link in self.links:
			self.build_link(link)
		for host in self.hosts:
			self.build_host(host)
		for number, (source, target) in enumerate(self.bypasses, 101):
			self.build_bypass(number, source, target)
		for source in {source for source, _ in self.bypasses}:
			for family in ("-4", "-6"):
				self.must(source, f"ip {family} rule add fwmark "
					  f"{BYPASS_MARK} lookup 100".split())
		for name in self.names:
			self.must(name, ["ip", "-batch", "-"],
				  "link set lo up\n" + "\n".join(self.orders[name]) + "\n")

	def sysctl_script(self):
		return "\n".join(f"echo '{value}' > /proc/sys/{path}"
				 for path, value in SYSCTL.items())

	def build_link(self, link):
		self.veth(self.middle, link.device, link.where, link.far, link.mac)
		near, far = self.orders[self.middle], self.orders[link.where]
		if self.middle == "bridge":
			near.append(f"link set {link.device} master br0")
		for family in (4, 6):
			if self.middle != "bridge":
				near.append(self.address(link.cidr(family, 1), link.device))
				near.append(f"neigh add {link.ip(family, 2)} lladdr "
					    f"{link.mac[2]} dev {link.device} nud permanent")
			far.append(self.address(link.cidr(family, 2), link.far))
			self.build_way_out(link, family, far)

	def build_way_out(self, link, family, far):
		"""The default route: the middle, or the bridge's other side."""
		if self.middle != "bridge":
			gate, mac = link.ip(family, 1), link.mac[1]
		else:
			other, = [l for l in self.links if l is not link]
			gate, mac = other.ip(family, 2), other.mac[2]
		far.append(f"neigh add {gate} lladdr {mac} dev {link.far} nud permanent")
		far.append(f"route add default via {gate} dev {link.far} onlink")

	def build_host(self, host):
		for family, ip in host.addresses():
			if ip in ("127.0.0.1", "::1"):
				continue
			self.order_once(host.where, self.address(ip, "lo"))
			if self.middle != "bridge" and host.where != self.middle:
				link = self.link_of(host.where)
				self.order_once(self.middle, f"route add {ip} via "
						f"{link.ip(family, 2)} dev {link.device}")

	def build_bypass(self, number, source, target):
		mac = {end: f"02:00:00:01:{number:02x}:{end:02x}" for end in (1, 2)}
		device = f"by{number}"
		self.veth(source, device, target, device, mac)
		orders = self.orders[source]
		for family, gate in ((4, "169.254.254.2"), (6, "2001:db8:ffff:fe::2")):
			orders.append(f"neigh add {gate} lladdr {mac[2]} dev {device} "
				      f"nud permanent")
			for host in self.hosts:
				if host.where == target and host.ip[family]:
					orders.append(
						f"route add {host.ip[family]} via "
						f"{gate} dev {device} onlink table 100")

	def veth(self, name, device, peer_name, peer_device, mac):
		subprocess.run(
			f"ip link add {device} address {mac[1]} netns {name} type veth "
			f"peer name {peer_device} address {mac[2]} netns {peer_name}"
			.split(), check=True)
		self.orders[name].append(f"link set {device} up")
		self.orders[peer_name].append(f"link set {peer_device} up")

	def order_once(self, name, order):
		if order not in self.orders[name]:
			self.orders[name].append(order)

	def address(self, ip, device):
		nodad = " nodad" if ":" in ip else ""
		return f"addr add {ip} dev {device}{nodad}"

	def link_of(self, where):
		return next(link for link in self.links if link.where == where)

	# Serving and probing

	def serve(self):
		ports = [str(port) for port in (*MAIL_PORTS, OTHER_PORT)]
		for name in self.names:
			words = [*PYTHON, str(HERE / "server.py"), name, *ports]
			self.servers.append(subprocess.Popen(
				self.command(name, words), text=True,
				stdin=subprocess.DEVNULL, stdout=subprocess.PIPE))
		for name, server in zip(self.names, self.servers):
			if server.stdout.readline() != "ready\n":
				raise LabError(f"the server in {name} did not start")

	def probe(self, attempts):
		"""Dials {namespace: [attempt...]} all at once; see probe.py."""
		return asyncio.run(self.probe_all(attempts))

	async def probe_all(self, attempts):
		fates = await asyncio.gather(*(
			self.probe_from(where, some) for where, some in attempts.items()))
		return [fate for some in fates for fate in some]

	async def probe_from(self, where, attempts):
		words = self.command(where, [*PYTHON, str(HERE / "probe.py")])
		child = await asyncio.create_subprocess_exec(
			*words, stdin=asyncio.subprocess.PIPE,
			stdout=asyncio.subprocess.PIPE)
		try:
			out, _ = await asyncio.wait_for(
				child.communicate(json.dumps(attempts).encode()),
				60 * PATIENCE)
		except asyncio.TimeoutError:
			child.kill()
			raise LabError(f"the probe in {where} did not end") from None
		if child.returncode:
			raise LabError(f"the probe in {where} failed")
		return json.loads(out)

#!/usr/bin/env python3
"""Beside other firewalls: ours holds, theirs holds, neither disturbs the other.

A client, a router and a server, in namespaces that end with this program. On
the router each of the others is loaded, by its own program where that is
installed, else as rules of its shape from beside/. All of them accept port 25
and 587 from the client, and close 2525; the residential policy blocks 25 and
allows the other two.
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True

import lab
from watch_test import (CLIENT, MAILWALL, POLICY, SERVER, build_network,
			expect, run)

HERE = lab.HERE / "beside"
ROUTER = "100.64.0.1"
EXEMPT = "100.64.9.9"		# only to see whether it is still a member
LISTEN = """
import socket, time
all = [socket.create_server(("", port)) for port in (25, 587, 2525)]
print("ready", flush=True)
time.sleep(600)
"""
PROBE = """
import socket, sys
try:
	socket.create_connection((sys.argv[1], int(sys.argv[2])), 1.2)
	print("open")
except ConnectionRefusedError:
	print("refused")
except OSError:
	print("closed")
"""


class Skip(Exception):
	pass


def router(*words, **more):
	return run(*words, ns="router", **more)


def mailwall(*words, code=0):
	done = router(MAILWALL, *words, check=False)
	expect(done.returncode == code,
	       f"mailwall {' '.join(map(str, words))}: exit {done.returncode}: "
	       f"{done.stdout}{done.stderr}")
	return done.stdout


def have(*programs):
	for program in programs:
		if not shutil.which(program):
			raise Skip(f"there is no {program}")


def need_root():
	if not lab.id_exists(65534, "uid"):
		raise Skip("it needs root, and not that of a user namespace")


def until(happened, what, seconds):
	end = time.monotonic() + seconds
	while not happened():
		expect(time.monotonic() < end, what)
		time.sleep(0.1)


# ---- what can be seen ----

def probe(port, address=SERVER):
	return run(sys.executable, "-c", PROBE, address, port,
		   ns="client").stdout.strip()


def tables():
	listed = json.loads(router("nft", "-j", "list", "tables").stdout)
	return [(t["table"]["family"], t["table"]["name"])
		for t in listed["nftables"] if "table" in t]


def listing(family, name):
	return router("nft", "-s", "list", "table", family, name).stdout


def theirs():
	"""What every table but ours holds, without counters."""
	return {t: listing(*t) for t in tables() if t[1] != "mailwall"}


def ours():
	return listing("inet", "mailwall")


def no_drift(when):
	done = router(MAILWALL, "status", "--json", POLICY, check=False)
	state = json.loads(done.stdout).get("state")
	expect(done.returncode == 0 and state == "as-loaded",
	       f"{when}: {state}: {done.stdout}")


# ---- the others ----

class Neighbour:
	"""One of the others; load() starts it with its rules."""
	name = None
	spares_us = True	# its reload leaves our table alone
	keeps_members = True	# and the members of our dynamic classes
	closed = (SERVER, 2525)

	def __init__(self, folder):
		self.folder = pathlib.Path(folder)
		self.children = []

	def start(self, *words):
		"""Not by ip netns exec, which hides the cgroups."""
		with open(self.folder / "log", "a") as log:
			self.children.append(subprocess.Popen(
				["nsenter", "--net=/run/netns/router", "--",
				 *map(str, words)],
				stdout=log, stderr=log, stdin=subprocess.DEVNULL))

	def wait_for(self, happened, what, seconds=30):
		try:
			until(happened, what, seconds)
		except AssertionError:
			log = (self.folder / "log").read_text()
			raise AssertionError(f"{what}: {log[-2000:]}") from None

	def copy_over(self, path):
		"""A copy of a folder in its place, seen in this namespace only."""
		copy = self.folder / path.strip("/").replace("/", "-")
		shutil.copytree(path, copy)
		run("mount", "--bind", copy, path)

	def end(self):
		for child in reversed(self.children):
			child.terminate()
			try:
				child.wait(timeout=10)
			except subprocess.TimeoutExpired:
				child.kill()
				child.wait()
		self.children.clear()


class File(Neighbour):
	file = None

	def load(self):
		have("nft")
		router("nft", "-f", HERE / self.file)

	reload = load


class Flushing(File):
	name, file = "nftables.conf that flushes the ruleset", "flush.nft"
	spares_us = False


class Own(File):
	name, file = "nftables.conf that flushes its own tables", "own.nft"


class Including(File):
	"""The example that is installed, with its path changed."""
	name = "nftables.conf that flushes the ruleset and includes ours"
	keeps_members = False

	def load(self):
		have("nft")
		rules, part, whole = (self.folder / name for name in
				      ("rules.nft", "mailwall.nft", "all.nft"))
		run(MAILWALL, "generate", "-q", "-o", rules, POLICY)
		example = lab.HERE.parent.parent / "tools/package/nftables/mailwall.nft"
		text = example.read_text()
		expect('"/etc/mailwall/rules.nft*"' in text, text)
		part.write_text(text.replace("/etc/mailwall/rules.nft",
					     str(rules)))
		whole.write_text((HERE / "flush.nft").read_text() +
				 f'include "{part}"\n')
		router("nft", "-f", whole)

	reload = load


class Openwrt(File):
	name, file = "OpenWrt's fw4 (its shape)", "fw4.nft"

	def reload(self):
		self.load()
		# fw4 restart
		router("nft", "delete", "table", "inet", "fw4")
		self.load()


class DockerNft(File):
	name, file = "Docker's nftables backend (its shape)", "docker.nft"


class Iptables(Neighbour):
	name = "iptables-nft"

	def load(self):
		have("iptables-nft", "iptables-nft-save", "iptables-nft-restore")
		for words in ("-P FORWARD DROP",
			      "-A FORWARD -m state --state ESTABLISHED -j ACCEPT",
			      "-A FORWARD -p tcp --dport 25 -j ACCEPT",
			      "-A FORWARD -p tcp --dport 587 -j ACCEPT"):
			router("iptables-nft", *words.split())

	def reload(self):
		saved = router("iptables-nft-save").stdout
		router("iptables-nft", "-F")
		router("iptables-nft-restore", text=saved)


class DockerIptables(Neighbour):
	name = "Docker with iptables-nft (its shape)"

	def load(self):
		have("iptables-nft-restore")
		router("iptables-nft-restore",
		       text=(HERE / "docker.rules").read_text())

	reload = load


class Docker(Neighbour):
	"""The real one: the client is at its bridge, as a container would be."""
	name = "dockerd"

	def load(self):
		have("dockerd", "containerd", "iptables")
		need_root()
		router("ip", "addr", "flush", "dev", "cust0")
		self.begin()
		router("ip", "link", "set", "cust0", "master", "docker0")
		router("iptables", "-I", "DOCKER-USER", "-p", "tcp", "--dport",
		       "2525", "-j", "DROP")

	def begin(self):
		log = self.folder / "log"
		started = "Daemon has completed initialization"
		before = log.read_text().count(started) if log.exists() else 0
		self.start("dockerd", "--data-root", self.folder / "data",
			   "--exec-root", self.folder / "exec", "--pidfile",
			   self.folder / "pid", "--host",
			   f"unix://{self.folder}/sock", "--storage-driver",
			   "vfs", "--bip", f"{ROUTER}/24")
		self.wait_for(lambda: log.read_text().count(started) > before,
			      "dockerd did not start")

	def reload(self):
		self.end()
		self.begin()

	def end(self):
		super().end()
		run("umount", self.folder / "data", check=False)


class Ufw(Neighbour):
	name = "ufw"

	def load(self):
		have("ufw")
		need_root()
		self.copy_over("/etc/ufw")
		router("ufw", "--force", "enable")
		for port in 25, 587:
			router("ufw", "route", "allow", "proto", "tcp", "to",
			       "any", "port", port)

	def reload(self):
		router("ufw", "reload")
		router("ufw", "disable")
		router("ufw", "--force", "enable")


class Fail2ban(Neighbour):
	"""It bans the client from port 2525 of the router itself."""
	name = "fail2ban"
	closed = (ROUTER, 2525)

	def client(self, *words, **more):
		return router("fail2ban-client", "-c", self.folder / "etc", "-s",
			      self.folder / "sock", *words, **more)

	def load(self):
		have("fail2ban-server", "fail2ban-client", "nft")
		etc = self.folder / "etc"
		shutil.copytree("/etc/fail2ban", etc)
		shutil.rmtree(etc / "jail.d")
		(etc / "fail2ban.local").write_text(
			f"[Definition]\nlogtarget = {self.folder}/log\n"
			f"socket = {self.folder}/sock\n"
			f"pidfile = {self.folder}/pid\ndbfile = None\n")
		(self.folder / "auth.log").touch()
		(etc / "jail.local").write_text(
			"[sshd]\nenabled = false\n[mail]\nenabled = true\n"
			"filter = sshd\nbackend = polling\nport = 2525\n"
			f"logpath = {self.folder}/auth.log\n"
			"action = nftables-multiport[name=mail, port=2525]\n")
		self.start("fail2ban-server", "-f", "-c", etc, "-s",
			   self.folder / "sock", "-p", self.folder / "pid",
			   "start")
		self.wait_for(lambda: self.client("status", "mail", check=False)
			      .returncode == 0, "fail2ban did not start")
		self.ban()

	def ban(self):
		self.client("set", "mail", "banip", CLIENT)
		self.wait_for(lambda: any("f2b" in name for _, name in tables()),
			      "fail2ban did not ban")

	def reload(self):
		self.client("reload", "--restart", "--unban", "mail")
		self.client("unban", "--all")
		self.ban()


class Firewalld(Neighbour):
	name = "firewalld"

	def load(self):
		have("firewalld", "firewall-cmd", "firewall-offline-cmd",
		     "dbus-daemon")
		need_root()
		self.copy_over("/etc/firewalld")
		run("mount", "-t", "tmpfs", "none", "/var/log")
		os.makedirs("/run/dbus", exist_ok=True)
		for words in ("--zone=internal --add-interface=cust0",
			      "--zone=external --add-interface=wan0",
			      "--new-policy=out",
			      "--policy=out --add-ingress-zone=internal",
			      "--policy=out --add-egress-zone=external",
			      "--policy=out --add-port=25/tcp",
			      "--policy=out --add-port=587/tcp"):
			router("firewall-offline-cmd", *words.split())
		self.start("dbus-daemon", "--system", "--nofork", "--nopidfile")
		self.wait_for(lambda: os.path.exists(
			"/run/dbus/system_bus_socket"), "there is no bus")
		self.start("firewalld", "--nofork", "--nopid")
		self.wait()

	def wait(self):
		self.wait_for(lambda: router("firewall-cmd", "--state",
					     check=False).returncode == 0,
			      "firewalld did not start")

	def reload(self):
		router("firewall-cmd", "--reload")
		router("firewall-cmd", "--complete-reload")
		self.wait()


NEIGHBOURS = (Flushing, Own, Including, Iptables, Ufw, Fail2ban, Firewalld,
	      Docker, DockerIptables, DockerNft, Openwrt)


# ---- the claims, in this order, of each ----

def both_hold(other):
	"""what it accepts and we block is blocked, what it closes stays closed"""
	address, port = other.closed
	expect(probe(587) == "open", "587 is closed by the other alone")
	expect(isinstance(other, Including) or probe(25) == "open",
	       "25 is closed by the other alone")
	expect(probe(port, address) != "open", f"{port} is not closed by it")
	before = theirs()
	mailwall("apply", "-q", POLICY)
	no_drift("after apply")
	expect(theirs() == before, "apply changed the other's rules")
	fates = probe(25), probe(587)
	expect(fates == ("refused", "open"), fates)
	expect(probe(port, address) != "open", "our allow opened what it closes")


def spares_us(other):
	"""its reload leaves our table and the members of classes alone"""
	mailwall("exempt", "add", EXEMPT)
	before = ours()
	other.reload()
	if not other.keeps_members:
		mailwall("exempt", "add", EXEMPT)
	expect(ours() == before, f"before:\n{before}\nafter:\n{ours()}")
	no_drift("after its reload")
	expect((probe(25), probe(587)) == ("refused", "open"), "after reload")


def takes_us(other):
	"""its reload takes our table, status says so, and apply mends it"""
	other.reload()
	mailwall("status", code=1)
	line = mailwall("status", "--nagios", code=2)
	expect(line.startswith("MAILWALL CRITICAL - no policy is loaded"), line)
	expect(probe(25) == "open", "25 is still closed")
	mailwall("apply", "-q", POLICY)
	no_drift("after its reload and apply")
	expect((probe(25), probe(587)) == ("refused", "open"), "after apply")


def spares_it(other):
	"""changing, removing and loading ours again leaves its rules alone"""
	before = theirs()
	changed = other.folder / "changed.policy"
	changed.write_text(POLICY.read_text().replace(
		"allow   imaps pop3s", "allow   imaps"))
	mailwall("apply", "-q", changed)
	mailwall("exempt", "add", "100.64.9.10")
	mailwall("remove")
	expect(theirs() == before, "remove changed the other's rules")
	expect(isinstance(other, Including) or probe(25) == "open",
	       "25 is closed without us")
	mailwall("apply", "-q", POLICY)
	expect(theirs() == before, "the other's rules changed")
	no_drift("after changes")
	expect(probe(25) == "refused", "25 is not blocked any more")


def comes_after(other):
	"""loaded before it, we are as we were once it is there"""
	no_drift("after it came")
	expect((probe(25), probe(587)) == ("refused", "open"),
	       (probe(25), probe(587)))


# ---- running them ----

def servers():
	children = []
	for ns in "router", "server":
		child = subprocess.Popen(
			["ip", "netns", "exec", ns, sys.executable, "-c", LISTEN],
			stdout=subprocess.PIPE, text=True)
		child.stdout.readline()
		children.append(child)
	return children


def judge(claims, other):
	"""How many failed."""
	failed = 0
	for claim in claims:
		what = f"{other.name}: {claim.__doc__}"
		try:
			claim(other)
			print(f"ok - {what}", flush=True)
		except Exception as error:
			failed += 1
			print(f"not ok - {what}")
			for line in str(error).splitlines()[:60]:
				print(f"# {line}", flush=True)
	return failed


def try_with(kind, first, claims):
	"""A network of its own; first, if any, comes before the other."""
	with tempfile.TemporaryDirectory() as folder:
		os.chmod(folder, 0o755)
		os.environ["MAILWALL_RUN_DIR"] = f"{folder}/run"
		build_network()
		children, other = servers(), kind(folder)
		try:
			if first:
				first()
			other.load()
			return judge(claims, other)
		finally:
			other.end()
			for child in children:
				child.kill()
				child.wait()
			for ns in "client", "router", "server":
				run("ip", "netns", "del", ns)
			for path in "/etc/ufw", "/etc/firewalld", "/var/log":
				run("umount", path, check=False)


def try_it(kind):
	claims = [both_hold, spares_us if kind.spares_us else takes_us,
		  spares_it]
	try:
		failed = try_with(kind, None, claims)
		if kind.spares_us:
			failed += try_with(
				kind, lambda: mailwall("apply", "-q", POLICY),
				[comes_after])
		return failed
	except Skip as reason:
		print(f"ok - beside {kind.name} # SKIP {reason}", flush=True)
		return 0
	except Exception as error:
		print(f"not ok - beside {kind.name}: it runs")
		for line in str(error).splitlines():
			print(f"# {line}", flush=True)
		return 1


def main():
	lab.enter()
	wanted = sys.argv[1:]
	return 1 if sum(try_it(kind) for kind in NEIGHBOURS
			if not wanted or kind.__name__ in wanted) else 0


if __name__ == "__main__":
	sys.exit(main())

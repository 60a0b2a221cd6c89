#!/usr/bin/env python3
"""collectd's plugin tells what the kernel counts and what is captured.

A real collectd loads it in a router between a client and a server, and writes
CSV, which is read here; in namespaces that end with this program. The claims
are the first lines of the functions.
"""

import argparse
import json
import os
import pathlib
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
from watch_test import BOT, CLIENT, MAILWALL, build_network, connect, expect, run

ROOT = lab.HERE.parent.parent
SOURCE = ROOT / "tools/collectd"
# What it has in common with the program.
SHARED = ("kernel/netlink", "kernel/dump", "capture/capture_filter",
	  "capture/nflog_listener", "program/whole_file")
PLUGINS = pathlib.Path("/usr/lib/collectd")
HEADERS = "/usr/include/collectd"
# What a make above this one has set.
MAKES = ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "BUILD", "CC",
	 "CFLAGS", "LDFLAGS", "RUN_FLAGS")
POLICY = """policy small
purpose "test"
contact "test@example"
review 2099-01-01
hook forward
class exempt dynamic size 10
class relays { 192.0.2.1 192.0.2.9 2001:db8::1 }
outbound {
	allow smtp to relays
	allow smtp from exempt
	limit imap 2/minute per source burst 2
	observe submission
	block smtp log
}
"""
CONFIG = """BaseDir "{folder}"
PIDFile "{folder}/{name}.pid"
Hostname "router"
FQDNLookup false
Interval 0.25
PluginDir "{plugins}"
TypesDB "/usr/share/collectd/types.db"
{before}
LoadPlugin logfile
LoadPlugin csv
LoadPlugin load
<Plugin logfile>
	File "{folder}/{name}.log"
	LogLevel info
	Timestamp false
	PrintSeverity true
</Plugin>
<Plugin csv>
	DataDir "{folder}/{name}"
</Plugin>
LoadPlugin mailwall
<Plugin mailwall>
	Library "{library}"
{options}
</Plugin>
{behind}
"""
MISSING = "late0: there is no such interface"
# What the header's checks are for: text of C, what is said.
FAKE = """#include <mailwall.h>
static const struct mailwall_api table = {{ {} }};
const struct mailwall_api *mailwall_get(unsigned int major)
{{ return major == {} ? &table : (void *)0; }}
"""
NO_PLUGINS = [
	("int mailwall_other;", "it has no symbol mailwall_get"),
	(FAKE.format(".magic = 7", 1), "begins with 0x7, not 0x4d57414c"),
	(FAKE.format(".magic = MAILWALL_MAGIC", 2),
	 "does not have version 1 of the interface"),
	(FAKE.format(".magic = MAILWALL_MAGIC, .major = 1, .size = 64", 1),
	 "too old: its table has 64 bytes"),
]
BAD = [
	('Nonsense 1', '"Nonsense" is not an option; there are: Library, '),
	('Interface eth0 eth1', 'write it as in: Interface "eth0"'),
	('Interface 5', 'write it as in: Interface "eth0"'),
	('Interface ""', 'write it as in: Interface "eth0"'),
	('Interface "nflog:5"', 'write it as in: Interface "eth0"'),
	('Interface "a"\nInterface "a"', '"a" is there twice'),
	('NflogGroup "25"', "write it as in: NflogGroup 25"),
	('NflogGroup 65536', "write it as in: NflogGroup 25"),
	('NflogGroup 1.5', "write it as in: NflogGroup 25"),
	('NflogGroup -1', "write it as in: NflogGroup 25"),
	('Table "inet"', 'write it as in: Table "inet" "mailwall"'),
	('Table "decnet" "mailwall"', 'write it as in: Table "inet" "mailwall"'),
	('Warmup "no"', "write it as in: Warmup true"),
	('Memory 1', "write it as in: Memory 256"),
	('ElementsMost -1', "write it as in: ElementsMost 65536"),
	('Policy "a"\nPolicy "b"', "option Policy is there twice"),
	('<Policy "a">\nX 1\n</Policy>', "write it as in: Policy "),
	('File "a"\nInterface "lo"', "leave out Interface, NflogGroup and State"),
	('State "/tmp/state"', "give an Interface or a NflogGroup"),
	('</Plugin>\n<Plugin mailwall>', "two blocks <Plugin mailwall>"),
	('Policy "/nonexistent"', 'cannot take Policy "/nonexistent"'),
	('Policy "/proc"', 'Is a directory'),
]


# ---- collectd ----

class World:
	def __init__(self, folder, build):
		self.folder, self.build = pathlib.Path(folder), build
		self.plugins = self.folder / "plugins"
		self.dest = self.folder / "dest"
		self.library = self.dest / "usr/lib/mailwall.so.1"
		self.policy = self.folder / "small.policy"
		self.policy.write_text(POLICY)

	def make(self, *words):
		clean = {k: v for k, v in os.environ.items() if k not in MAKES}
		done = subprocess.run(
			["make", "-s", f"BUILD={self.build}", "PREFIX=/usr",
			 f"DESTDIR={self.dest}", *words], cwd=ROOT, env=clean,
			capture_output=True, text=True)
		expect(done.returncode == 0, f"make {words}: {done.stderr}")

	def config(self, name, options, before="", behind="", library=None):
		path = self.folder / f"{name}.conf"
		path.write_text(CONFIG.format(
			folder=self.folder, name=name, plugins=self.plugins,
			library=library or self.library, options=options,
			before=before, behind=behind))
		return path


class Collectd:
	"""One that runs in the router, with what it says and writes."""

	def __init__(self, world, name, options, words=(), **more):
		self.world, self.name = world, name
		config = world.config(name, options, **more)
		self.log = world.folder / f"{name}.log"
		self.log.unlink(missing_ok=True)
		self.err = open(world.folder / f"{name}.err", "w+")
		self.child = subprocess.Popen(
			["ip", "netns", "exec", "router", *words, "collectd",
			 "-f", "-C", str(config)], stdin=subprocess.DEVNULL,
			stdout=self.err, stderr=self.err)

	def said(self):
		self.err.seek(0)
		return (self.log.read_text() if self.log.exists() else "") + \
			self.err.read()

	def value(self, instance, kind):
		"""The last one; None: there is none."""
		folder = self.world.folder / self.name / "router"
		plugin = f"mailwall-{instance}" if instance else "load"
		files = [f for f in (folder / plugin).glob(f"{kind}-*")
			 if re.fullmatch(re.escape(kind) + r"-\d{4}-\d\d-\d\d",
					 f.name)]
		if not files:
			return None
		# The file may be empty still, or its last line under way.
		whole = max(files).read_text().rpartition("\n")[0]
		line = whole.rpartition("\n")[2]
		return None if not line or line.startswith("epoch") else \
			float(line.split(",")[1])

	def names(self):
		folder = self.world.folder / self.name / "router"
		return {f"{f.parent.name}/{f.name[:-11]}"
			for f in folder.glob("mailwall-*/*")}

	def until(self, condition, what, seconds=8):
		end = time.monotonic() + seconds
		while not condition():
			expect(time.monotonic() < end and
			       self.child.poll() is None,
			       f"{what() if callable(what) else what}: "
			       f"{self.said()}")
			time.sleep(0.1)

	def until_is(self, instance, kind, wanted, seconds=8):
		self.until(lambda: self.value(instance, kind) == wanted,
			   lambda: f"{instance}/{kind} is "
			   f"{self.value(instance, kind)}, not {wanted}",
			   seconds)

	def until_says(self, text, times=1, seconds=8):
		self.until(lambda: self.said().count(text) >= times,
			   f"it does not say \"{text}\"", seconds)

	def stop(self, code=0):
		start = time.monotonic()
		self.child.send_signal(signal.SIGTERM)
		self.child.wait(timeout=20)
		expect(self.child.returncode == code and
		       time.monotonic() - start < 3,
		       f"exit {self.child.returncode} after "
		       f"{time.monotonic() - start:.1f} s: {self.said()}")

	def kill(self):
		self.child.kill()
		self.child.wait()


def kernel():
	"""Counters by name, and elements of sets by name, as nft lists them."""
	listed = run("nft", "-j", "list", "table", "inet", "mailwall",
		     ns="router").stdout
	objects = json.loads(listed)["nftables"]
	counters = {o["counter"]["name"]: o["counter"] for o in objects
		    if "counter" in o}
	sets = {o["set"]["name"]: len(o["set"].get("elem", ()))
		for o in objects if "set" in o}
	return counters, sets


def mailwall(*words):
	return run(MAILWALL, *words, ns="router").stdout


SERVE = """
import socket, time
all = [socket.create_server(('', port)) for port in (143, 587)]
print(flush=True)
while True: time.sleep(9)
"""


# ---- claims ----

def is_built_outside(w):
	"""it builds outside the tree, against what make install leaves alone"""
	w.make("install-plugin")
	place = w.folder / "elsewhere"
	place.mkdir()
	shutil.copytree(SOURCE, place / "collectd")
	for name in SHARED:
		(place / name).parent.mkdir(exist_ok=True)
		for suffix in ".c", ".h":
			shutil.copy(ROOT / f"tools/{name}{suffix}",
				    place / f"{name}{suffix}")
	names = "rules/trial/trial_names.h"	# as ../../ of a file names it
	(w.folder / names).parent.mkdir(parents=True)
	shutil.copy(ROOT / names, w.folder / names)
	flags = run("env", f"PKG_CONFIG_LIBDIR={w.dest}/usr/lib/pkgconfig",
		    f"PKG_CONFIG_SYSROOT_DIR={w.dest}", "pkg-config", "--cflags",
		    "mailwall").stdout.split()
	w.plugins.mkdir()
	# A sanitizer, or -DSET_ATTR_COUNT=250: as before Linux 6.16
	extra = os.environ.get("COLLECTD_TEST_CFLAGS", "").split()
	run("gcc", "-std=c11", "-D_GNU_SOURCE", "-O1", "-g", "-Wall", "-Wextra",
	    "-Werror", "-fPIC", "-shared", "-isystem", HEADERS, *flags, *extra,
	    "-o", w.plugins / "mailwall.so", *sorted(place.glob("*/*.c")),
	    f"-Wl,--version-script={place}/collectd/module.map", "-lmnl", "-lpcap",
	    "-ldl", "-pthread")
	for name in "csv", "load", "logfile":
		shutil.copy(PLUGINS / f"{name}.so", w.plugins)
	said = run("readelf", "-dW", w.plugins / "mailwall.so").stdout
	needed = re.findall(r"NEEDED.*\[(.*)\]", said)
	expect(not any("mailwall" in name for name in needed), needed)
	symbols = run("nm", "-D", "--defined-only",
		      w.plugins / "mailwall.so").stdout.split()
	expect(symbols[2::3] == ["module_register"], symbols)


def is_installed(w):
	"""install-collectd puts four files, and uninstall takes them"""
	names = ["lib/collectd/mailwall.so", "share/collectd/mailwall/types.db",
		 "share/collectd/mailwall/mailwall.conf",
		 "share/man/man5/collectd-mailwall.5"]
	other = World(tempfile.mkdtemp(dir=w.folder), w.build)
	other.make("install-collectd")
	there = sorted(str(f.relative_to(other.dest / "usr"))
		       for f in other.dest.rglob("*") if f.is_file())
	expect(there == sorted(names), there)
	other.make("uninstall")
	expect(not [f for f in other.dest.rglob("*") if f.is_file()], "not gone")


def says_what_is_bad(w):
	"""options that are no good are named, and collectd lives on without it"""
	alive = [(Collectd(w, f"bad{n}", options), has)
		 for n, (options, has) in enumerate(BAD)]
	alive += [(Collectd(w, f"none{n}", "", library=path), has)
		  for n, (path, has) in enumerate(bad_libraries(w))]
	try:
		for collectd, has in alive:
			collectd.until_says(has, seconds=30)
			collectd.until_says("Plugin will be unloaded")
			collectd.until(lambda: collectd.value("", "load")
				       is not None, "the rest does not live")
			expect(not collectd.names(), collectd.names())
		for collectd, _ in alive:
			collectd.child.terminate()
		for collectd, has in alive:
			expect(collectd.child.wait(timeout=20) in (0, 1),
			       f"{has}: {collectd.child.returncode}")
	finally:
		for collectd, _ in alive:
			collectd.kill()


def bad_libraries(w):
	for n, (text, has) in enumerate(NO_PLUGINS):
		path = w.folder / f"no{n}.so"
		(w.folder / "no.c").write_text(text)
		run("gcc", "-shared", "-fPIC", f"-I{w.dest}/usr/include", "-o",
		    path, w.folder / "no.c")
		yield path, has
	yield w.policy, "invalid ELF header"
	yield "/nonexistent/mailwall.so.1", "No such file or directory"
	yield "nonexistent.so.1", "cannot load mailwall: nonexistent.so.1"


def counts_what_the_kernel_counts(w):
	"""packets and bytes of each clause are the kernel's counters"""
	mailwall("apply", "-q", w.policy)
	for n in range(4):
		mailwall("exempt", "add", f"100.64.1.{n * 2}")
	server = subprocess.Popen(["ip", "netns", "exec", "server", sys.executable,
				   "-c", SERVE], stdout=subprocess.PIPE)
	server.stdout.readline()
	w.main = start_main(w)
	w.main.until_is("capture", "bool-cust0", 1)
	w.main.until_says(f"{MISSING}; it is tried again")
	for words in ("add", "late0", "type", "veth", "peer", "name", "late1"), \
		     ("set", "late0", "up"):
		run("ip", "link", *words, ns="router")
	for _ in range(5):
		connect(25)
	for _ in range(3):
		connect(587)
		connect(143)
	server.kill()
	counters, _ = kernel()
	for name, counter in counters.items():
		w.main.until_is("inet-mailwall", f"ipt_packets-{name}",
				counter["packets"])
		w.main.until_is("inet-mailwall", f"ipt_bytes-{name}",
				counter["bytes"])
	blocked = [c["packets"] for name, c in counters.items()
		   if name.startswith("block-")]
	expect(blocked == [5], counters)


def start_main(w):
	options = (f'Policy "{w.policy}"\nInterface cust0\nInterface late0\n'
		   f'NflogGroup 25\nWarmup false\nState "{w.folder}/state"\n')
	return Collectd(w, "main", options)


def counts_elements(w):
	"""elements of each set, and how far a limited one is filled"""
	_, sets = kernel()
	w.main.until_is("inet-mailwall", "bool-loaded", 1)
	for name, elements in sets.items():
		w.main.until_is("inet-mailwall", f"count-{name}", elements)
	w.main.until_is("inet-mailwall", "count-exempt.v4", 4)
	w.main.until_is("inet-mailwall", "percent-exempt.v4", 40)
	expect(w.main.value("inet-mailwall", "percent-relays.v4.hosts") is None,
	       "a set of fixed members fills")


def counts_attempts(w):
	"""attempts of each port and outcome are those that were made"""
	for port, outcome, wanted in ((25, "all", 5), (25, "blocked", 5),
				      (25, "answered", 0), (587, "all", 3),
				      (587, "answered", 3), (587, "blocked", 0),
				      (143, "all", 3), (995, "all", 0)):
		w.main.until_is("capture", f"mailwall_attempts-{port}-{outcome}",
				wanted)
	w.main.until_is("capture", "mailwall_sources-known", 1)
	w.main.until_is("capture", "mailwall_lost-cust0", 0)


def tells_of_findings(w):
	"""a finding is a value, and a notification with its evidence"""
	run(sys.executable, "-c", BOT, CLIENT, 300, ns="client")
	w.main.until_is("capture", "mailwall_attempts-25-blocked", 305)
	w.main.until(lambda: w.main.value(
		"capture", "mailwall_findings-spam-source"), "no finding", 12)
	w.main.until_says("Notification: severity = WARNING")
	line = next(l for l in w.main.said().splitlines()
		    if "Notification" in l)
	expect(re.search(rf"plugin = mailwall, plugin_instance = capture, "
			 rf"type = mailwall_findings, type_instance = "
			 rf"spam-source, message = {CLIENT} spam-source "
			 r"\(\w+\), port 25: \d+ attempts, \d+ SYNs, \d+ "
			 r"destinations in \d+ networks since 20\S+Z.*such as "
			 r"(\d+\.){3}\d+", line), line)


def survives_a_flush(w):
	"""SIGUSR1, which flushes what is written, leaves it as it is"""
	before = w.main.value("capture", "packets-captured")
	w.main.child.send_signal(signal.SIGUSR1)
	run(sys.executable, "-c", BOT, CLIENT, 10, ns="client")
	w.main.until(lambda: w.main.value("capture", "packets-captured") >=
		     before + 10, "values do not go on")


def waits_for_what_is_absent(w):
	"""a table or an interface that is absent is said once, and when it is back"""
	mailwall("remove")
	w.main.until_is("inet-mailwall", "bool-loaded", 0)
	time.sleep(1)
	mailwall("apply", "-q", w.policy)
	w.main.until_is("inet-mailwall", "bool-loaded", 1)
	w.main.until_says("late0: is captured now", seconds=15)
	run("ip", "link", "del", "late0", ns="router")
	w.main.until_is("capture", "bool-late0", 0)
	w.main.until_says("late0: the interface is gone; it is tried again")
	said = w.main.said()
	for text in ("there is no table inet mailwall; mailwall apply loads it",
		     "table inet mailwall is there", MISSING):
		expect(said.count(text) == 1, f"not once: {text}: {said}")


def says_whether_it_acts(w):
	"""mode observe and a table that is asleep are values of their own"""
	text = w.policy.read_text()
	for mode, acting, observe in (("observe", 0, 1), ("enforce", 1, 0)):
		w.policy.write_text(re.sub(
			"^hook ", f"mode {mode}\nhook ", text, flags=re.M))
		mailwall("apply", "-q", w.policy)
		w.main.until_is("inet-mailwall", "bool-observe", observe)
		w.main.until_is("inet-mailwall", "bool-acting", acting)
	w.policy.write_text(text)
	run("nft", "add table inet mailwall { flags dormant ; }", ns="router")
	w.main.until_is("inet-mailwall", "bool-acting", 0)
	mailwall("apply", "-q", w.policy)
	w.main.until_is("inet-mailwall", "bool-acting", 1)


def shares_no_group(w):
	"""a group that has a listener is said to have one"""
	other = Collectd(w, "second", "NflogGroup 25")
	try:
		other.until_says("nflog:25: this group has a listener already "
				 f"(netlink port {w.main.child.pid}")
		other.until_is("inet-mailwall", "bool-loaded", 1)
		other.stop()
	finally:
		other.kill()


def restarts(w):
	"""stopped and started it goes on, and knows what it knew"""
	sources = w.main.value("capture", "mailwall_sources-known")
	w.main.stop()
	expect("Exiting normally" in w.main.said(), w.main.said())
	mode = os.stat(w.folder / "state").st_mode & 0o777
	expect(mode == 0o600, oct(mode))
	shutil.rmtree(w.folder / "main")
	w.main = start_main(w)
	w.main.until_is("capture", "bool-cust0", 1)
	w.main.until_is("capture", "mailwall_sources-known", sources)
	counters, _ = kernel()
	for name, counter in counters.items():
		w.main.until_is("inet-mailwall", f"ipt_packets-{name}",
				counter["packets"])
	expect("begins anew" not in w.main.said(), w.main.said())
	w.main.stop()


def refuses_a_bad_policy(w):
	"""a policy that went bad meanwhile is said; a state that did costs no start"""
	shutil.rmtree(w.folder / "main")
	w.policy.write_text(POLICY.replace("smtp log", "smpt log"))
	w.main = start_main(w)
	w.main.until_says(f'{w.policy}:13:8: error: "smpt" is not a service; '
			  'did you mean "smtp"?')
	w.main.until_says("has 1 mistake: nothing is collected")
	w.main.until(lambda: w.main.value("", "load") is not None,
		     "the rest does not live")
	expect(not w.main.names(), w.main.names())
	w.main.stop(code=w.main.child.poll() or 1)
	w.policy.write_text(POLICY)
	(w.folder / "state").write_text("no state")
	w.main = start_main(w)
	w.main.until_is("capture", "bool-cust0", 1)
	w.main.until_says("it begins anew")
	w.main.stop()


def says_what_it_may_not(w):
	"""without capabilities it says which it needs, and collectd lives on"""
	collectd = Collectd(
		w, "weak", "Interface cust0\nNflogGroup 25", words=[
			"setpriv", "--bounding-set", "-all", "--inh-caps", "-all",
			"--"])
	try:
		for text in ("cust0: not permitted: capturing needs CAP_NET_RAW",
			     "NFLOG needs CAP_NET_ADMIN",
			     "reading rules needs CAP_NET_ADMIN"):
			collectd.until_says(text)
		collectd.until_is("capture", "bool-cust0", 0)
		time.sleep(1)
		expect(collectd.said().count("CAP_NET_ADMIN") == 2,
		       collectd.said())
		collectd.stop()
	finally:
		collectd.kill()


def capture_file(path, n):
	"""Opening packets to n networks, raw IP."""
	source = socket.inet_aton("192.0.2.7")
	with open(path, "wb") as file:
		file.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535,
				       101))
		for i in range(n):
			ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 40, i, 0, 64,
					 6, 0, source, bytes([20, i % 250, 1, 1]))
			tcp = struct.pack("!HHIIBBHHH", 2000 + i, 25, i, 0, 0x50,
					  2, 1024, 0, 0)
			file.write(struct.pack("<IIII", 1700000000 + i, 0, 40,
					       40) + ip + tcp)


def reads_a_file(w):
	"""a capture is read once; types.db and the plugin agree"""
	capture_file(w.folder / "a.pcap", 200)
	known = Collectd(w, "file", f'File "{w.folder}/a.pcap"',
			 before=f'TypesDB "{SOURCE}/types.db"')
	wrong = Collectd(w, "nofile", 'File "/nonexistent/a.pcap"')
	try:
		for outcome in "all", "unanswered":
			known.until_is("capture",
				       f"mailwall_attempts-25-{outcome}", 200)
		wrong.until_says("/nonexistent/a.pcap: ")
		wrong.until_is("capture", "mailwall_attempts-25-all", 0)
		known.stop()
		wrong.stop()
	finally:
		known.kill()
		wrong.kill()
	types = {line.split()[0]: line.split()[1] for line in
		 (SOURCE / "types.db").read_text().splitlines()}
	used = {re.sub("^.*/|-.*", "", name) for name in known.names()}
	own = {name for name in used if name.startswith("mailwall_")}
	expect(own == set(types), f"{own} and {set(types)}")
	made = set(re.findall(r'"(mailwall_\w+)", DS_TYPE_(\w+)',
			      (SOURCE / "report.c").read_text()))
	expect(made == {(name, of.split(":")[1]) for name, of in types.items()},
	       f"{made} and {types}")


def has_an_example(w):
	"""the example names every option, and each as it may stand"""
	text = (SOURCE / "mailwall.conf").read_text()
	block = re.search(r"<Plugin mailwall>\n(.*?)</Plugin>", text, re.S)[1]
	options = re.findall(r"^#\t(.*)", block, re.M)
	named = re.findall(r'^\t\{ "(\w+)", ', (SOURCE / "settings.c").read_text(),
			   re.M)
	expect(sorted(o.split()[0] for o in options) == sorted(named),
	       f"{options} and {named}")
	page = (ROOT / "docs/collectd-mailwall.5").read_text()
	for name in named:
		expect(re.search(rf"^\.It Cm {name}\b", page, re.M),
		       f"{name} is not in the manual")
	taken = [o for o in options if o.split()[0] not in
		 ("File", "Library", "Policy", "State")]
	collectd = Collectd(w, "example", "\n".join(taken))
	try:
		collectd.until_is("capture", "bool-warm", 0)
		expect("option" not in collectd.said(), collectd.said())
		collectd.stop()
	finally:
		collectd.kill()


CLAIMS = (is_built_outside, is_installed, says_what_is_bad,
	  counts_what_the_kernel_counts, counts_elements, counts_attempts,
	  tells_of_findings, survives_a_flush, waits_for_what_is_absent,
	  says_whether_it_acts, shares_no_group, restarts, refuses_a_bad_policy, says_what_it_may_not,
	  reads_a_file, has_an_example)


def main():
	parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
	parser.add_argument("--build", default="build")
	arguments = parser.parse_args()
	if not (shutil.which("collectd") and os.path.isdir(HEADERS)):
		print("ok - collectd's plugin # SKIP there is no collectd, or no "
		      "collectd-dev")
		return 0
	lab.enter()
	with tempfile.TemporaryDirectory() as folder:
		os.chmod(folder, 0o755)
		os.environ["MAILWALL_RUN_DIR"] = f"{folder}/run"
		os.environ["MAILWALL_STORE"] = f"{folder}/store/mailwall.db"
		build_network()
		world = World(folder, arguments.build)
		world.main = None
		code = lab.hold(CLAIMS, world)
		if world.main:
			world.main.kill()
	return code


if __name__ == "__main__":
	sys.exit(main())

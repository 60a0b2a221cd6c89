#!/usr/bin/env python3
"""apply, status and remove keep their promises to a real kernel.

Everything happens in namespaces that end with this program. The claims are
the first lines of the functions; --quick does less of what is long.
"""

import argparse
import json
import os
import pathlib
import random
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time

import lab

ROOT = lab.HERE.parent.parent
POLICIES = ROOT / "rules/policies"
MAILWALL = [os.environ.get("MAILWALL", str(ROOT / "mailwall"))]

HEADER = """policy {name}
purpose "test"
contact "test@example"
review 2099-01-01
"""
FLOOD = """
import socket, struct, sys, time
# Opening packets from 100.64.0.x to port 25, as fast as this goes.
s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
packets = []
for n in range(1, 200):
	source = bytes([100, 64, 0, n])
	ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 40, n, 0, 64, 6, 0, source,
			 bytes([198, 51, 100, 9]))
	tcp = struct.pack("!HHIIBBHHH", 1024 + n, 25, n, 0, 0x50, 2, 1024, 0, 0)
	packets.append(ip + tcp)
sent, end = 0, time.monotonic() + float(sys.argv[1])
try:
	while time.monotonic() < end:
		for packet in packets:
			s.sendto(packet, ("198.51.100.9", 0))
		sent += len(packets)
		if sys.stdin in __import__("select").select([sys.stdin], [], [], 0)[0]:
			break
finally:
	print(sent, flush=True)
"""


class Failure(Exception):
	pass


def expect(condition, what):
	if not condition:
		raise Failure(what)


def run(*words, namespace=None, text=None, check=True, env=None, timeout=120):
	if namespace:
		words = ("ip", "netns", "exec", namespace, *words)
	done = subprocess.run([str(w) for w in words], input=text, timeout=timeout,
			      capture_output=True, text=True, env=env)
	if check and done.returncode:
		raise Failure(f"{' '.join(map(str, words))}: exit "
			      f"{done.returncode}: {done.stderr}")
	return done


def mailwall(*words, namespace=None, code=0, **more):
	done = run(*MAILWALL, *words, namespace=namespace, check=False, **more)
	expect(code is None or done.returncode == code,
	       f"mailwall {' '.join(map(str, words))}: exit {done.returncode}, "
	       f"not {code}: {done.stdout}{done.stderr}")
	return done


def status(*words, namespace=None, code=0):
	return json.loads(mailwall("status", "--json", *words, code=code,
				   namespace=namespace).stdout)


def nft(*words, namespace=None, text=None):
	return run("nft", *words, namespace=namespace, text=text).stdout


def listing():
	"""The rules as JSON text, without the handles that the kernel deals."""
	return re.sub(r'"handle": \d+(, )?', "", nft("-j", "list", "ruleset"))


def policy(name, body, folder):
	path = pathlib.Path(folder) / f"{name}.policy"
	path.write_text(HEADER.format(name=name) + body)
	return path


def flush():
	"""Nothing is loaded, and nobody is exempt."""
	nft("flush", "ruleset")
	state = pathlib.Path(os.environ["MAILWALL_STATE_DIR"])
	(state / "book.db").unlink(missing_ok=True)


class Network:
	"""client -- router -- outside, one IPv4 route through."""

	NAMES = ("client", "router", "outside")

	def __enter__(self):
		for name in self.NAMES:
			run("ip", "netns", "add", name)
			run("ip", "link", "set", "lo", "up", namespace=name)
		for far, near, subnet, device in (
				("client", "router", "100.64.0", "cust0"),
				("outside", "router", "198.51.100", "wan0")):
			run("ip", "link", "add", device, "netns", near, "type", "veth",
			    "peer", "name", "up0", "netns", far)
			for end, name, link in ((254, near, device), (9, far, "up0")):
				run("ip", "addr", "add", f"{subnet}.{end}/24", "dev", link,
				    namespace=name)
				run("ip", "link", "set", link, "up", namespace=name)
			run("ip", "route", "add", "default", "via", f"{subnet}.254",
			    namespace=far)
		run("sysctl", "-qw", "net.ipv4.ip_forward=1", namespace="router")
		nft("-f", "-", namespace="outside", text="""
			table inet seen {
			counter mail { }
			chain in { type filter hook prerouting priority -300;
			tcp dport 25 counter name mail drop
			}
			}""")
		return self

	def __exit__(self, *_):
		for name in self.NAMES:
			run("ip", "netns", "del", name, check=False)

	def arrived(self):
		text = nft("-j", "list", "counters", namespace="outside")
		return json.loads(text)["nftables"][1]["counter"]["packets"]

	def flood(self, seconds):
		return subprocess.Popen(
			["ip", "netns", "exec", "client", sys.executable, "-c", FLOOD,
			 str(seconds)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
			text=True)


# ---- the claims ----

def without_frames(rules):
	"""A listing without what looks behind Ethernet, for which nft has no words.

	The order of two chains says nothing.
	"""
	kept = []
	for part in re.split(r"^(?=\t(?:chain|map|set|counter) )", rules,
			     flags=re.MULTILINE):
		word, name = part.split()[:2]
		if ".in" in name or name in ("frames", "tags", "pppoe", "mpls",
					     "inner-ports", "inner-headers"):
			continue
		kept.append(re.sub(r"sha256:\w+", "", part).strip(" \t\n}"))
	return sorted(kept)


def test_text_is_messages(folder, quick):
	"""nft loads from the text what apply loads, but for frames within frames"""
	run("ip", "link", "add", "cust0", "type", "veth", "peer", "name", "cust9")
	ours = sorted(POLICIES.glob("*.policy"))
	theirs = sorted((lab.HERE / "policies").glob("*.policy"))
	for path in ours + theirs:
		words = [path]
		if "$MTA" in path.read_text():
			words += ["-D", "MTA=8"]
		text = mailwall("generate", "-q", *words).stdout
		nft("-c", "-f", "-", text=text)
		nft("-f", "-", text=text)
		by_text = listing()
		expect(status()["state"] == "as-loaded", f"{path.name}: text drifts")
		expect(status(*words)["state"] == "as-loaded",
		       f"{path.name}: text is another policy")
		nft("-f", "-", text=text)
		expect(listing() == by_text, f"{path.name}: a second load changes it")
		shown = nft("list", "ruleset")
		flush()
		nft("-f", "-", text=shown)
		expect(nft("list", "ruleset") == shown, f"{path.name}: its listing "
		       "loaded again lists otherwise")
		flush()
		mailwall("apply", "-q", *words)
		frames = re.search(r"^hook\s+(bridge|ingress)", path.read_text(),
				   re.MULTILINE)
		if frames:
			expect(listing() != by_text, f"{path.name}: no more by apply")
			expect(without_frames(nft("list", "ruleset")) ==
			       without_frames(shown), f"{path.name}: apply differs "
			       "from text beyond frames")
		else:
			expect(listing() == by_text,
			       f"{path.name}: apply differs from text")
		expect(status(*words)["state"] == "as-loaded",
		       f"{path.name}: apply drifts")
		again = mailwall("apply", "-q", *words).stdout
		expect("unchanged" in again, f"{path.name}: {again}")
		flush()
		document = mailwall("generate", "-q", "-f", "json", *words).stdout
		nft("-j", "-f", "-", text=document)
		expect(listing() == by_text, f"{path.name}: JSON differs from text")
		expect(status()["state"] == "as-loaded", f"{path.name}: JSON drifts")
		flush()
	run("ip", "link", "del", "cust0")


BLOCK = """hook forward
class subscribers { 100.64.0.0/10 2001:db8::/32 }
class exempt dynamic
outbound from subscribers {
	allow smtp from exempt
	limit submission 5/hour per source burst 3 drop
	block smtp %s
%s}
"""


def test_state_survives(folder, quick):
	"""counters, dynamic elements and their time survive a change of policy"""
	first = policy("first", BLOCK % ("drop", ""), folder)
	second = policy("second", BLOCK % ("drop log", "\tallow imaps\n"), folder)
	with Network() as net:
		there = {"namespace": "router"}
		mailwall("apply", first, **there)
		mailwall("exempt", "add", "100.64.0.77", "2001:db8:1::/48", "--for",
			 "2h", **there)
		mailwall("exempt", "add", "100.64.0.78", **there)
		flood = net.flood(0.2)
		sent = int(flood.communicate()[0])
		run("python3", "-c", "import socket\ns = socket.socket()\n"
		    "s.settimeout(0.1)\ns.connect_ex(('198.51.100.9', 587))",
		    namespace="client")
		before = status(**there)
		mailwall("apply", second, **there)
		after = status(**there)
		keys = {c["counter"]: c["packets"] for c in after["clauses"]}
		for clause in before["clauses"]:
			expect(keys.get(clause["counter"]) == clause["packets"],
			       f"{clause} became {keys.get(clause['counter'])}")
		blocked = [c for c in after["clauses"] if c["text"].startswith("block")]
		exempt = [c for c in after["clauses"] if "from exempt" in c["text"]]
		expect(blocked[0]["packets"] + exempt[0]["packets"] == sent,
		       f"{sent} sent, {blocked[0]} and {exempt[0]} counted")
		expect(exempt[0]["packets"], "nobody was exempt")
		members = json.loads(mailwall("exempt", "list", "--json",
					      **there).stdout)["members"]
		left = {m["member"]: m["expires_s"] for m in members}
		expect(set(left) == {"100.64.0.77", "100.64.0.78",
				     "2001:db8:1::/48"}, str(left))
		expect(left["100.64.0.78"] is None, str(left))
		expect(7000 < left["100.64.0.77"] <= 7200, str(left))
		meter = [s for s in after["sets"] if s["name"].startswith("limit") and
			 s["name"].endswith("v4")]
		expect(meter[0]["elements"] == 1, f"the limit forgot: {meter}")


# The hash of each has the 24 bits of the other's.
TWINS = ("block smtp to 127.1.2.98", "block smtp to 127.1.10.115")


def test_counters_of_twins(folder, quick):
	"""a clause whose short name another had counts from zero, and then goes on"""
	run("ip", "link", "set", "lo", "up")
	first, second = (policy(f"twin{n}", "hook output\noutbound {\n\t" +
				text + "\n}\n", folder)
			 for n, text in enumerate(TWINS))

	def count(path, address):
		mailwall("apply", "-q", path)
		with socket.socket() as s:
			s.connect_ex((address, 25))
		return status()["clauses"][0]

	before = count(first, "127.1.2.98")
	after = count(second, "127.1.10.115")
	expect(before["counter"] == after["counter"], f"no twins: {before} {after}")
	expect(before["packets"] == after["packets"] == 1, f"{before} {after}")
	second.write_text(second.read_text().replace("115", "115 log"))
	again = count(second, "127.1.10.115")
	expect(again["packets"] == 2, f"{after} became {again}")
	mailwall("remove")


def test_json_names(folder, quick):
	"""JSON with odd interfaces loads; @, which it cannot say, is refused by line"""
	text = ("hook forward\nclass a {{ interface \"{}\" }}\n"
		"outbound from a {{\n\tblock smtp\n}}\n")
	for name in "#a", "x;y", "x{y}", "$d", "sp'q", "-", "%d", "p*":
		path = policy("names", text.format(name), folder)
		nft("-j", "-f", "-", text=mailwall("generate", "-q", "-f", "json",
						   path).stdout)
		expect(status(path)["state"] == "as-loaded", f"{name} drifts")
		expect(json.loads(mailwall("generate", "-q", "-f", "json", path)
				  .stdout)["nftables"][0]["add"]["table"]["comment"]
		       == "mailwall 1", "the table has no comment")
		flush()
	path = policy("names", text.format("@at"), folder)
	said = mailwall("generate", "-q", "-f", "json", path, code=1)
	expect(f"{path}:6: " in said.stderr and "-f nft" in said.stderr and
	       not said.stdout, f"{said.stderr}{said.stdout}")
	nft("-f", "-", text=mailwall("generate", "-q", path).stdout)
	expect(status(path)["state"] == "as-loaded", "@at drifts")
	flush()


INGRESS = """hook ingress cust0
class exempt dynamic
outbound {
	allow smtp from exempt
	block smtp %s
}
"""
# Words of the message and the line that it names, for a policy and a kernel.
LACKS = (
	("reset", "5.10", 9, "5.11"), ("reset", "5.10.0-33-amd64", 9, "5.11"),
	("drop", "5.10", None, ""), ("drop", "6.18", None, ""),
	("drop\n}\ninbound {\n\tblock imap drop", "5.15", 11, "5.16"),
	("drop\n}\ninbound {\n\tblock imap drop", "5.16", None, ""),
	("drop", "5.2", 1, "5.3"),
)


def test_kernel_needs(folder, quick):
	"""check --kernel tells by line what a kernel lacks; the running one is asked"""
	for clause, kernel, line, word in LACKS:
		path = policy("needs", INGRESS % clause, folder)
		said = mailwall("check", "-q", f"--kernel={kernel}", path,
				code=1 if line else 0).stderr
		expect(not line or (f"{path}:{line}:" in said and word in said),
		       f"{clause} on {kernel}: {said}")
	for bad in "", "six", "6", ".1", "-1.2":
		mailwall("check", f"--kernel={bad}", path, code=2)
	run("ip", "link", "add", "cust0", "type", "veth", "peer", "name", "cust9")
	path = policy("needs", INGRESS % "reset", folder)
	told = mailwall("check", "--json", "--kernel=running", path, code=None)
	applied = mailwall("apply", "-q", path, code=None)
	expect(bool(told.returncode) == bool(applied.returncode),
	       f"check: {told.stdout} apply: {applied.stderr}")
	if told.returncode:
		expect("NFT_REJECT_NETDEV" in applied.stderr, applied.stderr)
	left = mailwall("check", "--json", "--kernel=6.1", path)
	codes = {d["code"] for file in json.loads(left.stdout)["files"]
		 for d in file["diagnostics"]}
	expect({"kernel-not-known", "kernel-less"} <= codes, f"{codes}")
	# Nothing is left, and nothing is known without the right to try.
	flush()
	run("ip", "link", "del", "cust0")
	mailwall("check", "-q", "--kernel=running", path, code=None)
	expect(not nft("list", "ruleset").strip(), "the probe left something")


# A program of user nobody that was handed a listening socket of root.
INHERITS = """
import ctypes, os, socket
heir = socket.socket()
heir.bind(("0.0.0.0", 9000))
heir.listen()
os.setgroups([])
os.setresgid(65534, 65534, 65534)
os.setresuid(65534, 65534, 65534)
for which, s in ("own", socket.socket()), ("inherited", heir):
	unspec = ctypes.create_string_buffer(16)
	if which == "inherited" and ctypes.CDLL(None).connect(s.fileno(), unspec, 16):
		raise SystemExit("the socket cannot be disconnected")
	s.settimeout(0.3)
	try:
		s.connect(("198.51.100.9", 25))
	except OSError:
		pass
"""


def test_inherited_socket(folder, quick):
	"""shared-hosting: a site that inherits a socket of root reaches no port 25"""
	shipped = POLICIES / "shared-hosting.policy"
	open_to_root = pathlib.Path(folder) / "root.policy"
	text = shipped.read_text()
	open_to_root.write_text(text.replace("user $MTA", "user root $MTA"))
	warned = mailwall("check", "-D", "MTA=8", open_to_root).stderr
	expect("root-sockets" in warned, f"no warning of root: {warned}")
	with Network() as net:
		for path, reaches in (open_to_root, True), (shipped, False):
			mailwall("apply", "-q", "-D", "MTA=8", path, namespace="client")
			before = net.arrived()
			run(sys.executable, "-c", INHERITS, namespace="client")
			arrived = net.arrived() - before
			expect(bool(arrived) == reaches,
			       f"{path.name}: {arrived} packets to port 25")


def test_foreign_tables(folder, quick):
	"""other tables stay as they are, byte by byte, through applies and removes"""
	nft("-f", "-", text="""
		table inet filter {
			set a { type ipv4_addr; flags interval;
				elements = { 10.0.0.0/8 }
			}
			chain input {
				type filter hook input priority 0; policy drop;
				tcp dport { 22, 25 } counter accept
			}
		}
		table ip mailwall {
			chain x { counter; }
		}
		table ip6 nat {
			chain y {
				type nat hook postrouting priority 100;
				masquerade
			}
		}""")
	before = nft("-a", "list", "ruleset")
	names = ["residential", "cgi-br", "cloud-25", "campus"]
	for i in range(20 if quick else 100):
		mailwall("apply", "-q", POLICIES / f"{names[i % 4]}.policy")
		if i % 3 == 2:
			mailwall("remove")
	mailwall("remove")
	expect(nft("-a", "list", "ruleset") == before, "a foreign table changed")
	flush()


def test_no_leak_while_reloading(folder, quick):
	"""no SYN to port 25 gets through while the policy is reloaded all the time"""
	versions = [policy("one", BLOCK % ("drop", ""), folder),
		    policy("two", BLOCK % ("drop", "\tallow imaps\n"), folder)]
	reloads = 100 if quick else 1000
	with Network() as net:
		mailwall("apply", versions[0], namespace="router")
		flood = net.flood(300)
		for i in range(reloads):
			mailwall("apply", versions[(i + 1) % 2], namespace="router")
		sent = int(flood.communicate("\n")[0])
		expect(sent > 100 * reloads, f"only {sent} SYNs in {reloads} reloads")
		expect(net.arrived() == 0, f"{net.arrived()} of {sent} got through")
		blocked = [c for c in status(namespace="router")["clauses"]
			   if c["text"].startswith("block")]
		expect(blocked[0]["packets"] == sent,
		       f"{sent} sent, {blocked[0]['packets']} counted")


def test_kill(folder, quick):
	"""apply killed at any moment leaves the old rules or the new ones"""
	members = "\n".join(f"10.{n >> 8}.{n & 255}.0/25" for n in range(20000))
	(pathlib.Path(folder) / "many.list").write_text(members)
	versions = [policy("old", BLOCK % ("drop", ""), folder),
		    policy("new", BLOCK.replace("{ 100", '{ file "many.list" 100')
			   % ("drop", "\tallow imaps\n"), folder)]
	mailwall("apply", "-q", versions[0])
	draw = random.Random(25)
	seen, start = {"old": 0, "new": 0}, time.monotonic()
	mailwall("apply", "-q", versions[1])
	whole_s = time.monotonic() - start
	for i in range(40 if quick else 200):
		child = subprocess.Popen([*MAILWALL, "apply", "-q", versions[i % 2]],
					 stdout=subprocess.DEVNULL,
					 stderr=subprocess.DEVNULL)
		time.sleep(draw.uniform(0, whole_s))
		child.send_signal(signal.SIGKILL)
		child.wait()
		now = status("--verify")
		expect(now["state"] == "as-loaded", f"kill {i}: {now['state']} "
		       f"{now['differences']}")
		seen[now["policy"]] += 1
	expect(seen["old"] and seen["new"], f"only one side was ever seen: {seen}")
	flush()


def test_two_at_once(folder, quick):
	"""of two applies at once one follows the other; nothing is mixed"""
	versions = [policy("left", BLOCK % ("drop", ""), folder),
		    policy("right", BLOCK % ("reset", "\tallow imaps\n"), folder)]
	for i in range(40 if quick else 200):
		both = [subprocess.Popen([*MAILWALL, "apply", "-q", v],
					 stdout=subprocess.DEVNULL,
					 stderr=subprocess.PIPE, text=True)
			for v in versions]
		for child in both:
			error = child.communicate()[1]
			expect(child.returncode == 0, f"round {i}: {error}")
		expect(status()["state"] == "as-loaded", f"round {i} is mixed")
	flush()


def test_drift(folder, quick):
	"""a change by hand is drift, says what it is, and apply repairs it"""
	path = policy("mine", BLOCK % ("drop", ""), folder)
	changes = {
		"add rule inet mailwall forward accept": "chain forward",
		"add element inet mailwall subscribers.v4 { 9.0.0.0/8 }":
			"set subscribers.v4",
		"delete element inet mailwall subscribers.v6 { 2001:db8::/32 }":
			"set subscribers.v6",
		"flush chain inet mailwall outbound-1.smtp":
			"chain outbound-1.smtp",
		"add chain inet mailwall mine": "chain mine",
		"add counter inet mailwall mine": "counter mine",
		"insert rule inet mailwall outbound-1.smtp accept":
			"chain outbound-1.smtp",
	}
	mailwall("apply", path)
	for change, what in changes.items():
		nft(change)
		found = status(code=1)
		expect(found["state"] == "drift", f"{change}: {found['state']}")
		objects = [d["object"] for d in found["differences"]]
		expect(objects == [what], f"{change}: {objects}")
		expect("unchanged" not in mailwall("apply", path).stdout, change)
		expect(status()["state"] == "as-loaded", f"{change}: not repaired")
	mailwall("exempt", "add", "1.2.3.4")
	expect(status()["state"] == "as-loaded", "an exemption is no drift")
	other = policy("other", BLOCK % ("reset", ""), folder)
	expect(status(other, code=1)["state"] == "other-policy", "not said")
	flush()


def test_difference(folder, quick):
	"""of a changed class only the difference is sent, and it is right"""
	draw = random.Random(4)
	(pathlib.Path(folder) / "a.list").touch()
	path = policy("big", BLOCK.replace("{ 100", '{ file "a.list" 100')
		      % ("drop", ""), folder)
	members = {n for n in range(3000)}
	for i in range(6):
		for _ in range(40):
			members ^= {draw.randrange(3500)}
		lines = [f"10.{n >> 7}.{(n & 127) * 2}.0/{24 + n % 3}" for n in members]
		(pathlib.Path(folder) / "a.list").write_text("\n".join(lines))
		done = json.loads(mailwall("apply", "--json", path).stdout)
		expect(not i or done["summary"]["elements_added"] < 100,
		       f"round {i} sent {done['summary']}")
		found = status("--verify", path)
		expect(found["state"] == "as-loaded", f"round {i}: {found['state']}")
	# A member that was taken away behind our back: whole sets are sent.
	gone = lines[17]
	nft(f"delete element inet mailwall subscribers.v4 {{ {gone} }}")
	(pathlib.Path(folder) / "a.list").write_text("\n".join(
		line for line in lines if line != gone))
	mailwall("apply", path)
	expect(status("--verify", path)["state"] == "as-loaded", "not repaired")
	flush()


def test_members_run_out(folder, quick):
	"""members whose time is over leave the others as they are"""
	path = policy("passing", BLOCK % ("drop", ""), folder)
	mailwall("apply", path)
	stay = ["100.64.0.9", "100.64.2.0/25", "255.255.255.255",
		"2001:db8::7", "2001:db8:1::/64"]
	go = ["100.64.0.8", "100.64.0.10", "100.64.1.0/24", "2001:db8::",
	      "2001:db8:1:1::"]
	mailwall("exempt", "add", *stay, "--for", "1h")
	mailwall("exempt", "add", *go, "--for", "2s")
	time.sleep(2.5)
	def members():
		said = mailwall("exempt", "list", "--json").stdout
		return [m["member"] for m in json.loads(said)["members"]]
	expect(members() == stay, members())
	mailwall("exempt", "add", "100.64.0.8", "100.64.1.0/24", "--for", "1h")
	mailwall("exempt", "remove", "100.64.2.0/25", "255.255.255.255")
	expect(members() == ["100.64.0.8", "100.64.0.9", "100.64.1.0/24",
			     *stay[3:]], members())
	mailwall("exempt", "add", "100.64.0.0/16", "--for", "1h")
	expect(members() == ["100.64.0.0/16", "100.64.0.8", "100.64.0.9",
			     "100.64.1.0/24", *stay[3:]], members())
	flush()


def test_class_that_became_empty(folder, quick):
	"""that a class lost its last member is said, -q or not"""
	members = pathlib.Path(folder) / "a.list"
	members.write_text("100.64.0.0/10\n10.1.0.0/16\n2001:db8::/32\n")
	path = policy("listed", 'hook forward\nclass a { file "a.list" }\n'
		      "outbound from a {\n\tblock smtp drop\n}\n", folder)
	said = mailwall("apply", "-q", path).stdout
	expect("0 removed" in said and "no members" not in said, said)
	members.write_text("")
	done = run(*MAILWALL, "apply", "-q", path, check=False)
	expect(done.returncode == 3 and "class a would lose all of its members"
	       in done.stderr, str(done))
	said = mailwall("apply", "-q", "--shrink", path).stdout
	expect("3 removed" in said, said)
	expect("class a has no members" in said, said)
	flush()


def test_refusals(folder, quick):
	"""what the kernel refuses is said with its line and reason, exit 3"""
	bridge = policy("bridge", "hook bridge\nclass a { 10.0.0.0/8 fd00::/8 }\n"
			"class exempt dynamic\noutbound from a {\n"
			"\tallow smtp from exempt\n\tblock smtp reset\n}\n", folder)
	done = run(*MAILWALL, "apply", "-q", bridge, check=False)
	if done.returncode:		# this kernel may have nft_reject_bridge
		expect(done.returncode == 3, str(done))
		expect('bridge.policy:10:2: error: this kernel does not know the '
		       'expression "reject"' in done.stderr, done.stderr)
	expect(not nft("list", "ruleset").strip() or not done.returncode,
	       "something was loaded")
	flush()
	nft("add table inet mailwall { chain a { counter; }; }")
	mine = policy("mine", BLOCK % ("drop", ""), folder)
	before = nft("list", "ruleset")
	done = mailwall("apply", mine, code=3)
	expect("was not made by mailwall" in done.stderr, done.stderr)
	mailwall("remove", code=1)
	expect(nft("list", "ruleset") == before, "a table that is not ours changed")
	flush()
	tight = policy("tight", BLOCK.replace("dynamic", "dynamic size 2")
		       % ("drop", ""), folder)
	mailwall("apply", tight)
	mailwall("exempt", "add", "1.1.1.1")
	done = mailwall("exempt", "add", "1.1.1.2", "1.1.1.3", "1.1.1.4", code=3)
	expect("is full" in done.stderr, done.stderr)
	expect("system" not in done.stderr, done.stderr)
	done = mailwall("apply", folder, code=3)
	expect("Is a directory" in done.stderr, done.stderr)
	flush()
	drop = ["setpriv", "--bounding-set", "-net_admin", "--inh-caps",
		"-net_admin", "--"]
	done = run(*drop, *MAILWALL, "apply", mine, check=False)
	expect(done.returncode == 3 and "CAP_NET_ADMIN" in done.stderr, str(done))


def test_hook_changes(folder, quick):
	"""a policy for another hook takes the place of the old one"""
	run("ip", "link", "add", "cust0", "type", "veth", "peer", "name", "cust9")
	body = "class exempt dynamic\noutbound {\n\tallow smtp from exempt\n" \
	       "\tblock smtp drop\n}\n"
	hooks = ["forward", "output", "bridge", "ingress cust0", "ingress cust9",
		 "ingress cust0 cust9", "forward"]
	for hook in hooks:
		path = policy("moving", f"hook {hook}\n{body}", folder)
		mailwall("apply", path)
		tables = re.findall(r"table (\w+) mailwall", nft("list", "ruleset"))
		expect(len(tables) == 1, f"{hook}: {tables}")
		expect(status(path)["state"] == "as-loaded", hook)
	mailwall("remove")
	expect(not nft("list", "ruleset").strip(), "something was left")
	run("ip", "link", "del", "cust0")


def main():
	parser = argparse.ArgumentParser(description=__doc__)
	parser.add_argument("--quick", action="store_true")
	parser.add_argument("names", nargs="*")
	arguments = parser.parse_args()
	lab.enter()
	os.environ["MAILWALL_RUN_DIR"] = "/run/mailwall"
	passed = failed = 0
	for name, test in list(globals().items()):
		if not name.startswith("test_") or (arguments.names and
						    name not in arguments.names):
			continue
		with tempfile.TemporaryDirectory() as folder:
			start = time.monotonic()
			os.environ["MAILWALL_STATE_DIR"] = f"{folder}/state"
			try:
				test(folder, arguments.quick)
			except (Failure, subprocess.TimeoutExpired) as error:
				print(f"not ok - {test.__doc__}\n# {name}: {error}")
				failed += 1
				flush()
				run("ip", "link", "del", "cust0", check=False)
				continue
			print(f"ok - {test.__doc__} ({time.monotonic() - start:.1f} s)",
			      flush=True)
			passed += 1
	print(f"{passed} passed, {failed} failed")
	return 1 if failed else 0


if __name__ == "__main__":
	sys.exit(main())

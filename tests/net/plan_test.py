#!/usr/bin/env python3
"""plan says what a policy would change, and apply does that and nothing else.

In namespaces that end with this program; the claims are the first lines of the
functions.
"""

import contextlib
import json
import os
import pathlib
import re
import subprocess
import sys
import time

sys.dont_write_bytecode = True

import lab
from watch_test import CLIENT, MAILWALL, SERVER, Watch, build_network, expect, run

HEADER = """policy planned
purpose "test"
contact "test@example"
review 2099-01-01
hook forward
class subscribers { 100.64.0.0/10 }
class relays { 192.0.2.25 }
class exempt dynamic
"""
BEFORE = HEADER + """outbound from subscribers {
	allow smtp to relays
	allow smtp from exempt
	block smtp reset
	allow submission submissions smtp-alt
}
"""
AFTER = HEADER + """outbound from subscribers {
	allow smtp to relays
	allow smtp from exempt
	block smtp reset
	allow submission submissions
	block smtp-alt reset
}
"""
SMTPD = """
import socket
s = socket.create_server(("", 2525))
print("ready", flush=True)
kept = []
while True:
	kept.append(s.accept()[0])
	kept[-1].sendall(b"220 here\\r\\n")
"""
SESSION = """
import socket, sys
s = socket.create_connection((sys.argv[1], 2525), 5)
s.recv(100)
print("open", flush=True)
sys.stdin.read()
"""
TRACK = """table ip track {
	chain forward {
		type filter hook forward priority 10
		ct state established accept
	}
}
"""


def mailwall(*words, code=0, ns="router"):
	done = run(MAILWALL, *words, ns=ns, check=False)
	expect(done.returncode == code, f"{words}: exit {done.returncode}, not "
	       f"{code}: {done.stdout}{done.stderr}")
	return done.stdout + done.stderr


def document(*words, code):
	done = run(MAILWALL, *words, ns="router", check=False)
	expect(done.returncode == code, f"{words}: exit {done.returncode}, not "
	       f"{code}: {done.stdout}{done.stderr}")
	return json.loads(done.stdout)


def plan(path, *words, code=4):
	return document("plan", "--json", *words, path, code=code)


def nft(*words, text=None):
	return run("nft", *words, ns="router", text=text).stdout


def write(folder, text, name="planned.policy"):
	path = pathlib.Path(folder) / name
	path.write_text(text)
	return path


def clear():
	run(MAILWALL, "remove", ns="router", check=False)


def digest():
	told = run(MAILWALL, "status", "--json", ns="router", check=False)
	return json.loads(told.stdout).get("digest")


def codes(document_):
	return [d["code"] for d in document_["diagnostics"]
		if d["severity"] == "error"]


# ---- what is told ----

def tells_the_difference(folder):
	"""clauses, counters and the transaction are told; the status is 4, then 0"""
	clear()
	path = write(folder, BEFORE)
	said = mailwall("plan", path, code=4)
	expect(said.startswith("nothing is loaded -> planned\n") and
	       "+ line 9  outbound from subscribers\n" in said, said)
	mailwall("apply", "-q", path)
	said = mailwall("plan", path)
	expect(said.startswith("planned: nothing to do, digest "), said)
	expect(not plan(path, code=0)["to_do"], "to do")
	path = write(folder, AFTER)
	said = mailwall("plan", path, code=4)
	for wanted in ("  ~ line 13  allow submission submissions smtp-alt  ->  "
		       "allow submission submissions\n",
		       "  + line 14  block smtp-alt reset\n",
		       "  = 3 clauses as before; 3 counters of clauses stay\n",
		       "in one transaction: ", "2 changes. To load them: "
		       f"mailwall apply {path}\n"):
		expect(wanted in said, f"no {wanted!r} in: {said}")
	told = plan(path)
	expect([(l["kind"], l["after"]["line"]) for l in told["lines"]] ==
	       [("changed", 13), ("added", 14)], told["lines"])
	expect(told["counters"]["kept"] == 3 and
	       len(told["counters"]["removed"]) == 1 and
	       len(told["counters"]["added"]) == 2, told["counters"])
	expect(told["changes"] == 2 and not told["shrinks"], told)
	expect(mailwall("apply", "-n", path) == said, "apply -n says another")
	dry = document("apply", "-n", "--json", path, code=0)
	expect(dry["changed"] and dry["dry_run"] and dry["plan"] == {
		**{k: v for k, v in told.items()
		   if k not in ("ok", "diagnostics")}}, dry)
	expect(digest() == told["before"]["digest"], "a plan changed the rules")
	mailwall("apply", "-q", path)
	expect(digest() == told["digest"], "not what was planned")


def has_its_statuses(folder):
	"""mistakes are 1, a wrong command line 2, what cannot be read 3"""
	clear()
	mailwall("plan", write(folder, HEADER + "outbound {\n\tblock smpt\n}\n",
			       "bad.policy"), code=1)
	mailwall("plan", code=2)
	mailwall("plan", "--nonsense", folder, code=2)
	mailwall("plan", f"{folder}/missing.policy", code=3)
	told = document("plan", "--json", f"{folder}/missing.policy", code=3)
	expect(not told["ok"] and codes(told) == ["cannot-read"], told)
	nft("-f", "-", text="table inet mailwall { }\n")
	told = document("plan", "--json", write(folder, BEFORE), code=3)
	expect(codes(told) == ["table-taken"], told)
	nft("delete", "table", "inet", "mailwall")


def lists_what_is_sent(folder):
	"""the list of a plan is what the kernel tells its listeners of"""
	clear()
	mailwall("apply", "-q", write(folder, BEFORE))
	path = write(folder, AFTER.replace("{ 192.0.2.25 }",
					   "{ 192.0.2.26 198.51.100.0/24 }"))
	steps = plan(path)["transaction"]
	wanted = {(s["verb"], s["object"], s["name"]) for s in steps}
	monitor = subprocess.Popen(
		["ip", "netns", "exec", "router", "nft", "monitor"],
		stdout=subprocess.PIPE, text=True)
	try:
		time.sleep(1)
		mailwall("apply", "-q", path)
		time.sleep(1)
	finally:
		monitor.terminate()
	said = monitor.communicate()[0]
	seen = set()
	for verb, object_, name in re.findall(
			r"^(add|delete) (counter|set|map|chain|element) inet mailwall "
			r"(\S+)", said, re.MULTILINE):
		seen.add(({"add": "add", "delete": "remove"}[verb],
			  {"element": "elements", "map": "set"}.get(object_,
								    object_),
			  name))
	told = {w for w in wanted if w[0] in ("add", "remove") and
		w[1] in ("counter", "set", "chain", "elements")}
	told |= {("remove", "elements", w[2]) for w in wanted
		 if w[0] == "empty" and w[1] == "elements"}
	# nft 1.0.6 knows no map of ports to chains, and prints none.
	told = {w for w in told if not w[2].endswith(".ports")}
	expect(seen == told, f"sent {seen - told}, listed {told - seen}\n{said}")


def keeps_the_class_of_the_exempt(folder):
	"""an exempt member whose class goes is named, as is what goes with a class"""
	clear()
	mailwall("apply", "-q", write(folder, BEFORE))
	mailwall("exempt", "add", "100.64.0.7", "100.127.0.9")
	path = write(folder, BEFORE.replace("100.64.0.0/10", "100.64.0.0/11"))
	said = mailwall("plan", path, code=4)
	expect("  ! exempt 100.127.0.9: class subscribers held it, and no class "
	       "does any more\n" in said and
	       "2 members of dynamic classes stay" in said, said)
	told = plan(path)["members"]
	expect(told["stay"] == 2 and told["without_class"] == 1 and
	       told["list"] == [{"class": "exempt", "member": "100.127.0.9",
				 "lost_class": "subscribers"}], told)
	path = write(folder, BEFORE.replace("\tallow smtp from exempt\n", ""))
	told = plan(path)["members"]
	expect(told["go"] == 2 and told["stay"] == 0, told)


# ---- effects ----

@contextlib.contextmanager
def open_session():
	server = subprocess.Popen(
		["ip", "netns", "exec", "server", sys.executable, "-c", SMTPD],
		stdout=subprocess.PIPE)
	client = None
	try:
		server.stdout.readline()
		client = subprocess.Popen(
			["ip", "netns", "exec", "client", sys.executable, "-c",
			 SESSION, SERVER], stdin=subprocess.PIPE,
			stdout=subprocess.PIPE)
		expect(client.stdout.readline() == b"open\n", "no session")
		yield
	finally:
		for child in filter(None, (client, server)):
			child.kill()
			child.wait()


def counts_sessions(folder):
	"""sessions that would be cut are those of connection tracking, decided"""
	clear()
	mailwall("apply", "-q", write(folder, BEFORE))
	path = write(folder, AFTER)
	told = plan(path)["sessions"]
	expect(not told["known"] and "tracks no connections" in told["why"], told)
	nft("-f", "-", text=TRACK)
	try:
		with open_session():
			told = plan(path)["sessions"]
			expect(told["known"] and told["cut"] == 1 and
			       not told["perhaps"] and
			       told["list"][0]["source"] == CLIENT and
			       told["list"][0]["destination"] == SERVER and
			       told["list"][0]["port"] == 2525 and
			       told["list"][0]["certain"], told)
			said = mailwall("plan", path, code=4)
			expect("now: 1 session on smtp-alt would be cut at once\n"
			       in said, said)
			other = write(folder, BEFORE.replace(
				"\tblock smtp reset", "\tblock smtp imap reset"))
			expect(not plan(other)["sessions"]["cut"], "another port")
			mailwall("exempt", "add", CLIENT)
			exempt = write(folder, AFTER.replace(
				"from exempt", "smtp-alt from exempt"))
			expect(not plan(exempt)["sessions"]["cut"], "an exempt one")
	finally:
		nft("delete", "table", "ip", "track")


def counts_own_sessions(folder):
	"""of hook output the sessions are those of the host's sockets, by user"""
	clear()
	text = ('policy own\npurpose "t"\ncontact "t@example"\n'
		"review 2099-01-01\nhook output\noutbound {\n")
	mailwall("apply", "-q", write(folder, text + "allow smtp-alt\n}\n",
				      "own.policy"), ns="client")
	path = write(folder, text + "block smtp-alt\n}\n", "own.policy")
	with open_session():
		done = run(MAILWALL, "plan", "--json", path, ns="client",
			   check=False)
		told = json.loads(done.stdout)["sessions"]
		expect(told["cut"] == 1 and told["list"][0]["source"] == CLIENT,
		       told)
		path = write(folder, text + "allow smtp-alt user root\n"
			     "block smtp-alt\n}\n", "own.policy")
		done = run(MAILWALL, "plan", "--json", path, ns="client",
			   check=False)
		told = json.loads(done.stdout)["sessions"]
		expect(told["cut"] == 0 and told["perhaps"] == 0, told)
	run(MAILWALL, "remove", ns="client")


def counts_sources(folder):
	"""sources of the last day that got through and would be blocked are counted"""
	clear()
	store = pathlib.Path(os.environ["MAILWALL_STORE"])
	path = write(folder, BEFORE)
	mailwall("apply", "-q", path)
	told = plan(write(folder, AFTER))["sources"]
	expect(not told["known"] and str(store) in told["why"], told)
	store.parent.mkdir(exist_ok=True)
	os.chmod(store.parent, 0o777)
	watch = Watch("-i", "wan0", "--store", store, "--policy",
		      write(folder, BEFORE), "--no-warmup")
	with open_session():
		pass
	time.sleep(1)
	watch.stop()
	try:
		told = plan(write(folder, AFTER))["sources"]
		expect(told["known"] and told["blocked"] == 1 and
		       told["list"][0]["source"] == CLIENT and
		       told["list"][0]["port"] == 2525 and
		       told["list"][0]["attempts"] >= 1, told)
		said = mailwall("plan", write(folder, AFTER), code=4)
		expect("last 24 h: 1 source used smtp-alt and would be blocked "
		       f"({CLIENT} " in said, said)
		store.write_text("no store")
		told = plan(write(folder, AFTER))["sources"]
		expect(not told["known"] and "no database of mailwall" in
		       told["why"], told)
	finally:
		for file in store.parent.glob("mailwall.db*"):
			file.unlink()


# ---- plans as files ----

def loads_what_was_planned(folder):
	"""apply of a plan loads its copies, whatever the files say by then"""
	clear()
	members = write(folder, "100.64.0.0/10\n", "members.txt")
	text = BEFORE.replace("{ 100.64.0.0/10 }", '{ file "members.txt" }')
	path = write(folder, text)
	file = pathlib.Path(folder) / "first.plan"
	told = plan(path, "-o", file)
	members.write_text("10.0.0.0/8\n")
	path.unlink()
	said = mailwall("apply", "-q", file)
	expect("loaded into" in said and "members.txt" in said, said)
	expect(digest() == told["digest"], "not what was planned")
	said = mailwall("apply", "-q", file)
	expect("unchanged" in said, said)


def refuses_what_moved(folder):
	"""a plan is refused once the rules are not those that it was made against"""
	moves = {
		"the rules were removed": clear,
		"another policy was loaded": lambda: mailwall(
			"apply", "-q", write(folder, AFTER.replace("reset", "drop"),
					     "other.policy")),
		"somebody changed the loaded rules": lambda: nft(
			"flush", "chain", "inet", "mailwall", "forward.smtp"),
	}
	file = pathlib.Path(folder) / "moved.plan"
	for what, move in moves.items():
		clear()
		mailwall("apply", "-q", write(folder, BEFORE))
		plan(write(folder, AFTER), "-o", file)
		mailwall("exempt", "add", "100.64.9.9")	# no move of the rules
		move()
		before = nft("list", "ruleset")
		told = document("apply", "--json", file, code=3)
		expect(codes(told) == ["plan-moved"] and
		       what in told["diagnostics"][-1]["message"], told)
		expect(nft("list", "ruleset") == before, f"{what}: changed")
	clear()
	plan(write(folder, BEFORE), "-o", file)
	mailwall("apply", "-q", write(folder, AFTER))
	told = document("apply", "--json", file, code=3)
	expect(codes(told) == ["plan-moved"], told)


def refuses_bad_plans(folder):
	"""a plan that was cut or edited is refused with a sentence"""
	clear()
	file = pathlib.Path(folder) / "bad.plan"
	plan(write(folder, BEFORE), "-o", file)
	good = file.read_text()
	document_ = json.loads(good)

	def edited(**members):
		return json.dumps({**document_, **members})

	first = {**document_["files"][0], "text": AFTER}
	bad = {
		good[:len(good) // 2]: "no-plan",
		"{": "no-plan",
		"{}": "no-plan",
		"{" * 100000: "no-plan",
		'{"mailwall_plan": 2}': "plan-version",
		edited(files=[]): "plan-edited",
		edited(files=7): "plan-edited",
		edited(files=[first]): "plan-edited",
		edited(files=[{"path": "x", "sha256": "0" * 64,
			       "base64": "!"}]): "plan-edited",
		edited(against=None): "plan-edited",
		edited(ids=[{"kind": "user", "name": "x", "id": -1}]):
			"plan-edited",
		edited(definitions=[[]]): "plan-edited",
		edited(digest="0" * 32): "plan-edited",
		edited(path=""): "cannot-read",
	}
	for text, code in bad.items():
		file.write_text(text)
		told = document("apply", "--json", file, code=3)
		expect(codes(told) == [code], f"{text[:200]}: {told}")
	expect(digest() is None, "something was loaded")
	file.write_text(good)
	mailwall("apply", "-D", "SUBS=10.0.0.0/8", file, code=2)
	mailwall("apply", "-q", file)


# ---- classes that shrink ----

def export(folder, n, first=0):
	lines = "".join(f"100.64.{i // 125}.{2 * (i % 125)}\n"
			for i in range(first, first + n))
	return write(folder, lines, "export.txt")


def refuses_a_failed_test(folder):
	"""a policy whose test fails is refused by plan, apply and a trial, and nothing changes"""
	clear()
	path = write(folder, BEFORE + """
test "all may send" {
	expect subscribers -> any smtp allow
}
""")
	for words in (["plan"], ["apply", "-n"], ["apply"],
		      ["apply", "--trial", "60s"], ["generate"]):
		done = run(MAILWALL, *words, path, ns="router", check=False)
		expect(done.returncode == 1 and "all may send" in done.stderr,
		       f"{words}: {done.returncode}: {done.stderr}")
	expect(run(MAILWALL, "status", ns="router", check=False).returncode == 1,
	       "something is loaded")


def refuses_a_cut_export(folder):
	"""an export that was cut short is not loaded without --shrink"""
	clear()
	text = BEFORE.replace("{ 100.64.0.0/10 }", '{ file "export.txt" }')
	export(folder, 300)
	path = write(folder, text)
	mailwall("apply", "-q", path)
	loaded = digest()
	export(folder, 40)
	said = mailwall("plan", path, code=4)
	expect("class subscribers" in said and "apply wants --shrink" in said and
	       f"mailwall apply --shrink {path}\n" in said, said)
	expect(plan(path)["shrinks"], "plan does not say so")
	told = document("apply", "--json", path, code=3)
	expect(codes(told) == ["class-shrinks"] and digest() == loaded, told)
	said = mailwall("apply", path, code=3)
	expect("--shrink" in said and "planned.policy:6" in said and
	       "nothing was changed" in said, said)
	# What is loaded is known without the run file, too.
	for file in pathlib.Path(os.environ["MAILWALL_RUN_DIR"]).glob("loaded-*"):
		file.unlink()
	told = document("apply", "--json", path, code=3)
	expect(codes(told) == ["class-shrinks"], told)
	export(folder, 0)
	told = document("apply", "--json", path, code=3)
	expect("class-shrinks" in codes(told) and digest() == loaded, told)
	export(folder, 280)
	mailwall("apply", "-q", path)
	write(folder, "100.64.0.0/16\n", "export.txt")	# in one prefix, and more
	mailwall("apply", "-q", path)
	export(folder, 40)
	mailwall("apply", "-q", "--shrink", path)
	expect(not plan(path, code=0)["to_do"], "not loaded")
	clear()
	mailwall("apply", "-q", path)	# nothing is loaded: nothing is lost


CLAIMS = (tells_the_difference, has_its_statuses, lists_what_is_sent,
	  keeps_the_class_of_the_exempt, counts_sessions, counts_own_sessions,
	  counts_sources, loads_what_was_planned, refuses_what_moved,
	  refuses_bad_plans, refuses_a_failed_test, refuses_a_cut_export)


def main():
	return lab.hold_below(CLAIMS, build_network)


if __name__ == "__main__":
	sys.exit(main())

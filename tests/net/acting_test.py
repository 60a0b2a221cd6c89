#!/usr/bin/env python3
"""status, apply and metrics say whether the rules act, and not only what they are.

In namespaces that end with this program; the claims are the first lines of the
functions.
"""

import json
import os
import pathlib
import re
import subprocess
import sys

sys.dont_write_bytecode = True

import lab
from watch_test import MAILWALL, SERVER, build_network, expect, run

HEADER = """policy acts
purpose "test"
contact "test@example"
review 2099-01-01
"""
FORWARD = """hook forward
class subscribers { 100.64.0.0/10 }
class exempt dynamic
outbound from subscribers {
	allow smtp from exempt
	block smtp reset log
}
inbound to subscribers {
	block smtp drop and replies
}
"""
INGRESS = """hook ingress %s
outbound {
	block smtp drop
}
"""
SMTPD = """
import socket
s = socket.create_server(("", 25))
print("ready", flush=True)
while True:
	c = s.accept()[0]
	c.sendall(b"x" * 200000)
	c.close()
"""
ASK = """
import socket, sys
for n in range(int(sys.argv[2])):
	s = socket.create_connection((sys.argv[1], 25), 5)
	while s.recv(65536):
		pass
	s.close()
"""


def mailwall(*words, code=0):
	done = run(MAILWALL, *words, ns="router", check=False)
	expect(done.returncode == code, f"{words}: exit {done.returncode}, not "
	       f"{code}: {done.stdout}{done.stderr}")
	return done.stdout


def status(*words, code=0):
	return json.loads(mailwall("status", "--json", *words, code=code))


def nagios(level, *words, has=""):
	code = ("OK", "WARNING", "CRITICAL", "UNKNOWN").index(level)
	line = mailwall("status", "--nagios", *words, code=code)
	expect(line.startswith(f"MAILWALL {level} - ") and has in line, line)
	return line


def nft(*words, text=None):
	return run("nft", *words, ns="router", text=text).stdout


def write(folder, text, mode=""):
	path = pathlib.Path(folder) / "acts.policy"
	path.write_text(HEADER + mode + text)
	return path


def clause(document, text):
	return [c for c in document["clauses"] if c["text"].startswith(text)][0]


def clear():
	run(MAILWALL, "remove", ns="router", check=False)
	state = pathlib.Path(os.environ["MAILWALL_STATE_DIR"])
	(state / "book.db").unlink(missing_ok=True)


# ---- the mode ----

def says_the_mode(folder):
	"""observe is another state than enforce, in text, JSON, Nagios and metrics"""
	clear()
	path = write(folder, FORWARD, "mode observe\n")
	said = mailwall("apply", path)
	expect("mode observe: nothing is blocked" in said, said)
	said = mailwall("apply", path)
	expect("unchanged" in said and "nothing is blocked" in said, said)
	text = mailwall("status")
	expect(text.startswith("mode     observe: nothing is blocked\n") and
	       "would block smtp reset log" in text and
	       not re.search(r"  block smtp", text), text)
	told = status()
	expect(told["mode"] == "observe" and not told["acting"] and
	       told["state"] == "as-loaded", told)
	nagios("WARNING", has="observes: nothing is blocked")
	line = nagios("OK", path, has="observes: nothing is blocked")
	expect("blocked=0c" in line and "would_block=0c" in line, line)
	page = mailwall("status", "--prometheus")
	for wanted in ('mailwall_policy_mode{mode="observe"} 1',
		       "mailwall_policy_acting 0"):
		expect(f"\n{wanted}\n" in page, page)
	path = write(folder, FORWARD)
	said = json.loads(mailwall("apply", "--json", path))
	expect(said["mode"] == "enforce" and said["changed"], said)
	expect(mailwall("status").startswith("mode     enforce\n"), "the mode")
	expect(status()["acting"] and status()["mode"] == "enforce", status())
	line = nagios("OK")
	expect("would_block" not in line and "observes" not in line, line)
	page = mailwall("status", "--prometheus")
	expect("\nmailwall_policy_acting 1\n" in page and
	       'mode="enforce"} 1' in page and "_observed_" not in page, page)


def counts_apart(folder):
	"""observe counts openings under a name of its own, and the old count stays"""
	clear()
	server = subprocess.Popen(
		["ip", "netns", "exec", "server", sys.executable, "-c", SMTPD],
		stdout=subprocess.PIPE)
	try:
		server.stdout.readline()
		mailwall("apply", "-q", write(folder, FORWARD))
		run(sys.executable, "-c", ASK, SERVER, 1, ns="client", check=False)
		blocked = clause(status(), "block smtp reset")["packets"]
		expect(blocked >= 1, "nothing was blocked")
		mailwall("apply", "-q", write(folder, FORWARD, "mode observe\n"))
		run(sys.executable, "-c", ASK, SERVER, 5, ns="client")
		told = status()
		for text, n in ("block smtp reset", 5), ("block smtp drop", 0):
			c = clause(told, text)
			expect(c["observed_packets"] == n, f"not {n}: {c}")
		expect(clause(told, "block smtp reset")["packets"] == blocked,
		       told["clauses"])
		line = nagios("WARNING")
		expect(f"blocked={blocked}c would_block=5c" in line, line)
		page = mailwall("status", "--prometheus")
		expect(re.search(r"_observed_packets_total\{.*\} 5\n", page) and
		       re.search(rf"_clause_packets_total{{.*}} {blocked}\n",
				 page), page)
		mailwall("apply", "-q", write(folder, FORWARD))
		c = clause(status(), "block smtp reset")
		expect(c["packets"] == blocked and "observed_packets" not in c, c)
	finally:
		server.kill()
		server.wait()


# ---- faults ----

def is_told(fault, object_, opens, level="CRITICAL"):
	"""The fault, wherever status tells of one."""
	told = status(code=1 if opens or level == "CRITICAL" else 0)
	mine = [f for f in told["faults"] if f["fault"] == fault]
	expect(len(mine) == 1 and mine[0]["object"] == object_ and
	       mine[0]["opens"] == opens and told["acting"] == (not opens),
	       f"{fault}: {told}")
	text = run(MAILWALL, "status", ns="router", check=False).stdout
	expect(f"\nFAULT    {mine[0]['text']}: {mine[0]['help']}\n" in text, text)
	nagios(level, has=mine[0]["text"])
	page = mailwall("status", "--prometheus")
	wanted = f'fault{{fault="{fault}",object="{object_ or ""}"}} 1\n'
	expect(wanted in page and
	       f"\nmailwall_policy_acting {int(not opens)}\n" in page, page)


def sees_what_does_not_act(folder):
	"""a dormant table, a policy drop, a chain unhooked: each is told, and mended"""
	clear()
	path = write(folder, FORWARD)
	mailwall("apply", "-q", path)
	breaks = {
		"dormant": (None, True, "add table inet mailwall "
			    "{ flags dormant; }"),
		"policy-drop": ("forward", False, "add chain inet mailwall forward "
				"{ policy drop; }"),
		"no-base-chain": ("forward", True, "flush chain inet mailwall "
				  "forward\ndelete chain inet mailwall forward"),
	}
	for fault, (object_, opens, how) in breaks.items():
		nft("-f", "-", text=how + "\n")
		is_told(fault, object_, opens)
		expect(status(code=1)["state"] == "drift", fault)
		dry = mailwall("apply", "-n", path)
		expect("would be mended" in dry, dry)
		done = json.loads(mailwall("apply", "--json", path))
		expect(done["changed"] and fault in done["mended"], done)
		told = status()
		expect(told["acting"] and not told["faults"] and
		       told["state"] == "as-loaded", told)
		nagios("OK")
	for how in breaks.values():
		if "delete" not in how[2]:
			nft("-f", "-", text=how[2] + "\n")
	said = mailwall("apply", path)
	expect(said.count("mended: ") == 2 and "unchanged" not in said, said)
	expect("unchanged" in mailwall("apply", path), "not mended at once")
	nft("add", "chain", "inet", "mailwall", "mine",
	    "{ type filter hook forward priority 5; policy accept; }")
	told = status(code=1)
	expect(told["state"] == "drift" and
	       {"kind": "unexpected", "object": "chain mine"} in
	       told["differences"], told)
	mailwall("apply", "-q", path)
	expect(status()["state"] == "as-loaded", "a chain of others")


def sees_devices(folder):
	"""hook ingress: a device that is gone, renamed or down is told"""
	clear()
	run("ip", "link", "add", "eth7", "type", "veth", "peer", "name", "eth8",
	    ns="router")
	run("ip", "link", "set", "eth7", "up", ns="router")
	path = write(folder, INGRESS % "eth7")
	mailwall("apply", "-q", path)
	expect(status()["acting"] and not status()["faults"], status())
	run("ip", "link", "set", "eth7", "down", ns="router")
	is_told("device-down", "eth7", False, "WARNING")
	run("ip", "link", "set", "eth7", "name", "eth9", ns="router")
	if status(code=1)["state"] != "drift":	# before 6.16 the hook is gone
		is_told("device-missing", "eth7", True)
		said = mailwall("apply", path)
		expect("unchanged" in said and 'no device "eth7"' in said, said)
		codes = [d["code"] for d in json.loads(mailwall(
			"apply", "--json", path))["diagnostics"]]
		expect("device-missing" in codes, codes)
	run("ip", "link", "set", "eth9", "name", "eth7", ns="router")
	run("ip", "link", "set", "eth7", "up", ns="router")
	mailwall("apply", "-q", path)
	expect(status()["acting"], "it is there again")
	run("ip", "link", "del", "eth7", ns="router")
	expect(not status(code=1)["acting"], "gone")
	nagios("CRITICAL")
	clear()


def sees_an_owner(folder):
	"""a table that another program owns: one sentence says so, and what to do"""
	clear()
	path = write(folder, FORWARD)
	rules = mailwall("generate", "-q", path)
	owned = pathlib.Path(folder) / "owned.nft"
	owned.write_text(rules.replace(
		"table inet mailwall {", "table inet mailwall {\n\tflags owner;"))
	owner = subprocess.Popen(
		["ip", "netns", "exec", "router", "nft", "-i"], text=True,
		stdin=subprocess.PIPE, stdout=subprocess.PIPE,
		stderr=subprocess.STDOUT)
	try:
		owner.stdin.write(f'include "{owned}"\nlist tables\n')
		owner.stdin.flush()
		while "table inet mailwall" not in owner.stdout.readline():
			expect(owner.poll() is None, "nft ended")
		is_told("owned", status(code=1)["faults"][0]["object"], False)
		for words in (["apply", path], ["remove"],
			      ["exempt", "add", "192.0.2.1"]):
			done = run(MAILWALL, *words, ns="router", check=False)
			expect(done.returncode == 3 and
			       done.stderr.count("error: ") == 1 and
			       "another program owns" in done.stderr and
			       "run as root" not in done.stderr,
			       f"{words}: {done.returncode}: {done.stderr}")
	finally:
		owner.stdin.close()
		owner.wait()


def tells_what_was_replaced(folder):
	"""apply: the table of another family that goes is named, with its digest"""
	clear()
	mailwall("apply", "-q", write(folder, FORWARD))
	digest = status()["digest"]
	done = json.loads(mailwall("apply", "--json", write(
		folder, INGRESS % "cust0")))
	expect(done["previous_digest"] is None and
	       done["replaced_table"] == "inet mailwall" and
	       done["replaced_digest"] == digest, done)
	done = json.loads(mailwall("apply", "--json", write(
		folder, INGRESS % "cust0")))
	expect(done["replaced_table"] is None and not done["changed"], done)
	clear()


def repeats_what_matters(folder):
	"""apply: an empty class and a size that is too small are told each time"""
	clear()
	empty = FORWARD.replace("class exempt dynamic",
				"class exempt dynamic size 3\nclass gone { file "
				f'"{folder}/gone" }}').replace(
		"allow smtp from exempt", "allow smtp from exempt\n"
		"\tallow smtp from gone")
	pathlib.Path(folder, "gone").write_text("# nobody\n")
	path = write(folder, empty.replace("size 3", "size 30"))
	for state in "loaded into", "unchanged":
		said = mailwall("apply", "-q", path)
		expect(state in said and "class gone has no members" in said,
		       said)
	for n in range(5):
		mailwall("exempt", "add", f"192.0.2.{2 * n}")
	path = write(folder, empty)
	for _ in "first", "again":
		said = mailwall("apply", "-q", path)
		expect("set exempt.v4 has 5 members, more than its size 3" in
		       said, said)
	codes = [d["code"] for d in json.loads(mailwall(
		"apply", "-q", "--json", path))["diagnostics"]]
	expect("size-below" in codes and "class-empty" in codes, codes)
	clear()


def notes_or_says_so(folder):
	"""apply: a store that cannot be used is told with what was loaded; exit 0"""
	clear()
	path = write(folder, FORWARD)
	store = pathlib.Path(os.environ["MAILWALL_STORE"])
	store.parent.mkdir(exist_ok=True)
	store.write_text("no store")
	said = mailwall("apply", "-q", path)
	expect("loaded into" in said and "the store has no note of it" in said,
	       said)
	clear()
	done = json.loads(mailwall("apply", "-q", "--json", path))
	expect(done["ok"] and done["changed"] and
	       "not-noted" in [d["code"] for d in done["diagnostics"]], done)
	store.unlink()
	clear()


CLAIMS = (says_the_mode, counts_apart, sees_what_does_not_act, sees_devices,
	  sees_an_owner, tells_what_was_replaced, repeats_what_matters,
	  notes_or_says_so)


def main():
	return lab.hold_below(CLAIMS, build_network)


if __name__ == "__main__":
	sys.exit(main())

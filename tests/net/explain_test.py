#!/usr/bin/env python3
"""explain says what the kernel does with a connection, why, and what it did not read.

In namespaces that end with this program; the claims are the first lines of the
functions.
"""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True

import lab
from watch_test import (CLIENT, MAILWALL, QUARANTINE, SERVER, build_network,
			expect, run)

POLICY = """policy why
purpose "test"
contact "test@example"
review 2099-01-01
hook forward
class subscribers { 100.64.0.0/10 2001:db8:4000::/34 }
class relays { 198.51.100.9 }
class exempt dynamic
outbound from subscribers {
	allow smtp to relays
	allow smtp from exempt
	block smtp reset log
	limit submission 1000/minute per source
	observe imap
	block pop3 drop
}
inbound to subscribers {
	block smtp drop
}
"""
HOST = """policy host
purpose "test"
contact "test@example"
review 2099-01-01
hook output
outbound {
	allow smtp user 8
	block smtp reject
}
"""
PORTS = 25, 110, 143, 465, 587
SERVERS = """
import select, socket, sys
all = [socket.create_server(("", int(port))) for port in sys.argv[1:]]
print("ready", flush=True)
while True:
	for s in select.select(all, [], [])[0]:
		s.accept()[0].close()
"""
CONNECT = """
import socket, sys
for port in sys.argv[2:]:
	try:
		socket.create_connection((sys.argv[1], int(port)), 1).close()
		print(port, "yes")
	except OSError:
		print(port, "no")
"""


def mailwall(*words, code=0):
	done = run(MAILWALL, *words, ns="router", check=False)
	expect(done.returncode == code, f"{words}: exit {done.returncode}, not "
	       f"{code}: {done.stdout}{done.stderr}")
	return done.stdout


def explain(*words):
	return json.loads(mailwall("explain", "--json", *words))


def refused(*words, has):
	done = run(MAILWALL, "explain", *words, ns="router", check=False)
	expect(done.returncode == 2 and has in done.stderr and
	       len(done.stderr.strip().splitlines()) <= 2,
	       f"{words}: {done.returncode}: {done.stderr}")


def write(folder, text, name="why.policy"):
	path = pathlib.Path(folder) / name
	path.write_text(text)
	return path


def clear():
	run(MAILWALL, "remove", ns="router", check=False)
	run("nft", "flush", "ruleset", ns="router")


def passes():
	"""The ports on which the client's connections go through."""
	said = run(sys.executable, "-c", CONNECT, SERVER, *PORTS, ns="client")
	return {int(line.split()[0]) for line in said.stdout.splitlines()
		if line.endswith("yes")}


def agrees_with_the_kernel(folder):
	"""each mail port is blocked or not as a real client sees it, and an exemption counts"""
	mailwall("apply", "-q", write(folder, POLICY))
	server = subprocess.Popen(
		["ip", "netns", "exec", "server", sys.executable, "-c", SERVERS,
		 *map(str, PORTS)], stdout=subprocess.PIPE, text=True)
	server.stdout.readline()
	try:
		for exempt in False, True:
			if exempt:
				mailwall("exempt", "add", CLIENT, "--ticket",
					 "NET-7")
			said = {p: explain(CLIENT, f"{SERVER}:{p}") for p in PORTS}
			blocked = {p for p in PORTS if said[p]["blocked"]}
			expect(passes() == set(PORTS) - blocked,
			       f"{passes()} pass, {blocked} are said to be blocked")
			expect(blocked == ({110} if exempt else {25, 110}),
			       blocked)
	finally:
		server.kill()
		mailwall("exempt", "revoke", CLIENT, "--ticket", "NET-7")
	one = said[25]
	expect(one["verdict"] == "allow" and one["clause"]["id"] == "why:11" and
	       one["kernel"]["same"] and {"class": "exempt", "end": "source",
					  "member": True, "expires_s": None}
	       in one["members"],
	       one)
	expect(one["records"][0]["ticket"] == "NET-7", one["records"])
	clear()


def tells_why(folder):
	"""the clause, the classes of both ends, what was asked before, and what to type"""
	mailwall("apply", "-q", write(folder, POLICY))
	text = mailwall("explain", "100.64.3.9", f"{SERVER}:smtp", "-i", "cust0")
	for part in ("reset, by why:12: block smtp reset log",
		     "not by why:10: allow smtp to relays",
		     "100.64.3.9 is in subscribers",
		     f"{SERVER} is not in relays", "100.64.3.9 is not in exempt",
		     "exemption: no record",
		     "mailwall exempt add --ticket TICKET 100.64.3.9"):
		expect(part in text, f"no \"{part}\" in {text}")
	expect("not sure" not in text, text)
	clear()


def tables_the_ports(folder):
	"""a source alone gets a row for each port and clause that may decide"""
	mailwall("apply", "-q", write(folder, POLICY))
	rows = explain("100.64.3.9")["ports"]
	got = [(r["port"], r["verdict"], r["clause"], r["condition"])
	       for r in rows if r["port"] in (25, 110, 993)]
	expect(got == [(25, "allow", "why:10", "to relays"),
		       (25, "reset", "why:12", ""), (110, "drop", "why:15", ""),
		       (993, "allow", None, "")], got)
	outside = [r for r in explain("192.0.2.1")["ports"] if r["port"] == 25]
	expect([(r["clause"], r["condition"]) for r in outside] ==
	       [("why:18", "to subscribers"), (None, "")], outside)
	six = [r for r in explain("2001:db8:4000::7")["ports"] if r["port"] == 25]
	expect(six[-1]["verdict"] == "reset", six)
	clear()


def says_what_does_not_act(folder):
	"""a dormant table, other rules and chains of others are said, not passed over"""
	path = write(folder, POLICY)
	mailwall("apply", "-q", path)
	run("nft", "-f", "-", ns="router", text="""
		table ip other { chain forward {
			type filter hook forward priority 10; policy drop;
			accept
		}
		}""")
	run("nft", "add", "table", "inet", "mailwall", "{ flags dormant; }",
	    ns="router")
	one = explain(CLIENT, f"{SERVER}:25")
	expect(one["kernel"]["faults"] and {
		"table": "ip other", "chain": "forward", "priority": 10,
		"drops": True} in one["kernel"]["foreign"], one["kernel"])
	text = mailwall("explain", CLIENT, f"{SERVER}:25")
	expect("the rules do not act" in text and
	       "not asked: ip other, chain forward" in text, text)
	clear()
	one = explain(CLIENT, f"{SERVER}:25", "-p", path)
	expect(one["kernel"]["loaded"] is False and one["verdict"] == "reset",
	       one)


def asks_the_policy_alone(folder):
	"""nobody gets the policy's answer from a file, and what was not read is said"""
	path = write(folder, POLICY)
	done = run("setpriv", "--bounding-set", "-all", "--inh-caps", "-all", "--",
		   MAILWALL, "explain", "--json", "-p", path, "100.64.3.9",
		   f"{SERVER}:25", ns="router")
	one = json.loads(done.stdout)
	expect(one["verdict"] == "reset" and one["kernel"] is None and
	       any("CAP_NET_ADMIN" in text for text in one["not_read"]) and
	       {"class": "exempt", "end": "source", "member": None,
		"expires_s": None} in one["members"], one)
	host = write(folder, HOST, "host.policy")
	for user, verdict in ("8", "allow"), ("9", "reject"):
		one = explain("192.0.2.1", "203.0.113.5:25", "-p", host, "-u", user)
		expect(one["verdict"] == verdict and not one["unsure"], one)
	one = explain("192.0.2.1", "203.0.113.5:25", "-p", host)
	expect(one["unsure"], one)
	observed = write(folder, POLICY.replace("hook forward",
						"mode observe\nhook forward"),
			 "observe.policy")
	one = explain("100.64.3.9", f"{SERVER}:25", "-p", observed)
	expect(one["observed"] and not one["blocked"] and
	       one["verdict"] == "reset", one)


def live(*words, port, to=SERVER, ns="client", alone=True):
	"""What --live says while the client connects, and what it sees."""
	child = subprocess.Popen(
		["ip", "netns", "exec", "router", MAILWALL, "explain", "--json",
		 "--live", "30s", *map(str, words)], text=True,
		stdout=subprocess.PIPE, stderr=subprocess.PIPE)
	said = child.stderr.readline()
	expect("waiting for a connection of" in said, said)
	run(sys.executable, "-c", CONNECT, to, port, ns=ns)
	out, error = child.communicate(timeout=60)
	expect(child.returncode == 0, f"{child.returncode}: {error}")
	tables = run("nft", "list", "tables", ns="router").stdout
	expect(not alone or "explain" not in tables, f"left behind: {tables}")
	return json.loads(out)


def follows_a_real_connection(folder):
	"""--live names the clause of ours that stopped it, and agrees with the policy"""
	mailwall("apply", "-q", write(folder, POLICY))
	before = run("nft", "list", "ruleset", ns="router").stdout
	for port, fate, clause in (110, "stopped", "why:15"), \
				  (25, "stopped", "why:12"), \
				  (465, "passed", None):
		one = live(CLIENT, f"{SERVER}:{port}", port=port)
		seen = one["live"]
		expect(seen["fate"] == fate and seen["agrees"] is True and
		       seen["in"] == "cust0" and seen["out"] == "wan0" and
		       not seen["lost"], one)
		expect(all(s["handle"] != 0 for s in seen["steps"]) and
		       any(s["port"] == port for s in seen["steps"]), one)
		expect((one["clause"] or {"id": None})["id"] == clause, one)
		if clause:
			last = seen["steps"][-1]
			expect(last["table"] == "mailwall" and
			       last["comment"].startswith(clause), last)
	after = run("nft", "list", "ruleset", ns="router").stdout
	expect(drop_counts(before) == drop_counts(after), after)
	one = live(CLIENT, port=110)
	expect(one["port"] == 110 and one["destination"] == SERVER and
	       one["verdict"] == "drop" and one["live"]["agrees"], one)
	clear()


def drop_counts(text):
	return re.sub(r"packets \d+ bytes \d+|expires \w+", "", text)


def tells_others_from_ours(folder):
	"""--live names a foreign table that stopped it, or gave it another port"""
	mailwall("apply", "-q", write(folder, POLICY))
	run("nft", "-f", "-", ns="router", text="""
		table ip filter { chain early {
			type filter hook forward priority -50;
			tcp dport 587 counter drop comment "no mail\x1b[2J"
		}
		chain pre {
			type nat hook prerouting priority dstnat;
			tcp dport 110 dnat to :465
		}
		}""".replace("\\x1b", "\x1b"))
	one = live(CLIENT, f"{SERVER}:587", port=587)
	seen, last = one["live"], one["live"]["steps"][-1]
	expect(seen["fate"] == "stopped" and
	       (last["family"], last["table"], last["chain"], last["verdict"]) ==
	       ("ip", "filter", "early", "drop") and
	       last["comment"] == "no mail?[2J", one)
	one = live(CLIENT, f"{SERVER}:110", port=110)
	expect(one["live"]["fate"] == "passed" and one["port"] == 465 and
	       not one["blocked"] and
	       any(s["port"] == 465 for s in one["live"]["steps"]), one)
	clear()


def says_it_in_words(folder):
	"""--live is read by a person: each step a line, and nothing of the policy's warnings"""
	mailwall("apply", "-q", write(folder, POLICY))
	child = subprocess.Popen(
		["ip", "netns", "exec", "router", MAILWALL, "explain", "--live",
		 "30s", CLIENT], text=True, stdout=subprocess.PIPE,
		stderr=subprocess.PIPE)
	first = child.stderr.readline()
	run(sys.executable, "-c", CONNECT, SERVER, 25, ns="client")
	out, rest = child.communicate(timeout=60)
	expect(CLIENT in first and "a mail port" in first and not rest, rest)
	expect("""
    inet mailwall, chain forward: the map of ports: jump to forward.smtp
    inet mailwall, chain forward.smtp: why:9 outbound from subscribers: jump to outbound-1.smtp
    inet mailwall, chain outbound-1.smtp: why:12 block smtp reset log: drop
    it was stopped there
""" in out, out)
	clear()


def queues():
	"""Puts port 993 into a queue, by the kernel's own rule or by that of iptables."""
	if not run("nft", "-f", "-", ns="router", check=False, text="""
		table ip ids { chain watch {
			type filter hook forward priority 10;
			tcp dport 993 queue num 5
		}
		}""").returncode:
		return True
	done = shutil.which("iptables-nft") and run(
		"iptables-nft", "-A", "FORWARD", "-p", "tcp", "--dport", "993",
		"-j", "NFQUEUE", "--queue-num", "5", ns="router", check=False)
	if done and not done.returncode:
		return True
	print("# neither nft nor iptables-nft makes a queue here")
	return False


def leaves_a_queue_to_its_program(folder):
	"""--live does not say what a queue's program decides, and two may ask at once"""
	mailwall("apply", "-q", write(folder, POLICY))
	fate, agrees = ("queued", None) if queues() else ("passed", True)
	other = subprocess.Popen(
		["ip", "netns", "exec", "router", MAILWALL, "explain", "--json",
		 "--live", "60s", CLIENT], text=True, stdout=subprocess.PIPE,
		stderr=subprocess.PIPE)
	other.stderr.readline()
	one = live(CLIENT, f"{SERVER}:993", port=993, alone=False)
	out, _ = other.communicate(timeout=60)
	for said in one, json.loads(out):
		expect(said["live"]["fate"] == fate and
		       said["live"]["agrees"] is agrees and
		       said["port"] == 993 and
		       not any("explain" in f["table"]
			       for f in said["kernel"]["foreign"]), said)
	clear()


def says_until_when(folder):
	"""a source in quarantine is told until when, and how it gets out; that works"""
	mailwall("apply", "-q", write(folder, QUARANTINE, "quarantine.policy"))
	run("nft", "add", "element", "inet", "mailwall", "flagged.v4",
	    f"{{ {CLIENT} timeout 1h }}", ns="router")
	member, = [m for m in explain(CLIENT, f"{SERVER}:587")["members"]
		   if m["class"] == "flagged"]
	expect(member["member"] and 3000 < member["expires_s"] <= 3600, member)
	text = mailwall("explain", CLIENT, f"{SERVER}:587")
	expect(re.search(r"is in flagged, until \d{4}-\d\d-\d\dT", text), text)
	command = text.splitlines()[-1].split(": mailwall ")[1].split()
	mailwall(*command)
	one = explain(CLIENT, f"{SERVER}:587")
	expect(not one["blocked"], one)
	clear()


def follows_at_other_hooks(folder):
	"""--live marks packets at ingress, and those of processes of this machine"""
	mailwall("apply", "-q", write(folder, POLICY.replace(
		"hook forward", "hook ingress cust0").replace(
		"\tlimit submission 1000/minute per source\n", "").replace(
		"smtp reset log", "smtp drop").replace(" log", ""),
		"in.policy"))
	one = live(CLIENT, f"{SERVER}:110", port=110)
	expect(one["live"]["fate"] == "stopped" and one["live"]["agrees"] and
	       one["live"]["steps"][-1]["family"] == "netdev", one)
	clear()
	mailwall("apply", "-q", write(folder, HOST, "host.policy"))
	one = live("100.64.0.1", f"{CLIENT}:25", "-u", "9", port=25, to=CLIENT,
		   ns="router")
	expect(one["live"]["fate"] == "stopped" and one["live"]["agrees"] and
	       one["live"]["out"] == "cust0" and one["live"]["in"] is None, one)
	clear()


def sees_rules_that_differ(folder):
	"""--live says that the kernel lets through what the policy stops"""
	mailwall("apply", "-q", write(folder, POLICY))
	run("nft", "-f", "-", ns="router", text="""
		table ip nat { chain pre {
			type nat hook prerouting priority dstnat;
			tcp dport 465 dnat to :110
		}
		}""")
	one = live(CLIENT, f"{SERVER}:465", port=465)
	expect(one["live"]["fate"] == "stopped" and one["port"] == 110 and
	       one["clause"]["id"] == "why:15" and one["live"]["agrees"], one)
	clear()
	path = write(folder, POLICY)
	one = live("-p", path, CLIENT, f"{SERVER}:110", port=110)
	expect(one["live"]["fate"] == "passed" and one["blocked"] and
	       one["live"]["agrees"] is None, one)


def waits_no_longer_than_told(folder):
	"""--live ends when nothing came, is refused without privilege, and leaves no table if it is killed"""
	path = write(folder, POLICY)
	one = explain("--live", "1s", "-p", path, "100.64.3.9", f"{SERVER}:25")
	expect(one["live"] == {"caught": False} and one["verdict"] == "reset",
	       one)
	refused("--live", "2h", "-p", path, CLIENT, f"{SERVER}:25", has="1s to 1h")
	absent = write(folder, HOST.replace("output", "ingress nodev0").replace(
		"\tallow smtp user 8\n", "").replace("reject", "drop"),
		"absent.policy")
	done = run(MAILWALL, "explain", "-p", absent, "--live", "1s", CLIENT,
		   ns="router", check=False)
	expect(done.returncode == 3 and "devices of the policy" in done.stderr,
	       done.stderr)
	done = run("setpriv", "--bounding-set", "-all", "--inh-caps", "-all", "--",
		   MAILWALL, "explain", "-p", path, "--live", "1s", CLIENT,
		   f"{SERVER}:25", ns="router", check=False)
	expect(done.returncode == 3 and "CAP_NET_ADMIN" in done.stderr,
	       done.stderr)
	child = subprocess.Popen(
		["ip", "netns", "exec", "router", MAILWALL, "explain", "--live",
		 "30s", "-p", path, CLIENT, f"{SERVER}:25"], text=True,
		stdout=subprocess.PIPE, stderr=subprocess.PIPE)
	child.stderr.readline()
	expect("explain" in run("nft", "list", "tables", ns="router").stdout,
	       "no table while it waits")
	child.kill()
	child.communicate()
	expect("explain" not in run("nft", "list", "tables", ns="router").stdout,
	       "the table outlived its owner")


def refuses_bad_words(folder):
	"""each wrong word is answered by what to write instead"""
	path = write(folder, POLICY)
	for words, has in (
			(["mx.example.com", f"{SERVER}:25"], "is a name"),
			(["100.64.0.0/10", f"{SERVER}:25"], "more than one"),
			(["100.64.0.7", "2001:db8::1"], "two families"),
			(["100.64.0.7", SERVER], f"{SERVER}:25"),
			(["2001:db8::7", "2001:db8::1"], "[2001:db8::1]:25"),
			(["100.64.0.7", f"{SERVER}:smtps"], "submissions"),
			(["100.64.0.7", f"{SERVER}:0"], "is no port"),
			(["100.64.0.300", f"{SERVER}:25"], "is no address"),
			(["-u", "nobody-here", "100.64.0.7", f"{SERVER}:25"],
			 "no user"),
			([], "which source?")):
		refused("-p", path, *words, has=has)
	done = run(MAILWALL, "explain", CLIENT, ns="router", check=False)
	expect("no policy was applied" in done.stderr or
	       done.returncode == 0, done.stderr)


CLAIMS = (asks_the_policy_alone, refuses_bad_words, agrees_with_the_kernel,
	  tells_why, tables_the_ports, says_what_does_not_act,
	  follows_a_real_connection, tells_others_from_ours,
	  says_it_in_words, leaves_a_queue_to_its_program, says_until_when, follows_at_other_hooks, sees_rules_that_differ, waits_no_longer_than_told)


def main():
	return lab.hold_below(CLAIMS, build_network)


if __name__ == "__main__":
	sys.exit(main())

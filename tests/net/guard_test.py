#!/usr/bin/env python3
"""The guard keeps the policy in the kernel, whoever changes it.

In namespaces that end with this program; the claims are the first lines of the
functions. FLUSHES=1000 flushes that often; the suite's own number is small.
"""

import json
import os
import pathlib
import signal
import subprocess
import sys
import time

sys.dont_write_bytecode = True

import lab
from watch_test import MAILWALL, build_network, connect, expect, run

FLUSHES = int(os.environ.get("FLUSHES", "20"))
POLICY = """policy kept
purpose "test"
contact "test@example"
review 2099-01-01
hook forward
class subscribers { 100.64.0.0/10 }
class exempt dynamic
outbound from subscribers {
	allow smtp from exempt
	block smtp drop
	allow submission
}
"""
NO_OWNER = "--no-owner"


def mailwall(*words, code=0, ns="router"):
	done = run(MAILWALL, *words, ns=ns, check=False)
	expect(done.returncode == code, f"{words}: exit {done.returncode}, not "
	       f"{code}: {done.stdout}{done.stderr}")
	return done.stdout + done.stderr


def status():
	return json.loads(mailwall("status", "--json"))


def nft(*words, code=0, text=None):
	done = run("nft", *words, ns="router", check=False, text=text)
	expect((done.returncode == 0) == (code == 0),
	       f"nft {words}: exit {done.returncode}: {done.stderr}")
	return done.stdout


def tables():
	return nft("list", "tables")


def history():
	return json.loads(mailwall("history", "--json"))["lines"]


def wait_for(condition, what):
	end = time.monotonic() + 20
	while not condition():
		expect(time.monotonic() < end, f"{what} did not come")
		time.sleep(0.01)


class Guard:
	"""A guard that runs; what it said is in self.said."""

	def __init__(self, *words):
		self.process = subprocess.Popen(
			["ip", "netns", "exec", "router", MAILWALL, "guard", *words],
			stderr=subprocess.PIPE)
		os.set_blocking(self.process.stderr.fileno(), False)
		self.said = ""
		socket = pathlib.Path(os.environ["MAILWALL_RUN_DIR"], "guard/sock")
		wait_for(lambda: any(word in self.read() for word in
				     ("table:", "asked:", "more\n", "6.9)")) and
			 socket.exists(), f"the guard's start: {self.said}")

	def read(self):
		self.said += (self.process.stderr.read() or b"").decode()
		return self.said

	def wait_for(self, text):
		wait_for(lambda: text in self.read(), f"{text!r} in {self.said!r}")

	def end(self, number=signal.SIGTERM):
		self.process.send_signal(number)
		code = self.process.wait(10)
		self.read()
		return code

	def __enter__(self):
		return self

	def __exit__(self, *_):
		if self.process.poll() is None:
			self.process.kill()
			self.process.wait()


def fresh(folder):
	run(MAILWALL, "remove", ns="router", check=False)
	path = pathlib.Path(folder) / "kept.policy"
	path.write_text(POLICY)
	return path


def blocked():
	"""The port is closed, by what the kernel itself says of its rules."""
	text = nft("list", "table", "inet", "mailwall")
	return "drop" in text and "smtp" in text


def owns_what_it_loads(folder):
	"""where the kernel can, nobody else changes the table, and our commands do"""
	path = fresh(folder)
	mailwall("apply", path)
	with Guard() as guard:
		if "owns the table" not in guard.said:
			expect("Linux 6.9" in guard.said, guard.said)
			print("# this kernel has no tables that outlive their owner")
			return
		for _ in range(FLUSHES):
			nft("flush", "ruleset")
		expect(blocked(), tables())
		nft("delete", "table", "inet", "mailwall", code=1)
		nft("flush", "chain", "inet", "mailwall", "forward", code=1)
		expect(status()["state"] == "as-loaded", status())
		told = status()
		expect(not told["faults"] and told["guard_daemon"]["owns"] and
		       told["guard_daemon"]["pid"] == guard.process.pid, told)
		expect("owns the table" in mailwall("status"), "the guard's line")
		mailwall("exempt", "add", "100.64.0.9", "--for", "1h")
		expect("100.64.0.9" in mailwall("exempt", "list"), "exempt")
		path.write_text(POLICY.replace("block smtp drop",
					       "block smtp reset"))
		mailwall("apply", path)
		expect("reset" in nft("list", "table", "inet", "mailwall"),
		       "the new policy")
		expect("100.64.0.9" in mailwall("exempt", "list"), "exempt")
		mailwall("remove")
		expect("mailwall" not in tables(), tables())
		mailwall("apply", path)
		nft("flush", "ruleset")
		expect("mailwall" in tables(), "a table that apply made is owned")


def takes_what_is_there(folder):
	"""a table made without the guard keeps its counts and members when it is taken"""
	path = fresh(folder)
	mailwall("apply", path)
	mailwall("exempt", "add", "100.64.0.9", "--for", "1h")
	connect(25)
	before = status()
	expect(any(c["packets"] for c in before["clauses"]), before)
	with Guard() as guard:
		if "owns the table" not in guard.said:
			return
		after = status()
		expect([c["packets"] for c in after["clauses"]] ==
		       [c["packets"] for c in before["clauses"]], after)
		left = [m for m in json.loads(
			mailwall("exempt", "list", "--json"))["members"]]
		expect(len(left) == 1 and 3500 < left[0]["expires_s"] <= 3600,
		       left)
		expect(after["state"] == "as-loaded", after)


def leaves_a_trial(folder):
	"""started during a trial, the guard lets it be, and takes the table after it"""
	path = fresh(folder)
	mailwall("apply", path)
	path.write_text(POLICY.replace("block smtp drop", "block smtp reset"))
	mailwall("apply", "--trial", "10m", path)
	with Guard() as guard:
		expect("on trial" in mailwall("status") or status()["trial"], "trial")
		mailwall("confirm")
		expect("reset" in nft("list", "table", "inet", "mailwall"),
		       "what was confirmed is there")
		if "owns the table" in guard.said:
			wait_for(lambda: status()["guard_daemon"]["owns"],
				 "the guard's table")
			nft("flush", "ruleset")
			expect(blocked(), tables())


def outlives_its_end(folder):
	"""killed, the guard leaves a table that filters, and the next one takes it"""
	path = fresh(folder)
	mailwall("apply", path)
	with Guard() as guard:
		owns = "owns the table" in guard.said
		guard.end(signal.SIGKILL)
	expect(blocked(), tables())
	if owns:
		expect("none runs now" in mailwall("status"), "it is told")
	mailwall("exempt", "add", "100.64.0.9")	# nobody owns it, nobody serves
	with Guard() as guard:
		expect(("owns the table" in guard.said) == owns, guard.said)
		if owns:
			nft("flush", "ruleset")
		expect(blocked(), tables())
		expect("100.64.0.9" in mailwall("exempt", "list"), "exempt")
		expect(guard.end() == 0, "SIGTERM ends it well")
	expect(blocked(), tables())


def mends_what_others_change(folder):
	"""not owned, each change is mended, and the journal names who did it"""
	path = fresh(folder)
	mailwall("apply", path)
	lines = len(history())
	changes = (
		("flush", "ruleset"),
		("delete", "table", "inet", "mailwall"),
		("flush", "chain", "inet", "mailwall", "forward.smtp"),
		("add", "table", "inet", "mailwall", "{ flags dormant; }"),
		("add", "chain", "inet", "mailwall", "forward",
		 "{ policy drop; }"),
		("insert", "rule", "inet", "mailwall", "forward", "accept"),
	)
	with Guard(NO_OWNER) as guard:
		for n, change in enumerate(changes, 1):
			nft(*change)
			wait_for(lambda: sum(x["what"] == "healed"
					     for x in history()[lines:]) >= n,
				 f"{change}: mending; {guard.read()}")
			told = status()
			expect(told["state"] == "as-loaded" and told["acting"],
			       (change, told))
		made = history()[lines:]
		expect(status()["guard_daemon"]["healed"] == len(changes) and
		       not status()["guard_daemon"]["owns"], status())
		foreign = [x for x in made if x["what"] == "foreign"]
		expect(len(foreign) == len(changes), made)
		expect(all(x["name"] == "nft" for x in foreign), foreign)
		expect("delete table" in foreign[0]["acts"], foreign[0])
		expect("nft (pid" in guard.said, guard.said)


def flushed_again_and_again(folder):
	"""however often the ruleset is flushed, the policy comes back"""
	path = fresh(folder)
	mailwall("apply", path)
	with Guard(NO_OWNER) as guard:
		for n in range(FLUSHES):
			nft("flush", "ruleset")
		wait_for(lambda: "mailwall" in tables() and
			 status()["state"] == "as-loaded", "the policy is back")
		expect(guard.process.poll() is None, guard.read())


def leaves_ours_alone(folder):
	"""what our own commands change is not mended, a removal neither"""
	path = fresh(folder)
	mailwall("apply", path)
	with Guard(NO_OWNER) as guard:
		mailwall("exempt", "add", "100.64.0.9")
		path.write_text(POLICY.replace("block smtp drop",
					       "block smtp reset"))
		mailwall("apply", path)
		mailwall("remove")
		time.sleep(1.5)
		expect("mailwall" not in tables(), tables())
		mailwall("apply", path)
		nft("flush", "ruleset")
		wait_for(lambda: "mailwall" in tables() and
			 "reset" in nft("list", "table", "inet", "mailwall"),
			 "the new policy is back")
		guard.wait_for("were changed by")
		expect(guard.said.count("were changed by") == 1, guard.said)


def refuses_others(folder):
	"""a second guard does not start; who may not change the rules is refused"""
	path = fresh(folder)
	mailwall("apply", path)
	with Guard(NO_OWNER):
		said = mailwall("guard", NO_OWNER, code=3)
		expect("another guard listens" in said, said)


def leaves_what_nft_loads(folder):
	"""a table that nft loads from a file is not owned, and it says which file"""
	fresh(folder)
	include = pathlib.Path(folder) / "ours.nft"
	include.write_text("table inet mailwall {\n}\n")
	conf = pathlib.Path(folder) / "nftables.conf"
	conf.write_text(f'flush ruleset\ninclude "{folder}/ou*.nft"\n')
	with Guard("--nft-conf", str(conf)) as guard:
		expect(f"{include} has our table" in guard.said, guard.said)
	conf.write_text('flush ruleset\n# table inet mailwall\n')
	with Guard("--nft-conf", str(conf)) as guard:
		expect("has our table" not in guard.said, guard.said)


CLAIMS = (owns_what_it_loads, takes_what_is_there, leaves_a_trial,
	  outlives_its_end,
	  mends_what_others_change, flushed_again_and_again, leaves_ours_alone,
	  refuses_others, leaves_what_nft_loads)


def main():
	return lab.hold_below(CLAIMS, build_network)


if __name__ == "__main__":
	sys.exit(main())

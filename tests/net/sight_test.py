#!/usr/bin/env python3
"""watch and report say what the loaded rules show, and the mode that they have.

The network is that of watch_test.py. The claims are the first lines of the
functions.
"""

import json
import os
import pathlib
import pty
import re
import select
import subprocess
import sys
import time

import lab
from watch_test import (EXEMPT, MAILWALL, POLICY, Watch, build_network, connect,
			expect, fetch, run, user_words)


def says_when_it_cannot_see(folder):
	"""a group without logs, another policy or digest, none, no log, mode observe and a dormant table are said once, as text, event, metric and by /healthz; and when it sees again"""
	def after(change, *words):
		"""What comes to be said within seconds of a change."""
		before = len(watch.said())
		change(*words)
		deadline = time.time() + 15
		while len(watch.said()) == before and time.time() < deadline:
			time.sleep(0.2)
		return watch.said()[before:]

	def load(text):
		run(MAILWALL, "apply", "-q", "-", ns="router", text=text)

	def expect_pages(sees, complaint=None, well=None):
		"""What /metrics, /healthz and the latest event say of it."""
		time.sleep(1.2)	# a page is kept for a second
		metrics, health = fetch("/metrics"), fetch("/healthz")
		expect(f"\nmailwall_monitor_sees {int(sees)}\n" in metrics,
		       metrics)
		had = set(re.findall(
			r'^mailwall_monitor_complaints\{complaint="([\w-]+)"\} [1-9]',
			metrics, re.M))
		expect(complaint in had if complaint else not had, had)
		expect(("200 OK" in health and "\nok\n" in health)
		       if sees else "503 " in health, health)
		expect(not complaint or "policy" in health.split("\n\n")[1],
		       health)
		event = [e for e in watch.events() if e["event"] == "sight"][-1]
		expect(event["sees"] == sees and
		       (complaint in [c["complaint"] for c in event["complaints"]]
			if complaint else not event["complaints"]), event)
		return event

	right = POLICY.read_text()
	load(right)
	watch = Watch("-g", 25, "-p", POLICY, "--http", "127.0.0.1:9525")
	event = expect_pages(True)
	expect((event["policy"], event["mode"], event["acting"]) ==
	       ("residential", "enforce", True), event)
	expect(watch.said().count("group") == 0, watch.said())
	other = re.sub("^policy .*", "policy other", right, flags=re.M)
	said = after(load, other)
	expect("policy other is loaded, not residential" in said, said)
	expect_pages(False, "other-policy")
	said = after(load, right.replace("block   smtp reset log",
					 "block smtp drop log", 1))
	expect("policy residential is loaded with other rules" in said, said)
	expect_pages(False, "other-rules")
	said = after(load, re.sub(r" log\b", "", EXEMPT))
	expect("no rule of policy exempt logs" in said, said)
	expect_pages(False, "no-log")
	said = after(load, right)
	expect("sees again" in said, said)
	expect_pages(True)
	time.sleep(4)
	expect(watch.said().count("sees again") == 1, watch.said())
	said = after(load, re.sub("^hook ", "mode observe\nhook ", right,
				  flags=re.M))
	expect("mode observe: nothing is blocked" in said, said)
	event = expect_pages(False, "observe")
	expect((event["mode"], event["acting"]) == ("observe", False), event)
	said = after(lambda: run(MAILWALL, "remove", ns="router"))
	expect("no policy is loaded" in said, said)
	expect_pages(False, "no-policy")
	watch.stop()
	load(right)
	watch = Watch("-g", 26, "--http", "127.0.0.1:9525")
	expect_pages(False, "no-group-log")
	expect("group 26 is read, but no rule of policy residential logs to it; "
	       "it logs to group 25" in watch.said(), watch.said())
	said = after(lambda: run("nft", "add table inet mailwall { flags dormant ; }",
				 ns="router"))
	expect("dormant" in said, said)
	expect_pages(False, "open")
	watch.stop()
	load(right)


def shows_the_mode(folder):
	"""the screen has the policy that is loaded, its mode, and what keeps it from being seen; a monitor of mode observe is well under it"""
	path = pathlib.Path(folder) / "observes.policy"
	path.write_text(re.sub("^hook ", "mode observe\nhook ",
			       POLICY.read_text(), flags=re.M))
	os.chmod(folder, 0o755)

	def screen(*words):
		ours, theirs = pty.openpty()
		child = subprocess.Popen(
			["ip", "netns", "exec", "router", MAILWALL, "watch",
			 *words, *user_words()], stdout=theirs,
			stderr=subprocess.DEVNULL)
		os.close(theirs)
		drawn, deadline = "", time.time() + 20
		while drawn.count("port service") < 2 and time.time() < deadline:
			if select.select([ours], [], [], 1)[0]:
				drawn += os.read(ours, 65536).decode()
		child.terminate()
		child.wait(timeout=30)
		os.close(ours)
		return drawn

	run(MAILWALL, "apply", "-q", POLICY, ns="router")
	drawn = screen("-g", "25", "-p", str(POLICY))
	expect("policy residential  mode enforce" in drawn and
	       "CANNOT SEE" not in drawn, drawn)
	drawn = screen("-g", "26")
	expect("CANNOT SEE: group 26 is read" in drawn, drawn)
	run(MAILWALL, "apply", "-q", path, ns="router")
	drawn = screen("-g", "25", "-p", str(path))
	expect("mode observe: nothing is blocked" in drawn and
	       "CANNOT SEE" not in drawn, drawn)
	watch = Watch("-g", 25, "-p", path, "--http", "127.0.0.1:9525")
	time.sleep(1.2)
	health = fetch("/healthz")
	expect("200 OK" in health and health.endswith("ok\n") and
	       "mode observe" not in watch.said(), health + watch.said())
	watch.stop()


def tells_what_would_be_blocked(folder):
	"""what only mode observe lets pass would be blocked: in events, text, report and page"""
	store = f"{folder}/observed/mailwall.db"
	path = pathlib.Path(folder) / "observes.policy"
	path.write_text(re.sub("^hook ", "mode observe\nhook ",
			       POLICY.read_text(), flags=re.M).replace(
		"block   smtp reset log", "block smtp reset log"))
	os.chmod(folder, 0o755)
	os.environ["MAILWALL_STORE"] = store
	watch = Watch("-g", 25, "-p", path, "-a", "-S", store,
		      "--http", "127.0.0.1:9525")
	while not os.path.exists(store) and watch.child.poll() is None:
		time.sleep(0.1)	# apply notes nothing where there is no store
	run(MAILWALL, "remove", ns="router", check=False)
	run(MAILWALL, "apply", "-q", path, ns="router")
	text = subprocess.Popen(
		["ip", "netns", "exec", "router", MAILWALL, "watch", "-i",
		 "cust0", "-p", path, "-a", *user_words()],
		stdout=subprocess.PIPE, text=True)
	time.sleep(1)
	for _ in range(3):
		connect(25)
	time.sleep(5)
	page = fetch("/")
	said = os.read(text.stdout.fileno(), 65536).decode()
	text.terminate()
	text.communicate(timeout=30)
	events = [e for e in watch.stop() if e["event"] == "attempt"]
	run(MAILWALL, "apply", "-q", POLICY, ns="router")
	expect(len(events) == 3 and
	       all(e["observed"] and not e["would_block"] and
		   e["outcome"] != "blocked" for e in events), events)
	expect("would be blocked, block smtp reset log" in said, said)
	expect("Mode observe" in page and "3 attempts would be" in page,
	       re.findall("<p.*", page))
	had = json.loads(run(MAILWALL, "report", "-j", "-S", store).stdout)
	expect((had["mode"], had["observed"]) == ("enforce", 3) and
	       "observe" in [load["mode"] for load in had["loaded"]], had)
	expect(had["outcomes"]["blocked"] == 0 and
	       set(had["modes"]) >= {"observe", "enforce"}, had["modes"])
	had = run(MAILWALL, "report", "-S", store).stdout
	expect("mode observe in a part of this period: nothing is blocked "
	       "under it; 3 attempts would be blocked" in had, had)
	had = run(MAILWALL, "report", "--csv", "-S", store).stdout
	expect(had.splitlines()[0].endswith(",observed") and
	       had.splitlines()[1].endswith(",3"), had)


CLAIMS = (says_when_it_cannot_see, shows_the_mode, tells_what_would_be_blocked)


def main():
	return lab.hold_below(CLAIMS, build_network)


if __name__ == "__main__":
	sys.exit(main())

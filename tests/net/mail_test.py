#!/usr/bin/env python3
"""watch counts what real mail programs do, as the clauses' counters count it.

Postfix, swaks and smtp-source behind the residential policy, smtp-sink as relay
and as somebody else's server; watch at the customer's interface, at the log and
at both. And what becomes of a monitor whose surroundings fail it. The claims
are the first lines of the functions.
"""

import collections
import json
import os
import pathlib
import pty
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
os.environ["PATH"] += ":/usr/sbin:/sbin"

import lab
import watch_test as live
from watch_test import CLIENT, MAILWALL, POLICY, SERVER, Watch, expect, run

RELAY = "192.0.2.25"		# of the residential policy
PROGRAMS = {"smtp-sink": "postfix", "smtp-source": "postfix",
	    "postfix": "postfix", "swaks": "swaks"}
SESSIONS = 20			# of smtp-source
MAIN_CF = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
mail_owner = postfix
myhostname = customer.example
mydestination =
inet_interfaces = loopback-only
inet_protocols = ipv4
smtp_host_lookup = native
smtp_dns_support_level = disabled
smtp_tls_security_level = none
maillog_file = {folder}/data/log
maillog_file_prefixes = {folder}
"""
MASTER_CF = """
pickup    unix n - n 60  1 pickup
cleanup   unix n - n -   0 cleanup
qmgr      unix n - n 300 1 qmgr
rewrite   unix - - n -   - trivial-rewrite
bounce    unix - - n -   0 bounce
defer     unix - - n -   0 bounce
trace     unix - - n -   0 bounce
smtp      unix - - n -   - smtp
error     unix - - n -   - error
retry     unix - - n -   - error
proxymap  unix - - n -   - proxymap
postlog   unix-dgram n - n - 1 postlogd
"""


def has_users():
	return lab.id_exists(65534, "uid")


def cannot_mail():
	"""Why real mail programs cannot run here, or an empty string."""
	missing = {PROGRAMS[p] for p in PROGRAMS if not shutil.which(p)}
	if missing:
		return "not installed: " + " ".join(sorted(missing))
	if not has_users():
		return "they become users that \"unshare -r\" does not have"
	return ""


def within(seconds, question):
	"""The answer as soon as there is one."""
	end = time.monotonic() + seconds
	while not (answer := question()) and time.monotonic() < end:
		time.sleep(0.05)
	return answer


def listens(port, ns):
	return f":{port} " in run("ss", "-tln", ns=ns).stdout


# ---- the mail programs ----

class Sinks:
	"""smtp-sink on the ports of the server's namespace."""

	def __init__(self, *ports):
		self.children = []
		for port in ports:
			self.children.append(subprocess.Popen(
				["ip", "netns", "exec", "server", "smtp-sink", "-u",
				 "nobody", f"0.0.0.0:{port}", "100"],
				stdout=subprocess.DEVNULL,
				stderr=subprocess.DEVNULL))
			expect(within(10, lambda: listens(port, "server")),
			       f"smtp-sink does not listen on {port}")

	def stop(self):
		for child in self.children:
			child.kill()
			child.wait()


class Postfix:
	"""One of its own in the client's namespace."""

	def __init__(self, folder):
		self.folder = pathlib.Path(folder) / "postfix"
		(self.folder / "etc").mkdir(parents=True)
		(self.folder / "queue").mkdir()
		(self.folder / "data").mkdir()
		os.chmod(folder, 0o755)
		shutil.chown(self.folder / "data", "postfix")
		(self.folder / "etc/main.cf").write_text(
			MAIN_CF.format(folder=self.folder))
		(self.folder / "etc/master.cf").write_text(MASTER_CF)
		self.postfix("start")

	def postfix(self, word, check=True):
		return run("postfix", "-c", self.folder / "etc", word, ns="client",
			   check=check)

	def send(self, to):
		run("sendmail", "-C", self.folder / "etc", "-f",
		    "me@customer.example", to, ns="client",
		    text="Subject: a test\n\nof mailwall\n")

	def log(self):
		try:
			return (self.folder / "data/log").read_text()
		except FileNotFoundError:
			return ""

	def stop(self):
		self.postfix("abort", check=False)


def swaks(server, port, check=True):
	return run("swaks", "--server", server, "--port", port, "--from",
		   "me@customer.example", "--to", "you@elsewhere.example",
		   "--helo", "customer.example", "--timeout", "5", "--silent",
		   "3", ns="client", check=check)


def smtp_source(server, sessions, check=True):
	return run("smtp-source", "-m", sessions, "-s", 4, "-f",
		   "me@customer.example", "-t", "you@elsewhere.example",
		   f"{server}:25", ns="client", check=check)


def send_mail(folder):
	"""What a customer does: {(server, port): attempts} that it makes."""
	sent = collections.Counter()
	swaks(RELAY, 25)
	swaks(SERVER, 587)
	swaks(SERVER, 25, check=False)
	smtp_source(RELAY, SESSIONS)
	smtp_source(SERVER, 1, check=False)
	sent[RELAY, 25] += 1 + SESSIONS
	sent[SERVER, 587] += 1
	sent[SERVER, 25] += 2
	postfix = Postfix(tempfile.mkdtemp(dir=folder))
	postfix.send(f"you@[{RELAY}]")
	postfix.send(f"you@[{SERVER}]")
	done = within(20, lambda: all(f"status={word}" in postfix.log()
				      for word in ("sent", "deferred")))
	log = postfix.log()
	postfix.stop()
	expect(done, f"Postfix did not try both: {log}")
	sent[RELAY, 25] += 1
	sent[SERVER, 25] += 1
	return sent


def counters():
	"""{clause: packets, and whether it logs} of what is loaded."""
	done = run(MAILWALL, "status", "--json", POLICY, ns="router")
	return {c["id"]: (c["packets"], c["text"])
		for c in json.loads(done.stdout)["clauses"]}


def seen_by(folder, *inputs):
	"""The attempts, the summary, what was sent, what the counters gained."""
	before = counters()
	watch = Watch(*inputs, "-a", "-p", POLICY)
	sent = send_mail(folder)
	time.sleep(1.5)
	events = watch.stop()
	after = counters()
	gained = {clause: after[clause][0] - before[clause][0] for clause in after}
	logged = {clause for clause in after if after[clause][1].endswith(" log")}
	stops = {clause for clause in after if after[clause][1].startswith("block")}
	attempts = [e for e in events if e["event"] == "attempt"]
	return attempts, events[-1], sent, gained, logged, stops


def by_clause(attempts, field):
	counts = collections.Counter()
	for attempt in attempts:
		counts[attempt.get(field)] += attempt["syns"]
	return counts


def lost_nothing(summary):
	expect((summary["lost"], summary["unlogged"]) == (0, 0),
	       f"lost {summary['lost']}, unlogged {summary['unlogged']}")
	expect(summary["evicted"] == 0 and summary["attempts_cut"] == 0, summary)


def sees_all_of(attempts, sent):
	seen = collections.Counter((a["destination"], a["port"])
				   for a in attempts)
	expect(seen == sent, f"sent {dict(sent)}, seen {dict(seen)}")


def agrees_with(attempts, gained, stops):
	"""A block counts SYNs; what lets through counts what follows them, too."""
	ours = by_clause(attempts, "policy_clause")
	for clause, packets in gained.items():
		expect(ours[clause] == packets or
		       clause not in stops and 0 < ours[clause] < packets,
		       f"{clause} counted {packets}, the interface {ours[clause]}")


def delivers(attempts):
	"""What the relay and the submission server were told was seen."""
	for attempt in attempts:
		if (attempt["destination"], attempt["port"]) == (SERVER, 25):
			continue
		expect(attempt["outcome"] == "answered" and attempt["established"] and
		       {"banner", "mail", "message-accepted"} <=
		       set(attempt.get("said", [])), attempt)


def mail_at_interface(folder):
	"""at the interface every mail session is seen, and the counters agree"""
	attempts, summary, sent, gained, _, stops = seen_by(
		folder, "-i", "cust0")
	sees_all_of(attempts, sent)
	agrees_with(attempts, gained, stops)
	delivers(attempts)
	smtp = summary["ports"]["25"]
	expect(smtp["refused"] == sent[SERVER, 25] and smtp["blocked"] == 0, smtp)
	expect(smtp["answered"] == sent[RELAY, 25], smtp)
	lost_nothing(summary)


def mail_at_log(folder):
	"""at the log what was blocked is seen, as its clause counted it"""
	attempts, summary, sent, gained, logged, _ = seen_by(folder, "-g", 25)
	sees_all_of(attempts, {(SERVER, 25): sent[SERVER, 25]})
	ours = by_clause(attempts, "clause")
	expect(set(ours) <= logged and
	       all(ours[clause] == gained[clause] for clause in logged),
	       f"logs of {dict(ours)}, counted {gained}")
	expect(all(a["outcome"] == "blocked" for a in attempts), attempts)
	expect(summary["lost_exact"], "lost is not exact")
	lost_nothing(summary)


def mail_at_both(folder):
	"""at both no session counts twice, and the log says what was blocked"""
	attempts, summary, sent, gained, logged, stops = seen_by(
		folder, "-i", "cust0", "-g", 25)
	sees_all_of(attempts, sent)
	agrees_with(attempts, gained, stops)
	delivers(attempts)
	blocked = [a for a in attempts if a["outcome"] == "blocked"]
	expect({a.get("clause") for a in blocked} == logged and
	       len(blocked) == sent[SERVER, 25], blocked)
	expect(summary["ports"]["25"]["blocked"] == len(blocked), summary)
	lost_nothing(summary)


# ---- surroundings that fail ----

def cannot_drop(folder):
	"""without a way to give up privilege it does not start"""
	words = [MAILWALL, "watch", "-i", "cust0"]
	cases = {("--user", "nosuchuser"): "no user"}
	if has_users():
		words = ["setpriv", "--bounding-set", "-setuid,-setgid", *words]
		cases[()] = "cannot become"
	for more, sentence in cases.items():
		done = run(*words, *more, ns="router", check=False)
		expect(done.returncode == 3 and sentence in done.stderr,
		       f"{more}: exit {done.returncode}: {done.stderr}")
		expect(not done.stdout, done.stdout)


def loses_its_reader(folder):
	"""when nobody reads its events any more it ends, and says so"""
	reader, writer = os.pipe()
	child = subprocess.Popen(
		["ip", "netns", "exec", "router", MAILWALL, "watch", "--json",
		 "--every", "1s", "-i", "cust0", *live.user_words()],
		stdout=writer, stderr=subprocess.PIPE, text=True)
	os.close(writer)
	expect(select.select([reader], [], [], 10)[0], "no event came")
	expect(os.read(reader, 65536).startswith(b'{"event":"summary"'),
	       "no summary")
	os.close(reader)
	_, said = child.communicate(timeout=20)
	expect(child.returncode == 3 and "cannot write to standard output" in said
	       and said.count("\n") == 1, f"exit {child.returncode}: {said}")


def knows_its_state(folder):
	"""a restart goes on where it was: sources known, warm-up over"""
	state = f"{folder}/known/state"
	first = Watch("-i", "cust0", "--state", state, "--no-warmup")
	for _ in range(3):
		live.connect(25)
	time.sleep(3.5)
	before = first.stop()[-1]
	expect(before["warm"] and before["sources"] == 1, before)
	second = Watch("-i", "cust0", "--state", state)
	live.connect(25)
	time.sleep(1)
	after = second.stop()[-1]
	expect(after["warm"] and after["sources"] == 1, f"{after} {second.said()}")
	cold = Watch("-i", "cust0")
	live.connect(25)
	time.sleep(1)
	expect(not cold.stop()[-1]["warm"], "a cold start is warm")


def stands_on_terminal(folder):
	"""on a terminal it draws, and gives the screen back"""
	ours, theirs = pty.openpty()
	child = subprocess.Popen(
		["ip", "netns", "exec", "router", MAILWALL, "watch", "-i", "cust0",
		 *live.user_words()], stdout=theirs, stderr=subprocess.PIPE)
	os.close(theirs)
	drawn, connected = b"", False
	end = time.monotonic() + 15
	while b" smtp " not in drawn and time.monotonic() < end:
		if select.select([ours], [], [], 0.2)[0]:
			drawn += os.read(ours, 65536)
		if not connected and b"packets/s" in drawn:
			live.connect(25)
			connected = True
	child.send_signal(signal.SIGINT)
	while True:
		try:
			part = os.read(ours, 65536)
		except OSError:			# its other end is closed
			break
		if not part:
			break
		drawn += part
	child.wait(timeout=10)
	os.close(ours)
	expect(child.returncode == 0, child.stderr.read())
	child.stderr.close()
	on, off = b"\033[?1049h", b"\033[?1049l"
	expect(drawn.count(on) == drawn.count(off) == 1, drawn)
	expect(b" smtp " in drawn[drawn.index(on):drawn.index(off)], drawn)
	expect(b"\033" not in drawn[drawn.index(off) + len(off):], drawn)


def tells_the_journal(folder):
	"""a finding goes to the journal with its fields, if that is listening"""
	path = pathlib.Path("/run/systemd/journal/socket")
	path.parent.mkdir(parents=True, exist_ok=True)
	with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as journal:
		journal.bind(str(path))
		os.chmod(path, 0o777)
		journal.settimeout(10)
		with tempfile.TemporaryFile("w+") as err:
			own = os.fstat(err.fileno())
			child = subprocess.Popen(
				["ip", "netns", "exec", "router", MAILWALL, "watch",
				 "-i", "cust0", "--no-warmup", *live.user_words()],
				stdout=subprocess.DEVNULL, stderr=err,
				env={**os.environ, "JOURNAL_STREAM":
				     f"{own.st_dev}:{own.st_ino}"})
			time.sleep(1)
			run(sys.executable, "-c", live.BOT, CLIENT, 60, ns="client")
			try:
				told = journal.recv(4096).decode()
			finally:
				child.terminate()
				child.wait(timeout=10)
	fields = dict(line.split("=", 1) for line in told.splitlines())
	expect(fields["MAILWALL_SOURCE"] == CLIENT and
	       fields["MAILWALL_FINDING"] == "spam-source" and
	       fields["MAILWALL_PORT"] == "25" and fields["PRIORITY"] == "4",
	       told)


def says_what_waits(folder):
	"""a reload says what takes effect only with a restart"""
	path = pathlib.Path(folder) / "waits.policy"
	path.write_text(live.QUARANTINE)
	watch = Watch("-i", "cust0", "-q", "-p", path)
	path.write_text(live.QUARANTINE.replace("1h", "5h").replace(
		"block smtp reset", "block 2526 reset\n\tblock smtp reset"))
	watch.child.send_signal(signal.SIGHUP)
	within(5, lambda: "read again" in watch.said())
	watch.stop()
	expect("quarantine" in watch.said().split("read again", 1)[1],
	       watch.said())
	expect("ports" in watch.said().split("read again", 1)[1], watch.said())


MAIL = (mail_at_interface, mail_at_log, mail_at_both)
CLAIMS = (cannot_drop, loses_its_reader, knows_its_state, stands_on_terminal,
	  tells_the_journal, says_what_waits)


def check(claim, folder):
	start = time.monotonic()
	try:
		claim(folder)
		print(f"ok - {claim.__doc__} ({time.monotonic() - start:.1f} s)",
		      flush=True)
		return True
	except Exception as error:
		print(f"not ok - {claim.__doc__}")
		for line in f"{type(error).__name__}: {error}".splitlines():
			print(f"# {line}", flush=True)
		return False


def main():
	lab.enter()
	good = True
	with tempfile.TemporaryDirectory() as folder:
		os.chmod(folder, 0o755)		# Postfix's user passes through
		os.environ["MAILWALL_RUN_DIR"] = f"{folder}/run"
		live.build_network()
		run("ip", "addr", "add", f"{RELAY}/32", "dev", "lo", ns="server")
		run(MAILWALL, "apply", "-q", POLICY, ns="router")
		for claim in CLAIMS:
			good &= check(claim, folder)
		why_not = cannot_mail()
		if why_not:
			print(f"ok - real mail programs # SKIP {why_not}")
			return 0 if good else 1
		sinks = Sinks(25, 587)
		for claim in MAIL:
			good &= check(claim, folder)
		sinks.stop()
	return 0 if good else 1


if __name__ == "__main__":
	sys.exit(main())

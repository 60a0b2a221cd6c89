#!/usr/bin/env python3
"""apply --trial, confirm and rollback, with SYNs through a router.

In namespaces that end with this program; the claims are the first lines of the
functions. TRIALS=1000 makes as many trials as are worth a figure.
"""

import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "net"), str(HERE)]

import lab
import wire

TRIALS = int(os.environ.get("TRIALS", "20"))
LATE = max(3, TRIALS // 10)
STRIDE = 1 if TRIALS >= 200 else 5	# of the calls at which a command dies
HEADER = """policy trial-test
purpose "test"
contact "test@example"
review 2099-01-01
"""
OLD = HEADER + """hook forward
class home { 10.1.0.0/16 2001:db8:1::/48 }
class exempt dynamic
outbound from home {
	allow smtp from exempt
	block smtp drop
	allow submission submissions smtp-alt
}
"""
NEW = OLD.replace(" smtp-alt\n}", "\n\tblock smtp-alt drop\n}")
NO_SUBMISSION = OLD.replace("allow submission submissions smtp-alt",
			    "block submission submissions drop")
BRIDGE = NEW.replace("hook forward", "hook bridge")
ME, OTHER = "10.1.0.1", "10.1.0.2"
SMTP, ALT, SUBMISSION = 25, 2525, 587


class Told(AssertionError):
	pass


def expect(good, *said):
	if not good:
		raise Told(" ".join(map(str, said)))


def run(*words, code=0, text=None):
	done = subprocess.run(words, input=text, text=True, capture_output=True,
			      timeout=120)
	expect(code is None or done.returncode == code,
	       f"{words}: exit {done.returncode}, not {code}: {done.stdout}"
	       f"{done.stderr}")
	return done.stdout + done.stderr


def mailwall(*words, code=0):
	return run(lab.MAILWALL, *words, code=code)


def status(code=0):
	return json.loads(mailwall("status", "--json", code=code))


def trial(path="new", *words, time_text="1m"):
	return mailwall("apply", "-q", "--trial", time_text, *words,
			f"{path}.policy")


def history():
	"""What the journal has, as "trial 3" and "rolled-back 3 deadline"."""
	path = pathlib.Path(os.environ["MAILWALL_STATE_DIR"]) / "journal"
	lines = [json.loads(line) for line in path.read_text().splitlines()]
	return [" ".join(str(line[word]) for word in ("what", "revision", "by")
			 if word in line) for line in lines]


def rules():
	"""The table, without what counts and what runs out."""
	return run("nft", "-s", "list", "table", "inet", "mailwall")


def counters():
	objects = json.loads(run("nft", "-j", "list", "counters", "table", "inet",
				 "mailwall"))["nftables"]
	return {o["counter"]["name"]: o["counter"]["packets"] for o in objects
		if "counter" in o}


def settled(name=None):
	"""Kernel and disk agree, and nothing is open or left behind."""
	now = status()
	expect(now["trial"] is None and now["state"] == "as-loaded", now)
	state = pathlib.Path(os.environ["MAILWALL_STATE_DIR"])
	manifest = json.loads((state / "current" / "manifest.json").read_text())
	expect(now["digest"] == manifest["digest"], now["digest"], manifest)
	expect("trial." not in rules() and "armed" not in rules(), rules())
	last = [line.split()[0] for line in history()
		if not line.startswith("exempt")][-1]
	expect(last in ("applied", "confirmed", "rolled-back"), history())


def start():
	mailwall("rollback", code=None)
	mailwall("apply", "-q", "old.policy")
	settled()


# ---- claims ----

def begins_and_ends(w):
	"""new rules decide during a trial, old ones before and after it"""
	start()
	before = rules()
	expect(w.passed(ME, ALT) == 5, "before")
	expect(w.passed(ME, SMTP) == 0, "smtp before")
	trial()
	expect(w.passed(ME, ALT) == 0, "during the trial")
	expect(w.passed(ME, SMTP) == 0, "smtp during the trial")
	expect(w.passed(ME, SUBMISSION) == 5, "submission during the trial")
	mailwall("rollback")
	expect(w.passed(ME, ALT) == 5, "afterwards")
	expect(rules() == before, "the rules are other ones:\n", rules())
	settled()


def reverts(w):
	"""the kernel reverts at the deadline, whoever is alive"""
	start()
	trial(time_text="1h")
	run("nft", "delete", "element", "inet", "mailwall", "armed", "{ tcp }")
	late = []
	for n in range(TRIALS):
		with wire.Stream(w, ME, ALT) as stream:
			time.sleep(0.01)
			_, armed = wire.arm(120)
			ends = wire.deadline()
			stream.go_on(ends, 50)
		first = stream.first_passed(armed)
		expect(first is not None, n, "never reverted")
		expect(stream.lost(armed, ends) > 3, n, "the trial decided nothing")
		last = stream.last_lost(armed)
		expect(last < first, n, "a SYN was lost after one had passed")
		late.append(1000 * (last - ends))
	late.sort()
	print(f"# {TRIALS} trials: the last SYN that the trial blocked was sent "
	      f"{late[0]:.1f} to {late[-1]:.1f} ms after the deadline, median "
	      f"{late[len(late) // 2]:.1f}, {sum(l > 20 for l in late)} later than "
	      f"20 ms")
	mailwall("rollback", code=3)
	settled()


def reverts_alone(w):
	"""a trial ends though the process that waits for it was killed"""
	start()
	waiter = subprocess.Popen(
		[lab.MAILWALL, "apply", "-q", "--trial", "1s", "--wait",
		 "new.policy"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
	waiter.stdout.readline()
	expect(w.passed(ME, ALT) == 0, "during the trial")
	waiter.send_signal(signal.SIGKILL)
	waiter.wait()
	time.sleep(1.1)
	expect(w.passed(ME, ALT) == 5, "after the deadline")
	now = status()
	expect(not now["trial"]["armed"] and now["state"] == "as-loaded", now)
	expect("at its deadline" in mailwall("rollback", code=3), "who ended it")
	settled()


def waits(w):
	"""whoever waits is told the end, and one who leaves ends nothing"""
	start()
	said = mailwall("apply", "-q", "--trial", "1s", "--wait", "new.policy",
			code=1)
	expect("at its deadline" in said, said)
	settled()
	waiter = subprocess.Popen(
		[lab.MAILWALL, "apply", "-q", "--trial", "1m", "--wait",
		 "new.policy"], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
		text=True)
	waiter.stdout.readline()
	time.sleep(0.5)
	waiter.send_signal(signal.SIGINT)
	_, said = waiter.communicate()
	expect(waiter.returncode == 0 and "the trial goes on" in said, said)
	expect(w.passed(ME, ALT) == 0, "it ended")
	mailwall("rollback")
	settled()


def late_is_refused(w):
	"""confirm and extend after the deadline are refused, and say when it was"""
	start()
	for _ in range(LATE):
		trial(time_text="1s")
		while wire.left_ms() is not None:
			time.sleep(0.005)
		said = mailwall("confirm", code=3)
		expect("too late" in said and "at its deadline" in said, said)
		expect(w.passed(ME, ALT, 1) == 1, "the new rules decide")
	trial(time_text="1s")
	while wire.left_ms() is not None:
		time.sleep(0.005)
	said = mailwall("confirm", "--extend", "1m", code=3)
	expect("too late" in said, said)
	expect(wire.left_ms() is None, "it was revived")
	print(f"# {LATE} of {LATE} late confirmations refused")
	settled()


def confirms(w):
	"""a confirmed trial stays, and its clauses count on"""
	start()
	for _ in range(3):
		w.passed(ME, SMTP)
	clause = next(c for c in status()["clauses"] if "block smtp" in c["text"])
	trial()
	w.passed(ME, SMTP)
	w.passed(ME, ALT)
	now = status()
	expect(now["clauses"][1]["packets"] == clause["packets"], now)
	mine = {c["text"]: c["packets"] for c in now["trial"]["clauses"]}
	expect(mine["block smtp drop"] == mine["block smtp-alt drop"] == 5, mine)
	mailwall("confirm", "--why", "NET-1")
	counts = {c["text"]: c["packets"] for c in status()["clauses"]}
	expect(counts["block smtp drop"] == clause["packets"] + 5, counts)
	expect(counts["block smtp-alt drop"] == 5, counts)
	expect(w.passed(ME, ALT) == 0, "the old rules decide")
	settled()
	mailwall("rollback", code=3)
	mailwall("rollback", "1")
	expect(w.passed(ME, ALT) == 5, "an earlier revision")
	settled()


def extends(w):
	"""an extended trial ends later, and its rules do not change"""
	start()
	trial(time_text="2s")
	with wire.Stream(w, ME, ALT) as stream:
		began = time.monotonic()
		for _ in range(5):
			mailwall("confirm", "--extend", "2m")
	expect(not stream.passed, f"{len(stream.passed)} passed meanwhile")
	expect(wire.left_ms() > 100000, wire.left_ms())
	mailwall("rollback")
	settled()


def stops_by_sources(w):
	"""source N+1 of a family ends the trial, and one packet is lost"""
	start()
	for source, odd in ((lambda n: f"10.1.1.{n}", OTHER),
			    (lambda n: f"2001:db8:1:{n}::1", "2001:db8:1:99::1")):
		trial("new", "--stop-if", "sources=3")
		for n in range(10, 30):	# blocked before, too
			expect(w.passed(source(n), SMTP, 1) == 0, "smtp")
		for n in range(1, 4):
			expect(w.passed(source(n), ALT) == 0, "a source, ", n)
		expect(status()["trial"]["armed"], status()["trial"])
		expect(w.passed(odd, ALT) == 4, "source 4 lost more or less than one")
		expect(w.passed(source(1), ALT) == 5, "the old rules do not decide")
		now = status()["trial"]
		expect(now["stops"]["tripped"] and not now["armed"], now)
		said = mailwall("confirm", code=3)
		expect("by its stop" in said, said)
		settled()


def stops_by_submission(w):
	"""the trial ends where less of submission passes, if somebody looks"""
	start()
	said = mailwall("apply", "-q", "--trial", "1m", "--stop-if",
			"submission=50%", "no-submission.policy")
	expect("nobody watches" in said, said)
	mailwall("rollback")
	with wire.Stream(w, ME, SUBMISSION, 0.05):
		said = mailwall("apply", "-q", "--trial", "2m", "--wait", "--stop-if",
				"submission=50%", "no-submission.policy", code=1)
	expect("passed in 10 s" in said, said)
	expect(history()[-1].endswith(" stop"), history()[-1])
	settled()


def leaves_the_old_alone(w):
	"""counters and members of the old rules are not touched by a trial"""
	start()
	mailwall("exempt", "add", "--for", "1h", OTHER)
	w.passed(ME, SMTP)
	before = counters()
	trial("new", "--stop-if", "sources=9")
	w.passed(ME, SMTP)
	during = counters()
	expect({n: during.get(n) for n in before} == before, before, during)
	expect(w.passed(OTHER, SMTP) == 5, "the exempt member")
	mailwall("exempt", "add", "--for", "1h", "10.1.0.3")
	mailwall("exempt", "remove", OTHER)
	expect(w.passed("10.1.0.3", SMTP) == 5, "a member that came")
	expect(w.passed(OTHER, SMTP) == 0, "a member that went")
	mailwall("rollback")
	expect(w.passed("10.1.0.3", SMTP) == 5, "a member that came, afterwards")
	expect({n: counters()[n] for n in ("trial.x",) if n in counters()} == {},
	       counters())
	mailwall("exempt", "remove", "10.1.0.3")
	settled()


def sees_drift(w):
	"""status tells a change of the trial from one of the rules"""
	start()
	trial()
	now = status()
	expect(now["state"] == "as-loaded" and not now["trial"]["drift"], now)
	run("nft", "add", "rule", "inet", "mailwall", "trial.forward", "accept")
	now = status(code=1)
	expect(now["state"] == "as-loaded" and now["trial"]["drift"], now)
	mailwall("rollback")
	settled()
	trial()
	run("nft", "add", "rule", "inet", "mailwall", "forward", "accept")
	now = status(code=1)
	expect(now["state"] == "drift" and not now["trial"]["drift"], now)
	mailwall("rollback")
	expect("changed the table" in mailwall(
		"apply", "-q", "--trial", "1m", "new.policy", code=3), "drift")
	mailwall("apply", "-q", "old.policy")
	settled()
	trial()
	handle = run("nft", "-a", "list", "chain", "inet", "mailwall", "forward")
	gate = next(l for l in handle.splitlines() if "@armed" in l).split()[-1]
	run("nft", "delete", "rule", "inet", "mailwall", "forward", "handle", gate)
	mailwall("status", code=None)
	mailwall("rollback")
	settled()
	for words in (("--prometheus",), ("--nagios",)):
		trial()
		said = mailwall("status", *words, code=None)
		expect("mailwall_trial 1" in said or "is on trial for" in said, said)
		mailwall("rollback")


def refuses_beside(w):
	"""nothing else is loaded during a trial, and some things cannot be tried"""
	start()
	expect("table of another family" in mailwall(
		"apply", "-q", "--trial", "1m", "bridge.policy", code=3), "family")
	trial()
	for words in (("apply", "-q", "old.policy"),
		      ("apply", "-q", "--trial", "1m", "old.policy")):
		expect("is on trial" in mailwall(*words, code=3), words)
	mailwall("rollback")
	expect("nothing to try" in trial("old"), "unchanged")
	for word in ("sources=0", "sources=x", "submission=50", "submission=0%",
		     "syns=3"):
		mailwall("apply", "--trial", "1m", "--stop-if", word, "new.policy",
			 code=2)
	for words in (("--stop-if", "sources=3"), ("--trial", "8d"),
		      ("--trial", "1m", "--dry-run"), ("--wait",)):
		mailwall("apply", *words, "new.policy", code=2)
	settled()


def survives_others(w):
	"""a foreign flush and remove end a trial, and the old rules come again"""
	start()
	trial()
	run("nft", "flush", "ruleset")
	said = mailwall("confirm", code=3)
	expect("removed the table" in said, said)
	mailwall("apply", "-q", "--current")
	expect(w.passed(ME, ALT) == 5, "the old rules")
	settled()
	trial()
	mailwall("remove")
	mailwall("confirm", code=3)
	mailwall("apply", "-q", "old.policy")
	settled()


def first_policy(w):
	"""the first policy can be tried, too, and leaves nothing behind"""
	mailwall("remove", code=None)
	state = pathlib.Path(os.environ["MAILWALL_STATE_DIR"])
	kept = state.with_suffix(".kept")
	state.rename(kept)
	try:
		trial("new", time_text="1s")
		expect(w.passed(ME, ALT) == 0, "during the trial")
		expect(status()["trial"]["armed"], status())
		while wire.left_ms() is not None:
			time.sleep(0.01)
		expect(w.passed(ME, ALT) == 5, "afterwards")
		mailwall("confirm", code=3)
		expect("mailwall" not in run("nft", "list", "tables"), "a table")
		trial("new")
		mailwall("confirm")
		expect(w.passed(ME, ALT) == 0, "confirmed")
		settled()
		mailwall("remove")
	finally:
		subprocess.run(["rm", "-rf", str(state)], check=True)
		kept.rename(state)
	mailwall("apply", "-q", "old.policy")


def two_at_once(w):
	"""of two administrators one begins, and one ends"""
	start()
	for _ in range(4):
		both = [subprocess.Popen(
			[lab.MAILWALL, "apply", "-q", "--trial", "1m", "new.policy"],
			stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
			for _ in range(2)]
		codes = sorted(p.wait() for p in both)
		expect(codes == [0, 3], codes)
		both = [subprocess.Popen([lab.MAILWALL, word],
					 stdout=subprocess.DEVNULL,
					 stderr=subprocess.DEVNULL)
			for word in ("confirm", "rollback")]
		codes = [p.wait() for p in both]
		expect(sorted(codes) == [0, 3], codes)
		expect(w.passed(ME, ALT) == (0 if codes[0] == 0 else 5), codes)
		settled()
		mailwall("apply", "-q", "old.policy")


def guarded(w):
	"""a guard lets a trial be, its deadline, its confirmation and its end"""
	start()
	guard = subprocess.Popen([lab.MAILWALL, "guard"],
				 stdout=subprocess.DEVNULL,
				 stderr=subprocess.DEVNULL)
	socket_path = pathlib.Path(os.environ["MAILWALL_RUN_DIR"]) / "guard" / "sock"
	try:
		for _ in range(200):
			if socket_path.exists():
				break
			time.sleep(0.05)
		else:
			raise Told("the guard has no socket")
		trial(time_text="2s")
		time.sleep(0.5)	# a guard that heals has done it by now
		expect(w.passed(ME, ALT) == 0, "it ended the trial")
		while wire.left_ms() is not None:
			time.sleep(0.01)
		expect(w.passed(ME, ALT) == 5, "after the deadline")
		mailwall("confirm", code=3)
		settled()
		trial()
		mailwall("rollback")
		expect(w.passed(ME, ALT) == 5, "rolled back")
		trial()
		mailwall("confirm")
		time.sleep(0.5)
		expect(w.passed(ME, ALT) == 0, "it took the old rules again")
		settled()
		expect(guard.poll() is None, "the guard died")
	finally:
		guard.terminate()
		guard.wait()
	mailwall("apply", "-q", "old.policy")


def killed(words, call, nth):
	"""Runs a command that dies at the nth call; False: it came to no such."""
	done = subprocess.run(
		["strace", "-qq", "-o", "/dev/null", "-e", f"trace={call}", "-e",
		 f"inject={call}:signal=KILL:when={nth}", lab.MAILWALL, *words],
		stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60)
	return done.returncode in (-signal.SIGKILL, 128 + signal.SIGKILL)


CALLS = ("sendmsg,sendto", "fsync,fdatasync", "rename,renameat,renameat2",
	 "write,writev,pwrite64")


def deaths(words, prepare, w):
	n = 0
	for call in CALLS:
		for nth in range(1, 60, STRIDE):
			prepare()
			died = killed(words, call, nth)
			now = "confirmed" if w.passed(ME, ALT, 2) == 0 else "old"
			mailwall("rollback", code=None)
			settled()
			after = "confirmed" if w.passed(ME, ALT, 2) == 0 else "old"
			armed = "confirmed" if "confirmed" in history()[-1] else "old"
			expect(after == armed, words, call, nth, now, after, history()[-4:])
			mailwall("apply", "-q", "old.policy")
			if not died:
				break
			n += 1
	return n


def dies_anywhere(w):
	"""kill -9 at any call of a trial's commands leaves kernel and disk agreed"""
	start()
	n = {}
	n["apply"] = deaths(("apply", "-q", "--trial", "1m", "new.policy"),
			    lambda: None, w)
	n["confirm"] = deaths(("confirm",), trial, w)
	n["rollback"] = deaths(("rollback",), trial, w)
	expect(all(n.values()), n)
	print("# deaths: " + ", ".join(f"{name} {i}" for name, i in n.items()))


CLAIMS = (begins_and_ends, reverts, reverts_alone, waits, late_is_refused,
	  confirms, extends, stops_by_sources, stops_by_submission,
	  leaves_the_old_alone, sees_drift, refuses_beside, survives_others,
	  first_policy, two_at_once, guarded, dies_anywhere)


def main():
	lab.enter()
	with tempfile.TemporaryDirectory() as folder:
		os.environ["MAILWALL_RUN_DIR"] = f"{folder}/run"
		os.environ["MAILWALL_STATE_DIR"] = f"{folder}/state"
		os.environ["MAILWALL_STORE"] = f"{folder}/store/mailwall.db"
		os.chdir(folder)
		for name, text in (("old", OLD), ("new", NEW), ("bridge", BRIDGE),
				   ("no-submission", NO_SUBMISSION)):
			pathlib.Path(f"{name}.policy").write_text(text)
		wire.build()
		w = wire.Wire()
		wanted = sys.argv[1:]
		return lab.hold([c for c in CLAIMS
				 if not wanted or c.__name__ in wanted], w)


if __name__ == "__main__":
	sys.exit(main())

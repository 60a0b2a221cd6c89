#!/usr/bin/env python3
"""What was applied is kept, told and loaded again, whatever dies in between.

In namespaces that end with this program; the claims are the first lines of the
functions.
"""

import collections
import concurrent.futures
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True

import lab

MAILWALL = os.environ.get("MAILWALL", "./mailwall")
POLICY = """policy change
purpose "test"
contact "test@example"
review 2099-01-01
hook forward
class own { file "own.list" }
include "more.conf"
outbound {
	allow smtp from own
	block %s log
}
"""
# Calls that a step of an apply consists of; a process is killed at each.
STEPS = ("mkdir", "openat", "write", "fchmod", "fsync", "chmod", "rename",
	 "fallocate", "sendto", "sendmsg", "symlink", "unlink", "close")


class TestError(Exception):
	pass


def expect(good, said):
	if not good:
		raise TestError(said)


def mailwall(*words, code=0, before=()):
	done = subprocess.run([*before, MAILWALL, *words], text=True,
			      stdin=subprocess.DEVNULL, capture_output=True)
	expect(code is None or done.returncode == code,
	       f"{words}: exit {done.returncode}, not {code}: "
	       f"{done.stdout}{done.stderr}")
	return done.stdout + done.stderr


def apply(*words, code=0):
	return mailwall("apply", "-q", *words, code=code)


class Place:
	"""A policy's folder, and a state folder of its own."""

	def __init__(self, folder, name):
		self.policy = folder / name / "etc" / "a.policy"
		self.policy.parent.mkdir(parents=True)
		self.state = folder / name / "state"
		os.environ["MAILWALL_STATE_DIR"] = str(self.state)
		subprocess.run([MAILWALL, "remove"], capture_output=True)
		shutil.rmtree(self.state, ignore_errors=True)
		self.write("smtp")

	def write(self, services):
		self.policy.write_text(POLICY % services)
		(self.policy.parent / "own.list").write_text("192.0.2.7\n")
		(self.policy.parent / "more.conf").write_text("# more\n")

	def current(self):
		link = self.state / "current"
		return int(os.readlink(link)[-6:]) if link.is_symlink() else 0

	def revisions(self):
		folder = self.state / "revisions"
		return sorted(p.name for p in folder.iterdir()) \
			if folder.exists() else []

	def journal(self):
		done = json.loads(mailwall("history", "--json", code=None)
				  .split("\nmailwall:")[0])
		return done

	def whats(self):
		return [line["what"] for line in self.journal()["lines"]]


def loaded():
	"""The digest that the kernel's rules say, or None."""
	done = subprocess.run([MAILWALL, "status", "--json"], text=True,
			      capture_output=True)
	return json.loads(done.stdout)["digest"] if not done.returncode else None


def digest_of(place, number):
	text = (place.state / f"revisions/{number:06}/digest").read_text()
	return text.strip()


def keeps_what_it_applies(folder):
	"""an apply makes a revision and two lines; the same once more makes none"""
	place = Place(folder, "keeps")
	said = apply("--why", "NET-311", str(place.policy))
	expect("revision 1 is what the machine boots with" in said, said)
	expect(place.current() == 1, "current is not the revision")
	expect(digest_of(place, 1) == loaded(), "the kernel has another")
	lines = place.journal()["lines"]
	expect([l["what"] for l in lines] == ["applying", "applied"], lines)
	expect(all(l["why"] == "NET-311" and l["revision"] == 1 for l in lines),
	       lines)
	expect("revision" not in apply(str(place.policy)), "a second revision")
	expect(len(place.whats()) == 2, "lines of nothing")
	place.write("smtp submissions")
	done = json.loads(apply("--json", str(place.policy)))
	expect(done["revision"] == 2 and done["changed"], done)
	# The text alone is another.
	place.policy.write_text(place.policy.read_text() + "# a remark\n")
	done = json.loads(apply("--json", str(place.policy)))
	expect(done["revision"] == 3 and not done["changed"], done)
	apply("-n", str(place.policy))
	expect(place.revisions() == ["000001", "000002", "000003"],
	       place.revisions())


def boots_what_was_applied(folder):
	"""--current loads what was applied, though its files were changed or went"""
	place = Place(folder, "boots")
	apply(str(place.policy))
	digest = loaded()
	shutil.rmtree(place.policy.parent)
	mailwall("remove")
	expect(loaded() is None, "the table is still there")
	apply("--current")
	expect(loaded() == digest, "another ruleset")
	mailwall("remove")
	place.policy.parent.mkdir()
	place.write("smtp submissions submission")
	apply("--current", str(place.policy))
	expect(loaded() == digest, "the file, not the revision")
	expect(place.whats()[-4:] == ["removed", "applied", "removed"] or
	       place.whats()[-2:] == ["applying", "applied"], place.whats())


def boots_the_file_first(folder):
	"""where nothing was applied --current applies the policy as revision 1"""
	place = Place(folder, "first")
	said = apply("--current", code=3)
	expect("apply a policy first" in said, said)
	apply("--current", str(place.policy))
	expect(place.current() == 1 and loaded() == digest_of(place, 1),
	       "no revision 1")


def refuses_what_was_edited(folder):
	"""an edited revision is named and refused, and boot loads the one before"""
	place = Place(folder, "edited")
	apply(str(place.policy))
	first = loaded()
	place.write("smtp submissions")
	apply(str(place.policy))
	mailwall("remove")
	copy = place.state / "revisions/000002/policy"
	copy.chmod(0o644)
	copy.write_text(copy.read_text() + "# edited\n")
	said = mailwall("history", "-p", "2", code=3)
	expect("edited" in said and str(copy) in said, said)
	said = apply("--current", code=3)
	expect("edited" in said and "revision 1 is loaded instead" in said, said)
	expect(loaded() == first, "not revision 1")
	expect(place.current() == 2, "current moved")
	# It is made anew by the policy itself.
	apply(str(place.policy))
	expect(place.current() == 3 and loaded() == digest_of(place, 3),
	       "no revision 3")
	apply("--current")


def refuses_the_only_one(folder):
	"""where no other revision is whole, boot refuses and says what to do"""
	place = Place(folder, "only")
	apply(str(place.policy))
	mailwall("remove")
	copy = place.state / "revisions/000001/02-own.list"
	copy.chmod(0o644)
	copy.write_text("192.0.2.8\n")
	said = apply("--current", code=3)
	expect("revision 1 was edited" in said and "apply" in said, said)
	expect(loaded() is None, "it was loaded")


def steps(place):
	"""Each system call of an apply that counts, as name and number."""
	trace = place.state.parent / "trace"
	apply_traced(place, ["-o", str(trace), "-e", "trace=" + ",".join(STEPS)])
	counts = collections.Counter(
		match[1] for line in trace.read_text().splitlines()
		if (match := re.match(r"(?:\d+ +)?(\w+)\(", line)))
	begin = 1
	for name, count in sorted(counts.items()):
		# The program's libraries are opened and closed before.
		if name in ("openat", "close", "write"):
			begin = max(1, count - 25)
		yield from ((name, n) for n in range(begin, count + 1))
		begin = 1


def apply_traced(place, words):
	subprocess.run(["strace", *words, MAILWALL, "apply", "-q", "--why",
			"to be killed", str(place.policy)],
		       capture_output=True, stdin=subprocess.DEVNULL)


def survives_kill_at(place, name, n, services):
	"""Kills an apply at one call; kernel and disk agree afterwards."""
	before = place.current()
	place.write(services)
	apply_traced(place, ["-o", "/dev/null", "-e",
			     f"inject={name}:signal=KILL:when={n}"])
	was = loaded()
	at = f"killed at {name} {n}"
	# Any command that changes the rules ends it; this one changes nothing.
	said = mailwall("apply", "-q", "--current", code=None)
	number = place.current()
	expect(number, f"{at}: nothing is current")
	expect(loaded() == digest_of(place, number),
	       f"{at}: the kernel has {loaded()}, had {was}, and current is "
	       f"{number}, {digest_of(place, number)}: {said}"
	       f"{(place.state / 'journal').read_text()[-900:]}")
	expect(was == loaded(), f"{at}: the rules moved at recovery")
	expect(number >= before, f"{at}: current went back")
	state = place.journal()
	expect(state["ok"], f"{at}: {state['broken']}")
	opened = [line["what"] for line in state["lines"]]
	expect(opened[-1] in ("applied", "rolled-back"), f"{at}: {opened[-3:]}")
	left = [name for name in place.revisions() if not name.isdigit()]
	apply(str(place.policy))
	expect(loaded() == digest_of(place, place.current()),
	       f"{at}: the next apply does not hold")
	left = [name for name in place.revisions() if not name.isdigit()]
	expect(not left, f"{at}: left behind: {left}")


def survives_kill(folder):
	"""kill -9 at each step of an apply: kernel and disk agree afterwards"""
	place = Place(folder, "kill")
	apply(str(place.policy))
	place.write("smtp submissions")
	calls = list(steps(place))
	expect(len(calls) > 50, f"strace saw {len(calls)} calls only")
	for i, (name, n) in enumerate(calls):
		survives_kill_at(place, name, n,
				 "smtp" if i % 2 else "smtp submissions pop3")
	print(f"# killed at {len(calls)} calls")


def waits_for_another(folder):
	"""of many administrators at once each has a revision, and all agree"""
	place = Place(folder, "many")
	words = [["smtp"], ["smtp", "submissions"], ["smtp", "imap"], ["smtp", "pop3"]]
	paths = []
	for i in range(8):
		path = place.policy.with_name(f"{i}.policy")
		path.write_text(POLICY % " ".join(words[i % 4]) + f"# {i}\n")
		paths.append(path)
	with concurrent.futures.ThreadPoolExecutor(8) as pool:
		list(pool.map(lambda path: apply(str(path)), paths))
	expect(loaded() == digest_of(place, place.current()),
	       "the kernel has not what is current")
	expect(len(place.revisions()) == 8, place.revisions())
	state = place.journal()
	expect(state["ok"] and len(state["lines"]) == 16, state["broken"])
	whats = [line["what"] for line in state["lines"]]
	expect(whats == ["applying", "applied"] * 8, "they were mixed")


def full_disk(folder):
	"""on a full or read-only disk nothing is done, and boot loads all the same"""
	place = Place(folder, "full")
	place.state.mkdir()
	subprocess.run(["mount", "-t", "tmpfs", "-o", "size=128k,mode=755",
			"tmpfs", place.state], check=True)
	try:
		apply(str(place.policy))
		digest = loaded()
		fill = place.state / "fill"
		with open(fill, "wb", buffering=0) as out:
			try:
				while out.write(b"x" * 4096):
					pass
			except OSError:
				pass
		place.write("smtp submissions")
		said = apply(str(place.policy), code=3)
		expect("No space" in said and "nothing was changed" in said, said)
		expect(loaded() == digest and place.current() == 1,
		       "it was done")
		boots_without_a_journal(place, digest, "No space")
		fill.unlink()
		subprocess.run(["mount", "-o", "remount,ro", place.state],
			       check=True)
		said = apply(str(place.policy), code=3)
		expect("Read-only" in said and "nothing was changed" in said, said)
		boots_without_a_journal(place, digest, "Read-only")
	finally:
		subprocess.run(["umount", place.state], check=True)


def boots_without_a_journal(place, digest, reason):
	"""A journal has room set aside, which a full disk leaves it."""
	said = mailwall("remove")
	expect("removed" in said, said)
	expect(reason in said or reason == "No space", said)
	expect(loaded() is None, "it was not removed")
	said += apply("--current")
	expect(loaded() == digest and place.current() == 1, "not loaded")


def verifies(folder):
	"""history --verify names the line that was edited, and exits with 1"""
	place = Place(folder, "verifies")
	apply("--why", "one", str(place.policy))
	place.write("smtp submissions")
	apply("--why", "two", str(place.policy))
	said = mailwall("history", "--verify")
	expect("4 lines, and the chain holds" in said, said)
	journal = place.state / "journal"
	whole = journal.read_text()
	journal.write_text(whole.replace('"two"', '"tow"', 1))
	said = mailwall("history", "--verify", code=1)
	expect("line 3 was edited" in said, said)
	journal.write_text("".join(whole.splitlines(True)[:2]))
	said = mailwall("history", "--verify", code=1)
	expect("lines at the end are missing" in said, said)
	journal.write_text(whole[:-20])
	said = mailwall("history")
	expect("cut short" in said, said)
	place.write("smtp imap")
	said = apply("--why", "three", str(place.policy))
	expect("cut short" in said, said)
	state = place.journal()
	expect(state["ok"] and state["cut_short"] == 1, state)


CLAIMS = (keeps_what_it_applies, boots_what_was_applied, boots_the_file_first,
	  refuses_what_was_edited, refuses_the_only_one, waits_for_another,
	  full_disk, verifies, survives_kill)


def main():
	lab.enter()
	with tempfile.TemporaryDirectory() as folder:
		os.environ["MAILWALL_STORE"] = f"{folder}/none/mailwall.db"
		return lab.hold(CLAIMS, pathlib.Path(folder))


if __name__ == "__main__":
	sys.exit(main())

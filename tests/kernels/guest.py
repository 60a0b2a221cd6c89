#!/usr/bin/env python3
"""What is tried under another kernel; kernels.py boots it and reads the lines.

A line is "kernels", the check, its result (ok, skipped, FAILED) and the reason,
divided by tabs. A policy that `mailwall check --kernel=running` says the kernel
cannot hold is skipped with those words, and apply must refuse it as well.
"""

import os
import pathlib
import re
import subprocess
import sys

sys.dont_write_bytecode = True

TREE = pathlib.Path(__file__).resolve().parent.parent.parent
NET = TREE / "tests" / "net"
MAILWALL = str(TREE / "mailwall")
TIMEOUT_S = 900
FATES = ("residential", "cloud-strict", "shared-hosting", "t-bridge",
	 "t-ingress", "t-observe")
PACKETS = (("forward", "cloud-25"), ("output", "shared-hosting"),
	   ("bridge", "cloud-25"), ("ingress", "cloud-25"))


def say(check, result, reason=""):
	print(f"kernels\t{check}\t{result}\t{reason}", flush=True)


def run(*words):
	try:
		return subprocess.run(
			words, cwd=TREE, text=True, stdin=subprocess.DEVNULL,
			stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
			env={**os.environ, "MAILWALL": MAILWALL},
			timeout=TIMEOUT_S, errors="replace")
	except subprocess.TimeoutExpired as late:
		return subprocess.CompletedProcess(
			words, 124, late.stdout or "", "")


def policy_path(name):
	where = NET / "policies" if name.startswith("t-") \
		else TREE / "rules" / "policies"
	return where / f"{name}.policy"


def lack(name):
	"""What this kernel lacks for a policy, in check's words; else nothing."""
	done = run(MAILWALL, "check", "--kernel=running", str(policy_path(name)))
	if done.returncode == 0:
		return ""
	errors = re.findall(r"error: (.*)", done.stdout)
	return " / ".join(errors) or f"check: exit {done.returncode}"


def tail(text):
	return " / ".join(text.strip().splitlines()[-3:])


def verdict(check, done):
	"""A suite's own lines go to the console; the last ones are the reason."""
	print(done.stdout, flush=True)
	bad = [line for line in done.stdout.splitlines()
	       if line.startswith(("not ok", "#"))]
	if done.returncode == 0:
		say(check, "ok")
	else:
		say(check, "FAILED", tail("\n".join(bad[:3]) or done.stdout))


def refused(name):
	"""Whether apply refuses, as check said."""
	done = run("unshare", "-n", MAILWALL, "apply", str(policy_path(name)))
	return done.returncode != 0


def try_suites(kind, names, command):
	for name in names:
		check = f"{kind} {' '.join(name) if isinstance(name, tuple) else name}"
		policy = name[-1] if isinstance(name, tuple) else name
		reason = lack(policy)
		if not reason:
			verdict(check, run(sys.executable, *command(name)))
		elif refused(policy):
			say(check, "skipped", reason)
		else:
			say(check, "FAILED", f"apply takes what check refuses: "
			    f"{reason}")


def main():
	say("kernel", "ok", os.uname().release)
	verdict("status", run(sys.executable, NET / "status_test.py"))
	try_suites("fates", FATES, lambda name: (NET / "fates.py", "--jobs", "1",
						 name))
	try_suites("packets", PACKETS, lambda name: (
		NET / "packets.py", "--hook", name[0], name[1]))
	say("end", "ok")
	return 0


if __name__ == "__main__":
	sys.exit(main())

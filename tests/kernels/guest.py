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
	"""The suite's lines go to the console; the first that failed, with the
	two before it, which say why, is the reason."""
	print(done.stdout, flush=True)
	lines = [line for line in done.stdout.splitlines() if line.strip()]
	bad = [number for number, line in enumerate(lines)
	       if line.startswith(("not ok", "#"))]
	if done.returncode == 0:
		say(check, "ok")
	elif bad:
		say(check, "FAILED",
		    " / ".join(lines[max(bad[0] - 2, 0):bad[0] + 1]))
	else:
		say(check, "FAILED", tail(done.stdout))


def refused(name):
	"""Whether apply refuses, as check said."""
	done = run("unshare", "-n", MAILWALL, "apply", str(policy_path(name)))
	return done.returncode != 0


def wanted(check):
	"""Whether the kernel's command line asks for the check, or for none."""
	line = pathlib.Path("/proc/cmdline").read_text()
	only = re.search(r"mailwall\.only=(\S+)", line)
	return not only or re.search(only.group(1), check.replace(" ", "_"))


def try_suites(kind, names, command):
	for name in names:
		check = f"{kind} {' '.join(name) if isinstance(name, tuple) else name}"
		if not wanted(check):
			continue
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
	if wanted("status"):
		verdict("status", run(sys.executable, NET / "status_test.py"))
	try_suites("fates", FATES, lambda name: (NET / "fates.py", "--jobs", "1",
						 name))
	try_suites("packets", PACKETS, lambda name: (
		NET / "packets.py", "--hook", name[0], name[1]))
	say("end", "ok")
	return 0


if __name__ == "__main__":
	sys.exit(main())

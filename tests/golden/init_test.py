#!/usr/bin/env python3
"""init makes a policy that checks without a warning, or says what is missing."""

import os
import pathlib
import pty
import select
import subprocess
import sys
import tempfile
import time

PROGRAM = sys.argv[1]
ROUTER = ("--place", "router", "--contact", "abuse@isp.example")
FAILED = []


def claim(good, text, what=""):
	print(f"{'' if good else 'not '}ok - {text}")
	if not good:
		FAILED.append(text)
		print(f"# {what!a}")


def init(*words, stdin=""):
	return subprocess.run([PROGRAM, "init", *map(str, words)], text=True,
			      input=stdin, capture_output=True, check=False)


def strict(path):
	return subprocess.run([PROGRAM, "check", "--strict", path], text=True,
			      capture_output=True, check=False)


def made(folder, name, *words, has=()):
	"""A policy is made, strict check is silent, and the text has these."""
	path = pathlib.Path(folder) / f"{name.replace(' ', '-')}.policy"
	done = init(*words, path)
	checked = strict(path)
	text = path.read_text() if path.exists() else ""
	claim(done.returncode == 0 and checked.returncode == 0 and
	      not checked.stderr and all(part in text for part in has) and
	      "mailwall apply --trial" in done.stdout,
	      f"{name}: what is made checks without a warning",
	      done.stderr + checked.stderr + text)


def refused(folder, name, *words, code=2, has=""):
	path = pathlib.Path(folder) / "refused.policy"
	done = init(*words, path)
	claim(done.returncode == code and has in done.stderr and
	      not path.exists(), f"{name} is refused, and nothing is left",
	      f"{done.returncode} {done.stderr}")


def answers(folder, text):
	path = pathlib.Path(folder) / "answers"
	path.write_text(text)
	return path


def makes(folder):
	made(folder, "a router", *ROUTER, "--interfaces", "ppp*",
	     has=("mode observe", 'interface "ppp*"', "test "))
	made(folder, "a router with pools", *ROUTER, "--enforce",
	     "--subscribers", "100.64.0.0/10", "--subscribers",
	     "2001:db8:4000::/34", "--relays", "192.0.2.25",
	     has=("allow   smtp to 192.0.2.25",))
	made(folder, "a bridge", "--place", "bridge", "--contact", 'a "b" \\ c',
	     "--subscribers", "100.64.0.0/10", "--subscribers", "2001:db8::/32",
	     has=("hook bridge",))
	made(folder, "a host", "--place", "host", "--contact", "x@y.example",
	     "--user", "8", has=("hook output", "user $MTA"))
	made(folder, "answers of a file", "--answers", answers(folder, """
# of one router
place = router
contact = abuse@isp.example
mode = enforce		# at once
subscribers = 100.64.0.0/10, 2001:db8:4000::/34
interfaces = cust0 cust1
relays = 192.0.2.25 2001:db8::25
"""), has=('interface "cust1"', "allow   smtp to 192.0.2.25 2001:db8::25"))


def refuses(folder):
	refused(folder, "no place", "--contact", "x", has="--place")
	refused(folder, "no contact", "--place", "router", has="--contact")
	refused(folder, "nobody to judge", *ROUTER, has="--subscribers")
	refused(folder, "one family", *ROUTER, "--subscribers", "100.64.0.0/10",
		has="IPv6")
	refused(folder, "another place", "--place", "moon", "--contact", "x",
		has="router, bridge or host")
	refused(folder, "an address that is none", *ROUTER, "--interfaces",
		"cust0", "--relays", "mail.example.com", code=1,
		has="not looked up")
	for text, has in (("place router\n", ":1: "), ("plac = router\n",
						       'did you mean "place"'),
			  ("\n\nrelay = x\n", ":3: ")):
		refused(folder, repr(text), "--answers", answers(folder, text),
			code=1, has=has)
	refused(folder, "a file that is not there", "--answers", "/nowhere",
		code=3, has="No such file")
	path = pathlib.Path(folder) / "mine.policy"
	path.write_text("mine")
	done = init(*ROUTER, "--interfaces", "cust0", path)
	claim(done.returncode == 3 and path.read_text() == "mine" and
	      "already" in done.stderr, "a file that is there is left as it is",
	      done.stderr)


def asks(folder):
	path = pathlib.Path(folder) / "asked.policy"
	child, terminal = pty.fork()
	if not child:
		os.execv(PROGRAM, ["mailwall", "init", str(path)])
	said = ""
	lines = ["router", "", "", "abuse@isp.example", "", "cust0", "", ""]
	end = time.monotonic() + 30
	while time.monotonic() < end:
		if not select.select([terminal], [], [], 0.3)[0]:
			if lines:
				os.write(terminal, (lines.pop(0) + "\n").encode())
			continue
		try:
			said += os.read(terminal, 4096).decode(errors="replace")
		except OSError:
			break
	code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
	claim(code == 0 and strict(path).returncode == 0 and
	      said.count("Whom do blocked") == 2,
	      "a terminal is asked, and once more for what has to be answered",
	      said)


def main():
	with tempfile.TemporaryDirectory() as folder:
		makes(folder)
		refuses(folder)
		asks(folder)
	return 1 if FAILED else 0


if __name__ == "__main__":
	sys.exit(main())

#!/usr/bin/env python3
"""What mailwall prints is what it printed when somebody last read it.

golden.py [--update] [--only WORD] PROGRAM

policies/NAME.{nft,json,netlink} hold what `mailwall generate` makes of every
shipped policy; bad/NAME.expected holds what `mailwall check NAME.policy` says
of a mistake, and its exit code (bad/NAME.args: more arguments). A case's claim
is the first line of its policy. Input too large to keep is made on the way
(LARGE). --update writes the expected texts anew: read the diff.

"""

import argparse
import difflib
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
SHIPPED = HERE.parent.parent / "rules" / "policies"
MANUAL = HERE.parent.parent / "docs" / "mailwall.policy.5"
DEFINES = {"shared-hosting": ["-D", "MTA=8"]}
FORMATS = ("nft", "json", "netlink")
EPOCH = "1800000000"		# 2027-01-15, before the policies' review
SECONDS_MOST = 60		# a sanitizer and a busy machine included
BYTES_MOST = 2 << 30		# of memory
DIFF_LINES = 60

class Case:
	"""What a program should say, what it said, and a claim about it."""

	def __init__(self, claim, said, path=None, expected=None):
		self.claim, self.said, self.path = claim, said, path
		self.expected = expected

	def wanted(self):
		if self.path:
			return self.path.read_text() if self.path.exists() else ""
		return self.expected

	def differs(self):
		return self.said != self.wanted()

	def difference(self):
		lines = list(difflib.unified_diff(
			self.wanted().splitlines(), self.said.splitlines(),
			"expected", "said", lineterm="", n=1))
		left = len(lines) - DIFF_LINES
		return lines[:DIFF_LINES] + [f"... {left} more"] * (left > 0)


def run(words, folder=None, seconds=SECONDS_MOST):
	"""Exit code, output, messages; not UTF-8 shows as <e9>."""
	env = {**os.environ, "SOURCE_DATE_EPOCH": EPOCH, "LC_ALL": "C"}
	try:
		done = subprocess.run(words, cwd=folder, env=env,
				      stdin=subprocess.DEVNULL,
				      capture_output=True, timeout=seconds)
	except subprocess.TimeoutExpired:
		return "none", "", f"no end after {seconds} s\n"
	return done.returncode, printable(done.stdout), printable(done.stderr)


def printable(raw):
	text = raw.decode("utf-8", "surrogateescape")
	return re.sub("[\udc80-\udcff]",
		      lambda found: f"<{ord(found[0]) - 0xdc00:02x}>", text)


# The shipped policies

def policy_cases(program):
	for policy in sorted(SHIPPED.glob("*.policy")):
		for form in FORMATS:
			words = [program, "generate", str(policy), "-f", form,
				 *DEFINES.get(policy.stem, [])]
			code, out, said = run(words)
			if code:
				out += f"exit {code}\n{said}"
			yield Case(f"{policy.stem} as {form} is what it was", out,
				   HERE / "policies" / f"{policy.stem}.{form}")


# Mistakes

def bad_cases(program):
	for policy in sorted((HERE / "bad").glob("*.policy")):
		args = policy.with_suffix(".args")
		more = shlex.split(args.read_text()) if args.exists() else []
		words = [program, "check", policy.name, *more]
		code, out, said = run(words, policy.parent)
		said += out	# there should be none
		yield Case(f"{policy.stem}: {first_line(policy)}",
			   f"{said}exit {code}\n",
			   policy.with_suffix(".expected"))
		steering = steering_bytes(said)
		yield Case(f"{policy.stem}: nothing steers the terminal",
			   steering, expected="")


def first_line(policy):
	line = printable(policy.read_bytes().partition(b"\n")[0])
	return line.lstrip("\ufeff# ").rstrip()


def steering_bytes(text):
	"""C0 but tab and newline, DEL, C1 as UTF-8 or as bytes."""
	found = re.findall("[\0-\x08\x0b-\x1f\x7f-\x9f]|<[89][0-9a-f]>", text)
	return " ".join(map(repr, found))


# Large input: made here, judged by the exit code and the last line

HEAD = ("policy large\npurpose \"p\"\ncontact \"a@b\"\nreview 2028-01-01\n"
	"hook forward\n")
BLOCK = "outbound from a {\n\tblock smtp\n}\n"
MEGA = 1_000_000
ONE_ERROR = "mailwall: 1 error, 0 warnings\nexit 1\n"


def in_block(clause):
	return HEAD + "outbound {\n\t" + clause + "\n}\n"


def in_file(lines):
	return {"x.policy": HEAD + "class a { file \"x.list\" }\n" + BLOCK,
		"x.list": lines}


def a_million_lines(bad):
	lines = [f"{10 + (i >> 16)}.{i >> 8 & 255}.{i & 255}.0/24"
		 for i in range(MEGA)]
	lines[777_776] = bad
	return "\n".join(lines) + "\n"


def include_tree():
	files = {f"{depth}.inc": f"include \"{depth + 1}.inc\"\n" * 8
		 for depth in range(1, 15)}
	files["15.inc"] = ""
	return {"x.policy": in_block("block smtp") + "include \"1.inc\"\n",
		**files}


def doubled_definitions():
	lines = [f"define A{i + 1} = $A{i} $A{i}\n" for i in range(40)]
	return (HEAD + "define A0 = 192.0.2.1\n" + "".join(lines) +
		"class a { $A40 }\n" + BLOCK)


# claim, files (a text: of x.policy), the end of what check says
LARGE = [
	("a word of 100 MB is one mistake",
	 lambda: in_block("block smtp " + "x" * 100 * MEGA), ONE_ERROR),
	("a line of 20 million services ends",
	 lambda: in_block("block" + " smtp" * 20 * MEGA), None),
	("a line of a million addresses is one mistake",
	 lambda: in_block("block smtp from" + " 192.0.2.1" * MEGA),
	 "mailwall: 1 error, 0 warnings\nexit 1\n"),
	("a comment of 100 MB is none",
	 lambda: in_block("allow smtp #" + "x" * 100 * MEGA), "exit 0\n"),
	("a class file's line of 100 MB is one mistake",
	 lambda: in_file("1" * 100 * MEGA + "\n192.0.2.1\n"),
	 ONE_ERROR),
	("10,000 mistakes are said in one run",
	 lambda: in_block("blok smtp\n" * 10_000),
	 "mailwall: 10000 errors, 0 warnings\nexit 1\n"),
	("a million mistakes are counted",
	 lambda: in_file("10.0.0.300\n" * MEGA),
	 "mailwall: 1000000 errors, 0 warnings\nexit 1\n"),
	("one bad line in a million is found",
	 lambda: in_file(a_million_lines("10.0.0.300")),
	 "x.list:777777:1: error: \"10.0.0.300\" is not an address, prefix or "
	 "range\n10.0.0.300\n^~~~~~~~~~\n" + ONE_ERROR),
	("files that include each other eightfold end", include_tree, None),
	("definitions in a class are bounded",
	 lambda: "policy x\nhook forward\ndefine A0 = 10.0.0.0/8\n" + "".join(
		 f"define A{n + 1} = $A{n} $A{n}\n" for n in range(16)) +
	 "class a {" + " $A16" * 1000 + " }\noutbound from a {\n"
	 "\tblock smtp\n}\n",
	 "mailwall: 1 error, 1 warning\nexit 1\n"),
	("definitions that double 40 times end", doubled_definitions, None),
	("1,000 classes, 1,000 blocks and 2,000 clauses are checked",
	 lambda: HEAD + "".join(f"class c{i} {{ 10.{i // 250}.{i % 250}.0/24 "
				f"2001:db8:{i:x}::/48 }}\n"
				for i in range(1000)) +
	 "".join(f"outbound from c{i} {{\n\tallow smtp to 192.0.2.1 2001:db8::1"
		 "\n\tblock smtp\n}\n" for i in range(1000)), "exit 0\n"),
]


def large_cases(program):
	for claim, make, expected in LARGE:
		files = make()
		if isinstance(files, str):
			files = {"x.policy": files}
		with tempfile.TemporaryDirectory() as folder:
			for name, text in files.items():
				pathlib.Path(folder, name).write_text(text)
			words = ["sh", "-c", f"ulimit -v {BYTES_MOST >> 10} "
				 "2>/dev/null; exec \"$0\" check x.policy", program]
			if is_sanitized(program):
				words = [program, "check", "x.policy"]
			code, out, said = run(words, folder, SECONDS_MOST)
		said += f"exit {code}\n"
		if expected is None:	# whatever it says, it is an answer
			expected, said = "exit 0 or 1", (
				"exit 0 or 1" if code in (0, 1) else said[-500:])
		yield Case(claim, said[-len(expected):], expected=expected)


def is_sanitized(program):
	"""It maps terabytes, so its memory cannot be limited."""
	return b"__asan_init" in pathlib.Path(program).read_bytes()


# What cannot be read

def unreadable_cases(program):
	with tempfile.TemporaryDirectory() as folder:
		path = pathlib.Path(folder, "x.policy")
		os.chmod(folder, 0o755)
		os.mkdir(pathlib.Path(folder, "x.list"))
		path.write_text(HEAD + "class a { file \"x.list\" }\n" + BLOCK)
		_, _, said = run([program, "check", "x.policy"], folder)
		yield Case("a class file that is a directory is a mistake there",
			   said.splitlines()[0],
			   expected="x.policy:6:16: error: cannot read "
			   "\"x.list\": Is a directory")
		for name, why in ((".", "Is a directory"),
				  ("gone", "No such file or directory")):
			code, _, said = run([program, "check", name], folder)
			yield Case(f"a policy cannot be read: {why}",
				   f"{said}exit {code}\n",
				   expected=f"error: cannot read \"{name}\": {why}"
				   "\nmailwall: 1 error, 0 warnings\nexit 3\n")
		if os.getuid():
			return
		path.chmod(0o600)
		code, _, said = run(["setpriv", "--reuid=65534", "--regid=65534",
				     "--clear-groups", program, "check",
				     "x.policy"], folder)
		yield Case("a policy cannot be read by nobody",
			   f"{said}exit {code}\n",
			   expected="error: cannot read \"x.policy\": Permission "
			   "denied\nmailwall: 1 error, 0 warnings\nexit 3\n")


# What the manual shows

def manual_cases(_):
	"""A policy that it quotes: ".Pa rules/policies/X.policy :", then all."""
	manual = MANUAL.read_text()
	for name, text in re.findall(r"^\.Pa rules/policies/(\S+)\.policy :\n"
				     r"\.Bd -literal\n(.*?)^\.Ed$", manual,
				     re.MULTILINE | re.DOTALL):
		yield Case(f"{name} stands in the manual as it is shipped",
			   text.replace(r"\e", "\\").replace(r"\&", ""),
			   expected=(SHIPPED / f"{name}.policy").read_text())


def verdict(case, update):
	"""Says whether the claim holds."""
	if update and case.path and case.differs():
		case.path.write_text(case.said)
	if not case.differs():
		print(f"ok - {case.claim}", flush=True)
		return True
	print(f"not ok - {case.claim}")
	for line in case.difference():
		print(f"# {line}")
	sys.stdout.flush()
	return False


def options():
	parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
	parser.add_argument("--update", action="store_true")
	parser.add_argument("--only", default="", metavar="WORD",
			    help="policy, bad, large, unreadable or manual")
	parser.add_argument("program")
	return parser.parse_args()


def main():
	opts = options()
	program = str(pathlib.Path(opts.program).resolve())
	makers = (policy_cases, bad_cases, large_cases, unreadable_cases,
		  manual_cases)
	good = [verdict(case, opts.update) for make in makers
		if make.__name__.startswith(opts.only)
		for case in make(program)]
	return 0 if all(good) else 1


if __name__ == "__main__":
	sys.exit(main())

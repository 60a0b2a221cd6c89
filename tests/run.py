#!/usr/bin/env python3
"""Runs the test suites and counts: the last line is "N passed, N failed".

run.py --build DIR --program FILE [--quick] [SUITE...]

A suite prints a line for every claim, "ok - ..." or "not ok - ...". What it
says is shown when something failed, and for every suite with --verbose.
"""

import argparse
import os
import pathlib
import re
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
SUITE_TIMEOUT_S = 1800
CLAIM = re.compile(r"^(not )?ok\b(?!.*# SKIP)", re.MULTILINE)
SKIPPED = re.compile(r"^ok\b.*# SKIP (.*)", re.MULTILINE)


def suites(build, program, quick):
	"""Name, command; the units are programs, the others are scripts."""
	python = sys.executable
	for unit in sorted(pathlib.Path(build).glob("tests/unit/**/test_*")):
		if unit.suffix == "":
			yield f"unit/{unit.name}", [str(unit)]
	for target in sorted(pathlib.Path(build).glob("tests/fuzz/once_*")):
		corpus = "fuzz_" + target.name.removeprefix("once_")
		yield f"fuzz/{corpus}", [str(target), f"tests/fuzz/corpus/{corpus}"]
	yield "house/rooms", [python, "tests/house/rooms.py"]
	yield "house/words", [python, "tests/house/words.py"]
	if not quick:	# a sanitizer's objects need more than ours do
		yield "house/circles", [python, "tests/house/circles.py", build]
	yield "golden", [python, "tests/golden/golden.py", program]
	yield "habits", [python, "tests/golden/habits_test.py", program]
	yield "init", [python, "tests/golden/init_test.py", program]
	yield "completion", [python, "tests/golden/completion_test.py", program]
	yield "rows/service", [python, "tests/rows/service_test.py",
			       "--build", build]
	yield "rows/watch", [python, "tests/rows/watch_test.py"]
	yield "rows/special", [python, "tests/rows/special_purpose.py"]
	for suite in ("truth", "moved", "made"):
		yield f"captures/{suite}", [python, f"tests/captures/{suite}.py"]
	if not quick:	# as for net/refused: it preloads
		yield "captures/apart", [python, "tests/captures/apart.py",
					 f"{build}/tests/detect/trace"]
	yield "page", [python, "tests/page/page_test.py", "--made-by",
		       f"{build}/tests/unit/tools/page/test_page"]
	yield "review", [python, "tests/review/review_test.py"]
	yield "import", [python, "tests/review/import_test.py"]
	yield "xarf", [python, "tests/xarf/xarf_test.py"]
	yield "trial/model", [python, "tests/trial/model.py"]
	yield "trial/net", [python, "tests/trial/trial_test.py"]
	yield "net/status", [python, "tests/net/status_test.py"]
	yield "net/acting", [python, "tests/net/acting_test.py"]
	yield "net/exempt", [python, "tests/net/exempt_test.py"]
	yield "net/change", [python, "tests/net/change_test.py"]
	yield "net/plan", [python, "tests/net/plan_test.py"]
	yield "net/doctor", [python, "tests/net/doctor_test.py"]
	yield "net/explain", [python, "tests/net/explain_test.py"]
	yield "net/guard", [python, "tests/net/guard_test.py"]
	yield "net/tour", [python, "tests/net/tour_test.py"]
	if not quick:	# what it preloads is not built with sanitizers
		yield "net/refused", [python, "tests/net/refused_test.py"]
	if not quick:	# it makes its own builds with sanitizers
		yield "abi", [python, "tests/abi/abi_test.py", "--build", build]
	yield "net/lab", [python, "tests/net/lab_test.py"]
	yield "net/kernel", [python, "tests/net/kernel_test.py",
			     *(["--quick"] if quick else [])]
	yield "net/sight", [python, "tests/net/sight_test.py"]
	yield "net/watch", [python, "tests/net/watch_test.py"]
	yield "net/priv", [python, "tests/net/priv_test.py"]
	if not quick:	# it is built in a way of its own
		yield "net/collectd", [python, "tests/net/collectd_test.py",
				       "--build", build]
	yield "net/packets", [python, "tests/net/packets.py"]
	yield "net/pieces", [python, "tests/net/pieces_test.py"]
	yield "net/mail", [python, "tests/net/mail_test.py"]
	for way in ("apply", "text"):
		yield f"net/fates/{way}", [python, "tests/net/fates.py", "--by", way]


def run(command, program):
	environment = {**os.environ, "CMOCKA_MESSAGE_OUTPUT": "TAP",
		       "MAILWALL": program, "LC_ALL": "C.UTF-8"}
	try:
		done = subprocess.run(command, cwd=ROOT, env=environment, text=True,
				      stdin=subprocess.DEVNULL,
				      stdout=subprocess.PIPE,
				      stderr=subprocess.STDOUT, errors="replace",
				      timeout=SUITE_TIMEOUT_S)
		return done.returncode, done.stdout
	except subprocess.TimeoutExpired as late:
		return -1, f"{late.stdout or ''}\nnot ok - ended in time\n"


def main():
	parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
	parser.add_argument("--build", default="build")
	parser.add_argument("--program", default="mailwall")
	parser.add_argument("--quick", action="store_true")
	parser.add_argument("--verbose", action="store_true")
	parser.add_argument("names", nargs="*")
	arguments = parser.parse_args()
	program = str(pathlib.Path(arguments.program).resolve())
	passed = failed = 0
	for name, command in suites(arguments.build, program, arguments.quick):
		if arguments.names and not any(name.startswith(n)
					       for n in arguments.names):
			continue
		start = time.monotonic()
		code, output = run(command, program)
		marks = [bool(m.group(1)) for m in CLAIM.finditer(output)]
		bad = sum(marks)
		skipped = SKIPPED.findall(output)
		if (code and not bad) or not (marks or skipped):
			# it died, or said nothing
			output += f"\nnot ok - {name} ended with exit code {code}\n"
			bad += 1
		good = len([m for m in marks if not m])
		passed, failed = passed + good, failed + bad
		if bad or arguments.verbose:
			print(output)
		for reason in skipped:
			print(f"{name}: skipped: {reason}")
		print(f"{name}: {good} passed, {bad} failed "
		      f"({time.monotonic() - start:.1f} s)", flush=True)
	print(f"{passed} passed, {failed} failed")
	return 1 if failed or not passed else 0


if __name__ == "__main__":
	sys.exit(main())

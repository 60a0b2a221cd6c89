#!/usr/bin/env python3
"""Speed, side by side with the tools that people use, in one run.

bench.py [--runs N] [--quick] [--build FOLDER] PROGRAM [ROW...]

Every row is measured several times, in turn with what it is compared to, and
shown as minimum, median and maximum; ratios are of medians. Everything happens
in network namespaces that end with this program. Needs root (a million
elements are more than an ordinary socket may send) and the packages of
"make bench-packages". Large captures are made once and kept in the temporary
folder, under mailwall-bench.
"""

import argparse
import os
import pathlib
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True

from stand import HERE, ROOT
import lab
import monitor
import review
import rules

KINDS = [rules.Rules, monitor.Monitor, review.Review]


def compile_helper(*words):
	subprocess.run([str(w) for w in words], check=True)


def compile_helpers(folder):
	gcc = ["gcc", "-O2", "-D_GNU_SOURCE"]
	multiarch = subprocess.run(["gcc", "-print-multiarch"], text=True,
				   capture_output=True, check=True).stdout.strip()
	compile_helper(*gcc, "-shared", "-fPIC", "-o", f"{folder}/preload.so",
		       HERE / "preload_sendmsg.c", "-ldl")
	compile_helper(*gcc, "-o", f"{folder}/inject", HERE / "inject.c")
	compile_helper(*gcc, "-o", f"{folder}/peak", HERE / "peak.c")
	compile_helper(*gcc, "-o", f"{folder}/captures", HERE / "captures.c")
	compile_helper(*gcc, "-o", f"{folder}/logs", HERE / "logs.c")
	compile_helper(*gcc, "-o", f"{folder}/bare_loop", HERE / "bare_loop.c",
		       "-lpcap")
	compile_helper(*gcc, "-o", f"{folder}/flood", HERE / "flood.c", "-lbpf")
	compile_helper("clang", "-O2", "-g", "-target", "bpf",
		       f"-I/usr/include/{multiarch}", "-c", "-o",
		       f"{folder}/flood.o", HERE / "flood.bpf.c")


def print_short(verdicts):
	print("\nIn short:")
	for text, value, sign, aim, good in verdicts:
		print(f"    {'  ' if good else '! '}{text:<56} {value:9.3g}   "
		      f"{sign} {aim}")


def main():
	parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
	parser.add_argument("--runs", type=int, default=5)
	parser.add_argument("--quick", action="store_true")
	parser.add_argument("--build", default=ROOT / "build")
	parser.add_argument("program")
	parser.add_argument("rows", nargs="*", metavar="ROW", help="of " + ", ".join(
		row for kind in KINDS for row in kind.ROWS))
	arguments = parser.parse_args()
	known = {row: kind for kind in KINDS for row in kind.ROWS}
	for row in arguments.rows:
		if row not in known:
			parser.error(f'there is no row "{row}"')
	if os.geteuid() != 0:
		raise SystemExit("bench: needs root")
	lab.enter()
	os.environ["MAILWALL_RUN_DIR"] = "/run/mailwall"
	program = str(pathlib.Path(arguments.program).resolve())
	verdicts = []
	with tempfile.TemporaryDirectory() as folder:
		compile_helpers(folder)
		benches = {kind: kind(program, folder, arguments, verdicts)
			   for kind in KINDS}
		for row in arguments.rows or known:
			bench = benches[known[row]]
			bench.title(getattr(bench, row).__doc__)
			getattr(bench, row)()
	print_short(verdicts)


if __name__ == "__main__":
	main()

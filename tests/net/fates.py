#!/usr/bin/env python3
"""Under each policy every connection meets the fate that its table says.

fates.py [--by apply|text|again|all] [--jobs N] [POLICY...]
fates.py --check [POLICY...]	only reads the tables
fates.py --print [POLICY...]	every connection and its fate, one a line

The tables in fates/ were written by reading the policies. A policy is applied
in a laboratory of its own (lab.py), real connections are dialled (probe.py) and
their fates and the clauses' counters compared. MAILWALL names the program, by
default ./mailwall. By text the rules come from `mailwall generate POLICY | nft
-f -`, loaded twice; by again another policy was there before, and ours is
applied twice.
"""

import argparse
import concurrent.futures
import json
import os
import pathlib
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True

import lab
import table

LAB_TIMEOUT_S = 60 * lab.PATIENCE
OTHERS = {
	"router": ("t-ingress", "t-answers"),
	"host": ("t-output", "t-redirect-output"),
	"bridge": ("t-bridge", "t-bridge-port"),
}
PACKETS_MOST = 5		# of a blocked connection, with retransmissions


# Inside: one policy in one laboratory

def mailwall():
	return os.environ.get("MAILWALL", "./mailwall")


def apply(it, tab):
	words = [mailwall(), "apply", str(tab.policy)]
	it.must(tab.middle, words + defines(tab))


def load_by_apply(it, tab):
	apply(it, tab)
	change_members(it, tab)


def load_by_text(it, tab):
	"""Loading the text once more changes nothing."""
	words = [mailwall(), "generate", str(tab.policy)]
	text = it.must(tab.middle, words + defines(tab))
	it.must(tab.middle, ["nft", "-f", "-"], text)
	change_members(it, tab)
	it.must(tab.middle, ["nft", "-f", "-"], text)


def load_again(it, tab):
	"""Another policy before leaves no trace, once more changes nothing."""
	other = next(name for name in OTHERS[tab.middle] if name != tab.name)
	it.must(tab.middle, [mailwall(), "apply", str(table.find_policy(other))])
	load_by_apply(it, tab)
	apply(it, tab)


def defines(tab):
	return [word for define in tab.defines for word in ("-D", define)]


def change_members(it, tab):
	for verb, name, ips in tab.changes:
		it.must(tab.middle, [mailwall(), "exempt", verb, *ips,
				     "--class", name])


def clause_counters(it, tab):
	"""{clause: [packets, of them refused, openings that observe let
	through]} as mailwall status has it.

	Clauses that read the same are counted together.
	"""
	text = it.must(tab.middle, [mailwall(), "status", "--json"])
	counters = {}
	for clause in json.loads(text)["clauses"]:
		packets = clause["packets"]
		over = clause.get("over_packets", 0)
		refused = packets if clause["text"].startswith("block") else over
		observed = clause.get("observed_packets", 0)
		counts = counters.setdefault(clause["text"], [0, 0, 0])
		counts[0] += packets + over + observed
		counts[1] += refused
		counts[2] += observed
	return counters


LOADERS = {"apply": load_by_apply, "text": load_by_text, "again": load_again}


def remove(it, tab):
	"""Afterwards nothing of mailwall is left; returns what is wrong."""
	it.must(tab.middle, [mailwall(), "remove"])
	left = it.must(tab.middle, ["nft", "list", "tables"])
	return ["after remove there still is: " + left] if left else []


def judge(by, name):
	"""Prints a JSON object: what passed, failed, was skipped, and why."""
	tab = table.Table(table.HERE / "fates" / f"{name}.tsv")
	todo = [attempt for attempt in tab.attempts if owner_exists(attempt)]
	with lab.Lab(tab.middle, tab.links, tab.hosts.values(),
		     sorted(tab.bypasses())) as it:
		LOADERS[by](it, tab)
		dial(it, todo)
		counters = clause_counters(it, tab)
		left = remove(it, tab)
	wrong = [attempt for attempt in todo if attempt.seen != attempt.fates]
	notes = [mismatch(tab, attempt) for attempt in wrong]
	notes += [*counter_notes(tab, todo, counters), *left]
	json.dump(dict(passed=len(todo) - len(wrong), failed=len(notes),
		       skipped=len(tab.attempts) - len(todo), notes=notes),
		  sys.stdout)


def owner_exists(attempt):
	return (lab.id_exists(attempt.sources[0].uid, "uid") and
		lab.id_exists(attempt.sources[0].gid, "gid"))


def dial(it, attempts):
	orders = {}
	for number, attempt in enumerate(attempts):
		orders.setdefault(attempt.where(), []).append(attempt.order(number))
	for fate in it.probe(orders):
		attempts[fate["id"]].seen = fate["fates"]


def mismatch(tab, attempt):
	row = attempt.row
	lines = " or ".join(map(str, tab.clause_lines(row.clause)))
	says = f"line {lines}: {row.clause}" if lines else "no clause decides"
	return (f"{tab.name}.tsv:{row.number}: {attempt}\n"
		f"\texpected {told(attempt.fates)}, saw {told(attempt.seen)}\n"
		f"\t{tab.policy.name} {says}")


def told(fates):
	"""connected, connected, reset -> connected*2 reset"""
	runs = []
	for fate in fates:
		if runs and runs[-1][0] == fate:
			runs[-1][1] += 1
		else:
			runs.append([fate, 1])
	return " ".join(fate if n == 1 else f"{fate}*{n}" for fate, n in runs)


def counter_notes(tab, attempts, counters):
	"""A clause counts each connection that it decides, and no other."""
	expected = {clause: [0, 0] for clause in counters}
	for attempt in attempts:
		clause = " ".join(attempt.row.clause.split())
		if clause != "-":
			for n, dials in enumerate(dials_counted(attempt)):
				expected[clause][n] += dials
	for clause, (dials, blocked) in expected.items():
		packets, refused, observed = counters[clause]
		least, most = blocked, blocked * PACKETS_MOST
		if packets < dials or packets and not dials:
			yield (f"{tab.name}: \"{clause}\" counted {packets} packets "
			       f"of {dials} connections")
		elif tab.observe and clause.split()[0] in ("block", "redirect") \
				and observed != dials:
			yield (f"{tab.name}: \"{clause}\" observed {observed} "
			       f"openings of {dials} connections")
		elif tab.observe and refused:
			yield (f"{tab.name}: \"{clause}\" refused {refused} packets "
			       "though it observes")
		elif not tab.observe and not least <= refused <= most:
			yield (f"{tab.name}: \"{clause}\" refused {refused} packets "
			       f"of {blocked} connections, {least} to {most} expected")


def dials_counted(attempt):
	"""How many dials its clause counts, how many of them it blocks.

	An answer that passes is not counted, the clause is not its own.
	"""
	blocked = sum(fate in table.BLOCKS for fate in attempt.fates)
	answers = attempt.sport or attempt.row.way == "asym"
	return (blocked if answers else len(attempt.fates)), blocked


# Outside: one process a policy, a few at a time

def run_lab(by, name):
	words = [sys.executable, __file__, "--lab", by, name]
	try:
		done = subprocess.run(words, capture_output=True, text=True,
				      timeout=LAB_TIMEOUT_S)
	except subprocess.TimeoutExpired:
		return trouble(f"{name}: no end after {LAB_TIMEOUT_S} s")
	try:
		return json.loads(done.stdout)
	except ValueError:
		return trouble(f"{name}: {done.stderr.strip()}")


def trouble(note):
	return dict(passed=0, failed=1, skipped=0, notes=[note])


def report(by, name, result):
	for note in result["notes"]:
		print(note)
	print(tap_line(by, name, result), flush=True)


def tap_line(by, name, result):
	skipped = result["skipped"]
	because = f", {skipped} skipped (no such user in here)" if skipped else ""
	if result["failed"]:
		return (f"not ok - {name} by {by}: {result['passed']} connections "
			f"meet their fate, {result['failed']} failed{because}")
	return (f"ok - {name} by {by}: {result['passed']} connections meet "
		f"their fate{because}")


def run_all(ways, names, jobs):
	todo = [(by, name) for name in names for by in ways]
	passed = failed = 0
	with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
		for (by, name), result in zip(todo, pool.map(run_lab, *zip(*todo))):
			report(by, name, result)
			passed += result["passed"]
			failed += result["failed"]
	print(f"{passed} passed, {failed} failed")
	return 1 if failed else 0


def read_tables(names, verbose):
	tables = [table.Table(path) for path in table.table_paths(names)]
	for tab in tables:
		for attempt in tab.attempts if verbose else ():
			print(f"{tab.name}\t{attempt}\t{told(attempt.fates)}\t"
			      f"{attempt.row.clause}")
	print(f"{len(tables)} tables, {sum(len(t.attempts) for t in tables)} "
	      "connections", file=sys.stderr)
	return 0


def options():
	parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
	parser.add_argument("--by", choices=(*LOADERS, "all"),
			    default="apply")
	parser.add_argument("--jobs", type=int, default=3)
	parser.add_argument("--check", action="store_true")
	parser.add_argument("--print", action="store_true")
	parser.add_argument("--lab", nargs=2, help=argparse.SUPPRESS)
	parser.add_argument("policy", nargs="*")
	return parser.parse_args()


def main():
	opts = options()
	if opts.lab:
		lab.enter()
		return judge(*opts.lab)
	missing = table.policies_without_table()
	if missing:
		sys.exit(f"fates.py: no table for {', '.join(missing)}")
	names = [path.stem for path in table.table_paths(opts.policy)]
	unknown = set(names) - {path.stem for path in table.table_paths([])}
	if unknown:
		sys.exit(f"fates.py: no table for {', '.join(sorted(unknown))}")
	if opts.check or opts.print:
		return read_tables(names, opts.print)
	program = shutil.which(mailwall())
	if not program:
		sys.exit(f"fates.py: no program {mailwall()}; set MAILWALL")
	os.environ["MAILWALL"] = str(pathlib.Path(program).resolve())
	ways = tuple(LOADERS) if opts.by == "all" else (opts.by,)
	return run_all(ways, names, opts.jobs)


if __name__ == "__main__":
	try:
		sys.exit(main())
	except (table.TableError, lab.LabError) as error:
		sys.exit(f"fates.py: {error}")

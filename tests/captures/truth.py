#!/usr/bin/env python3
"""replay counts what independent tools count, in every capture there is.

truth.py [--list] [FOLDER...]: a line for each folder of captures. The truth
comes with the captures (truth_long.tsv, made with tshark and tcpdump; see
make_truth.sh there). What differs stands with its reason in deviations.tsv:
one that is not there fails, and so does one that no longer occurs. --list
prints what differs in the form of that file.
"""

import argparse
import collections
import csv
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
CAPTURES = pathlib.Path(os.environ.get("MAILWALL_CAPTURES",
				       ROOT.parent / "shared/captures"))
MAILWALL = os.environ.get("MAILWALL", str(ROOT / "mailwall"))
PORTS = ("25", "465", "587", "2525", "110", "143", "993", "995")
FIELDS = {			# ours: the column of the truth
	"syns": "syn", "attempts": "attempts_isn", "pairs": "pairs",
	"established": "handshakes", "refused": "rst_refused",
	"icmp_refused": "icmp_refused", "unanswered": "unanswered",
	"half_open": "half_open", "banner": "banner",
	"implicit_tls": "implicit_tls", "starttls": "starttls_cmd",
	"starttls_tls": "starttls_then_tls", "cleartext_auth": "auth_clear",
}
SUFFIXES = (".pcap", ".pcapng", ".cap", ".trace", ".dmp", ".ntar", ".pcap.gz")
BOT = "147.32.84.165"
BOTNET = "ctu13_s6/dev_ctu13_s6_mail_1001_1040"
REPLAY_TIMEOUT_S = 60


class Failure(Exception):
	pass


def expect(condition, what):
	if not condition:
		raise Failure(what)


def table(path):
	with open(path, newline="") as text:
		return list(csv.DictReader(text, delimiter="\t",
					   quoting=csv.QUOTE_NONE))


def replay(*words):
	"""The exit code, the events and what was said."""
	done = subprocess.run([MAILWALL, "replay", "--json", *map(str, words)],
			      capture_output=True, text=True,
			      timeout=REPLAY_TIMEOUT_S)
	expect(done.returncode in (0, 3),
	       f"replay {words[-1]}: exit {done.returncode}: {done.stderr}")
	return (done.returncode,
		[json.loads(line) for line in done.stdout.splitlines()],
		done.stderr.strip())


def counts(events):
	"""{(port, field): number that is not zero} of the last line."""
	expect(events and events[-1]["event"] == "summary", "no summary")
	return {(port, field): ports[field]
		for port, ports in events[-1]["ports"].items()
		for field in FIELDS if ports[field]}


def read_truth():
	truth = collections.defaultdict(dict)
	for row in table(CAPTURES / "truth_long.tsv"):
		for field, column in FIELDS.items():
			if int(row[column]):
				truth[row["file"]][row["port"], field] = int(row[column])
	return truth


def read_refused():
	"""The files in which libpcap, by way of tcpdump, finds a fault, too."""
	return {row["file"] for row in table(CAPTURES / "truth.tsv")
		if row["libpcap_read"] != "ok"}


def differences(truth, ours):
	"""{(port, field): (truth, ours)}, both as the text of deviations.tsv"""
	return {key: (str(truth.get(key, 0)), str(ours.get(key, 0)))
		for key in truth.keys() | ours.keys()
		if truth.get(key, 0) != ours.get(key, 0)}


def is_capture(path):
	return path.is_file() and path.name.lower().endswith(SUFFIXES)


# ---- the claims ----

def compare(names, truth, refused, deviations):
	"""What is wrong with these files, and what differs in them as known."""
	wrong, found = [], {}
	for name in names:
		code, events, said = replay(CAPTURES / name)
		differs = differences(truth.get(name, {}), counts(events))
		if code != (3 if name in refused else 0):
			differs["-", "exit"] = ("3" if name in refused else "0",
						str(code))
		if code and not said:
			wrong.append(f"{name}: exit {code}, and nothing is said")
		for key, pair in sorted(differs.items()):
			found[name, *key] = pair
			if deviations.get((name, *key)) != pair:
				wrong.append(f"{name} {' '.join(key)}: "
					     f"truth {pair[0]}, ours {pair[1]}"
					     + (f" ({said})" if said else ""))
	for key in sorted(deviations.keys() - found.keys()):
		if key[0] in names:
			wrong.append(f"{' '.join(key)} is in deviations.tsv and does "
				     "not occur")
	return wrong, found


def check_botnet():
	"""sources of a botnet's hour; flows there, so SYNs can be compared"""
	_, events, _ = replay("--top", "1000", "--no-warmup",
			      CAPTURES / f"{BOTNET}.pcap")
	flows = table(CAPTURES / f"{BOTNET}_truth.tsv")
	sources = {e["source"]: e for e in events if e["event"] == "source"}
	ports = events[-1]["ports"]
	syns, seen_on = collections.Counter(), collections.defaultdict(set)
	by_port = collections.Counter()
	for row in flows:
		if int(row["syn_packets"]):
			syns[row["src"]] += int(row["syn_packets"])
			seen_on[row["src"]].add(int(row["dport"]))
			by_port[row["dport"]] += int(row["syn_packets"])
	wrong = [f"{source}: truth {syns[source]}, ours "
		 f"{sources.get(source, {}).get('syns', 0)} SYNs"
		 for source in syns.keys() | sources.keys()
		 if syns[source] != sources.get(source, {}).get("syns", 0)]
	wrong += [f"{source}: ports {sorted(seen_on[source])}, ours {s['ports']}"
		  for source, s in sources.items()
		  if seen_on[source] != set(s["ports"])]
	wrong += [f"port {port}: truth {by_port[port]}, ours {ports[port]['syns']}"
		  for port in ports if by_port[port] != ports[port]["syns"]]
	bot = sources.get(BOT, {})
	if (bot.get("attempts"), bot.get("syns")) != (1025, 1921):
		wrong.append(f"{BOT}: {bot}")
	spam = [s for s in sources if sources[s]["spam_source"]]
	if spam != [BOT]:
		wrong.append(f"spam sources are {spam}")
	return wrong


def say(claim, wrong):
	print(f"{'not ok' if wrong else 'ok'} - {claim}")
	for line in wrong[:40]:
		print(f"# {line}")
	sys.stdout.flush()
	return not wrong


def main():
	parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
	parser.add_argument("--list", action="store_true")
	parser.add_argument("folders", nargs="*")
	arguments = parser.parse_args()
	if not (CAPTURES / "truth_long.tsv").exists():
		print("ok - captures # SKIP no captures here")
		return 0
	truth = read_truth()
	rows = table(HERE / "deviations.tsv")
	deviations = {(r["file"], r["port"], r["field"]): (r["truth"], r["ours"])
		      for r in rows}
	folders = collections.defaultdict(list)
	for path in sorted(CAPTURES.rglob("*")):
		if is_capture(path):
			name = path.relative_to(CAPTURES)
			folders[name.parts[0]].append(str(name))
	good = True
	for folder, names in folders.items():
		if arguments.folders and folder not in arguments.folders:
			continue
		if folder == BOTNET.split("/")[0]:
			good &= say(f"{folder}: sources, SYNs and verdicts",
				    check_botnet())
			continue
		wrong, found = compare(names, truth, read_refused(),
				       deviations)
		if arguments.list:
			for key, pair in found.items():
				print("\t".join((*key, *pair, "?")))
			continue
		good &= say(f"{folder}: {len(names)} captures counted, "
			    f"{len(found)} known deviations", wrong)
	return 0 if good else 1


if __name__ == "__main__":
	sys.exit(main())

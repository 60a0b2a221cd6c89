#!/usr/bin/env python3
"""status tells Nagios and Prometheus what is so, and nothing else.

In namespaces that end with this program; the claims are the first lines of the
functions.
"""

import ipaddress
import os
import pathlib
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True

import lab
from watch_test import (BOT, CLIENT, MAILWALL, POLICY, Watch, build_network,
			expect, run)

SMALL = """policy small
purpose "test"
contact "test@example"
review 2099-01-01
hook forward
class exempt dynamic size 10
outbound {
	allow smtp from exempt
	block smtp log
}
"""
# The guidelines' line: 'label'=value[UOM];warn;crit;min;max ...
FIGURE = r"(?:'[^'=]+'|[^ '=]+)=\d+(?:s|c)?(?:;\d*){0,4}"
LINE = re.compile(r"MAILWALL (OK|WARNING|CRITICAL|UNKNOWN) - ([^|\n]+)"
		  rf"(?: \| ({FIGURE}(?: {FIGURE})*))?\n")
CODES = {"OK": 0, "WARNING": 1, "CRITICAL": 2, "UNKNOWN": 3}
BAD = [
	(["-w", "95"], "above"),
	(["-w", "90", "-c", "80"], "above"),
	(["-w", "many"], "percentage"),
	(["-c", "101"], "percentage"),
	(["-w", "0"], "percentage"),
	(["-w", "-5"], "percentage"),
	(["-f", "few"], "no warning"),
	(["-w"], "needs a value"),
	(["--nonsense"], "not an option"),
	(["--json"], "at a time"),
	(["a", "b"], "one policy"),
	(["/nonexistent/a.policy"], "cannot read"),
]


def nagios(level, *words, has="", before=()):
	"""The line, which is judged; it is all that is printed."""
	words = [str(word) for word in words]
	done = run(*before, MAILWALL, "status", "--nagios", *words, ns="router",
		   check=False)
	found = LINE.fullmatch(done.stdout)
	expect(found and not done.stderr and found[1] == level and
	       done.returncode == CODES[level] and has in found[2],
	       f"{words}: exit {done.returncode}, not {level} with \"{has}\": "
	       f"{done.stdout}{done.stderr}")
	return found


def mailwall(*words):
	return run(MAILWALL, *words, ns="router").stdout


def break_rules():
	listed = run("nft", "-a", "list", "chain", "inet", "mailwall", "forward",
		     ns="router").stdout
	handle = re.findall(r"handle (\d+)$", listed, re.MULTILINE)[-1]
	run("nft", "delete", "rule", "inet", "mailwall", "forward", "handle",
	    handle, ns="router")


def says_what_is_loaded(folder):
	"""nagios: what is loaded, or not, or changed, or another, is the answer"""
	nagios("CRITICAL", has="no policy is loaded")
	mailwall("apply", "-q", POLICY)
	nagios("OK", has="policy residential is loaded")
	nagios("OK", POLICY, has="policy residential is loaded")
	nagios("CRITICAL", f"{folder}/small.policy", has="which is not")
	break_rules()
	nagios("CRITICAL", has="changed: chain forward")
	mailwall("apply", "-q", POLICY)
	nagios("OK")


def refuses_as_unknown(folder):
	"""nagios: what makes no sense or cannot be read is UNKNOWN, with a reason"""
	for words, has in BAD:
		nagios("UNKNOWN", *words, has=has)
	nagios("UNKNOWN", has="CAP_NET_ADMIN",
	       before=["setpriv", "--bounding-set", "-all", "--inh-caps",
		       "-all", "--"])
	done = run(MAILWALL, "status", "--warning", "3", ns="router",
		   check=False)
	expect(done.returncode == 2 and "--nagios" in done.stderr, done.stderr)


def sees_full_sets(folder):
	"""nagios: a limited set warns as it fills, and the figures say how far"""
	mailwall("apply", "-q", f"{folder}/small.policy")
	levels = {7: "OK", 8: "WARNING", 9: "CRITICAL", 10: "CRITICAL"}
	for n in range(1, 11):
		mailwall("exempt", "add", f"100.64.1.{n * 2}")
		line = nagios(levels.get(n, "OK"), has="filled to" if n > 7
			      else "")
		expect(f"exempt.v4={n};7;8;0;10" in line[3], line[3])
	nagios("CRITICAL", "-w", "100", "-c", "100", has="filled to 100%")
	mailwall("exempt", "remove", "100.64.1.20")
	nagios("OK", "-w", "100", "-c", "100")


def knows_the_monitor(folder):
	"""nagios: findings of the last hour and a monitor that is silent warn"""
	store = os.environ["MAILWALL_STORE"]
	os.makedirs(os.path.dirname(store), exist_ok=True)
	os.chmod(os.path.dirname(store), 0o777)
	mailwall("remove")
	mailwall("apply", "-q", f"{folder}/small.policy")
	expect("silent" not in nagios("OK")[0], "a store that is not there")
	watch = Watch("-g", 25, "-S", store, "--no-warmup")
	time.sleep(1.5)
	line = nagios("OK", has="0 findings in the last hour")
	expect(re.search(r"silent=[0-3]s;180;;0", line[3]), line[3])
	run(sys.executable, "-c", BOT, CLIENT, 300, ns="client")
	time.sleep(6)
	line = nagios("WARNING", has=" in the last hour")
	n = re.search(r"findings=([1-9]);0;;0", line[3])
	expect(n and "blocked=300c" in line[3], line[3])
	nagios("WARNING", "-f", int(n[1]) - 1)
	nagios("OK", "-f", n[1])
	watch.stop()
	for table, column in ("run", "last"), ("finding", "time"):
		with sqlite3.connect(store) as db:
			db.execute(f"UPDATE {table} SET {column} = {column} - "
				   "7000")
		db.close()
		nagios("WARNING", "-f", "9", has="silent for 11")
	expect("findings=0;" in nagios("WARNING")[3], "old findings count")
	pathlib.Path(store).write_text("no store")
	for end in "-wal", "-shm":
		pathlib.Path(store + end).unlink(missing_ok=True)
	nagios("UNKNOWN", has="mailwall.db")
	os.unlink(store)


def metrics(code=0):
	done = run(MAILWALL, "status", "--prometheus", ns="router", check=False)
	expect(done.returncode == code, f"{done.returncode}: {done.stderr}")
	return done.stdout


def writes_metrics(folder):
	"""prometheus: what the kernel has, whatever it is, and no zeros for a monitor"""
	mailwall("remove")
	expect("\nmailwall_policy_loaded 0\n" in metrics(), metrics())
	mailwall("apply", "-q", f"{folder}/small.policy")
	mailwall("exempt", "add", "100.64.1.2")
	text = metrics()
	for line in ("mailwall_policy_loaded 1", "mailwall_policy_drift 0",
		     'mailwall_set_elements{set="exempt.v4"} 1',
		     'mailwall_set_capacity{set="exempt.v4"} 10',
		     'mailwall_clause_packets_total{clause="small:9"} 0'):
		expect(f"\n{line}\n" in text, f"no {line}: {text}")
	for name in "lost", "unlogged", "sources", "process_start", "store":
		expect(name not in text, f"{name}: {text}")
	break_rules()
	expect("\nmailwall_policy_drift 1\n" in metrics(), metrics())


def leaves_the_old_file(folder):
	"""prometheus: what cannot be read is an error and no output"""
	done = run("setpriv", "--bounding-set", "-all", "--inh-caps", "-all",
		   "--", MAILWALL, "status", "--prometheus", ns="router",
		   check=False)
	expect(done.returncode == 3 and not done.stdout and
	       "CAP_NET_ADMIN" in done.stderr, f"{done.stdout}{done.stderr}")
	with open("/dev/full", "w") as full:
		done = subprocess.run(["ip", "netns", "exec", "router", MAILWALL,
				       "status", "--prometheus"], stdout=full,
				      stderr=subprocess.PIPE, text=True)
	expect(done.returncode == 3 and "cannot write" in done.stderr,
	       f"{done.returncode}: {done.stderr}")


def reads_no_large_set(folder):
	"""a set of 200,000 that nobody remembers is counted and not listed"""
	with open(f"{folder}/many", "w") as file:
		file.writelines(f"{ipaddress.ip_address((10 << 24) + 2 * n)}\n"
				for n in range(200000))
	path = pathlib.Path(folder) / "many.policy"
	path.write_text(SMALL.replace(
		"policy small", "policy many").replace(
		"outbound {", f'class many {{ file "{folder}/many" }}\n'
		"outbound {\n\tblock smtp from many reset"))
	mailwall("apply", "-q", path)
	shutil.rmtree(os.environ["MAILWALL_RUN_DIR"])
	seconds = {}
	for how in "--prometheus", "--nagios", "--verify":
		start = time.monotonic()
		run(MAILWALL, "status", how, ns="router")
		seconds[how] = time.monotonic() - start
	for how in "--prometheus", "--nagios":
		expect(seconds[how] < seconds["--verify"] / 3, seconds)
	expect(re.search(r'set_elements\{set="many[^}]*\} 200000\n',
			 metrics()), metrics())
	expect("drift" not in metrics(), "not read, and yet it is known")
	nagios("OK", has="too large to verify")


CLAIMS = (says_what_is_loaded, refuses_as_unknown, sees_full_sets,
	  knows_the_monitor, writes_metrics, leaves_the_old_file,
	  reads_no_large_set)


def main():
	lab.enter()
	with tempfile.TemporaryDirectory() as folder:
		os.chmod(folder, 0o755)
		os.environ["MAILWALL_RUN_DIR"] = f"{folder}/run"
		os.environ["MAILWALL_STORE"] = f"{folder}/store/mailwall.db"
		(pathlib.Path(folder) / "small.policy").write_text(SMALL)
		build_network()
		return lab.hold(CLAIMS, folder)


if __name__ == "__main__":
	sys.exit(main())

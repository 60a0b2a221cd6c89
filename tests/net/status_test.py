#!/usr/bin/env python3
"""status tells Nagios and Prometheus what is so, and nothing else.

In namespaces that end with this program; the claims are the first lines of the
functions.
"""

import ipaddress
import json
import os
import pathlib
import re
import shutil
import sqlite3
import subprocess
import sys
import time

sys.dont_write_bytecode = True

import lab
from watch_test import (BOT, CLIENT, MAILWALL, POLICY, Watch, build_network,
			expect, fetch, run)

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
ENDS = """class ends { 10.0.0.0/8 240.0.0.0/4 ffff::/16 }
class nearly { 255.255.255.254 }
"""
# What needs the kernel, and how it says that it may not ask it.
NEEDS = [
	(["status"], "error: ", 3),
	(["status", "--prometheus"], "error: ", 3),
	(["status", "--nagios"], "MAILWALL UNKNOWN - ", 3),
	(["apply", POLICY], "error: ", 3),
	(["remove"], "error: ", 3),
	(["exempt", "add", "100.64.0.7"], "error: ", 3),
	(["exempt", "list"], "error: ", 3),
	(["watch", "-g", "25"], "mailwall: nflog:25: ", 3),
]
# The guidelines' line: 'label'=value[UOM];warn;crit;min;max ...
FIGURE = r"(?:'[^'=]+'|[^ '=]+)=\d+(?:s|c)?(?:;\d*){0,4}"
LINE = re.compile(r"MAILWALL (OK|WARNING|CRITICAL|UNKNOWN) - ([^|\n]+)"
		  rf"(?: \| ({FIGURE}(?: {FIGURE})*))?\n")
CODES = {"OK": 0, "WARNING": 1, "CRITICAL": 2, "UNKNOWN": 3}
BAD = [
	(["--warning", "95"], "above"),
	(["--warning", "90", "--critical", "80"], "above"),
	(["--warning", "many"], "percentage"),
	(["--critical", "101"], "percentage"),
	(["--warning", "0"], "percentage"),
	(["--warning", "-5"], "percentage"),
	(["--findings", "few"], "takes a number"),
	(["--warning"], "needs a value"),
	(["--nonsense"], "not an option"),
	(["--json"], "not both"),
	(["a", "b"], "too much"),
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


def kernel_counts():
	"""Whether it says how many elements a set has; before, it is read."""
	return tuple(map(int, os.uname().release.split(".")[:2])) >= (6, 16)


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


def knows_other_digests(folder):
	"""a table that another version loaded is not called changed"""
	mailwall("apply", "-q", POLICY)
	for version in ("", " 999"):
		nft = run(MAILWALL, "generate", "-q", POLICY).stdout
		other = re.sub(r'(comment "mailwall \w+ sha256:\w{32}) \d+"',
			       rf'\1{version}"', nft)
		expect(other != nft, f"the digest has no version: {nft[:2000]}")
		mailwall("remove")
		run("nft", "-f", "-", ns="router", text=other)
		done = run(MAILWALL, "status", ns="router")
		expect("another version of mailwall" in done.stdout and
		       "DRIFT" not in done.stdout, done.stdout)
		state = json.loads(mailwall("status", "--json"))
		expect(state["state"] == "other-version" and
		       not state["differences"], state)
		nagios("WARNING", has="another version of mailwall")
		expect("mailwall_policy_drift" not in metrics(), metrics())
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


def exempt_fits():
	"""Members that fit in exempt.v4 of size 10, as status says."""
	sets = json.loads(mailwall("status", "--json"))["sets"]
	fits = next(s["fits"] for s in sets if s["name"] == "exempt.v4")
	expect(fits in (10, 5), fits)	# 5: this kernel may count both ends
	return fits


def sees_full_sets(folder):
	"""nagios: a limited set warns as it fills, and the figures say how far"""
	clear()	# before Linux 6.5 a set keeps the size that it had
	mailwall("apply", "-q", f"{folder}/small.policy")
	fits = exempt_fits()
	warning, critical = -(-8 * fits // 10) - 1, -(-9 * fits // 10) - 1
	for n in range(1, fits + 1):
		mailwall("exempt", "add", f"100.64.1.{n * 2}")
		line = nagios("CRITICAL" if n > critical else
			      "WARNING" if n > warning else "OK",
			      has="filled to" if n > warning else "")
		expect(f"exempt.v4={n};{warning};{critical};0;{fits}" in line[3],
		       line[3])
	nagios("CRITICAL", "--warning", "100", "--critical", "100", has="filled to 100%")
	mailwall("exempt", "remove", f"100.64.1.{fits * 2}")
	nagios("OK", "--warning", "100", "--critical", "100")


def knows_the_monitor(folder):
	"""nagios: findings of the last hour and a monitor that is silent warn"""
	store = os.environ["MAILWALL_STORE"]
	os.makedirs(os.path.dirname(store), exist_ok=True)
	os.chmod(os.path.dirname(store), 0o777)
	clear()
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
	nagios("WARNING", "--findings", int(n[1]) - 1)
	nagios("OK", "--findings", n[1])
	watch.stop()
	for table, column in ("run", "last"), ("finding", "time"):
		with sqlite3.connect(store) as db:
			db.execute(f"UPDATE {table} SET {column} = {column} - "
				   "7000")
		db.close()
		nagios("WARNING", "--findings", "9", has="silent for 11")
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
	clear()
	expect("\nmailwall_policy_loaded 0\n" in metrics(), metrics())
	mailwall("apply", "-q", f"{folder}/small.policy")
	mailwall("exempt", "add", "100.64.1.2")
	text = metrics()
	for line in ("mailwall_policy_loaded 1", "mailwall_policy_drift 0",
		     'mailwall_set_elements{set="exempt.v4"} 1',
		     f'mailwall_set_capacity{{set="exempt.v4"}} {exempt_fits()}',
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
	expect(re.search(r'set_elements\{set="many[^}]*\} 200000\n',
			 metrics()), metrics())
	if kernel_counts():
		expect("drift" not in metrics(), "not read, and yet it is known")
		nagios("OK", has="too large to verify")
	else:
		expect("\nmailwall_policy_drift 0\n" in metrics(), metrics())
		nagios("OK", has="policy many is loaded")


def clear():
	run(MAILWALL, "remove", ns="router", check=False)
	state = pathlib.Path(os.environ["MAILWALL_STATE_DIR"])
	(state / "book.db").unlink(missing_ok=True)


def write_policy(folder, name, classes, clauses):
	path = pathlib.Path(folder) / f"{name}.policy"
	path.write_text(SMALL.replace("policy small", f"policy {name}").replace(
		"outbound {", f"{classes}outbound {{\n\t{clauses}"))
	return path


def addresses(folder, name, first, n):
	"""A file of n addresses that have no neighbours."""
	with open(f"{folder}/{name}", "w") as file:
		file.writelines(f"{ipaddress.ip_address(first + 2 * i)}\n"
				for i in range(n))
	return f'"{folder}/{name}"'


def elements(name):
	sets = json.loads(mailwall("status", "--json"))["sets"]
	return {s["name"]: s["elements"] for s in sets}[name]


def counts_to_the_end(folder):
	"""ranges up to the last address are counted, and are no drift"""
	clear()
	mailwall("apply", "-q", write_policy(
		folder, "ends", ENDS, "block smtp from ends\n"
		"\tblock smtp from nearly"))
	mailwall("exempt", "add", "128.0.0.0/1", "8000::/1", "10.0.0.1")
	wanted = {"ends.v4": 2, "ends.v6": 1, "nearly.v4.hosts": 1,
		  "exempt.v4": 2, "exempt.v6": 1}
	for name, n in wanted.items():
		expect(elements(name) == n, f"{name}: {elements(name)}")
		if "hosts" not in name:
			expect(f'set="{name}"}} {n}\n' in metrics(), metrics())
	many = addresses(folder, "far", 10 << 24, 30000)
	path = write_policy(folder, "far", f"class far {{ 10.200.0.0/16 "
			    f"240.0.0.0/4 file {many} }}\n",
			    "block smtp from far")
	mailwall("apply", "-q", path)
	expect("unchanged" in mailwall("apply", path), "loaded twice")
	run("nft", "-f", "-", ns="router", text=mailwall("generate", path))
	for _ in "as apply loaded it", "as nft did":
		expect(json.loads(mailwall("status", "--json"))["state"] ==
		       "as-loaded", mailwall("status"))
		nagios("OK", has="policy far is loaded")
		expect("\nmailwall_policy_drift 0\n" in metrics(), metrics())
		clear()
		mailwall("apply", "-q", path)


def believes_no_old_memory(folder):
	"""what was remembered of another policy says nothing of what nft loaded"""
	for n in 30000, 30001:
		many = addresses(folder, "old", 10 << 24, n)
		path = write_policy(folder, "old", f"class old {{ file {many} "
				    "}\n", "block smtp from old")
		if n == 30000:
			clear()
			mailwall("apply", "-q", path)
	run("nft", "-f", "-", ns="router", text=mailwall("generate", path))
	nagios("OK", has="too large to verify" if kernel_counts()
	       else "policy old is loaded")
	expect(json.loads(mailwall("status", "--json"))["state"] ==
	       ("unverified" if kernel_counts() else "as-loaded"),
	       mailwall("status"))
	mailwall("status", "--verify", path)


APPLIES = """
i=0
while [ $i -lt 50 ]; do
	"$1" apply -q "$2" && "$1" apply -q "$3" || exit 1
	i=$((i + 1))
done
"""


def asks(how):
	"""None, or what it said that is not so."""
	done = run(MAILWALL, "status", how, ns="router", check=False)
	said, code = done.stdout, done.returncode
	if how == "--nagios":
		so = re.match(r"MAILWALL OK - policy (one|other) is loaded", said)
	elif how == "--json":
		had = json.loads(said)
		so = had.get("policy") in ("one", "other") and \
			had["state"] in ("as-loaded", "unverified") and \
			not had["differences"]
	else:
		so = "\nmailwall_policy_loaded 1\n" in said and \
			"\nmailwall_policy_drift 1\n" not in said
	return None if so and not code else (how, code, said, done.stderr)


def is_true_while_it_changes(folder):
	"""while 100 policies are loaded, each status tells what is so"""
	paths = []
	for name, n in ("one", 300), ("other", 301):
		many = addresses(folder, name, 10 << 24, n)
		paths.append(write_policy(
			folder, name, f"class many {{ 192.0.2.0/{n - 270} "
			f"file {many} }}\n", "block smtp from many"))
	clear()
	mailwall("apply", "-q", paths[0])
	applies = subprocess.Popen(["ip", "netns", "exec", "router", "sh", "-c",
				    APPLIES, "sh", MAILWALL, *paths],
				   stdout=subprocess.DEVNULL)
	wrong, n = [], 0
	while applies.poll() is None:
		for how in "--nagios", "--prometheus", "--json":
			wrong += filter(None, [asks(how)])
			n += 1
	expect(applies.returncode == 0, "apply failed")
	expect(n >= 10 and not wrong, f"of {n} {len(wrong)}: {wrong[:2]}")


def refuses_nobody(folder):
	"""as nobody every command that needs the kernel says what it lacks"""
	if not lab.id_exists(65534, "uid"):
		return
	for words, begins, code in NEEDS:
		done = run("setpriv", "--reuid=65534", "--regid=65534",
			   "--clear-groups", MAILWALL, *words, ns="router",
			   check=False)
		said = done.stdout + done.stderr
		expect(done.returncode == code and said.startswith(begins) and
		       "CAP_NET_ADMIN" in said and "run as root" in
		       said.replace("run it as", "run as"),
		       f"{words}: exit {done.returncode}: {said}")


def names_of_metrics():
	"""All but those of a quarantine, which priv_test.py looks for."""
	text = (lab.HERE.parent.parent / "docs/mailwall-metrics.5").read_text()
	return {name for name in
		re.findall(r"^\.It Li (\w+) , No (?:counter|gauge)", text,
			   re.MULTILINE) if "_quarantine_" not in name}


def monitor_tells_all(folder):
	"""/metrics: every metric of the manual is there, and drift is found"""
	store = f"{folder}/live/mailwall.db"
	mailwall("apply", "-q", f"{folder}/small.policy")
	watch = Watch("-g", 25, "-S", store, "--http", "127.0.0.1:9525",
		      "-p", f"{folder}/small.policy")
	run(sys.executable, "-c", BOT, CLIENT, 30, ns="client")
	time.sleep(2)
	page = fetch("/metrics")
	named = set(re.findall(r"^(\w+)(?:\{.*\})? \d", page, re.MULTILINE))
	wanted = {name for name in names_of_metrics() if
		  "_observed_" not in name and "_fault" not in name and
		  not name.startswith("mailwall_trial")} # status has those
	expect(named == wanted and len(named) > 40, f"{named ^ wanted}")
	expect("\nmailwall_policy_drift 0\n" in page, page)
	break_rules()
	time.sleep(1.1)
	expect("mailwall_policy_drift 0" not in fetch("/metrics"), "no drift")
	time.sleep(1.1)
	page = fetch("/metrics")
	expect("\nmailwall_policy_drift 1\n" in page, page)
	clear()
	time.sleep(1.1)
	page = fetch("/metrics")
	expect("mailwall_policy_drift" not in page and
	       "\nmailwall_policy_loaded 0\n" in page, page)
	watch.stop()


def monitor_keeps_its_size(folder):
	"""/metrics: who asks the kernel needs no more memory each time"""
	clauses = "\n\t".join(f"allow smtp to 10.0.{n}.1" for n in range(250))
	mailwall("apply", "-q", write_policy(folder, "long", "", clauses))
	# What AddressSanitizer holds back is no growth
	options = os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=0"
	watch = Watch("-g", 25, "--http", "127.0.0.1:9525",
		      env={"ASAN_OPTIONS": options})
	tasks = pathlib.Path(f"/proc/{watch.child.pid}/task")
	# The other child is the recorder, which asks nothing of the kernel.
	keeper = [child for task in tasks.glob("*/children")
		  for child in task.read_text().split()
		  if os.readlink(f"/proc/{child}/exe").endswith("/mailwall")]
	expect(len(keeper) == 1, keeper)
	sizes = []
	for _ in range(12):
		fetch("/metrics")
		status = pathlib.Path(f"/proc/{keeper[0]}/status").read_text()
		sizes.append(int(re.search(r"RssAnon:\s*(\d+)", status)[1]))
		time.sleep(1.1)
	watch.stop()
	expect(sizes[-1] - sizes[5] < 100, f"kB: {sizes}")


CLAIMS = (says_what_is_loaded, knows_other_digests, refuses_as_unknown,
	  sees_full_sets, knows_the_monitor, writes_metrics, leaves_the_old_file,
	  reads_no_large_set, counts_to_the_end, believes_no_old_memory,
	  is_true_while_it_changes, refuses_nobody, monitor_tells_all,
	  monitor_keeps_its_size)


def main():
	return lab.hold_below(CLAIMS, build_network,
			      lambda folder: (folder / "small.policy")
			      .write_text(SMALL))


if __name__ == "__main__":
	sys.exit(main())

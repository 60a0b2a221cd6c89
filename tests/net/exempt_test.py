#!/usr/bin/env python3
"""Exemptions outlast what the kernel forgets, and the book says who has one.

Everything happens in namespaces that end with this program.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

import lab

ROOT = lab.HERE.parent.parent
MAILWALL = os.environ.get("MAILWALL", str(ROOT / "mailwall"))
POLICY = """policy small
purpose "test"
contact "test@example"
review 2099-01-01
hook forward
{header}class subscribers {{ 100.64.0.0/10 2001:db8::/32 }}
class exempt dynamic{size}
outbound from subscribers {{
	allow smtp from exempt
	block smtp {refusal}
}}
"""
DAY_S = 86400


class Failure(Exception):
	pass


def expect(condition, what):
	if not condition:
		raise Failure(what)


def run(*words, code=0):
	done = subprocess.run([str(w) for w in words], capture_output=True,
			      text=True, timeout=120)
	expect(code is None or done.returncode == code,
	       f"{' '.join(map(str, words))}: exit {done.returncode}, not {code}: "
	       f"{done.stdout}{done.stderr}")
	return done


def exempt(*words, code=0):
	return run(MAILWALL, "exempt", *words, code=code)


def members(*words):
	said = json.loads(exempt("list", "--json", *words).stdout)
	return {m["member"]: m["expires_s"] for m in said["members"]}


def kernel():
	"""{element: seconds left, or None} of both sets."""
	out = {}
	for family in 4, 6:
		said = run("nft", "-j", "list", "set", "inet", "mailwall",
			   f"exempt.v{family}").stdout
		for entry in json.loads(said)["nftables"]:
			for e in entry.get("set", {}).get("elem", []):
				left = None
				if isinstance(e, dict) and "elem" in e:
					e, left = e["elem"]["val"], e["elem"]["expires"]
				if isinstance(e, dict) and "prefix" in e:
					e = f"{e['prefix']['addr']}/{e['prefix']['len']}"
				elif isinstance(e, dict):
					e = "-".join(e["range"])
				out[e] = left
	return out


def near(seconds, wanted):
	return wanted - 120 <= seconds <= wanted


def apply(folder, header="", size="", refusal="drop", code=0):
	path = pathlib.Path(folder) / "small.policy"
	path.write_text(POLICY.format(header=header, size=size, refusal=refusal))
	return run(MAILWALL, "apply", "-q", path, code=code)


def test_outlasts(folder):
	"""members come back with the time that is left after flush and remove"""
	apply(folder)
	exempt("add", "100.64.0.7", "2001:db8:1::/64", "--for", "30d",
	       "--ticket", "NET-311")
	exempt("add", "100.64.0.8")
	for forget in (["nft", "flush", "ruleset"], [MAILWALL, "remove"]):
		run(*forget)
		expect(set(members()) == {"100.64.0.7", "100.64.0.8",
					  "2001:db8:1::/64"}, members())
		apply(folder)
		now = kernel()
		expect(set(now) == set(members()), now)
		expect(near(now["100.64.0.7"], 30 * DAY_S) and
		       now["100.64.0.8"] is None, now)
	run("nft", "flush", "set", "inet", "mailwall", "exempt.v4")
	run("nft", "add", "element", "inet", "mailwall", "exempt.v4",
	    "{ 100.64.9.9 }")
	said = json.loads(exempt("sync", "--json").stdout)["sets"]
	expect(said == [{"set": "exempt.v4", "added": 2, "removed": 1}], said)
	expect("the kernel has" in exempt("sync").stdout, "not equal")
	run("nft", "flush", "set", "inet", "mailwall", "exempt.v4")
	expect("unchanged" in apply(folder).stdout, "the rules were changed")
	expect(set(kernel()) == set(members()), kernel())


def test_overlaps(folder):
	"""a network over a member keeps both, and each address its later end"""
	apply(folder)
	exempt("add", "100.64.1.0/24", "--for", "1d")
	exempt("add", "100.64.1.7", "--for", "30d")
	now = kernel()
	expect(near(now["100.64.1.7"], 30 * DAY_S) and len(now) == 3, now)
	said = exempt("revoke", "100.64.1.0/24").stderr
	expect("100.64.1.7 is still exempt, " in said, said)
	expect(set(kernel()) == {"100.64.1.7"}, kernel())
	exempt("add", "100.64.1.0/24")
	exempt("remove", "100.64.1.7")
	expect(kernel() == {"100.64.1.0/24": None}, kernel())


def test_told(folder):
	"""it is told what cannot be, and what is of no use"""
	apply(folder, "exempt expires 365d at most\n")
	for words in ([], ["--for", "366d"]):
		said = exempt("add", "100.64.0.7", *words, code=1).stderr
		expect("small.policy:6 says" in said and "365d" in said, said)
	said = exempt("add", "192.0.2.1", "--for", "1d").stderr
	expect("it is exempt from nothing" in said, said)
	names = pathlib.Path(folder) / "names.csv"
	names.write_text("address,to,name\n100.64.0.9,,c9\n2001:db8:9::/64,,c9\n")
	words = ["add", "100.64.0.9", "--for", "1d", "--names", names]
	said = exempt(*words).stderr
	expect("2001:db8:9::/64" in said and "--both" in said, said)
	exempt(*words, "--both")
	expect("2001:db8:9::/64" in members(), members())
	expect("not a member" in exempt("revoke", "100.64.0.1", code=1).stderr,
	       "revoked what is not there")


def test_audit(folder):
	"""a record keeps who changed it, when and why"""
	apply(folder)
	exempt("add", "100.64.0.7", "--for", "1d", "--ticket", "A-1",
	       "--reason", "a server")
	exempt("renew", "100.64.0.7", "--until", "2099-01-31")
	exempt("revoke", "100.64.0.7", "--reason", "moved")
	record, = json.loads(exempt("audit", "--json", "100.64.0.7").stdout)["records"]
	expect(record["state"] == "revoked" and record["ticket"] == "A-1", record)
	expect([h["what"] for h in record["history"]] ==
	       ["add", "renew", "revoke"] and
	       record["history"][2]["why"] == "moved", record)
	journal = pathlib.Path(os.environ["MAILWALL_STATE_DIR"], "journal")
	lines = [json.loads(line) for line in journal.read_text().splitlines()]
	expect([line["what"] for line in lines if "exempt" in line["what"]] ==
	       ["exempt-add", "exempt-renew", "exempt-revoke"], lines)


def test_table(folder):
	"""export and import are one list, twice changes nothing, a short one is refused"""
	apply(folder)
	table = pathlib.Path(folder) / "t.csv"
	table.write_text("member,expires,ticket\n" + "".join(
		f"100.64.{n}.0/24,2099-01-31,T-{n}\n" for n in range(40)))
	exempt("import", table)
	before = kernel()
	expect(len(before) == 40, before)
	said = json.loads(exempt("import", "--json", table).stdout)["changes"]
	expect({c["what"] for c in said} == {"unchanged"}, said)
	table.write_text(exempt("export").stdout)
	said = json.loads(exempt("import", "--json", "--replace", table).stdout)
	expect({c["what"] for c in said["changes"]} == {"unchanged"}, said)
	lines = table.read_text().splitlines(keepends=True)
	table.write_text("".join(lines[:20]))
	said = exempt("import", "--replace", table, code=1).stderr
	expect("21 of the 40" in said and "--shrink" in said, said)
	expect(set(kernel()) == set(before), "a refused table changed the kernel")
	exempt("import", "--replace", "--shrink", table)
	expect(len(kernel()) == 19, kernel())
	table.write_text("member\n100.64.0.300\n")
	said = exempt("import", table, code=1).stderr
	expect(f"{table}:2:1: error:" in said, said)


def test_adopts(folder):
	"""what the kernel had before the book is taken over, and told once"""
	apply(folder)
	book = pathlib.Path(os.environ["MAILWALL_STATE_DIR"], "book.db")
	exempt("add", "100.64.0.7", "--for", "30d")
	exempt("add", "100.64.0.8")
	book.unlink()
	said = exempt("list").stderr
	expect("its 2 members in the kernel are taken over" in said, said)
	expect(not exempt("list").stderr, "told twice")
	expect(near(members()["100.64.0.7"], 30 * DAY_S), members())
	expect(book.stat().st_mode & 0o777 == 0o600, "others may read it")


def test_damaged(folder):
	"""a damaged book is refused, and rules are loaded all the same"""
	apply(folder)
	exempt("add", "100.64.0.8")
	book = pathlib.Path(os.environ["MAILWALL_STATE_DIR"], "book.db")
	book.write_bytes(b"nothing of the kind" * 500)
	said = exempt("add", "100.64.0.9", code=3).stderr
	expect("book.db" in said, said)
	said = apply(folder, refusal="reset").stdout
	expect("the book of exemptions is not read" in said, said)
	expect(set(kernel()) == {"100.64.0.8"}, kernel())


def test_full(folder):
	"""a set that is full is told, and neither book nor kernel is changed"""
	apply(folder, size=" size 2")
	exempt("add", "100.64.0.1")
	said = exempt("add", *(f"100.64.0.{n}" for n in (3, 5, 7)), code=3).stderr
	expect("is full" in said and "overlap" not in said, said)
	expect(set(members()) == set(kernel()) == {"100.64.0.1"}, members())


def test_read_only(folder):
	"""a disk that cannot be written: list and audit tell, add changes nothing"""
	apply(folder)
	exempt("add", "100.64.0.1", "--ticket", "NET-1")
	state = os.environ["MAILWALL_STATE_DIR"]
	run("mount", "--bind", state, state)
	try:
		run("mount", "-o", "remount,bind,ro", state)
		listed = exempt("list")
		expect("100.64.0.1" in listed.stdout and
		       "cannot be written" in listed.stderr,
		       listed.stdout + listed.stderr)
		expect("NET-1" in exempt("audit", "100.64.0.1").stdout, "no audit")
		said = exempt("add", "100.64.0.3", code=3).stderr
		expect("Read-only" in said, said)
		expect(set(kernel()) == {"100.64.0.1"}, kernel())
	finally:
		run("umount", state)


def main():
	lab.enter()
	passed = failed = 0
	os.environ["MAILWALL_RUN_DIR"] = "/run/mailwall"
	for name, test in list(globals().items()):
		if not name.startswith("test_") or (sys.argv[1:] and
						    name not in sys.argv[1:]):
			continue
		with tempfile.TemporaryDirectory() as folder:
			os.environ["MAILWALL_STATE_DIR"] = f"{folder}/state"
			try:
				test(folder)
				print(f"ok - {test.__doc__}", flush=True)
				passed += 1
			except (Failure, subprocess.TimeoutExpired) as error:
				print(f"not ok - {test.__doc__}\n# {name}: {error}",
				      flush=True)
				failed += 1
			run("nft", "flush", "ruleset")
	print(f"{passed} passed, {failed} failed")
	return 1 if failed else 0


if __name__ == "__main__":
	sys.exit(main())

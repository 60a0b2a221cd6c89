#!/usr/bin/env python3
"""Each XARF document of a report is valid by the schema that it names.

A store gets findings of every kind by every detector, for hosts of both
families, proven and not, blocked and not, with and without examples. The claims
are the first lines of the functions.
"""

import base64
import ipaddress
import json
import os
import pathlib
import re
import sqlite3
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
MAILWALL = os.environ.get("MAILWALL", str(ROOT / "mailwall"))
NOW = 1795169472
DETECTORS = {
	"spam-source": ("fast", "medium", "slow", "abandon", "late", "outcome",
			"scan"),
	"direct-to-mx": ("abandon", "groups"),
	"login-storm": ("storm",),
	"login-failures": ("login",),
	"submission-abuse": ("operators", "volume"),
	"cleartext-login": ("cleartext",),
	"starttls-stripped": ("masked",),
}
REPORTED = ("spam-source", "direct-to-mx", "login-storm", "login-failures")
LINE = ("2026-11-20T10:00:00+00:00 gw kernel: x:1 IN=eth0 OUT=eth1 "
	"SRC=100.64.0.9 DST=198.51.100.7 LEN=60 TOS=0x00 PREC=0x00 TTL=63 ID=1 "
	"DF PROTO=TCP SPT=40000 DPT=25 WINDOW=64240 RES=0x00 SYN URGP=0\n")


def expect(condition, what):
	if not condition:
		raise AssertionError(what)


def run(*words):
	done = subprocess.run([MAILWALL, *map(str, words)], text=True,
			      capture_output=True, timeout=120)
	expect(done.returncode == 0,
	       f"{words[0]}: exit {done.returncode}: {done.stderr[-600:]}")
	return done.stdout


# ---- the part of JSON Schema 2020-12 that the schemas use ----

SAYS_NOTHING = {"$schema", "$id", "$defs", "title", "description", "examples",
		"default", "x-recommended", "contentEncoding"}
TYPES = {"object": dict, "array": list, "string": str, "boolean": bool,
	 "integer": int, "number": (int, float)}
FORMATS = {
	"uuid": re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
	"date-time": re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"),
	"email": re.compile(r"[^@\s]+@[^@\s]+"),
	"hostname": re.compile(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*"),
}


def is_format(name, value):
	if name in ("ipv4", "ipv6"):
		try:
			ip = ipaddress.ip_address(value)
		except ValueError:
			return False
		return ip.version == int(name[3])
	return FORMATS[name].fullmatch(value) is not None


def is_type(name, value):
	return isinstance(value, TYPES[name]) and (
		name == "boolean" or not isinstance(value, bool))


def check_one(schema, root, key, want, value):
	"""Is one keyword of a schema met?"""
	if key in SAYS_NOTHING or key in ("then", "properties", "items",
					  "additionalProperties"):
		return True		# see errors_of()
	text, number = isinstance(value, str), is_type("number", value)
	return {
		"type": lambda: is_type(want, value),
		"const": lambda: value == want,
		"enum": lambda: value in want,
		"pattern": lambda: not text or re.search(want, value),
		"maxLength": lambda: not text or len(value) <= want,
		"format": lambda: not text or is_format(want, value),
		"minimum": lambda: not number or value >= want,
		"maximum": lambda: not number or value <= want,
		"maxItems": lambda: not isinstance(value, list) or
			len(value) <= want,
		"required": lambda: all(k in value for k in want),
		"anyOf": lambda: any(not errors_of(s, root, value)
				     for s in want),
		"allOf": lambda: not [e for s in want
				      for e in errors_of(s, root, value)],
		"$ref": lambda: not errors_of(*resolved(want, root), value),
		"if": lambda: errors_of(want, root, value) or
			not errors_of(schema.get("then", {}), root, value),
	}[key]()


def resolved(ref, root):
	if ref == "../xarf-core.json":
		core = json.loads((HERE / "xarf-core.json").read_text())
		return core, core
	expect(ref.startswith("#/$defs/"), f"{ref} is not here")
	return root["$defs"][ref[8:]], root


def errors_of(schema, root, value, at=""):
	"""What is wrong with a value; a keyword that is not known is an error."""
	errors = [f"{at or '/'}: {key} {str(want)[:80]}: {str(value)[:80]}"
		  for key, want in schema.items()
		  if not check_one(schema, root, key, want, value)]
	if isinstance(value, dict):
		known = schema.get("properties", {})
		for key, member in value.items():
			errors += errors_of(known.get(key, {}), root, member,
					    f"{at}/{key}")
			if (schema.get("additionalProperties") is False and
			    key not in known):
				errors.append(f"{at}/{key}: is not known")
	if isinstance(value, list):
		for i, item in enumerate(value):
			errors += errors_of(schema.get("items", {}), root, item,
					    f"{at}/{i}")
	return errors


def check_document(document):
	host = json.loads((HERE / "connection-infected-host.json").read_text())
	errors = errors_of(host, host, document)
	expect(not errors, errors[:3])


# ---- a store ----

def add(db, address, finding, detector, n):
	"""A finding; n makes its figures differ."""
	number = db.execute(
		"INSERT INTO source (address, first, last) VALUES (?, ?, ?)"
		" ON CONFLICT (address) DO UPDATE SET last = last"
		" RETURNING number", (address, NOW - 9000, NOW)).fetchone()[0]
	db.execute(
		"INSERT INTO finding (time, source, finding, detector, port,"
		" attempts, syns, destinations, exact, groups, first, last,"
		" proven, blocked, examples) VALUES"
		" (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
		(NOW + n, number, finding, detector, (25, 587, 993)[n % 3],
		 n * 10, n * 12, n * 7, n % 2, n, NOW - 3600, NOW + n,
		 n // 2 % 2, n // 4 % 2,
		 ("", "198.51.100.1 198.51.100.2", "2001:db8::1")[n % 3]))


def store_of(folder):
	"""One host a detector, then one with all of them, in each family."""
	path = folder / "db"
	log = folder / "log"
	log.write_text(LINE)
	run("import", "-S", path, log)
	db = sqlite3.connect(path)
	n = hosts = 0
	for family in (4, 6):
		for finding, detectors in DETECTORS.items():
			for detector in detectors:
				for turn in range(8):
					n += 1
					hosts += 1
					add(db, address(family, n), finding,
					    detector, turn)
		for finding, detectors in DETECTORS.items():
			for turn, detector in enumerate(detectors):
				add(db, address(family, 60000), finding,
				    detector, turn + 1)
	db.commit()
	db.close()
	return path


def address(family, n):
	if family == 4:
		return bytes([100, 64, n >> 8, n & 255])
	return bytes.fromhex("20010db8") + n.to_bytes(4, "big")


def documents(folder, path, *more):
	run("report", "-S", path, "--since", "2026-11-19", "--until",
	    "2026-11-22", "--xarf", folder, "--organisation", "Example ISP",
	    "--contact", "abuse@isp.example", *more)
	return [json.loads(f.read_text()) for f in sorted(folder.iterdir())]


def check_valid(folder, path):
	"""every document is valid by the schemas of the version that it names"""
	for document in documents(folder / "plain", path):
		expect(document["xarf_version"] == "4.2.0", "another version")
		expect(document["type"] == "infected_host", document["type"])
		check_document(document)


def check_checks(folder, path):
	"""a document that is wrong in any one way is not valid"""
	good = documents(folder / "checks", path)[0]
	for key in ("report_id", "reporter", "protocol", "bot_type",
		    "first_seen", "type"):
		check_bad({k: v for k, v in good.items() if k != key}, key)
	for key, value in (("type", "login_attack"), ("protocol", "sctp"),
			   ("tags", ["no colon"]), ("tags", ["a:b"] * 21),
			   ("confidence", 1.5), ("description", "x" * 1001),
			   ("destination_port", 0), ("timestamp", "now"),
			   ("destination_ip", "host"), ("evidence", [{}]),
			   ("reporter", {**good["reporter"], "more": 1})):
		check_bad({**good, key: value}, key)


def check_bad(document, key):
	try:
		check_document(document)
	except AssertionError:
		return
	raise AssertionError(f"{key}: a wrong document is valid")


def check_names(folder, path):
	"""documents with pseudonyms are valid, too"""
	for document in documents(folder / "names", path, "--pseudonyms",
				  folder / "key"):
		check_document(document)


def check_one_a_host(folder, path):
	"""a host has one document, with an item for each test that agrees"""
	found = documents(folder / "hosts", path)
	sources = [d["source_identifier"] for d in found]
	wanted = sum(len(DETECTORS[f]) for f in REPORTED)
	expect(len(sources) == len(set(sources)), "a host has two documents")
	expect(len(sources) == 2 * (8 * wanted + 1), f"{len(sources)} files")
	whole = [d for d in found if d["source_identifier"] in
		 ("100.64.234.96", "2001:db8:0:ea60::/64")]
	expect(len(whole) == 2, f"{len(whole)} hosts with all of them")
	for document in whole:
		expect(len(document["evidence"]) == wanted,
		       f"{len(document['evidence'])} items")
		for item in document["evidence"]:
			text = base64.b64decode(item["payload"]).decode()
			expect("by detector" in text, text)


def check_json(folder, path):
	"""the report as JSON has the hosts beside all findings"""
	del folder
	report = json.loads(run("report", "-S", path, "-j", "--since",
				"2026-11-19", "--until", "2026-11-22"))
	evidence = [e for h in report["hosts"] for e in h["evidence"]]
	expect(len(evidence) == len(report["findings"]), "findings are lost")
	expect(sorted(map(json.dumps, evidence)) ==
	       sorted(map(json.dumps, report["findings"])), "they differ")
	sources = [h["source"] for h in report["hosts"]]
	expect(len(sources) == len(set(sources)), "a host is there twice")
	whole = [h for h in report["hosts"] if h["source"] == "100.64.234.96"]
	expect(whole[0]["finding"] == "spam-source", whole[0]["finding"])
	expect(whole[0]["attempts"] == 70, whole[0]["attempts"])


def check_text(folder, path):
	"""the report as text has a line for a host, with the tests that agree"""
	del folder
	text = run("report", "-S", path, "--since", "2026-11-19", "--until",
		   "2026-11-22", "--top", "1000")
	lines = [line for line in text.splitlines() if " 100.64.234.96 " in line
		 and "spam-source (" in line]
	expect(len(lines) == 1, f"{len(lines)} lines")
	for detectors in DETECTORS.values():
		for detector in detectors:
			expect(detector in lines[0], f"{detector}: {lines[0]}")


def main():
	claims = (check_valid, check_checks, check_names, check_one_a_host, check_json,
		  check_text)
	failed = 0
	with tempfile.TemporaryDirectory() as name:
		folder = pathlib.Path(name)
		path = store_of(folder)
		for claim in claims:
			try:
				claim(folder, path)
				print(f"ok - {claim.__doc__}")
			except AssertionError as why:
				failed += 1
				print(f"# {why}\nnot ok - {claim.__doc__}")
	return failed > 0


if __name__ == "__main__":
	sys.exit(main())

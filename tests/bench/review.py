"""The rows of the review: old logs, the store, and reports from it."""

import json
import os
import pathlib
import subprocess
import tempfile

from stand import Bench, MILLION

# What an administrator types to count who was blocked how often.
PIPELINE = """grep ' DPT=25 ' {log} | awk '{{
	for (i = 1; i <= NF; i++)
		if ($i ~ /^SRC=/) {{ print substr($i, 5); break }}
}}' | sort | uniq -c | sort -rn > {out}"""
PLAIN = """CREATE TABLE minute (minute INTEGER, source TEXT, port INTEGER,
outcome INTEGER, clause TEXT, attempts INTEGER, syns INTEGER,
PRIMARY KEY (minute, source, port, outcome, clause)) WITHOUT ROWID;"""
ROWS_OUT = """SELECT minute, '100.64.' || (source / 250) || '.' ||
(source % 250), port, outcome, 'residential:17', attempts, minute.syns
FROM minute JOIN what ON what.number = minute.what ORDER BY minute, source"""
PERIOD = "--since", "2026-01-10", "--until", "2026-04-10"


class Review(Bench):
	ROWS = ["import_log", "store_rows", "report_quarter"]

	def __init__(self, *arguments):
		super().__init__(*arguments)
		self.kept = pathlib.Path(tempfile.gettempdir()) / "mailwall-bench"
		self.kept.mkdir(exist_ok=True)

	def log(self, days):
		"""A log of so many days, about 26 MB each; its attempts."""
		path = self.kept / f"log-{days}"
		if not path.exists():
			made = subprocess.run(
				[self.folder / "logs", path, str(days)],
				stdout=subprocess.PIPE, text=True, check=True)
			(self.kept / f"log-{days}.count").write_text(made.stdout)
		return path, int((self.kept / f"log-{days}.count").read_text())

	def store(self):
		"""Of 104 days, about ten million attempts; made once."""
		days = 10 if self.quick else 104
		path = self.kept / f"store-{days}.db"
		if not path.exists():
			log, _ = self.log(days)
			self.run([self.program, "import", "-q", "-S", path, log])
			os.unlink(log)
		return path

	def do_import(self, log, attempts):
		db = self.folder / "import.db"
		for name in db, f"{db}-wal", f"{db}-shm":
			pathlib.Path(name).unlink(missing_ok=True)
		out = self.folder / "import.json"
		done = self.run([self.program, "import", "-j", "-S", db, log],
				out=out)
		had = json.loads(out.read_text())["attempts"]
		if had < attempts * 0.999:
			raise SystemExit(f"import: {had} of {attempts} attempts")
		return done

	def import_log(self):
		"""import of a kernel log of 1 GB, every line an attempt"""
		log, attempts = self.log(2 if self.quick else 39)
		self.run(["cat", log])
		script = PIPELINE.format(log=log, out=self.folder / "counts")
		mine, theirs, least = self.turns(
			lambda: self.do_import(log, attempts),
			lambda: self.run(["sh", "-c", script]),
			lambda: self.run(["grep", "-c", "DPT=25", log],
				 out=self.folder / "counted"))
		wall = self.show("mailwall import", "s", [m["wall"] for m in mine])
		pipe = self.show("grep | awk | sort | uniq -c", "s",
				 [t["wall"] for t in theirs])
		self.show("grep -c DPT=25, the limit", "s",
			  [l["wall"] for l in least])
		self.show("mailwall import, an attempt", "ns",
			  [m["wall"] / attempts * 1e9 for m in mine])
		self.verdict("pipeline / import", pipe / wall, 10, False)

	def store_rows(self):
		"""rows of a minute into the store, and into a plain table"""
		path = self.store()
		rows = self.folder / "rows.csv"
		limit = MILLION // 10 if self.quick else MILLION
		with open(rows, "w") as out:
			subprocess.run(["sqlite3", "-csv", path,
					f"{ROWS_OUT} LIMIT {limit}"],
				       stdout=out, check=True)
		n = sum(1 for _ in open(rows))

		def mine():
			db = self.folder / "rows.db"
			db.unlink(missing_ok=True)
			return self.run([self.build / "tests/bench/rows", db,
					 rows])

		def plain():
			db = self.folder / "plain.db"
			db.unlink(missing_ok=True)
			return self.run(["sqlite3", db,
					 "PRAGMA journal_mode = WAL;"
					 "PRAGMA synchronous = NORMAL;" + PLAIN,
					 ".mode csv", f".import {rows} minute"])

		own, others = self.turns(mine, plain)
		wall = self.show("store, with days and sources", "s",
				 [o["wall"] for o in own])
		theirs = self.show("sqlite3 .import, one table", "s",
				   [o["wall"] for o in others])
		rate = self.show("store, rows a second", "",
				 [n / o["wall"] for o in own])
		self.verdict("rows stored a second", rate, 50000, False)
		self.verdict("store / sqlite3 .import", wall / theirs, 1.5)

	def report_quarter(self):
		"""a report over 90 days out of ten million attempts"""
		path = self.store()
		peak = self.folder / "peak.kib"

		def report(*words):
			done = self.run([self.folder / "peak", peak,
					 self.program, "report", "-S", path,
					 *PERIOD, *words])
			done["kib"] = int(peak.read_text())
			return done

		text, page = self.turns(report, lambda: report(
			"--html", self.folder / "page.html"))
		wall = self.show("as text", "s", [t["wall"] for t in text])
		html = self.show("as a page", "s", [p["wall"] for p in page])
		memory = self.show("peak memory", "MB",
				   [r["kib"] / 1024 for r in text + page])
		attempts = int(subprocess.run(
			["sqlite3", path, "SELECT sum(attempts) FROM minute"],
			capture_output=True, text=True, check=True).stdout)
		self.verdict("report as text, s", wall, 1)
		self.verdict("report as a page, s", html, 2)
		self.verdict("peak memory, MB", memory, 100)
		self.verdict("bytes of the store, an attempt",
			     path.stat().st_size / attempts, 40)

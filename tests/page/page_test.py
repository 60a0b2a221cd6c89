#!/usr/bin/env python3
"""Is a page of "mailwall report" sound? Says "ok - ..." for every claim.

page_test.py FILE.html...
page_test.py --made-by TEST_PAGE

tables(path) returns what stands in the tables of a page, {caption: rows}, the
head of a table being its first row; numbers come as int.
"""

import html.parser
import os
import pathlib
import re
import subprocess
import sys
import tempfile

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link",
	"meta", "source", "track", "wbr"}
HEADING = re.compile(r"h[1-6]$")
NUMBER = re.compile(r"\d{1,3}(,\d{3})*$")
LOADS = {"src", "srcset", "data", "poster", "background", "action",
	 "formaction", "ping", "xlink:href"}


class Table:
	def __init__(self):
		self.caption = None
		self.rows = []
		self.loose = 0  # heads without a scope


class Page(html.parser.HTMLParser):
	"""Reads a page and keeps what is wrong with it, as sentences."""

	def __init__(self, text):
		super().__init__(convert_charrefs=True)
		self.open, self.wrong = [], []
		self.ids, self.links, self.labels = [], [], []
		self.headings, self.tables, self.landmarks = [], [], []
		self.drawings, self.shapes = [], []
		self.text, self.title = None, ""
		self.feed(text)
		self.close()
		for tag in self.open:
			self.wrong.append(f"<{tag}> is never closed")

	def handle_starttag(self, tag, attrs):
		line = self.getpos()[0]
		given = dict(attrs)
		if len(given) != len(attrs):
			self.wrong.append(f"line {line}: an attribute twice")
		if tag not in VOID:
			self.open.append(tag)
		self.look_at(tag, given, line)
		if tag == "table":
			self.tables.append(Table())
		elif tag == "tr":
			self.tables[-1].rows.append([])
		elif tag in ("th", "td", "caption"):
			self.text = ""
		if tag == "th" and given.get("scope") not in ("row", "col"):
			self.tables[-1].loose += 1

	def look_at(self, tag, given, line):
		"""What an element says of itself, and what it would load."""
		if "id" in given:
			self.ids.append(given["id"])
		self.labels += given.get("aria-labelledby", "").split()
		href = given.get("href", "")
		if href.startswith("#"):
			self.links.append(href[1:])
		elif href:
			self.wrong.append(f"line {line}: a link to {href}")
		for name in given:
			if name in LOADS or name.startswith("on"):
				self.wrong.append(f"line {line}: {name}=")
		if tag in ("script", "iframe", "object", "link", "base", "form"):
			self.wrong.append(f"line {line}: <{tag}>")
		if HEADING.match(tag):
			self.headings.append(int(tag[1]))
		if tag in ("header", "nav", "main", "footer"):
			self.landmarks.append(tag)
		if tag == "rect":
			self.shapes.append((given, line))
		if tag == "svg":
			self.drawings.append([given, set(), line])
		if tag in ("title", "desc") and "svg" in self.open:
			if self.open[-2] == "svg":
				self.drawings[-1][1].add(tag)

	def handle_startendtag(self, tag, attrs):
		self.handle_starttag(tag, attrs)
		if tag not in VOID:
			self.handle_endtag(tag)

	def handle_endtag(self, tag):
		if not self.open or self.open[-1] != tag:
			self.wrong.append(f"line {self.getpos()[0]}: </{tag}> closes "
					  f"<{self.open[-1] if self.open else ''}>")
			return
		self.open.pop()
		if tag in ("th", "td"):
			self.tables[-1].rows[-1].append(value(self.text))
			self.text = None
		elif tag == "caption":
			self.tables[-1].caption = self.text
			self.text = None

	def handle_data(self, data):
		if "svg" in self.open:
			return
		if self.text is not None:
			self.text += data
		if self.open and self.open[-1] == "title":
			self.title += data


def value(text):
	text = text.strip()
	return int(text.replace(",", "")) if NUMBER.match(text) else text


def read(path):
	with open(path, encoding="utf-8", newline="") as file:
		return file.read()


def tables(path):
	return {t.caption: t.rows for t in Page(read(path)).tables}


# ---- claims: each yields what is wrong ----

def balanced(page, text):
	"""tags balance, and nothing is loaded or run"""
	yield from page.wrong


def lone_ids(page, text):
	"""ids are unique, and what is pointed at is there"""
	for name in sorted({i for i in page.ids if page.ids.count(i) > 1}):
		yield f"id {name} is there {page.ids.count(name)} times"
	for name in page.links + page.labels:
		if name not in page.ids:
			yield f"no id {name}"


def captions(page, text):
	"""a table has a caption, heads with a scope, and rows of one length"""
	seen = set()
	for table in page.tables:
		if not table.caption or table.caption in seen:
			yield f"caption {table.caption!r}"
		seen.add(table.caption)
		if table.loose:
			yield f"{table.caption}: {table.loose} heads without scope"
		if len({len(row) for row in table.rows}) > 1:
			yield f"{table.caption}: rows of different lengths"


def headings(page, text):
	"""headings begin with one h1 and skip no level"""
	if page.headings.count(1) != 1 or page.headings[0] != 1:
		yield f"headings {page.headings}"
	for before, after in zip(page.headings, page.headings[1:]):
		if after > before + 1:
			yield f"h{after} after h{before}"


def landmarks(page, text):
	"""a page has a language, a title, a header, one main and a footer"""
	if page.landmarks != ["header", "nav", "main", "footer"]:
		yield f"landmarks {page.landmarks}"
	if '<html lang="' not in text or not page.title.strip():
		yield "no language or no title"


def drawings(page, text):
	"""a drawing has a title and a description, or is hidden"""
	for given, parts, line in page.drawings:
		if given.get("aria-hidden") == "true":
			continue
		if given.get("role") != "img" or parts != {"title", "desc"}:
			yield f"line {line}: {given} {parts}"


def percent(given, name):
	text = given.get(name, "")
	return float(text[:-1]) if text.endswith("%") else None


def within(page, text):
	"""what is drawn lies within its drawing"""
	for given, line in page.shapes:
		for at, length in (("x", "width"), ("y", "height")):
			ends = percent(given, at), percent(given, length)
			if None in ends:
				continue
			if min(ends) < 0 or sum(ends) > 100.01:
				yield f"line {line}: {given}"


def adds_up(page, text):
	"""the tables of one page agree on the number of attempts"""
	have = {t.caption: t.rows for t in page.tables}
	outcomes, ports = (have.get(f"Attempts by {by}") for by in
			   ("outcome", "port"))
	if not outcomes or not ports:
		return
	sums = [sum(row[1] for row in rows[1:]) for rows in (outcomes, ports)]
	if sums[0] != sums[1]:
		yield f"{sums[0]} by outcome, {sums[1]} by port"


CLAIMS = (balanced, lone_ids, captions, headings, landmarks, drawings, within,
	  adds_up)


def made_by(program, folder):
	"""The pages that the unit test makes: rich, empty, hostile."""
	subprocess.run([program], env={**os.environ, "MAILWALL_PAGES": folder},
		       stdout=subprocess.DEVNULL, check=True)
	return sorted(str(p) for p in pathlib.Path(folder).glob("*.html"))


def main():
	with tempfile.TemporaryDirectory() as folder:
		if sys.argv[1:2] == ["--made-by"]:
			return check(made_by(sys.argv[2], folder))
		return check(sys.argv[1:])


def check(paths):
	failed = 0
	for path in paths:
		text = read(path)
		page = Page(text)
		for claim in CLAIMS:
			wrong = list(claim(page, text))
			failed += bool(wrong)
			print(f"{'not ok' if wrong else 'ok'} - "
			      f"{claim.__doc__}: {path}")
			for sentence in wrong[:20]:
				print(f"# {sentence}")
	return 1 if failed or not paths else 0


if __name__ == "__main__":
	sys.exit(main())

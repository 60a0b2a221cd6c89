#!/usr/bin/env python3
"""Names and the first words of comments.

words.py          the claims
words.py shape    lengths of functions, files and headers, to be read
"""

import collections
import pathlib
import re
import statistics
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
# A program's own, and what a host of ours is shown to call its own.
ALLOWED = {"main"}
COMMENT = re.compile(r"/\*(.*?)\*/", re.DOTALL)
STRING = re.compile(r'"(?:\\.|[^"\\\n])*"')
FUNCTION = re.compile(
	r"^(static\s+(?:inline\s+)?)?"
	r"(?:_Noreturn\s+)?(?:const\s+)?(?:struct\s+|enum\s+|unsigned\s+)?"
	r"\w+\s+\**(\w+)\(([^;{}]*?)\)\s*\n?\{\n(.*?)^\}",
	re.MULTILINE | re.DOTALL)
HEADLESS = re.compile(
	r"(who|what|of|it|they|that|those|which|whose|whom|nobody)\b",
	re.IGNORECASE)
HEADLESS_MOST = 0.005
FILE_LINES_MOST = 700
MANUAL = pathlib.Path("plugin/mailwall.h") # a header that is one


def sources():
	for top in "rules", "plugin", "tools":
		for path in sorted((ROOT / top).rglob("*.[ch]")):
			yield path.relative_to(ROOT), path.read_text()


def code_of(text):
	text = COMMENT.sub(lambda m: "\n" * m[0].count("\n"), text)
	return STRING.sub('""', text)


def functions():
	"""File, is it static, name, lines of the body."""
	for path, text in sources():
		for match in FUNCTION.finditer(code_of(text)):
			yield (path, bool(match[1]), match[2],
			       match[4].count("\n"))


def check_names():
	places = collections.defaultdict(set)
	for path, static, name, _ in functions():
		if name in ALLOWED:
			continue
		places[name].add(str(path.with_suffix("")))
		if not static and "_" not in name:
			yield f"{path}: {name}() is one word, and seen everywhere"
	for name, files in sorted(places.items()):
		if len(files) > 1:
			yield f"{name}() is in {', '.join(sorted(files))}"


def comments():
	for path, text in sources():
		for match in COMMENT.finditer(text):
			words = re.sub(r"\n\s*\*", " ", match[1]).strip()
			if words and not words.startswith(("SPDX", "----")):
				yield path, text[:match.start()].count("\n") + 1, words


def check_comments():
	said = list(comments())
	headless = [(path, line, words) for path, line, words in said
		    if HEADLESS.match(words)]
	if len(headless) > HEADLESS_MOST * len(said):
		for path, line, words in headless:
			yield f"{path}:{line}: {words[:60]}"
		yield f"{len(headless)} of {len(said)} comments name no thing first"


def check_sizes():
	for path, text in sources():
		if text.count("\n") > FILE_LINES_MOST and path != MANUAL:
			yield f"{path} has {text.count(chr(10))} lines"


CLAIMS = (
	("no function has the name of another, and none is one word",
	 check_names),
	("comments begin with the verb or the noun", check_comments),
	(f"no file has more than {FILE_LINES_MOST} lines", check_sizes),
)


def print_shape():
	bodies = sorted(lines for *_, lines in functions())
	headers = [text.count("\n") for path, text in sources()
		   if path.suffix == ".h"]
	long = sum(lines > 60 for lines in headers)
	print(f"{len(bodies)} functions: median {statistics.median(bodies):.0f} "
	      f"lines, p90 {bodies[len(bodies) * 9 // 10]}, most {bodies[-1]}")
	print(f"{long} of {len(headers)} headers have more than 60 lines")


def main():
	if sys.argv[1:] == ["shape"]:
		print_shape()
		return 0
	failed = 0
	for claim, find in CLAIMS:
		wrong = list(find())
		for line in wrong:
			print(line)
		print(f"{'not ' if wrong else ''}ok - {claim}")
		failed += bool(wrong)
	return 1 if failed else 0


if __name__ == "__main__":
	sys.exit(main())

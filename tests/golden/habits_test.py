#!/usr/bin/env python3
"""A word of another firewall, or a pasted character, is one mistake with its cure.

Each row has what was written, a part of what is said of it, and what a person
writes then: the policy has no error any more.
"""

import pathlib
import subprocess
import sys
import tempfile

HEADER = """policy home
purpose "p"
contact "a@b.example"
review 2028-01-01
"""
CLASSES = """class subscribers { 100.64.0.0/10 2001:db8::/32 interface "ppp*" }
class exempt dynamic
"""
BLOCK = "outbound from subscribers {\n\tallow smtp from exempt\n%s\n}\n"

# Clauses: what was written, a part of the help, the cure.
CLAUSES = (
	("deny smtp", 'write "block"', "block smtp reset"),
	("drop smtp", '"block ... drop"', "block smtp drop"),
	("reject smtp", '"block ... reject"', "block smtp reject"),
	("accept imaps", 'write "allow"', "allow imaps"),
	("permit imaps", 'write "allow"', "allow imaps"),
	("BLOCK SMTP", "lower case", "block smtp"),
	("block SMTP", "lower case", "block smtp"),
	("block smtp REJECT", "lower case", "block smtp reject"),
	("block: smtp", 'did you mean "block"?', "block smtp"),
	("- block smtp", "leave the mark out", "block smtp"),
	("block all", "name the services", "block smtp imap pop3"),
	("block 465-587", '"465 587"', "block 465 587"),
	("block 110:143", '"110 143"', "block 110 143"),
	("block tcp 25", "mail is TCP", "block 25"),
	("block 25/tcp", 'write "25"', "block 25"),
	("block tcp/25", 'write "25"', "block 25"),
	("block dport 25", "stands alone", "block 25"),
	("block port 25", "stands alone", "block 25"),
	("block smtp eq 25", "stands alone", "block smtp"),
	("block smtps", "submissions", "block submissions"),
	("block {smtp imap}", "no braces", "block smtp imap"),
	("block smtp, imap", "separate words", "block smtp imap"),
	("block smtp;", "one decision a line", "block smtp"),
	("block smtp // why", "begins with #", "block smtp # why"),
	("block smtp /* why */", "begins with #", "block smtp # why"),
	("block smtp from mail.example.com", "not looked up",
	 "block smtp from 192.0.2.1"),
	("block smtp from 100.64.*", "100.64.0.0/16",
	 "block smtp from 100.64.0.0/16"),
	("block smtp from 10.0.0.1 - 10.0.0.9", "10.0.0.1-10.0.0.9",
	 "block smtp from 10.0.0.1-10.0.0.9"),
	("block smtp from 10.0.0.1–10.0.0.9", "type -",
	 "block smtp from 10.0.0.1-10.0.0.9"),
	("block smtp from 100.64.7.1/255.255.0.0", "100.64.0.0/16",
	 "block smtp from 100.64.0.0/16"),
	("block smtp from 10.0.0.1:25", "write 10.0.0.1;",
	 "block smtp from 10.0.0.1"),
	("block smtp from 10.0.0", "four numbers", "block smtp from 10.0.0.0/24"),
	("block smtp from 010.0.0.1", "10.0.0.1", "block smtp from 10.0.0.1"),
	("block smtp from [2001:db8::1]", "without brackets",
	 "block smtp from 2001:db8::1"),
	("block smtp from [2001:db8::]/48", "without brackets",
	 "block smtp from 2001:db8::/48"),
	("block smtp from ::ffff:10.0.0.1", "10.0.0.1",
	 "block smtp from 10.0.0.1"),
	("block smtp from (10.0.0.1)", "parentheses", "block smtp from 10.0.0.1"),
	("block smtp from !10.0.0.1", 'no "not"', "block smtp"),
	("block smtp from not exempt", "negation", "block smtp"),
	("block smtp from “10.0.0.1”", 'type "', 'block smtp from "10.0.0.1"'),
	("block smtp\u00a0reset", "type a blank", "block smtp reset"),
	("block smtp\u200b reset", "nobody sees", "block smtp reset"),
	("block smtp to all", 'write "any"', "block smtp to any"),
	("block smtp from eth0", "class NAME", "block smtp from subscribers"),
	("block smtp from ppp*", "class NAME", "block smtp from subscribers"),
	("block smtp iif eth0", "class NAME", "block smtp from subscribers"),
	("block smtp interface eth0", "class NAME",
	 "block smtp from subscribers"),
	("block smtp unless exempt", "above this one", "block smtp"),
	("block smtp exempt", '"from exempt" or "to exempt"',
	 "block smtp to exempt"),
	("block smtp 10.0.0.1", '"from 10.0.0.1"', "block smtp from 10.0.0.1"),
	("block smtp src 10.0.0.1", 'write "from"', "block smtp from 10.0.0.1"),
	("block smtp → internet", 'write "to"', "block smtp to internet"),
	("block smtp with reset", "leave it out", "block smtp reset"),
	("block smtp tcp-reset", 'write "reset"', "block smtp reset"),
	("block smtp and log", 'leave out "and"', "block smtp log"),
	('block smtp log prefix "x"', "names the policy", "block smtp log"),
	("limit smtp 10/min per source", "10/minute",
	 "limit smtp 10/minute per source"),
	("limit smtp 10 per minute", "one word", "limit smtp 10/minute per source"),
	("limit smtp 10/minute", "per source", "limit smtp 10/minute per source"),
	("redirect smtp mail.example.com", "mailwall ports",
	 "redirect smtp to 192.0.2.1"),
	("redirect smtp to mail.example.com", "not looked up",
	 "redirect smtp to 192.0.2.1"),
	("block smtp from $SUBS", "define SUBS", "block smtp from subscribers"),
	("-A FORWARD -p tcp --dport 25 -j DROP", "words of its own", "block smtp"),
	("default block", "end the block", "block smtp imap"),
	("if exempt allow smtp", "no conditions", "block smtp"),
	("block smtp if exempt", "no conditions", "block smtp"),
	("block ipv6 smtp", "both families", "block smtp"),
	("block smtp tls", "the port tells", "block submissions"),
	("block smtp logged", 'write "log"', "block smtp log"),
	("tcp dport 25 drop", "words of its own", "block smtp drop"),
	("access-list 101 deny tcp any any eq 25", "words of its own",
	 "block smtp"),
)
# Statements, the same.
STATEMENTS = (
	("hook prerouting", '"hook forward"', "hook forward"),
	("hook input", '"hook output"', "hook forward"),
	("hook FORWARD", "lower case", "hook forward"),
	("hook: forward", 'did you mean "hook"', "hook forward"),
	("hook forward eth0", "leave the device out", "hook forward"),
	("hook forward;", "one decision a line", "hook forward"),
	("mode monitor\nhook forward", '"mode observe"',
	 "mode observe\nhook forward"),
	("mode = observe\nhook forward", 'leave out "="',
	 "mode observe\nhook forward"),
	("hook forward\nclass x = { 10.0.0.1 }", 'no "="',
	 "hook forward\nclass x { 10.0.0.1 }"),
	("hook forward\nclass x 10.0.0.1", "in braces",
	 "hook forward\nclass x { 10.0.0.1 }"),
	("hook forward\nclass x { 10.0.0.1, 10.0.0.2 }", "with blanks",
	 "hook forward\nclass x { 10.0.0.1 10.0.0.2 }"),
	("hook forward\nclass x { eth0 }", 'interface "eth0"',
	 'hook forward\nclass x { interface "eth0" }'),
	("hook forward\nclass x { mail.example.com }", "not looked up",
	 "hook forward\nclass x { 192.0.2.1 }"),
	("hook forward\nclass x_y { 10.0.0.1 }", '"x-y"',
	 "hook forward\nclass x-y { 10.0.0.1 }"),
	("hook forward\nClass x { 10.0.0.1 }", "lower case",
	 "hook forward\nclass x { 10.0.0.1 }"),
	("hook forward\ndefine X 10.0.0.1", "define X = ...",
	 "hook forward\ndefine X = 10.0.0.1"),
	("hook forward\nX = 10.0.0.1", "define X = ...",
	 "hook forward\ndefine X = 10.0.0.1"),
	("hook forward\nlog group = 25", 'leave out "="',
	 "hook forward\nlog group 25"),
	("hook forward\nversion 1", "no version", "hook forward"),
	("hook forward\nquarantine 1d", "watch { quarantine 1d }",
	 "hook forward\nwatch { quarantine 1d }"),
	("hook forward\ndynamic class e", "class NAME dynamic",
	 "hook forward\nclass e dynamic"),
	('hook forward\ncomment "x"', "begins with #", "hook forward # x"),
	("hook forward\noutbound subscribers {\n\tblock imap\n}", "to open the",
	 "hook forward\noutbound from 100.64.0.0/10 {\n\tblock imap\n}"),
	("hook forward\noutbound from 100.64.0.0/10 and 10.0.0.1 {\n\tblock "
	 "imap\n}", "leave it out",
	 "hook forward\noutbound from 100.64.0.0/10 10.0.0.1 {\n\tblock imap\n}"),
	("hook forward\ntable inet filter {\nchain f { }\n}", "words of its own",
	 "hook forward"),
	("hook forward\nwatch { quarantine 1 day }", "1d",
	 "hook forward\nwatch { quarantine 1d }"),
)


def check(program, folder, text, encoding="utf-8"):
	path = pathlib.Path(folder) / "home.policy"
	path.write_text(text, encoding=encoding)
	done = subprocess.run([program, "check", "-q", path], text=True,
			      stdin=subprocess.DEVNULL, capture_output=True,
			      check=False)
	return [line for line in done.stderr.splitlines()
		if line.startswith(str(path))]


def policies():
	for wrong, said, cure in CLAUSES:
		yield wrong, said, *(HEADER + "hook forward\n" + CLASSES +
				     BLOCK % f"\t{words}"
				     for words in (wrong, cure))
	for wrong, said, cure in STATEMENTS:
		yield wrong, said, *(HEADER + words + "\n" + CLASSES +
				     BLOCK % "\tblock smtp"
				     for words in (wrong, cure))


def main():
	program = sys.argv[1]
	failed = 0
	with tempfile.TemporaryDirectory() as folder:
		for name, said, wrong, cure in policies():
			got = check(program, folder, wrong)
			left = check(program, folder, cure)
			good = len(got) == 1 and said in got[0] and not left
			failed += not good
			shown = name.replace("\n", " / ")
			print(f"{'' if good else 'not '}ok - {shown!a}")
			for line in [] if good else [*got, *left]:
				print(f"# {line}")
		good = HEADER + "hook forward\n" + BLOCK.replace(
			" from subscribers", "").replace("from exempt", "") % ""
		for encoding in "utf-16", "utf-16-le", "utf-16-be":
			got = check(program, folder, good, encoding)
			right = len(got) == 1 and "UTF-16" in got[0]
			failed += not right
			print(f"{'' if right else 'not '}ok - a file in {encoding}")
	return 1 if failed else 0


if __name__ == "__main__":
	sys.exit(main())

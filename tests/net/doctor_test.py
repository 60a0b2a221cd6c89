#!/usr/bin/env python3
"""doctor sees what is on a machine, says what to do, and says what it did not read.

In namespaces that end with this program; the claims are the first lines of the
functions.
"""

import json
import pathlib
import sys

sys.dont_write_bytecode = True

import lab
from watch_test import MAILWALL, Watch, build_network, expect, run

POLICY = """policy small
purpose "test"
contact "test@example"
review 2099-01-01
hook forward
class exempt dynamic
outbound {
	allow smtp from exempt
	block smtp reset log
}
"""


def doctor(code, *before):
	done = run(*before, MAILWALL, "doctor", "--json", ns="router", check=False)
	expect(done.returncode == code, f"exit {done.returncode}, not {code}: "
	       f"{done.stdout}{done.stderr}")
	return json.loads(done.stdout)["lines"]


def lines(said, about):
	return [line for line in said if line["about"] == about]


def clear():
	run(MAILWALL, "remove", ns="router", check=False)
	run("nft", "flush", "ruleset", ns="router")


def sees_a_good_machine(folder):
	"""a policy that is loaded and acts is good, and is what boots"""
	path = pathlib.Path(folder) / "small.policy"
	path.write_text(POLICY)
	run(MAILWALL, "apply", "-q", path, ns="router")
	said = doctor(0)
	expect([line["level"] for line in lines(said, "policy")] == ["good"] and
	       "revision" in lines(said, "state")[0]["text"] and
	       "IPv4 is forwarded" in lines(said, "forwarding")[0]["text"], said)
	clear()
	said = doctor(0)
	expect("mailwall init" in lines(said, "policy")[0]["help"], said)


def sees_what_is_wrong(folder):
	"""a dormant table is a problem, a chain of others that drops is told, with its owner"""
	path = pathlib.Path(folder) / "small.policy"
	path.write_text(POLICY)
	run(MAILWALL, "apply", "-q", path, ns="router")
	run("nft", "-f", "-", ns="router", text="""
		table ip filter { chain FORWARD {
			type filter hook forward priority 0; policy drop;
		}
		}""")
	run("nft", "add", "table", "inet", "mailwall", "{ flags dormant; }",
	    ns="router")
	said = doctor(1)
	expect("problem" in [line["level"] for line in lines(said, "policy")],
	       said)
	other = lines(said, "others")[0]
	expect("ip filter, chain FORWARD" in other["text"] and
	       "policy drop: iptables-nft" in other["text"] and other["help"],
	       other)
	clear()


def sees_a_reader(folder):
	"""who reads an NFLOG group is told"""
	path = pathlib.Path(folder) / "small.policy"
	path.write_text(POLICY)
	run(MAILWALL, "apply", "-q", path, ns="router")
	watch = Watch("-g", 25)
	said = doctor(0)
	watch.stop()
	expect(any("group 25 is read" in line["text"]
		   for line in lines(said, "nflog")), said)
	clear()


def says_what_it_did_not_read(folder):
	"""without privilege the rest is told, and what is not known is said to be so"""
	said = doctor(3, "setpriv", "--bounding-set", "-all", "--inh-caps", "-all",
		      "--")
	expect(lines(said, "kernel")[0]["level"] == "unknown" and
	       "CAP_NET_ADMIN" in lines(said, "kernel")[0]["text"] and
	       not lines(said, "others"), said)
	text = run("setpriv", "--bounding-set", "-all", "--inh-caps", "-all", "--",
		   MAILWALL, "doctor", ns="router", check=False).stdout
	expect("not read" in text.splitlines()[-1], text)


CLAIMS = (sees_a_good_machine, sees_what_is_wrong, sees_a_reader,
	  says_what_it_did_not_read)


def main():
	return lab.hold_below(CLAIMS, build_network)


if __name__ == "__main__":
	sys.exit(main())

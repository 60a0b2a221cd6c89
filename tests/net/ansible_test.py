#!/usr/bin/env python3
"""The role of Ansible does what it says, and says what it did.

A real ansible-playbook, connection local, in a network namespace that ends with
this program. The claims are the first lines of the functions; each begins with
an empty kernel and a target without mailwall.
"""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import lab

ROOT = lab.HERE.parent.parent
MAILWALL = os.path.abspath(os.environ.get("MAILWALL", ROOT / "mailwall"))
ROLES = ROOT / "tools/package/ansible"
SECONDS_MOST = 120
PLAY = [{
	"hosts": "all", "gather_facts": False,
	"roles": ["mailwall"],
	"tasks": [{
		"name": "Tell the test", "check_mode": False,
		"changed_when": False, "when": "mailwall_loaded is defined",
		"ansible.builtin.copy": {
			"content": "{{ mailwall_loaded | to_json }}",
			"dest": "{{ said }}"},
		"diff": False}]}]
BAD = """policy bad
purpose "two mistakes"
contact "test@example"
review 2099-01-01
hook forward
class relays { 192.0.2.256 }
outbound {
	block smpt reset
}
"""
DEFINED = """policy defined
purpose "values from the play"
contact "test@example"
review 2099-01-01
hook forward
define SUBSCRIBERS = 100.64.0.0/10
class subscribers { $SUBSCRIBERS }
outbound from subscribers {
	block smtp reset log
}
"""


def expect(condition, what):
	if not condition:
		raise AssertionError(what)


class Target:
	"""A router that plays are run on, and a folder for its files."""

	def __init__(self, net, folder):
		self.net, self.folder = net, pathlib.Path(folder)
		self.policy = self.folder / "etc/mailwall.policy"
		self.program = self.folder / "sbin/mailwall"
		(self.folder / "sbin").mkdir()
		(self.folder / "ansible.cfg").touch()
		self.environment = {
			"HOME": folder, "ANSIBLE_ROLES_PATH": str(ROLES),
			"ANSIBLE_LIBRARY": str(ROLES / "mailwall/library"),
			"ANSIBLE_NOCOLOR": "1", "ANSIBLE_CONFIG": f"{folder}/ansible.cfg",
			"ANSIBLE_RETRY_FILES_ENABLED": "0",
			"ANSIBLE_DEPRECATION_WARNINGS": "0",
			"MAILWALL_RUN_DIR": f"{folder}/run",
			"MAILWALL_STORE": f"{folder}/store/mailwall.db",
			"LC_ALL": "C.UTF-8"}

	def variables(self, more):
		return {"mailwall_install": "binary", "mailwall_binary": MAILWALL,
			"mailwall_executable": str(self.program),
			"mailwall_policy_file": str(self.policy),
			"mailwall_service": False, "said": f"{self.folder}/said",
			"mailwall_subscribers": ["100.64.0.0/10"],
			"mailwall_relays": ["192.0.2.25", "2001:db8::25"],
			"mailwall_contact": "test@example",
			"mailwall_review": "2099-01-01", **more}

	def play(self, *words, play=PLAY, **more):
		"""Exit code, changed tasks, what the module returned, all text."""
		given = self.folder / "play.json"
		given.write_text(json.dumps(play))
		said = self.folder / "said"
		said.unlink(missing_ok=True)
		done = subprocess.run(
			self.net.command("router", [
				"ansible-playbook", "-i", "localhost,", "-c", "local",
				"-e", f"ansible_python_interpreter={sys.executable}",
				"-e", json.dumps(self.variables(more)), *words,
				str(given)]),
			env={**os.environ, **self.environment}, text=True,
			capture_output=True, timeout=SECONDS_MOST)
		text = done.stdout + done.stderr
		changed = re.search(r"changed=(\d+)", text)
		expect(changed, text)
		loaded = json.loads(said.read_text()) if said.exists() else None
		return done.returncode, int(changed.group(1)), loaded, text

	def good(self, *words, **more):
		code, changed, loaded, text = self.play(*words, **more)
		expect(code == 0 and loaded, text)
		return changed, loaded, text

	def status(self):
		done = self.net.run("router", [MAILWALL, "status", "--json"],
				    env=self.environment)
		return json.loads(done.stdout)


def module(**arguments):
	"""A play of the module alone."""
	return [{"hosts": "all", "gather_facts": False, "tasks": [{
		"mailwall_policy": {"executable": MAILWALL, **arguments},
		"register": "mailwall_loaded"}, *PLAY[0]["tasks"]]}]


def settled(text):
	"""What would be loaded as it shows once it is."""
	return re.sub(r"^\d+ elements .*\n", "", text, flags=re.MULTILINE)


def first_then_second(target):
	"""the first run installs, puts and loads; the second changes nothing"""
	changed, loaded, text = target.good()
	status = target.status()
	expect(changed == 4 and loaded["changed"], text)
	expect(status["state"] == "as-loaded" and
	       status["digest"] == loaded["digest"] and
	       status["policy_file"] == str(target.policy), status)
	changed, loaded, text = target.good()
	expect(changed == 0 and not loaded["changed"] and
	       loaded["previous_digest"] == loaded["digest"], text)
	expect(target.status()["generation"] == status["generation"],
	       "rules were sent")


def check_mode_changes_nothing(target):
	"""check mode changes nothing and says changed, with and without mailwall"""
	code, changed, loaded, text = target.play("--check")
	expect(code == 0 and changed >= 3 and loaded["changed"], text)
	expect(not target.program.exists() and not target.policy.exists() and
	       not target.status()["loaded"], "something is there")
	target.good()
	before, policy = target.status(), target.policy.read_text()
	changed, loaded, text = target.good("--check", mailwall_mode="enforce")
	expect(changed == 2 and loaded["changed"] and
	       loaded["previous_digest"] == before["digest"] and
	       loaded["digest"] != before["digest"], text)
	expect(target.status() == before and target.policy.read_text() == policy,
	       target.status())
	would = loaded["digest"]
	changed, loaded, text = target.good(mailwall_mode="enforce")
	expect(changed == 2 and loaded["digest"] == would, text)
	changed, loaded, text = target.good("--check", mailwall_mode="enforce")
	expect(changed == 0, text)


def diff_shows_the_difference(target):
	"""diff shows the digest, clauses and elements that differ, and nothing else"""
	target.good()
	_, loaded, text = target.good(
		"--check", "--diff", mailwall_purpose="another",
		mailwall_relays=["192.0.2.25", "192.0.2.26", "2001:db8::25"])
	shown = [line for line in text.split("TASK [mailwall : Load the policy]")[1]
		 .splitlines() if re.match(r"[-+](?![-+])", line)]
	had = [re.sub(r" [0-9a-f]{32}$", " *", line) for line in shown]
	expect(had == ["-digest *", "+digest *",
		       "+1 element added"] and
	       loaded["digest"] in text, shown)
	_, loaded, text = target.good(
		"--diff", mailwall_relays=["192.0.2.26", "2001:db8::25"],
		mailwall_mode="enforce")
	expect(re.search(r"^-home:\d+ ", text, re.MULTILINE) and
	       re.search(r"^\+home:\d+ block smtp reset log", text,
			 re.MULTILINE), text)
	before = settled(loaded["diff"]["after"])
	_, loaded, text = target.good("--diff", play=module(state="absent"))
	expect(loaded["diff"]["before"] == before and
	       loaded["diff"]["after"] == "", (loaded, before))


def diff_is_the_same_before_and_after(target):
	"""what a diff says of a policy before it is loaded it says of it loaded"""
	policies = sorted((ROOT / "rules/policies").glob("*.policy"))
	play = module(src="{{ item }}", definitions=(
		"{{ {'MTA': '8'} if 'shared-hosting' in item else {} }}"))
	play[0]["tasks"][0]["loop"] = [str(policy) for policy in policies]
	_, loaded, text = target.good("--diff", play=play)
	diffs = [result["diff"] for result in loaded["results"]]
	expect(len(diffs) == len(policies) > 5, text)
	for policy, diff, after in zip(policies, diffs, diffs[1:]):
		expect(settled(diff["after"]) == after["before"],
		       f"{policy.name}:\n{diff['after']}\n{after['before']}")


def mistakes_fail(target):
	"""a policy that does not check fails with every mistake, loads nothing"""
	template = target.folder / "bad.policy.j2"
	template.write_text(BAD)
	code, changed, loaded, text = target.play(
		mailwall_policy_template=str(template))
	expect(code == 2 and loaded is None and "192.0.2.256" in text and
	       'did you mean' in text, text)
	expect(not target.status()["loaded"] and not target.policy.exists(),
	       target.status())
	target.good()
	before, policy = target.status(), target.policy.read_text()
	for given in {"content": BAD}, {"src": str(template)}:
		for mode in [], ["--check"]:
			code, changed, _, text = target.play(
				*mode, play=module(**given))
			expect(code == 2 and changed == 0 and
			       "192.0.2.256" in text and "smpt" in text and
			       ":8:8: error" in text and "bad-address" in text,
			       text)
	code, _, _, text = target.play(
		mailwall_policy_template=str(template))
	expect(code == 2, text)
	expect(target.status() == before and target.policy.read_text() == policy,
	       "the good policy went")


def definitions_are_given(target):
	"""definitions win over those of the policy; one without use fails"""
	template = target.folder / "defined.policy.j2"
	template.write_text(DEFINED)
	more = {"mailwall_policy_template": str(template),
		"mailwall_definitions": {
			"SUBSCRIBERS": ["100.70.0.0/16", "2001:db8:47::/48"]}}
	changed, loaded, text = target.good(**more)
	expect(loaded["changed"] and loaded["policy"] == "defined", text)
	rules = target.net.run("router", "nft list table inet mailwall".split())
	expect("100.70.0.0/16" in rules.stdout and
	       "2001:db8:47::/48" in rules.stdout and
	       "100.64" not in rules.stdout, rules.stdout)
	expect(target.good(**more)[0] == 0, "not the same")
	more["mailwall_definitions"]["SUBSCRIBRS"] = "100.71.0.0/16"
	code, _, _, text = target.play(**more)
	expect(code == 2 and "SUBSCRIBRS" in text, text)


def drift_is_mended(target):
	"""rules changed by hand are loaded again, and that is changed"""
	target.good()
	digest = target.status()["digest"]
	target.net.must("router", ("nft add rule inet mailwall forward "
					"tcp dport 9999 drop").split())
	expect(target.status()["state"] == "drift", target.status())
	_, loaded, text = target.good("--check", "--diff")
	expect(loaded["changed"] and "chain forward" in text, text)
	changed, loaded, text = target.good()
	expect(changed == 1 and loaded["changed"] and
	       loaded["digest"] == digest, text)
	expect(target.status()["state"] == "as-loaded", target.status())


def absent_removes(target):
	"""absent takes the rules out, once; in check mode it only says so"""
	target.good()
	changed, loaded, text = target.good("--check", mailwall_state="absent")
	expect(changed == 1 and loaded["changed"] and target.status()["loaded"],
	       text)
	changed, loaded, text = target.good(mailwall_state="absent")
	expect(changed == 1 and loaded["previous_digest"] and
	       not target.status()["loaded"], text)
	changed, loaded, text = target.good(mailwall_state="absent")
	expect(changed == 0 and not loaded["changed"], text)


def refusals_fail(target):
	"""a table that somebody else made, or no program, fails the task"""
	target.net.must("router", "nft add table inet mailwall".split())
	target.good("--check", play=module(
		content=DEFINED, executable="/nowhere/mailwall"))
	for arguments, word in (
			({"content": DEFINED}, "table-taken"),
			({"content": DEFINED, "executable": "/nowhere/mailwall"},
			 "/nowhere/mailwall"),
			({"src": "/nowhere/x.policy"}, "cannot-read"),
			({}, "src, content")):
		code, changed, _, text = target.play(play=module(**arguments))
		expect(code == 2 and changed == 0 and word in text, text)


def the_manual_is_whole(target):
	"""ansible-doc prints the module's manual, with every option"""
	done = subprocess.run(
		["ansible-doc", "-t", "module", "-j", "mailwall_policy"],
		env={**os.environ, **target.environment}, text=True,
		capture_output=True, timeout=SECONDS_MOST)
	expect(not done.returncode, done.stderr)
	page = json.loads(done.stdout)["mailwall_policy"]
	source = (ROLES / "mailwall/library/mailwall_policy.py").read_text()
	taken = set(re.findall(r'^            "(\w+)": \{"type"', source,
			       re.MULTILINE))
	expect(set(page["doc"]["options"]) == taken and taken and
	       page["examples"] and page["return"], page["doc"]["options"])


CLAIMS = (the_manual_is_whole, first_then_second, check_mode_changes_nothing,
	  diff_shows_the_difference, diff_is_the_same_before_and_after,
	  mistakes_fail, definitions_are_given,
	  drift_is_mended, absent_removes, refusals_fail)


def hold(claim):
	with lab.Lab("router", {}, []) as net, \
	     tempfile.TemporaryDirectory() as folder:
		claim(Target(net, folder))


def main():
	if not shutil.which("ansible-playbook"):
		print("ok - the role of Ansible # SKIP no ansible-core here")
		return 0
	lab.enter()
	failed = 0
	for claim in CLAIMS:
		if sys.argv[1:] and claim.__name__ not in sys.argv[1:]:
			continue
		try:
			hold(claim)
			print(f"ok - {claim.__doc__}", flush=True)
		except Exception as error:
			failed += 1
			print(f"not ok - {claim.__doc__}")
			for line in str(error).splitlines():
				print(f"# {line}", flush=True)
	return 1 if failed else 0


if __name__ == "__main__":
	sys.exit(main())

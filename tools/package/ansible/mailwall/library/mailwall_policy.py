#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Has the kernel hold a policy of mailwall(8), or none."""

from __future__ import absolute_import, division, print_function
__metaclass__ = type

DOCUMENTATION = r"""
---
module: mailwall_policy
short_description: Loads a mail port policy into the kernel, or takes it out
description:
  - Checks a policy of mailwall(8) and loads it as nftables rules, in one
    transaction. What is loaded already is left as it is, and is not I(changed);
    rules that somebody changed by hand since are loaded again, and that is.
  - A policy with mistakes fails the task, with all of them, and nothing is
    loaded. Its warnings become warnings of the task.
options:
  src:
    description: The policy, a file on the target.
    type: path
  content:
    description:
      - The policy itself. Files that it names are looked for from the folder
        that C(chdir) names.
    type: str
  chdir:
    description: The folder to be in when C(content) is read.
    type: path
  definitions:
    description:
      - Values that win over the C(define) lines of the policy, as C(-D) of
        mailwall(8). A list is joined by blanks.
    type: dict
    default: {}
  strict:
    description: Whether a policy with warnings fails as well.
    type: bool
    default: false
  state:
    description:
      - C(present) loads the policy, C(absent) takes the table of mailwall out,
        whichever policy it holds, with its counters and exempt members.
    type: str
    choices: [present, absent]
    default: present
  executable:
    description: The program, a path or a name to look for.
    type: str
    default: mailwall
notes:
  - Needs the right to change rules (CAP_NET_ADMIN), so usually C(become).
  - In check mode the rules in the kernel are read, and nothing is sent.
  - In check mode a program that is not installed yet is taken for one that
    would be, and the policy for one that would be loaded.
attributes:
  check_mode:
    support: full
    description: Says what would change, and changes nothing.
  diff_mode:
    support: full
    description: Shows digest and clauses, and how many elements come and go.
author:
  - the mailwall authors
"""

EXAMPLES = r"""
- name: The policy of this router is in force
  mailwall_policy:
    src: /etc/mailwall/mailwall.policy
    definitions:
      SUBSCRIBERS: [100.70.0.0/16, "2001:db8:4700::/40"]

- name: The same from a template, without a file on the target
  mailwall_policy:
    content: "{{ lookup('template', 'home.policy.j2') }}"
    strict: true

- name: No mail port is closed by mailwall
  mailwall_policy:
    state: absent
"""

RETURN = r"""
policy:
  description: Name of the policy.
  type: str
  returned: when state is present
digest:
  description: Digest of the policy, which the table in the kernel carries.
  type: str
  returned: when state is present
previous_digest:
  description: Digest of what was loaded before, or none.
  type: str
  returned: always
table:
  description: The table, such as C(inet mailwall).
  type: str
  returned: when one is loaded, or would be
summary:
  description: How many rules, sets, counters and elements were sent.
  type: dict
  returned: when state is present
diagnostics:
  description:
    - Mistakes and warnings, each with severity, code, file, line, column,
      message, help and reference; see JSON in mailwall(8).
  type: list
  elements: dict
  returned: always
"""

import json
import os
import re

from ansible.module_utils.basic import AnsibleModule

# A clause as the comment of its rule: "home:12 block smtp reset log".
CLAUSE = re.compile(r'comment "([^" ]+:\d+) '
                    r'((?:allow|block|limit|observe|redirect) [^"]*)"')
EXIT_NO = 1


def sentence(diagnostic):
    """home.policy:7:12: error: "smpt" is not a service; did you mean "smtp"?"""
    place = diagnostic.get("file") or ""
    for number in ("line", "column"):
        if diagnostic.get(number):
            place += ":%d" % diagnostic[number]
    text = "%s: %s" % (diagnostic["severity"], diagnostic["message"])
    for more in ("help", "reference"):
        if diagnostic.get(more):
            text += "; %s" % diagnostic[more]
    return "%s: %s" % (place, text) if place else text


def in_order(clauses):
    """Each clause once, by file and line."""
    def place(clause):
        name, line = clause[0].rsplit(":", 1)
        return name, int(line)
    return ["%s %s" % clause for clause in sorted(set(clauses), key=place)]


class Program:
    """mailwall on the target, and the policy that it is given."""

    def __init__(self, module):
        self.module = module
        self.path = self.find(module.params["executable"])
        self.content = module.params["content"]
        self.policy = "-" if self.content is not None else module.params["src"]
        self.definitions = []
        for name, value in sorted(module.params["definitions"].items()):
            if isinstance(value, (list, tuple)):
                value = " ".join(str(word) for word in value)
            self.definitions += ["-D", "%s=%s" % (name, value)]

    def find(self, name):
        if os.sep in name:
            return name if os.access(name, os.X_OK) else None
        return self.module.get_bin_path(name)

    def run(self, command, *words, **more):
        """Exit code, output, messages."""
        chdir = self.module.params["chdir"] if self.content is not None else None
        words = [self.path, command] + list(words)
        if more.get("policy"):
            words += self.definitions + ["--", self.policy]
        return self.module.run_command(
            words, data=self.content if more.get("policy") else None,
            binary_data=True, cwd=chdir)

    def ask(self, command, *words, **more):
        """The answer as JSON; without one the task fails."""
        code, out, err = self.run(command, "--json", *words, **more)
        try:
            return code, json.loads(out)
        except ValueError:
            self.fail("mailwall %s: exit %d: %s" %
                      (command, code, err.strip() or out.strip()), rc=code)

    def fail(self, what, diagnostics=(), **more):
        self.module.fail_json(
            msg="\n".join([what] + [sentence(d) for d in diagnostics]),
            diagnostics=list(diagnostics), **more)

    # what is loaded, and what would be, as text to compare

    def status(self):
        code, answer = self.ask("status")
        if "loaded" not in answer:
            self.fail("cannot read what is loaded",
                      answer.get("diagnostics", ()), rc=code)
        return answer

    def text_of_status(self, status):
        if not status["loaded"]:
            return ""
        lines = ["policy %s" % status["policy"], "digest %s" % status["digest"],
                 "table %s" % status["table"]]
        lines += ["%s %s" % (d["kind"], d["object"])
                  for d in status.get("differences", ())]
        lines += in_order([(c["id"], c["text"]) for c in status["clauses"]])
        return "\n".join(lines) + "\n"

    def text_of_policy(self, answer):
        lines = ["policy %s" % answer["policy"], "digest %s" % answer["digest"],
                 "table %s" % answer["table"]]
        out = self.run("generate", "-q", policy=True)[1]
        lines += in_order(CLAUSE.findall(out))
        lines += ["%d elements %s" % (answer["summary"][name], name[9:])
                  for name in ("elements_added", "elements_removed")
                  if answer["summary"][name]]
        return "\n".join(lines) + "\n"


def check(program):
    """Stops the task at a policy with mistakes; returns its warnings."""
    words = ["--strict"] if program.module.params["strict"] else []
    code, answer = program.ask("check", *words, policy=True)
    diagnostics = [d for f in answer["files"] for d in f["diagnostics"]]
    if not answer["ok"]:
        program.fail("the policy does not check, and nothing was loaded",
                     diagnostics, changed=False, rc=code)
    for diagnostic in diagnostics:
        program.module.warn(sentence(diagnostic))
    return diagnostics


def present(program):
    module = program.module
    diagnostics = check(program)
    before = program.status() if module._diff else None
    words = ["-n"] if module.check_mode else []
    code, answer = program.ask("apply", *words, policy=True)
    if not answer["ok"]:
        program.fail("the policy was not loaded", answer["diagnostics"],
                     changed=False, rc=code)
    result = {name: answer.get(name) for name in
              ("changed", "policy", "digest", "previous_digest", "table",
               "summary")}
    result["diagnostics"] = diagnostics + [
        d for d in answer["diagnostics"] if d not in diagnostics]
    if module._diff:
        after = (program.text_of_policy(answer) if answer["changed"]
                 else program.text_of_status(before))
        result["diff"] = {
            "before_header": "loaded", "after_header": answer["policy"],
            "before": program.text_of_status(before), "after": after}
    module.exit_json(**result)


def absent(program):
    module = program.module
    before = program.status()
    result = {"changed": before["loaded"], "diagnostics": [],
              "previous_digest": before.get("digest"),
              "table": before.get("table")}
    if before["loaded"] and not module.check_mode:
        code, answer = program.ask("remove")
        if not answer["ok"]:
            program.fail("the table was not taken out", answer["diagnostics"],
                         changed=False, rc=code)
        result["changed"] = answer["removed"]
    if module._diff:
        result["diff"] = {"before_header": "loaded", "after_header": "nothing",
                          "before": program.text_of_status(before), "after": ""}
    module.exit_json(**result)


def main():
    module = AnsibleModule(
        argument_spec={
            "src": {"type": "path"},
            "content": {"type": "str"},
            "chdir": {"type": "path"},
            "definitions": {"type": "dict", "default": {}},
            "strict": {"type": "bool", "default": False},
            "state": {"type": "str", "default": "present",
                      "choices": ["present", "absent"]},
            "executable": {"type": "str", "default": "mailwall"},
        },
        mutually_exclusive=[("src", "content")],
        required_if=[("state", "present", ("src", "content"), True)],
        supports_check_mode=True)
    program = Program(module)
    if not program.path:
        what = '"%s" is not a program here' % module.params["executable"]
        if not module.check_mode:
            module.fail_json(msg=what + "; install mailwall")
        module.exit_json(changed=module.params["state"] == "present", msg=what,
                         previous_digest=None, diagnostics=[])
    if module.params["state"] == "present":
        present(program)
    absent(program)


if __name__ == "__main__":
    main()

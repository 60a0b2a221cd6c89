#!/usr/bin/env python3
"""Completion offers what the program's table has: each command, each option.

completion_test.py [PROGRAM]

The table is read with `mailwall help` and `mailwall help COMMAND`, and set
against the options that tools/command/cmd_*.c read; then bash and zsh are asked, each
by its own completion. The claims are the first lines of the functions.
"""

import os
import pathlib
import pty
import re
import select
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
FOLDER = ROOT / "tools/package/completion"
PROGRAM = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else
			  os.environ.get("MAILWALL", ROOT / "mailwall"))
SECONDS_MOST = 60
NO_HELP = ("help", "version")
ROW = re.compile(r'\{\s*"([a-z][a-z-]*)",\s*(?:\'(.)\'|0),\s*'
		 r'(?:&|NULL|\.flag|\.value)')

BASH = r"""
. "$1"
while IFS= read -r line; do
	read -ra COMP_WORDS <<<"$line"
	[[ $line == *" " ]] && COMP_WORDS+=("")
	COMP_CWORD=$((${#COMP_WORDS[@]} - 1)) COMPREPLY=()
	_mailwall
	printf '? %s\n' "$line"
	printf '%s\n' "${COMPREPLY[@]}"
done
"""
# A widget that completes every line of a file and writes what was offered.
ZSH = r"""
PROMPT= RPROMPT=
fpath=($MAILWALL_FOLDER $fpath)
autoload -Uz compinit && compinit -u -D
zstyle ':completion:*' verbose no
compadd() {
	if [[ ${@[1,(i)(-|--)]} == *-[OAD]* ]]; then
		builtin compadd "$@"
		return
	fi
	local -a hits
	builtin compadd -A hits "$@"
	print -rl -- $hits >>$MAILWALL_OUT
	builtin compadd "$@"
}
offer() { _main_complete; compstate[insert]= compstate[list]= }
ask() {
	local line
	for line in "${(@f)$(<$MAILWALL_ASK)}"; do
		BUFFER=$line CURSOR=$#line
		print -r -- "? $line" >>$MAILWALL_OUT
		zle offer
	done
	print -r -- "? END" >>$MAILWALL_OUT
}
zle -C offer list-choices offer
zle -N ask
bindkey '^X' ask
print READY
"""


def expect(condition, what):
	if not condition:
		raise AssertionError(what)


def said(*words):
	return subprocess.run([PROGRAM, *words], check=True, text=True,
			      capture_output=True).stdout


def commands():
	return re.findall(r"^  ([a-z]+)", said("help"), re.MULTILINE)


def options(command):
	"""Each option of a command with what its value is called, or None."""
	usage = said("help", command).splitlines()[0]
	found = {}
	for names, value in re.findall(
			r"(?<![\w|])((?:-\w\|)?-{1,2}[\w-]+)(?: ([^\s\[\]|-][^\s\[\]]*))?",
			usage):
		for name in names.split("|"):
			found[name] = value or None
	if command not in NO_HELP:
		found.update({"-h": None, "--help": None})
	return found


def answers(text):
	"""What was offered, by the line that was completed."""
	offered, words = {}, None
	for line in text.splitlines():
		if line.startswith("? "):
			words = offered.setdefault(line[2:], set())
		elif words is not None and line.strip():
			words.add(line.strip())
	return offered


def ask_bash(lines):
	done = subprocess.run(
		["bash", "--norc", "-c", BASH, "bash", FOLDER / "mailwall.bash"],
		input="".join(line + "\n" for line in lines), text=True,
		capture_output=True, timeout=SECONDS_MOST)
	expect(not done.returncode and not done.stderr,
	       f"bash: {done.returncode} {done.stderr}")
	return answers(done.stdout)


def ask_zsh(lines):
	with tempfile.TemporaryDirectory() as folder:
		place = pathlib.Path(folder)
		(place / ".zshrc").write_text(ZSH)
		(place / "ask").write_text("\n".join(lines))
		(place / "out").touch()
		child, terminal = pty.fork()
		if not child:
			os.environ.update(
				ZDOTDIR=folder, TERM="dumb",
				MAILWALL_ASK=f"{folder}/ask",
				MAILWALL_OUT=f"{folder}/out",
				MAILWALL_FOLDER=str(FOLDER))
			os.execvp("zsh", ["zsh", "-d", "-i"])
		try:
			return answers(talk(terminal, place / "out"))
		finally:
			os.kill(child, 9)
			os.close(terminal)
			os.waitpid(child, 0)


def talk(terminal, out):
	"""Presses the key once zsh is ready, and waits for the last answer."""
	heard, asked, end = b"", False, time.monotonic() + SECONDS_MOST
	while "\n? END" not in out.read_text():
		expect(time.monotonic() < end, f"zsh: {heard[-2000:]}")
		if select.select([terminal], [], [], 0.1)[0]:
			heard += os.read(terminal, 65536)
		if not asked and b"READY" in heard:
			asked = os.write(terminal, b"\x18") > 0
	return out.read_text()


SHELLS = {"bash": ask_bash, "zsh": ask_zsh}


def questions():
	"""A line to complete, with words that have to be offered for it."""
	yield f"{PROGRAM} ", commands()
	yield f"{PROGRAM} help ", commands()
	for command in commands():
		found = options(command)
		for dashes in "-", "--":
			yield (f"{PROGRAM} {command} {dashes}",
			       [o for o in found if o.startswith(dashes)])
		for name, value in found.items():
			if value and re.fullmatch(r"[a-z|-]+\|[a-z|-]+", value):
				yield (f"{PROGRAM} {command} {name} ",
				       value.split("|"))
	yield f"{PROGRAM} exempt ", ["add", "remove", "list"]
	policy = ROOT / "rules/policies"
	yield f"{PROGRAM} check {policy}/resid", ["residential.policy"]
	yield f"{PROGRAM} watch -p {policy}/resid", ["residential.policy"]


def offers_all(shell):
	asked = dict(questions())
	offered = SHELLS[shell](list(asked))
	missing = {}
	for line, wanted in asked.items():
		got = {pathlib.Path(word).name for word in offered.get(line, ())}
		gone = set(wanted) - got
		if gone:
			missing[line[len(PROGRAM) + 1:]] = sorted(gone)
		stray = {word for word in got if word.startswith("-")} - set(wanted)
		if stray:
			missing[line[len(PROGRAM) + 1:] + " (not in the table)"] = \
				sorted(stray)
	expect(not missing, missing)


def bash_offers():
	"""bash offers every command, every option and every fixed word"""
	offers_all("bash")


def zsh_offers():
	"""zsh offers every command, every option and every fixed word"""
	offers_all("zsh")


def the_table_is_whole():
	"""every option that a command reads stands in its usage"""
	listed = {name for command in commands() for name in options(command)}
	missing = []
	for source in sorted((ROOT / "tools/command").glob("cmd_*.c")):
		rows = ROW.findall(source.read_text())
		for name, letter in rows:
			missing += [f"{source.name}: {form}" for form in
				    (f"--{name}", f"-{letter}" if letter else "--help")
				    if form not in listed]
	expect(listed and not missing, missing)


def main():
	failed = 0
	for claim in the_table_is_whole, bash_offers, zsh_offers:
		shell = claim.__name__.split("_", 1)[0]
		if shell in SHELLS and not shutil.which(shell):
			print(f"ok - {claim.__doc__} # SKIP no {shell} here")
			continue
		try:
			claim()
			print(f"ok - {claim.__doc__}")
		except AssertionError as wrong:
			failed += 1
			print(f"not ok - {claim.__doc__}\n# {wrong}")
	return 1 if failed else 0


if __name__ == "__main__":
	sys.exit(main())

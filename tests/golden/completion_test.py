#!/usr/bin/env python3
"""Completion offers what the program's table has: each command, each option.

completion_test.py [PROGRAM]

The rows are read with `mailwall help --complete`; then bash and zsh are asked,
each by its own completion. The help of a command, its page and the table of
letters in docs/CONTRIBUTING.md are set against the same rows. The claims are the
first lines of the functions.
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
PAGES = ROOT / "docs"
BEGIN, END = '.\\" synopsis: begin\n', '.\\" synopsis: end\n'

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
	return [line.split("\t")[0]
		for line in said("help", "--complete").splitlines()]


def rows(command):
	"""(long form, short form, type, value, words, sentence) by option."""
	for line in said("help", "--complete", command).splitlines():
		name, letter, kind, value, words, _, sentence = line.split("\t")
		if name != "operand":
			yield name, letter, kind, value, words, sentence


def options(command):
	"""Each form of each option, with its type and the words of a choice."""
	return {form: (kind, words)
		for name, letter, kind, _, words, _ in rows(command)
		for form in (name, letter) if form != "-"}


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
		for name, (kind, words) in found.items():
			if kind == "choice":
				yield (f"{PROGRAM} {command} {name} ",
				       words.split())
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


def help_says_all():
	"""--help has a line with a sentence for each option, below 80 columns"""
	for command in commands():
		text = said(command, "--help")
		for name, letter, *_, sentence in rows(command):
			form = f"  {letter}, {name}" if letter != "-" else \
				f"      {name}"
			flat = re.sub(r"\s+", " ", text)
			expect(f"\n{form}" in text and sentence in flat,
			       f"{command}: {name}")
		wide = [line for line in text.splitlines() if len(line) > 79]
		expect(not wide, wide)


def letters_agree():
	"""a letter means the same in every command, and stands in CONTRIBUTING"""
	meant = {}
	for command in commands():
		for name, letter, *_ in rows(command):
			if letter != "-":
				meant.setdefault(letter, {}).setdefault(
					name, []).append(command)
	twice = {letter: names for letter, names in meant.items()
		 if len(names) > 1}
	expect(not twice, twice)
	text = (PAGES / "CONTRIBUTING.md").read_text()
	listed = dict(re.findall(r"^\| `(-\w)` \| `(--[\w-]+)` \|", text,
				 re.MULTILINE))
	want = {letter: next(iter(names)) for letter, names in meant.items()}
	expect(listed == want, set(listed.items()) ^ set(want.items()))


def pages_agree():
	"""each page has the synopsis of its command, and an entry per option"""
	wrong = []
	for command in commands():
		page = PAGES / f"mailwall-{command}.8"
		if not page.exists():
			continue
		text = page.read_text()
		_, begin, rest = text.partition(BEGIN)
		now = rest.partition(END)[0]
		if begin and now != said("help", "--mdoc", command):
			wrong.append(f"{page.name}: make manual")
		for name, letter, *_ in rows(command):
			form = "Fl Fl " + name[2:]
			entries = [line for line in text.splitlines()
				   if line.startswith(".It")]
			short = "Fl " + letter[1:]
			if not any(re.search(rf"{form}( |$)", line) or
				   letter != "-" and
				   re.search(rf"{short}( |$)", line)
				   for line in entries):
				wrong.append(f"{page.name}: no entry of {name}")
	expect(not wrong, wrong)


def old_letters_say_what_they_are():
	"""a letter that moved with 0.2.0 says to what, and nothing is done"""
	for words, has in (
			(("report", "-H", "a.html"), "-H is --html since 0.2.0"),
			(("report", "-S", "7d"), "--since is -s"),
			(("report", "-s", "a.db"), "-s was --store"),
			(("check", "-s", "a"), "-s is --strict since 0.2.0"),
			(("import", "-s", "a"), "-s is --store, or -S, since"),
			(("watch", "-k", "9d"), "-k is --keep since 0.2.0"),
			(("exempt", "-f", "9d"), "-f is --for since 0.2.0")):
		done = subprocess.run([PROGRAM, *words], text=True,
				      capture_output=True, check=False)
		expect(done.returncode == 2 and has in done.stderr and
		       len(done.stderr.splitlines()) == 2,
		       f"{words}: {done.returncode} {done.stderr}")


def languages_are_beside():
	"""a program that is not installed finds the languages beside it"""
	with tempfile.TemporaryDirectory() as folder:
		program = pathlib.Path(folder, "mailwall")
		shutil.copy2(PROGRAM, program)
		shutil.copy2(f"{PROGRAM}-store", folder)
		shutil.copytree(ROOT / "tools/notice/lang",
				pathlib.Path(folder, "tools/notice/lang"))
		policy = pathlib.Path(folder, "a.policy")
		policy.write_text("policy a\nhook output\n"
				  "outbound {\n\tblock smtp\n}\n")
		env = {k: v for k, v in os.environ.items()
		       if k != "MAILWALL_LANG_DIR"}
		done = subprocess.run([program, "publish", policy, "--lang", "es"],
				      text=True, capture_output=True, check=False,
				      cwd="/", env=env)
		expect(not done.returncode and "correo" in done.stdout,
		       f"{done.returncode} {done.stderr}")
		done = subprocess.run([program, "publish", policy], text=True,
				      capture_output=True, check=False, cwd="/",
				      env=env | {"MAILWALL_LANG_DIR": folder})
		expect(done.returncode and folder in done.stderr,
		       f"{done.returncode} {done.stderr}")


def one_thing_is_said():
	"""what does nothing, or is there twice, is a mistake with one sentence"""
	for words, has in (
			(("report", "-S", "a", "-S", "b"), "--store is given twice"),
			(("report", "-s", "1d", "-s", "2d"), "--since is given twice"),
			(("report", "--html", "127.0.0.1:9525"), "watch --http"),
			(("report", "--organisation", "x"), "needs --xarf"),
			(("watch", "-i", "lo", "--http-remote"), "needs --http"),
			(("watch", "-i", "lo", "--keep", "9d"), "needs --store"),
			(("status", "--warning", "9"), "needs --nagios"),
			(("replay", "-D", "A=1", "x"), "--define needs --policy"),
			(("report", "--csv", "--json"), "--csv or --json"),
			(("check", "--strct", "x"), "did you mean --strict?"),
			(("check", "--json=1", "x"), "takes no value"),
			(("publish", "--since", "soon", "x"), "takes a date"),
			(("ports", "x"), "\"x\" is too much")):
		done = subprocess.run([PROGRAM, *words], text=True,
				      capture_output=True, check=False)
		expect(done.returncode == 2 and has in done.stderr and
		       not done.stdout and len(done.stderr.splitlines()) == 2,
		       f"{words}: {done.returncode} {done.stderr}")


CLAIMS = (help_says_all, letters_agree, pages_agree,
	  old_letters_say_what_they_are, one_thing_is_said,
	  languages_are_beside, bash_offers,
	  zsh_offers)


def update_pages():
	"""Writes each page's synopsis anew: make manual."""
	for command in commands():
		page = PAGES / f"mailwall-{command}.8"
		text = page.read_text() if page.exists() else ""
		before, begin, rest = text.partition(BEGIN)
		if begin:
			page.write_text(before + begin +
					said("help", "--mdoc", command) +
					END + rest.partition(END)[2])


def main():
	failed = 0
	if sys.argv[2:] == ["--update"]:
		update_pages()
		return 0
	for claim in CLAIMS:
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

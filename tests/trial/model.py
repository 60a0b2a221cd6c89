#!/usr/bin/env python3
"""The model of a trial, checked by spin; the code has its states and steps.

The model is trial.pml. Each variant of it has one mistake, and must fail: a
check that cannot fail says nothing.
"""

import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
MODEL = HERE / "trial.pml"
CODE = HERE.parent.parent / "tools/trial/trial_states.h"
MISTAKES = {
	"DISK_FIRST": "the current revision moves before the kernel has it",
	"NO_COMPARE": "a confirmation does not ask whether the element is there",
	"EXTEND_BLINDLY": "an extension does not ask whether the element is there",
	"NO_LOCK": "two commands run at once",
}


def check(folder, defines=()):
	"""Whether no assertion fails, and how many states there are."""
	subprocess.run(["spin", *(f"-D{d}" for d in defines), "-a", str(MODEL)],
		       cwd=folder, check=True, stdout=subprocess.DEVNULL)
	subprocess.run(["cc", "-O2", "-w", "-o", "pan", "pan.c"], cwd=folder,
		       check=True)
	out = subprocess.run(["./pan", "-m200000"], cwd=folder, check=True,
			     stdout=subprocess.PIPE, text=True).stdout
	errors = re.search(r"errors: (\d+)", out)
	states = re.search(r"(\d+) states, stored", out)
	if not errors or not states or "max search depth too small" in out:
		raise RuntimeError(out)
	return int(errors[1]) == 0, int(states[1])


def names(text):
	return set(re.findall(r"\b(?:STATE|STEP)_[A-Z_]+\b", text))


def say(good, claim):
	print(f"{'' if good else 'not '}ok - {claim}", flush=True)
	return 0 if good else 1


def main():
	failed = 0
	with tempfile.TemporaryDirectory() as folder:
		good, states = check(folder)
		failed += say(good, "kernel and disk agree whatever dies")
		print(f"# {states} states")
		for define, mistake in MISTAKES.items():
			good, _ = check(folder, [define])
			failed += say(not good, f"the model fails where {mistake}")
	model, code = names(MODEL.read_text()), names(CODE.read_text())
	for name in sorted(model ^ code):
		print(f"# {name} is only in {'the model' if name in model else 'the code'}")
	failed += say(model == code, "the model and the code name the same states "
		      "and steps")
	return 1 if failed else 0


if __name__ == "__main__":
	sys.exit(main())

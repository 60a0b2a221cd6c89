#!/usr/bin/env python3
"""Pictures of a page, for a person to look at; needs chromium.

look.py FILE.html FOLDER

A desktop and a phone, each in light and in dark, and the page on paper. Says
whether the page is wider than the window it is in.
"""

import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

WINDOWS = {"desktop": (1280, 900), "phone": (390, 844)}
SCHEMES = {"dark": 0, "light": 1}

# Chromium makes no window narrower than 500: a frame does. It is as high as
# the page in it, and what it tells of stands in the title.
FRAME = """<!DOCTYPE html><meta charset="utf-8"><title></title>
<style>body{{margin:0}}iframe{{border:0;width:{width}px;height:{height}px;
display:block}}</style><iframe srcdoc="{page}"></iframe><script>
onload=()=>{{const f=document.querySelector("iframe"),
d=f.contentDocument.documentElement;
document.title=`inner ${{d.scrollWidth}} ${{d.scrollHeight}}`}}</script>"""


def chromium(*flags):
	program = shutil.which("chromium") or shutil.which("chromium-browser")
	return subprocess.run(
		[program, "--headless", "--no-sandbox", "--disable-gpu",
		 "--hide-scrollbars", "--virtual-time-budget=3000", *flags],
		stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
		timeout=120, check=True).stdout


def frame(page, folder, width, height):
	"""A page that shows the page in a window of this size."""
	text = page.read_text(encoding="utf-8")
	text = text.replace("&", "&amp;").replace('"', "&quot;")
	path = pathlib.Path(folder) / f"frame-{width}-{height}.html"
	path.write_text(FRAME.format(width=width, height=height, page=text),
			encoding="utf-8")
	return path.as_uri()


def measure(page, folder, width, height):
	"""The width and height of what is in the window."""
	document = chromium("--dump-dom", frame(page, folder, width, height))
	return map(int, re.search(r"<title>inner (\d+) (\d+)", document).groups())


def look(page, out):
	fits = True
	with tempfile.TemporaryDirectory() as folder:
		for name, (width, height) in WINDOWS.items():
			inner, whole = measure(page, folder, width, height)
			fits = fits and inner <= width
			print(f"{'ok' if inner <= width else 'not ok'} - "
			      f"{inner} of {width} px: {name} {page.name}")
			for scheme, number in SCHEMES.items():
				chromium(f"--blink-settings=preferredColorScheme={number}",
					 f"--window-size={max(width, 500)},{whole}",
					 f"--screenshot={out}/{page.stem}-{name}-{scheme}.png",
					 frame(page, folder, width, whole))
	chromium(f"--print-to-pdf={out}/{page.stem}.pdf",
		 "--no-pdf-header-footer", page.resolve().as_uri())
	return fits


def main():
	if len(sys.argv) != 3:
		sys.exit(__doc__)
	if not (shutil.which("chromium") or shutil.which("chromium-browser")):
		print("ok - pictures # SKIP there is no chromium")
		return 0
	out = pathlib.Path(sys.argv[2]).resolve()
	out.mkdir(parents=True, exist_ok=True)
	return 0 if look(pathlib.Path(sys.argv[1]), out) else 1


if __name__ == "__main__":
	sys.exit(main())

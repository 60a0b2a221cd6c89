#!/usr/bin/env python3
"""Pictures of a page, for a person to look at; needs chromium.

look.py FILE.html FOLDER

A desktop and a phone, each in light and in dark, and the page on paper. Says
whether the page is wider than the window it is in, whether the browser has an
error to tell, and whether it asked anybody for anything.
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


def browser():
	return shutil.which("chromium") or shutil.which("chromium-browser")


def chromium(*flags):
	return subprocess.run(
		[browser(), "--headless", "--no-sandbox", "--disable-gpu",
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


def silent(page):
	"""No error on the console, and no request to the network."""
	with tempfile.TemporaryDirectory() as folder:
		log = pathlib.Path(folder) / "net.json"
		done = subprocess.run(
			[browser(), "--headless", "--no-sandbox",
			 "--disable-gpu", "--disable-background-networking",
			 "--disable-component-update", "--no-first-run",
			 "--enable-logging=stderr", f"--log-net-log={log}",
			 "--virtual-time-budget=3000", "--dump-dom",
			 page.resolve().as_uri()],
			stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
			text=True, errors="replace", timeout=120, check=True)
		console = [line for line in done.stderr.splitlines()
			   if "CONSOLE" in line]
		# The browser's own have no origin.
		asked = [url for origin, url in re.findall(
				r'"initiator":"([^"]*)"[^}]*"url":"(https?://[^"]*)"',
				log.read_text(errors="replace"))
			 if origin != "not an origin"]
	for what, found in ("error on the console", console), ("request", asked):
		print(f"{'not ok' if found else 'ok'} - no {what}: {page.name}"
		      f"{'' if not found else ' ' + str(found[:3])}")
	return not console and not asked


def look(page, out):
	fits = silent(page)
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
	if not browser():
		print("ok - pictures # SKIP there is no chromium")
		return 0
	out = pathlib.Path(sys.argv[2]).resolve()
	out.mkdir(parents=True, exist_ok=True)
	return 0 if look(pathlib.Path(sys.argv[1]), out) else 1


if __name__ == "__main__":
	sys.exit(main())

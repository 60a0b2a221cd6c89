#!/usr/bin/env python3
"""One row more in services[], and every part of the program knows the service.

service_test.py --build DIR: DIR/tests/rows/mailwall is the program, relinked
with a rules/base/service.c that has the row of service.row; see the Makefile.
"""

import argparse
import ipaddress
import json
import os
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(ROOT / "tests/captures"))

import made

NAME, PORT = "managesieve", 4190
PURPOSE = "managing mail filters"
START_S = 1_700_000_000
POLICY = f"""policy sieve
purpose "keep filters at home"
contact "abuse@example.net"
review 2099-01-01
hook forward
class customers {{ 10.0.0.0/8 2001:db8:1::/48 }}
class servers {{ 192.0.2.0/24 2001:db8:2::/48 }}
outbound from customers {{
	allow {NAME} to servers
	block {NAME} reset
}}
"""


def expect(condition, what):
	if not condition:
		raise AssertionError(what)


def holds(text, *parts):
	for part in parts:
		expect(part in text, f"no {part!r} in:\n{text[-3000:]}")


class World:
	def __init__(self, build, folder):
		self.program = build / "tests/rows/mailwall"
		self.source = build / "tests/rows/service.c"
		self.folder = folder
		self.policy = folder / "sieve.policy"
		self.policy.write_text(POLICY)
		self.store = folder / "sieve.db"

	def run(self, *words, code=0):
		done = subprocess.run(
			[self.program, *map(str, words)], text=True,
			stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
			stderr=subprocess.PIPE, timeout=60,
			env={**os.environ, "MAILWALL_LANG_DIR":
			     str(ROOT / "tools/notice/lang")})
		expect(done.returncode == code, f"{words}: exit "
		       f"{done.returncode}, not {code}: {done.stdout[-300:]}"
		       f"{done.stderr[-900:]}")
		return done.stdout + done.stderr

	def write_capture(self):
		"""A connection to port 4190 that the server answers in cleartext."""
		client = (ipaddress.ip_address("10.0.0.1"), 4000,
			  ipaddress.ip_address("198.51.100.1"), PORT)
		server = (client[2], PORT, client[0], 4000)
		packets = [made.tcp(client, made.SYN, 7),
			   made.tcp(server, made.SYN | made.ACK, 70, 8),
			   made.tcp(client, made.ACK, 8, 71),
			   made.tcp(server, made.ACK, 71, 8, b"OK\r\n")]
		frames = [(START_S * 1000000 + i, packet)
			  for i, packet in enumerate(packets)]
		path = self.folder / "sieve.pcap"
		path.write_bytes(made.pcap(101, frames))
		return path


# ---- claims ----

def in_ports(world):
	"""mailwall ports lists it"""
	listed = json.loads(world.run("ports", "--json"))["ports"]
	row = next((r for r in listed if r["port"] == PORT), None)
	expect(row == {"port": PORT, "name": NAME, "role": "access",
		       "encryption": "starttls", "standard": "RFC 5804",
		       "purpose": PURPOSE}, row)
	holds(world.run("ports"), f"{PORT}  {NAME}")


def in_rules(world):
	"""a policy that names it becomes rules, in each form"""
	text = world.run("generate", "--quiet", world.policy)
	holds(text, f"forward.{NAME}", str(PORT), f"block {NAME} reset")
	for form in "json", "netlink":
		holds(world.run("generate", "--quiet", "--format", form,
				world.policy), NAME)


def in_mistakes(world):
	"""a name that is nearly right is told as the one that was meant"""
	wrong = world.folder / "wrong.policy"
	wrong.write_text(POLICY.replace("block managesieve",
					"block managesive"))
	holds(world.run("check", wrong, code=1), f'did you mean "{NAME}"?')


def in_warnings(world):
	"""a warning about ports in cleartext counts it among them"""
	clear = world.folder / "clear.policy"
	clear.write_text(POLICY.replace("block managesieve reset",
					"allow managesieve"))
	holds(world.run("check", clear),
	      "ports 110, 143 and 4190 start in cleartext")


def in_monitor(world):
	"""the monitor watches its port and names it"""
	lines = world.run("replay", "--json", "--attempts", "--policy",
			  world.policy, "--store", world.store,
			  world.write_capture()).splitlines()
	events = [json.loads(line) for line in lines if line.startswith("{")]
	attempts = [e for e in events if e.get("event") == "attempt"]
	expect([(a["port"] if "port" in a else a["destination_port"],
		 a["service"]) for a in attempts] == [(PORT, NAME)], events)
	ports = events[-1]["ports"][str(PORT)]
	expect(ports["attempts"] == 1 and ports["answered"] == 1, ports)
	expect(not ports.get("banners"), f"a dialogue was read: {ports}")


def in_report(world):
	"""the report has its attempts, as text, JSON and page"""
	period = ["--since", "2023-11-14", "--until", "2023-11-16"]
	document = json.loads(world.run("report", "--json", "--store", world.store,
					*period))
	expect([(p["port"], p["service"], p["attempts"])
		for p in document["ports"]] == [(PORT, NAME, 1)], document)
	holds(world.run("report", "--store", world.store, *period), NAME)
	page = world.folder / "report.html"
	world.run("report", "--store", world.store, *period, "--html", page)
	holds(page.read_text(), NAME)


def in_public_page(world):
	"""the public page says what it is for, though no language has words for it"""
	told = f"port {PORT} ({PURPOSE})"
	text = world.run("publish", "--text", world.policy)
	holds(" ".join(text.split()), told)
	holds(world.run("publish", "--html", world.policy), told)
	document = json.loads(world.run("publish", "--json", world.policy))
	expect({"port": PORT, "service": NAME} in
	       document["rules"][0]["ports"], document["rules"])


def in_a_language(world):
	"""a language may have words for it, and for it as a way instead"""
	lang = world.folder / "lang"
	lang.mkdir()
	for file in (ROOT / "tools/notice/lang").glob("*.words"):
		(lang / file.name).write_text(file.read_text())
	with open(lang / "es.words", "a") as out:
		out.write(f"service.{NAME} = filtros\ninstead.{PORT} = x\n")
	done = subprocess.run(
		[world.program, "publish", "--text", "--lang", "es",
		 world.policy], text=True, stdout=subprocess.PIPE, check=True,
		env={**os.environ, "MAILWALL_LANG_DIR": str(lang)})
	holds(done.stdout, "(filtros)")


def whole_row(world):
	"""a row that lacks a column does not compile"""
	text = world.source.read_text()
	row = (HERE / "service.row").read_text()
	expect(row in text, "the row is not in the source")
	for lacks in row.replace(", NULL }", " }"), row.replace("false, 0, ", ""):
		done = subprocess.run(
			[os.environ.get("CC", "cc"), "-std=c11", "-Wextra",
			 "-fsyntax-only", f"-I{ROOT}/rules/base", "-xc", "-"],
			input=text.replace(row, lacks), text=True,
			stderr=subprocess.PIPE)
		expect(done.returncode, f"it compiles with {lacks}")


CLAIMS = (in_ports, in_rules, in_mistakes, in_warnings, in_monitor, in_report,
	  in_public_page, in_a_language, whole_row)


def main():
	parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
	parser.add_argument("--build", default="build", type=pathlib.Path)
	failed = 0
	with tempfile.TemporaryDirectory() as folder:
		world = World(parser.parse_args().build.resolve(),
			      pathlib.Path(folder))
		for claim in CLAIMS:
			try:
				claim(world)
				print(f"ok - {claim.__doc__}", flush=True)
			except Exception as error:
				failed += 1
				print(f"not ok - {claim.__doc__}")
				for line in str(error).splitlines():
					print(f"# {line}")
	return 1 if failed else 0


if __name__ == "__main__":
	sys.exit(main())

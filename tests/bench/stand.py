"""What every row of the benchmark stands on: run, take turns, show, judge."""

import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(ROOT / "tests/net"))

MILLION = 1000000
POLICY = """policy bench
purpose "bench"
contact "bench@example"
review 2099-01-01
hook {hook}
class subscribers {{ {members} }}
class exempt dynamic
outbound from subscribers {{
	allow smtp from exempt
	{smtp}
	allow submission submissions
}}
"""


class Bench:
	"""A row is a method; its first line of documentation is its title."""

	ROWS = []

	def __init__(self, program, folder, arguments, verdicts):
		self.program, self.folder = program, pathlib.Path(folder)
		self.runs, self.quick = arguments.runs, arguments.quick
		self.build = pathlib.Path(arguments.build).resolve()
		self.n = MILLION // 20 if self.quick else MILLION
		self.rows = verdicts

	# Running things: seconds, CPU seconds and peak memory of one child

	def run(self, words, env=None, out=os.devnull):
		with tempfile.TemporaryFile() as errors, open(out, "w") as output:
			start = time.monotonic()
			child = subprocess.Popen(
				[str(w) for w in words], stdout=output,
				stderr=errors, env={**os.environ, **(env or {})})
			_, child.returncode, usage = os.wait4(child.pid, 0)
			wall = time.monotonic() - start
			if child.returncode:
				errors.seek(0)
				raise SystemExit(f"{words}: {errors.read().decode()}")
		return dict(wall=wall, cpu=usage.ru_utime + usage.ru_stime,
			    kib=usage.ru_maxrss)

	def turns(self, *jobs, runs=None):
		"""Every job once a round; a list of results for each."""
		results = [[] for _ in jobs]
		for _ in range(runs or self.runs):
			for job, result in zip(jobs, results):
				result.append(job())
		return results

	# Showing

	def show(self, what, unit, values):
		low, middle, high = min(values), statistics.median(values), max(values)
		print(f"    {what:<52} {low:10.4g} {middle:10.4g} {high:10.4g} {unit}",
		      flush=True)
		return middle

	def title(self, text):
		print(f"\n{text}\n    {'':<52} {'min':>10} {'median':>10} {'max':>10}",
		      flush=True)

	def verdict(self, text, value, aim, most=True):
		good = value <= aim if most else value >= aim
		sign = "at most" if most else "at least"
		self.rows.append((text, value, sign, aim, good))
		print(f"    {text}: {value:.3g} (aim: {sign} {aim})"
		      f"{'' if good else '  FALLS SHORT'}", flush=True)

	# Data

	def policy(self, name, members, smtp="block smtp drop", hook="forward"):
		path = self.folder / f"{name}.policy"
		path.write_text(POLICY.format(members=members, smtp=smtp, hook=hook))
		return path


def elsewhere(job):
	"""In a child: its peak memory would be the floor of what we measure."""
	child = os.fork()
	if not child:
		job()
		os._exit(0)
	os.waitpid(child, 0)


def dotted(number):
	return ".".join(str(number >> shift & 255) for shift in (24, 16, 8, 0))


def in_router(*words, text=None):
	done = subprocess.run(["ip", "netns", "exec", "router",
			       *(str(w) for w in words)], input=text, text=True,
			      capture_output=True)
	if done.returncode:
		raise SystemExit(f"{words}: {done.stderr}")


class Router:
	"""client -- router -- outside; what arrives outside goes no further."""

	def __enter__(self):
		import kernel_test
		self.network = kernel_test.Network()
		self.network.__enter__()
		mac = json.loads(subprocess.run(
			["ip", "-n", "outside", "-j", "link", "show", "up0"],
			capture_output=True, text=True).stdout)[0]["address"]
		subprocess.run(["ip", "-n", "router", "neigh", "replace",
				"198.51.100.9", "lladdr", mac, "dev", "wan0", "nud",
				"permanent"], check=True)
		in_router("ip", "addr", "replace", "100.64.0.254/10", "dev", "cust0")
		in_router("sysctl", "-qw", "net.ipv4.conf.all.rp_filter=0")
		subprocess.run(
			["ip", "netns", "exec", "outside", "nft", "-f", "-"], text=True,
			check=True, input="table netdev sink {\nchain in {\ntype filter "
			"hook ingress device \"up0\" priority 0;\ntcp dport 80 drop\n"
			"ip saddr 100.64.0.1 tcp dport 25 drop\n}\n}\n")
		return self

	def __exit__(self, *error):
		self.network.__exit__(*error)

	def arrived(self):
		return self.network.arrived()

	def start_ping(self, count):
		return subprocess.Popen(
			["ip", "netns", "exec", "client", "ping", "-i", "0.001", "-c",
			 str(count), "198.51.100.9"], stdout=subprocess.PIPE, text=True)

	def end_ping(self, child):
		text = child.communicate()[0]
		sent, back = re.search(r"(\d+) packets transmitted, (\d+) received",
				       text).groups()
		rtts = [float(t) for t in re.findall(r"time=([\d.]+) ms", text)]
		return rtts, int(sent) - int(back)

	def ping(self, count):
		return self.end_ping(self.start_ping(count))

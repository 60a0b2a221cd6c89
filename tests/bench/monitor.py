"""The monitor's rows: captures, floods, logs, and the tables behind them."""

import json
import os
import pathlib
import signal
import socket
import statistics
import subprocess
import tempfile
import time

import lab
from stand import Bench, MILLION, Router, in_router

GIB = 1 << 30
SENDER_CPU, READER_CPU = 0, 1
SERVER = "198.51.100.9"
ANYONE = ("0.0.0.0", 32)		# and how many bits of it are random
SUBSCRIBERS = ("100.64.0.0", 22)
ULOGD = """[global]
logfile="{folder}/ulogd.log"
loglevel=5
plugin="{plugins}/ulogd_inppkt_NFLOG.so"
plugin="{plugins}/ulogd_raw2packet_BASE.so"
plugin="{plugins}/ulogd_filter_IFINDEX.so"
plugin="{plugins}/ulogd_filter_IP2STR.so"
plugin="{plugins}/ulogd_filter_PRINTPKT.so"
plugin="{plugins}/ulogd_output_LOGEMU.so"
plugin="{plugins}/ulogd_output_PCAP.so"
stack={stack}
[log1]
group=25
netlink_socket_buffer_size=33554432
netlink_socket_buffer_maxsize=67108864
[pcap1]
file="{folder}/ulogd.out"
sync=0
[emu1]
file="{folder}/ulogd.out"
sync=0
"""


class Monitor(Bench):
	ROWS = ["replay_mixed", "replay_syns", "memory_sources", "memory_spoofed",
		"flood", "flood_among", "nflog", "attempt_cost"]

	def __init__(self, *arguments):
		super().__init__(*arguments)
		self.captures = pathlib.Path(tempfile.gettempdir()) / "mailwall-bench"

	# Captures: made once, kept, and in the page cache before they are read

	def capture(self, *words):
		"""Its path, and how many packets and SYNs are in it."""
		words = [str(word) for word in words]
		path = self.captures / ("-".join(words) + ".pcap")
		counts = path.with_suffix(".counts")
		made_by = self.folder / "captures"
		if not counts.exists() or is_older(counts, "captures.c"):
			self.captures.mkdir(exist_ok=True)
			counts.write_text(subprocess.run(
				[made_by, path, *words], text=True, check=True,
				stdout=subprocess.PIPE).stdout)
		self.run(["cat", path])
		packets, syns = map(int, counts.read_text().split())
		return path, packets, syns

	def replay(self, path, syns, *more):
		"""What it says at the end is part of the result, and must be true."""
		out, peak = self.folder / "replay.json", self.folder / "peak.kib"
		done = self.run([self.folder / "peak", peak, self.program, "replay",
				 "--json", *more, path], out=out)
		done["kib"] = int(peak.read_text())
		done["summary"] = last_line(out)
		counted = mail_syns(done["summary"])
		if counted != syns:
			raise SystemExit(f"replay counts {counted} SYNs in {path}, "
					 f"where {syns} are")
		return done

	def bare(self, path):
		return self.run([self.folder / "bare_loop", path])

	def tcpdump(self, path, ports):
		return self.run(["tcpdump", "-n", "-r", path, "-w", "/dev/null",
				 ports])

	def tshark(self, path, ports):
		return self.run(["tshark", "-n", "-r", path, "-Y", ports])

	def replay_mixed(self):
		"""replay of a mixed capture of 1 GiB, 1 % of it SYNs to mail ports"""
		size = GIB // 10 if self.quick else GIB
		path, packets, syns = self.capture("mixed", size)
		tenth, _, tenth_syns = self.capture("mixed", size // 10)
		pcap = "tcp[13] & 18 == 2 and (" + " or ".join(
			f"tcp dst port {port}" for port in lab.MAIL_PORTS) + ")"
		display = "tcp.flags.syn == 1 && tcp.flags.ack == 0 && (" + \
			" || ".join(f"tcp.dstport == {p}" for p in lab.MAIL_PORTS) + ")"
		mine, floor, theirs = self.turns(
			lambda: self.replay(path, syns), lambda: self.bare(path),
			lambda: self.tcpdump(path, pcap))
		tenths, sharks = self.turns(
			lambda: self.replay(tenth, tenth_syns),
			lambda: self.tshark(tenth, display),
			runs=min(self.runs, 3))
		wall = self.show("mailwall replay", "s", walls(mine))
		floor_s = self.show("bare pcap_loop, buffer of 1 MiB", "s",
				    walls(floor))
		tcpdump_s = self.show("tcpdump -r -w /dev/null, SYN filter (IPv4)",
				      "s", walls(theirs))
		tenth_s = self.show("mailwall replay, the first tenth", "s",
				    walls(tenths))
		tshark_s = self.show("tshark -r -Y, the first tenth", "s",
				     walls(sharks))
		print(f"    {packets} packets, {size / wall / 1e9:.2f} GB/s")
		self.verdict("replay / bare loop", wall / floor_s, 1.25)
		# No reader is faster than the bare loop: the most that there is
		print(f"    tcpdump / bare loop: {tcpdump_s / floor_s:.3g}")
		self.verdict("tcpdump / replay", tcpdump_s / wall, 2.5, False)
		self.verdict("tshark / replay, of a tenth", tshark_s / tenth_s, 100,
			     False)

	def replay_syns(self):
		"""replay of 10M attempts of 1M sources in two hours"""
		n = 10 * MILLION // (20 if self.quick else 1)
		path, packets, syns = self.capture("syns", n, n // 10, 7200)
		mine, floor = self.turns(lambda: self.replay(path, syns),
					 lambda: self.bare(path))
		wall = self.show("mailwall replay", "s", walls(mine))
		floor_s = self.show("bare pcap_loop, buffer of 1 MiB", "s",
				    walls(floor))
		self.show("mailwall replay, an attempt", "ns",
			  [w / packets * 1e9 for w in walls(mine)])
		self.show("peak memory", "MB", megabytes(mine))
		self.say_limits(mine[0]["summary"])
		self.verdict("replay of SYNs / bare loop", wall / floor_s, 3)
		self.verdict("peak memory, MB", max(megabytes(mine)), 256)

	def say_limits(self, summary):
		print("    " + ", ".join(
			f"{summary[name]} {name.replace('_', ' ')}" for name in (
				"sources", "evicted", "histories_evicted",
				"attempts_cut", "memory")))

	def memory_sources(self):
		"""peak memory with 1M sources, an attempt each or two, in an hour"""
		n = MILLION // (20 if self.quick else 1)
		few, _, few_syns = self.capture("syns", 1000, 1000, 1)
		floor, = self.turns(lambda: self.replay(few, few_syns))
		floor_mb = self.show("peak memory, a thousand sources", "MB",
				     megabytes(floor))
		each, worst = [], 0
		for name, attempts in ("one", 1), ("two", 2):
			path, _, syns = self.capture("syns", n * attempts, 0 if
						     attempts == 1 else n, 3600)
			done, = self.turns(lambda: self.replay(path, syns))
			self.show(f"peak memory, {name} each", "MB", megabytes(done))
			summary = done[0]["summary"]
			self.say_limits(summary)
			each.append(statistics.median(
				(mb - floor_mb) * 1e6 for mb in megabytes(done)) /
				summary["sources"])
			worst = max(worst, *megabytes(done))
		self.verdict("bytes a source, one attempt each", each[0], 96)
		self.verdict("bytes a source, two attempts on the average",
			     each[1], 96)
		self.verdict("peak memory, MB", worst, 256)

	def memory_spoofed(self):
		"""peak memory with 10M spoofed sources in a minute"""
		n = 10 * MILLION // (10 if self.quick else 1)
		ceiling = 256 // (8 if self.quick else 1)
		path, _, syns = self.capture("syns", n, 0, 60)
		mine, = self.turns(lambda: self.replay(path, syns, "--memory",
						       f"{ceiling}M"))
		self.show("mailwall replay", "s", walls(mine))
		self.show("peak memory", "MB", megabytes(mine))
		summary = mine[0]["summary"]
		self.say_limits(summary)
		self.verdict("spoofed: peak memory / ceiling", max(
			megabytes(mine)) * 1e6 / (ceiling << 20), 1)
		self.verdict("spoofed: in use / ceiling",
			     summary["memory"] / (ceiling << 20), 1)
		# A source that was drawn twice may have been evicted in between
		known = summary["sources"] + summary["evicted"]
		self.verdict("spoofed: sources kept or counted as evicted, of "
			     "those sent", known / n, 0.99, False)
		self.verdict("spoofed: evicted", summary["evicted"], 1, False)

	# Packets as they come

	def flood_once(self, inputs, device, rate, count, one_in, sources, netns,
		       reader=None, stopped=False):
		"""Sends while a reader reads, or stands still until all is sent."""
		reader = (reader or Watch)(self, netns, inputs)
		if stopped:
			reader.child.send_signal(signal.SIGSTOP)
		words = [self.folder / "flood", self.folder / "flood.o", device,
			 rate, count, one_in, *sources, SERVER]
		try:
			done = subprocess.run(
				on_cpu(SENDER_CPU, netns, words), text=True,
				check=True, capture_output=True)
		except subprocess.CalledProcessError as error:
			raise SystemExit(f"flood: {error.stderr}") from None
		finally:
			reader.child.send_signal(signal.SIGCONT)
			came = reader.end()
		mail, other, took = done.stdout.split()
		return dict(came, sent=int(mail), took=float(took),
			    rate=(int(mail) + int(other)) / float(took))

	def flood_rate(self, rate, one_in=1, stopped=False):
		"""For some seconds, in a namespace of its own."""
		count = (rate or 3 * MILLION) * (1 if self.quick else 4)
		with Port() as port:
			done = self.flood_once(["-i", port.DEVICE], port.DEVICE, rate,
					       count, one_in, ANYONE, port.NAME,
					       stopped=stopped)
			passed = port.passed()
		if passed != done["sent"]:
			raise SystemExit(f"{done['sent']} SYNs were sent and {passed} "
					 "entered")
		return done

	def show_flood(self, results):
		self.show("sent, all traffic", "/s", [r["rate"] for r in results])
		self.show("SYNs sent", "", [r["sent"] for r in results])
		self.show("SYNs received by watch", "",
			  [r["syns"] for r in results])
		self.show("lost, as watch says", "", [r["lost"] for r in results])
		self.show("CPU of watch for a SYN", "ns",
			  [r["cpu"] / r["sent"] * 1e9 for r in results])

	def flood(self):
		"""a flood to port 25 from random sources"""
		half, whole, late = self.turns(
			lambda: self.flood_rate(MILLION // 2),
			lambda: self.flood_rate(MILLION),
			lambda: self.flood_rate(MILLION, stopped=True))
		for results, name in ((half, "500,000/s"), (whole, "1,000,000/s"),
				      (late, "watch stopped until all is sent")):
			print(f"  {name}")
			self.show_flood(results)
		self.verdict("lost at 500,000/s", max(missing(half)), 0)
		self.verdict("received at 1M/s, share", statistics.median(
			r["syns"] / r["sent"] for r in whole), 0.98, False)
		# Nothing is proven of counting where nothing was lost
		self.verdict("lost while watch was stopped", min(missing(late)), 1,
			     False)
		self.verdict("sent - received - lost", max(
			abs(r["sent"] - r["syns"] - r["lost"])
			for r in half + whole + late), 0)

	def flood_among(self):
		"""the flood as 1 % of 4M packets a second"""
		results, = self.turns(lambda: self.flood_rate(4 * MILLION, 100))
		self.show_flood(results)
		rate = statistics.median(r["rate"] for r in results)
		print("    4M packets a second were asked for; the sender, on one "
		      f"processor, made {rate / MILLION:.2f}M")
		self.verdict(f"lost among {rate / MILLION:.2f}M packets/s",
			     max(missing(results)), 0)

	# Logs

	def log_once(self, rate, reader, stopped=False):
		count = (rate or MILLION) * (1 if self.quick else 4)
		before = logged()
		done = self.flood_once(["-g", "25"], "cust0", rate, count, 1,
				       SUBSCRIBERS, "router", reader, stopped)
		done["counted"] = logged() - before
		return done

	def nflog(self):
		"""NFLOG under the rules that apply writes"""
		policy = self.policy("log", "100.64.0.0/10", "block smtp drop log")
		with Router():
			in_router(self.program, "apply", "-q", policy)
			half, late, most, pcap, text = self.turns(
				lambda: self.log_once(MILLION // 2, Watch),
				lambda: self.log_once(MILLION // 2, Watch, True),
				lambda: self.log_once(0, Watch),
				lambda: self.log_once(0, UlogdPcap),
				lambda: self.log_once(0, UlogdText))
		for results, name in ((half, "500,000/s"),
				      (late, "watch stopped until all is sent")):
			print(f"  {name}")
			self.show("packets that the clause counted", "",
				  [r["counted"] for r in results])
			self.show("received by watch", "",
				  [r["syns"] for r in results])
			self.show("lost, by sequence numbers", "",
				  [r["lost"] for r in results])
			self.show("unlogged, by the clause's counter", "",
				  [r["unlogged"] for r in results])
		print("  as many as can be sent")
		rates = {}
		for results, name in ((most, "watch"), (pcap, "ulogd2 to pcap"),
				      (text, "ulogd2 to text")):
			self.show(f"sent to {name}", "/s",
				  [r["rate"] for r in results])
			rates[name] = self.show(
				f"received by {name}", "/s",
				[r["syns"] / r["busy"] for r in results])
			self.show(f"share that {name} received", "",
				  [r["syns"] / r["counted"] for r in results])
			self.show(f"CPU of {name} for a log", "ns",
				  [r["cpu"] / r["syns"] * 1e9 for r in results])
		self.verdict("logs lost at 500,000/s", max(
			r["counted"] - r["syns"] for r in half), 0)
		self.verdict("logs lost while watch was stopped", min(
			r["counted"] - r["syns"] for r in late), 1, False)
		# A loss that no log follows has no number: the counter tells of it
		self.verdict("counter - received - lost - unlogged", max(
			abs(r["counted"] - r["syns"] - r["lost"] - r["unlogged"])
			for r in half + late + most), 0)
		# Where watch received all, the sender was the limit, not watch
		for name in "ulogd2 to text", "ulogd2 to pcap":
			self.verdict(f"watch / {name}, logs a second",
				     rates["watch"] / rates[name], 5, False)

	# Tables

	def attempt(self, sources, servers):
		done = subprocess.run(
			["taskset", "-c", str(READER_CPU),
			 self.build / "tests/bench/table", str(sources),
			 str(servers)], text=True, check=True,
			stdout=subprocess.PIPE)
		names = ("attempt", "decode", "access", "wait", "bytes", "sources",
			 "cut")
		return dict(zip(names, map(float, done.stdout.split())))

	def attempt_cost(self):
		"""an attempt through the engine's tables, decoding aside"""
		sizes = [10000, 100000, MILLION] + \
			([] if self.quick else [10 * MILLION])
		if self.quick:
			sizes = sizes[:2] + [MILLION // 4]
		results = self.turns(*(lambda n=n: self.attempt(n, 1)
				       for n in sizes))
		more = self.turns(*(lambda n=n: self.attempt(n, 4)
				    for n in sizes[:3]))
		cost = {}
		for n, done in zip(sizes, results):
			name = f"{n // 1000}k sources"
			cost[n] = self.show(f"{name}, one server each", "ns",
					    [r["attempt"] for r in done])
			access = self.show("  64 bytes of the same memory, at random",
					   "ns", [r["access"] for r in done])
			wait = self.show("  the same, one after the other", "ns",
					 [r["wait"] for r in done])
			print(f"    {done[0]['bytes'] / 1e6:.0f} MB")
			if n > 100000:
				self.verdict(f"{name}: attempt / access",
					     cost[n] / access, 4)
				self.verdict(f"{name}: attempt / access that waits",
					     cost[n] / wait, 4)
		for n, done in zip(sizes, more):
			self.show(f"{n // 1000}k sources, four servers each", "ns",
				  [r["attempt"] for r in done])
		flat = [cost[n] for n in sizes[:3]]
		self.verdict(f"cost flat, 10k to {sizes[2] // 1000}k sources",
			     max(flat) / min(flat), 2)


def is_older(path, source):
	made_by = pathlib.Path(__file__).with_name(source)
	return path.stat().st_mtime < made_by.stat().st_mtime


def last_line(path):
	lines = pathlib.Path(path).read_text().splitlines()
	return json.loads(lines[-1])


def mail_syns(summary):
	return sum(port["syns"] for port in summary["ports"].values())


def walls(results):
	return [r["wall"] for r in results]


def megabytes(results):
	return [r["kib"] * 1024 / 1e6 for r in results]


def missing(results):
	return [r["sent"] - r["syns"] for r in results]


def on_cpu(cpu, netns, words):
	return [str(word) for word in (
		"ip", "netns", "exec", netns, "taskset", "-c", cpu, *words)]


def logged():
	"""What the clause that logs has counted, in the router."""
	text = subprocess.run(
		["ip", "netns", "exec", "router", "nft", "-j", "list", "counters"],
		capture_output=True, text=True, check=True).stdout
	return sum(item["counter"]["packets"]
		   for item in json.loads(text)["nftables"]
		   if item.get("counter", {}).get("name", "").startswith("block-"))


class Port:
	"""A veth whose frames go no further than to who captures them."""

	NAME, DEVICE = "port", "cust0"

	def __enter__(self):
		for words in (f"ip netns add {self.NAME}",
			      f"ip -n {self.NAME} link add {self.DEVICE} type veth "
			      "peer name up0",
			      f"ip netns exec {self.NAME} sysctl -qw "
			      "net.ipv6.conf.all.disable_ipv6=1",
			      f"ip -n {self.NAME} link set up0 up",
			      f"ip -n {self.NAME} link set {self.DEVICE} up"):
			subprocess.run(words.split(), check=True)
		self.nft("-f", "-", text="table netdev sink {\ncounter mail { }\n"
			 "chain in {\ntype filter hook ingress device "
			 f'"{self.DEVICE}" priority 0\ntcp dport 25 counter name '
			 "mail drop\ndrop\n}\n}\n")
		return self

	def __exit__(self, *_):
		subprocess.run(["ip", "netns", "del", self.NAME], check=False)

	def nft(self, *words, text=None):
		return subprocess.run(
			["ip", "netns", "exec", self.NAME, "nft", *words],
			input=text, text=True, check=True,
			stdout=subprocess.PIPE).stdout

	def passed(self):
		text = self.nft("-j", "list", "counters")
		return json.loads(text)["nftables"][1]["counter"]["packets"]


class Reader:
	"""A program that reads packets while they are sent."""

	def __init__(self, bench, netns, words, env=None, out=None):
		self.errors = tempfile.TemporaryFile()
		self.out = open(out or os.devnull, "w")
		self.child = subprocess.Popen(
			on_cpu(READER_CPU, netns, words), stdout=self.out,
			stderr=self.errors, env={**os.environ, **(env or {})})
		self.start = time.monotonic()

	def died(self):
		self.errors.seek(0)
		return SystemExit(f"{self.child.args}: "
				  f"{self.errors.read().decode()}")

	def stop(self):
		"""Its CPU time."""
		self.child.send_signal(signal.SIGTERM)
		_, status, usage = os.wait4(self.child.pid, 0)
		self.child.returncode = os.waitstatus_to_exitcode(status)
		self.out.close()
		if self.child.returncode not in (0, -signal.SIGTERM):
			raise self.died()
		return usage.ru_utime + usage.ru_stime


class Watch(Reader):
	def __init__(self, bench, netns, inputs):
		self.path = bench.folder / "watch.json"
		ready = bench.folder / "notify"
		ready.unlink(missing_ok=True)
		with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notes:
			notes.bind(str(ready))
			notes.settimeout(10)
			super().__init__(bench, netns, [
				bench.program, "watch", "--json", "--every", "1h",
				*inputs], env={"NOTIFY_SOCKET": str(ready)},
				out=self.path)
			self.wait(notes)
		self.start = time.monotonic()

	def wait(self, notes):
		try:
			while b"READY=1" not in notes.recv(4096):
				pass
		except socket.timeout:
			self.child.kill()
			self.child.wait()
			raise self.died() from None

	def end(self):
		busy = time.monotonic() - self.start
		time.sleep(0.5)		# a block or a batch may be on its way
		cpu = self.stop()
		summary = last_line(self.path)
		return dict(syns=summary["ports"]["25"]["syns"], cpu=cpu, busy=busy,
			    lost=summary["lost"], unlogged=summary["unlogged"])


class Ulogd(Reader):
	"""A row each for a stack of its plugins; the output is in memory."""

	def __init__(self, bench, netns, _):
		self.path = pathlib.Path("/run/ulogd.out")
		self.path.unlink(missing_ok=True)
		plugins, = pathlib.Path("/usr/lib").glob("*/ulogd")
		config = bench.folder / "ulogd.conf"
		config.write_text(ULOGD.format(folder="/run", plugins=plugins,
					     stack=self.STACK))
		super().__init__(bench, netns, ["ulogd", "-c", config])
		end = time.monotonic() + 10
		while not self.listens(netns):
			if time.monotonic() > end or self.child.poll() is not None:
				raise self.died()
			time.sleep(0.05)
		self.start = time.monotonic()

	def listens(self, netns):
		return subprocess.run(
			["ip", "netns", "exec", netns, "cat",
			 "/proc/net/netfilter/nfnetlink_log"], text=True,
			stdout=subprocess.PIPE).stdout.strip() != ""

	def end(self):
		"""What waits in its socket is read to the end, and is its time."""
		size, at, busy = -1, 0, 0
		while size != at:
			busy = time.monotonic() - self.start
			size, at = at, self.path.stat().st_size
			time.sleep(0.3)
		cpu = self.stop()
		return dict(syns=self.records(), cpu=cpu, busy=busy)


class UlogdPcap(Ulogd):
	"""Its cheapest output: no text is made of a packet."""

	STACK = "log1:NFLOG,base1:BASE,pcap1:PCAP"

	def records(self):
		"""All packets are of one size, and so are the records."""
		data = self.path.read_bytes()
		each = 16 + int.from_bytes(data[32:36], "little")
		if (len(data) - 24) % each:
			raise SystemExit("ulogd2: its records are of different sizes")
		return (len(data) - 24) // each


class UlogdText(Ulogd):
	"""The stack of the ulogd.conf that Debian installs."""

	STACK = "log1:NFLOG,base1:BASE,ifi1:IFINDEX,ip2str1:IP2STR," \
		"print1:PRINTPKT,emu1:LOGEMU"

	def records(self):
		return self.path.read_bytes().count(b"\n")

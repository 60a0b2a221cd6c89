"""The firewall's rows: loading rules, and packets under them."""

import random
import re
import statistics
import subprocess
import sys
import time

from stand import (Bench, MILLION, ROOT, Router, dotted, elsewhere,
		   in_router)


# The rules of the preamble, each of which jumps to one of its chains.
PREAMBLE = r"jump (first-fragments|fragments|source-routes|ip-options)\n"


class Rules(Bench):
	ROWS = ["load_prefixes", "load_addresses", "change_ten",
		"plan_same", "small", "other_packets", "exempt_customers",
		"drops", "preamble", "under_traffic"]

	def apply(self, policy):
		"""One apply; kernel is the time inside its one sendmsg()."""
		times = self.folder / "sendmsg"
		done = self.run([self.program, "apply", "-q", policy],
				env={"LD_PRELOAD": str(self.folder / "preload.so"),
				     "SENDMSG_TIME": str(times)})
		done["kernel"] = float(times.read_text())
		return done

	def nft(self, text):
		subprocess.run(["nft", "-f", "-"], input=text, text=True, check=True)

	def flush(self):
		self.nft("flush ruleset")

	# Data

	def list_file(self, name, lines):
		(self.folder / name).write_text("\n".join(lines) + "\n")
		return f'file "{name}"'

	def prefixes(self):
		"""Distinct, never adjacent, in no order: 16.0.0.0/27, 16.0.0.64/27..."""
		order = list(range(self.n))
		random.Random(25).shuffle(order)
		return [dotted((16 << 24) + i * 64) + "/27" for i in order]

	def addresses(self):
		order = list(range(self.n))
		random.Random(26).shuffle(order)
		return [dotted((16 << 24) + i * 2) for i in order]

	# The rows

	def load_prefixes(self):
		"""a class of a million prefixes, from a shuffled file to committed"""
		shuffled = self.folder / "shuffled.nft"

		def write():
			lines = self.prefixes()
			self.list_file("p.list", lines)
			shuffled.write_text(
				"table inet mailwall {\nset s { type ipv4_addr; flags "
				"interval;\nelements = {\n" + ",\n".join(lines) +
				"\n}\n}\n}\n")

		elsewhere(write)
		policy = self.policy("prefixes", 'file "p.list"')
		text = self.folder / "sorted.nft"
		self.run([self.program, "generate", "-q", policy, "-o", text])

		def ours():
			self.flush()
			return self.apply(policy)

		def nft_f(path):
			def job():
				self.flush()
				return self.run(["nft", "-f", path])
			return job

		mine, theirs, worst = self.turns(ours, nft_f(text), nft_f(shuffled))
		self.flush()
		self.show("inside the one sendmsg()", "s",
				   [r["kernel"] for r in mine])
		wall = self.show("mailwall apply", "s", [r["wall"] for r in mine])
		sorted_s = self.show("nft -f, the text of generate (sorted)", "s",
				     [r["wall"] for r in theirs])
		worst_s = self.show("nft -f, in the order of the file", "s",
				    [r["wall"] for r in worst])
		memory = self.show("mailwall apply, peak memory", "KiB",
				   [r["kib"] for r in mine])
		memory_nft = self.show("nft -f, peak memory", "KiB",
				       [r["kib"] for r in theirs])
		each = statistics.median(r["wall"] / r["kernel"] for r in mine)
		self.verdict("apply / sendmsg", each, 1.4)
		self.verdict("nft -f sorted / apply", sorted_s / wall, 4.5, False)
		self.verdict("nft -f shuffled / apply", worst_s / wall, 10, False)
		self.verdict("memory: nft / apply", memory_nft / memory, 8, False)
		self.verdict("memory: bytes an element",
			     memory * 1024 / self.n, 80)

	def load_addresses(self):
		"""a class of a million single addresses"""
		lines = self.addresses()
		policy = self.policy("addresses", self.list_file("a.list", lines))
		text = self.folder / "hosts.nft"
		self.run([self.program, "generate", "-q", policy, "-o", text])
		restore = self.folder / "ipset"
		restore.write_text(
			f"create s hash:ip maxelem {2 * self.n} hashsize {self.n}\n" +
			"".join(f"add s {line}\n" for line in lines))

		def ours():
			self.flush()
			return self.apply(policy)

		def nft_f():
			self.flush()
			return self.run(["nft", "-f", text])

		def ipset():
			subprocess.run(["ipset", "destroy"], check=True)
			return self.run(["ipset", "restore", "-f", restore])

		mine, theirs, sets = self.turns(ours, nft_f, ipset)
		self.flush()
		subprocess.run(["ipset", "destroy"], check=True)
		self.show("inside the one sendmsg()", "s", [r["kernel"] for r in mine])
		wall = self.show("mailwall apply", "s", [r["wall"] for r in mine])
		nft_s = self.show("nft -f", "s", [r["wall"] for r in theirs])
		ipset_s = self.show("ipset restore", "s", [r["wall"] for r in sets])
		self.verdict("nft -f / apply", nft_s / wall, 5, False)
		self.verdict("ipset restore / apply", ipset_s / wall, 4, False)

	def change_ten(self):
		"""ten prefixes of a million change"""
		lines = self.prefixes()
		policies, draw = [], random.Random(27)
		for name in "one", "two":
			for _ in range(10):
				lines[draw.randrange(len(lines))] = dotted(
					(160 << 24) + draw.randrange(1 << 20) * 64) + "/27"
			policies.append(self.policy(
				name, self.list_file(f"{name}.list", lines)))
		self.flush()
		self.apply(policies[0])
		self.apply(policies[1])
		mine, = self.turns(lambda: [self.apply(p) for p in policies])
		mine = [r for pair in mine for r in pair]
		self.show("inside the one sendmsg()", "s", [r["kernel"] for r in mine])
		wall = self.show("mailwall apply", "s", [r["wall"] for r in mine])
		new = ", ".join(f"170.0.{i}.0/27" for i in range(10))
		add = [self.run(["nft", "add", "element", "inet", "mailwall",
				 "subscribers.v4", f"{{ {new} }}"])]
		nft_s = self.show("nft add element (once)", "s",
				  [r["wall"] for r in add])
		self.flush()
		each = statistics.median(r["wall"] / r["kernel"] for r in mine)
		self.verdict("apply / the kernel's own commit", each, 1.2)
		self.verdict("nft add element / apply", nft_s / wall, 300, False)

	def plan_same(self):
		"""plan of a policy of a million addresses that is loaded"""
		policy = self.policy("same", self.list_file("same.list",
							    self.addresses()))
		env = {"MAILWALL_STATE_DIR": str(self.folder / "state")}
		self.flush()
		self.run([self.program, "apply", "-q", policy], env=env)
		mine, = self.turns(lambda: self.run(
			[self.program, "plan", "-q", policy], env=env))
		self.flush()
		wall = self.show("mailwall plan", "s", [r["wall"] for r in mine])
		self.verdict("milliseconds", wall * 1e3, 50)

	def small(self):
		"""check and generate of residential"""
		policy = ROOT / "rules/policies/residential.policy"
		text = self.folder / "residential.nft"
		self.run([self.program, "generate", policy, "-o", text])
		repeat = 20

		def many(*commands):
			def job():
				done = [[self.run(c) for c in commands]
					for _ in range(repeat)]
				return dict(
					wall=sum(r["wall"] for d in done for r in d) / repeat,
					cpu=sum(r["cpu"] for d in done for r in d) / repeat)
			return job

		mine, theirs = self.turns(
			many([self.program, "check", policy],
			     [self.program, "generate", policy]),
			many(["nft", "-c", "-f", text]))
		wall = self.show("mailwall check + generate", "s",
				 [r["wall"] for r in mine])
		nft_s = self.show("nft -c -f of its output", "s",
				  [r["wall"] for r in theirs])
		cpu = self.show("mailwall check + generate, CPU", "s",
				[r["cpu"] for r in mine])
		self.verdict("check + generate / nft -c -f", wall / nft_s, 1)
		self.verdict("CPU, milliseconds", cpu * 1e3, 5)

	# Packets: nanoseconds from a device's input to the wire or the drop

	def per_packet(self, cases, port, packets=MILLION):
		"""cases: name -> a function that sets the rules up on the router."""
		if self.quick:
			packets //= 4
		results = {name: [] for name in cases}
		for _ in range(self.runs):
			for name, prepare in cases.items():
				in_router("nft", "flush", "ruleset")
				in_router("iptables-nft", "-F")
				prepare()
				words = ["ip", "netns", "exec", "router",
					 self.folder / "inject", "cust0", packets,
					 "100.64.0.1", "198.51.100.9", port]
				done = subprocess.run([str(w) for w in words],
						      capture_output=True, text=True,
						      check=True)
				results[name].append(float(done.stdout))
		in_router("nft", "flush", "ruleset")
		return {name: self.show(name, "ns", values)
			for name, values in results.items()}

	def ours(self, policy):
		return lambda: in_router(self.program, "apply", "-q", policy)

	def other_packets(self):
		"""a packet that is not mail, forwarded under a policy"""
		big = self.policy("big", "100.64.0.0/10 " +
				  self.list_file("big.list", self.prefixes()))
		ten = self.policy("ten", "100.64.0.0/10 " + " ".join(
			f"10.{i}.0.0/17" for i in range(9)))
		with Router():
			ns = self.per_packet({
				"no rules": lambda: None,
				"an empty base chain": lambda: in_router(
					"nft", "add table inet e; add chain inet e f "
					"{ type filter hook forward priority 0; }"),
				"policy, ten prefixes": self.ours(ten),
				"policy, a million prefixes": self.ours(big),
			}, 80)
		big_ns = ns["policy, a million prefixes"]
		self.verdict("million / empty base chain",
			     big_ns / ns["an empty base chain"], 1.12)
		self.verdict("million / ten", big_ns / ns["policy, ten prefixes"],
			     1.06)

	def exempt_customers(self):
		"""a packet to port 25, a thousand exempt customers"""
		customers = [f"100.65.{i >> 8}.{i & 255}" for i in range(1000)]
		policy = self.policy(
			"thousand", "100.64.0.0/10",
			"allow smtp from customers\n\tobserve smtp")
		policy.write_text(policy.read_text().replace(
			"class exempt", "class customers { " +
			self.list_file("customers.list", customers) +
			" }\nclass exempt"))
		chain = "table inet e {\nchain f {\ntype filter hook forward " \
			"priority 0;\n%s}\n}\n"
		rules = "".join(f"ip saddr {c} tcp dport 25 accept\n"
				for c in customers)
		iptables = "*filter\n" + "".join(
			f"-A FORWARD -s {c}/32 -p tcp --dport 25 -j ACCEPT\n"
			for c in customers) + "COMMIT\n"
		(self.folder / "iptables").write_text(iptables)
		with Router():
			ns = self.per_packet({
				"no rules": lambda: None,
				"mailwall": self.ours(policy),
				"nft, 1,000 rules": lambda: in_router(
					"nft", "-f", "-", text=chain % rules),
				"iptables-nft, 1,000 rules": lambda: in_router(
					"iptables-nft-restore", self.folder / "iptables"),
			}, 25, packets=MILLION // 2)
		added = {name: value - ns["no rules"] for name, value in ns.items()}
		self.verdict("nft / mailwall, ns added",
			     added["nft, 1,000 rules"] / added["mailwall"], 8, False)
		self.verdict("iptables-nft / mailwall, ns added",
			     added["iptables-nft, 1,000 rules"] / added["mailwall"],
			     18, False)

	def drops(self):
		"""port 25 dropped, against forwarding it without rules"""
		late = self.policy("late", "100.64.0.0/10")
		early = self.policy("early", "100.64.0.0/10", hook="ingress cust0")
		with Router():
			ns = self.per_packet({
				"forwarded, no rules": lambda: None,
				"dropped, hook forward": self.ours(late),
				"dropped, hook ingress": self.ours(early),
			}, 25)
		whole = ns["forwarded, no rules"]
		self.verdict("drop in forward / forwarding",
			     ns["dropped, hook forward"] / whole, 1.45)
		self.verdict("drop at ingress / forwarding",
			     ns["dropped, hook ingress"] / whole, 1.2)

	def preamble(self):
		"""what refuses hidden headers, against the same rules without it"""
		policy = self.policy("whole", "100.64.0.0/10")
		text = subprocess.run([self.program, "generate", "-q", policy],
				      stdout=subprocess.PIPE, text=True,
				      check=True).stdout
		bare = "".join(line for line in text.splitlines(True)
			       if not re.search(PREAMBLE, line))
		if bare == text:
			raise ValueError("no rule of the preamble is found")
		cases = {"with it": lambda: in_router("nft", "-f", "-", text=text),
			 "without it": lambda: in_router("nft", "-f", "-",
							 text=bare)}
		with Router():
			for port, what in (80, "forwarding"), (25, "dropping 25"):
				ns = self.per_packet(cases, port)
				self.verdict(f"{what}, with / without",
					     ns["with it"] / ns["without it"], 1.03)

	def under_traffic(self):
		"""a policy of a million elements is replaced under traffic"""
		policies = []
		for i, name in enumerate(("left", "right")):
			lines = [dotted(((16 + i) << 24) + n * 64 + i * 32) + "/27"
				 for n in range(self.n)]
			random.Random(i).shuffle(lines)
			policies.append(self.policy(
				name, "100.64.0.0/10 " +
				self.list_file(f"{name}.list", lines)))
		idle, busy, lost = [], [], 0
		with Router() as router:
			in_router(self.program, "apply", "-q", policies[0])
			for turn in range(self.runs):
				rtts, gone = router.ping(4000)
				idle.append(high(rtts))
				lost += gone
				ping = router.start_ping(8000)
				start = time.monotonic()
				while time.monotonic() - start < 8:
					in_router(self.program, "apply", "-q",
						  "--shrink", policies[(turn + 1) % 2])
					turn += 1
				rtts, gone = router.end_ping(ping)
				busy.append(high(rtts))
				lost += gone
			flood = subprocess.Popen(
				["ip", "netns", "exec", "client", sys.executable, "-c",
				 lab_flood(), "120"], stdin=subprocess.PIPE,
				stdout=subprocess.PIPE, text=True)
			for policy in policies * 2:
				in_router(self.program, "apply", "-q",
					  "--shrink", policy)
			sent = int(flood.communicate("\n")[0])
			leaked = router.arrived()
		idle_ms = self.show("idle, p99.9", "ms", idle)
		busy_ms = self.show("while replacing, p99.9", "ms", busy)
		self.verdict("p99.9 replacing / idle", busy_ms / idle_ms, 1.5)
		self.verdict("echo requests lost", lost, 0)
		self.verdict(f"SYNs to port 25 that got through, of {sent}",
			     leaked, 0)


def lab_flood():
	import kernel_test
	return kernel_test.FLOOD


def high(values):
	values = sorted(values)
	return values[int(len(values) * 0.999)]

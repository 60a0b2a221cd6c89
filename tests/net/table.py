"""Tables of fates: what an administrator who reads the policy expects.

A table is fates/POLICY.tsv. Its cells are separated by tabs (one or more). The first line is
its claim; other lines that begin with # are remarks. Statements:

	@link	NAMESPACE	DEVICE			one more link of the middle
	@host	NAME	NAMESPACE	IPV4	IPV6	[uid=N gid=N]	"-" is none
	@add	CLASS	HOST|PREFIX...			mailwall exempt add
	@remove	CLASS	HOST|PREFIX...			mailwall exempt remove
	@define	NAME=VALUE				mailwall apply -D

A row says what becomes of connections:

	way	sources	destinations	ports	fate	decided by

way		out, in, between two customers, asym: the answers alone pass the
		policy. With 4 or 6 behind it: of that family only
sources, destinations, ports
		a list in a cell means each of them; "a+b" means by turns
ports		25>8080 is from source port 25 to port 8080
fate		see probe.py; "connected*3 reset*2" are five dials, one after the
		other. "redirected HOST"
decided by	the clause as the policy has it, or - for none: it passes
"""

import pathlib
import re

import lab

HERE = lab.HERE
SHIPPED = HERE.parent.parent / "rules" / "policies"
MIDDLE = {"forward": "router", "ingress": "router", "output": "host",
	  "bridge": "bridge"}
BLOCKS = ("reset", "icmp", "silence")


class TableError(Exception):
	pass


class Row:
	def __init__(self, number, cells):
		way, sources, targets, ports, fate, self.clause = cells
		self.number = number
		self.way = way.rstrip("46")
		self.families = [int(way[-1])] if way[-1] in "46" else [4, 6]
		self.sources = [cell.split("+") for cell in sources.split()]
		self.targets = [cell.split("+") for cell in targets.split()]
		self.ports = [read_ports(cell) for cell in ports.split()]
		self.fate = fate

	def fates(self, hosts, family):
		"""The fate cell as a list, one fate a dial."""
		target = re.fullmatch(r"redirected (\S+)", self.fate)
		if target:
			return [f"redirected {hosts[target[1]].ip[family]}"]
		fates = []
		for word in self.fate.split():
			name, _, times = word.partition("*")
			fates += [name] * int(times or 1)
		return fates


def read_ports(cell):
	"""25>8080 -> (25, [8080]), 25+587 -> (0, [25, 587])"""
	source, _, ports = cell.rpartition(">")
	return int(source or 0), [int(port) for port in ports.split("+")]


class Attempt:
	"""One row's dials for one source, destination, port and family."""

	def __init__(self, row, family, sources, targets, ports, fates):
		self.row, self.family = row, family
		self.sources, self.targets = sources, targets
		self.sport, self.ports = ports
		self.fates, self.seen = fates, None

	def order(self, number):
		"""As probe.py reads it."""
		first = self.sources[0]
		return dict(id=number, sport=self.sport, uid=first.uid,
			    gid=first.gid,
			    mark=lab.BYPASS_MARK if self.row.way == "asym" else 0,
			    dials=[[self.turn(self.sources, n).ip[self.family],
				    self.turn(self.targets, n).ip[self.family],
				    self.turn(self.ports, n)]
				   for n in range(len(self.fates))])

	@staticmethod
	def turn(things, n):
		return things[n % len(things)]

	def takes_turns(self):
		return any(len(end) > 1 for end in
			   (self.sources, self.targets, self.ports))

	def keys(self):
		way = "asym" if self.row.way == "asym" else "direct"
		return [(way, source.name, target.name, f"IPv{self.family}")
			for source in self.sources for target in self.targets]

	def where(self):
		return self.sources[0].where

	def __str__(self):
		sport = f"from port {self.sport} " if self.sport else ""
		return (f"{self.row.way} {self.ends(self.sources)} {sport}-> "
			f"{self.ends(self.targets)} "
			f"port {'+'.join(map(str, self.ports))}")

	def ends(self, hosts):
		return "+".join(f"{host.name} ({host.ip[self.family]})"
				for host in hosts)


class Table:
	def __init__(self, path):
		self.name = path.stem
		self.policy = find_policy(self.name)
		self.text = self.policy.read_text()
		self.middle = MIDDLE[re.search(r"^hook\s+(\w+)", self.text, re.M)[1]]
		self.observe = bool(re.search(r"^mode\s+observe", self.text, re.M))
		self.links = {"client": "cust0", "outside": "wan0"}
		if self.middle == "host":
			del self.links["client"]
		self.hosts, self.rows = {}, []
		self.changes, self.defines = [], []
		lines = path.read_text().splitlines()
		self.claim = lines[0].lstrip("# ")
		for number, line in enumerate(lines, 1):
			if line and not line.startswith("#"):
				self.read(number, re.split("\t+", line))
		self.attempts = [attempt for row in self.rows
				 for attempt in self.expand(row)]
		self.check()

	def read(self, number, cells):
		try:
			verb = self.VERBS.get(cells[0])
			if verb:
				verb(self, *cells[1:])
			else:
				self.rows.append(Row(number, cells))
		except (ValueError, TypeError, KeyError) as error:
			raise TableError(f"{self.name}.tsv:{number}: {error!r}") from None

	def add_link(self, where, device):
		self.links[where] = device

	def add_host(self, name, where, ip4, ip6, owner=""):
		ids = dict(word.split("=") for word in owner.split())
		self.hosts[name] = lab.Host(
			name, where, *(None if ip == "-" else ip for ip in (ip4, ip6)),
			**{kind: int(value) for kind, value in ids.items()})

	def add_member(self, name, hosts):
		self.change("add", name, hosts)

	def remove_member(self, name, hosts):
		self.change("remove", name, hosts)

	def change(self, verb, name, members):
		ips = []
		for member in members.split():
			if "/" in member:
				ips.append(member)
			else:
				ips += self.hosts[member].ip.values()
		self.changes.append((verb, name, [ip for ip in ips if ip]))

	def add_define(self, define):
		self.defines.append(define)

	VERBS = {"@link": add_link, "@host": add_host, "@add": add_member,
		 "@remove": remove_member, "@define": add_define}

	def expand(self, row):
		for sources in row.sources:
			for targets in row.targets:
				ends = ([self.hosts[name] for name in sources],
					[self.hosts[name] for name in targets])
				for family in row.families:
					if not all(h.ip[family] for end in ends
						   for h in end):
						continue
					for ports in row.ports:
						yield Attempt(row, family, *ends, ports,
							      row.fates(self.hosts,
									family))

	def bypasses(self):
		return {(attempt.where(), attempt.targets[0].where)
			for attempt in self.attempts if attempt.row.way == "asym"}

	# A table that forgets a port or quotes a clause that is gone is wrong

	def check(self):
		complaints = [*self.check_clauses(), *self.check_ports()]
		if complaints:
			raise TableError("\n".join(complaints))

	def check_clauses(self):
		for row in self.rows:
			if row.clause != "-" and not self.clause_lines(row.clause):
				yield (f"{self.name}.tsv:{row.number}: the policy has "
				       f"no clause \"{row.clause}\"")

	def clause_lines(self, clause):
		"""The policy's lines that read so."""
		return [number for number, line
			in enumerate(self.text.splitlines(), 1)
			if line.partition("#")[0].split() == clause.split()]

	def ports_needed(self):
		"""What the policy or the table names, and one that is no mail port.

		A service that neither names is like that one.
		"""
		words = set(re.findall(r"[\w-]+", self.text))
		tried = {port for attempt in self.attempts
			 for port in attempt.ports}
		return {lab.OTHER_PORT} | {
			port for name, port in lab.SERVICES.items()
			if {name, str(port)} & words or port in tried}

	def check_ports(self):
		"""What goes by turns counts as each of them with each other."""
		plain, turns = {}, {}
		needed = self.ports_needed()
		for attempt in self.attempts:
			if attempt.sport:
				continue
			found = turns if attempt.takes_turns() else plain
			for key in attempt.keys():
				found.setdefault(key, []).extend(attempt.ports)
		for key, ports in plain.items():
			missing = sorted(needed - {*ports, *turns.get(key, [])})
			twice = sorted({p for p in ports if ports.count(p) > 1})
			if missing or twice:
				yield (f"{self.name}.tsv: {' '.join(key)}: "
				       f"missing {missing}, twice {twice}")


def find_policy(name):
	for folder in (SHIPPED, HERE / "policies"):
		path = folder / f"{name}.policy"
		if path.exists():
			return path
	raise TableError(f"no policy is named {name}")


def table_paths(names):
	paths = sorted((HERE / "fates").glob("*.tsv"))
	if names:
		paths = [HERE / "fates" / f"{name}.tsv" for name in names]
	return paths


def policies_without_table():
	tables = {path.stem for path in table_paths([])}
	return sorted({path.stem for path in SHIPPED.glob("*.policy")} - tables)

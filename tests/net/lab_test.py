#!/usr/bin/env python3
"""The laboratory tells every fate apart, judged by rules written by hand."""

import sys

sys.dont_write_bytecode = True

import lab

HOSTS = [
	lab.Host("near", "client", "100.64.3.3", "2001:db8:4000::3"),
	lab.Host("far", "outside", "192.0.2.1", "2001:db8::1"),
	lab.Host("sink", "outside", "192.0.2.99", "2001:db8::99"),
]
ROUTER_HOSTS = [*HOSTS, lab.Host("ppp", "ppp", "203.0.113.7", "2001:db8:9::7")]
HOST_HOSTS = [
	lab.Host("near", "host", "192.0.2.80", "2001:db8::80"),
	lab.Host("near33", "host", "192.0.2.80", "2001:db8::80", uid=33, gid=44),
	lab.Host("far", "outside", "192.0.2.1", "2001:db8::1"),
]
LINKS = {"client": "cust0", "outside": "wan0"}

FORWARD = """
table inet t {
	chain nat {
		type nat hook prerouting priority dstnat
		ip saddr 100.64.3.3 tcp dport 110 dnat ip to 192.0.2.99
		ip6 saddr 2001:db8:4000::3 tcp dport 110 dnat ip6 to 2001:db8::99
	}
	chain forward {
		type filter hook forward priority 0
		iifname "ppp0" tcp dport 995 drop
		iifname "cust0" tcp dport 25 reject with tcp reset
		iifname "cust0" tcp dport 465 reject with icmpx admin-prohibited
		iifname "cust0" tcp dport 587 reject with icmpx port-unreachable
		iifname "cust0" tcp dport 2525 drop
		iifname "cust0" tcp dport 143 limit rate over 3/hour burst 6 packets reject with tcp reset
		iifname "wan0" tcp sport 993 drop
	}
}
"""
# The limit is one for both families: three of each pass.
FORWARD_ROWS = [
	("out", "near", "far", 0, [25], ["reset"]),
	("out", "near", "far", 0, [465], ["icmp"]),
	("out", "near", "far", 0, [587], ["icmp 3/3", "icmp 1/4"]),
	("out", "near", "far", 0, [2525], ["silence"]),
	("out", "near", "far", 0, [110], ["redirected 192.0.2.99",
					  "redirected 2001:db8::99"]),
	("out", "near", "far", 0, [995], ["connected"]),
	("out", "near", "sink", 0, [8080], ["connected"]),
	("out", "near", "far", 0, [993], ["silence"]),
	("asym", "near", "far", 0, [993], ["silence"]),
	("asym", "near", "far", 0, [25], ["connected"]),
	("in", "far", "near", 993, [8080], ["silence"]),
	("in", "far", "near", 25, [8080], ["silence"]),	# answers go to 25
	("in", "far", "near", 465, [995], ["silence"]),
	("in", "far", "near", 995, [993], ["connected"]),
	("in", "far", "near", 0, [25], ["connected"]),
	("out", "ppp", "far", 0, [25], ["connected"]),
	("out", "ppp", "far", 0, [995], ["silence"]),
	("between", "near", "ppp", 0, [110], ["redirected 192.0.2.99",
					      "redirected 2001:db8::99"]),
	("between", "near", "ppp", 0, [995], ["connected"]),
	("in", "far", "ppp", 0, [995], ["connected"]),
]

HOST = """
table inet t {
	chain output {
		type filter hook output priority 0
		tcp dport 25 meta skuid 33 reject with icmpx admin-prohibited
		tcp dport 587 meta skgid 44 reject with tcp reset
		tcp dport 465 drop
	}
	chain input {
		type filter hook input priority 0
		tcp dport 143 reject with tcp reset
	}
}
"""
HOST_ROWS = [
	("out", "near", "far", 0, [25, 587], ["connected"]),
	("out", "near33", "far", 0, [25], ["icmp"]),
	("out", "near33", "far", 0, [587], ["reset"]),
	("out", "near33", "far", 0, [465], ["silence"]),
	("in", "far", "near", 0, [143], ["reset"]),
	("in", "far", "near", 0, [25], ["connected"]),
]

BRIDGE = """
table bridge t {
	chain prerouting {
		type filter hook prerouting priority 0
		iifname "cust0" tcp dport 25 drop
	}
}
"""
BRIDGE_ROWS = [
	("out", "near", "far", 0, [25], ["silence"]),
	("out", "near", "far", 0, [587], ["connected"]),
	("in", "far", "near", 0, [25], ["connected"]),
	("asym", "near", "far", 0, [587], ["connected"]),
	("asym", "near", "far", 0, [25], ["connected"]),
]

INGRESS = """
table netdev t {
	chain ingress {
		type filter hook ingress device "cust0" priority 0
		tcp dport 25 reject with tcp reset
		tcp dport 465 reject with icmpx admin-prohibited
		tcp dport 587 drop
	}
	chain egress {
		type filter hook egress device "cust0" priority 0
		tcp dport 143 drop
	}
}
"""
INGRESS_ROWS = [
	("out", "near", "far", 0, [25], ["reset"]),
	("out", "near", "far", 0, [465], ["icmp"]),
	("out", "near", "far", 0, [587], ["silence"]),
	("in", "far", "near", 0, [25, 587], ["connected"]),
	("in", "far", "near", 0, [143], ["silence"]),
]

CASES = [
	("forward", "router", {**LINKS, "ppp": "ppp0"}, ROUTER_HOSTS, FORWARD,
	 FORWARD_ROWS),
	("output", "host", {"outside": "wan0"}, HOST_HOSTS, HOST, HOST_ROWS),
	("bridge", "bridge", LINKS, HOSTS, BRIDGE, BRIDGE_ROWS),
	("ingress", "router", LINKS, HOSTS, INGRESS, INGRESS_ROWS),
	("nothing", "router", {**LINKS, "ppp": "ppp0"}, ROUTER_HOSTS, "",
	 [("out", "near", "far", 0, [*lab.MAIL_PORTS, lab.OTHER_PORT], ["connected"]),
	  ("in", "far", "near", 0, [*lab.MAIL_PORTS, lab.OTHER_PORT], ["connected"]),
	  ("between", "near", "ppp", 0, [25], ["connected"])]),
]


def attempts_of(hosts, rows):
	"""{namespace: [attempt...]} and the fate expected for each id."""
	host, attempts, expected = {h.name: h for h in hosts}, {}, {}
	for way, source, target, sport, ports, fates in rows:
		for family in (4, 6):
			one, two = host[source], host[target]
			for port in ports:
				number = len(expected)
				expected[number] = (way, source, target, family, port,
						    fates[-1] if family == 6 else fates[0])
				attempts.setdefault(one.where, []).append(dict(
					id=number, sport=sport, uid=one.uid, gid=one.gid,
					mark=lab.BYPASS_MARK if way == "asym" else 0,
					dials=[[one.ip[family], two.ip[family], port]]))
	return attempts, expected


def test(name, middle, links, hosts, rules, rows):
	if not (lab.id_exists(33, "uid") and lab.id_exists(44, "gid")):
		rows = [row for row in rows if row[1] != "near33"]
	attempts, expected = attempts_of(hosts, rows)
	with lab.Lab(middle, links, hosts, [("client", "outside")]
		     if any(row[0] == "asym" for row in rows) else []) as it:
		it.must(middle, ["nft", "-f", "-"], rules)
		seen = {fate["id"]: fate["fates"][0] for fate in it.probe(attempts)}
	failed = 0
	for number, (*row, fate) in expected.items():
		if seen[number] != fate:
			failed += 1
			print(f"{name}: {row}: expected {fate}, saw {seen[number]}")
	print(f"{'not ok' if failed else 'ok'} - lab {name}: "
	      f"{len(expected) - failed} as expected, {failed} not")
	return failed


lab.enter()
sys.exit(1 if sum([test(*case) for case in CASES]) else 0)

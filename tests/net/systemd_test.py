#!/usr/bin/env python3
"""The units of tools/package/systemd do what they say, under a systemd of their own.

It is process 1 of namespaces that end with this program, over a copy of this
system that takes writes in memory. The claims are the first lines of the
functions.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True

import lab
from watch_test import MAILWALL, POLICY, expect

UNITS = lab.HERE.parent.parent / "tools/package/systemd"
EXPOSURE_MOST = {"mailwall.service": 2.6, "mailwall-watch.service": 2.4,
		 "mailwall-priv.service": 2.6, "mailwall-guard.service": 3.0}
NFTABLES = """#!/usr/sbin/nft -f
flush ruleset
table inet filter {
	chain forward { type filter hook forward priority filter; }
}
"""
TARGET = "[Unit]\nRequires=sysinit.target\nAllowIsolate=yes\n"
# What has no business in a namespace, and only takes time.
MASKED = """proc-sys-fs-binfmt_misc.automount
proc-sys-fs-binfmt_misc.mount dev-hugepages.mount dev-mqueue.mount e2scrub_reap.service
getty@tty1.service networking.service sys-fs-fuse-connections.mount
sys-kernel-config.mount sys-kernel-debug.mount sys-kernel-tracing.mount
systemd-hwdb-update.service systemd-logind.service
systemd-modules-load.service systemd-random-seed.service
systemd-remount-fs.service systemd-sysctl.service systemd-timesyncd.service
systemd-udev-trigger.service systemd-udevd.service"""
# In a group of its own, which is the root that the namespace sees.
ENTER = """
mkdir {groups}
mount -t cgroup2 none {groups} && mkdir {group} || exit
echo 0 >{group}/cgroup.procs
exec unshare -nmpiuC --fork --kill-child sh -c "$BOOT"
"""
LEAVE = "find {group} -depth -type d -exec rmdir {{}} +; umount {groups}"
BOOT = """
set -e
mount -t tmpfs none {top}
mkdir {top}/up {top}/work {root}
mount -t overlay none -o lowerdir=/,upperdir={top}/up,workdir={top}/work {root}
mount -t proc none {root}/proc
mount -t sysfs none {root}/sys
mount -t cgroup2 none {root}/sys/fs/cgroup
mount -t tmpfs none {root}/run
mount -t tmpfs none {root}/tmp
mount --rbind /dev {root}/dev
ip link set lo up
{python} {me} --prepare {root}
exec env -i container=test PATH=/usr/sbin:/usr/bin:/sbin:/bin chroot {root} \
	/lib/systemd/systemd --system --unit=try.target --log-target=null \
	--show-status=no
"""


class Skip(Exception):
	pass


def prepare(root):
	"""Inside, before systemd: only what is tried is enabled."""
	etc = pathlib.Path(root) / "etc"
	system = etc / "systemd/system"
	shutil.rmtree(system)
	system.mkdir()
	for unit in *UNITS.glob("*.service"), *UNITS.glob("*.socket"):
		shutil.copy(unit, system)
	(system / "try.target").write_text(TARGET)
	for unit in MASKED.split():
		(system / unit).symlink_to("/dev/null")
	shutil.rmtree(etc / "mailwall", ignore_errors=True)
	(etc / "mailwall").mkdir()
	shutil.copy(POLICY, etc / "mailwall/mailwall.policy")
	conf = (UNITS / "mailwall-watch.conf").read_text()
	(etc / "mailwall/watch.conf").write_text(
		conf.replace('"--group 25', '"--interface lo --group 25'))
	(etc / "nftables.conf").write_text(NFTABLES)
	(etc / "fstab").write_text("")
	program = pathlib.Path(root) / "usr/local/sbin/mailwall"
	program.unlink(missing_ok=True)
	shutil.copy(MAILWALL, program)
	shutil.copy(f"{MAILWALL}-store", program.parent)
	users = pathlib.Path(root) / "usr/lib/sysusers.d/mailwall.conf"
	shutil.copy(UNITS / "mailwall.sysusers", users)
	subprocess.run(["chroot", root, "systemd-sysusers"], check=True,
		       capture_output=True)
	subprocess.run(["systemctl", f"--root={root}", "enable",
			"nftables.service", "mailwall.service"], check=True,
		       capture_output=True)


class Machine:
	def __init__(self, folder):
		self.root = f"{folder}/top/root"
		os.mkdir(f"{folder}/top")
		groups = f"{folder}/groups"
		self.groups = {"groups": groups,
			       "group": f"{groups}/mailwall-{time.time_ns()}"}
		boot = BOOT.format(top=f"{folder}/top", root=self.root,
				   python=sys.executable,
				   me=os.path.abspath(__file__))
		self.log = open(f"{folder}/log", "w+")
		self.child = subprocess.Popen(
			["sh", "-c", ENTER.format(**self.groups)],
			env={**os.environ, "BOOT": boot},
			stdin=subprocess.DEVNULL, stdout=self.log,
			stderr=self.log)
		try:
			self.wait_until_up()
		except Skip:
			self.end()
			raise

	def wait_until_up(self):
		for _ in range(120):
			time.sleep(0.25)
			if self.child.poll() is not None:
				break
			if self.has_first() and self.do(
					"systemctl is-active try.target",
					code=None).startswith("active"):
				return
		self.log.seek(0)
		said = " ".join(self.log.read().split())[-200:]
		raise Skip(f"systemd does not run in a namespace here: {said}")

	def has_first(self):
		path = f"/proc/{self.child.pid}/task/{self.child.pid}/children"
		self.first = pathlib.Path(path).read_text().strip()
		command = pathlib.Path(f"/proc/{self.first}/cmdline")
		return self.first and b"systemd" in command.read_bytes()

	def do(self, script, code=0):
		"""In it; code None: whatever the exit code."""
		done = subprocess.run(
			["nsenter", "-t", self.first, *"-m -n -p -i -u -C".split(),
			 "chroot", self.root, "sh", "-c", script],
			capture_output=True, text=True, timeout=60,
			env={name: value for name, value in os.environ.items()
			     if not name.startswith("MAILWALL_")})
		expect(code is None or done.returncode == code,
		       f"{script}: exit {done.returncode}: {done.stdout}"
		       f"{done.stderr}")
		return done.stdout + done.stderr

	def until(self, script, what, seconds=10):
		end = time.monotonic() + seconds
		while "yes" not in self.do(f"{script} >/dev/null 2>&1 && echo yes",
					   code=None):
			expect(time.monotonic() < end, what)
			time.sleep(0.1)

	def end(self):
		self.child.kill()
		self.child.wait()
		for _ in range(20):	# until the last process is gone
			time.sleep(0.1)
			done = subprocess.run(
				["sh", "-c", LEAVE.format(**self.groups)],
				capture_output=True)
			if not done.stderr:
				break


STATUS = "mailwall status /etc/mailwall/mailwall.policy"


def are_tight(machine):
	"""systemd has no complaint of the units, and little to say of exposure"""
	machine.do("mkdir -p /usr/local/share/man/man8; systemd-analyze "
		   "--man=no verify /etc/systemd/system/mailwall.service "
		   "/etc/systemd/system/mailwall-watch.service "
		   "/etc/systemd/system/mailwall-priv.service "
		   "/etc/systemd/system/mailwall-guard.service "
		   "/etc/systemd/system/mailwall-priv.socket 2>&1 | "
		   "grep -i mailwall", code=1)
	for unit, most in EXPOSURE_MOST.items():
		said = machine.do(f"systemd-analyze --offline=true security "
				  f"/etc/systemd/system/{unit}")
		level = float(re.search(r"exposure level for .*: (\S+)",
					said)[1])
		expect(level < most, f"{unit}: {level}")


def loads_at_boot(machine):
	"""the policy is loaded at boot, before the network and after nftables"""
	machine.do(STATUS)
	machine.do("test -L /var/lib/mailwall-rules/current")
	expect("the start of mailwall.service" in machine.do("mailwall history"),
	       "the history tells of the boot")
	machine.do("nft list table inet filter")
	order = machine.do("systemctl show mailwall -p After -p Before")
	expect(re.search(r"After=.*\bnftables\.service", order) and
	       re.search(r"Before=.*\bnetwork-pre\.target", order), order)


def follows_nftables(machine):
	"""restart, reload, stop and start of nftables.service end with us loaded"""
	for what in ("restart nftables", "reload nftables",
		     "stop nftables; systemctl start nftables"):
		machine.do("mailwall exempt add 100.64.0.99")
		machine.do(f"systemctl {what}")
		machine.until(f"{STATUS} && systemctl is-active mailwall && "
			      "mailwall exempt list | grep -q 100.64.0.99",
			      f"after {what} it is not loaded anew")
	machine.do("systemctl stop nftables")
	machine.do("mailwall status", code=1)
	machine.do("systemctl start nftables")
	machine.until(STATUS, "after stop and start it is not loaded")


def reloads(machine):
	"""reload keeps what is known and refuses what is wrong"""
	policy = "/etc/mailwall/mailwall.policy"
	machine.do(f"cp {policy} /tmp/good; mailwall exempt add 100.64.0.9")
	machine.do(f"sed -i 's/imaps pop3s/imaps/' {policy}; "
		   "systemctl reload mailwall")
	machine.do(STATUS)
	expect("100.64.0.9" in machine.do("mailwall exempt list"), "not kept")
	machine.do(f"cp {policy} /tmp/new; echo policy broken >{policy}")
	machine.do("systemctl reload mailwall", code=1)
	machine.do("systemctl is-active mailwall; mailwall status /tmp/new")
	machine.do(f"cp /tmp/good {policy}; systemctl reload mailwall")
	machine.do(STATUS)


def stops(machine):
	"""stop takes it out, and is no failure if somebody else did"""
	machine.do("systemctl stop mailwall")
	machine.do("mailwall status", code=1)
	machine.do("systemctl start mailwall; nft flush ruleset; "
		   "systemctl stop mailwall")
	expect("failed" not in machine.do("systemctl is-failed mailwall",
					  code=None), "it failed")
	machine.do("systemctl start mailwall")
	machine.do(STATUS)


def guards(machine):
	"""the guard owns the table where it can, killed and restarted as well"""
	machine.do("systemctl start mailwall-guard")
	told = machine.do("mailwall status | grep ^guard; nft flush ruleset; "
			  f"sleep 0.5; {STATUS}")
	owns = "owns the table" in told
	pid = machine.do("systemctl show -P MainPID mailwall-guard").strip()
	machine.do(f"kill -9 {pid}")
	machine.until("mailwall status | grep -q '^guard    pid'",
		      "it is not started again")
	again = machine.do("systemctl show -P MainPID mailwall-guard").strip()
	expect(again != pid, "another process")
	if owns:	# systemd kept the socket: it never had another owner
		expect("owns the table" in machine.do("mailwall status"), "owner")
		machine.do(f"nft flush ruleset; {STATUS}")
	machine.do("mailwall exempt add 100.64.0.77; systemctl reload mailwall; "
		   f"{STATUS}; mailwall exempt list | grep -q 100.64.0.77")
	machine.do("systemctl stop mailwall-guard")
	machine.do(STATUS)
	machine.do("mailwall exempt revoke 100.64.0.77")


def fields(machine, pid):
	lines = machine.do(f"cat /proc/{pid}/status").splitlines()
	return dict(line.split(":\t", 1) for line in lines if ":\t" in line)


def watches_without_privilege(machine):
	"""the monitor runs as a user, reads without a capability, and comes back"""
	machine.do("systemctl start mailwall-watch")
	main = machine.do("systemctl show -P MainPID mailwall-watch").strip()
	priv = machine.do("systemctl show -P MainPID mailwall-priv").strip()
	seen = [fields(machine, pid) for pid in
		machine.do("pgrep -x 'mailwall|mailwall-store'").split()]
	expect(len(seen) == 3, seen)
	for s in seen:
		keeps = s["Pid"] == priv
		expect(int(s["CapEff"], 16) == (1 << 12 if keeps else 0) and
		       int(s["CapBnd"], 16) == (0 if keeps else 0x3000), s)
		expect("0" not in s["Uid"].split() and s["Seccomp"] == "2" and
		       s["NoNewPrivs"] == "1", s)
	said = machine.do("journalctl -q -u mailwall-watch -u mailwall-priv",
			  code=None)
	expect(not re.search("cannot|denied|not permitted|CAP_", said), said)
	machine.do(f"kill -9 {priv}")
	machine.until("curl -sf http://127.0.0.1:9525/healthz && systemctl is-active "
		      "mailwall-priv", "the one with CAP_NET_ADMIN does not come back")
	expect(machine.do("systemctl show -P MainPID mailwall-watch").strip() == main,
	       "the monitor ended with it")
	machine.do("pkill -9 -x mailwall-store")
	machine.until("sleep 1; curl -sf http://127.0.0.1:9525/healthz",
		      "the recorder does not come back", 20)
	machine.do("systemctl reload mailwall-watch")
	machine.do("curl -sf http://127.0.0.1:9525/metrics | "
		   "grep 'mailwall_policy_loaded 1'")
	machine.do("systemctl restart mailwall; sleep 2; mailwall status --nagios")
	expect(" removed by root" in machine.do("mailwall report"), "not noted")
	machine.do("kill -9 $(systemctl show -P MainPID mailwall-watch)")
	machine.until("sleep 1; systemctl is-active mailwall-watch",
		      "it does not come back", 20)
	machine.do("systemctl stop mailwall-watch")
	expect("Result=success" in machine.do(
		"systemctl show mailwall-watch -p Result"), "stop failed")
	said = machine.do("journalctl -q -u mailwall-watch", code=None)
	expect(not re.search("denied|not permitted", said), said)


CLAIMS = (are_tight, loads_at_boot, follows_nftables, reloads, stops,
	  watches_without_privilege, guards)


def boot(folder):
	if not lab.id_exists(65534, "uid"):
		raise Skip("it needs root, and not that of a user namespace")
	for program in "/lib/systemd/systemd", "/usr/bin/systemd-analyze":
		if not os.path.exists(program):
			raise Skip(f"there is no {program}")
	return Machine(folder)


def main():
	if sys.argv[1:2] == ["--prepare"]:
		return prepare(sys.argv[2])
	lab.enter()
	with tempfile.TemporaryDirectory() as folder:
		try:
			machine = boot(folder)
		except Skip as reason:
			print(f"ok - units under systemd # SKIP {reason}")
			return 0
		code = lab.hold(CLAIMS, machine)
		machine.end()
	return code


if __name__ == "__main__":
	sys.exit(main())

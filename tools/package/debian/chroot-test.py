#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The packages install, work, upgrade, go, and leave nothing behind.

chroot-test.py [--keep] [FOLDER OF THE PACKAGES]

A minimal bookworm is made by debootstrap in a folder of its own, from the
mirror that this machine's apt uses; needs root. What the packages run, they run
in a network namespace. The claims are the first lines of the functions.
"""

import argparse
import gzip
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent.parent
SUITE = "bookworm"
INSIDE = "MAILWALL_CHROOT_TEST"
TOOLS = ["nftables", "iproute2", "python3-minimal", "python3"]
POLICY = "/etc/mailwall/mailwall.policy"
STORE = "/var/lib/mailwall/mailwall.db"


def expect(condition, what):
	if not condition:
		raise AssertionError(what)


def run(*words, check=True, **more):
	done = subprocess.run([str(word) for word in words], text=True,
			      stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
			      stderr=subprocess.STDOUT, **more)
	if check and done.returncode:
		raise AssertionError(f"{words}: {done.returncode}: {done.stdout}")
	return done


def mirror():
	"""The first repository of the suite that this machine's apt knows."""
	said = run("apt-get", "indextargets", "--format",
		   "$(CODENAME) $(COMPONENT) $(SITE) $(RELEASE)",
		   "Created-By: Packages").stdout
	for line in said.splitlines():
		codename, component, site, *_ = line.split() + [""] * 3
		if codename == SUITE and component == "main":
			return site
	raise AssertionError(f"apt knows no mirror of {SUITE}: {said}")


class Chroot:
	def __init__(self, folder, packages):
		self.folder = pathlib.Path(folder) / "root"
		self.packages = packages

	def make(self):
		run("debootstrap", "--variant=minbase", SUITE, self.folder,
		    mirror())
		policy = self.folder / "usr/sbin/policy-rc.d"
		policy.write_text("#!/bin/sh\nexit 101\n")
		policy.chmod(0o755)
		# so that unshare(1) finds a mount at /
		run("mount", "--bind", self.folder, self.folder)
		for name in "proc", "sys", "dev":
			run("mount", "--rbind", f"/{name}", self.folder / name)
		place = self.folder / "packages"
		place.mkdir()
		for package in self.packages:
			shutil.copy(package, place)
		for name in "tests", "rules":
			shutil.copytree(ROOT / name, self.folder / "src" / name)
		self.run("apt-get", "update", "-q")
		self.run("apt-get", "install", "-qy", "--no-install-recommends",
			 *TOOLS)
		needed = re.findall(r"^Inst (\S+) ", self.apt(
			"--simulate", *self.names()).stdout, re.MULTILINE)
		own = {name.split("/")[-1].split("_")[0] for name in self.names()}
		self.apt(*[name for name in needed if name not in own])
		self.before = self.files()

	def names(self, place="packages"):
		return [f"/{place}/{name.name}"
			for name in sorted((self.folder / place).iterdir())]

	def run(self, *words, check=True):
		return run("chroot", self.folder, *words, check=check, env={
			**os.environ, "DEBIAN_FRONTEND": "noninteractive",
			"LC_ALL": "C.UTF-8", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"})

	def alone(self, script, check=True):
		"""A script of sh in a network namespace of its own."""
		return self.run("unshare", "-n", "sh", "-euc", script, check=check)

	def apt(self, *words):
		return self.run("apt-get", "install", "-qy",
				"--no-install-recommends", *words)

	def has(self, name):
		return os.path.lexists(f"{self.folder}{name}")

	def text(self, name):
		return pathlib.Path(f"{self.folder}{name}").read_text()

	def files(self):
		"""Everything that belongs to nobody's cache or to our own test."""
		skipped = {"proc", "sys", "dev", "tmp", "packages", "newer", "src"}
		found = set()
		for path, folders, names in os.walk(self.folder):
			if path == str(self.folder):
				folders[:] = [f for f in folders if f not in skipped]
			found.update(os.path.join(path, name)[len(str(self.folder)):]
				     for name in [*folders, *names])
		return {name for name in found if not re.match(
			r"/var/(cache|log|lib/(apt|dpkg|systemd))/|/usr/src/|"
			r".*/__pycache__|/etc/.*-$", name)}


def installs(root):
	"""they install, make the user, and load and start nothing"""
	said = root.alone("dpkg -i /packages/*.deb; nft list ruleset; "
			  "cat /proc/[0-9]*/comm").stdout
	expect("table " not in said and "\nmailwall\n" not in said, said)
	expect(re.search(r"^_mailwall:x:\d+:\d+:[^:]*:/var/lib/mailwall:"
			 r"/usr/sbin/nologin$", root.text("/etc/passwd"),
			 re.MULTILINE), root.text("/etc/passwd"))
	wanted = [str(path) for path in
		  pathlib.Path(f"{root.folder}/etc/systemd").rglob("mailwall*")]
	expect(not wanted, wanted)
	for name in ("/usr/share/man/man8/mailwall.8.gz",
		     "/usr/share/man/man5/mailwall.policy.5.gz",
		     "/usr/share/bash-completion/completions/mailwall",
		     "/usr/share/zsh/vendor-completions/_mailwall",
		     "/usr/share/mailwall/lang/pt_BR.words",
		     "/lib/systemd/system/mailwall.service",
		     "/lib/systemd/system/mailwall-watch.service",
		     "/lib/systemd/system/mailwall-priv.service",
		     "/lib/systemd/system/mailwall-priv.socket",
		     "/usr/libexec/mailwall/mailwall-store",
		     "/usr/share/doc/mailwall/README.Debian",
		     "/usr/share/doc/mailwall/copyright"):
		expect(root.has(name), f"no {name}")


def units_agree(root):
	"""the units name files and a user that are there"""
	for name in "mailwall", "mailwall-watch", "mailwall-priv":
		unit = root.text(f"/lib/systemd/system/{name}.service")
		expect("/usr/local" not in unit, unit)
		for program in re.findall(r"^Exec\w+=-?(/\S+)", unit, re.MULTILINE):
			expect(root.has(program) or program == "/bin/kill", program)
		for user in re.findall(r"^User=(\S+)", unit, re.MULTILINE):
			expect(f"\n{user}:" in root.text("/etc/passwd"), user)


def scripts_are_calm(root):
	"""an upgrade stops neither unit and restarts the monitor; removing stops both"""
	info = "/var/lib/dpkg/info/mailwall"
	expect(not root.has(f"{info}.preinst"), "there is a preinst")
	before, after = root.text(f"{info}.prerm"), root.text(f"{info}.postinst")
	for unit, action in (("mailwall", "start"), ("mailwall-watch",
						     "$_dh_action")):
		expect(f"deb-systemd-invoke {action} '{unit}.service'" in after,
		       after)
		expect(f"deb-systemd-invoke stop '{unit}.service'" in before,
		       before)
	expect("= remove" in before and "upgrade" not in before and
	       "_dh_action=restart" in after, f"{before}{after}")


def the_example_is_off(root):
	"""the policy in /etc checks without a word, and blocks nothing"""
	said = root.run("mailwall", "check", "--strict", POLICY).stdout
	expect(said == "", said)
	rules = root.run("mailwall", "generate", POLICY).stdout
	expect("counter" in rules and not re.search(r"\b(reject|drop)\b", rules),
	       rules)
	conffiles = root.run("dpkg-query", "-W", "-f", "${Conffiles}",
			     "mailwall").stdout
	expect(POLICY in conffiles and "watch.conf" in conffiles, conffiles)


def the_manual_is_so(root):
	"""every file of ours that the manual lists is there, every page as well"""
	paths, pages = set(), set()
	for name in pathlib.Path(f"{root.folder}/usr/share/man").glob(
			"man[58]/*mailwall*.gz"):
		page = gzip.decompress(name.read_bytes()).decode()
		paths.update(re.findall(r"^\.It Pa (/usr/\S+)$", page,
					re.MULTILINE))
		pages.update(f"/usr/share/man/man{section}/{title}.{section}.gz"
			     for title, section in re.findall(
				     r"^\.(?:It )?Xr (\S*mailwall\S*) (\d)",
				     page, re.MULTILINE))
	missing = [path for path in paths | pages if not root.has(path)]
	expect(not missing and len(paths) > 6 and len(pages) > 15, missing)


def the_readme_is_so(root):
	"""the policy of the README checks and loads as it says; its files are there"""
	folder = pathlib.Path(f"{root.folder}/usr/share/doc/mailwall")
	text = (folder / "README.md").read_text() if root.has(
		"/usr/share/doc/mailwall/README.md") else \
		gzip.decompress((folder / "README.md.gz").read_bytes()).decode()
	policy = re.search(r"^```\n(policy  home\n.*?)^```$", text,
			   re.MULTILINE | re.DOTALL)
	state = re.search(r"^\$ mailwall status\n(.*?)\n\n", text,
			  re.MULTILINE | re.DOTALL)
	expect(policy and state, "no policy or no state in README.md")
	(root.folder / "tmp/home.policy").write_text(policy[1])
	said = root.run("mailwall", "check", "/tmp/home.policy").stdout
	expect(said == "", said)
	said = root.alone("""
		mailwall generate /tmp/home.policy | nft -c -f -
		mailwall apply /tmp/home.policy
		mailwall exempt add 100.64.1.25 2001:db8:4000:1::/64 --for 30d
		mailwall status""").stdout
	for line in state[1].splitlines():
		expect(f"{line}\n" in said, f"no \"{line}\": {said}")
	missing = [path for path in re.findall(r" /usr/local(/\S+)", text)
		   if not root.has(f"/usr{path}")]
	expect(not missing, missing)


def completes(root):
	"""the shell completes commands and options of the installed program"""
	for words, answer in (("mailwall ex", "exempt"),
			      ("mailwall status --prom", "--prometheus")):
		said = root.run("bash", "-c", f"""
			. /usr/share/bash-completion/completions/mailwall
			COMP_WORDS=({words}) COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
			_mailwall; echo "${{COMPREPLY[@]}}\"""").stdout
		expect(said.strip() == answer, f"{words}: {said}")


def root_becomes_the_user(root):
	"""a monitor that root starts leaves a store that the unit can write"""
	said = root.alone(f"""
		ip link set lo up
		timeout -s TERM 2 mailwall watch -i lo --store {STORE} || true
		stat -c '%U %a' {STORE} $(dirname {STORE})""").stdout
	expect("_mailwall 640\n_mailwall 750" in said, said)
	shutil.rmtree(f"{root.folder}/var/lib/mailwall")


def can_be_enabled(root):
	"""all units can be enabled, and begin where they say"""
	run("systemctl", f"--root={root.folder}", "enable", "mailwall.service",
	    "mailwall-watch.service", "mailwall-guard.service")
	for wants in ("sysinit.target.wants/mailwall.service",
		      "nftables.service.wants/mailwall.service",
		      "sysinit.target.wants/mailwall-guard.service",
		      "multi-user.target.wants/mailwall-watch.service"):
		expect(root.has(f"/etc/systemd/system/{wants}"), wants)


def the_job_is_done(root):
	"""the main job, with the program of the package: tests/net/demo.py"""
	said = root.run("sh", "-c", "cd /src && exec python3 tests/net/demo.py "
			"/usr/sbin/mailwall").stdout
	expect("block smtp reset log" in said and "0" in said, said)


def the_day_works(root):
	"""apply, exempt, status and remove work; the store is told of them"""
	said = root.alone(f"""
		install -d -o _mailwall -m 750 /var/lib/mailwall
		mailwall apply /usr/share/mailwall/policies/residential.policy
		mailwall exempt add 100.64.0.7 --for 30d
		mailwall status
		mailwall remove""").stdout
	expect("the kernel holds exactly that" in said and
	       "exempt.v4  dynamic" in said and "removed" in said, said)
	done = root.alone("mailwall status", check=False)
	expect(done.returncode == 1, done.stdout)


def upgrades(root):
	"""an upgrade keeps the rules loaded, the policy edited, and the store"""
	for package in root.names():
		newer(root, package)
	edited = root.text(POLICY).replace("policy  example", "policy  mine")
	pathlib.Path(f"{root.folder}{POLICY}").write_text(edited)
	root.run("install", "-d", "/var/lib/mailwall")
	pathlib.Path(f"{root.folder}{STORE}").touch()
	said = root.alone(f"""
		rm {STORE}
		mailwall apply -q {POLICY}
		touch {STORE}
		dpkg --force-confold -i /newer/*.deb
		mailwall status {POLICY}""").stdout
	expect("the kernel holds exactly that" in said and
	       re.search(r"policy\s+mine", said), said)
	expect("policy  mine" in root.text(POLICY) and root.has(STORE) and
	       "+newer" in root.run("dpkg-query", "-W", "-f", "${Version}",
				    "mailwall").stdout, said)


def newer(root, package):
	"""The same package with a higher version, and another example in it."""
	(root.folder / "newer").mkdir(exist_ok=True)
	script = f"""
		rm -rf /tmp/newer
		dpkg-deb -R {package} /tmp/newer
		sed -i 's/^\\(Version: .*\\)$/\\1+newer/;
			s/\\((= [^)]*\\))/\\1+newer)/' /tmp/newer/DEBIAN/control
		[ ! -e /tmp/newer{POLICY} ] || echo '# newer' >>/tmp/newer{POLICY}
		dpkg-deb -b /tmp/newer /newer/$(basename {package})
		rm -rf /tmp/newer"""
	root.run("sh", "-euc", script)


def removes(root):
	"""removed, it leaves what was configured and what was seen"""
	names = [pathlib.Path(name).name.split("_")[0] for name in root.names()]
	root.alone(f"apt-get remove -qy {' '.join(names)}")
	expect(not root.has("/usr/sbin/mailwall") and
	       not root.has("/usr/libexec/mailwall") and
	       not root.has("/usr/share/mailwall") and root.has(POLICY) and
	       root.has("/etc/mailwall/watch.conf") and root.has(STORE),
	       "not what was expected")


def purges(root):
	"""purged, it leaves its user and nothing else"""
	names = [pathlib.Path(name).name.split("_")[0] for name in root.names()]
	root.alone(f"dpkg --purge {' '.join(names)}")
	left = sorted(root.files() - root.before)
	expect(not left, f"left: {left}")
	expect("\n_mailwall:" in root.text("/etc/passwd"), "the user went")


def installs_again(root):
	"""after that it installs again, with the same user"""
	uid = re.search(r"^_mailwall:x:(\d+)", root.text("/etc/passwd"),
			re.MULTILINE).group(1)
	root.apt(*root.names())
	expect(f"\n_mailwall:x:{uid}:" in root.text("/etc/passwd"), "another user")
	expect("policy  example" in root.text(POLICY), root.text(POLICY))


CLAIMS = (installs, units_agree, scripts_are_calm, the_example_is_off,
	  the_manual_is_so, the_readme_is_so, completes, root_becomes_the_user, the_day_works,
	  the_job_is_done, can_be_enabled, upgrades, removes, purges, installs_again)


def enter():
	"""Mounts go with the namespace in which they are made."""
	if not os.environ.get(INSIDE):
		os.environ[INSIDE] = "1"
		os.execvp("unshare", ["unshare", "-mp", "--fork", "--kill-child",
				      "--mount-proc", sys.executable, *sys.argv])


def main():
	parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
	parser.add_argument("--keep", action="store_true",
			    help="does not delete the chroot")
	parser.add_argument("packages", nargs="?", default=ROOT / "build-deb")
	arguments = parser.parse_args()
	packages = [p for p in sorted(pathlib.Path(arguments.packages)
				      .glob("*.deb")) if "-dbgsym_" not in p.name]
	expect(packages, f"no packages in {arguments.packages}; "
	       "tools/package/debian/build.sh makes them")
	enter()
	failed = 0
	folder = tempfile.mkdtemp(prefix="mailwall-chroot-")
	try:
		root = Chroot(folder, packages)
		root.make()
		for claim in CLAIMS:
			try:
				claim(root)
				print(f"ok - {claim.__doc__}", flush=True)
			except Exception as error:
				failed += 1
				print(f"not ok - {claim.__doc__}")
				for line in str(error).splitlines():
					print(f"# {line}", flush=True)
	finally:
		run("umount", "-lR", f"{folder}/root", check=False)
		if arguments.keep:
			print(f"# kept: {folder}")
		else:
			run("rm", "-rf", "--one-file-system", folder, check=False)
	return 1 if failed else 0


if __name__ == "__main__":
	sys.exit(main())

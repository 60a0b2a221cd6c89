#!/usr/bin/env python3
"""The rules on kernels of others: a table, a column for each kernel.

kernels.py [--build DIR] [--only REGEX] [KERNEL...]

Debian's cloud kernels are fetched with apt from the mirror that this machine
uses, each from its own suite, and booted by qemu without a network. A kernel
that is tried sees this machine's root read only, and writes in memory alone.
guest.py says what is tried. A kernel that cannot be fetched is said to be
skipped; what it lacks as well, with the reason.
"""

import argparse
import lzma
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

sys.dont_write_bytecode = True

HERE = pathlib.Path(__file__).resolve().parent
TREE = HERE.parent.parent
SUITES = {"5.10": "bullseye", "6.1": "bookworm", "6.12": "trixie"}
PACKAGE = "linux-image-cloud-amd64"
KEYS = "/usr/share/keyrings/debian-archive-keyring.gpg"
# In the order of their needs; a kernel has some of them built in.
MODULES = ("virtio", "virtio_ring", "virtio_pci_legacy_dev",
	   "virtio_pci_modern_dev", "virtio_pci", "fuse", "virtiofs", "overlay")
FILE_SERVERS = ("/usr/libexec/virtiofsd", "/usr/lib/qemu/virtiofsd")
MEMORY = "1500M"
BOOT_TIMEOUT_S = 3600
LINE = re.compile(r"^kernels\t([^\t]*)\t([^\t]*)\t(.*)$", re.M)


class KernelError(Exception):
	pass


def must(words, **more):
	done = subprocess.run(words, text=True, stdin=subprocess.DEVNULL,
			      stdout=subprocess.PIPE, stderr=subprocess.PIPE,
			      **more)
	if done.returncode:
		last = (done.stderr.strip() or done.stdout.strip()).splitlines()
		raise KernelError(f"{words[0]}: {last[-1] if last else 'failed'}")
	return done.stdout


# ---- fetching ----

def mirror():
	"""The mirror of this machine's own lists."""
	out = must(["apt-get", "indextargets", "--format", "$(SITE) $(ORIGIN)",
		    "Created-By: Packages"])
	for line in out.splitlines():
		site, _, origin = line.partition(" ")
		if origin == "Debian" and "security" not in site:
			return site
	raise KernelError("apt knows no mirror of Debian's")


class Apt:
	"""apt-get with lists and a cache of its own."""

	def __init__(self, where, suite):
		self.where = where
		for part in ("state/lists/partial", "cache/archives/partial",
			     "parts"):
			(where / part).mkdir(parents=True, exist_ok=True)
		(where / "sources.list").write_text(
			f"deb [arch=amd64 signed-by={KEYS}] {mirror()} {suite} main\n")
		(where / "apt.conf").write_text(
			f'Dir::State "{where}/state";\nDir::Cache "{where}/cache";\n'
			f'Dir::Etc::SourceList "{where}/sources.list";\n'
			f'Dir::Etc::SourceParts "{where}/parts";\n'
			f'Dir::Etc::PreferencesParts "{where}/parts";\n'
			'APT::Sandbox::User "root";\n')

	def run(self, *words, **more):
		return must(words, env={**os.environ, "LC_ALL": "C", "APT_CONFIG":
					str(self.where / "apt.conf")}, **more)

	def package(self):
		out = self.run("apt-cache", "depends", PACKAGE)
		found = re.search(r"Depends: (linux-image-\S+-cloud-amd64)", out)
		if not found:
			raise KernelError(f"{PACKAGE} depends on no kernel")
		return found.group(1)


def fetch(where, suite):
	"""The newest kernel of a suite, unpacked below where."""
	if list(where.glob("boot/vmlinuz-*")):
		return
	apt = Apt(where / "apt", suite)
	apt.run("apt-get", "-q", "update")
	apt.run("apt-get", "-q", "download", apt.package(), cwd=where)
	archive, = where.glob("*.deb")
	must(["dpkg-deb", "-x", str(archive), str(where)])
	archive.unlink()
	shutil.rmtree(where / "apt")


# ---- booting ----

def module_tree(where):
	found = list(where.glob("lib/modules/*")) + \
		list(where.glob("usr/lib/modules/*"))
	if len(found) != 1:
		raise KernelError(f"{len(found)} trees of modules in {where}")
	return found[0]


def link_modules(build, where):
	"""The kernel's modules where the guest's modprobe looks for them."""
	tree = module_tree(where)
	root = tree.parent.parent.parent
	must(["depmod", "-b", str(root), tree.name])
	place = build / "modules"
	place.mkdir(exist_ok=True)
	link = place / tree.name
	if not link.exists():
		shutil.copytree(tree, link, symlinks=True)
	return tree


def unpack_module(path, place):
	data = path.read_bytes()
	if path.suffix == ".xz":
		data = lzma.decompress(data)
	name = path.name.removesuffix(".xz")
	(place / name).write_bytes(data)
	return name


def make_initrd(where, tree, modules):
	"""busybox, init.sh and the modules that reach this machine's root; in it
	are the paths of this tree and of the folder of all modules."""
	root = where / "initrd-files"
	shutil.rmtree(root, ignore_errors=True)
	(root / "bin").mkdir(parents=True)
	(root / "modules").mkdir()
	shutil.copy("/bin/busybox", root / "bin")
	shutil.copy(HERE / "init.sh", root / "init")
	(root / "init").chmod(0o755)
	(root / "tree").write_text(f"{TREE} {modules}\n")
	names = [unpack_module(path, root / "modules") for module in MODULES
		 for path in sorted(tree.rglob(f"{module}.ko*"))[:1]]
	(root / "modules.list").write_text("\n".join(names) + "\n")
	files = must(["find", ".", "-print0"], cwd=root)
	with open(where / "initrd", "wb") as out:
		subprocess.run(["cpio", "-0", "-o", "-H", "newc", "--quiet"],
			       cwd=root, input=files.encode(), stdout=out,
			       check=True)
	return where / "initrd"


def file_server(socket):
	"""A process that shows this machine's root to the guest."""
	program = next(filter(os.path.exists, FILE_SERVERS), None)
	if not program:
		raise KernelError("no virtiofsd; see make kernels")
	options = ["--shared-dir=/", "--sandbox=chroot", "--cache=always"] \
		if "libexec" in program else \
		["-o", "source=/", "-o", "sandbox=chroot", "-o", "cache=always"]
	child = subprocess.Popen([program, f"--socket-path={socket}", *options],
				 stdin=subprocess.DEVNULL,
				 stdout=subprocess.DEVNULL,
				 stderr=subprocess.DEVNULL)
	for _ in range(100):
		if socket.exists() or child.poll() is not None:
			break
		time.sleep(0.1)
	return child


def boot(where, initrd, only):
	"""What the kernel wrote to its console until it ended."""
	kernel, = where.glob("boot/vmlinuz-*")
	socket = pathlib.Path(f"/tmp/mailwall-kernels-{os.getpid()}")
	server = file_server(socket)
	try:
		done = subprocess.run([
			"qemu-system-x86_64", "-M", "pc", "-accel", "tcg",
			"-cpu", "max", "-smp", "1", "-m", MEMORY,
			"-object", f"memory-backend-memfd,id=m,size={MEMORY},"
			"share=on", "-numa", "node,memdev=m",
			"-chardev", f"socket,id=c,path={socket}",
			"-device", "vhost-user-fs-pci,chardev=c,tag=host",
			"-nographic", "-no-reboot", "-nic", "none",
			"-kernel", str(kernel), "-initrd", str(initrd),
			"-append", "console=ttyS0 panic=-1 edd=off loglevel=3"
			+ (f" mailwall.only={only}" if only else "")],
			stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
			stderr=subprocess.STDOUT, timeout=BOOT_TIMEOUT_S)
		text = done.stdout
	except subprocess.TimeoutExpired as late:
		text = late.stdout or b""
	finally:
		server.kill()
		server.wait()
		socket.unlink(missing_ok=True)
	return text.decode(errors="replace").replace("\r", "")


def try_kernel(build, kernel, only):
	"""{check: (result, reason)} of one kernel."""
	where = build / kernel
	where.mkdir(parents=True, exist_ok=True)
	try:
		fetch(where, SUITES[kernel])
	except KernelError as error:
		return {"kernel": ("skipped", f"not fetched: {error}")}
	initrd = make_initrd(where, link_modules(build, where), build / "modules")
	text = boot(where, initrd, only)
	(build / f"{kernel}.log").write_text(text)
	results = {check: (result, reason) for check, result, reason
		   in LINE.findall(text)}
	if "end" not in results:
		results["end"] = ("FAILED", f"it did not end; {build}/{kernel}.log")
	return results


# ---- the table ----

def print_table(tried):
	checks = list(dict.fromkeys(check for results in tried.values()
				    for check in results if check != "end"))
	print(f"{'':32}" + "".join(f"{kernel:<12}" for kernel in tried))
	for check in checks:
		print(f"{check:32}" + "".join(
			f"{results.get(check, ('-', ''))[0]:<12}"
			for results in tried.values()))
	for kernel, results in tried.items():
		for check, (result, reason) in results.items():
			if reason:
				print(f"{kernel}: {check}: {result}: {reason}")


def main():
	parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
	parser.add_argument("--build", type=pathlib.Path,
			    default=TREE / "build" / "kernels")
	parser.add_argument("--only", metavar="REGEX",
			    help="checks, a space written as _: fates_.*")
	parser.add_argument("kernels", nargs="*", metavar="KERNEL",
			    help=" ".join(SUITES))
	arguments = parser.parse_args()
	unknown = set(arguments.kernels) - set(SUITES)
	if unknown:
		parser.error(f"no kernel {', '.join(sorted(unknown))}; "
			     f"there are {', '.join(SUITES)}")
	build = arguments.build.resolve()
	tried = {kernel: try_kernel(build, kernel, arguments.only)
		 for kernel in arguments.kernels or SUITES}
	print_table(tried)
	results = [result for some in tried.values()
		   for result, _ in some.values()]
	bad = results.count("FAILED")
	print(f"{results.count('ok')} passed, {bad} failed, "
	      f"{results.count('skipped')} skipped")
	return 1 if bad else 0


if __name__ == "__main__":
	try:
		sys.exit(main())
	except KernelError as error:
		sys.exit(f"kernels.py: {error}")

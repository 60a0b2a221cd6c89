#!/usr/bin/env python3
"""The plugin as it is installed: what it exports, refuses and reports.

It is built and installed into a folder that ends with this program, and all
that drives it knows the header alone. The claims are the first lines of the
functions. With --update tests/abi/mailwall.abi is made anew: when members were
appended, which a new minor version tells of.
"""

import argparse
import concurrent.futures
import gzip
import ipaddress
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
MAILWALL = os.environ.get("MAILWALL", str(ROOT / "mailwall"))
CAPTURES = pathlib.Path(os.environ.get("MAILWALL_CAPTURES",
				       ROOT.parent / "shared/captures"))
MAKE = os.environ.get("MAILWALL_MAKE", "make").split()
CC = "gcc"	# whatever the rest was built with
POLICY = ROOT / "rules/policies/residential.policy"
ABI = HERE / "mailwall.abi"
# What a make above this one has set.
MAKES = ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "BUILD", "CC",
	 "CFLAGS", "LDFLAGS", "RUN_FLAGS")
STRICT = ["-Wall", "-Wextra", "-Wpedantic", "-Werror"]
SANITIZERS = {
	"thread": "-O1 -g -fsanitize=thread",
	"address": "-O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined "
		   "-fno-sanitize-recover=undefined",
}
# The n-th allocation after fail_begin() fails, or all from there on.
FAIL = """
#include <errno.h>
#include <stdlib.h>
void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);
static long left, all;
static int begun;
static int fails(void)
{
	if (!begun || --left > 0 || (left < 0 && !all))
		return 0;
	errno = ENOMEM;
	return 1;
}
void fail_begin(void)
{
	left = atol(getenv("FAIL_AT"));
	all = getenv("FAIL_ALL") != NULL;
	begun = 1;
}
void *malloc(size_t n) { return fails() ? NULL : __libc_malloc(n); }
void *calloc(size_t n, size_t m)
{
	return fails() ? NULL : __libc_calloc(n, m);
}
void *realloc(void *p, size_t n)
{
	return fails() ? NULL : __libc_realloc(p, n);
}
"""
WANTS_DECIMALS = """policy decimals
purpose "test"
contact "test@example"
review 2099-01-01
hook forward
class exempt dynamic
outbound {
	allow smtp from exempt
	limit imap 10/minute per source burst 20
	block smtp
}
watch {
	abandon-normal 0.35
	abandon-spam 0.75
}
"""


class Skip(Exception):
	"""It cannot be tried here."""


def expect(condition, what):
	if not condition:
		raise AssertionError(what)


def run(*words, text=None, code=0, env=None, cwd=ROOT, timeout=600):
	clean = {k: v for k, v in os.environ.items() if k not in MAKES}
	done = subprocess.run(list(map(str, words)), input=text,
			      capture_output=True, text=True, errors="replace",
			      env={**clean, "LC_ALL": "C", **(env or {})},
			      cwd=cwd, timeout=timeout)
	expect(code is None or done.returncode == code,
	       f"{' '.join(map(str, words))}: {done.returncode}, not {code}: "
	       f"{done.stderr or done.stdout}")
	return done


def need(*tools):
	missing = [t for t in tools if not shutil.which(t)]
	if missing:
		raise Skip("not installed: " + " ".join(missing))


class Installed:
	"""What install leaves, and what is built against it."""

	def __init__(self, folder, build, cflags=None, name="plain"):
		self.dest = pathlib.Path(folder) / name
		flags = [f"CFLAGS={cflags}"] if cflags else []
		run(*MAKE, "-s", "-j2", f"BUILD={build}", *flags, "install-plugin",
		    f"DESTDIR={self.dest}", "PREFIX=/usr")
		self.include = self.dest / "usr/include"
		self.lib = self.dest / "usr/lib"
		self.so = self.lib / "mailwall.so.1"
		self.flags = (cflags or "-O1 -g").split()
		self.drive = self.compile(HERE / "drive.c", "drive", "-lpcap", "-ldl",
					  "-pthread")

	def compile(self, source, name, *libs):
		out = self.dest / name
		run(CC, "-std=c11", *STRICT, *self.flags, f"-I{self.include}", "-o",
		    out, source, *libs)
		return out

	def shared(self, text, name, include=None):
		"""A shared object of some text, with the plugin's version."""
		out, source = self.dest / f"{name}.so", self.dest / f"{name}.c"
		source.write_text(text)
		run(CC, "-std=c11", "-g", "-shared", "-fPIC",
		    "-Wl,-soname,mailwall.so.1",
		    f"-Wl,--version-script={ROOT}/plugin/mailwall.map",
		    f"-I{include or self.include}", "-o", out, source)
		return out


# ---- what it is ----

def is_installed(w):
	"""install brings the header, the object with its links, the manual and a .pc that links"""
	usr = w.plain.dest / "usr"
	for name in ("include/mailwall.h", "lib/mailwall.so.1",
		     "lib/mailwall.so", "lib/pkgconfig/mailwall.pc",
		     "share/man/man3/mailwall-plugin.3"):
		expect((usr / name).exists(), f"{name} is not there")
	expect((usr / "lib/mailwall.so").resolve().name.startswith("mailwall.so.1."),
	       "the links lead elsewhere")
	said = run("readelf", "-d", w.plain.so).stdout
	expect("Library soname: [mailwall.so.1]" in said, said)
	source = w.folder / "linked.c"
	source.write_text("#include <mailwall.h>\n#include <stdio.h>\n"
			  "int main(void) { "
			  "puts(mailwall_get(MAILWALL_MAJOR)->version); "
			  "return 0; }\n")
	env = {"PKG_CONFIG_PATH": str(usr / "lib/pkgconfig"),
	       "PKG_CONFIG_SYSROOT_DIR": str(w.plain.dest),
	       "LD_LIBRARY_PATH": str(w.plain.lib)}
	flags = run("pkg-config", "--cflags", "--libs", "mailwall",
		    env=env).stdout.split()
	run(CC, source, "-o", w.folder / "linked", *flags)
	version = run("pkg-config", "--modversion", "mailwall", env=env).stdout
	expect(run(w.folder / "linked", env=env).stdout == version, version)
	copies = run("readelf", "-rW", w.folder / "linked").stdout
	expect("_COPY" not in copies, copies)


def exports_one_symbol(w):
	"""the object exports mailwall_get(), and nothing else"""
	said = run("nm", "-D", "--defined-only", w.plain.so).stdout.splitlines()
	symbols = [line.split()[2] for line in said if line.split()[1] != "A"]
	expect(symbols == ["mailwall_get@@MAILWALL_1"], said)


def touches_nothing(w):
	"""it keeps no state of its own, and calls nothing that opens, prints, forks or reads a clock"""
	own = []
	for line in run("objdump", "-t", w.plain.so).stdout.splitlines():
		words = line.split()
		if len(words) > 4 and words[-3] in (".data", ".bss", ".tdata",
						    ".tbss") and " O " in line:
			own.append(words[-1])
	expect(set(own) <= {"completed.0", "__dso_handle", "__TMC_END__"}, own)
	used = {line.split()[-1].partition("@")[0] for line in
		run("nm", "-D", "--undefined-only", w.plain.so).stdout.splitlines()}
	bad = re.compile(r"f?open(64|at)?|socket|connect|time|clock_gettime|"
			 r"gettimeofday|getenv|printf|puts|perror|stdout|stderr|"
			 r"stdin|v?fork|exec\w+|system|popen|pthread_create|"
			 r"signal|sigaction|exit|abort|setlocale|srand|rand|"
			 r"localtime|mktime|strtok|mnl_socket\w*|getpw\w*")
	found = sorted(u for u in used if bad.fullmatch(u))
	expect("malloc" in used and not found, found)


def header_compiles(w):
	"""the header alone is C99, C11, C17 and C++11, without a warning, and no struct has padding"""
	text = "#include <mailwall.h>\n#include <mailwall.h>\n" \
	       "unsigned long f(const struct mailwall_api *);\n" \
	       "unsigned long f(const struct mailwall_api *p)\n" \
	       "{ return MAILWALL_HAS(p, engine_load) ? p->magic : 0; }\n"
	compilers = [(CC, "c"), ("g++", "c++")]
	compilers += [(c, l) for c, l in (("clang", "c"), ("clang++", "c++"))
		      if shutil.which(c)]
	padded = ["-Wpadded"] if os.uname().machine == "x86_64" else []
	tried = 0
	for compiler, language in compilers:
		for std in {"c": ("c99", "c11", "c17"),
			    "c++": ("c++11", "c++17")}[language]:
			run(compiler, f"-x{language}", f"-std={std}", *STRICT,
			    *padded, "-Wshadow", "-Wundef",
			    f"-I{w.plain.include}", "-c", "-o", "/dev/null", "-",
			    text=text)
			tried += 1
	expect(tried >= 5, "too few compilers")


# As a C++ programmer writes it: a type without the word struct, a lambda.
PLUS = """
#include <cstdio>
#include <cstring>
#include <dlfcn.h>
#include <mailwall.h>
int main(int, char **argv)
{
	void *so = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
	auto get = reinterpret_cast<mailwall_get_fn *>(
		so ? dlsym(so, MAILWALL_SYMBOL) : nullptr);
	const mailwall_api *m = get ? get(MAILWALL_MAJOR) : nullptr;
	const char text[] = "policy p\\nhook forward\\n"
			    "outbound { block smtp }\\n";
	char why[MAILWALL_WHY_BYTES];
	mailwall_load load{};
	mailwall_decision d{};
	mailwall_connection c{};
	mailwall_policy *policy = nullptr;
	unsigned conditions = 0;
	mailwall_condition_fn *count = [](void *n, const mailwall_condition *) {
		++*static_cast<unsigned *>(n);
		return 0;
	};

	load.size = sizeof(load);
	load.text = text;
	load.text_len = std::strlen(text);
	d.size = sizeof(d);
	c.size = sizeof(c);
	c.family = 4;
	c.destination_port = 25;
	if (!m || m->policy_load(&load, &policy, why, sizeof(why)) ||
	    m->policy_decide(policy, nullptr, &c, &d, why, sizeof(why)) ||
	    m->policy_conditions(policy, d.index, count, &conditions, why,
				 sizeof(why)))
		return 1;
	std::printf("%s %u\\n", m->name(MAILWALL_NAME_VERDICT, d.verdict),
		    conditions);
	m->policy_free(policy);
}
"""


def plus_plus_hosts_work(w):
	"""a host in C++11 and C++17 names the types without struct, and is answered"""
	source = w.folder / "host.cpp"
	source.write_text(PLUS)
	for compiler in filter(shutil.which, ("g++", "clang++")):
		for std in "c++11", "c++17":
			out = w.folder / f"host-{compiler}-{std}"
			run(compiler, f"-std={std}", *STRICT,
			    f"-I{w.plain.include}", "-o", out, source, "-ldl")
			said = run(out, w.plain.so).stdout
			expect(said == "block 1\n", said)


def example_works(w):
	"""the example at the top of the header compiles as it says, and prints what it says"""
	head = (w.plain.include / "mailwall.h").read_text().partition("CONCEPTS")[0]
	lines = [line[3:] for line in head.splitlines() if line.startswith(" *\t")]
	end = lines.index("}")
	command, _, rest = lines[end + 1].partition(" && ")
	(w.folder / "example.c").write_text("\n".join(lines[:end + 1]) + "\n")
	run("sh", "-c", command + " " + " ".join(STRICT), cwd=w.folder,
	    env={"CPATH": str(w.plain.include)})
	said = run("sh", "-c", rest, cwd=w.folder,
		   env={"LD_LIBRARY_PATH": str(w.plain.lib)}).stdout
	expect(said == lines[end + 2] + "\n", said)


def manual_is_whole(w):
	"""the manual names every function, and is clean"""
	need("mandoc")
	page = ROOT / "docs/mailwall-plugin.3"
	run("mandoc", "-T", "lint", "-W", "warning", page)
	text = page.read_text()
	header = (w.plain.include / "mailwall.h").read_text()
	table = header[header.index("struct mailwall_api {"):]
	names = re.findall(r"\(\*(\w+)\)\((?:const struct mailwall|struct mailwall|"
			   r"unsigned)", table)
	missing = [n for n in names if f"(*{n})(" not in text]
	expect(len(set(names)) > 25 and not missing, missing)


# ---- the example host ----

def build_host(w):
	source = ROOT / "plugin/example/host.c"
	lines = re.findall(r"^ \*\t(plugin=.*|cc .*)$", source.read_text(), re.M)
	expect(len(lines) == 2, lines)
	shutil.copy(source, w.folder / "host.c")
	# What is installed knows nothing of DESTDIR
	there = f"pkg-config --define-variable=libdir={w.plain.lib}"
	run("sh", "-ec", "\n".join(lines).replace("pkg-config", there) +
	    " -Werror", cwd=w.folder,
	    env={"CPATH": str(w.plain.include),
		 "PKG_CONFIG_PATH": str(w.plain.lib / "pkgconfig")})
	return w.folder / "bench"


def host_answers(w):
	"""the example host builds by its own lines, answers, and names bad lines by number"""
	bench = build_host(w)
	lines = """# who sends
100.64.0.1 203.0.113.9 25
100.64.0.1 203.0.113.9 587 in ppp0 out eth0

100.64.0.1 203.0.113.9
::1 203.0.113.9 25
100.64.0.1 203.0.113.9 65536
nowhere 203.0.113.9 25
100.64.0.1 203.0.113.9 25 in a in b
100.64.0.1 203.0.113.9 25 via eth0
2001:db8:4000::1 2001:db8::9 25	# a comment
"""
	done = run(bench, "-p", w.plain.so, POLICY, text=lines, code=1)
	rows = [line.split("\t") for line in done.stdout.splitlines()]
	expect([r[0] for r in rows] == ["block", "pass", "block"] and
	       rows[0][1].startswith("residential:") and
	       rows[0][2] == "block smtp reset log" and
	       "submission" in rows[1][2], done.stdout)
	numbers = re.findall(r"^bench: line (\d+): .{15}", done.stderr, re.M)
	expect(numbers == ["5", "6", "7", "8", "9", "10"], done.stderr)
	bad = w.folder / "bad.policy"
	bad.write_text("policy x\nhook forward\noutbound {\nblock smpt\n}\n")
	said = run(bench, "-p", w.plain.so, bad, code=1, text="").stderr
	expect(f"{bad}:4:7: error: \"smpt\" is not a service" in said and
	       "did you mean \"smtp\"" in said, said)
	said = run(bench, "-p", w.plain.so, "/nowhere", code=1, text="").stderr
	expect(said == "bench: cannot read \"/nowhere\": No such file or "
	       "directory\n", said)
	run(bench, code=2)
	done = run(bench, POLICY, text="100.64.0.1 203.0.113.9 25\n",
		   env={"LD_LIBRARY_PATH": str(w.plain.lib)})
	expect(done.stdout.startswith("block\t"), done.stdout)


def host_refuses(w):
	"""a host says in a sentence why a plugin cannot be used: missing, no ELF, no symbol, another magic or major, too short"""
	bench = build_host(w)
	fake = "#include <mailwall.h>\n" \
	       "static const struct mailwall_api table = {{ {} }};\n" \
	       "const struct mailwall_api *mailwall_get(unsigned int major)\n" \
	       "{{ return major == {} ? &table : (void *)0; }}\n"
	text = w.folder / "text.so"
	text.write_text("no object at all\n")
	right = ".magic = MAILWALL_MAGIC, .major = MAILWALL_MAJOR, .size = "
	cases = {
		w.folder / "none.so": "none.so: No such file or directory",
		"mailwall-none.so": "no plugin can be loaded: mailwall-none.so: "
				    "cannot open shared object file",
		text: "no plugin can be loaded: .*text.so: .*(ELF|too short)",
		w.plain.shared("int nothing;\n", "nothing"):
			"is no plugin of mailwall: it has no symbol "
			"mailwall_get",
		w.plain.shared(fake.format(".magic = 7", 1), "magic"):
			"is no plugin of mailwall: its table begins with 0x7, "
			"not 0x4d57414c",
		w.plain.shared(fake.format(right + "1", 2), "major"):
			"does not have version 1 of the interface; take "
			"mailwall.so.1",
		w.plain.shared(fake.format(
			right + "offsetof(struct mailwall_api, policy_decide)",
			1), "short"):
			"is too old: its table has \\d+ bytes and "
			"policy_decide is not among them",
	}
	if os.geteuid():
		hidden = w.folder / "hidden.so"
		hidden.touch(0)
		cases[hidden] = "hidden.so: Permission denied"
	for path, wanted in cases.items():
		done = run(bench, "-p", path, POLICY, code=2, text="")
		expect(re.search(wanted, done.stderr) and
		       done.stderr.startswith("bench: ") and
		       done.stderr.count("\n") == 1, f"{path}: {done.stderr}")


# ---- what it tells ----

def captures():
	names = ("*.pcap", "*.pcapng", "*.cap", "*.pcap.gz", "*.pcapng.gz")
	found = sorted(p for n in names for p in CAPTURES.rglob(n))
	if not found:
		raise Skip(f"no captures in {CAPTURES}")
	return found


def unpacked(w, path):
	if path.suffix != ".gz":
		return path
	out = w.folder / f"unpacked-{path.parent.name}-{path.stem}"
	if not out.exists():
		try:
			out.write_bytes(gzip.decompress(path.read_bytes()))
		except (OSError, EOFError):
			raise Skip("is damaged") from None
	return out


def plain_address(value):
	"""inet_ntop() and mailwall write some addresses differently."""
	try:
		return str(ipaddress.ip_interface(value)) if "/" in value else \
			str(ipaddress.ip_address(value))
	except ValueError:
		return value


def events(text):
	out = []
	for line in text.splitlines():
		event = json.loads(line)
		if event["event"] not in ("attempt", "finding"):
			continue
		event.pop("input", None)
		for key in ("source", "destination"):
			if key in event:
				event[key] = plain_address(event[key])
		if "examples" in event:
			event["examples"] = [plain_address(a)
					     for a in event["examples"]]
		out.append(event)
	return out


def difference(got, wanted):
	for i, (g, x) in enumerate(zip(got, wanted)):
		if g != x:
			return f"line {i}: got {g}, want {x}"
	return None if len(got) == len(wanted) else \
		f"{len(got)} lines, want {len(wanted)}"


def replayed(w, policy):
	wanted = ["-p", policy] if policy else []

	def one(path):
		try:
			file = unpacked(w, path)
		except Skip:
			return 0, None
		want = run(MAILWALL, "replay", "--json", "--attempts", "-q", *wanted,
			   file, code=None).stdout
		got = run(w.plain.drive, w.plain.so, "replay", file,
			  *([policy] if policy else [])).stdout
		want, got = events(want), events(got)
		wrong = difference(got, want)
		return len(want), f"{path}: {wrong}" if wrong else None

	with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
		done = list(pool.map(one, captures()))
	wrong = [line for _, line in done if line]
	n = sum(count for count, _ in done)
	expect(not wrong, "\n".join(wrong))
	expect(n > 100, f"only {n} events")
	return f"{n} events of {len(done)} captures"


def tells_what_replay_tells(w):
	"""every capture, through the plugin: attempts and findings are those of mailwall replay, line by line"""
	return replayed(w, None)


def tells_what_policies_say(w):
	"""and so are they with a policy, decisions included"""
	return replayed(w, POLICY)


def writes_what_generate_writes(w):
	"""the rules of every shipped policy are what mailwall generate writes"""
	for policy in sorted((ROOT / "rules/policies").glob("*.policy")):
		said = run(w.plain.drive, w.plain.so, "all", "/dev/null",
			   policy).stdout
		for name, size in re.findall(r"^(\w+): (\d+) bytes", said, re.M):
			text = run(MAILWALL, "generate", "-q", "-f", name,
				   policy).stdout
			expect(len(text.encode()) == int(size),
			       f"{policy.name} as {name}: {size} bytes, want "
			       f"{len(text.encode())}")


# ---- threads and memory ----

def busy_capture(w):
	"""The one with the most attempts."""
	wanted = CAPTURES / "zeek_zeek/smtp.pcap"
	if not wanted.exists():
		raise Skip(f"no captures in {CAPTURES}")
	return wanted


def instrumented(w, kind):
	probe = run(CC, "-fsanitize=" + kind, "-xc", "-", "-o", "/dev/null",
		    text="int main(void) { return 0; }\n", code=None)
	if probe.returncode:
		raise Skip(f"{CC} has no -fsanitize={kind}")
	return Installed(w.folder, f"build-abi-{kind}", SANITIZERS[kind], kind)


def threads_do_not_meet(w):
	"""two engines and two threads with questions on one policy, its handle freed meanwhile: ThreadSanitizer sees no race"""
	built = instrumented(w, "thread")
	for capture in (busy_capture(w), CAPTURES / "ntop_nDPI/synscan.pcap"):
		said = run(built.drive, built.so, "threads", capture, POLICY,
			   env={"TSAN_OPTIONS": "exitcode=66 halt_on_error=1"})
		expect("ThreadSanitizer" not in said.stderr, said.stderr)


def memory_is_its_own(w):
	"""the same, and every capture, under AddressSanitizer: nothing is read after it was freed, and nothing is left"""
	built = instrumented(w, "address")
	env = {"ASAN_OPTIONS": "detect_leaks=1", "UBSAN_OPTIONS":
	       "print_stacktrace=1"}
	run(built.drive, built.so, "threads", busy_capture(w), POLICY, env=env)
	run(built.drive, built.so, "all", busy_capture(w), POLICY, env=env)

	def one(path):
		try:
			done = run(built.drive, built.so, "replay",
				   unpacked(w, path), POLICY, env=env, code=None)
		except Skip:
			return None
		return f"{path}: {done.stderr}" if done.returncode else None

	with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
		wrong = [line for line in pool.map(one, captures()) if line]
	expect(not wrong, "\n".join(wrong[:3]))


def runs_out_of_memory(w):
	"""an allocation that fails, the n-th or all from there on, is -ENOMEM and a sentence, or changes nothing that is written"""
	source, fail = w.folder / "fail.c", w.folder / "fail.so"
	source.write_text(FAIL)
	run(CC, "-O1", "-shared", "-fPIC", "-o", fail, source)
	policy = w.folder / "decimals.policy"
	policy.write_text(WANTS_DECIMALS)
	whole = run(w.plain.drive, w.plain.so, "all", busy_capture(w), policy).stdout
	rules = re.findall(r"^\w+: \d+ bytes.*", whole, re.M)
	expect(len(rules) == 3, whole)

	def one(at, every=False):
		env = {"LD_PRELOAD": str(fail), "FAIL_AT": str(at)}
		if every:
			env["FAIL_ALL"] = "1"
		done = run(w.plain.drive, w.plain.so, "all", busy_capture(w),
			   policy, env=env, code=None)
		if done.returncode not in (0, 42):
			return f"at {at}{' and on' if every else ''}: " \
			       f"{done.returncode} {done.stderr}"
		got = re.findall(r"^\w+: \d+ bytes.*", done.stdout, re.M)
		if got != rules[:len(got)] or (not done.returncode and
					       len(got) != 3):
			return f"at {at}: {got}, want {rules}"
		return None

	points = range(1, 4000) # there are about 3100
	jobs = [(at, False) for at in points] + [(at, True) for at in points[::5]]
	with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
		wrong = [line for line in pool.map(lambda j: one(*j), jobs) if line]
	expect(not wrong, "\n".join(wrong[:5]))
	return f"{len(jobs)} failures"


def numbers_have_a_point(w):
	"""in a locale whose numbers have a comma a policy is the same"""
	need("localedef")
	place = w.folder / "locales"
	place.mkdir()
	made = run("localedef", "-i", "de_DE", "-f", "UTF-8",
		   place / "de_DE.UTF-8", code=None)
	if not (place / "de_DE.UTF-8").exists():
		raise Skip(f"no locale de_DE: {made.stderr.strip()[:60]}")
	policy = w.folder / "point.policy"
	policy.write_text(WANTS_DECIMALS)
	words = [w.plain.drive, w.plain.so, "all", busy_capture(w), policy]
	there = run(*words, env={"LOCPATH": str(place), "LC_ALL": "de_DE.UTF-8"})
	probe = run("printf", "%.1f", "1,5", env={"LOCPATH": str(place),
						  "LC_ALL": "de_DE.UTF-8"})
	expect(probe.stdout == "1,5", f"the locale is not used: {probe.stdout}")
	expect(there.stdout == run(*words).stdout, there.stdout)


# ---- the layout ----

DUMP = ("--no-comp-dir-path", "--no-corpus-path", "--no-show-locs")


# Without --headers-dir: what lies outside is then filtered out, and with it
# every change of a member.
def abidiff(so):
	done = run("abidiff", "--no-show-locs", ABI, so, code=None)
	expect(not done.returncode & 3, f"abidiff: {done.stderr}")
	return done.returncode, done.stdout


def need_abidiff():
	need("abidiff")
	if os.uname().machine != "x86_64":
		raise Skip("mailwall.abi is that of x86_64")


def layout_stays(w):
	"""abidiff finds no change since tests/abi/mailwall.abi"""
	need_abidiff()
	code, said = abidiff(w.plain.so)
	expect(not code, said)


# All that a host can see of the plugin lies in its header: an object that is
# made of that alone has no types of ours in it.
SEEN = "#include <mailwall.h>\n" \
       "const struct mailwall_api *mailwall_get(unsigned int major)\n" \
       "{ static const struct mailwall_api table = { 0 };\n" \
       "return major ? &table : (void *)0; }\n"

MOVES = {
	"two functions of the table change places":
		(r"(\tint \(\*policy_class\)\(.*?why_size\);\n)"
		 r"(.*?)(\tint \(\*policy_sets\)\(.*?why_size\);\n)",
		 r"\3\2\1"),
	"a member of a struct moves":
		(r"(\tuint32_t verdict; .*?\n)(\tuint32_t index;.*?\n)", r"\2\1"),
	"a member goes":
		(r"\tuint16_t syns; .*?\n", ""),
	"a member grows":
		(r"uint32_t caplen, len;", "uint64_t caplen, len;"),
	"a member is put in before the end":
		(r"(\tuint32_t errors_unused;)?(\tsize_t errors, warnings;)",
		 r"\tuint64_t more;\n\2"),
	"an argument is added":
		(r"(int \(\*engine_end\)\()", r"\1int how, "),
}


def layout_is_watched(w):
	"""a member that moves, goes or grows makes that fail, each by itself"""
	need_abidiff()
	header = (w.plain.include / "mailwall.h").read_text()
	place = w.folder / "moved"
	place.mkdir()

	def code_of(changed, name):
		(place / "mailwall.h").write_text(changed)
		so = w.plain.shared(SEEN, name, place)
		return abidiff(so)

	code, said = code_of(header, "unmoved")
	expect(not code, f"the same header: {code} {said}")
	for i, (what, (pattern, to)) in enumerate(MOVES.items()):
		changed = re.sub(pattern, to, header, count=1, flags=re.S)
		expect(changed != header, f"{what}: not found in the header")
		got, said = code_of(changed, f"moved{i}")
		expect(got & 4, f"{what}: {got} {said}")


def layout_is_watched_whole(w):
	"""and so does a member that moves in the plugin itself"""
	need_abidiff()
	place = w.folder / "whole"
	for part in "plugin", "rules":
		shutil.copytree(ROOT / part, place / part)
	header = place / "plugin/mailwall.h"
	pattern, to = MOVES["a member of a struct moves"]
	header.write_text(re.sub(pattern, to, header.read_text(), count=1,
				 flags=re.S))
	code, said = abidiff(build_changed(w, place))
	expect(code & 4 and "offset changed" in said, f"{code} {said}")


def build_changed(w, place):
	"""The plugin of the sources in a folder, where the ABI's were changed."""
	others = [o for part in ("plugin", "rules")
		  for o in (ROOT / w.build / part).rglob("*.o")
		  if o.parent.name not in ("abi", "example")]
	libs = run("pkg-config", "--libs", "libnftnl", "libmnl", "jansson",
		   "nettle").stdout.split()
	out = place / "mailwall.so.1"
	run(CC, "-std=c11", "-g", "-fPIC", "-shared", "-D_GNU_SOURCE",
	    "-DVERSION=\"0\"", "-Wl,-soname,mailwall.so.1", "-Wl,-z,defs",
	    f"-Wl,--version-script={ROOT}/plugin/mailwall.map", "-o", out,
	    *place.glob("plugin/abi/*.c"), *others, *libs, "-lm")
	return out


# ---- hosts of the release before ----

def append_members(header):
	"""A member behind the last one of every struct that may grow."""
	grown = re.sub(r"(\nstruct mailwall_\w+ \{\n\tsize_t size;.*?\n)\};",
		       r"\1\tuint64_t later[3];\n};", header, flags=re.S)
	expect(grown.count("later[3]") > 15, "no struct has grown")
	table = re.sub(r"(\nstruct mailwall_api \{.*?\n)\};",
		       r"\1\tint (*later)(void);\n};", grown, flags=re.S)
	expect(table != grown, "the table has not grown")
	return table


def old_hosts_work(w):
	"""a host that was linked against version 1.0 is served the same by this plugin, and by one whose structs have all grown"""
	place = w.folder / "grown"
	for part in "plugin", "rules":
		shutil.copytree(ROOT / part, place / part)
	header = place / "plugin/mailwall.h"
	header.write_text(append_members(header.read_text()))
	table = place / "plugin/abi/abi.c"
	# The rows that say which member is the last one
	table.write_text(re.sub(r"^FULL\(.*\n", "", table.read_text(),
				flags=re.M))
	build_changed(w, place)
	host = w.folder / "host-1.0"
	run(CC, "-std=c99", *STRICT, "-o", host, HERE / "host-1.0.c",
	    f"-L{w.plain.lib}", "-l:mailwall.so.1")
	relocations = run("readelf", "-rW", host).stdout
	expect("mailwall_get" in relocations and
	       not re.search("_COPY .*mailwall", relocations), relocations)
	said = [run(host, env={"LD_LIBRARY_PATH": str(lib)}).stdout
		for lib in (w.plain.lib, place)]
	expect("finding spam-source" in said[0] and "100 attempts" in said[0],
	       said[0])
	expect(said[0] == said[1], f"{said[0]}\nand\n{said[1]}")


CLAIMS = (is_installed, exports_one_symbol, touches_nothing, header_compiles,
	  plus_plus_hosts_work, example_works, manual_is_whole, host_answers, host_refuses,
	  tells_what_replay_tells, tells_what_policies_say,
	  writes_what_generate_writes, threads_do_not_meet, memory_is_its_own,
	  runs_out_of_memory, numbers_have_a_point, layout_stays,
	  layout_is_watched, layout_is_watched_whole, old_hosts_work)


class World:
	def __init__(self, folder, build):
		self.folder = pathlib.Path(folder)
		self.build = build
		self.plain = Installed(folder, build)


def update(w):
	need("abidw")
	run("abidw", *DUMP, "--out-file", ABI, w.plain.shared(SEEN, "seen"))
	return 0


def say(claim, w):
	try:
		figures = claim(w)
		print(f"ok - {claim.__doc__}" + (f" ({figures})" if figures else ""),
		      flush=True)
	except Skip as reason:
		print(f"ok - {claim.__doc__} # SKIP {reason}", flush=True)
	except Exception as error:
		print(f"not ok - {claim.__doc__}")
		for line in str(error).splitlines():
			print(f"# {line}", flush=True)
		return False
	return True


def main():
	parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
	parser.add_argument("--build", default="build",
			    help="a build without sanitizers")
	parser.add_argument("--update", action="store_true")
	parser.add_argument("--only", default="", metavar="WORD")
	opts = parser.parse_args()
	with tempfile.TemporaryDirectory() as folder:
		w = World(folder, opts.build)
		if opts.update:
			return update(w)
		good = [say(claim, w) for claim in CLAIMS
			if opts.only in claim.__name__]
	return 0 if all(good) else 1


if __name__ == "__main__":
	sys.exit(main())

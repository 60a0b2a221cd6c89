# mailwall: "make demo" shows it, "make test" proves it. Read from top to
# bottom: names, flags, files, build, checks, install.

VERSION = 0.2.0
# Of plugin/mailwall.h; the first number is the soname's.
ABI     = 1.0

# ---- make SMALL=1: the compiler and the monitor, without store and pages ----
ifeq ($(SMALL),1)
BUILD  ?= build-small
CFLAGS ?= -Os -fno-asynchronous-unwind-tables
endif

# ---- what may be overridden ----
PREFIX     ?= /usr/local
SBINDIR    ?= $(PREFIX)/sbin
MANDIR     ?= $(PREFIX)/share/man
DATADIR    ?= $(PREFIX)/share/mailwall
LIBDIR     ?= $(PREFIX)/lib
LIBEXECDIR ?= $(PREFIX)/libexec
INCLUDEDIR ?= $(PREFIX)/include
PKGCONFIGDIR ?= $(LIBDIR)/pkgconfig
COMPLETIONDIR ?= $(PREFIX)/share/bash-completion/completions
ZSHDIR     ?= $(PREFIX)/share/zsh/site-functions
COLLECTDDIR ?= $(LIBDIR)/collectd
COLLECTDDATADIR ?= $(PREFIX)/share/collectd/mailwall
UNITDIR    ?= $(PREFIX)/lib/systemd/system
SYSUSERSDIR ?= $(PREFIX)/lib/sysusers.d
CFLAGS     ?= -O2 -g
PKG_CONFIG ?= pkg-config
# Where collectd/core and liboconfig of collectd-dev are; it has no .pc file.
COLLECTDINCLUDE ?= /usr/include/collectd
PYTHON     ?= python3
BUILD      ?= build

# ---- packages of Debian 12 ----
BUILD_PACKAGES = gcc libc6-dev make pkg-config libnftnl-dev libmnl-dev \
                 libjansson-dev nettle-dev libpcap-dev zlib1g-dev \
                 libcap-ng-dev libseccomp-dev libsqlite3-dev libmicrohttpd-dev
DEMO_PACKAGES  = $(BUILD_PACKAGES) nftables iproute2 python3
CHECK_PACKAGES = $(DEMO_PACKAGES) libcmocka-dev mandoc tcpreplay \
                 wireshark-common postfix swaks abigail-tools g++ locales \
                 curl zsh collectd-core collectd-dev spin strace
HOST_PACKAGES  = $(CHECK_PACKAGES) iptables ufw fail2ban firewalld \
                 dbus-daemon systemd docker.io ansible-core
COLLECTD_PACKAGES = $(BUILD_PACKAGES) collectd-dev
LINT_PACKAGES  = $(CHECK_PACKAGES) clang clang-format clang-tidy cppcheck \
                 shellcheck libclang-rt-14-dev
BENCH_PACKAGES = $(CHECK_PACKAGES) ipset iptables iputils-ping tcpdump tshark \
                 ulogd2 ulogd2-pcap clang libbpf-dev sqlite3

# ---- flags ----
LIBRARIES = libnftnl libmnl jansson nettle libpcap zlib libcap-ng libseccomp
# Of the program with the store alone.
STORE_LIBRARIES = $(if $(filter 1,$(SMALL)),,sqlite3 libmicrohttpd)
WARNINGS  = -Wall -Wextra -Wshadow -Wpointer-arith -Wstrict-prototypes \
            -Wmissing-prototypes -Wformat=2 -Wvla -Wundef
MY_CFLAGS = -std=c11 -D_GNU_SOURCE -fPIC $(WARNINGS) -DVERSION='"$(VERSION)"' -DDATADIR='"$(DATADIR)"' \
            -DLIBEXECDIR='"$(LIBEXECDIR)/mailwall"' \
            $(LIBRARY_CFLAGS) $(CFLAGS) $(SMALL_CFLAGS)
# pkg-config is asked when it is first needed, and once.
once = $(eval $(1) := $$(shell $(PKG_CONFIG) $(2)))$($(1))
LIBRARY_CFLAGS = $(call once,LIBRARY_CFLAGS,--cflags $(LIBRARIES) \
            $(STORE_LIBRARIES))
LIBRARY_LIBS = $(call once,LIBRARY_LIBS,--libs $(LIBRARIES))
STORE_LIBRARY_LIBS = $(call once,STORE_LIBRARY_LIBS,--libs $(LIBRARIES) \
            $(STORE_LIBRARIES))
PLUGIN_LIBRARY_LIBS = $(call once,PLUGIN_LIBRARY_LIBS,--libs libnftnl \
            libmnl jansson nettle)
PLUGIN_LIBS = $(PLUGIN_LIBRARY_LIBS) -lm -pthread $(LDFLAGS)
MY_LIBS   = $(LIBRARY_LIBS) -lm -pthread $(LDFLAGS) $(SMALL_LDFLAGS)
STORE_LIBS = $(STORE_LIBRARY_LIBS) -Wl,--as-needed -lm -pthread $(LDFLAGS)
ifeq ($(SMALL),1)
SMALL_CFLAGS  = -DSMALL -ffunction-sections -fdata-sections
# Tables of pointers take an eighth of the room with packed relocations.
SMALL_LDFLAGS = -Wl,--gc-sections -Wl,--as-needed -Wl,-z,pack-relative-relocs
endif
SANITIZE  = -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined \
            -fno-sanitize-recover=undefined

Q   = $(if $(filter 1,$(V)),,@)
say = $(if $(filter 1,$(V)),,@echo "  $(1)")

# ---- files ----
PROGRAM   = $(if $(filter build,$(BUILD)),mailwall,$(BUILD)/mailwall)
# What the program runs for a store, its reports and pages.
STORE_PROGRAM = $(PROGRAM)-store
PROGRAMS  = $(PROGRAM) $(if $(filter 1,$(SMALL)),,$(STORE_PROGRAM))
LIBRARY_OBJ = $(patsubst %.c,$(BUILD)/%.o,$(filter-out plugin/example/%, \
              $(wildcard rules/*/*.c plugin/*/*.c)))
# The plugin for collectd has some sources in common with the program.
COLLECTD_OWN = $(wildcard tools/collectd/*.c)
COLLECTD_SRC = $(COLLECTD_OWN) tools/kernel/netlink.c tools/kernel/dump.c \
            tools/capture/capture_filter.c tools/capture/nflog_listener.c \
            tools/program/whole_file.c
TOOLS_SRC = $(filter-out $(COLLECTD_OWN), \
            $(wildcard tools/*/*.c))
ifeq ($(SMALL),1)
# Rooms that are left out, but for the metrics that status prints.
TOOLS_SRC = $(filter-out $(addprefix tools/,collectd/% import/% intake/% database/% store/% \
            report/% page/% notice/% serve/% review/% recorder/% book/% exempt/% \
            apart/loaded_note.c apart/store_facts.c apart/record.c \
            apart/record_wire.c apart/book_members.c wire/% command/record_sink.c), \
            $(wildcard tools/*/*.c)) tools/serve/metrics.c \
            tools/review/cmd_exempt.c $(addprefix tools/exempt/, \
            exempt_direct.c exempt_time.c) tools/book/cover.c
endif
TOOLS_OBJ = $(patsubst %.c,$(BUILD)/%.o,$(TOOLS_SRC))
MAIN_OBJ  = $(BUILD)/tools/command/main.o
STORE_MAIN_OBJ = $(BUILD)/tools/recorder/main.o
UNITS     = $(patsubst %.c,$(BUILD)/%,$(wildcard tests/unit/*/test_*.c \
            tests/unit/*/*/test_*.c))
FUZZERS   = $(patsubst %.c,$(BUILD)/%,$(wildcard tests/fuzz/fuzz_*.c))
ONCE      = $(subst /fuzz_,/once_,$(FUZZERS))
SOURCES   = $(wildcard plugin/*.h rules/*/*.[ch] plugin/*/*.[ch] \
            tools/*/*.[ch] tests/*/*.[ch] tests/unit/*/*.[ch] \
            tests/unit/*/*/*.[ch])
POLICIES  = $(wildcard rules/policies/*.policy)
# The library and the collectd plugin install their own pages.
PAGES     = $(filter-out %/mailwall-plugin.3 %/collectd-mailwall.5, \
            $(wildcard docs/*.[1-9]))

SYSTEMD_UNITS = $(notdir $(wildcard tools/package/systemd/*.service \
            tools/package/systemd/*.socket))

PLUGIN    = $(BUILD)/mailwall.so.$(ABI)
COLLECTD_PLUGIN = $(BUILD)/collectd/mailwall.so
SONAME    = mailwall.so.$(firstword $(subst ., ,$(ABI)))

# ---- build ----
all: $(PROGRAMS) $(PLUGIN)

# Each takes of the archives what it needs. This one is linked without the
# libraries of the store, so that nothing of it gets in.
$(PROGRAM): $(MAIN_OBJ) $(BUILD)/libtools.a $(BUILD)/libmailwall.a
	$(call say,LD $@)
	$(Q)$(CC) $(MY_CFLAGS) -o $@ $^ $(MY_LIBS)

$(STORE_PROGRAM): $(STORE_MAIN_OBJ) $(BUILD)/libtools.a $(BUILD)/libmailwall.a
	$(call say,LD $@)
	$(Q)$(CC) $(MY_CFLAGS) -o $@ $^ $(STORE_LIBS)

$(BUILD)/libtools.a: $(filter-out $(MAIN_OBJ) $(STORE_MAIN_OBJ),$(TOOLS_OBJ))
$(BUILD)/libmailwall.a: $(LIBRARY_OBJ)
$(BUILD)/libtools.a $(BUILD)/libmailwall.a:
	$(call say,AR $@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

# For other hosts: one function, that of plugin/mailwall.h.
$(PLUGIN): $(LIBRARY_OBJ) plugin/mailwall.map
	$(call say,LD $@)
	$(Q)$(CC) $(MY_CFLAGS) -shared -o $@ -Wl,-soname,$(SONAME) \
		-Wl,--version-script=plugin/mailwall.map $(LIBRARY_OBJ) \
		$(PLUGIN_LIBS)
	$(Q)ln -sf $(@F) $(@D)/$(SONAME)

# For collectd, which dlopens it; it dlopens the one above. As a program of
# others is built: it knows mailwall by the header that is installed.
COLLECTD_CFLAGS = -isystem $(COLLECTDINCLUDE) \
            -DLIBRARY='"$(LIBDIR)/$(SONAME)"'
COLLECTD_LIBS = $(shell $(PKG_CONFIG) --libs libmnl libpcap) -ldl -pthread \
            $(LDFLAGS)
collectd: collectd-packages
	$(Q)$(MAKE) --no-print-directory $(COLLECTD_PLUGIN)
$(COLLECTD_PLUGIN): $(COLLECTD_SRC) $(patsubst %.c,%.h,$(filter-out $(COLLECTD_OWN),$(COLLECTD_SRC))) \
		$(wildcard tools/collectd/*.h) tools/collectd/module.map \
		plugin/mailwall.h
	$(call say,LD $@)
	$(Q)mkdir -p $(@D)/include && cp plugin/mailwall.h $(@D)/include
	$(Q)$(CC) $(MY_CFLAGS) -I$(@D)/include $(COLLECTD_CFLAGS) -shared -o $@ \
		-Wl,--version-script=tools/collectd/module.map $(COLLECTD_SRC) \
		$(COLLECTD_LIBS)

$(BUILD)/%.o: %.c
	$(call say,CC $<)
	$(Q)mkdir -p $(@D) && $(CC) $(MY_CFLAGS) -MMD -MP -c -o $@ $<

# What a test needs of tools/ is all of it but main().
TESTED = $(BUILD)/libtools.a $(BUILD)/libmailwall.a

# The generator of traffic, apart from what is measured with it.
TRAFFIC_OBJ = $(patsubst %.c,$(BUILD)/%.o,$(filter-out %/measure.c %/trace.c, \
              $(wildcard tests/detect/*.c)))

$(BUILD)/tests/detect/libtraffic.a: $(TRAFFIC_OBJ)
	$(call say,AR $@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(BUILD)/tests/unit/detect/test_generate: $(BUILD)/tests/detect/libtraffic.a

$(BUILD)/tests/unit/%: $(BUILD)/tests/unit/%.o $(TESTED)
	$(call say,LD $@)
	$(Q)$(CC) $(MY_CFLAGS) -o $@ $^ $(STORE_LIBS) -lcmocka

$(BUILD)/tests/fuzz/%: $(BUILD)/tests/fuzz/%.o $(TESTED)
	$(call say,LD $@)
	$(Q)$(CC) $(MY_CFLAGS) -fsanitize=fuzzer -o $@ $^ $(STORE_LIBS)

# The same without the fuzzer, for "make check".
$(BUILD)/tests/fuzz/once_%: $(BUILD)/tests/fuzz/once.o \
		$(BUILD)/tests/fuzz/fuzz_%.o $(TESTED)
	$(call say,LD $@)
	$(Q)$(CC) $(MY_CFLAGS) -o $@ $^ $(STORE_LIBS)

# The program with one service more, for tests/rows: a row is all it takes.
MORE_SERVICES = $(BUILD)/tests/rows/mailwall
$(BUILD)/tests/rows/service.c: rules/base/service.c tests/rows/service.row
	$(Q)mkdir -p $(@D) && awk '/^const struct service services/ { table = 1 } \
		table && /^};/ { while ((getline row <"tests/rows/service.row") > 0) \
		print row; table = 0 } { print }' $< >$@
$(BUILD)/tests/rows/service.o: $(BUILD)/tests/rows/service.c rules/base/service.h
	$(call say,CC $<)
	$(Q)$(CC) $(MY_CFLAGS) -Irules/base -c -o $@ $<
$(MORE_SERVICES): $(MAIN_OBJ) $(BUILD)/tests/rows/service.o $(TESTED)
	$(call say,LD $@)
	$(Q)$(CC) $(MY_CFLAGS) -o $@ $^ $(MY_LIBS)
$(MORE_SERVICES)-store: $(STORE_MAIN_OBJ) $(BUILD)/tests/rows/service.o $(TESTED)
	$(call say,LD $@)
	$(Q)$(CC) $(MY_CFLAGS) -o $@ $^ $(STORE_LIBS)

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)

.SECONDARY:

# ---- packages, where they are missing ----
define install_packages
	@missing=$$(for p in $(1); do \
		dpkg-query -W -f '$${Status}' $$p 2>/dev/null | \
		grep -q ' installed' || echo $$p; done); \
	if [ -n "$$missing" ]; then \
		run=; [ "$$(id -u)" = 0 ] || run=sudo; \
		$$run apt-get update -q && $$run env \
		DEBIAN_FRONTEND=noninteractive apt-get install -q -y \
		--no-install-recommends $$missing; fi
endef

demo-packages:
	$(call install_packages,$(DEMO_PACKAGES))
check-packages:
	$(call install_packages,$(CHECK_PACKAGES))
collectd-packages:
	$(call install_packages,$(COLLECTD_PACKAGES))
lint-packages:
	$(call install_packages,$(LINT_PACKAGES))
host-packages:
	$(call install_packages,$(HOST_PACKAGES))
bench-packages:
	$(call install_packages,$(BENCH_PACKAGES))

# ---- the two commands of the README ----
# A second make, so that pkg-config is asked after it was installed.
demo: demo-packages
	$(Q)$(MAKE) --no-print-directory all
	$(Q)$(PYTHON) tests/net/demo.py ./mailwall

test: check-packages
	$(Q)$(MAKE) --no-print-directory check

# ---- checks ----
check: $(PROGRAMS) $(UNITS) $(ONCE) $(MORE_SERVICES) $(MORE_SERVICES)-store \
		$(BUILD)/tests/detect/trace
	$(Q)$(PYTHON) tests/run.py $(RUN_FLAGS) --build $(BUILD) --program $(PROGRAM)

# Beside the firewalls of others, under systemd, by Ansible, in collectd.
hosts: host-packages
	$(Q)$(MAKE) --no-print-directory all
	$(Q)MAILWALL=$(CURDIR)/mailwall $(PYTHON) tests/net/beside_test.py
	$(Q)MAILWALL=$(CURDIR)/mailwall $(PYTHON) tests/net/systemd_test.py
	$(Q)MAILWALL=$(CURDIR)/mailwall $(PYTHON) tests/net/ansible_test.py
	$(Q)MAILWALL=$(CURDIR)/mailwall $(PYTHON) tests/net/collectd_test.py

# The rules on Debian's kernels of other releases, each booted by qemu.
# Debian 12 has virtiofsd in qemu's own package, later ones in one of its own.
KERNEL_PACKAGES = $(CHECK_PACKAGES) qemu-system-x86 busybox-static cpio kmod \
	xz-utils debian-archive-keyring \
	$(shell apt-cache show virtiofsd 2>/dev/null | sed -n 's/^Package: //p' | head -1)
kernels:
	$(call install_packages,$(KERNEL_PACKAGES))
	$(Q)$(MAKE) --no-print-directory all
	$(Q)$(PYTHON) tests/kernels/kernels.py --build $(BUILD)/kernels $(KERNELS)

asan:
	$(Q)$(MAKE) --no-print-directory check BUILD=build-asan \
		RUN_FLAGS=--quick CFLAGS='$(SANITIZE)'

clang:
	$(Q)$(MAKE) --no-print-directory check BUILD=build-clang CC=clang \
		CFLAGS='-O2 -g -Werror'

# The walls between rooms, circles of objects, names and comments.
house: $(TOOLS_OBJ) $(LIBRARY_OBJ)
	$(Q)$(PYTHON) tests/house/rooms.py
	$(Q)$(PYTHON) tests/house/words.py
	$(Q)$(PYTHON) tests/house/circles.py $(BUILD)

# Writes the members of class private from the table of IANA's registries.
special:
	$(Q)$(PYTHON) tests/rows/special_purpose.py write

# Writes the table of rooms into CONTRIBUTING.
rooms:
	$(Q)$(PYTHON) tests/house/rooms.py write

lint: house
	clang-format --dry-run --Werror $(SOURCES)
	mandoc -T lint -W warning docs/*.[1-9]
	shellcheck .ci/run tools/package/debian/build.sh \
		$(wildcard tools/package/completion/*.bash)
	cppcheck --quiet --std=c11 --enable=warning,performance,portability \
		--error-exitcode=1 --inline-suppr --suppress=missingIncludeSystem \
		-D_GNU_SOURCE -DVERSION='"0"' \
		--include=$$($(PKG_CONFIG) --variable=includedir libmnl)/libmnl/libmnl.h \
		rules plugin tools
	clang-tidy --quiet $(wildcard rules/*/*.c plugin/*/*.c tools/*/*.c) -- $(MY_CFLAGS) -Iplugin $(COLLECTD_CFLAGS)
	$(Q)$(MAKE) --no-print-directory all BUILD=build-lint CFLAGS='-O2 -Werror'

# FUZZ_SECONDS for each target.
FUZZ_SECONDS ?= 60
fuzz:
	$(Q)$(MAKE) --no-print-directory fuzz-run BUILD=build-fuzz CC=clang \
		CFLAGS='-O1 -g -fsanitize=fuzzer-no-link,address,undefined \
		-fno-sanitize-recover=undefined'
fuzz-run: $(FUZZERS)
	$(Q)for f in $(FUZZERS); do n=$$(basename $$f); \
		mkdir -p $(BUILD)/corpus/$$n; \
		$$f -max_total_time=$(FUZZ_SECONDS) -timeout=10 -rss_limit_mb=2048 \
		$(BUILD)/corpus/$$n tests/fuzz/corpus/$$n || exit 1; done

# How well spam sources are told from others, on generated traffic. SEED and
# MODE (drop, reset, open) change it; about ten minutes each.
SEED ?= 1
MODE ?= drop
$(BUILD)/tests/detect/measure $(BUILD)/tests/detect/trace: \
		$(BUILD)/tests/detect/%: $(BUILD)/tests/detect/%.o \
		$(BUILD)/tests/detect/libtraffic.a $(BUILD)/libmailwall.a
	$(call say,LD $@)
	$(Q)$(CC) $(MY_CFLAGS) -o $@ $^ $(MY_LIBS)

bench-detect: $(BUILD)/tests/detect/measure $(BUILD)/tests/detect/trace \
		$(PROGRAMS)
	$(Q)$< -s $(SEED) -b $(MODE)
	$(Q)APART_WORLDS=200 $(PYTHON) tests/captures/apart.py \
		$(BUILD)/tests/detect/trace

$(BUILD)/tests/bench/table: $(BUILD)/tests/bench/table.o $(BUILD)/libmailwall.a
	$(call say,LD $@)
	$(Q)$(CC) $(MY_CFLAGS) -o $@ $^ $(MY_LIBS)

$(BUILD)/tests/bench/rows: $(BUILD)/tests/bench/rows.o $(TESTED)
	$(call say,LD $@)
	$(Q)$(CC) $(MY_CFLAGS) -o $@ $^ $(STORE_LIBS)

# All rows; ROWS names some, and BENCH_FLAGS may be --quick or --runs N.
bench: $(PROGRAMS) $(BUILD)/tests/bench/table $(BUILD)/tests/bench/rows
	$(Q)$(PYTHON) tests/bench/bench.py $(BENCH_FLAGS) --build $(BUILD) \
		$(PROGRAM) $(ROWS)

# Pictures of the report's page, to be looked at, in build/look.
look: $(PROGRAMS) $(BUILD)/tests/unit/tools/page/test_page
	$(call install_packages,chromium)
	$(Q)mkdir -p $(BUILD)/look
	$(Q)MAILWALL_PAGES=$(BUILD)/look $(BUILD)/tests/unit/tools/page/test_page >/dev/null
	$(Q)for f in $(BUILD)/look/*.html; do \
		case $$f in */many*) continue ;; esac; \
		$(PYTHON) tests/page/look.py $$f $(BUILD)/look || exit 1; done

format:
	clang-format -i $(SOURCES)

# The expected texts of tests/golden, made anew: read the diff.
golden: $(PROGRAM)
	$(Q)$(PYTHON) tests/golden/golden.py --update $(PROGRAM)

# The synopses of the manual, from the rows of the commands.
manual: $(PROGRAM)
	$(Q)$(PYTHON) tests/golden/completion_test.py $(PROGRAM) --update

# ---- install ----
install: $(PROGRAMS) install-plugin
	install -D -m 755 $(PROGRAM) $(DESTDIR)$(SBINDIR)/mailwall
	$(if $(filter 1,$(SMALL)),,install -D -m 755 $(STORE_PROGRAM) \
		$(DESTDIR)$(LIBEXECDIR)/mailwall/mailwall-store)
	install -d $(DESTDIR)$(DATADIR)/policies
	install -m 644 $(POLICIES) $(DESTDIR)$(DATADIR)/policies
	install -d $(DESTDIR)$(DATADIR)/lang
	install -m 644 tools/notice/lang/*.words $(DESTDIR)$(DATADIR)/lang
	for p in $(PAGES); do install -D -m 644 $$p \
		$(DESTDIR)$(MANDIR)/man$${p##*.}/$${p##*/} || exit 1; done
	install -D -m 644 tools/package/completion/mailwall.bash \
		$(DESTDIR)$(COMPLETIONDIR)/mailwall

	install -D -m 644 tools/package/completion/_mailwall \
		$(DESTDIR)$(ZSHDIR)/_mailwall
	install -d $(DESTDIR)$(UNITDIR) $(DESTDIR)$(DATADIR)/examples
	for u in $(SYSTEMD_UNITS); do \
		sed 's,/usr/local/sbin,$(SBINDIR),' tools/package/systemd/$$u \
		>$(DESTDIR)$(UNITDIR)/$$u || exit 1; done
	install -D -m 644 tools/package/systemd/mailwall.sysusers \
		$(DESTDIR)$(SYSUSERSDIR)/mailwall.conf
	install -m 644 tools/package/systemd/mailwall-watch.conf \
		tools/package/nftables/mailwall.nft $(DESTDIR)$(DATADIR)/examples

install-plugin: $(PLUGIN)
	install -D -m 644 $(PLUGIN) $(DESTDIR)$(LIBDIR)/$(notdir $(PLUGIN))
	ln -sf $(notdir $(PLUGIN)) $(DESTDIR)$(LIBDIR)/$(SONAME)
	ln -sf $(SONAME) $(DESTDIR)$(LIBDIR)/mailwall.so
	install -D -m 644 plugin/mailwall.h $(DESTDIR)$(INCLUDEDIR)/mailwall.h
	install -d $(DESTDIR)$(PKGCONFIGDIR)
	sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@LIBDIR@|$(LIBDIR)|' \
		-e 's|@INCLUDEDIR@|$(INCLUDEDIR)|' -e 's|@VERSION@|$(VERSION)|' \
		-e 's|@SONAME@|$(SONAME)|' \
		plugin/mailwall.pc.in > $(DESTDIR)$(PKGCONFIGDIR)/mailwall.pc
	install -D -m 644 docs/mailwall-plugin.3 \
		$(DESTDIR)$(MANDIR)/man3/mailwall-plugin.3

# Apart from install: it needs collectd-dev.
install-collectd: $(COLLECTD_PLUGIN)
	install -D -m 644 $(COLLECTD_PLUGIN) \
		$(DESTDIR)$(COLLECTDDIR)/mailwall.so
	install -d $(DESTDIR)$(COLLECTDDATADIR)
	install -m 644 tools/collectd/types.db tools/collectd/mailwall.conf \
		$(DESTDIR)$(COLLECTDDATADIR)
	install -D -m 644 docs/collectd-mailwall.5 \
		$(DESTDIR)$(MANDIR)/man5/collectd-mailwall.5

uninstall:
	rm -f $(DESTDIR)$(COLLECTDDIR)/mailwall.so \
		$(DESTDIR)$(MANDIR)/man5/collectd-mailwall.5
	rm -rf $(DESTDIR)$(COLLECTDDATADIR)
	rm -f $(DESTDIR)$(LIBDIR)/$(notdir $(PLUGIN)) \
		$(DESTDIR)$(LIBDIR)/$(SONAME) $(DESTDIR)$(LIBDIR)/mailwall.so \
		$(DESTDIR)$(INCLUDEDIR)/mailwall.h \
		$(DESTDIR)$(PKGCONFIGDIR)/mailwall.pc \
		$(DESTDIR)$(MANDIR)/man3/mailwall-plugin.3
	for p in $(PAGES); do \
		rm -f $(DESTDIR)$(MANDIR)/man$${p##*.}/$${p##*/} || exit 1; done
	rm -f $(DESTDIR)$(SBINDIR)/mailwall \
		$(DESTDIR)$(COMPLETIONDIR)/mailwall \
		$(DESTDIR)$(ZSHDIR)/_mailwall \
		$(addprefix $(DESTDIR)$(UNITDIR)/,$(SYSTEMD_UNITS)) \
		$(DESTDIR)$(SYSUSERSDIR)/mailwall.conf
	rm -rf $(DESTDIR)$(DATADIR) $(DESTDIR)$(LIBEXECDIR)/mailwall

# ---- packages of Debian, source ----
DEB_PACKAGES = $(BUILD_PACKAGES) libcmocka-dev python3 debhelper devscripts \
               fakeroot lintian

deb-packages:
	$(call install_packages,$(DEB_PACKAGES))

# Into build-deb/; DEB_FLAGS may be -b, or --no-lintian.
deb: deb-packages
	$(Q)tools/package/debian/build.sh $(DEB_FLAGS)

# In a minimal system of debootstrap's; as root.
deb-check: deb
	$(call install_packages,debootstrap)
	$(Q)$(PYTHON) tools/package/debian/chroot-test.py build-deb

# What is committed, as build-dist/mailwall-VERSION.tar.gz.
DIST = build-dist/mailwall-$(VERSION)
dist:
	$(Q)mkdir -p build-dist
	$(Q)git archive --prefix=mailwall-$(VERSION)/ HEAD | \
		gzip -9n >$(DIST).tar.gz

# The tarball builds and passes its tests.
dist-check: dist check-packages
	$(Q)rm -rf $(DIST) && tar -C build-dist -xzf $(DIST).tar.gz
	$(Q)$(MAKE) --no-print-directory -C $(DIST) check

clean:
	rm -rf build build-* mailwall mailwall-store

.PHONY: all house rooms special demo test check asan clang lint fuzz fuzz-run bench bench-detect look \
	format golden manual \
	install-plugin install uninstall clean demo-packages check-packages lint-packages \
	kernels bench-packages host-packages collectd-packages collectd install-collectd \
	hosts deb deb-packages deb-check dist \
	dist-check

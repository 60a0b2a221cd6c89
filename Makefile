# mailwall: make, make check, make install. Read from top to bottom.

VERSION = 0.1

# ---- what may be overridden ----
PREFIX      ?= /usr/local
SBINDIR     ?= $(PREFIX)/sbin
MANDIR      ?= $(PREFIX)/share/man
DATADIR     ?= $(PREFIX)/share/mailwall
CFLAGS      ?= -O2 -g
PKG_CONFIG  ?= pkg-config
BUILD       ?= build

# ---- flags ----
LIBRARIES = libnftnl libmnl jansson nettle
WARNINGS  = -Wall -Wextra -Wshadow -Wpointer-arith -Wstrict-prototypes \
            -Wmissing-prototypes -Wformat=2 -Wvla -Wundef
MY_CFLAGS = -std=c11 -D_GNU_SOURCE -fno-strict-aliasing -fPIC $(WARNINGS) \
            -DVERSION='"$(VERSION)"' \
            $(shell $(PKG_CONFIG) --cflags $(LIBRARIES)) $(CFLAGS)
MY_LIBS   = $(shell $(PKG_CONFIG) --libs $(LIBRARIES)) $(LDFLAGS)

ifneq ($(V),1)
Q = @
say = @echo "  $(1)"
endif

# ---- files ----
RULES_SRC = $(wildcard rules/*.c)
TOOLS_SRC = $(wildcard tools/*.c)
RULES_OBJ = $(RULES_SRC:%.c=$(BUILD)/%.o)
TOOLS_OBJ = $(TOOLS_SRC:%.c=$(BUILD)/%.o)
OBJ       = $(RULES_OBJ) $(TOOLS_OBJ)

# ---- build ----
all: mailwall

mailwall: $(TOOLS_OBJ) $(BUILD)/libmailwall.a
	$(call say,LD $@)
	$(Q)$(CC) $(MY_CFLAGS) -o $@ $^ $(MY_LIBS)

$(BUILD)/libmailwall.a: $(RULES_OBJ)
	$(call say,AR $@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(BUILD)/%.o: %.c
	$(call say,CC $<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(MY_CFLAGS) -MMD -MP -c -o $@ $<

-include $(OBJ:.o=.d)

clean:
	rm -rf build build-* mailwall

.PHONY: all clean

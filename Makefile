# Candour. `make help` lists what can be asked for. Out-of-tree: everything made is in build/VARIANT.
#   V=release (default)   asan: address and undefined behaviour sanitizers   coverage   fuzz (clang)
SHELL := /bin/bash
.SHELLFLAGS := -o pipefail -c
.DELETE_ON_ERROR:
.SECONDARY:
MAKEFLAGS += --no-builtin-rules

V ?= release
PREFIX ?= /usr/local
DESTDIR ?=
VECTORS ?= ../shared/vectors
DEMO_DIR ?= $(CURDIR)/build/demo
PORT_BASE ?= 8080
O := build/$(V)
Q := $(if $(VERBOSE),,@)
SAY = $(if $(VERBOSE),,@echo "  $(1)")
JOBS := -j$(shell nproc)

FOLDERS := base forms collector sync kiosk aggregator indicators admin
PROGRAMS := candour candour-kiosk candour-sync candour-aggregator candour-indicators

# --- what compiles how -------------------------------------------------------------------------
WARN := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition \
	-Wpointer-arith -Wcast-qual -Wwrite-strings -Wformat=2 -Wundef -Wvla -Wimplicit-fallthrough \
	-Wno-format-nonliteral
XML2 := -I/usr/include/libxml2
PQ := -I/usr/include/postgresql
CPPFLAGS += -D_GNU_SOURCE -D_FORTIFY_SOURCE=2 -I. -I$(O)/gen $(XML2) $(PQ)
CFLAGS_release := -O2 -g -fstack-protector-strong -fPIE
CFLAGS_asan := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -U_FORTIFY_SOURCE -DCANDOUR_ASAN=1
CFLAGS_coverage := -O0 -g --coverage -U_FORTIFY_SOURCE
CFLAGS_fuzz := -O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -U_FORTIFY_SOURCE
LDFLAGS_release := -pie -Wl,-z,relro,-z,now
LDFLAGS_asan := -fsanitize=address,undefined
LDFLAGS_coverage := --coverage
LDFLAGS_fuzz := -fsanitize=address,undefined
ifeq ($(V),fuzz)
CC := clang
endif
ifeq ($(origin CC),default)
CC := gcc
endif
CFLAGS += -std=c17 $(WARN) -fno-strict-aliasing $(CFLAGS_$(V))
LDFLAGS += $(LDFLAGS_$(V))
LIBS := -lmicrohttpd -lgnutls -lmbedtls -lmbedx509 -lmbedcrypto -lsqlite3 -lpq -lxml2 -lzip -ljansson \
	-lpcre2-8 -lxlsxwriter -lqrencode -lsodium -lsndfile -lm -lpthread

# --- what there is -----------------------------------------------------------------------------
srcs = $(filter-out %/main.c,$(wildcard $(1)/*.c)) $(patsubst %,$(O)/gen/%.c,$(wildcard $(1)/templates/*.html)) \
	$(if $(call embeds,$(1)),$(O)/gen/$(1)/embed.c)
embeds = $(sort $(wildcard $(1)/sql/*.sql) $(wildcard $(1)/static/*) $(wildcard $(1)/words/*.txt))
objs = $(patsubst %.c,$(O)/%.o,$(subst $(O)/,,$(call srcs,$(1))))
MAIN_candour := admin
MAIN_candour-kiosk := kiosk
MAIN_candour-sync := sync
MAIN_candour-aggregator := aggregator
MAIN_candour-indicators := indicators
BINS := $(foreach p,$(PROGRAMS),$(if $(wildcard $(MAIN_$(p))/main.c),$(O)/$(p)))
ALIBS := $(foreach f,admin indicators aggregator kiosk sync collector forms base,$(if $(call srcs,$(f)),$(O)/lib$(f).a))

TEST_C := $(wildcard tests/*/test_*.c)
TEST_BINS := $(patsubst %.c,$(O)/%,$(TEST_C))
RUNNERS := $(patsubst tests/%.c,$(O)/tests/%,$(wildcard tests/*/vectors-*.c tests/*/bench_*.c tests/*/tool_*.c))
FUZZERS := $(patsubst %.c,$(O)/%,$(wildcard tests/fuzz/fuzz_*.c))

# --- the usual ---------------------------------------------------------------------------------
.PHONY: all
all: $(BINS) ## build the programs (V=asan for sanitizers)
	@for p in $(notdir $(BINS)); do ln -sfn $(V)/$$p build/$$p; done

$(O)/tools/%: tools/%.c
	@mkdir -p $(@D)
	$(Q)gcc -std=c17 -D_GNU_SOURCE -O1 -Wall -Wextra -o $@ $<

$(O)/%.o: %.c | $(O)/gen/stamp
	@mkdir -p $(@D)
	$(call SAY,CC $<)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

$(O)/gen/%.o: $(O)/gen/%.c | $(O)/gen/stamp
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

# Generated: templates, embedded files and their headers; all headers are there before anything compiles.
$(O)/gen/%.html.c: %.html $(O)/tools/tmplc
	@mkdir -p $(@D)
	$(Q)$(O)/tools/tmplc $< $@

define folder_gen
GEN_H += $(O)/gen/$(1)/embed.h $(if $(wildcard $(1)/templates/*.html),$(O)/gen/$(1)/templates.h)
$(O)/gen/$(1)/templates.h: $(wildcard $(1)/templates/*.html) $(O)/tools/tmplc
	@mkdir -p $$(@D)
	$(Q)$(O)/tools/tmplc -h $(1) $$(filter %.html,$$^) > $$@
$(O)/gen/$(1)/embed.h:
	@mkdir -p $$(@D)
	@printf '#include "base/embed.h"\nextern const struct embed_file embed_$(1)[];\n' > $$@
$(O)/gen/$(1)/embed.c: $(call embeds,$(1)) $(O)/tools/embed $(O)/gen/$(1)/embed.h
	@mkdir -p $$(@D)
	$(Q)$(O)/tools/embed $(1) $$@ $$(filter $(1)/%,$$^)
$(O)/lib$(1).a: $(call objs,$(1))
	@rm -f $$@
	@ar crs $$@ $$^
endef
$(foreach f,$(FOLDERS),$(eval $(call folder_gen,$(f))))

$(O)/gen/stamp: $(GEN_H)
	@touch $@

define program
$(O)/$(1): $(O)/$(MAIN_$(1))/main.o $(ALIBS)
	$$(call SAY,LD $$@)
	$$(Q)$$(CC) $$(CFLAGS) $$(LDFLAGS) -o $$@ $$< -Wl,--start-group $(ALIBS) -Wl,--end-group $$(LIBS)
endef
$(foreach p,$(PROGRAMS),$(eval $(call program,$(p))))

# tests/torture.c stands in front of the allocator and of the calls that write files in our own code (not in the libraries').
WRAP := -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=strdup,--wrap=open,--wrap=mkostemp,--wrap=write,--wrap=fsync,--wrap=fchmod,--wrap=rename,--wrap=link,--wrap=unlink,--wrap=close
# Fuzz targets get libFuzzer under V=fuzz, else a small driver of our own (a slice for make test).
FUZZ_MAIN := $(if $(filter fuzz,$(V)),-fsanitize=fuzzer,$(O)/tests/fuzz/driver.o)
$(FUZZERS): $(if $(filter fuzz,$(V)),,$(O)/tests/fuzz/driver.o)
$(O)/tests/%: $(O)/tests/%.o $(O)/tests/torture.o $(ALIBS)
	$(call SAY,LD $@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $(if $(findstring /fuzz_,$@),$(FUZZ_MAIN)) $(WRAP) -o $@ $< $(O)/tests/torture.o \
	    -Wl,--start-group $(ALIBS) -Wl,--end-group -lcheck -lsubunit -lrt $(LIBS)

-include $(shell find $(O) -name '*.d' 2>/dev/null)

.PHONY: tests
tests: $(TEST_BINS) $(RUNNERS) $(if $(filter asan fuzz,$(V)),$(FUZZERS))

# Runners are asked for as build/tests/NAME.
.PHONY: runners
runners: $(RUNNERS)
	@mkdir -p build/tests
	@for r in $(RUNNERS); do ln -sfn ../../$$r build/tests/$$(basename $$r); done

.PHONY: clean
clean: ## remove everything that was made
	rm -rf build

.PHONY: help
help: ## this list
	@cat Makefile $(wildcard tests/*/*.mk) | grep -hE '^[a-z][a-z0-9-]*:.*## ' | sed -E 's/:.*## /\t/' | sort | expand -t 22

.PHONY: install
install: all ## install under DESTDIR and PREFIX
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/candour/forms $(DESTDIR)$(PREFIX)/share/candour/indicators \
	    $(DESTDIR)$(PREFIX)/share/candour/chromium $(DESTDIR)$(PREFIX)/lib/systemd/system
	install -m 755 $(BINS) $(DESTDIR)$(PREFIX)/bin
	install -d $(DESTDIR)$(PREFIX)/share/man/man1 $(DESTDIR)$(PREFIX)/share/man/man8
	for p in $(notdir $(wildcard docs/man/*)); do tools/man.sh $(O) $$p > $(DESTDIR)$(PREFIX)/share/man/man$${p##*.}/$$p || exit 1; done
	install -m 644 forms/library/* $(DESTDIR)$(PREFIX)/share/candour/forms
	install -m 644 indicators/library/* $(DESTDIR)$(PREFIX)/share/candour/indicators
	install -m 644 deploy/chromium/* $(DESTDIR)$(PREFIX)/share/candour/chromium
	install -d $(DESTDIR)$(PREFIX)/share/candour/lan $(DESTDIR)$(PREFIX)/lib/sysusers.d $(DESTDIR)$(PREFIX)/lib/tmpfiles.d
	install -m 644 deploy/lan/* $(DESTDIR)$(PREFIX)/share/candour/lan
	install -m 644 deploy/sysusers/candour.conf $(DESTDIR)$(PREFIX)/lib/sysusers.d
	install -m 644 deploy/tmpfiles/candour.conf $(DESTDIR)$(PREFIX)/lib/tmpfiles.d
	install -d $(DESTDIR)$(PREFIX)/share/candour/screen
	install -m 755 deploy/screen/browser $(DESTDIR)$(PREFIX)/share/candour/screen
	sed 's#/usr/local/#$(PREFIX)/#' deploy/screen/weston.ini > $(DESTDIR)$(PREFIX)/share/candour/screen/weston.ini
	for u in deploy/systemd/*; do sed 's#/usr/local/#$(PREFIX)/#' $$u > $(DESTDIR)$(PREFIX)/lib/systemd/system/$$(basename $$u); done

.PHONY: coverage
coverage: deps-test ## line coverage of the C tests, by folder
	@$(MAKE) --no-print-directory $(JOBS) V=coverage tests
	@tools/coverage.sh

# --- packages ----------------------------------------------------------------------------------
.PHONY: deps deps-test
deps: ## install what building and running needs (Debian packages; asks for nothing)
	@tools/deps.sh deploy/apt-packages.txt
deps-test: deps ## also what only tests need
	@tools/deps.sh deploy/apt-packages-test.txt

# --- checks and tests --------------------------------------------------------------------------
.PHONY: check
check: ## layers, words that should not be there
	@tools/layers.sh
	@tools/style.sh

.PHONY: test
test: deps-test ## everything a newcomer should see green
	@$(MAKE) --no-print-directory $(JOBS) all
	@$(MAKE) --no-print-directory $(JOBS) V=asan all tests
	@$(MAKE) --no-print-directory check
	@tools/run-tests.sh asan

FUZZ_SECONDS ?= 600
.PHONY: fuzz
fuzz: deps-test ## each fuzz target for FUZZ_SECONDS (600) under libFuzzer; ONLY=name for one
	@tools/deps.sh deploy/apt-packages-fuzz.txt
	@$(MAKE) --no-print-directory $(JOBS) V=fuzz tests
	@tools/run-fuzz.sh $(FUZZ_SECONDS)

.PHONY: bench
bench: deps-test ## speeds, sizes and memory as ratios to their limit lines, measured in this run
	@$(MAKE) --no-print-directory $(JOBS) all tests
	@tools/run-bench.sh release

.PHONY: run
run: deps ## the whole product on this machine, with a made-up site; Ctrl-C stops it
	@$(MAKE) --no-print-directory $(JOBS) all
	@exec tools/demo.sh "$(DEMO_DIR)" "$(PORT_BASE)"

# Targets of the parts: tests/FOLDER/*.mk
include $(wildcard tests/*/*.mk)

# The targets that people need; `make help` lists them.

PREFIX = /usr
DESTDIR =
CARGO = cargo
# Whoever publishes a package puts their own name and address here: 'NAME <ADDRESS>'. The one in Cargo.toml reaches nobody.
MAINTAINER =

hooks = $(DESTDIR)/etc/libvirt/hooks/qemu.d
config = $(DESTDIR)/etc/virt-quobyte
mounts = $(DESTDIR)/var/lib/virt-quobyte/mnt
# Manual pages, completions and the like: installed from hooks/usr as they lie there.
extras = $(shell cd hooks/usr && find * -type f)
# These name what is below PREFIX.
units = $(filter lib/systemd/system/%,$(extras))

# The hook is linked statically where there is a C library for that: of a short start, half is the dynamic linker's. Empty, or
# without one (libc.a, on some distributions a package of its own, glibc-static), it is linked like any other program.
STATIC = $(wildcard $(shell cc -print-file-name=libc.a))

# How long `make fuzz` takes for each target, in seconds.
TIME = 600

.PHONY: help build prepare demo test corpus nova fuzz lab soak revive-rounds bench tables install uninstall deb rpm

help:
	@echo 'make build                    build the hook and the admin command'
	@echo 'make demo                     boot a host and show the main job step by step (root)'
	@echo 'make test                     run every check and test (root for all of them)'
	@echo 'make corpus                   read all of libvirt'\''s own test documents of domains, once fetched'
	@echo 'make nova                     hold disk-xml --nova against Nova itself, which is fetched (400 MB)'
	@echo 'make fuzz TIME=600            look for inputs that break a reader, for so many seconds each'
	@echo 'make lab                      boot a host and open a shell in it (root)'
	@echo 'make soak TIME=3600           chaos on two hosts for so many seconds, SEED= throws the same dice (root)'
	@echo '  LAB_SUITE=trixie            ... in these and in test: on hosts of that release'
	@echo '  LAB_DAEMON=virtqemud        ... and with the daemon for QEMU alone instead of libvirtd'
	@echo 'make revive-rounds ROUNDS=100 kill clients under guests, revive these and count what they lost; SEED= as for soak (root)'
	@echo 'make bench                    measure the hook beside what it is to be compared with (root)'
	@echo 'make tables                   publish what it measured last, and what the tests and the soak have counted: in the README'
	@echo 'make install DESTDIR= PREFIX= install what was built'
	@echo 'make uninstall                take it away again'
	@echo 'make deb MAINTAINER=          build a package for Debian and Ubuntu'
	@echo 'make rpm                      build a package for Fedora, RHEL and SUSE'

build: prepare
	$(CARGO) build --release --locked --bin virt-quobyte
	$(CARGO) rustc --release --locked --bin virt-quobyte-hook -- $(if $(STATIC),-C target-feature=+crt-static)
	@$(if $(STATIC),:,echo 'make build: there is no libc.a here, so the hook is linked dynamically, and starts a little later')

# Rust is looked for, never installed; distribution packages are installed where that can be done.
prepare:
	@tests/prepare build

demo: build
	@tests/prepare lab
	$(CARGO) build --release --locked --package standin --package lab
	target/release/lab demo

test:
	@tests/prepare build corpus lab deb rpm fuzz
	@tests/run-tiers

corpus:
	@tests/prepare corpus
	@tests/run-tiers corpus

nova:
	@tests/diskxml/with-nova

fuzz:
	@tests/prepare fuzz
	@tests/fuzz/run $(TIME)

lab: build
	@tests/prepare lab
	$(CARGO) build --release --locked --package standin --package lab
	target/release/lab shell

# An hour by default. SEED= chooses as an earlier run did, as far as its guests come along at the same moments.
soak: TIME = 3600
soak: SHELL = /bin/bash
soak: .SHELLFLAGS = -o pipefail -c
soak: build
	@tests/prepare lab deb
	$(CARGO) build --release --locked --package standin --package lab
	@rm -f target/soak.log
	target/release/lab soak $(TIME) $(SEED) | tee -i target/soak.running
	@mv target/soak.running target/soak.log

# Half an hour by default. SEED= throws the same dice.
revive-rounds: ROUNDS = 100
revive-rounds: build
	@tests/prepare lab
	$(CARGO) build --release --locked --package standin --package lab
	target/release/lab rounds $(ROUNDS) $(SEED)

bench: build
	@tests/prepare bench
	-@tests/corpus/fetch
	-@tests/diskxml/fetch-nova
	$(CARGO) build --release --locked --package standin --package bench
	target/release/bench

# What was measured on a machine with other work is not for others to read.
tables:
	$(CARGO) build --release --locked --package bench
	@! test -e target/bench.json || mv target/bench.json tests/bench/results.json
	target/release/bench tables
	$(CARGO) run --quiet --locked --package proof -- tables

install:
	@test -x target/release/virt-quobyte-hook && test -x target/release/virt-quobyte || \
	    { echo 'make install: nothing is built yet; run make build first' >&2; exit 1; }
	install -D -m 0755 target/release/virt-quobyte-hook $(DESTDIR)$(PREFIX)/sbin/virt-quobyte-hook
	install -D -m 0755 target/release/virt-quobyte $(DESTDIR)$(PREFIX)/bin/virt-quobyte
	install -d -m 0755 $(hooks) $(config) $(config)/config.d $(mounts)
	for file in $(extras); do install -D -m 0644 hooks/usr/$$file $(DESTDIR)$(PREFIX)/$$file || exit; done
	sed -i 's|=/usr/bin/|=$(PREFIX)/bin/|; s|file:/usr/share/|file:$(PREFIX)/share/|' $(addprefix $(DESTDIR)$(PREFIX)/,$(units))
	install -m 0644 hooks/etc/virt-quobyte/config.d/README $(config)/config.d/README
	ln -sfn $(PREFIX)/sbin/virt-quobyte-hook $(hooks)/virt-quobyte
	test -e $(config)/config.toml || \
	    install -m 0644 hooks/etc/virt-quobyte/config.toml $(config)/config.toml
	@test -n '$(DESTDIR)' || echo 'Now let libvirt see the hook: systemctl reload libvirtd (or virtqemud)'

# What the administrator wrote stays, and so does what guests still use.
uninstall:
	@! ls $(DESTDIR)/run/virt-quobyte/*.json >/dev/null 2>&1 || \
	    { echo 'make uninstall: shares are still in use; see virt-quobyte status' >&2; exit 1; }
	@test -n '$(DESTDIR)' || ! test -d /run/systemd/system || systemctl disable --now $(notdir $(units)) 2>/dev/null || :
	rm -f $(hooks)/virt-quobyte $(DESTDIR)$(PREFIX)/sbin/virt-quobyte-hook $(DESTDIR)$(PREFIX)/bin/virt-quobyte
	rm -f $(addprefix $(DESTDIR)$(PREFIX)/,$(extras)) $(config)/config.d/README
	! cmp -s hooks/etc/virt-quobyte/config.toml $(config)/config.toml || rm $(config)/config.toml
	-rmdir $(DESTDIR)$(PREFIX)/share/doc/virt-quobyte $(config)/config.d $(config) 2>/dev/null
	-chattr -i $(mounts)/* 2>/dev/null
	-rmdir $(mounts)/* $(mounts) $(dir $(mounts)) 2>/dev/null
	rm -rf $(DESTDIR)/run/virt-quobyte

deb: build
	@tests/prepare deb
	$(CARGO) deb --no-build --no-strip $(if $(MAINTAINER),--maintainer '$(MAINTAINER)') --output target/virt-quobyte.deb

rpm: build
	@tests/prepare rpm
	$(CARGO) generate-rpm --output target/virt-quobyte.rpm

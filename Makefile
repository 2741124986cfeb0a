# The targets that people need; `make help` lists them.

PREFIX = /usr
DESTDIR =
CARGO = cargo

hooks = $(DESTDIR)/etc/libvirt/hooks/qemu.d
config = $(DESTDIR)/etc/virt-quobyte
mounts = $(DESTDIR)/var/lib/virt-quobyte/mnt

# How long `make fuzz` takes for each target, in seconds.
TIME = 600

.PHONY: help build prepare demo test fuzz lab bench install uninstall

help:
	@echo 'make build                    build the hook and the admin command'
	@echo 'make demo                     boot a host and show the main job step by step (root)'
	@echo 'make test                     run every check and test (root for all of them)'
	@echo 'make fuzz TIME=600            look for inputs that break a reader, for so many seconds each'
	@echo 'make lab                      boot a host and open a shell in it (root)'
	@echo 'make bench                    measure the hook beside what it is to be compared with (root)'
	@echo 'make install DESTDIR= PREFIX= install what was built'
	@echo 'make uninstall                take it away again'

build: prepare
	$(CARGO) build --release --locked

# Rust is looked for, never installed; distribution packages are installed where that can be done.
prepare:
	@tests/prepare build

demo: build
	@tests/prepare lab
	$(CARGO) build --release --locked --package standin --package lab
	target/release/lab demo

test:
	@tests/prepare build lab fuzz
	@tests/run-tiers

fuzz:
	@tests/prepare fuzz
	@tests/fuzz/run $(TIME)

lab: build
	@tests/prepare lab
	$(CARGO) build --release --locked --package standin --package lab
	target/release/lab shell

bench: build
	@tests/prepare bench
	$(CARGO) build --release --locked --package standin --package bench
	target/release/bench

install:
	@test -x target/release/virt-quobyte-hook && test -x target/release/virt-quobyte || \
	    { echo 'make install: nothing is built yet; run make build first' >&2; exit 1; }
	install -D -m 0755 target/release/virt-quobyte-hook $(DESTDIR)$(PREFIX)/sbin/virt-quobyte-hook
	install -D -m 0755 target/release/virt-quobyte $(DESTDIR)$(PREFIX)/bin/virt-quobyte
	install -d -m 0755 $(hooks) $(config) $(config)/config.d $(mounts)
	ln -sfn $(PREFIX)/sbin/virt-quobyte-hook $(hooks)/virt-quobyte
	test -e $(config)/config.toml || \
	    install -m 0644 hooks/etc/virt-quobyte/config.toml $(config)/config.toml
	@test -n '$(DESTDIR)' || echo 'Now let libvirt see the hook: systemctl reload libvirtd (or virtqemud)'

# What the administrator wrote stays, and so does what guests still use.
uninstall:
	@! ls $(DESTDIR)/run/virt-quobyte/*.json >/dev/null 2>&1 || \
	    { echo 'make uninstall: shares are still in use; see virt-quobyte status' >&2; exit 1; }
	rm -f $(hooks)/virt-quobyte $(DESTDIR)$(PREFIX)/sbin/virt-quobyte-hook $(DESTDIR)$(PREFIX)/bin/virt-quobyte
	! cmp -s hooks/etc/virt-quobyte/config.toml $(config)/config.toml || rm $(config)/config.toml
	-rmdir $(config)/config.d $(config) 2>/dev/null
	-chattr -i $(mounts)/* 2>/dev/null
	-rmdir $(mounts)/* $(mounts) $(dir $(mounts)) 2>/dev/null
	rm -rf $(DESTDIR)/run/virt-quobyte

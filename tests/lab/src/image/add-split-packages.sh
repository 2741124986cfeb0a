#!/bin/sh
# Installs into the root tree $1 what is a package of its own in newer distributions and part of another one in older ones.
# Run by mmdebstrap once the tree is complete.
set -eu
export APT_CONFIG="$MMDEBSTRAP_APT_CONFIG"
wanted=
for package in libvirt-daemon-lock libvirt-daemon-plugin-lockd; do
    [ -z "$(apt-cache search --names-only "^$package\$")" ] || wanted="$wanted $package"
done
# shellcheck disable=SC2086 # a list of words
[ -z "$wanted" ] || apt-get install --yes --no-install-recommends -o DPkg::Chroot-Directory="$1" $wanted

#!/bin/sh
# Downloads the guests' kernel package, and the package with its modules where that is another one, into $LAB_DEBS.
# Run by mmdebstrap once the root tree is complete; the tree's path is $1 and not needed: apt is told of it by APT_CONFIG.
set -eu
export APT_CONFIG="$MMDEBSTRAP_APT_CONFIG"
cd "$LAB_DEBS"

dependency() { # of package $1, whose name begins with $2
    apt-cache depends "$1" 2>/dev/null | sed -n "s/^ *Depends: *\($2[0-9][^ ]*\)\$/\1/p" | head -n 1
}

# The small kernels for virtual machines first: Debian's, then Ubuntu's, then whatever there is.
for meta in linux-image-cloud-amd64 linux-image-kvm linux-image-virtual linux-image-generic linux-image-amd64; do
    kernel=$(dependency "$meta" linux-image-)
    if [ -n "$kernel" ]; then
        # shellcheck disable=SC2046 # no package, or one word
        apt-get download "$kernel" $(dependency "$kernel" linux-modules-)
        exit 0
    fi
done
echo "no kernel package for the guests in this archive" >&2
exit 1

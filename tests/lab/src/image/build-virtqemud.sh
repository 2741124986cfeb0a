#!/bin/sh
# Builds the daemons that Debian and Ubuntu leave out of their libvirt packages, virtqemud and virtproxyd, in the tree $1, and puts
# them with their units and settings into the tree $LAB_ROOT, whose libvirtd they replace. Run by mmdebstrap.
#
# Only the daemons' own sources are compiled, as the package's build would: the library and the QEMU driver are the package's.
set -eu
root=$LAB_ROOT
cd "$1/root"
# What apt has verified is enough to unpack; not every mirror has the small files beside it.
APT_CONFIG="$MMDEBSTRAP_APT_CONFIG" apt-get source --download-only libvirt || ls libvirt_*.orig.tar.xz libvirt_*.debian.tar.xz
chroot "$1" sh -eux <<'IN_TREE'
cd /root
mkdir libvirt
tar -x --strip-components=1 -C libvirt -f libvirt_*.orig.tar.xz
tar -x -C libvirt -f libvirt_*.debian.tar.xz
cd libvirt
sed '/^#/d' debian/patches/series | while read -r patch; do patch --quiet -p1 <"debian/patches/$patch"; done
# The JSON parser that this version knows.
json=$(grep -o "^option('\(json_c\|yajl\)'" meson_options.txt | head -n 1 | tr -d "'(" | sed 's/^option//')
meson setup build --auto-features=disabled --prefix=/usr --sysconfdir=/etc --localstatedir=/var \
    --libexecdir=/usr/lib/libvirt -Dsystem=true -Drunstatedir=/run -Dinit_script=systemd -Ddocs=disabled -Dtests=disabled \
    -Ddriver_remote=enabled -Ddriver_libvirtd=enabled -Ddriver_qemu=enabled -D"$json"=enabled \
    -Dqemu_user=libvirt-qemu -Dqemu_group=libvirt-qemu
admin=src/admin/libvirt_admin_driver.a
# A daemon's objects do not all say which of these they need: without them it is a matter of luck whether they compile.
headers=$(ninja -C build -t targets all | sed -n 's,^\([^:]*\.h\): CUSTOM_COMMAND.*,\1,p')
# shellcheck disable=SC2086 # a list of words
ninja -C build $headers
for daemon in virtqemud virtproxyd; do
    objects=$(ninja -C build -t targets all | sed -n "s,^\(src/$daemon\.p/[^:]*\.o\):.*,\1,p")
    # shellcheck disable=SC2086 # a list of words
    ninja -C build $objects $admin
    # shellcheck disable=SC2046,SC2086 # lists of words
    (cd build && cc -o $daemon $objects $admin -l:libvirt.so.0 -l:libvirt-qemu.so.0 -l:libvirt-lxc.so.0 \
        $(pkg-config --libs glib-2.0 gobject-2.0 gio-2.0 libxml-2.0 gnutls libtirpc))
done
IN_TREE
build=$1/root/libvirt/build
install -m 0755 "$build/virtqemud" "$build/virtproxyd" "$root/usr/sbin"
install -m 0644 "$build/src/virtqemud.conf" "$build/src/virtproxyd.conf" "$root/etc/libvirt"
install -m 0644 "$build"/src/virtqemud*.service "$build"/src/virtqemud*.socket \
    "$build"/src/virtproxyd*.service "$build"/src/virtproxyd*.socket "$root/usr/lib/systemd/system"
# Debian's library asks for libvirtd's socket unless it is told otherwise, and looks for no other one.
printf 'remote_mode = "direct"\nuri_default = "qemu:///system"\n' >>"$root/etc/libvirt/libvirt.conf"
chroot "$root" systemctl disable libvirtd.service libvirtd.socket libvirtd-ro.socket libvirtd-admin.socket
chroot "$root" systemctl enable virtqemud.service

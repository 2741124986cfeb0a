# Links the hook into libvirt's directory of hooks; nothing is restarted or reloaded.
if command -v systemd-tmpfiles >/dev/null; then
    systemd-tmpfiles --create virt-quobyte.conf || :
fi
virt-quobyte install || echo 'virt-quobyte: libvirt does not run the hook yet; see virt-quobyte-hook(8)' >&2

# Links the hook into libvirt's directory of hooks. No daemon of libvirt's is restarted or reloaded. The service that watches is
# neither enabled nor started; one that runs goes on with the new program.
if command -v systemd-tmpfiles >/dev/null; then
    systemd-tmpfiles --create virt-quobyte.conf || :
fi
virt-quobyte install || echo 'virt-quobyte: libvirt does not run the hook yet; see virt-quobyte-hook(8)' >&2
if [ -d /run/systemd/system ]; then
    systemctl daemon-reload || :
    systemctl try-restart virt-quobyte-watch.service || :
fi

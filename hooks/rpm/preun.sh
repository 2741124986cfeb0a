# The last removal, not an upgrade, ends here while guests run on shares: without the hook nobody would unmount them.
if [ "$1" = 0 ]; then
    virt-quobyte uninstall || exit 1
    # Where a script of the administrator's calls the hook there is no link, and the same holds.
    for record in /run/virt-quobyte/*.json; do
        if [ -e "$record" ]; then
            echo 'virt-quobyte: not removed: shares are in use; virt-quobyte status shows who holds them' >&2
            exit 1
        fi
    done
    if [ -d /run/systemd/system ]; then
        systemctl disable --now virt-quobyte-watch.service 2>/dev/null || :
    fi
    if [ -f /etc/libvirt/hooks/qemu ] && grep -q virt-quobyte-hook /etc/libvirt/hooks/qemu; then
        echo 'virt-quobyte: /etc/libvirt/hooks/qemu calls the hook: take that out, or no guest starts any more' >&2
    fi
fi

# Takes away what the hook made: its locks, and the bare mount points. What is mounted is left alone.
if [ "$1" = 0 ]; then
    base=/var/lib/virt-quobyte/mnt
    for point in "$base"/*; do
        # By the mount table, because a look at a mount could block.
        if ! cut -d ' ' -f 5 /proc/self/mountinfo | grep -qxF -e "$point"; then
            chattr -i "$point" 2>/dev/null || :
            rmdir "$point" 2>/dev/null || :
        fi
    done
    rmdir "$base" "${base%/*}" 2>/dev/null || :
    # Directories are in no list of files; the configuration's stays if something of the administrator's is in it.
    rmdir /usr/share/doc/virt-quobyte /usr/share/licenses/virt-quobyte /etc/virt-quobyte/config.d /etc/virt-quobyte 2>/dev/null || :
    set -- /run/virt-quobyte/*.json
    [ -e "$1" ] || rm -rf /run/virt-quobyte
fi

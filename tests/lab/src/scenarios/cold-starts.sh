#!/bin/bash
# Mounts a share in three ways, in turn: by the hook, whose client gets a scope; by systemd-run, with the client alone in one; by the
# client alone. Prints a line a round: the microseconds of each, and of the hook's release.
#
# cold-starts ROUNDS SHARE EXPORT MOUNT-POINT DOMAIN-XML
set -euo pipefail
rounds=$1 share=$2 export=$3 point=$4 xml=$5
client=(mount.quobyte --disable-xattrs "$export" "$point")
# As libvirt calls it.
hook=(/usr/sbin/virt-quobyte-hook "$share")

# timed COMMAND...: leaves the microseconds in $took.
timed() {
    local begun=${EPOCHREALTIME/./}
    "$@"
    took=$((${EPOCHREALTIME/./} - begun))
}

# Waits for the client whose mount has gone, and for its scope: either would be in the way of the next.
ended() {
    while pgrep -x mount.quobyte >/dev/null || [ -e "$scope" ]; do sleep 0.01; done
}

for round in $(seq "$rounds"); do
    timed "${hook[@]}" prepare begin - <"$xml"
    prepare=$took
    scope=$(echo /sys/fs/cgroup/system.slice/virt-quobyte-"$share"-*.scope)
    [ -e "$scope" ] || { echo "the client is in no scope" >&2; exit 1; }
    timed "${hook[@]}" release end - <"$xml"
    release=$took
    ended

    scope=/sys/fs/cgroup/system.slice/lab-cold-$round.scope
    timed systemd-run --scope --collect --quiet --unit="lab-cold-$round" -- "${client[@]}"
    scoped=$took
    umount "$point"
    ended

    timed "${client[@]}"
    alone=$took
    umount "$point"
    ended
    echo "$prepare $scoped $alone $release"
done

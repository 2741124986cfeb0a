#!/bin/busybox sh
# Process 1 of a lab's guest. Writes numbered blocks to every disk and says on the console what is safely there: a block is reported
# only after the disk has flushed it, unless vq.flush_every says otherwise. On the kernel's command line:
#   vq.blocks=N           how many blocks on each disk; it idles afterwards
#   vq.pause=SECONDS      between two blocks
#   vq.step=N             only every Nth block of a disk is written, so that each may need something new of its image
#   vq.flush_every=N      a block is reported once it is written, and after every N of them, for itself, up to where all is flushed
#   vq.buses=all          there are disks on other buses than virtio's,
#   vq.disks=N            and so many of them in all, which come one after the other
#   vq.watch=1            disks that come and go meanwhile are found and said
#   vq.poweroff_after=N   the guest powers itself off once N blocks are written
#   vq.panic_after=N      its kernel panics then
/bin/busybox mkdir -p /proc /sys /dev
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev

say() { echo "guest: $*" >/dev/console; }

load() {
    while read -r module; do
        insmod "/modules/$module" || say "cannot load $module"
    done <"/modules/$1"
}
load order

blocks=0 pause=0 step=1 flush_every=0 wanted=0 watch=0 poweroff_after=-1 panic_after=-1
for word in $(cat /proc/cmdline); do
    case $word in
        vq.blocks=*) blocks=${word#*=} ;;
        vq.pause=*) pause=${word#*=} ;;
        vq.step=*) step=${word#*=} ;;
        vq.flush_every=*) flush_every=${word#*=} ;;
        vq.buses=all) load other-buses ;;
        vq.disks=*) wanted=${word#*=} ;;
        vq.watch=*) watch=${word#*=} ;;
        vq.poweroff_after=*) poweroff_after=${word#*=} ;;
        vq.panic_after=*) panic_after=${word#*=} ;;
    esac
done

# The power button is what `virsh shutdown` presses.
for name in /sys/class/input/event*/device/name; do
    [ "$(cat "$name")" = "Power Button" ] || continue
    event=${name#/sys/class/input/}
    {
        dd if="/dev/input/${event%%/*}" of=/dev/null bs=24 count=1 2>/dev/null
        say "power button"
        poweroff -f
    } &
done

# Tells one boot's blocks from another's.
boot=$(cat /proc/sys/kernel/random/boot_id)
found() { (cd /sys/class/block && ls -d vd? sd? 2>/dev/null | tr '\n' ' '); }
# Disks on other buses are found some time after their driver has been loaded.
while [ "$(found | wc -w)" -lt "$wanted" ]; do sleep 0.1; done

# The kernel names those in the order in which they answer, and the domain by where they are.
by_place() {
    # shellcheck disable=SC2046 # a list of words
    set -- $(found)
    for place in $(for name; do readlink -f "/sys/class/block/$name"; done | sort); do
        # shellcheck disable=SC2046 # the two numbers of a device
        mknod "/dev/by-place-$1" b $(tr : ' ' <"$place/dev")
        shift
    done
    for node in /dev/by-place-*; do mv "$node" "/dev/${node#/dev/by-place-}"; done
}
[ "$wanted" = 0 ] || by_place
disks=$(found)
disks=${disks% }
say "up, disks: $disks"

# How a block is written, and what it then is.
how=fsync,notrunc is=ok
[ "$flush_every" = 0 ] || how=notrunc is=written

# Block $2 of disk $1: a line of 128 bytes that says what it is, then noise.
write_block() {
    [ -b "/dev/$1" ] || return
    dd if=/dev/urandom of=/noise bs=3968 count=1 2>/dev/null
    printf '%-127s\n' "vq-block $1 $2 $boot" >/block
    cat /noise >>/block
    sum=$(md5sum </block)
    if dd if=/block of="/dev/$1" bs=4096 seek="$2" count=1 oflag=direct conv="$how" 2>/error; then
        say "$1 block $2 $is ${sum%% *}"
    else
        say "$1 block $2 failed: $(tail -n 1 /error)"
    fi
}

# Has disk $1 flush all that was written on it, the last of it block $2.
flush() {
    [ -b "/dev/$1" ] || return
    if dd if=/dev/null of="/dev/$1" conv=fsync,notrunc 2>/error; then
        say "$1 flushed $2"
    else
        say "$1 flush failed: $(tail -n 1 /error)"
    fi
}

block=0
while [ "$block" -lt "$blocks" ]; do
    if [ "$watch" = 1 ]; then
        now=$(found)
        for disk in $now; do
            # A write that meets a disk's end leaves a file of its name, where no node can come for the next disk.
            [ -b "/dev/$disk" ] || {
                rm -f "/dev/$disk"
                mknod "/dev/$disk" b $(tr : ' ' <"/sys/class/block/$disk/dev")
            }
            case " $disks " in *" $disk "*) ;; *) say "plugged $disk" ;; esac
        done
        disks=$now
    fi
    for disk in $disks; do
        write_block "$disk" $((block * step))
    done
    if [ "$flush_every" != 0 ] && [ $(((block + 1) % flush_every)) -eq 0 ]; then
        for disk in $disks; do
            flush "$disk" $((block * step))
        done
    fi
    block=$((block + 1))
    if [ "$block" -eq "$poweroff_after" ]; then
        say "powering off"
        poweroff -f
    fi
    if [ "$block" -eq "$panic_after" ]; then
        say "panicking"
        echo c >/proc/sysrq-trigger
    fi
    [ "$pause" = 0 ] || sleep "$pause"
done
say "done"
while :; do sleep 3600; done

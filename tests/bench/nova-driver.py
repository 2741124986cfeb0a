"""OpenStack Nova's own Quobyte driver, in a process that stays, as in nova-compute.

nova-driver.py MOUNT-BASE EXPORT. Each line on the standard input is `connect` or `disconnect`; each answer is how many nanoseconds
the driver took for it, and whether the volume is mounted then. Nothing of Nova is replaced: without systemd its driver runs the
client and umount itself, past oslo.privsep's daemon.
"""

import logging
import os
import sys
import time
import warnings

warnings.simplefilter("ignore")

import nova.conf
from nova.virt.libvirt.volume import quobyte

logging.disable(logging.CRITICAL)


def main():
    base, export = sys.argv[1:]
    nova.conf.CONF.set_override("quobyte_mount_point_base", base, "libvirt")
    driver = quobyte.LibvirtQuobyteVolumeDriver(None)
    connection = {"data": {"export": export, "name": "volume-1"}}
    path = driver._get_mount_path(connection)
    print(path, flush=True)
    for line in sys.stdin:
        work = {"connect": driver.connect_volume, "disconnect": driver.disconnect_volume}[line.strip()]
        begun = time.perf_counter_ns()
        work(connection, None)
        took = time.perf_counter_ns() - begun
        print(took, "mounted" if os.path.ismount(path) else "not mounted", flush=True)


main()

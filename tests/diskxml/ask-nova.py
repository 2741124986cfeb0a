"""Asks OpenStack Nova's own Quobyte volume driver for the element of each attachment.

Reads one attachment a line, as JSON, and answers each with a line of JSON: {"xml": ...} or {"error": ...}, and whether the
schema that is given takes the attachment: {"schema": true}. Nothing of Nova is replaced but its connection to libvirt, which
the driver asks for one thing: whether there is a secret for the volume.
"""

import json
import logging
import os
import sys
import warnings

warnings.simplefilter("ignore")
sys.stderr = open(os.devnull, "w")

import jsonschema
import nova.conf
from nova.virt.libvirt.volume import quobyte

sys.stderr = sys.__stderr__
logging.disable(logging.CRITICAL)


class Secret:
    def __init__(self, uuid):
        self.uuid = uuid

    def UUIDString(self):
        return self.uuid


class Host:
    """What Nova knows of libvirt."""

    def __init__(self, uuid):
        self.uuid = uuid

    def find_secret(self, usage_type, usage_id):
        return Secret(self.uuid) if self.uuid else None


def ask(attachment):
    driver = quobyte.LibvirtQuobyteVolumeDriver(Host(attachment.get("secret_uuid")))
    conf = driver.get_config(attachment["connection_info"], attachment["disk_info"])
    return conf.to_xml()


def main():
    nova.conf.CONF.set_override("quobyte_mount_point_base", "/var/lib/nova/mnt", "libvirt")
    with open(sys.argv[1]) as file:
        schema = jsonschema.Draft7Validator(json.load(file))
    for line in sys.stdin:
        attachment = json.loads(line)
        try:
            answer = {"xml": ask(attachment)}
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        answer["schema"] = schema.is_valid(attachment)
        print(json.dumps(answer))


main()

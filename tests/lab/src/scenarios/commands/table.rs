//! What is typed, on a healthy host and on every kind of fault, and what it has to come to.

use anyhow::{Result, ensure};

use super::stage::{Record, SETTINGS, Stage};
use crate::host::Ended;
use crate::leases::STATE;
use crate::scenarios::faults::CLIENT;
use crate::scenarios::recover::{libvirtd_down, libvirtd_up};
use crate::share;

/// What may go wrong, and what the commands make of it that differs from a healthy host.
pub(super) struct Fault {
    pub(super) name: &'static str,
    /// Before each command: what a command has put right is wrong again for the next.
    pub(super) happens: fn(&Stage) -> Result<()>,
    /// What an operator does about it in the end.
    pub(super) ends: fn(&Stage, &Record) -> Result<()>,
    pub(super) rows: &'static [Row],
}

/// A command's words, its exit status, and parts of what it says.
pub(super) type Row = (&'static str, i32, &'static [&'static str]);

pub(super) const NEEDS: &str = "needs /run/commands.xml";

pub(super) const PLUG: &str = "attach commands --share commands --image more.img --target vdc";
pub(super) const UNPLUG: &str = "detach commands vdb";
pub(super) const PLUG_AGAIN: &str =
    "attach commands --share commands --image data.img --target vdb";

/// It takes seconds and has mounts of its own, so it is tried where a fault is something to those.
pub(super) const SELFTEST: &str = "selftest commands";

const GARBAGE: &str = "garbage";
const HIDDEN: &str = "/root/mount.quobyte";

/// On a healthy host, in an order in which each finds it as the last one left it.
pub(super) const HEALTHY: [Row; 12] = [
    ("status", 0, &["commands managed healthy"]),
    ("recover", 0, &["stays mounted: still held by domain commands", "nothing to do"]),
    (NEEDS, 0, &["needs commands"]),
    ("config check", 0, &["the configuration is usable"]),
    ("doctor", 0, &["good configuration", "good client ", "good hook seen by libvirt"]),
    (SELFTEST, 0, &["A1 "]),
    ("install", 0, &["unchanged"]),
    ("uninstall", 1, &["nothing was removed: share commands is held by domain commands"]),
    ("mount commands", 0, &["virt-quobyte umount commands"]),
    ("umount commands", 1, &["commands stays mounted: still held by domain commands"]),
    (PLUG, 0, &["commands has ", "more.img as vdc until it ends, and holds commands"]),
    (UNPLUG, 0, &["commands has no vdb any more"]),
];

const BROKEN: &[&str] = &["config.toml:", "there is no key", "did you mean share?"];
const OPEN: &[&str] = &["the state directory", "has mode 0755; it must be 0700"];

/// The first one is for a disk that the guest was started with: one that was plugged in is not revived.
pub(super) const FAULTS: [Fault; 9] = [
    Fault {
        name: "a client that is dead",
        happens: |stage| {
            stage.kill_clients()?;
            stage.guest.wait_for_state("paused")
        },
        // Nothing comes of another name.
        ends: |stage, _| {
            let revive = "virt-quobyte recover --revive commands";
            let other = stage.typed_at_a_terminal(revive, "others\n")?;
            ensure!(other.ended == Ended::Exit(1), "{other}");
            ensure!(other.stdout_text().contains("nothing was done"), "{other}");
            stage.typed_at_a_terminal(revive, "commands\n")?.done()
        },
        rows: &[
            ("status", 1, &["is a dead mount", "virt-quobyte recover --revive commands"]),
            ("recover", 1, &["is a dead mount", "virt-quobyte recover --revive commands"]),
            ("mount commands", 1, &["is still in use by qemu-system"]),
            (PLUG, 1, &["is still in use by qemu-system"]),
            (UNPLUG, 1, &["it is paused", "virt-quobyte recover --revive commands"]),
        ],
    },
    Fault { name: "none", happens: |_| Ok(()), ends: |_, _| Ok(()), rows: &[] },
    Fault {
        name: "a client that hangs",
        happens: |stage| share::client(stage.host, "answers = \"hang\"\n"),
        ends: |stage, _| share::client(stage.host, "answers = \"normal\"\n"),
        rows: &[
            ("status", 1, &["is a hung mount"]),
            ("recover", 1, &["is a hung mount", "virt-quobyte recover --abort commands"]),
            (SELFTEST, 1, &["is a hung mount"]),
            ("mount commands", 1, &["is a hung mount", "see to the client and its registries"]),
            (PLUG, 1, &["is a hung mount", "see to the client and its registries"]),
            (UNPLUG, 1, &["is a hung mount", "virt-quobyte recover --abort commands"]),
        ],
    },
    Fault {
        name: "a client that fails",
        happens: |stage| {
            share::client(stage.host, "answers = \"eio\"\n")?;
            stage.guest.wait_for_state("paused")
        },
        ends: |stage, _| {
            share::client(stage.host, "answers = \"normal\"\n")?;
            stage.guest.does("resume", &[])
        },
        rows: &[
            ("status", 1, &["is a failing mount", "Input/output error"]),
            ("recover", 1, &["is a failing mount", "see to the client and its registries"]),
            (SELFTEST, 1, &["is a failing mount"]),
            ("mount commands", 1, &["is a failing mount", "see to the client and its registries"]),
            (PLUG, 1, &["is a failing mount", "see to the client and its registries"]),
            (UNPLUG, 1, &["it is paused", "is a failing mount", "virsh resume commands"]),
        ],
    },
    Fault {
        name: "something else on the mount point",
        happens: |stage| {
            if stage.host.mountinfo()?.contains("lab-foreign") {
                return Ok(());
            }
            let words = ["-t", "tmpfs", "lab-foreign", &stage.share.mount_point()];
            stage.host.command("mount").args(words).done()
        },
        ends: |stage, _| stage.host.command("umount").arg(stage.share.mount_point()).done(),
        rows: &[
            ("status", 1, &["something else mounted: type tmpfs"]),
            ("recover", 1, &["something else mounted: type tmpfs", "see who mounted that"]),
            ("mount commands", 1, &["something else mounted: type tmpfs", "unmount that"]),
            (PLUG, 1, &["something else mounted: type tmpfs", "unmount that"]),
        ],
    },
    Fault {
        name: "a mount that is gone",
        happens: |stage| {
            while !stage.share.mounts()?.is_empty() {
                let words = ["--lazy", &stage.share.mount_point()];
                stage.host.command("umount").args(words).done()?;
            }
            Ok(())
        },
        ends: |_, _| Ok(()),
        rows: &[
            ("status", 1, &["nothing mounted", "virt-quobyte recover --revive commands"]),
            ("recover", 1, &["forget a mount that is gone", "recover --revive commands"]),
        ],
    },
    Fault {
        name: "garbage for a record",
        happens: |stage| stage.host.write(stage.record()?, GARBAGE),
        ends: |stage, well| stage.remember(well),
        rows: &[
            ("status", 1, &["it is not a share's record"]),
            ("recover", 1, &["it is not a share's record"]),
            ("uninstall", 1, &["nothing was removed", "it is not a share's record"]),
            ("umount commands", 1, &["commands stays mounted: not mounted by us"]),
            (
                UNPLUG,
                3,
                &["commands has let go of vdb, but not of its share", "not a share's record"],
            ),
        ],
    },
    Fault {
        name: "a state directory that others may look into",
        happens: |stage| stage.host.command("chmod").args(["0755", STATE]).done(),
        ends: |stage, _| stage.host.command("chmod").args(["0700", STATE]).done(),
        rows: &[
            ("status", 3, OPEN),
            ("recover", 3, OPEN),
            ("doctor", 1, &["BAD state directory"]),
            (SELFTEST, 3, OPEN),
            ("uninstall", 3, OPEN),
            ("mount commands", 3, OPEN),
            ("umount commands", 3, OPEN),
            (PLUG, 3, OPEN),
            (UNPLUG, 3, OPEN),
        ],
    },
    Fault {
        name: "a configuration that is broken",
        happens: |stage| stage.host.write(share::CONFIG, "[[shre]]\n"),
        ends: |stage, _| share::configure(stage.host, SETTINGS, &[&stage.share]),
        rows: &[
            ("status", 3, BROKEN),
            ("recover", 3, BROKEN),
            (NEEDS, 3, BROKEN),
            ("config check", 1, BROKEN),
            ("doctor", 1, &["BAD configuration", "-> virt-quobyte config check"]),
            (SELFTEST, 3, BROKEN),
            ("uninstall", 3, BROKEN),
            ("mount commands", 3, BROKEN),
            ("umount commands", 3, BROKEN),
            (PLUG, 3, BROKEN),
            (UNPLUG, 3, BROKEN),
        ],
    },
];

/// Faults that are nothing to a mount that is there: only what they are something to is tried.
pub(super) const BESIDE: [Fault; 2] = [
    Fault {
        name: "no client program",
        happens: |stage| stage.moved(CLIENT, HIDDEN),
        ends: |stage, _| stage.moved(HIDDEN, CLIENT),
        rows: &[
            ("status", 0, &["commands managed healthy"]),
            ("doctor", 1, &["BAD client ", "install the Quobyte client"]),
            (SELFTEST, 3, &["mount.quobyte is not in"]),
        ],
    },
    Fault {
        name: "no libvirtd",
        happens: |stage| libvirtd_down(stage.host),
        ends: |stage, _| libvirtd_up(stage.host),
        rows: &[
            ("status", 0, &["commands managed healthy"]),
            ("recover", 0, &["still held by domain commands", "judged without libvirt"]),
            ("doctor", 1, &["BAD libvirt daemon", "-> systemctl start "]),
            (UNPLUG, 3, &["cannot connect to qemu:///system", "virt-quobyte doctor"]),
        ],
    },
];

//! A guest's domain XML, from two templates that are files: `domain.xml` and `disk.xml`.

use std::fmt::Write as _;
use std::fs;

use anyhow::{Context as _, Result};

use super::initramfs::{INITRAMFS, KERNEL};
use crate::share::VOLUMES;

const DOMAIN: &str = include_str!("domain.xml");
const DISK: &str = include_str!("disk.xml");

/// Whether the host's page cache stands between the guest and its image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cache {
    /// As guests on a share are to run.
    None,
    /// For images on the host's own tmpfs, which older kernels cannot open for direct I/O.
    Writeback,
}

/// What a disk hangs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Bus {
    Virtio,
    Scsi,
    Ide,
}

/// A guest that is not defined yet.
#[derive(Debug, Clone)]
pub(crate) struct Spec {
    name: String,
    pub(super) uuid: String,
    disks: Vec<(String, &'static str, Cache)>,
    bus: Bus,
    metadata: String,
    cmdline: String,
    pub(super) console: String,
    console_keeps: Console,
    on_crash: OnCrash,
    emulator: Option<String>,
}

/// What libvirt does with a guest that has panicked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OnCrash {
    Destroy,
    Preserve,
    Restart,
}

/// What becomes of what a guest said before QEMU opened its console.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Console {
    OfOneRun,
    OfAllRuns,
}

impl Spec {
    pub(crate) fn named(name: &str) -> Result<Self> {
        let uuid = fs::read_to_string("/proc/sys/kernel/random/uuid").context("a random UUID")?;
        Ok(Self {
            name: name.to_owned(),
            uuid: uuid.trim().to_owned(),
            disks: Vec::new(),
            bus: Bus::Virtio,
            metadata: String::new(),
            cmdline: String::new(),
            console: format!("/var/log/libvirt/qemu/{name}.console"),
            console_keeps: Console::OfOneRun,
            on_crash: OnCrash::Destroy,
            emulator: None,
        })
    }

    /// Adds a raw disk: the first is vda.
    pub(crate) fn disk(mut self, path: &str, cache: Cache) -> Self {
        self.disks.push((path.to_owned(), "raw", cache));
        self
    }

    /// Adds a qcow2 disk.
    pub(crate) fn qcow2(mut self, path: &str, cache: Cache) -> Self {
        self.disks.push((path.to_owned(), "qcow2", cache));
        self
    }

    /// Has its disks hang on another bus than virtio's.
    pub(crate) fn on(mut self, bus: Bus) -> Self {
        self.bus = bus;
        self
    }

    /// XML that goes into `<metadata>` as it is.
    pub(crate) fn metadata(mut self, xml: &str) -> Self {
        xml.clone_into(&mut self.metadata);
        self
    }

    /// How many blocks it writes on each disk, and the pause after each.
    pub(crate) fn writes(self, blocks: u32, pause: &str) -> Self {
        self.parameter(&format!("vq.blocks={blocks} vq.pause={pause}"))
    }

    /// Has it say of each block that it is written, and of what is flushed that it is, after every so many blocks. Only every so
    /// manieth block of its disks is written.
    pub(crate) fn flushes_every(self, blocks: u32, step: u32) -> Self {
        self.parameter(&format!("vq.flush_every={blocks} vq.step={step}"))
    }

    /// Has it power itself off once it has written so many blocks.
    pub(crate) fn powers_off_after(self, blocks: u32) -> Self {
        self.parameter(&format!("vq.poweroff_after={blocks}"))
    }

    /// Has it panic once it has written so many blocks, which its device tells libvirt.
    pub(crate) fn panics_after(mut self, blocks: u32, then: OnCrash) -> Self {
        self.on_crash = then;
        self.parameter(&format!("vq.panic_after={blocks}"))
    }

    /// Has its kernel panic at an interrupt that nobody asked for, as `virsh inject-nmi` sends one.
    pub(crate) fn panics_at_nmi(mut self, then: OnCrash) -> Self {
        self.on_crash = then;
        self.parameter("unknown_nmi_panic")
    }

    /// Has another program be its QEMU.
    pub(crate) fn emulator(mut self, path: &str) -> Self {
        self.emulator = Some(path.to_owned());
        self
    }

    /// Has it look for disks that come, and write on them too.
    pub(crate) fn watches_for_disks(self) -> Self {
        self.parameter("vq.watch=1")
    }

    /// Has its system not hear of what the machine asks of it: to let go of a disk, for one.
    pub(crate) fn deaf(self) -> Self {
        self.parameter("acpi=off")
    }

    fn parameter(mut self, word: &str) -> Self {
        self.cmdline.push(' ');
        self.cmdline.push_str(word);
        self
    }

    /// The names of its disks, as the guest knows them.
    pub(crate) fn disk_names(&self) -> Vec<String> {
        self.names(match self.bus {
            Bus::Virtio => "vd",
            Bus::Scsi | Bus::Ide => "sd",
        })
    }

    fn names(&self, prefix: &str) -> Vec<String> {
        self.disks.iter().zip('a'..).map(|(_, letter)| format!("{prefix}{letter}")).collect()
    }

    /// Its disks by the names that the guest knows, each with the file that it is.
    pub(crate) fn images(&self) -> impl Iterator<Item = (String, &str)> {
        self.disk_names().into_iter().zip(self.disks.iter().map(|(path, ..)| path.as_str()))
    }

    /// Has its console's output go to another file of the host.
    pub(crate) fn console_at(mut self, path: &str) -> Self {
        path.clone_into(&mut self.console);
        self
    }

    /// Has its console's output go where every host finds it, and stay there when it moves or comes again.
    pub(crate) fn console_for_all_hosts(mut self) -> Self {
        self.console = format!("{VOLUMES}/{}.console", self.name);
        self.console_keeps = Console::OfAllRuns;
        self
    }

    /// As it is once libvirt has renamed it: its console stays where it was.
    pub(super) fn called(mut self, name: &str) -> Self {
        name.clone_into(&mut self.name);
        self
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn xml(&self) -> String {
        let (bus, prefix) = match self.bus {
            Bus::Virtio => ("virtio", "vd"),
            Bus::Scsi => ("scsi", "sd"),
            Bus::Ide => ("ide", "hd"),
        };
        let disks =
            self.disks.iter().zip(self.names(prefix)).map(|((path, format, cache), target)| {
                let cache = match cache {
                    Cache::None => "none",
                    Cache::Writeback => "writeback",
                };
                filled(
                    DISK,
                    &[
                        ("format", format),
                        ("cache", cache),
                        ("file", &escaped(path)),
                        ("target", &target),
                        ("bus", bus),
                    ],
                )
            });
        let mut disks: String = disks.collect();
        if self.bus == Bus::Scsi {
            // libvirt's own choice for this machine is one that the guest's kernel has no driver for.
            disks.push_str("<controller type='scsi' model='virtio-scsi'/>");
        }
        let mut cmdline = format!("console=ttyS0 quiet loglevel=1 panic=-1{}", self.cmdline);
        if self.bus != Bus::Virtio {
            write!(cmdline, " vq.buses=all vq.disks={}", self.disks.len())
                .expect("a string takes all");
        }
        let append = match self.console_keeps {
            Console::OfOneRun => "off",
            Console::OfAllRuns => "on",
        };
        let on_crash = match self.on_crash {
            OnCrash::Destroy => "destroy",
            OnCrash::Preserve => "preserve",
            OnCrash::Restart => "restart",
        };
        let emulator =
            self.emulator.as_ref().map(|path| format!("<emulator>{}</emulator>", escaped(path)));
        let values = [
            ("name", escaped(&self.name)),
            ("uuid", self.uuid.clone()),
            ("metadata", self.metadata.clone()),
            ("kernel", KERNEL.to_owned()),
            ("initrd", INITRAMFS.to_owned()),
            ("cmdline", escaped(&cmdline)),
            ("disks", disks.trim_end().to_owned()),
            ("console", escaped(&self.console)),
            ("append", append.to_owned()),
            ("on_crash", on_crash.to_owned()),
            ("emulator", emulator.unwrap_or_default()),
        ];
        filled(DOMAIN, &values.each_ref().map(|(key, value)| (*key, value.as_str())))
    }
}

/// Replaces each `{{key}}` once over; what a value holds is not looked at again.
fn filled(template: &str, values: &[(&str, &str)]) -> String {
    let mut pieces = template.split("{{");
    let mut text = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (key, rest) = piece.split_once("}}").expect("a template closes its braces");
        let (_, value) =
            values.iter().find(|(known, _)| *known == key).expect("a template names known keys");
        text.push_str(value);
        text.push_str(rest);
    }
    text
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('\'', "&apos;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::{Cache, Spec};

    #[test]
    fn a_value_stays_a_value_in_the_xml() {
        let spec = Spec::named("a&b {{uuid}}").expect("a UUID").disk("/d/it's <x>", Cache::None);
        let xml = spec.xml();
        assert!(xml.contains("<name>a&amp;b {{uuid}}</name>"), "{xml}");
        assert!(xml.contains("<source file='/d/it&apos;s &lt;x>'/>"), "{xml}");
    }

    #[test]
    fn disks_are_named_in_order() {
        let spec = Spec::named("two")
            .expect("a UUID")
            .disk("/one", Cache::None)
            .disk("/two", Cache::Writeback);
        let xml = spec.xml();
        let targets: Vec<_> =
            ["file='/one'", "dev='vda'", "cache='writeback'", "file='/two'", "dev='vdb'"]
                .map(|word| xml.find(word))
                .into();
        assert!(targets.iter().all(Option::is_some) && targets.is_sorted(), "{xml}");
    }
}
